//! The answer was stopped because it resembled known texts.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "recitation",
    page: include_str!("recitation.md"),
    guide: Some(Guide::Recitation),
    retry: Retry::Maybe,
    over: &[],
    signs: &[
        certain("finishreason recitation"),
        certain("finishreason finishreason recitation"),
        certain("blocked due to recitation"),
        certain("finishreason 4"),
        likely("due to recitation"),
        likely("recitation"),
        likely("finishreason is 4"),
        likely("generation stopped reason recitation"),
    ],
};
