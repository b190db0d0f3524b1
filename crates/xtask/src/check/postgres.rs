//! A `PostgreSQL` server for one run of the tests: made in a temporary folder, durable as in production, stopped
//! and removed at the end.
//!
//! `PostgreSQL` refuses to run as root, so root runs it as the user `postgres` that the package creates. The server
//! is a direct child of this process: an interrupt from the terminal reaches it too.
//!
//! In scope: one server on a free port of the loopback interface, which can be made to crash. Out of scope: what the
//! tests do with it.

use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::system::{is_root, postgres_program};
use crate::failure::Failure;
use crate::tree::{read, run};

/// How long a server may take to accept its first connection.
const START_TRIES: u32 = 300;
const START_PAUSE: Duration = Duration::from_millis(100);

/// A running server.
pub(crate) struct Cluster {
    folder: PathBuf,
    port: u16,
    server: Child,
}

impl Cluster {
    /// Makes the folder, the cluster and a database for the tests, and starts the server.
    pub(crate) fn start() -> Result<Self, Failure> {
        let owner = if is_root() { Some(owner()?) } else { None };
        let folder = std::env::temp_dir().join(format!("comity-check-{}", std::process::id()));
        std::fs::create_dir(&folder).map_err(|error| Failure::at(&folder, &error))?;
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(&folder, Some(user), Some(group))
                .map_err(|error| Failure::at(&folder, &error))?;
        }
        let data = folder.join("data");
        run(program("initdb", owner)?
            .args([
                "--auth=trust",
                "--username=comity",
                "--encoding=UTF8",
                "--no-sync",
            ])
            .args(["--no-locale", "--pgdata"])
            .arg(&data)
            .current_dir(&folder)
            .stdout(Stdio::null()))?;
        let port = free_port()?;
        let server = serve(program("postgres", owner)?, &folder, port)?;
        let mut cluster = Self {
            folder,
            port,
            server,
        };
        cluster.wait()?;
        Ok(cluster)
    }

    /// Where the tests find it; each test makes its own database there.
    pub(crate) fn url(&self) -> String {
        format!("postgres://comity@127.0.0.1:{}/postgres", self.port)
    }

    /// Makes a database and answers where it is.
    pub(crate) fn create_database(&self, name: &str) -> Result<String, Failure> {
        let port = self.port.to_string();
        run(program("createdb", None)?
            .args(["-h", "127.0.0.1", "-p", &port, "-U", "comity", name])
            .current_dir(&self.folder))?;
        Ok(format!("postgres://comity@127.0.0.1:{port}/{name}"))
    }

    /// Ends the server as a crash does, in the middle of everything (`pg_ctl stop -m immediate`), and starts it again.
    pub(crate) fn crash(&mut self) -> Result<(), Failure> {
        let pid = self.server.id().to_string();
        run(Command::new("kill").args(["-QUIT", &pid]))?;
        let ended = self.server.wait();
        ended.map_err(|error| self.explained(&error.to_string()))?;
        let owner = if is_root() { Some(owner()?) } else { None };
        self.server = serve(program("postgres", owner)?, &self.folder, self.port)?;
        self.wait()
    }

    /// Ends the server and removes its folder.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        self.end();
        let folder = self.folder.clone();
        std::fs::remove_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))
    }

    fn wait(&mut self) -> Result<(), Failure> {
        for _ in 0..START_TRIES {
            if self.answers() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.server.try_wait() {
                return Err(self.explained(&format!("ended with {status}")));
            }
            std::thread::sleep(START_PAUSE);
        }
        Err(self.explained("did not accept a connection in time"))
    }

    /// Whether the server takes connections and is past its recovery.
    fn answers(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            && read(&self.folder.join("data/postmaster.pid"))
                .is_ok_and(|text| text.lines().any(|line| line.trim() == "ready"))
    }

    fn explained(&self, what: &str) -> Failure {
        let log = read(&self.folder.join("log")).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(5).collect();
        Failure::new(format!(
            "the PostgreSQL server {what}: {}",
            tail.join(" / ")
        ))
    }

    /// Asks for a fast shutdown, by the server's own process id, and waits for it.
    fn end(&mut self) {
        if matches!(self.server.try_wait(), Ok(Some(_))) {
            return;
        }
        let pid = self.server.id().to_string();
        if run(Command::new("kill").args(["-INT", &pid])).is_err() {
            eprintln!("the PostgreSQL server {pid} could not be stopped");
            return;
        }
        if let Err(error) = self.server.wait() {
            eprintln!("the PostgreSQL server {pid}: {error}");
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts the server as a child of this process.
fn serve(mut program: Command, folder: &Path, port: u16) -> Result<Child, Failure> {
    let log = folder.join("log");
    let log = std::fs::File::create(&log).map_err(|error| Failure::at(&log, &error))?;
    let sockets = format!("unix_socket_directories={}", folder.display());
    program
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"])
        .args([
            "-c",
            &sockets,
            "-c",
            "max_connections=300",
            "-c",
            "fsync=on",
        ])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|error| Failure::new(format!("cannot start the PostgreSQL server: {error}")))
}

/// A server program, as the user who may run it.
fn program(name: &str, owner: Option<(u32, u32)>) -> Result<Command, Failure> {
    let path = postgres_program(name)
        .ok_or_else(|| Failure::new(format!("no {name} found")).hint("install: postgresql"))?;
    let mut command = Command::new(path);
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    Ok(command)
}

/// The ids of the user `postgres`.
fn owner() -> Result<(u32, u32), Failure> {
    let accounts = read(Path::new("/etc/passwd"))?;
    parse_owner(&accounts).ok_or_else(|| {
        Failure::new("there is no user `postgres`, and the server does not run as root")
            .hint("install: postgresql")
    })
}

fn parse_owner(accounts: &str) -> Option<(u32, u32)> {
    let line = accounts
        .lines()
        .find(|line| line.starts_with("postgres:"))?;
    let mut ids = line.split(':').skip(2);
    Some((ids.next()?.parse().ok()?, ids.next()?.parse().ok()?))
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16, Failure> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Failure::new(format!("no free port on 127.0.0.1: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_read_from_the_accounts() {
        let accounts = "daemon:x:1:1::/:\npostgres:x:105:111:PostgreSQL:/var/lib:/bin/sh\n";
        assert_eq!(parse_owner(accounts), Some((105, 111)));
        assert_eq!(parse_owner("postgres2:x:1:1::/:\n"), None);
    }
}
