//! `comity doctor`.

use std::path::Path;

use comity_node::command::{Answer, CheckAnswer, Command};
use comity_node::folder;
use comity_node::ledger::command::LedgerCommand;
use comity_node::mail::command::MailCommand;
use serde_json::Value;

use crate::backend::{Backend, data_folder, folder_failure};
use crate::cli::DoctorArgs;
use crate::commands::accounts::unexpected;
use crate::commands::mail_dns::{self, Checked};
use crate::commands::parties::text;
use crate::failure::Failure;
use crate::output::{self, thousands};
use crate::settings::Settings;

/// `comity doctor …`
pub(crate) fn run(args: DoctorArgs) -> Result<(), Failure> {
    let folder = data_folder(args.data.data)?;
    let settings = Settings::read(&folder)?;
    if args.rebuild_index {
        folder::forget_index(&folder).map_err(|error| folder_failure(&error, &folder))?;
        output::say("index removed; building it again from the log");
    }
    let mut backend = Backend::open(&folder)?;
    let Answer::Checked(mut report) = backend.execute(Command::Check)? else {
        return Err(unexpected());
    };
    let ledger = backend.ledger(LedgerCommand::Fsck)?;
    let mail = backend.mail(MailCommand::Outgoing {
        state: None,
        party: None,
        before: None,
        limit: 1,
    })?;
    backend.close()?;
    let problems = ledger.get("problems").and_then(Value::as_array);
    for problem in problems.into_iter().flatten() {
        let problem = problem.as_str().unwrap_or_default();
        report.problems.push(format!("the ledger: {problem}"));
    }
    let records = match mail_dns::zone(&settings, &folder, &report.domain)? {
        Some(zone) => mail_dns::check(&zone, &settings)?,
        None => Vec::new(),
    };
    let damaged = report.problems.len();
    let wrong = records.iter().filter_map(Checked::problem);
    report.problems.extend(wrong);
    if args.json.json {
        let mut shown = serde_json::to_value(&report).map_err(|error| Failure::defect(&error))?;
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("ledger".to_owned(), ledger);
            let counts = mail.get("counts").cloned();
            shown.insert("mail_out".to_owned(), counts.unwrap_or_default());
            shown.insert(
                "dns".to_owned(),
                records.iter().map(Checked::document).collect(),
            );
        }
        output::json(&shown)?;
    } else {
        show(&report, &folder, &ledger, &records)?;
        let counts = counts_of(&mail);
        if !counts.is_empty() {
            output::data(&format!("mail out     {counts}"))?;
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
            if damaged == 0 {
                "set the records at the name server of mail.domain as they are shown; then give the command again"
            } else {
                "a damaged index is built again by `comity doctor --rebuild-index`; a damaged segment comes from a backup"
            },
        )),
    }
}

/// How much of the mail that leaves stands in each state.
fn counts_of(mail: &Value) -> String {
    let counts = mail.get("counts").and_then(Value::as_object);
    let counts = counts.into_iter().flatten();
    let each: Vec<String> = counts
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    each.join(", ")
}

/// What was read, as people see it.
fn show(
    report: &CheckAnswer,
    folder: &Path,
    ledger: &Value,
    records: &[Checked],
) -> Result<(), Failure> {
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
    let entries = ledger.get("logs").and_then(Value::as_array);
    let entries = entries.into_iter().flatten();
    let entries = entries.filter_map(|log| log.get("size")?.as_u64()).sum();
    output::data(&format!(
        "ledger       {} read and whole; {}",
        thousands(entries),
        text(ledger, "log_opened")
    ))?;
    for record in records {
        output::data(&format!("dns          {}", record.line()))?;
    }
    for alarm in &report.alarms {
        output::data(&format!("alarm        {alarm}"))?;
    }
    for problem in &report.problems {
        output::data(&format!("problem      {problem}"))?;
    }
    Ok(())
}
