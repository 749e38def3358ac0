//! Bodies that are made while they are sent.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame};
use hyper::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, VARY};
use tokio::sync::mpsc;

use super::errors::HttpError;
use super::respond::{BY_ASKER, PRIVATE};
use super::rights::Rights;
use crate::service::Streamed;

/// Pieces that may wait for a slow client.
const WAITING_MAX: usize = 2;

/// A body of pieces that come from a task of its own. `None` ends it; a task that ends without it, for whatever
/// reason, leaves the body cut, so that the client does not take a part for the whole.
pub struct Pieces {
    queue: mpsc::Receiver<Option<Bytes>>,
    ended: bool,
}

impl Pieces {
    /// Starts the task that sends the pieces. It fails to send once the client is gone.
    pub fn of<F>(send: impl FnOnce(mpsc::Sender<Option<Bytes>>) -> F) -> Pieces
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (pieces, queue) = mpsc::channel(WAITING_MAX);
        tokio::spawn(send(pieces));
        Pieces { queue, ended: false }
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.queue.poll_recv(context).map(|received| match received {
            Some(Some(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(None) => {
                self.ended = true;
                None
            }
            None => {
                self.ended = true;
                Some(Err(io::Error::other("what should be sent could not be read to its end")))
            }
        })
    }
}

/// The answer that this is, as a file of that name.
pub(super) fn attachment(
    source: impl Streamed,
    rights: Rights,
    content_type: &'static str,
    file: &str,
) -> Result<Response, HttpError> {
    let file = format!("attachment; filename=\"{file}\"");
    let file = HeaderValue::try_from(file).map_err(|_| HttpError::Unavailable)?;
    let content_type = HeaderValue::from_static(content_type);
    let headers =
        [(CONTENT_TYPE, content_type), (CONTENT_DISPOSITION, file), (CACHE_CONTROL, PRIVATE), (VARY, BY_ASKER)];
    Ok((headers, axum::body::Body::new(Pieces::of(|pieces| send(source, rights, pieces)))).into_response())
}

/// Sends it to its end, to somebody who may still have it; what cuts it short is not taken for its end.
async fn send(source: impl Streamed, rights: Rights, pieces: mpsc::Sender<Option<Bytes>>) {
    tokio::select! {
        // Asked first: whoever lost the right is told nothing more.
        biased;
        () = rights.end() => tracing::info!("a download was cut short: who asked for it may not have it any more"),
        () = send_all(source, &pieces) => {}
    }
}

async fn send_all(mut source: impl Streamed, pieces: &mpsc::Sender<Option<Bytes>>) {
    loop {
        match source.next().await {
            Ok(piece) => {
                let is_last = piece.is_none();
                if pieces.send(piece).await.is_err() || is_last {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a download was cut short");
                return;
            }
        }
    }
}
