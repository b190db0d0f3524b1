//! Mails in which this node asks for a number to be sent back: of a check of a point of contact, of a candidate's address.
//!
//! They say nothing but that, so they carry no label. The number of a check counts when it comes back under the party's registered key
//! (`taking`); the code of a candidate is typed by whoever reads the answer.
//!
//! In scope: writing them. Out of scope: checks and candidates (`contact`), sending (`out`).

use comity_case::history::stamp;
use comity_mail::compose::AutoSubmitted;
use comity_store::state::contact::CandidateRow;

use crate::contact::check::Held;
use crate::mail::MailError;
use crate::mail::out::{Parcel, ParcelKind};
use crate::node::Node;

/// How a mail address begins in a `security.txt` (RFC 9116 section 2.5.3).
const MAILTO: &str = "mailto:";

impl Node {
    /// Mails the number of a check to the point of contact that is checked. Answers where it goes.
    pub(crate) fn mail_check(
        &self,
        held: &Held,
        due: i64,
        officer: &str,
    ) -> Result<String, MailError> {
        let check = &held.check;
        let (own, party) = (&self.identity().party, check.opening.responder.as_str());
        let role = check.contact.as_str();
        let (to, _) = self.contact_address(party, Some(role))?;
        let text = format!(
            "{own} checks whether the contact \"{role}\" of {party} is reached at this address.\n\n\
             Please answer this mail by {}, with the number below in it, signed with the OpenPGP key that {own} has registered for \
             {party}.\n\n    {}\n",
            stamp(due),
            check.nonce
        );
        let parcel = Parcel {
            thread: Some(held.id.clone()),
            subject: format!("Contact check of {own}"),
            ..asking(Some(party), &to, text)
        };
        self.mail_asked(&parcel, officer)?;
        Ok(to)
    }

    /// Mails the code of a candidate to its address. Answers where it goes; none: it is reached another way than by mail.
    pub(crate) fn mail_code(
        &self,
        row: &CandidateRow,
        text: String,
        officer: &str,
    ) -> Result<Option<String>, MailError> {
        let Some(to) = row.address.strip_prefix(MAILTO) else {
            return Ok(None);
        };
        // What stands behind a question mark is for mail programs (RFC 6068).
        let to = to.split('?').next().unwrap_or(to);
        let parcel = Parcel {
            subject: format!("{} asks you to confirm this address", self.identity().party),
            ..asking(row.party.as_deref(), to, text)
        };
        self.mail_asked(&parcel, officer)?;
        Ok(Some(to.to_owned()))
    }

    fn mail_asked(&self, parcel: &Parcel, officer: &str) -> Result<(), MailError> {
        self.inner
            .state
            .write(|tx| self.post_by(tx, parcel, officer))?;
        self.due().tell();
        Ok(())
    }
}

/// A mail that asks for something, without a subject.
fn asking(party: Option<&str>, to: &str, text: String) -> Parcel {
    Parcel {
        party: party.map(ToOwned::to_owned),
        to: to.to_owned(),
        kind: ParcelKind::Challenge,
        thread: None,
        reference: String::new(),
        answers: None,
        subject: String::new(),
        tlp: None,
        text,
        enclosures: Vec::new(),
        null_sender: false,
        auto_submitted: Some(AutoSubmitted::Generated),
    }
}
