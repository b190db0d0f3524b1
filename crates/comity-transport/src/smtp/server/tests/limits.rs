//! Limits: of size, of number, of time, of what comes from one place.
//!
//! In scope: each limit of the settings, with small values. Out of scope: what they should be.

use std::time::{Duration, Instant};

use super::super::settings::MailLimits;
use super::client::{Served, settings};
use comity_node::mail::Protocol;

const SHORT: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_too_large_or_has_a_line_too_long_is_refused_in_words() {
    let served = Served::start(MailLimits {
        mail_bytes_max: 100_000,
        line_bytes_max: 50,
        ..MailLimits::default()
    })
    .await;
    let mut client = served.client().await;
    let said = client.ask("EHLO mx.bravo.example", "250-").await;
    assert!(said.contains("250-SIZE 100000\r\n"));
    client.ask("MAIL FROM:<> SIZE=100001", "552 5.3.4").await;
    let mut client = served.client_in_data().await;
    client.send("1234567890\r\n".repeat(9_000)).await;
    client
        .expect("552 5.3.4 The mail is larger than 100000 bytes")
        .await;
    client.expect_end().await;
    let mut client = served.client_in_data().await;
    client.send(format!("{}\r\n.\r\n", "a".repeat(51))).await;
    client
        .expect("554 5.6.0 A line of the mail is longer than 50 bytes")
        .await;
    client.expect_end().await;
    assert!(served.kept().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_refused_in_the_middle_hears_it_after_sending_all() {
    let served = Served::start(MailLimits {
        mail_bytes_max: 1_000_000,
        ..MailLimits::default()
    })
    .await;
    let mut client = served.client_in_data().await;
    // More than the buffers between the two take, behind the byte that was refused.
    client.send("a\n").await;
    client.send("0123456789\r\n".repeat(80_000)).await;
    client.send(".\r\n").await;
    client.expect("554 5.6.0 An LF without a CR").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recipients_mails_and_errors_are_counted() {
    let served = Served::start(MailLimits {
        recipients_max: 1,
        connection_mails_max: 2,
        errors_max: 3,
        ..MailLimits::default()
    })
    .await;
    let mut client = served.client().await;
    client.begin("requests").await;
    client
        .ask("RCPT TO:<pings@in.alpha.example>", "452 4.5.3")
        .await;
    client.ask("RSET", "250").await;
    client.mail("requests").await;
    client.ask("RSET", "250").await;
    client.ask("MAIL FROM:<>", "421 4.7.0 That is enough").await;
    client.expect_end().await;
    let mut client = served.client().await;
    client.ask("FOO", "500").await;
    client.ask("BAR", "500").await;
    client.ask("BAZ", "421 4.7.0 Too many errors").await;
    client.expect_end().await;
    // Addresses that are guessed count as well.
    let mut client = served.client().await;
    client.ask("EHLO b", "250-").await;
    client.ask("MAIL FROM:<>", "250").await;
    client
        .ask("RCPT TO:<a@in.alpha.example>", "550 5.1.1")
        .await;
    client
        .ask("RCPT TO:<b@in.alpha.example>", "550 5.1.1")
        .await;
    client
        .ask("RCPT TO:<c@in.alpha.example>", "421 4.7.0")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_line_without_an_end_is_not_waited_for() {
    let served = Served::start(MailLimits::default()).await;
    let mut client = served.client().await;
    client.send("NOOP ".repeat(1_000)).await;
    client.expect("500 5.5.6").await;
    client.expect_end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pauses_and_long_sessions_end_the_connection() {
    let pause = Served::start(MailLimits {
        command_max: SHORT,
        data_pause_max: SHORT,
        ..MailLimits::default()
    })
    .await;
    pause.client().await.expect("421 4.4.2").await;
    let mut client = pause.client_in_data().await;
    client.send("a\r\n").await;
    client.expect("421 4.4.2").await;
    client.expect_end().await;
    let whole = Served::start(MailLimits {
        session_max: SHORT,
        ..MailLimits::default()
    })
    .await;
    let mut client = whole.client().await;
    let began = Instant::now();
    loop {
        client.send("NOOP\r\n").await;
        let reply = client.reply().await;
        if !reply.starts_with("250") {
            assert!(reply.starts_with("421 4.4.2 This connection"), "{reply}");
            break;
        }
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "it goes on and on"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_trickles_is_given_up_and_one_that_flows_is_not() {
    let served = Served::start(MailLimits {
        data_grace: Duration::from_millis(500),
        data_bytes_per_second_min: 1_000,
        ..MailLimits::default()
    })
    .await;
    let mut slow = served.client_in_data().await;
    let began = Instant::now();
    let trickle = async {
        loop {
            slow.send("a\r\n").await;
            if let Ok(reply) = tokio::time::timeout(Duration::from_millis(50), slow.reply()).await {
                return reply;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "it trickles on");
        }
    };
    assert!(trickle.await.starts_with("421 4.4.2"));
    let mut steady = served.client_in_data().await;
    for _ in 0..20 {
        steady.send("0123456789\r\n".repeat(10)).await;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    steady.ask(".", "250 2.0.0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_and_a_network_hold_so_many_connections() {
    let served = Served::start(MailLimits {
        address_connections_max: 2,
        network_connections_max: 3,
        ..MailLimits::default()
    })
    .await;
    let _one = served.client().await;
    let two = served.client().await;
    served
        .client_from([127, 0, 0, 1])
        .await
        .expect("421 4.7.0")
        .await;
    let mut third = served.client_from([127, 0, 0, 2]).await;
    third.expect("220").await;
    let mut fourth = served.client_from([127, 0, 0, 3]).await;
    fourth.expect("421 4.7.0").await;
    fourth.expect_end().await;
    let mut other = served.client_from([127, 0, 1, 1]).await;
    other.expect("220").await;
    drop(two);
    for _ in 0..100 {
        let mut again = served.client_from([127, 0, 0, 1]).await;
        if again.reply().await.starts_with("220") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("a place that was given back is not free");
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_and_bytes_a_minute_are_counted_by_network_address_and_party() {
    let by_network = Served::start(MailLimits {
        network_mails_per_minute: 2,
        ..MailLimits::default()
    })
    .await;
    let mut client = by_network.client().await;
    client.ask("EHLO b", "250-").await;
    for code in ["250", "250", "450 4.7.0"] {
        client.ask("MAIL FROM:<>", code).await;
        client.ask("RSET", "250").await;
    }
    let mut other = by_network.client_from([127, 0, 9, 1]).await;
    other.expect("220").await;
    other.begin("requests").await;

    let by_bytes = Served::start(MailLimits {
        network_bytes_per_minute: 1_000,
        ..MailLimits::default()
    })
    .await;
    let mut client = by_bytes.client_in_data().await;
    client.send("0123456789\r\n".repeat(90)).await;
    client.ask(".", "250 2.0.0").await;
    client.ask("MAIL FROM:<>", "450 4.7.0").await;

    let by_mailbox = Served::start(MailLimits {
        mailbox_mails_per_minute: 1,
        party_mails_per_minute: 2,
        ..MailLimits::default()
    })
    .await;
    let mut client = by_mailbox.client().await;
    client.begin("requests").await;
    client
        .ask("RCPT TO:<requests@in.alpha.example>", "450 4.2.1")
        .await;
    client.ask("RCPT TO:<pings@in.alpha.example>", "250").await;
    client
        .ask("RCPT TO:<postmaster@in.alpha.example>", "250")
        .await;
    client
        .ask("RCPT TO:<pings@in.alpha.example>", "450 4.2.1")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn relays_are_not_counted_as_a_network() {
    let mut settings = settings(MailLimits {
        address_connections_max: 1,
        network_mails_per_minute: 1,
        ..MailLimits::default()
    });
    settings.relays = vec![[127, 0, 0, 1].into()];
    let served = Served::start_with(Protocol::Smtp, settings, None).await;
    let mut one = served.client().await;
    one.begin("requests").await;
    let mut two = served.client().await;
    two.begin("requests").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_held_back_longer_and_longer_but_not_for_ever() {
    let mut settings = settings(MailLimits {
        errors_max: 100,
        ..MailLimits::default()
    });
    settings.limits.error_delay = Duration::from_millis(40);
    let served = Served::start_with(Protocol::Smtp, settings, None).await;
    let mut client = served.client().await;
    let mut took = Vec::new();
    for _ in 0..12 {
        let began = Instant::now();
        client.ask("FOO", "500").await;
        took.push(began.elapsed());
    }
    assert!(took[2] >= Duration::from_millis(40), "{took:?}");
    assert!(took[6] >= Duration::from_millis(200), "{took:?}");
    assert!(took[11] < Duration::from_secs(5), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_every_place_is_taken_by_the_slow_a_sender_still_gets_through() {
    let served = Served::start(MailLimits {
        connections_max: 20,
        network_connections_max: 10,
        address_connections_max: 10,
        ..MailLimits::default()
    })
    .await;
    let mut slow = Vec::new();
    for number in 0..20 {
        let mut client = served.client_from([127, 0, 1 + number / 8, 1]).await;
        client.expect("220").await;
        slow.push(client);
    }
    let mut sender = served.client_from([127, 0, 200, 1]).await;
    sender.expect("220").await;
    sender.begin("requests").await;
    sender.ask("DATA", "354 ").await;
    sender.ask("a\r\n.", "250 2.0.0").await;
    assert_eq!(served.kept().len(), 1);
    let mut gone = 0;
    for client in &mut slow {
        if let Ok(reply) = tokio::time::timeout(Duration::from_millis(20), client.reply()).await {
            assert!(
                reply.starts_with("421 4.3.2 Too many connections"),
                "{reply}"
            );
            gone += 1;
        }
    }
    assert_eq!(gone, 1, "one gave way, and no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_takes_leave() {
    let served = Served::start(MailLimits::default()).await;
    let mut idle = served.client().await;
    let mut sending = served.client_in_data().await;
    let address = served.address;
    served.server.stop().await;
    idle.expect("421 4.3.2").await;
    sending.expect("421 4.3.2").await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
