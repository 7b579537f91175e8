//! The key's project is suspended.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "key-suspended",
    page: include_str!("key_suspended.md"),
    guide: Some(Guide::ApiKey),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("consumersuspended"),
        certain("consumer ** has been suspended"),
        likely("api key ** suspended"),
        likely("key has been suspended"),
        likely("project ** has been suspended"),
    ],
};
