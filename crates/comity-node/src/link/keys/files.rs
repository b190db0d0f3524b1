//! The files of keys: a seed a file, for its owner's eyes alone; the newest own card; what is known of a root key elsewhere.
//!
//! ```text
//! keys/envelope.key, keys/envelope-1.key, …   seeds of a use, 64 hexadecimal digits each; a later one has a higher number
//! keys/card                                   the newest own card, which no restored store takes back
//! keys/root.public                            the root key that is kept elsewhere, and the hash of the one that follows
//! ```
//!
//! In scope: reading, writing, removing. Out of scope: which key is in force (`keys`).

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use comity_accord::card::{CardError, SignedCard};
use comity_accord::digest::Digest;
use comity_ledger::key::VerifierKey;
use zeroize::Zeroizing;

use super::{Kept, KeysError, Seed, Use};

/// The name of the folder of keys in the node's folder.
pub const KEYS_FOLDER: &str = "keys";
const CARD_FILE: &str = "card";
const PUBLIC_FILE: &str = "root.public";
const PUBLIC_HEAD: &str = "comity-root/v1";

/// What others need to know of the root keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootPublic {
    /// The root key.
    pub root: VerifierKey,
    /// The hash of the one that comes after.
    pub next_root: Digest,
}

impl RootPublic {
    /// Reads what [`Display`](std::fmt::Display) writes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != PUBLIC_HEAD {
            return None;
        }
        let root = lines.next()?.strip_prefix("root ")?;
        let next = lines.next()?.strip_prefix("next-root ")?;
        let read = Self {
            root: VerifierKey::parse(root).ok()?,
            next_root: Digest::parse(next)?,
        };
        lines.next().is_none().then_some(read)
    }
}

impl std::fmt::Display for RootPublic {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { root, next_root } = self;
        write!(out, "{PUBLIC_HEAD}\nroot {root}\nnext-root {next_root}\n")
    }
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> KeysError + use<> {
    let path = path.to_owned();
    move |source| KeysError::File {
        action,
        path,
        source,
    }
}

fn path(folder: &Path, (which, number): (Use, u32)) -> PathBuf {
    let name = match number {
        0 => format!("{}.key", which.word()),
        _ => format!("{}-{number}.key", which.word()),
    };
    folder.join(KEYS_FOLDER).join(name)
}

/// The use and number that a file's name stands for.
fn named(name: &str) -> Option<(Use, u32)> {
    let stem = name.strip_suffix(".key")?;
    if let Some(which) = Use::parse(stem) {
        return Some((which, 0));
    }
    let (word, number) = stem.rsplit_once('-')?;
    let number: u32 = number.parse().ok()?;
    Use::parse(word)
        .filter(|_| number > 0)
        .map(|which| (which, number))
}

/// Makes a folder that only its owner looks into.
pub fn make_folder(path: &Path) -> Result<(), KeysError> {
    let made = std::fs::DirBuilder::new()
        .mode(0o700)
        .recursive(true)
        .create(path);
    made.map_err(failed("create", path))
}

/// Every seed of a node; none where there is no folder of keys.
pub(super) fn read_all(folder: &Path) -> Result<Vec<Kept>, KeysError> {
    let keys = folder.join(KEYS_FOLDER);
    let listing = match std::fs::read_dir(&keys) {
        Ok(listing) => listing,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("list", &keys)(error)),
    };
    let mut pool = Vec::new();
    for item in listing.flatten() {
        let place = item.file_name().to_str().and_then(named);
        let Some((which, number)) = place else {
            continue;
        };
        let seed = read_seed(&item.path())?;
        pool.extend(seed.map(|seed| Kept {
            which,
            number,
            seed,
        }));
    }
    pool.sort_by_key(|kept| kept.number);
    Ok(pool)
}

/// Whether a node has keys.
pub(crate) fn exist(folder: &Path) -> Result<bool, KeysError> {
    let all = read_all(folder)?;
    Ok(all.iter().any(|kept| kept.which == Use::Envelope))
}

/// Reads a seed; none where there is no file.
pub fn read_seed(path: &Path) -> Result<Option<Seed>, KeysError> {
    let Some(text) = read_text(path)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let bytes = bytes_of(text.trim());
    let seed = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
    seed.map(|seed| Some(Zeroizing::new(seed)))
        .ok_or_else(|| KeysError::Seed(path.to_owned()))
}

/// What hexadecimal digits stand for.
fn bytes_of(digits: &str) -> Option<Zeroizing<Vec<u8>>> {
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len() / 2));
    for place in (0..digits.len()).step_by(2) {
        bytes.push(u8::from_str_radix(digits.get(place..place + 2)?, 16).ok()?);
    }
    Some(bytes)
}

pub(super) fn write(folder: &Path, place: (Use, u32), seed: &Seed) -> Result<(), KeysError> {
    write_seed(&path(folder, place), seed)
}

/// Writes a seed, for its owner's eyes.
pub fn write_seed(path: &Path, seed: &Seed) -> Result<(), KeysError> {
    write_secret(path, seed.as_slice())
}

/// Reads a key of any length that [`write_secret`] wrote; none where there is no file.
pub(crate) fn read_secret(
    path: &Path,
    bytes_max: usize,
) -> Result<Option<Zeroizing<Vec<u8>>>, KeysError> {
    let Some(text) = read_text(path)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let digits = text.trim();
    let wrong = || KeysError::Secret(path.to_owned());
    if digits.is_empty() || digits.len() > 2 * bytes_max {
        return Err(wrong());
    }
    bytes_of(digits).map(Some).ok_or_else(wrong)
}

/// Writes a key of any length, for its owner's eyes.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    let mut digits = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for byte in bytes {
        // Writing into a text does not fail.
        let _ = write!(digits, "{byte:02x}");
    }
    replace(path, digits.as_bytes())
}

/// Writes a file whole or not at all; it is durable when this returns.
fn replace(path: &Path, line: &[u8]) -> Result<(), KeysError> {
    let new = path.with_extension("new");
    let mut options = OpenOptions::new();
    let opened = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new);
    let mut opened = opened.map_err(failed("create", &new))?;
    let written = opened
        .write_all(line)
        .and_then(|()| opened.write_all(b"\n"))
        .and_then(|()| opened.sync_all())
        .and_then(|()| std::fs::rename(&new, path));
    written.map_err(failed("write", path))?;
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(failed("sync the folder of", path))
}

pub(super) fn remove(folder: &Path, place: (Use, u32)) -> Result<(), KeysError> {
    let path = path(folder, place);
    std::fs::remove_file(&path).map_err(failed("remove", &path))
}

fn read_text(path: &Path) -> Result<Option<String>, KeysError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// The newest own card, as it is kept beside the keys; none before the first.
pub fn known_card(folder: &Path) -> Result<Option<Result<SignedCard, CardError>>, KeysError> {
    let text = read_text(&folder.join(KEYS_FOLDER).join(CARD_FILE))?;
    Ok(text.map(|text| SignedCard::parse(format!("{}\n", text.trim_end()).as_bytes())))
}

/// Keeps the newest own card where a store that is set back does not take it along.
pub fn keep_card(folder: &Path, card: &SignedCard) -> Result<(), KeysError> {
    let bytes = card.to_bytes();
    let text = String::from_utf8_lossy(&bytes);
    replace(
        &folder.join(KEYS_FOLDER).join(CARD_FILE),
        text.trim_end().as_bytes(),
    )
}

pub(super) fn read_public(folder: &Path) -> Result<Option<RootPublic>, KeysError> {
    let path = folder.join(KEYS_FOLDER).join(PUBLIC_FILE);
    let text = read_text(&path)?;
    let read = text.map(|text| RootPublic::parse(&text).ok_or(KeysError::Public(path)));
    read.transpose()
}

pub(super) fn write_public(folder: &Path, public: &RootPublic) -> Result<(), KeysError> {
    let path = folder.join(KEYS_FOLDER).join(PUBLIC_FILE);
    replace(&path, public.to_string().trim_end().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{Use, named};

    #[test]
    fn a_file_names_its_use_and_number() {
        let check = |name: &str, expected| assert_eq!(named(name), expected, "{name}");
        check("envelope.key", Some((Use::Envelope, 0)));
        check("next-root.key", Some((Use::NextRoot, 0)));
        check("next-root-2.key", Some((Use::NextRoot, 2)));
        check("log-10.key", Some((Use::Log, 10)));
        check("log-0.key", None);
        check("log.new", None);
        check("card", None);
    }
}
