//! A party's profile as another party has it: published in versions that rise, withdrawn, or ended by its date.
//!
//! Each side keeps one thread for each direction, whose name both work out ([`thread_of`]), so that the newest profile of a
//! party is found without asking. Only its owner speaks in it.
//!
//! In scope: the rows, applying each message. Out of scope: what a profile says (`comity_accord::profile`), its signature.

use comity_accord::party::PartyName;
use comity_accord::profile::Profile as Text;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::history::{self, Opening, Record};
use crate::message::{Subject, ThreadId};
use crate::table::{OPENER, RELEASER, Refusal, Row, find, markdown, words};
use crate::thread::{Entry, Thread};

const SUBJECT: &str = "profile";

words! {
    /// Where a profile stands.
    State {
        /// It holds.
        Published = "published",
        /// Its date has passed.
        Expired = "expired",
        /// Its party took it back.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// The words of what happens.
    Kind {
        Publish = "publish",
        Withdraw = "withdraw",
    }
}

const ANY: &[State] = &[State::Published, State::Expired, State::Withdrawn];

/// The life of a profile. Its first message is `publish`.
pub const TABLE: &[Row<State, Kind>] = &[
    Row::new(
        &[],
        (Kind::Publish, OPENER, RELEASER),
        Some(State::Published),
        "holds until its date",
    ),
    Row::new(
        ANY,
        (Kind::Publish, OPENER, RELEASER),
        Some(State::Published),
        "a higher version takes the place of the one before",
    ),
    Row::new(
        &[State::Published, State::Expired],
        (Kind::Withdraw, OPENER, RELEASER),
        Some(State::Withdrawn),
        "none holds until another one is published",
    ),
];

/// What happens, with what is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "event",
    content = "content",
    rename_all = "kebab-case",
    deny_unknown_fields
)]
#[expect(
    missing_docs,
    reason = "the fields say what they are; the table says what follows"
)]
pub enum Event {
    /// A profile, byte for byte, and the signed note over its statement.
    Publish { profile: String, note: String },
    /// It holds no more.
    Withdraw { reason: String },
}

/// A profile as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Whose it is, and to whom it was told.
    pub opening: Opening,
    /// What it says.
    pub text: Text,
    /// The signature over it, as a note.
    pub note: String,
    /// Where it stands by its messages alone; [`Profile::state_at`] has what time adds.
    pub state: State,
    /// What was said, step by step.
    pub record: Record<State>,
}

/// The thread of a party's profile as another party has it.
pub fn thread_of(owner: &PartyName, other: &PartyName) -> ThreadId {
    let name = format!("profile\n{owner}\n{other}");
    ThreadId::new(
        Subject::Profile,
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()),
    )
}

/// The table as a page shows it.
pub fn page() -> String {
    markdown(TABLE, ["party", "other party"])
}

impl Profile {
    /// What a thread stands at; none: nothing in it publishes.
    pub fn replay(thread: &Thread) -> Option<Self> {
        history::replay(thread, Self::open, Self::apply, |profile| {
            &mut profile.record
        })
    }

    /// The profile that a first message opens.
    pub fn open(entry: &Entry) -> Result<Self, Refusal> {
        let message = &entry.message;
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        history::opens(TABLE, message, (kind, Kind::Publish))?;
        let Event::Publish { profile, note } = event else {
            return Err(Refusal::content(kind, "a profile begins with publish"));
        };
        let mut opened = Self {
            opening: Opening::of(message.head()),
            text: owned(&profile, &message.head().author)?,
            note,
            state: State::Published,
            record: Record::default(),
        };
        opened.record.step(entry, kind, opened.state);
        Ok(opened)
    }

    /// Takes the next message; what is refused changes nothing.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let (message, head) = (&entry.message, entry.message.head());
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        self.opening.same_exercise(kind, message)?;
        let side = self.opening.side(&head.author);
        let state = self.state_at(message.sent_seconds());
        let row = find(TABLE, SUBJECT, state, (kind, side, head.officer.role))?;
        if let Event::Publish { profile, note } = event {
            let text = owned(&profile, &head.author)?;
            let (out, next) = (self.text.content().version, text.content().version);
            if next <= out {
                let reason =
                    format!("version {out} is out already: raise the version of this one above it");
                return Err(Refusal::content(kind, reason));
            }
            (self.text, self.note) = (text, note);
        }
        self.state = row.to.unwrap_or(self.state);
        self.record.step(entry, kind, self.state);
        Ok(())
    }

    /// Where it stands at a time.
    pub fn state_at(&self, now: i64) -> State {
        match self.state {
            State::Published if self.text.is_expired(now) => State::Expired,
            state @ (State::Published | State::Expired | State::Withdrawn) => state,
        }
    }
}

/// Reads a profile, which must be its author's own.
fn owned(text: &str, author: &PartyName) -> Result<Text, Refusal> {
    let read = Text::parse(text);
    let text = read.map_err(|error| Refusal::content(Kind::Publish, error.to_string()))?;
    if text.content().party != *author {
        let reason = format!(
            "the profile is that of {}, and {author} says it",
            text.content().party
        );
        return Err(Refusal::content(Kind::Publish, reason));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::proof::Proof;
    use crate::script::{DAY, HOUR, Script, party};
    use crate::table::Side;

    const A: Side = Side::Opener;
    const B: Side = Side::Responder;

    fn publish(version: usize, side: Side) -> Value {
        let text = comity_accord::profile::TEMPLATE
            .replace("{party}", party(side).as_str())
            .replace("{domain}", "party.example")
            .replace("{updated}", "2026-10-01T00:00:00Z")
            .replace("{expires}", "2026-10-20T00:00:00Z")
            .replace("version = 1 ", &format!("version = {version} "));
        json!({ "profile": text, "note": "signed" })
    }

    fn content(script: &mut Script, kind: Kind, side: Side) -> Value {
        match kind {
            Kind::Publish => publish(script.entries.len() + 1, side),
            Kind::Withdraw => json!({ "reason": "the team is dissolved" }),
        }
    }

    fn standing(state: State) -> Script {
        let mut script = Script::new(Subject::Profile);
        script.say(A, 0, "publish", publish(1, A));
        if state == State::Withdrawn {
            script.say(A, 60, "withdraw", json!({ "reason": "wrong" }));
        }
        script
    }

    const PROOF: Proof<Profile, State, Kind> = Proof {
        table: TABLE,
        standing,
        moment: |state| {
            if state == State::Expired {
                20 * DAY
            } else {
                HOUR
            }
        },
        content,
        replay: Profile::replay,
        state: Profile::state_at,
        record: |profile| &profile.record,
        both: &[],
    };

    #[test]
    fn every_row_does_what_it_says_and_everything_else_is_refused() {
        // A version that is published when its date has passed is expired at once: the row's state is told by its date.
        for state in [State::Published, State::Withdrawn] {
            let mut script = standing(state);
            script.say(A, HOUR, "publish", publish(2, A));
            let profile = Profile::replay(&script.thread()).unwrap();
            assert_eq!(profile.text.content().version, 2);
            assert_eq!(profile.state, State::Published);
            script.say(B, 2 * HOUR, "publish", publish(3, B));
            let profile = Profile::replay(&script.thread()).unwrap();
            assert!(profile.record.voided[0].reason.contains("other side"));
        }
    }

    #[test]
    fn each_row_needs_its_roles() {
        PROOF.roles();
    }

    #[test]
    fn any_order_of_messages_gives_the_same_profile() {
        PROOF.orders();
    }

    #[test]
    fn versions_rise_and_a_profile_is_its_authors_own() {
        let mut script = standing(State::Published);
        script.say(A, 60, "publish", publish(1, A));
        script.say(A, 120, "publish", publish(2, B));
        let profile = Profile::replay(&script.thread()).unwrap();
        assert!(
            profile.record.voided[0]
                .reason
                .contains("raise the version")
        );
        assert!(profile.record.voided[1].reason.contains("that of bravo"));
        assert_eq!(profile.text.content().version, 1);
    }

    #[test]
    fn it_ends_with_its_date_and_a_newer_one_takes_its_place() {
        let script = standing(State::Published);
        let profile = Profile::replay(&script.thread()).unwrap();
        let ends = profile.text.content().expires.micros() / 1_000_000;
        assert_eq!(profile.state_at(ends), State::Published);
        assert_eq!(profile.state_at(ends + 1), State::Expired);
    }

    #[test]
    fn each_direction_has_one_name() {
        let (one, two) = (party(A), party(B));
        assert_eq!(thread_of(&one, &two), thread_of(&one, &two));
        assert_ne!(thread_of(&one, &two), thread_of(&two, &one));
    }
}
