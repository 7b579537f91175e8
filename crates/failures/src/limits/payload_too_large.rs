//! The body is larger than a request may be.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// The body is larger than a request may be.
///
/// Source of the wording: seen in public error reports, for 4 MiB; that of larger limits was
/// not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadTooLarge {
    /// The most bytes.
    pub limit: u64,
}

impl Failure for PayloadTooLarge {
    fn name(&self) -> &'static str {
        "payload-too-large"
    }

    fn status(&self) -> Status {
        let message = format!(
            "Request payload size exceeds the limit: {} bytes.",
            self.limit
        );
        Status::new(Code::InvalidArgument, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self { limit: 20_971_520 }]
    }
}
