//! Quotas: what a project may ask of a model, by its tier, and what it may spend.
//!
//! A call is counted before it is worked on, with the tokens of its prompt and what its answer may cost,
//! and settled with what the reply says. What is refused or fails before its first chunk counts
//! nowhere. Counting tokens costs nothing, as with Google.

mod counts;
mod refusal;
mod reserved;
mod room;
mod saved;

pub use counts::Counts;
pub use reserved::{Reserved, tokens};
pub use saved::{keep, save_now};

use crate::{
    accounts::{Project, Tier},
    app::App,
};
use propus_failures::Problem;
use propus_quota::{
    LimitTable, Limits, PriceTable, Profile, Spend, SpendLimits, Usage, shared, spend::Spending,
};
use std::{sync::Arc, time::SystemTime};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A call that generates.
    Generate,
    /// A text that is embedded; each text of a batch counts.
    Embed,
}

/// What one text is expected to need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needed {
    /// Tokens of the prompt.
    pub input: u64,
    /// Most tokens of all answers, where the request says it.
    pub output: Option<u64>,
}

/// The limits and prices, and what was used of them.
pub struct Quotas {
    /// The limits of the tiers.
    pub table: LimitTable,
    /// Whose numbers count.
    pub profile: Profile,
    /// What was asked: requests and tokens.
    pub counts: Counts,
    /// What models cost, and what tiers may spend.
    pub prices: PriceTable,
    /// What was spent, on this server.
    pub spend: Spend,
}

impl Quotas {
    /// Google's newest public limits and prices, of which nothing was used yet.
    pub fn new() -> Self {
        Self {
            table: LimitTable::builtin().clone(),
            profile: Profile::Current,
            counts: Counts::default(),
            prices: PriceTable::builtin().clone(),
            spend: Spend::new(),
        }
    }

    /// The limits of a project's model.
    pub fn limits(&self, project: &Project, model: &str) -> Limits {
        self.table.limits_of(self.profile, &project.plan, model)
    }

    /// Whether the store that counts for several servers answers; `None` where this one counts alone.
    pub fn store_answers(&self) -> Option<bool> {
        match &self.counts {
            Counts::Own(_) => None,
            Counts::Shared(shared) => Some(shared.is_connected()),
        }
    }

    /// What a project may spend. The free tier costs nothing.
    pub fn spend_limits(&self, project: &Project) -> SpendLimits {
        SpendLimits {
            credit: project.credit,
            project_month: project.spend_cap,
            ..self.prices.spend_limits(project.plan.tier)
        }
    }

    /// What a project has used of a model, as far as this server knows.
    pub fn used(&self, now: SystemTime, project: &Project, model: &str) -> Usage {
        self.counts.used(now, &name(project), model)
    }

    /// What a project has spent on this server.
    pub fn spending(&self, now: SystemTime, project: &Project) -> Spending {
        self.spend.spending(now, &name(project))
    }

    /// The models of which a project has used something that still counts.
    pub fn models_of(&self, project: &Project) -> Vec<String> {
        self.counts.models_of(&name(project))
    }

    /// Counts texts with what each needs, all or none: first money, which concerns all models, then
    /// requests and tokens.
    pub async fn reserve(
        &self,
        now: SystemTime,
        project: &Project,
        model: &str,
        work: Work,
        needed: &[Needed],
    ) -> Result<Reserved, Problem> {
        let mut reserved = Reserved::default();
        let done = self.fill(&mut reserved, now, project, model, needed);
        match done.await {
            Ok(()) => Ok(reserved),
            Err(denied) => {
                reserved.cancel().await;
                Err(denied.problem(project.plan.tier, model, work))
            }
        }
    }

    async fn fill(
        &self,
        reserved: &mut Reserved,
        now: SystemTime,
        project: &Project,
        model: &str,
        needed: &[Needed],
    ) -> Result<(), refusal::Denied> {
        let number = name(project);
        if let Some(price) = self.prices.price(model).filter(|_| is_billed(project)) {
            let limits = self.spend_limits(project);
            for needed in needed {
                let estimate = price.estimate(needed.input, needed.output);
                let money = self.spend.reserve(now, &number, &limits, estimate)?;
                reserved.money.push(money);
            }
            reserved.price = Some(*price);
        }
        let limits = self.limits(project, model);
        for needed in needed {
            let counted = self
                .counts
                .reserve(now, &number, model, &limits, needed.input);
            reserved.counted.push(counted.await?);
        }
        Ok(())
    }
}

impl Default for Quotas {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether calls cost something.
fn is_billed(project: &Project) -> bool {
    project.plan.tier > Tier::Free || project.credit.is_some()
}

/// Under which name a project is counted.
fn name(project: &Project) -> String {
    project.number.to_string()
}

/// Logs when the store of the counts goes away and comes back. Ends where there is none.
pub async fn watch(app: Arc<App>) {
    let Some(Quotas {
        counts: Counts::Shared(shared),
        ..
    }) = &app.quotas
    else {
        return;
    };
    let mut states = shared.watch();
    while states.changed().await.is_ok() {
        match states.borrow_and_update().clone() {
            shared::State::Connected => tracing::info!("the quota store answers again"),
            // What the store said may hold its address, with a password.
            shared::State::Away(outage) => tracing::warn!("the quota store is away: {outage}"),
        }
    }
}
