//! The key may only be used by some apps.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "key-restricted-app",
    page: include_str!("key_restricted_app.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("client application ** are blocked"),
        certain("apikeyandroidappblocked"),
        certain("apikeyiosappblocked"),
        likely("requests from this android client"),
        likely("requests from this ios client"),
        likely("androidpackage"),
        likely("iosbundleid"),
    ],
};
