//! There is no capacity left at the moment.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// There is no capacity left at the moment.
///
/// Source: Google's troubleshooting guide (503); the wording of 2026, seen in public error reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overloaded503 {
    /// What happened, for the log; never with a key in it.
    pub cause: Option<String>,
}

impl Failure for Overloaded503 {
    fn name(&self) -> &'static str {
        "overloaded-503"
    }

    fn status(&self) -> Status {
        let message = "This model is currently experiencing high demand. Spikes in demand \
            are usually temporary. Please try again later.";
        Status::new(Code::Unavailable, message)
    }

    fn log(&self) -> Option<String> {
        self.cause.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self { cause: None }]
    }
}
