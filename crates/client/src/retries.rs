//! Trying again: [`propus_failures::recovery`] decides, this does.
//!
//! Nothing runs beside the caller: a call that is dropped while it waits is over.

use crate::Error;
use propus_failures::recovery::{Budget, Decision, History, Outcome, Policy, Situation, decide};
use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// Whether and how a failed call is made again. Waits are those that the server names, or else grow
/// from a second on; what cannot succeed is not tried, nor is a stream whose first chunk has come,
/// nor what would change something twice. A call that ran out of its time, be it that of the whole
/// reply or that of its beginning, is given twice as much, as far as [`Policy::longest_deadline`] and
/// [`within`](Self::within) allow.
///
/// ```
/// # use propus_client::testing::{refusal, text};
/// # let replies = [refusal(503, "UNAVAILABLE", "The model is overloaded. Please try again later."), text("hi")];
/// # propus_client::testing::example(replies, async |client| {
/// use propus_client::{Policy, Retries};
/// use std::time::Duration;
///
/// let twice = Policy { attempts: 2, ..Policy::sdk() };
/// let patient = client.with_retries(Retries::custom(twice)?.within(Duration::from_secs(60)));
/// let reply = patient.model("gemini-flash-latest").generate("hello").await?;
/// assert_eq!(reply.text()?, "hi");
/// # Ok(()) });
/// ```
#[derive(Clone, Debug)]
pub struct Retries {
    policy: Policy,
    within: Option<Duration>,
    /// Shared by all clones of a client, since its server bears the repetitions of all.
    budget: Option<Arc<Mutex<Saved>>>,
}

/// A budget, and when it was filled up last.
#[derive(Debug)]
struct Saved {
    budget: Budget,
    at: Option<Instant>,
}

impl Default for Retries {
    /// Off.
    fn default() -> Self {
        Self::off()
    }
}

impl Retries {
    /// Up to five attempts.
    pub fn on() -> Self {
        Self::of(Policy::sdk())
    }

    /// One attempt.
    pub fn off() -> Self {
        Self::of(Policy::off())
    }

    /// By other rules. What needs another route or model or a corrected request is left out: a
    /// client has one server and sends what it is given. `replies` counts for whole replies and
    /// for streams that end with their first chunk: a model that ended with nothing said is asked
    /// again, at a higher temperature if `temperature_step` says so, and the last reply is given
    /// whatever it is.
    ///
    /// # Errors
    ///
    /// Numbers that make no sense.
    pub fn custom(policy: Policy) -> Result<Self, Error> {
        let fit = policy.check();
        fit.map_err(|unfit| Error::setup(format!("the rule for retries: {unfit}"), ""))?;
        Ok(Self::of(policy))
    }

    /// How long a call may take with all its attempts and waits.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    fn of(policy: Policy) -> Self {
        let policy = Policy {
            next_route: false,
            stream_instead: false,
            larger_model: false,
            other_version: false,
            resumes: 0,
            amend: Vec::new(),
            ..policy
        };
        let saved = |share| Saved {
            budget: Budget::new(share),
            at: None,
        };
        Self {
            budget: policy
                .budget
                .map(|share| Arc::new(Mutex::new(saved(share)))),
            policy,
            within: None,
        }
    }

    /// Whether a second attempt is allowed at all.
    pub(crate) fn is_on(&self) -> bool {
        self.policy.attempts > 1
    }

    /// Makes attempts until one is good or nothing more is to be done. Each is told how it is to be
    /// made; `safe` says whether it may be made twice.
    pub(crate) async fn run<T, A, F>(
        &self,
        safe: bool,
        deadline: Option<Duration>,
        attempt: A,
    ) -> Result<T, Error>
    where
        A: FnMut(Attempt) -> F,
        F: Future<Output = Result<T, Error>>,
    {
        let first = Attempt {
            deadline,
            ..Attempt::default()
        };
        self.run_judged(safe, first, attempt, |_| None).await
    }

    /// The same, where also a good reply may be a failure by what it says. If nothing more is to be
    /// done it is given as it is.
    pub(crate) async fn run_judged<T, A, F>(
        &self,
        safe: bool,
        first: Attempt,
        mut attempt: A,
        judge: impl Fn(&T) -> Option<Outcome>,
    ) -> Result<T, Error>
    where
        A: FnMut(Attempt) -> F,
        F: Future<Output = Result<T, Error>>,
    {
        let end = self.within.map(|time| Instant::now() + time);
        let mut course = Course {
            retries: self,
            history: History::default(),
            safe,
            attempt: first,
            late_after: None,
            end,
        };
        self.deposit();
        loop {
            course.history.begin("");
            let result = attempt(course.attempt()).await;
            let outcome = match &result {
                Ok(value) => judge(value),
                Err(error) => error.outcome(),
            };
            course.late_after = result.as_ref().err().and_then(Error::late_after);
            match outcome.and_then(|outcome| course.next(&outcome)) {
                Some(wait) => sleep(wait).await,
                None => return result.map_err(|error| error.after(course.history.attempts)),
            }
        }
    }

    fn deposit(&self) {
        if let Some(mut saved) = self.saved() {
            let now = Instant::now();
            if let Some(at) = saved.at.replace(now) {
                saved.budget.refill(now - at);
            }
            saved.budget.deposit();
        }
    }

    fn saved(&self) -> Option<MutexGuard<'_, Saved>> {
        let budget = self.budget.as_ref()?;
        Some(budget.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How an attempt is made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attempt {
    /// The time that it may take.
    pub(crate) deadline: Option<Duration>,
    /// The time that its reply may take to begin; where there is none, the client's own.
    pub(crate) first_byte: Option<Duration>,
    /// The temperature; where there is none, the request's own.
    pub(crate) temperature: Option<f64>,
}

/// The attempts of one call.
struct Course<'a> {
    retries: &'a Retries,
    history: History,
    safe: bool,
    /// How the next attempt is made.
    attempt: Attempt,
    /// How long the last attempt waited for its reply to begin, if that was too short.
    late_after: Option<Duration>,
    /// When the call must be over.
    end: Option<Instant>,
}

impl Course<'_> {
    fn remaining(&self) -> Option<Duration> {
        Some(self.end?.saturating_duration_since(Instant::now()))
    }

    /// How the next attempt is made, within the time that is left.
    fn attempt(&self) -> Attempt {
        let deadline = match (self.attempt.deadline, self.remaining()) {
            (Some(deadline), Some(remaining)) => Some(deadline.min(remaining)),
            (deadline, remaining) => deadline.or(remaining),
        };
        Attempt {
            deadline,
            ..self.attempt
        }
    }

    /// How long to wait for another attempt; `None` to tell the caller.
    fn next(&mut self, outcome: &Outcome) -> Option<Duration> {
        let decision = self.decide(outcome);
        if !decision.goes_on() {
            return None;
        }
        if decision.is_repetition()
            && let Some(mut saved) = self.retries.saved()
            && !saved.budget.withdraw()
        {
            return None;
        }
        self.history.note(&decision);
        match &decision {
            Decision::LongerDeadline { deadline } => match self.late_after {
                Some(_) => self.attempt.first_byte = Some(*deadline),
                None => self.attempt.deadline = Some(*deadline),
            },
            Decision::AskAgain { temperature } => {
                self.attempt.temperature = temperature.or(self.attempt.temperature);
            }
            _ => {}
        }
        Some(decision.wait())
    }

    fn decide(&self, outcome: &Outcome) -> Decision {
        let saved = self.retries.saved();
        let mut situation = Situation::new(&self.retries.policy, &self.history);
        situation.safe = self.safe;
        situation.deadline = self.late_after.or(self.attempt().deadline);
        situation.temperature = self.attempt.temperature;
        situation.remaining = self.remaining();
        situation.budget = saved.as_ref().map(|saved| &saved.budget);
        situation.jitter = jitter();
        decide(outcome, &situation)
    }
}

/// A number from 0 to 1 by chance, from the seeds that the system gives hash maps.
fn jitter() -> f64 {
    let chance = RandomState::new().build_hasher().finish();
    chance as f64 / u64::MAX as f64
}
