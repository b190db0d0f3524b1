//! Certificates, signatures and messages of every bad kind: refused with a reason, and within bounds.

use std::time::Instant;

use comity_mail::openpgp::{
    AHEAD_SECONDS_MAX, Certificate, CertificateError, CertificateState, DecryptError,
    DecryptLimits, EncryptError, SecretKey, SignatureFault, SignatureResult, decrypt, encrypt,
    verify_cleartext, verify_detached,
};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pgp::composed::{Deserializable, MessageBuilder, SignedSecretKey};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::types::CompressionAlgorithm;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::io::Write;

pub(crate) const NOW: i64 = 1_796_000_000;
pub(crate) const DAY: i64 = 86_400;

fn made(name: &str, seed: u8) -> SecretKey {
    key(name, seed)
}

pub(crate) fn key(name: &str, seed: u8) -> SecretKey {
    let days = u32::try_from(100 * DAY).unwrap();
    SecretKey::generate(name, NOW - DAY, Some(days), &[seed; 32]).unwrap()
}

fn fault(result: &SignatureResult) -> &SignatureFault {
    match result {
        SignatureResult::Bad { fault, .. } => fault,
        SignatureResult::Good(_) | SignatureResult::UnknownKey { .. } => panic!("{result:?}"),
    }
}

#[test]
fn keys_go_and_come() {
    let key = key("CERT A <cases@in.cert-a.example>", 1);
    let bytes = key.to_bytes().unwrap();
    let back = SecretKey::from_bytes(&bytes).unwrap();
    assert_eq!(back.certificate(), key.certificate());
    let armored = key.certificate().to_armored();
    let read = Certificate::read(armored.as_bytes()).unwrap();
    assert_eq!(&read, key.certificate());
    assert_eq!(read.fingerprint().len(), 40);
    assert_eq!(read.user_ids()[0].text, "CERT A <cases@in.cert-a.example>");
    assert_eq!(read.subkey_fingerprints().count(), 1);
    assert_eq!(read.made_at(), NOW - DAY);
    assert_eq!(Certificate::read(&bytes), Err(CertificateError::Secret));
    assert!(!format!("{key:?}").contains("secret"));
    assert!(SecretKey::from_bytes(read.to_bytes().as_slice()).is_err());
    // Another seed, another key.
    assert_ne!(made("x", 2).certificate(), made("x", 3).certificate());
}

#[test]
fn states_in_their_order() {
    let key = key("CERT A <cases@in.cert-a.example>", 1);
    let certificate = key.certificate();
    let end = NOW + 99 * DAY;
    let state = |now: i64| certificate.state(now, 30);
    assert_eq!(state(NOW - 2 * DAY), CertificateState::NotYet);
    assert_eq!(state(NOW), CertificateState::Usable { until: Some(end) });
    assert_eq!(
        state(NOW + 80 * DAY),
        CertificateState::Expiring {
            days: 19,
            until: end
        }
    );
    assert_eq!(state(end), CertificateState::Expired { at: end });
    assert!(state(NOW + 80 * DAY).to_string().contains("19 days"));
    let seconds = u32::try_from(400 * DAY).unwrap();
    let longer = key.extended(NOW + 90 * DAY, Some(seconds)).unwrap();
    assert!(longer.certificate().state(end, 30).is_usable());
    assert_eq!(
        longer.certificate().fingerprint(),
        certificate.fingerprint()
    );
    // Retired from then on; taken by somebody: never valid.
    let retired = key.revoked(NOW + DAY, false).unwrap();
    assert!(retired.state(NOW, 30).is_usable());
    assert!(matches!(
        retired.state(NOW + 2 * DAY, 30),
        CertificateState::Revoked { .. }
    ));
    let lost = key.revoked(NOW + DAY, true).unwrap();
    assert!(matches!(
        lost.state(NOW, 30),
        CertificateState::Revoked { .. }
    ));
    let again = Certificate::read(lost.to_armored().as_bytes()).unwrap();
    assert!(matches!(
        again.state(NOW, 30),
        CertificateState::Revoked { .. }
    ));
    let forever = SecretKey::generate("x", NOW, None, &[4; 32]).unwrap();
    assert_eq!(
        forever.certificate().state(NOW, 30),
        CertificateState::Usable { until: None }
    );
    assert_eq!(
        encrypt(b"x", &[&lost], None, NOW, &[0; 32]).unwrap_err(),
        EncryptError::Certificate {
            fingerprint: lost.fingerprint().to_owned(),
            state: lost.state(NOW, 0),
        }
    );
    assert_eq!(
        encrypt(b"x", &[], None, NOW, &[0; 32]),
        Err(EncryptError::NoRecipient)
    );
}

#[test]
fn signatures_that_do_not_count() {
    let key = key("CERT A <cases@in.cert-a.example>", 1);
    let other = made("CERT B <poc@cert-b.example>", 2);
    let signature = key.sign_detached(b"Seen.\r\n", NOW).unwrap();
    let held = |certificate: &Certificate, content: &[u8], now: i64| {
        verify_detached(signature.as_bytes(), content, &[certificate], now)
    };
    let own = key.certificate();
    let SignatureResult::Good(good) = held(own, b"Seen.\r\n", NOW) else {
        panic!("not good");
    };
    assert_eq!(
        (good.certificate.as_str(), good.made_at),
        (own.fingerprint(), NOW)
    );
    // Line ends as in mail; nothing else is forgiven.
    assert!(matches!(
        held(own, b"Seen.\n", NOW),
        SignatureResult::Good(_)
    ));
    assert_eq!(
        fault(&held(own, b"Seen. \r\n", NOW)),
        &SignatureFault::Mismatch
    );
    assert!(matches!(
        held(other.certificate(), b"Seen.\r\n", NOW),
        SignatureResult::UnknownKey { issuers } if issuers == [own.fingerprint()]
    ));
    assert_eq!(
        fault(&held(own, b"Seen.\r\n", NOW + 99 * DAY)),
        &SignatureFault::KeyExpired
    );
    let early = NOW - AHEAD_SECONDS_MAX - 1;
    assert_eq!(
        fault(&held(own, b"Seen.\r\n", early)),
        &SignatureFault::Future
    );
    assert!(matches!(
        held(own, b"Seen.\r\n", early + 1),
        SignatureResult::Good(_)
    ));
    let lost = key.revoked(NOW + DAY, true).unwrap();
    assert!(matches!(
        fault(&held(&lost, b"Seen.\r\n", NOW)),
        SignatureFault::KeyRevoked { .. }
    ));
    for bytes in [
        &b""[..],
        b"-----BEGIN PGP SIGNATURE-----",
        &[0xc2, 0x05, 4, 0, 1, 10, 0],
        b"x",
    ] {
        let result = verify_detached(bytes, b"Seen.\r\n", &[own], NOW);
        assert_eq!(fault(&result), &SignatureFault::Form);
    }
    let twice = format!("{signature}{signature}");
    let result = verify_detached(twice.as_bytes(), b"Seen.\r\n", &[own], NOW);
    assert_eq!(fault(&result), &SignatureFault::Form);
}

#[test]
fn text_around_a_signed_text_is_refused() {
    let certificate = key("CERT A <cases@in.cert-a.example>", 1);
    let block = "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA512\r\n\r\nSeen.\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\n-----END PGP SIGNATURE-----\r\n";
    for text in [
        format!("Before.\r\n{block}"),
        format!("{block}After.\r\n"),
        block.to_owned(),
    ] {
        let (result, _) = verify_cleartext(text.as_bytes(), &[certificate.certificate()], NOW);
        assert!(!matches!(result, SignatureResult::Good(_)), "{text}");
    }
}

#[test]
fn messages_both_ways() {
    let (a, b) = (
        key("A <a@cert-a.example>", 1),
        key("B <b@cert-b.example>", 2),
    );
    let c = key("C <c@cert-c.example>", 3);
    let limits = DecryptLimits::EXCHANGE;
    let to = [b.certificate(), c.certificate()];
    let message = encrypt(b"Seen.", &to, Some(&a), NOW, &[5; 32]).unwrap();
    let other = encrypt(b"Seen.", &to, Some(&a), NOW, &[6; 32]).unwrap();
    assert_ne!(message, other);
    for reader in [&b, &c] {
        let found = decrypt(
            message.as_bytes(),
            &[reader],
            &[a.certificate()],
            NOW,
            &limits,
        )
        .unwrap();
        assert_eq!(found.content, b"Seen.");
        assert_eq!(found.opened_by, reader.certificate().fingerprint());
        let Some(SignatureResult::Good(good)) = found.signature else {
            panic!("{:?}", found.signature);
        };
        assert_eq!(good.made_for.len(), 2);
    }
    let none = decrypt(message.as_bytes(), &[&a], &[], NOW, &limits);
    assert_eq!(none, Err(DecryptError::NoKey));
    let small = DecryptLimits {
        content_bytes_max: 4,
        ..limits
    };
    let result = decrypt(message.as_bytes(), &[&b], &[], NOW, &small);
    assert_eq!(result, Err(DecryptError::TooLarge));
}

/// The signature inside was made for B; C cannot open a copy as if it were made for C.
#[test]
fn a_signed_content_passed_on_is_told() {
    let (a, b) = (
        key("A <a@cert-a.example>", 1),
        key("B <b@cert-b.example>", 2),
    );
    let c = key("C <c@cert-c.example>", 3);
    let limits = DecryptLimits::EXCHANGE;
    let message = encrypt(
        b"You are wrong.",
        &[b.certificate()],
        Some(&a),
        NOW,
        &[5; 32],
    )
    .unwrap();
    // B takes the signed packets out and seals them anew for C.
    let secret = SignedSecretKey::from_bytes(&**b.to_bytes().unwrap()).unwrap();
    let (sealed, _) = pgp::composed::Message::from_armor(message.as_bytes()).unwrap();
    let pgp::composed::Message::Encrypted { esk, mut edata, .. } = sealed else {
        panic!()
    };
    let session = esk.iter().find_map(|one| {
        let pgp::composed::Esk::PublicKeyEncryptedSessionKey(one) = one else {
            return None;
        };
        let subkey = &secret.secret_subkeys[0].key;
        let kind = pgp::types::EskType::V6;
        pgp::types::DecryptionKey::decrypt(subkey, &"".into(), one.values().unwrap(), kind)
            .unwrap()
            .ok()
    });
    edata.decrypt(&session.unwrap()).unwrap();
    let mut packets = Vec::new();
    std::io::Read::read_to_end(&mut edata, &mut packets).unwrap();
    let resealed = sealed_packets(&packets, &c);
    let found = decrypt(&resealed, &[&c], &[a.certificate()], NOW, &limits).unwrap();
    assert_eq!(found.content, b"You are wrong.");
    assert_eq!(fault(&found.signature.unwrap()), &SignatureFault::ForOthers);
}

/// Any packets, encrypted to a key as they are (SEIPD version 1).
pub(crate) fn sealed_packets(packets: &[u8], to: &SecretKey) -> Vec<u8> {
    let mut random = StdRng::seed_from_u64(1);
    let bytes = to.to_bytes().unwrap();
    let key = SignedSecretKey::from_bytes(&**bytes).unwrap();
    let cipher = SymmetricKeyAlgorithm::AES256;
    let session = cipher.new_session_key(&mut random);
    let own = key.secret_subkeys[0].key.public_key();
    let wrapped = pgp::packet::PublicKeyEncryptedSessionKey::from_session_key_v3(
        &mut random,
        &session,
        cipher,
        own,
    )
    .unwrap();
    let data = pgp::packet::SymEncryptedProtectedData::encrypt_seipdv1(
        &mut random,
        cipher,
        session.as_ref(),
        packets,
    )
    .unwrap();
    let mut all = Vec::new();
    pgp::packet::PacketTrait::to_writer_with_header(&wrapped, &mut all).unwrap();
    pgp::packet::PacketTrait::to_writer_with_header(&data, &mut all).unwrap();
    all
}

fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut all = vec![0xc0 | tag, 255];
    all.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    all.extend(body);
    all
}

fn literal(content: &[u8]) -> Vec<u8> {
    packet(11, &[&b"b\0\0\0\0\0"[..], content].concat())
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = ZlibEncoder::new(vec![2], Compression::best());
    out.write_all(bytes).unwrap();
    packet(8, &out.finish().unwrap())
}

#[test]
fn what_is_inside_is_one_content_and_bounded() {
    let key = key("A <a@cert-a.example>", 1);
    let limits = DecryptLimits {
        content_bytes_max: 1_000_000,
        ..DecryptLimits::EXCHANGE
    };
    let opened =
        |packets: &[u8]| decrypt(&sealed_packets(packets, &key), &[&key], &[], NOW, &limits);
    let content = |packets: &[u8]| opened(packets).unwrap().content;
    assert_eq!(content(&literal(b"Seen.")), b"Seen.");
    assert_eq!(content(&zlib(&literal(b"Seen."))), b"Seen.");
    let bomb = zlib(&literal(&vec![0; 300_000_000]));
    assert!(bomb.len() < 400_000);
    let begin = Instant::now();
    assert_eq!(opened(&bomb), Err(DecryptError::TooLarge));
    println!("a bomb of {} bytes: {:?}", bomb.len(), begin.elapsed());
    assert_eq!(
        opened(&zlib(&zlib(&literal(b"Seen.")))),
        Err(DecryptError::Nested)
    );
    let inner = sealed_packets(&literal(b"Seen."), &key);
    assert_eq!(opened(&inner), Err(DecryptError::Nested));
    assert_eq!(
        opened(&[literal(b"One."), literal(b"Two.")].concat()),
        Err(DecryptError::Form)
    );
    assert_eq!(opened(b""), Err(DecryptError::Form));
    let many = packet(4, &[3, 0, 10, 22, 1, 2, 3, 4, 5, 6, 7, 8, 1]).repeat(100_000);
    assert_eq!(
        opened(&[many, literal(b"x")].concat()),
        Err(DecryptError::Form)
    );
}

#[test]
fn nothing_comes_out_of_a_changed_message() {
    let key = key("A <a@cert-a.example>", 1);
    let limits = DecryptLimits::EXCHANGE;
    let whole = sealed_packets(&literal(&[b'x'; 200]), &key);
    let armored = encrypt(&[b'x'; 200], &[key.certificate()], None, NOW, &[1; 32]).unwrap();
    let mut newer = Vec::new();
    let mut reader = pgp::armor::Dearmor::new(armored.as_bytes());
    std::io::Read::read_to_end(&mut reader, &mut newer).unwrap();
    for message in [whole, newer] {
        assert!(decrypt(&message, &[&key], &[], NOW, &limits).is_ok());
        for place in (message.len() - 180..message.len()).step_by(7) {
            let mut changed = message.clone();
            changed[place] ^= 1;
            let result = decrypt(&changed, &[&key], &[], NOW, &limits);
            assert!(result.is_err(), "byte {place}");
        }
        for end in (message.len() - 100..message.len()).step_by(9) {
            assert!(decrypt(&message[..end], &[&key], &[], NOW, &limits).is_err());
        }
        let longer = [&message[..], &literal(b"More.")].concat();
        assert_eq!(
            decrypt(&longer, &[&key], &[], NOW, &limits),
            Err(DecryptError::Form)
        );
    }
    // The library would subtract a length of a nonce that is none.
    for algorithms in [
        [2, 9, 0, 6],
        [2, 9, 4, 6],
        [2, 1, 2, 6],
        [2, 9, 2, 17],
        [3, 9, 2, 6],
    ] {
        let unknown = packet(18, &[&algorithms[..], &[7; 80]].concat());
        let result = decrypt(&unknown, &[&key], &[], NOW, &limits);
        assert_eq!(result, Err(DecryptError::Form));
    }
    let bare = packet(9, &[7; 60]);
    assert_eq!(
        decrypt(&bare, &[&key], &[], NOW, &limits),
        Err(DecryptError::NoIntegrity)
    );
    let own = packet(20, &[1; 60]);
    assert_eq!(
        decrypt(&own, &[&key], &[], NOW, &limits),
        Err(DecryptError::GnupgForm)
    );
    let many = [packet(1, &[3, 0]).repeat(500), packet(18, &[1; 60])].concat();
    assert_eq!(
        decrypt(&many, &[&key], &[], NOW, &limits),
        Err(DecryptError::TooManyRecipients)
    );
}

#[test]
fn what_a_password_opens_stays_closed() {
    let mut random = StdRng::seed_from_u64(1);
    let builder = MessageBuilder::from_bytes("", &b"Seen."[..]);
    let mut builder = builder.seipd_v1(&mut random, SymmetricKeyAlgorithm::AES256);
    builder.compression(CompressionAlgorithm::ZIP);
    let s2k = pgp::types::StringToKey::new_default(&mut random);
    builder
        .encrypt_with_password(s2k, &"infected".into())
        .unwrap();
    let message = builder.to_vec(&mut random).unwrap();
    let key = key("A <a@cert-a.example>", 1);
    let result = decrypt(&message, &[&key], &[], NOW, &DecryptLimits::EXCHANGE);
    assert_eq!(result, Err(DecryptError::NoKey));
}

#[test]
fn certificates_are_counted_before_they_are_read() {
    let key = key("A <a@cert-a.example>", 1);
    let bytes = key.certificate().to_bytes();
    let name = packet(13, b"x");
    let begin = Instant::now();
    let large = [&bytes[..], &name.repeat(100_000)].concat();
    assert_eq!(Certificate::read(&large), Err(CertificateError::TooLarge));
    let small = [0xcd, 0].repeat(100_000);
    let many = [&bytes[..], &small].concat();
    let many = Certificate::read(&many);
    assert_eq!(many, Err(CertificateError::TooMany { what: "packets" }));
    assert!(begin.elapsed().as_millis() < 500);
    let some = [&bytes[..], &name.repeat(64)].concat();
    assert_eq!(
        Certificate::read(&some),
        Err(CertificateError::TooMany { what: "user IDs" })
    );
    let two = [&bytes[..], &bytes].concat();
    assert_eq!(Certificate::read(&two), Err(CertificateError::Several));
    for bad in [
        &b""[..],
        b"x",
        b"-----BEGIN PGP MESSAGE-----\n\n-----END PGP MESSAGE-----\n",
        &[0x99, 0, 3, 4, 0, 0],
    ] {
        assert_eq!(Certificate::read(bad), Err(CertificateError::Form));
    }
    // A name that the holder did not sign says nothing; packets of other kinds are dropped.
    let unsigned = [&bytes[..], &name, &packet(17, &[1, 1]), &packet(60, b"x")].concat();
    let read = Certificate::read(&unsigned).unwrap();
    assert_eq!(
        (read.user_ids().len(), read.fingerprint()),
        (1, key.certificate().fingerprint())
    );
}

/// A subkey of somebody else, or signatures of another key, give a certificate nothing.
#[test]
fn what_the_holder_did_not_sign_does_not_count() {
    let (a, b) = (
        key("A <a@cert-a.example>", 1),
        key("B <b@cert-b.example>", 2),
    );
    let (own, other) = (a.certificate().to_bytes(), b.certificate().to_bytes());
    // The primary key of A with all that B signed for itself.
    let primary = |bytes: &[u8]| bytes[..2 + usize::from(bytes[1])].to_vec();
    let rest = |bytes: &[u8]| bytes[2 + usize::from(bytes[1])..].to_vec();
    let mixed = [primary(&own), rest(&other)].concat();
    let read = Certificate::read(&mixed).unwrap();
    assert!(read.user_ids().is_empty());
    assert_eq!(read.state(NOW, 30), CertificateState::NotYet);
    let signature = a.sign_detached(b"Seen.", NOW).unwrap();
    let result = verify_detached(signature.as_bytes(), b"Seen.", &[&read], NOW);
    assert_eq!(fault(&result), &SignatureFault::KeyNotYet);
}
