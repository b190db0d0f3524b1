//! The receipt protocol as a model, checked in every state: SEND, RECEIPT, ACK, with crashes, restores and a third node W
//! that takes deposits.
//!
//! The model is small on purpose: A sends two envelopes to B, may die and be restored from any earlier state of its disk
//! twice, and may deposit at W what B does not receipt. Messages stay on their way for ever, so each may be lost, come
//! twice, or come late.
use std::collections::BTreeSet;

use stateright::{Checker, Model, Property};

const ENVELOPES: u8 = 2;
const RESTORES: u8 = 2;

/// The entries of a log: the number of each, and how many restores came before it was made.
type Entries = Vec<(u8, u8)>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Head {
    epoch: u8,
    entries: Entries,
}

/// What A's disk holds: its log, and whose receipts it has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Disk {
    head: Head,
    receipts: BTreeSet<(u8, u8)>,
    deposited: BTreeSet<(u8, u8)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Message {
    /// An envelope, proven in a head.
    Send((u8, u8), Head),
    /// B's receipt.
    Receipt((u8, u8)),
    /// A sealed envelope for W to keep.
    Deposit((u8, u8)),
    /// W's word that it keeps it.
    Kept((u8, u8)),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    disk: Disk,
    backup: Option<Disk>,
    /// The newest epoch that A signed in: the guard.
    guard: u8,
    made: u8,
    restores: u8,
    signed: BTreeSet<Head>,
    stored: BTreeSet<(u8, u8)>,
    /// What W keeps for B.
    kept: BTreeSet<(u8, u8)>,
    network: BTreeSet<Message>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Action {
    Make,
    Sign((u8, u8)),
    BackUp,
    Restore,
    Deposit((u8, u8)),
    Deliver(Message),
    /// B gives its receipt and dies before it has stored: only where the rule is broken.
    ReceiptFirst(Message),
}

/// The protocol, with its rules or without one of them.
struct Protocol {
    new_epoch_after_restore: bool,
    stores_before_receipt: bool,
}

const RULES: Protocol = Protocol {
    new_epoch_after_restore: true,
    stores_before_receipt: true,
};

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let head = Head {
            epoch: 0,
            entries: Vec::new(),
        };
        let disk = Disk {
            head,
            receipts: BTreeSet::new(),
            deposited: BTreeSet::new(),
        };
        vec![World {
            disk,
            backup: None,
            guard: 0,
            made: 0,
            restores: 0,
            signed: BTreeSet::new(),
            stored: BTreeSet::new(),
            kept: BTreeSet::new(),
            network: BTreeSet::new(),
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        if world.made < ENVELOPES {
            actions.push(Action::Make);
        }
        for entry in &world.disk.head.entries {
            actions.push(Action::Sign(*entry));
            if !world.disk.receipts.contains(entry) && !world.disk.deposited.contains(entry) {
                actions.push(Action::Deposit(*entry));
            }
        }
        if world.backup.is_none() {
            actions.push(Action::BackUp);
        } else if world.restores < RESTORES {
            actions.push(Action::Restore);
        }
        for message in &world.network {
            actions.push(Action::Deliver(message.clone()));
            if !self.stores_before_receipt {
                actions.push(Action::ReceiptFirst(message.clone()));
            }
        }
    }

    fn next_state(&self, before: &World, action: Action) -> Option<World> {
        let mut world = before.clone();
        match action {
            Action::Make => {
                // What is made after a restore is not what was made before it.
                world.disk.head.entries.push((world.made, world.restores));
                world.made += 1;
            }
            Action::Sign(entry) => {
                world.guard = world.guard.max(world.disk.head.epoch);
                world.signed.insert(world.disk.head.clone());
                world
                    .network
                    .insert(Message::Send(entry, world.disk.head.clone()));
            }
            Action::BackUp => world.backup = Some(world.disk.clone()),
            Action::Restore => {
                world.restores += 1;
                world.disk = world.backup.clone()?;
                if self.new_epoch_after_restore {
                    world.disk.head.epoch = world.guard + 1;
                    world.guard += 1;
                }
            }
            Action::Deposit(entry) => {
                world.disk.deposited.insert(entry);
                world.network.insert(Message::Deposit(entry));
            }
            Action::Deliver(message) => deliver(&mut world, &message),
            Action::ReceiptFirst(Message::Send(entry, _)) => {
                world.network.insert(Message::Receipt(entry));
            }
            Action::ReceiptFirst(_) => return None,
        }
        (world != *before).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("one history for each epoch", |_, world: &World| {
                let all: Vec<&Head> = world.signed.iter().collect();
                all.iter().all(|one| {
                    all.iter().all(|other| {
                        let shared = one.entries.len().min(other.entries.len());
                        one.epoch != other.epoch
                            || one.entries.get(..shared) == other.entries.get(..shared)
                    })
                })
            }),
            Property::always("a receipt is of a stored envelope", |_, world: &World| {
                world.network.iter().all(|message| match message {
                    Message::Receipt(entry) => world.stored.contains(entry),
                    Message::Send(..) | Message::Deposit(_) | Message::Kept(_) => true,
                })
            }),
            Property::always("W's word is of a kept envelope", |_, world: &World| {
                world.network.iter().all(|message| match message {
                    Message::Kept(entry) => world.kept.contains(entry),
                    Message::Send(..) | Message::Deposit(_) | Message::Receipt(_) => true,
                })
            }),
            Property::sometimes("everything is receipted", |_, world: &World| {
                world.disk.receipts.len() == usize::from(ENVELOPES)
            }),
            Property::sometimes("what B does not receipt W keeps", |_, world: &World| {
                world.stored.is_empty() && !world.kept.is_empty()
            }),
        ]
    }
}

fn deliver(world: &mut World, message: &Message) {
    match *message {
        Message::Send(entry, _) => {
            world.stored.insert(entry);
            world.network.insert(Message::Receipt(entry));
        }
        // A receipt counts only for what the disk knows.
        Message::Receipt(entry) if world.disk.head.entries.contains(&entry) => {
            world.disk.receipts.insert(entry);
        }
        Message::Deposit(entry) => {
            world.kept.insert(entry);
            world.network.insert(Message::Kept(entry));
        }
        Message::Receipt(_) | Message::Kept(_) => {}
    }
}

fn check(protocol: Protocol) -> (usize, Vec<&'static str>) {
    let checker = protocol
        .checker()
        .threads(2)
        .target_state_count(2_000_000)
        .spawn_bfs()
        .join();
    let mut broken: Vec<&'static str> = checker.discoveries().into_keys().collect();
    broken.retain(|name| !name.starts_with("everything") && !name.starts_with("what B"));
    (checker.unique_state_count(), broken)
}

#[test]
fn with_its_rules_the_protocol_holds_in_every_state() {
    let (states, broken) = check(RULES);
    println!("{states} states, no counterexample");
    assert_eq!(broken, Vec::<&str>::new());
}

#[test]
fn without_a_new_epoch_after_a_restore_the_log_forks() {
    let (states, broken) = check(Protocol {
        new_epoch_after_restore: false,
        ..RULES
    });
    println!("{states} states until the fork");
    assert_eq!(broken, ["one history for each epoch"]);
}

#[test]
fn a_receipt_before_the_envelope_is_stored_is_found() {
    let (states, broken) = check(Protocol {
        stores_before_receipt: false,
        ..RULES
    });
    println!("{states} states until the empty receipt");
    assert_eq!(broken, ["a receipt is of a stored envelope"]);
}
