//! The bytes of a medium are not base64.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// The bytes of a medium are not base64.
///
/// Source of the wording: seen in public error reports; the parser of the messages makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Base64Invalid {
    /// What the parser says, details included.
    pub status: Status,
}

impl Failure for Base64Invalid {
    fn name(&self) -> &'static str {
        "base64-invalid"
    }

    fn status(&self) -> Status {
        self.status.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            status: Status::new(
                Code::InvalidArgument,
                "Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES), Base64 decoding failed for \"data:image/png\"",
            ),
        }]
    }
}
