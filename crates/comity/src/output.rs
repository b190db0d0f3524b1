//! Where words go: data to standard output, talk to standard error, progress to a terminal only.
//!
//! In scope: writing, and the progress bar. Out of scope: what is said.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::Value;

use crate::cli::Json;
use crate::failure::Failure;

/// One line of data.
pub(crate) fn data(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let written = out
        .write_all(line.as_bytes())
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush());
    written.map_err(|error| {
        Failure::no(
            format!("cannot write to standard output: {error}"),
            "did the program that reads it end early?",
        )
    })
}

/// Data as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::defect(&error))?;
    data(&text)
}

/// What a node said: as JSON where that was asked for, else as it is shown to people.
pub(crate) fn shown(
    said: &Value,
    asked: Json,
    show: impl Fn(&Value) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if asked.json { json(said) } else { show(said) }
}

/// A text in the file that was named.
pub(crate) fn file(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| {
        Failure::unknown(
            format!("cannot write {}: {error}", path.display()),
            "name another file with --out",
        )
    })
}

/// A text as data, or in the file that was named.
pub(crate) fn text(text: &str, out: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = out else {
        return data(text.trim_end());
    };
    file(path, text)?;
    say(&format!("written to {}", path.display()));
    Ok(())
}

/// One line of talk.
pub(crate) fn say(line: &str) {
    // When nobody listens any more there is nothing left to do.
    let _ = std::io::stderr()
        .lock()
        .write_all(format!("{line}\n").as_bytes());
}

/// A progress bar over `total` steps, shown on a terminal only.
pub(crate) fn progress(total: Option<u64>, bytes: bool) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    let template = match (total.is_some(), bytes) {
        (true, true) => "{bar:30} {percent:>3}%  {bytes}/{total_bytes}  {msg}  {eta} left",
        (true, false) => "{bar:30} {percent:>3}%  {human_pos}/{human_len}  {msg}  {eta} left",
        (false, true) => "{spinner} {bytes}  {msg}",
        (false, false) => "{spinner} {human_pos}  {msg}",
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// A number with its thousands set apart.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number and what it counts.
pub(crate) fn counted(number: u64, one: &str, more: &str) -> String {
    format!(
        "{} {}",
        thousands(number),
        if number == 1 { one } else { more }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let got = [0, 7, 999, 1_000, 1_060_482].map(thousands);
        assert_eq!(got, ["0", "7", "999", "1,000", "1,060,482"]);
    }
}
