//! An item out of the node into a file: as itself, or, where it is a sample of malware, wrapped and never otherwise.
//!
//! In scope: the file. Out of scope: the form of the wrapper (`comity-mail`).

use std::fs::OpenOptions;
use std::io::Write;
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

/// An item that is given out: its bytes are still to be written.
pub struct HandedOut {
    /// The name under which it may be kept.
    pub name: String,
    /// From where the item is, in the words of whoever took it in.
    pub source: String,
    /// How many bytes will be written, where that is known.
    pub size: Option<u64>,
    item: ItemFile,
    wrapper: Option<(Wrapped, Vec<u8>)>,
}

impl std::fmt::Debug for HandedOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandedOut")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl HandedOut {
    /// Writes the bytes. May take long: for a thread that may wait.
    pub fn write(self, out: &mut dyn Write) -> std::io::Result<()> {
        let written = match self.wrapper {
            Some(begun) => write_wrapped(&self.item, begun, out),
            None => write_plain(&self.item, out),
        };
        written.map_err(std::io::Error::other)??;
        out.flush()
    }
}

impl Node {
    /// Writes an item into a new file, which is a copy and recorded as one.
    pub(crate) fn take_out_evidence(
        &self,
        name: &str,
        out: &Path,
        acting: &Acting,
    ) -> Result<Known, CaseError> {
        let (known, item, crc) = self.unchanged(name, acting)?;
        let id = known.row.id.clone();
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
        let handed = match self.recorded((&known, item, crc), "into a file", acting) {
            Ok(handed) => handed,
            Err(error) => {
                // Nothing is in it yet.
                let _ = std::fs::remove_file(out);
                return Err(error);
            }
        };
        let synced = handed.write(&mut file).and_then(|()| file.sync_all());
        synced.map_err(failed("write"))?;
        self.item_known(&id)
    }

    /// Gives an item out to whoever asks, which is a copy and recorded as one.
    pub(crate) fn hand_out(&self, name: &str, acting: &Acting) -> Result<HandedOut, CaseError> {
        let (known, item, crc) = self.unchanged(name, acting)?;
        self.recorded((&known, item, crc), "given out", acting)
    }

    /// The bytes of an item, which were read through; that they are others is recorded too.
    fn unchanged(&self, name: &str, acting: &Acting) -> Result<(Known, ItemFile, u32), CaseError> {
        let known = self.item_known(name)?;
        let item = self.item_file(&known)?;
        let (found, crc) = match read_through(&item) {
            Ok(found) => found,
            Err(StoreError::Damaged { .. }) => ([0; 32], 0),
            Err(error) => return Err(error.into()),
        };
        if found != known.row.sha256 {
            let id = known.row.id;
            self.note_custody(&id, &Event::Verified { ok: false }, acting)?;
            return Err(EvidenceError::Changed(id).into());
        }
        Ok((known, item, crc))
    }

    /// Records the copy. That comes first: a copy that nobody knows of is worse than a note of one that was not finished.
    fn recorded(
        &self,
        (known, item, crc): (&Known, ItemFile, u32),
        how: &str,
        acting: &Acting,
    ) -> Result<HandedOut, CaseError> {
        let row = &known.row;
        let mut random = [0; 11];
        (self.link().random)(&mut random);
        let number = row.id.strip_prefix("evidence--").unwrap_or(&row.id);
        let short: String = number.chars().take(8).collect();
        let mut handed = HandedOut {
            name: format!("evidence-{short}.bin"),
            source: known.item.source.clone(),
            size: Some(row.size),
            item,
            wrapper: None,
        };
        let mut note = how.to_owned();
        if known.item.sample {
            let name = hex(&row.sha256);
            let begun = Wrapped::begin(&name, row.size, crc, random);
            let large = "the sample is too large for an archive";
            let begun = begun.ok_or_else(|| EvidenceError::Said(large.to_owned()))?;
            handed.name = format!("{name}.zip");
            handed.size = None;
            handed.wrapper = Some(begun);
            note.push_str(", wrapped");
        }
        self.note_custody(&row.id, &Event::Copied { note }, acting)?;
        Ok(handed)
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

fn write_plain(item: &ItemFile, file: &mut dyn Write) -> Written {
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
    file: &mut dyn Write,
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
