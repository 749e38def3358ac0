//! One connection, from its seat to its end.

use std::any::Any;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tracing::{debug, error};

use super::Server;
use super::pulse::{Answer, Deadline, Exchange, Metered, Pulse, Verdict};
use super::seats::Seat;
use crate::http::body::Body;

/// Serves one connection until it is done, its time is over or, after `stopped`, its requests are answered.
pub(super) async fn run<H, F>(
    server: Arc<Server<H>>,
    stream: TcpStream,
    peer: SocketAddr,
    _seat: Seat,
    mut stopped: watch::Receiver<bool>,
) where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    // Refused only by a socket that is already closed.
    let _ = stream.set_nodelay(true);
    let pulse = Arc::new(Pulse::default());
    let mut deadline = Deadline::new(Arc::clone(&pulse), &server.limits);
    let stream = TokioIo::new(Metered::new(stream, Arc::clone(&pulse)));
    let service = service_fn(|request: Request<Incoming>| {
        let exchange = Exchange::begin(&pulse, request.version());
        let server = Arc::clone(&server);
        async move {
            let response = answer(&server, request, peer).await;
            Ok::<_, Infallible>(response.map(|body| Answer::new(body, exchange)))
        }
    });
    let mut connection = pin!(server.protocol.serve_connection(stream, service));
    let mut stopped = pin!(stopped.wait_for(|stop| *stop));
    let mut stopping = false;
    poll_fn(|context| {
        loop {
            // First of all: an answer that is made after the word to stop says that it is the last.
            if !stopping && stopped.as_mut().poll(context).is_ready() {
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

/// The handler's answer, or what is said in its stead.
async fn answer<H, F>(server: &Server<H>, request: Request<Incoming>, peer: SocketAddr) -> Response<Body>
where
    H: Fn(Request<Incoming>, SocketAddr) -> F,
    F: Future<Output = Response<Body>>,
{
    // hyper counts HTTP/1's; HTTP/2 bounds only their size.
    if request.headers().len() > server.limits.headers_max {
        return plain(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Too many header fields.\n");
    }
    let caught = match catch_unwind(AssertUnwindSafe(|| (server.handler)(request, peer))) {
        Ok(handled) => catch_panic(handled).await,
        Err(panic) => Err(panic),
    };
    caught.unwrap_or_else(|panic| {
        error!(%peer, panic = said(&*panic), "a handler panicked");
        plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal error.\n")
    })
}

/// A future that panicked is not polled again, only dropped: that it may be left half-way is nobody's concern.
async fn catch_panic<F: Future>(future: F) -> std::thread::Result<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
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
