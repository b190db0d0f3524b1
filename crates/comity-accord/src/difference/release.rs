//! What changes in the terms of release, direction by direction.
//!
//! In scope: comparing terms, outlet by outlet. Out of scope: what they mean for one object (`comity-release`).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use comity_stix::marking::Tlp;

use super::{Differences, Effect, NOTHING};
use crate::terms::{Outlet, RedactionRule, RedactionTarget, ReleaseTerms};
use crate::text::Content;
use crate::text::words::{Word, word};

pub(super) fn compare(old: &Content, new: &Content, all: &mut Differences) {
    let pairs: BTreeSet<_> = old.releases.keys().chain(new.releases.keys()).collect();
    for pair in pairs {
        let place = format!("release {} to {}", pair.0, pair.1);
        match (old.releases.get(pair), new.releases.get(pair)) {
            (Some(before), Some(after)) => direction(&place, before, after, all),
            (Some(before), None) => all.tell(Effect::Narrows, &place, &summary(before), &NOTHING),
            (None, Some(after)) => all.tell(Effect::Widens, &place, &NOTHING, &summary(after)),
            (None, None) => {}
        }
    }
}

/// The label up to which an outlet takes objects; `None`: it is closed.
fn reach(terms: &ReleaseTerms, outlet: Outlet) -> Option<Tlp> {
    let ceiling = terms
        .outlet_ceilings
        .get(&outlet)
        .map_or(terms.ceiling, |lower| terms.ceiling.min(*lower));
    terms.outlets.contains(&outlet).then_some(ceiling)
}

fn reach_text(reach: Option<Tlp>) -> String {
    reach.map_or_else(|| "closed".to_owned(), |label| format!("up to {label}"))
}

fn summary(terms: &ReleaseTerms) -> String {
    let outlets: Vec<_> = terms.outlets.iter().map(|outlet| word(*outlet)).collect();
    format!("up to {} by {}", terms.ceiling, outlets.join(", "))
}

fn direction(place: &str, before: &ReleaseTerms, after: &ReleaseTerms, all: &mut Differences) {
    outlets(place, before, after, all);
    let labels = (&Reverse(before.unlabelled), &Reverse(after.unlabelled));
    all.growing(&format!("{place}, unlabelled counts as"), labels, |label| {
        label.0.to_string()
    });
    flags(place, before, after, all);
    safeguards(place, before, after, all);
    let persons = |terms: &ReleaseTerms| {
        let each = terms.red_persons.iter();
        each.map(|person| format!("{} <{}>", person.name, person.address))
            .collect()
    };
    let place_persons = format!("{place}, persons for TLP:RED");
    all.members(
        &place_persons,
        &persons(before),
        &persons(after),
        Effect::Widens,
    );
    let set = |texts: &[String]| texts.iter().cloned().collect();
    let clients = (set(&before.clients), set(&after.clients));
    all.members(
        &format!("{place}, clients"),
        &clients.0,
        &clients.1,
        Effect::Widens,
    );
    types(place, before, after, all);
    let rules = |terms: &ReleaseTerms| terms.redactions.iter().map(rule_text).collect();
    all.members(
        &format!("{place}, redaction"),
        &rules(before),
        &rules(after),
        Effect::Narrows,
    );
}

fn flags(place: &str, before: &ReleaseTerms, after: &ReleaseTerms, all: &mut Differences) {
    let text = |flag: &bool| {
        if *flag {
            "yes".to_owned()
        } else {
            "no".to_owned()
        }
    };
    let table = [
        (
            "recipient is of the community",
            &before.community,
            &after.community,
        ),
        (
            "may relay what others sent",
            &before.may_relay,
            &after.may_relay,
        ),
        (
            "recipient may pass on",
            &before.relay_onward,
            &after.relay_onward,
        ),
    ];
    for (name, old, new) in table {
        all.growing(&format!("{place}, {name}"), (old, new), text);
    }
}

/// Safeguards that are asked for from a label on; never is the widest.
fn safeguards(place: &str, before: &ReleaseTerms, after: &ReleaseTerms, all: &mut Differences) {
    let rank = |label: Option<Tlp>| (label.is_none(), label);
    let text = |rank: &(bool, Option<Tlp>)| {
        rank.1
            .map_or_else(|| "never".to_owned(), |label| format!("from {label}"))
    };
    let table = [
        (
            "second person approves",
            before.second_person_from,
            after.second_person_from,
        ),
        (
            "encrypted ways only",
            before.encrypt_from,
            after.encrypt_from,
        ),
    ];
    for (name, old, new) in table {
        all.growing(&format!("{place}, {name}"), (&rank(old), &rank(new)), text);
    }
}

/// Outlets that change alike are told together.
fn outlets(place: &str, before: &ReleaseTerms, after: &ReleaseTerms, all: &mut Differences) {
    let mut alike: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for (name, outlet) in Outlet::WORDS {
        let pair = (reach(before, *outlet), reach(after, *outlet));
        if pair.0 != pair.1 {
            alike.entry(pair).or_default().push(name);
        }
    }
    if alike.is_empty() {
        // A ceiling above those of all open outlets: nothing moves today.
        all.neutral(
            &format!("{place}, ceiling"),
            (&before.ceiling, &after.ceiling),
            ToString::to_string,
        );
    }
    for ((old, new), names) in alike {
        let place = format!("{place}, {}", names.join(", "));
        all.growing(&place, (&old, &new), |reach| reach_text(*reach));
    }
}

fn types(place: &str, before: &ReleaseTerms, after: &ReleaseTerms, all: &mut Differences) {
    let set = |texts: &[String]| -> BTreeSet<String> { texts.iter().cloned().collect() };
    let (old, new) = (set(&before.types_allowed), set(&after.types_allowed));
    let place_allowed = format!("{place}, types allowed");
    // An empty list allows every type.
    if old.is_empty() == new.is_empty() {
        all.members(&place_allowed, &old, &new, Effect::Widens);
    } else {
        let text = |types: &BTreeSet<String>| {
            let names: Vec<_> = types.iter().map(String::as_str).collect();
            if types.is_empty() {
                "every type".to_owned()
            } else {
                names.join(", ")
            }
        };
        let effect = if new.is_empty() {
            Effect::Widens
        } else {
            Effect::Narrows
        };
        all.tell(effect, &place_allowed, &text(&old), &text(&new));
    }
    let (old, new) = (set(&before.types_refused), set(&after.types_refused));
    all.members(
        &format!("{place}, types refused"),
        &old,
        &new,
        Effect::Narrows,
    );
}

fn rule_text(rule: &RedactionRule) -> String {
    let action = word(rule.action);
    match &rule.target {
        RedactionTarget::Property {
            object_type,
            property,
        } => {
            let of = object_type.as_deref().unwrap_or("every object");
            format!("{action} {property} of {of}")
        }
        RedactionTarget::Pattern(pattern) => format!("{action} what matches {pattern}"),
        RedactionTarget::PersonalData(kind) => format!("{action} {}", word(*kind)),
    }
}
