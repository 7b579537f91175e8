//! Projects and API keys, in SQLite. Keys are stored as SHA-256 hashes and shown once.

use rand::{Rng, distr::Alphanumeric};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    path::Path,
    sync::{Mutex, MutexGuard, RwLock},
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

const MIGRATIONS: &[&str] = &["
    CREATE TABLE projects (
        id INTEGER PRIMARY KEY,
        number INTEGER NOT NULL UNIQUE,
        name TEXT NOT NULL UNIQUE,
        created INTEGER NOT NULL
    );
    CREATE TABLE keys (
        id INTEGER PRIMARY KEY,
        project INTEGER NOT NULL REFERENCES projects(id),
        name TEXT NOT NULL,
        hash BLOB NOT NULL UNIQUE,
        ending TEXT NOT NULL,
        created INTEGER NOT NULL,
        expires INTEGER,
        revoked INTEGER
    );
"];

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
    #[error("no project `{0}`\nhint: leave --project out to use `default`")]
    NoSuchProject(String),
}

/// A key that was just made; its text is not kept.
#[derive(Debug)]
pub struct NewKey {
    /// Its number.
    pub id: i64,
    /// The key itself, shown once.
    pub key: String,
}

/// A key as it is listed.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyRow {
    /// Its number.
    pub id: i64,
    /// The project's name.
    pub project: String,
    /// What the user called it.
    pub name: String,
    /// The last four letters.
    pub ending: String,
    /// Seconds since 1970.
    pub created: i64,
    /// Seconds since 1970, if it ends.
    pub expires: Option<i64>,
    /// Seconds since 1970, if it was revoked.
    pub revoked: Option<i64>,
}

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The project's number, as in Google's messages.
    pub project_number: i64,
    /// The key's number.
    pub key: i64,
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
}

/// The accounts of one data folder.
pub struct Accounts {
    database: Mutex<Connection>,
    believed: RwLock<HashMap<[u8; 32], Believed>>,
}

/// A key that was good a moment ago.
struct Believed {
    caller: Caller,
    expires: Option<i64>,
    since: SystemTime,
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
        migrate(&mut database)?;
        Ok(Self {
            database: Mutex::new(database),
            believed: RwLock::new(HashMap::new()),
        })
    }

    /// Creates the project `default` and a key where there is no key yet.
    pub fn first_key(&self, now: SystemTime) -> Result<Option<NewKey>, AccountsError> {
        let count: i64 = self
            .lock()
            .query_row("SELECT count(*) FROM keys", [], |row| row.get(0))?;
        if count > 0 {
            return Ok(None);
        }
        self.create_key("default", "first", None, now).map(Some)
    }

    /// Makes a key; the project `default` is made when it is missing.
    pub fn create_key(
        &self,
        project: &str,
        name: &str,
        expires: Option<SystemTime>,
        now: SystemTime,
    ) -> Result<NewKey, AccountsError> {
        let mut database = self.lock();
        let transaction = database.transaction()?;
        let project = project_id(&transaction, project, now)?;
        let key = random_key();
        transaction.execute(
            "INSERT INTO keys (project, name, hash, ending, created, expires) VALUES (?, ?, ?, ?, ?, ?)",
            params![
                project,
                name,
                hash(&key),
                &key[KEY_LENGTH - 4..],
                seconds(now),
                expires.map(seconds)
            ],
        )?;
        let id = transaction.last_insert_rowid();
        transaction.commit()?;
        Ok(NewKey { id, key })
    }

    /// All keys, oldest first.
    pub fn keys(&self) -> Result<Vec<KeyRow>, AccountsError> {
        let database = self.lock();
        let mut statement = database.prepare(
            "SELECT k.id, p.name, k.name, k.ending, k.created, k.expires, k.revoked
             FROM keys k JOIN projects p ON p.id = k.project ORDER BY k.id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(KeyRow {
                id: row.get(0)?,
                project: row.get(1)?,
                name: row.get(2)?,
                ending: row.get(3)?,
                created: row.get(4)?,
                expires: row.get(5)?,
                revoked: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Ends a key for good. `which` is its number, its ending, or the whole key.
    pub fn revoke(&self, which: &str, now: SystemTime) -> Result<KeyRow, AccountsError> {
        self.change("UPDATE keys SET revoked = ?2 WHERE id = ?1", which, now)
    }

    /// Lets a key end at a time, which may be in the past.
    pub fn expire(&self, which: &str, at: SystemTime) -> Result<KeyRow, AccountsError> {
        self.change("UPDATE keys SET expires = ?2 WHERE id = ?1", which, at)
    }

    fn change(
        &self,
        statement: &str,
        which: &str,
        at: SystemTime,
    ) -> Result<KeyRow, AccountsError> {
        let key = self.find(which)?;
        self.lock()
            .execute(statement, params![key.id, seconds(at)])?;
        self.believe_nothing();
        let keys = self.keys()?;
        let changed = keys.into_iter().find(|row| row.id == key.id);
        changed.ok_or_else(|| AccountsError::NoSuchKey(which.into()))
    }

    fn find(&self, which: &str) -> Result<KeyRow, AccountsError> {
        let ending = which.get(which.len().saturating_sub(4)..).unwrap_or(which);
        let is_whole = which.starts_with(KEY_PREFIX);
        let keys = self.keys()?;
        let mut fitting = keys.into_iter().filter(|row| {
            row.id.to_string() == which || row.ending == which || (is_whole && row.ending == ending)
        });
        // Never name the key itself in an error: it may be a good one with a slip.
        let unknown = || {
            AccountsError::NoSuchKey(if is_whole {
                format!("…{ending}")
            } else {
                which.into()
            })
        };
        fitting.next().ok_or_else(unknown)
    }

    /// Says what a key is worth.
    pub fn verify(&self, key: &str, now: SystemTime) -> Result<Verdict, AccountsError> {
        let hash = hash(key);
        if let Some(verdict) = self.believed(&hash, now) {
            return Ok(verdict);
        }
        let Some((caller, expires)) = self.look_up(&hash)? else {
            return Ok(Verdict::Unknown);
        };
        let verdict = verdict(&caller, expires, now);
        if let Ok(mut believed) = self.believed.write() {
            let since = now;
            believed.insert(
                hash,
                Believed {
                    caller,
                    expires,
                    since,
                },
            );
        }
        Ok(verdict)
    }

    fn believed(&self, hash: &[u8; 32], now: SystemTime) -> Option<Verdict> {
        let believed = self.believed.read().ok()?;
        let known = believed.get(hash)?;
        let age = now.duration_since(known.since).ok()?;
        (age < BELIEVED).then(|| verdict(&known.caller, known.expires, now))
    }

    fn believe_nothing(&self) {
        if let Ok(mut believed) = self.believed.write() {
            believed.clear();
        }
    }

    fn look_up(&self, hash: &[u8; 32]) -> Result<Option<(Caller, Option<i64>)>, AccountsError> {
        let database = self.lock();
        let mut statement = database.prepare_cached(
            "SELECT k.id, p.number, k.expires FROM keys k JOIN projects p ON p.id = k.project
             WHERE k.hash = ? AND k.revoked IS NULL",
        )?;
        let found = statement.query_row([hash], |row| {
            let (key, project_number) = (row.get(0)?, row.get(1)?);
            Ok((
                Caller {
                    project_number,
                    key,
                },
                row.get(2)?,
            ))
        });
        Ok(found.optional()?)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic while the lock was held leaves the connection usable: SQLite rolls back.
        self.database
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn verdict(caller: &Caller, expires: Option<i64>, now: SystemTime) -> Verdict {
    match expires {
        Some(expires) if expires <= seconds(now) => Verdict::Expired,
        _ => Verdict::Valid(caller.clone()),
    }
}

fn migrate(database: &mut Connection) -> Result<(), AccountsError> {
    let transaction =
        database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: usize = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > MIGRATIONS.len() {
        return Err(AccountsError::Newer {
            found,
            known: MIGRATIONS.len(),
        });
    }
    for migration in &MIGRATIONS[found..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    Ok(transaction.commit()?)
}

fn project_id(database: &Connection, name: &str, now: SystemTime) -> Result<i64, AccountsError> {
    let known: Option<i64> = database
        .query_row("SELECT id FROM projects WHERE name = ?", [name], |row| {
            row.get(0)
        })
        .optional()?;
    match known {
        Some(id) => Ok(id),
        None if name == "default" => {
            let number = rand::rng().random_range(100_000_000_000i64..1_000_000_000_000);
            database.execute(
                "INSERT INTO projects (number, name, created) VALUES (?, ?, ?)",
                params![number, name, seconds(now)],
            )?;
            Ok(database.last_insert_rowid())
        }
        None => Err(AccountsError::NoSuchProject(name.into())),
    }
}

fn random_key() -> String {
    let letters = rand::rng().sample_iter(Alphanumeric).map(char::from);
    let rest: String = letters.take(KEY_LENGTH - KEY_PREFIX.len()).collect();
    format!("{KEY_PREFIX}{rest}")
}

fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

fn seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_start_makes_one_key() {
        let accounts = Accounts::in_memory().unwrap();
        let key = accounts.first_key(at(10)).unwrap().unwrap().key;
        assert_eq!(key.len(), KEY_LENGTH);
        assert!(key.starts_with(KEY_PREFIX));
        assert!(accounts.first_key(at(11)).unwrap().is_none());
        assert!(matches!(
            accounts.verify(&key, at(12)),
            Ok(Verdict::Valid(_))
        ));
        assert_eq!(
            accounts.verify("AIzaPropusX", at(12)).unwrap(),
            Verdict::Unknown
        );
    }

    #[test]
    fn keys_end_by_time_and_by_hand() {
        let accounts = Accounts::in_memory().unwrap();
        let made = accounts
            .create_key("default", "a", Some(at(100)), at(10))
            .unwrap();
        assert!(matches!(
            accounts.verify(&made.key, at(99)),
            Ok(Verdict::Valid(_))
        ));
        assert_eq!(
            accounts.verify(&made.key, at(100)).unwrap(),
            Verdict::Expired
        );
        let other = accounts.create_key("default", "b", None, at(10)).unwrap();
        accounts.revoke(&other.id.to_string(), at(20)).unwrap();
        assert_eq!(
            accounts.verify(&other.key, at(20)).unwrap(),
            Verdict::Unknown
        );
    }

    #[test]
    fn a_key_is_found_by_number_ending_or_whole() {
        let accounts = Accounts::in_memory().unwrap();
        let made = accounts.create_key("default", "a", None, at(1)).unwrap();
        for which in [
            made.id.to_string(),
            made.key[35..].to_owned(),
            made.key.clone(),
        ] {
            assert_eq!(accounts.expire(&which, at(5)).unwrap().expires, Some(5));
        }
        let error = accounts
            .revoke("AIzaPropusNOTTHEREatALL", at(1))
            .unwrap_err();
        assert!(!error.to_string().contains("NOTTHERE"));
    }

    #[test]
    fn the_file_keeps_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("propus.db");
        let key = Accounts::open(&path)
            .unwrap()
            .first_key(at(1))
            .unwrap()
            .unwrap()
            .key;
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let found = bytes
                .windows(key.len())
                .any(|window| window == key.as_bytes());
            assert!(!found);
        }
        let again = Accounts::open(&path).unwrap();
        assert!(matches!(again.verify(&key, at(2)), Ok(Verdict::Valid(_))));
    }
}
