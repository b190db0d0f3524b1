//! Which versions of an object a query takes in (TAXII 2.1 section 3.4.1).
//!
//! In scope: last, first, exact, all, and STIX 2.0 beside 2.1. Out of scope: other filters (`paging`).

use comity_store::objects::query::{PageQuery, SpecVersions, Versions};

use crate::engine::{Bench, VIEW, every_version, on_each_engine, query};
use crate::sample::{indicator, indicator_20, version};

fn exact(minute: u32) -> (i64, u16) {
    let at = comity_stix::timestamp::Timestamp::parse(&version(minute)).unwrap();
    (at.micros(), at.sub_micro_nanos())
}

fn some(last: bool, first: bool, minutes: &[u32]) -> Versions {
    let exact = minutes.iter().copied().map(exact).collect();
    Versions::Some { last, first, exact }
}

fn asked(versions: Versions, spec_versions: SpecVersions) -> PageQuery {
    let mut query = query(VIEW);
    query.filter.versions = versions;
    query.filter.spec_versions = spec_versions;
    query
}

#[test]
fn each_combination_of_versions_takes_in_what_it_names() {
    on_each_engine(|bench| {
        // Out of order: the newest came in the middle, the oldest last.
        let minutes = [5, 9, 7, 1];
        for minute in minutes {
            bench.add(&[indicator(1, minute)]);
        }
        bench.add(&[indicator(2, 3)]);
        let check = |bench: &Bench| {
            let cases: [(Versions, &[u32]); 8] = [
                (Versions::default(), &[9]),
                (some(false, true, &[]), &[1]),
                (some(true, true, &[]), &[9, 1]),
                (some(false, false, &[7]), &[7]),
                (some(false, false, &[7, 5, 4]), &[5, 7]),
                (some(true, true, &[7]), &[9, 7, 1]),
                (some(false, false, &[8]), &[]),
                (Versions::All, &[5, 9, 7, 1]),
            ];
            for (versions, expected) in cases {
                let mut query = asked(versions.clone(), SpecVersions::Latest);
                let of_one: Vec<String> = expected.iter().map(|m| indicator(1, *m)).collect();
                query.filter.ids = vec![crate::engine::object_id(&crate::sample::indicator_id(1))];
                assert_eq!(bench.all(&query), of_one, "{versions:?} by id");
                query.filter.ids.clear();
                query.limit = 2;
                let all: Vec<String> = bench
                    .all(&query)
                    .into_iter()
                    .filter(|o| *o != indicator(2, 3))
                    .collect();
                assert_eq!(all, of_one, "{versions:?}");
            }
        };
        check(bench);
        bench.reopen();
        check(bench);
        assert_eq!(bench.counts(), (2, 5));
    });
}

#[test]
fn of_an_object_in_both_stix_versions_the_later_is_shown_and_each_can_be_asked_for() {
    on_each_engine(|bench| {
        // STIX 2.0 is newer by its time, STIX 2.1 by its standard.
        let (old, new) = (indicator_20, indicator);
        bench.add(&[old(1, 2), new(1, 3), old(1, 8), new(1, 6)]);
        bench.add(&[old(2, 4), old(2, 5)]);
        let only = |v20, v21| SpecVersions::Only { v20, v21 };
        let check = |bench: &Bench| {
            let cases = [
                (
                    Versions::default(),
                    SpecVersions::Latest,
                    vec![new(1, 6), old(2, 5)],
                ),
                (
                    some(false, true, &[]),
                    SpecVersions::Latest,
                    vec![new(1, 3), old(2, 4)],
                ),
                (
                    Versions::All,
                    SpecVersions::Latest,
                    vec![new(1, 3), new(1, 6), old(2, 4), old(2, 5)],
                ),
                (
                    Versions::default(),
                    only(true, false),
                    vec![old(1, 8), old(2, 5)],
                ),
                (
                    some(false, true, &[]),
                    only(true, false),
                    vec![old(1, 2), old(2, 4)],
                ),
                (Versions::default(), only(false, true), vec![new(1, 6)]),
                (some(false, true, &[]), only(false, true), vec![new(1, 3)]),
                (
                    Versions::default(),
                    only(true, true),
                    vec![old(1, 8), old(2, 5)],
                ),
                (
                    some(false, true, &[]),
                    only(true, true),
                    vec![old(1, 2), old(2, 4)],
                ),
                (
                    some(false, false, &[3, 8]),
                    only(true, true),
                    vec![new(1, 3), old(1, 8)],
                ),
                (
                    some(false, false, &[3, 8]),
                    SpecVersions::Latest,
                    vec![new(1, 3)],
                ),
                (
                    Versions::All,
                    only(true, true),
                    vec![
                        old(1, 2),
                        new(1, 3),
                        old(1, 8),
                        new(1, 6),
                        old(2, 4),
                        old(2, 5),
                    ],
                ),
                (Versions::All, only(false, false), vec![]),
            ];
            for (versions, spec, expected) in cases {
                let mut query = asked(versions, spec);
                assert_eq!(bench.all(&query), expected, "{query:?}");
                query.limit = 1;
                assert_eq!(bench.all(&query), expected, "{query:?}");
            }
        };
        check(bench);
        bench.reopen();
        check(bench);
        assert_eq!(bench.counts(), (2, 6));
        let specs: Vec<bool> = bench
            .items(&query(VIEW))
            .iter()
            .map(|item| item.spec_20)
            .collect();
        assert_eq!(specs, [false, true]);
    });
}

#[test]
fn the_same_version_in_both_stix_versions_are_two_records() {
    on_each_engine(|bench| {
        bench.add(&[indicator(1, 2), indicator_20(1, 2)]);
        assert_eq!(bench.shown(), [indicator(1, 2)]);
        assert_eq!(bench.counts(), (1, 2));
        let mut query = every_version(VIEW);
        query.filter.spec_versions = SpecVersions::Only {
            v20: true,
            v21: true,
        };
        assert_eq!(bench.all(&query).len(), 2);
    });
}

#[test]
fn versions_are_told_as_the_object_spells_them_and_compared_to_the_nanosecond() {
    on_each_engine(|bench| {
        let fine = |nanos: &str| {
            indicator(1, 0)
                .replace(&version(0), &format!("2026-01-05T00:00:00.{nanos}Z"))
                .replace("\"created\":\"2026-01-05", "\"created\":\"2026-01-01")
        };
        bench.add(&[
            fine("000000001"),
            fine("000000003"),
            fine("000000002"),
            fine("0"),
        ]);
        assert_eq!(bench.counts(), (1, 4));
        assert_eq!(
            bench.items(&query(VIEW))[0].version,
            "2026-01-05T00:00:00.000000003Z"
        );
        let mut one = query(VIEW);
        let (micros, _) = exact(0);
        let at = micros + 4 * 24 * 3_600_000_000;
        one.filter.versions = Versions::Some {
            last: false,
            first: false,
            exact: vec![(at, 2)],
        };
        assert_eq!(bench.all(&one), [fine("000000002")]);
    });
}

#[test]
fn a_revoked_version_says_so() {
    on_each_engine(|bench| {
        let revoked = indicator(1, 4).replace("\"name\"", "\"revoked\":true,\"name\"");
        bench.add(&[indicator(1, 2), revoked.clone()]);
        let items = bench.items(&every_version(VIEW));
        assert_eq!(
            items.iter().map(|item| item.revoked).collect::<Vec<_>>(),
            [false, true]
        );
        assert_eq!(bench.shown(), [revoked]);
    });
}
