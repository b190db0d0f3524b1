//! The page of one value, and saying that it was seen, through pages alone.
//!
//! In scope: what the page answers, who sees what of it, a sighting that goes to another party, what is wrong. Out of scope: the release
//! rules (`exchange`), the drawing (`comity-web`).

use serde_json::{Value, json};

use super::visitor::Browser;
use super::work::REQUEST;
use crate::exchange::party::{OPEN, Party, befriend, labelled, text};
use crate::node::Store;
use crate::rest::{get, post};
use crate::sample::{indicator, indicator_id};

/// The value that is looked at.
const VALUE: &str = "198.51.100.7";

fn two() -> [Party; 2] {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    [alpha, bravo]
}

/// An indicator of the value under this label.
fn of_value(number: u32, label: &str) -> Value {
    let mut object = labelled(indicator(number), label);
    object["pattern"] = json!(format!("[ipv4-addr:value = '{VALUE}']"));
    object["name"] = json!(format!("control server {number}"));
    object
}

fn leads_to(browser: &Browser<'_>, path: &str) -> String {
    let answer = browser.ask(path).expect(303);
    answer.header("location").unwrap().to_owned()
}

#[test]
fn a_value_is_answered_however_it_is_written_and_whoever_asks_sees_the_rule() {
    let [alpha, _bravo] = two();
    let house = alpha.create_collection("House", &[]);
    let browser = Browser::new(&alpha, "analyst", "analyst", "en");
    alpha.grant(&house, "analyst", &["--read"]);
    alpha.import(&house, &[of_value(1, "GREEN"), of_value(2, "RED")]);
    let place = leads_to(&browser, "/search?q=198[.]51[.]100[.]7");
    assert_eq!(place, "/value?v=198%5B.%5D51%5B.%5D100%5B.%5D7");
    let page = browser.get(&place);
    for words in [
        "<h1>198.51.100.7</h1>",
        "Known</span>",
        "this party",
        "control server 1",
        "Nobody has said that it was seen.",
        "bravo <span class=\"state ok\">Released</span>",
        "ipv4-addr:value",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    // What is bound to persons is not there for this one: no name, no count, no marking.
    assert!(!page.contains("control server 2") && !page.contains("TLP:RED"));
    assert_eq!(page.matches("class=\"marking tlp-green\"").count(), 2);
    assert!(
        !page.contains("action=\"/value/sighting\""),
        "no right to write"
    );
    // Many values at once lead there too.
    let bulk = browser.post("/search", &[("values", VALUE)]).expect(200);
    assert!(bulk.text().contains("href=\"/value?v=198.51.100.7\""));
    let chinese = Browser::sign_in(&alpha, "analyst", "");
    let chinese = Browser {
        language: "zh-CN",
        ..chinese
    };
    assert!(chinese.get(&place).contains("首次得知"));
}

#[test]
fn what_is_bound_to_persons_is_unknown_to_everybody_else() {
    let [alpha, _bravo] = two();
    let house = alpha.create_collection("House", &[]);
    let other = Browser::new(&alpha, "other", "analyst", "en");
    let named = Browser::new(&alpha, "named", "analyst", "en");
    for name in ["other", "named"] {
        alpha.grant(&house, name, &["--read", "--write"]);
    }
    alpha.import(&house, &[of_value(1, "RED")]);
    alpha
        .cli(&["object", "name", &indicator_id(1), "--user", "named"])
        .expect(0);
    let page = named.get("/value?v=198.51.100.7");
    assert!(page.contains("control server 1"), "{page}");
    assert_eq!(page.matches("class=\"marking tlp-red\"").count(), 2);
    let page = other.get("/value?v=198.51.100.7");
    assert!(page.contains("Nothing that you may see carries"), "{page}");
    assert!(!page.contains("control server") && !page.contains("class=\"marking"));
    // It cannot be sighted by its identity either.
    let sighting = [
        ("v", VALUE),
        ("object", &indicator_id(1)),
        ("collection", &house),
    ];
    other.post("/value/sighting", &sighting).expect(404);
}

#[test]
fn what_nobody_knows_leads_to_a_request_with_the_value_filled_in_and_cases_that_name_it_stand_there()
 {
    let [alpha, bravo] = two();
    let ours = Browser::new(&alpha, "duty-officer", "releaser", "en");
    let page = ours.get("/value?v=198[.]51[.]100[.]7");
    assert!(page.contains("Nothing that you may see carries"), "{page}");
    let way = "/requests/new?observables=198.51.100.7";
    assert!(page.contains(way), "{page}");
    let page = ours.get(way);
    assert!(page.contains("name=\"observables\" value=\"198.51.100.7\""));
    let page = ours.get(&format!("{way}&request_type=log-search"));
    assert!(page.contains(">198.51.100.7</textarea>"), "{page}");
    let sent = ours.post("/requests/new", REQUEST).expect(303);
    let thread = sent.header("location").unwrap().to_owned();
    let theirs = Browser::new(&bravo, "officer-on-duty", "releaser", "en");
    for browser in [&ours, &theirs] {
        let page = browser.until("/value?v=198.51.100.7", "name it");
        assert!(page.contains(&format!("href=\"{thread}\"")), "{page}");
    }
    assert!(!ours.get("/value?v=198.51.100.8").contains(&thread));
}

#[test]
fn a_sighting_is_made_reviewed_and_arrives() {
    let [alpha, bravo] = two();
    let house = alpha.create_collection("House", &[]);
    let browser = Browser::new(&alpha, "duty-officer", "releaser", "en");
    alpha.grant(&house, "duty-officer", &["--read", "--write"]);
    let form = |more: &[(&'static str, &'static str)]| {
        let mut fields = vec![
            ("v", VALUE),
            ("collection", house.as_str()),
            ("object", ""),
            ("first_seen", "2026-05-01T10:00"),
            ("count", "3"),
            ("label", "TLP:GREEN"),
            ("party", "bravo"),
        ];
        fields.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        fields.extend(more);
        browser.post("/value/sighting", &fields)
    };
    // What is wrong is said on the page, with what was typed.
    for wrong in [
        ("first_seen", "2099-01-01T00:00"),
        ("last_seen", "2026-04-01T00:00"),
        ("count", "0"),
        ("label", "TLP:BLUE"),
        ("collection", "nowhere"),
    ] {
        let refused = form(&[wrong]);
        assert!((400..500).contains(&refused.status), "{wrong:?}");
        let page = refused.text();
        assert!(page.contains("notice fail"), "{wrong:?}: {page}");
    }
    let refused = form(&[("count", "many")]).expect(422).text();
    assert!(refused.contains("value=\"2026-05-01T10:00\""), "{refused}");
    let done = form(&[]).expect(303);
    let review = done.header("location").unwrap().to_owned();
    assert!(review.starts_with("/release?object=sighting--"), "{review}");
    let page = browser.get(&review);
    assert!(page.contains("Release to bravo"), "{page}");
    assert!(alpha.outbox().iter().all(|row| row["kind"] != "share"));
    let ids: Vec<&str> = review
        .split(['?', '&'])
        .filter_map(|part| part.strip_prefix("object="))
        .collect();
    let [sighting, indicator, identity] = ids[..] else {
        panic!("{review}");
    };
    let mut fields: Vec<(&str, &str)> = ids.iter().map(|id| ("object", *id)).collect();
    fields.push(("party", "bravo"));
    browser.does("/release", &fields);
    let held = bravo.until_from("alpha", &ids);
    assert_eq!(held[sighting]["sighting_of_ref"], *indicator);
    assert_eq!(held[sighting]["count"], 3);
    assert_eq!(held[sighting]["where_sighted_refs"][0], *identity);
    assert_eq!(text(&held[identity], "name"), "alpha");
    assert!(text(&held[indicator], "pattern").contains(VALUE));
    // Both see it: here as seen by this party, there by whom it came.
    let page = browser.get("/value?v=198.51.100.7");
    assert!(page.contains("svg class=\"sparkline\""), "{page}");
    assert!(page.contains("<td>2026-05-01</td><td class=\"num\">3</td>"));
    let theirs = Browser::new(&bravo, "viewer", "viewer", "en");
    let inbox = bravo.rows(&["collection", "list"]);
    let inbox = inbox.iter().find(|row| row["alias"] == "from-alpha");
    bravo.grant(&text(inbox.unwrap(), "id"), "viewer", &["--read"]);
    let page = theirs.get("/value?v=198.51.100.7");
    assert!(page.contains("href=\"/parties/alpha\""), "{page}");
}

#[test]
fn a_program_asks_the_same_and_gets_the_same() {
    let [alpha, _bravo] = two();
    let house = alpha.create_collection("House", &[]);
    let token = alpha.account_of("program", None, "analyst");
    alpha.grant(&house, "program", &["--read", "--write"]);
    alpha.import(&house, &[of_value(1, "GREEN")]);
    let asked = alpha.ask(&token, get("/values?value=198%5B.%5D51.100.7"));
    let found = asked.expect(200).json();
    assert_eq!(found["readings"][0]["value"], VALUE);
    assert_eq!(found["releases"][0]["verdict"], "released");
    let made = json!({ "collection": house, "object": indicator_id(1), "count": 2 });
    let done = alpha.ask(&token, post("/sightings", &made));
    assert!((200..300).contains(&done.status), "{}", done.text());
    let found = alpha.ask(&token, get("/values?value=198.51.100.7"));
    assert_eq!(found.expect(200).json()["sightings"][0]["count"], 2);
}
