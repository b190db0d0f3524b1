//! Cases that two parties work on, from the opening to the status report.

use serde_json::Value;

use crate::cases::exercises::running;
use crate::exchange::party::{OPEN, Party, befriend, on_both_stores, text, until};

pub(crate) fn open(from: &Party, to: &Party, title: &str, more: &[&str]) -> String {
    let mut arguments = vec!["case", "open", "--to", &to.name, "--tlp", "amber"];
    arguments.extend(["--title", title, "--summary", "servers there, victims here"]);
    arguments.extend(more);
    from.cli(&arguments).expect(0).out.trim().to_owned()
}

fn act(party: &Party, id: &str, verb: &str, more: &[&str]) -> String {
    let mut arguments = vec!["case", verb, id];
    arguments.extend(more);
    party.cli(&arguments).expect(0).out.trim().to_owned()
}

fn shown(party: &Party, id: &str) -> Value {
    let arguments = ["case", "show", id, "--json"];
    party.cli(&arguments).expect(0).json()["case"].clone()
}

/// Waits until a case stands at this on both sides and both show the same of what is shared.
pub(crate) fn until_both(parties: [&Party; 2], id: &str, state: &str) -> Value {
    for party in parties {
        until(&format!("{state} at {}", party.name), || {
            let said = party.cli(&["case", "show", id, "--json"]);
            (said.code == Some(0) && text(&said.json(), "state") == state).then_some(())
        });
    }
    until("the same on both sides", || {
        let [one, two] = parties.map(|party| shown(party, id));
        let same = [
            "items",
            "sides",
            "due",
            "assessment",
            "merged",
            "splits",
            "void",
        ];
        same.iter()
            .all(|name| one[name] == two[name])
            .then_some(one)
    })
}

#[test]
fn a_case_is_worked_on_by_both_and_reported_on_alike() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let both = [&*alpha, &*bravo];
        let id = open(
            alpha,
            bravo,
            "A botnet",
            &["--number", "A-17", "--priority", "high"],
        );
        until_both(both, &id, "offered");
        act(bravo, &id, "join", &["--number", "B-4"]);
        until_both(both, &id, "joint");
        let task = ["seize the servers", "--for", "bravo", "--due", "2099-01-01"];
        act(alpha, &id, "task", &task);
        let list = alpha.file("values.txt");
        std::fs::write(&list, "hxxp://c2[.]example/gate\n198.51.100[.]7\n\n").unwrap();
        let list = list.to_str().unwrap().to_owned();
        act(
            alpha,
            &id,
            "observe",
            &["--file", &list, "--context", "proxy log"],
        );
        let told = [
            "first beacon",
            "--at",
            "2026-05-01T02:00:00Z",
            "--learned",
            "2026-05-03",
        ];
        act(bravo, &id, "happened", &told);
        act(bravo, &id, "status", &["one server found"]);
        act(bravo, &id, "assess", &["confirmed", "--criticality", "70"]);
        // What stays in the house.
        assert_eq!(
            act(alpha, &id, "note", &["the source is shy", "--own"]),
            "own/1"
        );
        act(alpha, &id, "task", &["ask the provider", "--own"]);
        act(alpha, &id, "done", &["own/2", "--result", "asked"]);
        let stands = until("all of it on both sides", || {
            let one = until_both(both, &id, "joint");
            let items = &one["items"][0];
            let all = ["tasks", "observations", "timeline"];
            let there = all
                .iter()
                .all(|name| items[name].as_array().unwrap().len() == 1);
            (there && one["assessment"]["criticality"] == 70).then_some(one)
        });
        let values = &stands["items"][0]["observations"][0]["values"];
        assert_eq!(values[0]["value"], "http://c2.example/gate");
        assert_eq!(values[1]["field"], "ipv4-addr:value");
        assert_eq!(shown(alpha, &id)["own"]["tasks"][0]["state"], "done");
        assert_eq!(shown(bravo, &id)["own"]["notes"], serde_json::json!([]));
        let whole = bravo.cli(&["case", "show", &id, "--json"]).expect(0).out;
        assert!(!whole.contains("shy"), "{whole}");
        only_bravo_owes(alpha, bravo);
        // Nobody ends the other side's task, and what is possible is said.
        let task = text(&stands["items"][0]["tasks"][0], "place");
        let refused = alpha.cli(&["case", "done", &id, &task]);
        assert_eq!(refused.code, Some(1));
        assert!(refused.err.contains("bravo's to end"), "{}", refused.err);
        act(bravo, &id, "done", &[&task, "--result", "two seized"]);
        act(bravo, &id, "close", &["--outcome", "two servers seized"]);
        act(alpha, &id, "close", &["--outcome", "victims told"]);
        until_both(both, &id, "closed");
        reports_are_equal(both, &id);
        let listed = alpha.cli(&["case", "list", "--priority"]).expect(0);
        assert!(!listed.out.contains("A botnet"), "closed: {}", listed.out);
    });
}

/// What this side owes is told by its own date; the other side owes nothing here.
fn only_bravo_owes(alpha: &Party, bravo: &Party) {
    let owed = bravo.cli(&["case", "list", "--ours"]).expect(0).out;
    assert!(owed.contains("we owe done by 2099-01-01"), "{owed}");
    assert_eq!(alpha.cli(&["case", "list", "--ours"]).expect(0).out, "");
}

fn reports_are_equal(parties: [&Party; 2], id: &str) {
    let year = "2026-Q4";
    let report = |party: &Party, other: &Party, more: &[&str]| {
        let mut arguments = vec!["report", "status", "--party", &other.name, "--period", year];
        arguments.extend(more);
        party.cli(&arguments).expect(0)
    };
    let [alpha, bravo] = parties;
    until("reports are equal", || {
        let as_of = "2099-01-01";
        let one = report(alpha, bravo, &["--json", "--as-of", as_of]).json();
        let two = report(bravo, alpha, &["--json", "--as-of", as_of]).json();
        (one == two && text(&one["report"]["cases"][0], "state") == "closed").then_some(())
    });
    let plain = report(alpha, bravo, &[]).out;
    assert!(plain.contains(id) && plain.contains("one server found") && !plain.contains("shy"));
    let own = report(alpha, bravo, &["--own"]).out;
    assert!(own.contains("the source is shy"), "{own}");
    let file = alpha.file("report.html");
    let path = file.to_str().unwrap();
    report(alpha, bravo, &["--html", "--out", path]);
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(page.starts_with("<!doctype html>") && !page.contains("<script"));
}

#[test]
fn cases_are_merged_and_split_and_both_are_undone() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let both = [&*alpha, &*bravo];
        let one = open(alpha, bravo, "The first", &[]);
        let two = open(alpha, bravo, "The second", &[]);
        for id in [&one, &two] {
            until_both(both, id, "offered");
            act(bravo, id, "join", &["--number", "B-1"]);
            until_both(both, id, "joint");
            act(alpha, id, "note", &[&format!("of {id}")]);
        }
        let before = until("notes", || {
            let case = until_both(both, &two, "joint");
            (case["items"][0]["notes"].as_array().unwrap().len() == 1).then_some(case)
        });
        act(
            bravo,
            &one,
            "merge",
            &["--into", &two, "--reason", "one actor"],
        );
        until_both(both, &one, "merged");
        let merged = until_both(both, &two, "joint");
        assert_eq!(merged["items"].as_array().unwrap().len(), 2);
        assert_eq!(merged["merged"][0], one.as_str());
        act(alpha, &one, "unmerge", &["--reason", "two actors"]);
        until_both(both, &one, "joint");
        assert_eq!(until_both(both, &two, "joint")["items"], before["items"]);
        let place = text(&before["items"][0]["notes"][0], "place");
        let split = ["--title", "The third", "--summary", "another victim"];
        let third = act(
            alpha,
            &two,
            "split",
            &[&[place.as_str()], split.as_slice()].concat(),
        );
        until_both(both, &third, "offered");
        assert_eq!(shown(bravo, &third)["split_from"], two.as_str());
        let there = until("the item there", || {
            let case = until_both(both, &third, "offered");
            (case["items"].as_array().unwrap().len() == 2).then_some(case)
        });
        assert_eq!(there["items"][1]["notes"], before["items"][0]["notes"]);
        // What is no item is not split, and leaves no empty case behind.
        let refused = alpha.cli(&[["case", "split", &two, "alpha/9"].as_slice(), &split].concat());
        assert_eq!(refused.code, Some(1));
        assert!(refused.err.contains("no item"), "{}", refused.err);
        let live = alpha.cli(&["case", "list", "--priority"]).expect(0).out;
        assert_eq!(live.matches("The third").count(), 1, "{live}");
        act(
            bravo,
            &two,
            "unsplit",
            &["--into", &third, "--reason", "it belongs here"],
        );
        until("the item is back", || {
            let case = until_both(both, &two, "joint");
            (case["items"] == before["items"]).then_some(())
        });
    });
}

/// An incident with an event that is there and one that is not, a task, and an address.
fn incident() -> Value {
    serde_json::json!({
        "type": "bundle", "id": "bundle--6f3a7d7e-6c1c-4f5c-8f6e-0c7a3d1f2b10",
        "objects": [
            {
                "type": "incident", "spec_version": "2.1", "id": "incident--0b8d2c3e-9a1f-4c5d-8e7f-1a2b3c4d5e6f",
                "created": "2026-05-03T00:00:00.000Z", "modified": "2026-05-03T00:00:00.000Z", "name": "IR-5",
                "description": "servers encrypted", "extensions": {
                    "extension-definition--ef765651-680c-498d-9894-99799f2fa126": {
                        "extension_type": "property-extension", "determination": "confirmed",
                        "investigation_status": "open", "criticality": 90, "incident_types": ["ransomware"],
                        "events": [
                            { "event_ref": "event--1b8d2c3e-9a1f-4c5d-8e7f-1a2b3c4d5e6f" },
                            { "event_ref": "event--2b8d2c3e-9a1f-4c5d-8e7f-1a2b3c4d5e6f" },
                        ],
                        "tasks": [{ "task_ref": "task--3b8d2c3e-9a1f-4c5d-8e7f-1a2b3c4d5e6f" }],
                    },
                },
            },
            {
                "type": "event", "spec_version": "2.1", "id": "event--1b8d2c3e-9a1f-4c5d-8e7f-1a2b3c4d5e6f",
                "created": "2026-05-03T00:00:00.000Z", "modified": "2026-05-03T00:00:00.000Z", "status": "occurred",
                "name": "encryption began", "start_time": "2026-05-02T22:00:00.000Z",
                "extensions": { "extension-definition--4ca6de00-5b0d-45ef-a1dc-ea7279ea910e": { "extension_type": "new-sdo" } },
            },
            {
                "type": "task", "spec_version": "2.1", "id": "task--3b8d2c3e-9a1f-4c5d-8e7f-1a2b3c4d5e6f",
                "created": "2026-05-03T00:00:00.000Z", "modified": "2026-05-03T00:00:00.000Z", "outcome": "pending",
                "name": "find the first host",
                "extensions": { "extension-definition--2074a052-8be4-4932-849e-f5e7798e0030": { "extension_type": "new-sdo" } },
            },
            { "type": "ipv4-addr", "spec_version": "2.1", "id": "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd", "value": "198.51.100.3" },
        ],
    })
}

#[test]
fn an_incident_comes_in_as_a_case_and_goes_out_again() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let file = alpha.file("incident.json");
        std::fs::write(&file, incident().to_string()).unwrap();
        let path = file.to_str().unwrap();
        let import = [
            "case", "import", path, "--to", "bravo", "--tlp", "amber", "--json",
        ];
        let line = alpha.cli(&import).expect(0).json();
        let id = text(&line, "id");
        // What is not in the bundle is said, not passed over.
        assert!(
            line["left_out"][0]
                .as_str()
                .unwrap()
                .contains("event--2b8d2c3e")
        );
        let case = until("all of it on both sides", || {
            let case = until_both([&*alpha, &*bravo], &id, "offered");
            (case["items"][0]["observations"].as_array().unwrap().len() == 1).then_some(case)
        });
        let items = &case["items"][0];
        assert_eq!(items["timeline"][0]["happened"], "2026-05-02T22:00:00.000Z");
        assert_eq!(items["timeline"][0]["learned"], "2026-05-03T00:00:00.000Z");
        assert_eq!(items["tasks"][0]["text"], "find the first host");
        assert_eq!(case["assessment"]["types"][0], "ransomware");
        let out = |party: &Party| party.cli(&["case", "export", &id]).expect(0).json();
        let (one, two) = (out(alpha), out(bravo));
        assert_eq!(one, two, "both write the same incident");
        let made = one["objects"].as_array().unwrap();
        let types: Vec<String> = made.iter().map(|object| text(object, "type")).collect();
        for expected in ["incident", "event", "task", "ipv4-addr", "observed-data"] {
            assert!(
                types.iter().any(|each| each == expected),
                "{expected} in {types:?}"
            );
        }
        // It can be read again, by our own intake too.
        bravo
            .cli(&["collection", "create", "--title", "Cases"])
            .expect(0);
        let copy = bravo.file("case.json");
        bravo
            .cli(&["case", "export", &id, "--out", copy.to_str().unwrap()])
            .expect(0);
        bravo
            .cli(&["import", copy.to_str().unwrap(), "--tlp", "amber"])
            .expect(0);
        let none = alpha.file("none.json");
        std::fs::write(&none, "{\"objects\": []}").unwrap();
        let refused = alpha.cli(&[
            "case",
            "import",
            none.to_str().unwrap(),
            "--to",
            "bravo",
            "--tlp",
            "amber",
        ]);
        assert_eq!(refused.code, Some(2), "{}", refused.err);
        assert!(refused.err.contains("no incident") && refused.err.contains("hint: "));
    });
}

#[test]
fn a_case_of_an_exercise_is_seen_by_nobody_who_does_not_ask_for_it() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let exercise = &running(alpha, bravo);
        let id = open(alpha, bravo, "Practised", &["--exercise", exercise]);
        let live = open(alpha, bravo, "Meant", &[]);
        let both = [&*alpha, &*bravo];
        for id in [&id, &live] {
            until_both(both, id, "offered");
        }
        act(bravo, &live, "join", &["--number", "B-1"]);
        until_both(both, &live, "joint");
        // A link from one to the other shows nothing of it.
        act(alpha, &live, "link", &[&id, "--why", "by mistake"]);
        let linked = until("the link", || {
            let case = until_both(both, &live, "joint");
            let links = case["items"][0]["links"].clone();
            (links.as_array().unwrap().len() == 1).then(|| links[0].clone())
        });
        assert!(
            linked["title"].is_null() && linked["state"].is_null(),
            "{linked}"
        );
        for party in both {
            let other = if party.name == "alpha" {
                "bravo"
            } else {
                "alpha"
            };
            let list = party.cli(&["case", "list"]).expect(0).out;
            assert!(
                list.contains("Meant") && !list.contains("Practised"),
                "{list}"
            );
            let list = party
                .cli(&["case", "list", "--exercise", exercise])
                .expect(0)
                .out;
            assert!(
                list.contains("Practised") && !list.contains("Meant"),
                "{list}"
            );
            let report = [
                "report",
                "status",
                "--party",
                other,
                "--period",
                "2026-Q4",
                "--as-of",
                "2099-01-01",
            ];
            let live = until("the report", || {
                let out = party.cli(&report).expect(0).out;
                out.contains("Meant").then_some(out)
            });
            assert!(!live.contains("Practised"), "{live}");
            let asked = [report.as_slice(), &["--exercise", exercise]].concat();
            let practised = party.cli(&asked).expect(0).out;
            assert!(practised.contains("Practised") && !practised.contains("Meant"));
        }
    });
}
