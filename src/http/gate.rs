//! The gate: every request passes here before anything else looks at it.
//!
//! In this order: the head is well-formed, the host is ours, the asker is somebody, the asker may do that, no
//! other site sent them. Only then the hot answer is given, or the router asked. So a stranger is told
//! nothing but 401, whatever was asked for, or led to the sign-in; what is open to them is a short list of paths.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONNECTION, HeaderValue, LOCATION, VARY};
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use tower_service::Service as _;

use super::body::Body;
use super::codex;
use super::compress::compress;
use super::errors::HttpError;
use super::feed;
use super::fields::{Field, Fields};
use super::forwarded::Client;
use super::head::{Head, read_head};
use super::host::{Host, port_of};
use super::hot::Hot;
use super::listen::{Handler, Peer};
use super::metrics::{self, Requests};
use super::negotiate::{Format, format, language, takes_gzip, values};
use super::respond::{BY_ASKER, protect};
use super::rights::Needed;
use super::site::{Arrival, Asker, Site};
use super::{cookie, plain, probes, router, web};
use crate::domain::ids::UserId;
use crate::domain::lang::{Lang, Phrase};
use crate::service::accounts::Actor;
use crate::store::{GrantKind, Scopes};

/// Answers requests: the gate and the routes behind it.
pub struct Gate {
    site: Arc<Site>,
    router: Router,
    /// The paths that are for everybody.
    open: Vec<&'static str>,
    /// Of these, those whose requests are signed.
    signed: Vec<&'static str>,
    requests: Requests,
}

/// What is below these paths needs the scope `admin`.
const ADMINISTRATION: [&str; 2] = ["/api/admin/", "/admin/"];
const ADMINISTRATION_PAGE: &str = "/admin";
/// Where rules are tried.
const TRIALS: [&str; 2] = ["/api/rules/check", "/api/rules/preview"];
/// Old clients sync by GET.
const SYNC: &str = "/sync";
const ONE_NAME: Phrase = Phrase {
    en: "one user name, and without the header Authorization",
    de: "ein einziger Benutzername, ohne den Header Authorization",
};

/// An answer under way: most are there at once, and only the others are worth a future of their own.
pub enum Answering {
    /// Empty once it was handed out.
    Ready(Option<Response<Body>>),
    Routed(Pin<Box<dyn Future<Output = Response<Body>> + Send>>),
}

impl Future for Answering {
    type Output = Response<Body>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Response<Body>> {
        match self.get_mut() {
            Answering::Ready(response) => response.take().map_or(Poll::Pending, Poll::Ready),
            Answering::Routed(routed) => routed.as_mut().poll(context),
        }
    }
}

/// How whoever asked reads an error.
#[derive(Clone, Copy)]
struct Reader {
    lang: Lang,
    /// Whether that is a person, to whom a page says more.
    wants_page: bool,
}

impl Reader {
    fn of(headers: &HeaderMap) -> Reader {
        let wants_page = format(&values(headers, &ACCEPT)) == Format::Html;
        Reader { lang: language(headers), wants_page }
    }

    /// The same, once it is known who that is: pages are in the language that one has chosen.
    fn who_is(self, user: Option<UserId>, site: &Site) -> Reader {
        let settings = user.filter(|_| self.wants_page).map(|user| site.service.settings(user));
        let chosen = settings.and_then(Result::ok).map(|(settings, _)| settings.lang);
        Reader { lang: chosen.unwrap_or(self.lang), ..self }
    }
}

/// A request that goes no further, and whose it is, if that is known.
struct Stopped {
    error: HttpError,
    user: Option<UserId>,
}

impl From<HttpError> for Stopped {
    fn from(error: HttpError) -> Stopped {
        Stopped { error, user: None }
    }
}

/// What became of a request at the gate.
enum Admitted {
    /// With everything that [`Gate::complete`] would add.
    Hot(Response<Body>),
    Answered(Response<Body>),
    Asker(Asker, Needed, Arrival),
}

impl Gate {
    pub fn new(site: Arc<Site>) -> Arc<Gate> {
        let routes = router::routes();
        let requests = Requests::new(&routes.described);
        let (open, signed) = (routes.open.clone(), routes.signed.clone());
        Arc::new(Gate { router: routes.router(site.clone()), open, signed, requests, site })
    }

    /// Answers a request on the listener that is there for `/metrics` alone.
    pub fn answer_metrics<B>(&self, request: &Request<B>, peer: Peer) -> Response<Body> {
        let fields = Fields::of(request.headers());
        let head = read_head(request, &fields).map_err(HttpError::Head);
        let checked = head.and_then(|mut head| self.check_host(&mut head, peer));
        let answered = checked.and_then(|()| metrics::answer_alone(&self.site, &self.requests, request));
        self.finish(answered, request, None)
    }

    /// The answer to a request that needs no route, as it is sent.
    fn finish<B>(
        &self,
        answered: Result<Response<Body>, HttpError>,
        request: &Request<B>,
        user: Option<UserId>,
    ) -> Response<Body> {
        let ends = matches!(&answered, Err(HttpError::Head(error)) if error.ends_connection());
        let mut response = self.complete(answered, || Reader::of(request.headers()).who_is(user, &self.site));
        if ends && request.version() != Version::HTTP_2 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Errors as the asker reads them, and what every answer carries.
    fn complete(&self, answered: Result<Response<Body>, HttpError>, reader: impl FnOnce() -> Reader) -> Response<Body> {
        let (mut response, error) = match answered {
            Ok(mut response) => {
                let error = response.extensions_mut().remove::<HttpError>();
                (response, error)
            }
            Err(error) => (Response::new(Body::empty()), Some(error)),
        };
        if let Some(error) = error {
            self.site.counts.error(error.code());
            let Reader { lang, wants_page } = reader();
            response = error.to_response(lang, response.headers());
            if wants_page {
                web::failure::show(&error, lang, &mut response);
            }
        }
        protect(response.headers_mut());
        response
    }

    /// Whether the request may go on, and as whose; or the answer, where it needs no route.
    fn admit(&self, request: &Request<Incoming>, peer: Peer) -> Result<Admitted, Stopped> {
        let fields = Fields::of(request.headers());
        let mut head = read_head(request, &fields).map_err(HttpError::Head)?;
        self.check_host(&mut head, peer)?;
        if let Some(response) = probes::answer(&self.site, request) {
            self.requests.count_beside(request.uri().path(), response.status());
            return Ok(Admitted::Answered(response));
        }
        if let Some(answered) = metrics::answer(&self.site, &self.requests, request) {
            return Ok(Admitted::Answered(answered?));
        }
        // Once for all of it: to ask for the time is a good part of a warm read.
        let now = self.site.service.clock().now();
        let asker = self.check_asker(&head, peer, now)?;
        if let Some(hot) = self.hot(&asker, &head, now) {
            return Ok(Admitted::Hot(hot.response()));
        }
        Ok(Admitted::Asker(asker, self.needed(&head), self.arrival(&head, peer)))
    }

    /// Who asks, if that one may and no other site sent them.
    fn check_asker(&self, head: &Head<'_>, peer: Peer, now: DateTime<Utc>) -> Result<Asker, Stopped> {
        let asker = self.authorize(head, peer, now)?;
        match self.check(&asker, head, peer) {
            Ok(()) => Ok(asker),
            Err(error) => Err(Stopped { error, user: asker.user() }),
        }
    }

    fn check(&self, asker: &Asker, head: &Head<'_>, peer: Peer) -> Result<(), HttpError> {
        let allowed = match asker {
            Asker::Anonymous => Err(HttpError::SignInNeeded),
            Asker::User(actor) => check_scope(actor, actor.scopes, needed_scope(head.method, head.path)),
            Asker::Administrator => Ok(()),
        };
        // Looked for last: most who ask may go on anyway.
        if allowed.is_err() && !self.open.contains(&head.path) {
            allowed?;
        }
        let origin = if peer == Peer::Control { Ok(()) } else { self.check_origin(head, peer) };
        // A forge says not where it comes from, and whoever can sign needs no cookie of anybody's.
        if origin.is_err() && !self.signed.contains(&head.path) {
            origin?;
        }
        Ok(())
    }

    fn needed(&self, head: &Head<'_>) -> Needed {
        let is_open = self.open.contains(&head.path);
        Needed((!is_open).then(|| needed_scope(head.method, head.path)))
    }

    /// The hot answer, counted.
    fn hot(&self, asker: &Asker, head: &Head<'_>, now: DateTime<Utc>) -> Option<Hot> {
        let Asker::User(actor) = asker else { return None };
        let hot = codex::hot(&self.site.service, actor.user, head, now)?;
        self.site.counts.hot(hot.status());
        Some(hot)
    }

    async fn route(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        asker: Asker,
        needed: Needed,
        arrival: Arrival,
    ) -> Response<Body> {
        let reader = Reader::of(request.headers());
        let takes_gzip = takes_gzip(&values(request.headers(), &ACCEPT_ENCODING));
        let user = asker.user();
        request.extensions_mut().insert(asker);
        request.extensions_mut().insert(needed);
        request.extensions_mut().insert(arrival);
        let mut router = self.router.clone();
        let begun = Instant::now();
        let answered = router.call(request.map(axum::body::Body::new)).await;
        let response = answered.unwrap_or_else(|never| match never {});
        self.requests.count(response.extensions().get(), response.status(), begun.elapsed());
        let response = self.complete(Ok(response.map(Body::from)), || reader.who_is(user, &self.site));
        if takes_gzip { compress(response).await } else { response }
    }

    /// Whether the host is ours; it is the one that a proxy in front was asked for, if that tells.
    ///
    /// An address literal and localhost are always ours: a page of another site cannot have them as its own
    /// name, so asking by them is not DNS rebinding.
    fn check_host(&self, head: &mut Head<'_>, peer: Peer) -> Result<(), HttpError> {
        if let Some(host) = self.site.host_in_front(head, peer) {
            head.host = host;
        }
        let host = head.host;
        if peer == Peer::Control || host.is_address_literal_or_localhost() || self.site.has_name(host) {
            return Ok(());
        }
        // What the page that says so is made of is the same for everybody.
        if head.path.starts_with("/assets/") && self.open.contains(&head.path) {
            return Ok(());
        }
        Err(HttpError::UnknownHost { host: host.to_string().chars().take(80).collect() })
    }

    /// By which way the request came.
    fn arrival(&self, head: &Head<'_>, peer: Peer) -> Arrival {
        let client = self.site.client(head, peer);
        let is_private = |client: Client| {
            let is_near = client.address.is_loopback() && head.host.is_loopback();
            client.is_https || is_near
        };
        let can_be_overheard = client.is_some_and(|client| !is_private(client));
        Arrival { client, can_be_overheard, host: client.map(|_| head.host.to_string()) }
    }

    /// Who asks. The one place that decides it.
    fn authorize(&self, head: &Head<'_>, peer: Peer, now: DateTime<Utc>) -> Result<Asker, HttpError> {
        let fields = head.fields;
        // The address of a feed says whose it is, whatever comes with it.
        if let Some(token) = feed::token(head.path) {
            let actor = self.site.service.authenticate_feed(token, now)?;
            return actor.map(Asker::User).ok_or(HttpError::InvalidToken);
        }
        if fields.authorization.first.is_none() {
            return match peer {
                Peer::Network(_) => self.signed_in(head, peer, now),
                Peer::Control => self.administrator(fields.acts_for),
            };
        }
        let value = fields.authorization.only().ok_or(HttpError::InvalidToken)?;
        // Not guessed at: a token that is shown is meant.
        if peer == Peer::Control && fields.acts_for.first.is_some() {
            return Err(HttpError::MalformedHeader { name: "Codexmiroir-User", expected: ONE_NAME });
        }
        let token = bearer(value).ok_or(HttpError::InvalidToken)?;
        self.site.service.authenticate_at(GrantKind::Token, token, now)?.map(Asker::User).ok_or(HttpError::InvalidToken)
    }

    /// Who the session in the cookie stands for. One that has ended is as good as none: whoever it was signs in again.
    fn signed_in(&self, head: &Head<'_>, peer: Peer, now: DateTime<Utc>) -> Result<Asker, HttpError> {
        if head.fields.cookie.first.is_none() {
            return Ok(Asker::Anonymous);
        }
        let is_https = self.site.client(head, peer).is_some_and(|client| client.is_https);
        let Some(secret) = cookie::session(head.fields.lines("cookie"), is_https) else {
            return Ok(Asker::Anonymous);
        };
        let actor = self.site.service.authenticate_at(GrantKind::Session, secret, now)?;
        Ok(actor.map_or(Asker::Anonymous, Asker::User))
    }

    /// A browser says where an unsafe request comes from; one of another site is refused. A request with a token
    /// of its own cannot have been forged.
    fn check_origin(&self, head: &Head<'_>, peer: Peer) -> Result<(), HttpError> {
        let Head { method, host, fields, .. } = head;
        if method.is_safe() || fields.authorization.first.is_some() {
            return Ok(());
        }
        let (site, origin) = (fields.sec_fetch_site, fields.origin);
        let is_own = |origin| is_own(origin, *host, self.site.client(head, peer));
        let own = match (site.first, origin.first) {
            (Some(_), _) => matches!(site.only(), Some(b"same-origin" | b"none")),
            (None, Some(_)) => origin.only().is_some_and(is_own),
            // A program says who it is with a token.
            (None, None) => false,
        };
        if own { Ok(()) } else { Err(HttpError::CrossSite) }
    }

    /// The administrator, or the user whom that one acts for.
    fn administrator(&self, acts_for: Field<'_>) -> Result<Asker, HttpError> {
        if acts_for.first.is_none() {
            return Ok(Asker::Administrator);
        }
        let name = acts_for.only().and_then(|name| str::from_utf8(name).ok()).filter(|name| name.is_ascii());
        let wrong = HttpError::MalformedHeader { name: "Codexmiroir-User", expected: ONE_NAME };
        Ok(Asker::User(self.site.service.acting_for(name.ok_or(wrong)?)?))
    }
}

impl Handler for Gate {
    type Answering = Answering;

    fn answer(self: &Arc<Self>, request: Request<Incoming>, peer: Peer) -> Answering {
        let (answered, user) = match self.admit(&request, peer) {
            Ok(Admitted::Hot(response)) => return Answering::Ready(Some(response)),
            Ok(Admitted::Asker(asker, needed, arrival)) => {
                return Answering::Routed(Box::pin(self.clone().route(request, asker, needed, arrival)));
            }
            Ok(Admitted::Answered(response)) => (Ok(response), None),
            Err(Stopped { error, user }) => {
                self.requests.count_refused(error.status());
                if matches!(error, HttpError::SignInNeeded) && is_opened_by_a_browser(&request) {
                    (Ok(to_sign_in(request.uri())), None)
                } else {
                    (Err(error), user)
                }
            }
        };
        Answering::Ready(Some(self.finish(answered, &request, user)))
    }

    /// The hot answer, for whom the gate lets through. Everybody else asks again, the long way, and is told there.
    fn answer_at_once(&self, request: &[u8], peer: Peer, head: &mut Vec<u8>) -> Option<Bytes> {
        let mut fields = Fields::default();
        let heading = plain::read(request, self.site.limits.headers_max, &mut fields)?;
        let mut asked = heading.check().ok()?;
        self.check_host(&mut asked, peer).ok()?;
        let now = self.site.service.clock().now();
        let asker = self.check_asker(&asked, peer, now).ok()?;
        Some(self.hot(&asker, &asked, now)?.write(asked.method, now, head))
    }
}

/// Whether a person opened this, to be led to the sign-in and back. Where no user's sign-in helps, signing in would lead
/// back to it, and round again.
fn is_opened_by_a_browser<B>(request: &Request<B>) -> bool {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    is_read && request.uri().path() != metrics::PATH && Reader::of(request.headers()).wants_page
}

/// The way to the sign-in, and from there back to what was asked for, whether it is there or not.
fn to_sign_in(uri: &Uri) -> Response<Body> {
    let asked = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let next: String = form_urlencoded::byte_serialize(asked.as_bytes()).collect();
    let location = if asked == "/" { "/login".to_owned() } else { format!("/login?next={next}") };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(LOCATION, HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("/login")));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, BY_ASKER);
    response
}

/// The token of `Authorization: Bearer …`; the scheme in any case (RFC 9110, 11.1).
pub(super) fn bearer(value: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"bearer ";
    let (scheme, token) = value.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then(|| token.trim_ascii())
}

/// What a request needs of its asker. The one place that decides it.
pub(super) fn needed_scope(method: &Method, path: &str) -> Scopes {
    // Trying rules changes nothing, whatever its method; a sync does.
    let is_reading = (method.is_safe() && path != SYNC) || TRIALS.contains(&path);
    if feed::token(path).is_some() {
        return Scopes::FEED;
    }
    let is_administration = path == ADMINISTRATION_PAGE || ADMINISTRATION.iter().any(|root| path.starts_with(root));
    match (is_administration, is_reading) {
        (true, _) => Scopes::ADMIN,
        (false, true) => Scopes::READ,
        (false, false) => Scopes::WRITE,
    }
}

pub(super) fn check_scope(actor: &Actor, held: Scopes, needed: Scopes) -> Result<(), HttpError> {
    if held.allow(needed) {
        return Ok(());
    }
    let (missing, is_session) = (needed.without(held), actor.session().is_some());
    missing.names().first().map_or(Ok(()), |scope| Err(HttpError::ScopeMissing { scope, is_session }))
}

/// Whether an origin (RFC 6454) is the host that was asked, by https where that is spoken.
fn is_own(origin: &[u8], host: Host<'_>, client: Option<Client>) -> bool {
    let Some((scheme, origin)) = str::from_utf8(origin).ok().and_then(|origin| origin.split_once("://")) else {
        return false;
    };
    let is_https = scheme == "https";
    let is_safe = is_https || (scheme == "http" && !client.is_some_and(|client| client.is_https));
    is_safe && Host::parse(origin).is_some_and(|origin| origin.is(host, port_of(is_https)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_host_by_name_and_port_and_https_is_not_left() {
        let own = |origin: &str, host: &str, is_https| {
            let client = Client { address: [192, 0, 2, 1].into(), is_https };
            is_own(origin.as_bytes(), Host::parse(host).unwrap(), Some(client))
        };
        for (origin, host) in [
            ("http://a.example", "A.example"),
            ("http://a.example", "a.example:80"),
            ("http://a.example:8484", "a.example:8484"),
            ("http://[::1]:8484", "[::1]:8484"),
        ] {
            assert!(own(origin, host, false) && !own(origin, host, true), "{origin} {host}");
            let (origin, host) = (origin.replace("http", "https"), host.replace(":80", ":443"));
            let host = host.replace(":44384", ":8484");
            assert!(own(&origin, &host, true) && own(&origin, &host, false), "{origin} {host}");
        }
        for (origin, host) in [
            ("https://a.example", "b.example"),
            ("https://a.example", "a.example:80"),
            ("https://a.example:8484", "a.example"),
            ("https://a.example/", "a.example"),
            ("https://a.example@b", "a.example"),
            ("ftp://a.example", "a.example"),
            ("https:a.example", "a.example"),
            ("a.example", "a.example"),
            ("https://", "a.example"),
            ("null", "null"),
            ("", "a.example"),
        ] {
            assert!(!own(origin, host, true) && !own(origin, host, false), "{origin} {host}");
        }
    }
}
