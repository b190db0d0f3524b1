//! `comity serve`.

use std::path::Path;
use std::sync::Arc;

use comity_api::local::LocalServer;
use comity_api::server::{ListenError, Server, tls_config};
use comity_node::exchange::command::ExchangeCommand;
use comity_node::folder::SOCKET_FILE;
use comity_node::jobs;
use comity_node::mail::intake::MailIntake;
use comity_node::node::Node;
use comity_store::error::chain;
use comity_transport::http::Client;
use comity_transport::link;
use comity_transport::mail_authentication::Authenticator;
use comity_transport::oidc::ProviderClient;
use comity_transport::smtp::client::{SendError, Sender};
use comity_transport::smtp::server::{MailListenError, MailServer};
use comity_transport::smtp::taking;
use comity_web::router::WebSettings;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::backend::{data_folder, open_node, store_failure};
use crate::cli::ServeArgs;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;

/// `comity serve …`
pub(crate) fn run(args: ServeArgs) -> Result<(), Failure> {
    let folder = data_folder(args.data.data)?;
    let mut settings = Settings::read(&folder)?;
    if let Some(listen) = args.listen {
        settings.serve.listen = listen;
    }
    if let Some(listen) = args.smtp_listen {
        settings.mail.smtp_listen = listen.to_string();
    }
    log_to_stderr();
    let node = open_node(&folder, &settings)?;
    let runtime = runtime()?;
    let served = runtime.block_on(serve(&node, &settings, &folder));
    // Reads that wait for a disk or a database are not waited for longer than this.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    node.close().map_err(|error| store_failure(&error))?;
    served
}

async fn serve(node: &Node, settings: &Settings, folder: &Path) -> Result<(), Failure> {
    let mut stop = Stop::listen()?;
    let (server, local) = start(node, settings, folder).await?;
    let mail = start_mail(node, settings).await?;
    if let Some(server) = &mail {
        tell_mail(server, settings);
    }
    let background = Background::start(node, settings)?;
    let scheme = if uses_tls(settings) { "https" } else { "http" };
    let address = format!("{scheme}://{}", server.address());
    tell_setup(node, &address);
    output::say(&format!("listening on {address}"));
    stop.wait().await;
    output::say("stopping");
    if let Some(mail) = mail {
        mail.stop().await;
    }
    background.stop().await;
    server.stop().await;
    local.stop().await;
    Ok(())
}

/// Tells whoever started the node how its first account is made, where it has none.
fn tell_setup(node: &Node, address: &str) {
    match tokio::task::block_in_place(|| node.setup_link()) {
        Ok(Some(link)) => output::say(&format!(
            "open {address}/welcome/{} within an hour to make the first account",
            link.secret
        )),
        Ok(None) => {}
        Err(error) => output::say(&format!(
            "there is no link for the first account: {}",
            chain(&error)
        )),
    }
}

/// Starts serving a node: HTTP, and the socket for commands.
pub(crate) async fn start(
    node: &Node,
    settings: &Settings,
    folder: &Path,
) -> Result<(Server, LocalServer), Failure> {
    let listen = settings.serve.listen;
    let tls = if uses_tls(settings) {
        let config = tls_config(
            &settings.serve.tls_certificates,
            &settings.serve.tls_key,
            settings.serve.client_certificates,
        );
        Some(config.map_err(|error| listen_failure(&error))?)
    } else {
        None
    };
    if tls.is_none() && !listen.ip().is_loopback() && !settings.serve.behind_proxy {
        return Err(Failure::no(
            format!("{listen} can be reached from other machines, and there is no TLS certificate"),
            "set serve.tls_certificates and serve.tls_key, or serve.behind_proxy when a proxy speaks TLS, in comity.toml",
        ));
    }
    if node.oidc().is_some() {
        node.use_outside(Arc::new(provider_client(settings)?));
    }
    let pages = WebSettings {
        secure: tls.is_some() || settings.serve.behind_proxy,
        undo_seconds: settings.serve.undo_seconds,
    };
    let pages = comity_web::router::router(node.clone(), pages);
    let server = Server::start(node.clone(), settings.api(), listen, tls, pages).await;
    let server = server.map_err(|error| listen_failure(&error))?;
    let local = LocalServer::start(node.clone(), &folder.join(SOCKET_FILE));
    let local = local.map_err(|error| {
        Failure::because(
            &error,
            "a socket's path takes about 100 bytes: choose a shorter --data, in a folder of your own",
        )
    })?;
    Ok((server, local))
}

/// Who asks the provider of identities.
fn provider_client(settings: &Settings) -> Result<ProviderClient, Failure> {
    let authorities = Some(settings.sign_in.oidc.ca_file.clone());
    let authorities = authorities.filter(|path| !path.as_os_str().is_empty());
    ProviderClient::new(authorities, tokio::runtime::Handle::current()).map_err(|error| {
        Failure::because(
            &error,
            "sign_in.oidc.ca_file in comity.toml names a PEM file of certificates",
        )
    })
}

/// Starts taking mail, where the settings say so.
pub(crate) async fn start_mail(
    node: &Node,
    settings: &Settings,
) -> Result<Option<MailServer>, Failure> {
    let listen = settings.mail.listen()?;
    if listen.is_empty() {
        return Ok(None);
    }
    let told = settings.mail.server(&node.mail_terms().domain)?;
    let tls = if uses_tls(settings) {
        let config = tls_config(
            &settings.serve.tls_certificates,
            &settings.serve.tls_key,
            false,
        );
        // The names in it are those of HTTP.
        let mut config = (*config.map_err(|error| listen_failure(&error))?).clone();
        config.alpn_protocols.clear();
        Some(Arc::new(config))
    } else {
        None
    };
    let (started, finder) = (node.clock().now(), node.clone());
    let intake = Arc::new(MailIntake::new(node.clone(), settings.mail.intake(node)));
    let server = MailServer::start(intake, told, listen, tls).await;
    let server = server.map_err(|error| mail_failure(&error))?;
    // What it lists was written before: nothing waits for it.
    tokio::task::spawn_blocking(move || {
        if let Err(error) = finder.list_found_mail(started) {
            output::say(&format!(
                "mail without a record was not looked for: {}",
                chain(&error)
            ));
        }
    });
    Ok(Some(server))
}

/// Tells where mail is taken.
fn tell_mail(server: &MailServer, settings: &Settings) {
    for listening in server.listening() {
        let (by, place) = (listening.protocol.word(), &listening.place);
        output::say(&format!("taking mail by {by} on {place}"));
    }
    if !uses_tls(settings) && !settings.mail.smtp_listen.is_empty() {
        output::say(
            "mail comes unprotected: set serve.tls_certificates and serve.tls_key to offer STARTTLS",
        );
    }
}

fn mail_failure(error: &MailListenError) -> Failure {
    Failure::because(
        error,
        "set mail.smtp_listen and mail.lmtp_listen in comity.toml to places that are free; ports below 1024 need the right to them, \
         CAP_NET_BIND_SERVICE",
    )
}

/// What a node does besides answering: calling other nodes, applying what came, judging what is shared, taking mail in.
pub(crate) struct Background {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Background {
    pub(crate) fn start(node: &Node, settings: &Settings) -> Result<Self, Failure> {
        let renewed = tokio::task::block_in_place(|| {
            node.exchange(ExchangeCommand::OwnCard {
                links: settings.links(),
            })
        });
        if let Err(error) = renewed {
            // The node serves; other parties hear nothing of its new epoch or keys until the card is signed.
            output::say(&format!(
                "the node's card is out of date: {}",
                chain(&error)
            ));
        }
        let client = Client::new(settings.link_client()).map_err(|error| {
            Failure::because(
                &error,
                "link.ca_file in comity.toml names a PEM file of certificates",
            )
        })?;
        let told = settings.mail_client(&node.mail_terms().domain)?;
        let sender = Sender::new(node.clone(), told).map_err(|error| send_failure(&error))?;
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(jobs::run(node.clone(), settings.checks(), stopped.clone()));
        tasks.spawn(sender.run(stopped.clone()));
        tasks.spawn(link::run(
            node.clone(),
            client,
            settings.calls(),
            stopped.clone(),
        ));
        if let Some(taking) = taking_in(node, settings, stopped)? {
            tasks.spawn(taking);
        }
        Ok(Self { stop, tasks })
    }

    pub(crate) async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// The loop that takes kept mail in, where mail is taken.
fn taking_in(
    node: &Node,
    settings: &Settings,
    stopped: watch::Receiver<bool>,
) -> Result<Option<impl Future<Output = ()> + Send + use<>>, Failure> {
    if settings.mail.listen()?.is_empty() {
        return Ok(None);
    }
    let servers: Vec<_> = settings.name_server().into_iter().collect();
    let authenticator = Authenticator::new(&servers).map_err(|error| {
        Failure::because(
            &error,
            "set mail.name_server in comity.toml, such as \"127.0.0.1:53\"",
        )
    })?;
    let told = settings.mail.taking(&node.mail_terms().domain)?;
    let authenticator = Arc::new(authenticator);
    Ok(Some(taking::run(
        node.clone(),
        authenticator,
        told,
        stopped,
    )))
}

fn send_failure(error: &SendError) -> Failure {
    let hint = match error {
        SendError::Authorities { .. } | SendError::Http(_) => {
            "mail.ca_file in comity.toml names a PEM file of certificates"
        }
        SendError::Tls(_) | _ => "report this as a fault of the program",
    };
    Failure::because(error, hint)
}

const TOO_LITTLE: &str = "the machine gives this process too few threads or files; see `ulimit -a`";

fn listen_failure(error: &ListenError) -> Failure {
    let hint = match error {
        ListenError::Bind { .. } => {
            "choose another port, `comity serve --listen 127.0.0.1:PORT`; port 0 takes any that is free"
        }
        ListenError::Tls(_) | _ => {
            "serve.tls_certificates and serve.tls_key in comity.toml name PEM files that belong together, the \
             certificate of this host first"
        }
    };
    Failure::because(error, hint)
}

fn uses_tls(settings: &Settings) -> bool {
    !settings.serve.tls_certificates.as_os_str().is_empty()
}

/// The runtime that all waiting is done on.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    built
        .map_err(|error| Failure::unknown(format!("cannot start the runtime: {error}"), TOO_LITTLE))
}

/// The signals that ask a program to end.
pub(crate) struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    pub(crate) fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |error: std::io::Error| {
            Failure::unknown(format!("cannot listen for signals: {error}"), TOO_LITTLE)
        };
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    /// Waits for one of them.
    pub(crate) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Logs to standard error; `COMITY_LOG` chooses what, in the syntax of tracing's `EnvFilter`.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing_subscriber::filter::LevelFilter::WARN.into())
        .with_env_var("COMITY_LOG")
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
}
