//! Decision records: numbered 0001, 0002, ... without gap or double, each listed in the README beside them.
//!
//! In scope: file names under `docs/decisions/` and that list. Out of scope: what was decided.

use super::{Allow, Findings, Problem};
use crate::tree::Tree;

const FOLDER: &str = "docs/decisions/";

pub(crate) fn find(tree: &Tree, _allow: &Allow) -> Findings {
    let names: Vec<&str> = tree
        .paths()
        .filter_map(|path| path.strip_prefix(FOLDER))
        .filter(|name| *name != "README.md")
        .collect();
    let list = tree.read("docs/decisions/README.md")?;
    Ok(judge(&names, &list))
}

fn judge(names: &[&str], list: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut expected = 1_u32;
    for name in names {
        let place = format!("{FOLDER}{name}");
        let number = name.split_once('-').filter(|(number, _)| number.len() == 4);
        let number = number.and_then(|(number, _)| number.parse::<u32>().ok());
        if number != Some(expected) {
            let what = format!("expected the number {expected:04}: records count up without a gap");
            problems.push(Problem::new(&place, what));
        }
        if !list.contains(&format!("]({name})")) {
            let what = "not listed in docs/decisions/README.md: add a line with its link";
            problems.push(Problem::new(&place, what));
        }
        expected = number.unwrap_or(expected) + 1;
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_count_up_and_are_listed() {
        let list = "[a](0001-a.md) [b](0002-b.md) [c](0003-c.md)";
        assert_eq!(judge(&["0001-a.md", "0002-b.md"], list), vec![]);
        assert_eq!(judge(&["0001-a.md", "0003-c.md"], list).len(), 1);
        assert_eq!(
            judge(&["0001-a.md", "0001-b.md"], "[a](0001-a.md) [b](0001-b.md)").len(),
            1
        );
        assert_eq!(judge(&["first.md"], "[a](first.md)").len(), 1);
        assert_eq!(judge(&["0001-a.md"], "nothing").len(), 1);
    }
}
