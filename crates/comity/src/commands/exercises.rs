//! `comity exercise`.
//!
//! In scope: scenario files, one call of the node for each act. Out of scope: what may be done when, playing (`comity-node`).

mod page;
mod shown;

use std::path::Path;

use comity_accord::digest::Digest;
use comity_case::scenario::{Scenario, TEMPLATE};
use comity_node::case::command::CaseCommand;
use comity_node::case::exercises::command::{ExerciseCommand as Asked, Proposal};
use serde_json::{Value, json};

use crate::cli::Json;
use crate::cli::act::Act;
use crate::cli::exercise::{ExerciseAct, ExerciseCommand, ProposeArgs};
use crate::commands::parties::text;
use crate::commands::requests::acting;
use crate::commands::scorecards;
use crate::commands::threads::{self, Noun};
use crate::failure::Failure;
use crate::output;

const NOUN: Noun = Noun {
    subject: "exercise",
    nothing: "no exercises; `comity exercise template` prints a scenario, `comity exercise propose FILE` proposes one",
};
const TEMPLATE_HINT: &str = "`comity exercise template` prints a scenario that can be played";

/// `comity exercise …`
pub(crate) fn run(command: ExerciseCommand) -> Result<(), Failure> {
    match command {
        ExerciseCommand::Template { .. } => output::data(TEMPLATE.trim_end()),
        ExerciseCommand::Check { scenario, json, .. } => check(&scenario, json),
        ExerciseCommand::Propose(args) => propose(*args),
        ExerciseCommand::List { list } => threads::list(NOUN, list, None),
        ExerciseCommand::Show { one } => {
            let mut backend = threads::backend(one.data.data)?;
            let exercise = backend.case(CaseCommand::Show { thread: one.id })?;
            shown::whole(&exercise, one.json)?;
            backend.close()
        }
        ExerciseCommand::Injects { one } => {
            let injects = asked(one.data.data, Asked::Injects { thread: one.id })?;
            shown::injects(&injects, one.json)
        }
        ExerciseCommand::Report { one, html } => {
            let report = asked(one.data.data, Asked::Report { thread: one.id })?;
            if html {
                return output::data(page::page(&report).trim_end());
            }
            shown::report(&report, one.json)
        }
        ExerciseCommand::Scorecard {
            one,
            as_of,
            rows,
            canonical,
        } => {
            let thread = one.id;
            let card = asked(one.data.data, Asked::Scorecard { thread, as_of })?;
            if canonical {
                return output::data(text(&card, "text"));
            }
            if one.json.json {
                return output::json(&card);
            }
            scorecards::results(&card, rows)?;
            output::say(&format!(
                "of this exercise alone; hash {}, as of {}",
                text(&card, "hash"),
                text(&card, "as_of")
            ));
            Ok(())
        }
        ExerciseCommand::Act(act) => perform(act),
        ExerciseCommand::Dispute(command) => {
            let mut backend = threads::backend(command.act().data.data.clone())?;
            let (json, exercise) = threads::dispute(&mut backend, command)?;
            shown::told(&exercise, json)?;
            backend.close()
        }
    }
}

fn asked(data: Option<std::path::PathBuf>, command: Asked) -> Result<Value, Failure> {
    let mut backend = threads::backend(data)?;
    let answer = backend.case(CaseCommand::Exercise(command))?;
    backend.close()?;
    Ok(answer)
}

/// Says whether a scenario can be played.
fn check(path: &Path, json: Json) -> Result<(), Failure> {
    let source = threads::read_text(path, TEMPLATE_HINT)?;
    let scenario = Scenario::parse(&source)
        .map_err(|error| Failure::no(format!("{}: {error}", path.display()), TEMPLATE_HINT))?;
    let minutes = scenario
        .injects()
        .last()
        .map_or(0, |last| last.after_minutes);
    let real = scenario.real_seconds(minutes);
    let sha256 = Digest::of(source.as_bytes()).to_string();
    let clock = scenario.clock();
    if json.json {
        return output::json(&json!({
            "title": scenario.title(), "sha256": sha256, "injects": scenario.injects().len(), "speed": clock.speed,
            "simulated_minutes": minutes, "real_seconds": real,
        }));
    }
    output::data(&format!("{sha256}  {}", scenario.title()))?;
    output::say(&format!(
        "{} injects; the last one {minutes} simulated minutes after the start, which is {real} real seconds at speed {}",
        scenario.injects().len(),
        clock.speed
    ));
    Ok(())
}

fn propose(args: ProposeArgs) -> Result<(), Failure> {
    let source = threads::read_text(&args.scenario, TEMPLATE_HINT)?;
    let scenario = Scenario::parse(&source);
    scenario.map_err(|error| {
        Failure::usage(
            format!("{}: {error}", args.scenario.display()),
            "`comity exercise check FILE` says what is wrong",
        )
    })?;
    let proposal = Proposal {
        party: args.to,
        label: args.tlp.to_string(),
        scenario: source,
        starts: args.starts,
        ends: args.ends,
        acting: acting(args.officer),
    };
    let exercise = asked(args.data.data, Asked::Propose(proposal))?;
    shown::told(&exercise, args.json)?;
    if !args.json.json {
        output::say(
            "give the scenario's file to the other side, if it is to have it: agreeing compares its SHA-256",
        );
    }
    Ok(())
}

/// How an act is done.
enum Way {
    /// It is a message, and nothing else.
    Say(Act, &'static str, Value),
    /// The node does it with what it keeps.
    Ask(Json, Asked),
}

fn perform(act: ExerciseAct) -> Result<(), Failure> {
    let mut backend = threads::backend(act.act().data.data.clone())?;
    let (json, exercise) = match way(act)? {
        Way::Say(act, event, content) => {
            (act.json, threads::say(&mut backend, act, event, content)?)
        }
        Way::Ask(json, asked) => (json, backend.case(CaseCommand::Exercise(asked))?),
    };
    shown::told(&exercise, json)?;
    backend.close()
}

fn way(act: ExerciseAct) -> Result<Way, Failure> {
    use ExerciseAct as A;
    Ok(match act {
        A::Decline { act, reason } => Way::Say(act, "decline", json!({ "reason": reason })),
        A::Start { act, note } => Way::Say(act, "start", json!({ "note": note })),
        A::Stop { act, reason } => Way::Say(act, "stop", json!({ "reason": reason })),
        A::AfterAction { act, said } => {
            let text = threads::said(said)?;
            Way::Say(act, "report", json!({ "text": text }))
        }
        A::Agree {
            act,
            scenario,
            note,
        } => {
            let scenario = scenario.map(|path| threads::read_text(&path, TEMPLATE_HINT));
            let asked = Asked::Agree {
                thread: act.id,
                scenario: scenario.transpose()?,
                note,
                acting: acting(act.officer),
            };
            Way::Ask(act.json, asked)
        }
        A::Scenario { act, scenario } => {
            let asked = Asked::Scenario {
                thread: act.id,
                text: threads::read_text(&scenario, TEMPLATE_HINT)?,
            };
            Way::Ask(act.json, asked)
        }
        A::Inject { act, number, early } => {
            let asked = Asked::Inject {
                thread: act.id,
                number,
                early,
                acting: acting(act.officer),
            };
            Way::Ask(act.json, asked)
        }
    })
}

impl ExerciseAct {
    const fn act(&self) -> &Act {
        match self {
            Self::Agree { act, .. }
            | Self::Scenario { act, .. }
            | Self::Decline { act, .. }
            | Self::Start { act, .. }
            | Self::Inject { act, .. }
            | Self::Stop { act, .. }
            | Self::AfterAction { act, .. } => act,
        }
    }
}
