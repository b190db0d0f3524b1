//! `comity user` and `comity token`.

use std::io::{BufRead, IsTerminal, Read};

use comity_node::account::PASSWORD_BYTES_MAX;
use comity_node::command::{AccountCommand, Answer, Command};

use crate::backend::{Backend, data_folder};
use crate::cli::{Data, TokenCommand, UserCommand};
use crate::failure::Failure;
use crate::output::{self, counted};

/// `comity user …`
pub(crate) fn user(command: UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::Add {
            data,
            name,
            role,
            party,
            address,
            password_stdin,
        } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let password = secret("the password", password_stdin)?;
            backend.execute(Command::Account(AccountCommand::AddUser {
                name: name.clone(),
                role,
                party,
                address,
                password,
            }))?;
            output::say(&format!(
                "added {name} ({}); it sees no collection until `comity collection grant` says so",
                role.word()
            ));
            backend.close()
        }
        UserCommand::Address {
            data,
            name,
            address,
        } => set_address(data, name, address),
        UserCommand::List { data, json } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let Answer::Users(users) =
                backend.execute(Command::Account(AccountCommand::ListUsers))?
            else {
                return Err(unexpected());
            };
            if json.json {
                output::json(&users)?;
            } else {
                for user in users {
                    let whose = user.party.or(user.address);
                    let whose = whose.map_or_else(String::new, |whose| format!("\t{whose}"));
                    output::data(&format!("{}\t{}{whose}", user.name, user.role))?;
                }
            }
            backend.close()
        }
        UserCommand::Remove { data, name } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            backend.execute(Command::Account(AccountCommand::RemoveUser {
                name: name.clone(),
            }))?;
            output::say(&format!("removed {name} with its tokens and rights"));
            backend.close()
        }
    }
}

fn set_address(data: Data, name: String, address: Option<String>) -> Result<(), Failure> {
    let said = match &address {
        Some(address) => format!(
            "the person of {name} is reached at {address}; {name} reads what is addressed there, in collections that it may read"
        ),
        None => format!(
            "the person of {name} is reached nowhere; what was addressed to it is out of its sight"
        ),
    };
    let mut backend = Backend::open(&data_folder(data.data)?)?;
    backend.execute(Command::Account(AccountCommand::SetAddress {
        name,
        address,
    }))?;
    output::say(&said);
    backend.close()
}

/// `comity token …`
pub(crate) fn token(command: TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::Create { data, user } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let Answer::Token(token) =
                backend.execute(Command::Account(AccountCommand::CreateToken { user }))?
            else {
                return Err(unexpected());
            };
            output::say("the token, shown this once; whoever holds it speaks for the account:");
            output::data(&token)?;
            backend.close()
        }
        TokenCommand::Revoke { data, user } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let Answer::Count(count) =
                backend.execute(Command::Account(AccountCommand::RevokeTokens { user }))?
            else {
                return Err(unexpected());
            };
            output::say(&format!("ended {}", counted(count, "token", "tokens")));
            backend.close()
        }
    }
}

/// A secret from standard input: its first line. On a terminal whoever types it is told that it shows, and only when the
/// command said that it would be read (`announced`).
pub(crate) fn secret(what: &str, announced: bool) -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        if !announced {
            return Err(Failure::usage(
                format!("{what} is read from standard input, and that is your terminal"),
                "pipe it in, best from a password manager: printf '%s' \"$PASSWORD\" | comity user add NAME --role ROLE --password-stdin",
            ));
        }
        output::say(&format!(
            "type {what}, then Enter; it shows, so better pipe it in"
        ));
    }
    let mut text = String::new();
    let limit = u64::try_from(PASSWORD_BYTES_MAX * 4).unwrap_or(u64::MAX);
    let read = std::io::stdin().lock().take(limit).read_line(&mut text);
    read.map_err(|error| {
        Failure::usage(
            format!("cannot read {what}: {error}"),
            "pipe it in as one line of UTF-8 text",
        )
    })?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        Err(Failure::usage(
            format!("{what} is empty"),
            "give it as the first line of standard input",
        ))
    } else {
        Ok(line.to_owned())
    }
}

/// The node and this command are of different versions.
pub(crate) fn unexpected() -> Failure {
    Failure::unknown(
        "the node answered something else than was asked",
        "use the same version of comity for the node and the command",
    )
}
