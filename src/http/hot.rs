//! The hot answer: which form of an entry somebody gets, and that answer in the two ways that it is given: as a response
//! for hyper to send, and as the bytes that hyper would make of it.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use hyper::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, VARY};
use hyper::{HeaderMap, Method, Response, StatusCode};

use super::body::Body;
use super::date::http_date;
use super::respond::{BY_ASKER, PRIVATE, protect};
use crate::service::timeline::Layer;
use crate::store::hot::{Entry, Form};
use crate::view::calendar;

pub const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
pub const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// What every hot answer says beside its entity tag, whose place is kept: the first. A copy of a map costs a fraction of
/// what putting ten fields into one does, and this is on the way of every warm read.
static UNCHANGED: LazyLock<HeaderMap> = LazyLock::new(|| {
    let mut headers = HeaderMap::new();
    headers.insert(ETAG, HeaderValue::from_static(""));
    headers.insert(CACHE_CONTROL, PRIVATE);
    headers.insert(VARY, BY_ASKER);
    headers.insert(X_CACHE, HeaderValue::from_static(Layer::Hot.as_str()));
    headers.insert(SERVER_TIMING, HeaderValue::from_static("cache;desc=\"hot\""));
    protect(&mut headers);
    headers
});

/// The same for an answer with a body of each form.
static WITH_TIMELINE: LazyLock<HeaderMap> = LazyLock::new(|| with_body(Form::Timeline));
static WITH_CALENDAR: LazyLock<HeaderMap> = LazyLock::new(|| with_body(Form::Calendar));

/// All of them as lines, each behind the end of the one before, without the entity tag's.
static UNCHANGED_LINES: LazyLock<Vec<u8>> = LazyLock::new(|| lines(&UNCHANGED));
static TIMELINE_LINES: LazyLock<Vec<u8>> = LazyLock::new(|| lines(&WITH_TIMELINE));
static CALENDAR_LINES: LazyLock<Vec<u8>> = LazyLock::new(|| lines(&WITH_CALENDAR));

/// What the body of an entry is.
pub fn media_type(form: Form) -> &'static str {
    match form {
        Form::Timeline => "application/json",
        Form::Calendar => calendar::MEDIA_TYPE,
    }
}

fn with_body(form: Form) -> HeaderMap {
    let mut headers = UNCHANGED.clone();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(form)));
    headers
}

fn lines(headers: &HeaderMap) -> Vec<u8> {
    let mut lines = Vec::new();
    for (name, value) in headers.iter().filter(|(name, _)| **name != ETAG) {
        lines.extend_from_slice(&[b"\r\n", name.as_str().as_bytes(), b": ", value.as_bytes()].concat());
    }
    lines
}

/// An entry, in the form in which one asker gets it.
pub struct Hot {
    entry: Arc<Entry>,
    is_compressed: bool,
    is_unchanged: bool,
}

impl Hot {
    /// `is_known` says whether the asker has the representation with this entity tag already.
    pub fn new(entry: Arc<Entry>, takes_gzip: bool, is_known: impl FnOnce(&[u8]) -> bool) -> Hot {
        let is_compressed = takes_gzip && entry.compressed().is_some();
        let mut hot = Hot { entry, is_compressed, is_unchanged: false };
        hot.is_unchanged = is_known(hot.representation().1);
        hot
    }

    /// Body and entity tag.
    fn representation(&self) -> (&Bytes, &Bytes) {
        let compressed = if self.is_compressed { self.entry.compressed() } else { None };
        match compressed {
            Some(compressed) => (&compressed.body, &compressed.etag),
            None => (&self.entry.finished.body, &self.entry.etag),
        }
    }

    pub fn status(&self) -> StatusCode {
        if self.is_unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK }
    }

    /// The answer, complete with what browsers are told.
    pub fn response(&self) -> Response<Body> {
        let (body, etag) = self.representation();
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        if self.is_unchanged {
            *response.headers_mut() = UNCHANGED.clone();
        } else {
            *response.body_mut() = Body::full(body.clone());
            *response.headers_mut() = match self.entry.form {
                Form::Timeline => WITH_TIMELINE.clone(),
                Form::Calendar => WITH_CALENDAR.clone(),
            };
            if self.is_compressed {
                response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
        }
        // A hash in quotes is always a header's value. Its place is the first: a map keeps the order it was filled in.
        let places = response.headers_mut().iter_mut().next().filter(|(name, _)| **name == ETAG);
        if let (Some((_, place)), Ok(etag)) = (places, HeaderValue::from_maybe_shared(etag.clone())) {
            *place = etag;
        }
        response
    }

    /// The same in HTTP/1.1: the head is put behind what is in `head`, the body is returned.
    pub fn write(&self, method: &Method, now: DateTime<Utc>, head: &mut Vec<u8>) -> Bytes {
        let (body, etag) = self.representation();
        let (begin, lines) = match self.is_unchanged {
            true => (&b"HTTP/1.1 304 Not Modified\r\netag: "[..], &UNCHANGED_LINES),
            false => {
                let lines = match self.entry.form {
                    Form::Timeline => &TIMELINE_LINES,
                    Form::Calendar => &CALENDAR_LINES,
                };
                (&b"HTTP/1.1 200 OK\r\netag: "[..], lines)
            }
        };
        for part in [begin, etag, lines.as_slice()] {
            head.extend_from_slice(part);
        }
        if !self.is_unchanged {
            if self.is_compressed {
                head.extend_from_slice(b"\r\ncontent-encoding: gzip");
            }
            head.extend_from_slice(b"\r\ncontent-length: ");
            write_decimal(body.len(), head);
        }
        for part in [b"\r\ndate: ", &http_date(now)[..], b"\r\n\r\n"] {
            head.extend_from_slice(part);
        }
        if self.is_unchanged || method == Method::HEAD { Bytes::new() } else { body.clone() }
    }
}

/// What `write!` would, in a third of its time.
fn write_decimal(number: usize, out: &mut Vec<u8>) {
    let begin = out.len();
    let mut rest = number;
    loop {
        out.push(b"0123456789"[rest % 10]);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out[begin..].reverse();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_written_behind_what_is_there(number: usize, few in 0_usize..1_000) {
            for number in [number, few] {
                let mut out = b"n: ".to_vec();
                write_decimal(number, &mut out);
                prop_assert_eq!(String::from_utf8(out).unwrap(), format!("n: {number}"));
            }
        }
    }
}
