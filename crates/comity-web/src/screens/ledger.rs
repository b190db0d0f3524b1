//! The ledger: its keys, what a verification finds, forks, proofs of entries.
//!
//! In scope: what the node says of it, and by what others check that without believing the node. Out of scope: verifying (`comity-node`).

use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Frame, Shown};
use crate::screens::{number, rows, some, text, texts};
use crate::sheet::{Field, Form, Part, Sheet, Table, code, muted, plain};
use crate::visit::{Visit, Web};

/// The commands that check the node without it.
const COMMANDS: &str = "comity ledger export FOLDER\ncomity ledger verify FOLDER\ncomity ledger prove ENVELOPE --out FILE\ncomity ledger verify FILE";

/// `GET /ledger`.
pub(crate) async fn show(web: Web, visit: Visit) -> Shown {
    let sheet = begun(&web, &visit).await?;
    sheet.shown(&visit)
}

/// The page without what was asked of it.
async fn begun(web: &Web, visit: &Visit) -> Result<Sheet, crate::frame::Fault> {
    let keys = visit.ask(web, "list_ledger_keys", Value::Null).await?;
    let forks = visit.ask(web, "list_forks", Value::Null).await?;
    let mut sheet = Sheet::new(Frame::new(web, visit, visit.words.say("place-ledger")));
    for fork in rows(&forks) {
        let f = &sheet.frame;
        let values = [
            ("party", text(fork, "party")),
            ("log", text(fork, "origin")),
        ];
        let lines = vec![
            f.say_with("fork-found", &values),
            f.say("fork-hint"),
            text(fork, "checkpoint").to_owned(),
            text(fork, "contradiction").to_owned(),
        ];
        sheet.notice("fail", lines);
    }
    let f = &sheet.frame;
    let own = Part::of(f.say("ledger-own"))
        .wide(f.say("log-origin"), code(text(&keys, "origin")))
        .fact(
            f.say("ledger-size"),
            plain(&number(&keys, "size").to_string()),
        );
    // Keys are long and for copying: they come last.
    let keys = Part::default()
        .wide(f.say("ledger-keys"), listed(&texts(&keys, "log")))
        .wide(f.say("witness-keys"), listed(&texts(&keys, "witness")));
    let honest = Part::of(f.say("ledger-honest"))
        .says(&f.say("ledger-honest-hint"))
        .raw(f.say("ledger-commands"), COMMANDS);
    let verify =
        Form::new("/ledger/verification", f.say("ledger-verify")).hint(f.say("ledger-verify-hint"));
    let mut ask = Part::of(f.say("ledger-verify-title")).form(verify);
    if visit.may(Permission::Audit) {
        ask = ask.form(
            Form::new("/ledger/fsck", f.say("ledger-fsck"))
                .hint(f.say("ledger-fsck-hint"))
                .plain(),
        );
    }
    let prove = Form::new("/ledger/proof", f.say("ledger-prove"))
        .plain()
        .field(Field::line("what", f.say("ledger-prove-what")).value(visit.query.text("entry")));
    let prove = Part::of(f.say("ledger-prove-title"))
        .says(&f.say("ledger-prove-hint"))
        .form(prove);
    sheet.parts = vec![own, ask, prove, honest, keys];
    if rows(&forks).is_empty() {
        let f = &sheet.frame;
        sheet.parts.insert(
            1,
            Part {
                title: Some(f.say("forks")),
                empty: Some((f.say("forks-none"), f.say("forks-none-hint"))),
                ..Part::default()
            },
        );
    }
    Ok(sheet)
}

fn listed(of: &[String]) -> crate::html::Html {
    let of: Vec<String> = of.iter().map(|one| code(one).0).collect();
    crate::html::Html(of.join("<br>"))
}

/// `POST /ledger/verification`.
pub(crate) async fn verify(web: Web, visit: Visit, _fields: Fields) -> Shown {
    let found = visit.ask(&web, "verify_ledger", Value::Null).await?;
    let mut sheet = begun(&web, &visit).await?;
    verdict(&mut sheet, &found);
    let f = &sheet.frame;
    let sum = |name: &str| plain(&number(&found, name).to_string());
    let mut part = Part::of(f.say("ledger-found"))
        .fact(f.say("ledger-sent"), sum("sent"))
        .fact(f.say("ledger-received"), sum("received"))
        .fact(f.say("ledger-receipts"), sum("receipts"))
        .fact(f.say("settled"), sum("settled"))
        .fact(f.say("unsettled"), sum("unsettled"))
        .fact(f.say("ledger-opened"), sum("opened"))
        .fact(f.say("ledger-withheld"), sum("withheld"))
        .fact(f.say("ledger-erased"), sum("erased"));
    for (name, list) in [
        (f.say("keys-revoked"), "revoked"),
        (f.say("ledger-suspect"), "suspect"),
        (f.say("ledger-disputed"), "disputed"),
        (f.say("forks"), "forks"),
    ] {
        let of = texts(&found, list);
        if !of.is_empty() {
            part = part.wide(name, listed(&of));
        }
    }
    let logs = found.get("logs").map_or(&[][..], rows);
    let table = Table {
        heads: vec![
            f.say("log-origin"),
            f.say("ledger-size"),
            f.say("cosignatures"),
        ],
        rows: logs
            .iter()
            .map(|log| {
                vec![
                    code(text(log, "origin")),
                    plain(&number(log, "size").to_string()),
                    cosigned(f, log),
                ]
            })
            .collect(),
    };
    let roots = found
        .get("roots")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let table_of_roots = Table {
        heads: vec![f.say("party"), f.say("root-key")],
        rows: roots
            .filter_map(|pair| Some((pair.get(0)?.as_str()?, pair.get(1)?.as_str()?)))
            .map(|(party, root)| vec![plain(party), code(root)])
            .collect(),
    };
    let nothing = || (f.say("ledger-no-logs"), f.say("ledger-no-logs-hint"));
    let logs = Part::list(Some(f.say("ledger-logs")), table, nothing());
    let roots = Part::list(Some(f.say("ledger-roots")), table_of_roots, nothing())
        .says(&f.say("ledger-roots-hint"));
    sheet.parts.splice(0..0, [part, logs, roots]);
    sheet.shown(&visit)
}

fn cosigned(f: &Frame, log: &Value) -> crate::html::Html {
    let of = log
        .get("cosigned")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let lines: Vec<String> = of
        .filter_map(|pair| {
            let (who, at) = (pair.get(0)?.as_str()?, pair.get(1)?.as_i64()?);
            let at = jiff::Timestamp::from_second(at)
                .ok()?
                .strftime("%Y-%m-%dT%H:%M:%SZ")
                .to_string();
            Some(format!("{} {}", plain(who).0, f.time(&at).0))
        })
        .collect();
    if lines.is_empty() {
        muted(&f.say("cosigned-by-none"))
    } else {
        crate::html::Html(lines.join("<br>"))
    }
}

/// Whether anything is wrong, said above all else.
fn verdict(sheet: &mut Sheet, found: &Value) {
    let problems = texts(found, "problems");
    if problems.is_empty() {
        let lines = vec![
            sheet.frame.say("ledger-sound"),
            sheet.frame.say("ledger-sound-hint"),
        ];
        sheet.notice("ok", lines);
        return;
    }
    let mut lines = vec![sheet.frame.say("ledger-wrong")];
    lines.extend(problems);
    let more = number(found, "more_problems");
    if more > 0 {
        lines.push(
            sheet
                .frame
                .say_of("ledger-more-problems", "n", &more.to_string()),
        );
    }
    sheet.notice("fail", lines);
}

/// `POST /ledger/fsck`.
pub(crate) async fn fsck(web: Web, visit: Visit, _fields: Fields) -> Shown {
    let found = visit.ask(&web, "check_ledger_files", Value::Null).await?;
    let mut sheet = begun(&web, &visit).await?;
    verdict(&mut sheet, &found);
    if let Some(opened) = some(&found, "log_opened") {
        let lines = vec![sheet.frame.say("ledger-log-opened"), opened];
        sheet.notice("ok", lines);
    }
    sheet.shown(&visit)
}

/// `POST /ledger/proof`.
pub(crate) async fn prove(web: Web, visit: Visit, fields: Fields) -> Shown {
    let asked = json!({ "what": fields.text("what"), "fields": [] });
    let found = visit.ask(&web, "prove_entry", asked).await?;
    let mut sheet = begun(&web, &visit).await?;
    let f = &sheet.frame;
    let proof = serde_json::to_string_pretty(&found).unwrap_or_default();
    let part = Part::of(f.say("ledger-proof"))
        .wide(
            f.say("proof-shows"),
            plain(&texts(&found, "shows").join("; ")),
        )
        .wide(
            f.say("proof-does-not"),
            plain(&texts(&found, "does_not_show").join("; ")),
        )
        .raw(f.say("proof-copy"), &proof);
    sheet.parts.insert(0, part);
    sheet.shown(&visit)
}
