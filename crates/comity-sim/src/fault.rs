//! Faults on purpose: what the simulator must find, done to nodes from outside.
//!
//! None of this is in the nodes themselves: a fault is a guard that lies, a disk that forgets, a hand that changes rows.
//!
//! In scope: the faults. Out of scope: ordinary weather (`step`).

use comity_store::state::{State, Tx, Value};

use crate::guard::Behaviour;
use crate::invariants::Violation;
use crate::node::SimNode;
use crate::world::{Place, World, name, surprise};

/// A fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// None.
    #[default]
    None,
    /// Restores set the guard back too, and nobody is told.
    HiddenRestore,
    /// The guard says that it kept what it did not keep.
    LyingGuard,
    /// A crash loses the newest envelope that was committed.
    LostSync,
    /// A stored envelope is gone when its receipt is given.
    ForgottenEnvelope,
    /// An envelope in the outbox gets another place.
    HoleInChannel,
    /// What was applied is marked as stored again.
    AppliedAgain,
    /// A conviction is taken back by itself.
    Pardon,
    /// The evidence of a conviction is lost.
    LostEvidence,
    /// A head that was cosigned is held with another root.
    WrongHead,
    /// A suspension ends by itself.
    SecretResume,
    /// No receipt ever comes.
    LostReceipts,
    /// An envelope that was applied is forgotten, and the channel with it.
    ForgottenChannel,
    /// An envelope is marked as receipted that is still on its way.
    FalseReceipt,
    /// A message of a thread that was taken is gone.
    ForgottenMessage,
    /// A message that was taken has another time than its receipt says.
    MovedMessage,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 15] = [
        Self::HiddenRestore,
        Self::LyingGuard,
        Self::LostSync,
        Self::ForgottenEnvelope,
        Self::HoleInChannel,
        Self::AppliedAgain,
        Self::Pardon,
        Self::LostEvidence,
        Self::WrongHead,
        Self::SecretResume,
        Self::LostReceipts,
        Self::ForgottenChannel,
        Self::FalseReceipt,
        Self::ForgottenMessage,
        Self::MovedMessage,
    ];

    /// Whether restores go unnoticed.
    pub fn hides_restores(self) -> bool {
        self == Self::HiddenRestore
    }

    /// What is done to a node after it took a batch, before it answers.
    pub fn after_take(self, node: &SimNode, from: usize) -> Result<(), Violation> {
        let party = name(from);
        let sql = match self {
            Self::ForgottenEnvelope => "DELETE FROM inbox WHERE state = 'stored' AND party = ?1",
            Self::LostReceipts => {
                "UPDATE receipt SET owed = 0 WHERE direction = 'in' AND party = ?1"
            }
            Self::None
            | Self::HiddenRestore
            | Self::LyingGuard
            | Self::LostSync
            | Self::HoleInChannel
            | Self::AppliedAgain
            | Self::Pardon
            | Self::LostEvidence
            | Self::WrongHead
            | Self::SecretResume
            | Self::ForgottenChannel
            | Self::FalseReceipt
            | Self::ForgottenMessage
            | Self::MovedMessage => return Ok(()),
        };
        change(&node.state, sql, &[party.as_str().into()])
    }

    /// What a crash loses.
    pub fn lose_sync(self, node: usize, place: &mut Place) {
        let state = &place.node.state;
        let newest =
            "DELETE FROM outbox WHERE created = (SELECT max(created) FROM outbox) AND ?1 >= 0";
        let lost = change(state, newest, &[u64::try_from(node).unwrap_or(0).into()]);
        drop(lost);
    }

    /// What is done to a world while it heals: most convictions fall there.
    pub fn tamper_at_the_end(self, world: &mut World) -> Result<(), Violation> {
        if matches!(self, Self::Pardon | Self::LostEvidence) {
            for _ in 0..20 {
                self.tamper(world)?;
            }
        }
        Ok(())
    }

    /// What is done to a world now and then.
    pub fn tamper(self, world: &mut World) -> Result<(), Violation> {
        let node = world.any();
        if self == Self::LyingGuard {
            world.place(node).node.guard.behave(Behaviour::Lies);
            return Ok(());
        }
        let sql = match self {
            Self::HoleInChannel => {
                "UPDATE outbox SET seq = seq + 1 WHERE seq = (SELECT max(seq) FROM outbox)"
            }
            Self::AppliedAgain => "UPDATE inbox SET state = 'stored' WHERE state = 'applied'",
            Self::Pardon => {
                "UPDATE peer_log SET state = 'live', evidence = NULL WHERE state = 'forked'"
            }
            Self::LostEvidence => "UPDATE peer_log SET evidence = NULL WHERE state = 'forked'",
            Self::WrongHead => "UPDATE peer_log SET root = zeroblob(32) WHERE size > 1",
            Self::SecretResume => "UPDATE party SET state = 'verified'",
            Self::ForgottenChannel => {
                "UPDATE channel SET seq = seq - 1 WHERE direction = 'in' AND seq > 1"
            }
            Self::FalseReceipt => "UPDATE outbox SET state = 'receipted' WHERE state = 'sent'",
            Self::ForgottenMessage => "DELETE FROM message WHERE direction = 'in'",
            Self::MovedMessage => {
                "UPDATE message SET received = received + 60 WHERE direction = 'in'"
            }
            Self::None
            | Self::HiddenRestore
            | Self::LyingGuard
            | Self::LostSync
            | Self::ForgottenEnvelope
            | Self::LostReceipts => return Ok(()),
        };
        if !world.random.percent(20) {
            return Ok(());
        }
        change(&world.place(node).node.state, sql, &[])
    }
}

fn change(state: &State, sql: &'static str, values: &[Value]) -> Result<(), Violation> {
    let changed = state.write(|tx: &mut dyn Tx| tx.execute(sql, values));
    changed.map(|_| ()).map_err(surprise)
}
