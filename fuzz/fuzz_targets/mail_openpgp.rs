//! OpenPGP of any bytes: certificates, signatures and messages are read within bounds, and none of them counts by chance.
#![no_main]

use std::sync::LazyLock;

use comity_mail::openpgp::{
    CERTIFICATE_SIGNATURES_MAX, Certificate, DecryptLimits, SUBKEYS_MAX, SecretKey,
    SignatureResult, USER_IDS_MAX, decrypt, verify_cleartext, verify_detached,
};
use libfuzzer_sys::fuzz_target;

const NOW: i64 = 1_796_000_000;
const CONTENT: &[u8] = b"Never signed.\r\n";
const LIMITS: DecryptLimits = DecryptLimits {
    message_bytes_max: 100_000,
    content_bytes_max: 10_000,
    recipients_max: 4,
};

static KEY: LazyLock<SecretKey> = LazyLock::new(|| {
    SecretKey::generate("A <a@cert-a.example>", NOW - 1, None, &[1; 32]).expect("a key")
});

fn never(result: &SignatureResult) {
    assert!(!matches!(result, SignatureResult::Good(_)), "{result:?}");
}

fuzz_target!(|bytes: &[u8]| {
    let own = KEY.certificate();
    never(&verify_detached(bytes, CONTENT, &[own], NOW));
    let (result, words) = verify_cleartext(bytes, &[own], NOW);
    never(&result);
    assert!(words.is_none_or(|words| words.len() <= 2 * bytes.len()));
    if let Ok(found) = decrypt(bytes, &[&KEY], &[own], NOW, &LIMITS) {
        assert!(found.content.len() <= LIMITS.content_bytes_max);
    }
    let Ok(certificate) = Certificate::read(bytes) else {
        return;
    };
    assert!(certificate.user_ids().len() <= USER_IDS_MAX);
    assert!(
        certificate.subkey_fingerprints().count() <= SUBKEYS_MAX.min(CERTIFICATE_SIGNATURES_MAX)
    );
    assert!(!certificate.state(NOW, 30).to_string().is_empty());
    never(&verify_detached(bytes, CONTENT, &[&certificate], NOW));
    // What was kept of it says the same again.
    let again = Certificate::read(&certificate.to_bytes()).expect("what was read is read again");
    assert_eq!(again.fingerprint(), certificate.fingerprint());
    assert_eq!(again.state(NOW, 30), certificate.state(NOW, 30));
});
