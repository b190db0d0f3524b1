//! Epochs: a node that was restored from a backup may have forgotten what it signed, so it begins a new log.
//!
//! In scope: the origin of each epoch's log, `BASE/e<n>` with n from 1. Out of scope: who declares an epoch open, what its
//! first entry says.

use std::fmt;

use crate::checkpoint::{CheckpointError, Origin};
use crate::encoding::from_decimal;

/// A log of a node: its origin, split into the node's name and the number of the epoch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch {
    base: String,
    number: u64,
}

impl Epoch {
    /// The first log of a node.
    pub fn first(base: &str) -> Result<Self, EpochError> {
        Self::new(base, 1)
    }

    /// The log of this node and epoch.
    pub fn new(base: &str, number: u64) -> Result<Self, EpochError> {
        let epoch = Self {
            base: base.to_owned(),
            number,
        };
        if base.is_empty() || number == 0 {
            return Err(EpochError::NoEpoch);
        }
        Origin::parse(&epoch.to_string())?;
        Ok(epoch)
    }

    /// Reads an origin that ends in an epoch.
    pub fn parse(origin: &Origin) -> Result<Self, EpochError> {
        let (base, number) = origin
            .as_str()
            .rsplit_once("/e")
            .ok_or(EpochError::NoEpoch)?;
        Self::new(base, from_decimal(number).ok_or(EpochError::NoEpoch)?)
    }

    /// The node's name, which all its epochs share.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Which epoch, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The origin of this epoch's log.
    pub fn origin(&self) -> Origin {
        Origin::parse(&self.to_string()).expect("checked when it was made")
    }

    /// The epoch that a restore opens.
    pub fn next(&self) -> Result<Self, EpochError> {
        let number = self.number.checked_add(1).ok_or(EpochError::NoEpoch)?;
        Self::new(&self.base, number)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/e{}", self.base, self.number)
    }
}

/// Why an origin names no epoch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EpochError {
    /// It does not end in `/e` and a number from 1.
    #[error("the origin does not end in an epoch; it reads NODE/e1, NODE/e2 and so on")]
    NoEpoch,
    /// It is no origin.
    #[error("the node's name makes no origin")]
    Origin(#[from] CheckpointError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_the_end_of_an_origin() {
        let check = |origin: &str, expected: Option<(&str, u64)>| {
            let epoch = Epoch::parse(&Origin::parse(origin).unwrap()).ok();
            let found = epoch.as_ref().map(|epoch| (epoch.base(), epoch.number()));
            assert_eq!(found, expected, "{origin}");
            assert!(epoch.is_none_or(|epoch| epoch.origin().as_str() == origin));
        };
        check("node.example/ledger/e1", Some(("node.example/ledger", 1)));
        check("node.example/e7/e12", Some(("node.example/e7", 12)));
        check("node.example/ledger", None);
        check("node.example/e0", None);
        check("node.example/e01", None);
        check("node.example/e", None);
        check("node.example/e1/", None);
        check("/e1", None);
        check("node.example/evidence", None);
    }

    #[test]
    fn a_restore_opens_the_next_epoch() {
        let first = Epoch::first("node.example").unwrap();
        assert_eq!(first.to_string(), "node.example/e1");
        assert_eq!(first.next().unwrap().to_string(), "node.example/e2");
        Epoch::new("node.example", u64::MAX)
            .unwrap()
            .next()
            .unwrap_err();
        Epoch::first(&"x".repeat(255)).unwrap_err();
        Epoch::first("two\nlines").unwrap_err();
    }
}
