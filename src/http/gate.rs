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
use chrono::{DateTime, Utc};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderName, HeaderValue, ORIGIN};
use hyper::{HeaderMap, Method, Request, Response, Version};
use tower_service::Service as _;

use super::body::Body;
use super::codex;
use super::errors::HttpError;
use super::fields::Fields;
use super::head::{Head, is_address_literal_or_localhost, read_head};
use super::listen::Peer;
use super::metrics::{self, Requests};
use super::negotiate::language;
use super::respond::protect;
use super::site::{Asker, Site};
use super::{probes, router};
use crate::domain::lang::{Lang, Phrase};
use crate::store::Scopes;

/// Answers requests: the gate and the routes behind it.
pub struct Gate {
    site: Arc<Site>,
    router: Router,
    requests: Requests,
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Whom the administrator acts for. It means something on the control socket alone.
const ACTS_FOR: HeaderName = HeaderName::from_static("codexmiroir-user");
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

    /// Answers one request.
    pub fn answer(self: &Arc<Self>, request: Request<Incoming>, peer: Peer) -> Answering {
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

    /// Answers a request on the listener that is there for `/metrics` alone.
    pub fn answer_metrics<B>(&self, request: &Request<B>) -> Response<Body> {
        let head = read_head(request).map_err(HttpError::Head).and_then(|head| self.check_host(&head));
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
        if peer != Peer::Control {
            self.check_host(&head)?;
        }
        if let Some(response) = probes::answer(&self.site, request) {
            self.requests.count_beside(request.uri().path(), response.status());
            return Ok(Admitted::Answered(response));
        }
        if let Some(answered) = metrics::answer(&self.site, &self.requests, request) {
            return answered.map(Admitted::Answered);
        }
        // Once for all of it: to ask for the time is a good part of a warm read.
        let now = self.site.service.clock().now();
        let asker = self.authorize(&head.fields, request.headers(), peer, now)?;
        check_scope(&asker, request.method(), request.uri().path())?;
        if peer != Peer::Control {
            check_origin(request, &head.fields)?;
        }
        let hot = match &asker {
            Asker::User(actor) => codex::hot(&self.site.service, actor.user, request, &head.fields, now),
            Asker::Administrator => None,
        };
        Ok(hot.map_or(Admitted::Asker(asker), |response| {
            self.site.counts.hot(response.status());
            Admitted::Hot(response)
        }))
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
    fn check_host(&self, Head { host, .. }: &Head<'_>) -> Result<(), HttpError> {
        if is_address_literal_or_localhost(host) || self.site.has_name(host) {
            return Ok(());
        }
        Err(HttpError::UnknownHost { host: host.chars().take(80).collect() })
    }

    /// Who asks. The one place that decides it.
    fn authorize(
        &self,
        fields: &Fields<'_>,
        headers: &HeaderMap,
        peer: Peer,
        now: DateTime<Utc>,
    ) -> Result<Asker, HttpError> {
        if fields.authorization.first.is_none() {
            return self.without_token(headers, peer);
        }
        let value = fields.authorization.only().ok_or(HttpError::InvalidToken)?;
        // Not guessed at: a token that is shown is meant.
        if peer == Peer::Control && headers.contains_key(ACTS_FOR) {
            return Err(HttpError::MalformedHeader { name: "Codexmiroir-User", expected: ONE_NAME });
        }
        let token = bearer(value).ok_or(HttpError::InvalidToken)?;
        self.site.service.authenticate_at(token, now)?.map(Asker::User).ok_or(HttpError::InvalidToken)
    }

    /// Who is known by the way that the request came.
    fn without_token(&self, headers: &HeaderMap, peer: Peer) -> Result<Asker, HttpError> {
        let address = match peer {
            Peer::Network(address) => address,
            Peer::Control => return self.administrator(headers),
        };
        let open = self.site.open_to.as_ref().filter(|_| address.ip().is_loopback());
        open.cloned().map(Asker::User).ok_or(HttpError::SignInNeeded)
    }

    /// The administrator, or the user whom that one acts for.
    fn administrator(&self, headers: &HeaderMap) -> Result<Asker, HttpError> {
        let mut values = headers.get_all(ACTS_FOR).iter();
        let Some(value) = values.next() else { return Ok(Asker::Administrator) };
        let wrong = HttpError::MalformedHeader { name: "Codexmiroir-User", expected: ONE_NAME };
        match (value.to_str(), values.next()) {
            (Ok(name), None) => Ok(Asker::User(self.site.service.acting_for(name)?)),
            _ => Err(wrong),
        }
    }
}

/// The token of `Authorization: Bearer …`; the scheme in any case (RFC 9110, 11.1).
pub(super) fn bearer(value: &HeaderValue) -> Option<&str> {
    const SCHEME: &[u8] = b"bearer ";
    let (scheme, token) = value.as_bytes().split_at_checked(SCHEME.len())?;
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
    if actor.scopes.allow(needed_scope(method, path)) { Ok(()) } else { Err(HttpError::ScopeMissing) }
}

/// A browser says where an unsafe request comes from; one of another site is refused. A request with a token
/// of its own cannot have been forged.
fn check_origin<B>(request: &Request<B>, fields: &Fields<'_>) -> Result<(), HttpError> {
    let headers = request.headers();
    if request.method().is_safe() || fields.authorization.first.is_some() {
        return Ok(());
    }
    let one = |name: HeaderName| headers.get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>();
    let own = match (&one(SEC_FETCH_SITE)[..], &one(ORIGIN)[..]) {
        ([site], _) => matches!(*site, b"same-origin" | b"none"),
        ([], [origin]) => is_own(origin, fields),
        // No browser: a program on this machine, which a demo is open to.
        ([], []) => true,
        _ => false,
    };
    if own { Ok(()) } else { Err(HttpError::CrossSite) }
}

/// Whether an origin (RFC 6454) is the host that was asked.
fn is_own(origin: &[u8], fields: &Fields<'_>) -> bool {
    let host = fields.host.first.map(HeaderValue::as_bytes).unwrap_or_default();
    let origin = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
    origin.is_some_and(|origin| !host.is_empty() && origin.eq_ignore_ascii_case(host))
}
