//! What all pages have in common: the frame around them, what a browser is told with them, and pages that say what went wrong.
//!
//! In scope: the frame's parts, times and chips in it, headers, faults. Out of scope: each screen.

use askama::Template;
use axum::body::Body;
use axum::response::Response;
use comity_case::html::escaped;
use comity_node::account::session::csrf;
use comity_node::command::RefusalKind;
use comity_node::operation::Denied;
use comity_node::operation::rights::Permission;
use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, HeaderValue,
    LOCATION, REFERRER_POLICY,
};
use http::{HeaderMap, StatusCode};
use jiff::tz::TimeZone;

use crate::assets;
use crate::book;
use crate::html::Html;
use crate::visit::{Theme, Visit, Web};
use crate::words::{Language, Words};

/// What a browser does not do with a page of ours, whatever stands in it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// What a screen comes to.
pub(crate) type Shown = Result<Response, Fault>;

/// Why a screen is not shown.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Nobody is signed in.
    SignIn,
    /// The node did not do it.
    Denied(Denied),
    /// There is no such page.
    Missing,
    /// The form did not come from a page of this node.
    Foreign,
    /// The form cannot be read.
    Form,
    /// The form is too long.
    TooLarge,
    /// A file is too long.
    FileTooLarge,
    /// Too many files come at once.
    Busy,
    /// Too many wrong attempts to sign in.
    TooMany(u32),
    /// Something here went wrong; the words are for the log.
    Failed(String),
}

impl From<Denied> for Fault {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

/// A place that the navigation leads to.
pub(crate) struct Place {
    pub(crate) path: &'static str,
    pub(crate) name: String,
    pub(crate) key: &'static str,
    pub(crate) here: bool,
}

/// A group of places.
pub(crate) struct Group {
    pub(crate) name: Option<String>,
    pub(crate) places: Vec<Place>,
}

/// The frame of a page.
pub(crate) struct Frame {
    words: &'static Words,
    pub(crate) title: String,
    pub(crate) party: String,
    pub(crate) person: Option<String>,
    pub(crate) role: String,
    pub(crate) csrf: String,
    pub(crate) path: String,
    pub(crate) found: String,
    pub(crate) theme: Theme,
    pub(crate) keys: bool,
    pub(crate) exercise: bool,
    /// The list that the page shows: a browser is told when it changes.
    pub(crate) follows: Option<&'static str>,
    /// When the page is made.
    pub(crate) now: jiff::Timestamp,
    zone: TimeZone,
    marking: Option<Tlp>,
    groups: Vec<Group>,
}

impl Frame {
    /// The frame of a page of this title.
    pub(crate) fn new(web: &Web, visit: &Visit, title: String) -> Self {
        let identity = web.node.identity();
        let role = visit.person.as_ref().map(|person| person.role);
        Self {
            words: visit.words,
            title,
            party: identity.party.clone(),
            person: visit.person.as_ref().map(|person| person.account.clone()),
            role: role.map_or_else(String::new, |role| visit.words.word("role", role.word())),
            csrf: visit.secret.as_deref().map(csrf).unwrap_or_default(),
            path: visit.path.clone(),
            found: visit.query.text("q"),
            theme: visit.theme,
            keys: visit.keys,
            exercise: false,
            follows: None,
            now: now(web),
            zone: visit.zone.clone(),
            marking: None,
            groups: role.map_or_else(Vec::new, |role| {
                let may = |permission: Permission| permission.is_of(role);
                navigation(visit.words, &visit.path, may)
            }),
        }
    }

    /// Raises the page's marking to that of something on it.
    pub(crate) fn mark(&mut self, label: &str) {
        let label = Tlp::parse(label);
        self.marking = self.marking.max(label);
    }

    pub(crate) fn marking(&self) -> Option<(&'static str, String)> {
        self.marking.map(|tlp| (class_of(tlp), tlp.to_string()))
    }

    /// Where the book says more about this page.
    pub(crate) fn help(&self) -> String {
        book::help(&self.path)
    }

    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    pub(crate) fn say(&self, key: &str) -> String {
        self.words.say(key)
    }

    pub(crate) fn say_of(&self, key: &str, name: &str, value: &str) -> String {
        self.words.say_of(key, name, value)
    }

    pub(crate) fn say_with(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.words.say_with(key, values)
    }

    /// Words for a number of things.
    pub(crate) fn count(&self, key: &str, count: impl std::borrow::Borrow<usize>) -> String {
        self.words.say_of(key, "n", *count.borrow())
    }

    /// Words for a word of the node's own.
    pub(crate) fn word(&self, family: &str, word: &str) -> String {
        self.words.word(family, word)
    }

    pub(crate) fn language(&self) -> &'static str {
        self.words.language().tag()
    }

    #[expect(clippy::unused_self, reason = "templates ask the frame")]
    pub(crate) fn languages(&self) -> [Language; 2] {
        Language::OFFERED
    }

    /// The zone in which times are shown and typed.
    pub(crate) fn zone_name(&self) -> String {
        let name = self.zone.iana_name().unwrap_or("UTC");
        name.to_owned()
    }

    #[expect(clippy::unused_self, reason = "templates ask the frame")]
    pub(crate) fn asset(&self, name: &str) -> &'static str {
        assets::address(name)
    }

    #[expect(clippy::unused_self, reason = "templates ask the frame")]
    pub(crate) fn scripts(&self) -> Vec<&'static str> {
        assets::scripts()
    }

    /// A STIX timestamp as the person reads it, with its offset and the same moment in UTC; other text as it is.
    pub(crate) fn time(&self, text: &str) -> Html {
        let Some(at) = moment(text) else {
            return Html(escaped(text));
        };
        let shown = self.written(at);
        let utc = at.strftime("%Y-%m-%dT%H:%M:%SZ");
        let title = at.strftime("%Y-%m-%d %H:%M:%S UTC");
        Html(format!(
            "<time datetime=\"{utc}\" title=\"{title}\" data-relative>{shown}</time>"
        ))
    }

    /// The same as text alone, for drawings.
    pub(crate) fn time_text(&self, text: &str) -> String {
        moment(text).map_or_else(|| text.to_owned(), |at| self.written(at))
    }

    fn written(&self, at: jiff::Timestamp) -> String {
        let zoned = at.to_zoned(self.zone.clone());
        if self.zone == TimeZone::UTC {
            zoned.strftime("%Y-%m-%d %H:%M UTC").to_string()
        } else {
            zoned.strftime("%Y-%m-%d %H:%M %:z").to_string()
        }
    }

    /// A label as its chip: word and shape.
    #[expect(clippy::unused_self, reason = "templates ask the frame")]
    pub(crate) fn label(&self, label: &str) -> Html {
        let class = Tlp::parse(label).map(class_of);
        match class {
            Some(class) => Html(format!(
                "<span class=\"tlp {class}\">{}</span>",
                escaped(label)
            )),
            None => Html(format!("<span class=\"muted\">{}</span>", escaped(label))),
        }
    }

    /// A state of something as its chip: word and shape.
    pub(crate) fn state(&self, state: &str) -> Html {
        let class = class_of_state(state);
        let word = self.words.word("state", state);
        Html(format!(
            "<span class=\"state {class}\">{}</span>",
            escaped(&word)
        ))
    }
}

fn moment(text: &str) -> Option<jiff::Timestamp> {
    let at = Timestamp::parse(text).ok()?;
    jiff::Timestamp::from_microsecond(at.micros()).ok()
}

/// What a state means for whoever looks: done, waiting, due, late or failed.
fn class_of_state(state: &str) -> &'static str {
    match state {
        "ok" | "in force" | "known" | "verified" | "receipted" | "answered" | "closed" | "met"
        | "applied" | "active" | "permanent" | "released" | "complete" | "live" | "done"
        | "approved" | "green" | "confirmed" | "completed" | "reported" | "kept" | "left" => "ok",
        "due" | "proposed" | "pending" | "incomplete" | "acknowledged" | "accepted" | "in-work"
        | "expiring" | "amber" | "returned" | "offered" | "rung" | "running" | "leaving" => "due",
        "late" | "overdue" => "late",
        "failed" | "refused" | "declined" | "missed" | "forked" | "revoked" | "suspended"
        | "bounced" | "disputed" | "withdrawn" | "red" | "unreachable" | "expired"
        | "abandoned" | "suspended by us" | "suspended by them" | "suspended by both"
        | "broken" => "failed",
        _ => "waiting",
    }
}

fn class_of(tlp: Tlp) -> &'static str {
    match tlp {
        Tlp::Clear => "tlp-clear",
        Tlp::Green => "tlp-green",
        Tlp::Amber => "tlp-amber",
        Tlp::AmberStrict => "tlp-amber-strict",
        Tlp::Red => "tlp-red",
    }
}

fn navigation(words: &Words, path: &str, may: impl Fn(Permission) -> bool) -> Vec<Group> {
    let place = |at: &'static str, name: String, key: &'static str| Place {
        path: at,
        name,
        key,
        here: if at == "/" {
            path == "/"
        } else {
            path.split(['?', '/']).nth(1) == at.strip_prefix('/')
        },
    };
    let mut groups = vec![Group {
        name: None,
        places: vec![place("/", words.say("place-home"), "g h")],
    }];
    if may(Permission::Look) {
        groups.push(Group {
            name: Some(words.say("group-work")),
            places: vec![
                place("/search", words.say("place-search"), "g s"),
                place("/objects", words.say("place-objects"), "g o"),
            ],
        });
        groups.push(Group {
            name: Some(words.say("group-together")),
            places: vec![
                place("/requests", words.say("place-requests"), "g r"),
                place("/cases", words.say("place-cases"), "g c"),
                place("/incidents", words.say("place-incidents"), "g i"),
                place("/calls", words.say("place-calls"), "g k"),
                place("/exercises", words.say("place-exercises"), "g x"),
                place("/evidence", words.say("place-evidence"), "g e"),
                place("/contacts", words.say("place-contacts"), "g b"),
            ],
        });
    }
    if may(Permission::Watch) {
        let mut places = vec![
            place("/parties", words.say("place-parties"), "g p"),
            place("/accords", words.say("place-accords"), "g a"),
            place("/review", words.say("place-review"), "g w"),
            place("/outbox", words.say("place-outbox"), "g t"),
            place("/addresses", words.say("place-addresses"), "g d"),
        ];
        if may(Permission::Look) {
            places.insert(4, place("/mail", words.say("place-mail"), "g m"));
        } else if may(Permission::Administer) {
            places.insert(4, place("/mail-keys", words.say("mail-keys"), "g m"));
        }
        groups.push(Group {
            name: Some(words.say("group-between")),
            places,
        });
        let mut places = vec![place("/ledger", words.say("place-ledger"), "g l")];
        if may(Permission::Audit) {
            places.push(place("/admin", words.say("place-admin"), "g n"));
        }
        groups.push(Group {
            name: Some(words.say("group-node")),
            places,
        });
    }
    groups
}

/// The time by the node's clock.
pub(crate) fn now(web: &Web) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(web.node.clock().now()).unwrap_or_default()
}

/// A page as an answer, with all that a browser is told along with it.
pub(crate) fn page(visit: &Visit, template: &impl Template) -> Shown {
    let text = template
        .render()
        .map_err(|error| Fault::Failed(error.to_string()))?;
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    let language = HeaderValue::from_static(visit.words.language().tag());
    headers.insert(CONTENT_LANGUAGE, language);
    if visit
        .person
        .as_ref()
        .is_some_and(|person| Permission::Administer.is_of(person.role))
    {
        let took = format!(
            "node;dur={:.1}",
            visit.began.elapsed().as_secs_f64() * 1_000.0
        );
        if let Ok(took) = HeaderValue::from_str(&took) {
            headers.insert("server-timing", took);
        }
    }
    guard(headers);
    Ok(response)
}

/// A text that is kept as a file of this name, never shown as a page.
#[expect(
    clippy::unnecessary_wraps,
    reason = "a screen ends with it as with any other page"
)]
pub(crate) fn file(kind: &'static str, name: &'static str, text: String) -> Shown {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    guard(headers);
    Ok(response)
}

/// What every answer of a page tells a browser.
pub(crate) fn guard(headers: &mut HeaderMap) {
    const TOLD: &[(&str, &str)] = &[
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), geolocation=(), microphone=(), usb=()",
        ),
    ];
    for (name, value) in TOLD {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}

/// To another page of this node, with `GET`.
#[expect(
    clippy::unnecessary_wraps,
    reason = "a screen ends with it as with any other page"
)]
pub(crate) fn to(path: &str) -> Shown {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    // Whatever cannot stand in the field is no path of ours.
    let place = HeaderValue::from_str(&local(path)).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, place);
    guard(response.headers_mut());
    Ok(response)
}

/// A path of this node; the first page for anything that leads elsewhere.
pub(crate) fn local(path: &str) -> String {
    let own = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(['\\', '\r', '\n', '\t'])
        && path.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    if own { path.to_owned() } else { "/".to_owned() }
}

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage {
    frame: Frame,
    what: String,
    hint: String,
    id: String,
}

/// The answer to a visit, also where something went wrong.
pub(crate) fn answer(web: &Web, visit: &Visit, shown: Shown) -> Response {
    let fault = match shown {
        Ok(response) => return response,
        Err(fault) => fault,
    };
    if let Fault::SignIn = fault {
        let next =
            percent_encoding::utf8_percent_encode(&visit.path, percent_encoding::NON_ALPHANUMERIC);
        if let Ok(response) = to(&format!("/sign-in?next={next}")) {
            return response;
        }
    }
    // It is not done yet: where it waits is where whoever asked goes on.
    if let Fault::Denied(Denied::Held(_)) = fault
        && let Ok(response) = to("/review")
    {
        return response;
    }
    let words = visit.words;
    let (status, what, hint) = told(words, &fault);
    if let Fault::Failed(why) = &fault {
        tracing::error!(request = visit.id, why, "a page failed");
    }
    let shown = FaultPage {
        frame: Frame::new(web, visit, words.say("fault-title")),
        what,
        hint,
        id: visit.id.clone(),
    };
    let mut response = page(visit, &shown).unwrap_or_else(|_| Response::new(Body::empty()));
    *response.status_mut() = status;
    response
}

/// What is said of a fault: the status, what it is, and what to do.
pub(crate) fn told(words: &Words, fault: &Fault) -> (StatusCode, String, String) {
    let own = |status, what: &str, hint: &str| (status, words.say(what), words.say(hint));
    match fault {
        Fault::SignIn => own(
            StatusCode::UNAUTHORIZED,
            key("fault-sign-in"),
            key("fault-sign-in-hint"),
        ),
        Fault::Missing | Fault::Denied(Denied::Missing | Denied::Unknown(_)) => own(
            StatusCode::NOT_FOUND,
            key("fault-missing"),
            key("fault-missing-hint"),
        ),
        Fault::Foreign => own(
            StatusCode::FORBIDDEN,
            key("fault-foreign"),
            key("fault-foreign-hint"),
        ),
        Fault::Form => own(
            StatusCode::BAD_REQUEST,
            key("fault-form"),
            key("fault-form-hint"),
        ),
        Fault::TooLarge => own(
            StatusCode::PAYLOAD_TOO_LARGE,
            key("fault-large"),
            key("fault-large-hint"),
        ),
        Fault::FileTooLarge => own(
            StatusCode::PAYLOAD_TOO_LARGE,
            key("fault-file-large"),
            key("fault-file-large-hint"),
        ),
        Fault::Busy => own(
            StatusCode::SERVICE_UNAVAILABLE,
            key("fault-busy"),
            key("fault-busy-hint"),
        ),
        Fault::TooMany(seconds) => (
            StatusCode::TOO_MANY_REQUESTS,
            words.say("fault-many"),
            words.say_of("fault-many-hint", "seconds", *seconds),
        ),
        Fault::Failed(_) => own(
            StatusCode::INTERNAL_SERVER_ERROR,
            key("fault-failed"),
            key("fault-failed-hint"),
        ),
        Fault::Denied(Denied::Role { role, needs }) => (
            StatusCode::FORBIDDEN,
            words.say_of("fault-role", "role", words.word("role", role)),
            words.say_of("fault-role-hint", "needs", needs.word()),
        ),
        Fault::Denied(Denied::CursorGone) => own(
            StatusCode::CONFLICT,
            key("fault-cursor"),
            key("fault-cursor-hint"),
        ),
        // What the node says is said in its own words.
        Fault::Denied(Denied::Refused(refusal)) => (
            status_of(refusal.kind),
            refusal.message.clone(),
            refusal.hint.clone(),
        ),
        Fault::Denied(other) => (
            StatusCode::BAD_REQUEST,
            other.to_string(),
            words.say("fault-form-hint"),
        ),
    }
}

const fn status_of(kind: RefusalKind) -> StatusCode {
    match kind {
        RefusalKind::No => StatusCode::CONFLICT,
        RefusalKind::Usage => StatusCode::BAD_REQUEST,
        RefusalKind::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
        RefusalKind::Release | RefusalKind::SecondPerson => StatusCode::FORBIDDEN,
        RefusalKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
    }
}

/// A key, so that the tests find it.
pub(crate) const fn key(key: &'static str) -> &'static str {
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_away_from_this_node() {
        for path in ["/", "/objects/a?tab=raw", "/search?q=%2F%2Fevil.example"] {
            assert_eq!(local(path), path);
        }
        for path in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "",
            "/a\r\nset-cookie: a=b",
            "javascript:alert(1)",
            "/\u{e9}",
        ] {
            assert_eq!(local(path), "/", "{path:?}");
        }
    }
}
