//! Incidents that are reported in stages, as JSON documents.
//!
//! In scope: the form, with the time that is left on each clock. Out of scope: the clocks (`comity_case::incident`).

use comity_case::history::stamp;
use comity_case::incident::{Incident, Kind, State, TABLE};
use comity_case::table::{Word as _, possible};
use serde_json::{Value, json};

use super::{record, side_of};

/// The calendar of the clocks: the rules of these regimes count every hour.
const CALENDAR: &str = "24x7, UTC";

/// An incident at a time in seconds since 1970.
pub(super) fn of_incident(incident: &Incident, own: &str, now: i64) -> Value {
    let clocks = incident.clocks().map(|clock| {
        let ends = incident.clock_end(clock);
        let done = incident.done(clock.stage);
        // A notification warns too.
        let warned = done.or_else(|| {
            (clock.stage == Kind::EarlyWarning).then(|| incident.done(Kind::Notification)).flatten()
        });
        let runs = warned.is_none() && incident.state != State::Reported;
        let left = ends.filter(|_| runs).map(|ends| ends - now);
        json!({
            "stage": clock.stage.word(), "called": clock.called, "from": clock.starts_with(), "within": clock.within(),
            "due": ends.map(stamp), "sent": warned.map(stamp), "left_seconds": left,
            "overdue": left.is_some_and(|left| left < 0), "calendar": CALENDAR,
        })
    });
    let reports = incident.stages.iter().map(|report| {
        json!({
            "stage": report.stage.word(), "at": stamp(report.at), "noticed": stamp(report.noticed), "text": report.text,
            "objects": report.objects,
        })
    });
    let acknowledged = incident
        .acknowledged
        .iter()
        .map(|one| json!({ "at": stamp(one.at), "number": one.number, "note": one.note }));
    let mut document = json!({
        "state": incident.state.word(), "title": incident.title, "regime": incident.regime.word(),
        "aware": stamp(incident.aware), "classified": incident.classified.map(stamp),
        "measure": incident.measure.map(stamp), "clocks": clocks.collect::<Vec<_>>(),
        "reports": reports.collect::<Vec<_>>(), "acknowledged": acknowledged.collect::<Vec<_>>(),
        "possible": possible(TABLE, incident.state, side_of(&incident.opening, own)),
    });
    record::add(
        &mut document,
        (&incident.opening, &incident.record),
        &incident.dues(),
        now,
    );
    document
}
