//! A part of the service did not answer in time.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// A part of the service did not answer in time.
///
/// Source of the wording: seen in public error reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deadline503 {
    /// What happened, for the log; never with a key in it.
    pub cause: Option<String>,
}

impl Failure for Deadline503 {
    fn name(&self) -> &'static str {
        "deadline-503"
    }

    fn status(&self) -> Status {
        let message = "Deadline expired before operation could complete.";
        Status::new(Code::Unavailable, message)
    }

    fn log(&self) -> Option<String> {
        self.cause.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self { cause: None }]
    }
}
