//! Answers: at most one, to whoever wrote, and never to an answer.
//!
//! In scope: two nodes that answer each other, receipts and reports that come back. Out of scope: the way between them.

use super::letters::{key, letter};
use super::*;

/// Carries what waits at one node to the other; how many mails that were.
fn carry(from: &Rig, to: &Rig, carried: &mut Vec<Vec<u8>>, domain: &str) -> usize {
    let mut count = 0;
    for (sender, recipient, bytes) in from.outbox() {
        if carried.contains(&bytes) {
            continue;
        }
        carried.push(bytes.clone());
        count += 1;
        let (local, at) = recipient.rsplit_once('@').unwrap();
        if !matches!(to.intake.recipient(local, at), Answer::Known(_)) {
            // As a server would: refused while the sender is there.
            continue;
        }
        let id = to.keep(&sender, &[&recipient], &bytes);
        assert_eq!(to.take(&id, &aligned(domain)), Ended::Done);
    }
    count
}

#[test]
fn two_nodes_that_answer_each_other_stop_at_one_exchange() {
    let alpha = Rig::new("alpha", "bravo");
    let bravo = Rig::new("bravo", "alpha");
    let to = alpha.address(Purpose::Contact, "bravo");
    for (rig, other, name) in [(&alpha, &bravo, "bravo"), (&bravo, &alpha, "alpha")] {
        let made = other.node.make_mail_key(None, 365).unwrap();
        let (typed, bytes) = (made.fingerprint().to_owned(), made.to_bytes());
        let registered = rig
            .node
            .register_certificate(name, &bytes, Some(&typed), &acting());
        registered.unwrap();
    }
    let parcel = crate::mail::out::Parcel {
        party: Some("alpha".to_owned()),
        to: to.clone(),
        kind: crate::mail::out::ParcelKind::Letter,
        thread: None,
        reference: String::new(),
        answers: None,
        subject: "a question".to_owned(),
        tlp: Some(Tlp::Green),
        text: "Do you see it too?".to_owned(),
        enclosures: Vec::new(),
        null_sender: false,
        auto_submitted: None,
    };
    bravo
        .node
        .inner
        .state
        .write(|tx| bravo.node.post(tx, &parcel))
        .unwrap();
    let mut carried = Vec::new();
    let mut rounds = Vec::new();
    for _ in 0..4 {
        let there = carry(&bravo, &alpha, &mut carried, "in.bravo.example");
        let back = carry(&alpha, &bravo, &mut carried, "in.alpha.example");
        rounds.push((there, back));
    }
    assert_eq!(
        rounds,
        [(1, 1), (0, 0), (0, 0), (0, 0)],
        "a letter, a receipt, and no more"
    );
    let sent = bravo.node.mail_due(10).unwrap();
    assert!(sent.is_empty(), "the letter has its receipt: {sent:?}");
}

#[test]
fn programs_lists_and_null_senders_get_no_answer() {
    let rig = Rig::new("alpha", "bravo");
    rig.register("bravo", &key());
    let to = rig.address(Purpose::Contact, "bravo");
    let plain = |subject: &str, more: &str| {
        let mail = letter(&to, subject, "hello").write().unwrap();
        format!("{more}{}", String::from_utf8(mail).unwrap())
    };
    for (subject, more) in [
        ("auto", "Auto-Submitted: auto-replied\r\n"),
        ("list", "List-ID: <all.bravo.example>\r\n"),
        ("bulk", "Precedence: bulk\r\n"),
    ] {
        let shown = rig.mailed(
            &to,
            plain(subject, more).as_bytes(),
            &aligned("bravo.example"),
        );
        assert_eq!(shown["level"], "L2", "{shown}");
    }
    let id = rig.keep("", &[&to], plain("null", "").as_bytes());
    rig.take(&id, &aligned("bravo.example"));
    assert!(rig.outbox().is_empty());
    rig.mailed(
        &to,
        plain("person", "").as_bytes(),
        &aligned("bravo.example"),
    );
    let left = rig.outbox();
    assert_eq!(left.len(), 1);
    let (sender, recipient, bytes) = &left[0];
    assert_eq!(
        (sender.as_str(), recipient.as_str()),
        ("", "duty@bravo.example")
    );
    let text = String::from_utf8_lossy(bytes).into_owned();
    assert!(text.contains("Auto-Submitted: auto-replied"), "{text}");
}

#[test]
fn a_use_of_an_address_is_not_counted_for_the_same_mail_again() {
    let rig = Rig::new("alpha", "bravo");
    let to = rig.address(Purpose::Contact, "bravo");
    let mail = letter(&to, "lost", "our answer was lost").write().unwrap();
    rig.keep("duty@bravo.example", &[&to], &mail);
    rig.keep("duty@bravo.example", &[&to], &mail);
    let shown = rig.node.address_shown(&to).unwrap();
    assert_eq!(shown["uses"], 1, "{shown}");
}
