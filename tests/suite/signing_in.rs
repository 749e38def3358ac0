//! Signing in with a password, sessions, and how they end.

use chrono::TimeDelta;
use codexmiroir::store::Scopes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Administrator, Answer, TestServer, TestUser};
use crate::visitor::{PASSWORD, Visitor};

/// An account with a password.
pub async fn account(server: &TestServer, name: &str) -> TestUser {
    let user = server.user(name).await;
    let (path, password) = (format!("/api/admin/users/{name}"), json!({"password": PASSWORD}));
    assert_eq!(server.administrator().patch(&path, &password).await.status, 200);
    user
}

async fn sessions(visitor: &mut Visitor) -> Vec<Value> {
    let answer = visitor.get("/api/sessions").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["sessions"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_password_lets_in_and_a_cookie_stays_in() {
    let server = TestServer::start().await;
    let lena = account(&server, "lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Ziel"})).await;
    let mut browser = Visitor::of(&server);
    let answer = browser.sign_in("lena", PASSWORD).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"ok": true, "name": "lena"})));
    assert_eq!(answer.header("cache-control"), "no-store");
    let set = answer.header("set-cookie");
    let secret = browser.secret().to_owned();
    assert!(secret.starts_with("cms_") && !answer.text.contains(&secret));
    assert_eq!(set, format!("codexmiroir={secret}; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax"));

    assert_eq!(browser.get("/codex").await.text, lena.get("/codex").await.text);
    let hot = browser.get("/codex").await;
    assert_eq!((hot.status, hot.header("x-cache")), (200, "hot"));
    assert_eq!(browser.get("/api/me").await.json()["scopes"], json!(["read", "write"]));
    let created = browser.post("/api/tasks", &json!({"kategorie": "privat"})).await;
    assert_eq!(created.status, 200, "{}", created.text);
    assert_eq!(lena.history("/api/history").await[0]["through"], "web");
    // The same by a form, as the page does it.
    let mut other = Visitor::of(&server);
    let fields = [("name", " lena "), ("password", PASSWORD), ("next", "/api?x=1")];
    let answer = other.form("/auth/login", &fields).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/api?x=1"));
    assert_ne!(other.secret(), browser.secret());
    assert_eq!(other.open("/login?next=/tasks").await.header("location"), "/tasks");
}

#[tokio::test]
async fn nobody_is_led_elsewhere() {
    let server = TestServer::start().await;
    account(&server, "lena").await;
    for next in
        ["//evil.example", "https://evil.example", "\\\\evil.example", "/\\evil.example", "x", "", "/a\nb", "/ä"]
    {
        let mut browser = Visitor::of(&server);
        let fields = [("name", "lena"), ("password", PASSWORD), ("next", next)];
        assert_eq!(browser.form("/auth/login", &fields).await.header("location"), "/", "{next:?}");
        let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        assert_eq!(browser.open(&format!("/login?next={next}")).await.header("location"), "/", "{next:?}");
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_not_told_why() {
    let server = TestServer::start().await;
    let administrator = server.administrator();
    for name in ["lena", "closed"] {
        account(&server, name).await;
    }
    server.user("without").await;
    administrator.patch("/api/admin/users/closed", &json!({"disabled": true})).await;
    let mut told = Vec::new();
    for (name, password) in [
        ("lena", "another horse battery"),
        ("closed", PASSWORD),
        ("without", PASSWORD),
        ("nobody", PASSWORD),
        ("No Name!", PASSWORD),
        ("", ""),
        ("lena", ""),
        ("lena", &"x".repeat(5_000)),
    ] {
        server.clock.set(server.clock.now() + TimeDelta::minutes(2));
        let mut browser = Visitor::of(&server);
        let answer = browser.sign_in(name, password).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "sign_in_failed"), "{name}");
        assert!(browser.cookie.is_none());
        told.push((answer.text.clone(), answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>()));
        let page = browser.form("/auth/login", &[("name", name), ("password", password), ("next", "/x")]).await;
        assert_eq!(page.status, 401);
        assert!(page.text.contains("role=\"alert\"") && page.text.contains("value=\"/x\""), "{}", page.text);
        assert!(password.is_empty() || !page.text.contains(password));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:#?}");
}

#[tokio::test]
async fn guessing_is_slowed_down_and_nobody_is_locked_out() {
    let server = TestServer::start().await;
    account(&server, "lena").await;
    account(&server, "tom").await;
    for _ in 0..10 {
        assert_eq!(Visitor::of(&server).sign_in("lena", "a wrong password").await.status, 401);
    }
    for name in ["lena", "tom", "nobody"] {
        let answer = Visitor::of(&server).sign_in(name, PASSWORD).await;
        assert_eq!((answer.status, answer.code().as_str()), (429, "too_many_attempts"), "{name}");
        assert_eq!(answer.header("retry-after"), "6");
    }
    // Whoever is in already notices nothing, and a token that is none is no attempt.
    let token = server.token("lena", Scopes::READ).await;
    assert_eq!(server.holder("lena", token).get("/codex").await.status, 200);
    assert_eq!(server.holder("lena", "cmr_wrong".to_owned()).get("/codex").await.status, 401);
    server.clock.set(server.clock.now() + TimeDelta::seconds(6));
    assert_eq!(Visitor::of(&server).sign_in("lena", PASSWORD).await.status, 200);
    // What succeeded is not counted.
    for _ in 0..15 {
        assert_eq!(Visitor::of(&server).sign_in("lena", PASSWORD).await.status, 200);
    }
}

/// The session is refused everywhere, and its event stream has ended.
async fn has_ended(visitor: &mut Visitor, stream: Option<reqwest::Response>) {
    for path in ["/codex", "/api/me", "/api/sessions"] {
        let answer = visitor.get(path).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "sign_in_needed"), "{path}");
    }
    if let Some(stream) = stream {
        stream.text().await.unwrap();
    }
}

async fn stream(visitor: &Visitor) -> Option<reqwest::Response> {
    let response = visitor.request(Method::GET, "/api/events").send().await.unwrap();
    assert_eq!(response.status(), 200);
    Some(response)
}

#[tokio::test]
async fn signing_out_ends_this_session_alone() {
    let server = TestServer::start().await;
    account(&server, "lena").await;
    let (mut here, mut there) = (Visitor::signed_in(&server, "lena").await, Visitor::signed_in(&server, "lena").await);
    let kept = here.cookie.clone();
    let events = stream(&here).await;
    let answer = here.form("/auth/logout", &[]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/login"));
    assert!(here.cookie.is_none() && answer.header("set-cookie").starts_with("codexmiroir=; "));
    here.cookie = kept;
    has_ended(&mut here, events).await;
    assert_eq!(there.get("/codex").await.status, 200);
    assert_eq!(there.post("/auth/logout", &json!({})).await.json(), json!({"ok": true}));
    // Nobody is in, and nothing happens.
    assert_eq!(there.post("/auth/logout", &json!({})).await.status, 200);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let server = TestServer::start().await;
    let lena = account(&server, "lena").await;
    account(&server, "tom").await;
    let mut tom = Visitor::signed_in(&server, "tom").await;
    let mut first = Visitor::of(&server);
    first.extra.insert("User-Agent", "Browser <one>".parse().unwrap());
    first.sign_in("lena", PASSWORD).await;
    server.clock.set(server.clock.now() + TimeDelta::hours(3));
    let mut second = Visitor::signed_in(&server, "lena").await;
    let listed = sessions(&mut second).await;
    let of = |field: &str| listed.iter().map(|session| session[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("current"), [json!(false), json!(true)]);
    assert_eq!(listed[0]["browser"], "Browser <one>");
    assert_eq!(of("createdAt"), [json!("2025-10-13T06:00:00Z"), json!("2025-10-13T09:00:00Z")]);
    assert_eq!(listed[0]["expiresAt"], "2026-04-11T06:00:00Z");
    // They are no tokens, nor are tokens sessions.
    assert_eq!(lena.get("/api/tokens").await.json()["tokens"].as_array().unwrap().len(), 1);
    let id = listed[0]["id"].as_str().unwrap();
    assert_eq!(lena.delete(&format!("/api/tokens/{id}")).await.status, 404);
    assert_eq!(tom.json(Method::DELETE, &format!("/api/sessions/{id}"), &json!({})).await.status, 404);
    assert_eq!(first.get("/codex").await.status, 200);
    let events = stream(&first).await;
    assert_eq!(second.json(Method::DELETE, &format!("/api/sessions/{id}"), &json!({})).await.status, 200);
    has_ended(&mut first, events).await;
    assert_eq!(sessions(&mut second).await.len(), 1);
    let events = stream(&second).await;
    assert_eq!(lena.delete("/api/sessions").await.status, 200);
    has_ended(&mut second, events).await;
    assert_eq!(lena.get("/codex").await.status, 200, "a token is another matter");
    assert_eq!(tom.get("/codex").await.status, 200);
    let events = stream(&tom).await;
    assert_eq!(server.administrator().delete("/api/admin/users/tom/sessions").await.status, 200);
    has_ended(&mut tom, events).await;
}

#[tokio::test]
async fn a_new_password_ends_every_session_and_the_old_password() {
    let server = TestServer::start().await;
    account(&server, "lena").await;
    let (mut here, mut there) = (Visitor::signed_in(&server, "lena").await, Visitor::signed_in(&server, "lena").await);
    let old = here.cookie.clone();
    let new = "a new and longer password";
    let change = |current: &str, new: &str| json!({"current": current, "password": new});
    for (body, code) in [
        (change("not my password", new), "wrong_password"),
        (change(PASSWORD, "short"), "malformed_value"),
        (json!({"password": new}), "missing"),
        (json!({"current": PASSWORD}), "missing"),
    ] {
        let answer = here.json(Method::PUT, "/api/me/password", &body).await;
        assert_eq!((answer.status, answer.code().as_str()), (422, code));
        assert_eq!(there.get("/codex").await.status, 200);
    }
    let events = stream(&there).await;
    let answer = here.json(Method::PUT, "/api/me/password", &change(PASSWORD, new)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_ne!(here.cookie, old, "the browser that did it has a new one");
    assert_eq!(here.get("/codex").await.status, 200);
    has_ended(&mut there, events).await;
    here.cookie = old;
    has_ended(&mut here, None).await;
    assert_eq!(Visitor::of(&server).sign_in("lena", PASSWORD).await.status, 401);
    assert_eq!(Visitor::of(&server).sign_in("lena", new).await.status, 200);
    // An administrator's way to it ends them too.
    let mut browser = Visitor::of(&server);
    browser.sign_in("lena", new).await;
    let given = server.administrator().patch("/api/admin/users/lena", &json!({"password": PASSWORD})).await;
    assert_eq!(given.status, 200);
    has_ended(&mut browser, None).await;
}

#[tokio::test]
async fn of_two_who_change_the_same_password_at_once_one_succeeds() {
    let server = TestServer::start().await;
    account(&server, "lena").await;
    for round in 0..4 {
        server.clock.set(server.clock.now() + TimeDelta::minutes(5));
        let present = if round == 0 { PASSWORD.to_owned() } else { format!("the new password {}", round - 1) };
        let mut visitors = Vec::new();
        for _ in 0..2 {
            let mut visitor = Visitor::of(&server);
            assert_eq!(visitor.sign_in("lena", &present).await.status, 200);
            visitors.push(visitor);
        }
        let changes = visitors.into_iter().zip(["the new password", "another password"]).map(|(mut visitor, new)| {
            let body = json!({"current": present, "password": format!("{new} {round}")});
            tokio::spawn(async move {
                let status = visitor.json(Method::PUT, "/api/me/password", &body).await.status;
                (status, visitor.get("/codex").await.status, body["password"].as_str().unwrap().to_owned())
            })
        });
        let mut done = Vec::new();
        for change in changes.collect::<Vec<_>>() {
            done.push(change.await.unwrap());
        }
        done.sort();
        assert_eq!((done[0].0, done[1].0), (200, 422), "{done:?}");
        assert_eq!((done[0].1, done[1].1), (200, 401), "only who changed it is still in");
        assert_eq!(Visitor::of(&server).sign_in("lena", &done[0].2).await.status, 200);
        let password = json!({"password": format!("the new password {round}")});
        server.administrator().patch("/api/admin/users/lena", &password).await;
    }
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let server = TestServer::start().await;
    account(&server, "lena").await;
    let (mut used, mut idle) = (Visitor::signed_in(&server, "lena").await, Visitor::signed_in(&server, "lena").await);
    let begun = server.clock.now();
    for days in [29, 58, 87, 116, 145, 174] {
        server.clock.set(begun + TimeDelta::days(days));
        assert_eq!(used.get("/codex").await.status, 200, "{days}");
        let expected = if days == 29 { 1 } else { 0 };
        let listed = sessions(&mut used).await;
        assert_eq!(listed.iter().filter(|session| session["current"] == false).count(), expected, "{days}");
    }
    has_ended(&mut idle, None).await;
    server.clock.set(begun + TimeDelta::days(180) - TimeDelta::seconds(1));
    assert_eq!(used.get("/codex").await.status, 200);
    server.clock.set(begun + TimeDelta::days(180));
    has_ended(&mut used, None).await;
}

#[tokio::test]
async fn being_disabled_or_removed_ends_everything_at_once() {
    let server = TestServer::start().await;
    for (name, end) in [("lena", "disabled"), ("tom", "removed")] {
        account(&server, name).await;
        let mut browser = Visitor::signed_in(&server, name).await;
        let (events, path) = (stream(&browser).await, format!("/api/admin/users/{name}"));
        let administrator: Administrator = server.administrator();
        let answer = match end {
            "disabled" => administrator.patch(&path, &json!({"disabled": true})).await,
            _ => administrator.delete(&path).await,
        };
        assert_eq!(answer.status, 200);
        has_ended(&mut browser, events).await;
        assert_eq!(Visitor::of(&server).sign_in(name, PASSWORD).await.status, 401);
        if end == "disabled" {
            administrator.patch(&path, &json!({"disabled": false})).await;
            has_ended(&mut browser, None).await;
            assert_eq!(Visitor::of(&server).sign_in(name, PASSWORD).await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_hundred_and_first_session_ends_the_one_that_was_used_the_longest_ago() {
    let server = TestServer::start().await;
    account(&server, "lena").await;
    let mut all = Vec::new();
    for _ in 0..100 {
        server.clock.set(server.clock.now() + TimeDelta::hours(1));
        all.push(Visitor::signed_in(&server, "lena").await);
    }
    // All but one are used again, each in an hour of its own; so what the second grants is at hand when it ends.
    for visitor in all.iter_mut().skip(1) {
        server.clock.set(server.clock.now() + TimeDelta::hours(1));
        assert_eq!(visitor.get("/codex").await.status, 200);
    }
    assert_eq!(all[0].get("/codex").await.status, 200, "used just now");
    assert_eq!(sessions(&mut all[0]).await.len(), 100);
    Visitor::signed_in(&server, "lena").await;
    has_ended(&mut all[1], None).await;
    assert_eq!((all[0].get("/codex").await.status, all[2].get("/codex").await.status), (200, 200));
    assert_eq!(sessions(&mut all[0]).await.len(), 100);
}

#[tokio::test]
async fn sessions_outlive_a_restart() {
    let server = TestServer::start().await;
    account(&server, "lena").await;
    let browser = Visitor::signed_in(&server, "lena").await;
    let server = server.restart().await;
    let mut again = Visitor::of(&server);
    again.cookie = browser.cookie;
    assert_eq!(again.get("/codex").await.status, 200);
}

#[tokio::test]
async fn a_browser_without_a_session_is_led_to_the_sign_in_wherever_it_goes() {
    let server = TestServer::start().await;
    account(&server, "lena").await;
    let mut browser = Visitor::of(&server);
    for (path, next) in [
        ("/", "/login"),
        ("/codex?days=3&format=html", "/login?next=%2Fcodex%3Fdays%3D3%26format%3Dhtml"),
        ("/no/such/path", "/login?next=%2Fno%2Fsuch%2Fpath"),
        ("/api/admin/users", "/login?next=%2Fapi%2Fadmin%2Fusers"),
    ] {
        let answer = browser.open(path).await;
        assert_eq!((answer.status, answer.header("location")), (303, next), "{path}");
        assert_eq!((answer.text.as_str(), answer.header("cache-control")), ("", "no-store"));
        let program = browser.get(path).await;
        assert_eq!((program.status, program.code().as_str()), (401, "sign_in_needed"), "{path}");
    }
    // A session that has ended is as none; a token that is none is told so.
    browser.cookie = Some("codexmiroir=cms_wrong".to_owned());
    assert_eq!(browser.open("/").await.status, 303);
    browser.extra.insert("Authorization", "Bearer cmr_wrong".parse().unwrap());
    assert_eq!(browser.open("/").await.status, 401);
}

#[tokio::test]
async fn a_session_is_no_token_and_a_token_is_no_session() {
    let server = TestServer::start().await;
    let lena = account(&server, "lena").await;
    let browser = Visitor::signed_in(&server, "lena").await;
    let bearer = lena.with_token(browser.secret().to_owned()).get("/codex").await;
    assert_eq!((bearer.status, bearer.code().as_str()), (401, "invalid_token"));
    let mut other = Visitor::of(&server);
    other.cookie = Some(format!("codexmiroir={}", lena.token));
    assert_eq!(other.get("/codex").await.status, 401);
}

#[tokio::test]
async fn what_another_site_sends_is_refused() {
    let server = TestServer::start().await;
    let lena = account(&server, "lena").await;
    let browser = Visitor::signed_in(&server, "lena").await;
    let own = format!("http://{}", server.address());
    let cookie = browser.cookie.clone().unwrap();
    let send = |path: &str, headers: &[(&str, &str)]| {
        let mut request = server.client.post(server.url(path)).header("Cookie", &cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::of(request.json(&json!({"kategorie": "arbeit"})))
    };
    let evil = "http://evil.example";
    let refused: [&[(&str, &str)]; 7] = [
        &[],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", &own)],
        &[("Origin", evil)],
        &[("Origin", "null")],
        &[("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
    ];
    for headers in refused {
        for path in ["/api/tasks", "/auth/logout", "/auth/login", "/setup", "/api/undo"] {
            let answer = send(path, headers).await;
            assert_eq!((answer.status, answer.code().as_str()), (403, "cross_site"), "{path} {headers:?}");
        }
    }
    assert_eq!(lena.generation().await, 0);
    let taken: [&[(&str, &str)]; 3] =
        [&[("Sec-Fetch-Site", "same-origin")], &[("Sec-Fetch-Site", "none"), ("Origin", evil)], &[("Origin", &own)]];
    for headers in taken {
        assert_eq!(send("/api/tasks", headers).await.status, 200, "{headers:?}");
    }
}

#[tokio::test]
async fn signing_out_or_in_ends_every_session_that_the_browser_shows() {
    let server = TestServer::start().await;
    let lena = account(&server, "lena").await;
    account(&server, "tom").await;
    let sign_out = json!({});
    let sign_in = json!({"name": "lena", "password": PASSWORD});
    for (path, body) in [("/auth/logout", &sign_out), ("/auth/login", &sign_in)] {
        // What another server of the same name has put beside it lets nobody in, and keeps nobody from going out.
        for beside in ["codexmiroir=tossed", "codexmiroir=", "__Host-codexmiroir=tossed", "codexmiroir=cms_x; a=b"] {
            let mut browser = Visitor::signed_in(&server, "lena").await;
            let own = browser.cookie.clone();
            browser.cookie = Some(format!("{}; {beside}", own.as_deref().unwrap()));
            let is_in = browser.get("/codex").await.status == 200;
            assert_eq!(is_in, beside.starts_with("__Host-"), "{beside}");
            assert_eq!(browser.post(path, body).await.status, 200);
            browser.cookie = own;
            has_ended(&mut browser, None).await;
        }
        // Both names, several of one, and a token beside them.
        let [mut first, mut second, mut third] = [
            Visitor::signed_in(&server, "lena").await,
            Visitor::signed_in(&server, "tom").await,
            Visitor::signed_in(&server, "lena").await,
        ];
        let mut elsewhere = Visitor::signed_in(&server, "tom").await;
        let (one, two, three) = (first.secret(), second.secret(), third.secret());
        let cookies = format!("codexmiroir={one}; __Host-codexmiroir={two}; codexmiroir={three}; codexmiroir={one}");
        let request = server.client.post(server.url(path)).header("Cookie", cookies).bearer_auth(&lena.token);
        assert_eq!(Answer::of(request.json(body)).await.status, 200);
        for browser in [&mut first, &mut second, &mut third] {
            has_ended(browser, None).await;
        }
        assert_eq!(elsewhere.get("/codex").await.status, 200);
        assert_eq!(lena.get("/codex").await.status, 200, "a token is another matter");
    }
}
