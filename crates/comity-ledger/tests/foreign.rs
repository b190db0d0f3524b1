//! Our log under other people's verifiers: tlog-scales, aics-tlog and Go's sumdb, and a live witness of aics-witness.
//!
//! They run where `COMITY_TEST_PYTHON` names a Python that has them; `cargo xtask check` makes one and installs Go. Where
//! it is not set the tests say that they were skipped; where it is, a missing program is a failure.
//!
//! In scope: one log of 70,000 entries as files, good and damaged; the witness protocol over loopback. Out of scope: what
//! the programs do (`tests/foreign`).
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "test code: a panic is a failed test; a test is told by its environment where Python is"
)]

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use comity_ledger::checkpoint::{Checkpoint, Origin, SignedCheckpoint};
use comity_ledger::cosignature::cosign;
use comity_ledger::fsck::{self, Extent};
use comity_ledger::key::{SignatureType, SigningKey, VerifierKey};
use comity_ledger::layout::Layout;
use comity_ledger::leaf::Leaf;
use comity_ledger::policy::Policy;
use comity_ledger::proof::LogProof;
use comity_ledger::tile::{Growth, Tile, Tiles, bundles_of, encode_bundle, grow};
use comity_ledger::tree::{Hash, TreeHead, leaf_hash, root_of};
use comity_ledger::witness::{self, AddCheckpoint, Answer, KnownLog, accept_cosignatures, decide};

const ORIGIN: &str = "log.example/e1";
const SIZE: u64 = 70_000;
const SMALLER: usize = 1000;

fn python() -> Option<String> {
    let python = std::env::var("COMITY_TEST_PYTHON").unwrap_or_default();
    if python.is_empty() {
        println!("skipped: COMITY_TEST_PYTHON is not set");
        return None;
    }
    Some(python)
}

fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/foreign")
        .join(name)
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// A log as files, with the keys of its signatures: the log's, an Ed25519 witness's, an ML-DSA-44 witness's.
struct Log {
    folder: tempfile::TempDir,
    leaves: Vec<Hash>,
    keys: [SigningKey; 3],
}

fn log_keys() -> [SigningKey; 3] {
    let key = |name, kind, seed| SigningKey::from_seed(name, kind, &[seed; 32]).unwrap();
    [
        key(ORIGIN, SignatureType::Ed25519, 1),
        key("witness.example/w2", SignatureType::CosignatureEd25519, 2),
        key("witness.example/w3", SignatureType::CosignatureMlDsa44, 3),
    ]
}

fn checkpoint(head: TreeHead) -> Checkpoint {
    Checkpoint::new(Origin::parse(ORIGIN).unwrap(), head.size, head.root)
}

fn entries(size: u64) -> Vec<Leaf> {
    (0..size)
        .map(|index| Leaf::padding(*leaf_hash(&index.to_be_bytes()).as_bytes()))
        .collect()
}

fn growth(leaves: &[Hash]) -> Growth {
    grow(0, leaves, |_| Ok::<_, Infallible>(Vec::new())).unwrap()
}

impl Log {
    fn make() -> Self {
        let entries = entries(SIZE);
        let leaves: Vec<Hash> = entries.iter().map(Leaf::hash).collect();
        let growth = growth(&leaves);
        let keys = log_keys();
        let statement = checkpoint(growth.head);
        let mut signed = statement.sign(&[&keys[0]], 0).unwrap();
        for witness in &keys[1..] {
            signed.add(cosign(witness, &statement, now())).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, bytes: &[u8]| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        write("checkpoint", signed.to_string().as_bytes());
        for written in growth.tiles {
            write(&written.tile.to_string(), &written.bytes);
        }
        for bundle in bundles_of(SIZE) {
            let range = bundle.entries().unwrap();
            let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            let within: Vec<&[u8]> = entries[range]
                .iter()
                .map(|leaf| leaf.as_bytes().as_slice())
                .collect();
            write(&bundle.to_string(), &encode_bundle(&within).unwrap());
        }
        Self {
            folder,
            leaves,
            keys,
        }
    }

    fn path(&self) -> String {
        self.folder.path().display().to_string()
    }

    fn vkey(&self, index: usize) -> String {
        self.keys[index].verifier().to_string()
    }

    fn flip(&self, path: &str) {
        let path = self.folder.path().join(path);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[40] ^= 1;
        std::fs::write(path, bytes).unwrap();
    }

    fn fsck(&self) -> Vec<String> {
        let mut layout =
            Layout::new(
                |path: &str| match std::fs::read(self.folder.path().join(path)) {
                    Ok(bytes) => Ok(Some(bytes)),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error),
                },
            );
        let report = fsck::check(&mut layout, &[self.keys[0].verifier()], Extent::Entries);
        report.problems.iter().map(ToString::to_string).collect()
    }
}

/// What a program says; one that ends with an error is a failure.
fn ask(command: &mut Command) -> String {
    let answer = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(
        answer.status.success(),
        "{command:?} ended with {}",
        answer.status
    );
    String::from_utf8(answer.stdout).unwrap().trim().to_owned()
}

#[test]
fn tlog_scales_accepts_our_log_and_we_its_proofs() {
    let Some(python) = python() else { return };
    let log = Log::make();
    let keys = [0, 1, 2].map(|index| log.vkey(index));
    let said = ask(Command::new(&python)
        .arg(program("scales.py"))
        .arg(log.path())
        .args(keys));
    assert_eq!(said, "sound");
    let policy = format!(
        "log {}\nwitness a {}\nwitness b {}\ngroup both all a b\nquorum both\n",
        log.vkey(0),
        log.vkey(1),
        log.vkey(2)
    );
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    for index in [0, 12_345, 69_999] {
        let mut command = Command::new(&python);
        command.args([
            "-m",
            "tlog_scales.cli",
            "gen-proof",
            &log.path(),
            &index.to_string(),
        ]);
        let text = format!("{}\n", ask(&mut command));
        let proof = LogProof::parse(text.as_bytes()).unwrap();
        let accepted = proof.verify(&log.leaves[index], &policy).unwrap();
        assert_eq!(accepted.cosigned.len(), 2);
        assert_eq!(proof.to_string(), text);
    }
}

#[test]
fn aics_tlog_audits_our_log_and_finds_what_we_find() {
    let Some(python) = python() else { return };
    let log = Log::make();
    let audit = || {
        let arguments = [log.path(), log.vkey(0), log.vkey(1)];
        ask(Command::new(&python)
            .arg(program("aics.py"))
            .args(arguments))
    };
    assert_eq!(audit(), "sound: 277 tiles, 274 bundles");
    assert_eq!(log.fsck(), [""; 0]);
    log.flip("tile/0/005");
    let found = audit();
    assert!(
        found.starts_with("damaged: ") && found.contains("tile/0/005"),
        "{found}"
    );
    assert!(
        log.fsck()
            .iter()
            .any(|problem| problem.starts_with("tile/0/005 "))
    );
    log.flip("tile/0/005");
    log.flip("tile/entries/007");
    let found = audit();
    assert!(
        found.starts_with("damaged: ") && found.contains("entries/007"),
        "{found}"
    );
    assert_eq!(
        log.fsck(),
        ["entry 1792 does not hash to what its tile says"]
    );
}

#[test]
fn go_sumdb_verifies_note_inclusion_and_consistency() {
    if python().is_none() {
        return;
    }
    let log = Log::make();
    let smaller = root_of(&log.leaves[..SMALLER]).to_string();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
    let verify = || {
        let mut command = Command::new("go");
        command
            .env("GO111MODULE", "off")
            .env("GOPATH", "/usr/share/gocode");
        command.env("GOCACHE", &cache).env("GOFLAGS", "");
        command
            .arg("run")
            .arg(program("verify.go"))
            .args([log.path(), log.vkey(0)]);
        command.args([&SMALLER.to_string(), &smaller]);
        ask(command.args(["0", "255", "256", "12345", "65536", "69999"]))
    };
    assert_eq!(verify(), "sound");
    log.flip("tile/0/000");
    assert!(verify().starts_with("damaged: "));
}

/// A witness that ends with the test.
struct Witness {
    process: Child,
    port: u16,
    key: VerifierKey,
    _folder: tempfile::TempDir,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Witness {
    fn start(python: &str, log: &VerifierKey) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(python)
            .arg(program("witness.py"))
            .arg(folder.path())
            .args([ORIGIN, &log.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut line = || lines.next().unwrap().unwrap();
        Self {
            port: line().parse().unwrap(),
            key: line().parse().unwrap(),
            process,
            _folder: folder,
        }
    }

    /// Posts a request and returns status, media type and body.
    fn post(&self, request: &str) -> (u16, Option<String>, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = request.len();
        let head = "POST /add-checkpoint HTTP/1.1\r\nHost: localhost\r\nConnection: close";
        write!(
            stream,
            "{head}\r\nContent-Length: {length}\r\n\r\n{request}"
        )
        .unwrap();
        let mut answer = BufReader::new(stream);
        let mut line = String::new();
        answer.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        let mut media_type = None;
        let mut length = 0;
        loop {
            line.clear();
            answer.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim().split_once(": ") else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-type" => media_type = Some(value.to_owned()),
                "content-length" => length = value.parse().unwrap(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        answer.read_exact(&mut body).unwrap();
        (status, media_type, body)
    }
}

/// The requests that have each of the answers, with a witness that cosigned 1,000 and then 70,000 entries.
fn requests(leaves: &[Hash]) -> Vec<(AddCheckpoint, u16)> {
    let growth = growth(leaves);
    let read = |tile: &Tile| {
        let mut tiles = growth.tiles.iter();
        let found =
            tiles.find(|one| (one.tile.level(), one.tile.index()) == (tile.level(), tile.index()));
        Ok::<_, Infallible>(found.unwrap().bytes.clone())
    };
    let mut tiles = Tiles::new(SIZE, read);
    let small = tiles.head_at(1000).unwrap();
    let proof = tiles.consistency_proof(1000).unwrap();
    let head = growth.head;
    let forged = |size| TreeHead {
        size,
        root: leaf_hash(b"forged"),
    };
    let [log, stranger, _] = log_keys();
    let sign = |head: TreeHead| checkpoint(head).sign(&[&log], 0).unwrap();
    let bad_signature = {
        let mut signed = checkpoint(head).sign(&[], 0).unwrap();
        signed
            .add(sign(small).note().signatures()[0].clone())
            .unwrap();
        signed
    };
    let elsewhere = Checkpoint::new(Origin::parse("other.example").unwrap(), SIZE, head.root);
    let by_stranger = checkpoint(head).sign(&[&stranger], 7).unwrap();
    let request = |old, proof: &[Hash], signed: SignedCheckpoint, status| {
        (
            AddCheckpoint::new(old, proof.to_vec(), signed).unwrap(),
            status,
        )
    };
    vec![
        request(0, &[], sign(forged(0)), 422),
        request(0, &proof, sign(small), 422),
        request(0, &[], sign(small), 200),
        request(1000, &proof, sign(forged(SIZE)), 422),
        request(1000, &proof, sign(head), 200),
        request(0, &[], sign(head), 409),
        request(SIZE, &[], sign(head), 200),
        request(SIZE, &[], sign(forged(SIZE)), 422),
        request(SIZE, &proof, sign(head), 422),
        request(SIZE, &[], sign(small), 400),
        request(SIZE, &[], bad_signature, 403),
        request(SIZE, &[], by_stranger, 403),
        request(SIZE, &[], elsewhere.sign(&[&log], 0).unwrap(), 404),
    ]
}

#[test]
fn a_foreign_witness_and_ours_give_the_same_answers() {
    let Some(python) = python() else { return };
    let [log, _, _] = log_keys();
    let witness = Witness::start(&python, &log.verifier());
    let mut ours = KnownLog {
        origin: Origin::parse(ORIGIN).unwrap(),
        keys: vec![log.verifier()],
        held: None,
    };
    let leaves: Vec<Hash> = entries(SIZE).iter().map(Leaf::hash).collect();
    for (number, (request, expected)) in requests(&leaves).into_iter().enumerate() {
        let (status, media_type, body) = witness.post(&request.to_string());
        assert_eq!(status, expected, "foreign, request {number}");
        let answer = Answer::parse(status, media_type.as_deref(), &body).unwrap();
        let known = request.checkpoint().checkpoint().origin == ours.origin;
        match decide(known.then_some(&ours), request.clone()) {
            Ok(pending) => {
                assert_eq!(expected, 200, "ours, request {number}");
                ours.held = Some(pending.checkpoint().checkpoint().head());
                let Answer::Cosigned(lines) = answer else {
                    panic!("request {number}: {answer:?}")
                };
                let mut cosigned = request.checkpoint().clone();
                let keys = [witness.key.clone()];
                assert_eq!(accept_cosignatures(&mut cosigned, &lines, &keys), Ok(1));
                let time = cosigned.verify(&keys).unwrap()[0].time.unwrap();
                assert!(time.abs_diff(now()) < 600);
            }
            Err(refusal) => {
                assert_eq!(refusal.status(), expected, "ours, request {number}");
                let said = String::from_utf8(body).unwrap();
                if let Some((kind, text)) = refusal.body() {
                    assert_eq!((media_type.as_deref(), said), (Some(kind), text));
                    assert_eq!(answer, Answer::Conflict { held: SIZE });
                } else {
                    assert_eq!(answer, Answer::Refused { status });
                }
            }
        }
    }
    let path = witness::monitor_path(&ours.origin);
    assert_eq!(path.len(), 64 + "/checkpoint".len());
}
