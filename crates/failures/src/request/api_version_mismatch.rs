//! The body has a field that exists, but not in this API version.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "api-version-mismatch",
    page: include_str!("api_version_mismatch.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["unknown-field", "invalid-argument-generic"],
    signs: &[
        likely("unknown name systeminstruction"),
        likely("unknown name tools cannot"),
        likely("unknown name toolconfig cannot"),
        likely("unknown name cachedcontent cannot"),
        likely("unknown name responsemimetype at generationconfig"),
        likely("unknown name responseschema at generationconfig"),
        likely("unknown name responsejsonschema at generationconfig"),
        likely("unknown name thinkingconfig at generationconfig"),
        likely("unknown name responsemodalities at generationconfig"),
        likely("unknown name speechconfig at generationconfig"),
        likely("unknown name functioncall at contents"),
        likely("unknown name functionresponse at contents"),
        likely("only available in v1beta"),
        likely("not available in api version"),
        likely("not supported in api version v1"),
        possible("not found for api version v1 !v1beta"),
    ],
};

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
