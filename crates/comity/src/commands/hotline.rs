//! `comity hotline`.
//!
//! In scope: one call of the node for each act, and what an officer at a telephone needs to read. Out of scope: what may be
//! done when, keeping notes and words (`comity-node`).

mod shown;

use comity_node::case::command::CaseCommand;
use comity_node::case::hotline::command::{Agreed, Heard, HotlineCommand as Asked, Ring};
use serde_json::{Value, json};

use crate::cli::Json;
use crate::cli::act::Act;
use crate::cli::hotline::{HotlineAct, HotlineCommand, RingArgs};
use crate::commands::requests::acting;
use crate::commands::threads::{self, Noun};
use crate::failure::Failure;

const NOUN: Noun = Noun {
    subject: "call",
    nothing: "no calls; `comity hotline ring --to PARTY --tlp LABEL --line TEXT` records one, --test for a test",
};

/// `comity hotline …`
pub(crate) fn run(command: HotlineCommand) -> Result<(), Failure> {
    match command {
        HotlineCommand::Ring(args) => ring(*args),
        HotlineCommand::List { list, exercise } => threads::list(NOUN, list, exercise),
        HotlineCommand::Show { one } => {
            let mut backend = threads::backend(one.data.data)?;
            let call = backend.case(CaseCommand::Show { thread: one.id })?;
            shown::whole(&call, one.json)?;
            backend.close()
        }
        HotlineCommand::Act(act) => perform(act),
        HotlineCommand::Dispute(command) => {
            let mut backend = threads::backend(command.act().data.data.clone())?;
            let (json, call) = threads::dispute(&mut backend, command)?;
            shown::told(&call, json)?;
            backend.close()
        }
    }
}

fn ring(args: RingArgs) -> Result<(), Failure> {
    let mut backend = threads::backend(args.data.data)?;
    let asked = Asked::Ring(Ring {
        party: args.to,
        label: args.tlp.to_string(),
        exercise: args.exercise,
        contact: args.contact,
        channel: args.channel,
        urgency: args.urgency,
        line: args.line,
        related: args.about,
        test: args.test,
        acting: acting(args.officer),
    });
    let call = backend.case(CaseCommand::Hotline(asked))?;
    shown::told(&call, args.json)?;
    backend.close()
}

/// How an act is done.
enum Way {
    /// It is a message, and nothing else.
    Say(Act, &'static str, Value),
    /// The node does it with what it keeps.
    Ask(Json, Asked),
}

/// Does an act on a call, and says what comes next.
fn perform(act: HotlineAct) -> Result<(), Failure> {
    let mut backend = threads::backend(act.act().data.data.clone())?;
    let (json, call) = match way(act)? {
        Way::Say(act, event, content) => {
            (act.json, threads::say(&mut backend, act, event, content)?)
        }
        Way::Ask(json, asked) => (json, backend.case(CaseCommand::Hotline(asked))?),
    };
    shown::told(&call, json)?;
    backend.close()
}

#[expect(clippy::too_many_lines, reason = "a table of acts, a few lines each")]
fn way(act: HotlineAct) -> Result<Way, Failure> {
    use HotlineAct as A;
    let split = |act: Act| (act.json, act.id, acting(act.officer));
    Ok(match act {
        A::Missed { act, note } => Way::Say(act, "missed", json!({ "note": note })),
        A::Abandon { act, reason } => Way::Say(act, "abandon", json!({ "reason": reason })),
        A::Close { act, note } => Way::Say(act, "close", json!({ "note": note })),
        A::Confirm { act, said } => {
            let text = threads::said(said)?;
            Way::Say(act, "confirm", json!({ "text": text }))
        }
        A::ReadBack { act, differs } => {
            let agrees = differs.is_none();
            let differences = differs.unwrap_or_default();
            let content = json!({ "agrees": agrees, "differences": differences });
            Way::Say(act, "read-back", content)
        }
        A::Answered { act } => {
            let (json, thread, acting) = split(act);
            let back = false;
            Way::Ask(
                json,
                Asked::Answered {
                    thread,
                    back,
                    acting,
                },
            )
        }
        A::CallBack { act } => {
            let (json, thread, acting) = split(act);
            let back = true;
            Way::Ask(
                json,
                Asked::Answered {
                    thread,
                    back,
                    acting,
                },
            )
        }
        A::Redial { act, to } => {
            let (json, thread, acting) = split(act);
            Way::Ask(json, Asked::Redial { thread, to, acting })
        }
        A::Identify {
            act,
            words,
            matched,
            differs,
        } => {
            let heard = match (matched, differs) {
                (true, _) => Heard::Matched,
                (_, true) => Heard::Differs,
                (false, false) => Heard::Words(typed(&words)?),
            };
            let (json, thread, acting) = split(act);
            Way::Ask(
                json,
                Asked::Identify {
                    thread,
                    heard,
                    acting,
                },
            )
        }
        A::Note { act, said } => {
            let text = threads::said(said)?;
            let (json, thread, acting) = split(act);
            Way::Ask(
                json,
                Asked::Seal {
                    thread,
                    text,
                    acting,
                },
            )
        }
        A::Reveal { act } => {
            let (json, thread, acting) = split(act);
            Way::Ask(json, Asked::Reveal { thread, acting })
        }
        A::Action {
            act,
            what,
            owner,
            due,
            becomes,
        } => {
            let action = Agreed {
                text: what,
                owner,
                due,
                becomes,
            };
            let (json, thread, acting) = split(act);
            Way::Ask(
                json,
                Asked::Action {
                    thread,
                    action,
                    acting,
                },
            )
        }
        A::FollowUp {
            act,
            action,
            thread: becomes,
        } => {
            let (json, thread, acting) = split(act);
            let followed = Asked::FollowUp {
                thread,
                action,
                becomes,
                acting,
            };
            Way::Ask(json, followed)
        }
    })
}

/// The words that were heard, as they were typed.
fn typed(words: &[String]) -> Result<String, Failure> {
    if words == ["-"] {
        let path = std::path::Path::new("-");
        return threads::read_text(path, "type the words that were heard");
    }
    Ok(words.join(" "))
}

impl HotlineAct {
    const fn act(&self) -> &Act {
        match self {
            Self::Answered { act }
            | Self::CallBack { act }
            | Self::Missed { act, .. }
            | Self::Redial { act, .. }
            | Self::Abandon { act, .. }
            | Self::Identify { act, .. }
            | Self::Note { act, .. }
            | Self::Reveal { act }
            | Self::ReadBack { act, .. }
            | Self::Action { act, .. }
            | Self::FollowUp { act, .. }
            | Self::Close { act, .. }
            | Self::Confirm { act, .. } => act,
        }
    }
}
