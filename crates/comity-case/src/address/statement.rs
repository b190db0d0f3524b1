//! What both parties sign about a designated address, as texts of signed notes (C2SP `signed-note`).
//!
//! ```text
//! comity-address-answer/v1        signed by the other party: it has the registered key, and knows the number
//! owner alpha
//! party bravo
//! address request+…@in.alpha.example
//! number <32 hexadecimal digits>
//!
//! comity-address-promotion/v1     signed by both: point of contact promoted
//! owner alpha
//! party bravo
//! purpose request
//! temporary request+…@in.alpha.example
//! permanent request+…@in.alpha.example
//! number <32 hexadecimal digits>
//! ```
//!
//! In scope: the texts, who signed them, whether an answer counts. Out of scope: which keys are registered (`comity-node`),
//! reading a signed mail (`comity-mail`).

use comity_accord::party::PartyName;
use comity_ledger::key::VerifierKey;
use comity_ledger::note::Note;

use super::{Address, Challenge};

/// What is asked: which party is to answer which number about which address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whose address it is.
    pub owner: PartyName,
    /// Who is to answer.
    pub party: PartyName,
    /// The address.
    pub address: String,
    /// The number, and by when it is to be answered.
    pub challenge: Challenge,
}

impl Asked {
    /// What an address has out; none: no number is.
    pub fn of(address: &Address) -> Option<Self> {
        Some(Self {
            owner: address.opening.opener.clone(),
            party: address.opening.responder.clone(),
            address: address.address.clone(),
            challenge: address.challenge.clone()?,
        })
    }

    /// The statement that the other party signs.
    pub fn statement(&self) -> String {
        let Self {
            owner,
            party,
            address,
            challenge,
        } = self;
        format!(
            "comity-address-answer/v1\nowner {owner}\nparty {party}\naddress {address}\nnumber {}\n",
            challenge.nonce
        )
    }
}

/// What came back.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'a> {
    /// A signed note, as a message or a file carries it, and the envelope keys of the party's card.
    Note {
        /// The note.
        note: &'a str,
        /// The keys of which one must have signed it.
        keys: &'a [VerifierKey],
    },
    /// A mail, as its reader found it.
    Mail(&'a SignedMail),
}

/// What the reader of mails found in one that answers a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedMail {
    /// The party whose registered `OpenPGP` key signed the whole of it; none: nobody's did (assurance below L3).
    pub signed_by: Option<PartyName>,
    /// The address that it reached.
    pub to: String,
    /// The text that the signature covers, in which the number is looked for.
    pub text: String,
}

/// Why an answer does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// It is no signed note.
    #[error("the answer is no signed note")]
    NoNote,
    /// It says something else.
    #[error("the answer is about another address or another number")]
    OtherStatement,
    /// Somebody else signed, or nobody.
    #[error("the answer is not signed by a registered key of {0}")]
    NotSigned(PartyName),
}

/// Whether what came back answers the number. The caller judges the time ([`Challenge::due`]).
pub fn answered(asked: &Asked, proof: &Proof<'_>) -> Result<(), ProofError> {
    match proof {
        Proof::Note { note, keys } => {
            let note = Note::parse(note.as_bytes()).map_err(|_| ProofError::NoNote)?;
            if note.text() != asked.statement() {
                return Err(ProofError::OtherStatement);
            }
            if signs(&note, keys) {
                Ok(())
            } else {
                Err(ProofError::NotSigned(asked.party.clone()))
            }
        }
        Proof::Mail(mail) => {
            if mail.signed_by.as_ref() != Some(&asked.party) {
                return Err(ProofError::NotSigned(asked.party.clone()));
            }
            let here = mail.to.eq_ignore_ascii_case(&asked.address);
            let number = mail
                .text
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| word.eq_ignore_ascii_case(&asked.challenge.nonce));
            if here && number {
                Ok(())
            } else {
                Err(ProofError::OtherStatement)
            }
        }
    }
}

/// The statement of a promotion; none: nothing is promoted.
pub fn promotion(address: &Address) -> Option<String> {
    let promoted = address.promotion.as_ref()?;
    // Once it is confirmed, the address before is the newest alias.
    let before = if promoted.confirmed.is_some() {
        &address.aliases.last()?.address
    } else {
        &address.address
    };
    promotion_to(address, before, &promoted.address)
}

/// The statement by which an address would be promoted to a permanent one; none: no number was answered.
pub fn promotion_to(address: &Address, before: &str, permanent: &str) -> Option<String> {
    let (opening, number) = (&address.opening, &address.challenge.as_ref()?.nonce);
    Some(format!(
        "comity-address-promotion/v1\nowner {}\nparty {}\npurpose {}\ntemporary {before}\npermanent {permanent}\n\
         number {number}\n",
        opening.opener, opening.responder, address.purpose
    ))
}

/// Whether a note says this and one of these keys signed it.
pub fn is_signed(statement: &str, note: &str, keys: &[VerifierKey]) -> bool {
    Note::parse(note.as_bytes()).is_ok_and(|note| note.text() == statement && signs(&note, keys))
}

/// The one note that bears the signatures of both; none: they sign different texts.
pub fn joined(one: &str, other: &str) -> Option<String> {
    let mut note = Note::parse(one.as_bytes()).ok()?;
    let other = Note::parse(other.as_bytes()).ok()?;
    if note.text() != other.text() {
        return None;
    }
    for signature in other.signatures() {
        note.add(signature.clone()).ok()?;
    }
    Some(note.to_string())
}

fn signs(note: &Note, keys: &[VerifierKey]) -> bool {
    note.verify(keys).is_ok_and(|by| !by.is_empty())
}
