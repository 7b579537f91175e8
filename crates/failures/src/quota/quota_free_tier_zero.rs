//! The free tier has no quota for this model.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use crate::exhausted::{Exhausted, Exhaustion, Quota, Tier, Unit, Window};
use propus_wire::status::Status;
use std::time::Duration;

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-free-tier-zero",
    page: include_str!("quota_free_tier_zero.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Never,
    over: &[
        "quota-per-minute",
        "quota-tokens-per-minute",
        "quota-per-day",
        "quota-tokens-per-day",
        "quota-unspecified",
    ],
    signs: &[
        likely("limit 0 model"),
        certain("quota exceeded for metric ** limit 0"),
        likely("limit 0 ** freetier"),
        likely("freetier ** limit 0"),
        possible("429 too many requests"),
    ],
};

/// The tier has no quota for this model: the limit is 0, which the details leave out.
///
/// Source: [`Exhaustion`], whose [`problem`](Exhaustion::problem) gives the failure its right name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaFreeTierZero(pub Exhaustion);

impl Failure for QuotaFreeTierZero {
    fn name(&self) -> &'static str {
        "quota-free-tier-zero"
    }

    fn status(&self) -> Status {
        self.0.status()
    }

    fn examples() -> Vec<Self> {
        let of = |tier, unit, window| {
            let quota = Quota::new(tier, unit, window);
            Exhausted::of_model(quota, "gemini-3.1-pro", 0)
        };
        let all = Exhaustion {
            limits: vec![
                of(Tier::Free, Unit::Requests, Window::Day),
                of(Tier::Free, Unit::Requests, Window::Minute),
                of(Tier::Free, Unit::InputTokens, Window::Minute),
            ],
            retry_after: Duration::new(22, 640_117_834),
        };
        let mut nameless = all.clone();
        for limit in &mut nameless.limits {
            limit.model = None;
        }
        let mut some = all.clone();
        some.limits[1].value = 5;
        let paid = Exhaustion {
            limits: vec![of(Tier::Paid, Unit::Requests, Window::Day)],
            ..all.clone()
        };
        vec![Self(all), Self(nameless), Self(some), Self(paid)]
    }
}
