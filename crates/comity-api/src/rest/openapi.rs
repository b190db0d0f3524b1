//! The OpenAPI 3.1 document: generated from the table of operations and the forms of their commands, so that it cannot say
//! anything else than what is served.
//!
//! In scope: the document. Out of scope: what calls do.

use std::sync::LazyLock;

use axum::body::Body;
use axum::response::Response;
use comity_node::operation::rights::Permission;
use comity_node::operation::schema::Form;
use comity_node::operation::table::OPERATIONS;
use comity_node::operation::{Along, LIMIT, LIMIT_MAX, Method, Operation, Signed};
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Map, Value, json};

use crate::rest::problem::CODES;
use crate::rest::repeated::HELD;
use crate::rest::{ROOT, private};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// `GET /api/v1/openapi.json`: for everybody, as it tells nothing of this node.
pub(crate) async fn serve() -> Response {
    let mut response = Response::new(Body::from(DOCUMENT.as_str()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    private(headers);
    response
}

pub(crate) fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(word(operation.method).to_owned(), described(operation));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Comity",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Everything that a person can ask of a node, one call each.",
            "description": "Each call is one operation of the node, the same that a page or a command does. Who calls is never an argument. A list goes on behind its last row with `cursor`. Errors are problem details (RFC 9457) with a code that stays.",
            "license": { "name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT" },
        },
        "servers": [{ "url": ROOT }],
        "security": [{ "token": [] }, { "password": [] }],
        "tags": tags(),
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token of `comity token create`." },
                "password": { "type": "http", "scheme": "basic", "description": "Name and password of an account without a second factor." },
            },
            "schemas": { "Problem": problem() },
            "parameters": {
                "cursor": {
                    "name": "cursor", "in": "query", "description": "`next` of the stretch before.", "schema": { "type": "string", "pattern": "^[A-Za-z0-9_-]*$", "maxLength": 1000 },
                },
                "limit": {
                    "name": "limit", "in": "query", "description": "How many rows.",
                    "schema": { "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT },
                },
                "idempotency-key": {
                    "name": "Idempotency-Key", "in": "header",
                    "description": "With the same key the call is done once, and answered the same again for a day.",
                    "schema": { "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[\\x21-\\x7e]+$" },
                },
            },
        },
    })
}

const fn word(method: Method) -> &'static str {
    match method {
        Method::Get => "get",
        Method::Post => "post",
        Method::Delete => "delete",
    }
}

/// The first part of a path names what a call is about.
fn tag(operation: &Operation) -> &'static str {
    operation.path.split('/').nth(1).unwrap_or_default()
}

fn tags() -> Value {
    let mut names: Vec<&str> = OPERATIONS.iter().map(tag).collect();
    names.sort_unstable();
    names.dedup();
    names.iter().map(|name| json!({ "name": name })).collect()
}

fn described(operation: &Operation) -> Value {
    let form = Form::of(operation);
    let in_path: Vec<&str> = operation.arguments().collect();
    let mut parameters: Vec<Value> = in_path
        .iter()
        .map(|name| {
            let schema = form
                .members()
                .get(*name)
                .cloned()
                .unwrap_or_else(|| json!({ "type": "string" }));
            json!({ "name": name, "in": "path", "required": true, "schema": plain(&schema) })
        })
        .collect();
    let rest = || {
        form.members()
            .iter()
            .filter(|(name, _)| !in_path.contains(&name.as_str()))
    };
    let mut described = json!({
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [tag(operation)],
        "x-permission": operation.needs.word(),
        "x-roles": roles(operation.needs),
        "x-codeSamples": [
            { "lang": "Shell", "label": "curl", "source": operation.example_curl() },
            { "lang": "Python", "label": "requests", "source": operation.example_python() },
        ],
        "responses": responses(operation),
    });
    let given = operation.along == Along::Given;
    if operation.method == Method::Get || given {
        for (name, schema) in rest() {
            let required = form.required().contains(name);
            parameters.push(json!({ "name": name, "in": "query", "required": required, "schema": plain(schema) }));
        }
    } else if rest().next().is_some() {
        let members: Map<String, Value> = rest()
            .map(|(name, schema)| (name.clone(), schema.clone()))
            .collect();
        let required: Vec<&String> = form
            .required()
            .iter()
            .filter(|name| !in_path.contains(&name.as_str()))
            .collect();
        let schema = json!({
            "type": "object", "properties": members, "required": required, "additionalProperties": false,
        });
        put(
            &mut described,
            "requestBody",
            json!({
                "required": !required.is_empty(), "content": { "application/json": { "schema": schema } },
            }),
        );
    }
    if given {
        let body = json!({ "required": true, "content": { "application/octet-stream": {} } });
        put(&mut described, "requestBody", body);
    }
    if operation.list.is_some() && operation.method == Method::Get {
        parameters.push(json!({ "$ref": "#/components/parameters/cursor" }));
        parameters.push(json!({ "$ref": "#/components/parameters/limit" }));
    }
    if !operation.only_looks() && operation.along == Along::Nothing {
        parameters.push(json!({ "$ref": "#/components/parameters/idempotency-key" }));
    }
    put(&mut described, "parameters", Value::Array(parameters));
    described
}

fn put(document: &mut Value, name: &str, value: Value) {
    if let Some(members) = document.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// A schema as a path or a query can carry it: nothing is said there by leaving it out, never by null.
fn plain(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(kinds) = schema.get_mut("type")
        && let Some(all) = kinds.as_array()
    {
        let one = all.iter().find(|one| one.as_str() != Some("null")).cloned();
        *kinds = one.unwrap_or(Value::Null);
    }
    schema
}

fn roles(needs: Permission) -> Vec<&'static str> {
    needs.roles().iter().map(|role| role.word()).collect()
}

fn responses(operation: &Operation) -> Value {
    let answer = if operation.list.is_some() {
        json!({
            "type": "object", "required": ["items", "next"], "properties": {
                "items": { "type": "array", "items": { "type": "object" } },
                "next": { "type": ["string", "null"], "description": "The cursor of the next stretch; null where this was the last." },
            },
        })
    } else {
        json!({ "type": ["object", "array"] })
    };
    let content = match operation.along {
        Along::Taken => json!({ "application/octet-stream": {} }),
        Along::Nothing | Along::Given => json!({ "application/json": { "schema": answer } }),
    };
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        json!({ "description": "Done.", "content": content }),
    );
    if operation.signed == Signed::Acting && operation.along == Along::Nothing {
        let held = json!({
            "type": "object", "required": [HELD], "properties": {
                HELD: { "type": "string", "description": "The act that waits: `list_held_acts` shows it." },
            },
        });
        responses.insert(
            "202".to_owned(),
            json!({
                "description": "It waits for a second person to look at it.",
                "content": { "application/json": { "schema": held } },
            }),
        );
    }
    for (_, status, _) in CODES {
        let codes = CODES.iter().filter(|(_, each, _)| each == status);
        let meanings: Vec<String> = codes
            .map(|(code, _, what)| format!("`{code}`: {what}"))
            .collect();
        let problem = json!({
            "description": meanings.join(" "),
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
        responses.insert(status.to_string(), problem);
    }
    Value::Object(responses)
}

fn problem() -> Value {
    let codes: Vec<&str> = CODES.iter().map(|(code, _, _)| *code).collect();
    json!({
        "type": "object",
        "description": "What went wrong (RFC 9457), and what to do.",
        "required": ["type", "title", "status", "code", "detail", "hint"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": ["string", "null"] },
            "status": { "type": "integer" },
            "code": { "type": "string", "enum": codes },
            "detail": { "type": "string" },
            "hint": { "type": "string" },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_describes_each_operation_once_with_its_arguments() {
        let document = document();
        let paths = document.get("paths").and_then(Value::as_object).unwrap();
        let calls: usize = paths
            .values()
            .map(|path| path.as_object().unwrap().len())
            .sum();
        assert_eq!(calls, OPERATIONS.len());
        for operation in OPERATIONS {
            let call = paths
                .get(operation.path)
                .and_then(|path| path.get(word(operation.method)));
            let text = call.unwrap().to_string();
            for name in Form::of(operation).members().keys() {
                assert!(
                    text.contains(&format!("\"{name}\"")),
                    "{}: {name}",
                    operation.name
                );
            }
            assert!(
                !text.contains("\"acting\""),
                "{}: who acts is no argument",
                operation.name
            );
        }
        let text = document.to_string();
        assert!(
            !text.contains("\"$ref\":\"#/$defs"),
            "every schema stands by itself"
        );
    }
}
