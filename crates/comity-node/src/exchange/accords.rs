//! Accords: proposing a text, signing it, and what is in force between two parties.
//!
//! Both nodes hold the same bytes: a text travels whole with its signatures, and each side keeps what it received.
//!
//! In scope: proposals and signatures, in and out. Out of scope: what a text says (`comity-accord`).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use comity_accord::agreement::{Agreed, Agreement, Signer, may_sign};
use comity_accord::card::{SignedCard, root_hash};
use comity_accord::difference::{Comparison, compare};
use comity_accord::keys::KeyRing;
use comity_accord::party::PartyName;
use comity_accord::terms::ReleaseTerms;
use comity_accord::text::AccordText;
use comity_accord::text::template::{Template, TemplateParty, fill};
use comity_link::channel::Lane;
use comity_link::payload::{self, Kind};
use comity_store::state::accord::{self, AccordRow};
use comity_store::state::{Tx, party, revocation};
use sha2::{Digest as _, Sha256};

use crate::exchange::ExchangeError;
use crate::exchange::enrolment::moment;
use crate::link::Draft;
use crate::link::card::CardFacts;
use crate::link::peer::ring;
use crate::node::Node;

/// One version of an accord as the duty officers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccordView {
    /// What is kept.
    pub row: AccordRow,
    /// `proposed`, `agreed`, `in force`, `replaced` or `expired`, now.
    pub standing: &'static str,
    /// Who has signed.
    pub signed: Vec<String>,
    /// Who has not.
    pub missing: Vec<String>,
}

fn bad(error: &dyn std::fmt::Display) -> ExchangeError {
    ExchangeError::Accord(error.to_string())
}

impl Node {
    /// The text of a new accord with a party, to be edited.
    pub fn draft_accord(&self, party: &str, template: &str) -> Result<String, ExchangeError> {
        let template = Template::parse(template).ok_or_else(|| {
            let names: Vec<&str> = Template::ALL.iter().map(|one| one.as_str()).collect();
            ExchangeError::Accord(format!(
                "there is no template {template:?}; there is {}",
                names.join(", ")
            ))
        })?;
        // The card that others know: to draft a text changes nothing of what it says.
        let own = match self.inner.state.read(|tx| self.link().own_card(tx))? {
            Some(own) => own,
            None => self.own_card(&CardFacts::default())?,
        };
        let row = self.inner.state.read(|tx| party::find(tx, party))?;
        let row = row.ok_or_else(|| ExchangeError::UnknownParty(party.to_owned()))?;
        let other = SignedCard::parse(&row.card).map_err(|error| bad(&error))?;
        let of = |card: &'_ SignedCard| (card.card().party.clone(), root_hash(&card.card().root));
        let ((first, first_root), (second, second_root)) = (of(&own), of(&other));
        let parties = [
            TemplateParty {
                name: &first,
                root: first_root,
                domain: &own.card().domain,
            },
            TemplateParty {
                name: &second,
                root: second_root,
                domain: &other.card().domain,
            },
        ];
        let today = self.clock().now() / 86_400_000_000 * 86_400_000_000;
        let [first, second] = &parties;
        Ok(fill(template, first, second, moment(today)?))
    }

    /// Proposes a text: it is signed here and sent to every other party of it.
    pub fn propose_accord(&self, text: &str) -> Result<AccordView, ExchangeError> {
        let parsed = AccordText::parse(text).map_err(|error| bad(&error))?;
        self.sign_text(&parsed, Kind::AccordProposal)
    }

    /// Signs a version that was proposed.
    pub fn sign_accord(&self, name: &str, version: u64) -> Result<AccordView, ExchangeError> {
        let row = self
            .inner
            .state
            .read(|tx| accord::find(tx, name, version))?;
        let row = row.ok_or_else(|| ExchangeError::UnknownAccord(format!("{name} {version}")))?;
        let parsed = AccordText::parse(&row.text).map_err(|error| bad(&error))?;
        self.sign_text(&parsed, Kind::AccordSignature)
    }

    fn sign_text(&self, text: &AccordText, kind: Kind) -> Result<AccordView, ExchangeError> {
        let now = self.clock().now();
        let own = PartyName::parse(&self.identity().party).map_err(|error| bad(&error))?;
        let name = text.content().name.clone();
        let version = u64::from(text.content().version);
        self.inner.state.write(|tx| {
            let rings = self.rings(tx)?;
            let known = accord::list(tx)?;
            let known: Vec<&AccordRow> = known.iter().filter(|row| row.name == name).collect();
            let versions = versions(&known, &rings)?;
            let last = versions.iter().rfind(|(_, _, all)| *all);
            let last = last.map(|(agreed, _, _)| *agreed);
            let ours = versions
                .iter()
                .filter(|(_, signed, _)| signed.contains(&own));
            let signed_by_us: Vec<Agreed> = ours.map(|(agreed, _, _)| *agreed).collect();
            may_sign(&own, text, last, &signed_by_us).map_err(|error| bad(&error))?;
            let mut agreement = Agreement::new(text.clone());
            if let Some(row) = known.iter().find(|row| row.version == version) {
                if row.text != text.source() {
                    let reason =
                        "another text was proposed under this name and version; raise the version";
                    return Err(ExchangeError::Accord(reason.to_owned()));
                }
                agreement
                    .merge(&row.agreement, &signers(&rings, row.changed)?)
                    .map_err(|error| bad(&error))?;
            }
            agreement
                .sign(self.link().keys().envelope())
                .map_err(|error| bad(&error))?;
            let row = keep(tx, &agreement, now)?;
            let payload = payload::Accord {
                text: row.text.clone(),
                agreement: String::from_utf8_lossy(&row.agreement).into_owned(),
            };
            let payload = serde_json::to_vec(&payload).map_err(|error| bad(&error))?;
            for other in text
                .content()
                .parties
                .iter()
                .filter(|other| other.name != own)
            {
                let draft = Draft {
                    party: other.name.as_str().to_owned(),
                    lane: Lane::Normal,
                    kind,
                    payload: payload.clone(),
                    due: None,
                };
                self.link().enqueue_in(tx, &draft, now)?;
            }
            Ok(())
        })?;
        self.due().tell();
        self.inner.terms.forget();
        self.inner.demands.forget();
        self.follow_accords()?;
        self.accord(&name, version)
    }

    /// Takes a proposal or a signature that came in an envelope.
    pub(crate) fn take_accord(
        &self,
        tx: &mut dyn Tx,
        said: &payload::Accord,
        now: i64,
    ) -> Result<(), ExchangeError> {
        let text = AccordText::parse(&said.text).map_err(|error| bad(&error))?;
        let rings = self.rings(tx)?;
        let arriving = signers(&rings, now)?;
        let (name, version) = (&text.content().name, u64::from(text.content().version));
        let known = accord::find(tx, name, version)?;
        let mut agreement = Agreement::new(text.clone());
        if let Some(row) = known {
            if row.text != text.source() {
                let reason = "another text is known under this name and version";
                return Err(ExchangeError::Accord(reason.to_owned()));
            }
            agreement
                .merge(&row.agreement, &signers(&rings, row.changed)?)
                .map_err(|error| bad(&error))?;
        }
        let signed = agreement.merge(said.agreement.as_bytes(), &arriving);
        if signed.map_err(|error| bad(&error))?.is_empty() {
            return Err(ExchangeError::Accord("nobody signed the text".to_owned()));
        }
        keep(tx, &agreement, now)?;
        self.inner.terms.forget();
        self.inner.demands.forget();
        Ok(())
    }

    /// One version of an accord.
    pub fn accord(&self, name: &str, version: u64) -> Result<AccordView, ExchangeError> {
        let all = self.accords()?;
        let found = all
            .into_iter()
            .find(|view| view.row.name == name && view.row.version == version);
        found.ok_or_else(|| ExchangeError::UnknownAccord(format!("{name} {version}")))
    }

    /// Every version of every accord.
    pub fn accords(&self) -> Result<Vec<AccordView>, ExchangeError> {
        let now = self.clock().now();
        let known = self.inner.state.read(|tx| self.known_accords(tx))?;
        known.iter().map(|one| view(one, &known, now)).collect()
    }

    /// What changes between two versions of an accord; without a version before, all that the first one says.
    pub fn compare_accords(
        &self,
        name: &str,
        before: u64,
        after: u64,
    ) -> Result<Comparison, ExchangeError> {
        let (before, after) = (self.accord(name, before)?, self.accord(name, after)?);
        let before = AccordText::parse(&before.row.text).map_err(|error| bad(&error))?;
        let after = AccordText::parse(&after.row.text).map_err(|error| bad(&error))?;
        Ok(compare(&before, &after))
    }

    /// The accord in force between this node's party and another, if there is one.
    pub(crate) fn in_force(
        &self,
        tx: &mut dyn Tx,
        other: &str,
        now: i64,
    ) -> Result<Option<AccordText>, ExchangeError> {
        let own = PartyName::parse(&self.identity().party).map_err(|error| bad(&error))?;
        let other = PartyName::parse(other).map_err(|error| bad(&error))?;
        let mut all = self.all_in_force(tx, now)?;
        all.retain(|text| text.party(&own).is_some() && text.party(&other).is_some());
        Ok(all.pop())
    }

    /// Every accord in force, by name.
    pub(crate) fn all_in_force(
        &self,
        tx: &mut dyn Tx,
        now: i64,
    ) -> Result<Vec<AccordText>, ExchangeError> {
        let known = self.known_accords(tx)?;
        let mut found = Vec::new();
        for one in known.iter() {
            if standing(one, &known, now)? == IN_FORCE {
                found.push(one.text.clone());
            }
        }
        Ok(found)
    }

    /// Every version of every accord with who has signed it, by name and version.
    fn known_accords(&self, tx: &mut dyn Tx) -> Result<Arc<Vec<KnownAccord>>, ExchangeError> {
        let rows = accord::list(tx)?;
        let of = self.what_accords_rest_on(tx, &rows)?;
        let held = self.inner.accords.0.lock();
        let held = held.unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, known)) = held.filter(|(before, _)| *before == of) {
            return Ok(known);
        }
        let rings = self.rings(tx)?;
        let known = rows.into_iter().map(|row| {
            let (text, signed) = read(&row, &rings)?;
            Ok::<_, ExchangeError>(KnownAccord { row, text, signed })
        });
        let known = Arc::new(known.collect::<Result<Vec<_>, _>>()?);
        let mut held = self
            .inner
            .accords
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *held = Some((of, Arc::clone(&known)));
        Ok(known)
    }

    /// A digest of all that the signatures under accords are judged by: texts, notes, cards and revocations, as they stand in rows.
    fn what_accords_rest_on(
        &self,
        tx: &mut dyn Tx,
        rows: &[AccordRow],
    ) -> Result<[u8; 32], ExchangeError> {
        let mut hash = Sha256::new();
        let mut put = |bytes: &[u8]| {
            // With its length, so that no two lists of parts look alike.
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(bytes);
        };
        for row in rows {
            put(row.name.as_bytes());
            put(row.text.as_bytes());
            put(&row.agreement);
            put(&row.changed.to_be_bytes());
        }
        let parties = party::list(tx)?.into_iter().map(|row| row.name);
        for name in parties.chain([self.identity().party.clone()]) {
            put(name.as_bytes());
            for (card, taken) in party::cards_taken(tx, &name)? {
                put(&card);
                put(&taken.to_be_bytes());
            }
            for row in revocation::of_party(tx, &name)? {
                put(row.note.as_ref());
                put(&row.known.to_be_bytes());
            }
        }
        Ok(hash.finalize().into())
    }

    /// What this node may let a party have.
    pub(crate) fn terms_to(
        &self,
        tx: &mut dyn Tx,
        other: &str,
        now: i64,
    ) -> Result<Option<ReleaseTerms>, ExchangeError> {
        let own = PartyName::parse(&self.identity().party).map_err(|error| bad(&error))?;
        let to = PartyName::parse(other).map_err(|error| bad(&error))?;
        let text = self.in_force(tx, other, now)?;
        Ok(text.and_then(|text| text.terms(&own, &to).cloned()))
    }

    /// What a party may let this node have: the terms under which its objects came.
    pub(crate) fn terms_from(
        &self,
        tx: &mut dyn Tx,
        other: &str,
        now: i64,
    ) -> Result<Option<ReleaseTerms>, ExchangeError> {
        let own = PartyName::parse(&self.identity().party).map_err(|error| bad(&error))?;
        let from = PartyName::parse(other).map_err(|error| bad(&error))?;
        let text = self.in_force(tx, other, now)?;
        Ok(text.and_then(|text| text.terms(&from, &own).cloned()))
    }

    /// The keys of every party that is known, and the own ones.
    fn rings(&self, tx: &mut dyn Tx) -> Result<Vec<KeyRing>, ExchangeError> {
        let mut rings: Vec<KeyRing> = self.link().own_ring(tx)?.into_iter().collect();
        for row in party::list(tx)? {
            rings.push(ring(tx, &row.name)?);
        }
        Ok(rings)
    }
}

/// The word for a version that holds.
pub const IN_FORCE: &str = "in force";

/// Whose signatures arrived `when`. A party's keys count from its first card on, whatever this node's clock says.
fn signers(rings: &[KeyRing], when: i64) -> Result<Vec<Signer<'_>>, ExchangeError> {
    let when = moment(when)?;
    let signer = |ring| {
        let first = KeyRing::cards(ring).next().map(|card| card.card().issued);
        let at = first.map_or(when, |first| first.max(when));
        Signer { ring, at }
    };
    Ok(rings.iter().map(signer).collect())
}

fn keep(tx: &mut dyn Tx, agreement: &Agreement, now: i64) -> Result<AccordRow, ExchangeError> {
    let text = agreement.accord();
    let note = agreement.note().map(|note| note.to_string());
    let row = AccordRow {
        name: text.content().name.clone(),
        version: text.content().version.into(),
        text: text.source().to_owned(),
        agreement: note.unwrap_or_default().into_bytes(),
        state: "kept".to_owned(),
        changed: now,
    };
    accord::put(tx, &row)?;
    Ok(row)
}

/// A version of an accord that was read.
#[derive(Debug)]
struct KnownAccord {
    row: AccordRow,
    text: AccordText,
    signed: Vec<PartyName>,
}

impl KnownAccord {
    /// Those of its parties that have not signed.
    fn missing(&self) -> BTreeSet<&PartyName> {
        let names = self.text.content().parties.iter().map(|party| &party.name);
        names.filter(|name| !self.signed.contains(name)).collect()
    }
}

/// The accords as they were read last, with the digest of what they were read of: reading them means to verify every card and signature.
#[derive(Debug, Default)]
pub(crate) struct AccordsCache(Mutex<Option<Held>>);

type Held = ([u8; 32], Arc<Vec<KnownAccord>>);

/// Where a version stands now.
fn standing(
    one: &KnownAccord,
    all: &[KnownAccord],
    now: i64,
) -> Result<&'static str, ExchangeError> {
    let at = moment(now)?;
    let holds = |one: &KnownAccord| one.missing().is_empty() && one.text.content().effective <= at;
    let mut later = all
        .iter()
        .filter(|other| other.row.name == one.row.name && other.row.version > one.row.version);
    Ok(if !one.missing().is_empty() {
        "proposed"
    } else if later.any(holds) {
        "replaced"
    } else if one.text.content().expires.is_some_and(|end| end <= at) {
        "expired"
    } else if holds(one) {
        IN_FORCE
    } else {
        "agreed"
    })
}

/// Who has signed a version, and where it stands now.
fn view(one: &KnownAccord, all: &[KnownAccord], now: i64) -> Result<AccordView, ExchangeError> {
    let word = |name: &PartyName| name.as_str().to_owned();
    Ok(AccordView {
        row: one.row.clone(),
        standing: standing(one, all, now)?,
        signed: one.signed.iter().map(word).collect(),
        missing: one.missing().into_iter().map(word).collect(),
    })
}

fn read(row: &AccordRow, rings: &[KeyRing]) -> Result<(AccordText, Vec<PartyName>), ExchangeError> {
    let text = AccordText::parse(&row.text).map_err(|error| bad(&error))?;
    let mut agreement = Agreement::new(text.clone());
    let signed = agreement.merge(&row.agreement, &signers(rings, row.changed)?);
    Ok((text, signed.map_err(|error| bad(&error))?))
}

/// Each version, and who has signed it; with whether that is all.
fn versions(
    known: &[&AccordRow],
    rings: &[KeyRing],
) -> Result<Vec<(Agreed, Vec<PartyName>, bool)>, ExchangeError> {
    let version = |row: &&AccordRow| {
        let (text, signed) = read(row, rings)?;
        let agreed = Agreed {
            version: text.content().version,
            hash: text.hash(),
        };
        let all = signed.len() == text.content().parties.len();
        Ok((agreed, signed, all))
    };
    known.iter().map(version).collect()
}
