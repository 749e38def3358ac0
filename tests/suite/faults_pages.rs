//! The old system's faults with pages, 44 to 46, once more: on the pages of tasks, with their forms, and with what pages are
//! made of.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use crate::account_life::sign_in;
use crate::account_pages::signed_in;
use crate::browser::with_browser;
use crate::faults_access::assert_no_route;
use crate::harness::{Answer, MONDAY, TestServer, TestUser, at_once, instant, repository};
use crate::shared::{document, escaped};
use crate::visitor::{PASSWORD, Visitor};

const FILES: [&str; 4] = [
    "0001-\"><img src=x onerror=alert(1)>.md",
    "0002-<script>alert(1)<script>.md",
    "0003-' onclick='alert(1).md",
    "0004-&lt;b&gt;&quot;.md",
];

/// A text as it stands in a page.
fn in_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[tokio::test]
async fn fault_44_file_names_and_categories_are_text_on_the_pages_of_tasks() {
    let server = TestServer::start().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    for file in FILES {
        let stem = file.strip_suffix(".md").unwrap();
        // The number stands by itself on a page.
        let (_, name) = stem.split_once('-').unwrap();
        let category = format!("kategorie: {}", json!(format!("k{name}")));
        let text = document("", "", "").replace("kategorie: arbeit", &category);
        server.import_document(&lena, file, &text).await;
        let own = format!("/tasks/{}", escaped(stem));
        let saved = format!("/?done=saved&task={}", escaped(stem));
        for path in ["/", "/tasks", own.as_str(), &format!("{own}?why=true"), &saved] {
            let page = browser.open(path).await;
            assert_eq!(page.status, 200, "{path}: {}", page.text);
            assert!(
                page.text.contains(&format!("</span> {}", in_html(name))) || path.starts_with(&own),
                "{path}: {}",
                page.text
            );
            for markup in ["<img", "<script>", "<b>"] {
                assert!(!page.text.contains(markup), "{markup} on {path}: {}", page.text);
            }
        }
        for path in ["/tasks", own.as_str()] {
            let page = browser.open(path).await;
            let shown = [format!("<span>k{}</span>", in_html(name)), format!("value=\"k{}\"", in_html(name))];
            assert!(shown.iter().any(|shown| page.text.contains(shown)), "{path}: {}", page.text);
        }
        assert!(browser.open(&own).await.text.contains(&format!("<code>{}</code>", in_html(file))), "{own}");
    }
}

/// What a browser opens, and what it sends from there.
const PAGES: [&str; 7] =
    ["/", "/tasks", "/tasks/0000", "/tasks?status=alle&q=Ziel", "/rules", "/settings", "/sync-status"];
const FORMS: [(&str, &[(&str, &str)]); 8] = [
    ("/quick", &[("line", "Noch eine")]),
    ("/tasks", &[("task", "0000"), ("act", "complete")]),
    ("/tasks/0000", &[("title", "Anders")]),
    ("/tasks/0000/complete", &[("back", "/")]),
    ("/tasks/0000/remove", &[]),
    ("/undo", &[("generation", "1")]),
    ("/rules", &[("act", "add"), ("script", "german-holidays")]),
    ("/settings", &[("timeZone", "Europe/Vienna"), ("language", "de"), ("horizon", "9")]),
];

#[tokio::test]
async fn fault_45_no_page_is_empty_and_no_form_does_anything_once_the_sign_in_has_ended() {
    let server = TestServer::start().await;
    let (expired, lena) = signed_in(&server, "lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Ziel"})).await;
    server.clock.set(instant(MONDAY) + TimeDelta::days(181));
    let mut ended = Visitor::signed_in(&server, "lena").await;
    let cookie = ended.cookie.clone();
    ended.form("/auth/logout", &[]).await;
    ended.cookie = cookie;
    let before = lena.codex().await;
    for mut browser in [expired, ended, Visitor::of(&server)] {
        for path in PAGES {
            let answer = browser.open(path).await;
            assert_eq!((answer.status, answer.text.as_str()), (303, ""), "{path}");
            let next = answer.header("location").to_owned();
            assert!(next.starts_with("/login"), "{path} leads to {next}");
            // And from there back to where one was.
            let page = browser.open(&next).await;
            let field = format!("name=\"next\" value=\"{}\"", in_html(path));
            assert!(path == "/" || page.text.contains(&field), "{path}: {}", page.text);
        }
        for (path, fields) in FORMS {
            let page = browser.form(path, fields).await;
            assert_eq!(page.status, 401, "{path}: {}", page.text);
            assert!(page.text.contains("href=\"/login\"") && !page.text.contains("class=\"board\""), "{}", page.text);
        }
    }
    assert_eq!(lena.codex().await, before);
    assert_eq!(lena.tasks().await.len(), 1);
}

/// The key of the form for a line, as the page has it.
async fn key(browser: &mut Visitor) -> String {
    let page = browser.open("/").await;
    let form = page.text.split("action=\"/quick\"").nth(1).unwrap();
    form.split("name=\"key\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// Sends the form for a line as often as this, all at the same moment; where each answer leads.
async fn clicked(browser: &Visitor, times: usize, fields: &[(&str, &str)]) -> BTreeSet<String> {
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let requests = (0..times).map(|_| {
        let request = browser.request(Method::POST, "/quick").header("Accept", "text/html");
        request.header("Content-Type", "application/x-www-form-urlencoded").body(body.clone())
    });
    let answers = at_once(requests.map(Answer::of)).await;
    let led = |answer: &Answer| {
        assert_eq!(answer.status, 303, "{}", answer.text);
        answer.header("location").to_owned()
    };
    answers.iter().map(led).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_45_a_line_that_is_sent_twice_makes_one_task() {
    let server = TestServer::start().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    let titles = async |lena: &TestUser| {
        let tasks = lena.tasks().await;
        tasks.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for round in 0..10 {
        let (key, line) = (key(&mut browser).await, format!("Runde {round}"));
        let fields = [("key", key.as_str()), ("line", line.as_str())];
        let led = clicked(&browser, 8, &fields).await;
        assert_eq!(led.len(), 1, "each click is told of the same task: {led:?}");
        assert_eq!(clicked(&browser, 1, &fields).await, led, "and so is one that comes later");
        assert_eq!(titles(&lena).await.len(), round + 1);
    }
    // Whoever goes back and types another line means another task; the same line is the same.
    let key = key(&mut browser).await;
    for line in ["Eins", "Zwei", "Eins"] {
        clicked(&browser, 2, &[("key", &key), ("line", line)]).await;
    }
    assert_eq!(titles(&lena).await[10..], ["Eins", "Zwei"]);
    // A key that protects from nothing is refused, and what was typed stays. Without one each is another.
    for key in ["", &"k".repeat(65)] {
        let page = browser.form("/quick", &[("key", key), ("line", "Drei")]).await;
        assert!(page.status == 422 && page.text.contains("value=\"Drei\""), "{}", page.text);
        assert!(page.text.contains("The key of this form must be the one that the page came with"), "{}", page.text);
        let fields = [("name", "x"), ("scope", "read"), ("expires", "90d"), ("key", key)];
        let page = browser.form("/settings/tokens", &fields).await;
        assert!(page.status == 422 && page.text.contains("The key of this form"), "{}", page.text);
    }
    assert_eq!(titles(&lena).await.len(), 12);
    clicked(&browser, 2, &[("line", "Vier")]).await;
    assert_eq!(titles(&lena).await[12..], ["Vier", "Vier"]);
    // What is refused is refused each time, and with its own words.
    let request = |_| {
        browser.request(Method::POST, "/quick").header("Accept", "text/html").json(&json!({"key": "k", "line": ""}))
    };
    for answer in at_once((0..4).map(request).map(Answer::of)).await {
        assert!(answer.status == 422 && answer.text.contains("Title is empty"), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_45_a_double_click_in_a_browser_makes_one_task() {
    let server = TestServer::start().await;
    let (_, lena) = signed_in(&server, "lena").await;
    let (base, clock) = (server.url(""), server.clock.clone());
    let asker = lena.clone();
    with_browser(|browser| async move {
        browser.go(&format!("{base}/login")).await;
        sign_in(&browser, "lena", PASSWORD).await;
        // With the page's scripts and without, where both clicks are sent.
        for (line, has_scripts) in [("Eins", true), ("Zwei", true), ("Drei", false), ("Vier", false)] {
            browser.set_scripts(has_scripts).await;
            browser.go(&base).await;
            browser.fill("#quick-line", line).await;
            browser.double_click(".quick button.main").await;
            browser.see(&format!("{line} is added")).await;
            let tasks = asker.tasks().await;
            assert_eq!(tasks.last().unwrap()["title"], line);
        }
        assert_eq!(asker.tasks().await.len(), 4);
        browser.set_scripts(true).await;
        browser.go(&base).await;
        clock.set(instant(MONDAY) + TimeDelta::days(181));
        browser.fill("#quick-line", "Fünf").await;
        browser.double_click(".quick button.main").await;
        // Where it is told, or on the page where one does it.
        browser.see("Sign in").await;
        assert_eq!(asker.tasks().await.len(), 4);
    })
    .await;
}

/// What the pages say they are made of.
async fn asked_for(browser: &mut Visitor) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in ["/", "/tasks", "/rules", "/settings", "/sync-status", "/api", "/login"] {
        let page = browser.open(path).await;
        for quoted in page.text.split('"').filter(|part| part.starts_with("/assets/")) {
            found.insert(quoted.to_owned());
        }
    }
    found
}

#[tokio::test]
async fn fault_46_what_pages_ask_for_is_there_byte_for_byte_and_for_good() {
    let server = TestServer::start().await;
    let (mut browser, _) = signed_in(&server, "lena").await;
    let found = asked_for(&mut browser).await;
    assert!(found.len() >= 7, "{found:?}");
    for address in &found {
        let (path, version) = address.split_once("?v=").unwrap_or_else(|| panic!("{address} would be kept for good"));
        let shipped = std::fs::read(repository(&format!("src/http/web{path}"))).unwrap();
        // Of a page that is older or newer than the server it is the same, and asked for again.
        for (version, is_for_good) in [(version, true), ("0", false), ("", false), ("..%2f", false)] {
            let address = format!("{path}?v={version}");
            let answer = server.client.get(server.url(&address)).send().await.unwrap();
            let cached = answer.headers()["cache-control"].to_str().unwrap().to_owned();
            assert_eq!((answer.status().as_u16(), cached.contains("immutable")), (200, is_for_good), "{address}");
            assert_eq!(answer.bytes().await.unwrap(), shipped, "{address}");
        }
        // Neither more nor less of its name is anything.
        for other in [format!("{path}x"), path[..path.len() - 1].to_owned(), format!("{path}/"), format!("{path}/x")] {
            assert_eq!(browser.get(&other).await.status, 404, "{other}");
        }
    }
}

#[tokio::test]
async fn fault_46_names_that_begin_like_a_route_are_none() {
    let server = TestServer::start().await;
    let (browser, _) = signed_in(&server, "lena").await;
    let own = format!("Cookie: {}\r\n", browser.cookie.as_ref().unwrap());
    for path in [
        "/codexfoo",
        "/codex2",
        "/apifoo",
        "/api-docs",
        "/api/",
        "/api/codex",
        "/tasksfoo",
        "/tasks/",
        "/tasks//",
        "/task",
        "/tasks/0000/completed",
        "/tasks/0000/complete/",
        "/quickfoo",
        "/undofoo",
        "/rulesfoo",
        "/rules/",
        "/settingsfoo",
        "/settings/gitfoo",
        "/sync-statusfoo",
        "/sync-status/",
        "/syncfoo",
        "/sync/",
        "/adminfoo",
        "/feedsfoo",
        "/githubfoo",
        "/github/webhookfoo",
        "/assetsfoo",
        "/assets/foo",
        "/assets/foo/base.css",
        "/assets/../codex",
        "/assets/..%2fcodex",
        "/openapi.jsonfoo",
        "/favicon.icofoo",
        "/index.html",
    ] {
        assert_no_route(&server, &own, path).await;
    }
}
