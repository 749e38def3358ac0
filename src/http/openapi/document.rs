//! The document: OpenAPI 3.1 from the operations of the routes and the types of their bodies.

use hyper::Method;
use schemars::SchemaGenerator;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};

use super::Described;
use super::operation::{Answer, Content, Operation, Parameter, Scheme};
use crate::http::errors::ErrorJson;
use crate::http::extract::FORM;
use crate::http::gate::needed_scope;

/// What holds for all routes.
const ABOUT: &str = "\
CodexMiroir puts tasks into the half-day slots of the coming days. Every field, status and error code of its \
interface is described here; this document is made from the program's own types and routes.

Requests and answers are JSON in UTF-8. Dates are `DD.MM.YYYY`, instants RFC 3339. An answer may get further fields in \
time; a request with a field that is not described is refused with the nearest right name.

An answer of 2xx to a change means that the change is on disk. After 5xx or a cut connection it is not known: repeat \
the request with the same `Idempotency-Key`, or look first.

Errors are an `Error`: one sentence in German or English by `Accept-Language`, and a `code` that does not change. An \
address that is not described is answered 404 with the code `no_such_route`, a method that is not described 405 with \
`method_not_allowed` and the header `Allow`; somebody who has not signed in gets 401 for both. GET routes answer HEAD \
as well. Every answer but those of health checks, metrics and the way in needs a user's token, or the session of a browser that signed in; with a session, what changes something has to come from a page of this server (`Sec-Fetch-Site`, else `Origin`); on the control socket in the data \
directory the asker is the administrator, who acts for the user named in the header `Codexmiroir-User`. A server that has no place for another connection says 503 in plain text, a head that is no HTTP is answered \
400 or 431 without a body.";

/// How the document tells of a method: the key of the path's item.
fn key(method: &Method) -> String {
    method.as_str().to_lowercase()
}

/// The document of these routes.
pub fn document(routes: &[Described]) -> Value {
    let mut answers = generator(Contract::Serialize);
    let mut requests = generator(Contract::Deserialize);
    let mut paths = Map::new();
    for Described { path, method, describe } in routes {
        let item = paths.entry(*path).or_insert_with(|| json!({}));
        item[key(method)] = operation(&describe(), (method, path), &mut answers, &mut requests);
    }
    let _ = answers.subschema_for::<ErrorJson<'_>>();
    let mut schemas = answers.take_definitions(true);
    schemas.append(&mut requests.take_definitions(true));
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "CodexMiroir",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": ABOUT,
            "license": {"name": "MIT or Apache-2.0", "identifier": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{"url": "/", "description": "This server"}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {
                "type": "http",
                "scheme": "bearer",
                "description": "A token as `codexmiroir token create` prints it, `cmr_…`. What it allows are its scopes.",
            }, "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": "__Host-codexmiroir",
                "description": "What signing in leaves in a browser; `codexmiroir` where the server is asked over plain http.",
            }, "metricsToken": {
                "type": "http",
                "scheme": "bearer",
                "description": "The server's setting `metrics.token`.",
            }, "signature": {
                "type": "apiKey",
                "in": "header",
                "name": "X-Hub-Signature-256",
                "description": "`sha256=` and the HMAC-SHA256 of the body with the server's setting `git.webhook_secret`.",
            }},
        },
    })
}

fn generator(contract: Contract) -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        settings.contract = contract;
    });
    settings.into_generator()
}

fn operation(
    operation: &Operation,
    (method, path): (&Method, &str),
    answers: &mut SchemaGenerator,
    requests: &mut SchemaGenerator,
) -> Value {
    let mut responses = Map::new();
    for answer in &operation.answers {
        responses.insert(answer.status.to_string(), response(answer, answers));
    }
    if operation.scheme == Some(Scheme::User) && method.is_safe() {
        responses.insert("303".to_owned(), response(&to_sign_in(), answers));
    }
    let is_by_cookie = matches!(operation.scheme, Some(Scheme::User | Scheme::Everybody));
    let forged = is_by_cookie && !method.is_safe();
    let mut refusals = operation.refusals.clone();
    if forged {
        refusals.entry(403).or_default().insert("cross_site");
    }
    let takes_form = operation.bodies.iter().any(|body| body.media_type == FORM);
    for (status, codes) in &refusals {
        let codes: Vec<_> = codes.iter().copied().collect();
        let mut refusal = refusal(*status, &codes);
        if takes_form {
            refusal["content"]["text/html"] = json!({"schema": {"type": "string"}});
        }
        match responses.get_mut(&status.to_string()) {
            // A page for a browser, and the error for everybody else.
            Some(page) => page["content"]["application/json"] = refusal["content"]["application/json"].clone(),
            None => drop(responses.insert(status.to_string(), refusal)),
        }
    }
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": responses,
    });
    if !operation.about.is_empty() {
        described["description"] = operation.about.into();
    }
    if !operation.parameters.is_empty() {
        described["parameters"] = operation.parameters.iter().map(parameter).collect();
    }
    if !operation.bodies.is_empty() {
        let content = contents(&operation.bodies, requests);
        described["requestBody"] = json!({"required": operation.body_is_required, "content": content});
    }
    described["security"] = match operation.scheme {
        Some(Scheme::User) => {
            let scopes = needed_scope(method, path).names();
            json!([{"token": scopes}, {"session": []}])
        }
        Some(Scheme::Everybody | Scheme::Address) => json!([]),
        Some(Scheme::Metrics) => json!([{"metricsToken": []}]),
        Some(Scheme::Signature) => json!([{"signature": []}]),
        None => json!([]),
    };
    described
}

/// What a browser gets that nobody is signed in with.
fn to_sign_in() -> Answer {
    Answer {
        status: 303,
        about: "Nobody is signed in, and the request takes a page: on to the sign-in.",
        contents: Vec::new(),
        headers: vec![("Location", "`/login`, with the way back in `next`.")],
    }
}

fn parameter(parameter: &Parameter) -> Value {
    json!({
        "in": parameter.place,
        "name": parameter.name,
        "description": parameter.about,
        "required": parameter.is_required,
        "schema": parameter.schema,
    })
}

fn response(answer: &Answer, generator: &mut SchemaGenerator) -> Value {
    let mut response = json!({"description": answer.about});
    if !answer.contents.is_empty() {
        response["content"] = contents(&answer.contents, generator);
    }
    if !answer.headers.is_empty() {
        response["headers"] = headers(&answer.headers);
    }
    response
}

fn headers(headers: &[(&'static str, &'static str)]) -> Value {
    let described = |about: &str| json!({"description": about, "schema": {"type": "string"}});
    Value::Object(headers.iter().map(|(name, about)| ((*name).to_owned(), described(about))).collect())
}

fn contents(contents: &[Content], generator: &mut SchemaGenerator) -> Value {
    let mut described = Map::new();
    for content in contents {
        let mut media = json!({"schema": (content.schema)(generator)});
        if let Some(example) = &content.example {
            media["example"] = example.clone();
        }
        described.insert(content.media_type.to_owned(), media);
    }
    Value::Object(described)
}

/// An error answer: which codes this status comes with.
fn refusal(status: u16, codes: &[&str]) -> Value {
    let error = json!({"$ref": "#/components/schemas/Error"});
    let schema = json!({"allOf": [error, {"properties": {"code": {"enum": codes}}}]});
    // A browser is told the same by a page.
    let content = json!({"application/json": {"schema": schema}, "text/html": {"schema": {"type": "string"}}});
    let mut response = json!({"description": meaning(status), "content": content});
    match status {
        401 => response["headers"] = headers(&[("WWW-Authenticate", "`Bearer`")]),
        429 | 503 => response["headers"] = headers(&[("Retry-After", "Seconds after which another try may succeed.")]),
        _ => {}
    }
    response
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "Something of the request is malformed; nothing happened.",
        401 => "Nobody is signed in, or the token is not valid.",
        403 => "The token does not allow it, or the request was sent by a page of another site.",
        404 => "It is not there, or it is not yours.",
        408 => "The body came too slowly.",
        409 => "It is in conflict with something that is there; nothing happened.",
        412 => "The task is another than the one you read; nothing happened.",
        413 => "The body is too large.",
        415 => "The body is of a type that is not taken, or it is compressed.",
        417 => "`Expect` can only be `100-continue`.",
        421 => "The server does not answer for this host.",
        422 => "It was understood, but it cannot be done; nothing happened.",
        405 => "A session cannot do that by this method; see the header `Allow`.",
        502 => "The Git repository did not do its part, which somebody has to mend there; nothing happened.",
        428 => "This change needs the header `If-Match`.",
        429 => "Too many attempts; see `Retry-After`.",
        507 => "The disk has no room for it; nothing happened.",
        503 => {
            "The store or the Git repository does not work at the moment, it is not known whether the change was saved, or a trial of rules was cut."
        }
        _ => "The request failed.",
    }
}
