//! Notes of a call: sealed, kept at home, and shown once both are sealed.
//!
//! A note leaves this node in one way only, as the message that shows it, and the machine refuses that message before both
//! seals are there. What is kept lies in the state of this node and is in no answer to the other side.
//!
//! In scope: sealing, keeping, showing. Out of scope: what the seal is made of (`comity_case::call::seal`).
//! Limits: [`NOTE_BYTES_MAX`], [`REVEALED_MAX`].

use comity_accord::digest::Digest;
use comity_case::call::event::State;
use comity_case::call::seal;
use comity_case::message::Subject;
use comity_case::table::Word as _;
use comity_store::state::thread as rows;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::case::CaseError;
use crate::case::threads::{Acting, Speech};
use crate::clock::random_bytes;
use crate::node::Node;

/// The longest note of a call.
pub(crate) const NOTE_BYTES_MAX: usize = 64 * 1024;
/// Notes that are shown in one turn of the background.
const REVEALED_MAX: u64 = 64;

/// A note that waits for the other side's seal.
#[derive(Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) text: String,
    salt: String,
    acting: Acting,
}

impl Node {
    /// Seals a note. That it may leave is found out now, while it can still be worded otherwise.
    pub(super) fn seal_note(
        &self,
        name: &str,
        text: &str,
        acting: &Acting,
    ) -> Result<String, CaseError> {
        let id = self.call_named(name)?;
        if text.trim().is_empty() || text.len() > NOTE_BYTES_MAX {
            let reason = format!(
                "a note has 1 to {NOTE_BYTES_MAX} bytes; this one has {}",
                text.len()
            );
            return Err(CaseError::Hotline(reason));
        }
        let salt = format!("{:032x}", u128::from_be_bytes(random_bytes()));
        let sealed = seal(text, &salt);
        let shown = shown(text, &salt, acting);
        self.may_be_said(&id.to_string(), &shown)?;
        let waiting = Waiting {
            text: text.to_owned(),
            salt,
            acting: acting.clone(),
        };
        let kept = note_name(sealed);
        let waiting = serde_json::to_string(&waiting);
        let waiting = waiting.map_err(|error| CaseError::Hotline(error.to_string()))?;
        self.keep((id, &kept), &waiting)?;
        let speech = Speech {
            event: "note-sealed".to_owned(),
            content: json!({ "sha256": sealed.to_string() }),
            acting: acting.clone(),
        };
        self.or_forget((id, &kept), self.say(&id.to_string(), &speech).map(drop))?;
        Ok(id.to_string())
    }

    /// Shows the note whose seal this party gave; the machine refuses it before the other side's seal is there. Without an officer it
    /// is shown in the name of the one who sealed it.
    pub(super) fn reveal_note(
        &self,
        name: &str,
        acting: Option<&Acting>,
    ) -> Result<String, CaseError> {
        let id = self.call_named(name)?;
        let held = self.thread_held(&id.to_string())?;
        let own = self.side_of(&held)?.1;
        let sealed = own.seal.ok_or_else(|| {
            CaseError::Hotline("this party has sealed no note of the call".to_owned())
        })?;
        let kept = note_name(sealed);
        let waiting = self
            .inner
            .state
            .read(|tx| rows::kept(tx, &id.to_string(), &kept))?;
        let waiting = waiting.and_then(|text| serde_json::from_str::<Waiting>(&text).ok());
        let Some(waiting) = waiting else {
            let reason = "the note is not here: it was shown already, or was sealed on a node whose state is lost";
            return Err(CaseError::Hotline(reason.to_owned()));
        };
        let acting = acting.unwrap_or(&waiting.acting);
        let speech = shown(&waiting.text, &waiting.salt, acting);
        self.say(&id.to_string(), &speech)?;
        self.forget((id, &kept))?;
        Ok(id.to_string())
    }

    /// Shows the notes of this party whose calls have both seals. Answers how many.
    pub(crate) fn reveal_due(&self) -> Result<usize, CaseError> {
        let noted = State::Noted.word();
        let waiting = self
            .inner
            .state
            .read(|tx| rows::standing(tx, (Subject::Call.word(), noted), REVEALED_MAX))?;
        let mut shown = 0;
        for id in waiting {
            let held = self.thread_held(&id)?;
            if self.side_of(&held)?.1.note.is_some() {
                continue;
            }
            match self.reveal_note(&id, None) {
                Ok(_) => shown += 1,
                // The accord may have changed since it was sealed: an officer sees it in the call and acts.
                Err(error) => tracing::debug!(call = id, %error, "note not shown"),
            }
        }
        Ok(shown)
    }
}

fn shown(text: &str, salt: &str, acting: &Acting) -> Speech {
    Speech {
        event: "note-shown".to_owned(),
        content: json!({ "text": text, "salt": salt }),
        acting: acting.clone(),
    }
}

pub(super) fn note_name(seal: Digest) -> String {
    format!("note:{seal}")
}
