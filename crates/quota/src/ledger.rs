//! The ledger: who used how much, in memory, for one process.
//!
//! # The minute
//!
//! Google says "per minute" and does not publish how it counts. Here, the requests and tokens
//! admitted in *any* 60 seconds never exceed the limit: each account keeps a log of its admissions
//! in ticks of 100 ms, and an admission counts until 60 seconds after the end of its tick. So it
//! counts for at most 60.1 seconds, and a caller who always asks gets no less than 99.8 % of the
//! limit. A fixed window would admit twice the limit around its edge; a token bucket admits twice
//! the limit in its first minute, or, made smaller, refuses bursts that the limit allows.
//!
//! # The day
//!
//! Days begin at midnight Pacific time, which is when Google resets its daily limits; with
//! daylight saving, one day in the year has 23 hours and one has 25.
//!
//! # Clocks
//!
//! Times are passed in. A clock that goes back by up to a minute, or threads that ask in another
//! order than they read the time, make the ledger wait until the clock has caught up. A clock that
//! was set back further is followed, and what was counted keeps its age.
//!
//! # Cost
//!
//! A check takes two locks that are rarely contended, one of 64 that share the accounts and the
//! account's own. An account takes some 250 bytes and, while it is used, up to 24 KiB for the log
//! of its last 600 ticks. An account in which nothing counts any more, neither in the minute nor
//! in the day, is forgotten at the next request to its shard, which looks once a minute.

use crate::{
    account::{Account, Now, Ticket},
    limits::Limits,
    refused::Refused,
    snapshot::Snapshot,
    usage::Usage,
};
use hashbrown::HashTable;
use std::{
    hash::BuildHasher,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

const SHARDS: u64 = 64;
/// How often a shard looks for idle accounts, in milliseconds.
const SWEEP: u64 = 60_000;

/// Counts requests and input tokens by project and model; clones share the counts.
#[derive(Clone, Default)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    hasher: foldhash::quality::RandomState,
    shards: Vec<Mutex<Shard>>,
}

/// On a cache line of its own, so that cores do not wait for each other's shards.
#[derive(Default)]
#[repr(align(64))]
struct Shard {
    accounts: HashTable<Arc<Entry>>,
    swept: u64,
}

#[derive(Debug)]
struct Entry {
    hash: u64,
    project: Box<str>,
    model: Box<str>,
    account: Mutex<Account>,
}

/// A request that was admitted and counts. Dropped, it stays counted with its estimate.
#[derive(Debug)]
#[must_use = "settle it with the actual tokens, or cancel it"]
pub struct Reservation {
    entry: Arc<Entry>,
    ticket: Ticket,
}

impl Ledger {
    /// A ledger in which nothing was counted.
    pub fn new() -> Ledger {
        Ledger::default()
    }

    /// Admits a request and counts it with the input tokens that are expected of it, or says which
    /// limits leave no room. All or nothing: a refused request counts nowhere.
    ///
    /// Limits may change from one call to the next; what was counted stays. More than
    /// [`u32::MAX`] tokens count as so many.
    pub fn reserve(
        &self,
        now: SystemTime,
        project: &str,
        model: &str,
        limits: &Limits,
        input_tokens: u64,
    ) -> Result<Reservation, Refused> {
        let now = Now::of(now);
        let hash = self.hash(project, model);
        let mut shard = self.shard(hash);
        shard.sweep(now);
        if let Some(entry) = shard.find(hash, project, model) {
            // The other projects of the shard need not wait for this one.
            drop(shard);
            let ticket = entry.lock().admit(now, limits, input_tokens)?;
            return Ok(Reservation { entry, ticket });
        }
        let mut account = Account::new(now);
        let ticket = account.admit(now, limits, input_tokens)?;
        let entry = Entry::new(hash, project, model, account);
        shard.insert(entry.clone());
        Ok(Reservation { entry, ticket })
    }

    /// What a project has used of a model.
    pub fn usage(&self, now: SystemTime, project: &str, model: &str) -> Usage {
        let hash = self.hash(project, model);
        let entry = self.shard(hash).find(hash, project, model);
        entry.map_or(Usage::default(), |entry| entry.lock().usage(Now::of(now)))
    }

    /// All that counts, to be written down. Each account is seen at one moment, but not all at the
    /// same: no request waits for more than the copy of its own.
    pub fn snapshot(&self) -> Snapshot {
        let mut accounts = Vec::new();
        for shard in &self.inner.shards {
            let entries: Vec<_> = lock(shard).accounts.iter().cloned().collect();
            let account = |entry: &Arc<Entry>| entry.lock().snapshot(&entry.project, &entry.model);
            accounts.extend(entries.iter().map(account));
        }
        accounts.sort_by(|a, b| (&a.project, &a.model).cmp(&(&b.project, &b.model)));
        Snapshot { accounts }
    }

    /// A ledger that goes on where a snapshot was taken.
    pub fn restore(snapshot: &Snapshot) -> Ledger {
        let ledger = Ledger::new();
        for account in &snapshot.accounts {
            let (project, model) = (&account.project, &account.model);
            let hash = ledger.hash(project, model);
            let mut shard = ledger.shard(hash);
            if shard.find(hash, project, model).is_none() {
                let account = Account::restored(account);
                shard.insert(Entry::new(hash, project, model, account));
            }
        }
        ledger
    }

    /// How many pairs of project and model are remembered.
    pub fn len(&self) -> usize {
        let shards = self.inner.shards.iter();
        shards.map(|shard| lock(shard).accounts.len()).sum()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn hash(&self, project: &str, model: &str) -> u64 {
        self.inner.hasher.hash_one((project, model))
    }

    /// The shard by bits that its table does not look at.
    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard> {
        lock(&self.inner.shards[((hash >> 40) % SHARDS) as usize])
    }
}

impl Reservation {
    /// Counts the tokens that the request really had in place of the estimate, as of the time when
    /// it was admitted. More than the estimate may overdraw a limit; what follows is then refused
    /// until enough time has passed.
    pub fn settle(self, actual_input_tokens: u64) {
        self.entry.lock().settle(&self.ticket, actual_input_tokens);
    }

    /// Takes the request out of all counts, as if it had not been made.
    pub fn cancel(self) {
        self.entry.lock().cancel(&self.ticket);
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
    fn find(&self, hash: u64, project: &str, model: &str) -> Option<Arc<Entry>> {
        let is_it = |entry: &Arc<Entry>| *entry.project == *project && *entry.model == *model;
        self.accounts.find(hash, is_it).cloned()
    }

    fn insert(&mut self, entry: Arc<Entry>) {
        self.accounts
            .insert_unique(entry.hash, entry, |entry| entry.hash);
    }

    /// Forgets idle accounts, once a minute. One that a reservation or a snapshot holds stays:
    /// entries are only taken under this shard's lock, so a count of 1 means that nobody else has
    /// it.
    fn sweep(&mut self, now: Now) {
        if now.millis().abs_diff(self.swept) < SWEEP {
            return;
        }
        self.swept = now.millis();
        self.accounts
            .retain(|entry| Arc::strong_count(entry) > 1 || !entry.lock().is_idle(now));
        if self.accounts.len() < self.accounts.capacity() / 4 {
            self.accounts.shrink_to_fit(|entry| entry.hash);
        }
    }
}

impl Entry {
    fn new(hash: u64, project: &str, model: &str, account: Account) -> Arc<Entry> {
        Arc::new(Entry {
            hash,
            project: project.into(),
            model: model.into(),
            account: Mutex::new(account),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Account> {
        lock(&self.account)
    }
}

/// Counts are whole after every step, so a panic elsewhere does not spoil them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
