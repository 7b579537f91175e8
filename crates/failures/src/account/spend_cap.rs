//! The monthly spending cap is reached.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "spend-cap",
    page: include_str!("spend_cap.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Never,
    over: &["quota-unspecified"],
    signs: &[
        certain("exceeded its * spending cap"),
        certain("exceeded its spending cap"),
        likely("spending cap"),
        likely("spend cap"),
    ],
};
