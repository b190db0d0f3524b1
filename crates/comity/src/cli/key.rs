//! The words of `comity key`.
//!
//! In scope: the words. Out of scope: doing it (`commands`).

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;

use super::{Data, Json};

/// Keys that are rotated.
const USES: [&str; 5] = ["log", "witness", "envelope", "sealing", "root"];
/// Why a key is revoked.
const REASONS: [&str; 4] = ["compromised", "lost", "superseded", "ceased"];

#[derive(Debug, Subcommand)]
pub(crate) enum KeyVerb {
    /// Show the keys of this node's newest card, and what was revoked
    List {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        json: Json,
    },
    /// Make new keys, in force with a new card that the root key signs; what was signed with the old ones stays good
    Rotate {
        #[command(flatten)]
        data: Data,
        /// Which: log, witness, envelope, sealing, or root, which the key takes over that was to come next
        #[arg(required = true, value_parser = PossibleValuesParser::new(USES))]
        uses: Vec<String>,
        /// The public file of the new root key, where root keys are kept elsewhere
        #[arg(long, value_name = "FILE")]
        root_public: Option<PathBuf>,
        /// The log begins its next epoch: the one before ends for ever, and what waits is made anew
        #[arg(long)]
        new_epoch: bool,
        /// Where the root key is kept elsewhere: write what it must sign into this file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        json: Json,
    },
    /// Take a key out of use that somebody else has or may have, and replace it; or the whole party
    Revoke {
        #[command(flatten)]
        data: Data,
        /// log, witness, envelope or root, the one in force; a verifier key; or party
        what: String,
        /// Why
        #[arg(long, value_parser = PossibleValuesParser::new(REASONS))]
        reason: String,
        /// From when it is not to be believed, such as 2026-12-08T00:00:00Z [default: now]
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Where the root key is kept elsewhere: write what it must sign into this file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        json: Json,
    },
    /// Write the card that waits for the signature of a root key that is kept elsewhere
    ExportCard {
        #[command(flatten)]
        data: Data,
        /// The file [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Sign a card or a revocation with root keys from files; needs no node
    Sign {
        /// The file that a node wrote
        file: PathBuf,
        /// A file with a root key; a new root's card is signed by both, the new one first
        #[arg(long, value_name = "FILE", required = true)]
        root: Vec<PathBuf>,
        /// The domain of the party
        #[arg(long)]
        domain: String,
        /// The file to write [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Take in a card or a revocation of this node that was signed elsewhere
    Import {
        #[command(flatten)]
        data: Data,
        /// The signed file
        file: PathBuf,
        #[command(flatten)]
        json: Json,
    },
    /// Make root keys in a folder, on a machine of their own; needs no node
    MakeRoot {
        /// The folder, new or empty
        folder: PathBuf,
        /// The domain of the party
        #[arg(long)]
        domain: String,
        /// The folder of the root keys that these follow: the root is the one that was to come next
        #[arg(long, value_name = "DIR")]
        after: Option<PathBuf>,
    },
    /// Move this node's root keys into a folder, to be kept on another machine from now on
    ExportRoot {
        #[command(flatten)]
        data: Data,
        /// The folder, new or empty
        folder: PathBuf,
    },
}
