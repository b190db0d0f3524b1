//! A guard in memory that survives what a disk survives, and that fails or lies when told to.
//!
//! In scope: keeping the last signed head, faults. Out of scope: the guard's file (`comity-node`).

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use comity_ledger::tree::empty_root;
use comity_node::link::guard::{Guard, GuardError, Known, LastSigned};

use crate::node::name_of;

/// How a guard behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// It keeps what it is given.
    #[default]
    Sound,
    /// The next time it keeps nothing and says so: the disk is full, or the node dies before.
    FailsBefore,
    /// The next time it keeps what it is given and says that it did not: the node dies after.
    FailsAfter,
    /// It keeps nothing and says that it did.
    Lies,
}

#[derive(Debug, Default)]
struct Inner {
    kept: Option<LastSigned>,
    behaviour: Behaviour,
}

/// A guard in memory; cheap to share.
#[derive(Clone, Debug, Default)]
pub struct SimGuard(Arc<Mutex<Inner>>);

impl SimGuard {
    /// A guard that knows this.
    pub fn with(kept: Option<LastSigned>) -> Self {
        let guard = Self::default();
        guard.inner().kept = kept;
        guard
    }

    /// The guard of a node that has signed nothing yet.
    pub fn fresh(number: u8) -> Self {
        Self::with(Some(LastSigned {
            origin: format!("{}.example/log", name_of(number)),
            size: 0,
            root: *empty_root().as_bytes(),
        }))
    }

    /// What it kept last.
    pub fn kept(&self) -> Option<LastSigned> {
        self.inner().kept.clone()
    }

    /// Changes how it behaves.
    pub fn behave(&self, behaviour: Behaviour) {
        self.inner().behaviour = behaviour;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guard for SimGuard {
    fn known(&self) -> Result<Known, GuardError> {
        Ok(self.kept().map_or(Known::Nothing, Known::Signed))
    }

    fn keep(&self, signed: &LastSigned) -> Result<(), GuardError> {
        let mut inner = self.inner();
        let behaviour = inner.behaviour;
        match behaviour {
            Behaviour::Sound => inner.kept = Some(signed.clone()),
            Behaviour::Lies => {}
            Behaviour::FailsBefore | Behaviour::FailsAfter => {
                inner.behaviour = Behaviour::Sound;
                if behaviour == Behaviour::FailsAfter {
                    inner.kept = Some(signed.clone());
                }
                let why = std::io::Error::other("the disk failed");
                return Err(GuardError::new("write", PathBuf::from("last-signed"), why));
            }
        }
        Ok(())
    }
}
