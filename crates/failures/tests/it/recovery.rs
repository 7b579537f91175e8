//! Recovery: every rule by cases, and what holds for every failure of the catalogue.

mod laws;
mod real;
mod rules;

use propus_failures::{
    Problem, catalogue,
    recovery::{Available, Decision, History, Outcome, Policy, Situation, decide},
};
use std::time::Duration;

pub const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The outcome of a problem that the service answers.
pub fn answered(problem: &Problem) -> Outcome {
    let status = problem.status();
    Outcome::of_http(status.code.http(), None, status.to_pretty().as_bytes())
}

/// The first example of a failure, as the service answers it.
pub fn example(name: &str) -> Outcome {
    let examples = catalogue::examples();
    let problem = examples.iter().find(|problem| problem.name() == name);
    let outcome = answered(problem.expect("an example of this name"));
    assert_eq!(outcome.failure, name);
    outcome
}

/// A failure of the catalogue, whether it has an example or not.
pub fn named(name: &str) -> Outcome {
    Outcome::named(name).expect("a failure of this name")
}

/// Everything is there.
pub const ALL: Available = Available {
    routes: true,
    keys: true,
    models: true,
    projects: true,
    accounts: true,
    larger_model: true,
    can_stream: true,
    can_resume: true,
};

/// What a policy decides after the first attempt, in a situation that is changed from the plainest.
pub fn after_one(
    outcome: &Outcome,
    policy: &Policy,
    change: impl FnOnce(&mut Situation),
) -> Decision {
    let history = History {
        attempts: 1,
        ..History::default()
    };
    let mut situation = Situation::new(policy, &history);
    change(&mut situation);
    decide(outcome, &situation)
}
