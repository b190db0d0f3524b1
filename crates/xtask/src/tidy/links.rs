//! Links in documents: a relative link names a file that exists.
//!
//! In scope: `[text](target)` and `[name]: target` of `.md` files, outside code. Out of scope: the web, anchors.

use super::{Allow, Findings, Problem};
use crate::tree::Tree;

pub(crate) fn find(tree: &Tree, allow: &Allow) -> Findings {
    let mut problems = Vec::new();
    for path in tree.ending(".md").filter(|path| !allow.has("links", path)) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (number, target) in targets(&tree.read(path)?) {
            if !tree.root().join(folder).join(&target).exists() {
                let what = format!("links to {target}, which does not exist");
                problems.push(Problem::new(format!("{path}:{number}"), what));
            }
        }
    }
    Ok(problems)
}

/// The relative targets of a document with their line numbers, without anchors.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Every other piece between backquotes is code.
        let prose: String = line.split('`').step_by(2).collect();
        let inline = prose
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        let named = definition(&prose).into_iter();
        for target in inline.chain(named) {
            let target = target.split('#').next().unwrap_or_default().trim();
            if !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
                found.push((index + 1, target.to_owned()));
            }
        }
    }
    found
}

/// The target of a line `[name]: target`.
fn definition(line: &str) -> Option<&str> {
    let (name, target) = line.strip_prefix('[')?.split_once("]: ")?;
    (!name.contains(']')).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_targets_are_found() {
        let text = "See [a](docs/a.md#part) and [b](b.md).\n[c]: ../c.md\n";
        let expected = [(1, "docs/a.md"), (1, "b.md"), (2, "../c.md")];
        let expected: Vec<_> = expected
            .map(|(line, target)| (line, target.to_owned()))
            .into();
        assert_eq!(targets(text), expected);
    }

    #[test]
    fn the_web_anchors_and_code_are_left_alone() {
        let text = "[a](https://example.com) [b](#part) `[c](d.md)`\n```\n[e](f.md)\n```\n";
        assert_eq!(targets(text), vec![]);
    }

    #[test]
    fn a_dead_link_is_a_problem() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a.md"), "[b](b.md) [a](a.md)").unwrap();
        let tree = Tree::of(root.path().to_path_buf(), &["a.md"]);
        let allow = Allow::parse("").unwrap();
        let problems = find(&tree, &allow).unwrap();
        assert_eq!(
            problems,
            [Problem::new(
                "a.md:1",
                "links to b.md, which does not exist"
            )]
        );
    }
}
