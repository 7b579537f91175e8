//! The stream ended before the answer did.

use crate::entry::{Entry, Guide, Retry, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "stream-truncated",
    page: include_str!("stream_truncated.md"),
    guide: Some(Guide::ClientSdk),
    retry: Retry::Backoff,
    over: &[],
    signs: &[
        likely("stream ended without a finish reason"),
        likely("stream ended without finishreason"),
        likely("stream ended without * finishreason"),
        likely("without a finishreason"),
        likely("without finishreason"),
        likely("missing finishreason"),
        likely("stream ended unexpectedly"),
        likely("stream ended prematurely"),
        likely("premature close"),
        likely("err stream premature close"),
        likely("premature end"),
        likely("typeerror terminated"),
        likely("incomplete chunked read"),
        likely("stream ** truncated"),
        likely("unexpected eof"),
        likely("response ended prematurely"),
        likely("payload is not completed"),
        likely("transferencodingerror"),
        likely("transfer length header"),
        likely("chunkedencodingerror"),
        likely("connection broken incompleteread"),
    ],
};
