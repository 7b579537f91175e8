//! What rests: routes, keys, models and projects that a failure concerned, for as long as it lasts.

use crate::gateway::{same::Same, told::Failed};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use propus_failures::recovery::{Rest, Scope};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};
use tokio::time::Instant;

/// How long something is passed over that only somebody's deed can mend: long enough to spare others the
/// vain attempt, short enough to see the deed.
const UNTIL_CHANGED: Duration = Duration::from_secs(600);

/// What may rest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Route { engine: String, model: String },
    Key { engine: String, key: usize },
    Model { model: String },
    ProjectModel { project: String, model: String },
    Project { project: String },
    Account { account: String },
}

impl Part {
    /// The same where the key that it is of has another number.
    fn with_key(&self, key: usize) -> Self {
        match self {
            Self::Key { engine, .. } => Self::Key {
                engine: engine.clone(),
                key,
            },
            part => part.clone(),
        }
    }
}

/// How something rests.
#[derive(Clone, Debug)]
pub(super) struct Resting {
    /// Until when.
    pub until: Instant,
    pub kind: Kind,
    /// What the upstream said.
    pub told: Arc<Failed>,
    by: By,
}

/// By what a failure became known: an engine, and the number of its key.
#[derive(Clone, Debug)]
pub(super) struct By {
    pub engine: String,
    pub key: usize,
}

/// Why it rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The service named the time.
    Named,
    /// The quota of the day is used up.
    Day,
    /// Until somebody changes something: others are preferred, that is all.
    Changed,
}

/// All that rests.
#[derive(Debug, Default)]
pub(super) struct Rests {
    parts: Mutex<HashMap<Part, Resting>>,
    /// How many there are, so that nobody takes the lock for nothing.
    count: AtomicUsize,
}

impl Rests {
    /// Lets a part rest as the failure says; an unnamed time is the breaker's concern.
    pub fn add(&self, part: Part, rest: Rest, by: By, told: &Arc<Failed>, today: SystemTime) {
        let now = Instant::now();
        let (lasts, kind) = match rest {
            Rest::Unsaid => return,
            Rest::For(lasts) => (lasts, Kind::Named),
            Rest::UntilMidnightPacific => (until_midnight(today), Kind::Day),
            Rest::UntilChanged => (UNTIL_CHANGED, Kind::Changed),
        };
        let resting = Resting {
            until: now + lasts,
            kind,
            told: told.clone(),
            by,
        };
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.retain(|_, resting| now < resting.until);
        let longer = |known: &Resting| known.until >= resting.until;
        if !parts.get(&part).is_some_and(longer) {
            parts.insert(part, resting);
        }
        self.count.store(parts.len(), Relaxed);
    }

    /// Takes over the rests that became known by what is the same as before.
    pub fn keep(&self, before: &Self, same: &Same) {
        let before = before.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        for (part, resting) in before.iter() {
            let Some(key) = same.key(&resting.by.engine, resting.by.key) else {
                continue;
            };
            let mut resting = resting.clone();
            resting.by.key = key;
            parts.insert(part.with_key(key), resting);
        }
        self.count.store(parts.len(), Relaxed);
    }

    /// The longest rest of any of these parts.
    pub fn of<'a>(&self, parts: impl IntoIterator<Item = &'a Part>) -> Option<Resting> {
        if self.count.load(Relaxed) == 0 {
            return None;
        }
        let now = Instant::now();
        let known = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let resting = parts.into_iter().filter_map(|part| known.get(part));
        let resting = resting.filter(|resting| now < resting.until);
        resting.max_by_key(|resting| resting.until).cloned()
    }
}

/// How long until the quotas of a day begin anew; at least a second.
fn until_midnight(now: SystemTime) -> Duration {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let left = || {
        let now = Timestamp::try_from(now).ok()?;
        let tomorrow = now
            .to_zoned(PACIFIC.clone())
            .date()
            .checked_add(1.day())
            .ok()?;
        let midnight = tomorrow.to_zoned(PACIFIC.clone()).ok()?.timestamp();
        Duration::try_from(midnight.duration_since(now)).ok()
    };
    left().unwrap_or(DAY).max(Duration::from_secs(1))
}

/// Where Google's days begin; compiled in, so that they begin at the same time everywhere.
static PACIFIC: TimeZone = jiff::tz::get!("America/Los_Angeles");

/// The parts of one way to an answer.
#[derive(Clone, Debug)]
pub(super) struct Parts(Vec<(Scope, Part)>);

impl Parts {
    /// All parts of a way by a key. A key of the caller's own is not ours to let rest, nor is a model that
    /// nobody knows.
    pub fn new(engine: &str, model: Option<&str>, key: Option<(usize, &str, &str)>) -> Self {
        let mut parts = Vec::new();
        let engine = || engine.to_owned();
        if let Some(model) = model {
            let model = || model.to_owned();
            let (route, alone) = (engine(), model());
            parts.push((
                Scope::Route,
                Part::Route {
                    engine: route,
                    model: alone,
                },
            ));
            parts.push((Scope::Model, Part::Model { model: model() }));
            if let Some((_, project, _)) = key {
                let project = project.to_owned();
                parts.push((
                    Scope::ProjectModel,
                    Part::ProjectModel {
                        project,
                        model: model(),
                    },
                ));
            }
        }
        if let Some((key, project, account)) = key {
            let (project, account) = (project.to_owned(), account.to_owned());
            parts.push((
                Scope::Key,
                Part::Key {
                    engine: engine(),
                    key,
                },
            ));
            parts.push((Scope::Project, Part::Project { project }));
            parts.push((Scope::Account, Part::Account { account }));
        }
        Self(parts)
    }

    /// The part that a failure of this scope concerns.
    pub fn of(&self, scope: Scope) -> Option<&Part> {
        let part = self.0.iter().find(|(known, _)| *known == scope);
        part.map(|(_, part)| part)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Part> {
        self.0.iter().map(|(_, part)| part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn parts_rest_for_their_time() {
        let rests = Rests::default();
        let told = Arc::new(Failed::example());
        let one = Parts::new("e", Some("m"), Some((0, "p", "a")));
        let two = Parts::new("e", Some("n"), Some((0, "p", "a")));
        let now = SystemTime::UNIX_EPOCH;
        let by = || By {
            engine: "e".into(),
            key: 0,
        };
        let add = |scope, rest| rests.add(one.of(scope).unwrap().clone(), rest, by(), &told, now);
        assert!(rests.of(one.all()).is_none());
        add(Scope::ProjectModel, Rest::For(Duration::from_secs(5)));
        assert_eq!(rests.of(one.all()).unwrap().kind, Kind::Named);
        assert!(rests.of(two.all()).is_none());
        add(Scope::Project, Rest::UntilMidnightPacific);
        let resting = rests.of(two.all()).unwrap();
        assert_eq!(resting.kind, Kind::Day);
        // Midnight in winter is at 8 in the morning.
        assert_eq!(
            resting.until - Instant::now(),
            Duration::from_secs(8 * 3600)
        );
        add(Scope::Route, Rest::Unsaid);
        tokio::time::advance(Duration::from_secs(8 * 3600)).await;
        assert!(rests.of(one.all().chain(two.all())).is_none());
    }

    #[test]
    fn what_is_the_callers_does_not_rest() {
        let parts = Parts::new("e", None, None);
        assert_eq!(parts.all().count(), 0);
    }
}
