//! What partners know of the own keys: cards and revocations go with every batch until the other side says that it has them.
//!
//! A card may be lost with its batch, or with the partner's store. Each side says in every batch which card of the other is
//! the newest that it holds, so nothing has to be remembered and nothing stays lost.
//!
//! In scope: what goes along. Out of scope: taking it in (`peer`).
//! Limits: [`CARDS_MAX`] cards at a time.

use std::sync::PoisonError;

use comity_link::message::{Knows, Message, NewCard, NewRevocation};
use comity_store::state::{Tx, revocation};

use crate::link::{Link, LinkError};

/// Cards that go along where it is not known what the other side holds; the newest ones.
const CARDS_MAX: usize = 16;

impl Link {
    /// What a party said that it knows.
    pub(crate) fn told_by(&self, party: &str, knows: Knows) {
        let mut told = self.known_by.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(party.to_owned(), knows);
    }

    /// A party may know less than it said.
    pub(crate) fn forget_told(&self, party: &str) {
        let mut known = self.known_by.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(party);
    }

    /// Cards and revocations of this node that a party may not have, oldest first.
    pub(crate) fn news_for(&self, tx: &mut dyn Tx, party: &str) -> Result<Vec<Message>, LinkError> {
        let known = self.known_by.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(party).copied();
        let newest = self.own_card(tx).map_err(|error| LinkError::Card {
            party: self.origin.clone(),
            reason: error.to_string(),
        })?;
        let Some(newest) = newest else {
            return Ok(Vec::new());
        };
        let name = newest.card().party.as_str();
        let mut news = Vec::new();
        if known.is_none_or(|known| known.card != *newest.hash().as_bytes()) {
            let mut cards = comity_store::state::party::cards(tx, name)?;
            let hash = |card: &Vec<u8>| {
                let signed = comity_accord::card::SignedCard::parse(card);
                signed.map(|signed| *signed.hash().as_bytes()).ok()
            };
            let held = known.and_then(|known| {
                cards
                    .iter()
                    .rposition(|card| hash(card) == Some(known.card))
            });
            let first = held.map_or(0, |held| held + 1);
            let first = first.max(cards.len().saturating_sub(CARDS_MAX));
            let cards = cards.drain(first..);
            news.extend(cards.map(|card| Message::Card(NewCard { card })));
        }
        let own = revocation::of_party(tx, name)?;
        let count = u64::try_from(own.len()).unwrap_or(u64::MAX);
        if known.is_none_or(|known| known.revocations != count) {
            let notes = own.into_iter().map(|row| row.note);
            news.extend(notes.map(|note| Message::Revocation(NewRevocation { note })));
        }
        Ok(news)
    }
}
