//! What is read of mails, good and bad.

use comity_mail::lookalike::Resemblance;
use comity_mail::reading::{
    Act, ContentKind, Coverage, Kind, Mail, ReadLimits, Scheme, Warning, read, read_content,
};
use comity_stix::marking::Tlp;

use crate::generator as make;
use crate::generator::Part;

fn of(mail: &[u8]) -> Mail {
    read(
        mail,
        &ReadLimits::EXCHANGE,
        &["cert-a.example", "cert-b.example"],
    )
    .unwrap()
}

fn texts(mail: &Mail) -> Vec<&str> {
    mail.texts.iter().map(|block| block.text.trim()).collect()
}

#[test]
fn a_mail_of_thunderbird() {
    let mail = of(&make::thunderbird());
    let fields = &mail.fields;
    assert_eq!(fields.from.address, "duty@cert-a.example");
    assert_eq!(
        fields.from.claimed_name.as_deref(),
        Some("The duty officer")
    );
    assert_eq!(fields.to[0].address, "poc@in.cert-b.example");
    assert_eq!(fields.subject, "[TLP:AMBER] Beacons to a new server");
    assert_eq!(fields.date, Some(1_793_692_800));
    assert_eq!(fields.message_id.as_deref(), Some("one@cert-a.example"));
    assert_eq!(fields.in_reply_to, ["q@in.cert-b.example"]);
    assert_eq!(
        fields.references,
        ["p@in.cert-b.example", "q@in.cert-b.example"]
    );
    assert_eq!(mail.tlp, Some(Tlp::Amber));
    assert!(
        mail.texts[0]
            .text
            .contains("hxxps://evil[.]example/a — see")
    );
    assert_eq!(mail.attachments.len(), 1);
    assert_eq!(mail.attachments[0].name, "bundle.json");
    assert_eq!(mail.attachments[0].kind, ContentKind::Json);
    assert!(
        mail.attachments[0]
            .bytes
            .starts_with(b"{\"type\":\"bundle\"")
    );
    assert_eq!(mail.warnings, []);
    assert!(!mail.is_automatic());
}

#[test]
fn a_mail_of_outlook_with_rich_text() {
    let mail = of(&make::outlook());
    assert_eq!(texts(&mail), ["See attached."]);
    assert_eq!(mail.attachments[0].kind, ContentKind::Tnef);
    assert_eq!(mail.attachments[0].name, "winmail.dat");
    assert_eq!(mail.warnings, []);
}

#[test]
fn a_mail_of_apple_mail() {
    let mail = of(&make::apple_mail());
    assert_eq!(
        texts(&mail),
        [
            "Hello – the values are in the file.",
            "Hello – the values are in the file."
        ]
    );
    assert!(mail.texts[1].html);
    assert_eq!(mail.attachments[0].name, "Wérte.csv");
    let depths: Vec<usize> = mail.parts.iter().map(|part| part.depth).collect();
    assert_eq!(depths, [0, 1, 1, 2, 2]);
}

#[test]
fn alternatives_are_told() {
    let both = make::multipart(
        "alternative",
        "alt",
        &[Part::text("words\n"), Part::html("<p>words")],
    );
    let mail = of(&make::mixed("x", &[both]));
    let told: Vec<bool> = mail.texts.iter().map(|block| block.alternative).collect();
    assert_eq!(told, [false, true]);
}

#[test]
fn a_mail_of_a_mailing_list() {
    let mail = of(&make::mailing_list());
    assert_eq!(
        mail.fields.list.as_ref().unwrap().id,
        "incidents <incidents.lists.example>"
    );
    assert!(mail.fields.bulk && mail.is_automatic());
    let [signed] = mail.protections.as_slice() else {
        panic!("{:?}", mail.protections);
    };
    assert_eq!(
        (signed.scheme, signed.act, signed.coverage),
        (Scheme::PgpMime, Act::Signed, Coverage::PartOnly)
    );
    assert_eq!(texts(&mail)[0], "I confirm the request.");
    assert_eq!(mail.texts[0].covered_by, Some(0));
    assert_eq!(mail.texts[1].covered_by, None);
    assert!(mail.whole_protection().is_none());
    assert_eq!(mail.warnings, [Warning::PartlySigned { part: 1 }]);
}

#[test]
fn chinese_in_three_character_sets() {
    let check = |charset: &str, bytes: &[u8], expected: &str| {
        let mail = of(&make::chinese(charset, bytes));
        assert_eq!(mail.fields.subject, expected, "{charset}");
        assert_eq!(
            texts(&mail),
            [format!("{expected} 198.51.100.7")],
            "{charset}"
        );
        assert_eq!(mail.warnings, [], "{charset}");
    };
    let gb = b"\xb9\xd8\xd3\xda\xb9\xa5\xbb\xf7\xb5\xc4\xcd\xa8\xb1\xa8";
    check("GB18030", gb, "关于攻击的通报");
    check("gb2312", gb, "关于攻击的通报");
    let big5 = b"\xbd\xd0\xab\xca\xc2\xea\xa4U\xa6C\xa6\xec\xa7}";
    check("Big5", big5, "請封鎖下列位址");
    check("UTF-8", "請封鎖下列位址".as_bytes(), "請封鎖下列位址");
}

#[test]
fn a_signature_covers_exactly_the_bytes_between_the_boundaries() {
    let raw = make::signed();
    let mail = of(&raw);
    let signed = mail.whole_protection().unwrap();
    assert_eq!(signed.scheme, Scheme::PgpMime);
    let bytes = signed.bytes(&raw, &mail.parts).unwrap();
    assert_eq!(
        bytes.as_ref(),
        b"Content-Type: text/plain; charset=utf-8\r\n\r\nI confirm the request.\r\n"
    );
    // What was signed is read alone; the fields around it are the mail's own.
    let alone = read_content(&bytes, mail.fields.clone(), &ReadLimits::EXCHANGE);
    assert_eq!(texts(&alone), ["I confirm the request."]);
    assert_eq!((alone.parts.len(), alone.protections.len()), (1, 0));
    let signature = &mail.parts[signed.signature.unwrap()];
    assert_eq!(signature.declared, "application/pgp-signature");
    assert_eq!(mail.texts[0].covered_by, Some(0));
    assert_eq!(mail.warnings, []);
}

#[test]
fn text_around_a_signed_part_is_not_signed() {
    let text = String::from_utf8(make::signed()).unwrap();
    // Before the first boundary, behind the last, and as a third part.
    let before = text.replacen("--sig\r\n", "Pay at once.\r\n--sig\r\n", 1);
    let behind = format!("{text}Pay at once.\r\n");
    let third = text.replace("--sig--", "--sig\r\n\r\nPay at once.\r\n--sig--");
    let open = text.replace("--sig--\r\n", "");
    let twice = text.replace(
        "Content-Type: application/pgp-signature",
        "Content-Type: text/plain\r\nContent-Type: application/pgp-signature",
    );
    for mail in [&before, &behind, &third, &open] {
        let mail = of(mail.as_bytes());
        assert_eq!(mail.protections[0].coverage, Coverage::Nothing);
        assert!(
            mail.warnings
                .contains(&Warning::BrokenProtection { part: 0 })
        );
        assert!(mail.texts.iter().all(|block| block.covered_by.is_none()));
    }
    let mail = of(twice.as_bytes());
    assert!(mail.warnings.contains(&Warning::AmbiguousPart { part: 2 }));
    // In front of the whole, as one part among others.
    let around = make::mixed(
        "x",
        &[Part::text("Pay at once.\n"), make::signed_part("Agreed.\n")],
    );
    let mail = of(&around);
    let covered: Vec<(&str, bool)> = mail
        .texts
        .iter()
        .map(|block| (block.text.trim(), block.covered_by.is_some()))
        .collect();
    assert_eq!(covered, [("Pay at once.", false), ("Agreed.", true)]);
    assert!(mail.whole_protection().is_none());
}

#[test]
fn openpgp_blocks_in_a_text_are_cut_out_of_it() {
    let block = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nI agree.\n\
                 -----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n";
    let raw = make::plain("x", block);
    let mail = of(&raw);
    let signed = mail.whole_protection().unwrap();
    assert_eq!(
        (signed.scheme, signed.act),
        (Scheme::PgpInline, Act::Signed)
    );
    assert_eq!(
        signed.bytes(&raw, &mail.parts).unwrap().as_ref(),
        make::crlf(block)
    );
    let mixed = make::plain("x", &format!("Pay at once.\n{block}Pay more.\n"));
    let mail = of(&mixed);
    assert_eq!(mail.protections[0].coverage, Coverage::PartOnly);
    let covered: Vec<bool> = mail
        .texts
        .iter()
        .map(|block| block.covered_by.is_some())
        .collect();
    assert_eq!(covered, [false, true, false]);
    assert_eq!(mail.warnings, [Warning::PartlySigned { part: 0 }]);
    let begun = make::plain("x", "-----BEGIN PGP SIGNED MESSAGE-----\n\nnever ends\n");
    assert!(of(&begun).protections.is_empty());
    let quoted = make::plain(
        "x",
        &block.replace("-----BEGIN PGP SIGNED", "> -----BEGIN PGP SIGNED"),
    );
    assert!(of(&quoted).protections.is_empty());
}

#[test]
fn the_shape_of_efail_is_told_and_nothing_is_joined() {
    let raw = make::efail();
    let mail = of(&raw);
    assert_eq!(mail.protections[0].act, Act::Encrypted);
    assert_eq!(mail.protections[0].coverage, Coverage::PartOnly);
    assert!(mail.warnings.contains(&Warning::Efail { part: 2 }));
    // What stands before and behind are two blocks, and neither holds what is encrypted.
    assert!(
        mail.texts
            .iter()
            .all(|block| block.html && !block.text.contains("AAAA"))
    );
    let data = mail.protections[0].bytes(&raw, &mail.parts).unwrap();
    assert!(data.starts_with(b"-----BEGIN PGP MESSAGE-----"));
    let Part(header, body) = make::encrypted_part();
    let whole = of(&make::mail(&format!("Subject: ...\n{header}\n"), &body));
    assert_eq!(whole.whole_protection().unwrap().act, Act::Encrypted);
    assert_eq!(whole.warnings, []);
    let inline = make::plain(
        "x",
        "Hi\n-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n",
    );
    assert_eq!(of(&inline).warnings, [Warning::PartlyEncrypted { part: 0 }]);
}

#[test]
fn boundaries_are_whole_lines() {
    // A parser that takes a boundary within a line or by its beginning would see other parts.
    let body = "--b\n\none\nx--b\ny\n--bc\nz\n--b--\n";
    let mail = of(&make::mail(
        "Content-Type: multipart/mixed; boundary=b\n",
        &make::crlf(body),
    ));
    assert_eq!(texts(&mail), ["one\nx--b\ny\n--bc\nz"]);
    let inner = make::multipart("mixed", "b1", &[Part::text("inner\n")]);
    let mail = of(&make::mail(
        "Content-Type: multipart/mixed; boundary=b\n",
        &make::parts("b", &[inner, Part::text("outer\n")]),
    ));
    assert_eq!(texts(&mail), ["inner", "outer"]);
}

#[test]
fn depth_and_number_of_parts_end_at_their_limits() {
    let mail = of(&make::nested_multiparts(50));
    assert_eq!(mail.parts.len(), ReadLimits::EXCHANGE.depth_max);
    let last = mail.parts.len() - 1;
    assert!(mail.warnings.contains(&Warning::NotOpened { part: last }));
    let mail = of(&make::many_parts(2_000));
    assert_eq!(mail.parts.len(), ReadLimits::EXCHANGE.parts_max);
    assert!(mail.warnings.contains(&Warning::TooManyParts));
    let mail = of(&make::nested_messages(40));
    assert!(mail.parts.len() <= ReadLimits::EXCHANGE.depth_max);
    let mail = of(&make::base64_onion(3));
    assert_eq!(mail.parts.len(), 1);
    assert_eq!(mail.warnings, [Warning::NotOpened { part: 0 }]);
    let tight = ReadLimits {
        text_bytes_max: 4,
        ..ReadLimits::EXCHANGE
    };
    let mail = read(&make::plain("x", "words\n"), &tight, &[]).unwrap();
    assert_eq!(
        (texts(&mail), mail.warnings.clone()),
        (vec!["word"], vec![Warning::TextCut { part: 0 }])
    );
}

#[test]
fn a_message_within_the_mail_is_somebody_elses() {
    let forwarded = Part::of(
        "Content-Type: message/rfc822",
        &make::plain("bad", "hxxp://evil[.]example/\n"),
    );
    let mail = of(&make::mixed(
        "Forwarded",
        &[Part::text("see below\n"), forwarded],
    ));
    let within: Vec<Option<usize>> = mail.texts.iter().map(|block| block.within).collect();
    assert_eq!(within, [None, Some(2)]);
    assert_eq!(mail.parts[2].kind, Kind::Message);
    assert_eq!(mail.fields.subject, "Forwarded");
}

#[test]
fn html_is_words_and_nothing_else() {
    let page = "<html><head><title>t</title><style>p{}</style><script>evil()</script></head>\n\
                <body onload=\"x()\"><!-- hidden --><p>Dear&nbsp;colleagues,</p><div>1 &lt; 2 &#x41;&amp;</div>\n\
                <ul><li>one<li>two</ul><a href=\"https://evil.example/?a&amp;b\">our page</a>\n\
                <img src='https://track.example/p.gif'><p title=\">\">end</body></html>\n";
    let mail = of(&make::mail("Content-Type: text/html\n", &make::crlf(page)));
    assert_eq!(
        texts(&mail),
        ["Dear colleagues,\n\n1 < 2 A&\n\none\ntwo\nour page <https://evil.example/?a&b>\nend"]
    );
    assert_eq!(
        mail.warnings,
        [
            Warning::RemoteContent { part: 0 },
            Warning::ActiveContent { part: 0 }
        ]
    );
    for broken in [
        "<",
        "<a",
        "<a href=\"",
        "&#x110000;",
        "<!--",
        "</",
        "<script>x",
        "&",
        "<p <p>a",
    ] {
        let mail = of(&make::mail("Content-Type: text/html\n", broken.as_bytes()));
        assert!(texts(&mail).len() <= 1, "{broken}");
    }
}

#[test]
fn hidden_characters_and_false_names_are_told() {
    let more = "Subject: =?utf-8?q?Ple=E2=80=AEase=00=0D=0AFrom:_x?=\n";
    let mail = of(&make::mail(more, b"a\xe2\x80\x8bb\r\n"));
    assert_eq!(mail.fields.subject, "Please From: x");
    assert_eq!(texts(&mail), ["ab"]);
    assert_eq!(
        mail.warnings,
        [
            Warning::HiddenInField { field: "Subject" },
            Warning::HiddenCharacters { part: 0 }
        ]
    );
    let sender = |from: &str| {
        let mail = String::from_utf8(make::plain("x", "words\n")).unwrap();
        of(mail
            .replace("The duty officer <duty@cert-a.example>", from)
            .as_bytes())
    };
    let mail = sender("\"duty@cert-a.example\" <x@evil.example>");
    assert_eq!(mail.fields.from.address, "x@evil.example");
    assert_eq!(mail.warnings, [Warning::NameIsAddress]);
    let mail = sender("=?utf-8?q?a=40bank.example=00=0A?= <x@evil.example>");
    assert_eq!(
        mail.fields.from.claimed_name.as_deref(),
        Some("a@bank.example")
    );
    assert!(mail.warnings.contains(&Warning::NameIsAddress));
    assert!(
        mail.warnings
            .contains(&Warning::HiddenInField { field: "From" })
    );
    let mail = sender("x@сert-a.example");
    assert!(mail.warnings.contains(&Warning::LookAlike {
        domain: "сert-a.example".to_owned(),
        known: "cert-a.example".to_owned(),
        how: Resemblance::SameSkeleton,
    }));
    assert!(
        mail.warnings
            .contains(&Warning::MixedScripts { field: "From" })
    );
    let mail = of(&make::mail(
        "Subject: x\nReply-To: a@cert-c.example\n",
        b"x\r\n",
    ));
    assert!(mail.warnings.contains(&Warning::ReplyElsewhere));
    assert!(mail.warnings.iter().any(|one| matches!(
        one,
        Warning::LookAlike {
            how: Resemblance::OneLetter,
            ..
        }
    )));
}

#[test]
fn attached_names_are_made_safe() {
    let raw = make::mixed(
        "x",
        &[Part::file(
            "application/pdf",
            "../..\\evil\u{202e}fdp.exe",
            b"MZ\x90",
        )],
    );
    let mail = of(&raw);
    assert_eq!(mail.attachments[0].name, "evilfdp.exe");
    assert_eq!(mail.attachments[0].kind, ContentKind::Program);
    assert_eq!(
        mail.warnings,
        [
            Warning::ChangedName { part: 1 },
            Warning::Program { part: 1 }
        ]
    );
}

#[test]
fn damaged_encodings_are_told_and_read_as_far_as_they_go() {
    let part = |encoding: &str, body: &str| {
        Part::of(
            &format!("Content-Type: text/plain\nContent-Transfer-Encoding: {encoding}"),
            body.as_bytes(),
        )
    };
    let check = |encoding: &str, body: &str, expected: &str| {
        let mail = of(&make::mixed("x", &[part(encoding, body)]));
        assert_eq!(texts(&mail), [expected], "{encoding}");
        assert_eq!(
            mail.warnings,
            [Warning::DamagedEncoding { part: 1 }],
            "{encoding}"
        );
    };
    check("base64", "d29y!!ZHM=", "words");
    check("quoted-printable", "a=ZZb=", "a=ZZb");
    check("uuencode", "words", "words");
    let mail = of(&make::mail(
        "Content-Type: text/plain; charset=klingon\n",
        b"a\xffb\r\n",
    ));
    assert_eq!(mail.warnings, [Warning::UnreadableText { part: 0 }]);
}

#[test]
fn the_most_restrictive_label_of_subject_and_words_counts() {
    let mail = of(&make::plain(
        "TLP:GREEN news",
        "Please treat as TLP:AMBER+STRICT.\n",
    ));
    assert_eq!(mail.tlp, Some(Tlp::AmberStrict));
    let mail = of(&make::plain("news", "TLP:PINK\n"));
    assert_eq!((mail.tlp, mail.warnings), (None, vec![Warning::UnknownTlp]));
}

#[test]
fn a_mail_that_the_guard_would_refuse_is_not_read() {
    let two = String::from_utf8(make::plain("x", "y\n"))
        .unwrap()
        .replace("<duty@cert-a.example>", "a@b.example, c@d.example");
    assert!(read(two.as_bytes(), &ReadLimits::EXCHANGE, &[]).is_err());
}
