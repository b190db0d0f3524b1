//! By what persons and programs sign in, on both engines: sessions, tokens, second factors, links; and the audit
//! log.
//!
//! In scope: that rows come back whole, are taken once and end with their account. Out of scope: secrets (`comity-node`).

use comity_store::error::StoreError;
use comity_store::state::account::{self, Account, Role};
use comity_store::state::audit::{self, Asked, AuditRow};
use comity_store::state::grant::{self, GrantRow};
use comity_store::state::identity::{self, IdentityRow};
use comity_store::state::passkey::{self, PasskeyRow};
use comity_store::state::second_factor::{self, SecondFactorRow};
use comity_store::state::session::{self, SessionRow};
use comity_store::state::token::{self, Kind, Scope, TokenRow};
use comity_store::state::welcome::{self, WelcomeRow};
use comity_store::state::{State, Tx};

use crate::engine::on_each_state;

fn write<T>(state: &State, work: impl Fn(&mut dyn Tx) -> Result<T, StoreError>) -> T {
    state.write(work).unwrap()
}

fn read<T>(state: &State, work: impl Fn(&mut dyn Tx) -> Result<T, StoreError>) -> T {
    state.read(work).unwrap()
}

fn add_account(state: &State, name: &str) {
    let account = Account {
        name: name.to_owned(),
        role: Role::Analyst,
        password: "$argon2id$hash".to_owned(),
        created: 7,
        party: None,
        address: None,
    };
    assert!(write(state, |tx| account::add(tx, &account)));
}

fn session_row(number: u8, account: &str) -> SessionRow {
    SessionRow {
        digest: [number; 32],
        id: format!("s{number}"),
        account: account.to_owned(),
        means: "password".to_owned(),
        created: number.into(),
        seen: number.into(),
        expires: 1_000,
        place: "192.0.2.7".to_owned(),
        agent: "浏览器/1".to_owned(),
    }
}

fn token_row(number: u8, account: &str) -> TokenRow {
    TokenRow {
        digest: vec![number, 0, 255, number],
        id: format!("t{number}"),
        account: account.to_owned(),
        name: "collector".to_owned(),
        scope: Scope::Read,
        created: number.into(),
        expires: Some(99),
        seen: None,
        kind: if number == 4 {
            Kind::Certificate
        } else {
            Kind::Token
        },
    }
}

#[test]
fn a_session_is_kept_until_it_ends_or_its_account_does() {
    on_each_state(|state, open| {
        add_account(state, "alice");
        add_account(state, "bob");
        for (number, name) in [(1, "alice"), (2, "alice"), (3, "alice"), (4, "bob")] {
            write(state, |tx| session::add(tx, &session_row(number, name)));
        }
        let again = open();
        let find = |number| read(&again, |tx| session::find(tx, &[number; 32]));
        assert_eq!(find(1), Some(session_row(1, "alice")));
        assert_eq!(find(9), None);
        let ids = |name| -> Vec<String> {
            let held = read(&again, |tx| session::of_account(tx, name));
            held.into_iter().map(|row| row.id).collect()
        };
        assert_eq!(ids("alice"), ["s3", "s2", "s1"]);
        write(&again, |tx| session::saw(tx, &[1; 32], 500));
        write(&again, |tx| session::saw(tx, &[1; 32], 400));
        assert_eq!(find(1).unwrap().seen, 500, "it is never set back");
        assert!(
            !write(&again, |tx| session::end(tx, "bob", "s1")),
            "another's"
        );
        assert!(write(&again, |tx| session::end(tx, "alice", "s1")));
        assert_eq!(write(&again, |tx| session::end_all(tx, "alice", "s3")), 1);
        assert_eq!(ids("alice"), ["s3"]);
        write(&again, |tx| account::remove(tx, "alice"));
        assert!(ids("alice").is_empty() && find(4).is_some());
        assert_eq!(write(&again, |tx| session::prune(tx, 999, 3)), 0);
        assert_eq!(
            write(&again, |tx| session::prune(tx, 999, 4)),
            1,
            "nobody used it"
        );
        write(&again, |tx| session::add(tx, &session_row(5, "bob")));
        assert_eq!(
            write(&again, |tx| session::prune(tx, 1_000, 0)),
            1,
            "its time is over"
        );
    });
}

#[test]
fn a_token_leads_to_its_account_until_it_is_revoked() {
    on_each_state(|state, open| {
        for name in ["alice", "bob"] {
            add_account(state, name);
        }
        for (number, name) in [(1, "alice"), (2, "alice"), (3, "bob"), (4, "bob")] {
            let add = || write(state, |tx| token::add(tx, &token_row(number, name)));
            assert!(add() && !add());
        }
        let again = open();
        let digest = |number: u8| [number, 0, 255, number];
        let of =
            |number| read(&again, |tx| account::find_by_token(tx, &digest(number))).map(|a| a.name);
        assert_eq!(
            [1, 3, 9].map(of),
            [Some("alice".into()), Some("bob".into()), None]
        );
        assert_eq!(
            read(&again, |tx| token::find(tx, &digest(2))),
            Some(token_row(2, "alice"))
        );
        assert_eq!(
            read(&again, |tx| token::find(tx, &digest(4))).unwrap().kind,
            Kind::Certificate
        );
        write(&again, |tx| token::saw(tx, &digest(2), 60));
        let ids = |name| -> Vec<String> {
            let held = read(&again, |tx| token::list(tx, name));
            held.into_iter().map(|row| row.id).collect()
        };
        assert_eq!(
            read(&again, |tx| token::find(tx, &digest(2))).unwrap().seen,
            Some(60)
        );
        assert_eq!(ids(""), ["t1", "t2", "t3", "t4"]);
        assert_eq!(
            write(&again, |tx| token::revoke(tx, "t3")),
            Some("bob".to_owned())
        );
        assert_eq!(write(&again, |tx| token::revoke(tx, "t3")), None);
        assert_eq!(ids("bob"), ["t4"]);
        assert_eq!(write(&again, |tx| token::revoke_all(tx, "alice")), 2);
        assert_eq!([1, 2].map(of), [None, None]);
        write(&again, |tx| account::remove(tx, "bob"));
        add_account(&again, "bob");
        assert_eq!(
            of(4),
            None,
            "a token does not pass to a later account of the name"
        );
    });
}

#[test]
fn a_step_and_a_recovery_code_are_taken_once() {
    on_each_state(|state, open| {
        add_account(state, "alice");
        let row = SecondFactorRow {
            account: "alice".to_owned(),
            secret: vec![0, 255, 3],
            created: 5,
            confirmed: None,
            last_step: 0,
        };
        write(state, |tx| second_factor::put(tx, &row));
        let confirmed = SecondFactorRow {
            confirmed: Some(6),
            last_step: 10,
            ..row
        };
        write(state, |tx| second_factor::put(tx, &confirmed));
        write(state, |tx| {
            second_factor::put_recovery(tx, "alice", &[[1; 32], [2; 32]])
        });
        let again = open();
        let find = || read(&again, |tx| second_factor::find(tx, "alice"));
        assert_eq!(find(), Some(confirmed));
        let step = |step| write(&again, |tx| second_factor::take_step(tx, "alice", step));
        assert_eq!(
            [10, 11, 11, 9, 12].map(step),
            [false, true, false, false, true]
        );
        let take = |digest| {
            write(&again, |tx| {
                second_factor::take_recovery(tx, "alice", &digest)
            })
        };
        assert_eq!([[1; 32], [1; 32], [3; 32]].map(take), [true, false, false]);
        let left = || read(&again, |tx| second_factor::recovery_left(tx, "alice"));
        assert_eq!(left(), 1);
        write(&again, |tx| account::remove(tx, "alice"));
        assert_eq!((find(), left()), (None, 0));
    });
}

#[test]
fn a_passkey_answers_once_from_each_counter_and_goes_with_its_account() {
    on_each_state(|state, open| {
        add_account(state, "alice");
        add_account(state, "bob");
        let row = |number: u8, account: &str| PasskeyRow {
            credential: vec![number, 0, 255],
            id: format!("p{number}"),
            account: account.to_owned(),
            name: "钥匙".to_owned(),
            relying_party: "node.example".to_owned(),
            user_handle: vec![9; 32],
            public_key: vec![0xa5, 1, 2],
            counter: u32::MAX - 1,
            flags: 0x1d,
            created: number.into(),
            seen: None,
        };
        let all = [row(1, "alice"), row(2, "alice"), row(3, "bob")];
        for one in &all {
            assert!(write(state, |tx| passkey::add(tx, one)));
        }
        let again = open();
        let find = |number| read(&again, |tx| passkey::find(tx, &[number, 0, 255]));
        let stolen = PasskeyRow {
            id: "p9".to_owned(),
            ..row(1, "bob")
        };
        assert!(!write(&again, |tx| passkey::add(tx, &stolen)));
        assert_eq!(find(1), Some(row(1, "alice")));
        let saw = || {
            write(&again, |tx| {
                passkey::saw(tx, &row(1, "alice"), (u32::MAX, 5), 60)
            })
        };
        assert!(saw() && !saw());
        let newest = find(1).unwrap();
        assert_eq!(
            (newest.counter, newest.flags, newest.seen),
            (u32::MAX, 5, Some(60))
        );
        let ids = |name| -> Vec<String> {
            let held = read(&again, |tx| passkey::of_account(tx, name));
            held.into_iter().map(|row| row.id).collect()
        };
        assert_eq!(ids("alice"), ["p1", "p2"]);
        assert!(!write(&again, |tx| passkey::remove(tx, "bob", "p1")));
        assert!(write(&again, |tx| passkey::remove(tx, "alice", "p1")));
        write(&again, |tx| account::remove(tx, "alice"));
        assert!(ids("alice").is_empty() && ids("bob") == ["p3"]);
    });
}

#[test]
fn an_identity_is_one_accounts_and_goes_with_it() {
    on_each_state(|state, open| {
        add_account(state, "alice");
        add_account(state, "bob");
        let row = |subject: &str, id: &str, account: &str| IdentityRow {
            issuer: "https://id.example".to_owned(),
            subject: subject.to_owned(),
            id: id.to_owned(),
            account: account.to_owned(),
            created: 7,
            seen: None,
        };
        for one in [
            row("1", "i1", "alice"),
            row("2", "i2", "alice"),
            row("3", "i3", "bob"),
        ] {
            assert!(write(state, |tx| identity::add(tx, &one)));
        }
        let again = open();
        assert!(!write(&again, |tx| identity::add(
            tx,
            &row("1", "i9", "bob")
        )));
        let find = |issuer, subject| read(&again, |tx| identity::find(tx, issuer, subject));
        assert_eq!(
            find("https://id.example", "1"),
            Some(row("1", "i1", "alice"))
        );
        assert_eq!(find("https://other.example", "1"), None);
        assert!(write(&again, |tx| identity::saw(tx, "i1", 60)));
        assert!(!write(&again, |tx| identity::saw(tx, "i9", 60)));
        assert_eq!(find("https://id.example", "1").unwrap().seen, Some(60));
        assert!(!write(&again, |tx| identity::remove(tx, "bob", "i1")));
        assert!(write(&again, |tx| identity::remove(tx, "alice", "i1")));
        write(&again, |tx| account::remove(tx, "alice"));
        let ids = |name| -> Vec<String> {
            let held = read(&again, |tx| identity::of_account(tx, name));
            held.into_iter().map(|row| row.id).collect()
        };
        assert!(ids("alice").is_empty() && ids("bob") == ["i3"]);
    });
}

#[test]
fn sessions_are_ended_by_what_opened_them() {
    on_each_state(|state, _| {
        add_account(state, "alice");
        for (number, means) in [(1, "password"), (2, "passkey"), (3, "passkey")] {
            let row = SessionRow {
                means: means.to_owned(),
                ..session_row(number, "alice")
            };
            write(state, |tx| session::add(tx, &row));
        }
        let ended = write(state, |tx| {
            session::end_by_means(tx, "alice", "passkey", "s3")
        });
        assert_eq!(ended, 1);
        let left = read(state, |tx| session::of_account(tx, "alice"));
        let ids: Vec<_> = left.into_iter().map(|row| row.id).collect();
        assert_eq!(ids, ["s3", "s1"]);
    });
}

#[test]
fn a_link_replaces_the_one_before_it() {
    on_each_state(|state, open| {
        let row = |number: u8, account: &str, expires| WelcomeRow {
            digest: [number; 32],
            account: account.to_owned(),
            role: Role::Duty,
            address: Some("duty@alpha.example".to_owned()),
            invited_by: "chief".to_owned(),
            created: 5,
            expires,
        };
        for one in [row(1, "", 50), row(2, "dora", 60), row(3, "dora", 70)] {
            write(state, |tx| welcome::put(tx, &one));
        }
        let again = open();
        let find = |number| read(&again, |tx| welcome::find(tx, &[number; 32]));
        assert_eq!(
            [1, 2, 3].map(find),
            [Some(row(1, "", 50)), None, Some(row(3, "dora", 70))]
        );
        assert_eq!(write(&again, |tx| welcome::prune(tx, 50)), 1);
        assert_eq!(read(&again, welcome::list), [row(3, "dora", 70)]);
        let remove = || write(&again, |tx| welcome::remove(tx, "dora"));
        assert!(remove() && !remove());
    });
}

#[test]
fn the_audit_log_is_read_backwards_and_never_gives_a_number_twice() {
    on_each_state(|state, open| {
        let row = |at: i64, account: &str, operation: &str| AuditRow {
            id: 0,
            at,
            account: account.to_owned(),
            way: "session s1".to_owned(),
            place: "192.0.2.7".to_owned(),
            operation: operation.to_owned(),
            target: "bob".to_owned(),
            outcome: "done".to_owned(),
        };
        let all = [
            (1, "ann", "a"),
            (2, "ben", "a"),
            (3, "ann", "b"),
            (4, "ann", "a"),
            (5, "ben", "b"),
        ];
        for (at, account, operation) in all {
            assert_eq!(
                write(state, |tx| audit::add(tx, &row(at, account, operation))),
                at
            );
        }
        let again = open();
        let ids = |before, account: Option<&str>, operation: Option<&str>, limit| -> Vec<i64> {
            let asked = Asked {
                before,
                account: account.map(str::to_owned),
                operation: operation.map(str::to_owned),
                limit,
            };
            let rows = read(&again, |tx| audit::list(tx, &asked));
            rows.into_iter().map(|row| row.id).collect()
        };
        assert_eq!(ids(None, None, None, 3), [5, 4, 3]);
        assert_eq!(ids(Some(3), None, None, 3), [2, 1]);
        assert_eq!(ids(None, Some("ann"), None, 9), [4, 3, 1]);
        assert_eq!(ids(Some(4), Some("ann"), Some("a"), 9), [1]);
        assert_eq!(ids(None, None, Some("b"), 9), [5, 3]);
        assert_eq!(write(&again, |tx| audit::prune(tx, 3)), 2);
        assert_eq!(
            write(&again, |tx| audit::prune(tx, 100)),
            2,
            "the newest stays"
        );
        assert_eq!(write(&again, |tx| audit::add(tx, &row(101, "ann", "a"))), 6);
    });
}

#[test]
fn grants_come_back_whole_and_in_the_order_of_their_ids() {
    on_each_state(|state, open| {
        let row = |number: u8| GrantRow {
            id: [number; 32],
            epoch: 1,
            position: number.into(),
            note: b"note".to_vec(),
            blind: [9; 32],
            opening: [8; 32],
            content: vec![0, 255],
            made: 5,
        };
        for number in [0x7f, 1, 0xfe] {
            write(state, |tx| grant::add(tx, &row(number)));
        }
        let again = open();
        assert_eq!(read(&again, |tx| grant::find(tx, &[1; 32])), Some(row(1)));
        assert_eq!(read(&again, |tx| grant::find(tx, &[2; 32])), None);
        let between = |first, last, limit| {
            read(&again, |tx| {
                grant::identities(tx, &[first; 32], &[last; 32], limit)
            })
        };
        assert_eq!(between(1, 0xfe, 9), [[1; 32], [0x7f; 32], [0xfe; 32]]);
        assert_eq!(between(2, 0xfd, 9), [[0x7f; 32]]);
        assert_eq!(between(0, 0xff, 1), [[1; 32]]);
        let twice = GrantRow {
            id: [3; 32],
            ..row(1)
        };
        let added = again.write(|tx| grant::add(tx, &twice));
        assert!(added.is_err(), "one note a leaf");
    });
}
