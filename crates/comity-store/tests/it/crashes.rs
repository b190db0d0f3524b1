//! Crashes of the embedded store: what was answered is there afterwards, whatever became of the rest of the folder.
//!
//! In scope: a killed process, a torn last record, a lost index, lost derived files, damage that must not pass for one
//! of these; a server that breaks its connections. Out of scope: random mixtures of them (`model`).

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use comity_store::error::StoreError;
use comity_store::objects::embedded::EmbeddedObjects;
use comity_store::objects::query::Versions;
use comity_store::objects::{ObjectStore as _, Outcome};

use crate::engine::{Bench, SEGMENT_BYTES, VIEW, copy_of_open, every_version, of_object, query};
use crate::sample::{address, indicator, indicator_20, indicator_id};

/// The log's files, in order.
pub(crate) fn segments(folder: &Path) -> Vec<PathBuf> {
    files(folder, "segment-")
}

/// The files whose name begins so, in order.
pub(crate) fn files(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|item| item.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with(prefix)
        })
        .collect();
    paths.sort();
    paths
}

/// A store with several segments, versions, removals and an index that is behind.
fn filled() -> Bench {
    let mut bench = Bench::embedded();
    for n in 0..20 {
        bench.add(&[indicator(n, 1), address(n, 0)]);
    }
    bench.reopen();
    for n in 0..10 {
        bench.add(&[indicator(n, 2), indicator_20(n, 3)]);
    }
    let mut all = of_object(&indicator_id(3));
    all.filter.versions = Versions::All;
    bench.remove(all);
    bench.remove(of_object(&indicator_id(4)));
    bench
}

#[test]
fn the_answers_are_the_same_after_every_kind_of_crash() {
    let damages: [(&str, fn(&Path)); 6] = [
        ("killed", |_| {}),
        ("the index is lost", |folder| {
            for path in files(folder, "index.sqlite") {
                std::fs::remove_file(path).unwrap();
            }
        }),
        ("the index is no database", |folder| {
            for path in files(folder, "index.sqlite") {
                std::fs::write(path, "no database".repeat(999)).unwrap();
            }
        }),
        ("the views are lost", |folder| {
            for path in files(folder, "view-") {
                std::fs::remove_file(path).unwrap();
            }
        }),
        ("a view is cut", |folder| {
            let path = folder.join("view-00000001.idx");
            OpenOptions::new()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(100)
                .unwrap();
        }),
        ("the next segment was begun", |folder| {
            let path = folder.join(format!("segment-{:08}.log", segments(folder).len() + 1));
            std::fs::write(path, "COM").unwrap();
        }),
    ];
    for (what, damage) in damages {
        let mut bench = filled();
        assert!(segments(bench.folder()).len() > 2);
        let before = (
            bench.shown(),
            bench.all(&every_version(VIEW)),
            bench.counts(),
        );
        bench.crash(damage);
        let after = (
            bench.shown(),
            bench.all(&every_version(VIEW)),
            bench.counts(),
        );
        assert!(before == after, "{what}");
        assert_eq!(
            bench.add(&[indicator(1, 1), indicator(1, 9)]),
            [Outcome::Unchanged, Outcome::Added],
            "{what}"
        );
        bench.reopen();
        assert_eq!(bench.shown().len(), before.0.len(), "{what}");
        assert_eq!(bench.counts(), (before.2.0, before.2.1 + 1), "{what}");
        bench.check();
    }
}

#[test]
fn a_last_record_torn_at_any_byte_is_not_there_and_the_rest_is() {
    let bench = Bench::embedded();
    bench.add(&[indicator(1, 1)]);
    let before = copy_of_open(bench.folder());
    let whole = std::fs::read(segments(bench.folder()).pop().unwrap())
        .unwrap()
        .len();
    bench.add(&[indicator(2, 1)]);
    let bytes = std::fs::read(segments(bench.folder()).pop().unwrap()).unwrap();
    for cut in (whole..bytes.len())
        .step_by(7)
        .chain([whole + 1, bytes.len() - 1])
    {
        let folder = copy_of_open(before.path());
        std::fs::write(segments(folder.path()).pop().unwrap(), &bytes[..cut]).unwrap();
        let store = EmbeddedObjects::open_with(folder.path(), SEGMENT_BYTES).unwrap();
        let page = store.page(&query(VIEW), false).unwrap();
        assert_eq!(page.count, 1, "cut at {cut}");
        assert_eq!(store.summary(VIEW).unwrap().versions, 1);
        store.close().unwrap();
    }
}

fn damaged(folder: &Path) -> bool {
    let opened = EmbeddedObjects::open_with(folder, SEGMENT_BYTES);
    matches!(
        opened,
        Err(StoreError::Damaged { .. } | StoreError::Row { .. })
    )
}

#[test]
fn a_log_that_lost_what_was_acknowledged_is_refused() {
    let mut bench = filled();
    bench.reopen(); // the index knows all of the log
    let last = segments(bench.folder()).pop().unwrap();
    let cases: [(&str, &dyn Fn(&Path)); 3] = [
        ("the end is cut off", &|folder| {
            let path = folder.join(last.file_name().unwrap());
            let length = std::fs::metadata(&path).unwrap().len();
            OpenOptions::new()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(length - 1)
                .unwrap();
        }),
        ("the last segment is gone", &|folder| {
            std::fs::remove_file(folder.join(last.file_name().unwrap())).unwrap();
        }),
        ("the first segment is another file", &|folder| {
            std::fs::write(
                folder.join("segment-00000001.log"),
                "another file".repeat(20),
            )
            .unwrap();
            std::fs::remove_file(folder.join("index.sqlite")).unwrap();
        }),
    ];
    for (what, damage) in cases {
        let copy = copy_of_open(bench.folder());
        damage(copy.path());
        assert!(damaged(copy.path()), "{what}");
        assert!(damaged(copy.path()), "{what}, and still the second time");
    }
}

#[test]
fn damage_in_the_middle_of_the_log_is_reported_and_never_cut() {
    let bench = filled();
    for (segment, path) in segments(bench.folder()).iter().enumerate().take(2) {
        let copy = copy_of_open(bench.folder());
        std::fs::remove_file(copy.path().join("index.sqlite")).unwrap();
        let path = copy.path().join(path.file_name().unwrap());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[40] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(damaged(copy.path()), "segment {segment}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "nothing was cut");
    }
    // With the index there nobody reads the old records, until somebody asks whether all is well.
    let path = &segments(bench.folder())[0];
    let mut bytes = std::fs::read(path).unwrap();
    bytes[40] ^= 1;
    std::fs::write(path, &bytes).unwrap();
    let report = bench.store().check().unwrap();
    assert_eq!(report.problems.len(), 1, "{report:?}");
}

#[test]
fn a_check_leaves_alone_what_is_being_written() {
    let bench = filled();
    let path = segments(bench.folder()).pop().unwrap();
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"CmR1\x40\x00\x00\x00half a record")
        .unwrap();
    let length = std::fs::metadata(&path).unwrap().len();
    bench.check();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), length);
}

#[test]
fn a_missing_segment_is_reported() {
    let bench = filled();
    let copy = copy_of_open(bench.folder());
    std::fs::remove_file(copy.path().join("index.sqlite")).unwrap();
    std::fs::remove_file(&segments(copy.path())[1]).unwrap();
    assert!(damaged(copy.path()));
}

#[test]
fn what_is_written_behind_a_cut_tail_is_kept() {
    let mut bench = filled();
    for round in 0..5 {
        bench.crash(|folder| {
            let path = segments(folder).pop().unwrap();
            let mut file = OpenOptions::new().append(true).open(path).unwrap();
            file.write_all(b"CmR1\x40\x00\x00\x00torn").unwrap();
        });
        assert_eq!(bench.add(&[indicator(100 + round, 1)]), [Outcome::Added]);
    }
    bench.reopen();
    for round in 0..5 {
        assert_eq!(bench.all(&of_object(&indicator_id(100 + round))).len(), 1);
    }
    bench.check();
}

#[test]
fn a_server_that_broke_its_connections_is_asked_again() {
    let Some(bench) = Bench::server() else { return };
    for n in 0..3 {
        assert_eq!(bench.add(&[indicator(n, 1)]), [Outcome::Added]);
        assert_eq!(bench.shown().len(), n as usize + 1);
        bench.database().break_connections();
    }
    assert_eq!(bench.shown().len(), 3);
}
