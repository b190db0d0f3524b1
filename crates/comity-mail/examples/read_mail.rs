//! Reads one mail from a file, tells what it carries, and the time and the memory that it took.
//!
//! With `--unguarded` the guard's verdict is not listened to, with `--open` archives are opened.
//!
//! In scope: guard, reading, classifying, one after the other, as the node does them. Out of scope: everything else.
//!
//!     cargo run -p comity-mail --example read_mail -- FILE [--unguarded] [--open]

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use comity_mail::archive::{ArchiveLimits, PASSWORDS, extract};
use comity_mail::carried::{CarriedLimits, classify};
use comity_mail::guard::{GuardLimits, Verdict, guard};
use comity_mail::reading::{ContentKind, ReadLimits, TIME_MAX, isolated, read};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}\n\nhint: read_mail FILE [--unguarded] [--open]");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let path = arguments.first().ok_or("no file named")?;
    let chosen = |name: &str| arguments.iter().skip(1).any(|one| one == name);
    let (unguarded, open) = (chosen("--unguarded"), chosen("--open"));
    let mail = std::fs::read(path).map_err(|error| error.to_string())?;
    let mut out = std::io::stdout().lock();
    let mut say = |line: String| writeln!(out, "{line}").map_err(|error| error.to_string());
    let began = Instant::now();
    let mut said = guard(&mail, &GuardLimits::EXCHANGE);
    if unguarded {
        said = Verdict::Pass;
    }
    match said {
        Verdict::Pass => {
            let done = isolated(TIME_MAX, move || {
                let read = read(&mail, &ReadLimits::EXCHANGE, &[])?;
                let carried = classify(&read, &CarriedLimits::EXCHANGE);
                Ok::<_, comity_mail::reading::ReadError>((read, carried))
            });
            let (mail, carried) = done
                .map_err(|error| error.to_string())?
                .map_err(|error| error.to_string())?;
            say(format!("from {}", mail.fields.from.address))?;
            say(format!("subject {}", mail.fields.subject))?;
            say(format!("parts {}", mail.parts.len()))?;
            for warning in mail.warnings.iter().take(20) {
                say(format!("warning {warning}"))?;
            }
            for one in carried.iter().take(20) {
                let what = format!("{:?}", one.what);
                say(format!(
                    "carries {}",
                    what.chars().take(200).collect::<String>()
                ))?;
            }
            for one in mail.attachments.iter().filter(|_| open) {
                if one.kind == ContentKind::Zip {
                    say(format!("archive {}", opened(&one.bytes)))?;
                }
            }
        }
        Verdict::Refuse(refusal) => say(format!("refused {refusal}"))?,
        Verdict::Quarantine(fault) => say(format!("quarantined {fault}"))?,
    }
    say(format!("seconds {:.3}", began.elapsed().as_secs_f64()))?;
    let status = std::fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak
        .and_then(|line| line.split_whitespace().next())
        .ok_or("no VmHWM")?;
    say(format!("peak_kb {peak}"))
}

/// What came out of an archive.
fn opened(archive: &[u8]) -> String {
    match extract(archive, &ArchiveLimits::EXCHANGE, &PASSWORDS) {
        Ok(members) => {
            let bytes: usize = members.iter().map(|member| member.bytes.len()).sum();
            format!("opened, {} members, {bytes} bytes", members.len())
        }
        Err(error) => format!("not opened: {error}"),
    }
}
