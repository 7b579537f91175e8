//! The caller went away.

use crate::Failure;
use crate::entry::{Entry, Retry, certain, likely, possible};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "cancelled-499",
    page: include_str!("cancelled_499.md"),
    guide: None,
    retry: Retry::Backoff,
    over: &[],
    signs: &[
        certain("operation was cancelled"),
        likely("operation was canceled"),
        likely("499 cancelled"),
        likely("client closed request"),
        likely("status 499"),
        likely("code 499"),
        likely("status cancelled"),
        possible("499"),
    ],
};

/// The caller went away.
///
/// Source: Google's troubleshooting guide of 2026 (499); wording seen in public error reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cancelled499 {
    /// What happened, for the log; never with a key in it.
    pub cause: Option<String>,
}

impl Failure for Cancelled499 {
    fn name(&self) -> &'static str {
        "cancelled-499"
    }

    fn status(&self) -> Status {
        let message = "The operation was cancelled.";
        Status::new(Code::Cancelled, message)
    }

    fn log(&self) -> Option<String> {
        self.cause.clone()
    }

    fn examples() -> Vec<Self> {
        vec![Self { cause: None }]
    }
}
