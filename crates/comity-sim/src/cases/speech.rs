//! What is said: for each subject the events of its table, each with words that may fit.
//!
//! In scope: the words. Out of scope: whether they fit now; the machine says so.

use comity_accord::digest::Digest;
use comity_case::call::seal;
use comity_case::message::{Message, Subject};
use comity_case::thread::Thread;
use comity_stix::timestamp::Timestamp;
use serde_json::{Value, json};

use crate::random::Random;

const SALT: &str = "00112233445566778899aabbccddeeff";

/// The subjects that threads are opened about.
pub(super) const SUBJECTS: [Subject; 7] = [
    Subject::Request,
    Subject::Case,
    Subject::Call,
    Subject::Check,
    Subject::Evidence,
    Subject::Exercise,
    Subject::Incident,
];

/// Who speaks, to whom and when.
#[derive(Debug)]
pub(super) struct Moment<'a> {
    pub(super) random: &'a mut Random,
    pub(super) own: String,
    pub(super) other: String,
    /// Seconds since 1970.
    pub(super) at: i64,
}

impl Moment<'_> {
    fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let count = u64::try_from(all.len()).unwrap_or(1);
        let place = usize::try_from(self.random.below(count)).unwrap_or(0);
        all.get(place).copied()
    }

    /// A time from now, in hours.
    fn time(&self, hours: i64) -> String {
        let at = (self.at + hours * 3_600).saturating_mul(1_000_000);
        Timestamp::from_micros(at).map_or_else(String::new, Timestamp::to_stix)
    }
}

/// Something that may be said in a thread; in an empty one, what opens it.
pub(super) fn said(
    subject: Subject,
    thread: &Thread,
    moment: &mut Moment<'_>,
) -> (&'static str, Value) {
    let opening = opening(subject, moment);
    let open = thread.is_empty();
    let words = if open { "" } else { events(subject) };
    let words: Vec<&'static str> = words.split_whitespace().collect();
    let Some(word) = moment.pick(&words) else {
        return opening;
    };
    let entries: Vec<_> = thread.entries().collect();
    let place = moment.random.number();
    let place = usize::try_from(place).unwrap_or(0) % entries.len().max(1);
    let named = entries.get(place).map(|entry| &entry.message);
    let digest = named.map(|message| message.digest().to_string());
    let item = named.map_or_else(String::new, Message::place);
    let content = content((subject, word), (digest, item), moment);
    (word, content)
}

fn opening(subject: Subject, moment: &Moment<'_>) -> (&'static str, Value) {
    let hash = Digest::of(b"simulated").to_string();
    match subject {
        Subject::Request => (
            "send",
            json!({ "request_type": "takedown", "urgency": "urgent", "title": "t" }),
        ),
        Subject::Case | Subject::Review | Subject::Profile => (
            "open",
            json!({ "title": "t", "summary": "s", "priority": "high" }),
        ),
        Subject::Call => (
            "ring",
            json!({ "to": "desk", "channel": "telephone", "urgency": "urgent", "line": "t" }),
        ),
        Subject::Check => (
            "ping",
            json!({ "contact": "desk", "nonce": SALT, "due": moment.time(24) }),
        ),
        Subject::Evidence => (
            "acquired",
            json!({
                "sha256": hash, "size": 1, "media_type": "text/plain", "acquired_at": moment.time(-2),
                "acquired_by": "lab", "acquired_how": "copy", "tool": "none", "source": "t", "legal_basis": "order",
                "label": "amber",
            }),
        ),
        Subject::Address => (
            "give",
            json!({ "address": "t@in.example", "purpose": "ping", "expires": moment.time(48) }),
        ),
        Subject::Exercise => (
            "propose",
            json!({
                "title": "t", "scenario_sha256": hash, "starts": moment.time(1), "ends": moment.time(9),
            }),
        ),
        Subject::Incident => (
            "aware",
            json!({ "title": "t", "at": moment.time(-1), "regime": "nis2" }),
        ),
    }
}

/// The events of a subject; the usual ones more than once, so that threads go far.
const fn events(subject: Subject) -> &'static str {
    match subject {
        Subject::Request => {
            "acknowledge acknowledge accept accept answer answer feedback return supplement interim extend reopen \
             withdraw purged decline dispute settle"
        }
        Subject::Case | Subject::Review | Subject::Profile => {
            "join join note task done drop happened observe status prioritise assess link unlink merge unmerge split \
             unsplit close close keep-open reopen dispute"
        }
        Subject::Call => {
            "answered answered identify identify note-sealed note-shown read-back actions close confirm missed call-back \
             redial abandon dispute"
        }
        Subject::Check => "answer escalate dispute settle",
        Subject::Address => {
            "challenge challenge answer answer heard promote confirm decline renew revoke dispute settle"
        }
        Subject::Evidence => {
            "verified opened copied sealed transfer-offer transfer-offer transfer-accept transfer-accept \
             transfer-decline returned hold release dispute"
        }
        Subject::Exercise => "agree agree start start inject stop report decline dispute settle",
        Subject::Incident => {
            "early-warning notification intermediate progress final dispute settle"
        }
    }
}

/// What an event says.
fn content(
    (subject, word): (Subject, &str),
    (digest, item): (Option<String>, String),
    moment: &mut Moment<'_>,
) -> Value {
    let note = format!("{} said so", moment.own);
    let other = "case--00000000-0000-4000-8000-000000000099";
    let number = moment.random.below(9) + 1;
    match (subject, word) {
        (_, "dispute" | "settle") => json!({ "message": digest, "text": "not so" }),
        (Subject::Request, "answer") => json!({ "scope": "full", "text": "here" }),
        (Subject::Check, "answer") => json!({ "nonce": SALT }),
        (Subject::Address, "challenge") => json!({ "nonce": SALT, "due": moment.time(24) }),
        (Subject::Address, "answer") => json!({ "nonce": SALT, "note": "signed" }),
        (Subject::Address, "confirm") => json!({ "note": "signed" }),
        (Subject::Address, "promote") => {
            json!({ "address": format!("p{}@in.example", moment.random.number()), "note": "signed" })
        }
        (Subject::Address, "decline") => json!({ "reason": "not now" }),
        (Subject::Address, "renew") => {
            let address = format!("n{}@in.example", moment.random.number());
            json!({ "address": address, "expires": moment.time(48) })
        }
        (_, "heard") => json!({ "nonce": SALT, "way": "mail", "sha256": digest }),
        (_, "revoke") => json!({ "reason": "leaked" }),
        (_, "escalate") => json!({ "channel": "telephone", "due": moment.time(2) }),
        (_, "transfer-accept") => json!({ "sha256": Digest::of(b"simulated").to_string() }),
        (_, "sealed") => json!({ "seal": "17" }),
        (Subject::Evidence, "release" | "transfer-offer" | "returned") => json!({ "note": "so" }),
        (_, "copied") => json!({ "note": "for the lab" }),
        (_, "acknowledge" | "join") => json!({ "number": "7" }),
        (_, "accept") => json!({ "scope": "full", "expected": moment.time(48) }),
        (_, "feedback") => json!({ "useful": "yes", "quality": 4, "acted": true }),
        (_, "return") => json!({ "fields": ["facts"] }),
        (_, "supplement") => json!({ "fields": { "facts": "more" } }),
        (_, "extend") => json!({ "expected": moment.time(72), "reason": "volume" }),
        (_, "reopen") if subject == Subject::Request => json!({ "gap": "one day" }),
        (_, "purged") => json!({ "retained": false }),
        (Subject::Request, "decline") => json!({ "reason": "resources" }),
        (_, "task") => json!({ "text": "do it", "owner": moment.other, "due": moment.time(5) }),
        (_, "done") => json!({ "task": item, "result": "done" }),
        (_, "drop") => json!({ "task": item, "reason": "no need" }),
        (_, "happened") => {
            json!({ "at": moment.time(-30), "learned": moment.time(-3), "text": "x" })
        }
        (_, "observe") => {
            json!({ "values": [{ "field": "ipv4-addr:value", "value": "198.51.100.7" }] })
        }
        (_, "prioritise") => json!({ "priority": "top" }),
        (_, "assess") => json!({ "determination": "confirmed" }),
        (_, "link" | "unlink") => {
            json!({ "thread": "request--00000000-0000-4000-8000-000000000001" })
        }
        (_, "merge" | "unsplit") => json!({ "into": other, "reason": "one actor" }),
        (_, "split") => json!({ "into": other, "items": [item] }),
        (Subject::Case, "close") => json!({ "outcome": "seized" }),
        (_, "answered" | "call-back") => json!({ "name": "duty officer", "role": "duty" }),
        (_, "identify") => json!({ "heard": "matched" }),
        (_, "note-sealed") => json!({ "sha256": seal(&note, SALT).to_string() }),
        (_, "note-shown") => json!({ "text": note, "salt": SALT }),
        (_, "read-back") => json!({ "agrees": true }),
        (_, "actions") => json!({ "actions": [] }),
        (_, "redial") => json!({ "to": "desk", "rung": "same" }),
        (_, "inject") => json!({ "number": number, "text": "samples", "at": moment.time(1) }),
        (_, "verified") => json!({ "ok": true }),
        (_, "opened") => json!({ "purpose": "analysis" }),
        (_, "agree" | "start" | "missed" | "stop" | "close") => json!({}),
        (
            _,
            "early-warning" | "notification" | "intermediate" | "progress" | "final" | "status"
            | "note" | "interim" | "report" | "confirm",
        ) => json!({ "text": note }),
        _ => json!({ "reason": "it is so" }),
    }
}
