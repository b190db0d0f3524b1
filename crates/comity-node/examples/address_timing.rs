//! Measures what a stranger could: `address_timing` prints the median time of a question for each reason why mail is not
//! taken, and of one that is taken, and tries a million random local parts.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use comity_mail::token;
use comity_node::clock::{Clock, random_bytes};
use comity_node::folder::{self, Identity, Place};
use comity_node::node::{Node, NodeLimits};
use comity_store::state::State;
use comity_store::state::address::{self as rows, AddressRow};
use comity_store::state::party::{self, PartyRow};

const ROUNDS: usize = 10_000;
const GUESSES: usize = 1_000_000;
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
const DOMAIN: &str = "in.alpha.example";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("node");
    let (node, state) = open(&path)?;
    let now = Clock::System.now().div_euclid(1_000_000);
    let questions = [
        ("taken", make(&node, &state, |_| {})?),
        (
            "expired",
            make(&node, &state, |row| row.expires = Some(now - 60))?,
        ),
        (
            "revoked",
            make(&node, &state, |row| "revoked".clone_into(&mut row.standing))?,
        ),
        (
            "used up",
            make(&node, &state, |row| row.uses_allowed = Some(0))?,
        ),
        ("bad MAC", forged(&make(&node, &state, |_| {})?)),
        ("unknown", guess("reply")),
        ("no address", "postmaster".to_owned()),
    ];
    let mut times = vec![Vec::with_capacity(ROUNDS); questions.len()];
    for _ in 0..ROUNDS {
        for ((_, local), times) in questions.iter().zip(&mut times) {
            times.push(ask(&node, local, now)?.0);
        }
    }
    for ((why, _), times) in questions.iter().zip(&mut times) {
        times.sort_unstable();
        let at = |part: usize| {
            times
                .get(times.len() * part / 100)
                .copied()
                .unwrap_or_default()
        };
        println!(
            "{why:>10}: median {:?}, from {:?} to {:?} in nine of ten",
            at(50),
            at(5),
            at(95)
        );
    }
    let began = Instant::now();
    let mut taken = 0;
    for _ in 0..GUESSES {
        taken += usize::from(ask(&node, &guess("request"), now)?.1);
    }
    println!(
        "{GUESSES} random local parts: {taken} taken, {:?}",
        began.elapsed()
    );
    node.close()?;
    Ok(())
}

/// A node that knows one party, and a second look at its rows.
fn open(path: &Path) -> Result<(Node, State), Box<dyn Error>> {
    let identity = Identity {
        party: "alpha".to_owned(),
        domain: "alpha.example".to_owned(),
    };
    folder::init(path, &Place::Embedded, &identity, None, "")?;
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
    let opened = folder::open(path, &Place::Embedded, &Clock::System)?;
    let node = Node::new(opened, Clock::System, NodeLimits::default());
    Ok((node, state))
}

/// Makes an address and changes its row; answers its local part.
fn make(
    node: &Node,
    state: &State,
    change: impl Fn(&mut AddressRow),
) -> Result<String, Box<dyn Error>> {
    let address = node.reply_address("bravo", None, "timing", 30)?;
    let (local, _) = address.split_once('@').ok_or("an address")?;
    let id = token::read(local).token.id();
    let mut row = state
        .read(|tx| rows::find(tx, id.as_bytes()))?
        .ok_or("the row of the address")?;
    change(&mut row);
    state.write(|tx| rows::change(tx, &row))?;
    Ok(local.to_owned())
}

/// The same address with another last letter.
fn forged(local: &str) -> String {
    let mut forged = local.to_owned();
    let last = if forged.pop() == Some('a') { 'b' } else { 'a' };
    forged.push(last);
    forged
}

fn guess(purpose: &str) -> String {
    let letters = random_bytes::<32>().map(|byte| {
        let place = usize::from(byte) % LETTERS.len();
        char::from(*LETTERS.get(place).unwrap_or(&b'a'))
    });
    format!("{purpose}+{}", letters.iter().collect::<String>())
}

fn ask(node: &Node, local: &str, now: i64) -> Result<(Duration, bool), Box<dyn Error>> {
    let began = Instant::now();
    let found = node.mail_recipient(local, DOMAIN, now)?;
    Ok((began.elapsed(), found.is_some()))
}
