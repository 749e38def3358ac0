//! Heads that nothing but looking at them is needed for: a request for the timeline or a feed, whole and alone, whose
//! head says nothing of a body and nothing of the connection.
//!
//! The parser is hyper's own, asked in the same way. What must hold: a head that is taken here means the same to hyper.
//! Whatever is otherwise, malformed or only unusual, is left to hyper.

use std::mem::MaybeUninit;

use httparse::{Header, Request, Status};
use hyper::{Method, Version};

use super::feed;
use super::fields::Fields;
use super::head::Heading;

/// Where the timeline is.
pub const TIMELINE: &str = "/codex";

/// How a request for it begins, and one for a feed.
static BEGINNINGS: [(&[u8], Method); 4] = [
    (b"GET /codex HTTP/1.1\r\n", Method::GET),
    (b"HEAD /codex HTTP/1.1\r\n", Method::HEAD),
    (b"GET /feeds/", Method::GET),
    (b"HEAD /feeds/", Method::HEAD),
];

/// More fields than any program sends that asks for a timeline or a feed.
const FIELDS_MAX: usize = 32;

/// The head that these bytes are, to the last one, if it has no more fields than that; `fields` are given those that
/// matter.
pub fn read<'b, 'r>(bytes: &'b [u8], fields_max: usize, fields: &'r mut Fields<'b>) -> Option<Heading<'r>> {
    let (_, method) = BEGINNINGS.iter().find(|(begins, _)| bytes.starts_with(begins))?;
    let mut lines = [const { MaybeUninit::uninit() }; FIELDS_MAX];
    let mut request = Request::new(&mut []);
    let read = request.parse_with_uninit_headers(bytes, &mut lines);
    if read != Ok(Status::Complete(bytes.len())) || request.headers.len() > fields_max {
        return None;
    }
    let path = request.path.filter(|path| *path == TIMELINE || is_feed(path))?;
    if request.version != Some(1) {
        return None;
    }
    find(request.headers, fields)?;
    Some(Heading {
        method,
        version: Version::HTTP_11,
        authority: None,
        path,
        query: None,
        fields,
        is_length_ambiguous: false,
    })
}

/// Whether a target is the path of a feed, without a query or anything else that hyper would have to take apart.
fn is_feed(target: &str) -> bool {
    let is_plain = |token: &str| token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    feed::token(target).is_some_and(|token| !token.is_empty() && is_plain(token))
}

/// Finds the fields that matter; `None` if one is for whoever leads the connection, or is repeated: the lines are not
/// kept.
fn find<'b>(lines: &[Header<'b>], fields: &mut Fields<'b>) -> Option<()> {
    for line in lines {
        if let Some(field) = fields.named(line.name) {
            if field.first.is_some() {
                return None;
            }
            field.add(line.value);
        } else if is_about_the_connection(line) {
            return None;
        }
    }
    let is_alone = fields.expect.first.is_none() && fields.transfer_encoding.first.is_none();
    is_alone.then_some(())
}

fn is_about_the_connection(line: &Header<'_>) -> bool {
    let is = |known: &str| line.name.eq_ignore_ascii_case(known);
    match line.name.len() {
        7 => is("upgrade"),
        // That it is kept is so without being asked for.
        10 => is("connection") && !line.value.eq_ignore_ascii_case(b"keep-alive"),
        14 => is("content-length"),
        _ => false,
    }
}
