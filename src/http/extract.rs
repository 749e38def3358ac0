//! What handlers are given of a request.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use bytes::Bytes;
use hyper::HeaderMap;
use hyper::body::Body as _;
use hyper::header::{CONTENT_TYPE, COOKIE, HeaderName, HeaderValue, IF_MATCH, USER_AGENT};
use hyper::http::request::Parts;
use serde_json::map::Entry;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::address::neighbourhood;
use super::errors::HttpError;
use super::head::HeadError;
use super::negotiate::language;
use super::rights::Rights;
use super::site::{Arrival, Asker, Site};
use super::{body, cookie};
use crate::domain::lang::{Lang, Phrase};
use crate::service::accounts::Actor;
use crate::service::sessions::Visit;
use crate::service::tasks::IdempotencyKey;
use crate::store::{Origin, StoreError};

/// The largest form, in bytes: names, a password and a few choices.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// The largest form with long texts, in bytes: of a text that is as long as it may be, each byte can become three.
const LONG_FORM_BYTES_MAX: usize = 512 * 1024;

/// The largest JSON body, in bytes.
const JSON_BYTES_MAX: usize = 1024 * 1024;

/// The longest `Idempotency-Key`, in characters.
const KEY_CHARS_MAX: usize = 255;

const KEY: Phrase =
    Phrase { en: "1 to 255 visible ASCII characters, once", de: "1 bis 255 sichtbare ASCII-Zeichen, nur einmal" };

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The site and who asks it.
pub struct Asked {
    pub site: Arc<Site>,
    pub actor: Arc<Actor>,
}

impl Asked {
    pub fn origin(&self) -> Origin {
        Origin { actor: self.actor.name.as_str().to_owned(), through: self.actor.through.into() }
    }
}

impl FromRequestParts<Arc<Site>> for Asked {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Asked, HttpError> {
        match asker(parts)? {
            Asker::User(actor) => Ok(Asked { site: site.clone(), actor }),
            Asker::Administrator => Err(HttpError::UserNeeded),
            Asker::Anonymous => Err(HttpError::SignInNeeded),
        }
    }
}

/// The gate puts the asker there; a request without one did not come through it.
fn asker(parts: &Parts) -> Result<Asker, HttpError> {
    parts.extensions.get::<Asker>().cloned().ok_or(HttpError::SignInNeeded)
}

/// Whoever administers the server: the gate lets nobody else come to where this is asked for.
pub struct Administering {
    pub site: Arc<Site>,
    asker: Asker,
}

impl Administering {
    /// The administrator's own account; none for whoever has the data directory.
    pub fn actor(&self) -> Option<&Arc<Actor>> {
        match &self.asker {
            Asker::User(actor) => Some(actor),
            Asker::Administrator | Asker::Anonymous => None,
        }
    }

    /// The name for the log.
    pub fn by(&self) -> &str {
        match &self.asker {
            Asker::User(actor) => actor.name.as_str(),
            Asker::Administrator | Asker::Anonymous => "the administrator",
        }
    }
}

impl FromRequestParts<Arc<Site>> for Administering {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Administering, HttpError> {
        Ok(Administering { site: site.clone(), asker: asker(parts)? })
    }
}

/// Whoever comes to a route that is open, signed in or not.
pub struct Visitor {
    pub site: Arc<Site>,
    pub actor: Option<Arc<Actor>>,
    pub arrival: Arrival,
    pub browser: String,
    cookies: Vec<HeaderValue>,
    pub lang: Lang,
}

impl Visitor {
    pub fn address(&self) -> Option<IpAddr> {
        self.arrival.client.map(|client| client.address)
    }

    pub fn is_https(&self) -> bool {
        self.arrival.client.is_some_and(|client| client.is_https)
    }

    /// Every session that the browser has here, also where none of them lets it in.
    pub fn sessions(&self) -> Result<Vec<Arc<Actor>>, StoreError> {
        let lines = self.cookies.iter().map(HeaderValue::as_bytes);
        self.site.service.sessions_among(cookie::sessions(lines))
    }

    /// What the use cases are told of them.
    pub fn visit(&self) -> Result<Visit, StoreError> {
        let address = self.address().map(neighbourhood);
        Ok(Visit { address, browser: self.browser.clone(), present: self.sessions()? })
    }
}

impl FromRequestParts<Arc<Site>> for Visitor {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Visitor, HttpError> {
        let actor = match asker(parts)? {
            Asker::User(actor) => Some(actor),
            Asker::Administrator | Asker::Anonymous => None,
        };
        let arrival = parts.extensions.get::<Arrival>().cloned().unwrap_or_default();
        let browser = parts.headers.get(USER_AGENT).map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
        let browser = browser.unwrap_or_default();
        let cookies = parts.headers.get_all(COOKIE).iter().cloned().collect();
        let lang = language(&parts.headers);
        Ok(Visitor { site: site.clone(), actor, arrival, browser, cookies, lang })
    }
}

/// An id in the path that is of nothing else here, percent-decoded.
pub struct IdInPath(pub String);

impl FromRequestParts<Arc<Site>> for IdInPath {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<IdInPath, HttpError> {
        TaskId::from_request_parts(parts, site).await.map(|TaskId(id)| IdInPath(id))
    }
}

/// The name of a user in the path, percent-decoded.
pub struct NameInPath(pub String);

impl FromRequestParts<Arc<Site>> for NameInPath {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<NameInPath, HttpError> {
        TaskId::from_request_parts(parts, site).await.map(|TaskId(name)| NameInPath(name))
    }
}

/// The name of a script of rules in the path, percent-decoded.
pub struct ScriptInPath(pub String);

impl FromRequestParts<Arc<Site>> for ScriptInPath {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<ScriptInPath, HttpError> {
        TaskId::from_request_parts(parts, site).await.map(|TaskId(name)| ScriptInPath(name))
    }
}

/// The id of a token in the path, percent-decoded.
pub struct TokenIdInPath(pub String);

impl FromRequestParts<Arc<Site>> for TokenIdInPath {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<TokenIdInPath, HttpError> {
        TaskId::from_request_parts(parts, site).await.map(|TaskId(id)| TokenIdInPath(id))
    }
}

/// The id of a task in the path, percent-decoded.
pub struct TaskId(pub String);

impl FromRequestParts<Arc<Site>> for TaskId {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<TaskId, HttpError> {
        // The only way to fail is an id that is no UTF-8.
        let id = Path::<String>::from_request_parts(parts, site).await;
        id.map(|Path(id)| TaskId(id)).map_err(|_| HttpError::Head(HeadError::PathInvalid))
    }
}

/// The whole body of a request, from somebody who may still do what it says. Every extractor of bodies ends here.
async fn read_whole(request: Request, site: &Arc<Site>, bytes_max: usize) -> Result<(Parts, Bytes), HttpError> {
    let (parts, content) = request.into_parts();
    let (idle, total) = (site.limits.body_idle, site.limits.body_total);
    let bytes = body::read(content, bytes_max, idle, total).await.map_err(HttpError::Body)?;
    Rights::of(&parts, site)?.check()?;
    Ok((parts, bytes))
}

/// A JSON object, with the hash of the bytes that it was read from.
pub struct JsonObject {
    pub fields: Map<String, Value>,
    pub fingerprint: [u8; 32],
}

/// A JSON object, or nothing where the request has no body.
pub struct MaybeJson(pub Option<JsonObject>);

impl FromRequest<Arc<Site>> for MaybeJson {
    type Rejection = HttpError;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<MaybeJson, HttpError> {
        let (parts, bytes) = read_whole(request, site, JSON_BYTES_MAX).await?;
        if bytes.is_empty() {
            return Ok(MaybeJson(None));
        }
        Ok(MaybeJson(Some(json_object(&parts.headers, &bytes)?)))
    }
}

impl FromRequest<Arc<Site>> for JsonObject {
    type Rejection = HttpError;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<JsonObject, HttpError> {
        let MaybeJson(object) = MaybeJson::from_request(request, site).await?;
        object.ok_or(HttpError::NotAnObject)
    }
}

/// A JSON object, or a text that stands for one with the text as its `script`.
pub struct JsonOrText(pub JsonObject);

impl FromRequest<Arc<Site>> for JsonOrText {
    type Rejection = HttpError;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<JsonOrText, HttpError> {
        let (parts, bytes) = read_whole(request, site, JSON_BYTES_MAX).await?;
        if bytes.is_empty() {
            return Err(HttpError::NotAnObject);
        }
        let media_type = media_type_in_utf8(&parts.headers).ok_or(HttpError::NotJsonOrText)?;
        if is_json(&media_type) {
            return parse(&bytes).map(JsonOrText);
        }
        let text = std::str::from_utf8(&bytes).ok().filter(|_| media_type == "text/plain");
        let script = text.ok_or(HttpError::NotJsonOrText)?.to_owned();
        let fields = Map::from_iter([("script".to_owned(), Value::String(script))]);
        Ok(JsonOrText(JsonObject { fields, fingerprint: Sha256::digest(&bytes).into() }))
    }
}

/// The fields of a form, as a browser sends it, or a JSON object. A form's values are texts; a field that is there
/// several times is a list of them. Where a form says whom its page was for, that one is the asker.
pub struct FormOrJson {
    pub object: JsonObject,
    pub is_form: bool,
}

impl FromRequest<Arc<Site>> for FormOrJson {
    type Rejection = HttpError;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<FormOrJson, HttpError> {
        FormOrJson::read(request, site, FORM_BYTES_MAX).await
    }
}

impl FormOrJson {
    async fn read(request: Request, site: &Arc<Site>, bytes_max: usize) -> Result<FormOrJson, HttpError> {
        let (parts, bytes) = read_whole(request, site, bytes_max).await?;
        if bytes.is_empty() && !parts.headers.contains_key(CONTENT_TYPE) {
            return Err(HttpError::NotAnObject);
        }
        let media_type = media_type_in_utf8(&parts.headers).ok_or(HttpError::NotJsonOrForm)?;
        let mut sent = if is_json(&media_type) {
            FormOrJson { object: parse(&bytes)?, is_form: false }
        } else if media_type == FORM {
            FormOrJson { object: form(&bytes), is_form: true }
        } else {
            return Err(HttpError::NotJsonOrForm);
        };
        check_signed_in_as(&mut sent.object.fields, &asker(&parts)?)?;
        Ok(sent)
    }
}

/// The same of a page on which long texts are written.
pub struct LongForm(pub FormOrJson);

impl FromRequest<Arc<Site>> for LongForm {
    type Rejection = HttpError;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<LongForm, HttpError> {
        FormOrJson::read(request, site, LONG_FORM_BYTES_MAX).await.map(LongForm)
    }
}

/// The field in which a form of a page says who the page was for.
pub const SIGNED_IN_AS: &str = "signedInAs";

/// Takes that field out. A page that was left open while somebody else signed in does nothing to the other account.
fn check_signed_in_as(fields: &mut Map<String, Value>, asker: &Asker) -> Result<(), HttpError> {
    let Some(meant) = fields.remove(SIGNED_IN_AS) else { return Ok(()) };
    match asker {
        Asker::User(actor) if meant == actor.name.as_str() => Ok(()),
        Asker::User(_) | Asker::Administrator | Asker::Anonymous => Err(HttpError::SomebodyElse),
    }
}

/// The same, or nothing where the request has no body.
pub struct MaybeFormOrJson(pub FormOrJson);

impl FromRequest<Arc<Site>> for MaybeFormOrJson {
    type Rejection = HttpError;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<MaybeFormOrJson, HttpError> {
        if request.body().is_end_stream() && !request.headers().contains_key(CONTENT_TYPE) {
            return Ok(MaybeFormOrJson(FormOrJson { object: form(&Bytes::new()), is_form: false }));
        }
        FormOrJson::from_request(request, site).await.map(MaybeFormOrJson)
    }
}

/// The type of a form's body.
pub const FORM: &str = "application/x-www-form-urlencoded";

fn form(bytes: &Bytes) -> JsonObject {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        let value = Value::String(value.into_owned());
        match fields.entry(name) {
            Entry::Vacant(place) => drop(place.insert(value)),
            Entry::Occupied(mut place) => match place.get_mut() {
                Value::Array(values) => values.push(value),
                first => *first = Value::Array(vec![first.take(), value]),
            },
        }
    }
    JsonObject { fields, fingerprint: Sha256::digest(bytes).into() }
}

/// The object that a body is, which has to say that it is JSON.
pub fn json_object(headers: &HeaderMap, body: &Bytes) -> Result<JsonObject, HttpError> {
    check_content_type(headers)?;
    parse(body)
}

/// Only JSON in UTF-8: a form of another site can send neither.
fn check_content_type(headers: &HeaderMap) -> Result<(), HttpError> {
    media_type_in_utf8(headers).filter(|media_type| is_json(media_type)).map(drop).ok_or(HttpError::NotJson)
}

/// The type of a body in lower case, unless it is of another encoding than UTF-8.
fn media_type_in_utf8(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let value = values.next().filter(|_| values.next().is_none());
    let value = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = value.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_utf8 = parts.all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    is_utf8.then_some(media_type)
}

fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type.ends_with("+json")
}

fn parse(bytes: &Bytes) -> Result<JsonObject, HttpError> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Ok(JsonObject { fields, fingerprint: Sha256::digest(bytes).into() }),
        Ok(_) => Err(HttpError::NotAnObject),
        Err(error) => Err(HttpError::MalformedJson { line: error.line(), column: error.column() }),
    }
}

/// The `Idempotency-Key` of a request, if it has one. The request is another one when it names another task,
/// expects another document, or has another body.
pub fn idempotency_key(
    headers: &HeaderMap,
    route: &'static str,
    task: &str,
    body: Option<&JsonObject>,
) -> Result<Option<IdempotencyKey>, HttpError> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=KEY_CHARS_MAX).contains(&key.len()));
    match (key, values.next()) {
        (Some(key), None) => {
            let fingerprint = fingerprint(task, headers.get(IF_MATCH), body);
            Ok(Some(IdempotencyKey { route, key: key.to_owned(), fingerprint }))
        }
        _ => Err(HttpError::MalformedHeader { name: "Idempotency-Key", expected: KEY }),
    }
}

fn fingerprint(task: &str, expected: Option<&HeaderValue>, body: Option<&JsonObject>) -> [u8; 32] {
    let expected = expected.map(HeaderValue::as_bytes).unwrap_or_default();
    // A create is its body alone, as it always was: answers that are remembered already stay so.
    match (task, expected, body) {
        ("", [], Some(body)) => body.fingerprint,
        (task, expected, body) => {
            let mut hash = Sha256::new();
            for part in [task.as_bytes(), expected, body.map(|body| &body.fingerprint[..]).unwrap_or_default()] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            hash.finalize().into()
        }
    }
}
