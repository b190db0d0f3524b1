//! A letter before the release rules: its objects one by one, and its words with the files as one thing.
//!
//! Words are judged in the form of a message between parties, so that what an accord says of those holds for them too; a text file is
//! judged with them, and of any other file its name and its label. What an accord would cut out of words is refused: a letter goes as it was
//! written.
//!
//! In scope: the decisions and their record. Out of scope: the rules (`comity-release`).

use comity_accord::terms::Outlet;
use comity_case::message::MESSAGE_TYPE;
use comity_mail::compose::Enclosure;
use comity_release::handling::Definitions;
use comity_release::judge::{Decision, Verdict, judge};
use comity_release::recipient::{Recipient, Way};
use comity_release::redaction::Terms;
use comity_release::subject::{End, Subject};
use comity_stix::id::ObjectId;
use comity_stix::marking::{Tlp, definition_id};
use comity_stix::timestamp::Timestamp;
use comity_store::error::StoreError;
use comity_store::state::Tx;
use comity_store::state::release::{self, DecisionRow};
use serde_json::json;

use super::{LetterOrder, bundle};
use crate::clock::new_uuid;
use crate::exchange::ExchangeError;
use crate::exchange::enrolment::moment;
use crate::exchange::judging::Going;
use crate::exchange::share::ShareLine;
use crate::exchange::subject::LookUp;
use crate::mail::MailError;
use crate::mail::out::OutError;
use crate::node::Node;

/// Of files that are text so much is judged with the words, in bytes.
const TEXT_BYTES_MAX: usize = 512 * 1024;

/// What was decided of a letter.
pub(super) struct Judged {
    /// The label under which it goes.
    pub(super) label: Tlp,
    /// Whether it goes encrypted.
    pub(super) encrypts: bool,
    words: (ShareLine, String),
    objects: Vec<Going>,
}

impl Judged {
    /// Whether all of it goes.
    pub(super) fn goes(&self) -> bool {
        self.words.0.verdict == "released" && self.objects.iter().all(|one| one.text.is_some())
    }

    /// Whether all of it would go, had a second person looked at it.
    pub(super) fn waits(&self) -> bool {
        !self.goes() && self.stays().all(|line| line.verdict == "waiting")
    }

    /// Why it does not go: what was said of the first part that may not.
    pub(super) fn reason(&self) -> String {
        let mut reasons = self.stays().map(|line| line.reason.as_str());
        let reason = reasons.find(|reason| !reason.is_empty());
        reason.unwrap_or_default().to_owned()
    }

    /// The parts that do not go by themselves.
    fn stays(&self) -> impl Iterator<Item = &ShareLine> {
        let words = (self.words.0.verdict != "released").then_some(&self.words.0);
        let objects = self.objects.iter().filter(|one| one.text.is_none());
        words.into_iter().chain(objects.map(|one| &one.line))
    }

    /// One line for the words and one an object.
    pub(super) fn lines(&self) -> Vec<ShareLine> {
        let objects = self.objects.iter().map(|one| one.line.clone());
        std::iter::once(self.words.0.clone())
            .chain(objects)
            .collect()
    }

    /// What is enclosed of objects.
    pub(super) fn bundle(&self) -> Option<Enclosure> {
        let texts: Vec<&str> = self
            .objects
            .iter()
            .filter_map(|one| one.text.as_deref())
            .collect();
        (!texts.is_empty()).then(|| bundle(&texts))
    }

    /// Records each decision. Where not all of it goes, nothing does.
    pub(super) fn record(&self, tx: &mut dyn Tx, party: &str, now: i64) -> Result<(), StoreError> {
        let all = self.goes();
        let words = (&self.words.0, self.words.1.as_str());
        let objects = self
            .objects
            .iter()
            .map(|one| (&one.line, one.version.as_str()));
        for (line, version) in std::iter::once(words).chain(objects) {
            let withheld = "withheld, as another part of the letter was refused".to_owned();
            let goes = matches!(line.verdict.as_str(), "released" | "redacted");
            let (verdict, reason) = if all || !goes {
                (line.verdict.clone(), line.reason.clone())
            } else {
                ("refused".to_owned(), withheld)
            };
            let row = DecisionRow {
                object: line.object.clone(),
                version: version.to_owned(),
                party: party.to_owned(),
                outlet: "mail".to_owned(),
                verdict,
                rule: line.rule.clone(),
                label: line.label.clone(),
                released: line.released.clone().filter(|_| all),
                reason,
                decided: now,
                ..DecisionRow::default()
            };
            release::decide(tx, &row)?;
        }
        Ok(())
    }
}

impl Node {
    /// Judges a letter.
    pub(super) fn judge_letter(
        &self,
        order: &LetterOrder,
        party: &str,
        attached: &[Enclosure],
    ) -> Result<Judged, MailError> {
        let acting = &order.acting;
        let (recipient, terms) = self.recipient(party, acting.person.as_deref())?;
        let encrypts = self.inner.state.read(|tx| self.would_encrypt(tx, party))?;
        let way = Way {
            approved: acting.approved(),
            encrypted: encrypts,
            ..Way::by(Outlet::Mail)
        };
        let objects = self.judge_objects(&order.objects, (&recipient, &terms), &way)?;
        let named = order
            .label
            .as_deref()
            .map(|word| Tlp::parse(word).ok_or_else(|| OutError::Label(word.to_owned())));
        let own = named.transpose()?.unwrap_or(terms.agreed().unlabelled);
        // A letter is as strict as the strictest thing in it.
        let label = objects.iter().map(|one| one.label).fold(own, Tlp::max);
        let words = self.judge_words(order, (label, attached), (&recipient, &terms), &way)?;
        Ok(Judged {
            label,
            encrypts,
            words,
            objects,
        })
    }

    fn judge_objects(
        &self,
        ids: &[String],
        to: (&Recipient, &Terms),
        way: &Way,
    ) -> Result<Vec<Going>, MailError> {
        let holdings = self.holdings()?;
        let mut look_up = LookUp::new(self, &holdings);
        let mut all = Vec::with_capacity(ids.len());
        for text in ids {
            let id = ObjectId::parse(text).map_err(|_| ExchangeError::BadId(text.clone()))?;
            let gathered = self.gather(&holdings, &id)?;
            all.push(self.judge_one(&mut look_up, &gathered, to, way)?);
        }
        Ok(all)
    }

    /// The line of the words, and the version under which it is recorded.
    fn judge_words(
        &self,
        order: &LetterOrder,
        (label, attached): (Tlp, &[Enclosure]),
        (recipient, terms): (&Recipient, &Terms),
        way: &Way,
    ) -> Result<(ShareLine, String), MailError> {
        let now = self.clock().now();
        let written = Timestamp::from_micros(now).map_or_else(String::new, Timestamp::to_stix);
        let id = format!("{MESSAGE_TYPE}--{}", new_uuid().hyphenated());
        let files: Vec<_> = attached
            .iter()
            .map(|one| json!({ "name": one.name, "text": text_of(one) }))
            .collect();
        let text = json!({
            "type": MESSAGE_TYPE, "spec_version": "2.1", "id": id, "created": written, "modified": written,
            "object_marking_refs": [definition_id(label).to_string()],
            "content": { "subject": order.subject, "text": order.text, "files": files },
        })
        .to_string();
        let definitions = Definitions::new();
        let subject = Subject::read(&text, &definitions)
            .map_err(|error| ExchangeError::Refused(error.to_string()))?
            .with_ends(|_| End::Unknown);
        let decision = judge(&subject, recipient, terms, way, moment(now)?);
        Ok((line(&id, &decision), written))
    }
}

/// The text of a file that is one.
fn text_of(file: &Enclosure) -> Option<&str> {
    let some = file.bytes.get(..TEXT_BYTES_MAX).unwrap_or(&file.bytes);
    match std::str::from_utf8(some) {
        Ok(text) => Some(text),
        // A letter that was cut in two is no reason to look at nothing.
        Err(error) => {
            let whole = some.get(..error.valid_up_to()).unwrap_or_default();
            let cut = error.error_len().is_none();
            std::str::from_utf8(whole).ok().filter(|_| cut)
        }
    }
}

fn line(id: &str, decision: &Decision) -> ShareLine {
    let (verdict, reason, cuts) = match &decision.verdict {
        Verdict::Release => ("released", String::new(), Vec::new()),
        Verdict::Redact(copy) => {
            let cuts = copy.cuts().iter().map(|cut| cut.selector.clone()).collect();
            let reason = "the accord's terms would cut something out of these words, and a letter goes whole or not at all: word it \
                          without";
            ("refused", reason.to_owned(), cuts)
        }
        Verdict::NeedsApproval { .. } => {
            let reason = "the accord wants a second person to look at it: name another officer with --second";
            ("waiting", reason.to_owned(), Vec::new())
        }
        Verdict::Refuse { reason, .. } => ("refused", reason.clone(), Vec::new()),
    };
    ShareLine {
        object: id.to_owned(),
        verdict: verdict.to_owned(),
        rule: decision.rule().step().code.to_owned(),
        label: decision.label.label.to_string(),
        reason,
        released: (verdict == "released").then(|| id.to_owned()),
        cuts,
        copy: None,
    }
}
