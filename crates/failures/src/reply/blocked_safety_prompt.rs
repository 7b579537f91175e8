//! The prompt was blocked by a safety setting.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "blocked-safety-prompt",
    page: include_str!("blocked_safety_prompt.md"),
    guide: Some(Guide::Safety),
    retry: Retry::Never,
    over: &[],
    signs: &[
        certain("blockreason safety"),
        certain("blockreason blockreason safety"),
        certain("blockedreason safety"),
        certain("blocked for reason safety"),
        likely("prompt was blocked ** safety"),
        likely("prompt ** blocked ** safety"),
        likely("blocked due to safety ** prompt"),
        possible("response was blocked ** safety"),
        possible("blocked by * safety"),
        certain("blockreason blockedreason safety"),
    ],
};
