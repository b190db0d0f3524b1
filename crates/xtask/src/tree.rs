//! The files of the project: where its root is, what git tracks, and the commands run in it.
//!
//! In scope: listing, reading, and running a program in the root.
//! Out of scope: judging what the files say (`tidy`).

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;

/// The tracked and the new, not ignored files of the work tree.
pub(crate) struct Tree {
    root: PathBuf,
    paths: Vec<String>,
}

impl Tree {
    /// Lists the project's files, as git sees them.
    pub(crate) fn list(root: PathBuf) -> Result<Self, Failure> {
        let mut git = Command::new("git");
        git.args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        let listed = output(git.current_dir(&root))?;
        let mut paths: Vec<String> = listed
            .split('\0')
            .filter(|path| !path.is_empty() && root.join(path).is_file())
            .map(str::to_owned)
            .collect();
        paths.sort_unstable();
        paths.dedup();
        Ok(Self { root, paths })
    }

    /// A tree of given paths, for tests.
    #[cfg(test)]
    pub(crate) fn of(root: PathBuf, paths: &[&str]) -> Self {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Self { root, paths }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Every path, relative to the root, sorted.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// The paths that end in `suffix`.
    pub(crate) fn ending<'tree>(
        &'tree self,
        suffix: &'tree str,
    ) -> impl Iterator<Item = &'tree str> {
        self.paths().filter(move |path| path.ends_with(suffix))
    }

    /// The text of a file; a file that is not UTF-8 is an error.
    pub(crate) fn read(&self, path: &str) -> Result<String, Failure> {
        read(&self.root.join(path))
    }
}

/// The root of the workspace, found from this crate's own place.
pub(crate) fn root() -> Result<PathBuf, Failure> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .ok_or_else(|| Failure::new("xtask does not stand in crates/xtask of a workspace"))
}

/// Reads a text file, naming it when that fails.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::at(path, &error))
}

/// Runs a command and returns what it printed; its errors go to the terminal.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| Failure::new(format!("cannot start {name}: {error}")))?;
    if !done.status.success() {
        return Err(Failure::new(format!("{name} ended with {}", done.status)));
    }
    String::from_utf8(done.stdout)
        .map_err(|_| Failure::new(format!("{name} printed something that is not UTF-8")))
}

/// Runs a command whose output belongs to the reader; fails when it fails.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .map_err(|error| Failure::new(format!("cannot start {name}: {error}")))?;
    if status.success() {
        return Ok(());
    }
    let arguments: Vec<_> = command
        .get_args()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    Err(Failure::new(format!(
        "`{name} {}` ended with {status}",
        arguments.join(" ")
    )))
}

/// Whether a program starts at all and ends well; its output is dropped.
pub(crate) fn works(command: &mut Command) -> bool {
    command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The folder for build output, as cargo itself resolves it.
pub(crate) fn target_directory(root: &Path) -> Result<PathBuf, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
    let text = output(cargo.current_dir(root))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("cargo metadata is not JSON: {error}")))?;
    metadata
        .get("target_directory")
        .and_then(serde_json::Value::as_str)
        .map(PathBuf::from)
        .ok_or_else(|| Failure::new("cargo metadata names no target_directory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The README's first command is a plain `cargo run`, which must know which binary is meant.
    #[test]
    fn cargo_run_runs_the_program() {
        let manifest = read(&root().unwrap().join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let default = manifest["workspace"]["default-members"].as_array().unwrap();
        assert_eq!(default, &[toml::Value::from("crates/comity")]);
    }
}
