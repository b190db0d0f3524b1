//! The keys of this node as its operators handle them: listing, rotating, revoking, a root key that is kept elsewhere.
//!
//! Whatever changes is told to every verified party in an envelope, so that both ledgers hold it; the card itself also goes
//! in front of every batch until the other side says that it has it.
//!
//! In scope: the use cases. Out of scope: keys and cards themselves (`link`), signing with a root key elsewhere (`comity`).

use std::path::Path;

use comity_accord::card::SignedCard;
use comity_accord::keys::KeyRing;
use comity_accord::keys::revocation::{Reason, Revocation, Revoked};
use comity_ledger::key::VerifierKey;
use comity_link::channel::Lane;
use comity_link::payload::{self, Kind};
use comity_stix::timestamp::Timestamp;
use comity_store::state::party;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::exchange::ExchangeError;
use crate::exchange::enrolment::PartyView;
use crate::link::Draft;
use crate::link::card::{CardFacts, OwnCardError};
use crate::link::keys::{RootPublic, Use, make_folder, root_public, write_seed};
use crate::link::peer::VERIFIED;
use crate::link::revoke::Subject;
use crate::link::rotate::{Issued, Rotation};
use crate::node::Node;

/// Something about this node's keys, to be done.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyCommand {
    /// The keys in force, those that wait, and what was revoked.
    List,
    /// New keys.
    Rotate {
        /// Of these uses, by their words.
        uses: Vec<String>,
        /// The public file of a new root key that is kept elsewhere.
        root_public: Option<String>,
        /// The log begins its next epoch.
        new_epoch: bool,
    },
    /// Take a key, or the whole party, out of use.
    Revoke {
        /// A use, a verifier key, or the word party.
        what: String,
        /// Why, a word.
        reason: String,
        /// From when, if not from now.
        from: Option<String>,
    },
    /// The card that the root key must sign.
    Due {
        /// Where the node link answers.
        links: Vec<String>,
    },
    /// Take in a card or a revocation of this node that was signed elsewhere.
    Import {
        /// The signed note.
        note: String,
    },
    /// Move the root keys into a folder; from then on they are kept elsewhere.
    ExportRoot {
        /// The folder.
        folder: String,
    },
}

fn bad(reason: impl Into<String>) -> ExchangeError {
    ExchangeError::Enrolment(reason.into())
}

impl Node {
    /// Does a command about this node's keys.
    pub fn key(&self, command: KeyCommand) -> Result<Value, ExchangeError> {
        match command {
            KeyCommand::List => self.list_keys(),
            KeyCommand::Rotate {
                uses,
                root_public,
                new_epoch,
            } => {
                let word = |word: &String| Use::parse(word).filter(|one| *one != Use::NextRoot);
                let uses = uses.iter().map(word).collect::<Option<Vec<Use>>>();
                let uses = uses.ok_or_else(|| bad("there is no key of that use"))?;
                let read = |text: String| {
                    RootPublic::parse(&text).ok_or_else(|| bad("the file is no comity-root/v1"))
                };
                let root = root_public.map(read).transpose()?;
                let issued = self.issue(Rotation {
                    uses,
                    root,
                    new_epoch,
                })?;
                Ok(told(&issued))
            }
            KeyCommand::Revoke { what, reason, from } => {
                self.revoke_key(&what, &reason, from.as_deref())
            }
            KeyCommand::Due { links } => {
                let facts = CardFacts {
                    links,
                    ..CardFacts::default()
                };
                let now = self.clock().now();
                let text = self.link().due_text(self.names(), Some(&facts), now)?;
                Ok(json!({ "sign": text }))
            }
            KeyCommand::Import { note } => self.import_note(&note),
            KeyCommand::ExportRoot { folder } => self.export_root(Path::new(&folder)),
        }
    }

    fn names(&self) -> (&str, &str) {
        let identity = self.identity();
        (&identity.party, &identity.domain)
    }

    fn issue(&self, rotation: Rotation) -> Result<Issued, ExchangeError> {
        let now = self.clock().now();
        let issued = self.link().rotate(self.names(), rotation, now)?;
        if let Issued::Signed(card) = &issued {
            self.announce_card(card)?;
        }
        Ok(issued)
    }

    fn announce_card(&self, card: &SignedCard) -> Result<(), ExchangeError> {
        let card = String::from_utf8_lossy(&card.to_bytes()).into_owned();
        self.announce(Kind::Card, &payload::Card { card })
    }

    /// Tells every verified party, in an envelope of its own.
    fn announce(&self, kind: Kind, said: &impl Serialize) -> Result<(), ExchangeError> {
        let payload = serde_json::to_vec(said).map_err(|error| bad(error.to_string()))?;
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            for row in party::list(tx)? {
                if row.state != VERIFIED {
                    continue;
                }
                let draft = Draft {
                    party: row.name,
                    lane: Lane::Urgent,
                    kind,
                    payload: payload.clone(),
                    due: None,
                };
                self.link().enqueue_in(tx, &draft, now)?;
            }
            Ok::<_, ExchangeError>(())
        })?;
        self.due().tell();
        Ok(())
    }

    /// Revokes; a key that is in force is replaced in the same act. The log begins a new epoch when a key is gone by which
    /// entries or envelopes are believed: what waits is made anew with the new one.
    fn revoke_key(
        &self,
        what: &str,
        reason: &str,
        from: Option<&str>,
    ) -> Result<Value, ExchangeError> {
        let now = self.clock().now();
        let reason = Reason::parse(reason)
            .ok_or_else(|| bad("a reason is compromised, lost, superseded or ceased"))?;
        let subject = match (what, Use::parse(what), VerifierKey::parse(what)) {
            ("party", _, _) => Subject::Party,
            (_, Some(which), _) => Subject::Use(which),
            (_, None, Ok(key)) => Subject::Key(Box::new(key)),
            (_, None, Err(_)) => {
                return Err(bad("name a use, a verifier key, or the word party"));
            }
        };
        let read = |text: &str| {
            let at = Timestamp::parse(text);
            at.map_err(|_| bad("a time looks like 2026-12-08T00:00:00Z"))
        };
        let from = from.map(read).transpose()?;
        let draft = self.link().draft_revocation(&subject, from, reason, now)?;
        let Some(note) = self.link().sign_revocation(&draft)? else {
            return Ok(json!({ "sign": draft.text() }));
        };
        let mut answer = json!({ "revocation": String::from_utf8_lossy(&note) });
        if let Some(which) = self.use_of(&draft.revoked)? {
            let issued = self.issue(Rotation {
                uses: vec![which],
                root: None,
                new_epoch: matches!(which, Use::Log | Use::Envelope),
            })?;
            if let (Some(answer), Value::Object(more)) = (answer.as_object_mut(), told(&issued)) {
                answer.extend(more);
            }
        }
        self.take_own_revocation(&note)?;
        Ok(answer)
    }

    /// The use for which the newest card lists what is revoked.
    fn use_of(&self, revoked: &Revoked) -> Result<Option<Use>, ExchangeError> {
        let Revoked::Key(key) = revoked else {
            return Ok(None);
        };
        let newest = self.inner.state.read(|tx| self.link().own_card(tx))?;
        let newest = newest.ok_or(OwnCardError::NoCard)?;
        let card = newest.card();
        let lists = |keys: &[VerifierKey]| keys.contains(key);
        Ok(if **key == card.root {
            Some(Use::Root)
        } else if **key == card.envelope {
            Some(Use::Envelope)
        } else if lists(&card.log) {
            Some(Use::Log)
        } else if lists(&card.witness) {
            Some(Use::Witness)
        } else {
            None
        })
    }

    fn take_own_revocation(&self, note: &[u8]) -> Result<Revocation, ExchangeError> {
        let now = self.clock().now();
        let read = self.link().import_revocation(note, now)?;
        let revocation = String::from_utf8_lossy(note).into_owned();
        self.announce(Kind::Revocation, &payload::Revocation { revocation })?;
        Ok(read)
    }

    fn import_note(&self, note: &str) -> Result<Value, ExchangeError> {
        let now = self.clock().now();
        if note.starts_with("comity-revocation/") {
            let read = self.take_own_revocation(note.as_bytes())?;
            return Ok(json!({ "revoked": named(&read.revoked) }));
        }
        let card = SignedCard::parse(note.as_bytes()).map_err(OwnCardError::from)?;
        self.link().import_card(&card, now)?;
        self.announce_card(&card)?;
        Ok(json!({ "serial": card.card().serial, "card": note }))
    }

    fn export_root(&self, folder: &Path) -> Result<Value, ExchangeError> {
        let keys = self.link().keys();
        let seeds = keys
            .root_seeds()
            .ok_or_else(|| bad("the root key is not on this machine"))?;
        let domain = &self.identity().domain;
        let public = root_public(domain, &seeds.0, &seeds.1);
        let public = public.ok_or_else(|| bad("the root key cannot be used"))?;
        let link = |error| ExchangeError::Link(crate::link::LinkError::Keys(error));
        make_folder(folder).map_err(link)?;
        write_seed(&folder.join("root.key"), &seeds.0).map_err(link)?;
        write_seed(&folder.join("next-root.key"), &seeds.1).map_err(link)?;
        let _one = self.link().changing();
        let left = keys.leave_root(public.clone()).map_err(link)?;
        self.link().use_keys(left);
        Ok(json!({ "folder": folder.display().to_string(), "public": public.to_string() }))
    }

    fn list_keys(&self) -> Result<Value, ExchangeError> {
        let keys = self.link().keys();
        self.inner.state.read(|tx| {
            let newest = self.link().own_card(tx)?;
            let ring = self.link().own_ring(tx)?;
            let mut rows = Vec::new();
            if let Some(card) = newest.as_ref().map(SignedCard::card) {
                let all = [(Use::Root, vec![&card.root]), (Use::Log, card.log.iter().collect())];
                let more = [
                    (Use::Witness, card.witness.iter().collect()),
                    (Use::Envelope, vec![&card.envelope]),
                ];
                for (which, listed) in all.into_iter().chain(more) {
                    let waits = keys.count(which).1;
                    rows.extend(listed.into_iter().map(|key| {
                        let revoked = ring.as_ref().is_some_and(|ring| ring.is_revoked(key));
                        json!({ "use": which.word(), "key": key.to_string(), "revoked": revoked, "waits": waits })
                    }));
                }
                let (kept, waits) = keys.count(Use::Sealing);
                rows.extend(card.sealing.iter().map(|key| {
                    json!({ "use": "sealing", "key": key.to_string(), "kept": kept, "waits": waits })
                }));
            }
            let revocations = ring.iter().flat_map(KeyRing::revocations);
            let revocations: Vec<Value> = revocations
                .map(|(note, known)| {
                    json!({
                        "revoked": named(&note.revoked), "from": note.from.to_string(),
                        "known": known.to_string(), "reason": note.reason.as_str(),
                    })
                })
                .collect();
            Ok(json!({
                "serial": newest.as_ref().map(|card| card.card().serial),
                "issued": newest.as_ref().map(|card| card.card().issued.to_string()),
                "root_here": keys.root().is_some(), "keys": rows, "revocations": revocations,
            }))
        })
    }

    /// Takes a revocation of another party.
    pub fn accept_revocation(&self, note: &[u8]) -> Result<PartyView, ExchangeError> {
        let read =
            Revocation::parse(note).map_err(|error| bad(comity_store::error::chain(&error)))?;
        let name = read.party.as_str();
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            if party::find(tx, name)?.is_none() {
                return Err(ExchangeError::UnknownParty(name.to_owned()));
            }
            let taken = self.link().take_revocation(tx, name, note, now)?;
            taken.map_err(ExchangeError::Enrolment)
        })?;
        self.inner.rights.forget();
        self.due().tell();
        self.party(name)
    }
}

/// What is revoked, in a word or as the key.
pub(crate) fn named(revoked: &Revoked) -> String {
    match revoked {
        Revoked::Party => "party".to_owned(),
        Revoked::Key(key) => key.to_string(),
    }
}

fn told(issued: &Issued) -> Value {
    match issued {
        Issued::Signed(card) => json!({
            "serial": card.card().serial,
            "card": String::from_utf8_lossy(&card.to_bytes()),
        }),
        Issued::Unsigned(text) => json!({ "sign": text }),
    }
}
