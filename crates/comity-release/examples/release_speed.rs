//! Measures release control: `release_speed` prints decisions per second for made-up indicators and notes.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::time::Instant;

use comity_accord::terms::{
    Outlet, PersonalData, RedactionAction, RedactionRule, RedactionTarget, ReleaseTerms,
};
use comity_release::handling::Definitions;
use comity_release::judge::{Verdict, judge};
use comity_release::recipient::{Recipient, Standing, Way};
use comity_release::redaction::{Copies, IndicatorData, Terms, TermsError};
use comity_release::subject::{End, Subject};
use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;
use uuid::Uuid;

const OBJECTS: u32 = 20_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plain = terms(Vec::new())?;
    let kinds = [
        PersonalData::EmailAddress,
        PersonalData::Telephone,
        PersonalData::PaymentCard,
        PersonalData::BankAccount,
        PersonalData::IdentityNumber,
    ];
    let personal = kinds.map(|kind| RedactionRule {
        target: RedactionTarget::PersonalData(kind),
        action: RedactionAction::Mask,
    });
    let redacting = terms(personal.to_vec())?;
    let clean: Vec<String> = (0..OBJECTS).map(|n| indicator(n, "")).collect();
    let dirty: Vec<String> = (0..OBJECTS)
        .map(|n| indicator(n, " Ask alice@example.org or +49 30 1234567."))
        .collect();
    for (name, objects, terms) in [
        ("no redaction", &clean, &plain),
        ("five kinds looked for, nothing found", &clean, &redacting),
        ("five kinds looked for, a copy made", &dirty, &redacting),
    ] {
        measure(name, objects, terms)?;
    }
    Ok(())
}

fn measure(
    name: &str,
    objects: &[String],
    terms: &Terms,
) -> Result<(), Box<dyn std::error::Error>> {
    let definitions = Definitions::new();
    let recipient = Recipient::Party {
        party: "bravo".to_owned(),
        standing: Standing::Verified,
    };
    let way = Way::by(Outlet::Link).encrypted();
    let now = Timestamp::parse("2026-11-24T00:00:00Z")?;
    let (mut reading, mut judging) = (f64::INFINITY, f64::INFINITY);
    let mut redacted = 0;
    for _ in 0..10 {
        let begun = Instant::now();
        let subjects: Result<Vec<Subject<'_>>, _> = objects
            .iter()
            .map(|text| {
                Ok::<_, comity_release::subject::SubjectError>(
                    Subject::read(text, &definitions)?.with_ends(|_| End::Unknown),
                )
            })
            .collect();
        let subjects = subjects?;
        reading = reading.min(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        let decisions = subjects
            .iter()
            .map(|subject| judge(subject, &recipient, terms, &way, now));
        let copies = decisions.filter(|decision| matches!(decision.verdict, Verdict::Redact(_)));
        redacted = copies.count();
        judging = judging.min(begun.elapsed().as_secs_f64());
    }
    let rate = |seconds: f64| f64::from(OBJECTS) / seconds / 1e3;
    let bytes = objects.first().map_or(0, String::len);
    println!(
        "{name} ({bytes} bytes, {redacted} copies): read {:.0} k/s, judge {:.0} k/s",
        rate(reading),
        rate(judging)
    );
    Ok(())
}

fn terms(redactions: Vec<RedactionRule>) -> Result<Terms, TermsError> {
    let agreed = ReleaseTerms {
        ceiling: Tlp::Red,
        outlet_ceilings: BTreeMap::new(),
        outlets: vec![Outlet::Link],
        unlabelled: Tlp::AmberStrict,
        community: true,
        red_persons: Vec::new(),
        clients: Vec::new(),
        may_relay: true,
        relay_onward: false,
        second_person_from: None,
        encrypt_from: None,
        types_allowed: Vec::new(),
        types_refused: Vec::new(),
        redactions,
    };
    let copies = Copies {
        seed: Uuid::nil(),
        made_by: None,
        name_original: false,
        indicators: IndicatorData::Covered,
    };
    Terms::prepare(agreed, copies)
}

fn indicator(n: u32, more: &str) -> String {
    let id = format!("{n:08x}-17d4-4cbf-938f-98ee46b3cd3f");
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--{id}","created_by_ref":"identity--f431f809-377b-45e0-aa1c-6a4751cae5ff","created":"2026-04-06T20:03:48.000Z","modified":"2026-04-06T20:03:48.000Z","name":"Address {n} of a botnet","description":"Seen as a command and control server of a botnet whose name is made up for this measurement. Reported by a sensor in a documentation network.{more}","indicator_types":["malicious-activity"],"pattern":"[ipv4-addr:value = '198.51.100.{}']","pattern_type":"stix","pattern_version":"2.1","valid_from":"2026-04-06T20:03:48Z","confidence":80,"labels":["botnet","sensor"],"object_marking_refs":["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],"external_references":[{{"source_name":"sensor","url":"https://sensor.example.com/{n}"}}]}}"#,
        n % 256
    )
}
