use comity_ledger::key::{SignatureType, SigningKey};
use comity_ledger::note::Note;
use serde_json::{Value, json};

use super::statement::{Asked, Proof as Shown, ProofError, SignedMail, answered, joined};
use super::*;
use crate::message::{Role, Subject};
use crate::proof::Proof;
use crate::script::{DAY, HOUR, START, Script, party};
use crate::table::Word as _;

const A: Side = Side::Opener;
const B: Side = Side::Responder;
const NONCE: &str = "00112233445566778899aabbccddeeff";
const LATER: &str = "2026-10-25T00:00:00Z";

fn content(script: &mut Script, kind: Kind, side: Side) -> Value {
    let digest = script.entries[0].message.digest().to_string();
    let dispute = json!({"message": digest, "text": "not so"});
    if kind == Kind::Settle {
        script.say(side, 3_000, "dispute", dispute.clone());
    }
    let number = script.entries.len();
    script.second = (kind == Kind::Promote).then_some("head of the watch");
    match kind {
        Kind::Give => given(),
        Kind::Challenge => json!({"nonce": NONCE, "due": LATER}),
        Kind::Answer => json!({"nonce": NONCE, "note": "signed"}),
        Kind::Heard => json!({"nonce": NONCE, "way": "mail", "sha256": "00"}),
        Kind::Promote => {
            json!({"address": format!("r{number}@in.alpha.example"), "note": "signed"})
        }
        Kind::Confirm => json!({"note": "signed"}),
        Kind::Decline | Kind::Revoke => json!({"reason": "not now"}),
        Kind::Renew => {
            json!({"address": format!("r{number}@in.alpha.example"), "expires": "2026-12-01T00:00:00Z"})
        }
        Kind::Dispute | Kind::Settle => dispute,
    }
}

fn given() -> Value {
    json!({"address": "request+t@in.alpha.example", "purpose": "request", "expires": LATER})
}

/// Says these one after another, the first a minute after the start.
fn said(steps: &[(Side, Kind)]) -> Script {
    let mut script = Script::new(Subject::Address);
    script.say(A, 0, "give", given());
    for (minutes, (side, kind)) in (1..).zip(steps) {
        let content = content(&mut script, *kind, *side);
        script.say(*side, minutes * 60, kind.word(), content);
        script.second = None;
    }
    script
}

const PATH: [(Side, Kind); 4] = [
    (A, Kind::Challenge),
    (B, Kind::Answer),
    (A, Kind::Promote),
    (B, Kind::Confirm),
];

fn standing(state: State) -> Script {
    match state {
        State::Temporary | State::Expired => said(&[]),
        State::Challenged => said(&PATH[..1]),
        State::Answered => said(&PATH[..2]),
        State::Proposed => said(&PATH[..3]),
        State::Permanent => said(&PATH),
        State::Revoked => said(&[(A, Kind::Revoke)]),
    }
}

fn stands(script: &Script) -> Address {
    Address::replay(&script.thread()).unwrap()
}

const PROOF: Proof<Address, State, Kind> = Proof {
    table: TABLE,
    standing,
    moment: |state| {
        if state == State::Expired {
            21 * DAY
        } else {
            HOUR
        }
    },
    content,
    replay: Address::replay,
    state: Address::state_at,
    record: |address| &address.record,
    both: &[],
};

#[test]
fn every_row_does_what_it_says_and_everything_else_is_refused() {
    PROOF.rows();
}

#[test]
fn each_row_needs_its_roles() {
    PROOF.roles();
}

#[test]
fn any_order_of_messages_gives_the_same_address() {
    PROOF.orders();
}

#[test]
fn a_promotion_needs_two_persons() {
    let mut script = said(&PATH[..2]);
    let said = json!({"address": "request+p@in.alpha.example", "note": "signed"});
    for second in [None, Some("duty officer")] {
        script.second = second;
        script.say(A, HOUR, "promote", said.clone());
        let address = stands(&script);
        assert!(address.record.voided[0].reason.contains("second person"));
        assert_eq!(address.state, State::Answered);
        script.unsay();
    }
}

#[test]
fn the_temporary_address_is_an_alias_for_thirty_days_and_gone_when_all_is_revoked() {
    let script = said(&PATH);
    let address = stands(&script);
    let confirmed = script.entries.last().unwrap().at();
    assert_eq!(
        (address.address.as_str(), address.expires, address.state),
        ("r3@in.alpha.example", None, State::Permanent)
    );
    let alias = &address.aliases[0];
    assert_eq!(
        (alias.address.as_str(), alias.until),
        ("request+t@in.alpha.example", confirmed + 30 * DAY)
    );
    assert_eq!(address.aliases_at(confirmed + 30 * DAY).count(), 1);
    assert_eq!(address.aliases_at(confirmed + 30 * DAY + 1).count(), 0);
    assert_eq!(address.state_at(START + 10_000 * DAY), State::Permanent);
    let revoked = stands(&said(&[&PATH[..], &[(A, Kind::Revoke)]].concat()));
    assert_eq!(revoked.aliases_at(confirmed).count(), 0);
}

#[test]
fn what_ended_does_not_come_back_as_an_alias() {
    let mut script = said(&[]);
    let renew = json!({"address": "n@in.alpha.example", "expires": "2026-12-01T00:00:00Z"});
    script.say(A, 21 * DAY, "renew", renew.clone());
    let address = stands(&script);
    assert_eq!(
        (address.state, address.aliases.len()),
        (State::Temporary, 0)
    );
    // Nor is an address given twice.
    script.say(A, 22 * DAY, "renew", renew);
    assert!(
        stands(&script).record.voided[0]
            .reason
            .contains("never given twice")
    );
}

#[test]
fn a_late_answer_and_one_to_another_number_are_none() {
    let mut script = said(&PATH[..1]);
    script.say(
        B,
        60 * 20,
        "answer",
        json!({"nonce": "11".repeat(16), "note": "n"}),
    );
    assert!(
        stands(&script).record.voided[0]
            .reason
            .contains("newest number")
    );
    script.unsay();
    let due = stands(&script).challenge.unwrap().due - START;
    let mut renewed = Script::new(Subject::Address);
    let mut long = given();
    long["expires"] = json!("2027-10-25T00:00:00Z");
    renewed.say(A, 0, "give", long);
    renewed.say(A, 60, "challenge", json!({"nonce": NONCE, "due": LATER}));
    renewed.say(B, due + 1, "answer", json!({"nonce": NONCE, "note": "n"}));
    assert!(
        stands(&renewed).record.voided[0]
            .reason
            .contains("has passed")
    );
}

#[test]
fn addresses_numbers_and_dates_have_one_form() {
    for (name, wrong) in [
        ("address", json!("nobody")),
        ("address", json!("two@at@in.alpha.example")),
        ("address", json!("with space@in.alpha.example")),
        (
            "address",
            json!(format!("{}@in.alpha.example", "a".repeat(250))),
        ),
        ("expires", json!("2020-01-01T00:00:00Z")),
        ("uses", json!(-1)),
    ] {
        let mut said = given();
        said[name] = wrong.clone();
        let mut script = Script::new(Subject::Address);
        script.say(A, 0, "give", said);
        assert_eq!(Address::replay(&script.thread()), None, "{wrong}");
    }
}

fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(name, SignatureType::Ed25519, &[7; 32]).unwrap()
}

#[test]
fn an_answer_counts_when_the_registered_key_signs_this_number_for_this_address() {
    let address = stands(&said(&PATH[..1]));
    let asked = Asked::of(&address).unwrap();
    let (bravo, other) = (
        key("bravo.example/envelope"),
        key("charlie.example/envelope"),
    );
    let note = |text: &str, key: &SigningKey| {
        let note = Note::new(text.to_owned(), vec![key.sign_note(text)]);
        note.unwrap().to_string()
    };
    let keys = [bravo.verifier()];
    let check = |note: &str, expected| {
        assert_eq!(
            answered(&asked, &Shown::Note { note, keys: &keys }),
            expected,
            "{note}"
        );
    };
    let statement = asked.statement();
    check(&note(&statement, &bravo), Ok(()));
    let unsigned = Err(ProofError::NotSigned(party(B)));
    check(&note(&statement, &other), unsigned.clone());
    let changed = statement.replace(NONCE, &"0".repeat(32));
    check(&note(&changed, &bravo), Err(ProofError::OtherStatement));
    check("no note", Err(ProofError::NoNote));
    let mail = |signed_by, to: &str, text: &str| {
        let mail = SignedMail {
            signed_by,
            to: to.to_owned(),
            text: text.to_owned(),
        };
        answered(&asked, &Shown::Mail(&mail))
    };
    let text = format!("The number is {}.", NONCE.to_uppercase());
    assert_eq!(mail(Some(party(B)), &asked.address, &text), Ok(()));
    assert_eq!(mail(None, &asked.address, &text), unsigned.clone());
    assert_eq!(mail(Some(party(A)), &asked.address, &text), unsigned);
    let elsewhere = Err(ProofError::OtherStatement);
    assert_eq!(mail(Some(party(B)), "x@in.alpha.example", &text), elsewhere);
    assert_eq!(mail(Some(party(B)), &asked.address, "no number"), elsewhere);
}

#[test]
fn a_promotion_is_one_statement_with_two_signatures() {
    let (proposed, confirmed) = (stands(&said(&PATH[..3])), stands(&said(&PATH)));
    let text = statement::promotion(&proposed).unwrap();
    assert_eq!(statement::promotion(&confirmed).unwrap(), text);
    assert!(text.contains("temporary request+t@in.alpha.example\npermanent r3@in.alpha.example\n"));
    let (alpha, bravo) = (key("alpha.example/envelope"), key("bravo.example/envelope"));
    let [one, other] = [&alpha, &bravo].map(|key| {
        let note = Note::new(text.clone(), vec![key.sign_note(&text)]);
        note.unwrap().to_string()
    });
    let both = joined(&one, &other).unwrap();
    for key in [&alpha, &bravo] {
        assert!(statement::is_signed(&text, &both, &[key.verifier()]));
    }
    assert_eq!(joined(&one, &other.replace("bravo", "delta")), None);
}

#[test]
fn roles_of_the_program_answer_nothing_by_message() {
    let mut script = said(&PATH[..1]);
    script.say_as(
        (B, Role::Node),
        HOUR,
        "answer",
        json!({"nonce": NONCE, "note": "n"}),
    );
    assert!(
        stands(&script).record.voided[0]
            .reason
            .contains("needs the role")
    );
}
