//! A name server for tests: it answers TXT questions out of a list, and says of other names that they are not there.
//!
//! In scope: RFC 1035 as far as that. Out of scope: who asks.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

/// Nobody asks for longer than that.
const PATIENCE: Duration = Duration::from_mins(5);

/// A server that knows these records, on a port of its own. It ends when nobody asks any more.
pub(crate) fn name_server(records: &[(&str, &str)]) -> SocketAddr {
    let records: HashMap<String, String> = records
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    std::thread::spawn(move || {
        let mut question = [0; 1_500];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            let reply = answer(&question[..length], &records);
            let _ = socket.send_to(&reply, from);
        }
    });
    address
}

fn answer(question: &[u8], records: &HashMap<String, String>) -> Vec<u8> {
    let mut labels = Vec::new();
    let mut place = 12;
    while question[place] > 0 {
        let next = place + 1 + usize::from(question[place]);
        labels.push(String::from_utf8_lossy(&question[place + 1..next]).to_lowercase());
        place = next;
    }
    let asked = &question[12..place + 5];
    let is_txt = question[place + 2] == 16;
    let found = records.get(&labels.join("."));
    let text = found.filter(|_| is_txt);
    let code = if found.is_some() { 0 } else { 3 };
    let mut reply = question[..2].to_vec();
    let answers = u8::from(text.is_some());
    reply.extend([0x85, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0]);
    reply.extend(asked);
    if let Some(text) = text {
        let mut data = Vec::new();
        for piece in text.as_bytes().chunks(200) {
            data.push(u8::try_from(piece.len()).unwrap());
            data.extend(piece);
        }
        reply.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 1, 44]);
        reply.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        reply.extend(data);
    }
    reply
}
