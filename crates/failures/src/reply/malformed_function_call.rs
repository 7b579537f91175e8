//! The model wrote a function call that cannot be read.

use crate::entry::{Entry, Retry, certain, possible};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "malformed-function-call",
    page: include_str!("malformed_function_call.md"),
    guide: None,
    retry: Retry::Backoff,
    over: &[],
    signs: &[
        certain("malformedfunctioncall"),
        certain("~malformedfunctioncall"),
        certain("malformed function call"),
        certain("finishreason 10"),
        possible("candidates 0 content role field required"),
    ],
};
