//! The Python programs that the tests run against a live node: other people's clients, validator and server.
//!
//! In scope: two virtual environments under the target folder, with pinned versions, made once.
//! Out of scope: the scripts that use them (`crates/comity/tests/python`).

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Environment;
use crate::failure::Failure;
use crate::tree::run;

/// The newest released clients, library and validator.
const CLIENTS: &[&str] = &[
    "taxii2-client==2.3.0",
    "stix2==3.0.2",
    "stix2-validator==3.3.2",
];

/// A TAXII server of another hand; apart, because it wants other versions of what both need.
const SERVER: &[&str] = &["medallion==3.0.0"];

/// Makes both environments and returns the variables that name them.
pub(crate) fn prepare(folder: &Path) -> Result<Environment, Failure> {
    let clients = environment(&folder.join("python-clients"), CLIENTS)?;
    let server = environment(&folder.join("python-server"), SERVER)?;
    Ok(vec![
        (
            "COMITY_TEST_PYTHON",
            clients.join("python").display().to_string(),
        ),
        (
            "COMITY_TEST_MEDALLION",
            server.join("medallion").display().to_string(),
        ),
    ])
}

/// A virtual environment with these packages; returns its folder of programs.
fn environment(folder: &Path, packages: &[&str]) -> Result<PathBuf, Failure> {
    let programs = folder.join("bin");
    // Written last, so that an interrupted installation is done again.
    let stamp = folder.join("packages.txt");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(programs);
    }
    eprintln!("installing Python packages: {}", packages.join(" "));
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(folder))?;
    // Some of these packages still import pkg_resources, which newer setuptools no longer has.
    run(Command::new(programs.join("pip"))
        .args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "setuptools<81",
        ])
        .args(packages))
    .map_err(|failure| {
        failure.hint("the Python packages come from the registry that pip is set up for")
    })?;
    std::fs::write(&stamp, wanted).map_err(|error| Failure::at(&stamp, &error))?;
    Ok(programs)
}
