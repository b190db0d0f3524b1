//! Signing in: sessions, second factors and tokens of a node whose clock is set.
//!
//! In scope: when one is let in and when no more. Out of scope: HTTP, the command line (the black-box tests).

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::session::{
    AGENT_BYTES_MAX, IDLE_MICROS, OpenedSession, SESSION_MICROS, csrf, csrf_matches,
};
use super::*;
use comity_store::state::audit::Asked;
use comity_store::state::collection::Rights;
use comity_store::state::grant;
use serde_json::json;

use crate::account::command::SignInCommand;
use crate::account::token::NewToken;
use crate::account::welcome::Joining;
use crate::clock::Clock;
use crate::command::Command;
use crate::folder::{self, Identity, Place};
use crate::ledger::verify::verify;
use crate::link::card::CardFacts;
use crate::node::NodeLimits;
use crate::operation::Denied;
use crate::person::{Person, Way};

/// 2026-11-27T12:00:00Z.
const NOON: i64 = 1_795_780_800_000_000;
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 1_440 * MINUTE;
const PASSWORD: &str = "four words at random";

pub(super) struct World {
    pub(super) node: Node,
    clock: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

pub(super) fn place() -> IpAddr {
    IpAddr::from([192, 0, 2, 7])
}

fn new(name: &str, role: Role) -> NewAccount<'_> {
    NewAccount {
        by: "",
        name,
        role,
        password: PASSWORD,
    }
}

fn shows(name: &str, password: &str) -> Credentials {
    Credentials::Basic {
        name: name.to_owned(),
        password: password.to_owned(),
    }
}

impl World {
    pub(super) fn new() -> Self {
        let world = Self::empty();
        for (name, role) in [("ann", Role::Analyst), ("chief", Role::Admin)] {
            let whose = Belonging::default();
            world.node.add_account(&new(name, role), &whose).unwrap();
        }
        world
    }

    /// A node without an account.
    pub(super) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("alpha");
        let identity = Identity {
            party: "alpha".to_owned(),
            domain: "alpha.example".to_owned(),
        };
        folder::init(&data, &Place::Embedded, &identity, None, "").unwrap();
        let at = Arc::new(AtomicI64::new(NOON));
        let clock = Clock::Set(Arc::clone(&at));
        let opened = folder::open(&data, &Place::Embedded, &clock).unwrap();
        Self {
            node: Node::new(opened, clock, NodeLimits::default()),
            clock: at,
            _folder: folder,
        }
    }

    pub(super) fn later(&self, micros: i64) {
        self.clock.fetch_add(micros, Ordering::SeqCst);
    }

    pub(super) fn open(&self, code: Option<&str>) -> Result<OpenedSession, SignInError> {
        let shown = shows("ann", PASSWORD);
        self.node.open_session(&shown, code, place(), "Browser/1")
    }

    pub(super) fn person(&self, secret: &str) -> Option<Person> {
        self.node.session(secret).unwrap()
    }

    /// The code that an authenticator shows for a secret now.
    fn code(&self, secret: &str) -> String {
        let step = self.clock.load(Ordering::SeqCst).div_euclid(30 * SECOND);
        second_factor::code_of(&unbase32(secret), step)
    }

    pub(super) fn enrol(&self) -> (String, Vec<String>) {
        let secret = self.node.begin_second_factor("ann").unwrap().secret;
        let recovery = self.node.confirm_second_factor("ann", &self.code(&secret));
        (secret, recovery.unwrap())
    }
}

/// The bytes of a base32 text that fills them exactly.
fn unbase32(text: &str) -> Vec<u8> {
    let value = |letter: char| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
    let (mut held, mut bits, mut bytes) = (0_usize, 0, Vec::new());
    for letter in text.chars() {
        held = (held << 5) | value(letter);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 255).unwrap());
            held &= (1 << bits) - 1;
        }
    }
    bytes
}

#[test]
fn a_session_is_its_person_until_it_was_idle_for_two_hours_or_open_for_twelve() {
    let world = World::new();
    let opened = world.open(None).unwrap();
    assert_eq!(
        (opened.account.as_str(), opened.role),
        ("ann", Role::Analyst)
    );
    let way = Way::Session {
        id: opened.id.clone(),
    };
    let expected = Person {
        account: "ann".to_owned(),
        role: Role::Analyst,
        address: None,
        way,
        place: Some(place()),
        signed_in: NOON,
    };
    assert_eq!(world.person(&opened.secret), Some(expected));
    assert_eq!(world.person(&format!("{}x", opened.secret)), None);
    assert_eq!(world.person(""), None);
    // Used now and then it lives, up to its last moment.
    while world.clock.load(Ordering::SeqCst) + IDLE_MICROS - MINUTE < NOON + SESSION_MICROS {
        world.later(IDLE_MICROS - MINUTE);
        assert!(world.person(&opened.secret).is_some());
    }
    world
        .clock
        .store(NOON + SESSION_MICROS - 1, Ordering::SeqCst);
    assert!(world.person(&opened.secret).is_some());
    world.later(1);
    assert_eq!(world.person(&opened.secret), None, "also from memory");
    let other = world.open(None).unwrap();
    world.later(IDLE_MICROS);
    assert_eq!(world.person(&other.secret), None);
    assert!(world.node.sessions("ann").unwrap().is_empty());
}

#[test]
fn sessions_are_listed_and_ended() {
    let world = World::new();
    let first = world.open(None).unwrap();
    world.later(SECOND);
    let long = format!("Browser\n{}", "é".repeat(AGENT_BYTES_MAX));
    let shown = shows("ann", PASSWORD);
    let second = world
        .node
        .open_session(&shown, None, place(), &long)
        .unwrap();
    world.later(SECOND);
    let third = world.open(None).unwrap();
    assert!(first.secret != second.secret && first.id != second.id);
    let listed = world.node.sessions("ann").unwrap();
    let ids: Vec<&str> = listed.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, [&third.id, &second.id, &first.id]);
    let agent = &listed.get(1).unwrap().agent;
    assert!(
        agent.starts_with("Browseré") && agent.len() <= AGENT_BYTES_MAX,
        "{agent}"
    );
    assert!(world.person(&first.secret).is_some());
    world.node.end_session("ann", &first.id).unwrap();
    assert_eq!(world.person(&first.secret), None, "at once");
    let again = world.node.end_session("ann", &first.id);
    assert!(matches!(again, Err(AccountError::UnknownSession(_))));
    let of_another = world.node.end_session("chief", &second.id);
    assert!(matches!(of_another, Err(AccountError::UnknownSession(_))));
    assert_eq!(world.node.end_sessions("ann", Some(&third.id)).unwrap(), 1);
    assert_eq!(world.person(&second.secret), None);
    assert!(world.person(&third.secret).is_some());
}

#[test]
fn a_changed_account_has_no_session_of_before() {
    let world = World::new();
    let open = || {
        let opened = world.open(None).unwrap();
        assert!(world.person(&opened.secret).is_some());
        opened
    };
    let before = open();
    world.node.set_role("chief", "ann", Role::Viewer).unwrap();
    assert_eq!(world.person(&before.secret), None, "another role");
    let (before, kept) = (open(), open());
    assert_eq!(world.person(&kept.secret).unwrap().role, Role::Viewer);
    let wrong = world
        .node
        .change_password("ann", "not this one", "another one now", None);
    assert!(matches!(wrong, Err(AccountError::WrongPassword)));
    assert!(world.person(&before.secret).is_some());
    let new = "another one now";
    world
        .node
        .change_password("ann", PASSWORD, new, Some(&kept.id))
        .unwrap();
    assert_eq!(world.person(&before.secret), None, "another password");
    assert!(
        world.person(&kept.secret).is_some(),
        "from where it was changed"
    );
    assert!(matches!(world.open(None), Err(SignInError::Refused)));
    world.node.set_password("ann", PASSWORD).unwrap();
    assert_eq!(world.person(&kept.secret), None, "set by the operator");
    let before = open();
    world.node.remove_account("ann").unwrap();
    assert_eq!(world.person(&before.secret), None, "removed");
}

#[test]
fn neither_an_account_of_another_party_nor_a_token_opens_a_session() {
    let world = World::new();
    let account = Account {
        name: "bravo-feed".to_owned(),
        role: Role::Viewer,
        password: hash(PASSWORD),
        created: NOON,
        party: Some("bravo".to_owned()),
        address: None,
    };
    let added = world
        .node
        .inner
        .state
        .write(|tx| account::add(tx, &account));
    assert!(added.unwrap());
    let shown = shows("bravo-feed", PASSWORD);
    let opened = world.node.open_session(&shown, None, place(), "");
    assert!(matches!(opened, Err(SignInError::NotOwn)), "{opened:?}");
    let caller = world.node.sign_in(&shown, place()).unwrap();
    let person = world.node.person_of(&caller, place());
    assert!(matches!(person, Err(SignInError::NotOwn)));
    let made = world
        .node
        .create_token(&token_of("ann", Scope::All, 0))
        .unwrap();
    let shown = Credentials::Bearer(made.token);
    let opened = world.node.open_session(&shown, None, place(), "");
    assert!(matches!(opened, Err(SignInError::Refused)));
}

#[test]
fn the_token_of_a_form_is_that_of_its_session_alone() {
    let world = World::new();
    let [one, two] = [(); 2].map(|()| world.open(None).unwrap().secret);
    assert!(csrf_matches(&one, &csrf(&one)));
    for given in [
        csrf(&two),
        String::new(),
        one.clone(),
        csrf(&one).to_lowercase() + "x",
    ] {
        assert!(!csrf_matches(&one, &given), "{given}");
    }
    assert!(!csrf(&one).contains(&one));
}

#[test]
fn a_second_factor_is_in_force_from_its_first_right_code_and_each_code_is_good_once() {
    let world = World::new();
    let secret = world.node.begin_second_factor("ann").unwrap();
    let uri = "otpauth://totp/Comity%20alpha:ann?secret=";
    assert!(secret.uri.starts_with(uri) && secret.uri.contains(&secret.secret));
    let code = world.code(&secret.secret);
    assert!(world.open(None).is_ok(), "not in force yet");
    let wrong = world.node.confirm_second_factor("ann", "000000x");
    assert!(matches!(wrong, Err(AccountError::WrongCode)));
    let recovery = world.node.confirm_second_factor("ann", &code).unwrap();
    assert!(matches!(world.open(None), Err(SignInError::CodeNeeded)));
    assert!(
        matches!(world.open(Some(&code)), Err(SignInError::WrongCode)),
        "it was taken"
    );
    let basic = world.node.sign_in(&shows("ann", PASSWORD), place());
    assert!(matches!(basic, Err(SignInError::CodeNeeded)), "{basic:?}");
    world.later(30 * SECOND);
    let code = world.code(&secret.secret);
    assert!(world.open(Some(&code)).is_ok());
    assert!(matches!(
        world.open(Some(&code)),
        Err(SignInError::WrongCode)
    ));
    let first = recovery.first().unwrap();
    let opened = world.open(Some(&first.to_uppercase())).unwrap();
    let means = &world.node.sessions("ann").unwrap();
    assert!(
        means
            .iter()
            .any(|one| one.id == opened.id && one.means == "password+recovery")
    );
    assert!(matches!(
        world.open(Some(first)),
        Err(SignInError::WrongCode)
    ));
    assert_eq!(world.node.second_factor("ann").unwrap().recovery_left, 7);
    let again = world.node.begin_second_factor("ann");
    assert!(matches!(again, Err(AccountError::SecondFactorOn(_))));
    world.later(MINUTE);
    let renewed = world
        .node
        .renew_recovery_codes("ann", &world.code(&secret.secret));
    assert_ne!(renewed.unwrap(), recovery);
    world.later(MINUTE);
    let ended = world.node.end_second_factor("ann", "123");
    assert!(matches!(ended, Err(AccountError::WrongCode)));
    world
        .node
        .end_second_factor("ann", &world.code(&secret.secret))
        .unwrap();
    assert!(world.open(None).is_ok());
}

#[test]
fn the_operator_turns_a_second_factor_off() {
    let world = World::new();
    let none = world.node.remove_second_factor("ann");
    assert!(matches!(none, Err(AccountError::NoSecondFactor(_))));
    world.enrol();
    world.node.remove_second_factor("ann").unwrap();
    assert!(world.open(None).is_ok());
    assert_eq!(
        world.node.second_factor("ann").unwrap(),
        second_factor::SecondFactorShown::default()
    );
}

#[test]
fn wrong_codes_are_slowed_down_by_account_whatever_the_place() {
    let world = World::new();
    let (secret, _) = world.enrol();
    world.later(MINUTE);
    let from = |number: u8, code: &str| {
        let place = IpAddr::from([192, 0, 2, number]);
        world
            .node
            .open_session(&shows("ann", PASSWORD), Some(code), place, "")
    };
    for number in 0..6 {
        assert!(matches!(from(number, "12345"), Err(SignInError::WrongCode)));
    }
    let right = world.code(&secret);
    let told = from(99, &right);
    assert!(
        matches!(told, Err(SignInError::TooMany { seconds: 1 })),
        "{told:?}"
    );
    world.later(SECOND);
    assert!(from(99, &right).is_ok());
}

#[test]
fn a_password_remembered_is_not_enough_once_there_is_a_second_factor() {
    let world = World::new();
    let shown = shows("ann", PASSWORD);
    world.node.sign_in(&shown, place()).unwrap();
    assert!(world.node.known_caller(&shown).is_some());
    world.enrol();
    assert!(world.node.known_caller(&shown).is_none());
    let again = world.node.sign_in(&shown, place());
    assert!(matches!(again, Err(SignInError::CodeNeeded)));
}

fn token_of(account: &str, scope: Scope, days: u32) -> NewToken {
    NewToken {
        by: "chief".to_owned(),
        account: account.to_owned(),
        name: "collector".to_owned(),
        scope,
        days,
    }
}

#[test]
fn a_token_ends_when_it_is_due_and_says_when_it_was_used() {
    let world = World::new();
    let made = world
        .node
        .create_token(&token_of("ann", Scope::Read, 90))
        .unwrap();
    assert_eq!(made.expires, Some(NOON + 90 * DAY));
    let shown = Credentials::Bearer(made.token.clone());
    let signed_in = || world.node.sign_in(&shown, place());
    let person = world
        .node
        .person_of(&signed_in().unwrap(), place())
        .unwrap();
    let way = Way::Token {
        id: made.id.clone(),
        scope: Scope::Read,
    };
    assert_eq!((person.way.clone(), person.scope()), (way, Scope::Read));
    let seen = || {
        world
            .node
            .tokens(Some("ann"))
            .unwrap()
            .first()
            .unwrap()
            .seen
    };
    assert_eq!(seen(), Some(NOON));
    world.later(MINUTE - 1);
    signed_in().unwrap();
    assert_eq!(seen(), Some(NOON), "written once a minute at most");
    world.later(1);
    signed_in().unwrap();
    assert_eq!(seen(), Some(NOON + MINUTE));
    world.clock.store(NOON + 90 * DAY - 1, Ordering::SeqCst);
    assert!(signed_in().is_ok());
    world.later(1);
    assert!(matches!(signed_in(), Err(SignInError::Refused)));
    let endless = world
        .node
        .create_token(&token_of("ann", Scope::All, 0))
        .unwrap();
    assert_eq!(endless.expires, None);
    let of_another = world.node.revoke_token(&endless.id, Some("chief"));
    assert!(matches!(of_another, Err(AccountError::UnknownToken(_))));
    let shown = Credentials::Bearer(endless.token);
    assert!(
        world.node.sign_in(&shown, place()).is_ok(),
        "it was not touched"
    );
    world.node.revoke_token(&endless.id, Some("ann")).unwrap();
    assert!(world.node.known_caller(&shown).is_none());
    assert!(world.node.sign_in(&shown, place()).is_err());
    let long = world.node.create_token(&token_of("ann", Scope::All, 3_651));
    assert!(matches!(long, Err(AccountError::BadToken)));
}

fn joining<'a>(name: Option<&'a str>, password: &'a str) -> Joining<'a> {
    Joining {
        name,
        password,
        place: place(),
        agent: "Browser/1",
    }
}

#[test]
fn the_first_account_is_made_by_a_link_that_is_good_once_and_for_an_hour() {
    let world = World::empty();
    let link = || world.node.setup_link().unwrap().unwrap().secret;
    let void = link();
    let ended = link();
    assert_eq!(
        world.node.welcome(&void).unwrap(),
        None,
        "a newer one took its place"
    );
    let shown = world.node.welcome(&ended).unwrap().unwrap();
    assert_eq!((shown.name, shown.role), (None, Role::Admin));
    world.later(welcome::SETUP_MICROS);
    assert_eq!(world.node.welcome(&ended).unwrap(), None);
    let use_it = |secret: &str, name, password| {
        world
            .node
            .use_welcome_link(secret, &joining(name, password))
    };
    let late = use_it(&ended, Some("chief"), PASSWORD);
    assert!(matches!(late, Err(AccountError::BadLink)), "{late:?}");
    let secret = link();
    let short = use_it(&secret, Some("chief"), "short");
    assert!(matches!(short, Err(AccountError::BadPassword)));
    let nameless = use_it(&secret, None, PASSWORD);
    assert!(matches!(nameless, Err(AccountError::BadName(_))));
    let opened = use_it(&secret, Some("chief"), PASSWORD).unwrap();
    assert_eq!(world.person(&opened.secret).unwrap().role, Role::Admin);
    let again = use_it(&secret, Some("other"), PASSWORD);
    assert!(matches!(again, Err(AccountError::BadLink)));
    assert!(
        world.node.setup_link().unwrap().is_none(),
        "there is an account"
    );
}

#[test]
fn a_link_for_the_first_account_is_void_once_there_is_one() {
    let world = World::empty();
    let secret = world.node.setup_link().unwrap().unwrap().secret;
    let whose = Belonging::default();
    world
        .node
        .add_account(&new("ann", Role::Admin), &whose)
        .unwrap();
    assert_eq!(world.node.welcome(&secret).unwrap(), None);
    let used = world
        .node
        .use_welcome_link(&secret, &joining(Some("bob"), PASSWORD));
    assert!(matches!(used, Err(AccountError::BadLink)));
}

#[test]
fn an_invited_person_gets_the_account_that_was_meant_for_them_and_no_other() {
    let world = World::new();
    let invite = |name: &str| {
        world
            .node
            .invite("chief", name, Role::Duty, Some("dora@alpha.example"))
    };
    let taken = invite("ann");
    assert!(matches!(taken, Err(AccountError::Taken(_))), "{taken:?}");
    let first = invite("dora").unwrap().secret;
    let secret = invite("dora").unwrap().secret;
    assert_eq!(world.node.welcome(&first).unwrap(), None);
    assert_eq!(world.node.invitations().unwrap().len(), 1);
    world.later(welcome::INVITATION_MICROS - 1);
    let opened = world
        .node
        .use_welcome_link(&secret, &joining(Some("chief2"), PASSWORD))
        .unwrap();
    let person = world.person(&opened.secret).unwrap();
    assert_eq!((person.account.as_str(), person.role), ("dora", Role::Duty));
    assert_eq!(person.address.as_deref(), Some("dora@alpha.example"));
    let withdrawn = world
        .node
        .invite("chief", "eve", Role::Viewer, None)
        .unwrap()
        .secret;
    world.node.withdraw_invitation("eve").unwrap();
    let used = world
        .node
        .use_welcome_link(&withdrawn, &joining(None, PASSWORD));
    assert!(matches!(used, Err(AccountError::BadLink)));
    let ended = world
        .node
        .invite("chief", "eve", Role::Viewer, None)
        .unwrap()
        .secret;
    world.later(welcome::INVITATION_MICROS);
    assert_eq!(world.node.welcome(&ended).unwrap(), None);
}

fn audit_of(world: &World) -> Vec<String> {
    let asked = Asked {
        limit: 100,
        ..Asked::default()
    };
    let rows = world.node.audit(&asked).unwrap();
    let rows = rows.iter().rev().map(|row| {
        let way = row
            .way
            .split_once(' ')
            .map_or(row.way.as_str(), |(way, _)| way);
        let place = if row.place.is_empty() { "" } else { "@" };
        format!(
            "{}{place} {way} {} {} {}",
            row.account, row.operation, row.target, row.outcome
        )
    });
    rows.collect()
}

#[test]
fn sign_ins_good_and_bad_are_written_down_and_what_may_be_a_password_is_not() {
    let world = World::new();
    let wrong = shows("ann", "not this one");
    assert!(world.node.open_session(&wrong, None, place(), "").is_err());
    let nobody = shows("my secret password", "ann");
    assert!(world.node.open_session(&nobody, None, place(), "").is_err());
    world.open(None).unwrap();
    world
        .node
        .sign_in(&shows("ann", PASSWORD), place())
        .unwrap();
    let guessed = Credentials::Bearer("comity_00".to_owned());
    assert!(world.node.sign_in(&guessed, place()).is_err());
    world.enrol();
    assert!(world.open(Some("1")).is_err());
    let expected = [
        "ann@ password sign_in  refused",
        "@ password sign_in  refused",
        "ann@ session sign_in  password",
        "ann@ password sign_in  password",
        "@ token sign_in  refused",
        "ann@ code sign_in  refused",
    ];
    assert_eq!(audit_of(&world), expected);
    world.later(audit::KEPT_DAYS * DAY + 1);
    world.node.forget_ended().unwrap();
    assert_eq!(audit_of(&world).len(), 1, "the newest stays");
}

#[test]
fn whoever_signs_out_is_out_at_once_and_that_is_written_down() {
    let world = World::new();
    let [one, other] = [(); 2].map(|()| world.open(None).unwrap());
    let person = world.person(&one.secret).unwrap();
    world.node.sign_out(&person).unwrap();
    assert_eq!(world.person(&one.secret), None);
    assert!(world.person(&other.secret).is_some());
    let last = audit_of(&world).pop().unwrap();
    assert_eq!(last, format!("ann@ session sign_out {} done", one.id));
}

#[test]
fn what_a_person_changes_is_written_down_with_who_it_was_and_denials_too() {
    let world = World::new();
    let person = |name: &str| {
        let opened = world
            .node
            .open_session(&shows(name, PASSWORD), None, place(), "")
            .unwrap();
        world.person(&opened.secret).unwrap()
    };
    let (ann, chief) = (person("ann"), person("chief"));
    let ask = |person: &Person, name: &str, arguments: serde_json::Value| {
        world.node.ask(person, name, arguments)
    };
    let role = json!({ "name": "ann", "role": "viewer" });
    assert!(matches!(
        ask(&ann, "set_user_role", role.clone()),
        Err(Denied::Role { .. })
    ));
    ask(&chief, "set_user_role", role).unwrap();
    assert!(
        ask(
            &chief,
            "set_user_role",
            json!({ "name": "nobody", "role": "viewer" })
        )
        .is_err()
    );
    let made = ask(
        &ann,
        "create_own_token",
        json!({ "name": "mine", "scope": "read", "days": 1 }),
    );
    assert!(made.unwrap().get("token").is_some());
    let spoofed = json!({ "name": "x", "scope": "read", "days": 1, "by": "chief" });
    assert!(matches!(
        ask(&ann, "create_own_token", spoofed),
        Err(Denied::Arguments(_))
    ));
    let listed = ask(&ann, "list_own_tokens", json!({})).unwrap();
    assert_eq!(
        listed.pointer("/items/0/name"),
        Some(&json!("mine")),
        "{listed}"
    );
    let operator = SignInCommand::SetPassword {
        name: "ann".to_owned(),
        password: "another one now".to_owned(),
    };
    world.node.execute(Command::SignIn(operator));
    let rows = audit_of(&world);
    let expected = [
        "ann@ session set_user_role  denied",
        "chief@ session set_user_role ann done",
        "chief@ session set_user_role nobody refused",
        "ann@ session create_own_token mine done",
        " operator set_user_password ann done",
    ];
    assert_eq!(rows.get(2..).unwrap(), expected);
    assert!(!rows.concat().contains("another one now"));
}

#[test]
fn a_token_does_no_more_than_its_scope_and_never_changes_by_what_its_account_signs_in() {
    let world = World::new();
    let ask = |scope, name: &str| {
        let made = world
            .node
            .create_token(&token_of("chief", scope, 1))
            .unwrap();
        let caller = world
            .node
            .sign_in(&Credentials::Bearer(made.token), place())
            .unwrap();
        let person = world.node.person_of(&caller, place()).unwrap();
        let arguments = match name {
            "create_own_token" => json!({ "scope": "all", "days": 0 }),
            "create_collection" => json!({ "title": "House" }),
            _ => json!({}),
        };
        world.node.ask(&person, name, arguments)
    };
    assert!(matches!(
        ask(Scope::Read, "create_collection"),
        Err(Denied::Scope("read"))
    ));
    assert!(ask(Scope::Read, "list_users").is_ok());
    assert!(matches!(
        ask(Scope::Write, "create_collection"),
        Err(Denied::Scope("write"))
    ));
    assert!(ask(Scope::All, "create_collection").is_ok());
    for scope in Scope::ALL {
        assert!(
            matches!(ask(scope, "create_own_token"), Err(Denied::NeedsPerson)),
            "{scope:?}"
        );
    }
}

#[test]
fn grants_are_entries_of_the_ledger_that_verify() {
    let world = World::new();
    let node = &world.node;
    node.own_card(&CardFacts::default()).unwrap();
    let house = node
        .create_collection("House", None, Some("house"))
        .unwrap();
    let rights = Rights {
        read: true,
        write: false,
    };
    node.grant("chief", "house", "ann", rights).unwrap();
    node.set_role("chief", "ann", Role::Duty).unwrap();
    node.create_token(&token_of("ann", Scope::Read, 1)).unwrap();
    for contents in [true, false] {
        let view = node.ledger_view(contents).unwrap();
        let report = verify(&mut node.ledger_files(view)).unwrap();
        assert!(report.is_sound(), "{:?}", report.problems);
        assert_eq!((report.grants, report.logs.first().unwrap().size), (5, 5));
    }
    let contents = node.inner.state.read(|tx| {
        let ids = grant::identities(tx, &[0; 32], &[255; 32], 9)?;
        let mut rows = Vec::new();
        for id in ids {
            rows.extend(grant::find(tx, &id)?);
        }
        Ok::<_, StoreError>(rows)
    });
    let mut contents = contents.unwrap();
    contents.sort_by_key(|row| row.position);
    let third = contents.get(2).unwrap();
    let text = String::from_utf8(third.content.clone()).unwrap();
    let expected = format!(
        r#"{{"by":"chief","account":"ann","right":{{"collection":{{"collection":"{}","read":true,"write":false}}}}}}"#,
        house.id
    );
    assert_eq!(text, expected);
    let signed = String::from_utf8(third.note.clone()).unwrap();
    assert!(
        !signed.contains("ann"),
        "the note itself names nobody: {signed}"
    );
    // An entry whose note is gone is missed.
    let gone = node.inner.state.write(|tx| {
        tx.execute(
            "DELETE FROM grant_note WHERE position = ?1",
            &[2_i64.into()],
        )
    });
    assert_eq!(gone.unwrap(), 1);
    let view = node.ledger_view(true).unwrap();
    let report = verify(&mut node.ledger_files(view)).unwrap();
    assert!(
        report.problems.concat().contains("1 entries stand for"),
        "{:?}",
        report.problems
    );
}
