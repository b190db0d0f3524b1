//! REST: every operation of the node's table as a call below `/api/v1`, and the document that describes them.
//!
//! A call is its row of `comity_node::operation::table` and nothing more: arguments come from the path, the query and the body, who
//! calls from a token, a name and password, or, where a call only looks, from the session of a browser.
//!
//! In scope: routes, arguments, answers, errors, repeated calls. Out of scope: rights and acts (`comity-node`).
//! Limits: the body's is the interface's own (`ApiSettings::max_content_length`).

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, Request, State};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, get, on};
use comity_node::operation::schema::Form;
use comity_node::operation::table::OPERATIONS;
use comity_node::operation::{Along, Method, Operation, Signed};
use comity_node::person::Person;
use http::header::{CONTENT_TYPE, COOKIE, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::authentication;
pub(crate) use crate::rest::along::FILES_MAX;
use crate::rest::problem::Problem;
use crate::router::Api;
use crate::taxii::place;

mod along;
mod events;
mod openapi;
mod problem;
mod repeated;

/// Where every call is.
pub(crate) const ROOT: &str = "/api/v1";

/// All routes of REST.
pub(crate) fn routes() -> Router<Api> {
    let mut paths: BTreeMap<String, MethodRouter<Api>> = BTreeMap::new();
    for operation in OPERATIONS {
        let filter = match operation.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Delete => MethodFilter::DELETE,
        };
        let handler = move |State(api): State<Api>, params: RawPathParams, request: Request| async move {
            let given = params
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            let given = given.collect();
            call(api, operation, given, request)
                .await
                .unwrap_or_else(Problem::into_response)
        };
        let known = paths.remove(operation.path).unwrap_or_default();
        paths.insert(operation.path.to_owned(), known.merge(on(filter, handler)));
    }
    let mut router = Router::new()
        .route(&format!("{ROOT}/openapi.json"), get(openapi::serve))
        .route(&format!("{ROOT}/events"), get(events::serve));
    for (path, methods) in paths {
        let methods = methods.fallback(|| async { Problem::method().into_response() });
        router = router.route(&format!("{ROOT}{path}"), methods);
    }
    router.route(
        &format!("{ROOT}/{{*rest}}"),
        axum::routing::any(|| async { Problem::missing("there is no such call").into_response() }),
    )
}

async fn call(
    api: Api,
    operation: &'static Operation,
    given: Vec<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let person = person(&api, &parts, operation.method == Method::Get).await?;
    if operation.along != Along::Nothing {
        return along::call(api, (operation, person), given, (parts, body)).await;
    }
    let body = read_body(&api, &parts.headers, body).await?;
    let arguments = arguments(
        operation,
        given,
        parts.uri.query().unwrap_or_default(),
        &body,
    )?;
    let key = repeated::key(&parts.headers)?.filter(|_| !operation.only_looks());
    let node = api.node.clone();
    let asked = tokio::task::spawn_blocking(move || match key {
        Some(key) => repeated::once(&node, &person, operation, (&key, &body), arguments),
        None => repeated::ask(&node, &person, operation, arguments),
    });
    let answer = asked
        .await
        .map_err(|_| Problem::failed("the node is stopping"))??;
    let mut response = json(&answer);
    if operation.signed == Signed::Acting && answer.get(repeated::HELD).is_some() {
        *response.status_mut() = StatusCode::ACCEPTED;
    }
    Ok(response)
}

fn json(answer: &Value) -> Response {
    let mut response = Response::new(Body::from(answer.to_string()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    private(headers);
    response
}

/// What every answer tells whoever stands between.
pub(crate) fn private(headers: &mut HeaderMap) {
    headers.insert(
        http::header::CACHE_CONTROL,
        HeaderValue::from_static("no-store"),
    );
    headers.insert(
        http::header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
}

/// Who calls. A browser's session does for calls that only look: anything more would let another site's page act through it.
async fn person(api: &Api, parts: &Parts, only_looks: bool) -> Result<Person, Problem> {
    let place = place(api, parts);
    if !parts.headers.contains_key(http::header::AUTHORIZATION) && only_looks {
        for secret in sessions(&parts.headers) {
            let node = api.node.clone();
            let found = tokio::task::spawn_blocking(move || node.session(&secret)).await;
            if let Ok(Ok(Some(person))) = found {
                return Ok(person);
            }
        }
    }
    let caller = authentication::caller(api, parts, place).await;
    let caller = caller.map_err(Problem::of_sign_in)?;
    let person = api.node.person_of(&caller, place);
    person.map_err(|_| Problem::not_own())
}

/// The secrets of sessions that a browser sends: under the name that pages use with TLS, and the one without.
fn sessions(headers: &HeaderMap) -> Vec<String> {
    let fields = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|field| field.to_str().ok());
    let pairs = fields
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let named = pairs.filter(|(name, _)| matches!(*name, "__Host-comity" | "comity"));
    named.map(|(_, secret)| secret.to_owned()).take(2).collect()
}

async fn read_body(api: &Api, headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    let permit = api.bodies.clone().acquire_owned().await;
    let _permit = permit.map_err(|_| Problem::failed("the node is stopping"))?;
    let read = Limited::new(body, api.settings.max_content_length).collect();
    let read = tokio::time::timeout(api.settings.pause_max * 4, read).await;
    let read = read.map_err(|_| Problem::bad("the body took too long to come"))?;
    let bytes = read
        .map_err(|_| Problem::too_large(api.settings.max_content_length))?
        .to_bytes();
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let is_json = kind
        .split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if !bytes.is_empty() && !is_json {
        return Err(Problem::media("application/json"));
    }
    Ok(bytes.to_vec())
}

/// The arguments of a call: those of its path, of its query where it is asked with `GET`, else of its body.
fn arguments(
    operation: &Operation,
    given: Vec<(String, String)>,
    query: &str,
    body: &[u8],
) -> Result<Map<String, Value>, Problem> {
    let mut arguments = match body {
        [] => Map::new(),
        body if operation.method == Method::Get => {
            let _ = body;
            return Err(Problem::bad("a call with GET has no body"));
        }
        body => match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(Problem::bad("the body is a JSON object")),
            Err(error) => return Err(Problem::bad(&format!("the body is no JSON: {error}"))),
        },
    };
    let form = Form::of(operation);
    let mut several: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        let schema = form.members().get(&name);
        if schema.is_some_and(|schema| has_type(schema, "array")) {
            several.entry(name).or_default().push(Value::String(value));
            continue;
        }
        let value = match (name.as_str(), schema) {
            ("limit", None) => number(&name, &value)?,
            (_, Some(schema)) => typed(schema, &name, value)?,
            (_, None) => Value::String(value),
        };
        if arguments.insert(name.clone(), value).is_some() {
            return Err(Problem::bad(&format!(
                "the argument {name:?} is given twice"
            )));
        }
    }
    arguments.extend(
        several
            .into_iter()
            .map(|(name, values)| (name, Value::Array(values))),
    );
    for (name, value) in given {
        let schema = form.members().get(&name).cloned().unwrap_or_default();
        let value = typed(&schema, &name, value)?;
        if arguments.insert(name.clone(), value).is_some() {
            return Err(Problem::bad(&format!(
                "the argument {name:?} stands in the path already"
            )));
        }
    }
    Ok(arguments)
}

fn decoded(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    let decoded = decoded.map_err(|_| Problem::bad("the query is not UTF-8"))?;
    Ok(decoded.into_owned())
}

fn has_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(all)) => all.iter().any(|one| one.as_str() == Some(name)),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => false,
    }
}

/// A text of a path or query as the type that the argument has.
fn typed(schema: &Value, name: &str, text: String) -> Result<Value, Problem> {
    if has_type(schema, "integer") {
        return number(name, &text);
    }
    if has_type(schema, "boolean") {
        return match text.as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(Problem::bad(&format!(
                "the argument {name:?} is true or false"
            ))),
        };
    }
    Ok(Value::String(text))
}

fn number(name: &str, text: &str) -> Result<Value, Problem> {
    let number = text.parse::<u64>();
    let number = number.map_err(|_| Problem::bad(&format!("the argument {name:?} is a number")))?;
    Ok(Value::from(number))
}
