//! The status report of a period, and a case as a file.
//!
//! In scope: showing and handing out what the node makes. Out of scope: making it (`comity-case`).

use askama::Template;
use serde_json::json;

use crate::frame::{Fault, Frame, Shown, file, page};
use crate::screens::text;
use crate::visit::{Visit, Web};

#[derive(Template)]
#[template(path = "report.html")]
struct Report {
    frame: Frame,
    party: String,
    period: String,
    text: String,
    hash: String,
}

/// `GET /parties/{party}/reports/{period}`.
pub(crate) async fn status(web: Web, visit: Visit) -> Shown {
    let (party, period) = (visit.argument("name"), visit.argument("period"));
    let own = visit.query.is_on("own");
    let asked = json!({ "party": party, "period": period, "own": own });
    let made = visit.ask(&web, "status_report", asked).await?;
    let mut frame = Frame::new(&web, &visit, visit.words.say("report-title"));
    let report = made.get("report").unwrap_or(&made);
    frame.mark(text(report, "label"));
    let shown = Report {
        party: party.to_owned(),
        period: period.to_owned(),
        text: text(&made, "text").to_owned(),
        hash: text(&made, "hash").to_owned(),
        frame,
    };
    page(&visit, &shown)
}

/// `GET /cases/{id}/bundle`: the case as a STIX bundle, to be kept as a file.
pub(crate) async fn bundle(web: Web, visit: Visit) -> Shown {
    let asked = json!({ "thread": visit.argument("id") });
    let bundle = visit.ask(&web, "export_case", asked).await?;
    let text = serde_json::to_string_pretty(&bundle);
    let text = text.map_err(|error| Fault::Failed(error.to_string()))?;
    let name = "attachment; filename=\"case.json\"";
    file("application/stix+json;version=2.1", name, text)
}
