//! The commands about accounts and about signing in.
//!
//! In scope: the words, each command's call of the use case that it names, and the answer as plain data. Out of scope:
//! deciding anything.

use comity_stix::timestamp::Timestamp;
use comity_store::state::account::Role;
use comity_store::state::audit::{Asked, AuditRow};
use comity_store::state::identity::IdentityRow;
use comity_store::state::passkey::PasskeyRow;
use comity_store::state::token::{Kind, Scope, TokenRow};
use comity_store::state::welcome::WelcomeRow;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::account::passkey::is_copied;
use crate::account::session::SessionShown;
use crate::account::token::NewToken;
use crate::account::{AccountError, Belonging, NewAccount, hex};
use crate::command::{AccountCommand, Answer, UserAnswer};
use crate::execute::Done;
use crate::node::Node;

/// Rows of the audit log where nobody says how many.
const AUDIT_ROWS: u32 = 100;

/// Something about signing in, to be done.
#[derive(Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignInCommand {
    /// End one token.
    RevokeToken {
        /// Its id.
        id: String,
        /// Only if it is this account's.
        user: Option<String>,
    },
    /// Tokens.
    ListTokens {
        /// Those of this account only.
        user: Option<String>,
    },
    /// Let whoever has the key of a certificate speak for an account, where this node itself speaks TLS.
    PinCertificate {
        /// The account.
        user: String,
        /// The certificate, as PEM.
        certificate: String,
        /// What it is for.
        #[serde(default)]
        name: String,
        /// How much of the account's rights it has: read, write or all.
        #[schemars(with = "String")]
        scope: Scope,
        /// After how many days it ends; 0 is never.
        days: u32,
        /// The account that does it; empty for the operator.
        #[serde(default)]
        by: String,
    },
    /// Set the password of an account.
    SetPassword {
        /// The account.
        name: String,
        /// The password.
        password: String,
    },
    /// How the second factor of an account stands.
    ShowSecondFactor {
        /// The account.
        name: String,
    },
    /// Turn the second factor of an account off.
    RemoveSecondFactor {
        /// The account.
        name: String,
    },
    /// Replace the password of an account by its person, who shows the old one.
    ChangePassword {
        /// The account.
        name: String,
        /// The password until now.
        old: String,
        /// The new one.
        new: String,
        /// The session that goes on; all others end.
        except: Option<String>,
    },
    /// Make a secret for one-time codes, which is shown this once.
    BeginSecondFactor {
        /// The account.
        name: String,
    },
    /// Put the secret in force by its first right code; the recovery codes are shown this once.
    ConfirmSecondFactor {
        /// The account.
        name: String,
        /// The code.
        code: String,
    },
    /// Make new recovery codes, which are shown this once.
    RenewRecoveryCodes {
        /// The account.
        name: String,
        /// A one-time code, or one of the old recovery codes.
        code: String,
    },
    /// Turn the second factor off by its person, who shows a code.
    EndSecondFactor {
        /// The account.
        name: String,
        /// A one-time code, or a recovery code.
        code: String,
    },
    /// The passkeys of an account.
    ListPasskeys {
        /// The account.
        name: String,
    },
    /// Remove a passkey of an account, and end the sessions that its passkeys opened.
    RemovePasskey {
        /// The account.
        name: String,
        /// The passkey's id.
        id: String,
        /// The session that goes on; all others that passkeys opened end.
        except: Option<String>,
    },
    /// Who an account is at the provider of identities.
    ListIdentities {
        /// The account.
        name: String,
    },
    /// Let a subject of the provider of identities sign in as an account.
    LinkIdentity {
        /// The account.
        name: String,
        /// What the provider calls the person: `sub` in its ID tokens.
        subject: String,
        /// The account that does it; empty for the operator.
        #[serde(default)]
        by: String,
    },
    /// Take an identity from an account, and end the sessions that the provider opened.
    UnlinkIdentity {
        /// The account.
        name: String,
        /// The identity's id.
        id: String,
        /// The session that goes on; all others that the provider opened end.
        except: Option<String>,
    },
    /// Invite a person to make an account of their own; what the link ends with is shown this once.
    Invite {
        /// The account's name.
        name: String,
        /// Its role.
        #[schemars(with = "String")]
        role: Role,
        /// Where its person is reached.
        address: Option<String>,
        /// The account that does it; empty for the operator.
        #[serde(default)]
        by: String,
    },
    /// Invitations that nobody has used yet.
    ListInvitations,
    /// Take an invitation back.
    WithdrawInvitation {
        /// The account's name.
        name: String,
    },
    /// Rows of the audit log, the newest first.
    ListAudit {
        /// By this account only.
        account: Option<String>,
        /// Of this operation only.
        operation: Option<String>,
        /// Only those older than the row with this number.
        before: Option<i64>,
        /// At most so many: 100, or what is said, up to 1000.
        limit: Option<u32>,
    },
    /// Where an account is signed in.
    ListSessions {
        /// The account.
        name: String,
    },
    /// End one session of an account.
    EndSession {
        /// The account.
        name: String,
        /// The session's id.
        id: String,
    },
    /// End every session of an account.
    EndSessions {
        /// The account.
        name: String,
        /// Not this one.
        except: Option<String>,
    },
}

impl Node {
    pub(crate) fn perform_on_accounts(&self, command: AccountCommand) -> Done {
        match command {
            AccountCommand::AddUser {
                name,
                role,
                party,
                address,
                password,
                by,
            } => {
                let whose = Belonging { party, address };
                let new = NewAccount {
                    by: &by,
                    name: &name,
                    role,
                    password: &password,
                };
                done(self.add_account(&new, &whose))
            }
            AccountCommand::ListUsers => Ok(Answer::Users(self.user_answers()?)),
            AccountCommand::RemoveUser { name } => done(self.remove_account(&name)),
            AccountCommand::SetAddress { name, address } => {
                done(self.set_address(&name, address.as_deref()))
            }
            AccountCommand::SetRole { name, role, by } => done(self.set_role(&by, &name, role)),
            AccountCommand::NameReader { id, user } => {
                Ok(Answer::Count(self.name_reader(&id, &user)?))
            }
            AccountCommand::CreateToken {
                user,
                name,
                scope,
                days,
                by,
            } => {
                let new = NewToken {
                    by,
                    account: user,
                    name,
                    scope,
                    days,
                };
                Ok(Answer::Token(self.create_token(&new)?.token))
            }
            AccountCommand::RevokeTokens { user } => Ok(Answer::Count(self.revoke_tokens(&user)?)),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "a table of commands, a line or two each"
    )]
    pub(crate) fn perform_on_sign_in(&self, command: SignInCommand) -> Done {
        match command {
            SignInCommand::RevokeToken { id, user } => {
                done(self.revoke_token(&id, user.as_deref()))
            }
            SignInCommand::ListTokens { user } => {
                let tokens = self.tokens(user.as_deref())?;
                Ok(Answer::Document(tokens.iter().map(token).collect()))
            }
            SignInCommand::PinCertificate {
                user,
                certificate,
                name,
                scope,
                days,
                by,
            } => {
                let new = NewToken {
                    by,
                    account: user,
                    name,
                    scope,
                    days,
                };
                let id = self.pin_certificate(&new, &certificate)?;
                Ok(Answer::Document(json!({ "id": id })))
            }
            SignInCommand::SetPassword { name, password } => {
                done(self.set_password(&name, &password))
            }
            SignInCommand::ChangePassword {
                name,
                old,
                new,
                except,
            } => done(self.change_password(&name, &old, &new, except.as_deref())),
            SignInCommand::ShowSecondFactor { name } => {
                self.account_named(&name)?;
                let shown = self.second_factor(&name)?;
                Ok(Answer::Document(json!({
                    "account": name, "since": shown.since.map(at), "waits": shown.waits,
                    "recovery_codes_left": shown.recovery_left,
                })))
            }
            SignInCommand::BeginSecondFactor { name } => {
                let made = self.begin_second_factor(&name)?;
                let said = json!({ "secret": made.secret, "uri": made.uri });
                Ok(Answer::Document(said))
            }
            SignInCommand::ConfirmSecondFactor { name, code } => {
                let codes = self.confirm_second_factor(&name, &code)?;
                Ok(Answer::Document(json!({ "recovery_codes": codes })))
            }
            SignInCommand::RenewRecoveryCodes { name, code } => {
                let codes = self.renew_recovery_codes(&name, &code)?;
                Ok(Answer::Document(json!({ "recovery_codes": codes })))
            }
            SignInCommand::EndSecondFactor { name, code } => {
                done(self.end_second_factor(&name, &code))
            }
            SignInCommand::RemoveSecondFactor { name } => done(self.remove_second_factor(&name)),
            SignInCommand::ListPasskeys { name } => {
                self.account_named(&name)?;
                let held = self.passkeys(&name)?;
                Ok(Answer::Document(held.iter().map(passkey).collect()))
            }
            SignInCommand::RemovePasskey { name, id, except } => {
                done(self.remove_passkey(&name, &id, except.as_deref()))
            }
            SignInCommand::ListIdentities { name } => {
                self.account_named(&name)?;
                let held = self.identities(&name)?;
                Ok(Answer::Document(held.iter().map(identity).collect()))
            }
            SignInCommand::LinkIdentity { name, subject, by } => {
                done(self.link_identity(&by, &name, &subject))
            }
            SignInCommand::UnlinkIdentity { name, id, except } => {
                done(self.unlink_identity(&name, &id, except.as_deref()))
            }
            SignInCommand::Invite {
                name,
                role,
                address,
                by,
            } => {
                let made = self.invite(&by, &name, role, address.as_deref())?;
                Ok(Answer::Document(json!({
                    "name": name, "path": format!("/welcome/{}", made.secret), "expires": at(made.expires),
                })))
            }
            SignInCommand::ListInvitations => {
                let held = self.invitations()?;
                Ok(Answer::Document(held.iter().map(invitation).collect()))
            }
            SignInCommand::WithdrawInvitation { name } => done(self.withdraw_invitation(&name)),
            SignInCommand::ListAudit {
                account,
                operation,
                before,
                limit,
            } => {
                let asked = Asked {
                    before,
                    account,
                    operation,
                    limit: limit.unwrap_or(AUDIT_ROWS),
                };
                let rows = self.audit(&asked)?;
                Ok(Answer::Document(rows.iter().map(audit).collect()))
            }
            SignInCommand::ListSessions { name } => {
                self.account_named(&name)?;
                let sessions = self.sessions(&name)?;
                Ok(Answer::Document(sessions.iter().map(session).collect()))
            }
            SignInCommand::EndSession { name, id } => done(self.end_session(&name, &id)),
            SignInCommand::EndSessions { name, except } => {
                self.account_named(&name)?;
                Ok(Answer::Count(self.end_sessions(&name, except.as_deref())?))
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
        "id": row.id, "kind": row.kind.word(), "account": row.account, "name": row.name, "scope": row.scope.word(),
        // That of a token is no one's to see; that of a certificate tells which it is.
        "fingerprint": (row.kind == Kind::Certificate).then(|| hex(&row.digest)),
        "created": at(row.created), "expires": row.expires.map(at), "used": row.seen.map(at),
    })
}

fn session(one: &SessionShown) -> Value {
    json!({
        "id": one.id, "means": one.means, "created": at(one.created), "used": at(one.seen),
        "expires": at(one.expires), "place": one.place, "agent": one.agent,
    })
}

fn passkey(row: &PasskeyRow) -> Value {
    json!({
        "id": row.id, "name": row.name, "host": row.relying_party, "copied": is_copied(row),
        "created": at(row.created), "used": row.seen.map(at),
    })
}

fn identity(row: &IdentityRow) -> Value {
    json!({
        "id": row.id, "issuer": row.issuer, "subject": row.subject, "created": at(row.created), "used": row.seen.map(at),
    })
}

fn invitation(row: &WelcomeRow) -> Value {
    json!({
        "name": row.account, "role": row.role.word(), "address": row.address, "invited_by": row.invited_by,
        "created": at(row.created), "expires": at(row.expires),
    })
}

fn audit(row: &AuditRow) -> Value {
    json!({
        "id": row.id, "at": at(row.at), "account": row.account, "way": row.way, "place": row.place,
        "operation": row.operation, "target": row.target, "outcome": row.outcome,
    })
}

fn at(micros: i64) -> String {
    Timestamp::from_micros(micros).map_or_else(String::new, |at| at.to_string())
}
