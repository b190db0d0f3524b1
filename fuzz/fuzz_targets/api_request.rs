//! What a request says besides its body: the query string, and the headers that are read.
//!
//! The input's first line is the query, each further one a header's value.
#![no_main]

use comity_api::authentication::credentials;
use comity_api::taxii::media::{Resource, check_accept, check_content_type, takes_gzip};
use comity_api::taxii::query::{Endpoint, read, write_next};
use comity_node::account::Credentials;
use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|request: &[u8]| {
    let mut lines = request.split(|byte| *byte == b'\n');
    let query = lines.next().and_then(|line| std::str::from_utf8(line).ok());
    for endpoint in [
        Endpoint::List,
        Endpoint::Object,
        Endpoint::Versions,
        Endpoint::Remove,
    ] {
        if let Ok(asked) = read(query, endpoint, "indicators") {
            assert!(asked.limit != Some(0));
            if let Some(position) = asked.after {
                let next = format!("next={}", write_next(position, "indicators"));
                let again =
                    read(Some(&next), Endpoint::List, "indicators").expect("our own next is read");
                assert_eq!(again.after, Some(position));
                assert!(read(Some(&next), Endpoint::List, "others").is_err());
            }
        }
    }
    for value in lines.filter_map(|line| HeaderValue::from_bytes(line).ok()) {
        let mut headers = HeaderMap::new();
        for name in [ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE] {
            headers.insert(name, value.clone());
        }
        let manifest = check_accept(&headers, Resource::Manifest).is_ok();
        assert!(
            manifest || check_accept(&headers, Resource::Other).is_err(),
            "a manifest takes one type more"
        );
        let _ = (check_content_type(&headers), takes_gzip(&headers));
        if let Ok(Credentials::Basic { name, .. }) = credentials(&headers) {
            assert!(!name.contains(':'));
        }
    }
});
