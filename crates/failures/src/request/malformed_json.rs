//! The body is not JSON.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "malformed-json",
    page: include_str!("malformed_json.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("invalid json payload received unexpected"),
        certain("invalid json payload received expected"),
        certain("invalid json payload received closing"),
        likely("invalid json payload received parse"),
        likely("invalid json payload !unknown name"),
        possible("json parse error ** 400"),
    ],
};

/// The body is not JSON.
///
/// Source of the wording: seen in public error reports; the parser of the messages makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct MalformedJson {
    /// What the parser says, details included.
    pub status: Status,
}

impl Failure for MalformedJson {
    fn name(&self) -> &'static str {
        "malformed-json"
    }

    fn status(&self) -> Status {
        self.status.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            status: Status::new(
                Code::InvalidArgument,
                "Invalid JSON payload received. Unexpected token.\n{a\n ^",
            ),
        }]
    }
}
