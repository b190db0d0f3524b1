//! The rules of release as a document for people: `docs/release-rules.md`.
//!
//! The answers are asked of [`judge`] itself, for every label, every kind of recipient and every outlet, so they cannot
//! be out of date. What they should be stands by hand in `tests/table.txt`.
//!
//! In scope: the grid and its text. Out of scope: writing the file.

use std::collections::BTreeMap;
use std::fmt::Write;

use comity_accord::terms::{
    NamedPerson, Outlet, RedactionAction, RedactionRule, RedactionTarget, ReleaseTerms,
};
use comity_stix::marking::{Tlp, definition_id};
use comity_stix::timestamp::Timestamp;
use uuid::Uuid;

use crate::handling::Definitions;
use crate::judge::{Verdict, judge};
use crate::recipient::{Form, Recipient, Standing, Way};
use crate::redaction::{Copies, IndicatorData, Terms};
use crate::rules::STEPS;
use crate::subject::{Source, Subject};

/// The columns of every grid.
pub const OUTLETS: [(Outlet, &str); 6] = [
    (Outlet::Link, "link"),
    (Outlet::File, "file"),
    (Outlet::Taxii, "taxii"),
    (Outlet::Mail, "mail"),
    (Outlet::Misp, "misp"),
    (Outlet::Export, "export"),
];

/// The rows of every grid: labels that stand on one object.
pub const LABELS: [(&str, &[Tlp]); 7] = [
    ("CLEAR", &[Tlp::Clear]),
    ("GREEN", &[Tlp::Green]),
    ("AMBER", &[Tlp::Amber]),
    ("AMBER+STRICT", &[Tlp::AmberStrict]),
    ("RED", &[Tlp::Red]),
    ("none", &[]),
    ("GREEN+AMBER", &[Tlp::Green, Tlp::Amber]),
];

/// Answers for one recipient under one set of terms.
pub struct Grid {
    /// Who, and under which terms.
    pub title: &'static str,
    /// The answers, a row for each of [`LABELS`], a column for each of [`OUTLETS`]: `+` release, `~` as a redacted
    /// copy, `?rule` after approval for that rule, `-rule` refused by it.
    pub rows: Vec<Vec<String>>,
}

/// One recipient and what is special about the terms, the way or the source.
struct Scenario {
    title: &'static str,
    recipient: fn() -> Recipient,
    source: fn() -> Source,
    terms: fn(&mut ReleaseTerms),
    way: fn(Way) -> Way,
}

/// A partner with the widest terms, over encrypted ways.
const WIDEST: Scenario = Scenario {
    title: "a verified partner",
    recipient: partner,
    source: Source::default,
    terms: |_| {},
    way: Way::encrypted,
};

const SCENARIOS: [Scenario; 23] = [
    Scenario {
        title: "the public",
        recipient: || Recipient::Public,
        ..WIDEST
    },
    Scenario {
        title: "a pending partner",
        recipient: || of_standing(Standing::Pending),
        ..WIDEST
    },
    Scenario {
        title: "a suspended partner",
        recipient: || of_standing(Standing::Suspended),
        ..WIDEST
    },
    WIDEST,
    Scenario {
        title: "a named person of a partner",
        recipient: || person("duty@bravo.example"),
        ..WIDEST
    },
    Scenario {
        title: "another person of a partner",
        recipient: || person("other@bravo.example"),
        ..WIDEST
    },
    Scenario {
        title: "a named client of a partner",
        recipient: || client("utility"),
        ..WIDEST
    },
    Scenario {
        title: "another client of a partner",
        recipient: || client("stranger"),
        ..WIDEST
    },
    Scenario {
        title: "an own person",
        recipient: || Recipient::OwnPerson { named: false },
        ..WIDEST
    },
    Scenario {
        title: "an own person, named",
        recipient: || Recipient::OwnPerson { named: true },
        ..WIDEST
    },
    Scenario {
        title: "a partner, what another party sent and lets pass on",
        source: || third(true),
        ..WIDEST
    },
    Scenario {
        title: "a partner, what another party sent and does not let pass on",
        source: || third(false),
        ..WIDEST
    },
    Scenario {
        title: "a partner, what another party sent, accord without relay",
        source: || third(true),
        terms: |terms| terms.may_relay = false,
        ..WIDEST
    },
    Scenario {
        title: "a partner, what it sent itself",
        source: from_itself,
        ..WIDEST
    },
    Scenario {
        title: "a partner outside of the community",
        terms: |terms| terms.community = false,
        ..WIDEST
    },
    Scenario {
        title: "a partner, ceiling GREEN",
        terms: |terms| terms.ceiling = Tlp::Green,
        ..WIDEST
    },
    Scenario {
        title: "a partner, ceiling of TAXII GREEN",
        terms: |terms| terms.outlet_ceilings = BTreeMap::from([(Outlet::Taxii, Tlp::Green)]),
        ..WIDEST
    },
    Scenario {
        title: "a partner, link and mail agreed",
        terms: |terms| terms.outlets = vec![Outlet::Link, Outlet::Mail],
        ..WIDEST
    },
    Scenario {
        title: "a named person of a partner, nothing encrypted",
        recipient: || person("duty@bravo.example"),
        way: |way| way,
        ..WIDEST
    },
    Scenario {
        title: "a named person of a partner, nothing encrypted, encryption from AMBER",
        recipient: || person("duty@bravo.example"),
        terms: |terms| terms.encrypt_from = Some(Tlp::Amber),
        way: |way| way,
        ..WIDEST
    },
    Scenario {
        title: "a partner, second person from AMBER",
        terms: |terms| terms.second_person_from = Some(Tlp::Amber),
        ..WIDEST
    },
    Scenario {
        title: "a partner, in forms without a label",
        way: |way| way.encrypted().in_form(Form::Bare),
        ..WIDEST
    },
    Scenario {
        title: "a partner, descriptions taken out",
        terms: take_out_descriptions,
        ..WIDEST
    },
];

/// Every grid, answered by [`judge`].
pub fn grids() -> Vec<Grid> {
    SCENARIOS.iter().map(grid).collect()
}

/// The document: rules, letters, grids.
pub fn document() -> String {
    let mut out = String::from(HEAD);
    for (at, step) in STEPS.iter().enumerate() {
        let letter = step.letter.map(String::from).unwrap_or_default();
        let inside = if step.inside { "too" } else { "" };
        let row = (
            at + 1,
            step.code,
            step.sentence,
            step.partner_code().as_str(),
        );
        let (number, code, sentence, partner) = row;
        let line = format_args!(
            "| {number} | `{code}` | {sentence} | {letter} | {inside} | `{partner}` |"
        );
        writeln!(out, "{line}").expect("a string takes all");
    }
    out.push_str(LETTERS);
    for grid in grids() {
        writeln!(out, "\n### To {}\n", grid.title).expect("a string takes all");
        let names: Vec<&str> = OUTLETS.iter().map(|(_, name)| *name).collect();
        let rule = "---|".repeat(names.len());
        writeln!(out, "| label | {} |\n|---|{rule}", names.join(" | "))
            .expect("a string takes all");
        for ((label, _), row) in LABELS.iter().zip(&grid.rows) {
            writeln!(out, "| {label} | {} |", row.join(" | ")).expect("a string takes all");
        }
    }
    out
}

fn grid(scenario: &Scenario) -> Grid {
    let mut agreed = widest_terms();
    (scenario.terms)(&mut agreed);
    let copies = Copies {
        seed: Uuid::nil(),
        made_by: None,
        name_original: false,
        indicators: IndicatorData::Covered,
    };
    let terms = Terms::prepare(agreed, copies).expect("the terms of the grid can be applied");
    let row = |(_, labels): &(&str, &[Tlp])| {
        let text = object(labels);
        let subject = Subject::read(&text, &Definitions::new()).expect("the object is one");
        let subject = subject.from((scenario.source)());
        let columns = OUTLETS.iter().map(|(outlet, _)| {
            let way = (scenario.way)(Way::by(*outlet).in_form(Form::Whole));
            let decision = judge(&subject, &(scenario.recipient)(), &terms, &way, epoch());
            answer(&decision.verdict)
        });
        columns.collect()
    };
    Grid {
        title: scenario.title,
        rows: LABELS.iter().map(row).collect(),
    }
}

fn answer(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Release => "+".to_owned(),
        Verdict::Redact(_) => "~".to_owned(),
        Verdict::NeedsApproval { rules, .. } => {
            let codes: Vec<&str> = rules.iter().map(|rule| rule.step().code).collect();
            format!("?{}", codes.join(","))
        }
        Verdict::Refuse { rule, .. } => format!("-{}", rule.step().code),
    }
}

fn object(labels: &[Tlp]) -> String {
    let markings = labels
        .iter()
        .map(|label| format!("\"{}\"", definition_id(*label)));
    let markings: Vec<String> = markings.collect();
    let markings = match markings.as_slice() {
        [] => String::new(),
        some => format!(",\"object_marking_refs\":[{}]", some.join(",")),
    };
    format!(
        "{{\"type\":\"malware\",\"spec_version\":\"2.1\",\"id\":\"malware--00000000-0000-4000-8000-000000000001\",\
         \"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"2026-01-01T00:00:00.000Z\",\"name\":\"x\",\
         \"description\":\"y\",\"is_family\":false{markings}}}"
    )
}

/// Terms that allow as much as terms can.
pub(crate) fn widest_terms() -> ReleaseTerms {
    ReleaseTerms {
        ceiling: Tlp::Red,
        outlet_ceilings: BTreeMap::new(),
        outlets: OUTLETS.iter().map(|(outlet, _)| *outlet).collect(),
        unlabelled: Tlp::AmberStrict,
        community: true,
        red_persons: vec![NamedPerson {
            name: "the duty officer".to_owned(),
            address: "duty@bravo.example".to_owned(),
        }],
        clients: vec!["utility".to_owned()],
        may_relay: true,
        relay_onward: true,
        second_person_from: None,
        encrypt_from: None,
        types_allowed: Vec::new(),
        types_refused: Vec::new(),
        redactions: Vec::new(),
    }
}

fn take_out_descriptions(terms: &mut ReleaseTerms) {
    terms.redactions = vec![RedactionRule {
        target: RedactionTarget::Property {
            object_type: None,
            property: "description".to_owned(),
        },
        action: RedactionAction::Remove,
    }];
}

fn partner() -> Recipient {
    of_standing(Standing::Verified)
}

fn of_standing(standing: Standing) -> Recipient {
    Recipient::Party {
        party: "bravo".to_owned(),
        standing,
    }
}

fn person(address: &str) -> Recipient {
    Recipient::Person {
        party: "bravo".to_owned(),
        standing: Standing::Verified,
        address: address.to_owned(),
    }
}

fn client(client: &str) -> Recipient {
    Recipient::Client {
        party: "bravo".to_owned(),
        standing: Standing::Verified,
        client: client.to_owned(),
    }
}

fn third(relay: bool) -> Source {
    Source::Party {
        party: "charlie".to_owned(),
        unlabelled: None,
        floor: None,
        relay,
    }
}

fn from_itself() -> Source {
    Source::Party {
        party: "bravo".to_owned(),
        unlabelled: None,
        floor: None,
        relay: false,
    }
}

fn epoch() -> Timestamp {
    Timestamp::from_micros(0).expect("1970 is within the calendar")
}

const HEAD: &str = "\
# The rules of release

Made from the program by `comity_release::table::document`; do not edit.

Every release of an object, or of anything that tells of it, is one decision by these rules, asked in this order. The
first that refuses decides. What is recorded of a decision is the label with what gave it, every rule that was asked, and the
verdict; the operator reads the reason, the other party the code in the last column. Where there is none for the object,
the answer is the same as for an object that does not exist.

Two sides of a label are kept apart. Its **audience** is who may have it; that is rules 8 to 14. What the **accord** allows
besides is rules 1 to 7 and 15 to 19. Own persons are held to the few rules marked so.

| # | rule | says | letter | own persons | the other party is told |
|---|---|---|---|---|---|
";

const LETTERS: &str = "
## The letters

| letter | rule | where it is kept |
|---|---|---|
| a | The most restrictive of object, collection, source and what it refers to wins; a part's marking marks the whole | `Subject::effective` |
| b | Only the originator lowers a label, and signs; a redacted copy keeps the label | `onward::relabel`, `Redacted` |
| c | What refers to others is marked as strictly as they are; what is not held counts as unlabelled | `Subject::with_ends` |
| d | Search, counts, matching and errors answer by the same decision | `Decision::is_visible`, `PartnerCode` |
| e | TLP:RED and TLP:AMBER+STRICT stay out of what is synchronised | rule `sync` |
| f | Each decision says who, what, which label, which rule | `Decision` |
| g | Every form carries the label | `Obligations::label`, rule `lossy` |
| h | A form that loses the label needs an override above TLP:GREEN | rule `lossy` |
| i | Labels are read leniently and written strictly; what cannot be read is the strictest | `Tlp::parse`, rule `marking` |
| j | Two labels on one object are a conflict: the stricter counts, and it is flagged | `Effective::conflict` |

What has no label counts as the accord says, or its source's terms if those are stricter; the decision says that this was
inferred. A collection, a source or an end only ever adds to it.

## The answers

`+` goes, `~` goes as a redacted copy, `?rule` goes once a second person has approved for that rule, `-rule` is refused by it.
Unless the heading says otherwise, the terms allow as much as terms can, the way is encrypted and the form is STIX.
`none` is an object without a label (here counted as TLP:AMBER+STRICT), `GREEN+AMBER` one with both.
";
