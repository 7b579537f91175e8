//! Projects: what stands behind a key, and in which state it is.

use super::{Accounts, AccountsError, limits, seconds};
pub use propus_quota::Tier;
use propus_quota::{Money, Project as Plan};
use rand::Rng;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Deserializer, Serialize};
use std::time::SystemTime;

/// A project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Its number, as in Google's messages.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// How much it may ask: its tier, and the limits that it has of its own.
    #[serde(flatten)]
    pub plan: Plan,
    /// Whether a billing account is linked.
    pub billing: bool,
    /// What it may spend in a month, by its owner's will; US dollars.
    pub spend_cap: Option<Money>,
    /// All credit that was bought in advance; `None` is paid afterwards. US dollars.
    pub credit: Option<Money>,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Whether the API is switched off in it.
    pub api_disabled: bool,
}

/// What is to be changed of a project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ProjectChange {
    /// How much it may ask; a tier above `free` links a billing account.
    pub tier: Option<Tier>,
    /// Whether a billing account is linked; without one the tier is `free`.
    pub billing: Option<bool>,
    /// What it may spend in a month; `null` is no cap.
    #[serde(deserialize_with = "given")]
    pub spend_cap: Option<Option<Money>>,
    /// All credit that was bought in advance, top-ups added; `null` is paid afterwards.
    #[serde(deserialize_with = "given")]
    pub credit: Option<Option<Money>>,
    /// Whether it is suspended.
    pub suspended: Option<bool>,
    /// Whether the API is switched off in it.
    pub api_disabled: Option<bool>,
}

/// What is given, be it `null`.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Money>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The columns that [`read`] reads, of the table `p`.
pub(super) fn columns() -> String {
    let limits = limits::LIMITS;
    format!(
        "p.number, p.name, p.tier, p.billing, p.suspended, p.api_disabled, {limits}, p.spend_cap, p.credit"
    )
}

/// A project, from its columns behind `first` others.
pub(super) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Project> {
    let (tier, own): (String, String) = (row.get(first + 2)?, row.get(first + 6)?);
    let money = |column: usize| -> rusqlite::Result<Option<Money>> {
        let stored: Option<String> = row.get(first + column)?;
        Ok(stored.and_then(|stored| stored.parse().ok()))
    };
    Ok(Project {
        number: row.get(first)?,
        name: row.get(first + 1)?,
        plan: Plan {
            tier: tier.parse().unwrap_or_default(),
            models: limits::rows_of(&own),
        },
        billing: row.get(first + 3)?,
        spend_cap: money(7)?,
        credit: money(8)?,
        suspended: row.get(first + 4)?,
        api_disabled: row.get(first + 5)?,
    })
}

impl Accounts {
    /// All projects, oldest first.
    pub fn projects(&self) -> Result<Vec<Project>, AccountsError> {
        let database = self.lock();
        let statement = format!("SELECT {} FROM projects p ORDER BY p.id", columns());
        let mut statement = database.prepare(&statement)?;
        let rows = statement.query_map([], |row| read(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A project by its name or number.
    pub fn project(&self, which: &str) -> Result<Project, AccountsError> {
        let projects = self.projects()?;
        let is = |project: &Project| project.name == which || project.number.to_string() == which;
        let found = projects.into_iter().find(is);
        found.ok_or_else(|| AccountsError::NoSuchProject(which.into()))
    }

    /// Makes a project of the free tier.
    pub fn create_project(&self, name: &str, now: SystemTime) -> Result<Project, AccountsError> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        if name.is_empty() || name.len() > 30 || !name.chars().all(fits) {
            return Err(AccountsError::ProjectName(name.into()));
        }
        if self.project(name).is_ok() {
            return Err(AccountsError::ProjectExists(name.into()));
        }
        insert(&self.lock(), name, now)?;
        self.project(name)
    }

    /// Changes a project; its keys feel it within a second.
    pub fn change_project(
        &self,
        which: &str,
        change: &ProjectChange,
    ) -> Result<Project, AccountsError> {
        let project = self.project(which)?;
        let (tier, billing) = standing(&project, change)?;
        self.lock().execute(
            "UPDATE projects SET tier = ?2, billing = ?3, suspended = ?4, api_disabled = ?5,
             spend_cap = ?6, credit = ?7
             WHERE number = ?1",
            params![
                project.number,
                tier.name(),
                billing,
                change.suspended.unwrap_or(project.suspended),
                change.api_disabled.unwrap_or(project.api_disabled),
                written(change.spend_cap.unwrap_or(project.spend_cap)),
                written(change.credit.unwrap_or(project.credit)),
            ],
        )?;
        self.believe_nothing();
        self.project(which)
    }
}

fn written(money: Option<Money>) -> Option<String> {
    money.map(|money| money.to_string())
}

/// Tier and billing after a change: a paid tier and billing come and go together.
fn standing(project: &Project, change: &ProjectChange) -> Result<(Tier, bool), AccountsError> {
    Ok(match (change.tier, change.billing) {
        (Some(Tier::Free), Some(true))
        | (Some(Tier::Tier1 | Tier::Tier2 | Tier::Tier3), Some(false)) => {
            return Err(AccountsError::TierAgainstBilling);
        }
        (Some(tier), _) => (tier, tier > Tier::Free),
        (None, Some(true)) => (project.plan.tier.max(Tier::Tier1), true),
        (None, Some(false)) => (Tier::Free, false),
        (None, None) => (project.plan.tier, project.billing),
    })
}

/// The row of a project; the project `default` is made when it is missing.
pub(super) fn id_of(
    database: &Connection,
    name: &str,
    now: SystemTime,
) -> Result<i64, AccountsError> {
    let known: Option<i64> = database
        .query_row("SELECT id FROM projects WHERE name = ?", [name], |row| {
            row.get(0)
        })
        .optional()?;
    match known {
        Some(id) => Ok(id),
        None if name == "default" => insert(database, name, now),
        None => Err(AccountsError::NoSuchProject(name.into())),
    }
}

fn insert(database: &Connection, name: &str, now: SystemTime) -> Result<i64, AccountsError> {
    let number = rand::rng().random_range(100_000_000_000i64..1_000_000_000_000);
    database.execute(
        "INSERT INTO projects (number, name, created) VALUES (?, ?, ?)",
        params![number, name, seconds(now)],
    )?;
    Ok(database.last_insert_rowid())
}
