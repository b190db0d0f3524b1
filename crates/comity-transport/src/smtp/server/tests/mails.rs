//! Mails that are taken and mails that are not: over SMTP, over LMTP, in every shape of smuggling.
//!
//! In scope: replies and what is kept. Out of scope: limits of time and number (`limits`).

use std::sync::atomic::Ordering;

use comity_node::mail::Protocol;

use super::super::settings::MailLimits;
use super::client::{Served, settings};

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_kept_as_it_came_and_the_next_one_over_the_same_connection() {
    let served = Served::start(MailLimits::default()).await;
    let mut client = served.client_in_data().await;
    client
        .send("Subject: a\r\n\r\n..dots\r\n\u{e9}\r\n.\r\n")
        .await;
    client.expect("250 2.0.0 Kept as number-1").await;
    client.mail("postmaster").await;
    client.ask("RCPT TO:<postmaster>", "250 2.1.5").await;
    client.ask("DATA", "354 ").await;
    client.ask(".", "250 2.0.0 Kept as number-2").await;
    client.ask("QUIT", "221 2.0.0").await;
    client.expect_end().await;
    assert_eq!(
        served.kept(),
        ["Subject: a\r\n\r\n.dots\r\n\u{e9}\r\n".as_bytes(), b""]
    );
    let kept = served.keeper.kept.lock().unwrap();
    let (first, _) = &kept[0];
    assert_eq!(first.sender, "duty@bravo.example");
    assert_eq!(first.client.helo, "mx.bravo.example");
    assert_eq!(first.client.address, Some([127, 0, 0, 1].into()));
    assert_eq!(
        kept[1].0.recipients[1].address,
        "postmaster@in.alpha.example"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_mail_is_whole() {
    let served = Served::start(MailLimits::default()).await;
    let mut client = served.client_in_data().await;
    let line = format!("{}\r\n", "0123456789".repeat(90));
    let mail = line.repeat(400);
    client.send(&mail).await;
    client.send(".\r\n").await;
    client.expect("250 2.0.0").await;
    assert_eq!(served.kept(), [mail.as_bytes()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_pipelined_up_to_data_and_behind_the_end() {
    let served = Served::start(MailLimits::default()).await;
    let mut client = served.client().await;
    client.ask("EHLO mx.bravo.example", "250-").await;
    client
        .send(
            "MAIL FROM:<a@bravo.example>\r\nRCPT TO:<nobody@in.alpha.example>\r\nRCPT TO:<pings@in.alpha.example>\r\nDATA\r\n",
        )
        .await;
    for code in ["250 2.1.0", "550 5.1.1", "250 2.1.5", "354 "] {
        client.expect(code).await;
    }
    client.send("a\r\n.\r\nMAIL FROM:<>\r\nQUIT\r\n").await;
    for code in ["250 2.0.0", "250 2.1.0", "221 2.0.0"] {
        client.expect(code).await;
    }
    client.expect_end().await;
    assert_eq!(served.kept().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_may_follow_data_before_its_answer() {
    let served = Served::start(MailLimits::default()).await;
    let mut client = served.client().await;
    client.begin("requests").await;
    client.send("DATA\r\nSubject: a\r\n\r\n.\r\n").await;
    client.expect("554 5.5.0").await;
    client.expect_end().await;
    assert!(served.kept().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_of_smuggling_is_refused_by_name_and_nothing_of_it_is_heard() {
    let served = Served::start(MailLimits::default()).await;
    let hidden = "MAIL FROM:<admin@alpha.example>\r\nRCPT TO:<postmaster@in.alpha.example>\r\nDATA\r\nhidden\r\n.\r\n";
    for (shape, names) in [
        ("\r\n.\n", "554 5.6.0 An LF without a CR"),
        ("\n.\n", "554 5.6.0 An LF without a CR"),
        ("\n.\r\n", "554 5.6.0 An LF without a CR"),
        ("\n.\r", "554 5.6.0 An LF without a CR"),
        ("\r.\r", "554 5.6.0 A CR without an LF"),
        ("\r.\r\n", "554 5.6.0 A CR without an LF"),
        ("\r\n.\r", "554 5.6.0 A CR without an LF"),
        ("\r\r\n.\r\n", "554 5.6.0 A CR without an LF"),
        ("\0\r\n.\r\n", "554 5.6.0 A NUL"),
        ("\r\n\0.\r\n", "554 5.6.0 A NUL"),
        ("\r\n.\0\r\n", "554 5.6.0 A NUL"),
    ] {
        let mut client = served.client_in_data().await;
        client
            .send(format!("Subject: a\r\n\r\nb{shape}{hidden}"))
            .await;
        let said = client.expect(names).await;
        assert!(shape.contains('\0') || said.contains("smuggling"), "{said}");
        client.expect_end().await;
        assert!(served.kept().is_empty(), "{shape:?}");
    }
    assert_eq!(
        served.keeper.begun.load(Ordering::Relaxed),
        0,
        "no file for what is refused"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_found_wherever_the_network_cuts() {
    let served = Served::start(MailLimits::default()).await;
    let mut client = served.client_in_data().await;
    for byte in "a\r\n.\r\nNOOP\r\n".bytes() {
        client.send([byte]).await;
        tokio::task::yield_now().await;
    }
    client.expect("250 2.0.0 Kept").await;
    client.expect("250 2.0.0 OK").await;
    assert_eq!(served.kept(), [b"a\r\n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lmtp_answers_for_each_recipient_in_their_order() {
    let served = Served::start_with(Protocol::Lmtp, settings(MailLimits::default()), None).await;
    let mut client = served.client().await;
    client.ask("EHLO mx.alpha.example", "500 5.5.1").await;
    client.ask("LHLO mx.alpha.example", "250-").await;
    client.mail("pings").await;
    client
        .ask("RCPT TO:<nobody@in.alpha.example>", "550 5.1.1")
        .await;
    client
        .ask("RCPT TO:<requests@in.alpha.example>", "250 2.1.5")
        .await;
    client.ask("DATA", "354 ").await;
    served.keeper.revoked.store(true, Ordering::Relaxed);
    client.ask("a\r\n.", "550 5.1.1").await;
    client.expect("250 2.0.0 Kept as number-1").await;
    // One whom nobody answers for any more, and nobody else.
    served.keeper.revoked.store(false, Ordering::Relaxed);
    client.mail("pings").await;
    client.ask("DATA", "354 ").await;
    served.keeper.revoked.store(true, Ordering::Relaxed);
    client.ask(".", "550 5.1.1").await;
    client.ask("MAIL FROM:<>", "250 2.1.0").await;
    client.ask("DATA", "503 5.5.1").await;
    assert_eq!(served.kept().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_learn_nothing_from_refusals() {
    let served = Served::start(MailLimits::default()).await;
    let mut client = served.client().await;
    client.ask("EHLO mx.bravo.example", "250-").await;
    client.ask("MAIL FROM:<>", "250 2.1.0").await;
    let mut said = Vec::new();
    for to in [
        "nobody@in.alpha.example",
        "requests@other.example",
        "postmaster@alpha.example",
    ] {
        said.push(client.ask(&format!("RCPT TO:<{to}>"), "550 5.1.1").await);
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_or_looked_up_is_to_be_sent_again() {
    let served = Served::start(MailLimits::default()).await;
    let mut client = served.client().await;
    client.ask("EHLO mx.bravo.example", "250-").await;
    served.keeper.full.store(true, Ordering::Relaxed);
    client.ask("MAIL FROM:<>", "452 4.3.1").await;
    served.keeper.full.store(false, Ordering::Relaxed);
    client.ask("MAIL FROM:<>", "250 2.1.0").await;
    served.keeper.broken.store(true, Ordering::Relaxed);
    client
        .ask("RCPT TO:<requests@in.alpha.example>", "451 4.3.0")
        .await;
    served.keeper.broken.store(false, Ordering::Relaxed);
    client
        .ask("RCPT TO:<requests@in.alpha.example>", "250 2.1.5")
        .await;
    client.ask("DATA", "354 ").await;
    served.keeper.broken.store(true, Ordering::Relaxed);
    client.ask("a\r\n.", "451 4.3.0").await;
    assert!(served.kept().is_empty());
    client.ask("NOOP", "250 2.0.0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_in_the_middle_of_a_mail_refuses_it() {
    let served = Served::start(MailLimits::default()).await;
    let mut client = served.client_in_data().await;
    served.keeper.full.store(true, Ordering::Relaxed);
    client.send("0123456789\r\n".repeat(10_000)).await;
    client.expect("452 4.3.1").await;
    client.expect_end().await;
    assert!(served.kept().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_in_the_middle_leaves_nothing() {
    let served = Served::start(MailLimits::default()).await;
    let mut client = served.client_in_data().await;
    client.send("a line\r\n".repeat(20_000)).await;
    drop(client);
    let mut next = served.client_in_data().await;
    next.ask("b\r\n.", "250 2.0.0").await;
    assert_eq!(served.kept(), [b"b\r\n"]);
    served.server.stop().await;
}
