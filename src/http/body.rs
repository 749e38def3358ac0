//! Bodies: the one type that answers have, and how a request's body is read within its limits.

use std::io;
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// What is read and thrown away of a body that is too large, so that its sender gets to the answer. A client that is
/// still sending when the connection closes sees a reset, not the 413.
pub const DISCARDED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// What is set aside at once for a body that announces its length: an announcement costs its sender nothing.
const RESERVED_BYTES_MAX: usize = 64 * 1024;

/// The body of an answer: whole bytes, without an allocation of its own, or anything else that yields frames.
#[derive(Debug)]
pub struct Body(Kind);

#[derive(Debug)]
enum Kind {
    /// Empty once it was handed out.
    Full(Bytes),
    Frames(axum::body::Body),
}

impl Body {
    /// No bytes at all.
    pub const fn empty() -> Self {
        Self(Kind::Full(Bytes::new()))
    }

    /// These bytes, their length known to the client beforehand.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Full(bytes.into()))
    }

    /// Frames that come when they come, as server-sent events do.
    pub fn frames<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        Self(Kind::Frames(axum::body::Body::new(body)))
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<axum::body::Body> for Body {
    fn from(body: axum::body::Body) -> Self {
        Self(Kind::Frames(body))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.0 {
            Kind::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(mem::take(bytes))))),
            Kind::Frames(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Full(bytes) => bytes.is_empty(),
            Kind::Frames(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Frames(body) => body.size_hint(),
        }
    }
}

/// Why a request's body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// 413. As much was discarded as there was reason to.
    #[error("the body is larger than {bytes_max} bytes")]
    TooLarge { bytes_max: usize },
    /// 408: nothing came for too long.
    #[error("the body stopped coming")]
    IdleTimeout,
    /// 408: it came, but too slowly.
    #[error("the body took too long")]
    TotalTimeout,
    /// The connection or the stream ended before the body did, or it was malformed.
    #[error("the body was cut off")]
    Cut,
}

/// Reads a whole body of at most `bytes_max`; no pause in it may be longer than `idle`, nor all of it take longer than
/// `total`.
///
/// A body that is too large is read on, up to [`DISCARDED_BYTES_MAX`] and within the same times, and thrown away. One
/// that announces more than that is left unread: the connection closes after the answer.
pub async fn read<B>(body: B, bytes_max: usize, idle: Duration, total: Duration) -> Result<Bytes, BodyError>
where
    B: HttpBody<Data = Bytes>,
{
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let too_large = BodyError::TooLarge { bytes_max };
    if announced > bytes_max.saturating_add(DISCARDED_BYTES_MAX) {
        return Err(too_large);
    }
    let mut source = Source { body: pin!(body), idle, ends: Instant::now() + total };
    if announced > bytes_max {
        source.discard(bytes_max.saturating_add(DISCARDED_BYTES_MAX)).await;
        return Err(too_large);
    }
    // Most bodies come in one piece, which is handed on as it is.
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(data) = source.next().await? {
        if data.len() > bytes_max - first.len().max(whole.len()) {
            source.discard(DISCARDED_BYTES_MAX.saturating_sub(data.len())).await;
            return Err(too_large);
        }
        if first.is_empty() && whole.is_empty() {
            first = data;
            continue;
        }
        if whole.is_empty() {
            whole.reserve(announced.min(RESERVED_BYTES_MAX).max(first.len() + data.len()));
            whole.extend_from_slice(&mem::take(&mut first));
        }
        whole.extend_from_slice(&data);
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

/// Passes a body of at most `bytes_max` on in pieces, as fast as they are taken, within the same times as [`read`].
/// Pieces that nobody wants any more are thrown away, all that may still come, so that the sender gets to the answer.
///
/// # Errors
/// As [`read`]; the last piece is then an error as well, so that nobody takes a part for the whole.
pub async fn feed<B>(
    body: B,
    bytes_max: usize,
    idle: Duration,
    total: Duration,
    pieces: mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), BodyError>
where
    B: HttpBody<Data = Bytes>,
{
    let cut = |error: BodyError| Err(io::Error::other(error));
    let too_large = BodyError::TooLarge { bytes_max };
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut source = Source { body: pin!(body), idle, ends: Instant::now() + total };
    let mut left = bytes_max;
    // Nothing is begun with what is too large anyway.
    if announced > bytes_max {
        let _ = pieces.send(cut(too_large)).await;
        if announced <= bytes_max.saturating_add(DISCARDED_BYTES_MAX) {
            source.discard(announced).await;
        }
        return Err(too_large);
    }
    loop {
        match source.next().await {
            Ok(None) => return Ok(()),
            Ok(Some(data)) if data.len() > left => {
                let _ = pieces.send(cut(too_large)).await;
                source.discard(DISCARDED_BYTES_MAX.saturating_sub(data.len())).await;
                return Err(too_large);
            }
            Ok(Some(data)) => {
                left -= data.len();
                if pieces.send(Ok(data)).await.is_err() {
                    source.discard(left).await;
                    return Ok(());
                }
            }
            Err(error) => {
                let _ = pieces.send(cut(error)).await;
                return Err(error);
            }
        }
    }
}

/// A body being read against the clock.
struct Source<'a, B> {
    body: Pin<&'a mut B>,
    idle: Duration,
    ends: Instant,
}

impl<B: HttpBody<Data = Bytes>> Source<'_, B> {
    /// The next bytes, never empty.
    async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        loop {
            let now = Instant::now();
            // A sender of empty frames is always ready: the timer below would never be asked.
            if now >= self.ends {
                return Err(BodyError::TotalTimeout);
            }
            let until = (now + self.idle).min(self.ends);
            let frame = std::future::poll_fn(|context| self.body.as_mut().poll_frame(context));
            match timeout_at(until, frame).await {
                Err(_) if until == self.ends => return Err(BodyError::TotalTimeout),
                Err(_) => return Err(BodyError::IdleTimeout),
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => return Err(BodyError::Cut),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Ok(Some(data)),
                    Ok(_) | Err(_) => {}
                },
            }
        }
    }

    /// Throws away what still comes, however that ends.
    async fn discard(&mut self, bytes_max: usize) {
        let mut left = bytes_max;
        while left > 0 {
            match self.next().await {
                Ok(Some(data)) => left = left.saturating_sub(data.len()),
                Ok(None) | Err(_) => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;

    use http_body_util::{BodyExt, Full};

    use super::*;

    const LONG: Duration = Duration::from_secs(30);
    const SHORT: Duration = Duration::from_millis(20);

    /// Yields its pieces, then ends or (`endless`) never does; counts what was taken.
    struct Pieces<'a> {
        pieces: VecDeque<Bytes>,
        endless: bool,
        taken: &'a mut usize,
    }

    impl HttpBody for Pieces<'_> {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            match self.pieces.pop_front() {
                Some(piece) => {
                    *self.taken += piece.len();
                    Poll::Ready(Some(Ok(Frame::data(piece))))
                }
                None if self.endless => Poll::Pending,
                None => Poll::Ready(None),
            }
        }
    }

    fn pieces<'a>(lengths: &[usize], endless: bool, taken: &'a mut usize) -> Pieces<'a> {
        Pieces { pieces: lengths.iter().map(|length| Bytes::from(vec![b'x'; *length])).collect(), endless, taken }
    }

    #[tokio::test]
    async fn a_full_body_knows_its_length_and_ends() {
        let mut body = Body::full("hello");
        assert_eq!(body.size_hint().exact(), Some(5));
        assert!(!body.is_end_stream());
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(frame, "hello");
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.frame().await.is_none());
        assert!(Body::empty().is_end_stream());
    }

    #[tokio::test]
    async fn frames_and_axum_bodies_pass_through() {
        let body = Body::frames(Full::new(Bytes::from_static(b"abc")));
        assert_eq!(body.size_hint().exact(), Some(3));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abc");
        let body = Body::from(axum::body::Body::from("abcd"));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abcd");
    }

    #[tokio::test]
    async fn one_piece_is_not_copied_and_many_are_joined() {
        let whole = Bytes::from(vec![1; 100]);
        let read_back = read(Full::new(whole.clone()), 100, LONG, LONG).await.unwrap();
        assert_eq!(read_back.as_ptr(), whole.as_ptr());
        let mut taken = 0;
        let joined = read(pieces(&[3, 0, 4, 5], false, &mut taken), 12, LONG, LONG).await.unwrap();
        assert_eq!(joined.len(), 12);
    }

    #[tokio::test]
    async fn a_large_body_is_discarded_up_to_a_limit() {
        let mut taken = 0;
        let outcome = read(pieces(&[60, 60, 60], false, &mut taken), 100, LONG, LONG).await;
        assert_eq!((outcome, taken), (Err(BodyError::TooLarge { bytes_max: 100 }), 180));
        let mut taken = 0;
        let megabytes = [1024 * 1024; 20];
        let outcome = read(pieces(&megabytes, false, &mut taken), 1024 * 1024, LONG, LONG).await;
        assert_eq!((outcome, taken), (Err(BodyError::TooLarge { bytes_max: 1024 * 1024 }), 9 * 1024 * 1024));
        let announced = Full::new(Bytes::from(vec![0; 101]));
        assert_eq!(read(announced, 100, LONG, LONG).await, Err(BodyError::TooLarge { bytes_max: 100 }));
    }

    #[tokio::test]
    async fn a_stopped_body_runs_into_the_nearer_limit() {
        let mut taken = 0;
        let outcome = read(pieces(&[1], true, &mut taken), 100, SHORT, LONG).await;
        assert_eq!(outcome, Err(BodyError::IdleTimeout));
        let outcome = read(pieces(&[1], true, &mut taken), 100, LONG, SHORT).await;
        assert_eq!(outcome, Err(BodyError::TotalTimeout));
        let outcome = read(pieces(&[101], true, &mut taken), 100, SHORT, LONG).await;
        assert_eq!(outcome, Err(BodyError::TooLarge { bytes_max: 100 }));
    }
}
