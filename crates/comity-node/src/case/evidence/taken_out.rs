//! An item out of the node into a file: as itself, or, where it is a sample of malware, wrapped and never otherwise.
//!
//! In scope: the file. Out of scope: the form of the wrapper (`comity-mail`).

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use comity_case::evidence::event::Event;
use comity_mail::archive::wrapped::{Crc, Wrapped};
use comity_store::attachment::item::ItemFile;
use comity_store::error::StoreError;
use sha2::{Digest as _, Sha256};

use super::{EvidenceError, Known, hex};
use crate::case::CaseError;
use crate::case::threads::Acting;
use crate::node::Node;

impl Node {
    /// Writes an item into a new file, which is a copy and recorded as one.
    pub(crate) fn take_out_evidence(
        &self,
        name: &str,
        out: &Path,
        acting: &Acting,
    ) -> Result<Known, CaseError> {
        let known = self.item_known(name)?;
        let id = known.row.id.clone();
        let item = self.item_file(&known)?;
        let (found, crc) = match read_through(&item) {
            Ok(found) => found,
            Err(StoreError::Damaged { .. }) => ([0; 32], 0),
            Err(error) => return Err(error.into()),
        };
        if found != known.row.sha256 {
            self.note_custody(&id, &Event::Verified { ok: false }, acting)?;
            return Err(EvidenceError::Changed(id).into());
        }
        let mut options = OpenOptions::new();
        let failed = |action| {
            let path = out.to_owned();
            move |source| EvidenceError::File {
                action,
                path,
                source,
            }
        };
        let file = options.write(true).create_new(true).mode(0o600).open(out);
        let mut file = file.map_err(failed("create"))?;
        // Recorded first: a copy that nobody knows of is worse than a note of one that was not finished.
        let sample = known.item.sample;
        let form = if sample {
            "into a file, wrapped"
        } else {
            "into a file"
        };
        let note = form.to_owned();
        if let Err(error) = self.note_custody(&id, &Event::Copied { note }, acting) {
            // Nothing is in it yet.
            let _ = std::fs::remove_file(out);
            return Err(error);
        }
        let mut random = [0; 11];
        (self.link().random)(&mut random);
        let wrapper = sample.then(|| {
            let name = hex(&known.row.sha256);
            Wrapped::begin(&name, known.row.size, crc, random)
        });
        let written = match wrapper {
            Some(Some((wrapper, head))) => write_wrapped(&item, (wrapper, head), &mut file),
            Some(None) => {
                let large = "the sample is too large for an archive";
                return Err(EvidenceError::Said(large.to_owned()).into());
            }
            None => write_plain(&item, &mut file),
        };
        let synced = written?.and_then(|()| file.sync_all());
        synced.map_err(failed("write"))?;
        self.item_known(&id)
    }
}

fn read_through(item: &ItemFile) -> Result<([u8; 32], u32), StoreError> {
    let (mut hash, mut crc) = (Sha256::new(), Crc::default());
    for number in 0..item.chunks() {
        let chunk = item.chunk(number)?;
        hash.update(&chunk);
        crc.update(&chunk);
    }
    Ok((hash.finalize().into(), crc.value()))
}

/// What the disk said of a write, once the item could be read.
type Written = Result<std::io::Result<()>, StoreError>;

fn write_plain(item: &ItemFile, file: &mut File) -> Written {
    for number in 0..item.chunks() {
        if let Err(error) = file.write_all(&item.chunk(number)?) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

fn write_wrapped(
    item: &ItemFile,
    (mut wrapper, head): (Wrapped, Vec<u8>),
    file: &mut File,
) -> Written {
    let mut write = |bytes: &[u8]| file.write_all(bytes);
    if let Err(error) = write(&head) {
        return Ok(Err(error));
    }
    for number in 0..item.chunks() {
        let mut chunk = item.chunk(number)?;
        wrapper.body(&mut chunk);
        if let Err(error) = write(&chunk) {
            return Ok(Err(error));
        }
    }
    Ok(write(&wrapper.end().unwrap_or_default()))
}
