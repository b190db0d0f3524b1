//! Judging a mail: who sent it as far as that is sure, whether it came before, and what is to become of each thing in it.
//!
//! In scope: deciding. Out of scope: doing it (`acting`), recording it (`record`).

use comity_mail::assurance::{Assurance, Evidence, Level, Party, assess};
use comity_mail::authentication::{Authentication, Dkim};
use comity_mail::carried::Carried;
use comity_mail::reading::Fields;
use comity_mail::token::{AddressId, Purpose};
use comity_store::state::Tx;
use comity_store::state::address::{self, AddressRow, Mark};
use comity_store::state::mail::{self, MailRow};

use super::opened::{DkimMark, Keyring, Unfolded};
use super::parties::Writer;
use super::table::{Act, At, Kind, act};
use crate::mail::MailError;
use crate::mail::certificates::certificates;
use crate::node::Node;

/// A recipient of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct To {
    /// What the address is for.
    pub(super) at: At,
    /// The party that it was given to.
    pub(super) party: Option<String>,
    /// The address, where it was given to one.
    pub(super) row: Option<AddressRow>,
    /// What it is here.
    pub(super) known_as: String,
}

impl To {
    /// The number of the address.
    pub(super) fn number(&self) -> Option<AddressId> {
        self.row.as_ref().and_then(|row| AddressId::of(&row.id))
    }

    /// The thread that the address is about.
    pub(super) fn thread(&self) -> Option<&str> {
        let thread = self.row.as_ref().map(|row| row.thread.as_str());
        thread.filter(|thread| !thread.is_empty())
    }
}

/// A mail that was judged.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) row: MailRow,
    /// Those of its recipients for whom it is new.
    pub(super) to: Vec<To>,
    pub(super) unfolded: Unfolded,
    pub(super) assurance: Assurance,
    /// The party that sent it; it is one that is registered.
    pub(super) writer: Option<Writer>,
    /// It came before to each of its addresses.
    pub(super) duplicate: bool,
    /// Digests of the signatures that make it what it is.
    pub(super) signatures: Vec<[u8; 32]>,
    /// What is to become of each thing that it carries, in their order.
    pub(super) planned: Vec<Planned>,
}

/// What is to become of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) kind: Kind,
    pub(super) act: Act,
    /// An index of [`Judged::to`]: at which address.
    pub(super) to: usize,
}

impl Judged {
    /// Why the whole mail is set aside.
    pub(super) fn aside(&self) -> Option<String> {
        if self.assurance.address_leaked {
            let owner = self.to.iter().find_map(|to| to.party.as_deref());
            let owner = owner.unwrap_or("another party");
            return Some(format!(
                "address leaked? it was given to {owner}, and another one wrote; consider `comity address revoke`"
            ));
        }
        let (planned, one) = self
            .planned
            .iter()
            .zip(&self.unfolded.carried)
            .find(|(planned, _)| planned.act == Act::Aside)?;
        let at = self.to.get(planned.to).map_or("this", |to| to.at.word());
        let name = self.unfolded.name(one);
        let known = act(
            self.to.get(planned.to).map_or(At::Open, |to| to.at),
            Level::L3,
            planned.kind,
            false,
        );
        Some(if known == Act::Aside {
            format!(
                "{name}: {} are not for the {at} address that it came to",
                planned.kind.words()
            )
        } else {
            format!(
                "{name}: anybody may have sent it; `comity mail again` once a certificate is registered"
            )
        })
    }

    /// The domain and address to which an answer goes: where the party asks for it, else the sender.
    pub(super) fn answer_to(&self) -> String {
        let fields = &self.unfolded.opened.content.fields;
        let domains = self.writer.as_ref().map(|writer| &writer.domains);
        let own = |domain: &str| {
            let among = |known: &Vec<String>| known.iter().any(|one| one == domain);
            domain == fields.from.domain() || domains.is_some_and(among)
        };
        // Anywhere else it could be somebody who never wrote.
        match fields.reply_to.as_slice() {
            [one] if own(&one.domain()) => one.address.clone(),
            _ => fields.from.address.clone(),
        }
    }
}

/// The recipients of a mail.
pub(super) fn recipients_of(tx: &mut dyn Tx, mail: &str) -> Result<Vec<To>, MailError> {
    let mut all = Vec::new();
    for one in mail::recipients(tx, mail)? {
        let number = AddressId::parse(&one.known_as);
        let row = match number.filter(|id| id.to_string() == one.known_as) {
            Some(id) => address::find(tx, id.as_bytes())?,
            None => None,
        };
        let purpose = row.as_ref().and_then(|row| Purpose::parse(&row.purpose));
        all.push(To {
            at: purpose.map_or(At::Open, At::Given),
            party: one
                .party
                .or_else(|| row.as_ref().map(|row| row.party.clone())),
            row,
            known_as: one.known_as,
        });
    }
    Ok(all)
}

impl Node {
    /// With what mails are opened, and who can have written them.
    pub(super) fn keyring(&self) -> Result<(Keyring, Vec<Writer>), MailError> {
        let (certificates, writers) = self.inner.state.read(|tx| {
            let certificates = certificates(tx, None)?;
            let writers = self.writers(tx, &certificates)?;
            Ok::<_, MailError>((certificates, writers))
        })?;
        let mut domains: Vec<String> = writers
            .iter()
            .flat_map(|writer| writer.domains.clone())
            .collect();
        domains.extend(self.own_mail_domains());
        let keyring = Keyring {
            keys: self.mail_keys(),
            certificates,
            domains,
            now: self.now_seconds(),
        };
        Ok((keyring, writers))
    }

    /// Judges a mail that was opened.
    pub(super) fn judge(
        &self,
        row: MailRow,
        unfolded: Unfolded,
        authentication: &Authentication,
        writers: &[Writer],
    ) -> Result<Judged, MailError> {
        let all = self.inner.state.read(|tx| recipients_of(tx, &row.id))?;
        let own = self.own_mail_domains();
        let assurance = assured(
            &unfolded,
            authentication,
            (writers, &own, &all),
            self.now_seconds(),
        );
        let signatures = signatures(&unfolded, authentication, self.now_seconds());
        let (to, duplicate) = self.inner.state.read(|tx| {
            let before = comity_store::state::judged::find(tx, &row.id)?.is_some();
            let mut fresh = Vec::new();
            for one in &all {
                if before || is_new(tx, one, &marks(&unfolded, &signatures))? {
                    fresh.push(one.clone());
                }
            }
            let none = fresh.is_empty();
            Ok::<_, MailError>((
                if none { all.clone() } else { fresh },
                none && !all.is_empty(),
            ))
        })?;
        let party = assurance.party.as_deref();
        let writer = writers
            .iter()
            .find(|writer| Some(writer.id.as_str()) == party);
        let active = writer.is_some_and(|writer| writer.active);
        let plan = |one: &Carried| planned(one, &to, assurance.level, active);
        let planned = unfolded.carried.iter().map(plan).collect();
        Ok(Judged {
            row,
            unfolded,
            writer: writer.cloned(),
            assurance,
            duplicate,
            signatures,
            planned,
            to,
        })
    }
}

/// How sure it is who sent it, for whichever of its addresses says most; an address that leaked counts for all.
fn assured(
    unfolded: &Unfolded,
    authentication: &Authentication,
    (writers, own, to): (&[Writer], &[String], &[To]),
    now: i64,
) -> Assurance {
    let lists: Vec<(Vec<&str>, Vec<&str>)> = writers
        .iter()
        .map(|one| {
            let domains = one.domains.iter().map(String::as_str).collect();
            (
                domains,
                one.fingerprints.iter().map(String::as_str).collect(),
            )
        })
        .collect();
    let parties: Vec<Party<'_>> = writers
        .iter()
        .zip(&lists)
        .map(|(one, (domains, fingerprints))| Party {
            id: &one.id,
            domains,
            fingerprints,
        })
        .collect();
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let outer = unfolded.outer.from.domain();
    let of = |address_of: Option<&str>| {
        assess(&Evidence {
            authentication: Some(authentication),
            address_of,
            parties: &parties,
            own_domains: &own,
            ..Evidence::of(&unfolded.opened, &outer, now)
        })
    };
    let mut best = of(None);
    for (place, one) in to.iter().enumerate() {
        let found = of(one.party.as_deref());
        let leaked = best.address_leaked || found.address_leaked;
        if place == 0 || found.level > best.level || found.address_leaked && !best.address_leaked {
            best = found;
        }
        best.address_leaked = leaked;
    }
    best
}

/// Whether a mail is new to an address. A mailbox for everybody keeps no such list.
pub(super) fn is_new(tx: &mut dyn Tx, to: &To, marks: &[Mark<'_>]) -> Result<bool, MailError> {
    let Some(row) = &to.row else {
        return Ok(true);
    };
    for mark in marks {
        if !address::is_new(tx, &row.id, mark)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The signatures that tell a mail from others. A DKIM signature that does not count may be copied from another mail, and would make
/// that one a copy of this.
fn signatures(unfolded: &Unfolded, said: &Authentication, now: i64) -> Vec<[u8; 32]> {
    let marks = &unfolded.marks;
    let counts = |mark: &&DkimMark| {
        let named = |one: &Dkim| one.domain == mark.domain && one.selector == mark.selector;
        let mut all = said.dkim.iter().filter(|one| named(one)).peekable();
        all.peek().is_some() && all.all(|one| one.worth(now).counts())
    };
    let dkim = marks.dkim.iter().filter(counts).map(|mark| mark.digest);
    marks.signed.into_iter().chain(dkim).collect()
}

/// What tells a mail from others: once without a signature, and for each of its signatures.
pub(super) fn marks<'m>(unfolded: &'m Unfolded, signatures: &'m [[u8; 32]]) -> Vec<Mark<'m>> {
    let marks = &unfolded.marks;
    let mark = |signature| Mark {
        message_id: &marks.message_id,
        signature,
        body: &marks.body,
    };
    let signed = signatures.iter().map(|one| mark(one.as_slice()));
    signed.chain([mark(&[][..])]).collect()
}

/// What is to become of something that a mail carries: at whichever address lets it do most. At one for exercises nothing else counts.
fn planned(one: &Carried, to: &[To], level: Level, known: bool) -> Planned {
    let kind = Kind::of(&one.what);
    let exercise = to.iter().any(|to| to.at == At::Given(Purpose::Exercise));
    let mut best = Planned {
        kind,
        act: Act::Show,
        to: 0,
    };
    let mut first = true;
    for (place, at) in to.iter().enumerate() {
        if exercise && at.at != At::Given(Purpose::Exercise) {
            continue;
        }
        let mut act = act(at.at, level, kind, one.within);
        // Of somebody who is no party, or with whom the exchange rests, nothing enters and nothing is proposed; envelopes are judged
        // where they are taken.
        let enters = matches!(act, Act::Propose | Act::Take) && kind != Kind::Envelopes;
        if enters && !known {
            act = Act::Show;
        }
        if first || rank(act) > rank(best.act) {
            best = Planned {
                kind,
                act,
                to: place,
            };
            first = false;
        }
    }
    best
}

fn rank(act: Act) -> u8 {
    match act {
        Act::Aside => 0,
        Act::Show => 1,
        Act::Tell => 2,
        Act::Propose => 3,
        Act::Settle => 4,
        Act::Take => 5,
    }
}

/// The label of a mail, and what its fields say, for what follows.
pub(super) fn subject_of(fields: &Fields) -> &str {
    if fields.subject.is_empty() {
        "(no subject)"
    } else {
        &fields.subject
    }
}
