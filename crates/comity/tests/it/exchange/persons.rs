//! TLP:RED binds to persons, on both sides: who reads it at a node, and that nobody else can tell that it is there.
//!
//! In scope: own accounts and accounts of named persons, over TAXII and at the node's shell. Out of scope: what leaves for
//! other parties (`release`, `release_table`).

use serde_json::{Value, json};

use crate::exchange::known_failures::edge;
use crate::exchange::party::{Party, befriend_with, labelled, on_both_stores, text, until};
use crate::exchange::release_table::{plain, widest};
use crate::http::Request;
use crate::node::{ROOT, Store, collection, manifest, object, objects, query, versions};
use crate::sample::{address, envelope, indicator, indicator_at, indicator_id, malware};

/// The person at bravo.
const PERSON: &str = "duty@bravo.example";
/// An id that nobody holds.
const ABSENT: u32 = 9_999;

/// What an account reads of a collection, page by page.
fn reads(party: &Party, token: &str, name: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let mut asked = vec![("limit", "1")];
        if let Some(next) = &next {
            asked.push(("next", next));
        }
        let page = party.get(token, &query(&objects(name), &asked)).expect(200);
        ids.extend(page.ids());
        let body = page.json();
        if body["more"] != true {
            break;
        }
        next = Some(text(&body, "next"));
    }
    ids.sort();
    let mut whole = party.get(token, &objects(name)).expect(200).ids();
    whole.sort();
    assert_eq!(ids, whole, "page by page and at once");
    let listed = party.get(token, &manifest(name)).expect(200).objects();
    let mut listed: Vec<String> = listed.iter().map(|one| text(one, "id")).collect();
    listed.sort();
    assert_eq!(ids, listed, "the manifest");
    ids
}

fn until_reads(party: &Party, token: &str, name: &str, ids: &[&str]) {
    let mut expected: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    expected.sort();
    until(&format!("{expected:?} read"), || {
        let answer = party.get(token, &objects(name));
        let mut found = (answer.status == 200).then(|| answer.ids())?;
        found.sort();
        (found == expected).then_some(())
    });
    assert_eq!(reads(party, token, name), expected);
}

/// Asserts that an account cannot tell an object from one that nobody holds.
fn cannot_tell(party: &Party, token: &str, name: &str, id: &str) {
    // Of the same type: what is answered repeats the id.
    let (kind, _) = id.split_once("--").unwrap();
    let absent = format!("{kind}--00009999-0000-4000-8000-00000000ffff");
    for path in [object, versions] {
        let hidden = party.get(token, &path(name, id)).expect(404);
        let none = party.get(token, &path(name, &absent)).expect(404);
        assert_eq!(plain(&hidden, &[id]), plain(&none, &[&absent]));
    }
    for path in [objects, manifest] {
        let ask = |id: &str| {
            let asked = query(&path(name), &[("match[id]", id), ("match[version]", "all")]);
            party.get(token, &asked).expect(200)
        };
        assert_eq!(plain(&ask(id), &[id]), plain(&ask(&absent), &[&absent]));
    }
}

#[test]
fn red_reaches_the_account_of_the_person_it_names_and_nobody_else() {
    on_both_stores(["bravo", "alpha"], |[bravo, alpha]| {
        befriend_with(alpha, bravo, &widest(PERSON), &widest("duty@alpha.example"));
        let dora = bravo.account_of("dora", None, "duty");
        let nina = bravo.account_of("nina", None, "analyst");
        bravo.cli(&["user", "address", "dora", PERSON]).expect(0);
        let house = alpha.create_collection("House", &[]);
        let (green, red) = (indicator_id(1), indicator_id(2));
        let all = [
            labelled(indicator(1), "GREEN"),
            labelled(indicator(2), "RED"),
        ];
        alpha.import(&house, &all);
        alpha.share(&green, "bravo");
        let line = alpha.share_with(&red, "bravo", &["--person", PERSON]);
        assert_eq!(line["verdict"], "released", "{line}");
        // Whoever holds the node's disk has it.
        bravo.until_from("alpha", &[&green, &red]);
        bravo.grant("from-alpha", "dora", &["--read"]);
        bravo.grant("from-alpha", "nina", &["--read", "--write"]);
        until_reads(bravo, &dora, "from-alpha", &[&green, &red]);
        until_reads(bravo, &nina, "from-alpha", &[&green]);
        bravo.get(&dora, &object("from-alpha", &red)).expect(200);
        bravo.get(&dora, &versions("from-alpha", &red)).expect(200);
        cannot_tell(bravo, &nina, "from-alpha", &red);
        // An address is one person's.
        let taken = bravo.cli(&["user", "address", "nina", "Duty@Bravo.example"]);
        assert_eq!(taken.code, Some(1), "{taken:?}");
        // The person changes: what was addressed to it changes hands.
        bravo.cli(&["user", "address", "dora"]).expect(0);
        until_reads(bravo, &dora, "from-alpha", &[&green]);
        cannot_tell(bravo, &dora, "from-alpha", &red);
        bravo.cli(&["user", "address", "nina", PERSON]).expect(0);
        until_reads(bravo, &nina, "from-alpha", &[&green, &red]);
        // A recall takes it from the person, too.
        alpha.cli(&["recall", &red]).expect(0);
        bravo.until_from("alpha", &[&green]);
        until_reads(bravo, &nina, "from-alpha", &[&green]);
        // That it was here and is gone is told to whom it was bound, and to nobody else.
        let told = |token: &str| {
            bravo
                .get(token, "/api/v1/recalls/received")
                .expect(200)
                .json()
        };
        until("the recall in the list of whom it was bound to", || {
            let rows = told(&nina);
            let outcome = rows.pointer("/items/0/answer/outcomes/0")?;
            (outcome["id"] == red && rows["items"][0]["objects"] == json!([red])).then_some(())
        });
        assert_eq!(told(&dora)["items"], json!([]));
    });
}

#[test]
fn red_in_a_collection_is_read_by_who_added_it_and_by_who_is_named_for_it() {
    on_both_stores(["alpha"], |[alpha]| {
        alpha.serve();
        let house = alpha.create_collection("House", &[]);
        let ann = alpha.account_of("ann", None, "analyst");
        let bob = alpha.account_of("bob", None, "analyst");
        for name in ["ann", "bob"] {
            alpha.grant(&house, name, &["--read", "--write"]);
        }
        let (one, two) = (labelled(indicator(1), "GREEN"), labelled(malware(2), "RED"));
        let relationship = edge(&one, &two, "GREEN");
        let ids = [&one, &two, &relationship].map(|object| text(object, "id"));
        // The edge comes before its end, in one request.
        let body = envelope(&[relationship, one, two.clone()]);
        let answer = alpha.ask(&ann, Request::post(&objects(&house), body));
        let status = answer.expect(202).json();
        assert_eq!(status["success_count"], 3, "{status}");
        let path = format!("{ROOT}status/{}/", text(&status, "id"));
        assert_eq!(alpha.get(&ann, &path).json()["success_count"], 3);
        until_reads(alpha, &ann, &house, &[&ids[0], &ids[1], &ids[2]]);
        until_reads(alpha, &bob, &house, &[&ids[0]]);
        cannot_tell(alpha, &bob, &house, &ids[1]);
        cannot_tell(alpha, &bob, &house, &ids[2]);
        // Its words and its neighbours are the shell's alone, which holds the disk.
        assert_eq!(alpha.export(&house).len(), 3);
        let near = alpha.cli(&["object", "neighbours", &ids[1]]).expect(0);
        assert!(near.out.contains(&ids[2]), "{}", near.out);
        let listed = alpha.rows(&["collection", "list"]);
        assert_eq!(listed[0]["objects"], 3, "{listed:?}");
        // An edge that comes later is as strict as its end, and its author reads what it made.
        let mut later = edge(&labelled(indicator(1), "GREEN"), &two, "GREEN");
        later["id"] = json!("relationship--00000001-0000-4000-8000-000000000002");
        let id = text(&later, "id");
        let answer = alpha.ask(&bob, Request::post(&objects(&house), envelope(&[later])));
        assert_eq!(answer.expect(202).json()["success_count"], 1);
        until_reads(alpha, &bob, &house, &[&ids[0], &id]);
        until_reads(alpha, &ann, &house, &[&ids[0], &ids[1], &ids[2]]);
        // Bob is named for it.
        alpha
            .cli(&["object", "name", &ids[1], "--user", "bob"])
            .expect(0);
        until_reads(alpha, &bob, &house, &[&ids[0], &ids[1], &id]);
        let unbound = alpha.cli(&["object", "name", &ids[0], "--user", "bob"]);
        assert_eq!(unbound.code, Some(1), "{unbound:?}");
        // Nobody who is given the name later inherits it.
        alpha.cli(&["user", "remove", "bob"]).expect(0);
        let bob = alpha.account_of("bob", None, "analyst");
        alpha.grant(&house, "bob", &["--read", "--write"]);
        until_reads(alpha, &bob, &house, &[&ids[0]]);
    });
}

#[test]
fn what_is_raised_to_red_leaves_the_sight_of_everybody_else_with_what_refers_to_it() {
    on_both_stores(["alpha"], |[alpha]| {
        alpha.serve();
        let house = alpha.create_collection("House", &[]);
        let ann = alpha.account_of("ann", None, "analyst");
        let bob = alpha.account_of("bob", None, "analyst");
        alpha.grant(&house, "ann", &["--read", "--write"]);
        alpha.grant(&house, "bob", &["--read"]);
        let (one, two) = (
            labelled(indicator(1), "GREEN"),
            labelled(malware(2), "GREEN"),
        );
        let relationship = edge(&one, &two, "GREEN");
        let ids = [&one, &two, &relationship].map(|object| text(object, "id"));
        alpha.import(&house, &[one, two.clone(), relationship]);
        until_reads(alpha, &bob, &house, &[&ids[0], &ids[1], &ids[2]]);
        let mut raised = labelled(two.clone(), "RED");
        raised["modified"] = json!("2021-01-01T00:00:00.000Z");
        let answer = alpha.ask(&ann, Request::post(&objects(&house), envelope(&[raised])));
        answer.expect(202);
        until_reads(alpha, &bob, &house, &[&ids[0]]);
        cannot_tell(alpha, &bob, &house, &ids[1]);
        cannot_tell(alpha, &bob, &house, &ids[2]);
        until_reads(alpha, &ann, &house, &[&ids[0], &ids[1], &ids[2]]);
        let both = alpha.get(&ann, &versions(&house, &ids[1])).expect(200);
        let both = both.json();
        assert_eq!(both["versions"].as_array().unwrap().len(), 2, "{both}");
        // An older version does not bring it back, and a newer one that is less does.
        let mut older = two.clone();
        older["modified"] = json!("2020-06-01T00:00:00.000Z");
        alpha.import(&house, &[older]);
        until_reads(alpha, &bob, &house, &[&ids[0]]);
        let mut lowered = two;
        lowered["modified"] = json!("2022-01-01T00:00:00.000Z");
        alpha.import(&house, &[lowered]);
        until_reads(alpha, &bob, &house, &[&ids[0], &ids[1]]);
        let seen = alpha.get(&bob, &versions(&house, &ids[1])).expect(200);
        let seen = seen.json();
        assert_eq!(
            seen["versions"],
            json!(["2022-01-01T00:00:00.000Z"]),
            "only what was lowered"
        );
        until_reads(alpha, &ann, &house, &[&ids[0], &ids[1], &ids[2]]);
    });
}

/// An own account at a node whose collection holds two open objects and `hidden` that somebody else added as TLP:RED.
fn with_hidden(hidden: u32) -> (Party, String, String) {
    let mut alpha = Party::new("alpha", Store::Embedded);
    alpha.serve();
    let house = alpha.create_collection("House", &[]);
    let bob = alpha.account_of("bob", None, "analyst");
    alpha.grant(&house, "bob", &["--read", "--write"]);
    let red = |number| labelled(indicator(number), "RED");
    alpha.import(&house, &(100..100 + hidden).map(red).collect::<Vec<_>>());
    alpha.import(&house, &[labelled(indicator(1), "GREEN")]);
    alpha.import(&house, &(500..500 + hidden).map(red).collect::<Vec<_>>());
    alpha.import(&house, &[labelled(indicator(2), "GREEN")]);
    (alpha, house, bob)
}

#[test]
fn a_collection_with_red_of_others_answers_an_own_account_as_one_without() {
    let (full, crowded, token) = with_hidden(40);
    let (bare, empty, other_token) = with_hidden(0);
    let hidden = indicator_id(110);
    let both = |path: &dyn Fn(&str) -> String| {
        let here = full.get(&token, &path(&crowded));
        let there = bare.get(&other_token, &path(&empty));
        let names = [crowded.as_str(), empty.as_str()];
        assert_eq!(plain(&here, &names), plain(&there, &names));
    };
    both(&|_| format!("{ROOT}collections/"));
    both(&|name| collection(name));
    both(&|name| objects(name));
    both(&|name| manifest(name));
    for limit in ["1", "2", "3"] {
        both(&|name| query(&objects(name), &[("limit", limit)]));
        both(&|name| query(&manifest(name), &[("limit", limit)]));
    }
    both(&|name| query(&objects(name), &[("match[version]", "all")]));
    both(&|name| query(&objects(name), &[("added_after", "2020-01-01T00:00:00Z")]));
    both(&|name| object(name, &hidden));
    cannot_tell(&full, &token, &crowded, &hidden);
    // Nor does what it posts under a hidden id, or of a value, come to anything else.
    let post = |number: u32| {
        let mut other = indicator(number);
        other["description"] = json!("Another object under this id and version.");
        let id = indicator_id(number);
        let request = Request::post(&objects(&crowded), envelope(&[other]));
        let answer = full.ask(&token, request);
        let path = format!("{ROOT}status/{}/", text(&answer.json(), "id"));
        let status = full.get(&token, &path);
        let read = full.get(&token, &object(&crowded, &id));
        (
            plain(&answer, &[&id]),
            plain(&status, &[&id]),
            read.objects().len(),
        )
    };
    assert_eq!(post(101), post(ABSENT), "an id that is bound to others");
    assert_eq!(post(101), post(ABSENT), "posted again");
    let newer = |number| {
        let object = indicator_at(number, "2021-01-01T00:00:00.000Z");
        let request = Request::post(&objects(&crowded), envelope(&[object]));
        full.ask(&token, request).expect(202).json()["success_count"].clone()
    };
    assert_eq!(newer(102), newer(ABSENT + 1));
    // The same value as somebody else's, whose id anybody can work out.
    let value = address();
    let id = text(&value, "id");
    full.import(&crowded, &[labelled(value.clone(), "RED")]);
    cannot_tell(&full, &token, &crowded, &id);
    let request = Request::post(&objects(&crowded), envelope(std::slice::from_ref(&value)));
    let answer = full.ask(&token, request).expect(202).json();
    assert_eq!(answer["success_count"], 1);
    let read: Vec<Value> = full
        .get(&token, &object(&crowded, &id))
        .expect(200)
        .objects();
    assert_eq!(read, [value], "its own, and nothing of the other");
}

#[test]
fn red_by_an_own_definition_is_bound_whichever_of_the_two_comes_first() {
    let definition = json!({
        "type": "marking-definition", "spec_version": "2.1",
        "id": "marking-definition--00000000-0000-4000-8000-00000000000a",
        "created": "2020-01-01T00:00:00.000Z", "definition_type": "tlp", "definition": { "tlp": "red" },
    });
    let mut marked = malware(2);
    marked["object_marking_refs"] = json!([definition["id"]]);
    let id = text(&marked, "id");
    let open = labelled(indicator(1), "GREEN");
    let both = |first: &[Value], then: &[Value]| {
        let mut alpha = Party::new("alpha", Store::Embedded);
        alpha.serve();
        let house = alpha.create_collection("House", &[]);
        let bob = alpha.account_of("bob", None, "analyst");
        alpha.grant(&house, "bob", &["--read"]);
        alpha.import(&house, first);
        if !then.is_empty() {
            alpha.import(&house, then);
        }
        until_reads(&alpha, &bob, &house, &[&indicator_id(1)]);
        cannot_tell(&alpha, &bob, &house, &id);
        assert_eq!(alpha.export(&house).len(), 3);
    };
    let (definition, marked) = ([definition], [open, marked]);
    both(&definition, &marked);
    both(&marked, &definition);
    both(&[marked.as_slice(), &definition].concat(), &[]);
}
