//! The timeline in other forms, over other days, at other instants, and compressed.

use std::io::Read as _;

use flate2::read::GzDecoder;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::json;

use crate::harness::{Answer, TestServer, TestUser, file_at, vault};

/// What a browser sends.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

async fn asked(user: &TestUser, path: &str, header: &str, value: &str) -> Answer {
    Answer::of(user.request(Method::GET, path).header(header, value)).await
}

/// An answer that nobody keeps: no tag, not to be stored, and no 304 whatever the client has.
fn assert_uncached(answer: &Answer, path: &str) {
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    assert_eq!((answer.header("etag"), answer.header("cache-control")), ("", "no-store"), "{path}");
    assert_eq!(answer.header("x-cache"), "rebuilt", "{path}");
    assert!(answer.header("vary").contains("Authorization"), "{path}");
}

/// Lena with the sample vault, her timeline hot.
async fn stage() -> (TestServer, TestUser, Answer) {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    lena.codex().await;
    let hot = lena.get("/codex").await;
    assert_eq!(hot.header("x-cache"), "hot");
    (server, lena, hot)
}

async fn assert_still_hot(user: &TestUser, hot: &Answer, after: &str) {
    let now = user.get("/codex").await;
    assert_eq!((now.header("x-cache"), now.header("etag")), ("hot", hot.header("etag")), "after {after}");
    assert_eq!(now.text, hot.text, "after {after}");
}

#[tokio::test]
async fn other_days_are_planned_and_not_kept() {
    let (server, lena, hot) = stage().await;
    for (days, last) in [("1", "13.10.2025"), ("2", "14.10.2025"), ("14", "26.10.2025"), ("366", "13.10.2026")] {
        let path = format!("/codex?days={days}");
        let answer = lena.get(&path).await;
        assert_uncached(&answer, &path);
        let codex = answer.json();
        let listed = codex["timeline"].as_array().unwrap();
        assert_eq!(
            (listed[0]["datum"].as_str(), listed.last().unwrap()["datum"].as_str()),
            (Some("13.10.2025"), Some(last))
        );
        assert_eq!(
            (&codex["generation"], codex["timeline"].as_array().unwrap().len().to_string()),
            (&json!(1), days.to_owned())
        );
        assert_still_hot(&lena, &hot, &path).await;
    }
    // As many as usual: the same answer, and still not to be kept.
    let usual = lena.get("/codex?days=7").await;
    assert_uncached(&usual, "days=7");
    assert_eq!(usual.text, hot.text);
    let conditional = asked(&lena, "/codex?days=7", "If-None-Match", hot.header("etag")).await;
    assert_eq!((conditional.status, conditional.text == hot.text), (200, true));
    assert_eq!(lena.get("/api/settings").await.json()["horizon"], 7, "the setting stays");
    // Nor is anything of it on disk.
    lena.get("/codex?days=3").await;
    let server = server.restart().await;
    let first = server.again(&lena).get("/codex").await;
    assert_eq!((first.header("x-cache"), &first.text), ("materialized", &hot.text));
}

#[tokio::test]
async fn another_instant_is_answered_as_it_will_be() {
    let (server, lena, hot) = stage().await;
    let instants = [
        "2025-10-13T08:59:59.999%2B02:00",
        "2025-10-13T09:00:00%2B02:00",
        "2025-10-14T13:45:00%2B02:00",
        "2025-10-18T22:00:00Z",
        "2025-11-30T11:11:11Z",
    ];
    let mut foretold = Vec::new();
    for now in instants {
        let path = format!("/codex?now={now}");
        let answer = lena.get(&path).await;
        assert_uncached(&answer, &path);
        assert_still_hot(&lena, &hot, &path).await;
        foretold.push(answer.text);
    }
    let past = lena.get("/codex?now=2025-10-01T08:00:00Z").await.json();
    assert_eq!(past["weekStart"], "01.10.2025");
    for (now, foretold) in instants.into_iter().zip(foretold) {
        server.set_clock(&now.replace("%2B", "+"));
        let there = lena.get("/codex").await;
        assert_eq!(there.text, foretold, "{now}");
    }
    let both = lena.get("/codex?now=2025-10-18T22:00:00Z&days=2").await;
    assert_uncached(&both, "both");
    assert_eq!(
        (&both.json()["weekStart"], both.json()["timeline"].as_array().unwrap().len()),
        (&json!("19.10.2025"), 2)
    );
}

#[tokio::test]
async fn a_what_if_sees_the_latest_change() {
    let (_server, lena, _) = stage().await;
    let id = lena.create(json!({"kategorie": "arbeit", "title": "Neu"})).await;
    lena.apply(&id, "pin", json!({"datum": "16.10.2025", "zeit": "abends"})).await;
    let codex = lena.get("/codex?now=2025-10-16T10:00:00Z&days=1").await.json();
    assert!(file_at(&codex, "16.10.2025", "abends").unwrap().ends_with("Neu.md"));
}

#[tokio::test]
async fn a_browser_gets_a_page_and_curl_json() {
    let (_server, lena, hot) = stage().await;
    let html = "text/html; charset=utf-8";
    let text = "text/plain; charset=utf-8";
    let json = "application/json";
    for (query, accept, content_type) in [
        ("", "*/*", json),
        ("", "application/json", json),
        ("", BROWSER, html),
        ("", "text/html", html),
        ("", "text/plain", text),
        ("", "text/plain;q=0.5, text/html;q=0.4", text),
        ("", "text/html;q=0.5, application/json", json),
        ("", "image/png", json),
        ("?format=json", BROWSER, json),
        ("?format=html", "*/*", html),
        ("?format=html", "application/json", html),
        ("?format=text", BROWSER, text),
        ("?format=", "*/*", json),
        ("?format=", BROWSER, html),
        ("?days=2", BROWSER, html),
        ("?format=text&now=2025-10-13T10:00:00Z", "*/*", text),
    ] {
        let path = format!("/codex{query}");
        let answer = asked(&lena, &path, "Accept", accept).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, content_type), "{path} {accept}");
        assert!(answer.header("vary").split(", ").any(|name| name == "Accept"), "{path} {accept}");
        if content_type == json {
            assert_eq!((answer.header("etag"), &answer.text), (hot.header("etag"), &hot.text), "{path} {accept}");
        } else {
            assert_uncached(&answer, &path);
        }
        assert_eq!(answer.text.starts_with("<!DOCTYPE html>"), content_type == html, "{path} {accept}");
        assert_still_hot(&lena, &hot, &path).await;
    }
    assert_eq!(lena.get("/codex").await.header("content-type"), json, "nothing asked for is JSON");
}

#[tokio::test]
async fn every_form_tells_of_the_same_tasks() {
    let (_server, lena, hot) = stage().await;
    let codex = hot.json();
    let mut titles = Vec::new();
    for day in codex["timeline"].as_array().unwrap() {
        let tasks = day["slots"].as_array().unwrap().iter().filter_map(|slot| slot["task"]["title"].as_str());
        titles.extend(tasks.map(str::to_owned));
    }
    assert!(titles.len() > 3);
    let page = lena.get("/codex?format=html").await.text;
    let drawn = lena.get("/codex?format=text").await.text;
    for title in &titles {
        // The text cuts titles that are wider than its columns, the page escapes them.
        let begin: String = title.chars().take_while(|c| c.is_alphanumeric()).take(8).collect();
        assert!(page.contains(&begin) && drawn.contains(&begin), "{title}");
    }
    let shorter = lena.get("/codex?format=text&days=1").await.text;
    assert!(drawn.contains("Tue 14.10.  ") && !shorter.contains("Tue 14.10.  "), "{drawn}{shorter}");
}

#[tokio::test]
async fn values_that_cannot_be_are_named() {
    let (_server, lena, hot) = stage().await;
    for (query, field) in [
        ("days=0", "days"),
        ("days=367", "days"),
        ("days=7d", "days"),
        ("days=-1&format=html", "days"),
        ("days=7&days=0", "days"),
        ("now=heute", "now"),
        ("now=2025-10-13T10:00:00", "now"),
        ("now=2025-10-13T10:00:00+02:00", "now"),
        ("now=9998-01-01T00:00:00Z", "now"),
        ("now=1969-12-31T23:59:59Z", "now"),
        ("format=ical", "format"),
        ("format=HTML", "format"),
        ("format=html%00", "format"),
        ("nocache=ja", "nocache"),
    ] {
        for accept in ["*/*", BROWSER] {
            let refused = asked(&lena, &format!("/codex?{query}"), "Accept", accept).await;
            assert_eq!(refused.status, 400, "{query}");
            if accept == BROWSER {
                let is_told = refused.text.contains(&format!("{field} must be"));
                assert!(is_told && refused.text.starts_with("<!DOCTYPE html>"), "{query}: {}", refused.text);
            } else {
                assert_eq!(
                    (refused.code().as_str(), &refused.json()["field"]),
                    ("malformed_query", &json!(field)),
                    "{query}"
                );
            }
            assert_eq!(refused.header("cache-control"), "no-store", "{query}");
        }
    }
    assert_still_hot(&lena, &hot, "all of them").await;
}

/// An answer as it came.
struct Raw {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Raw {
    async fn of(user: &TestUser, path: &str, headers: &[(&str, &str)]) -> Raw {
        let request = user.request(Method::GET, path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Raw { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    /// The value of a header, empty where there is none.
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn decompressed(&self) -> String {
        assert_eq!(self.header("content-encoding"), "gzip");
        let mut text = String::new();
        GzDecoder::new(self.body.as_slice()).read_to_string(&mut text).unwrap();
        text
    }

    fn text(&self) -> &str {
        assert_eq!(self.header("content-encoding"), "");
        std::str::from_utf8(&self.body).unwrap()
    }
}

#[tokio::test]
async fn a_compressed_answer_is_the_same_answer_with_a_tag_of_its_own() {
    let (_server, lena, hot) = stage().await;
    for coding in ["gzip", "br, gzip;q=0.5", "GZIP", "*", "gzip, deflate, br, zstd"] {
        for path in ["/codex", "/codex?nocache=false", "/codex?nocache=true"] {
            let answer = Raw::of(&lena, path, &[("Accept-Encoding", coding)]).await;
            assert_eq!((answer.status, answer.decompressed()), (200, hot.text.clone()), "{coding} {path}");
            assert_eq!(answer.header("content-length"), answer.body.len().to_string());
            assert!(answer.body.len() < hot.text.len() / 2, "{} of {}", answer.body.len(), hot.text.len());
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(answer.header("cache-control"), "private, no-cache");
            assert!(answer.header("vary").contains("Accept-Encoding"));
            assert_ne!(answer.header("etag"), hot.header("etag"), "{coding} {path}");
        }
    }
    for coding in [None, Some("identity"), Some("br"), Some("gzip;q=0"), Some("")] {
        let headers: Vec<_> = coding.iter().map(|coding| ("Accept-Encoding", *coding)).collect();
        let answer = Raw::of(&lena, "/codex", &headers).await;
        assert_eq!((answer.status, answer.text()), (200, hot.text.as_str()), "{coding:?}");
        assert_eq!(answer.header("etag"), hot.header("etag"), "{coding:?}");
    }
}

#[tokio::test]
async fn a_compressed_answer_is_known_by_its_tag_until_it_changes() {
    let (_server, lena, hot) = stage().await;
    let gzip = ("Accept-Encoding", "gzip");
    let tag = Raw::of(&lena, "/codex", &[gzip]).await.header("etag").to_owned();
    for tags in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let answer = Raw::of(&lena, "/codex", &[gzip, ("If-None-Match", &tags)]).await;
        assert_eq!((answer.status, answer.text(), answer.header("etag")), (304, "", tag.as_str()), "{tags}");
        assert!(answer.header("vary").contains("Accept-Encoding"));
    }
    // Each tag is of one representation.
    let other = Raw::of(&lena, "/codex", &[gzip, ("If-None-Match", hot.header("etag"))]).await;
    assert_eq!((other.status, other.decompressed()), (200, hot.text.clone()));
    let other = Raw::of(&lena, "/codex", &[("If-None-Match", &tag)]).await;
    assert_eq!((other.status, other.text()), (200, hot.text.as_str()));

    lena.create(json!({"kategorie": "arbeit", "title": "Neu"})).await;
    let changed = Raw::of(&lena, "/codex", &[gzip, ("If-None-Match", &tag)]).await;
    assert_eq!((changed.status, changed.header("etag") == tag), (200, false));
    assert_eq!(changed.decompressed(), lena.get("/codex").await.text);
    assert!(changed.decompressed().contains("Neu.md"));
}
