//! `cargo xtask bench mail [accept|check|flood|guess|attacks]…`: the receiving side of mail; all parts where none is named.
//!
//! - `accept`: mails a second that a node takes durably over SMTP, beside Postfix with the same mails on the same disk.
//! - `check`: mails a second that are guarded, read, and checked by SPF, DKIM and DMARC, beside Python's `email`, dkimpy and pyspf,
//!   with a comparison of every verdict.
//! - `flood`: legitimate mail, of strangers and of a partner, beside a thousand slow senders and ten thousand guesses at addresses.
//! - `guess`: a million random local parts, and the time of a refusal by its reason.
//! - `attacks`: mails made to break readers: time and memory.
//!
//! In scope: starting what is measured, printing. Out of scope: the load (`crates/comity-transport/examples/mail_load`), reading one mail
//! (`crates/comity-mail/examples/read_mail.rs`).

mod attacks;
mod postfix;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::ingest::float;
use crate::bench::link::{agree, enrol, free, json, until};
use crate::bench::node::BenchNode;
use crate::check::python;
use crate::failure::Failure;
use crate::tree;
use postfix::Postfix;

/// Mails of the corpus.
const MAILS: usize = 400;
/// Rounds of each comparison; both sides take turns, and the median counts.
const ROUNDS: usize = 3;
const CLIENTS: [usize; 3] = [1, 8, 32];
/// How often the corpus is gone over in a round of `check`.
const CHECKS: usize = 3;
/// The longest that the flood may last, in seconds.
const FLOOD_SECONDS_MAX: usize = 120;
const GUESS_ROUNDS: usize = 20_000;
const GUESSES: usize = 1_000_000;
const RECIPIENT: &str = "postmaster@in.alpha.example";
/// What the peer is made of.
const PEER: [&str; 4] = [
    "dkimpy==1.1.8",
    "pyspf==2.0.14",
    "dnspython==2.9.2",
    "PyNaCl==1.6.2",
];
/// A node that is measured by how much it takes is not to be held up by limits.
const OPEN: &str = "disk_reserve_megabytes = 0\nconnection_mails_max = 1000000\naddress_connections_max = 1000\n\
    network_connections_max = 1000\nnetwork_mails_per_minute = 1000000\nnetwork_megabytes_per_minute = 1000000\n\
    mailbox_mails_per_minute = 1000000\n";
/// Against a flood all limits are as they come, but for the mails of one address and one party: all legitimate mail goes to one.
const AS_IT_COMES: &str = "disk_reserve_megabytes = 0\nmailbox_mails_per_minute = 1000000\n\
    party_mails_per_minute = 1000000\n";

/// Where a run keeps its things, and what it measures with.
struct Bench {
    folder: PathBuf,
    load: PathBuf,
}

/// Runs the parts that are named.
pub(crate) fn run(parts: &[String]) -> Result<(), Failure> {
    let all = ["accept", "check", "flood", "guess", "attacks"];
    if let Some(other) = parts.iter().find(|part| !all.contains(&part.as_str())) {
        return Err(Failure::new(format!("there is no part {other:?}")).hint(all.join(", ")));
    }
    let folder = tree::target_directory(&tree::root()?)?.join("bench-mail");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    let load = example("comity-transport", "mail_load")?;
    let bench = Bench { folder, load };
    let made = bench.load(&["corpus", &bench.corpus(), &MAILS.to_string()])?;
    crate::say(&format!(
        "corpus: {MAILS} mails, {:.1} KB on average",
        number(&made, "bytes") / float(MAILS) / 1_000.0
    ));
    for part in all {
        if !parts.is_empty() && !parts.iter().any(|one| one == part) {
            continue;
        }
        match part {
            "accept" => bench.accept()?,
            "check" => bench.check()?,
            "flood" => bench.flood()?,
            "guess" => bench.guess()?,
            _ => attacks::run(&bench.folder)?,
        }
    }
    // Thousands of mails are left behind otherwise.
    std::fs::remove_dir_all(&bench.folder).map_err(|error| Failure::at(&bench.folder, &error))
}

/// Builds an example, optimised; answers its path. Named with it, the node's own package has what both need built once.
fn example(package: &str, name: &str) -> Result<PathBuf, Failure> {
    let root = tree::root()?;
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--quiet", "--package", "comity"]);
    build.args(["--package", package, "--example", name]);
    tree::run(build.current_dir(&root))?;
    Ok(tree::target_directory(&root)?
        .join("release/examples")
        .join(name))
}

/// Runs a program that prints its figures as its last line.
fn figures(command: &mut Command) -> Result<Value, Failure> {
    let done = command.output();
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("{command:?}: {error}"));
    let done = done.map_err(|error| failed(&error))?;
    let out = String::from_utf8_lossy(&done.stdout);
    if !done.status.success() {
        return Err(failed(&String::from_utf8_lossy(&done.stderr)));
    }
    let last = out.lines().last().unwrap_or_default();
    serde_json::from_str(last).map_err(|error| failed(&error))
}

fn number(figures: &Value, name: &str) -> f64 {
    figures
        .get(name)
        .and_then(Value::as_f64)
        .unwrap_or_default()
}

/// The row whose figure is in the middle.
fn median(mut rows: Vec<Value>, name: &str) -> Value {
    rows.sort_by(|a, b| number(a, name).total_cmp(&number(b, name)));
    let middle = rows.len() / 2;
    rows.into_iter().nth(middle).unwrap_or_default()
}

impl Bench {
    fn corpus(&self) -> String {
        self.folder.join("corpus").display().to_string()
    }

    fn load(&self, arguments: &[&str]) -> Result<Value, Failure> {
        // A socket for everybody in the flood.
        figures(
            Command::new("prlimit")
                .arg("--nofile=8192")
                .arg(&self.load)
                .args(arguments),
        )
    }

    /// A node that takes mail; answers where.
    fn node(&self, name: &str, settings: &str) -> Result<(BenchNode, String), Failure> {
        let mut node = BenchNode::make(&self.folder.join(name))?;
        let address = free()?;
        node.set_in("mail", &format!("smtp_listen = \"{address}\"\n{settings}"))?;
        node.start()?;
        Ok((node, address))
    }

    fn accept(&self) -> Result<(), Failure> {
        let (node, address) = self.node("accepting", OPEN)?;
        let postfix = Postfix::start(&self.folder.join("postfix"))?;
        self.plain()?;
        let mut sent = 0;
        for clients in CLIENTS {
            let (mut own, mut peer) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                let part = (sent, sent + MAILS);
                sent += MAILS;
                let cpu = node.process()?.cpu_seconds()?;
                let mut row = self.send(&address, clients, part)?;
                let cpu = node.process()?.cpu_seconds()? - cpu;
                if let Some(row) = row.as_object_mut() {
                    row.insert("cpu_us".to_owned(), (cpu * 1e6 / float(MAILS)).into());
                }
                own.push(row);
                if let Some(postfix) = &postfix {
                    peer.push(self.send(&postfix.address, clients, part)?);
                }
            }
            let (own, peer) = (median(own, "per_second"), median(peer, "per_second"));
            let told = |row: &Value| {
                format!(
                    "{:.0} mails/s, p50 {:.1} ms, p95 {:.1} ms",
                    number(row, "per_second"),
                    number(row, "p50_ms"),
                    number(row, "p95_ms")
                )
            };
            let beside = if postfix.is_some() {
                let ratio = number(&own, "per_second") / number(&peer, "per_second");
                format!("Postfix {}; ratio {ratio:.2}", told(&peer))
            } else {
                "Postfix is not installed, or this is not root".to_owned()
            };
            crate::say(&format!(
                "| mails taken durably, {clients} connections | {}, {:.0} us CPU a mail | {beside} |",
                told(&own),
                number(&own, "cpu_us")
            ));
        }
        all_there(&self.folder.join("accepting/mail"), sent, "the node")?;
        postfix.map_or(Ok(()), |postfix| {
            all_there(&postfix.held(), sent, "Postfix")
        })
    }

    fn send(
        &self,
        address: &str,
        clients: usize,
        (from, to): (usize, usize),
    ) -> Result<Value, Failure> {
        let numbers = [clients, from, to].map(|number| number.to_string());
        let [clients, from, to] = &numbers;
        self.load(&[
            "send",
            address,
            RECIPIENT,
            &self.corpus(),
            clients,
            from,
            to,
        ])
    }

    /// The same mails written and synced, one after the other: what the disk gives.
    fn plain(&self) -> Result<(), Failure> {
        let folder = self.folder.join("plain");
        std::fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
        let mut spent = Duration::ZERO;
        for mail in 0..MAILS {
            let from = Path::new(&self.corpus()).join(format!("{mail:05}.eml"));
            let bytes = std::fs::read(&from).map_err(|error| Failure::at(&from, &error))?;
            let to = folder.join(mail.to_string());
            let began = Instant::now();
            let written =
                std::fs::write(&to, bytes).and_then(|()| std::fs::File::open(&to)?.sync_all());
            written.map_err(|error| Failure::at(&to, &error))?;
            spent += began.elapsed();
        }
        crate::say(&format!(
            "| the same mails as files, each synced, one after the other | {:.0}/s | |",
            float(MAILS) / spent.as_secs_f64()
        ));
        Ok(())
    }

    fn check(&self) -> Result<(), Failure> {
        let python =
            python::environment(&self.folder.with_file_name("bench-mail-python"), &PEER, &[]);
        let python = match python {
            Ok(programs) => Some(programs.join("python")),
            Err(failure) => {
                crate::say(&format!("no peer: {failure}"));
                None
            }
        };
        let script = tree::root()?.join("crates/comity-transport/examples/mail_load/peer.py");
        let rounds = CHECKS.to_string();
        let (mut own, mut peer) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            own.push(self.load(&["check", &self.corpus(), &rounds])?);
            if let Some(python) = &python {
                let mut command = Command::new(python);
                peer.push(figures(
                    command.arg(&script).args([&self.corpus(), &rounds]),
                )?);
            }
        }
        let (own, peer) = (median(own, "per_second"), median(peer, "per_second"));
        for (what, rate, cpu) in [
            (
                "guarded, read and told apart",
                "parse_per_second",
                "parse_cpu_us",
            ),
            (
                "SPF, DKIM, DMARC",
                "authenticate_per_second",
                "authenticate_cpu_us",
            ),
            ("both", "per_second", ""),
        ] {
            let told = |row: &Value| {
                let cpu = number(row, cpu);
                let cpu = if cpu > 0.0 {
                    format!(", {cpu:.0} us CPU a mail")
                } else {
                    String::new()
                };
                format!("{:.0} mails/s{cpu}", number(row, rate))
            };
            let ratio = number(&own, rate) / number(&peer, rate);
            let beside = python
                .as_ref()
                .map(|_| format!("Python {}; ratio {ratio:.1}", told(&peer)));
            crate::say(&format!(
                "| {what} | {} | {} |",
                told(&own),
                beside.unwrap_or_default()
            ));
        }
        if python.is_some() {
            self.compare()?;
        }
        Ok(())
    }

    fn compare(&self) -> Result<(), Failure> {
        let read = |name: &str| tree::read(&Path::new(&self.corpus()).join(name));
        let (ours, theirs) = (read("ours.txt")?, read("theirs.txt")?);
        if ours.lines().count() != MAILS || theirs.lines().count() != MAILS {
            return Err(Failure::new("verdicts are missing"));
        }
        let mut differ = 0;
        for (ours, theirs) in ours.lines().zip(theirs.lines()) {
            if ours != theirs {
                differ += 1;
                crate::say(&format!("  ours   {ours}\n  theirs {theirs}"));
            }
        }
        crate::say(&format!(
            "| verdicts, fields and attachments on which both agree | {} of {MAILS} | |",
            MAILS - differ
        ));
        Ok(())
    }

    fn flood(&self) -> Result<(), Failure> {
        let mut node = BenchNode::make(&self.folder.join("flooded"))?;
        let mut partner = BenchNode::make_party(&self.folder.join("partner"), "bravo")?;
        let place = free()?;
        node.set_in("mail", &format!("smtp_listen = \"{place}\"\n{AS_IT_COMES}"))?;
        enrol(&mut node, &mut partner, &self.folder, |url| {
            Ok(url.to_owned())
        })?;
        agree(&node, &partner, &self.folder)?;
        let made = json(
            &node,
            &["address", "create", "bravo", "--purpose", "request"],
        )?;
        let given = made.get("address").and_then(Value::as_str);
        let given = given.ok_or_else(|| Failure::new(format!("no address in {made}")))?;
        let idle = node.process()?.memory_mb()?.0;
        let seconds = FLOOD_SECONDS_MAX.to_string();
        for (whose, to) in [("strangers'", RECIPIENT), ("a partner's", given)] {
            let told = self.load(&["flood", &place, to, &self.corpus(), &seconds])?;
            say_flood(&told, whose);
        }
        let (_, peak) = node.process()?.memory_mb()?;
        crate::say(&format!(
            "| the node's memory | {peak:.0} MB at its peak | {idle:.0} MB before |"
        ));
        Ok(())
    }

    fn guess(&self) -> Result<(), Failure> {
        let (rounds, guesses) = (GUESS_ROUNDS.to_string(), GUESSES.to_string());
        let told = self.load(&["guess", &rounds, &guesses])?;
        for (level, what) in [("over_smtp", "over SMTP"), ("in_node", "in the node alone")] {
            let rows = told.get(level).and_then(Value::as_array);
            crate::say(&format!(
                "time of a refusal {what} by its reason, {rounds} rounds in turns, beside `unknown`:"
            ));
            for row in rows.into_iter().flatten() {
                crate::say(&format!(
                    "| {} | median {:.1} us | {:+.2} us (99.9 %: {:+.2} to {:+.2}); sign {:+.1}; t {:+.1} |",
                    row.get("kind").and_then(Value::as_str).unwrap_or_default(),
                    number(row, "median_us"),
                    number(row, "difference_us"),
                    number(row, "from_us"),
                    number(row, "to_us"),
                    number(row, "sign"),
                    number(row, "t"),
                ));
            }
        }
        crate::say(&format!(
            "| {guesses} random local parts over SMTP | {:.0} taken | {:.0} s |",
            number(&told, "guesses_taken"),
            number(&told, "guesses_seconds")
        ));
        Ok(())
    }
}

fn say_flood(told: &Value, whose: &str) {
    for (phase, when) in [
        ("quiet", "without a flood"),
        ("flooded", "beside the flood"),
    ] {
        let row = told.get(phase).cloned().unwrap_or_default();
        crate::say(&format!(
            "| {whose} mail {when} | {:.0} mails, none refused, {:.0} times told to come back; p50 {:.1} ms, p95 {:.1} ms \
             | longest {:.0} ms |",
            number(&row, "mails"),
            number(&row, "told_to_come_back"),
            number(&row, "p50_ms"),
            number(&row, "p95_ms"),
            number(&row, "longest_ms"),
        ));
    }
    crate::say(&format!(
        "| that flood, {:.0} s | {:.0} guesses answered, {:.0} of them taken | guessers sent away {:.0} times, slow senders {:.0} of {:.0} times |",
        number(told, "seconds"),
        number(told, "guesses"),
        number(told, "guesses_taken"),
        number(told, "guessers_sent_away"),
        number(told, "slow_senders_sent_away"),
        number(told, "slow_senders_in"),
    ));
}

/// Whether as many files are there as were acknowledged.
fn all_there(folder: &Path, sent: usize, whose: &str) -> Result<(), Failure> {
    let count = || {
        let mut found = 0;
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let listed =
                std::fs::read_dir(&folder).map_err(|error| Failure::at(&folder, &error))?;
            for entry in listed.flatten() {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(entry.path());
                } else {
                    found += 1;
                }
            }
        }
        Ok::<_, Failure>(found)
    };
    // Postfix says 250 before its file has its last name.
    until("every mail on the disk", || Ok(count()? >= sent))
        .map_err(|_| Failure::new(format!("{whose} acknowledged {sent} mails and has fewer")))?;
    crate::say(&format!(
        "{whose} acknowledged {sent} mails, and has {}",
        count()?
    ));
    Ok(())
}
