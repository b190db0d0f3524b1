//! Programs of other hands against a live node: the published TAXII client, the STIX library and the validator.
//!
//! In scope: running the scripts of `tests/python` unmodified packages in hand, and passing on what they say.
//! Out of scope: installing them (`cargo xtask check` does).

use std::path::Path;
use std::process::Command;

use crate::node::{PASSWORD, ROOT, Said, TestNode, USER, on_each_store, variable};
use crate::sample::{address, indicators, malware};

/// Runs a script against a node; the script ends with an error when an expectation fails.
fn run(node: &TestNode, python: &str, script: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let mut command = Command::new(python);
    command
        .arg(folder.join(script))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("COMITY_SERVER", format!("http://{}", node.address()))
        .env("COMITY_ROOT", ROOT)
        .env("COMITY_USER", USER)
        .env("COMITY_PASSWORD", PASSWORD)
        .env("COMITY_TOKEN", &node.token)
        .env("COMITY_RW", &node.rw)
        .env("COMITY_RO", &node.ro)
        .env("COMITY_WO", &node.wo);
    let said = Said::run(command, "").expect(0);
    print!("{}", said.out);
    assert!(said.out.trim_end().ends_with("passed"), "{}", said.out);
}

/// Runs a script on both stores, or says why not.
fn with_python(script: &str, prepare: impl Fn(&TestNode)) {
    let Some(python) = variable("COMITY_TEST_PYTHON") else {
        println!("skipped: {script}, because COMITY_TEST_PYTHON is not set");
        return;
    };
    on_each_store(|node| {
        prepare(node);
        run(node, &python, script);
    });
}

#[test]
fn taxii2_client_does_all_it_can() {
    with_python("taxii2_client.py", |node| {
        node.import(&node.ro, &indicators(0..250));
    });
}

#[test]
fn stix2_reads_and_writes_through_its_taxii_store() {
    with_python("stix2_store.py", |node| {
        node.import(&node.ro, &[malware(1), address()]);
    });
}

#[test]
fn stix2_validator_accepts_what_the_node_returns() {
    with_python("validator.py", |node| {
        let mut objects = indicators(0..20);
        objects.extend([malware(1), address()]);
        node.import(&node.ro, &objects);
    });
}

#[test]
fn stix2_agrees_on_the_identifiers_of_observables() {
    with_python("observable_ids.py", |_| ());
}
