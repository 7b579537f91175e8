//! The work was not done when the deadline came.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "deadline-504",
    page: include_str!("deadline_504.md"),
    guide: Some(Guide::DeadlineExceeded),
    retry: Retry::LongerDeadline,
    over: &[],
    signs: &[
        certain("deadlineexceeded"),
        certain("504 deadline exceeded"),
        likely("deadline exceeded"),
        likely("deadline expired before operation"),
        likely("504 gateway timeout"),
        likely("gateway timeout"),
        possible("504"),
        possible("524"),
    ],
};

/// The work was not done when the deadline came.
///
/// Source: Google's troubleshooting guide (504); wording seen in public error reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deadline504 {
    /// What happened, for the log; never with a key in it.
    pub cause: Option<String>,
}

impl Failure for Deadline504 {
    fn name(&self) -> &'static str {
        "deadline-504"
    }

    fn status(&self) -> Status {
        let message = "Deadline expired before operation could complete.";
        Status::new(Code::DeadlineExceeded, message)
    }

    fn log(&self) -> Option<String> {
        self.cause.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self { cause: None }]
    }
}
