//! Reads one mail from a file, tells what it carries, and the memory that it took.
//!
//! In scope: guard, reading, classifying, one after the other, as the node does them. Out of scope: everything else.
//!
//!     cargo run -p comity-mail --example read_mail -- FILE

use std::io::Write as _;
use std::process::ExitCode;

use comity_mail::carried::{CarriedLimits, classify};
use comity_mail::guard::{GuardLimits, Verdict, guard};
use comity_mail::reading::{ReadLimits, TIME_MAX, isolated, read};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}\n\nhint: read_mail FILE");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let path = std::env::args_os().nth(1).ok_or("no file named")?;
    let mail = std::fs::read(path).map_err(|error| error.to_string())?;
    let mut out = std::io::stdout().lock();
    let mut say = |line: String| writeln!(out, "{line}").map_err(|error| error.to_string());
    match guard(&mail, &GuardLimits::EXCHANGE) {
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
        }
        Verdict::Refuse(refusal) => say(format!("refused {refusal}"))?,
        Verdict::Quarantine(fault) => say(format!("quarantined {fault}"))?,
    }
    let status = std::fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak
        .and_then(|line| line.split_whitespace().next())
        .ok_or("no VmHWM")?;
    say(format!("peak_kb {peak}"))
}
