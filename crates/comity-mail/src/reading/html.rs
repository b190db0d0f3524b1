//! HTML as text: what it would say, never what it would do.
//!
//! Nothing is fetched, run or rendered. Tags go, what scripts and styles hold goes, blocks become lines, and the target of a link
//! is written behind its words, because what it says and where it leads are two things.
//!
//! In scope: one pass over the letters with a bound. Out of scope: layout; what a style sheet would hide is shown.

/// What HTML says, and what it would have done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reduced {
    /// The words.
    pub(super) text: String,
    /// It would have fetched something.
    pub(super) remote: bool,
    /// It would have run something.
    pub(super) active: bool,
}

/// Elements whose content is no text.
const SILENT: [&str; 7] = [
    "script", "style", "title", "template", "noscript", "object", "svg",
];
/// Elements that begin a new line.
const BLOCKS: [&str; 16] = [
    "p",
    "div",
    "br",
    "tr",
    "li",
    "ul",
    "ol",
    "h1",
    "h2",
    "h3",
    "h4",
    "table",
    "blockquote",
    "pre",
    "hr",
    "section",
];
/// How far the end of a tag is looked for with its quotes kept whole, in bytes: without a bound, quotes that never end would make every
/// tag cost the whole page.
const TAG_BYTES_MAX: usize = 1_024;
/// The longest reference to a character, in bytes.
const ENTITY_BYTES_MAX: usize = 10;

/// Reduces HTML to text.
pub(super) fn reduce(html: &str) -> Reduced {
    let mut out = Reduced::default();
    let mut rest = html;
    let mut silent: Option<&'static str> = None;
    let mut target: Option<String> = None;
    while !rest.is_empty() {
        let Some(open) = rest.find('<') else {
            words(&mut out.text, rest, silent);
            break;
        };
        let (before, tag) = rest.split_at_checked(open).unwrap_or((rest, ""));
        words(&mut out.text, before, silent);
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let Some(end) = tag_end(tag) else {
            break;
        };
        let (inside, after) = tag.split_at_checked(end).unwrap_or((tag, ""));
        rest = after;
        let inside = inside.trim_matches(['<', '>']);
        let (closing, inside) = match inside.strip_prefix('/') {
            Some(inside) => (true, inside),
            None => (false, inside),
        };
        let name = inside
            .split(|letter: char| letter.is_whitespace() || letter == '/')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        judge(&mut out, &name, inside);
        if let Some(element) = silent {
            if closing && name == element {
                silent = None;
            }
        } else if !closing && let Some(element) = SILENT.iter().find(|one| **one == name) {
            silent = (!inside.ends_with('/')).then_some(element);
        } else if name == "a" {
            link(&mut out.text, &mut target, closing, inside);
        } else if BLOCKS.contains(&name.as_str()) {
            new_line(&mut out.text);
        } else if matches!(name.as_str(), "td" | "th") && !closing {
            out.text.push('\t');
        }
    }
    Reduced {
        text: out.text.trim().to_owned(),
        ..out
    }
}

/// Where a tag ends, quotes kept whole.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (place, byte) in tag.bytes().take(TAG_BYTES_MAX).enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(place + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    // A quote that does not end takes the first `>`, as browsers do in the end.
    tag.find('>').map(|place| place + 1)
}

fn judge(out: &mut Reduced, name: &str, inside: &str) {
    let lower = inside.to_ascii_lowercase();
    let fetches = matches!(
        name,
        "img"
            | "link"
            | "iframe"
            | "frame"
            | "video"
            | "audio"
            | "source"
            | "embed"
            | "object"
            | "input"
            | "body"
            | "table"
            | "td"
            | "style"
            | "image"
    );
    if fetches && (lower.contains("http:") || lower.contains("https:") || lower.contains("\"//")) {
        out.remote = true;
    }
    let runs = match name {
        "script" | "iframe" | "object" | "embed" | "form" => true,
        "meta" => lower.contains("refresh"),
        _ => lower.contains("javascript:") || event(&lower),
    };
    out.active |= runs;
}

/// Whether a tag has an attribute like `onclick=`.
fn event(lower: &str) -> bool {
    lower.split_ascii_whitespace().skip(1).any(|word| {
        word.strip_prefix("on")
            .and_then(|rest| rest.split_once('='))
            .is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_lowercase()))
    })
}

fn link(text: &mut String, target: &mut Option<String>, closing: bool, inside: &str) {
    if !closing {
        *target = attribute(inside, "href");
    } else if let Some(target) = target.take()
        && !text.ends_with(&target)
        && !target.starts_with('#')
    {
        text.push_str(" <");
        text.push_str(&target);
        text.push('>');
    }
}

/// The value of an attribute.
fn attribute(inside: &str, name: &str) -> Option<String> {
    let lower = inside.to_ascii_lowercase();
    let mut from = 0;
    while let Some(found) = lower.get(from..)?.find(name) {
        let begin = from + found;
        let after = inside.get(begin + name.len()..)?.trim_start();
        let before = lower.get(..begin)?.chars().next_back();
        from = begin + name.len();
        let Some(value) = after.strip_prefix('=') else {
            continue;
        };
        if !before.is_some_and(|letter| letter.is_whitespace() || matches!(letter, '"' | '\'')) {
            continue;
        }
        let value = value.trim_start();
        let quote = value.chars().next().filter(|one| matches!(one, '"' | '\''));
        let value = match quote {
            Some(quote) => value.get(1..)?.split(quote).next()?,
            None => value.split_whitespace().next()?,
        };
        let mut plain = String::new();
        words(&mut plain, value, None);
        return Some(plain.trim().to_owned());
    }
    None
}

/// Adds words with their references resolved and their white space joined.
fn words(text: &mut String, piece: &str, silent: Option<&str>) {
    if silent.is_some() {
        return;
    }
    let mut rest = piece;
    while let Some(letter) = rest.chars().next() {
        let after = rest.get(letter.len_utf8()..).unwrap_or_default();
        if letter == '&'
            && let Some((resolved, after)) = reference(after)
        {
            text.push(resolved);
            rest = after;
            continue;
        }
        if !letter.is_whitespace() {
            text.push(letter);
        } else if !text.is_empty() && !text.ends_with(char::is_whitespace) {
            text.push(' ');
        }
        rest = after;
    }
}

fn reference(after: &str) -> Option<(char, &str)> {
    let end = after
        .bytes()
        .take(ENTITY_BYTES_MAX)
        .position(|byte| byte == b';')?;
    let name = after.get(..end)?;
    let rest = after.get(end + 1..)?;
    let letter = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((letter, rest))
}

fn new_line(text: &mut String) {
    let end = text.trim_end_matches([' ', '\t']).len();
    text.truncate(end);
    if !text.is_empty() && !text.ends_with("\n\n") {
        text.push('\n');
    }
}
