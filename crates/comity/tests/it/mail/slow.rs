//! Two hundred senders that send next to nothing, and one that has a mail.
//!
//! In scope: that the mail gets through, soon, and what the node uses meanwhile. Out of scope: how many more would be too many (a
//! bench).

use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};

use super::client::Client;
use super::{mails, node_with_mail, takes_mail};
use crate::exchange::party::until_within;
use crate::node::Store;

const SLOW: u8 = 200;
/// What a mail may take on a machine that is busy with other tests; without places for it, it would wait for minutes.
const SECONDS_MAX: u64 = 30;

/// A connection from a network of its own.
async fn connection(address: SocketAddr, number: u8) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind(SocketAddr::from(([127, 1, number, 1], 0)))
        .unwrap();
    socket.connect(address).await.ok()
}

/// Begins a mail and sends a byte of it now and then, until it is told to go.
async fn trickle(address: SocketAddr, number: u8, ready: mpsc::Sender<()>) {
    let Some(mut stream) = connection(address, number).await else {
        return;
    };
    let hello =
        b"EHLO slow.example\r\nMAIL FROM:<>\r\nRCPT TO:<abuse@in.alpha.example>\r\nDATA\r\n";
    if stream.write_all(hello).await.is_err() {
        return;
    }
    let _ = ready.send(());
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        if stream.write_all(b"a").await.is_err() {
            return;
        }
    }
}

/// Tries to leave a mail; nothing when it is told to come back in a moment, as a mail server would.
fn deliver(address: SocketAddr, round: u32) -> Option<()> {
    let mut client = Client::over(std::net::TcpStream::connect(address).ok()?);
    client.reply().filter(|reply| reply.starts_with("220 "))?;
    let mail = format!("Subject: {round}\r\n\r\nurgent\r\n.");
    for (line, begins) in [
        ("EHLO mx.bravo.example", "250-"),
        ("MAIL FROM:<duty@bravo.example>", "250"),
        ("RCPT TO:<postmaster@in.alpha.example>", "250"),
        ("DATA", "354"),
        (&mail, "250 2.0.0 Kept"),
    ] {
        let reply = client.try_ask(line)?;
        if !reply.starts_with(begins) {
            assert!(reply.starts_with("421 4.3.2"), "{line}: {reply}");
            return None;
        }
    }
    Some(())
}

#[test]
fn two_hundred_slow_senders_do_not_keep_a_mail_out() {
    let node = node_with_mail(
        Store::Embedded,
        &[
            ("mail", "connections_max", "100"),
            ("mail", "mailbox_mails_per_minute", "10000"),
        ],
    );
    let address = takes_mail(&node, "smtp");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (send, heard) = mpsc::channel();
    for number in 0..SLOW {
        runtime.spawn(trickle(address, number, send.clone()));
    }
    drop(send);
    // They have all places: whoever comes now takes one from them.
    assert!(heard.iter().take(SLOW.into()).count() >= 100);
    let began = Instant::now();
    for round in 0..5 {
        until_within(Duration::from_secs(SECONDS_MAX), "a mail is kept", || {
            deliver(address, round)
        });
    }
    let took = began.elapsed();
    println!("five mails beside {SLOW} slow senders: {took:?}");
    assert!(took < Duration::from_secs(SECONDS_MAX), "{took:?}");
    assert_eq!(mails(&node).len(), 5);
    runtime.shutdown_background();
}

#[test]
fn many_who_guess_addresses_learn_nothing_and_are_sent_away() {
    let node = node_with_mail(Store::Embedded, &[]);
    let address = takes_mail(&node, "smtp");
    let mut refused = 0;
    for round in 0..30 {
        let mut client = Client::greeted(address);
        client.ask("EHLO guess.example", "250-");
        client.ask("MAIL FROM:<>", "250");
        loop {
            let said = client
                .try_ask(&format!("RCPT TO:<x{round}-{refused}@in.alpha.example>"))
                .unwrap();
            if said.starts_with("421 4.7.0") {
                break;
            }
            assert_eq!(said, "550 5.1.1 Nobody here has that address\r\n");
            refused += 1;
        }
    }
    assert_eq!(refused, 30 * 9);
    assert!(mails(&node).is_empty());
}
