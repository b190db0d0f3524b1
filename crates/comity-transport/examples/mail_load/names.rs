//! A name server of a few lines: TXT records out of a map, and of other names that they are not there.
//!
//! In scope: one question a datagram, answers that fit in one. Out of scope: everything else of DNS.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};

use crate::Failed;

/// The records: a name in lower case and its text.
pub(crate) type Records = BTreeMap<String, String>;

/// TXT (RFC 1035 section 3.2.2).
const TXT: [u8; 2] = [0, 16];
/// Where the question begins.
const HEADER_BYTES: usize = 12;

/// Serves them until the program ends.
pub(crate) fn serve(records: Records) -> Result<SocketAddr, Failed> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    let address = socket.local_addr()?;
    std::thread::spawn(move || {
        let mut question = [0; 1_500];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            let question = question.get(..length).unwrap_or_default();
            if let Some(reply) = answer(question, &records) {
                let _ = socket.send_to(&reply, from);
            }
        }
    });
    Ok(address)
}

fn answer(question: &[u8], records: &Records) -> Option<Vec<u8>> {
    let mut labels = Vec::new();
    let mut place = HEADER_BYTES;
    loop {
        let length = usize::from(*question.get(place)?);
        if length == 0 {
            break;
        }
        let label = question.get(place + 1..place + 1 + length)?;
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        place += 1 + length;
    }
    let asked = question.get(HEADER_BYTES..place + 5)?;
    let found = records.get(&labels.join("."));
    let text = found.filter(|_| question.get(place + 1..place + 3) == Some(TXT.as_slice()));
    // NXDOMAIN where the name is not known, no answer where it has no record of that kind.
    let code = if found.is_some() { 0 } else { 3 };
    let mut reply = question.get(..2)?.to_vec();
    reply.extend([0x85, 0x80 | code, 0, 1, 0, u8::from(text.is_some()), 0, 0]);
    reply.extend([0, 0]);
    reply.extend(asked);
    if let Some(text) = text {
        let mut data = Vec::new();
        for piece in text.as_bytes().chunks(200) {
            data.push(u8::try_from(piece.len()).ok()?);
            data.extend(piece);
        }
        reply.extend([0xc0, 12]);
        reply.extend(TXT);
        reply.extend([0, 1, 0, 0, 1, 44]);
        reply.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
        reply.extend(data);
    }
    Some(reply)
}
