//! Search for anything, and what is bound to persons in lists, counts and figures, through pages and REST.
//!
//! In scope: what is found and by whom; mails, scorecards and status reports as a person sees them; lists that go on. Out of scope: values
//! (`values`), the rules by which things are bound (`exchange::persons`, `cases::persons`).

use serde_json::Value;

use super::visitor::Browser;
use super::work::REQUEST;
use crate::cases::joint;
use crate::cases::requests::{form, open, until_both};
use crate::cases::scorecards::{card, quarter};
use crate::exchange::party::{OPEN, Party, befriend, befriend_with, labelled, text, until};
use crate::exchange::release_table::widest;
use crate::node::Store;
use crate::rest::get;
use crate::sample::{indicator, indicator_id};

/// The person at bravo for whom alone something is.
const PERSON: &str = "duty@bravo.example";

fn two() -> [Party; 2] {
    ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded))
}

#[test]
fn threads_parties_envelopes_and_entries_are_found_each_in_its_group() {
    let [mut alpha, mut bravo] = two();
    befriend(&mut alpha, &mut bravo, OPEN);
    let browser = Browser::new(&alpha, "duty-officer", "releaser", "en");
    let sent = browser.post("/requests/new", REQUEST).expect(303);
    let path = sent.header("location").unwrap().to_owned();
    alpha.until_receipted();
    // Word by word, in whatever order; every word must be there.
    let page = browser.get("/search?q=intrusion+CONTROL+may");
    assert!(page.contains(&format!("href=\"{path}\"")), "{page}");
    assert!(page.contains("Requests, cases and other threads"));
    let page = browser.get("/search?q=intrusion+elephant");
    assert!(!page.contains(&path) && page.contains("Nothing that you may see"));
    let number = [("number", "BR-2026-0815")];
    let theirs = Browser::new(&bravo, "officer-on-duty", "releaser", "zh-CN");
    theirs.until(&path, "已送达");
    theirs
        .post(&format!("{path}/say/acknowledge"), &number)
        .expect(303);
    browser.until(&path, "BR-2026-0815");
    let page = browser.get("/search?q=br-2026-0815");
    assert!(page.contains(&format!("href=\"{path}\"")), "{page}");
    assert!(
        browser
            .get("/search?q=BRAV")
            .contains("href=\"/parties/bravo\"")
    );
    let envelope = text(alpha.outbox().first().unwrap(), "envelope");
    for asked in [envelope.as_str(), &envelope[..12]] {
        let page = browser.get(&format!("/search?q={asked}"));
        assert!(page.contains(&envelope), "{page}");
    }
    let page = browser.get("/search?q=%230");
    assert!(page.contains("href=\"/ledger?entry=0\""), "{page}");
    assert!(browser.get("/ledger?entry=0").contains("value=\"0\""));
    assert!(!browser.get("/search?q=99999999").contains("/ledger?entry"));
    // Whoever manages the node finds what stands between parties, and nothing that is said.
    let admin = Browser::new(&alpha, "admin", "admin", "en");
    let page = admin.get("/search?q=bravo");
    assert!(page.contains("href=\"/parties/bravo\""), "{page}");
    assert!(!admin.get("/search?q=intrusion").contains(&path));
}

#[test]
fn what_is_red_is_in_no_search_no_figure_and_no_report_of_anybody_else() {
    let [mut alpha, mut bravo] = two();
    let back = widest("duty@alpha.example");
    befriend_with(&mut alpha, &mut bravo, &widest(PERSON), &back);
    let file = form(&alpha, &[]);
    let mut arguments = vec!["request", "open", &file, "--to", "bravo", "--tlp", "red"];
    arguments.extend(["--second", "head of desk", "--person", PERSON]);
    let id = alpha.cli(&arguments).expect(0).out.trim().to_owned();
    until_both([&alpha, &bravo], &id, "delivered");
    let case = alpha.file("case.txt");
    std::fs::write(&case, "What the intruders left.").unwrap();
    let mut arguments = vec!["case", "open", "--to", "bravo", "--tlp", "red"];
    arguments.extend(["--title", "Silent quarry", "--summary", "What they left."]);
    arguments.extend(["--second", "head of desk", "--person", PERSON]);
    let case = alpha.cli(&arguments).expect(0).out.trim().to_owned();
    let other = bravo.account_of("other-officer", None, "releaser");
    let named = bravo.account_of("named-officer", None, "releaser");
    bravo
        .cli(&["user", "address", "named-officer", PERSON])
        .expect(0);
    let found = |token: &str, path: &str| bravo.ask(token, get(path)).expect(200).json();
    until("the case at bravo", || {
        let seen = found(&named, "/search?text=quarry");
        (seen["threads"][0]["id"] == *case).then_some(())
    });
    for words in ["quarry", "control+server"] {
        let path = format!("/search?text={words}");
        assert_eq!(found(&other, &path)["threads"], Value::Array(Vec::new()));
    }
    assert_eq!(
        found(&named, "/search?text=control+server")["threads"][0]["id"],
        *id
    );
    let quarter = quarter();
    let report = format!("/parties/alpha/reports/{quarter}?own=false");
    let [theirs, seen] = [&other, &named].map(|token| found(token, &report));
    assert!(!theirs.to_string().contains("quarry"), "{theirs}");
    assert!(seen.to_string().contains("Silent quarry"), "{seen}");
    let counted = |report: &Value| report["report"]["opened"].as_u64();
    assert_eq!((counted(&theirs), counted(&seen)), (Some(0), Some(1)));
    let figures = format!("/parties/alpha/scorecards/{quarter}");
    let [theirs, seen] = [&other, &named].map(|token| found(token, &figures));
    let (few, all) = (theirs["messages"].as_u64(), seen["messages"].as_u64());
    assert!(few < all, "{few:?} of {all:?}");
    assert!(!theirs.to_string().contains(&id), "{theirs}");
    // Whoever holds the node sees the whole.
    let whole = card(&bravo, &alpha, &quarter, &[]);
    assert_eq!(whole["messages"].as_u64(), all);
    what_is_merged_is_seen_by_those_it_names([&alpha, &bravo], &case, [&other, &named]);
}

/// What goes into a case that everybody sees goes into it for those whom it names.
fn what_is_merged_is_seen_by_those_it_names(
    both: [&Party; 2],
    case: &str,
    [other, named]: [&str; 2],
) {
    let [alpha, bravo] = both;
    let second = ["--second", "head of desk", "--person"];
    let done = |party: &Party, words: &[&str], person: &str| {
        let words = [&["case"], words, &second, &[person]].concat();
        party.cli(&words).expect(0);
    };
    let plain = joint::open(alpha, bravo, "Open field", &[]);
    joint::until_both(both, &plain, "offered");
    bravo
        .cli(&["case", "join", &plain, "--number", "B-1"])
        .expect(0);
    let join = ["join", case, "--number", "B-2"];
    done(bravo, &join, "duty@alpha.example");
    joint::until_both(both, case, "joint");
    joint::until_both(both, &plain, "joint");
    done(alpha, &["note", case, "the quarry was left"], PERSON);
    let merge = ["merge", case, "--into", &plain, "--reason", "one intruder"];
    done(alpha, &merge, PERSON);
    joint::until_both(both, case, "merged");
    for more in ["", "/bundle"] {
        let path = format!("/cases/{plain}{more}");
        let [theirs, seen] =
            [other, named].map(|token| bravo.ask(token, get(&path)).expect(200).json().to_string());
        let tells = |said: &str| said.contains("quarry was left");
        assert!(tells(&seen) && !tells(&theirs), "{seen}\n{theirs}");
        assert!(!theirs.contains(case), "{theirs}");
    }
}

#[test]
fn the_outbox_goes_on_to_its_end_for_pages_and_programs() {
    let [mut alpha, mut bravo] = two();
    befriend(&mut alpha, &mut bravo, OPEN);
    let token = alpha.account_of("program", None, "releaser");
    for _ in 0..4 {
        open(&alpha, &bravo, &form(&alpha, &[]), &[]);
    }
    alpha.until_receipted();
    let all: Vec<String> = alpha
        .outbox()
        .iter()
        .map(|row| text(row, "envelope"))
        .collect();
    assert!(all.len() > 3, "{all:?}");
    for list in ["outbox", "inbox"] {
        let whole: Vec<String> = match list {
            "outbox" => all.clone(),
            _ => alpha
                .inbox()
                .iter()
                .map(|row| text(row, "envelope"))
                .collect(),
        };
        let mut read = Vec::new();
        let mut path = format!("/{list}?limit=2");
        loop {
            let page = alpha.ask(&token, get(&path)).expect(200).json();
            let rows = page["items"].as_array().unwrap().clone();
            assert!(rows.len() <= 2);
            read.extend(rows.iter().map(|row| text(row, "envelope")));
            let Some(next) = page["next"].as_str() else {
                break;
            };
            path = format!("/{list}?limit=2&cursor={next}");
        }
        read.retain(|id| whole.contains(id));
        assert_eq!(read, whole, "{list}");
    }
    let gone = alpha.ask(&token, get("/outbox?cursor=YWJj"));
    assert_eq!(gone.status, 400, "{}", gone.text());
}

#[test]
fn a_search_that_finds_much_goes_on_from_page_to_page() {
    let [mut alpha, _] = two();
    alpha.serve();
    let house = alpha.create_collection("House", &[]);
    let browser = Browser::of(&alpha, "analyst");
    alpha.grant(&house, "analyst", &["--read"]);
    let all: Vec<Value> = (0..60)
        .map(|number| labelled(indicator(number), "GREEN"))
        .collect();
    alpha.import(&house, &all);
    let shown = |page: &str| -> Vec<u32> {
        let known = 0..60;
        known
            .filter(|number| page.contains(&format!("/objects/{}", indicator_id(*number))))
            .collect()
    };
    let first = browser.get("/search?q=answered+scan");
    assert!(
        first.contains("Objects that say this, the newest first"),
        "{first}"
    );
    let (_, link) = first
        .split_once("href=\"/search?q=answered+scan&#38;after=")
        .unwrap();
    let (after, _) = link.split_once('"').unwrap();
    let second = browser.get(&format!("/search?q=answered+scan&after={after}"));
    let (one, two) = (shown(&first), shown(&second));
    assert_eq!((one.len(), two.len()), (50, 10));
    assert!(two.iter().all(|number| !one.contains(number)), "{two:?}");
    assert!(!second.contains("rel=\"next\""), "{second}");
}
