//! Too many requests within a minute.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely, possible};
use crate::exhausted::{Exhausted, Exhaustion, Quota, Tier, Unit, Window};
use propus_wire::status::Status;
use std::time::Duration;

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-per-minute",
    page: include_str!("quota_per_minute.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Delay,
    over: &["quota-unspecified"],
    signs: &[
        certain("~requestsperminute~"),
        likely("requests per minute"),
        likely("rpm ** limit"),
        likely("limit ** rpm"),
        possible("per minute"),
    ],
};

/// Too many requests within a minute.
///
/// Source: [`Exhaustion`], whose [`problem`](Exhaustion::problem) gives the failure its right name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaPerMinute(pub Exhaustion);

impl Failure for QuotaPerMinute {
    fn name(&self) -> &'static str {
        "quota-per-minute"
    }

    fn status(&self) -> Status {
        self.0.status()
    }

    fn examples() -> Vec<Self> {
        let of = |tier, unit, model, value, wait| {
            let quota = Quota::new(tier, unit, Window::Minute);
            Exhaustion::of(Exhausted::of_model(quota, model, value), wait)
        };
        let wait = Duration::new(27, 318_840_117);
        let free = of(
            Tier::Free,
            Unit::Requests,
            "gemini-3.1-flash-lite",
            10,
            wait,
        );
        let paid = of(Tier::Paid, Unit::Requests, "gemini-3.1-pro", 150, wait);
        let embeds = of(
            Tier::Paid2,
            Unit::Embeds,
            "gemini-embedding-001",
            3000,
            wait,
        );
        let user = of(
            Tier::Free,
            Unit::EmbedsOfUser,
            "gemini-embedding-001",
            100,
            wait,
        );
        let mut nameless = paid.clone();
        nameless.limits[0].model = None;
        let mut twice = user.clone();
        twice
            .limits
            .extend(of(Tier::Free, Unit::Embeds, "gemini-embedding-001", 100, wait).limits);
        vec![
            Self(free),
            Self(paid),
            Self(embeds),
            Self(user),
            Self(nameless),
            Self(twice),
        ]
    }
}
