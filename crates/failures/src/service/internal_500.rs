//! Something broke on our side.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "internal-500",
    page: include_str!("internal_500.md"),
    guide: Some(Guide::Internal),
    retry: Retry::Backoff,
    over: &[],
    signs: &[
        likely("an internal error has occurred"),
        likely("internal error encountered"),
        likely("status internal"),
        likely("500 internal"),
        likely("internalservererror"),
        likely("internal server error"),
        possible("status 500"),
        possible("code 500"),
        possible("http 500"),
        possible("error 500"),
        possible("statuscode 500"),
    ],
};

/// Something broke on our side.
///
/// Source: Google's troubleshooting guide (500); wording seen in public error reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Internal500 {
    /// What happened, for the log; never with a key in it.
    pub cause: Option<String>,
}

impl Failure for Internal500 {
    fn name(&self) -> &'static str {
        "internal-500"
    }

    fn status(&self) -> Status {
        let message = "An internal error has occurred. Please retry or report in \
            https://developers.generativeai.google/guide/troubleshooting";
        Status::new(Code::Internal, message)
    }

    fn log(&self) -> Option<String> {
        self.cause.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self { cause: None }]
    }
}
