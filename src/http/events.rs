//! `GET /api/events`: server-sent events (WHATWG HTML, 9.2). One event whenever the timeline is another: after a
//! change, when the clock crosses a boundary, and when the server's rules are replaced; and one whenever the sync with Git
//! stands otherwise. Nothing polls: a stream sleeps until one of them.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::HeaderMap;
use hyper::body::{Body as HttpBody, Frame};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::json;
use tokio::sync::mpsc;

use super::errors::HttpError;
use super::extract::Asked;
use super::listen::UntilClientLeaves;
use super::negotiate::language;
use super::rights::Rights;
use super::site::Site;
use super::sync::EventJson;
use crate::domain::ids::UserId;
use crate::domain::lang::Lang;
use crate::service::Service;
use crate::service::sync::Activity;
use crate::store::Finished;
use crate::view::json::utc;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A comment is sent this often, so that proxies and clients know that the stream lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Events that may wait for a slow client; a client that takes none for longer than the connection's limits
/// allow is cut, and resumes with `Last-Event-ID`.
const QUEUE_MAX: usize = 16;

pub async fn stream(asked: Asked, rights: Rights, headers: HeaderMap) -> Result<Response, HttpError> {
    let last = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    let (events, queue) = mpsc::channel(QUEUE_MAX);
    let reader = Reader { user: asked.actor.user, lang: language(&headers), last };
    tokio::spawn(publish(asked.site.clone(), rights, reader, events));
    let content_type = (CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    let headers = [content_type, (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    let mut response = (headers, axum::body::Body::new(Events(queue))).into_response();
    response.extensions_mut().insert(UntilClientLeaves);
    Ok(response)
}

/// Whom a stream is for.
struct Reader {
    user: UserId,
    lang: Lang,
    /// The id of the last event that the client has.
    last: Option<String>,
}

/// Sends an event for each timeline that the client does not know, until it goes away, may not read any more, or the
/// server drains.
async fn publish(site: Arc<Site>, rights: Rights, reader: Reader, events: mpsc::Sender<Bytes>) {
    let Reader { user, lang, last } = reader;
    let _open = site.counts.streams.hold();
    let mut draining = site.draining();
    tokio::select! {
        // Asked first: whoever lost the right is told nothing more.
        biased;
        () = async { drop(draining.wait_for(|draining| *draining).await) } => {}
        () = rights.end() => {}
        () = follow(&site.service, user, last, &events) => {}
        () = follow_sync(&site.service, user, lang, &events) => {}
    }
}

/// Sends an event for each state of the sync that the client does not know, until it goes away or the state cannot be
/// read. It has no id, so that the last one stays the timeline's.
async fn follow_sync(service: &Arc<Service>, user: UserId, lang: Lang, events: &mpsc::Sender<Bytes>) {
    // Where there is nothing to sync with nobody waits to be told so.
    let mut last = None;
    loop {
        // Anew each time: the repository may be another one by now. What comes while the state is read may not be in it.
        let mut changes = service.sync_changes(user);
        let status = match service.sync_status(user).await {
            Ok(status) => status,
            Err(error) => {
                tracing::warn!(%error, "an event stream ends: the state of the sync cannot be read");
                return;
            }
        };
        let data = json!(EventJson::new(&status, lang)).to_string();
        let is_first_and_off = last.is_none() && status.activity == Activity::Off;
        if !is_first_and_off && last.as_ref() != Some(&data) {
            let event = format!("event: sync\ndata: {data}\n\n");
            if events.send(event.into()).await.is_err() {
                return;
            }
        }
        last = Some(data);
        // Where nothing tells any more, something else does by now.
        let _ = changes.changed().await;
    }
}

/// As [`publish`], until the client goes away or the timeline cannot be read.
async fn follow(service: &Arc<Service>, user: UserId, mut last: Option<String>, events: &mpsc::Sender<Bytes>) {
    let mut changes = service.store().published().subscribe(user);
    let mut replacements = service.rules_replacements();
    loop {
        // What comes while the timeline is read may not be in it.
        replacements.mark_unchanged();
        let boundary = match changes.read(service.timeline(user, false)).await {
            Ok(served) => {
                let finished = &served.entry.finished;
                let id = id_of(finished);
                // Of a state that may go away again nothing is told; when it is certain, this is woken.
                if served.is_durable && last.as_ref() != Some(&id) {
                    if events.send(event(&id, finished)).await.is_err() {
                        return;
                    }
                    last = Some(id);
                }
                finished.valid_until
            }
            Err(error) => {
                tracing::warn!(%error, "an event stream ends: the timeline cannot be read");
                return;
            }
        };
        let next = async {
            tokio::select! {
                () = changes.changed() => {}
                () = service.clock().wait_until(boundary) => {}
                // The service that tells is ours, so that the wait cannot fail.
                _ = replacements.changed() => {}
            }
        };
        tokio::pin!(next);
        loop {
            tokio::select! {
                () = &mut next => break,
                () = events.closed() => return,
                () = tokio::time::sleep(HEARTBEAT) => {
                    if events.send(Bytes::from_static(b": alive\n\n")).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// The same for every reader and after a restart: what makes the timeline another makes the id another.
fn id_of(finished: &Finished) -> String {
    format!("{}.{}.{}", finished.generation, finished.valid_until.timestamp_millis(), finished.basis)
}

fn event(id: &str, finished: &Finished) -> Bytes {
    let data = json!({"generation": finished.generation.0, "validUntil": utc(finished.valid_until)});
    format!("id: {id}\nevent: timeline\ndata: {data}\n\n").into()
}

/// A body whose frames come from a queue.
struct Events(mpsc::Receiver<Bytes>);

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|next| next.map(|bytes| Ok(Frame::data(bytes))))
    }
}
