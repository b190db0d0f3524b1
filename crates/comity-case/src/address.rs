//! A designated address: given to the other party for a time, proven, promoted to a permanent one by both, revoked.
//!
//! The owner gives a temporary address. It becomes permanent in three steps: the other party answers a number with its
//! registered key, two persons of the owner promote it, and the other party confirms. Promotion and confirmation sign one
//! statement (`statement`), so that the entry stands in both ledgers with both signatures. What is replaced stays as an alias
//! for [`ALIAS_SECONDS`].
//!
//! In scope: the rows, applying each message. Out of scope: what makes an address valid (`comity-mail`), signatures
//! (`statement`), taking mail (`comity-node`).

pub mod statement;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::history::{self, Due, Opening, Record, ahead};
use crate::message::Head;
use crate::table::{
    ANYONE, DUTY, EITHER, OPENER, PERSON, RELEASER, RESPONDER, Refusal, Row, Side, find, markdown,
    words,
};
use crate::thread::{Entry, Thread};

const SUBJECT: &str = "address";
const NONCE_DIGITS: usize = 32;
/// How long a replaced address is still taken: 30 days.
pub const ALIAS_SECONDS: i64 = 30 * 86_400;
/// How long the other party has to confirm a promotion before it counts as owed: 14 days.
pub const CONFIRM_SECONDS: i64 = 14 * 86_400;
/// The longest address: RFC 5321 section 4.5.3.1.3, without the angle brackets.
pub const ADDRESS_BYTES_MAX: usize = 254;

words! {
    /// Where a designated address stands.
    State {
        /// It holds until its date.
        Temporary = "temporary",
        /// A number is out that the other party answers with its registered key.
        Challenged = "challenged",
        /// The number came back, signed.
        Answered = "answered",
        /// The owner promotes it; the other party has not confirmed.
        Proposed = "proposed",
        /// It holds for good.
        Permanent = "permanent",
        /// Its date has passed.
        Expired = "expired",
        /// Nothing is taken any more.
        Revoked = "revoked",
    }
}

words! {
    /// The words of what happens.
    Kind {
        Give = "give",
        Challenge = "challenge",
        Answer = "answer",
        Heard = "heard",
        Promote = "promote",
        Confirm = "confirm",
        Decline = "decline",
        Renew = "renew",
        Revoke = "revoke",
        Dispute = "dispute",
        Settle = "settle",
    }
}

const TRIED: &[State] = &[State::Temporary, State::Challenged, State::Answered];
const ENDING: &[State] = &[
    State::Temporary,
    State::Challenged,
    State::Answered,
    State::Proposed,
    State::Expired,
];
const STANDING: &[State] = &[
    State::Temporary,
    State::Challenged,
    State::Answered,
    State::Proposed,
    State::Permanent,
    State::Expired,
];
const ANY: &[State] = &[
    State::Temporary,
    State::Challenged,
    State::Answered,
    State::Proposed,
    State::Permanent,
    State::Expired,
    State::Revoked,
];

/// The life of a designated address. Its first message is `give`, which only opens it.
pub const TABLE: &[Row<State, Kind>] = &[
    Row::new(
        &[],
        (Kind::Give, OPENER, DUTY),
        Some(State::Temporary),
        "mail to it is taken until its date",
    ),
    Row::new(
        TRIED,
        (Kind::Challenge, OPENER, DUTY),
        Some(State::Challenged),
        "a number that the other party answers with its registered key by the named time",
    ),
    Row::new(
        &[State::Challenged],
        (Kind::Answer, RESPONDER, PERSON),
        Some(State::Answered),
        "repeats the number in a statement that the key of its card signs",
    ),
    Row::new(
        &[State::Challenged],
        (Kind::Heard, OPENER, ANYONE),
        Some(State::Answered),
        "the answer came another way, signed with the registered key: by mail or in a file",
    ),
    Row::new(
        &[State::Answered],
        (Kind::Promote, OPENER, RELEASER),
        Some(State::Proposed),
        "needs a second person; names the permanent address, to which mail is not taken yet",
    ),
    Row::new(
        &[State::Proposed],
        (Kind::Confirm, RESPONDER, DUTY),
        Some(State::Permanent),
        "signs the same statement; the temporary one is an alias for thirty days",
    ),
    Row::new(
        &[State::Proposed],
        (Kind::Decline, RESPONDER, DUTY),
        Some(State::Answered),
        "the temporary one stays what it is",
    ),
    Row::new(
        ENDING,
        (Kind::Renew, OPENER, DUTY),
        Some(State::Temporary),
        "a new temporary address; the one before is an alias for thirty days if its date has not passed",
    ),
    Row::new(
        STANDING,
        (Kind::Revoke, OPENER, DUTY),
        Some(State::Revoked),
        "mail to it and to its aliases is refused at once",
    ),
    Row::new(
        ANY,
        (Kind::Dispute, EITHER, PERSON),
        None,
        "the named message is disputed",
    ),
    Row::new(
        ANY,
        (Kind::Settle, EITHER, PERSON),
        None,
        "takes the own dispute back",
    ),
];

/// A way by which an answer came that is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// By mail, signed with the registered `OpenPGP` key.
    Mail,
    /// In a file, signed with the key of the card.
    File,
}

/// What happens, with what is said. Times are STIX timestamps.
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
    /// An address, what it is for, until when, how many mails it takes, and the thread that it is about.
    Give {
        address: String,
        purpose: String,
        expires: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uses: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<String>,
        #[serde(default)]
        remark: String,
    },
    /// A number drawn at random, to be answered by a time.
    Challenge { nonce: String, due: String },
    /// The number, and the signed note over its statement.
    Answer { nonce: String, note: String },
    /// How the answer came, and the SHA-256 of what came.
    Heard {
        nonce: String,
        way: Way,
        sha256: String,
    },
    /// The permanent address, and the owner's note over the statement of promotion.
    Promote { address: String, note: String },
    /// The other party's note over the same statement.
    Confirm { note: String },
    /// Not confirmed.
    Decline { reason: String },
    /// Another temporary address.
    Renew {
        address: String,
        expires: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uses: Option<u32>,
    },
    /// No more mail.
    Revoke { reason: String },
    /// A message that is disputed.
    Dispute { message: String, text: String },
    /// A dispute taken back.
    Settle { message: String, text: String },
}

/// An address that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The address.
    pub address: String,
    /// Until when mail to it is taken, seconds since 1970.
    pub until: i64,
}

/// A number that is out, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The number.
    pub nonce: String,
    /// By when it is to be answered, seconds since 1970.
    pub due: i64,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// When, seconds since 1970.
    pub at: i64,
    /// Who said it.
    pub officer: String,
    /// The signed note; none where it came another way.
    pub note: Option<String>,
}

/// A promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// The permanent address.
    pub address: String,
    /// When, seconds since 1970.
    pub at: i64,
    /// The two persons who promoted it.
    pub persons: [String; 2],
    /// The owner's note.
    pub note: String,
    /// When the other party confirmed, who, and its note.
    pub confirmed: Option<(i64, String, String)>,
}

/// A designated address as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whose it is, and to whom it was given.
    pub opening: Opening,
    /// What it is for, by its word.
    pub purpose: String,
    /// The thread that it is about.
    pub about: Option<String>,
    /// A remark for the other party.
    pub remark: String,
    /// The address in force.
    pub address: String,
    /// Until when, seconds since 1970; none: for good.
    pub expires: Option<i64>,
    /// How many mails it takes; none: any number.
    pub uses: Option<u32>,
    /// Those that it replaced, the oldest first.
    pub aliases: Vec<Alias>,
    /// The newest number that was to be answered.
    pub challenge: Option<Challenge>,
    /// The answer to it.
    pub answer: Option<Answer>,
    /// The newest promotion.
    pub promotion: Option<Promotion>,
    /// When it was revoked, and why.
    pub revoked: Option<(i64, String)>,
    /// Where it stands by its messages alone; [`Address::state_at`] has what time adds.
    pub state: State,
    /// What was said, step by step.
    pub record: Record<State>,
}

/// The table as a page shows it.
pub fn page() -> String {
    markdown(TABLE, ["owner", "other party"])
}

impl Address {
    /// What a thread stands at; none: nothing in it gives an address.
    pub fn replay(thread: &Thread) -> Option<Self> {
        history::replay(thread, Self::open, Self::apply, |address| {
            &mut address.record
        })
    }

    /// The address that a first message gives.
    pub fn open(entry: &Entry) -> Result<Self, Refusal> {
        let message = &entry.message;
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        history::opens(TABLE, message, (kind, Kind::Give))?;
        let Event::Give {
            address,
            purpose,
            expires,
            uses,
            about,
            remark,
        } = event
        else {
            return Err(Refusal::content(kind, "an address begins with give"));
        };
        formed(kind, &address)?;
        let mut opened = Self {
            opening: Opening::of(message.head()),
            purpose,
            about,
            remark,
            address,
            expires: Some(ahead(kind, &expires, message.sent_seconds())?),
            uses,
            aliases: Vec::new(),
            challenge: None,
            answer: None,
            promotion: None,
            revoked: None,
            state: State::Temporary,
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
        let (at, side) = (message.sent_seconds(), self.opening.side(&head.author));
        let row = find(
            TABLE,
            SUBJECT,
            self.state_at(at),
            (kind, side, head.officer.role),
        )?;
        match event {
            Event::Give { .. } => {
                let reason = "an address is given once; renew it, or give another one";
                return Err(Refusal::content(kind, reason));
            }
            Event::Challenge { nonce, due } => {
                numbered(kind, &nonce)?;
                let due = ahead(kind, &due, at)?;
                (self.challenge, self.answer) = (Some(Challenge { nonce, due }), None);
            }
            Event::Answer { nonce, note } => self.answered(kind, (head, at), &nonce, Some(note))?,
            Event::Heard { nonce, .. } => self.answered(kind, (head, at), &nonce, None)?,
            Event::Promote { address, note } => self.promote(kind, (head, at), address, note)?,
            Event::Confirm { note } => self.confirm(kind, entry, note)?,
            Event::Decline { .. } => self.promotion = None,
            Event::Renew {
                address,
                expires,
                uses,
            } => {
                self.unused(kind, &address)?;
                let expires = ahead(kind, &expires, at)?;
                self.replace(address, Some(expires), entry.at());
                self.uses = uses;
                (self.challenge, self.answer, self.promotion) = (None, None, None);
            }
            Event::Revoke { reason } => self.revoked = Some((at, reason)),
            Event::Dispute { message, .. } => self.record.dispute(kind, &head.author, &message)?,
            Event::Settle { message, .. } => self.record.settle(kind, &head.author, &message)?,
        }
        self.state = row.to.unwrap_or(self.state);
        self.record.step(entry, kind, self.state);
        Ok(())
    }

    /// Where it stands at a time.
    pub fn state_at(&self, now: i64) -> State {
        match self.state {
            State::Temporary | State::Challenged | State::Answered | State::Proposed
                if self.expires.is_some_and(|until| until < now) =>
            {
                State::Expired
            }
            state @ (State::Temporary
            | State::Challenged
            | State::Answered
            | State::Proposed
            | State::Permanent
            | State::Expired
            | State::Revoked) => state,
        }
    }

    /// Those that it replaced and that are still taken at a time.
    pub fn aliases_at(&self, now: i64) -> impl Iterator<Item = &Alias> {
        let stands = self.state != State::Revoked;
        self.aliases
            .iter()
            .filter(move |alias| stands && alias.until >= now)
    }

    /// What is owed.
    pub fn dues(&self) -> Vec<Due> {
        let by = Side::Responder;
        let owed = match (self.state, &self.challenge, &self.promotion) {
            (State::Challenged, Some(challenge), _) => Some(Due {
                at: challenge.due,
                by,
                what: "answer",
            }),
            (State::Proposed, _, Some(promotion)) => Some(Due {
                at: promotion.at + CONFIRM_SECONDS,
                by,
                what: "confirm",
            }),
            (
                State::Temporary
                | State::Challenged
                | State::Answered
                | State::Proposed
                | State::Permanent
                | State::Expired
                | State::Revoked,
                _,
                _,
            ) => None,
        };
        owed.into_iter().collect()
    }

    fn answered(
        &mut self,
        kind: Kind,
        (head, at): (&Head, i64),
        nonce: &str,
        note: Option<String>,
    ) -> Result<(), Refusal> {
        let asked = self.challenge.as_ref();
        if asked.is_none_or(|asked| asked.nonce != nonce) {
            let reason = "the answer must repeat the newest number";
            return Err(Refusal::content(kind, reason));
        }
        if asked.is_some_and(|asked| asked.due < at) {
            let reason = "the time for the answer has passed; another number is to be sent";
            return Err(Refusal::content(kind, reason));
        }
        self.answer = Some(Answer {
            at,
            officer: head.officer.name.clone(),
            note,
        });
        Ok(())
    }

    fn promote(
        &mut self,
        kind: Kind,
        (head, at): (&Head, i64),
        address: String,
        note: String,
    ) -> Result<(), Refusal> {
        let second = head.officer.other_person();
        let second = second.ok_or(Refusal::SecondPerson {
            event: "promote",
            reason: "a permanent address is for good",
        })?;
        self.unused(kind, &address)?;
        self.promotion = Some(Promotion {
            address,
            at,
            persons: [head.officer.name.clone(), second.to_owned()],
            note,
            confirmed: None,
        });
        Ok(())
    }

    fn confirm(&mut self, kind: Kind, entry: &Entry, note: String) -> Result<(), Refusal> {
        let officer = entry.message.head().officer.name.clone();
        let Some(mut promotion) = self.promotion.take() else {
            return Err(Refusal::content(kind, "no promotion is open"));
        };
        promotion.confirmed = Some((entry.message.sent_seconds(), officer, note));
        // By the owner's clock, which the other side learns from the receipt: nobody dates an alias longer.
        self.replace(promotion.address.clone(), None, entry.at());
        self.promotion = Some(promotion);
        self.uses = None;
        Ok(())
    }

    /// Another address takes the place of the one in force, which is an alias from now on. Who renews an address that ended
    /// brings it not back.
    fn replace(&mut self, address: String, expires: Option<i64>, at: i64) {
        let before = std::mem::replace(&mut self.address, address);
        let ended = self.expires.is_some_and(|until| until < at);
        if !ended {
            self.aliases.push(Alias {
                address: before,
                until: at + ALIAS_SECONDS,
            });
        }
        self.expires = expires;
    }

    /// An address that this thread has not named before.
    fn unused(&self, kind: Kind, address: &str) -> Result<(), Refusal> {
        formed(kind, address)?;
        let aliases = self.aliases.iter().map(|alias| alias.address.as_str());
        if aliases
            .chain([self.address.as_str()])
            .any(|used| used == address)
        {
            return Err(Refusal::content(kind, "an address is never given twice"));
        }
        Ok(())
    }
}

/// An address in printable ASCII with one `@`.
fn formed(kind: Kind, address: &str) -> Result<(), Refusal> {
    let printable = address
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"<>()[],;:\\\"".contains(&byte));
    let parts = address
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let one = address.matches('@').count() == 1;
    if printable && parts && one && address.len() <= ADDRESS_BYTES_MAX {
        return Ok(());
    }
    Err(Refusal::content(
        kind,
        "address must be a mail address of at most 254 printable characters",
    ))
}

fn numbered(kind: Kind, nonce: &str) -> Result<(), Refusal> {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if nonce.len() == NONCE_DIGITS && nonce.bytes().all(digit) {
        return Ok(());
    }
    let reason = "nonce must be 32 lower-case hexadecimal digits, drawn at random";
    Err(Refusal::content(kind, reason))
}
