//! The while before a release goes out, in which it can be taken back: through pages, by command, and after a crash.
//!
//! In scope: what stands on the page of the second person, what leaves and what does not. Out of scope: what may go (`exchange`).

use serde_json::Value;

use super::visitor::Browser;
use crate::exchange::party::{OPEN, Party, befriend, labelled, on_both_stores, text, until};
use crate::http::Request;
use crate::node::object;
use crate::sample::{indicator, indicator_id};

/// The parties with an accord, and a collection of three objects; releases from pages wait so long.
fn ready([alpha, bravo]: [&mut Party; 2], seconds: &str) -> String {
    alpha.set("serve", "undo_seconds", seconds);
    befriend(alpha, bravo, OPEN);
    let house = alpha.create_collection("House", &[]);
    let objects: Vec<Value> = (1..4).map(|n| labelled(indicator(n), "GREEN")).collect();
    alpha.import(&house, &objects);
    house
}

fn releaser<'p>(alpha: &'p Party, house: &str) -> Browser<'p> {
    let browser = Browser::of(alpha, "releaser");
    alpha.grant(house, "releaser", &["--read", "--write"]);
    browser
}

fn shares(alpha: &Party) -> usize {
    let all = alpha.outbox();
    all.iter().filter(|row| row["kind"] == "share").count()
}

/// The only one that stands so.
fn standing(alpha: &Party, state: &str) -> String {
    let rows = alpha.rows(&["release", "waiting"]);
    let mut those = rows.iter().filter(|row| text(row, "state") == state);
    let one = those
        .next()
        .unwrap_or_else(|| panic!("none {state}: {rows:?}"));
    assert!(those.next().is_none(), "{rows:?}");
    text(one, "id")
}

#[test]
fn a_release_can_be_taken_back_until_it_goes_out_and_goes_at_once_where_it_is_let_go() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        let house = ready([alpha, bravo], "600");
        let browser = releaser(alpha, &house);
        let [one, two, three] = [1, 2, 3].map(indicator_id);
        let sent = browser.does("/release", &[("object", &one), ("party", "bravo")]);
        for words in ["Goes out soon", "Take it back", "Send it now", &one] {
            assert!(sent.contains(words), "{words} in {sent}");
        }
        assert_eq!(shares(alpha), 0);
        // Nothing was decided of what has not gone.
        let decided = browser.get(&format!("/objects/{one}?tab=releases"));
        assert!(!decided.contains("/parties/bravo"), "{decided}");
        let id = standing(alpha, "leaving");
        let back = browser.does(&format!("/review/{id}/no"), &[]);
        assert!(
            back.contains("Taken back") && !back.contains("Send it now"),
            "{back}"
        );
        // Neither is to be had once more.
        for word in ["yes", "no"] {
            browser
                .post(&format!("/review/{id}/{word}"), &[])
                .expect(409);
        }
        browser.does("/release", &[("object", &two), ("party", "bravo")]);
        let id = standing(alpha, "leaving");
        let page = browser.does(&format!("/review/{id}/yes"), &[]);
        assert!(page.contains("Gone out"), "{page}");
        bravo.until_from("alpha", &[&two]);
        assert_eq!(shares(alpha), 1);
        // The same by command.
        alpha
            .cli(&["share", &three, "--to", "bravo", "--undo", "600"])
            .expect(0);
        let id = standing(alpha, "leaving");
        alpha
            .cli(&["release", "decline", &id, "--by", "operator"])
            .expect(0);
        let refused = alpha.cli(&["release", "approve", &id, "--by", "operator"]);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let refused = alpha.cli(&["share", &three, "--to", "bravo", "--undo", "601"]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert_eq!(shares(alpha), 1);
        assert!(!bravo.from("alpha").contains_key(&one));
    });
}

#[test]
fn what_leaves_in_a_while_leaves_by_itself_once_and_after_a_crash_too() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        let house = ready([alpha, bravo], "3");
        let [one, two, three] = [1, 2, 3].map(indicator_id);
        let browser = releaser(alpha, &house);
        for id in [&one, &two] {
            browser.does("/release", &[("object", id), ("party", "bravo")]);
        }
        alpha.kill();
        assert_eq!(shares(alpha), 0);
        alpha.serve();
        bravo.until_from("alpha", &[&one, &two]);
        // It is judged when it goes: what is not here any more does not go, and that is said.
        let program = alpha.account_of("program", None, "releaser");
        alpha.grant(&house, "program", &["--read", "--write"]);
        let share = ["share", &three, "--to", "bravo", "--undo", "3"];
        alpha.cli(&share).expect(0);
        let place = object(&house, &three);
        alpha.ask(&program, Request::delete(&place)).expect(200);
        until("the release that failed", || {
            let rows = alpha.rows(&["release", "waiting"]);
            let failed = rows.iter().find(|row| row["state"] == "failed")?;
            assert!(text(failed, "reason").contains(&three), "{failed}");
            Some(())
        });
        assert_eq!(shares(alpha), 2);
        assert!(!bravo.from("alpha").contains_key(&three));
    });
}
