//! What goes wrong with a TAXII server, in words that say what to do, never with credentials.
//!
//! In scope: the meaning of statuses (TAXII 2.1 sections 1.6.8, 3.6 and 5), the server's own words, cut and cleaned.
//! Out of scope: failures below TAXII ([`HttpError`]).

use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use super::resources::ErrorMessage;
use crate::http::{Answer, HttpError, url as address};

/// Why a TAXII exchange failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaxiiError {
    /// No usable answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// 401.
    #[error(
        "{host} does not accept the credentials{said}: check the user and password, or the token"
    )]
    Unauthorized {
        /// The host.
        host: String,
        /// What it says.
        said: Said,
    },
    /// 403.
    #[error("{host} forbids {what}{said}: ask its operator for the right to do this")]
    Forbidden {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// What it says.
        said: Said,
    },
    /// 404.
    #[error(
        "{host} has no {what}{said}: check the address, and whether these credentials may see it"
    )]
    NotFound {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// What it says.
        said: Said,
    },
    /// 413.
    #[error(
        "{host} takes no request as large as this ({bytes} bytes){said}: send fewer objects at a time"
    )]
    TooLarge {
        /// The host.
        host: String,
        /// The size of the request's body.
        bytes: usize,
        /// What it says.
        said: Said,
    },
    /// 429 or 503, still after the last attempt.
    #[error("{host} is overloaded ({status}){said}: try again later")]
    Overloaded {
        /// The host.
        host: String,
        /// The status.
        status: u16,
        /// What it says.
        said: Said,
    },
    /// Any other status.
    #[error("{host} answers {status} to {what}{said}: {advice}")]
    Refused {
        /// The host.
        host: String,
        /// The status.
        status: u16,
        /// What was asked for.
        what: String,
        /// What it says.
        said: Said,
        /// What to do.
        advice: &'static str,
    },
    /// An answer that is not what TAXII 2.1 says.
    #[error(
        "{host} does not answer {what} as TAXII 2.1 does ({found}): check that the address is a TAXII 2.1 server's"
    )]
    NotTaxii {
        /// The host.
        host: String,
        /// What was asked for.
        what: String,
        /// What is wrong.
        found: String,
    },
    /// A collection that is not there.
    #[error(
        "{host} shows no collection `{wanted}`; it shows {shown}: use one of their ids, aliases or titles"
    )]
    UnknownCollection {
        /// The host.
        host: String,
        /// The id, alias or title asked for.
        wanted: String,
        /// What there is.
        shown: String,
    },
    /// Paging does not get on.
    #[error("{host} gives the same page again and again ({found}): {advice}")]
    Stuck {
        /// The host.
        host: String,
        /// What repeats.
        found: String,
        /// What to do.
        advice: &'static str,
    },
    /// A status that stays pending.
    #[error(
        "{host} has not finished with {pending} of the objects sent (status {id}): ask again later"
    )]
    StillPending {
        /// The host.
        host: String,
        /// The status.
        id: String,
        /// How many objects are open.
        pending: u64,
    },
}

/// What a server says in its error message, cut and cleaned; shown with a colon before it, or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said(Option<String>);

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(words) => write!(f, " (it says: {words})"),
            None => Ok(()),
        }
    }
}

/// What an answer with a status other than success means; `bytes` were sent to get it.
pub fn refusal(answer: &Answer, what: &str, bytes: usize) -> TaxiiError {
    let (host, what, said) = (address::host(&answer.url), what.to_owned(), said(answer));
    let status = answer.status.as_u16();
    let advice = match answer.status {
        StatusCode::UNAUTHORIZED => return TaxiiError::Unauthorized { host, said },
        StatusCode::FORBIDDEN => return TaxiiError::Forbidden { host, what, said },
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            return TaxiiError::NotFound { host, what, said };
        }
        StatusCode::PAYLOAD_TOO_LARGE => return TaxiiError::TooLarge { host, bytes, said },
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            return TaxiiError::Overloaded { host, status, said };
        }
        StatusCode::NOT_ACCEPTABLE | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            "it may not speak TAXII 2.1"
        }
        StatusCode::UNPROCESSABLE_ENTITY => {
            "it takes none of these objects as they are; check their type and version"
        }
        _ if answer.status.is_server_error() => "the fault is on its side; tell its operator",
        _ => "it does not take the request as it is; check the filters and the objects",
    };
    TaxiiError::Refused {
        host,
        status,
        what,
        said,
        advice,
    }
}

fn said(answer: &Answer) -> Said {
    let message: Option<ErrorMessage> = serde_json::from_slice(&answer.body).ok();
    let words = message.map(|message| {
        let parts = [message.title, message.description];
        parts
            .into_iter()
            .flatten()
            .filter(|part| !part.trim().is_empty())
            .collect::<Vec<_>>()
            .join("; ")
    });
    let clean = |words: String| -> String {
        words
            .chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .take(SAID_CHARS_MAX)
            .collect()
    };
    Said(words.filter(|words| !words.is_empty()).map(clean))
}

/// Reads one of the resources of sections 4 and 5 out of an answer; `what` names it in the error.
///
/// # Errors
/// When the answer is something else.
pub fn decode<T: DeserializeOwned>(answer: &Answer, what: &str) -> Result<T, TaxiiError> {
    serde_json::from_slice(&answer.body).map_err(|error| not_taxii(answer, what, &error))
}

pub(super) fn not_taxii(answer: &Answer, what: &str, error: &serde_json::Error) -> TaxiiError {
    let found = if answer.body.trim_ascii_start().starts_with(b"<") {
        "a web page".to_owned()
    } else {
        error.to_string()
    };
    TaxiiError::NotTaxii {
        host: address::host(&answer.url),
        what: what.to_owned(),
        found,
    }
}

/// How much of a server's own words is repeated.
const SAID_CHARS_MAX: usize = 300;
