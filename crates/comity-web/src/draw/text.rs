//! Text in drawings: what others wrote, made harmless and short.
//!
//! In scope: hidden characters, cutting, escaping, addresses that stay on this node. Out of scope: fonts.

use std::fmt::Write as _;

use comity_accord::hidden::is_hidden;
use comity_case::html::escaped;

/// A text with each control and each hidden character written as its number: `<U+202E>` would else turn a name around.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || is_hidden(letter) {
            write_number(&mut out, letter);
        } else {
            out.push(letter);
        }
    }
    out
}

fn write_number(out: &mut String, letter: char) {
    let written = write!(out, "<U+{:04X}>", u32::from(letter));
    debug_assert!(written.is_ok(), "a String takes what is written");
}

/// The same, escaped for a place between tags or in a quoted attribute.
pub(crate) fn safe(text: &str) -> String {
    escaped(&shown(text))
}

/// The beginning of a text, at most `columns` wide, not yet escaped; a cut one ends in an ellipsis.
pub(super) fn cut(text: &str, columns: u32) -> String {
    let text = shown(text);
    if columns_of(&text) <= columns {
        return text;
    }
    let mut out = String::new();
    let mut used = 1;
    for letter in text.chars() {
        used += columns_of_letter(letter);
        if used > columns {
            break;
        }
        out.push(letter);
    }
    out.push('\u{2026}');
    out
}

/// How many columns a text takes: two for a letter of the wide scripts, else one.
pub(super) fn columns_of(text: &str) -> u32 {
    text.chars().map(columns_of_letter).sum()
}

/// From U+1100 (Hangul) on most scripts with wide letters begin; counting a narrow one as wide only cuts earlier.
const fn columns_of_letter(letter: char) -> u32 {
    if letter >= '\u{1100}' && letter != '\u{2026}' {
        2
    } else {
        1
    }
}

/// An address that stays on this node: a path or a fragment. Browsers drop control characters from addresses and read a
/// backslash as a slash, so `/<tab>/host` and `/\host` would leave it.
pub(super) fn local(href: &str) -> Option<&str> {
    let stays = (href.starts_with('/') && !href.starts_with("//")) || href.starts_with('#');
    let plain = !href
        .chars()
        .any(|letter| letter == '\\' || letter.is_control() || letter.is_whitespace());
    (stays && plain).then_some(href)
}

/// Opens a link if there is an address, else a group; returns how it is closed.
pub(super) fn open(out: &mut String, href: Option<&str>, class: &str) -> &'static str {
    let (tag, close) = if href.is_some() {
        ("a", "</a>")
    } else {
        ("g", "</g>")
    };
    out.push('<');
    out.push_str(tag);
    if let Some(href) = href {
        out.push_str(" href=\"");
        out.push_str(&escaped(href));
        out.push('"');
    }
    if !class.is_empty() {
        out.push_str(" class=\"");
        out.push_str(class);
        out.push('"');
    }
    out.push('>');
    close
}

/// Texts that try to be more than text; every drawing is tested with them.
#[cfg(test)]
pub(super) const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onload='alert(1)",
    "</text></a></svg><h1>",
    "]]><![CDATA[<b>",
    "&lt;script&gt;",
    "invoice\u{202e}fdp.exe",
    "a\u{0}b\u{1b}[31m\u{7f}\u{9b}",
    "zero\u{200b}width\u{feff}",
    "\u{2066}isolated\u{2069}",
];

/// Fails when a drawing holds an element or an attribute of its labels, or a character that cannot be seen.
#[cfg(test)]
pub(super) fn assert_harmless(svg: &str) {
    for bad in [
        "<script", "<img", "<h1", "<b>", "CDATA[<", "onload='", "\u{202e}", "\u{2066}", "\u{0}",
        "\u{1b}", "\u{200b}", "style=", "</svg><",
    ] {
        assert!(!svg.contains(bad), "{bad:?} in {svg}");
    }
    // Every tag is one of ours, and every one that opens is closed.
    let mut opened = Vec::new();
    for part in svg.split('<').skip(1) {
        let tag = part.split('>').next().unwrap();
        let name = tag.trim_start_matches('/').split(' ').next().unwrap();
        let name = name.trim_end_matches('/');
        assert!(
            ["svg", "a", "g", "title", "path", "circle", "rect", "text"].contains(&name),
            "{tag}"
        );
        if tag.starts_with('/') {
            assert_eq!(opened.pop().as_deref(), Some(name), "{svg}");
        } else if !tag.ends_with('/') {
            opened.push(name.to_owned());
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
    }
    assert!(opened.is_empty(), "{opened:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_as_its_number() {
        let check = |text: &str, expected: &str| assert_eq!(safe(text), expected);
        check("a\u{202e}b", "a&lt;U+202E&gt;b");
        check("\u{0}\n", "&lt;U+0000&gt;&lt;U+000A&gt;");
        check("\u{e0041}", "&lt;U+E0041&gt;");
        check("\u{4e2d}\u{6587} <i>", "\u{4e2d}\u{6587} &lt;i&gt;");
    }

    #[test]
    fn a_label_is_cut_between_characters() {
        let check = |text: &str, columns: u32, expected: &str| {
            let cut = cut(text, columns);
            assert_eq!(cut, expected);
            assert!(columns_of(&cut) <= columns, "{cut}");
        };
        check("short", 5, "short");
        check("longer", 5, "long\u{2026}");
        check("\u{4e2d}\u{6587}\u{5b57}", 6, "\u{4e2d}\u{6587}\u{5b57}");
        check("\u{4e2d}\u{6587}\u{5b57}", 5, "\u{4e2d}\u{6587}\u{2026}");
        check("", 5, "");
    }

    #[test]
    fn only_addresses_of_this_node_are_followed() {
        for good in ["/objects/a--b?x=1", "/", "#row-1"] {
            assert_eq!(local(good), Some(good));
        }
        for bad in [
            "javascript:alert(1)",
            "//evil.example/",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example/",
            "data:text/html,x",
            " /a",
            "",
        ] {
            assert_eq!(local(bad), None, "{bad}");
        }
    }
}
