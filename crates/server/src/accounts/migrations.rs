//! The form of the database, and how older ones become it.

use super::AccountsError;
use rusqlite::{Connection, TransactionBehavior};

/// One step each; a step that was released is never changed.
const MIGRATIONS: &[&str] = &[
    "
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
",
    "
    ALTER TABLE projects ADD COLUMN tier TEXT NOT NULL DEFAULT 'free';
    ALTER TABLE projects ADD COLUMN billing INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE projects ADD COLUMN suspended INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE projects ADD COLUMN api_disabled INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE keys ADD COLUMN leaked INTEGER;
    ALTER TABLE keys ADD COLUMN restrictions TEXT;
",
    "
    CREATE TABLE counters (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        snapshot TEXT NOT NULL
    );
",
    "
    CREATE TABLE limits (
        project INTEGER NOT NULL REFERENCES projects(id),
        model TEXT NOT NULL,
        limits TEXT NOT NULL,
        PRIMARY KEY (project, model)
    );
    CREATE TABLE increases (
        id INTEGER PRIMARY KEY,
        project INTEGER NOT NULL REFERENCES projects(id),
        model TEXT NOT NULL,
        limits TEXT NOT NULL,
        reason TEXT NOT NULL,
        asked INTEGER NOT NULL,
        decided INTEGER,
        state TEXT NOT NULL DEFAULT 'asked'
    );
    ALTER TABLE projects ADD COLUMN spend_cap TEXT;
    ALTER TABLE projects ADD COLUMN credit TEXT;
    CREATE TABLE spent (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        snapshot TEXT NOT NULL
    );
",
];

/// Brings a database to the newest form, all steps or none.
pub(super) fn migrate(database: &mut Connection) -> Result<(), AccountsError> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_the_first_form_keeps_its_rows() {
        let mut database = Connection::open_in_memory().unwrap();
        database.execute_batch(MIGRATIONS[0]).unwrap();
        database
            .execute_batch(
                "INSERT INTO projects (number, name, created) VALUES (7, 'a', 1);
                 INSERT INTO keys (project, name, hash, ending, created) VALUES (1, 'k', x'00', 'abcd', 1);
                 PRAGMA user_version = 1;",
            )
            .unwrap();
        migrate(&mut database).unwrap();
        migrate(&mut database).unwrap();
        let tier: String = database
            .query_row("SELECT tier FROM projects", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tier, "free");
    }

    #[test]
    fn a_database_of_a_newer_program_is_refused() {
        let mut database = Connection::open_in_memory().unwrap();
        database.execute_batch("PRAGMA user_version = 99;").unwrap();
        let refused = migrate(&mut database);
        assert!(matches!(
            refused,
            Err(AccountsError::Newer { found: 99, .. })
        ));
    }
}
