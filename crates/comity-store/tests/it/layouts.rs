//! Stores written by earlier layouts open, and are what they were; stores of later ones are refused.
//!
//! In scope: the stores under `tests/fixtures`. Out of scope: how steps are numbered (`state::migration`).

use std::path::Path;

use comity_store::error::StoreError;
use comity_store::objects::embedded::EmbeddedObjects;
use comity_store::objects::server::ServerObjects;
use comity_store::objects::{ObjectStore, ViewId};
use comity_store::state::account::{self, Role};
use comity_store::state::collection::{self, Rights};
use comity_store::state::{State, cursor, inbox, ledger, meta, outbox};
use uuid::Uuid;

use crate::engine::{Database, all_pages, every_version, query};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
const STATUS: u128 = 0x51a7;
/// The layout that this version writes.
const NEWEST: i64 = 4;

/// What every fixture holds; `README.md` beside them says how it was made.
fn check(state: &State, objects: &dyn ObjectStore) {
    assert_eq!(state.layout().unwrap(), NEWEST, "the newest layout");
    let expected = std::fs::read_to_string(format!("{FIXTURES}/objects.jsonl")).unwrap();
    let expected: Vec<&str> = expected.lines().collect();
    let held: Vec<String> = all_pages(objects, &every_version(ViewId(1)))
        .into_iter()
        .map(|(_, json)| json)
        .collect();
    assert_eq!(held, expected[..4]);
    let shown: Vec<String> = all_pages(objects, &query(ViewId(1)))
        .into_iter()
        .map(|(_, json)| json)
        .collect();
    assert_eq!(shown, expected[1..4]);
    let (view, status) = objects.status(Uuid::from_u128(STATUS)).unwrap().unwrap();
    assert_eq!(
        (view, status.successes.len(), status.failures.len()),
        (ViewId(1), 4, 1)
    );
    let found = objects.search(&[ViewId(1)], "攻击", 9).unwrap();
    assert_eq!(found.len(), 1);
    state
        .read(|tx| {
            let alice = account::find_by_token(tx, &[1, 2, 3])?.unwrap();
            assert_eq!((alice.name.as_str(), alice.role), ("alice", Role::Analyst));
            let collections = collection::list_for(tx, "alice")?;
            assert_eq!(collections.len(), 1);
            assert_eq!(collections[0].0.alias.as_deref(), Some("feed"));
            assert_eq!(
                collections[0].1,
                Rights {
                    read: true,
                    write: true
                }
            );
            assert_eq!(
                cursor::find(tx, "https://example.com/")?.as_deref(),
                Some("cursor")
            );
            assert_eq!(meta::find(tx, "party")?.as_deref(), Some("alpha"));
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

fn copy_of_fixture(name: &str) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for item in std::fs::read_dir(Path::new(FIXTURES).join(name)).unwrap() {
        let item = item.unwrap();
        std::fs::copy(item.path(), copy.path().join(item.file_name())).unwrap();
    }
    copy
}

#[test]
fn an_embedded_store_of_layout_1_opens() {
    let folder = copy_of_fixture("layout-1");
    let state = State::open_embedded(folder.path()).unwrap();
    let objects = EmbeddedObjects::open(folder.path()).unwrap();
    check(&state, &objects);
    objects.close().unwrap();
}

#[test]
fn a_database_of_layout_1_opens() {
    let Some(database) = Database::create() else {
        return;
    };
    let dump = std::fs::read_to_string(format!("{FIXTURES}/layout-1.postgres.sql")).unwrap();
    database.run(&dump);
    let state = State::open_server(&database.url).unwrap();
    let objects = ServerObjects::open(&database.url).unwrap();
    check(&state, &objects);
}

/// Rows of layout 3 with bytes in them; `blob` spells bytes as the engine does.
fn rows_of_layout_3(blob: impl Fn(u8, usize) -> String) -> String {
    let (id, large, small) = (blob(7, 32), blob(1, 50_000), blob(2, 8));
    let (gone, none) = (blob(8, 32), "NULL");
    let mut sql = String::new();
    for (envelope, seq, payload) in [(&id, 1, large.as_str()), (&gone, 2, none)] {
        sql.push_str(&format!(
            "INSERT INTO outbox (envelope, party, lane, channel, epoch, seq, kind, position, header, blind, payload, state,
                 created, attempts, next_attempt, changed)
             VALUES ({envelope}, 'bravo', 'normal', 'c', 0, {seq}, 'status', {seq}, {small}, {id}, {payload}, 'queued',
                 1, 0, 0, 1);
             INSERT INTO inbox (envelope, party, origin, epoch, lane, channel, seq, kind, header, blind, payload, proof,
                 state, received)
             VALUES ({envelope}, 'bravo', 'o', 0, 'normal', 'c', {seq}, 'status', {small}, {id}, {payload}, {small},
                 'stored', 1);"
        ));
    }
    sql.push_str(&format!(
        "INSERT INTO part VALUES ('bravo', 'w', 0, 2, 'objects', {large}, 1);
         INSERT INTO deposit VALUES ({id}, 'bravo', 'carol', {large}, 'kept', 1);
         INSERT INTO ledger_tile VALUES ('o', 0, 0, {small});
         UPDATE meta SET value = '3' WHERE name = 'layout';"
    ));
    sql
}

fn check_rows_of_layout_3(state: &State) {
    let large = vec![1; 50_000];
    state
        .read(|tx| {
            let sent = outbox::find(tx, &[7; 32])?.unwrap();
            assert_eq!(sent.payload.as_ref(), Some(&large));
            let first = outbox::first_waiting(tx, "c", 0)?.unwrap();
            assert_eq!((first.seq, first.bytes), (1, 50_000));
            assert_eq!(outbox::find(tx, &[8; 32])?.unwrap().payload, None);
            let came = inbox::find(tx, &[7; 32])?.unwrap();
            assert_eq!(came.payload.as_ref(), Some(&large));
            assert_eq!(inbox::unapplied(tx)?[0].bytes, 50_000);
            let tile = ledger::tile(tx, "o", 0, 0)?;
            assert_eq!(tile.as_deref(), Some(&[2_u8; 8][..]));
            Ok::<_, StoreError>(())
        })
        .unwrap();
    state
        .write(|tx| {
            assert!(inbox::erase(tx, &[7; 32])?);
            assert_eq!(inbox::find(tx, &[7; 32])?.unwrap().payload, None);
            assert_eq!(inbox::beyond(tx, "c", 0, 0)?, (2, 0));
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

const STEPS_OF_SQLITE: [&str; 2] = [
    include_str!("../../migrations/sqlite/0002.sql"),
    include_str!("../../migrations/sqlite/0003.sql"),
];
const STEPS_OF_POSTGRES: [&str; 2] = [
    include_str!("../../migrations/postgres/0002.sql"),
    include_str!("../../migrations/postgres/0003.sql"),
];

#[test]
fn payloads_of_layout_3_are_there_after_it() {
    let hex = |byte: u8, count: usize| format!("{byte:02x}").repeat(count);
    let folder = copy_of_fixture("layout-1");
    let connection = rusqlite::Connection::open(folder.path().join("state.sqlite")).unwrap();
    let rows = rows_of_layout_3(|byte, count| format!("X'{}'", hex(byte, count)));
    for sql in STEPS_OF_SQLITE.into_iter().chain([rows.as_str()]) {
        connection.execute_batch(sql).unwrap();
    }
    drop(connection);
    check_rows_of_layout_3(&State::open_embedded(folder.path()).unwrap());
    let Some(database) = Database::create() else {
        return;
    };
    let dump = std::fs::read_to_string(format!("{FIXTURES}/layout-1.postgres.sql")).unwrap();
    let rows = rows_of_layout_3(|byte, count| format!("'\\x{}'::bytea", hex(byte, count)));
    let steps = STEPS_OF_POSTGRES.into_iter();
    for sql in [dump.as_str()]
        .into_iter()
        .chain(steps)
        .chain([rows.as_str()])
    {
        database.run(sql);
    }
    check_rows_of_layout_3(&State::open_server(&database.url).unwrap());
}

#[test]
fn a_later_layout_is_refused_on_both_engines() {
    let folder = copy_of_fixture("layout-1");
    let later = "UPDATE meta SET value = '1000' WHERE name = 'layout'";
    let connection = rusqlite::Connection::open(folder.path().join("state.sqlite")).unwrap();
    connection.execute(later, []).unwrap();
    let refused = State::open_embedded(folder.path());
    assert!(matches!(
        refused,
        Err(StoreError::TooNew {
            found: 1000,
            known: NEWEST
        })
    ));
    let Some(database) = Database::create() else {
        return;
    };
    State::open_server(&database.url).unwrap();
    database.run(later);
    let refused = State::open_server(&database.url);
    assert!(matches!(
        refused,
        Err(StoreError::TooNew {
            found: 1000,
            known: NEWEST
        })
    ));
}

#[test]
fn an_index_of_another_layout_is_built_again_from_the_log() {
    let folder = copy_of_fixture("layout-1");
    let state = State::open_embedded(folder.path()).unwrap();
    EmbeddedObjects::open(folder.path())
        .unwrap()
        .close()
        .unwrap();
    let path = folder.path().join("index.sqlite");
    for layout in [0, 999] {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection
            .execute_batch(&format!(
                "PRAGMA user_version = {layout}; DROP TABLE object_id;"
            ))
            .unwrap();
        drop(connection);
        let objects = EmbeddedObjects::open(folder.path()).unwrap();
        check(&state, &objects);
        objects.close().unwrap();
    }
}
