//! Too many input tokens within a day.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use crate::exhausted::{Exhausted, Exhaustion, Quota, Tier, Unit, Window};
use propus_wire::status::Status;
use std::time::Duration;

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-tokens-per-day",
    page: include_str!("quota_tokens_per_day.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Day,
    over: &[
        "quota-per-day",
        "quota-tokens-per-minute",
        "quota-unspecified",
    ],
    signs: &[
        certain("~tokenspermodelperday~"),
        certain("~tokensperday~"),
        likely("tokens per day"),
    ],
};

/// Too many input tokens within a day.
///
/// Source: [`Exhaustion`], whose [`problem`](Exhaustion::problem) gives the failure its right name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaTokensPerDay(pub Exhaustion);

impl Failure for QuotaTokensPerDay {
    fn name(&self) -> &'static str {
        "quota-tokens-per-day"
    }

    fn status(&self) -> Status {
        self.0.status()
    }

    fn examples() -> Vec<Self> {
        let of = |tier, unit| {
            let quota = Quota::new(tier, unit, Window::Day);
            let limit = Exhausted::of_model(quota, "gemini-2.5-pro", 3_000_000);
            Exhaustion::of(limit, Duration::new(19, 774_102_958))
        };
        let free = of(Tier::Free, Unit::InputTokens);
        let paid = of(Tier::Paid, Unit::InputTokens);
        let mut nameless = free.clone();
        nameless.limits[0].model = None;
        let mut both = free.clone();
        both.limits.extend(of(Tier::Free, Unit::Requests).limits);
        vec![Self(free), Self(paid), Self(nameless), Self(both)]
    }
}
