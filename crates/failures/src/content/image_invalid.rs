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
/// Source of the wordings: seen in public error reports, without details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageInvalid {
    /// The bytes are no image.
    Bytes,
    /// They may be one, but it could not be processed.
    Unprocessable,
}

/// How the bytes of images begin: PNG, JPEG, GIF, TIFF of both orders, BMP.
const BEGINNINGS: [&[u8]; 6] = [
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"II*\0",
    b"MM\0*",
    b"BM",
];

impl ImageInvalid {
    /// Whether bytes begin as those of some image do, be it of another type than was said: most
    /// models look at the bytes alone.
    pub fn is_image(bytes: &[u8]) -> bool {
        let holds = |at: usize, mark: &[u8]| bytes.get(at..at + mark.len()) == Some(mark);
        // WebP, and the family of HEIC and HEIF.
        let is_boxed = holds(0, b"RIFF") && holds(8, b"WEBP") || holds(4, b"ftyp");
        is_boxed || BEGINNINGS.iter().any(|mark| bytes.starts_with(mark))
    }
}

impl Failure for ImageInvalid {
    fn name(&self) -> &'static str {
        "image-invalid"
    }

    fn status(&self) -> Status {
        let message = match self {
            Self::Bytes => "Provided image is not valid.",
            Self::Unprocessable => {
                "Unable to process input image. Please retry or report in \
                 https://developers.generativeai.google/guide/troubleshooting"
            }
        };
        Status::new(Code::InvalidArgument, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self::Bytes, Self::Unprocessable]
    }
}
