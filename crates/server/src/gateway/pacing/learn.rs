//! What a refusal tells of the upstream's limits.

use propus_wire::status::{Detail, Status};
use serde_json::Value;

/// Limits of a minute that a refusal names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::gateway) struct Learnt {
    /// On requests.
    pub requests: Option<u64>,
    /// On input tokens.
    pub tokens: Option<u64>,
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
        for violation in violations
            .iter()
            .filter(|one| one.quota_id.contains("PerMinute"))
        {
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

#[cfg(test)]
mod tests {
    use super::*;
    use propus_failures::exhausted::{Exhausted, Exhaustion, Quota, Tier, Unit, Window};
    use std::time::Duration;

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
        };
        assert_eq!(learnt(body.as_bytes()), expected);
        assert_eq!(learnt(b"<html>"), Learnt::default());
    }
}
