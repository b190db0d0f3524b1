//! An agreement: the signatures of all parties under one accord's text.
//!
//! What is signed is a short note that names the text by its hash, so a signature line fits on a page and the text may travel
//! by any way:
//!
//! ```text
//! comity-accord/v1
//! name alpha-bravo
//! version 2
//! hash <SHA-256 of the text>
//! replaces <SHA-256 of the version before, or "-">
//! party alpha
//! party bravo
//! ```
//!
//! Each party signs it with its root or its envelope key. Nobody signs two texts of one version, nor a version that does not
//! replace the last one agreed.
//!
//! In scope: the note, whose signatures it bears, the life of a version. Out of scope: keys over time (`keys`), reading texts
//! (`text`).
//! Limits: those of a note.

pub mod life;

use comity_ledger::key::{SigningKey, VerifierKey};
use comity_ledger::note::{Note, NoteError, NoteSignature};

use comity_stix::timestamp::Timestamp;

use crate::card::root_hash;
use crate::digest::Digest;
use crate::keys::{KeyRing, KeyUse};
use crate::party::PartyName;
use crate::text::AccordText;

const HEAD: &str = "comity-accord/v1";

/// The text that the parties of an accord sign: a function of the accord's text alone.
pub fn statement(accord: &AccordText) -> String {
    use std::fmt::Write;
    let content = accord.content();
    let replaces = content
        .replaces
        .map_or_else(|| "-".to_owned(), |hash| hash.to_string());
    let mut text = format!(
        "{HEAD}\nname {}\nversion {}\nhash {}\nreplaces {replaces}\n",
        content.name,
        content.version,
        accord.hash()
    );
    for party in &content.parties {
        let _ = writeln!(text, "party {}", party.name);
    }
    text
}

/// An accord's text with the signatures that it has so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    accord: AccordText,
    signatures: Vec<NoteSignature>,
}

impl Agreement {
    /// A text that nobody has signed yet.
    pub const fn new(accord: AccordText) -> Self {
        Self {
            accord,
            signatures: Vec::new(),
        }
    }

    /// The accord.
    pub const fn accord(&self) -> &AccordText {
        &self.accord
    }

    /// Signs it.
    pub fn sign(&mut self, key: &SigningKey) -> Result<(), AgreementError> {
        let signature = key.sign_note(&statement(&self.accord));
        self.take_in(&[signature])
    }

    /// Takes in the signatures of a note about the same text, and says which parties signed it. Only signatures of keys of
    /// `signers` are kept, so nobody can fill the note up; one bad signature under such a key's name refuses the whole note.
    pub fn merge(
        &mut self,
        note: &[u8],
        signers: &[Signer<'_>],
    ) -> Result<Vec<PartyName>, AgreementError> {
        let note = Note::parse(note).map_err(AgreementError::Note)?;
        if note.text() != statement(&self.accord) {
            return Err(AgreementError::OtherText);
        }
        let mut keys = Vec::new();
        for signer in signers {
            keys.extend(self.keys_of(signer)?);
        }
        let parties = self.signed_by(&note, signers)?;
        let known: Vec<_> = note
            .signatures()
            .iter()
            .filter(|signature| keys.iter().any(|key| signature.is_by(key)))
            .collect();
        self.take_in(&known.into_iter().cloned().collect::<Vec<_>>())?;
        Ok(parties)
    }

    fn take_in(&mut self, signatures: &[NoteSignature]) -> Result<(), AgreementError> {
        let mut note = Note::new(statement(&self.accord), self.signatures.clone())
            .map_err(AgreementError::Note)?;
        for signature in signatures {
            note.add(signature.clone()).map_err(AgreementError::Note)?;
        }
        self.signatures = note.signatures().to_vec();
        Ok(())
    }

    /// The note with its signatures; `None` before the first.
    pub fn note(&self) -> Option<Note> {
        let signed = !self.signatures.is_empty();
        let note = signed.then(|| Note::new(statement(&self.accord), self.signatures.clone()));
        note.and_then(Result::ok)
    }

    /// The parties whose signature is there and verifies, in the order of the text. Who is not among `signers` has not signed
    /// as far as this node can know.
    pub fn signed(&self, signers: &[Signer<'_>]) -> Result<Vec<PartyName>, AgreementError> {
        self.note()
            .map_or(Ok(Vec::new()), |note| self.signed_by(&note, signers))
    }

    fn signed_by(
        &self,
        note: &Note,
        signers: &[Signer<'_>],
    ) -> Result<Vec<PartyName>, AgreementError> {
        let mut parties = Vec::new();
        for party in &self.accord.content().parties {
            let Some(signer) = signers.iter().find(|signer| *signer.party() == party.name) else {
                continue;
            };
            match note.verify(&self.keys_of(signer)?) {
                Ok(_) => parties.push(party.name.clone()),
                Err(NoteError::NoKnownSignature) => {}
                Err(error) => return Err(AgreementError::Note(error)),
            }
        }
        Ok(parties)
    }

    /// The keys by which a party may sign; none for a party that the accord does not name.
    fn keys_of(&self, signer: &Signer<'_>) -> Result<Vec<VerifierKey>, AgreementError> {
        let Some(party) = self.accord.party(signer.party()) else {
            return Ok(Vec::new());
        };
        if !signer
            .ring
            .cards()
            .any(|card| root_hash(&card.card().root) == party.root)
        {
            return Err(AgreementError::OtherRoot {
                party: party.name.clone(),
            });
        }
        let uses = [KeyUse::Root, KeyUse::Envelope].into_iter();
        Ok(uses
            .flat_map(|key_use| signer.ring.listed_at(key_use, signer.at))
            .cloned()
            .collect())
    }
}

/// A party that may have signed: its keys, and when its signature arrived here. A key that was retired or revoked later still
/// counts, so an accord stays signed when its parties change keys.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// Its keys.
    pub ring: &'a KeyRing,
    /// When its signature arrived; now, for one that has just come.
    pub at: Timestamp,
}

impl Signer<'_> {
    fn party(&self) -> &PartyName {
        &self.ring.current().card().party
    }
}

/// What a party agreed to last under an accord's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The version.
    pub version: u32,
    /// The hash of its text.
    pub hash: Digest,
}

/// Whether `party` may sign `next`, when `last` was the last version that all parties signed, and `signed` are the
/// versions of the accord that `party` has signed at all. Every version under one name is given; other names do not matter.
pub fn may_sign(
    party: &PartyName,
    next: &AccordText,
    last: Option<Agreed>,
    signed: &[Agreed],
) -> Result<(), SigningRefusal> {
    let content = next.content();
    if next.party(party).is_none() {
        return Err(SigningRefusal::NotAParty {
            party: party.clone(),
        });
    }
    let expected = last.map_or(1, |last| last.version.saturating_add(1));
    if content.version != expected {
        return Err(SigningRefusal::Version {
            expected,
            found: content.version,
        });
    }
    if content.replaces != last.map(|last| last.hash) {
        return Err(SigningRefusal::Replaces {
            expected: last.map_or_else(|| "nothing".to_owned(), |last| last.hash.to_string()),
        });
    }
    let other = signed
        .iter()
        .find(|each| each.version == content.version && each.hash != next.hash());
    match other {
        Some(other) => Err(SigningRefusal::SignedAnother {
            version: other.version,
            hash: other.hash,
        }),
        None => Ok(()),
    }
}

/// Why a party may not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningRefusal {
    /// Not its accord.
    #[error("{party} is no party of this accord; check the names in [[party]]")]
    NotAParty {
        /// Who wants to sign.
        party: PartyName,
    },
    /// A version left out, or repeated.
    #[error("the text is version {found}, but {expected} comes next; count the version anew")]
    Version {
        /// What comes next.
        expected: u32,
        /// What the text says.
        found: u32,
    },
    /// It replaces another text than the one agreed.
    #[error(
        "the text must replace {expected}, the last version that all signed; correct the key replaces"
    )]
    Replaces {
        /// The hash of the last version.
        expected: String,
    },
    /// Another text of the same version is signed.
    #[error(
        "another text of version {version} is signed already, with hash {hash}; agree on that one, or withdraw it with the \
         other parties first"
    )]
    SignedAnother {
        /// The version.
        version: u32,
        /// The hash of the other text.
        hash: Digest,
    },
}

/// Why signatures are not taken in or not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgreementError {
    /// The note cannot be read, or a signature in it is bad.
    #[error(
        "the signatures under the accord cannot be used; ask the other party for its signed note again"
    )]
    Note(#[source] NoteError),
    /// The note is about another text.
    #[error(
        "the note is about another text than this one; compare the hashes of both files, every byte counts"
    )]
    OtherText,
    /// A party whose cards never bore the root key that the accord names.
    #[error(
        "the accord names another root key for {party} than its card; compare the card and the accord by telephone"
    )]
    OtherRoot {
        /// The party.
        party: PartyName,
    },
}

#[cfg(test)]
mod tests {
    use comity_ledger::key::SignatureType;

    use super::*;
    use crate::card::tests::{at, card, key, root, signed};
    use crate::party::Domain;
    use crate::text::template::{Template, TemplateParty, fill};

    fn ring(party: &str, seed: u8) -> KeyRing {
        let mut card = card(party, 1, seed, seed + 1);
        card.envelope = key(
            &format!("{party}.example/envelope"),
            SignatureType::Ed25519,
            seed + 100,
        )
        .verifier();
        card.log = vec![key(card.origin.as_str(), SignatureType::Ed25519, seed + 150).verifier()];
        KeyRing::new(signed(&card, &[seed]))
    }

    fn name(text: &str) -> PartyName {
        PartyName::parse(text).unwrap()
    }

    fn accord(edit: impl Fn(String) -> String) -> AccordText {
        let (alpha, bravo) = (name("alpha"), name("bravo"));
        let domain = Domain::parse("a.example").unwrap();
        let party = |name, seed| TemplateParty {
            name,
            root: root_hash(&root(seed).verifier()),
            domain: &domain,
        };
        let effective = Timestamp::parse("2026-12-01T00:00:00Z").unwrap();
        let text = fill(
            Template::Mutual,
            &party(&alpha, 1),
            &party(&bravo, 11),
            effective,
        );
        AccordText::parse(&edit(text)).unwrap()
    }

    fn agreed(accord: &AccordText) -> Agreed {
        Agreed {
            version: accord.content().version,
            hash: accord.hash(),
        }
    }

    fn signer(ring: &KeyRing) -> Signer<'_> {
        Signer {
            ring,
            at: at("2026-12-05T00:00:00Z"),
        }
    }

    #[test]
    fn each_party_signs_with_its_root_or_its_envelope_key() {
        let (alpha, bravo) = (ring("alpha", 1), ring("bravo", 11));
        let signers = [signer(&alpha), signer(&bravo)];
        let mut one = Agreement::new(accord(|text| text));
        assert_eq!(one.signed(&signers), Ok(vec![]));
        one.sign(&root(1)).unwrap();
        assert_eq!(one.signed(&signers), Ok(vec![name("alpha")]));
        let mut two = Agreement::new(accord(|text| text));
        two.sign(&key("bravo.example/envelope", SignatureType::Ed25519, 111))
            .unwrap();
        let note = one.note().unwrap().to_string();
        assert_eq!(
            two.merge(note.as_bytes(), &signers),
            Ok(vec![name("alpha")])
        );
        assert_eq!(
            two.merge(note.as_bytes(), &signers),
            Ok(vec![name("alpha")])
        );
        assert_eq!(two.note().unwrap().signatures().len(), 2);
        assert_eq!(two.signed(&signers), Ok(vec![name("alpha"), name("bravo")]));
        assert_eq!(
            two.signed(&[signer(&bravo)]),
            Ok(vec![name("bravo")]),
            "without its card nobody has signed"
        );
    }

    #[test]
    fn an_accord_stays_signed_when_keys_change() {
        let mut alpha = ring("alpha", 1);
        let mut agreement = Agreement::new(accord(|text| text));
        agreement
            .sign(&key("alpha.example/envelope", SignatureType::Ed25519, 101))
            .unwrap();
        let mut next = alpha.current().card().clone();
        next.serial = 2;
        next.root = root(2).verifier();
        next.next_root = root_hash(&root(3).verifier());
        next.issued = at("2026-12-06T00:00:00Z");
        next.envelope = key("alpha.example/envelope", SignatureType::Ed25519, 200).verifier();
        alpha
            .succeed(signed(&next, &[2]), at("2026-12-06T00:00:00Z"))
            .unwrap();
        let arrived = |at| Signer { ring: &alpha, at };
        assert_eq!(agreement.signed(&[signer(&alpha)]), Ok(vec![name("alpha")]));
        assert_eq!(
            agreement.signed(&[arrived(at("2026-12-07T00:00:00Z"))]),
            Ok(vec![]),
            "a retired key signs nothing new"
        );
    }

    #[test]
    fn signatures_of_another_text_or_by_other_keys_do_not_count() {
        let alpha = ring("alpha", 1);
        let mut one = Agreement::new(accord(|text| text));
        let mut other = one.clone();
        other
            .sign(&key("alpha.example/log", SignatureType::Ed25519, 151))
            .unwrap();
        let note = other.note().unwrap().to_string();
        assert_eq!(
            one.merge(note.as_bytes(), &[signer(&alpha)]),
            Ok(vec![]),
            "the log key signs checkpoints only"
        );
        assert_eq!(one.note(), None, "and its signature is not kept");
        let mut signed = Agreement::new(accord(|text| text + "# more\n"));
        signed.sign(&root(1)).unwrap();
        let note = signed.note().unwrap().to_string();
        assert_eq!(
            one.merge(note.as_bytes(), &[signer(&alpha)]),
            Err(AgreementError::OtherText)
        );
        assert!(matches!(
            one.merge(b"no note", &[signer(&alpha)]),
            Err(AgreementError::Note(_))
        ));
        let stranger = ring("alpha", 21);
        let wanted = AgreementError::OtherRoot {
            party: name("alpha"),
        };
        assert_eq!(other.signed(&[signer(&stranger)]), Err(wanted));
    }

    #[test]
    fn a_bad_signature_refuses_its_note_and_leaves_the_rest() {
        let alpha = ring("alpha", 1);
        let mut good = Agreement::new(accord(|text| text));
        good.sign(&root(1)).unwrap();
        let forged = root(1).sign_note("other\n").to_string();
        let bad = format!("{}\n{forged}", statement(good.accord()));
        let before = good.clone();
        let error = good.merge(bad.as_bytes(), &[signer(&alpha)]).unwrap_err();
        assert!(matches!(
            error,
            AgreementError::Note(NoteError::BadSignature { .. })
        ));
        assert_eq!(good, before);
    }

    #[test]
    fn a_version_replaces_the_one_agreed_or_is_not_signed() {
        let first = accord(|text| text);
        let next = |version: u32, hash: Digest| {
            accord(|text| {
                text.replacen(
                    "version = 1",
                    &format!("version = {version}\nreplaces = \"{hash}\""),
                    1,
                )
            })
        };
        let check = |accord: &AccordText,
                     last: Option<&AccordText>,
                     signed: &[Agreed],
                     wanted: Result<(), &str>| {
            let found = may_sign(&name("alpha"), accord, last.map(agreed), signed);
            match wanted {
                Ok(()) => assert_eq!(found, Ok(())),
                Err(start) => assert!(found.unwrap_err().to_string().starts_with(start)),
            }
        };
        let second = next(2, first.hash());
        check(&first, None, &[], Ok(()));
        check(&first, None, &[agreed(&first)], Ok(()));
        check(&second, Some(&first), &[agreed(&first)], Ok(()));
        check(
            &second,
            None,
            &[],
            Err("the text is version 2, but 1 comes next"),
        );
        check(
            &first,
            Some(&first),
            &[],
            Err("the text is version 1, but 2 comes next"),
        );
        check(
            &next(2, Digest::of(b"other")),
            Some(&first),
            &[],
            Err("the text must replace"),
        );
        let rival = accord(|text| text + "# rival\n");
        check(
            &first,
            None,
            &[agreed(&rival)],
            Err("another text of version 1 is signed already"),
        );
        let stranger = may_sign(&name("charlie"), &first, None, &[]);
        assert_eq!(
            stranger,
            Err(SigningRefusal::NotAParty {
                party: name("charlie")
            })
        );
    }
}
