//! Commands in documents: `comity noun verb`, as code, names a command that the program has.
//!
//! In scope: the words of a command and the long options behind them, in the README and under `docs/`. Out of scope: what
//! they do (the black-box tests), the reference itself, which is generated.

use std::collections::{BTreeMap, BTreeSet};

use super::{Allow, Findings, Problem};
use crate::tree::Tree;

const REFERENCE: &str = "docs/reference/cli.md";

/// Each command of the reference with the long options that it has.
type Commands = BTreeMap<String, BTreeSet<String>>;

pub(crate) fn find(tree: &Tree, allow: &Allow) -> Findings {
    if !tree.root().join(REFERENCE).exists() {
        return Ok(Vec::new());
    }
    let known = reference(&tree.read(REFERENCE)?);
    let mut problems = Vec::new();
    let told = |path: &str| path == "README.md" || path.starts_with("docs/");
    let documents = tree.ending(".md");
    for path in documents.filter(|path| told(path) && *path != REFERENCE) {
        if allow.has("commands", path) {
            continue;
        }
        for (number, command) in commands(&tree.read(path)?) {
            if let Some(what) = wrong(&known, &command) {
                problems.push(Problem::new(format!("{path}:{number}"), what));
            }
        }
    }
    Ok(problems)
}

/// The commands of the reference.
fn reference(text: &str) -> Commands {
    let mut known = Commands::new();
    let mut command = String::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## `").or(line.strip_prefix("# `")) {
            heading.trim_end_matches('`').clone_into(&mut command);
            known.entry(command.clone()).or_default();
        } else if let Some(options) = known.get_mut(&command) {
            options.extend(long_options(line));
        }
    }
    known
}

fn long_options(text: &str) -> impl Iterator<Item = String> + '_ {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'));
    words
        .filter(|word| word.len() > 2 && word.starts_with("--"))
        .map(ToOwned::to_owned)
}

/// What is code and begins with the program's name, with its line number; a line that ends in `\` goes on.
fn commands(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut fenced = false;
    let mut open = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            let words = line.trim().trim_start_matches("$ ");
            let (words, goes_on) = match words.strip_suffix('\\') {
                Some(words) => (words, true),
                None => (words, false),
            };
            let words = words.split(" #").next().unwrap_or_default();
            if open && let Some((_, command)) = found.last_mut() {
                command.push(' ');
                command.push_str(words.trim());
            } else if words.starts_with("comity ") {
                found.push((number, words.trim().to_owned()));
            }
            open = goes_on && (open || words.starts_with("comity "));
        } else {
            let code = line.split('`').skip(1).step_by(2);
            let code = code.filter(|code| code.starts_with("comity "));
            found.extend(code.map(|code| (number, code.to_owned())));
        }
    }
    found
}

/// Why a command is none; the longest beginning that is a command is looked for, and its options are compared.
fn wrong(known: &Commands, command: &str) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let plain = |word: &&&str| {
        word.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit())
            && !word.starts_with('-')
    };
    let mut name = Vec::new();
    let mut options = None;
    for word in words.iter().take_while(plain) {
        name.push(*word);
        match known.get(&name.join(" ")) {
            Some(found) => options = Some((name.len(), found)),
            None => break,
        }
    }
    let said = words.iter().take(2).copied().collect::<Vec<_>>().join(" ");
    let Some((depth, options)) = options else {
        return Some(format!("`{said}` is no command; see {REFERENCE}"));
    };
    // A noun that has verbs needs one of them, unless the text speaks of the noun alone or of all its verbs.
    let next = words.get(depth);
    let prefix = format!("{} ", name.get(..depth).unwrap_or_default().join(" "));
    let has_verbs = known.keys().any(|command| command.starts_with(&prefix));
    if has_verbs && depth == 1 && next.is_some_and(|word| plain(&word)) {
        return Some(format!("`{said}` is no command; see {REFERENCE}"));
    }
    if has_verbs && next.is_some_and(|word| plain(&word)) {
        return Some(format!(
            "`{said}` has no {:?}",
            next.copied().unwrap_or_default()
        ));
    }
    let strange = long_options(command).find(|option| !options.contains(option));
    strange
        .filter(|_| !has_verbs)
        .map(|option| format!("`{}` has no option {option}", prefix.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# `comity`\n## `comity case`\nUsage\n## `comity case open`\n--to <PARTY>\n## `comity share`\n--to\n";

    #[test]
    fn commands_are_found_in_prose_and_blocks() {
        let text = "Say `comity case open --to bravo` or `cargo test`.\n```sh\ncomity share X \\\n  --to bravo # so\nls\n```\n";
        let found = commands(text);
        let expected = [
            (1, "comity case open --to bravo".to_owned()),
            (3, "comity share X --to bravo".to_owned()),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_wrong_verb_and_a_wrong_option_are_problems() {
        let known = reference(PAGE);
        for good in [
            "comity case",
            "comity case …",
            "comity case open --to bravo",
            "comity share indicator--1 --to bravo",
        ] {
            assert_eq!(wrong(&known, good), None, "{good}");
        }
        for (bad, what) in [
            ("comity cases open", "no command"),
            ("comity case begin", "has no \"begin\""),
            ("comity case open --for bravo", "no option --for"),
        ] {
            let said = wrong(&known, bad).unwrap_or_default();
            assert!(said.contains(what), "{bad}: {said}");
        }
    }
}
