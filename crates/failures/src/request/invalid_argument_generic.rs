//! Something is wrong, and Google does not say what.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "invalid-argument-generic",
    page: include_str!("invalid_argument_generic.md"),
    guide: Some(Guide::InvalidArgument),
    retry: Retry::Never,
    over: &[],
    signs: &[
        likely("request contains an invalid argument"),
        possible("invalidargument"),
        possible("invalid argument"),
        possible("invalidrequest"),
        possible("400 bad request"),
        possible("status 400"),
        possible("code 400"),
        possible("http 400"),
        possible("error 400"),
        possible("statuscode 400"),
    ],
};

/// Something is wrong, and Google does not say what.
///
/// Source of the wording: seen in public error reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidArgumentGeneric {
    /// What we know of it, for the log.
    pub cause: Option<String>,
}

impl Failure for InvalidArgumentGeneric {
    fn name(&self) -> &'static str {
        "invalid-argument-generic"
    }

    fn status(&self) -> Status {
        Status::new(
            Code::InvalidArgument,
            "Request contains an invalid argument.",
        )
    }

    fn log(&self) -> Option<String> {
        self.cause.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self { cause: None }]
    }
}
