//! A mail server and a name server of a few lines, which do what a test tells them.

use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What becomes of a mail whose last byte came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AtEnd {
    Say(&'static str),
    Close,
    Silence,
}

/// How a server behaves.
#[derive(Clone)]
pub(super) struct Manners {
    pub(super) greeting: &'static str,
    pub(super) extensions: &'static [&'static str],
    /// Replies to lines that begin so, in the place of 250.
    pub(super) replies: &'static [(&'static str, &'static str)],
    /// STARTTLS is offered and done.
    pub(super) tls: bool,
    /// More than the answer to STARTTLS is said before TLS begins.
    pub(super) injects: bool,
    pub(super) at_end: AtEnd,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            greeting: "220 in.alpha.example ready",
            extensions: &["8BITMIME", "SIZE 100000", "DSN"],
            replies: &[],
            tls: false,
            injects: false,
            at_end: AtEnd::Say("250 2.0.0 Queued as 4711"),
        }
    }
}

/// The server: where it is, and every line and mail that it heard.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) async fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ears = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (manners, ears) = (manners.clone(), Arc::clone(&ears));
                tokio::spawn(async move { serve(stream, &manners, &ears).await });
            }
        });
        Self { address, heard }
    }

    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Whether it heard a line that begins so.
    pub(super) fn was_told(&self, begins: &str) -> bool {
        self.heard().iter().any(|line| line.starts_with(begins))
    }
}

async fn serve(mut stream: tokio::net::TcpStream, manners: &Manners, hears: &Mutex<Vec<String>>) {
    let greeting = format!("{}\r\n", manners.greeting);
    if stream.write_all(greeting.as_bytes()).await.is_err() {
        return;
    }
    let mut stream = BufReader::new(stream);
    if !talk(&mut stream, manners, hears, manners.tls).await {
        return;
    }
    let chain = CertificateDer::pem_file_iter(file("mail-server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("mail-server.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    if let Ok(stream) = acceptor.accept(stream.into_inner()).await {
        talk(&mut BufReader::new(stream), manners, hears, false).await;
    }
}

/// Answers lines until the other side goes away; `true` when it said STARTTLS.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    manners: &Manners,
    hears: &Mutex<Vec<String>>,
    offers: bool,
) -> bool {
    loop {
        let Some(line) = line(stream).await else {
            return false;
        };
        hears.lock().unwrap().push(line.clone());
        let other = manners
            .replies
            .iter()
            .find(|(begins, _)| line.starts_with(begins));
        let reply = match other {
            Some((_, reply)) => format!("{reply}\r\n"),
            None if line.starts_with("EHLO ") => {
                let mut lines = vec!["in.alpha.example"];
                lines.extend(manners.extensions);
                lines.extend(offers.then_some("STARTTLS"));
                let last = lines.pop().unwrap();
                let more = lines
                    .iter()
                    .fold(String::new(), |all, one| all + "250-" + one + "\r\n");
                format!("{more}250 {last}\r\n")
            }
            None if line == "STARTTLS" && offers => {
                let more = if manners.injects {
                    "250 injected\r\n"
                } else {
                    ""
                };
                let reply = format!("220 go on\r\n{more}");
                return stream.get_mut().write_all(reply.as_bytes()).await.is_ok();
            }
            None if line == "DATA" => "354 go on\r\n".to_owned(),
            None if line == "QUIT" => "221 goodbye\r\n".to_owned(),
            None => "250 2.0.0 fine\r\n".to_owned(),
        };
        if stream.get_mut().write_all(reply.as_bytes()).await.is_err() {
            return false;
        }
        if !reply.starts_with("354") {
            continue;
        }
        let mut mail = String::new();
        loop {
            match line_of(stream).await {
                None => return false,
                Some(one) if one == ".\r\n" => break,
                Some(one) => mail.push_str(&one),
            }
        }
        hears.lock().unwrap().push(mail);
        match manners.at_end {
            AtEnd::Say(reply) => {
                let reply = format!("{reply}\r\n");
                if stream.get_mut().write_all(reply.as_bytes()).await.is_err() {
                    return false;
                }
            }
            AtEnd::Close => return false,
            AtEnd::Silence => std::future::pending().await,
        }
    }
}

async fn line_of<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await;
    read.is_ok_and(|count| count > 0).then_some(line)
}

async fn line<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let line = line_of(stream).await?;
    Some(line.trim_end().to_owned())
}

/// A file of the certificates for tests.
pub(super) fn file(name: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../comity/tests/tls");
    tests.join(name)
}

/// Records of a name server: name, type, what it says.
pub(super) type Records = Vec<(&'static str, u16, Vec<u8>)>;

/// An MX record.
pub(super) fn mx(preference: u8, host: &str) -> Vec<u8> {
    let mut data = vec![0, preference];
    for label in host.split('.').filter(|label| !label.is_empty()) {
        data.push(u8::try_from(label.len()).unwrap());
        data.extend(label.bytes());
    }
    data.push(0);
    data
}

/// A TXT record.
pub(super) fn txt(text: &str) -> Vec<u8> {
    let mut data = vec![u8::try_from(text.len()).unwrap()];
    data.extend(text.bytes());
    data
}

/// A name server that knows these records and says of every other name that it is not there; of `silent.example` it says nothing.
pub(super) fn name_server(known: Records) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    std::thread::spawn(move || {
        let mut bytes = [0; 1_500];
        while let Ok((length, from)) = socket.recv_from(&mut bytes) {
            let question = &bytes[..length];
            let (mut at, mut labels) = (12, Vec::new());
            while question[at] > 0 {
                let next = at + 1 + usize::from(question[at]);
                labels.push(String::from_utf8_lossy(&question[at + 1..next]).to_lowercase());
                at = next;
            }
            let (name, kind) = (labels.join("."), u16::from(question[at + 2]));
            if name == "silent.example" {
                continue;
            }
            let there = known.iter().any(|(known, _, _)| *known == name);
            let found: Vec<_> = known
                .iter()
                .filter(|(known, of, _)| *known == name && *of == kind)
                .collect();
            let code = if there { 0 } else { 3 };
            let count = u8::try_from(found.len()).unwrap();
            let mut answer = question[..2].to_vec();
            answer.extend([0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0]);
            answer.extend(&question[12..at + 5]);
            for (_, kind, data) in found {
                answer.extend([0xc0, 12]);
                answer.extend(kind.to_be_bytes());
                answer.extend([0, 1, 0, 0, 0, 60]);
                answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
                answer.extend(data);
            }
            let _ = socket.send_to(&answer, from);
        }
    });
    address
}
