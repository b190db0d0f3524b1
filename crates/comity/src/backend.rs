//! Who does a command: the node that is running on the folder, or this process in its place.
//!
//! In scope: choosing, and turning refusals into failures. Out of scope: the commands (`comity-node`).

use std::path::{Path, PathBuf};

use comity_api::local::{LocalClient, LocalError};
use comity_node::address::command::AddressCommand;
use comity_node::case::command::CaseCommand;
use comity_node::clock::Clock;
use comity_node::command::{Answer, Command};
use comity_node::contact::command::ContactCommand;
use comity_node::exchange::command::ExchangeCommand;
use comity_node::exchange::own_keys::KeyCommand;
use comity_node::folder::{self, FolderError, SOCKET_FILE};
use comity_node::ledger::command::LedgerCommand;
use comity_node::link::log::Opened;
use comity_node::mail::command::MailCommand;
use comity_node::node::Node;
use comity_node::refusal::store_hint;
use comity_store::error::{StoreError, chain};

use crate::failure::Failure;
use crate::output;
use crate::settings::{Settings, no_node};

/// What does commands.
#[derive(Debug)]
pub(crate) enum Backend {
    /// A node in this process, which holds the folder's lock.
    Here(Node),
    /// The running node, by its socket.
    Running(LocalClient),
}

impl Backend {
    /// The node of `folder`.
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let settings = Settings::read(folder)?;
        let socket = folder.join(SOCKET_FILE);
        if let Some(client) =
            LocalClient::connect(&socket).map_err(|error| local_failure(&error))?
        {
            return Ok(Self::Running(client));
        }
        match open_node(folder, &settings) {
            Ok(node) => Ok(Self::Here(node)),
            Err(failure) => {
                // It may have come up in between.
                match LocalClient::connect(&socket) {
                    Ok(Some(client)) => Ok(Self::Running(client)),
                    _ => Err(failure),
                }
            }
        }
    }

    /// Does a command; a refusal is a failure.
    pub(crate) fn execute(&mut self, command: Command) -> Result<Answer, Failure> {
        let answer = match self {
            // A database's client waits, which a thread of the runtime may do only after saying so.
            Self::Here(node) if tokio::runtime::Handle::try_current().is_ok() => {
                tokio::task::block_in_place(|| node.execute(command))
            }
            Self::Here(node) => node.execute(command),
            Self::Running(client) => client
                .execute(&command)
                .map_err(|error| local_failure(&error))?,
        };
        let Answer::Refused(refusal) = answer else {
            return Ok(answer);
        };
        Err(refusal.into())
    }

    /// Does a command about other parties and answers its document.
    pub(crate) fn exchange(
        &mut self,
        command: ExchangeCommand,
    ) -> Result<serde_json::Value, Failure> {
        self.document(Command::Exchange(command))
    }

    /// Does a command about threads and answers its document.
    pub(crate) fn case(&mut self, command: CaseCommand) -> Result<serde_json::Value, Failure> {
        self.document(Command::Case(command))
    }

    /// Does a command about the ledger and answers its document.
    pub(crate) fn ledger(&mut self, command: LedgerCommand) -> Result<serde_json::Value, Failure> {
        self.document(Command::Ledger(command))
    }

    /// Does a command about this node's keys and answers its document.
    pub(crate) fn key(&mut self, command: KeyCommand) -> Result<serde_json::Value, Failure> {
        self.document(Command::Key(command))
    }

    /// Does a command about mail and answers its document.
    pub(crate) fn mail(&mut self, command: MailCommand) -> Result<serde_json::Value, Failure> {
        self.document(Command::Mail(command))
    }

    /// Does a command about designated addresses and answers its document.
    pub(crate) fn address(
        &mut self,
        command: AddressCommand,
    ) -> Result<serde_json::Value, Failure> {
        self.document(Command::Address(command))
    }

    /// Does a command about points of contact and answers its document.
    pub(crate) fn contact(
        &mut self,
        command: ContactCommand,
    ) -> Result<serde_json::Value, Failure> {
        self.document(Command::Contact(command))
    }

    /// Does a command and answers its document.
    pub(crate) fn document(&mut self, command: Command) -> Result<serde_json::Value, Failure> {
        let Answer::Document(document) = self.execute(command)? else {
            return Err(Failure::unknown(
                "the node answered something else",
                "use the same version of comity for the node and the command",
            ));
        };
        Ok(document)
    }

    /// Ends: what this process wrote is finished.
    pub(crate) fn close(self) -> Result<(), Failure> {
        match self {
            Self::Here(node) => node.close().map_err(|error| store_failure(&error)),
            Self::Running(_) => Ok(()),
        }
    }
}

/// Opens the node of a folder for this process alone.
pub(crate) fn open_node(folder: &Path, settings: &Settings) -> Result<Node, Failure> {
    let clock = Clock::System;
    let opened = folder::open(folder, &settings.place(), &clock);
    let opened = opened.map_err(|error| folder_failure(&error, folder))?;
    if let Opened::NewEpoch { epoch, reason } = &opened.ledger {
        output::say(&format!(
            "ledger: epoch {epoch} begins, because {reason}; other parties learn of it with the next call"
        ));
    }
    let node = Node::new(opened, clock, settings.node_limits());
    let terms = settings.addresses(&node.identity().domain);
    let terms = terms.map_err(|error| {
        let hint = "set mail.domain in comity.toml to a host name such as in.alpha.example";
        Failure::no(chain(&error), hint)
    })?;
    node.use_sending_terms(settings.mail.sending_terms(&terms.domain)?);
    node.use_mail_terms(terms);
    if let Some(terms) = settings.sign_in.oidc.terms()? {
        node.use_oidc(terms);
    }
    Ok(node)
}

/// What an error of the store means to whoever gave the command.
pub(crate) fn store_failure(error: &StoreError) -> Failure {
    Failure::unknown(chain(error), store_hint(error))
}

fn local_failure(error: &LocalError) -> Failure {
    let hint = match error {
        LocalError::Socket { .. } => {
            "did the node end meanwhile, or does it run as another user? then give the command again, or as that user"
        }
        LocalError::Message | _ => "use the same version of comity for the node and the command",
    };
    Failure::unknown(chain(error), hint)
}

/// What a folder's error means to whoever gave the command.
pub(crate) fn folder_failure(error: &FolderError, folder: &Path) -> Failure {
    match error {
        FolderError::NotANode(_) => no_node(folder),
        FolderError::Exists(_) => Failure::because(
            error,
            "name another folder with --data, or look at this one with `comity doctor`",
        ),
        FolderError::Store(source @ StoreError::InUse { .. }) => {
            Failure::no(chain(source), store_hint(source))
        }
        FolderError::Store(source @ StoreError::Damaged { .. }) => {
            Failure::no(chain(error), store_hint(source))
        }
        FolderError::Store(source) => Failure::unknown(chain(error), store_hint(source)),
        FolderError::OtherKeys(_) => Failure::no(
            chain(error),
            "nodes that share a database share their keys: copy the folder keys/ of the first node",
        ),
        FolderError::BadIdentity { .. } => Failure::usage(
            chain(error),
            "for example `comity init --party alpha --domain alpha.example`",
        ),
        FolderError::File { .. } | _ => Failure::because(
            error,
            "look at the owner and the rights of that path, or name another folder with --data",
        ),
    }
}

/// The folder that a command works on.
pub(crate) fn data_folder(given: Option<PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(folder) = given {
        return Ok(folder);
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the binary reads the environment, once, here"
    )]
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // XDG Base Directory Specification: data files of a user.
    let base = variable("XDG_DATA_HOME").map(PathBuf::from);
    let base = base.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/share")));
    let base = base.ok_or_else(|| {
        Failure::usage(
            "no folder given, and no home folder known",
            "name the folder with --data DIR",
        )
    })?;
    Ok(base.join("comity"))
}
