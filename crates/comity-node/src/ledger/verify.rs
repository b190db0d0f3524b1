//! Verifying a ledger from its files alone: the log, the cards, and what is said of each envelope.
//!
//! Trust begins with the cards. They sign themselves, so whoever made up a whole ledger made up its cards: the report
//! names the root key of each party, to be compared with what that party gave by another way.
//!
//! In scope: every file of an export. Out of scope: reading them from a disk or from rows (`files`, `rows`), whether what
//! was exchanged is true.
//! Limits: those of `files`; about 100 bytes of memory an envelope.

mod cards;
mod chains;
mod disowned;
mod envelope;
mod grant;

use std::collections::{BTreeSet, HashMap, HashSet};

use comity_ledger::checkpoint::SignedCheckpoint;
use comity_ledger::equivocation::Equivocation;
use comity_ledger::fsck::{self, Extent};
use comity_ledger::key::VerifierKey;
use comity_ledger::layout::Layout;
use comity_ledger::policy::Policy;
use comity_ledger::tile::{ReadError, Tile, Tiles};

use crate::ledger::LedgerError;
use crate::ledger::files::{EVIDENCE, Files, HEADS, LOG, PEERS};
use crate::ledger::report::{LogReport, Report};
use crate::ledger::verify::cards::Parties;
use crate::ledger::verify::chains::Chains;
use crate::link::log::origin_of;

pub(crate) use crate::ledger::verify::cards::Party;
pub(crate) use crate::ledger::verify::envelope::{Bundle, Shown, opened_fields};

/// Verifies everything.
pub fn verify(files: &mut dyn Files) -> Result<Report, LedgerError> {
    let mut report = Report::default();
    let parties = Parties::read(files, &mut report)?;
    let mut check = Check {
        files,
        witnesses: parties.witnesses(),
        parties,
        report,
        own: String::new(),
        logs: HashMap::new(),
        heads: HashMap::new(),
        consistent: HashSet::new(),
        chains: Chains::default(),
        policies: HashMap::new(),
    };
    check.logs()?;
    check.evidence()?;
    check.peers()?;
    check.finish();
    Ok(check.report)
}

/// Checks the log's own files only, without cards: what they say of each other.
pub fn fsck(files: &mut dyn Files) -> Result<Report, LedgerError> {
    let mut report = Report::default();
    for (epoch, folder) in epochs(files)? {
        let keys = policy(files, &folder)?;
        check_log(files, &folder, &keys.0, &mut report);
        note_log(files, epoch, &folder, &keys.1, &mut report)?;
    }
    if report.logs.is_empty() {
        report.problem(format!("there is no {LOG}/checkpoint"));
    }
    Ok(report)
}

/// One epoch while it is verified.
struct Epoch {
    folder: String,
    size: u64,
    /// Which entries some evidence stands for.
    explained: Vec<bool>,
    /// Heads of it that others cosigned, each with its size.
    heads: Vec<(u64, SignedCheckpoint)>,
}

struct Check<'f> {
    files: &'f mut dyn Files,
    parties: Parties,
    /// The witness keys of every party.
    witnesses: Vec<VerifierKey>,
    report: Report,
    /// The origin of the own log, without its epoch.
    own: String,
    logs: HashMap<u32, Epoch>,
    /// The root that each log showed at each size.
    heads: HashMap<(String, u64), [u8; 32]>,
    /// Heads that were compared with the tiles.
    consistent: HashSet<(u32, u64, [u8; 32])>,
    chains: Chains,
    /// What the accords with each party ask, as far as it was looked at.
    policies: HashMap<String, Option<Policy>>,
}

/// The epochs that are there, with their folders.
fn epochs(files: &mut dyn Files) -> Result<Vec<(u32, String)>, LedgerError> {
    let mut found = Vec::new();
    let listing = files.folder(LOG)?;
    if listing.file("checkpoint").is_some() {
        found.push((0, LOG.to_owned()));
    }
    for name in listing.folders {
        let epoch = name
            .strip_prefix('e')
            .and_then(|number| number.parse().ok());
        if let Some(epoch) = epoch {
            found.push((epoch, format!("{LOG}/{name}")));
        }
    }
    found.sort();
    Ok(found)
}

/// The keys of a log and of its witnesses, as its own policy has them.
fn policy(
    files: &mut dyn Files,
    folder: &str,
) -> Result<(Vec<VerifierKey>, Vec<VerifierKey>), LedgerError> {
    let bytes = files.read(&format!("{folder}/policy"))?.unwrap_or_default();
    let Ok(policy) = Policy::parse(&bytes) else {
        return Ok((Vec::new(), Vec::new()));
    };
    let logs = policy.logs().iter().map(|log| log.key.clone());
    let witnesses = policy.witnesses().iter();
    let witnesses = witnesses.map(|witness| witness.key.clone());
    Ok((logs.collect(), witnesses.collect()))
}

/// Checks tiles, entries, root and signature of one epoch.
fn check_log(files: &mut dyn Files, folder: &str, keys: &[VerifierKey], report: &mut Report) {
    let mut layout = Layout::new(|path: &str| files.read(&format!("{folder}/{path}")));
    let found = fsck::check(&mut layout, keys, Extent::Entries);
    for problem in &found.problems {
        let why = std::error::Error::source(problem).map(|source| format!(": {source}"));
        report.problem(format!("{folder}: {problem}{}", why.unwrap_or_default()));
    }
    report.more_problems += found.more_problems;
}

/// Notes the head of an epoch and who cosigned it.
fn note_log(
    files: &mut dyn Files,
    epoch: u32,
    folder: &str,
    witnesses: &[VerifierKey],
    report: &mut Report,
) -> Result<Option<SignedCheckpoint>, LedgerError> {
    let bytes = files.read(&format!("{folder}/checkpoint"))?;
    let signed = bytes.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok());
    let Some(signed) = signed else {
        return Ok(None);
    };
    let cosigned = match cosigners(&signed, witnesses) {
        Ok(cosigned) => cosigned,
        Err(what) => {
            report.problem(format!("{folder}/checkpoint: {what}"));
            Vec::new()
        }
    };
    let origin = signed.checkpoint().origin.as_str().to_owned();
    let suffix = format!("/e{epoch}");
    if epoch > 0 && !origin.ends_with(&suffix) {
        report.problem(format!("{folder}/checkpoint is of another epoch: {origin}"));
    }
    report.logs.push(LogReport {
        origin,
        size: signed.checkpoint().size,
        cosigned,
    });
    Ok(Some(signed))
}

/// Which of these witnesses cosigned a checkpoint, and when; a bad signature of one of them is a problem.
pub(crate) fn cosigners(
    signed: &SignedCheckpoint,
    witnesses: &[VerifierKey],
) -> Result<Vec<(String, u64)>, String> {
    use comity_ledger::note::NoteError;
    let verified = match signed.verify(witnesses) {
        Ok(verified) => verified,
        Err(NoteError::NoKnownSignature) => Vec::new(),
        Err(error) => return Err(error.to_string()),
    };
    let mut found: Vec<(String, u64)> = Vec::new();
    for one in verified {
        let (Some(key), Some(time)) = (witnesses.get(one.key_index), one.time) else {
            continue;
        };
        if found.iter().all(|(name, _)| name != key.name()) {
            found.push((key.name().to_owned(), time));
        }
    }
    Ok(found)
}

impl Check<'_> {
    fn logs(&mut self) -> Result<(), LedgerError> {
        let epochs = epochs(self.files)?;
        for (epoch, folder) in epochs {
            let (_, mut witnesses) = policy(self.files, &folder)?;
            witnesses.extend(self.witnesses.iter().cloned());
            let noted = note_log(self.files, epoch, &folder, &witnesses, &mut self.report)?;
            let Some(signed) = noted else {
                self.report
                    .problem(format!("{folder}/checkpoint cannot be read"));
                continue;
            };
            let origin = signed.checkpoint().origin.as_str();
            let base = origin
                .strip_suffix(&format!("/e{epoch}"))
                .unwrap_or(origin)
                .to_owned();
            if self.own.is_empty() {
                self.own.clone_from(&base);
            }
            let Some(party) = self.parties.find(&base).filter(|_| base == self.own) else {
                let what = format!("{folder}/checkpoint: there is no card for the log {origin}");
                self.report.problem(what);
                continue;
            };
            self.report.party.clone_from(&party.name);
            let keys: Vec<VerifierKey> = party.keys.log.clone();
            check_log(self.files, &folder, &keys, &mut self.report);
            self.saw(&signed);
            let size = signed.checkpoint().size;
            let entries = usize::try_from(size).unwrap_or(0);
            self.logs.insert(
                epoch,
                Epoch {
                    folder,
                    size,
                    explained: vec![false; entries.min(1 << 32)],
                    heads: Vec::new(),
                },
            );
            self.cosigned_heads(epoch, &keys)?;
        }
        if self.report.logs.is_empty() {
            self.report.problem(format!("there is no {LOG}/checkpoint"));
        }
        Ok(())
    }

    /// Reads the heads of an epoch that others cosigned.
    fn cosigned_heads(&mut self, epoch: u32, keys: &[VerifierKey]) -> Result<(), LedgerError> {
        let folder = self.logs.get(&epoch).map(|log| log.folder.clone());
        let folder = format!("{}/{HEADS}", folder.unwrap_or_default());
        for (name, bytes) in self.files.folder(&folder)?.files {
            let signed = SignedCheckpoint::parse(&bytes).ok();
            let signed = signed.filter(|signed| signed.verify(keys).is_ok());
            let sound = match &signed {
                Some(signed) if cosigners(signed, &self.witnesses).is_ok() => {
                    self.is_of_log(epoch, signed)?
                }
                Some(_) | None => false,
            };
            let Some(signed) = signed.filter(|_| sound) else {
                self.report
                    .problem(format!("{folder}/{name} is no head of the log"));
                continue;
            };
            self.saw(&signed);
            if let Some(log) = self.logs.get_mut(&epoch) {
                log.heads.push((signed.checkpoint().size, signed));
            }
        }
        Ok(())
    }

    /// Whether as many others have cosigned an entry as the accords with a party ask, by the policy that is here.
    fn is_settled(&mut self, party: &str, epoch: u32, index: u64) -> Result<bool, LedgerError> {
        if !self.policies.contains_key(party) {
            let text = self.files.read(&format!("{PEERS}/{party}/policy"))?;
            let policy = text.and_then(|text| Policy::parse(&text).ok());
            self.policies.insert(party.to_owned(), policy);
        }
        let (Some(Some(policy)), Some(log)) = (self.policies.get(party), self.logs.get(&epoch))
        else {
            return Ok(false);
        };
        let covering = log.heads.iter().filter(|(size, _)| *size > index);
        let covering: Vec<&SignedCheckpoint> = covering.map(|(_, head)| head).collect();
        let there = policy.witnesses().iter().enumerate();
        let there = there.filter(|(_, witness)| {
            let key = std::slice::from_ref(&witness.key);
            let mut heads = covering.iter();
            heads.any(|head| cosigners(head, key).is_ok_and(|found| !found.is_empty()))
        });
        let there: BTreeSet<usize> = there.map(|(number, _)| number).collect();
        Ok(!there.is_empty() && policy.is_quorum(&there))
    }

    /// Notes what root a log showed at a size; two of them are two histories.
    fn saw(&mut self, signed: &SignedCheckpoint) {
        let checkpoint = signed.checkpoint();
        let place = (checkpoint.origin.as_str().to_owned(), checkpoint.size);
        let root = *checkpoint.root.as_bytes();
        let known = self.heads.entry(place).or_insert(root);
        if *known != root {
            let what = format!(
                "{} showed two histories: two roots for the size {}",
                checkpoint.origin, checkpoint.size
            );
            self.report.problem(what);
        }
    }

    /// An entry of the own log that some evidence stands for.
    fn explain(
        &mut self,
        epoch: u32,
        index: u64,
        signed: &SignedCheckpoint,
    ) -> Result<Option<&'static str>, LedgerError> {
        let head = signed.checkpoint().head();
        let origin = origin_of(&self.own, epoch);
        let Some(log) = self.logs.get_mut(&epoch) else {
            return Ok(Some("its proof is in an epoch whose log is not here"));
        };
        if signed.checkpoint().origin.as_str() != origin || head.size > log.size {
            return Ok(Some("its proof is not in the log that is here"));
        }
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        match log.explained.get_mut(place) {
            None => return Ok(Some("its proof names an entry that the log does not have")),
            Some(true) => return Ok(Some("another envelope stands for the same entry")),
            Some(entry) => *entry = true,
        }
        let sound = self.is_of_log(epoch, signed)?;
        Ok((!sound).then_some("its proof leads to a head that the log never had"))
    }

    /// Whether a head is one of an epoch's log, by its tiles.
    fn is_of_log(&mut self, epoch: u32, signed: &SignedCheckpoint) -> Result<bool, LedgerError> {
        let head = signed.checkpoint().head();
        let known = (epoch, head.size, *head.root.as_bytes());
        if self.consistent.contains(&known) {
            return Ok(true);
        }
        let Some(log) = self.logs.get(&epoch).filter(|log| head.size <= log.size) else {
            return Ok(false);
        };
        let files = &mut *self.files;
        let read = |tile: &Tile| {
            let (at, full) = (
                format!("{}/{tile}", log.folder),
                format!("{}/{}", log.folder, tile.full()),
            );
            let found = match files.read(&at)? {
                Some(bytes) => Some(bytes),
                None => files.read(&full)?,
            };
            Ok::<_, LedgerError>(found.unwrap_or_default())
        };
        let root = Tiles::new(log.size, read).head_at(head.size);
        match root {
            Ok(found) if found.root == head.root => {
                self.consistent.insert(known);
                Ok(true)
            }
            Err(ReadError::Read { source, .. }) => Err(source),
            Ok(_) | Err(_) => Ok(false),
        }
    }

    fn evidence(&mut self) -> Result<(), LedgerError> {
        for two in self.files.folder(EVIDENCE)?.folders {
            for id in self.files.folder(&format!("{EVIDENCE}/{two}"))?.folders {
                let listing = self.files.folder(&format!("{EVIDENCE}/{two}/{id}"))?;
                if listing.file("grant").is_some() {
                    self.grant(&id, &listing)?;
                } else if !listing.files.is_empty() {
                    self.envelope(&id, &listing)?;
                }
            }
        }
        Ok(())
    }

    fn peers(&mut self) -> Result<(), LedgerError> {
        for name in self.files.folder(PEERS)?.folders {
            for epoch in self.files.folder(&format!("{PEERS}/{name}"))?.folders {
                let folder = format!("{PEERS}/{name}/{epoch}");
                let listing = self.files.folder(&folder)?;
                let keys = self
                    .parties
                    .named(&name)
                    .map(|party| party.keys.log.clone());
                let Some(keys) = keys else {
                    self.report
                        .problem(format!("{folder}: there is no card of {name}"));
                    continue;
                };
                let open = |file: &str| {
                    let signed = SignedCheckpoint::parse(listing.file(file)?).ok()?;
                    signed.verify(&keys).ok()?;
                    Some(signed)
                };
                match open("checkpoint") {
                    Some(signed) if listing.file("contradiction").is_none() => self.saw(&signed),
                    Some(_) => {}
                    None => self
                        .report
                        .problem(format!("{folder}/checkpoint is not signed by {name}'s log")),
                }
                if let Some(proof) = listing.file("equivocation") {
                    let proof = Equivocation::parse(proof).ok();
                    if proof.is_none_or(|proof| proof.verify(&keys).is_err()) {
                        let what = format!("{folder}/equivocation proves nothing against {name}");
                        self.report.problem(what);
                    }
                }
                if listing.file("contradiction").is_some() {
                    self.report.forks.push(folder.clone());
                    if open("contradiction").is_none() {
                        let what = format!("{folder}/contradiction is not signed by {name}'s log");
                        self.report.problem(what);
                    }
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self) {
        let mut logs: Vec<&Epoch> = self.logs.values().collect();
        logs.sort_by(|one, other| one.folder.cmp(&other.folder));
        for log in logs {
            let missing: Vec<String> = log
                .explained
                .iter()
                .enumerate()
                .filter(|(_, explained)| !**explained)
                .map(|(place, _)| place.to_string())
                .take(10)
                .collect();
            let count = log
                .explained
                .iter()
                .filter(|explained| !**explained)
                .count();
            if count > 0 {
                self.report.problem(format!(
                    "{}: {count} entries stand for envelopes that are not here: {}{}",
                    log.folder,
                    missing.join(", "),
                    if count > missing.len() { ", …" } else { "" }
                ));
            }
        }
        self.chains.finish(&mut self.report);
    }
}
