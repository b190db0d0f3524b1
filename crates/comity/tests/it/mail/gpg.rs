//! `gpg` with a key ring of its own, and mails as Thunderbird signs them with it.
//!
//! In scope: keys, and PGP/MIME (RFC 3156) with protected fields. Out of scope: what must become of the mails.

use std::process::{Command, Output};

use tempfile::TempDir;

use crate::exchange::party::Party;

/// A key ring, whose agent ends with it.
pub(crate) struct Gpg(TempDir);

impl Drop for Gpg {
    fn drop(&mut self) {
        let mut kill = Command::new("gpgconf");
        let kill = kill.arg("--homedir").arg(self.0.path());
        let _ = kill.args(["--kill", "all"]).status();
    }
}

impl Gpg {
    /// None: `gpg` is not installed.
    pub(crate) fn new() -> Option<Self> {
        if Command::new("gpg").arg("--version").output().is_err() {
            println!("skipped: gpg is not installed (apt-get install gnupg)");
            return None;
        }
        let home = tempfile::Builder::new().prefix("gpg").tempdir().unwrap();
        Some(Self(home))
    }

    fn good(&self, arguments: &[&str]) -> Vec<u8> {
        let mut gpg = Command::new("gpg");
        gpg.arg("--homedir").arg(self.0.path());
        gpg.args([
            "--batch",
            "--yes",
            "--no-tty",
            "--pinentry-mode",
            "loopback",
        ]);
        gpg.args(["--passphrase", "", "--trust-model", "always"]);
        let Output {
            status,
            stdout,
            stderr,
        } = gpg.args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&stderr);
        assert!(status.success(), "gpg {arguments:?}: {said}");
        stdout
    }

    /// A new key; its fingerprint, and its certificate, armored.
    pub(crate) fn key(&self, address: &str) -> (String, Vec<u8>) {
        self.good(&["--quick-generate-key", address, "ed25519", "default", "1y"]);
        let listed = self.good(&["--with-colons", "--list-keys", address]);
        let listed = String::from_utf8(listed).unwrap();
        let line = listed
            .lines()
            .find(|line| line.starts_with("fpr:"))
            .unwrap();
        let fingerprint = line.trim_end_matches(':').rsplit(':').next().unwrap();
        let certificate = self.good(&["--armor", "--export", address]);
        (fingerprint.to_owned(), certificate)
    }

    /// A mail as Thunderbird signs it: `fields` stand outside and, protected, inside (RFC 9788 section 1.1, its forerunner).
    pub(crate) fn thunderbird(&self, fields: &str, parts: &[String]) -> Vec<u8> {
        let mut inner = String::new();
        for part in parts {
            inner.push_str("--------------inner\r\n");
            inner.push_str(part);
            inner.push_str("\r\n");
        }
        let entity = format!(
            "Content-Type: multipart/mixed; boundary=\"------------inner\";\r\n protected-headers=\"v1\"\r\n{fields}\r\n\
             {inner}--------------inner--\r\n"
        );
        let file = self.0.path().join("entity");
        std::fs::write(&file, &entity).unwrap();
        let signature = self.good(&[
            "--armor",
            "--detach-sign",
            "--output",
            "-",
            file.to_str().unwrap(),
        ]);
        let signature = String::from_utf8(signature).unwrap().replace('\n', "\r\n");
        format!(
            "{fields}MIME-Version: 1.0\r\nUser-Agent: Mozilla Thunderbird\r\nContent-Type: multipart/signed; micalg=pgp-sha512;\r\n \
             protocol=\"application/pgp-signature\"; boundary=\"------------outer\"\r\n\r\n\
             This is an OpenPGP/MIME signed message (RFC 4880 and 3156)\r\n--------------outer\r\n{entity}\r\n--------------outer\r\n\
             Content-Type: application/pgp-signature; name=\"OpenPGP_signature.asc\"\r\n\
             Content-Disposition: attachment; filename=\"OpenPGP_signature.asc\"\r\n\r\n{signature}\r\n--------------outer--\r\n"
        )
        .into_bytes()
    }
}

/// A part with words.
pub(crate) fn words(text: &str) -> String {
    format!(
        "Content-Type: text/plain; charset=UTF-8; format=flowed\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{text}"
    )
}

/// A part with a file of text.
pub(crate) fn file(media_type: &str, name: &str, text: &str) -> String {
    format!(
        "Content-Type: {media_type}; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: 7bit\r\n\r\n{text}"
    )
}

/// Has a party register a new key of bravo's duty officer. None: `gpg` is not installed.
pub(crate) fn registered(party: &Party) -> Option<Gpg> {
    let gpg = Gpg::new()?;
    let (fingerprint, certificate) = gpg.key("duty@bravo.example");
    let armored = party.file("bravo.asc");
    std::fs::write(&armored, certificate).unwrap();
    let file = armored.to_str().unwrap();
    let register = [
        "openpgp",
        "register",
        "bravo",
        file,
        "--fingerprint",
        &fingerprint,
    ];
    party.cli(&register).expect(0);
    Some(gpg)
}
