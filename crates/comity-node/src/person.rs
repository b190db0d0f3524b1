//! Persons: who acts on this node, in what role, and by which way they came.
//!
//! In scope: the type that pages and REST hand to every operation. Out of scope: finding out who it is (`account`), what a
//! role may do.

use std::net::IpAddr;

use comity_store::state::account::Role;
use comity_store::state::token::Scope;

use crate::account::{Caller, SignInError};
use crate::node::Node;

/// Who acts: one of this party's own persons, or a program of theirs.
///
/// Accounts of other parties are never one: they use TAXII and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account's name; empty for the operator.
    pub account: String,
    /// Its role.
    pub role: Role,
    /// Where the person is reached.
    pub address: Option<String>,
    /// By which way they came.
    pub way: Way,
    /// From where they came; that of a session is where it was opened.
    pub place: Option<IpAddr>,
    /// When they showed who they are, microseconds since 1970: where an act asks for that again, it looks here.
    pub signed_in: i64,
}

/// By which way somebody came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A browser that signed in.
    Session {
        /// The session's id; no secret.
        id: String,
    },
    /// A program with a token.
    Token {
        /// The token's id; no secret.
        id: String,
        /// How much of the account's rights it has.
        scope: Scope,
    },
    /// A program with a certificate.
    Certificate {
        /// The certificate's id.
        id: String,
        /// How much of the account's rights it has.
        scope: Scope,
    },
    /// A program with the account's name and password.
    Password,
    /// Whoever holds the node's folder, at the command line.
    Operator,
}

impl Way {
    /// The way in words, with the id where there is one: for the audit log.
    pub fn words(&self) -> String {
        match self {
            Self::Session { id } => format!("session {id}"),
            Self::Token { id, .. } => format!("token {id}"),
            Self::Certificate { id, .. } => format!("certificate {id}"),
            Self::Password => "password".to_owned(),
            Self::Operator => "operator".to_owned(),
        }
    }
}

impl Person {
    /// Whoever holds the node's folder.
    pub fn operator(now: i64) -> Self {
        Self {
            account: String::new(),
            role: Role::Admin,
            address: None,
            way: Way::Operator,
            place: None,
            signed_in: now,
        }
    }

    /// How much of the role's rights this way has.
    pub fn scope(&self) -> Scope {
        match &self.way {
            Way::Token { scope, .. } | Way::Certificate { scope, .. } => *scope,
            Way::Session { .. } | Way::Password | Way::Operator => Scope::All,
        }
    }
}

impl Node {
    /// The person that a caller of REST is. Accounts of other parties are refused: they use TAXII and nothing else.
    pub fn person_of(&self, caller: &Caller, place: IpAddr) -> Result<Person, SignInError> {
        if caller.party.is_some() {
            return Err(SignInError::NotOwn);
        }
        let way = match &caller.token {
            Some((id, scope)) if caller.certificate => Way::Certificate {
                id: id.clone(),
                scope: *scope,
            },
            Some((id, scope)) => Way::Token {
                id: id.clone(),
                scope: *scope,
            },
            None => Way::Password,
        };
        Ok(Person {
            account: caller.name.clone(),
            role: caller.role,
            address: caller.address.clone(),
            way,
            place: Some(place),
            signed_in: self.inner.clock.now(),
        })
    }
}
