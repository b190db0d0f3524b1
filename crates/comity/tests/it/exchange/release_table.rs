//! What each kind of recipient gets of each label by each outlet, from outside: written by hand in `release_table.txt`,
//! asked of real nodes, and printed to `docs/release-outlets.md`.
//!
//! Besides the table: whatever is not released cannot be told from what is not there, by any answer, header or time.
//!
//! In scope: the link, every TAXII resource, what arrives. Out of scope: the rules one by one (`comity-release`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::exchange::party::{
    OPEN, Party, agree, befriend, befriend_with, enrol, introduce, labelled, text, until,
};
use crate::http::{Answer, Request};
use crate::node::{ROOT, Store, collection, manifest, object, objects, query, variable, versions};
use crate::sample::{envelope, indicator, indicator_id};

/// The labels, each with the number of its object.
const LABELS: [&str; 11] = [
    "CLEAR",
    "GREEN",
    "AMBER",
    "AMBER+STRICT",
    "RED",
    "none",
    "1 WHITE",
    "1 GREEN",
    "1 AMBER",
    "1 RED",
    "GREEN+RED",
];
/// The outlets: the columns of the table.
const OUTLETS: [&str; 9] = [
    "link", "arrives", "objects", "manifest", "match", "object", "versions", "post", "listed",
];
/// The person for whom TLP:RED may be.
const PERSON: &str = "duty@bravo.example";
/// An id that nobody holds.
const ABSENT: u32 = 9_999;

/// The terms that allow as much as terms can.
pub(crate) fn widest(person: &str) -> String {
    format!(
        "ceiling = \"TLP:RED\"\noutlets = [\"link\", \"file\", \"taxii\"]\nunlabelled = \"TLP:AMBER+STRICT\"\nmay_relay = true\nrelay_onward = true\n[[release.red_persons]]\nname = \"the duty officer\"\naddress = \"{person}\"\n"
    )
}

fn number(label: &str) -> u32 {
    let place = LABELS.iter().position(|known| *known == label).unwrap();
    u32::try_from(place).unwrap()
}

fn labelled_objects(first: u32) -> Vec<Value> {
    let one = |label: &&str| labelled(indicator(first + number(label)), label);
    LABELS.iter().map(one).collect()
}

/// Who asks: how it signs in, and how its node and its link are reached, where it has any.
struct Recipient<'a> {
    title: &'static str,
    token: Option<String>,
    party: Option<&'a Party>,
    person: bool,
}

/// What alpha holds for the recipients to ask for.
struct Held<'a> {
    alpha: &'a Party,
    collection: String,
    first: u32,
}

type Grid = BTreeMap<(String, &'static str, &'static str), String>;

fn get(alpha: &Party, token: Option<&str>, path: &str) -> Answer {
    let request = Request::get(path);
    let request = match token {
        Some(token) => request.bearer(token),
        None => request,
    };
    request.send(alpha.address())
}

/// The word for whether an answer holds an object.
fn holds(answer: &Answer, id: &str) -> String {
    match answer.status {
        200 if answer.ids().iter().any(|held| held == id) => "+".to_owned(),
        200 => "-".to_owned(),
        status => status.to_string(),
    }
}

/// What a share by the link comes to.
fn by_link(held: &Held<'_>, recipient: &Recipient<'_>, id: &str) -> String {
    let Some(party) = recipient.party else {
        return "none".to_owned();
    };
    let mut arguments = vec!["share", id, "--to", &party.name, "--json"];
    if recipient.person {
        arguments.extend(["--person", PERSON]);
    }
    let said = held.alpha.cli(&arguments);
    if said.out.is_empty() {
        assert!(said.err.contains("no accord"), "{}", said.err);
        return "-accord".to_owned();
    }
    let line = &said.json()["lines"][0];
    match text(line, "verdict").as_str() {
        "released" => "+".to_owned(),
        "refused" => format!("-{}", text(line, "rule")),
        other => other.to_owned(),
    }
}

fn by_outlet(held: &Held<'_>, recipient: &Recipient<'_>, outlet: &str, id: &str) -> String {
    let (alpha, name) = (held.alpha, held.collection.as_str());
    let ask = |path: &str| get(alpha, recipient.token.as_deref(), path);
    match outlet {
        "link" => by_link(held, recipient, id),
        "arrives" => match recipient.party {
            None => "none".to_owned(),
            Some(party) if party.from("alpha").contains_key(id) => "+".to_owned(),
            Some(_) => "-".to_owned(),
        },
        "objects" => holds(&ask(&objects(name)), id),
        "manifest" => holds(&ask(&manifest(name)), id),
        "match" => holds(&ask(&query(&objects(name), &[("match[id]", id)])), id),
        "object" => holds(&ask(&object(name, id)), id),
        "versions" => match ask(&versions(name, id)).status {
            200 => "+".to_owned(),
            status => status.to_string(),
        },
        "post" => {
            let mut other = indicator(0);
            other["id"] = json!(id);
            other["description"] = json!("Somebody else's object under this id.");
            let request = Request::post(&objects(name), envelope(&[other]));
            let request = match &recipient.token {
                Some(token) => request.bearer(token),
                None => request,
            };
            let answer = request.send(alpha.address());
            match answer.status {
                202 if answer.json()["success_count"] == 1 => "taken".to_owned(),
                202 => "failed".to_owned(),
                status => status.to_string(),
            }
        }
        "listed" => {
            let answer = ask(&format!("{ROOT}collections/"));
            match answer.status {
                200 if answer.text().contains(name) => "+".to_owned(),
                200 => "-".to_owned(),
                status => status.to_string(),
            }
        }
        other => panic!("{other} is no outlet"),
    }
}

/// Asks for everything, outlet by outlet: what is posted comes last.
fn asked(held: &Held<'_>, recipient: &Recipient<'_>, grid: &mut Grid) {
    for outlet in OUTLETS {
        for label in LABELS {
            let id = indicator_id(held.first + number(label));
            let answer = by_outlet(held, recipient, outlet, &id);
            grid.insert((recipient.title.to_owned(), label, outlet), answer);
        }
        if outlet == "link"
            && recipient
                .party
                .is_some_and(|party| party.state_of("alpha") == "verified")
        {
            held.alpha_settled(recipient.party.unwrap());
        }
    }
}

impl Held<'_> {
    /// Waits until what was sent to a party has come there, where anything goes to it.
    fn alpha_settled(&self, party: &Party) {
        if self.alpha.state_of(&party.name) != "verified" {
            return;
        }
        let sent = self.alpha.until_receipted();
        let shares = sent
            .iter()
            .filter(|row| row["kind"] == "share" && row["party"] == *party.name);
        let shares = shares.count();
        until("everything applied", || {
            let rows = party.inbox();
            let done = rows.iter().filter(|row| {
                row["kind"] == "share" && row["party"] == "alpha" && row["state"] == "applied"
            });
            (done.count() == shares).then_some(())
        });
    }
}

/// Reads a table as it is written by hand.
fn expected() -> Grid {
    let mut grid = Grid::new();
    let mut title = String::new();
    for line in include_str!("release_table.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if !line.starts_with(' ') {
            line.clone_into(&mut title);
            continue;
        }
        let (label, words) = line.trim().split_once("  ").unwrap();
        let label = LABELS.into_iter().find(|known| *known == label).unwrap();
        let words: Vec<&str> = words.split_whitespace().collect();
        assert_eq!(words.len(), OUTLETS.len(), "{title}, {label}");
        for (outlet, word) in OUTLETS.into_iter().zip(words) {
            let place = (title.clone(), label, outlet);
            assert_eq!(
                grid.insert(place, word.to_owned()),
                None,
                "{title}, {label}"
            );
        }
    }
    grid
}

/// The document: what was expected and what was got.
fn document(titles: &[&str], expected: &Grid, got: &Grid) -> String {
    let mut page = String::from(
        "# What goes out, seen from outside\n\n\
         Made by the test `exchange::release_table`, which asks real nodes; do not edit. A cell is what was expected, then what\n\
         was got where that differs. Everything is asked of one node, alpha, whose accords allow as much as accords can.\n\n\
         `+` it is there, `-` it is not, `-rule` it is refused by that rule, `none` this way does not exist; a number is the status\n\
         over HTTP, the same as for an object that nobody holds. `taken`: a post under the id of the object is taken as it is for\n\
         any other id. `1 WHITE` and so on are the labels of TLP 1.0, `none` is an object without a label, `GREEN+RED` one with both.\n",
    );
    for title in titles {
        let _ = write!(page, "\n## To {title}\n\n| label |");
        for outlet in OUTLETS {
            let _ = write!(page, " {outlet} |");
        }
        page.push_str("\n|---|");
        page.push_str(&"---|".repeat(OUTLETS.len()));
        page.push('\n');
        for label in LABELS {
            let _ = write!(page, "| {label} |");
            for outlet in OUTLETS {
                let place = ((*title).to_owned(), label, outlet);
                let none = "(no such row)".to_owned();
                let (wanted, found) = (
                    expected.get(&place).unwrap_or(&none),
                    got.get(&place).unwrap_or(&none),
                );
                let cell = if wanted == found {
                    wanted.clone()
                } else {
                    format!("{wanted}, got {found}")
                };
                let _ = write!(page, " {cell} |");
            }
            page.push('\n');
        }
    }
    page
}

/// Alpha with partners of every kind, and collections that each may read and write as far as rights go.
struct Stage {
    alpha: Party,
    bravo: Party,
    charlie: Party,
    delta: Party,
    echo: Party,
    house: String,
    relayed: String,
    /// What an own account added.
    added: String,
    tokens: BTreeMap<&'static str, String>,
}

fn stage() -> Stage {
    let party = |name: &str| Party::new(name, Store::Embedded);
    let mut alpha = party("alpha");
    let (mut bravo, mut charlie, mut delta, mut echo) = (
        party("bravo"),
        party("charlie"),
        party("delta"),
        party("echo"),
    );
    befriend_with(
        &mut alpha,
        &mut bravo,
        &widest(PERSON),
        &widest("duty@alpha.example"),
    );
    befriend(&mut alpha, &mut charlie, &widest("duty@charlie.example"));
    befriend(&mut alpha, &mut echo, &widest("duty@echo.example"));
    delta.serve();
    introduce(&alpha, &delta);
    let more = [
        "--alias",
        "operation-nightfall",
        "--description",
        "Kept from bravo.",
    ];
    let house = alpha.create_collection("House", &more);
    alpha.import(&house, &labelled_objects(0));
    // What bravo gives, for alpha to pass on to charlie.
    let theirs = bravo.create_collection("Theirs", &[]);
    bravo.import(&theirs, &labelled_objects(100));
    for label in LABELS {
        let id = indicator_id(100 + number(label));
        bravo.share_with(&id, "alpha", &["--person", "duty@alpha.example"]);
    }
    until("what bravo gives", || {
        (alpha.from("bravo").len() == LABELS.len()).then_some(())
    });
    let listed = alpha.rows(&["collection", "list"]);
    let relayed = listed
        .iter()
        .find(|one| one["alias"] == "from-bravo")
        .unwrap();
    let relayed = text(relayed, "id");
    let mut tokens = BTreeMap::new();
    for (name, party) in [
        ("bea", "bravo"),
        ("cora", "charlie"),
        ("dora", "delta"),
        ("eve", "echo"),
    ] {
        tokens.insert(name, alpha.account_of(name, Some(party), "analyst"));
        alpha.grant(&house, name, &["--read", "--write"]);
    }
    alpha.grant(&relayed, "cora", &["--read", "--write"]);
    tokens.insert("nick", alpha.account_of("nick", None, "viewer"));
    let added = own_accounts(&alpha, &mut tokens);
    alpha.cli(&["party", "suspend", "echo"]).expect(0);
    Stage {
        alpha,
        bravo,
        charlie,
        delta,
        echo,
        house,
        relayed,
        added,
        tokens,
    }
}

/// Own accounts: who adds, who is named for all of it, and who has the same rights and no more. Answers the collection.
fn own_accounts(alpha: &Party, tokens: &mut BTreeMap<&'static str, String>) -> String {
    let added = alpha.create_collection("Added", &[]);
    for name in ["ann", "nina", "otto"] {
        tokens.insert(name, alpha.account_of(name, None, "analyst"));
        alpha.grant(&added, name, &["--read", "--write"]);
    }
    let body = envelope(&labelled_objects(200));
    let posted = alpha.ask(&tokens["ann"], Request::post(&objects(&added), body));
    assert_eq!(posted.expect(202).json()["failure_count"], 0);
    for label in ["RED", "1 RED", "GREEN+RED"] {
        let id = indicator_id(200 + number(label));
        alpha
            .cli(&["object", "name", &id, "--user", "nina"])
            .expect(0);
    }
    added
}

/// Waits until a party's view holds so many objects.
fn until_released(alpha: &Party, token: &str, collection: &str, count: usize) {
    until("the released view", || {
        let answer = alpha.get(token, &objects(collection));
        (answer.status == 200 && answer.objects().len() == count).then_some(())
    });
    // What is judged last is judged by now, too.
    until("every decision", || {
        let rows = alpha.rows(&["release", "list"]);
        let last = indicator_id(number("GREEN+RED"));
        rows.iter()
            .any(|row| row["outlet"] == "taxii" && row["object"] == last)
            .then_some(())
    });
}

/// Everybody who asks, with the title of each.
fn recipients(stage: &Stage) -> Vec<Recipient<'_>> {
    let one = |title, name: &str, party, person| Recipient {
        title,
        token: stage.tokens.get(name).cloned(),
        party,
        person,
    };
    let Stage {
        bravo,
        charlie,
        delta,
        echo,
        ..
    } = stage;
    vec![
        one("a stranger", "nobody", None, false),
        one("an account without rights", "nick", None, false),
        one("a pending partner", "dora", Some(delta), false),
        one("a suspended partner", "eve", Some(echo), false),
        one("a verified partner", "bea", Some(bravo), false),
        one(
            "a named person of a verified partner",
            "bea",
            Some(bravo),
            true,
        ),
        one(
            "a third partner, what another let pass on",
            "cora",
            Some(charlie),
            false,
        ),
        one("an own account that added it", "ann", None, false),
        one("an own account that is named for it", "nina", None, false),
        one("another own account", "otto", None, false),
    ]
}

#[test]
fn every_outlet_answers_as_the_table_says() {
    let stage = stage();
    let held = |collection: &str, first| Held {
        alpha: &stage.alpha,
        collection: collection.to_owned(),
        first,
    };
    let (house, relayed) = (held(&stage.house, 0), held(&stage.relayed, 100));
    let added = held(&stage.added, 200);
    until_released(&stage.alpha, &stage.tokens["bea"], &stage.house, 8);
    until_released(&stage.alpha, &stage.tokens["cora"], &stage.relayed, 4);
    let all = recipients(&stage);
    let mut grid = Grid::new();
    for recipient in &all {
        let held = match recipient.party {
            Some(party) if party.name == "charlie" => &relayed,
            None if recipient.title.contains("own account") => &added,
            Some(_) | None => &house,
        };
        asked(held, recipient, &mut grid);
    }
    let expected = expected();
    let titles: Vec<&str> = all.iter().map(|one| one.title).collect();
    let page = document(&titles, &expected, &grid);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/release-outlets.md");
    if variable("COMITY_UPDATE_DOCUMENTS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let differences: Vec<String> = grid
        .iter()
        .filter(|(place, found)| expected.get(*place) != Some(*found))
        .map(|(place, found)| {
            format!(
                "{place:?}: the table says {:?}, got {found}",
                expected.get(place)
            )
        })
        .collect();
    assert!(differences.is_empty(), "\n{}\n", differences.join("\n"));
    assert_eq!(
        expected.len(),
        grid.len(),
        "the table has rows that nobody asked for"
    );
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == page,
        "docs/release-outlets.md is out of date: run this test with COMITY_UPDATE_DOCUMENTS=1"
    );
}

/// A partner's account at a node that holds one released object and `hidden` others.
fn with_hidden(hidden: u32) -> (Party, Party, String, String) {
    let mut alpha = Party::new("alpha", Store::Embedded);
    let mut bravo = Party::new("bravo", Store::Embedded);
    befriend(&mut alpha, &mut bravo, OPEN);
    let house = alpha.create_collection(
        "House",
        &[
            "--alias",
            "operation-nightfall",
            "--description",
            "Kept from bravo.",
        ],
    );
    let token = alpha.account_of("bea", Some("bravo"), "analyst");
    alpha.grant(&house, "bea", &["--read", "--write"]);
    let red = |number| labelled(indicator(number), "RED");
    alpha.import(&house, &(100..100 + hidden).map(red).collect::<Vec<_>>());
    alpha.import(&house, &[labelled(indicator(1), "GREEN")]);
    alpha.import(&house, &(500..500 + hidden).map(red).collect::<Vec<_>>());
    alpha.import(&house, &[labelled(indicator(2), "GREEN")]);
    until("two released", || {
        (alpha.get(&token, &objects(&house)).objects().len() == 2).then_some(())
    });
    (alpha, bravo, house, token)
}

/// An answer without what differs between any two answers: ids that are made, times, the collection's own id.
pub(crate) fn plain(answer: &Answer, names: &[&str]) -> String {
    let mut said = format!(
        "{}\n{}\n{}",
        answer.status,
        answer.fingerprint(),
        answer.text()
    );
    for name in names {
        said = said.replace(name, "NAME");
    }
    if let Some((place, check)) = next_of(answer)
        .as_deref()
        .and_then(|next| next.split_once('-'))
    {
        // A check over the collection's id: the place is what could tell something.
        said = said.replace(&format!("{place}-{check}"), &format!("{place}-CHECK"));
    }
    if let Ok(body) = serde_json::from_slice::<Value>(&answer.body)
        && let Some(id) = body
            .get("error_id")
            .or_else(|| body.get("id"))
            .and_then(Value::as_str)
    {
        said = said.replace(id, "ID");
    }
    blank_times(&said)
}

fn next_of(answer: &Answer) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    body.get("next")?.as_str().map(str::to_owned)
}

/// Every digit of every timestamp as the same sign.
fn blank_times(said: &str) -> String {
    let form = "dddd-dd-ddTdd:dd:dd.";
    let signs: Vec<char> = said.chars().collect();
    let mut out = String::new();
    let mut place = 0;
    while place < signs.len() {
        let is_time = form.chars().enumerate().all(|(at, sign)| {
            let found = signs.get(place + at).copied().unwrap_or(' ');
            if sign == 'd' {
                found.is_ascii_digit()
            } else {
                found == sign
            }
        });
        if is_time {
            out.push_str("TIME.");
            place += form.len();
            while signs.get(place).is_some_and(char::is_ascii_digit) {
                place += 1;
            }
        } else {
            out.push(signs[place]);
            place += 1;
        }
    }
    out
}

#[test]
fn a_collection_with_hidden_objects_answers_as_one_without() {
    let (full, _partner, crowded, token) = with_hidden(40);
    let (bare, _other, empty, other_token) = with_hidden(0);
    let hidden = indicator_id(110);
    let absent = indicator_id(ABSENT);
    let both = |path: &dyn Fn(&str) -> String| {
        let here = full.get(&token, &path(&crowded));
        let there = bare.get(&other_token, &path(&empty));
        let names = [crowded.as_str(), empty.as_str()];
        assert_eq!(
            plain(&here, &names),
            plain(&there, &names),
            "{}",
            path("COLLECTION")
        );
    };
    both(&|_| format!("{ROOT}collections/"));
    both(&|name| collection(name));
    both(&|name| objects(name));
    both(&|name| manifest(name));
    for limit in ["1", "2", "3"] {
        both(&|name| query(&objects(name), &[("limit", limit)]));
        both(&|name| query(&manifest(name), &[("limit", limit)]));
    }
    both(&|name| {
        query(
            &objects(name),
            &[("match[type]", "indicator"), ("match[version]", "all")],
        )
    });
    both(&|name| {
        query(
            &objects(name),
            &[("added_after", "2020-01-01T00:00:00Z"), ("limit", "1")],
        )
    });
    both(&|name| query(&objects(name), &[("match[id]", &hidden)]));
    both(&|name| query(&manifest(name), &[("match[id]", &hidden)]));
    both(&|name| object(name, &hidden));
    both(&|name| versions(name, &hidden));
    both(&|_| collection("operation-nightfall"));
    both(&|_| objects("operation-nightfall"));
    // The first and the last moment are those of what is released.
    let records = full.get(&token, &manifest(&crowded)).objects();
    let page = full.get(&token, &objects(&crowded));
    let added = |record: Option<&Value>| text(record.unwrap(), "date_added");
    assert_eq!(
        page.header("x-taxii-date-added-first").unwrap(),
        added(records.first())
    );
    assert_eq!(
        page.header("x-taxii-date-added-last").unwrap(),
        added(records.last())
    );
    // What is hidden and what nobody holds are one.
    for path in [object, versions] {
        let held = full.get(&token, &path(&crowded, &hidden));
        let none = full.get(&token, &path(&crowded, &absent));
        assert_eq!(plain(&held, &[&hidden]), plain(&none, &[&absent]));
    }
    let listing = full.get(&token, &format!("{ROOT}collections/")).text();
    assert!(
        !listing.contains("nightfall") && !listing.contains("Kept"),
        "{listing}"
    );
    for (id, name) in [(&hidden, "hidden"), (&absent, "absent")] {
        let answer = full.ask(&token, Request::delete(&object(&crowded, id)));
        assert_eq!(answer.status, 403, "{name}: {}", answer.text());
    }
}

#[test]
fn a_post_under_a_hidden_id_is_answered_as_any_other() {
    let (alpha, _partner, house, token) = with_hidden(5);
    let post = |number: u32| {
        let mut object = indicator(number);
        object["description"] = json!("Another object under this id and version.");
        let id = indicator_id(number);
        let answer = alpha.ask(&token, Request::post(&objects(&house), envelope(&[object])));
        let status = alpha.get(
            &token,
            &format!("{ROOT}status/{}/", text(&answer.json(), "id")),
        );
        (plain(&answer, &[&id]), plain(&status, &[&id]))
    };
    let hidden = post(101);
    assert_eq!(hidden, post(ABSENT), "of what is hidden");
    assert_eq!(hidden, post(1), "of what is released");
    // A second time it is known in either case.
    assert_eq!(post(102).0, post(ABSENT + 1).0);
    assert_eq!(post(102), post(ABSENT + 1), "posted again");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[test]
fn the_time_of_an_answer_does_not_tell_what_is_hidden() {
    const ROUNDS: usize = 300;
    let (alpha, _partner, house, token) = with_hidden(200);
    let hidden = object(&house, &indicator_id(110));
    let absent = object(&house, &indicator_id(ABSENT));
    let time = |path: &str| {
        let began = Instant::now();
        alpha.get(&token, path).expect(404);
        began.elapsed()
    };
    let mut seen = Vec::new();
    // A machine with other work may disturb one run.
    for _ in 0..3 {
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            // Neither always goes first.
            if round % 2 == 0 {
                here.push(time(&hidden));
                there.push(time(&absent));
            } else {
                there.push(time(&absent));
                here.push(time(&hidden));
            }
        }
        let (here, there) = (median(here).as_secs_f64(), median(there).as_secs_f64());
        seen.push(here / there);
        if (0.9..1.1).contains(&(here / there)) {
            println!("the ratio of the medians is {:.3}", here / there);
            return;
        }
    }
    panic!("hidden against absent: {seen:?}");
}

#[test]
fn a_refused_relay_shows_nothing_to_the_third_partner() {
    let party = |name: &str| Party::new(name, Store::Embedded);
    let (mut alpha, mut bravo, mut charlie) = (party("alpha"), party("bravo"), party("charlie"));
    befriend(&mut alpha, &mut bravo, OPEN);
    charlie.serve();
    enrol(&alpha, &charlie);
    agree(&alpha, &charlie, &widest("duty@charlie.example"), OPEN);
    let theirs = bravo.create_collection("Theirs", &[]);
    bravo.import(&theirs, &labelled_objects(100)[..2]);
    for number in [100, 101] {
        bravo.share(&indicator_id(number), "alpha");
    }
    alpha.until_from("bravo", &[&indicator_id(100), &indicator_id(101)]);
    let token = alpha.account_of("cora", Some("charlie"), "viewer");
    alpha.grant("from-bravo", "cora", &["--read"]);
    until("two refusals", || {
        let rows = alpha.rows(&["release", "list", "--party", "charlie"]);
        let refused = rows.iter().filter(|row| row["rule"] == "relay");
        (refused.count() == 2).then_some(())
    });
    let listed = alpha.get(&token, &format!("{ROOT}collections/")).text();
    let own: Value = serde_json::from_str(&listed).unwrap();
    let id = text(&own["collections"][0], "id");
    assert!(alpha.get(&token, &objects(&id)).objects().is_empty());
    // A third party's name is no partner's business, even in a title.
    assert!(!listed.contains("bravo"), "{listed}");
}
