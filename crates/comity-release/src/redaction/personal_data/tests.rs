use comity_accord::terms::PersonalData;
use proptest::prelude::*;

use super::find;

const KINDS: [PersonalData; 5] = [
    PersonalData::EmailAddress,
    PersonalData::Telephone,
    PersonalData::PaymentCard,
    PersonalData::BankAccount,
    PersonalData::IdentityNumber,
];

#[track_caller]
fn check(kind: PersonalData, text: &str, expected: &[&str]) {
    let found = find(kind, text);
    let found: Vec<&str> = found
        .into_iter()
        .filter_map(|range| text.get(range))
        .collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn addresses_are_found_plain_and_defanged() {
    let check = |text, expected| check(PersonalData::EmailAddress, text, expected);
    check(
        "Write to alice.o'hara+x@mail.example.org, please.",
        &["alice.o'hara+x@mail.example.org"],
    );
    check("bob[@]evil[.]example", &["bob[@]evil[.]example"]);
    check("bob(at)evil[dot]example now", &["bob(at)evil[dot]example"]);
    check("联系\u{ff1a}王@例子.中国。", &["王@例子.中国"]);
    check("a@b.example,c@d.example", &["a@b.example", "c@d.example"]);
    check("logo@2x.png and pkg@1.2.3 and root@10.0.0.1", &[]);
    check("user@host", &[]);
    check("f(at) [at] x", &[]);
}

#[test]
fn telephone_numbers_are_found_in_common_spellings() {
    let check = |text: &str, expected: &[&str]| check(PersonalData::Telephone, text, expected);
    for number in [
        "+49 30 1234567",
        "+86-10-1234-5678",
        "+12025550143",
        "+44 (0)20 7946 0958",
        "0049 30 123456",
        "(202) 555-0143",
        "202-555-0143",
        "202.555.0143",
        "1-202-555-0143",
        "020 7946 0958",
        "01 23 45 67 89",
        "13800138000",
        "138 0013 8000",
        "010-12345678",
    ] {
        check(number, &[number]);
        check(&format!("Tel. {number}, room 7"), &[number]);
        check(&format!("电话{number}。"), &[number]);
    }
    check("+49 30 1234567 2024-11-24", &["+49 30 1234567 2024"]);
    check("tel.13800138000", &["13800138000"]);
}

#[test]
fn cards_need_an_issuer_and_their_check_digit() {
    let check = |text, expected| check(PersonalData::PaymentCard, text, expected);
    check("4111111111111111", &["4111111111111111"]);
    check("card 4111 1111 1111 1111 123", &["4111 1111 1111 1111"]);
    check(
        "378282246310005;6011111111111117",
        &["378282246310005", "6011111111111117"],
    );
    check("卡号5555555555554444的", &["5555555555554444"]);
    check("4111111111111112", &[]);
    check("1111111111111117", &[]);
    check("x4111111111111111", &[]);
    check("41111111-1111-1111-1111-111111111111", &[]);
}

#[test]
fn accounts_need_a_country_its_length_and_their_check_digits() {
    let check = |text, expected| check(PersonalData::BankAccount, text, expected);
    check("DE89370400440532013000", &["DE89370400440532013000"]);
    check(
        "IBAN DE89 3704 0044 0532 0130 00 NEXT",
        &["DE89 3704 0044 0532 0130 00"],
    );
    check("gb82west12345698765432.", &["gb82west12345698765432"]);
    check("DE88370400440532013000", &[]);
    check("XX89370400440532013000", &[]);
    check("DE8937040044053201300", &[]);
}

#[test]
fn identity_numbers_need_what_makes_them_one() {
    let check = |text, expected| check(PersonalData::IdentityNumber, text, expected);
    check("SSN 219-09-9999.", &["219-09-9999"]);
    check("11010519491231002X", &["11010519491231002X"]);
    check("身份证号440524188001010014不对", &[]);
    check("身份证11010519491231002x号", &["11010519491231002x"]);
    check(
        "000-12-3456 666-12-3456 900-12-3456 219-00-9999 219-09-0000",
        &[],
    );
    check("110105194912310021", &[]);
    check("110105194913310021", &[]);
}

#[test]
fn technical_text_holds_no_personal_data() {
    for text in [
        "192.168.100.200",
        "10.138.001.38:8080 2001:db8::8a2e:370:7334",
        "CVE-2021-44228 CVE-2024-1234567",
        "2026-11-24T10:00:00.000Z 2026-11-24T10:00:00+01:00 24.11.2026",
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "indicator--12345678-1234-1234-1234-123456789012",
        "00000000-0000-4000-8000-000000000000",
        "AS64512 1732437000 1732437000123 version 1.2.3.45678901234",
        "[ipv4-addr:value = '198.51.100.7'] AND [file:size = 1234567890]",
        "02:00:5e:10:00:00 AA-BB-CC-DD-EE-FF",
        "T1059.001, S0154, port 8443, sample_4111111111111111.bin",
        "https://example.com/a/b?c=d#e 7z 7.0.0-rc1",
    ] {
        for kind in KINDS {
            check(kind, text, &[]);
        }
    }
}

proptest! {
    #[test]
    fn what_is_found_lies_within_the_text_in_order(text in "[0-9A-Za-z@.+() \u{4e00}-\u{4e10}\\[\\]-]{0,80}") {
        for kind in KINDS {
            let mut from = 0;
            for range in find(kind, &text) {
                prop_assert!(range.start >= from && range.end > range.start);
                prop_assert!(text.get(range.clone()).is_some());
                from = range.end;
            }
        }
    }
}
