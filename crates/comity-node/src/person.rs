//! Who is signed in.
//!
//! In scope: the person of an own account, and the way by which it came. Out of scope: finding that out (`account`), what it may do
//! (`operation::rights`).

use comity_store::state::account::Role;

/// Somebody of this house, signed in with an own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account's name.
    pub account: String,
    /// Its role.
    pub role: Role,
    /// Where the person is reached: what another party addresses there is for this account.
    pub address: Option<String>,
    /// How it came.
    pub way: Way,
}

/// By which way a person came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// With a session of a browser.
    Session {
        /// Its public name.
        id: String,
    },
    /// With a token.
    Token {
        /// Its public name.
        id: String,
        /// It may only look.
        reads_only: bool,
    },
    /// With name and password in the request itself.
    Password,
}
