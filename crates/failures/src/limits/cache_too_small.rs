//! There is too little to be worth caching.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Status};

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "cache-too-small",
    page: include_str!("cache_too_small.md"),
    guide: Some(Guide::TokenLimits),
    retry: Retry::Never,
    over: &["invalid-argument-generic"],
    signs: &[
        certain("minimum token count to start caching"),
        likely("cached content is of * tokens"),
        certain("cached content is too small"),
        certain("mintotaltokencount"),
        likely("cache ** minimum ** tokens"),
    ],
};

/// There is too little to be worth caching.
///
/// Source of the wording: seen in public error reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheTooSmall {
    /// What there is, in tokens.
    pub tokens: u64,
    /// The least.
    pub least: u64,
}

impl Failure for CacheTooSmall {
    fn name(&self) -> &'static str {
        "cache-too-small"
    }

    fn status(&self) -> Status {
        let message = format!(
            "Cached content is too small. total_token_count={}, min_total_token_count={}",
            self.tokens, self.least
        );
        Status::new(Code::InvalidArgument, message)
    }

    fn examples() -> Vec<Self> {
        vec![Self {
            tokens: 300,
            least: 1024,
        }]
    }
}
