//! A request that an action of a hotline call becomes.
//!
//! In scope: which action, what the request inherits, saying so in the call. Out of scope: the call (`commands::hotline`).

use comity_node::case::command::CaseCommand;
use comity_node::case::hotline::command::HotlineCommand;
use comity_node::case::threads::Acting;
use serde_json::Value;

use crate::backend::Backend;
use crate::commands::parties::text;
use crate::commands::threads::each;
use crate::failure::Failure;

/// An action that becomes a request.
pub(super) struct Origin {
    /// The call.
    pub(super) call: String,
    /// The exercise of the call, which is that of the request.
    pub(super) exercise: Option<String>,
    action: u32,
}

/// The action of a call that is named, or the only one that became nothing yet.
pub(super) fn origin(
    backend: &mut Backend,
    call: &str,
    action: Option<u32>,
) -> Result<Origin, Failure> {
    let shown = backend.case(CaseCommand::Show {
        thread: call.to_owned(),
    })?;
    let id = text(&shown, "id").to_owned();
    let document = shown.get("call").cloned().unwrap_or_default();
    let number = |one: &Value| one.get("number").and_then(Value::as_u64);
    let open = each(&document, "actions").filter(|one| text(one, "thread").is_empty());
    let open: Vec<u32> = open
        .filter_map(number)
        .filter_map(|number| number.try_into().ok())
        .collect();
    let found = match (action, open.as_slice()) {
        (Some(asked), open) => open.iter().find(|one| **one == asked).copied(),
        (None, [only]) => Some(*only),
        (None, _) => None,
    };
    let action = found.ok_or_else(|| {
        Failure::no(
            match action {
                Some(number) => format!("{id} has no action {number} that became nothing yet"),
                None => format!("{id} has {} actions that became nothing yet", open.len()),
            },
            format!("`comity hotline show {id}` lists its actions; name one with --action"),
        )
    })?;
    let exercise = text(&shown, "exercise");
    Ok(Origin {
        call: id,
        exercise: (!exercise.is_empty()).then(|| exercise.to_owned()),
        action,
    })
}

impl Origin {
    /// Says in the call what its action became.
    pub(super) fn became(
        &self,
        backend: &mut Backend,
        request: &str,
        acting: Acting,
    ) -> Result<(), Failure> {
        backend.case(CaseCommand::Hotline(HotlineCommand::FollowUp {
            thread: self.call.clone(),
            action: self.action,
            becomes: request.to_owned(),
            acting,
        }))?;
        Ok(())
    }
}
