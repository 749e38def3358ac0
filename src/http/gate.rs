//! The gate: every request passes here before anything else looks at it.
//!
//! In this order: the head is well-formed, the host is ours, the asker is somebody, the asker may do that, no
//! other site sent them. Only then the hot answer is given, or the router asked. So a stranger is told
//! nothing but 401, whatever was asked for.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue, ORIGIN};
use hyper::{HeaderMap, Method, Request, Response};
use tower_service::Service as _;

use super::body::Body;
use super::codex;
use super::errors::HttpError;
use super::head::{check_request_head, host_of, is_address_literal_or_localhost};
use super::negotiate::language;
use super::respond::protect;
use super::site::Site;
use super::{probes, router};
use crate::domain::lang::Lang;
use crate::service::accounts::Actor;
use crate::store::Scopes;

/// Answers requests: the gate and the routes behind it.
pub struct Gate {
    site: Arc<Site>,
    router: Router,
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

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
    /// With everything that [`finished`] would add.
    Hot(Response<Body>),
    Answered(Response<Body>),
    Asker(Arc<Actor>),
}

impl Gate {
    pub fn new(site: Arc<Site>) -> Arc<Gate> {
        Arc::new(Gate { router: router::router(site.clone()), site })
    }

    /// Answers one request.
    pub fn answer(self: &Arc<Self>, request: Request<Incoming>, peer: SocketAddr) -> Answering {
        let response = match self.admit(&request, peer) {
            Ok(Admitted::Hot(response)) => return Answering::Ready(Some(response)),
            Ok(Admitted::Answered(response)) => response,
            Ok(Admitted::Asker(actor)) => return Answering::Routed(Box::pin(self.clone().route(request, actor))),
            Err(error) => error.to_response(language(request.headers()), &HeaderMap::new()),
        };
        Answering::Ready(Some(finished(response, || language(request.headers()))))
    }

    /// Whether the request may go on, and as whose; or the answer, where it needs no route.
    fn admit(&self, request: &Request<Incoming>, peer: SocketAddr) -> Result<Admitted, HttpError> {
        check_request_head(request).map_err(HttpError::Head)?;
        self.check_host(request)?;
        if let Some(response) = probes::answer(&self.site, request) {
            return Ok(Admitted::Answered(response));
        }
        let actor = self.authorize(request.headers(), peer)?;
        check_scope(&actor, request.method())?;
        check_origin(request)?;
        let hot = codex::hot(&self.site.service, actor.user, request);
        Ok(hot.map_or(Admitted::Asker(actor), Admitted::Hot))
    }

    async fn route(self: Arc<Self>, mut request: Request<Incoming>, actor: Arc<Actor>) -> Response<Body> {
        let lang = language(request.headers());
        request.extensions_mut().insert(actor);
        let mut router = self.router.clone();
        let answered = router.call(request.map(axum::body::Body::new)).await;
        let response = answered.unwrap_or_else(|never| match never {});
        finished(response.map(Body::from), || lang)
    }

    /// An address literal and localhost are always ours: a page of another site cannot have them as its own
    /// name, so asking by them is not DNS rebinding.
    fn check_host<B>(&self, request: &Request<B>) -> Result<(), HttpError> {
        let host = host_of(request).unwrap_or_default();
        if is_address_literal_or_localhost(host) || self.site.has_name(host) {
            return Ok(());
        }
        Err(HttpError::UnknownHost { host: host.chars().take(80).collect() })
    }

    /// Who asks. The one place that decides it.
    fn authorize(&self, headers: &HeaderMap, peer: SocketAddr) -> Result<Arc<Actor>, HttpError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            let open = self.site.open_to.as_ref().filter(|_| peer.ip().is_loopback());
            return open.cloned().ok_or(HttpError::SignInNeeded);
        };
        if values.next().is_some() {
            return Err(HttpError::InvalidToken);
        }
        let token = bearer(value).ok_or(HttpError::InvalidToken)?;
        self.site.service.authenticate(token)?.ok_or(HttpError::InvalidToken)
    }
}

/// What every answer gets: the words of its failure in the asker's language, and what browsers are told.
fn finished(mut response: Response<Body>, lang: impl FnOnce() -> Lang) -> Response<Body> {
    if let Some(error) = response.extensions_mut().remove::<HttpError>() {
        response = error.to_response(lang(), response.headers());
    }
    protect(response.headers_mut());
    response
}

/// The token of `Authorization: Bearer …`; the scheme in any case (RFC 9110, 11.1).
fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn check_scope(actor: &Actor, method: &Method) -> Result<(), HttpError> {
    let needed = if method.is_safe() { Scopes::READ } else { Scopes::WRITE };
    if actor.scopes.allow(needed) { Ok(()) } else { Err(HttpError::ScopeMissing) }
}

/// A browser says where an unsafe request comes from; one of another site is refused. A request with a token
/// of its own cannot have been forged.
fn check_origin<B>(request: &Request<B>) -> Result<(), HttpError> {
    let headers = request.headers();
    if request.method().is_safe() || headers.contains_key(AUTHORIZATION) {
        return Ok(());
    }
    let one = |name: HeaderName| headers.get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>();
    let own = match (&one(SEC_FETCH_SITE)[..], &one(ORIGIN)[..]) {
        ([site], _) => matches!(*site, b"same-origin" | b"none"),
        ([], [origin]) => is_own(origin, headers),
        // No browser: a program on this machine, which a demo is open to.
        ([], []) => true,
        _ => false,
    };
    if own { Ok(()) } else { Err(HttpError::CrossSite) }
}

/// Whether an origin (RFC 6454) is the host that was asked.
fn is_own(origin: &[u8], headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).map(HeaderValue::as_bytes).unwrap_or_default();
    let origin = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
    origin.is_some_and(|origin| !host.is_empty() && origin.eq_ignore_ascii_case(host))
}
