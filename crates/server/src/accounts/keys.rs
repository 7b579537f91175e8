//! Keys: made, listed, ended, restricted.

use super::{
    Accounts, AccountsError, KEY_LENGTH, KEY_PREFIX, Restrictions, hash, projects, seconds,
};
use rand::{Rng, distr::Alphanumeric};
use rusqlite::{ToSql, params};
use std::time::SystemTime;

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
    /// Seconds since 1970, if it was reported as leaked.
    pub leaked: Option<i64>,
    /// From where it may be used.
    pub restrictions: Restrictions,
}

impl Accounts {
    /// Creates the project `default` and a key where there is no key yet.
    pub fn first_key(&self, now: SystemTime) -> Result<Option<NewKey>, AccountsError> {
        let count: i64 = self
            .lock()
            .query_row("SELECT count(*) FROM keys", [], |row| row.get(0))?;
        if count > 0 {
            return Ok(None);
        }
        self.create_key("default", "first", None, &Restrictions::default(), now)
            .map(Some)
    }

    /// Makes a key; the project `default` is made when it is missing.
    pub fn create_key(
        &self,
        project: &str,
        name: &str,
        expires: Option<SystemTime>,
        restrictions: &Restrictions,
        now: SystemTime,
    ) -> Result<NewKey, AccountsError> {
        let mut database = self.lock();
        let transaction = database.transaction()?;
        let project = projects::id_of(&transaction, project, now)?;
        let key = random_key();
        transaction.execute(
            "INSERT INTO keys (project, name, hash, ending, created, expires, restrictions)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                project,
                name,
                hash(&key),
                &key[KEY_LENGTH - 4..],
                seconds(now),
                expires.map(seconds),
                written(restrictions),
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
            "SELECT k.id, p.name, k.name, k.ending, k.created, k.expires, k.revoked, k.leaked, k.restrictions
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
                leaked: row.get(7)?,
                restrictions: restrictions_of(row.get(8)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Ends a key for good. `which` is its number, its ending, or the whole key.
    pub fn revoke(&self, which: &str, now: SystemTime) -> Result<KeyRow, AccountsError> {
        let statement = "UPDATE keys SET revoked = ?2 WHERE id = ?1";
        self.change(statement, which, seconds(now))
    }

    /// Lets a key end at a time, which may be in the past.
    pub fn expire(&self, which: &str, at: SystemTime) -> Result<KeyRow, AccountsError> {
        let statement = "UPDATE keys SET expires = ?2 WHERE id = ?1";
        self.change(statement, which, seconds(at))
    }

    /// Marks a key as reported leaked: it is refused from then on.
    pub fn leak(&self, which: &str, now: SystemTime) -> Result<KeyRow, AccountsError> {
        let statement = "UPDATE keys SET leaked = ?2 WHERE id = ?1";
        self.change(statement, which, seconds(now))
    }

    /// Sets from where a key may be used.
    pub fn restrict(
        &self,
        which: &str,
        restrictions: &Restrictions,
    ) -> Result<KeyRow, AccountsError> {
        let statement = "UPDATE keys SET restrictions = ?2 WHERE id = ?1";
        self.change(statement, which, written(restrictions))
    }

    /// Changes one value of a key; its holders feel it at once.
    fn change(
        &self,
        statement: &str,
        which: &str,
        value: impl ToSql,
    ) -> Result<KeyRow, AccountsError> {
        let key = self.find(which)?;
        self.lock().execute(statement, params![key.id, value])?;
        self.believe_nothing();
        let keys = self.keys()?;
        let changed = keys.into_iter().find(|row| row.id == key.id);
        changed.ok_or_else(|| AccountsError::NoSuchKey(which.into()))
    }

    /// A key by its number, its last four letters, or the whole of it.
    pub fn key(&self, which: &str) -> Result<KeyRow, AccountsError> {
        self.find(which)
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
}

/// As they are stored; nothing where there are none.
fn written(restrictions: &Restrictions) -> Option<String> {
    (!restrictions.is_none())
        .then(|| serde_json::to_string(restrictions).expect("lists of text can be written"))
}

/// As they were stored. What cannot be read lets nobody in: an API that does not exist.
pub(super) fn restrictions_of(stored: Option<String>) -> Restrictions {
    let Some(stored) = stored else {
        return Restrictions::default();
    };
    serde_json::from_str(&stored).unwrap_or_else(|_| Restrictions {
        apis: vec!["unreadable".into()],
        ..Restrictions::default()
    })
}

/// A token for the administrator, which cannot be taken for a key.
pub fn random_token() -> String {
    let letters = rand::rng().sample_iter(Alphanumeric).map(char::from);
    format!("propus-admin-{}", letters.take(40).collect::<String>())
}

fn random_key() -> String {
    let letters = rand::rng().sample_iter(Alphanumeric).map(char::from);
    let rest: String = letters.take(KEY_LENGTH - KEY_PREFIX.len()).collect();
    format!("{KEY_PREFIX}{rest}")
}
