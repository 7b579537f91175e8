//! The key is of a kind that is no longer accepted.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "legacy-key-rejected",
    page: include_str!("legacy_key_rejected.md"),
    guide: Some(Guide::ApiKey),
    retry: Retry::Never,
    over: &["wrong-auth-scheme"],
    signs: &[
        certain("accesstokentypeunsupported"),
        likely("unrestricted ** keys ** rejected"),
        possible("expected oauth 2 access token"),
    ],
};
