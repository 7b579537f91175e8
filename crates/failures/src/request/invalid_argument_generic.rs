//! Something is wrong, and Google does not say what.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// Something is wrong, and Google does not say what.
///
/// Source of the wording: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidArgumentGeneric {
    /// What we know of it, for the log.
    pub cause: Option<String>,
}

impl Failure for InvalidArgumentGeneric {
    fn name(&self) -> &'static str {
        "invalid-argument-generic"
    }

    fn status(&self) -> Status {
        Status::new(
            Code::InvalidArgument,
            "Request contains an invalid argument.",
        )
    }

    fn log(&self) -> Option<String> {
        self.cause.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self { cause: None }]
    }
}
