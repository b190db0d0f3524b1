//! What must hold for any object, recipient and terms: nothing that only adds a restriction ever widens release, the
//! order of markings does not matter, and nothing that was taken out comes back.

use std::collections::BTreeMap;

use comity_accord::terms::{
    NamedPerson, Outlet, PersonalData, RedactionAction, RedactionRule, RedactionTarget,
    ReleaseTerms,
};
use comity_release::handling::{Action, Definitions, Handling};
use comity_release::judge::{Decision, Verdict, judge};
use comity_release::recipient::{Form, Recipient, Standing, Way};
use comity_release::redaction::{Copies, IndicatorData, Terms};
use comity_release::subject::{End, Source, Subject};
use comity_stix::id::ObjectId;
use comity_stix::marking::{Tlp, definition_id};
use comity_stix::timestamp::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

/// All that bears on one decision.
#[derive(Clone, Debug)]
struct Question {
    markings: Vec<String>,
    words: Vec<&'static str>,
    container: Option<Tlp>,
    source: Source,
    end: Option<End>,
    recipient: Recipient,
    terms: ReleaseTerms,
    outlet: Outlet,
    encrypted: bool,
    form: Form,
    asks: Action,
}

const POLICIES: [(&str, &str); 4] = [
    (
        "marking-definition--00000000-0000-4000-8000-00000000000a",
        "PAP:RED",
    ),
    (
        "marking-definition--00000000-0000-4000-8000-00000000000b",
        "PAP:GREEN",
    ),
    (
        "marking-definition--00000000-0000-4000-8000-00000000000c",
        "TLP:AMBER STRICT",
    ),
    (
        "marking-definition--00000000-0000-4000-8000-00000000000d",
        "TLP:NONSENSE",
    ),
];

fn decide(question: &Question) -> Decision {
    let markings: Vec<String> = question
        .markings
        .iter()
        .map(|one| format!("\"{one}\""))
        .collect();
    let words: Vec<String> = question
        .words
        .iter()
        .map(|one| format!("\"{one}\""))
        .collect();
    let end = r#","x_ref":"tool--00000000-0000-4000-8000-000000000002""#;
    let text = format!(
        r#"{{"type":"malware","spec_version":"2.1","id":"malware--00000000-0000-4000-8000-000000000001","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","is_family":false,"description":"of alice@b.example","object_marking_refs":[{}],"labels":[{}]{}}}"#,
        markings.join(","),
        words.join(","),
        question.end.map_or("", |_| end)
    );
    let policies = POLICIES.iter().map(|(id, word)| {
        let id = ObjectId::parse(id).expect("the id is one");
        (id, Handling::of_word(word).expect("the word is one"))
    });
    let definitions: Definitions = policies.collect();
    let copies = Copies {
        seed: Uuid::nil(),
        made_by: None,
        name_original: false,
        indicators: IndicatorData::Covered,
    };
    let terms = Terms::prepare(question.terms.clone(), copies).expect("the terms can be applied");
    let subject = Subject::read(&text, &definitions).expect("the object can be read");
    let subject = subject
        .within(question.container)
        .from(question.source.clone());
    let subject = subject.with_ends(|_| question.end.unwrap_or(End::Unknown));
    let way = Way {
        encrypted: question.encrypted,
        asks: question.asks,
        ..Way::by(question.outlet).in_form(question.form)
    };
    let now = Timestamp::from_micros(0).expect("1970 is within the calendar");
    judge(&subject, &question.recipient, &terms, &way, now)
}

/// How much goes.
fn width(decision: &Decision) -> u8 {
    match decision.verdict {
        Verdict::Refuse { .. } => 0,
        Verdict::NeedsApproval { .. } => 1,
        Verdict::Redact(_) => 2,
        Verdict::Release => 3,
    }
}

fn tlp() -> impl Strategy<Value = Tlp> {
    select(Tlp::ALL.to_vec())
}

fn marking() -> impl Strategy<Value = String> {
    let policy = select(POLICIES.map(|(id, _)| id.to_owned()).to_vec());
    // Mostly labels, so that enough questions are not refused outright.
    prop_oneof![6 => tlp().prop_map(|label| definition_id(label).to_string()), 1 => policy]
}

fn recipient() -> impl Strategy<Value = Recipient> {
    let standing = select(vec![
        Standing::Verified,
        Standing::Verified,
        Standing::Pending,
        Standing::Suspended,
    ]);
    (0_u8..6, standing).prop_map(|(kind, standing)| {
        let party = "bravo".to_owned();
        match kind {
            0 => Recipient::Public,
            1 => Recipient::Person {
                party,
                standing,
                address: "duty@bravo.example".to_owned(),
            },
            2 => Recipient::Client {
                party,
                standing,
                client: "utility".to_owned(),
            },
            3 => Recipient::OwnPerson { named: true },
            4 => Recipient::OwnPerson { named: false },
            _ => Recipient::Party { party, standing },
        }
    })
}

fn source() -> impl Strategy<Value = Source> {
    let party = (
        select(vec!["bravo", "charlie"]),
        any::<bool>(),
        proptest::option::of(tlp()),
    );
    let party =
        (party, proptest::option::of(tlp())).prop_map(|((party, relay, unlabelled), floor)| {
            Source::Party {
                party: party.to_owned(),
                unlabelled,
                floor,
                relay,
            }
        });
    prop_oneof![2 => Just(Source::Own), 1 => party]
}

fn end() -> impl Strategy<Value = Option<End>> {
    let end = prop_oneof![3 => tlp().prop_map(End::Labelled), 1 => Just(End::Unlabelled), 1 => Just(End::Unknown)];
    proptest::option::of(end)
}

const OUTLETS: [Outlet; 6] = [
    Outlet::Link,
    Outlet::File,
    Outlet::Taxii,
    Outlet::Mail,
    Outlet::Misp,
    Outlet::Export,
];

fn terms() -> impl Strategy<Value = ReleaseTerms> {
    let labels = (
        tlp(),
        tlp(),
        proptest::option::of(tlp()),
        proptest::option::of(tlp()),
    );
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let outlets = proptest::sample::subsequence(OUTLETS.to_vec(), 3..=6);
    (labels, flags, outlets).prop_map(|(labels, flags, outlets)| ReleaseTerms {
        ceiling: labels.0,
        outlet_ceilings: BTreeMap::new(),
        outlets,
        unlabelled: labels.1,
        community: flags.0,
        red_persons: vec![NamedPerson {
            name: "duty".to_owned(),
            address: "duty@bravo.example".to_owned(),
        }],
        clients: if flags.1 {
            vec!["utility".to_owned()]
        } else {
            Vec::new()
        },
        may_relay: flags.2,
        relay_onward: false,
        second_person_from: labels.2,
        encrypt_from: labels.3,
        types_allowed: Vec::new(),
        types_refused: Vec::new(),
        redactions: if flags.3 { vec![mask()] } else { Vec::new() },
    })
}

fn mask() -> RedactionRule {
    RedactionRule {
        target: RedactionTarget::PersonalData(PersonalData::EmailAddress),
        action: RedactionAction::Mask,
    }
}

fn question() -> impl Strategy<Value = Question> {
    let words = select(vec!["botnet", "tlp:green", "TLP:AMBER", "pap:amber"]);
    // At least one label: what has none is not widened by a first one, it is given one.
    let own = (
        tlp(),
        proptest::collection::vec(marking(), 0..3),
        proptest::collection::vec(words, 0..2),
    );
    let around = (proptest::option::of(tlp()), source(), end());
    let forms = (
        select(vec![Form::Whole, Form::Labelled, Form::Bare]),
        select(vec![Action::None, Action::Internal, Action::ExternalDirect]),
    );
    let way = (select(OUTLETS.to_vec()), any::<bool>(), forms);
    (own, around, recipient(), terms(), way).prop_map(|(own, around, recipient, terms, way)| {
        let mut markings = own.1;
        markings.push(definition_id(own.0).to_string());
        Question {
            markings,
            words: own.2,
            container: around.0,
            source: around.1,
            end: around.2,
            recipient,
            terms,
            outlet: way.0,
            encrypted: way.1,
            form: way.2.0,
            asks: way.2.1,
        }
    })
}

/// One restriction more.
#[derive(Clone, Debug)]
enum Restriction {
    Marking(String),
    Word(&'static str),
    Container(Tlp),
    End(Tlp),
    Floor(Tlp),
    Ceiling(Tlp),
    OutletCeiling(Tlp),
    Unlabelled(Tlp),
    SecondPerson(Tlp),
    Encrypt(Tlp),
    NoOutlet,
    NoCommunity,
    NoRelay,
    NoRedPersons,
    NoClients,
    RefusedType,
    Redaction,
}

fn restriction() -> impl Strategy<Value = Restriction> {
    use Restriction as R;
    prop_oneof![
        marking().prop_map(R::Marking),
        select(vec![
            "TLP:GREEN",
            "tlp:amber strict",
            "PAP:RED",
            "tlp:purple"
        ])
        .prop_map(R::Word),
        tlp().prop_map(R::Container),
        tlp().prop_map(R::End),
        tlp().prop_map(R::Floor),
        tlp().prop_map(R::Ceiling),
        tlp().prop_map(R::OutletCeiling),
        tlp().prop_map(R::Unlabelled),
        tlp().prop_map(R::SecondPerson),
        tlp().prop_map(R::Encrypt),
        select(vec![
            R::NoOutlet,
            R::NoCommunity,
            R::NoRelay,
            R::NoRedPersons,
            R::NoClients,
            R::RefusedType,
            R::Redaction
        ]),
    ]
}

fn restrict(mut question: Question, by: Restriction) -> Question {
    let lower = |was: Option<Tlp>, label: Tlp| Some(was.map_or(label, |was| was.min(label)));
    match by {
        Restriction::Marking(marking) => question.markings.push(marking),
        Restriction::Word(word) => question.words.push(word),
        Restriction::Container(label) => question.container = question.container.max(Some(label)),
        Restriction::End(label) => match &mut question.end {
            Some(End::Labelled(was)) => *was = label.max(*was),
            Some(End::Unlabelled | End::Unknown) => {}
            none => *none = Some(End::Labelled(label)),
        },
        Restriction::Floor(label) => {
            if let Source::Party { floor, .. } = &mut question.source {
                *floor = (*floor).max(Some(label));
            }
        }
        Restriction::Ceiling(label) => question.terms.ceiling = question.terms.ceiling.min(label),
        Restriction::OutletCeiling(label) => {
            let ceiling = label.min(question.terms.ceiling);
            question
                .terms
                .outlet_ceilings
                .insert(question.outlet, ceiling);
        }
        Restriction::Unlabelled(label) => {
            question.terms.unlabelled = question.terms.unlabelled.max(label);
        }
        Restriction::SecondPerson(label) => {
            question.terms.second_person_from = lower(question.terms.second_person_from, label);
        }
        Restriction::Encrypt(label) => {
            question.terms.encrypt_from = lower(question.terms.encrypt_from, label);
        }
        Restriction::NoOutlet => question
            .terms
            .outlets
            .retain(|outlet| *outlet != question.outlet),
        Restriction::NoCommunity => question.terms.community = false,
        Restriction::NoRelay => question.terms.may_relay = false,
        Restriction::NoRedPersons => question.terms.red_persons.clear(),
        Restriction::NoClients => question.terms.clients.clear(),
        Restriction::RefusedType => question.terms.types_refused.push("malware".to_owned()),
        Restriction::Redaction => question.terms.redactions.push(mask()),
    }
    question
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_restriction_never_widens_release(question in question(), by in restriction()) {
        let before = decide(&question);
        let after = decide(&restrict(question, by));
        prop_assert!(width(&after) <= width(&before), "{:?} became {:?}", before.verdict, after.verdict);
        prop_assert!(after.label.label >= before.label.label);
    }

    #[test]
    fn the_order_of_markings_does_not_matter(
        (one, other) in question().prop_flat_map(|one| {
            let shuffled = Just(one.markings.clone()).prop_shuffle();
            (Just(one), shuffled)
        })
    ) {
        let shuffled = Question { markings: other, ..one.clone() };
        let (first, second) = (decide(&one), decide(&shuffled));
        prop_assert_eq!(width(&first), width(&second));
        prop_assert_eq!(first.label, second.label);
        prop_assert_eq!(first.obligations, second.obligations);
    }

    #[test]
    fn what_goes_out_is_within_every_ceiling(question in question()) {
        let decision = decide(&question);
        if decision.is_visible() && !question.recipient.is_inside() {
            prop_assert!(decision.label.label <= question.terms.ceiling);
            prop_assert!(question.terms.outlets.contains(&question.outlet));
        }
        if decision.is_visible() && decision.label.label == Tlp::Red {
            let named = match question.recipient {
                Recipient::Person { .. } => true,
                Recipient::OwnPerson { named } => named,
                Recipient::Public | Recipient::Party { .. } | Recipient::Client { .. } => false,
            };
            prop_assert!(named);
        }
    }

    #[test]
    fn what_was_taken_out_is_not_in_the_copy(secret in "[a-z]{12}", around in "[ -~\u{4e00}-\u{4e20}]{0,20}", deep in any::<bool>(), remove in any::<bool>()) {
        let quote = |text: &str| {
            let mut json = String::new();
            comity_stix::canonical::write_string(text, &mut json);
            json
        };
        let content = quote(&format!("{around}{secret}{around}"));
        let content = if deep { format!("{{\"a\":[1,{{\"b\":{content}}}]}}") } else { content };
        let text = format!(
            r#"{{"type":"malware","spec_version":"2.1","id":"malware--00000000-0000-4000-8000-000000000001","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","is_family":false,"x_a":{content}}}"#
        );
        let action = if remove { RedactionAction::Remove } else { RedactionAction::Mask };
        let rule = RedactionRule { target: RedactionTarget::Pattern(secret.clone()), action };
        let mut question = widest();
        question.redactions = vec![rule];
        let copies = Copies { seed: Uuid::nil(), made_by: None, name_original: true, indicators: IndicatorData::Covered };
        let terms = Terms::prepare(question, copies).expect("the terms can be applied");
        let subject = Subject::read(&text, &Definitions::new()).expect("the object can be read");
        let copy = terms.redact(&subject, Tlp::Green).expect("it can be cut").expect("something is cut");
        prop_assert!(!copy.text().contains(&secret));
        prop_assert!(!copy.cuts().iter().any(|cut| cut.selector.contains(&secret)));
        prop_assert!(!copy.kept_properties().contains(&"x_a".to_owned()));
        let again = Subject::read(copy.text(), &Definitions::new()).expect("the copy can be read");
        prop_assert_eq!(terms.redact(&again, Tlp::Green), Ok(None));
    }
}

fn widest() -> ReleaseTerms {
    ReleaseTerms {
        ceiling: Tlp::Red,
        outlet_ceilings: BTreeMap::new(),
        outlets: OUTLETS.to_vec(),
        unlabelled: Tlp::Clear,
        community: true,
        red_persons: Vec::new(),
        clients: Vec::new(),
        may_relay: true,
        relay_onward: true,
        second_person_from: None,
        encrypt_from: None,
        types_allowed: Vec::new(),
        types_refused: Vec::new(),
        redactions: Vec::new(),
    }
}
