//! What strangers learn, and what the rows say.

use std::cell::RefCell;
use std::time::Instant;

use comity_mail::token::{
    AddressId, Bound, MacKey, MacKeys, Purpose, Separator, Token, local_part,
};
use comity_store::error::StoreError;
use comity_store::state::address::{self as rows, AddressRow};
use comity_store::state::{Row, State, Tx, Value};
use zeroize::Zeroizing;

use super::recipient::{Standing, look_up};

const DOMAIN: &str = "in.alpha.example";
const NOW: i64 = 1_800_000_000;

fn keys() -> MacKeys {
    MacKeys::new(vec![MacKey::new(0, Zeroizing::new([9; 32]))]).unwrap()
}

fn token(id: AddressId, party: &str) -> String {
    let bound = Bound::new(Purpose::Request, party, DOMAIN, "").unwrap();
    let token = Token::make(&keys(), id, 20_900, &bound);
    local_part(Purpose::Request, Separator::Plus, &token)
}

fn row(number: u8, standing: &str) -> AddressRow {
    let id = AddressId::new([number, 1, 1, 1, 1]);
    AddressRow {
        id: id.as_bytes().to_vec(),
        address: format!("{}@{DOMAIN}", token(id, "bravo")),
        purpose: "request".to_owned(),
        party: "bravo".to_owned(),
        domain: DOMAIN.to_owned(),
        thread: String::new(),
        standing: standing.to_owned(),
        expires: Some(NOW + 10),
        uses_allowed: None,
        uses: 0,
        given: None,
        replaced_by: None,
        reference: None,
        remark: String::new(),
        officer: "duty officer".to_owned(),
        created: NOW,
        changed: NOW,
    }
}

fn local(number: u8) -> String {
    token(AddressId::new([number, 1, 1, 1, 1]), "bravo")
}

/// Rows of every kind: 1 in force, 2 expired, 3 revoked, 4 used up, 5 permanent, 6 an alias, 7 proposed, 8 replaced.
fn state() -> State {
    let state = State::open_in_memory().unwrap();
    let ended = AddressRow {
        expires: Some(NOW - 1),
        ..row(2, "temporary")
    };
    let spent = AddressRow {
        uses_allowed: Some(1),
        uses: 1,
        ..row(4, "temporary")
    };
    let permanent = AddressRow {
        expires: None,
        ..row(5, "permanent")
    };
    let all = [
        row(1, "temporary"),
        ended,
        row(3, "revoked"),
        spent,
        permanent,
        row(6, "alias"),
        row(7, "proposed"),
        row(8, "expired"),
    ];
    for one in all {
        assert!(state.write(|tx| rows::add(tx, &one)).unwrap());
    }
    state
}

/// Local parts that are not taken, each for another reason.
fn refused() -> Vec<(&'static str, String)> {
    let mut forged = local(1);
    let last = if forged.ends_with('a') { 'b' } else { 'a' };
    forged.pop();
    forged.push(last);
    vec![
        ("unknown", local(99)),
        ("bad MAC", forged),
        ("another purpose", local(1).replace("request", "samples")),
        (
            "another party's",
            token(AddressId::new([1, 1, 1, 1, 1]), "charlie"),
        ),
        ("expired", local(2)),
        ("revoked", local(3)),
        ("used up", local(4)),
        ("not confirmed", local(7)),
        ("ended", local(8)),
        ("no address", "postmaster".to_owned()),
        ("the decoy", token(AddressId::DECOY, "nobody")),
    ]
}

/// What was asked of the database, and whether a row came.
struct Watched<'a> {
    tx: &'a mut dyn Tx,
    asked: &'a RefCell<Vec<(&'static str, usize)>>,
}

impl Tx for Watched<'_> {
    fn query(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let found = self.tx.query(sql, values)?;
        self.asked.borrow_mut().push((sql, found.len()));
        Ok(found)
    }

    fn execute(&mut self, _: &'static str, _: &[Value]) -> Result<u64, StoreError> {
        panic!("a question changes nothing")
    }
}

#[test]
fn mail_is_taken_at_what_is_in_force_and_nowhere_else() {
    let (state, keys) = (state(), keys());
    let ask = |local: &str, domain: &str| {
        state
            .read(|tx| look_up(tx, &keys, (local, domain), NOW))
            .unwrap()
    };
    for (number, standing) in [
        (1, Standing::Temporary),
        (5, Standing::Permanent),
        (6, Standing::Alias),
    ] {
        let found = ask(&local(number).to_uppercase(), "IN.alpha.example").unwrap();
        assert_eq!((found.standing, found.party.as_str()), (standing, "bravo"));
        assert_eq!((found.purpose, found.thread), (Purpose::Request, None));
        assert_eq!(found.id, AddressId::new([number, 1, 1, 1, 1]));
        assert_eq!(ask(&local(number), "in.bravo.example"), None);
    }
    for (why, local) in refused() {
        assert_eq!(ask(&local, DOMAIN), None, "{why}");
    }
}

#[test]
fn every_question_costs_one_row_that_is_there_and_one_that_is_not() {
    let (state, keys) = (state(), keys());
    let questions = refused().into_iter().chain([("taken", local(1))]);
    let mut same = None;
    for (why, local) in questions {
        let asked = RefCell::new(Vec::new());
        state
            .read(|tx| {
                let mut watched = Watched { tx, asked: &asked };
                look_up(&mut watched, &keys, (&local, DOMAIN), NOW).map(drop)
            })
            .unwrap();
        let mut asked = asked.into_inner();
        asked.sort_unstable_by_key(|(_, found)| *found);
        let found: Vec<usize> = asked.iter().map(|(_, found)| *found).collect();
        assert_eq!(found, [0, 1], "{why}");
        let statements: Vec<&str> = asked.iter().map(|(sql, _)| *sql).collect();
        assert_eq!(
            *same.get_or_insert_with(|| statements.clone()),
            statements,
            "{why}"
        );
    }
}

#[test]
fn no_reason_takes_much_longer_than_another() {
    // A generous bound that holds on a busy machine; `cargo xtask bench mail guess` measures.
    let (state, keys) = (state(), keys());
    let refused = refused();
    let mut times = vec![Vec::new(); refused.len()];
    for _ in 0..300 {
        for ((_, local), times) in refused.iter().zip(&mut times) {
            let began = Instant::now();
            state
                .read(|tx| look_up(tx, &keys, (local, DOMAIN), NOW))
                .unwrap();
            times.push(began.elapsed());
        }
    }
    let medians = times.iter_mut().map(|times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    let medians: Vec<_> = medians.collect();
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    assert!(*most < *least * 2, "{medians:?}");
}
