//! What was done for a call so far, and what could still be done.

use super::{decision::Decision, repairs::Repairs};
use crate::amend::Kind;
use std::time::Duration;

/// What was done for one call so far. The loop that carries decisions out keeps it with
/// [`begin`](Self::begin) and [`note`](Self::note).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Attempts that were begun, the one that failed last included.
    pub attempts: u32,
    /// Waits so far; one that chance made 0 counts.
    pub waits: u32,
    /// How long they were together.
    pub waited: Duration,
    /// The routes that were tried, in their order, each as often as it was.
    pub routes: Vec<String>,
    /// Corrections that were tried, whether or not they changed anything.
    pub amended: Vec<Kind>,
    /// Whether the other version was tried.
    pub other_version: bool,
    /// Whether the larger model was tried.
    pub larger_model: bool,
    /// The longer deadline that was given, if one was.
    pub deadline: Option<Duration>,
    /// Whether the call was streamed instead.
    pub streamed: bool,
    /// How often the model was asked again after a reply that was none.
    pub replies: u32,
    /// The temperature that was set, if one was.
    pub temperature: Option<f64>,
    /// How often a broken answer was continued.
    pub resumes: u32,
}

impl History {
    /// An attempt begins on a route; an SDK, which has only one, gives it an empty name.
    pub fn begin(&mut self, route: &str) {
        self.attempts = self.attempts.saturating_add(1);
        if !route.is_empty() {
            self.routes.push(route.to_owned());
        }
    }

    /// A decision is carried out.
    pub fn note(&mut self, decision: &Decision) {
        self.waits += u32::from(matches!(
            decision,
            Decision::Retry { .. } | Decision::Resume { .. }
        ));
        self.waited = self.waited.saturating_add(decision.wait());
        match decision {
            Decision::Retry { .. } | Decision::NextRoute { .. } | Decision::GiveUp { .. } => (),
            Decision::LargerModel => self.larger_model = true,
            Decision::LongerDeadline { deadline } => self.deadline = Some(*deadline),
            Decision::StreamInstead => self.streamed = true,
            Decision::Amend { kinds } => self.amended.extend(kinds),
            Decision::OtherVersion => self.other_version = true,
            Decision::AskAgain { temperature } => {
                self.replies += 1;
                self.temperature = temperature.or(self.temperature);
            }
            Decision::Resume { .. } => self.resumes += 1,
        }
    }

    /// What is told to the caller of it.
    pub fn repairs(&self) -> Repairs {
        Repairs::of(self)
    }
}

/// What could still be done for a call. Routes count if they were not tried yet, do not rest, and
/// their own budgets allow it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Available {
    /// Any other route.
    pub routes: bool,
    /// One by another key.
    pub keys: bool,
    /// One to another model.
    pub models: bool,
    /// One by a key of another project.
    pub projects: bool,
    /// One by a key of another account.
    pub accounts: bool,
    /// A model with a longer context.
    pub larger_model: bool,
    /// Whether the call could be streamed and is not yet.
    pub can_stream: bool,
    /// Whether the answer so far could be sent as the model's turn: text only, and a model that takes
    /// it.
    pub can_resume: bool,
}

impl Available {
    /// Nothing but the route itself.
    pub const NONE: Self = Self {
        routes: false,
        keys: false,
        models: false,
        projects: false,
        accounts: false,
        larger_model: false,
        can_stream: false,
        can_resume: false,
    };

    /// Whether a route is left outside of what a failure concerns.
    pub(super) fn beyond(&self, scope: super::Scope) -> bool {
        use super::Scope;
        let project = self.projects || self.accounts;
        match scope {
            Scope::Call => false,
            Scope::Route => self.routes || self.keys || self.models || project,
            Scope::Key => self.keys || project,
            Scope::Model => self.models,
            Scope::ProjectModel => self.models || project,
            Scope::Project => project,
            Scope::Account => self.accounts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried_out_is_noted() {
        let second = Duration::from_secs(1);
        let mut history = History::default();
        for decision in [
            Decision::Retry { wait: second * 2 },
            // Chance made it 0; the next one is longer all the same.
            Decision::Retry {
                wait: Duration::ZERO,
            },
            Decision::Resume { wait: second },
            Decision::LongerDeadline {
                deadline: second * 60,
            },
            Decision::StreamInstead,
            Decision::LargerModel,
            Decision::OtherVersion,
            Decision::Amend {
                kinds: vec![Kind::Schema, Kind::Names],
            },
            Decision::AskAgain {
                temperature: Some(1.5),
            },
            Decision::AskAgain { temperature: None },
        ] {
            history.begin("");
            history.note(&decision);
        }
        assert_eq!(history.waits, 3);
        assert_eq!(
            history.repairs().to_string(),
            "wait=3s; larger_model=yes; amend=schema+names; other_version=yes; deadline=60s; \
             streamed=yes; replies=2; temperature=1.5; resumes=1; attempts=10"
        );
    }
}
