//! The limit of output tokens was reached before any text.

use crate::entry::{Entry, Guide, Retry, likely};
use propus_wire::generate::{FinishReason, GenerateContentResponse};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "max-tokens-empty",
    page: include_str!("max_tokens_empty.md"),
    guide: Some(Guide::TokenLimits),
    retry: Retry::Never,
    over: &[],
    signs: &[
        likely("finishreason length ** content none"),
        likely("maxtokens ** no text"),
        likely("maxtokens ** empty"),
        likely("empty ** maxtokens"),
        likely("finishreason is 2"),
        likely("generation stopped reason maxtokens"),
    ],
};

/// An answer that ended before its first word: thinking took all the tokens.
///
/// Source of the form: seen in public error reports.
pub fn reply(model: &str) -> GenerateContentResponse {
    let thoughts = 253;
    let mut reply = super::ended(model, FinishReason::MaxTokens, Some(super::silent()));
    if let Some(usage) = &mut reply.usage_metadata {
        usage.thoughts_token_count = Some(thoughts);
        usage.total_token_count = usage.total_token_count.map(|prompt| prompt + thoughts);
    }
    reply
}
