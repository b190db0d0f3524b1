//! Files in and out through pages and REST: evidence taken in and given out as a copy.
//!
//! In scope: bytes, names, custody, what a browser is told, what other sites and roles get. Out of scope: custody itself
//! (`cases::evidence`), forms in pieces (`comity-web`).

use std::io::{Read as _, Write as _};

use super::visitor::{Browser, uploaded};
use crate::exchange::party::{Party, until};
use crate::http::{Answer, Request, connect};
use crate::node::Store;

/// What is said of a file, as a form sends it.
const FACTS: &[(&str, &str)] = &[
    ("source", "mail server"),
    ("acquired_at", "2026-05-01T10:00"),
    ("acquired_how", "imaged with a write blocker"),
    ("tool", "imager 4"),
    ("legal_basis", "order 7"),
    ("label", "TLP:AMBER"),
];

/// The same as a program says it.
const QUERY: &str = "source=mail+server&acquired_at=2026-05-01T10:00:00Z&acquired_how=imaged&tool=imager&legal_basis=order+7\
                     &label=TLP:AMBER";

fn alpha() -> Party {
    let mut alpha = Party::new("alpha", Store::Embedded);
    alpha.serve();
    alpha
}

/// Bytes that are no text, with what looks like the end of a form in them.
fn bytes() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..300_000_u32)
        .map(|at| at.to_le_bytes()[1] ^ 0x5a)
        .collect();
    bytes.extend(b"\r\n------WebKitFormBoundary7MA4YWxkTrZu0gX\r\n--\r\n");
    bytes
}

/// Takes the file in with these facts; the path of its page.
fn taken(browser: &Browser<'_>, more: &[(&'static str, &'static str)], bytes: &[u8]) -> String {
    let mut facts = FACTS.to_vec();
    facts.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    facts.extend(more);
    let done = browser.upload("/evidence/new", &facts, ("disk.img", bytes));
    done.expect(303).header("location").unwrap().to_owned()
}

/// How many items there are.
fn stored(alpha: &Party) -> usize {
    let stored = alpha.cli(&["evidence", "list", "--json"]).expect(0).json();
    stored.as_array().unwrap().len()
}

/// What every file tells a browser.
fn is_saved_and_never_shown(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    let saved = answer.header("content-disposition").unwrap();
    assert!(saved.starts_with("attachment; filename=\""), "{saved}");
}

#[test]
fn a_file_is_taken_in_with_its_custody_and_comes_out_the_same() {
    let alpha = alpha();
    let browser = Browser::new(&alpha, "duty-officer", "releaser", "en");
    assert!(browser.get("/evidence").contains("href=\"/evidence/new\""));
    let form = browser.get("/evidence/new");
    assert!(form.contains("enctype=\"multipart/form-data\"") && form.contains("Up to 1 GiB"));
    let bytes = bytes();
    let path = taken(&browser, &[], &bytes);
    let page = browser.get(&path);
    let shown = alpha.cli(&["evidence", "list", "--json"]).expect(0).json();
    let sha256 = shown[0]["sha256"].as_str().unwrap();
    assert!(
        page.contains(sha256) && page.contains("mail server"),
        "{page}"
    );
    assert!(page.contains("duty-officer"), "who took it in: {page}");
    let copy = browser.post(&format!("{path}/copy"), &[]);
    is_saved_and_never_shown(&copy);
    assert!(copy.body == bytes, "{} bytes", copy.body.len());
    let saved = copy.header("content-disposition").unwrap();
    assert!(
        saved.contains("filename=\"mail_server-evidence-"),
        "{saved}"
    );
    // The copy stands in the custody.
    assert!(browser.get(&path).contains("given out"));
}

#[test]
fn a_sample_comes_out_wrapped_and_whatever_a_party_says_of_a_file_is_no_name_of_its_own() {
    let alpha = alpha();
    let browser = Browser::new(&alpha, "duty-officer", "releaser", "zh-CN");
    let path = taken(&browser, &[("sample", "yes")], b"MZ this is a sample");
    let copy = browser.post(&format!("{path}/copy"), &[]);
    is_saved_and_never_shown(&copy);
    assert!(copy.body.starts_with(b"PK\x03\x04"));
    assert!(!copy.body.windows(6).any(|at| at == b"sample"));
    assert!(
        copy.header("content-disposition")
            .unwrap()
            .contains(".zip\"")
    );
    let hostile = [
        "../../etc/passwd",
        "x\"; filename=\"evil.html",
        "invoice\u{202e}fdp.exe",
        "\u{62a5}\u{544a}",
    ];
    for source in hostile {
        let facts: Vec<(&str, &str)> = FACTS
            .iter()
            .copied()
            .filter(|(name, _)| *name != "source")
            .collect();
        let facts = [&facts[..], &[("source", source)]].concat();
        let done = browser.upload("/evidence/new", &facts, ("a.bin", b"x"));
        let path = done.expect(303).header("location").unwrap().to_owned();
        let copy = browser.post(&format!("{path}/copy"), &[]);
        is_saved_and_never_shown(&copy);
        let saved = copy.header("content-disposition").unwrap();
        assert_eq!(saved.matches('"').count(), 2, "{saved}");
        assert!(
            !saved.contains("..") && !saved.contains("%E2%80%AE"),
            "{saved}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_and_nothing_is_stored() {
    let alpha = alpha();
    let browser = Browser::new(&alpha, "duty-officer", "releaser", "en");
    let mut facts = FACTS.to_vec();
    facts.retain(|(name, _)| *name != "acquired_at");
    facts.push(("acquired_at", "soon"));
    let page = browser.upload("/evidence/new", &facts, ("a.bin", b"x"));
    let page = page.expect(422).text();
    assert!(page.contains("value=\"mail server\""), "{page}");
    // Another site, another session, no file, another form, a form that breaks off.
    let mut all = vec![("csrf", browser.csrf.as_str())];
    all.extend(FACTS);
    let cookie = |request: Request| {
        request
            .header("Cookie", &browser.cookie)
            .send(alpha.address())
    };
    let send = |request: Request| cookie(request).status;
    let good = || uploaded(&alpha, "/evidence/new", &all, ("a.bin", b"x"));
    assert_eq!(send(good().header("Origin", "https://evil.example")), 403);
    let forged = uploaded(&alpha, "/evidence/new", FACTS, ("a.bin", b"x"));
    assert_eq!(send(forged), 403);
    assert_eq!(browser.post("/evidence/new", FACTS).status, 400);
    assert_eq!(
        send(good().header("Content-Type", "multipart/form-data")),
        400
    );
    let other = "multipart/form-data; boundary=other";
    assert_eq!(send(good().header("Content-Type", other)), 400);
    let viewer = Browser::of(&alpha, "viewer");
    assert!(!viewer.get("/evidence").contains("/evidence/new"));
    viewer.ask("/evidence/new").expect(403);
    viewer
        .upload("/evidence/new", FACTS, ("a.bin", b"x"))
        .expect(403);
    // Where no file was chosen, a browser sends one without a name; a second one would be lost without a word.
    let none = browser.upload("/evidence/new", FACTS, ("", b""));
    assert_eq!(none.status, 400, "{}", none.text());
    let two = b"x\r\n------WebKitFormBoundary7MA4YWxkTrZu0gW\r\nContent-Disposition: form-data; name=\"file\"; \
                filename=\"b\"\r\n\r\ny";
    let two = browser.upload("/evidence/new", FACTS, ("a.bin", two));
    assert_eq!(two.status, 422, "{}", two.text());
    assert_eq!(stored(&alpha), 0);
    let path = taken(&browser, &[], b"x");
    viewer.post(&format!("{path}/copy"), &[]).expect(403);
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing() {
    let alpha = alpha();
    let browser = Browser::new(&alpha, "duty-officer", "releaser", "en");
    let token = alpha.account_of("program", None, "releaser");
    let coming = alpha.data().join("attachments").join("incoming");
    let files = || std::fs::read_dir(&coming).unwrap().count();
    let mut all = vec![("csrf", browser.csrf.as_str())];
    all.extend(FACTS);
    let form = uploaded(
        &alpha,
        "/evidence/new",
        &all,
        ("a.bin", &vec![b'x'; 100_000]),
    );
    let form = form.header("Cookie", &browser.cookie);
    let call = Request::post(&format!("/api/v1/evidence?{QUERY}"), vec![b'x'; 100_000]);
    let call = call.header("Content-Type", "application/octet-stream");
    let call = call.without("Accept").bearer(&token);
    for request in [form, call] {
        let bytes = request.bytes(alpha.address());
        let mut stream = connect(alpha.address()).unwrap();
        stream.write_all(&bytes[..bytes.len() - 5_000]).unwrap();
        until("bytes lie where they are until they are whole", || {
            (files() > 0).then_some(())
        });
        drop(stream);
        until("they are gone", || (files() == 0).then_some(()));
    }
    assert_eq!(stored(&alpha), 0);
    assert_eq!(
        std::fs::read_dir(alpha.data().join("attachments"))
            .unwrap()
            .count(),
        2,
        "what comes, and what comes little by little"
    );
}

#[test]
fn what_is_too_large_is_refused_before_it_is_stored() {
    let alpha = alpha();
    let browser = Browser::new(&alpha, "duty-officer", "releaser", "en");
    let token = alpha.account_of("program", None, "releaser");
    let mut all = vec![("csrf", browser.csrf.as_str())];
    all.extend(FACTS);
    let form = uploaded(&alpha, "/evidence/new", &all, ("a.bin", b"x"));
    let form = form.header("Cookie", &browser.cookie);
    let call = Request::post(&format!("/api/v1/evidence?{QUERY}"), "x");
    let call = call.header("Content-Type", "application/octet-stream");
    // Whoever waits to be told to go on is answered at once.
    let call = call.without("Accept").bearer(&token);
    let call = call.header("Expect", "100-continue");
    for (request, said) in [(form, "The file is too large."), (call, "1073741824 bytes")] {
        let bytes = request.bytes(alpha.address());
        let text = String::from_utf8(bytes).unwrap();
        let (head, rest) = text.split_once("Content-Length: ").unwrap();
        let (_, body) = rest.split_once("\r\n\r\n").unwrap();
        let announced = format!("{head}Content-Length: 2147483648\r\n\r\n{body}");
        let mut stream = connect(alpha.address()).unwrap();
        stream.write_all(announced.as_bytes()).unwrap();
        let mut raw = Vec::new();
        let _ = stream.read_to_end(&mut raw);
        let answer = Answer::parse(&raw).unwrap();
        assert_eq!(answer.status, 413, "{}", answer.text());
        assert!(answer.text().contains(said), "{}", answer.text());
    }
    assert_eq!(stored(&alpha), 0);
}

#[test]
fn what_is_bound_to_persons_is_given_to_those_alone() {
    let alpha = alpha();
    let names = ["duty-officer", "another-officer"];
    let [takes, other] = names.map(|name| Browser::new(&alpha, name, "releaser", "en"));
    let path = taken(&takes, &[("label", "TLP:RED")], b"a name");
    assert!(takes.get(&path).contains("mail server"));
    is_saved_and_never_shown(&takes.post(&format!("{path}/copy"), &[]));
    other.ask(&path).expect(404);
    let nobody = other.post("/evidence/evidence--0/copy", &[]).expect(404);
    let refused = other.post(&format!("{path}/copy"), &[]).expect(404);
    let plain = |answer: &Answer| {
        let text = answer.text();
        let (head, _) = text.split_once("<footer").unwrap_or((&text, ""));
        head.lines().count()
    };
    assert_eq!(plain(&refused), plain(&nobody));
    let id = path.rsplit('/').next().unwrap().to_owned();
    let id: &'static str = id.leak();
    let mut facts = FACTS.to_vec();
    facts.extend([("derived_from", id), ("derived_version", "1")]);
    let made = other.upload("/evidence/new", &facts, ("a.bin", b"x"));
    assert_eq!(made.status, 404, "{}", made.text());
    assert!(
        takes
            .upload("/evidence/new", &facts, ("a.bin", b"x"))
            .status
            == 303
    );
}

#[test]
fn a_program_gives_and_gets_bytes_by_the_same_operations() {
    let alpha = alpha();
    let token = alpha.account_of("program", None, "releaser");
    let give = |bytes: Vec<u8>, kind: &str| {
        let request = Request::post(&format!("/api/v1/evidence?{QUERY}"), bytes);
        let request = request.header("Content-Type", kind).without("Accept");
        alpha.ask(&token, request)
    };
    let bytes = bytes();
    let done = give(bytes.clone(), "application/octet-stream")
        .expect(200)
        .json();
    assert_eq!(done["size"].as_u64(), u64::try_from(bytes.len()).ok());
    assert_eq!(give(bytes.clone(), "text/plain").status, 415);
    let item = done["id"].as_str().unwrap();
    let request = Request::post(&format!("/api/v1/evidence/{item}/copies"), "").without("Accept");
    let copy = alpha.ask(&token, request);
    is_saved_and_never_shown(&copy);
    assert!(copy.body == bytes);
    let viewer = alpha.account_of("viewer", None, "viewer");
    let request = Request::post(&format!("/api/v1/evidence/{item}/copies"), "").without("Accept");
    assert_eq!(alpha.ask(&viewer, request).status, 403);
}

#[test]
fn a_red_item_is_listed_for_whoever_took_it_in_and_for_nobody_else() {
    let alpha = alpha();
    let takes = Browser::new(&alpha, "duty-officer", "releaser", "en");
    let other = Browser::new(&alpha, "other-officer", "releaser", "en");
    let item = taken(&takes, &[("label", "TLP:RED")], b"what was found");
    assert!(takes.get("/evidence").contains(&item));
    assert!(!other.get("/evidence").contains(&item));
    other.post(&format!("{item}/copy"), &[]).expect(404);
}
