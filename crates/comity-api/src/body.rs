//! Bodies of answers: pieces of bytes whose length is known beforehand.
//!
//! In scope: handing pieces to the connection without copying them. Out of scope: what they hold.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// A body made of pieces.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    waiting: VecDeque<Bytes>,
    left: u64,
}

impl Pieces {
    /// A body of these pieces, in order.
    pub(crate) fn new(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        let waiting: VecDeque<Bytes> = pieces
            .into_iter()
            .filter(|piece| !piece.is_empty())
            .collect();
        let left = waiting
            .iter()
            .map(|piece| u64::try_from(piece.len()).unwrap_or(0))
            .sum();
        Self { waiting, left }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.waiting.pop_front();
        if let Some(piece) = &next {
            self.left -= u64::try_from(piece.len()).unwrap_or(0);
        }
        Poll::Ready(next.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.waiting.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
