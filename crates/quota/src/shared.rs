//! The same counts for several processes, in a Valkey or Redis that they share.
//!
//! Each question is one Lua script, so that it is answered and counted at once; times are passed
//! in here too, and the rules are those of [`crate::ledger`].
//!
//! # When the store is away
//!
//! The store is asked for at most [`TIMEOUT`]. After the first failure it is *away*: requests are
//! answered at once as [`OnOutage`] says, while one task tries the store again after 0.25 seconds
//! and then after twice as long each time, up to 5 seconds. [`Shared::watch`] tells when that
//! changes, [`Shared::answers`] how many requests it concerned.
//!
//! - With [`OnOutage::CountLocally`] a process also counts for itself what the store admits for it,
//!   and holds itself to that count always. So it begins an outage with what it was admitted in the
//!   minute and the day, and a process that is alone never gets a limit twice, neither when the
//!   store goes nor when it comes back. Of *other* processes it knows nothing: in an outage each
//!   may use the whole limit, and the store never learns what was admitted meanwhile.
//! - An answer that came too late may have been counted all the same. Such a request then counts
//!   in the store although it was refused, or counted locally.
//! - What is settled or cancelled meanwhile is kept, up to [`MOST_KEPT`] corrections, and made one
//!   by one when the store is back, as far as it still counts. Lost are those beyond, and those
//!   that take something away and may already have been made before the answer was lost: in doubt
//!   more counts, never less. What is kept ends with the process.
//! - A store that comes back empty has forgotten its counts.

mod board;
mod outage;
mod store;

pub use board::{Informed, News, Note};
pub use outage::{Answers, MOST_KEPT, Outage, State};

use crate::{
    account::{MOST_TOKENS, Now},
    ledger::{Ledger, Reservation},
    limits::Limits,
    refused::Refused,
};
use outage::{Circuit, Correction, FIRST_PAUSE, LONGEST_PAUSE};
use redis::RedisError;
use std::{
    fmt,
    sync::{Arc, Weak, atomic::Ordering},
    time::{Duration, SystemTime},
};
use store::{MINUTE, Question, Store, Ticket};
use tokio::sync::watch;

/// How long the store may take to answer.
pub const TIMEOUT: Duration = Duration::from_millis(200);

/// What happens to requests while the store does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnOutage {
    /// They are refused.
    Refuse,
    /// Each process counts by itself. The limits then hold for each process, not for all together.
    #[default]
    CountLocally,
}

/// Counts in a shared store; clones share the connection.
#[derive(Clone)]
pub struct Shared {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    circuit: Circuit,
    /// What this process was admitted, by the store and without.
    local: Option<Ledger>,
}

/// Why a request was not admitted.
#[derive(Debug)]
pub enum Denied {
    /// By a limit.
    Refused(Refused),
    /// By [`OnOutage::Refuse`].
    Outage(Outage),
}

/// A request that was admitted and counts. Dropped, it stays counted with its estimate.
#[must_use = "settle it with the actual tokens, or cancel it"]
pub struct SharedReservation {
    local: Option<Reservation>,
    stored: Option<(Arc<Inner>, Ticket)>,
}

impl Shared {
    /// Counts in the store of an address such as `redis://127.0.0.1:6379/`. It connects with the
    /// first request, and again after an outage. Needs a Tokio runtime around it, which lives as
    /// long.
    pub fn new(address: &str, on_outage: OnOutage) -> Result<Shared, RedisError> {
        let local = (on_outage == OnOutage::CountLocally).then(Ledger::new);
        Ok(Self::over(Store::new(address, TIMEOUT, MINUTE)?, local))
    }

    fn over(store: Store, local: Option<Ledger>) -> Self {
        let inner = Inner {
            store,
            circuit: Circuit::default(),
            local,
        };
        Shared {
            inner: Arc::new(inner),
        }
    }

    /// As [`Ledger::reserve`].
    pub async fn reserve(
        &self,
        now: SystemTime,
        project: &str,
        model: &str,
        limits: &Limits,
        input_tokens: u64,
    ) -> Result<SharedReservation, Denied> {
        let question = Question {
            now: Now::of(now),
            project,
            model,
            limits,
            tokens: input_tokens,
        };
        let locally = |local: &Ledger| local.reserve(now, project, model, limits, input_tokens);
        match (self.ask(question).await, &self.inner.local) {
            (Ok(Ok(ticket)), None) => Ok(self.admitted(None, ticket)),
            (Ok(Ok(ticket)), Some(local)) => match locally(local) {
                Ok(reservation) => Ok(self.admitted(Some(reservation), ticket)),
                Err(refused) => {
                    // In an outage, more was admitted here than the store knows. If it cannot take
                    // the request out again, it stays counted.
                    let _ = self.admitted(None, ticket).cancel().await;
                    Err(Denied::Refused(refused))
                }
            },
            (Ok(Err(refused)), local) => {
                // So that both see the same times.
                if let Some(local) = local {
                    local.usage(now, project, model);
                }
                Err(Denied::Refused(refused))
            }
            (Err(outage), None) => {
                self.inner.circuit.outage.fetch_add(1, Ordering::Relaxed);
                Err(Denied::Outage(outage))
            }
            (Err(_), Some(local)) => {
                self.inner.circuit.locally.fetch_add(1, Ordering::Relaxed);
                let local = Some(locally(local).map_err(Denied::Refused)?);
                let stored = None;
                Ok(SharedReservation { local, stored })
            }
        }
    }

    async fn ask(&self, question: Question<'_>) -> Result<Result<Ticket, Refused>, Outage> {
        self.inner.circuit.check()?;
        let answer = self.inner.store.reserve(question).await;
        match &answer {
            Ok(_) => _ = self.inner.circuit.by_store.fetch_add(1, Ordering::Relaxed),
            Err(outage) => self.inner.failed(outage),
        }
        answer
    }

    fn admitted(&self, local: Option<Reservation>, ticket: Ticket) -> SharedReservation {
        let stored = Some((self.inner.clone(), ticket));
        SharedReservation { local, stored }
    }

    /// Whether the store is asked, or why not.
    pub fn state(&self) -> State {
        self.inner.circuit.state()
    }

    /// Whether the store is asked.
    pub fn is_connected(&self) -> bool {
        self.inner.circuit.check().is_ok()
    }

    /// Tells each change of [`Shared::state`], and ends when all clones are dropped.
    pub fn watch(&self) -> watch::Receiver<State> {
        self.inner.circuit.watch()
    }

    /// How many requests were answered how.
    pub fn answers(&self) -> Answers {
        self.inner.circuit.answers()
    }
}

impl SharedReservation {
    /// As [`Reservation::settle`]. While the store is away, the correction waits; an error says
    /// that the store failed just now, and the correction waits or was lost.
    pub async fn settle(self, actual_input_tokens: u64) -> Result<(), Outage> {
        if let Some(local) = self.local {
            local.settle(actual_input_tokens);
        }
        let Some((inner, ticket)) = self.stored else {
            return Ok(());
        };
        let actual = actual_input_tokens.min(MOST_TOKENS) as i64;
        let (requests, tokens) = (0, actual - ticket.tokens as i64);
        let correction = Correction {
            ticket,
            requests,
            tokens,
        };
        inner.correct(correction).await
    }

    /// As [`Reservation::cancel`]. While the store is away, the correction waits; an error says
    /// that the store failed just now, and the correction waits or was lost.
    pub async fn cancel(self) -> Result<(), Outage> {
        if let Some(local) = self.local {
            local.cancel();
        }
        let Some((inner, ticket)) = self.stored else {
            return Ok(());
        };
        let (requests, tokens) = (-1, -(ticket.tokens as i64));
        let correction = Correction {
            ticket,
            requests,
            tokens,
        };
        inner.correct(correction).await
    }
}

impl Inner {
    /// From now on nobody waits for the store, until one task found it again.
    fn failed(self: &Arc<Inner>, outage: &Outage) {
        if self.circuit.open(outage) {
            tokio::spawn(recover(Arc::downgrade(self)));
        }
    }

    async fn correct(self: &Arc<Inner>, correction: Correction) -> Result<(), Outage> {
        let Err(correction) = self.circuit.keep_while_away(correction) else {
            return Ok(());
        };
        let answer = self.store.correct(&correction).await;
        if let Err(outage) = &answer {
            self.failed(outage);
            self.circuit.keep_failed(correction, outage);
        }
        answer
    }

    /// Makes the corrections that were kept. One that fails begins the next outage.
    async fn catch_up(self: &Arc<Inner>) {
        while let Some(correction) = self.circuit.next() {
            let answer = self.correct(correction).await;
            self.circuit.done();
            if answer.is_err() {
                return;
            }
        }
    }
}

/// Tries the store until it answers, or until nobody is left to ask it.
async fn recover(inner: Weak<Inner>) {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        let Some(inner) = inner.upgrade() else { return };
        if inner.store.probe().await.is_ok() {
            inner.circuit.close();
            return inner.catch_up().await;
        }
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::Refused(refused) => refused.fmt(f),
            Denied::Outage(outage) => outage.fmt(f),
        }
    }
}

impl std::error::Error for Denied {}
