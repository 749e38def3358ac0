//! What a connection is waiting for, and until when.
//!
//! hyper times the reading of a head, but with one duration for a head on its way and for the pause before it, not
//! while it tells HTTP/1 from HTTP/2, and never the writing. So the connection is watched from outside: by the bytes
//! that pass (`Metered`), by the requests that begin and end (`Exchange`, `Answer`), and `Deadline` draws the
//! conclusions.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::{Request, Version};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Limits;
use super::framing::{Framing, Next};
use crate::http::body::{Body, DISCARDED_BYTES_MAX};

/// How long a connection that is closing is read, so that its client gets to what was said last.
const LINGER: Duration = Duration::from_secs(2);

/// One connection's signs of life. HTTP/2 answers from several tasks: the counts are exact, what is read from them may
/// be a moment old, and the deadline's own timer catches up with that.
#[derive(Default)]
pub(super) struct Pulse {
    /// Requests begun so far.
    requests: AtomicU32,
    /// Requests whose answer is not yet handed over whole.
    open: AtomicU32,
    /// Those of them for which we, not the client, are the ones to move.
    working: AtomicU32,
    /// Grows with everything that counts as progress.
    progress: AtomicU32,
    head_begun: AtomicBool,
    /// A request was begun, and its answer is not yet handed over whole and written.
    unwritten: AtomicBool,
    /// HTTP/2: bytes outside of requests need not belong to a head.
    multiplexed: AtomicBool,
    lingering: AtomicBool,
    /// HTTP/1: the answer on its way is one of [`UntilClientLeaves`].
    watched: AtomicBool,
    /// HTTP/1 alone. Only the connection's own task asks for it.
    framing: Mutex<Framing>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    FirstByte,
    Head,
    Working,
    Idle,
    Linger,
}

impl Pulse {
    /// The phase, and a number that changes when its time begins anew.
    fn read(&self) -> (Phase, u32) {
        let requests = self.requests.load(Relaxed);
        if self.lingering.load(Relaxed) {
            (Phase::Linger, 0)
        } else if self.working.load(Relaxed) > 0 {
            (Phase::Working, self.progress.load(Relaxed))
        } else if self.head_begun.load(Relaxed) {
            (Phase::Head, requests)
        } else if requests == 0 {
            (Phase::FirstByte, 0)
        } else {
            (Phase::Idle, self.progress.load(Relaxed))
        }
    }

    /// Bytes that come while no request is open begin the next one. They may also be the rest of a body that nobody
    /// wanted; then the next head has less time than it might.
    fn received(&self, bytes: &[u8]) {
        if self.multiplexed.load(Relaxed) {
            return;
        }
        if self.open.load(Relaxed) == 0 {
            self.head_begun.store(true, Relaxed);
        }
        self.framing.lock().unwrap_or_else(PoisonError::into_inner).received(bytes);
    }

    /// What follows the head of this request, which was just read.
    pub(super) fn next<B>(&self, request: &Request<B>) -> Next {
        if request.version() == Version::HTTP_2 {
            return Next::Head;
        }
        self.framing.lock().unwrap_or_else(PoisonError::into_inner).head(request.headers())
    }

    /// Whether hyper has nothing of an HTTP/1 connection in its hands: it has used up every byte that it was given, and
    /// written every answer. The next byte begins a head then, and what is written now disturbs no answer.
    pub(super) fn is_between_requests(&self) -> bool {
        !self.unwritten.load(Relaxed) && self.framing.lock().unwrap_or_else(PoisonError::into_inner).is_at_head()
    }

    /// A request came and was answered without hyper.
    pub(super) fn answered_at_once(&self) {
        self.requests.fetch_add(1, Relaxed);
        self.progressed();
    }

    /// hyper has written all that it had. An answer that it does not have yet is still open.
    fn written(&self) {
        if self.open.load(Relaxed) == 0 {
            self.unwritten.store(false, Relaxed);
        }
    }

    pub(super) fn progressed(&self) {
        self.progress.fetch_add(1, Relaxed);
    }
}

/// Marks an answer that ends when its client goes away: over HTTP/1 the end of what the client sends ends it. Without
/// this such a client passes for one that has sent everything and waits.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct UntilClientLeaves;

/// A request that is open.
pub(super) struct Exchange {
    pulse: Arc<Pulse>,
    working: bool,
    watches: bool,
}

impl Exchange {
    /// A head is complete: it is our turn.
    pub(super) fn begin(pulse: &Arc<Pulse>, version: Version) -> Self {
        pulse.requests.fetch_add(1, Relaxed);
        pulse.open.fetch_add(1, Relaxed);
        pulse.working.fetch_add(1, Relaxed);
        pulse.head_begun.store(false, Relaxed);
        pulse.unwritten.store(true, Relaxed);
        if version == Version::HTTP_2 {
            pulse.multiplexed.store(true, Relaxed);
        }
        pulse.progressed();
        Self { pulse: Arc::clone(pulse), working: true, watches: false }
    }

    /// From now on the client is watched for going away.
    pub(super) fn watch(&mut self) {
        self.watches = true;
        self.pulse.watched.store(true, Relaxed);
    }

    fn set_working(&mut self, working: bool) {
        if working == self.working {
            return;
        }
        self.working = working;
        if working {
            self.pulse.working.fetch_add(1, Relaxed);
        } else {
            self.pulse.working.fetch_sub(1, Relaxed);
        }
        self.pulse.progressed();
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.set_working(false);
        if self.watches {
            self.pulse.watched.store(false, Relaxed);
        }
        self.pulse.open.fetch_sub(1, Relaxed);
        self.pulse.progressed();
    }
}

/// An answer's body on its way. Between frames it is the client's turn; while a frame is asked for, ours. hyper drops it
/// when it has taken over the last one.
pub(super) struct Answer {
    body: Body,
    exchange: Exchange,
}

impl Answer {
    pub(super) fn new(body: Body, mut exchange: Exchange) -> Self {
        exchange.set_working(false);
        Self { body, exchange }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        self.exchange.set_working(frame.is_pending());
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What becomes of a connection whose time is over.
pub(super) enum Verdict {
    /// It may say goodbye.
    Close,
    Cut,
}

/// Runs out when the client has not done in time what it is waited for.
pub(super) struct Deadline {
    pulse: Arc<Pulse>,
    seen: (Phase, u32),
    due: Instant,
    /// Never later than `due`, most often earlier: to set a timer for each request would cost more than to be woken
    /// once in a while for nothing.
    timer: Pin<Box<Sleep>>,
    first_byte: Duration,
    headers: Duration,
    idle: Duration,
    closing: bool,
}

impl Deadline {
    pub(super) fn new(pulse: Arc<Pulse>, limits: &Limits) -> Self {
        let due = Instant::now() + limits.first_byte;
        Self {
            seen: pulse.read(),
            pulse,
            due,
            timer: Box::pin(sleep_until(due)),
            first_byte: limits.first_byte,
            headers: limits.headers,
            idle: limits.idle,
            closing: false,
        }
    }

    /// To be polled after the connection: what it did counts.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Verdict> {
        loop {
            let seen = self.pulse.read();
            if seen != self.seen {
                self.seen = seen;
                self.due = Instant::now() + self.allowed();
            }
            if self.due < self.timer.deadline() {
                self.timer.as_mut().reset(self.due);
            }
            ready!(self.timer.as_mut().poll(context));
            if self.due <= Instant::now() {
                if seen.0 == Phase::Idle && !self.closing {
                    self.closing = true;
                    self.due = Instant::now() + self.allowed();
                    self.timer.as_mut().reset(self.due);
                    return Poll::Ready(Verdict::Close);
                }
                if seen.0 != Phase::Working {
                    return Poll::Ready(Verdict::Cut);
                }
                self.due = Instant::now() + self.idle;
            }
            self.timer.as_mut().reset(self.due);
        }
    }

    /// The connection is asked to end: one that only waits for its client gets no more time than a goodbye takes.
    /// HTTP/2's goes to the client and back.
    pub(super) fn close(&mut self) {
        self.closing = true;
        self.due = self.due.min(Instant::now() + self.allowed());
    }

    fn allowed(&self) -> Duration {
        match self.seen.0 {
            Phase::FirstByte => self.first_byte,
            Phase::Head => self.headers,
            // Nothing runs out then; it is when to look again.
            Phase::Working => self.idle,
            Phase::Idle if self.closing => self.headers,
            Phase::Idle => self.idle,
            Phase::Linger => LINGER,
        }
    }
}

/// The connection's bytes, noted as they pass.
pub(super) struct Metered<S> {
    stream: S,
    pulse: Arc<Pulse>,
    /// What may still be discarded after the end was said; `None` before that.
    discardable: Option<usize>,
    /// What came while the client was watched, to be read next.
    ahead: Option<u8>,
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S, pulse: Arc<Pulse>) -> Self {
        Self { stream, pulse, discardable: None, ahead: None }
    }

    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(1..)) = written {
            self.pulse.progressed();
        }
        written
    }
}

impl<S: AsyncRead + Unpin> Metered<S> {
    /// While a client is watched: an error when it has gone away, and else a wake when it does. hyper, which has to let
    /// clients end what they send, looks for nothing while it answers. One that sends the next request in advance is
    /// waited for like any other.
    fn watch(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if !self.pulse.watched.load(Relaxed) || self.ahead.is_some() {
            return Ok(());
        }
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
            read?;
            self.ahead = buffer.filled().first().copied();
            return self.ahead.map(drop).ok_or_else(|| io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }

    /// Closing a socket with unread bytes resets it, and the reset may overtake the answer. So if the client is still
    /// sending, it is heard out, within bounds; if not, there is nothing to wait for.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut scratch = [0; 4096];
        while let Some(left) = self.discardable.filter(|left| *left > 0) {
            let mut buffer = ReadBuf::new(&mut scratch);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Pending if self.pulse.lingering.load(Relaxed) => return Poll::Pending,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.pulse.lingering.store(true, Relaxed);
                    self.discardable = Some(left.saturating_sub(buffer.filled().len()));
                }
                Poll::Pending | Poll::Ready(_) => break,
            }
        }
        self.discardable = Some(0);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = match self.ahead.take_if(|_| buffer.remaining() > 0) {
            Some(byte) => {
                buffer.put_slice(&[byte]);
                Poll::Ready(Ok(()))
            }
            None => Pin::new(&mut self.stream).poll_read(context, buffer),
        };
        if let Some(bytes @ [_, ..]) = buffer.filled().get(before..) {
            self.pulse.received(bytes);
        }
        outcome
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.pulse.written();
        Poll::Ready(self.watch(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.discardable.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
            self.discardable = Some(DISCARDED_BYTES_MAX);
        }
        self.poll_linger(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_over_when_its_answer_is_handed_over_and_written() {
        let pulse = Arc::new(Pulse::default());
        assert!(pulse.is_between_requests());
        let begin = || {
            pulse.received(b"GET / HTTP/1.1\r\n\r\n");
            assert!(!pulse.is_between_requests(), "a head that hyper has not used up");
            assert_eq!(pulse.next(&Request::new(())), Next::Head);
            Exchange::begin(&pulse, Version::HTTP_11)
        };
        let answer = Answer::new(Body::full("x"), begin());
        pulse.written();
        assert!(!pulse.is_between_requests(), "what was written is not all");
        drop(answer);
        assert!(!pulse.is_between_requests(), "handed over is not written");
        // Of one behind it hyper may write the first while it makes the second.
        let answer = Answer::new(Body::full("x"), begin());
        pulse.written();
        drop(answer);
        assert!(!pulse.is_between_requests(), "the second one is not written");
        pulse.written();
        assert!(pulse.is_between_requests());
    }
}
