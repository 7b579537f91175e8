//! A lane whose limits several gateways keep to together: who has room here asks the store as well.
//!
//! While the store is away, a lane uses the part of the limits that it was admitted of late, and goes on
//! with that for a minute when the store is back, since that has not heard of it.

use super::{Lane, State, lock, meter::Beliefs};
use crate::gateway::fleet::{Answer, Fleet};
use propus_quota::{Limits, shared::SharedReservation};
use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};
use tokio::time::Instant;

/// So many admissions are remembered, to be taken back if the upstream refuses them.
const MOST_RECENT: usize = 64;
/// How long nothing is asked after the store has said that there is no room, at least.
const PAUSE: Duration = Duration::from_millis(10);

/// What a lane has in common with those of other gateways.
pub(super) struct Together {
    fleet: Arc<Fleet>,
    /// The name of what is told of the limits.
    limits: String,
    /// The version of the others' news that the lane has heard.
    heard: u64,
    recent: VecDeque<SharedReservation>,
    /// The part of what all were admitted that was admitted here.
    of_late: f64,
}

impl Together {
    fn new(fleet: &Arc<Fleet>, (project, model): &(String, String)) -> Self {
        Self {
            fleet: fleet.clone(),
            limits: format!("limits {project} {model}"),
            heard: 0,
            recent: VecDeque::new(),
            of_late: 1.0,
        }
    }

    fn remember(&mut self, reservation: SharedReservation) {
        if self.recent.len() == MOST_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(reservation);
    }

    /// The last admission does not count.
    fn forget_last(&mut self) {
        if let Some(last) = self.recent.pop_back() {
            // While the store is away the correction waits there.
            tokio::spawn(async move { last.cancel().await });
        }
    }
}

impl fmt::Debug for Together {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut together = f.debug_struct("Together");
        together.field("limits", &self.limits);
        together.finish_non_exhaustive()
    }
}

impl Lane {
    /// Whether a request that is counted here has room among those of all gateways; if not, it is not
    /// counted any more.
    pub(super) async fn is_agreed(&self, tokens: u64) -> bool {
        loop {
            let Some((fleet, (project, model), limits)) = self.question() else {
                return true;
            };
            // A prompt that is larger than the limit alone is the upstream's to refuse.
            let asked = tokens.min(limits.tpm.unwrap_or(u64::MAX));
            let answer = fleet.reserve((&project, &model), &limits, asked).await;
            if let Some(is_agreed) = lock(&self.0).answered(answer, tokens) {
                return is_agreed;
            }
        }
    }

    fn question(&self) -> Option<(Arc<Fleet>, (String, String), Limits)> {
        let state = lock(&self.0);
        let together = state.together.as_ref()?;
        let all = state.meter.limits_of_all(Instant::now());
        let limits = Limits {
            rpm: all.requests,
            tpm: all.tokens,
            ..Limits::UNLIMITED
        };
        Some((together.fleet.clone(), state.account.clone(), limits))
    }

    /// Lets the next one through for whom there is room with the others.
    pub(super) fn let_agreed_through(&self, tokens: u64) {
        let mut state = lock(&self.0);
        while let Some(next) = state.waiting.pop() {
            if next.go.send(()).is_ok() {
                return;
            }
        }
        state.meter.take_back(Instant::now(), tokens);
        if let Some(together) = &mut state.together {
            together.forget_last();
        }
    }

    /// Keeps to the limits together with others from now on, or no longer.
    pub(super) fn share(&self, fleet: Option<&Arc<Fleet>>) {
        let mut state = lock(&self.0);
        let known = state.together.as_ref().map(|together| &together.fleet);
        let is_known = known
            .zip(fleet)
            .is_some_and(|(one, other)| Arc::ptr_eq(one, other));
        if !is_known {
            state.together = fleet.map(|fleet| Together::new(fleet, &state.account));
        }
    }
}

impl State {
    /// What an answer comes to; none where it is to be asked again.
    fn answered(&mut self, answer: Answer, tokens: u64) -> Option<bool> {
        let now = Instant::now();
        let together = self.together.as_mut()?;
        match answer {
            Answer::Admitted(reservation, of_all) => {
                together.remember(reservation);
                together.of_late = part(self.meter.sent(now), of_all);
                Some(true)
            }
            Answer::Full(wait, limit) => {
                self.meter.take_back(now, tokens);
                if let Some(limit) = limit {
                    together.of_late = part(self.meter.sent(now), limit);
                }
                self.meter.shut_until(now + wait.max(PAUSE));
                Some(false)
            }
            Answer::News => {
                self.hear();
                self.meter.take_back(now, tokens);
                let has_room = self.meter.wait(now, 1, tokens).is_zero();
                if !has_room {
                    return Some(false);
                }
                self.meter.count(now, tokens);
                None
            }
            // It counts in the part that is left to this gateway.
            Answer::Away if self.meter.is_alone(now) => {
                self.meter.alone(now, together.of_late);
                Some(true)
            }
            Answer::Away => {
                self.meter.alone(now, together.of_late);
                self.meter.take_back(now, tokens);
                Some(false)
            }
        }
    }

    /// Learns what others have told since.
    pub(super) fn hear(&mut self) {
        let Some(together) = &mut self.together else {
            return;
        };
        let version = together.fleet.version();
        if std::mem::replace(&mut together.heard, version) == version || !self.learns {
            return;
        }
        let told = together.fleet.told(&together.limits);
        let beliefs = told.and_then(|note| serde_json::from_str::<Beliefs>(&note.text).ok());
        if let Some(beliefs) = beliefs {
            self.meter.hear(&together.fleet.moment(), beliefs);
        }
    }

    /// Tells the others what was learnt of a refusal, and that the refused request does not count.
    pub(super) fn tell_refusal(&mut self) {
        let Some(together) = &mut self.together else {
            return;
        };
        together.forget_last();
        let beliefs = self.meter.beliefs(&together.fleet.moment());
        if let Some((beliefs, lasts)) = beliefs.filter(|_| self.learns)
            && let Ok(text) = serde_json::to_string(&beliefs)
        {
            together.fleet.tell(together.limits.clone(), text, lasts);
        }
    }
}

fn part(own: u64, of_all: u64) -> f64 {
    (own as f64 / of_all.max(1) as f64).min(1.0)
}
