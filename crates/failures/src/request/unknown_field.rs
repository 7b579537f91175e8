//! The body has a field that the message does not know.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "unknown-field",
    page: include_str!("unknown_field.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("unknown name * cannot find field"),
        certain("unknown name"),
        likely("cannot find field"),
        likely("parameterunknown"),
        possible("extra inputs are not permitted"),
    ],
};

/// The body has a field that the message does not know.
///
/// Source of the wording: seen in public error reports; the parser of the messages makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownField {
    /// What the parser says, details included.
    pub status: Status,
}

impl Failure for UnknownField {
    fn name(&self) -> &'static str {
        "unknown-field"
    }

    fn status(&self) -> Status {
        self.status.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            status: Status::new(
                Code::InvalidArgument,
                "Invalid JSON payload received. Unknown name \"temprature\" at 'generation_config': Cannot find field.",
            ),
        }]
    }
}
