//! Which path shows which screen.
//!
//! In scope: the table of routes, and what all have in common. Out of scope: each screen.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::{MethodRouter, get, post};
use comity_node::node::Node;
use http::Request;
use tokio::sync::Semaphore;

use crate::fields::Fields;
use crate::frame::{Fault, Shown, answer};
use crate::screens::{
    accords, addresses, admin, book, contacts, envelopes, evidence, files, held, home, importing,
    ledger, letters, mail, mail_keys, me, objects, oidc, opening, outgoing, parties, passkeys,
    recalls, records, release, reports, scorecards, search, signing, thread, threads, tour, value,
    welcome,
};
use crate::upload::{FILES_MAX, Upload};
pub use crate::visit::WebSettings;
use crate::visit::{Visit, Web};
use crate::{assets, form};

/// All pages of a node. What no page is at is answered with a page that says so.
pub fn router(node: Node, settings: WebSettings) -> Router {
    let web = Web {
        node,
        settings: Arc::new(settings),
        files: Arc::new(Semaphore::new(FILES_MAX)),
    };
    Router::new()
        .route("/assets/{name}", get(assets::serve))
        .route("/sign-in", show(signing::form).merge(act(signing::sign_in)))
        .route("/sign-in/passkey", act(passkeys::sign_in))
        .route(
            "/sign-in/passkey/challenge",
            act(passkeys::sign_in_challenge),
        )
        .route("/sign-in/oidc", show(oidc::leave))
        .route("/sign-in/oidc/return", show(oidc::back))
        .route("/sign-in/oidc/code", act(oidc::give_code))
        .route("/sign-out", act(signing::sign_out))
        .route("/choices", act(signing::choose))
        .route("/", show(home::show))
        .route("/search", show(search::show).merge(act(search::bulk)))
        .route("/value", show(value::show))
        .route("/value/sighting", act(value::share))
        .route("/objects", show(objects::list))
        .route(
            "/objects/import",
            show(importing::form).merge(act(importing::take)),
        )
        .route("/objects/{id}", show(objects::one))
        .merge(work())
        .merge(between())
        .merge(letters())
        .merge(house())
        .fallback(|State(web): State<Web>, visit: Visit| async move {
            answer(&web, &visit, Err(Fault::Missing))
        })
        .with_state(web)
}

/// What two parties work on.
fn work() -> Router<Web> {
    Router::new()
        .route("/requests", show(threads::requests))
        .route("/cases", show(threads::cases))
        .route("/incidents", show(threads::incidents))
        .route("/calls", show(threads::calls))
        .route("/exercises", show(threads::exercises))
        .route(
            "/requests/new",
            show(opening::request).merge(act(opening::send)),
        )
        .route("/cases/new", show(opening::case).merge(act(opening::begin)))
        .route(
            "/incidents/new",
            show(opening::incident).merge(act(opening::report)),
        )
        .route("/calls/new", show(opening::call).merge(act(opening::ring)))
        .route(
            "/exercises/new",
            show(opening::exercise).merge(act(opening::propose)),
        )
        .route("/threads/{id}", show(thread::show))
        .route("/cases/{id}", show(thread::show))
        .route("/incidents/{id}", show(thread::show))
        .route("/calls/{id}", show(thread::show))
        .route("/exercises/{id}", show(thread::show))
        .route("/threads/{id}/say/{event}", act(thread::say))
        .route("/threads/{id}/own/{event}", act(thread::own))
        .route("/threads/{id}/notes", act(thread::note))
        .route("/exercises/{id}/report", show(thread::report))
        .route("/cases/{id}/bundle", show(reports::bundle))
        .route("/parties/{name}/reports/{period}", show(reports::status))
        .route("/evidence", show(evidence::list))
        .route(
            "/evidence/new",
            show(files::form).merge(upload(files::take)),
        )
        .route("/evidence/{item}", show(evidence::one))
        .route("/evidence/{item}/copy", act(files::give))
        .route("/evidence/{item}/{act}", act(evidence::act))
        .route("/contacts", show(contacts::list).merge(act(contacts::ping)))
        .route("/checks", show(contacts::checks))
        .route("/checks/{id}", show(contacts::check))
        .route("/checks/{id}/{act}", act(contacts::act))
}

/// What stands between parties.
fn between() -> Router<Web> {
    Router::new()
        .route("/parties", show(parties::list).merge(act(parties::accept)))
        .route("/parties/{name}", show(parties::one))
        .route("/parties/{name}/verification", act(parties::verify))
        .route(
            "/parties/{name}/revoke",
            show(parties::revoke).merge(act(parties::revoke_for_good)),
        )
        .route("/parties/{name}/suspend", act(parties::suspend))
        .route("/parties/{name}/resume", act(parties::resume))
        .route("/parties/{name}/released", show(parties::released))
        .route(
            "/parties/{name}/scorecards/{period}",
            show(scorecards::show),
        )
        .route(
            "/parties/{name}/scorecards/{period}/{act}",
            act(scorecards::step),
        )
        .route("/accords", show(accords::list).merge(act(accords::propose)))
        .route("/accords/draft", act(accords::draft))
        .route("/accords/{name}", show(accords::one))
        .route(
            "/accords/{name}/sign",
            show(accords::sign_page).merge(act(accords::sign)),
        )
        .route("/release", show(release::show).merge(act(release::share)))
        .route("/review", show(release::review))
        .route("/review/{id}/{word}", act(release::decide))
        .route("/review/acts/{id}/{word}", act(held::decide))
        .route("/recalls", show(recalls::list).merge(act(recalls::recall)))
        .route("/recalls/review", show(recalls::review))
        .route("/outbox", show(envelopes::outbox))
        .route("/inbox", show(envelopes::inbox))
}

/// Mail and addresses.
fn letters() -> Router<Web> {
    Router::new()
        .route("/mail", show(mail::list))
        .route(
            "/mail/letters/new",
            show(letters::form).merge(act(letters::write)),
        )
        .route("/mail/{id}", show(mail::one))
        .route("/mail/{id}/again", act(mail::again))
        .route("/mail/{id}/proposals/{proposal}/{word}", act(mail::settle))
        .route("/mail/outgoing", show(outgoing::list))
        .route("/mail/outgoing/{id}", show(outgoing::one))
        .route("/mail/outgoing/{id}/{step}", act(outgoing::step))
        .route(
            "/mail-keys",
            show(mail_keys::show).merge(act(mail_keys::register)),
        )
        .route("/mail-keys/{step}", act(mail_keys::lengthen))
        .route(
            "/mail-keys/{fingerprint}/revoke",
            show(mail_keys::revoke).merge(act(mail_keys::revoke_for_good)),
        )
        .route(
            "/certificates/{party}/{fingerprint}/remove",
            show(mail_keys::remove).merge(act(mail_keys::remove_for_good)),
        )
        .route(
            "/addresses",
            show(addresses::list).merge(act(addresses::create)),
        )
        .route("/addresses/{id}", show(addresses::one))
        .route(
            "/addresses/{id}/revoke",
            show(addresses::revoke).merge(act(addresses::revoke_for_good)),
        )
        .route("/addresses/{id}/steps/{step}", act(addresses::step))
}

/// The node itself, and the own account.
fn house() -> Router<Web> {
    Router::new()
        .route("/tour", show(tour::show))
        .route("/book", show(book::contents))
        .route("/book/{chapter}", show(book::chapter))
        .route("/ledger", show(ledger::show))
        .route("/ledger/verification", act(ledger::verify))
        .route("/ledger/fsck", act(ledger::fsck))
        .route("/ledger/proof", act(ledger::prove))
        .route("/admin", show(admin::accounts).merge(act(admin::add)))
        .route("/admin/accounts/{name}", show(admin::one))
        .route(
            "/admin/accounts/{name}/remove",
            show(admin::remove).merge(act(admin::remove_for_good)),
        )
        .route("/admin/accounts/{name}/steps/{step}", act(admin::step))
        .route(
            "/admin/tokens",
            show(admin::tokens).merge(act(admin::make_token)),
        )
        .route("/admin/certificates", act(admin::pin))
        .route(
            "/admin/tokens/{id}",
            show(admin::token).merge(act(admin::end_token)),
        )
        .route(
            "/admin/collections",
            show(admin::collections).merge(act(admin::make_collection)),
        )
        .route("/admin/collections/rights", act(admin::grant))
        .route(
            "/admin/check",
            show(admin::check_page).merge(act(admin::check)),
        )
        .route(
            "/admin/invitations",
            show(records::invitations).merge(act(records::invite)),
        )
        .route("/admin/invitations/{name}/withdraw", act(records::withdraw))
        .route("/admin/audit", show(records::audit))
        .route(
            "/welcome/{secret}",
            show(welcome::show).merge(act(welcome::join)),
        )
        .route("/me", show(me::show))
        .route("/me/password", act(me::change_password))
        .route("/me/passkeys", act(passkeys::add))
        .route("/me/passkeys/challenge", act(passkeys::challenge))
        .route("/me/passkeys/remove", act(passkeys::remove))
        .route("/me/identities", act(oidc::link))
        .route("/me/identities/remove", act(oidc::unlink))
        .route("/me/factor/begin", act(me::factor_begin))
        .route("/me/factor/confirm", act(me::factor_confirm))
        .route("/me/factor/codes", act(me::factor_codes))
        .route("/me/factor/end", act(me::factor_end))
        .route("/me/sessions", act(me::end_session))
        .route("/me/sessions/others", act(me::end_others))
}

/// A screen that is looked at.
fn show<S, F>(screen: S) -> MethodRouter<Web>
where
    S: Fn(Web, Visit) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Shown> + Send,
{
    get(move |State(web): State<Web>, visit: Visit| async move {
        let shown = screen(web.clone(), visit.clone()).await;
        answer(&web, &visit, shown)
    })
}

/// A form with a file that is posted.
fn upload<S, F>(screen: S) -> MethodRouter<Web>
where
    S: Fn(Web, Visit, Upload) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Shown> + Send,
{
    post(
        move |State(web): State<Web>, visit: Visit, request: Request<Body>| async move {
            let shown = match Upload::open(&visit, request) {
                Ok(upload) => screen(web.clone(), visit.clone(), upload).await,
                Err(fault) => Err(fault),
            };
            answer(&web, &visit, shown)
        },
    )
}

/// A form that is posted.
fn act<S, F>(screen: S) -> MethodRouter<Web>
where
    S: Fn(Web, Visit, Fields) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Shown> + Send,
{
    post(
        move |State(web): State<Web>, visit: Visit, request: Request<Body>| async move {
            let shown = match form::read(&visit, request).await {
                Ok(fields) => screen(web.clone(), visit.clone(), fields).await,
                Err(fault) => Err(fault),
            };
            answer(&web, &visit, shown)
        },
    )
}
