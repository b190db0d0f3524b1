//! Adding objects by pasting them: STIX, tables, or values one a line.
//!
//! In scope: the form, what became of it. Out of scope: reading what was pasted (`comity_node::pasted`).

use comity_node::operation::rights::Permission;
use serde_json::json;

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown};
use crate::screens::{labels, number, refused_or_missing, texts, writable};
use crate::sheet::{Field, Form, Kind, Part, Sheet, all, asking, muted, plain};
use crate::visit::{Visit, Web};

/// `GET /objects/import`.
pub(crate) async fn form(web: Web, visit: Visit) -> Shown {
    let sheet = begun(&web, &visit, &visit.query).await?;
    sheet.shown(&visit)
}

/// The page with its form, in which stands what was typed.
async fn begun(web: &Web, visit: &Visit, typed: &Fields) -> Result<Sheet, Fault> {
    visit.needs(Permission::Add)?;
    let collections = writable(web, visit).await?;
    let mut sheet = Sheet::new(Frame::new(web, visit, visit.words.say("objects-import")));
    let f = &sheet.frame;
    if collections.is_empty() {
        sheet.parts = vec![Part::default().says(&f.say("sighting-nowhere"))];
        return Ok(sheet);
    }
    let as_said = (String::new(), f.say("objects-import-as-said"));
    let choice = |name: &'static str, label: String, choices: Vec<(String, String)>| Field {
        kind: Kind::Choice(choices),
        ..Field::line(name, label).value(typed.text(name))
    };
    let pasted = Field {
        kind: Kind::Text,
        ..Field::line("text", f.say("objects-import-text"))
    };
    let pasted = pasted.value(typed.raw("text").unwrap_or_default());
    let form = Form::new("/objects/import", f.say("objects-import-take"))
        .hint(f.say("objects-import-hint"))
        .field(choice("collection", f.say("collection"), collections))
        .field(pasted.hint(f.say("objects-import-text-hint")))
        .field(
            choice(
                "label",
                f.say("marking"),
                std::iter::once(as_said).chain(labels()).collect(),
            )
            .optional()
            .hint(f.say("objects-import-label-hint")),
        );
    sheet.parts = vec![Part::default().form(form)];
    Ok(sheet)
}

/// `POST /objects/import`.
pub(crate) async fn take(web: Web, visit: Visit, fields: Fields) -> Shown {
    visit.needs(Permission::Add)?;
    let collection = fields.text("collection");
    let asked = json!({
        "collection": collection, "text": fields.raw("text").unwrap_or_default(), "label": fields.get("label"),
    });
    let came = match visit.ask(&web, "import_text", asked).await {
        Ok(came) => came,
        Err(fault) => {
            let (status, what, hint) = refused_or_missing(&visit, fault)?;
            let mut sheet = begun(&web, &visit, &fields).await?;
            sheet.notice("fail", vec![what, hint]);
            let mut page = sheet.shown(&visit)?;
            *page.status_mut() = status;
            return Ok(page);
        }
    };
    let mut sheet = Sheet::new(Frame::new(&web, &visit, visit.words.say("objects-import")));
    let f = &sheet.frame;
    let count = |many: u64| plain(&many.to_string());
    let mut part = Part::of(f.say("objects-import-done"))
        .fact(f.say("objects-import-added"), count(number(&came, "added")))
        .fact(
            f.say("objects-import-unchanged"),
            count(number(&came, "unchanged")),
        )
        .fact(
            f.say("objects-import-failed"),
            count(number(&came, "failed")),
        );
    let problems = texts(&came, "problems");
    if !problems.is_empty() {
        let lines = problems.iter().map(|line| muted(line));
        part = part.wide(f.say("objects-import-problems"), all(lines));
    }
    let there = [("collection", collection.as_str())];
    let part = part
        .link(asking("/objects", there), f.say("objects-import-look"))
        .link(
            asking("/objects/import", there),
            f.say("objects-import-more"),
        );
    sheet.parts = vec![part];
    sheet.shown(&visit)
}
