//! Bytes that go along with an operation: from whoever reads them off a line to whoever stores them, and back.
//!
//! The one side is asynchronous and the other a thread that waits. Little is held in between, so whoever is faster waits; an end
//! that was not said is a failure, never a shorter file.
//!
//! In scope: the pipe. Out of scope: HTTP (the edges), what is done with the bytes.
//! Limits: [`PIECES_MAX`] pieces in between; [`STALL_SECONDS`] in which nobody takes one, and [`BYTES_PER_SECOND_MIN`] over the whole.

use std::io::{Error, ErrorKind, Read, Write};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, timeout};

/// Pieces that wait in between.
pub const PIECES_MAX: usize = 4;
/// Bytes of a piece that is written.
const PIECE_BYTES: usize = 64 * 1024;
/// How long nobody may take a piece: a thread waits meanwhile.
pub const STALL_SECONDS: u64 = 60;
/// The slowest that bytes may come or go, over their whole time. A 128 kbit/s line is faster.
pub const BYTES_PER_SECOND_MIN: u64 = 12 * 1024;

/// A piece of what goes along, or that it ended there.
#[derive(Debug)]
enum Piece {
    Bytes(Bytes),
    End,
}

/// Whoever gives bytes along.
#[derive(Debug)]
pub struct Giver(Sender<Piece>);

/// The bytes as they are read by a thread that may wait.
#[derive(Debug)]
pub struct Given {
    from: Receiver<Piece>,
    left: Bytes,
    ended: bool,
}

/// A pipe from an asynchronous reader to a thread that stores.
pub fn given() -> (Giver, Given) {
    let (giver, from) = channel(PIECES_MAX);
    let read = Given {
        from,
        left: Bytes::new(),
        ended: false,
    };
    (Giver(giver), read)
}

impl Giver {
    /// Gives a piece; false where nobody reads any more.
    pub async fn give(&self, bytes: Bytes) -> bool {
        bytes.is_empty() || self.0.send(Piece::Bytes(bytes)).await.is_ok()
    }

    /// Says that this was all. Without it the other side reads a failure.
    pub async fn end(self) {
        // Nobody reads any more: then nobody misses the end.
        let _ = self.0.send(Piece::End).await;
    }
}

impl Read for Given {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.left.is_empty() && !self.ended {
            match self.from.blocking_recv() {
                Some(Piece::Bytes(bytes)) => self.left = bytes,
                Some(Piece::End) => self.ended = true,
                None => {
                    let what = "what was sent along broke off";
                    return Err(Error::new(ErrorKind::UnexpectedEof, what));
                }
            }
        }
        let count = into.len().min(self.left.len());
        self.left
            .copy_to_slice(into.get_mut(..count).unwrap_or_default());
        Ok(count)
    }
}

/// How fast bytes come or go: a line that drips holds a place that others wait for.
#[derive(Debug)]
pub struct Pace {
    began: Instant,
    bytes: u64,
}

impl Pace {
    /// A pace that begins now.
    pub fn begin() -> Self {
        Self {
            began: Instant::now(),
            bytes: 0,
        }
    }

    /// Counts what came or went; false where it is too slow.
    pub fn holds(&mut self, bytes: usize) -> bool {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(bytes);
        is_fast(self.bytes, self.began.elapsed())
    }
}

/// Whether so many bytes are enough after so long.
fn is_fast(bytes: u64, after: Duration) -> bool {
    let late = after.saturating_sub(Duration::from_secs(STALL_SECONDS));
    bytes >= late.as_secs().saturating_mul(BYTES_PER_SECOND_MIN)
}

/// What a thread writes, piece by piece, to somebody who reads asynchronously.
#[derive(Debug)]
pub struct Taken {
    to: Sender<Result<Bytes, Error>>,
    held: Vec<u8>,
    pace: Pace,
    runtime: Handle,
}

/// A pipe from a thread that reads a file to an asynchronous writer. Called where tasks run.
pub fn taken() -> (Taken, Receiver<Result<Bytes, Error>>) {
    let (to, from) = channel(PIECES_MAX);
    let taken = Taken {
        to,
        held: Vec::with_capacity(PIECE_BYTES),
        pace: Pace::begin(),
        runtime: Handle::current(),
    };
    (taken, from)
}

impl Taken {
    /// Tells the reader that nothing more comes because something failed.
    pub fn fail(self, error: Error) {
        // A reader that is gone needs to be told nothing; one that stopped reading finds the file shorter than was announced.
        let _ = self.give(Err(error));
    }

    fn give(&self, piece: Result<Bytes, Error>) -> std::io::Result<()> {
        let limit = Duration::from_secs(STALL_SECONDS);
        let given = self
            .runtime
            .block_on(async { timeout(limit, self.to.send(piece)).await });
        match given {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Error::new(
                ErrorKind::BrokenPipe,
                "whoever asked for it is gone",
            )),
            Err(_) => Err(slow()),
        }
    }
}

fn slow() -> Error {
    Error::new(ErrorKind::TimedOut, "whoever asked for it reads too slowly")
}

impl Write for Taken {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let bytes = Bytes::from(std::mem::take(&mut self.held));
        if !self.pace.holds(bytes.len()) {
            return Err(slow());
        }
        self.give(Ok(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_whole_and_what_breaks_off_is_a_failure() {
        let read = |ends: bool| {
            let (giver, mut from) = given();
            let thread = std::thread::spawn(move || {
                let mut all = Vec::new();
                from.read_to_end(&mut all).map(|_| all)
            });
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            runtime.block_on(async {
                for part in ["one ", "", "two"] {
                    assert!(giver.give(Bytes::from_static(part.as_bytes())).await);
                }
                if ends {
                    giver.end().await;
                }
            });
            thread.join().unwrap()
        };
        assert_eq!(read(true).unwrap(), b"one two");
        assert_eq!(read(false).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn what_a_thread_writes_comes_in_pieces_and_its_failure_is_one() {
        let (mut to, mut from) = taken();
        let thread = std::thread::spawn(move || {
            to.write_all(&vec![7; 3 * PIECE_BYTES + 5]).unwrap();
            to.flush().unwrap();
            to.fail(Error::other("the disk"));
        });
        let mut read = 0;
        let failure = loop {
            match from.recv().await.unwrap() {
                Ok(piece) => read += piece.len(),
                Err(error) => break error,
            }
        };
        assert_eq!(read, 3 * PIECE_BYTES + 5);
        assert_eq!(failure.to_string(), "the disk");
        thread.join().unwrap();
        let (mut to, from) = taken();
        drop(from);
        let gone = std::thread::spawn(move || to.write_all(&vec![7; PIECE_BYTES]));
        let gone = gone.join().unwrap().unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_line_that_drips_is_too_slow_after_a_minute() {
        let check = |bytes: u64, seconds: u64, fast: bool| {
            let after = Duration::from_secs(seconds);
            assert_eq!(is_fast(bytes, after), fast, "{bytes} in {seconds} s");
        };
        check(0, 60, true);
        check(60, 61, false);
        check(12 * 1024, 61, true);
        check(3_600 * 10 * 1024, 3_660, false);
        check(3_600 * 16 * 1024, 3_660, true);
    }
}
