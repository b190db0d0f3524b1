//! What is released, recalled, relayed, held and redacted between real nodes.
//!
//! In scope: what known failures of other platforms have to do with synchronisation, and what release control promises
//! besides. Out of scope: the table of labels, recipients and outlets (`release_table`).

use serde_json::json;

use crate::exchange::known_failures::edge;
use crate::exchange::party::{
    OPEN, Party, RELAY, befriend, befriend_with, labelled, on_both_stores, text, until,
};
use crate::http::Request;
use crate::node::{Store, objects};
use crate::sample::{envelope, indicator, indicator_at, indicator_id, malware};

pub(crate) fn embedded<const N: usize>(names: [&str; N]) -> [Party; N] {
    names.map(|name| Party::new(name, Store::Embedded))
}

#[test]
fn what_is_shared_arrives_byte_for_byte_and_is_receipted() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let house = alpha.create_collection("House", &[]);
        let one = labelled(indicator(1), "GREEN");
        alpha.import(&house, std::slice::from_ref(&one));
        let line = alpha.share(&indicator_id(1), "bravo");
        assert_eq!(line["verdict"], "released", "{line}");
        let held = bravo.until_from("alpha", &[&indicator_id(1)]);
        assert_eq!(held[&indicator_id(1)], one);
        alpha.until_receipted();
    });
}

#[test]
fn a_recall_reaches_everybody_who_got_it_also_by_relay() {
    on_both_stores(["alpha", "bravo", "charlie"], |[alpha, bravo, charlie]| {
        befriend(alpha, bravo, RELAY);
        befriend(bravo, charlie, RELAY);
        let house = alpha.create_collection("House", &[]);
        alpha.import(&house, &[labelled(indicator(1), "GREEN")]);
        let id = indicator_id(1);
        alpha.share(&id, "bravo");
        bravo.until_from("alpha", &[&id]);
        let line = bravo.share(&id, "charlie");
        assert_eq!(line["verdict"], "released", "{line}");
        charlie.until_from("bravo", &[&id]);
        alpha
            .cli(&["recall", &id, "--reason", "a mistake"])
            .expect(0);
        bravo.until_from("alpha", &[]);
        charlie.until_from("bravo", &[]);
        for (asker, asked) in [(&*alpha, "bravo"), (&*bravo, "charlie")] {
            let row = until("the answer to the recall", || {
                let rows = asker.rows(&["recall"]);
                rows.into_iter().find(|row| row["state"] == "answered")
            });
            assert_eq!(row["party"], asked);
            assert_eq!(row["answer"]["outcomes"][0]["outcome"], "removed", "{row}");
        }
    });
}

#[test]
fn what_was_recalled_is_not_released_again_as_its_collection_grows() {
    let [mut alpha, mut bravo] = embedded(["alpha", "bravo"]);
    befriend(&mut alpha, &mut bravo, OPEN);
    let house = alpha.create_collection("House", &[]);
    let token = alpha.account_of("bea", Some("bravo"), "viewer");
    alpha.import(&house, &[labelled(indicator(1), "GREEN")]);
    alpha
        .cli(&["share", "--collection", &house, "--to", "bravo"])
        .expect(0);
    alpha.grant(&house, "bea", &["--read"]);
    let (one, two) = (indicator_id(1), indicator_id(2));
    bravo.until_from("alpha", &[&one]);
    until_view(&alpha, &token, &house, &[&one]);
    alpha.cli(&["recall", &one]).expect(0);
    bravo.until_from("alpha", &[]);
    until_view(&alpha, &token, &house, &[]);
    let newer = indicator_at(1, "2021-01-01T00:00:00.000Z");
    let objects = [labelled(newer, "GREEN"), labelled(indicator(2), "GREEN")];
    alpha.import(&house, &objects);
    bravo.until_from("alpha", &[&two]);
    until_view(&alpha, &token, &house, &[&two]);
    let decisions = alpha.rows(&["release", "list", "--object", &one]);
    let refused = |outlet: &str| {
        let found = decisions.iter().find(|row| row["outlet"] == *outlet);
        let found = found.unwrap();
        (text(found, "verdict"), text(found, "rule"))
    };
    for outlet in ["link", "taxii"] {
        assert_eq!(
            refused(outlet),
            ("refused".to_owned(), "recalled".to_owned()),
            "{outlet}"
        );
    }
    // Somebody gives it again, by its id.
    assert_eq!(alpha.share(&one, "bravo")["verdict"], "released");
    bravo.until_from("alpha", &[&one, &two]);
}

#[test]
fn a_recall_that_overtakes_its_share_still_holds() {
    let [mut alpha, mut bravo] = embedded(["alpha", "bravo"]);
    befriend(&mut alpha, &mut bravo, OPEN);
    let house = alpha.create_collection("House", &[]);
    alpha.import(
        &house,
        &[
            labelled(indicator(1), "GREEN"),
            labelled(indicator(2), "GREEN"),
        ],
    );
    bravo.kill();
    alpha.share(&indicator_id(1), "bravo");
    alpha.share(&indicator_id(2), "bravo");
    alpha.cli(&["recall", &indicator_id(1)]).expect(0);
    bravo.serve();
    bravo.until_from("alpha", &[&indicator_id(2)]);
    alpha.until_receipted();
    bravo.until_applied(4);
    bravo.until_from("alpha", &[&indicator_id(2)]);
}

/// What an account reads over TAXII, once it is exactly this.
pub(crate) fn until_view(party: &Party, token: &str, collection: &str, ids: &[&str]) {
    let mut expected: Vec<&str> = ids.to_vec();
    expected.sort_unstable();
    until(&format!("{expected:?} released"), || {
        let answer = party.get(token, &objects(collection));
        let mut found = (answer.status == 200).then(|| answer.ids())?;
        found.sort_unstable();
        (found == expected).then_some(())
    });
}

#[test]
fn an_end_whose_label_is_raised_takes_its_edges_out_of_the_view() {
    let [mut alpha, mut bravo] = embedded(["alpha", "bravo"]);
    befriend(&mut alpha, &mut bravo, OPEN);
    let house = alpha.create_collection("House", &[]);
    let token = alpha.account_of("bea", Some("bravo"), "viewer");
    let (one, two) = (
        labelled(indicator(1), "GREEN"),
        labelled(malware(2), "GREEN"),
    );
    let relationship = edge(&one, &two, "GREEN");
    alpha.import(&house, &[one.clone(), two.clone(), relationship.clone()]);
    alpha.grant(&house, "bea", &["--read"]);
    let ids = [&one, &two, &relationship].map(|object| text(object, "id"));
    until_view(&alpha, &token, &house, &[&ids[0], &ids[1], &ids[2]]);
    let mut raised = labelled(two, "RED");
    raised["modified"] = json!("2021-01-01T00:00:00.000Z");
    alpha.import(&house, &[raised]);
    until_view(&alpha, &token, &house, &[&ids[0]]);
    // Nor does a new version of the edge come back.
    let mut newer = relationship;
    newer["modified"] = json!("2021-01-02T00:00:00.000Z");
    alpha.import(&house, &[newer, labelled(indicator(3), "GREEN")]);
    until_view(&alpha, &token, &house, &[&ids[0], &indicator_id(3)]);
}

#[test]
fn a_partner_neither_lowers_nor_recalls_what_originated_here() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let house = alpha.create_collection("House", &[]);
        let id = indicator_id(1);
        alpha.import(&house, &[labelled(indicator(1), "AMBER")]);
        alpha.share(&id, "bravo");
        bravo.until_from("alpha", &[&id]);
        // Bravo takes the label off, and sends it back.
        let mine = bravo.create_collection("Mine", &[]);
        let lower = labelled(indicator_at(1, "2021-01-01T00:00:00.000Z"), "CLEAR");
        bravo.import(&mine, std::slice::from_ref(&lower));
        assert_eq!(bravo.share(&id, "alpha")["verdict"], "released");
        // Over TAXII as well.
        let token = alpha.account_of("bea", Some("bravo"), "analyst");
        alpha.grant(&house, "bea", &["--read", "--write"]);
        let other = labelled(indicator(2), "GREEN");
        let body = envelope(&[lower, other]);
        alpha
            .ask(&token, Request::post(&objects(&house), body))
            .expect(202);
        until("what bravo posted", || {
            alpha
                .export(&house)
                .contains_key(&indicator_id(2))
                .then_some(())
        });
        let came = until("what bravo sent", || {
            let rows = alpha.inbox();
            let share = rows.into_iter().find(|row| row["kind"] == "share")?;
            (share["state"] == "applied").then_some(share)
        });
        let outcome = text(&came, "outcome");
        assert!(outcome.contains("originated here"), "{outcome}");
        assert_eq!(alpha.export(&house)[&id], labelled(indicator(1), "AMBER"));
        let line = alpha.share_with(&id, "bravo", &["--dry-run"]);
        assert_eq!(line["label"], "TLP:AMBER");
        bravo.cli(&["recall", &id]).expect(0);
        let row = until("alpha's answer", || {
            let rows = bravo.rows(&["recall"]);
            rows.into_iter().find(|row| row["state"] == "answered")
        });
        assert_eq!(row["answer"]["outcomes"][0]["outcome"], "never-had");
        assert!(alpha.export(&house).contains_key(&id));
    });
}

#[test]
fn what_two_parties_gave_is_freed_by_neither_for_the_other() {
    let [mut alpha, mut bravo, mut charlie] = embedded(["alpha", "bravo", "charlie"]);
    befriend(&mut alpha, &mut bravo, RELAY);
    befriend(&mut charlie, &mut bravo, RELAY);
    let id = indicator_id(1);
    let house = alpha.create_collection("House", &[]);
    alpha.import(&house, &[labelled(indicator(1), "AMBER")]);
    alpha.share(&id, "bravo");
    bravo.until_from("alpha", &[&id]);
    let theirs = charlie.create_collection("Theirs", &[]);
    let lower = labelled(indicator_at(1, "2021-01-01T00:00:00.000Z"), "CLEAR");
    charlie.import(&theirs, &[lower]);
    charlie.share(&id, "bravo");
    bravo.until_from("charlie", &[&id]);
    let line = bravo.share(&id, "charlie");
    assert_eq!(
        (text(&line, "verdict"), text(&line, "label")),
        ("refused".to_owned(), "TLP:AMBER".to_owned())
    );
    assert_eq!(line["rule"], "relay");
}

#[test]
fn a_relay_goes_only_where_both_sides_let_it() {
    let [mut alpha, mut bravo, mut charlie] = embedded(["alpha", "bravo", "charlie"]);
    befriend(&mut alpha, &mut bravo, OPEN);
    befriend(&mut bravo, &mut charlie, RELAY);
    let house = alpha.create_collection("House", &[]);
    alpha.import(&house, &[labelled(indicator(1), "CLEAR")]);
    alpha.share(&indicator_id(1), "bravo");
    bravo.until_from("alpha", &[&indicator_id(1)]);
    let line = bravo.share(&indicator_id(1), "charlie");
    assert_eq!(line["rule"], "relay", "{line}");
    assert!(charlie.from("bravo").is_empty());
    // Nor by a copy under the same id in a collection of the house, as it grows.
    let mine = bravo.create_collection("Mine", &[]);
    bravo.import(
        &mine,
        &[
            labelled(indicator(1), "CLEAR"),
            labelled(indicator(2), "CLEAR"),
        ],
    );
    bravo
        .cli(&["share", "--collection", &mine, "--to", "charlie"])
        .expect(0);
    charlie.until_from("bravo", &[&indicator_id(2)]);
}

#[test]
fn what_waits_while_suspended_goes_when_resumed_and_nothing_else() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let house = alpha.create_collection("House", &[]);
        let token = alpha.account_of("bea", Some("bravo"), "viewer");
        alpha.import(&house, &[labelled(indicator(1), "GREEN")]);
        alpha
            .cli(&["share", "--collection", &house, "--to", "bravo"])
            .expect(0);
        alpha.grant(&house, "bea", &["--read"]);
        bravo.until_from("alpha", &[&indicator_id(1)]);
        until_view(alpha, &token, &house, &[&indicator_id(1)]);
        alpha.cli(&["party", "suspend", "bravo"]).expect(0);
        let before = bravo.inbox().len();
        let growing = [
            labelled(indicator(2), "GREEN"),
            labelled(indicator(3), "RED"),
            labelled(indicator(4), "AMBER"),
        ];
        alpha.import(&house, &growing);
        assert_eq!(alpha.share(&indicator_id(2), "bravo")["rule"], "standing");
        alpha.get(&token, &objects(&house)).expect(404);
        // Two heartbeats and more.
        let quiet = std::time::Instant::now();
        until("a while", || (quiet.elapsed().as_secs() >= 3).then_some(()));
        assert_eq!(bravo.inbox().len(), before);
        alpha.cli(&["party", "resume", "bravo"]).expect(0);
        let due = [indicator_id(1), indicator_id(2), indicator_id(4)];
        let due = [due[0].as_str(), &due[1], &due[2]];
        bravo.until_from("alpha", &due);
        until_view(alpha, &token, &house, &due);
        alpha.until_receipted();
    });
}

#[test]
fn a_second_person_approves_and_not_who_asked() {
    let terms = format!("{OPEN}second_person_from = \"TLP:AMBER\"\n");
    let [mut alpha, mut bravo] = embedded(["alpha", "bravo"]);
    befriend(&mut alpha, &mut bravo, &terms);
    let house = alpha.create_collection("House", &[]);
    let (one, two) = (indicator_id(1), indicator_id(2));
    alpha.import(
        &house,
        &[
            labelled(indicator(1), "GREEN"),
            labelled(indicator(2), "AMBER"),
        ],
    );
    let asked = [
        "share", &one, &two, "--to", "bravo", "--by", "ann", "--json",
    ];
    let shared = alpha.cli(&asked).expect(0).json();
    assert_eq!(shared["lines"][0]["verdict"], "released");
    assert_eq!(shared["lines"][1]["verdict"], "waiting");
    let id = text(&shared, "approval");
    bravo.until_from("alpha", &[&one]);
    let sent = alpha.outbox().len();
    let refused = alpha
        .cli(&["release", "approve", &id, "--by", "ann"])
        .expect(1);
    assert!(refused.err.contains("another person"), "{}", refused.err);
    let approved = alpha.cli(&["release", "approve", &id, "--by", "ben", "--json"]);
    let lines = approved.expect(0).json()["lines"].clone();
    assert_eq!(
        lines.as_array().unwrap().len(),
        1,
        "what went does not go twice"
    );
    bravo.until_from("alpha", &[&one, &two]);
    assert_eq!(alpha.outbox().len(), sent + 1);
    alpha
        .cli(&["release", "approve", &id, "--by", "ben"])
        .expect(1);
}

#[test]
fn a_redacted_copy_holds_nothing_of_what_was_cut() {
    let redaction = "[[release.redact]]\npattern = '(?i)operation [a-z]+'\naction = \"mask\"\n[[release.redact]]\npersonal = \"email-address\"\naction = \"mask\"\n[[release.redact]]\nproperty = \"x_source\"\naction = \"remove\"\n";
    let terms = format!("{OPEN}{redaction}");
    let [mut alpha, mut bravo] = embedded(["alpha", "bravo"]);
    befriend_with(&mut alpha, &mut bravo, &terms, OPEN);
    let house = alpha.create_collection("House", &[]);
    let mut object = labelled(indicator(1), "GREEN");
    object["description"] = json!("Seen in Operation Nightfall; ask hans.muster@alpha.example.");
    object["x_source"] = json!("agent 7");
    alpha.import(&house, &[object]);
    let id = indicator_id(1);
    let line = alpha.share_with(&id, "bravo", &["--dry-run"]);
    assert_eq!(line["verdict"], "redacted", "{line}");
    let cuts = line["cuts"].to_string();
    assert!(
        cuts.contains("description") && cuts.contains("x_source"),
        "{cuts}"
    );
    let copy = text(&line, "released");
    assert_ne!(copy, id, "a copy is another object");
    assert!(bravo.from("alpha").is_empty(), "a dry run sends nothing");
    alpha.share(&id, "bravo");
    let held = bravo.until_from("alpha", &[&copy]);
    let said = held[&copy].to_string();
    for secret in ["Nightfall", "muster", "agent 7", "x_source", id.as_str()] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
    // The recall of the original reaches the copy.
    alpha.cli(&["recall", &id]).expect(0);
    bravo.until_from("alpha", &[]);
}
