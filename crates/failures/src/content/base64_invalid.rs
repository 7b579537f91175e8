//! The bytes of a medium are not base64.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "base64-invalid",
    page: include_str!("base64_invalid.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["wrong-enum-or-type", "invalid-argument-generic"],
    signs: &[
        certain("base64 decoding failed"),
        likely("typebytes"),
        likely("illegal base64"),
        likely("invalid base64"),
    ],
};

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
