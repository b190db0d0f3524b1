//! `comity openpgp`.
//!
//! In scope: one call of the node each, files, and lines for people. Out of scope: what a certificate is good for.
//! Limits: [`FILE_BYTES_MAX`].

use comity_node::case::threads::Acting;
use comity_node::command::Command;
use comity_node::mail::openpgp::OpenPgpCommand as Asked;
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::Data;
use crate::cli::openpgp::OpenPgpVerb as Verb;
use crate::commands::parties::text;
use crate::commands::threads::{each, is, read_limited};
use crate::failure::Failure;
use crate::output;

/// The longest file that is read: more than any certificate is taken with.
const FILE_BYTES_MAX: u64 = 512 * 1024;
const ARMORED: &str = "give one certificate as `gpg --armor --export FINGERPRINT` writes it";

/// `comity openpgp …`
#[expect(clippy::too_many_lines, reason = "a table of acts, a line or two each")]
pub(crate) fn run(verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Make {
            data,
            user_id,
            days,
            json,
        } => output::shown(&ask(data, Asked::Make { user_id, days })?, json, made),
        Verb::Show { data, json } => output::shown(&ask(data, Asked::Show)?, json, own),
        Verb::Export {
            data,
            fingerprint,
            out,
        } => {
            let said = ask(data, Asked::Export { fingerprint })?;
            output::text(text(&said, "certificate"), out.as_deref())
        }
        Verb::Extend { data, days, json } => {
            output::shown(&ask(data, Asked::Extend { days })?, json, |said| {
                output::data(&line(said))?;
                output::say("give it to the parties anew: `comity openpgp export`");
                Ok(())
            })
        }
        Verb::Revoke {
            data,
            fingerprint,
            compromised,
            out,
            json,
        } => {
            let asked = Asked::Revoke {
                fingerprint,
                compromised,
            };
            let said = ask(data, asked)?;
            if json.json {
                return output::json(&said);
            }
            output::say(
                "taken back; every party registers this certificate again, so that it knows",
            );
            output::text(text(&said, "certificate"), out.as_deref())
        }
        Verb::Register {
            data,
            party,
            file,
            fingerprint,
            officer,
            json,
        } => {
            let asked = Asked::Register {
                party,
                certificate: read_limited(&file, FILE_BYTES_MAX, ARMORED)?,
                fingerprint,
                acting: Acting {
                    officer: officer.name,
                    role: officer.role,
                    second: None,
                    person: None,
                },
            };
            output::shown(&ask(data, asked)?, json, |said| output::data(&line(said)))
        }
        Verb::List { data, party, json } => {
            output::shown(&ask(data, Asked::List { party })?, json, registered)
        }
        Verb::Unregister {
            data,
            party,
            fingerprint,
            json,
        } => {
            let asked = Asked::Unregister { party, fingerprint };
            output::shown(&ask(data, asked)?, json, |said| {
                output::say(&format!("{} removed", text(said, "fingerprint")));
                Ok(())
            })
        }
    }
}

fn ask(data: Data, command: Asked) -> Result<Value, Failure> {
    let mut backend = Backend::open(&data_folder(data.data)?)?;
    let said = backend.document(Command::OpenPgp(command))?;
    backend.close()?;
    Ok(said)
}

fn made(said: &Value) -> Result<(), Failure> {
    output::data(text(said, "fingerprint"))?;
    output::say(&format!(
        "good until {}; other parties register what `comity openpgp export` writes, and compare the fingerprint by voice",
        text(said, "until")
    ));
    Ok(())
}

fn own(all: &Value) -> Result<(), Failure> {
    let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
    if all.is_empty() {
        output::say("no key; `comity openpgp make` makes one");
    }
    all.iter().try_for_each(|one| output::data(&line(one)))
}

fn registered(all: &Value) -> Result<(), Failure> {
    let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
    if all.is_empty() {
        output::say("no certificate; `comity openpgp register PARTY FILE` takes one");
    }
    all.iter().try_for_each(|one| output::data(&line(one)))
}

/// Whose, the fingerprint, the names, and how long it is good.
fn line(one: &Value) -> String {
    let names: Vec<&str> = each(one, "user_ids").filter_map(Value::as_str).collect();
    let party = text(one, "party");
    let whose = if party.is_empty() { "own" } else { party };
    let until = text(one, "until");
    let state = match (is(one, "usable"), until.is_empty()) {
        (_, true) => text(one, "state").to_owned(),
        (true, false) => format!("{}, until {until}", text(one, "state")),
        (false, false) => format!("{} ({until})", text(one, "state")),
    };
    let fingerprint = text(one, "fingerprint");
    format!("{whose}\t{fingerprint}\t{}\t{state}", names.join(", "))
}
