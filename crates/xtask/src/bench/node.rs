//! A node under measurement: the release binary in a folder of its own.
//!
//! In scope: making, starting, killing it. Out of scope: what is asked of it.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::client::Connection;
use crate::bench::process::{Ended, Process};
use crate::failure::Failure;
use crate::tree;

/// A node that runs.
pub(crate) struct BenchNode {
    binary: PathBuf,
    folder: PathBuf,
    pub(crate) collection: String,
    token: String,
    running: Option<(Ended, SocketAddr)>,
}

impl BenchNode {
    /// Builds the release binary and makes a node in `folder`.
    pub(crate) fn make(folder: &Path) -> Result<Self, Failure> {
        Self::make_party(folder, "alpha")
    }

    /// The same for a party of this name.
    pub(crate) fn make_party(folder: &Path, party: &str) -> Result<Self, Failure> {
        let mut node = Self::built(folder)?;
        let domain = format!("{party}.example");
        node.command(&["init", "--party", party, "--domain", &domain], "")?;
        node.command(
            &[
                "user",
                "add",
                "bench",
                "--role",
                "analyst",
                "--password-stdin",
            ],
            "a password for the bench",
        )?;
        let token = node.command(&["token", "create", "--user", "bench"], "")?;
        token.trim().clone_into(&mut node.token);
        let id = node.command(&["collection", "create", "--title", "Bench"], "")?;
        id.trim().clone_into(&mut node.collection);
        node.command(
            &[
                "collection",
                "grant",
                &node.collection,
                "--user",
                "bench",
                "--read",
                "--write",
            ],
            "",
        )?;
        Ok(node)
    }

    fn built(folder: &Path) -> Result<Self, Failure> {
        let root = tree::root()?;
        tree::run(
            Command::new("cargo")
                .args(["build", "--release", "--quiet", "--package", "comity"])
                .current_dir(&root),
        )?;
        Ok(Self {
            binary: tree::target_directory(&root)?.join("release/comity"),
            folder: folder.to_owned(),
            collection: String::new(),
            token: String::new(),
            running: None,
        })
    }

    /// The node that an earlier run made in `folder`.
    pub(crate) fn kept(folder: &Path) -> Result<Self, Failure> {
        let mut node = Self::built(folder)?;
        let token = node.command(&["token", "create", "--user", "bench"], "")?;
        token.trim().clone_into(&mut node.token);
        let listed = node.command(&["collection", "list", "--json"], "")?;
        let listed: serde_json::Value = serde_json::from_str(&listed)
            .map_err(|error| Failure::new(format!("the collections: {error}")))?;
        let mut all = listed.as_array().into_iter().flatten();
        let bench = all.find(|one| one.get("title").is_some_and(|title| title == "Bench"));
        let id = bench.and_then(|one| one.get("id")?.as_str());
        id.ok_or_else(|| Failure::new("the kept node has no collection of a bench"))?
            .clone_into(&mut node.collection);
        Ok(node)
    }

    /// Adds lines to the table of the link in the node's settings.
    pub(crate) fn set(&self, lines: &str) -> Result<(), Failure> {
        self.set_in("link", lines)
    }

    /// The same for another table.
    pub(crate) fn set_in(&self, table: &str, lines: &str) -> Result<(), Failure> {
        let table = format!("\n[{table}]\n");
        let path = self.folder.join("comity.toml");
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::at(&path, &error))?;
        let text = text.replacen(&table, &format!("{table}{lines}"), 1);
        std::fs::write(&path, text).map_err(|error| Failure::at(&path, &error))
    }

    /// Runs a command of the node and answers what it writes.
    pub(crate) fn command(&self, arguments: &[&str], input: &str) -> Result<String, Failure> {
        let mut command = Command::new(&self.binary);
        command.args(arguments).arg("--data").arg(&self.folder);
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.map_err(|error| Failure::at(&self.binary, &error))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin
                .write_all(input.as_bytes())
                .map_err(|error| Failure::at(&self.binary, &error))?;
        }
        let done = child
            .wait_with_output()
            .map_err(|error| Failure::at(&self.binary, &error))?;
        if !done.status.success() {
            return Err(Failure::new(format!(
                "comity {arguments:?}: {}",
                String::from_utf8_lossy(&done.stderr)
            )));
        }
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }

    /// Serves; answers how long it took until the node listened.
    pub(crate) fn start(&mut self) -> Result<Duration, Failure> {
        self.start_at("127.0.0.1:0")
    }

    /// The same at an address.
    pub(crate) fn start_at(&mut self, address: &str) -> Result<Duration, Failure> {
        let began = Instant::now();
        let mut command = Command::new(&self.binary);
        command
            .args(["serve", "--listen", address, "--data"])
            .arg(&self.folder)
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|error| Failure::at(&self.binary, &error))?;
        let stderr = child
            .stderr
            .take()
            .ok_or_else(|| Failure::new("no standard error"))?;
        let ended = Ended(child);
        let mut lines = BufReader::new(stderr).lines();
        while let Some(Ok(line)) = lines.next() {
            if let Some(address) = line.strip_prefix("listening on http://") {
                let address = address
                    .parse()
                    .map_err(|_| Failure::new(format!("no address: {address}")))?;
                self.running = Some((ended, address));
                // What it says later must not block it when the pipe is full.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(began.elapsed());
            }
            eprintln!("{line}");
        }
        Err(Failure::new("the node did not start"))
    }

    /// Ends the node without warning.
    pub(crate) fn kill(&mut self) {
        self.running = None;
    }

    pub(crate) fn address(&self) -> Result<SocketAddr, Failure> {
        self.running
            .as_ref()
            .map(|(_, address)| *address)
            .ok_or_else(|| Failure::new("the node is not running"))
    }

    pub(crate) fn process(&self) -> Result<Process, Failure> {
        self.running
            .as_ref()
            .map(|(ended, _)| Process(ended.0.id()))
            .ok_or_else(|| Failure::new("the node is not running"))
    }

    pub(crate) fn connect(&self) -> Result<Connection, Failure> {
        Connection::open(self.address()?)
    }

    /// The path of the collection's objects.
    pub(crate) fn objects_path(&self) -> String {
        format!("/taxii2/exchange/collections/{}/objects/", self.collection)
    }

    /// The head of a GET.
    pub(crate) fn get(&self, query: &str) -> String {
        format!(
            "GET {}{query} HTTP/1.1\r\nHost: node\r\n{}",
            self.objects_path(),
            self.headers()
        )
    }

    /// The head of a POST.
    pub(crate) fn post(&self) -> String {
        format!(
            "POST {} HTTP/1.1\r\nHost: node\r\n{}Content-Type: application/taxii+json;version=2.1\r\n",
            self.objects_path(),
            self.headers()
        )
    }

    fn headers(&self) -> String {
        format!(
            "Authorization: Bearer {}\r\nAccept: application/taxii+json;version=2.1\r\n",
            self.token
        )
    }

    /// The same for wrk's command line.
    pub(crate) fn wrk_headers(&self) -> Vec<String> {
        self.headers().lines().map(str::to_owned).collect()
    }
}
