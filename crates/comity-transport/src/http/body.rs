//! Bodies of answers: read up to a limit, unpacked up to the same limit.
//!
//! In scope: gzip (RFC 1952) and zstd (RFC 8878, windows up to 8 MiB). Unpacking is ours and not the HTTP
//! library's, so that a bomb stops at the limit.

use std::io::Read;

use bytes::{Bytes, BytesMut};
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};

use super::{HttpError, failed};

/// What `Accept-Encoding` says.
pub(super) const ACCEPTED: &str = "zstd, gzip";

/// RFC 8878 section 3.1.1.1.2: decoders should support windows up to 8 MiB; larger ones may be refused.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Reads the body as it comes.
pub(super) async fn collect(
    mut answer: Response,
    limit: usize,
    host: &str,
) -> Result<Bytes, HttpError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| failed(error, host))? {
        if body.len() + chunk.len() > limit {
            return Err(HttpError::TooLarge {
                host: host.to_owned(),
                limit,
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Undoes the content encoding.
pub(super) fn unpack(
    body: Bytes,
    headers: &HeaderMap,
    limit: usize,
    host: &str,
) -> Result<Bytes, HttpError> {
    let encoding = headers
        .get(CONTENT_ENCODING)
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    let encoding = encoding
        .as_deref()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let unknown = || HttpError::Encoding {
        host: host.to_owned(),
        encoding: encoding.clone(),
    };
    if body.is_empty() {
        return Ok(body);
    }
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut unpacked = Vec::new();
    let outcome = match encoding.as_str() {
        "" | "identity" => return Ok(body),
        "gzip" | "x-gzip" => flate2::read::MultiGzDecoder::new(body.as_ref())
            .take(most)
            .read_to_end(&mut unpacked),
        "zstd" => zstd::Decoder::new(body.as_ref()).and_then(|mut decoder| {
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            decoder.take(most).read_to_end(&mut unpacked)
        }),
        _ => return Err(unknown()),
    };
    outcome.map_err(|_| unknown())?;
    if unpacked.len() > limit {
        return Err(HttpError::TooLarge {
            host: host.to_owned(),
            limit,
        });
    }
    Ok(unpacked.into())
}
