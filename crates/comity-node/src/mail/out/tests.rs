//! Mails that are written, what they are protected by, and what others say of them.
//!
//! In scope: a node with a party, without a way out. Out of scope: SMTP, accords (the black-box tests).

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use comity_mail::assurance::Level;
use comity_mail::carried::{Action, Delivery, DeliveryReport, MailReceipt};
use comity_mail::openpgp::{Certificate, SecretKey};
use comity_store::state::certificate::{self, CertificateRow};

use super::way::{ClaimedMail, Tried, Verified};
use super::*;
use crate::clock::Clock;
use crate::folder::{self, Identity, Place};
use crate::link::card::CardFacts;
use crate::node::NodeLimits;

/// 2026-11-27T12:00:00Z.
const NOON: i64 = 1_795_780_800_000_000;
const SECONDS: i64 = NOON / 1_000_000;
const HOUR: i64 = 3_600 * 1_000_000;
const YEAR: u32 = 365 * 86_400;

struct World {
    node: Node,
    clock: Arc<AtomicI64>,
    folder: tempfile::TempDir,
}

fn open(folder: &Path, clock: &Arc<AtomicI64>) -> Node {
    let clock = Clock::Set(Arc::clone(clock));
    let opened = folder::open(folder, &Place::Embedded, &clock).unwrap();
    Node::new(opened, clock, NodeLimits::default())
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(NOON));
        let [node, bravo] = ["alpha", "bravo"].map(|name| {
            let data = folder.path().join(name);
            let identity = Identity {
                party: name.to_owned(),
                domain: format!("{name}.example"),
            };
            folder::init(&data, &Place::Embedded, &identity, None, "").unwrap();
            open(&data, &clock)
        });
        // Its card makes it a party.
        let card = bravo.own_card(&CardFacts::default()).unwrap();
        node.accept_card(&card.to_bytes()).unwrap();
        bravo.close().unwrap();
        Self {
            node,
            clock,
            folder,
        }
    }

    fn later(&self, micros: i64) {
        self.clock
            .fetch_add(micros, std::sync::atomic::Ordering::SeqCst);
    }

    /// Registers a certificate for bravo.
    fn register(&self, certificate: &Certificate) {
        let row = CertificateRow {
            party: "bravo".to_owned(),
            fingerprint: certificate.fingerprint().to_owned(),
            certificate: certificate.to_bytes(),
            way: "typed".to_owned(),
            officer: "duty officer".to_owned(),
            registered: SECONDS,
        };
        let put = |tx: &mut dyn Tx| certificate::put(tx, &row);
        self.node.inner.state.write(put).unwrap();
    }

    fn post(&self, parcel: &Parcel) -> Result<String, MailError> {
        self.node.inner.state.write(|tx| self.node.post(tx, parcel))
    }

    fn row(&self, id: &str) -> MailOutRow {
        let row = self.node.inner.state.read(|tx| way::only(tx, id));
        row.unwrap().unwrap()
    }

    fn bytes(&self, id: &str) -> String {
        let bytes = self.node.inner.state.read(|tx| rows::bytes(tx, id));
        String::from_utf8(bytes.unwrap().unwrap()).unwrap()
    }

    fn claim(&self, id: &str) -> ClaimedMail {
        self.node.claim_mail(id).unwrap().unwrap()
    }

    fn taken(&self, id: &str) {
        let claimed = self.claim(id);
        self.node.mail_tried(&claimed, &taken()).unwrap();
    }
}

fn taken() -> Tried {
    Tried::Taken {
        host: "mx.bravo.example".to_owned(),
        tls: Some("TLSv1.3".to_owned()),
        verified: Verified::Yes,
        answer: "250 Queued as 7".to_owned(),
    }
}

fn parcel(kind: ParcelKind, tlp: Option<Tlp>) -> Parcel {
    Parcel {
        party: Some("bravo".to_owned()),
        to: "contact@in.bravo.example".to_owned(),
        kind,
        thread: None,
        reference: "case--1/alpha/1".to_owned(),
        answers: None,
        subject: "Scans of last night".to_owned(),
        tlp,
        text: "What we see.\nAnd more.\n".to_owned(),
        enclosures: Vec::new(),
        null_sender: false,
        auto_submitted: None,
    }
}

const LETTER: ParcelKind = ParcelKind::Letter;

fn key(name: &str, seconds: u32) -> SecretKey {
    let user_id = format!("{name} <duty@{name}.example>");
    SecretKey::generate(&user_id, SECONDS - 10, Some(seconds), &[7; 32]).unwrap()
}

#[test]
fn a_mail_says_what_it_is_and_answers_find_their_way() {
    let world = World::new();
    let answers = Answered {
        mail: "0-taken".to_owned(),
        message_id: Some("2@bravo.example".to_owned()),
        references: vec!["1@bravo.example".to_owned()],
    };
    let parcel = Parcel {
        answers: Some(answers),
        ..parcel(LETTER, Some(Tlp::Green))
    };
    let id = world.post(&parcel).unwrap();
    let (row, mail) = (world.row(&id), world.bytes(&id));
    assert_eq!(row.state, MailOutState::Queued);
    assert_eq!(row.protection, "open");
    assert_eq!(row.reply_to.as_deref(), Some(row.sender.as_str()));
    assert!(row.sender.starts_with("reply+"), "{}", row.sender);
    assert_eq!(row.message_id, format!("{id}@in.alpha.example"));
    for line in [
        "From: \"alpha\" <comity@in.alpha.example>\r\n",
        "To: <contact@in.bravo.example>\r\n",
        "Subject: [TLP:GREEN] Scans of last night\r\n",
        "In-Reply-To: <2@bravo.example>\r\n",
        "\r\n\r\nTLP:GREEN\r\n\r\nWhat we see.\r\n",
        &format!("Reply-To: <{}>\r\n", row.sender),
        &format!("Message-ID: <{}>\r\n", row.message_id),
    ] {
        assert!(mail.contains(line), "{line} in {mail}");
    }
    let unfolded = mail.replace("\r\n\t", " ").replace("\r\n ", " ");
    assert!(
        unfolded.contains("References: <1@bravo.example> <2@bravo.example>"),
        "{mail}"
    );
    assert_eq!(mail.matches("DKIM-Signature: ").count(), 2, "{mail}");
    assert!(unfolded.contains("d=in.alpha.example"), "{mail}");
    // The address for answers is one that the node answers for, by what it is about.
    let local = row.sender.split('@').next().unwrap();
    let found = world
        .node
        .mail_recipient(local, "in.alpha.example", SECONDS);
    let found = found.unwrap().unwrap();
    assert_eq!(found.reference.as_deref(), Some("case--1/alpha/1"));
    assert_eq!(found.party, "bravo");
}

#[test]
fn what_must_not_leave_does_not() {
    let world = World::new();
    let to = |to: &str| Parcel {
        to: to.to_owned(),
        ..parcel(LETTER, Some(Tlp::Green))
    };
    let own = world.post(&to("contact@IN.alpha.example"));
    assert!(matches!(own, Err(MailError::Out(OutError::OwnDomain(_)))));
    let letters = world.post(&to("d\u{fc}ty@bravo.example"));
    assert!(matches!(
        letters,
        Err(MailError::Out(OutError::NotAscii(_)))
    ));
    for bad in [
        "duty@bravo.example\r\nBcc: x@evil.example",
        "duty",
        "<duty@bravo.example>",
    ] {
        assert!(world.post(&to(bad)).is_err(), "{bad}");
    }
    let all = world
        .node
        .inner
        .state
        .read(|tx| rows::count(tx, None))
        .unwrap();
    assert!(all.is_empty(), "{all:?}");
}

#[test]
fn a_mail_for_nobody_known_or_of_a_program_has_no_way_back() {
    let world = World::new();
    let stranger = Parcel {
        party: None,
        to: "somebody@example.org".to_owned(),
        ..parcel(LETTER, None)
    };
    let row = world.row(&world.post(&stranger).unwrap());
    assert_eq!((row.sender.as_str(), row.reply_to), ("", None));
    let asked = Parcel {
        kind: ParcelKind::Challenge,
        ..stranger
    };
    let row = world.row(&world.post(&asked).unwrap());
    let postmaster = "postmaster@in.alpha.example";
    assert_eq!(
        (row.sender.as_str(), row.reply_to.as_deref()),
        (postmaster, Some(postmaster))
    );
    let receipt = Parcel {
        null_sender: true,
        auto_submitted: Some(AutoSubmitted::Replied),
        ..parcel(ParcelKind::Receipt, None)
    };
    let id = world.post(&receipt).unwrap();
    assert_eq!(world.row(&id).sender, "");
    assert!(
        world
            .bytes(&id)
            .contains("Auto-Submitted: auto-replied\r\n")
    );
}

#[test]
fn protection_is_what_was_arranged_or_the_mail_does_not_leave() {
    let world = World::new();
    let red = world.post(&parcel(LETTER, Some(Tlp::Red)));
    assert!(
        matches!(&red, Err(MailError::Out(OutError::NotEncrypted { why, .. })) if why.contains("no certificate")),
        "{red:?}"
    );
    world.node.make_mail_key(None, 100).unwrap();
    let signed = world.post(&parcel(LETTER, Some(Tlp::Amber))).unwrap();
    assert_eq!(world.row(&signed).protection, "signed");
    assert!(world.bytes(&signed).contains("multipart/signed"));

    // Twenty days: usable, and an alarm.
    world.register(key("bravo", 20 * 86_400).certificate());
    let alarms = world.node.mail_key_alarms().unwrap().join("\n");
    assert!(alarms.contains("bravo"), "{alarms}");
    for label in [Tlp::Amber, Tlp::Red] {
        let sealed = world.post(&parcel(LETTER, Some(label))).unwrap();
        let (row, mail) = (world.row(&sealed), world.bytes(&sealed));
        assert_eq!(row.protection, "encrypted");
        assert!(
            mail.contains(&format!("Subject: [...] {label}\r\n")),
            "{mail}"
        );
        assert!(
            !mail.contains("What we see") && !mail.contains("Scans"),
            "{mail}"
        );
    }
    // It ended: a letter is never sent with less than was arranged, what a program answers is signed.
    world.later(21 * 24 * HOUR);
    let ended = world.post(&parcel(LETTER, Some(Tlp::Green)));
    assert!(
        matches!(ended, Err(MailError::Out(OutError::Unusable { .. }))),
        "{ended:?}"
    );
    let answer = world.post(&parcel(ParcelKind::Challenge, None)).unwrap();
    assert_eq!(world.row(&answer).protection, "signed");
    // And so did the own key.
    world.later(100 * 24 * HOUR);
    let renewed = key("bravo", YEAR);
    world.register(renewed.certificate());
    let unsigned = world.post(&parcel(LETTER, Some(Tlp::Green)));
    assert!(
        matches!(unsigned, Err(MailError::Out(OutError::OwnKey { .. }))),
        "{unsigned:?}"
    );
}

fn report(action: Action, message_id: Option<&str>) -> DeliveryReport {
    DeliveryReport {
        envelope_id: None,
        reporting: Some("mx.bravo.example".to_owned()),
        message_id: message_id.map(ToOwned::to_owned),
        deliveries: vec![Delivery {
            recipient: "CONTACT@in.bravo.example".to_owned(),
            original_recipient: None,
            action,
            status: "5.1.1".to_owned(),
            diagnostic: Some("550 Nobody here".to_owned()),
        }],
    }
}

#[test]
fn a_bounce_settles_the_mail_that_it_is_about_and_no_other() {
    let world = World::new();
    let both = [0, 1].map(|_| world.post(&parcel(LETTER, Some(Tlp::Green))).unwrap());
    for id in &both {
        world.taken(id);
    }
    let came = |reference: &str, report: &DeliveryReport| {
        let state = &world.node.inner.state;
        state
            .write(|tx| world.node.bounce_came(tx, reference, report))
            .unwrap()
    };
    let [first, second] = both;
    assert!(!came("another", &report(Action::Failed, None)));
    assert!(
        !came("case--1/alpha/1", &report(Action::Failed, None)),
        "which of the two?"
    );
    let named = world.row(&first).message_id;
    assert!(!came(
        "case--1/alpha/1",
        &report(Action::Failed, Some("x@y"))
    ));
    assert!(came(
        "case--1/alpha/1",
        &report(Action::Delayed, Some(&named))
    ));
    let row = world.row(&first);
    assert_eq!(row.state, MailOutState::Sent);
    assert!(row.reason.unwrap().contains("tries on"));
    assert!(came(
        "case--1/alpha/1",
        &report(Action::Failed, Some(&named))
    ));
    let row = world.row(&first);
    assert_eq!(row.state, MailOutState::Bounced);
    assert!(row.reason.unwrap().contains("550 Nobody here"));
    assert_eq!(world.row(&second).state, MailOutState::Sent);
}

#[test]
fn a_receipt_counts_where_the_partys_key_signed_it() {
    let world = World::new();
    let id = world.post(&parcel(LETTER, Some(Tlp::Green))).unwrap();
    world.taken(&id);
    let sha256 = crate::ledger::hex(&world.row(&id).sha256);
    let received = "2026-11-27T12:00:05.000Z";
    let mut receipt = MailReceipt::new(&sha256, received, "aaaaaaaa", "L3").unwrap();
    receipt.message_id = Some(world.row(&id).message_id);
    let came = |receipt: &MailReceipt, level, party| {
        let state = &world.node.inner.state;
        state
            .write(|tx| world.node.receipt_came(tx, receipt, level, party))
            .unwrap()
    };
    world.later(5 * HOUR);
    let overdue = || world.node.outgoing_shown(&id).unwrap()["overdue"].clone();
    assert_eq!(overdue(), true);
    assert!(
        !came(&receipt, Level::L3, Some("delta")),
        "another party's word"
    );
    assert!(came(&receipt, Level::L2, Some("bravo")));
    assert_eq!(world.row(&id).state, MailOutState::Sent);
    assert!(came(&receipt, Level::L3, Some("bravo")));
    let row = world.row(&id);
    assert_eq!(row.state, MailOutState::Receipted);
    assert_eq!(row.receipted, Some(NOON + 5_000_000));
    assert_eq!(row.receipt_level.as_deref(), Some("L3"));
    assert_eq!(overdue(), false);
    // A bounce that comes after says less.
    let failed = report(Action::Failed, None);
    let state = &world.node.inner.state;
    state
        .write(|tx| world.node.bounce_came(tx, "case--1/alpha/1", &failed))
        .unwrap();
    assert_eq!(world.row(&id).state, MailOutState::Receipted);
}

#[test]
fn a_mail_is_tried_again_with_the_same_bytes_until_it_is_given_up() {
    let world = World::new();
    let id = world.post(&parcel(LETTER, Some(Tlp::Green))).unwrap();
    let bytes = world.bytes(&id);
    let mut waited = 0;
    while world.row(&id).state != MailOutState::Failed {
        let claimed = world.claim(&id);
        assert_eq!(claimed.bytes, bytes.as_bytes());
        assert!(
            world.node.claim_mail(&id).unwrap().is_none(),
            "claimed twice"
        );
        let later = Tried::Later("450 later".to_owned());
        world.node.mail_tried(&claimed, &later).unwrap();
        let next =
            world.row(&id).next_attempt - world.clock.load(std::sync::atomic::Ordering::SeqCst);
        world.later(next.max(1));
        waited += 1;
    }
    assert!((30..60).contains(&waited), "{waited} tries in five days");
    let row = world.row(&id);
    assert!(row.reason.unwrap().contains("given up"));
    world.node.retry_mail(&id, "duty officer").unwrap();
    world.taken(&id);
    assert_eq!(world.row(&id).state, MailOutState::Sent);
    assert!(world.node.retry_mail(&id, "duty officer").is_err());
}

#[test]
fn whoever_ends_between_claim_and_answer_has_it_sent_again() {
    let mut world = World::new();
    let id = world.post(&parcel(LETTER, Some(Tlp::Green))).unwrap();
    let first = world.claim(&id);
    assert!(
        world.node.cancel_mail(&id, "duty officer").is_err(),
        "it may be out"
    );
    world.node.close().unwrap();
    world.node = open(&world.folder.path().join("alpha"), &world.clock);
    assert!(world.node.claim_mail(&id).unwrap().is_none());
    assert_eq!(world.node.resume_sending().unwrap(), 1);
    let second = world.claim(&id);
    assert_eq!((second.attempt, &second.bytes), (2, &first.bytes));
    // What the first one has to tell comes too late to settle it, unless it is that the mail was taken.
    let refused = Tried::Refused("550".to_owned());
    world.node.mail_tried(&first, &refused).unwrap();
    assert_eq!(world.row(&id).state, MailOutState::Sending);
    world.node.mail_tried(&second, &taken()).unwrap();
    assert_eq!(world.row(&id).state, MailOutState::Sent);
    let events = world.node.outgoing_shown(&id).unwrap()["events"].to_string();
    assert!(events.contains("sent again"), "{events}");
}

/// Runs `gpg` in a folder of its own: what it wrote and what it said; nothing where there is none.
fn gpg(home: &Path, arguments: &[&str]) -> Option<(Vec<u8>, String)> {
    let ran = Command::new("gpg")
        .arg("--homedir")
        .arg(home)
        .args([
            "--batch",
            "--yes",
            "--no-tty",
            "--pinentry-mode",
            "loopback",
        ])
        .args(["--passphrase", "", "--trust-model", "always"])
        .args(arguments)
        .output();
    let Ok(ran) = ran else {
        println!("skipped: gpg is not installed");
        return None;
    };
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "gpg {arguments:?}: {said}");
    Some((ran.stdout, said))
}

#[test]
fn gnupg_opens_and_verifies_what_was_sent() {
    let world = World::new();
    // Its keys are of today, and so is this mail.
    let today = Clock::System.now();
    world.later(today - NOON + 60_000_000);
    let home = tempfile::Builder::new().prefix("gpg").tempdir().unwrap();
    let made = [
        "--quick-generate-key",
        "duty@bravo.example",
        "default",
        "default",
        "1y",
    ];
    if gpg(home.path(), &made).is_none() {
        return;
    }
    let (exported, _) = gpg(home.path(), &["--export", "duty@bravo.example"]).unwrap();
    world.register(&Certificate::read(&exported).unwrap());
    let own = world.node.make_mail_key(None, 100).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    // Ahead of both, as the clock of the node is a minute ahead.
    let ahead = format!("{}", today / 1_000_000 + 120);
    let certificate = file("alpha.asc", own.to_armored().as_bytes());
    gpg(
        home.path(),
        &["--faked-system-time", &ahead, "--import", &certificate],
    )
    .unwrap();
    let id = world.post(&parcel(LETTER, Some(Tlp::Red))).unwrap();
    let mail = world.bytes(&id);
    let begins = mail.find("-----BEGIN PGP MESSAGE-----").unwrap();
    let ends = mail.find("-----END PGP MESSAGE-----").unwrap();
    let message = format!(
        "{}-----END PGP MESSAGE-----\n",
        mail.get(begins..ends).unwrap()
    );
    let sealed = file("sealed.asc", message.as_bytes());
    let opened = gpg(
        home.path(),
        &["--faked-system-time", &ahead, "--decrypt", &sealed],
    );
    let (opened, said) = opened.unwrap();
    let opened = String::from_utf8(opened).unwrap();
    assert!(
        opened.contains("Subject: [TLP:RED] Scans of last night"),
        "{opened}"
    );
    assert!(opened.contains("What we see.\r\n"), "{opened}");
    assert!(
        said.contains("Good signature from \"alpha <comity@in.alpha.example>\""),
        "{said}"
    );
    let _ = Command::new("gpgconf")
        .arg("--homedir")
        .arg(home.path())
        .args(["--kill", "all"])
        .status();
}
