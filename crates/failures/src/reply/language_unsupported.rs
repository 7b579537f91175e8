//! The language is not supported.

use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use propus_wire::generate::{Content, FinishReason, GenerateContentResponse};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "language-unsupported",
    page: include_str!("language_unsupported.md"),
    guide: Some(Guide::KnownIssues),
    retry: Retry::Never,
    over: &[],
    signs: &[
        certain("finishreason language"),
        certain("finishreason finishreason language"),
        certain("due to language"),
        likely("language is not supported"),
        likely("unsupported language"),
        likely("unsupported response language"),
        possible("finishreason other"),
        likely("generation stopped reason language"),
    ],
};

/// An answer that was stopped for its language.
///
/// Source of the form: not seen whole. The reason is one of the API's list; the rest is as in other
/// blocked answers.
pub fn reply(model: &str) -> GenerateContentResponse {
    super::ended(model, FinishReason::Language, Some(Content::default()))
}
