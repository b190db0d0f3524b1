//! `.comity` files: written by `comity outbox export`, taken by `comity import`.
//!
//! In scope: files and parts. Out of scope: what is in them (`comity-link`, `comity-node`).

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comity_link::file::{EXTENSION, FileError, FilePart, PART_BYTES_MAX, cut, join, read};
use comity_node::exchange::command::ExchangeCommand;
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::commands::parties::text;
use crate::failure::Failure;
use crate::output::{self, counted};

/// How a part begins.
const MAGIC: &[u8] = b"comity-file/";

/// Whether a file is a part of what another party's node wrote.
pub(crate) fn is_part(path: &Path) -> bool {
    let mut first = [0; MAGIC.len()];
    path != Path::new("-")
        && File::open(path)
            .and_then(|mut file| file.read_exact(&mut first))
            .is_ok_and(|()| first == MAGIC)
}

/// Writes what waits for a party.
pub(crate) fn export(
    data: Option<PathBuf>,
    party: &str,
    out: Option<PathBuf>,
) -> Result<(), Failure> {
    let mut backend = Backend::open(&data_folder(data)?)?;
    let folder = out.unwrap_or_else(|| PathBuf::from("."));
    let carry = ExchangeCommand::Carry {
        party: party.to_owned(),
    };
    let document = backend.exchange(carry)?;
    let batches = document.get("batches").and_then(Value::as_array);
    for batch in batches.into_iter().flatten().filter_map(Value::as_str) {
        let batch = STANDARD.decode(batch).unwrap_or_default();
        for part in cut(&batch) {
            let Ok(read) = read(&part) else { continue };
            let whole = comity_link::header::EnvelopeId(read.whole).to_string();
            let whole: String = whole.chars().take(12).collect();
            let name = format!(
                "to-{party}-{whole}-{}-of-{}.{EXTENSION}",
                read.number, read.of
            );
            let path = folder.join(name);
            let written = File::create(&path)
                .and_then(|mut file| file.write_all(&part).and_then(|()| file.sync_all()));
            written.map_err(|error| {
                Failure::unknown(
                    format!("cannot write {}: {error}", path.display()),
                    "name a folder that you may write to with --out DIR",
                )
            })?;
            output::data(&path.display().to_string())?;
        }
    }
    output::say(&format!(
        "carry these files to {party}; there: comity import FILE..."
    ));
    backend.close()
}

/// Takes in parts, in any order and of any number of wholes.
pub(crate) fn take(backend: &mut Backend, paths: &[PathBuf], json: bool) -> Result<(), Failure> {
    let mut wholes: Vec<Vec<FilePart>> = Vec::new();
    for path in paths {
        let mut bytes = Vec::new();
        let most = u64::try_from(PART_BYTES_MAX + 4_096).unwrap_or(u64::MAX);
        let opened = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
        opened.map_err(|error| {
            Failure::unknown(
                format!("cannot read {}: {error}", path.display()),
                "look at its rights",
            )
        })?;
        let part = read(&bytes).map_err(|error| refused(path, &error))?;
        match wholes
            .iter_mut()
            .find(|parts| parts.iter().any(|one| one.whole == part.whole))
        {
            Some(parts) => parts.push(part),
            None => wholes.push(vec![part]),
        }
    }
    let mut taken = Vec::new();
    for parts in &wholes {
        let batch = join(parts).map_err(|error| refused(Path::new("the files"), &error))?;
        let batch = STANDARD.encode(batch);
        taken.push(backend.exchange(ExchangeCommand::TakeCarried { batch })?);
    }
    if json {
        return output::json(&taken);
    }
    let mut wrong = 0;
    for one in &taken {
        let stored = one.get("stored").and_then(Value::as_u64).unwrap_or(0);
        let party = text(one, "party");
        output::say(&format!(
            "{} from {party}",
            counted(stored, "new envelope", "new envelopes")
        ));
        output::say(&format!(
            "the receipts go with the next call, or with: comity outbox export {party}"
        ));
        for problem in one
            .get("wrong")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            wrong += 1;
            output::say(&format!(
                "not taken: {}",
                problem.as_str().unwrap_or_default()
            ));
        }
    }
    if wrong > 0 {
        return Err(Failure::no(
            format!("{} not taken", counted(wrong, "thing was", "things were")),
            "`comity inbox list` shows what came; ask the other party to export again",
        ));
    }
    Ok(())
}

fn refused(path: &Path, error: &FileError) -> Failure {
    Failure::no(
        format!("{}: {error}", path.display()),
        "every part checks itself: ask for the part again, or give all of them together",
    )
}
