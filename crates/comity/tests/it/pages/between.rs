//! What stands between parties, done through pages alone; and what pages do with whoever means harm.
//!
//! In scope: verifying, releasing, roles, hostile text, forms of other sites, where a sign-in leads, set cookies.
//! Out of scope: the acts themselves (the suites of their subjects).

use serde_json::json;

use super::visitor::{Browser, PASSWORD, posted};
use crate::exchange::party::{OPEN, Party, befriend, labelled, until};
use crate::http::Request;
use crate::node::Store;
use crate::sample::{indicator, indicator_id};

fn two() -> [Party; 2] {
    ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded))
}

/// The text of the element that holds what follows these words.
fn inside<'p>(page: &'p str, before: &str, tag: &str) -> &'p str {
    let (_, rest) = page
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before:?} in {page}"));
    let (_, rest) = rest.split_once(&format!("<{tag}")).unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once(&format!("</{tag}>")).unwrap().0
}

#[test]
fn two_parties_are_verified_through_pages() {
    let [mut alpha, mut bravo] = two();
    alpha.serve();
    bravo.serve();
    let [at_alpha, at_bravo] = [&alpha, &bravo].map(|party| Browser::of(party, "releaser"));
    verified(&at_alpha, &at_bravo);
    // Suspending and resuming; ending for good has a page of its own, and is done once.
    let page = at_alpha.does("/parties/bravo/suspend", &[]);
    assert!(page.contains("Suspended by us"), "{page}");
    at_alpha.does("/parties/bravo/resume", &[]);
    assert!(
        at_alpha
            .get("/parties/bravo/revoke")
            .contains("cannot be undone")
    );
    let page = at_alpha.does("/parties/bravo/revoke", &[]);
    assert!(page.contains("Ended"), "{page}");
}

/// Alpha and bravo take each other's card and read the digits to each other.
pub(super) fn verified(at_alpha: &Browser<'_>, at_bravo: &Browser<'_>) {
    let card = |browser: &Browser<'_>| {
        let page = browser.get("/parties");
        let card = inside(&page, "every character counts", "pre").to_owned();
        card.replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&")
    };
    let [of_alpha, of_bravo] = [card(at_alpha), card(at_bravo)];
    // A browser sends line ends as CR and LF.
    let sent = |card: &str| card.replace('\n', "\r\n");
    at_alpha.does("/parties", &[("card", &sent(&of_bravo))]);
    at_bravo.does("/parties", &[("card", &sent(&of_alpha))]);
    let digits = |browser: &Browser<'_>, other: &str| {
        let page = browser.get(&format!("/parties/{other}"));
        inside(&page, "Compare the fingerprint", "code").to_owned()
    };
    let [read_by_alpha, read_by_bravo] = [digits(at_alpha, "bravo"), digits(at_bravo, "alpha")];
    let wrong = at_alpha.post("/parties/bravo/verification", &[("typed", "12345")]);
    assert!((400..500).contains(&wrong.status), "{}", wrong.text());
    at_alpha.does("/parties/bravo/verification", &[("typed", &read_by_bravo)]);
    at_bravo.does("/parties/alpha/verification", &[("typed", &read_by_alpha)]);
    for (browser, other) in [(at_alpha, "bravo"), (at_bravo, "alpha")] {
        until("both verified", || {
            let page = browser.get(&format!("/parties/{other}"));
            page.contains("<span class=\"state ok\">Verified</span>")
                .then_some(())
        });
    }
}

#[test]
fn a_release_is_reviewed_and_done_through_pages_and_the_object_arrives() {
    let [mut alpha, mut bravo] = two();
    befriend(&mut alpha, &mut bravo, OPEN);
    let house = alpha.create_collection("House", &[]);
    let browser = Browser::of(&alpha, "releaser");
    alpha.grant(&house, "releaser", &["--read", "--write"]);
    alpha.import(
        &house,
        &[
            labelled(indicator(1), "GREEN"),
            labelled(indicator(2), "RED"),
        ],
    );
    let (green, red) = (indicator_id(1), indicator_id(2));
    assert!(
        browser
            .get(&format!("/objects/{green}"))
            .contains(&format!("/release?object={green}"))
    );
    let review = browser.get(&format!("/release?object={green}&party=bravo"));
    for words in [
        "Released",
        "TLP:GREEN",
        "As stored here",
        "As the other side gets it",
        "Release to bravo",
    ] {
        assert!(review.contains(words), "{words} in {review}");
    }
    assert!(
        alpha.outbox().iter().all(|row| row["kind"] != "share"),
        "a review sends nothing"
    );
    let sent = browser.does("/release", &[("object", &green), ("party", "bravo")]);
    assert!(sent.contains("Shared objects"), "{sent}");
    bravo.until_from("alpha", &[&green]);
    alpha.until_receipted();
    assert!(
        browser
            .get("/outbox?party=bravo")
            .contains("<span class=\"state ok\">Received</span>")
    );
    let decided = browser.get(&format!("/objects/{green}?tab=releases"));
    assert!(
        decided.contains("/parties/bravo") && decided.contains("Released"),
        "{decided}"
    );
    // What is bound to persons does not go to a party as such: the page says why and has no button.
    let refused = browser.ask(&format!("/release?object={red}&party=bravo"));
    assert!(
        !refused.text().contains("Release to bravo"),
        "{}",
        refused.text()
    );
    // The recall says first who got it.
    let page = browser.get(&format!("/recalls/review?object={green}&reason=mistaken"));
    assert!(
        page.contains("bravo") && page.contains("mistaken"),
        "{page}"
    );
    let page = browser.does("/recalls", &[("object", &green), ("reason", "mistaken")]);
    assert!(page.contains("mistaken"), "{page}");
}

/// Paths that every role that may look gets, and forms that none but some may post.
const PLACES: &[&str] = &[
    "/parties",
    "/parties/bravo",
    "/accords",
    "/accords/alpha-bravo",
    "/review",
    "/recalls",
    "/outbox",
    "/inbox",
    "/addresses",
    "/mail",
    "/mail/outgoing",
    "/mail-keys",
    "/ledger",
    "/me",
];

#[test]
fn a_viewer_is_offered_no_act_and_refused_every_one() {
    let [mut alpha, mut bravo] = two();
    befriend(&mut alpha, &mut bravo, OPEN);
    let browser = Browser::of(&alpha, "viewer");
    let page = browser.get("/parties/bravo");
    let (_, rest) = page
        .split_once("href=\"/parties/bravo/scorecards/")
        .unwrap();
    let scorecard = format!(
        "/parties/bravo/scorecards/{}",
        rest.split('"').next().unwrap()
    );
    for path in PLACES.iter().copied().chain([scorecard.as_str()]) {
        let page = browser.get(path);
        let posts: Vec<&str> = page
            .split("method=\"post\" action=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .filter(|action| {
                !matches!(
                    *action,
                    "/sign-out" | "/choices" | "/ledger/verification" | "/ledger/proof"
                )
            })
            .filter(|action| !action.starts_with("/me/"))
            .collect();
        assert_eq!(posts, Vec::<&str>::new(), "{path}");
    }
    for (path, fields) in [
        ("/parties", &[("card", "x")][..]),
        ("/parties/bravo/verification", &[("typed", "1")]),
        ("/parties/bravo/suspend", &[]),
        ("/parties/bravo/revoke", &[]),
        ("/accords", &[("text", "x")]),
        ("/accords/alpha-bravo/sign", &[("version", "1")]),
        ("/release", &[("object", "x"), ("party", "bravo")]),
        ("/recalls", &[("object", "x"), ("reason", "x")]),
        ("/review/x/yes", &[]),
        (
            "/addresses",
            &[
                ("party", "bravo"),
                ("purpose", "request"),
                ("days", "3"),
                ("label", "TLP:GREEN"),
            ],
        ),
        ("/mail-keys", &[("party", "bravo"), ("certificate", "x")]),
        ("/mail-keys/make", &[("days", "30")]),
        ("/mail-keys/extend", &[("days", "30")]),
        ("/mail-keys/x/revoke", &[("why", "retired")]),
        ("/certificates/bravo/x/remove", &[]),
        (
            "/admin",
            &[("name", "x"), ("role", "admin"), ("password", "x")],
        ),
        (
            "/admin/tokens",
            &[("user", "x"), ("scope", "all"), ("days", "1")],
        ),
        ("/admin/check", &[]),
    ] {
        let answer = browser.post(path, fields);
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
    }
    assert_eq!(browser.ask("/admin").status, 403);
    assert_eq!(alpha.state_of("bravo"), "verified");
}

#[test]
fn what_others_wrote_stays_text() {
    const MARKUP: &str = "\"><script>alert(1)</script><img src=x onerror='x'>";
    const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror='x'>\u{202e}fdp.exe";
    let [mut alpha, mut bravo] = two();
    befriend(&mut alpha, &mut bravo, OPEN);
    let house = alpha.create_collection("House", &[]);
    let releaser = Browser::of(&alpha, "releaser");
    alpha.grant(&house, "releaser", &["--read", "--write"]);
    let mut object = labelled(indicator(1), "GREEN");
    object["name"] = json!(HOSTILE);
    alpha.import(&house, &[object]);
    let id = indicator_id(1);
    let made = [
        ("party", "bravo"),
        ("purpose", "request"),
        ("days", "3"),
        ("remark", MARKUP),
        ("label", "TLP:GREEN"),
    ];
    let address = releaser.does("/addresses", &made);
    let pages = [
        address,
        releaser.get(&format!("/objects?collection={house}")),
        releaser.get(&format!("/objects/{id}")),
        releaser.get(&format!("/release?object={id}&party=bravo")),
        releaser.get("/release?object=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E"),
        releaser.get("/recalls/review?reason=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E"),
        releaser.get("/search?q=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E"),
    ];
    for page in &pages {
        assert!(
            !page.contains("<script>") && !page.contains("<img"),
            "{page}"
        );
    }
    for page in &pages[..4] {
        assert!(
            page.contains("&lt;script&gt;") || page.contains("&#60;script&#62;"),
            "{page}"
        );
    }
    // A name that is turned around says so.
    for page in &pages[1..4] {
        assert!(page.contains("U+202E"), "{page}");
    }
}

#[test]
fn forms_of_other_sites_are_refused() {
    let mut alpha = Party::new("alpha", Store::Embedded);
    alpha.serve();
    let browser = Browser::of(&alpha, "admin");
    let csrf = browser.csrf.clone();
    let make = |fields: &[(&str, &str)]| {
        posted(&alpha, "/admin/collections", fields).header("Cookie", &browser.cookie)
    };
    let right = [("csrf", csrf.as_str()), ("title", "House")];
    let refused = |request: Request, what: &str| {
        let answer = request.send(alpha.address());
        assert_eq!(answer.status, 403, "{what}: {}", answer.text());
    };
    refused(
        make(&right).header("Origin", "https://evil.example"),
        "another site",
    );
    refused(make(&right).header("Origin", "null"), "a sandbox");
    refused(make(&right).without("Origin"), "no word of where from");
    refused(
        make(&right).header("Sec-Fetch-Site", "cross-site"),
        "the browser says so",
    );
    refused(make(&[("title", "House")]), "no token");
    refused(make(&[("csrf", "x"), ("title", "House")]), "a wrong token");
    let other = Browser::sign_in(&alpha, "admin", "");
    let token = other.csrf.clone();
    refused(
        make(&[("csrf", token.as_str()), ("title", "House")]),
        "another session's token",
    );
    let is_made = || browser.get("/admin/collections").contains(">House<");
    assert!(!is_made());
    assert_eq!(make(&right).send(alpha.address()).status, 303);
    assert!(is_made());
}

#[test]
fn a_sign_in_leads_nowhere_else_and_keeps_no_cookie_from_before() {
    let mut alpha = Party::new("alpha", Store::Embedded);
    alpha.serve();
    let first = Browser::of(&alpha, "viewer");
    for next in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
    ] {
        let fields = [("name", "viewer"), ("password", PASSWORD), ("next", next)];
        let answer = posted(&alpha, "/sign-in", &fields).send(alpha.address());
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some("/")),
            "{next}"
        );
    }
    // A cookie that somebody set before the sign-in is not the session's afterwards.
    let before = "comity=chosen-by-another";
    let browser = Browser::sign_in(&alpha, "viewer", before);
    assert_ne!(browser.cookie, before);
    assert_ne!(browser.cookie, first.cookie);
    assert_eq!(browser.ask("/me").status, 200);
    let stranger = Request::get("/me")
        .without("Accept")
        .header("Cookie", "comity=chosen-by-another")
        .send(alpha.address());
    assert_eq!(stranger.status, 303, "{}", stranger.text());
    // Signing out ends the session, not only the cookie.
    first.post("/sign-out", &[]);
    assert_eq!(first.ask("/me").status, 303);
}

#[test]
fn keys_for_mail_are_made_prolonged_and_taken_back_through_pages() {
    let mut alpha = Party::new("alpha", Store::Embedded);
    alpha.serve();
    let admin = Browser::of(&alpha, "admin");
    assert!(admin.get("/mail-keys").contains("has no OpenPGP key"));
    let page = admin.does("/mail-keys/make", &[("days", "30")]);
    assert!(page.contains("BEGIN PGP PUBLIC KEY BLOCK"), "{page}");
    let (_, rest) = page.split_once("href=\"/mail-keys/").unwrap();
    let fingerprint = rest.split('/').next().unwrap().to_owned();
    let until = |party: &Party| {
        let shown = party.cli(&["openpgp", "show", "--json"]).expect(0).json();
        shown[0]["until"].as_str().unwrap().to_owned()
    };
    let before = until(&alpha);
    admin.does("/mail-keys/extend", &[("days", "400")]);
    assert!(until(&alpha) > before, "{before}");
    let wrong = admin.post("/mail-keys/extend", &[("days", "many")]);
    assert_eq!(wrong.status, 400, "{}", wrong.text());
    let at = format!("/mail-keys/{fingerprint}/revoke");
    assert!(admin.get(&at).contains("cannot be undone"));
    admin.post(&at, &[]).expect(400);
    admin.does(&at, &[("why", "retired")]);
    let shown = alpha.cli(&["openpgp", "show", "--json"]).expect(0).json();
    assert_eq!(shown[0]["usable"], false, "{shown}");
}
