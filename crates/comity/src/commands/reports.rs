//! `comity report`.
//!
//! In scope: one call of the node each, and writing what it answers. Out of scope: what reports say.

mod html;
mod review;

use comity_node::case::command::CaseCommand;
use comity_node::case::joint::JointCommand;
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::report::{Paper, ReportCommand};
use crate::commands::parties::text;
use crate::failure::Failure;
use crate::output;

/// `comity report …`
pub(crate) fn run(command: ReportCommand) -> Result<(), Failure> {
    match command {
        ReportCommand::Status {
            paper,
            exercise,
            own,
        } => {
            let command = JointCommand::Report {
                party: paper.party.clone(),
                period: paper.period.clone(),
                as_of: paper.as_of.clone(),
                exercise,
                own,
            };
            let mut backend = Backend::open(&data_folder(paper.data.data.clone())?)?;
            let made = backend.case(CaseCommand::Joint(command))?;
            written(&made, &paper)?;
            backend.close()
        }
        ReportCommand::Review { paper } => {
            let command = CaseCommand::Paper {
                party: paper.party.clone(),
                period: paper.period.clone(),
                as_of: paper.as_of.clone(),
            };
            let mut backend = Backend::open(&data_folder(paper.data.data.clone())?)?;
            let mut made = backend.case(command)?;
            let sections = review::sections(&made);
            if let Some(members) = made.as_object_mut() {
                members.insert("text".to_owned(), review::plain(&sections).into());
                members.insert("html".to_owned(), html::page(&sections).into());
            }
            written(&made, &paper)?;
            backend.close()
        }
    }
}

/// Writes a report in the form that was asked for, and says its hash.
fn written(made: &Value, paper: &Paper) -> Result<(), Failure> {
    let whole = if paper.json.json {
        let mut shown = made.clone();
        if let Some(members) = shown.as_object_mut() {
            members.retain(|name, _| name != "text" && name != "html");
        }
        serde_json::to_string_pretty(&shown).map_err(|error| Failure::defect(&error))?
    } else if paper.html {
        text(made, "html").to_owned()
    } else {
        text(made, "text").to_owned()
    };
    output::text(&whole, paper.out.as_deref())?;
    output::say(&format!(
        "hash {}: the other side's must be the same",
        text(made, "hash")
    ));
    Ok(())
}

/// A part of a paper: a heading, and a table under column heads.
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) heads: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    /// What stands where there are no rows.
    pub(crate) empty: &'static str,
}

/// A paper in parts.
pub(crate) struct Document {
    pub(crate) title: String,
    pub(crate) marking: String,
    /// Lines below the title.
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) sections: Vec<Section>,
}
