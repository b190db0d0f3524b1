//! Writes a certificate, a signature and messages into a folder: the beginning of a fuzz corpus. The key is no secret.
//!
//! In scope: one file for each shape. Out of scope: what a fuzzer finds.
//!
//!     cargo run -p comity-mail --example openpgp_corpus -- fuzz/corpus/mail_openpgp

#![allow(clippy::unwrap_used)]

use comity_mail::openpgp::{SecretKey, encrypt};

const NOW: i64 = 1_796_000_000;

fn main() {
    let folder = std::env::args_os().nth(1).expect("a folder is named");
    let folder = std::path::PathBuf::from(folder);
    let key = SecretKey::generate("A <a@cert-a.example>", NOW - 1, None, &[1; 32]).unwrap();
    let own = key.certificate();
    let signature = key.sign_detached(b"Signed.\r\n", NOW).unwrap();
    let message = encrypt(b"Sealed.\r\n", &[own], Some(&key), NOW, &[2; 32]).unwrap();
    let open = encrypt(b"Sealed.\r\n", &[own], None, NOW, &[3; 32]).unwrap();
    let text = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nSigned.\n- - dash\n{signature}"
    );
    let revoked = key.revoked(NOW, true).unwrap();
    let extended = key.extended(NOW, Some(86_400)).unwrap();
    for (name, bytes) in [
        ("certificate", own.to_bytes()),
        ("certificate.asc", own.to_armored().into_bytes()),
        ("revoked", revoked.to_bytes()),
        ("extended", extended.certificate().to_bytes()),
        ("signature.asc", signature.into_bytes()),
        ("text.asc", text.into_bytes()),
        ("message.asc", message.into_bytes()),
        ("open.asc", open.into_bytes()),
    ] {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
}
