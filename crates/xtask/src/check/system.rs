//! System packages and toolchain components that the checks need.
//!
//! In scope: finding what is missing and installing it with `apt-get` (through `sudo` for other users).
//! Out of scope: Rust itself, and machines without `apt-get`, which get the list of what is missing.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::tree::{run, works};

/// A need of the checks, how to see that it is met, and the Debian package that meets it.
struct Need {
    package: &'static str,
    met: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need {
        package: "gcc",
        met: || works(Command::new("cc").arg("--version")),
    },
    // libFuzzer, which replays the fuzz corpus, is C++.
    Need {
        package: "g++",
        met: || works(Command::new("c++").arg("--version")),
    },
    Need {
        package: "libc6-dev",
        met: || Path::new("/usr/include/stdlib.h").exists() || !has_apt(),
    },
    Need {
        package: "postgresql",
        met: || postgres_program("initdb").is_some(),
    },
    // Go and its library of logs and notes, which the tests run beside ours.
    Need {
        package: "golang-go",
        met: || works(Command::new("go").arg("version")),
    },
    Need {
        package: "golang-golang-x-mod-dev",
        met: || Path::new(GO_SUMDB).is_dir() || !has_apt(),
    },
    // Mails are signed and encrypted between it and our own OpenPGP.
    Need {
        package: "gnupg",
        met: || works(Command::new("gpg").arg("--version")),
    },
    // The tests' own networks.
    Need {
        package: "iproute2",
        met: || works(Command::new("ip").arg("-V")),
    },
    // Mail by programs that we did not write.
    Need {
        package: "swaks",
        met: || works(Command::new("swaks").arg("--version")),
    },
    Need {
        package: "libnet-ssleay-perl",
        met: || works(Command::new("perl").args(["-MNet::SSLeay", "-e", "1"])),
    },
    Need {
        package: "postfix",
        met: || Path::new(POSTFIX).exists() || !has_apt(),
    },
    // Pages as a browser shows them, Chinese ones too.
    Need {
        package: "chromium",
        met: || Path::new(CHROMIUM).exists() || !has_apt(),
    },
    Need {
        package: "fonts-noto-cjk",
        met: || Path::new(CJK_FONT).exists() || !has_apt(),
    },
    Need {
        package: "python3-venv",
        met: || works(Command::new("python3").args(["-c", "import ensurepip, venv"])),
    },
];

/// Where Debian puts the source that the Go program of `crates/comity-ledger/tests/foreign` imports.
const GO_SUMDB: &str = "/usr/share/gocode/src/golang.org/x/mod/sumdb";

/// Where Debian puts the program that runs the others of Postfix.
const POSTFIX: &str = "/usr/lib/postfix/sbin/master";

/// Where Debian puts the browser.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Where Debian puts the font of the Chinese pages.
const CJK_FONT: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";

/// The variable that names the browser; nothing on a machine without `apt-get` and without it, where its tests are skipped.
pub(crate) fn browser() -> Option<(&'static str, String)> {
    Path::new(CHROMIUM)
        .exists()
        .then(|| ("COMITY_TEST_CHROMIUM", CHROMIUM.to_owned()))
}

/// Installs what is missing, or says what to install.
pub(crate) fn prepare() -> Result<(), Failure> {
    for component in ["fmt", "clippy"] {
        if !works(Command::new("cargo").args([component, "--version"])) {
            let name = if component == "fmt" {
                "rustfmt"
            } else {
                component
            };
            run(Command::new("rustup").args(["component", "add", name]))?;
        }
    }
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!("installing system packages: {}", missing.join(" "));
    install(&missing).map_err(|failure| {
        Failure::new(format!("cannot install system packages: {failure}"))
            .hint(format!("install by hand: {}", missing.join(" ")))
    })?;
    let missing = self::missing();
    if missing.is_empty() {
        Ok(())
    } else {
        let list = missing.join(" ");
        Err(Failure::new(format!(
            "installed, yet still not working: {list}"
        )))
    }
}

fn missing() -> Vec<&'static str> {
    let unmet = NEEDS.iter().filter(|need| !(need.met)());
    unmet.map(|need| need.package).collect()
}

fn install(packages: &[&str]) -> Result<(), Failure> {
    if !has_apt() {
        return Err(Failure::new("this machine has no apt-get"));
    }
    run(apt_get()?.arg("update"))?;
    if packages.contains(&"postfix") {
        leave_postfix_alone()?;
    }
    run(apt_get()?
        .args(["install", "-y", "--no-install-recommends"])
        .args(packages))
}

/// The tests run a Postfix of their own: the package is to set up none for this machine, and so to start none.
fn leave_postfix_alone() -> Result<(), Failure> {
    let mut command = as_root("debconf-set-selections")?;
    let said = "postfix postfix/main_mailer_type select No configuration\n";
    let mut child = command
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| Failure::new(format!("cannot run debconf-set-selections: {error}")))?;
    let written = child
        .stdin
        .take()
        .map(|mut pipe| pipe.write_all(said.as_bytes()));
    let done = child.wait();
    match (written, done) {
        (Some(Ok(())), Ok(status)) if status.success() => Ok(()),
        _ => Err(Failure::new(
            "debconf-set-selections did not take an answer",
        )),
    }
}

fn has_apt() -> bool {
    works(Command::new("apt-get").arg("--version"))
}

/// `apt-get`, as root.
fn apt_get() -> Result<Command, Failure> {
    as_root("apt-get")
}

/// A program that asks nothing, as root.
fn as_root(program: &str) -> Result<Command, Failure> {
    if is_root() {
        let mut command = Command::new(program);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        return Ok(command);
    }
    if !works(Command::new("sudo").arg("--version")) {
        return Err(Failure::new("not root, and there is no sudo"));
    }
    let mut command = Command::new("sudo");
    command.args(["env", "DEBIAN_FRONTEND=noninteractive", program]);
    Ok(command)
}

pub(crate) fn is_root() -> bool {
    let answer = Command::new("id").arg("-u").output();
    answer.is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}

/// A `PostgreSQL` server program: Debian keeps them outside the search path, the newest version wins.
pub(crate) fn postgres_program(name: &str) -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let installed = versions
        .flatten()
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let program = entry.path().join("bin").join(name);
            program.is_file().then_some((version, program))
        })
        .max();
    if let Some((_, program)) = installed {
        return Some(program);
    }
    works(Command::new(name).arg("--version")).then(|| PathBuf::from(name))
}
