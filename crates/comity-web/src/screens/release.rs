//! Releases: what would leave, as whoever it is for would get it, and what waits for a second person.
//!
//! In scope: choosing, the review, saying yes or no. Out of scope: the rules (`comity-release`), taking back (`recalls`).

use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::html::Html;
use crate::screens::{held, party_choices, rows, some, text, texts};
use crate::sheet::{
    Field, Form, Part, Sheet, Table, all, asking, beside, code, lines, muted, path, plain, way,
};
use crate::visit::{Visit, Web};

/// Objects in one review.
const OBJECTS_MAX: usize = 200;

/// What a release is to be.
pub(crate) struct Wanted {
    pub(crate) objects: Vec<String>,
    party: String,
    /// To whom it is to go afterwards.
    then: Vec<String>,
    person: Option<String>,
}

impl Wanted {
    pub(crate) fn of(fields: &Fields) -> Result<Self, Fault> {
        // Ids come one by one from lists, or pasted into one field.
        let given = fields.all("object");
        let mut objects: Vec<String> = Vec::new();
        for id in given.iter().flat_map(|text| text.split_whitespace()) {
            if !objects.iter().any(|known| known == id) {
                objects.push(id.to_owned());
            }
        }
        if objects.len() > OBJECTS_MAX {
            return Err(Fault::TooLarge);
        }
        Ok(Self {
            objects,
            party: fields.text("party"),
            then: fields.all("party").into_iter().skip(1).collect(),
            person: fields.get("person").map(str::to_owned),
        })
    }

    /// The review for whoever is next.
    fn next(&self) -> Option<String> {
        if self.then.is_empty() {
            return None;
        }
        let objects = self.objects.iter().map(|id| ("object", id.as_str()));
        let parties = self.then.iter().map(|party| ("party", party.as_str()));
        Some(asking("/release", objects.chain(parties)))
    }

    fn asked(&self, dry_run: bool) -> Value {
        json!({ "objects": self.objects, "party": self.party, "person": self.person, "dry_run": dry_run })
    }
}

/// `GET /release`: what is to go and to whom; then, for each object, what would become of it.
pub(crate) async fn show(web: Web, visit: Visit) -> Shown {
    visit.person()?;
    let wanted = Wanted::of(&visit.query)?;
    let mut sheet = Sheet::new(Frame::new(&web, &visit, visit.words.say("release")));
    visit.needs(Permission::Release)?;
    let mut parts = vec![choose(&web, &visit, &sheet.frame, &wanted).await?];
    if !wanted.objects.is_empty() && !wanted.party.is_empty() {
        let judged = visit.ask(&web, "share_objects", wanted.asked(true)).await?;
        let of = judged.get("lines").map_or(&[][..], rows);
        for line in of {
            sheet.frame.mark(text(line, "label"));
            parts.push(reviewed(&web, &visit, &sheet.frame, line).await);
        }
        parts.push(go(&sheet.frame, &wanted, of));
    }
    sheet.parts = parts;
    sheet.shown(&visit)
}

/// The form that says what goes to whom.
async fn choose(web: &Web, visit: &Visit, f: &Frame, wanted: &Wanted) -> Result<Part, Fault> {
    let verified = |row: &Value| text(row, "state") == "verified";
    let names = party_choices(web, visit, verified).await?;
    if names.is_empty() {
        return Ok(Part {
            empty: Some((f.say("release-nobody"), f.say("release-nobody-hint"))),
            ..Part::default()
        });
    }
    let mut form = Form::new("/release", f.say("release-review"))
        .looks()
        .plain()
        .text("object", f.say("release-objects"))
        .choice("party", f.say("party"), names)
        .field(
            Field::line("person", f.say("release-person"))
                .optional()
                .typed("email")
                .hint(f.say("release-person-hint")),
        );
    let values = [
        wanted.objects.join("\n"),
        wanted.party.clone(),
        wanted.person.clone().unwrap_or_default(),
    ];
    for (field, value) in form.fields.iter_mut().zip(values) {
        field.value = value;
    }
    Ok(Part::of(f.say("release-what"))
        .says(&f.say("release-what-hint"))
        .form(form))
}

/// What would become of one object: the verdict and why, as it is stored beside what the other side gets.
async fn reviewed(web: &Web, visit: &Visit, f: &Frame, line: &Value) -> Part {
    let id = text(line, "object");
    let stored = visit
        .ask_if(web, "show_object", json!({ "id": id }))
        .await
        .unwrap_or(Value::Null);
    let object = rows(&stored)
        .first()
        .and_then(|row| row.get("object"))
        .cloned()
        .unwrap_or(Value::Null);
    let name = super::objects::line(&json!({ "object": object })).name;
    let cuts = texts(line, "cuts");
    let mut part = Part::of(if name.is_empty() { id.to_owned() } else { name })
        .fact(f.say("verdict"), f.state(text(line, "verdict")))
        .fact(f.say("marking"), f.label(text(line, "label")))
        .fact(
            f.say("rule"),
            beside(
                &plain(&f.word("rule", text(line, "rule"))),
                &code(text(line, "rule")),
            ),
        )
        .wide(f.say("reason"), plain(text(line, "reason")))
        .wide(f.say("identifier"), way(&path(&["objects", id]), id));
    if let Some(released) = some(line, "released") {
        part = part.wide(f.say("released-as"), code(&released));
    }
    if !cuts.is_empty() {
        part = part.wide(
            f.say("cut-out"),
            all(cuts
                .iter()
                .map(|cut| Html(format!("<span class=\"struck\">{}</span>", plain(cut).0)))),
        );
    }
    let pretty = |object: &Value| serde_json::to_string_pretty(object).unwrap_or_default();
    let stored = pretty(&object);
    let copy = some(line, "copy").and_then(|copy| serde_json::from_str::<Value>(&copy).ok());
    // What is cut is struck out on the left; what stands there instead is marked on the right.
    let [stored, received] = match (copy, text(line, "verdict")) {
        (Some(copy), _) => super::accords::marked(&stored, &pretty(&copy)),
        (None, "waiting") => [lines(&stored), muted(&f.say("release-gets-later"))],
        (None, _) => [lines(&stored), muted(&f.say("release-gets-nothing"))],
    };
    part.two = vec![
        (f.say("as-stored"), stored),
        (f.say("as-received"), received),
    ];
    part
}

/// The button, with how much of it goes.
fn go(f: &Frame, wanted: &Wanted, of: &[Value]) -> Part {
    let sum = |verdict: &str| {
        of.iter()
            .filter(|line| text(line, "verdict") == verdict)
            .count()
            .to_string()
    };
    let (goes, redacted, waits, refused) = (
        sum("released"),
        sum("redacted"),
        sum("waiting"),
        sum("refused"),
    );
    let said = [
        ("goes", goes.as_str()),
        ("redacted", redacted.as_str()),
        ("waits", waits.as_str()),
        ("refused", refused.as_str()),
    ];
    let part = Part::of(f.say("release-then")).says(&f.say_with("release-sum", &said));
    if of.iter().all(|line| text(line, "verdict") == "refused") {
        let part = part.says(&f.say("release-all-refused"));
        return match wanted.next() {
            Some(next) => part.link(next, f.say("release-skip")),
            None => part,
        };
    }
    let mut form = Form::new("/release", f.say_of("release-do", "party", &wanted.party));
    for party in std::iter::once(&wanted.party).chain(&wanted.then) {
        form = form.hidden("party", party.clone());
    }
    if !wanted.then.is_empty() {
        form = form.hint(f.say_of("release-next", "parties", &wanted.then.join(", ")));
    }
    for id in &wanted.objects {
        form = form.hidden("object", id.clone());
    }
    if let Some(person) = &wanted.person {
        form = form.hidden("person", person.clone());
    }
    part.form(form)
}

/// `POST /release`.
pub(crate) async fn share(web: Web, visit: Visit, fields: Fields) -> Shown {
    let wanted = Wanted::of(&fields)?;
    let mut asked = wanted.asked(false);
    if let Some(asked) = asked.as_object_mut() {
        asked.insert("undo_seconds".to_owned(), json!(web.settings.undo_seconds));
    }
    let done = visit.ask(&web, "share_objects", asked).await?;
    if let Some(next) = wanted.next() {
        return to(&next);
    }
    if some(&done, "approval").is_some() || some(&done, "leaving").is_some() {
        return to("/review");
    }
    to(&asking("/outbox", [("party", wanted.party.as_str())]))
}

/// `GET /review`: what waits for a second person, then what was decided.
pub(crate) async fn review(web: Web, visit: Visit) -> Shown {
    let found = visit
        .ask(&web, "list_approvals", json!({ "limit": 1000 }))
        .await?;
    let mut frame = Frame::new(&web, &visit, visit.words.say("place-review"));
    frame.follows = Some("list_approvals");
    let held = held::found(&web, &visit, &mut frame).await?;
    let mut sheet = Sheet::new(frame);
    let f = &sheet.frame;
    let (waiting, decided): (Vec<&Value>, Vec<&Value>) = rows(&found)
        .iter()
        .partition(|row| matches!(text(row, "state"), "waiting" | "leaving"));
    let mut parts = Vec::new();
    if visit.may(Permission::Release) {
        parts.push(
            Part::default()
                .link("/release", f.say("release"))
                .link("/recalls", f.say("place-recalls")),
        );
    }
    let held = held::parts(&visit, f, &held);
    if waiting.is_empty() && held.is_empty() {
        parts.push(Part {
            empty: Some((f.say("review-none"), f.say("review-none-hint"))),
            ..Part::default()
        });
    }
    for row in waiting {
        parts.push(approval(&visit, f, row));
    }
    parts.extend(held);
    let table = Table {
        heads: vec![
            f.say("party"),
            f.say("standing"),
            f.say("asked-by"),
            f.say("decided-by"),
            f.say("decided"),
            f.say("what"),
            f.say("reason"),
        ],
        rows: decided
            .iter()
            .map(|row| {
                let decided = some(row, "decided").map_or_else(Html::default, |at| f.time(&at));
                vec![
                    plain(text(row, "party")),
                    f.state(text(row, "state")),
                    plain(text(row, "asked_by")),
                    plain(text(row, "decided_by")),
                    decided,
                    objects_of(row),
                    plain(&some(row, "reason").unwrap_or_default()),
                ]
            })
            .collect(),
    };
    if !table.rows.is_empty() {
        parts.push(Part::list(
            Some(f.say("review-decided")),
            table,
            (String::new(), String::new()),
        ));
    }
    sheet.parts = parts;
    sheet.shown(&visit)
}

fn objects_of(row: &Value) -> Html {
    let ids = row
        .get("request")
        .map(|request| texts(request, "objects"))
        .unwrap_or_default();
    all(ids.iter().map(|id| way(&path(&["objects", id]), id)))
}

fn approval(visit: &Visit, f: &Frame, row: &Value) -> Part {
    let by = text(row, "asked_by");
    let person = row
        .get("request")
        .and_then(|request| some(request, "person"));
    let mut part = Part::of(f.say_of("review-to", "party", text(row, "party")))
        .fact(f.say("standing"), f.state(text(row, "state")))
        .fact(f.say("asked-by"), plain(by))
        .fact(f.say("asked"), f.time(text(row, "asked")))
        .wide(f.say("what"), objects_of(row));
    if let Some(person) = person {
        part = part.fact(f.say("release-person"), plain(&person));
    }
    if let Some(leaves) = some(row, "leaves") {
        part = part.fact(f.say("review-leaves"), f.time(&leaves));
    }
    if !visit.may(Permission::Release) {
        return part;
    }
    let at = |word: &str| path(&["review", text(row, "id"), word]);
    if text(row, "state") == "leaving" {
        return part
            .form(Form::new(at("no"), f.say("review-take-back")).danger())
            .form(Form::new(at("yes"), f.say("review-let-go")).plain());
    }
    if visit
        .person
        .as_ref()
        .is_some_and(|person| person.account == by)
    {
        return part.says(&f.say("review-not-yourself"));
    }
    part.form(Form::new(at("yes"), f.say("review-yes")))
        .form(Form::new(at("no"), f.say("review-no")).danger())
}

/// `POST /review/{id}/{word}`.
pub(crate) async fn decide(web: Web, visit: Visit, _fields: Fields) -> Shown {
    let operation = match visit.argument("word") {
        "yes" => "approve_release",
        "no" => "refuse_release",
        _ => return Err(Fault::Missing),
    };
    visit
        .ask(&web, operation, json!({ "id": visit.argument("id") }))
        .await?;
    to("/review")
}
