//! `comity key`.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use comity_accord::card::UnsignedCard;
use comity_ledger::key::SigningKey;
use comity_ledger::note::Note;
use comity_node::exchange::own_keys::KeyCommand;
use comity_node::link::keys::{
    RootPublic, Seed, make_folder, read_seed, root_key, root_public, write_seed,
};
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::KeyVerb;
use crate::commands::parties::text;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;

/// A card is at most 64 KiB; a little more shows that a file is none.
const NOTE_BYTES_MAX: u64 = 70_000;

/// `comity key …`
pub(crate) fn run(command: KeyVerb) -> Result<(), Failure> {
    match command {
        KeyVerb::List { data, json } => list(data.data, json.json),
        KeyVerb::Rotate {
            data,
            uses,
            root_public,
            new_epoch,
            out,
            json,
        } => {
            let root_public = root_public.as_deref().map(read_text).transpose()?;
            let command = KeyCommand::Rotate {
                uses,
                root_public,
                new_epoch,
            };
            let answer = ask(data.data, command)?;
            changed(&answer, out.as_deref(), json.json)
        }
        KeyVerb::Revoke {
            data,
            what,
            reason,
            from,
            out,
            json,
        } => {
            let answer = ask(data.data, KeyCommand::Revoke { what, reason, from })?;
            changed(&answer, out.as_deref(), json.json)
        }
        KeyVerb::ExportCard { data, out } => export_card(data.data, out.as_deref()),
        KeyVerb::Sign {
            file,
            root,
            domain,
            out,
        } => sign(&file, &root, &domain, out.as_deref()),
        KeyVerb::Import { data, file, json } => {
            let note = read_text(&file)?;
            let answer = ask(data.data, KeyCommand::Import { note })?;
            changed(&answer, None, json.json)
        }
        KeyVerb::MakeRoot {
            folder,
            domain,
            after,
        } => make_root(&folder, &domain, after.as_deref()),
        KeyVerb::ExportRoot { data, folder } => {
            empty(&folder)?;
            let whole = std::path::absolute(&folder).unwrap_or(folder);
            let folder = whole.display().to_string();
            let answer = ask(data.data, KeyCommand::ExportRoot { folder })?;
            write(&whole.join("root.public"), text(&answer, "public"))?;
            output::say(
                "the root keys are no longer in the node's folder; move this one to a machine of its own:",
            );
            output::data(text(&answer, "folder"))
        }
    }
}

fn ask(data: Option<PathBuf>, command: KeyCommand) -> Result<Value, Failure> {
    let mut backend = Backend::open(&data_folder(data)?)?;
    let answer = backend.key(command)?;
    backend.close()?;
    Ok(answer)
}

fn list(data: Option<PathBuf>, json: bool) -> Result<(), Failure> {
    let answer = ask(data, KeyCommand::List)?;
    if json {
        return output::json(&answer);
    }
    let rows = |name: &str| answer.get(name).and_then(Value::as_array).cloned();
    for row in rows("keys").unwrap_or_default() {
        let is = |name: &str| row.get(name) == Some(&Value::Bool(true));
        let more = match (is("revoked"), is("waits")) {
            (true, _) => "\trevoked",
            (false, true) => "\ta new one waits for its card",
            (false, false) => "",
        };
        output::data(&format!(
            "{}\t{}{more}",
            text(&row, "use"),
            text(&row, "key")
        ))?;
    }
    for row in rows("revocations").unwrap_or_default() {
        output::data(&format!(
            "revoked\t{}\tfrom {}: {}",
            text(&row, "revoked"),
            text(&row, "from"),
            text(&row, "reason")
        ))?;
    }
    if answer.get("root_here") == Some(&Value::Bool(false)) {
        output::say("the root key is kept elsewhere");
    }
    Ok(())
}

/// Says what a change came to: it is in force, or must be signed first.
fn changed(answer: &Value, out: Option<&Path>, json: bool) -> Result<(), Failure> {
    if let Some(unsigned) = answer.get("sign").and_then(Value::as_str) {
        deliver(out, unsigned)?;
        output::say("nothing has changed yet: the root key, where it is kept, must sign this:");
        output::say("  comity key sign FILE --root root.key --domain DOMAIN --out SIGNED");
        output::say("and the node takes in what is signed:");
        output::say("  comity key import SIGNED");
        return Ok(());
    }
    if json {
        return output::json(answer);
    }
    if let Some(serial) = answer.get("serial").and_then(Value::as_u64) {
        output::say(&format!(
            "card {serial} is in force; other parties take it with the next call, or from a file:"
        ));
        output::data(text(answer, "card").trim_end())?;
    }
    let revocation = text(answer, "revocation");
    if !revocation.is_empty() {
        output::say("revoked; other parties take this with the next call, or from a file:");
        output::data(revocation.trim_end())?;
    }
    if let Some(what) = answer.get("revoked").and_then(Value::as_str) {
        output::say(&format!("revoked: {what}"));
    }
    Ok(())
}

fn export_card(data: Option<PathBuf>, out: Option<&Path>) -> Result<(), Failure> {
    let folder = data_folder(data)?;
    let links = Settings::read(&folder)?.links();
    let answer = ask(Some(folder), KeyCommand::Due { links })?;
    match answer.get("sign").and_then(Value::as_str) {
        Some(unsigned) => deliver(out, unsigned),
        None => Err(Failure::no(
            "the newest card says everything: there is nothing to be signed",
            "`comity party invite` prints the card",
        )),
    }
}

/// Signs what a node wrote. What is signed is shown, for whoever holds the root key must know it.
fn sign(file: &Path, roots: &[PathBuf], domain: &str, out: Option<&Path>) -> Result<(), Failure> {
    let unsigned = read_text(file)?;
    let mut keys = Vec::new();
    for path in roots {
        keys.push(root_of(path, domain)?);
    }
    let keys: Vec<&SigningKey> = keys.iter().collect();
    let wrong = |error: &(dyn std::error::Error + 'static)| {
        Failure::no(
            comity_store::error::chain(error),
            "give the file as the node wrote it, and the root key that it names",
        )
    };
    let signed = if unsigned.starts_with("comity-revocation/") {
        let signatures = keys.iter().map(|key| key.sign_note(&unsigned)).collect();
        let note =
            Note::new(unsigned.clone(), signatures).map_err(|error| Failure::defect(&error))?;
        let note = note.to_string();
        let read = comity_accord::keys::revocation::Revocation::parse(note.as_bytes());
        read.map_err(|error| wrong(&error))?;
        note
    } else {
        let card = UnsignedCard::parse(&unsigned).map_err(|error| wrong(&error))?;
        let signed = card.sign(&keys).map_err(|error| wrong(&error))?;
        String::from_utf8_lossy(&signed.to_bytes()).into_owned()
    };
    output::say("signed:");
    output::say(unsigned.trim_end());
    deliver(out, &signed)
}

fn make_root(folder: &Path, domain: &str, after: Option<&Path>) -> Result<(), Failure> {
    empty(folder)?;
    let root = match after {
        Some(before) => seed(&before.join("next-root.key"))?,
        None => random(),
    };
    let next = random();
    let public = root_public(domain, &root, &next);
    let public = public.ok_or_else(|| {
        Failure::usage(
            "the domain cannot be used",
            "for example `comity key make-root root --domain alpha.example`",
        )
    })?;
    let keys = |error| Failure::because(&error, FILES);
    make_folder(folder).map_err(keys)?;
    write_seed(&folder.join("root.key"), &root).map_err(keys)?;
    write_seed(&folder.join("next-root.key"), &next).map_err(keys)?;
    write(&folder.join("root.public"), &public.to_string())?;
    output::say(
        "keep this folder here and a copy apart from it; only root.public goes to the node:",
    );
    output::data(&folder.join("root.public").display().to_string())
}

const FILES: &str = "look at the owner and the rights of that path, or name another one";

fn random() -> Seed {
    let mut seed = Seed::default();
    getrandom::fill(seed.as_mut()).expect("invariant: the operating system gives random bytes");
    seed
}

fn seed(path: &Path) -> Result<Seed, Failure> {
    let read = read_seed(path).map_err(|error| Failure::because(&error, FILES))?;
    read.ok_or_else(|| Failure::no(format!("there is no {}", path.display()), FILES))
}

fn root_of(path: &Path, domain: &str) -> Result<SigningKey, Failure> {
    root_key(domain, &seed(path)?)
        .ok_or_else(|| Failure::usage("the domain cannot be used", "give the party's domain"))
}

/// What is known of root keys that are kept elsewhere.
pub(crate) fn read_public(path: &Path) -> Result<RootPublic, Failure> {
    RootPublic::parse(&read_text(path)?).ok_or_else(|| {
        Failure::no(
            format!("{} is no comity-root/v1", path.display()),
            "name the root.public that `comity key make-root DIR --domain DOMAIN` wrote",
        )
    })
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(NOTE_BYTES_MAX).read_to_string(&mut text));
    read.map_err(|error| Failure::no(format!("cannot read {}: {error}", path.display()), FILES))?;
    Ok(text)
}

fn deliver(out: Option<&Path>, text: &str) -> Result<(), Failure> {
    match out {
        Some(path) => write(path, text),
        None => output::data(text.trim_end()),
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(path);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        Failure::no(
            format!("cannot write {}: {error}", path.display()),
            "name a file of your own that is not there yet",
        )
    })
}

/// Keys are never written over others.
fn empty(folder: &Path) -> Result<(), Failure> {
    let taken = std::fs::read_dir(folder).is_ok_and(|mut names| names.next().is_some());
    if taken {
        return Err(Failure::no(
            format!("{} is not empty", folder.display()),
            "name a folder that is not there yet",
        ));
    }
    Ok(())
}
