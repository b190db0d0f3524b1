//! What a party posted to a collection: it enters the collection with its source on record.
//!
//! In scope: the way from the party's own view into the collection. Out of scope: posting (`intake`), what may be taken
//! (`origin`).

use comity_store::state::collection;
use comity_store::state::release::{self, StandingShare};
use comity_store::state::source::{self, SourceRow};

use crate::exchange::ExchangeError;
use crate::node::Node;

impl Node {
    /// What a party posted to a collection enters it with its source on record.
    pub(crate) fn take_posted(&self, share: &StandingShare) -> Result<usize, ExchangeError> {
        if share.outlet != super::views::TAXII {
            return Ok(0);
        }
        let known = self.inner.state.read(|tx| {
            let held = collection::find(tx, &share.collection)?;
            let views = match &held {
                Some(held) => release::party_views(tx, &held.id, &share.party)?,
                None => None,
            };
            let cursor = comity_store::state::cursor::find(tx, &posted_cursor(share))?;
            Ok::<_, ExchangeError>(held.zip(views).zip(Some(cursor)))
        })?;
        let Some(((held, views), cursor)) = known else {
            return Ok(0);
        };
        let from = cursor.and_then(|text| text.parse().ok()).unwrap_or(0);
        let (found, next) = self.stretch(views.posted, from)?;
        if found.is_empty() {
            return Ok(0);
        }
        let texts = found.iter().map(|one| one.json.clone()).collect();
        let sorted = self.sort_offered(&share.party, texts, None)?;
        for id in &sorted.own {
            tracing::warn!(party = %share.party, %id, "posted object not taken: it originated here");
        }
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            let terms = self.terms_from(tx, &share.party, now)?;
            for one in &sorted.taken {
                let of = SourceRow {
                    id: one.id.clone(),
                    party: share.party.clone(),
                    // The floor below which nobody else's version lowers it.
                    label: one.label.map(|label| label.to_string()),
                    onward: terms.as_ref().is_some_and(|terms| terms.relay_onward),
                    persons: None,
                    received: now,
                };
                source::put(tx, &of)?;
            }
            Ok::<_, ExchangeError>(())
        })?;
        let texts = sorted.taken.into_iter().map(|one| one.text);
        let texts = texts.chain(sorted.unread).collect();
        let taken = self.take_into(&held, texts, false, &[]);
        taken.map_err(|error| ExchangeError::Refused(comity_store::error::chain(&error)))?;
        self.inner.state.write(|tx| {
            let name = posted_cursor(share);
            comity_store::state::cursor::put(tx, &name, &next.to_string(), now)
        })?;
        Ok(found.len())
    }
}

fn posted_cursor(share: &StandingShare) -> String {
    format!("posted {} {}", share.collection, share.party)
}
