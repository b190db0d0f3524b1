//! `cargo xtask bench link`: two nodes on this machine, under an accord.
//!
//! In scope: from a POST at one node to the page of the other, with the receipt in its ledger; sustained objects; the size of
//! what proves it. Out of scope: slow or broken networks (the tests).

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::ingest::float;
use crate::bench::node::BenchNode;
use crate::bench::objects::envelope_marked;
use crate::failure::Failure;
use crate::tree;

/// Posts whose way is timed.
const POSTS: usize = 200;
/// Objects of the sustained part, and how many go with one request.
const OBJECTS: usize = 20_000;
const BATCH: usize = 1_000;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Runs the bench.
pub(crate) fn run() -> Result<(), Failure> {
    let folder = tree::target_directory(&tree::root()?)?.join("bench-link");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    let mut alpha = BenchNode::make_party(&folder.join("alpha"), "alpha")?;
    let mut bravo = BenchNode::make_party(&folder.join("bravo"), "bravo")?;
    enrol(&mut alpha, &mut bravo, &folder, |address| {
        Ok(address.to_owned())
    })?;
    agree(&alpha, &bravo, &folder)?;
    alpha.command(
        &["share", "--collection", &alpha.collection, "--to", "bravo"],
        "",
    )?;
    first(&alpha, &mut bravo)?;
    latency(&alpha, &bravo, &folder)?;
    sustained(&alpha, &bravo)?;
    sizes(&alpha)
}

/// An address of this machine where nobody listens.
pub(super) fn free() -> Result<String, Failure> {
    let bound = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|held| held.local_addr());
    Ok(bound
        .map_err(|error| Failure::new(format!("no port: {error}")))?
        .to_string())
}

pub(super) fn enrol(
    alpha: &mut BenchNode,
    bravo: &mut BenchNode,
    folder: &Path,
    reached: impl Fn(&str) -> Result<String, Failure>,
) -> Result<(), Failure> {
    let addresses = [free()?, free()?];
    for (node, address) in [&*alpha, &*bravo].into_iter().zip(&addresses) {
        let url = reached(address)?;
        node.set(&format!("\nurl = \"http://{url}\"\n"))?;
    }
    for (from, to, name) in [
        (&*alpha, &*bravo, "alpha.card"),
        (&*bravo, &*alpha, "bravo.card"),
    ] {
        let path = folder.join(name);
        let card = from.command(&["party", "invite"], "")?;
        std::fs::write(&path, card).map_err(|error| Failure::at(&path, &error))?;
        to.command(&["party", "accept", &path.display().to_string()], "")?;
    }
    for (reads, types, reader) in [(&*alpha, &*bravo, "alpha"), (&*bravo, &*alpha, "bravo")] {
        let aloud = json(reads, &["party", "list"])?;
        let aloud = aloud
            .pointer("/0/read_aloud")
            .and_then(Value::as_str)
            .unwrap_or_default();
        types.command(&["party", "verify", reader, aloud], "")?;
    }
    for (node, address) in [alpha, bravo].into_iter().zip(&addresses) {
        node.start_at(address)?;
    }
    Ok(())
}

pub(super) fn agree(alpha: &BenchNode, bravo: &BenchNode, folder: &Path) -> Result<(), Failure> {
    until("enrolment", || {
        let state = json(alpha, &["party", "list"])?;
        Ok(state.pointer("/0/state").and_then(Value::as_str) == Some("verified"))
    })?;
    let path = folder.join("accord.toml");
    let text = alpha.command(&["accord", "draft", "bravo"], "")?;
    std::fs::write(&path, text).map_err(|error| Failure::at(&path, &error))?;
    alpha.command(&["accord", "propose", &path.display().to_string()], "")?;
    until("the proposal", || {
        Ok(bravo
            .command(&["accord", "sign", "alpha-bravo"], "")
            .is_ok())
    })?;
    until("the accord", || {
        let state = json(alpha, &["accord", "list"])?;
        Ok(state.pointer("/0/standing").and_then(Value::as_str) == Some("in force"))
    })
}

/// The first object makes the collection at bravo, which the bench's account is let into.
fn first(alpha: &BenchNode, bravo: &mut BenchNode) -> Result<(), Failure> {
    post(alpha, 1, 0, 1)?;
    let seen = |bravo: &BenchNode| {
        let all = json(bravo, &["collection", "list"])?;
        let mut all = all.as_array().cloned().unwrap_or_default().into_iter();
        let held = all.find(|one| one.get("alias").and_then(Value::as_str) == Some("from-alpha"));
        let id = held.and_then(|one| one.get("id").and_then(Value::as_str).map(str::to_owned));
        Ok::<_, Failure>(id)
    };
    until("the first object", || Ok(seen(bravo)?.is_some()))?;
    let id = seen(bravo)?.unwrap_or_default();
    bravo.command(
        &["collection", "grant", &id, "--user", "bench", "--read"],
        "",
    )?;
    bravo.collection = id;
    Ok(())
}

fn post(node: &BenchNode, seed: u64, from: u64, count: u64) -> Result<(), Failure> {
    let body = envelope_marked(seed, from, count);
    let answer = node.connect()?.ask(&node.post(), body.as_bytes())?;
    if answer.status == 202 {
        Ok(())
    } else {
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        Err(Failure::new(format!("{}: {said}", answer.status)))
    }
}

/// From the beginning of a POST at alpha until bravo's page shows the object; bravo's receipt is in its ledger before that.
fn latency(alpha: &BenchNode, bravo: &BenchNode, folder: &Path) -> Result<(), Failure> {
    let path = folder.join("plain");
    let mut plain = File::create(&path).map_err(|error| Failure::at(&path, &error))?;
    let mut took = Vec::with_capacity(POSTS);
    let mut syncs = Vec::with_capacity(POSTS);
    let mut page = bravo.connect()?;
    for number in 0..POSTS {
        let began = Instant::now();
        let synced = plain.write_all(&[0; 512]).and_then(|()| plain.sync_data());
        synced.map_err(|error| Failure::at(&path, &error))?;
        syncs.push(began.elapsed());
        let body = envelope_marked(2, u64::try_from(number).unwrap_or(0), 1);
        let id = body
            .split("\"id\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let ask = bravo.get(&format!("?match[id]={}", id.unwrap_or_default()));
        let began = Instant::now();
        let answer = alpha.connect()?.ask(&alpha.post(), body.as_bytes())?;
        if answer.status != 202 {
            return Err(Failure::new(format!("status {}", answer.status)));
        }
        while page.ask(&ask, b"")?.body.len() < 100 {
            if began.elapsed() > PATIENCE {
                return Err(Failure::new("an object did not arrive"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        took.push(began.elapsed());
        // Not the middle of the next one's way.
        std::thread::sleep(Duration::from_millis(20));
    }
    crate::say(&format!(
        "alpha's POST to bravo's page, receipt logged | p50 {:.1} ms (target 50), p95 {:.1} ms (target 200) | one plain sync: p50 {:.2} ms",
        at(&mut took, 50),
        at(&mut took, 95),
        at(&mut syncs, 50),
    ));
    Ok(())
}

fn at(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    let place = times.len() * percent / 100;
    times
        .get(place)
        .map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

fn sustained(alpha: &BenchNode, bravo: &BenchNode) -> Result<(), Failure> {
    let held = |node: &BenchNode| {
        let all = json(node, &["collection", "list"])?;
        let mut all = all.as_array().cloned().unwrap_or_default().into_iter();
        let one = all.find(|one| one.get("id").and_then(Value::as_str) == Some(&node.collection));
        Ok::<_, Failure>(
            one.and_then(|one| one.get("objects")?.as_u64())
                .unwrap_or(0),
        )
    };
    let due = held(alpha)? + u64::try_from(OBJECTS).unwrap_or(0);
    let began = Instant::now();
    for batch in 0..OBJECTS / BATCH {
        let from = u64::try_from(batch * BATCH).unwrap_or(0);
        post(alpha, 3, from, u64::try_from(BATCH).unwrap_or(0))?;
    }
    let posted = began.elapsed();
    until("all objects", || Ok(held(bravo)? >= due))?;
    let arrived = began.elapsed();
    until("all receipts", || {
        let parties = json(alpha, &["party", "list"])?;
        Ok(parties.pointer("/0/waiting").and_then(Value::as_u64) == Some(0))
    })?;
    crate::say(&format!(
        "{OBJECTS} objects in requests of {BATCH} | {:.0} objects/s from POST to bravo's page, receipts logged; the POSTs alone {:.0} objects/s",
        float(OBJECTS) / arrived.as_secs_f64(),
        float(OBJECTS) / posted.as_secs_f64(),
    ));
    Ok(())
}

/// What the ledgers took for it.
fn sizes(alpha: &BenchNode) -> Result<(), Failure> {
    let (now, peak) = alpha.process()?.memory_mb()?;
    crate::say(&format!(
        "alpha's memory | {now:.0} MB resident, {peak:.0} MB peak"
    ));
    Ok(())
}

pub(super) fn json(node: &BenchNode, arguments: &[&str]) -> Result<Value, Failure> {
    let mut arguments = arguments.to_vec();
    arguments.push("--json");
    let text = node.command(&arguments, "")?;
    serde_json::from_str(&text).map_err(|error| Failure::new(format!("{arguments:?}: {error}")))
}

pub(super) fn until(
    what: &str,
    mut ask: impl FnMut() -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let began = Instant::now();
    while !ask()? {
        if began.elapsed() > PATIENCE {
            return Err(Failure::new(format!("{what} took too long")));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
