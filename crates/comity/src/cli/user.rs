//! The words of `comity user`, `comity token`, `comity certificate` and `comity audit`.
//!
//! In scope: the words. Out of scope: doing it (`commands::accounts`).

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Subcommand};
use comity_node::account::token::{TOKEN_DAYS, TOKEN_DAYS_MAX};
use comity_store::state::account::Role;
use comity_store::state::token::Scope;

use super::{Data, Json};

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make an account
    Add {
        #[command(flatten)]
        data: Data,
        /// Its name
        name: String,
        /// What it may do besides what collections grant it
        #[arg(long, value_parser = roles())]
        role: Role,
        /// It belongs to this other party, and sees what was released to it and nothing else
        #[arg(long, value_name = "PARTY")]
        party: Option<String>,
        /// Where its person is reached: what another party addresses there as TLP:RED is this account's to read
        #[arg(long, conflicts_with = "party")]
        address: Option<String>,
        /// Read the password from standard input, one line
        #[arg(long)]
        password_stdin: bool,
    },
    /// Make a link by which a person sets the password of an account of their own, once and within seven days; its path is printed,
    /// to be added to the address of the node's pages
    Invite {
        #[command(flatten)]
        data: Data,
        /// The account's name
        name: String,
        /// What it may do besides what collections grant it
        #[arg(long, value_parser = roles())]
        role: Role,
        /// Where its person is reached: what another party addresses there as TLP:RED is this account's to read
        #[arg(long)]
        address: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Give an account another role; whoever is signed in with it signs in again
    Role {
        #[command(flatten)]
        data: Data,
        /// The account
        name: String,
        /// What it may do besides what collections grant it
        #[arg(long, value_parser = roles())]
        role: Role,
    },
    /// Set a new password; whoever is signed in with the account signs in again
    Password {
        #[command(flatten)]
        data: Data,
        /// The account
        name: String,
        /// Read the password from standard input, one line
        #[arg(long)]
        password_stdin: bool,
    },
    /// Show whether an account has a second factor, or turn it off for a person who lost the device
    Totp {
        #[command(flatten)]
        data: Data,
        /// The account
        name: String,
        /// Turn it off: the password alone is enough then
        #[arg(long)]
        off: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Show where an account is signed in, or end that
    Sessions {
        #[command(flatten)]
        data: Data,
        /// The account
        name: String,
        /// End all of them
        #[arg(long)]
        end: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Show the passkeys of an account, or remove one
    Passkeys {
        #[command(flatten)]
        data: Data,
        /// The account
        name: String,
        /// Remove the one with this id, and end the sessions that the account's passkeys opened
        #[arg(long, value_name = "ID")]
        remove: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Show who an account is at the provider of identities, link a subject of it, or take one away
    #[command(group = ArgGroup::new("what").args(["link", "unlink"]))]
    Identities {
        #[command(flatten)]
        data: Data,
        /// The account
        name: String,
        /// Let this subject of the provider sign in as the account
        #[arg(long, value_name = "SUBJECT")]
        link: Option<String>,
        /// Take the identity with this id away, and end the sessions that the provider opened
        #[arg(long, value_name = "ID")]
        unlink: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Record where the person of an account is reached, in the place of where that was before
    Address {
        #[command(flatten)]
        data: Data,
        /// The account
        name: String,
        /// Where; left out, the account loses what was addressed to its person
        address: Option<String>,
    },
    /// Show all accounts
    List {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        json: Json,
    },
    /// Remove an account, its tokens and its rights
    Remove {
        #[command(flatten)]
        data: Data,
        /// Its name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token and print it, this once
    Create {
        #[command(flatten)]
        data: Data,
        /// The account that it speaks for
        #[arg(long, value_name = "NAME")]
        user: String,
        /// What it is for, for the list
        #[arg(long, value_name = "TEXT", default_value = "")]
        name: String,
        /// How much of the account's rights it has: read reads, write adds and sends too but manages nothing, all is all
        #[arg(long, value_parser = scopes(), default_value = "all")]
        scope: Scope,
        /// How many days it is good for; 0 is until it is ended
        #[arg(long, value_name = "DAYS", default_value_t = TOKEN_DAYS, value_parser = clap::value_parser!(u32).range(0..=i64::from(TOKEN_DAYS_MAX)))]
        days: u32,
    },
    /// Show tokens with what they may, when they end and when they were used; never the tokens themselves
    List {
        #[command(flatten)]
        data: Data,
        /// Those of this account only
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// End a token, or all tokens of an account
    #[command(group = ArgGroup::new("which").required(true).args(["id", "user"]))]
    Revoke {
        #[command(flatten)]
        data: Data,
        /// The token's id, as the list shows it
        id: Option<String>,
        /// All tokens of this account
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum CertificateCommand {
    /// Let whoever has the key of a certificate speak for an account, where this node itself speaks TLS
    Add {
        #[command(flatten)]
        data: Data,
        /// The account that it speaks for
        #[arg(long, value_name = "NAME")]
        user: String,
        /// What it is for, for the list
        #[arg(long, value_name = "TEXT", default_value = "")]
        name: String,
        /// How much of the account's rights it has: read reads, write adds and sends too but manages nothing, all is all
        #[arg(long, value_parser = scopes())]
        scope: Scope,
        /// How many days it is good for; 0 is until it is ended
        #[arg(long, value_name = "DAYS", default_value_t = TOKEN_DAYS, value_parser = clap::value_parser!(u32).range(0..=i64::from(TOKEN_DAYS_MAX)))]
        days: u32,
        /// The certificate, a PEM file; it may be self-signed
        file: PathBuf,
    },
    /// Show pinned certificates with their fingerprints, what they may, when they end and when they were used
    List {
        #[command(flatten)]
        data: Data,
        /// Those of this account only
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// End a certificate: whoever has its key is nobody from then on
    Revoke {
        #[command(flatten)]
        data: Data,
        /// Its id, as the list shows it
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Show what was done, the newest first
    List {
        #[command(flatten)]
        data: Data,
        /// By this account only
        #[arg(long, value_name = "NAME")]
        account: Option<String>,
        /// Only this operation, such as `sign_in`
        #[arg(long, value_name = "WORD")]
        operation: Option<String>,
        /// Only what is older than the row with this number
        #[arg(long, value_name = "NUMBER")]
        before: Option<i64>,
        /// How many rows at most
        #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        #[command(flatten)]
        json: Json,
    },
}

fn roles() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::word))
        .try_map(|word| Role::parse(&word).ok_or("no such role"))
}

fn scopes() -> impl TypedValueParser<Value = Scope> {
    PossibleValuesParser::new(Scope::ALL.map(Scope::word))
        .try_map(|word| Scope::parse(&word).ok_or("no such scope"))
}
