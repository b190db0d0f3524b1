//! The screens, a module a subject. Each asks the node, puts what came back into a template, and decides nothing.
//!
//! In scope: which questions make up a screen, what its forms ask for. Out of scope: rights (`comity-node`).

pub(crate) mod accords;
pub(crate) mod addresses;
pub(crate) mod admin;
pub(crate) mod book;
pub(crate) mod contacts;
pub(crate) mod envelopes;
pub(crate) mod evidence;
pub(crate) mod files;
pub(crate) mod held;
pub(crate) mod home;
pub(crate) mod importing;
pub(crate) mod ledger;
pub(crate) mod letters;
pub(crate) mod mail;
pub(crate) mod mail_keys;
pub(crate) mod me;
pub(crate) mod objects;
pub(crate) mod oidc;
pub(crate) mod opening;
pub(crate) mod outgoing;
pub(crate) mod parties;
pub(crate) mod passkeys;
pub(crate) mod recalls;
pub(crate) mod records;
pub(crate) mod release;
pub(crate) mod reports;
pub(crate) mod scorecards;
pub(crate) mod search;
pub(crate) mod signing;
pub(crate) mod thread;
pub(crate) mod threads;
pub(crate) mod tour;
pub(crate) mod value;
pub(crate) mod welcome;

use comity_node::operation::Denied;
use comity_stix::marking::Tlp;
use http::StatusCode;
use serde_json::{Value, json};

use crate::frame::{Fault, told};
use crate::visit::{Visit, Web};

/// A member of a document as text; nothing where there is none.
pub(crate) fn text<'v>(document: &'v Value, name: &str) -> &'v str {
    document
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A member of a document as a number.
pub(crate) fn number(document: &Value, name: &str) -> u64 {
    document
        .get(name)
        .and_then(Value::as_u64)
        .unwrap_or_default()
}

/// A member of a document that may be missing or empty, as text.
pub(crate) fn some(document: &Value, name: &str) -> Option<String> {
    let found = document.get(name).and_then(Value::as_str);
    found.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The rows of a document: of a list, of a stretch of one, or none.
pub(crate) fn rows(document: &Value) -> &[Value] {
    let list = document.get("items").unwrap_or(document);
    list.as_array().map_or(&[], Vec::as_slice)
}

/// Every label, to choose from.
pub(crate) fn labels() -> Vec<(String, String)> {
    let labels = Tlp::ALL.map(|label| (label.to_string(), label.to_string()));
    labels.to_vec()
}

/// The collections that the person may write to.
pub(crate) async fn writable(web: &Web, visit: &Visit) -> Result<Vec<(String, String)>, Fault> {
    let all = visit
        .ask(web, "list_collections", json!({ "limit": 1000 }))
        .await?;
    let account = visit.person()?.account.clone();
    let mine = |row: &&Value| {
        let rights = row.get("rights").map_or(&[][..], rows);
        rights.iter().any(|right| {
            text(right, "user") == account && flag(right, "read") && flag(right, "write")
        })
    };
    let named = rows(&all).iter().filter(mine);
    let named = named.map(|row| (text(row, "id").to_owned(), text(row, "title").to_owned()));
    Ok(named.collect())
}

/// What is said on a page of something that was typed and refused; any other fault has a page of its own.
pub(crate) fn refused(visit: &Visit, fault: Fault) -> Result<(StatusCode, String, String), Fault> {
    if let Fault::Form = fault {
        return Ok((
            StatusCode::UNPROCESSABLE_ENTITY,
            visit.words.say("form-wrong"),
            visit.words.say("form-wrong-hint"),
        ));
    }
    if let Fault::Denied(Denied::Refused(_) | Denied::Arguments(_)) | Fault::FileTooLarge = fault {
        return Ok(told(visit.words, &fault));
    }
    Err(fault)
}

/// The same where what was typed may name what is not there: that is no reason to lose the rest of it.
pub(crate) fn refused_or_missing(
    visit: &Visit,
    fault: Fault,
) -> Result<(StatusCode, String, String), Fault> {
    if let Fault::Denied(Denied::Missing) = fault {
        return Ok(told(visit.words, &fault));
    }
    refused(visit, fault)
}

/// A member of a document that is a list of texts.
pub(crate) fn texts(document: &Value, name: &str) -> Vec<String> {
    let list = document.get(name).and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// A member of a document that is yes or no.
pub(crate) fn flag(document: &Value, name: &str) -> bool {
    document.get(name).and_then(Value::as_bool) == Some(true)
}

/// The names of parties, to choose one from.
pub(crate) async fn party_choices(
    web: &Web,
    visit: &Visit,
    wanted: impl Fn(&Value) -> bool,
) -> Result<Vec<(String, String)>, Fault> {
    let asked = serde_json::json!({ "limit": 1000 });
    let parties = visit.ask(web, "list_parties", asked).await?;
    let wanted = rows(&parties).iter().filter(|row| wanted(row));
    let names = wanted.map(|row| text(row, "name").to_owned());
    Ok(names.map(|name| (name.clone(), name)).collect())
}
