//! One connection, from its seat to its end.

use std::any::Any;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tracing::{debug, error};

use super::framing::{AmbiguousLength, Next};
use super::pulse::{Answer, Deadline, Exchange, Metered, Pulse, UntilClientLeaves, Verdict};
use super::seats::Seat;
use super::shortcut::Shortcut;
use super::{Handler, Peer, Server};
use crate::http::body::Body;

/// Serves one connection until it is done, its time is over or, after `stopped`, its requests are answered.
pub(super) async fn run<S, H>(
    server: Arc<Server<H>>,
    stream: S,
    peer: Peer,
    _seat: Seat,
    mut stopped: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Handler,
{
    let told = stopped.clone();
    let pulse = Arc::new(Pulse::default());
    let mut deadline = Deadline::new(Arc::clone(&pulse), &server.limits);
    let stream = Shortcut::new(stream, Arc::clone(&server), peer, Arc::clone(&pulse), told.clone());
    let stream = TokioIo::new(Metered::new(stream, Arc::clone(&pulse)));
    let service = service_fn(|mut request: Request<Incoming>| {
        let next = pulse.next(&request);
        if next == Next::Ambiguous {
            request.extensions_mut().insert(AmbiguousLength);
        }
        let version = request.version();
        let exchange = Exchange::begin(&pulse, version);
        Exchanging {
            answering: begin(&server, request, peer),
            peer,
            is_last: next != Next::Head,
            told: (version != Version::HTTP_2).then(|| told.clone()),
            exchange: Some(exchange),
        }
    });
    let mut connection = pin!(server.protocol.serve_connection(stream, service));
    let mut stopped = pin!(stopped.wait_for(|stop| *stop));
    let (mut listening, mut stopping) = (false, false);
    poll_fn(|context| {
        loop {
            // Before the connection moves on: an answer that is given now says that it is the last.
            // Asked once, the word wakes this task, which is all that polls here. It is the only change there is, and is
            // seen before the wake, which comes to one connection after the other.
            let is_told =
                told.has_changed().unwrap_or(true) || (!listening && stopped.as_mut().poll(context).is_ready());
            listening = true;
            if !stopping && is_told {
                stopping = true;
                deadline.close();
                connection.as_mut().graceful_shutdown();
            }
            if let Poll::Ready(ended) = connection.as_mut().poll(context) {
                if let Err(failure) = ended {
                    debug!(%peer, error = %failure, "connection failed");
                }
                return Poll::Ready(());
            }
            match deadline.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Verdict::Close) => connection.as_mut().graceful_shutdown(),
                Poll::Ready(Verdict::Cut) => {
                    debug!(%peer, "connection cut, its client took too long");
                    return Poll::Ready(());
                }
            }
        }
    })
    .await;
}

/// A request until it is answered. By hand, because most answers are there at once: each state machine around them would
/// move them once more.
struct Exchanging<F> {
    answering: Answering<F>,
    peer: Peer,
    /// No other request is taken after this one.
    is_last: bool,
    /// HTTP/1 alone, whose answers say that they are the last: the word to stop may come while one is made.
    told: Option<watch::Receiver<bool>>,
    /// Empty once the answer was handed out.
    exchange: Option<Exchange>,
}

enum Answering<F> {
    Handled(F),
    /// Not by the handler; empty once it was handed out.
    Refused(Option<Response<Body>>),
}

/// Gives the request to the handler, or says something in its stead.
fn begin<H: Handler>(server: &Server<H>, request: Request<Incoming>, peer: Peer) -> Answering<H::Answering> {
    if request.headers().len() > server.limits.headers_max {
        let mut refused = plain(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Too many header fields.\n");
        // As hyper does with far too many.
        if request.version() != Version::HTTP_2 {
            refused.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        return Answering::Refused(Some(refused));
    }
    match catch_unwind(AssertUnwindSafe(|| server.handler.answer(request, peer))) {
        Ok(handled) => Answering::Handled(handled),
        Err(panic) => Answering::Refused(Some(panicked(peer, &*panic))),
    }
}

impl<F: Future<Output = Response<Body>> + Unpin> Future for Exchanging<F> {
    type Output = Result<Response<Answer>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let peer = self.peer;
        let answered = match &mut self.answering {
            // One that panicked is not polled again, only dropped: that it may be left half-way is nobody's concern.
            Answering::Handled(handled) => match catch_unwind(AssertUnwindSafe(|| Pin::new(handled).poll(context))) {
                Ok(polled) => Some(ready!(polled)),
                Err(panic) => Some(panicked(peer, &*panic)),
            },
            Answering::Refused(refused) => refused.take(),
        };
        let (Some(mut response), Some(mut exchange)) = (answered, self.exchange.take()) else { return Poll::Pending };
        let is_told = self.told.as_ref().is_some_and(|told| told.has_changed().unwrap_or(true));
        if self.is_last || is_told {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if self.told.is_some() && response.extensions().get::<UntilClientLeaves>().is_some() {
            exchange.watch();
        }
        Poll::Ready(Ok(response.map(|body| Answer::new(body, exchange))))
    }
}

fn panicked(peer: Peer, panic: &(dyn Any + Send)) -> Response<Body> {
    error!(%peer, panic = said(panic), "a handler panicked");
    plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal error.\n")
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("")
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
