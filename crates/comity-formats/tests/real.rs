//! Real files, where they are at hand: `../shared/data` beside the workspace. Skipped, and said so, where not.

#![allow(clippy::print_stdout)] // a skipped test says so; timings are for the reader

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use comity_formats::import::{
    FormatName, Item, ListOptions, ReadLimits, ReadOptions, Summary, read,
};

fn file(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(name);
    if !path.exists() {
        println!("skipped: {} is not at hand", path.display());
        return None;
    }
    Some(path)
}

fn run(path: &Path, sink: &mut dyn FnMut(Item)) -> Summary {
    let list = ListOptions {
        created: "2026-01-01T00:00:00.000Z",
        created_by: None,
        marking: None,
    };
    let options = ReadOptions {
        limits: ReadLimits::default(),
        list,
    };
    let input = BufReader::with_capacity(1 << 16, File::open(path).expect("a readable file"));
    let start = Instant::now();
    let summary = read(input, &options, &mut |item| {
        sink(item);
        ControlFlow::Continue(())
    })
    .expect("a sound file");
    println!("{}: {summary:?} in {:?}", path.display(), start.elapsed());
    summary
}

#[test]
fn attack_is_cut_into_its_objects_byte_for_byte() {
    let Some(path) = file("attack/ics-attack-18.1.json") else {
        return;
    };
    let text = std::fs::read_to_string(&path).expect("a readable file");
    let mut from = 0;
    let summary = run(&path, &mut |item| {
        let Item::Object {
            json,
            spec20,
            position,
            derived,
        } = item
        else {
            panic!("{item:?}")
        };
        assert!(!spec20 && !derived);
        let at = text
            .get(from..)
            .and_then(|rest| rest.find(&json))
            .expect("the object's own bytes")
            + from;
        assert_eq!(u64::try_from(at).expect("small"), position.offset);
        from = at + json.len();
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    });
    assert_eq!(
        (summary.format, summary.objects, summary.problems),
        (FormatName::Bundle21, 1826, 0)
    );
}

#[test]
fn every_row_of_a_million_is_an_indicator_or_a_problem() {
    let Some(path) = file("indicators/maltrail-indicators.tsv.gz") else {
        return;
    };
    let mut problems: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut bytes, mut ids) = (0, std::collections::HashSet::new());
    let summary = run(&path, &mut |item| match item {
        Item::Object { json, derived, .. } => {
            assert!(derived);
            bytes += json.len();
            ids.insert(json.get(46..92).expect("an id").to_owned());
        }
        Item::Problem(problem) => {
            let kind = problem
                .message
                .split("` is ")
                .nth(1)
                .unwrap_or(&problem.message)
                .to_owned();
            problems.entry(kind).or_default().push(problem.to_string());
        }
    });
    for (kind, found) in &problems {
        println!(
            "{} problems: {kind}; such as {:?}",
            found.len(),
            found.iter().take(12).collect::<Vec<_>>()
        );
    }
    println!("{bytes} bytes of indicators, {} ids", ids.len());
    assert_eq!(summary.objects + summary.problems, 1_060_482);
    assert_eq!(u64::try_from(ids.len()).expect("small"), summary.objects);
    assert!(summary.problems < 20, "{}", summary.problems);
}

#[test]
fn events_of_another_tool_are_refused_with_a_reason() {
    let Some(path) = file("misp-events/powerpool_misp-powerpool.json") else {
        return;
    };
    let list = ListOptions {
        created: "2026-01-01T00:00:00.000Z",
        created_by: None,
        marking: None,
    };
    let options = ReadOptions {
        limits: ReadLimits::default(),
        list,
    };
    let input = BufReader::new(File::open(path).expect("a readable file"));
    let error = read(input, &options, &mut |_| ControlFlow::Continue(())).expect_err("not STIX");
    assert!(
        error.to_string().contains("neither `type` nor `objects`"),
        "{error}"
    );
}

#[test]
fn large_files_stream_at_speed() {
    let Some(path) = file("attack/ics-attack-18.1.json") else {
        return;
    };
    let one = std::fs::read(&path).expect("a readable file");
    let list = ListOptions {
        created: "2026-01-01T00:00:00.000Z",
        created_by: None,
        marking: None,
    };
    let options = ReadOptions {
        limits: ReadLimits::default(),
        list,
    };
    let many = one.repeat(20);
    let start = Instant::now();
    let summary = read(
        many.as_slice(),
        &options,
        &mut |_| ControlFlow::Continue(()),
    )
    .expect("sound");
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{} MB in {seconds:.3} s, {} objects",
        many.len() / 1_000_000,
        summary.objects
    );
    assert_eq!(summary.objects, 20 * 1826);
}
