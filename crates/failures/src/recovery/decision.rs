//! What is to be done after a failed attempt, and why nothing more is.

use super::course::{Scope, entry};
use crate::{amend::Kind, catalogue};
use std::{fmt, time::Duration};

/// What is to be done after a failed attempt. Whoever carries it out decides nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Make the same call again after a wait.
    Retry {
        /// From now on.
        wait: Duration,
    },
    /// Make the same call at once on a route outside of what failed.
    NextRoute {
        /// What the failure concerns: every route within it is passed over.
        exclude: Scope,
        /// How long that should be left alone, by this call and others.
        rest: Rest,
    },
    /// Make the call to the larger model.
    LargerModel,
    /// Make the same call again at once with more time.
    LongerDeadline {
        /// From the beginning of the attempt.
        deadline: Duration,
    },
    /// Make the same call at once as a stream, and put its answer together.
    StreamInstead,
    /// Correct the request and make the call again at once. Where the correction changes nothing, do
    /// not: note it in the history and decide again.
    Amend {
        /// What to allow [`amend`](fn@crate::amend).
        kinds: Vec<Kind>,
    },
    /// Make the same call at once in the other version of the API.
    OtherVersion,
    /// Ask the model again at once, since its reply was none.
    AskAgain {
        /// At this temperature; as before where there is none.
        temperature: Option<f64>,
    },
    /// Send what came so far as the model's turn, and pass on what continues it.
    Resume {
        /// From now on.
        wait: Duration,
    },
    /// Tell the caller.
    GiveUp {
        /// Why nothing more is done.
        why: Why,
    },
}

impl Decision {
    /// How long to wait before it is carried out.
    pub fn wait(&self) -> Duration {
        match self {
            Self::Retry { wait } | Self::Resume { wait } => *wait,
            _ => Duration::ZERO,
        }
    }

    /// Whether another attempt follows.
    pub fn goes_on(&self) -> bool {
        !matches!(self, Self::GiveUp { .. })
    }

    /// Whether it repeats a call on its route, which has to be paid for from that route's
    /// [`Budget`](super::Budget). A corrected call, a larger model or another route is new load
    /// elsewhere or once only; another route's budget pays for what goes there.
    pub fn is_repetition(&self) -> bool {
        matches!(
            self,
            Self::Retry { .. }
                | Self::LongerDeadline { .. }
                | Self::StreamInstead
                | Self::AskAgain { .. }
                | Self::Resume { .. }
        )
    }
}

/// How long what failed should be left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// The service names no time; whoever watches the route decides.
    Unsaid,
    /// The service names it.
    For(Duration),
    /// Until the next midnight Pacific time, when the quotas of a day begin anew.
    UntilMidnightPacific,
    /// Until somebody changes something: the key, the money, the configuration.
    UntilChanged,
}

/// Why nothing more is done. Written out, it is a sentence without its full stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing that is allowed can help against this failure of the catalogue.
    Final(&'static str),
    /// Recovery is turned off.
    Off,
    /// So many attempts are allowed, and were made.
    Attempts(u32),
    /// The wait would outlast the call.
    NoTime {
        /// The wait that is due; zero where the time is over already.
        wait: Duration,
        /// What is left.
        remaining: Duration,
    },
    /// The service asks for a longer wait than is allowed.
    WaitTooLong {
        /// The wait that is due.
        wait: Duration,
        /// The longest that is allowed.
        most: Duration,
    },
    /// Too much of the route's traffic is repetitions already.
    Budget,
    /// So many chunks of the answer were passed on, and it cannot be taken back or continued.
    Begun(u32),
    /// The call may have been carried out, and twice would be too often.
    NotSafe,
    /// No longer deadline is allowed or possible.
    Deadline(Option<Duration>),
    /// The model was asked again so often, and gave no answer.
    Replies(u32),
    /// The caller does not wait any more.
    CallerGone,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Final(failure) => f.write_str(&sentence(failure)),
            Self::Off => f.write_str("no second attempt is allowed"),
            Self::Attempts(made) => write!(f, "{made} attempts were made, and no more are allowed"),
            Self::NoTime { wait, .. } if wait.is_zero() => {
                f.write_str("the time for the call is over")
            }
            Self::NoTime { wait, remaining } => write!(
                f,
                "the wait of {} would outlast the {} that are left for the call",
                seconds(*wait),
                seconds(*remaining)
            ),
            Self::WaitTooLong { wait, most } => write!(
                f,
                "the service asks for a wait of {}, and at most {} are allowed",
                seconds(*wait),
                seconds(*most)
            ),
            Self::Budget => f.write_str("too many calls on this route are repetitions already"),
            Self::Begun(1) => f.write_str("the answer broke off after a chunk had been passed on"),
            Self::Begun(chunks) => write!(
                f,
                "the answer broke off after {chunks} chunks had been passed on"
            ),
            Self::NotSafe => {
                f.write_str("the call may have been carried out, and must not be made twice")
            }
            Self::Deadline(None) => f.write_str("the service itself did not finish in its time"),
            Self::Deadline(Some(had)) => write!(
                f,
                "the work was not done within {}, and more time is not allowed",
                seconds(*had)
            ),
            Self::Replies(1) => f.write_str("the model was asked again and gave no answer"),
            Self::Replies(times) => {
                write!(
                    f,
                    "the model was asked again {times} times and gave no answer"
                )
            }
            Self::CallerGone => f.write_str("the caller does not wait any more"),
        }
    }
}

/// What a failure means for who waits: in words of its own where time heals it, else its page's
/// summary.
fn sentence(failure: &str) -> String {
    match failure {
        "quota-per-day" => "the daily quota is used up until midnight Pacific time".into(),
        "quota-tokens-per-day" => {
            "the daily quota of tokens is used up until midnight Pacific time".into()
        }
        "quota-per-user" => "the user's own quota is used up until it is filled again".into(),
        "prepay-depleted" => "the prepaid credit is used up until credit is added".into(),
        "spend-cap" => {
            "the monthly spending cap is reached until it is raised or the month ends".into()
        }
        name => match entry(name) {
            Some(entry) => summary(entry.name),
            None => format!("`{name}` is no failure of the catalogue"),
        },
    }
}

/// A page's summary as a clause: "The model ..." becomes "the model ...".
fn summary(name: &str) -> String {
    let summary = catalogue::TOLD[catalogue::index(name)].summary;
    let summary = summary.trim_end_matches('.');
    let proper = ["Google", "API", "JSON", "OAuth", "Gemini"];
    let first = summary.split(' ').next().unwrap_or_default();
    if proper.iter().any(|word| first.starts_with(word)) {
        return summary.to_owned();
    }
    let mut letters = summary.chars();
    let small = letters.next().map(|letter| letter.to_lowercase());
    small.into_iter().flatten().chain(letters).collect()
}

/// A duration as people read it: no more decimals than a tenth.
fn seconds(duration: Duration) -> String {
    let tenths = duration.as_secs_f64();
    let text = format!("{tenths:.1}");
    format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::ENTRIES;

    #[track_caller]
    fn check(why: Why, expected: &str) {
        assert_eq!(why.to_string(), expected);
    }

    #[test]
    fn reasons_are_read() {
        check(
            Why::Final("quota-per-day"),
            "the daily quota is used up until midnight Pacific time",
        );
        check(
            Why::Final("leaked-api-key"),
            "Google found the API key in public and has blocked it",
        );
        check(
            Why::Final("quota-free-tier-zero"),
            "the model has no free quota for this project: the limit is 0",
        );
        let second = Duration::from_secs(1);
        check(
            Why::NoTime {
                wait: second * 33,
                remaining: second * 10,
            },
            "the wait of 33 s would outlast the 10 s that are left for the call",
        );
        check(
            Why::WaitTooLong {
                wait: second * 3600,
                most: second * 60,
            },
            "the service asks for a wait of 3600 s, and at most 60 s are allowed",
        );
        check(
            Why::Begun(3),
            "the answer broke off after 3 chunks had been passed on",
        );
        check(
            Why::Attempts(5),
            "5 attempts were made, and no more are allowed",
        );
    }

    #[test]
    fn what_repeats_a_call_on_its_route_is_paid_for() {
        let wait = Duration::ZERO;
        for (decision, paid) in [
            (Decision::Retry { wait }, true),
            (Decision::Resume { wait }, true),
            (Decision::LongerDeadline { deadline: wait }, true),
            (Decision::StreamInstead, true),
            (Decision::AskAgain { temperature: None }, true),
            (Decision::LargerModel, false),
            (Decision::OtherVersion, false),
            (Decision::Amend { kinds: Vec::new() }, false),
            (Decision::GiveUp { why: Why::Off }, false),
        ] {
            assert_eq!(decision.is_repetition(), paid, "{decision:?}");
        }
    }

    #[test]
    fn every_failure_gives_a_clause() {
        for entry in ENTRIES {
            let text = Why::Final(entry.name).to_string();
            assert!(text.len() > 20 && !text.ends_with('.'), "{text}");
            assert!(
                !text.starts_with("The ") && !text.starts_with("A "),
                "{text}"
            );
        }
    }
}
