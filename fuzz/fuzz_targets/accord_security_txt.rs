//! `security.txt` and profiles of any bytes: an error is one short line; what is read keeps within its limits, and what a profile
//! publishes is read back.
#![no_main]

use comity_accord::profile::{Profile, page};
use comity_accord::security_txt::{LINE_BYTES_MAX, SecurityTxt, VALUES_MAX, is_uri, published};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match SecurityTxt::parse(text) {
        Ok(found) => {
            assert!(!found.contacts.is_empty());
            let all = [
                &found.contacts,
                &found.encryption,
                &found.canonical,
                &found.policy,
            ];
            for list in all {
                assert!(list.len() <= VALUES_MAX);
                assert!(
                    list.iter()
                        .all(|uri| is_uri(uri) && uri.len() <= LINE_BYTES_MAX)
                );
            }
            assert!(found.clone().in_date(found.expires).is_ok());
            assert!(found.expires == i64::MAX || found.in_date(i64::MAX).is_err());
        }
        Err(error) => short(&error.to_string()),
    }
    match Profile::parse(text) {
        Ok(profile) => {
            assert_eq!(profile.source(), text);
            assert!(page(&profile, None).contains("7. Disclaimers"));
            assert!(profile.statement().ends_with('\n'));
            if let Some(text) = published(&profile) {
                let found = SecurityTxt::parse(&text).expect("what is published is read back");
                assert_eq!(
                    found.expires,
                    profile.content().expires.micros().div_euclid(1_000_000)
                );
            }
        }
        Err(error) => short(&error.to_string()),
    }
});

fn short(message: &str) {
    assert!(
        !message.contains('\n') && message.len() < 16_000,
        "{message}"
    );
}
