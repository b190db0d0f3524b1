//! One grant: its note, its place in the log, and what it commits to where that is shown.
//!
//! In scope: checking the pieces against each other and against keys. Out of scope: where they come from, whether the right
//! should have been given.

use sha2::{Digest as _, Sha256};

use crate::ledger::files::Listing;
use crate::ledger::grant::{Grant, GrantNote};
use crate::ledger::verify::{Bundle, Check};
use crate::ledger::{LedgerError, hex};
use crate::link::log::epoch_of;

type Wrong = &'static str;

impl Check<'_> {
    /// Checks all that is here of one grant.
    pub(super) fn grant(&mut self, id: &str, listing: &Listing) -> Result<(), LedgerError> {
        if let Err(what) = self.try_grant(id, listing)? {
            self.report.problem(format!("grant {id}: {what}"));
        }
        Ok(())
    }

    fn try_grant(&mut self, id: &str, listing: &Listing) -> Result<Result<(), Wrong>, LedgerError> {
        let Some(bundle) = Bundle::of(listing, "grant.") else {
            return Ok(Err("its note is missing"));
        };
        let Some(own) = self.parties.find(&self.own).cloned() else {
            return Ok(Err("there is no card of whose log it is in"));
        };
        if hex(&Sha256::digest(bundle.note)) != id {
            return Ok(Err("its note is not the one with this identity"));
        }
        let Some(note) = GrantNote::open(bundle.note, &own.keys.envelope) else {
            return Ok(Err("its note is not signed by this party"));
        };
        let epoch = epoch_of(&note.origin);
        if let Err(what) = content(&bundle, &note) {
            return Ok(Err(what));
        }
        let shown = match bundle.place(&own) {
            Ok(Some(shown)) => shown,
            Ok(None) if self.is_ended(epoch) => {
                self.report.unproven += 1;
                return Ok(Ok(()));
            }
            Ok(None) => return Ok(Err("its proof is missing")),
            Err(_) => return Ok(Err("it is not shown in the log")),
        };
        if shown.head.checkpoint().origin.as_str() != note.origin {
            return Ok(Err("its proof is in another log than its note says"));
        }
        self.report.grants += 1;
        self.placed(true, epoch, &shown)
    }
}

/// Whether what is shown of its content is what the note commits to, and can be read.
fn content(bundle: &Bundle<'_>, note: &GrantNote) -> Result<(), Wrong> {
    let content = bundle.content_of(note.commit)?;
    match content.map(serde_json::from_slice::<Grant>) {
        None | Some(Ok(_)) => Ok(()),
        Some(Err(_)) => Err("its content cannot be read"),
    }
}
