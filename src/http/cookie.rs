//! The cookie that a session is kept in (RFC 6265).
//!
//! Over https its name begins with `__Host-`, which browsers take only from this very host, and send back only to it.
//! What must hold: a cookie counts by its whole name, and only if it is there once: whoever could put a second one
//! beside it, another server of the same domain or of another port, decides nothing.

use hyper::header::HeaderValue;
use memchr::memchr_iter;

use crate::service::sessions::SESSION_LASTS;

/// The name over plain http, where no browser takes the other one.
const PLAIN: &str = "codexmiroir";
const SECURE: &str = "__Host-codexmiroir";

fn name(is_https: bool) -> &'static str {
    if is_https { SECURE } else { PLAIN }
}

/// The session in these lines of `Cookie`. HTTP/2 may part the cookies among several (RFC 9113, 8.2.3).
pub fn session<'l>(lines: impl IntoIterator<Item = &'l [u8]>, is_https: bool) -> Option<&'l [u8]> {
    let name = name(is_https);
    let mut found = None;
    for line in lines {
        for pair in pairs(line) {
            let value = value_of(name, pair);
            if value.is_some() && std::mem::replace(&mut found, value).is_some() {
                return None;
            }
        }
    }
    found
}

/// Whatever in these lines may be a session, by either name and however often: nobody is let in by that, but all of it
/// can be ended.
pub fn sessions<'l>(lines: impl IntoIterator<Item = &'l [u8]>) -> impl Iterator<Item = &'l [u8]> {
    let value = |pair| value_of(PLAIN, pair).or_else(|| value_of(SECURE, pair));
    lines.into_iter().flat_map(pairs).filter_map(value)
}

fn pairs(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut begin = 0;
    memchr_iter(b';', line).chain([line.len()]).map(move |end| &line[std::mem::replace(&mut begin, end + 1)..end])
}

fn value_of<'l>(name: &str, pair: &'l [u8]) -> Option<&'l [u8]> {
    pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

/// What makes a browser keep a session.
pub fn kept(secret: &str, is_https: bool) -> HeaderValue {
    written(secret, SESSION_LASTS.num_seconds(), is_https)
}

/// What makes a browser forget it.
pub fn forgotten(is_https: bool) -> HeaderValue {
    written("", 0, is_https)
}

fn written(value: &str, seconds: i64, is_https: bool) -> HeaderValue {
    let secure = if is_https { "; Secure" } else { "" };
    let name = name(is_https);
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    let mut value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
    // So that no debug output shows it.
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: &[&'static str], is_https: bool) -> Option<&'static str> {
        session(lines.iter().map(|line| line.as_bytes()), is_https).map(|value| str::from_utf8(value).unwrap())
    }

    #[test]
    fn a_cookie_counts_by_its_whole_name() {
        for line in ["codexmiroir=x", "a=b; codexmiroir=x", "codexmiroir=x;c=d", " a=b ;  codexmiroir=x  "] {
            assert_eq!(found(&[line], false), Some("x"), "{line}");
            assert_eq!(found(&[line], true), None, "{line}");
        }
        for line in [
            "xcodexmiroir=x",
            "codexmiroir2=x",
            "Codexmiroir=x",
            "a=codexmiroir=x",
            "a=\"; codexmiroir\"=x",
            "codexmiroir",
            "codexmiroir =x",
            "",
            "=;;=",
            "__Host-codexmiroir=x",
        ] {
            assert_eq!(found(&[line], false), None, "{line}");
        }
        assert_eq!(found(&["codexmiroir=y; __Host-codexmiroir=x"], true), Some("x"));
    }

    #[test]
    fn of_two_none_counts() {
        assert_eq!(found(&["codexmiroir=x; codexmiroir=x"], false), None);
        assert_eq!(found(&["codexmiroir=x", "codexmiroir=y"], false), None);
        assert_eq!(found(&["a=b", "codexmiroir=y"], false), Some("y"), "HTTP/2 parts them");
    }

    #[test]
    fn all_of_them_can_be_ended() {
        let lines = ["codexmiroir=x; a=b; codexmiroir=y", "__Host-codexmiroir=z;codexmiroir2=v; xcodexmiroir=w"];
        let found: Vec<_> = sessions(lines.iter().map(|line| line.as_bytes())).collect();
        assert_eq!(found, [b"x", b"y", b"z"]);
    }

    #[test]
    fn it_is_kept_from_scripts_and_other_sites() {
        let kept = |is_https| kept("cms_x", is_https).to_str().unwrap().to_owned();
        assert_eq!(kept(false), "codexmiroir=cms_x; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax");
        assert_eq!(kept(true), "__Host-codexmiroir=cms_x; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax; Secure");
        assert!(forgotten(true).to_str().unwrap().starts_with("__Host-codexmiroir=; Path=/; Max-Age=0; "));
    }
}
