//! The body is not JSON.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// The body is not JSON.
///
/// Source of the wording: seen in public error reports; the parser of the messages makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct MalformedJson {
    /// What the parser says, details included.
    pub status: Status,
}

impl Failure for MalformedJson {
    fn name(&self) -> &'static str {
        "malformed-json"
    }

    fn status(&self) -> Status {
        self.status.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            status: Status::new(
                Code::InvalidArgument,
                "Invalid JSON payload received. Unexpected token.\n{a\n ^",
            ),
        }]
    }
}
