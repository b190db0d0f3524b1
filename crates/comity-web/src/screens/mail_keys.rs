//! OpenPGP: this node's keys, and the certificates of other parties.
//!
//! In scope: both lists, making, prolonging and taking back own keys, registering and removing certificates. Out of scope: what a key is
//! good for (`comity-node`).

use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::screens::mail::tabs;
use crate::screens::{flag, rows, some, text, texts};
use crate::sheet::{Field, Form, Part, Sheet, Table, beside, code, muted, path, plain, way};
use crate::visit::{Visit, Web};

/// How long a key is valid where nobody says it: two years.
const DAYS: u32 = 730;

/// `GET /mail-keys`: own keys and the certificates of other parties.
pub(crate) async fn show(web: Web, visit: Visit) -> Shown {
    let own = visit.ask(&web, "show_mail_keys", Value::Null).await?;
    let theirs = visit
        .ask(&web, "list_certificates", json!({ "party": null }))
        .await?;
    let mut sheet = Sheet::new(Frame::new(&web, &visit, visit.words.say("mail-keys")));
    if visit.may(Permission::Look) {
        sheet.links = tabs(&sheet.frame, "/mail-keys");
    }
    let f = &sheet.frame;
    let line = |row: &Value| line(f, row);
    let may_revoke = visit.may(Permission::Administer);
    let of_own = |row: &Value| {
        let mut cells = line(row);
        if may_revoke && flag(row, "usable") {
            let at = path(&["mail-keys", text(row, "fingerprint"), "revoke"]);
            let last = cells.pop().unwrap_or_default();
            cells.push(beside(&last, &way(&at, &f.say("mail-key-revoke"))));
        }
        cells
    };
    let heads = vec![
        f.say("fingerprint"),
        f.say("key-names"),
        f.say("standing"),
        f.say("until"),
    ];
    let table = Table {
        heads: heads.clone(),
        rows: rows(&own).iter().map(of_own).collect(),
    };
    let mut parts = vec![Part::list(
        Some(f.say("mail-keys-own")),
        table,
        (f.say("mail-keys-none"), f.say("mail-keys-none-hint")),
    )];
    parts.extend(making(&visit, f, !rows(&own).is_empty()));
    if !rows(&own).is_empty() {
        let exported = visit
            .ask(&web, "export_mail_key", json!({ "fingerprint": null }))
            .await?;
        parts.push(Part::default().raw(f.say("mail-key-copy"), text(&exported, "certificate")));
    }
    let mut wide = heads;
    wide.insert(0, f.say("party"));
    wide.push(f.say("confirmed-by"));
    let table = Table {
        heads: wide,
        rows: rows(&theirs)
            .iter()
            .map(|row| of_party(&visit, f, row))
            .collect(),
    };
    parts.push(Part::list(
        Some(f.say("certificates")),
        table,
        (f.say("certificates-none"), f.say("certificates-none-hint")),
    ));
    parts.extend(registering(&visit, f));
    sheet.parts = parts;
    sheet.shown(&visit)
}

/// The form that registers a certificate, for whoever may.
fn registering(visit: &Visit, f: &Frame) -> Option<Part> {
    let form = Form::new("/mail-keys", f.say("certificate-register"))
        .line("party", f.say("party"))
        .text("certificate", f.say("certificate"))
        .maybe("fingerprint", f.say("certificate-fingerprint"));
    let part = Part::of(f.say("certificate-new")).says(&f.say("certificate-new-hint"));
    visit.may(Permission::Agree).then(|| part.form(form))
}

/// What a list tells of a key.
fn line(f: &Frame, row: &Value) -> Vec<crate::html::Html> {
    let until = some(row, "until").map_or_else(|| muted("–"), |at| f.time(&at));
    let state = if flag(row, "usable") { "ok" } else { "failed" };
    vec![
        code(text(row, "fingerprint")),
        plain(&texts(row, "user_ids").join(", ")),
        beside(&f.state(state), &muted(text(row, "state"))),
        until,
    ]
}

/// The same of a party's, with the party and by whom it was confirmed.
fn of_party(visit: &Visit, f: &Frame, row: &Value) -> Vec<crate::html::Html> {
    let mut cells = line(f, row);
    cells.insert(
        0,
        way(&path(&["parties", text(row, "party")]), text(row, "party")),
    );
    cells.push(plain(&format!(
        "{} {}",
        text(row, "confirmed_by"),
        text(row, "officer")
    )));
    if visit.may(Permission::Agree) {
        let parts = [
            "certificates",
            text(row, "party"),
            text(row, "fingerprint"),
            "remove",
        ];
        let last = cells.pop().unwrap_or_default();
        cells.push(beside(
            &last,
            &way(&path(&parts), &f.say("certificate-remove")),
        ));
    }
    cells
}

/// The forms that make a key and prolong the newest, for whoever may.
fn making(visit: &Visit, f: &Frame, there: bool) -> Option<Part> {
    if !visit.may(Permission::Administer) {
        return None;
    }
    let days = |form: Form| {
        form.field(
            Field::line("days", f.say("mail-key-days"))
                .typed("number")
                .value(DAYS.to_string()),
        )
    };
    let make = Form::new("/mail-keys/make", f.say("mail-key-make"))
        .hint(f.say("mail-key-make-hint"))
        .field(
            Field::line("user_id", f.say("mail-key-name"))
                .optional()
                .hint(f.say("mail-key-name-hint")),
        );
    let mut part = Part::of(f.say("mail-key-new")).form(days(make));
    if there {
        let extend = Form::new("/mail-keys/extend", f.say("mail-key-extend"))
            .plain()
            .hint(f.say("mail-key-extend-hint"));
        part = part.form(days(extend));
    }
    Some(part)
}

/// `POST /mail-keys/make` and `POST /mail-keys/extend`.
pub(crate) async fn lengthen(web: Web, visit: Visit, fields: Fields) -> Shown {
    let days = fields.get("days").and_then(|days| days.parse::<u32>().ok());
    let days = days.ok_or(Fault::Form)?;
    let (operation, asked) = match visit.argument("step") {
        "make" => (
            "make_mail_key",
            json!({ "user_id": fields.get("user_id"), "days": days }),
        ),
        "extend" => ("extend_mail_key", json!({ "days": days })),
        _ => return Err(Fault::Missing),
    };
    visit.ask(&web, operation, asked).await?;
    to("/mail-keys")
}

/// `GET /mail-keys/{fingerprint}/revoke`: what taking a key back does.
pub(crate) async fn revoke(web: Web, visit: Visit) -> Shown {
    visit.needs(Permission::Administer)?;
    let fingerprint = visit.argument("fingerprint").to_owned();
    let mut sheet = Sheet::new(Frame::new(
        &web,
        &visit,
        visit.words.say("mail-key-revoke-title"),
    ));
    sheet.notice("warn", vec![visit.words.say("mail-key-revoke-what")]);
    let f = &sheet.frame;
    let why = vec![
        ("retired".to_owned(), f.say("mail-key-retired")),
        ("compromised".to_owned(), f.say("mail-key-compromised")),
    ];
    let form = Form::new(
        path(&["mail-keys", &fingerprint, "revoke"]),
        f.say("mail-key-revoke-do"),
    )
    .danger()
    .choice("why", f.say("reason"), why);
    sheet.parts = vec![
        Part::default()
            .wide(f.say("fingerprint"), code(&fingerprint))
            .form(form)
            .link("/mail-keys", f.say("back")),
    ];
    sheet.shown(&visit)
}

/// `POST /mail-keys/{fingerprint}/revoke`.
pub(crate) async fn revoke_for_good(web: Web, visit: Visit, fields: Fields) -> Shown {
    let compromised = match fields.get("why") {
        Some("compromised") => true,
        Some("retired") => false,
        Some(_) | None => return Err(Fault::Form),
    };
    let asked = json!({ "fingerprint": visit.argument("fingerprint"), "compromised": compromised });
    visit.ask(&web, "revoke_mail_key", asked).await?;
    to("/mail-keys")
}

/// `GET /certificates/{party}/{fingerprint}/remove`.
pub(crate) async fn remove(web: Web, visit: Visit) -> Shown {
    visit.needs(Permission::Agree)?;
    let (party, fingerprint) = (visit.argument("party"), visit.argument("fingerprint"));
    let title = visit
        .words
        .say_of("certificate-remove-title", "party", party);
    let mut sheet = Sheet::new(Frame::new(&web, &visit, title));
    sheet.notice("warn", vec![visit.words.say("certificate-remove-what")]);
    let f = &sheet.frame;
    let at = path(&["certificates", party, fingerprint, "remove"]);
    let form = Form::new(at, f.say("certificate-remove-do")).danger();
    sheet.parts = vec![
        Part::default()
            .wide(f.say("fingerprint"), code(fingerprint))
            .form(form)
            .link("/mail-keys", f.say("back")),
    ];
    sheet.shown(&visit)
}

/// `POST /certificates/{party}/{fingerprint}/remove`.
pub(crate) async fn remove_for_good(web: Web, visit: Visit, _fields: Fields) -> Shown {
    let asked =
        json!({ "party": visit.argument("party"), "fingerprint": visit.argument("fingerprint") });
    visit.ask(&web, "unregister_certificate", asked).await?;
    to("/mail-keys")
}

/// `POST /mail-keys`.
pub(crate) async fn register(web: Web, visit: Visit, fields: Fields) -> Shown {
    let asked = json!({
        "party": fields.text("party"), "certificate": fields.text("certificate"), "fingerprint": fields.get("fingerprint"),
    });
    visit.ask(&web, "register_certificate", asked).await?;
    to("/mail-keys")
}
