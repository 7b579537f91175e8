//! A field of the body has a value of another type, or an unknown enum value.

use crate::Failure;
use propus_wire::status::{Code, Status};

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
