//! The shortcut past hyper: a request that came whole and alone, and whose answer is at hand, is answered where its bytes
//! are read. hyper never hears of it.
//!
//! It lies between hyper and the socket. What must hold:
//! - it is taken only while hyper has nothing of this connection in its hands: no byte that it has not used up, no request
//!   that is not answered, no byte of an answer that is not written (`Pulse::is_between_requests`);
//! - an answer goes out whole before anything else is read or written;
//! - it is a shortcut: whoever does not get through by it is answered the long way, in the same words.

use std::io::{self, ErrorKind, IoSlice};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use super::pulse::Pulse;
use super::{Handler, Peer, Server};

/// A connection's socket, with the shortcut in front of it.
pub(super) struct Shortcut<S, H> {
    stream: S,
    server: Arc<Server<H>>,
    peer: Peer,
    pulse: Arc<Pulse>,
    told: watch::Receiver<bool>,
    answer: Answer,
    /// The end was said: what comes now is only heard out.
    is_ended: bool,
}

/// An answer on its way.
#[derive(Default)]
struct Answer {
    /// Kept for the next one's.
    head: Vec<u8>,
    body: Bytes,
    /// Bytes of both that are written.
    written: usize,
}

impl Answer {
    fn is_sent(&self) -> bool {
        self.written == self.head.len() + self.body.len()
    }

    /// What is left of head and body.
    fn rest(&self) -> [&[u8]; 2] {
        let of_head = self.written.min(self.head.len());
        [&self.head[of_head..], &self.body[self.written - of_head..]]
    }

    fn clear(&mut self) {
        self.head.clear();
        self.body = Bytes::new();
        self.written = 0;
    }
}

impl<S, H> Shortcut<S, H> {
    /// `told` says when the server stops: from then on nothing is answered here, because an answer has to say that it is
    /// the last.
    pub(super) fn new(
        stream: S,
        server: Arc<Server<H>>,
        peer: Peer,
        pulse: Arc<Pulse>,
        told: watch::Receiver<bool>,
    ) -> Self {
        Self { stream, server, peer, pulse, told, answer: Answer::default(), is_ended: false }
    }
}

impl<S, H: Handler> Shortcut<S, H> {
    /// Whether these bytes, just read, are a request that is answered here; then the answer is ready to be sent.
    fn answers(&mut self, bytes: &[u8]) -> bool {
        let is_open = !self.is_ended && self.pulse.is_between_requests() && !self.told.has_changed().unwrap_or(true);
        if !is_open {
            return false;
        }
        let (handler, head) = (&self.server.handler, &mut self.answer.head);
        // A handler that panics does it again for hyper, and that is answered.
        let answered = catch_unwind(AssertUnwindSafe(|| handler.answer_at_once(bytes, self.peer, head)));
        let Ok(Some(body)) = answered else {
            self.answer.clear();
            return false;
        };
        self.answer.body = body;
        self.pulse.answered_at_once();
        true
    }
}

impl<S: AsyncWrite + Unpin, H> Shortcut<S, H> {
    /// Ready when no answer of ours is on its way.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.answer.head.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while !self.answer.is_sent() {
            let stream = Pin::new(&mut self.stream);
            let written = match self.answer.rest() {
                [rest, []] | [[], rest] => ready!(stream.poll_write(context, rest))?,
                [head, body] => ready!(stream.poll_write_vectored(context, &[IoSlice::new(head), IoSlice::new(body)]))?,
            };
            if written == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.answer.written += written;
            self.pulse.progressed();
        }
        self.answer.clear();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, H: Handler> AsyncRead for Shortcut<S, H> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        loop {
            ready!(self.poll_send(context))?;
            ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
            if !self.answers(&buffer.filled()[before..]) {
                return Poll::Ready(Ok(()));
            }
            // Taken out again: hyper finds nothing there.
            buffer.set_filled(before);
        }
    }
}

impl<S: AsyncWrite + Unpin, H> AsyncWrite for Shortcut<S, H> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_ended = true;
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
