//! The words of a text, as full-text search keeps and looks for them.
//!
//! Chinese, Japanese and Korean are written without spaces, so a run of such characters is kept as its overlapping
//! pairs: a word of two characters is found wherever it stands.
//!
//! In scope: cutting text and queries into words. Out of scope: where words are kept (`index`, `server`).
//! Limits: [`TEXT_WORDS_MAX`] words of a text are kept, each up to [`WORD_CHARS_MAX`] characters.

use std::collections::BTreeSet;

/// Words kept of one object's text; what lies behind is not searchable.
pub(crate) const TEXT_WORDS_MAX: usize = 2_000;
/// Characters of a word that count; longer ones are cut, in texts and in queries alike.
pub(crate) const WORD_CHARS_MAX: usize = 64;

/// The distinct words of `text`, lower case.
pub(crate) fn of(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for run in text.split(|c: char| !c.is_alphanumeric()) {
        if words.len() >= TEXT_WORDS_MAX {
            break;
        }
        add_run(run, &mut words);
    }
    words
}

/// Adds the words of a run of letters and digits: its stretches without spaces as pairs, the rest as they are.
fn add_run(run: &str, words: &mut BTreeSet<String>) {
    let mut plain = String::new();
    let mut dense: Vec<char> = Vec::new();
    for c in run.chars().flat_map(char::to_lowercase) {
        if is_dense(c) {
            add_plain(&mut plain, words);
            dense.push(c);
        } else {
            add_dense(&mut dense, words);
            plain.push(c);
        }
    }
    add_plain(&mut plain, words);
    add_dense(&mut dense, words);
}

fn add_plain(plain: &mut String, words: &mut BTreeSet<String>) {
    if !plain.is_empty() {
        words.insert(plain.chars().take(WORD_CHARS_MAX).collect());
        plain.clear();
    }
}

fn add_dense(dense: &mut Vec<char>, words: &mut BTreeSet<String>) {
    if let [single] = dense.as_slice() {
        words.insert(single.to_string());
    }
    for pair in dense.windows(2) {
        words.insert(pair.iter().collect());
    }
    dense.clear();
}

/// Characters of scripts that write words without spaces between them.
fn is_dense(c: char) -> bool {
    matches!(u32::from(c), 0x2E80..=0x2FDF | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7AF
        | 0xF900..=0xFAFF | 0x20000..=0x3134F)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let got: Vec<String> = of(text).into_iter().collect();
        assert_eq!(got, expected, "{text:?}");
    }

    #[test]
    fn words_are_cut_by_what_is_neither_letter_nor_digit() {
        check(
            "Zeus: drops  ZEUS-loader.exe",
            &["drops", "exe", "loader", "zeus"],
        );
    }

    #[test]
    fn two_characters_of_chinese_are_a_word_wherever_they_stand() {
        check("网络攻击", &["攻击", "络攻", "网络"]);
        check("APT组织活动", &["apt", "活动", "组织", "织活"]);
        check("网", &["网"]);
    }

    #[test]
    fn a_long_word_is_cut_alike_in_text_and_query() {
        let long = "a".repeat(100);
        check(&long, &[&"a".repeat(WORD_CHARS_MAX)]);
    }
}
