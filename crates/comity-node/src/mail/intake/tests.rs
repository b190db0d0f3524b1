//! Tests of the intake of mail: what is kept, and what is not.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicI64;

use comity_stix::timestamp::Timestamp;

use super::*;
use crate::clock::Clock;
use crate::folder::{self, Identity, Place};
use crate::mail::command::MailCommand;
use crate::mail::recipients::Mailboxes;
use crate::mail::{Client, Known, Protocol, Tls};
use crate::node::NodeLimits;

/// 2026-11-27T12:00:00Z.
const NOON: i64 = 1_795_780_800_000_000;

/// Addresses of parties, of which some are taken back.
#[derive(Debug, Default)]
struct Given(Mutex<Vec<(&'static str, &'static str)>>);

impl Recipients for Given {
    fn find(&self, _: &mut dyn Tx, local: &str, _: i64) -> Result<Option<Known>, StoreError> {
        let given = self.0.lock().unwrap();
        let found = given.iter().find(|(name, _)| *name == local);
        Ok(found.map(|(name, party)| Known {
            name: (*name).to_owned(),
            party: Some((*party).to_owned()),
        }))
    }
}

fn open(folder: &Path) -> Node {
    let clock = Clock::Set(Arc::new(AtomicI64::new(NOON)));
    let opened = folder::open(folder, &Place::Embedded, &clock).unwrap();
    Node::new(opened, clock, NodeLimits::default())
}

fn made(folder: &Path) -> (Node, MailIntake, Arc<Given>) {
    let identity = Identity {
        party: "alpha".to_owned(),
        domain: "alpha.example".to_owned(),
    };
    folder::init(folder, &Place::Embedded, &identity, None, "").unwrap();
    let given = Arc::new(Given(Mutex::new(vec![
        ("requests+x", "bravo"),
        ("pings+y", "delta"),
    ])));
    let mailboxes = Mailboxes::parse("postmaster, ABUSE");
    let recipients: Vec<Arc<dyn Recipients>> = vec![Arc::new(mailboxes), given.clone()];
    let settings = IntakeSettings {
        domain: "in.alpha.example".to_owned(),
        recipients,
        reserve_bytes: 0,
    };
    let node = open(folder);
    (node.clone(), MailIntake::new(node, settings), given)
}

fn known(intake: &MailIntake, local: &str) -> Option<Known> {
    match intake.recipient(local, "IN.alpha.example") {
        Verdict::Known(known) => Some(known),
        Verdict::Nobody => None,
        Verdict::Later => panic!("it can be looked up"),
    }
}

fn envelope(intake: &MailIntake, to: &[&str]) -> Envelope {
    let recipient = |local: &&str| Recipient {
        address: format!("{local}@in.alpha.example"),
        known: known(intake, local).unwrap(),
    };
    Envelope {
        client: Client {
            protocol: Protocol::Smtp,
            address: Some([192, 0, 2, 7].into()),
            helo: "mx.bravo.example".to_owned(),
            tls: Some(Tls {
                version: "TLSv1.3".to_owned(),
                cipher: "TLS13_AES_256_GCM_SHA384".to_owned(),
                server_name: None,
            }),
        },
        sender: "duty@bravo.example".to_owned(),
        options: vec!["8BITMIME"],
        recipients: to.iter().map(recipient).collect(),
    }
}

fn keep(intake: &MailIntake, envelope: &Envelope, raw: &[u8]) -> Result<Kept, MailError> {
    let mut receiving = intake.receive().unwrap();
    receiving.write(raw).unwrap();
    intake.keep(envelope, receiving)
}

#[test]
fn somebody_answers_for_open_mailboxes_and_given_addresses_at_the_own_domain_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (_node, intake, _) = made(folder.path());
    let name = |local| known(&intake, local).map(|known| (known.name, known.party));
    assert_eq!(name("PostMaster"), Some(("postmaster".to_owned(), None)));
    assert_eq!(name("abuse"), Some(("abuse".to_owned(), None)));
    let bravo = Some("bravo".to_owned());
    assert_eq!(name("requests+x"), Some(("requests+x".to_owned(), bravo)));
    assert_eq!(name("root"), None);
    assert_eq!(name(""), None);
    assert_eq!(
        intake.recipient("postmaster", "alpha.example"),
        Verdict::Nobody
    );
}

#[test]
fn a_mail_is_kept_with_its_envelope_and_comes_out_as_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let (node, intake, _) = made(folder.path());
    let raw = b"Subject: a\r\n\r\n\xff\x80 bytes of any kind\r\n";
    let kept = keep(
        &intake,
        &envelope(&intake, &["requests+x", "postmaster"]),
        raw,
    )
    .unwrap();
    assert_eq!(kept.accepted, [true, true]);
    let id: String = kept.id.chars().take(8).collect();
    let shown = node.mail(MailCommand::Show { id: id.clone() }).unwrap();
    assert_eq!(shown["state"], "received");
    assert_eq!(
        shown["received"],
        Timestamp::from_micros(NOON).unwrap().to_string()
    );
    assert_eq!(shown["from"], "duty@bravo.example");
    assert_eq!(shown["client"], "192.0.2.7");
    assert_eq!(shown["tls"]["version"], "TLSv1.3");
    assert_eq!(shown["to"][0]["party"], "bravo");
    assert_eq!(shown["size"], raw.len());
    assert_eq!(
        shown["trace"],
        format!(
            "Received: from mx.bravo.example ([192.0.2.7])\r\n\tby alpha.example with ESMTPS id {};\r\n\t\
             Fri, 27 Nov 2026 12:00:00 +0000\r\n",
            kept.id
        )
    );
    let path = folder.path().join("raw.eml");
    let command = |path: &Path| MailCommand::Raw {
        id: id.clone(),
        path: path.to_owned(),
    };
    node.mail(command(&path)).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), raw);
    let again = node.mail(command(&path)).unwrap_err();
    assert!(
        matches!(again, MailError::File { .. }),
        "no file is written over"
    );
    let name = comity_store::attachment::AttachmentName::of(kept.sha256).to_string();
    let file = {
        let (fan, rest) = name.split_at(2);
        folder.path().join("mail").join(fan).join(rest)
    };
    std::fs::write(&file, b"another").unwrap();
    let other = folder.path().join("other.eml");
    assert!(matches!(
        node.mail(command(&other)),
        Err(MailError::Changed(_))
    ));
    assert!(!other.exists());
    assert_eq!(node.check_mail().unwrap().len(), 1);
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(
        node.mail(command(&other)),
        Err(MailError::NotHere(_))
    ));
    assert_eq!(node.check_mail().unwrap().len(), 1);
}

#[test]
fn the_same_bytes_for_the_same_recipients_are_a_duplicate_and_for_another_one_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let (node, intake, _) = made(folder.path());
    let raw = b"Subject: a\r\n\r\nb\r\n";
    let state = |kept: &Kept| {
        let shown = node
            .mail(MailCommand::Show {
                id: kept.id.clone(),
            })
            .unwrap();
        (
            shown["state"].as_str().unwrap().to_owned(),
            shown["copy_of"].clone(),
        )
    };
    let to = |names: &[&str]| keep(&intake, &envelope(&intake, names), raw).unwrap();
    let first = to(&["requests+x"]);
    assert_eq!(
        state(&first),
        ("received".to_owned(), serde_json::Value::Null)
    );
    let again = to(&["requests+x"]);
    assert_eq!(
        state(&again),
        ("duplicate".to_owned(), first.id.as_str().into())
    );
    let other = to(&["requests+x", "pings+y"]);
    assert_eq!(
        state(&other),
        ("received".to_owned(), first.id.as_str().into())
    );
    let both = to(&["pings+y", "requests+x"]);
    assert_eq!(state(&both).0, "duplicate");
    let list = |state: Option<&str>, party: Option<&str>, limit| {
        let listed = node.mail(MailCommand::List {
            state: state.map(ToOwned::to_owned),
            party: party.map(ToOwned::to_owned),
            before: None,
            limit,
        });
        listed.unwrap().as_array().unwrap().len()
    };
    assert_eq!(list(None, None, 100), 4);
    assert_eq!(list(None, None, 3), 3);
    assert_eq!(list(Some("duplicate"), None, 100), 2);
    assert_eq!(list(None, Some("delta"), 100), 2);
}

#[test]
fn an_address_that_was_taken_back_meanwhile_takes_no_mail() {
    let folder = tempfile::tempdir().unwrap();
    let (node, intake, given) = made(folder.path());
    let two = envelope(&intake, &["requests+x", "pings+y"]);
    let one = envelope(&intake, &["pings+y"]);
    given
        .0
        .lock()
        .unwrap()
        .retain(|(name, _)| *name != "pings+y");
    let kept = keep(&intake, &two, b"a\r\n").unwrap();
    assert_eq!(kept.accepted, [true, false]);
    let shown = node.mail(MailCommand::Show { id: kept.id }).unwrap();
    assert_eq!(shown["to"].as_array().unwrap().len(), 1);
    // Given again, to somebody else.
    given.0.lock().unwrap().push(("pings+y", "echo"));
    let refused = keep(&intake, &one, b"b\r\n").unwrap_err();
    assert!(matches!(refused, MailError::Nobody));
}

#[test]
fn a_file_without_a_row_is_listed_once_and_a_mail_that_comes_again_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (node, intake, _) = made(folder.path());
    let raw = b"Subject: before the row\r\n\r\n";
    let mut receiving = intake.receive().unwrap();
    receiving.write(raw).unwrap();
    // As after a kill between the two.
    let stored = node.inner.mail.finish(receiving).unwrap();
    assert_eq!(
        node.list_found_mail(0).unwrap(),
        0,
        "it may be about to have its row"
    );
    assert_eq!(node.list_found_mail(i64::MAX).unwrap(), 1);
    assert_eq!(node.list_found_mail(i64::MAX).unwrap(), 0);
    let same = |state| {
        let rows = node
            .inner
            .state
            .read(|tx| mail::in_state(tx, state, 9))
            .unwrap();
        rows.iter()
            .filter(|row| row.sha256 == stored.sha256.sha256())
            .count()
    };
    assert_eq!(same(MailState::Found), 1);
    keep(&intake, &envelope(&intake, &["postmaster"]), raw).unwrap();
    assert_eq!(
        same(MailState::Received),
        1,
        "whoever sends it again is heard"
    );
    assert!(node.check_mail().unwrap().is_empty());
}

#[test]
fn a_disk_without_room_beside_the_reserve_is_said_to_have_none() {
    let folder = tempfile::tempdir().unwrap();
    let (node, intake, _) = made(folder.path());
    assert!(intake.has_room(1));
    let settings = IntakeSettings {
        reserve_bytes: u64::MAX,
        ..(*intake.settings).clone()
    };
    assert!(!MailIntake::new(node, settings).has_room(1));
}
