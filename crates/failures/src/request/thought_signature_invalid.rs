//! A signature was altered or comes from elsewhere.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "thought-signature-invalid",
    page: include_str!("thought_signature_invalid.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        likely("corrupted * signature"),
        certain("corrupted thought signature"),
        certain("invalid thought signature"),
        certain("thought signature is not valid"),
        certain("invalid thoughtsignature"),
        certain("thoughtsignature is not valid"),
        likely("thoughtsignature ** base64"),
        likely("thought signature ** invalid"),
        likely("thoughtsignature ** invalid"),
        likely("thoughtsignature ** corrupted"),
    ],
};

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
