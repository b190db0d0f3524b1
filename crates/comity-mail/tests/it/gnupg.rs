//! Our OpenPGP beside the real `gpg`: each signs, verifies, encrypts and decrypts for the other.
//!
//! Where `gpg` is not installed the tests say so and pass; the checks install it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use comity_mail::openpgp::{
    Certificate, DecryptLimits, SecretKey, SignatureResult, decrypt, encrypt, verify_cleartext,
    verify_detached,
};
use tempfile::TempDir;

/// A key ring of its own, whose agent ends with it.
struct Gpg {
    home: TempDir,
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let kill = ["--kill", "all"];
        let _ = Command::new("gpgconf")
            .arg("--homedir")
            .arg(self.home.path())
            .args(kill)
            .status();
    }
}

impl Gpg {
    fn new() -> Option<Self> {
        if Command::new("gpg").arg("--version").output().is_err() {
            println!("skipped: gpg is not installed (apt-get install gnupg)");
            return None;
        }
        let home = tempfile::Builder::new().prefix("gpg").tempdir().unwrap();
        Some(Self { home })
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new("gpg")
            .arg("--homedir")
            .arg(self.home.path())
            .args([
                "--batch",
                "--yes",
                "--no-tty",
                "--pinentry-mode",
                "loopback",
            ])
            .args(["--passphrase", "", "--trust-model", "always"])
            .args(arguments)
            .output()
            .unwrap()
    }

    fn good(&self, arguments: &[&str]) -> Vec<u8> {
        let out = self.run(arguments);
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "gpg {arguments:?}: {said}");
        out.stdout
    }

    fn key(&self, address: &str, kind: &str) -> Certificate {
        self.good(&["--quick-generate-key", address, kind, "default", "1y"]);
        Certificate::read(&self.good(&["--armor", "--export", address])).unwrap()
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.home.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn own() -> SecretKey {
    SecretKey::generate(
        "CERT A <cases@in.cert-a.example>",
        now() - 60,
        Some(86_400 * 90),
        &[7; 32],
    )
    .unwrap()
}

const KINDS: [&str; 3] = ["future-default", "rsa3072", "nistp256"];

#[test]
fn gpg_signs_and_we_verify() {
    let Some(gpg) = Gpg::new() else { return };
    let content = b"Content-Type: text/plain\r\n\r\nBeacons seen.\r\n- dash\r\n";
    let file = gpg.file("content", content);
    for (number, kind) in KINDS.iter().enumerate() {
        let address = format!("poc{number}@cert-b.example");
        let certificate = gpg.key(&address, kind);
        assert!(
            certificate.state(now(), 30).is_usable() || *kind == "nistp256" || *kind == "rsa3072"
        );
        let out = format!("{file}.sig");
        for mode in ["--no-textmode", "--textmode"] {
            gpg.good(&[
                "-u",
                &address,
                "--armor",
                mode,
                "--detach-sign",
                "-o",
                &out,
                &file,
            ]);
            let signature = fs::read(&out).unwrap();
            let result = verify_detached(&signature, content, &[&certificate], now());
            let SignatureResult::Good(good) = result else {
                panic!("{kind}: {result:?}");
            };
            assert_eq!(good.certificate, certificate.fingerprint());
            let changed =
                verify_detached(&signature, b"Beacons not seen.\r\n", &[&certificate], now());
            assert!(matches!(changed, SignatureResult::Bad { .. }));
        }
        let block = gpg.good(&["-u", &address, "--clearsign", "-o", "-", &file]);
        let (result, words) = verify_cleartext(&block, &[&certificate], now());
        assert!(matches!(result, SignatureResult::Good(_)), "{result:?}");
        assert!(words.unwrap().contains("Beacons seen.\r\n- dash"));
    }
}

#[test]
fn we_sign_and_gpg_verifies() {
    let Some(gpg) = Gpg::new() else { return };
    let key = own();
    let certificate = gpg.file("own.asc", key.certificate().to_armored().as_bytes());
    gpg.good(&["--import", &certificate]);
    let listed = gpg.good(&["--with-colons", "--list-keys", "cases@in.cert-a.example"]);
    let listed = String::from_utf8(listed).unwrap();
    assert!(listed.contains(key.certificate().fingerprint()));
    assert!(
        listed.contains(":cv25519:") && listed.contains(":ed25519:"),
        "{listed}"
    );
    let content = gpg.file("content", b"Content-Type: text/plain\r\n\r\nSeen.");
    let signature = key
        .sign_detached(&fs::read(&content).unwrap(), now())
        .unwrap();
    let signature = gpg.file("content.sig", signature.as_bytes());
    gpg.good(&["--verify", &signature, &content]);
    let changed = gpg.file("changed", b"Content-Type: text/plain\r\n\r\nNot seen.");
    assert!(
        !gpg.run(&["--verify", &signature, &changed])
            .status
            .success()
    );
}

#[test]
fn gpg_encrypts_and_we_decrypt() {
    let Some(gpg) = Gpg::new() else { return };
    let (key, theirs) = (own(), gpg.key("poc@cert-b.example", "future-default"));
    let certificate = gpg.file("own.asc", key.certificate().to_armored().as_bytes());
    gpg.good(&["--import", &certificate]);
    let content = "Seen at 192.0.2.7.\r\n".repeat(500);
    let file = gpg.file("content", content.as_bytes());
    let to = [
        "-r",
        "cases@in.cert-a.example",
        "-u",
        "poc@cert-b.example",
        "-o",
        "-",
    ];
    for (more, signed) in [
        (&["--encrypt", "--sign"][..], true),
        (&["--encrypt"], false),
    ] {
        for packed in ["0", "1", "2"] {
            let level: &[&str] = if packed == "0" {
                &["--compress-level", "0"]
            } else {
                &["--compress-algo", packed]
            };
            let arguments = [&to[..], level, more, &[file.as_str()]].concat();
            let message = gpg.good(&arguments);
            let limits = DecryptLimits::EXCHANGE;
            let found = decrypt(&message, &[&key], &[&theirs], now(), &limits).unwrap();
            assert_eq!(found.content, content.as_bytes());
            let good = matches!(found.signature, Some(SignatureResult::Good(_)));
            assert_eq!(good, signed, "{:?}", found.signature);
        }
    }
}

#[test]
fn we_encrypt_and_gpg_decrypts() {
    let Some(gpg) = Gpg::new() else { return };
    let key = own();
    let certificate = gpg.file("own.asc", key.certificate().to_armored().as_bytes());
    gpg.good(&["--import", &certificate]);
    let content = "Seen at 192.0.2.7.\r\n".repeat(500);
    for (number, kind) in ["future-default", "rsa3072"].iter().enumerate() {
        let address = format!("poc{number}@cert-b.example");
        let theirs = if *kind == "rsa3072" {
            gpg.good(&["--quick-generate-key", &address, "default", "default", "1y"]);
            Certificate::read(&gpg.good(&["--export", &address])).unwrap()
        } else {
            gpg.key(&address, kind)
        };
        let to = [&theirs, key.certificate()];
        let message = encrypt(content.as_bytes(), &to, Some(&key), now(), &[9; 32]).unwrap();
        let file = gpg.file("message.asc", message.as_bytes());
        let out = gpg.run(&["--status-fd", "2", "--decrypt", &file]);
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.stdout, content.as_bytes(), "{said}");
        assert!(
            said.contains("GOODSIG") && said.contains("DECRYPTION_OKAY"),
            "{said}"
        );
    }
    assert!(Path::new(&certificate).exists());
}

/// What `gpg` takes back, and what it makes with a digest of 1995.
#[test]
fn gpg_takes_keys_back() {
    let Some(gpg) = Gpg::new() else { return };
    let before = gpg.key("poc@cert-b.example", "future-default");
    let content = gpg.file("content", b"Seen.\r\n");
    let weak = format!("{content}.sig");
    let sha1 = ["--digest-algo", "SHA1", "--allow-weak-digest-algos"];
    gpg.good(&[&sha1[..], &["--detach-sign", "-o", &weak, &content]].concat());
    let result = verify_detached(&fs::read(&weak).unwrap(), b"Seen.\r\n", &[&before], now());
    assert!(format!("{result:?}").contains("SHA1"), "{result:?}");

    let made = gpg.home.path().join("openpgp-revocs.d");
    let made = made.join(format!("{}.rev", before.fingerprint()));
    // gpg puts a colon before the armor, against accidents.
    let text = fs::read_to_string(made)
        .unwrap()
        .replace(":-----BEGIN", "-----BEGIN");
    let revocation = gpg.file("revocation", text.as_bytes());
    gpg.good(&["--import", &revocation]);
    let after = gpg.good(&["--export", "poc@cert-b.example"]);
    let after = Certificate::read(&after).unwrap();
    assert!(after.state(now(), 30).to_string().starts_with("revoked"));
    assert!(before.state(now(), 30).is_usable());
}
