//! The pages of the book: its contents, a chapter, what is found in it. Nobody has to be signed in.
//!
//! In scope: those pages. Out of scope: what the book says (`book`).

use askama::Template;

use crate::book::{self, Chapter, Section};
use crate::frame::{Fault, Frame, Shown, page};
use crate::html::Html;
use crate::visit::{Visit, Web};

struct Group {
    title: String,
    chapters: &'static [Chapter],
}

#[derive(Template)]
#[template(path = "book.html")]
struct Book {
    frame: Frame,
    title: String,
    /// What is looked for; none where nothing is.
    wanted: String,
    found: Vec<&'static Section>,
    groups: Vec<Group>,
    /// Names and places of the chapter's sections.
    contents: Vec<(String, String)>,
    /// Sections that are shown: name, heading, text.
    shown: Vec<(String, String, Html)>,
}

/// `GET /book`: the contents, or what is found.
pub(crate) async fn contents(web: Web, visit: Visit) -> Shown {
    let title = visit.words.say("place-book");
    let wanted = visit.query.text("words");
    let groups = book::GROUPS.iter().map(|group| Group {
        title: visit.words.say(group.title),
        chapters: group.chapters,
    });
    let groups = groups.collect();
    let frame = Frame::new(&web, &visit, title.clone());
    let shown = Book {
        frame,
        title,
        found: book::search(&wanted),
        wanted,
        groups,
        contents: Vec::new(),
        shown: Vec::new(),
    };
    page(&visit, &shown)
}

/// `GET /book/{chapter}`.
pub(crate) async fn chapter(web: Web, visit: Visit) -> Shown {
    let chapter = book::find(visit.argument("chapter")).ok_or(Fault::Missing)?;
    let part = visit.query.get("part").map(str::to_owned);
    let contents = chapter
        .sections()
        .skip(1)
        .map(|one| (one.title.clone(), one.path()));
    let contents: Vec<_> = contents.collect();
    let all = |one: &&Section| match (&part, chapter.by_section) {
        (Some(slug), _) => one.slug == *slug,
        // Where sections have pages of their own, the first one leads to them.
        (None, true) => contents.iter().all(|(title, _)| *title != one.title),
        (None, false) => true,
    };
    let shown: Vec<_> = chapter
        .sections()
        .filter(all)
        .map(|one| (one.slug.clone(), one.title.clone(), one.html.clone()))
        .collect();
    if shown.is_empty() {
        return Err(Fault::Missing);
    }
    let title = chapter.title().to_owned();
    let shown = Book {
        frame: Frame::new(&web, &visit, title.clone()),
        title,
        wanted: String::new(),
        found: Vec::new(),
        groups: Vec::new(),
        contents: if part.is_some() { Vec::new() } else { contents },
        shown,
    };
    page(&visit, &shown)
}
