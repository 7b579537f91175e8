//! Limits that a project has of its own, and the requests for more: asked for by whoever holds the
//! project, decided by the administrator.

use super::{Accounts, AccountsError, seconds};
use propus_quota::limits::{LimitChange as Limits, Rows};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

/// The longest reason that is kept, in bytes.
const REASON: usize = 2000;

/// A request for other limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Increase {
    /// Its number.
    pub id: i64,
    /// The project's name.
    pub project: String,
    /// The model, or several by a `*`.
    pub model: String,
    /// What is asked for.
    pub limits: Limits,
    /// Why.
    pub reason: String,
    /// Seconds since 1970.
    pub asked: i64,
    /// Seconds since 1970, if it was decided.
    pub decided: Option<i64>,
    /// What became of it.
    pub state: IncreaseState,
}

/// What became of a request for other limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IncreaseState {
    /// Nobody decided yet.
    Asked,
    /// The limits hold.
    Approved,
    /// They do not.
    Denied,
}

impl IncreaseState {
    /// The name in lists and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Approved => "approved",
            Self::Denied => "denied",
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "approved" => Self::Approved,
            "denied" => Self::Denied,
            _ => Self::Asked,
        }
    }
}

impl Accounts {
    /// Gives a project limits of its own for a model; where they change nothing, takes its own away.
    pub fn set_limits(
        &self,
        project: &str,
        model: &str,
        limits: &Limits,
    ) -> Result<(), AccountsError> {
        checked_model(model)?;
        let number = self.project(project)?.number;
        set(&self.lock(), number, model, limits)?;
        self.believe_nothing();
        Ok(())
    }

    /// Asks for other limits of a model. Nothing changes until they are approved.
    pub fn request_increase(
        &self,
        project: &str,
        model: &str,
        limits: &Limits,
        reason: &str,
        now: SystemTime,
    ) -> Result<Increase, AccountsError> {
        checked_model(model)?;
        if *limits == Limits::default() {
            return Err(AccountsError::NoLimits);
        }
        if reason.len() > REASON {
            return Err(AccountsError::LongReason);
        }
        let number = self.project(project)?.number;
        let id = {
            let database = self.lock();
            database.execute(
                "INSERT INTO increases (project, model, limits, reason, asked)
                 SELECT id, ?2, ?3, ?4, ?5 FROM projects WHERE number = ?1",
                params![number, model, written(limits), reason, seconds(now)],
            )?;
            database.last_insert_rowid()
        };
        self.increase(id)
    }

    /// All requests for other limits, oldest first.
    pub fn increases(&self) -> Result<Vec<Increase>, AccountsError> {
        let database = self.lock();
        let mut statement = database.prepare(&format!("{INCREASES} ORDER BY i.id"))?;
        let rows = statement.query_map([], read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn increase(&self, id: i64) -> Result<Increase, AccountsError> {
        let database = self.lock();
        let found = database
            .query_row(&format!("{INCREASES} WHERE i.id = ?"), [id], read)
            .optional()?;
        found.ok_or(AccountsError::NoSuchIncrease(id))
    }

    /// Approves a request, so that its limits hold within a second, or denies it; once.
    pub fn decide_increase(
        &self,
        id: i64,
        approved: bool,
        now: SystemTime,
    ) -> Result<Increase, AccountsError> {
        let asked = self.increase(id)?;
        if asked.state != IncreaseState::Asked {
            return Err(AccountsError::Decided(id, asked.state.name()));
        }
        let number = self.project(&asked.project)?.number;
        let state = match approved {
            true => IncreaseState::Approved,
            false => IncreaseState::Denied,
        };
        {
            let mut database = self.lock();
            let transaction = database.transaction()?;
            if approved {
                set(&transaction, number, &asked.model, &asked.limits)?;
            }
            transaction.execute(
                "UPDATE increases SET state = ?2, decided = ?3 WHERE id = ?1",
                params![id, state.name(), seconds(now)],
            )?;
            transaction.commit()?;
        }
        self.believe_nothing();
        self.increase(id)
    }
}

const INCREASES: &str =
    "SELECT i.id, p.name, i.model, i.limits, i.reason, i.asked, i.decided, i.state
     FROM increases i JOIN projects p ON p.id = i.project";

fn read(row: &Row<'_>) -> rusqlite::Result<Increase> {
    Ok(Increase {
        id: row.get(0)?,
        project: row.get(1)?,
        model: row.get(2)?,
        limits: limits_of(&row.get::<_, String>(3)?),
        reason: row.get(4)?,
        asked: row.get(5)?,
        decided: row.get(6)?,
        state: IncreaseState::named(&row.get::<_, String>(7)?),
    })
}

/// Limits laid over those that the project has already.
fn set(
    database: &Connection,
    project: i64,
    model: &str,
    limits: &Limits,
) -> Result<(), rusqlite::Error> {
    if *limits == Limits::default() {
        database.execute(
            "DELETE FROM limits WHERE model = ?2 AND project = (SELECT id FROM projects WHERE number = ?1)",
            params![project, model],
        )?;
        return Ok(());
    }
    let before: Option<String> = database
        .query_row(
            "SELECT l.limits FROM limits l JOIN projects p ON p.id = l.project
             WHERE p.number = ?1 AND l.model = ?2",
            params![project, model],
            |row| row.get(0),
        )
        .optional()?;
    let mut whole = before.as_deref().map(limits_of).unwrap_or_default();
    whole.lay(*limits);
    database.execute(
        "INSERT INTO limits (project, model, limits)
         SELECT id, ?2, ?3 FROM projects WHERE number = ?1
         ON CONFLICT (project, model) DO UPDATE SET limits = ?3",
        params![project, model, written(&whole)],
    )?;
    Ok(())
}

/// The limits of one project, as one JSON text; for the columns of a project.
pub(super) const LIMITS: &str =
    "(SELECT json_group_object(l.model, json(l.limits)) FROM limits l WHERE l.project = p.id)";

/// As they were stored. What a newer program wrote and this one cannot read changes nothing.
pub(super) fn rows_of(stored: &str) -> Rows {
    serde_json::from_str(stored).unwrap_or_default()
}

fn limits_of(stored: &str) -> Limits {
    serde_json::from_str(stored).unwrap_or_default()
}

fn written(limits: &Limits) -> String {
    serde_json::to_string(limits).expect("numbers can be written")
}

/// A model's name, which may hold `*`.
fn checked_model(model: &str) -> Result<(), AccountsError> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.*".contains(letter);
    match !model.is_empty() && model.len() <= 100 && model.chars().all(fits) {
        true => Ok(()),
        false => Err(AccountsError::ModelName(model.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use propus_quota::limits::Setting;
    use std::time::{Duration, UNIX_EPOCH};

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn rpm(limit: u64) -> Limits {
        Limits {
            rpm: Setting::At(limit),
            ..Limits::default()
        }
    }

    fn accounts() -> Accounts {
        let accounts = Accounts::in_memory().unwrap();
        accounts.first_key(at(1)).unwrap();
        accounts
    }

    fn limits(accounts: &Accounts, model: &str) -> Option<Limits> {
        let project = accounts.project("default").unwrap();
        project.plan.models.get(model).copied()
    }

    #[test]
    fn an_increase_holds_once_it_is_approved() {
        let accounts = accounts();
        let ask =
            |limit| accounts.request_increase("default", "gemini-x", &rpm(limit), "launch", at(5));
        let asked = ask(100).unwrap();
        assert_eq!((asked.state, asked.decided), (IncreaseState::Asked, None));
        assert_eq!(limits(&accounts, "gemini-x"), None);
        let approved = accounts.decide_increase(asked.id, true, at(9)).unwrap();
        assert_eq!(
            (approved.state, approved.decided),
            (IncreaseState::Approved, Some(9))
        );
        assert_eq!(limits(&accounts, "gemini-x"), Some(rpm(100)));
        let again = accounts
            .decide_increase(asked.id, false, at(9))
            .unwrap_err();
        assert!(again.to_string().contains("approved already"), "{again}");
        let denied = accounts
            .decide_increase(ask(200).unwrap().id, false, at(9))
            .unwrap();
        assert_eq!(denied.state, IncreaseState::Denied);
        assert_eq!(limits(&accounts, "gemini-x"), Some(rpm(100)));
        assert_eq!(accounts.increases().unwrap().len(), 2);
    }

    #[test]
    fn limits_are_laid_over_each_other_and_taken_away() {
        let accounts = accounts();
        let daily = Limits {
            rpd: Setting::Unlimited,
            ..Limits::default()
        };
        accounts.set_limits("default", "gemini-*", &rpm(5)).unwrap();
        accounts.set_limits("default", "gemini-*", &daily).unwrap();
        let both = Limits {
            rpm: Setting::At(5),
            ..daily
        };
        assert_eq!(limits(&accounts, "gemini-*"), Some(both));
        accounts
            .set_limits("default", "gemini-*", &Limits::default())
            .unwrap();
        assert_eq!(limits(&accounts, "gemini-*"), None);
    }

    #[test]
    fn slips_are_named() {
        let accounts = accounts();
        let ask = |project: &str, model: &str, limits: &Limits, reason: &str| {
            let refused = accounts.request_increase(project, model, limits, reason, at(5));
            refused.unwrap_err().to_string()
        };
        assert!(ask("nobody", "m", &rpm(1), "").contains("`nobody`"));
        assert!(ask("default", "a b", &rpm(1), "").contains("`a b`"));
        assert!(ask("default", "m", &Limits::default(), "").contains("no limit"));
        assert!(ask("default", "m", &rpm(1), &"x".repeat(REASON + 1)).contains("2000"));
        assert!(
            accounts
                .decide_increase(77, true, at(1))
                .unwrap_err()
                .to_string()
                .contains("77")
        );
    }
}
