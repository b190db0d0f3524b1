//! What the guard lets pass, sets aside and refuses.

use comity_mail::guard::{Fault, Field, GuardLimits, MAIL_BYTES_MAX, Refusal, Verdict, guard};
use comity_mail::reading::{ReadLimits, read};
use mail_auth::AuthenticatedMessage;
use mail_parser::MessageParser;
use proptest::prelude::*;

use crate::generator as make;

fn verdict(mail: &[u8]) -> Verdict {
    guard(mail, &GuardLimits::EXCHANGE)
}

fn refused(fault: Fault) -> Verdict {
    Verdict::Refuse(Refusal { fault })
}

/// A mail with this `From` field in place of the usual one.
fn from(field: &str) -> Vec<u8> {
    let mail = String::from_utf8(make::plain("x", "words\n")).unwrap();
    mail.replace("From: The duty officer <duty@cert-a.example>\r\n", field)
        .into_bytes()
}

/// A mail with these lines before the others of its header.
fn with(lines: &str) -> Vec<u8> {
    [lines.as_bytes(), &make::plain("x", "words\n")].concat()
}

#[test]
fn mails_of_programs_in_use_pass() {
    for (name, mail) in make::corpus() {
        let expected = match name {
            "onion" => Verdict::Quarantine(Fault::EncodedMessage),
            _ => Verdict::Pass,
        };
        assert_eq!(verdict(&mail), expected, "{name}");
    }
}

#[test]
fn sizes_and_counts_have_limits() {
    assert_eq!(
        verdict(&make::nested_messages(33_000)),
        refused(Fault::TooManyMessages)
    );
    assert_eq!(
        verdict(&make::nested_messages(780_000)),
        refused(Fault::TooManyMessages)
    );
    assert_eq!(
        verdict(&make::many_parts(1_000_000)),
        refused(Fault::TooManyParts)
    );
    assert_eq!(
        verdict(&make::nested_multiparts(100)),
        refused(Fault::TooManyMultiparts)
    );
    let large = make::plain("x", &"x".repeat(MAIL_BYTES_MAX));
    assert_eq!(
        verdict(&large),
        refused(Fault::TooLarge {
            limit: MAIL_BYTES_MAX
        })
    );
    let header = format!("X-Long: {}\r\n", "y".repeat(900)).repeat(300);
    assert_eq!(verdict(&with(&header)), refused(Fault::HeaderTooLarge));
    assert_eq!(
        verdict(&with(&"X: y\r\n".repeat(1_001))),
        refused(Fault::TooManyHeaderLines)
    );
    let long = make::plain("x", &"y".repeat(999));
    assert_eq!(verdict(&long), Verdict::Quarantine(Fault::LineTooLong));
    let boundary = format!(
        "Content-Type: multipart/mixed;\r\n boundary=\"{}\"\r\n",
        "b".repeat(71)
    );
    assert_eq!(
        verdict(&make::mail(&boundary, b"")),
        refused(Fault::BoundaryTooLong)
    );
}

#[test]
fn content_types_are_counted_as_the_most_lenient_parser_sees_them() {
    for disguise in [
        "Content-Type: message/rfc822",
        "content-TYPE : MESSAGE / RFC822",
        "Con tent-Type: \"message\"/\"rfc822\"",
        "Content-Type: message(c)/(d)rfc822",
        "Content-Type: mess\\age/rfc822",
        "Content-Type:\r\n message/global",
        "x--bContent-Type: message/rfc822",
    ] {
        let body = format!("{disguise}\r\n\r\n").repeat(40);
        let mail = make::mail("Subject: x\n", body.as_bytes());
        assert_eq!(
            verdict(&mail),
            refused(Fault::TooManyMessages),
            "{disguise}"
        );
    }
    let words = "and/or a global message/digest view of rfc822 mail\n".repeat(200);
    assert_eq!(verdict(&make::plain("x", &words)), Verdict::Pass);
    for encoding in ["base64", "BASE64", "quoted-printable", "=?utf-8?q?base64?="] {
        let more = format!("Content-Type: message/rfc822\nContent-Transfer-Encoding: {encoding}\n");
        let hidden = make::mixed("x", &[make::Part(more, b"QQ==".to_vec())]);
        assert_eq!(
            verdict(&hidden),
            Verdict::Quarantine(Fault::EncodedMessage),
            "{encoding}"
        );
    }
}

#[test]
fn line_ends_are_not_ambiguous() {
    let mail = make::plain("x", "words\n");
    let end = mail.len() - 2;
    for (tail, fault) in [
        (&b"a\nb\r\n"[..], Fault::BareLineFeed),
        (b"a\rb\r\n", Fault::BareCarriageReturn),
        (b"a\0b\r\n", Fault::Nul),
        (b"\r\n.\n\r\n", Fault::BareLineFeed),
        (b"\r.\r\r\n", Fault::BareCarriageReturn),
        (b"\n.\r\n", Fault::BareLineFeed),
    ] {
        let mail = [&mail[..end], b"\r\n", tail].concat();
        assert_eq!(verdict(&mail), refused(fault), "{tail:?}");
    }
    // As long as the rest, the same is told at the end.
    assert_eq!(
        verdict(b"From: a@b.example\r\nDate"),
        refused(Fault::MalformedHeader)
    );
}

#[test]
fn fields_stand_once() {
    let double = |field: &str| {
        refused(Fault::Doubled(match field {
            "From" => Field::From,
            "Subject" => Field::Subject,
            "Reply-To" => Field::ReplyTo,
            _ => Field::ContentType,
        }))
    };
    for field in ["From", "Subject"] {
        let mail = with(&format!("{}: other@evil.example\r\n", field.to_lowercase()));
        assert_eq!(verdict(&mail), double(field), "{field}");
    }
    let mail = with("Reply-To: a@b.example\r\nREPLY-TO: c@d.example\r\n");
    assert_eq!(verdict(&mail), double("Reply-To"));
    assert_eq!(
        verdict(&with("Content-Type: text/html\r\n")),
        double("Content-Type")
    );
    // A parser that passes over the space would see a second From.
    for line in [
        "From : a@b.example\r\n",
        "F rom: a@b.example\r\n",
        " From: a@b.example\r\n",
        "no field\r\n",
    ] {
        assert_eq!(
            verdict(&with(line)),
            refused(Fault::MalformedHeader),
            "{line}"
        );
    }
    for (field, expected) in [
        ("Date: ", refused(Fault::Missing(Field::Date))),
        ("From: ", refused(Fault::Missing(Field::From))),
        (
            "Message-ID: ",
            Verdict::Quarantine(Fault::Missing(Field::MessageId)),
        ),
    ] {
        let mail = String::from_utf8(make::plain("x", "words\n")).unwrap();
        let mail = mail.replacen(field, "X-Other: ", 1);
        assert_eq!(verdict(mail.as_bytes()), expected, "{field}");
    }
    assert_eq!(verdict(b""), refused(Fault::Missing(Field::From)));
    let strange = with("X-Bell: \x07\r\n");
    assert_eq!(
        verdict(&strange),
        Verdict::Quarantine(Fault::ControlCharacter)
    );
}

#[test]
fn the_sender_is_one_mailbox() {
    let check = |field: &str, expected: Verdict| {
        assert_eq!(
            verdict(&from(&format!("From: {field}\r\n"))),
            expected,
            "{field}"
        );
    };
    for good in [
        "duty@cert-a.example",
        "<duty@cert-a.example>",
        "\"duty@bank.example\" <duty@cert-a.example>",
        "=?utf-8?B?5YC8?= <duty@cert-a.example>",
        "Duty (of a team) <duty@cert-a.example> (officer)",
        "\"Duty, Officer: \\\"x\\\"\"\r\n <duty@cert-a.example>",
        "用户@例子.example",
    ] {
        check(good, Verdict::Pass);
    }
    for (field, fault) in [
        ("", Fault::NoSender),
        ("   ", Fault::NoSender),
        ("a@b.example, c@d.example", Fault::ManySenders),
        ("<a@b.example>, <c@d.example>", Fault::ManySenders),
        ("a@b.example <c@d.example>", Fault::ManySenders),
        ("<a@b.example> <c@d.example>", Fault::ManySenders),
        ("<a@b.example> c@d.example", Fault::ManySenders),
        (
            "<@relay.example,@b.example:c@d.example>",
            Fault::ManySenders,
        ),
        ("Group: a@b.example;", Fault::SenderGroup),
        ("undisclosed-recipients:;", Fault::SenderGroup),
        ("=?utf-8?q?a=40b.example?=", Fault::EncodedAddress),
        (
            "<=?utf-8?b?YUBiLmV4YW1wbGU=?=@c.example>",
            Fault::EncodedAddress,
        ),
        (
            "=?utf-8?q?a@b.example=00?= <c@d.example>",
            Fault::ManySenders,
        ),
        ("a@b.example (x (y) z)", Fault::NestedComment),
        ("\"a b\"@c.example", Fault::BadSender),
        ("<\"a@b.example>\"@c.example>", Fault::BadSender),
        ("<a@[192.0.2.1]>", Fault::BadSender),
        ("<a@b.example", Fault::BadSender),
        ("\"open <a@b.example>", Fault::BadSender),
        ("a@b@c.example", Fault::BadSender),
        ("a b@c.example", Fault::BadSender),
        ("<a@-b.example>", Fault::BadSender),
        ("Duty Officer", Fault::BadSender),
    ] {
        check(field, refused(fault));
    }
}

#[test]
fn replies_have_their_codes() {
    let reply = |fault| Refusal { fault }.to_string();
    assert_eq!(
        reply(Fault::TooLarge { limit: 7 }),
        "552 5.3.4 this address takes mails of up to 7 bytes"
    );
    assert_eq!(
        reply(Fault::Doubled(Field::From)),
        "550 5.6.0 more than one From field"
    );
    assert_eq!(
        reply(Fault::ManySenders),
        "550 5.1.7 From must name exactly one mailbox"
    );
}

/// Pieces out of which mails are put together that come near the limits.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Content-Type: message/rfc822\r\n\r\n".to_owned()),
        Just("Content-Type: multipart/digest; boundary=b\r\n\r\n".to_owned()),
        Just("Content-Type: multipart/mixed; boundary=\"c\"\r\n\r\n".to_owned()),
        Just("Content-Transfer-Encoding: base64\r\n".to_owned()),
        Just("--b\r\n".to_owned()),
        Just("--c\r\n\r\n".to_owned()),
        Just("--b--\r\n".to_owned()),
        Just("x--b".to_owned()),
        Just("\r\n".to_owned()),
        Just("Q29udGVudC1UeXBlOiBtZXNzYWdlL3JmYzgyMg0KDQo=\r\n".to_owned()),
        "[ -~]{0,40}\r\n",
    ]
}

/// Pieces of `From` fields.
fn sender_piece() -> impl Strategy<Value = String> {
    let words = [
        "a@b.example",
        "<c@d.example>",
        "<C@d.example>",
        "Name ",
        "\"Name\" ",
        "\"a@b.example\"",
        "(comment)",
        "(a@b.example)",
        "(",
        ")",
        "\"",
        "\\",
        "<",
        ">",
        ",",
        ";",
        ":",
        "@",
        " ",
        "\r\n ",
        "\t",
        "=?utf-8?q?a=40b.example?=",
        "=?utf-8?q?x?= ",
        "=?utf-8?b?PGFAYi5leGFtcGxlPg==?=",
        "=?",
        "?=",
        ".",
        "关",
        "group:",
        "[192.0.2.1]",
        "e",
        "@d.example",
    ];
    prop::sample::select(words.to_vec()).prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn the_sender_is_the_same_for_all_readers(pieces in prop::collection::vec(sender_piece(), 1..5)) {
        let mail = from(&format!("From: {}\r\n", pieces.concat()));
        if verdict(&mail) == Verdict::Pass {
            let own = read(&mail, &ReadLimits::EXCHANGE, &[]).unwrap().fields.from.address;
            let parsed = MessageParser::new().parse_headers(&mail).unwrap();
            let all: Vec<_> = parsed.from().unwrap().iter().map(|one| one.address.clone()).collect();
            prop_assert_eq!(all, [Some(own.clone().into())], "{:?}", pieces.concat());
            let signed = AuthenticatedMessage::parse(&mail).unwrap();
            prop_assert_eq!(&signed.from, &[own.to_lowercase()], "{:?}", pieces.concat());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_passes_does_not_end_the_process_in_mail_parser(pieces in prop::collection::vec(piece(), 0..400)) {
        let mail = make::mail("Subject: x\n", pieces.concat().as_bytes());
        if verdict(&mail) == Verdict::Pass {
            // On the stack of this thread, 2 MiB, not the 64 that a reader has.
            // An assertion of its own may fail on it, where assertions are built in; a stack that overflows would end the test.
            let parsed = std::panic::catch_unwind(|| MessageParser::new().parse(&mail).is_some());
            prop_assert!(parsed.unwrap_or(true));
        }
    }

    #[test]
    fn no_bytes_break_the_guard(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let with_header = make::mail("", &bytes);
        let _verdicts = (verdict(&bytes), verdict(&with_header));
    }
}

#[test]
fn the_fuzz_corpus_begins_with_what_the_generators_make() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus");
    for (target, files) in [
        ("mail_read", make::corpus()),
        ("mail_archive", make::archives()),
    ] {
        for (name, bytes) in files {
            let kept = std::fs::read(format!("{folder}/{target}/{name}")).unwrap_or_default();
            let hint =
                "write it anew: cargo run -p comity-mail --example mail_corpus -- fuzz/corpus";
            assert!(kept == bytes, "{target}/{name} is another one; {hint}");
        }
    }
}
