//! The pages of the sync with Git.

use reqwest::Method;
use serde_json::{Value, json};

use crate::account_life::sign_in;
use crate::account_pages::{assert_led, assert_refused, signed_in};
use crate::browser::with_browser;
use crate::git_host::Behaviour;
use crate::harness::{TestServer, TestUser};
use crate::look::look;
use crate::shared::{Shared, document, sync};
use crate::visitor::PASSWORD;

const ADDRESS: &str = "https://git.example.org/anna/tasks.git";
const TOKEN: &str = "token-of-the-forge-9876543210";

#[tokio::test]
async fn without_a_repository_the_page_says_so() {
    let server = TestServer::start().await;
    let (mut browser, anna) = signed_in(&server, "anna").await;
    let page = browser.open("/sync-status").await;
    assert!(page.text.contains("your tasks are here alone") && page.text.contains("href=\"/settings#git\""));
    assert!(!page.text.contains("Sync now"), "{}", page.text);
    let refused = browser.form("/sync-status", &[]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("class=\"alert\" role=\"alert\">There is no Git repository"), "{}", refused.text);
    anna.put("/api/settings", &json!({"language": "de"})).await;
    let page = browser.open("/sync-status?done=synced").await;
    assert!(page.text.contains("<h1>Abgleich mit Git</h1>"), "{}", page.text);
    assert!(!page.text.contains("Beide Seiten haben jetzt dasselbe."), "there are not two: {}", page.text);
}

#[tokio::test]
async fn a_repository_of_ones_own_is_set_by_its_form() {
    let server = TestServer::start().await;
    let (mut browser, anna) = signed_in(&server, "anna").await;
    let form = |remote, mode, token| {
        [
            ("remote", remote),
            ("branch", "tasks"),
            ("base_path", ""),
            ("username", "anna"),
            ("token", token),
            ("mode", mode),
        ]
    };
    let page = browser.form("/settings/git", &form(ADDRESS, "pull-request", TOKEN)).await;
    assert_refused(&page, "git-mode", "Direction must be push, pull-only or off");
    assert!(page.text.contains(&format!("value=\"{ADDRESS}\"")) && page.text.contains("value=\"tasks\""));
    assert!(!page.text.contains(TOKEN), "a token that was typed is not shown");
    assert_eq!(anna.get("/api/sync/remote").await.json()["remote"], Value::Null, "nothing was changed");

    assert_led(&browser.form("/settings/git", &form(ADDRESS, "off", TOKEN)).await, "/settings?done=repository");
    let set = json!({
        "remote": ADDRESS, "branch": "tasks", "base_path": "", "username": "anna", "mode": "off", "hasToken": true,
        "isOwn": true,
    });
    assert_eq!(anna.get("/api/sync/remote").await.json(), set);
    let page = browser.open("/settings?done=repository").await;
    assert!(page.text.contains("one is kept, and stays if this is empty") && !page.text.contains(TOKEN));
    let status = browser.open("/sync-status").await;
    assert!(status.text.contains(ADDRESS) && status.text.contains("switched off"), "{}", status.text);
    assert!(!status.text.contains("Sync now"), "nothing to press where it is off");

    browser.form("/settings/git", &form(ADDRESS, "off", "")).await;
    assert_eq!(anna.get("/api/sync/remote").await.json()["hasToken"], json!(true), "an empty field keeps it");
    let forget = [&form(ADDRESS, "off", TOKEN)[..], &[("forgetToken", "true")]].concat();
    browser.form("/settings/git", &forget).await;
    assert_eq!(anna.get("/api/sync/remote").await.json()["hasToken"], json!(false), "the box goes before the field");

    assert_led(&browser.form("/settings/git/remove", &[]).await, "/settings?done=no-repository");
    assert_led(&browser.form("/settings/git/remove", &[]).await, "/settings?done=gone");
    assert_eq!(anna.get("/api/sync/remote").await.json()["remote"], Value::Null);
}

#[tokio::test]
async fn saving_a_repository_tells_whether_it_can_be_synced_with() {
    let shared = Shared::new();
    let server = shared.server().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    let page = browser.open("/settings").await;
    assert!(page.text.contains("synced with the server") && page.text.contains(&shared.host.repository("tasks.git")));
    let form = [("remote", "https://10.1.2.3/tasks.git"), ("mode", "push")];
    assert_led(&browser.form("/settings/git", &form).await, "/settings?done=repository-failed");
    let page = browser.open("/settings?done=repository-failed").await;
    assert!(
        page.text.contains("the first sync failed")
            && page.text.contains("10.1.2.3 is an address of a private network"),
        "{}",
        page.text
    );
    assert_eq!(lena.get("/api/sync/remote").await.json()["isOwn"], json!(true), "it is set all the same");

    let address = shared.host.repository("tasks.git");
    let form = [("remote", address.as_str()), ("base_path", "own"), ("mode", "push")];
    assert_led(&browser.form("/settings/git", &form).await, "/settings?done=repository-synced");
    let page = browser.open("/settings?done=repository-synced").await;
    assert!(page.text.contains("a first sync with it succeeded") && !page.text.contains("class=\"alert\""));
}

#[tokio::test]
async fn what_is_in_a_form_about_a_repository_is_text() {
    let server = TestServer::start().await;
    let (mut browser, _) = signed_in(&server, "anna").await;
    let hostile = "\"><script>alert('x')</script>";
    let page = browser.form("/settings/git", &[("remote", hostile), ("branch", hostile), ("mode", hostile)]).await;
    assert_eq!(page.status, 422);
    assert!(!page.text.contains("<script>alert") && page.text.contains("&lt;script&gt;"), "{}", page.text);
    let unknown = browser.form("/settings/git", &[("remote", ADDRESS), ("mod", "off")]).await;
    assert_eq!(unknown.status, 422);
    let json = browser.request(Method::POST, "/settings/git").json(&json!({"remote": 7}));
    assert_eq!(browser.send(json).await.code(), "wrong_type");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_about_a_repository_are_readable_on_every_screen() {
    let server = TestServer::start().await;
    let base = server.url("");
    let (mut visitor, anna) = signed_in(&server, "anna").await;
    let long = format!(
        "https://git.example.org/{}.git",
        "donaudampfschifffahrtsgesellschaft/".repeat(4).trim_end_matches('/')
    );
    let wanted = json!({"remote": long, "branch": "b".repeat(80), "token": TOKEN, "mode": "off"});
    assert_eq!(anna.put("/api/sync/remote", &wanted).await.status, 200);
    with_browser(|browser| async move {
        browser.go(&format!("{base}/login?next=/settings")).await;
        sign_in(&browser, "anna", PASSWORD).await;
        for language in ["en", "de"] {
            visitor.json(Method::PUT, "/api/settings", &json!({"language": language})).await;
            look(&browser, &format!("{base}/settings?done=repository"), &format!("settings-git-{language}")).await;
            look(&browser, &format!("{base}/sync-status"), &format!("sync-off-{language}")).await;
        }
    })
    .await;
}

/// A user whose repository has a task that both sides changed in the same field, one that both changed otherwise, and
/// a file that cannot be taken.
async fn in_conflict(shared: &Shared, lena: &TestUser) {
    let name = |file: &str| format!("codex-miroir/lena/tasks/{file}");
    let clone = shared.clone_of("clone");
    clone.write(&name("0001-a.md"), Some(&document("A", "deadline: 01.12.2025\n", "Text.\n")));
    clone.write(&name("0002-b.md"), Some(&document("B", "", "")));
    clone.push("two tasks");
    sync(lena, "").await;
    shared.host.behave(Behaviour::Status(503));
    lena.update("0001", json!({"deadline": "24.12.2025"})).await;
    lena.update("0002", json!({"deadline": "24.12.2025"})).await;
    clone.write(&name("0001-a.md"), Some(&document("A", "deadline: 31.12.2025\n", "Text.\n")));
    clone.write(&name("0002-b.md"), Some(&document("B", "tags: [b]\n", "")));
    clone.write(&name("0003-<script>.md"), Some(&"x".repeat(70_000)));
    clone.push("changed there");
    shared.host.behave(Behaviour::Git);
    sync(lena, "").await;
    let history = lena.history("/api/history").await;
    assert_eq!(history.iter().filter(|entry| entry["conflict"] == true).count(), 1, "{history:?}");
}

#[tokio::test]
async fn the_page_shows_what_was_merged_what_cannot_be_taken_and_what_is_wrong() {
    let shared = Shared::new();
    let server = shared.server().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    in_conflict(&shared, &lena).await;
    let page = browser.open("/sync-status").await;
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"));
    for part in [
        "The server&#39;s repository",
        "Merged lately",
        "please look at it",
        "deadline was changed on both sides",
        "codexmiroir undo",
        "href=\"/api/tasks/0001-a.md/history\"",
        "the whole version that was not taken",
        "Files that cannot be taken",
        "0003-&lt;script&gt;.md",
    ] {
        assert!(
            page.text.contains(part) || page.text.contains(&part.replace("&#39;", "'")),
            "no {part}: {}",
            page.text
        );
    }
    assert!(!page.text.contains("<script>"), "{}", page.text);
    assert_led(&browser.form("/sync-status", &[]).await, "/sync-status?done=synced");
    let page = browser.open("/sync-status?done=synced").await;
    assert!(page.text.contains("Synced, but for the files below."), "{}", page.text);
    let status = lena.get("/api/sync").await.json();
    let [conflict] = status["conflicts"].as_array().unwrap().as_slice() else { panic!("{status}") };
    assert_eq!(conflict["file"], "0001-a.md");
    let history = lena.history("/api/history").await;
    let merged = history.iter().find(|entry| entry["conflict"] == true).unwrap();
    assert_eq!(conflict["generation"], merged["generation"], "an undo takes it back");

    shared.host.behave(Behaviour::Status(403));
    let refused = browser.form("/sync-status", &[]).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.text.matches("class=\"alert\"").count(), 1, "it is said once: {}", refused.text);
    let page = browser.open("/sync-status").await;
    assert!(page.text.contains("class=\"alert\" role=\"alert\">"), "and stays: {}", page.text);
    shared.host.behave(Behaviour::Git);
    assert_led(&browser.form("/sync-status", &[]).await, "/sync-status?done=synced");
    assert!(!browser.open("/sync-status").await.text.contains("class=\"alert\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_about_a_busy_repository_is_readable_on_every_screen() {
    let shared = Shared::new();
    let server = shared.server().await;
    let base = server.url("");
    let (mut visitor, lena) = signed_in(&server, "lena").await;
    in_conflict(&shared, &lena).await;
    shared.host.behave(Behaviour::Status(403));
    assert_eq!(lena.post("/sync", &Value::Null).await.code(), "remote_forbidden");
    with_browser(|browser| async move {
        browser.go(&format!("{base}/login?next=/sync-status")).await;
        sign_in(&browser, "lena", PASSWORD).await;
        for language in ["en", "de"] {
            visitor.json(Method::PUT, "/api/settings", &json!({"language": language})).await;
            look(&browser, &format!("{base}/sync-status"), &format!("sync-busy-{language}")).await;
        }
    })
    .await;
}
