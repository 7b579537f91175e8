//! The key may only be used from some web pages.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "key-restricted-referer",
    page: include_str!("key_restricted_referer.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("requests from referer"),
        certain("httpreferrerblocked"),
        certain("apikeyhttpreferrerblocked"),
        likely("referer ** blocked"),
        likely("referrer ** blocked"),
    ],
};
