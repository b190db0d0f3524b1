//! Parties under test: each a node of the real program with a port of its own, enrolled with each other as two duty
//! officers would do it, by commands alone.
//!
//! In scope: making parties, enrolling and agreeing, what every test asks of them. Out of scope: what should come of it.
//! Limits: [`WAIT_MAX`].

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::{Answer, Request};
use crate::node::{Database, Said, Serving, Store, comity, postgres_url, set};
use crate::sample::envelope;

/// What has not happened by then will not.
pub(crate) const WAIT_MAX: Duration = Duration::from_mins(1);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// The terms of a direction in which much may go.
pub(crate) const OPEN: &str = "ceiling = \"TLP:AMBER+STRICT\"\noutlets = [\"link\", \"file\", \"taxii\"]\nunlabelled = \"TLP:AMBER+STRICT\"\n";
/// The same, and what came from others may go on.
pub(crate) const RELAY: &str = "ceiling = \"TLP:AMBER+STRICT\"\noutlets = [\"link\", \"file\", \"taxii\"]\nunlabelled = \"TLP:AMBER+STRICT\"\nmay_relay = true\nrelay_onward = true\n";

/// Waits until `look` finds something; the names say what was waited for.
pub(crate) fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    until_within(WAIT_MAX, what, look)
}

/// The same, for as long as `most`.
pub(crate) fn until_within<T>(
    most: Duration,
    what: &str,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let began = Instant::now();
    let (_speaker, silent) = mpsc::channel::<()>();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < most, "waited in vain: {what}");
        // Another program's progress sends no word: nobody speaks here, and the wait ends.
        let _ = silent.recv_timeout(LOOK);
    }
}

/// Runs a test with parties of these names on the embedded store, and once more with the first of them on PostgreSQL where
/// a server is given.
pub(crate) fn on_both_stores<const N: usize>(names: [&str; N], test: impl Fn(&mut [Party; N])) {
    test(&mut names.map(|name| Party::new(name, Store::Embedded)));
    if postgres_url().is_some() {
        println!("on PostgreSQL:");
        test(&mut names.map(|name| Party::new(name, Store::Postgres)));
    } else {
        println!("skipped: on PostgreSQL, because COMITY_TEST_POSTGRES is not set");
    }
}

/// A party with its node.
pub(crate) struct Party {
    /// Dropped first, so that the program ends before its folder and database go.
    serving: Option<Serving>,
    folder: TempDir,
    data: PathBuf,
    _database: Option<Database>,
    pub(crate) name: String,
    pub(crate) port: u16,
    /// How the program is started to serve: words in front of its own.
    pub(crate) under: Vec<String>,
    /// What the program finds in its environment.
    pub(crate) environment: Vec<(String, String)>,
}

impl Party {
    /// A node that does not serve yet, and that others may call.
    pub(crate) fn new(name: &str, store: Store) -> Self {
        Self::with(name, store, &[])
    }

    /// The same, made with more words.
    pub(crate) fn with(name: &str, store: Store, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("node");
        Self::made(name, store, (folder, data), more)
    }

    /// The same with its data in a place of its own.
    pub(crate) fn in_folder(name: &str, store: Store, folder: TempDir, data: PathBuf) -> Self {
        Self::made(name, store, (folder, data), &[])
    }

    fn made(name: &str, store: Store, (folder, data): (TempDir, PathBuf), more: &[&str]) -> Self {
        let database = (store == Store::Postgres).then(Database::create);
        let port = free_port();
        let party = Self {
            serving: None,
            folder,
            data,
            _database: None,
            name: name.to_owned(),
            port,
            under: Vec::new(),
            environment: Vec::new(),
        };
        let domain = format!("{name}.example");
        let mut init = vec!["init", "--party", name, "--domain", &domain];
        if let Some(database) = &database {
            init.extend(["--store", &database.url]);
        }
        init.extend(more);
        party.cli(&init).expect(0);
        party.set("serve", "listen", &format!("\"127.0.0.1:{port}\""));
        party.set("link", "url", &format!("\"http://127.0.0.1:{port}\""));
        party.set("serve", "undo_seconds", "0");
        party.set("link", "heartbeat_seconds", "1");
        party.set("link", "settle_seconds", "1");
        Self {
            _database: database,
            ..party
        }
    }

    pub(crate) fn set(&self, table: &str, key: &str, value: &str) {
        set(&self.data, table, key, value);
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Serves another folder from now on.
    pub(crate) fn move_to(&mut self, data: PathBuf) {
        self.data = data;
    }

    /// A file beside the node's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.serving.as_ref().unwrap().address
    }

    pub(crate) fn serving(&self) -> &Serving {
        self.serving.as_ref().unwrap()
    }

    pub(crate) fn serve(&mut self) {
        assert!(self.serving.is_none(), "already serving");
        let program = comity::<&str>(&[]);
        let mut command = match self.under.split_first() {
            None => program,
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program.get_program());
                command
            }
        };
        command.args(["serve", "--data"]).arg(&self.data);
        command.envs(self.environment.iter().cloned());
        self.serving = Some(Serving::spawn(command));
    }

    pub(crate) fn kill(&mut self) {
        self.serving.take().unwrap().kill();
    }

    pub(crate) fn terminate(&mut self) {
        let code = self.serving.take().unwrap().terminate();
        assert_eq!(code, Some(0), "{} ended badly", self.name);
    }

    pub(crate) fn cli(&self, arguments: &[&str]) -> Said {
        self.cli_with_input(arguments, "")
    }

    pub(crate) fn cli_with_input(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = comity(arguments);
        command.arg("--data").arg(&self.data);
        Said::run(command, input)
    }

    /// What a command says as JSON.
    pub(crate) fn rows(&self, arguments: &[&str]) -> Vec<Value> {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let said = self.cli(&arguments).expect(0).json();
        said.as_array().unwrap().clone()
    }

    pub(crate) fn outbox(&self) -> Vec<Value> {
        self.rows(&["outbox", "list"])
    }

    pub(crate) fn inbox(&self) -> Vec<Value> {
        self.rows(&["inbox", "list"])
    }

    /// How another party stands with this one.
    pub(crate) fn state_of(&self, other: &str) -> String {
        text(&self.party_row(other), "state")
    }

    pub(crate) fn party_row(&self, other: &str) -> Value {
        let rows = self.rows(&["party", "list"]);
        let row = rows.iter().find(|row| row["name"] == *other);
        row.unwrap_or_else(|| panic!("{} knows no {other}", self.name))
            .clone()
    }

    pub(crate) fn create_collection(&self, title: &str, more: &[&str]) -> String {
        let mut arguments = vec!["collection", "create", "--title", title, "--json"];
        arguments.extend(more);
        text(&self.cli(&arguments).expect(0).json(), "id")
    }

    /// Puts objects into a collection.
    pub(crate) fn import(&self, collection: &str, objects: &[Value]) {
        let file = self.file("import.json");
        std::fs::write(&file, envelope(objects)).unwrap();
        let file = file.to_str().unwrap().to_owned();
        self.cli(&["import", &file, "--collection", collection, "--json"])
            .expect(0);
    }

    /// The newest version of everything in a collection, by id; nothing where there is no such collection.
    pub(crate) fn export(&self, collection: &str) -> BTreeMap<String, Value> {
        let said = self.cli(&["export", "--format", "jsonl", "--collection", collection]);
        if said.code != Some(0) {
            return BTreeMap::new();
        }
        let objects = said
            .out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        objects.map(|one: Value| (text(&one, "id"), one)).collect()
    }

    /// What a party has sent here and what is still held of it.
    pub(crate) fn from(&self, other: &str) -> BTreeMap<String, Value> {
        self.export(&format!("from-{other}"))
    }

    /// Waits until exactly these ids are held of what a party sent.
    pub(crate) fn until_from(&self, other: &str, ids: &[&str]) -> BTreeMap<String, Value> {
        until(&format!("{ids:?} at {} from {other}", self.name), || {
            let held = self.from(other);
            let exact = held.len() == ids.len() && ids.iter().all(|id| held.contains_key(*id));
            exact.then_some(held)
        })
    }

    /// Shares one object; what the rules say of it.
    pub(crate) fn share(&self, id: &str, to: &str) -> Value {
        self.share_with(id, to, &[])
    }

    pub(crate) fn share_with(&self, id: &str, to: &str, more: &[&str]) -> Value {
        let mut arguments = vec!["share", id, "--to", to, "--json"];
        arguments.extend(more);
        let said = self.cli(&arguments);
        assert!(matches!(said.code, Some(0 | 6)), "{said:?}");
        said.json()["lines"][0].clone()
    }

    /// Waits until every envelope of the outbox is receipted.
    pub(crate) fn until_receipted(&self) -> Vec<Value> {
        until(&format!("receipts for {}", self.name), || {
            let rows = self.outbox();
            let done = |row: &Value| row["state"] == "receipted" || row["state"] == "void";
            rows.iter().all(done).then_some(rows)
        })
    }

    /// Waits until everything that came is applied.
    pub(crate) fn until_applied(&self, count: usize) -> Vec<Value> {
        until(&format!("{count} applied at {}", self.name), || {
            let rows = self.inbox();
            let done = |row: &&Value| row["state"] == "applied" || row["state"] == "refused";
            (rows.iter().filter(done).count() >= count).then_some(rows)
        })
    }

    /// An account of another party, with its token.
    pub(crate) fn account_of(&self, name: &str, party: Option<&str>, role: &str) -> String {
        let mut arguments = vec!["user", "add", name, "--role", role, "--password-stdin"];
        if let Some(party) = party {
            arguments.extend(["--party", party]);
        }
        self.cli_with_input(&arguments, "correct horse 7 battery")
            .expect(0);
        let said = self.cli(&["token", "create", "--user", name]).expect(0);
        said.out.trim().to_owned()
    }

    pub(crate) fn grant(&self, collection: &str, user: &str, rights: &[&str]) {
        let mut arguments = vec!["collection", "grant", collection, "--user", user];
        arguments.extend(rights);
        self.cli(&arguments).expect(0);
    }

    pub(crate) fn ask(&self, token: &str, request: Request) -> Answer {
        request.bearer(token).send(self.address())
    }

    pub(crate) fn get(&self, token: &str, path: &str) -> Answer {
        self.ask(token, Request::get(path))
    }
}

/// A text of a document.
pub(crate) fn text(document: &Value, name: &str) -> String {
    let found = document[name].as_str();
    found
        .unwrap_or_else(|| panic!("no {name} in {document}"))
        .to_owned()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Exchanges cards; each knows the other, and has compared nothing.
pub(crate) fn introduce(one: &Party, other: &Party) {
    for (here, there) in [(one, other), (other, one)] {
        let card = there.cli(&["party", "invite"]).expect(0).out;
        here.cli_with_input(&["party", "accept", "-"], &card)
            .expect(0);
    }
}

/// Compares fingerprints, and waits until the nodes have shown each other their keys.
pub(crate) fn verify(one: &Party, other: &Party) {
    for (here, there) in [(one, other), (other, one)] {
        let heard = text(&there.party_row(&here.name), "read_aloud");
        let mut arguments = vec!["party", "verify", there.name.as_str()];
        arguments.extend(heard.split_whitespace());
        here.cli(&arguments).expect(0);
    }
    for (here, there) in [(one, other), (other, one)] {
        until(&format!("{} verified by {}", there.name, here.name), || {
            (here.state_of(&there.name) == "verified").then_some(())
        });
    }
}

/// Brings two parties that serve from strangers to verified.
pub(crate) fn enrol(one: &Party, other: &Party) {
    introduce(one, other);
    verify(one, other);
}

/// The text of an accord between two parties, with these terms from the first to the second and back; none where nothing may
/// go.
pub(crate) fn accord_text(one: &Party, other: &Party, there: &str, back: &str) -> String {
    let draft = one.cli(&["accord", "draft", &other.name]).expect(0).out;
    let (head, rest) = draft.split_once("# What may go").unwrap();
    let (_, tail) = rest.split_once("# Something was released").unwrap();
    let mut text = head.to_owned();
    for (from, to, terms) in [(one, other, there), (other, one, back)] {
        if !terms.is_empty() {
            text.push_str(&format!(
                "[[release]]\nfrom = \"{}\"\nto = \"{}\"\n{terms}\n",
                from.name, to.name
            ));
        }
    }
    text + "# Something was released" + tail
}

/// Agrees on these terms.
pub(crate) fn agree(one: &Party, other: &Party, there: &str, back: &str) {
    let file = one.file("accord.toml");
    std::fs::write(&file, accord_text(one, other, there, back)).unwrap();
    one.cli(&["accord", "propose", file.to_str().unwrap()])
        .expect(0);
    let name = format!("{}-{}", one.name, other.name);
    let standing = |party: &Party, word: &str| {
        until(&format!("accord {word} at {}", party.name), || {
            let rows = party.rows(&["accord", "list"]);
            let row = rows.iter().find(|row| row["name"] == *name)?;
            (row["standing"] == *word).then_some(())
        });
    };
    standing(other, "proposed");
    other.cli(&["accord", "sign", &name]).expect(0);
    standing(one, "in force");
    standing(other, "in force");
}

/// Serves, enrols and agrees, the same in both directions.
pub(crate) fn befriend(one: &mut Party, other: &mut Party, terms: &str) {
    befriend_with(one, other, terms, terms);
}

/// Serves, enrols and agrees.
pub(crate) fn befriend_with(one: &mut Party, other: &mut Party, there: &str, back: &str) {
    for party in [&mut *one, &mut *other] {
        if party.serving.is_none() {
            party.serve();
        }
    }
    enrol(one, other);
    agree(one, other, there, back);
}

/// The object with a label of TLP, by its word; without one where the word is `none`, with two where it is `GREEN+RED`.
pub(crate) fn labelled(mut object: Value, label: &str) -> Value {
    let marking = |name: &str| {
        let id = match name {
            "CLEAR" => "94868c89-83c2-464b-929b-a1a8aa3c8487",
            "GREEN" => "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
            "AMBER" => "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
            "AMBER+STRICT" => "939a9414-2ddd-4d32-a0cd-375ea402b003",
            "RED" => "e828b379-4e03-4974-9ac4-e53a884c97c1",
            "1 WHITE" => "613f2e26-407d-48c7-9eca-b8e91df99dc9",
            "1 GREEN" => "34098fce-860f-48ae-8e50-ebd3cc5e41da",
            "1 AMBER" => "f88d31f6-486f-44da-b317-01333bde0b82",
            "1 RED" => "5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
            other => panic!("{other} is no label"),
        };
        format!("marking-definition--{id}")
    };
    let refs: Vec<String> = match label {
        "none" => return object,
        "GREEN+RED" => vec![marking("GREEN"), marking("RED")],
        one => vec![marking(one)],
    };
    object["object_marking_refs"] = json!(refs);
    object
}
