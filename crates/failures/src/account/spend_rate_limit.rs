//! Too much was spent in a short time.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "spend-rate-limit",
    page: include_str!("spend_rate_limit.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Delay,
    over: &["quota-unspecified"],
    signs: &[
        certain("spend based rate limit"),
        certain("spending rate has exceeded"),
        likely("spend rate"),
    ],
};
