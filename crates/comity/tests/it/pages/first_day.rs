//! A first day through pages alone: from two nodes that were made and served, two commands each, to an object that arrived.
//!
//! In scope: that no other command is needed. Out of scope: each of the steps (the suites of their subjects).

use super::between::verified;
use super::visitor::{Browser, PASSWORD, posted};
use crate::exchange::party::{Party, until};
use crate::node::Store;

/// The account that the link makes which a node prints where it has none.
fn first(party: &Party) -> Browser<'_> {
    let said = party.serving().said();
    let link = said.lines().find_map(|line| line.strip_prefix("open "));
    let link = link
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap();
    let (_, secret) = link.rsplit_once('/').unwrap();
    let fields = [("name", "chief"), ("password", PASSWORD)];
    let answer = posted(party, &format!("/welcome/{secret}"), &fields).send(party.address());
    Browser::entered(party, &answer)
}

/// A collection, or one that came to be, is somebody's to read and to write.
fn granted(chief: &Browser<'_>, collection: &str) {
    let rights = [
        ("collection", collection),
        ("user", "desk"),
        ("read", "on"),
        ("write", "on"),
    ];
    chief.does("/admin/collections/rights", &rights);
}

/// What stands in the large field of a page.
fn typed(page: &str) -> String {
    let (_, rest) = page.split_once("<textarea").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    let text = rest.split_once("</textarea>").unwrap().0;
    let text = text.replace("&#34;", "\"").replace("&#39;", "'");
    text.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#38;", "&")
}

#[test]
fn two_new_parties_come_to_share_an_object_without_another_command() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    alpha.serve();
    bravo.serve();
    let [chief, chief_there] = [&alpha, &bravo].map(first);
    for chief in [&chief, &chief_there] {
        let desk = [
            ("name", "desk"),
            ("role", "releaser"),
            ("password", PASSWORD),
        ];
        chief.does("/admin", &desk);
    }
    let [desk, desk_there] = [&alpha, &bravo].map(|party| Browser::sign_in(party, "desk", ""));
    verified(&desk, &desk_there);
    let template = [("party", "bravo"), ("template", "mutual")];
    let drafted = desk.post("/accords/draft", &template).expect(200).text();
    desk.does("/accords", &[("text", &typed(&drafted))]);
    desk_there.until("/accords", "/accords/alpha-bravo?version=1");
    desk_there.does("/accords/alpha-bravo/sign", &[("version", "1")]);
    for desk in [&desk, &desk_there] {
        desk.until("/accords/alpha-bravo?version=1", "state ok");
    }
    chief.does(
        "/admin/collections",
        &[("title", "Indicators"), ("alias", "indicators")],
    );
    granted(&chief, "indicators");
    let list = [
        ("collection", "indicators"),
        ("label", "TLP:GREEN"),
        ("text", "198.51.100.23\r\n"),
    ];
    desk.post("/objects/import", &list).expect(200);
    let known = desk.get("/value?v=198.51.100.23");
    let (_, rest) = known.split_once("/objects/indicator--").unwrap();
    let path = format!("/objects/indicator--{}", &rest[..36]);
    let object = path.trim_start_matches("/objects/");
    desk.does("/release", &[("object", object), ("party", "bravo")]);
    until("the collection of what came", || {
        let page = chief_there.get("/admin/collections");
        page.contains("from-alpha").then_some(())
    });
    granted(&chief_there, "from-alpha");
    desk_there.until(&path, "198.51.100.23");
    desk.until(
        "/outbox?party=bravo",
        "<span class=\"state ok\">Received</span>",
    );
}
