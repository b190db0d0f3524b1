//! `cargo xtask crash [--kills N] [--store embedded|postgres] [--seed N] [--release]`: kills a node again and again
//! while clients post to it, and looks whether anything that it acknowledged is lost.
//!
//! Clients post over HTTP as fast as they get answers; at a random moment the node is killed with SIGKILL and started
//! again. Then everything that is new is paged out and compared with what was sent; every tenth time everything is, and
//! the node's own check is run. With `--store postgres` the database is killed as well every tenth time, under the
//! running node.
//!
//! In scope: processes that are killed. Out of scope: power cuts, which lose what the system has not written yet.
//! Limits: a folder serves for [`KILLS_A_FOLDER`] kills, so that a run takes minutes.

mod clients;
mod node;
mod paged;

use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::bench::objects::Numbers;
use crate::check::postgres::Cluster;
use crate::failure::Failure;
use crate::tree;
use clients::Sent;
use node::Node;
use paged::Paged;

/// Kills before the next node is made.
const KILLS_A_FOLDER: u32 = 100;
/// Every so many kills everything is looked at, and the database is killed too.
const FULL_EVERY: u32 = 10;
/// The node is killed so long after the clients began.
const KILL_AFTER_MS: std::ops::Range<u64> = 20..300;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    kills: u32,
    postgres: bool,
    seed: u64,
    release: bool,
}

/// What a run has seen so far.
#[derive(Default)]
struct Tally {
    kills: u32,
    acknowledged: u64,
    objects: u64,
    databases: u32,
    full: u32,
    /// How long the node took to listen again.
    reopened: Vec<Duration>,
}

/// Runs it.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let asked = Asked::parse(arguments)?;
    let began = Instant::now();
    let binary = build(asked.release)?;
    let folder = std::env::temp_dir().join(format!("comity-crash-{}", std::process::id()));
    std::fs::create_dir(&folder).map_err(|error| Failure::at(&folder, &error))?;
    eprintln!(
        "seed {}; folder {} (kept if anything is wrong)",
        asked.seed,
        folder.display()
    );
    // A copy, so that a build meanwhile changes nothing.
    let copy = folder.join("comity");
    std::fs::copy(&binary, &copy).map_err(|error| Failure::at(&binary, &error))?;
    let mut cluster = asked.postgres.then(Cluster::start).transpose()?;
    let mut numbers = Numbers::new(asked.seed);
    let mut tally = Tally::default();
    let mut round = 0;
    while tally.kills < asked.kills {
        let kills = (asked.kills - tally.kills).min(KILLS_A_FOLDER);
        let place = folder.join(format!("node-{round}"));
        let store = cluster
            .as_ref()
            .map(|cluster| cluster.create_database(&format!("crash_{round}")))
            .transpose()?;
        let mut node = Node::make(&copy, &place, store.as_deref())?;
        one_folder(
            &mut node,
            cluster.as_mut(),
            &mut numbers,
            (kills, &mut tally),
        )?;
        drop(node);
        std::fs::remove_dir_all(&place).map_err(|error| Failure::at(&place, &error))?;
        eprintln!("{}", tally.line(began.elapsed()));
        round += 1;
    }
    if let Some(cluster) = cluster {
        cluster.stop()?;
    }
    std::fs::remove_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    crate::say(&tally.line(began.elapsed()));
    crate::say(&format!(
        "crash: {} kills, {} objects acknowledged, 0 lost",
        tally.kills, tally.acknowledged
    ));
    Ok(())
}

/// All the kills of one folder.
fn one_folder(
    node: &mut Node,
    mut cluster: Option<&mut Cluster>,
    numbers: &mut Numbers,
    (kills, tally): (u32, &mut Tally),
) -> Result<(), Failure> {
    let mut sent = Sent::default();
    let mut paged = Paged::default();
    node.start()?;
    for kill in 1..=kills {
        let full = kill.is_multiple_of(FULL_EVERY) || kill == kills;
        let posting = clients::start(node, numbers.next())?;
        pause(numbers);
        if let Some(cluster) = cluster.as_mut().filter(|_| full) {
            cluster.crash()?;
            tally.databases += 1;
            pause(numbers);
        }
        node.kill();
        let posted = clients::join(posting)?;
        tally.kills += 1;
        tally.acknowledged += posted.acknowledged();
        sent.add(posted);
        if full {
            node.check()?;
        }
        tally.reopened.push(node.start()?);
        paged.take_new(node, &mut sent)?;
        if full {
            paged.compare_all(node)?;
            tally.full += 1;
        }
    }
    tally.objects += paged.len();
    node.kill();
    Ok(())
}

fn pause(numbers: &mut Numbers) {
    let span = KILL_AFTER_MS.end - KILL_AFTER_MS.start;
    std::thread::sleep(Duration::from_millis(
        KILL_AFTER_MS.start + numbers.next() % span,
    ));
}

impl Tally {
    fn line(&self, took: Duration) -> String {
        let mut reopened = self.reopened.clone();
        reopened.sort_unstable();
        let at = |percent: usize| {
            let place = (reopened.len() * percent / 100).min(reopened.len().saturating_sub(1));
            reopened.get(place).map_or(0, Duration::as_millis)
        };
        format!(
            "{} kills in {} s: {} objects acknowledged, {} stored, {} full comparisons, {} database kills; started again \
             in {} ms (median), {} ms (slowest)",
            self.kills,
            took.as_secs(),
            self.acknowledged,
            self.objects,
            self.full,
            self.databases,
            at(50),
            at(100)
        )
    }
}

impl Asked {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut asked = Self {
            kills: 100,
            postgres: false,
            seed: RandomState::new().hash_one("seed"),
            release: false,
        };
        let mut rest = arguments.iter().map(String::as_str);
        while let Some(name) = rest.next() {
            let wrong = || {
                Failure::new(format!("{name} is not understood, or its value is not"))
                    .hint("cargo xtask crash [--kills N] [--store embedded|postgres] [--seed N] [--release]")
            };
            match name {
                "--release" => asked.release = true,
                "--kills" => asked.kills = number(rest.next()).ok_or_else(wrong)?,
                "--seed" => asked.seed = number(rest.next()).ok_or_else(wrong)?,
                "--store" => {
                    asked.postgres = match rest.next() {
                        Some("embedded") => false,
                        Some("postgres") => true,
                        _ => return Err(wrong()),
                    }
                }
                _ => return Err(wrong()),
            }
        }
        Ok(asked)
    }
}

fn number<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    text?.parse().ok()
}

/// Builds the program and answers where it is.
fn build(release: bool) -> Result<PathBuf, Failure> {
    let root = tree::root()?;
    let mut cargo = std::process::Command::new("cargo");
    cargo.args(["build", "--quiet", "--package", "comity"]);
    if release {
        cargo.arg("--release");
    }
    tree::run(cargo.current_dir(&root))?;
    let profile = if release { "release" } else { "debug" };
    Ok(tree::target_directory(&root)?
        .join(profile)
        .join(Path::new("comity")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Asked, Failure> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Asked::parse(&arguments)
    }

    #[test]
    fn the_command_line_is_read_whole_or_refused() {
        let asked = parsed("--kills 7 --store postgres --seed 5 --release").unwrap();
        let expected = Asked {
            kills: 7,
            postgres: true,
            seed: 5,
            release: true,
        };
        assert_eq!(asked, expected);
        assert!(!parsed("").unwrap().postgres);
        for wrong in ["--kills", "--kills many", "--store sqlite", "--fast", "7"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
