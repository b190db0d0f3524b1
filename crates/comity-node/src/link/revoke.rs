//! The own revocations: keys that the root takes out of use.
//!
//! In scope: making one, taking one in that was signed elsewhere. Out of scope: others' (`peer`), what follows for evidence
//! (`ledger::verify`), the new key in the place of the old one (`rotate`).

use comity_accord::card::SignedCard;
use comity_accord::keys::KeyRing;
use comity_accord::keys::revocation::{Reason, Revocation, Revoked};
use comity_ledger::key::VerifierKey;
use comity_stix::timestamp::Timestamp;
use comity_store::state::Tx;
use comity_store::state::revocation::{self, RevocationRow};

use crate::link::card::OwnCardError;
use crate::link::keys::Use;
use crate::link::peer::ring_of;
use crate::link::{Link, LinkError};

/// What is to be revoked, as people name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The key of this use in the newest card.
    Use(Use),
    /// This key.
    Key(Box<VerifierKey>),
    /// The party.
    Party,
}

impl Link {
    /// The own keys as the rows have them; none before the first card.
    pub(crate) fn own_ring(&self, tx: &mut dyn Tx) -> Result<Option<KeyRing>, OwnCardError> {
        let cards = self.own_cards(tx)?;
        let Some(newest) = cards.last() else {
            return Ok(None);
        };
        let name = newest.card().party.as_str().to_owned();
        let mut notes = Vec::new();
        for row in revocation::of_party(tx, &name)? {
            notes.push((Revocation::parse(&row.note)?, row.known));
        }
        let cards = cards.into_iter();
        let cards = cards.map(|card| (card.card().issued.micros(), card));
        Ok(ring_of(cards.map(|(at, card)| (card, at)).collect(), notes))
    }

    /// The note that revokes something, for its root to sign. A revoked root key is revoked by the one that comes next.
    pub fn draft_revocation(
        &self,
        subject: &Subject,
        from: Option<Timestamp>,
        reason: Reason,
        now: i64,
    ) -> Result<Revocation, OwnCardError> {
        let newest = self.state.read(|tx| self.own_card(tx))?;
        let newest = newest.ok_or(OwnCardError::NoCard)?;
        let card = newest.card();
        let seconds = Timestamp::from_micros(now / 1_000_000 * 1_000_000);
        let now = seconds.ok_or(OwnCardError::Clock)?;
        let revoked = match subject {
            Subject::Party => Revoked::Party,
            Subject::Key(key) => Revoked::Key(key.clone()),
            Subject::Use(which) => Revoked::Key(Box::new(key_of(&newest, *which)?)),
        };
        let keys = self.keys();
        let root_itself = matches!(&revoked, Revoked::Key(key) if **key == card.root);
        let by = match (root_itself, keys.next_root()) {
            (false, _) => card.root.clone(),
            (true, Some(next)) => next.verifier(),
            // Kept elsewhere: whoever signs has both, and a public file tells of the new one.
            (true, None) => keys
                .root_public()
                .filter(|public| public.root != card.root)
                .map(|public| public.root.clone())
                .ok_or(OwnCardError::RootPublic)?,
        };
        Ok(Revocation {
            party: card.party.clone(),
            revoked,
            from: from.unwrap_or(now),
            issued: now,
            reason,
            by,
        })
    }

    /// Signs a revocation, if a root key for it is here.
    pub fn sign_revocation(&self, draft: &Revocation) -> Result<Option<Vec<u8>>, OwnCardError> {
        let keys = self.keys();
        let roots = [keys.root(), keys.next_root()].into_iter().flatten();
        let mut roots = roots.filter(|root| root.verifier() == draft.by);
        let Some(root) = roots.next() else {
            return Ok(None);
        };
        let note = draft.sign(&root)?;
        Ok(Some(note.to_string().into_bytes()))
    }

    /// Takes in a revocation of the own party.
    pub fn import_revocation(&self, note: &[u8], now: i64) -> Result<Revocation, OwnCardError> {
        let read = Revocation::parse(note)?;
        let at = Timestamp::from_micros(now).ok_or(OwnCardError::Clock)?;
        self.state.write(|tx| {
            let mut ring = self.own_ring(tx)?.ok_or(OwnCardError::NoCard)?;
            ring.revoke(read.clone(), at)?;
            let number = u64::try_from(ring.revocations().len()).unwrap_or(u64::MAX);
            let row = RevocationRow {
                party: read.party.to_string(),
                number,
                note: note.to_vec(),
                known: now,
                held: b"[]".to_vec(),
            };
            Ok::<_, OwnCardError>(revocation::add(tx, &row)?)
        })?;
        Ok(read)
    }
}

/// The key of a use in a card.
fn key_of(card: &SignedCard, which: Use) -> Result<VerifierKey, OwnCardError> {
    let card = card.card();
    let key = match which {
        Use::Root => Some(&card.root),
        Use::Envelope => Some(&card.envelope),
        Use::Log => card.log.first(),
        Use::Witness => card.witness.first(),
        // They sign nothing: a rotation is all that they need.
        Use::NextRoot | Use::Sealing => None,
    };
    key.cloned().ok_or(OwnCardError::Link(LinkError::Payload(
        "this key signs nothing that could be disowned: rotate it",
    )))
}
