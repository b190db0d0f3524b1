use comity_ledger::key::{SignatureType, SigningKey};
use proptest::prelude::*;

use super::lines::time;
use super::*;

pub(crate) fn key(name: &str, kind: SignatureType, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, kind, &[seed; 32]).unwrap()
}

pub(crate) fn root(seed: u8) -> SigningKey {
    key("alpha.example/root", SignatureType::Ed25519, seed)
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A card of a party, with the root of seed `root_seed` and the next one of `next_seed`.
pub(crate) fn card(party: &str, serial: u32, root_seed: u8, next_seed: u8) -> Card {
    let name = |part: &str| format!("{party}.example/{part}");
    let origin = Origin::parse(&name("log")).unwrap();
    let verifier = |part: &str, kind, seed| key(&name(part), kind, seed).verifier();
    Card {
        party: PartyName::parse(party).unwrap(),
        domain: Domain::parse(&format!("{party}.example")).unwrap(),
        serial,
        issued: at(&format!("2026-12-{:02}T00:00:00Z", serial.min(28))),
        root: root(root_seed).verifier(),
        root_key: None,
        next_root: root_hash(&root(next_seed).verifier()),
        log: vec![verifier("log", SignatureType::Ed25519, 101)],
        origin,
        witness: vec![verifier("witness", SignatureType::CosignatureEd25519, 102)],
        envelope: verifier("envelope", SignatureType::Ed25519, 103),
        sealing: vec![PublicKey {
            algorithm: "x25519".to_owned(),
            bytes: vec![7; 32],
        }],
        tls: vec![Digest::of(b"tls")],
        links: vec!["https://alpha.example/link/v1/".to_owned()],
        mail: vec![MailAddress {
            standing: Standing::Temporary,
            address: "duty@alpha.example".to_owned(),
        }],
        hotlines: vec!["+1 202 555 0100".to_owned()],
        contacts: vec![],
        policies: vec!["tlp-2.0".to_owned()],
    }
}

pub(crate) fn signed(card: &Card, seeds: &[u8]) -> SignedCard {
    let keys: Vec<_> = seeds.iter().map(|seed| root(*seed)).collect();
    let keys: Vec<_> = keys.iter().collect();
    UnsignedCard::new(card).unwrap().sign(&keys).unwrap()
}

#[test]
fn a_card_reads_as_it_was_written() {
    let card = card("alpha", 1, 1, 2);
    let one = signed(&card, &[1]);
    assert_eq!(one.card(), &card);
    assert_eq!(SignedCard::parse(&one.to_bytes()).unwrap(), one);
    assert!(one.note().text().starts_with(
        "comity-card/v1\nparty alpha\ndomain alpha.example\nserial 1\nissued 2026-12-01T00:00:00Z\nroot alpha.example/root+"
    ));
    let more = signed(&card, &[1, 9]);
    assert_eq!(
        more.hash(),
        one.hash(),
        "a further signature is no other card"
    );
}

#[test]
fn a_signature_made_elsewhere_is_taken_in() {
    let card = card("alpha", 1, 1, 2);
    let unsigned = UnsignedCard::new(&card).unwrap();
    let carried = UnsignedCard::parse(unsigned.text()).unwrap();
    let line = root(1).sign_note(carried.text()).to_string();
    assert_eq!(
        unsigned
            .attach(&format!("\r\n{}\r\n", line.trim_end()))
            .unwrap(),
        signed(&card, &[1])
    );
    let other = root(2).sign_note(carried.text()).to_string();
    assert!(matches!(
        unsigned.attach(&other),
        Err(CardError::Signature(_))
    ));
    assert!(matches!(
        unsigned.attach("no signature"),
        Err(CardError::Note(_))
    ));
    assert!(matches!(
        unsigned.attach(""),
        Err(CardError::Note(_) | CardError::Signature(_))
    ));
}

#[test]
fn a_card_that_was_touched_is_refused() {
    let whole = String::from_utf8(signed(&card("alpha", 1, 1, 2), &[1]).to_bytes()).unwrap();
    let check = |from: &str, to: &str, wanted: fn(&CardError) -> bool| {
        let bytes = whole.replacen(from, to, 1);
        assert_ne!(bytes, whole, "{from}");
        let error = SignedCard::parse(bytes.as_bytes()).unwrap_err();
        assert!(wanted(&error), "{from} -> {to}: {error:?}");
    };
    check("serial 1", "serial 2", |error| {
        matches!(error, CardError::Signature(_))
    });
    check("serial 1", "serial 01", |error| {
        matches!(
            error,
            CardError::Lines(LineError::Value {
                line: 4,
                key: "serial",
                ..
            })
        )
    });
    check("00:00:00Z", "00:00:00.0Z", |error| {
        matches!(error, CardError::Lines(LineError::Value { line: 5, .. }))
    });
    check("party alpha\n", "", |error| {
        matches!(
            error,
            CardError::Lines(LineError::Expected {
                line: 2,
                key: "party",
                ..
            })
        )
    });
    check("policy", "unknown", |error| {
        matches!(error, CardError::Lines(LineError::Unexpected { .. }))
    });
    check(
        "policy tlp-2.0\n",
        "policy tlp-2.0\npolicy tlp-2.0\n",
        |error| matches!(error, CardError::Lines(LineError::Value { .. })),
    );
    check("card/v1", "card/v2", |error| {
        matches!(error, CardError::Lines(LineError::Head(_)))
    });
    check("party alpha", "party  alpha", |error| {
        matches!(error, CardError::Lines(LineError::Value { .. }))
    });
    check("duty@", "du\u{200b}ty@", |error| {
        matches!(error, CardError::Hidden { code: 0x200b })
    });
    let swapped = whole.replace("https://alpha", "http://alpha");
    assert!(matches!(
        SignedCard::parse(swapped.as_bytes()),
        Err(CardError::Lines(LineError::Value { key: "link", .. }))
    ));
    let long = format!("{whole}{}", "x".repeat(CARD_BYTES_MAX));
    assert!(matches!(
        SignedCard::parse(long.as_bytes()),
        Err(CardError::TooLong { .. })
    ));
}

#[test]
fn keys_have_the_type_of_their_use_and_one_use_only() {
    let check = |change: &dyn Fn(&mut Card), wanted: &str| {
        let mut card = card("alpha", 1, 1, 2);
        change(&mut card);
        let error = UnsignedCard::new(&card).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error}");
    };
    let witness = |seed| {
        key(
            "alpha.example/witness",
            SignatureType::CosignatureEd25519,
            seed,
        )
        .verifier()
    };
    check(
        &|card| card.envelope = witness(9),
        "the card has a wrong key in root and envelope",
    );
    check(
        &|card| card.log = vec![witness(9)],
        "the card has a wrong key in log",
    );
    check(
        &|card| card.log = vec![root(9).verifier()],
        "the card has a wrong key in log",
    );
    check(
        &|card| card.witness = vec![root(9).verifier()],
        "the card has a wrong key in witness",
    );
    check(
        &|card| card.witness = vec![witness(101)],
        "the card lists the key alpha.example/log twice",
    );
    check(
        &|card| card.next_root = root_hash(&card.root),
        "the card commits to its own root",
    );
    check(&|card| card.sealing = vec![], "the card's lines are wrong");
    check(
        &|card| {
            for key in &mut card.sealing {
                key.bytes = vec![1; 31];
            }
        },
        "the card's lines are wrong",
    );
    check(
        &|card| card.links = vec!["https://a b".to_owned()],
        "the card's lines are wrong",
    );
    check(
        &|card| card.links = vec!["https://a/\nroot x".to_owned()],
        "the card's lines are wrong",
    );
}

#[test]
fn a_card_may_list_keys_of_other_algorithms() {
    let mut card = card("alpha", 1, 1, 2);
    card.root_key = Some(PublicKey {
        algorithm: "ml-dsa-44".to_owned(),
        bytes: vec![3; 1312],
    });
    card.log
        .push(key("alpha.example/log", SignatureType::CosignatureMlDsa44, 50).verifier());
    card.witness.push(
        key(
            "alpha.example/witness-2",
            SignatureType::CosignatureMlDsa44,
            51,
        )
        .verifier(),
    );
    card.sealing.insert(
        0,
        PublicKey {
            algorithm: "x25519-ml-kem-768".to_owned(),
            bytes: vec![3; 1216],
        },
    );
    let whole = signed(&card, &[1]);
    assert_eq!(SignedCard::parse(&whole.to_bytes()).unwrap().card(), &card);
    assert!(whole.to_bytes().len() < CARD_BYTES_MAX);
}

#[test]
fn only_a_later_card_of_a_vouched_root_follows() {
    let current = signed(&card("alpha", 4, 1, 2), &[1]);
    let now = at("2026-12-20T00:00:00Z");
    let check = |next: &SignedCard, wanted: Result<Vouched, &str>| {
        let found = accept_successor(&current, next, now).map(|change| change.vouched);
        match wanted {
            Ok(vouched) => assert_eq!(found, Ok(vouched)),
            Err(start) => {
                let error = found.unwrap_err().to_string();
                assert!(error.starts_with(start), "{error}");
            }
        }
    };
    check(
        &signed(&card("alpha", 5, 1, 2), &[1]),
        Ok(Vouched::BySameRoot),
    );
    check(
        &signed(&card("alpha", 5, 2, 3), &[2]),
        Ok(Vouched::ByCommitment),
    );
    check(
        &signed(&card("alpha", 5, 7, 8), &[7, 1]),
        Ok(Vouched::ByOldRoot),
    );
    check(
        &signed(&card("alpha", 5, 7, 8), &[7]),
        Err("the card's root key is vouched for neither"),
    );
    check(
        &signed(&card("alpha", 5, 7, 8), &[7, 2]),
        Err("the card's root key is vouched for neither"),
    );
    check(&current, Err("the card is the one in force already"));
    check(
        &signed(&card("alpha", 4, 1, 3), &[1]),
        Err("two different cards have the serial 4"),
    );
    check(
        &signed(&card("alpha", 3, 1, 2), &[1]),
        Err("the card has serial 3, older than 4"),
    );
    // A card between was missed.
    check(
        &signed(&card("alpha", 9, 1, 2), &[1]),
        Ok(Vouched::BySameRoot),
    );
    check(
        &signed(&card("alpha", 9, 2, 3), &[2]),
        Ok(Vouched::ByCommitment),
    );
    check(
        &signed(&card("alpha", 9, 3, 4), &[3, 2]),
        Err("the card's root key is vouched for neither"),
    );
    check(
        &signed(&card("bravo", 5, 1, 2), &[1]),
        Err("the card is of party bravo, not of alpha"),
    );
    let mut late = card("alpha", 5, 1, 2);
    late.issued = at("2026-12-21T00:00:01Z");
    check(
        &signed(&late, &[1]),
        Err("the card was issued at 2026-12-21T00:00:01.000000Z, more than a day"),
    );
    late.issued = at("2026-12-21T00:00:00Z");
    check(&signed(&late, &[1]), Ok(Vouched::BySameRoot));
    // A restored node's clock may lie behind.
    late.issued = at("2026-12-03T00:00:00Z");
    check(&signed(&late, &[1]), Ok(Vouched::BySameRoot));
}

#[test]
fn a_successor_tells_what_it_changes() {
    let current = signed(&card("alpha", 1, 1, 2), &[1]);
    let mut next = card("alpha", 2, 2, 3);
    next.mail = vec![MailAddress {
        standing: Standing::Permanent,
        address: "duty@alpha.example".to_owned(),
    }];
    next.hotlines = vec![];
    let change =
        accept_successor(&current, &signed(&next, &[2]), at("2026-12-20T00:00:00Z")).unwrap();
    let keys: Vec<_> = change.changed.iter().map(|changed| changed.key).collect();
    assert_eq!(keys, ["root", "next-root", "mail", "hotline"]);
    assert_eq!(change.missed, 0);
    let mail = &change.changed[2];
    assert_eq!(mail.before, ["temporary duty@alpha.example"]);
    assert_eq!(mail.after, ["permanent duty@alpha.example"]);
}

#[test]
fn epochs_of_one_log_only_count_up() {
    let with_epoch = |serial, epoch| {
        let mut card = card("alpha", serial, 1, 2);
        card.origin = card.origin.at_epoch(epoch);
        card.log = vec![key(card.origin.as_str(), SignatureType::Ed25519, 101).verifier()];
        signed(&card, &[1])
    };
    let now = at("2026-12-20T00:00:00Z");
    assert!(accept_successor(&with_epoch(1, 0), &with_epoch(2, 1), now).is_ok());
    let error = accept_successor(&with_epoch(1, 2), &with_epoch(2, 1), now).unwrap_err();
    assert_eq!(
        error,
        SuccessionError::EarlierEpoch {
            current: 2,
            found: 1
        }
    );
}

#[test]
fn times_have_one_spelling() {
    assert!(time("2026-12-01T00:00:00Z").is_some());
    for bad in [
        "2026-12-01T00:00:00.000Z",
        "2026-12-01",
        "2026-13-01T00:00:00Z",
        "",
    ] {
        assert_eq!(time(bad), None, "{bad}");
    }
}

proptest! {
    /// Any values that a card takes are written and read back; lines in another order are no card.
    #[test]
    fn lines_round_trip_in_one_order_only(
        serial in 1_u32..,
        micros in 0_i64..4_000_000_000,
        policies in proptest::collection::hash_set("[a-z0-9.-]{1,64}", 0..8),
        hotline in "\\+[1-9][0-9]{3,14}",
        swap in 1_usize..40,
    ) {
        let mut card = card("alpha", 1, 1, 2);
        card.serial = serial;
        card.issued = Timestamp::from_micros(micros * 1_000_000).unwrap();
        card.policies = policies.into_iter().collect();
        card.hotlines = vec![hotline];
        let text = lines::write(&card);
        prop_assert_eq!(&lines::read(&text).unwrap(), &card);
        let mut order: Vec<_> = text.lines().collect();
        let at = swap % (order.len() - 1);
        order.swap(at, at + 1);
        let swapped = order.join("\n") + "\n";
        // Lines of one key may stand in any order, and their order means preference.
        if let Ok(other) = lines::read(&swapped) {
            prop_assert_eq!(lines::write(&other), swapped);
        }
    }

    #[test]
    fn never_two_cards_of_one_serial(steps in proptest::collection::vec((1_u32..5, 1_u8..4, 1_u8..5, any::<bool>()), 1..12)) {
        let now = at("2026-12-28T00:00:00Z");
        let mut chain = vec![signed(&card("alpha", 1, 1, 2), &[1])];
        for (serial, by, next, both) in steps {
            if by == next {
                continue;
            }
            let current = chain.last().unwrap();
            let offered = card("alpha", serial, by, next);
            let seeds = if both { vec![by, 1, 2, 3] } else { vec![by] };
            let offered = signed(&offered, &seeds);
            let allowed = accept_successor(current, &offered, now).is_ok();
            if allowed {
                chain.push(offered);
            }
        }
        for pair in chain.windows(2) {
            prop_assert!(pair[0].card().serial < pair[1].card().serial);
        }
    }
}
