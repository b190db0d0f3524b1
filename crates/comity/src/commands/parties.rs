//! `comity party`.

use std::io::Read as _;
use std::path::Path;

use comity_node::exchange::command::{ExchangeCommand, Movement};
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::PartyCommand;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;

/// A card is at most 64 KiB; a little more shows that a file is none.
const CARD_BYTES_MAX: u64 = 70_000;

/// `comity party …`
pub(crate) fn run(command: PartyCommand) -> Result<(), Failure> {
    match command {
        PartyCommand::List { data, json } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let parties = backend.exchange(ExchangeCommand::Parties)?;
            if json.json {
                output::json(&parties)?;
            } else {
                for party in parties.as_array().into_iter().flatten() {
                    output::data(&line(party))?;
                }
            }
            backend.close()
        }
        PartyCommand::Invite { data, json } => {
            let folder = data_folder(data.data)?;
            let links = Settings::read(&folder)?.links();
            let mut backend = Backend::open(&folder)?;
            let card = backend.exchange(ExchangeCommand::OwnCard { links })?;
            if json.json {
                output::json(&card)?;
            } else {
                output::data(text(&card, "card").trim_end())?;
                output::say(
                    "give this card to the other party, by mail or any other way, and take theirs:",
                );
                output::say("  comity party accept FILE");
            }
            backend.close()
        }
        PartyCommand::Accept { data, card, json } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let card = read_card(&card)?;
            let party = backend.exchange(ExchangeCommand::AcceptCard { card })?;
            if json.json {
                output::json(&party)?;
            } else {
                tell(&party);
            }
            backend.close()
        }
        PartyCommand::Verify {
            data,
            party,
            digits,
        } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let typed = if digits.is_empty() {
                heard()?
            } else {
                digits.join(" ")
            };
            let party = backend.exchange(ExchangeCommand::Verify { party, typed })?;
            tell(&party);
            backend.close()
        }
        PartyCommand::Suspend { data, party } => go(data.data, party, Movement::Suspend),
        PartyCommand::Resume { data, party } => go(data.data, party, Movement::Resume),
        PartyCommand::Unfreeze {
            data,
            party,
            by,
            reason,
        } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let command = ExchangeCommand::Unfreeze { party, by, reason };
            tell(&backend.exchange(command)?);
            backend.close()
        }
        PartyCommand::Revoke { data, party } => go(data.data, party, Movement::Revoke),
    }
}

const TYPE: &str = "type the thirty digits behind the party's name, or give them on standard input";

/// What was heard, from standard input.
fn heard() -> Result<String, Failure> {
    let mut typed = String::new();
    let read = std::io::stdin()
        .lock()
        .take(1_000)
        .read_to_string(&mut typed);
    read.map_err(|error| Failure::unknown(format!("cannot read the digits: {error}"), TYPE))?;
    Ok(typed)
}

fn go(data: Option<std::path::PathBuf>, party: String, to: Movement) -> Result<(), Failure> {
    let mut backend = Backend::open(&data_folder(data)?)?;
    let party = backend.exchange(ExchangeCommand::Move { party, to })?;
    tell(&party);
    backend.close()
}

/// Says how things stand with a party, and what comes next.
fn tell(party: &Value) {
    let (name, state) = (text(party, "name"), text(party, "state"));
    output::say(&format!("{name} is {state}"));
    if state.starts_with("pending") && !state.contains("compared") {
        let turn = if party.get("begins") == Some(&Value::Bool(true)) {
            "first"
        } else {
            "second"
        };
        output::say(&format!("call {name} by telephone. You read {turn}:"));
        output::say(&format!("  {}", text(party, "read_aloud")));
        output::say(&format!(
            "and type what you hear: comity party verify {name} DIGITS"
        ));
    } else if state.starts_with("pending") {
        output::say(
            "it is verified once its node has shown that it holds the keys of its card, at the next call",
        );
    }
}

fn line(party: &Value) -> String {
    let waiting = party.get("waiting").and_then(Value::as_u64).unwrap_or(0);
    let waits = if waiting == 0 {
        "nothing waits".to_owned()
    } else {
        let since = text(party, "oldest_waiting");
        format!(
            "{} since {since}",
            output::counted(waiting, "envelope waits", "envelopes wait")
        )
    };
    let log = text(party, "forked");
    let forked = if log.is_empty() {
        String::new()
    } else {
        format!("\tits log {log} has forked: nothing is exchanged; speak with its duty officer")
    };
    let (name, state) = (text(party, "name"), text(party, "state"));
    let suspended = if matches!(state, "suspended by them" | "suspended by both") {
        format!("\t{name} has suspended the exchange: what waits goes when it resumes")
    } else {
        String::new()
    };
    let revoked = party.get("revoked").and_then(Value::as_array);
    let revoked = revoked.into_iter().flatten().filter_map(Value::as_str);
    let revoked: Vec<String> = revoked.map(|one| format!("\trevoked: {one}")).collect();
    let revoked = revoked.concat();
    let standing = standing(party.get("link_standing").unwrap_or(&Value::Null));
    format!("{name}\t{state}\t{waits}{suspended}{standing}{forked}{revoked}")
}

/// What is still missing over the link to a party, and whether its clock can be believed.
fn standing(link: &Value) -> String {
    let unsettled = link.get("unsettled").and_then(Value::as_u64).unwrap_or(0);
    let lacking = if unsettled == 0 {
        String::new()
    } else {
        let count = output::counted(unsettled, "envelope lacks", "envelopes lack");
        format!("\t{count} cosignatures")
    };
    if link.is_null() || text(link, "clock") == "counts" {
        return lacking;
    }
    let ahead = link.get("clock_ahead_seconds").and_then(Value::as_i64);
    let ahead = ahead.unwrap_or(0);
    format!("{lacking}\tits clock is {ahead} s ahead: its times do not count")
}

/// A text of a document; empty where there is none.
pub(crate) fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn read_card(path: &Path) -> Result<String, Failure> {
    let mut card = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(CARD_BYTES_MAX)
            .read_to_string(&mut card)
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(CARD_BYTES_MAX).read_to_string(&mut card))
    };
    read.map_err(|error| {
        Failure::no(
            format!("cannot read {}: {error}", path.display()),
            "name the file that the other party's `comity party invite` printed",
        )
    })?;
    Ok(card)
}
