//! Passkeys of a node whose clock is set, with an authenticator of the tests' own.
//!
//! In scope: when a passkey is kept, when it opens a session and when no more. Out of scope: a real authenticator (the flows of
//! the pages).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::account::public_key::tests::Pair;
use crate::account::tests::{World, place};

const PRESENT_AND_VERIFIED: u8 = 0x05;
const MINUTE: i64 = 60_000_000;

/// What an authenticator or a browser says otherwise.
type Change = fn(&mut Device);

fn text(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn at(host: &str) -> Origin {
    Origin::parse(true, host).unwrap()
}

/// An authenticator with one credential, and the browser before it. Its fields are what it says, to be changed.
struct Device {
    pair: Pair,
    id: Vec<u8>,
    flags: u8,
    counter: u32,
    /// What a browser would say.
    kind: &'static str,
    origin: String,
    host: String,
    framed: bool,
    user_handle: Vec<u8>,
    /// What follows the authenticator data.
    rest: Vec<u8>,
}

/// What a device says, in the words of a form.
struct Said {
    client: String,
    authenticator: String,
    signature: String,
    credential: String,
    user_handle: String,
}

impl Device {
    fn new(pair: Pair) -> Self {
        Self {
            pair,
            id: vec![7; 16],
            flags: PRESENT_AND_VERIFIED,
            counter: 0,
            kind: "webauthn.create",
            origin: "https://node.example".to_owned(),
            host: "node.example".to_owned(),
            framed: false,
            user_handle: Vec::new(),
            rest: Vec::new(),
        }
    }

    fn client(&self, told: &Value) -> Vec<u8> {
        let client = json!({
            "type": self.kind, "challenge": told["challenge"], "origin": self.origin, "crossOrigin": self.framed,
            "unknown": "passed over",
        });
        client.to_string().into_bytes()
    }

    fn head(&self, flags: u8) -> Vec<u8> {
        let mut head = Sha256::digest(&self.host).to_vec();
        head.push(flags);
        head.extend(self.counter.to_be_bytes());
        head
    }

    fn made(&self, told: &Value) -> (String, String) {
        let mut data = self.head(self.flags | 0x40);
        data.extend([9; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        data.extend(self.pair.cose());
        data.extend(&self.rest);
        (text(&self.client(told)), text(&data))
    }

    fn answers(&self, told: &Value) -> Said {
        let client = self.client(told);
        let mut data = self.head(self.flags);
        data.extend(&self.rest);
        let signed = [data.as_slice(), Sha256::digest(&client).as_slice()].concat();
        Said {
            client: text(&client),
            authenticator: text(&data),
            signature: text(&self.pair.sign(&signed)),
            credential: text(&self.id),
            user_handle: text(&self.user_handle),
        }
    }
}

fn added(
    world: &World,
    person: &Person,
    device: &Device,
    name: &str,
) -> Result<String, AccountError> {
    let told = world
        .node
        .begin_passkey(person, &at("node.example"), place())?;
    let (client, authenticator) = device.made(&told);
    let new = NewPasskey {
        name,
        client: &client,
        authenticator: &authenticator,
    };
    world.node.add_passkey(person, &new)
}

fn challenge(world: &World) -> Value {
    let told = world
        .node
        .begin_passkey_sign_in(&at("node.example"), place());
    told.unwrap()
}

fn opened(world: &World, said: &Said) -> Result<OpenedSession, SignInError> {
    let answer = PasskeyAnswer {
        credential: &said.credential,
        client: &said.client,
        authenticator: &said.authenticator,
        signature: &said.signature,
        user_handle: &said.user_handle,
    };
    world
        .node
        .open_passkey_session(&answer, place(), "Browser/1")
}

/// A world, the person "ann" in it, and a device that signs her in.
fn enrolled(pair: Pair) -> (World, Person, Device) {
    let world = World::new();
    let person = world.person(&world.open(None).unwrap().secret).unwrap();
    let mut device = Device::new(pair);
    added(&world, &person, &device, " my key ").unwrap();
    let held = world.node.passkeys("ann").unwrap();
    device
        .user_handle
        .clone_from(&held.first().unwrap().user_handle);
    device.kind = "webauthn.get";
    (world, person, device)
}

#[test]
fn a_passkey_of_each_kind_signs_in_and_counts_as_both_factors() {
    for pair in Pair::all() {
        let (world, _, device) = enrolled(pair);
        world.enrol();
        let session = opened(&world, &device.answers(&challenge(&world))).unwrap();
        let person = world.person(&session.secret).unwrap();
        assert_eq!(person.account, "ann");
        let sessions = world.node.sessions("ann").unwrap();
        assert!(sessions.iter().any(|one| one.means == "passkey"));
        let row = world.node.passkeys("ann").unwrap().remove(0);
        assert_eq!(
            (row.name.as_str(), row.relying_party.as_str()),
            ("my key", "node.example")
        );
        assert!(row.seen.is_some() && !is_copied(&row));
    }
}

#[test]
fn an_answer_is_good_once_for_its_challenge_alone_and_for_five_minutes() {
    let (world, person, device) = enrolled(Pair::ec());
    let said = device.answers(&challenge(&world));
    assert!(opened(&world, &said).is_ok());
    let refused = |said: &Said| {
        let done = opened(&world, said);
        world.later(MINUTE);
        assert!(matches!(done, Err(SignInError::Refused)), "{done:?}");
    };
    refused(&said);
    let told = challenge(&world);
    world.later(CHALLENGE_MICROS);
    refused(&device.answers(&told));
    refused(&device.answers(&json!({ "challenge": text(&[1; 32]) })));
    refused(&device.answers(&json!({ "challenge": "" })));
    // A challenge to add a passkey is none to sign in by, nor the other way round.
    let person = Person {
        signed_in: person.signed_in + 100 * MINUTE,
        ..person
    };
    let told = world
        .node
        .begin_passkey(&person, &at("node.example"), place());
    refused(&device.answers(&told.unwrap()));
    // A wrong answer uses its challenge up.
    let told = challenge(&world);
    let mut wrong = device.answers(&told);
    wrong.signature = text(b"none");
    refused(&wrong);
    refused(&device.answers(&told));
}

#[test]
fn whatever_is_wrong_with_an_answer_is_refused_alike_and_written_down() {
    let (world, _, good) = enrolled(Pair::ec());
    let changes: [(&str, Change); 14] = [
        ("another key", |d| d.pair = Pair::ec()),
        ("another kind", |d| d.kind = "webauthn.create"),
        ("another site", |d| {
            d.origin = "https://evil.example".to_owned();
        }),
        ("no TLS", |d| d.origin = "http://node.example".to_owned()),
        ("another port", |d| {
            d.origin = "https://node.example:444".to_owned();
        }),
        ("another party", |d| d.host = "evil.example".to_owned()),
        ("in a frame", |d| d.framed = true),
        ("nobody there", |d| d.flags = 0x04),
        ("nobody verified", |d| d.flags = 0x01),
        ("copied and not to be copied", |d| d.flags |= BACKED_UP),
        ("to be copied at once", |d| d.flags |= BACKUP_ELIGIBLE),
        ("another credential", |d| d.id = vec![8; 16]),
        ("another account", |d| d.user_handle = vec![1; 32]),
        ("bytes behind it", |d| d.rest = vec![0xa0]),
    ];
    for (why, change) in changes {
        let mut device = Device {
            id: good.id.clone(),
            user_handle: good.user_handle.clone(),
            kind: "webauthn.get",
            ..Device::new(Pair::ec())
        };
        // The pair cannot be copied: what does not change it is signed by the right one.
        change(&mut device);
        let told = challenge(&world);
        let said = if why == "another key" {
            device.answers(&told)
        } else {
            let mut said = device.answers(&told);
            let data = decoded(&said.authenticator, 4_096).unwrap();
            let client = decoded(&said.client, 4_096).unwrap();
            let signed = [data.as_slice(), Sha256::digest(&client).as_slice()].concat();
            said.signature = text(&good.pair.sign(&signed));
            said
        };
        let done = opened(&world, &said);
        assert!(matches!(done, Err(SignInError::Refused)), "{why}: {done:?}");
        world.later(MINUTE);
    }
    assert!(
        opened(&world, &good.answers(&challenge(&world))).is_ok(),
        "the right one"
    );
    let rows = world.node.audit(&comity_store::state::audit::Asked {
        operation: Some("sign_in".to_owned()),
        account: Some("ann".to_owned()),
        before: None,
        limit: 100,
    });
    let refused = rows
        .unwrap()
        .into_iter()
        .filter(|row| row.way == "passkey" && row.outcome == "refused");
    assert_eq!(refused.count(), 13, "all but that of nobody's credential");
}

#[test]
fn a_counter_that_goes_back_is_refused_and_said() {
    let (world, _, mut device) = enrolled(Pair::ec());
    let sign_in = |counter, device: &mut Device| {
        device.counter = counter;
        let done = opened(&world, &device.answers(&challenge(&world)));
        world.later(MINUTE);
        done
    };
    assert!(sign_in(5, &mut device).is_ok());
    for back in [5, 4, 0] {
        let done = sign_in(back, &mut device);
        assert!(
            matches!(done, Err(SignInError::CounterWentBack)),
            "{back}: {done:?}"
        );
    }
    assert!(sign_in(6, &mut device).is_ok());
}

#[test]
fn wrong_answers_are_slowed_down_by_place() {
    let (world, _, mut device) = enrolled(Pair::ec());
    device.flags = 1;
    let mut last = None;
    for _ in 0..8 {
        let told = world
            .node
            .begin_passkey_sign_in(&at("node.example"), place());
        let Ok(told) = told else {
            last = Some(told.unwrap_err());
            break;
        };
        assert!(opened(&world, &device.answers(&told)).is_err());
    }
    assert!(
        matches!(last, Some(SignInError::TooMany { .. })),
        "{last:?}"
    );
}

#[test]
fn a_passkey_is_kept_only_for_whom_it_was_asked_for() {
    let world = World::new();
    let person = world.person(&world.open(None).unwrap().secret).unwrap();
    let changes: [(&str, Change); 7] = [
        ("another kind", |d| d.kind = "webauthn.get"),
        ("another site", |d| {
            d.origin = "https://evil.example".to_owned();
        }),
        ("another party", |d| d.host = "evil.example".to_owned()),
        ("nobody verified", |d| d.flags = 1),
        ("no id", |d| d.id = Vec::new()),
        ("a long id", |d| d.id = vec![1; 1_024]),
        ("bytes behind it", |d| d.rest = vec![0xa0]),
    ];
    for (why, change) in changes {
        let mut device = Device::new(Pair::ec());
        change(&mut device);
        let done = added(&world, &person, &device, "");
        assert!(
            matches!(done, Err(AccountError::BadPasskey)),
            "{why}: {done:?}"
        );
    }
    // Extensions that nobody asked for are passed over.
    let mut device = Device::new(Pair::ec());
    (device.flags, device.rest) = (
        device.flags | 0x80 | BACKUP_ELIGIBLE | BACKED_UP,
        vec![0xa0],
    );
    added(&world, &person, &device, "x").unwrap();
    assert!(is_copied(
        world.node.passkeys("ann").unwrap().first().unwrap()
    ));
    let again = added(&world, &person, &device, "x");
    assert!(
        matches!(again, Err(AccountError::BadPasskey)),
        "one credential, one account"
    );
    // What was asked for in one session is not kept in another, nor for another account.
    let told = world
        .node
        .begin_passkey(&person, &at("node.example"), place())
        .unwrap();
    let device = Device {
        id: vec![3; 16],
        ..Device::new(Pair::ec())
    };
    let (client, authenticator) = device.made(&told);
    let new = NewPasskey {
        name: "",
        client: &client,
        authenticator: &authenticator,
    };
    let elsewhere = world.person(&world.open(None).unwrap().secret).unwrap();
    assert!(matches!(
        world.node.add_passkey(&elsewhere, &new),
        Err(AccountError::BadPasskey)
    ));
    assert!(matches!(
        world.node.add_passkey(&person, &new),
        Err(AccountError::LatePasskey)
    ));
}

#[test]
fn whoever_finds_an_open_browser_or_a_token_adds_no_passkey() {
    let world = World::new();
    let person = world.person(&world.open(None).unwrap().secret).unwrap();
    world.later(FRESH_SIGN_IN_MICROS);
    let device = Device::new(Pair::ec());
    let late = added(&world, &person, &device, "");
    assert!(matches!(late, Err(AccountError::SignInAgain)), "{late:?}");
    let program = Person {
        way: Way::Password,
        signed_in: i64::MAX / 2,
        ..person
    };
    let done = added(&world, &program, &device, "");
    assert!(matches!(done, Err(AccountError::SignInAgain)), "{done:?}");
}

#[test]
fn a_removed_passkey_signs_nobody_in_and_its_sessions_end() {
    let (world, person, device) = enrolled(Pair::ec());
    let by_key = opened(&world, &device.answers(&challenge(&world))).unwrap();
    let here = opened(&world, &device.answers(&challenge(&world))).unwrap();
    let id = world.node.passkeys("ann").unwrap().remove(0).id;
    assert!(
        world.node.remove_passkey("chief", &id, None).is_err(),
        "another's"
    );
    assert!(world.person(&by_key.secret).is_some());
    world
        .node
        .remove_passkey("ann", &id, Some(&here.id))
        .unwrap();
    assert!(world.person(&by_key.secret).is_none());
    assert!(world.person(&here.secret).is_some());
    let Way::Session { id: first } = &person.way else {
        panic!()
    };
    assert!(
        world
            .node
            .sessions("ann")
            .unwrap()
            .iter()
            .any(|one| one.id == *first)
    );
    let done = opened(&world, &device.answers(&challenge(&world)));
    assert!(matches!(done, Err(SignInError::Refused)), "{done:?}");
    assert!(world.node.remove_passkey("ann", &id, None).is_err());
}

#[test]
fn an_account_has_so_many_passkeys_and_no_more_and_each_is_in_the_ledger() {
    let world = World::new();
    let person = world.person(&world.open(None).unwrap().secret).unwrap();
    let grants = || {
        let all = world
            .node
            .inner
            .state
            .read(|tx| comity_store::state::grant::identities(tx, &[0; 32], &[0xff; 32], 100));
        all.unwrap().len()
    };
    let before = grants();
    for number in 0..u8::try_from(PASSKEYS_MAX).unwrap() {
        let device = Device {
            id: vec![number; 16],
            ..Device::new(Pair::ec())
        };
        added(&world, &person, &device, "").unwrap();
    }
    assert_eq!(grants(), before + PASSKEYS_MAX);
    let one_more = added(
        &world,
        &person,
        &Device {
            id: vec![99; 16],
            ..Device::new(Pair::ec())
        },
        "",
    );
    assert!(matches!(one_more, Err(AccountError::TooManyPasskeys)));
    let told = world
        .node
        .begin_passkey(&person, &at("node.example"), place());
    assert!(matches!(told, Err(AccountError::TooManyPasskeys)));
    let asked = comity_store::state::audit::Asked {
        operation: Some("add_own_passkey".to_owned()),
        account: None,
        before: None,
        limit: 100,
    };
    assert_eq!(world.node.audit(&asked).unwrap().len(), PASSKEYS_MAX);
    world.node.remove_account("ann").unwrap();
    assert!(world.node.passkeys("ann").unwrap().is_empty());
}

#[test]
fn passkeys_are_where_browsers_have_them() {
    let of = |secure, host| Origin::parse(secure, host).map(|origin| origin.text().to_owned());
    assert_eq!(
        of(true, "node.example").as_deref(),
        Some("https://node.example")
    );
    assert_eq!(
        of(true, "node.example:8443").as_deref(),
        Some("https://node.example:8443")
    );
    assert_eq!(
        of(false, "localhost:7410").as_deref(),
        Some("http://localhost:7410")
    );
    for (secure, host) in [
        (false, "node.example"),
        (true, "192.0.2.1"),
        (true, "192.0.2.1:8443"),
        (true, "[2001:db8::1]:8443"),
        (true, ""),
        (true, "node..example"),
        (true, "node.example:port"),
        (true, "node.example/x"),
        (true, "evil.example@node.example"),
    ] {
        assert_eq!(of(secure, host), None, "{host}");
    }
}
