//! The document: OpenAPI 3.1 from the operations of the routes and the types of their bodies.

use hyper::Method;
use schemars::SchemaGenerator;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};

use super::operation::{Answer, Content, Operation, Parameter, Scheme};
use super::{Described, german};
use crate::domain::lang::{Lang, Phrase, both};
use crate::http::errors::ErrorJson;
use crate::http::extract::FORM;
use crate::http::gate::needed_scope;

/// What holds for all routes.
const ABOUT: Phrase = Phrase {
    en: "\
CodexMiroir puts tasks into the half-day slots of the coming days. Every field, status and error code of its \
interface is described here; this document is made from the program's own types and routes.

Requests and answers are JSON in UTF-8. Dates are `DD.MM.YYYY`, instants RFC 3339. An answer may get further fields \
in time; a request with a field that is not described is refused with the nearest right name.

An answer of 2xx to a change means that the change is on disk. After 5xx or a cut connection it is not known: \
repeat the request with the same `Idempotency-Key`, or look first.

Errors are an `Error`: one sentence in German or English by `Accept-Language`, and a `code` that does not change. \
An address that is not described is answered 404 with the code `no_such_route`, a method that is not described 405 \
with `method_not_allowed` and the header `Allow`; somebody who has not signed in gets 401 for both. GET routes \
answer HEAD as well. Every answer but those of health checks, metrics and the way in needs a user's token, or the \
session of a browser that signed in; with a session, what changes something has to come from a page of this server \
(`Sec-Fetch-Site`, else `Origin`); on the control socket in the data directory the asker is the administrator, who \
acts for the user named in the header `Codexmiroir-User`. A server that has no place for another connection says \
503 in plain text, a head that is no HTTP is answered 400 or 431 without a body.",
    de: "\
CodexMiroir setzt Aufgaben in die halbtägigen Slots der kommenden Tage. Jedes Feld, jeder Status und jeder \
Fehlercode der Schnittstelle ist hier beschrieben; dieses Dokument entsteht aus den Typen und Routen des Programms \
selbst.

Anfragen und Antworten sind JSON in UTF-8. Ein Datum steht als `DD.MM.YYYY` da, ein Zeitpunkt nach RFC 3339. Eine \
Antwort kann mit der Zeit weitere Felder bekommen; eine Anfrage mit einem Feld, das nicht beschrieben ist, wird \
abgelehnt, mit dem ähnlichsten richtigen Namen.

Eine Antwort mit 2xx auf eine Änderung heißt, dass die Änderung auf der Platte ist. Nach 5xx oder einer \
abgebrochenen Verbindung ist das unbekannt: bitte die Anfrage mit demselben `Idempotency-Key` wiederholen oder erst \
nachsehen.

Fehler sind ein `Error`: ein Satz auf Deutsch oder Englisch je nach `Accept-Language` und ein `code`, der sich \
nicht ändert. Auf eine Adresse, die nicht beschrieben ist, kommt 404 mit dem Code `no_such_route`, auf eine \
Methode, die nicht beschrieben ist, 405 mit `method_not_allowed` und dem Header `Allow`; wer nicht angemeldet ist, \
bekommt bei beidem 401. Was GET beantwortet, beantwortet auch HEAD. Bis auf Zustandsabfragen, Metriken und die \
Anmeldung braucht jede Antwort das Token eines Benutzers oder die Sitzung eines Browsers, der sich angemeldet hat; \
mit einer Sitzung muss, was etwas ändert, von einer Seite dieses Servers kommen (`Sec-Fetch-Site`, sonst `Origin`); \
am Kontroll-Socket im Datenverzeichnis fragt der Verwalter, der für den Benutzer handelt, den der Header \
`Codexmiroir-User` nennt. Ein Server, der keinen Platz für eine weitere Verbindung hat, sagt 503 als einfachen \
Text; ein Kopf, der kein HTTP ist, wird mit 400 oder 431 ohne Inhalt beantwortet.",
};

/// How the document tells of a method: the key of the path's item.
fn key(method: &Method) -> String {
    method.as_str().to_lowercase()
}

/// The document of these routes, in this language as far as the page of it goes.
pub fn document(routes: &[Described], lang: Lang) -> Value {
    let mut answers = generator(Contract::Serialize);
    let mut requests = generator(Contract::Deserialize);
    let mut paths = Map::new();
    for Described { path, method, describe } in routes {
        let item = paths.entry(*path).or_insert_with(|| json!({}));
        item[key(method)] = operation(&describe(), (method, path), lang, (&mut answers, &mut requests));
    }
    let _ = answers.subschema_for::<ErrorJson<'_>>();
    let mut schemas = answers.take_definitions(true);
    schemas.append(&mut requests.take_definitions(true));
    if lang == Lang::De {
        german::translate(&mut paths);
        german::translate(&mut schemas);
    }
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "CodexMiroir",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": ABOUT.text(lang),
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
    lang: Lang,
    (answers, requests): (&mut SchemaGenerator, &mut SchemaGenerator),
) -> Value {
    let mut responses = Map::new();
    for answer in &operation.answers {
        responses.insert(answer.status.to_string(), response(answer, lang, answers));
    }
    if operation.scheme == Some(Scheme::User) && method.is_safe() {
        responses.insert("303".to_owned(), response(&to_sign_in(), lang, answers));
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
        let mut refusal = refusal(*status, &codes, lang);
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
        "summary": operation.summary.text(lang),
        "responses": responses,
    });
    if let Some(about) = operation.about {
        described["description"] = about.text(lang).into();
    }
    if !operation.parameters.is_empty() {
        described["parameters"] = operation.parameters.iter().map(|one| parameter(one, lang)).collect();
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
        about: both(
            "Nobody is signed in, and the request takes a page: on to the sign-in.",
            "Niemand ist angemeldet, und die Anfrage nimmt eine Seite: weiter zur Anmeldung.",
        ),
        contents: Vec::new(),
        headers: vec![(
            "Location",
            both("`/login`, with the way back in `next`.", "`/login`, mit dem Weg zurück in `next`."),
        )],
    }
}

fn parameter(parameter: &Parameter, lang: Lang) -> Value {
    json!({
        "in": parameter.place,
        "name": parameter.name,
        "description": parameter.about.text(lang),
        "required": parameter.is_required,
        "schema": parameter.schema,
    })
}

fn response(answer: &Answer, lang: Lang, generator: &mut SchemaGenerator) -> Value {
    let mut response = json!({"description": answer.about.text(lang)});
    if !answer.contents.is_empty() {
        response["content"] = contents(&answer.contents, generator);
    }
    if !answer.headers.is_empty() {
        response["headers"] = headers(&answer.headers, lang);
    }
    response
}

fn headers(headers: &[(&'static str, Phrase)], lang: Lang) -> Value {
    let described = |about: Phrase| json!({"description": about.text(lang), "schema": {"type": "string"}});
    Value::Object(headers.iter().map(|(name, about)| ((*name).to_owned(), described(*about))).collect())
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

const WHEN: Phrase =
    both("Seconds after which another try may succeed.", "Sekunden, nach denen ein weiterer Versuch gelingen kann.");

/// An error answer: which codes this status comes with.
fn refusal(status: u16, codes: &[&str], lang: Lang) -> Value {
    let error = json!({"$ref": "#/components/schemas/Error"});
    let schema = json!({"allOf": [error, {"properties": {"code": {"enum": codes}}}]});
    // A browser is told the same by a page.
    let content = json!({"application/json": {"schema": schema}, "text/html": {"schema": {"type": "string"}}});
    let mut response = json!({"description": meaning(status).text(lang), "content": content});
    match status {
        401 => response["headers"] = headers(&[("WWW-Authenticate", both("`Bearer`", "`Bearer`"))], lang),
        429 | 503 => response["headers"] = headers(&[("Retry-After", WHEN)], lang),
        _ => {}
    }
    response
}

fn meaning(status: u16) -> Phrase {
    match status {
        400 => both(
            "Something of the request is malformed; nothing happened.",
            "Etwas an der Anfrage ist fehlerhaft; geschehen ist nichts.",
        ),
        401 => both(
            "Nobody is signed in, or the token is not valid.",
            "Niemand ist angemeldet, oder das Token gilt nicht.",
        ),
        403 => both(
            "The token does not allow it, or the request was sent by a page of another site.",
            "Das Token erlaubt es nicht, oder die Anfrage kam von einer Seite anderswo.",
        ),
        404 => both("It is not there, or it is not yours.", "Das gibt es nicht, oder es gehört dir nicht."),
        408 => both("The body came too slowly.", "Der Inhalt kam zu langsam."),
        409 => both(
            "It is in conflict with something that is there; nothing happened.",
            "Es verträgt sich nicht mit etwas, das da ist; geschehen ist nichts.",
        ),
        412 => both(
            "The task is another than the one you read; nothing happened.",
            "Die Aufgabe ist eine andere als die, die du gelesen hast; geschehen ist nichts.",
        ),
        413 => both("The body is too large.", "Der Inhalt ist zu groß."),
        415 => both(
            "The body is of a type that is not taken, or it is compressed.",
            "Der Inhalt hat einen Typ, der nicht angenommen wird, oder er ist komprimiert.",
        ),
        417 => both("`Expect` can only be `100-continue`.", "Als `Expect` geht nur `100-continue`."),
        421 => both("The server does not answer for this host.", "Für diesen Host antwortet der Server nicht."),
        422 => both(
            "It was understood, but it cannot be done; nothing happened.",
            "Es wurde verstanden, geht aber nicht; geschehen ist nichts.",
        ),
        405 => both(
            "A session cannot do that by this method; see the header `Allow`.",
            "Mit einer Sitzung geht das mit dieser Methode nicht; siehe den Header `Allow`.",
        ),
        502 => both(
            "The Git repository did not do its part, which somebody has to mend there; nothing happened.",
            "Das Git-Repository hat nicht mitgemacht, was jemand dort in Ordnung bringen muss; geschehen ist \
             nichts.",
        ),
        428 => both("This change needs the header `If-Match`.", "Diese Änderung braucht den Header `If-Match`."),
        429 => both("Too many attempts; see `Retry-After`.", "Zu viele Versuche; siehe `Retry-After`."),
        507 => both(
            "The disk has no room for it; nothing happened.",
            "Auf der Platte ist kein Platz dafür; geschehen ist nichts.",
        ),
        503 => both(
            "The store or the Git repository does not work at the moment, it is not known whether the change \
             was saved, or a trial of rules was cut.",
            "Die Datenbank oder das Git-Repository geht gerade nicht, ob die Änderung gespeichert ist, ist \
             unbekannt, oder eine Probe von Regeln wurde abgebrochen.",
        ),
        _ => both("The request failed.", "Die Anfrage ist gescheitert."),
    }
}
