//! Trust policies (C2SP `tlog-policy`): which logs are accepted, and which witnesses must have cosigned.
//!
//! In scope: reading policy files, and judging a checkpoint by one. Out of scope: where a policy comes from, reaching the
//! URLs in it, whether the cosignatures are recent.
//!
//! Limits: [`POLICY_BYTES_MAX`] and [`LINES_MAX`] of each kind; the specification asks for at least 32.

mod parse;

use std::collections::BTreeSet;

use crate::checkpoint::SignedCheckpoint;
use crate::key::{KeyError, VerifierKey};
use crate::note::NoteError;

/// Longest policy file, in bytes: 256 ML-DSA-44 keys of each kind fit.
pub const POLICY_BYTES_MAX: usize = 1_000_000;

/// Most logs, most witnesses and most groups.
pub const LINES_MAX: usize = 256;

/// A policy. Groups refer to what stands before them, so that it can be judged in one pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Member>,
}

/// A log whose checkpoints are accepted. Its key's name is its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The key.
    pub key: VerifierKey,
    /// Where it is reached, as the file says.
    pub url: Option<Vec<u8>>,
}

/// A witness whose cosignatures count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its name within the file: octets.
    pub name: Vec<u8>,
    /// The key.
    pub key: VerifierKey,
    /// Where it is reached, as the file says.
    pub url: Option<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: Vec<u8>,
    threshold: usize,
    members: Vec<Member>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Member {
    Witness(usize),
    Group(usize),
}

impl Policy {
    /// Reads a policy file.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        parse::parse(bytes)
    }

    /// The logs, in the order of their lines.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses, in the order of their lines.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Judges a checkpoint: signed by a log of that origin, cosigned by a quorum, no bad signature of any known key.
    pub fn verify(&self, checkpoint: &SignedCheckpoint) -> Result<Accepted, Refused> {
        let origin = checkpoint.checkpoint().origin.as_str();
        let of_origin = self.logs.iter().filter(|log| log.key.name() == origin);
        let mut keys: Vec<VerifierKey> = of_origin.map(|log| log.key.clone()).collect();
        if keys.is_empty() {
            return Err(Refused::UnknownLog {
                origin: origin.to_owned(),
            });
        }
        let logs = keys.len();
        keys.extend(self.witnesses.iter().map(|witness| witness.key.clone()));
        let verified = checkpoint.verify(&keys)?;
        let signed_by = |key: &VerifierKey| {
            let by_key = |index: usize| keys.get(index).is_some_and(|one| one == key);
            verified.iter().find(|one| by_key(one.key_index))
        };
        if !keys.iter().take(logs).any(|key| signed_by(key).is_some()) {
            return Err(Refused::NotSignedByLog {
                origin: origin.to_owned(),
            });
        }
        let mut cosigned = Vec::new();
        for (witness, one) in self.witnesses.iter().enumerate() {
            if let Some(time) = signed_by(&one.key).and_then(|found| found.time) {
                cosigned.push(Cosigned { witness, time });
            }
        }
        if self.is_quorum(&cosigned.iter().map(|one| one.witness).collect()) {
            Ok(Accepted { cosigned })
        } else {
            let witnesses = cosigned.len();
            Err(Refused::NoQuorum { witnesses })
        }
    }

    /// Whether these witnesses, by index, are a quorum.
    pub fn is_quorum(&self, witnesses: &BTreeSet<usize>) -> bool {
        let mut reached: Vec<bool> = Vec::new();
        let holds = |reached: &[bool], member: &Member| match member {
            Member::Witness(index) => witnesses.contains(index),
            Member::Group(index) => reached.get(*index).copied().unwrap_or(false),
        };
        for group in &self.groups {
            let members = group.members.iter();
            let count = members.filter(|member| holds(&reached, member)).count();
            reached.push(count >= group.threshold);
        }
        self.quorum.is_none_or(|quorum| holds(&reached, &quorum))
    }
}

/// A checkpoint that satisfies the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Who of the policy's witnesses cosigned it, and when.
    pub cosigned: Vec<Cosigned>,
}

/// A verified cosignature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cosigned {
    /// Which of the policy's witnesses.
    pub witness: usize,
    /// When, in seconds since the epoch, as it says.
    pub time: u64,
}

/// Why a policy does not accept a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// No log of that origin.
    #[error("the policy names no log {origin}; add its key if it is to be accepted")]
    UnknownLog {
        /// The checkpoint's origin.
        origin: String,
    },
    /// A signature of a known key is bad, or none is by a known key.
    #[error("the checkpoint's signatures are refused")]
    Signatures(#[from] NoteError),
    /// Cosigned, but not signed by the log itself.
    #[error("the checkpoint is not signed by its log {origin}; fetch it from the log")]
    NotSignedByLog {
        /// The checkpoint's origin.
        origin: String,
    },
    /// Too few cosignatures, or of the wrong witnesses.
    #[error("{witnesses} known witnesses cosigned, which is no quorum; wait for more cosignatures")]
    NoQuorum {
        /// How many of the policy's witnesses did.
        witnesses: usize,
    },
}

/// Why a file is no policy. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Over [`POLICY_BYTES_MAX`].
    #[error("the policy has {bytes} bytes; the limit is {POLICY_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The last line does not end: part of a name may be missing.
    #[error("the policy's last line has no newline; it may be cut short")]
    CutShort,
    /// A control character other than tab and newline, or DEL.
    #[error("line {line} holds a control character; only tabs are allowed")]
    ControlCharacter {
        /// Where.
        line: usize,
    },
    /// Not one of the four kinds of line, or too few or many items.
    #[error(
        "line {line} is none of: log VKEY [URL], witness NAME VKEY [URL], group NAME COUNT NAME..., quorum NAME"
    )]
    BadLine {
        /// Where.
        line: usize,
    },
    /// A key that cannot be used.
    #[error("the key on line {line} cannot be used")]
    BadKey {
        /// Where.
        line: usize,
        /// Why.
        #[source]
        source: KeyError,
    },
    /// A witness's key that does not cosign.
    #[error(
        "the key on line {line} makes no cosignatures; ask the witness for its key of type 0x04 or 0x06"
    )]
    NotAWitnessKey {
        /// Where.
        line: usize,
    },
    /// The same public key twice among the logs or among the witnesses.
    #[error("the key on line {line} stands in the policy already; remove one")]
    DuplicateKey {
        /// Where.
        line: usize,
    },
    /// The name is `none` or was given before.
    #[error("the name on line {line} is taken; choose another")]
    NameTaken {
        /// Where.
        line: usize,
    },
    /// A name that no line before this one defines.
    #[error("line {line} uses a name that no line above it defines")]
    UnknownName {
        /// Where.
        line: usize,
    },
    /// A name that is a member of a group already.
    #[error("a member on line {line} belongs to a group already; each can count only once")]
    MemberTwice {
        /// Where.
        line: usize,
    },
    /// Not `any`, `all`, or a number from 1 to the number of members.
    #[error(
        "the count on line {line} is not `any`, `all` or a number from 1 to that of the members"
    )]
    BadThreshold {
        /// Where.
        line: usize,
    },
    /// Over [`LINES_MAX`].
    #[error("line {line} is one too many of its kind; the limit is {LINES_MAX}")]
    TooMany {
        /// Where.
        line: usize,
    },
    /// No `quorum` line, or a second one.
    #[error("a policy has exactly one quorum line; `quorum none` asks for no cosignatures")]
    NotOneQuorum,
}

#[cfg(test)]
#[allow(
    clippy::as_conversions,
    clippy::format_push_string,
    reason = "test code: short beats fast"
)]
mod tests;
