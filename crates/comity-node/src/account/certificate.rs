//! Client certificates: by what programs sign in where the node itself speaks TLS.
//!
//! A certificate is pinned by the SHA-256 of its bytes to an account, with a scope and an end, as a token is: rows and rights are
//! those of tokens. Nothing in it is believed, so it may be self-signed, and that it is over by its own dates ends nothing.
//!
//! In scope: reading one from a file's text, pinning. Out of scope: the handshake (`comity-api`), listing and ending (`token`).
//! Limits: [`CERTIFICATE_BYTES_MAX`].

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use crate::account::AccountError;
use crate::account::token::NewToken;
use crate::node::Node;

/// The SHA-256 of a certificate's DER.
pub type Fingerprint = [u8; 32];

/// The longest certificate, in bytes of DER.
pub const CERTIFICATE_BYTES_MAX: usize = 16 * 1_024;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

impl Node {
    /// Pins a certificate, given as PEM, to an account; answers by what it is listed and ended.
    pub fn pin_certificate(&self, new: &NewToken, pem: &str) -> Result<String, AccountError> {
        let fingerprint = fingerprint(pem)?;
        self.keep_certificate(new, &fingerprint)
    }
}

/// The fingerprint of the one certificate in a text (RFC 7468 section 5).
fn fingerprint(pem: &str) -> Result<Fingerprint, AccountError> {
    let bad = |what: &str| AccountError::BadCertificate(what.to_owned());
    if pem.len() > 4 * CERTIFICATE_BYTES_MAX {
        return Err(bad("it is too long"));
    }
    if pem.contains("PRIVATE KEY-----") {
        // It was sent already; whoever did so should know.
        return Err(bad(
            "a private key stands beside it, which belongs on the client alone",
        ));
    }
    let (_, rest) = pem
        .split_once(BEGIN)
        .ok_or_else(|| bad("no certificate in PEM stands in it"))?;
    let (body, rest) = rest.split_once(END).ok_or_else(|| bad("it is cut off"))?;
    if rest.contains(BEGIN) {
        return Err(bad("several stand in it: give that of the client alone"));
    }
    let body: String = body
        .chars()
        .filter(|letter| !letter.is_ascii_whitespace())
        .collect();
    let der = BASE64_STANDARD
        .decode(body)
        .map_err(|_| bad("it is damaged"))?;
    if der.len() > CERTIFICATE_BYTES_MAX || !is_one_sequence(&der) {
        return Err(bad("it is damaged, or too long"));
    }
    Ok(Sha256::digest(&der).into())
}

/// Whether these bytes are one SEQUENCE of DER (X.690 section 8.9) and nothing else, as a certificate is.
fn is_one_sequence(der: &[u8]) -> bool {
    let Some((&[0x30, first], rest)) = der.split_first_chunk::<2>() else {
        return false;
    };
    let (length, rest) = match first {
        short if short < 0x80 => (usize::from(short), rest),
        0x81 | 0x82 => {
            let Some((bytes, rest)) = rest.split_at_checked(usize::from(first & 3)) else {
                return false;
            };
            let length = bytes
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return false,
    };
    length == rest.len() && length > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(der: &[u8]) -> String {
        let text = BASE64_STANDARD.encode(der);
        let (first, second) = text.split_at(text.len() / 2);
        format!("Subject: a program\n{BEGIN}\r\n{first}\r\n{second}\n{END}\n")
    }

    #[test]
    fn one_certificate_is_read_and_anything_else_said_to_be_what_it_is() {
        let long = [vec![0x30, 0x82, 1, 44], vec![7; 300]].concat();
        for der in [
            &[0x30, 2, 5, 0][..],
            &long,
            &[&[0x30, 0x81, 200][..], &[1; 200]].concat(),
        ] {
            let expected: Fingerprint = Sha256::digest(der).into();
            assert_eq!(fingerprint(&pem(der)).unwrap(), expected);
        }
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for (text, why) in [
            (String::new(), "no certificate"),
            (format!("{}{key}", pem(&[0x30, 1, 1])), "private key"),
            (pem(&[0x30, 1, 1]).repeat(2), "several"),
            (pem(&[0x30, 1, 1]).replace(END, ""), "cut off"),
            (pem(&[0x30, 2, 1]), "damaged"),
            (pem(&[0x30, 0]), "damaged"),
            (pem(&[0x31, 1, 1]), "damaged"),
            (pem(&[0x30, 0x83, 0, 0, 1, 1]), "damaged"),
            (
                pem(&[0x30, 1, 1])
                    .replace("MAEB", "M!EB")
                    .replace("MA", "!!"),
                "damaged",
            ),
            (pem(&vec![0; 5 * CERTIFICATE_BYTES_MAX]), "too long"),
        ] {
            let error = fingerprint(&text).unwrap_err().to_string();
            assert!(error.contains(why), "{why}: {error}");
        }
    }
}
