//! The pages of accounts as a browser without a window gets them: what their forms do, and what they say of bad input.

use std::sync::Arc;

use chrono::TimeDelta;
use codexmiroir::http::listen::Limits;
use codexmiroir::service::administration::AccountFields;
use codexmiroir::store::Scopes;
use reqwest::Method;
use reqwest::header::{ACCEPT, HOST};
use serde_json::{Value, json};

use crate::harness::{Answer, Start, TestServer, TestUser};
use crate::signing_in::account;
use crate::visitor::{PASSWORD, Visitor};

const HOSTILE: &str = "\"><script>alert('x')</script>";
const ESCAPED: &str = "&quot;&gt;&lt;script&gt;alert('x')&lt;/script&gt;";

/// Somebody who is signed in, and the same with a token.
pub async fn signed_in(server: &TestServer, name: &str) -> (Visitor, TestUser) {
    let user = account(server, name).await;
    (Visitor::signed_in(server, name).await, user)
}

pub async fn administrator(server: &TestServer, name: &str) -> Visitor {
    account(server, name).await;
    let admin = AccountFields { admin: Some(true), ..AccountFields::default() };
    server.service().change_account(name, admin).await.unwrap();
    Visitor::signed_in(server, name).await
}

/// The page once more, with this at its top, with a way to the field, and in the place for errors of the field, where one
/// begins.
pub fn assert_refused(page: &Answer, field: &str, sentence: &str) {
    assert_eq!(page.status, 422, "{}", page.text);
    let top = page.text.split("<section").next().unwrap();
    let alert = top.split("class=\"alert\" role=\"alert\">").nth(1).unwrap_or_else(|| panic!("no alert in {top}"));
    assert!(alert.starts_with(sentence) && alert.contains(&format!("href=\"#{field}\"")), "{alert}");
    let error = format!("id=\"{field}-error\">{sentence}");
    for part in [error, format!("id=\"{field}\""), format!("aria-describedby=\"{field}-")] {
        assert!(page.text.contains(&part), "no {part:?} in {}", page.text);
    }
    assert_eq!(page.text.matches(" autofocus").count(), 1, "{}", page.text);
}

/// That the answer leads there. What seals it that something was done is another one in each run.
pub fn assert_led(answer: &Answer, location: &str) {
    let leads = answer.header("location");
    let leads = leads.split_once("&seal=").map_or(leads, |(leads, _)| leads);
    assert_eq!((answer.status, leads), (303, location), "{}", answer.text);
}

#[tokio::test]
async fn settings_are_changed_by_their_form() {
    let server = TestServer::start().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    let page = browser.open("/settings").await;
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"));
    assert!(page.text.contains("value=\"Europe/Berlin\"") && page.text.contains("<html lang=\"en\">"));
    let all =
        |zone, language, horizon| [("timeZone", zone), ("language", language), ("horizon", horizon), ("theme", "dark")];
    for (fields, field, sentence) in [
        (all("Europe/Nowhere", "en", "7"), "planning-timeZone", "Time zone must be an IANA name"),
        (all("Europe/Berlin", "fr", "7"), "planning-language", "Language must be de or en"),
        (all("Europe/Berlin", "en", "0"), "planning-horizon", "The number of days to plan must be"),
        (all("Europe/Berlin", "en", "seven"), "planning-horizon", "The number of days to plan must be"),
        (all("Europe/Berlin", "en", "367"), "planning-horizon", "The number of days to plan must be"),
    ] {
        let page = browser.form("/settings", &fields).await;
        assert_refused(&page, field, sentence);
        let typed = fields.iter().find(|(name, _)| field.ends_with(name)).unwrap().1;
        assert!(typed == "fr" || page.text.contains(&format!("value=\"{typed}\"")), "{typed} was typed: {}", page.text);
    }
    let page = browser.form("/settings", &[("theme", "pink")]).await;
    assert_refused(&page, "planning-theme", "Colours must be auto, light or dark");
    assert_eq!(lena.generation().await, 0, "nothing was changed");
    let done = browser.form("/settings", &all("Europe/Vienna", "de", "14")).await;
    assert_led(&done, "/settings?done=saved");
    let page = browser.open("/settings?done=saved").await;
    assert!(page.text.contains("role=\"status\">Gespeichert.") && page.text.contains("<html lang=\"de\" "));
    let settings = lena.get("/api/settings").await.json();
    assert_eq!(settings, json!({"timeZone": "Europe/Vienna", "language": "de", "horizon": 14, "theme": "dark"}));
    assert!(page.text.contains("data-theme=\"dark\"") && page.text.contains("<option value=\"dark\" selected>dunkel"));
    let page = browser.form("/settings", &all("Wien", "de", "14")).await;
    assert_refused(&page, "planning-timeZone", "Zeitzone muss so aussehen: ein IANA-Name");
}

#[tokio::test]
async fn a_password_is_changed_by_its_form() {
    let server = TestServer::start().await;
    let (mut browser, _) = signed_in(&server, "lena").await;
    let mut other = Visitor::signed_in(&server, "lena").await;
    let new = "another horse, another battery";
    let fields = |current, password| [("current", current), ("password", password)];
    let page = browser.form("/settings/password", &fields("not the present one", new)).await;
    assert_refused(&page, "password-current", "That is not your present password");
    let page = browser.form("/settings/password", &fields(PASSWORD, "short")).await;
    assert_refused(&page, "password-password", "Password must be 12 to 128 characters long");
    let old = browser.cookie.clone();
    assert_led(&browser.form("/settings/password", &fields(PASSWORD, new)).await, "/settings?done=password");
    assert_ne!(browser.cookie, old);
    assert_eq!(browser.open("/settings?done=password").await.status, 200, "it stays signed in");
    assert_led(&other.open("/settings").await, "/login?next=%2Fsettings");
    // Who guesses has to wait, which the page says.
    for _ in 0..10 {
        browser.form("/settings/password", &fields("a guess of mine", PASSWORD)).await;
    }
    let page = browser.form("/settings/password", &fields(new, PASSWORD)).await;
    assert_eq!((page.status, page.header("retry-after")), (429, "6"));
    assert!(page.text.contains("class=\"alert\" role=\"alert\">Too many attempts"), "{}", page.text);
}

#[tokio::test]
async fn browsers_are_named_in_plain_words_and_signed_out() {
    let server = TestServer::start().await;
    account(&server, "lena").await;
    let mut phone = Visitor::of(&server);
    let says = "Mozilla/5.0 (Android 16; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0";
    phone.extra.insert("User-Agent", says.parse().unwrap());
    phone.sign_in("lena", PASSWORD).await;
    let mut browser = Visitor::signed_in(&server, "lena").await;
    let page = browser.open("/settings").await;
    assert!(page.text.contains("Firefox on Android"), "{}", page.text);
    assert_eq!(page.text.matches("this browser").count(), 1);
    let listed = browser.get("/api/sessions").await.json();
    let other = listed["sessions"].as_array().unwrap().iter().find(|session| session["current"] == false);
    let id = other.unwrap()["id"].as_str().unwrap().to_owned();
    assert_led(&browser.form("/settings/sessions", &[("id", &id)]).await, "/settings?done=signed-out");
    assert_eq!(phone.get("/codex").await.status, 401);
    // A button that is pressed twice, and ids of nobody.
    for id in [id.as_str(), "nonsense", ""] {
        assert_led(&browser.form("/settings/sessions", &[("id", id)]).await, "/settings?done=gone");
    }
    phone.sign_in("lena", PASSWORD).await;
    let out = browser.form("/settings/sessions", &[("all", "true")]).await;
    assert_led(&out, "/login");
    assert!(browser.cookie.is_none());
    assert_eq!(phone.get("/codex").await.status, 401);
}

/// The token on a page.
fn token_on(page: &str) -> String {
    let at = page.find("cmr_").unwrap_or_else(|| panic!("no token on {page}"));
    page[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

async fn listed(user: &TestUser) -> Vec<Value> {
    let tokens = user.get("/api/tokens").await.json()["tokens"].as_array().unwrap().clone();
    tokens.into_iter().filter(|token| token["name"] != "test").collect()
}

#[tokio::test]
async fn a_token_is_made_once_shown_once_and_revoked() {
    let server = TestServer::start().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    let fields = [("name", " backup "), ("scope", "read"), ("expires", "90d"), ("key", "a1")];
    let page = browser.form("/settings/tokens", &fields).await;
    assert_eq!((page.status, page.header("cache-control")), (200, "no-store"));
    let token = lena.with_token(token_on(&page.text));
    assert_eq!(token.get("/codex").await.status, 200);
    assert_eq!(token.post("/api/tasks", &json!({"kategorie": "arbeit"})).await.status, 403, "it may read alone");
    let made = &listed(&lena).await[0];
    assert_eq!((&made["name"], &made["scopes"]), (&json!("backup"), &json!(["read"])));
    assert_eq!(made["expiresAt"], "2026-01-11T06:00:00Z");
    assert!(!browser.open("/settings").await.text.contains("cmr_"), "it was shown once");
    // The same form again makes no other, and neither does it with something changed: the page says so.
    for name in ["backup", "another"] {
        let again = [("name", name), ("scope", "read"), ("expires", "90d"), ("key", "a1")];
        let again = if name == "backup" { fields } else { again };
        let page = browser.form("/settings/tokens", &again).await;
        assert_eq!(page.status, 422);
        assert!(page.text.contains("role=\"alert\">This form was sent before") && !page.text.contains("value=\"a1\""));
    }
    assert_eq!(listed(&lena).await.len(), 1);
    let id = made["id"].as_str().unwrap();
    assert_led(&browser.form("/settings/tokens/revoke", &[("id", id)]).await, "/settings?done=revoked");
    assert_eq!(token.get("/codex").await.status, 401);
    assert_led(&browser.form("/settings/tokens/revoke", &[("id", id)]).await, "/settings?done=gone");
}

#[tokio::test]
async fn a_token_outlives_the_browser_that_made_it_and_may_no_more_than_its_maker() {
    let server = TestServer::start().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    for (expires, at) in [("", Value::Null), ("365d", json!("2026-10-13T06:00:00Z"))] {
        let fields = [("name", expires), ("scope", "read"), ("scope", "write"), ("expires", expires)];
        let page = browser.form("/settings/tokens", &fields).await;
        assert_eq!(page.status, 200, "{}", page.text);
        // Made in the same moment, they are listed in no order.
        let made = listed(&lena).await.into_iter().find(|token| token["name"] == expires).unwrap();
        assert_eq!((&made["expiresAt"], &made["scopes"]), (&at, &json!(["read", "write"])));
    }
    browser.form("/auth/logout", &[]).await;
    assert_eq!(listed(&lena).await.len(), 2);
    let mut browser = Visitor::signed_in(&server, "lena").await;
    assert!(!browser.open("/settings").await.text.contains("value=\"admin\""), "it is not offered");
    for (fields, field, sentence) in [
        (&[("scope", "admin")][..], "token-scopes", "A token cannot give the scope admin"),
        (&[("name", "x")], "token-scopes", "Tick at least one."),
        (&[("scope", "fly")], "token-scopes", "It may cannot be “fly”"),
        (&[("scope", "read"), ("expires", "soon")], "token-expires", "It lasts must be a number"),
    ] {
        assert_refused(&browser.form("/settings/tokens", fields).await, field, sentence);
    }
    let long = "x".repeat(65);
    let page = browser.form("/settings/tokens", &[("name", &long), ("scope", "read")]).await;
    assert_refused(&page, "token-name", "Name is longer than 64 characters");
    assert_eq!(listed(&lena).await.len(), 2);
}

#[tokio::test]
async fn accounts_are_managed_by_their_forms() {
    let server = TestServer::start().await;
    let mut admin = administrator(&server, "anna").await;
    let add =
        |name, password| [("name", name), ("password", password), ("timeZone", "Europe/Vienna"), ("language", "de")];
    for (fields, field, sentence) in [
        (add("Tom!", PASSWORD), "account-name", "Name must be 1 to 39 characters"),
        (add("anna", PASSWORD), "account-name", "There is a user anna already"),
        (add("tom", "short"), "account-password", "Password must be 12 to 128 characters long"),
    ] {
        let page = admin.form("/admin/users", &fields).await;
        assert_refused(&page, field, sentence);
        assert!(page.text.contains(&format!("value=\"{}\"", fields[0].1)) && page.text.contains("Europe/Vienna"));
    }
    assert_led(&admin.form("/admin/users", &add("tom", PASSWORD)).await, "/admin/users/tom?done=added");
    let page = admin.open("/admin/users/tom?done=added").await;
    assert!(
        page.text.contains("role=\"status\">tom has an account now.") && page.text.contains("Europe/Vienna"),
        "{}",
        page.text
    );
    let mut tom = Visitor::signed_in(&server, "tom").await;
    assert!(tom.open("/settings").await.text.contains("<html lang=\"de\">"));

    let deeds = ["admin", "admin", "sign-out", "disable", "enable"];
    let fields: [&[(&str, &str)]; 5] = [&[("admin", "true")], &[("admin", "false")], &[], &[], &[]];
    let words = ["admin", "no-admin", "out-everywhere", "disabled", "enabled"];
    for ((deed, fields), word) in deeds.into_iter().zip(fields).zip(words) {
        let done = admin.form(&format!("/admin/users/tom/{deed}"), fields).await;
        assert_led(&done, &format!("/admin/users/tom?done={word}"));
        assert!(admin.open(&format!("/admin/users/tom?done={word}")).await.text.contains("role=\"status\""));
        let status = tom.get("/admin").await.status;
        assert_eq!(
            status,
            if word == "admin" {
                200
            } else if word == "no-admin" {
                403
            } else {
                401
            },
            "{word}"
        );
    }
    let page = admin.form("/admin/users/tom/password", &[("password", "tom")]).await;
    assert_refused(&page, "account-password", "Password must be 12 to 128 characters long");
    let new = "a horse of another colour";
    let done = admin.form("/admin/users/tom/password", &[("password", new)]).await;
    assert_led(&done, "/admin/users/tom?done=new-password");
    assert_eq!(Visitor::of(&server).sign_in("tom", new).await.status, 200);

    let page = admin.form("/admin/users/anna/remove", &[("confirm", "anna")]).await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("role=\"alert\">anna is the last administrator"), "{}", page.text);
}

#[tokio::test]
async fn an_account_is_removed_once_its_name_was_typed_and_its_export_offered() {
    let server = TestServer::start().await;
    let mut admin = administrator(&server, "anna").await;
    let tom = account(&server, "tom").await;
    tom.create(json!({"kategorie": "arbeit", "title": "Ziel"})).await;
    let page = admin.open("/admin/users/tom/remove").await;
    for (form, own) in [("json&amp;history=true", "json&history=true"), ("markdown", "markdown")] {
        let link = format!("/api/admin/users/tom/export?format={form}");
        assert!(page.text.contains(&format!("href=\"{link}\" download")), "{}", page.text);
        let export = admin.get(&link.replace("&amp;", "&")).await;
        assert_eq!(export.status, 200);
        assert!(export.header("content-disposition").contains("filename=\"tom."));
        assert!(export.text.contains("Ziel"));
        if own != "markdown" {
            assert_eq!(
                export.text,
                tom.get(&format!("/api/export?format={own}")).await.text,
                "the user's own is the same"
            );
        }
    }
    for typed in ["", "tim", "TOM"] {
        let page = admin.form("/admin/users/tom/remove", &[("confirm", typed)]).await;
        assert_refused(&page, "removal-confirm", "This is not the account's name");
    }
    assert_eq!(tom.get("/codex").await.status, 200);
    assert_led(&admin.form("/admin/users/tom/remove", &[("confirm", "tom")]).await, "/admin?done=removed");
    assert_eq!(tom.get("/codex").await.status, 401);
    assert!(!admin.open("/admin?done=removed").await.text.contains("/admin/users/tom"));
    for path in ["/admin/users/tom", "/admin/users/tom/remove", "/api/admin/users/tom/export?format=json"] {
        assert_eq!(admin.open(path).await.status, 404, "{path}");
    }
    for deed in ["disable", "enable", "admin", "password", "sign-out", "remove"] {
        let answer = admin.form(&format!("/admin/users/tom/{deed}"), &[]).await;
        assert_eq!(answer.status, 404, "{deed}");
    }
}

#[tokio::test]
async fn many_accounts_come_page_by_page() {
    let server = TestServer::start().await;
    let mut admin = administrator(&server, "anna").await;
    for number in 0..60 {
        server.user(&format!("user{number:02}")).await;
    }
    let first = admin.open("/admin").await.text;
    assert!(first.contains("/admin/users/user48\"") && !first.contains("/admin/users/user49\""));
    assert!(first.contains("href=\"/admin?after=user48\""), "{first}");
    let second = admin.open("/admin?after=user48").await.text;
    assert!(second.contains("/admin/users/user49\"") && second.contains("/admin/users/user59\""));
    assert!(!second.contains("?after=") && second.contains("href=\"/admin\""));
}

#[tokio::test]
async fn administration_is_for_administrators() {
    let server = TestServer::start().await;
    account(&server, "anna").await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    assert!(!browser.open("/").await.text.contains("href=\"/admin\""));
    let reader = lena.with_token(server.token("lena", Scopes::READ).await);
    for path in ["/admin", "/admin/users/anna", "/admin/users/anna/remove", "/api/admin/users/anna/export?format=json"]
    {
        assert_eq!(browser.open(path).await.status, 403, "{path}");
        assert_eq!(lena.get(path).await.status, 403, "{path}");
        assert_eq!(Visitor::of(&server).open(path).await.status, 303, "{path}");
    }
    let forms =
        ["/settings", "/settings/password", "/settings/sessions", "/settings/tokens", "/settings/tokens/revoke"];
    for path in forms {
        assert_eq!(reader.post(path, &json!({})).await.status, 403, "{path}");
        assert_eq!(Visitor::of(&server).form(path, &[]).await.status, 401, "{path}");
    }
    for deed in ["", "/anna/disable", "/anna/enable", "/anna/admin", "/anna/password", "/anna/sign-out", "/anna/remove"]
    {
        let path = format!("/admin/users{deed}");
        assert_eq!(browser.form(&path, &[("confirm", "anna")]).await.status, 403, "{path}");
        assert_eq!(lena.post(&path, &json!({})).await.status, 403, "{path}");
    }
    // Whoever has the data directory sees them too.
    let control = server.administrator();
    assert_eq!(control.get("/admin").await.status, 200);
    assert_eq!(control.get("/admin/users/anna").await.status, 200);
    assert_eq!(control.get("/settings").await.code(), "user_needed");
}

#[tokio::test]
async fn what_was_typed_is_shown_as_it_was_typed() {
    let server = TestServer::start().await;
    let mut admin = administrator(&server, "anna").await;
    let mut other = Visitor::of(&server);
    other.extra.insert("User-Agent", HOSTILE.parse().unwrap());
    other.sign_in("anna", PASSWORD).await;
    let made = admin.form("/settings/tokens", &[("name", HOSTILE), ("scope", "read")]).await;
    assert_eq!(made.status, 200);
    let word: String = form_urlencoded::byte_serialize(HOSTILE.as_bytes()).collect();
    let settings = admin.open(&format!("/settings?done={word}")).await;
    assert_eq!(
        settings.text.matches(ESCAPED).count(),
        4,
        "a browser and a token, each with its button: {}",
        settings.text
    );
    assert!(!settings.text.contains("class=\"notice\""), "no text comes from an address");
    let pages = [
        settings,
        admin.form("/settings", &[("timeZone", HOSTILE), ("horizon", HOSTILE)]).await,
        admin.form("/settings/tokens", &[("name", HOSTILE), ("scope", HOSTILE), ("expires", HOSTILE)]).await,
        admin.form("/admin/users", &[("name", HOSTILE), ("timeZone", HOSTILE)]).await,
        admin.form("/admin/users/anna/remove", &[("confirm", HOSTILE)]).await,
        admin.form("/settings", &[(HOSTILE, "x")]).await,
        admin.open("/admin?after=%3Cscript%3E").await,
        admin.open("/admin/users/%3Cscript%3E").await,
        admin.open("/%3Cscript%3E").await,
    ];
    for page in pages {
        assert!(!page.text.contains("<script>"), "{}", page.text);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    }
}

#[tokio::test]
async fn an_error_is_a_page_for_people_and_json_for_programs() {
    let server = TestServer::start().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    for (path, status, title) in [
        ("/nowhere", 404, "Nothing here"),
        ("/settings/tokens", 405, "That did not work"),
        ("/admin", 403, "Not allowed"),
    ] {
        let page = browser.open(path).await;
        assert_eq!((page.status, page.header("content-type")), (status, "text/html; charset=utf-8"), "{path}");
        assert!(page.text.contains(&format!("<h1>{title}</h1>")) && !page.text.contains("openapi"), "{}", page.text);
        assert_eq!(page.header("cache-control"), "no-store");
        let program = browser.get(path).await;
        assert_eq!((program.status, program.header("content-type")), (status, "application/json"));
    }
    assert_eq!(browser.open("/settings/tokens").await.header("allow"), "POST");
    // In the language that one has chosen, whatever the browser says.
    lena.put("/api/settings", &json!({"language": "de"})).await;
    assert!(browser.open("/nowhere").await.text.contains("<h1>Hier ist nichts</h1>"));
    assert!(
        browser.open("/admin").await.text.contains("<h1>Nicht erlaubt</h1>"),
        "also where the gate lets nobody through"
    );
    let asked = |name, value| {
        let request = server.client.request(Method::POST, server.url("/settings")).header(ACCEPT, "text/html");
        Answer::of(request.header(name, value))
    };
    let misdirected = asked(HOST, "other.example:8484").await;
    assert_eq!((misdirected.status, misdirected.header("content-type")), (421, "text/html; charset=utf-8"));
    assert!(
        misdirected.text.contains("codexmiroir serve --public-url http://other.example:8484<"),
        "{}",
        misdirected.text
    );
    assert!(!misdirected.text.contains("<a "), "every link leads to the same: {}", misdirected.text);
    // A form that was open while the session ended.
    server.clock.set(server.clock.now() + TimeDelta::days(31));
    let late = browser.form("/settings", &[("horizon", "3")]).await;
    assert_eq!((late.status, late.header("www-authenticate")), (401, "Bearer"));
    assert!(late.text.contains("nothing was done") && late.text.contains("href=\"/login\""), "{}", late.text);
    let crossed = browser.request(Method::POST, "/auth/login").header(ACCEPT, "text/html");
    let crossed = Answer::of(crossed.header("Sec-Fetch-Site", "cross-site")).await;
    assert_eq!((crossed.status, crossed.header("content-type")), (403, "text/html; charset=utf-8"));
}

/// A server behind a proxy on this machine, which tells of whoever it passes on.
async fn behind_a_proxy() -> TestServer {
    let limits = Limits { is_proxy: Arc::new(|address| address.is_loopback()), ..Limits::default() };
    TestServer::start_with(Start { limits, ..Start::default() }).await
}

#[tokio::test]
async fn a_password_that_others_could_read_on_the_way_is_warned_of() {
    let server = behind_a_proxy().await;
    let code = server.set_up_code().unwrap();
    for (scheme, is_warned) in [("http", true), ("https", false)] {
        let mut browser = Visitor::of(&server);
        browser.extra.insert("X-Forwarded-For", "203.0.113.7".parse().unwrap());
        browser.extra.insert("X-Forwarded-Proto", scheme.parse().unwrap());
        for path in ["/login", &format!("/setup?code={code}")] {
            let page = browser.open(path).await;
            assert_eq!(page.status, 200);
            assert_eq!(page.text.contains("is not encrypted"), is_warned, "{path} over {scheme}");
        }
        let page = browser.form("/auth/login", &[("name", "x"), ("password", "a wrong password")]).await;
        assert_eq!((page.status, page.text.contains("is not encrypted")), (401, is_warned), "{scheme}");
    }
    // Here nobody is on the way, and a proxy that is none is not believed.
    assert!(!Visitor::of(&server).open("/login").await.text.contains("is not encrypted"));
    let server = TestServer::start().await;
    let mut browser = Visitor::of(&server);
    browser.extra.insert("X-Forwarded-For", "203.0.113.7".parse().unwrap());
    assert!(!browser.open("/login").await.text.contains("is not encrypted"));
}

#[tokio::test]
async fn over_https_a_browser_is_given_what_only_this_host_gets() {
    let server = behind_a_proxy().await;
    account(&server, "lena").await;
    let mut browser = Visitor::of(&server);
    browser.extra.insert("X-Forwarded-Proto", "https".parse().unwrap());
    browser.sign_in("lena", PASSWORD).await;
    let fields = [("current", PASSWORD), ("password", "another horse, another battery")];
    let changed = browser.form("/settings/password", &fields).await;
    assert_led(&changed, "/settings?done=password");
    let cookie = changed.header("set-cookie");
    assert!(cookie.starts_with("__Host-codexmiroir=cms_") && cookie.ends_with("; Secure"), "another cookie");
    let out = browser.form("/settings/sessions", &[("all", "true")]).await;
    assert!(out.header("set-cookie").starts_with("__Host-codexmiroir=; "));
    assert!(browser.cookie.is_none());
}
