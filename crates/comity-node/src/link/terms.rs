//! What the accords in force say of the link to each party: signatures, heartbeat, clocks, cosignatures, fellows.
//!
//! In scope: the terms, kept at hand, and judging by them. Out of scope: reading them out of accords (`ledger::terms`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::Duration;

use comity_store::state::ledger::CosignatureRow;

use crate::link::Link;

/// How far a clock may be ahead where no accord says it: five minutes.
const CLOCK_TOLERANCE_SECONDS: u64 = 300;
/// A cosignature whose time is further ahead than a day is refused, whatever the accord.
pub(crate) const CLOCK_AHEAD_SECONDS_MAX: u64 = 86_400;

/// What holds between this node and one party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTerms {
    /// Checkpoints and cosignatures carry ML-DSA-44.
    pub post_quantum: bool,
    /// Heads are exchanged at least this often; none where no accord says it.
    pub heartbeat: Option<Duration>,
    /// Times further ahead do not count.
    pub clock_tolerance_seconds: u64,
    /// What each accord asks of a head of the own log before it counts.
    pub quorums: Vec<Quorum>,
    /// Third parties of the accords that this node and the party share.
    pub fellows: BTreeSet<String>,
}

/// How many of an accord's other parties must have cosigned a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// How many.
    pub needed: usize,
    /// Of whom.
    pub others: BTreeSet<String>,
}

impl LinkTerms {
    /// What holds with a party without an accord.
    pub fn without_accord(party: &str) -> Self {
        Self {
            post_quantum: false,
            heartbeat: None,
            clock_tolerance_seconds: CLOCK_TOLERANCE_SECONDS,
            quorums: vec![Quorum {
                needed: 1,
                others: BTreeSet::from([party.to_owned()]),
            }],
            fellows: BTreeSet::new(),
        }
    }

    /// Both terms at once, the stricter where they differ.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.post_quantum |= other.post_quantum;
        self.heartbeat = self.heartbeat.into_iter().chain(other.heartbeat).min();
        self.clock_tolerance_seconds = self
            .clock_tolerance_seconds
            .min(other.clock_tolerance_seconds);
        self.quorums.extend(other.quorums);
        self.fellows.extend(other.fellows);
        self
    }

    /// The size up to which a log counts, by how far each party has cosigned it.
    pub fn settled_size(&self, cosigned: &BTreeMap<String, u64>) -> u64 {
        let of = |quorum: &Quorum| {
            let sizes = quorum.others.iter().filter_map(|name| cosigned.get(name));
            let mut sizes: Vec<u64> = sizes.copied().collect();
            sizes.sort_unstable_by_key(|size| std::cmp::Reverse(*size));
            let last = quorum.needed.checked_sub(1);
            last.map_or(u64::MAX, |last| sizes.get(last).copied().unwrap_or(0))
        };
        self.quorums.iter().map(of).min().unwrap_or(0)
    }

    /// Which parties that count have cosigned the entry at a position, and how many are still missing.
    pub fn cosigners(
        &self,
        cosigned: &BTreeMap<String, u64>,
        position: u64,
    ) -> (BTreeSet<String>, usize) {
        let holds = |name: &&String| cosigned.get(*name).is_some_and(|size| *size > position);
        let mut who = BTreeSet::new();
        let mut missing = 0;
        for quorum in &self.quorums {
            let there: Vec<&String> = quorum.others.iter().filter(holds).collect();
            missing = missing.max(quorum.needed.saturating_sub(there.len()));
            who.extend(there.into_iter().cloned());
        }
        (who, missing)
    }

    /// Whether these parties have cosigned what a head needs.
    pub(crate) fn is_quorum(&self, cosigned: &BTreeSet<&str>) -> bool {
        self.quorums.iter().all(|quorum| {
            let there = quorum.others.iter();
            let there = there.filter(|name| cosigned.contains(name.as_str()));
            there.count() >= quorum.needed
        })
    }
}

/// How far each party has cosigned an epoch of the own log.
pub(crate) fn sizes(newest: &[CosignatureRow]) -> BTreeMap<String, u64> {
    let size = |row: &CosignatureRow| (row.party.clone(), row.size);
    newest.iter().map(size).collect()
}

impl Link {
    /// From now on these terms hold, by party; answers whether they are others than before.
    pub fn follow(&self, terms: BTreeMap<String, LinkTerms>) -> bool {
        let post_quantum = |terms: &BTreeMap<String, LinkTerms>| {
            let demanding = terms.iter().filter(|(_, terms)| terms.post_quantum);
            demanding.map(|(party, _)| party.clone()).collect()
        };
        let mut known = self.terms.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == terms {
            return false;
        }
        let (before, after): (BTreeSet<String>, BTreeSet<String>) =
            (post_quantum(&known), post_quantum(&terms));
        *known = terms;
        drop(known);
        if before != after {
            // With the signatures that are demanded now.
            self.sign_anew();
        }
        true
    }

    /// What holds with a party.
    pub fn terms_with(&self, party: &str) -> LinkTerms {
        let known = self.terms.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(party).cloned();
        found.unwrap_or_else(|| LinkTerms::without_accord(party))
    }

    /// How often heads are exchanged with a party, where an accord says it.
    pub fn heartbeat(&self, party: &str) -> Option<Duration> {
        self.terms_with(party).heartbeat
    }

    /// Whether checkpoints and cosignatures carry ML-DSA-44.
    pub(crate) fn signs_post_quantum(&self) -> bool {
        let known = self.terms.lock().unwrap_or_else(PoisonError::into_inner);
        self.post_quantum || known.values().any(|terms| terms.post_quantum)
    }
}

#[cfg(test)]
mod tests {
    use super::{LinkTerms, Quorum};
    use std::collections::BTreeMap;

    fn terms(quorums: &[(usize, &[&str])]) -> LinkTerms {
        let quorum = |(needed, others): &(usize, &[&str])| Quorum {
            needed: *needed,
            others: others.iter().map(|name| (*name).to_owned()).collect(),
        };
        LinkTerms {
            quorums: quorums.iter().map(quorum).collect(),
            ..LinkTerms::without_accord("bravo")
        }
    }

    #[test]
    fn a_log_counts_as_far_as_each_accord_asks() {
        let cosigned = [
            ("bravo", 10),
            ("charlie", 7),
            ("delta", 3),
            ("stranger", 99),
        ];
        let cosigned: BTreeMap<String, u64> = cosigned
            .iter()
            .map(|(name, size)| ((*name).to_owned(), *size))
            .collect();
        let check = |quorums: &[(usize, &[&str])], size: u64, at_8: usize| {
            let terms = terms(quorums);
            assert_eq!(terms.settled_size(&cosigned), size, "{quorums:?}");
            assert_eq!(terms.cosigners(&cosigned, 8).1, at_8, "{quorums:?}");
            assert_eq!(terms.settled_size(&cosigned) > 8, at_8 == 0);
        };
        check(&[(1, &["bravo"])], 10, 0);
        check(&[(1, &["bravo", "charlie"])], 10, 0);
        check(&[(2, &["bravo", "charlie"])], 7, 1);
        check(&[(2, &["bravo", "charlie", "delta"])], 7, 1);
        check(&[(3, &["bravo", "charlie", "delta"])], 3, 2);
        check(&[(1, &["bravo"]), (2, &["bravo", "delta"])], 3, 1);
        check(&[(2, &["bravo", "silent"])], 0, 1);
    }

    #[test]
    fn the_stricter_of_two_accords_holds() {
        let minutes = |minutes| Some(std::time::Duration::from_mins(minutes));
        let one = LinkTerms {
            heartbeat: minutes(10),
            clock_tolerance_seconds: 60,
            ..LinkTerms::without_accord("bravo")
        };
        let other = LinkTerms {
            heartbeat: minutes(5),
            post_quantum: true,
            ..LinkTerms::without_accord("bravo")
        };
        let both = one.and(other);
        assert_eq!(both.heartbeat, minutes(5));
        assert_eq!(both.clock_tolerance_seconds, 60);
        assert!(both.post_quantum);
        assert_eq!(both.quorums.len(), 2);
    }
}
