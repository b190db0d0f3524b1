//! Who decides about mail: the server asks, and hands over what came.
//!
//! In scope: the questions, and the node's intake as the one that answers them. Out of scope: the conversation.

use comity_node::mail::intake::MailIntake;
use comity_node::mail::{Envelope, Kept, MailError, Verdict};
use comity_store::attachment::receiving::Receiving;
use comity_store::error::StoreError;

/// Decides about mail. Each call may wait for a disk or a database: the server makes them on threads that may.
pub trait Postmaster: Send + Sync + 'static {
    /// Whether there is room for a mail of so many bytes.
    fn has_room(&self, bytes: u64) -> bool;

    /// Who answers for a recipient.
    fn recipient(&self, local: &str, domain: &str) -> Verdict;

    /// The domain that `<postmaster>` without one means.
    fn domain(&self) -> &str;

    /// Begins to receive the bytes of a mail.
    fn receive(&self) -> Result<Receiving, StoreError>;

    /// Keeps a mail. Once this returns, it is durable, and the sender is told.
    fn keep(&self, envelope: &Envelope, raw: Receiving) -> Result<Kept, MailError>;
}

impl Postmaster for MailIntake {
    fn has_room(&self, bytes: u64) -> bool {
        Self::has_room(self, bytes)
    }

    fn recipient(&self, local: &str, domain: &str) -> Verdict {
        Self::recipient(self, local, domain)
    }

    fn domain(&self) -> &str {
        Self::domain(self)
    }

    fn receive(&self) -> Result<Receiving, StoreError> {
        Self::receive(self)
    }

    fn keep(&self, envelope: &Envelope, raw: Receiving) -> Result<Kept, MailError> {
        Self::keep(self, envelope, raw)
    }
}
