//! An error came after the answer had begun.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "stream-error-midway",
    page: include_str!("stream_error_midway.md"),
    guide: Some(Guide::ClientSdk),
    retry: Retry::Backoff,
    over: &["stream-parse-error", "quota-shared-capacity"],
    signs: &[
        certain("chunk error chunk code"),
        likely("error in model response stream"),
        likely("error occurred during streaming"),
        likely("mid stream error"),
    ],
};
