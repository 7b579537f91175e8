//! Too many input tokens within a minute.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use crate::exhausted::{Exhausted, Exhaustion, Quota, Tier, Unit, Window};
use propus_wire::status::Status;
use std::time::Duration;

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

/// Too many input tokens within a minute.
///
/// Source: [`Exhaustion`], whose [`problem`](Exhaustion::problem) gives the failure its right name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaTokensPerMinute(pub Exhaustion);

impl Failure for QuotaTokensPerMinute {
    fn name(&self) -> &'static str {
        "quota-tokens-per-minute"
    }

    fn status(&self) -> Status {
        self.0.status()
    }

    fn examples() -> Vec<Self> {
        let of = |tier, unit, value| {
            let quota = Quota::new(tier, unit, Window::Minute);
            let limit = Exhausted::of_model(quota, "gemini-2.5-flash", value);
            Exhaustion::of(limit, Duration::new(37, 632_466_616))
        };
        let free = of(Tier::Free, Unit::InputTokens, 250_000);
        let paid = of(Tier::Paid, Unit::InputTokens, 1_000_000);
        let second = of(Tier::Paid2, Unit::InputTokens, 3_000_000);
        let mut nameless = paid.clone();
        nameless.limits[0].model = None;
        let mut both = free.clone();
        both.limits
            .extend(of(Tier::Free, Unit::Requests, 10).limits);
        vec![
            Self(free),
            Self(paid),
            Self(second),
            Self(nameless),
            Self(both),
        ]
    }
}
