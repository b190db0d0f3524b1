//! `comity report`.
//!
//! In scope: one call of the node, choosing the form, writing it. Out of scope: what a paper says (`comity_case::paper`).

mod html;
mod review;

use std::path::PathBuf;

use comity_node::case::command::CaseCommand;
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::report::ReportCommand;
use crate::commands::parties::text;
use crate::failure::Failure;
use crate::output;

/// `comity report …`
pub(crate) fn run(command: ReportCommand) -> Result<(), Failure> {
    match command {
        ReportCommand::Review {
            data,
            party,
            period,
            as_of,
            html,
            out,
            json,
        } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let paper = backend.case(CaseCommand::Paper {
                party,
                period,
                as_of,
            })?;
            backend.close()?;
            let page = if json.json {
                serde_json::to_string_pretty(&paper).unwrap_or_default()
            } else if html {
                html::page(&review::sections(&paper))
            } else {
                review::plain(&review::sections(&paper))
            };
            write(page.trim_end(), out)?;
            output::say(&format!("content {}", text(&paper, "hash")));
            Ok(())
        }
    }
}

fn write(page: &str, out: Option<PathBuf>) -> Result<(), Failure> {
    let Some(path) = out else {
        return output::data(page);
    };
    std::fs::write(&path, format!("{page}\n")).map_err(|error| {
        Failure::unknown(
            format!("cannot write {}: {error}", path.display()),
            "name a file in a folder of your own",
        )
    })
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

fn each<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let all = value.get(name).and_then(Value::as_array);
    all.into_iter().flatten()
}
