//! `cargo xtask bench web`: the pages of a node with a million objects and ten thousand cases.
//!
//! In scope: the server's time and the weight of each page, many pasted values, from a commit to the event that tells a browser of it.
//! Out of scope: what a browser does with a page (the browser flows), filling a node (`ingest`).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bench::client::{Answer, Connection};
use crate::bench::ingest::{fill, float};
use crate::bench::link::{agree, enrol, json as json_of, until};
use crate::bench::node::BenchNode;
use crate::bench::objects::object;
use crate::failure::Failure;
use crate::tree;

const OBJECTS: u64 = 1_000_000;
const CASES: u64 = 10_000;
/// Times that each page is asked for, after one that is not counted.
const ASKED: usize = 200;
/// Values that are pasted at once.
const PASTED: u64 = 50_000;
/// Objects around the one whose graph is drawn.
const AROUND: u64 = 199;
/// Cases whose way to the screen is timed.
const SHOWN: u64 = 30;
const PASSWORD: &str = "a password for the bench";

/// Runs the bench: `[--objects N] [--cases N] [--keep|--kept]`. `--keep` leaves the nodes as they are then, `--kept` measures their pages
/// again.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let is = |flag: &str| arguments.iter().any(|one| one == flag);
    let sized: Vec<String> = arguments
        .iter()
        .filter(|one| !matches!(one.as_str(), "--keep" | "--kept"))
        .cloned()
        .collect();
    let (objects, cases) = sizes(&sized)?;
    let folder = tree::target_directory(&tree::root()?)?.join("bench-web");
    if is("--kept") {
        let mut alpha = BenchNode::kept(&folder.join("alpha"))?;
        alpha.start()?;
        let officer = Officer::sign_in(&alpha)?;
        pages(&alpha, &officer, &hub())?;
        return pasted(&alpha, &officer, objects);
    }
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    let mut alpha = BenchNode::make_party(&folder.join("alpha"), "alpha")?;
    let mut bravo = BenchNode::make_party(&folder.join("bravo"), "bravo")?;
    enrol(&mut alpha, &mut bravo, &folder, |address| {
        Ok(address.to_owned())
    })?;
    agree(&alpha, &bravo, &folder)?;
    fill(&alpha, &folder, 0, objects)?;
    let hub = star(&alpha)?;
    Officer::join(&alpha)?;
    let officer = Officer::sign_in(&alpha)?;
    let began = Instant::now();
    for number in 0..cases {
        officer.open_case(&alpha, number)?;
    }
    crate::say(&format!(
        "{cases} cases opened by REST | {:.0}/s",
        float(usize::try_from(cases).unwrap_or(0)) / began.elapsed().as_secs_f64()
    ));
    delivered(&alpha)?;
    commit_to_screen(&alpha, &officer)?;
    pages(&alpha, &officer, &hub)?;
    pasted(&alpha, &officer, objects)?;
    drop((alpha, bravo));
    if is("--keep") {
        crate::say(&format!("kept in {}", folder.display()));
        return Ok(());
    }
    let _ = std::fs::remove_dir_all(&folder);
    Ok(())
}

fn sizes(arguments: &[String]) -> Result<(u64, u64), Failure> {
    let (mut objects, mut cases) = (OBJECTS, CASES);
    for pair in arguments.chunks(2) {
        let number = |text: &str| {
            text.parse()
                .map_err(|_| Failure::new(format!("{text:?} is no number")))
        };
        match pair {
            [name, value] if name == "--objects" => objects = number(value)?,
            [name, value] if name == "--cases" => cases = number(value)?,
            _ => return Err(Failure::new("which sizes?").hint("--objects N and --cases N")),
        }
    }
    Ok((objects, cases))
}

/// A person who signed in with a browser, and a program of theirs.
struct Officer {
    token: String,
    cookie: String,
    csrf: String,
}

impl Officer {
    /// Makes the account.
    fn join(node: &BenchNode) -> Result<(), Failure> {
        node.command(
            &[
                "user",
                "add",
                "officer",
                "--role",
                "releaser",
                "--password-stdin",
            ],
            PASSWORD,
        )?;
        let grant = [
            "collection",
            "grant",
            &node.collection,
            "--user",
            "officer",
            "--read",
            "--write",
        ];
        node.command(&grant, "").map(drop)
    }

    fn sign_in(node: &BenchNode) -> Result<Self, Failure> {
        let token = node.command(&["token", "create", "--user", "officer"], "")?;
        let address = node.address()?;
        let head = format!(
            "POST /sign-in HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        );
        let body = format!(
            "name=officer&password={}&next=%2F",
            PASSWORD.replace(' ', "+")
        );
        let answer = node.connect()?.ask(&head, body.as_bytes())?;
        let cookie = answer
            .head
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "))
            .and_then(|set| set.split(';').next());
        let cookie = cookie.ok_or_else(|| Failure::new(format!("no session: {}", answer.head)))?;
        let mut officer = Self {
            token: token.trim().to_owned(),
            cookie: cookie.to_owned(),
            csrf: String::new(),
        };
        let page = node.connect()?.ask(&officer.page(node, "/me")?, b"")?;
        let page = String::from_utf8_lossy(&page.body).into_owned();
        let csrf = page.split("name=\"csrf\" value=\"").nth(1);
        let csrf = csrf.and_then(|rest| rest.split('"').next());
        csrf.ok_or_else(|| Failure::new("no form on /me"))?
            .clone_into(&mut officer.csrf);
        Ok(officer)
    }

    fn page(&self, node: &BenchNode, path: &str) -> Result<String, Failure> {
        let (address, cookie) = (node.address()?, &self.cookie);
        Ok(format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nAccept-Language: en\r\n"
        ))
    }

    /// Asks a call of REST.
    fn call(&self, node: &BenchNode, path: &str, body: &Value) -> Result<Value, Failure> {
        let (address, token) = (node.address()?, &self.token);
        let head = format!(
            "POST /api/v1{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        );
        let answer = node.connect()?.ask(&head, body.to_string().as_bytes())?;
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        if answer.status != 200 {
            return Err(Failure::new(format!("{path}: {} {said}", answer.status)));
        }
        serde_json::from_str(&said).map_err(|error| Failure::new(format!("{path}: {error}")))
    }

    fn open_case(&self, node: &BenchNode, number: u64) -> Result<Value, Failure> {
        let content = json!({ "title": format!("Case {number}"), "summary": "Two hosts call it each night." });
        let body = json!({
            "subject": "case", "party": "bravo", "label": "green", "event": "open", "content": content,
        });
        self.call(node, "/threads", &body)
    }
}

/// Waits until the other node has everything.
fn delivered(node: &BenchNode) -> Result<(), Failure> {
    let began = Instant::now();
    loop {
        let parties = json_of(node, &["party", "list"])?;
        let waiting = parties.pointer("/0/waiting").and_then(Value::as_u64);
        if waiting == Some(0) {
            return Ok(());
        }
        if began.elapsed() > Duration::from_mins(20) {
            return Err(Failure::new(format!("{waiting:?} envelopes still wait")));
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn id(kind: &str, number: u64) -> String {
    format!("{kind}--5f0c1a9e-7b8d-4c1e-9a2b-{number:012x}")
}

/// The object that has others around it.
fn hub() -> String {
    id("malware", 0)
}

/// Makes an object with others around it; answers its id.
fn star(node: &BenchNode) -> Result<String, Failure> {
    let time = "2026-10-01T00:00:00.000Z";
    let hub = hub();
    let mut all = vec![json!({
        "type": "malware", "spec_version": "2.1", "id": hub, "created": time, "modified": time, "name": "hub", "is_family": true,
    })];
    for number in 1..=AROUND {
        let tool = id("tool", number);
        all.push(json!({
            "type": "tool", "spec_version": "2.1", "id": tool, "created": time, "modified": time, "name": format!("tool {number}"),
        }));
        all.push(json!({
            "type": "relationship", "spec_version": "2.1", "id": id("relationship", number), "created": time, "modified": time,
            "relationship_type": "downloads", "source_ref": hub, "target_ref": tool,
        }));
    }
    let body = json!({ "objects": all }).to_string();
    let answer = node.connect()?.ask(&node.post(), body.as_bytes())?;
    if answer.status == 202 {
        return Ok(hub);
    }
    let said = String::from_utf8_lossy(&answer.body).into_owned();
    Err(Failure::new(format!("the star: {} {said}", answer.status)))
}

/// Each page: the server's time beside that of the bare sign-in page, and its weight.
fn pages(node: &BenchNode, officer: &Officer, hub: &str) -> Result<(), Failure> {
    let threads = json_of(node, &["case", "list"])?;
    let case = threads.pointer("/0/id").and_then(Value::as_str);
    let case = case.ok_or_else(|| Failure::new("no case"))?.to_owned();
    let some: Value = serde_json::from_str(&object(1, 2))
        .map_err(|error| Failure::new(format!("an object: {error}")))?;
    let some = some.get("id").and_then(Value::as_str).unwrap_or_default();
    let paths = [
        "/sign-in".to_owned(),
        "/".to_owned(),
        "/search?q=loader+beacon".to_owned(),
        "/value?v=198.18.7.9".to_owned(),
        "/objects".to_owned(),
        format!("/objects/{some}"),
        format!("/objects/{hub}?tab=relations"),
        format!("/release?object={some}&party=bravo"),
        "/requests".to_owned(),
        "/cases".to_owned(),
        format!("/cases/{case}"),
        "/calls".to_owned(),
        "/evidence".to_owned(),
        "/contacts".to_owned(),
        "/parties".to_owned(),
        "/parties/bravo".to_owned(),
        "/accords".to_owned(),
        "/review".to_owned(),
        "/outbox".to_owned(),
        "/mail".to_owned(),
        "/addresses".to_owned(),
        "/ledger".to_owned(),
        "/me".to_owned(),
        "/book/mail".to_owned(),
    ];
    let mut bare = 0.0;
    let mut all = Vec::new();
    for path in paths {
        // Whoever is signed in is led away from there.
        let head = if path == "/sign-in" {
            let address = node.address()?;
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept-Language: en\r\n")
        } else {
            officer.page(node, &path)?
        };
        let (mut times, answer) = asked(node, &head)?;
        let half = at(&mut times, 50);
        if bare == 0.0 {
            bare = half;
        }
        crate::say(&format!(
            "{} | {:.1} x the sign-in page | p50 {half:.1} ms (target 10), p95 {:.1} (50), p99 {:.1} (150) | {:.1} KB",
            path.replace(hub, "ID")
                .replace(some, "ID")
                .replace(&case, "ID"),
            half / bare,
            at(&mut times, 95),
            at(&mut times, 99),
            float(answer.body.len()) / 1024.0
        ));
        all.append(&mut times);
    }
    crate::say(&format!(
        "all of them | {:.1} x the sign-in page | p50 {:.1} ms, p95 {:.1}, p99 {:.1} |",
        at(&mut all, 50) / bare,
        at(&mut all, 50),
        at(&mut all, 95),
        at(&mut all, 99)
    ));
    Ok(())
}

fn asked(node: &BenchNode, head: &str) -> Result<(Vec<Duration>, Answer), Failure> {
    let mut connection = node.connect()?;
    let mut last = connection.ask(head, b"")?;
    let mut times = Vec::with_capacity(ASKED);
    for _ in 0..ASKED {
        let began = Instant::now();
        last = connection.ask(head, b"")?;
        times.push(began.elapsed());
    }
    if last.status == 200 {
        return Ok((times, last));
    }
    let what = head.lines().next().unwrap_or_default();
    Err(Failure::new(format!("{what}: {}", last.status)))
}

/// Milliseconds below which this share of the times lies.
fn at(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times
        .get(place)
        .map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
}

/// Fifty thousand values in the box: half of them of objects, half of nothing.
fn pasted(node: &BenchNode, officer: &Officer, objects: u64) -> Result<(), Failure> {
    let mut values = Vec::new();
    for number in 0..PASTED {
        let known = number % 2 == 0 && number < objects;
        let seed = if known { 1 } else { 77 };
        let made: Value = serde_json::from_str(&object(seed, number)).unwrap_or_default();
        let pattern = made.get("pattern").and_then(Value::as_str);
        let named = pattern.and_then(|pattern| pattern.split('\'').nth(1));
        let own = made.get("value").and_then(Value::as_str);
        let other = format!("203.0.{}.{}", number / 256 % 256, number % 256);
        values.push(named.or(own).map_or(other, str::to_owned));
    }
    let (address, cookie, csrf) = (node.address()?, &officer.cookie, &officer.csrf);
    let head = format!(
        "POST /search HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    );
    let body = format!("csrf={csrf}&values={}", values.join("%0A"));
    let mut page = Vec::new();
    let mut calls = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let answer = node.connect()?.ask(&head, body.as_bytes())?;
        page.push(began.elapsed());
        if answer.status != 200 {
            return Err(Failure::new(format!("pasted values: {}", answer.status)));
        }
        let began = Instant::now();
        for some in values.chunks(5_000) {
            officer.call(node, "/values/match", &json!({ "values": some }))?;
        }
        calls.push(began.elapsed());
    }
    crate::say(&format!(
        "{PASTED} values pasted, table | {:.2} x the same values by REST | {:.0} ms (target 3000) |",
        at(&mut page, 50) / at(&mut calls, 50),
        at(&mut page, 50)
    ));
    Ok(())
}

/// From the answer of a commit to the event that tells a page of it.
fn commit_to_screen(node: &BenchNode, officer: &Officer) -> Result<(), Failure> {
    let head = format!(
        "{}Accept: text/event-stream\r\n\r\n",
        officer.page(node, "/api/v1/events?of=list_threads")?
    );
    let mut stream = Connection::open(node.address()?)?;
    stream.send(&head)?;
    // The head of the answer, and what it says at once.
    stream.until_line(|line| line.trim().is_empty())?;
    let mut times = Vec::new();
    for number in 0..SHOWN {
        let opened = officer.open_case(node, CASES + number)?;
        let began = Instant::now();
        let id = opened.get("id").and_then(Value::as_str).unwrap_or_default();
        let id = id.to_owned();
        stream.until_line(|line| line.contains(&id))?;
        times.push(began.elapsed());
        // The other side's receipt is told too: it is not what the next one waits for.
        std::thread::sleep(Duration::from_millis(500));
    }
    until("delivery", || {
        let parties = json_of(node, &["party", "list"])?;
        Ok(parties.pointer("/0/waiting").and_then(Value::as_u64) == Some(0))
    })?;
    crate::say(&format!(
        "from a commit to a browser's event | | p50 {:.0} ms, p95 {:.0} (target 1000) |",
        at(&mut times, 50),
        at(&mut times, 95)
    ));
    Ok(())
}
