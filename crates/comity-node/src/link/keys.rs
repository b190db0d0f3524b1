//! The keys of a node: every seed that is here, and which of them are in force.
//!
//! What is in force is what the newest own card lists, so that a key is never used before its card is signed, and a crash
//! in the middle of a rotation leaves the old keys in force. A key that no card lists yet waits.
//!
//! In scope: making, choosing and using keys, and which are given up. Out of scope: their files (`files`), which key of
//! another party counts (`comity-accord`).
//! Limits: [`LOG_DAYS`], [`SEALING_DAYS`].

mod files;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use comity_accord::card::{Card, SignedCard, root_hash};
use comity_accord::digest::Digest;
use comity_ledger::key::{KeyError, SignatureType, SigningKey, VerifierKey};
use comity_link::seal::{Content, OpeningKey, SealError, SealingAlgorithm, SealingKey};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

pub use files::{
    KEYS_FOLDER, RootPublic, keep_card, known_card, make_folder, read_seed, write_seed,
};
pub(crate) use files::{exist, read_secret, write_secret};

/// How long a replaced log key signs along, so that whoever has not seen the new card can verify.
pub const LOG_DAYS: i64 = 30;
/// How long a replaced sealing key opens what is on its way: by mail, on a stick, left with a third party.
pub const SEALING_DAYS: i64 = 90;
const DAY_MICROS: i64 = 86_400_000_000;

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

    /// Whether it is a root key, of today or the one to come.
    pub const fn is_root(self) -> bool {
        matches!(self, Self::Root | Self::NextRoot)
    }

    /// The use of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

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
    /// A file holds no key of its kind.
    #[error("{0} holds no key of its kind")]
    Secret(PathBuf),
    /// A file that says what others need to know of a root key holds something else.
    #[error("{0} is no comity-root/v1")]
    Public(PathBuf),
    /// A name cannot be that of a key.
    #[error("cannot make a key of this name")]
    Name(#[source] KeyError),
}

/// A seed that is here.
#[derive(Clone, Debug)]
struct Kept {
    which: Use,
    /// Which of its use, from 0.
    number: u32,
    seed: Seed,
}

/// The keys of a node.
#[derive(Clone, Debug)]
pub struct NodeKeys {
    domain: String,
    /// The node's folder; none where the seeds are in memory only.
    folder: Option<PathBuf>,
    algorithm: SealingAlgorithm,
    pool: Vec<Kept>,
    /// What is known of a root key that is kept elsewhere.
    public: Option<RootPublic>,
    root: Option<Seed>,
    next_root: Option<Seed>,
    /// The one in force first, then one that signs along.
    log: Vec<Seed>,
    /// Those that counted at the end of epochs that ended, by origin.
    ended: Vec<(String, Vec<Seed>)>,
    witness: Seed,
    envelope: Seed,
    sealing: Seed,
    used: Used,
}

/// Keys that are needed often.
#[derive(Clone, Debug)]
struct Used {
    witness: Arc<SigningKey>,
    witness_post_quantum: Arc<SigningKey>,
    envelope: Arc<SigningKey>,
    /// The one in force first.
    opening: Arc<Vec<OpeningKey>>,
}

impl NodeKeys {
    /// The keys that these seeds make; `domain` is the beginning of their names.
    pub fn from_seeds(
        domain: &str,
        seed_of: &mut dyn FnMut(Use) -> Result<Option<Seed>, KeysError>,
        algorithm: SealingAlgorithm,
    ) -> Result<Self, KeysError> {
        let mut pool = Vec::new();
        for which in Use::ALL {
            let seed = seed_of(which)?;
            pool.extend(seed.map(|seed| Kept {
                which,
                number: 0,
                seed,
            }));
        }
        Self::of(domain, None, pool, algorithm)
    }

    /// Makes keys for a new node and reads them back. With `root`, the root keys are kept elsewhere.
    pub fn make(
        folder: &Path,
        domain: &str,
        root: Option<&RootPublic>,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Self, KeysError> {
        make_folder(&folder.join(KEYS_FOLDER))?;
        let uses = Use::ALL.into_iter();
        let here = uses.filter(|which| root.is_none() || !which.is_root());
        for which in here {
            let mut seed = Zeroizing::new([0; 32]);
            random(seed.as_mut());
            files::write(folder, (which, 0), &seed)?;
        }
        if let Some(root) = root {
            files::write_public(folder, root)?;
        }
        Self::read(folder, domain)
    }

    /// Reads the keys of a node; those in force are chosen with [`Self::for_cards`].
    pub fn read(folder: &Path, domain: &str) -> Result<Self, KeysError> {
        let pool = files::read_all(folder)?;
        let mut keys = Self::of(domain, Some(folder), pool, SealingAlgorithm::XWing)?;
        keys.public = files::read_public(folder)?;
        Ok(keys)
    }

    fn of(
        domain: &str,
        folder: Option<&Path>,
        pool: Vec<Kept>,
        algorithm: SealingAlgorithm,
    ) -> Result<Self, KeysError> {
        let newest = |which: Use| newest(&pool, which);
        let due =
            |which: Use| newest(which).ok_or_else(|| KeysError::Seed(PathBuf::from(which.word())));
        let (log, witness) = (due(Use::Log)?, due(Use::Witness)?);
        let (envelope, sealing) = (due(Use::Envelope)?, due(Use::Sealing)?);
        Ok(Self {
            used: Used::of(domain, algorithm, (&witness, &envelope, &sealing), &pool)?,
            domain: domain.to_owned(),
            folder: folder.map(Path::to_owned),
            algorithm,
            public: None,
            root: newest(Use::Root),
            next_root: newest(Use::NextRoot),
            log: vec![log],
            ended: Vec::new(),
            witness,
            envelope,
            sealing,
            pool,
        })
    }

    /// The same seeds, those in force that the newest of these own cards lists. Of a use of which the card lists none that
    /// is here, the newest seed.
    pub fn for_cards(&self, cards: &[SignedCard]) -> Result<Self, KeysError> {
        let Some(card) = cards.last().map(SignedCard::card) else {
            return Ok(self.clone());
        };
        let mut keys = self.clone();
        let listed = |key: &VerifierKey, seed: &Seed| public_of(seed) == key.public_key();
        let of_use = |which: Use, fits: &dyn Fn(&Seed) -> bool| {
            let mut seeds = self.pool.iter().filter(|kept| kept.which == which);
            let found = seeds.find(|kept| fits(&kept.seed));
            found
                .map(|kept| kept.seed.clone())
                .or_else(|| newest(&self.pool, which))
        };
        if let Some(seed) = of_use(Use::Envelope, &|seed| listed(&card.envelope, seed)) {
            keys.envelope = seed;
        }
        let witness = |seed: &Seed| card.witness.iter().any(|key| listed(key, seed));
        if let Some(seed) = of_use(Use::Witness, &witness) {
            keys.witness = seed;
        }
        let sealing = |seed: &Seed| {
            let public = OpeningKey::from_seed(self.algorithm, seed).sealing_key();
            card.sealing
                .first()
                .is_some_and(|key| key.bytes == public.public)
        };
        if let Some(seed) = of_use(Use::Sealing, &sealing) {
            keys.sealing = seed;
        }
        let logs = self.logs_of(card);
        if !logs.is_empty() {
            keys.log = logs;
        }
        keys.ended = self.ended(cards);
        let roots = || self.pool.iter().filter(|kept| kept.which.is_root());
        let root = roots().find(|kept| listed(&card.root, &kept.seed));
        let next = roots().find(|kept| Digest::of(&public_of(&kept.seed)) == card.next_root);
        keys.root = root.map(|kept| kept.seed.clone());
        keys.next_root = next.map(|kept| kept.seed.clone());
        keys.refresh()
    }

    fn refresh(mut self) -> Result<Self, KeysError> {
        let chosen = (&self.witness, &self.envelope, &self.sealing);
        self.used = Used::of(&self.domain, self.algorithm, chosen, &self.pool)?;
        Ok(self)
    }

    /// The seeds of the log keys that a card lists, in its order.
    fn logs_of(&self, card: &Card) -> Vec<Seed> {
        let ed25519 = card.log.iter();
        let ed25519 = ed25519.filter(|key| key.signature_type() == SignatureType::Ed25519);
        let seeds = ed25519.filter_map(|key| {
            let mut kept = self.pool.iter().filter(|kept| kept.which == Use::Log);
            kept.find(|kept| public_of(&kept.seed) == key.public_key())
        });
        seeds.map(|kept| kept.seed.clone()).collect()
    }

    /// The log keys of ended epochs: their heads are signed anew when evidence is exported.
    fn ended(&self, cards: &[SignedCard]) -> Vec<(String, Vec<Seed>)> {
        let mut ended: Vec<(String, Vec<Seed>)> = Vec::new();
        for card in cards.iter().map(SignedCard::card) {
            let origin = card.origin.as_str();
            ended.retain(|(known, _)| known != origin);
            ended.push((origin.to_owned(), self.logs_of(card)));
        }
        ended.pop();
        ended
    }

    /// New keys of these uses, in force in what this answers and nowhere else until their card is signed. A new root key is
    /// the one that was to come next.
    pub fn renewed(
        &self,
        uses: &[Use],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Self, KeysError> {
        let mut keys = self.clone();
        for which in uses {
            let made = if *which == Use::Root {
                Use::NextRoot
            } else {
                *which
            };
            let numbers = keys.pool.iter().filter(|kept| kept.which == made);
            let number = numbers.map(|kept| kept.number + 1).max().unwrap_or(0);
            let mut seed = Zeroizing::new([0; 32]);
            random(seed.as_mut());
            if let Some(folder) = &self.folder {
                files::write(folder, (made, number), &seed)?;
            }
            keys.pool.push(Kept {
                which: made,
                number,
                seed: seed.clone(),
            });
            keys.choose(*which, seed);
        }
        keys.refresh()
    }

    /// The newest key of every use, though no card lists it yet.
    pub fn waiting(&self) -> Result<Self, KeysError> {
        let mut keys = self.clone();
        for which in [Use::Log, Use::Witness, Use::Envelope, Use::Sealing] {
            if let Some(seed) = newest(&self.pool, which) {
                keys.choose(which, seed);
            }
        }
        keys.refresh()
    }

    fn choose(&mut self, which: Use, seed: Seed) {
        match which {
            Use::Root => self.root = self.next_root.replace(seed),
            Use::NextRoot => self.next_root = Some(seed),
            Use::Log if self.log.first() == Some(&seed) => {}
            Use::Log => {
                self.log.insert(0, seed);
                self.log.truncate(2);
            }
            Use::Witness => self.witness = seed,
            Use::Envelope => self.envelope = seed,
            Use::Sealing => self.sealing = seed,
        }
    }

    /// A new witness key in the place of every other one, which are gone: what they cosigned is not known any more.
    pub fn replace_witness(&self, random: &mut dyn FnMut(&mut [u8])) -> Result<Self, KeysError> {
        let mut keys = self.renewed(&[Use::Witness], random)?;
        let witness = keys.witness.clone();
        keys.give_up(&mut |kept| kept.which == Use::Witness && kept.seed != witness)?;
        Ok(keys)
    }

    /// Removes what is not needed any more: replaced keys that signed, root keys that were replaced, sealing keys that
    /// nothing on its way can need.
    pub fn retire(&self, cards: &[SignedCard], now: i64) -> Result<Self, KeysError> {
        let mut keys = self.clone();
        let chosen = self.clone();
        let oldest = now - SEALING_DAYS * DAY_MICROS;
        keys.give_up(&mut |kept| match kept.which {
            Use::Envelope => kept.seed != chosen.envelope,
            Use::Witness => kept.seed != chosen.witness,
            Use::Root | Use::NextRoot => {
                chosen.root.is_some()
                    && Some(&kept.seed) != chosen.root.as_ref()
                    && Some(&kept.seed) != chosen.next_root.as_ref()
            }
            Use::Sealing => {
                kept.seed != chosen.sealing && replaced(&chosen, &kept.seed, cards) < oldest
            }
            Use::Log => false,
        })?;
        keys.refresh()
    }

    /// Removes the root keys, which are kept elsewhere from now on.
    pub fn leave_root(&self, public: RootPublic) -> Result<Self, KeysError> {
        let mut keys = self.clone();
        if let Some(folder) = &self.folder {
            files::write_public(folder, &public)?;
        }
        keys.give_up(&mut |kept| kept.which.is_root())?;
        (keys.root, keys.next_root) = (None, None);
        keys.public = Some(public);
        Ok(keys)
    }

    /// The root key, kept elsewhere, is another one from the next card on.
    pub fn announce_root(&self, public: RootPublic) -> Result<Self, KeysError> {
        let mut keys = self.clone();
        if let Some(folder) = &self.folder {
            files::write_public(folder, &public)?;
        }
        keys.public = Some(public);
        Ok(keys)
    }

    fn give_up(&mut self, useless: &mut dyn FnMut(&Kept) -> bool) -> Result<(), KeysError> {
        let pool = std::mem::take(&mut self.pool);
        for kept in pool {
            if !useless(&kept) {
                self.pool.push(kept);
                continue;
            }
            if let Some(folder) = &self.folder {
                files::remove(folder, (kept.which, kept.number))?;
            }
        }
        Ok(())
    }

    /// Whether every key that a card lists for use now is here.
    pub fn hold(&self, card: &Card) -> bool {
        let logs = self.logs_of(card);
        let envelope = self.pool.iter().any(|kept| {
            kept.which == Use::Envelope && public_of(&kept.seed) == card.envelope.public_key()
        });
        let witness = self.pool.iter().any(|kept| {
            let public = public_of(&kept.seed);
            kept.which == Use::Witness && card.witness.iter().any(|key| public == key.public_key())
        });
        let sealing = self.used.opening.iter().any(|key| {
            let public = key.sealing_key().public;
            card.sealing.iter().any(|listed| listed.bytes == public)
        });
        !logs.is_empty() && envelope && witness && sealing
    }

    /// What is known of a root key that is kept elsewhere.
    pub fn root_public(&self) -> Option<&RootPublic> {
        self.public.as_ref().filter(|_| self.root.is_none())
    }

    /// The node's folder, where its seeds are on a disk.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// How many keys of a use are here, and whether the newest of them waits for its card.
    pub fn count(&self, which: Use) -> (usize, bool) {
        let of_use = || self.pool.iter().filter(|kept| kept.which == which);
        let last = newest(&self.pool, which);
        let waits = match which {
            Use::Log => last.as_ref() != self.log.first(),
            Use::Witness => last.as_ref() != Some(&self.witness),
            Use::Envelope => last.as_ref() != Some(&self.envelope),
            Use::Sealing => last.as_ref() != Some(&self.sealing),
            Use::Root | Use::NextRoot => false,
        };
        (of_use().count(), waits)
    }

    /// The root key, where it is not kept offline.
    pub fn root(&self) -> Option<SigningKey> {
        root_key(&self.domain, self.root.as_ref()?)
    }

    /// The root key that comes after.
    pub fn next_root(&self) -> Option<SigningKey> {
        root_key(&self.domain, self.next_root.as_ref()?)
    }

    /// The seeds of both, to be kept elsewhere.
    pub fn root_seeds(&self) -> Option<(Seed, Seed)> {
        Some((self.root.clone()?, self.next_root.clone()?))
    }

    /// The keys that sign checkpoints of the log with this origin, by whose name they go: the one in force first.
    pub fn logs(&self, origin: &str) -> Result<Vec<SigningKey>, KeysError> {
        let ended = self.ended.iter().find(|(known, _)| known == origin);
        let seeds = ended.map_or(&self.log, |(_, seeds)| seeds);
        let key = |seed: &Seed| SigningKey::from_seed(origin, SignatureType::Ed25519, seed);
        let keys = seeds.iter().map(key).collect::<Result<_, _>>();
        keys.map_err(KeysError::Name)
    }

    /// The first of them.
    pub fn log(&self, origin: &str) -> Result<SigningKey, KeysError> {
        let first = self.logs(origin)?.into_iter().next();
        first.ok_or_else(|| KeysError::Seed(PathBuf::from(Use::Log.word())))
    }

    /// The same with ML-DSA-44.
    pub fn log_post_quantum(&self, origin: &str) -> Result<SigningKey, KeysError> {
        let keys = self.logs_post_quantum(origin)?.into_iter().next();
        keys.ok_or_else(|| KeysError::Seed(PathBuf::from(Use::Log.word())))
    }

    /// All of them with ML-DSA-44.
    pub fn logs_post_quantum(&self, origin: &str) -> Result<Vec<SigningKey>, KeysError> {
        let ended = self.ended.iter().find(|(known, _)| known == origin);
        let seeds = ended.map_or(&self.log, |(_, seeds)| seeds);
        let key = |seed: &Seed| {
            let seed = post_quantum(seed);
            SigningKey::from_seed(origin, SignatureType::CosignatureMlDsa44, &seed)
        };
        let keys = seeds.iter().map(key).collect::<Result<_, _>>();
        keys.map_err(KeysError::Name)
    }

    /// The key that cosigns.
    pub fn witness(&self) -> &SigningKey {
        &self.used.witness
    }

    /// The same with ML-DSA-44.
    pub fn witness_post_quantum(&self) -> &SigningKey {
        &self.used.witness_post_quantum
    }

    /// The key that signs envelopes.
    pub fn envelope(&self) -> &SigningKey {
        &self.used.envelope
    }

    /// Where others seal contents to.
    pub fn sealing_key(&self) -> SealingKey {
        OpeningKey::from_seed(self.algorithm, &self.sealing).sealing_key()
    }

    /// Opens a content that is sealed to this node, with a key that was replaced if need be.
    pub fn open(&self, sealed: &[u8], bound: &[u8]) -> Result<Content, SealError> {
        let mut outcome = Err(SealError::Closed);
        for key in self.used.opening.iter() {
            outcome = key.open(sealed, bound);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    /// How contents are sealed to this node.
    pub fn algorithm(&self) -> SealingAlgorithm {
        self.algorithm
    }
}

impl Used {
    fn of(
        domain: &str,
        algorithm: SealingAlgorithm,
        (witness, envelope, sealing): (&Seed, &Seed, &Seed),
        pool: &[Kept],
    ) -> Result<Self, KeysError> {
        let key = |word: &str, kind, seed: &Seed| {
            let key = SigningKey::from_seed(&format!("{domain}/{word}"), kind, seed);
            key.map(Arc::new).map_err(KeysError::Name)
        };
        let others = pool.iter().filter(|kept| kept.which == Use::Sealing);
        let others = others
            .map(|kept| &kept.seed)
            .filter(|seed| *seed != sealing);
        let opening = std::iter::once(sealing).chain(others);
        let opening = opening.map(|seed| OpeningKey::from_seed(algorithm, seed));
        Ok(Self {
            witness: key("witness", SignatureType::CosignatureEd25519, witness)?,
            witness_post_quantum: key(
                "witness",
                SignatureType::CosignatureMlDsa44,
                &post_quantum(witness),
            )?,
            envelope: key("envelope", SignatureType::Ed25519, envelope)?,
            opening: Arc::new(opening.collect()),
        })
    }
}

/// The root key that a seed makes.
pub fn root_key(domain: &str, seed: &Seed) -> Option<SigningKey> {
    let name = format!("{domain}/root");
    SigningKey::from_seed(&name, SignatureType::Ed25519, seed).ok()
}

/// What others need to know of two root keys.
pub fn root_public(domain: &str, root: &Seed, next: &Seed) -> Option<RootPublic> {
    Some(RootPublic {
        root: root_key(domain, root)?.verifier(),
        next_root: root_hash(&root_key(domain, next)?.verifier()),
    })
}

fn newest(pool: &[Kept], which: Use) -> Option<Seed> {
    let of_use = pool.iter().filter(|kept| kept.which == which);
    let newest = of_use.max_by_key(|kept| kept.number);
    newest.map(|kept| kept.seed.clone())
}

/// The public key of a seed, as every Ed25519 key of it has it, whatever its name.
fn public_of(seed: &Seed) -> Vec<u8> {
    let key = SigningKey::from_seed("x", SignatureType::Ed25519, seed);
    key.map(|key| key.verifier().public_key().to_vec())
        .unwrap_or_default()
}

/// When a card took the place of the last one that lists a sealing key; the beginning of time for a key that none listed.
fn replaced(keys: &NodeKeys, seed: &Seed, cards: &[SignedCard]) -> i64 {
    let public = OpeningKey::from_seed(keys.algorithm, seed)
        .sealing_key()
        .public;
    let lists = |card: &SignedCard| card.card().sealing.iter().any(|key| key.bytes == public);
    let last = cards.iter().rposition(lists);
    let next = last.and_then(|last| cards.get(last + 1));
    next.map_or(i64::MIN, |card| card.card().issued.micros())
}

/// The seed of the ML-DSA-44 key beside an Ed25519 key: never the same bytes for two algorithms.
fn post_quantum(seed: &Seed) -> Seed {
    let mut hash = Sha256::new();
    hash.update(b"comity-ml-dsa-44/v1\n");
    hash.update(seed.as_slice());
    Zeroizing::new(hash.finalize().into())
}
