use proptest::prelude::*;

use super::*;

const DOMAIN: &str = "in.alpha.example";

fn keys() -> MacKeys {
    keys_of(&[0])
}

fn keys_of(ids: &[u8]) -> MacKeys {
    let key = |id: &u8| MacKey::new(*id, Zeroizing::new([*id ^ 0x5a; 32]));
    MacKeys::new(ids.iter().map(key).collect()).unwrap()
}

fn bound(purpose: Purpose, party: &'static str, thread: &'static str) -> Bound<'static> {
    Bound::new(purpose, party, DOMAIN, thread).unwrap()
}

fn known(bound: Bound<'_>, id: AddressId) -> Known<'_> {
    Known {
        bound,
        id,
        in_force: Choice::from(1),
    }
}

const ID: AddressId = AddressId::new([1, 2, 3, 4, 5]);

fn local(keys: &MacKeys, bound: &Bound<'_>) -> String {
    let token = Token::make(keys, ID, 20_800, bound);
    local_part(bound.purpose, Separator::Plus, &token)
}

#[test]
fn an_address_says_its_purpose_and_nothing_of_party_case_or_date() {
    let bound = bound(Purpose::Case, "bravo", "case--6d1c");
    let local = local(&keys(), &bound);
    assert_eq!(local.len(), "case+".len() + TOKEN_CHARS);
    assert!(local.starts_with("case+"), "{local}");
    assert!(
        !local.contains("bravo") && !local.contains("6d1c"),
        "{local}"
    );
    let longest = Purpose::ALL.iter().map(|each| each.word().len()).max();
    assert!(longest.unwrap() <= PURPOSE_ROOM);
    assert!(longest.unwrap() + 1 + TOKEN_CHARS <= LOCAL_BYTES_MAX);
}

#[test]
fn a_token_is_for_one_purpose_party_domain_and_thread() {
    let keys = keys();
    let issued = bound(Purpose::Request, "bravo", "");
    let local = local(&keys, &issued);
    let check = |known: &Known<'_>, expected| {
        assert_eq!(accepts(&keys, &read(&local), known), expected, "{known:?}");
    };
    check(&known(issued, ID), true);
    for other in [
        bound(Purpose::Samples, "bravo", ""),
        bound(Purpose::Request, "charlie", ""),
        bound(Purpose::Request, "bravo", "request--1"),
        Bound::new(Purpose::Request, "bravo", "in.bravo.example", "").unwrap(),
        // What one text loses the next does not gain.
        Bound::new(Purpose::Request, "bravoin.", "alpha.example", "").unwrap(),
    ] {
        check(&known(other, ID), false);
    }
    check(&known(issued, ID.other()), false);
    let ended = Known {
        in_force: Choice::from(0),
        ..known(issued, ID)
    };
    check(&ended, false);
}

#[test]
fn the_purpose_in_front_cannot_be_changed() {
    let keys = keys();
    let issued = bound(Purpose::Ping, "bravo", "");
    let local = local(&keys, &issued).replace("ping", "samples");
    let as_samples = bound(Purpose::Samples, "bravo", "");
    assert!(!accepts(&keys, &read(&local), &known(issued, ID)));
    assert!(!accepts(&keys, &read(&local), &known(as_samples, ID)));
}

#[test]
fn the_day_cannot_be_stretched() {
    let keys = keys();
    let issued = bound(Purpose::Ping, "bravo", "");
    let mut token = Token::make(&keys, ID, 20_800, &issued);
    token.last_day += 1;
    let local = local_part(Purpose::Ping, Separator::Plus, &token);
    assert!(!accepts(&keys, &read(&local), &known(issued, ID)));
}

#[test]
fn a_key_that_follows_makes_tokens_and_the_one_before_still_checks_its_own() {
    let (one, both) = (keys_of(&[0]), keys_of(&[0, 1]));
    let issued = bound(Purpose::Ping, "bravo", "");
    let (old, new) = (local(&one, &issued), local(&both, &issued));
    assert_ne!(old, new);
    let taken = |keys: &MacKeys, local: &str| accepts(keys, &read(local), &known(issued, ID));
    assert!(taken(&both, &old) && taken(&both, &new));
    // A key that is given up takes its addresses along, and another key under its number does not bring them back.
    assert!(!taken(&keys_of(&[1]), &old));
    let mut stranger = both.clone();
    stranger.newest.id = 7;
    assert!(!taken(&stranger, &new));
    assert!(MacKeys::new(Vec::new()).is_none());
    let twice = [0, 0].map(|id| MacKey::new(id, Zeroizing::new([1; 32])));
    assert!(MacKeys::new(twice.to_vec()).is_none());
}

#[test]
fn what_has_no_form_is_read_as_the_decoy() {
    let token = Token::make(&keys(), ID, 1, &bound(Purpose::Ping, "b", "")).to_string();
    for bad in [
        String::new(),
        "postmaster".to_owned(),
        token.clone(),
        format!("+{token}"),
        format!("pong+{token}"),
        format!("ping={token}"),
        format!("ping+{token}").replace(&token, &"1".repeat(TOKEN_CHARS)),
        format!("ping+{token}a"),
        format!("ping+\u{e4}{token}"),
        format!("{}+{token}", "ping+".repeat(7)),
        "ö".repeat(32),
    ] {
        let read = read(&bad);
        assert!(!bool::from(read.formed), "{bad}");
        assert_eq!(read.token.id(), AddressId::DECOY, "{bad}");
    }
}

/// Not for secrets: the same numbers each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn local(&mut self) -> String {
        let letters = (0..TOKEN_CHARS).map(|_| {
            let place = usize::try_from(self.next() >> 33).unwrap() % ALPHABET.len();
            char::from(ALPHABET[place])
        });
        let token: String = letters.collect();
        format!("ping+{token}")
    }
}

#[test]
fn of_a_million_random_local_parts_none_is_taken() {
    // The worst case for the node: each names an address that is in force, under a key that there is.
    let keys = keys();
    let issued = bound(Purpose::Ping, "bravo", "");
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    // Without optimisation a million takes a quarter of a minute; `cargo test --release` tries them all.
    let rounds = if cfg!(debug_assertions) {
        100_000
    } else {
        1_000_000
    };
    let taken = (0..rounds).filter(|round| {
        let mut read = read(&numbers.local());
        if round % 2 == 0 {
            (read.token.version, read.token.key) = (VERSION, 0);
        }
        let known = known(issued, read.token.id);
        accepts(&keys, &read, &known)
    });
    assert_eq!(taken.count(), 0);
}

proptest! {
    #[test]
    fn a_token_is_read_back_in_either_case_and_with_either_separator(
        id in any::<[u8; 5]>(), day in any::<u16>(), party in "[a-z0-9][a-z0-9.-]{0,63}", purpose in 0..Purpose::ALL.len(),
        upper in any::<bool>(), minus in any::<bool>(),
    ) {
        let (keys, purpose) = (keys(), Purpose::ALL[purpose]);
        let bound = Bound::new(purpose, &party, DOMAIN, "").unwrap();
        let token = Token::make(&keys, AddressId::new(id), day, &bound);
        let separator = if minus { Separator::Minus } else { Separator::Plus };
        let local = local_part(purpose, separator, &token);
        let local = if upper { local.to_ascii_uppercase() } else { local };
        let read = read(&local);
        prop_assert_eq!((read.purpose, read.token), (purpose, token));
        prop_assert!(accepts(&keys, &read, &known(bound, AddressId::new(id))));
    }

    #[test]
    fn one_changed_character_is_refused(place in 0..TOKEN_CHARS, by in 1..32_usize) {
        let keys = keys();
        let issued = bound(Purpose::Ping, "bravo", "");
        let mut token: Vec<u8> = Token::make(&keys, ID, 7, &issued).to_string().into_bytes();
        let was = ALPHABET.iter().position(|letter| *letter == token[place]).unwrap();
        token[place] = ALPHABET[(was + by) % 32];
        let local = format!("ping+{}", String::from_utf8(token).unwrap());
        let read = read(&local);
        prop_assert!(!accepts(&keys, &read, &known(issued, read.token.id)));
    }

    #[test]
    fn any_local_part_is_read_without_harm(local in any::<String>()) {
        let keys = keys();
        let issued = bound(Purpose::Ping, "bravo", "");
        prop_assert!(!accepts(&keys, &read(&local), &known(issued, ID)));
    }
}
