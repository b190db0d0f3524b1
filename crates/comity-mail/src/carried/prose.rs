//! Words of people, the values in them, and lists of values.
//!
//! Out of prose only what leaves no doubt is taken: addresses of networks, hashes, URLs, names of vulnerabilities, and domains or mailboxes
//! that somebody wrote so that nobody follows them (`[.]`). A domain in a signature line is not an indicator.
//!
//! In scope: finding them. Out of scope: what they mean: a person confirms.
//! Limits: the caller's count; [`WORD_BYTES_MAX`].

use std::collections::HashSet;

use comity_stix::admission::{ObservableValue, ValueKind};

/// How a block of public keys begins.
pub(super) const KEY_BLOCK: &[u8] = b"-----BEGIN PGP PUBLIC KEY BLOCK-----";
/// The longest word that is looked at, in bytes: browsers and proxies cut URLs there.
const WORD_BYTES_MAX: usize = 2_048;
/// The rows of a list that are tried.
const ROWS_TRIED: usize = 50;

/// The values in a text, each once, in their order. Lines that quote another mail are passed over.
pub(super) fn values(text: &str, most: usize) -> Vec<ObservableValue> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('>'));
    for word in lines.flat_map(words) {
        if found.len() == most {
            break;
        }
        // Chinese puts no space around an address. What holds both may also be a name in Chinese letters: then it is tried whole.
        let mut pieces: Vec<ObservableValue> = Vec::new();
        if !word.is_ascii() {
            let around = word.split(is_ideograph);
            pieces.extend(around.filter_map(|piece| certain(trim(piece))));
        }
        if pieces.is_empty() {
            pieces.extend(certain(word));
        }
        for value in pieces {
            if found.len() < most && seen.insert(value.clone()) {
                found.push(value);
            }
        }
    }
    found
}

/// Letters of writing systems that put no space between words.
fn is_ideograph(letter: char) -> bool {
    matches!(letter, '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3fffd}')
}

/// Words without the punctuation around them.
fn words(line: &str) -> impl Iterator<Item = &str> {
    // Asked for every letter of a mail: a search through a text for each took an eighth of all the time that a mail takes.
    let between = |letter: char| {
        letter.is_whitespace()
            || matches!(
                letter,
                '|' | '，'
                    | '。'
                    | '；'
                    | '：'
                    | '、'
                    | '（'
                    | '）'
                    | '「'
                    | '」'
                    | '『'
                    | '』'
                    | '《'
                    | '》'
                    | '【'
                    | '】'
                    | '！'
                    | '？'
                    | '“'
                    | '”'
                    | '‘'
                    | '’'
            )
    };
    line.split(between)
        .map(trim)
        .filter(|word| word.len() >= 4 && word.len() <= WORD_BYTES_MAX)
}

fn trim(word: &str) -> &str {
    let word = word.trim_matches(['"', '\'', '<', '>', '`', '*', ',', ';', '!', '?']);
    let word = word.trim_start_matches('(');
    word.trim_end_matches([')', '.', ',', ';', ':', '!', '?', '>', '"', '\''])
}

/// The value that a word is, if there is no doubt.
fn certain(word: &str) -> Option<ObservableValue> {
    if !is_plausible(word) {
        return None;
    }
    let first = ObservableValue::detect(word).into_iter().next()?;
    is_sure(word, &first).then_some(first)
}

/// Whether there is no doubt that a word is this value.
fn is_sure(word: &str, first: &ObservableValue) -> bool {
    let plain = matches!(
        first.kind,
        ValueKind::Ipv4
            | ValueKind::Ipv6
            | ValueKind::Md5
            | ValueKind::Sha1
            | ValueKind::Sha256
            | ValueKind::Sha512
    );
    let begins = |start: &str| first.value.starts_with(start);
    let sure = plain
        || first.kind == ValueKind::Url
            && ["http://", "https://", "ftp://"].into_iter().any(begins)
        || matches!(first.kind, ValueKind::Domain | ValueKind::Email)
            && ObservableValue::is_defanged(word)
        || first.kind == ValueKind::ExternalId && begins("CVE-");
    // `::` is an address, and also what programmers write.
    sure && first.value.len() > 3
}

/// Whether looking closer is worth it: most words of a text are none.
fn is_plausible(word: &str) -> bool {
    let digits = matches!(word.len(), 32 | 40 | 64 | 128);
    word.contains(['.', ':', '@', '[', '('])
        || digits && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        || word
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("CVE-"))
}

/// Whether a text is a list of values: at least as many rows have one as have none, one row of titles aside; where a single row has
/// one, no other row than the titles stands beside it.
pub(super) fn is_list(text: &str) -> bool {
    let rows = text.lines().map(str::trim);
    let rows = rows
        .filter(|row| !row.is_empty() && !row.starts_with('#'))
        .take(ROWS_TRIED);
    let (mut with, mut without) = (0_usize, 0_usize);
    for row in rows {
        let mut cells = row
            .split([',', ';', '\t', '|'])
            .take(30)
            .map(|cell| cell.trim().trim_matches('"'));
        if cells.any(is_value) {
            with += 1;
        } else {
            without += 1;
        }
    }
    with > 0 && with + 1 >= without && with * 2 > without
}

/// Whether a cell is a value: here a plain domain is one too.
fn is_value(cell: &str) -> bool {
    if cell.len() < 4 || cell.len() > WORD_BYTES_MAX || cell.contains(' ') {
        return false;
    }
    let first = ObservableValue::detect(cell).into_iter().next();
    first.is_some_and(|value| {
        matches!(
            value.kind,
            ValueKind::Domain | ValueKind::Email | ValueKind::Url
        ) || is_plausible(cell) && is_sure(cell, &value)
    })
}

#[cfg(test)]
mod tests {
    use super::{is_list, values};

    #[test]
    fn only_what_leaves_no_doubt_is_a_value() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<String> = values(text, 100).into_iter().map(|one| one.value).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("seen at 198.51.100[.]7, please block", &["198.51.100.7"]);
        check(
            "(hxxps://evil[.]example/a?b).",
            &["https://evil.example/a?b"],
        );
        check("evil[.]example and good.example", &["evil.example"]);
        check("write to the duty officer, soc@cert-a.example", &[]);
        check("bad(at)evil[.]example", &["bad@evil.example"]);
        check(
            "> 198.51.100.9\n198.51.100.8 198.51.100.8",
            &["198.51.100.8"],
        );
        check(
            "请封锁198.51.100.7和evil[.]example。谢谢",
            &["198.51.100.7", "evil.example"],
        );
        check("地址：203.0.113.5，端口443", &["203.0.113.5"]);
        check(
            "évil[.]example, 例子[.]example",
            &["évil.example", "例子.example"],
        );
        check("CVE-2021-44228 via T1059", &["CVE-2021-44228"]);
        check("version 1.2.3 at 10:30 std::fmt", &[]);
        check(
            "d41d8cd98f00b204e9800998ecf8427e",
            &["d41d8cd98f00b204e9800998ecf8427e"],
        );
        let many: Vec<String> = (0..250).map(|number| format!("192.0.2.{number}")).collect();
        assert_eq!(values(&many.join(" "), 7).len(), 7);
    }

    #[test]
    fn a_list_is_told_from_prose() {
        assert!(is_list(
            "value,type\nevil.example,domain\n198.51.100.1,ip\n"
        ));
        assert!(is_list("# ours\n198.51.100.1\n198.51.100.2\n"));
        assert!(is_list("\"https://evil.example/\";\"url\"\n"));
        assert!(!is_list(
            "Dear colleagues,\nwe saw 198.51.100.1 yesterday.\nRegards\nThe duty officer\n"
        ));
        assert!(!is_list(""));
    }
}
