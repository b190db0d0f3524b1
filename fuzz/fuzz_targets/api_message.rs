//! Messages on the socket between a command and its node: what is read is read alike from what is written.
#![no_main]

use comity_api::local::{read_answer, read_command};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &[u8]| {
    if let Ok(command) = read_command(message) {
        let written = serde_json::to_vec(&command).expect("a command is JSON");
        let again = read_command(&written).expect("our own message is read");
        assert_eq!(
            serde_json::to_vec(&again).expect("a command is JSON"),
            written
        );
    }
    if let Ok(answer) = read_answer(message) {
        let written = serde_json::to_vec(&answer).expect("an answer is JSON");
        assert_eq!(read_answer(&written).ok(), Some(answer));
    }
});
