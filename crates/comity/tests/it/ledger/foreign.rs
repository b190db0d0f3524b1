//! The ledger of live nodes under other people's verifiers: tlog-scales, aics-tlog, Go's sumdb and aics-witness.
//!
//! They run where `COMITY_TEST_PYTHON` names a Python that has them, as in `comity-ledger`.
//!
//! In scope: exported folders, the log over HTTP, cosignatures of a foreign witness, our witness beside it.
//! Out of scope: what the programs do (`tests/python`, `comity-ledger/tests/foreign`).

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use comity_ledger::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use comity_ledger::key::SigningKey;
use comity_ledger::leaf::Leaf;
use comity_ledger::tile::{Tile, Tiles, grow};
use comity_ledger::tree::{Hash, TreeHead, leaf_hash};
use comity_ledger::witness::{AddCheckpoint, monitor_path};
use comity_node::link::keys::NodeKeys;

use crate::exchange::party::Party;
use crate::http::Request;
use crate::ledger::{exchanged, export, settled, verified};
use crate::node::{Store, variable};

fn python() -> Option<String> {
    let found = variable("COMITY_TEST_PYTHON");
    if found.is_none() {
        println!("skipped: COMITY_TEST_PYTHON is not set");
    }
    found
}

/// A program of these tests, or of the ledger's own.
fn program(name: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = here.join("tests/python").join(name);
    if own.exists() {
        own
    } else {
        here.join("../comity-ledger/tests/foreign").join(name)
    }
}

fn said(command: &mut Command) -> String {
    let answer = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(answer.status.success(), "{command:?}");
    String::from_utf8(answer.stdout).unwrap().trim().to_owned()
}

/// The verifier keys of a party: its log's and its witness's, Ed25519 first.
fn keys(party: &Party) -> [String; 2] {
    let keys = party.cli(&["ledger", "key", "--json"]).expect(0).json();
    ["log", "witness"].map(|name| keys[name][0].as_str().unwrap().to_owned())
}

#[test]
fn foreign_verifiers_accept_the_log_of_a_live_node_as_files_and_over_http() {
    let Some(python) = python() else { return };
    let mut pair = exchanged();
    pair[0].terminate();
    pair[0].set("ledger", "public", "true");
    pair[0].serve();
    settled(&pair);
    let [alpha, bravo] = &pair;
    let ([log, _], [_, witness]) = (keys(alpha), keys(bravo));
    let folder = export(alpha, "evidence", &[]).join("log");
    let places = [
        folder.display().to_string(),
        format!("http://{}/log", alpha.address()),
    ];
    for place in &places {
        for script in ["log_scales.py", "log_aics.py"] {
            let mut command = Command::new(&python);
            command.arg(program(script)).args([place, &log, &witness]);
            assert_eq!(said(&mut command), "sound", "{script} {place}");
        }
    }
    let note = std::fs::read(folder.join("checkpoint")).unwrap();
    let size = SignedCheckpoint::parse(&note).unwrap().checkpoint().size;
    let hashes = std::fs::read(folder.join(format!("tile/0/000.p/{size}"))).unwrap();
    let first = Hash::new(hashes[..32].try_into().unwrap());
    let mut go = Command::new("go");
    go.env("GO111MODULE", "off").env("GOFLAGS", "");
    go.env("GOPATH", "/usr/share/gocode");
    go.env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go"));
    go.arg("run").arg(program("verify.go"));
    go.args([&folder.display().to_string(), &log, "1", &first.to_string()]);
    go.args((0..size).map(|index| index.to_string()));
    assert_eq!(said(&mut go), "sound");
}

/// A witness of somebody else's that ends with the test.
struct Witness {
    process: Child,
    url: String,
    key: String,
    _folder: tempfile::TempDir,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Witness {
    fn start(python: &str, origin: &str, log: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(python)
            .arg(program("witness.py"))
            .arg(folder.path())
            .args([origin, log])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut line = || lines.next().unwrap().unwrap();
        Self {
            url: format!("127.0.0.1:{}", line()),
            key: line(),
            process,
            _folder: folder,
        }
    }
}

#[test]
fn a_foreign_witness_cosigns_a_live_log_as_it_grows() {
    let Some(python) = python() else { return };
    let pair = exchanged();
    let [alpha, bravo] = &pair;
    let [log, _] = keys(alpha);
    let witness = Witness::start(&python, "alpha.example/log", &log);
    let url = format!("http://{}", witness.url);
    let ask = ["ledger", "witness", &url, "--key", &witness.key, "--json"];
    let first = alpha.cli(&ask).expect(0).json();
    super::fill(alpha, bravo, 20..22);
    settled(&pair);
    let second = alpha.cli(&ask).expect(0).json();
    assert!(second["size"].as_u64() > first["size"].as_u64());
    assert_eq!(second["witness"], "witness.example/w1");
    let found = verified(alpha)["logs"].to_string();
    assert!(found.contains("witness.example/w1"), "{found}");
    assert!(found.contains("bravo.example/witness"), "{found}");
    let folder = export(alpha, "evidence", &[]);
    let said = super::verify(&folder).expect(0).out;
    assert!(said.contains("witness.example/w1"), "{said}");
}

const SIZE: u64 = 300;
const SMALLER: u64 = 70;

/// The requests that have each of the answers, of a log of this origin and key.
fn requests(origin: &str, log: &SigningKey, stranger: &SigningKey) -> Vec<(AddCheckpoint, u16)> {
    let leaves: Vec<Hash> = (0..SIZE)
        .map(|index| Leaf::padding(*leaf_hash(&index.to_be_bytes()).as_bytes()).hash())
        .collect();
    let growth = grow(0, &leaves, |_| Ok::<_, Infallible>(Vec::new())).unwrap();
    let read = |tile: &Tile| {
        let mut tiles = growth.tiles.iter();
        let place = (tile.level(), tile.index());
        let found = tiles.find(|one| (one.tile.level(), one.tile.index()) == place);
        Ok::<_, Infallible>(found.unwrap().bytes.clone())
    };
    let mut tiles = Tiles::new(SIZE, read);
    let small = tiles.head_at(SMALLER).unwrap();
    let proof = tiles.consistency_proof(SMALLER).unwrap();
    let head = growth.head;
    let root = leaf_hash(b"forged");
    let forged = |size| TreeHead { size, root };
    let checkpoint = |origin: &str, head: TreeHead| {
        Checkpoint::new(Origin::parse(origin).unwrap(), head.size, head.root)
    };
    let sign = |head: TreeHead| checkpoint(origin, head).sign(&[log], 0).unwrap();
    let mut bad = checkpoint(origin, head).sign(&[], 0).unwrap();
    let other = sign(small).note().signatures()[0].clone();
    bad.add(other).unwrap();
    let by_stranger = checkpoint(origin, head).sign(&[stranger], 7).unwrap();
    let elsewhere = checkpoint("other.example/log", head);
    let elsewhere = elsewhere.sign(&[log], 0).unwrap();
    let all: Vec<(u64, &[Hash], SignedCheckpoint, u16)> = vec![
        (0, &[], sign(forged(0)), 422),
        (0, &proof, sign(small), 422),
        (0, &[], sign(small), 200),
        (SMALLER, &proof, sign(forged(SIZE)), 422),
        (SMALLER, &proof, sign(head), 200),
        (0, &[], sign(head), 409),
        (SIZE, &[], sign(head), 200),
        (SIZE, &proof, sign(head), 422),
        (SIZE, &[], sign(small), 400),
        (SIZE, &[], bad, 403),
        (SIZE, &[], by_stranger, 403),
        (SIZE, &[], elsewhere, 404),
        // The proof of two histories comes last: nothing of such a log is cosigned any more.
        (SIZE, &[], sign(forged(SIZE)), 422),
    ];
    all.into_iter()
        .map(|(old, proof, signed, status)| {
            let request = AddCheckpoint::new(old, proof.to_vec(), signed);
            (request.unwrap(), status)
        })
        .collect()
}

#[test]
fn our_witness_and_a_foreign_one_answer_alike() {
    let Some(python) = python() else { return };
    let mut alpha = Party::new("alpha", Store::Embedded);
    let carol = Party::new("carol", Store::Embedded);
    let card = carol.cli(&["party", "invite"]).expect(0).out;
    alpha
        .cli_with_input(&["party", "accept", "-"], &card)
        .expect(0);
    alpha.set("ledger", "public", "true");
    alpha.serve();
    let origin = "carol.example/log";
    let owned = NodeKeys::read(carol.data(), "carol.example").unwrap();
    let log = owned.log(origin).unwrap();
    let theirs = Witness::start(&python, origin, &log.verifier().to_string());
    let there = theirs.url.parse().unwrap();
    for (number, (request, expected)) in requests(origin, &log, owned.witness())
        .into_iter()
        .enumerate()
    {
        let body = request.to_string();
        let post = |path: &str| Request::post(path, body.clone());
        let ours = post("/log/witness/add-checkpoint").send(alpha.address());
        let foreign = post("/add-checkpoint").send(there);
        assert_eq!(
            ours.status,
            expected,
            "ours, request {number}: {}",
            ours.text()
        );
        assert_eq!(foreign.status, expected, "foreign, request {number}");
        if expected == 409 {
            assert_eq!(ours.text(), foreign.text());
            assert_eq!(ours.header("content-type"), Some("text/x.tlog.size"));
        }
    }
    let garbage = Request::post("/log/witness/add-checkpoint", "old x\n");
    garbage.send(alpha.address()).expect(400);
    let path = monitor_path(&Origin::parse(origin).unwrap());
    let monitored = Request::get(&format!("/log/witness/{path}")).send(alpha.address());
    let monitored = SignedCheckpoint::parse(&monitored.expect(200).body).unwrap();
    assert_eq!(monitored.checkpoint().size, SIZE);
    let [_, witness] = keys(&alpha);
    monitored.verify(&[witness.parse().unwrap()]).unwrap();
    let forks = alpha
        .cli(&["ledger", "evidence", "--json"])
        .expect(0)
        .json();
    assert_eq!(forks[0]["party"], "carol");
    assert_eq!(forks.as_array().unwrap().len(), 1);
}
