//! One file that proves one thing to anybody, with what it proves in words.
//!
//! The words are never believed: whoever verifies the file makes them anew from what it proves.
//!
//! In scope: making the file from the node's rows, verifying it with nothing else. Out of scope: writing it to a disk.
//! Limits: [`PROOF_BYTES_MAX`]; those of each piece.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comity_ledger::checkpoint::SignedCheckpoint;
use comity_ledger::commitment::{Fields, Secret, Slot};
use comity_ledger::leaf::Leaf;
use comity_ledger::policy::Policy;
use comity_ledger::proof::LogProof;
use comity_ledger::tree::leaf_hash;
use comity_link::header::Header;
use comity_link::payload;
use serde::{Deserialize, Serialize};

use crate::ledger::files::Listing;
use crate::ledger::tombstone::Tombstone;
use crate::ledger::verify::{Bundle, Party, Shown, cosigners, opened_fields};
use crate::ledger::{hex, moment, unhex};

/// The longest file.
pub const PROOF_BYTES_MAX: usize = 64 * 1024 * 1024;

const FORMAT: &str = "comity-proof/v1";

/// What no such file shows (it is part of each).
pub const NOT_SHOWN: &[&str] = &[
    "that what was said is true, complete or useful",
    "that a person read it or agreed to it",
    "that nothing was exchanged by other ways, or that nothing else stands in the log",
    "an exact time: only that it was made after the head that it names, and before the cosignatures",
    "anything against all parties together, where no third party cosigned",
    "who held the keys",
];

/// The file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofFile {
    /// `comity-proof/v1`.
    pub format: String,
    /// What it shows, in words.
    pub shows: Vec<String>,
    /// What it does not show.
    pub does_not_show: Vec<String>,
    /// The keys of the log and of its witnesses (C2SP tlog-policy).
    pub policy: String,
    /// The cards of both parties, all of each, oldest first.
    pub cards: Vec<Vec<String>>,
    /// The entry's bytes, base64, where nothing is said of what it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The envelope's header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Piece>,
    /// The proof of the entry (C2SP tlog-proof).
    pub proof: String,
    /// Proofs of the same entry in later heads, which others cosigned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<String>,
    /// The fields that are shown (`comity-opening/v1`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<String>,
    /// The receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Piece>,
    /// The tombstone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tombstone: Option<Piece>,
}

/// A signed note with what opens it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// The note.
    pub note: String,
    /// What opens its leaf, hexadecimal, with a newline.
    pub blind: String,
    /// The proof of its leaf; that of the envelope stands beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
    /// What opens its commitment, hexadecimal, with a newline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<String>,
    /// Its payload, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

/// What a proof file shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shows {
    /// A sentence each.
    pub shows: Vec<String>,
    /// The parties by their root keys: to be compared with what each party gave.
    pub roots: Vec<(String, String)>,
    /// Whether as many others as the policy asks for have cosigned that the entry stood in the log.
    pub counts: bool,
}

/// What goes into the file of an envelope besides its evidence.
pub(crate) struct Rest {
    pub(crate) policy: String,
    pub(crate) cards: Vec<Vec<String>>,
    /// Proofs of the envelope's entry in later heads.
    pub(crate) further: Vec<LogProof>,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Piece {
    fn of(bundle: &Bundle<'_>, own_proof: bool) -> Self {
        Self {
            note: text(bundle.note),
            blind: text(bundle.blind),
            proof: bundle.proof.filter(|_| own_proof).map(text),
            opening: bundle.opening.map(text),
            payload: bundle.payload.map(|payload| STANDARD.encode(payload)),
        }
    }

    fn payload(&self) -> Result<Option<Vec<u8>>, String> {
        let decode = |text: &String| STANDARD.decode(text);
        let decoded = self.payload.as_ref().map(decode).transpose();
        decoded.map_err(|_| "a payload is not base64".to_owned())
    }

    fn bundle<'a>(&'a self, proof: Option<&'a str>, payload: Option<&'a [u8]>) -> Bundle<'a> {
        Bundle {
            note: self.note.as_bytes(),
            blind: self.blind.as_bytes(),
            proof: proof.or(self.proof.as_deref()).map(str::as_bytes),
            opening: self.opening.as_deref().map(str::as_bytes),
            payload,
        }
    }
}

impl ProofFile {
    /// The proof of an envelope from its evidence. With `fields`, only those of its payload are shown.
    pub(crate) fn of_envelope(
        listing: &Listing,
        fields: &[String],
        rest: Rest,
    ) -> Result<Self, String> {
        let Rest {
            policy,
            cards,
            further,
        } = rest;
        let bundle = Bundle::of(listing, "").ok_or("there is nothing of this envelope")?;
        let proof = bundle
            .proof
            .ok_or("it is in no head that others hold: nothing can be proven of it")?;
        let mut header = Piece::of(&bundle, false);
        let mut opened = None;
        if !fields.is_empty() {
            opened = Some(open_fields(&bundle, fields)?);
            (header.opening, header.payload) = (None, None);
        }
        let mut file = Self {
            format: FORMAT.to_owned(),
            shows: Vec::new(),
            does_not_show: NOT_SHOWN.iter().map(|one| (*one).to_owned()).collect(),
            policy,
            cards,
            entry: None,
            header: Some(header),
            proof: text(proof),
            further: further.iter().map(ToString::to_string).collect(),
            fields: opened,
            receipt: Bundle::of(listing, "receipt.").map(|bundle| Piece::of(&bundle, true)),
            tombstone: Bundle::of(listing, "tombstone.").map(|bundle| Piece::of(&bundle, true)),
        };
        file.shows = file.verify()?.shows;
        Ok(file)
    }

    /// The proof that an entry stands in a log, whatever it stands for.
    pub(crate) fn of_entry(
        leaf: &[u8],
        proof: &LogProof,
        policy: String,
        cards: Vec<Vec<String>>,
    ) -> Result<Self, String> {
        let mut file = Self {
            format: FORMAT.to_owned(),
            shows: Vec::new(),
            does_not_show: NOT_SHOWN.iter().map(|one| (*one).to_owned()).collect(),
            policy,
            cards,
            entry: Some(STANDARD.encode(leaf)),
            header: None,
            proof: proof.to_string(),
            further: Vec::new(),
            fields: None,
            receipt: None,
            tombstone: None,
        };
        file.shows = file.verify()?.shows;
        Ok(file)
    }

    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > PROOF_BYTES_MAX {
            return Err(format!("it has more than {PROOF_BYTES_MAX} bytes"));
        }
        let file: Self =
            serde_json::from_slice(bytes).map_err(|error| format!("it is no {FORMAT}: {error}"))?;
        if file.format == FORMAT {
            Ok(file)
        } else {
            Err(format!("it is no {FORMAT}"))
        }
    }

    /// What the file shows, or what is wrong with it.
    pub fn verify(&self) -> Result<Shows, String> {
        let mut shows = Shows::default();
        let mut parties = Vec::new();
        for cards in &self.cards {
            let cards: Vec<Vec<u8>> = cards.iter().map(|card| card.as_bytes().to_vec()).collect();
            let party = Party::of(&cards)?;
            shows.roots.push((party.name.clone(), party.root.clone()));
            parties.push(party);
        }
        let witnesses = self.witnesses(&parties)?;
        let mut told = Told {
            parties: &parties,
            witnesses: &witnesses,
            lines: &mut shows.shows,
            heads: Vec::new(),
        };
        match (&self.header, &self.entry) {
            (Some(header), None) => self.verify_envelope(header, &mut told)?,
            (None, Some(entry)) => self.verify_entry(entry, &mut told)?,
            _ => return Err("it holds not exactly one of a header and an entry".to_owned()),
        }
        let heads = std::mem::take(&mut told.heads);
        shows.counts = self.is_quorum(&heads)?;
        shows.shows.push(if shows.counts {
            "as many others as the policy here asks for have cosigned that it stood there"
                .to_owned()
        } else {
            "fewer others than the policy here asks for have cosigned that it stood there: it does not count yet"
                .to_owned()
        });
        Ok(shows)
    }

    /// Whether the witnesses of the policy that cosigned any of these heads, of one log, are as many as it asks for.
    fn is_quorum(&self, heads: &[SignedCheckpoint]) -> Result<bool, String> {
        let policy = Policy::parse(self.policy.as_bytes()).map_err(|error| error.to_string())?;
        let mut there = BTreeSet::new();
        for (number, witness) in policy.witnesses().iter().enumerate() {
            for head in heads {
                if !cosigners(head, std::slice::from_ref(&witness.key))?.is_empty() {
                    there.insert(number);
                }
            }
        }
        Ok(policy.is_quorum(&there) && !there.is_empty())
    }

    fn witnesses(&self, parties: &[Party]) -> Result<Vec<comity_ledger::key::VerifierKey>, String> {
        let policy = Policy::parse(self.policy.as_bytes()).map_err(|error| error.to_string())?;
        let mut keys: Vec<_> = policy
            .witnesses()
            .iter()
            .map(|one| one.key.clone())
            .collect();
        for key in parties.iter().flat_map(|party| &party.keys.witness) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        Ok(keys)
    }

    fn verify_entry(&self, entry: &str, told: &mut Told<'_>) -> Result<(), String> {
        let leaf = STANDARD
            .decode(entry)
            .map_err(|_| "the entry is not base64")?;
        Leaf::parse(&leaf).ok_or("the entry is not one of this kind of log")?;
        let proof = LogProof::parse(self.proof.as_bytes()).map_err(|error| error.to_string())?;
        let checkpoint = proof.checkpoint().checkpoint();
        let base = checkpoint.origin.as_str();
        let owner = told
            .parties
            .iter()
            .find(|party| base == party.base || base.starts_with(&format!("{}/e", party.base)));
        let owner = owner.ok_or("there is no card of the log's party")?;
        let signed = proof.checkpoint();
        signed
            .verify(&owner.keys.log)
            .map_err(|error| error.to_string())?;
        comity_ledger::tree::verify_inclusion(
            &leaf_hash(&leaf),
            proof.index(),
            &checkpoint.head(),
            proof.hashes(),
        )
        .map_err(|error| error.to_string())?;
        told.lines.push(format!(
            "{} has an entry {} in its log {}; what it stands for is not shown",
            owner.name,
            proof.index(),
            checkpoint.origin
        ));
        let shown = Shown {
            index: proof.index(),
            head: signed.clone(),
        };
        told.heads.push(shown.head.clone());
        tell_times(told.lines, &shown, told.witnesses)
    }

    fn verify_envelope(&self, piece: &Piece, told: &mut Told<'_>) -> Result<(), String> {
        let peeked = comity_link::header::peek(piece.note.as_bytes());
        let peeked = peeked.map_err(|error| error.to_string())?;
        let find = |base: &str| told.parties.iter().find(|party| party.base == base);
        let sender = find(&peeked.from).ok_or("there is no card of the sender")?;
        let recipient = find(&peeked.to).ok_or("there is no card of the recipient")?;
        let payload = piece.payload()?;
        let bundle = piece.bundle(Some(&self.proof), payload.as_deref());
        let header = bundle.header(sender)?;
        let id = {
            use sha2::Digest as _;
            hex(&sha2::Sha256::digest(bundle.note))
        };
        let shown = bundle.place(sender)?.ok_or("there is no proof")?;
        told.lines.push(format!(
            "{} committed to envelope {id} for {}: kind {}, number {} of channel {}, entry {} of its log {}",
            sender.name,
            recipient.name,
            header.kind.word(),
            header.seq,
            header.channel,
            shown.index,
            shown.head.checkpoint().origin
        ));
        tell_times(told.lines, &shown, told.witnesses)?;
        told.heads.push(shown.head.clone());
        for proof in &self.further {
            let later = piece.bundle(Some(proof), payload.as_deref());
            let later = later.place(sender)?.ok_or("there is no proof")?;
            let origins = [&later, &shown].map(|one| &one.head.checkpoint().origin);
            if later.index != shown.index || origins[0] != origins[1] {
                return Err("a further proof is of another entry".to_owned());
            }
            tell_times(told.lines, &later, told.witnesses)?;
            told.heads.push(later.head);
        }
        if let Some(seen) = &header.seen {
            told.lines.push(format!(
                "it was made after {} had {} entries with the root {}",
                seen.origin,
                seen.size,
                STANDARD.encode(seen.root)
            ));
        }
        let content = bundle.content(&header)?;
        tell_content(
            told.lines,
            content.is_some(),
            self.fields.as_deref(),
            &header,
        )?;
        if let Some(receipt) = &self.receipt {
            let payload = receipt.payload()?;
            let bundle = receipt.bundle(None, payload.as_deref());
            let (_, said) = bundle.receipt(recipient, (&header, &id), Some(shown.index))?;
            let place = bundle.place(recipient)?;
            let place = place.ok_or("there is no proof of the receipt")?;
            told.lines.push(format!(
                "{} received the envelope intact (outcome: {}), says its receipt, entry {} of its log {}",
                recipient.name,
                said.outcome,
                place.index,
                place.head.checkpoint().origin
            ));
            tell_times(told.lines, &place, told.witnesses)?;
        }
        self.verify_tombstone(&id, told)
    }

    fn verify_tombstone(&self, id: &str, told: &mut Told<'_>) -> Result<(), String> {
        let Some(piece) = &self.tombstone else {
            return Ok(());
        };
        let opened = told.parties.iter().find_map(|party| {
            let said = Tombstone::open(piece.note.as_bytes(), &party.keys.envelope)?;
            (said.origin == party.base).then_some((party, said))
        });
        let (party, said) = opened.ok_or("the tombstone is signed by neither party")?;
        if Some(said.envelope) != unhex(id) {
            return Err("the tombstone is that of another envelope".to_owned());
        }
        let bundle = piece.bundle(None, None);
        let place = bundle.place(party)?;
        let place = place.ok_or("there is no proof of the tombstone")?;
        told.lines.push(format!(
            "{} erased its copy of the content, by its own word on {} for the reason {}: entry {} of its log {}",
            party.name,
            moment(said.erased),
            said.reason,
            place.index,
            place.head.checkpoint().origin
        ));
        Ok(())
    }
}

/// Who is there, and where to say what is shown.
struct Told<'a> {
    parties: &'a [Party],
    witnesses: &'a [comity_ledger::key::VerifierKey],
    lines: &'a mut Vec<String>,
    /// The heads of the entry's log in which it was proven.
    heads: Vec<SignedCheckpoint>,
}

/// By when an entry stood in its log, on whose word.
fn tell_times(
    lines: &mut Vec<String>,
    shown: &Shown,
    witnesses: &[comity_ledger::key::VerifierKey],
) -> Result<(), String> {
    let cosigned = cosigners(&shown.head, witnesses)?;
    let size = shown.head.checkpoint().size;
    if cosigned.is_empty() {
        lines.push(format!(
            "no other party has cosigned the log's head of {size} entries: when it was made is its owner's word"
        ));
    }
    for (name, time) in cosigned {
        lines.push(format!(
            "it stood there by {}: then {name} cosigned the log's head of {size} entries",
            moment(time)
        ));
    }
    Ok(())
}

fn tell_content(
    lines: &mut Vec<String>,
    whole: bool,
    fields: Option<&str>,
    header: &Header,
) -> Result<(), String> {
    if whole {
        lines.push("the content here is what was committed to".to_owned());
    } else if let Some(text) = fields {
        let (opening, count) = opened_fields(text, header)?;
        let names: Vec<&str> = opening
            .slots()
            .iter()
            .filter_map(|slot| match slot {
                Slot::Open { name, .. } => Some(name.as_str()),
                Slot::Withheld(_) => None,
            })
            .collect();
        lines.push(format!(
            "these fields here are as they were committed to: {}; {} others are withheld, and unchanged",
            names.join(", "),
            opening.slots().len() - count
        ));
    } else {
        lines.push("its content is not shown".to_owned());
    }
    Ok(())
}

/// Opens some fields of a payload: a name, or the beginning of names (`objects/0`).
fn open_fields(bundle: &Bundle<'_>, wanted: &[String]) -> Result<String, String> {
    let (Some(opening), Some(content)) = (bundle.opening, bundle.payload) else {
        return Err("its content was erased: no field of it can be shown".to_owned());
    };
    let opening = std::str::from_utf8(opening).ok();
    let opening = opening.and_then(|text| unhex(text.trim_end()));
    let secret = Secret::new(opening.ok_or("what opens its content cannot be read")?);
    let whole = "this payload was committed to as a whole: it is shown whole or not at all";
    let fields = payload::fields(content).ok_or(whole)?;
    let known = |one: &str, name: &str| {
        name == one
            || name
                .strip_prefix(one)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    for one in wanted {
        if !fields.iter().any(|(name, _)| known(one, name)) {
            let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            let names = names.get(..names.len().min(40)).unwrap_or_default();
            return Err(format!(
                "the payload has no field {one:?}; it has {}",
                names.join(", ")
            ));
        }
    }
    let fields = Fields::new(fields).map_err(|_| whole)?;
    let shown = |name: &str| wanted.iter().any(|one| known(one, name));
    Ok(fields.open(&secret, shown).to_string())
}
