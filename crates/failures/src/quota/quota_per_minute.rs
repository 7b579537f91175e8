//! Too many requests within a minute.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-per-minute",
    page: include_str!("quota_per_minute.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Delay,
    over: &["quota-unspecified"],
    signs: &[
        certain("~requestsperminute~"),
        likely("requests per minute"),
        likely("rpm ** limit"),
        likely("limit ** rpm"),
        possible("per minute"),
    ],
};
