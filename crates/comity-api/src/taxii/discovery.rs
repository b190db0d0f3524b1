//! Discovery and the API root (TAXII 2.1 sections 4.1 and 4.2).
//!
//! URLs are relative, with one leading slash (section 4.1.1), so they hold behind any proxy.

use axum::response::Response;

use crate::taxii::error::Problem;
use crate::taxii::media::TAXII;
use crate::taxii::objects::json_response;
use crate::taxii::wire::{ApiRoot, Discovery};
use crate::taxii::{Call, ROOT};

/// GET `/taxii2/`.
pub(crate) fn discovery(call: &Call) -> Result<Response, Problem> {
    let root = format!("/taxii2/{ROOT}/");
    let settings = &call.api.settings;
    json_response(&Discovery {
        title: &settings.title,
        description: "Threat information of this party, for those it cooperates with",
        contact: settings.contact.as_deref(),
        default: &root,
        api_roots: [&root],
    })
}

/// GET `/taxii2/exchange/`.
pub(crate) fn api_root(call: &Call) -> Result<Response, Problem> {
    json_response(&ApiRoot {
        title: &call.api.settings.title,
        description: "The collections of this party",
        versions: [TAXII],
        max_content_length: call.api.settings.max_content_length,
    })
}
