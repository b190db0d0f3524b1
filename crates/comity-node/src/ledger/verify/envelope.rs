//! One envelope and what is shown of it: header, place in the log, content, receipt, tombstone.
//!
//! In scope: checking the pieces against each other and against keys. Out of scope: where they come from.

use comity_ledger::checkpoint::SignedCheckpoint;
use comity_ledger::commitment::{Commitment, Opening};
use comity_ledger::proof::LogProof;
use comity_link::header::{Header, SignedHeader};
use comity_link::payload::{Kind, Receipt};
use sha2::{Digest as _, Sha256};

use crate::ledger::files::Listing;
use crate::ledger::tombstone::Tombstone;
use crate::ledger::verify::{Check, Party, cosigners};
use crate::ledger::{LedgerError, hex, unhex};
use crate::link::evidence::{check_proof, commit};

/// The pieces of a signed thing that stands in a log.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bundle<'a> {
    /// The signed note.
    pub(crate) note: &'a [u8],
    /// What opens its leaf, hexadecimal.
    pub(crate) blind: &'a [u8],
    /// The tlog-proof.
    pub(crate) proof: Option<&'a [u8]>,
    /// What opens the commitment, hexadecimal.
    pub(crate) opening: Option<&'a [u8]>,
    /// The payload.
    pub(crate) payload: Option<&'a [u8]>,
}

/// A thing that stands in a log, as far as it was shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// Its place.
    pub(crate) index: u64,
    /// The head that holds it.
    pub(crate) head: SignedCheckpoint,
}

type Wrong = &'static str;

/// 32 bytes in a file of one line.
fn secret(bytes: &[u8]) -> Option<[u8; 32]> {
    unhex(std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?)
}

impl<'a> Bundle<'a> {
    /// The pieces with this beginning of their names.
    pub(crate) fn of(listing: &'a Listing, prefix: &str) -> Option<Self> {
        let file = |name: &str| listing.file(&format!("{prefix}{name}"));
        let note = match prefix {
            "tombstone." => listing.file("tombstone")?,
            "grant." => listing.file("grant")?,
            _ => file("header")?,
        };
        let proof = match prefix {
            "" => "proof.tlog-proof",
            _ => "tlog-proof",
        };
        Some(Self {
            note,
            blind: file("blind").unwrap_or_default(),
            proof: file(proof),
            opening: file("opening"),
            payload: file("payload"),
        })
    }

    /// The header, if the party's envelope key signed it.
    pub(crate) fn header(&self, sender: &Party) -> Result<Header, Wrong> {
        SignedHeader::open(self.note, &sender.keys.envelope)
            .map(|signed| signed.header().clone())
            .map_err(|_| "its header is not signed by its sender's envelope key")
    }

    /// Its place in the log of whoever signed it; none where there is no proof.
    pub(crate) fn place(&self, sender: &Party) -> Result<Option<Shown>, Wrong> {
        let Some(proof) = self.proof else {
            return Ok(None);
        };
        let blind = secret(self.blind).ok_or("what opens its leaf is not 64 digits")?;
        let index = check_proof(proof, &blind, self.note, &sender.keys.log);
        let index = index.ok_or("its proof does not show it in its sender's log")?;
        let parsed = LogProof::parse(proof).map_err(|_| "its proof cannot be read")?;
        let head = parsed.checkpoint().clone();
        Ok(Some(Shown { index, head }))
    }

    /// The payload, if it is here and what the header commits to.
    pub(crate) fn content(&self, header: &Header) -> Result<Option<&'a [u8]>, Wrong> {
        self.content_of(header.commit)
    }

    /// The payload, if it is here and what was committed to.
    pub(crate) fn content_of(&self, committed: [u8; 32]) -> Result<Option<&'a [u8]>, Wrong> {
        match (self.opening, self.payload) {
            (None, None) => Ok(None),
            (Some(opening), Some(payload)) => {
                let opening = secret(opening).ok_or("what opens its content is not 64 digits")?;
                if commit(&opening, payload) == committed {
                    Ok(Some(payload))
                } else {
                    Err("its content is not what its header commits to")
                }
            }
            _ => Err("of its content and the opening one is missing"),
        }
    }

    /// What a receipt says, if it is one by this party for that envelope.
    pub(crate) fn receipt(
        &self,
        giver: &Party,
        about: (&Header, &str),
        index: Option<u64>,
    ) -> Result<(Header, Receipt), Wrong> {
        let (envelope, id) = about;
        let header = self
            .header(giver)
            .map_err(|_| "its receipt is not signed by who received it")?;
        let content = self
            .content(&header)
            .map_err(|_| "its receipt's content is not what was committed to")?;
        let content = content.ok_or("its receipt's content is missing")?;
        let said: Receipt =
            serde_json::from_slice(content).map_err(|_| "its receipt's content cannot be read")?;
        let fits = header.kind == Kind::Receipt
            && header.from == giver.base
            && header.to == envelope.from
            && said.envelope == id
            && said.from == envelope.from
            && said.channel == envelope.channel.to_string()
            && (said.epoch, said.seq) == (envelope.epoch, envelope.seq)
            && index.is_none_or(|index| index == said.index);
        if fits {
            Ok((header, said))
        } else {
            Err("its receipt is that of another envelope")
        }
    }
}

/// The fields that an opening shows, if it opens this header's commitment.
pub(crate) fn opened_fields(text: &str, header: &Header) -> Result<(Opening, usize), Wrong> {
    let opening = Opening::parse(text.as_bytes()).map_err(|_| "the opening cannot be read")?;
    let commitment = Commitment::new(header.commit);
    let shown = opening
        .verify(&commitment)
        .map(|shown| shown.len())
        .map_err(|_| "the shown fields are not those that were committed to")?;
    Ok((opening, shown))
}

impl Check<'_> {
    /// Checks all that is here of one envelope.
    pub(super) fn envelope(&mut self, id: &str, listing: &Listing) -> Result<(), LedgerError> {
        if let Err(what) = self.try_envelope(id, listing)? {
            self.report.problem(format!("envelope {id}: {what}"));
        }
        Ok(())
    }

    fn try_envelope(
        &mut self,
        id: &str,
        listing: &Listing,
    ) -> Result<Result<(), Wrong>, LedgerError> {
        macro_rules! sure {
            ($checked:expr) => {
                match $checked {
                    Ok(value) => value,
                    Err(what) => return Ok(Err(what)),
                }
            };
        }
        let bundle = sure!(Bundle::of(listing, "").ok_or("its header is missing"));
        let digest: [u8; 32] = Sha256::digest(bundle.note).into();
        if hex(&digest) != id {
            return Ok(Err("its header is not the one with this identity"));
        }
        let peeked = comity_link::header::peek(bundle.note);
        let peeked = sure!(peeked.map_err(|_| "its header cannot be read"));
        let (sender, other) = (
            self.parties.find(&peeked.from).cloned(),
            self.parties.find(&peeked.to).cloned(),
        );
        let sender = sure!(sender.ok_or("there is no card of its sender"));
        let other = sure!(other.ok_or("there is no card of its recipient"));
        let header = sure!(bundle.header(&sender));
        let sent = header.from == self.own;
        if !sent && header.to != self.own {
            return Ok(Err("it is neither from nor to this party"));
        }
        *if sent {
            &mut self.report.sent
        } else {
            &mut self.report.received
        } += 1;
        self.chains.add(&header, digest);
        let place = sure!(bundle.place(&sender));
        match &place {
            Some(shown) => sure!(self.placed(sent, header.epoch, shown)?),
            None if sent && self.is_ended(header.epoch) => self.report.unproven += 1,
            None => return Ok(Err("its proof is missing")),
        }
        let about = (bundle.note, header.created);
        self.weigh(&format!("envelope {id}"), &sender, about, place.as_ref());
        let content = sure!(bundle.content(&header));
        if content.is_some() {
            self.report.opened += 1;
        }
        let erased = sure!(self.tombstone(listing, &digest, content.is_some())?);
        if content.is_none() && !erased {
            self.report.withheld += 1;
        }
        let index = place.map(|shown| shown.index);
        self.receipt(listing, (&header, id), (sent, &other), index)
    }

    /// Checks the receipt, if there is one: there must be one for what was received.
    fn receipt(
        &mut self,
        listing: &Listing,
        about: (&Header, &str),
        (sent, other): (bool, &Party),
        index: Option<u64>,
    ) -> Result<Result<(), Wrong>, LedgerError> {
        let Some(receipt) = Bundle::of(listing, "receipt.") else {
            if sent {
                self.chains.unreceipted(&other.base);
                return Ok(Ok(()));
            }
            return Ok(Err("the receipt that was given for it is missing"));
        };
        let giver = if sent {
            Some(other.clone())
        } else {
            self.parties.find(&self.own).cloned()
        };
        let Some(giver) = giver else {
            return Ok(Err("there is no card of who gave its receipt"));
        };
        let (header, _) = match receipt.receipt(&giver, about, index) {
            Ok(said) => said,
            Err(what) => return Ok(Err(what)),
        };
        self.chains
            .add(&header, Sha256::digest(receipt.note).into());
        let shown = match receipt.place(&giver) {
            Ok(Some(shown)) => shown,
            Ok(None) if !sent && self.is_ended(header.epoch) => return Ok(Ok(())),
            Ok(None) => return Ok(Err("the proof of its receipt is missing")),
            Err(_) => return Ok(Err("its receipt is not shown in the log of who gave it")),
        };
        let what = format!("the receipt of {}", about.1);
        self.weigh(&what, &giver, (receipt.note, header.created), Some(&shown));
        if sent {
            self.report.receipts += 1;
            let index = index.unwrap_or(u64::MAX);
            if self.is_settled(&other.name, about.0.epoch, index)? {
                self.report.settled += 1;
            } else {
                self.report.unsettled += 1;
            }
        }
        self.placed(!sent, header.epoch, &shown)
    }

    /// Checks the tombstone, if there is one.
    fn tombstone(
        &mut self,
        listing: &Listing,
        id: &[u8; 32],
        content: bool,
    ) -> Result<Result<bool, Wrong>, LedgerError> {
        let Some(bundle) = Bundle::of(listing, "tombstone.") else {
            return Ok(Ok(false));
        };
        let Some(own) = self.parties.find(&self.own).cloned() else {
            return Ok(Err("there is no card of who erased it"));
        };
        let said = Tombstone::open(bundle.note, &own.keys.envelope);
        if said.is_none_or(|said| said.envelope != *id || said.origin != self.own) {
            return Ok(Err("its tombstone is not one of this party for it"));
        }
        if content {
            return Ok(Err("its content is here although it was erased"));
        }
        let shown = match bundle.place(&own) {
            Ok(Some(shown)) => shown,
            Ok(None) => return Ok(Err("the proof of its tombstone is missing")),
            Err(_) => return Ok(Err("its tombstone is not shown in the log")),
        };
        self.report.erased += 1;
        let origin = shown.head.checkpoint().origin.as_str();
        let epoch = crate::link::log::epoch_of(origin);
        Ok(self.placed(true, epoch, &shown)?.map(|()| true))
    }

    /// Notes a place in a log: the own one explains an entry, every other must not contradict itself.
    pub(super) fn placed(
        &mut self,
        own: bool,
        epoch: u32,
        shown: &Shown,
    ) -> Result<Result<(), Wrong>, LedgerError> {
        self.saw(&shown.head);
        if cosigners(&shown.head, &self.witnesses).is_err() {
            return Ok(Err("a cosignature in its proof does not verify"));
        }
        if !own {
            return Ok(Ok(()));
        }
        let wrong = self.explain(epoch, shown.index, &shown.head)?;
        Ok(wrong.map_or(Ok(()), Err))
    }

    pub(super) fn is_ended(&self, epoch: u32) -> bool {
        self.logs.keys().any(|later| *later > epoch)
    }
}
