//! The OpenPGP certificates that are registered for parties: whose signature makes a mail certain, and to whom mail is encrypted.
//!
//! A certificate is registered only once its fingerprint came another way than the certificate itself: typed by a person who compared
//! it, or named in the profile that the party's node signed.
//!
//! In scope: registering, listing, removing. Out of scope: what a certificate is good for (`comity_mail::openpgp`).
//! Limits: [`PARTY_CERTIFICATES_MAX`] a party.

use comity_mail::openpgp::{Certificate, CertificateState};
use comity_store::state::certificate::{self as rows, CertificateRow};
use comity_store::state::{Tx, party as parties};
use serde_json::{Value, json};

use super::MailError;
use super::keys::digits;
use super::openpgp::OpenPgpError;
use crate::case::threads::Acting;
use crate::contact::ContactError;
use crate::exchange::ExchangeError;
use crate::exchange::command::at;
use crate::node::Node;

/// The most certificates of one party: a team and its people.
pub const PARTY_CERTIFICATES_MAX: usize = 32;
/// So many days before a certificate ends it is told.
pub const ALARM_DAYS: i64 = 45;

/// A certificate of a party.
#[derive(Clone, Debug)]
pub(crate) struct PartyCertificate {
    /// Whose.
    pub(crate) party: String,
    /// The certificate.
    pub(crate) certificate: Certificate,
    /// When it was registered, seconds since 1970.
    pub(crate) registered: i64,
}

/// The certificates that are registered for a party, the newest first; every party's where none is named.
pub(crate) fn certificates(
    tx: &mut dyn Tx,
    party: Option<&str>,
) -> Result<Vec<PartyCertificate>, MailError> {
    let read = |row: CertificateRow| match Certificate::read(&row.certificate) {
        Ok(certificate) => Ok(PartyCertificate {
            party: row.party,
            certificate,
            registered: row.registered,
        }),
        Err(source) => Err(MailError::Certificate(source)),
    };
    rows::list(tx, party)?.into_iter().map(read).collect()
}

impl Node {
    /// Registers a certificate for a party. `typed`: the fingerprint as a person had it another way.
    pub(crate) fn register_certificate(
        &self,
        party: &str,
        bytes: &[u8],
        typed: Option<&str>,
        acting: &Acting,
    ) -> Result<Value, MailError> {
        let certificate = Certificate::read(bytes)?;
        let fingerprint = certificate.fingerprint().to_owned();
        let way = match typed {
            Some(typed) if digits(typed) == fingerprint => "typed",
            Some(_) => return Err(OpenPgpError::OtherFingerprint(fingerprint).into()),
            None if self.is_in_profile(party, &fingerprint)? => "profile",
            None => return Err(OpenPgpError::Unconfirmed(fingerprint).into()),
        };
        let now = self.now_seconds();
        let state = certificate.state(now, ALARM_DAYS);
        if let CertificateState::Weak(weakness) = &state {
            return Err(OpenPgpError::WeakCertificate(weakness.to_string()).into());
        }
        let row = CertificateRow {
            party: party.to_owned(),
            fingerprint: fingerprint.clone(),
            certificate: certificate.to_bytes(),
            way: way.to_owned(),
            officer: acting.officer.clone(),
            registered: now,
        };
        self.inner.state.write(|tx| {
            parties::find(tx, party)?
                .ok_or_else(|| ExchangeError::UnknownParty(party.to_owned()))?;
            let held = rows::list(tx, None)?;
            let another = held
                .iter()
                .find(|one| one.fingerprint == fingerprint && one.party != party);
            if let Some(another) = another {
                // One key speaks for one party.
                return Err(MailError::from(OpenPgpError::CertificateTaken(
                    another.party.clone(),
                )));
            }
            let of_party = held.iter().filter(|one| one.party == party);
            let known = of_party
                .clone()
                .any(|one| one.fingerprint == row.fingerprint);
            if !known && of_party.count() >= PARTY_CERTIFICATES_MAX {
                return Err(OpenPgpError::CertificatesFull(party.to_owned()).into());
            }
            Ok(rows::put(tx, &row)?)
        })?;
        tracing::info!(party, %fingerprint, way, "certificate registered");
        Ok(document(&row, &certificate, now))
    }

    /// The certificates of a party, or of every one.
    pub(crate) fn certificates_listed(&self, party: Option<&str>) -> Result<Value, MailError> {
        let now = self.now_seconds();
        let held = self.inner.state.read(|tx| rows::list(tx, party))?;
        let line = |row: &CertificateRow| {
            let certificate = Certificate::read(&row.certificate)?;
            Ok(document(row, &certificate, now))
        };
        held.iter().map(line).collect()
    }

    /// Removes a certificate: its signatures count no more, and nothing is encrypted to it.
    pub(crate) fn remove_certificate(
        &self,
        party: &str,
        fingerprint: &str,
    ) -> Result<Value, MailError> {
        let wanted = digits(fingerprint);
        let removed = self
            .inner
            .state
            .write(|tx| rows::remove(tx, party, &wanted))?;
        if !removed {
            return Err(OpenPgpError::NoSuchKey(fingerprint.to_owned()).into());
        }
        tracing::info!(party, fingerprint = %wanted, "certificate removed");
        Ok(json!({ "party": party, "fingerprint": wanted }))
    }

    /// What ends soon, or ended, of the keys that mail needs: a line each, for whoever looks after the node.
    pub(crate) fn mail_key_alarms(&self) -> Result<Vec<String>, MailError> {
        let now = self.now_seconds();
        let mut alarms = Vec::new();
        if let Some(own) = self.mail_own_certificates().first() {
            let state = own.state(now, ALARM_DAYS);
            if !matches!(state, CertificateState::Usable { .. }) {
                let fingerprint = own.fingerprint();
                alarms.push(format!(
                    "this node's OpenPGP key {fingerprint} {}: `comity openpgp extend`, and give it to the parties anew",
                    own_state(&state)
                ));
            }
        }
        let held = self.inner.state.read(|tx| certificates(tx, None))?;
        for (place, one) in held.iter().enumerate() {
            let earlier = held.get(..place).unwrap_or_default();
            if earlier.iter().any(|newer| newer.party == one.party) {
                // The newest is the one that mail is encrypted to.
                continue;
            }
            let state = one.certificate.state(now, ALARM_DAYS);
            if !matches!(state, CertificateState::Usable { .. }) {
                let (party, fingerprint) = (&one.party, one.certificate.fingerprint());
                alarms.push(format!("the certificate {fingerprint} of {party}: {state}"));
            }
        }
        Ok(alarms)
    }

    /// Whether the profile that a party's node signed names a key of this fingerprint.
    fn is_in_profile(&self, party: &str, fingerprint: &str) -> Result<bool, MailError> {
        let known = match self.profile(Some(party)) {
            Ok(known) => known,
            Err(ContactError::NoProfile(_)) => return Ok(false),
            Err(error) => return Err(MailError::Contact(Box::new(error))),
        };
        let named = known.profile.content().keys.iter();
        let mut named = named.filter(|key| key.kind.eq_ignore_ascii_case("openpgp"));
        Ok(known.signed && named.any(|key| digits(&key.fingerprint) == fingerprint))
    }
}

/// The state of an own key in words that do not send its owner to somebody else.
fn own_state(state: &CertificateState) -> String {
    if let CertificateState::Expiring { days, .. } = state {
        return format!("expires in {days} days");
    }
    if let CertificateState::Expired { .. } = state {
        return "expired".to_owned();
    }
    state.to_string()
}

/// A certificate as people see it.
pub(super) fn certificate_document(certificate: &Certificate, now: i64) -> Value {
    let state = certificate.state(now, ALARM_DAYS);
    let until = state.until();
    let names = certificate.user_ids().iter().filter(|one| !one.revoked);
    json!({
        "fingerprint": certificate.fingerprint(), "user_ids": names.map(|one| one.text.clone()).collect::<Vec<_>>(),
        "made": at(certificate.made_at() * 1_000_000), "until": until.map(|until| at(until * 1_000_000)),
        "usable": state.is_usable(), "state": state.to_string(),
    })
}

fn document(row: &CertificateRow, certificate: &Certificate, now: i64) -> Value {
    let mut said = certificate_document(certificate, now);
    for (name, value) in [
        ("party", row.party.clone()),
        ("confirmed_by", row.way.clone()),
        ("officer", row.officer.clone()),
        ("registered", at(row.registered * 1_000_000)),
    ] {
        crate::case::document::put(&mut said, name, value.into());
    }
    said
}
