//! Projects and API keys, in SQLite. Keys are stored as SHA-256 hashes and shown once.

mod keys;
mod limits;
mod migrations;
mod projects;
mod restrictions;
#[cfg(test)]
mod tests;

pub use keys::{KeyRow, NewKey, random_token};
pub use limits::{Increase, IncreaseState};
pub use projects::{Project, ProjectChange, Tier};
pub use restrictions::{AndroidApp, Broken, Origin, Restrictions, SERVICE};

use propus_quota::{Snapshot, spend::SpendSnapshot};
use rusqlite::{Connection, OptionalExtension};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, RwLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use thiserror::Error;

/// How long a good key is believed before the database is asked again: a key revoked by another
/// process stops working within this time.
const BELIEVED: Duration = Duration::from_secs(1);

/// The first letters of every key, so that clients which look for Google's form accept it and
/// people can tell it apart.
pub const KEY_PREFIX: &str = "AIzaPropus";

/// As long as Google's keys.
const KEY_LENGTH: usize = 39;

/// Why an account could not be read or changed.
#[derive(Debug, Error)]
pub enum AccountsError {
    /// The database file cannot be used.
    #[error(
        "cannot use the database `{path}`: {source}\nhint: check that the folder exists and can be written, or choose another with --data-dir"
    )]
    Open {
        /// The file.
        path: String,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A newer program wrote the database.
    #[error(
        "the database was written by a newer version of propus (format {found}, this one knows {known})\nhint: update propus, or choose another folder with --data-dir"
    )]
    Newer {
        /// Its format.
        found: usize,
        /// The newest format known here.
        known: usize,
    },
    /// A statement failed.
    #[error("the database refused: {0}")]
    Database(#[from] rusqlite::Error),
    /// There is no such key.
    #[error("no key `{0}`\nhint: `propus keys list` shows the numbers and endings of all keys")]
    NoSuchKey(String),
    /// There is no such project.
    #[error(
        "no project `{0}`\nhint: `propus projects list` shows all; leave --project out to use `default`"
    )]
    NoSuchProject(String),
    /// A project of this name exists.
    #[error("there is a project `{0}` already")]
    ProjectExists(String),
    /// A name that cannot be one.
    #[error("`{0}` cannot be a project's name\nhint: 1 to 30 letters, digits, `-` and `_`")]
    ProjectName(String),
    /// A name that can be no model's.
    #[error("`{0}` can be no model\nhint: a name such as gemini-3.5-flash, or several by a `*`")]
    ModelName(String),
    /// A request for limits without limits.
    #[error("no limit is asked for\nhint: give rpm, tpm, rpd or tpd")]
    NoLimits,
    /// A reason that is a novel.
    #[error("the reason is longer than 2000 bytes")]
    LongReason,
    /// There is no such request for limits.
    #[error("no quota request {0}\nhint: `propus quota requests` shows all")]
    NoSuchIncrease(i64),
    /// Somebody decided before.
    #[error("quota request {0} is {1} already")]
    Decided(i64, &'static str),
    /// A paid tier without billing, or billing on the free tier.
    #[error("a paid tier has billing and the free tier has none\nhint: set one of the two")]
    TierAgainstBilling,
}

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The project, as it was a second ago at most.
    pub project: Arc<Project>,
    /// The key's number.
    pub key: i64,
    /// From where the key may be used.
    pub restrictions: Arc<Restrictions>,
}

/// What a key is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be used.
    Valid(Caller),
    /// It was never made here, or was revoked.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was reported as leaked.
    Leaked,
}

/// The accounts of one data folder.
pub struct Accounts {
    database: Mutex<Connection>,
    believed: RwLock<HashMap<[u8; 32], Believed>>,
}

/// A key that was good a moment ago.
struct Believed {
    key: Known,
    since: SystemTime,
}

/// A key that exists.
#[derive(Clone)]
struct Known {
    caller: Caller,
    expires: Option<i64>,
    leaked: bool,
}

impl Accounts {
    /// Opens or creates the database file.
    pub fn open(path: &Path) -> Result<Self, AccountsError> {
        let failed = |source| AccountsError::Open {
            path: path.display().to_string(),
            source,
        };
        let database = Connection::open(path).map_err(failed)?;
        database
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(failed)?;
        database
            .busy_timeout(Duration::from_secs(5))
            .map_err(failed)?;
        Self::new(database)
    }

    /// Keeps everything in memory, for tests.
    pub fn in_memory() -> Result<Self, AccountsError> {
        Self::new(Connection::open_in_memory()?)
    }

    fn new(mut database: Connection) -> Result<Self, AccountsError> {
        migrations::migrate(&mut database)?;
        Ok(Self {
            database: Mutex::new(database),
            believed: RwLock::new(HashMap::new()),
        })
    }

    /// Says what a key is worth.
    pub fn verify(&self, key: &str, now: SystemTime) -> Result<Verdict, AccountsError> {
        let hash = hash(key);
        if let Some(verdict) = self.believed(&hash, now) {
            return Ok(verdict);
        }
        let Some(key) = self.look_up(&hash)? else {
            return Ok(Verdict::Unknown);
        };
        let verdict = key.verdict(now);
        if let Ok(mut believed) = self.believed.write() {
            believed.insert(hash, Believed { key, since: now });
        }
        Ok(verdict)
    }

    fn believed(&self, hash: &[u8; 32], now: SystemTime) -> Option<Verdict> {
        let believed = self.believed.read().ok()?;
        let known = believed.get(hash)?;
        let age = now.duration_since(known.since).ok()?;
        (age < BELIEVED).then(|| known.key.verdict(now))
    }

    fn believe_nothing(&self) {
        if let Ok(mut believed) = self.believed.write() {
            believed.clear();
        }
    }

    fn look_up(&self, hash: &[u8; 32]) -> Result<Option<Known>, AccountsError> {
        let database = self.lock();
        let mut statement = database.prepare_cached(&format!(
            "SELECT k.id, k.expires, k.leaked IS NOT NULL, k.restrictions, {}
             FROM keys k JOIN projects p ON p.id = k.project
             WHERE k.hash = ? AND k.revoked IS NULL",
            projects::columns()
        ))?;
        let found = statement.query_row([hash], |row| {
            Ok(Known {
                caller: Caller {
                    key: row.get(0)?,
                    restrictions: Arc::new(keys::restrictions_of(row.get(3)?)),
                    project: Arc::new(projects::read(row, 4)?),
                },
                expires: row.get(1)?,
                leaked: row.get(2)?,
            })
        });
        Ok(found.optional()?)
    }

    /// What was used of the quotas when it was last written down.
    pub fn counters(&self) -> Result<Option<Snapshot>, AccountsError> {
        self.stored("counters")
    }

    /// What was spent when it was last written down.
    pub fn spent(&self) -> Result<Option<SpendSnapshot>, AccountsError> {
        self.stored("spent")
    }

    fn stored<T: DeserializeOwned>(&self, table: &str) -> Result<Option<T>, AccountsError> {
        let stored: Option<String> = self
            .lock()
            .query_row(&format!("SELECT snapshot FROM {table}"), [], |row| {
                row.get(0)
            })
            .optional()?;
        // What a newer program wrote and this one cannot read counts as nothing.
        Ok(stored.and_then(|stored| serde_json::from_str(&stored).ok()))
    }

    /// Writes down what was used of the quotas, if it is counted here, and what was spent.
    pub fn save_used(
        &self,
        counts: Option<&Snapshot>,
        spent: &SpendSnapshot,
    ) -> Result<(), AccountsError> {
        let mut database = self.lock();
        let transaction = database.transaction()?;
        if let Some(counts) = counts {
            let text = serde_json::to_string(counts).expect("counts can be written");
            store(&transaction, "counters", &text)?;
        }
        let text = serde_json::to_string(spent).expect("amounts can be written");
        store(&transaction, "spent", &text)?;
        Ok(transaction.commit()?)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic while the lock was held leaves the connection usable: SQLite rolls back.
        self.database
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Known {
    fn verdict(&self, now: SystemTime) -> Verdict {
        match self.expires {
            _ if self.leaked => Verdict::Leaked,
            Some(expires) if expires <= seconds(now) => Verdict::Expired,
            _ => Verdict::Valid(self.caller.clone()),
        }
    }
}

fn store(database: &Connection, table: &str, text: &str) -> rusqlite::Result<usize> {
    let statement = format!(
        "INSERT INTO {table} (id, snapshot) VALUES (1, ?1)
         ON CONFLICT (id) DO UPDATE SET snapshot = ?1"
    );
    database.execute(&statement, [text])
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

fn seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
