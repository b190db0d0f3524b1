//! The node that is killed: made with the command line, started, killed, checked.
//!
//! In scope: its process. Out of scope: what is posted to it (`clients`), what it must hold (`paged`).

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bench::client::Connection;
use crate::bench::process::Ended;
use crate::failure::Failure;
use crate::tree;

const START_PAUSE: Duration = Duration::from_millis(2);
/// A node that does not listen by then has failed.
const START_MAX: Duration = Duration::from_mins(1);

/// A node, running or not.
pub(super) struct Node {
    binary: PathBuf,
    folder: PathBuf,
    collection: String,
    token: String,
    running: Option<(Ended, SocketAddr)>,
}

impl Node {
    /// Makes a node in `folder`, its objects in the database `store` if one is named, with a collection to post to.
    pub(super) fn make(binary: &Path, folder: &Path, store: Option<&str>) -> Result<Self, Failure> {
        let mut node = Self {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            collection: String::new(),
            token: String::new(),
            running: None,
        };
        let mut init = vec!["init", "--party", "alpha", "--domain", "alpha.example"];
        init.extend(store.map(|url| ["--store", url]).into_iter().flatten());
        node.command(&init, "")?;
        let add = [
            "user",
            "add",
            "client",
            "--role",
            "analyst",
            "--password-stdin",
        ];
        node.command(&add, "a password for clients")?;
        let token = node.command(&["token", "create", "--user", "client"], "")?;
        token.trim().clone_into(&mut node.token);
        let create = ["collection", "create", "--title", "Crash", "--json"];
        let made = node.command(&create, "")?;
        let made: serde_json::Value = serde_json::from_str(&made)
            .map_err(|error| Failure::new(format!("comity {create:?}: {error}")))?;
        let id = made.get("id").and_then(serde_json::Value::as_str);
        id.unwrap_or_default().clone_into(&mut node.collection);
        let grant = ["collection", "grant", &node.collection, "--user", "client"];
        node.command(&[&grant[..], &["--read", "--write"]].concat(), "")?;
        Ok(node)
    }

    /// Starts the node; answers how long it took until it listened.
    pub(super) fn start(&mut self) -> Result<Duration, Failure> {
        let began = Instant::now();
        let log = self.folder.join("serve.log");
        let file = File::create(&log).map_err(|error| Failure::at(&log, &error))?;
        let child = Command::new(&self.binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn();
        let mut ended = Ended(child.map_err(|error| Failure::at(&self.binary, &error))?);
        while began.elapsed() < START_MAX {
            let text = tree::read(&log)?;
            let said = text.split_inclusive('\n').find_map(|line| {
                line.strip_prefix("listening on http://")?
                    .strip_suffix('\n')
            });
            if let Some(address) = said {
                let address = address
                    .parse()
                    .map_err(|_| Failure::new(format!("no address: {address}")))?;
                self.running = Some((ended, address));
                return Ok(began.elapsed());
            }
            if matches!(ended.0.try_wait(), Ok(Some(_))) {
                break;
            }
            std::thread::sleep(START_PAUSE);
        }
        let said = tree::read(&log)?;
        Err(Failure::new(format!(
            "the node in {} did not start: {said}",
            self.folder.display()
        )))
    }

    /// Ends the node without warning: SIGKILL.
    pub(super) fn kill(&mut self) {
        self.running = None;
    }

    /// Lets the stopped node check its own files.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let report = self.command(&["doctor", "--json"], "")?;
        let report: serde_json::Value = serde_json::from_str(&report)
            .map_err(|error| Failure::new(format!("comity doctor: {error}")))?;
        let problems = report.get("problems").and_then(serde_json::Value::as_array);
        if problems.is_some_and(Vec::is_empty) {
            return Ok(());
        }
        Err(Failure::new(format!("comity doctor found: {report}")))
    }

    pub(super) fn connect(&self) -> Result<Connection, Failure> {
        let running = self.running.as_ref();
        let (_, address) = running.ok_or_else(|| Failure::new("the node is not running"))?;
        Connection::open(*address)
    }

    /// The head of a request for the collection's `objects` or `manifest`.
    pub(super) fn head(&self, method: &str, resource: &str) -> String {
        format!(
            "{method} /taxii2/exchange/collections/{}/{resource} HTTP/1.1\r\nHost: node\r\nAuthorization: Bearer {}\r\n\
             Accept: application/taxii+json;version=2.1\r\nContent-Type: application/taxii+json;version=2.1\r\n",
            self.collection, self.token
        )
    }

    fn command(&self, arguments: &[&str], input: &str) -> Result<String, Failure> {
        let mut command = Command::new(&self.binary);
        command.args(arguments).arg("--data").arg(&self.folder);
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let failed = |error| Failure::at(&self.binary, &error);
        let mut child = child.map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).map_err(failed)?;
        }
        let done = child.wait_with_output().map_err(failed)?;
        if !done.status.success() {
            return Err(Failure::new(format!(
                "comity {arguments:?} on {}: {}{}",
                self.folder.display(),
                String::from_utf8_lossy(&done.stdout),
                String::from_utf8_lossy(&done.stderr)
            )));
        }
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }
}
