//! The key may only be used from some addresses.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "key-restricted-ip",
    page: include_str!("key_restricted_ip.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        likely("violates * ip"),
        certain("ip address restriction"),
        certain("apikeyipaddressblocked"),
        likely("originating ip address"),
        likely("ip address ** violates"),
    ],
};
