//! The body has a field that exists, but not in this API version.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// The body has a field that exists, but not in this API version.
///
/// Source of the wording: seen in public error reports; the parser of the messages makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiVersionMismatch {
    /// What the parser says, details included.
    pub status: Status,
}

impl Failure for ApiVersionMismatch {
    fn name(&self) -> &'static str {
        "api-version-mismatch"
    }

    fn status(&self) -> Status {
        self.status.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            status: Status::new(
                Code::InvalidArgument,
                "Invalid JSON payload received. Unknown name \"tools\": Cannot find field.",
            ),
        }]
    }
}
