//! The caller is where the API, or its free tier, is not offered.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "location-unsupported",
    page: include_str!("location_unsupported.md"),
    guide: Some(Guide::FailedPrecondition),
    retry: Retry::Never,
    over: &["invalid-argument-generic", "live-api-close"],
    signs: &[
        certain("user location is not supported"),
        certain("free tier is not available in your country"),
        likely("location is not supported"),
        likely("not available in your country"),
        likely("not available in your region"),
        likely("unsupported location"),
        likely("country region or territory not supported"),
        likely("unsupported country"),
    ],
};
