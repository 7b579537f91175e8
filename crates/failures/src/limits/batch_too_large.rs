//! A batch holds more requests than it may.

use crate::{Failure, Violation};
use propus_wire::status::Status;

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
