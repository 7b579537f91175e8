//! The language is not supported.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "language-unsupported",
    page: include_str!("language_unsupported.md"),
    guide: Some(Guide::KnownIssues),
    retry: Retry::Never,
    over: &[],
    signs: &[
        certain("finishreason language"),
        certain("finishreason finishreason language"),
        certain("due to language"),
        likely("language is not supported"),
        likely("unsupported language"),
        likely("unsupported response language"),
        possible("finishreason other"),
        likely("generation stopped reason language"),
    ],
};
