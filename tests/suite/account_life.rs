//! A life with accounts in a real browser, and what each page is like on every screen.

use codexmiroir::service::administration::AccountFields;
use serde_json::json;

use crate::browser::{Browser, with_browser};
use crate::harness::TestServer;
use crate::look::{look, look_here, texts};
use crate::signing_in::account;
use crate::visitor::{PASSWORD, Visitor};

const NEW_PASSWORD: &str = "another horse, another battery";

pub async fn sign_in(browser: &Browser, name: &str, password: &str) {
    browser.fill("[name=name]", name).await;
    browser.fill("[name=password]", password).await;
    browser.click("form .main").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life_with_accounts() {
    let server = TestServer::start().await;
    let base = server.url("");
    let code = server.set_up_code().unwrap();
    with_browser(|browser| async move {
        begin(&browser, &format!("{base}/setup?code={code}")).await;
        let token = make_and_revoke_tokens(&browser, &base, &server).await;
        add_tom(&browser, &base).await;
        two_in_one_browser(&browser, &base, &server, &token).await;
        end_tom(&browser, &base, &server).await;
    })
    .await;
}

/// Sets the server up; the browser says where it is.
async fn begin(browser: &Browser, link: &str) {
    browser.set_time_zone("Europe/Vienna").await;
    browser.go(link).await;
    let chosen = "const f = document.forms[0].elements; return [f.timeZone.value, f.language.value]";
    assert_eq!(browser.evaluate(chosen).await, json!(["Europe/Vienna", "en"]));
    browser.fill("[name=name]", "lena").await;
    browser.fill("[name=password]", PASSWORD).await;
    browser.click("form .main").await;
    assert_eq!(browser.path().await, "/");
    let week = browser.text().await;
    assert!(week.contains("This week") && week.contains("Administration") && week.contains("Europe/Vienna"), "{week}");
    // The old password, then the new one.
    browser.click(".site a[href='/settings']").await;
    for (current, said) in [("not my password", "That is not your present"), (PASSWORD, "The password is changed")] {
        browser.fill("[name=current]", current).await;
        browser.fill("#password-password", NEW_PASSWORD).await;
        browser.click("form[action='/settings/password'] .main").await;
        let page = browser.text().await;
        assert!(page.contains(said), "{page}");
    }
    // What was told once is not told again when the page is loaded again.
    browser.until("location.pathname + location.search === '/settings'").await;
}

/// A token that works until it is revoked, and another one.
async fn make_and_revoke_tokens(browser: &Browser, base: &str, server: &TestServer) -> String {
    let mut tokens = Vec::new();
    for name in ["<script>document.title = 'x'</script>", "kept"] {
        browser.go(&format!("{base}/settings")).await;
        browser.fill("[name=name]", name).await;
        browser.click("form[action='/settings/tokens'] .main").await;
        let token = browser.evaluate("return document.querySelector('.secret').textContent").await;
        tokens.push(token.as_str().unwrap().to_owned());
        crate::secrets::learn_from(&tokens[tokens.len() - 1]);
    }
    let status = async |token: &str| server.holder("lena", token.to_owned()).get("/codex").await.status;
    assert_eq!(status(&tokens[0]).await, 200);
    browser.go(&format!("{base}/settings")).await;
    assert!(browser.text().await.contains("<script>document.title = 'x'</script>"));
    browser.click("button[aria-label^='Revoke <script>']").await;
    browser.until("location.pathname + location.search === '/settings'").await;
    assert_eq!((status(&tokens[0]).await, status(&tokens[1]).await), (401, 200));
    tokens.pop().unwrap()
}

async fn add_tom(browser: &Browser, base: &str) {
    browser.go(&format!("{base}/admin")).await;
    browser.fill("[name=name]", "tom").await;
    browser.fill("[name=password]", PASSWORD).await;
    browser.click("form[action='/admin/users'] .main").await;
    browser.until("location.pathname + location.search === '/admin/users/tom'").await;
}

/// Who signs in after another one, in the same browser, sees their own alone.
async fn two_in_one_browser(browser: &Browser, base: &str, server: &TestServer, token: &str) {
    let lena = server.holder("lena", token.to_owned());
    lena.create(json!({"kategorie": "arbeit", "title": "Only hers"})).await;
    browser.go(base).await;
    assert!(browser.text().await.contains("Only hers"));
    browser.click(".site form button").await;
    assert_eq!(browser.path().await, "/login");
    browser.go(&format!("{base}/settings")).await;
    assert_eq!(browser.path().await, "/login?next=%2Fsettings");
    sign_in(browser, "tom", PASSWORD).await;
    assert_eq!(browser.path().await, "/settings");
    let settings = browser.text().await;
    assert!(!settings.contains("kept") && !settings.contains("Administration"), "{settings}");
    browser.click(".site a[href='/']").await;
    let week = browser.text().await;
    assert!(week.contains("tom") && !week.contains("Only hers") && !week.contains("lena"), "{week}");
    browser.go(&format!("{base}/admin")).await;
    assert!(browser.text().await.contains("This is for administrators."));
    browser.go(base).await;
    browser.click(".site form button").await;
}

async fn end_tom(browser: &Browser, base: &str, server: &TestServer) {
    sign_in(browser, "lena", PASSWORD).await;
    assert!(browser.text().await.contains("do not go together"), "the old password is none any more");
    browser.fill("[name=password]", NEW_PASSWORD).await;
    browser.click("form .main").await;
    browser.go(&format!("{base}/admin/users/tom")).await;
    browser.click("form[action$='/disable'] button").await;
    assert!(browser.text().await.contains("disabled"));
    assert_eq!(Visitor::of(server).sign_in("tom", PASSWORD).await.status, 401);
    browser.click("a[href$='/remove']").await;
    for (typed, path) in [("tim", "/admin/users/tom/remove"), ("tom", "/admin")] {
        browser.fill("[name=confirm]", typed).await;
        browser.click(".danger").await;
        browser.until(&format!("location.pathname + location.search === '{path}'")).await;
    }
    let accounts = browser.text().await;
    assert!(accounts.contains("lena") && !accounts.contains("tom"), "{accounts}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_page_and_the_sign_in_are_readable_on_every_screen() {
    let server = TestServer::start().await;
    let (base, code) = (server.url(""), server.set_up_code().unwrap());
    with_browser(|browser| async move {
        for page in look(&browser, &format!("{base}/setup?code={code}"), "set-up").await {
            assert_eq!(texts(&page, "headings"), ["Set up"]);
        }
        browser.fill("[name=name]", "Lena!").await;
        browser.fill("[name=password]", PASSWORD).await;
        browser.click("form .main").await;
        look_here(&browser, "set-up-refused").await;
        look(&browser, &format!("{base}/setup?code=none"), "set-up-no-link").await;
        look(&browser, &format!("{base}/login"), "login-vacant").await;
        account(&server, "lena").await;
        look(&browser, &format!("{base}/login?next=/settings"), "login").await;
        sign_in(&browser, "lena", "not my password").await;
        look_here(&browser, "login-refused").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_of_accounts_are_readable_on_every_screen() {
    let server = TestServer::start().await;
    let base = server.url("");
    account(&server, "lena").await;
    let admin = AccountFields { admin: Some(true), ..AccountFields::default() };
    server.service().change_account("lena", admin).await.unwrap();
    server.user("donaudampfschifffahrtsgesellschaft-tom").await;
    let mut phone = Visitor::of(&server);
    phone.extra.insert("User-Agent", "Donaudampfschifffahrtsgesellschaftsbrowser/1".repeat(3).parse().unwrap());
    phone.sign_in("lena", PASSWORD).await;
    for name in ["Sicherung im Keller", &"Donaudampfschifffahrtsgesellschaft".repeat(2)[..64], ""] {
        phone
            .form("/settings/tokens", &[("name", name), ("scope", "read"), ("scope", "write"), ("expires", "7d")])
            .await;
    }
    with_browser(|browser| async move {
        browser.go(&format!("{base}/login?next=/settings")).await;
        sign_in(&browser, "lena", PASSWORD).await;
        for language in ["en", "de"] {
            phone.json(reqwest::Method::PUT, "/api/settings", &json!({"language": language})).await;
            for (path, name) in [
                ("/settings?done=saved", "settings"),
                ("/sync-status", "sync-none"),
                ("/admin", "admin"),
                ("/admin/users/donaudampfschifffahrtsgesellschaft-tom?done=added", "admin-account"),
                ("/admin/users/donaudampfschifffahrtsgesellschaft-tom/remove", "admin-removal"),
                ("/admin/users/lena", "admin-own"),
                ("/admin/users/nobody", "admin-nobody"),
                ("/admin/state?done=compacted", "admin-state"),
                ("/admin/doctor", "admin-doctor"),
                ("/admin/users/lena/timeline", "admin-timeline"),
                ("/", "week-without-tasks"),
                ("/nowhere", "nowhere"),
            ] {
                look(&browser, &format!("{base}{path}"), &format!("{name}-{language}")).await;
            }
        }
        browser.go(&format!("{base}/settings")).await;
        browser.fill("[name=timeZone]", "Europe/Nowhere").await;
        browser.click("form[action='/settings'] .main").await;
        look_here(&browser, "settings-refused").await;
        // Without a box ticked, one begins at the boxes, and then it is made.
        browser.evaluate("for (const box of document.querySelectorAll('[name=scope]')) box.checked = false").await;
        browser.click("form[action='/settings/tokens'] .main").await;
        look_here(&browser, "token-refused").await;
        assert_eq!(browser.evaluate("return document.activeElement.name").await, json!("scope"));
        browser.evaluate("document.querySelector('[name=scope]').checked = true").await;
        browser.click("form[action='/settings/tokens'] .main").await;
        look_here(&browser, "token").await;
    })
    .await;
}
