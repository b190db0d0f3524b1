//! Pages from compressed blocks: the same bytes as plain pages, whatever was changed since.
//!
//! In scope: `ready` pages of the embedded engine; the server's are plain. Out of scope: joining them (`comity-api`).

use std::time::{Duration, Instant};

use comity_store::objects::query::{Page, PageQuery, Piece};

use crate::engine::{Bench, VIEW, append, bytes_of, of_object, on_each_engine, query};
use crate::sample::{indicator, indicator_id};

/// Blocks that are not built by then are never built.
const BUILT_MAX: Duration = Duration::from_mins(1);

/// How many objects of a page lie in compressed blocks.
fn ready_objects(page: &Page) -> usize {
    let ready = page
        .body
        .iter()
        .filter(|piece| matches!(piece, Piece::Ready(_)));
    let body = ready.cloned().collect();
    let text = bytes_of(&Page {
        body,
        ..page.clone()
    });
    let named = b"{\"type\":";
    text.windows(named.len())
        .filter(|window| window == named)
        .count()
}

/// Waits until the idle writer has compressed so many objects of the first page.
fn wait_for_blocks(bench: &Bench, query: &PageQuery, wanted: usize) {
    let began = Instant::now();
    while began.elapsed() < BUILT_MAX {
        if ready_objects(&bench.store().page(query, true).unwrap()) >= wanted {
            return;
        }
        std::thread::yield_now();
    }
    panic!("the blocks were not built");
}

/// Every ready page says what the plain page says, from any position on.
fn check(bench: &Bench, length: u64) {
    for limit in [1, 99, 100, 250, 1000, 5000] {
        for after in (0..length)
            .step_by(37)
            .map(Some)
            .chain([None, Some(99), Some(199)])
        {
            let mut query = query(VIEW);
            (query.limit, query.after) = (limit, after);
            let plain = bench.store().page(&query, false).unwrap();
            let ready = bench.store().page(&query, true).unwrap();
            assert_eq!(
                (plain.count, plain.more, plain.next),
                (ready.count, ready.more, ready.next)
            );
            assert!(
                bytes_of(&plain) == bytes_of(&ready),
                "limit {limit}, after {after:?}"
            );
        }
    }
}

#[test]
fn ready_pages_inflate_to_the_bytes_of_plain_pages() {
    on_each_engine(|bench| {
        let objects: Vec<String> = (0..450).map(|n| indicator(n, 0)).collect();
        bench.append(append(VIEW, 0, &objects));
        let whole = query(VIEW);
        if bench.is_embedded() {
            wait_for_blocks(bench, &whole, 400);
        }
        check(bench, 450);
        // Changes: a hidden version, a removed object, a whole block that shows nothing.
        bench.append(append(VIEW, 0, &[indicator(120, 5)]));
        bench.remove(of_object(&indicator_id(310)));
        check(bench, 451);
        let mut third = query(VIEW);
        third.filter.ids = (200..300)
            .map(|n| crate::engine::object_id(&indicator_id(n)))
            .collect();
        assert_eq!(bench.remove(third), 100);
        check(bench, 451);
        if bench.is_embedded() {
            wait_for_blocks(bench, &whole, 298);
            check(bench, 451);
            bench.reopen();
            wait_for_blocks(bench, &whole, 298);
            check(bench, 451);
            bench.append(append(VIEW, 0, &[indicator(5, 5), indicator(400, 5)]));
            bench.crash(|_| {});
            check(bench, 453);
        }
        assert_eq!(bench.shown().len(), 450 - 1 - 100);
    });
}

#[test]
fn a_page_of_a_thousand_ends_with_a_block_where_it_can() {
    let bench = Bench::embedded();
    let objects: Vec<String> = (0..2_350).map(|n| indicator(n, 0)).collect();
    bench.append(append(VIEW, 0, &objects));
    bench.append(append(VIEW, 0, &[indicator(10, 5)]));
    let mut query = query(VIEW);
    query.limit = 1000;
    let mut sizes = Vec::new();
    loop {
        let (objects, page) = bench.page(&query);
        sizes.push(objects.len());
        if !page.more {
            break;
        }
        assert_eq!((page.next.unwrap() + 1) % 100, 0);
        query.after = page.next;
    }
    assert_eq!(sizes, [999, 1000, 351]);
}
