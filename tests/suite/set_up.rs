//! The first evening: a server without accounts, and the demo.

use rustix::process::Signal;
use serde_json::json;

use crate::binary::{Home, Serving};
use crate::harness::TestServer;
use crate::visitor::{PASSWORD, Visitor};

fn code(server: &TestServer) -> String {
    server.set_up_code().expect("nobody has an account, so there is a link")
}

fn fields<'a>(code: &'a str, name: &'a str) -> [(&'a str, &'a str); 5] {
    [("code", code), ("name", name), ("password", PASSWORD), ("timeZone", "Europe/Vienna"), ("language", "de")]
}

#[tokio::test]
async fn the_link_makes_the_administrator_and_works_once() {
    let server = TestServer::start().await;
    let code = code(&server);
    let mut browser = Visitor::of(&server);
    let page = browser.open(&format!("/setup?code={code}")).await;
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"), "{}", page.text);
    let answer = browser.form("/setup", &fields(&code, "anna")).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/"), "{}", answer.text);
    let me = browser.get("/api/me").await.json();
    assert_eq!((&me["name"], &me["scopes"]), (&json!("anna"), &json!(["read", "write", "admin"])));
    assert_eq!((&me["timeZone"], &me["language"]), (&json!("Europe/Vienna"), &json!("de")));
    assert_eq!(browser.get("/api/admin/users").await.status, 200);
    // Again, by anybody.
    let mut other = Visitor::of(&server);
    assert_eq!(other.open(&format!("/setup?code={code}")).await.status, 404);
    assert_eq!(other.form("/setup", &fields(&code, "eve")).await.status, 404);
    let json = other.post("/setup", &json!({"code": code, "name": "eve", "password": PASSWORD})).await;
    assert_eq!((json.status, json.code().as_str()), (404, "link_used"));
    assert_eq!(Visitor::of(&server).sign_in("anna", PASSWORD).await.status, 200);
    assert!(server.restart().await.set_up_code().is_none());
}

#[tokio::test]
async fn bad_input_leaves_the_link_good() {
    let server = TestServer::start().await;
    let code = code(&server);
    let mut browser = Visitor::of(&server);
    for (name, password, zone, language) in [
        ("", PASSWORD, "Europe/Vienna", "de"),
        ("Anna!", PASSWORD, "Europe/Vienna", "de"),
        ("anna", "short", "Europe/Vienna", "de"),
        ("anna", PASSWORD, "Europe/Nowhere", "de"),
        ("anna", PASSWORD, "Europe/Vienna", "fr"),
    ] {
        let fields = [
            ("code", code.as_str()),
            ("name", name),
            ("password", password),
            ("timeZone", zone),
            ("language", language),
        ];
        let page = browser.form("/setup", &fields).await;
        assert_eq!(page.status, 422, "{name} {zone} {language}: {}", page.text);
        assert!(page.text.contains("role=\"alert\"") && page.text.contains(&code), "{}", page.text);
        assert!(!page.text.contains(password) && browser.cookie.is_none());
    }
    for wrong in ["", "x", &code[1..]] {
        assert_eq!(browser.open(&format!("/setup?code={wrong}")).await.status, 404);
        assert_eq!(browser.form("/setup", &fields(wrong, "anna")).await.status, 404);
    }
    let name = json!({"code": code, "password": PASSWORD});
    let missing = browser.post("/setup", &name).await;
    assert_eq!((missing.status, missing.code().as_str()), (422, "missing"));
    assert_eq!(browser.form("/setup", &fields(&code, "anna")).await.status, 303);
}

#[tokio::test]
async fn of_many_that_use_the_link_at_once_one_gets_in() {
    let server = TestServer::start().await;
    let code = code(&server);
    let attempts = (0..8).map(|number| {
        let (mut browser, code) = (Visitor::of(&server), code.clone());
        tokio::spawn(async move {
            let name = format!("anna{number}");
            let status = browser.form("/setup", &fields(&code, &name)).await.status;
            assert_eq!(status == 303, browser.cookie.is_some());
            status
        })
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 404, 404, 404, 404, 404, 404, 404]);
    let users = server.administrator().get("/api/admin/users").await.json();
    assert_eq!(users["users"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_account_that_was_made_elsewhere_ends_the_link() {
    let server = TestServer::start().await;
    let code = code(&server);
    let administrator = server.administrator();
    assert_eq!(administrator.post("/api/admin/users", &json!({"name": "lena"})).await.status, 200);
    let mut browser = Visitor::of(&server);
    let mut is_dead = async || {
        assert_eq!(browser.open(&format!("/setup?code={code}")).await.status, 404);
        assert_eq!(browser.form("/setup", &fields(&code, "eve")).await.status, 404);
        let json = browser.post("/setup", &json!({"code": code, "name": "eve", "password": PASSWORD})).await;
        assert_eq!((json.status, json.code().as_str()), (404, "link_used"));
    };
    is_dead().await;
    // For good, even when nobody is left.
    assert_eq!(administrator.delete("/api/admin/users/lena").await.status, 200);
    is_dead().await;
    let users = administrator.get("/api/admin/users").await.json();
    assert_eq!(users["users"], json!([]));
}

#[test]
fn the_first_start_prints_the_link() {
    let home = Home::new();
    for (arguments, base) in
        [(&[][..], None), (&["--public-url", "https://tasks.example.org/"], Some("https://tasks.example.org"))]
    {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0"];
        all.extend(arguments);
        let mut server = Serving::with_log(&mut home.command(&all));
        let line = server.line();
        let base = base.map_or_else(|| format!("http://{}", server.address), str::to_owned);
        let (words, link) = line.trim_end().split_once("http").unwrap();
        assert!(words.contains("works once"), "{line}");
        let code = format!("http{link}").strip_prefix(&format!("{base}/setup?code=")).unwrap().to_owned();
        assert_eq!(code.len(), 22, "{line}");
    }
    // Somebody has an account, and there is nothing to set up.
    home.did(&["user", "add", "anna"]);
    let server = home.serve(&[]);
    let (_, rest) = server.stop(Signal::TERM);
    assert_eq!(rest, "");
}
