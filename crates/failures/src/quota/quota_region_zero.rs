//! The project's quota for a region is zero.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-region-zero",
    page: include_str!("quota_region_zero.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Never,
    over: &["quota-per-minute", "quota-unspecified"],
    signs: &[
        certain("per minute for a region"),
        certain("~perminuteperprojectperregion"),
        likely("limit ** for a region"),
        likely("quotalimitvalue 0"),
        possible("quotalimitvalue value 0"),
    ],
};
