//! State: accounts, tokens, collections, rights, cursors, facts; one closure is one transaction.
//!
//! In scope: the tables as the node uses them, on both engines. Out of scope: hashing and checking.

use std::sync::atomic::{AtomicU32, Ordering};

use comity_store::error::StoreError;
use comity_store::objects::ViewId;
use comity_store::state::account::{self, Account, Role};
use comity_store::state::collection::{self, Collection, NewCollection, Rights};
use comity_store::state::{State, Tx, cursor, meta};
use uuid::Uuid;

use crate::engine::{Database, on_each_state};

fn write<T>(state: &State, work: impl Fn(&mut dyn Tx) -> Result<T, StoreError>) -> T {
    state.write(work).unwrap()
}

fn read<T>(state: &State, work: impl Fn(&mut dyn Tx) -> Result<T, StoreError>) -> T {
    state.read(work).unwrap()
}

fn person(name: &str, role: Role) -> Account {
    Account {
        name: name.to_owned(),
        role,
        password: "$argon2id$hash".to_owned(),
        created: 7,
        party: None,
        address: None,
    }
}

fn new_collection(number: u128, alias: Option<&str>) -> NewCollection {
    NewCollection {
        id: Uuid::from_u128(number),
        title: format!("Title {number} — \"quoted\" 标题"),
        description: number
            .is_multiple_of(2)
            .then(|| "for indicators".to_owned()),
        alias: alias.map(str::to_owned),
        created: 9,
        source: None,
        label: None,
    }
}

#[test]
fn accounts_are_kept_until_they_are_removed() {
    on_each_state(|state, open| {
        for (role, name) in Role::ALL.into_iter().zip(["f", "e", "d", "c", "b", "a"]) {
            assert!(write(state, |tx| account::add(tx, &person(name, role))));
        }
        assert!(
            !write(state, |tx| account::add(tx, &person("a", Role::Viewer))),
            "the name is taken"
        );
        let again = open();
        let names: Vec<String> = read(&again, account::list)
            .into_iter()
            .map(|a| a.name)
            .collect();
        assert_eq!(names, ["a", "b", "c", "d", "e", "f"]);
        assert_eq!(
            read(&again, |tx| account::find(tx, "a")),
            Some(person("a", Role::Admin))
        );
        assert_eq!(read(&again, |tx| account::find(tx, "A")), None);
        assert!(write(&again, |tx| account::remove(tx, "a")));
        assert!(!write(&again, |tx| account::remove(tx, "a")));
        assert_eq!(read(state, |tx| account::find(tx, "a")), None);
    });
}

#[test]
fn collections_keep_their_views_and_their_order() {
    on_each_state(|state, open| {
        let add = |new: &NewCollection| write(state, |tx| collection::add(tx, new));
        let first = add(&new_collection(50, Some("feed"))).unwrap();
        let second = add(&new_collection(3, None)).unwrap();
        assert_eq!((first.view, second.view), (ViewId(1), ViewId(2)));
        assert_eq!(add(&new_collection(50, None)), None, "the id is taken");
        assert_eq!(
            add(&new_collection(51, Some("feed"))),
            None,
            "the alias is taken"
        );
        let squatter = Uuid::from_u128(3).to_string();
        assert_eq!(
            add(&new_collection(52, Some(&squatter))),
            None,
            "an alias cannot be another's id"
        );
        let third = add(&new_collection(4, Some("other"))).unwrap();
        assert_eq!(third.view, ViewId(3));
        let again = open();
        assert_eq!(
            read(&again, collection::list),
            [first.clone(), second, third]
        );
        for name in ["feed", &first.id.to_string()] {
            assert_eq!(
                read(&again, |tx| collection::find(tx, name)),
                Some(first.clone())
            );
        }
        assert_eq!(read(&again, |tx| collection::find(tx, "none")), None);
    });
}

#[test]
fn rights_are_what_was_granted_last() {
    on_each_state(|state, _| {
        for name in ["alice", "bob"] {
            write(state, |tx| account::add(tx, &person(name, Role::Analyst)));
        }
        let made: Vec<Collection> = (1..4)
            .map(|n| write(state, |tx| collection::add(tx, &new_collection(n, None))).unwrap())
            .collect();
        let rights = |read, write| Rights { read, write };
        let grant = |n: usize, name: &str, rights| {
            write(state, |tx| collection::grant(tx, &made[n].id, name, rights));
        };
        grant(2, "alice", rights(true, false));
        grant(0, "alice", rights(false, true));
        grant(1, "alice", rights(true, true));
        grant(1, "bob", rights(true, true));
        let of = |name: &str| read(state, |tx| collection::list_for(tx, name));
        assert_eq!(
            of("alice"),
            [
                (made[0].clone(), rights(false, true)),
                (made[1].clone(), rights(true, true)),
                (made[2].clone(), rights(true, false)),
            ]
        );
        grant(1, "alice", rights(false, false));
        assert_eq!(of("alice").len(), 2, "no right is no entry");
        let who = read(state, |tx| collection::rights_of(tx, &made[1].id));
        assert_eq!(who, [("bob".to_owned(), rights(true, true))]);
        write(state, |tx| account::remove(tx, "bob"));
        assert_eq!(of("bob"), []);
    });
}

#[test]
fn cursors_and_facts_are_replaced() {
    on_each_state(|state, open| {
        assert_eq!(
            read(state, |tx| cursor::find(tx, "https://example.com/c/")),
            None
        );
        for (text, now) in [("one", 1), ("two", 2)] {
            write(state, |tx| {
                cursor::put(tx, "https://example.com/c/", text, now)
            });
            write(state, |tx| meta::put(tx, "domain", text));
        }
        let again = open();
        assert_eq!(
            read(&again, |tx| cursor::find(tx, "https://example.com/c/")).as_deref(),
            Some("two")
        );
        assert_eq!(
            read(&again, |tx| meta::find(tx, "domain")).as_deref(),
            Some("two")
        );
        assert_eq!(again.layout().unwrap(), 4);
    });
}

#[test]
fn a_closure_that_fails_leaves_nothing_behind() {
    on_each_state(|state, _| {
        let failed: Result<(), StoreError> = state.write(|tx| {
            meta::put(tx, "half", "done")?;
            Err(StoreError::Stopped)
        });
        assert!(matches!(failed, Err(StoreError::Stopped)));
        assert_eq!(read(state, |tx| meta::find(tx, "half")), None);
        let failed: Result<(), StoreError> = state.write(|tx| {
            meta::put(tx, "half", "done")?;
            tx.execute("INSERT INTO no_such_table (a) VALUES (?1)", &[1_i64.into()])?;
            Ok(())
        });
        assert!(failed.is_err());
        write(state, |tx| meta::put(tx, "whole", "done"));
        assert_eq!(read(state, |tx| meta::find(tx, "half")), None);
    });
}

/// Adds one to a number, reading it first: two at once would lose one of them.
fn count_up(state: &State, tries: &AtomicU32) {
    write(state, |tx| {
        tries.fetch_add(1, Ordering::Relaxed);
        let number: u32 = meta::find(tx, "count")?.map_or(0, |text| text.parse().unwrap());
        meta::put(tx, "count", &(number + 1).to_string())
    });
}

#[test]
fn writes_that_collide_are_tried_again_and_none_is_lost() {
    on_each_state(|state, open| {
        let tries = AtomicU32::new(0);
        let other = open();
        let meet = std::sync::Barrier::new(3);
        std::thread::scope(|scope| {
            for state in [state, &other, state] {
                scope.spawn(|| {
                    meet.wait();
                    for _ in 0..25 {
                        count_up(state, &tries);
                    }
                });
            }
        });
        assert_eq!(
            read(state, |tx| meta::find(tx, "count")).as_deref(),
            Some("75")
        );
        assert!(tries.into_inner() >= 75);
    });
}

#[test]
fn collections_made_at_once_get_views_of_their_own() {
    on_each_state(|state, open| {
        let other = open();
        std::thread::scope(|scope| {
            for (state, from) in [(state, 100), (&other, 200)] {
                scope.spawn(move || {
                    for n in from..from + 10 {
                        write(state, |tx| collection::add(tx, &new_collection(n, None))).unwrap();
                    }
                });
            }
        });
        let views: Vec<u32> = read(state, collection::list)
            .iter()
            .map(|c| c.view.0)
            .collect();
        assert_eq!(views, (1..21).collect::<Vec<u32>>());
    });
}

#[test]
fn connections_that_broke_meanwhile_are_not_used_again() {
    let Some(database) = Database::create() else {
        return;
    };
    let state = State::open_server(&database.url).unwrap();
    for n in 0..3 {
        write(&state, |tx| meta::put(tx, "round", &n.to_string()));
        database.break_connections();
        assert_eq!(
            read(&state, |tx| meta::find(tx, "round")),
            Some(n.to_string())
        );
        database.break_connections();
    }
}

#[test]
fn nodes_that_open_a_new_database_at_once_all_succeed() {
    let Some(database) = Database::create() else {
        return;
    };
    let meet = std::sync::Barrier::new(6);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                meet.wait();
                assert_eq!(
                    State::open_server(&database.url).unwrap().layout().unwrap(),
                    4
                );
            });
        }
    });
}
