//! Reading on a thread of its own, so that a mail which breaks the reader breaks nothing else.
//!
//! A thread is no input or output: nothing goes in but the closure, nothing comes out but what it returns. Its stack is large, a panic ends
//! it alone, and who waits for it waits for a limited time. A thread cannot be ended from outside, so one that does not come back
//! keeps its place among [`WORKERS_MAX`]; when all places are taken, the answer is [`Isolation::Busy`] and the mail waits.
//!
//! In scope: running a closure so. Out of scope: what it does, trying again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;
use std::time::Duration;

/// The stack of a reader, in bytes: address space, of which only what is touched becomes memory.
pub const STACK_BYTES: usize = 64 * 1024 * 1024;
/// Readers at one time.
pub const WORKERS_MAX: usize = 4;
/// How long the reading of one mail may take: a mail of 25 MB takes a second.
pub const TIME_MAX: Duration = Duration::from_secs(30);

static WORKERS: AtomicUsize = AtomicUsize::new(0);

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Isolation {
    /// The reader panicked.
    #[error(
        "reading failed inside ({message}); keep the mail and report this as a fault of the program"
    )]
    Panicked {
        /// What it said.
        message: String,
    },
    /// It took too long.
    #[error("reading took longer than {} seconds; keep the mail for a person", limit.as_secs())]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// Too many readers are at work.
    #[error("{WORKERS_MAX} mails are being read; try again later")]
    Busy,
    /// The system gives no more threads.
    #[error("no thread could be started ({reason}); try again later")]
    NoThread {
        /// What the system says.
        reason: String,
    },
}

/// Gives its place back when the reader ends, however it ends.
struct Place;

impl Place {
    fn take() -> Option<Self> {
        let more = |taken: usize| (taken < WORKERS_MAX).then_some(taken + 1);
        let taken = WORKERS.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        // Made only when it was taken: its end gives it back.
        taken.ok().map(|_| Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        WORKERS.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Runs `work` on a thread with a stack of [`STACK_BYTES`] and waits for it up to `limit`.
pub fn isolated<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Isolation> {
    let place = Place::take().ok_or(Isolation::Busy)?;
    let (sender, receiver) = channel();
    let started = Builder::new()
        .name("mail-reader".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            // What the closure holds is dropped with it: nobody sees it half changed.
            let done = catch_unwind(AssertUnwindSafe(work));
            drop(place);
            // Nobody listens any more when the time is over.
            let _late = sender.send(done);
        });
    if let Err(error) = started {
        return Err(Isolation::NoThread {
            reason: error.to_string(),
        });
    }
    match receiver.recv_timeout(limit) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(panic)) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            let message = text.unwrap_or("no message").chars().take(200).collect();
            Err(Isolation::Panicked { message })
        }
        Err(RecvTimeoutError::Timeout) => Err(Isolation::TimedOut { limit }),
        Err(RecvTimeoutError::Disconnected) => Err(Isolation::Panicked {
            message: "the thread ended".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Isolation, WORKERS_MAX, isolated};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    #[test]
    fn a_reader_that_fails_or_hangs_is_a_named_result() {
        let long = Duration::from_secs(20);
        assert_eq!(isolated(long, || 7), Ok(7));
        let panicked = isolated(long, || -> u8 { panic!("bad {}", 1) });
        let message = "bad 1".to_owned();
        assert_eq!(panicked, Err(Isolation::Panicked { message }));
        // Readers that wait for a word which comes only at the end of the test.
        let short = Duration::from_millis(20);
        let mut held = Vec::new();
        for _ in 0..WORKERS_MAX {
            let (word, wait) = channel::<()>();
            held.push(word);
            let done = isolated(short, move || wait.recv().is_ok());
            assert_eq!(done, Err(Isolation::TimedOut { limit: short }));
        }
        // More than once: who is turned away gives no place back.
        for _ in 0..=WORKERS_MAX {
            assert_eq!(isolated(long, || 7), Err(Isolation::Busy));
        }
        drop(held);
        let again = (0..1_000).find_map(|_| {
            std::thread::yield_now();
            isolated(long, || 7).ok().or_else(|| {
                let (_word, wait) = channel::<()>();
                let _waited = wait.recv_timeout(Duration::from_millis(10));
                None
            })
        });
        assert_eq!(again, Some(7));
    }
}
