//! What a certificate is good for at a time.
//!
//! In scope: expiry, revocation, capabilities, in words. Out of scope: who holds it.

use std::fmt;

use super::certificate::{Certificate, Component, Subkey};
use super::facts::{Revocation, Statement};
use super::policy::Weakness;
use super::signature::SignatureFault;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// The state of a certificate at a time: the first that holds, in this order from below.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateState {
    /// Mail can be encrypted to it.
    Usable {
        /// Until when, in seconds since 1970; none: it does not say.
        until: Option<i64>,
    },
    /// It can still be encrypted to, but not for long: ask for a new one.
    Expiring {
        /// Whole days that are left.
        days: i64,
        /// Until when.
        until: i64,
    },
    /// No key in it can be encrypted to.
    NoEncryption,
    /// It, or all that could be encrypted to, expired.
    Expired {
        /// When.
        at: i64,
    },
    /// It is from the future, or nothing its holder signed counts at this time.
    NotYet,
    /// Its holder took it back.
    Revoked {
        /// When.
        at: i64,
        /// Why.
        reason: &'static str,
    },
    /// It does not count at any time.
    Weak(Weakness),
}

impl CertificateState {
    /// Whether mail can be encrypted to it.
    pub const fn is_usable(&self) -> bool {
        matches!(self, Self::Usable { .. } | Self::Expiring { .. })
    }
}

impl CertificateState {
    /// When it ends or ended, in seconds since 1970; none: it does not say, or time is not what ends it.
    pub const fn until(&self) -> Option<i64> {
        match self {
            Self::Usable { until } => *until,
            Self::Expiring { until, .. } => Some(*until),
            Self::Expired { at } => Some(*at),
            Self::NoEncryption | Self::NotYet | Self::Revoked { .. } | Self::Weak(_) => None,
        }
    }
}

impl fmt::Display for CertificateState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usable { until: None } => out.write_str("usable; it does not expire"),
            Self::Usable { until: Some(_) } => out.write_str("usable"),
            Self::Expiring { days, .. } => {
                write!(out, "expires in {days} days; ask its holder for a new one")
            }
            Self::NoEncryption => out.write_str("has no key to encrypt to"),
            Self::Expired { .. } => out.write_str("expired; ask its holder for a new one"),
            Self::NotYet => out.write_str("is not valid yet, or nothing its holder signed counts"),
            Self::Revoked { reason, .. } => write!(out, "revoked by its holder: {reason}"),
            Self::Weak(weakness) => write!(out, "not taken: {weakness}"),
        }
    }
}

impl Component {
    /// What holds at a time: the newest that was said by then.
    pub(super) fn statement(&self, now: i64) -> Option<&Statement> {
        let said = self.statements.iter().rev();
        let mut said = said.filter(|one| one.made_at <= now);
        said.find(|one| one.ends_at.is_none_or(|end| end > now))
    }

    pub(super) fn revocation(&self, now: i64) -> Option<&Revocation> {
        let mut all = self.revocations.iter();
        all.find(|one| one.hard || one.at <= now)
    }

    /// When it expires, as is said at a time.
    pub(super) fn expires_at(&self, now: i64) -> Option<i64> {
        let valid_for = self.statement(now)?.valid_for?;
        Some(self.made_at + valid_for)
    }

    /// Why it cannot be used at a time, for anything.
    fn fault(&self, now: i64) -> Option<SignatureFault> {
        if let Some(weakness) = &self.weakness {
            return Some(SignatureFault::Weak(weakness.clone()));
        }
        if let Some(revocation) = self.revocation(now) {
            return Some(SignatureFault::KeyRevoked {
                reason: revocation.reason,
            });
        }
        if self.made_at > now || self.statement(now).is_none() {
            return Some(SignatureFault::KeyNotYet);
        }
        let expired = self.expires_at(now).is_some_and(|at| at <= now);
        expired.then_some(SignatureFault::KeyExpired)
    }
}

impl Certificate {
    /// Its state at a time. Within `alarm_days` of its end it is [`CertificateState::Expiring`].
    pub fn state(&self, now: i64, alarm_days: i64) -> CertificateState {
        let primary = &self.primary;
        if let Some(weakness) = &primary.weakness {
            return CertificateState::Weak(weakness.clone());
        }
        if let Some(revocation) = primary.revocation(now) {
            return CertificateState::Revoked {
                at: revocation.at,
                reason: revocation.reason,
            };
        }
        if primary.made_at > now || primary.statement(now).is_none() {
            return CertificateState::NotYet;
        }
        let own_end = primary.expires_at(now);
        if let Some(at) = own_end.filter(|at| *at <= now) {
            return CertificateState::Expired { at };
        }
        let Some(best) = self.encryption_key(now) else {
            let ended = self.subkeys.iter().filter(|one| encrypts(&one.known, now));
            let ended = ended.filter(|one| one.known.revocation(now).is_none());
            let last = ended.filter_map(|one| one.known.expires_at(now)).max();
            return last.map_or(CertificateState::NoEncryption, |at| {
                CertificateState::Expired { at }
            });
        };
        let ends = [own_end, best.known.expires_at(now)];
        let until = ends.into_iter().flatten().min();
        match until {
            Some(until) if until - now < alarm_days.saturating_mul(DAY) => {
                CertificateState::Expiring {
                    days: (until - now) / DAY,
                    until,
                }
            }
            until => CertificateState::Usable { until },
        }
    }

    /// The subkey to encrypt to at a time: the one that lasts longest, and of those the newest.
    pub(super) fn encryption_key(&self, now: i64) -> Option<&Subkey> {
        if self.primary.fault(now).is_some() {
            return None;
        }
        let all = self.subkeys.iter();
        let good = all.filter(|one| one.known.fault(now).is_none() && encrypts(&one.known, now));
        good.max_by_key(|one| {
            let until = one.known.expires_at(now).unwrap_or(i64::MAX);
            (until, one.known.made_at)
        })
    }

    /// Why a signature that this key made at `made_at` is no good at `now`; `subkey` none: the primary key.
    pub(super) fn signing_fault(
        &self,
        subkey: Option<&Subkey>,
        made_at: i64,
        now: i64,
    ) -> Option<SignatureFault> {
        if let Some(fault) = self.primary.fault(now) {
            return Some(fault);
        }
        let known = subkey.map_or(&self.primary, |one| &one.known);
        if let Some(fault) = known.fault(now) {
            return Some(fault);
        }
        if made_at < known.made_at {
            return Some(SignatureFault::KeyNotYet);
        }
        let may = known.statement(now).map(|one| one.may);
        let signs = may.is_some_and(|may| may.sign || (may.unsaid && subkey.is_none()));
        (!signs).then_some(SignatureFault::KeyNotForSigning)
    }
}

fn encrypts(known: &Component, now: i64) -> bool {
    known.statement(now).is_some_and(|one| one.may.encrypt)
}
