//! A provider of the tests' own, honest and otherwise, before a node whose clock is set.
//!
//! In scope: who is let in and who is not. Out of scope: HTTP and a foreign provider (the black-box tests).

use std::collections::HashMap;
use std::sync::Mutex;

use comity_store::state::account::Role;
use serde_json::{Value, json};

use super::id_token::tests::{NOW, good, token};
use super::*;
use crate::account::public_key::tests::Pair;
use crate::account::tests::{World, place};
use crate::person::Way;

const ISSUER: &str = "https://id.example";
const REDIRECT: &str = "https://node.example/sign-in/oidc/return";
const MINUTE: i64 = 60_000_000;

/// A provider; what it says can be changed.
#[derive(Debug)]
struct Fake {
    discovery: Mutex<Value>,
    pair: Mutex<Arc<Pair>>,
    kid: Mutex<&'static str>,
    alg: Mutex<&'static str>,
    /// What the claims of the next token have otherwise.
    changes: Mutex<Value>,
    /// By code: nonce and challenge of its request. A code is good once.
    codes: Mutex<HashMap<String, (String, String)>>,
    asked: Mutex<Vec<String>>,
}

impl Fake {
    fn new() -> Self {
        let discovery = json!({
            "issuer": ISSUER, "authorization_endpoint": "https://id.example/authorize?tenant=1",
            "token_endpoint": "https://id.example/token", "jwks_uri": "https://id.example/keys",
            "authorization_response_iss_parameter_supported": true,
        });
        Self {
            discovery: Mutex::new(discovery),
            pair: Mutex::new(Arc::new(Pair::ec())),
            kid: Mutex::new("k1"),
            alg: Mutex::new("ES256"),
            changes: Mutex::new(json!({})),
            codes: Mutex::default(),
            asked: Mutex::default(),
        }
    }

    fn set<T>(what: &Mutex<T>, value: T) {
        *what.lock().unwrap() = value;
    }

    /// What the person's browser is sent back with, once they have agreed: code and state.
    fn authorize(&self, url: &str) -> (String, String) {
        let (place, query) = url.split_once("?tenant=1&").unwrap();
        assert_eq!(place, "https://id.example/authorize");
        let fields: HashMap<&str, &str> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        assert_eq!(fields["code_challenge_method"], "S256");
        assert_eq!(
            (
                fields["response_type"],
                fields["scope"],
                fields["client_id"]
            ),
            ("code", "openid", "comity")
        );
        let mut codes = self.codes.lock().unwrap();
        // No two flights have one code, also when one was used up.
        let code = format!("code{}", fields["state"]);
        let kept = (
            fields["nonce"].to_owned(),
            fields["code_challenge"].to_owned(),
        );
        codes.insert(code.clone(), kept);
        (code, fields["state"].to_owned())
    }
}

impl Outside for Fake {
    fn get(&self, url: &str) -> Result<Vec<u8>, String> {
        self.asked.lock().unwrap().push(url.to_owned());
        let document = match url {
            "https://id.example/.well-known/openid-configuration" => {
                self.discovery.lock().unwrap().clone()
            }
            "https://id.example/keys" => {
                let mut jwk = self.pair.lock().unwrap().jwk();
                jwk["kid"] = json!(*self.kid.lock().unwrap());
                json!({ "keys": [jwk] })
            }
            other => return Err(format!("{other}: nothing there")),
        };
        Ok(document.to_string().into_bytes())
    }

    fn post(
        &self,
        url: &str,
        form: String,
        basic: Option<(String, String)>,
    ) -> Result<(u16, Vec<u8>), String> {
        assert_eq!(url, "https://id.example/token");
        assert_eq!(basic, Some(("comity".to_owned(), "s%26ecret".to_owned())));
        let fields: HashMap<&str, &str> = form
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let refused = || Ok((400, br#"{"error":"invalid_grant"}"#.to_vec()));
        let taken = self.codes.lock().unwrap().remove(fields["code"]);
        let Some((nonce, challenge)) = taken else {
            return refused();
        };
        if BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(fields["code_verifier"])) != challenge {
            return refused();
        }
        let mut claims = good(&nonce);
        for (name, value) in self.changes.lock().unwrap().as_object().unwrap() {
            claims[name] = value.clone();
        }
        let header = json!({ "alg": *self.alg.lock().unwrap(), "kid": *self.kid.lock().unwrap() });
        let signed = token(&self.pair.lock().unwrap(), &header, &claims);
        let answer =
            json!({ "access_token": "unused", "token_type": "Bearer", "id_token": signed });
        Ok((200, answer.to_string().into_bytes()))
    }
}

fn world(second_factor: &[&str]) -> (World, Arc<Fake>) {
    let world = World::new();
    let fake = Arc::new(Fake::new());
    world.node.use_oidc(OidcTerms {
        issuer: ISSUER.to_owned(),
        client: "comity".to_owned(),
        secret: Zeroizing::new("s&ecret".to_owned()),
        name: "the house".to_owned(),
        second_factor: second_factor
            .iter()
            .map(|word| (*word).to_owned())
            .collect(),
    });
    let outside: Arc<dyn Outside> = fake.clone();
    world.node.use_outside(outside);
    // The clock of the tests of tokens.
    assert_eq!(world.node.inner.clock.now() / 1_000_000, NOW);
    (world, fake)
}

fn begin(world: &World) -> Departure {
    world
        .node
        .begin_oidc(None, (REDIRECT, "/objects"), place())
        .unwrap()
}

fn finish(world: &World, code: &str, state: &str, cookie: &str) -> Result<Arrival, OidcError> {
    let returned = Returned {
        state,
        code: Some(code),
        iss: Some(ISSUER),
        cookie,
        person: None,
    };
    world.node.finish_oidc(&returned, place(), "Browser/1")
}

/// Goes the whole way.
fn goes(world: &World, fake: &Fake) -> Result<Arrival, OidcError> {
    let departure = begin(world);
    let (code, state) = fake.authorize(&departure.url);
    let done = finish(world, &code, &state, &departure.cookie);
    world.later(MINUTE);
    done
}

fn linked(second_factor: &[&str]) -> (World, Arc<Fake>) {
    let (world, fake) = world(second_factor);
    world.node.link_identity("chief", "ann", "4711").unwrap();
    (world, fake)
}

#[test]
fn a_linked_person_is_let_in_with_a_new_session_and_nobody_else() {
    let (world, fake) = linked(&[]);
    let Ok(Arrival::Opened(opened, next)) = goes(&world, &fake) else {
        panic!("not let in");
    };
    assert_eq!(
        (opened.account.as_str(), next.as_str()),
        ("ann", "/objects")
    );
    let sessions = world.node.sessions("ann").unwrap();
    assert_eq!(sessions.first().unwrap().means, "oidc");
    assert!(
        world
            .node
            .identities("ann")
            .unwrap()
            .first()
            .unwrap()
            .seen
            .is_some()
    );
    Fake::set(&fake.changes, json!({ "sub": "4712", "iat": NOW + 60 }));
    let stranger = goes(&world, &fake);
    assert!(
        matches!(&stranger, Err(OidcError::NotLinked(subject)) if subject == "4712"),
        "{stranger:?}"
    );
    assert!(
        world
            .node
            .accounts()
            .unwrap()
            .iter()
            .all(|account| account.name != "4712")
    );
}

#[test]
fn an_answer_is_that_of_its_own_browser_and_good_once() {
    let (world, fake) = linked(&[]);
    let late = |done: Result<Arrival, OidcError>| {
        assert!(matches!(done, Err(OidcError::Late)), "{done:?}");
    };
    // Another browser's, as who would have somebody signed in as somebody else.
    let [mine, other] = [begin(&world), begin(&world)];
    let (code, state) = fake.authorize(&mine.url);
    late(finish(&world, &code, &state, &other.cookie));
    late(finish(&world, &code, &state, &mine.cookie));
    // A code again, and the whole answer again.
    let mine = begin(&world);
    let (code, state) = fake.authorize(&mine.url);
    assert!(finish(&world, &code, &state, &mine.cookie).is_ok());
    late(finish(&world, &code, &state, &mine.cookie));
    let again = begin(&world);
    let (_, state) = fake.authorize(&again.url);
    let replayed = finish(&world, &code, &state, &again.cookie);
    assert!(matches!(replayed, Err(OidcError::Token(_))), "{replayed:?}");
    // The code of another's flight: their verifier is not ours.
    let [mine, theirs] = [begin(&world), begin(&world)];
    let (_, state) = fake.authorize(&mine.url);
    let (code, _) = fake.authorize(&theirs.url);
    let stolen = finish(&world, &code, &state, &mine.cookie);
    assert!(matches!(stolen, Err(OidcError::Token(_))), "{stolen:?}");
    world.later(MINUTE);
    let slow = begin(&world);
    let (code, state) = fake.authorize(&slow.url);
    world.later(FLIGHT_MICROS);
    late(finish(&world, &code, &state, &slow.cookie));
    for state in ["", "!", &"a".repeat(1_000)] {
        world.later(2 * MINUTE);
        late(finish(&world, "c", state, ""));
    }
}

#[test]
fn a_token_that_does_not_count_lets_nobody_in() {
    let (world, fake) = linked(&[]);
    for changes in [
        json!({ "nonce": "another" }),
        json!({ "aud": "another" }),
        json!({ "iss": "https://evil.example" }),
        json!({ "exp": NOW - 600 }),
    ] {
        Fake::set(&fake.changes, changes.clone());
        let done = goes(&world, &fake);
        assert!(
            matches!(done, Err(OidcError::Token(_))),
            "{changes}: {done:?}"
        );
    }
    Fake::set(&fake.changes, json!({ "iat": NOW + 240, "exp": NOW + 900 }));
    for alg in ["none", "HS256"] {
        Fake::set(&fake.alg, alg);
        let done = goes(&world, &fake);
        assert!(matches!(done, Err(OidcError::Token(_))), "{alg}: {done:?}");
    }
    Fake::set(&fake.alg, "ES256");
    Fake::set(&fake.pair, Arc::new(Pair::ec()));
    let forged = goes(&world, &fake);
    assert!(
        matches!(forged, Err(OidcError::Token(words)) if words.contains("signature")),
        "{forged:?}"
    );
    // A key that is not known yet is asked for.
    Fake::set(&fake.kid, "k2");
    assert!(matches!(goes(&world, &fake), Ok(Arrival::Opened(..))));
}

#[test]
fn the_answer_says_which_provider_it_is_of() {
    let (world, fake) = linked(&[]);
    for (iss, right) in [
        (Some("https://evil.example"), false),
        (None, false),
        (Some(ISSUER), true),
    ] {
        let departure = begin(&world);
        let (code, state) = fake.authorize(&departure.url);
        let cookie = departure.cookie.as_str();
        let returned = Returned {
            state: &state,
            code: Some(&code),
            iss,
            cookie,
            person: None,
        };
        let done = world.node.finish_oidc(&returned, place(), "Browser/1");
        assert_eq!(done.is_ok(), right, "{iss:?}: {done:?}");
    }
    let departure = begin(&world);
    let (_, state) = fake.authorize(&departure.url);
    let cookie = departure.cookie.as_str();
    let returned = Returned {
        state: &state,
        code: None,
        iss: Some(ISSUER),
        cookie,
        person: None,
    };
    let declined = world.node.finish_oidc(&returned, place(), "Browser/1");
    assert!(matches!(declined, Err(OidcError::Declined)), "{declined:?}");
}

#[test]
fn a_provider_that_says_it_is_another_or_has_no_tls_is_not_used() {
    for (name, value) in [
        ("issuer", "https://evil.example"),
        ("token_endpoint", "http://id.example/token"),
        ("jwks_uri", "file:///keys"),
        ("authorization_endpoint", "javascript:alert(1)"),
    ] {
        let (world, fake) = world(&[]);
        fake.discovery.lock().unwrap()[name] = json!(value);
        let done = world.node.begin_oidc(None, (REDIRECT, "/"), place());
        assert!(
            matches!(done, Err(OidcError::Provider(_))),
            "{name}: {done:?}"
        );
    }
    let (world, fake) = linked(&[]);
    for _ in 0..3 {
        Fake::set(
            &fake.changes,
            json!({ "iat": world.node.inner.clock.now() / 1_000_000 }),
        );
        assert!(goes(&world, &fake).is_ok());
    }
    assert_eq!(fake.asked.lock().unwrap().len(), 2, "documents are kept");
    for (url, usable) in [
        ("https://id.example", true),
        ("http://localhost:9000/x", true),
        ("http://127.0.0.1:1", true),
        ("http://[::1]:1/", true),
        ("http://id.example", false),
        ("http://localhost.evil.example", false),
        ("http://localhost@evil.example/", false),
        ("https://", false),
        ("https://id.example/#x", false),
        ("https://id.example/\u{e9}", false),
    ] {
        assert_eq!(is_usable(url), usable, "{url}");
    }
}

#[test]
fn the_second_factor_of_an_account_is_asked_for_unless_the_provider_stands_for_it() {
    let (world, fake) = linked(&[]);
    let (_, recovery) = world.enrol();
    let proof = |done| match done {
        Ok(Arrival::CodeNeeded(proof)) => proof,
        other => panic!("{other:?}"),
    };
    let first = proof(goes(&world, &fake));
    let code = |proof: &str, code: &str| {
        world
            .node
            .finish_oidc_with_code(proof, code, place(), "Browser/1")
    };
    let second = proof(code(&first, "000000"));
    assert!(
        matches!(
            code(&first, recovery.first().unwrap()),
            Err(OidcError::Late)
        ),
        "a proof is good once"
    );
    let done = code(&second, recovery.first().unwrap());
    assert!(matches!(done, Ok(Arrival::Opened(..))), "{done:?}");
    assert_eq!(
        world.node.sessions("ann").unwrap().first().unwrap().means,
        "oidc+recovery"
    );
    for (words, opens) in [(&["otp"][..], true), (&["2"], true), (&["hwk"], false)] {
        let (world, fake) = linked(words);
        world.enrol();
        let done = goes(&world, &fake).unwrap();
        assert_eq!(
            matches!(done, Arrival::Opened(..)),
            opens,
            "{words:?}: {done:?}"
        );
    }
}

#[test]
fn a_person_links_while_signed_in_and_the_link_ends_with_its_sessions() {
    let (world, fake) = world(&[]);
    let person = world.person(&world.open(None).unwrap().secret).unwrap();
    let departs = |person: &Person| {
        world
            .node
            .begin_oidc(Some(person), (REDIRECT, "/"), place())
    };
    let departure = departs(&person).unwrap();
    let (code, state) = fake.authorize(&departure.url);
    let mut returned = Returned {
        state: &state,
        code: Some(&code),
        iss: Some(ISSUER),
        cookie: &departure.cookie,
        person: None,
    };
    let nobody = world.node.finish_oidc(&returned, place(), "Browser/1");
    assert!(matches!(nobody, Err(OidcError::Late)), "{nobody:?}");
    let departure = departs(&person).unwrap();
    let (code, state) = fake.authorize(&departure.url);
    (returned.code, returned.state, returned.cookie) =
        (Some(code.as_str()), &state, &departure.cookie);
    returned.person = Some(&person);
    let done = world.node.finish_oidc(&returned, place(), "Browser/1");
    assert!(matches!(done, Ok(Arrival::Linked)), "{done:?}");
    let taken = world.node.link_identity("chief", "chief", "4711");
    assert!(
        matches!(taken, Err(AccountError::IdentityTaken)),
        "{taken:?}"
    );
    let Ok(Arrival::Opened(opened, _)) = goes(&world, &fake) else {
        panic!("not let in");
    };
    let id = world.node.identities("ann").unwrap().remove(0).id;
    assert!(
        world.node.unlink_identity("chief", &id, None).is_err(),
        "another's"
    );
    world.node.unlink_identity("ann", &id, None).unwrap();
    assert!(world.person(&opened.secret).is_none());
    Fake::set(
        &fake.changes,
        json!({ "iat": world.node.inner.clock.now() / 1_000_000 }),
    );
    assert!(matches!(goes(&world, &fake), Err(OidcError::NotLinked(_))));
    // Neither whoever finds an open browser nor a program links anything.
    world.later(16 * MINUTE);
    let late = departs(&person);
    assert!(
        matches!(late, Err(OidcError::Account(AccountError::SignInAgain))),
        "{late:?}"
    );
    let program = Person {
        way: Way::Password,
        ..person
    };
    assert!(departs(&program).is_err());
}

#[test]
fn what_cannot_be_linked_is_said() {
    let (world, _) = world(&[]);
    let link = |name: &str, subject: &str| world.node.link_identity("chief", name, subject);
    assert!(matches!(link("nobody", "1"), Err(AccountError::Unknown(_))));
    for subject in ["", "a\nb", &"x".repeat(256)] {
        assert!(
            matches!(link("ann", subject), Err(AccountError::BadSubject)),
            "{subject:?}"
        );
    }
    let bare = World::new();
    let without = bare.node.link_identity("chief", "ann", "1");
    assert!(matches!(without, Err(AccountError::NoProvider)));
    assert!(matches!(
        bare.node.begin_oidc(None, (REDIRECT, "/"), place()),
        Err(OidcError::NotSet)
    ));
    assert_eq!(bare.node.account_named("ann").unwrap().role, Role::Analyst);
}
