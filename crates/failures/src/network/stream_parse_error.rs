//! The client could not read the stream.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "stream-parse-error",
    page: include_str!("stream_parse_error.md"),
    guide: Some(Guide::ClientSdk),
    retry: Retry::Backoff,
    over: &[],
    signs: &[
        certain("incomplete json segment"),
        likely("stream parsing error"),
        likely("invalid stream chunk"),
        likely("unknownapiresponseerror"),
        likely("failed to parse stream"),
        likely("failed to parse * chunk"),
        likely("done is not valid json"),
        likely("done ** is not valid json"),
        likely("jsondecodeerror"),
        likely("failed to parse response as json"),
        likely("unexpected end of json input"),
        possible("is not valid json"),
        possible("unexpected token"),
        likely("error parsing json response"),
        likely("failed to parse ** stream"),
        likely("unexpected end of json"),
        likely("expected ** json ** stream"),
    ],
};
