use comity_stix::timestamp::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::digest::Digest;
use crate::party::Domain;
use crate::text::template::{Template, TemplateParty, fill};

fn mutual() -> String {
    let names = ["alpha", "bravo"].map(|name| PartyName::parse(name).unwrap());
    let [first, second] = &names;
    let domain = Domain::parse("a.example").unwrap();
    let party = |name, root: &[u8]| TemplateParty {
        name,
        root: Digest::of(root),
        domain: &domain,
    };
    fill(
        Template::Mutual,
        &party(first, b"a"),
        &party(second, b"b"),
        Timestamp::parse("2026-12-01T00:00:00Z").unwrap(),
    )
}

fn told(before: &str, after: &str) -> String {
    let read = |text| AccordText::parse(text).unwrap_or_else(|error| panic!("{error}"));
    compare(&read(before), &read(after)).to_string()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn the_meaning_of_each_change_is_told_with_its_direction() {
    let base = mutual();
    let check = |from: &str, to: &str, wanted: &str| {
        let changed = base.replacen(from, to, 1);
        assert_ne!(changed, base, "{from}");
        let (there, back) = (told(&base, &changed), told(&changed, &base));
        assert_eq!(there, wanted, "{from} -> {to}");
        let turned = wanted.starts_with("neutral") == back.starts_with("neutral");
        assert!(turned && there != back, "{back}");
        let mirrored = wanted.starts_with("widens") == back.starts_with("narrows");
        assert!(mirrored, "{back}");
    };
    let place = "release alpha to bravo";
    check(
        "ceiling = \"TLP:AMBER\"",
        "ceiling = \"TLP:GREEN\"",
        &format!("narrows: {place}, link, file, taxii: up to TLP:AMBER -> up to TLP:GREEN\n"),
    );
    check(
        "# ceilings =",
        "ceilings =",
        &format!("narrows: {place}, taxii: up to TLP:AMBER -> up to TLP:GREEN\n"),
    );
    check(
        "outlets = [\"link\", \"file\", \"taxii\"]",
        "outlets = [\"link\", \"file\", \"mail\", \"taxii\"]",
        &format!("widens: {place}, mail: closed -> up to TLP:AMBER\n"),
    );
    check(
        "TLP:AMBER+STRICT",
        "TLP:AMBER",
        &format!("widens: {place}, unlabelled counts as: TLP:AMBER+STRICT -> TLP:AMBER\n"),
    );
    check(
        "# second_person_from =",
        "second_person_from =",
        &format!("narrows: {place}, second person approves: never -> from TLP:AMBER\n"),
    );
    check(
        "# encrypt_from =",
        "may_relay = true #",
        &format!("widens: {place}, may relay what others sent: no -> yes\n"),
    );
    check(
        "# encrypt_from =",
        "types_allowed = [\"indicator\"] #",
        &format!("narrows: {place}, types allowed: every type -> indicator\n"),
    );
    check(
        "# encrypt_from =",
        "types_refused = [\"identity\"] #",
        &format!("narrows: {place}, types refused: nothing -> identity\n"),
    );
    check(
        "# encrypt_from =",
        "redact = [{ pattern = \"x\", action = \"mask\" }] #",
        &format!("narrows: {place}, redaction: nothing -> mask what matches x\n"),
    );
    check(
        "# encrypt_from =",
        "clients = [\"Utility\"] #",
        &format!("widens: {place}, clients: nothing -> Utility\n"),
    );
    check(
        "witnesses_min = 1",
        "deposit = \"charlie\"",
        "neutral: ledger, deposit with: none -> charlie\n",
    );
    check(
        "signatures = [\"ed25519\"]",
        "signatures = [\"ed25519\", \"ml-dsa-44\"]",
        "narrows: ledger, signatures: nothing -> ml-dsa-44\n",
    );
    check(
        "answer_hours = 24",
        "answer_hours = 48",
        "widens: recall, answered within: 24 hours -> 48 hours\n",
    );
    check(
        "days = 30",
        "days = 60",
        "neutral: commitment feedback: sighting-feedback by each to each, every quarter, calendar none: days 30, percent 50 -> sighting-feedback by each to each, every quarter, calendar none: days 60, percent 50\n",
    );
    check(
        "ways = [\"link\", \"taxii\", \"file\"]",
        "ways = [\"link\", \"file\"]",
        "narrows: channels: indicators by taxii -> nothing\n",
    );
    let root = Digest::of(b"b").to_string();
    let other = Digest::of(b"c").to_string();
    let changed = base.replace(&root, &other);
    assert_eq!(
        told(&base, &changed),
        format!("widens: party bravo, root key: {root} -> {other}\n")
    );
}

#[test]
fn what_widens_stands_first() {
    let base = mutual();
    let changed = base
        .replacen("days = 30", "days = 60", 1)
        .replacen("ceiling = \"TLP:AMBER\"", "ceiling = \"TLP:GREEN\"", 1)
        .replacen("answer_hours = 24", "answer_hours = 48", 1);
    let told = told(&base, &changed);
    let effects: Vec<_> = told
        .lines()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert_eq!(effects, ["widens", "narrows", "neutral"]);
}

#[test]
fn a_direction_that_appears_widens() {
    let base = mutual();
    let (head, tail) = base.split_once("[[release]]\nfrom = \"bravo\"").unwrap();
    let recall = tail.split_once("[recall]").unwrap().1;
    let less = format!("{head}[recall]{recall}");
    assert_eq!(
        told(&less, &base),
        "widens: release bravo to alpha: nothing -> up to TLP:AMBER by link, file, taxii\n"
    );
    assert_eq!(
        told(&base, &less),
        "narrows: release bravo to alpha: up to TLP:AMBER by link, file, taxii -> nothing\n"
    );
}

#[test]
fn comments_bind_nobody_but_change_the_hash() {
    let base = mutual();
    let (same, other) = (told(&base, &base), told(&base, &format!("{base}# more\n")));
    assert_eq!(same, "the two are the same\n");
    assert_eq!(
        other,
        "the words that bind are the same; comments or layout differ, and so does the hash\n"
    );
    let counted = base.replacen(
        "version = 1",
        &format!(
            "version = 2\nreplaces = \"{}\"",
            Digest::of(base.as_bytes())
        ),
        1,
    );
    assert_eq!(told(&base, &counted), other);
    let turned = base.replacen(
        "outlets = [\"link\", \"file\"",
        "outlets = [\"file\", \"link\"",
        1,
    );
    assert_eq!(
        told(&base, &turned),
        "neutral: order of entries: one order -> another order\n"
    );
}

proptest! {
    /// Whatever changes in what binds is told.
    #[test]
    fn no_change_goes_unsaid(choices in proptest::collection::vec(any::<bool>(), 8)) {
        let base = mutual();
        let edits = [
            ("ceiling = \"TLP:AMBER\"", "ceiling = \"TLP:CLEAR\""),
            ("witnesses_min = 1", "heartbeat_minutes = 11"),
            ("heartbeat_minutes = 10\n", ""),
            ("role = \"technical\"", "role = \"case\""),
            ("standing = \"temporary\"", "standing = \"permanent\""),
            ("hours = \"mon-fri 08:00-18:00\"", "hours = \"24x7\""),
            ("# encrypt_from", "encrypt_from"),
            ("id = \"answer\"", "id = \"answers\""),
        ];
        let mut changed = base.clone();
        for ((from, to), chosen) in edits.iter().zip(choices) {
            if chosen {
                changed = changed.replacen(from, to, 1);
            }
        }
        let read = |text| AccordText::parse(text).ok();
        if let (Some(before), Some(after)) = (read(&base), read(&changed)) {
            let alike = binds_alike(before.content(), after.content());
            prop_assert_eq!(alike, compare(&before, &after).differences().is_empty());
        }
    }
}
