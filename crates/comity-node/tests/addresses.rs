//! Designated addresses between two nodes with one clock: what mail is taken at, day by day.
//!
//! In scope: rows that follow what was said, aliases, uses, answers by mail, addresses for one message. Out of scope: SMTP.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, dead_code)]

mod pair;

use comity_accord::digest::Digest;
use comity_accord::party::PartyName;
use comity_case::address::statement::SignedMail;
use comity_mail::token::{AddressId, Purpose};
use comity_node::address::command::AddressCommand as C;
use comity_node::address::{Recipient, Seen, Standing};
use comity_node::case::threads::Acting;
use comity_node::mail::Known;
use comity_node::mail::recipients::{Designated, Recipients as _};
use comity_node::node::Node;
use comity_store::state::State;
use pair::{Done, Pair, text};
use serde_json::Value;

const START: i64 = 1_791_187_200;
const DAY: i64 = 86_400;

fn acting(officer: &str) -> Acting {
    Acting {
        officer: officer.to_owned(),
        role: "releaser".to_owned(),
        second: None,
        person: None,
    }
}

fn create(pair: &Pair, days: u32, uses: Option<u32>) -> Done<(String, String)> {
    let made = pair.nodes[0].address(C::Create {
        party: "bravo".to_owned(),
        purpose: "request".to_owned(),
        days,
        uses,
        about: None,
        remark: String::new(),
        label: "TLP:GREEN".to_owned(),
        untold: false,
        acting: acting("duty officer"),
    })?;
    pair.carry()?;
    Ok((text(&made, "id"), text(&made, "address")))
}

fn taken(node: &Node, address: &str, now: i64) -> Option<Recipient> {
    let (local, domain) = address.split_once('@').unwrap();
    node.mail_recipient(local, domain, now).unwrap()
}

fn number(pair: &Pair, id: &str) -> String {
    let shown = pair.nodes[0]
        .address(C::Show { id: id.to_owned() })
        .unwrap();
    text(&shown["challenge"], "number")
}

fn do_it(pair: &Pair, who: usize, command: C) -> Done<Value> {
    let said = pair.nodes[who].address(command)?;
    pair.carry()?;
    Ok(said)
}

fn mail(to: &str, number: &str, signed_by: Option<&str>) -> SignedMail {
    SignedMail {
        signed_by: signed_by.map(|name| PartyName::parse(name).unwrap()),
        to: to.to_owned(),
        text: format!("Subject: your number\n\n{number}\n"),
    }
}

/// Asks, has the number answered by mail, approves and confirms; answers the permanent address.
fn promote(pair: &Pair, (id, temporary): (&str, &str), number_of: AddressId) -> Done<String> {
    let by = |officer: &str| (id.to_owned(), acting(officer));
    let (id_, acting_) = by("duty officer");
    do_it(
        pair,
        0,
        C::Promote {
            id: id_,
            acting: acting_,
        },
    )?;
    answered_by_mail(pair, (id, temporary), number_of)?;
    let (id_, acting_) = by("head of the watch");
    let proposed = do_it(
        pair,
        0,
        C::Approve {
            id: id_,
            acting: acting_,
        },
    )?;
    let permanent = text(&proposed["promotion"], "permanent");
    let early = taken(&pair.nodes[0], &permanent, pair.now());
    assert_eq!(early, None, "not before bravo confirms");
    let (id_, acting_) = by("duty officer");
    do_it(
        pair,
        1,
        C::Confirm {
            id: id_,
            acting: acting_,
        },
    )?;
    Ok(permanent)
}

/// Only a mail counts that the registered key of the party signed whole, at this address, with the number.
fn answered_by_mail(pair: &Pair, (id, to): (&str, &str), number_of: AddressId) -> Done<()> {
    let digest = Digest::of(b"raw");
    let nonce = number(pair, id);
    let no = [
        mail(to, &nonce, None),
        mail(to, &nonce, Some("alpha")),
        mail(to, "0000", Some("bravo")),
        mail("other@in.alpha.example", &nonce, Some("bravo")),
    ];
    for no in no {
        assert!(!pair.nodes[0].answer_came(number_of, &no, &digest)?);
    }
    let yes = mail(to, &nonce, Some("bravo"));
    assert!(pair.nodes[0].answer_came(number_of, &yes, &digest)?);
    assert!(
        !pair.nodes[0].answer_came(number_of, &yes, &digest)?,
        "it is answered once"
    );
    Ok(())
}

#[test]
fn the_temporary_address_is_taken_for_thirty_days_after_the_promotion_and_no_day_longer() -> Done<()>
{
    let folder = tempfile::tempdir()?;
    let mut pair = Pair::agreed(folder.path(), START, |text| text)?;
    // It would end sooner than the alias does.
    let (id, temporary) = create(&pair, 8, None)?;
    let found = taken(&pair.nodes[0], &temporary, pair.now()).unwrap();
    assert_eq!(
        (found.purpose, found.party.as_str()),
        (Purpose::Request, "bravo")
    );
    assert_eq!(
        (found.standing, found.given.as_deref()),
        (Standing::Temporary, Some(id.as_str()))
    );
    assert_eq!(
        taken(&pair.nodes[1], &temporary, pair.now()),
        None,
        "it is not bravo's"
    );
    let permanent = promote(&pair, (&id, &temporary), found.id)?;
    let confirmed = pair.now();
    let stands = |pair: &Pair, address: &str, at: i64| {
        pair.set(at);
        taken(&pair.nodes[0], address, at).map(|found| found.standing)
    };
    assert_eq!(
        stands(&pair, &permanent, confirmed),
        Some(Standing::Permanent)
    );
    assert_eq!(
        stands(&pair, &temporary, confirmed + 29 * DAY),
        Some(Standing::Alias)
    );
    pair = pair.restart(folder.path())?;
    assert_eq!(
        stands(&pair, &temporary, confirmed + 30 * DAY - 60),
        Some(Standing::Alias)
    );
    assert_eq!(stands(&pair, &temporary, confirmed + 30 * DAY + 60), None);
    assert_eq!(
        stands(&pair, &permanent, confirmed + 3_000 * DAY),
        Some(Standing::Permanent)
    );
    pair.set(confirmed + 40 * DAY);
    let (id_, acting_) = (id.clone(), acting("duty officer"));
    pair.nodes[0].address(C::Revoke {
        id: id_,
        reason: "leaked".to_owned(),
        acting: acting_,
    })?;
    assert_eq!(
        stands(&pair, &permanent, confirmed + 40 * DAY),
        None,
        "at once, before anybody is told"
    );
    Ok(())
}

#[test]
fn dates_uses_and_renewals_decide_what_is_taken() -> Done<()> {
    let folder = tempfile::tempdir()?;
    let pair = Pair::agreed(folder.path(), START, |text| text)?;
    let alpha = &pair.nodes[0];
    let (id, first) = create(&pair, 10, Some(2))?;
    let ends = pair.now() + 10 * DAY;
    let found = taken(alpha, &first, pair.now()).unwrap();
    let known = Known {
        name: found.id.to_string(),
        party: None,
    };
    let state = State::open_embedded(&folder.path().join("alpha"))?;
    let given = Designated::new(alpha.clone());
    let used = || state.write(|tx| given.count(tx, &known));
    assert!(used()? && taken(alpha, &first, pair.now()).is_some());
    assert!(used()? && !used()?);
    assert_eq!(taken(alpha, &first, pair.now()), None, "used up");
    let renewed = do_it(
        &pair,
        0,
        C::Renew {
            id: id.clone(),
            days: 5,
            uses: None,
            acting: acting("duty officer"),
        },
    )?;
    let second = text(&renewed, "address");
    assert_ne!(first, second);
    assert_eq!(
        taken(alpha, &second, pair.now()).unwrap().standing,
        Standing::Temporary
    );
    assert_eq!(
        taken(alpha, &first, ends).unwrap().standing,
        Standing::Alias
    );
    assert_eq!(taken(alpha, &second, pair.now() + 5 * DAY + 60), None);
    // A key that follows changes nothing for those that are out.
    alpha.address(C::NewKey)?;
    assert!(taken(alpha, &second, pair.now()).is_some());
    let (_, third) = create(&pair, 1, None)?;
    assert!(taken(alpha, &third, pair.now()).is_some());
    Ok(())
}

#[test]
fn an_address_for_one_message_finds_its_thread_and_knows_what_came_before() -> Done<()> {
    let folder = tempfile::tempdir()?;
    let pair = Pair::agreed(folder.path(), START, |text| text)?;
    let alpha = &pair.nodes[0];
    let thread = "case--0b6fd0a3-3c52-4a7e-93f1-0c5a7b6d8e90";
    let address = alpha.reply_address("bravo", Some(thread), "envelope 7", 30)?;
    assert!(
        address.starts_with("reply+") && !address.contains("0b6fd0a3"),
        "{address}"
    );
    let found = taken(alpha, &address, pair.now()).unwrap();
    assert_eq!(
        (found.purpose, found.thread.as_deref()),
        (Purpose::Reply, Some(thread))
    );
    assert_eq!(
        (found.reference.as_deref(), found.given),
        (Some("envelope 7"), None)
    );
    assert_eq!(
        alpha.address(C::List {
            party: None,
            ours: None
        })?,
        Value::Array(Vec::new())
    );
    let see = |id: AddressId, message: &str, body: u8| {
        alpha.mail_seen(id, message, b"signature", &[body; 32])
    };
    assert_eq!(see(found.id, "a@bravo.example", 1)?, Seen::Fresh);
    assert_eq!(see(found.id, "a@bravo.example", 1)?, Seen::Duplicate);
    assert!(
        alpha.reply_address("charlie", None, "x", 1).is_err(),
        "nobody of that name"
    );
    assert!(alpha.reply_address("bravo", None, "x", 0).is_err());
    Ok(())
}
