//! Buffers for the bytes of pages, used again and again.
//!
//! A page of a thousand objects is close to a megabyte; taking fresh memory for each would cost more than reading the
//! file. A buffer goes back to its pool when the last part of the answer that lies in it has been sent.
//!
//! In scope: the pool, and gathering ranges of files into it. Out of scope: which ranges (`paging`).
//! Limits: at most [`KEPT_MAX`] buffers of [`BUFFER_BYTES`] wait unused.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// The size of one buffer.
pub(crate) const BUFFER_BYTES: usize = 256 * 1024;
/// Unused buffers kept for the next page; more are given back to the system.
const KEPT_MAX: usize = 64;

/// Buffers that wait to be used.
#[derive(Debug, Default)]
pub(crate) struct BufferPool {
    unused: Mutex<Vec<Vec<u8>>>,
}

/// A buffer that returns to its pool when dropped.
#[derive(Debug)]
struct Pooled {
    bytes: Vec<u8>,
    used: usize,
    pool: Arc<BufferPool>,
}

/// Collects bytes and ranges of files into buffers.
#[derive(Debug)]
pub(crate) struct Gather {
    pool: Arc<BufferPool>,
    current: Option<Pooled>,
    full: Vec<Bytes>,
}

impl BufferPool {
    fn take(self: &Arc<Self>) -> Pooled {
        let waiting = self
            .unused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let bytes = waiting.unwrap_or_else(|| vec![0; BUFFER_BYTES]);
        Pooled {
            bytes,
            used: 0,
            pool: Arc::clone(self),
        }
    }
}

impl AsRef<[u8]> for Pooled {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or_default()
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut unused = self
            .pool
            .unused
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if unused.len() < KEPT_MAX {
            unused.push(bytes);
        }
    }
}

impl Gather {
    /// An empty collection that takes its buffers from `pool`.
    pub(crate) fn new(pool: &Arc<BufferPool>) -> Self {
        Self {
            pool: Arc::clone(pool),
            current: None,
            full: Vec::new(),
        }
    }

    /// Appends `bytes`.
    pub(crate) fn put(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.room();
            let taken = room.len().min(bytes.len());
            let (now, later) = bytes.split_at(taken);
            if let Some(slot) = room.get_mut(..taken) {
                slot.copy_from_slice(now);
            }
            self.advance(taken);
            bytes = later;
        }
    }

    /// Appends `length` bytes of `file` from `offset` on.
    pub(crate) fn read(
        &mut self,
        file: &File,
        mut offset: u64,
        mut length: usize,
    ) -> io::Result<()> {
        while length > 0 {
            let room = self.room();
            let taken = room.len().min(length);
            if let Some(slot) = room.get_mut(..taken) {
                file.read_exact_at(slot, offset)?;
            }
            self.advance(taken);
            offset += u64::try_from(taken).unwrap_or(0);
            length -= taken;
        }
        Ok(())
    }

    /// What was collected, in order.
    pub(crate) fn finish(mut self) -> Vec<Bytes> {
        self.seal();
        self.full
    }

    fn room(&mut self) -> &mut [u8] {
        if self
            .current
            .as_ref()
            .is_some_and(|c| c.used == c.bytes.len())
        {
            self.seal();
        }
        let pool = &self.pool;
        let current = self.current.get_or_insert_with(|| pool.take());
        let used = current.used;
        current.bytes.get_mut(used..).unwrap_or_default()
    }

    fn advance(&mut self, by: usize) {
        if let Some(current) = &mut self.current {
            current.used += by;
        }
    }

    fn seal(&mut self) {
        if let Some(current) = self.current.take().filter(|c| c.used > 0) {
            self.full.push(Bytes::from_owner(current));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_file_ranges_come_out_in_order_across_buffers() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let content: Vec<u8> = (0..BUFFER_BYTES * 2)
            .map(|i| u8::try_from(i % 251).unwrap())
            .collect();
        std::fs::write(file.path(), &content).unwrap();
        let pool = Arc::new(BufferPool::default());
        for _ in 0..3 {
            let mut gather = Gather::new(&pool);
            gather.put(b"head");
            gather.read(file.as_file(), 10, BUFFER_BYTES + 5).unwrap();
            gather.put(b"tail");
            let got: Vec<u8> = gather.finish().concat();
            let expected = [b"head".as_slice(), &content[10..BUFFER_BYTES + 15], b"tail"].concat();
            assert!(got == expected);
        }
        assert_eq!(
            pool.unused.lock().unwrap().len(),
            2,
            "both buffers came back"
        );
    }
}
