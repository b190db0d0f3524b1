//! From temporary to permanent: a number that the other party answers with its registered key, two persons here, and the
//! other party's signature.
//!
//! In scope: the acts of both sides. Out of scope: the rows of the machine (`comity_case::address`), which mails there are.

use comity_accord::digest::Digest;
use comity_case::address::statement::{self, Asked, Proof, SignedMail};
use comity_case::address::{Address, Challenge, State};
use comity_case::history::stamp;
use comity_case::table::Word as _;
use comity_ledger::key::VerifierKey;
use comity_ledger::note::Note;
use comity_mail::token::AddressId;
use comity_store::state::address::{self as rows, PromotionRow};
use serde_json::json;

use super::AddressError;
use super::own::{Named, draft_of};
use crate::case::threads::{Acting, Speech};
use crate::clock::random_bytes;
use crate::contact::hexadecimal;
use crate::contact::profile_name;
use crate::node::Node;

/// How long a number waits for its answer.
const ANSWER_DAYS: i64 = 7;
const DAY: i64 = 86_400;

impl Node {
    /// Asks for a promotion, and sends the other party a number to answer where none was answered yet.
    pub(crate) fn ask_promotion(
        &self,
        name: &str,
        acting: &Acting,
    ) -> Result<String, AddressError> {
        let (id, address) = self.own_address(name, "promote")?;
        let now = self.now_seconds();
        let state = address.state_at(now);
        match state {
            State::Temporary | State::Challenged => {
                // An address that ends sooner is to be answered sooner.
                let due = (now + ANSWER_DAYS * DAY).min(address.expires.unwrap_or(i64::MAX));
                let nonce = hexadecimal(&random_bytes::<16>());
                let content = json!({ "nonce": nonce, "due": stamp(due) });
                self.speak(&id, "challenge", content, acting)?;
            }
            State::Answered => {}
            State::Proposed | State::Permanent | State::Expired | State::Revoked => {
                let state = state.word();
                return Err(AddressError::State {
                    state,
                    act: "promote",
                });
            }
        }
        let row = PromotionRow {
            given: id.clone(),
            asked_by: acting.officer.clone(),
            asked: now,
        };
        self.inner.state.write(|tx| rows::ask_promotion(tx, &row))?;
        Ok(id)
    }

    /// Answers the number of another party's address with the key of the own card. Into a file: answers the note, and says nothing.
    pub(crate) fn answer_address(
        &self,
        name: &str,
        to_file: bool,
        acting: &Acting,
    ) -> Result<(String, Option<String>), AddressError> {
        let (id, address) = self.their_address(name, "answer")?;
        let asked = self.number_out(&address, "answer")?;
        let note = self.signed(asked.statement())?;
        if to_file {
            return Ok((id, Some(note)));
        }
        let content = json!({ "nonce": asked.challenge.nonce, "note": note });
        self.speak(&id, "answer", content, acting)?;
        Ok((id, None))
    }

    /// Takes an answer that came in a file.
    pub(crate) fn take_answer(
        &self,
        name: &str,
        note: &str,
        acting: &Acting,
    ) -> Result<String, AddressError> {
        let (id, address) = self.own_address(name, "take-answer")?;
        let asked = self.number_out(&address, "take-answer")?;
        let keys = self.card_keys(asked.party.as_str())?;
        statement::answered(&asked, &Proof::Note { note, keys: &keys })?;
        let digest = Digest::of(note.as_bytes()).to_string();
        let content = json!({ "nonce": asked.challenge.nonce, "way": "file", "sha256": digest });
        self.speak(&id, "heard", content, acting)?;
        Ok(id)
    }

    /// Takes a mail that reached an own address: whether it answers the number that is out, which is then set down. `raw` is the
    /// SHA-256 of the mail as it came.
    pub fn answer_came(
        &self,
        to: AddressId,
        mail: &SignedMail,
        raw: &Digest,
    ) -> Result<bool, AddressError> {
        let row = self.inner.state.read(|tx| rows::find(tx, to.as_bytes()))?;
        let Some(given) = row.and_then(|row| row.given) else {
            return Ok(false);
        };
        let Some(address) = self.address_of(&given)? else {
            return Ok(false);
        };
        let now = self.now_seconds();
        let asked = Asked::of(&address).filter(|asked| {
            address.state_at(now) == State::Challenged && asked.challenge.due >= now
        });
        let Some(asked) = asked else {
            return Ok(false);
        };
        if statement::answered(&asked, &Proof::Mail(mail)).is_err() {
            return Ok(false);
        }
        let content =
            json!({ "nonce": asked.challenge.nonce, "way": "mail", "sha256": raw.to_string() });
        let party = profile_name(asked.party.as_str())?;
        let label = address.opening.label;
        self.say_by_node(address.opening.id, &party, label, ("heard", content))?;
        Ok(true)
    }

    /// The second person approves: the permanent address is made, and the promotion goes to the other party.
    pub(crate) fn approve_address(
        &self,
        name: &str,
        acting: &Acting,
    ) -> Result<String, AddressError> {
        let (id, address) = self.own_address(name, "approve")?;
        let waits = self.inner.state.read(|tx| rows::asked_promotion(tx, &id))?;
        let waits = waits.ok_or(AddressError::NotAsked)?;
        let same = |name: &str| name.trim().to_lowercase();
        if same(&waits.asked_by) == same(&acting.officer) {
            return Err(AddressError::SamePerson(waits.asked_by));
        }
        let state = address.state_at(self.now_seconds());
        if state != State::Answered {
            let state = state.word();
            return Err(AddressError::State {
                state,
                act: "approve",
            });
        }
        self.check_answer(&address)?;
        let made = self.make_address(&draft_of(&address)?)?;
        let text = statement::promotion_to(&address, &address.address, &made.address);
        let text = text.ok_or(AddressError::NotAsked)?;
        let content = json!({ "address": made.address, "note": self.signed(text)? });
        let asker = Acting {
            officer: waits.asked_by,
            role: acting.role.clone(),
            second: Some(acting.officer.clone()),
            person: None,
        };
        self.speak(&id, "promote", content, &asker)?;
        Ok(id)
    }

    /// Confirms a promotion of another party's address, once its signature is found good.
    pub(crate) fn confirm_address(
        &self,
        name: &str,
        acting: &Acting,
    ) -> Result<String, AddressError> {
        let (id, address) = self.their_address(name, "confirm")?;
        let state = address.state_at(self.now_seconds());
        let open = address.promotion.as_ref();
        let (State::Proposed, Some(promotion)) = (state, open) else {
            let state = state.word();
            return Err(AddressError::State {
                state,
                act: "confirm",
            });
        };
        let text = statement::promotion(&address).ok_or(AddressError::NotAsked)?;
        let owner = address.opening.opener.to_string();
        let keys = self.card_keys(&owner)?;
        if !statement::is_signed(&text, &promotion.note, &keys) {
            return Err(AddressError::Unsigned(owner));
        }
        let note = self.signed(text)?;
        self.speak(&id, "confirm", json!({ "note": note }), acting)?;
        Ok(id)
    }

    /// Does not go along with a promotion: an own one that waits for a second person, or another party's.
    pub(crate) fn decline_address(
        &self,
        name: &str,
        reason: &str,
        acting: &Acting,
    ) -> Result<String, AddressError> {
        let (id, address) = match self.address_named(name)? {
            Named::Row(row) => return Err(AddressError::Untold(row.address)),
            Named::Thread(id, address) => (id.to_string(), address),
        };
        if address.opening.opener.as_str() != self.identity().party {
            self.speak(&id, "decline", json!({ "reason": reason }), acting)?;
            return Ok(id);
        }
        let settled = self
            .inner
            .state
            .write(|tx| rows::settle_promotion(tx, &id))?;
        if settled {
            Ok(id)
        } else {
            Err(AddressError::NotAsked)
        }
    }

    /// Whether both parties' keys signed the promotion of an address.
    pub(super) fn promotion_signed(&self, address: &Address) -> Result<[bool; 2], AddressError> {
        let Some(text) = statement::promotion(address) else {
            return Ok([false; 2]);
        };
        let promotion = address.promotion.as_ref();
        let notes = [
            promotion.map(|one| one.note.as_str()),
            promotion.and_then(|one| one.confirmed.as_ref().map(|(_, _, note)| note.as_str())),
        ];
        let parties = [&address.opening.opener, &address.opening.responder];
        let mut signed = [false; 2];
        for ((signed, note), party) in signed.iter_mut().zip(notes).zip(parties) {
            let keys = self.card_keys(party.as_str())?;
            *signed = note.is_some_and(|note| statement::is_signed(&text, note, &keys));
        }
        Ok(signed)
    }

    /// An answer by message must bear a good signature; one that came another way was checked when it was set down.
    fn check_answer(&self, address: &Address) -> Result<(), AddressError> {
        let note = address
            .answer
            .as_ref()
            .and_then(|answer| answer.note.as_ref());
        if let (Some(note), Some(asked)) = (note, Asked::of(address)) {
            let keys = self.card_keys(asked.party.as_str())?;
            statement::answered(&asked, &Proof::Note { note, keys: &keys })?;
        }
        Ok(())
    }

    fn number_out(&self, address: &Address, act: &'static str) -> Result<Asked, AddressError> {
        let state = address.state_at(self.now_seconds());
        let asked = Asked::of(address).filter(|_| state == State::Challenged);
        let state = state.word();
        asked.ok_or(AddressError::State { state, act })
    }

    /// The keys by which a party signs envelopes, of its card; those of this party too.
    fn card_keys(&self, party: &str) -> Result<Vec<VerifierKey>, AddressError> {
        if party == self.identity().party {
            return Ok(vec![self.link().keys().envelope().verifier()]);
        }
        let peer = self.inner.state.read(|tx| self.link().peer(tx, party))?;
        Ok(peer.keys.envelope.clone())
    }

    fn signed(&self, statement: String) -> Result<String, AddressError> {
        let signature = self.link().keys().envelope().sign_note(&statement);
        Ok(Note::new(statement, vec![signature])?.to_string())
    }

    pub(super) fn speak(
        &self,
        id: &str,
        event: &str,
        content: serde_json::Value,
        acting: &Acting,
    ) -> Result<(), AddressError> {
        let speech = Speech {
            event: event.to_owned(),
            content,
            acting: acting.clone(),
        };
        self.say(id, &speech)?;
        Ok(())
    }
}

/// A number as people see it.
pub(super) fn challenge_document(challenge: &Challenge) -> serde_json::Value {
    json!({ "number": challenge.nonce, "due": stamp(challenge.due) })
}
