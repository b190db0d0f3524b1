//! What must always hold, each a function with a name.
//!
//! Each was seen to fail. Faults from outside (`fault`) and the seed from 0 that finds each, which a test repeats:
//!
//! | fault | seed | invariant |
//! |---|---|---|
//! | `HiddenRestore` | 35 | `OneRootPerSize` |
//! | `LyingGuard` | 0 | `KeptBeforeItLeaves` |
//! | `LostSync` | 0 | `CommittedSurvives` |
//! | `ForgottenEnvelope` | 0 | `ReceiptsAreOfStored`, given |
//! | `FalseReceipt` | 2 | `ReceiptsAreOfStored`, held |
//! | `HoleInChannel` | 0 | `ChannelsAreWhole` |
//! | `ForgottenChannel` | 2 | `ChannelsAreWhole` |
//! | `AppliedAgain` | 41 | `AppliedOnce` |
//! | `WrongHead` | 2 | `OnlyTheGuiltyConvicted` |
//! | `Pardon` | 89 | `TwoHistoriesConvicted` |
//! | `LostEvidence` | 48 | `TwoHistoriesConvicted` |
//! | `SecretResume` | 5 | `SuspendedGetsNothing` |
//! | `LostReceipts` | 0 | `EveryEnvelopeSettles` |
//! | `ForgottenMessage` | 62 | `SameMessages` |
//! | `MovedMessage` | 62 | `SameReceipts` |
//!
//! Lines of the link changed by hand; seeds are those of the simulator at the time, those marked + of its present form:
//!
//! | change | seed | invariant |
//! |---|---|---|
//! | `open_log` continues a log that is shorter than what was signed | 394 | `OneRootPerSize` |
//! | `sign_head` does not ask the guard | 0 | `KeptBeforeItLeaves` |
//! | `gather` does not renew receipts of an ended epoch | 207 | `NoSurprise` |
//! | `hear_all` does not give back what a partner lost | 334 | `SentIsApplied` |
//! | `place` does not hurry the receipt of what came before | 31 | `EveryEnvelopeSettles` |
//! | `peer` serves whoever is suspended | 0 | `SuspendedGetsNothing` |
//! | `begin_epoch` makes nothing anew | 77 | `EveryEnvelopeSettles` |
//! | envelopes count though their head is not linked | 1108 | `BothSidesAgree` |
//! | `compare` does not convict for two roots of one size | 909 | `TwoHistoriesConvicted` |
//! | `place` stores beyond a gap of places | 39 | `ChannelsAreWhole` |
//! | `take_receipt` gives a message no time for an envelope that was made anew | 35 + | `SameReceipts` |
//! | `compare_with` compares nothing | 389 | `SplitViewConvicted` |
//!
//! Of an honest sender's envelopes the chain of headers refuses one beyond a gap first; only a node that skips a place and names the
//! envelope before it (`forger`) gets past that check.
//!
//! In scope: judging one step. Out of scope: judging the end, when everything has healed (`settle`).

use comity_ledger::checkpoint::SignedCheckpoint;
use comity_ledger::leaf::{Blinding, Leaf};
use comity_ledger::proof::LogProof;
use comity_ledger::tree::{Hash, leaf_hash, root_of, verify_inclusion};
use comity_link::batch;
use comity_link::header::{EnvelopeId, SignedHeader, peek};
use comity_link::message::Message;
use comity_node::link::guard::LastSigned;
use comity_store::error::StoreError;
use comity_store::state::channel::{self, Direction};
use comity_store::state::inbox::{self, InboxRow};
use comity_store::state::peer_log::{self, PeerLogRow};
use comity_store::state::{Row, Tx, Value};

use crate::forger::FORGER;
use crate::world::{World, name, surprise};

/// What must always hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invariant {
    /// A node never signs two heads of one size and epoch with different roots.
    OneRootPerSize,
    /// What is signed is in the guard and in the rows before it leaves.
    KeptBeforeItLeaves,
    /// A receipt is given, and held, only of an envelope that is stored at the other side.
    ReceiptsAreOfStored,
    /// Channels have no gap, and each envelope names the one before it.
    ChannelsAreWhole,
    /// The content of an envelope is applied at most once.
    AppliedOnce,
    /// What was committed survives a crash.
    CommittedSurvives,
    /// A party that showed two histories is convicted, with evidence.
    TwoHistoriesConvicted,
    /// A party that did not is never convicted.
    OnlyTheGuiltyConvicted,
    /// A suspended party gets nothing, and nothing is taken from it.
    SuspendedGetsNothing,
    /// What is stored of a party proves itself, whatever that party says.
    NothingForged,
    /// A party is told nothing of parties with which it shares no accord.
    NothingOfOthers,
    /// When everything has healed, whoever showed different trees to two parties of one accord is convicted by one.
    SplitViewConvicted,
    /// When everything has healed, each envelope has its receipt or a reason.
    EveryEnvelopeSettles,
    /// When everything has healed, what was sent was applied.
    SentIsApplied,
    /// When everything has healed and no disk was lost, both sides of a thread hold the same messages.
    SameMessages,
    /// Equal sets of messages have equal receipts.
    SameReceipts,
    /// Equal sets of messages give equal state.
    SameState,
    /// When everything has healed, both sides agree on how far each channel has come.
    BothSidesAgree,
    /// No failure but those that are part of life.
    NoSurprise,
}

/// Something did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{invariant:?}: {what}")]
pub struct Violation {
    /// What.
    pub invariant: Invariant,
    /// How it showed.
    pub what: String,
}

impl Violation {
    /// Says what did not hold.
    pub fn new(invariant: Invariant, what: String) -> Self {
        Self { invariant, what }
    }
}

/// Answers the violation unless `holds`.
pub fn ensure(
    holds: bool,
    invariant: Invariant,
    what: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if holds {
        Ok(())
    } else {
        Err(Violation::new(invariant, what()))
    }
}

/// Rows of a query over a node's rows.
pub fn rows(
    world: &World,
    node: usize,
    sql: &'static str,
    values: &[Value],
) -> Result<Vec<Row>, Violation> {
    let state = &world.place(node).node.state;
    state
        .read(|tx: &mut dyn Tx| tx.query(sql, values))
        .map_err(surprise)
}

/// The number that a simulated payload carries.
pub fn number_in(payload: &[u8]) -> Option<u64> {
    std::str::from_utf8(payload)
        .ok()?
        .split('#')
        .nth(1)?
        .parse()
        .ok()
}

/// Whatever leaves a node: its head is new or known, kept by the guard and in the rows; its receipts are of stored
/// envelopes.
pub fn what_leaves_is_kept(
    world: &mut World,
    (from, to): (usize, usize),
    bytes: &[u8],
) -> Result<Option<LastSigned>, Violation> {
    let mut shown = None;
    let keys = [world.place(from).node.link.keys().envelope().verifier()];
    let messages = batch::read(bytes)
        .and_then(|batch| batch.open(&keys))
        .map_err(surprise)?;
    for message in &messages {
        match message {
            Message::Head(head) => {
                let head = head_of(&head.checkpoint)?;
                one_root_per_size(world, from, &head)?;
                head_is_kept(world, from, &head)?;
                shown = Some(head);
            }
            Message::Receipt(receipt) => {
                let find = |tx: &mut dyn Tx| inbox::find(tx, &receipt.envelope.0);
                let row = world.place(from).node.state.read(find).map_err(surprise)?;
                let stored = row.is_some_and(|row| row.state != "parked");
                ensure(stored, Invariant::ReceiptsAreOfStored, || {
                    format!(
                        "node {from} gives a receipt of {}, which it does not hold",
                        receipt.envelope
                    )
                })?;
            }
            Message::Send(_)
            | Message::Cosigned(_)
            | Message::Cursor(_)
            | Message::Gap(_)
            | Message::Card(_)
            | Message::Revocation(_)
            | Message::Knows(_)
            | Message::Forward(_)
            | Message::Holds(_)
            | Message::Want(_)
            | Message::Piece(_)
            | Message::Refused(_) => {}
            Message::CrossHead(told) => told_of_fellows_only(world, (from, to), &told.checkpoint)?,
            Message::TwoHistories(_) => {
                ensure(world.share_accord, Invariant::NothingOfOthers, || {
                    format!("node {from} tells {to} of a conviction without an accord")
                })?;
            }
        }
    }
    Ok(shown)
}

/// Of a third party's log only those are told that share an accord with it.
fn told_of_fellows_only(
    world: &World,
    (from, to): (usize, usize),
    checkpoint: &[u8],
) -> Result<(), Violation> {
    let head = head_of(checkpoint)?;
    let of_third = [from, to]
        .iter()
        .all(|node| !head.origin.starts_with(&format!("{}.", name(*node))));
    ensure(
        of_third && world.share_accord,
        Invariant::NothingOfOthers,
        || format!("node {from} tells {to} of {}", head.origin),
    )
}

fn head_of(checkpoint: &[u8]) -> Result<LastSigned, Violation> {
    let signed = SignedCheckpoint::parse(checkpoint).map_err(surprise)?;
    let checkpoint = signed.checkpoint();
    Ok(LastSigned {
        origin: checkpoint.origin.as_str().to_owned(),
        size: checkpoint.size,
        root: *checkpoint.root.as_bytes(),
    })
}

fn one_root_per_size(world: &mut World, from: usize, head: &LastSigned) -> Result<(), Violation> {
    let branch = world.place(from).branch;
    let other = world.facts.sign(head, branch);
    let excused = other.is_none_or(|other| other != branch && world.is_two_faced(from));
    ensure(excused, Invariant::OneRootPerSize, || {
        format!(
            "node {from} signed two heads of {} at {}",
            head.origin, head.size
        )
    })
}

fn head_is_kept(world: &World, from: usize, head: &LastSigned) -> Result<(), Violation> {
    let kept = world.place(from).node.guard.kept();
    let guarded = kept.is_some_and(|kept| kept.origin != head.origin || kept.size >= head.size);
    ensure(guarded, Invariant::KeptBeforeItLeaves, || {
        format!(
            "node {from} shows {} at {} and its guard does not know",
            head.origin, head.size
        )
    })?;
    let leaves = rows(
        world,
        from,
        "SELECT e.leaf FROM ledger_entry e JOIN ledger_log l ON l.epoch = e.epoch
         WHERE l.origin = ?1 AND e.position < ?2 ORDER BY e.position",
        &[head.origin.as_str().into(), head.size.into()],
    )?;
    let leaves = leaves.iter().map(|row| Ok(leaf_hash(&row.bytes(0)?)));
    let leaves: Vec<Hash> = leaves
        .collect::<Result<_, StoreError>>()
        .map_err(surprise)?;
    let committed = *root_of(&leaves).as_bytes() == head.root;
    ensure(committed, Invariant::KeptBeforeItLeaves, || {
        format!(
            "node {from} shows {} at {}, which its rows do not make",
            head.origin, head.size
        )
    })
}

/// Each channel of a node, out and in, has every place up to its end, and each envelope names the one before.
pub fn channels_are_whole(world: &World, node: usize) -> Result<(), Violation> {
    let out = rows(
        world,
        node,
        "SELECT channel, epoch, seq, envelope, header FROM outbox ORDER BY channel, epoch, seq",
        &[],
    )?;
    if !world.is_forger(node) {
        whole(world, node, Direction::Out, &out)?;
    }
    let stored = "SELECT channel, epoch, seq, envelope, header FROM inbox WHERE state <> 'parked' ORDER BY channel, epoch, seq";
    let stored = rows(world, node, stored, &[])?;
    whole(world, node, Direction::In, &stored)
}

fn whole(world: &World, node: usize, direction: Direction, found: &[Row]) -> Result<(), Violation> {
    let broken = |row: &Row, what: &str| {
        let place = (row.text(0).ok(), row.integer(1).ok(), row.count(2).ok());
        let what = format!("node {node}: {what} at {place:?}, {direction:?}");
        Violation::new(Invariant::ChannelsAreWhole, what)
    };
    let mut last: Option<(String, i64, u64, [u8; 32])> = None;
    let mut ends = std::collections::BTreeMap::new();
    for row in found {
        let read =
            || Ok::<_, StoreError>((row.text(0)?, row.integer(1)?, row.count(2)?, row.hash(3)?));
        let place = read().map_err(surprise)?;
        let header = peek(&row.bytes(4).map_err(surprise)?).map_err(surprise)?;
        let before = last.filter(|last| (&last.0, last.1) == (&place.0, place.1));
        let due = before.as_ref().map_or(1, |before| before.2 + 1);
        if place.2 != due || header.seq != due {
            return Err(broken(row, "a gap"));
        }
        if header.prev != before.map(|before| EnvelopeId(before.3)) {
            return Err(broken(row, "a broken chain"));
        }
        ends.insert((place.0.clone(), place.1), (place.2, place.3));
        last = Some(place);
    }
    for ((name, epoch), (seq, id)) in ends {
        let epoch = u32::try_from(epoch).unwrap_or(0);
        let find = |tx: &mut dyn Tx| channel::find(tx, direction, &name, epoch);
        let known = world.place(node).node.state.read(find).map_err(surprise)?;
        let ends = known.is_some_and(|known| known.seq == seq && known.last == Some(id));
        ensure(ends, Invariant::ChannelsAreWhole, || {
            format!("node {node}: channel {name} of epoch {epoch} ends elsewhere than at {seq}")
        })?;
    }
    Ok(())
}

/// The content of an envelope is applied once; records that it was.
pub fn applied_once(world: &mut World, node: usize, row: &InboxRow) -> Result<(), Violation> {
    let held = &mut world.place_mut(node).held;
    let times = held.applied.entry(row.envelope).or_default();
    *times += 1;
    let once = *times == 1;
    held.numbers
        .extend(row.payload.as_deref().and_then(number_in));
    ensure(once, Invariant::AppliedOnce, || {
        format!("node {node} applied {} again", EnvelopeId(row.envelope))
    })
}

/// What was committed before a crash is there after it.
pub fn committed_is_there(world: &World, node: usize) -> Result<(), Violation> {
    let sql = "SELECT bytes FROM outbox JOIN outbox_payload ON of_envelope = envelope";
    let found = rows(world, node, sql, &[])?;
    let found = found
        .iter()
        .filter_map(|row| number_in(&row.bytes(0).ok()?));
    let found: std::collections::BTreeSet<u64> = found.collect();
    let held = &world.place(node).held;
    let lost = held.committed.iter().find(|number| !found.contains(number));
    ensure(lost.is_none(), Invariant::CommittedSurvives, || {
        format!("node {node} lost {lost:?} by a crash")
    })?;
    for envelope in held.applied.keys() {
        let find = |tx: &mut dyn Tx| inbox::find(tx, envelope);
        let row = world.place(node).node.state.read(find).map_err(surprise)?;
        ensure(
            row.is_some_and(|row| row.state == "applied"),
            Invariant::CommittedSurvives,
            || {
                format!(
                    "node {node} forgot by a crash that it applied {}",
                    EnvelopeId(*envelope)
                )
            },
        )?;
    }
    Ok(())
}

/// What a node holds of a party's logs.
pub fn held_heads(world: &World, node: usize, party: usize) -> Result<Vec<PeerLogRow>, Violation> {
    let state = &world.place(node).node.state;
    state
        .read(|tx| peer_log::of_party(tx, &name(party)))
        .map_err(surprise)
}

/// After a batch was taken: a party that showed two histories is convicted with both notes, one that did not is not.
pub fn two_histories_are_convicted(
    world: &World,
    (node, party): (usize, usize),
    shown: Option<&LastSigned>,
    before: &[PeerLogRow],
) -> Result<(), Violation> {
    for after in held_heads(world, node, party)? {
        let known = before.iter().find(|known| known.origin == after.origin);
        if after.state == "forked" {
            continue;
        }
        let Some(known) = known else {
            continue;
        };
        let (old, new) = ((known.size, known.root), (after.size, after.root));
        ensure(
            !contradict(world, &after, old, new),
            Invariant::TwoHistoriesConvicted,
            || {
                format!(
                    "node {node} followed {} from one history into another",
                    after.origin
                )
            },
        )?;
        let shown = shown.filter(|shown| shown.origin == after.origin);
        let comparable = shown.filter(|shown| {
            shown.size == known.size || known.mirrored == known.size && shown.size < known.size
        });
        let Some(shown) = comparable else {
            continue;
        };
        let guilty = contradict(world, &after, old, (shown.size, shown.root));
        ensure(!guilty, Invariant::TwoHistoriesConvicted, || {
            format!(
                "node {node} was shown two histories of {} and goes on",
                after.origin
            )
        })?;
    }
    Ok(())
}

/// When everything has healed: two parties of one accord do not hold heads of a third that contradict each other, unless
/// one of them has convicted it.
pub fn split_view_is_convicted(world: &World, one: usize, other: usize) -> Result<(), Violation> {
    let theirs = held_heads(world, other, 0)?;
    for ours in held_heads(world, one, 0)? {
        let Some(held) = theirs.iter().find(|held| held.origin == ours.origin) else {
            continue;
        };
        let split = contradict(world, &ours, (ours.size, ours.root), (held.size, held.root));
        let convicted = [&ours, held].iter().any(|row| row.state == "forked");
        ensure(convicted || !split, Invariant::SplitViewConvicted, || {
            format!(
                "{one} holds {} at {}, {other} at {}: two histories, and neither knows",
                ours.origin, ours.size, held.size
            )
        })?;
    }
    Ok(())
}

/// Whatever a node has stored of the one that forges is signed by it, stands in its log, and is what was committed to.
pub fn nothing_forged(world: &World, node: usize) -> Result<(), Violation> {
    let forger = world.place(FORGER).node.link.keys();
    let stored = rows(
        world,
        node,
        "SELECT header, blind, proof FROM inbox WHERE party = ?1 AND state <> 'parked'",
        &[name(FORGER).as_str().into()],
    )?;
    for row in stored {
        let header = row.bytes(0).map_err(surprise)?;
        let blinding = Blinding::new(row.hash(1).map_err(surprise)?);
        let proof = LogProof::parse(&row.bytes(2).map_err(surprise)?).map_err(surprise)?;
        let head = proof.checkpoint().checkpoint();
        let signed = SignedHeader::open(&header, &[forger.envelope().verifier()]).is_ok();
        let key = forger.log(head.origin.as_str()).map_err(surprise)?;
        let logged = proof.checkpoint().verify(&[key.verifier()]).is_ok()
            && verify_inclusion(
                &Leaf::of(&header, &blinding).hash(),
                proof.index(),
                &head.head(),
                proof.hashes(),
            )
            .is_ok();
        ensure(signed && logged, Invariant::NothingForged, || {
            format!("node {node} stored an envelope that does not prove itself")
        })?;
    }
    Ok(())
}

/// Every conviction of a node stands, with its evidence; records new ones.
pub fn convictions_stand(world: &mut World, node: usize, party: usize) -> Result<(), Violation> {
    for row in held_heads(world, node, party)? {
        let forked = row.state == "forked";
        let known = world.place(node).held.convicted.contains(&row.origin);
        ensure(forked || !known, Invariant::TwoHistoriesConvicted, || {
            format!("node {node} convicted {} and took it back", row.origin)
        })?;
        if forked {
            the_guilty_alone(world, node, &row)?;
            world.place_mut(node).held.convicted.insert(row.origin);
        }
    }
    Ok(())
}

/// A log that is held as forked has two notes that contradict each other.
fn the_guilty_alone(world: &World, node: usize, row: &PeerLogRow) -> Result<(), Violation> {
    let evidence = row.evidence.as_deref().and_then(|note| head_of(note).ok());
    let held = head_of(&row.checkpoint)?;
    ensure(evidence.is_some(), Invariant::TwoHistoriesConvicted, || {
        format!(
            "node {node} holds {} as forked without evidence",
            row.origin
        )
    })?;
    let proven = evidence.is_some_and(|other| {
        let same_log = other.origin == row.origin && held.origin == row.origin;
        same_log && contradict(world, row, (held.size, held.root), (other.size, other.root))
    });
    ensure(proven, Invariant::OnlyTheGuiltyConvicted, || {
        format!(
            "node {node} convicted {}, which showed one history",
            row.origin
        )
    })
}

/// Whether two heads of a log cannot both be of one history. A head that nobody signed contradicts nothing.
fn contradict(
    world: &World,
    log: &PeerLogRow,
    one: (u64, [u8; 32]),
    other: (u64, [u8; 32]),
) -> bool {
    let ones = world.facts.signers(&log.origin, one.0, &one.1);
    let others = world.facts.signers(&log.origin, other.0, &other.1);
    let pairs = ones
        .iter()
        .flat_map(|a| others.iter().map(move |b| (*a, *b)));
    let mut pairs = pairs.peekable();
    pairs.peek().is_some()
        && pairs.all(|(a, b)| {
            world
                .facts
                .contradict((a, (log.epoch, one.0)), (b, (log.epoch, other.0)))
        })
}

/// Nothing leaves for a party that is suspended.
pub fn nothing_to_the_suspended(world: &World, from: usize, to: usize) -> Result<(), Violation> {
    let suspended = world.place(from).held.suspended.contains(&to);
    ensure(!suspended, Invariant::SuspendedGetsNothing, || {
        format!("node {from} has something to say to {to}, which it suspended")
    })
}

/// Nothing is taken from a party that is suspended.
pub fn nothing_from_the_suspended(
    world: &World,
    node: usize,
    from: usize,
    taken: bool,
) -> Result<(), Violation> {
    let suspended = world.place(node).held.suspended.contains(&from);
    ensure(
        !(suspended && taken),
        Invariant::SuspendedGetsNothing,
        || format!("node {node} took a batch of {from}, which it suspended"),
    )
}

/// Each receipt that a node holds is of an envelope that the other side holds with the same content.
pub fn receipts_are_of_stored(world: &World, from: usize, to: usize) -> Result<(), Violation> {
    let sent = rows(
        world,
        from,
        "SELECT envelope, bytes FROM outbox LEFT JOIN outbox_payload ON of_envelope = envelope
         WHERE party = ?1 AND state = 'receipted'",
        &[name(to).as_str().into()],
    )?;
    for row in sent {
        let envelope = row.hash(0).map_err(surprise)?;
        let find = |tx: &mut dyn Tx| inbox::find(tx, &envelope);
        let held = world.place(to).node.state.read(find).map_err(surprise)?;
        let payload = row.optional_bytes(1).map_err(surprise)?;
        let stored = held.is_some_and(|held| held.state != "parked" && held.payload == payload);
        ensure(stored, Invariant::ReceiptsAreOfStored, || {
            format!(
                "node {from} holds a receipt of {}, which {to} does not hold",
                EnvelopeId(envelope)
            )
        })?;
    }
    Ok(())
}
