//! A person's letter to a party: words, files, and objects in one bundle; and envelopes of the node link as files in a mail.
//!
//! Whatever leaves passes `comity-release`: each object by itself, as in any release, and the words with their files as one thing that goes
//! whole or not at all. If anything is refused, nothing is sent, and each is told with the rule that decided.
//!
//! In scope: judging, whom it goes to, putting it together. Out of scope: writing the mail (`out`), the way out.
//! Limits: `ATTACHED_BYTES_MAX` for what one mail carries.

mod address;
mod judged;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use comity_link::file::{EXTENSION, cut, read};
use comity_mail::compose::Enclosure;
use comity_stix::marking::Tlp;
use comity_store::error::StoreError;
use comity_store::state::{mail_out, thread as threads};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::judged::Judged;
use super::out::{ATTACHED_BYTES_MAX, OutError, Parcel, ParcelKind};
use crate::case::CaseError;
use crate::case::threads::Acting;
use crate::clock::new_uuid;
use crate::contact::profile_name;
use crate::mail::MailError;
use crate::node::Node;

/// STIX 2.1 section 1.7 names its media type so.
const BUNDLE_TYPE: &str = "application/stix+json";

/// A letter to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LetterOrder {
    /// To which party.
    pub party: String,
    /// To this address; none: the one that the party gave.
    pub to: Option<String>,
    /// To its point of contact in this role.
    pub contact: Option<String>,
    /// Its subject, without label.
    pub subject: String,
    /// Its words.
    pub text: String,
    /// Files to be enclosed, by their paths.
    pub attachments: Vec<PathBuf>,
    /// Objects to be enclosed, by their ids.
    pub objects: Vec<String>,
    /// The thread that it is about.
    pub thread: Option<String>,
    /// Its label; none: what objects without one count as. It rises to that of the objects.
    pub label: Option<String>,
    /// Who sends it.
    pub acting: Acting,
    /// Only say what would happen: nothing is recorded or sent.
    #[serde(default)]
    pub dry_run: bool,
}

/// A letter without files of the node: what a page or a program gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LetterNote {
    /// To which party.
    pub party: String,
    /// To this address; none: the one that the party gave.
    pub to: Option<String>,
    /// To its point of contact in this role.
    pub contact: Option<String>,
    /// Its subject, without label.
    pub subject: String,
    /// Its words.
    pub text: String,
    /// Objects to be enclosed, by their ids.
    pub objects: Vec<String>,
    /// The thread that it is about.
    pub thread: Option<String>,
    /// Its label; none: what objects without one count as. It rises to that of the objects.
    pub label: Option<String>,
    /// Only say what would happen: nothing is recorded or sent.
    pub dry_run: bool,
    /// Who sends it.
    pub acting: Acting,
}

impl From<LetterNote> for LetterOrder {
    fn from(note: LetterNote) -> Self {
        Self {
            party: note.party,
            to: note.to,
            contact: note.contact,
            subject: note.subject,
            text: note.text,
            attachments: Vec::new(),
            objects: note.objects,
            thread: note.thread,
            label: note.label,
            acting: note.acting,
            dry_run: note.dry_run,
        }
    }
}

/// How a mail ended that was written and not kept.
enum Tried {
    /// It would go, protected so.
    Goes(String),
    /// It would not.
    Fails(MailError),
}

impl From<StoreError> for Tried {
    fn from(error: StoreError) -> Self {
        Self::Fails(error.into())
    }
}

impl Node {
    /// Sends a letter that can wait for a second person: what was refused for want of one, or after one said yes, is an error.
    pub(crate) fn write_letter(&self, note: LetterNote) -> Result<Value, MailError> {
        let order = LetterOrder::from(note);
        self.sent_letter(&order, |judged| {
            if judged.waits() {
                return Err(OutError::SecondPerson(judged.label));
            }
            match order.acting.second {
                Some(_) => Err(OutError::Stays(judged.reason())),
                None => Ok(()),
            }
        })
    }

    /// Sends a letter, or says for each thing in it why it does not go: then `mail` is null and nothing is sent.
    pub(crate) fn send_letter(&self, order: &LetterOrder) -> Result<Value, MailError> {
        self.sent_letter(order, |_| Ok(()))
    }

    /// The same, where `stays` says what becomes of one that does not go.
    fn sent_letter(
        &self,
        order: &LetterOrder,
        stays: impl FnOnce(&Judged) -> Result<(), OutError>,
    ) -> Result<Value, MailError> {
        let party =
            profile_name(&order.party).map_err(|error| MailError::Contact(Box::new(error)))?;
        let party = party.as_str();
        let person = order.acting.person.as_deref();
        let (to, known_by) = self.letter_address(order, party)?;
        self.may_go_to(&to)?;
        let thread = self.thread_with(order.thread.as_deref(), party)?;
        let attached = attached(&order.attachments)?;
        let judged = self.judge_letter(order, party, &attached)?;
        if judged.label == Tlp::Red && person.is_some_and(|one| !one.eq_ignore_ascii_case(&to)) {
            return Err(OutError::OtherPerson(person.unwrap_or_default().to_owned()).into());
        }
        if !judged.goes() {
            if !order.dry_run {
                self.inner
                    .state
                    .write(|tx| judged.record(tx, party, self.clock().now()))?;
                stays(&judged)?;
            }
            return Ok(document(&judged, (&to, known_by), (None, None)));
        }
        let mut enclosures: Vec<Enclosure> = judged.bundle().into_iter().collect();
        enclosures.extend(attached);
        if enclosures.iter().map(|one| one.bytes.len()).sum::<usize>() > ATTACHED_BYTES_MAX {
            return Err(OutError::TooMuch.into());
        }
        let parcel = Parcel {
            party: Some(party.to_owned()),
            to: to.clone(),
            kind: ParcelKind::Letter,
            thread,
            reference: String::new(),
            answers: None,
            subject: order.subject.clone(),
            tlp: Some(judged.label),
            text: order.text.clone(),
            enclosures,
            null_sender: false,
            auto_submitted: None,
        };
        if order.dry_run {
            let protection = self.tried(&parcel, &order.acting.officer)?;
            return Ok(document(
                &judged,
                (&to, known_by),
                (None, Some(&protection)),
            ));
        }
        let id = self.inner.state.write(|tx| {
            if self.would_encrypt(tx, party)? != judged.encrypts {
                return Err(OutError::Meanwhile(party.to_owned()).into());
            }
            judged.record(tx, party, self.clock().now())?;
            self.post_by(tx, &parcel, &order.acting.officer)
        })?;
        self.due().tell();
        tracing::info!(mail = %id, party, label = %judged.label, "letter written");
        Ok(document(&judged, (&to, known_by), (Some(&id), None)))
    }

    /// Writes a mail as it would go, keeps nothing of it, and says how it would be protected.
    fn tried(&self, parcel: &Parcel, officer: &str) -> Result<String, MailError> {
        let tried = self.inner.state.write(|tx| {
            let id = self.post_by(tx, parcel, officer).map_err(Tried::Fails)?;
            let row = mail_out::beginning(tx, &id)?.into_iter().next();
            // As an error it is rolled back with all that belongs to it.
            Err::<(), _>(Tried::Goes(
                row.map_or_else(String::new, |row| row.protection),
            ))
        });
        match tried {
            Err(Tried::Goes(protection)) => Ok(protection),
            Err(Tried::Fails(error)) => Err(error),
            Ok(()) => Ok(String::new()),
        }
    }

    /// Sends what waits for a party in the outbox of the node link, as files in mails. Answers their numbers.
    pub(crate) fn send_envelopes(
        &self,
        party: &str,
        to: Option<String>,
        officer: &str,
    ) -> Result<Value, MailError> {
        let party = profile_name(party).map_err(|error| MailError::Contact(Box::new(error)))?;
        let party = party.as_str();
        let (to, known_by) = self.envelope_address(to, party)?;
        self.may_go_to(&to)?;
        let mut mails: Vec<Vec<Enclosure>> = Vec::new();
        for batch in self.carry(party)? {
            for part in cut(&batch) {
                let one = carried(party, part);
                let fits = |mail: &Vec<Enclosure>| {
                    let held: usize = mail.iter().map(|one| one.bytes.len()).sum();
                    held + one.bytes.len() <= ATTACHED_BYTES_MAX
                };
                match mails.last_mut() {
                    Some(mail) if fits(mail) => mail.push(one),
                    _ => mails.push(vec![one]),
                }
            }
        }
        if mails.is_empty() {
            return Err(OutError::Nothing(party.to_owned()).into());
        }
        let many = mails.len();
        let ids = self.inner.state.write(|tx| {
            let mut ids = Vec::new();
            for (place, enclosures) in (1..).zip(&mails) {
                let parcel = self.of_envelopes(party, &to, (place, many), enclosures);
                ids.push(self.post_by(tx, &parcel, officer)?);
            }
            Ok::<_, MailError>(ids)
        })?;
        self.due().tell();
        Ok(json!({ "mails": ids, "to": to, "address_from": known_by }))
    }

    fn of_envelopes(
        &self,
        party: &str,
        to: &str,
        (place, many): (usize, usize),
        enclosures: &[Enclosure],
    ) -> Parcel {
        let own = &self.identity().party;
        Parcel {
            party: Some(party.to_owned()),
            to: to.to_owned(),
            kind: ParcelKind::Envelopes,
            thread: None,
            reference: String::new(),
            answers: None,
            subject: format!("Envelopes of {own}, mail {place} of {many}"),
            // Sealed for the party's node, which alone learns what is in them, labels too.
            tlp: None,
            text: format!(
                "Enclosed are sealed envelopes of the node of {own} for the node of {party}. A node that takes this mail takes them in; \
                 otherwise save the files and import them there: comity import FILE...\n"
            ),
            enclosures: enclosures.to_vec(),
            null_sender: false,
            auto_submitted: None,
        }
    }

    /// The thread of a name, which must be with the party.
    fn thread_with(&self, name: Option<&str>, party: &str) -> Result<Option<String>, MailError> {
        let Some(name) = name else {
            return Ok(None);
        };
        let wrap = |error: CaseError| MailError::from(crate::address::AddressError::from(error));
        let id = self.thread_named(name).map_err(wrap)?;
        let row = self.inner.state.read(|tx| threads::find(tx, &id))?;
        match row {
            Some(row) if row.party != party => Err(OutError::OtherThread {
                thread: id,
                party: row.party,
            }
            .into()),
            Some(_) | None => Ok(Some(id)),
        }
    }
}

/// A part of a batch as a file in a mail.
fn carried(party: &str, part: Vec<u8>) -> Enclosure {
    let name = match read(&part) {
        Ok(read) => {
            let whole = comity_link::header::EnvelopeId(read.whole).to_string();
            let whole: String = whole.chars().take(12).collect();
            format!(
                "to-{party}-{whole}-{}-of-{}.{EXTENSION}",
                read.number, read.of
            )
        }
        Err(_) => format!("to-{party}.{EXTENSION}"),
    };
    Enclosure {
        media_type: "application/octet-stream".to_owned(),
        name,
        bytes: part,
    }
}

/// Reads files, all of them within what one mail carries.
fn attached(paths: &[PathBuf]) -> Result<Vec<Enclosure>, MailError> {
    let mut left = ATTACHED_BYTES_MAX;
    let mut all = Vec::new();
    for path in paths {
        let failed = |source| MailError::File {
            action: "read",
            path: path.clone(),
            source,
        };
        let mut bytes = Vec::new();
        let most = u64::try_from(left).unwrap_or(u64::MAX).saturating_add(1);
        let file = File::open(path).map_err(failed)?;
        file.take(most).read_to_end(&mut bytes).map_err(failed)?;
        left = left.checked_sub(bytes.len()).ok_or(OutError::TooMuch)?;
        let name = path.file_name().unwrap_or_default();
        all.push(Enclosure {
            media_type: media_type(path).to_owned(),
            name: name.to_string_lossy().into_owned(),
            bytes,
        });
    }
    Ok(all)
}

/// By the end of the name. What is not known says nothing of itself.
fn media_type(path: &Path) -> &'static str {
    let end = path.extension().unwrap_or_default().to_ascii_lowercase();
    match end.to_string_lossy().as_ref() {
        "txt" | "log" | "md" => "text/plain",
        "csv" => "text/csv",
        "json" => "application/json",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

fn document(
    judged: &Judged,
    (to, known_by): (&str, &str),
    (mail, protection): (Option<&str>, Option<&str>),
) -> Value {
    json!({
        "mail": mail, "to": to, "address_from": known_by, "label": judged.label.to_string(),
        "encrypted": judged.encrypts, "protection": protection, "goes": judged.goes(), "waits": judged.waits(),
        "lines": judged.lines(),
    })
}

/// The objects as a bundle.
fn bundle(texts: &[&str]) -> Enclosure {
    let id = new_uuid();
    let objects = texts.join(",");
    Enclosure {
        media_type: BUNDLE_TYPE.to_owned(),
        name: "bundle.json".to_owned(),
        // The texts as they are kept: nothing is written anew.
        bytes: format!("{{\"type\":\"bundle\",\"id\":\"bundle--{id}\",\"objects\":[{objects}]}}")
            .into_bytes(),
    }
}
