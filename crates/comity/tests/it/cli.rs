//! The command line: what scripts rely on.
//!
//! In scope: exit codes, what goes to which stream, `--json`, and that commands work beside a running node.
//! Out of scope: the wording of the help (generated into `docs/reference/cli.md`).

use serde_json::Value;

use crate::http::Request;
use crate::node::{
    ROOT, Said, Store, TestNode, USER, comity, objects, on_each_store, refuse_to_serve,
};
use crate::sample::{address, indicator, indicator_at, indicator_id, indicators, malware};

/// Runs the program without a node's folder.
fn run(arguments: &[&str]) -> Said {
    Said::run(comity(arguments), "")
}

#[test]
fn version_and_help_go_to_standard_output() {
    let version = run(&["--version"]).expect(0);
    assert!(
        version.out.starts_with("comity ") && version.err.is_empty(),
        "{version:?}"
    );
    let help = run(&["--help"]).expect(0);
    for command in [
        "init",
        "serve",
        "user",
        "token",
        "collection",
        "import",
        "export",
        "object",
    ] {
        assert!(help.out.contains(command), "{command} is not in the help");
    }
}

#[test]
fn a_wrong_question_is_exit_2() {
    for arguments in [
        &["fly"][..],
        &["init", "--no-such-flag"],
        &["object", "show"],
        &["user", "add"],
    ] {
        let said = run(arguments).expect(2);
        assert!(
            said.out.is_empty() && said.err.contains("--help"),
            "{arguments:?}: {}",
            said.err
        );
    }
}

#[test]
fn a_folder_without_a_node_is_named_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nothing");
    let folder = path.to_str().unwrap();
    for said in [
        refuse_to_serve(&path, "127.0.0.1:0"),
        run(&["collection", "list", "--data", folder]),
        run(&["token", "create", "--user", USER, "--data", folder]),
    ] {
        let said = said.expect(1);
        let hint = format!("hint: make one with `comity init --data {folder}");
        assert!(said.err.contains(&hint), "{}", said.err);
    }
    assert!(!path.exists(), "a question made the folder");
}

#[test]
fn init_does_not_overwrite_a_node() {
    let node = TestNode::embedded();
    node.post(&node.rw, &[indicator(1)]);
    node.cli(&["init", "--party", "bravo", "--domain", "bravo.example"])
        .expect(1);
    assert_eq!(node.get(&objects(&node.rw)).ids(), [indicator_id(1)]);
}

#[test]
fn serve_ends_cleanly_when_asked() {
    let mut node = TestNode::embedded();
    assert_eq!(node.terminate(), Some(0));
}

#[test]
fn one_folder_is_served_once() {
    let node = TestNode::embedded();
    let said = node.refuse_to_serve().expect(1);
    assert!(said.err.contains("in use"), "{}", said.err);
}

#[test]
fn plain_http_is_served_to_this_machine_only() {
    let mut node = TestNode::embedded();
    node.kill();
    let said = refuse_to_serve(&node.data(), "0.0.0.0:0").expect(1);
    assert!(said.err.contains("TLS"), "{}", said.err);
}

#[test]
fn collections_are_listed_with_their_alias() {
    on_each_store(|node| {
        let listed = node.cli(&["collection", "list", "--json"]).expect(0).json();
        let text = listed.to_string();
        for id in [&node.rw, &node.ro, &node.wo, &node.none] {
            assert!(text.contains(id.as_str()), "{id} in {text}");
        }
        assert!(text.contains("indicators"), "{text}");
        let create = [
            "collection",
            "create",
            "--title",
            "B",
            "--alias",
            "indicators",
        ];
        // An alias is unique.
        node.cli(&create).expect(1);
    });
}

#[test]
fn import_counts_what_it_did() {
    on_each_store(|node| {
        let counts = |said: &Value| {
            ["added", "unchanged", "failed"].map(|name| said[name].as_u64().unwrap())
        };
        let mut objects = indicators(0..20);
        assert_eq!(counts(&node.import(&node.ro, &objects)), [20, 0, 0]);
        assert_eq!(counts(&node.import(&node.ro, &objects)), [0, 20, 0]);
        objects.push(malware(1));
        assert_eq!(counts(&node.import(&node.ro, &objects)), [1, 20, 0]);
        assert_eq!(node.get(&crate::node::objects(&node.ro)).ids().len(), 21);
        let missing = node
            .cli(&["import", "/no/such/file.json", "--collection", &node.ro])
            .expect(1);
        assert!(
            missing.err.contains("/no/such/file.json"),
            "{}",
            missing.err
        );
    });
}

#[test]
fn export_returns_what_came_in() {
    on_each_store(|node| {
        let sent = [indicator(1), malware(1), address()];
        node.post(&node.rw, &sent);
        let export = |format: &str| {
            let file = node.file(format);
            let path = file.to_str().unwrap();
            node.cli(&[
                "export",
                "--format",
                format,
                "--collection",
                &node.rw,
                "--out",
                path,
            ])
            .expect(0);
            std::fs::read_to_string(file).unwrap()
        };
        let bundle: Value = serde_json::from_str(&export("stix")).unwrap();
        assert_eq!(bundle["type"], "bundle");
        assert_eq!(bundle["objects"].as_array().unwrap().as_slice(), &sent);
        let lines = export("jsonl");
        let expected: Vec<String> = sent.iter().map(Value::to_string).collect();
        assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
        let said = node
            .cli(&["export", "--format", "jsonl", "--collection", &node.rw])
            .expect(0);
        assert_eq!(said.out, lines, "without --out it goes to standard output");
    });
}

#[test]
fn objects_are_shown_and_found_by_value() {
    on_each_store(|node| {
        node.post(&node.rw, &[indicator(1), address()]);
        let shown = node.cli(&["object", "show", &indicator_id(1)]).expect(0);
        assert!(shown.out.contains("Indicator 1"), "{}", shown.out);
        node.cli(&["object", "show", &indicator_id(2)]).expect(1);
        node.cli(&["object", "show", "indicator-2"]).expect(2);
        let found = node.cli(&["object", "find", "198.51.100.3"]).expect(0);
        assert!(
            found.out.contains(address()["id"].as_str().unwrap()),
            "{}",
            found.out
        );
        let found = node.cli(&["object", "find", "198.51.100.1"]).expect(0);
        assert!(
            found.out.contains(&indicator_id(1)),
            "in a pattern: {}",
            found.out
        );
        node.cli(&["object", "find", "203.0.113.9"]).expect(1);
    });
}

#[test]
fn commands_see_and_change_the_running_node() {
    on_each_store(|node| {
        let made = node.create_collection("Made later", &[]);
        node.grant(&made, USER, &["--read", "--write"]);
        node.import(
            &made,
            &[indicator(1), indicator_at(1, "2021-01-01T00:00:00.000Z")],
        );
        assert_eq!(node.get(&objects(&made)).ids(), [indicator_id(1)]);
        let listed = node.get(&format!("{ROOT}collections/")).text();
        assert!(listed.contains(&made), "{listed}");
    });
}

#[test]
fn health_is_open_and_tells_nothing() {
    let node = TestNode::start(Store::Embedded);
    for path in ["/healthz", "/readyz"] {
        let answer = Request::get(path)
            .without("Accept")
            .send(node.address())
            .expect(200);
        assert!(
            answer.body.len() < 200 && !answer.text().contains("alpha"),
            "{}",
            answer.text()
        );
    }
}

#[test]
fn settings_are_shown_and_an_unknown_one_is_refused() {
    let mut node = TestNode::embedded();
    let shown = node.cli(&["settings", "show"]).expect(0);
    assert!(shown.out.contains("max_content_length"), "{}", shown.out);
    let file = node.data().join("comity.toml");
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    std::fs::write(&file, format!("colour = \"blue\"\n{text}")).unwrap();
    node.kill();
    let said = node.refuse_to_serve().expect(1);
    assert!(
        said.err.contains("colour") && said.err.contains("comity.toml"),
        "{}",
        said.err
    );
}

#[test]
fn every_refusal_says_what_mends_it() {
    let node = TestNode::embedded();
    let folder = node.data();
    let here = format!(" --data {}`", folder.display());
    let nobody = indicator_id(9);
    for (arguments, code, hint) in [
        (&["user", "remove", "nobody"][..], 1, "`comity user list"),
        (
            &["token", "create", "--user", "nobody"],
            1,
            "`comity user list",
        ),
        (
            &["token", "revoke", "--user", "nobody"],
            1,
            "`comity user list",
        ),
        (
            &["collection", "grant", "none", "--user", USER],
            1,
            "`comity collection list",
        ),
        (
            &["collection", "grant", "indicators", "--user", "nobody"],
            1,
            "`comity user list",
        ),
        (
            &["export", "--format", "csv", "--collection", "none"],
            1,
            "`comity collection list",
        ),
        (
            &["object", "neighbours", &nobody],
            1,
            "`comity object show ID",
        ),
        (
            &["object", "revoke", &nobody],
            1,
            "`comity object find VALUE",
        ),
        (
            &["object", "validate", &nobody],
            1,
            "`comity object find VALUE",
        ),
        (
            &["object", "search", "nothing"],
            1,
            "`comity object find VALUE",
        ),
    ] {
        let said = node.cli(arguments).expect(code);
        let line = said.err.lines().find(|line| line.starts_with("hint: "));
        let line = line.unwrap();
        assert!(
            line.contains(hint) && line.contains(&here),
            "{arguments:?}: {line}"
        );
    }
}

#[test]
fn what_cannot_be_meant_is_exit_2() {
    let node = TestNode::embedded();
    for arguments in [
        &["collection", "create", "--title", ""][..],
        &["collection", "create", "--title", "A", "--alias", "A B"],
        &["export", "--format", "xml"],
        &["export", "--format", "csv"],
        &["import", "-", "--tlp", "purple"],
        &["pull", "nonsense", "--collection", "indicators"],
        &["pull", "http://192.0.2.1/", "--collection", "indicators"],
        &["user", "add", "two", "--role", "viewer", "--password-stdin"],
        &[
            "user",
            "add",
            "two words",
            "--role",
            "viewer",
            "--password-stdin",
        ],
    ] {
        node.cli_with_input(arguments, "short").expect(2);
    }
}
