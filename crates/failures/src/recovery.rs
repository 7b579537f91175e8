//! What to do after a failed attempt at a call of the Gemini API.
//!
//! Decides and does nothing: no clock, no IO and no chance of its own. A loop makes the attempt, says
//! what it came to ([`Outcome`]), asks [`decide`], carries the [`Decision`] out and notes it in the
//! [`History`]. There are two such loops, that of an SDK with one route and that of a gateway with
//! several; the [`Policy`] says how they differ.
//!
//! ```
//! use propus_failures::recovery::{
//!     Available, Decision, History, Outcome, Policy, Situation, decide,
//! };
//! use std::time::Duration;
//!
//! let body = br#"{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED",
//!     "message": "You exceeded your current quota.\n* Quota exceeded for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: 10, model: gemini-2.5-flash\nPlease retry in 33.25s.",
//!     "details": [
//!       {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{
//!         "quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "quotaValue": "10"}]},
//!       {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}]}}"#;
//!
//! let policy = Policy::sdk();
//! let mut history = History::default();
//! history.begin("");
//! let outcome = Outcome::of_http(429, None, body);
//! assert_eq!(outcome.failure, "quota-per-minute");
//!
//! let mut situation = Situation::new(&policy, &history);
//! situation.remaining = Some(Duration::from_secs(60));
//! let wait = Duration::from_secs(34);
//! assert_eq!(decide(&outcome, &situation), Decision::Retry { wait });
//!
//! // With ten seconds left the wait is not even begun.
//! situation.remaining = Some(Duration::from_secs(10));
//! let Decision::GiveUp { why } = decide(&outcome, &situation) else { panic!() };
//! assert_eq!(
//!     why.to_string(),
//!     "the wait of 34 s would outlast the 10 s that are left for the call"
//! );
//!
//! // Another project's key can be used at once.
//! let gateway = Policy::gateway();
//! let mut situation = Situation::new(&gateway, &history);
//! situation.available = Available { projects: true, ..Available::NONE };
//! assert!(matches!(decide(&outcome, &situation), Decision::NextRoute { .. }));
//! ```
//!
//! The rules follow Google's troubleshooting guide (2025: switch the model for a while or wait on 500
//! and 503, a larger timeout on 504, a higher temperature on RECITATION; 2026: exponential backoff on
//! 408, 429 and 5xx, never on 400, 402 and 403). Where the guide treats a status as one thing, public
//! reports tell more: a 429 may mean a minute, a day, money or missing capacity, and a 503 a deadline.

mod backoff;
mod budget;
mod course;
mod decision;
mod history;
mod http;
mod outcome;
mod policy;
mod repairs;
mod replies;
mod telling;

pub use budget::Budget;
pub use course::Scope;
pub use decision::{Decision, Rest, Why};
pub use history::{Available, History};
pub use http::retry_after;
pub use outcome::{Fault, Outcome, Progress};
pub use policy::{Backoff, Policy, Share, Unfit};
pub use repairs::{HEADER, NotRepairs, Repairs};
pub use telling::most_telling;

use course::Course;
use std::time::Duration;

/// The highest temperature of the API.
const HOTTEST: f64 = 2.0;
/// The temperature that models have where none is set.
const USUAL: f64 = 1.0;

/// All that a decision depends on besides the outcome.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// What is allowed.
    pub policy: &'a Policy,
    /// What was done so far.
    pub history: &'a History,
    /// What could still be done.
    pub available: Available,
    /// Whether the call may be made twice: see [`is_safe`].
    pub safe: bool,
    /// The time that is left to the caller; none for no end.
    pub remaining: Option<Duration>,
    /// The deadline that the attempt had; none where the service's own applied.
    pub deadline: Option<Duration>,
    /// The temperature that the attempt had; none for the model's own.
    pub temperature: Option<f64>,
    /// The budget of the route; none for no limit. It is only looked at: who carries a decision out
    /// that [is a repetition](Decision::is_repetition) withdraws from it.
    pub budget: Option<&'a Budget>,
    /// By chance from 0 to 1, anew for every decision.
    pub jitter: f64,
}

impl<'a> Situation<'a> {
    /// A safe call on its only route, without an end; the longest backoff.
    pub fn new(policy: &'a Policy, history: &'a History) -> Self {
        Self {
            policy,
            history,
            available: Available::NONE,
            safe: true,
            remaining: None,
            deadline: None,
            temperature: None,
            budget: None,
            jitter: 1.0,
        }
    }
}

/// Whether a call may be made twice, by the last word of its path such as `generateContent` or by the
/// HTTP method: what generates, counts, embeds or reads may; what creates, changes or uploads may not.
pub fn is_safe(http_method: &str, api_method: Option<&str>) -> bool {
    const SAFE: [&str; 7] = [
        "generateContent",
        "streamGenerateContent",
        "countTokens",
        "embedContent",
        "batchEmbedContents",
        "generateAnswer",
        "predict",
    ];
    match api_method {
        Some(method) => SAFE.contains(&method),
        None => matches!(http_method, "GET" | "HEAD" | "OPTIONS"),
    }
}

/// What to do after a failed attempt.
///
/// First what would be best for the failure, then whether it is within the limits. So a definite cause
/// is the reason even where a limit is reached as well.
pub fn decide(outcome: &Outcome, situation: &Situation) -> Decision {
    let call = FailedCall {
        outcome,
        situation,
        course: outcome.course(),
    };
    call.within_limits(call.wish())
}

struct FailedCall<'a> {
    outcome: &'a Outcome,
    situation: &'a Situation<'a>,
    course: Course,
}

impl FailedCall<'_> {
    /// What would be best, whatever time and number of attempts say.
    fn wish(&self) -> Decision {
        if self.outcome.failure == "cancelled-499" && self.outcome.http.is_none() {
            return give_up(Why::CallerGone);
        }
        if self.outcome.progress.chunks() > 0 {
            return self.after_beginning();
        }
        match self.course {
            Course::Request => self.amend(),
            Course::TooLong => self.larger_model(),
            Course::Refused => self.past_refusal(),
            Course::Spent | Course::Day => self.elsewhere().unwrap_or_else(|| self.is_final()),
            Course::Minute => self.elsewhere().unwrap_or_else(|| self.wait()),
            Course::Busy | Course::Broken if self.may_repeat() => {
                self.elsewhere().unwrap_or_else(|| self.wait())
            }
            Course::Late if self.may_repeat() => self.more_time(),
            Course::Again if self.may_repeat() => self.ask_again(),
            Course::Busy | Course::Broken | Course::Late | Course::Again => give_up(Why::NotSafe),
            Course::Final => self.is_final(),
        }
    }

    /// The wish, unless it is more than is allowed or possible.
    fn within_limits(&self, wish: Decision) -> Decision {
        let (policy, made) = (
            self.situation.policy,
            self.situation.history.attempts.max(1),
        );
        let wait = wish.wait();
        let remaining = self.situation.remaining;
        if !wish.goes_on() {
            wish
        } else if policy.attempts <= 1 {
            give_up(Why::Off)
        } else if made >= policy.attempts {
            give_up(Why::Attempts(made))
        } else if wait > policy.longest_wait {
            let most = policy.longest_wait;
            give_up(Why::WaitTooLong { wait, most })
        } else if let Some(remaining) = remaining.filter(|remaining| wait >= *remaining) {
            give_up(Why::NoTime { wait, remaining })
        } else if wish.is_repetition() && !self.situation.budget.is_none_or(Budget::allows) {
            give_up(Why::Budget)
        } else {
            wish
        }
    }

    /// Whether making the call again cannot do harm.
    fn may_repeat(&self) -> bool {
        self.situation.safe || self.outcome.is_undone()
    }

    fn is_final(&self) -> Decision {
        give_up(Why::Final(self.outcome.failure))
    }

    /// The caller has a part of the answer: it can only be continued, and only where it broke; what
    /// was ended with a reason is not.
    fn after_beginning(&self) -> Decision {
        let Situation {
            policy,
            history,
            available,
            ..
        } = self.situation;
        let broke = matches!(self.course, Course::Busy | Course::Broken | Course::Late);
        let may = available.can_resume && history.resumes < policy.resumes && self.situation.safe;
        if !broke {
            return self.is_final();
        }
        if !may {
            return give_up(Why::Begun(self.outcome.progress.chunks()));
        }
        let wait = match self.course {
            Course::Busy => self.pause(),
            _ => Duration::ZERO,
        };
        Decision::Resume { wait }
    }

    /// Each correction once, then none.
    fn amend(&self) -> Decision {
        let (policy, history) = (self.situation.policy, self.situation.history);
        let may = course::amendments(self.outcome.failure).iter().copied();
        let kinds: Vec<_> = may
            .filter(|kind| policy.amend.contains(kind) && !history.amended.contains(kind))
            .collect();
        if !kinds.is_empty() {
            return Decision::Amend { kinds };
        }
        self.other_version().unwrap_or_else(|| self.is_final())
    }

    fn other_version(&self) -> Option<Decision> {
        let (policy, history) = (self.situation.policy, self.situation.history);
        let lacks = matches!(
            self.outcome.failure,
            "api-version-mismatch" | "model-not-found" | "unknown-field"
        );
        (lacks && policy.other_version && !history.other_version).then_some(Decision::OtherVersion)
    }

    fn larger_model(&self) -> Decision {
        let Situation {
            policy,
            history,
            available,
            ..
        } = self.situation;
        if policy.larger_model && available.larger_model && !history.larger_model {
            Decision::LargerModel
        } else {
            self.is_final()
        }
    }

    fn past_refusal(&self) -> Decision {
        if let Some(decision) = self.other_version() {
            return decision;
        }
        let elsewhere = self
            .situation
            .policy
            .past_refusals
            .then(|| self.elsewhere());
        elsewhere.flatten().unwrap_or_else(|| self.is_final())
    }

    /// A route that the failure does not concern.
    fn elsewhere(&self) -> Option<Decision> {
        let exclude = self.outcome.scope;
        let there = self.situation.policy.next_route && self.situation.available.beyond(exclude);
        there.then(|| Decision::NextRoute {
            exclude,
            rest: self.outcome.rest(),
        })
    }

    /// As long as the service says, else by backoff.
    fn wait(&self) -> Decision {
        Decision::Retry { wait: self.pause() }
    }

    fn pause(&self) -> Duration {
        let Situation {
            policy,
            history,
            jitter,
            ..
        } = self.situation;
        let backoff = || {
            policy
                .backoff
                .wait(history.waits, *jitter)
                .min(policy.longest_wait)
        };
        self.outcome.retry_after.unwrap_or_else(backoff)
    }

    /// More time, or a stream, which ends no connection for being silent; never the same again.
    fn more_time(&self) -> Decision {
        let Situation {
            policy,
            history,
            available,
            ..
        } = self.situation;
        if let Some(deadline) = self.longer_deadline() {
            return Decision::LongerDeadline { deadline };
        }
        if policy.stream_instead && available.can_stream && !history.streamed {
            return Decision::StreamInstead;
        }
        let had = self.situation.deadline;
        self.elsewhere()
            .unwrap_or_else(|| give_up(Why::Deadline(had)))
    }

    /// Twice the time, as far as allowed and left; none where that is not half as much again.
    fn longer_deadline(&self) -> Option<Duration> {
        let had = self.situation.deadline?;
        let most = self.situation.policy.longest_deadline;
        let left = self.situation.remaining.unwrap_or(Duration::MAX);
        let deadline = had.saturating_mul(2).min(most).min(left);
        let enough = had.saturating_add(had / 2);
        (deadline >= enough && deadline > had).then_some(deadline)
    }

    fn ask_again(&self) -> Decision {
        let (policy, history) = (self.situation.policy, self.situation.history);
        if policy.replies == 0 {
            return self.is_final();
        }
        if history.replies >= policy.replies {
            return give_up(Why::Replies(history.replies));
        }
        let warmer = (self.outcome.failure == "recitation" && policy.temperature_step > 0.0)
            .then(|| self.warmer());
        Decision::AskAgain {
            temperature: warmer.flatten(),
        }
    }

    fn warmer(&self) -> Option<f64> {
        let had = self.situation.temperature.unwrap_or(USUAL);
        let temperature = (had + self.situation.policy.temperature_step).min(HOTTEST);
        (temperature > had).then_some(temperature)
    }
}

fn give_up(why: Why) -> Decision {
    Decision::GiveUp { why }
}
