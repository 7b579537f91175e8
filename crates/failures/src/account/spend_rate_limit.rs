//! Too much was spent in a short time.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use propus_wire::status::{Code, Detail, Status};
use std::time::Duration;

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "spend-rate-limit",
    page: include_str!("spend_rate_limit.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Delay,
    over: &["quota-unspecified"],
    signs: &[
        certain("spend based rate limit"),
        certain("spending rate has exceeded"),
        likely("spend rate"),
    ],
};

/// Too much was spent in a short time.
///
/// Source of the wording: seen in public error reports, without details; a delay, beside a
/// `QuotaFailure` without violations, is known only from a public project's test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendRateLimit {
    /// How long to wait, where that is said.
    pub retry_after: Option<Duration>,
}

impl Failure for SpendRateLimit {
    fn name(&self) -> &'static str {
        "spend-rate-limit"
    }

    fn status(&self) -> Status {
        let message = "You exceeded your spend-based rate limit. Your spending rate has exceeded the \
            allowed limit for your account's billing history and tier.";
        let status = Status::new(Code::ResourceExhausted, message);
        let Some(retry_delay) = self.retry_after else {
            return status;
        };
        let violations = Vec::new();
        status
            .with(Detail::QuotaFailure { violations })
            .with(Detail::RetryInfo { retry_delay })
    }

    fn examples() -> Vec<Self> {
        [None, Some(Duration::from_secs(30))]
            .map(|retry_after| Self { retry_after })
            .into()
    }
}
