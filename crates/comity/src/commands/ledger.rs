//! `comity ledger`.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use comity_node::ledger::LedgerError;
use comity_node::ledger::command::{
    FOLDERS_MAX, LedgerCommand, WitnessAnswer, WitnessQuestion, read_folders,
};
use comity_node::ledger::files::{DiskFiles, Listing};
use comity_node::ledger::proof_file::{PROOF_BYTES_MAX, ProofFile, Shows};
use comity_node::ledger::report::Report;
use comity_node::ledger::{View, verify};
use comity_transport::http::{Client, ClientOptions, Request, parse_url};
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::LedgerVerb;
use crate::commands::parties::text;
use crate::commands::serve::runtime;
use crate::failure::Failure;
use crate::output::{self, counted, thousands};
use crate::settings::Settings;

/// `comity ledger …`
pub(crate) fn run(command: LedgerVerb) -> Result<(), Failure> {
    match command {
        LedgerVerb::Key { data, json } => keys(data.data, json.json),
        LedgerVerb::Export {
            data,
            folder,
            without_contents,
        } => export(data.data, &folder, !without_contents),
        LedgerVerb::Verify { data, path, json } => match path {
            Some(path) if path.is_file() => verify_file(&path, json.json),
            Some(path) => {
                let found = verify::verify(&mut existing(&path)?);
                told(&found.map_err(|error| unread(&error))?, json.json)
            }
            None => {
                let found = ask(data.data, LedgerCommand::Verify)?;
                told(&report(found)?, json.json)
            }
        },
        LedgerVerb::Prove {
            data,
            what,
            out,
            field,
        } => prove(data.data, what, field, &out),
        LedgerVerb::Fsck { data, folder, json } => fsck(data.data, folder, json.json),
        LedgerVerb::Erase {
            data,
            envelope,
            reason,
        } => erase(data.data, envelope, reason),
        LedgerVerb::Evidence { data, json } => forks(data.data, json.json),
        LedgerVerb::Witness {
            data,
            url,
            key,
            json,
        } => witness(data.data, &url, &key, json.json),
    }
}

fn ask(data: Option<PathBuf>, command: LedgerCommand) -> Result<Value, Failure> {
    let mut backend = Backend::open(&data_folder(data)?)?;
    let answer = backend.ledger(command)?;
    backend.close()?;
    Ok(answer)
}

fn keys(data: Option<PathBuf>, json: bool) -> Result<(), Failure> {
    let keys = ask(data, LedgerCommand::Keys)?;
    if json {
        return output::json(&keys);
    }
    for name in ["log", "witness"] {
        let keys = keys.get(name).and_then(Value::as_array);
        for key in keys.into_iter().flatten() {
            output::data(&format!("{name}\t{}", key.as_str().unwrap_or_default()))?;
        }
    }
    Ok(())
}

fn fsck(data: Option<PathBuf>, folder: Option<PathBuf>, json: bool) -> Result<(), Failure> {
    if let Some(folder) = folder {
        let found = verify::fsck(&mut existing(&folder)?);
        return told(&found.map_err(|error| unread(&error))?, json);
    }
    let found = ask(data, LedgerCommand::Fsck)?;
    output::say(&format!("the log was {}", text(&found, "log_opened")));
    told(&report(found)?, json)
}

fn erase(data: Option<PathBuf>, envelope: String, reason: String) -> Result<(), Failure> {
    let erased = ask(data, LedgerCommand::Erase { envelope, reason })?;
    output::say(&format!(
        "erased here: the content of {} and what opens it; entry {} of the log says so",
        text(&erased, "envelope"),
        erased.get("entry").and_then(Value::as_u64).unwrap_or(0),
    ));
    output::say(
        "the other party's copy, objects taken into collections, and backups are not touched",
    );
    Ok(())
}

fn forks(data: Option<PathBuf>, json: bool) -> Result<(), Failure> {
    let forks = ask(data, LedgerCommand::Forks)?;
    if json {
        return output::json(&forks);
    }
    let forks = forks.as_array().map(Vec::as_slice).unwrap_or_default();
    if forks.is_empty() {
        output::say("no log showed two histories");
    }
    for fork in forks {
        output::data(&format!(
            "{}\t{}",
            text(fork, "party"),
            text(fork, "origin")
        ))?;
        output::data(text(fork, "checkpoint"))?;
        output::data(text(fork, "contradiction"))?;
    }
    Ok(())
}

pub(crate) fn existing(folder: &Path) -> Result<DiskFiles, Failure> {
    if folder.is_dir() {
        return Ok(DiskFiles::new(folder));
    }
    Err(Failure::no(
        format!("there is no folder {}", folder.display()),
        "`comity ledger export DIR` writes one",
    ))
}

fn unread(error: &LedgerError) -> Failure {
    let hint = "look at the owner and the rights of that path, or export the ledger again";
    Failure::unknown(comity_store::error::chain(error), hint)
}

fn report(found: Value) -> Result<Report, Failure> {
    serde_json::from_value(found).map_err(|error| Failure::defect(&error))
}

/// Shows what a verification found; what does not hold is a failure.
fn told(report: &Report, json: bool) -> Result<(), Failure> {
    if json {
        output::json(report)?;
    } else {
        for (party, root) in &report.roots {
            output::data(&format!("root key   {party} {root}"))?;
        }
        for log in &report.logs {
            let cosigned: Vec<&str> = log.cosigned.iter().map(|(name, _)| name.as_str()).collect();
            let by = if cosigned.is_empty() {
                "cosigned by nobody".to_owned()
            } else {
                format!("cosigned by {}", cosigned.join(", "))
            };
            let entries = counted(log.size, "entry", "entries");
            output::data(&format!("log        {}: {entries}, {by}", log.origin))?;
        }
        let envelopes = [
            (report.sent, "sent"),
            (report.receipts, "of them with a receipt"),
            (report.unsettled, "of these cosigned by too few others"),
            (report.received, "received"),
            (report.opened, "with their content"),
            (report.withheld, "without"),
            (report.erased, "erased"),
            (report.unproven, "in no head that others hold"),
        ];
        if !report.roots.is_empty() {
            let parts = envelopes.iter().filter(|(count, _)| *count > 0);
            let parts: Vec<String> = parts
                .map(|(count, what)| format!("{} {what}", thousands(*count)))
                .collect();
            output::data(&format!("envelopes  {}", parts.join(", ")))?;
        }
        if report.grants > 0 {
            let grants = counted(report.grants, "right", "rights");
            output::data(&format!(
                "grants     {grants} that accounts of this party were given"
            ))?;
        }
        let notes = [
            ("revoked", &report.revoked),
            ("disputed", &report.disputed),
            ("suspect", &report.suspect),
            ("fork", &report.forks),
        ];
        for (word, lines) in notes {
            for line in lines {
                output::data(&format!("{word:<10} {line}"))?;
            }
        }
        for problem in &report.problems {
            output::data(&format!("problem    {problem}"))?;
        }
    }
    let Some(first) = report.problems.first() else {
        if !json && !report.roots.is_empty() {
            output::say("all of it holds, if these are the root keys that the parties gave you");
        }
        return Ok(());
    };
    let count = u64::try_from(report.problems.len()).unwrap_or(u64::MAX);
    let count = counted(count + report.more_problems, "problem", "problems");
    Err(Failure::verification(
        format!("{count}; the first: {first}"),
        "what is named was changed, left out or damaged after it was written: ask for it again from whoever wrote it",
    ))
}

fn cannot_write(path: &Path) -> impl FnOnce(std::io::Error) -> Failure + use<> {
    let path = path.display().to_string();
    move |error| {
        Failure::no(
            format!("cannot write {path}: {error}"),
            "name a folder or file of your own that is not there yet",
        )
    }
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path);
    made.map_err(cannot_write(path))
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(path);
    let written = opened.and_then(|mut file| file.write_all(bytes));
    written.map_err(cannot_write(path))
}

/// Writes the ledger, a few folders at a time: the size of the ledger does not matter.
fn export(data: Option<PathBuf>, folder: &Path, contents: bool) -> Result<(), Failure> {
    let mut backend = Backend::open(&data_folder(data)?)?;
    make_folder(folder)?;
    let empty = std::fs::read_dir(folder).is_ok_and(|mut names| names.next().is_none());
    if !empty {
        return Err(Failure::no(
            format!("{} is not empty", folder.display()),
            "name a folder that is not there yet",
        ));
    }
    let viewed = backend.ledger(LedgerCommand::View { contents })?;
    let view = viewed.get("view").cloned().unwrap_or_default();
    let view: View = serde_json::from_value(view).map_err(|error| Failure::defect(&error))?;
    let mut paths = vec![String::new()];
    let mut envelopes = 0;
    while !paths.is_empty() {
        let asked = paths.split_off(paths.len().saturating_sub(FOLDERS_MAX));
        let command = LedgerCommand::Folders {
            paths: asked.clone(),
            view: view.clone(),
        };
        let answer = backend.ledger(command)?;
        let listings = read_folders(&answer).filter(|listings| !listings.is_empty());
        let listings = listings.ok_or_else(|| {
            Failure::unknown(
                "the node answered something else",
                "use the same version of comity for the node and the command",
            )
        })?;
        // What did not fit into the answer is asked for again.
        paths.extend(asked.iter().skip(listings.len()).cloned());
        for (path, listing) in asked.iter().zip(listings) {
            envelopes += u64::from(listing.file("header").is_some());
            paths.extend(write_folder(folder, path, &listing)?);
        }
    }
    write_file(&folder.join("README"), README.as_bytes())?;
    output::say(&format!(
        "wrote {} to {}",
        counted(envelopes, "envelope", "envelopes"),
        folder.display()
    ));
    output::say(&format!(
        "anybody verifies it with: comity ledger verify {}",
        folder.display()
    ));
    backend.close()
}

/// Writes the files of a folder and answers the paths of those below it.
fn write_folder(to: &Path, path: &str, listing: &Listing) -> Result<Vec<String>, Failure> {
    let plain = |name: &str| !name.is_empty() && !name.contains('/') && name != "." && name != "..";
    let mut below = Vec::new();
    if !listing.files.is_empty() {
        make_folder(&to.join(path))?;
    }
    for (name, bytes) in listing.files.iter().filter(|(name, _)| plain(name)) {
        write_file(&to.join(path).join(name), bytes)?;
    }
    for name in listing.folders.iter().filter(|name| plain(name)) {
        below.push(if path.is_empty() {
            name.clone()
        } else {
            format!("{path}/{name}")
        });
    }
    Ok(below)
}

const README: &str = "\
What a Comity node can prove of what it exchanged. `comity ledger verify` on this folder needs nothing else.

log/                 the node's log as C2SP tlog-tiles: checkpoint, tile/, tile/entries/; later epochs in log/e1/ and so on
log/policy           keys of the log and of those who cosigned it, as C2SP tlog-policy
cards/PARTY/         the cards of each party, which name its keys; compare the root key with what the party gave you
peers/PARTY/eN/      the newest head of a partner's log that this node cosigned
evidence/XX/ID/      one envelope: header, blind (opens its leaf), opening and payload, proof.tlog-proof;
                     receipt.* the same of its receipt; tombstone* where the content was erased; or grant*, a right that an
                     account of this party was given

Any C2SP tool verifies log/ and every .tlog-proof. Whoever reads opening and payload reads what was exchanged.
";

fn prove(
    data: Option<PathBuf>,
    what: String,
    fields: Vec<String>,
    out: &Path,
) -> Result<(), Failure> {
    let found = ask(data, LedgerCommand::Prove { what, fields })?;
    let file: ProofFile = serde_json::from_value(found).map_err(|error| Failure::defect(&error))?;
    let mut bytes = serde_json::to_vec_pretty(&file).map_err(|error| Failure::defect(&error))?;
    bytes.push(b'\n');
    write_file(out, &bytes)?;
    output::say(&format!("wrote {}. It shows:", out.display()));
    for line in &file.shows {
        output::say(&format!("- {line}"));
    }
    output::say("It does not show:");
    for line in &file.does_not_show {
        output::say(&format!("- {line}"));
    }
    Ok(())
}

fn verify_file(path: &Path, json: bool) -> Result<(), Failure> {
    use std::io::Read as _;
    let most = u64::try_from(PROOF_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(most.saturating_add(1)).read_to_end(&mut bytes));
    read.map_err(|error| {
        Failure::unknown(
            format!("cannot read {}: {error}", path.display()),
            "look at its owner and its rights",
        )
    })?;
    let shows: Result<Shows, String> = ProofFile::parse(&bytes).and_then(|file| file.verify());
    let shows = shows.map_err(|what| {
        Failure::verification(
            format!("{} proves nothing: {what}", path.display()),
            "it was changed or damaged after it was written: ask for it again from whoever wrote it",
        )
    })?;
    if json {
        return output::json(&shows);
    }
    for (party, root) in &shows.roots {
        output::data(&format!("root key   {party} {root}"))?;
    }
    for line in &shows.shows {
        output::data(&format!("shows      {line}"))?;
    }
    output::say("all of it holds, if these are the root keys that the parties gave you");
    Ok(())
}

/// Asks a witness; one that holds another size says so, and is asked once more from there.
fn witness(data: Option<PathBuf>, url: &str, key: &str, json: bool) -> Result<(), Failure> {
    let folder = data_folder(data)?;
    let settings = Settings::read(&folder)?;
    let mut backend = Backend::open(&folder)?;
    let mut held = None;
    for _ in 0..2 {
        let question = WitnessQuestion {
            vkey: key.to_owned(),
            held,
        };
        let asked = backend.ledger(LedgerCommand::AskWitness(question))?;
        let (status, media_type, body) = post(&settings, url, text(&asked, "request"))?;
        let given = WitnessAnswer {
            vkey: key.to_owned(),
            url: url.to_owned(),
            checkpoint: text(&asked, "checkpoint").to_owned(),
            status,
            media_type,
            body,
        };
        let answer = backend.ledger(LedgerCommand::WitnessSaid(given))?;
        held = answer.get("held").and_then(Value::as_u64);
        if held.is_none() {
            if json {
                output::json(&answer)?;
            } else {
                output::data(text(&answer, "lines").trim_end())?;
                let size = answer.get("size").and_then(Value::as_u64).unwrap_or(0);
                output::say(&format!(
                    "{} cosigned {} with {}",
                    text(&answer, "witness"),
                    text(&answer, "origin"),
                    counted(size, "entry", "entries")
                ));
            }
            return backend.close();
        }
    }
    Err(Failure::no(
        "the witness changed its mind about what it holds",
        "does another node speak for this log? then end one; else try again",
    ))
}

fn post(
    settings: &Settings,
    url: &str,
    request: &str,
) -> Result<(u16, Option<String>, String), Failure> {
    let failed = |error: &comity_transport::http::HttpError| {
        Failure::unknown(
            comity_store::error::chain(error),
            "is the witness's address right, and does it run?",
        )
    };
    let options = ClientOptions {
        answer_bytes_max: 1_000_000,
        ..settings.link_client()
    };
    let client = Client::new(options).map_err(|error| failed(&error))?;
    let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
    let request = Request {
        method: "POST".parse().map_err(|_| failed_method())?,
        url: parse_url(&url).map_err(|error| failed(&error))?,
        accept: "text/plain",
        body: Some(("text/plain", request.to_owned().into())),
        credentials: None,
        repeatable: true,
        wait_seconds: None,
    };
    let sent = runtime()?.block_on(client.send(&request));
    let answer = sent.map_err(|error| failed(&error))?;
    Ok((
        answer.status.as_u16(),
        answer.header("content-type").map(str::to_owned),
        String::from_utf8_lossy(&answer.body).into_owned(),
    ))
}

fn failed_method() -> Failure {
    Failure::unknown(
        "cannot post",
        "this is a defect of comity: please report it",
    )
}
