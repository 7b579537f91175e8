//! The caller went away.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// The caller went away.
///
/// Source: Google's troubleshooting guide of 2026 (499); wording seen in public error reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cancelled499 {
    /// What happened, for the log; never with a key in it.
    pub cause: Option<String>,
}

impl Failure for Cancelled499 {
    fn name(&self) -> &'static str {
        "cancelled-499"
    }

    fn status(&self) -> Status {
        let message = "The operation was cancelled.";
        Status::new(Code::Cancelled, message)
    }

    fn log(&self) -> Option<String> {
        self.cause.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self { cause: None }]
    }
}
