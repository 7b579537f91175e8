//! The prompt is longer than the model can read.

use crate::cards::Profile;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use crate::service::internal_500::Internal500;
use crate::{Failure, Problem};
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
/// The service answers 400 (seen in public error reports); Google's troubleshooting guide of May 2025
/// has it as 500, see [`ContextTooLong::said`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextTooLong {
    /// The prompt, in tokens.
    pub tokens: u64,
    /// The most that the model reads.
    pub limit: u64,
}

impl ContextTooLong {
    /// The failure as a profile's service says it.
    pub fn said(self, profile: Profile) -> Problem {
        match profile {
            Profile::Current => self.into(),
            Profile::May2025 => ContextTooLong500(self).into(),
        }
    }
}

/// The same as 500, without the counts, as Google's troubleshooting guide of May 2025 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextTooLong500(pub ContextTooLong);

impl Failure for ContextTooLong500 {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn status(&self) -> Status {
        Internal500::default().status()
    }

    fn log(&self) -> Option<String> {
        let ContextTooLong { tokens, limit } = self.0;
        Some(format!("the prompt has {tokens} tokens of {limit} allowed"))
    }
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
