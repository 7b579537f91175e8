//! Why a call was not admitted, in Google's words.

use super::Work;
use crate::accounts::Tier;
use propus_failures::{
    Problem,
    account::{
        prepay_depleted::PrepayDepleted, spend_cap::SpendCap, spend_rate_limit::SpendRateLimit,
    },
    exhausted::{self, Exhausted, Exhaustion, Quota},
    service::overloaded_503::{Overloaded503, Wording},
};
use propus_quota::{Overspent, Refused, Unit, Window, shared, spend::SpendLimit};
use std::time::Duration;

/// What Google's errors say of a limit that no wait helps against: some seconds all the same (seen in
/// public error reports).
const NO_WAIT_HELPS: Duration = Duration::from_secs(60);

/// Why a call was not admitted.
pub(super) enum Denied {
    Refused(Refused),
    Overspent(Overspent),
    Outage(shared::Outage),
}

impl From<Refused> for Denied {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Overspent> for Denied {
    fn from(overspent: Overspent) -> Self {
        Self::Overspent(overspent)
    }
}

impl From<shared::Denied> for Denied {
    fn from(denied: shared::Denied) -> Self {
        match denied {
            shared::Denied::Refused(refused) => Self::Refused(refused),
            shared::Denied::Outage(outage) => Self::Outage(outage),
        }
    }
}

impl Denied {
    pub(super) fn problem(&self, tier: Tier, model: &str, work: Work) -> Problem {
        match self {
            Self::Refused(refused) => exhaustion(refused, tier, model, work),
            Self::Overspent(overspent) => overspending(overspent),
            Self::Outage(outage) => Overloaded503 {
                cause: Some(outage.to_string()),
                wording: Wording::Unavailable,
            }
            .into(),
        }
    }
}

/// The 429 that lists all exhausted limits, with the true wait.
fn exhaustion(refused: &Refused, tier: Tier, model: &str, work: Work) -> Problem {
    let tier = match tier {
        Tier::Free => exhausted::Tier::Free,
        Tier::Tier1 => exhausted::Tier::Paid,
        Tier::Tier2 => exhausted::Tier::Paid2,
        Tier::Tier3 => exhausted::Tier::Paid3,
    };
    let limits = refused.exhausted.iter().map(|limit| {
        let unit = match (limit.unit, work) {
            (Unit::Tokens, _) => exhausted::Unit::InputTokens,
            (Unit::Requests, Work::Generate) => exhausted::Unit::Requests,
            (Unit::Requests, Work::Embed) => exhausted::Unit::Embeds,
        };
        let window = match limit.window {
            Window::Minute => exhausted::Window::Minute,
            Window::Day => exhausted::Window::Day,
        };
        Exhausted::of_model(Quota::new(tier, unit, window), model, limit.limit)
    });
    Exhaustion {
        limits: limits.collect(),
        retry_after: whole_seconds(refused.wait()).unwrap_or(NO_WAIT_HELPS),
    }
    .problem()
}

/// The 429 of the gravest limit of money: Google names one.
fn overspending(overspent: &Overspent) -> Problem {
    let gravest = overspent.reached.first().map(|reached| reached.limit);
    match gravest.unwrap_or(SpendLimit::TenMinutes) {
        SpendLimit::Credit => PrepayDepleted { with_link: true }.into(),
        SpendLimit::ProjectMonth => SpendCap::Project.into(),
        SpendLimit::AccountMonth => SpendCap::Account.into(),
        SpendLimit::TenMinutes => SpendRateLimit {
            retry_after: whole_seconds(overspent.wait()),
        }
        .into(),
    }
}

/// RetryInfo has whole seconds and leaves out the rest: rounded up, who waits so long is admitted.
fn whole_seconds(wait: Duration) -> Option<Duration> {
    let part = u64::from(wait.subsec_nanos() > 0);
    (wait < Duration::MAX).then(|| Duration::from_secs(wait.as_secs() + part))
}
