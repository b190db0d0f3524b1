//! Scenarios of exercises: what is pretended to happen when, and what is expected to be done about it.
//!
//! A scenario is a file, in TOML or JSON, that the parties agree on by its hash; injects stand at minutes after the start, by
//! a simulated clock that may run faster than the real one.
//!
//! In scope: the data, reading it from a text, its limits, what is due when. Out of scope: who has the file.
//! Limits: [`SCENARIO_BYTES_MAX`], [`INJECTS_MAX`], [`EXPECTED_MAX`], [`TEXT_BYTES_MAX`], [`SPEED_MAX`].

use comity_accord::party::PartyName;
use serde::{Deserialize, Deserializer};

use crate::history::seconds;

/// A scenario to begin with.
pub const TEMPLATE: &str = include_str!("scenario/template.toml");

/// The largest file of a scenario.
pub const SCENARIO_BYTES_MAX: usize = 256 * 1024;
/// The most injects.
pub const INJECTS_MAX: usize = 200;
/// The most reactions that an inject expects.
pub const EXPECTED_MAX: usize = 20;
/// The longest text.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// The fastest clock: a simulated day in twenty-four real seconds.
pub const SPEED_MAX: u32 = 3_600;
/// The last inject lies within a simulated month.
pub const MINUTES_MAX: u32 = 31 * 1_440;

/// A scenario that was read and keeps the limits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Wire")]
pub struct Scenario {
    title: String,
    clock: Clock,
    injects: Vec<Inject>,
}

/// The simulated clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// What it shows at the start, seconds since 1970.
    pub start: i64,
    /// How many simulated seconds pass in a real one.
    pub speed: u32,
}

/// What is pretended to happen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inject {
    /// Simulated minutes after the start.
    pub after_minutes: u32,
    /// What happens.
    pub text: String,
    /// What is expected to be done.
    #[serde(default)]
    pub expected: Vec<Expected>,
}

/// A reaction that is expected.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// By which party.
    pub by: String,
    /// What.
    pub text: String,
    /// Within how many simulated minutes.
    pub within_minutes: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    title: String,
    clock: WireClock,
    #[serde(default, rename = "inject")]
    injects: Vec<Inject>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireClock {
    #[serde(deserialize_with = "moment")]
    start: String,
    #[serde(default = "real")]
    speed: u32,
}

/// A time as a text, or as TOML writes it without quotes.
fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "start must be a time such as 2026-12-01T08:00:00Z"
    )]
    enum Moment {
        Text(String),
        Time(toml::value::Datetime),
    }
    Ok(match Moment::deserialize(from)? {
        Moment::Text(text) => text,
        Moment::Time(time) => time.to_string(),
    })
}

const fn real() -> u32 {
    1
}

/// Why a scenario cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// Too much of something.
    #[error("the scenario has {count} {what}; the limit is {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How much there is.
        count: usize,
        /// How much may be.
        limit: usize,
    },
    /// The clock cannot run so.
    #[error("the scenario's clock: {0}")]
    Clock(&'static str),
    /// Something says nothing, or something that cannot be.
    #[error("inject {number}: {reason}")]
    Inject {
        /// Its number.
        number: usize,
        /// What is wrong.
        reason: String,
    },
    /// There is nothing to play.
    #[error("the scenario has no {0}")]
    Nothing(&'static str),
    /// Injects are played in their order.
    #[error("inject {0} stands before the one in front of it: order injects by after_minutes")]
    Order(usize),
}

impl TryFrom<Wire> for Scenario {
    type Error = ScenarioError;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let most = |what, count: usize, limit: usize| {
            if count > limit {
                Err(ScenarioError::TooMany { what, count, limit })
            } else {
                Ok(())
            }
        };
        if wire.title.trim().is_empty() {
            return Err(ScenarioError::Nothing("title"));
        }
        if wire.injects.is_empty() {
            return Err(ScenarioError::Nothing("inject"));
        }
        most("injects", wire.injects.len(), INJECTS_MAX)?;
        most("bytes in its title", wire.title.len(), TEXT_BYTES_MAX)?;
        let mut before = 0;
        for (inject, number) in wire.injects.iter().zip(1..) {
            most(
                "expected reactions to an inject",
                inject.expected.len(),
                EXPECTED_MAX,
            )?;
            let minutes = inject.expected.iter().map(|one| one.within_minutes);
            for minutes in minutes.chain([inject.after_minutes]) {
                let minutes = usize::try_from(minutes).unwrap_or(usize::MAX);
                let limit = usize::try_from(MINUTES_MAX).unwrap_or(0);
                most("minutes", minutes, limit)?;
            }
            let texts = inject.expected.iter().map(|one| &one.text);
            for text in texts.chain([&inject.text]) {
                most("bytes in a text", text.len(), TEXT_BYTES_MAX)?;
                if text.trim().is_empty() {
                    let reason = "a text says nothing".to_owned();
                    return Err(ScenarioError::Inject { number, reason });
                }
            }
            let mut named = inject.expected.iter().map(|one| &one.by);
            if let Some(name) = named.find(|name| PartyName::parse(name).is_err()) {
                let reason = format!("{name:?} is no name of a party");
                return Err(ScenarioError::Inject { number, reason });
            }
            if inject.after_minutes < before {
                return Err(ScenarioError::Order(number));
            }
            before = inject.after_minutes;
        }
        let start = seconds(&wire.clock.start);
        if !(1..=SPEED_MAX).contains(&wire.clock.speed) {
            return Err(ScenarioError::Clock("speed must be 1 to 3600"));
        }
        Ok(Self {
            title: wire.title,
            clock: Clock {
                start: start.ok_or(ScenarioError::Clock(
                    "start must be a time such as 2026-12-01T08:00:00Z",
                ))?,
                speed: wire.clock.speed,
            },
            injects: wire.injects,
        })
    }
}

impl Scenario {
    /// Reads a scenario: JSON where it begins with a brace, else TOML. The error names the place.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > SCENARIO_BYTES_MAX {
            return Err(format!(
                "the scenario has {} bytes; the limit is {SCENARIO_BYTES_MAX}",
                text.len()
            ));
        }
        if text.trim_start().starts_with('{') {
            return serde_json::from_str(text).map_err(|error| error.to_string());
        }
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }

    /// A line for lists.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The simulated clock.
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// What is pretended to happen, in order; the first has the number 1.
    pub fn injects(&self) -> &[Inject] {
        &self.injects
    }

    /// What the simulated clock shows at a real time, for an exercise that started at another one.
    pub fn simulated(&self, started: i64, now: i64) -> i64 {
        let real = (now - started).max(0);
        self.clock
            .start
            .saturating_add(real.saturating_mul(i64::from(self.clock.speed)))
    }

    /// When an inject is due by the simulated clock, seconds since 1970.
    pub fn simulated_due(&self, inject: &Inject) -> i64 {
        self.clock
            .start
            .saturating_add(i64::from(inject.after_minutes) * 60)
    }

    /// How many real seconds after the start simulated minutes have passed; a begun second counts whole.
    pub fn real_seconds(&self, minutes: u32) -> i64 {
        let simulated = i64::from(minutes) * 60;
        let speed = i64::from(self.clock.speed);
        (simulated + speed - 1).div_euclid(speed)
    }

    /// How many injects are due at a real time.
    pub fn due(&self, started: i64, now: i64) -> usize {
        let passed = self.simulated(started, now) - self.clock.start;
        let due = |inject: &&Inject| i64::from(inject.after_minutes) * 60 <= passed;
        self.injects.iter().take_while(due).count()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(change: impl Fn(&mut Value)) -> Result<Scenario, String> {
        let mut said = json!({
            "title": "a worm in both territories", "clock": {"start": "2027-01-01T08:00:00Z", "speed": 60},
            "inject": [
                {"after_minutes": 0, "text": "a CERT of a third country calls"},
                {"after_minutes": 30, "text": "samples arrive", "expected": [
                    {"by": "bravo", "text": "a request for analysis", "within_minutes": 60},
                ]},
            ],
        });
        change(&mut said);
        serde_json::from_value(said).map_err(|error| error.to_string())
    }

    #[test]
    fn a_simulated_clock_runs_as_fast_as_agreed() {
        let scenario = read(|_| {}).unwrap();
        assert_eq!(
            scenario.simulated(1_000, 1_010),
            scenario.clock().start + 600
        );
        assert_eq!(
            [999, 1_000, 1_029, 1_030].map(|now| scenario.due(1_000, now)),
            [1, 1, 1, 2]
        );
    }

    #[test]
    fn an_inject_is_due_by_both_clocks() {
        let scenario = read(|_| {}).unwrap();
        let second = &scenario.injects()[1];
        assert_eq!(
            scenario.simulated_due(second),
            scenario.clock().start + 1_800
        );
        assert_eq!(scenario.real_seconds(second.after_minutes), 30);
        assert_eq!(scenario.due(1_000, 1_000 + scenario.real_seconds(30)), 2);
        assert_eq!(
            scenario.due(1_000, 1_000 + scenario.real_seconds(30) - 1),
            1
        );
    }

    #[test]
    fn the_template_is_a_scenario_and_so_is_the_same_in_json() {
        let scenario = Scenario::parse(TEMPLATE).unwrap();
        assert!(scenario.injects().len() >= 3);
        let json = r#" {"title": "x", "clock": {"start": "2027-01-01T08:00:00Z"}, "inject": [{"after_minutes": 0, "text": "y"}]}"#;
        assert_eq!(Scenario::parse(json).unwrap().clock().speed, 1);
        let unquoted = TEMPLATE.replace(
            "start = \"2027-03-01T08:00:00Z\"",
            "start = 2027-03-01T08:00:00Z",
        );
        assert_ne!(unquoted, TEMPLATE);
        assert_eq!(Scenario::parse(&unquoted), Ok(scenario));
    }

    #[test]
    fn an_error_names_its_place() {
        let check = |text: &str, words: &[&str]| {
            let said = Scenario::parse(text).unwrap_err();
            for word in words {
                assert!(said.contains(word), "{word} in {said}");
            }
        };
        check(
            &TEMPLATE.replace("after_minutes = 0", "after_minuts = 0"),
            &["after_minuts", "line"],
        );
        check("{\"title\": 1}", &["line 1", "string"]);
        check("title = \"x\"", &["clock"]);
        check(&"x".repeat(SCENARIO_BYTES_MAX + 1), &["limit"]);
    }

    #[test]
    fn what_cannot_be_played_is_refused_with_the_reason() {
        let check = |change: fn(&mut Value), reason: &str| {
            let said = read(change).unwrap_err();
            assert!(said.contains(reason), "{said}");
        };
        check(|said| said["clock"]["speed"] = json!(0), "speed");
        check(|said| said["clock"]["start"] = json!("tomorrow"), "start");
        check(
            |said| said["inject"][0]["after_minutes"] = json!(31),
            "order",
        );
        check(
            |said| said["inject"][1]["after_minutes"] = json!(50_000),
            "minutes",
        );
        check(|said| said["title"] = json!("x".repeat(20_000)), "title");
        check(|said| said["other"] = json!(1), "other");
        check(|said| said["title"] = json!(" "), "no title");
        check(|said| said["inject"] = json!([]), "no inject");
        check(|said| said["inject"][0]["text"] = json!(""), "says nothing");
        check(
            |said| said["inject"][1]["expected"][0]["by"] = json!("Bravo!"),
            "no name of a party",
        );
        check(
            |said| said["inject"][1]["expected"][0]["within_minutes"] = json!(50_000),
            "minutes",
        );
        check(
            |said| said["inject"] = json!(vec![json!({"after_minutes": 0, "text": "x"}); 201]),
            "injects",
        );
    }
}
