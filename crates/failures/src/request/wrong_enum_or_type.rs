//! A field of the body has a value of another type, or an unknown enum value.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "wrong-enum-or-type",
    page: include_str!("wrong_enum_or_type.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("invalid value at"),
        certain("cannot start list"),
        certain("field is not repeating"),
        certain("starting an object on a scalar field"),
        likely("is not a valid enum"),
    ],
};

/// A field of the body has a value of another type, or an unknown enum value.
///
/// Source of the wording: seen in public error reports; the parser of the messages makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct WrongEnumOrType {
    /// What the parser says, details included.
    pub status: Status,
}

impl Failure for WrongEnumOrType {
    fn name(&self) -> &'static str {
        "wrong-enum-or-type"
    }

    fn status(&self) -> Status {
        self.status.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            status: Status::new(
                Code::InvalidArgument,
                "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 5",
            ),
        }]
    }
}
