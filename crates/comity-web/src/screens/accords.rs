//! Accords: what parties agreed, version by version.
//!
//! In scope: the list, a version's text and signatures, what changes between two, drafting, proposing, signing. Out of scope: how promises
//! are kept (`parties`).

use comity_accord::text::template::Template;
use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::html::Html;
use crate::screens::{number, party_choices, rows, text, texts};
use crate::sheet::{Form, Part, Sheet, Table, all, lines, muted, path, plain, way};
use crate::visit::{Visit, Web};

/// `GET /accords`.
pub(crate) async fn list(web: Web, visit: Visit) -> Shown {
    let found = visit.ask(&web, "list_accords", Value::Null).await?;
    let mut frame = Frame::new(&web, &visit, visit.words.say("place-accords"));
    frame.follows = Some("list_parties");
    let mut sheet = Sheet::new(frame);
    let f = &sheet.frame;
    let table = versions(f, rows(&found).iter());
    let mut parts = vec![Part::list(
        None,
        table,
        (f.say("accords-none"), f.say("accords-none-hint")),
    )];
    if visit.may(Permission::Agree) {
        let names = party_choices(&web, &visit, |_| true).await?;
        if !names.is_empty() {
            let templates = Template::ALL.map(|template| {
                let name = template.as_str();
                (name.to_owned(), f.word("template", name))
            });
            let draft = Form::new("/accords/draft", f.say("accord-draft"))
                .plain()
                .choice("party", f.say("party"), names)
                .choice("template", f.say("accord-template"), templates.to_vec());
            parts.push(
                Part::of(f.say("accord-new"))
                    .says(&f.say("accord-new-hint"))
                    .form(draft),
            );
        }
        parts.push(Part::default().form(propose_form(f, "")));
    }
    sheet.parts = parts;
    sheet.shown(&visit)
}

fn propose_form(f: &Frame, draft: &str) -> Form {
    let mut form = Form::new("/accords", f.say("accord-propose"))
        .hint(f.say("accord-propose-hint"))
        .text("text", f.say("accord-text"));
    if let Some(field) = form.fields.last_mut() {
        draft.clone_into(&mut field.value);
    }
    form
}

fn versions<'v>(f: &Frame, of: impl Iterator<Item = &'v Value>) -> Table {
    let names = |row: &Value, which: &str| all(texts(row, which).iter().map(|name| plain(name)));
    Table {
        heads: vec![
            f.say("accord"),
            f.say("version"),
            f.say("standing"),
            f.say("signed-by"),
            f.say("signature-missing"),
        ],
        rows: of
            .map(|row| {
                let (name, version) = (text(row, "name"), number(row, "version").to_string());
                vec![
                    way(
                        &format!("{}?version={version}", path(&["accords", name])),
                        name,
                    ),
                    plain(&version),
                    f.state(text(row, "standing")),
                    names(row, "signed"),
                    names(row, "missing"),
                ]
            })
            .collect(),
    }
}

/// `POST /accords/draft`: the text to begin with, in the form that proposes it.
pub(crate) async fn draft(web: Web, visit: Visit, fields: Fields) -> Shown {
    let asked = json!({ "party": fields.text("party"), "template": fields.text("template") });
    let found = visit.ask(&web, "draft_accord", asked).await?;
    let mut sheet = Sheet::new(Frame::new(&web, &visit, visit.words.say("accord-new")));
    let form = propose_form(&sheet.frame, text(&found, "text"));
    sheet.parts.push(Part::default().form(form));
    sheet.shown(&visit)
}

/// `POST /accords`.
pub(crate) async fn propose(web: Web, visit: Visit, fields: Fields) -> Shown {
    let written = fields.raw("text").unwrap_or_default().replace("\r\n", "\n");
    let written = format!("{}\n", written.trim_end());
    let found = visit
        .ask(&web, "propose_accord", json!({ "text": written }))
        .await?;
    to(&at_version(&found))
}

fn at_version(row: &Value) -> String {
    format!(
        "{}?version={}",
        path(&["accords", text(row, "name")]),
        number(row, "version")
    )
}

/// The versions of the accord of a page's path, and the one that is asked for; the newest without one.
async fn chosen(web: &Web, visit: &Visit) -> Result<(Vec<Value>, Value), Fault> {
    let found = visit.ask(web, "list_accords", Value::Null).await?;
    let name = visit.argument("name");
    let mut all: Vec<Value> = rows(&found)
        .iter()
        .filter(|row| text(row, "name") == name)
        .cloned()
        .collect();
    all.sort_by_key(|row| number(row, "version"));
    let asked = visit
        .query
        .get("version")
        .and_then(|text| text.parse::<u64>().ok());
    let one = match asked {
        Some(version) => all.iter().find(|row| number(row, "version") == version),
        None => all.last(),
    };
    let one = one.cloned().ok_or(Fault::Missing)?;
    Ok((all, one))
}

/// `GET /accords/{name}`.
pub(crate) async fn one(web: Web, visit: Visit) -> Shown {
    let (all, chosen) = chosen(&web, &visit).await?;
    let (name, version) = (text(&chosen, "name").to_owned(), number(&chosen, "version"));
    let mut sheet = Sheet::new(Frame::new(&web, &visit, name.clone()));
    sheet
        .chips
        .push(sheet.frame.state(text(&chosen, "standing")));
    sheet.chips.push(muted(&sheet.frame.say_of(
        "version-of",
        "n",
        &version.to_string(),
    )));
    let f = &sheet.frame;
    let mut parts = vec![Part::list(
        Some(f.say("versions")),
        versions(f, all.iter()),
        (String::new(), String::new()),
    )];
    let own = web.node.identity().party.clone();
    if visit.may(Permission::Agree) && texts(&chosen, "missing").contains(&own) {
        let sign = format!("{}?version={version}", path(&["accords", &name, "sign"]));
        parts.push(
            Part::default()
                .says(&f.say("accord-ours-missing"))
                .link(sign, f.say("accord-look-and-sign")),
        );
    }
    parts.extend(comparing(f, &all, &name, version));
    let newest = all.last().map(|row| number(row, "version")) == Some(version);
    // What is not signed by all yet is changed by nobody: one text after the other.
    let signed = texts(&chosen, "missing").is_empty();
    if newest && signed && visit.may(Permission::Agree) {
        parts.extend(changing(f, &chosen));
    }
    let before = before(&visit, &all, version);
    if let Some(before) = before {
        parts.push(difference(&web, &visit, f, (&all, &name), (before, version)).await?);
    }
    parts
        .push(Part::of(f.say("accord-text")).raw(f.say("accord-text-hint"), text(&chosen, "text")));
    sheet.parts = parts;
    sheet.shown(&visit)
}

/// The form that proposes what comes after the newest version: its text with the next number and the hash of what it replaces.
fn changing(f: &Frame, newest: &Value) -> Option<Part> {
    let mut lines = text(newest, "agreement").lines();
    let hash = lines.find_map(|line| line.strip_prefix("hash "))?;
    let next = successor(text(newest, "text"), number(newest, "version"), hash);
    let part = Part::of(f.say("accord-change")).says(&f.say("accord-change-hint"));
    Some(part.form(propose_form(f, &next)))
}

/// A text as its next version begins: one number higher, with the hash of the text that it replaces.
fn successor(old: &str, version: u64, hash: &str) -> String {
    let is = |line: &str, key: &str| {
        let bare = line.trim_start_matches(['#', ' ']).strip_prefix(key);
        bare.is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let mut numbered = false;
    let mut next = Vec::new();
    for line in old.lines() {
        if !numbered && line.starts_with("version") && is(line, "version") {
            numbered = true;
            next.push(format!("version = {}", version + 1));
            next.push(format!("replaces = \"{hash}\""));
        } else if !is(line, "replaces") {
            next.push(line.to_owned());
        }
    }
    next.push(String::new());
    next.join("\n")
}

/// The form that holds two versions against each other, where there are two.
fn comparing(f: &Frame, all: &[Value], name: &str, version: u64) -> Option<Part> {
    let numbers: Vec<(String, String)> = all
        .iter()
        .map(|row| number(row, "version").to_string())
        .map(|number| (number.clone(), number))
        .collect();
    let mut form = Form::new(path(&["accords", name]), f.say("accord-compare"))
        .looks()
        .plain()
        .choice("version", f.say("version"), numbers.clone())
        .choice("against", f.say("accord-against"), numbers);
    if let Some(field) = form.fields.first_mut() {
        field.value = version.to_string();
    }
    (all.len() > 1).then(|| Part::default().form(form))
}

/// The version that another is held against: the one that is asked for, or the one before it.
fn before(visit: &Visit, all: &[Value], version: u64) -> Option<u64> {
    let asked = visit
        .query
        .get("against")
        .and_then(|text| text.parse::<u64>().ok());
    let known = all.iter().map(|row| number(row, "version"));
    match asked {
        Some(asked) => known
            .into_iter()
            .find(|one| *one == asked && asked != version),
        None => known.into_iter().filter(|one| *one < version).max(),
    }
}

/// What changes between two versions: what it means, and line by line.
async fn difference(
    web: &Web,
    visit: &Visit,
    f: &Frame,
    (versions, name): (&[Value], &str),
    (before, after): (u64, u64),
) -> Result<Part, Fault> {
    let asked = json!({ "name": name, "before": before, "after": after });
    let found = visit.ask(web, "compare_accords", asked).await?;
    let numbers = [("before", before.to_string()), ("after", after.to_string())];
    let numbers = numbers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let table = Table {
        heads: vec![
            f.say("place-in-text"),
            f.say("before"),
            f.say("after"),
            f.say("effect"),
        ],
        rows: found
            .get("differences")
            .map_or(&[][..], rows)
            .iter()
            .map(|one| {
                vec![
                    plain(text(one, "place")),
                    plain(text(one, "before")),
                    plain(text(one, "after")),
                    plain(&f.word("effect", text(one, "effect"))),
                ]
            })
            .collect(),
    };
    let title = f.say_with("accord-difference", &numbers);
    let mut part = Part::list(
        Some(title),
        table,
        (f.say("accord-same"), f.say("accord-same-hint")),
    );
    let of = |version: u64| {
        let found = versions
            .iter()
            .find(|row| number(row, "version") == version);
        found.map_or("", |row| text(row, "text"))
    };
    let [old, new] = marked(of(before), of(after));
    part.two = vec![
        (f.say_of("version-of", "n", &before.to_string()), old),
        (f.say_of("version-of", "n", &after.to_string()), new),
    ];
    Ok(part)
}

/// Two texts with the lines that only one of them has marked: `del` in the old one, `ins` in the new one.
pub(crate) fn marked(old: &str, new: &str) -> [Html; 2] {
    let (one, two): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let kept = common(&one, &two);
    let mark = |text: &[&str], kept: &mut dyn Iterator<Item = usize>, tag: &str| {
        let mut next = kept.next();
        let marked = text.iter().enumerate().map(|(at, line)| {
            let line = lines(line).0;
            if next == Some(at) {
                next = kept.next();
                line
            } else {
                format!("<{tag}>{line}</{tag}>")
            }
        });
        Html(marked.collect::<Vec<_>>().join("\n"))
    };
    [
        mark(&one, &mut kept.iter().map(|(at, _)| *at), "del"),
        mark(&two, &mut kept.iter().map(|(_, at)| *at), "ins"),
    ]
}

/// Lines that are compared at most: more are all marked.
const LINES_MAX: usize = 2_000;

/// The lines that both texts have, in order: a longest common subsequence.
fn common(one: &[&str], two: &[&str]) -> Vec<(usize, usize)> {
    if one.len() > LINES_MAX || two.len() > LINES_MAX {
        return Vec::new();
    }
    let width = two.len() + 1;
    let mut lengths = vec![0_u16; (one.len() + 1) * width];
    let at = |lengths: &[u16], row: usize, column: usize| {
        lengths.get(row * width + column).copied().unwrap_or(0)
    };
    for (row, line) in one.iter().enumerate().rev() {
        for (column, other) in two.iter().enumerate().rev() {
            let longest = if line == other {
                at(&lengths, row + 1, column + 1) + 1
            } else {
                at(&lengths, row + 1, column).max(at(&lengths, row, column + 1))
            };
            if let Some(cell) = lengths.get_mut(row * width + column) {
                *cell = longest;
            }
        }
    }
    let (mut row, mut column, mut kept) = (0, 0, Vec::new());
    while let (Some(line), Some(other)) = (one.get(row), two.get(column)) {
        if line == other {
            kept.push((row, column));
            (row, column) = (row + 1, column + 1);
        } else if at(&lengths, row + 1, column) >= at(&lengths, row, column + 1) {
            row += 1;
        } else {
            column += 1;
        }
    }
    kept
}

/// `GET /accords/{name}/sign`: what changes, then the whole text, then the button.
pub(crate) async fn sign_page(web: Web, visit: Visit) -> Shown {
    let (all, chosen) = chosen(&web, &visit).await?;
    if !visit.may(Permission::Agree) {
        return Err(Fault::Missing);
    }
    let (name, version) = (text(&chosen, "name").to_owned(), number(&chosen, "version"));
    let number_text = version.to_string();
    let title = visit
        .words
        .say_with("accord-sign-title", &[("name", &name), ("n", &number_text)]);
    let mut sheet = Sheet::new(Frame::new(&web, &visit, title));
    sheet.notice("warn", vec![visit.words.say("accord-sign-what")]);
    let f = &sheet.frame;
    let mut parts = Vec::new();
    if let Some(before) = before(&visit, &all, version) {
        parts.push(difference(&web, &visit, f, (&all, &name), (before, version)).await?);
    }
    parts
        .push(Part::of(f.say("accord-text")).raw(f.say("accord-text-hint"), text(&chosen, "text")));
    let form = Form::new(path(&["accords", &name, "sign"]), f.say("accord-sign"))
        .hidden("version", number_text);
    parts.push(
        Part::default()
            .form(form)
            .link(path(&["accords", &name]), f.say("back")),
    );
    sheet.parts = parts;
    sheet.shown(&visit)
}

/// `POST /accords/{name}/sign`.
pub(crate) async fn sign(web: Web, visit: Visit, fields: Fields) -> Shown {
    let version = fields
        .get("version")
        .and_then(|text| text.parse::<u64>().ok());
    let version = version.ok_or(Fault::Form)?;
    let found = visit
        .ask(
            &web,
            "sign_accord",
            json!({ "name": visit.argument("name"), "version": version }),
        )
        .await?;
    to(&at_version(&found))
}

#[cfg(test)]
mod tests {
    use super::{marked, successor};

    #[test]
    fn the_next_version_says_its_number_and_what_it_replaces() {
        let first = "name = \"a-b\"\nversion = 1\n# replaces = \"...\"   from version 2 on\n[[release]]\nversion = 7\n";
        let second = "name = \"a-b\"\nversion = 2\nreplaces = \"ab\"\n[[release]]\nversion = 7\n";
        assert_eq!(successor(first, 1, "ab"), second);
        let third = "name = \"a-b\"\nversion = 3\nreplaces = \"cd\"\n[[release]]\nversion = 7\n";
        assert_eq!(successor(second, 2, "cd"), third);
    }

    #[test]
    fn lines_that_only_one_text_has_are_marked_and_escaped() {
        let check = |old: &str, new: &str, expected: [&str; 2]| {
            let [one, two] = marked(old, new);
            assert_eq!([one.0.as_str(), two.0.as_str()], expected);
        };
        check(
            "a\nb\nc",
            "a\nc\nd",
            ["a\n<del>b</del>\nc", "a\nc\n<ins>d</ins>"],
        );
        check("", "<b>", ["", "<ins>&lt;b&gt;</ins>"]);
        check("same", "same", ["same", "same"]);
    }
}
