//! The user's own share of the plan is used up.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-per-user",
    page: include_str!("quota_per_user.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Day,
    over: &["quota-per-day", "quota-unspecified"],
    signs: &[
        certain("individual quota"),
        likely("~perday peruser~"),
        likely("per user quota"),
        likely("administrator to enable overages"),
        certain("per day per user"),
        certain("per user per tier"),
    ],
};
