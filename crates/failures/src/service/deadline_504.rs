//! The work was not done when the deadline came.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// The work was not done when the deadline came.
///
/// Source: Google's troubleshooting guide (504); wording seen in public error reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deadline504 {
    /// What happened, for the log; never with a key in it.
    pub cause: Option<String>,
}

impl Failure for Deadline504 {
    fn name(&self) -> &'static str {
        "deadline-504"
    }

    fn status(&self) -> Status {
        let message = "Deadline expired before operation could complete.";
        Status::new(Code::DeadlineExceeded, message)
    }

    fn log(&self) -> Option<String> {
        self.cause.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self { cause: None }]
    }
}
