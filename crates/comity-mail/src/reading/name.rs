//! File names that do nothing wherever they are written.
//!
//! In scope: making one safe name of what a mail or an archive says. Out of scope: writing files.
//! Limits: [`NAME_BYTES_MAX`].

use super::decode::is_strange;

/// The longest name that is kept, in bytes: what file systems take, less room for a suffix.
pub const NAME_BYTES_MAX: usize = 120;
/// What a name becomes when nothing is left of it.
const NAMELESS: &str = "unnamed";
/// Names that are devices on Windows, whatever their extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// A name that is one plain file name on every system, and whether it differs from what was claimed in more than its length.
pub fn safe(claimed: &str) -> (String, bool) {
    let last = claimed.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last
        .chars()
        .filter(|letter| !is_strange(*letter) && !letter.is_control())
        .map(|letter| match letter {
            '<' | '>' | ':' | '"' | '|' | '?' | '*' | '%' | '$' | '`' | '\'' | '&' | ';' => '_',
            letter if letter.is_whitespace() => ' ',
            letter => letter,
        })
        .collect();
    // Windows drops dots and spaces at the end; a dot or a dash in front means something to others.
    let blank = |letter: char| letter == '.' || letter.is_whitespace();
    let mut name = name
        .trim_end_matches(blank)
        .trim_start_matches(|letter: char| letter == '-' || blank(letter))
        .to_owned();
    let changed = name != claimed;
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_lowercase();
    let port = |kind: &str| {
        stem.strip_prefix(kind)
            .is_some_and(|number| number.chars().count() == 1)
    };
    let device = DEVICES.contains(&stem.as_str()) || port("com") || port("lpt");
    if name.is_empty() {
        name.push_str(NAMELESS);
    } else if device {
        name.insert(0, '_');
    }
    (shorten(name), changed || device)
}

/// Cut in the middle, so that the extension stays.
fn shorten(name: String) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name;
    }
    let extension = name
        .rsplit_once('.')
        .map(|(_, extension)| extension)
        .filter(|extension| extension.len() <= 10);
    let room = NAME_BYTES_MAX - extension.map_or(0, |extension| extension.len() + 1);
    let mut end = room;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let stem = name.get(..end).unwrap_or_default();
    match extension {
        Some(extension) => format!("{stem}.{extension}"),
        None => stem
            .trim_end_matches(|letter: char| letter == '.' || letter.is_whitespace())
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{NAME_BYTES_MAX, safe};

    #[test]
    fn a_name_is_one_plain_file_name_on_every_system() {
        let check = |claimed: &str, expected: &str, changed: bool| {
            assert_eq!(safe(claimed), (expected.to_owned(), changed), "{claimed:?}");
        };
        check("report.json", "report.json", false);
        check("关于攻击的报告.pdf", "关于攻击的报告.pdf", false);
        check("../../etc/passwd", "passwd", true);
        check("..\\..\\windows\\system.ini", "system.ini", true);
        check("C:evil.exe", "C_evil.exe", true);
        check("/", "unnamed", true);
        check("...", "unnamed", true);
        check("", "unnamed", false);
        check("invoice\u{202e}fdp.exe", "invoicefdp.exe", true);
        check("a\0b\r\nc", "abc", true);
        check("CON", "_CON", true);
        check("con .txt", "_con .txt", true);
        check("LPT1.log", "_LPT1.log", true);
        check("-rf", "rf", true);
        check("-.bashrc", "bashrc", true);
        check(".bashrc", "bashrc", true);
        check("name. . ", "name", true);
        check("$(id)", "_(id)", true);
        let long = format!("{}.json", "é".repeat(300));
        let (name, changed) = safe(&long);
        assert!(name.len() <= NAME_BYTES_MAX && name.ends_with("é.json") && !changed);
    }
}
