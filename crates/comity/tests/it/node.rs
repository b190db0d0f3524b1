//! A node under test: a data folder, the real program serving it, an account, and four collections.
//!
//! The account `analyst` may read and write `rw`, read `ro`, write `wo`, and has no right to `none`.
//!
//! In scope: starting, asking, killing, starting again; on the embedded store and on PostgreSQL.
//! Out of scope: what the answers should be.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::http::{Answer, Request, encode};
use crate::sample::envelope;

/// The account of a test, and its password.
pub(crate) const USER: &str = "analyst";
pub(crate) const PASSWORD: &str = "correct horse 7 battery";

/// The one API root.
pub(crate) const ROOT: &str = "/taxii2/exchange/";

/// A node that is not ready by then has failed.
const START_SECONDS_MAX: u64 = 60;

/// Where a node keeps its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    Embedded,
    Postgres,
}

/// Runs a test on the embedded store, and on PostgreSQL where one is given.
pub(crate) fn on_each_store(test: impl Fn(&mut TestNode)) {
    test(&mut TestNode::start(Store::Embedded));
    if postgres_url().is_some() {
        println!("on PostgreSQL:");
        test(&mut TestNode::start(Store::Postgres));
    } else {
        println!("skipped: on PostgreSQL, because COMITY_TEST_POSTGRES is not set");
    }
}

/// A node that serves, with its folder and what was set up in it.
pub(crate) struct TestNode {
    /// Dropped first, so that the program ends before its folder and database go.
    serving: Option<Serving>,
    folder: TempDir,
    database: Option<Database>,
    pub(crate) token: String,
    pub(crate) rw: String,
    pub(crate) ro: String,
    pub(crate) wo: String,
    pub(crate) none: String,
}

impl TestNode {
    /// A node with the usual account and collections, on the embedded store.
    pub(crate) fn embedded() -> Self {
        Self::start(Store::Embedded)
    }

    pub(crate) fn start(store: Store) -> Self {
        Self::start_with(store, &[])
    }

    /// A node with settings `(table, key, value)` of its own.
    pub(crate) fn start_with(store: Store, settings: &[(&str, &str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = (store == Store::Postgres).then(Database::create);
        let mut node = Self {
            serving: None,
            folder,
            database,
            token: String::new(),
            rw: String::new(),
            ro: String::new(),
            wo: String::new(),
            none: String::new(),
        };
        let mut init = vec!["init", "--party", "alpha", "--domain", "alpha.example"];
        let url = node.database.as_ref().map(|database| database.url.clone());
        if let Some(url) = &url {
            init.extend(["--store", url]);
        }
        node.cli(&init).expect(0);
        for (table, key, value) in settings {
            node.set(table, key, value);
        }
        node.add_user(USER, PASSWORD);
        node.token = node.create_token(USER);
        node.rw = node.create_collection("Read and write", &["--alias", "indicators"]);
        node.ro = node.create_collection("Read only", &[]);
        node.wo = node.create_collection("Write only", &[]);
        node.none = node.create_collection("No rights", &[]);
        node.grant(&node.rw, USER, &["--read", "--write"]);
        node.grant(&node.ro, USER, &["--read"]);
        node.grant(&node.wo, USER, &["--write"]);
        node.serve();
        node
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("node")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.serving.as_ref().unwrap().address
    }

    /// What the program has said so far.
    pub(crate) fn said(&self) -> String {
        self.serving.as_ref().unwrap().said()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.serving.as_ref().unwrap().child.id()
    }

    /// Starts the program on a free port.
    pub(crate) fn serve(&mut self) {
        assert!(self.serving.is_none(), "already serving");
        self.serving = Some(Serving::start(&self.data()));
    }

    /// Ends the program without warning, as a power cut would.
    pub(crate) fn kill(&mut self) {
        let mut serving = self.serving.take().unwrap();
        serving.child.kill().unwrap();
        serving.child.wait().unwrap();
    }

    /// Asks the program to end and returns its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let mut serving = self.serving.take().unwrap();
        serving.signal("TERM");
        serving.child.wait().unwrap().code()
    }

    /// Ends the program cleanly and starts it again.
    pub(crate) fn restart(&mut self) {
        self.terminate();
        self.serve();
    }

    /// Runs a command of the program on this node's folder.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Said {
        self.cli_with_input(arguments, "")
    }

    pub(crate) fn cli_with_input(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = comity(arguments);
        command.arg("--data").arg(self.data());
        Said::run(command, input)
    }

    pub(crate) fn add_user(&self, name: &str, password: &str) {
        let arguments = ["user", "add", name, "--role", "analyst", "--password-stdin"];
        self.cli_with_input(&arguments, password).expect(0);
    }

    pub(crate) fn create_token(&self, user: &str) -> String {
        let said = self.cli(&["token", "create", "--user", user]).expect(0);
        let token = said.out.trim().to_owned();
        assert!(
            !token.is_empty() && !token.contains(char::is_whitespace),
            "{token:?}"
        );
        token
    }

    pub(crate) fn create_collection(&self, title: &str, more: &[&str]) -> String {
        let mut arguments = vec!["collection", "create", "--title", title, "--json"];
        arguments.extend(more);
        let made = self.cli(&arguments).expect(0).json();
        made["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn grant(&self, collection: &str, user: &str, rights: &[&str]) {
        let mut arguments = vec!["collection", "grant", collection, "--user", user];
        arguments.extend(rights);
        self.cli(&arguments).expect(0);
    }

    /// Puts objects into a collection past any account, by the command line.
    pub(crate) fn import(&self, collection: &str, objects: &[Value]) -> Value {
        let file = self.folder.path().join("import.json");
        std::fs::write(&file, envelope(objects)).unwrap();
        let file = file.to_str().unwrap().to_owned();
        self.cli(&["import", &file, "--collection", collection, "--json"])
            .expect(0)
            .json()
    }

    /// Breaks every connection that the node has to its PostgreSQL database.
    pub(crate) fn break_database_connections(&self) {
        let name = &self.database.as_ref().unwrap().name;
        Database::on_server(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        ));
    }

    /// A file beside the node's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes one setting into `comity.toml`.
    fn set(&self, table: &str, key: &str, value: &str) {
        set(&self.data(), table, key, value);
    }

    // Requests as the usual account, by token.

    /// Sends a request with the account's token.
    pub(crate) fn ask(&self, request: Request) -> Answer {
        request.bearer(&self.token).send(self.address())
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path))
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.ask(Request::delete(path))
    }

    /// Posts objects to a collection and returns the finished status.
    pub(crate) fn post(&self, collection: &str, objects: &[Value]) -> Value {
        self.post_text(collection, &envelope(objects))
    }

    /// Posts a body that is accepted, and returns the finished status.
    pub(crate) fn post_text(&self, collection: &str, body: &str) -> Value {
        let answer = self
            .ask(Request::post(&objects(collection), body))
            .expect(202);
        self.finished(answer.json())
    }

    /// Follows a status until it is complete.
    pub(crate) fn finished(&self, mut status: Value) -> Value {
        for _ in 0..1000 {
            if status["status"] == "complete" {
                return status;
            }
            assert_eq!(status["status"], "pending");
            let id = status["id"].as_str().unwrap();
            status = self.get(&format!("{ROOT}status/{id}/")).expect(200).json();
        }
        panic!("never complete: {status}");
    }

    /// Asks the program to serve where it must refuse, and returns what it said.
    pub(crate) fn refuse_to_serve(&self) -> Said {
        refuse_to_serve(&self.data(), "127.0.0.1:0")
    }

    /// Asserts that the program still runs and answers.
    pub(crate) fn assert_alive(&mut self) {
        let serving = self.serving.as_mut().unwrap();
        assert!(
            serving.child.try_wait().unwrap().is_none(),
            "the node ended"
        );
        Request::get("/healthz").send(serving.address).expect(200);
    }
}

/// Writes one setting into the `comity.toml` of a folder.
pub(crate) fn set(data: &Path, table: &str, key: &str, value: &str) {
    let file = data.join("comity.toml");
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let header = format!("[{table}]");
    let assigned = |line: &str| {
        line.split_once('=')
            .is_some_and(|(name, _)| name.trim() == key)
    };
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line.trim() == header;
        }
        if !(inside && assigned(line)) {
            lines.push(line);
        }
    }
    let place = lines
        .iter()
        .position(|line| line.trim() == header)
        .unwrap_or_else(|| {
            lines.push(&header);
            lines.len() - 1
        });
    let setting = format!("{key} = {value}");
    lines.insert(place + 1, &setting);
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
}

/// The path of a collection.
pub(crate) fn collection(id: &str) -> String {
    format!("{ROOT}collections/{id}/")
}

/// The path of a collection's objects.
pub(crate) fn objects(id: &str) -> String {
    format!("{ROOT}collections/{id}/objects/")
}

/// The path of one object.
pub(crate) fn object(id: &str, object: &str) -> String {
    format!("{ROOT}collections/{id}/objects/{object}/")
}

/// The path of an object's versions.
pub(crate) fn versions(id: &str, object: &str) -> String {
    format!("{ROOT}collections/{id}/objects/{object}/versions/")
}

/// The path of a collection's manifest.
pub(crate) fn manifest(id: &str) -> String {
    format!("{ROOT}collections/{id}/manifest/")
}

/// A path with a query; values are encoded, names are not.
pub(crate) fn query(path: &str, pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

/// The program with arguments; nothing of the tester's own settings reaches it.
pub(crate) fn comity<S: AsRef<OsStr>>(arguments: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comity"));
    command.args(arguments).env_remove("RUST_LOG");
    command
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    what: String,
}

impl Said {
    pub(crate) fn run(mut command: Command, input: &str) -> Self {
        let what = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        // A program that does not read its input may have ended already.
        let _ = pipe.write_all(input.as_bytes());
        drop(pipe);
        let done = child.wait_with_output().unwrap();
        Self {
            code: done.status.code(),
            out: String::from_utf8(done.stdout).unwrap(),
            err: String::from_utf8(done.stderr).unwrap(),
            what,
        }
    }

    /// Asserts the exit code, and that a failure says what failed and what mends it.
    pub(crate) fn expect(self, code: i32) -> Self {
        let Self { what, out, err, .. } = &self;
        assert_eq!(self.code, Some(code), "{what}\n{out}\n{err}");
        if code != 0 {
            let told = err.contains("error: ") && err.contains("\n\nhint: ");
            assert!(told, "{what}: no hint in {err}");
        }
        self
    }

    /// Standard output as one JSON value.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{}: {error} in {:?}", self.what, self.out))
    }
}

/// The running program.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: SocketAddr,
    said: Arc<Mutex<Vec<String>>>,
}

/// The address in the line by which the program says that it is ready, over plain HTTP or TLS.
fn listening(line: &str) -> Option<SocketAddr> {
    let (_, place) = line.split_once("listening on ")?;
    let place = place
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    place.trim().parse().ok()
}

impl Serving {
    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Serves a folder on a free port.
    pub(crate) fn start(data: &Path) -> Self {
        let mut command = comity(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(data);
        Self::spawn(command)
    }

    /// Runs a command that serves, until it says where.
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (send, ready) = mpsc::channel();
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&said);
        // Keeps reading, so that the program never waits for a full pipe; ends with the program.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                eprintln!("node: {line}");
                heard.lock().unwrap().push(line.clone());
                if let Some(address) = listening(&line) {
                    let _ = send.send(address);
                }
            }
        });
        let wait = Duration::from_secs(START_SECONDS_MAX);
        match ready.recv_timeout(wait) {
            Ok(address) => Self {
                child,
                address,
                said,
            },
            Err(error) => {
                let _ = child.kill();
                panic!(
                    "the node did not say where it listens: {error}, {:?}",
                    child.wait()
                );
            }
        }
    }

    /// What the program has said so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }

    /// Ends the program without warning.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks the program to end and returns its exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().unwrap().code()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status();
        assert!(kill.unwrap().success());
    }
}

/// Serves a folder that must be refused; a program that starts to listen is ended, and the test fails.
pub(crate) fn refuse_to_serve(data: &Path, listen: &str) -> Said {
    let mut command = comity(&["serve", "--listen", listen, "--data"]);
    command.arg(data);
    let what = format!("{command:?}");
    let streams = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = streams.spawn().unwrap();
    let mut err = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if listening(&line).is_some() {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{what}: it serves");
        }
        err.push_str(&line);
        err.push('\n');
    }
    Said {
        code: child.wait().unwrap().code(),
        out: String::new(),
        err,
        what,
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The value of a variable that the test command sets.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are told of the programs around them by the environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A PostgreSQL server on which tests may make databases.
pub(crate) fn postgres_url() -> Option<String> {
    variable("COMITY_TEST_POSTGRES")
}

/// A database of one test, removed with it.
pub(crate) struct Database {
    name: String,
    pub(crate) url: String,
}

impl Database {
    pub(crate) fn create() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("comity_it_{}_{number}", std::process::id());
        let server = postgres_url().unwrap();
        Self::on_server(&format!("CREATE DATABASE {name}"));
        let (base, _) = server.rsplit_once('/').unwrap();
        Self {
            url: format!("{base}/{name}"),
            name,
        }
    }

    fn on_server(statement: &str) {
        let url = postgres_url().unwrap();
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        client.batch_execute(statement).unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        Self::on_server(&format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            self.name
        ));
    }
}
