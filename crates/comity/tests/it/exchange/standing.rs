//! What becomes of a released view when the accord changes, and of what names something that goes as a copy only.
//!
//! In scope: views over TAXII of real nodes, exported and asked for. Out of scope: the rules one by one
//! (`comity-release`), recalls (`release`).

use std::collections::BTreeSet;

use comity_node::clock::Clock;
use comity_stix::timestamp::Timestamp;
use serde_json::{Value, json};

use crate::exchange::known_failures::edge;
use crate::exchange::party::{
    OPEN, Party, RELAY, accord_text, agree, befriend, befriend_with, labelled, on_both_stores,
    text, until,
};
use crate::exchange::release::{embedded, until_view};
use crate::node::objects;
use crate::sample::{indicator, indicator_id, malware};

/// Terms with this ceiling.
fn up_to(label: &str) -> String {
    OPEN.replace(
        "TLP:AMBER+STRICT\"\noutlets",
        &format!("{label}\"\noutlets"),
    )
}

/// Agrees on the next version of an accord, with these terms there and [`OPEN`] ones back; `head` stands among the first
/// keys.
fn agree_anew(one: &Party, other: &Party, there: &str, head: &str) {
    let name = format!("{}-{}", one.name, other.name);
    let rows = one.rows(&["accord", "list"]);
    let newest = |row: &&Value| row["version"].as_u64();
    let of_name = rows.iter().filter(|row| row["name"] == *name);
    let last = of_name.max_by_key(newest).unwrap();
    let version = last["version"].as_u64().unwrap() + 1;
    let draft = accord_text(one, other, there, OPEN);
    let file = one.file("next.toml");
    let propose = |hash: &str| {
        let lines = format!("version = {version}\nreplaces = \"{hash}\"\n{head}");
        std::fs::write(&file, draft.replacen("version = 1\n", &lines, 1)).unwrap();
        one.cli(&["accord", "propose", file.to_str().unwrap()])
    };
    // The node says what the text before hashes to.
    let refused = propose(&"0".repeat(64)).expect(1);
    let hash = refused.err.split([' ', ',']).find(|word| word.len() == 64);
    propose(hash.unwrap()).expect(0);
    until("the next version there", || {
        let rows = other.rows(&["accord", "list"]);
        rows.iter()
            .any(|row| row["name"] == *name && row["version"] == version)
            .then_some(())
    });
    other.cli(&["accord", "sign", &name]).expect(0);
}

#[test]
fn a_lowered_accord_takes_out_what_it_no_longer_allows_and_a_raised_one_lets_in_what_waited() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend_with(alpha, bravo, &up_to("TLP:AMBER"), OPEN);
        let house = alpha.create_collection("House", &[]);
        let token = alpha.account_of("bea", Some("bravo"), "viewer");
        let labels = ["AMBER", "GREEN", "AMBER+STRICT", "CLEAR", "AMBER"];
        let all: Vec<Value> = labels
            .iter()
            .zip(1..)
            .map(|(label, number)| labelled(indicator(number), label))
            .collect();
        alpha.import(&house, &all);
        alpha.grant(&house, "bea", &["--read"]);
        let [one, two, three, four, five] = [1, 2, 3, 4, 5].map(indicator_id);
        until_view(alpha, &token, &house, &[&one, &two, &four, &five]);
        agree_anew(alpha, bravo, &up_to("TLP:GREEN"), "");
        until_view(alpha, &token, &house, &[&two, &four]);
        let decisions = alpha.rows(&["release", "list", "--object", &one]);
        assert_eq!(
            (text(&decisions[0], "verdict"), text(&decisions[0], "rule")),
            ("refused".to_owned(), "ceiling".to_owned())
        );
        // What stays is not decided again.
        assert_eq!(alpha.rows(&["release", "list", "--object", &two]).len(), 1);
        agree_anew(alpha, bravo, &up_to("TLP:AMBER+STRICT"), "");
        until_view(alpha, &token, &house, &[&one, &two, &three, &four, &five]);
        // In commit order, among what entered.
        let order = alpha.get(&token, &objects(&house)).ids();
        assert_eq!(order, [two, four, one.clone(), three, five]);
        // A recall holds under every accord.
        alpha.cli(&["recall", &one]).expect(0);
        agree_anew(alpha, bravo, &up_to("TLP:AMBER"), "");
        until_view(
            alpha,
            &token,
            &house,
            &[&indicator_id(2), &indicator_id(4), &indicator_id(5)],
        );
    });
}

#[test]
fn a_review_goes_on_after_a_crash_and_an_accord_that_ends_empties_the_view() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend_with(alpha, bravo, &up_to("TLP:AMBER"), OPEN);
        let house = alpha.create_collection("House", &[]);
        let token = alpha.account_of("bea", Some("bravo"), "viewer");
        // More than one turn takes.
        let label = |number: u32| {
            if number.is_multiple_of(2) {
                "AMBER"
            } else {
                "GREEN"
            }
        };
        let all: Vec<Value> = (0..1_200)
            .map(|number| labelled(indicator(number), label(number)))
            .collect();
        alpha.import(&house, &all);
        alpha.grant(&house, "bea", &["--read"]);
        let held = |alpha: &Party| {
            let page = alpha.get(&token, &objects(&house));
            if page.status == 200 {
                page.ids()
            } else {
                Vec::new()
            }
        };
        until("the view", || (held(alpha).len() == 1_000).then_some(()));
        agree_anew(alpha, bravo, &up_to("TLP:GREEN"), "");
        until("a review that has begun", || {
            (!held(alpha).contains(&indicator_id(0))).then_some(())
        });
        alpha.kill();
        alpha.serve();
        until("the rest of the view", || {
            let ids = held(alpha);
            let green = (0..1_200).filter(|number| number % 2 == 1);
            (ids == green.map(indicator_id).collect::<Vec<_>>()).then_some(())
        });
        let soon = Timestamp::from_micros(Clock::System.now() + 8_000_000).unwrap();
        let soon: String = soon.to_string().chars().take(19).collect();
        let expires = format!("expires = {soon}Z\n");
        agree_anew(alpha, bravo, &up_to("TLP:AMBER"), &expires);
        until("an empty view", || held(alpha).is_empty().then_some(()));
        let refused = alpha.cli(&["export", "--format", "stix", "--party", "bravo"]);
        assert_ne!(refused.code, Some(0), "{refused:?}");
    });
}

/// The ids that an object names, itself among them.
fn named(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(word) => {
            let is_id = word.contains("--") && !word.starts_with("marking-definition--");
            if is_id && !word.contains(' ') {
                found.insert(word.clone());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, found)),
        Value::Object(members) => members.values().for_each(|value| named(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Terms by which e-mail addresses are masked.
fn masking(terms: &str) -> String {
    format!("{terms}[[release.redact]]\npersonal = \"email-address\"\naction = \"mask\"\n")
}

/// An indicator, a malware whose description has an address, an edge between them, a sighting and a report of all.
fn graph() -> Vec<Value> {
    let one = labelled(indicator(1), "GREEN");
    let mut two = labelled(malware(2), "GREEN");
    two["description"] = json!("Sent to hans.muster@alpha.example.");
    let relationship = edge(&one, &two, "GREEN");
    let ids: Vec<&Value> = [&one, &two, &relationship]
        .map(|object| &object["id"])
        .into();
    let time = "2020-01-01T00:00:00.000Z";
    let sighting = json!({
        "type": "sighting", "spec_version": "2.1", "id": "sighting--00000001-0000-4000-8000-000000000001",
        "created": time, "modified": time, "sighting_of_ref": two["id"],
        "description": format!("It was {} again.", two["id"].as_str().unwrap()),
    });
    let report = json!({
        "type": "report", "spec_version": "2.1", "id": "report--00000001-0000-4000-8000-000000000001",
        "created": time, "modified": time, "published": time, "name": "All of it", "object_refs": ids,
        "report_types": ["malware"],
    });
    let more = [sighting, report].map(|object| labelled(object, "GREEN"));
    let mut all = vec![one, two, relationship];
    all.extend(more);
    all
}

/// Asserts that what a party has names nothing but what it has, and no original.
fn is_whole(held: &[Value], all: &[Value]) {
    let have: BTreeSet<String> = held.iter().map(|object| text(object, "id")).collect();
    for object in held {
        let mut names = BTreeSet::new();
        for (key, value) in object.as_object().unwrap() {
            if key.ends_with("_ref") || key.ends_with("_refs") {
                named(value, &mut names);
            }
        }
        for name in &names {
            assert!(have.contains(name), "{name} of {object}");
        }
    }
    let said = json!(held).to_string();
    for original in &all[1..] {
        let id = text(original, "id");
        assert!(!said.contains(&id), "{id} in {said}");
    }
}

#[test]
fn what_names_a_redacted_original_names_its_copy_in_the_view_and_by_the_link() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend_with(alpha, bravo, &masking(OPEN), OPEN);
        let house = alpha.create_collection("House", &[]);
        let token = alpha.account_of("bea", Some("bravo"), "viewer");
        let all = graph();
        alpha.import(&house, &all);
        alpha.grant(&house, "bea", &["--read"]);
        let held = until("the view", || {
            let held = alpha.get(&token, &objects(&house));
            (held.status == 200 && held.objects().len() == all.len()).then(|| held.objects())
        });
        is_whole(&held, &all);
        let of_type = |held: &[Value], name: &str| {
            let found = held.iter().find(|object| object["type"] == *name);
            found.unwrap().clone()
        };
        let copy = text(&of_type(&held, "malware"), "id");
        assert_eq!(of_type(&held, "sighting")["sighting_of_ref"], *copy);
        let said = text(&of_type(&held, "sighting"), "description");
        assert_eq!(said, format!("It was {copy} again."));
        // By the link the edge goes first, and its ends after it.
        for object in all.iter().rev() {
            alpha.share(&text(object, "id"), "bravo");
        }
        let there = until("everything at bravo", || {
            let held = bravo.from("alpha");
            (held.len() == all.len()).then(|| held.into_values().collect::<Vec<_>>())
        });
        is_whole(&there, &all);
        assert_eq!(of_type(&there, "sighting")["sighting_of_ref"], *copy);
        // What is exported for the party is exactly its view.
        let file = alpha.file("bravo.json");
        let path = file.to_str().unwrap();
        let said = alpha
            .cli(&[
                "export", "--format", "stix", "--party", "bravo", "--out", path,
            ])
            .expect(0);
        assert!(said.err.contains("TLP:GREEN"), "{}", said.err);
        let bundle: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(bundle["objects"], json!(held));
    });
}

#[test]
fn what_was_released_before_its_end_was_there_becomes_a_copy_that_names_the_copy() {
    let [mut alpha, mut bravo] = embedded(["alpha", "bravo"]);
    befriend_with(&mut alpha, &mut bravo, &masking(OPEN), OPEN);
    let house = alpha.create_collection("House", &[]);
    let token = alpha.account_of("bea", Some("bravo"), "viewer");
    let all = graph();
    let without: Vec<Value> = all
        .iter()
        .filter(|object| object["type"] != "malware")
        .cloned()
        .collect();
    alpha.import(&house, &without);
    alpha.grant(&house, "bea", &["--read"]);
    let held = |count: usize| {
        until("the view", || {
            let held = alpha.get(&token, &objects(&house));
            let whole = held.status == 200 && held.objects().len() == count;
            whole.then(|| held.objects())
        })
    };
    held(4);
    alpha.import(&house, &all[1..2]);
    until("the copy", || {
        let said = alpha.get(&token, &objects(&house)).text();
        (said.contains("malware--") && !said.contains(&text(&all[1], "id"))).then_some(())
    });
    is_whole(&held(5), &all);
}

#[test]
fn an_export_for_a_party_with_nothing_writes_nothing() {
    let [mut alpha, mut bravo] = embedded(["alpha", "bravo"]);
    befriend(&mut alpha, &mut bravo, OPEN);
    let file = alpha.file("bravo.json");
    let path = file.to_str().unwrap();
    let export = |party: &str, format: &str| {
        let arguments = [
            "export", "--format", format, "--party", party, "--out", path,
        ];
        alpha.cli(&arguments)
    };
    assert_eq!(export("bravo", "stix").code, Some(1));
    assert_eq!(export("bravo", "csv").code, Some(2));
    assert_eq!(export("charlie", "stix").code, Some(1));
    let house = alpha.create_collection("House", &[]);
    alpha.import(&house, &[labelled(indicator(1), "GREEN")]);
    alpha
        .cli(&["share", "--collection", &house, "--to", "bravo", "--taxii"])
        .expect(0);
    until("the export", || {
        (export("bravo", "jsonl").code == Some(0)).then_some(())
    });
    alpha.cli(&["party", "suspend", "bravo"]).expect(0);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(export("bravo", "stix").code, Some(6));
    assert!(!file.exists());
}

#[test]
fn relays_are_asked_once_whatever_ends_while_a_recall_is_taken() {
    let [mut alpha, mut bravo, mut charlie] = embedded(["alpha", "bravo", "charlie"]);
    befriend(&mut alpha, &mut bravo, RELAY);
    befriend(&mut bravo, &mut charlie, RELAY);
    let house = alpha.create_collection("House", &[]);
    let rounds = 1..=4;
    for number in rounds.clone() {
        alpha.import(&house, &[labelled(indicator(number), "GREEN")]);
        let id = indicator_id(number);
        alpha.share(&id, "bravo");
        until("the share", || {
            bravo.from("alpha").contains_key(&id).then_some(())
        });
        bravo.share(&id, "charlie");
        until("the relay", || {
            charlie.from("bravo").contains_key(&id).then_some(())
        });
    }
    for number in rounds.clone() {
        alpha.cli(&["recall", &indicator_id(number)]).expect(0);
        let came = until("the recall", || {
            let rows = bravo.inbox();
            let recalls = rows.iter().filter(|row| row["kind"] == "recall").count();
            (recalls >= usize::try_from(number).unwrap()).then_some(recalls)
        });
        assert!(came > 0);
        bravo.kill();
        bravo.serve();
    }
    bravo.until_from("alpha", &[]);
    charlie.until_from("bravo", &[]);
    until("every answer", || {
        let rows = alpha.rows(&["recall"]);
        let answered = rows.iter().filter(|row| row["state"] == "answered").count();
        (answered == rounds.clone().count()).then_some(())
    });
    let asked = charlie.rows(&["recall", "--received"]);
    assert_eq!(asked.len(), rounds.count(), "{asked:?}");
}

#[test]
fn nothing_stays_in_a_view_that_was_recalled_while_it_was_being_filled() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let house = alpha.create_collection("House", &[]);
        let token = alpha.account_of("bea", Some("bravo"), "viewer");
        let all: Vec<Value> = (0..2_000)
            .map(|number| labelled(indicator(number), "GREEN"))
            .collect();
        alpha.import(&house, &all);
        alpha.grant(&house, "bea", &["--read"]);
        // Whatever was decided when the recall comes must not be there afterwards.
        let mut recalled = BTreeSet::new();
        for number in [3, 490, 501, 760, 1_200, 1_999] {
            let id = indicator_id(number);
            until("a decision or its time", || {
                let rows = alpha.rows(&["release", "list", "--object", &id]);
                (!rows.is_empty()).then_some(())
            });
            alpha.cli(&["recall", &id]).expect(0);
            recalled.insert(id);
        }
        until("everything judged", || {
            let rows = alpha.rows(&["release", "list", "--object", &indicator_id(1_998)]);
            (!rows.is_empty()).then_some(())
        });
        alpha.kill();
        alpha.serve();
        for id in &recalled {
            until("gone", || {
                let asked = crate::node::object(&house, id);
                (alpha.get(&token, &asked).status == 404).then_some(())
            });
        }
    });
}

#[test]
fn an_accord_agreed_after_a_collection_was_shared_lets_in_all_of_it() {
    let [mut alpha, mut bravo] = embedded(["alpha", "bravo"]);
    alpha.serve();
    bravo.serve();
    crate::exchange::party::enrol(&alpha, &bravo);
    let house = alpha.create_collection("House", &[]);
    let token = alpha.account_of("bea", Some("bravo"), "viewer");
    alpha.import(&house, &[labelled(indicator(1), "GREEN")]);
    alpha.grant(&house, "bea", &["--read"]);
    until_view(&alpha, &token, &house, &[]);
    agree(&alpha, &bravo, OPEN, OPEN);
    until_view(&alpha, &token, &house, &[&indicator_id(1)]);
}
