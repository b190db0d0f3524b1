//! Mails that are made to break readers: how long the guard and the reader take for each, and how much memory.
//!
//! Each mail is read by processes of their own: as the node does it; with the guard's verdict not listened to, so that
//! the reader's own limits are seen too; and where it carries an archive, with that opened.
//!
//! In scope: the table, and a word where a bound is broken. Out of scope: making them (`crates/comity-mail/examples/mail_attacks.rs`).

use std::path::Path;
use std::process::Command;

use crate::bench::ingest::float;
use crate::bench::mail::example;
use crate::failure::Failure;
use crate::tree;

/// What reading may take beside four times the mail, in MB: the program, the stack that is touched. The same as in the test.
const CONSTANT_MB: f64 = 16.0;
/// What may come out of archives (`ArchiveLimits::EXCHANGE`), in MB: it comes on top where one is opened.
const OPENED_MB: f64 = 200.0;

/// Prints the table.
pub(super) fn run(folder: &Path) -> Result<(), Failure> {
    let made = folder.join("attacks");
    tree::run(Command::new(example("comity-mail", "mail_attacks")?).arg(&made))?;
    let reader = example("comity-mail", "read_mail")?;
    let listed = std::fs::read_dir(&made).map_err(|error| Failure::at(&made, &error))?;
    let mut paths: Vec<_> = listed.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    crate::say(
        "| attack | size | guarded | guard not listened to | memory at most | archive opened |",
    );
    let mut broken = 0;
    for path in paths {
        let facts = std::fs::metadata(&path).map_err(|error| Failure::at(&path, &error))?;
        let size = float(usize::try_from(facts.len()).unwrap_or(usize::MAX)) / 1e6;
        let guarded = Reading::of(&reader, &path, &[])?;
        let unguarded = Reading::of(&reader, &path, &["--unguarded"])?;
        let opened = Reading::of(&reader, &path, &["--open"])?;
        let most = 4.0 * size + CONSTANT_MB;
        let within =
            guarded.peak_mb.max(unguarded.peak_mb) <= most && opened.peak_mb <= most + OPENED_MB;
        broken += usize::from(!within);
        let archive = opened.archive.as_ref();
        let archive = archive.map_or(String::new(), |told| format!("{told}; {}", opened.cost()));
        crate::say(&format!(
            "| {} | {size:.2} MB | {}; {} | {}; {} | {most:.0} MB{} | {archive} |",
            path.file_name().unwrap_or_default().to_string_lossy(),
            guarded.said,
            guarded.cost(),
            unguarded.said,
            unguarded.cost(),
            if within { "" } else { " BROKEN" },
        ));
    }
    if broken > 0 {
        return Err(Failure::new(format!(
            "{broken} mails took more memory than four times their size and {CONSTANT_MB} MB"
        )));
    }
    Ok(())
}

/// What came of reading one.
struct Reading {
    said: String,
    /// What came of its archive.
    archive: Option<String>,
    seconds: f64,
    peak_mb: f64,
}

impl Reading {
    fn of(reader: &Path, mail: &Path, more: &[&str]) -> Result<Self, Failure> {
        let done = Command::new(reader).arg(mail).args(more).output();
        let done = done.map_err(|error| Failure::at(reader, &error))?;
        let out = String::from_utf8_lossy(&done.stdout);
        if !done.status.success() {
            return Err(Failure::new(format!(
                "{} ended a reader: {:?}",
                mail.display(),
                done.status
            )));
        }
        let field = |name: &str| out.lines().find_map(|line| line.strip_prefix(name));
        let figure = |name| {
            field(name)
                .and_then(|text| text.parse::<f64>().ok())
                .unwrap_or_default()
        };
        let said = match (field("refused "), field("quarantined "), field("parts ")) {
            (Some(why), ..) => format!("refused ({})", why.chars().take(60).collect::<String>()),
            (_, Some(why), _) => {
                format!("quarantined ({})", why.chars().take(60).collect::<String>())
            }
            (.., Some(parts)) => format!("{parts} parts"),
            (..) => "nothing".to_owned(),
        };
        Ok(Self {
            said,
            archive: field("archive ").map(str::to_owned),
            seconds: figure("seconds "),
            peak_mb: figure("peak_kb ") / 1_024.0,
        })
    }

    fn cost(&self) -> String {
        format!("{:.2} s, {:.0} MB", self.seconds, self.peak_mb)
    }
}
