//! Mails of a corpus to a server, over so many connections at once, as fast as it takes them.
//!
//! Each mail gets a field of its own in front, so that no two are the same bytes. A mail counts when the server said 250 for it.
//!
//! In scope: SMTP with pipelined commands (RFC 2920), one mail after the other on each connection. Out of scope: the server.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::{Client, due, stuffed};
use crate::figures::{float, percentile};
use crate::{Failed, corpus};

/// Sends the mails with these numbers; those beyond the corpus begin at its front again, as other bytes.
pub(crate) fn run(
    (server, recipient): (SocketAddr, &str),
    folder: &Path,
    clients: usize,
    part: Range<usize>,
) -> Result<Value, Failed> {
    let mails = corpus::read(folder)?;
    let sent: Arc<Vec<Vec<u8>>> = Arc::new(
        part.map(|number| {
            let place = number % mails.len().max(1);
            let mail = mails
                .get(place)
                .map_or(&[][..], |(_, mail)| mail.as_slice());
            stuffed(&format!("X-Bench: {number}\r\n"), mail)
        })
        .collect(),
    );
    let bytes: usize = sent.iter().map(Vec::len).sum();
    let next = Arc::new(AtomicUsize::new(0));
    let recipient: Arc<str> = Arc::from(recipient);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let began = Instant::now();
    let mut times: Vec<Duration> = runtime.block_on(async {
        let mut all = JoinSet::new();
        for _ in 0..clients {
            let (sent, next, recipient) =
                (Arc::clone(&sent), Arc::clone(&next), Arc::clone(&recipient));
            all.spawn(async move { connection(server, &recipient, &sent, &next).await });
        }
        let mut times = Vec::new();
        while let Some(done) = all.join_next().await {
            times.extend(done??);
        }
        Ok::<_, Failed>(times)
    })?;
    let seconds = began.elapsed().as_secs_f64();
    Ok(json!({
        "mails": times.len(),
        "bytes": bytes,
        "seconds": seconds,
        "per_second": float(times.len()) / seconds,
        "p50_ms": percentile(&mut times, 50),
        "p95_ms": percentile(&mut times, 95),
    }))
}

async fn connection(
    server: SocketAddr,
    recipient: &str,
    sent: &[Vec<u8>],
    next: &AtomicUsize,
) -> Result<Vec<Duration>, Failed> {
    let mut client = Client::open(server, Ipv4Addr::LOCALHOST).await?;
    due(
        "greeting",
        &client.reply().await?.unwrap_or_default(),
        "220 ",
    )?;
    client.expect("EHLO mx.cert-a.example", "250 ").await?;
    let mut times = Vec::new();
    while let Some(mail) = sent.get(next.fetch_add(1, Ordering::Relaxed)) {
        let began = Instant::now();
        let commands =
            format!("MAIL FROM:<bounce@cert-a.example>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n");
        client.send(commands.as_bytes()).await?;
        for begins in ["250 ", "250 ", "354 "] {
            due(
                "MAIL, RCPT, DATA",
                &client.reply().await?.unwrap_or_default(),
                begins,
            )?;
        }
        client.send(mail).await?;
        due(
            "the mail",
            &client.reply().await?.unwrap_or_default(),
            "250 ",
        )?;
        times.push(began.elapsed());
    }
    client.ask("QUIT").await?;
    Ok(times)
}
