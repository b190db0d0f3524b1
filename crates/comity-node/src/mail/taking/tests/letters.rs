//! Letters of a partner, by how sure it is who sent them.
//!
//! In scope: levels, proposals, copies, addresses that leaked, DNS that is silent. Out of scope: answers (`loops`).

use comity_mail::archive::wrapped::{Crc, Wrapped};
use comity_mail::compose::{Enclosure, Letter};

use super::*;

const STIX: &str = r#"{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d","objects":[
    {"type":"ipv4-addr","spec_version":"2.1","id":"ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd","value":"198.51.100.3"}]}"#;

pub(super) fn key() -> SecretKey {
    SecretKey::generate(
        "bravo <duty@bravo.example>",
        NOON_SECONDS - 86_400,
        None,
        &[7; 32],
    )
    .unwrap()
}

/// A letter of bravo's duty officer.
pub(super) fn letter(to: &str, subject: &str, text: &str) -> Letter {
    Letter {
        from_name: None,
        from: "duty@bravo.example".to_owned(),
        to: vec![to.to_owned()],
        reply_to: None,
        subject: subject.to_owned(),
        tlp: Some(Tlp::Green),
        text: text.to_owned(),
        enclosures: Vec::new(),
        message_id: format!("{}@bravo.example", subject.replace(' ', "-")),
        in_reply_to: None,
        references: Vec::new(),
        auto_submitted: None,
        date: NOON_SECONDS,
        boundary: [3; 16],
    }
}

pub(super) fn with_stix(mut letter: Letter) -> Letter {
    letter.enclosures.push(Enclosure {
        media_type: "application/json".to_owned(),
        name: "bundle.json".to_owned(),
        bytes: STIX.as_bytes().to_vec(),
    });
    letter
}

fn waits(shown: &Value) -> String {
    let all = shown["proposals"].as_array().unwrap();
    let waits: Vec<&Value> = all.iter().filter(|one| one["state"] == "waits").collect();
    assert_eq!(waits.len(), 1, "{shown}");
    waits[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn objects_enter_at_l3_wait_at_l2_and_stay_out_at_l0() {
    let rig = Rig::new("alpha", "bravo");
    let to = rig.address(Purpose::Reports, "bravo");
    rig.register("bravo", &key());
    let plain = |subject: &str| {
        with_stix(letter(&to, subject, "see the file"))
            .write()
            .unwrap()
    };

    let unsure = rig.mailed(&to, &plain("one"), &nothing("bravo.example"));
    assert_eq!(
        (unsure["level"].as_str(), unsure["state"].as_str()),
        (Some("L0"), Some("quarantined")),
        "{unsure}"
    );
    assert_eq!(rig.objects_of("bravo"), 0);
    assert!(
        rig.outbox().is_empty(),
        "nobody is answered for what anybody may have sent"
    );

    let likely = rig.mailed(&to, &plain("two"), &aligned("bravo.example"));
    assert_eq!(
        (likely["level"].as_str(), likely["state"].as_str()),
        (Some("L2"), Some("taken")),
        "{likely}"
    );
    assert_eq!(rig.objects_of("bravo"), 0);
    let proposal = waits(&likely);
    let confirm = |id: &str| {
        rig.node.mail(MailCommand::Confirm {
            id: id.to_owned(),
            acting: acting(),
        })
    };
    let confirmed = confirm(&proposal).unwrap();
    assert_eq!(confirmed["state"], "confirmed");
    assert_eq!(confirmed["officer"], "duty officer");
    assert_eq!(rig.objects_of("bravo"), 1);
    assert!(
        matches!(
            confirm(&proposal),
            Err(MailError::Taking(TakingError::Settled("confirmed")))
        ),
        "once"
    );

    let signed = with_stix(letter(&to, "three", "see the file"))
        .write_signed(&key(), NOON_SECONDS)
        .unwrap();
    let sure = rig.mailed(&to, &signed, &nothing("bravo.example"));
    assert_eq!(
        (sure["level"].as_str(), sure["state"].as_str()),
        (Some("L3"), Some("taken")),
        "{sure}"
    );
    assert_eq!(sure["carries"][0]["act"], "taken");
    assert!(
        sure["reason"].as_str().unwrap().contains("0 new, 1 known"),
        "{sure}"
    );
    assert_eq!(rig.outbox().len(), 2, "L2 and L3 have a receipt each");
}

#[test]
fn a_mail_that_was_not_sure_is_judged_anew_once_the_key_is_registered() {
    let rig = Rig::new("alpha", "bravo");
    let to = rig.address(Purpose::Reports, "bravo");
    let signed = with_stix(letter(&to, "early", "see the file"))
        .write_signed(&key(), NOON_SECONDS)
        .unwrap();
    let first = rig.mailed(&to, &signed, &nothing("bravo.example"));
    assert_eq!(first["level"], "L0");
    rig.register("bravo", &key());
    let id = first["id"].as_str().unwrap().to_owned();
    rig.node
        .mail(MailCommand::Again { id: id.clone() })
        .unwrap();
    assert_eq!(
        rig.node.mails_to_take(10).unwrap(),
        std::slice::from_ref(&id)
    );
    rig.take(&id, &nothing("bravo.example"));
    let again = rig.shown(&id);
    assert_eq!(
        (again["level"].as_str(), again["state"].as_str()),
        (Some("L3"), Some("taken")),
        "{again}"
    );
    assert_eq!(rig.objects_of("bravo"), 1);
}

#[test]
fn what_a_person_dismissed_is_not_proposed_again() {
    let rig = Rig::new("alpha", "bravo");
    let to = rig.address(Purpose::Reports, "bravo");
    let plain = with_stix(letter(&to, "no", "see the file"))
        .write()
        .unwrap();
    let shown = rig.mailed(&to, &plain, &aligned("bravo.example"));
    let id = shown["id"].as_str().unwrap().to_owned();
    let reason = "of no use".to_owned();
    let command = MailCommand::Dismiss {
        id: waits(&shown),
        reason,
        acting: acting(),
    };
    assert_eq!(rig.node.mail(command).unwrap()["outcome"], "of no use");
    rig.node
        .mail(MailCommand::Again { id: id.clone() })
        .unwrap();
    rig.take(&id, &aligned("bravo.example"));
    let again = rig.shown(&id);
    assert_eq!(again["proposals"].as_array().unwrap().len(), 1, "{again}");
    assert_eq!(rig.objects_of("bravo"), 0);
    assert_eq!(rig.outbox().len(), 1, "one answer a mail");
}

#[test]
fn the_same_signed_mail_in_another_cover_is_a_duplicate_and_a_forged_copy_before_it_is_not() {
    let rig = Rig::new("alpha", "bravo");
    let to = rig.address(Purpose::Reports, "bravo");
    rig.register("bravo", &key());
    let signed = with_stix(letter(&to, "twice", "see the file"))
        .write_signed(&key(), NOON_SECONDS)
        .unwrap();
    // Somebody has the mail on its way, breaks it, and is faster.
    let text = String::from_utf8(signed.clone()).unwrap();
    let forged = text.replacen("see the file", "see the fire", 1);
    let first = rig.mailed(&to, forged.as_bytes(), &nothing("bravo.example"));
    assert_eq!(first["level"], "L0", "{first}");
    let real = rig.mailed(&to, &signed, &nothing("bravo.example"));
    assert_eq!(
        (real["level"].as_str(), real["state"].as_str()),
        (Some("L3"), Some("taken")),
        "{real}"
    );
    let covered = format!(
        "X-Way: another\r\n{}",
        text.replacen("Message-ID: <twice", "Message-ID: <thrice", 1)
    );
    let copy = rig.mailed(&to, covered.as_bytes(), &nothing("bravo.example"));
    assert_eq!(
        (copy["level"].as_str(), copy["state"].as_str()),
        (Some("L3"), Some("duplicate")),
        "{copy}"
    );
    assert_eq!(rig.outbox().len(), 1, "a copy has no answer");
}

#[test]
fn an_address_that_another_one_writes_to_is_told_until_it_is_revoked() {
    let rig = Rig::new("alpha", "bravo");
    let to = rig.address(Purpose::Contact, "bravo");
    let mail = letter(&to, "hello", "who are you?").write().unwrap();
    let mail = String::from_utf8(mail)
        .unwrap()
        .replace("duty@bravo.example", "who@elsewhere.example");
    let shown = rig.mailed(&to, mail.as_bytes(), &aligned("elsewhere.example"));
    assert_eq!(
        (shown["state"].as_str(), shown["address_leaked"].as_bool()),
        (Some("quarantined"), Some(true)),
        "{shown}"
    );
    assert!(rig.outbox().is_empty());
    let leaks = rig.node.mail_leaks().unwrap();
    assert!(leaks.len() == 1 && leaks[0].contains(&to), "{leaks:?}");
    rig.node
        .revoke_address(&to, "it leaked", &acting())
        .unwrap();
    assert!(rig.node.mail_leaks().unwrap().is_empty());
}

#[test]
fn dns_that_is_silent_is_waited_for_and_not_for_ever() {
    let rig = Rig::new("alpha", "bravo");
    let to = rig.address(Purpose::Contact, "bravo");
    let mail = letter(&to, "slow", "are you there?").write().unwrap();
    let id = rig.keep("duty@bravo.example", &[&to], &mail);
    let mut waited = 0;
    for pause in PAUSES {
        assert_eq!(
            rig.node.mails_to_take(10).unwrap(),
            std::slice::from_ref(&id)
        );
        assert_eq!(rig.take(&id, &silent("bravo.example")), Ended::Later);
        assert!(
            rig.node.mails_to_take(10).unwrap().is_empty(),
            "not at once"
        );
        rig.wait(pause);
        waited += pause;
    }
    assert_eq!(rig.take(&id, &silent("bravo.example")), Ended::Done);
    let shown = rig.shown(&id);
    assert_eq!(
        (shown["level"].as_str(), shown["state"].as_str()),
        (Some("L0"), Some("taken")),
        "{shown}"
    );
    assert!(waited > 8 * 3_600);
    // A signature needs no DNS.
    rig.register("bravo", &key());
    let signed = letter(&to, "sure", "I am")
        .write_signed(&key(), NOON_SECONDS)
        .unwrap();
    let sure = rig.mailed(&to, &signed, &silent("bravo.example"));
    assert_eq!(sure["level"], "L3", "{sure}");
}

#[test]
fn a_mail_that_ends_the_program_again_and_again_is_set_aside() {
    let rig = Rig::new("alpha", "bravo");
    let to = rig.address(Purpose::Contact, "bravo");
    let id = rig.keep(
        "duty@bravo.example",
        &[&to],
        &letter(&to, "bad", "x").write().unwrap(),
    );
    for _ in 0..BEGUN_MAX {
        // The node ends here, each time.
        assert!(rig.node.begin_mail(&id).unwrap().is_some());
    }
    assert!(rig.node.begin_mail(&id).unwrap().is_none());
    assert_eq!(rig.shown(&id)["state"], "quarantined");
}

#[test]
fn what_entered_before_the_node_ended_enters_once() {
    let rig = Rig::new("alpha", "bravo");
    let to = rig.address(Purpose::Reports, "bravo");
    rig.register("bravo", &key());
    let signed = with_stix(letter(&to, "cut", "see the file"))
        .write_signed(&key(), NOON_SECONDS)
        .unwrap();
    let id = rig.keep("duty@bravo.example", &[&to], &signed);
    let begun = rig.node.begin_mail(&id).unwrap().unwrap();
    let (keyring, writers) = rig.node.keyring().unwrap();
    let unfolded = unfold(Arc::clone(&begun.raw), keyring).unwrap();
    let row = rig.node.waiting_row(&id).unwrap().unwrap();
    let judged = rig
        .node
        .judge(row, unfolded, &nothing("bravo.example"), &writers)
        .unwrap();
    rig.node.let_in(&judged).unwrap();
    // The node ends: the object is there, the mail is not settled.
    assert_eq!(rig.objects_of("bravo"), 1);
    assert_eq!(rig.shown(&id)["state"], "received");
    rig.take(&id, &nothing("bravo.example"));
    assert_eq!(rig.objects_of("bravo"), 1);
    assert_eq!(rig.shown(&id)["state"], "taken");
    assert_eq!(rig.outbox().len(), 1);
}

#[test]
fn the_wrong_content_for_an_address_is_set_aside_with_all_that_came_with_it() {
    let rig = Rig::new("alpha", "bravo");
    rig.register("bravo", &key());
    for purpose in [
        Purpose::Ping,
        Purpose::Samples,
        Purpose::Exercise,
        Purpose::Hotline,
    ] {
        let to = rig.address(purpose, "bravo");
        let subject = format!("wrong {}", purpose.word());
        let signed = with_stix(letter(&to, &subject, "x"))
            .write_signed(&key(), NOON_SECONDS)
            .unwrap();
        let shown = rig.mailed(&to, &signed, &nothing("bravo.example"));
        assert_eq!(
            (shown["level"].as_str(), shown["state"].as_str()),
            (Some("L3"), Some("quarantined")),
            "{shown}"
        );
        assert!(
            shown["reason"].as_str().unwrap().contains(purpose.word()),
            "{shown}"
        );
    }
    assert_eq!(rig.objects_of("bravo"), 0);
}

#[test]
fn values_in_words_wait_and_words_alone_are_for_a_person_to_read() {
    let rig = Rig::new("alpha", "bravo");
    rig.register("bravo", &key());
    let to = rig.address(Purpose::Reports, "bravo");
    let signed = |subject: &str, text: &str| {
        letter(&to, subject, text)
            .write_signed(&key(), NOON_SECONDS)
            .unwrap()
    };
    let words = rig.mailed(
        &to,
        &signed("words", "Thank you."),
        &nothing("bravo.example"),
    );
    assert_eq!(words["reason"], "kept for a person to read", "{words}");
    let values = rig.mailed(
        &to,
        &signed("values", "seen: 198.51.100.9"),
        &nothing("bravo.example"),
    );
    let id = waits(&values);
    rig.node
        .mail(MailCommand::Confirm {
            id,
            acting: acting(),
        })
        .unwrap();
    assert_eq!(rig.objects_of("bravo"), 1, "one indicator");
}

#[test]
fn a_sample_becomes_an_evidence_item_that_lies_encrypted_once_a_person_confirms() {
    let rig = Rig::new("alpha", "bravo");
    rig.register("bravo", &key());
    let to = rig.address(Purpose::Samples, "bravo");
    let mut sent = letter(&to, "sample", "as spoken");
    sent.enclosures.push(Enclosure {
        media_type: "application/zip".to_owned(),
        name: "sample.zip".to_owned(),
        bytes: wrapped(b"not for running"),
    });
    let signed = sent.write_signed(&key(), NOON_SECONDS).unwrap();
    let shown = rig.mailed(&to, &signed, &nothing("bravo.example"));
    assert_eq!(shown["level"], "L3", "{shown}");
    assert!(
        rig.node.items_known(10).unwrap().is_empty(),
        "nothing by itself"
    );
    let id = waits(&shown);
    let confirmed = rig
        .node
        .mail(MailCommand::Confirm {
            id: id.clone(),
            acting: acting(),
        })
        .unwrap();
    let items = rig.node.items_known(10).unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(confirmed["outcome"], items[0].row.id.as_str());
    assert!(items[0].row.key.is_some(), "encrypted");
    assert_eq!(items[0].item.source, "bravo");
}

/// A ZIP with the password `infected` around one file.
fn wrapped(sample: &[u8]) -> Vec<u8> {
    let mut crc = Crc::default();
    crc.update(sample);
    let length = u64::try_from(sample.len()).unwrap();
    let (mut wrapped, mut zip) =
        Wrapped::begin("sample.bin", length, crc.value(), [5; 11]).unwrap();
    let mut body = sample.to_vec();
    wrapped.body(&mut body);
    zip.extend(body);
    zip.extend(wrapped.end().unwrap());
    zip
}
