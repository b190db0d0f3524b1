//! Adding objects: what is new, what is there already, what stands in the way; bytes and times.
//!
//! In scope: outcomes, bytes kept as received, `date_added`. Out of scope: which version is shown (`versions`).

use comity_store::objects::{Outcome, ViewId, WriteRequest, Written};

use crate::engine::{VIEW, append, every_version, on_each_engine, query};
use crate::sample::{address, custom, indicator, indicator_named, relationship};

#[test]
fn objects_come_back_byte_for_byte_in_the_order_they_were_added() {
    on_each_engine(|bench| {
        let objects = [
            custom(7),
            indicator(1, 0),
            address(2, 0),
            relationship(
                1,
                &crate::sample::indicator_id(1),
                &crate::sample::address_id(2),
            ),
        ];
        assert_eq!(bench.add(&objects), [Outcome::Added; 4]);
        assert_eq!(bench.shown(), objects);
        bench.reopen();
        assert_eq!(bench.shown(), objects);
        bench.check();
    });
}

#[test]
fn the_same_object_again_is_unchanged_and_another_under_its_version_differs() {
    on_each_engine(|bench| {
        let first = indicator(1, 0);
        bench.add(std::slice::from_ref(&first));
        let spaced = first.replace("\",\"", "\", \"");
        let other = indicator_named(1, 0, "something else");
        // Also within one request, and against an object of the same request.
        let outcomes = bench.add(&[
            first.clone(),
            spaced,
            other,
            indicator(2, 0),
            indicator(2, 0),
            indicator_named(2, 0, "something else"),
        ]);
        assert_eq!(
            outcomes,
            [
                Outcome::Unchanged,
                Outcome::Unchanged,
                Outcome::Differs,
                Outcome::Added,
                Outcome::Unchanged,
                Outcome::Differs,
            ]
        );
        assert_eq!(bench.shown(), [first, indicator(2, 0)]);
        assert_eq!(bench.counts(), (2, 2));
    });
}

#[test]
fn with_only_new_ids_any_version_that_is_there_is_enough() {
    on_each_engine(|bench| {
        bench.add(&[indicator(1, 5), address(1, 0)]);
        let objects = [
            indicator(1, 9),
            indicator(2, 0),
            address(1, 1),
            indicator(2, 3),
        ];
        let mut request = append(VIEW, 0, &objects);
        request.only_new_ids = true;
        let (outcomes, _) = bench.append(request);
        assert_eq!(
            outcomes,
            [
                Outcome::Unchanged,
                Outcome::Added,
                Outcome::Unchanged,
                Outcome::Unchanged
            ]
        );
        assert_eq!(
            bench.shown(),
            [indicator(1, 5), address(1, 0), indicator(2, 0)]
        );
    });
}

#[test]
fn an_object_without_version_that_says_something_else_is_a_newer_one() {
    on_each_engine(|bench| {
        let texts = [address(1, 0), address(1, 0), address(1, 1), address(1, 0)];
        let outcomes: Vec<Outcome> = texts
            .iter()
            .flat_map(|text| bench.add(std::slice::from_ref(text)))
            .collect();
        assert_eq!(
            outcomes,
            [
                Outcome::Added,
                Outcome::Unchanged,
                Outcome::Added,
                Outcome::Added
            ]
        );
        assert_eq!(bench.shown(), [address(1, 0)]);
        assert_eq!(bench.counts(), (1, 3));
        let items = bench.items(&every_version(VIEW));
        assert_eq!(items.len(), 3);
        // The version that is told is the time at which it was added.
        assert!(
            items
                .windows(2)
                .all(|pair| pair[0].version < pair[1].version)
        );
    });
}

#[test]
fn date_added_is_the_time_of_the_request_or_just_after_the_newest() {
    on_each_engine(|bench| {
        let hour = 3_600_000_000;
        let add = |requested, first: u32, count: u32| {
            let objects: Vec<String> = (first..first + count).map(|n| indicator(n, 0)).collect();
            bench.append(append(VIEW, requested, &objects));
        };
        add(10 * hour, 0, 3);
        add(2 * hour, 10, 2); // the clock went back
        add(10 * hour, 20, 1);
        add(11 * hour, 30, 2);
        let added: Vec<i64> = bench
            .items(&query(VIEW))
            .iter()
            .map(|item| item.added - 10 * hour)
            .collect();
        assert_eq!(added, [0, 1, 2, 3, 4, 5, hour, hour + 1]);
        assert_eq!(
            bench.store().summary(VIEW).unwrap().last_added,
            11 * hour + 1
        );
        bench.reopen();
        let objects = [indicator(99, 0)];
        bench.append(append(VIEW, 0, &objects));
        assert_eq!(
            bench.store().summary(VIEW).unwrap().last_added,
            11 * hour + 2
        );
    });
}

#[test]
fn views_do_not_see_each_other() {
    on_each_engine(|bench| {
        bench.append(append(ViewId(1), 0, &[indicator(1, 0)]));
        let (outcomes, _) = bench.append(append(ViewId(2), 0, &[indicator(1, 0), indicator(2, 0)]));
        assert_eq!(outcomes, [Outcome::Added; 2]);
        assert_eq!(bench.all(&query(ViewId(1))), [indicator(1, 0)]);
        assert_eq!(
            bench.all(&query(ViewId(2))),
            [indicator(1, 0), indicator(2, 0)]
        );
        assert_eq!(bench.all(&query(ViewId(3))), [] as [String; 0]);
        assert_eq!(
            bench.store().summary(ViewId(3)).unwrap(),
            comity_store::objects::ViewSummary::default()
        );
    });
}

#[test]
fn many_requests_at_once_are_each_answered_and_none_is_lost() {
    on_each_engine(|bench| {
        let waiting: Vec<_> = (0..200)
            .map(|number| {
                // Every object is sent twice, by different requests.
                let view = ViewId(1 + number % 2);
                let objects = [indicator(number / 4, 0), indicator(1000 + number, 0)];
                bench.submit(WriteRequest::Append(append(view, 0, &objects)))
            })
            .collect();
        let mut added = 0;
        for answer in waiting {
            let Ok(Written::Appended { outcomes, .. }) = answer.recv().unwrap() else {
                panic!("not appended");
            };
            assert_eq!(outcomes.len(), 2);
            added += outcomes.iter().filter(|o| **o == Outcome::Added).count();
        }
        assert_eq!(added, 200 + 100);
        let held = bench.all(&query(ViewId(1))).len() + bench.all(&query(ViewId(2))).len();
        assert_eq!(held, added);
        bench.check();
    });
}

#[test]
fn readers_see_whole_writes_only() {
    on_each_engine(|bench| {
        const OBJECTS: u32 = 20;
        const ROUNDS: u32 = 30;
        let round =
            |minute| -> Vec<String> { (0..OBJECTS).map(|n| indicator(n, minute)).collect() };
        bench.add(&round(0));
        let done = std::sync::atomic::AtomicBool::new(false);
        let bench = &*bench;
        std::thread::scope(|scope| {
            let store = bench.store();
            let reader = || {
                let mut pages = 0;
                while !done.load(std::sync::atomic::Ordering::Relaxed) || pages == 0 {
                    let objects =
                        crate::engine::objects_of(&store.page(&query(VIEW), false).unwrap());
                    let version = |text: &String| {
                        let (_, rest) = text.split_once("\"modified\":\"").unwrap();
                        rest[..24].to_owned()
                    };
                    assert_eq!(objects.len(), OBJECTS as usize, "each object once");
                    let first = version(&objects[0]);
                    assert!(
                        objects.iter().all(|text| version(text) == first),
                        "all of one request"
                    );
                    pages += 1;
                }
            };
            let readers = [scope.spawn(reader), scope.spawn(reader)];
            for minute in 1..=ROUNDS {
                bench.add(&round(minute));
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            for reader in readers {
                reader.join().unwrap();
            }
        });
        assert_eq!(bench.shown(), round(ROUNDS));
        assert_eq!(
            bench.counts(),
            (u64::from(OBJECTS), u64::from(OBJECTS * (ROUNDS + 1)))
        );
    });
}
