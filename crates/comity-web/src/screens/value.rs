//! One observable value: whether it is known, from whom, to whom it might go, where it was seen, and a form to say that it was seen.
//!
//! In scope: the page, counts per day in the person's zone, the form. Out of scope: what is known (`comity_node::value`), releasing
//! (`release`).

mod sighting;

use std::collections::BTreeMap;

use comity_node::operation::rights::Permission;
use comity_stix::admission::{ObservableValue, ValueKind};
use comity_stix::timestamp::Timestamp;
use jiff::tz::TimeZone;
use jiff::{Span, civil};
use serde_json::{Value, json};

use crate::draw::sparkline::{self, Day};
use crate::draw::text::shown;
use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::html::Html;
use crate::screens::objects::line;
use crate::screens::threads;
use crate::screens::{flag, number, rows, some, text, texts};
use crate::sheet::{Part, Sheet, Table, all, asking, beside, code, muted, path, plain, way};
use crate::visit::{Visit, Web};

pub(crate) use sighting::share;

/// Days of which sightings are drawn.
const DAYS: i64 = 90;
/// Sightings that a page lists; the drawing and its table count all.
const LISTED_MAX: usize = 20;
/// The longest value that is looked up, in characters.
const VALUE_CHARS_MAX: usize = 8_192;

/// The page of a value.
pub(crate) fn place(value: &str) -> String {
    asking("/value", [("v", value)])
}

/// Whether a text is one value and nothing else, by its form.
pub(crate) fn is_one(text: &str) -> bool {
    if text.is_empty() || text.contains(char::is_whitespace) {
        return false;
    }
    let first = ObservableValue::detect(text).into_iter().next();
    first.is_some_and(|first| match first.kind {
        ValueKind::Ipv4
        | ValueKind::Ipv6
        | ValueKind::Domain
        | ValueKind::Url
        | ValueKind::Email
        | ValueKind::Mac
        | ValueKind::Md5
        | ValueKind::Sha1
        | ValueKind::Sha256
        | ValueKind::Sha512
        | ValueKind::Sha3_256
        | ValueKind::Sha3_512
        | ValueKind::Ssdeep
        | ValueKind::Tlsh
        | ValueKind::OtherHash
        | ValueKind::RegistryKey
        | ValueKind::Cpe
        | ValueKind::ExternalId => true,
        ValueKind::Asn => text.starts_with(['a', 'A']),
        ValueKind::FileName
        | ValueKind::DirectoryPath
        | ValueKind::Mutex
        | ValueKind::UserAgent
        | ValueKind::UserAccount
        | ValueKind::Software
        | ValueKind::CertificateSerial
        | ValueKind::CommandLine
        | ValueKind::EmailSubject => false,
    })
}

/// `GET /value`.
pub(crate) async fn show(web: Web, visit: Visit) -> Shown {
    visit.person()?;
    let asked = visit.query.text("v");
    if asked.is_empty() {
        return to("/search");
    }
    value_page(&web, &visit, &asked, None).await
}

/// The page; with what was typed and is wrong, where something is.
async fn value_page(
    web: &Web,
    visit: &Visit,
    asked: &str,
    sent: Option<(&Fields, (String, String))>,
) -> Shown {
    if asked.chars().count() > VALUE_CHARS_MAX {
        return Err(Fault::TooLarge);
    }
    let found = visit
        .ask(web, "show_value", json!({ "value": asked }))
        .await?;
    let read = found.get("readings").map_or(&[][..], rows);
    // What was typed defanged is shown as it is compared.
    let value = read
        .first()
        .map_or_else(|| asked.to_owned(), |one| text(one, "value").to_owned());
    let mut sheet = Sheet::new(Frame::new(web, visit, shown(&value)));
    sheet.frame.mark(text(&found, "marking"));
    let member = |name: &str| found.get(name).map_or(&[][..], rows);
    for row in member("threads") {
        sheet.frame.mark(text(row, "label"));
    }
    let f = &sheet.frame;
    let objects = member("objects");
    let known = !objects.is_empty();
    let standing = if known { "known" } else { "not-known" };
    let mut chips = vec![f.state(standing)];
    if let Some(marking) = some(&found, "marking") {
        chips.push(f.label(&marking));
    }
    let mut parts = vec![answer(f, &found)];
    if !known {
        parts.push(unknown(visit, f, &found, asked));
    }
    let sightings = member("sightings");
    if known {
        parts.push(seen(f, visit, sightings));
    }
    if visit.may(Permission::Add) {
        let sent = sent.as_ref().map(|(typed, _)| *typed);
        parts.push(sighting::form(web, visit, f, (&value, objects), sent).await?);
    }
    if known {
        parts.push(objects_part(f, objects, flag(&found, "more")));
        parts.push(releases(f, member("releases")));
    }
    let named = member("threads");
    if !named.is_empty() {
        parts.push(threads_part(f, named));
    }
    sheet.chips = chips;
    sheet.parts = parts;
    if let Some((_, (what, hint))) = sent {
        sheet.notice("fail", vec![what, hint]);
    }
    sheet.shown(visit)
}

/// What whoever comes asks first: known, from whom, since when, to whom may it go, is it harmless.
fn answer(f: &Frame, found: &Value) -> Part {
    let objects = found.get("objects").map_or(&[][..], rows);
    let sightings = found.get("sightings").map_or(&[][..], rows);
    let read = found.get("readings").map_or(&[][..], rows);
    let kinds = all(read
        .iter()
        .map(|one| beside(&code(text(one, "value")), &muted(text(one, "kind")))));
    let mut part = Part::of(f.say("value-answer"));
    if objects.is_empty() {
        return part.wide(f.say("value-searched"), kinds);
    }
    let mut from: BTreeMap<String, Html> = BTreeMap::new();
    for row in objects {
        if flag(row, "own") {
            from.insert(String::new(), plain(&f.say("value-own")));
        }
        for by in row.get("given_by").map_or(&[][..], rows) {
            let party = text(by, "party");
            from.insert(party.to_owned(), way(&path(&["parties", party]), party));
        }
    }
    part = part
        .fact(f.say("value-from"), all(from.into_values()))
        .fact(f.say("value-first"), f.time(text(found, "first_known")))
        .fact(f.say("value-last"), f.time(text(found, "last_known")));
    let count: u64 = sightings.iter().map(|one| number(one, "count")).sum();
    let last = sightings.iter().filter_map(when).max();
    let last = last.map_or_else(|| plain(&f.say("never")), |at| f.time(&at.to_stix()));
    part = part
        .fact(f.say("value-sighted"), plain(&count.to_string()))
        .fact(f.say("value-last-sighted"), last)
        .fact(f.say("value-benign"), benign(f, objects));
    let goes = to_whom(f, found.get("releases").map_or(&[][..], rows));
    part.wide(f.say("value-may-go"), goes)
        .wide(f.say("value-searched"), kinds)
}

/// Which of the indicators say that the value is harmless (STIX 2.1 section 10.10).
fn benign(f: &Frame, objects: &[Value]) -> Html {
    let said = objects.iter().filter_map(|row| row.get("object"));
    let said = said.filter(|object| {
        let types = texts(object, "indicator_types");
        types.iter().any(|one| one == "benign") && !flag(object, "revoked")
    });
    let said: Vec<Html> = said
        .map(|object| {
            let line = line(&json!({ "object": object }));
            way(&path(&["objects", &line.id]), &line.name)
        })
        .collect();
    if said.is_empty() {
        return plain(&f.say("value-benign-none"));
    }
    all(said)
}

/// Each party once, with what would become of it there at best, and the rule.
fn to_whom(f: &Frame, releases: &[Value]) -> Html {
    const BEST: &[&str] = &["released", "redacted", "waiting", "refused"];
    let place = |row: &Value| BEST.iter().position(|one| *one == text(row, "verdict"));
    let mut best: BTreeMap<&str, &Value> = BTreeMap::new();
    for row in releases {
        let known = best.entry(text(row, "party")).or_insert(row);
        if place(row) < place(known) {
            *known = row;
        }
    }
    if best.is_empty() {
        return plain(&f.say("value-may-go-none"));
    }
    let each = best.into_iter().map(|(party, row)| {
        let verdict = f.state(text(row, "verdict"));
        let rule = muted(&f.say_of("value-by-rule", "rule", text(row, "rule")));
        beside(&beside(&plain(party), &verdict), &rule)
    });
    all(each)
}

/// What to do about a value that nobody here knows.
fn unknown(visit: &Visit, f: &Frame, found: &Value, asked: &str) -> Part {
    let more = asking("/search", [("q", asked), ("words", "yes")]);
    let mut part = Part {
        empty: Some((
            f.say_of("value-unknown", "value", &shown(asked)),
            f.say("value-unknown-hint"),
        )),
        ..Part::default()
    };
    part = part.link(more, f.say("value-search-words"));
    if visit.may(Permission::Work) {
        let value = found.get("readings").map_or(&[][..], rows).first();
        let value = value.map_or(asked, |one| text(one, "value"));
        let asking = asking("/requests/new", [("observables", value)]);
        part = part.link(asking, f.say("value-ask"));
    }
    part
}

/// When something was seen last, as far as it says; else when it was said.
fn when(sighting: &Value) -> Option<Timestamp> {
    let named = ["last_seen", "first_seen", "created"];
    let told = named.iter().find_map(|name| some(sighting, name))?;
    Timestamp::parse(&told).ok()
}

fn day_of(at: Timestamp, zone: &TimeZone) -> Option<civil::Date> {
    let at = jiff::Timestamp::from_microsecond(at.micros()).ok()?;
    Some(at.to_zoned(zone.clone()).date())
}

/// Sightings by day, drawn and as a table, and the newest one by one.
fn seen(f: &Frame, visit: &Visit, sightings: &[Value]) -> Part {
    let mut part = Part::of(f.say("value-sightings"));
    if sightings.is_empty() {
        return part.says(&f.say("value-sightings-none"));
    }
    let mut counts: BTreeMap<civil::Date, u64> = BTreeMap::new();
    for one in sightings.iter().filter(|one| !flag(one, "revoked")) {
        if let Some(day) = when(one).and_then(|at| day_of(at, &visit.zone)) {
            let count = counts.entry(day).or_default();
            *count = count.saturating_add(number(one, "count"));
        }
    }
    part.lead.push(plain(&f.say("value-days")));
    part.figure = Some(drawn(f, visit, &counts));
    let row = |one: &Value| {
        let by: Vec<String> = one
            .get("given_by")
            .map_or(&[][..], rows)
            .iter()
            .map(|by| text(by, "party").to_owned())
            .collect();
        let by = if by.is_empty() {
            plain(&f.say("value-own"))
        } else {
            all(by.iter().map(|party| plain(party)))
        };
        let time = |name: &str| some(one, name).map_or_else(Html::default, |at| f.time(&at));
        let id = text(one, "object");
        let seen = when(one).map_or_else(Html::default, |at| f.time(&at.to_stix()));
        vec![
            way_to(&path(&["objects", id]), &seen),
            time("first_seen"),
            plain(&number(one, "count").to_string()),
            all(texts(one, "seen_at").iter().map(|name| plain(name))),
            by,
            marking(f, one),
        ]
    };
    let mut newest: Vec<&Value> = sightings.iter().collect();
    newest.sort_by_key(|one| std::cmp::Reverse(when(one)));
    part.table = Some(Table {
        heads: vec![
            f.say("value-last-sighted"),
            f.say("value-first-sighted"),
            f.say("value-count"),
            f.say("value-where"),
            f.say("value-from"),
            f.say("marking"),
        ],
        rows: newest.into_iter().take(LISTED_MAX).map(row).collect(),
    });
    part
}

/// A way whose words are written already.
fn way_to(href: &str, words: &Html) -> Html {
    Html(format!(
        "<a href=\"{}\">{}</a>",
        comity_case::html::escaped(href),
        words.0
    ))
}

fn marking(f: &Frame, row: &Value) -> Html {
    match some(row, "marking") {
        Some(label) => f.label(&label),
        None => muted(&f.say("no-label")),
    }
}

/// The last days as bars, and the same as a table.
fn drawn(f: &Frame, visit: &Visit, counts: &BTreeMap<civil::Date, u64>) -> Html {
    let today = f.now.to_zoned(visit.zone.clone()).date();
    let days: Vec<Day> = (0..DAYS)
        .rev()
        .filter_map(|back| today.checked_sub(Span::new().days(back)).ok())
        .map(|date| Day {
            day: date.to_string(),
            count: counts.get(&date).copied().unwrap_or(0),
        })
        .collect();
    let drawn = sparkline::draw(&f.say("value-sightings"), &days);
    let row = |day: &str, count: u64| {
        format!(
            "<tr><td>{}</td><td class=\"num\">{count}</td></tr>",
            plain(day).0
        )
    };
    let mut table: String = drawn
        .rows
        .iter()
        .filter(|day| day.count > 0)
        .map(|day| row(&day.day, day.count))
        .collect();
    // What lies before or behind the drawing is told by the table alone.
    let apart = counts
        .iter()
        .filter(|(date, _)| days.iter().all(|day| day.day != date.to_string()));
    for (date, count) in apart {
        table.push_str(&row(&date.to_string(), *count));
    }
    let said = [f.say("value-day"), f.say("value-count"), f.say("as-table")];
    let [day, count, same] = said.map(|said| plain(&said).0);
    Html(format!(
        "{}<details><summary>{same}</summary><table class=\"list\"><thead><tr><th>{day}</th>\
         <th class=\"num\">{count}</th></tr></thead><tbody>{table}</tbody></table></details>",
        drawn.svg
    ))
}

fn objects_part(f: &Frame, objects: &[Value], more: bool) -> Part {
    let row = |row: &Value| {
        let line = line(row);
        let by = row.get("given_by").map_or(&[][..], rows);
        let by = if by.is_empty() {
            plain(&f.say("value-own"))
        } else {
            all(by.iter().map(|one| plain(text(one, "party"))))
        };
        let object = row.get("object").unwrap_or(&Value::Null);
        let mut name = way(&path(&["objects", &line.id]), &line.name);
        if flag(object, "revoked") {
            name = beside(&name, &f.state("revoked"));
        }
        vec![
            name,
            plain(&line.kind),
            by,
            marking(f, row),
            f.time(text(row, "date_added")),
        ]
    };
    let table = Table {
        heads: vec![
            f.say("object"),
            f.say("kind"),
            f.say("value-from"),
            f.say("marking"),
            f.say("added"),
        ],
        rows: objects.iter().map(row).collect(),
    };
    let part = Part::list(
        Some(f.say("value-objects")),
        table,
        (String::new(), String::new()),
    );
    if more {
        part.says(&f.count("value-more", objects.len()))
    } else {
        part
    }
}

fn releases(f: &Frame, releases: &[Value]) -> Part {
    let row = |row: &Value| {
        let id = text(row, "object");
        let object = if id.is_empty() {
            Html::default()
        } else {
            way(&path(&["objects", id]), id)
        };
        vec![
            plain(text(row, "party")),
            f.state(text(row, "verdict")),
            plain(&f.word("rule", text(row, "rule"))),
            some(row, "bound").map_or_else(Html::default, |label| f.label(&label)),
            object,
            plain(text(row, "reason")),
        ]
    };
    let table = Table {
        heads: vec![
            f.say("party"),
            f.say("verdict"),
            f.say("rule"),
            f.say("marking"),
            f.say("object"),
            f.say("reason"),
        ],
        rows: releases.iter().map(row).collect(),
    };
    let part = Part::list(
        Some(f.say("value-may-go")),
        table,
        (f.say("release-nobody"), f.say("release-nobody-hint")),
    );
    part.says(&f.say("value-may-go-hint"))
}

fn threads_part(f: &Frame, named: &[Value]) -> Part {
    let row = |row: &Value| {
        let line = threads::line(f, row);
        vec![
            way(&line.href, &line.title),
            plain(&line.kind),
            line.state,
            plain(&line.party),
            f.label(&line.label),
            line.changed,
        ]
    };
    let table = Table {
        heads: vec![
            f.say("thread-title"),
            f.say("kind"),
            f.say("standing"),
            f.say("party"),
            f.say("marking"),
            f.say("changed"),
        ],
        rows: named.iter().map(row).collect(),
    };
    Part::list(
        Some(f.say("value-threads")),
        table,
        (String::new(), String::new()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_is_told_from_words_and_from_several() {
        for one in [
            "198.51.100.7",
            "198[.]51[.]100[.]7",
            "198.51.100.0/24",
            "2001:db8::1",
            "hxxps://evil[.]example/a?b=c",
            "evil.example",
            "someone[at]evil.example",
            "d41d8cd98f00b204e9800998ecf8427e",
            "CVE-2026-1234",
            "AS64496",
        ] {
            assert!(is_one(one), "{one}");
        }
        for other in [
            "malware",
            "198.51.100.7 198.51.100.8",
            "",
            "64496",
            "two words",
        ] {
            assert!(!is_one(other), "{other}");
        }
    }

    #[test]
    fn a_value_stays_one_in_its_address() {
        assert_eq!(place("a&b=c/é"), "/value?v=a%26b%3Dc%2F%C3%A9");
    }
}
