//! The operator's commands about accounts.
//!
//! In scope: each command's call of the use case that it names, and the answer as plain data. Out of scope: deciding
//! anything.

use comity_stix::timestamp::Timestamp;
use comity_store::state::token::TokenRow;
use serde_json::{Value, json};

use crate::account::session::SessionShown;
use crate::account::token::NewToken;
use crate::account::{AccountError, Belonging};
use crate::command::{AccountCommand, Answer, UserAnswer};
use crate::execute::Done;
use crate::node::Node;

impl Node {
    pub(crate) fn perform_on_accounts(&self, command: AccountCommand) -> Done {
        match command {
            AccountCommand::AddUser {
                name,
                role,
                party,
                address,
                password,
            } => {
                let whose = Belonging { party, address };
                self.add_account(&name, role, &whose, &password)?;
                Ok(Answer::Done)
            }
            AccountCommand::ListUsers => Ok(Answer::Users(self.user_answers()?)),
            AccountCommand::RemoveUser { name } => done(self.remove_account(&name)),
            AccountCommand::SetAddress { name, address } => {
                done(self.set_address(&name, address.as_deref()))
            }
            AccountCommand::SetRole { name, role } => done(self.set_role(&name, role)),
            AccountCommand::SetPassword { name, password } => {
                done(self.set_password(&name, &password))
            }
            AccountCommand::NameReader { id, user } => {
                Ok(Answer::Count(self.name_reader(&id, &user)?))
            }
            AccountCommand::CreateToken {
                user,
                name,
                scope,
                days,
            } => {
                let new = NewToken {
                    account: user,
                    name,
                    scope,
                    days,
                };
                Ok(Answer::Token(self.create_token(&new)?.token))
            }
            AccountCommand::RevokeTokens { user } => Ok(Answer::Count(self.revoke_tokens(&user)?)),
            AccountCommand::RevokeToken { id } => done(self.revoke_token(&id, None)),
            AccountCommand::ListTokens { user } => {
                let tokens = self.tokens(user.as_deref())?;
                let tokens: Vec<Value> = tokens.iter().map(token).collect();
                Ok(Answer::Document(json!({ "tokens": tokens })))
            }
            AccountCommand::ShowSecondFactor { name } => {
                self.account_named(&name)?;
                let shown = self.second_factor(&name)?;
                Ok(Answer::Document(json!({
                    "account": name, "since": shown.since.map(at), "waits": shown.waits,
                    "recovery_codes_left": shown.recovery_left,
                })))
            }
            AccountCommand::RemoveSecondFactor { name } => done(self.remove_second_factor(&name)),
            AccountCommand::ListSessions { name } => {
                self.account_named(&name)?;
                let sessions = self.sessions(&name)?;
                let sessions: Vec<Value> = sessions.iter().map(session).collect();
                Ok(Answer::Document(json!({ "sessions": sessions })))
            }
            AccountCommand::EndSessions { name } => {
                self.account_named(&name)?;
                Ok(Answer::Count(self.end_sessions(&name, None)?))
            }
        }
    }

    fn user_answers(&self) -> Result<Vec<UserAnswer>, AccountError> {
        let users = self.accounts()?.into_iter();
        let users = users.map(|account| UserAnswer {
            name: account.name,
            role: account.role.word().to_owned(),
            party: account.party,
            address: account.address,
        });
        Ok(users.collect())
    }
}

fn done(done: Result<(), AccountError>) -> Done {
    done?;
    Ok(Answer::Done)
}

fn token(row: &TokenRow) -> Value {
    json!({
        "id": row.id, "account": row.account, "name": row.name, "scope": row.scope.word(),
        "created": at(row.created), "expires": row.expires.map(at), "used": row.seen.map(at),
    })
}

fn session(one: &SessionShown) -> Value {
    json!({
        "id": one.id, "means": one.means, "created": at(one.created), "used": at(one.seen),
        "expires": at(one.expires), "place": one.place, "agent": one.agent,
    })
}

fn at(micros: i64) -> String {
    Timestamp::from_micros(micros).map_or_else(String::new, |at| at.to_string())
}
