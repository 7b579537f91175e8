//! What is known of the store's being away, and what is kept until it is back.

use crate::shared::store::Ticket;
use redis::RedisError;
use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;

/// How many corrections are kept while the store is away; more are lost.
pub const MOST_KEPT: usize = 10_000;
/// The wait before the store is tried for the first time; the next waits are twice as long each.
/// Longer than [`TIMEOUT`](super::TIMEOUT), so that what was asked before the outage has failed by then.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest wait before the store is tried again.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Whether the store is asked.
#[derive(Clone, Debug, Default)]
pub enum State {
    /// It is; so it is before the first request, too.
    #[default]
    Connected,
    /// Not for now: it did not answer, or with this error. What it said may hold its address: for
    /// the log.
    Away(Outage),
}

/// The store did not answer, or with an error. What it said may hold its address: for the log.
#[derive(Clone, Debug)]
pub enum Outage {
    /// Not within its time, such as [`TIMEOUT`](super::TIMEOUT).
    Late,
    /// What the store or the connection to it said.
    Failed(RedisError),
    /// It was not asked, since it has not answered before.
    Away,
}

/// How many requests were answered how, since the beginning of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// By the store, be it with a refusal.
    pub by_store: u64,
    /// By this process alone, since the store was away.
    pub locally: u64,
    /// Refused because the store was away.
    pub outage: u64,
    /// Corrections that wait until the store is back.
    pub kept: u64,
    /// Corrections that were lost: the requests stay counted as they were.
    pub lost: u64,
}

/// A change of what was counted for an admission.
pub(super) struct Correction {
    pub ticket: Ticket,
    pub requests: i64,
    pub tokens: i64,
}

#[derive(Default)]
struct Kept {
    waiting: VecDeque<Correction>,
    /// Those that are being made.
    running: usize,
}

#[derive(Default)]
pub(super) struct Circuit {
    state: watch::Sender<State>,
    kept: Mutex<Kept>,
    pub by_store: AtomicU64,
    pub locally: AtomicU64,
    pub outage: AtomicU64,
    lost: AtomicU64,
}

impl Circuit {
    /// Whether the store may be asked.
    pub(super) fn check(&self) -> Result<(), Outage> {
        match *self.state.borrow() {
            State::Connected => Ok(()),
            State::Away(_) => Err(Outage::Away),
        }
    }

    pub(super) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub(super) fn watch(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Whether this was the first failure, so that somebody has to try when the store is back.
    pub(super) fn open(&self, outage: &Outage) -> bool {
        self.state.send_if_modified(|state| {
            let first = matches!(state, State::Connected);
            if first {
                *state = State::Away(outage.clone());
            }
            first
        })
    }

    pub(super) fn close(&self) {
        self.state.send_replace(State::Connected);
    }

    /// Keeps a correction if the store is away, or gives it back.
    pub(super) fn keep_while_away(&self, correction: Correction) -> Result<(), Correction> {
        // Under the lock: after the store came back, whoever looks into the queue finds it.
        let mut kept = self.kept();
        match self.check() {
            Ok(()) => Err(correction),
            Err(_) => {
                self.put(&mut kept, correction);
                Ok(())
            }
        }
    }

    /// Keeps a correction that has just failed, unless it may have been made and taking more away
    /// would admit too much.
    pub(super) fn keep_failed(&self, correction: Correction, outage: &Outage) {
        match outage.was_not_asked() || correction.only_adds() {
            true => self.put(&mut self.kept(), correction),
            false => self.lose(),
        }
    }

    /// The next correction to be made; [`Circuit::done`] follows.
    pub(super) fn next(&self) -> Option<Correction> {
        let mut kept = self.kept();
        let next = kept.waiting.pop_front()?;
        kept.running += 1;
        Some(next)
    }

    pub(super) fn done(&self) {
        self.kept().running -= 1;
    }

    fn put(&self, kept: &mut Kept, correction: Correction) {
        match kept.waiting.len() < MOST_KEPT {
            true => kept.waiting.push_back(correction),
            false => self.lose(),
        }
    }

    fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answers(&self) -> Answers {
        let kept = self.kept();
        let kept = (kept.waiting.len() + kept.running) as u64;
        Answers {
            kept,
            by_store: self.by_store.load(Ordering::Relaxed),
            locally: self.locally.load(Ordering::Relaxed),
            outage: self.outage.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
        }
    }
}

impl Correction {
    /// Whether making it twice can only refuse more.
    fn only_adds(&self) -> bool {
        self.requests >= 0 && self.tokens >= 0
    }
}

impl State {
    /// Whether the store is asked.
    pub fn is_connected(&self) -> bool {
        matches!(self, State::Connected)
    }
}

impl Outage {
    /// Whether the store has certainly done nothing.
    fn was_not_asked(&self) -> bool {
        match self {
            Outage::Late => false,
            Outage::Failed(error) => error.is_connection_refusal(),
            Outage::Away => true,
        }
    }
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outage::Late => f.write_str("the quota store did not answer in time"),
            Outage::Failed(_) => f.write_str("the quota store failed"),
            Outage::Away => f.write_str("the quota store is away"),
        }
    }
}

impl std::error::Error for Outage {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Outage::Failed(error) => Some(error),
            Outage::Late | Outage::Away => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correction(requests: i64, tokens: i64) -> Correction {
        let account = String::new();
        let (tick, day, mark) = (0, 0, 0);
        let ticket = Ticket {
            account,
            tick,
            day,
            mark,
            tokens: 10,
            requests: 1,
        };
        Correction {
            ticket,
            requests,
            tokens,
        }
    }

    #[test]
    fn corrections_are_kept_while_the_store_is_away_up_to_a_bound() {
        let circuit = Circuit::default();
        assert!(circuit.keep_while_away(correction(0, 1)).is_err());
        assert!(circuit.open(&Outage::Late));
        assert!(
            !circuit.open(&Outage::Late),
            "only the first failure counts"
        );
        for _ in 0..MOST_KEPT + 5 {
            assert!(circuit.keep_while_away(correction(-1, -10)).is_ok());
        }
        let answers = circuit.answers();
        assert_eq!((answers.kept, answers.lost), (MOST_KEPT as u64, 5));
        circuit.close();
        assert!(circuit.keep_while_away(correction(0, 1)).is_err());
        let mut made = 0;
        while circuit.next().is_some() {
            circuit.done();
            made += 1;
        }
        assert_eq!((made, circuit.answers().kept), (MOST_KEPT, 0));
    }

    #[test]
    fn a_failed_correction_is_kept_if_twice_can_only_refuse_more() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let (refused, broken) = (
            Outage::Failed(refused.into()),
            Outage::Failed(broken.into()),
        );
        let check = |requests, tokens, outage: &Outage, kept: bool| {
            let circuit = Circuit::default();
            circuit.keep_failed(correction(requests, tokens), outage);
            let answers = circuit.answers();
            let found = (answers.kept, answers.lost);
            assert_eq!(
                found,
                (u64::from(kept), u64::from(!kept)),
                "{tokens} {outage}"
            );
        };
        check(0, 5, &Outage::Late, true);
        check(0, 0, &broken, true);
        check(0, -5, &Outage::Late, false);
        check(-1, -10, &broken, false);
        check(-1, -10, &refused, true);
        check(-1, -10, &Outage::Away, true);
    }
}
