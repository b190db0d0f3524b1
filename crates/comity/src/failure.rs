//! Why a command did not do it: what failed, and the command that mends it.
//!
//! In scope: the message, the hint, the exit code (a contract with scripts). Out of scope: what can fail.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

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
}

/// A command that did not do it.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    exit: Exit,
}

impl Failure {
    /// The answer is no.
    pub(crate) fn no(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            exit: Exit::No,
        }
    }

    /// It was asked wrongly.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            exit: Exit::Usage,
        }
    }

    /// It could not be found out.
    pub(crate) fn unknown(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            exit: Exit::Unknown,
        }
    }

    /// The answer is no, because of `error` and all its reasons.
    pub(crate) fn because(error: &(dyn Error + 'static)) -> Self {
        Self::no(chain(error))
    }

    /// With what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Tells it on standard error.
    pub(crate) fn print(&self) {
        let hint = self.hint.as_ref().map(|hint| format!("\nhint: {hint}\n"));
        let text = format!("error: {}\n{}", self.message, hint.unwrap_or_default());
        // When nobody listens any more there is nothing left to do.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// The code for the shell.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.exit {
            Exit::No => 1,
            Exit::Usage => 2,
            Exit::Unknown => 3,
        })
    }
}
