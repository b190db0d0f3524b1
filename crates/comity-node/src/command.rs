//! Commands: what the command line asks of a node, whether it opens the folder itself or talks to a running node.
//!
//! In scope: the requests and answers as plain data. Out of scope: carrying them over (`comity-api::local`), doing
//! them (`execute`).
//! Limits: an answer's page is bounded by [`PAGE_OBJECTS_MAX`].

use comity_store::state::account::Role;
use comity_store::state::token::Scope;
use serde::{Deserialize, Serialize};

use crate::account::command::SignInCommand;
use crate::address::command::AddressCommand;
use crate::case::command::CaseCommand;
use crate::contact::command::ContactCommand;
use crate::exchange::command::ExchangeCommand;
use crate::exchange::own_keys::KeyCommand;
use crate::ledger::command::LedgerCommand;
use crate::mail::command::MailCommand;
use crate::mail::openpgp::OpenPgpCommand;
use crate::operation::held::HeldCommand;
use crate::sighting::SightingCommand;

/// Objects in one [`Answer::Page`].
pub const PAGE_OBJECTS_MAX: usize = 1000;
/// Objects in one answer to a look-up.
pub const FOUND_MAX: usize = 10_000;
/// Objects that are shown at once.
pub const SHOWN_MAX: usize = 1_000;
/// Values that are matched with one command.
pub const MATCH_MAX: usize = 10_000;
/// Objects that are told of each of them.
pub const MATCH_OBJECTS_MAX: usize = 20;

/// Something to be done by a node for its operator.
#[derive(Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Something about accounts.
    Account(AccountCommand),
    /// Something about signing in.
    SignIn(SignInCommand),
    /// Make a collection.
    CreateCollection {
        /// Its title.
        title: String,
        /// What it is for.
        description: Option<String>,
        /// Another name for it.
        alias: Option<String>,
    },
    /// All collections.
    ListCollections,
    /// Set what an account may do with a collection.
    Grant {
        /// Id or alias.
        collection: String,
        /// The account.
        user: String,
        /// Whether it may read.
        read: bool,
        /// Whether it may write.
        write: bool,
        /// The account that does it; empty for the operator.
        #[serde(default)]
        by: String,
    },
    /// Take objects into a collection.
    Take {
        /// Id or alias.
        collection: String,
        /// The objects' JSON texts.
        objects: Vec<String>,
        /// Objects whose id is there already count as unchanged.
        only_new_ids: bool,
    },
    /// Take what is in a text: STIX, a table or values one a line, as in a file that is imported.
    ImportText {
        /// Id or alias.
        collection: String,
        /// The text; 4 MiB at most.
        text: String,
        /// The label of what has none of its own, by its word: of what is made from tables and values.
        label: Option<String>,
    },
    /// Read a page of a collection.
    Page {
        /// Id or alias.
        collection: String,
        /// Where the page before ended.
        after: Option<u64>,
        /// Every version, not only the newest.
        all_versions: bool,
        /// Only what is not bound to persons: for whoever sends it on.
        open_only: bool,
        /// At most so many; none: as many as a page has.
        #[serde(default)]
        limit: Option<usize>,
    },
    /// Find objects.
    Look(Look),
    /// Record that something was seen.
    Sighting(SightingCommand),
    /// Add a revoked version of an object wherever it is held.
    Revoke {
        /// Its id.
        id: String,
    },
    /// How far an exchange has come.
    Cursor {
        /// Its name.
        source: String,
    },
    /// Record how far an exchange has come.
    PutCursor {
        /// Its name.
        source: String,
        /// How far.
        cursor: String,
    },
    /// Read everything and say what is wrong.
    Check,
    /// Something about other parties.
    Exchange(ExchangeCommand),
    /// Something about this node's keys.
    Key(KeyCommand),
    /// Something about the ledger.
    Ledger(LedgerCommand),
    /// Something about requests and the other subjects of threads.
    Case(CaseCommand),
    /// Something about points of contact.
    Contact(ContactCommand),
    /// Something about mail that came.
    Mail(MailCommand),
    /// Something about designated addresses.
    Address(AddressCommand),
    /// Something about OpenPGP keys.
    OpenPgp(OpenPgpCommand),
    /// Something about acts that wait for a second person.
    Held(HeldCommand),
}

impl From<AccountCommand> for Command {
    fn from(command: AccountCommand) -> Self {
        Self::Account(command)
    }
}

impl From<SignInCommand> for Command {
    fn from(command: SignInCommand) -> Self {
        Self::SignIn(command)
    }
}

/// Something about accounts, to be done.
#[derive(Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountCommand {
    /// Make an account.
    AddUser {
        /// Its name.
        name: String,
        /// Its role.
        #[schemars(with = "String")]
        role: Role,
        /// The other party that it belongs to.
        party: Option<String>,
        /// Where its person is reached.
        address: Option<String>,
        /// Its password.
        password: String,
        /// The account that does it; empty for the operator.
        #[serde(default)]
        by: String,
    },
    /// All accounts.
    ListUsers,
    /// Remove an account.
    RemoveUser {
        /// Its name.
        name: String,
    },
    /// Record where the person of an account is reached.
    SetAddress {
        /// The account.
        name: String,
        /// Where; nowhere any more without one.
        address: Option<String>,
    },
    /// Name an account for an object that is bound to persons.
    NameReader {
        /// The object.
        id: String,
        /// The account.
        user: String,
    },
    /// Make a token.
    CreateToken {
        /// For this account.
        user: String,
        /// What it is for.
        #[serde(default)]
        name: String,
        /// How much of the account's rights it has: `read`, `write` or `all`.
        #[schemars(with = "String")]
        scope: Scope,
        /// After how many days it ends; 0 is never.
        days: u32,
        /// The account that does it; empty for the operator.
        #[serde(default)]
        by: String,
    },
    /// End all tokens of an account.
    RevokeTokens {
        /// The account.
        user: String,
    },
    /// Give an account another role.
    SetRole {
        /// The account.
        name: String,
        /// The role.
        #[schemars(with = "String")]
        role: Role,
        /// The account that does it; empty for the operator.
        #[serde(default)]
        by: String,
    },
}

/// Objects to be found, in any collection.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// The object with this id.
    Show {
        /// The id.
        id: String,
    },
    /// Every version of the object with this id, the newest first.
    Versions {
        /// The id.
        id: String,
    },
    /// Objects that carry one of these observable values.
    FindValues {
        /// As people write them, defanged too.
        values: Vec<String>,
    },
    /// Which of many values some object carries, each with the newest objects that do.
    Match {
        /// As people write them, defanged too.
        values: Vec<String>,
        /// Objects that are told of each at most; none: 20, which is the most.
        #[serde(default)]
        each: Option<usize>,
    },
    /// Objects whose text holds these words.
    Search {
        /// The words.
        text: String,
        /// At most so many; none: as many as one answer has.
        #[serde(default)]
        limit: Option<usize>,
    },
    /// All that is known of one value, and to whom it might go.
    Value {
        /// As people write it, defanged too.
        value: String,
    },
    /// Threads, mails, parties, envelopes and entries of the ledger, by words, names and numbers.
    Anything {
        /// The words, or the beginning of an envelope's id, or an entry's number.
        text: String,
    },
    /// Threads in which an account did something, what it did last first.
    Recent {
        /// The account.
        account: String,
    },
    /// The newest versions of several objects; what is not held is left out.
    ShowSeveral {
        /// Their ids.
        ids: Vec<String>,
    },
    /// Objects that refer to this one.
    Neighbours {
        /// Its id.
        id: String,
    },
}

impl std::fmt::Debug for AccountCommand {
    // It may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccountCommand(…)")
    }
}

impl std::fmt::Debug for Command {
    // A command may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Command(…)")
    }
}

/// What a node answers to a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is done.
    Done,
    /// A token, shown this once.
    Token(String),
    /// How many.
    Count(u64),
    /// Accounts.
    Users(Vec<UserAnswer>),
    /// One collection.
    Collection(CollectionAnswer),
    /// Collections.
    Collections(Vec<CollectionAnswer>),
    /// What became of objects.
    Taken(TakenAnswer),
    /// A page of objects.
    Page {
        /// Their JSON texts.
        objects: Vec<String>,
        /// Where the next page begins, when there is more.
        next: Option<u64>,
    },
    /// Objects that were found.
    Found(Vec<FoundAnswer>),
    /// How far an exchange has come.
    Cursor(Option<String>),
    /// The state of the store.
    Checked(CheckAnswer),
    /// What a command about other parties or the ledger comes to.
    Document(serde_json::Value),
    /// It was not done.
    Refused(Refusal),
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserAnswer {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: String,
    /// The other party that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// Where its person is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionAnswer {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Another name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Objects in it, the newest version of each.
    pub objects: u64,
    /// All versions in it.
    pub versions: u64,
    /// Who may read or write it.
    pub rights: Vec<RightAnswer>,
}

/// What an account may do with a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RightAnswer {
    /// The account.
    pub user: String,
    /// Whether it may read.
    pub read: bool,
    /// Whether it may write.
    pub write: bool,
}

/// What became of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenAnswer {
    /// New ones.
    pub added: u64,
    /// Those that were there already.
    pub unchanged: u64,
    /// Those that were refused.
    pub failures: Vec<FailureAnswer>,
}

/// An object that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureAnswer {
    /// Its id, or where it stood.
    pub id: String,
    /// Why, and what to do.
    pub message: String,
}

/// An object that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundAnswer {
    /// The collection that holds it.
    pub collection: String,
    /// When it was added there.
    pub date_added: String,
    /// Its JSON text as received.
    pub object: String,
}

/// The state of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckAnswer {
    /// The party's name.
    pub party: String,
    /// Its domain.
    pub domain: String,
    /// Objects read.
    pub objects: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Collections.
    pub collections: u64,
    /// What is wrong, a sentence each.
    pub problems: Vec<String>,
    /// What is still whole and will not stay so: keys that end.
    #[serde(default)]
    pub alarms: Vec<String>,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What failed.
    pub message: String,
    /// What mends it: a command in backticks, or a change.
    pub hint: String,
    /// Whose turn it is.
    pub kind: RefusalKind,
}

/// What a refusal means to whoever gave the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// The answer is no.
    No,
    /// It was asked wrongly.
    Usage,
    /// It could not be found out.
    Unknown,
    /// The release rules refuse it.
    Release,
    /// A second person must look at it first.
    SecondPerson,
    /// It is larger than the node takes.
    TooLarge,
}
