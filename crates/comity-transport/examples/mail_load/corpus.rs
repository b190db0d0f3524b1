//! A corpus of mails as teams send them to each other: 2 to 200 KB, by programs in use, most of them signed.
//!
//! The words are drawn by a generator with a fixed seed, the keys are made anew and served by a name server of the bench alone.
//! One mail in ten is of each kind that is not simply good: see `one`.
//!
//! In scope: the mails, the records, the envelopes, as files. Out of scope: mails that attack (`comity-mail`).

use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comity_mail::dkim::{DkimKey, sign};
use comity_mail::dns::key_record;
use comity_node::address::dkim::DkimKeys;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Failed;
use crate::names::Records;

/// Mails are between these sizes in bytes, as many of each power of ten.
const BYTES_MIN: f64 = 2_000.0;
const BYTES_RATIO: f64 = 100.0;
const OWN: &str = "192.0.2.25";
const FOREIGN: &str = "198.51.100.9";
const WORDS: [&str; 32] = [
    "the",
    "beacon",
    "host",
    "was",
    "seen",
    "at",
    "our",
    "sensor",
    "between",
    "and",
    "server",
    "certificate",
    "we",
    "ask",
    "you",
    "to",
    "check",
    "logs",
    "for",
    "this",
    "sample",
    "hash",
    "domain",
    "registered",
    "traffic",
    "since",
    "Monday",
    "duty",
    "officer",
    "regards",
    "case",
    "update",
];

/// Where a mail is, and who delivered it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Delivery {
    /// The file of the mail.
    pub(crate) file: String,
    /// The address of the client.
    pub(crate) client: String,
    /// MAIL FROM.
    pub(crate) sender: String,
}

/// The keys of a node.
struct Keys {
    rsa: DkimKey,
    ed25519: DkimKey,
    /// Their selectors, with what DNS says of each.
    published: [(&'static str, String); 2],
}

/// A generator of numbers (xorshift), so that two runs have the same words.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let high = usize::try_from(self.0 >> 33).unwrap_or(0);
        high % bound.max(1)
    }
}

/// Writes the corpus.
pub(crate) fn write(folder: &Path, count: usize) -> Result<Value, Failed> {
    std::fs::create_dir_all(folder)?;
    let of_node = tempfile::tempdir()?;
    let own = DkimKeys::open(of_node.path())?;
    let [rsa, ed25519] = own.signing()?;
    let published = own
        .public()
        .map(|(selector, kind, public)| (selector, key_record(kind, &public)));
    let keys = Keys {
        rsa,
        ed25519,
        published,
    };
    let mut numbers = Numbers(0x2545_F491_4F6C_DD1D);
    let mut senders = Vec::with_capacity(count);
    let mut bytes = 0;
    for number in 0..count {
        let (mail, client, sender) = one(&keys, &mut numbers, number)?;
        bytes += mail.len();
        let file = format!("{number:05}.eml");
        std::fs::write(folder.join(&file), mail)?;
        senders.push(Delivery {
            file,
            client: client.to_owned(),
            sender,
        });
    }
    std::fs::write(
        folder.join("records.json"),
        serde_json::to_vec(&records(&keys))?,
    )?;
    std::fs::write(folder.join("senders.json"), serde_json::to_vec(&senders)?)?;
    Ok(json!({"mails": count, "bytes": bytes}))
}

/// The senders of a corpus with their mails.
pub(crate) fn read(folder: &Path) -> Result<Vec<(Delivery, Vec<u8>)>, Failed> {
    let senders: Vec<Delivery> =
        serde_json::from_slice(&std::fs::read(folder.join("senders.json"))?)?;
    let each = senders.into_iter().map(|sender| {
        let mail = std::fs::read(folder.join(&sender.file))?;
        Ok((sender, mail))
    });
    each.collect()
}

/// The DNS records of a corpus.
pub(crate) fn read_records(folder: &Path) -> Result<Records, Failed> {
    Ok(serde_json::from_slice(&std::fs::read(
        folder.join("records.json"),
    )?)?)
}

fn records(keys: &Keys) -> Records {
    let mut all = Records::new();
    for domain in ["cert-a.example", "cert-c.example"] {
        for (selector, record) in &keys.published {
            all.insert(format!("{selector}._domainkey.{domain}"), record.clone());
        }
        all.insert(format!("_dmarc.{domain}"), "v=DMARC1; p=reject".to_owned());
        all.insert(domain.to_owned(), format!("v=spf1 ip4:{OWN} -all"));
    }
    all
}

/// A mail, the address that it came from, its MAIL FROM.
fn one(
    keys: &Keys,
    numbers: &mut Numbers,
    number: usize,
) -> Result<(Vec<u8>, &'static str, String), Failed> {
    let share = crate::figures::float(number % 97) / 96.0;
    let bytes = BYTES_MIN * BYTES_RATIO.powf(share);
    let bytes: usize = format!("{bytes:.0}").parse()?;
    let kind = number % 10;
    let from = match kind {
        5 => "desk@sub.cert-a.example",
        9 => "desk@unknown.example",
        _ => "duty@cert-a.example",
    };
    let mail = written(numbers, number, from, bytes);
    let both = [&keys.rsa, &keys.ed25519];
    let own = "bounce@cert-a.example".to_owned();
    Ok(match kind {
        // Signed by RSA alone, for a domain beneath, and from a host that SPF does not name.
        5 => (sign(&mail, "cert-a.example", &[&keys.rsa])?, FOREIGN, own),
        // Changed on its way.
        6 => {
            let mut signed = sign(&mail, "cert-a.example", &both)?;
            signed.extend(b"Sent on by a list.\r\n");
            (signed, FOREIGN, own)
        }
        // Good signatures of another domain than that of From.
        7 => (
            sign(&mail, "cert-c.example", &both)?,
            OWN,
            "bounce@cert-c.example".to_owned(),
        ),
        8 => (mail, OWN, own),
        9 => (mail, FOREIGN, "desk@unknown.example".to_owned()),
        _ => (sign(&mail, "cert-a.example", &both)?, OWN, own),
    })
}

/// The words of one mail in the shape of one of the programs.
fn written(numbers: &mut Numbers, number: usize, from: &str, bytes: usize) -> Vec<u8> {
    let head = format!(
        "From: The duty officer <{from}>\r\nTo: POC <poc@in.alpha.example>\r\n\
         Date: Tue, 03 Nov 2026 09:{:02}:{:02} +0100\r\nMessage-ID: <{number}.bench@cert-a.example>\r\nMIME-Version: 1.0\r\n",
        number / 60 % 60,
        number % 60
    );
    let trace = "Received: from desk (desk.cert-a.example [192.0.2.7])\r\n\tby mx.cert-a.example (Postfix) with ESMTPSA id 4Xk\r\n\
                 \tfor <poc@in.alpha.example>; Tue,  3 Nov 2026 09:00:00 +0100 (CET)\r\n";
    let body = match number % 4 {
        0 => thunderbird(numbers, number, bytes),
        1 => thunderbird_with_file(numbers, number, bytes),
        2 => outlook(numbers, number, bytes),
        _ => outlook_with_file(numbers, number, bytes),
    };
    format!("{trace}{head}{body}").into_bytes()
}

fn thunderbird(numbers: &mut Numbers, number: usize, bytes: usize) -> String {
    let words = prose(numbers, bytes);
    format!(
        "User-Agent: Mozilla Thunderbird\r\nContent-Language: en-GB\r\nSubject: [TLP:AMBER] Beacons {number}\r\n\
         References: <p{number}@in.alpha.example>\r\n <q{number}@in.alpha.example>\r\nIn-Reply-To: <q{number}@in.alpha.example>\r\n\
         Content-Type: text/plain; charset=UTF-8; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{words}"
    )
}

fn thunderbird_with_file(numbers: &mut Numbers, number: usize, bytes: usize) -> String {
    let words = prose(numbers, 700);
    let file = base64(&csv(numbers, bytes * 3 / 4));
    format!(
        "User-Agent: Mozilla Thunderbird\r\nSubject: =?UTF-8?Q?Values_=E2=80=93_{number}?=\r\n\
         Content-Type: multipart/mixed; boundary=\"------------0Yz8\"\r\n\r\nThis is a multi-part message in MIME format.\r\n\
         --------------0Yz8\r\nContent-Type: text/plain; charset=UTF-8; format=flowed\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{words}\r\n\
         --------------0Yz8\r\nContent-Type: text/csv; charset=UTF-8; name=\"values.csv\"\r\n\
         Content-Disposition: attachment; filename=\"values.csv\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{file}\r\n\
         --------------0Yz8--\r\n"
    )
}

fn outlook(numbers: &mut Numbers, number: usize, bytes: usize) -> String {
    format!(
        "Subject: RE: case {number}\r\nThread-Topic: case {number}\r\nThread-Index: AQHbVXm=\r\nAccept-Language: en-GB, en-US\r\n\
         X-MS-Has-Attach:\r\nX-MS-TNEF-Correlator:\r\nContent-Language: en-GB\r\nContent-Type: multipart/alternative;\r\n\
         \tboundary=\"_000_1F2E_\"\r\n\r\n{}",
        alternative(numbers, bytes)
    )
}

fn outlook_with_file(numbers: &mut Numbers, number: usize, bytes: usize) -> String {
    let inner = alternative(numbers, 4_000);
    let noise: Vec<u8> = (0..bytes * 2 / 3)
        .map(|_| u8::try_from(numbers.below(256)).unwrap_or(0))
        .collect();
    let file = base64(&noise);
    format!(
        "Subject: Report {number}\r\nThread-Index: AQHbVXm=\r\nX-MS-Has-Attach: yes\r\nX-MS-TNEF-Correlator:\r\n\
         Content-Type: multipart/mixed;\r\n\tboundary=\"_004_9A8B_\"\r\n\r\n--_004_9A8B_\r\nContent-Type: multipart/alternative;\r\n\
         \tboundary=\"_000_1F2E_\"\r\n\r\n{inner}\r\n--_004_9A8B_\r\nContent-Type: application/octet-stream; name=\"report.bin\"\r\n\
         Content-Description: report.bin\r\nContent-Disposition: attachment; filename=\"report.bin\"; size={};\r\n\
         \tcreation-date=\"Tue, 03 Nov 2026 08:00:00 GMT\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{file}\r\n--_004_9A8B_--\r\n",
        noise.len()
    )
}

/// Plain words and the same as HTML, quoted-printable both.
fn alternative(numbers: &mut Numbers, bytes: usize) -> String {
    let words = prose(numbers, bytes / 3);
    let mut html = String::from(
        "<html xmlns:o=3D\"urn:schemas-microsoft-com:office:office\">=\r\n<body lang=3D\"EN-GB\">\r\n",
    );
    for line in words.lines() {
        let _ = write!(
            html,
            "<p class=3D\"MsoNormal\"><span style=3D\"font-size:11.0pt\">=\r\n{line}</span></p>\r\n"
        );
    }
    html.push_str("</body></html>\r\n");
    format!(
        "--_000_1F2E_\r\nContent-Type: text/plain; charset=\"iso-8859-1\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{words}\r\n\
         --_000_1F2E_\r\nContent-Type: text/html; charset=\"iso-8859-1\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{html}\r\n\
         --_000_1F2E_--\r\n"
    )
}

/// So many bytes of lines, with a value now and then.
fn prose(numbers: &mut Numbers, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 100);
    while text.len() < bytes {
        for _ in 0..10 {
            text.push_str(WORDS.get(numbers.below(WORDS.len())).unwrap_or(&"and"));
            text.push(' ');
        }
        if numbers.below(8) == 0 {
            let _ = write!(text, "198.51.100[.]{}", numbers.below(256));
        }
        text.push_str("\r\n");
    }
    text
}

fn csv(numbers: &mut Numbers, bytes: usize) -> Vec<u8> {
    let mut text = String::from("value,type,seen\r\n");
    while text.len() < bytes {
        let _ = write!(
            text,
            "h{}.evil.example,domain,2026-11-{:02}\r\n",
            numbers.below(1 << 30),
            numbers.below(30) + 1
        );
    }
    text.into_bytes()
}

/// Base64 in lines of 76 characters.
fn base64(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let mut lines = String::with_capacity(text.len() + text.len() / 38);
    let mut rest = text.as_str();
    while let Some((line, behind)) = rest.split_at_checked(76) {
        lines.push_str(line);
        lines.push_str("\r\n");
        rest = behind;
    }
    lines.push_str(rest);
    lines
}
