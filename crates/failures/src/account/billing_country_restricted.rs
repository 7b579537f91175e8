//! The billing account's country may not use the API.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "billing-country-restricted",
    page: include_str!("billing_country_restricted.md"),
    guide: Some(Guide::PermissionDenied),
    retry: Retry::Never,
    over: &["permission-denied-generic"],
    signs: &[
        certain("restricted from your billing country"),
        likely("billing country"),
    ],
};
