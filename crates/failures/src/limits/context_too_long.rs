//! The prompt is longer than the model can read.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "context-too-long",
    page: include_str!("context_too_long.md"),
    guide: Some(Guide::TokenLimits),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("input token count ** exceeds the maximum"),
        certain("input token count is * but model only supports"),
        certain("exceeds the maximum number of tokens"),
        likely("input context is too long"),
        likely("context length"),
        likely("context window"),
        likely("maximum context"),
        likely("prompt is too long"),
        likely("input token count"),
        likely("input token limit ** exceed"),
        likely("too many tokens"),
    ],
};

/// The prompt is longer than the model can read.
///
/// Google's troubleshooting guide has this as 500 (and, for the time it takes, as 504); the service
/// answers 400 since (seen in public error reports), and we follow the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextTooLong {
    /// The prompt, in tokens.
    pub tokens: u64,
    /// The most that the model reads.
    pub limit: u64,
}

impl Failure for ContextTooLong {
    fn name(&self) -> &'static str {
        "context-too-long"
    }

    fn status(&self) -> Status {
        let message = format!(
            "The input token count ({}) exceeds the maximum number of tokens allowed ({}).",
            self.tokens, self.limit
        );
        Status::new(Code::InvalidArgument, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            tokens: 1_054_321,
            limit: 1_048_576,
        }]
    }
}
