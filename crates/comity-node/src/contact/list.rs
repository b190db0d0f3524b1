//! Points of contact as they stand: those that the accords and profiles name, each with when it was verified, when somebody
//! answered last, and a colour.
//!
//! A contact is green while its last verification is younger than agreed (180 days without an agreement), amber in the last thirty
//! days of that, and red after; one that was never verified is amber until it turns red, and so is one whose newest check nobody
//! answered in time. Who is not valid any more is red.
//!
//! In scope: own contacts and those of others, from one list. Out of scope: checks one by one (`check`).

use comity_accord::party::PartyName;
use comity_accord::profile;
use comity_accord::text::AccordText;
use comity_accord::text::commitment::{CommitmentKind, ParameterValue, Side as Promised};
use comity_accord::text::contact::{Hours, Role};
use comity_case::check::{
    Check, FRESH_SECONDS, Freshness, State, answer_seconds, freshness_within,
};
use comity_case::history::stamp;
use comity_case::table::Word as _;
use comity_store::state::Tx;
use serde_json::{Value, json};

use crate::contact::check::checks;
use crate::contact::profile::name;
use crate::contact::{ContactError, seconds};
use crate::node::Node;

const DAY: i64 = 86_400;

/// A contact as an accord or a profile names it.
struct Named<'a> {
    role: Role,
    name: Option<&'a str>,
    email: Option<&'a str>,
    phone: Option<&'a str>,
    hours: Hours,
    time_zone: &'a str,
    languages: &'a [String],
    standing: &'static str,
    from: i64,
    until: Option<i64>,
    /// What the profile adds: holidays and the key.
    more: Option<&'a profile::Contact>,
    source: &'static str,
}

/// What checks say of a contact.
#[derive(Default)]
struct Seen {
    verified: Option<i64>,
    answered: Option<(i64, String, i64)>,
    /// When the newest check was sent, and whether nobody answered it in time.
    newest: Option<(i64, bool)>,
    checks: u64,
    unanswered: u64,
}

impl Node {
    /// Every point of contact of this party and its partners, or with one partner.
    pub(crate) fn contacts(&self, party: Option<&str>) -> Result<Vec<Value>, ContactError> {
        let parties = match party {
            Some(party) => vec![party.to_owned()],
            None => self.partners()?,
        };
        let now = self.clock().now();
        let lines = self.inner.state.read(|tx| {
            let mut lines = Vec::new();
            for party in &parties {
                let accord = self.in_force(tx, party, now)?;
                if let Some(accord) = accord {
                    lines.extend(self.with_party(tx, &accord, party)?);
                }
            }
            Ok::<_, ContactError>(lines)
        })?;
        if let (Some(party), true) = (party, lines.is_empty()) {
            let party = name(party)?;
            return Err(crate::exchange::ExchangeError::NoAccord(party.to_string()).into());
        }
        Ok(lines)
    }

    fn with_party(
        &self,
        tx: &mut dyn Tx,
        accord: &AccordText,
        party: &str,
    ) -> Result<Vec<Value>, ContactError> {
        let (own, other) = (self.own_name()?, name(party)?);
        let checks: Vec<Check> = checks(tx, Some(party))?
            .into_iter()
            .map(|held| held.check)
            .collect();
        let profiles = [self.own_profile(tx)?, self.profile_of(tx, party)?];
        let now = self.now_seconds();
        let mut lines = Vec::new();
        let sides = [&own, &other].into_iter().zip(profiles);
        for ((whose, known), designated) in sides.zip(self.designated(tx, party)?) {
            let fresh = agreed_age(accord, whose);
            let told: &[profile::Contact] = known
                .as_ref()
                .map_or(&[], |known| &known.profile.content().contacts);
            for named in named(accord, whose, told) {
                let seen = seen(&checks, whose, named.role.as_str(), now);
                let mut line = document(&named, &seen, (fresh, now));
                if let Some(members) = line.as_object_mut() {
                    members.insert("party".to_owned(), Value::from(whose.as_str()));
                    members.insert("designated".to_owned(), Value::from(designated.clone()));
                    members.insert("with".to_owned(), Value::from(party));
                    members.insert("ours".to_owned(), Value::from(*whose == own));
                    members.insert(
                        "accord".to_owned(),
                        Value::from(accord.content().name.as_str()),
                    );
                }
                lines.push(line);
            }
        }
        Ok(lines)
    }
}

/// Contacts of the accord, then those that the profile alone names.
fn named<'a>(
    accord: &'a AccordText,
    whose: &PartyName,
    told: &'a [profile::Contact],
) -> Vec<Named<'a>> {
    let content = accord.content();
    let of_accord = content.contacts.iter().filter(|one| one.party == *whose);
    let same = |one: &profile::Contact, role: Role, email: Option<&str>, phone: Option<&str>| {
        let reached = one.email.as_deref() == email || one.phone.as_deref() == phone;
        one.role == role && reached
    };
    let mut all: Vec<Named<'a>> = of_accord
        .map(|one| Named {
            role: one.role,
            name: one.name.as_deref(),
            email: one.email.as_deref(),
            phone: one.phone.as_deref(),
            hours: one.hours,
            time_zone: &one.time_zone,
            languages: &one.languages,
            standing: one.standing.as_str(),
            from: seconds(one.valid_from.unwrap_or(content.effective)),
            until: one.valid_until.map(seconds),
            more: told
                .iter()
                .find(|told| same(told, one.role, one.email.as_deref(), one.phone.as_deref())),
            source: "accord",
        })
        .collect();
    let known = all.len();
    for one in told {
        let there = all
            .iter()
            .take(known)
            .any(|named| same(one, named.role, named.email, named.phone));
        if !there {
            all.push(Named {
                role: one.role,
                name: one.name.as_deref(),
                email: one.email.as_deref(),
                phone: one.phone.as_deref(),
                hours: one.hours,
                time_zone: &one.time_zone,
                languages: &one.languages,
                standing: "",
                from: one.valid_from.map_or(seconds(content.effective), seconds),
                until: one.valid_until.map(seconds),
                more: Some(one),
                source: "profile",
            });
        }
    }
    all
}

/// For how long a party promised its contacts to be verified.
fn agreed_age(accord: &AccordText, by: &PartyName) -> i64 {
    let promised = |side: &Promised| match side {
        Promised::Each => true,
        Promised::Party(party) => party == by,
    };
    let commitments = accord.content().commitments.iter();
    let days = commitments
        .filter(|one| one.kind == CommitmentKind::ContactFreshness && promised(&one.by))
        .filter_map(|one| match one.parameters.get("days") {
            Some(ParameterValue::Number(days)) => Some(i64::from(*days) * DAY),
            Some(ParameterValue::Word(_)) | None => None,
        });
    days.min().unwrap_or(FRESH_SECONDS)
}

/// What checks of a contact came to.
fn seen(checks: &[Check], whose: &PartyName, contact: &str, now: i64) -> Seen {
    let mut seen = Seen::default();
    let of_contact = checks
        .iter()
        .filter(|check| check.opening.responder == *whose && check.contact == contact);
    for check in of_contact {
        seen.checks += 1;
        let unanswered = check.state_at(now) == State::Expired;
        seen.unanswered += u64::from(unanswered);
        if let Some((_, at)) = check.verified() {
            seen.verified = seen.verified.max(Some(at));
        }
        if let Some((at, officer, _)) = &check.answered
            && seen.answered.as_ref().is_none_or(|(last, _, _)| last < at)
        {
            let took = answer_seconds(check).unwrap_or_default();
            seen.answered = Some((*at, officer.clone(), took));
        }
        let settled = check.answered.is_some() || unanswered;
        // Of two that were sent in one second the silent one counts.
        if settled {
            seen.newest = seen.newest.max(Some((check.sent.0, unanswered)));
        }
    }
    seen
}

/// The colour, and why it is no green.
fn colour(named: &Named<'_>, seen: &Seen, (fresh, now): (i64, i64)) -> (Freshness, &'static str) {
    if named.until.is_some_and(|until| until <= now) {
        return (Freshness::Red, "not valid any more");
    }
    let by_age = freshness_within(fresh, seen.verified.unwrap_or(named.from), now);
    let silent = seen.newest.is_some_and(|(_, unanswered)| unanswered);
    match (by_age, seen.verified) {
        (Freshness::Red, None) => (Freshness::Red, "never verified, and overdue"),
        (Freshness::Red, Some(_)) => (Freshness::Red, "verification overdue"),
        (_, None) => (Freshness::Amber, "never verified"),
        (Freshness::Amber, Some(_)) => (Freshness::Amber, "verification ends soon"),
        (Freshness::Green, Some(_)) if silent => (
            Freshness::Amber,
            "the newest check was not answered in time",
        ),
        (Freshness::Green, Some(_)) => (Freshness::Green, ""),
    }
}

fn document(named: &Named<'_>, seen: &Seen, (fresh, now): (i64, i64)) -> Value {
    let (colour, reason) = colour(named, seen, (fresh, now));
    let left = seen.verified.unwrap_or(named.from) + fresh - now;
    let answered = seen.answered.as_ref();
    json!({
        "contact": named.role.as_str(), "name": named.name, "email": named.email, "phone": named.phone,
        "standing": named.standing, "hours": named.hours.to_string(), "time_zone": named.time_zone,
        "languages": named.languages, "source": named.source,
        "key": named.more.and_then(|more| more.key.clone()),
        "holidays": named.more.map(|more| more.holidays.clone()).unwrap_or_default(),
        "valid_from": stamp(named.from), "valid_until": named.until.map(stamp),
        "verified": seen.verified.map(stamp), "verify_days": fresh / DAY, "days_left": left.div_euclid(DAY),
        "answered": answered.map(|(at, _, _)| stamp(*at)), "answered_by": answered.map(|(_, by, _)| by.clone()),
        "answer_seconds": answered.map(|(_, _, took)| *took), "checks": seen.checks, "unanswered": seen.unanswered,
        "colour": colour.word(), "reason": reason,
    })
}
