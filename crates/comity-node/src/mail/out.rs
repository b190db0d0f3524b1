//! Mail that leaves: writing it, and what becomes of it once others say something of it.
//!
//! A mail is written once, with its identifier and its bytes, in the transaction of whoever has something to say; nothing changes
//! the bytes afterwards, so that whoever sends it again, after a crash or a failure, sends the same. Answers to it and reports about it
//! come to an address that is made for it alone.
//!
//! In scope: writing, signing, encrypting, and taking in bounces and receipts. Out of scope: who may say what (`letter`), the way out
//! (`comity_transport::smtp::client`), lists (`outgoing`).
//! Limits: those of `comity_mail::compose`; an address for answers lives [`REPLY_DAYS`].

mod sealing;
mod settled;
#[cfg(test)]
mod tests;
pub mod way;

use comity_mail::compose::{AutoSubmitted, Enclosure, Letter};
use comity_mail::dkim::{DkimError, sign};
use comity_mail::openpgp::CertificateState;
use comity_mail::protect::ProtectError;
use comity_stix::marking::Tlp;
use comity_store::error::StoreError;
use comity_store::state::Tx;
use comity_store::state::mail_out::{self as rows, MailOutEvent, MailOutRow, MailOutState};
use sha2::{Digest as _, Sha256};

use crate::address::AddressError;
use crate::clock::{new_uuid, random_bytes};
use crate::mail::MailError;
use crate::node::Node;

/// How long answers to a mail find their way, in days.
pub const REPLY_DAYS: u32 = 180;
/// How long a mail can be sent again: its signatures of DKIM count for two weeks.
pub const RETRY_DAYS: i64 = 13;
/// The most bytes that one mail carries: in base64, with the rest, it stays below what mail servers take.
pub const ATTACHED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The mailbox that mails are from, where the settings name none.
const FROM: &str = "comity";

/// What the settings say of mail that leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendingTerms {
    /// The address that mails are from.
    pub from: String,
    /// After how long a mail without a receipt is overdue, in microseconds.
    pub receipt_micros: i64,
    /// How long a mail waits after it was not taken for the first time, in microseconds; twice as long each time after.
    pub retry_micros: i64,
    /// After how long a mail that nobody took is given up, in microseconds.
    pub give_up_micros: i64,
}

impl SendingTerms {
    /// Those of a node where nothing is set: a receipt within four hours, tries after a minute and for five days (RFC 5321
    /// section 4.5.4.1).
    pub fn of_domain(domain: &str) -> Self {
        Self {
            from: format!("{FROM}@{domain}"),
            receipt_micros: 4 * 3_600 * 1_000_000,
            retry_micros: 60 * 1_000_000,
            give_up_micros: 5 * 86_400 * 1_000_000,
        }
    }
}

/// What kind of mail leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParcelKind {
    /// A person's letter.
    Letter,
    /// That a mail came.
    Receipt,
    /// Envelopes of the node link.
    Envelopes,
    /// A challenge to prove an address.
    Challenge,
}

impl ParcelKind {
    /// Its word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Letter => "letter",
            Self::Receipt => "receipt",
            Self::Envelopes => "envelopes",
            Self::Challenge => "challenge",
        }
    }

    /// Whether somebody chose to send it: then nothing less than what was arranged with the party will do.
    const fn is_chosen(self) -> bool {
        match self {
            Self::Letter | Self::Envelopes => true,
            Self::Receipt | Self::Challenge => false,
        }
    }
}

/// The mail that a mail answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    /// The number of its row.
    pub(crate) mail: String,
    /// Its `Message-ID`.
    pub(crate) message_id: Option<String>,
    /// Its `References`.
    pub(crate) references: Vec<String>,
}

/// What is to leave by mail: encrypted where the party has a certificate that can be used, else signed, else open; not at all where the
/// accord demands encryption for its label and there is no such certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parcel {
    /// Whom it is for, where that is a party.
    pub(crate) party: Option<String>,
    /// RCPT TO, and `To`.
    pub(crate) to: String,
    /// What kind it is.
    pub(crate) kind: ParcelKind,
    /// The thread that it is about.
    pub(crate) thread: Option<String>,
    /// What an answer to it is found by; empty: its own number.
    pub(crate) reference: String,
    /// What it answers.
    pub(crate) answers: Option<Answered>,
    /// Its subject, without label.
    pub(crate) subject: String,
    /// Its label; none for what says nothing but that a mail came or is wanted.
    pub(crate) tlp: Option<Tlp>,
    /// Its words.
    pub(crate) text: String,
    /// What is enclosed.
    pub(crate) enclosures: Vec<Enclosure>,
    /// `MAIL FROM:<>`: nothing comes back. Always so where it is for no party.
    pub(crate) null_sender: bool,
    /// That a program sends it.
    pub(crate) auto_submitted: Option<AutoSubmitted>,
}

/// Why a mail is not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutError {
    /// It would come back in.
    #[error("{0} is an address of this node itself")]
    OwnDomain(String),
    /// Only with SMTPUTF8.
    #[error("{0} holds letters that are not ASCII")]
    NotAscii(String),
    /// Encryption is demanded and cannot be had.
    #[error("{label} goes to {party} encrypted only, and {why}")]
    NotEncrypted {
        /// The party.
        party: String,
        /// The label.
        label: Tlp,
        /// Why it cannot be encrypted.
        why: String,
    },
    /// Encryption was arranged and cannot be had.
    #[error(
        "mail to {party} is encrypted, and no certificate of that party can be used: {fingerprint} {state}"
    )]
    Unusable {
        /// The party.
        party: String,
        /// The certificate that was registered last.
        fingerprint: String,
        /// Its state.
        state: CertificateState,
    },
    /// The own key ended.
    #[error("mail of this node is signed, and its key {fingerprint} signs no more")]
    OwnKey {
        /// The key that was made last.
        fingerprint: String,
    },
    /// The identifier was used.
    #[error("a mail with the identifier {0} was written before")]
    Repeated(String),
    /// The mail itself.
    #[error(transparent)]
    Protect(#[from] ProtectError),
    /// DKIM.
    #[error(transparent)]
    Dkim(#[from] DkimError),
    /// The address for answers.
    #[error(transparent)]
    Address(Box<AddressError>),
    /// No mail has that number.
    #[error("no mail that leaves begins with {0:?}")]
    Unknown(String),
    /// Several do.
    #[error("more than one mail that leaves begins with {0:?}")]
    Ambiguous(String),
    /// There is no such state.
    #[error("{0:?} is no state of a mail that leaves")]
    State(String),
    /// A page cannot begin there.
    #[error("{0:?} is no place where a page begins")]
    Place(String),
    /// It stands where that cannot be done.
    #[error("the mail is {state}: {act} is not possible")]
    Stands {
        /// Where it stands, by its word.
        state: &'static str,
        /// What was asked.
        act: &'static str,
    },
    /// Its signatures are over.
    #[error("the mail was written more than {days} days ago, and its signatures are over", days = RETRY_DAYS)]
    TooOld,
    /// The party named no address.
    #[error("no address of {0} is known")]
    NoAddress(String),
    /// The party named nobody for that.
    #[error("{party} names no point of contact {role:?} with an address")]
    NoContact {
        /// The party.
        party: String,
        /// What was asked for.
        role: String,
    },
    /// No label.
    #[error("{0:?} is no TLP label")]
    Label(String),
    /// The thread is another party's.
    #[error("{thread} is with {party}")]
    OtherThread {
        /// The thread.
        thread: String,
        /// With whom it is.
        party: String,
    },
    /// TLP:RED goes to the person alone.
    #[error("TLP:RED is for {0} alone, and the mail would go to another address")]
    OtherPerson(String),
    /// Too much.
    #[error(
        "what is enclosed has more than {ATTACHED_BYTES_MAX} bytes, which one mail does not carry"
    )]
    TooMuch,
    /// There is nothing to say.
    #[error("nothing waits for {0}")]
    Nothing(String),
    /// It waits for a second person.
    #[error("a letter of {0} goes when a second person has looked at it")]
    SecondPerson(Tlp),
    /// A part of it may not go, so none of it does.
    #[error("the letter does not go, because a part of it may not: {0}")]
    Stays(String),
    /// What was judged changed meanwhile.
    #[error("the certificates of {0} changed while the mail was judged")]
    Meanwhile(String),
}

impl From<AddressError> for MailError {
    fn from(error: AddressError) -> Self {
        OutError::Address(Box::new(error)).into()
    }
}

impl Node {
    /// What holds for mail that leaves.
    pub(crate) fn sending_terms(&self) -> &SendingTerms {
        let default = || SendingTerms::of_domain(&self.mail_terms().domain);
        self.inner.sending.get_or_init(default)
    }

    /// Takes the terms of the settings, before the first mail is written; later ones change nothing.
    pub fn use_sending_terms(&self, terms: SendingTerms) {
        let _ = self.inner.sending.set(terms);
    }

    /// Writes, signs, perhaps encrypts and DKIM-signs a mail and puts it into the outbox, in the caller's transaction. Answers its
    /// number. The caller tells [`Node::due`] once the transaction is committed.
    pub(crate) fn post(&self, tx: &mut dyn Tx, parcel: &Parcel) -> Result<String, MailError> {
        self.post_by(tx, parcel, "node")
    }

    /// The same in somebody's name.
    pub(crate) fn post_by(
        &self,
        tx: &mut dyn Tx,
        parcel: &Parcel,
        officer: &str,
    ) -> Result<String, MailError> {
        self.may_go_to(&parcel.to)?;
        let (id, now) = (new_uuid().to_string(), self.clock().now());
        let reference = match parcel.reference.as_str() {
            "" => id.as_str(),
            named => named,
        };
        let reply_to = match (&parcel.party, parcel.kind) {
            // An address that is made is for a party alone; whoever is asked something can answer all the same.
            (None, ParcelKind::Challenge) => {
                Some(format!("postmaster@{}", self.mail_terms().domain))
            }
            (None, _) | (Some(_), ParcelKind::Receipt) => None,
            (Some(party), _) => {
                let what = (parcel.thread.as_deref(), reference);
                Some(self.reply_address_in(tx, party, what, REPLY_DAYS)?)
            }
        };
        let letter = self.letter_of(parcel, (&id, reply_to.as_deref()), now);
        let (mail, protection) = self.sealed(tx, parcel, &letter)?;
        let domain = letter
            .from
            .rsplit_once('@')
            .map_or("", |(_, domain)| domain);
        let keys = self.inner.dkim.signing()?;
        let keys: Vec<_> = keys.iter().collect();
        let mail = sign(&mail, domain, &keys).map_err(OutError::Dkim)?;
        let sender = reply_to.clone().filter(|_| !parcel.null_sender);
        let row = MailOutRow {
            party: parcel.party.clone(),
            recipient: parcel.to.clone(),
            sender: sender.unwrap_or_default(),
            reply_to,
            kind: parcel.kind.word().to_owned(),
            thread: parcel.thread.clone(),
            reference: reference.to_owned(),
            answers: parcel.answers.as_ref().map(|one| one.mail.clone()),
            subject: parcel.subject.clone(),
            label: parcel.tlp.map(|label| label.to_string()),
            protection: protection.to_owned(),
            message_id: letter.message_id,
            sha256: Sha256::digest(&mail).into(),
            size: u64::try_from(mail.len()).unwrap_or(u64::MAX),
            officer: officer.to_owned(),
            made: now,
            state: MailOutState::Queued,
            reason: None,
            attempts: 0,
            since: now,
            next_attempt: now,
            sent: None,
            host: None,
            tls: None,
            verified: None,
            answer: None,
            receipted: None,
            receipt_level: None,
            changed: now,
            id,
        };
        if !rows::add(tx, &row, &mail)? {
            return Err(OutError::Repeated(row.message_id).into());
        }
        note(tx, &row.id, now, ("written", protection))?;
        Ok(row.id)
    }

    /// Whether mail may leave to an address at all.
    pub(crate) fn may_go_to(&self, to: &str) -> Result<(), OutError> {
        if !to.is_ascii() {
            return Err(OutError::NotAscii(to.to_owned()));
        }
        let domain = to.rsplit_once('@').map_or("", |(_, domain)| domain);
        if domain.eq_ignore_ascii_case(&self.mail_terms().domain) {
            return Err(OutError::OwnDomain(to.to_owned()));
        }
        Ok(())
    }

    fn letter_of(&self, parcel: &Parcel, (id, reply_to): (&str, Option<&str>), now: i64) -> Letter {
        let answered = parcel.answers.as_ref();
        let answers = answered.and_then(|one| one.message_id.clone());
        let mut references = answered.map_or_else(Vec::new, |one| one.references.clone());
        references.extend(answers.clone());
        Letter {
            from_name: Some(self.identity().party.clone()),
            from: self.sending_terms().from.clone(),
            to: vec![parcel.to.clone()],
            reply_to: reply_to.map(ToOwned::to_owned),
            subject: parcel.subject.clone(),
            tlp: parcel.tlp,
            text: parcel.text.clone(),
            enclosures: parcel.enclosures.clone(),
            message_id: format!("{id}@{}", self.mail_terms().domain),
            in_reply_to: answers,
            references,
            auto_submitted: parcel.auto_submitted,
            date: now.div_euclid(1_000_000),
            boundary: random_bytes(),
        }
    }
}

/// Notes that something happened to a mail.
pub(crate) fn note(
    tx: &mut dyn Tx,
    mail: &str,
    at: i64,
    (event, detail): (&str, &str),
) -> Result<(), StoreError> {
    let event = MailOutEvent {
        at,
        event: event.to_owned(),
        detail: detail.to_owned(),
    };
    rows::add_event(tx, mail, &event)
}
