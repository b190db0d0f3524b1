//! The command line: noun, then verb. What scripts rely on.
//!
//! In scope: the words. Out of scope: doing it (`commands`).

pub(crate) mod act;
pub(crate) mod address;
pub(crate) mod case;
pub(crate) mod commitment;
pub(crate) mod contact;
pub(crate) mod evidence;
pub(crate) mod exercise;
pub(crate) mod hotline;
pub(crate) mod incident;
mod key;
pub(crate) mod mail;
pub(crate) mod openpgp;
mod party;
pub(crate) mod report;
pub(crate) mod request;
pub(crate) mod scorecard;
mod user;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgMatches, Args, Parser, Subcommand};
use comity_accord::text::template::Template;
use comity_formats::export::ExportFormat;
use comity_node::exchange::share::UNDO_SECONDS_MAX;
use comity_stix::marking::Tlp;

pub(crate) use key::KeyVerb;
pub(crate) use party::PartyCommand;
pub(crate) use user::{AuditCommand, CertificateCommand, TokenCommand, UserCommand};

/// Exchange cyber-threat information with parties that you cooperate with, and prove that both kept their word.
#[derive(Debug, Parser)]
#[command(
    name = "comity",
    version,
    propagate_version = false,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Top,
}

/// Which node a command works on.
#[derive(Debug, Args)]
pub(crate) struct Data {
    /// The node's folder [default: comity in your data directory]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data: Option<PathBuf>,
}

/// The folder that the command line names, whatever the command.
pub(crate) fn data_given(matches: &ArgMatches) -> Option<PathBuf> {
    let mut deepest = matches;
    while let Some((_, below)) = deepest.subcommand() {
        deepest = below;
    }
    deepest.try_get_one::<PathBuf>("data").ok()?.cloned()
}

fn tlp(label: &str) -> Result<Tlp, &'static str> {
    Tlp::parse(label).ok_or("labels are clear, green, amber, amber+strict and red")
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Json {
    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Top {
    /// Watch two parties share, on this machine, and check every step
    Demo(DemoArgs),
    /// Make a node
    Init(InitArgs),
    /// Serve a node until it is told to stop
    Serve(ServeArgs),
    /// Accounts that may speak to the node
    #[command(subcommand)]
    User(UserCommand),
    /// Tokens, for programs
    #[command(subcommand)]
    Token(TokenCommand),
    /// Client certificates, for programs
    #[command(subcommand)]
    Certificate(CertificateCommand),
    /// Who did what, and who tried to sign in
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Collections, and who may read or write them
    #[command(subcommand)]
    Collection(CollectionCommand),
    /// Take in files: .comity files from other parties, and into a collection STIX 2.1 and 2.0 bundles, TAXII envelopes, JSON lines, indicator lists (CSV, TSV,
    /// or a value a line), all also gzipped
    Import(ImportArgs),
    /// Write a collection to a file
    Export(ExportArgs),
    /// Look at objects, find them, revoke them
    #[command(subcommand)]
    Object(ObjectCommand),
    /// Other parties: exchanging cards, comparing fingerprints, suspending and resuming
    #[command(subcommand)]
    Party(PartyCommand),
    /// This node's keys: rotating, revoking, a root key on a machine of its own
    #[command(subcommand)]
    Key(KeyVerb),
    /// Accords: what is agreed with other parties, word by word and signed by all
    #[command(subcommand)]
    Accord(AccordCommand),
    /// Share objects with a party, as far as the accord and their markings allow
    Share(ShareArgs),
    /// Ask parties to give up what was shared with them
    Recall(RecallArgs),
    /// Requests for assistance: asking another party for an act, answering one, with agreed times
    #[command(subcommand)]
    Request(Box<request::RequestCommand>),
    /// Evidence: taking it in, its custody, handing it over, gaps, exporting
    #[command(subcommand)]
    Evidence(Box<evidence::EvidenceVerb>),
    /// Hotline calls: ringing, knowing each other by spoken words, notes that both seal before either is shown
    #[command(subcommand)]
    Hotline(Box<hotline::HotlineCommand>),
    /// Exercises: scenarios, injects by a simulated clock, after-action reports; nothing of them mixes with the real thing
    #[command(subcommand)]
    Exercise(Box<exercise::ExerciseCommand>),
    /// Incidents that are reported in stages, each with its clock: NIS2, DORA, GDPR, Cyber Resilience Act
    #[command(subcommand)]
    Incident(Box<incident::IncidentCommand>),
    /// Cases that two parties work on: tasks, notes, observables, a timeline, merges and splits
    #[command(subcommand)]
    Case(Box<case::CaseCommand>),
    /// Points of contact: profiles, who answers when, checks, candidates
    #[command(subcommand)]
    Contact(Box<contact::ContactCommand>),
    /// Mail that came: lists, one mail, its raw bytes
    #[command(subcommand)]
    Mail(mail::MailVerb),
    /// Designated mail addresses: given to a party for a time, made permanent by both, revoked
    #[command(subcommand)]
    Address(Box<address::AddressCommand>),
    /// OpenPGP keys for mail: this node's own, and those that are registered for parties
    #[command(name = "openpgp", subcommand)]
    OpenPgp(Box<openpgp::OpenPgpVerb>),
    /// What was promised, and how it stands
    #[command(subcommand)]
    Commitment(Box<commitment::CommitmentCommand>),
    /// Commitments judged over a period, the same on both sides
    #[command(subcommand)]
    Scorecard(Box<scorecard::ScorecardCommand>),
    /// Papers for meetings, equal on both sides
    #[command(subcommand)]
    Report(Box<report::ReportCommand>),
    /// Decisions on what goes to whom, and what waits for a second person
    #[command(subcommand)]
    Release(ReleaseCommand),
    /// Envelopes that were made, and what became of each
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// Envelopes that came, and what became of each
    #[command(subcommand)]
    Inbox(InboxCommand),
    /// The log that proves what was exchanged: exporting, verifying, proving, erasing
    #[command(subcommand)]
    Ledger(LedgerVerb),
    /// Fetch a collection from another TAXII 2.1 server; goes on where it stopped
    Pull(PullArgs),
    /// Send a collection to another TAXII 2.1 server; goes on where it stopped
    Push(PushArgs),
    /// Read the whole store and say what is wrong
    Doctor(DoctorArgs),
    /// The node's settings
    #[command(subcommand)]
    Settings(SettingsCommand),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Keep the two nodes' folders here, as DIR/alpha and DIR/bravo
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Leave both nodes running until Ctrl-C, and print their addresses with an account for a browser
    #[arg(long)]
    pub(crate) stay: bool,
    /// Share this file in place of the sample data; may be given more than once
    #[arg(long, value_name = "PATH")]
    pub(crate) import: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The party's name
    #[arg(long, value_name = "NAME")]
    pub(crate) party: String,
    /// The domain that the party speaks for
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) domain: String,
    /// Keep objects and state in this PostgreSQL database: <postgres://USER@HOST/DATABASE>
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// The root keys are kept elsewhere; this is their public file, root.public
    #[arg(long, value_name = "FILE")]
    pub(crate) root_public: Option<PathBuf>,
    /// Take mail at this domain, such as in.DOMAIN; prints the records that its name server needs
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) mail_domain: Option<String>,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Where to listen [default: serve.listen of the settings, 127.0.0.1:7410]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where to take mail by SMTP [default: as the settings say, or nowhere]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) smtp_listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CollectionCommand {
    /// Make a collection
    Create {
        #[command(flatten)]
        data: Data,
        /// Its title
        #[arg(long)]
        title: String,
        /// Another name for it, usable in URLs
        #[arg(long)]
        alias: Option<String>,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Show all collections
    List {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        json: Json,
    },
    /// Set what an account may do with a collection; without --read and --write, nothing
    Grant {
        #[command(flatten)]
        data: Data,
        /// The collection's id or alias
        collection: String,
        /// The account
        #[arg(long, value_name = "NAME")]
        user: String,
        /// It may read objects
        #[arg(long)]
        read: bool,
        /// It may add objects
        #[arg(long)]
        write: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Files; - is standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Id or alias of the collection; may be left out when there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) collection: Option<String>,
    /// Mark the indicators made from lists: clear, green, amber, amber+strict or red
    #[arg(long, value_name = "LABEL", value_parser = tlp)]
    pub(crate) tlp: Option<Tlp>,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) data: Data,
    /// What to write: a STIX bundle, one object a line, a table of values, or values alone
    #[arg(long, value_parser = PossibleValuesParser::new(ExportFormat::NAMES))]
    pub(crate) format: String,
    /// Id or alias of the collection; may be left out when there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) collection: Option<String>,
    /// Exactly what was released to this party and stands in its views, with its labels
    #[arg(long, value_name = "NAME", conflicts_with_all = ["collection", "all_versions"])]
    pub(crate) party: Option<String>,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "PATH")]
    pub(crate) out: Option<PathBuf>,
    /// Every version of each object, not only the newest
    #[arg(long)]
    pub(crate) all_versions: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ObjectCommand {
    /// Show an object as it was received
    Show {
        #[command(flatten)]
        data: Data,
        /// Its id
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Find objects by observable value: addresses, names, URLs, hashes; defanged ones too
    Find {
        #[command(flatten)]
        data: Data,
        /// The values
        #[arg(required = true)]
        values: Vec<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Find objects by words in their text
    Search {
        #[command(flatten)]
        data: Data,
        /// The words; all must occur
        #[arg(required = true)]
        words: Vec<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Show objects that refer to an object
    Neighbours {
        #[command(flatten)]
        data: Data,
        /// Its id
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Check an object against every rule of STIX 2.1
    Validate {
        #[command(flatten)]
        data: Data,
        /// Its id
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Name an account for an object that is TLP:RED: it reads it where it may read the collection
    Name {
        #[command(flatten)]
        data: Data,
        /// Its id
        id: String,
        /// The account
        #[arg(long, value_name = "NAME")]
        user: String,
    },
    /// Add a revoked version of an object wherever it is held
    Revoke {
        #[command(flatten)]
        data: Data,
        /// Its id
        id: String,
    },
}

/// Another TAXII server, and who we are to it.
#[derive(Debug, Args)]
pub(crate) struct Remote {
    /// Discovery, API root, collection or its objects
    pub(crate) url: String,
    /// Id, alias or title of the collection there; needed when the URL leaves it open
    #[arg(long = "remote", value_name = "ID")]
    pub(crate) there: Option<String>,
    /// Id or alias of the collection here; may be left out when there is only one
    #[arg(long, value_name = "ID")]
    pub(crate) collection: Option<String>,
    /// Our account there; its password is read from standard input
    #[arg(long, value_name = "NAME", conflicts_with = "token_stdin")]
    pub(crate) user: Option<String>,
    /// Read a token from standard input
    #[arg(long)]
    pub(crate) token_stdin: bool,
    /// A PEM file of certificates to trust beside the system's
    #[arg(long, value_name = "PATH")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Speak plain HTTP to a host other than this machine
    #[arg(long)]
    pub(crate) plain_http: bool,
    /// Begin at the start, not where the last time ended
    #[arg(long)]
    pub(crate) from_start: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PullArgs {
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) remote: Remote,
    /// Every version of each object, not only the newest
    #[arg(long)]
    pub(crate) all_versions: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct PushArgs {
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) remote: Remote,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Throw the derived index away and build it again from the log; the node must be stopped
    #[arg(long)]
    pub(crate) rebuild_index: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerVerb {
    /// Print the keys by which others verify this node's log and its cosignatures
    Key {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        json: Json,
    },
    /// Write everything that proves something into a folder: the log, cards, and what there is of each envelope
    Export {
        #[command(flatten)]
        data: Data,
        /// The folder, which must be new or empty
        folder: PathBuf,
        /// Leave out payloads and what opens them
        #[arg(long)]
        without_contents: bool,
    },
    /// Verify an exported folder or a proof file with nothing but itself, or the node's own ledger
    Verify {
        #[command(flatten)]
        data: Data,
        /// The folder or file; left out, the node's own ledger
        path: Option<PathBuf>,
        #[command(flatten)]
        json: Json,
    },
    /// Write one file that proves an envelope, or that an entry is in the log
    Prove {
        #[command(flatten)]
        data: Data,
        /// The envelope's identity, or the entry's place in the log
        what: String,
        /// The file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Show this field of the payload and withhold the others: a name such as objects/0/name, or the beginning of
        /// names such as objects/0; may be given more than once
        #[arg(long, value_name = "NAME")]
        field: Vec<String>,
    },
    /// Check that the log's files fit together: entries, tiles, root, signature
    Fsck {
        #[command(flatten)]
        data: Data,
        /// An exported folder; left out, the node's own log
        folder: Option<PathBuf>,
        #[command(flatten)]
        json: Json,
    },
    /// Erase what an envelope said, here; the log stays whole and says that it was erased
    Erase {
        #[command(flatten)]
        data: Data,
        /// The envelope's identity
        envelope: String,
        /// Why, one word that stands in the log's evidence
        #[arg(long, value_name = "WORD")]
        reason: String,
    },
    /// Show logs of other parties that showed two histories, with both signed heads
    Evidence {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        json: Json,
    },
    /// Ask a witness that is no party (C2SP tlog-witness) to cosign this node's log, and keep its cosignature
    Witness {
        #[command(flatten)]
        data: Data,
        /// Where it is asked: the address in front of /add-checkpoint
        url: String,
        /// Its verifier key
        #[arg(long, value_name = "VKEY")]
        key: String,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SettingsCommand {
    /// Show what is in force, without secrets
    Show {
        #[command(flatten)]
        data: Data,
        /// Show every key with its default and what it is, as a document
        #[arg(long)]
        reference: bool,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccordCommand {
    /// Print the text of a new accord with a party, to be edited and proposed
    Draft {
        #[command(flatten)]
        data: Data,
        /// The party
        party: String,
        /// What to begin with
        #[arg(long, default_value = "mutual", value_parser = PossibleValuesParser::new(Template::ALL.map(Template::as_str)))]
        template: String,
    },
    /// Sign a text and send it to the other parties that it names
    Propose {
        #[command(flatten)]
        data: Data,
        /// The file with the text
        file: PathBuf,
        #[command(flatten)]
        json: Json,
    },
    /// Sign a version that another party proposed
    Sign {
        #[command(flatten)]
        data: Data,
        /// The accord's name
        name: String,
        /// The version [default: the newest]
        #[arg(long)]
        version: Option<u64>,
        #[command(flatten)]
        json: Json,
    },
    /// Show all accords with their versions, and who has signed
    List {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        json: Json,
    },
    /// Print the text of a version, byte for byte as signed
    Show {
        #[command(flatten)]
        data: Data,
        /// The accord's name
        name: String,
        /// The version [default: the newest]
        #[arg(long)]
        version: Option<u64>,
    },
    /// Show what a version changes, what widens first
    Diff {
        #[command(flatten)]
        data: Data,
        /// The accord's name
        name: String,
        /// The version before [default: the one before the newest]
        #[arg(long)]
        before: Option<u64>,
        /// The version after [default: the newest]
        #[arg(long)]
        after: Option<u64>,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ShareArgs {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The ids of objects
    #[arg(required_unless_present = "collection")]
    pub(crate) objects: Vec<String>,
    /// With whom
    #[arg(long, value_name = "PARTY")]
    pub(crate) to: String,
    /// A collection, as it is and as it grows, in place of objects
    #[arg(long, value_name = "ID", conflicts_with = "objects")]
    pub(crate) collection: Option<String>,
    /// The party may read the collection over TAXII; else it is sent by the node link
    #[arg(long, requires = "collection")]
    pub(crate) taxii: bool,
    /// For this person there alone, by address, as the accord names them: TLP:RED needs one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) person: Option<String>,
    /// Who asks, for the record [default: operator]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Only say who would get what, and why
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Hold it so long before it goes: until then comity release decline takes it back
    #[arg(long, value_name = "SECONDS", default_value_t = 0, conflicts_with_all = ["dry_run", "collection"], value_parser = clap::value_parser!(u32).range(0..=i64::from(UNDO_SECONDS_MAX)))]
    pub(crate) undo: u32,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Args)]
pub(crate) struct RecallArgs {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The ids of objects; none shows the recalls there are
    pub(crate) objects: Vec<String>,
    /// From this party only [default: from all that got them]
    #[arg(long, value_name = "PARTY")]
    pub(crate) from: Option<String>,
    /// Why, in words for the other side
    #[arg(long, default_value = "")]
    pub(crate) reason: String,
    /// Show recalls that others asked of this node
    #[arg(long, conflicts_with = "objects")]
    pub(crate) received: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReleaseCommand {
    /// Show the newest decisions, each with the rule that made it
    List {
        #[command(flatten)]
        data: Data,
        /// On this object only
        #[arg(long, value_name = "ID")]
        object: Option<String>,
        /// For this party only
        #[arg(long)]
        party: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Show what waits for a second person, and what leaves in a while
    Waiting {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        json: Json,
    },
    /// Approve what waits, not by who asked for it; or let go at once what leaves in a while
    Approve {
        #[command(flatten)]
        data: Data,
        /// What waits
        id: String,
        /// Who approves
        #[arg(long, value_name = "NAME")]
        by: String,
        #[command(flatten)]
        json: Json,
    },
    /// Decline what waits, or take back what has not left yet
    Decline {
        #[command(flatten)]
        data: Data,
        /// What waits
        id: String,
        /// Who declines
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum OutboxCommand {
    /// Write what waits for a party into .comity files, to be carried by hand; comity import takes them in there
    Export {
        #[command(flatten)]
        data: Data,
        /// The party
        party: String,
        /// The folder to write into [default: here]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Show the newest envelopes, and whether their receipts are here
    List {
        #[command(flatten)]
        data: Data,
        /// To this party only
        #[arg(long)]
        party: Option<String>,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum InboxCommand {
    /// Show the newest envelopes
    List {
        #[command(flatten)]
        data: Data,
        /// From this party only
        #[arg(long)]
        party: Option<String>,
        #[command(flatten)]
        json: Json,
    },
}
