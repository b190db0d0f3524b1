//! Profiles: signing the own one and sending it to partners, and what each partner says of itself.
//!
//! In scope: the acts. Out of scope: what a profile says (`comity_accord::profile`), its thread (`comity_case::profile`).

use comity_accord::party::PartyName;
use comity_accord::profile::{Profile, TEMPLATE, page};
use comity_accord::security_txt;
use comity_case::history::stamp;
use comity_case::profile::{Profile as Told, State, thread_of as profile_thread};
use comity_case::table::Word as _;
use comity_ledger::note::Note;
use comity_stix::timestamp::Timestamp;
use comity_store::error::chain;
use comity_store::state::contact::{self, OwnProfileRow};
use comity_store::state::{Tx, thread as rows};
use serde_json::{Value, json};

use crate::case::threads::{Acting, Speech, thread_of};
use crate::contact::ContactError;
use crate::exchange::ExchangeError;
use crate::node::Node;

/// How long a new profile holds when its author changes nothing: a year, as RFC 9116 recommends of `security.txt`.
const YEAR_MICROS: i64 = 365 * 86_400 * 1_000_000;

/// A profile with what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) profile: Profile,
    pub(crate) note: String,
    /// Whether the signature is by a key that the party's card names.
    pub(crate) signed: bool,
    /// Where it stands, by its word.
    pub(crate) state: &'static str,
    /// When it was recorded or received, seconds since 1970.
    pub(crate) at: i64,
}

impl Node {
    /// A profile to fill in.
    pub fn profile_template(&self) -> String {
        let day = self.clock().now().div_euclid(86_400_000_000) * 86_400_000_000;
        let written =
            |at: i64| Timestamp::from_micros(at).map_or_else(String::new, Timestamp::to_stix);
        let identity = self.identity();
        TEMPLATE
            .replace("{party}", &identity.party)
            .replace("{domain}", &identity.domain)
            .replace("{updated}", &written(day).replace(".000Z", "Z"))
            .replace(
                "{expires}",
                &written(day + YEAR_MICROS).replace(".000Z", "Z"),
            )
    }

    /// Reads a profile as the own next one; what is wrong is refused.
    pub(crate) fn read_profile(&self, text: &str) -> Result<Profile, ContactError> {
        let profile = Profile::parse(text)?;
        let content = profile.content();
        if content.party.as_str() != self.identity().party {
            return Err(ContactError::OtherParty {
                found: content.party.to_string(),
                own: self.identity().party.clone(),
            });
        }
        if profile.is_expired(self.now_seconds()) {
            return Err(ContactError::Expired(content.expires.to_stix()));
        }
        let newest = self.inner.state.read(contact::newest_profile)?;
        match newest {
            Some(row) if content.version <= row.version && row.body != text => {
                Err(ContactError::Version {
                    had: row.version,
                    given: content.version,
                })
            }
            Some(_) | None => Ok(profile),
        }
    }

    /// Signs the own profile and sends it to every partner. Answers what each of them came to.
    pub(crate) fn import_profile(
        &self,
        text: &str,
        acting: &Acting,
    ) -> Result<(Profile, Vec<Value>), ContactError> {
        let profile = self.read_profile(text)?;
        let statement = profile.statement();
        let signature = self.link().keys().envelope().sign_note(&statement);
        let note = Note::new(statement, vec![signature])?;
        let row = OwnProfileRow {
            version: profile.content().version,
            body: text.to_owned(),
            note: note.to_string(),
            officer: acting.officer.clone(),
            recorded: self.clock().now(),
        };
        self.inner
            .state
            .write(|tx| contact::add_profile(tx, &row))?;
        let mut sent = Vec::new();
        for party in self.partners()? {
            let outcome = match self.send_profile(&party, acting) {
                Ok(outcome) => outcome,
                Err(error) => chain(&error),
            };
            sent.push(json!({ "party": party, "outcome": outcome }));
        }
        Ok((profile, sent))
    }

    /// Sends the own profile to a partner, unless it has it.
    pub(crate) fn send_profile(
        &self,
        party: &str,
        acting: &Acting,
    ) -> Result<String, ContactError> {
        let own = self.own_name()?;
        let other = name(party)?;
        let row = self.inner.state.read(contact::newest_profile)?;
        let row = row.ok_or_else(|| ContactError::NoProfile(own.to_string()))?;
        let profile = Profile::parse(&row.body)?;
        let thread = profile_thread(&own, &other);
        let told = self.inner.state.read(|tx| told(tx, &own, &other))?;
        let stands = told
            .as_ref()
            .is_some_and(|told| told.state == State::Published && told.text.source() == row.body);
        if stands {
            return Ok(format!("has version {}", row.version));
        }
        let speech = Speech {
            event: "publish".to_owned(),
            content: json!({ "profile": row.body, "note": row.note }),
            acting: acting.clone(),
        };
        self.say_in(thread, &other, profile.content().label, &speech)?;
        Ok(format!("version {} is on its way", row.version))
    }

    /// The own newest profile.
    pub(crate) fn own_profile(&self, tx: &mut dyn Tx) -> Result<Option<Known>, ContactError> {
        let Some(row) = contact::newest_profile(tx)? else {
            return Ok(None);
        };
        let profile = Profile::parse(&row.body)?;
        let state = if profile.is_expired(self.now_seconds()) {
            State::Expired
        } else {
            State::Published
        };
        let keys = [self.link().keys().envelope().verifier()];
        Ok(Some(Known {
            signed: is_signed(&profile, &row.note, &keys),
            profile,
            note: row.note,
            state: state.word(),
            at: row.recorded.div_euclid(1_000_000),
        }))
    }

    /// The newest profile that a partner sent.
    pub(crate) fn profile_of(
        &self,
        tx: &mut dyn Tx,
        party: &str,
    ) -> Result<Option<Known>, ContactError> {
        let (own, other) = (self.own_name()?, name(party)?);
        let Some(told) = told(tx, &other, &own)? else {
            return Ok(None);
        };
        let keys = self.link().peer(tx, party)?.keys;
        let newest = told
            .record
            .steps
            .iter()
            .rfind(|step| step.event == "publish");
        let at = newest.map_or(0, |step| step.received.unwrap_or(step.sent));
        let state = told.state_at(self.now_seconds()).word();
        Ok(Some(Known {
            signed: is_signed(&told.text, &told.note, &keys.envelope),
            profile: told.text,
            note: told.note,
            state,
            at,
        }))
    }

    /// The profile of this party or of a partner; there must be one.
    pub(crate) fn profile(&self, party: Option<&str>) -> Result<Known, ContactError> {
        let whose = party.unwrap_or(&self.identity().party).to_owned();
        let found = self.inner.state.read(|tx| {
            if whose == self.identity().party {
                self.own_profile(tx)
            } else {
                self.profile_of(tx, &whose)
            }
        })?;
        found.ok_or(ContactError::NoProfile(whose))
    }

    /// What `/.well-known/security.txt` says, while the profile holds and where it says something of it.
    pub fn own_security_txt(&self) -> Result<Option<String>, ContactError> {
        let known = self.inner.state.read(|tx| self.own_profile(tx))?;
        let known = known.filter(|known| known.state == State::Published.word());
        Ok(known.and_then(|known| security_txt::published(&known.profile)))
    }

    /// The parties with which an accord is in force.
    pub(crate) fn partners(&self) -> Result<Vec<String>, ContactError> {
        let (own, now) = (self.own_name()?, self.clock().now());
        let accords = self.inner.state.read(|tx| self.all_in_force(tx, now))?;
        let with_us = accords.iter().filter(|text| text.party(&own).is_some());
        let parties = with_us.flat_map(|text| &text.content().parties);
        let mut names: Vec<String> = parties
            .filter(|party| party.name != own)
            .map(|party| party.name.to_string())
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    pub(crate) fn own_name(&self) -> Result<PartyName, ContactError> {
        name(&self.identity().party)
    }

    pub(crate) fn now_seconds(&self) -> i64 {
        self.clock().now().div_euclid(1_000_000)
    }
}

pub(crate) fn name(party: &str) -> Result<PartyName, ContactError> {
    let read = PartyName::parse(party);
    read.map_err(|_| ExchangeError::UnknownParty(party.to_owned()).into())
}

/// What a party told another of itself.
fn told(
    tx: &mut dyn Tx,
    owner: &PartyName,
    other: &PartyName,
) -> Result<Option<Told>, ContactError> {
    let id = profile_thread(owner, other).to_string();
    let thread = thread_of(&rows::messages(tx, &id)?)?;
    // Only its owner may open it: a message of the other side in front opens nothing.
    Ok(Told::replay(&thread).filter(|told| told.opening.opener == *owner))
}

fn is_signed(profile: &Profile, note: &str, keys: &[comity_ledger::key::VerifierKey]) -> bool {
    let note = Note::parse(note.as_bytes()).ok();
    note.is_some_and(|note| {
        note.text() == profile.statement() && note.verify(keys).is_ok_and(|by| !by.is_empty())
    })
}

/// A profile as a document.
pub(crate) fn document(known: &Known) -> Value {
    let content = known.profile.content();
    let contacts = content.contacts.iter().map(|one| {
        json!({
            "role": one.role.as_str(), "name": one.name, "email": one.email, "phone": one.phone,
            "hours": one.hours.to_string(), "time_zone": one.time_zone, "holidays": one.holidays,
            "languages": one.languages, "key": one.key,
            "valid_from": one.valid_from.map(Timestamp::to_stix), "valid_until": one.valid_until.map(Timestamp::to_stix),
        })
    });
    let keys = content.keys.iter().map(
        |key| json!({ "kind": key.kind, "fingerprint": key.fingerprint, "location": key.location }),
    );
    json!({
        "party": content.party.as_str(), "version": content.version, "state": known.state, "label": content.label.to_string(),
        "updated": content.updated.to_stix(), "expires": content.expires.to_stix(), "since": stamp(known.at),
        "sha256": known.profile.hash().to_string(), "signed": known.signed,
        "team": {
            "name": content.team.name, "address": content.team.address, "time_zone": content.team.time_zone,
            "hours": content.team.hours.to_string(), "holidays": content.team.holidays, "languages": content.team.languages,
            "phone": content.team.phone, "fax": content.team.fax, "email": content.team.email,
        },
        "keys": keys.collect::<Vec<_>>(), "sections": content.prose, "contacts": contacts.collect::<Vec<_>>(),
        "page": page(&known.profile, Some(&known.note)),
    })
}
