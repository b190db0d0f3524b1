//! `comity doctor`.

use comity_node::command::{Answer, Command};
use comity_node::folder;

use crate::backend::{Backend, data_folder, folder_failure};
use crate::cli::DoctorArgs;
use crate::commands::accounts::unexpected;
use crate::failure::Failure;
use crate::output::{self, thousands};
use crate::settings::Settings;

/// `comity doctor …`
pub(crate) fn run(args: DoctorArgs) -> Result<(), Failure> {
    let folder = data_folder(args.data.data)?;
    Settings::read(&folder)?;
    if args.rebuild_index {
        folder::forget_index(&folder).map_err(|error| folder_failure(&error, &folder))?;
        output::say("index removed; building it again from the log");
    }
    let mut backend = Backend::open(&folder)?;
    let Answer::Checked(report) = backend.execute(Command::Check)? else {
        return Err(unexpected());
    };
    backend.close()?;
    if args.json.json {
        output::json(&report)?;
    } else {
        output::data(&format!(
            "party        {} ({})",
            report.party, report.domain
        ))?;
        output::data(&format!("folder       {}", folder.display()))?;
        output::data(&format!("collections  {}", thousands(report.collections)))?;
        output::data(&format!(
            "objects      {} read and whole",
            thousands(report.objects)
        ))?;
        output::data(&format!("bytes        {}", thousands(report.bytes)))?;
        for problem in &report.problems {
            output::data(&format!("problem      {problem}"))?;
        }
    }
    match report.problems.len() {
        0 => Ok(()),
        count => Err(Failure::no(
            output::counted(
                u64::try_from(count).unwrap_or(u64::MAX),
                "problem",
                "problems",
            ),
            "a damaged index is built again by `comity doctor --rebuild-index`; a damaged segment comes from a backup",
        )),
    }
}
