//! Why a command did not do it: what failed, and the command that mends it.
//!
//! In scope: the message, the hint, the exit code (a contract with scripts). Out of scope: what can fail.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use comity_node::command::{Refusal, RefusalKind};
use comity_store::error::chain;

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The answer is no, or it failed.
    No,
    /// It was asked wrongly.
    Usage,
    /// It could not be found out.
    Unknown,
    /// 6: the release rules refuse it, or a second person must look at it.
    Release,
    /// 7: what was to be verified does not hold.
    Verification,
}

/// A command that did not do it. It always says what mends it.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: String,
    exit: Exit,
}

impl Failure {
    fn new(message: impl Into<String>, hint: impl Into<String>, exit: Exit) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
            exit,
        }
    }

    /// The answer is no.
    pub(crate) fn no(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(message, hint, Exit::No)
    }

    /// It was asked wrongly.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(message, hint, Exit::Usage)
    }

    /// What was to be verified does not hold.
    pub(crate) fn verification(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(message, hint, Exit::Verification)
    }

    /// The release rules refuse it.
    pub(crate) fn release(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(message, hint, Exit::Release)
    }

    /// It could not be found out.
    pub(crate) fn unknown(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(message, hint, Exit::Unknown)
    }

    /// The answer is no, because of `error` and all its reasons.
    pub(crate) fn because(error: &(dyn Error + 'static), hint: impl Into<String>) -> Self {
        Self::no(chain(error), hint)
    }

    /// Something that cannot be, whatever was asked.
    pub(crate) fn defect(error: &(dyn Error + 'static)) -> Self {
        Self::unknown(
            chain(error),
            "this is a defect of comity: please report it, with the command that you gave",
        )
    }

    /// Tells it on standard error. `data` is the folder that the command named: commands in the hint name it too, so
    /// that they can be given as they stand.
    pub(crate) fn print(&self, data: Option<&Path>) {
        let hint = with_folder(&self.hint, data);
        let text = format!("error: {}\n\nhint: {hint}\n", self.message);
        // When nobody listens any more there is nothing left to do.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// The code for the shell.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.exit {
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::Unknown => 3,
            Exit::Release => 6,
            Exit::Verification => 7,
        })
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let exit = match refusal.kind {
            RefusalKind::No | RefusalKind::TooLarge => Exit::No,
            RefusalKind::Usage => Exit::Usage,
            RefusalKind::Unknown => Exit::Unknown,
            RefusalKind::Release | RefusalKind::SecondPerson => Exit::Release,
        };
        Self::new(refusal.message, refusal.hint, exit)
    }
}

/// Adds `--data DIR` to each command in backticks that works on a node and names none.
fn with_folder(hint: &str, data: Option<&Path>) -> String {
    let Some(data) = data else {
        return hint.to_owned();
    };
    let mut data = data.display().to_string();
    if data.contains(|c: char| c.is_whitespace() || "'\"\\$&;|<>()*?!`".contains(c)) {
        data = format!("'{}'", data.replace('\'', "'\\''"));
    }
    let parts = hint.split('`').enumerate().map(|(number, part)| {
        let command = number % 2 == 1 && part.starts_with("comity ");
        if command && !part.contains("--data") && !part.starts_with("comity demo") {
            format!("{part} --data {data}")
        } else {
            part.to_owned()
        }
    });
    parts.collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_in_a_hint_name_the_folder() {
        let check = |hint: &str, data: &str, expected: &str| {
            assert_eq!(with_folder(hint, Some(Path::new(data))), expected);
        };
        check(
            "`comity user list` shows them",
            "./n",
            "`comity user list --data ./n` shows them",
        );
        check(
            "use `comity init --data x` or `ls`",
            "n",
            "use `comity init --data x` or `ls`",
        );
        check(
            "try `comity doctor`",
            "a b",
            "try `comity doctor --data 'a b'`",
        );
        assert_eq!(with_folder("`comity doctor`", None), "`comity doctor`");
    }
}
