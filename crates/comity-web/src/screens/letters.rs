//! Letters: writing one to a party, seeing what would become of it, sending it.
//!
//! In scope: the form, the preview. Out of scope: the rules and how it is protected (`comity-node`), what becomes of it (`outgoing`).

use comity_case::message::MESSAGE_TYPE;
use comity_node::operation::rights::Permission;
use comity_stix::marking::Tlp;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, key, to};
use crate::screens::{flag, party_choices, refused_or_missing, rows, some, text, texts};
use crate::sheet::{Field, Form, Kind, Part, Sheet, Table, all, code, path, plain, way};
use crate::visit::{Visit, Web};

/// The fields of a letter, which its preview sends once more.
const FIELDS: [&str; 9] = [
    "party", "to", "contact", "label", "person", "thread", "subject", "text", "object",
];

/// `GET /mail/letters/new`.
pub(crate) async fn form(web: Web, visit: Visit) -> Shown {
    let sheet = begun(&web, &visit, &visit.query).await?;
    sheet.shown(&visit)
}

/// The page with what was typed.
async fn begun(web: &Web, visit: &Visit, typed: &Fields) -> Result<Sheet, Fault> {
    visit.needs(Permission::Release)?;
    let parties = party_choices(web, visit, |row| text(row, "state") == "verified").await?;
    let mut sheet = Sheet::new(Frame::new(web, visit, visit.words.say("letter-new")));
    let f = &sheet.frame;
    if parties.is_empty() {
        sheet.parts = vec![Part {
            empty: Some((f.say("release-nobody"), f.say("release-nobody-hint"))),
            ..Part::default()
        }];
        return Ok(sheet);
    }
    let mut labels = vec![(String::new(), f.say("sighting-no-label"))];
    labels.extend(
        [
            Tlp::Clear,
            Tlp::Green,
            Tlp::Amber,
            Tlp::AmberStrict,
            Tlp::Red,
        ]
        .map(|label| (label.to_string(), label.to_string())),
    );
    let line = |name: &'static str, label: String| Field::line(name, label).value(typed.text(name));
    let of = |name: &'static str, label: String, kind: Kind| Field {
        kind,
        ..line(name, label)
    };
    let form = Form::new("/mail/letters/new", f.say("letter-preview"))
        .hint(f.say("letter-hint"))
        .field(of("party", f.say("party"), Kind::Choice(parties)))
        .field(
            line("to", f.say("mail-to"))
                .optional()
                .hint(f.say("letter-to-hint")),
        )
        .field(line("contact", f.say("letter-contact")).optional())
        .field(of("label", f.say("marking"), Kind::Choice(labels)))
        .field(
            line("person", f.say("release-person"))
                .optional()
                .typed("email")
                .hint(f.say("release-person-hint")),
        )
        .field(line("thread", f.say("letter-thread")).optional())
        .field(line("subject", f.say("mail-subject")))
        .field(of("text", f.say("letter-text"), Kind::Text))
        .field(of("object", f.say("release-objects"), Kind::Text).optional());
    sheet.parts = vec![Part::default().form(form)];
    Ok(sheet)
}

fn asked(typed: &Fields, dry_run: bool) -> Value {
    let objects = typed.all("object");
    let objects: Vec<&str> = objects
        .iter()
        .flat_map(|text| text.split_whitespace())
        .collect();
    json!({
        "party": typed.text("party"), "to": typed.get("to"), "contact": typed.get("contact"), "subject": typed.text("subject"),
        "text": typed.raw("text").unwrap_or_default().replace("\r\n", "\n"), "objects": objects,
        "thread": typed.get("thread"), "label": typed.get("label"), "person": typed.get("person"), "dry_run": dry_run,
    })
}

/// `POST /mail/letters/new`: what would become of it, then, said once more, the letter itself.
pub(crate) async fn write(web: Web, visit: Visit, typed: Fields) -> Shown {
    let sends = typed.is_on("send");
    let done = visit.ask(&web, "send_letter", asked(&typed, !sends)).await;
    let done = match done {
        Ok(done) => done,
        Err(fault) => {
            let (status, what, hint) = refused_or_missing(&visit, fault)?;
            let mut sheet = begun(&web, &visit, &typed).await?;
            sheet.notice("fail", vec![what, hint]);
            return sheet.shown(&visit).map(|mut page| {
                *page.status_mut() = status;
                page
            });
        }
    };
    if let Some(mail) = some(&done, "mail") {
        return to(&format!("/mail/outgoing{}", path(&[&mail])));
    }
    let mut sheet = begun(&web, &visit, &typed).await?;
    sheet.frame.mark(text(&done, "label"));
    let (goes, waits) = (flag(&done, "goes"), flag(&done, "waits"));
    if !goes && !waits {
        sheet.notice("fail", vec![visit.words.say("letter-stays")]);
    }
    let part = preview(&sheet.frame, &typed, &done);
    sheet.parts.insert(0, part);
    sheet.shown(&visit)
}

/// What would become of it, each part with its rule; the button, where all of it goes, or would once a second person has looked at it.
fn preview(f: &Frame, typed: &Fields, done: &Value) -> Part {
    let protection = match some(done, "protection").as_deref() {
        Some("encrypted") => Some(key("letter-encrypted")),
        Some("signed") => Some(key("letter-signed")),
        Some(_) => Some(key("letter-open")),
        None => None,
    };
    let row = |line: &Value| {
        let id = text(line, "object");
        // The words are judged as a message is, and are none yet.
        let words = id.split_once("--").map(|(kind, _)| kind) == Some(MESSAGE_TYPE);
        let what = if words {
            plain(&f.say("letter-words"))
        } else {
            way(&path(&["objects", id]), id)
        };
        vec![
            what,
            f.state(text(line, "verdict")),
            f.label(text(line, "label")),
            plain(&f.word("rule", text(line, "rule"))),
            plain(text(line, "reason")),
            all(texts(line, "cuts").iter().map(|cut| plain(cut))),
        ]
    };
    let lines = done.get("lines").map_or(&[][..], rows);
    let mut part = Part::of(f.say("letter-would"))
        .fact(f.say("mail-to"), code(text(done, "to")))
        .fact(
            f.say("letter-address-from"),
            plain(&f.word("known-by", text(done, "address_from"))),
        )
        .fact(f.say("marking"), f.label(text(done, "label")));
    part.table = Some(Table {
        heads: vec![
            f.say("what"),
            f.say("verdict"),
            f.say("marking"),
            f.say("rule"),
            f.say("reason"),
            f.say("cut-out"),
        ],
        rows: lines.iter().map(row).collect(),
    });
    if let Some(protection) = protection {
        part = part.fact(f.say("letter-protection"), plain(&f.say(protection)));
    }
    let (button, hint) = match (flag(done, "goes"), flag(done, "waits")) {
        (true, _) => (key("letter-send"), key("letter-send-hint")),
        (false, true) => (key("letter-ask"), key("letter-ask-hint")),
        (false, false) => return part,
    };
    let mut form = Form::new("/mail/letters/new", f.say(button))
        .hint(f.say(hint))
        .hidden("send", "yes");
    for name in FIELDS {
        form = form.hidden(name, typed.raw(name).unwrap_or_default());
    }
    part.form(form)
}
