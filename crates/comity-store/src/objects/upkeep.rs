//! Upkeep of the embedded store: what is derived from the log and written when there is time.
//!
//! In scope: committing the index on a thread of its own, building compressed blocks. Out of scope: when (`embedded_write`).
//! Limits: [`BLOCKS_AT_ONCE`] blocks between two looks for new requests.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::error::StoreError;
use crate::objects::blocks::{BLOCK_ENTRIES, deflate};
use crate::objects::entry::Flags;
use crate::objects::lookup::Shared;
use crate::objects::view::View;

/// How many blocks are compressed before the writer looks for new requests again.
const BLOCKS_AT_ONCE: usize = 4;

/// Writes the closed set on a thread of its own: the one whose commit failed, else the one that grows.
pub(crate) fn start_commit(
    shared: &Arc<Shared>,
    now: i64,
) -> Result<Option<JoinHandle<Result<(), StoreError>>>, StoreError> {
    let views = shared.all_views();
    let states = || {
        views
            .iter()
            .map(|(number, view)| (*number, view.read().clone()))
            .collect()
    };
    let Some(set) = shared
        .pending
        .closed()
        .or_else(|| shared.pending.close(states()))
    else {
        return Ok(None);
    };
    let shared = Arc::clone(shared);
    let commit = move || {
        for (_, view) in &views {
            view.sync()?;
        }
        // Blocks that no longer hold leave the record before the index claims to know the change that ended them.
        commit_blocks(&shared)?;
        shared.index.commit(&set, &shared.names.all(), now)?;
        shared.pending.release();
        Ok(())
    };
    let thread = std::thread::Builder::new()
        .name("comity-index".to_owned())
        .spawn(commit);
    thread
        .map(Some)
        .map_err(|e| StoreError::file("start a thread for", Path::new("comity-index"), e))
}

/// Puts changes of blocks on record; those that could not be are kept for the next time.
fn commit_blocks(shared: &Shared) -> Result<(), StoreError> {
    let changes = shared.blocks.take_changes()?;
    if changes.is_empty() {
        return Ok(());
    }
    let committed = shared.index.commit_blocks(&changes);
    if committed.is_err() {
        shared.blocks.give_back(changes);
    }
    committed
}

/// Waits for a commit and answers how it ended.
pub(crate) fn join(thread: Option<JoinHandle<Result<(), StoreError>>>) -> Result<(), StoreError> {
    thread.map_or(Ok(()), |thread| {
        thread.join().unwrap_or(Err(StoreError::Stopped))
    })
}

/// Compresses a few blocks that are missing; answers whether there are more.
pub(crate) fn build_blocks(shared: &Shared) -> Result<bool, StoreError> {
    let views = shared.all_views();
    let mut built = 0;
    for (number, view) in views {
        let full = view.read().length / BLOCK_ENTRIES;
        while let Some(block) = shared.blocks.missing(number, full) {
            if built == BLOCKS_AT_ONCE {
                return Ok(true);
            }
            build_block(shared, number, &view, block)?;
            built += 1;
        }
    }
    if built > 0 {
        return Ok(true);
    }
    commit_blocks(shared)?;
    Ok(false)
}

fn build_block(shared: &Shared, number: u32, view: &View, block: u64) -> Result<(), StoreError> {
    let count = usize::try_from(BLOCK_ENTRIES).unwrap_or(0);
    let entries = view.entries(block * BLOCK_ENTRIES, count)?;
    let shown: Vec<_> = entries
        .iter()
        .filter(|entry| !entry.flags.any(Flags::HIDDEN))
        .collect();
    let (bytes, summed) = deflate(&shared.gather(shown.iter().copied())?);
    // Only the writer's thread, which is this one, changes flags: the entries are still what they were.
    let place = shared.blocks.write(
        number,
        &bytes,
        summed,
        u32::try_from(shown.len()).unwrap_or(0),
    )?;
    shared.blocks.put(number, block, place)
}
