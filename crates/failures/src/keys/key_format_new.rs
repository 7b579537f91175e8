//! A client refuses a key whose form it does not know.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "key-format-new",
    page: include_str!("key_format_new.md"),
    guide: Some(Guide::ApiKey),
    retry: Retry::Never,
    over: &["invalid-api-key", "missing-auth"],
    signs: &[
        certain("must start with aiza"),
        certain("should start with aiza"),
        certain("start with aiza"),
        likely("expected ** aiza ** got"),
        likely("aiza ** format ** aq"),
        likely("invalid ** key ** aq"),
        likely("key format ** aq"),
        likely("aiza ** aq"),
        likely("aq ** aiza"),
    ],
};
