//! Writing down what was used, so that a restart forgets nothing.

use super::{Counts, Quotas};
use crate::app::App;
use propus_quota::{Snapshot, spend::SpendSnapshot};
use std::{sync::Arc, time::Duration};
use tokio::time::MissedTickBehavior;

/// How often: a crash forgets at most what came after the last time.
const SAVED: Duration = Duration::from_secs(1);

/// Writes down what was used, again and again. Without accounts there is nobody to count.
pub async fn keep(app: Arc<App>) {
    let mut tick = tokio::time::interval(SAVED);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = None;
    loop {
        tick.tick().await;
        let Some(quotas) = &app.quotas else { return };
        let used = used(quotas);
        if last.as_ref() == Some(&used) {
            continue;
        }
        let saving = app.clone();
        let work = tokio::task::spawn_blocking(move || {
            save(&saving, &used);
            used
        });
        last = work.await.ok();
    }
}

/// Writes down what was used, at the end.
pub fn save_now(app: &App) {
    if let Some(quotas) = &app.quotas {
        save(app, &used(quotas));
    }
}

/// What a shared store counts, it keeps itself.
fn used(quotas: &Quotas) -> (Option<Snapshot>, SpendSnapshot) {
    let counts = match &quotas.counts {
        Counts::Own(ledger) => Some(ledger.snapshot()),
        Counts::Shared(_) => None,
    };
    (counts, quotas.spend.snapshot())
}

fn save(app: &App, (counts, spent): &(Option<Snapshot>, SpendSnapshot)) {
    let Some(accounts) = &app.accounts else {
        return;
    };
    if let Err(error) = accounts.save_used(counts.as_ref(), spent) {
        tracing::warn!("what was used of the quotas could not be written down: {error}");
    }
}
