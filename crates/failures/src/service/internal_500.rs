//! Something broke on our side.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// Something broke on our side.
///
/// Source: Google's troubleshooting guide (500); wording seen in public error reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Internal500 {
    /// What happened, for the log; never with a key in it.
    pub cause: Option<String>,
}

impl Failure for Internal500 {
    fn name(&self) -> &'static str {
        "internal-500"
    }

    fn status(&self) -> Status {
        let message = "An internal error has occurred. Please retry or report in \
            https://developers.generativeai.google/guide/troubleshooting";
        Status::new(Code::Internal, message)
    }

    fn log(&self) -> Option<String> {
        self.cause.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self { cause: None }]
    }
}
