use comity_stix::marking::Tlp;
use proptest::prelude::*;

use super::commitment::{CommitmentKind, KINDS, ParameterValue, Side};
use super::contact::{Purpose, Role, Standing};
use super::template::{Template, TemplateParty, fill};
use super::*;
use crate::party::Domain;
use crate::terms::{
    NamedPerson, Outlet, PersonalData, RedactionAction, RedactionRule, RedactionTarget,
};

fn party(name: &str) -> PartyName {
    PartyName::parse(name).unwrap()
}

fn filled(template: Template) -> String {
    let (alpha, bravo) = (party("alpha"), party("bravo"));
    let first = TemplateParty {
        name: &alpha,
        root: Digest::of(b"a"),
        domain: &Domain::parse("alpha.example").unwrap(),
    };
    let second = TemplateParty {
        name: &bravo,
        root: Digest::of(b"b"),
        domain: &Domain::parse("bravo.example").unwrap(),
    };
    fill(
        template,
        &first,
        &second,
        Timestamp::parse("2026-12-01T00:00:00Z").unwrap(),
    )
}

/// The least that is an accord.
fn least() -> String {
    let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
    format!(
        "format = 1\nname = \"ab\"\nversion = 1\neffective = 2026-12-01T00:00:00Z\n\
         [[party]]\nname = \"alpha\"\nroot = \"{a}\"\n[[party]]\nname = \"bravo\"\nroot = \"{b}\"\n"
    )
}

fn refused(text: &str) -> String {
    AccordText::parse(text).expect_err(text).to_string()
}

#[test]
fn every_template_is_an_accord() {
    for template in Template::ALL {
        let text = filled(template);
        let accord = AccordText::parse(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", template.as_str()));
        assert!(
            !text.contains('{') || !text.contains("{first"),
            "every place is filled in"
        );
        assert_eq!(accord.source(), text);
        assert_eq!(accord.hash(), Digest::of(text.as_bytes()));
        assert_eq!(accord.content().name, "alpha-bravo");
        assert_eq!(Template::parse(template.as_str()), Some(template));
        for (from, to) in [("alpha", "bravo"), ("bravo", "alpha")] {
            assert!(accord.terms(&party(from), &party(to)).is_some());
        }
    }
}

#[test]
fn the_templates_of_reporting_promise_what_their_texts_ask() {
    let staged = |template| {
        let accord = AccordText::parse(&filled(template)).unwrap();
        let all = accord.content().commitments.clone().into_iter();
        let staged = all.filter(|one| one.kind == CommitmentKind::StagedReports);
        staged.collect::<Vec<_>>()
    };
    let number = |value| ParameterValue::Number(value);
    // Figures of the texts: hours of warning, of notification, of the intermediate report, and months and days of the final one.
    let check = |template, place: usize, regime, figures: [u32; 5]| {
        let all = staged(template);
        let one = all.get(place).unwrap();
        assert_eq!(
            one.by,
            Side::Party(party("alpha")),
            "the first party reports"
        );
        assert_eq!(one.to, Side::Party(party("bravo")));
        let parameters = &one.parameters;
        assert_eq!(parameters["regime"], ParameterValue::Word(regime));
        let names = [
            "early_warning_hours",
            "notification_hours",
            "intermediate_hours",
            "final_months",
            "final_days",
        ];
        assert_eq!(
            names.map(|name| parameters[name]),
            figures.map(number),
            "{regime}"
        );
    };
    check(Template::Nis2, 0, "nis2", [24, 72, 0, 1, 0]);
    check(Template::Dora, 0, "dora", [24, 0, 72, 1, 0]);
    check(Template::Gdpr, 0, "gdpr", [0, 72, 0, 0, 0]);
    check(Template::Cra, 0, "cra", [24, 72, 0, 1, 0]);
    check(Template::Cra, 1, "cra-vulnerability", [24, 72, 0, 0, 14]);
    assert_eq!(
        staged(Template::Dora)[0].parameters["classification_hours"],
        number(4)
    );
    assert_eq!(staged(Template::Mutual), []);
}

#[test]
fn a_template_takes_the_longest_names() {
    let (first, second) = (party(&"a.".repeat(32)), party(&"b".repeat(64)));
    let one = TemplateParty {
        name: &first,
        root: Digest::of(b"a"),
        domain: &Domain::parse("alpha.example").unwrap(),
    };
    let two = TemplateParty {
        name: &second,
        root: Digest::of(b"b"),
        domain: &Domain::parse("bravo.example").unwrap(),
    };
    let text = fill(
        Template::Mutual,
        &one,
        &two,
        Timestamp::from_micros(0).unwrap(),
    );
    AccordText::parse(&text).unwrap();
}

#[test]
fn what_is_left_out_is_the_default_written_out() {
    let calendar = "[[calendar]]\nid = \"c\"\ntime_zone = \"UTC\"\nhours = \"24x7\"\n";
    let written_calendar = format!("{calendar}version = 1\nholidays = []\n");
    let contact = "[[contact]]\nparty = \"alpha\"\nrole = \"technical\"\nemail = \"a@b.example\"\n";
    let written_contact = format!(
        "{contact}standing = \"permanent\"\nhours = \"24x7\"\ntime_zone = \"UTC\"\nlanguages = []\n"
    );
    let channel = "[[channel]]\nname = \"c\"\npurposes = [\"samples\"]\n";
    let written_channel = format!("{channel}ways = [\"link\", \"file\"]\n");
    let release = "[[release]]\nfrom = \"alpha\"\nto = \"bravo\"\n";
    let written_release = format!(
        "{release}ceiling = \"TLP:AMBER\"\noutlets = [\"link\", \"file\", \"taxii\"]\nceilings = {{}}\n\
         unlabelled = \"TLP:AMBER+STRICT\"\ncommunity = true\nred_persons = []\nclients = []\nmay_relay = false\n\
         relay_onward = false\ntypes_allowed = []\ntypes_refused = []\nredact = []\n"
    );
    let commitment = "[[commitment]]\nid = \"c\"\nkind = \"exercise\"\nby = \"each\"\n";
    let written_commitment = format!(
        "{commitment}to = \"each\"\nperiod = \"quarter\"\nexercise = false\nparameters = {{ per_half_year = 1 }}\n"
    );
    let written_ledger = "[ledger]\nsignatures = [\"ed25519\"]\nheartbeat_minutes = 10\nclock_tolerance_seconds = 300\n\
                          witnesses_min = 1\ndeposit_after_minutes = 240\n[recall]\nanswer_hours = 24\n";
    let short = [&least(), calendar, contact, channel, release, commitment].concat();
    let long = [
        &least(),
        &*written_calendar,
        &written_contact,
        &written_channel,
        &written_release,
        &written_commitment,
        written_ledger,
    ]
    .concat();
    let (short, long) = (
        AccordText::parse(&short).unwrap(),
        AccordText::parse(&long).unwrap(),
    );
    assert_eq!(short.content(), long.content());
    assert_ne!(short.hash(), long.hash());
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn terms_are_those_of_the_direction() {
    let text = least()
        + r#"
[[release]]
from = "alpha"
to = "bravo"
ceiling = "TLP:RED"
ceilings = { taxii = "TLP:GREEN", mail = "TLP:CLEAR" }
outlets = ["taxii", "mail", "export"]
unlabelled = "TLP:AMBER"
community = false
red_persons = [{ name = "duty officer", address = "duty@bravo.example" }]
clients = ["Utility One"]
may_relay = true
relay_onward = true
second_person_from = "TLP:AMBER"
encrypt_from = "TLP:GREEN"
types_allowed = ["indicator", "malware"]
types_refused = ["identity"]

[[release.redact]]
property = "created_by_ref"
object_type = "indicator"
action = "remove"

[[release.redact]]
pattern = "srv-[0-9]+"
action = "mask"

[[release.redact]]
personal = "bank-account"
action = "withhold"
"#;
    let accord = AccordText::parse(&text).unwrap();
    let terms = accord.terms(&party("alpha"), &party("bravo")).unwrap();
    let property = RedactionTarget::Property {
        object_type: Some("indicator".to_owned()),
        property: "created_by_ref".to_owned(),
    };
    let expected = ReleaseTerms {
        ceiling: Tlp::Red,
        outlet_ceilings: [(Outlet::Taxii, Tlp::Green), (Outlet::Mail, Tlp::Clear)].into(),
        outlets: vec![Outlet::Taxii, Outlet::Mail, Outlet::Export],
        unlabelled: Tlp::Amber,
        community: false,
        red_persons: vec![NamedPerson {
            name: "duty officer".to_owned(),
            address: "duty@bravo.example".to_owned(),
        }],
        clients: vec!["Utility One".to_owned()],
        may_relay: true,
        relay_onward: true,
        second_person_from: Some(Tlp::Amber),
        encrypt_from: Some(Tlp::Green),
        types_allowed: vec!["indicator".to_owned(), "malware".to_owned()],
        types_refused: vec!["identity".to_owned()],
        redactions: vec![
            RedactionRule {
                target: property,
                action: RedactionAction::Remove,
            },
            RedactionRule {
                target: RedactionTarget::Pattern("srv-[0-9]+".to_owned()),
                action: RedactionAction::Mask,
            },
            RedactionRule {
                target: RedactionTarget::PersonalData(PersonalData::BankAccount),
                action: RedactionAction::Withhold,
            },
        ],
    };
    assert_eq!(terms, &expected);
    assert_eq!(
        accord.terms(&party("bravo"), &party("alpha")),
        None,
        "silence lets nothing go"
    );
    assert_eq!(accord.terms(&party("alpha"), &party("charlie")), None);
}

#[test]
fn the_accord_of_2015_holds_its_mechanisms() {
    let accord = AccordText::parse(&filled(Template::UsChina2015)).unwrap();
    let content = accord.content();
    assert!(
        content
            .channels
            .iter()
            .any(|channel| channel.purposes.contains(&Purpose::Hotline))
    );
    assert!(
        content
            .contacts
            .iter()
            .all(|contact| contact.standing == Standing::Temporary)
    );
    assert!(
        content
            .contacts
            .iter()
            .any(|contact| contact.role == Role::AllHours)
    );
    let reciprocity = content
        .commitments
        .iter()
        .find(|each| each.kind == CommitmentKind::Reciprocity)
        .unwrap();
    assert_eq!(reciprocity.by, Side::Each);
    assert_eq!(
        reciprocity.parameters.get("class"),
        Some(&ParameterValue::Word("indicators"))
    );
    assert_eq!(
        reciprocity.parameters.get("percent"),
        Some(&ParameterValue::Number(50))
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn an_error_names_its_line_its_key_and_what_to_write() {
    let release = "[[release]]\nfrom = \"alpha\"\nto = \"bravo\"\n";
    let commitment = "[[commitment]]\nid = \"c\"\nby = \"each\"\n";
    let cases = [
        (
            "nam = \"x\"\n".to_owned() + &least(),
            "line 1: nam is no key of this table; it has: format, name, title, version, replaces, effective, expires",
        ),
        (
            least().replace("format = 1", "format = 2"),
            "line 1: format is 2; write a whole number from 1 to 1",
        ),
        (
            least().replace("\"ab\"", "\"A b\""),
            "line 2: name is \"A b\"; write a name of 1 to 64 of a-z, 0-9 and '-'",
        ),
        (
            least().replace("version = 1", "version = 2"),
            "line 1: replaces is missing; from version 2 on write the SHA-256 of the version before",
        ),
        (
            least()
                .replace("effective = ", "effective = \"")
                .replace("Z\n", "Z\"\n"),
            "line 4: effective is \"2026-12-01T00:00:00Z\"; write a time in UTC without quotation marks, such as 2026-12-01T00:00:00Z",
        ),
        (
            least().replace("00Z", "00+08:00"),
            "line 4: effective is 2026-12-01T00:00:00+08:00; write a time in UTC without quotation marks, such as 2026-12-01T00:00:00Z",
        ),
        (
            least().replace("version = 1\n", ""),
            "line 1: version is missing; write a whole number from 1",
        ),
        (
            least().replace("bravo", "alpha"),
            "line 8: [[party]] 2, party says again what the one in line 5 says; keep one of them",
        ),
        (
            least().replace("bravo", "each"),
            "line 9: [[party]] 2, name is \"each\"; write 1 to 64 of a-z, 0-9, '-' and '.'",
        ),
        (
            least() + "[[release]]\nfrom = \"alpha\"\nto = \"charlie\"\n",
            "line 13: [[release]] 1, to is \"charlie\"; write one of the parties of this accord: alpha, bravo",
        ),
        (
            least() + release + "ceiling = \"TLP:AMBR\"\n",
            "line 14: [[release]] 1, ceiling is \"TLP:AMBR\"; write one of \"TLP:CLEAR\", \"TLP:GREEN\", \"TLP:AMBER\", \"TLP:AMBER+STRICT\", \"TLP:RED\"",
        ),
        (
            least() + release + "ceilings = { taxii = \"TLP:AMBER+STRICT\" }\n",
            "line 14: [release.ceilings], taxii is TLP:AMBER+STRICT, above the ceiling TLP:AMBER of this direction; write a lower one",
        ),
        (
            least() + release + "ceiling = \"TLP:RED\"\n",
            "line 11: [[release]] 1, red_persons names nobody, but the ceiling is TLP:RED, which goes to named persons only; name them, or lower the ceiling",
        ),
        (
            least() + release + "[[release.redact]]\naction = \"mask\"\n",
            "line 14: [[release]] 1, [[redact]] 1, property must be one of property, pattern and personal, and object_type goes with property only",
        ),
        (
            least() + release + "outlets = [\"link\", \"link\"]\n",
            "line 14: [[release]] 1, outlets stands here twice; write it once",
        ),
        (
            least() + commitment + "kind = \"answers\"\n",
            "line 14: [[commitment]] 1, kind is \"answers\"; write one of acknowledgement-timeliness, ",
        ),
        (
            least() + commitment + "kind = \"acknowledgement-timeliness\"\n",
            "line 11: [[commitment]] 1, calendar is missing, but acknowledgement-timeliness counts working days; name a [[calendar]]",
        ),
        (
            least() + commitment + "kind = \"exercise\"\ncalendar = \"x\"\n",
            "line 11: [[commitment]] 1, calendar names \"x\", which is no [[calendar]] of this accord; add it",
        ),
        (
            least() + commitment + "kind = \"exercise\"\nparameters = { days = 3 }\n",
            "line 15: [[commitment]] 1, parameters.days is no key of this table; it has: per_half_year",
        ),
        (
            least() + commitment + "kind = \"exercise\"\nparameters = { per_half_year = 0 }\n",
            "line 15: [[commitment]] 1, parameters.per_half_year is 0; write a whole number from 1 to 26",
        ),
        (
            least() + "[ledger]\nsignatures = [\"ml-dsa-44\"]\n",
            "line 11: [ledger], signatures must contain \"ed25519\", which every node has",
        ),
        (
            least() + "[ledger]\nwitnesses_min = 2\n",
            "line 12: [ledger], witnesses_min is 2; write a whole number from 1 to 1",
        ),
        (
            least() + "[ledger]\ndeposit = \"bravo\"\n",
            "line 11: [ledger], deposit must be a third party; of two parties one is always the silent one",
        ),
        (
            least() + "[[contact]]\nparty = \"alpha\"\nrole = \"case\"\n",
            "line 11: [[contact]] 1, email is missing and so is phone; a point of contact needs one of them",
        ),
        (least() + "name = 3\n", "line 11: duplicate key"),
        ("format = \n".to_owned(), "line 1: "),
        (
            "party = 3\n".to_owned() + &least().replace("[[party]]", "[[calendar]]"),
            "line 1: party is 3; write a list in square brackets",
        ),
    ];
    for (text, expected) in cases {
        let message = refused(&text);
        assert!(
            message.starts_with(expected),
            "{message}\nbut expected\n{expected}"
        );
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn no_accord_looks_other_than_it_is() {
    let turned = least() + "# \u{202e}\n";
    assert!(refused(&turned).starts_with("line 11: holds the hidden character U+202E; remove it"));
    let marked = format!("\u{feff}{}", least());
    assert!(refused(&marked).starts_with("line 1: holds the hidden character U+FEFF"));
}

#[test]
fn limits_hold() {
    let long = format!("{}# {}", least(), "x".repeat(TEXT_BYTES_MAX));
    assert_eq!(
        refused(&long),
        format!(
            "the accord is {} bytes long; 262144 are allowed: split it into two accords",
            long.len()
        )
    );
    let deep = format!("{}{}{}", "x = ", "[".repeat(200_000), "]".repeat(10));
    assert!(matches!(
        AccordText::parse(&deep),
        Err(TextError::Syntax { .. })
    ));
    let crowd: Vec<_> = (0..17)
        .map(|n| {
            format!(
                "[[party]]
name = \"p{n}\"
root = \"{}\"
",
                Digest::of(&[n])
            )
        })
        .collect();
    let crowd = crowd.concat();
    let head = "format = 1\nname = \"ab\"\nversion = 1\neffective = 2026-12-01T00:00:00Z\n";
    assert!(refused(&format!("{head}{crowd}")).ends_with("write at most 16 entries"));
    let title = format!("title = \"{}\"\n{}", "x".repeat(1025), least());
    assert!(refused(&title).ends_with("write a text of at most 1024 bytes"));
    let key = format!("{} = 1\n{}", "k".repeat(100_000), least());
    assert!(refused(&key).len() < 2_000);
}

#[test]
fn the_reference_page_is_that_of_the_schema() {
    let page = include_str!("../../../../docs/reference/accord.md");
    assert_eq!(
        page,
        schema::reference(),
        "write it anew: cargo run -p comity-accord --example accord_reference"
    );
}

#[test]
fn every_kind_can_be_agreed_with_its_defaults() {
    let calendar = "[[calendar]]\nid = \"office\"\ntime_zone = \"UTC\"\nhours = \"24x7\"\n";
    let all = KINDS.iter().map(|row| {
        let word = row.word;
        format!("[[commitment]]\nid = \"{word}\"\nkind = \"{word}\"\nby = \"alpha\"\nto = \"bravo\"\ncalendar = \"office\"\n")
    });
    let text = [least(), calendar.to_owned(), all.collect()].concat();
    let accord = AccordText::parse(&text).unwrap();
    for (commitment, row) in accord.content().commitments.iter().zip(KINDS) {
        assert_eq!(commitment.kind, row.kind);
        assert_eq!(commitment.parameters.len(), row.parameters.len());
    }
}

proptest! {
    #[test]
    fn no_mutilated_accord_is_read_as_another(cut in 0_usize..4_000, insert in "[\\x00-\\x7f]{0,3}") {
        let whole = filled(Template::Mutual);
        let cut = (0..=cut.min(whole.len())).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or(0);
        let (before, after) = whole.split_at(cut);
        let text = format!("{before}{insert}{after}");
        if let Ok(accord) = AccordText::parse(&text) {
            prop_assert_eq!(accord.hash(), Digest::of(text.as_bytes()));
            prop_assert_eq!(accord.source(), &text);
        }
    }
}
