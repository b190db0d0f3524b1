//! The Python programs that the tests run: other people's clients, validator, servers, and verifiers of logs.
//!
//! In scope: one virtual environment under the target folder, with pinned versions, made once.
//! Out of scope: the scripts that use them (`crates/comity/tests/python`, `crates/comity-stix/tests/python`,
//! `crates/comity-transport/tests/peers`, `crates/comity-ledger/tests/foreign`).

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Environment;
use crate::failure::Failure;
use crate::tree::run;

/// The newest released clients, library, validator and servers. `OpenTAXII` 0.9.3 works with `SQLAlchemy` below 2 only.
const PACKAGES: &[&str] = &[
    "taxii2-client==2.3.0",
    "stix2==3.0.2",
    "stix2-validator==3.3.2",
    "stix2-patterns==2.1.2",
    // The cases of stix2-patterns are written for it.
    "pytest==9.2.0",
    "medallion==3.0.0",
    "OpenTAXII==0.9.3",
    "SQLAlchemy<2",
    // Brings the `cryptography` that the next ones need too.
    "tlog-scales==0.0.3",
    // A browser's driver (Debian's browser: the package's own is never downloaded), and axe-core with it.
    "playwright==1.65.2",
    "axe-playwright-python==0.1.8",
    // Makes up calls from an OpenAPI document.
    "schemathesis==4.32.5",
    // A provider of identities (OpenID Connect), by Authlib; the last one for Python 3.11.
    "oidc-provider-mock==0.3.4",
    // The ontologies of CASE and UCO with their validator; brings rdflib.
    "case-utils==0.18.0",
];

/// Installed without their own declarations: they ask for Python 3.12 and work with 3.11, and all they import is above.
const PACKAGES_ALONE: &[&str] = &["aics-tlog==0.2.1", "aics-witness==0.1.0"];

/// Makes the environment and returns the variable that names its Python.
pub(crate) fn prepare(folder: &Path) -> Result<Environment, Failure> {
    let programs = environment(&folder.join("python"), PACKAGES, PACKAGES_ALONE)?;
    let python = programs.join("python").display().to_string();
    Ok(vec![("COMITY_TEST_PYTHON", python)])
}

/// A virtual environment with these packages, those of `alone` without what they declare; returns its folder of programs.
pub(crate) fn environment(
    folder: &Path,
    packages: &[&str],
    alone: &[&str],
) -> Result<PathBuf, Failure> {
    let programs = folder.join("bin");
    // Written last, so that an interrupted installation is done again.
    let stamp = folder.join("packages.txt");
    let wanted = [packages, alone].concat().join("\n");
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
    if !alone.is_empty() {
        run(Command::new(programs.join("pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(["--no-deps", "--ignore-requires-python"])
            .args(alone))?;
    }
    std::fs::write(&stamp, wanted).map_err(|error| Failure::at(&stamp, &error))?;
    Ok(programs)
}
