//! Mails that are written: read back, they say what was said, and nothing else.

use comity_mail::compose::{AutoSubmitted, ComposeError, Enclosure, Letter};
use comity_mail::reading::{Mail, ReadLimits, read};
use comity_stix::marking::Tlp;
use proptest::prelude::*;

fn letter() -> Letter {
    Letter {
        from_name: Some("CERT A, duty \"officer\"".to_owned()),
        from: "cases@in.cert-a.example".to_owned(),
        to: vec!["poc@in.cert-b.example".to_owned()],
        reply_to: Some("case+token@in.cert-a.example".to_owned()),
        subject: "Beacons — 关于".to_owned(),
        tlp: Some(Tlp::AmberStrict),
        text: "Dear colleagues,\n\nsee hxxp://evil[.]example.\n.\nFrom here on\n".to_owned(),
        enclosures: Vec::new(),
        message_id: "a1@in.cert-a.example".to_owned(),
        in_reply_to: Some("q@in.cert-b.example".to_owned()),
        references: vec![
            "p@in.cert-b.example".to_owned(),
            "q@in.cert-b.example".to_owned(),
        ],
        auto_submitted: Some(AutoSubmitted::Replied),
        date: 1_793_692_800,
        boundary: [0xA7; 16],
    }
}

fn back(mail: &[u8]) -> Mail {
    read(mail, &ReadLimits::EXCHANGE, &[]).unwrap()
}

/// The names of the fields, in their order.
fn names(mail: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(mail).unwrap();
    let (header, _) = text.split_once("\r\n\r\n").unwrap();
    let lines = header
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']));
    lines
        .map(|line| line.split(':').next().unwrap().to_owned())
        .collect()
}

const NAMES: [&str; 12] = [
    "From",
    "To",
    "Reply-To",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Subject",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

#[test]
fn a_letter_is_read_back_as_it_was_written() {
    let written = letter().write().unwrap();
    assert_eq!(names(&written), NAMES);
    let mail = back(&written);
    let fields = &mail.fields;
    assert_eq!(fields.from.address, "cases@in.cert-a.example");
    assert_eq!(
        fields.from.claimed_name.as_deref(),
        Some("CERT A, duty \"officer\"")
    );
    assert_eq!(fields.reply_to[0].address, "case+token@in.cert-a.example");
    assert_eq!(fields.subject, "[TLP:AMBER+STRICT] Beacons — 关于");
    assert_eq!(fields.date, Some(1_793_692_800));
    assert_eq!(
        fields.references,
        ["p@in.cert-b.example", "q@in.cert-b.example"]
    );
    assert_eq!(fields.in_reply_to, ["q@in.cert-b.example"]);
    assert_eq!(fields.auto_submitted.as_deref(), Some("auto-replied"));
    assert!(mail.is_automatic());
    assert_eq!(mail.tlp, Some(Tlp::AmberStrict));
    let expected = format!("TLP:AMBER+STRICT\n\n{}", letter().text);
    assert_eq!(mail.texts[0].text, expected);
    assert_eq!(mail.warnings, []);
}

#[test]
fn what_is_enclosed_arrives_byte_for_byte() {
    let all: Vec<u8> = (0..=255).cycle().take(5_000).collect();
    let one = |media_type: &str, name: &str, bytes: &[u8]| Enclosure {
        media_type: media_type.to_owned(),
        name: name.to_owned(),
        bytes: bytes.to_vec(),
    };
    let mut letter = letter();
    letter.enclosures = vec![
        one("application/octet-stream", "../all.bin", &all),
        one("text/csv", "关于.csv", b"a,b\nc,d\r\n\n"),
        one("application/json", "empty", b""),
    ];
    let mail = back(&letter.write().unwrap());
    let found: Vec<(&str, &[u8])> = mail
        .attachments
        .iter()
        .map(|one| (one.name.as_str(), one.bytes.as_slice()))
        .collect();
    assert_eq!(found[0], ("all.bin", all.as_slice()));
    assert_eq!(found[1], ("关于.csv", &b"a,b\nc,d\r\n\n"[..]));
    assert_eq!(found[2].1, b"");
    letter.enclosures = vec![one("text/html\r\nX: y", "a", b"")];
    assert!(matches!(
        letter.write(),
        Err(ComposeError::MediaType { .. })
    ));
}

#[test]
fn nothing_breaks_out_of_its_field() {
    let check = |change: &dyn Fn(&mut Letter), expected: &ComposeError| {
        let mut letter = letter();
        change(&mut letter);
        assert_eq!(letter.write().as_ref(), Err(expected));
    };
    for end in [
        "\r\nBcc: x@evil.example",
        "\n",
        "\r",
        "\0",
        "\u{85}",
        "\u{2028}",
    ] {
        let subject = format!("words{end}");
        check(
            &|letter| letter.subject.clone_from(&subject),
            &ComposeError::Control { field: "Subject" },
        );
        let name = format!("name{end}x");
        check(
            &|letter| letter.from_name = Some(name.clone()),
            &ComposeError::Control { field: "From" },
        );
        let id = format!("a@b{end}");
        check(
            &|letter| letter.message_id.clone_from(&id),
            &ComposeError::Identifier {
                field: "Message-ID",
            },
        );
        check(
            &|letter| letter.references = vec![id.clone()],
            &ComposeError::Identifier {
                field: "References",
            },
        );
        let to = format!("a@b.example{end}");
        check(
            &|letter| letter.to = vec![to.clone()],
            &ComposeError::Address {
                field: "To",
                value: to.clone(),
            },
        );
        check(
            &|letter| letter.from.clone_from(&to),
            &ComposeError::Address {
                field: "From",
                value: to.clone(),
            },
        );
    }
    check(&|letter| letter.to.clear(), &ComposeError::Recipient);
    check(
        &|letter| letter.subject = "x".repeat(501),
        &ComposeError::Subject,
    );
    let many: Vec<String> = (0..80)
        .map(|number| format!("m{number}@b.example"))
        .collect();
    let mut long = letter();
    long.references = many;
    let mail = back(&long.write().unwrap());
    assert_eq!(mail.fields.references.len(), 50);
    assert_eq!(mail.fields.references[49], "m79@b.example");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_subject_and_name_give_the_same_fields(subject in "\\PC{0,120}", name in "\\PC{0,60}", text in "(\\PC|\n){0,300}") {
        let mut letter = letter();
        letter.subject = subject.clone();
        letter.from_name = Some(name.clone());
        letter.text = text;
        // Characters of no width count as control where they break lines.
        if let Ok(written) = letter.write() {
            let mut expected = NAMES.to_vec();
            let found = names(&written);
            expected.truncate(found.len().max(11));
            prop_assert_eq!(&found, &expected);
            let mail = back(&written);
            prop_assert_eq!(mail.fields.from.address, "cases@in.cert-a.example");
            // Shown without what is hidden, and with white space joined, it is what was written.
            let joined = |text: &str| {
                let clean: String = text.chars().filter(|letter| !hidden(*letter)).collect();
                clean.split_whitespace().collect::<Vec<&str>>().join(" ")
            };
            let expected = joined(&format!("[TLP:AMBER+STRICT] {subject}"));
            prop_assert_eq!(joined(&mail.fields.subject), expected);
        }
    }
}

/// What is not shown of a subject.
fn hidden(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
