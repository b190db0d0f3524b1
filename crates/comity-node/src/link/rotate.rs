//! Rotation: new keys of a use, in force with the card that lists them.
//!
//! The old key is not disowned by that: what it signed stays good, and what is on its way with it is taken. A key that is or
//! may be in other hands must be revoked (`revoke`).
//!
//! In scope: making new keys and their card, here or for a root key that is kept elsewhere. Out of scope: telling others
//! (`exchange`).

use comity_accord::card::{SignedCard, UnsignedCard};

use crate::link::card::{CardFacts, Occasion, OwnCardError};
use crate::link::keys::{NodeKeys, RootPublic, Use};
use crate::link::{Link, LinkError};

/// What a change of keys came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issued {
    /// The card is signed and in force.
    Signed(Box<SignedCard>),
    /// The text that must be signed where the root key is; nothing changes before.
    Unsigned(String),
}

/// Which keys are renewed, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Of these uses.
    pub uses: Vec<Use>,
    /// What is known of the new root key, where that is kept elsewhere.
    pub root: Option<RootPublic>,
    /// The log begins its next epoch: what waits is made anew, and the old epoch ends for ever.
    pub new_epoch: bool,
}

impl Link {
    /// Makes new keys.
    pub fn rotate(
        &self,
        identity: (&str, &str),
        rotation: Rotation,
        now: i64,
    ) -> Result<Issued, OwnCardError> {
        let _one = self.changing();
        let keys = self.keys();
        let elsewhere = keys.root().is_none();
        let renews_root = rotation.uses.contains(&Use::Root);
        let mut next = match (renews_root, elsewhere, rotation.root) {
            (true, true, None) => return Err(OwnCardError::RootPublic),
            (_, false, Some(_)) => return Err(OwnCardError::RootHere),
            (true, false, None) if keys.next_root().is_none() => {
                return Err(OwnCardError::NextRoot);
            }
            (_, true, Some(public)) => keys.announce_root(public).map_err(LinkError::from)?,
            (_, _, None) => NodeKeys::clone(&keys),
        };
        let made = rotation.uses.into_iter();
        let made: Vec<Use> = made
            .filter(|which| !(which.is_root() && elsewhere))
            .collect();
        next = next
            .renewed(&made, &mut |bytes| (self.random)(bytes))
            .map_err(LinkError::from)?;
        if elsewhere {
            // What waits is here from now on, so that its card can be taken in later.
            let cards = self.state.read(|tx| self.own_cards(tx))?;
            self.use_keys(next.for_cards(&cards).map_err(LinkError::from)?);
        }
        let occasion = Occasion {
            identity,
            facts: None,
            new_epoch: rotation.new_epoch,
            now,
        };
        let due = self.state.read(|tx| self.due_card(tx, &next, &occasion))?;
        let due = due.ok_or(OwnCardError::NoCard)?;
        match self.sign_card(&due, &next) {
            Ok(signed) => {
                self.put_in_force(&next, &signed, now)?;
                self.follow_card(now)?;
                Ok(Issued::Signed(Box::new(signed)))
            }
            Err(OwnCardError::RootOffline { text }) => Ok(Issued::Unsigned(text)),
            Err(error) => Err(error),
        }
    }

    /// The card that waits for the root key, with the newest key of every use; none if the newest card says it all.
    pub fn due_text(
        &self,
        identity: (&str, &str),
        facts: Option<&CardFacts>,
        now: i64,
    ) -> Result<Option<String>, OwnCardError> {
        let keys = self.keys().waiting().map_err(LinkError::from)?;
        let occasion = Occasion {
            identity,
            facts,
            new_epoch: false,
            now,
        };
        let due = self.state.read(|tx| self.due_card(tx, &keys, &occasion))?;
        let text = due.map(|card| UnsignedCard::new(&card).map(|card| card.text().to_owned()));
        Ok(text.transpose()?)
    }
}
