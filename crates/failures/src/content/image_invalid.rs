//! The bytes of an image are not one.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "image-invalid",
    page: include_str!("image_invalid.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("provided image is not valid"),
        certain("unable to process input image"),
        likely("image is not valid"),
        likely("image ** could not be decoded"),
        likely("invalid image"),
        likely("cannot decode image"),
    ],
};

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
