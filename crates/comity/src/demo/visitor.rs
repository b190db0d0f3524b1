//! Somebody who looks around in the demo's nodes with a browser after the story is told.
//!
//! In scope: an account at each node that sees what the story left there. Out of scope: the pages (`comity-web`).

use comity_node::command::{AccountCommand, Answer, Command};
use comity_store::state::account::Role;
use uuid::Uuid;

use crate::demo::party::Party;
use crate::failure::Failure;

/// The account's name.
pub(crate) const NAME: &str = "visitor";

/// Makes the account at both nodes; answers its password, which lives as long as the demo.
pub(crate) fn let_in(parties: [&Party; 2]) -> Result<String, Failure> {
    let password = Uuid::new_v4().to_string();
    for party in parties {
        party.execute(Command::Account(AccountCommand::AddUser {
            name: NAME.to_owned(),
            role: Role::Releaser,
            party: None,
            address: None,
            password: password.clone(),
            by: String::new(),
        }))?;
        let Answer::Collections(all) = party.execute(Command::ListCollections)? else {
            continue;
        };
        for collection in all {
            party.execute(Command::Grant {
                collection: collection.id,
                user: NAME.to_owned(),
                read: true,
                write: true,
                by: String::new(),
            })?;
        }
    }
    Ok(password)
}
