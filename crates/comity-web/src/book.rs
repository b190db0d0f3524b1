//! The book: what the documents of the project say, served by the node itself.
//!
//! The documents are compiled in: a node without any network has its book, and it is the book of this version.
//!
//! In scope: which documents it has, turning them into HTML, finding words in them. Out of scope: the pages around them (`screens::book`).

use std::sync::LazyLock;

use pulldown_cmark::{
    Alignment, CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html,
};

use crate::frame::key;
use crate::html::Html;

/// Sections that a search answers with.
pub(crate) const FOUND_MAX: usize = 40;
/// The most words of a search.
const WORDS_MAX: usize = 10;

/// A document of the book.
pub(crate) struct Chapter {
    /// Its name in the address.
    pub(crate) name: &'static str,
    /// Where it lies below `docs/`, by which other documents refer to it.
    place: &'static str,
    text: &'static str,
    /// It is so long that it is shown section by section.
    pub(crate) by_section: bool,
}

/// Chapters that belong together.
pub(crate) struct Group {
    /// The key of its name.
    pub(crate) title: &'static str,
    pub(crate) chapters: &'static [Chapter],
}

macro_rules! chapter {
    ($name:literal, $place:literal) => {
        Chapter {
            name: $name,
            place: $place,
            text: include_str!(concat!("../../../docs/", $place)),
            by_section: false,
        }
    };
}

/// The book.
pub(crate) const GROUPS: &[Group] = &[
    Group {
        title: key("book-concepts"),
        chapters: &[
            chapter!("concepts", "concepts.md"),
            chapter!("release-rules", "release-rules.md"),
            chapter!("release-outlets", "release-outlets.md"),
            chapter!("glossary", "glossary.md"),
        ],
    },
    Group {
        title: key("book-guides"),
        chapters: &[
            chapter!("pages", "guides/pages.md"),
            chapter!("accounts", "guides/accounts.md"),
            chapter!("cases", "guides/cases.md"),
            chapter!("evidence", "guides/evidence.md"),
            chapter!("hotline-and-exercises", "guides/hotline-and-exercises.md"),
            chapter!("contacts-and-review", "guides/contacts-and-review.md"),
            chapter!("mail", "guides/mail.md"),
            chapter!("addresses", "guides/addresses.md"),
            chapter!("openpgp", "guides/openpgp.md"),
            chapter!("keys", "guides/keys.md"),
        ],
    },
    Group {
        title: key("book-reference"),
        chapters: &[
            chapter!("operations", "reference/operations.md"),
            chapter!("accord", "reference/accord.md"),
            chapter!("state-tables", "reference/state-tables.md"),
            chapter!("ledger-format", "reference/ledger-format.md"),
            chapter!("settings", "reference/settings.md"),
            Chapter {
                by_section: true,
                ..chapter!("cli", "reference/cli.md")
            },
        ],
    },
];

/// The chapter that helps with a page, or the section of one, by the first part of the page's path.
const HELP: &[(&str, &str)] = &[
    ("search", "pages#search"),
    ("value", "pages#one-value"),
    ("requests", "cases#requests"),
    ("cases", "cases"),
    ("threads", "cases"),
    ("incidents", "hotline-and-exercises#reports-in-stages"),
    ("calls", "hotline-and-exercises#a-call"),
    ("exercises", "hotline-and-exercises#an-exercise"),
    ("evidence", "evidence"),
    ("contacts", "contacts-and-review"),
    ("checks", "contacts-and-review"),
    ("parties", "contacts-and-review"),
    ("accords", "accord"),
    ("release", "release-rules"),
    ("review", "pages#the-second-person"),
    ("recalls", "release-rules"),
    ("mail", "mail"),
    ("mail-keys", "openpgp"),
    ("certificates", "openpgp"),
    ("addresses", "addresses"),
    ("ledger", "ledger-format"),
    ("admin", "accounts"),
    ("me", "accounts"),
    ("sign-in", "accounts"),
    ("welcome", "accounts"),
];

/// Where the book says more about the page at this path.
pub(crate) fn help(path: &str) -> String {
    let first = path.split(['/', '?']).nth(1).unwrap_or_default();
    let found = HELP.iter().find(|(part, _)| *part == first);
    format!("/book/{}", found.map_or("pages", |(_, target)| target))
}

/// The chapter of this name.
pub(crate) fn find(name: &str) -> Option<&'static Chapter> {
    chapters().find(|chapter| chapter.name == name)
}

fn chapters() -> impl Iterator<Item = &'static Chapter> {
    GROUPS.iter().flat_map(|group| group.chapters)
}

/// A section of a chapter: what stands below a heading of the first two levels.
pub(crate) struct Section {
    /// The chapter.
    pub(crate) chapter: &'static Chapter,
    /// Its heading.
    pub(crate) title: String,
    /// Its name in the address.
    pub(crate) slug: String,
    /// Its text in HTML.
    pub(crate) html: Html,
    /// Its text without marks, for finding.
    words: String,
}

/// All sections, in the book's order. They are turned into HTML once.
static SECTIONS: LazyLock<Vec<Section>> = LazyLock::new(|| chapters().flat_map(sections).collect());

impl Chapter {
    /// Its title: that of its first section.
    pub(crate) fn title(&'static self) -> &'static str {
        self.sections().next().map_or(self.name, |one| &one.title)
    }

    /// Its sections, in order.
    pub(crate) fn sections(&'static self) -> impl Iterator<Item = &'static Section> {
        SECTIONS
            .iter()
            .filter(|section| section.chapter.name == self.name)
    }
}

impl Section {
    /// Where it is shown.
    pub(crate) fn path(&self) -> String {
        let (name, slug) = (self.chapter.name, &self.slug);
        if self.chapter.by_section {
            format!("/book/{name}?part={slug}")
        } else {
            format!("/book/{name}#{slug}")
        }
    }
}

/// The sections that hold every word, whatever the order; those with all of them in the heading first.
pub(crate) fn search(text: &str) -> Vec<&'static Section> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split_whitespace().take(WORDS_MAX).collect();
    if words.is_empty() {
        return Vec::new();
    }
    let has = |text: &str| words.iter().all(|word| text.contains(word));
    let (named, rest): (Vec<&Section>, Vec<&Section>) = SECTIONS
        .iter()
        .filter(|section| has(&section.words))
        .partition(|section| has(&section.title.to_lowercase()));
    named.into_iter().chain(rest).take(FOUND_MAX).collect()
}

/// Cuts a chapter into sections.
fn sections(chapter: &'static Chapter) -> Vec<Section> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut found: Vec<(String, Vec<Event<'static>>, String)> = Vec::new();
    let mut title = None;
    // Links that lead out of the book are no links here: their words stay.
    let mut dropped = 0_u32;
    for event in Parser::new_ext(chapter.text, options) {
        if let Event::Start(Tag::Heading {
            level: HeadingLevel::H1 | HeadingLevel::H2,
            ..
        }) = event
        {
            found.push((String::new(), Vec::new(), String::new()));
            title = Some(String::new());
            continue;
        }
        if let Event::End(TagEnd::Heading(HeadingLevel::H1 | HeadingLevel::H2)) = event {
            if let (Some(title), Some(last)) = (title.take(), found.last_mut()) {
                last.2 = title.to_lowercase();
                last.0 = title;
            }
            continue;
        }
        if let (Some(title), Event::Text(text) | Event::Code(text)) = (&mut title, &event) {
            title.push_str(text);
            continue;
        }
        let Some((_, events, words)) = found.last_mut() else {
            continue;
        };
        if let Event::Text(text) | Event::Code(text) = &event {
            words.push(' ');
            words.push_str(&text.to_lowercase());
        }
        events.extend(shown(event, chapter, &mut dropped));
    }
    found
        .into_iter()
        .map(|(title, events, words)| {
            let mut text = String::new();
            html::push_html(&mut text, events.into_iter());
            Section {
                chapter,
                slug: slug(&title),
                title,
                html: Html(text),
                words,
            }
        })
        .collect()
}

/// An event as it is shown: no markup of a document's own, no style, no way out of the book.
fn shown(event: Event<'static>, chapter: &Chapter, dropped: &mut u32) -> Option<Event<'static>> {
    if let Event::Html(text) | Event::InlineHtml(text) = event {
        return Some(Event::Text(text));
    }
    if let Event::Start(Tag::Table(columns)) = &event {
        let columns = columns.iter().map(|_| Alignment::None);
        return Some(Event::Start(Tag::Table(columns.collect())));
    }
    if let Event::Start(Tag::Link { dest_url, .. }) = &event {
        let Some(inside) = inside(chapter.place, dest_url) else {
            *dropped += 1;
            return None;
        };
        return Some(Event::Start(Tag::Link {
            link_type: LinkType::Inline,
            dest_url: CowStr::from(inside),
            title: CowStr::from(""),
            id: CowStr::from(""),
        }));
    }
    if matches!(event, Event::End(TagEnd::Link)) && *dropped > 0 {
        *dropped -= 1;
        return None;
    }
    let is_image = matches!(
        event,
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image)
    );
    (!is_image).then_some(event)
}

/// Where a link of a document leads within the book.
fn inside(from: &str, to: &str) -> Option<String> {
    let (file, part) = to.split_once('#').unwrap_or((to, ""));
    let mut place: Vec<&str> = from.split('/').collect();
    if !file.is_empty() {
        place.pop();
        for step in file.split('/') {
            match step {
                ".." => {
                    place.pop()?;
                }
                "." => {}
                step => place.push(step),
            }
        }
    }
    let place = place.join("/");
    let chapter = chapters().find(|chapter| chapter.place == place)?;
    let name = chapter.name;
    Some(match (part, chapter.by_section) {
        ("", _) => format!("/book/{name}"),
        (part, true) => format!("/book/{name}?part={part}"),
        (part, false) => format!("/book/{name}#{part}"),
    })
}

/// The name of a heading in an address, as repositories' pages make it.
fn slug(title: &str) -> String {
    let kept = title
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    let kept = kept.map(|c| if c == ' ' { '-' } else { c });
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chapter_has_a_title_and_links_that_lead_somewhere() {
        for chapter in chapters() {
            assert!(chapter.title().len() > 2, "{}", chapter.name);
            for section in chapter.sections() {
                assert!(!section.slug.is_empty(), "{}", section.title);
                let html = &section.html.0;
                for part in html.split("href=\"").skip(1) {
                    let href = part.split('"').next().unwrap();
                    let rest = href.strip_prefix("/book/").unwrap();
                    let name = rest.split(['#', '?']).next().unwrap();
                    let target = find(name).unwrap();
                    if let Some((_, slug)) = rest.split_once(['#', '=']) {
                        let slug = slug.strip_prefix("part=").unwrap_or(slug);
                        assert!(
                            target.sections().any(|one| one.slug == slug)
                                || target.text.to_lowercase().contains(&slug.replace('-', " ")),
                            "{href} of {}",
                            chapter.name
                        );
                    }
                }
                assert!(!html.contains("style="), "{}", section.title);
                assert!(!html.contains("<script"), "{}", section.title);
            }
        }
    }

    #[test]
    fn words_are_found_whatever_their_order() {
        let found = search("POSTGRESQL store");
        assert!(found.iter().any(|one| one.chapter.name == "settings"));
        let [one, other] = ["recall answer", "answer recall"].map(search);
        assert!(!one.is_empty() && one.len() == other.len());
        assert!(search("  ").is_empty() && search("xyzzyqwv").is_empty());
    }

    fn is_there(target: &str) -> bool {
        let (name, part) = target.split_once('#').unwrap_or((target, ""));
        let mut sections = find(name).unwrap().sections();
        part.is_empty() || sections.any(|one| one.slug == part)
    }

    #[test]
    fn pages_lead_to_chapters_and_sections_that_are_there() {
        for path in ["/", "/requests/new", "/mail?state=found", "/nowhere"] {
            let target = help(path);
            assert!(is_there(target.strip_prefix("/book/").unwrap()), "{path}");
        }
        for (_, target) in HELP {
            assert!(is_there(target), "{target}");
        }
        assert!(!is_there("cases#nowhere"));
    }

    #[test]
    fn a_document_cannot_bring_markup_or_a_way_out() {
        static BAD: Chapter = Chapter {
            name: "bad",
            place: "guides/bad.md",
            text: "# Bad\n<script>alert(1)</script>\n\n[out](https://evil.example) [in](mail.md#a) ![i](x.png)\n\n|a|b|\n|:-|-:|\n|1|2|\n",
            by_section: false,
        };
        let found = sections(&BAD);
        let html = &found[0].html.0;
        assert!(
            !html.contains("<script") && html.contains("&lt;script"),
            "{html}"
        );
        assert!(
            !html.contains("evil.example") && html.contains("/book/mail#a"),
            "{html}"
        );
        assert!(!html.contains("style") && !html.contains("<img"), "{html}");
    }
}
