//! `comity demo`: two parties on this machine share for real, and every step is checked and told in plain words.
//!
//! Two nodes, alpha and bravo, run in this process on loopback, each with a folder of its own; they speak to each other
//! by TAXII 2.1 and by the node link over HTTP, as two machines would.
//!
//! In scope: the story and its telling. Out of scope: the two parties' machinery (`party`).

mod accord;
mod cases;
mod evidence;
mod mail;
mod party;
mod practice;
mod story;
mod visitor;

use std::path::{Path, PathBuf};

use crate::cli::DemoArgs;
use crate::commands::serve;
use crate::failure::Failure;
use crate::output;

/// Tells the steps and counts those that hold.
#[derive(Debug, Default)]
pub(crate) struct Teller {
    steps: usize,
    verified: usize,
}

impl Teller {
    /// Tells of a step and whether it holds; a step that does not hold ends the demo.
    pub(crate) fn step(
        &mut self,
        what: &str,
        held: Result<String, Failure>,
    ) -> Result<(), Failure> {
        self.steps += 1;
        match held {
            Ok(seen) => {
                self.verified += 1;
                output::data(&format!("{:>2}. {what}\n    {seen}", self.steps))
            }
            Err(failure) => {
                output::data(&format!("{:>2}. {what}\n    NOT VERIFIED", self.steps))?;
                self.close()?;
                Err(failure)
            }
        }
    }

    /// The last line.
    fn close(&self) -> Result<(), Failure> {
        output::data(&format!(
            "demo: {} of {} steps verified",
            self.verified, self.steps
        ))
    }
}

/// A step that does not hold.
pub(crate) fn not_held(message: impl Into<String>) -> Failure {
    Failure::no(
        message,
        "`comity demo --dir DIR` keeps both folders; please report what you see with them",
    )
}

/// `comity demo …`
pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    let (folder, temporary) = folder(args)?;
    output::say(&format!(
        "two parties, alpha and bravo, in {}",
        folder.display()
    ));
    let runtime = serve::runtime()?;
    let mut teller = Teller::default();
    let told = runtime.block_on(story::tell(&folder, args, &mut teller));
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    drop(temporary);
    told
}

/// Where the two nodes' folders go: the one that was named, or one that is removed at the end.
fn folder(args: &DemoArgs) -> Result<(PathBuf, Option<tempfile::TempDir>), Failure> {
    if let Some(dir) = &args.dir {
        for party in ["alpha", "bravo"] {
            if dir.join(party).exists() {
                let shown = dir.join(party);
                return Err(Failure::no(
                    format!("{} exists already", shown.display()),
                    "name another folder with --dir, or remove that one",
                ));
            }
        }
        std::fs::create_dir_all(dir).map_err(|error| {
            Failure::no(
                format!("cannot create {}: {error}", dir.display()),
                "name another folder with --dir",
            )
        })?;
        return Ok((dir.clone(), None));
    }
    let made = tempfile::Builder::new().prefix("comity-demo-").tempdir();
    let made = made.map_err(|error| {
        Failure::unknown(
            format!("cannot make a temporary folder: {error}"),
            "name a folder with --dir",
        )
    })?;
    Ok((made.path().to_owned(), Some(made)))
}

/// What the demo imports: the files that were named, or the sample data, written to `folder`.
pub(crate) fn sources(args: &DemoArgs, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !args.import.is_empty() {
        return Ok(args.import.clone());
    }
    let path = folder.join("sample.json");
    std::fs::write(&path, include_str!("sample.json")).map_err(|error| {
        Failure::unknown(
            format!("cannot write {}: {error}", path.display()),
            "name another folder with --dir",
        )
    })?;
    Ok(vec![path])
}
