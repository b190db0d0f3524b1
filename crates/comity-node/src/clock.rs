//! The one place where the time of day and randomness come from.
//!
//! In scope: the system's clock, and one that a test sets. Out of scope: waiting (the runtime's timers).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use uuid::Uuid;

/// Where `now` comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's clock.
    System,
    /// A clock that somebody sets: microseconds since 1970.
    Set(Arc<AtomicI64>),
}

impl Clock {
    /// Microseconds since 1970.
    pub fn now(&self) -> i64 {
        match self {
            // The one reading of the system's clock; everything else is given `now`.
            #[expect(
                clippy::disallowed_methods,
                reason = "the node's clock is where the time comes from"
            )]
            Self::System => jiff::Timestamp::now().as_microsecond(),
            Self::Set(at) => at.load(Ordering::Relaxed),
        }
    }
}

/// A random UUID (version 4).
pub fn new_uuid() -> Uuid {
    Uuid::new_v4()
}

/// `N` random bytes from the operating system.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Without randomness no secret may be made; there is nothing to fall back to.
    getrandom::fill(&mut bytes).expect("invariant: the operating system gives random bytes");
    bytes
}
