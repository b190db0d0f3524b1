//! What there is of one envelope, as the files of the folder of evidence.
//!
//! A grant has a folder there too, like an envelope.
//!
//! In scope: its header, contents, receipt and tombstone with their proofs. Out of scope: the log (`rows`).

use comity_store::state::{Tx, grant, inbox, outbox, receipt, tombstone};

use super::{NodeFiles, folders};
use crate::ledger::files::{Listing, NAMES_MAX};
use crate::ledger::{LedgerError, hex, unhex};

impl NodeFiles {
    /// What there is of one envelope; nothing if it came after the view began.
    pub(crate) fn evidence(&self, tx: &mut dyn Tx, id: &[u8; 32]) -> Result<Listing, LedgerError> {
        let mut listing = Listing::default();
        if let Some(row) = outbox::find(tx, id)? {
            let beyond = |size| row.position >= size;
            if self.is_newest(row.epoch) && self.pinned(row.epoch).is_none_or(beyond) {
                return Ok(listing);
            }
            listing.add("header", row.header);
            listing.add("blind", line_of(&row.blind));
            self.contents(&mut listing, row.opening, row.payload);
            self.add_proof(
                tx,
                &mut listing,
                ("proof", &row.party),
                (row.epoch, row.position),
            )?;
            if let Some(given) = receipt::find(tx, id)? {
                add_receipt(&mut listing, &given);
                listing.add("receipt.tlog-proof", given.proof.unwrap_or_default());
            }
        } else if let Some(row) = inbox::find(tx, id)? {
            let given = receipt::find(tx, id)?;
            if let Some(given) = &given {
                let beyond = |size| given.position >= size;
                if self.is_newest(given.epoch) && self.pinned(given.epoch).is_none_or(beyond) {
                    return Ok(listing);
                }
            }
            listing.add("header", row.header);
            listing.add("blind", line_of(&row.blind));
            self.contents(&mut listing, row.opening, row.payload);
            listing.add("proof.tlog-proof", row.proof);
            if let Some(given) = given {
                add_receipt(&mut listing, &given);
                let place = (given.epoch, given.position);
                self.add_proof(tx, &mut listing, ("receipt", &given.party), place)?;
            }
        }
        if let Some(row) = grant::find(tx, id)? {
            let beyond = |size| row.position >= size;
            if self.is_newest(row.epoch) && self.pinned(row.epoch).is_none_or(beyond) {
                return Ok(listing);
            }
            listing.add("grant", row.note);
            listing.add("grant.blind", line_of(&row.blind));
            if self.view.contents {
                listing.add("grant.opening", line_of(&row.opening));
                listing.add("grant.payload", row.content);
            }
            self.add_proof(tx, &mut listing, ("grant", ""), (row.epoch, row.position))?;
        }
        if let Some(row) = tombstone::find(tx, id)? {
            listing.add("tombstone", row.note);
            listing.add("tombstone.blind", line_of(&row.blind));
            self.add_proof(
                tx,
                &mut listing,
                ("tombstone", ""),
                (row.epoch, row.position),
            )?;
        }
        listing.files.sort();
        Ok(listing)
    }

    fn is_newest(&self, epoch: u32) -> bool {
        self.view.pins.iter().all(|pin| pin.epoch <= epoch)
    }

    fn contents(&self, listing: &mut Listing, opening: Option<Vec<u8>>, payload: Option<Vec<u8>>) {
        if let (true, Some(opening), Some(payload)) = (self.view.contents, opening, payload) {
            listing.add("opening", line_of(&opening));
            listing.add("payload", payload);
        }
    }

    fn add_proof(
        &self,
        tx: &mut dyn Tx,
        listing: &mut Listing,
        (name, party): (&str, &str),
        place: (u32, u64),
    ) -> Result<(), LedgerError> {
        let party = Some(party).filter(|party| !party.is_empty());
        if let Some(proof) = self.proof(tx, place, party)? {
            listing.add(&format!("{name}.tlog-proof"), proof.to_string());
        }
        Ok(())
    }
}

fn add_receipt(listing: &mut Listing, given: &receipt::ReceiptRow) {
    listing.add("receipt.header", given.header.clone());
    listing.add("receipt.blind", line_of(&given.blind));
    listing.add("receipt.opening", line_of(&given.opening));
    listing.add("receipt.payload", given.payload.clone());
}

fn line_of(bytes: &[u8]) -> String {
    format!("{}\n", hex(bytes))
}

/// The envelopes whose identities begin with these two digits.
pub(super) fn envelopes(tx: &mut dyn Tx, two: &str) -> Result<Listing, LedgerError> {
    let bounds = (
        unhex(&format!("{two}{}", "00".repeat(31))),
        unhex(&format!("{two}{}", "ff".repeat(31))),
    );
    let (Some(first), Some(last)) = bounds else {
        return Ok(Listing::default());
    };
    let most = u64::try_from(NAMES_MAX).unwrap_or(u64::MAX);
    let mut ids = outbox::identities(tx, &first, &last, most)?;
    ids.extend(inbox::identities(tx, &first, &last, most)?);
    ids.extend(grant::identities(tx, &first, &last, most)?);
    ids.sort_unstable();
    Ok(folders(ids.iter().map(|id| hex(id)).collect()))
}
