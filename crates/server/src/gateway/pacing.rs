//! Pacing: requests wait, just below the limit of their project and model, in place of failing.
//!
//! [`meter`] counts and knows the limits, [`believed`] is how far those hold that were learnt, and [`fair`]
//! keeps who waits in order; all are pure. A lane puts them together: while somebody waits, one task lets
//! the next one through as soon as there is room.

mod believed;
mod fair;
mod learn;
mod meter;
mod together;

pub(super) use learn::{Learnt, learnt};
pub(super) use meter::MINUTE;

use crate::gateway::{
    fleet::Fleet,
    same::Same,
    settings::{Known, Pacing},
};
use fair::Fair;
use meter::{Limits, Meter};
use propus_engines::google::Key;
use propus_failures::exhausted::{Tier, Unit};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use together::Together;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout_at},
};

/// All lanes, by project and model.
#[derive(Debug)]
pub(super) struct Lanes {
    settings: Pacing,
    lanes: Mutex<HashMap<(String, String), Arc<Lane>>>,
    fleet: Option<Arc<Fleet>>,
}

/// What waits for one project's quota of one model.
#[derive(Debug)]
pub(super) struct Lane(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Project and model, as they are called among several gateways.
    account: (String, String),
    /// Most that wait.
    queue: usize,
    /// Whether limits are learnt.
    learns: bool,
    meter: Meter,
    /// The tier that the upstream's refusals name.
    tier: Option<Tier>,
    waiting: Fair<Waiting>,
    /// Whether a task lets them through.
    served: bool,
    /// What the lane has in common with those of other gateways.
    together: Option<Together>,
}

#[derive(Debug)]
struct Waiting {
    tokens: u64,
    go: oneshot::Sender<()>,
}

/// What is to be done before the next one goes through.
enum Step {
    /// This time passes.
    Wait(Duration),
    /// Others are asked whether a request with so many tokens, which is counted here, has room.
    Ask(u64),
}

/// There is no room in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full {
    /// When there may be.
    pub wait: Duration,
    /// How long was waited for it in vain.
    pub waited: Duration,
    /// What is full.
    pub unit: Unit,
    /// The limit on it, per minute.
    pub limit: u64,
    /// The tier that the upstream has named, if it has refused anything.
    pub tier: Option<Tier>,
}

impl Lanes {
    pub fn new(settings: &Pacing) -> Self {
        Self {
            settings: settings.clone(),
            lanes: Mutex::default(),
            fleet: None,
        }
    }

    /// From now on lanes keep to their limits together with those of other gateways.
    pub fn share(&mut self, fleet: &Arc<Fleet>) {
        self.fleet = Some(fleet.clone());
    }

    /// The lane of a key's project and a model; none where nobody waits.
    pub fn lane(&self, key: &Key, model: &str) -> Option<Arc<Lane>> {
        if !self.settings.enabled {
            return None;
        }
        let mut lanes = lock(&self.lanes);
        let name = (key.project.clone(), model.to_owned());
        let lane = lanes
            .entry(name)
            .or_insert_with(|| Arc::new(self.new_lane(key, model)));
        Some(lane.clone())
    }

    /// Takes over the lanes of projects that have stayed, with those who wait in them.
    pub fn keep(&self, before: &Self, same: &Same) {
        if !self.settings.enabled {
            return;
        }
        let mut lanes = lock(&self.lanes);
        for ((project, model), lane) in lock(&before.lanes).iter() {
            if same.has_project(project) {
                lane.change(&self.settings, self.limits_of(model));
                lane.share(self.fleet.as_ref());
                lanes.insert((project.clone(), model.clone()), lane.clone());
            }
        }
    }

    fn limits_of(&self, model: &str) -> Limits {
        let limits = &self.settings.limits;
        let known = limits.get(model).or_else(|| limits.get("default"));
        Limits::of(known.copied().unwrap_or_default())
    }

    fn new_lane(&self, key: &Key, model: &str) -> Lane {
        let account = (key.project_among_servers(), model.to_owned());
        let lane = Lane(Mutex::new(State {
            account,
            queue: self.settings.queue,
            learns: self.settings.learn,
            meter: Meter::new(self.limits_of(model), self.settings.share),
            tier: None,
            waiting: Fair::default(),
            served: false,
            together: None,
        }));
        lane.share(self.fleet.as_ref());
        lane
    }
}

impl Limits {
    fn of(known: Known) -> Self {
        Self {
            requests: known.requests_per_minute.map(u64::from),
            tokens: known.input_tokens_per_minute,
        }
    }
}

impl Lane {
    /// Whether a request would go through at once.
    pub fn has_room(&self, tokens: u64) -> bool {
        let mut state = lock(&self.0);
        state.hear();
        state.waiting.is_empty() && state.meter.wait(Instant::now(), 1, tokens).is_zero()
    }

    /// Whether tokens are limited, so that it is worth to count them.
    pub fn counts_tokens(&self) -> bool {
        lock(&self.0).meter.counts_tokens()
    }

    /// Waits until the request may be sent, and counts it; gives the time that it stood in the queue. Says
    /// at once when that would be too late.
    pub async fn enter(
        self: &Arc<Self>,
        caller: &str,
        tokens: u64,
        until: Instant,
    ) -> Result<Duration, Full> {
        let mut go = loop {
            match self.queued(caller, tokens, until)? {
                Some(go) => break go,
                None if self.is_agreed(tokens).await => return Ok(Duration::ZERO),
                // There is no room by now.
                None => {}
            }
        };
        let began = Instant::now();
        match timeout_at(until, &mut go).await {
            Ok(Ok(())) => Ok(began.elapsed()),
            _ => {
                // It may have been let through just now; then it counts although it is not sent.
                go.close();
                let now = Instant::now();
                let full = lock(&self.0).full(now, tokens);
                let waited = now - began;
                Err(Full { waited, ..full })
            }
        }
    }

    /// The place in the queue; none where there is room, as far as is known here.
    fn queued(
        self: &Arc<Self>,
        caller: &str,
        tokens: u64,
        until: Instant,
    ) -> Result<Option<oneshot::Receiver<()>>, Full> {
        let now = Instant::now();
        let mut state = lock(&self.0);
        state.hear();
        if state.waiting.is_empty() && state.meter.wait(now, 1, tokens).is_zero() {
            state.meter.count(now, tokens);
            return Ok(None);
        }
        let ahead = state.waiting.len();
        let wait = state.meter.wait(now, ahead as u64 + 1, tokens);
        if ahead >= state.queue || now + wait >= until {
            let full = state.full(now, tokens);
            return Err(Full { wait, ..full });
        }
        let (go, gone) = oneshot::channel();
        state.waiting.push(caller, Waiting { tokens, go });
        if !std::mem::replace(&mut state.served, true) {
            tokio::spawn(self.clone().serve());
        }
        Ok(Some(gone))
    }

    /// Lets those through who wait, until nobody does.
    async fn serve(self: Arc<Self>) {
        while let Some(step) = self.step() {
            match step {
                Step::Wait(wait) => sleep(wait).await,
                Step::Ask(tokens) => {
                    if self.is_agreed(tokens).await {
                        self.let_agreed_through(tokens);
                    }
                }
            }
        }
    }

    /// Lets as many through as there is room for, and says what is to be done until there is more; none
    /// when nobody waits any more.
    fn step(&self) -> Option<Step> {
        let mut state = lock(&self.0);
        let state = &mut *state;
        loop {
            state.hear();
            state.waiting.drop_gone(|one| one.go.is_closed());
            let now = Instant::now();
            let Some(next) = state.waiting.next() else {
                state.served = false;
                return None;
            };
            let tokens = next.tokens;
            let wait = state.meter.wait(now, 1, tokens);
            if !wait.is_zero() {
                // Limits and rests may change meanwhile.
                return Some(Step::Wait(wait.min(Duration::from_secs(1))));
            }
            if state.together.is_some() {
                state.meter.count(now, tokens);
                return Some(Step::Ask(tokens));
            }
            let Some(next) = state.waiting.pop() else {
                continue;
            };
            if next.go.send(()).is_ok() {
                state.meter.count(now, next.tokens);
            }
        }
    }

    /// The upstream has refused a request for its quota, and may have said its limits.
    pub fn refused(&self, learnt: Learnt) {
        let now = Instant::now();
        let mut state = lock(&self.0);
        state.tier = learnt.tier.or(state.tier);
        state.meter.refused(now);
        if state.learns {
            state.meter.learn(now, learnt);
        }
        state.tell_refusal();
    }

    /// The upstream has served a request that was sent then.
    pub fn served(&self, sent: Instant) {
        lock(&self.0).meter.served(Instant::now(), sent);
    }

    /// Other settings.
    fn change(&self, settings: &Pacing, known: Limits) {
        let mut state = lock(&self.0);
        (state.queue, state.learns) = (settings.queue, settings.learn);
        state.meter.change(known, settings.share);
        if !settings.learn {
            state.meter.forget();
        }
    }

    /// How many wait.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        lock(&self.0).waiting.len()
    }
}

impl State {
    /// There is no room for a request.
    fn full(&mut self, now: Instant, tokens: u64) -> Full {
        let (unit, limit) = self.meter.fullest(now, tokens);
        Full {
            wait: Duration::ZERO,
            waited: Duration::ZERO,
            unit,
            limit,
            tier: self.tier,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(requests: u32) -> Arc<Lane> {
        let mut settings = Pacing::default();
        let known = Known {
            requests_per_minute: Some(requests),
            input_tokens_per_minute: None,
        };
        settings.limits.insert("m".into(), known);
        let key = Key::new(Some("k".into()), "p".into(), "a".into());
        Lanes::new(&settings).lane(&key, "m").unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_goes_beyond_the_limit_and_all_are_served() {
        let lane = lane(60);
        let start = Instant::now();
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..150 {
            let lane = lane.clone();
            calls.spawn(async move {
                let until = start + Duration::from_secs(200);
                lane.enter("a", 1, until).await.map(|_| Instant::now())
            });
        }
        let mut went: Vec<Instant> = Vec::new();
        while let Some(done) = calls.join_next().await {
            went.push(done.unwrap().unwrap());
        }
        went.sort();
        for (first, last) in went.iter().zip(went.iter().skip(60)) {
            assert!(*last - *first > Duration::from_secs(60));
        }
        let took = went[149] - start;
        assert!(took < Duration::from_secs(126), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_cannot_be_served_in_time_hears_it_at_once() {
        let lane = lane(1);
        let start = Instant::now();
        let until = start + Duration::from_secs(100);
        lane.enter("a", 1, until).await.unwrap();
        let waits = tokio::spawn({
            let lane = lane.clone();
            async move { lane.enter("a", 1, until).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(lane.waiting(), 1);
        let full = lane.enter("a", 1, until).await.unwrap_err();
        assert!(full.wait > Duration::from_secs(100) && full.limit == 1);
        assert_eq!(Instant::now(), start);
        waits.await.unwrap().unwrap();
        assert!(Instant::now() - start < Duration::from_secs(62));
    }

    #[tokio::test(start_paused = true)]
    async fn who_left_takes_no_place() {
        let lane = lane(1);
        let until = Instant::now() + Duration::from_secs(500);
        lane.enter("a", 1, until).await.unwrap();
        for _ in 0..3 {
            let gone = lane.enter("a", 1, until);
            let left = tokio::time::timeout(Duration::from_secs(1), gone).await;
            assert!(left.is_err());
        }
        let start = Instant::now();
        lane.enter("b", 1, until).await.unwrap();
        assert!(Instant::now() - start < Duration::from_secs(62));
    }
}
