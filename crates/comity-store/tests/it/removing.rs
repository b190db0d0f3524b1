//! Removing objects, whole or by version, and adding them again.
//!
//! In scope: what is shown and counted afterwards. Out of scope: the bytes in the log, which stay.

use comity_store::objects::query::{SpecVersions, Versions};
use comity_store::objects::{Outcome, ViewId};

use crate::engine::{VIEW, append, every_version, object_id, of_object, on_each_engine, query};
use crate::sample::{address, indicator, indicator_20, indicator_id};

#[test]
fn a_removed_object_is_gone_from_everything_and_can_come_again() {
    on_each_engine(|bench| {
        bench.add(&[indicator(1, 1), indicator(1, 2), indicator(2, 0)]);
        let mut all = of_object(&indicator_id(1));
        all.filter.versions = Versions::All;
        assert_eq!(bench.remove(all.clone()), 2);
        assert_eq!(bench.remove(all.clone()), 0);
        for _ in 0..2 {
            assert_eq!(bench.shown(), [indicator(2, 0)]);
            assert_eq!(bench.all(&every_version(VIEW)), [indicator(2, 0)]);
            assert_eq!(bench.counts(), (1, 1));
            let id = object_id(&indicator_id(1));
            assert!(!bench.store().holds(VIEW, &id).unwrap());
            assert_eq!(bench.store().newest(&[VIEW], &id).unwrap(), []);
            bench.reopen();
        }
        assert_eq!(bench.add(&[indicator(1, 1)]), [Outcome::Added]);
        assert_eq!(bench.shown(), [indicator(2, 0), indicator(1, 1)]);
        assert_eq!(bench.counts(), (2, 2));
    });
}

#[test]
fn when_the_newest_is_removed_the_one_before_it_is_the_newest() {
    on_each_engine(|bench| {
        bench.add(&[indicator(1, 1), indicator(1, 9), indicator(1, 5)]);
        // The default takes in the newest version only.
        assert_eq!(bench.remove(of_object(&indicator_id(1))), 1);
        assert_eq!(bench.shown(), [indicator(1, 5)]);
        assert_eq!(bench.counts(), (1, 2));
        let mut first = of_object(&indicator_id(1));
        first.filter.versions = Versions::Some {
            last: false,
            first: true,
            exact: Vec::new(),
        };
        assert_eq!(bench.remove(first.clone()), 1);
        assert_eq!(bench.all(&first), [indicator(1, 5)]);
        bench.reopen();
        assert_eq!(bench.all(&first), [indicator(1, 5)]);
        assert_eq!(bench.add(&[indicator(1, 9)]), [Outcome::Added]);
        assert_eq!(bench.shown(), [indicator(1, 9)]);
        assert_eq!(bench.counts(), (1, 2));
    });
}

#[test]
fn when_stix_21_is_removed_stix_20_is_shown_again() {
    on_each_engine(|bench| {
        bench.add(&[indicator_20(1, 1), indicator_20(1, 3), indicator(1, 2)]);
        assert_eq!(bench.counts(), (1, 3));
        let mut only = of_object(&indicator_id(1));
        only.filter.spec_versions = SpecVersions::Only {
            v20: false,
            v21: true,
        };
        assert_eq!(bench.remove(only), 1);
        assert_eq!(bench.shown(), [indicator_20(1, 3)]);
        assert_eq!(bench.counts(), (1, 2));
        bench.add(&[indicator(1, 2)]);
        assert_eq!(bench.shown(), [indicator(1, 2)]);
    });
}

#[test]
fn only_the_view_that_is_named_loses_anything() {
    on_each_engine(|bench| {
        for view in [1, 2] {
            bench.append(append(ViewId(view), 0, &[indicator(1, 1), address(1, 0)]));
        }
        // Without an id everything that the query takes in goes.
        let mut types = query(ViewId(1));
        types.filter.types = vec!["indicator".to_owned()];
        assert_eq!(bench.remove(types), 1);
        assert_eq!(bench.remove(query(ViewId(7))), 0);
        assert_eq!(bench.all(&query(ViewId(1))), [address(1, 0)]);
        assert_eq!(
            bench.all(&query(ViewId(2))),
            [indicator(1, 1), address(1, 0)]
        );
    });
}

#[test]
fn counts_hold_when_a_crash_follows_a_removal() {
    let mut bench = crate::engine::Bench::embedded();
    bench.add(&[
        indicator(1, 1),
        indicator(1, 2),
        indicator(2, 1),
        indicator_20(2, 9),
        address(3, 0),
    ]);
    bench.reopen(); // everything is in the index now
    let mut all = of_object(&indicator_id(1));
    all.filter.versions = Versions::All;
    bench.remove(all);
    bench.add(&[indicator(2, 5), address(3, 1), indicator(4, 0)]);
    bench.remove(of_object(&indicator_id(2)));
    let (shown, counts) = (bench.shown(), bench.counts());
    bench.crash(|_| {});
    assert_eq!(bench.shown(), shown);
    assert_eq!(bench.counts(), counts);
    assert_eq!(counts, (3, 5));
}
