//! Pages: filters by id and type, `limit`, and both ways of going on, none of which loses or repeats anything.
//!
//! In scope: TAXII 2.1 sections 3.4 and 3.5 as far as the store answers them. Out of scope: versions (`versions`).

use comity_store::objects::query::PageQuery;

use crate::engine::{Bench, VIEW, append, every_version, object_id, on_each_engine, query};
use crate::sample::{address, address_id, custom, indicator, indicator_id, relationship};

/// Goes on by the newest `date_added` seen, as a client without `next` does.
fn by_added_after(bench: &Bench, query: &PageQuery) -> Vec<String> {
    let mut query = query.clone();
    let mut out = Vec::new();
    loop {
        let (objects, page) = bench.page(&query);
        out.extend(objects);
        if !page.more {
            return out;
        }
        query.added_after = page.last_added;
    }
}

fn filled(bench: &Bench) -> Vec<String> {
    let objects: Vec<String> = (0..60)
        .map(|n| match n % 3 {
            0 => indicator(n, 0),
            1 => address(n, 0),
            _ => custom(n),
        })
        .collect();
    for part in objects.chunks(7) {
        bench.append(append(VIEW, 1_000_000, part));
    }
    objects
}

#[test]
fn both_ways_of_paging_lose_and_repeat_nothing_at_any_limit() {
    on_each_engine(|bench| {
        let objects = filled(bench);
        for limit in [1, 2, 3, 7, 16, 59, 60, 61, usize::MAX >> 1] {
            let mut query = query(VIEW);
            query.limit = limit;
            assert_eq!(bench.all(&query), objects, "limit {limit}");
            assert_eq!(by_added_after(bench, &query), objects, "limit {limit}");
        }
        bench.reopen();
        let mut query = query(VIEW);
        query.limit = 13;
        assert_eq!(bench.all(&query), objects);
    });
}

#[test]
fn more_is_said_only_when_more_matches() {
    on_each_engine(|bench| {
        filled(bench);
        let mut query = query(VIEW);
        query.filter.types = vec!["x-report".to_owned()];
        query.limit = 20;
        let (objects, page) = bench.page(&query);
        assert_eq!((objects.len(), page.more, page.next), (20, false, None));
        query.limit = 19;
        let (objects, page) = bench.page(&query);
        assert_eq!((objects.len(), page.more), (19, true));
        query.after = page.next;
        let (objects, page) = bench.page(&query);
        assert_eq!((objects.len(), page.more), (1, false));
        query.after = Some(u64::MAX);
        let (objects, page) = bench.page(&query);
        assert_eq!((objects.len(), page.more), (0, false));
        assert_eq!((page.first_added, page.last_added), (None, None));
        assert!(page.body.is_empty());
    });
}

#[test]
fn added_after_is_strict() {
    on_each_engine(|bench| {
        let objects = filled(bench);
        let items = bench.items(&query(VIEW));
        let mut query = query(VIEW);
        for (moment, from) in [
            (i64::MIN, 0),
            (items[0].added - 1, 0),
            (items[0].added, 1),
            (items[30].added, 31),
            (items[59].added, 60),
            (i64::MAX, 60),
        ] {
            query.added_after = Some(moment);
            assert_eq!(bench.all(&query), objects[from..], "{moment}");
        }
    });
}

#[test]
fn lists_are_an_or_and_together_an_and() {
    on_each_engine(|bench| {
        let objects = filled(bench);
        let mut asked = query(VIEW);
        let mut check = |types: &[&str], ids: &[String], expected: &[usize]| {
            asked.filter.types = types.iter().map(|t| (*t).to_owned()).collect();
            asked.filter.ids = ids.iter().map(|id| object_id(id)).collect();
            let expected: Vec<String> = expected.iter().map(|n| objects[*n].clone()).collect();
            for limit in [1, 100] {
                asked.limit = limit;
                assert_eq!(bench.all(&asked), expected, "{types:?} {ids:?}");
            }
        };
        let of = |rest: usize| (0..60).filter(|n| n % 3 == rest).collect::<Vec<usize>>();
        let two: Vec<usize> = (0..60).filter(|n| n % 3 < 2).collect();
        check(&["indicator"], &[], &of(0));
        check(&["ipv4-addr", "indicator", "malware"], &[], &two);
        check(&["malware"], &[], &[]);
        // The order is that of the view, not of the request.
        check(
            &[],
            &[address_id(4), indicator_id(3), indicator_id(3)],
            &[3, 4],
        );
        check(&["indicator"], &[address_id(4), indicator_id(3)], &[3]);
        check(&[], &[indicator_id(4)], &[]);
        // The same UUID under another type is another object.
        check(
            &[],
            &["malware--00000000-0000-4000-8000-000000000003".to_owned()],
            &[],
        );
    });
}

#[test]
fn two_objects_with_one_uuid_under_two_types_do_not_touch_each_other() {
    on_each_engine(|bench| {
        let one = indicator(1, 5);
        let other = one
            .replace("\"indicator\"", "\"x-thing\"")
            .replace("indicator--", "x-thing--");
        bench.add(&[one.clone(), other.clone(), indicator(1, 9)]);
        assert_eq!(bench.shown(), [other.clone(), indicator(1, 9)]);
        let id = "x-thing--00000000-0000-4000-8000-000000000001";
        let mut query = every_version(VIEW);
        query.filter.ids = vec![object_id(id)];
        assert_eq!(bench.all(&query), [other]);
        assert_eq!(
            bench.store().newest(&[VIEW], &object_id(id)).unwrap().len(),
            1
        );
    });
}

#[test]
fn a_rare_type_is_found_behind_thousands_of_others() {
    on_each_engine(|bench| {
        // More than two stretches of 4,096 entries, the rare ones at both ends of one.
        let mut objects: Vec<String> = (0..9000).map(|n| indicator(n, 0)).collect();
        let rare = |n| relationship(n, &indicator_id(n), &indicator_id(n + 1));
        for at in [4096_u32, 8191, 8999] {
            objects[at as usize] = rare(at);
        }
        for part in objects.chunks(1500) {
            bench.append(append(VIEW, 0, part));
        }
        let check = |bench: &Bench| {
            let mut query = query(VIEW);
            query.filter.types = vec!["relationship".to_owned()];
            assert_eq!(bench.all(&query), [rare(4096), rare(8191), rare(8999)]);
            query.limit = 1;
            assert_eq!(bench.all(&query).len(), 3);
            query.filter.types = Vec::new();
            query.limit = 1000;
            assert_eq!(bench.all(&query), objects);
        };
        check(bench);
        bench.reopen();
        check(bench);
    });
}
