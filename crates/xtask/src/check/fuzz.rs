//! The fuzz corpus, replayed: every committed input goes once through its target, without sanitizers or nightly.
//!
//! In scope: building `fuzz/`, running each target on its folder of the corpus. Out of scope: searching for new
//! inputs (`fuzz/README.md`).

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::Failure;
use crate::generate::{self, Compiler};

/// Whether the project has fuzz targets.
pub(crate) fn exists(root: &Path) -> bool {
    root.join("fuzz/Cargo.toml").is_file()
}

/// Builds the targets and replays the corpus; a target without inputs is a failure.
pub(crate) fn replay(root: &Path, target: &Path, by: &Compiler) -> Result<(), Failure> {
    // With the features that the tests have: nearly all of it stands there built.
    generate::build(root, generate::EVERYTHING, by)?;
    let mut inputs = 0_usize;
    let targets = files(&root.join("fuzz/fuzz_targets"))?;
    for source in &targets {
        let name = source.file_stem().unwrap_or_default();
        let corpus = root.join("fuzz/corpus").join(name);
        let found = files(&corpus)?;
        if found.is_empty() {
            return Err(Failure::new(format!("{} is empty", corpus.display()))
                .hint("commit at least one input for each fuzz target"));
        }
        inputs += found.len();
        // libFuzzer tells of every input on standard error: shown only when one of them fails.
        let mut replay = Command::new(target.join("debug").join(name));
        let done = replay.args(&found).output();
        let done = done.map_err(|error| Failure::at(target, &error))?;
        if !done.status.success() {
            eprint!("{}", String::from_utf8_lossy(&done.stderr));
            let name = name.to_string_lossy();
            return Err(Failure::new(format!("{name} ended with {}", done.status)));
        }
    }
    crate::say(&format!(
        "fuzz corpus: {inputs} inputs through {} targets",
        targets.len()
    ));
    Ok(())
}

/// The files of a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| Failure::at(folder, &error))?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.is_file());
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_folder_are_sorted_and_a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("c")).unwrap();
        let found = files(folder.path()).unwrap();
        assert_eq!(found, [folder.path().join("a"), folder.path().join("b")]);
        let missing = files(&folder.path().join("d")).unwrap_err();
        assert!(missing.to_string().contains("/d: "), "{missing}");
    }
}
