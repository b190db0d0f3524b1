//! A random script run on every engine and on a plain map: the same answers everywhere, over restarts and crashes.
//!
//! In scope: adding, removing, paging under any filter, looking up, reopening, crashing. Out of scope: speed, and what
//! the other modules show by example.

mod map;
mod script;

use comity_store::objects::{ObjectStore, Outcome, Written};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};

use crate::crashes::{files, segments};
use crate::engine::{Bench, all_pages, bytes_of, texts};
use map::Map;
use script::{Crash, Step, VIEWS};

const CASES: u32 = 45;
/// Every so many scripts run on the server too, which takes most of the time.
const SERVER_EVERY: u32 = 3;

/// Carries a step out on one engine and answers what it said, in words that can be compared.
fn carry_out(bench: &mut Bench, step: &Step, first_view: u32) -> String {
    match step {
        Step::Add(requests) => {
            // All at once, so that they may share a group.
            let waiting: Vec<_> = requests
                .iter()
                .map(|request| bench.submit(request.to_write(first_view)))
                .collect();
            let outcomes: Vec<Vec<Outcome>> = waiting
                .into_iter()
                .map(|answer| match answer.recv().unwrap().unwrap() {
                    Written::Appended { outcomes, status } => {
                        let status = status.unwrap();
                        assert_eq!(bench.store().status(status.id).unwrap().unwrap().1, status);
                        outcomes
                    }
                    Written::Removed { .. } => panic!("asked to add"),
                })
                .collect();
            format!("{outcomes:?}")
        }
        Step::Remove(query) => bench.remove(query.to_query(first_view)).to_string(),
        Step::Page(query) => {
            let query = query.to_query(first_view);
            let plain = bench.store().page(&query, false).unwrap();
            let ready = bench.store().page(&query, true).unwrap();
            assert_eq!(bytes_of(&plain), bytes_of(&ready));
            let told = all_pages(bench.store(), &query)
                .into_iter()
                .map(|(item, json)| (item.added, item.version, item.spec_20, item.position, json));
            format!("{:?}", told.collect::<Vec<_>>())
        }
        Step::Remember => {
            if bench.is_embedded() {
                bench.remember();
            }
            String::new()
        }
        Step::Reopen => {
            bench.reopen();
            String::new()
        }
        Step::Crash(crash) => {
            match crash {
                _ if !bench.is_embedded() => bench.database().break_connections(),
                Crash::PowerCut { views_too } => bench.cut_power(*views_too),
                Crash::Killed | Crash::Torn(_) | Crash::IndexLost | Crash::ViewsLost => {
                    bench.crash(|folder| damage(folder, crash));
                }
            }
            String::new()
        }
    }
}

fn damage(folder: &std::path::Path, crash: &Crash) {
    match crash {
        Crash::Killed | Crash::PowerCut { .. } => {}
        Crash::Torn(share) => {
            // The beginning of a record, as an interrupted write leaves it: the log's own first record serves.
            let first = std::fs::read(&segments(folder)[0]).unwrap();
            if first.len() > 20 {
                let length = u32::from_le_bytes(first[12..16].try_into().unwrap()) as usize + 12;
                let torn = &first[8..8 + (length - 1) * usize::from(*share) / 255];
                let last = segments(folder).pop().unwrap();
                let whole = std::fs::read(&last).unwrap();
                std::fs::write(last, [whole.as_slice(), torn].concat()).unwrap();
            }
        }
        Crash::IndexLost => remove(files(folder, "index.sqlite")),
        Crash::ViewsLost => remove(files(folder, "view-")),
    }
}

fn remove(paths: Vec<std::path::PathBuf>) {
    for path in paths {
        std::fs::remove_file(path).unwrap();
    }
}

/// What can be asked besides pages, in words that can be compared.
fn looked_up(store: &dyn ObjectStore, first_view: u32) -> String {
    let views: Vec<_> = (0..VIEWS)
        .map(|view| script::view_id(view, first_view))
        .collect();
    let mut told = Vec::new();
    for view in &views {
        let summary = store.summary(*view).unwrap();
        told.push(format!(
            "{} {} {}",
            summary.objects, summary.versions, summary.last_added
        ));
        for id in script::all_ids() {
            let newest = store.newest(&[*view], &id).unwrap();
            told.push(format!(
                "{} {:?}",
                store.holds(*view, &id).unwrap(),
                texts(&newest)
            ));
            told.push(format!(
                "{:?}",
                texts(&store.neighbours(&[*view], &id, 50).unwrap())
            ));
        }
        for value in script::all_values() {
            told.push(format!(
                "{:?}",
                texts(&store.by_value(&[*view], &[value], 50).unwrap())
            ));
        }
        for word in script::WORDS {
            told.push(format!(
                "{:?}",
                texts(&store.search(&[*view], word, 50).unwrap())
            ));
        }
    }
    told.join("\n")
}

fn run(benches: &mut [Bench], steps: &[Step], first_view: u32) -> Result<(), TestCaseError> {
    let mut map = Map::default();
    for (number, step) in steps.iter().enumerate() {
        let expected = map.carry_out(step, first_view);
        for bench in &mut *benches {
            let got = carry_out(bench, step, first_view);
            let engine = if bench.is_embedded() {
                "embedded"
            } else {
                "PostgreSQL"
            };
            prop_assert_eq!(&got, &expected, "step {} on {}", number, engine);
        }
        if matches!(step, Step::Reopen | Step::Crash(_)) || number + 1 == steps.len() {
            let expected = map.looked_up(first_view);
            let last = number + 1 == steps.len();
            for bench in benches.iter().filter(|b| last || b.is_embedded()) {
                prop_assert_eq!(
                    &looked_up(bench.store(), first_view),
                    &expected,
                    "after step {}",
                    number
                );
                bench.check();
            }
        }
    }
    Ok(())
}

#[test]
fn every_engine_answers_as_a_plain_map_does() {
    // One database for all scripts: each has views of its own. The embedded store is a new one for each.
    let server = std::cell::RefCell::new(Bench::server());
    let next_view = std::cell::Cell::new(1);
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    proptest!(config, |(steps in script::steps())| {
        let first_view = next_view.replace(next_view.get() + VIEWS);
        let mut benches = vec![Bench::embedded()];
        if (first_view / VIEWS).is_multiple_of(SERVER_EVERY) {
            benches.extend(server.take());
        }
        let outcome = run(&mut benches, &steps, first_view);
        if benches.len() == 2 {
            server.replace(benches.pop());
        }
        outcome?;
    });
}
