//! A part of the service did not answer in time.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "deadline-503",
    page: include_str!("deadline_503.md"),
    guide: Some(Guide::Unavailable),
    retry: Retry::Backoff,
    over: &["overloaded-503", "deadline-504"],
    signs: &[
        certain("deadline expired before operation ** unavailable"),
        certain("503 ** deadline expired before operation"),
        certain("unavailable ** deadline expired before operation"),
    ],
};

/// A part of the service did not answer in time.
///
/// Source of the wording: seen in public error reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deadline503 {
    /// What happened, for the log; never with a key in it.
    pub cause: Option<String>,
}

impl Failure for Deadline503 {
    fn name(&self) -> &'static str {
        "deadline-503"
    }

    fn status(&self) -> Status {
        let message = "Deadline expired before operation could complete.";
        Status::new(Code::Unavailable, message)
    }

    fn log(&self) -> Option<String> {
        self.cause.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self { cause: None }]
    }
}
