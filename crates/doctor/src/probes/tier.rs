//! `tier`: what the quotas that refused a call tell of the key's tier.

use crate::{Probe, evidence::cause};

const NAME: &str = "tier";

/// Reads the ids of quotas: `…-FreeTier`, `…-PaidTier2`. The API names the tier nowhere else.
pub(crate) fn probe<'a>(refusals: impl IntoIterator<Item = &'a str>) -> Probe {
    let tried = "the ids of quotas in replies with 429";
    let ids = refusals.into_iter().filter_map(quota);
    match ids.into_iter().find_map(|id| Some((tier(&id)?, id))) {
        Some((tier, id)) => Probe::ok(NAME, tried, format!("{tier} (quota {id})")),
        None => Probe::ok(NAME, tried, "not told by the API: only a 429 names it"),
    }
}

fn quota(reply: &str) -> Option<String> {
    let facts = cause(reply)?.facts;
    Some(facts.get("quota_id")?.as_str()?.to_owned())
}

fn tier(id: &str) -> Option<String> {
    let (_, tier) = id.rsplit_once('-')?;
    let number = |text: &str| text.parse::<u8>().ok();
    match tier {
        "FreeTier" => Some("free tier".into()),
        "PaidTier" => Some("paid tier".into()),
        other => {
            let number = number(other.strip_prefix("PaidTier")?)?;
            Some(format!("paid tier {number}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_read_from_ids() {
        for (id, expected) in [
            (
                "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
                Some("free tier"),
            ),
            (
                "GenerateRequestsPerMinutePerProjectPerModel-PaidTier3",
                Some("paid tier 3"),
            ),
            ("GenerateRequestsPerDayPerProjectPerModel", None),
            ("Some-OtherTier", None),
        ] {
            assert_eq!(tier(id).as_deref(), expected, "{id}");
        }
    }
}
