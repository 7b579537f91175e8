//! The shared capacity is exhausted, whatever the quota.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-shared-capacity",
    page: include_str!("quota_shared_capacity.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Backoff,
    over: &["quota-unspecified"],
    signs: &[
        certain("no capacity available"),
        certain("modelcapacityexhausted"),
        likely("resource exhausted please try again later"),
        likely("dynamic shared quota"),
        likely("capacity ** exhausted ** server"),
        likely("docs error code 429"),
    ],
};
