//! Too many requests within a day.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-per-day",
    page: include_str!("quota_per_day.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Day,
    over: &["quota-per-minute", "quota-unspecified"],
    signs: &[
        certain("~requestsperday~"),
        certain("exhausted your capacity on this model"),
        certain("exhausted your daily quota"),
        likely("quota will reset after"),
        likely("requests per day"),
        likely("per day"),
        likely("daily quota"),
        likely("daily limit"),
        likely("daily ** quota"),
        likely("quotaexhausted"),
        likely("rpd ** limit"),
    ],
};
