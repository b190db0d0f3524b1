//! What a client sends to the mail server, of any bytes: command lines, and the content behind DATA.
//!
//! The input's first byte chooses the protocol and how the network cuts, the rest is what the client sends. Everybody answers for
//! every address, so that the fuzzer gets to DATA.
#![no_main]

use comity_node::mail::{Known, Protocol, Tls};
use comity_transport::smtp::server::data::{DataReader, Progress};
use comity_transport::smtp::server::session::{COMMAND_BYTES_MAX, Session, SessionSettings, Step};
use comity_transport::smtp::server::settings::MailLimits;
use libfuzzer_sys::fuzz_target;

const MAIL_BYTES_MAX: u64 = 300;
const LINE_BYTES_MAX: usize = 100;
const RECIPIENTS_MAX: usize = 3;

/// A reply is lines of ASCII that begin with its code, and nothing that a client sent steers it.
fn check(text: &str) {
    assert!(text.len() < 1_000);
    for line in text.split("\r\n") {
        assert!(
            line.len() > 4 && line.bytes().take(3).all(|byte| byte.is_ascii_digit()),
            "{line:?}"
        );
        assert!(
            line.bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' '),
            "{line:?}"
        );
    }
}

/// Reads a mail; answers what is left behind its end, or nothing when the connection ends.
fn mail(input: &[u8], cut: usize) -> Option<&[u8]> {
    let mut reader = DataReader::new(LINE_BYTES_MAX, MAIL_BYTES_MAX);
    let mut content = Vec::new();
    let mut taken = 0;
    let mut rest = None;
    for part in input.chunks(cut) {
        let (count, progress) = reader.feed(part, &mut content);
        assert!(count <= part.len());
        taken += count;
        match progress {
            Progress::More => assert_eq!(count, part.len()),
            Progress::End => {
                assert!(input[..taken].ends_with(b".\r\n"));
                rest = Some(&input[taken..]);
                break;
            }
            Progress::Fault(_) => break,
        }
    }
    assert!(content.len() as u64 <= MAIL_BYTES_MAX);
    assert!(!content.contains(&0));
    let mut before = 0;
    for byte in &content {
        assert_eq!(
            *byte == b'\n',
            before == b'\r',
            "a bare CR or LF got through"
        );
        before = *byte;
    }
    if rest.is_some() {
        assert!(content.is_empty() || content.ends_with(b"\r\n"));
        // However the network cuts, the mail is the same one.
        let (mut reader, mut again) = (DataReader::new(LINE_BYTES_MAX, MAIL_BYTES_MAX), Vec::new());
        assert_eq!(reader.feed(input, &mut again), (taken, Progress::End));
        assert_eq!(again, content);
    }
    rest
}

fuzz_target!(|input: &[u8]| {
    let Some((&choice, mut rest)) = input.split_first() else {
        return;
    };
    let protocol = if choice & 1 == 0 {
        Protocol::Smtp
    } else {
        Protocol::Lmtp
    };
    let settings = SessionSettings {
        protocol,
        hostname: "in.alpha.example".to_owned(),
        offers_tls: choice & 2 != 0,
        require_tls: choice & 4 != 0,
        limits: MailLimits {
            mail_bytes_max: MAIL_BYTES_MAX,
            line_bytes_max: LINE_BYTES_MAX,
            recipients_max: RECIPIENTS_MAX,
            ..MailLimits::default()
        },
    };
    let cut = usize::from(choice >> 3) + 1;
    let mut session = Session::new(settings, None);
    check(session.greeting().text());
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, behind) = rest.split_at(end + 1);
        rest = behind;
        match session.line(line) {
            Step::Say(reply) => {
                check(reply.text());
                assert!(reply.refuses() || line.len() <= COMMAND_BYTES_MAX);
            }
            Step::End(reply) => return check(reply.text()),
            Step::Sender { bytes } => {
                assert!(bytes <= MAIL_BYTES_MAX);
                check(session.mail_begins().text());
            }
            Step::Recipient { local, domain } => {
                assert!(!local.is_empty() && local.len() <= 64 && !domain.contains('@'));
                let known = Known {
                    name: local,
                    party: None,
                };
                check(session.recipient_known(known, "in.alpha.example").text());
            }
            Step::StartTls => session.secured(Tls {
                version: "TLSv1.3".to_owned(),
                cipher: String::new(),
                server_name: None,
            }),
            Step::Data => {
                let envelope = session.mail_ended().expect("DATA comes behind MAIL");
                assert!((1..=RECIPIENTS_MAX).contains(&envelope.recipients.len()));
                let written = envelope
                    .recipients
                    .iter()
                    .map(|recipient| &recipient.address);
                for text in written.chain([&envelope.sender, &envelope.client.helo]) {
                    assert!(
                        !text.chars().any(|c| c.is_control() || c.is_whitespace()),
                        "{text:?}"
                    );
                }
                let Some(behind) = mail(rest, cut) else {
                    return;
                };
                rest = behind;
            }
        }
    }
});
