//! What another node posts, of any bytes: batches, messages, headers, parts of files. What is read writes back.
#![no_main]

use comity_link::batch;
use comity_link::file;
use comity_link::header::peek;
use comity_link::message::Message;
use comity_link::payload::{Kind, fields};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(batch) = batch::read(bytes) {
        let _ = batch.open(&[]);
    }
    if let Ok(message) = Message::decode(bytes) {
        assert_eq!(message.encode(), bytes);
    }
    if let Ok(header) = peek(bytes) {
        let end = bytes.windows(2).rposition(|two| two == b"\n\n");
        let end = end.expect("a note has an empty line");
        assert_eq!(header.text().as_bytes(), &bytes[..=end]);
    }
    if let Ok(part) = file::read(bytes) {
        let _ = file::join(&[part]);
    }
    let _ = fields(bytes);
    for kind in Kind::ALL {
        let _ = kind.unfit(bytes);
    }
});
