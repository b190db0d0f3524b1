//! What was acknowledged survives a kill: every object present, once, in the order of its acknowledgement.
//!
//! In scope: kill -9 in the middle of many POSTs, several times over one folder; a clean end; deletion.
//! Out of scope: power cuts of the machine (`comity-store` sets its derived files back to an earlier moment).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::mpsc;

use crate::http::Request;
use crate::node::{Store, TestNode, manifest, object, objects, on_each_store, postgres_url, query};
use crate::sample::{envelope, indicator, indicator_id, indicators};

/// Kills in one run.
const ROUNDS: u32 = 4;
/// Clients that post at the same time.
const CLIENTS: u32 = 4;
/// Numbers of one client in one round.
const NUMBERS: u32 = 10_000;

/// Posts single objects until the connection breaks; sends the number of each acknowledged one.
fn post_until_broken(
    address: SocketAddr,
    token: &str,
    path: &str,
    first: u32,
    acknowledged: &mpsc::Sender<u32>,
) {
    for number in first..first + NUMBERS {
        let body = envelope(&[indicator(number)]);
        let answer = Request::post(path, body).bearer(token).try_send(address);
        let Ok(answer) = answer else { return };
        assert_eq!(answer.status, 202, "{}", answer.text());
        let status = answer.json();
        if status["status"] == "complete" {
            assert_eq!(status["success_count"], 1, "{status}");
            if acknowledged.send(number).is_err() {
                return;
            }
        }
    }
}

/// Lets the clients post, kills the node after so many acknowledgements, and returns all that were acknowledged.
fn kill_while_posting(node: &mut TestNode, round: u32, after: usize) -> Vec<u32> {
    let (send, receive) = mpsc::channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (address, token, path) = (node.address(), node.token.clone(), objects(&node.rw));
            let first = (round * CLIENTS + client) * NUMBERS;
            let send = send.clone();
            std::thread::spawn(move || post_until_broken(address, &token, &path, first, &send))
        })
        .collect();
    drop(send);
    let mut acknowledged: Vec<u32> = receive.iter().take(after).collect();
    assert_eq!(
        acknowledged.len(),
        after,
        "the node refused before it was killed"
    );
    node.kill();
    acknowledged.extend(receive.iter());
    for client in clients {
        client.join().unwrap();
    }
    acknowledged
}

/// Reads the whole manifest by pages: identifiers in order, `date_added` strictly ascending.
fn read_order(node: &TestNode) -> BTreeMap<String, usize> {
    let mut order = BTreeMap::new();
    let mut last = String::new();
    let mut next: Option<String> = None;
    loop {
        let mut pairs = vec![("limit", "1000")];
        if let Some(place) = &next {
            pairs.push(("next", place));
        }
        let page = node.get(&query(&manifest(&node.rw), &pairs)).expect(200);
        for record in page.objects() {
            let added = record["date_added"].as_str().unwrap().to_owned();
            assert!(added > last, "{added} after {last}");
            last = added;
            let id = record["id"].as_str().unwrap().to_owned();
            let place = order.len();
            assert_eq!(order.insert(id, place), None, "an object stands twice");
        }
        if !page.more() {
            return order;
        }
        next = page.next();
    }
}

#[test]
fn every_acknowledged_object_survives_kill_9_in_order() {
    on_each_store(|node| {
        let mut acknowledged = Vec::new();
        for round in 0..ROUNDS {
            acknowledged.push(kill_while_posting(node, round, 20 + 17 * round as usize));
            node.serve();
            let order = read_order(node);
            let place = |number: u32| {
                let id = indicator_id(number);
                *order
                    .get(&id)
                    .unwrap_or_else(|| panic!("acknowledged, and lost: {id}"))
            };
            for numbers in &acknowledged {
                // What one client got acknowledged one after the other stands in that order.
                let mut of_client: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
                for number in numbers {
                    of_client.entry(number / NUMBERS).or_default().push(*number);
                }
                for numbers in of_client.values() {
                    let places: Vec<usize> = numbers.iter().map(|number| place(*number)).collect();
                    assert!(places.is_sorted(), "{numbers:?} at {places:?}");
                }
            }
            let known: usize = acknowledged.iter().map(Vec::len).sum();
            let unknown = order.len() - known;
            // At most one object of each client was under way at each kill.
            assert!(
                unknown <= (CLIENTS * (round + 1)) as usize,
                "{unknown} that nobody posted"
            );
        }
    });
}

#[test]
fn a_batch_is_kept_whole_or_not_at_all() {
    on_each_store(|node| {
        for round in 0..3_u32 {
            let (send, receive) = mpsc::channel();
            let (address, token, path) = (node.address(), node.token.clone(), objects(&node.rw));
            let batches = std::thread::spawn(move || {
                for batch in 0..1000 {
                    let first = round * 100_000 + batch * 50;
                    let body = envelope(&indicators(first..first + 50));
                    let answer = Request::post(&path, body).bearer(&token).try_send(address);
                    if answer.is_err() || send.send(()).is_err() {
                        return;
                    }
                }
            });
            assert_eq!(receive.iter().take(3).count(), 3);
            node.kill();
            batches.join().unwrap();
            node.serve();
            let count = read_order(node).len();
            assert_eq!(count % 50, 0, "part of a batch: {count}");
        }
    });
}

#[test]
fn a_deletion_survives_kill_9() {
    on_each_store(|node| {
        node.post(&node.rw, &indicators(0..10));
        for number in 0..5 {
            node.delete(&object(&node.rw, &indicator_id(number)))
                .expect(200);
        }
        node.kill();
        node.serve();
        let expected: Vec<String> = (5..10).map(indicator_id).collect();
        assert_eq!(node.get(&objects(&node.rw)).ids(), expected);
    });
}

#[test]
fn a_clean_end_answers_what_it_began() {
    on_each_store(|node| {
        let (send, receive) = mpsc::channel();
        let (address, token, path) = (node.address(), node.token.clone(), objects(&node.rw));
        let client =
            std::thread::spawn(move || post_until_broken(address, &token, &path, 0, &send));
        let mut acknowledged: Vec<u32> = receive.iter().take(5).collect();
        assert_eq!(node.terminate(), Some(0));
        acknowledged.extend(receive.iter());
        client.join().unwrap();
        node.serve();
        let order = read_order(node);
        for number in acknowledged {
            assert!(order.contains_key(&indicator_id(number)), "{number}");
        }
    });
}

#[test]
fn a_database_that_breaks_off_is_found_again_with_nothing_lost() {
    if postgres_url().is_none() {
        println!("skipped: on PostgreSQL, because COMITY_TEST_POSTGRES is not set");
        return;
    }
    let mut node = TestNode::start(Store::Postgres);
    let mut expected = Vec::new();
    for round in 0..5 {
        let first = round * 10;
        // While the connections are made again an answer may be an error; it is then no acknowledgement.
        let taken = (first..first + 10).find(|number| {
            let post = Request::post(&objects(&node.rw), envelope(&[indicator(*number)]));
            let status = node.ask(post).status;
            assert!(matches!(status, 202 | 500 | 503), "{status}");
            status == 202
        });
        expected.push(indicator_id(taken.expect("never served again")));
        node.break_database_connections();
    }
    let found = (0..10)
        .map(|_| node.get(&objects(&node.rw)))
        .find(|answer| answer.status == 200);
    let found = found.expect("never read again").ids();
    for id in &expected {
        assert!(found.contains(id), "acknowledged, and lost: {id}");
    }
    node.assert_alive();
}
