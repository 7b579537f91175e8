//! A batch holds more requests than it may.

use crate::entry::{Entry, Guide, Retry, certain, likely};
use crate::{Failure, Violation};
use propus_wire::status::Status;

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "batch-too-large",
    page: include_str!("batch_too_large.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("requests can be in one batch"),
        likely("at most 100 requests"),
        likely("batch ** at most"),
        likely("batch size ** exceed"),
    ],
};

/// A batch holds more requests than it may.
///
/// Source of the wording: seen in public error reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchTooLarge {
    /// How many there are.
    pub requests: usize,
    /// How many there may be.
    pub limit: usize,
}

impl Failure for BatchTooLarge {
    fn name(&self) -> &'static str {
        "batch-too-large"
    }

    fn status(&self) -> Status {
        Violation::status(&self.violations())
    }

    fn violations(&self) -> Vec<Violation> {
        let rule = format!("at most {} requests can be in one batch", self.limit);
        vec![Violation::new("BatchEmbedContentsRequest.requests", rule)]
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            requests: 101,
            limit: 100,
        }]
    }
}
