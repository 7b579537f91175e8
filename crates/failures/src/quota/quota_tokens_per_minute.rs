//! Too many input tokens within a minute.

use crate::entry::{Entry, Guide, Retry, certain, likely};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-tokens-per-minute",
    page: include_str!("quota_tokens_per_minute.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Delay,
    over: &["quota-per-minute", "quota-unspecified"],
    signs: &[
        certain("~tokenspermodelperminute~"),
        certain("~tokensperminute~"),
        certain("~tokencountperminute~"),
        certain("~inputtokensperminute~"),
        likely("~inputtokencount"),
        likely("tokens per minute"),
        likely("tpm ** limit"),
    ],
};
