//! The keys of a node: seeds in files that only their owner reads.
//!
//! In scope: making, reading and using them. Out of scope: which key of another party counts (`comity-accord`).

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use comity_ledger::key::{KeyError, SignatureType, SigningKey};
use comity_link::seal::{OpeningKey, SealingAlgorithm};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The name of the folder of keys in the node's folder.
pub const KEYS_FOLDER: &str = "keys";

/// A key's seed.
pub type Seed = Zeroizing<[u8; 32]>;

/// What each key is for; the name of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Signs node cards and revocations; may be kept offline.
    Root,
    /// The root key that comes after; its hash stands in the card.
    NextRoot,
    /// Signs checkpoints.
    Log,
    /// Cosigns others' checkpoints.
    Witness,
    /// Signs envelopes, receipts and batches.
    Envelope,
    /// Opens what is sealed to this node.
    Sealing,
}

impl Use {
    /// Every use.
    pub const ALL: [Self; 6] = [
        Self::Root,
        Self::NextRoot,
        Self::Log,
        Self::Witness,
        Self::Envelope,
        Self::Sealing,
    ];

    /// The name of its file, without the ending.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::NextRoot => "next-root",
            Self::Log => "log",
            Self::Witness => "witness",
            Self::Envelope => "envelope",
            Self::Sealing => "sealing",
        }
    }
}

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// A file cannot be read or made.
    #[error("cannot {action} {path}")]
    File {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// A file holds no seed.
    #[error("{0} holds no key: 64 hexadecimal digits are due")]
    Seed(PathBuf),
    /// A name cannot be that of a key.
    #[error("cannot make a key of this name")]
    Name(#[source] KeyError),
}

/// The keys of a node.
#[derive(Debug)]
pub struct NodeKeys {
    domain: String,
    root: Option<Seed>,
    next_root: Option<Seed>,
    log: Seed,
    witness: SigningKey,
    witness_post_quantum: SigningKey,
    envelope: SigningKey,
    opening: OpeningKey,
    algorithm: SealingAlgorithm,
}

impl NodeKeys {
    /// The keys that these seeds make; `domain` is the beginning of their names.
    pub fn from_seeds(
        domain: &str,
        seed_of: &mut dyn FnMut(Use) -> Result<Option<Seed>, KeysError>,
        algorithm: SealingAlgorithm,
    ) -> Result<Self, KeysError> {
        let mut due = |which: Use| {
            let seed = seed_of(which)?;
            seed.ok_or_else(|| KeysError::Seed(PathBuf::from(which.word())))
        };
        let (log, witness) = (due(Use::Log)?, due(Use::Witness)?);
        let (envelope, sealing) = (due(Use::Envelope)?, due(Use::Sealing)?);
        let key = |word: &str, kind, seed: &Seed| {
            SigningKey::from_seed(&format!("{domain}/{word}"), kind, seed).map_err(KeysError::Name)
        };
        Ok(Self {
            domain: domain.to_owned(),
            root: seed_of(Use::Root)?,
            next_root: seed_of(Use::NextRoot)?,
            witness: key("witness", SignatureType::CosignatureEd25519, &witness)?,
            witness_post_quantum: key(
                "witness",
                SignatureType::CosignatureMlDsa44,
                &post_quantum(&witness),
            )?,
            envelope: key("envelope", SignatureType::Ed25519, &envelope)?,
            opening: OpeningKey::from_seed(algorithm, &sealing),
            algorithm,
            log,
        })
    }

    /// Makes keys for a new node and reads them back.
    pub fn make(
        folder: &Path,
        domain: &str,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Self, KeysError> {
        let keys = folder.join(KEYS_FOLDER);
        let made = std::fs::DirBuilder::new()
            .mode(0o700)
            .recursive(true)
            .create(&keys);
        made.map_err(file("create", &keys))?;
        for which in Use::ALL {
            let mut seed = Zeroizing::new([0; 32]);
            random(seed.as_mut());
            write(folder, which, &seed)?;
        }
        Self::read(folder, domain)
    }

    /// Reads the keys of a node.
    pub fn read(folder: &Path, domain: &str) -> Result<Self, KeysError> {
        Self::from_seeds(
            domain,
            &mut |which| read(folder, which),
            SealingAlgorithm::XWing,
        )
    }

    /// The root key, where it is not kept offline.
    pub fn root(&self) -> Option<SigningKey> {
        self.root_key(self.root.as_ref()?)
    }

    /// The root key that comes after.
    pub fn next_root(&self) -> Option<SigningKey> {
        self.root_key(self.next_root.as_ref()?)
    }

    fn root_key(&self, seed: &Seed) -> Option<SigningKey> {
        let name = format!("{}/root", self.domain);
        SigningKey::from_seed(&name, SignatureType::Ed25519, seed).ok()
    }

    /// The key that signs checkpoints of the log with this origin, by whose name it goes.
    pub fn log(&self, origin: &str) -> Result<SigningKey, KeysError> {
        SigningKey::from_seed(origin, SignatureType::Ed25519, &self.log).map_err(KeysError::Name)
    }

    /// The same with ML-DSA-44.
    pub fn log_post_quantum(&self, origin: &str) -> Result<SigningKey, KeysError> {
        let seed = post_quantum(&self.log);
        SigningKey::from_seed(origin, SignatureType::CosignatureMlDsa44, &seed)
            .map_err(KeysError::Name)
    }

    /// The key that cosigns.
    pub fn witness(&self) -> &SigningKey {
        &self.witness
    }

    /// The same with ML-DSA-44.
    pub fn witness_post_quantum(&self) -> &SigningKey {
        &self.witness_post_quantum
    }

    /// The key that signs envelopes.
    pub fn envelope(&self) -> &SigningKey {
        &self.envelope
    }

    /// The key that opens contents.
    pub fn opening(&self) -> &OpeningKey {
        &self.opening
    }

    /// How contents are sealed to this node.
    pub fn algorithm(&self) -> SealingAlgorithm {
        self.algorithm
    }
}

/// The seed of the ML-DSA-44 key beside an Ed25519 key: never the same bytes for two algorithms.
fn post_quantum(seed: &Seed) -> Seed {
    let mut hash = Sha256::new();
    hash.update(b"comity-ml-dsa-44/v1\n");
    hash.update(seed.as_slice());
    Zeroizing::new(hash.finalize().into())
}

fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> KeysError + use<> {
    let path = path.to_owned();
    move |source| KeysError::File {
        action,
        path,
        source,
    }
}

fn path(folder: &Path, which: Use) -> PathBuf {
    folder
        .join(KEYS_FOLDER)
        .join(format!("{}.key", which.word()))
}

/// Reads a seed; none where there is no file.
pub fn read(folder: &Path, which: Use) -> Result<Option<Seed>, KeysError> {
    let path = path(folder, which);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file("read", &path)(error)),
    };
    let digits = text.trim();
    let mut seed = Zeroizing::new([0; 32]);
    for (place, byte) in seed.iter_mut().enumerate() {
        *byte = digits
            .get(2 * place..2 * place + 2)
            .and_then(|two| u8::from_str_radix(two, 16).ok())
            .ok_or_else(|| KeysError::Seed(path.clone()))?;
    }
    if digits.len() == 64 {
        Ok(Some(seed))
    } else {
        Err(KeysError::Seed(path))
    }
}

/// Writes a seed, for its owner's eyes; an older one is kept beside it until the new one is whole.
pub fn write(folder: &Path, which: Use, seed: &Seed) -> Result<(), KeysError> {
    let path = path(folder, which);
    let new = path.with_extension("new");
    let digits = Zeroizing::new(seed.map(|byte| format!("{byte:02x}")).concat());
    let mut options = OpenOptions::new();
    let opened = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new);
    let mut opened = opened.map_err(file("create", &new))?;
    writeln!(opened, "{}", digits.as_str())
        .and_then(|()| opened.sync_all())
        .and_then(|()| std::fs::rename(&new, &path))
        .map_err(file("write", &path))
}

/// Removes a seed that is kept elsewhere from now on.
pub fn remove(folder: &Path, which: Use) -> Result<(), KeysError> {
    let path = path(folder, which);
    std::fs::remove_file(&path).map_err(file("remove", &path))
}
