//! XARF: reports of abuse as JSON (version 4, and version 3 before it) or as lines of YAML (X-ARF 0.2).
//!
//! In scope: what is needed to see what is reported, and from where. Out of scope: evidence in them, which stays in the attachment.

use serde::Deserialize;

use super::reports::{blocks, short};

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XArf {
    /// Its version: `4.0.0`, `3`, `0.2`.
    pub version: String,
    /// Its category or class: `messaging`, `Activity`, `abuse`.
    pub category: String,
    /// Its type: `spam`, `login-attack`.
    pub kind: String,
    /// Where it came from: an address or a domain.
    pub source: String,
    /// When, as it is written.
    pub time: Option<String>,
}

/// The longest word of a report.
const WORD_CHARACTERS_MAX: usize = 300;

#[derive(Deserialize)]
struct Four {
    xarf_version: String,
    category: String,
    #[serde(rename = "type")]
    kind: String,
    source_identifier: String,
    timestamp: Option<String>,
}

#[derive(Deserialize)]
struct Three {
    #[serde(rename = "Version")]
    version: Option<String>,
    #[serde(rename = "Report")]
    report: ThreeReport,
}

#[derive(Deserialize)]
struct ThreeReport {
    #[serde(rename = "ReportClass")]
    class: String,
    #[serde(rename = "ReportType")]
    kind: String,
    #[serde(rename = "SourceIp", alias = "SourceIP", alias = "Source")]
    source: Option<String>,
    #[serde(rename = "SourceUrl", alias = "SourceURL")]
    url: Option<String>,
    #[serde(rename = "Date")]
    date: Option<String>,
}

/// Reads JSON of version 4 or 3. The error says what is missing.
pub(super) fn of_json(bytes: &[u8]) -> Result<XArf, String> {
    let four: Result<Four, _> = serde_json::from_slice(bytes);
    let why = match four {
        Ok(four) => {
            return Ok(XArf {
                version: cut(&four.xarf_version),
                category: cut(&four.category),
                kind: cut(&four.kind),
                source: cut(&four.source_identifier),
                time: four.timestamp.as_deref().map(cut),
            });
        }
        Err(error) => cut(&error.to_string()),
    };
    let three: Three = serde_json::from_slice(bytes).map_err(|_| why)?;
    let report = three.report;
    let source = report
        .source
        .or(report.url)
        .ok_or("missing field `SourceIp`")?;
    Ok(XArf {
        version: cut(three.version.as_deref().unwrap_or("3")),
        category: cut(&report.class),
        kind: cut(&report.kind),
        source: cut(&source),
        time: report.date.as_deref().map(cut),
    })
}

/// Reads the lines of X-ARF 0.2. None: it is none.
pub(super) fn of_yaml(text: &str) -> Option<XArf> {
    let head: String = text
        .lines()
        .take(100)
        .flat_map(|line| [line, "\n"])
        .collect();
    let all = blocks(head.trim_start_matches("---"));
    let report = all
        .iter()
        .find(|block| block.get("reported-from").is_some())?;
    let get = |name: &str| report.get(name).map(cut);
    Some(XArf {
        version: get("version").unwrap_or_else(|| "0.2".to_owned()),
        category: get("category")?,
        kind: get("report-type")?,
        source: get("source")?,
        time: get("date"),
    })
}

fn cut(text: &str) -> String {
    short(text, WORD_CHARACTERS_MAX)
}
