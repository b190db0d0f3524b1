//! Word that something is due: whoever works in the background listens, and never misses one.
//!
//! In scope: telling and listening. Out of scope: what is due; listeners look for themselves.

use tokio::sync::watch;

/// Tells listeners that something changed.
#[derive(Debug)]
pub struct Due(watch::Sender<u64>);

impl Default for Due {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Due {
    /// Something may be due.
    pub fn tell(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Listens from now on.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
