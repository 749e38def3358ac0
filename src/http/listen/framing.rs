//! How long a request says its body is, as it was sent.
//!
//! hyper goes by `Transfer-Encoding` where `Content-Length` stands beside it, and by the first of equal lengths, and takes
//! the other lines away before anybody sees them. What is in front of us may go by the other one; then the two of us
//! disagree about where the next request begins (RFC 9112, 11.2). So the bytes of each head are kept until hyper has
//! read it. Only heads with a body are looked at.

use hyper::header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use memchr::memchr_iter;

/// The lines of a head contradict each other, or repeat themselves, about the length of the body.
#[derive(Clone, Copy, Debug)]
pub struct AmbiguousLength;

/// What follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A body of known length or none, then a head.
    Head,
    /// A body whose end only hyper knows: after it no other request is taken.
    Unknown,
    /// Refused.
    Ambiguous,
}

/// More than hyper reads ahead, unless it was told to take larger heads; the connection then ends with the request.
const RECEIVED_BYTES_MAX: usize = 512 * 1024;

/// How an HTTP/2 connection begins, and no request of HTTP/1.
const PREFACE: &[u8] = b"PRI * HTTP/2";

/// The bytes of one HTTP/1 connection that are not yet accounted for.
#[derive(Default)]
pub(super) struct Framing {
    received: Vec<u8>,
    /// Bytes of a body that are still to come.
    body: u64,
    /// It is not known any more where a head begins.
    lost: bool,
}

impl Framing {
    pub(super) fn received(&mut self, bytes: &[u8]) {
        if self.lost {
            return;
        }
        let of_body = usize::try_from(self.body).unwrap_or(usize::MAX).min(bytes.len());
        self.body -= of_body as u64;
        self.received.extend_from_slice(&bytes[of_body..]);
        // HTTP/2 has frames.
        if self.received.len() > RECEIVED_BYTES_MAX || self.received.starts_with(PREFACE) {
            self.lose();
        }
    }

    /// hyper has read a head with these fields. To be called before it reads more of the connection.
    pub(super) fn head(&mut self, fields: &HeaderMap) -> Next {
        if self.lost {
            return Next::Unknown;
        }
        // Most often one head came, with as many lines as it has fields, a first one and an empty one, and nothing else.
        let tells_length = fields.contains_key(TRANSFER_ENCODING) || fields.contains_key(CONTENT_LENGTH);
        if !tells_length && self.is_only_head(fields.len()) {
            self.received.clear();
            return Next::Head;
        }
        let blank = self.received.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let Some(end) = end_of_head(&self.received[blank..]) else {
            self.lose();
            return Next::Unknown;
        };
        let end = blank + end;
        let next = match (fields.get(TRANSFER_ENCODING), fields.get(CONTENT_LENGTH)) {
            (None, None) => Next::Head,
            _ if lengths(&self.received[blank..end]) > 1 => Next::Ambiguous,
            (Some(_), _) => Next::Unknown,
            (None, Some(length)) => match length.to_str().ok().and_then(|length| length.trim().parse::<u64>().ok()) {
                Some(length) => {
                    self.body = length;
                    Next::Head
                }
                None => Next::Unknown,
            },
        };
        if next != Next::Head {
            self.lose();
            return next;
        }
        let behind = self.received.len() - end;
        let of_body = usize::try_from(self.body).unwrap_or(usize::MAX).min(behind);
        self.body -= of_body as u64;
        self.received.drain(..end + of_body);
        next
    }

    /// Whether every byte is accounted for, and the next one begins a head.
    pub(super) fn is_at_head(&self) -> bool {
        !self.lost && self.body == 0 && self.received.is_empty()
    }

    /// Whether what was received is the head of this many fields that hyper has just read, to the byte.
    fn is_only_head(&self, fields: usize) -> bool {
        self.received.ends_with(b"\r\n\r\n")
            && !matches!(self.received.first(), Some(b'\r' | b'\n'))
            && memchr_iter(b'\n', &self.received).count() == fields + 2
    }

    fn lose(&mut self) {
        self.lost = true;
        self.received = Vec::new();
    }
}

/// Where the first empty line ends.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    memchr_iter(b'\n', bytes).find_map(|at| match bytes[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

/// How many lines tell the length of the body.
fn lengths(head: &[u8]) -> usize {
    let lines = head.split(|byte| *byte == b'\n');
    let names = lines.filter_map(|line| line.split(|byte| *byte == b':').next());
    let is_length = |name: &&[u8]| {
        [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|length| name.eq_ignore_ascii_case(length.as_str().as_bytes()))
    };
    names.filter(is_length).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{HeaderName, HeaderValue};

    fn fields(fields: &[(HeaderName, &'static str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    fn first(head: &str, known: &[(HeaderName, &'static str)]) -> Next {
        let mut framing = Framing::default();
        framing.received(head.as_bytes());
        framing.head(&fields(known))
    }

    #[test]
    fn one_length_is_enough() {
        let (length, chunked) = ([(CONTENT_LENGTH, "3")], [(TRANSFER_ENCODING, "chunked")]);
        assert_eq!(first("GET / HTTP/1.1\r\nContent-Lengthy: 3\r\n\r\n", &[]), Next::Head);
        assert_eq!(first("\r\n\nPUT / HTTP/1.1\ncontent-LENGTH: 3\n\nabc", &length), Next::Head);
        assert_eq!(first("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", &chunked), Next::Unknown);
        for (lines, known) in [
            ("Content-Length: 3\r\nContent-Length: 3", &length),
            ("Content-Length: 3\r\ntransfer-encoding: chunked", &chunked),
            ("Transfer-Encoding: chunked\nCONTENT-LENGTH: 3", &chunked),
        ] {
            assert_eq!(first(&format!("PUT / HTTP/1.1\r\n{lines}\r\n\r\n"), known), Next::Ambiguous, "{lines}");
        }
    }

    #[test]
    fn a_body_is_no_head_however_it_comes() {
        let body = "Content-Length: 9\r\nContent-Length: 9\r\n\r\n";
        let length = [(CONTENT_LENGTH, "40")];
        let request = format!("PUT / HTTP/1.1\r\nContent-Length: 40\r\n\r\n{body}");
        assert_eq!(body.len(), 40);
        let text = format!("{request}{request}GET / HTTP/1.1\r\n\r\n{request}");
        let heads = [request.len(), request.len() * 2, request.len() * 2 + 18, text.len()];
        for piece in [1, 7, 38, 1000] {
            let mut framing = Framing::default();
            let mut ends = vec![request.len() - 40, request.len() * 2 - 40, request.len() * 2 + 18, text.len() - 40];
            let mut got = 0;
            for bytes in text.as_bytes().chunks(piece) {
                framing.received(bytes);
                got += bytes.len();
                while ends.first().is_some_and(|end| *end <= got) {
                    let known = if ends.len() == 2 { fields(&[]) } else { fields(&length) };
                    assert_eq!(framing.head(&known), Next::Head, "{piece} {got}");
                    ends.remove(0);
                }
                assert_eq!(framing.is_at_head(), heads.contains(&got), "{piece} {got}");
            }
            assert!(ends.is_empty() && framing.received.is_empty() && framing.body == 0, "{piece}");
        }
    }

    #[test]
    fn heads_alone_and_heads_in_a_row_end_where_they_end() {
        let (head, known) = ("GET / HTTP/1.1\r\nA: b\r\n\r\n", fields(&[(HeaderName::from_static("a"), "b")]));
        for (sent, left) in [(head.to_owned(), ""), (format!("{head}{head}"), head), (format!("\r\n{head}"), "")] {
            let mut framing = Framing::default();
            framing.received(sent.as_bytes());
            assert_eq!((framing.head(&known), framing.received.as_slice()), (Next::Head, left.as_bytes()), "{sent:?}");
        }
        // The next one has only begun.
        let mut framing = Framing::default();
        framing.received(format!("{head}G").as_bytes());
        assert_eq!((framing.head(&known), framing.received.as_slice()), (Next::Head, &b"G"[..]));
    }

    #[test]
    fn behind_chunks_nothing_is_known() {
        let mut framing = Framing::default();
        framing.received(b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n");
        assert_eq!(framing.head(&fields(&[(TRANSFER_ENCODING, "chunked")])), Next::Unknown);
        assert!(!framing.is_at_head());
        assert_eq!(framing.head(&fields(&[])), Next::Unknown);
        framing.received(b"GET / HTTP/1.1\r\n\r\n");
        assert!(framing.received.is_empty());
    }
}
