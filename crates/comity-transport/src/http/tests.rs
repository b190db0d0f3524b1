//! The client against servers that answer badly.

use std::io::Write;

use super::*;
use crate::mock::{Give, Mock, client, quick};

async fn get(options: ClientOptions, url: Url) -> Result<Answer, HttpError> {
    client(options).send(&request(Method::GET, url)).await
}

fn request(method: Method, url: Url) -> Request<'static> {
    Request {
        method,
        url,
        accept: "*/*",
        body: None,
        credentials: None,
        repeatable: true,
        wait_seconds: None,
    }
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(body).expect("packing");
    packer.finish().expect("packing")
}

#[tokio::test]
async fn packed_answers_are_unpacked_and_bombs_stop_at_the_limit() {
    let limit = 100_000;
    for (encoding, size, expected) in [
        ("identity", limit, Ok(limit)),
        ("gzip", limit, Ok(limit)),
        ("zstd", limit, Ok(limit)),
        ("identity", limit + 1, Err("longer than 100000 bytes")),
        ("gzip", 50 * limit, Err("longer than 100000 bytes")),
        ("zstd", 50 * limit, Err("longer than 100000 bytes")),
        ("br", 10, Err("unknown way (br)")),
    ] {
        let plain = vec![b'x'; size];
        let body = match encoding {
            "gzip" => gzip(&plain),
            "zstd" => zstd::encode_all(plain.as_slice(), 3).expect("packing"),
            _ => plain,
        };
        let mock = Mock::start(move |_| {
            Give(
                200,
                vec![("content-encoding", encoding.to_owned())],
                body.clone(),
            )
        });
        let found = get(
            ClientOptions {
                answer_bytes_max: limit,
                ..quick()
            },
            mock.url("/"),
        )
        .await;
        match (found, expected) {
            (Ok(answer), Ok(size)) => assert_eq!(answer.body.len(), size, "{encoding}"),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (found, expected) => panic!("{encoding} {size}: {found:?}, not {expected:?}"),
        }
    }
    let damaged = Mock::start(|_| {
        Give(
            200,
            vec![("content-encoding", "gzip".to_owned())],
            b"not gzip".to_vec(),
        )
    });
    let error = get(quick(), damaged.url("/")).await.expect_err("damaged");
    assert!(matches!(error, HttpError::Encoding { .. }), "{error}");
}

/// 26 GB of one letter in 800 kB (RFC 8878 section 3.1.1.2.3): no machine lives through unpacking it whole.
fn bomb() -> Vec<u8> {
    const BLOCKS: usize = 200_000;
    const BLOCK_BYTES: u32 = 128 * 1024;
    const RLE: u32 = 1 << 1;
    let mut bomb = vec![0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x68]; // magic, plain header, a window of 8 MiB
    for block in 1..=BLOCKS {
        let last = u32::from(block == BLOCKS);
        let [one, two, three, _] = (BLOCK_BYTES << 3 | RLE | last).to_le_bytes();
        bomb.extend([one, two, three, b'x']);
    }
    bomb
}

#[tokio::test]
async fn a_bomb_is_not_unpacked_to_be_measured() {
    let mock = Mock::start(|_| Give(200, vec![("content-encoding", "zstd".to_owned())], bomb()));
    let found = get(
        ClientOptions {
            answer_bytes_max: 1_000_000,
            ..quick()
        },
        mock.url("/"),
    )
    .await;
    assert!(
        matches!(
            found,
            Err(HttpError::TooLarge {
                limit: 1_000_000,
                ..
            })
        ),
        "{:?}",
        found.map(|answer| answer.status)
    );
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let other = Mock::start(|_| Give(200, vec![], b"other".to_vec()));
    let target = other.base.clone();
    let mock = Mock::start(move |got| match got.path.as_str() {
        "/away" => Give(302, vec![("location", target.clone())], vec![]),
        "/here" => Give(308, vec![("location", "/there".to_owned())], vec![]),
        _ => Give(200, vec![], b"here".to_vec()),
    });
    let credentials = Credentials::Bearer("open-sesame".to_owned());
    let origin = mock.url("/");
    for (path, expected) in [("/away", "other"), ("/here", "here")] {
        let mut asked = request(Method::GET, mock.url(path));
        asked.credentials = Some((&credentials, &origin));
        let answer = client(quick()).send(&asked).await.expect("an answer");
        assert_eq!(answer.body, expected);
    }
    assert!(
        mock.got()
            .iter()
            .all(|got| got.header("authorization") == Some("Bearer open-sesame"))
    );
    assert_eq!(other.got().len(), 1);
    assert!(
        other
            .got()
            .iter()
            .all(|got| got.header("authorization").is_none())
    );
    assert!(
        other
            .got()
            .iter()
            .all(|got| got.header("user-agent") == Some(USER_AGENT))
    );

    for (path, words) in [
        ("/away", "a write would become a read"),
        ("/away308", "a write goes only"),
    ] {
        let target = other.base.clone();
        let status = if path == "/away" { 303 } else { 308 };
        let mock = Mock::start(move |_| Give(status, vec![("location", target.clone())], vec![]));
        let mut asked = request(Method::POST, mock.url(path));
        asked.body = Some(("text/plain", Bytes::from_static(b"secret")));
        let error = client(quick())
            .send(&asked)
            .await
            .expect_err("refused")
            .to_string();
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(other.got().len(), 1, "no write went there");
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let mock = Mock::start(|_| Give(302, vec![("location", "/again".to_owned())], vec![]));
    let error = get(quick(), mock.url("/"))
        .await
        .expect_err("endless")
        .to_string();
    assert!(error.contains("more than 5 redirects"), "{error}");
    let outside = Mock::start(|_| {
        Give(
            302,
            vec![("location", "http://192.0.2.1/".to_owned())],
            vec![],
        )
    });
    let error = get(quick(), outside.url("/"))
        .await
        .expect_err("plain HTTP");
    assert!(matches!(error, HttpError::PlainHttp { .. }), "{error}");
}

#[tokio::test]
async fn an_overloaded_server_is_asked_again_and_not_for_ever() {
    let mut times = 0;
    let mock = Mock::start(move |_| {
        times += 1;
        if times < 3 {
            Give(503, vec![("retry-after", "0".to_owned())], vec![])
        } else {
            Give(200, vec![], vec![])
        }
    });
    assert_eq!(
        get(quick(), mock.url("/")).await.expect("an answer").status,
        200
    );
    assert_eq!(mock.got().len(), 3);
    let mock = Mock::start(|_| Give(429, vec![], vec![]));
    assert_eq!(
        get(quick(), mock.url("/")).await.expect("an answer").status,
        429
    );
    assert_eq!(mock.got().len(), 5);
    let once = Request {
        repeatable: false,
        wait_seconds: None,
        ..request(Method::POST, mock.url("/"))
    };
    assert_eq!(
        client(quick()).send(&once).await.expect("an answer").status,
        429
    );
    assert_eq!(mock.got().len(), 6);
}

#[tokio::test]
async fn a_server_that_is_gone_or_silent_is_named() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address");
    let url = Url::parse(&format!("http://{gone}/secret?token=sesame")).expect("a URL");
    let error = get(quick(), url).await.expect_err("gone");
    assert!(matches!(error, HttpError::Connect { .. }), "{error}");
    let text = format!("{error} {error:?}");
    assert!(
        text.contains(&gone.to_string()) && !text.contains("sesame"),
        "{text}"
    );

    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = Url::parse(&format!(
        "http://{}/",
        silent.local_addr().expect("an address")
    ))
    .expect("a URL");
    let options = ClientOptions {
        read_timeout: Duration::from_millis(50),
        attempts_max: 2,
        ..quick()
    };
    let error = get(options, url).await.expect_err("silent");
    assert!(matches!(error, HttpError::Timeout { .. }), "{error}");
}

#[test]
fn a_ca_file_that_is_none_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ca.pem");
    for content in [None, Some("no certificate")] {
        if let Some(content) = content {
            std::fs::write(&path, content).expect("a file");
        }
        let options = ClientOptions {
            extra_ca_file: Some(path.clone()),
            ..quick()
        };
        let error = Client::new(options).expect_err("no CA file").to_string();
        assert!(error.contains("ca.pem"), "{error}");
    }
}

/// A server with a certificate of its own authority, made for these tests, that answers one line.
fn tls_server() -> Url {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
    let certificate =
        CertificateDer::from_pem_file(folder.join("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).expect("a key");
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a configuration");
    let config = std::sync::Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!(
        "https://localhost:{}/",
        listener.local_addr().expect("an address").port()
    );
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(std::sync::Arc::clone(&config))
                .expect("a connection");
            let mut stream = rustls::StreamOwned::new(connection, stream);
            let mut first = [0; 1024];
            if std::io::Read::read(&mut stream, &mut first).is_ok() {
                let _ = stream.write_all(
                    b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nsafe",
                );
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    url.parse().expect("a URL")
}

#[tokio::test]
async fn tls_trusts_the_extra_authority_and_no_unknown_one() {
    let url = tls_server();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls/authority.pem");
    let trusting = ClientOptions {
        extra_ca_file: Some(file),
        ..quick()
    };
    assert_eq!(
        get(trusting.clone(), url.clone())
            .await
            .expect("an answer")
            .body,
        "safe"
    );
    let error = get(
        ClientOptions {
            attempts_max: 1,
            ..quick()
        },
        url.clone(),
    )
    .await
    .expect_err("unknown authority");
    assert!(matches!(error, HttpError::Connect { .. }), "{error:?}");
    // The right authority, the wrong name.
    let mut elsewhere = url;
    elsewhere.set_host(Some("127.0.0.1")).expect("a host");
    let error = get(
        ClientOptions {
            attempts_max: 1,
            ..trusting
        },
        elsewhere,
    )
    .await
    .expect_err("wrong name");
    assert!(matches!(error, HttpError::Connect { .. }), "{error:?}");
}
