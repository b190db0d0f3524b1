//! OpenPGP: this node's keys, and the certificates of other parties.
//!
//! In scope: both lists, registering a certificate. Out of scope: making keys (the command line).

use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Frame, Shown, to};
use crate::screens::mail::tabs;
use crate::screens::{flag, rows, some, text, texts};
use crate::sheet::{Form, Part, Sheet, Table, beside, code, muted, path, plain, way};
use crate::visit::{Visit, Web};

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
    let line = |row: &Value| {
        let until = some(row, "until").map_or_else(|| muted("–"), |at| f.time(&at));
        let state = if flag(row, "usable") { "ok" } else { "failed" };
        vec![
            code(text(row, "fingerprint")),
            plain(&texts(row, "user_ids").join(", ")),
            beside(&f.state(state), &muted(text(row, "state"))),
            until,
        ]
    };
    let heads = vec![
        f.say("fingerprint"),
        f.say("key-names"),
        f.say("standing"),
        f.say("until"),
    ];
    let table = Table {
        heads: heads.clone(),
        rows: rows(&own).iter().map(line).collect(),
    };
    let mut parts = vec![Part::list(
        Some(f.say("mail-keys-own")),
        table,
        (f.say("mail-keys-none"), f.say("mail-keys-none-hint")),
    )];
    if !rows(&own).is_empty() {
        let exported = visit
            .ask(&web, "export_mail_key", json!({ "fingerprint": null }))
            .await?;
        parts.push(Part::default().raw(f.say("mail-key-copy"), text(&exported, "certificate")));
    }
    let with_party = |row: &Value| {
        let mut cells = line(row);
        cells.insert(
            0,
            way(&path(&["parties", text(row, "party")]), text(row, "party")),
        );
        cells.push(plain(&format!(
            "{} {}",
            text(row, "confirmed_by"),
            text(row, "officer")
        )));
        cells
    };
    let mut wide = heads;
    wide.insert(0, f.say("party"));
    wide.push(f.say("confirmed-by"));
    let table = Table {
        heads: wide,
        rows: rows(&theirs).iter().map(with_party).collect(),
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

/// `POST /mail-keys`.
pub(crate) async fn register(web: Web, visit: Visit, fields: Fields) -> Shown {
    let asked = json!({
        "party": fields.text("party"), "certificate": fields.text("certificate"), "fingerprint": fields.get("fingerprint"),
    });
    visit.ask(&web, "register_certificate", asked).await?;
    to("/mail-keys")
}
