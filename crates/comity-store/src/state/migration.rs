//! Layouts: numbered, forward only, one line of files for each engine.
//!
//! In scope: bringing a store's layout up to this program's, and refusing one that is newer. Each step is one
//! transaction. Out of scope: the object log, whose files carry their own version.

use rusqlite::{Connection, OptionalExtension};

use crate::error::StoreError;
use crate::state::is_conflict;

/// How often several nodes may find each other in the way.
const TRIES_MAX: u32 = 8;
const SQLITE: &[&str] = &[
    include_str!("../../migrations/sqlite/0001.sql"),
    include_str!("../../migrations/sqlite/0002.sql"),
    include_str!("../../migrations/sqlite/0003.sql"),
    include_str!("../../migrations/sqlite/0004.sql"),
];
const POSTGRES: &[&str] = &[
    include_str!("../../migrations/postgres/0001.sql"),
    include_str!("../../migrations/postgres/0002.sql"),
    include_str!("../../migrations/postgres/0003.sql"),
    include_str!("../../migrations/postgres/0004.sql"),
];

/// Brings an embedded store up to date.
pub(crate) fn migrate_sqlite(connection: &mut Connection) -> Result<(), StoreError> {
    let mut run = || {
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let table = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta'";
        let known: i64 = transaction.query_row(table, [], |row| row.get(0))?;
        let found = if known == 0 {
            None
        } else {
            let query = "SELECT value FROM meta WHERE name = 'layout'";
            transaction
                .query_row(query, [], |row| row.get::<_, String>(0))
                .optional()?
        };
        let found = number(found.as_deref());
        for (step, sql) in steps(SQLITE, found) {
            transaction.execute_batch(sql)?;
            transaction.execute(
                "INSERT INTO meta (name, value) VALUES ('layout', ?1)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [step.to_string()],
            )?;
        }
        transaction.commit()?;
        Ok(found)
    };
    let found = run().map_err(StoreError::sqlite("bring the state's layout up to date"))?;
    refuse_newer(found, SQLITE)
}

/// Brings a server's database up to date. Of several nodes that start at once one makes the tables; the others learn of
/// it when they try to make them too, and look again.
pub(crate) fn migrate_postgres(client: &mut postgres::Client) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match migrate_postgres_once(client) {
            Err(error) if tries < TRIES_MAX && is_conflict(&error) => {}
            done => return done,
        }
    }
}

fn migrate_postgres_once(client: &mut postgres::Client) -> Result<(), StoreError> {
    let mut run = || {
        let mut transaction = client.transaction()?;
        let table = "SELECT count(*) FROM information_schema.tables
                     WHERE table_schema = current_schema() AND table_name = 'meta'";
        let known: i64 = transaction.query_one(table, &[])?.get(0);
        let found = if known == 0 {
            None
        } else {
            let rows = transaction.query(
                "SELECT value FROM meta WHERE name = 'layout' FOR UPDATE",
                &[],
            )?;
            rows.first().map(|row| row.get::<_, String>(0))
        };
        let found = number(found.as_deref());
        for (step, sql) in steps(POSTGRES, found) {
            transaction.batch_execute(sql)?;
            transaction.execute(
                "INSERT INTO meta (name, value) VALUES ('layout', $1)
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                &[&step.to_string()],
            )?;
        }
        transaction.commit()?;
        Ok(found)
    };
    let found = run().map_err(StoreError::postgres("bring the state's layout up to date"))?;
    refuse_newer(found, POSTGRES)
}

fn number(found: Option<&str>) -> i64 {
    found.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The steps that a store of layout `found` still needs, with their numbers.
fn steps(all: &'static [&'static str], found: i64) -> impl Iterator<Item = (i64, &'static str)> {
    all.iter()
        .copied()
        .zip(1..)
        .map(|(sql, step)| (step, sql))
        .filter(move |(step, _)| *step > found)
}

fn refuse_newer(found: i64, all: &[&str]) -> Result<(), StoreError> {
    let known = i64::try_from(all.len()).unwrap_or(i64::MAX);
    if found > known {
        Err(StoreError::TooNew { found, known })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_store_gets_every_step_and_one_from_the_future_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate_sqlite(&mut connection).unwrap();
        migrate_sqlite(&mut connection).unwrap();
        connection
            .execute("UPDATE meta SET value = '999' WHERE name = 'layout'", [])
            .unwrap();
        let refused = migrate_sqlite(&mut connection);
        assert!(matches!(
            refused,
            Err(StoreError::TooNew { found: 999, .. })
        ));
    }

    #[test]
    fn both_engines_have_the_same_number_of_steps() {
        assert_eq!(SQLITE.len(), POSTGRES.len());
    }
}
