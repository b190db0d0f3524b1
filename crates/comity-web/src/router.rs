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

use crate::fields::Fields;
use crate::frame::{Fault, Shown, answer};
use crate::screens::{
    contacts, evidence, home, objects, opening, reports, search, signing, thread, threads,
};
pub use crate::visit::WebSettings;
use crate::visit::{Visit, Web};
use crate::{assets, form};

/// All pages of a node. What no page is at is answered with a page that says so.
pub fn router(node: Node, settings: WebSettings) -> Router {
    let web = Web {
        node,
        settings: Arc::new(settings),
    };
    Router::new()
        .route("/assets/{name}", get(assets::serve))
        .route("/sign-in", show(signing::form).merge(act(signing::sign_in)))
        .route("/sign-out", act(signing::sign_out))
        .route("/choices", act(signing::choose))
        .route("/", show(home::show))
        .route("/search", show(search::show).merge(act(search::bulk)))
        .route("/objects", show(objects::list))
        .route("/objects/{id}", show(objects::one))
        .merge(work())
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
        .route("/calls", show(threads::calls))
        .route("/exercises", show(threads::exercises))
        .route(
            "/requests/new",
            show(opening::request).merge(act(opening::send)),
        )
        .route("/cases/new", show(opening::case).merge(act(opening::begin)))
        .route("/calls/new", show(opening::call).merge(act(opening::ring)))
        .route(
            "/exercises/new",
            show(opening::exercise).merge(act(opening::propose)),
        )
        .route("/threads/{id}", show(thread::show))
        .route("/cases/{id}", show(thread::show))
        .route("/calls/{id}", show(thread::show))
        .route("/exercises/{id}", show(thread::show))
        .route("/threads/{id}/say/{event}", act(thread::say))
        .route("/threads/{id}/own/{event}", act(thread::own))
        .route("/threads/{id}/notes", act(thread::note))
        .route("/exercises/{id}/report", show(thread::report))
        .route("/cases/{id}/bundle", show(reports::bundle))
        .route("/parties/{party}/reports/{period}", show(reports::status))
        .route("/evidence", show(evidence::list))
        .route("/evidence/{item}", show(evidence::one))
        .route("/evidence/{item}/{act}", act(evidence::act))
        .route("/contacts", show(contacts::list).merge(act(contacts::ping)))
        .route("/checks", show(contacts::checks))
        .route("/checks/{id}", show(contacts::check))
        .route("/checks/{id}/{act}", act(contacts::act))
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
