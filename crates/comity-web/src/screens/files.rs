//! Files in and out: taking one in as evidence, and getting a copy of an item.
//!
//! In scope: the form, carrying bytes between a browser and the node. Out of scope: custody (`evidence`, `comity_node`).

use comity_node::operation::along;
use comity_node::operation::rights::Permission;
use comity_stix::marking::Tlp;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use crate::acts::read::moment;
use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::saved;
use crate::screens::{labels, refused_or_missing, text};
use crate::sheet::{Field, Form, Kind, Part, Sheet, path};
use crate::upload::Upload;
use crate::visit::{Visit, Web};

/// The field that is the file.
const FILE: &str = "file";

/// `GET /evidence/new`.
pub(crate) async fn form(web: Web, visit: Visit) -> Shown {
    shown(&web, &visit, None)
}

fn shown(web: &Web, visit: &Visit, sent: Option<(&Fields, (String, String))>) -> Shown {
    visit.needs(Permission::Work)?;
    let mut sheet = Sheet::new(Frame::new(web, visit, visit.words.say("evidence-new")));
    let typed = |name: &str| {
        let typed = sent.as_ref().map(|(typed, _)| *typed);
        typed.unwrap_or(&visit.query).text(name)
    };
    let f = &sheet.frame;
    let line = |name: &'static str| Field::line(name, f.word("field", name)).value(typed(name));
    let mut label = Field {
        kind: Kind::Choice(labels()),
        ..line("label")
    };
    if label.value.is_empty() {
        // What nobody labelled is not for everybody.
        label.value = Tlp::AmberStrict.to_string();
    }
    let sample = Field {
        kind: Kind::Tick,
        ..Field::line("sample", f.say("evidence-sample")).value(typed("sample"))
    };
    let zone = f.say_of("sighting-zone", "zone", &f.zone_name());
    let form = Form::new("/evidence/new", f.say("evidence-take"))
        .field(line("source").hint(f.say("evidence-source-hint")))
        .field(line("acquired_at").typed("datetime-local").hint(zone))
        .field(line("acquired_how").hint(f.say("evidence-how-hint")))
        .field(
            line("acquired_by")
                .optional()
                .hint(f.say("evidence-by-hint")),
        )
        .field(line("tool"))
        .field(line("legal_basis"))
        .field(label)
        .field(line("media_type").optional())
        .field(line("seal").optional())
        .field(line("derived_from").optional())
        .field(line("derived_version").optional())
        .field(sample.hint(f.say("evidence-sample-hint")))
        .file(FILE, f.say("evidence-file"), f.say("evidence-file-hint"));
    sheet.parts = vec![Part::default().form(form)];
    if let Some((_, (what, hint))) = sent {
        sheet.notice("fail", vec![what, hint]);
    }
    sheet.shown(visit)
}

/// `POST /evidence/new`.
pub(crate) async fn take(web: Web, visit: Visit, mut upload: Upload) -> Shown {
    visit.needs(Permission::Work)?;
    let _place = place(&web)?;
    let fields = match upload.fields(&visit, FILE).await {
        Ok(fields) => fields,
        Err(fault) => {
            upload.drain().await;
            return Err(fault);
        }
    };
    let done = match arguments(&visit, &fields) {
        Ok(_) if upload.is_too_large() => Err(Fault::FileTooLarge),
        Ok(arguments) => stored(&web, &visit, arguments, &mut upload).await,
        Err(fault) => Err(fault),
    };
    let fault = match done {
        Ok(item) => return to(&path(&["evidence", text(&item, "id")])),
        Err(fault) => fault,
    };
    upload.drain().await;
    let (status, what, hint) = refused_or_missing(&visit, fault)?;
    let page = shown(&web, &visit, Some((&fields, (what, hint))));
    page.map(|mut page| {
        *page.status_mut() = status;
        page
    })
}

/// A place among the files that come and go.
fn place(web: &Web) -> Result<OwnedSemaphorePermit, Fault> {
    let place = web.files.clone().try_acquire_owned();
    place.map_err(|_| Fault::Busy)
}

/// What is said of the file.
fn arguments(visit: &Visit, fields: &Fields) -> Result<Value, Fault> {
    let at = moment(&fields.text("acquired_at"), &visit.zone).ok_or(Fault::Form)?;
    let text = |name: &str| fields.text(name);
    Ok(json!({
        "media_type": fields.get("media_type"), "acquired_at": at, "acquired_by": fields.get("acquired_by"),
        "acquired_how": text("acquired_how"), "tool": text("tool"), "source": text("source"),
        "legal_basis": text("legal_basis"), "label": text("label"), "seal": fields.get("seal"),
        "sample": fields.is_on("sample"), "derived_from": fields.get("derived_from"),
        "derived_version": fields.get("derived_version"),
    }))
}

/// Has the node store the bytes as they come.
async fn stored(
    web: &Web,
    visit: &Visit,
    arguments: Value,
    upload: &mut Upload,
) -> Result<Value, Fault> {
    let (giver, mut from) = along::given();
    let (node, person) = (web.node.clone(), visit.person()?.clone());
    let asked = tokio::task::spawn_blocking(move || {
        node.ask_giving(&person, ("add_evidence", arguments), &mut from)
    });
    let sent = upload.give(giver).await;
    let Ok(done) = asked.await else {
        return Err(Fault::Failed("the operation ended early".to_owned()));
    };
    // What broke off was not stored; the node's own word would be of a file that ended.
    sent?;
    Ok(done?)
}

/// `POST /evidence/{item}/copy`.
pub(crate) async fn give(web: Web, visit: Visit, _fields: Fields) -> Shown {
    let place = place(&web)?;
    let arguments = json!({ "item": visit.argument("item") });
    let (node, person) = (web.node.clone(), visit.person()?.clone());
    let asked =
        tokio::task::spawn_blocking(move || node.ask_taking(&person, ("copy_evidence", arguments)));
    let Ok(handed) = asked.await else {
        return Err(Fault::Failed("the operation ended early".to_owned()));
    };
    let handed = handed?;
    // A sample is named by its digest alone.
    let name = match handed.size {
        Some(_) => format!("{}-{}", handed.source, handed.name),
        None => handed.name.clone(),
    };
    let (mut written, from) = along::taken();
    let size = handed.size;
    tokio::task::spawn_blocking(move || {
        if let Err(error) = handed.write(&mut written) {
            tracing::warn!(error = %error, "a copy broke off");
            written.fail(error);
        }
    });
    Ok(saved::coming(&name, size, from, place))
}
