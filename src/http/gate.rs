//! The gate: every request passes here before anything else looks at it.
//!
//! In this order: the head is well-formed, the host is ours, the asker is somebody, the asker may do that, no
//! other site sent them. Only then the hot answer is given, or the router asked. So a stranger is told
//! nothing but 401, whatever was asked for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use hyper::body::Incoming;
use hyper::header::{
    AUTHORIZATION, CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{HeaderMap, Method, Request, Response};
use tower_service::Service as _;

use super::body::Body;
use super::codex;
use super::errors::HttpError;
use super::head::{check_request_head, host_of, is_address_literal_or_localhost};
use super::metrics::{self, Requests};
use super::negotiate::language;
use super::site::Site;
use super::{probes, router};
use crate::domain::lang::Lang;
use crate::service::accounts::Actor;
use crate::store::Scopes;

/// Answers requests: the gate and the routes behind it.
pub struct Gate {
    site: Arc<Site>,
    router: Router,
    requests: Requests,
}

const CSP: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Gate {
    pub fn new(site: Arc<Site>) -> Arc<Gate> {
        let routes = router::routes();
        let requests = Requests::new(&routes.described);
        Arc::new(Gate { router: routes.router(site.clone()), requests, site })
    }

    /// Answers one request.
    pub async fn answer(self: Arc<Self>, request: Request<Incoming>, peer: SocketAddr) -> Response<Body> {
        let lang = language(request.headers());
        let answered = Arc::clone(&self).admitted(request, peer).await;
        if let Err(error) = &answered {
            self.requests.count_refused(error.status());
        }
        self.finish(answered, lang)
    }

    /// Answers a request on the listener that is there for `/metrics` alone.
    pub fn answer_metrics<B>(&self, request: &Request<B>) -> Response<Body> {
        let lang = language(request.headers());
        let head = check_request_head(request).map_err(HttpError::Head).and_then(|()| self.check_host(request));
        let answered = head.and_then(|()| metrics::answer_alone(&self.site, &self.requests, request));
        self.finish(answered, lang)
    }

    /// Errors in the asker's language, and what every answer carries.
    fn finish(&self, answered: Result<Response<Body>, HttpError>, lang: Lang) -> Response<Body> {
        let (mut response, error) = match answered {
            Ok(mut response) => {
                let error = response.extensions_mut().remove::<HttpError>();
                (response, error)
            }
            Err(error) => (Response::new(Body::empty()), Some(error)),
        };
        if let Some(error) = error {
            self.site.counts.error(error.code());
            response = error.to_response(lang, response.headers());
        }
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, CSP);
        headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        headers.insert(REFERRER_POLICY, SAME_ORIGIN);
        response
    }

    async fn admitted(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Result<Response<Body>, HttpError> {
        check_request_head(&request).map_err(HttpError::Head)?;
        self.check_host(&request)?;
        if let Some(response) = probes::answer(&self.site, &request) {
            self.requests.count_beside(request.uri().path(), response.status());
            return Ok(response);
        }
        if let Some(answered) = metrics::answer(&self.site, &self.requests, &request) {
            return answered;
        }
        let actor = self.authorize(request.headers(), peer)?;
        check_scope(&actor, request.method())?;
        check_origin(&request)?;
        if let Some(response) = codex::hot(&self.site.service, actor.user, &request) {
            self.site.counts.hot(response.status());
            return Ok(response);
        }
        request.extensions_mut().insert(actor);
        let mut router = self.router.clone();
        let begun = Instant::now();
        let answered = router.call(request.map(axum::body::Body::new)).await;
        let response = answered.unwrap_or_else(|never| match never {});
        self.requests.count(response.extensions().get(), response.status(), begun.elapsed());
        Ok(response.map(Body::from))
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

/// The token of `Authorization: Bearer …`; the scheme in any case (RFC 9110, 11.1).
pub(super) fn bearer(value: &HeaderValue) -> Option<&str> {
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
