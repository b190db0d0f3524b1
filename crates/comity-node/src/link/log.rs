//! The node's own log: growing it inside a transaction, signing its head after, proving from it.
//!
//! In scope: entries, epochs, the order of commit, guard and signature. Out of scope: what an entry means.

use comity_ledger::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use comity_ledger::tile::{Growth, ReadError, Tile, Tiles, grow};
use comity_ledger::tree::{Hash, empty_root, leaf_hash};
use comity_store::error::StoreError;
use comity_store::state::Tx;
use comity_store::state::ledger::{self, EntryRow, LogRow};
use comity_store::state::meta;

use crate::link::guard::{Known, LastSigned};
use crate::link::{Link, LinkError};

/// Where the log is kept of which a partner holds more than its rows make.
const SET_BACK: &str = "set-back";

/// How the node stood when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Its log goes on where it was.
    Continued,
    /// It has a log for the first time.
    First,
    /// It cannot be sure of what it signed: a new epoch was opened.
    NewEpoch {
        /// The epoch.
        epoch: u32,
        /// Why.
        reason: String,
    },
}

/// Entries that wait for the end of a transaction.
#[derive(Debug)]
pub(crate) struct Growing {
    pub(crate) log: LogRow,
    pub(crate) now: i64,
    added: Vec<EntryRow>,
}

impl Growing {
    /// Begins with the newest epoch.
    pub(crate) fn begin(tx: &mut dyn Tx, now: i64) -> Result<Self, LinkError> {
        let log = ledger::newest(tx)?.ok_or(LinkError::NoLog)?;
        Ok(Self {
            log,
            now,
            added: Vec::new(),
        })
    }

    /// Adds an entry and answers its place.
    pub(crate) fn add(&mut self, kind: &str, leaf: Vec<u8>, envelope: Option<&[u8; 32]>) -> u64 {
        let position = self.log.size + u64::try_from(self.added.len()).unwrap_or(u64::MAX);
        self.added.push(EntryRow {
            position,
            kind: kind.to_owned(),
            leaf,
            envelope: envelope.map(|id| id.to_vec()),
            created: self.now,
        });
        position
    }

    /// Writes what was added: rows, tiles, the new head.
    pub(crate) fn finish(self, tx: &mut dyn Tx) -> Result<LogRow, LinkError> {
        let Self { mut log, added, .. } = self;
        if added.is_empty() {
            return Ok(log);
        }
        let leaves: Vec<Hash> = added.iter().map(|entry| leaf_hash(&entry.leaf)).collect();
        for entry in &added {
            ledger::add_entry(tx, log.epoch, entry)?;
        }
        let grown = grow_tiles(tx, &log.origin, log.size, &leaves)?;
        let old = log.size;
        log.size = grown.size;
        log.root = *grown.root.as_bytes();
        if ledger::grow(tx, log.epoch, old, log.size, &log.root)? {
            Ok(log)
        } else {
            let what = "the log grew under this transaction".to_owned();
            let table = "ledger_log";
            Err(StoreError::Row { table, what }.into())
        }
    }
}

/// Appends leaves to the tiles of a log, own or mirrored.
pub(crate) fn grow_tiles(
    tx: &mut dyn Tx,
    origin: &str,
    old: u64,
    leaves: &[Hash],
) -> Result<comity_ledger::tree::TreeHead, LinkError> {
    let growth = grown(tx, origin, old, leaves)?;
    put_tiles(tx, origin, &growth)?;
    Ok(growth.head)
}

/// What a log would be with these leaves.
pub(crate) fn grown(
    tx: &mut dyn Tx,
    origin: &str,
    old: u64,
    leaves: &[Hash],
) -> Result<Growth, LinkError> {
    grow(old, leaves, |tile| read_tile(tx, origin, tile)).map_err(tiles_failed)
}

/// Writes the tiles of a log that grew.
pub(crate) fn put_tiles(tx: &mut dyn Tx, origin: &str, growth: &Growth) -> Result<(), LinkError> {
    for written in &growth.tiles {
        let level = u32::from(written.tile.level());
        ledger::put_tile(tx, origin, level, written.tile.index(), &written.bytes)?;
    }
    Ok(())
}

/// A tile of a log, own or mirrored, as full as it is.
pub(crate) fn read_tile(tx: &mut dyn Tx, origin: &str, tile: &Tile) -> Result<Vec<u8>, StoreError> {
    let found = ledger::tile(tx, origin, u32::from(tile.level()), tile.index())?;
    found.ok_or_else(|| StoreError::Row {
        table: "ledger_tile",
        what: format!("{tile} of {origin} is missing"),
    })
}

pub(crate) fn tiles_failed(error: ReadError<StoreError>) -> LinkError {
    let told = error.to_string();
    match error {
        ReadError::Read { source, .. } => source.into(),
        ReadError::WrongLength { .. } | ReadError::OutOfRange(_) | _ => LinkError::Tiles(told),
    }
}

/// Reads a log's tree at a size.
pub(crate) fn with_tiles<T>(
    tx: &mut dyn Tx,
    origin: &str,
    size: u64,
    read: impl FnOnce(
        &mut Tiles<&mut dyn FnMut(&Tile) -> Result<Vec<u8>, StoreError>>,
    ) -> Result<T, ReadError<StoreError>>,
) -> Result<T, LinkError> {
    let mut reader = |tile: &Tile| read_tile(tx, origin, tile);
    let reader: &mut dyn FnMut(&Tile) -> Result<Vec<u8>, StoreError> = &mut reader;
    read(&mut Tiles::new(size, reader)).map_err(tiles_failed)
}

impl Link {
    /// Opens the log: the first time, or after finding out whether it may go on.
    ///
    /// A log that may have been set back is never continued: a new epoch begins, which the node's card must announce.
    pub fn open_log(&self, now: i64) -> Result<Opened, LinkError> {
        let known = self.guard.known()?;
        let (newest, set_back) = self.state.read(|tx| {
            let newest = ledger::newest(tx)?;
            Ok::<_, LinkError>((newest, meta::find(tx, SET_BACK)?))
        })?;
        let mut certain = matches!(known, Known::Signed(_));
        let reason = match (&newest, &known) {
            (None, Known::Nothing) => {
                self.begin_epoch(0, now)?;
                return Ok(Opened::First);
            }
            (Some(log), _) if set_back.as_ref() == Some(&log.origin) => {
                certain = false;
                "a partner holds a head of this log that its rows do not make: it was set back"
            }
            (Some(log), Known::Signed(signed)) if signed.origin == log.origin => {
                if signed.size > log.size {
                    "the log is shorter than what was signed last: it was set back"
                } else if self.state.read(|tx| root_at(tx, log, signed.size))? == signed.root {
                    self.follow_card(now).map_err(|error| LinkError::Card {
                        party: self.origin.clone(),
                        reason: error.to_string(),
                    })?;
                    return Ok(Opened::Continued);
                } else {
                    "the log differs from what was signed last: it was set back and went on"
                }
            }
            (Some(_), Known::Nothing) if self.shared => return Ok(Opened::Continued),
            (Some(_), Known::Signed(_)) => "another log was signed last: this one was set back",
            (Some(_), Known::Nothing) => {
                "nothing here tells what was signed last: the folder was restored or copied"
            }
            (_, Known::Doubt(reason)) => reason,
            (None, Known::Signed(_)) => "the log is gone that was signed last",
        };
        let epoch = newest.map_or(1, |log| log.epoch + 1).max(match &known {
            Known::Signed(signed) => epoch_of(&signed.origin) + 1,
            Known::Nothing | Known::Doubt(_) => 0,
        });
        let epoch = if certain {
            epoch
        } else {
            epoch.max(minutes(now))
        };
        // The rows that say what was cosigned were set back with the log's: with the same key a fork could be cosigned.
        let keys = self.keys();
        self.use_keys(keys.replace_witness(&mut |bytes| (self.random)(bytes))?);
        self.begin_epoch(epoch, now)?;
        Ok(Opened::NewEpoch {
            epoch,
            reason: reason.to_owned(),
        })
    }

    /// Opens an epoch; what waited in the one before is made anew in it.
    pub fn begin_epoch(&self, epoch: u32, now: i64) -> Result<(), LinkError> {
        let row = LogRow {
            epoch,
            origin: origin_of(&self.origin, epoch),
            size: 0,
            root: *empty_root().as_bytes(),
            opened: now,
        };
        self.state.write(|tx| {
            ledger::open(tx, &row)?;
            self.make_anew(tx, now)
        })?;
        // Else a node that dies before it signs anything could not be told from one that was restored.
        self.guard.keep(&LastSigned {
            origin: row.origin,
            size: row.size,
            root: row.root,
        })?;
        Ok(())
    }

    /// Remembers that a partner showed a head of this node that its rows do not make: nothing is signed any more, and the
    /// next start opens an epoch.
    pub(crate) fn remember_set_back(&self) -> Result<(), LinkError> {
        self.set_back
            .store(true, std::sync::atomic::Ordering::SeqCst);
        self.state.write(|tx| {
            if let Some(log) = ledger::newest(tx)? {
                meta::put(tx, SET_BACK, &log.origin)?;
            }
            Ok(())
        })
    }

    /// Whether a head that carries the own signature is none that the rows make.
    pub(crate) fn is_contradicted_by(
        &self,
        tx: &mut dyn Tx,
        checkpoint: &[u8],
    ) -> Result<bool, LinkError> {
        let Ok(signed) = SignedCheckpoint::parse(checkpoint) else {
            return Ok(false);
        };
        let held = signed.checkpoint();
        let origin = held.origin.as_str();
        let epoch = epoch_of(origin);
        if origin != origin_of(&self.origin, epoch)
            || signed.verify(&self.own_log_keys(tx, origin)?).is_err()
        {
            return Ok(false);
        }
        let log = ledger::newest(tx)?.ok_or(LinkError::NoLog)?;
        if epoch != log.epoch {
            return Ok(epoch > log.epoch);
        }
        Ok(held.size > log.size || root_at(tx, &log, held.size)? != *held.root.as_bytes())
    }

    /// Signs a head of the own log, once the guard has it. The rows must be committed.
    pub(crate) fn sign_head(&self, log: &LogRow) -> Result<Vec<u8>, LinkError> {
        if self.set_back.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(LinkError::SetBack);
        }
        let mut last = self
            .last_signed
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let signed = LastSigned {
            origin: log.origin.clone(),
            size: log.size,
            root: log.root,
        };
        if let Some((known, note)) = last.as_mut() {
            if *known == signed {
                if note.is_empty() {
                    *note = self.checkpoint(log)?;
                }
                return Ok(note.clone());
            }
            let back = known.origin == signed.origin && known.size > signed.size;
            let fork = known.origin == signed.origin && known.size == signed.size;
            if fork || epoch_of(&known.origin) > epoch_of(&signed.origin) {
                return Err(LinkError::SetBack);
            }
            if back {
                // A beginning of what was signed last; whoever asks holds an older transaction.
                return self.checkpoint(log);
            }
        }
        self.guard.keep(&signed)?;
        let note = self.checkpoint(log)?;
        *last = Some((signed, note.clone()));
        Ok(note)
    }

    /// The signed checkpoint of a head that the guard has, or of a beginning of it.
    pub(crate) fn checkpoint(&self, log: &LogRow) -> Result<Vec<u8>, LinkError> {
        let bad = |error: &dyn std::fmt::Display| LinkError::Tiles(error.to_string());
        let origin = Origin::parse(&log.origin).map_err(|error| bad(&error))?;
        let checkpoint = Checkpoint::new(origin, log.size, Hash::new(log.root));
        let own = self.keys();
        let mut keys = own.logs(&log.origin)?;
        if self.signs_post_quantum() {
            keys.extend(own.logs_post_quantum(&log.origin)?);
        }
        let keys: Vec<_> = keys.iter().collect();
        let signed: SignedCheckpoint = checkpoint.sign(&keys, 0).map_err(|error| bad(&error))?;
        Ok(signed.note().to_string().into_bytes())
    }
}

/// The root that the own log had at a size.
pub(crate) fn root_at(tx: &mut dyn Tx, log: &LogRow, size: u64) -> Result<[u8; 32], LinkError> {
    if size == log.size {
        return Ok(log.root);
    }
    let head = with_tiles(tx, &log.origin, log.size, |tiles| tiles.head_at(size))?;
    Ok(*head.root.as_bytes())
}

/// Minutes since 1970: the number of an epoch where it cannot be known which were opened before. Copies of one backup that
/// are started one after the other never open the same.
fn minutes(now: i64) -> u32 {
    u32::try_from(now / 60_000_000).unwrap_or(0)
}

/// The origin of an epoch: the first has no suffix.
pub(crate) fn origin_of(base: &str, epoch: u32) -> String {
    if epoch == 0 {
        base.to_owned()
    } else {
        format!("{base}/e{epoch}")
    }
}

/// The epoch that an origin names.
pub(crate) fn epoch_of(origin: &str) -> u32 {
    origin
        .rsplit_once("/e")
        .and_then(|(_, number)| number.parse().ok())
        .unwrap_or(0)
}
