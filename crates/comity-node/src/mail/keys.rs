//! This node's own OpenPGP keys: the newest signs mail and is encrypted to, all of them decrypt.
//!
//! ```text
//! keys/openpgp.key, keys/openpgp-1.key, …           transferable secret keys (RFC 9580 section 10.2) in hexadecimal digits
//! keys/openpgp.revoked, keys/openpgp-1.revoked, …   the same key's certificate with the word that it is taken back
//! ```
//!
//! They stand beside the node's other keys, which no backup contains. None is made by itself: a key that signs in a party's name is
//! made by a person.
//!
//! In scope: reading, making, prolonging, revoking. Out of scope: certificates of others (`certificates`), signing (`comity-mail`).
//! Limits: [`KEYS_MAX`].

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use comity_mail::openpgp::{CERTIFICATE_BYTES_MAX, Certificate, SecretKey};

use super::MailError;
use super::openpgp::OpenPgpError;
use crate::clock::random_bytes;
use crate::link::keys::{KEYS_FOLDER, KeysError, make_folder, read_secret, write_secret};
use crate::node::Node;

/// The most keys that a node has had.
pub const KEYS_MAX: u32 = 32;

/// A key of this node.
#[derive(Clone, Debug)]
pub(crate) struct OwnKey {
    number: u32,
    key: SecretKey,
    /// Its certificate once it is taken back.
    revoked: Option<Certificate>,
}

/// The keys of a node, the newest first.
#[derive(Debug)]
pub struct MailKeys {
    folder: PathBuf,
    keys: Mutex<Arc<Vec<OwnKey>>>,
}

impl OwnKey {
    /// What others are given.
    pub(crate) fn certificate(&self) -> &Certificate {
        self.revoked
            .as_ref()
            .unwrap_or_else(|| self.key.certificate())
    }

    /// Whether it signs at a time.
    pub(crate) fn signs(&self, now: i64) -> bool {
        self.certificate().state(now, 0).is_usable()
    }
}

impl MailKeys {
    /// Reads the keys in a node's folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, KeysError> {
        Ok(Self {
            folder: folder.to_owned(),
            keys: Mutex::new(Arc::new(read(folder)?)),
        })
    }

    pub(crate) fn now(&self) -> Arc<Vec<OwnKey>> {
        Arc::clone(&self.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a key; `seconds`: how long it is valid.
    fn make(&self, user_id: &str, now: i64, seconds: u32) -> Result<Certificate, MailError> {
        let mut held = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let next = held.first().map_or(0, |newest| newest.number + 1);
        if next >= KEYS_MAX {
            return Err(OpenPgpError::KeysFull.into());
        }
        let key = SecretKey::generate(user_id, now, Some(seconds), &random_bytes::<32>())?;
        make_folder(&self.folder.join(KEYS_FOLDER))?;
        write_secret(&path(&self.folder, next, "key"), &key.to_bytes()?)?;
        // What counts is what the disk holds.
        *held = Arc::new(read(&self.folder)?);
        Ok(key.certificate().clone())
    }

    /// Prolongs the newest key: valid for `days` from now on.
    fn extend(&self, now: i64, days: u32) -> Result<Certificate, MailError> {
        let mut held = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = held.first().filter(|one| one.revoked.is_none());
        let newest = newest.ok_or(OpenPgpError::NoKey)?;
        // OpenPGP counts from when the key was made.
        let until = now + i64::from(days) * 86_400 - newest.key.certificate().made_at();
        let seconds = u32::try_from(until).map_err(|_| OpenPgpError::KeyTime)?;
        let longer = newest.key.extended(now, Some(seconds))?;
        write_secret(
            &path(&self.folder, newest.number, "key"),
            &longer.to_bytes()?,
        )?;
        *held = Arc::new(read(&self.folder)?);
        Ok(longer.certificate().clone())
    }

    /// Takes a key back: it signs no more, and decrypts what was sent to it.
    fn revoke(
        &self,
        fingerprint: &str,
        now: i64,
        compromised: bool,
    ) -> Result<Certificate, MailError> {
        let mut held = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = digits(fingerprint);
        let found = held
            .iter()
            .find(|one| one.certificate().fingerprint() == wanted);
        let found = found.ok_or_else(|| OpenPgpError::NoSuchKey(fingerprint.to_owned()))?;
        let certificate = found.key.revoked(now, compromised)?;
        write_secret(
            &path(&self.folder, found.number, "revoked"),
            &certificate.to_bytes(),
        )?;
        *held = Arc::new(read(&self.folder)?);
        Ok(certificate)
    }
}

impl Node {
    /// This node's OpenPGP keys: the first signs and is encrypted to, if it signs at all ([`Node::mail_signing_key`]); all of them
    /// decrypt. Empty: none was made.
    pub(crate) fn mail_keys(&self) -> Vec<SecretKey> {
        let held = self.inner.mail_keys.now();
        held.iter().map(|one| one.key.clone()).collect()
    }

    /// The key that signs mail now; none: none was made, or the newest expired or was taken back.
    pub(crate) fn mail_signing_key(&self) -> Option<SecretKey> {
        let now = self.now_seconds();
        let held = self.inner.mail_keys.now();
        let newest = held.first().filter(|one| one.signs(now))?;
        Some(newest.key.clone())
    }

    /// The certificates of this node, the newest first.
    pub(crate) fn mail_own_certificates(&self) -> Vec<Certificate> {
        let held = self.inner.mail_keys.now();
        held.iter().map(|one| one.certificate().clone()).collect()
    }

    /// Makes a key in this party's name. `user_id`: `Name <address>`.
    pub(crate) fn make_mail_key(
        &self,
        user_id: Option<String>,
        days: u32,
    ) -> Result<Certificate, MailError> {
        let party = &self.identity().party;
        let user_id =
            user_id.unwrap_or_else(|| format!("{party} <comity@{}>", self.mail_terms().domain));
        if user_id.is_empty() || user_id.len() > 200 || user_id.contains(char::is_control) {
            return Err(OpenPgpError::UserId.into());
        }
        let seconds = days.checked_mul(86_400).ok_or(OpenPgpError::KeyTime)?;
        let keys = &self.inner.mail_keys;
        keys.make(&user_id, self.now_seconds(), seconds)
    }

    pub(crate) fn extend_mail_key(&self, days: u32) -> Result<Certificate, MailError> {
        self.inner.mail_keys.extend(self.now_seconds(), days)
    }

    pub(crate) fn revoke_mail_key(
        &self,
        fingerprint: &str,
        compromised: bool,
    ) -> Result<Certificate, MailError> {
        let keys = &self.inner.mail_keys;
        keys.revoke(fingerprint, self.now_seconds(), compromised)
    }
}

/// A fingerprint as certificates have it: without what people put between its digits, in upper case.
pub(super) fn digits(fingerprint: &str) -> String {
    let kept = fingerprint.strip_prefix("0x").unwrap_or(fingerprint);
    let kept = kept
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != ':');
    kept.collect::<String>().to_ascii_uppercase()
}

fn path(folder: &Path, number: u32, kind: &str) -> PathBuf {
    let name = match number {
        0 => format!("openpgp.{kind}"),
        _ => format!("openpgp-{number}.{kind}"),
    };
    folder.join(KEYS_FOLDER).join(name)
}

/// The keys that the disk holds, the newest first.
fn read(folder: &Path) -> Result<Vec<OwnKey>, KeysError> {
    let mut keys = Vec::new();
    for number in (0..KEYS_MAX).rev() {
        let file = path(folder, number, "key");
        let Some(bytes) = read_secret(&file, CERTIFICATE_BYTES_MAX)? else {
            continue;
        };
        let key = SecretKey::from_bytes(&bytes).map_err(|_| KeysError::Secret(file))?;
        let file = path(folder, number, "revoked");
        let revoked = read_secret(&file, CERTIFICATE_BYTES_MAX)?;
        let revoked = revoked.map(|bytes| Certificate::read(&bytes)).transpose();
        let revoked = revoked.map_err(|_| KeysError::Secret(file))?;
        keys.push(OwnKey {
            number,
            key,
            revoked,
        });
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_791_187_200;
    const USER: &str = "alpha <comity@in.alpha.example>";

    #[test]
    fn the_newest_key_signs_and_older_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let keys = MailKeys::open(folder.path()).unwrap();
        assert!(keys.now().is_empty());
        let first = keys.make(USER, NOW, 86_400 * 30).unwrap();
        let second = keys.make(USER, NOW + 1, 86_400 * 30).unwrap();
        let again = MailKeys::open(folder.path()).unwrap().now();
        let found: Vec<&str> = again
            .iter()
            .map(|one| one.certificate().fingerprint())
            .collect();
        assert_eq!(found, [second.fingerprint(), first.fingerprint()]);
        assert!(again[0].signs(NOW + 2));
        assert!(!again[0].signs(NOW + 86_400 * 31), "expired");
    }

    #[test]
    fn a_key_is_prolonged_and_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let keys = MailKeys::open(folder.path()).unwrap();
        assert!(matches!(
            keys.extend(NOW, 30),
            Err(MailError::OpenPgp(OpenPgpError::NoKey))
        ));
        let made = keys.make(USER, NOW, 86_400).unwrap();
        keys.extend(NOW + 3_600, 60).unwrap();
        assert!(keys.now()[0].signs(NOW + 86_400 * 59));
        let spaced = made.fingerprint().replace('A', "a ");
        keys.revoke(&spaced, NOW + 7_200, true).unwrap();
        let again = MailKeys::open(folder.path()).unwrap().now();
        assert!(!again[0].signs(NOW + 7_201));
        assert!(matches!(
            keys.extend(NOW, 30),
            Err(MailError::OpenPgp(OpenPgpError::NoKey))
        ));
        assert!(matches!(
            keys.revoke("00", NOW, false),
            Err(MailError::OpenPgp(OpenPgpError::NoSuchKey(_)))
        ));
    }
}
