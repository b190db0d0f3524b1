//! The guard: what this node signed last, kept where no backup reaches and no copy of the folder passes for the original.
//!
//! A log that is set back and goes on would show two histories. So the size and root are written here and synced before
//! each signature, in a file that names its own inode: a copied folder holds a file that says it is another one.
//!
//! In scope: keeping and reading the last signed head, and saying when it cannot be trusted. Out of scope: what is done
//! then (`log`).

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

/// The name of the file in the node's folder. Backups leave it out.
pub const GUARD_FILE: &str = "last-signed";
/// Bytes of one of the two slots; a slot is never torn across a page.
const SLOT_BYTES: usize = 1024;

/// The head that was signed last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastSigned {
    /// The log's origin, with its epoch.
    pub origin: String,
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: [u8; 32],
}

/// What a guard knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// This was signed last.
    Signed(LastSigned),
    /// Nothing was signed here yet, and nothing speaks against it.
    Nothing,
    /// It cannot be told what was signed last.
    Doubt(&'static str),
}

/// The guard cannot be written: nothing may be signed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}; nothing is signed until that is mended")]
pub struct GuardError {
    action: &'static str,
    path: PathBuf,
    #[source]
    source: std::io::Error,
}

impl GuardError {
    /// What a guard of another making answers when it cannot do its work.
    pub fn new(action: &'static str, path: PathBuf, source: std::io::Error) -> Self {
        Self {
            action,
            path,
            source,
        }
    }
}

/// Keeps the last signed head.
pub trait Guard: Send + Sync {
    /// What was signed last.
    fn known(&self) -> Result<Known, GuardError>;

    /// Keeps a head; durable when it returns. Only then may it be signed.
    fn keep(&self, signed: &LastSigned) -> Result<(), GuardError>;
}

/// A guard in a file.
#[derive(Debug)]
pub struct FileGuard {
    path: PathBuf,
    open: Mutex<Option<(File, u64)>>,
}

impl FileGuard {
    /// The guard of a node's folder. The file is made with the first head that is kept.
    pub fn new(folder: &Path) -> Self {
        Self {
            path: folder.join(GUARD_FILE),
            open: Mutex::default(),
        }
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(std::io::Error) -> GuardError + use<> {
        let path = self.path.clone();
        move |source| GuardError {
            action,
            path,
            source,
        }
    }
}

impl Guard for FileGuard {
    fn known(&self) -> Result<Known, GuardError> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Known::Nothing);
            }
            Err(error) => return Err(self.failed("open")(error)),
        };
        let inode = file.metadata().map_err(self.failed("look at"))?.ino();
        let mut bytes = Vec::new();
        let most = u64::try_from(SLOT_BYTES * 2).unwrap_or(u64::MAX);
        std::io::Read::by_ref(&mut file)
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(self.failed("read"))?;
        let slots: Vec<Slot> = bytes.chunks(SLOT_BYTES).filter_map(read_slot).collect();
        if slots.is_empty() {
            return Ok(Known::Doubt(
                "the file of what was signed last cannot be read",
            ));
        }
        let own = slots.into_iter().filter(|slot| slot.inode == inode);
        match own.max_by_key(|slot| slot.turn) {
            None => Ok(Known::Doubt(
                "the file of what was signed last is a copy: the folder was copied or restored",
            )),
            Some(slot) => {
                *self.open.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((self.writable()?, slot.turn));
                Ok(Known::Signed(slot.signed))
            }
        }
    }

    fn keep(&self, signed: &LastSigned) -> Result<(), GuardError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut file, turn) = match open.take() {
            Some((file, turn)) => (file, turn + 1),
            None => (self.writable()?, 1),
        };
        let inode = file.metadata().map_err(self.failed("look at"))?.ino();
        let slot = write_slot(&Slot {
            turn,
            inode,
            signed: signed.clone(),
        });
        let at = (turn % 2) * u64::try_from(SLOT_BYTES).unwrap_or(0);
        file.seek(SeekFrom::Start(at))
            .and_then(|_| file.write_all(&slot))
            .and_then(|()| file.sync_data())
            .map_err(self.failed("write"))?;
        *open = Some((file, turn));
        Ok(())
    }
}

impl FileGuard {
    /// A copy that is in doubt is replaced, so that the new file has an inode of its own.
    fn writable(&self) -> Result<File, GuardError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.mode(0o600).open(&self.path);
        let file = file.map_err(self.failed("open"))?;
        file.sync_all().map_err(self.failed("sync"))?;
        if let Some(folder) = self.path.parent() {
            let synced = File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(self.failed("sync the folder of"))?;
        }
        Ok(file)
    }
}

struct Slot {
    turn: u64,
    inode: u64,
    signed: LastSigned,
}

fn write_slot(slot: &Slot) -> Vec<u8> {
    let root = slot.signed.root.map(|byte| format!("{byte:02x}")).concat();
    let LastSigned { origin, size, .. } = &slot.signed;
    let text = format!(
        "comity-guard/v1\nturn {}\ninode {}\norigin {origin}\nsize {size}\nroot {root}\n",
        slot.turn, slot.inode
    );
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let digest = digest.map(|byte| format!("{byte:02x}")).concat();
    let mut bytes = format!("{text}digest {digest}\n").into_bytes();
    bytes.resize(SLOT_BYTES, 0);
    bytes
}

fn read_slot(bytes: &[u8]) -> Option<Slot> {
    let text = std::str::from_utf8(bytes.split(|byte| *byte == 0).next()?).ok()?;
    let (body, _) = text.split_at_checked(text.rfind("digest ")?)?;
    let mut lines = body.lines().skip(1);
    let mut line = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
    let slot = Slot {
        turn: line("turn")?.parse().ok()?,
        inode: line("inode")?.parse().ok()?,
        signed: LastSigned {
            origin: line("origin")?.to_owned(),
            size: line("size")?.parse().ok()?,
            root: hash(line("root")?)?,
        },
    };
    (write_slot(&slot).get(..text.len()) == Some(text.as_bytes())).then_some(slot)
}

fn hash(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    for (place, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::{FileGuard, GUARD_FILE, Guard, Known, LastSigned, SLOT_BYTES};

    fn signed(size: u64) -> LastSigned {
        LastSigned {
            origin: "alpha.example/log".to_owned(),
            size,
            root: [7; 32],
        }
    }

    #[test]
    fn the_last_head_survives_and_a_torn_write_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            FileGuard::new(folder.path()).known().unwrap(),
            Known::Nothing
        );
        let guard = FileGuard::new(folder.path());
        for size in 1..=5 {
            guard.keep(&signed(size)).unwrap();
        }
        let again = FileGuard::new(folder.path());
        assert_eq!(again.known().unwrap(), Known::Signed(signed(5)));
        again.keep(&signed(6)).unwrap();
        // Turn 6 went into the first slot; tear it.
        let path = folder.path().join(GUARD_FILE);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[40] ^= 1;
        assert!(bytes.len() >= SLOT_BYTES);
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &bytes, 0).unwrap();
        let torn = FileGuard::new(folder.path()).known().unwrap();
        assert_eq!(torn, Known::Signed(signed(5)));
    }

    #[test]
    fn a_copy_says_that_it_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let copy = tempfile::tempdir().unwrap();
        FileGuard::new(folder.path()).keep(&signed(3)).unwrap();
        let (from, to) = (folder.path().join(GUARD_FILE), copy.path().join(GUARD_FILE));
        std::fs::copy(from, to).unwrap();
        let copied = FileGuard::new(copy.path());
        assert!(matches!(copied.known().unwrap(), Known::Doubt(_)));
        copied.keep(&signed(4)).unwrap();
        let known = FileGuard::new(copy.path()).known().unwrap();
        assert_eq!(
            known,
            Known::Signed(signed(4)),
            "the copy is its own from now on"
        );
    }
}
