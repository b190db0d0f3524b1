//! What a hotline call adds to its thread: whom it rang, code words, sealed notes, actions, who is on duty.
//!
//! In scope: the parts. Out of scope: what may be said (`thread`).

use serde_json::{Value, json};

use crate::facts::{self, Fact};
use crate::frame::{Fault, Frame, now};
use crate::html::Html;
use crate::screens::{number, rows, some, text};
use crate::visit::{Visit, Web};

/// One try to reach somebody.
pub(crate) struct Try {
    pub(crate) to: String,
    pub(crate) rung: String,
    pub(crate) at: Html,
    pub(crate) missed: Option<Html>,
}

/// Something that was agreed.
pub(crate) struct Action {
    pub(crate) number: u64,
    pub(crate) text: String,
    pub(crate) owner: String,
    pub(crate) due: Html,
    pub(crate) thread: Option<String>,
}

/// A point of contact that may be rung.
pub(crate) struct Duty {
    pub(crate) party: String,
    pub(crate) name: String,
    pub(crate) phone: String,
    pub(crate) hours: String,
    /// What time it is there.
    pub(crate) local: String,
}

/// The part of a call.
pub(crate) struct CallPart {
    pub(crate) facts: Vec<Fact>,
    pub(crate) tries: Vec<Try>,
    pub(crate) next: Vec<Fact>,
    pub(crate) say: Option<String>,
    pub(crate) kept: Option<String>,
    pub(crate) sides: Vec<(String, Vec<Fact>)>,
    pub(crate) actions: Vec<Action>,
    pub(crate) duty: Vec<Duty>,
}

/// What a call says of itself.
pub(super) async fn of(
    frame: &Frame,
    (web, visit): (&Web, &Visit),
    document: &Value,
) -> Result<Option<CallPart>, Fault> {
    let Some(call) = document.get("call") else {
        return Ok(None);
    };
    let tries = call.get("tries").map_or(&[][..], rows).iter();
    let tries = tries.map(|one| Try {
        to: text(one, "to").to_owned(),
        rung: frame.word("choice", text(one, "rung")),
        at: frame.time(text(one, "at")),
        missed: some(one, "missed").map(|at| frame.time(&at)),
    });
    let actions = call.get("actions").map_or(&[][..], rows).iter();
    let actions = actions.map(|one| Action {
        number: number(one, "number"),
        text: text(one, "text").to_owned(),
        owner: text(one, "owner").to_owned(),
        due: frame.time(text(one, "due")),
        thread: some(one, "thread"),
    });
    let side = |member: &str, party: &str| {
        let said = call.get(member).unwrap_or(&Value::Null);
        // Our words and our note have places of their own; that a code was stated says nothing to a reader.
        let facts = facts::of(frame, said, &["say", "kept", "code_stated"]);
        (text(document, party).to_owned(), facts)
    };
    let ours = call.get("ours").unwrap_or(&Value::Null);
    let told = ["line", "channel", "test", "related", "answered", "closed"];
    Ok(Some(CallPart {
        facts: facts::of(frame, &super::picked(call, &told), &[]),
        tries: tries.collect(),
        next: facts::of(frame, call.get("next").unwrap_or(&Value::Null), &[]),
        say: some(ours, "say"),
        kept: some(ours, "kept"),
        sides: vec![side("ours", "own"), side("theirs", "party")],
        actions: actions.collect(),
        duty: duty((web, visit), text(document, "party")).await?,
    }))
}

/// Who can be rung on both sides, with what time it is there.
pub(crate) async fn duty((web, visit): (&Web, &Visit), party: &str) -> Result<Vec<Duty>, Fault> {
    let asked = json!({ "party": party });
    let found = match visit.ask_if(web, "list_contacts", asked).await {
        Ok(found) => found,
        // Without an accord in force nobody is named.
        Err(Fault::Denied(_)) => return Ok(Vec::new()),
        Err(other) => return Err(other),
    };
    let at = now(web);
    let contact = rows(&found).iter().filter_map(|one| {
        let zone = text(one, "time_zone");
        let local = comity_accord::evaluation::calendar::zone(zone)?;
        let local = at.to_zoned(local).strftime("%a %H:%M %:z").to_string();
        let name = some(one, "name").unwrap_or_else(|| text(one, "contact").to_owned());
        Some(Duty {
            party: text(one, "party").to_owned(),
            name,
            phone: some(one, "phone")?,
            hours: format!("{} {zone}", text(one, "hours")),
            local,
        })
    });
    Ok(contact.collect())
}
