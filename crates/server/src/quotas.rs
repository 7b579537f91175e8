//! Quotas: what a project may ask of a model, by its tier.
//!
//! A call is counted before it is worked on, with the tokens of its prompt, and settled with what the
//! reply says. What is refused or fails before its first chunk counts nowhere. Counting tokens costs
//! nothing, as with Google.

use crate::{
    accounts::{Project, Tier},
    app::App,
};
use futures::StreamExt;
use propus_engines::Chunks;
use propus_failures::{
    Problem,
    exhausted::{self, Exhausted, Exhaustion, Quota},
};
use propus_quota::{
    Ledger, LimitTable, Limits, Profile, Refused, Reservation, Snapshot, Unit, Usage, Window,
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::MissedTickBehavior;

/// What Google's errors say of a limit that no wait helps against: some seconds all the same (seen in
/// public error reports).
const NO_WAIT_HELPS: Duration = Duration::from_secs(60);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A call that generates.
    Generate,
    /// A text that is embedded; each text of a batch counts.
    Embed,
}

/// The limits, and what was used of them.
pub struct Quotas {
    /// The limits of the tiers.
    pub table: LimitTable,
    /// Whose numbers count.
    pub profile: Profile,
    /// What was used.
    pub ledger: Ledger,
}

impl Quotas {
    /// Google's newest public limits, of which nothing was used yet.
    pub fn new() -> Self {
        Self {
            table: LimitTable::builtin().clone(),
            profile: Profile::Current,
            ledger: Ledger::new(),
        }
    }

    /// The limits of a project's model.
    pub fn limits(&self, project: &Project, model: &str) -> Limits {
        self.table.limits_of(self.profile, &project.plan, model)
    }

    /// What a project has used of a model.
    pub fn used(&self, now: SystemTime, project: &Project, model: &str) -> Usage {
        self.ledger.usage(now, &project.number.to_string(), model)
    }

    /// The models of which a project has used something that still counts.
    pub fn models_of(&self, project: &Project) -> Vec<String> {
        let number = project.number.to_string();
        let accounts = self.ledger.snapshot().accounts.into_iter();
        let own = accounts.filter(|account| account.project == number);
        own.map(|account| account.model).collect()
    }

    /// Counts calls with the tokens of each, all or none.
    pub fn reserve(
        &self,
        now: SystemTime,
        project: &Project,
        model: &str,
        work: Work,
        tokens: &[u64],
    ) -> Result<Vec<Reservation>, Problem> {
        let limits = self.limits(project, model);
        let number = project.number.to_string();
        let mut reserved = Vec::with_capacity(tokens.len());
        for tokens in tokens {
            match self.ledger.reserve(now, &number, model, &limits, *tokens) {
                Ok(reservation) => reserved.push(reservation),
                Err(refused) => {
                    reserved.into_iter().for_each(Reservation::cancel);
                    return Err(problem(&refused, project.plan.tier, model, work));
                }
            }
        }
        Ok(reserved)
    }
}

impl Default for Quotas {
    fn default() -> Self {
        Self::new()
    }
}

/// How often what was used is written down: a crash forgets at most what came after the last time.
const SAVED: Duration = Duration::from_secs(1);

/// Writes down what was used, again and again. Without accounts there is nobody to count.
pub async fn keep(app: Arc<App>) {
    let mut tick = tokio::time::interval(SAVED);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = None;
    loop {
        tick.tick().await;
        let Some(quotas) = &app.quotas else { return };
        let snapshot = quotas.ledger.snapshot();
        if last.as_ref() == Some(&snapshot) {
            continue;
        }
        let saving = app.clone();
        let work = tokio::task::spawn_blocking(move || {
            save(&saving, &snapshot);
            snapshot
        });
        last = work.await.ok();
    }
}

/// Writes down what was used, at the end.
pub fn save_now(app: &App) {
    if let Some(quotas) = &app.quotas {
        save(app, &quotas.ledger.snapshot());
    }
}

fn save(app: &App, snapshot: &Snapshot) {
    let Some(accounts) = &app.accounts else {
        return;
    };
    if let Err(error) = accounts.save_counters(snapshot) {
        tracing::warn!("what was used of the quotas could not be written down: {error}");
    }
}

/// Settles a call by the usage that its last chunk tells.
pub fn settled(mut chunks: Chunks, reserved: Vec<Reservation>) -> Chunks {
    if reserved.is_empty() {
        return chunks;
    }
    async_stream::stream! {
        let mut tokens = None;
        // Dropped before its end, a call counts with its estimate.
        while let Some(chunk) = chunks.next().await {
            if let Ok(chunk) = &chunk {
                let usage = chunk.usage_metadata.as_ref();
                tokens = usage.and_then(|usage| usage.prompt_token_count).or(tokens);
            }
            yield chunk;
        }
        if let Some(tokens) = tokens {
            for reservation in reserved {
                reservation.settle(u64::from(tokens.unsigned_abs()));
            }
        }
    }
    .boxed()
}

/// The 429 that lists all exhausted limits, with the true wait.
fn problem(refused: &Refused, tier: Tier, model: &str, work: Work) -> Problem {
    let tier = match tier {
        Tier::Free => exhausted::Tier::Free,
        Tier::Tier1 => exhausted::Tier::Paid,
        Tier::Tier2 => exhausted::Tier::Paid2,
        Tier::Tier3 => exhausted::Tier::Paid3,
    };
    let limits = refused.exhausted.iter().map(|limit| {
        let unit = match (limit.unit, work) {
            (Unit::Tokens, _) => exhausted::Unit::InputTokens,
            (Unit::Requests, Work::Generate) => exhausted::Unit::Requests,
            (Unit::Requests, Work::Embed) => exhausted::Unit::Embeds,
        };
        let window = match limit.window {
            Window::Minute => exhausted::Window::Minute,
            Window::Day => exhausted::Window::Day,
        };
        Exhausted::of_model(Quota::new(tier, unit, window), model, limit.limit)
    });
    let wait = match refused.wait() {
        Duration::MAX => NO_WAIT_HELPS,
        // RetryInfo has whole seconds and leaves out the rest: rounded up, who waits so long is admitted.
        wait => Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
    };
    Exhaustion {
        limits: limits.collect(),
        retry_after: wait,
    }
    .problem()
}
