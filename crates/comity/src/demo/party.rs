//! One party of the demo: its node, served on loopback.
//!
//! In scope: starting, stopping, commands, being asked by TAXII as a stranger would. Out of scope: the story.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use comity_accord::evaluation::period::Stretch;
use comity_accord::text::commitment::Period;
use comity_api::local::LocalServer;
use comity_api::server::Server;
use comity_mail::dns::{Record, records};
use comity_node::case::command::CaseCommand;
use comity_node::command::{Answer, Command};
use comity_node::exchange::command::ExchangeCommand;
use comity_node::node::Node;
use comity_transport::http::{Client, ClientOptions, Credentials};
use comity_transport::smtp::server::MailServer;
use comity_transport::taxii::TaxiiClient;
use serde_json::Value;

use crate::backend::{self, open_node};
use crate::commands::serve::Background;
use crate::commands::{mail_dns, make_node, serve};
use crate::demo::not_held;
use crate::failure::Failure;
use crate::settings::Settings;

/// A party whose node is running.
pub(crate) struct Party {
    pub(crate) name: &'static str,
    folder: PathBuf,
    node: Node,
    address: SocketAddr,
    server: Server,
    local: LocalServer,
    background: Background,
    mail: Option<MailServer>,
    places: MailPlaces,
}

/// Where mail of the demo is taken, and who is asked about its senders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MailPlaces {
    /// This party's mail server.
    own: SocketAddr,
    /// The other one's.
    other: SocketAddr,
    names: SocketAddr,
}

impl MailPlaces {
    /// Those of two parties that write to each other.
    pub(crate) fn of_two(names: SocketAddr) -> Result<[Self; 2], Failure> {
        let (own, other) = (free_address()?, free_address()?);
        let one = Self { own, other, names };
        let two = Self {
            own: other,
            other: own,
            names,
        };
        Ok([one, two])
    }
}

impl Party {
    /// Makes a node in `folder` and serves it on a free port.
    pub(crate) async fn found(
        folder: &Path,
        name: &'static str,
        places: MailPlaces,
    ) -> Result<Self, Failure> {
        make_node(
            folder,
            (name, &format!("{name}.example")),
            (None, None),
            None,
        )?;
        Self::start(folder, name, free_address()?, places).await
    }

    /// Serves the node that is in `folder`.
    async fn start(
        folder: &Path,
        name: &'static str,
        address: SocketAddr,
        places: MailPlaces,
    ) -> Result<Self, Failure> {
        let settings = settings(folder, name, address, places)?;
        let node = open_node(folder, &settings)?;
        let (server, local) = serve::start(&node, &settings, folder).await?;
        let mail = serve::start_mail(&node, &settings).await?;
        let background = Background::start(&node, &settings)?;
        Ok(Self {
            name,
            folder: folder.to_owned(),
            node,
            address,
            server,
            local,
            background,
            mail,
            places,
        })
    }

    /// Stops the node and starts it again from what its folder holds.
    pub(crate) async fn restart(self) -> Result<Self, Failure> {
        let (name, folder, address) = (self.name, self.folder.clone(), self.address);
        let places = self.places;
        self.stop().await?;
        Self::start(&folder, name, address, places).await
    }

    /// Stops the node.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        if let Some(mail) = self.mail {
            mail.stop().await;
        }
        self.background.stop().await;
        self.server.stop().await;
        self.local.stop().await;
        self.node
            .close()
            .map_err(|error| backend::store_failure(&error))
    }

    /// Has the node do a command.
    pub(crate) fn execute(&self, command: Command) -> Result<Answer, Failure> {
        let answer = tokio::task::block_in_place(|| self.node.execute(command));
        let Answer::Refused(refusal) = answer else {
            return Ok(answer);
        };
        Err(refusal.into())
    }

    /// Has the node do a command that it answers with a document.
    pub(crate) fn document(&self, command: Command) -> Result<Value, Failure> {
        let Answer::Document(document) = self.execute(command)? else {
            return Err(not_held("the node answered something else"));
        };
        Ok(document)
    }

    /// Has the node do a command about other parties.
    pub(crate) fn exchange(&self, command: ExchangeCommand) -> Result<Value, Failure> {
        self.document(Command::Exchange(command))
    }

    /// Does a command about threads.
    pub(crate) fn case(&self, command: CaseCommand) -> Result<Value, Failure> {
        self.document(Command::Case(command))
    }

    /// Where it takes mail.
    pub(crate) const fn mail(&self) -> SocketAddr {
        self.places.own
    }

    /// What a name server is to say of it.
    pub(crate) fn records(&self) -> Result<Vec<Record>, Failure> {
        let settings = settings(&self.folder, self.name, self.address, self.places)?;
        let own = format!("{}.example", self.name);
        let zone = mail_dns::zone(&settings, &self.folder, &own)?;
        Ok(zone.map_or_else(Vec::new, |zone| records(&zone)))
    }

    /// The quarter that it is, by the node's clock.
    pub(crate) fn quarter(&self) -> Result<String, Failure> {
        let now = self.node.clock().now().div_euclid(1_000_000);
        let quarter = Stretch::around(Period::Quarter, now);
        quarter
            .map(|quarter| quarter.to_string())
            .ok_or_else(|| not_held("the clock is out of range"))
    }

    /// The node's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where other nodes reach it.
    pub(crate) fn link(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where the node listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/taxii2/", self.server.address())
    }

    /// A TAXII client for this node.
    pub(crate) fn client(&self, credentials: Option<Credentials>) -> Result<TaxiiClient, Failure> {
        let options = ClientOptions {
            attempts_max: 1,
            ..ClientOptions::default()
        };
        let client = Client::new(options).map_err(|error| Failure::defect(&error))?;
        TaxiiClient::new(client, &self.url(), credentials).map_err(|error| Failure::defect(&error))
    }
}

/// The settings of a party of the demo.
fn settings(
    folder: &Path,
    name: &str,
    address: SocketAddr,
    places: MailPlaces,
) -> Result<Settings, Failure> {
    let mut settings = Settings::read(folder)?;
    settings.serve.listen = address;
    settings.link.url = format!("http://{address}");
    let mail = &mut settings.mail;
    mail.smtp_listen = places.own.to_string();
    mail.domain = format!("in.{name}.example");
    mail.hostname = mail.domain.clone();
    mail.name_server = places.names.to_string();
    // Whoever is asked where mail goes would name a port that needs a right of its own.
    mail.relay = places.other.to_string();
    Ok(settings)
}

/// An address of this machine where nobody listens.
fn free_address() -> Result<SocketAddr, Failure> {
    let bound = std::net::TcpListener::bind(("127.0.0.1", 0)).and_then(|held| held.local_addr());
    bound.map_err(|error| {
        Failure::unknown(
            format!("no port is free on this machine: {error}"),
            "`ss -tln` shows who listens where",
        )
    })
}
