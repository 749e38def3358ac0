//! Pages, compressed for whoever takes that.

use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Body as HttpBody;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue, VARY};

use super::body::Body;
use crate::store::hot::compressed;

/// A page larger than this goes as it is: it is whole in memory while it is compressed.
const PAGE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The same answer, smaller where it is a whole page. What has an entity tag has been compressed by whoever gave it one.
pub async fn compress(response: Response<Body>) -> Response<Body> {
    let headers = response.headers();
    let is_page = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let is_whole = response.body().size_hint().exact().is_some_and(|bytes| bytes <= PAGE_BYTES_MAX);
    if !is_page || !is_whole || headers.contains_key(ETAG) || headers.contains_key(CONTENT_ENCODING) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(body) = body.collect().await else { return Response::from_parts(head, Body::empty()) };
    let body = body.to_bytes();
    head.headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    match compressed(&body) {
        None => Response::from_parts(head, Body::full(body)),
        Some(smaller) => {
            head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            head.headers.remove(CONTENT_LENGTH);
            Response::from_parts(head, Body::full(smaller))
        }
    }
}
