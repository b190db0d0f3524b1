//! What a stranger learns by guessing addresses over SMTP: from a million local parts, and from the time of each refusal.
//!
//! A server of this process answers on loopback, over the intake and the rows of a node, with the limits that hold a guesser back
//! taken away: nothing may depend on them. Addresses of each kind are asked for in turns, in another order each round, so that
//! whatever else the machine does falls on all of them alike. Then the node is asked the same without a server, where a
//! difference would be seen that the network hides.
//!
//! In scope: replies and their times. Out of scope: limits (`flood`).

mod statistics;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use comity_mail::token;
use comity_node::clock::{Clock, random_bytes};
use comity_node::folder::{self, Identity, Place as Stored};
use comity_node::mail::Protocol;
use comity_node::mail::intake::{IntakeSettings, MailIntake};
use comity_node::mail::recipients::{Designated, Mailboxes};
use comity_node::node::{Node, NodeLimits};
use comity_store::state::State;
use comity_store::state::address::{self as rows, AddressRow};
use comity_store::state::party::{self, PartyRow};
use comity_transport::smtp::server::settings::{MailLimits, MailServerSettings};
use comity_transport::smtp::server::{Listen, MailServer, Place};
use serde_json::{Value, json};

use crate::Failed;
use crate::client::due;
use statistics::Comparison;

const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
const DOMAIN: &str = "in.alpha.example";
/// So many addresses of a kind, asked for in turn.
const OF_A_KIND: usize = 16;
/// So many guesses go out before their replies are read.
const BATCH: usize = 200;
const NOBODY: &str = "550 5.1.1 Nobody here has that address\r\n";

/// Addresses of one kind.
struct Kind {
    name: &'static str,
    /// None: another random one each time.
    locals: Option<Vec<String>>,
    domain: &'static str,
}

/// Runs both parts.
pub(crate) fn run(rounds: usize, guesses: usize) -> Result<Value, Failed> {
    let folder = tempfile::tempdir()?;
    let (node, state) = open(&folder.path().join("node"))?;
    let kinds = kinds(&node, &state)?;
    let live = address(&node, &state, |_| {})?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let server = runtime.block_on(serve(&node))?;
    let place = server
        .listening()
        .first()
        .map(|listen| listen.place.clone());
    let Some(Place::Tcp(place)) = place else {
        return Err("the server listens nowhere".into());
    };
    let mut session = Session::open(place)?;
    let over_smtp = in_turns(&kinds, rounds, |local, domain| {
        session.refused(local, domain)
    })?;
    let now = Clock::System.now().div_euclid(1_000_000);
    let in_node = in_turns(&kinds, rounds, |local, domain| {
        let began = Instant::now();
        let found = node.mail_recipient(local, domain, now)?;
        let took = began.elapsed();
        found.map_or(Ok(took), |_| Err(format!("{local} is taken").into()))
    })?;
    let began = Instant::now();
    let taken = session.guess(guesses, &live)?;
    let figures = json!({
        "rounds": rounds,
        "over_smtp": over_smtp,
        "in_node": in_node,
        "guesses": guesses,
        "guesses_taken": taken,
        "guesses_seconds": began.elapsed().as_secs_f64(),
    });
    drop(session);
    runtime.block_on(server.stop());
    node.close()?;
    Ok(figures)
}

/// A purpose and as many random letters as a token has.
pub(crate) fn random_local(purpose: &str) -> String {
    let letters = random_bytes::<32>().map(|byte| {
        let place = usize::from(byte) % LETTERS.len();
        char::from(*LETTERS.get(place).unwrap_or(&b'a'))
    });
    format!("{purpose}+{}", letters.iter().collect::<String>())
}

/// The first is what the others are compared with, the second says how far apart two of the same are, the last that the measure
/// would see a difference: a domain that is not ours is refused without a look at the addresses.
fn kinds(node: &Node, state: &State) -> Result<Vec<Kind>, Failed> {
    let now = Clock::System.now().div_euclid(1_000_000);
    let random = |name| Kind {
        name,
        locals: None,
        domain: DOMAIN,
    };
    let made = |name, change: &dyn Fn(&mut AddressRow)| {
        let locals = (0..OF_A_KIND).map(|_| address(node, state, change));
        Ok::<_, Failed>(Kind {
            name,
            locals: Some(locals.collect::<Result<_, _>>()?),
            domain: DOMAIN,
        })
    };
    let forged = |kind: Kind| Kind {
        locals: kind
            .locals
            .map(|locals| locals.iter().map(|local| forged(local)).collect()),
        ..kind
    };
    Ok(vec![
        random("unknown"),
        random("unknown again"),
        made("expired", &|row| row.expires = Some(now - 60))?,
        made("revoked", &|row| "revoked".clone_into(&mut row.standing))?,
        made("used up", &|row| row.uses_allowed = Some(0))?,
        forged(made("forged", &|_| {})?),
        Kind {
            name: "another domain",
            locals: None,
            domain: "in.bravo.example",
        },
    ])
}

/// Every kind once a round, in another order each round; the times of each kind beside the first.
fn in_turns(
    kinds: &[Kind],
    rounds: usize,
    mut ask: impl FnMut(&str, &str) -> Result<Duration, Failed>,
) -> Result<Vec<Value>, Failed> {
    let mut times = vec![Vec::with_capacity(rounds); kinds.len()];
    let warm = rounds / 20;
    for round in 0..rounds + warm {
        let mut order: Vec<usize> = (0..kinds.len()).collect();
        for (place, byte) in (1..order.len()).rev().zip(random_bytes::<16>()) {
            order.swap(place, usize::from(byte) % (place + 1));
        }
        for index in order {
            let (Some(kind), Some(times)) = (kinds.get(index), times.get_mut(index)) else {
                continue;
            };
            let local = match &kind.locals {
                Some(locals) => locals.get(round % OF_A_KIND).cloned().unwrap_or_default(),
                None => random_local("reply"),
            };
            let took = ask(&local, kind.domain)?;
            if round >= warm {
                times.push(took);
            }
        }
    }
    let reference = times.first().ok_or("no kinds")?;
    let each = kinds.iter().zip(&times);
    Ok(each
        .map(|(kind, times)| Comparison::of(times, reference).told(kind.name))
        .collect())
}

/// A session over which is asked.
struct Session {
    stream: BufReader<TcpStream>,
    line: String,
}

impl Session {
    fn open(server: SocketAddr) -> Result<Self, Failed> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        let mut session = Self {
            stream: BufReader::new(stream),
            line: String::new(),
        };
        due("greeting", session.reply()?, "220 ")?;
        // HELO is answered in one line.
        for (line, begins) in [("HELO guess.example", "250 "), ("MAIL FROM:<>", "250 ")] {
            session
                .stream
                .get_mut()
                .write_all(format!("{line}\r\n").as_bytes())?;
            due(line, session.reply()?, begins)?;
        }
        Ok(session)
    }

    fn reply(&mut self) -> Result<&str, Failed> {
        self.line.clear();
        self.stream.read_line(&mut self.line)?;
        Ok(&self.line)
    }

    /// How long the refusal of an address takes; it is an error when it is not refused, or in other words.
    fn refused(&mut self, local: &str, domain: &str) -> Result<Duration, Failed> {
        let line = format!("RCPT TO:<{local}@{domain}>\r\n");
        let began = Instant::now();
        self.stream.get_mut().write_all(line.as_bytes())?;
        self.reply()?;
        let took = began.elapsed();
        due(&line, &self.line, NOBODY)?;
        Ok(took)
    }

    /// Random local parts of each purpose, and every tenth a live address with letters changed; how many were taken.
    fn guess(&mut self, guesses: usize, live: &str) -> Result<usize, Failed> {
        let purposes = token::Purpose::ALL.map(token::Purpose::word);
        let (mut made, mut taken) = (0, 0);
        while made < guesses {
            let batch = BATCH.min(guesses - made);
            let mut lines = String::new();
            for number in made..made + batch {
                let purpose = purposes.get(number % purposes.len()).unwrap_or(&"reply");
                let random = random_local(purpose);
                let local = match (
                    number % 10,
                    live.split_at_checked(live.len() - 8),
                    random.get(random.len() - 8..),
                ) {
                    // As many letters as its MAC has at the least.
                    (0, Some((kept, _)), Some(tail)) => format!("{kept}{tail}"),
                    _ => random,
                };
                let _ = write!(lines, "RCPT TO:<{local}@{DOMAIN}>\r\n");
            }
            self.stream.get_mut().write_all(lines.as_bytes())?;
            for _ in 0..batch {
                let reply = self.reply()?;
                taken += usize::from(reply != NOBODY);
                if reply.is_empty() {
                    return Err("the server went away".into());
                }
            }
            made += batch;
        }
        Ok(taken)
    }
}

async fn serve(node: &Node) -> Result<MailServer, Failed> {
    let settings = IntakeSettings {
        domain: DOMAIN.to_owned(),
        recipients: vec![
            Arc::new(Mailboxes::parse("postmaster")),
            Arc::new(Designated::new(node.clone())),
        ],
        reserve_bytes: 0,
    };
    let told = MailServerSettings {
        hostname: "mx.alpha.example".to_owned(),
        limits: MailLimits {
            errors_max: u32::MAX,
            error_delay: Duration::ZERO,
            ..MailLimits::default()
        },
        ..MailServerSettings::default()
    };
    let listen = Listen {
        protocol: Protocol::Smtp,
        place: Place::Tcp("127.0.0.1:0".parse()?),
    };
    let intake = Arc::new(MailIntake::new(node.clone(), settings));
    Ok(MailServer::start(intake, told, vec![listen], None).await?)
}

/// A node that knows one party, and a second look at its rows.
fn open(path: &Path) -> Result<(Node, State), Failed> {
    let identity = Identity {
        party: "alpha".to_owned(),
        domain: "alpha.example".to_owned(),
    };
    folder::init(path, &Stored::Embedded, &identity, None, "")?;
    let state = State::open_embedded(path)?;
    let row = PartyRow {
        name: "bravo".to_owned(),
        state: "verified".to_owned(),
        origin: "bravo.example/log".to_owned(),
        card: Vec::new(),
        serial: 1,
        changed: 0,
        link_url: None,
        last_sent: 0,
        last_heard: 0,
    };
    state.write(|tx| party::put(tx, &row))?;
    let opened = folder::open(path, &Stored::Embedded, &Clock::System)?;
    let node = Node::new(opened, Clock::System, NodeLimits::default());
    Ok((node, state))
}

/// Makes an address and changes its row; answers its local part.
fn address(node: &Node, state: &State, change: impl Fn(&mut AddressRow)) -> Result<String, Failed> {
    let address = node.reply_address("bravo", None, "timing", 30)?;
    let (local, _) = address.split_once('@').ok_or("an address")?;
    let id = token::read(local).token.id();
    let row = state.read(|tx| rows::find(tx, id.as_bytes()))?;
    let mut row = row.ok_or("the row of the address")?;
    change(&mut row);
    state.write(|tx| rows::change(tx, &row))?;
    Ok(local.to_owned())
}

/// The same address with another letter in its MAC.
fn forged(local: &str) -> String {
    let mut letters: Vec<char> = local.chars().collect();
    let place = letters.len().saturating_sub(4);
    if let Some(letter) = letters.get_mut(place) {
        *letter = if *letter == 'a' { 'b' } else { 'a' };
    }
    letters.into_iter().collect()
}
