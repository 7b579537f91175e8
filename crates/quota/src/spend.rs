//! Who spent how much, in memory, for one process.
//!
//! Google limits money besides requests and tokens, for all models of a project together: prepaid
//! credit, a cap by month, and, since 2026, what is spent in ten minutes. Each refusal is a 429 of
//! its own. Here, as in the [`ledger`](crate::ledger), an estimate is reserved before a request is
//! worked on and settled with what it really cost; a refused request counts nowhere, and a
//! reservation never takes a limit further than it allows, however many threads ask.
//!
//! ```
//! use propus_quota::{Money, PriceTable, Spend, Tier, prices::Tokens, spend::SpendLimit};
//! use std::time::SystemTime;
//!
//! let table = PriceTable::builtin();
//! let price = table.price("gemini-2.5-pro").unwrap();
//! let mut limits = table.spend_limits(Tier::Tier1);
//! limits.credit = Some(Money::dollars(1));
//!
//! let (spend, now) = (Spend::new(), SystemTime::UNIX_EPOCH);
//! let estimate = price.estimate(100_000, Some(65_536));
//! let reservation = spend.reserve(now, "my-project", &limits, estimate).unwrap();
//! let used = Tokens { input: 100_003, cached: 0, output: 1_200 };
//! reservation.settle(price.cost(&used));
//! assert_eq!(spend.spending(now, "my-project").month.to_string(), "0.13700375");
//!
//! limits.credit = Some("0.13".parse().unwrap());
//! let refused = spend.reserve(now, "my-project", &limits, estimate).unwrap_err();
//! assert_eq!(refused.reached[0].limit, SpendLimit::Credit);
//! ```
//!
//! # What is counted
//!
//! - *Ten minutes* are any 600 seconds, in a log of seconds: what was spent counts for at most 601
//!   seconds. Google says rolling, and not how finely.
//! - *Months* begin on the 1st at midnight Pacific time. Google says the 1st; the zone is ours, as of
//!   the daily limits.
//! - *Credit* is all that was bought since prepayment began, and the sum of all that was reserved
//!   under it since then is kept. A project without it spends none. Expiry is for the caller: Google's
//!   credit ends after 12 months.
//! - A limit that is reached refuses everything, even what costs nothing. Google's caps are seen up
//!   to 10 minutes late and can be overshot; ours only by what is settled above its estimate.
//! - The cap of a billing account holds for each project by itself. Google's stops all projects of
//!   the account together; whoever wants that counts them under one name.
//!
//! Times may be unsteady or set back as in the [`ledger`](crate::ledger). A project takes some 250
//! bytes and up to 10 KiB for the log of its last 600 seconds. One in which nothing counts any more is
//! forgotten; spent credit always counts.

mod purse;

use crate::{account::Now, money::Money};
use hashbrown::HashMap;
use purse::{Purse, Ticket};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    hash::BuildHasher,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

const SHARDS: u64 = 16;
/// How often a shard looks for idle projects, in milliseconds.
const SWEEP: u64 = 3_600_000;

/// What a project may spend. `None` is no such limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpendLimits {
    /// All credit that was bought in advance, top-ups added; `None` is paid afterwards.
    pub credit: Option<Money>,
    /// In a month, by the cap that the project's owner has set.
    pub project_month: Option<Money>,
    /// In a month, by the cap of the billing account's tier.
    pub account_month: Option<Money>,
    /// In any ten minutes.
    pub ten_minutes: Option<Money>,
}

impl SpendLimits {
    /// No limit at all.
    pub const UNLIMITED: SpendLimits = SpendLimits {
        credit: None,
        project_month: None,
        account_month: None,
        ten_minutes: None,
    };
}

/// Which limit of [`SpendLimits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SpendLimit {
    /// The prepaid credit.
    Credit,
    /// The project's cap by month.
    ProjectMonth,
    /// The billing account's cap by month.
    AccountMonth,
    /// The limit of ten minutes.
    TenMinutes,
}

/// One limit that leaves no room for the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Which one.
    pub limit: SpendLimit,
    /// How much it allows.
    pub allowed: Money,
    /// How much of it is spent, with what is reserved; more than it allows where a request cost more
    /// than was reserved.
    pub spent: Money,
    /// What the request was estimated at.
    pub asked: Money,
    /// How long until this limit leaves room for the same request, if nothing else is admitted;
    /// [`Duration::MAX`] where it never will: credit is spent until more is bought, and some
    /// requests cost more than a limit.
    pub wait: Duration,
}

/// A request that was not admitted and counts nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overspent {
    /// All limits that leave no room, never empty: those that waiting helps least first, which are
    /// credit, months, ten minutes.
    pub reached: Vec<Reached>,
}

/// What a project has spent, with what is reserved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spending {
    /// In the last ten minutes.
    pub ten_minutes: Money,
    /// Since the 1st of the month, Pacific time.
    pub month: Money,
    /// Of its prepaid credit.
    pub of_credit: Money,
}

/// Counts money by project; clones share the counts.
#[derive(Clone, Default)]
pub struct Spend {
    inner: Arc<Inner>,
}

struct Inner {
    hasher: foldhash::quality::RandomState,
    shards: Vec<Mutex<Shard>>,
}

#[derive(Default)]
struct Shard {
    purses: HashMap<Box<str>, Arc<Mutex<Purse>>, foldhash::quality::RandomState>,
    swept: u64,
}

/// A request that was admitted and counts. Dropped, it stays counted with its estimate.
#[derive(Debug)]
#[must_use = "settle it with what it cost, or cancel it"]
pub struct SpendReservation {
    purse: Arc<Mutex<Purse>>,
    ticket: Ticket,
}

impl Spend {
    /// Nothing was spent.
    pub fn new() -> Spend {
        Spend::default()
    }

    /// Admits a request and counts what it is estimated at, or says which limits leave no room. All
    /// or nothing: a refused request counts nowhere.
    ///
    /// Limits may change from one call to the next; what was counted stays. More than a million
    /// dollars count as so many.
    pub fn reserve(
        &self,
        now: SystemTime,
        project: &str,
        limits: &SpendLimits,
        estimate: Money,
    ) -> Result<SpendReservation, Overspent> {
        let now = Now::of(now);
        let mut shard = self.shard(project);
        shard.sweep(now);
        if let Some(purse) = shard.purses.get(project).cloned() {
            // The other projects of the shard need not wait for this one.
            drop(shard);
            let ticket = lock(&purse).reserve(now, limits, estimate)?;
            return Ok(SpendReservation { purse, ticket });
        }
        let mut purse = Purse::new(now);
        let ticket = purse.reserve(now, limits, estimate)?;
        let purse = Arc::new(Mutex::new(purse));
        shard.purses.insert(project.into(), purse.clone());
        Ok(SpendReservation { purse, ticket })
    }

    /// What a project has spent.
    pub fn spending(&self, now: SystemTime, project: &str) -> Spending {
        let purse = self.shard(project).purses.get(project).cloned();
        purse.map_or(Spending::default(), |purse| {
            lock(&purse).spending(Now::of(now))
        })
    }

    /// All that counts, to be written down. Each project is seen at one moment, but not all at the
    /// same; none waits for the others.
    pub fn snapshot(&self) -> SpendSnapshot {
        let mut projects = Vec::new();
        for shard in &self.inner.shards {
            let purses: Vec<_> = {
                let shard = lock(shard);
                let pairs = shard.purses.iter();
                pairs
                    .map(|(name, purse)| (name.clone(), purse.clone()))
                    .collect()
            };
            let spending =
                |(name, purse): &(Box<str>, Arc<Mutex<Purse>>)| lock(purse).snapshot(name);
            projects.extend(purses.iter().map(spending));
        }
        projects.sort_by(|a, b| a.project.cmp(&b.project));
        SpendSnapshot { projects }
    }

    /// Goes on where a snapshot was taken.
    pub fn restore(snapshot: &SpendSnapshot) -> Spend {
        let spend = Spend::new();
        for spending in &snapshot.projects {
            let mut shard = spend.shard(&spending.project);
            let purse = || Arc::new(Mutex::new(Purse::restored(spending)));
            shard
                .purses
                .entry(spending.project.as_str().into())
                .or_insert_with(purse);
        }
        spend
    }

    /// How many projects are remembered.
    pub fn len(&self) -> usize {
        let shards = self.inner.shards.iter();
        shards.map(|shard| lock(shard).purses.len()).sum()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, project: &str) -> MutexGuard<'_, Shard> {
        let hash = self.inner.hasher.hash_one(project);
        lock(&self.inner.shards[(hash % SHARDS) as usize])
    }
}

impl SpendReservation {
    /// Counts what the request really cost in place of the estimate, as of the time when it was
    /// admitted. More than the estimate may overdraw a limit; what follows is then refused.
    pub fn settle(self, actual: Money) {
        lock(&self.purse).settle(&self.ticket, actual);
    }

    /// Takes the request out of all counts, as if it had not been made: what fails is not charged.
    pub fn cancel(self) {
        self.settle(Money::ZERO);
    }
}

impl Overspent {
    /// How long until all limits leave room; [`Duration::MAX`] where they never will by themselves.
    pub fn wait(&self) -> Duration {
        let waits = self.reached.iter().map(|reached| reached.wait);
        waits.max().unwrap_or_default()
    }
}

impl Default for Inner {
    fn default() -> Inner {
        Inner {
            hasher: Default::default(),
            shards: (0..SHARDS).map(|_| Default::default()).collect(),
        }
    }
}

impl Shard {
    /// Forgets idle projects. One that a reservation or a snapshot holds stays: they are only taken
    /// under this shard's lock, so a count of 1 means that nobody else has it.
    fn sweep(&mut self, now: Now) {
        if now.millis().abs_diff(self.swept) < SWEEP {
            return;
        }
        self.swept = now.millis();
        self.purses
            .retain(|_, purse| Arc::strong_count(purse) > 1 || !lock(purse).is_idle(now));
    }
}

/// All that counts, in a form to be written down and read again. Requests that run count with their
/// estimates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpendSnapshot {
    /// By project, in their order.
    pub projects: Vec<SpendingOf>,
}

/// What one project spent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpendingOf {
    /// The project.
    pub project: String,
    /// The log of the last ten minutes, the oldest first.
    pub ten_minutes: Vec<Moment>,
    /// The sum of the month.
    pub month: Money,
    /// When that month ends, in milliseconds since 1970.
    pub month_ends: u64,
    /// What was spent of prepaid credit.
    pub of_credit: Money,
}

/// What was spent within a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// Its beginning, in milliseconds since 1970.
    pub at: u64,
    /// The amount.
    pub spent: Money,
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = match self.limit {
            SpendLimit::Credit => "of prepaid credit",
            SpendLimit::ProjectMonth => "a month for the project",
            SpendLimit::AccountMonth => "a month for the billing account",
            SpendLimit::TenMinutes => "in ten minutes",
        };
        let (allowed, spent, asked) = (self.allowed, self.spent, self.asked);
        write!(
            f,
            "{allowed} dollars {limit} leave no room: {spent} are spent, {asked} were asked for"
        )
    }
}

impl fmt::Display for Overspent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, reached) in self.reached.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{reached}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Overspent {}

/// Sums are whole after every step, so a panic elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
