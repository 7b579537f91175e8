//! The answer is complete and empty.

use crate::entry::{Entry, Retry, certain, likely, possible};
use propus_wire::generate::{FinishReason, GenerateContentResponse};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "empty-response",
    page: include_str!("empty_response.md"),
    guide: None,
    retry: Retry::Backoff,
    over: &[],
    signs: &[
        certain("only works for simple ** response parts"),
        likely("empty response"),
        likely("returned an empty"),
        likely("no content in response"),
        likely("no candidates"),
        likely("response ** no text"),
        possible("only works when the response contains a valid part"),
        possible("candidate content parts"),
    ],
};

/// A whole answer without parts.
///
/// Source of the form: seen in public error reports; some have one part of empty text.
pub fn reply(model: &str) -> GenerateContentResponse {
    super::ended(model, FinishReason::Stop, Some(super::silent()))
}
