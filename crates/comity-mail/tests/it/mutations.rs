//! OpenPGP that was good, with a few bytes changed: read within bounds, and never good.

use comity_mail::openpgp::{
    Certificate, DecryptLimits, SecretKey, SignatureResult, decrypt, encrypt, verify_detached,
};
use proptest::prelude::*;
use std::sync::LazyLock;

use super::openpgp::{NOW, key};

struct Good {
    key: SecretKey,
    certificate: Vec<u8>,
    signature: Vec<u8>,
    message: Vec<u8>,
}

fn binary(armored: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut reader = pgp::armor::Dearmor::new(armored.as_bytes());
    std::io::Read::read_to_end(&mut reader, &mut bytes).unwrap();
    bytes
}

static GOOD: LazyLock<Good> = LazyLock::new(|| {
    let key = key("A <a@cert-a.example>", 1);
    let own = key.certificate();
    let longer = key.extended(NOW, Some(86_400 * 900)).unwrap();
    let signature = key.sign_detached(b"Seen.\r\n", NOW).unwrap();
    let message = encrypt(b"Seen.\r\n", &[own], Some(&key), NOW, &[2; 32]).unwrap();
    Good {
        certificate: longer.certificate().to_bytes(),
        signature: binary(&signature),
        message: binary(&message),
        key,
    }
});

fn changed(bytes: &[u8], changes: &[(usize, u8)], cut: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (place, value) in changes {
        let place = place % bytes.len();
        bytes[place] = *value;
    }
    bytes.truncate(bytes.len() - cut.min(bytes.len() - 1));
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn bytes_that_were_changed(
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..4),
        cut in prop_oneof![4 => Just(0_usize), 1 => 1_usize..300],
    ) {
        let good = &*GOOD;
        let own = good.key.certificate();
        let signature = changed(&good.signature, &changes, cut);
        let result = verify_detached(&signature, b"Seen.\r\n", &[own], NOW);
        // What is not under the signature's own protection (lengths, hints) may change without harm; the words may not.
        let other = verify_detached(&signature, b"Not seen.\r\n", &[own], NOW);
        prop_assert!(!matches!(other, SignatureResult::Good(_)));
        if let SignatureResult::Good(one) = result {
            prop_assert_eq!((one.made_at, one.certificate.as_str()), (NOW, own.fingerprint()));
        }
        let message = changed(&good.message, &changes, cut);
        if let Ok(found) = decrypt(&message, &[&good.key], &[own], NOW, &DecryptLimits::EXCHANGE) {
            prop_assert_eq!(found.content, b"Seen.\r\n");
        }
        let bytes = changed(&good.certificate, &changes, cut);
        if let Ok(certificate) = Certificate::read(&bytes) {
            // Nobody but the holder makes it last longer or take other names.
            let known = |name: &str| name == "A <a@cert-a.example>";
            prop_assert!(certificate.user_ids().iter().all(|one| known(&one.text)));
            if certificate.fingerprint() != own.fingerprint() {
                prop_assert!(!certificate.state(NOW, 30).is_usable());
            }
            let again = Certificate::read(&certificate.to_bytes()).unwrap();
            prop_assert_eq!(again.state(NOW, 30), certificate.state(NOW, 30));
        }
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let good = &*GOOD;
        let own = good.key.certificate();
        let result = verify_detached(&bytes, b"Seen.\r\n", &[own], NOW);
        prop_assert!(!matches!(result, SignatureResult::Good(_)));
        prop_assert!(Certificate::read(&bytes).is_err());
        prop_assert!(decrypt(&bytes, &[&good.key], &[own], NOW, &DecryptLimits::EXCHANGE).is_err());
    }
}
