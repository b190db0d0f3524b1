//! What the network said of a mail's origin, and what of that counts.
//!
//! SPF (RFC 7208), DKIM (RFC 6376, 8301, 8463), DMARC (RFC 9989) and ARC (RFC 8617) are asked elsewhere, by whoever has a resolver; here
//! are their answers as plain data and the rules over them:
//!
//! - A DKIM signature counts if it is good, covers `From` and the whole body (no `l=`, with which anybody appends what they like), is
//!   neither expired nor from the future, and its key is Ed25519 or RSA of at least 1,024 bits; under 2,048 bits it is flagged.
//! - A domain is aligned if its DMARC record says what aligns, and SPF or a DKIM signature that counts does.
//! - An ARC chain is told and never counts: it is the word of those in between.
//! - Whoever replays a signed mail has a good signature: the same mail twice is for the store to see.
//!
//! In scope: judging. Out of scope: asking (`comity-transport`), what it is worth (`assurance`).

use std::fmt;

use crate::openpgp::AHEAD_SECONDS_MAX;

/// RSA keys of DKIM have at least so many bits (RFC 8301 section 3.2).
pub const DKIM_BITS_MIN: usize = 1_024;
/// Under so many bits an RSA key is flagged.
pub const DKIM_BITS_GOOD: usize = 2_048;
/// DKIM signatures of one mail that are looked at.
pub const DKIM_SIGNATURES_MAX: usize = 8;

/// What checking came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Good.
    Pass,
    /// Not good.
    Fail,
    /// Nothing is said.
    None,
    /// It could not be found out now: try again.
    Unknown,
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::None => "none",
            Self::Unknown => "could not be found out",
        })
    }
}

/// What was said of the sending server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spf {
    /// The domain of the envelope sender, or of the greeting where the sender is empty.
    pub domain: String,
    /// What came out.
    pub verdict: Verdict,
}

/// The key of a DKIM signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DkimKey {
    /// Ed25519 (RFC 8463).
    Ed25519,
    /// RSA with SHA-256 and so many bits; none: the key was not seen.
    Rsa {
        /// Bits.
        bits: Option<usize>,
    },
    /// RSA with SHA-1 (RFC 8301 section 3.1: not taken).
    RsaSha1,
}

/// A DKIM signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dkim {
    /// Who signed: `d=`.
    pub domain: String,
    /// Which key: `s=`.
    pub selector: String,
    /// What came out.
    pub verdict: Verdict,
    /// Its key.
    pub key: DkimKey,
    /// It covers `From`.
    pub covers_from: bool,
    /// It covers only the beginning of the body: `l=`.
    pub part_of_body: bool,
    /// When it was made, if it says so: `t=`.
    pub made_at: Option<i64>,
    /// When it ends, if it says so: `x=`.
    pub ends_at: Option<i64>,
}

/// What a DKIM signature is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DkimWorth {
    /// It counts.
    Counts,
    /// It counts, and its domain should have a longer key.
    CountsShortKey {
        /// Bits.
        bits: usize,
    },
    /// It is not good.
    NotGood,
    /// It could not be checked now.
    NotChecked,
    /// `l=`: more could have been appended.
    PartOfBody,
    /// `From` is not covered.
    FromOpen,
    /// It expired.
    Expired,
    /// It is from the future.
    Future,
    /// Its key is too short, or its digest too weak.
    WeakKey,
}

impl DkimWorth {
    /// Whether it counts.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Counts | Self::CountsShortKey { .. })
    }
}

impl fmt::Display for DkimWorth {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Counts => "good",
            Self::CountsShortKey { bits } => {
                return write!(
                    out,
                    "good, with an RSA key of only {bits} bits; ask for {DKIM_BITS_GOOD}"
                );
            }
            Self::NotGood => "not good",
            Self::NotChecked => "could not be checked now",
            Self::PartOfBody => "covers only a part of the body (l=)",
            Self::FromOpen => "does not cover From",
            Self::Expired => "expired",
            Self::Future => "from the future",
            Self::WeakKey => "made with a key or digest that is too weak",
        })
    }
}

impl Dkim {
    /// What it is worth at a time.
    pub fn worth(&self, now: i64) -> DkimWorth {
        if self.part_of_body {
            return DkimWorth::PartOfBody;
        }
        match self.verdict {
            Verdict::Pass => {}
            Verdict::Unknown => return DkimWorth::NotChecked,
            Verdict::Fail | Verdict::None => {
                let expired = self.ends_at.is_some_and(|end| end <= now);
                return if expired {
                    DkimWorth::Expired
                } else {
                    DkimWorth::NotGood
                };
            }
        }
        if !self.covers_from {
            return DkimWorth::FromOpen;
        }
        if self.ends_at.is_some_and(|end| end <= now) {
            return DkimWorth::Expired;
        }
        let ahead = now.saturating_add(AHEAD_SECONDS_MAX);
        if self.made_at.is_some_and(|at| at > ahead) {
            return DkimWorth::Future;
        }
        match self.key {
            DkimKey::Ed25519 => DkimWorth::Counts,
            DkimKey::Rsa { bits: Some(bits) } if bits >= DKIM_BITS_GOOD => DkimWorth::Counts,
            DkimKey::Rsa { bits: Some(bits) } if bits >= DKIM_BITS_MIN => {
                DkimWorth::CountsShortKey { bits }
            }
            DkimKey::Rsa { .. } | DkimKey::RsaSha1 => DkimWorth::WeakKey,
        }
    }
}

/// What the domain of `From` asks for where nothing aligns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DmarcPolicy {
    /// Nothing.
    None,
    /// Set it aside.
    Quarantine,
    /// Refuse it.
    Reject,
}

/// What DMARC came to; alignment with DKIM was judged over signatures that count alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dmarc {
    /// The domain of `From`.
    pub domain: String,
    /// What its record asks for; none: it has no record.
    pub policy: Option<DmarcPolicy>,
    /// Whether SPF aligns.
    pub spf: Verdict,
    /// Whether DKIM aligns.
    pub dkim: Verdict,
}

/// Who says that they had the mail before, in what state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arc {
    /// Whether their chain holds.
    pub verdict: Verdict,
    /// The domains that sealed it, the first first.
    pub sealers: Vec<String>,
}

/// All that the network said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// Of the sending server; none: the mail came over a way without one.
    pub spf: Option<Spf>,
    /// The DKIM signatures.
    pub dkim: Vec<Dkim>,
    /// Of the domain of `From`; none: there is not one domain.
    pub dmarc: Option<Dmarc>,
    /// Of those in between; none: nobody says anything.
    pub arc: Option<Arc>,
}

/// What follows for the domain of `From`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Alignment {
    /// It is aligned.
    Aligned {
        /// The domain in lower case.
        domain: String,
    },
    /// It was not asked for another domain than this one.
    OtherDomain,
    /// There is no DMARC record.
    NoRecord,
    /// Nothing that counts aligns.
    NotAligned {
        /// What the record asks for.
        policy: DmarcPolicy,
    },
    /// It could not be found out now.
    Unknown,
}

impl fmt::Display for Alignment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aligned { domain } => write!(out, "the mail comes from {domain} (DMARC)"),
            Self::OtherDomain => out.write_str("the domain of From was not checked"),
            Self::NoRecord => out.write_str("the domain of From has no DMARC record"),
            Self::NotAligned { policy } => {
                out.write_str("nothing proves that the mail comes from the domain of From")?;
                match policy {
                    DmarcPolicy::None => Ok(()),
                    DmarcPolicy::Quarantine => {
                        out.write_str(", which asks for such mails to be set aside")
                    }
                    DmarcPolicy::Reject => {
                        out.write_str(", which asks for such mails to be refused")
                    }
                }
            }
            Self::Unknown => out.write_str("DNS did not answer: whether it aligns is not known"),
        }
    }
}

impl Authentication {
    /// Whether the domain of `From` is aligned at a time. DKIM that does not count by [`Dkim::worth`] cannot align, whatever was said.
    pub fn alignment(&self, from_domain: &str, now: i64) -> Alignment {
        let Some(dmarc) = &self.dmarc else {
            return Alignment::OtherDomain;
        };
        if !dmarc.domain.eq_ignore_ascii_case(from_domain) {
            return Alignment::OtherDomain;
        }
        let unknown = [dmarc.spf, dmarc.dkim].contains(&Verdict::Unknown);
        let Some(policy) = dmarc.policy else {
            return if unknown {
                Alignment::Unknown
            } else {
                Alignment::NoRecord
            };
        };
        let counts = self.dkim.iter().any(|one| one.worth(now).counts());
        let by_dkim = dmarc.dkim == Verdict::Pass && counts;
        let by_spf = dmarc.spf == Verdict::Pass
            && self
                .spf
                .as_ref()
                .is_some_and(|spf| spf.verdict == Verdict::Pass);
        if by_dkim || by_spf {
            return Alignment::Aligned {
                domain: from_domain.to_ascii_lowercase(),
            };
        }
        if unknown {
            return Alignment::Unknown;
        }
        Alignment::NotAligned { policy }
    }
}
