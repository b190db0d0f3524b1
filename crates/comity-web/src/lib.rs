//! The node's pages: HTML written by the server, in English and Chinese, that works without JavaScript.
//!
//! A page asks the node the same questions that a command or a REST call asks (`comity_node::operation`) and writes what came
//! back. It decides nothing.
//!
//! In scope: templates, words, drawings, forms, sessions' cookies, what a browser must be told so that it protects its user.
//! Out of scope: rights and use cases (`comity-node`), REST (`comity-api`).

pub mod draw;
pub mod multipart;
pub mod router;
pub mod words;

mod acts;
mod assets;
mod book;
mod facts;
mod fields;
mod form;
mod frame;
mod html;
mod locales;
mod saved;
mod screens;
mod sheet;
mod upload;
mod visit;
