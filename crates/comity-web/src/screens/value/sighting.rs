//! The form to say that a value was seen, and what becomes of it.
//!
//! In scope: the form, recording the sighting, leading to its release. Out of scope: what a sighting is (`comity_node::sighting`).

use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use super::{place, value_page};
use crate::acts::read::moment;
use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::screens::objects::line;
use crate::screens::{flag, labels, party_choices, refused, text, writable};
use crate::sheet::{Field, Form, Kind, Part, asking};
use crate::visit::{Visit, Web};

/// Types that a sighting is of, as far as they carry values.
const SIGHTED: &[&str] = &["indicator", "malware", "infrastructure", "tool"];

/// The form, with what was typed before.
pub(super) async fn form(
    web: &Web,
    visit: &Visit,
    f: &Frame,
    (value, objects): (&str, &[Value]),
    sent: Option<&Fields>,
) -> Result<Part, Fault> {
    let part = Part::of(f.say("sighting-new"));
    let collections = writable(web, visit).await?;
    if collections.is_empty() {
        return Ok(part.says(&f.say("sighting-nowhere")));
    }
    let typed = |name: &str| sent.map(|sent| sent.text(name)).unwrap_or_default();
    let of = sighted(f, objects);
    // What is known is sighted, before anything is made anew.
    let first = of.first().map(|(id, _)| id.clone()).unwrap_or_default();
    let chosen = sent.map_or(first, |sent| sent.text("object"));
    let now = f.now.to_zoned(visit.zone.clone());
    let now = now.strftime("%Y-%m-%dT%H:%M").to_string();
    let first = sent.map_or(now, |sent| sent.text("first_seen"));
    let count = sent.map_or_else(|| "1".to_owned(), |sent| sent.text("count"));
    let zone = f.say_of("sighting-zone", "zone", &f.zone_name());
    let unlabelled = (String::new(), f.say("sighting-no-label"));
    let labels = std::iter::once(unlabelled).chain(labels()).collect();
    let choice = |name: &'static str, label: String, of: Vec<(String, String)>| Field {
        kind: Kind::Choice(of),
        ..Field::line(name, label).value(typed(name))
    };
    let mut form = Form::new("/value/sighting", f.say("sighting-do"))
        .hint(f.say("sighting-hint"))
        .hidden("v", value)
        .field(Field {
            value: chosen,
            ..choice("object", f.say("sighting-of"), of)
        })
        .field(
            Field::line("first_seen", f.say("value-first-sighted"))
                .typed("datetime-local")
                .value(first)
                .hint(zone),
        )
        .field(
            Field::line("last_seen", f.say("value-last-sighted"))
                .typed("datetime-local")
                .value(typed("last_seen"))
                .optional()
                .hint(f.say("sighting-last-hint")),
        )
        .field(
            Field::line("count", f.say("value-count"))
                .typed("number")
                .value(count),
        )
        .field(choice("label", f.say("marking"), labels))
        .field(choice("collection", f.say("sighting-into"), collections))
        .field(
            Field::line("note", f.say("sighting-note"))
                .value(typed("note"))
                .optional(),
        );
    if visit.may(Permission::Release) {
        let verified = |row: &Value| text(row, "state") == "verified";
        let parties = party_choices(web, visit, verified).await?;
        if !parties.is_empty() {
            let chosen = sent.map(|sent| sent.all("party")).unwrap_or_default();
            form = form.field(Field {
                kind: Kind::Several(parties, chosen),
                ..Field::line("party", f.say("sighting-parties"))
                    .optional()
                    .hint(f.say("sighting-parties-hint"))
            });
        }
    }
    Ok(part.form(form))
}

/// What the value's objects allow a sighting to be of, and a new indicator.
fn sighted(f: &Frame, objects: &[Value]) -> Vec<(String, String)> {
    let all = objects.iter().filter_map(|row| row.get("object"));
    let fit =
        all.filter(|object| SIGHTED.contains(&text(object, "type")) && !flag(object, "revoked"));
    let mut of: Vec<(String, String)> = fit
        .map(|object| {
            let line = line(&json!({ "object": object }));
            (line.id, format!("{} ({})", line.name, line.kind))
        })
        .collect();
    of.push((String::new(), f.say("sighting-made")));
    of
}

/// `POST /value/sighting`.
pub(crate) async fn share(web: Web, visit: Visit, fields: Fields) -> Shown {
    let value = fields.text("v");
    if value.is_empty() {
        return Err(Fault::Form);
    }
    let done = match arguments(&visit, &fields) {
        Ok(arguments) => visit.ask(&web, "add_sighting", arguments).await,
        Err(fault) => Err(fault),
    };
    let done = match done {
        Ok(done) => done,
        Err(fault) => {
            let (status, what, hint) = refused(&visit, fault)?;
            let shown = value_page(&web, &visit, &value, Some((&fields, (what, hint)))).await;
            return shown.map(|mut page| {
                *page.status_mut() = status;
                page
            });
        }
    };
    let parties = fields.all("party");
    if parties.is_empty() || !visit.may(Permission::Release) {
        return to(&place(&value));
    }
    let made = ["sighting", "object", "identity"].map(|name| ("object", text(&done, name)));
    let parties = parties.iter().map(|party| ("party", party.as_str()));
    to(&asking("/release", made.into_iter().chain(parties)))
}

/// What the form says.
fn arguments(visit: &Visit, fields: &Fields) -> Result<Value, Fault> {
    let time = |name: &str| {
        let typed = fields.get(name);
        typed
            .map(|text| moment(text, &visit.zone).ok_or(Fault::Form))
            .transpose()
    };
    let count = fields.get("count").unwrap_or("1").parse::<u64>();
    let object = fields.get("object");
    Ok(json!({
        "collection": fields.text("collection"), "object": object,
        "value": object.is_none().then(|| fields.text("v")),
        "first_seen": time("first_seen")?, "last_seen": time("last_seen")?,
        "count": count.map_err(|_| Fault::Form)?, "label": fields.get("label"), "note": fields.get("note"),
    }))
}
