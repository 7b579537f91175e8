//! Where requests and tokens are counted: in this process, or in a store that several share.

use super::refusal::Denied;
use propus_quota::{
    Ledger, Limits, Reservation, Usage,
    shared::{Shared, SharedReservation},
};
use std::time::SystemTime;

/// Who counts.
pub enum Counts {
    /// This process.
    Own(Ledger),
    /// A Valkey or Redis.
    Shared(Shared),
}

/// One request that counts. Dropped, it stays counted with its estimate.
pub(super) enum Counted {
    Own(Reservation),
    Shared(SharedReservation),
}

impl Default for Counts {
    fn default() -> Self {
        Self::Own(Ledger::new())
    }
}

impl Counts {
    pub(super) async fn reserve(
        &self,
        now: SystemTime,
        project: &str,
        model: &str,
        limits: &Limits,
        tokens: u64,
    ) -> Result<Counted, Denied> {
        Ok(match self {
            Self::Own(ledger) => Counted::Own(ledger.reserve(now, project, model, limits, tokens)?),
            Self::Shared(shared) => {
                let reserved = shared.reserve(now, project, model, limits, tokens);
                Counted::Shared(reserved.await?)
            }
        })
    }

    /// What was used, as far as this process knows: of a shared store nothing.
    pub(super) fn used(&self, now: SystemTime, project: &str, model: &str) -> Usage {
        match self {
            Self::Own(ledger) => ledger.usage(now, project, model),
            Self::Shared(_) => Usage::default(),
        }
    }

    pub(super) fn models_of(&self, project: &str) -> Vec<String> {
        let Self::Own(ledger) = self else {
            return Vec::new();
        };
        let accounts = ledger.snapshot().accounts.into_iter();
        let own = accounts.filter(|account| account.project == project);
        own.map(|account| account.model).collect()
    }
}

impl Counted {
    /// Counts what the request really had.
    pub(super) async fn settle(self, tokens: u64) {
        match self {
            Self::Own(reservation) => reservation.settle(tokens),
            // Where the store is away the correction waits there; the state's watcher logs it.
            Self::Shared(reservation) => _ = reservation.settle(tokens).await,
        }
    }

    /// Takes the request out of all counts.
    pub(super) async fn cancel(self) {
        match self {
            Self::Own(reservation) => reservation.cancel(),
            Self::Shared(reservation) => _ = reservation.cancel().await,
        }
    }
}
