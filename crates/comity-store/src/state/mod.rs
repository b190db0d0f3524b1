//! State: everything but objects, as rows, written once for both engines.
//!
//! A use case is one closure and one transaction: it reads, decides and records over [`Tx`], all or nothing. The same
//! statements run on SQLite and on PostgreSQL; parameters are written `?1`, `?2`; `dialect` holds what differs.
//!
//! In scope: transactions, migrations, the tables in the modules below. Out of scope: objects, the meaning of a row.
//! Limits: one writer at a time on SQLite; [`POOL_KEPT`] connections wait on PostgreSQL.

pub mod accord;
pub mod account;
pub mod address;
pub mod audit;
pub mod certificate;
pub mod channel;
pub mod clock;
pub mod closed;
pub mod collection;
pub mod contact;
pub mod cross_head;
pub mod cursor;
pub mod delivered;
pub mod deposit;
pub mod evidence;
pub mod grant;
pub mod identity;
pub mod inbox;
pub mod judged;
pub mod ledger;
pub mod mail;
pub mod mail_out;
pub mod meta;
pub mod outbox;
pub mod party;
pub mod passkey;
pub mod peer_log;
pub mod recall;
pub mod receipt;
pub mod release;
pub mod repeated;
pub mod revocation;
pub mod second_factor;
pub mod session;
pub mod source;
pub mod thread;
pub mod token;
pub mod tombstone;
pub mod welcome;
pub mod witness;

mod dialect;
mod migration;
mod server;
mod value;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use crate::error::StoreError;
pub use crate::state::value::{Row, Value};

pub(crate) use crate::state::server::{Pool, is_conflict};

/// Idle connections that are kept for the next transaction on PostgreSQL.
pub const POOL_KEPT: usize = 8;

/// Prepared statements that are kept on SQLite: about as many as there are.
const STATEMENTS_KEPT: usize = 256;

/// A transaction: the one thing that use cases see of a database.
pub trait Tx {
    /// Rows of a query.
    fn query(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// Runs a statement and answers how many rows it changed.
    fn execute(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreError>;
}

/// The state of a node.
#[derive(Debug)]
pub struct State {
    engine: Engine,
}

#[derive(Debug)]
enum Engine {
    /// A file in the node's folder; every commit is synced.
    Embedded(Mutex<Connection>),
    /// A PostgreSQL server.
    Server(Pool),
}

impl State {
    /// Opens the state file in `folder`, bringing its layout up to date.
    pub fn open_embedded(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("state.sqlite");
        let opened = Connection::open(&path).and_then(|connection| {
            connection.busy_timeout(std::time::Duration::from_secs(30))?;
            connection.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                 PRAGMA secure_delete = ON; PRAGMA cache_size = -16384;",
            )?;
            Ok(connection)
        });
        let mut connection = opened.map_err(StoreError::sqlite("open the state"))?;
        keep_statements(&connection)?;
        migration::migrate_sqlite(&mut connection)?;
        Ok(Self {
            engine: Engine::Embedded(Mutex::new(connection)),
        })
    }

    /// A state that lives as long as this process: for the simulator.
    pub fn open_in_memory() -> Result<Self, StoreError> {
        let opened = Connection::open_in_memory();
        let mut connection = opened.map_err(StoreError::sqlite("open a state in memory"))?;
        keep_statements(&connection)?;
        migration::migrate_sqlite(&mut connection)?;
        Ok(Self {
            engine: Engine::Embedded(Mutex::new(connection)),
        })
    }

    /// The whole of an embedded state, as [`Self::open_snapshot`] takes it: for the simulator, whose nodes are restored
    /// from backups.
    pub fn snapshot(&self) -> Result<Vec<u8>, StoreError> {
        match &self.engine {
            Engine::Embedded(connection) => {
                let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let taken = connection.serialize(rusqlite::MAIN_DB);
                let taken = taken.map_err(StoreError::sqlite("take a snapshot of the state"))?;
                Ok(taken.to_vec())
            }
            Engine::Server(_) => Err(StoreError::Row {
                table: "every table",
                what: "a server's state is backed up by the server".to_owned(),
            }),
        }
    }

    /// A state in memory that begins as a snapshot was.
    pub fn open_snapshot(snapshot: &[u8]) -> Result<Self, StoreError> {
        let opened = Connection::open_in_memory().and_then(|mut connection| {
            connection.deserialize_read_exact(
                rusqlite::MAIN_DB,
                snapshot,
                snapshot.len(),
                false,
            )?;
            Ok(connection)
        });
        let mut connection = opened.map_err(StoreError::sqlite("open a snapshot of a state"))?;
        keep_statements(&connection)?;
        migration::migrate_sqlite(&mut connection)?;
        Ok(Self {
            engine: Engine::Embedded(Mutex::new(connection)),
        })
    }

    /// Connects to the PostgreSQL database at `url`, bringing its layout up to date.
    pub fn open_server(url: &str) -> Result<Self, StoreError> {
        let pool = Pool::new(url)?;
        pool.with(migration::migrate_postgres)?;
        Ok(Self {
            engine: Engine::Server(pool),
        })
    }

    /// Whether other nodes may have changed it since anybody looked.
    pub fn is_shared(&self) -> bool {
        match &self.engine {
            Engine::Embedded(_) => false,
            Engine::Server(_) => true,
        }
    }

    /// Runs `work` as one transaction. On PostgreSQL it may run again after a conflict, so it must not act on anything
    /// but its transaction.
    pub fn write<T, E: From<StoreError>>(
        &self,
        work: impl Fn(&mut dyn Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        match &self.engine {
            Engine::Embedded(connection) => {
                let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let behavior = rusqlite::TransactionBehavior::Immediate;
                let began = connection.transaction_with_behavior(behavior);
                let mut transaction = began.map_err(StoreError::sqlite("begin a transaction"))?;
                let answer = work(&mut transaction)?;
                transaction
                    .commit()
                    .map_err(StoreError::sqlite("commit a transaction"))?;
                Ok(answer)
            }
            Engine::Server(pool) => pool.write(work),
        }
    }

    /// Runs `work` as one transaction that only reads.
    pub fn read<T, E: From<StoreError>>(
        &self,
        work: impl Fn(&mut dyn Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        match &self.engine {
            Engine::Embedded(connection) => {
                let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let mut transaction = connection
                    .transaction()
                    .map_err(StoreError::sqlite("begin a transaction"))?;
                work(&mut transaction)
            }
            Engine::Server(pool) => pool.write(work),
        }
    }

    /// Overwrites what was deleted: SQLite zeroes deleted content as it goes (`secure_delete`), and here its write-ahead
    /// log is brought to an end; on PostgreSQL the dead rows of erased envelopes are removed, whose own write-ahead log
    /// and backups are the database operator's.
    pub fn forget_deleted(&self) -> Result<(), StoreError> {
        match &self.engine {
            Engine::Embedded(connection) => {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let busy: i64 = connection
                    .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
                    .map_err(StoreError::sqlite("end the write-ahead log"))?;
                if busy == 0 {
                    Ok(())
                } else {
                    Err(StoreError::Busy { waiting: 1 })
                }
            }
            Engine::Server(pool) => pool.with(|client| {
                client
                    .batch_execute("VACUUM outbox; VACUUM inbox;")
                    .map_err(StoreError::postgres("remove dead rows"))
            }),
        }
    }

    /// The layout's number.
    pub fn layout(&self) -> Result<i64, StoreError> {
        self.read(|tx| {
            Ok::<_, StoreError>(
                meta::find(tx, "layout")?
                    .and_then(|n| n.parse().ok())
                    .unwrap_or(0),
            )
        })
    }
}

/// Statements are prepared once: without the planner's promise of stable plans SQLite prepares many of them anew each time
/// values are bound.
fn keep_statements(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    let stable = rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
    let set = connection.set_db_config(stable, true);
    set.map(|_| ())
        .map_err(StoreError::sqlite("set up the state"))
}

impl Tx for rusqlite::Transaction<'_> {
    fn query(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let run = || {
            let mut statement = self.prepare_cached(sql)?;
            let columns = statement.column_count();
            let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
                (0..columns)
                    .map(|i| row.get(i))
                    .collect::<rusqlite::Result<Vec<Value>>>()
                    .map(Row::new)
            })?;
            rows.collect::<rusqlite::Result<Vec<Row>>>()
        };
        run().map_err(StoreError::sqlite("read the state"))
    }

    fn execute(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreError> {
        let run = || {
            self.prepare_cached(sql)?
                .execute(rusqlite::params_from_iter(values))
        };
        let changed = run().map_err(StoreError::sqlite("write the state"))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }
}
