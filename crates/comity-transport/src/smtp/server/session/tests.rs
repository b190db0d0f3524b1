//! Tests of the conversation.

use super::*;

fn session(protocol: Protocol) -> Session {
    let settings = SessionSettings {
        protocol,
        hostname: "in.alpha.example".to_owned(),
        offers_tls: true,
        require_tls: false,
        limits: MailLimits {
            mail_bytes_max: 1_000,
            recipients_max: 2,
            connection_mails_max: 2,
            errors_max: 50,
            ..MailLimits::default()
        },
    };
    Session::new(settings, Some([192, 0, 2, 7].into()))
}

fn known() -> Known {
    Known {
        name: "requests".to_owned(),
        party: None,
    }
}

/// What a line is answered, where everybody answers for every address and there is room for everything.
fn said(session: &mut Session, line: &str) -> String {
    let reply = match session.line(line.as_bytes()) {
        Step::Say(reply) | Step::End(reply) => reply,
        Step::Sender { .. } => session.mail_begins(),
        Step::Recipient { .. } => session.recipient_known(known(), "in.alpha.example"),
        Step::StartTls => reply::READY_FOR_TLS,
        Step::Data => reply::GO_AHEAD,
    };
    reply.text().to_owned()
}

/// The codes of a conversation, each line answered in turn.
fn check(protocol: Protocol, lines: &[(&str, &str)]) {
    let mut session = session(protocol);
    for (line, code) in lines {
        let said = said(&mut session, &format!("{line}\r\n"));
        assert!(said.starts_with(code), "{line:?} was answered {said:?}");
    }
}

#[test]
fn commands_come_in_their_order() {
    check(
        Protocol::Smtp,
        &[
            ("MAIL FROM:<>", "503 5.5.1"),
            ("RCPT TO:<a@in.alpha.example>", "503 5.5.1"),
            ("DATA", "503 5.5.1"),
            ("LHLO mx.bravo.example", "500 5.5.1"),
            ("EHLO", "501 5.5.4"),
            ("HELO mx.bravo.example", "250 in.alpha.example"),
            (
                "ehlo mx.bravo.example",
                "250-in.alpha.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n",
            ),
            ("RCPT TO:<a@in.alpha.example>", "503 5.5.1"),
            (
                "mail from:<duty@bravo.example> size=1000 body=8bitmime",
                "250 2.1.0",
            ),
            ("MAIL FROM:<>", "503 5.5.1"),
            ("DATA", "503 5.5.1"),
            ("RCPT TO:<a@in.alpha.example>", "250 2.1.5"),
            ("RCPT TO:<Postmaster>", "250 2.1.5"),
            ("RCPT TO:<c@in.alpha.example>", "452 4.5.3"),
            ("DATA", "354 "),
            ("RSET", "250 2.0.0"),
            ("DATA", "503 5.5.1"),
            ("NOOP anything", "250 2.0.0"),
            ("VRFY postmaster", "252 2.5.2"),
            ("EXPN staff", "502 5.5.1"),
            ("HELP", "214 2.0.0"),
            ("BDAT 5 LAST", "502 5.5.1"),
            ("AUTH PLAIN AGEAYg==", "502 5.5.1"),
            ("ETRN x", "502 5.5.1"),
            ("TURN", "500 5.5.2"),
            ("MAIL FROM:<>", "250 2.1.0"),
            ("EHLO mx.bravo.example", "250-"),
            ("RCPT TO:<a@in.alpha.example>", "503 5.5.1"),
            ("MAIL FROM:<>", "421 4.7.0"),
            ("QUIT", "221 2.0.0"),
        ],
    );
    check(
        Protocol::Lmtp,
        &[
            ("EHLO mx.bravo.example", "500 5.5.1"),
            ("HELO mx.bravo.example", "500 5.5.1"),
            ("LHLO mx.bravo.example", "250-in.alpha.example"),
            ("MAIL FROM:<>", "250 2.1.0"),
            ("DATA", "503 5.5.1"),
        ],
    );
}

#[test]
fn parameters_and_addresses_are_read_strictly() {
    let long = "x".repeat(65);
    let mut lines = vec![("EHLO b".to_owned(), "250-")];
    for (line, code) in [
        ("MAIL FROM:<a@b.example> SIZE=1001", "552 5.3.4"),
        (
            "MAIL FROM:<a@b.example> SIZE=99999999999999999999999",
            "552 5.3.4",
        ),
        ("MAIL FROM:<a@b.example> SIZE=x", "501 5.5.4"),
        ("MAIL FROM:<a@b.example> BODY=BINARYMIME", "555 5.5.4"),
        ("MAIL FROM:<a@b.example> RET=HDRS", "555 5.5.4"),
        ("MAIL FROM:<a@b.example> ENVID=1", "555 5.5.4"),
        ("MAIL FROM:<a@b.example> AUTH=<>", "555 5.5.4"),
        ("MAIL FROM:<a@b.example> REQUIRETLS", "555 5.5.4"),
        ("MAIL FROM:<a@b.example> FOO=1", "555 5.5.4"),
        ("MAIL FROM:a@b.example", "501 5.5.4"),
        ("MAIL TO:<a@b.example>", "501 5.5.4"),
        ("MAIL FROM:<a>", "501 5.1.7"),
        ("MAIL FROM:<postmaster>", "501 5.1.7"),
        ("MAIL FROM:<\"a b\"@b.example>", "501 5.1.7"),
        ("MAIL FROM:<dü@b.example>", "553 5.6.7"),
        ("MAIL FROM:<a@b.example>", "250 2.1.0"),
        ("RCPT TO:<>", "501 5.1.3"),
        ("RCPT TO:<a@b.example> NOTIFY=NEVER", "555 5.5.4"),
        (
            "RCPT TO:<a@b.example> ORCPT=rfc822;a@b.example",
            "555 5.5.4",
        ),
        ("RCPT TO:<dü@b.example>", "553 5.6.7"),
        ("RCPT TO:<@x.example,@y.example:a@b.example>", "250 2.1.5"),
        ("RSET", "250"),
        ("MAIL FROM:<dü@b.example> SMTPUTF8", "250 2.1.0"),
        ("RCPT TO:<dü@b.example>", "250 2.1.5"),
    ] {
        lines.push((line.to_owned(), code));
    }
    lines.push((format!("RCPT TO:<{long}@b.example>"), "501 5.1.3"));
    let lines: Vec<(&str, &str)> = lines
        .iter()
        .map(|(line, code)| (line.as_str(), *code))
        .collect();
    check(Protocol::Smtp, &lines);
}

#[test]
fn lines_end_with_crlf_and_hold_nothing_that_steers() {
    let mut session = session(Protocol::Smtp);
    let mut check = |line: &[u8], code: &str| {
        let Step::Say(reply) = session.line(line) else {
            panic!("{line:?}");
        };
        assert!(reply.text().starts_with(code), "{line:?}: {}", reply.text());
    };
    check(b"NOOP\r\n", "250");
    check(b"NOOP\n", "500 5.5.2");
    check(b"NOOP\r", "500 5.5.2");
    check(b"NOOP\r\rNOOP\r\n", "500 5.5.2");
    check(b"NOOP\0\r\n", "500 5.5.2");
    check(b"EHLO a\x1b[2J\r\n", "500 5.5.2");
    check(b"EHLO a\xff\r\n", "500 5.5.2");
    check("EHLO dü\r\n".as_bytes(), "501 5.5.4");
    check(&[b'N'; COMMAND_BYTES_MAX + 1], "500 5.5.6");
}

#[test]
fn too_many_errors_end_the_connection_and_a_browser_hears_one_word() {
    let mut session = session(Protocol::Smtp);
    for _ in 0..49 {
        assert!(matches!(session.line(b"FOO\r\n"), Step::Say(_)));
    }
    assert_eq!(session.line(b"FOO\r\n"), Step::End(reply::ERRORS));
    let mut session = self::session(Protocol::Smtp);
    assert_eq!(
        session.line(b"POST / HTTP/1.1\r\n"),
        Step::End(reply::NO_HTTP)
    );
}

#[test]
fn tls_forgets_what_was_said_before_and_can_be_demanded() {
    let mut session = session(Protocol::Smtp);
    session.settings.require_tls = true;
    assert!(said(&mut session, "EHLO b\r\n").contains("\r\n250-STARTTLS\r\n"));
    assert!(said(&mut session, "MAIL FROM:<>\r\n").starts_with("530 5.7.0"));
    assert_eq!(session.line(b"STARTTLS\r\n"), Step::StartTls);
    session.secured(Tls {
        version: "TLSv1.3".to_owned(),
        cipher: String::new(),
        server_name: None,
    });
    assert!(
        said(&mut session, "MAIL FROM:<>\r\n").starts_with("503 5.5.1"),
        "EHLO is due again"
    );
    assert!(!said(&mut session, "EHLO b\r\n").contains("STARTTLS"));
    assert!(said(&mut session, "STARTTLS\r\n").starts_with("503 5.5.1"));
    assert!(said(&mut session, "MAIL FROM:<>\r\n").starts_with("250"));
    let mail = session.mail_ended().unwrap();
    assert_eq!(mail.client.tls.unwrap().version, "TLSv1.3");
}

#[test]
fn the_envelope_is_what_was_said() {
    let mut session = session(Protocol::Smtp);
    for line in [
        "EHLO mx.bravo.example",
        "MAIL FROM:<Duty@bravo.example> BODY=8BITMIME SMTPUTF8",
        "RCPT TO:<Requests+X@In.Alpha.Example>",
        "RCPT TO:<POSTMASTER>",
    ] {
        said(&mut session, &format!("{line}\r\n"));
    }
    let mail = session.mail_ended().unwrap();
    assert_eq!(mail.client.helo, "mx.bravo.example");
    assert_eq!(mail.client.address, Some([192, 0, 2, 7].into()));
    assert_eq!(mail.sender, "Duty@bravo.example");
    assert_eq!(mail.options, ["8BITMIME", "SMTPUTF8"]);
    let to: Vec<&str> = mail.recipients.iter().map(|r| r.address.as_str()).collect();
    assert_eq!(
        to,
        ["Requests+X@In.Alpha.Example", "postmaster@in.alpha.example"]
    );
}
