//! What a refusal tells of the upstream's limits.

use propus_failures::exhausted::Tier;
use propus_wire::status::{Detail, Status};
use serde_json::Value;

/// Limits of a minute that a refusal names, and whose they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::gateway) struct Learnt {
    /// On requests.
    pub requests: Option<u64>,
    /// On input tokens.
    pub tokens: Option<u64>,
    /// The tier that any of its limits is of, be it of a day.
    pub tier: Option<Tier>,
}

/// The limits per minute of a 429's body; the smallest of each kind. A limit of 0 says that there is none
/// to wait for.
pub(in crate::gateway) fn learnt(body: &[u8]) -> Learnt {
    let value: Option<Value> = serde_json::from_slice(body).ok();
    let status = value.as_ref().and_then(Status::from_json);
    let mut learnt = Learnt::default();
    for detail in status.iter().flat_map(|status| &status.details) {
        let Detail::QuotaFailure { violations } = detail else {
            continue;
        };
        for violation in violations {
            learnt.tier = learnt.tier.or_else(|| tier(&violation.quota_id));
            if !violation.quota_id.contains("PerMinute") {
                continue;
            }
            let value = violation
                .quota_value
                .as_deref()
                .and_then(|value| value.parse().ok());
            let place = match violation.quota_id.contains("Tokens") {
                true => &mut learnt.tokens,
                false => &mut learnt.requests,
            };
            *place = place.iter().copied().chain(value).min();
        }
    }
    learnt
}

/// The tier that the name of a limit ends with; that of the first paid one says none.
fn tier(quota_id: &str) -> Option<Tier> {
    let (_, tier) = quota_id.split_once('-').unwrap_or((quota_id, ""));
    match tier {
        "FreeTier" => Some(Tier::Free),
        "" if !quota_id.is_empty() => Some(Tier::Paid),
        "PaidTier2" => Some(Tier::Paid2),
        "PaidTier3" => Some(Tier::Paid3),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use propus_failures::exhausted::{Exhausted, Exhaustion, Quota, Unit, Window};
    use std::time::Duration;

    #[test]
    fn a_limits_name_tells_the_tier() {
        for known in [Tier::Free, Tier::Paid, Tier::Paid2, Tier::Paid3] {
            for unit in [Unit::Requests, Unit::InputTokens, Unit::Embeds] {
                let id = Quota::new(known, unit, Window::Minute).id();
                assert_eq!(tier(&id), Some(known), "{id}");
            }
        }
        assert_eq!(tier(""), None);
        assert_eq!(tier("Requests-LaterTier"), None);
    }

    #[test]
    fn minutes_are_learnt_and_days_are_not() {
        let of = |unit, window, value| {
            Exhausted::of_model(Quota::new(Tier::Free, unit, window), "m", value)
        };
        let limits = vec![
            of(Unit::Requests, Window::Minute, 15),
            of(Unit::InputTokens, Window::Minute, 250_000),
            of(Unit::Requests, Window::Day, 20),
        ];
        let retry_after = Duration::from_secs(3);
        let body = Exhaustion {
            limits,
            retry_after,
        }
        .status()
        .to_pretty();
        let expected = Learnt {
            requests: Some(15),
            tokens: Some(250_000),
            tier: Some(Tier::Free),
        };
        assert_eq!(learnt(body.as_bytes()), expected);
        assert_eq!(learnt(b"<html>"), Learnt::default());
    }
}
