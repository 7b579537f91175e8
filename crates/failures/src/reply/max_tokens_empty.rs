//! The limit of output tokens was reached before any text.

use crate::entry::{Entry, Guide, Retry, likely};

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
