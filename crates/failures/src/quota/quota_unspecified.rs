//! Something is exhausted, and the error does not say what.

use crate::entry::{Entry, Guide, Retry, likely, possible};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-unspecified",
    page: include_str!("quota_unspecified.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Backoff,
    over: &[],
    signs: &[
        likely("resource has been exhausted"),
        likely("quota has been exceeded"),
        likely("exceeded your current quota"),
        likely("quota exceeded"),
        likely("check quota"),
        possible("resourceexhausted"),
        possible("resource exhausted"),
        possible("429 too many requests"),
        possible("too many requests"),
        possible("ratelimitexceeded"),
        possible("rate limit"),
        possible("status 429"),
        possible("code 429"),
        possible("http 429"),
        possible("error 429"),
        possible("429"),
    ],
};
