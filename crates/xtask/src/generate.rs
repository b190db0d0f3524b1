//! `cargo xtask gen`: reference documents made from the program itself.
//!
//! `docs/reference/cli.md` is what `--help` says for every command; `docs/reference/settings.md` is what
//! `comity settings show --reference` prints; `docs/reference/state-tables.md` is what the tables of `comity-case` are;
//! `docs/reference/operations.md` is the table of operations of `comity-node`;
//! `docs/taxii-rules.md` is the table of rules that the black-box tests go through. With `--check` nothing is written and a difference is a failure.
//!
//! In scope: building and asking the binary, comparing. Out of scope: the wording, which stands in the code.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::tree;

/// No command is nested deeper than noun, verb, and one more.
const DEPTH_MAX: usize = 4;

/// A generated document: its path and its text.
type Document = (&'static str, String);

/// Writes the documents, or with `--check` compares them.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let check = match arguments {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => return Err(Failure::new("gen takes nothing or --check")),
    };
    let root = tree::root()?;
    let compiler = Compiler::new();
    build(&root, &["--package", "comity"], &compiler)?;
    for (package, example, _) in TABLES {
        build(
            &root,
            &["--package", package, "--example", example],
            &compiler,
        )?;
    }
    compare(&root, check)
}

/// What `--check` does, with what the tests have built: a package built alone has other features, and with them other
/// dependencies to build.
pub(crate) fn check_built(root: &Path, by: &Compiler) -> Result<(), Failure> {
    build(root, EVERYTHING, by)?;
    compare(root, true)
}

fn compare(root: &Path, check: bool) -> Result<(), Failure> {
    let built = tree::target_directory(root)?.join("debug");
    let mut documents = vec![(
        "docs/taxii-rules.md",
        rules(&tree::read(&root.join(RULES))?)?,
    )];
    documents.extend(references(&built.join("comity"))?);
    // Pages that follow from tables the binary does not show.
    for (_, example, path) in TABLES {
        let text = question(&built.join("examples").join(example), &[])?;
        documents.push((*path, text));
    }
    let mut stale = Vec::new();
    for (path, text) in documents {
        let file = root.join(path);
        let found = std::fs::read_to_string(&file).unwrap_or_default();
        if found == text {
            continue;
        }
        if check {
            stale.push(path);
        } else {
            write(&file, &text)?;
            crate::say(&format!("wrote {path}"));
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("out of date: {}", stale.join(", "))).hint("cargo xtask gen"))
}

/// The crates and examples that print tables, and where those go.
const TABLES: &[(&str, &str, &str)] = &[
    (
        "comity-case",
        "state_tables",
        "docs/reference/state-tables.md",
    ),
    ("comity-node", "operations", "docs/reference/operations.md"),
];

/// All that the tests build, with the features that they build it with, and the fuzz targets.
pub(crate) const EVERYTHING: &[&str] = &["--workspace", "--lib", "--bins", "--tests", "--examples"];

/// What cargo is told of the compiler, as variables of its environment.
pub(crate) type Compiler = Vec<(&'static str, OsString)>;

/// Builds these parts of the workspace.
pub(crate) fn build(root: &Path, parts: &[&str], by: &Compiler) -> Result<(), Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--locked"]).args(parts);
    cargo.envs(by.clone());
    tree::run(cargo.current_dir(root))
}

/// What the binary says of itself.
fn references(binary: &Path) -> Result<Vec<Document>, Failure> {
    let ask = |arguments: &[&str]| question(binary, arguments);
    let settings = ask(&["settings", "show", "--reference"])?;
    Ok(vec![
        ("docs/reference/cli.md", cli(&ask)?),
        ("docs/reference/settings.md", settings),
    ])
}

/// The table of rules as a document: number, section, rule, and the test or why there is none.
fn rules(table: &str) -> Result<String, Failure> {
    let mut text = String::from(RULES_HEAD);
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = line.split(" | ").collect();
        let [number, section, rule, proof] = cells.as_slice() else {
            return Err(Failure::new(format!("{RULES}: not four cells: {line}")));
        };
        let proof = proof
            .strip_prefix("- ")
            .map_or_else(|| format!("`{proof}`"), str::to_owned);
        let row = format!("| {number} | {section} | {rule} | {proof} |\n");
        text.push_str(&row);
    }
    Ok(text)
}

const RULES: &str = "crates/comity/tests/it/rules.table";

const RULES_HEAD: &str = "\
# The rules of TAXII 2.1 and STIX 2.1, and the test of each

Generated by `cargo xtask gen` from `crates/comity/tests/it/rules.table`; do not edit.

Each rule that a server must keep is a named test against the real program over real HTTP, in
`crates/comity/tests/it/`. TX is the TAXII 2.1 OASIS Standard, SX is STIX 2.1 with Errata 01. Rows E1 to E11 are the
endpoints, rows A to F the places where the standard leaves a choice ([what this server does
there](taxii-decisions.md)). Where a row has no test, it says why a server's wire cannot show the rule.

| # | section | rule | test |
|---|---|---|---|
";

/// Runs the binary apart from any terminal, whose width would show in its help.
fn question(binary: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new(binary);
    command.args(arguments).env("COLUMNS", "100");
    let done = command.stdin(Stdio::null()).output();
    let done = done.map_err(|error| Failure::at(binary, &error))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        let asked = arguments.join(" ");
        return Err(Failure::new(format!(
            "comity {asked}: {}: {said}",
            done.status
        )));
    }
    String::from_utf8(done.stdout)
        .map_err(|_| Failure::new(format!("comity {}: not UTF-8", arguments.join(" "))))
}

/// Asks the binary something and returns its answer.
type Ask<'run> = &'run dyn Fn(&[&str]) -> Result<String, Failure>;

/// The command reference: one section a command, in the order of the help.
fn cli(ask: Ask<'_>) -> Result<String, Failure> {
    let mut text = String::from(
        "# Command reference\n\nGenerated by `cargo xtask gen` from the program's own help; do not edit.\n",
    );
    section(ask, &[], &mut text)?;
    Ok(text)
}

fn section(ask: Ask<'_>, path: &[&str], text: &mut String) -> Result<(), Failure> {
    let mut arguments = path.to_vec();
    arguments.push("--help");
    let help = ask(&arguments)?;
    let heading = format!("comity {}", path.join(" "));
    let body: Vec<&str> = help.lines().map(str::trim_end).collect();
    let body = body.join("\n");
    for piece in [
        "\n## `",
        heading.trim_end(),
        "`\n\n```text\n",
        body.trim_end(),
        "\n```\n",
    ] {
        text.push_str(piece);
    }
    if path.len() >= DEPTH_MAX {
        return Ok(());
    }
    for command in commands(&help) {
        let mut deeper = path.to_vec();
        deeper.push(command);
        section(ask, &deeper, text)?;
    }
    Ok(())
}

/// The names in the `Commands:` block of a help text, without `help` itself.
fn commands(help: &str) -> Vec<&str> {
    help.lines()
        .skip_while(|line| line.trim_end() != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with(' '))
        // A name stands two columns in; deeper lines continue a description.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect()
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Failure::at(folder, &error))?;
    }
    std::fs::write(file, text).map_err(|error| Failure::at(file, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "About\n\nUsage: comity <COMMAND>\n\nCommands:\n  init   Make a node\n         \
                        and more\n  user   Accounts\n  help   Print this\n\nOptions:\n  -h, --help\n";

    #[test]
    fn commands_are_read_from_the_help() {
        assert_eq!(commands(HELP), ["init", "user"]);
        assert_eq!(
            commands("Usage: comity init\n\nOptions:\n  -h\n"),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn every_rule_gets_a_row() {
        let table =
            "# head\n1 | TX 4 | It answers | a::b\n2 | TX 5 | It waits | - a client's rule\n";
        let text = rules(table).unwrap();
        assert!(text.ends_with(
            "| 1 | TX 4 | It answers | `a::b` |\n| 2 | TX 5 | It waits | a client's rule |\n"
        ));
        assert!(rules("1 | two cells\n").is_err());
    }

    #[test]
    fn every_command_gets_a_section() {
        let ask = |arguments: &[&str]| {
            Ok(match arguments {
                ["--help"] => HELP.to_owned(),
                ["user", "--help"] => "Commands:\n  add  Add\n".to_owned(),
                _ => "Usage: x\n".to_owned(),
            })
        };
        let text = cli(&ask).unwrap();
        let headings: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("## "))
            .collect();
        assert_eq!(
            headings,
            [
                "## `comity`",
                "## `comity init`",
                "## `comity user`",
                "## `comity user add`"
            ]
        );
    }
}
