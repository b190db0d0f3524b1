//! Rewinding: what the entries of a view said when the index was last written.
//!
//! An entry's flags are written into its view's file at once, the index only now and then. After a crash the file may
//! therefore know of changes that the log is about to tell again, while the counts on record do not. So before the first
//! replayed act that touches an object, its entries are set back to what they were at that time; then the act counts as
//! it did when it happened.
//!
//! In scope: setting the flags of one object back. Out of scope: replaying (`embedded`, `staging`).
//! Limits: memory for each removed position and each touched object of what is replayed.

use std::collections::{BTreeMap, HashSet};

use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::entry::Flags;
use crate::objects::plan::{Sibling, settle};
use crate::objects::record::{self, Act};
use crate::objects::view::{View, ViewState};

/// An object of a view: the view, its UUID, the number of its type.
pub(crate) type Whose = (u32, Uuid, u16);

/// What is to be set back, and what was already.
#[derive(Debug)]
pub(crate) struct Rewind {
    /// Lengths of the views on record.
    lengths: BTreeMap<u32, u64>,
    /// What the log removes behind the end on record.
    removed: HashSet<(u32, u64)>,
    done: HashSet<Whose>,
}

impl Rewind {
    /// For views that are as they stand on record.
    pub(crate) fn new(views: &[(u32, ViewState)]) -> Self {
        let lengths = views
            .iter()
            .filter(|(_, state)| state.length > 0)
            .map(|(number, state)| (*number, state.length));
        Self {
            lengths: lengths.collect(),
            removed: HashSet::new(),
            done: HashSet::new(),
        }
    }

    /// Whether there is nothing on record that could have to be set back.
    pub(crate) fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Takes note of what a record removes. Called with all that will be replayed, before any of it is.
    pub(crate) fn note(&mut self, payload: &[u8]) -> Result<(), StoreError> {
        record::acts(payload, &mut |_, act, _| {
            if let Act::Remove { view, positions } = act {
                self.removed
                    .extend(positions.into_iter().map(|position| (view, position)));
            }
            Ok(())
        })
    }

    /// Sets the entries of one object back, unless that was done before. `entries` are all of them, removed ones too.
    pub(crate) fn apply(
        &mut self,
        file: &View,
        whose: Whose,
        entries: &mut [Sibling],
    ) -> Result<(), StoreError> {
        let (view, ..) = whose;
        let Some(length) = self.lengths.get(&view) else {
            return Ok(());
        };
        if entries.is_empty() || !self.done.insert(whose) {
            return Ok(());
        }
        let mut known: Vec<Sibling> = entries
            .iter()
            .filter(|entry| entry.position < *length)
            .copied()
            .collect();
        for entry in &mut known {
            if self.removed.contains(&(view, entry.position)) {
                entry.flags = entry.flags.without(Flags::REMOVED);
            }
        }
        known.retain(|entry| !entry.flags.any(Flags::REMOVED));
        // Newest, oldest and the rest follow from which versions there are.
        settle(&mut known);
        for entry in entries {
            let then = known.iter().find(|then| then.position == entry.position);
            if let Some(then) = then.filter(|then| then.flags != entry.flags) {
                file.put_flags(entry.position, then.flags)?;
                entry.flags = then.flags;
            }
        }
        Ok(())
    }
}
