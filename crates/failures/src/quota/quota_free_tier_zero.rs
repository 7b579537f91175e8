//! The free tier has no quota for this model.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-free-tier-zero",
    page: include_str!("quota_free_tier_zero.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Never,
    over: &[
        "quota-per-minute",
        "quota-tokens-per-minute",
        "quota-per-day",
        "quota-tokens-per-day",
        "quota-unspecified",
    ],
    signs: &[
        likely("limit 0 model"),
        certain("quota exceeded for metric ** limit 0"),
        likely("limit 0 ** freetier"),
        likely("freetier ** limit 0"),
        possible("429 too many requests"),
    ],
};
