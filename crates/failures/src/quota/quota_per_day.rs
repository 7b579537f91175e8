//! Too many requests within a day.

use crate::Failure;
use crate::entry::{Entry, Guide, Retry, certain, likely};
use crate::exhausted::{Exhausted, Exhaustion, Quota, Tier, Unit, Window};
use propus_wire::status::Status;
use std::time::Duration;

/// What the catalogue says of it.
pub const ENTRY: Entry = Entry {
    name: "quota-per-day",
    page: include_str!("quota_per_day.md"),
    guide: Some(Guide::ResourceExhausted),
    retry: Retry::Day,
    over: &[
        "quota-per-minute",
        "quota-tokens-per-minute",
        "quota-unspecified",
    ],
    signs: &[
        certain("~requestsperday~"),
        certain("exhausted your capacity on this model"),
        certain("exhausted your daily quota"),
        likely("quota will reset after"),
        likely("requests per day"),
        likely("per day"),
        likely("daily quota"),
        likely("daily limit"),
        likely("daily ** quota"),
        likely("quotaexhausted"),
        likely("rpd ** limit"),
    ],
};

/// Too many requests within a day.
///
/// Source: [`Exhaustion`], whose [`problem`](Exhaustion::problem) gives the failure its right name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaPerDay(pub Exhaustion);

impl Failure for QuotaPerDay {
    fn name(&self) -> &'static str {
        "quota-per-day"
    }

    fn status(&self) -> Status {
        self.0.status()
    }

    fn examples() -> Vec<Self> {
        let of = |tier, unit, window, model, value| {
            let quota = Quota::new(tier, unit, window);
            let limit = Exhausted::of_model(quota, model, value);
            Exhaustion::of(limit, Duration::new(33, 51_937_462))
        };
        let requests = Unit::Requests;
        let free = of(Tier::Free, requests, Window::Day, "gemini-3.5-flash", 20);
        let paid = of(Tier::Paid, requests, Window::Day, "gemini-3.1-pro", 250);
        let second = of(
            Tier::Paid2,
            requests,
            Window::Day,
            "gemini-2.5-flash",
            350_000,
        );
        let embeds = of(
            Tier::Free,
            Unit::Embeds,
            Window::Day,
            "gemini-embedding-001",
            1000,
        );
        let user = of(
            Tier::Free,
            Unit::EmbedsOfUser,
            Window::Day,
            "gemini-embedding-001",
            1000,
        );
        let hours = Exhaustion {
            retry_after: Duration::new(62_655, 310_000_000),
            ..paid.clone()
        };
        let mut nameless = free.clone();
        nameless.limits[0].model = None;
        let mut several = of(Tier::Free, requests, Window::Minute, "gemini-3.5-flash", 5);
        several.limits.extend(free.limits.clone());
        vec![
            Self(free),
            Self(paid),
            Self(second),
            Self(embeds),
            Self(user),
            Self(hours),
            Self(nameless),
            Self(several),
        ]
    }
}
