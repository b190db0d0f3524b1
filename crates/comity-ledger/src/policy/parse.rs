//! Reading a policy file, line by line.
//!
//! In scope: the syntax, and that names are defined before they are used. Out of scope: judging (`policy`).

use std::collections::{BTreeSet, HashMap};

use super::{Group, LINES_MAX, Log, Member, POLICY_BYTES_MAX, Policy, PolicyError, Witness};
use crate::encoding::from_decimal;
use crate::key::{SignatureType, VerifierKey};

pub(super) fn parse(bytes: &[u8]) -> Result<Policy, PolicyError> {
    if bytes.len() > POLICY_BYTES_MAX {
        let bytes = bytes.len();
        return Err(PolicyError::TooLong { bytes });
    }
    let body = bytes.strip_suffix(b"\n").ok_or(PolicyError::CutShort)?;
    let mut reader = Reader::default();
    for (index, text) in body.split(|byte| *byte == b'\n').enumerate() {
        let line = index + 1;
        let control = |byte: &u8| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f;
        if text.iter().any(control) {
            return Err(PolicyError::ControlCharacter { line });
        }
        let items = text.split(|byte| matches!(byte, b' ' | b'\t'));
        let items: Vec<&[u8]> = items.filter(|item| !item.is_empty()).collect();
        reader.line(line, &items)?;
    }
    Ok(Policy {
        logs: reader.logs,
        witnesses: reader.witnesses,
        groups: reader.groups,
        quorum: match reader.quorum.ok_or(PolicyError::NotOneQuorum)? {
            Quorum::Nobody => None,
            Quorum::Of(member) => Some(member),
        },
    })
}

#[derive(Default)]
struct Reader {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Quorum>,
    names: HashMap<Vec<u8>, Member>,
    in_groups: BTreeSet<Member>,
}

/// What the quorum line says.
enum Quorum {
    Nobody,
    Of(Member),
}

impl Reader {
    fn line(&mut self, line: usize, items: &[&[u8]]) -> Result<(), PolicyError> {
        match items {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key, url @ ..] if url.len() <= 1 => self.log(line, key, url),
            [b"witness", name, key, url @ ..] if url.len() <= 1 => {
                let member = Member::Witness(self.witnesses.len());
                self.define(line, name, member)?;
                self.witness(line, name, key, url)
            }
            [b"group", name, threshold, members @ ..] if !members.is_empty() => {
                let group = self.group(line, name, threshold, members)?;
                self.define(line, name, Member::Group(self.groups.len()))?;
                self.groups.push(group);
                Ok(())
            }
            [b"quorum", name] => {
                let quorum = if *name == b"none" {
                    Quorum::Nobody
                } else {
                    Quorum::Of(self.member(line, name)?)
                };
                if self.quorum.replace(quorum).is_some() {
                    return Err(PolicyError::NotOneQuorum);
                }
                Ok(())
            }
            _ => Err(PolicyError::BadLine { line }),
        }
    }

    fn log(&mut self, line: usize, key: &[u8], url: &[&[u8]]) -> Result<(), PolicyError> {
        let key = read_key(line, key)?;
        let known = self.logs.iter().map(|log| &log.key);
        check_new(line, &key, known)?;
        let url = url.first().map(|url| url.to_vec());
        self.logs.push(Log { key, url });
        Ok(())
    }

    fn witness(
        &mut self,
        line: usize,
        name: &[u8],
        key: &[u8],
        url: &[&[u8]],
    ) -> Result<(), PolicyError> {
        let key = read_key(line, key)?;
        match key.signature_type() {
            SignatureType::CosignatureEd25519 | SignatureType::CosignatureMlDsa44 => {}
            SignatureType::Ed25519 | SignatureType::Other(_) => {
                return Err(PolicyError::NotAWitnessKey { line });
            }
        }
        let known = self.witnesses.iter().map(|witness| &witness.key);
        check_new(line, &key, known)?;
        self.witnesses.push(Witness {
            name: name.to_vec(),
            key,
            url: url.first().map(|url| url.to_vec()),
        });
        Ok(())
    }

    fn group(
        &mut self,
        line: usize,
        name: &[u8],
        threshold: &[u8],
        names: &[&[u8]],
    ) -> Result<Group, PolicyError> {
        if self.groups.len() == LINES_MAX {
            return Err(PolicyError::TooMany { line });
        }
        let mut members = Vec::new();
        for name in names {
            let member = self.member(line, name)?;
            if !self.in_groups.insert(member) {
                return Err(PolicyError::MemberTwice { line });
            }
            members.push(member);
        }
        let number = |text: &[u8]| {
            let number = from_decimal(std::str::from_utf8(text).ok()?)?;
            let number = usize::try_from(number).ok()?;
            (1..=members.len()).contains(&number).then_some(number)
        };
        let threshold = match threshold {
            b"any" => 1,
            b"all" => members.len(),
            other => number(other).ok_or(PolicyError::BadThreshold { line })?,
        };
        Ok(Group {
            name: name.to_vec(),
            threshold,
            members,
        })
    }

    fn define(&mut self, line: usize, name: &[u8], member: Member) -> Result<(), PolicyError> {
        if name == b"none" || self.names.insert(name.to_vec(), member).is_some() {
            return Err(PolicyError::NameTaken { line });
        }
        Ok(())
    }

    fn member(&self, line: usize, name: &[u8]) -> Result<Member, PolicyError> {
        let member = self.names.get(name).copied();
        member.ok_or(PolicyError::UnknownName { line })
    }
}

fn read_key(line: usize, text: &[u8]) -> Result<VerifierKey, PolicyError> {
    let text = std::str::from_utf8(text).map_err(|_| PolicyError::BadKey {
        line,
        source: crate::key::KeyError::Malformed,
    })?;
    VerifierKey::parse(text).map_err(|source| PolicyError::BadKey { line, source })
}

/// Two keys are duplicates if the public key is the same, whatever their names and types.
fn check_new<'a>(
    line: usize,
    key: &VerifierKey,
    known: impl ExactSizeIterator<Item = &'a VerifierKey>,
) -> Result<(), PolicyError> {
    if known.len() == LINES_MAX {
        return Err(PolicyError::TooMany { line });
    }
    let mut known = known;
    if known.any(|known| known.public_key() == key.public_key()) {
        return Err(PolicyError::DuplicateKey { line });
    }
    Ok(())
}
