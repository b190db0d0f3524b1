//! `cargo xtask bench review`: a quarter's review pack computed by both nodes, and by a stranger from exported evidence alone.
//!
//! In scope: making the quarter (`crates/comity-node/examples/review_quarter.rs`), running the release binary, time and peak memory of
//! each, whether the results are equal. Out of scope: what a pack says (`comity-case`).

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::process::Process;
use crate::failure::Failure;
use crate::tree;

const PERIOD: &str = "2026-Q3";
const AS_OF: &str = "2026-10-02T00:00:00Z";
/// How often a running command's memory is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// What a command came to.
struct Run {
    out: String,
    seconds: f64,
    peak_mb: f64,
}

/// Runs the bench.
pub(crate) fn run() -> Result<(), Failure> {
    let root = tree::root()?;
    let folder = tree::target_directory(&root)?.join("bench-review");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    let quarter = folder.join("quarter");
    tree::run(
        Command::new("cargo")
            .args(["build", "--release", "--quiet", "--package", "comity"])
            .current_dir(&root),
    )?;
    tree::run(
        Command::new("cargo")
            .args([
                "run",
                "--release",
                "--quiet",
                "--package",
                "comity-node",
                "--example",
                "review_quarter",
            ])
            .arg(&quarter)
            .current_dir(&root),
    )?;
    let binary = tree::target_directory(&root)?.join("release/comity");
    let [alpha, bravo] = ["alpha", "bravo"].map(|name| quarter.join(name).display().to_string());
    let evidence = folder.join("evidence").display().to_string();
    let accord = folder.join("accord.toml").display().to_string();
    let said = folder.join("said");
    let ask = |arguments: &[&str]| measured(&binary, arguments, &said);
    let card = ["--period", PERIOD, "--as-of", AS_OF, "--json"];
    let mut rows = Vec::new();
    let mut hashes = Vec::new();
    for (party, data, other) in [("alpha", &alpha, "bravo"), ("bravo", &bravo, "alpha")] {
        let show = [
            &["scorecard", "show", "--party", other, "--data", data][..],
            &card,
        ]
        .concat();
        let shown = ask(&show)?;
        let review = [
            &["report", "review", "--party", other, "--data", data][..],
            &card,
        ]
        .concat();
        let paper = ask(&review)?;
        hashes.push((member(&shown.out, "hash")?, member(&paper.out, "hash")?));
        rows.push((format!("scorecard at {party}'s node"), shown));
        rows.push((format!("paper at {party}'s node"), paper));
    }
    let exported = ask(&["ledger", "export", &evidence, "--data", &alpha])?;
    rows.push(("evidence exported by alpha's node".to_owned(), exported));
    let text = ask(&["accord", "show", "alpha-bravo", "--data", &alpha])?;
    std::fs::write(&accord, text.out).map_err(|error| Failure::at(Path::new(&accord), &error))?;
    let between = ["--accord", &accord, "--between", "alpha", "bravo"];
    let offline = [&["scorecard", "offline", &evidence][..], &between, &card].concat();
    let stranger = ask(&offline)?;
    hashes.push((
        member(&stranger.out, "hash")?,
        member(&stranger.out, "review")?,
    ));
    let messages = member(&stranger.out, "messages")?;
    rows.push((
        "scorecard and paper by a stranger, evidence verified first".to_owned(),
        stranger,
    ));
    crate::say("| what | time | peak memory |\n|---|---|---|");
    for (what, run) in &rows {
        crate::say(&format!(
            "| {what} | {:.2} s | {:.0} MB |",
            run.seconds, run.peak_mb
        ));
    }
    let equal = hashes.windows(2).all(|two| two.first() == two.last());
    crate::say(&format!(
        "from {messages} messages; the three results are {}",
        if equal { "equal" } else { "NOT equal" }
    ));
    if equal {
        return Ok(());
    }
    Err(Failure::new(format!("the results differ: {hashes:?}")))
}

/// A member of a JSON document, as text.
fn member(document: &str, name: &str) -> Result<String, Failure> {
    let document: serde_json::Value =
        serde_json::from_str(document).map_err(|error| Failure::new(error.to_string()))?;
    let found = document
        .get(name)
        .ok_or_else(|| Failure::new(format!("no {name}")))?;
    Ok(found
        .as_str()
        .map_or_else(|| found.to_string(), ToOwned::to_owned))
}

/// Runs a command of the binary to its end, with its time and its peak of resident memory.
fn measured(binary: &Path, arguments: &[&str], said: &Path) -> Result<Run, Failure> {
    let failed = |error: std::io::Error| Failure::at(binary, &error);
    let began = Instant::now();
    let mut child = Command::new(binary)
        .args(arguments)
        .stdout(std::fs::File::create(said).map_err(failed)?)
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let mut peak_mb = 0.0_f64;
    let status = loop {
        if let Ok((_, peak)) = Process(child.id()).memory_mb() {
            peak_mb = peak_mb.max(peak);
        }
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        std::thread::sleep(LOOK);
    };
    let seconds = began.elapsed().as_secs_f64();
    if !status.success() {
        return Err(Failure::new(format!(
            "comity {arguments:?} ended with {status}"
        )));
    }
    let out = std::fs::read_to_string(said).map_err(failed)?;
    Ok(Run {
        out,
        seconds,
        peak_mb,
    })
}
