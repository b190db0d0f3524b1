//! What is known to go wrong on other platforms, each asked of real nodes from outside: the twins of the tests of the same
//! names in `comity-release`.
//!
//! In scope: those that a node can be asked today. Out of scope: forms and outlets that there are none of yet, which are MISP
//! (`strict_is_not_synchronised_by_misp`) and forms without a label (`a_form_without_a_label_needs_an_override_above_green`).

use serde_json::{Value, json};

use crate::exchange::party::{OPEN, Party, RELAY, befriend, befriend_with, labelled, text, until};
use crate::exchange::release::embedded;
use crate::node::{ROOT, object, objects};
use crate::sample::{indicator, indicator_id, malware};

/// Terms that allow as much as terms can.
const WIDEST: &str = "ceiling = \"TLP:RED\"\noutlets = [\"link\", \"file\", \"taxii\"]\nunlabelled = \"TLP:AMBER+STRICT\"\n[[release.red_persons]]\nname = \"the duty officer\"\naddress = \"duty@bravo.example\"\n";
/// A marking that the party made itself.
const OWN_MARKING: &str = "marking-definition--00000000-0000-4000-8000-00000000000a";

/// A relationship between two objects.
pub(crate) fn edge(from: &Value, to: &Value, label: &str) -> Value {
    let relationship = json!({
        "type": "relationship", "spec_version": "2.1",
        "id": "relationship--00000001-0000-4000-8000-000000000001",
        "created": "2020-01-01T00:00:00.000Z", "modified": "2020-01-01T00:00:00.000Z",
        "relationship_type": "indicates", "source_ref": from["id"], "target_ref": to["id"],
    });
    labelled(relationship, label)
}

/// A node with these objects, and what becomes of the last of them.
struct Asked {
    alpha: Party,
    bravo: Party,
    house: String,
    token: String,
    id: String,
}

impl Asked {
    /// Objects in a collection that is shared with bravo over TAXII, under these terms; the last is asked about.
    fn of(terms: &str, all: &[Value]) -> Self {
        let [mut alpha, mut bravo] = embedded(["alpha", "bravo"]);
        befriend_with(&mut alpha, &mut bravo, terms, OPEN);
        let house = alpha.create_collection("House", &[]);
        let token = alpha.account_of("bea", Some("bravo"), "viewer");
        alpha.import(&house, all);
        alpha.grant(&house, "bea", &["--read"]);
        let id = text(all.last().unwrap(), "id");
        Self {
            alpha,
            bravo,
            house,
            token,
            id,
        }
    }

    /// What the rules say of a share by the link, with the label and the rule.
    fn line(&self) -> Value {
        self.alpha.share_with(&self.id, "bravo", &["--dry-run"])
    }

    /// The decision on the released view.
    fn decision(&self) -> Value {
        until("the decision", || {
            let rows = self.alpha.rows(&["release", "list", "--object", &self.id]);
            rows.into_iter().find(|row| row["outlet"] == "taxii")
        })
    }

    /// Asserts that neither outlet lets it out, by this rule at the link, and that no answer tells of it.
    fn refused(&self, rule: &str, label: &str) {
        let line = self.line();
        assert_eq!(
            (text(&line, "rule"), text(&line, "label")),
            (rule.to_owned(), label.to_owned()),
            "{line}"
        );
        let decision = self.decision();
        assert_eq!(decision["verdict"], "refused", "{decision}");
        assert_eq!(decision["label"], label, "{decision}");
        let page = self.alpha.get(&self.token, &objects(&self.house)).text();
        assert!(!page.contains(&self.id), "{page}");
        self.alpha
            .get(&self.token, &object(&self.house, &self.id))
            .expect(404);
        assert!(!self.bravo.from("alpha").contains_key(&self.id));
    }

    /// Asserts that both outlets let it out under this label.
    fn released(&self, label: &str) {
        let line = self.line();
        assert_eq!(
            (text(&line, "verdict"), text(&line, "label")),
            ("released".to_owned(), label.to_owned()),
            "{line}"
        );
        let decision = self.decision();
        assert_eq!(
            (decision["verdict"].as_str(), decision["label"].as_str()),
            (Some("released"), Some(label))
        );
    }
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn marked(object: Value) -> Value {
    with(object, "object_marking_refs", json!([OWN_MARKING]))
}

fn definition(kind: &str, content: &Value) -> Value {
    json!({
        "type": "marking-definition", "spec_version": "2.1", "id": OWN_MARKING,
        "created": "2020-01-01T00:00:00.000Z", "definition_type": kind, "definition": content,
    })
}

#[test]
fn a_label_decides_on_every_outlet() {
    Asked::of(WIDEST, &[labelled(malware(1), "RED")]).refused("named-persons", "TLP:RED");
}

#[test]
fn a_label_counts_in_any_spelling() {
    for word in ["tlp:red", "TLP:RED", "tlp: Red", "Tlp:RED "] {
        let object = with(malware(1), "labels", json!([word]));
        Asked::of(WIDEST, &[object]).refused("named-persons", "TLP:RED");
    }
}

#[test]
fn a_label_on_a_part_binds_the_whole() {
    let red = labelled(json!({}), "RED")["object_marking_refs"][0].clone();
    let part = json!([{ "marking_ref": red, "selectors": ["name"] }]);
    let object = with(labelled(malware(1), "CLEAR"), "granular_markings", part);
    Asked::of(WIDEST, &[object]).refused("named-persons", "TLP:RED");
}

#[test]
fn two_labels_are_flagged_and_the_stricter_counts() {
    let asked = Asked::of(WIDEST, &[labelled(malware(1), "GREEN+RED")]);
    asked.refused("named-persons", "TLP:RED");
    for said in [asked.line(), asked.decision()] {
        assert!(text(&said, "reason").contains("two labels"), "{said}");
    }
}

#[test]
fn what_has_no_label_is_not_clear_and_says_that_it_was_inferred() {
    let asked = Asked::of("ceiling = \"TLP:AMBER\"\n", &[malware(1)]);
    asked.refused("ceiling", "TLP:AMBER+STRICT");
    for said in [asked.line(), asked.decision()] {
        assert!(text(&said, "reason").contains("inferred"), "{said}");
    }
    let asked = Asked::of(OPEN, &[malware(1)]);
    asked.released("TLP:AMBER+STRICT");
    assert!(text(&asked.decision(), "reason").contains("inferred"));
}

#[test]
fn the_default_holds_whatever_the_source() {
    let [mut alpha, mut bravo, mut charlie] = embedded(["alpha", "bravo", "charlie"]);
    befriend(&mut alpha, &mut bravo, RELAY);
    befriend(&mut bravo, &mut charlie, RELAY);
    let house = alpha.create_collection("House", &[]);
    alpha.import(&house, &[indicator(1)]);
    alpha.share(&indicator_id(1), "bravo");
    bravo.until_from("alpha", &[&indicator_id(1)]);
    let line = bravo.share(&indicator_id(1), "charlie");
    assert_eq!(
        (text(&line, "rule"), text(&line, "label")),
        ("relay".to_owned(), "TLP:AMBER+STRICT".to_owned())
    );
}

#[test]
fn a_default_never_overrides_a_label() {
    let vulnerability = json!({
        "type": "vulnerability", "spec_version": "2.1",
        "id": "vulnerability--00000001-0000-4000-8000-000000000001",
        "created": "2020-01-01T00:00:00.000Z", "modified": "2020-01-01T00:00:00.000Z",
        "name": "CVE-2020-0001",
    });
    Asked::of(OPEN, &[labelled(vulnerability, "CLEAR")]).released("TLP:CLEAR");
}

#[test]
fn a_red_edge_between_clear_ends_is_not_shown() {
    let (one, two) = (
        labelled(indicator(1), "CLEAR"),
        labelled(malware(2), "CLEAR"),
    );
    let edge = edge(&one, &two, "RED");
    Asked::of(WIDEST, &[one, two, edge]).refused("named-persons", "TLP:RED");
}

#[test]
fn a_clear_edge_to_a_red_end_is_not_shown() {
    let (one, two) = (labelled(indicator(1), "CLEAR"), labelled(malware(2), "RED"));
    let edge = edge(&one, &two, "CLEAR");
    Asked::of(WIDEST, &[one, two, edge]).refused("named-persons", "TLP:RED");
}

#[test]
fn an_edge_to_an_unknown_end_counts_as_unlabelled() {
    let (one, two) = (labelled(indicator(1), "CLEAR"), malware(2));
    let edge = edge(&one, &two, "CLEAR");
    Asked::of("ceiling = \"TLP:AMBER\"\n", &[one, edge]).refused("ceiling", "TLP:AMBER+STRICT");
}

#[test]
fn a_report_that_refers_to_a_red_object_is_not_shown() {
    let red = labelled(malware(2), "RED");
    let report = json!({
        "type": "report", "spec_version": "2.1", "id": "report--00000001-0000-4000-8000-000000000001",
        "created": "2020-01-01T00:00:00.000Z", "modified": "2020-01-01T00:00:00.000Z",
        "name": "A report", "published": "2020-01-01T00:00:00Z", "object_refs": [red["id"]],
    });
    Asked::of(WIDEST, &[red, labelled(report, "GREEN")]).refused("named-persons", "TLP:RED");
}

#[test]
fn a_sighting_is_as_strict_as_what_was_sighted() {
    let red = labelled(indicator(2), "RED");
    let sighting = json!({
        "type": "sighting", "spec_version": "2.1", "id": "sighting--00000001-0000-4000-8000-000000000001",
        "created": "2020-01-01T00:00:00.000Z", "modified": "2020-01-01T00:00:00.000Z",
        "sighting_of_ref": red["id"],
    });
    Asked::of(WIDEST, &[red, labelled(sighting, "CLEAR")]).refused("named-persons", "TLP:RED");
}

/// There: an export. Here: each outlet that a node has.
#[test]
fn an_export_obeys_the_same_ceiling() {
    Asked::of(
        "ceiling = \"TLP:CLEAR\"\n",
        &[labelled(malware(1), "GREEN")],
    )
    .refused("ceiling", "TLP:GREEN");
}

#[test]
fn the_label_goes_along_as_it_is() {
    let labels = ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT"];
    let all: Vec<Value> = (0..)
        .zip(labels)
        .map(|(number, label)| labelled(indicator(number), label))
        .collect();
    let asked = Asked::of(OPEN, &all);
    let ids: Vec<String> = all.iter().map(|one| text(one, "id")).collect();
    for id in &ids {
        asked.alpha.share(id, "bravo");
    }
    let held = asked
        .bravo
        .until_from("alpha", &ids.iter().map(String::as_str).collect::<Vec<_>>());
    for one in &all {
        assert_eq!(&held[&text(one, "id")], one);
    }
    asked.decision();
    assert_eq!(
        asked
            .alpha
            .get(&asked.token, &objects(&asked.house))
            .objects(),
        all
    );
}

#[test]
fn several_markings_all_hold() {
    let green = labelled(json!({}), "GREEN")["object_marking_refs"][0].clone();
    let object = with(
        malware(1),
        "object_marking_refs",
        json!([OWN_MARKING, green]),
    );
    let amber = definition("iep", &json!({ "iep_version": "2.0", "tlp": "amber" }));
    Asked::of("ceiling = \"TLP:GREEN\"\n", &[amber, object]).refused("ceiling", "TLP:AMBER");
}

#[test]
fn a_refusal_names_neither_marking_nor_policy_to_the_other_party() {
    let asked = Asked::of(WIDEST, &[marked(malware(1))]);
    assert_eq!(asked.line()["rule"], "marking");
    assert!(
        text(&asked.decision(), "reason").contains(OWN_MARKING),
        "to the operator"
    );
    let paths = [
        objects(&asked.house),
        object(&asked.house, &asked.id),
        format!("{ROOT}collections/"),
        format!("{ROOT}collections/{}/manifest/", asked.house),
    ];
    for path in paths {
        let told = asked.alpha.get(&asked.token, &path).text();
        for word in [OWN_MARKING, "marking", "TLP", "refused", "accord"] {
            assert!(!told.contains(word), "{word} in {told}");
        }
    }
}

#[test]
fn red_goes_to_a_named_person_and_not_by_sync() {
    let asked = Asked::of(WIDEST, &[labelled(malware(1), "RED")]);
    asked.refused("named-persons", "TLP:RED");
    let nobody = asked
        .alpha
        .share_with(&asked.id, "bravo", &["--person", "eve@bravo.example"]);
    assert_eq!(nobody["rule"], "named-persons");
    let named = asked
        .alpha
        .share_with(&asked.id, "bravo", &["--person", "Duty@bravo.example"]);
    assert_eq!(named["verdict"], "released", "{named}");
    asked.bravo.until_from("alpha", &[&asked.id]);
    let page = asked.alpha.get(&asked.token, &objects(&asked.house)).text();
    assert!(!page.contains(&asked.id), "{page}");
}

#[test]
fn a_policy_of_dates_encryption_and_actions_is_kept() {
    let policy = |end: &str| {
        definition(
            "iep",
            &json!({ "iep_version": "2.0", "start_date": "2020-01-01T00:00:00Z", "end_date": end,
                "encrypt_in_transit": "must", "permitted_actions": "internally-visible-actions", "tlp": "green" }),
        )
    };
    let ended = Asked::of(OPEN, &[policy("2020-02-01T00:00:00Z"), marked(malware(1))]);
    ended.refused("in-force", "TLP:GREEN");
    let holds = Asked::of(OPEN, &[policy("2999-01-01T00:00:00Z"), marked(malware(1))]);
    holds.released("TLP:GREEN");
}

#[test]
fn a_source_that_must_not_be_named_goes_unnamed() {
    let author = "identity--00000000-0000-4000-8000-00000000000c";
    let identity = json!({
        "type": "identity", "spec_version": "2.1", "id": author, "name": "The source",
        "created": "2020-01-01T00:00:00.000Z", "modified": "2020-01-01T00:00:00.000Z",
    });
    let unnamed = definition(
        "iep",
        &json!({ "iep_version": "2.0", "attribution": "must-not", "tlp": "green" }),
    );
    let object = with(marked(malware(1)), "created_by_ref", json!(author));
    let asked = Asked::of(OPEN, &[unnamed, labelled(identity, "GREEN"), object]);
    let line = asked.alpha.share(&asked.id, "bravo");
    assert_eq!(line["verdict"], "redacted", "{line}");
    let copy = text(&line, "released");
    let held = asked.bravo.until_from("alpha", &[&copy]);
    assert!(!held[&copy].to_string().contains(author), "{held:?}");
}

#[test]
fn a_decision_lists_the_rules_that_were_asked() {
    let asked = Asked::of(WIDEST, &[labelled(malware(1), "RED")]);
    let decision = asked.decision();
    for name in [
        "object", "version", "party", "outlet", "verdict", "rule", "label", "reason", "decided",
    ] {
        assert!(!text(&decision, name).is_empty(), "no {name} in {decision}");
    }
}

#[test]
fn an_edge_is_as_strict_as_an_end_that_is_labelled_by_a_word_or_by_an_own_definition() {
    let from = labelled(indicator(1), "GREEN");
    let by_word = with(malware(2), "labels", json!(["tlp:red"]));
    let relationship = edge(&from, &by_word, "GREEN");
    Asked::of(WIDEST, &[from.clone(), by_word, relationship]).refused("named-persons", "TLP:RED");
    let defined = definition("tlp", &json!({ "tlp": "red" }));
    let by_definition = marked(malware(2));
    let relationship = edge(&from, &by_definition, "GREEN");
    let all = [defined, from, by_definition, relationship];
    Asked::of(WIDEST, &all).refused("named-persons", "TLP:RED");
}
