//! The old system's faults with access and pages, each by its number (faults 40 to 46); ours must be right.

use chrono::TimeDelta;
use codexmiroir::store::Scopes;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::authorization::session;
use crate::documented::document;
use crate::harness::{Answer, MONDAY, TestServer, TestUser, at_once, instant};
use crate::shortcut::{exchange, used};
use crate::visitor::{PASSWORD, Visitor};

async fn account(server: &TestServer, name: &str) -> TestUser {
    let user = server.user(name).await;
    let (path, password) = (format!("/api/admin/users/{name}"), json!({"password": PASSWORD}));
    assert_eq!(server.administrator().patch(&path, &password).await.status, 200);
    user
}

fn with_cookie(server: &TestServer, cookie: &str) -> RequestBuilder {
    server.client.get(server.url("/codex")).header("Cookie", cookie)
}

#[tokio::test]
async fn fault_40_no_unknown_account_gets_in_by_any_way() {
    let server = TestServer::start().await;
    let lena = account(&server, "lena").await;
    let accounts = async || server.administrator().get("/api/admin/users").await.json()["users"].clone();
    let before = (accounts().await, lena.get("/codex").await.text);
    let forge = "gho_0123456789abcdefghijABCDEFGHIJ012345";
    let basic = "Basic bGVuYTpjb3JyZWN0IGhvcnNlIGJhdHRlcnk=";
    for (name, value) in [
        ("Authorization", format!("Bearer {forge}")),
        ("Authorization", format!("token {forge}")),
        ("Authorization", basic.to_owned()),
        ("Cookie", format!("codexmiroir={forge}")),
        ("Cookie", format!("github_token={forge}; token={forge}; session=lena")),
        ("Cookie", "codexmiroir=lena".to_owned()),
        ("Codexmiroir-User", "lena".to_owned()),
        ("Remote-User", "lena".to_owned()),
        ("X-Remote-User", "lena".to_owned()),
        ("X-Forwarded-User", "lena".to_owned()),
        ("X-Auth-Request-User", "lena".to_owned()),
        ("X-Forwarded-For", "127.0.0.1".to_owned()),
        ("Forwarded", "for=127.0.0.1;proto=https;host=localhost".to_owned()),
    ] {
        for (method, path) in [(Method::GET, "/codex"), (Method::POST, "/api/tasks"), (Method::GET, "/api/me")] {
            let request = server.client.request(method.clone(), server.url(path)).header(name, &value);
            let answer = Answer::of(request.json(&json!({"kategorie": "arbeit", "user": "lena"}))).await;
            assert_eq!(answer.status, 401, "{method} {path} {name}: {value}");
        }
    }
    for path in
        [format!("/codex?token={forge}"), format!("/codex?access_token={}", lena.token), "/codex?user=lena".into()]
    {
        assert_eq!(Answer::of(server.client.get(server.url(&path))).await.status, 401, "{path}");
    }
    // By a page that lets people in: nobody is added there, and nobody is let in whom nobody added.
    let mut browser = Visitor::of(&server);
    for (name, password) in [("octocat", PASSWORD), ("octocat", forge), ("", ""), ("lena", forge), ("LENA", PASSWORD)] {
        assert_eq!(browser.sign_in(name, password).await.status, 401, "{name}");
        assert_eq!(browser.form("/auth/login", &[("name", name), ("password", password)]).await.status, 401, "{name}");
        server.clock.set(server.clock.now() + TimeDelta::minutes(1));
    }
    for path in ["/welcome", "/welcome?code=", "/welcome?code=lena", "/setup", "/setup?code=", "/setup?code=x"] {
        assert_eq!(browser.open(path).await.status, 404, "{path}");
    }
    let fields = [("code", ""), ("name", "octocat"), ("password", PASSWORD)];
    assert!(browser.form("/setup", &fields).await.status >= 400);
    assert!(browser.cookie.is_none());
    server.set_clock(MONDAY);
    assert_eq!((accounts().await, lena.get("/codex").await.text), before);
}

#[tokio::test]
async fn fault_41_a_cookie_counts_by_its_whole_name_and_bearer_in_any_case() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let secret = session(&server, "lena").await;
    let own = format!("codexmiroir={secret}");
    for cookie in
        [own.clone(), format!("a=b; {own}; c=d"), format!("xcodexmiroir=x; {own}"), format!("codexmiroir2=;{own}")]
    {
        assert_eq!(Answer::of(with_cookie(&server, &cookie)).await.status, 200, "{cookie}");
    }
    for cookie in [
        format!("x{own}"),
        format!("my-{own}"),
        format!("codexmiroir2={secret}"),
        format!("codexmiroir-old={secret}"),
        format!("Codexmiroir={secret}"),
        format!("theme={own}"),
        format!("theme=\"; {own}\""),
        format!("codexmiroir=x{secret}"),
        format!("codexmiroir={secret}x"),
        format!("codexmiroir=; {own}"),
        format!("{own}; {own}"),
        format!("__Host-{own}"),
        format!("session={secret}"),
        secret.clone(),
    ] {
        let answer = Answer::of(with_cookie(&server, &cookie)).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "sign_in_needed"), "{cookie}");
    }
    for scheme in ["bearer", "Bearer", "BEARER", "bEARER"] {
        let request =
            server.client.get(server.url("/codex")).header("Authorization", format!("{scheme} {}", lena.token));
        assert_eq!(Answer::of(request).await.status, 200, "{scheme}");
    }
}

#[tokio::test]
async fn fault_42_no_secret_is_in_an_address_or_a_cookie_as_it_is_and_signing_out_ends_it() {
    let server = TestServer::start().await;
    let lena = account(&server, "lena").await;
    let mut browser = Visitor::of(&server);
    let fields = [("name", "lena"), ("password", PASSWORD), ("next", "/codex")];
    let signed_in = browser.form("/auth/login", &fields).await;
    assert_eq!((signed_in.status, signed_in.header("location")), (303, "/codex"));
    let (cookie, secret) = (browser.cookie.clone().unwrap(), browser.secret().to_owned());
    // It is good for a browser alone, and for half a year at most.
    let set = signed_in.header("set-cookie");
    assert!(set.contains("; HttpOnly") && set.contains("; SameSite=Lax") && !set.contains(&lena.token), "{set}");
    let seconds: u32 = set.split("Max-Age=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap();
    assert!(seconds <= 180 * 24 * 60 * 60, "{seconds}");
    let as_token = lena.with_token(secret.clone()).get("/codex").await;
    assert_eq!((as_token.status, as_token.code().as_str()), (401, "invalid_token"));
    let as_cookie = Answer::of(with_cookie(&server, &format!("codexmiroir={}", lena.token))).await;
    assert_eq!(as_cookie.status, 401);
    // Nothing in an address lets anybody in.
    for secret in [&secret, &lena.token] {
        for name in ["token", "access_token", "session", "code", "codexmiroir"] {
            let path = format!("/codex?{name}={secret}");
            assert_eq!(Answer::of(server.client.get(server.url(&path))).await.status, 401, "{name}");
        }
        let opened = browser.request(Method::GET, &format!("/welcome?code={secret}"));
        assert_eq!(Answer::of(opened.header("Accept", "text/html")).await.header("set-cookie"), "");
    }
    assert_eq!(browser.get("/codex").await.status, 200);
    assert_eq!(browser.form("/auth/logout", &[]).await.status, 303);
    assert_eq!(browser.cookie, None);
    assert_eq!(Answer::of(with_cookie(&server, &cookie)).await.status, 401, "it has ended here too, not only there");
    // On the disk there is neither.
    let database = server.data_dir().join("codexmiroir.redb");
    let token = lena.token.clone();
    let server = server.restart_after(|| {
        let bytes = std::fs::read(&database).unwrap();
        for secret in [secret.as_bytes(), token.as_bytes(), PASSWORD.as_bytes()] {
            assert!(!bytes.windows(secret.len()).any(|here| here == secret), "it is kept in the clear");
        }
    });
    assert_eq!(Answer::of(with_cookie(&server.await, &cookie)).await.status, 401);
}

/// Signs that would be markup, if a page took them as they are.
const MARKUP: &str = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'&amp;";

fn has_none(page: &Answer) {
    let is_page = page.header("content-type").starts_with("text/html");
    assert!(is_page, "{}: {}", page.status, page.text);
    for markup in ["<script>alert", "<img src=x"] {
        assert!(!page.text.contains(markup), "{markup}: {}", page.text);
    }
}

#[tokio::test]
async fn fault_44_names_titles_and_categories_are_text_in_every_page() {
    let server = TestServer::start().await;
    let code = server.set_up_code().unwrap();
    let mut browser = Visitor::of(&server);
    let page =
        browser.form("/setup", &[("code", &code), ("name", MARKUP), ("password", "x"), ("timeZone", MARKUP)]).await;
    assert_eq!(page.status, 422);
    has_none(&page);
    has_none(&browser.open("/setup?code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await);

    let lena = account(&server, "lena").await;
    for (number, document) in [
        format!("---\ntyp: task\nkategorie: '{}'\nstatus: offen\n---\n\n# Titel\n", MARKUP.replace('\'', "")),
        format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\ntags:\n  - '<b>x</b>'\n---\n\n# {MARKUP}\n"),
        format!("---\ntyp: task\nkategorie: arbeit\nstatus: '<i>{number}</i>'\n---\n\n# {MARKUP}\n", number = 3),
    ]
    .into_iter()
    .enumerate()
    {
        server.import_document(&lena, &format!("000{number}-Titel.md"), &document).await;
    }
    lena.create(json!({"kategorie": "arbeit", "title": MARKUP})).await;
    let name = browser.form("/auth/login", &[("name", MARKUP), ("password", PASSWORD), ("next", MARKUP)]).await;
    assert_eq!(name.status, 401);
    has_none(&name);
    has_none(&browser.open("/login?next=/%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await);
    browser.extra.insert("User-Agent", MARKUP.parse().unwrap());
    assert_eq!(browser.sign_in("lena", PASSWORD).await.status, 200);
    for path in ["/", "/codex?format=html", "/codex?format=html&days=14"] {
        let page = browser.open(path).await;
        assert_eq!(page.status, 200);
        has_none(&page);
        assert!(page.text.contains("&lt;script&gt;alert(1)"), "it is shown: {}", page.text);
    }
    let sanitized = browser.get("/api/tasks/0001").await.json()["html"].clone();
    let sanitized = sanitized.as_str().unwrap();
    assert!(!sanitized.contains("<img") && !sanitized.contains("<script"), "{sanitized}");
}

#[tokio::test]
async fn fault_45_who_is_not_signed_in_any_more_sees_the_sign_in_and_not_an_empty_week() {
    let server = TestServer::start().await;
    let lena = account(&server, "lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Ziel"})).await;
    let mut browser = Visitor::signed_in(&server, "lena").await;
    assert!(browser.open("/").await.text.contains("Ziel"));
    let events = browser.request(Method::GET, "/api/events").send().await.unwrap();
    server.clock.set(instant(MONDAY) + TimeDelta::days(181));
    // An open page is told, because its stream ends; what it asks for then says why.
    events.text().await.unwrap();
    let answer = browser.get("/codex").await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "sign_in_needed"));
    for (path, to) in [("/", "/login"), ("/codex?format=html", "/login?next=%2Fcodex%3Fformat%3Dhtml")] {
        let answer = browser.open(path).await;
        assert_eq!((answer.status, answer.header("location"), answer.text.as_str()), (303, to, ""));
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let page = browser.open("/login?next=%2Fcodex%3Fformat%3Dhtml").await;
    assert!(page.text.contains("value=\"/codex?format=html\""), "{}", page.text);
    let fields = [("name", "lena"), ("password", PASSWORD), ("next", "/codex?format=html")];
    assert_eq!(browser.form("/auth/login", &fields).await.header("location"), "/codex?format=html");
    assert!(browser.open("/codex?format=html").await.text.contains("Ziel"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_45_a_form_that_is_sent_twice_makes_one() {
    let server = TestServer::start().await;
    let code = server.set_up_code().unwrap();
    let twins = |path: &'static str, fields: &[(&'static str, &str)]| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let browsers: Vec<_> = (0..4).map(|_| (Visitor::of(&server), fields.clone())).collect();
        at_once(browsers.into_iter().map(move |(mut browser, fields)| async move {
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            browser.form(path, &fields).await.status
        }))
    };
    let fields = [("code", code.as_str()), ("name", "root"), ("password", PASSWORD)];
    let mut statuses = twins("/setup", &fields).await;
    statuses.sort_unstable();
    assert_eq!(statuses[0], 303);
    assert!(statuses[1..].iter().all(|status| *status >= 400), "{statuses:?}");
    let users = server.administrator().get("/api/admin/users").await.json()["users"].clone();
    assert_eq!((users.as_array().unwrap().len(), &users[0]["name"]), (1, &json!("root")));

    let root = server.holder("root", server.token("root", Scopes::ADMIN).await);
    let answers = at_once((0..4).map(|_| {
        let root = root.clone();
        async move { root.post("/api/admin/users", &json!({"name": "anna"})).await.status }
    }));
    let mut statuses = answers.await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
}

#[tokio::test]
async fn fault_46_assets_are_whole() {
    let server = TestServer::start().await;
    let types = [
        ("css", "text/css; charset=utf-8"),
        ("js", "text/javascript; charset=utf-8"),
        ("svg", "image/svg+xml"),
        ("png", "image/png"),
        ("webmanifest", "application/manifest+json"),
    ];
    let mut count = 0;
    for (path, ..) in document().await.operations().into_iter().filter(|(path, ..)| path.starts_with("/assets/")) {
        let answer = server.client.get(server.url(path)).send().await.unwrap();
        let ending = path.rsplit('.').next().unwrap();
        let (_, expected) = types.iter().find(|(known, _)| *known == ending).unwrap_or_else(|| panic!("{path}"));
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((answer.status().as_u16(), header("content-type").as_str()), (200, *expected), "{path}");
        let length = header("content-length");
        let body = answer.bytes().await.unwrap();
        assert_eq!(length, body.len().to_string(), "{path}");
        let shipped = format!("src/http/web{path}");
        assert_eq!(body, std::fs::read(crate::harness::repository(&shipped)).unwrap(), "{path}");
        count += 1;
    }
    assert!(count >= 10);
}

/// That the path leads nowhere, of which a stranger is told nothing. `own` are the fields of somebody who is signed in.
pub async fn assert_no_route(server: &TestServer, own: &str, path: &str) {
    // As it is written here: clients tidy some of them up.
    for (fields, status, code) in [("", 401, "sign_in_needed"), (own, 404, "no_such_route")] {
        let mut stream = used(server.address()).await;
        let answer = exchange(&mut stream, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {answer}");
        assert!(answer.contains(&format!("\"code\":\"{code}\"")), "{path}: {answer}");
    }
}

#[tokio::test]
async fn fault_46_names_that_begin_like_what_is_open_are_none() {
    let server = TestServer::start().await;
    let lena = account(&server, "lena").await;
    let browser = Visitor::signed_in(&server, "lena").await;
    let own = format!("Cookie: {}\r\n", browser.cookie.as_ref().unwrap());
    // Neither begun nor written otherwise is a path one of those that are for everybody.
    for path in [
        "/loginx",
        "/login/",
        "/login/x",
        "/Login",
        "//login",
        "/login%2f",
        "/%6cogin",
        "/login;x",
        "/setup2",
        "/authx",
        "/auth/login/x",
        "/auth/login/../../codex",
        "/assets",
        "/assets/",
        "/assets/base.css.bak",
        "/assets/base.cssx",
        "/assets//base.css",
        "/assets/base.css/",
        "/assets/..%2f..%2fcodexmiroir.key",
        "/assets/%2e%2e/codex",
        "/codexes",
        "/codex.json",
        "/codex/",
        "/api/tasksx",
        "/api/task",
        "/livezz",
        "/livez/",
        "/welcomes",
        "/metricsx",
    ] {
        assert_no_route(&server, &own, path).await;
    }
    // Nor is a task, or a user, what its name says.
    for name in ["codex", "login", "api", "assets"] {
        assert_eq!(lena.get(&format!("/api/tasks/{name}")).await.code(), "no_such_task");
        let user = server.user(name).await;
        assert_eq!(user.codex().await["userId"], name);
    }
}
