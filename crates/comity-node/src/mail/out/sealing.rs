//! How a mail is protected, and refusing those that cannot be protected as they must be.
//!
//! | certificates of the party | label demands encryption | it goes |
//! |---|---|---|
//! | one that can be used | either | encrypted, signed inside |
//! | none | no | signed, or open where this node has no key |
//! | none that can be used | no | a letter: not at all; what a program answers: signed |
//! | none, or none that can be used | yes | not at all |
//!
//! A label demands encryption where it is TLP:RED, or from the accord's `encrypt_from` on.
//!
//! In scope: this table. Out of scope: how it is signed and encrypted (`comity_mail`).

use comity_mail::compose::Letter;
use comity_mail::openpgp::{Certificate, SecretKey};
use comity_mail::protect::ProtectError;
use comity_stix::marking::Tlp;
use comity_store::state::Tx;

use super::{OutError, Parcel};
use crate::clock::random_bytes;
use crate::mail::MailError;
use crate::mail::certificates::{ALARM_DAYS, PartyCertificate, certificates};
use crate::node::Node;

/// The words for how a mail was protected.
const ENCRYPTED: &str = "encrypted";
const SIGNED: &str = "signed";
const OPEN: &str = "open";

impl Node {
    /// The mail as it is written, and how it is protected, by its word.
    pub(super) fn sealed(
        &self,
        tx: &mut dyn Tx,
        parcel: &Parcel,
        letter: &Letter,
    ) -> Result<(Vec<u8>, &'static str), MailError> {
        let now = letter.date;
        let party = parcel.party.as_deref();
        let known = match party {
            Some(party) => certificates(tx, Some(party))?,
            None => Vec::new(),
        };
        let usable: Vec<&Certificate> = usable(&known, now);
        let demanded = self.demanded(tx, parcel)?;
        let encrypts = !usable.is_empty();
        if let Some(label) = demanded.filter(|_| !encrypts) {
            let party = party.unwrap_or("somebody who is no party").to_owned();
            let why = why_not(&known, now);
            return Err(OutError::NotEncrypted { party, label, why }.into());
        }
        let newest = known.iter().max_by_key(|one| one.registered);
        if let Some(newest) = newest.filter(|_| !encrypts && parcel.kind.is_chosen()) {
            return Err(OutError::Unusable {
                party: newest.party.clone(),
                fingerprint: newest.certificate.fingerprint().to_owned(),
                state: newest.certificate.state(now, ALARM_DAYS),
            }
            .into());
        }
        let key = self.signing_key(parcel)?;
        let written = if encrypts {
            let seed = random_bytes();
            let sealed = letter.write_encrypted(key.as_ref(), &usable, now, &seed);
            sealed.map(|mail| (mail, ENCRYPTED))
        } else if let Some(key) = &key {
            letter.write_signed(key, now).map(|mail| (mail, SIGNED))
        } else {
            let open = letter.write().map_err(ProtectError::Compose);
            open.map(|mail| (mail, OPEN))
        };
        Ok(written.map_err(OutError::Protect)?)
    }

    /// Whether a mail of a label to a party would be encrypted; where it would not, and must be, why it cannot be sent.
    pub(crate) fn would_encrypt(&self, tx: &mut dyn Tx, party: &str) -> Result<bool, MailError> {
        let known = certificates(tx, Some(party))?;
        Ok(!usable(&known, self.now_seconds()).is_empty())
    }

    /// The label of a mail, where it demands encryption.
    fn demanded(&self, tx: &mut dyn Tx, parcel: &Parcel) -> Result<Option<Tlp>, MailError> {
        let Some(label) = parcel.tlp else {
            return Ok(None);
        };
        let terms = match &parcel.party {
            Some(party) => self.terms_to(tx, party, self.clock().now())?,
            None => None,
        };
        let from = terms.and_then(|terms| terms.encrypt_from);
        let demands = label == Tlp::Red || from.is_some_and(|from| label >= from);
        Ok(demands.then_some(label))
    }

    /// The key that signs, if there is one. What a person sends does not go unsigned because the key ended.
    fn signing_key(&self, parcel: &Parcel) -> Result<Option<SecretKey>, OutError> {
        let key = self.mail_signing_key();
        if key.is_some() || !parcel.kind.is_chosen() {
            return Ok(key);
        }
        match self.mail_own_certificates().first() {
            None => Ok(None),
            Some(ended) => Err(OutError::OwnKey {
                fingerprint: ended.fingerprint().to_owned(),
            }),
        }
    }
}

fn usable(known: &[PartyCertificate], now: i64) -> Vec<&Certificate> {
    let all = known.iter().map(|one| &one.certificate);
    all.filter(|one| one.state(now, ALARM_DAYS).is_usable())
        .collect()
}

fn why_not(known: &[PartyCertificate], now: i64) -> String {
    match known.iter().max_by_key(|one| one.registered) {
        None => "no certificate of that party is registered".to_owned(),
        Some(newest) => {
            let certificate = &newest.certificate;
            let state = certificate.state(now, ALARM_DAYS);
            format!("the certificate {} {state}", certificate.fingerprint())
        }
    }
}
