//! Too many input tokens within a day.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-tokens-per-day",
    page: include_str!("quota_tokens_per_day.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Day,
    over: &[
        "quota-per-day",
        "quota-tokens-per-minute",
        "quota-unspecified",
    ],
    signs: &[
        certain("~tokenspermodelperday~"),
        certain("~tokensperday~"),
        likely("tokens per day"),
    ],
};
