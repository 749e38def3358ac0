//! Feeds: an address that opens one calendar and nothing else, follows every change, and costs nothing to ask again.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use codexmiroir::service::administration::AccountFields;
use codexmiroir::store::Scopes;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, COOKIE, IF_NONE_MATCH};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::documented::document;
use crate::harness::{Answer, MONDAY, Start, TestServer, TestUser, instant, vault};
use crate::http2;
use crate::secrets::{self, Kind};
use crate::shortcut::{exchange, is_at_once, used};
use crate::visitor::{PASSWORD, Visitor};

/// Whoever has the address of a feed.
struct Subscriber {
    client: reqwest::Client,
    address: String,
}

impl Subscriber {
    /// Of a feed that the user's own token makes; the id of the token, too.
    async fn of(user: &TestUser, fields: Value) -> (Subscriber, Value) {
        let mut body = json!({"name": "Kalender", "scopes": ["feed"]});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let made = user.post("/api/tokens", &body).await;
        assert_eq!(made.status, 200, "{}", made.text);
        let made = made.json();
        let (address, token) = (made["feed"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap());
        assert!(address.ends_with(&format!("/feeds/{token}.ics")), "{address}");
        (Subscriber { client: crate::harness::client().build().unwrap(), address }, made)
    }

    fn request(&self, method: Method) -> RequestBuilder {
        self.client.request(method, &self.address)
    }

    async fn poll(&self) -> Answer {
        Answer::of(self.request(Method::GET)).await
    }

    /// Asks as who has this already.
    async fn poll_again(&self, etag: &str) -> Answer {
        Answer::of(self.request(Method::GET).header(IF_NONE_MATCH, etag)).await
    }

    async fn is_refused(&self, why: &str) {
        let answer = self.poll().await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "invalid_token"), "{why}");
        // Not to the sign-in, whose address would have the token in it.
        let page = Answer::of(self.request(Method::GET).header(ACCEPT, "text/html")).await;
        assert_eq!((page.status, page.header("location")), (401, ""), "{why}");
    }
}

async fn server_with_lena() -> (TestServer, TestUser) {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    (server, lena)
}

#[tokio::test]
async fn a_feed_is_the_calendar_and_is_asked_for_again_for_nothing() {
    let (server, lena) = server_with_lena().await;
    let (feed, _) = Subscriber::of(&lena, json!({})).await;
    assert!(feed.address.starts_with(&server.url("/feeds/")));
    let first = feed.poll().await;
    assert_eq!((first.status, first.header("x-cache")), (200, "rebuilt"));
    assert_eq!(first.header("content-type"), "text/calendar; charset=utf-8");
    assert_eq!(first.header("cache-control"), "private, no-cache");
    assert_eq!(first.text, lena.get("/codex?format=ics").await.text);
    let etag = first.header("etag").to_owned();
    let again = feed.poll_again(&etag).await;
    assert_eq!((again.status, again.header("x-cache"), again.header("etag")), (304, "hot", etag.as_str()));
    assert_eq!((feed.poll().await.header("x-cache"), again.text.as_str()), ("hot", ""));
    assert_eq!(feed.poll_again("\"another\"").await.text, first.text);
    let head = Answer::of(feed.request(Method::HEAD)).await;
    assert_eq!((head.status, head.header("etag"), head.text.as_str()), (200, etag.as_str(), ""));
    assert_eq!(head.header("content-length"), first.text.len().to_string());
    let packed = feed.request(Method::GET).header(ACCEPT_ENCODING, "gzip").send().await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert_eq!(packed.headers()["etag"], format!("{}-gzip\"", etag.trim_end_matches('"')));
    let mut whole = String::new();
    let packed = packed.bytes().await.unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut whole).unwrap();
    assert_eq!(whole, first.text);
    // Whatever a browser or a program would like better, and whatever it shows beside the address.
    for (name, value) in [(ACCEPT, "text/html"), (AUTHORIZATION, "Basic bGVuYTp4"), (COOKIE, "codexmiroir=cms_x")] {
        let answer = Answer::of(feed.request(Method::GET).header(name, value)).await;
        assert_eq!((answer.status, &answer.text), (200, &first.text));
    }
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let answer = Answer::of(feed.request(method.clone()).header("Sec-Fetch-Site", "same-origin")).await;
        assert_eq!((answer.status, answer.code().as_str()), (405, "method_not_allowed"), "{method}");
    }
}

#[tokio::test]
async fn an_acknowledged_change_is_in_the_next_poll() {
    let (server, lena) = server_with_lena().await;
    let tom = server.user("tom").await;
    let (feed, _) = Subscriber::of(&lena, json!({})).await;
    let mut etag = feed.poll().await.header("etag").to_owned();
    for number in 0..20 {
        let title = format!("Sofort {number}");
        let slot = json!({"datum": format!("{}.10.2025", 13 + number % 7), "zeit": "abends"});
        let id = lena
            .create(json!({"kategorie": "arbeit", "title": title, "fixedSlot": slot, "deadline": "31.10.2025"}))
            .await;
        let answer = feed.poll_again(&etag).await;
        assert!(answer.status == 200 && answer.text.contains(&format!("{title}\r\n")), "{}", answer.text);
        etag = answer.header("etag").to_owned();
        // What others do is none of it.
        tom.create(json!({"kategorie": "arbeit", "title": "Fremd"})).await;
        assert_eq!(feed.poll_again(&etag).await.status, 304);
        lena.complete(&id, json!({"datum": "13.10.2025", "zeit": "morgens"})).await;
        let answer = feed.poll_again(&etag).await;
        assert!(answer.status == 200 && !answer.text.contains(&title), "{}", answer.text);
        etag = answer.header("etag").to_owned();
    }
    // The clock alone, an import that brings no timeline with it, and the time zone.
    server.set_clock("2025-10-13T09:00:00+02:00");
    let later = feed.poll_again(&etag).await;
    assert_eq!(later.status, 200);
    server
        .import_document(
            &lena,
            "0500.md",
            "---\ntyp: task\nkategorie: arbeit\nstatus: offen\ndeadline: 1.11.2025\n---\n# Neu\n",
        )
        .await;
    assert!(feed.poll_again(later.header("etag")).await.text.contains("Neu\r\n"));
    assert_eq!(lena.patch("/api/settings", &json!({"timeZone": "Asia/Tokyo"})).await.status, 200);
    assert!(feed.poll().await.text.contains("X-WR-TIMEZONE:Asia/Tokyo\r\n"));
}

#[tokio::test]
async fn a_feed_ends_with_its_token_and_its_account() {
    let (server, lena) = server_with_lena().await;
    let [(revoked, made), (expiring, _), (disabled, _)] = [
        Subscriber::of(&lena, json!({})).await,
        Subscriber::of(&lena, json!({"expires": "1h"})).await,
        Subscriber::of(&lena, json!({})).await,
    ];
    for feed in [&revoked, &expiring, &disabled] {
        assert_eq!(feed.poll().await.status, 200);
    }
    let listed = lena.get("/api/tokens").await.json();
    let used = listed["tokens"].as_array().unwrap().iter().find(|token| token["id"] == made["id"]).unwrap();
    assert!(used["scopes"] == json!(["feed"]) && used["lastUsedAt"].is_string(), "{used}");
    let path = format!("/api/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(lena.delete(&path).await.status, 200);
    revoked.is_refused("it was revoked").await;
    assert_eq!(expiring.poll().await.status, 200);
    server.clock.set(instant(MONDAY) + TimeDelta::hours(1));
    expiring.is_refused("it has expired").await;
    assert_eq!(disabled.poll().await.status, 200);
    let fields = AccountFields { disabled: Some(true), ..AccountFields::default() };
    server.service().change_account("lena", fields).await.unwrap();
    disabled.is_refused("the account is disabled").await;
    let tom = server.user("tom").await;
    let (removed, _) = Subscriber::of(&tom, json!({})).await;
    assert_eq!(removed.poll().await.status, 200);
    server.service().remove_account("tom").await.unwrap();
    removed.is_refused("the account is gone").await;
}

#[tokio::test]
async fn no_other_secret_has_a_place_in_an_address() {
    let (server, lena) = server_with_lena().await;
    let (feed, made) = Subscriber::of(&lena, json!({})).await;
    let good = made["token"].as_str().unwrap();
    let change = AccountFields { admin: Some(true), password: Some(PASSWORD.to_owned()), ..AccountFields::default() };
    server.service().change_account("lena", change).await.unwrap();
    let mut shown = vec![
        String::new(),
        "x".to_owned(),
        good.to_uppercase(),
        good[..good.len() - 1].to_owned(),
        format!("{good}x"),
        format!("%20{good}"),
        format!("{good}.ics"),
        Visitor::signed_in(&server, "lena").await.secret().to_owned(),
    ];
    let [read, write, only, admin] = [Scopes::READ, Scopes::WRITE, Scopes::FEED, Scopes::ADMIN];
    for scopes in [read, write, admin, read.with(only), only.with(admin), read.with(write).with(only)] {
        shown.push(server.token("lena", scopes).await);
    }
    for token in shown {
        let wrong = Subscriber { client: feed.client.clone(), address: server.url(&format!("/feeds/{token}.ics")) };
        wrong.is_refused("it is not a feed's alone").await;
    }
    for path in ["/feeds/", "/feeds/.ics", &format!("/feeds/{good}"), &format!("/feeds/{good}.ICS")] {
        let wrong = Subscriber { client: feed.client.clone(), address: server.url(path) };
        wrong.is_refused("it is no address of a feed").await;
    }
    // One that may do more is shown as itself, and one for a feed as its address.
    let both = lena.post("/api/tokens", &json!({"scopes": ["feed", "read"]})).await.json();
    assert!(both.get("feed").is_none() && both["token"].is_string());
}

/// Everything that the interface has, with the token of a feed in every way in which one can be shown.
#[tokio::test]
async fn the_token_of_a_feed_opens_nothing_else() {
    let (server, lena) = server_with_lena().await;
    let (feed, made) = Subscriber::of(&lena, json!({})).await;
    let token = made["token"].as_str().unwrap();
    let before = lena.get("/api/export?format=json&history=true").await.text;
    let mut tried = 0;
    for (path, method, operation) in document().await.operations() {
        // Those that are for everybody, for who can sign, or for whoever watches over the server.
        let is_open = operation["security"][0].get("token").is_none();
        let path = path.replace("{id}", "0001").replace("{n}", "1").replace("{name}", "lena");
        if is_open || path.starts_with("/feeds/") {
            continue;
        }
        let method: Method = method.to_uppercase().parse().unwrap();
        let shown = [
            server.client.request(method.clone(), server.url(&path)).bearer_auth(token),
            server.client.request(method.clone(), server.url(&path)).header(COOKIE, format!("codexmiroir={token}")),
            server.client.request(method.clone(), format!("{}{path}", feed.address)),
            server.client.request(method.clone(), server.url(&format!("{path}?token={token}&access_token={token}"))),
        ];
        for request in shown {
            let answer = Answer::of(request.header("Sec-Fetch-Site", "same-origin")).await;
            assert!([401, 403, 404].contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text);
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
    assert_eq!(lena.get("/api/export?format=json&history=true").await.text, before);
    assert_eq!(feed.poll().await.status, 200);
}

#[tokio::test]
async fn a_hot_feed_is_answered_at_once_and_the_same_in_every_way() {
    let (server, lena) = server_with_lena().await;
    let (feed, made) = Subscriber::of(&lena, json!({})).await;
    let whole = feed.poll().await;
    let path = format!("/feeds/{}.ics", made["token"].as_str().unwrap());
    let mut stream = used(server.address()).await;
    let ask = |more: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
    let answer = exchange(&mut stream, &ask("")).await;
    assert!(is_at_once(&answer) && answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\ncontent-type: text/calendar; charset=utf-8\r\n"), "{answer}");
    assert!(answer.ends_with(&whole.text));
    let unchanged = exchange(&mut stream, &ask(&format!("If-None-Match: {}\r\n", whole.header("etag")))).await;
    assert!(is_at_once(&unchanged) && unchanged.starts_with("HTTP/1.1 304 "), "{unchanged}");
    assert_eq!(http2::get(server.address(), &path, &[]).await.headers()["x-cache"], "hot");
    // With a query the long way, to the same calendar.
    let queried = exchange(&mut stream, &ask("").replace(".ics ", ".ics?a=b ")).await;
    assert!(!is_at_once(&queried) && queried.ends_with(&whole.text), "{queried}");
    let revoked = lena.delete(&format!("/api/tokens/{}", made["id"].as_str().unwrap())).await;
    assert_eq!(revoked.status, 200);
    let refused = exchange(&mut stream, &ask("")).await;
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
}

#[tokio::test]
async fn calendars_make_room_like_everything_that_is_hot() {
    let server = TestServer::start_with(Start { hot_bytes_max: 64 * 1024, ..Start::default() }).await;
    let (mut feeds, mut etags) = (Vec::new(), BTreeSet::new());
    for number in 0..12 {
        let user = server.user(&format!("u{number}")).await;
        server.import(&user, &vault("lena")).await;
        feeds.push(Subscriber::of(&user, json!({})).await.0);
    }
    let mut layers = BTreeSet::new();
    for _ in 0..3 {
        for feed in &feeds {
            let answer = feed.poll().await;
            assert_eq!(answer.status, 200);
            layers.insert(answer.header("x-cache").to_owned());
            etags.insert(answer.header("etag").to_owned());
        }
    }
    // Each has one of its own, which stays the same however often it is made anew.
    assert_eq!(etags.len(), feeds.len());
    assert!(layers.contains("rebuilt"), "{layers:?}");
    let cache = server.administrator().get("/api/admin/cache").await.json();
    assert!(cache["hotMap"]["bytes"].as_u64().unwrap() <= 64 * 1024, "{cache}");
}

#[tokio::test]
async fn the_page_shows_the_address_once_in_both_languages() {
    let (server, lena) = server_with_lena().await;
    let password = AccountFields { password: Some(PASSWORD.to_owned()), ..AccountFields::default() };
    server.service().change_account("lena", password).await.unwrap();
    let mut browser = Visitor::signed_in(&server, "lena").await;
    for (language, told) in [("en", "The address of your calendar"), ("de", "Die Adresse des Kalenders")] {
        assert_eq!(lena.patch("/api/settings", &json!({"language": language})).await.status, 200);
        let page =
            browser.form("/settings/tokens", &[("name", "Kalender"), ("scope", "feed"), ("expires", "365d")]).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let (_, shown) = page.text.split_once("<code>").unwrap();
        let (address, _) = shown.split_once("</code>").unwrap();
        assert!(page.text.contains(told) && !page.text.contains("Bearer"), "{}", page.text);
        secrets::learn(Kind::Token, address.rsplit('/').next().unwrap().trim_end_matches(".ics"));
        let answer = Answer::of(server.client.get(address)).await;
        assert!(answer.status == 200 && answer.text.starts_with("BEGIN:VCALENDAR"), "{address}");
        let settings = browser.open("/settings").await;
        assert!(settings.text.contains("Kalender") && !settings.text.contains("/feeds/"));
    }
}

#[tokio::test]
async fn the_address_is_the_one_that_people_use() {
    let start = Start { public_url: Some("https://codex.example"), ..Start::default() };
    let server = TestServer::start_with(start).await;
    let lena = server.user("lena").await;
    let made = lena.post("/api/tokens", &json!({"scopes": ["feed"]})).await.json();
    assert_eq!(made["feed"], format!("https://codex.example/feeds/{}.ics", made["token"].as_str().unwrap()));
    // At the control socket of a server that knows no address of its own there is the path alone.
    let server = TestServer::start().await;
    server.user("lena").await;
    let made = server.administrator().acting_for("lena").post("/api/tokens", &json!({"scopes": ["feed"]})).await.json();
    assert_eq!(made["feed"], format!("/feeds/{}.ics", made["token"].as_str().unwrap()));
}
