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
/// from a second on; what cannot succeed is not tried, nor is a stream whose first chunk has come.
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

    /// By other rules. What needs another route, another model or a changed request is left out: a
    /// client has one server and sends what it is given.
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
            replies: 0,
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

    /// Makes attempts until one is good or nothing more is to be done. Each is given the time that
    /// it may take; `safe` says whether it may be made twice.
    pub(crate) async fn run<T, A, F>(
        &self,
        safe: bool,
        deadline: Option<Duration>,
        mut attempt: A,
    ) -> Result<T, Error>
    where
        A: FnMut(Option<Duration>) -> F,
        F: Future<Output = Result<T, Error>>,
    {
        let end = self.within.map(|time| Instant::now() + time);
        let mut course = Course {
            retries: self,
            history: History::default(),
            safe,
            deadline,
            end,
        };
        self.deposit();
        loop {
            course.history.begin("");
            let error = match attempt(course.time()).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            match course.next(&error) {
                Some(Decision::LongerDeadline { deadline }) => course.deadline = Some(deadline),
                Some(decision) => sleep(decision.wait()).await,
                None => return Err(error.after(course.history.attempts)),
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

/// The attempts of one call.
struct Course<'a> {
    retries: &'a Retries,
    history: History,
    safe: bool,
    /// What one attempt may take.
    deadline: Option<Duration>,
    /// When the call must be over.
    end: Option<Instant>,
}

impl Course<'_> {
    fn remaining(&self) -> Option<Duration> {
        Some(self.end?.saturating_duration_since(Instant::now()))
    }

    /// What the next attempt may take.
    fn time(&self) -> Option<Duration> {
        match (self.deadline, self.remaining()) {
            (Some(deadline), Some(remaining)) => Some(deadline.min(remaining)),
            (deadline, remaining) => deadline.or(remaining),
        }
    }

    /// What to do after a failure; `None` to tell the caller.
    fn next(&mut self, error: &Error) -> Option<Decision> {
        let outcome = error.outcome()?;
        let decision = self.decide(&outcome);
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
        Some(decision)
    }

    fn decide(&self, outcome: &Outcome) -> Decision {
        let saved = self.retries.saved();
        let mut situation = Situation::new(&self.retries.policy, &self.history);
        situation.safe = self.safe;
        situation.deadline = self.time();
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
