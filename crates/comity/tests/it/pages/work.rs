//! What two parties work on, through the pages of both nodes, in both languages.
//!
//! In scope: requests from the form to the feedback, wrong input, roles, what is TLP:RED. Out of scope: what each event leads to
//! (`cases`).

use super::visitor::Browser;
use crate::cases::requests::{form, open, until_both};
use crate::exchange::party::{OPEN, Party, befriend, befriend_with};
use crate::exchange::release_table::widest;
use crate::node::Store;

/// A request for a search in logs, as a form sends it.
pub(crate) const REQUEST: &[(&str, &str)] = &[
    ("request_type", "log-search"),
    ("party", "bravo"),
    ("label", "TLP:AMBER"),
    ("urgency", "routine"),
    ("title", "Control server behind the May intrusion"),
    ("unit", "cyber unit"),
    ("contact", "duty@alpha.example"),
    ("facts", "Two hosts <b>called</b> it each night."),
    ("asked", "Connections to the address in the window."),
    ("use_limits", "intelligence only"),
    ("window_from", "2026-05-01T00:00"),
    ("window_until", "2026-05-08T00:00"),
    ("observables", "198.51.100.7"),
];

#[test]
fn a_request_goes_its_whole_way_through_the_pages_of_both_nodes() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let ours = Browser::new(&alpha, "duty-officer", "releaser", "en");
    let theirs = Browser::new(&bravo, "officer-on-duty", "releaser", "zh-CN");
    assert!(ours.get("/requests").contains("No request yet."));
    assert!(theirs.get("/requests").contains("还没有协查请求"));
    let sent = ours.post("/requests/new", REQUEST).expect(303);
    let path = sent.header("location").unwrap().to_owned();
    assert!(path.starts_with("/threads/request--"), "{path}");
    // What was sent stands there as text, whatever is in it.
    let page = theirs.until(&path, "已送达");
    assert!(page.contains("&lt;b&gt;called&lt;/b&gt;"), "{page}");
    assert!(page.contains("lang=\"zh-Hans\"") && page.contains("事实"));
    assert!(page.matches("class=\"marking tlp-amber\"").count() == 2);
    let act = |who: &Browser<'_>, event: &str, fields: &[(&str, &str)]| {
        let done = who.post(&format!("{path}/say/{event}"), fields);
        assert_eq!(done.expect(303).header("location"), Some(path.as_str()));
    };
    act(&theirs, "acknowledge", &[("number", "B-2026-17")]);
    let page = ours.until(&path, "B-2026-17");
    assert!(page.contains("Acknowledged") && page.contains("/say/withdraw"));
    // What the other side alone may say is not offered.
    assert!(!page.contains("/say/accept"), "{page}");
    act(
        &theirs,
        "accept",
        &[("scope", "full"), ("expected", "2099-01-01T00:00")],
    );
    ours.until(&path, "2099-01-01");
    act(
        &theirs,
        "answer",
        &[("scope", "part"), ("text", "Four connections.")],
    );
    ours.until(&path, "Four connections.");
    let feedback = [("useful", "yes"), ("quality", "5"), ("acted", "yes")];
    act(&ours, "feedback", &feedback);
    theirs.until(&path, "已结");
    let listed = ours.get("/requests");
    assert!(listed.contains("Control server behind the May intrusion"));
    assert!(listed.contains(&format!("href=\"{path}\"")), "{listed}");
    // A note stays in the house.
    ours.post(&format!("{path}/notes"), &[("text", "ask the analyst")])
        .expect(303);
    assert!(ours.get(&path).contains("ask the analyst"));
    assert!(!theirs.get(&path).contains("ask the analyst"));
}

#[test]
fn what_is_wrong_is_said_on_the_same_page_and_what_was_typed_is_kept() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let ours = Browser::new(&alpha, "duty-officer", "releaser", "en");
    let changed = |name: &'static str, value: &'static str| {
        let fields = REQUEST.iter().map(|(each, said)| {
            let said = if *each == name { value } else { *said };
            (*each, said)
        });
        fields.collect::<Vec<_>>()
    };
    let page = ours.post("/requests/new", &changed("window_from", "soon"));
    let page = page.expect(422).text();
    assert!(page.contains("This is no time"), "{page}");
    for kept in ["cyber unit", "value=\"soon\"", "198.51.100.7"] {
        assert!(page.contains(kept), "{kept} in {page}");
    }
    assert!(page.contains("<option value=\"TLP:AMBER\" selected>"));
    // What a type needs is asked for, and can be left out knowingly.
    let mut lacking = changed("observables", "");
    let page = ours.post("/requests/new", &lacking).expect(422).text();
    assert!(page.contains("This must be filled in."), "{page}");
    lacking.push(("incomplete", "yes"));
    let sent = ours.post("/requests/new", &lacking).expect(303);
    let path = sent.header("location").unwrap().to_owned();
    let page = ours.get(&path);
    assert!(page.contains("Observables") && page.contains("does not say"));
    // What the node refuses is said in its words, with what to do.
    let refused = ours.post(
        &format!("{path}/say/accept"),
        &[("scope", "full"), ("expected", "2099-01-01T00:00")],
    );
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("role=\"alert\""));
    ours.post(&format!("{path}/say/nothing"), &[]).expect(404);
}

#[test]
fn a_viewer_reads_and_is_offered_nothing() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let id = open(&alpha, &bravo, &form(&alpha, &[]), &[]);
    let path = format!("/threads/{id}");
    let viewer = Browser::new(&alpha, "visitor", "viewer", "en");
    let page = viewer.get(&path);
    assert!(page.contains("Control server"), "{page}");
    assert!(!page.contains("action=\"/threads/"), "{page}");
    for list in [
        "/requests",
        "/cases",
        "/calls",
        "/exercises",
        "/evidence",
        "/contacts",
        "/checks",
    ] {
        let page = viewer.get(list);
        assert!(!page.contains("/new\"") && !page.contains("action=\"/contacts\""));
    }
    viewer.ask("/requests/new").expect(403);
    viewer.post("/requests/new", REQUEST).expect(403);
    let reason = [("reason", "no need any more")];
    viewer
        .post(&format!("{path}/say/withdraw"), &reason)
        .expect(403);
    viewer
        .post(&format!("{path}/notes"), &[("text", "x")])
        .expect(403);
    // A form that no page of this session made does nothing.
    let officer = Browser::new(&alpha, "duty-officer", "releaser", "en");
    let forged = Browser {
        csrf: viewer.csrf.clone(),
        cookie: officer.cookie.clone(),
        ..Browser::new(&alpha, "another-officer", "releaser", "en")
    };
    forged
        .post(&format!("{path}/say/withdraw"), &reason)
        .expect(403);
    assert!(!officer.get(&path).contains("no need any more"));
}

#[test]
fn what_is_red_is_shown_to_whom_it_names_and_to_nobody_else() {
    const PERSON: &str = "duty@bravo.example";
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    let back = widest("duty@alpha.example");
    befriend_with(&mut alpha, &mut bravo, &widest(PERSON), &back);
    let file = form(&alpha, &[]);
    let mut arguments = vec!["request", "open", &file, "--to", "bravo", "--tlp", "red"];
    arguments.extend(["--second", "head of desk", "--person", PERSON]);
    let id = alpha.cli(&arguments).expect(0).out.trim().to_owned();
    until_both([&alpha, &bravo], &id, "delivered");
    let path = format!("/threads/{id}");
    let other = Browser::new(&bravo, "other-officer", "releaser", "en");
    other.ask(&path).expect(404);
    assert!(!other.get("/requests").contains("Control server"));
    assert!(!other.get("/").contains(&id));
    other
        .post(&format!("{path}/say/acknowledge"), &[("number", "B-1")])
        .expect(404);
    bravo.account_of("named-officer", None, "releaser");
    bravo
        .cli(&["user", "address", "named-officer", PERSON])
        .expect(0);
    let named = Browser::sign_in(&bravo, "named-officer", "");
    let page = named.get(&path);
    assert_eq!(page.matches("class=\"marking tlp-red\"").count(), 2);
    // Whoever answers says for whom alone it is.
    let number = ("number", "B-1");
    let page = named.post(&format!("{path}/say/acknowledge"), &[number]);
    assert!(page.expect(422).text().contains("This must be filled in."));
    let to = ("person", "duty@alpha.example");
    named
        .post(&format!("{path}/say/acknowledge"), &[number, to])
        .expect(303);
    until_both([&alpha, &bravo], &id, "acknowledged");
}
