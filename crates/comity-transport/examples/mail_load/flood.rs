//! Legitimate mail beside a flood: a thousand senders that send next to nothing, and ten thousand guesses at addresses.
//!
//! Every one of the flood comes from a network of its own, which is the most that limits by network can be asked to bear. Legitimate
//! mail comes from four networks, one connection a mail, as from mail servers that have one now and then; when it is told to
//! come back it does so after [`AGAIN`], and its time counts from the first attempt.
//!
//! In scope: times of legitimate mail without and with the flood, what became of the flood. Out of scope: the server.
//! Limits: the flood ends when its guesses are answered, at the latest after the seconds that are named.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::{Client, stuffed};
use crate::figures::percentile;
use crate::{Failed, corpus};

const SLOW: u16 = 1_000;
const GUESSERS: u16 = 1_000;
const GUESSES: usize = 10_000;
/// How long legitimate mail is measured without a flood, and at least with it.
const QUIET: Duration = Duration::from_secs(20);
/// Pause of a legitimate sender between its mails.
const PAUSE: Duration = Duration::from_millis(400);
/// When somebody who was told to come back does so.
const AGAIN: Duration = Duration::from_millis(500);
/// A slow sender sends a byte as often as that.
const TRICKLE: Duration = Duration::from_millis(500);

/// What the flood counts.
#[derive(Default)]
struct Counts {
    guesses: AtomicUsize,
    taken: AtomicUsize,
    guessers_away: AtomicUsize,
    slow_in: AtomicUsize,
    slow_away: AtomicUsize,
    over: AtomicBool,
}

/// Who is served.
#[derive(Clone)]
struct Server {
    address: SocketAddr,
    recipient: Arc<str>,
    mails: Arc<Vec<Vec<u8>>>,
}

/// Runs both phases.
pub(crate) fn run(
    (address, recipient): (SocketAddr, &str),
    folder: &Path,
    seconds: u64,
) -> Result<Value, Failed> {
    let mails = corpus::read(folder)?
        .into_iter()
        .map(|(_, mail)| mail)
        .collect();
    let server = Server {
        address,
        recipient: Arc::from(recipient),
        mails: Arc::new(mails),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let figures = runtime.block_on(phases(server, Duration::from_secs(seconds)));
    runtime.shutdown_background();
    figures
}

async fn phases(server: Server, longest: Duration) -> Result<Value, Failed> {
    let quiet = legitimate(&server, "quiet", Arc::new(AtomicBool::new(false)), QUIET).await?;
    let counts = Arc::new(Counts::default());
    let mut flood = JoinSet::new();
    for number in 0..SLOW {
        flood.spawn(slow(server.clone(), number, Arc::clone(&counts)));
    }
    for number in 0..GUESSERS {
        flood.spawn(guesser(server.clone(), number, Arc::clone(&counts)));
    }
    // Until they have come, the flood is none.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let began = Instant::now();
    let over = Arc::new(AtomicBool::new(false));
    let (ends, done) = (Arc::clone(&over), Arc::clone(&counts));
    flood.spawn(async move {
        while began.elapsed() < longest
            && (began.elapsed() < QUIET || done.guesses.load(Ordering::Relaxed) < GUESSES)
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        ends.store(true, Ordering::Relaxed);
    });
    let flooded = legitimate(&server, "flooded", over, longest * 2).await?;
    counts.over.store(true, Ordering::Relaxed);
    flood.abort_all();
    let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    Ok(json!({
        "quiet": quiet,
        "flooded": flooded,
        "seconds": began.elapsed().as_secs_f64(),
        "guesses": count(&counts.guesses),
        "guesses_taken": count(&counts.taken),
        "guessers_sent_away": count(&counts.guessers_away),
        "slow_senders_in": count(&counts.slow_in),
        "slow_senders_sent_away": count(&counts.slow_away),
    }))
}

/// Four senders, until it is over or the time is.
async fn legitimate(
    server: &Server,
    mark: &'static str,
    over: Arc<AtomicBool>,
    longest: Duration,
) -> Result<Value, Failed> {
    let mut all = JoinSet::new();
    let ends = Instant::now() + longest;
    for sender in 0..4_u8 {
        let (server, over) = (server.clone(), Arc::clone(&over));
        all.spawn(async move {
            let (mut times, mut again) = (Vec::new(), 0_usize);
            let mut number = usize::from(sender);
            while !over.load(Ordering::Relaxed) && Instant::now() < ends {
                let began = Instant::now();
                while !deliver(&server, Ipv4Addr::new(127, 200, sender, 1), mark, number).await? {
                    again += 1;
                    tokio::time::sleep(AGAIN).await;
                }
                times.push(began.elapsed());
                number += 4;
                tokio::time::sleep(PAUSE).await;
            }
            Ok::<_, Failed>((times, again))
        });
    }
    let (mut times, mut again) = (Vec::new(), 0);
    while let Some(done) = all.join_next().await {
        let (some, more) = done??;
        times.extend(some);
        again += more;
    }
    Ok(json!({
        "mails": times.len(),
        "told_to_come_back": again,
        "p50_ms": percentile(&mut times, 50),
        "p95_ms": percentile(&mut times, 95),
        "longest_ms": percentile(&mut times, 100),
    }))
}

/// One mail over a connection of its own; `false` when the server told to come back, which is no refusal. A refusal is an error.
async fn deliver(
    server: &Server,
    from: Ipv4Addr,
    mark: &str,
    number: usize,
) -> Result<bool, Failed> {
    let mail = server.mails.get(number % server.mails.len().max(1));
    let mail = stuffed(
        &format!("X-Bench: {mark} {number}\r\n"),
        mail.map_or(&[], Vec::as_slice),
    );
    let Ok(mut client) = Client::open(server.address, from).await else {
        return Ok(false);
    };
    let greeting = client.reply().await?;
    if !goes_on(greeting.as_deref(), "220 ")? {
        return Ok(false);
    }
    let recipient = format!("RCPT TO:<{}>", server.recipient);
    let lines = [
        "EHLO mx.bravo.example",
        "MAIL FROM:<duty@bravo.example>",
        &recipient,
        "DATA",
    ];
    for (line, begins) in lines.into_iter().zip(["250 ", "250 ", "250 ", "354 "]) {
        if !goes_on(client.ask(line).await?.as_deref(), begins)? {
            return Ok(false);
        }
    }
    client.send(&mail).await?;
    if !goes_on(client.reply().await?.as_deref(), "250 ")? {
        return Ok(false);
    }
    client.ask("QUIT").await?;
    Ok(true)
}

/// Whether the reply is the one that is due; `false` for "come back", or a connection that ended.
fn goes_on(reply: Option<&str>, begins: &str) -> Result<bool, Failed> {
    match reply {
        Some(reply) if reply.starts_with(begins) => Ok(true),
        Some(reply) if !reply.starts_with("421 ") => {
            Err(format!("legitimate mail was refused: {reply:?}").into())
        }
        Some(_) | None => Ok(false),
    }
}

/// A network of its own for each.
fn network(first: u8, number: u16) -> Ipv4Addr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(127, first + high, low, 1)
}

/// Begins a mail, sends a byte of it now and then, comes back when it was sent away.
async fn slow(server: Server, number: u16, counts: Arc<Counts>) {
    let from = network(20, number);
    let hello = format!(
        "EHLO slow.example\r\nMAIL FROM:<>\r\nRCPT TO:<{}>\r\nDATA\r\n",
        server.recipient
    );
    while !counts.over.load(Ordering::Relaxed) {
        if let Ok(mut client) = Client::open(server.address, from).await {
            counts.slow_in.fetch_add(1, Ordering::Relaxed);
            let mut goes = client.send(hello.as_bytes()).await.unwrap_or(false);
            while goes {
                tokio::time::sleep(TRICKLE).await;
                goes = client.send(b"a").await.unwrap_or(false);
            }
            counts.slow_away.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Guesses until all guesses are made: every other one only twice a connection, before guesses are held back.
async fn guesser(server: Server, number: u16, counts: Arc<Counts>) {
    let from = network(40, number);
    let most = if number.is_multiple_of(2) { 2 } else { 20 };
    while counts.guesses.load(Ordering::Relaxed) < GUESSES {
        let asked = guesses(&server, from, most, &counts).await;
        if asked.is_err() || asked.is_ok_and(|answered| answered == 0) {
            counts.guessers_away.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(AGAIN).await;
        }
    }
}

/// Guesses over one connection; how many were answered.
async fn guesses(
    server: &Server,
    from: Ipv4Addr,
    most: usize,
    counts: &Counts,
) -> Result<usize, Failed> {
    let mut client = Client::open(server.address, from).await?;
    client.reply().await?.ok_or("gone")?;
    client.ask("EHLO guess.example").await?.ok_or("gone")?;
    client.ask("MAIL FROM:<>").await?.ok_or("gone")?;
    let domain = server
        .recipient
        .rsplit_once('@')
        .map_or("", |(_, domain)| domain);
    let mut answered = 0;
    while answered < most {
        let local = crate::guess::random_local("request");
        let reply = client.ask(&format!("RCPT TO:<{local}@{domain}>")).await?;
        match reply.as_deref().map(|reply| reply.get(..3)) {
            Some(Some("550")) => {
                counts.guesses.fetch_add(1, Ordering::Relaxed);
            }
            Some(Some("250")) => {
                counts.taken.fetch_add(1, Ordering::Relaxed);
            }
            Some(_) | None => break,
        }
        answered += 1;
    }
    Ok(answered)
}
