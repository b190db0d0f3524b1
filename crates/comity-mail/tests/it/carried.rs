//! What mails carry.

use comity_mail::archive::Encryption;
use comity_mail::carried::{
    Action, Carried, CarriedLimits, MailReceipt, Place, RECEIPT_TYPE, Reason, What, classify,
};
use comity_mail::reading::{ReadLimits, read};

use crate::generator as make;
use crate::generator::{Member, Part};

fn of(mail: &[u8]) -> Vec<Carried> {
    let mail = read(mail, &ReadLimits::EXCHANGE, &[]).unwrap();
    classify(&mail, &CarriedLimits::EXCHANGE)
}

/// What the only attachment of a mail is.
fn attached(media_type: &str, name: &str, bytes: &[u8]) -> What {
    let found = of(&make::mixed("x", &[Part::file(media_type, name, bytes)]));
    let [only] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(only.place, Place::Attachment(0));
    only.what.clone()
}

#[test]
fn mails_of_programs_in_use() {
    let found = of(&make::thunderbird());
    assert_eq!(found[0].what, What::StixBundle { objects: 1 });
    let What::Prose { values } = &found[1].what else {
        panic!("{found:?}");
    };
    assert_eq!(values[0].value, "https://evil.example/a");
    let found = of(&make::outlook());
    assert_eq!(found[0].what, What::NotUnderstood(Reason::Tnef));
    let found = of(&make::apple_mail());
    assert_eq!(found[0].what, What::IndicatorList);
}

#[test]
fn content_is_told_by_what_it_is() {
    let check = |name: &str, bytes: &[u8], expected: What| {
        for media_type in ["application/octet-stream", "image/png", "application/json"] {
            assert_eq!(
                attached(media_type, name, bytes),
                expected,
                "{name} {media_type}"
            );
        }
    };
    check(
        "a.txt",
        br#"{"type":"bundle","id":"bundle--1","objects":[]}"#,
        What::StixBundle { objects: 0 },
    );
    check(
        "a",
        br#"{"objects":[{"id":"a--1"},{"id":"a--2"}],"more":false}"#,
        What::StixBundle { objects: 2 },
    );
    check(
        "a",
        br#"[{"type":"a","id":"a--1"}]"#,
        What::StixBundle { objects: 1 },
    );
    check(
        "a",
        br#"{"id":"indicator--1","type":"indicator"}"#,
        What::StixObject,
    );
    check(
        "a",
        br#"{"Event":{"info":"x","Attribute":[]}}"#,
        What::MispEvent { events: 1 },
    );
    check(
        "a",
        br#"{"response":[{"Event":{}},{"Event":{}}]}"#,
        What::MispEvent { events: 2 },
    );
    check("a", br#"[{"Event":{}}]"#, What::MispEvent { events: 1 });
    check("a", b"comity-file/v1\nwhole 00\n", What::ComityFile);
    check(
        "a",
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxx",
        What::OpenPgpKeys,
    );
    check(
        "a.csv",
        b"value;type\nevil.example;domain\n",
        What::IndicatorList,
    );
    check("a", br#"{"a":1}"#, What::NotUnderstood(Reason::UnknownJson));
    check("a", b"%PDF-1.7 x", What::NotUnderstood(Reason::Document));
    check("a", b"MZ\x90\0", What::NotUnderstood(Reason::OpenProgram));
    check(
        "a",
        b"Rar!\x1a\x07\0",
        What::NotUnderstood(Reason::OtherArchive),
    );
}

#[test]
fn json_that_is_damaged_or_made_to_hurt_is_not_understood() {
    let bad = attached(
        "application/json",
        "a",
        b"{\"type\":\"bundle\",\n\"objects\":[}",
    );
    assert_eq!(
        bad,
        What::NotUnderstood(Reason::BadJson("line 2, column 12".to_owned()))
    );
    let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
    let told = attached("a/b", "a", deep.as_bytes());
    assert_eq!(told, What::NotUnderstood(Reason::UnknownJson));
    let keys: String = (0..300).flat_map(|n| [format!("\"k{n}\":1,")]).collect();
    let wide = format!("{{{keys}\"type\":\"bundle\"}}");
    assert!(matches!(
        attached("a/b", "a", wide.as_bytes()),
        What::NotUnderstood(_)
    ));
}

#[test]
fn samples_are_listed_not_opened() {
    let mut sample = Member::new("../evil.exe", b"MZ sample");
    sample.password = Some("infected");
    let What::Archive(listing) = attached("application/zip", "s.zip", &make::zip(&[sample])) else {
        panic!("no archive");
    };
    assert_eq!(listing.entries[0].encryption, Encryption::Traditional);
    assert_eq!(listing.entries[0].name, "evil.exe");
    assert_eq!(listing.objections.len(), 1);
    let office = make::zip(&[
        Member::new("[Content_Types].xml", b"<x/>"),
        Member::new("word/document.xml", b"<x/>"),
    ]);
    assert_eq!(
        attached("application/zip", "a.docx", &office),
        What::NotUnderstood(Reason::Document)
    );
}

#[test]
fn reports_of_programs() {
    let found = of(&make::bounce());
    let What::DeliveryReport(report) = &found[0].what else {
        panic!("{found:?}");
    };
    assert_eq!(report.envelope_id.as_deref(), Some("env-7"));
    assert_eq!(report.reporting.as_deref(), Some("mx.cert-a.example"));
    assert_eq!(
        report.message_id.as_deref(),
        Some("original@cert-a.example")
    );
    let delivery = &report.deliveries[0];
    assert_eq!(
        (delivery.recipient.as_str(), delivery.action),
        ("poc@cert-a.example", Action::Failed)
    );
    assert_eq!(
        delivery.diagnostic.as_deref(),
        Some("550 5.1.1 no such user")
    );
    // The words around it, and the mail that it gives back, are no proposal.
    assert_eq!(found.len(), 1, "{found:?}");
    let found = of(&make::shown());
    let What::DispositionNotice(notice) = &found[0].what else {
        panic!("{found:?}");
    };
    assert_eq!(
        notice.message_id.as_deref(),
        Some("original@cert-a.example")
    );
    assert_eq!(notice.disposition, "displayed");
    let found = of(&make::abuse());
    let What::AbuseReport(abuse) = &found[0].what else {
        panic!("{found:?}");
    };
    assert_eq!(abuse.feedback_type, "abuse");
    assert_eq!(abuse.source.as_deref(), Some("192.0.2.9"));
    assert_eq!(abuse.reported, ["evil.example", "http://evil.example/x"]);
    assert_eq!(abuse.message_id.as_deref(), Some("original@cert-a.example"));
    for (fields, lacks) in [
        ("Reporting-MTA: dns; x\n", "no recipient"),
        (
            "A: b\n\nFinal-Recipient: rfc822; a@b.example\n",
            "a recipient without",
        ),
        (
            "A: b\n\nFinal-Recipient: rfc822; a\nAction: exploded\n",
            "an Action",
        ),
        ("", "no fields"),
    ] {
        let found = of(&make::report(
            "delivery-status",
            "message/delivery-status",
            fields,
        ));
        let said = found.iter().any(|one| {
            matches!(&one.what, What::NotUnderstood(Reason::BadReport(why)) if why.starts_with(lacks))
        });
        assert!(said, "{fields:?} {found:?}");
    }
}

#[test]
fn reports_in_xarf() {
    let four = br#"{"xarf_version":"4.0.0","report_id":"1","timestamp":"2026-11-01T00:00:00Z",
        "reporter":{"org":"x"},"source_identifier":"192.0.2.7","category":"connection","type":"login_attack",
        "evidence":[{"payload":"AAAA"}]}"#;
    let What::XArf(report) = attached("application/json", "xarf.json", four) else {
        panic!("no report");
    };
    assert_eq!(
        (
            report.version.as_str(),
            report.kind.as_str(),
            report.source.as_str()
        ),
        ("4.0.0", "login_attack", "192.0.2.7")
    );
    let three = br#"{"Version":"3","ReporterInfo":{},"Report":{"ReportClass":"Activity","ReportType":"Spam",
        "SourceIp":"192.0.2.8","Date":"2026-11-01"}}"#;
    let What::XArf(report) = attached("application/json", "xarf.json", three) else {
        panic!("no report");
    };
    assert_eq!(
        (report.version.as_str(), report.category.as_str()),
        ("3", "Activity")
    );
    let lines = "---\nReported-From: abuse@cert-a.example\nCategory: abuse\nReport-Type: login-attack\n\
                 Service: ssh\nVersion: 0.2\nSource: 192.0.2.9\nSource-Type: ipv4\nDate: Tue, 03 Nov 2026 08:00:00 +0000\n";
    let What::XArf(report) = attached("text/plain; charset=utf-8", "report.txt", lines.as_bytes())
    else {
        panic!("no report");
    };
    assert_eq!(
        (report.version.as_str(), report.source.as_str()),
        ("0.2", "192.0.2.9")
    );
    let lacking = attached(
        "application/json",
        "xarf.json",
        br#"{"xarf_version":"4.0.0"}"#,
    );
    assert!(matches!(lacking, What::NotUnderstood(Reason::BadReport(_))));
}

#[test]
fn receipts_are_read_back_as_they_are_written() {
    let digest = "ab".repeat(32);
    let mut receipt = MailReceipt::new(&digest, "2026-11-03T08:00:01.000Z", "a7", "L3").unwrap();
    receipt.message_id = Some("one@cert-a.example".to_owned());
    receipt.leaf = Some(17);
    let json = receipt.write();
    assert_eq!(MailReceipt::read(&json).unwrap(), receipt);
    for media_type in [RECEIPT_TYPE, "application/json"] {
        assert_eq!(
            attached(media_type, "receipt.json", &json),
            What::Receipt(receipt.clone())
        );
    }
    let text = String::from_utf8(json).unwrap();
    for (from, to) in [
        (digest.as_str(), "abc"),
        ("2026-11-03T08:00:01.000Z", "yesterday"),
        ("\"L3\"", "\"L9\""),
        ("\"a7\"", "\"\""),
        ("\"version\":1", "\"version\":2"),
        ("one@cert-a.example", "one\\r\\nBcc: x"),
        ("\"leaf\":17", "\"leaf\":-1"),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        assert!(MailReceipt::read(changed.as_bytes()).is_err(), "{to}");
        let told = attached(RECEIPT_TYPE, "receipt.json", changed.as_bytes());
        assert!(
            matches!(told, What::NotUnderstood(Reason::BadReport(_))),
            "{to}"
        );
    }
    // Its words are for people.
    let mail = make::mixed(
        "Receipt",
        &[
            Part::text("Received: 198.51.100.7\n"),
            Part::file(RECEIPT_TYPE, "r.json", text.as_bytes()),
        ],
    );
    assert_eq!(of(&mail).len(), 1);
}

#[test]
fn what_is_carried_says_which_signature_covers_it() {
    let found = of(&make::signed());
    assert_eq!((found.len(), found[0].covered_by), (1, Some(0)));
    let found = of(&make::mailing_list());
    let covered: Vec<Option<usize>> = found.iter().map(|one| one.covered_by).collect();
    assert_eq!(covered, [Some(0), None]);
    let found = of(&make::efail());
    assert_eq!(found[0].what, What::Encrypted);
    assert!(
        found
            .iter()
            .all(|one| !matches!(one.what, What::NotUnderstood(_)))
    );
    let forwarded = Part::of("Content-Type: message/rfc822", &make::thunderbird());
    let found = of(&make::mixed("Forwarded", &[Part::text("see\n"), forwarded]));
    let within: Vec<bool> = found.iter().map(|one| one.within).collect();
    assert_eq!(within, [true, false, true]);
}

#[test]
fn data_pasted_into_a_mail_is_data() {
    let found = of(&make::plain(
        "x",
        "{\"type\":\"bundle\",\"id\":\"bundle--1\",\n\"objects\":[]}\n",
    ));
    assert_eq!(found[0].what, What::StixBundle { objects: 0 });
}

#[test]
fn real_data_is_recognised_where_it_is_at_hand() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let mut seen = 0;
    for (folder, misp) in [("misp-events", true), ("attack", false), ("reports", false)] {
        let Ok(files) = std::fs::read_dir(format!("{root}/{folder}")) else {
            continue;
        };
        for file in files
            .flatten()
            .filter(|file| file.path().extension().is_some_and(|end| end == "json"))
            .take(5)
        {
            let bytes = std::fs::read(file.path()).unwrap();
            if bytes.len() > 15_000_000 {
                continue;
            }
            let what = attached("application/json", "data.json", &bytes);
            let good = if misp {
                matches!(what, What::MispEvent { .. })
            } else {
                matches!(what, What::StixBundle { .. })
            };
            assert!(good, "{}: {what:?}", file.path().display());
            seen += 1;
        }
    }
    println!("{seen} real files");
}

#[test]
fn every_mail_can_be_answered() {
    let picture = Part::file("image/png", "logo.png", b"\x89PNG\r\n\x1a\n");
    let found = of(&make::mixed("x", &[picture]));
    assert_eq!(
        (found[0].place, &found[0].what),
        (Place::Mail, &What::NotUnderstood(Reason::Nothing))
    );
    let nothing = of(&make::plain("", ""));
    assert_eq!(nothing[0].what, What::NotUnderstood(Reason::Nothing));
    for kind in ["enveloped-data", "signed-data"] {
        let more = format!(
            "Content-Type: application/pkcs7-mime; smime-type={kind}\nContent-Transfer-Encoding: base64\n"
        );
        let found = of(&make::mail(&more, b"MIIB\r\n"));
        assert_eq!(found[0].what, What::NotUnderstood(Reason::Smime), "{kind}");
    }
    let found = of(&make::plain(
        "key",
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxx\n",
    ));
    assert_eq!(found[0].what, What::OpenPgpKeys);
}

#[test]
fn what_is_packed_with_gzip_is_told_within_limits() {
    let pack = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let told = |text: &str| attached("application/gzip", "x.json.gz", &pack(text));
    let bundle = r#"{"type":"bundle","objects":[{"id":"a--1"}]}"#;
    assert_eq!(told(bundle), What::StixBundle { objects: 1 });
    assert_eq!(told("words"), What::NotUnderstood(Reason::OtherArchive));
    // More than a hundred to one is not believed.
    let bomb = format!("{}{bundle}", " ".repeat(20_000_000));
    assert_eq!(told(&bomb), What::NotUnderstood(Reason::OtherArchive));
}
