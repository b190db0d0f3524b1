//! Collections (TAXII 2.1 sections 5.1 and 5.2). What a caller may neither read nor write does not exist for it.

use axum::response::Response;

use crate::taxii::Call;
use crate::taxii::error::Problem;
use crate::taxii::objects::json_response;
use crate::taxii::wire::{Collection, Collections};

/// GET `collections/`.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let may_write = call.caller.may_write();
    let (node, account) = (call.api.node, call.caller.name);
    let visible = Call::blocking(move || Ok(node.visible_collections(&account)?)).await?;
    let mut visible = visible.as_ref().clone();
    for one in &mut visible {
        one.rights.write &= may_write;
    }
    json_response(&Collections {
        collections: visible.iter().map(Collection::from).collect(),
    })
}

/// GET `collections/{id}/`.
pub(crate) async fn one(call: Call, name: &str) -> Result<Response, Problem> {
    let may_write = call.caller.may_write();
    let (node, account, name) = (call.api.node, call.caller.name, name.to_owned());
    let mut visible = Call::blocking(move || Ok(node.visible_collection(&account, &name)?)).await?;
    visible.rights.write &= may_write;
    json_response(&Collection::from(&visible))
}
