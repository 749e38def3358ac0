//! The gate: every request passes here before anything else looks at it.
//!
//! In this order: the head is well-formed, the host is ours, the asker is somebody, the asker may do that, no
//! other site sent them. Only then the hot answer is given, or the router asked. So a stranger is told
//! nothing but 401, whatever was asked for.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Method, Request, Response, Version};
use tower_service::Service as _;

use super::body::Body;
use super::codex;
use super::errors::HttpError;
use super::fields::{Field, Fields};
use super::head::{Head, is_address_literal_or_localhost, read_head};
use super::hot::Hot;
use super::listen::{Handler, Peer};
use super::metrics::{self, Requests};
use super::negotiate::language;
use super::respond::protect;
use super::site::{Asker, Site};
use super::{plain, probes, router};
use crate::domain::lang::{Lang, Phrase};
use crate::store::Scopes;

/// Answers requests: the gate and the routes behind it.
pub struct Gate {
    site: Arc<Site>,
    router: Router,
    requests: Requests,
}

/// What is below this path needs the scope `admin`.
const ADMINISTRATION: &str = "/api/admin/";
/// Where rules are tried.
const RULES_CHECK: &str = "/api/rules/check";
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

/// What became of a request at the gate.
enum Admitted {
    /// With everything that [`Gate::complete`] would add.
    Hot(Response<Body>),
    Answered(Response<Body>),
    Asker(Asker),
}

impl Gate {
    pub fn new(site: Arc<Site>) -> Arc<Gate> {
        let routes = router::routes();
        let requests = Requests::new(&routes.described);
        Arc::new(Gate { router: routes.router(site.clone()), requests, site })
    }

    /// Answers a request on the listener that is there for `/metrics` alone.
    pub fn answer_metrics<B>(&self, request: &Request<B>, peer: Peer) -> Response<Body> {
        let head = read_head(request).map_err(HttpError::Head).and_then(|head| self.check_host(&head, peer));
        let answered = head.and_then(|()| metrics::answer_alone(&self.site, &self.requests, request));
        self.finish(answered, request)
    }

    /// The answer to a request that needs no route, as it is sent.
    fn finish<B>(&self, answered: Result<Response<Body>, HttpError>, request: &Request<B>) -> Response<Body> {
        let ends = matches!(&answered, Err(HttpError::Head(error)) if error.ends_connection());
        let mut response = self.complete(answered, || language(request.headers()));
        if ends && request.version() != Version::HTTP_2 {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Errors in the asker's language, and what every answer carries.
    fn complete(&self, answered: Result<Response<Body>, HttpError>, lang: impl FnOnce() -> Lang) -> Response<Body> {
        let (mut response, error) = match answered {
            Ok(mut response) => {
                let error = response.extensions_mut().remove::<HttpError>();
                (response, error)
            }
            Err(error) => (Response::new(Body::empty()), Some(error)),
        };
        if let Some(error) = error {
            self.site.counts.error(error.code());
            response = error.to_response(lang(), response.headers());
        }
        protect(response.headers_mut());
        response
    }

    /// Whether the request may go on, and as whose; or the answer, where it needs no route.
    fn admit(&self, request: &Request<Incoming>, peer: Peer) -> Result<Admitted, HttpError> {
        let head = read_head(request).map_err(HttpError::Head)?;
        self.check_host(&head, peer)?;
        if let Some(response) = probes::answer(&self.site, request) {
            self.requests.count_beside(request.uri().path(), response.status());
            return Ok(Admitted::Answered(response));
        }
        if let Some(answered) = metrics::answer(&self.site, &self.requests, request) {
            return answered.map(Admitted::Answered);
        }
        // Once for all of it: to ask for the time is a good part of a warm read.
        let now = self.site.service.clock().now();
        let asker = self.check_asker(&head, peer, now)?;
        let hot = self.hot(&asker, &head, now);
        Ok(hot.map_or(Admitted::Asker(asker), |hot| Admitted::Hot(hot.response())))
    }

    /// Who asks, if that one may and no other site sent them.
    fn check_asker(&self, head: &Head<'_>, peer: Peer, now: DateTime<Utc>) -> Result<Asker, HttpError> {
        let asker = self.authorize(&head.fields, peer, now)?;
        check_scope(&asker, head.method, head.path)?;
        if peer != Peer::Control {
            check_origin(head)?;
        }
        Ok(asker)
    }

    /// The hot answer, counted.
    fn hot(&self, asker: &Asker, head: &Head<'_>, now: DateTime<Utc>) -> Option<Hot> {
        let Asker::User(actor) = asker else { return None };
        let hot = codex::hot(&self.site.service, actor.user, head, now)?;
        self.site.counts.hot(hot.status());
        Some(hot)
    }

    async fn route(self: Arc<Self>, mut request: Request<Incoming>, asker: Asker) -> Response<Body> {
        let lang = language(request.headers());
        request.extensions_mut().insert(asker);
        let mut router = self.router.clone();
        let begun = Instant::now();
        let answered = router.call(request.map(axum::body::Body::new)).await;
        let response = answered.unwrap_or_else(|never| match never {});
        self.requests.count(response.extensions().get(), response.status(), begun.elapsed());
        self.complete(Ok(response.map(Body::from)), || lang)
    }

    /// An address literal and localhost are always ours: a page of another site cannot have them as its own
    /// name, so asking by them is not DNS rebinding.
    fn check_host(&self, Head { host, .. }: &Head<'_>, peer: Peer) -> Result<(), HttpError> {
        if peer == Peer::Control || is_address_literal_or_localhost(host) || self.site.has_name(host) {
            return Ok(());
        }
        Err(HttpError::UnknownHost { host: host.chars().take(80).collect() })
    }

    /// Who asks. The one place that decides it.
    fn authorize(&self, fields: &Fields<'_>, peer: Peer, now: DateTime<Utc>) -> Result<Asker, HttpError> {
        if fields.authorization.first.is_none() {
            return self.without_token(fields.acts_for, peer);
        }
        let value = fields.authorization.only().ok_or(HttpError::InvalidToken)?;
        // Not guessed at: a token that is shown is meant.
        if peer == Peer::Control && fields.acts_for.first.is_some() {
            return Err(HttpError::MalformedHeader { name: "Codexmiroir-User", expected: ONE_NAME });
        }
        let token = bearer(value).ok_or(HttpError::InvalidToken)?;
        self.site.service.authenticate_at(token, now)?.map(Asker::User).ok_or(HttpError::InvalidToken)
    }

    /// Who is known by the way that the request came.
    fn without_token(&self, acts_for: Field<'_>, peer: Peer) -> Result<Asker, HttpError> {
        let address = match peer {
            Peer::Network(address) => address,
            Peer::Control => return self.administrator(acts_for),
        };
        let open = self.site.open_to.as_ref().filter(|_| address.ip().is_loopback());
        open.cloned().map(Asker::User).ok_or(HttpError::SignInNeeded)
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
        let answered = match self.admit(&request, peer) {
            Ok(Admitted::Hot(response)) => return Answering::Ready(Some(response)),
            Ok(Admitted::Asker(asker)) => return Answering::Routed(Box::pin(self.clone().route(request, asker))),
            Ok(Admitted::Answered(response)) => Ok(response),
            Err(error) => {
                self.requests.count_refused(error.status());
                Err(error)
            }
        };
        Answering::Ready(Some(self.finish(answered, &request)))
    }

    /// The hot answer, for whom the gate lets through. Everybody else asks again, the long way, and is told there.
    fn answer_at_once(&self, request: &[u8], peer: Peer, head: &mut Vec<u8>) -> Option<Bytes> {
        let heading = plain::read(request, self.site.limits.headers_max)?;
        let asked = heading.check().ok()?;
        self.check_host(&asked, peer).ok()?;
        let now = self.site.service.clock().now();
        let asker = self.check_asker(&asked, peer, now).ok()?;
        Some(self.hot(&asker, &asked, now)?.write(asked.method, now, head))
    }
}

/// The token of `Authorization: Bearer …`; the scheme in any case (RFC 9110, 11.1).
pub(super) fn bearer(value: &[u8]) -> Option<&str> {
    const SCHEME: &[u8] = b"bearer ";
    let (scheme, token) = value.split_at_checked(SCHEME.len())?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    str::from_utf8(token.trim_ascii()).ok()
}

/// What a request needs of its asker. The one place that decides it.
pub(super) fn needed_scope(method: &Method, path: &str) -> Scopes {
    // Trying rules changes nothing, whatever its method.
    let is_reading = method.is_safe() || path == RULES_CHECK;
    match (path.starts_with(ADMINISTRATION), is_reading) {
        (true, _) => Scopes::ADMIN,
        (false, true) => Scopes::READ,
        (false, false) => Scopes::WRITE,
    }
}

fn check_scope(asker: &Asker, method: &Method, path: &str) -> Result<(), HttpError> {
    let Asker::User(actor) = asker else { return Ok(()) };
    let missing = needed_scope(method, path).without(actor.scopes);
    missing.names().first().map_or(Ok(()), |scope| Err(HttpError::ScopeMissing { scope }))
}

/// A browser says where an unsafe request comes from; one of another site is refused. A request with a token
/// of its own cannot have been forged.
fn check_origin(Head { method, fields, .. }: &Head<'_>) -> Result<(), HttpError> {
    if method.is_safe() || fields.authorization.first.is_some() {
        return Ok(());
    }
    let (site, origin) = (fields.sec_fetch_site, fields.origin);
    let own = match (site.first, origin.first) {
        (Some(_), _) => matches!(site.only(), Some(b"same-origin" | b"none")),
        (None, Some(_)) => origin.only().is_some_and(|origin| is_own(origin, fields)),
        // No browser: a program on this machine, which a demo is open to.
        (None, None) => true,
    };
    if own { Ok(()) } else { Err(HttpError::CrossSite) }
}

/// Whether an origin (RFC 6454) is the host that was asked.
fn is_own(origin: &[u8], fields: &Fields<'_>) -> bool {
    let host = fields.host.first.unwrap_or_default();
    let origin = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
    origin.is_some_and(|origin| !host.is_empty() && origin.eq_ignore_ascii_case(host))
}
