//! Answers of another server: pages, manifests, statuses, discovery, refusals.
//!
//! The input's first two bytes choose the status, the rest is the body.
#![no_main]

use bytes::Bytes;
use comity_transport::http::Answer;
use comity_transport::taxii::{
    ApiRoot, CollectionsAnswer, Discovery, ManifestPage, Page, Status, VersionsPage, decode,
    refusal,
};
use libfuzzer_sys::fuzz_target;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{StatusCode, Url};

/// Errors repeat a little of what the server says, and nothing that could steer a terminal.
fn check(error: &dyn std::error::Error) {
    let text = error.to_string();
    assert!(
        text.chars().count() < 1_000,
        "{} characters",
        text.chars().count()
    );
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

fuzz_target!(|input: &[u8]| {
    let Some((code, body)) = input.split_first_chunk::<2>() else {
        return;
    };
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(body.get(..20).unwrap_or_default()) {
        headers.insert("x-taxii-date-added-first", value);
    }
    let answer = Answer {
        status: StatusCode::from_u16(400 + u16::from_le_bytes(*code) % 200).expect("a status"),
        headers,
        body: Bytes::copy_from_slice(body),
        url: Url::parse("https://taxii.example.com/taxii2/").expect("an address"),
    };
    check(&refusal(&answer, "objects", 7));
    let mut errors = vec![
        ManifestPage::read(&answer).err(),
        VersionsPage::read(&answer).err(),
        decode::<Discovery>(&answer, "discovery").err(),
        decode::<ApiRoot>(&answer, "the API root").err(),
        decode::<CollectionsAnswer>(&answer, "collections").err(),
        decode::<Status>(&answer, "the status").err(),
    ];
    match Page::read(answer) {
        Ok(page) => {
            let whole = page.body.as_ptr_range();
            for object in &page.objects {
                let part = object.as_ptr_range();
                assert!(
                    whole.start <= part.start && part.end <= whole.end,
                    "a part of the body"
                );
                serde_json::from_slice::<&serde_json::value::RawValue>(object)
                    .expect("one JSON value");
            }
        }
        Err(error) => errors.push(Some(error)),
    }
    errors.iter().flatten().for_each(|error| check(error));
});
