//! `comity user`, `comity token`, `comity certificate` and `comity audit`.
//!
//! In scope: one call of the node each, secrets from standard input, lines for people. Out of scope: what an account may do.

use std::io::{BufRead, IsTerminal, Read};

use comity_node::account::PASSWORD_BYTES_MAX;
use comity_node::account::command::SignInCommand;
use comity_node::command::{AccountCommand, Answer, Command};
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::{AuditCommand, CertificateCommand, Data, Json, TokenCommand, UserCommand};
use crate::commands::parties::text;
use crate::failure::Failure;
use crate::output::{self, counted};

/// `comity user …`
#[expect(
    clippy::too_many_lines,
    reason = "a table of commands, a line or two each"
)]
pub(crate) fn user(command: UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::Invite {
            data,
            name,
            role,
            address,
            json,
        } => {
            let asked = SignInCommand::Invite {
                name,
                role,
                address,
                by: String::new(),
            };
            output::shown(&ask(data, asked)?, json, invited)
        }
        UserCommand::Role { data, name, role } => {
            let said = format!("{name} is {} now; its sessions have ended", role.word());
            act(
                data,
                AccountCommand::SetRole {
                    name,
                    role,
                    by: String::new(),
                },
                &said,
            )
        }
        UserCommand::Password {
            data,
            name,
            password_stdin,
        } => set_password(data, name, password_stdin),
        UserCommand::Totp {
            data,
            name,
            off: true,
            json: _,
        } => {
            let said = format!("the second factor of {name} is off: its password alone is enough");
            act(data, SignInCommand::RemoveSecondFactor { name }, &said)
        }
        UserCommand::Totp {
            data,
            name,
            off: false,
            json,
        } => {
            let asked = SignInCommand::ShowSecondFactor { name };
            output::shown(&ask(data, asked)?, json, second_factor)
        }
        UserCommand::Sessions {
            data,
            name,
            end,
            json,
        } => sessions(data, name, end, json),
        UserCommand::Passkeys {
            data,
            name,
            remove: Some(id),
            json: _,
        } => {
            let said =
                "removed the passkey; the sessions that passkeys of the account opened have ended";
            let except = None;
            act(
                data,
                SignInCommand::RemovePasskey { name, id, except },
                said,
            )
        }
        UserCommand::Passkeys {
            data,
            name,
            remove: None,
            json,
        } => {
            let said = ask(data, SignInCommand::ListPasskeys { name })?;
            output::shown(&said, json, passkeys)
        }
        UserCommand::Identities {
            data,
            name,
            link: Some(subject),
            ..
        } => {
            let said = format!("{subject} of the provider signs in as {name} from now on");
            let by = String::new();
            act(
                data,
                SignInCommand::LinkIdentity { name, subject, by },
                &said,
            )
        }
        UserCommand::Identities {
            data,
            name,
            unlink: Some(id),
            ..
        } => {
            let said = "took the identity away; the sessions that the provider opened have ended";
            let except = None;
            act(
                data,
                SignInCommand::UnlinkIdentity { name, id, except },
                said,
            )
        }
        UserCommand::Identities {
            data, name, json, ..
        } => {
            let said = ask(data, SignInCommand::ListIdentities { name })?;
            output::shown(&said, json, identities)
        }
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
                by: String::new(),
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

/// One act, and what is said once it is done.
fn act(data: Data, command: impl Into<Command>, said: &str) -> Result<(), Failure> {
    let mut backend = Backend::open(&data_folder(data.data)?)?;
    backend.execute(command.into())?;
    output::say(said);
    backend.close()
}

/// One question, and its document.
fn ask(data: Data, command: SignInCommand) -> Result<Value, Failure> {
    let mut backend = Backend::open(&data_folder(data.data)?)?;
    let said = backend.document(command.into())?;
    backend.close()?;
    Ok(said)
}

/// One act that ends some things; answers how many.
fn count(data: Data, command: impl Into<Command>) -> Result<u64, Failure> {
    let mut backend = Backend::open(&data_folder(data.data)?)?;
    let Answer::Count(count) = backend.execute(command.into())? else {
        return Err(unexpected());
    };
    backend.close()?;
    Ok(count)
}

fn set_password(data: Data, name: String, announced: bool) -> Result<(), Failure> {
    let mut backend = Backend::open(&data_folder(data.data)?)?;
    let password = secret("the new password", announced)?;
    let said = format!("the password of {name} is the new one; its sessions have ended");
    backend.execute(Command::SignIn(SignInCommand::SetPassword {
        name,
        password,
    }))?;
    output::say(&said);
    backend.close()
}

fn second_factor(said: &Value) -> Result<(), Failure> {
    let left = said.get("recovery_codes_left").and_then(Value::as_u64);
    match said.get("since").and_then(Value::as_str) {
        Some(since) => output::data(&format!(
            "on since {since}, {} left",
            counted(left.unwrap_or(0), "recovery code", "recovery codes")
        )),
        None => output::data("off"),
    }
}

fn sessions(data: Data, name: String, end: bool, json: Json) -> Result<(), Failure> {
    if end {
        let ended = count(data, SignInCommand::EndSessions { name, except: None })?;
        output::say(&format!("ended {}", counted(ended, "session", "sessions")));
        return Ok(());
    }
    let said = ask(data, SignInCommand::ListSessions { name })?;
    output::shown(&said, json, |said| {
        let words = ["id", "created", "used", "means", "place", "agent"];
        rows(said).try_for_each(|one| output::data(&words.map(|word| text(one, word)).join("\t")))
    })
}

fn invited(said: &Value) -> Result<(), Failure> {
    output::say(&format!(
        "give the person this path, below the address of the node's pages; it is good once and until {}, and shown this once:",
        text(said, "expires")
    ));
    output::data(text(said, "path"))
}

/// `comity audit …`
pub(crate) fn audit(command: AuditCommand) -> Result<(), Failure> {
    let AuditCommand::List {
        data,
        account,
        operation,
        before,
        limit,
        json,
    } = command;
    let asked = SignInCommand::ListAudit {
        account,
        operation,
        before,
        limit: Some(limit),
    };
    output::shown(&ask(data, asked)?, json, |said| {
        rows(said).try_for_each(|row| {
            let number = row.get("id").and_then(Value::as_i64).unwrap_or(0);
            let words = [
                "at",
                "account",
                "way",
                "place",
                "operation",
                "target",
                "outcome",
            ];
            let shown = words.map(|word| match text(row, word) {
                "" => "-",
                told => told,
            });
            output::data(&format!("{number}\t{}", shown.join("\t")))
        })
    })
}

/// The rows of a list.
fn rows(said: &Value) -> impl Iterator<Item = &Value> {
    said.as_array().into_iter().flatten()
}

fn passkeys(said: &Value) -> Result<(), Failure> {
    rows(said).try_for_each(|one| {
        let words = ["id", "host", "created", "used", "name"];
        let shown = words.map(|word| match text(one, word) {
            "" if word == "used" => "never",
            told => told,
        });
        output::data(&shown.join("\t"))
    })
}

fn identities(said: &Value) -> Result<(), Failure> {
    rows(said).try_for_each(|one| {
        let words = ["id", "issuer", "subject", "created", "used"];
        let shown = words.map(|word| match text(one, word) {
            "" if word == "used" => "never",
            told => told,
        });
        output::data(&shown.join("\t"))
    })
}

fn tokens(said: &Value) -> Result<(), Failure> {
    rows(said).try_for_each(|one| {
        let words = ["id", "account", "scope", "expires", "used", "name"];
        let shown = words.map(|word| match text(one, word) {
            "" if word == "expires" || word == "used" => "never",
            told => told,
        });
        output::data(&shown.join("\t"))
    })
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
        TokenCommand::Create {
            data,
            user,
            name,
            scope,
            days,
        } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let made = AccountCommand::CreateToken {
                user,
                name,
                scope,
                days,
                by: String::new(),
            };
            let Answer::Token(token) = backend.execute(Command::Account(made))? else {
                return Err(unexpected());
            };
            let end = match days {
                0 => "until it is ended".to_owned(),
                _ => format!("for {}", counted(days.into(), "day", "days")),
            };
            output::say(&format!(
                "the token, shown this once; whoever holds it speaks for the account, {end}:"
            ));
            output::data(&token)?;
            backend.close()
        }
        TokenCommand::List { data, user, json } => {
            output::shown(&tokens_of_kind(data, user, "token")?, json, tokens)
        }
        TokenCommand::Revoke {
            data,
            id: Some(id),
            user: _,
        } => act(
            data,
            SignInCommand::RevokeToken { id, user: None },
            "ended the token",
        ),
        TokenCommand::Revoke {
            data,
            id: None,
            user,
        } => {
            let user = user.unwrap_or_default();
            let ended = count(data, AccountCommand::RevokeTokens { user })?;
            output::say(&format!("ended {}", counted(ended, "token", "tokens")));
            Ok(())
        }
    }
}

/// What stands for an account by one means: `token` or `certificate`.
fn tokens_of_kind(data: Data, user: Option<String>, kind: &str) -> Result<Value, Failure> {
    let said = ask(data, SignInCommand::ListTokens { user })?;
    let of_kind = rows(&said).filter(|one| text(one, "kind") == kind);
    Ok(of_kind.cloned().collect())
}

/// `comity certificate …`
pub(crate) fn certificate(command: CertificateCommand) -> Result<(), Failure> {
    match command {
        CertificateCommand::Add {
            data,
            user,
            name,
            scope,
            days,
            file,
        } => {
            let certificate = std::fs::read_to_string(&file).map_err(|error| {
                Failure::usage(
                    format!("cannot read {}: {error}", file.display()),
                    "name the PEM file of the client's certificate",
                )
            })?;
            let asked = SignInCommand::PinCertificate {
                user,
                certificate,
                name,
                scope,
                days,
                by: String::new(),
            };
            let said = ask(data, asked)?;
            output::say("pinned; whoever has the key of the certificate speaks for the account:");
            output::data(text(&said, "id"))
        }
        CertificateCommand::List { data, user, json } => {
            let pinned = tokens_of_kind(data, user, "certificate")?;
            output::shown(&pinned, json, certificates)
        }
        CertificateCommand::Revoke { data, id } => act(
            data,
            SignInCommand::RevokeToken { id, user: None },
            "ended the certificate",
        ),
    }
}

fn certificates(said: &Value) -> Result<(), Failure> {
    rows(said).try_for_each(|one| {
        let words = [
            "id",
            "account",
            "scope",
            "expires",
            "used",
            "fingerprint",
            "name",
        ];
        let shown = words.map(|word| match text(one, word) {
            "" if word == "expires" || word == "used" => "never",
            told => told,
        });
        output::data(&shown.join("\t"))
    })
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
