//! Judging and redacting any text: what goes is within the ceilings, and a copy is an object of its own.
//!
//! The first four bytes choose terms, recipient, outlet and rules of redaction; the rest is the object.
#![no_main]

use std::collections::BTreeMap;

use comity_accord::terms::{
    NamedPerson, Outlet, PersonalData, RedactionAction, RedactionRule, RedactionTarget,
    ReleaseTerms,
};
use comity_release::handling::Definitions;
use comity_release::judge::{Verdict, judge};
use comity_release::recipient::{Recipient, Standing, Way};
use comity_release::redaction::{Copies, IndicatorData, Terms};
use comity_release::subject::{End, Subject};
use comity_stix::admission::{Limits, admit};
use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

fuzz_target!(|bytes: &[u8]| {
    let [labels, recipient, way, cutting, object @ ..] = bytes else {
        return;
    };
    let Ok(text) = std::str::from_utf8(object) else {
        return;
    };
    let Ok(subject) = Subject::read(text, &Definitions::new()) else {
        return;
    };
    let ceiling = label(*labels);
    let end = label(labels / 8);
    let subject = if labels & 128 == 0 {
        subject.with_ends(|_| End::Labelled(end))
    } else {
        subject
    };
    let terms = terms(ceiling, *cutting);
    let recipient = self::recipient(*recipient);
    let outlet = OUTLETS[usize::from(*way) % OUTLETS.len()];
    let way = if way & 128 == 0 {
        Way::by(outlet).encrypted()
    } else {
        Way::by(outlet)
    };
    let now = Timestamp::from_micros(0).expect("1970 is within the calendar");
    let decision = judge(&subject, &recipient, &terms, &way, now);
    if !matches!(decision.verdict, Verdict::Refuse { .. }) && !recipient.is_inside() {
        assert!(decision.label.label <= ceiling);
    }
    let Ok(Some(copy)) = terms.redact(&subject, decision.label.label) else {
        return;
    };
    // An object that admission refuses is judged, but not spoiled further: only an admitted one must stay so.
    if let Ok(original) = admit(text, &Limits::EXCHANGE) {
        let admitted = admit(copy.text(), &Limits::EXCHANGE).expect("a copy is admitted");
        assert_eq!(&admitted.id, copy.id());
        assert_ne!(admitted.id, original.id);
    }
    let again = Subject::read(copy.text(), &Definitions::new()).expect("a copy is read");
    assert!(again.effective(Tlp::Clear).label >= decision.label.label.min(Tlp::Red));
    if let Ok(Some(twice)) = terms.redact(&again, decision.label.label) {
        panic!("{:?} was cut from a copy", twice.cuts());
    }
});

const OUTLETS: [Outlet; 6] = [
    Outlet::Link,
    Outlet::File,
    Outlet::Taxii,
    Outlet::Mail,
    Outlet::Misp,
    Outlet::Export,
];

fn label(byte: u8) -> Tlp {
    Tlp::ALL[usize::from(byte) % 8 % Tlp::ALL.len()]
}

fn recipient(byte: u8) -> Recipient {
    let party = "bravo".to_owned();
    let standing = Standing::Verified;
    match byte % 5 {
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
        _ => Recipient::Party { party, standing },
    }
}

fn terms(ceiling: Tlp, cutting: u8) -> Terms {
    let personal = [
        PersonalData::EmailAddress,
        PersonalData::Telephone,
        PersonalData::PaymentCard,
        PersonalData::BankAccount,
        PersonalData::IdentityNumber,
    ];
    let mut targets: Vec<RedactionTarget> = personal.map(RedactionTarget::PersonalData).to_vec();
    targets.push(RedactionTarget::Pattern("secret[0-9]*".to_owned()));
    targets.push(RedactionTarget::Property {
        object_type: None,
        property: "description".to_owned(),
    });
    let action = match cutting {
        0..=99 => RedactionAction::Remove,
        _ => RedactionAction::Withhold,
    };
    let action = if cutting & 1 == 0 {
        RedactionAction::Mask
    } else {
        action
    };
    // A mask of a named property is found again; that one is left out instead.
    let rule = |target| match target {
        RedactionTarget::Property { .. } => RedactionRule {
            target,
            action: RedactionAction::Remove,
        },
        target => RedactionRule { target, action },
    };
    let agreed = ReleaseTerms {
        ceiling,
        outlet_ceilings: BTreeMap::new(),
        outlets: OUTLETS.to_vec(),
        unlabelled: Tlp::Clear,
        community: true,
        red_persons: vec![NamedPerson {
            name: "duty".to_owned(),
            address: "duty@bravo.example".to_owned(),
        }],
        clients: vec!["utility".to_owned()],
        may_relay: true,
        relay_onward: true,
        second_person_from: None,
        encrypt_from: None,
        types_allowed: Vec::new(),
        types_refused: Vec::new(),
        redactions: targets.into_iter().map(rule).collect(),
    };
    let indicators = if cutting & 2 == 0 {
        IndicatorData::Covered
    } else {
        IndicatorData::Exempt
    };
    let copies = Copies {
        seed: Uuid::nil(),
        made_by: None,
        name_original: cutting & 4 == 0,
        indicators,
    };
    Terms::prepare(agreed, copies).expect("the terms can be applied")
}
