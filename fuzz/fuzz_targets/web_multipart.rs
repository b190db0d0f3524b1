//! Forms with files: whatever comes is read to the same parts, or refused, in whatever pieces it comes.
#![no_main]

use comity_web::multipart::{Multipart, Next, Unfit};
use libfuzzer_sys::fuzz_target;

/// A part: its name, its file's, and its bytes.
type Part = (String, Option<String>, Vec<u8>);

fn read(content_type: &str, form: &[u8], piece: usize) -> Option<Result<Vec<Part>, Unfit>> {
    let mut multipart = Multipart::new(content_type)?;
    let mut parts: Vec<Part> = Vec::new();
    let mut pieces = form.chunks(piece);
    Some(loop {
        match multipart.advance() {
            Ok(Next::Part { name, file }) => parts.push((name, file, Vec::new())),
            Ok(Next::Bytes(bytes)) => {
                assert!(!bytes.is_empty(), "bytes are some");
                let last = parts.last_mut().expect("bytes belong to a part");
                last.2.extend(bytes);
            }
            Ok(Next::End) => break Ok(parts),
            Ok(Next::More) => match pieces.next() {
                Some(piece) => multipart.push(piece),
                None => break Err(Unfit),
            },
            Err(unfit) => break Err(unfit),
        }
    })
}

fuzz_target!(|input: &[u8]| {
    // The first line is the media type, what follows the form.
    let end = input.iter().position(|byte| *byte == b'\n');
    let (kind, form) = input.split_at(end.unwrap_or(input.len()));
    let (Ok(kind), form) = (std::str::from_utf8(kind), form.get(1..).unwrap_or_default()) else {
        return;
    };
    let whole = read(kind, form, usize::MAX);
    for piece in [1, 7, 64, 4096] {
        assert_eq!(read(kind, form, piece), whole);
    }
});
