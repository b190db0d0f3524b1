//! Our answers beside those of other people's libraries: python-stix2, stix2-patterns and stix2-validator.
//!
//! A Python program makes the questions, this test answers them, and the program compares. Each runs where
//! `COMITY_TEST_PYTHON` names a Python that has the libraries; `cargo xtask check` makes one.
//!
//! In scope: carrying questions and answers. Out of scope: making and judging them (`tests/python`).
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "test code: a panic is a failed test"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use comity_stix::json::{self, Limits};
use comity_stix::validate::{Severity, validate};
use comity_stix::{deterministic_id, pattern};

const LIMITS: Limits = Limits {
    depth_max: 64,
    values_max: 100_000,
    properties_max: 10_000,
};

/// Runs a program and answers its questions; the program ends with an error when it disagrees.
fn compare(script: &str, argument: Option<&Path>, answer: impl Fn(&str) -> String) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is told by its environment where Python is"
    )]
    let python = std::env::var("COMITY_TEST_PYTHON").unwrap_or_default();
    if python.is_empty() {
        println!("skipped: {script}, because COMITY_TEST_PYTHON is not set");
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let mut child = Command::new(python)
        .arg(folder.join(script))
        .args(argument)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut answers = String::new();
    for question in said.by_ref().lines() {
        let question = question.unwrap();
        if question.is_empty() {
            break;
        }
        let answer = answer(&question);
        assert!(!answer.contains('\n'), "an answer is one line: {answer:?}");
        answers += &answer;
        answers.push('\n');
    }
    assert!(!answers.is_empty(), "{script} asks nothing");
    let mut input = child.stdin.take().unwrap();
    input.write_all(answers.as_bytes()).unwrap();
    drop(input);
    let mut report = String::new();
    said.read_to_string(&mut report).unwrap();
    print!("{report}");
    assert!(child.wait().unwrap().success(), "{script} disagrees");
}

#[test]
fn observable_ids_are_those_of_python_stix2() {
    compare("observable_ids.py", None, |question| {
        let id = deterministic_id::of(&json::parse(question, &LIMITS).unwrap());
        id.map_or_else(|| "none".to_owned(), |id| id.to_string())
    });
}

#[test]
fn patterns_are_judged_as_by_stix2_patterns() {
    compare("patterns.py", None, |question| {
        let text = json::parse(question, &LIMITS).unwrap();
        match pattern::parse(text.as_str().unwrap()) {
            Ok(_) => "valid".to_owned(),
            Err(error) => error.to_string().escape_default().to_string(),
        }
    });
}

#[test]
fn what_stix2_validator_refuses_is_refused() {
    let objects = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/stix_validate");
    compare("validity.py", Some(&objects), |question| {
        let problems = validate(question);
        let must = problems.iter().find(|p| p.severity == Severity::Must);
        must.map_or_else(
            || "valid".to_owned(),
            |problem| problem.to_string().escape_default().to_string(),
        )
    });
}
