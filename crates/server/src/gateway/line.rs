//! What all calls of one route share: its breaker, its budget for repetitions, and who waits for it.

use crate::gateway::breaker::Breaker;
use propus_failures::recovery::{Budget, Policy, Share};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering::Relaxed},
};
use tokio::time::Instant;

/// The health of an engine's model, and what repetitions may cost it.
#[derive(Debug)]
pub(super) struct Line {
    breaker: Arc<Mutex<Breaker>>,
    /// What the policy gives for repetitions.
    share: Option<Share>,
    saved: Option<Mutex<Saved>>,
}

#[derive(Debug)]
struct Saved {
    budget: Budget,
    at: Instant,
}

/// How it stands with a route at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RouteNow {
    /// Its name in the configuration, with the number of the key where there are several.
    pub name: String,
    /// How many requests wait for its quota.
    pub waiting: usize,
    /// Whether it is left out for one of its models, since it failed too often.
    pub is_open: bool,
}

/// How many requests wait for a route's quota.
#[derive(Debug, Default)]
pub(super) struct Queue(AtomicUsize);

/// A place in a queue, given up when it is dropped.
pub(super) struct Place(Arc<Queue>);

impl Queue {
    /// A place for a request that may have to wait.
    pub fn place(self: &Arc<Self>) -> Place {
        self.0.fetch_add(1, Relaxed);
        Place(self.clone())
    }

    /// How many places are taken.
    pub fn waiting(&self) -> usize {
        self.0.load(Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

impl Line {
    pub fn new(policy: &Policy) -> Self {
        let saved = |share| {
            Mutex::new(Saved {
                budget: Budget::new(share),
                at: Instant::now(),
            })
        };
        Self {
            breaker: Arc::default(),
            share: policy.budget,
            saved: policy.budget.map(saved),
        }
    }

    /// The same route under a policy, which may give it another budget.
    pub fn under(self: &Arc<Self>, policy: &Policy) -> Arc<Self> {
        if self.share == policy.budget {
            return self.clone();
        }
        let breaker = self.breaker.clone();
        Arc::new(Self {
            breaker,
            ..Self::new(policy)
        })
    }

    /// Whether the breaker lets a call through.
    pub fn is_closed(&self) -> bool {
        lock(&self.breaker).allows(Instant::now())
    }

    /// A call goes this way.
    pub fn enter(&self) {
        lock(&self.breaker).enter(Instant::now());
    }

    /// Whether the breaker leaves the route out, but for a call that tries it.
    pub fn is_open(&self) -> bool {
        lock(&self.breaker).is_open()
    }

    /// The route has served; says whether it was left out.
    pub fn served(&self) -> bool {
        lock(&self.breaker).served()
    }

    /// The route has failed; says whether it is left out from now on.
    pub fn failed(&self) -> bool {
        lock(&self.breaker).failed(Instant::now())
    }

    /// A call was made for the first time.
    pub fn deposit(&self) {
        if let Some(saved) = &self.saved {
            let mut saved = lock(saved);
            let now = Instant::now();
            let passed = now - saved.at;
            saved.at = now;
            saved.budget.refill(passed);
            saved.budget.deposit();
        }
    }

    /// What the budget has now.
    pub fn budget(&self) -> Option<Budget> {
        self.saved.as_ref().map(|saved| lock(saved).budget.clone())
    }

    /// Pays for a repetition.
    pub fn withdraw(&self) -> bool {
        self.saved
            .as_ref()
            .is_none_or(|saved| lock(saved).budget.withdraw())
    }

    /// Whether a repetition could be paid for.
    pub fn can_pay(&self) -> bool {
        self.saved
            .as_ref()
            .is_none_or(|saved| lock(saved).budget.allows())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
