//! Which of a party's keys counted when: its cards in their order, and what was revoked.
//!
//! A key counts for what was made while a card listed it, give or take [`CLOCK_TOLERANCE_SECONDS`] because the card's time is
//! its party's clock; a later card changes nothing about that. A card that was issued ahead of our clock counts from when it
//! came. A revocation makes
//! suspect what no other party had witnessed before it became known.
//!
//! In scope: the standing of a key at a time that the caller has evidence for. Out of scope: that evidence (`comity-ledger`),
//! signatures themselves.
//! Limits: [`CARDS_MAX`], [`REVOCATIONS_MAX`].

pub mod revocation;

use comity_ledger::key::VerifierKey;
use comity_stix::timestamp::Timestamp;

use crate::card::{
    CLOCK_TOLERANCE_SECONDS, Card, Change, SignedCard, SuccessionError, Vouched, accept_successor,
    root_hash,
};
use revocation::{Revocation, RevocationError, Revoked};

/// The most cards kept of one party: one a week for twenty years.
pub const CARDS_MAX: usize = 1_040;
/// The most revocations kept of one party.
pub const REVOCATIONS_MAX: usize = 1_040;

/// What a key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyUse {
    /// Cards, revocations, and accords.
    Root,
    /// Checkpoints.
    Log,
    /// Cosignatures.
    Witness,
    /// Envelopes, receipts, and accords.
    Envelope,
}

/// Whether a key counts for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Good,
    /// No card of the party lists it for this use.
    Unknown,
    /// A card lists it, but only later.
    TooEarly {
        /// When it was first listed.
        listed: Timestamp,
    },
    /// The cards had ceased to list it.
    Retired {
        /// When.
        since: Timestamp,
    },
    /// Witnessed before the revocation was known, but after the time from which the party calls the key revoked. It
    /// stands as evidence; the party disputes that it made it.
    Disputed {
        /// The time from which the key is revoked.
        from: Timestamp,
    },
    /// Not witnessed by others before the revocation was known: anybody who had the key may have made it.
    Suspect {
        /// The time from which the key is revoked.
        from: Timestamp,
    },
}

/// The cards and revocations of one party.
#[derive(Clone, Debug)]
pub struct KeyRing {
    first: SignedCard,
    /// Each with the time from which it counts.
    later: Vec<(SignedCard, Timestamp)>,
    /// With the time at which each became known here.
    revocations: Vec<(Revocation, Timestamp)>,
}

impl KeyRing {
    /// A ring of the card that was compared at enrolment.
    pub const fn new(first: SignedCard) -> Self {
        Self {
            first,
            later: Vec::new(),
            revocations: Vec::new(),
        }
    }

    /// The card in force.
    pub fn current(&self) -> &SignedCard {
        self.later.last().map_or(&self.first, |(card, _)| card)
    }

    /// Every card, oldest first.
    pub fn cards(&self) -> impl Iterator<Item = &SignedCard> {
        std::iter::once(&self.first).chain(self.later.iter().map(|(card, _)| card))
    }

    /// Takes in the next card. A revoked root vouches for nothing: then only the committed one may follow.
    pub fn succeed(&mut self, next: SignedCard, now: Timestamp) -> Result<Change, SuccessionError> {
        if self.party_revoked() {
            return Err(SuccessionError::RevokedParty(
                self.first.card().party.to_string(),
            ));
        }
        let change = accept_successor(self.current(), &next, now)?;
        let by_current = match change.vouched {
            Vouched::BySameRoot | Vouched::ByOldRoot => true,
            Vouched::ByCommitment => false,
        };
        if self.is_revoked(&next.card().root)
            || (by_current && self.is_revoked(&self.current().card().root))
        {
            return Err(SuccessionError::RevokedRoot);
        }
        if self.later.len() + 1 >= CARDS_MAX {
            return Err(SuccessionError::TooMany);
        }
        let counts_from = next.card().issued.min(now);
        self.later.push((next, counts_from));
        Ok(change)
    }

    /// Takes in a revocation that became known at `now`.
    pub fn revoke(
        &mut self,
        revocation: Revocation,
        now: Timestamp,
    ) -> Result<(), RevocationError> {
        let card = self.current().card();
        if revocation.party != card.party {
            return Err(RevocationError::OtherParty);
        }
        if self
            .revocations
            .iter()
            .any(|(known, _)| known.revoked == revocation.revoked)
        {
            return Err(RevocationError::Known);
        }
        if self.revocations.len() >= REVOCATIONS_MAX {
            return Err(RevocationError::TooMany);
        }
        let committed = card.next_root == root_hash(&revocation.by);
        let current = card.root == revocation.by && !self.is_revoked(&revocation.by);
        if !committed && !current {
            return Err(RevocationError::UnknownRoot);
        }
        if !revocation.is_timely(now) {
            return Err(RevocationError::Time);
        }
        if let Revoked::Key(key) = &revocation.revoked
            && !self
                .cards()
                .any(|card| listed(card.card()).any(|(_, other)| *other == **key))
        {
            return Err(RevocationError::UnknownKey);
        }
        self.revocations.push((revocation, now));
        Ok(())
    }

    /// Takes in a revocation that was judged by [`Self::revoke`] when it became known; the cards of today may have another
    /// root. Only a root that some card names or commits to signs one.
    pub fn remember(
        &mut self,
        revocation: Revocation,
        known: Timestamp,
    ) -> Result<(), RevocationError> {
        if revocation.party != self.first.card().party {
            return Err(RevocationError::OtherParty);
        }
        let hash = root_hash(&revocation.by);
        let vouched = self
            .cards()
            .map(SignedCard::card)
            .any(|card| card.root == revocation.by || card.next_root == hash);
        if !vouched {
            return Err(RevocationError::UnknownRoot);
        }
        if self.revocations.len() >= REVOCATIONS_MAX {
            return Err(RevocationError::TooMany);
        }
        self.revocations.push((revocation, known));
        Ok(())
    }

    /// Every revocation, with the time at which it became known here.
    pub fn revocations(&self) -> &[(Revocation, Timestamp)] {
        &self.revocations
    }

    /// Whether the party was revoked as a whole.
    pub fn party_revoked(&self) -> bool {
        self.revocations
            .iter()
            .any(|(known, _)| known.revoked == Revoked::Party)
    }

    /// The keys that count for what is made now.
    pub fn in_force(&self, key_use: KeyUse) -> Vec<&VerifierKey> {
        let keys = listed(self.current().card()).filter(|(each, _)| *each == key_use);
        keys.map(|(_, key)| key)
            .filter(|key| !self.is_revoked(key))
            .collect()
    }

    /// The keys listed at a time, without those known to be revoked by then.
    pub fn listed_at(&self, key_use: KeyUse, at: Timestamp) -> Vec<&VerifierKey> {
        let revoked = |key: &VerifierKey| {
            let known = self.revocations.iter().filter(|(_, known)| *known <= at);
            known.map(|(each, _)| each).any(|each| each.covers(key))
        };
        let mut keys: Vec<&VerifierKey> = Vec::new();
        let spans = self.spans();
        let spans = spans
            .filter(|(_, begin, end)| !before(at, *begin) && end.is_none_or(|end| !after(at, end)));
        for (card, _, _) in spans {
            let of_use = listed(card).filter(|(each, _)| *each == key_use);
            for (_, key) in of_use {
                if !keys.contains(&key) && !revoked(key) {
                    keys.push(key);
                }
            }
        }
        keys
    }

    /// Each card with the time from which it counts, and that at which the next one took its place.
    fn spans(&self) -> impl Iterator<Item = (&Card, Timestamp, Option<Timestamp>)> {
        let begins = self.later.iter().map(|(_, counts_from)| *counts_from);
        let ends = begins.clone().map(Some).chain([None]);
        let begins = std::iter::once(self.first.card().issued).chain(begins);
        let cards = self.cards().map(SignedCard::card);
        // A card issued by a clock that lies behind takes nothing back from the one before.
        cards
            .zip(begins.zip(ends))
            .map(|(card, (begin, end))| (card, begin, end.map(|end| end.max(begin))))
    }

    /// Whether `key` counts for something of `key_use` that provably existed at `made`. `cosigned` are the times at which
    /// other parties cosigned checkpoints that cover it; they matter only after a revocation.
    pub fn standing(
        &self,
        key: &VerifierKey,
        key_use: KeyUse,
        made: Timestamp,
        cosigned: &[Timestamp],
    ) -> Standing {
        match self.listing(key, key_use, made) {
            Standing::Good => self.disowned(key, made, cosigned),
            other @ (Standing::Unknown
            | Standing::TooEarly { .. }
            | Standing::Retired { .. }
            | Standing::Disputed { .. }
            | Standing::Suspect { .. }) => other,
        }
    }

    fn listing(&self, key: &VerifierKey, key_use: KeyUse, made: Timestamp) -> Standing {
        // When the key was listed for the last time before `made`, and when a card ceased to list it.
        let mut retired = None;
        for (card, begin, end) in self.spans() {
            if !listed(card).any(|(each, other)| each == key_use && other == key) {
                continue;
            }
            if before(made, begin) {
                return retired.unwrap_or(Standing::TooEarly { listed: begin });
            }
            match end {
                Some(since) if after(made, since) => retired = Some(Standing::Retired { since }),
                Some(_) | None => return Standing::Good,
            }
        }
        retired.unwrap_or(Standing::Unknown)
    }

    /// What revocations say of something that provably existed at `made`, whenever a card listed the key: good, disputed or
    /// suspect.
    pub fn disowned(&self, key: &VerifierKey, made: Timestamp, cosigned: &[Timestamp]) -> Standing {
        let mut standing = Standing::Good;
        for (revocation, known) in self.revocations.iter().filter(|(each, _)| each.covers(key)) {
            let from = revocation.from;
            let last = cosigned.iter().filter(|time| *time <= known).max();
            if last.is_none_or(|last| made > *last) {
                return Standing::Suspect { from };
            }
            if made >= from {
                standing = Standing::Disputed { from };
            }
        }
        standing
    }

    /// Whether the key, or the whole party, was revoked.
    pub fn is_revoked(&self, key: &VerifierKey) -> bool {
        self.revocations.iter().any(|(each, _)| each.covers(key))
    }
}

/// Before a card's time, even if clocks differ.
fn before(time: Timestamp, issued: Timestamp) -> bool {
    time.micros()
        .saturating_add(CLOCK_TOLERANCE_SECONDS * 1_000_000)
        < issued.micros()
}

/// After a card's time, even if clocks differ.
fn after(time: Timestamp, issued: Timestamp) -> bool {
    before(issued, time)
}

fn listed(card: &Card) -> impl Iterator<Item = (KeyUse, &VerifierKey)> {
    let single = [
        (KeyUse::Root, &card.root),
        (KeyUse::Envelope, &card.envelope),
    ];
    let log = card.log.iter().map(|key| (KeyUse::Log, key));
    let witness = card.witness.iter().map(|key| (KeyUse::Witness, key));
    single.into_iter().chain(log).chain(witness)
}

#[cfg(test)]
mod tests {
    use super::revocation::Reason;
    use super::*;
    use crate::card::tests::{at, card, key, root, signed};
    use comity_ledger::key::SignatureType;

    fn day(day: u32) -> Timestamp {
        at(&format!("2026-12-{day:02}T12:00:00Z"))
    }

    fn envelope(seed: u8) -> VerifierKey {
        key("alpha.example/envelope", SignatureType::Ed25519, seed).verifier()
    }

    /// Cards issued on the first, second and third; the envelope key changes with the third.
    fn ring() -> KeyRing {
        let mut ring = KeyRing::new(signed(&card("alpha", 1, 1, 2), &[1]));
        ring.succeed(signed(&card("alpha", 2, 1, 2), &[1]), day(20))
            .unwrap();
        let mut third = card("alpha", 3, 1, 2);
        third.envelope = envelope(104);
        ring.succeed(signed(&third, &[1]), day(20)).unwrap();
        ring
    }

    fn revocation(revoked: Revoked, from: u32, by: u8) -> Revocation {
        let party = crate::party::PartyName::parse("alpha").unwrap();
        let (from, issued) = (day(from), day(15));
        let reason = Reason::Compromised;
        let by_key = root(by).verifier();
        Revocation {
            party,
            revoked,
            from,
            issued,
            reason,
            by: by_key,
        }
    }

    #[test]
    fn a_key_counts_while_a_card_lists_it() {
        let check = |seed, made: Timestamp, wanted| {
            assert_eq!(
                ring().standing(&envelope(seed), KeyUse::Envelope, made, &[]),
                wanted
            );
        };
        let first = at("2026-12-01T00:00:00Z");
        let third = at("2026-12-03T00:00:00Z");
        let early = Standing::TooEarly { listed: first };
        check(103, at("2026-11-30T23:54:59Z"), early);
        check(103, at("2026-11-30T23:55:00Z"), Standing::Good);
        check(103, first, Standing::Good);
        check(103, day(2), Standing::Good);
        check(103, at("2026-12-03T00:05:00Z"), Standing::Good);
        let retired = Standing::Retired { since: third };
        check(103, at("2026-12-03T00:05:01Z"), retired);
        check(104, day(2), Standing::TooEarly { listed: third });
        check(104, day(9), Standing::Good);
        check(9, day(2), Standing::Unknown);
        let log = ring().standing(&envelope(103), KeyUse::Log, day(2), &[]);
        assert_eq!(log, Standing::Unknown, "a key counts for its use only");
    }

    #[test]
    fn around_a_change_of_keys_both_count() {
        let check = |time: &str, wanted: &[u8]| {
            let ring = ring();
            let found = ring.listed_at(KeyUse::Envelope, at(time));
            let wanted: Vec<_> = wanted.iter().map(|seed| envelope(*seed)).collect();
            assert_eq!(found, wanted.iter().collect::<Vec<_>>(), "{time}");
        };
        check("2026-11-30T00:00:00Z", &[]);
        check("2026-12-02T12:00:00Z", &[103]);
        check("2026-12-02T23:56:00Z", &[103, 104]);
        check("2026-12-03T00:04:00Z", &[103, 104]);
        check("2026-12-03T00:06:00Z", &[104]);
    }

    #[test]
    fn a_revocation_spares_what_others_had_witnessed() {
        let mut ring = ring();
        ring.revoke(
            revocation(Revoked::Key(Box::new(envelope(104))), 8, 1),
            day(16),
        )
        .unwrap();
        let from = day(8);
        let check = |made, cosigned: &[Timestamp], wanted| {
            assert_eq!(
                ring.standing(&envelope(104), KeyUse::Envelope, made, cosigned),
                wanted
            );
        };
        check(day(5), &[day(6)], Standing::Good);
        check(day(5), &[], Standing::Suspect { from });
        check(day(5), &[day(4), day(17)], Standing::Suspect { from });
        check(day(9), &[day(10)], Standing::Disputed { from });
        check(day(11), &[day(10)], Standing::Suspect { from });
        assert_eq!(
            ring.standing(&envelope(103), KeyUse::Envelope, day(2), &[]),
            Standing::Good
        );
        assert!(ring.in_force(KeyUse::Envelope).is_empty());
        assert_eq!(ring.in_force(KeyUse::Log).len(), 1);
    }

    #[test]
    fn a_card_from_ahead_counts_from_when_it_came() {
        let mut ring = ring();
        let mut fourth = card("alpha", 4, 1, 2);
        fourth.issued = at("2026-12-10T20:00:00Z");
        fourth.envelope = envelope(105);
        let came = at("2026-12-10T12:00:00Z");
        ring.succeed(signed(&fourth, &[1]), came).unwrap();
        let check = |seed, made: &str, wanted| {
            let found = ring.standing(&envelope(seed), KeyUse::Envelope, at(made), &[]);
            assert_eq!(found, wanted, "{seed} {made}");
        };
        check(105, "2026-12-10T12:00:01Z", Standing::Good);
        check(104, "2026-12-10T11:59:00Z", Standing::Good);
        let retired = Standing::Retired { since: came };
        check(104, "2026-12-10T20:00:00Z", retired);
    }

    #[test]
    fn what_was_judged_once_is_remembered_whatever_root_followed() {
        let of = |by| revocation(Revoked::Key(Box::new(envelope(104))), 8, by);
        let mut ring = ring();
        ring.succeed(signed(&card("alpha", 4, 2, 9), &[2]), day(20))
            .unwrap();
        assert_eq!(
            ring.revoke(of(1), day(20)),
            Err(RevocationError::UnknownRoot)
        );
        assert_eq!(
            ring.remember(of(5), day(16)),
            Err(RevocationError::UnknownRoot)
        );
        ring.remember(of(1), day(16)).unwrap();
        assert!(ring.is_revoked(&envelope(104)));
    }

    #[test]
    fn a_revoked_root_vouches_for_nothing() {
        let next = |root, seeds: &[u8]| signed(&card("alpha", 4, root, 9), seeds);
        let mut revoked = ring();
        revoked
            .revoke(
                revocation(Revoked::Key(Box::new(root(1).verifier())), 8, 2),
                day(16),
            )
            .unwrap();
        let by_old = revoked.succeed(next(1, &[1]), day(20));
        assert_eq!(by_old, Err(SuccessionError::RevokedRoot));
        let by_old = revoked.succeed(next(7, &[7, 1]), day(20));
        assert_eq!(by_old, Err(SuccessionError::RevokedRoot));
        let again = revoked.revoke(revocation(Revoked::Party, 8, 1), day(16));
        assert_eq!(again, Err(RevocationError::UnknownRoot));
        assert!(revoked.succeed(next(2, &[2]), day(20)).is_ok());
    }

    #[test]
    fn only_a_root_revokes_and_only_what_is_known() {
        let check = |revocation: Revocation, now, wanted| {
            assert_eq!(ring().revoke(revocation, now), Err(wanted));
        };
        check(
            revocation(Revoked::Party, 8, 7),
            day(16),
            RevocationError::UnknownRoot,
        );
        check(
            revocation(Revoked::Key(Box::new(envelope(99))), 8, 1),
            day(16),
            RevocationError::UnknownKey,
        );
        check(
            revocation(Revoked::Party, 16, 1),
            day(16),
            RevocationError::Time,
        );
        check(
            revocation(Revoked::Party, 8, 1),
            day(14),
            RevocationError::Time,
        );
        let mut party = ring();
        party
            .revoke(revocation(Revoked::Party, 8, 1), day(16))
            .unwrap();
        assert_eq!(
            party.revoke(revocation(Revoked::Party, 8, 1), day(16)),
            Err(RevocationError::Known)
        );
        assert!(party.party_revoked() && party.in_force(KeyUse::Root).is_empty());
        let next = party.succeed(signed(&card("alpha", 4, 2, 9), &[2]), day(20));
        assert_eq!(next, Err(SuccessionError::RevokedParty("alpha".to_owned())));
    }
}
