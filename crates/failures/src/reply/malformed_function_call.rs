//! The model wrote a function call that cannot be read.

use crate::entry::{Entry, Retry, certain, possible};
use propus_wire::generate::{Content, FinishReason, GenerateContentResponse};

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

/// An answer in place of which there is the call that could not be read.
///
/// Source of the form: seen in public error reports; there `finishMessage`, where it came, held the
/// call as the model wrote it.
pub fn reply(model: &str) -> GenerateContentResponse {
    let message =
        "Malformed function call: print(default_api.book_room(date='2026-11-03', people=4";
    super::explained(
        model,
        FinishReason::MalformedFunctionCall,
        Content::default(),
        message,
    )
}
