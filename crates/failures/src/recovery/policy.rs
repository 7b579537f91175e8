//! What recovery may do, and how much of it.

use crate::amend::Kind;
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// What recovery may do, and how much of it.
///
/// What changes the caller's request (amendments, another temperature, another version) or may double a
/// part of the answer (resuming) is off in every profile: who wants it says so. Another model serves
/// only where one is configured for that.
///
/// ```
/// use propus_failures::{amend::Kind, recovery::Policy};
///
/// let policy: Policy = toml::from_str(
///     "attempts = 3\namend = [\"schema\", \"names\"]\n[backoff]\nmost_seconds = 10",
/// )?;
/// assert_eq!(policy.attempts, 3);
/// assert_eq!(policy.amend, [Kind::Schema, Kind::Names]);
/// assert_eq!(policy.longest_wait, Policy::sdk().longest_wait);
/// assert!(policy.check().is_ok());
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Most attempts of one call over all routes, the first one included; at 1 nothing is recovered.
    pub attempts: u32,
    /// The waits where the service names none.
    pub backoff: Backoff,
    /// The longest single wait, in seconds in a file. A service that asks for more is not waited for.
    #[serde(rename = "longest_wait_seconds", with = "seconds")]
    pub longest_wait: Duration,
    /// Up to which deadline a call that ran out of time may be given more, in seconds in a file; at 0
    /// it is never given more. 600 s is the default of the service.
    #[serde(rename = "longest_deadline_seconds", with = "seconds")]
    pub longest_deadline: Duration,
    /// Whether a call that ran out of time may be streamed from the service instead.
    pub stream_instead: bool,
    /// Whether another route may be tried after a quota, missing capacity, an accident or a broken
    /// connection.
    pub next_route: bool,
    /// Whether another route, where that is allowed at all, may be tried also after a refused key,
    /// account, place or model. It hides a bad key behind a good one, so the refusal should be told to
    /// the operator.
    pub past_refusals: bool,
    /// Whether a context that is too long may go to the larger model that is configured.
    pub larger_model: bool,
    /// How often a model is asked again after RECITATION, OTHER, MALFORMED_FUNCTION_CALL or an answer
    /// without content. Each time costs what an answer costs.
    pub replies: u32,
    /// By how much the temperature is raised at such a repetition after RECITATION, as the guide
    /// advises; at 0 it stays.
    pub temperature_step: f64,
    /// How often an answer that broke off after its beginning was passed on may be continued by
    /// sending what came as the model's turn.
    pub resumes: u32,
    /// Which corrections of the request are allowed.
    pub amend: Vec<Kind>,
    /// Whether the other version of the API may be tried where this one lacks the field or model.
    pub other_version: bool,
    /// How much of the traffic may be repetitions; none for no such limit.
    pub budget: Option<Share>,
}

/// Exponential backoff with full jitter: the n-th wait is anything from 0 to `first` doubled n times,
/// at most `most`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backoff {
    /// The most of the first wait, in seconds in a file.
    #[serde(rename = "first_seconds", with = "seconds")]
    pub first: Duration,
    /// The most of any wait, in seconds in a file.
    #[serde(rename = "most_seconds", with = "seconds")]
    pub most: Duration,
}

/// How much of a route's traffic may be repetitions; see [`Budget`](super::Budget).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Share {
    /// Repetitions for each call, such as 0.2.
    pub of_calls: f64,
    /// Repetitions that come back every second, whatever the traffic.
    pub per_second: f64,
    /// The most that is saved up, and what there is at the beginning.
    pub most: u32,
}

impl Default for Backoff {
    /// 1 s, then doubled up to 60 s: what the official SDKs use where their retries are turned on, and
    /// what Google's guide of 2026 advises. Their jitter is a second more; ours is over the whole wait,
    /// since many callers that were refused together should not come back together.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            most: Duration::from_secs(60),
        }
    }
}

impl Default for Share {
    /// A fifth of the calls, one more a second, ten at the beginning. A fifth is what the retry budgets
    /// of Finagle and Linkerd take; their floor is ten a second, too much for one key.
    fn default() -> Self {
        Self {
            of_calls: 0.2,
            per_second: 1.0,
            most: 10,
        }
    }
}

impl Share {
    /// Half of the calls, one more a second, a hundred at the beginning: enough where a third of all first
    /// attempts fails, and an outage is still met with at most half as many attempts again.
    pub fn gateway() -> Self {
        Self {
            of_calls: 0.5,
            per_second: 1.0,
            most: 100,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::sdk()
    }
}

impl Policy {
    /// For a client with one route: five attempts, as the official SDKs have; waits and longer
    /// deadlines, and nothing that costs an answer or changes the request.
    pub fn sdk() -> Self {
        Self {
            attempts: 5,
            backoff: Backoff::default(),
            // A quota of a minute is never longer, and a caller who wants less time says so.
            longest_wait: Duration::from_secs(120),
            longest_deadline: Duration::from_secs(600),
            stream_instead: false,
            next_route: false,
            past_refusals: false,
            larger_model: false,
            replies: 0,
            temperature_step: 0.0,
            resumes: 0,
            amend: Vec::new(),
            other_version: false,
            budget: Some(Share::default()),
        }
    }

    /// For a gateway with several routes: other routes at once, shorter waits since a caller holds the
    /// line, streaming upstream where time runs out, and one repetition of an answer that is none.
    pub fn gateway() -> Self {
        Self {
            attempts: 6,
            backoff: Backoff {
                most: Duration::from_secs(32),
                ..Backoff::default()
            },
            longest_wait: Duration::from_secs(60),
            stream_instead: true,
            next_route: true,
            past_refusals: true,
            // Who configures a larger model wants it.
            larger_model: true,
            replies: 1,
            budget: Some(Share::gateway()),
            ..Self::sdk()
        }
    }

    /// One attempt, whatever comes of it.
    pub fn off() -> Self {
        Self {
            attempts: 1,
            longest_wait: Duration::ZERO,
            longest_deadline: Duration::ZERO,
            ..Self::sdk()
        }
    }

    /// Whether its numbers make sense.
    ///
    /// # Errors
    ///
    /// The first field that does not, as it is named in a file, and what it may be.
    pub fn check(&self) -> Result<(), Unfit> {
        let unfit = |field, rule| Err(Unfit { field, rule });
        if self.attempts == 0 {
            return unfit("attempts", "must be at least 1, the call itself");
        }
        if self.backoff.first > self.backoff.most {
            return unfit("backoff.first_seconds", "must not exceed `most_seconds`");
        }
        if !(0.0..=2.0).contains(&self.temperature_step) {
            return unfit("temperature_step", "must be in the range 0 to 2");
        }
        let Some(share) = self.budget else {
            return Ok(());
        };
        if !(0.0..=1.0).contains(&share.of_calls) {
            return unfit("budget.of_calls", "must be in the range 0 to 1");
        }
        if !(0.0..=1e6).contains(&share.per_second) {
            return unfit("budget.per_second", "must be in the range 0 to 1000000");
        }
        Ok(())
    }
}

/// A field of a policy that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The field, as it is named in a file.
    pub field: &'static str,
    /// What it must be.
    pub rule: &'static str,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.field, self.rule)
    }
}

impl std::error::Error for Unfit {}

/// Durations as numbers of seconds.
mod seconds {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if duration.subsec_nanos() == 0 {
            serializer.serialize_u64(duration.as_secs())
        } else {
            serializer.serialize_f64(duration.as_secs_f64())
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds)
            .map_err(|_| D::Error::custom(format!("`{seconds}` is no number of seconds from 0 on")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_make_sense_and_survive_their_file() {
        for policy in [Policy::sdk(), Policy::gateway(), Policy::off()] {
            assert_eq!(policy.check(), Ok(()));
            let file = toml::to_string(&policy).unwrap();
            assert_eq!(toml::from_str::<Policy>(&file).unwrap(), policy, "{file}");
        }
    }

    #[test]
    fn files_that_make_no_sense_are_refused_by_name() {
        #[track_caller]
        fn check(file: &str, expected: &str) {
            let said = match toml::from_str::<Policy>(file) {
                Ok(policy) => policy.check().unwrap_err().to_string(),
                Err(error) => error.to_string(),
            };
            assert!(said.contains(expected), "{said}");
        }
        check("retries = 3", "unknown field `retries`");
        check("amend = [\"spelling\"]", "unknown variant `spelling`");
        check("longest_wait_seconds = -1", "`-1` is no number of seconds");
        check("longest_wait_seconds = nan", "is no number of seconds");
        check("attempts = 0", "`attempts` must be at least 1");
        check(
            "[backoff]\nfirst_seconds = 90",
            "`backoff.first_seconds` must not exceed",
        );
        check("temperature_step = nan", "`temperature_step` must be");
        check("[budget]\nof_calls = 1.5", "`budget.of_calls` must be");
        check("[budget]\nper_second = -1.0", "`budget.per_second` must be");
    }
}
