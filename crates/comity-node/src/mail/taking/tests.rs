//! Taking in as a whole, on nodes in folders: what mails of every level and kind come to, at every kind of address.
//!
//! In scope: what stands in the store afterwards. Out of scope: the socket and DNS (the black-box tests of `comity`).

mod letters;
mod loops;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use comity_mail::authentication::{Authentication, Dmarc, DmarcPolicy, Spf, Verdict};
use comity_mail::openpgp::SecretKey;
use comity_mail::token::Purpose;
use comity_stix::marking::Tlp;
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::address::own::{Draft, Giving};
use crate::case::threads::Acting;
use crate::clock::Clock;
use crate::folder::{self, Identity, Place};
use crate::link::card::CardFacts;
use crate::mail::command::MailCommand;
use crate::mail::intake::{IntakeSettings, MailIntake};
use crate::mail::recipients::{Designated, Mailboxes};
use crate::mail::{Client, Envelope, Known, Protocol, Recipient, Verdict as Answer};
use crate::node::NodeLimits;

/// 2026-11-27T12:00:00Z.
pub(super) const NOON: i64 = 1_795_780_800_000_000;
pub(super) const NOON_SECONDS: i64 = NOON / 1_000_000;

/// A node with what it needs to take mail.
pub(super) struct Rig {
    _folder: TempDir,
    pub(super) node: Node,
    pub(super) intake: MailIntake,
    clock: Arc<AtomicI64>,
}

pub(super) fn acting() -> Acting {
    Acting {
        officer: "duty officer".to_owned(),
        role: "duty".to_owned(),
        second: None,
        person: None,
    }
}

fn open(folder: &Path, clock: &Arc<AtomicI64>) -> Node {
    let clock = Clock::Set(Arc::clone(clock));
    let opened = folder::open(folder, &Place::Embedded, &clock).unwrap();
    Node::new(opened, clock, NodeLimits::default())
}

impl Rig {
    /// A node of a party that knows another one.
    pub(super) fn new(own: &str, other: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity {
            party: own.to_owned(),
            domain: format!("{own}.example"),
        };
        folder::init(folder.path(), &Place::Embedded, &identity, None, "").unwrap();
        let clock = Arc::new(AtomicI64::new(NOON));
        let node = open(folder.path(), &clock);
        let far = tempfile::tempdir().unwrap();
        let there = Identity {
            party: other.to_owned(),
            domain: format!("{other}.example"),
        };
        folder::init(far.path(), &Place::Embedded, &there, None, "").unwrap();
        let card = open(far.path(), &clock)
            .own_card(&CardFacts::default())
            .unwrap();
        node.accept_card(card.note().to_string().as_bytes())
            .unwrap();
        let settings = IntakeSettings {
            domain: node.mail_terms().domain.clone(),
            recipients: vec![
                Arc::new(Mailboxes::parse("postmaster abuse")),
                Arc::new(Designated::new(node.clone())),
            ],
            reserve_bytes: 0,
        };
        Self {
            _folder: folder,
            intake: MailIntake::new(node.clone(), settings),
            node,
            clock,
        }
    }

    pub(super) fn wait(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    /// An address for the other party.
    pub(super) fn address(&self, purpose: Purpose, party: &str) -> String {
        let giving = Giving {
            draft: Draft {
                purpose,
                party: party.to_owned(),
                about: None,
                expires: Some(NOON_SECONDS + 30 * 86_400),
            },
            uses: None,
            label: Tlp::Green,
            remark: String::new(),
            untold: true,
        };
        let number = self.node.give_address(&giving, &acting()).unwrap();
        self.node.address_shown(&number).unwrap()["address"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Registers a key for the other party.
    pub(super) fn register(&self, party: &str, key: &SecretKey) {
        let certificate = key.certificate();
        let typed = Some(certificate.fingerprint());
        let bytes = certificate.to_bytes();
        self.node
            .register_certificate(party, &bytes, typed, &acting())
            .unwrap();
    }

    /// Keeps a mail; its number.
    pub(super) fn keep(&self, sender: &str, to: &[&str], raw: &[u8]) -> String {
        let recipient = |address: &&str| {
            let (local, domain) = address.rsplit_once('@').unwrap();
            let Answer::Known(known) = self.intake.recipient(local, domain) else {
                panic!("nobody has {address}");
            };
            Recipient {
                address: (*address).to_owned(),
                known,
            }
        };
        let envelope = Envelope {
            client: Client {
                protocol: Protocol::Smtp,
                address: Some([192, 0, 2, 7].into()),
                helo: "mx.bravo.example".to_owned(),
                tls: None,
            },
            sender: sender.to_owned(),
            options: Vec::new(),
            recipients: to.iter().map(recipient).collect(),
        };
        let mut receiving = self.intake.receive().unwrap();
        receiving.write(raw).unwrap();
        self.intake.keep(&envelope, receiving).unwrap().id
    }

    /// Takes in one mail that waits, with what the network says of it.
    pub(super) fn take(&self, id: &str, said: &Authentication) -> Ended {
        match self.node.begin_mail(id).unwrap() {
            Some(begun) => self.node.take_mail(&begun, said).unwrap(),
            None => Ended::Done,
        }
    }

    /// Keeps and takes a mail; what it came to.
    pub(super) fn mailed(&self, to: &str, raw: &[u8], said: &Authentication) -> Value {
        let id = self.keep("duty@bravo.example", &[to], raw);
        assert_eq!(self.take(&id, said), Ended::Done);
        self.shown(&id)
    }

    pub(super) fn shown(&self, id: &str) -> Value {
        let command = MailCommand::Show { id: id.to_owned() };
        self.node.mail(command).unwrap()
    }

    /// How many objects the collection of a party holds.
    pub(super) fn objects_of(&self, party: &str) -> usize {
        let state = &self.node.inner.state;
        let held = state
            .read(|tx| comity_store::state::collection::of_source(tx, party))
            .unwrap();
        held.map_or(0, |held| {
            let (found, _) = self.node.stretch(held.view, 0).unwrap();
            found.len()
        })
    }

    /// The bytes of the mails that wait to leave.
    pub(super) fn outbox(&self) -> Vec<(String, String, Vec<u8>)> {
        let state = &self.node.inner.state;
        let due = self.node.mail_due(100).unwrap();
        let row = |id: String| {
            state
                .read(|tx| {
                    let row = comity_store::state::mail_out::beginning(tx, &id)?.remove(0);
                    let bytes = comity_store::state::mail_out::bytes(tx, &id)?.unwrap();
                    Ok::<_, MailError>((row.sender, row.recipient, bytes))
                })
                .unwrap()
        };
        due.into_iter().map(|due| row(due.id)).collect()
    }
}

/// What the network says of a mail from a domain that it aligns with.
pub(super) fn aligned(domain: &str) -> Authentication {
    Authentication {
        spf: Some(Spf {
            domain: domain.to_owned(),
            verdict: Verdict::Pass,
        }),
        dkim: Vec::new(),
        dmarc: Some(Dmarc {
            domain: domain.to_owned(),
            policy: Some(DmarcPolicy::Reject),
            spf: Verdict::Pass,
            dkim: Verdict::None,
        }),
        arc: None,
    }
}

/// Nothing speaks for the domain.
pub(super) fn nothing(domain: &str) -> Authentication {
    let mut said = aligned(domain);
    said.spf = None;
    if let Some(dmarc) = &mut said.dmarc {
        (dmarc.policy, dmarc.spf) = (None, Verdict::None);
    }
    said
}

/// DNS does not answer.
pub(super) fn silent(domain: &str) -> Authentication {
    let mut said = nothing(domain);
    if let Some(dmarc) = &mut said.dmarc {
        (dmarc.spf, dmarc.dkim) = (Verdict::Unknown, Verdict::Unknown);
    }
    said
}

/// A recipient as the server knows it, for the tests that keep nothing.
#[test]
fn who_answers_for_an_address_is_known_by_its_number() {
    let rig = Rig::new("alpha", "bravo");
    let address = rig.address(Purpose::Reports, "bravo");
    let (local, domain) = address.rsplit_once('@').unwrap();
    let Answer::Known(Known { name, party }) = rig.intake.recipient(local, domain) else {
        panic!("{address}");
    };
    assert_eq!(party.as_deref(), Some("bravo"));
    assert_eq!(name.len(), 10);
}
