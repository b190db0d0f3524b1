//! `comity address`.
//!
//! In scope: one call of the node each, and tables for people. Out of scope: what may be done when.
//! Limits: [`FILE_BYTES_MAX`].

mod shown;

use comity_node::address::command::AddressCommand as Asked;
use comity_node::case::threads::Acting;
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::address::{Act, AddressCommand, Named, Officer};
use crate::cli::{Data, Json};
use crate::commands::parties::text;
use crate::commands::threads::read_limited;
use crate::failure::Failure;
use crate::output;

/// The longest answer that is read.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// `comity address …`
#[expect(clippy::too_many_lines, reason = "a table of acts, a line or two each")]
pub(crate) fn run(command: AddressCommand) -> Result<(), Failure> {
    use AddressCommand as C;
    match command {
        C::Create {
            data,
            party,
            purpose,
            days,
            uses,
            about,
            remark,
            tlp,
            untold,
            officer,
            json,
        } => {
            let asked = Asked::Create {
                party,
                purpose,
                days,
                uses,
                about,
                remark,
                label: tlp.to_string(),
                untold,
                acting: acting(officer),
            };
            told(data, asked, json, shown::created)
        }
        C::Tell { act, tlp } => {
            let label = tlp.to_string();
            done(act, |id, acting| Asked::Tell { id, label, acting })
        }
        C::List {
            data,
            party,
            ours,
            theirs,
            json,
        } => {
            let ours = (ours || theirs).then_some(ours);
            told(data, Asked::List { party, ours }, json, shown::addresses)
        }
        C::Show { data, id, json } => told(data, Asked::Show { id }, json, shown::address),
        C::Promote { act } => done(act, |id, acting| Asked::Promote { id, acting }),
        C::Approve { named } => by(named, |id, acting| Asked::Approve { id, acting }),
        C::Answer { named, out: None } => by(named, |id, acting| Asked::Answer {
            id,
            to_file: false,
            acting,
        }),
        C::Answer {
            named,
            out: Some(path),
        } => {
            let (data, id, acting, _) = apart(named);
            let asked = Asked::Answer {
                id,
                to_file: true,
                acting,
            };
            let said = ask(data, asked)?;
            output::file(&path, text(&said, "note"))?;
            output::say(&format!(
                "wrote {}; {} takes it with `comity address take-answer`",
                path.display(),
                text(&said, "party")
            ));
            Ok(())
        }
        C::TakeAnswer { act, file } => {
            let hint = "name the file that `comity address answer ID --out FILE` wrote";
            let note = read_limited(&file, FILE_BYTES_MAX, hint)?;
            done(act, |id, acting| Asked::TakeAnswer { id, note, acting })
        }
        C::Confirm { named } => by(named, |id, acting| Asked::Confirm { id, acting }),
        C::Decline { act, reason } => done(act, |id, acting| Asked::Decline { id, reason, acting }),
        C::Renew { act, days, uses } => done(act, |id, acting| Asked::Renew {
            id,
            days,
            uses,
            acting,
        }),
        C::Revoke { act, reason } => done(act, |id, acting| Asked::Revoke { id, reason, acting }),
        C::NewKey { data, json } => told(data, Asked::NewKey, json, |said| {
            let number = said.get("key").and_then(Value::as_u64).unwrap_or(0);
            output::say(&format!(
                "key {number} makes addresses from now on; addresses made before stay valid"
            ));
            Ok(())
        }),
    }
}

pub(crate) fn acting(officer: Officer) -> Acting {
    Acting {
        officer: officer.name,
        role: officer.role,
        second: None,
        person: None,
    }
}

fn apart(named: Named) -> (Data, String, Acting, Json) {
    let officer = Officer {
        name: named.name,
        role: named.role,
    };
    (named.data, named.id, acting(officer), named.json)
}

fn done(act: Act, command: impl FnOnce(String, Acting) -> Asked) -> Result<(), Failure> {
    let command = command(act.id, acting(act.officer));
    told(act.data, command, act.json, shown::stands)
}

fn by(named: Named, command: impl FnOnce(String, Acting) -> Asked) -> Result<(), Failure> {
    let (data, id, acting, json) = apart(named);
    told(data, command(id, acting), json, shown::stands)
}

fn ask(data: Data, command: Asked) -> Result<Value, Failure> {
    let mut backend = Backend::open(&data_folder(data.data)?)?;
    let said = backend.address(command)?;
    backend.close()?;
    Ok(said)
}

fn told(
    data: Data,
    command: Asked,
    json: Json,
    show: impl Fn(&Value) -> Result<(), Failure>,
) -> Result<(), Failure> {
    output::shown(&ask(data, command)?, json, show)
}
