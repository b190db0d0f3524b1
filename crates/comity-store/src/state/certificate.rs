//! The OpenPGP certificates that are registered for parties.
//!
//! In scope: rows. Out of scope: what a certificate is good for (`comity-mail`), who may register one (`comity-node`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// A certificate of a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRow {
    /// Whose.
    pub party: String,
    /// The fingerprint of its primary key: hexadecimal digits in upper case.
    pub fingerprint: String,
    /// Its bytes (RFC 9580 section 10.1).
    pub certificate: Vec<u8>,
    /// How its fingerprint was confirmed: `typed`, `profile`.
    pub way: String,
    /// Who registered it.
    pub officer: String,
    /// When, seconds since 1970.
    pub registered: i64,
}

/// Records a certificate; one of the same fingerprint is replaced.
pub fn put(tx: &mut dyn Tx, row: &CertificateRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO mail_certificate (party, fingerprint, certificate, way, officer, registered) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (party, fingerprint) DO UPDATE SET certificate = excluded.certificate, way = excluded.way,
             officer = excluded.officer, registered = excluded.registered",
        &[
            row.party.as_str().into(),
            row.fingerprint.as_str().into(),
            row.certificate.as_slice().into(),
            row.way.as_str().into(),
            row.officer.as_str().into(),
            row.registered.into(),
        ],
    )?;
    Ok(())
}

/// Removes a certificate; `false` when there is none.
pub fn remove(tx: &mut dyn Tx, party: &str, fingerprint: &str) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "DELETE FROM mail_certificate WHERE party = ?1 AND fingerprint = ?2",
        &[party.into(), fingerprint.into()],
    )?;
    Ok(removed > 0)
}

/// The certificates of a party, or of all of them: the newest of each party first.
pub fn list(tx: &mut dyn Tx, party: Option<&str>) -> Result<Vec<CertificateRow>, StoreError> {
    let rows = tx.query(
        "SELECT party, fingerprint, certificate, way, officer, registered FROM mail_certificate WHERE ?1 = '' OR party = ?1
         ORDER BY party, registered DESC, fingerprint",
        &[party.unwrap_or_default().into()],
    )?;
    let of = |row: &Row| {
        Ok(CertificateRow {
            party: row.text(0)?,
            fingerprint: row.text(1)?,
            certificate: row.bytes(2)?,
            way: row.text(3)?,
            officer: row.text(4)?,
            registered: row.integer(5)?,
        })
    };
    rows.iter().map(of).collect()
}
