//! The DNS records of a corpus, and the name server that knows them.
//!
//! In scope: TXT records. Out of scope: everything else of DNS.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use comity_transport::name_server::LocalNameServer;

use crate::Failed;

/// The records: a name in lower case and its text.
pub(crate) type Records = BTreeMap<String, String>;

/// Serves them until the program ends.
pub(crate) fn serve(records: &Records) -> Result<SocketAddr, Failed> {
    let texts = records
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    Ok(LocalNameServer::of_texts(texts)?)
}
