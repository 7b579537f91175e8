//! The bytes of an image are not one.

use crate::Failure;
use propus_wire::status::{Code, Status};

/// The bytes of an image are not one.
///
/// Source of the wording: seen in public error reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageInvalid;

impl Failure for ImageInvalid {
    fn name(&self) -> &'static str {
        "image-invalid"
    }

    fn status(&self) -> Status {
        Status::new(Code::InvalidArgument, "Provided image is not valid.")
    }

    fn examples() -> Vec<Self> {
        vec![Self]
    }
}
