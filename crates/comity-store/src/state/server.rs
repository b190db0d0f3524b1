//! State on a PostgreSQL server: connections, transactions, and trying again after a conflict.
//!
//! In scope: a small pool, retries on serialisation failures and deadlocks, and on a connection that went away before
//! anything was done with it. Out of scope: layouts, statements.
//! Limits: a transaction is tried [`TRIES_MAX`] times; connecting takes at most [`CONNECT_SECONDS`].

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use postgres::error::SqlState;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, IsolationLevel, NoTls};

use crate::error::StoreError;
use crate::state::{POOL_KEPT, Row, Tx, Value, dialect};

const TRIES_MAX: u32 = 16;
const CONNECT_SECONDS: u64 = 10;
/// A connection that was used this recently is not asked whether it still holds.
const TRUSTED: Duration = Duration::from_millis(1);

/// Connections to one database.
pub(crate) struct Pool {
    config: Config,
    unused: Mutex<Vec<(Client, Instant)>>,
}

impl std::fmt::Debug for Pool {
    // The configuration may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("database", &self.config.get_dbname())
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool for the database at `url`, `postgres://user@host/database`.
    pub(crate) fn new(url: &str) -> Result<Self, StoreError> {
        let mut config: Config = url
            .parse()
            .map_err(StoreError::postgres("read the database's URL"))?;
        config
            .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
            .application_name("comity");
        Ok(Self {
            config,
            unused: Mutex::default(),
        })
    }

    /// Runs `work` with a connection.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&mut Client) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut client = self.take()?;
        let answer = work(&mut client);
        self.give_back(client);
        answer
    }

    /// Runs `work` as one transaction, again after a conflict.
    pub(crate) fn write<T, E: From<StoreError>>(
        &self,
        work: impl Fn(&mut dyn Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut tries = 0;
        loop {
            tries += 1;
            let mut client = self.take()?;
            let outcome = attempt(&mut client, &work);
            self.give_back(client);
            match outcome {
                Ok(answer) => return answer,
                Err(error) if tries < TRIES_MAX && is_conflict(&error) => {
                    std::thread::sleep(pause(tries));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn take(&self) -> Result<Client, StoreError> {
        loop {
            let kept = self
                .unused
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            match kept {
                Some((mut client, since)) => {
                    if holds(&mut client, since) {
                        return Ok(client);
                    }
                }
                None => {
                    return self
                        .config
                        .connect(NoTls)
                        .map_err(StoreError::postgres("connect"));
                }
            }
        }
    }

    fn give_back(&self, client: Client) {
        let mut unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner);
        if !client.is_closed() && unused.len() < POOL_KEPT {
            unused.push((client, Instant::now()));
        }
    }
}

/// Whether a connection still holds. A server that was restarted has hung up on all of them, and they do not notice
/// before they are used.
fn holds(client: &mut Client, since: Instant) -> bool {
    if client.is_closed() {
        return false;
    }
    since.elapsed() < TRUSTED
        || client
            .is_valid(Duration::from_secs(CONNECT_SECONDS))
            .is_ok()
}

/// One try. The inner result is the caller's own answer, which is not tried again unless the commit failed.
fn attempt<T, E: From<StoreError>>(
    client: &mut Client,
    work: impl Fn(&mut dyn Tx) -> Result<T, E>,
) -> Result<Result<T, E>, StoreError> {
    let began = client
        .build_transaction()
        .isolation_level(IsolationLevel::Serializable)
        .start();
    let transaction = began.map_err(StoreError::postgres("begin a transaction"))?;
    let mut tx = ServerTx {
        transaction,
        conflict: None,
    };
    let answer = work(&mut tx);
    if let Some(conflict) = tx.conflict.take() {
        return Err(conflict);
    }
    if answer.is_ok() {
        tx.transaction
            .commit()
            .map_err(StoreError::postgres("commit a transaction"))?;
    }
    Ok(answer)
}

/// A transaction that remembers a conflict, so that it is tried again whatever the caller made of the error.
struct ServerTx<'a> {
    transaction: postgres::Transaction<'a>,
    conflict: Option<StoreError>,
}

impl ServerTx<'_> {
    fn failed(&mut self, action: &'static str, source: postgres::Error) -> StoreError {
        let error = StoreError::Postgres { action, source };
        if is_conflict(&error) {
            self.conflict = Some(error);
            return StoreError::Busy { waiting: 1 };
        }
        error
    }
}

impl Tx for ServerTx<'_> {
    fn query(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let values = parameters(values);
        let rows = self.transaction.query(&dialect::for_postgres(sql), &values);
        let rows = rows.map_err(|e| self.failed("read the state", e))?;
        rows.iter().map(row_of).collect()
    }

    fn execute(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreError> {
        let values = parameters(values);
        let changed = self
            .transaction
            .execute(&dialect::for_postgres(sql), &values);
        changed.map_err(|e| self.failed("write the state", e))
    }
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    let mut out: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(values.len());
    for value in values {
        out.push(value);
    }
    out
}

fn row_of(row: &postgres::Row) -> Result<Row, StoreError> {
    let failed = StoreError::postgres;
    let values = row.columns().iter().enumerate().map(|(i, column)| {
        let value = match *column.type_() {
            Type::INT8 => row
                .try_get::<_, Option<i64>>(i)
                .map_err(failed("read a column"))?
                .map(Value::Integer),
            Type::BYTEA => row
                .try_get::<_, Option<Vec<u8>>>(i)
                .map_err(failed("read a column"))?
                .map(Value::Bytes),
            _ => row
                .try_get::<_, Option<String>>(i)
                .map_err(failed("read a column"))?
                .map(Value::Text),
        };
        Ok(value.unwrap_or(Value::Null))
    });
    values
        .collect::<Result<Vec<Value>, StoreError>>()
        .map(Row::new)
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => number.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Bytes(bytes) => bytes.as_slice().to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::TEXT | Type::VARCHAR | Type::BYTEA)
    }

    to_sql_checked!();
}

/// Whether an error means "another transaction was in the way; try again".
pub(crate) fn is_conflict(error: &StoreError) -> bool {
    let StoreError::Postgres { source, .. } = error else {
        return false;
    };
    let retry = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
    ];
    source.code().is_some_and(|code| retry.contains(code))
}

/// How long a try waits before the next: longer each time, and by chance, since those that collided once and wait equally long
/// collide again.
fn pause(tries: u32) -> Duration {
    use std::hash::{BuildHasher as _, Hasher as _};
    // The standard library's keys are random for each table: enough to come apart.
    let chance = std::hash::RandomState::new().build_hasher().finish() % 8;
    Duration::from_millis(u64::from(tries) * (2 + chance))
}
