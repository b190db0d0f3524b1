//! Pages of a live node in a real browser: the flows of `tests/python/pages`, each by keys, by hand, or with scripts off.
//!
//! In scope: a node with something to see, and running a module of flows against it.
//! Out of scope: the flows themselves (Python), the look alone (`crates/comity-web/tests/gallery.rs`), installing the browser
//! (`cargo xtask check` does).

mod between;
mod files;
mod first_day;
mod flows;
mod found;
mod leaving;
mod letters;
mod pasted;
mod second;
mod values;
mod visitor;
mod work;

use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::node::{PASSWORD, Said, TestNode, USER, variable};
use crate::sample::{indicators, malware};

/// A command of Python that drives the browser; says why there is none.
fn browsing(arguments: &[&str]) -> Option<Command> {
    let (Some(python), Some(chromium)) = (
        variable("COMITY_TEST_PYTHON"),
        variable("COMITY_TEST_CHROMIUM"),
    ) else {
        println!(
            "skipped: {arguments:?}, because COMITY_TEST_PYTHON or COMITY_TEST_CHROMIUM is not set"
        );
        return None;
    };
    let mut command = Command::new(python);
    command
        .args(arguments)
        .env(
            "PYTHONPATH",
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python"),
        )
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("COMITY_TEST_CHROMIUM", chromium);
    // Pictures are for whoever asks for them: they take as long as half of the rest.
    if let Some(shots) = variable("COMITY_TEST_SHOTS") {
        std::fs::create_dir_all(&shots).unwrap();
        command.env("COMITY_TEST_SHOTS", shots);
    }
    Some(command)
}

/// Runs such a command to its good end, and shows what it said.
fn passed(command: Command) {
    let said = Said::run(command, "").expect(0);
    println!("{}", said.out);
    assert!(said.out.trim_end().ends_with("passed"), "{}", said.out);
}

/// Runs a module of flows against a node.
fn against(module: &str, prepare: impl Fn(&TestNode)) {
    let Some(mut command) = browsing(&["-m", module]) else {
        return;
    };
    let node = TestNode::embedded();
    prepare(&node);
    command
        .env("COMITY_SERVER", format!("http://{}", node.address()))
        .env("COMITY_USER", USER)
        .env("COMITY_PASSWORD", PASSWORD)
        .env("COMITY_RW", &node.rw);
    passed(command);
}

#[test]
fn a_person_signs_in_finds_objects_and_reads_them() {
    against("pages.objects", |node| {
        let found = indicators(0..30);
        let family = malware(1);
        let indicates = json!({
            "type": "relationship",
            "spec_version": "2.1",
            "id": "relationship--44298a74-ba52-4f0c-87a3-1824e67d7fad",
            "created": "2026-03-01T10:00:00.000Z",
            "modified": "2026-03-01T10:00:00.000Z",
            "relationship_type": "indicates",
            "source_ref": found.first().unwrap()["id"],
            "target_ref": family["id"],
        });
        node.import(&node.rw, &found);
        node.import(&node.rw, &[family, indicates]);
    });
}

#[test]
fn a_person_signs_in_by_a_passkey() {
    against("pages.passkeys", |_| {});
}
