//! Letters through pages: what would become of one, and sending it.
//!
//! In scope: the preview and that nothing is kept of it, what is refused, a second person, what a person may not see. Out of scope: the
//! way out and how a letter is protected (`mail::sending`).

use serde_json::{Value, json};

use super::visitor::{Browser, posted};
use crate::exchange::party::{Party, befriend, labelled, text};
use crate::node::Store;
use crate::rest::post;
use crate::sample::{indicator, indicator_id};

/// Terms under which mail may carry what is not secret, and more only encrypted.
const MAIL: &str = "ceiling = \"TLP:AMBER+STRICT\"\noutlets = [\"link\", \"file\", \"taxii\", \"mail\"]\nunlabelled = \"TLP:GREEN\"\nencrypt_from = \"TLP:AMBER\"\n";

const PATH: &str = "/mail/letters/new";

const LETTER: &[(&str, &str)] = &[
    ("party", "bravo"),
    ("to", "duty@bravo.example"),
    ("subject", "Scans of last night"),
    ("text", "what <we> see\r\nand where"),
    ("label", "TLP:GREEN"),
];

fn two(terms: &str) -> [Party; 2] {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    // Nobody is there: a letter waits in the outbox.
    alpha.set("mail", "relay", "\"127.0.0.1:9\"");
    befriend(&mut alpha, &mut bravo, terms);
    [alpha, bravo]
}

fn with(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let mut fields = LETTER.to_vec();
    fields.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    fields.extend(more);
    fields
}

fn outgoing(alpha: &Party) -> Vec<Value> {
    let all = alpha.cli(&["mail", "outgoing", "--json"]).expect(0).json();
    all["mails"].as_array().unwrap().clone()
}

#[test]
fn a_letter_is_looked_at_first_and_then_sent() {
    let [alpha, _bravo] = two(MAIL);
    let browser = Browser::new(&alpha, "duty-officer", "releaser", "en");
    assert!(browser.get("/mail/outgoing").contains(PATH));
    assert!(browser.get(PATH).contains("<option value=\"bravo\""));
    let page = browser.post(PATH, LETTER).expect(200).text();
    for words in [
        "What would happen",
        "duty@bravo.example",
        "neither signed nor encrypted",
        "Send the letter",
        "what &#60;we&#62; see",
        "TLP:GREEN",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
    assert!(!page.contains("<we>"));
    // Looking keeps nothing: no mail, no address for its answers, no decision.
    assert!(outgoing(&alpha).is_empty());
    assert!(alpha.rows(&["address", "list"]).is_empty());
    let page = browser.does(PATH, &with(&[("send", "yes")]));
    assert!(page.contains("Scans of last night"), "{page}");
    let sent = outgoing(&alpha);
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (&sent[0]["label"], &sent[0]["to"], &sent[0]["officer"]),
        (
            &json!("TLP:GREEN"),
            &json!("duty@bravo.example"),
            &json!("duty-officer")
        )
    );
    let chinese = Browser::new(&alpha, "another-officer", "releaser", "zh-CN");
    let page = chinese.post(PATH, LETTER).expect(200).text();
    assert!(
        page.contains("手动填写") && page.contains("发送此信"),
        "{page}"
    );
}

#[test]
fn what_may_not_go_is_told_part_by_part_and_nothing_goes() {
    let [alpha, _bravo] = two(MAIL);
    let collection = alpha.create_collection("Scans", &[]);
    let objects = [
        labelled(indicator(1), "AMBER"),
        labelled(indicator(2), "RED"),
    ];
    alpha.import(&collection, &objects);
    let browser = Browser::new(&alpha, "duty-officer", "releaser", "en");
    alpha.grant(&collection, "duty-officer", &["--read"]);
    let [secret, bound, nowhere]: [&'static str; 3] =
        [1, 2, 9].map(|number| indicator_id(number).leak() as &str);
    let letter = with(&[("object", secret), ("send", "yes")]);
    let page = browser.post(PATH, &letter).expect(200).text();
    assert!(page.contains("Nothing would be sent"), "{page}");
    assert!(page.contains(secret) && !page.contains("Send the letter"));
    // What this person may not see is as what is not there, and the letter stays as it was typed.
    let pages = [bound, nowhere].map(|id| {
        let page = browser.post(PATH, &with(&[("object", id)])).expect(404);
        let (_, page) = page
            .text()
            .replace(id, "ID")
            .split_once("<main")
            .map_or_else(
                || panic!("no page"),
                |(head, page)| (head.to_owned(), page.to_owned()),
            );
        assert!(page.contains("Scans of last night"), "{page}");
        page
    });
    assert_eq!(pages[0], pages[1]);
    for fields in [
        with(&[("to", "x@in.alpha.example")]),
        with(&[("label", "PURPLE")]),
        with(&[("thread", "nothing")]),
    ] {
        let page = browser.post(PATH, &fields);
        assert!((400..=404).contains(&page.status), "{}", page.text());
        assert!(page.text().contains("what &#60;we&#62; see"));
    }
    let forged = posted(&alpha, PATH, &with(&[("send", "yes")]));
    let forged = forged.header("Cookie", &browser.cookie).without("Accept");
    assert_eq!(forged.send(alpha.address()).status, 403);
    let reader = Browser::of(&alpha, "analyst");
    assert!(!reader.get("/mail/outgoing").contains(PATH));
    reader.ask(PATH).expect(403);
    reader.post(PATH, &with(&[("send", "yes")])).expect(403);
    assert!(outgoing(&alpha).is_empty());
}

#[test]
fn a_letter_that_wants_a_second_person_waits_for_one() {
    let [alpha, _bravo] = two(&format!("{MAIL}second_person_from = \"TLP:GREEN\"\n"));
    let asks = Browser::new(&alpha, "duty-officer", "releaser", "en");
    let looks = Browser::new(&alpha, "head-of-desk", "releaser", "en");
    let page = asks.post(PATH, LETTER).expect(200).text();
    assert!(page.contains("Have a second person look at it"), "{page}");
    assert!(
        !asks.get("/review").contains("send_letter"),
        "looking asks nobody"
    );
    let sent = asks.post(PATH, &with(&[("send", "yes")])).expect(303);
    assert_eq!(sent.header("location"), Some("/review"));
    assert!(outgoing(&alpha).is_empty());
    let page = looks.get("/review");
    assert!(page.contains("what &lt;we&gt; see<br>and where"), "{page}");
    let (_, rest) = page.split_once("action=\"/review/acts/").unwrap();
    let id = rest.split('/').next().unwrap();
    looks.does(&format!("/review/acts/{id}/yes"), &[]);
    let sent = outgoing(&alpha);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["officer"], "duty-officer");
}

#[test]
fn what_is_for_one_person_goes_to_that_address_and_is_shown_to_its_writer() {
    let terms = "ceiling = \"TLP:RED\"\noutlets = [\"link\", \"mail\"]\nunlabelled = \"TLP:GREEN\"\n[[release.red_persons]]\nname = \"the duty officer\"\naddress = \"duty@bravo.example\"\n";
    let [alpha, _bravo] = two(terms);
    let browser = Browser::new(&alpha, "duty-officer", "releaser", "en");
    let other = with(&[
        ("label", "TLP:RED"),
        ("person", "duty@bravo.example"),
        ("to", "all@bravo.example"),
    ]);
    assert_eq!(browser.post(PATH, &other).status, 403);
    let letter = with(&[
        ("label", "TLP:RED"),
        ("person", "duty@bravo.example"),
        ("to", ""),
    ]);
    let page = browser.post(PATH, &letter).expect(200).text();
    assert!(page.contains("as the person&#39;s own"), "{page}");
    assert!(page.contains("The words"), "{page}");
    let token = alpha.account_of("program", None, "releaser");
    let asked = json!({
        "party": "bravo", "subject": "Scans", "text": "what we see", "label": "TLP:RED", "person": "duty@bravo.example",
        "dry_run": true,
    });
    let told = alpha
        .ask(&token, post("/mail/letters", &asked))
        .expect(200)
        .json();
    assert_eq!(told["mail"], Value::Null);
    assert_eq!(text(&told, "label"), "TLP:RED");
    assert_eq!(told["lines"].as_array().unwrap().len(), 1);
    assert!(outgoing(&alpha).is_empty());
}
