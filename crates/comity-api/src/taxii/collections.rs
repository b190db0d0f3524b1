//! Collections (TAXII 2.1 sections 5.1 and 5.2). What a caller may neither read nor write does not exist for it.

use axum::response::Response;

use crate::taxii::Call;
use crate::taxii::error::Problem;
use crate::taxii::objects::json_response;
use crate::taxii::wire::{Collection, Collections};

/// GET `collections/`.
pub(crate) fn list(call: &Call) -> Result<Response, Problem> {
    let visible = call.api.node.visible_collections(&call.caller.name)?;
    json_response(&Collections {
        collections: visible.iter().map(Collection::from).collect(),
    })
}

/// GET `collections/{id}/`.
pub(crate) fn one(call: &Call, name: &str) -> Result<Response, Problem> {
    let visible = call.api.node.visible_collection(&call.caller.name, name)?;
    json_response(&Collection::from(&visible))
}
