//! The index of the object log: a SQLite file derived from it, written lazily, replayed after a crash.
//!
//! It holds the keys by which objects are found, and how far the log was taken into account. It can be deleted while
//! the node is stopped; the next start builds it again from the log.
//!
//! In scope: the schema, one commit for many objects, look-ups. Out of scope: what a key means (`pending`).
//! Limits: [`READERS_KEPT`] connections wait for look-ups.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::ViewSummary;
use crate::objects::blocks::BlockPlace;
use crate::objects::pending::{At, KeyKind, Pending, StatusPlace};
use crate::objects::segment::LogPosition;
use crate::objects::status::STATUS_KEPT_MICROS;
use crate::objects::view::ViewState;

/// The layout of this index; an older one is thrown away and built again from the log.
const LAYOUT: i64 = 2;
const READERS_KEPT: usize = 8;

/// Words come cut by our own rules and joined by spaces, so for the tokenizer everything but space is part of a word.
const SCHEMA: &str = r#"
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE view (view INTEGER PRIMARY KEY, length INTEGER NOT NULL, objects INTEGER NOT NULL,
                   versions INTEGER NOT NULL, last_added INTEGER NOT NULL);
CREATE TABLE stretch (view INTEGER, stretch INTEGER, types INTEGER NOT NULL, PRIMARY KEY (view, stretch)) WITHOUT ROWID;
CREATE TABLE type_name (number INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE object_id (key INTEGER, at INTEGER, PRIMARY KEY (key, at)) WITHOUT ROWID;
CREATE TABLE object_value (key INTEGER, at INTEGER, PRIMARY KEY (key, at)) WITHOUT ROWID;
CREATE TABLE object_link (key INTEGER, at INTEGER, PRIMARY KEY (key, at)) WITHOUT ROWID;
CREATE VIRTUAL TABLE object_text USING fts5 (words, content = '', detail = 'none', columnsize = 0,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'");
CREATE TABLE status (id BLOB PRIMARY KEY, segment INTEGER NOT NULL, offset INTEGER NOT NULL,
                     requested INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX status_requested ON status (requested);
CREATE TABLE block (view INTEGER, block INTEGER, offset INTEGER NOT NULL, length INTEGER NOT NULL,
                    crc INTEGER NOT NULL, plain INTEGER NOT NULL, objects INTEGER NOT NULL,
                    PRIMARY KEY (view, block)) WITHOUT ROWID;
"#;

/// The index of one node.
#[derive(Debug)]
pub(crate) struct Index {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

/// What the index knows when it is opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) log_end: LogPosition,
    pub(crate) views: Vec<(u32, ViewState)>,
    pub(crate) type_names: Vec<String>,
    pub(crate) blocks: Vec<(u32, u64, BlockPlace)>,
}

/// A change of the compressed blocks on record: a new place, or `None` for one that no longer holds.
pub(crate) type BlockChange = (u32, u64, Option<BlockPlace>);

impl Index {
    /// Opens the index in `folder`; one of another layout, or that SQLite cannot read, is replaced by an empty one.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Opened), StoreError> {
        match Self::open_whole(folder) {
            Err(StoreError::Sqlite { source, .. }) if is_damage(&source) => {
                tracing::warn!(folder = %folder.display(), error = %source, "index is damaged; built again");
                Self::forget(folder)?;
                Self::open_whole(folder)
            }
            done => done,
        }
    }

    /// Removes the index; the next one is built from the log.
    pub(crate) fn forget(folder: &Path) -> Result<(), StoreError> {
        remove(&folder.join("index.sqlite"))
    }

    fn open_whole(folder: &Path) -> Result<(Self, Opened), StoreError> {
        let path = folder.join("index.sqlite");
        let mut writer = connect(&path)?;
        let layout: i64 = writer
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(StoreError::sqlite("read the index"))?;
        if layout != LAYOUT {
            drop(writer);
            remove(&path)?;
            writer = connect(&path)?;
            writer
                .execute_batch(&format!(
                    "BEGIN; {SCHEMA} PRAGMA user_version = {LAYOUT}; COMMIT;"
                ))
                .map_err(StoreError::sqlite("lay out the index"))?;
        }
        let opened = load(&writer).map_err(StoreError::sqlite("read the index"))?;
        Ok((
            Self {
                path,
                writer: Mutex::new(writer),
                readers: Mutex::default(),
            },
            opened,
        ))
    }

    /// Writes a closed set, and the type names from `names_from` on, in one transaction.
    pub(crate) fn commit(
        &self,
        set: &Pending,
        names: &[String],
        now: i64,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        write_set(&mut writer, set, names, now).map_err(StoreError::sqlite("write the index"))
    }

    /// Records which compressed blocks hold.
    pub(crate) fn commit_blocks(&self, changes: &[BlockChange]) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        write_blocks(&mut writer, changes).map_err(StoreError::sqlite("write the index"))
    }

    /// The places under a key.
    pub(crate) fn places(&self, kind: KeyKind, key: i64) -> Result<Vec<At>, StoreError> {
        let statement = match kind {
            KeyKind::Id => "SELECT at FROM object_id WHERE key = ?1",
            KeyKind::Value => "SELECT at FROM object_value WHERE key = ?1",
            KeyKind::Link => "SELECT at FROM object_link WHERE key = ?1",
        };
        self.with_reader(|connection| {
            let mut statement = connection.prepare_cached(statement)?;
            let places = statement.query_map([key], |row| row.get(0).map(At))?;
            places.collect()
        })
    }

    /// Places of objects in `view` whose text holds all `words`, newest first, from `below` on.
    pub(crate) fn matching(
        &self,
        words: &[String],
        view: u32,
        below: At,
        limit: usize,
    ) -> Result<Vec<At>, StoreError> {
        // Each word is quoted, so nothing in it is read as FTS5 syntax; it holds letters and digits only anyway.
        let query: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.with_reader(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT rowid FROM object_text WHERE object_text MATCH ?1 AND rowid >= ?2 AND rowid < ?3
                 ORDER BY rowid DESC LIMIT ?4",
            )?;
            let first = At::new(view, 0);
            let rows = statement.query_map(params![query.join(" "), first.0, below.0, limit], |row| row.get(0).map(At))?;
            rows.collect()
        })
    }

    /// Where a status lies.
    pub(crate) fn status(&self, id: &Uuid) -> Result<Option<StatusPlace>, StoreError> {
        self.with_reader(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT segment, offset, requested FROM status WHERE id = ?1")?;
            statement
                .query_row([id.as_bytes().as_slice()], |row| {
                    let act = LogPosition {
                        segment: row.get(0)?,
                        offset: unsigned(row.get(1)?),
                    };
                    Ok(StatusPlace {
                        act,
                        requested: row.get(2)?,
                    })
                })
                .optional()
        })
    }

    /// Asks SQLite to read its whole file and answers what it finds wrong.
    pub(crate) fn check(&self) -> Result<Vec<String>, StoreError> {
        self.with_reader(|connection| {
            let mut statement = connection.prepare("PRAGMA quick_check(20)")?;
            let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
            rows.filter(|row| row.as_ref().map_or(true, |text| text != "ok"))
                .collect()
        })
    }

    fn with_reader<T>(
        &self,
        with: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let kept = self
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connect(&self.path)?,
        };
        let answer = with(&connection);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS_KEPT {
            readers.push(connection);
        }
        answer.map_err(StoreError::sqlite("read the index"))
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let opened = Connection::open(path).and_then(|connection| {
        connection.busy_timeout(std::time::Duration::from_secs(30))?;
        // NORMAL: a power cut may undo the last commits, never tear one; the log is replayed from where they end.
        connection.execute_batch(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 32768; PRAGMA temp_store = MEMORY;",
        )?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(connection)
    });
    opened.map_err(StoreError::sqlite("open the index"))
}

fn is_damage(error: &rusqlite::Error) -> bool {
    let damage = [
        rusqlite::ErrorCode::NotADatabase,
        rusqlite::ErrorCode::DatabaseCorrupt,
    ];
    error
        .sqlite_error_code()
        .is_some_and(|code| damage.contains(&code))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let file = PathBuf::from(name);
        match std::fs::remove_file(&file) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(StoreError::file("remove", &file, e)),
        }
    }
    Ok(())
}

fn load(connection: &Connection) -> rusqlite::Result<Opened> {
    let meta = |name: &str| {
        connection
            .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| {
                row.get::<_, i64>(0)
            })
            .optional()
    };
    let segment = meta("log_segment")?
        .and_then(|n| u32::try_from(n).ok())
        .unwrap_or(1);
    let log_end = LogPosition {
        segment,
        offset: meta("log_offset")?.map_or(0, unsigned),
    };
    let mut statement =
        connection.prepare("SELECT view, length, objects, versions, last_added FROM view")?;
    let views = statement.query_map([], |row| {
        let summary = ViewSummary {
            objects: unsigned(row.get(2)?),
            versions: unsigned(row.get(3)?),
            last_added: row.get(4)?,
            generation: 0,
        };
        Ok((
            row.get(0)?,
            ViewState {
                length: unsigned(row.get(1)?),
                summary,
                types: Vec::new(),
            },
        ))
    })?;
    let mut views = views.collect::<rusqlite::Result<Vec<(u32, ViewState)>>>()?;
    for (view, state) in &mut views {
        let mut statement =
            connection.prepare("SELECT types FROM stretch WHERE view = ?1 ORDER BY stretch")?;
        let types =
            statement.query_map([*view], |row| row.get::<_, i64>(0).map(i64::cast_unsigned))?;
        state.types = types.collect::<rusqlite::Result<_>>()?;
    }
    let mut statement = connection.prepare("SELECT name FROM type_name ORDER BY number")?;
    let type_names = statement
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut statement =
        connection.prepare("SELECT view, block, offset, length, crc, plain, objects FROM block")?;
    let blocks = statement.query_map([], |row| {
        let place = BlockPlace {
            offset: unsigned(row.get(2)?),
            length: row.get(3)?,
            crc: row.get(4)?,
            plain: row.get(5)?,
            objects: row.get(6)?,
        };
        Ok((row.get(0)?, unsigned(row.get(1)?), place))
    })?;
    Ok(Opened {
        log_end,
        views,
        type_names,
        blocks: blocks.collect::<rusqlite::Result<_>>()?,
    })
}

fn write_set(
    connection: &mut Connection,
    set: &Pending,
    names: &[String],
    now: i64,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for (table, keys) in [
        ("object_id", &set.ids),
        ("object_value", &set.values),
        ("object_link", &set.links),
    ] {
        let mut insert = transaction.prepare_cached(&format!(
            "INSERT OR IGNORE INTO {table} (key, at) VALUES (?1, ?2)"
        ))?;
        for (key, at) in keys {
            insert.execute([*key, at.0])?;
        }
    }
    {
        let mut insert =
            transaction.prepare_cached("INSERT INTO object_text (rowid, words) VALUES (?1, ?2)")?;
        for (at, words) in &set.texts {
            insert.execute(params![at.0, words])?;
        }
        let mut insert = transaction
            .prepare_cached("INSERT OR REPLACE INTO status (id, segment, offset, requested) VALUES (?1, ?2, ?3, ?4)")?;
        for (id, place) in &set.statuses {
            let offset = signed(place.act.offset);
            insert.execute(params![
                id.as_bytes().as_slice(),
                place.act.segment,
                offset,
                place.requested
            ])?;
        }
        transaction.execute(
            "DELETE FROM status WHERE requested < ?1",
            [now - STATUS_KEPT_MICROS],
        )?;
        let mut insert = transaction
            .prepare_cached("INSERT OR REPLACE INTO type_name (number, name) VALUES (?1, ?2)")?;
        let known: i64 =
            transaction.query_row("SELECT count(*) FROM type_name", [], |row| row.get(0))?;
        for (number, name) in names
            .iter()
            .enumerate()
            .skip(usize::try_from(known).unwrap_or(0))
        {
            insert.execute(params![i64::try_from(number).unwrap_or(0), name])?;
        }
    }
    write_views(&transaction, set)?;
    transaction.commit()
}

fn write_views(transaction: &rusqlite::Transaction<'_>, set: &Pending) -> rusqlite::Result<()> {
    let mut put_view = transaction.prepare_cached(
        "INSERT OR REPLACE INTO view (view, length, objects, versions, last_added) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let mut put_stretch = transaction.prepare_cached(
        "INSERT OR REPLACE INTO stretch (view, stretch, types) VALUES (?1, ?2, ?3)",
    )?;
    for (view, state) in &set.views {
        let known: i64 = transaction.query_row(
            "SELECT coalesce(max(stretch), 0) FROM stretch WHERE view = ?1",
            [view],
            |row| row.get(0),
        )?;
        let summary = &state.summary;
        put_view.execute(params![
            view,
            signed(state.length),
            signed(summary.objects),
            signed(summary.versions),
            summary.last_added
        ])?;
        // Earlier stretches are full and never change; the last one on record may have been.
        for (number, bits) in state
            .types
            .iter()
            .enumerate()
            .skip(usize::try_from(known).unwrap_or(0))
        {
            put_stretch.execute(params![
                view,
                i64::try_from(number).unwrap_or(0),
                bits.cast_signed()
            ])?;
        }
    }
    if let Some(end) = set.log_end {
        let mut put = transaction
            .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?;
        put.execute(params!["log_segment", end.segment])?;
        put.execute(params!["log_offset", signed(end.offset)])?;
    }
    Ok(())
}

fn write_blocks(connection: &mut Connection, changes: &[BlockChange]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for (view, block, place) in changes {
        let block = signed(*block);
        match place {
            Some(p) => transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO block (view, block, offset, length, crc, plain, objects)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![view, block, signed(p.offset), p.length, p.crc, p.plain, p.objects])?,
            None => transaction
                .prepare_cached("DELETE FROM block WHERE view = ?1 AND block = ?2")?
                .execute(params![view, block])?,
        };
    }
    transaction.commit()
}

/// SQLite knows signed numbers only; ours never reach half of their range.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::pending::Keys;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn set(places: &[(At, i64, &str)], log_end: u64) -> Pending {
        let mut set = Pending::default();
        for (at, id, words) in places {
            let keys = Keys {
                id: *id,
                values: vec![id + 100],
                links: vec![id + 200],
                words: (*words).to_owned(),
            };
            set.add(*at, keys);
        }
        set.log_end = Some(LogPosition {
            segment: 2,
            offset: log_end,
        });
        set
    }

    #[test]
    fn what_was_committed_is_there_after_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        let (index, opened) = Index::open(folder.path()).unwrap();
        assert_eq!((opened.log_end.segment, opened.log_end.offset), (1, 0));
        let mut first = set(
            &[(At::new(1, 0), 5, "worm loader"), (At::new(1, 1), 5, "")],
            50,
        );
        let state = |length, types: &[u64]| ViewState {
            length,
            types: types.to_vec(),
            ..ViewState::default()
        };
        first.views = vec![(1, state(4097, &[3, 1]))];
        index.commit(&first, &names(&["indicator"]), 0).unwrap();
        let mut second = set(&[(At::new(2, 0), 5, "worm")], 90);
        second.views = vec![(1, state(8200, &[3, 7, 8])), (2, state(1, &[1]))];
        index
            .commit(&second, &names(&["indicator", "tool"]), 0)
            .unwrap();
        drop(index);
        let (index, opened) = Index::open(folder.path()).unwrap();
        assert_eq!((opened.log_end.segment, opened.log_end.offset), (2, 90));
        assert_eq!(opened.type_names, ["indicator", "tool"]);
        assert_eq!(
            opened.views,
            [(1, state(8200, &[3, 7, 8])), (2, state(1, &[1]))]
        );
        let all = [At::new(1, 0), At::new(1, 1), At::new(2, 0)];
        for (kind, key) in [
            (KeyKind::Id, 5),
            (KeyKind::Value, 105),
            (KeyKind::Link, 205),
        ] {
            assert_eq!(index.places(kind, key).unwrap(), all, "{kind:?}");
            assert_eq!(index.places(kind, 6).unwrap(), [], "{kind:?}");
        }
        assert_eq!(index.check().unwrap(), [""; 0]);
    }

    #[test]
    fn words_are_found_in_one_view_newest_first_below_a_place() {
        let folder = tempfile::tempdir().unwrap();
        let (index, _) = Index::open(folder.path()).unwrap();
        let places: Vec<(At, i64, &str)> = (0..5)
            .map(|n| {
                (
                    At::new(1, n),
                    0,
                    if n % 2 == 0 { "worm even" } else { "worm" },
                )
            })
            .chain([(At::new(2, 0), 0, "worm even")])
            .collect();
        index.commit(&set(&places, 1), &[], 0).unwrap();
        let found = |words: &[&str], below, limit| -> Vec<u64> {
            let places = index.matching(&names(words), 1, At::new(1, below), limit);
            places.unwrap().into_iter().map(At::position).collect()
        };
        assert_eq!(found(&["worm"], 99, 9), [4, 3, 2, 1, 0]);
        assert_eq!(found(&["worm"], 3, 2), [2, 1]);
        assert_eq!(found(&["even", "worm"], 99, 9), [4, 2, 0]);
        assert_eq!(found(&["odd"], 99, 9), [0; 0]);
        // Words of the query language are words like others.
        assert_eq!(found(&["not"], 99, 9), [0; 0]);
        assert_eq!(found(&["near", "worm"], 99, 9), [0; 0]);
    }

    #[test]
    fn old_statuses_are_forgotten_with_a_later_commit() {
        let folder = tempfile::tempdir().unwrap();
        let (index, _) = Index::open(folder.path()).unwrap();
        let place = |requested| StatusPlace {
            act: LogPosition {
                segment: 3,
                offset: 77,
            },
            requested,
        };
        let (old, young) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut first = set(&[], 1);
        first.statuses = [(old, place(10)), (young, place(20))].into();
        index.commit(&first, &[], 20).unwrap();
        assert_eq!(index.status(&old).unwrap(), Some(place(10)));
        index
            .commit(&set(&[], 2), &[], 15 + STATUS_KEPT_MICROS)
            .unwrap();
        assert_eq!(index.status(&old).unwrap(), None);
        assert_eq!(index.status(&young).unwrap(), Some(place(20)));
    }

    #[test]
    fn block_places_follow_their_changes() {
        let folder = tempfile::tempdir().unwrap();
        let place = |offset| BlockPlace {
            offset,
            length: 1,
            crc: u32::MAX,
            plain: 3,
            objects: 4,
        };
        let (index, _) = Index::open(folder.path()).unwrap();
        let changes = [
            (1, 0, Some(place(0))),
            (1, 1, Some(place(1))),
            (1, 0, None),
            (1, 1, Some(place(2))),
        ];
        index.commit_blocks(&changes).unwrap();
        drop(index);
        let (_, opened) = Index::open(folder.path()).unwrap();
        assert_eq!(opened.blocks, [(1, 1, place(2))]);
    }
}
