//! A signature was altered or comes from elsewhere.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// A signature was altered or comes from elsewhere.
///
/// Source of the wording: seen in public error reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThoughtSignatureInvalid;

impl Failure for ThoughtSignatureInvalid {
    fn name(&self) -> &'static str {
        "thought-signature-invalid"
    }

    fn status(&self) -> Status {
        Status::new(Code::InvalidArgument, "Thought signature is not valid.")
    }

    fn examples() -> Vec<Self> {
        vec![Self]
    }
}
