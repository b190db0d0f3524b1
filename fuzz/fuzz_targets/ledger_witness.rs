//! Requests to a witness and answers of one, of any bytes: what is read writes back, a stranger is refused.
#![no_main]

use comity_ledger::witness::{AddCheckpoint, Answer, Refusal, cosignature_lines, decide};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_string().as_bytes(), bytes);
        assert!(matches!(decide(None, request), Err(Refusal::UnknownOrigin)));
    }
    if let Ok(Answer::Cosigned(lines)) = Answer::parse(200, None, bytes) {
        assert_eq!(cosignature_lines(&lines).as_bytes(), bytes);
    }
    let _ = Answer::parse(409, Some("text/x.tlog.size"), bytes);
});
