//! Pages are light or dark as their reader chose, on a system that is the other; and quick to make.

use serde_json::{Value, json};

use crate::account_pages::{administrator, signed_in};
use crate::browser::{Browser, with_browser};
use crate::harness::{TestServer, vault};
use crate::visitor::PASSWORD;

/// What a page was told to be, what it is, and what the browser draws its own controls like.
const SEEN: &str = r#"
const ground = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g).map(Number);
return {
    wanted: document.documentElement.dataset.theme ?? null,
    meta: document.querySelector("meta[name=color-scheme]").content,
    isDark: ground[0] + ground[1] + ground[2] < 3 * 128,
    isDrawnDark: getComputedStyle(document.documentElement).colorScheme,
};
"#;

async fn sign_in(browser: &Browser, base: &str, name: &str) {
    browser.go(&format!("{base}/login")).await;
    browser.fill("input[name=name]", name).await;
    browser.fill("input[name=password]", PASSWORD).await;
    browser.click("button[type=submit]").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_as_its_reader_chose_whatever_the_system_is() {
    let server = TestServer::start().await;
    administrator(&server, "lena").await;
    let scopes = codexmiroir::store::Scopes::READ.with(codexmiroir::store::Scopes::WRITE);
    let lena = server.holder("lena", server.token("lena", scopes).await);
    server.import(&lena, &vault("lena")).await;
    let base = server.url("");
    with_browser(|browser| async move {
        sign_in(&browser, &base, "lena").await;
        let pages = [
            "/",
            "/codex?format=html",
            "/tasks",
            "/tasks/1",
            "/rules",
            "/sync-status",
            "/settings",
            "/admin",
            "/admin/users/lena",
            "/api",
        ];
        for (theme, system, expected) in
            [("dark", false, true), ("light", true, false), ("auto", true, true), ("auto", false, false)]
        {
            browser.go(&format!("{base}/settings")).await;
            browser.evaluate(&format!("document.querySelector('#planning-theme').value = '{theme}'")).await;
            browser.click("form[action='/settings'] button").await;
            browser.set_dark(system).await;
            for page in pages {
                browser.go(&format!("{base}{page}")).await;
                let scheme = if theme == "auto" { "light dark" } else { theme };
                let wanted = if theme == "auto" { Value::Null } else { json!(theme) };
                let seen = json!({"wanted": wanted, "meta": scheme, "isDark": expected, "isDrawnDark": scheme});
                assert_eq!(browser.evaluate(SEEN).await, seen, "{page}, {theme}, the system dark: {system}");
            }
        }
        // Whoever is not known yet sees what the system is.
        assert_eq!(lena.patch("/api/settings", &json!({"theme": "dark"})).await.status, 200);
        browser.go(&format!("{base}/login?next=/")).await;
        browser.evaluate("document.querySelector('form[action=\"/auth/logout\"] button')?.click()").await;
        browser.go(&format!("{base}/login")).await;
        assert_eq!(browser.evaluate(SEEN).await["isDark"], false);
    })
    .await;
}

#[tokio::test]
async fn a_page_says_how_long_it_took() {
    let server = TestServer::start().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    for page in ["/", "/tasks", "/tasks/0"] {
        let answer = browser.open(page).await;
        let took = answer.header("server-timing").strip_prefix("app;dur=").map(str::parse::<f64>);
        assert!(took.unwrap().unwrap() > 0.0, "{page}");
    }
}

#[tokio::test]
async fn the_words_of_pages_are_those_of_the_rules_and_the_day_of_now() {
    let server = TestServer::start().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    let categories = async |browser: &mut crate::visitor::Visitor| {
        let page = browser.open("/").await.text;
        let select = page.split("id=\"quick-kategorie\"").nth(1).unwrap().split("</select>").next().unwrap();
        select.split("value=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let slots = async |browser: &mut crate::visitor::Visitor| {
        let page = browser.open("/tasks/0").await.text;
        ["morgens", "feier", "sonst"].map(|slot| page.contains(&format!("value=\"{slot}\"")))
    };
    lena.create(json!({"kategorie": "arbeit"})).await;
    for _ in 0..2 {
        assert_eq!(categories(&mut browser).await, ["arbeit", "privat"]);
        assert_eq!(slots(&mut browser).await, [true, false, false]);
    }
    // Next Monday is none of the seven days from this one on, and one of those from Tuesday on.
    let script = "fn categories() { [\"arbeit\", \"sport\"] }\n\
                  fn slots(day, slots) { if day.date == date(\"20.10.2025\") { [slot(\"feier\", \"09:00\", \"10:00\")] } \
                  else { [slot(\"sonst\", \"09:00\", \"10:00\")] } }\n\
                  fn place(task, today) { anywhere() }";
    let rules = json!({"rules": [{"name": "mine", "script": script}]});
    let set = lena.put("/api/rules", &rules).await;
    assert_eq!(set.status, 200, "{}", set.text);
    for _ in 0..2 {
        assert_eq!(categories(&mut browser).await, ["arbeit", "sport"]);
        assert_eq!(slots(&mut browser).await, [false, false, true]);
    }
    server.set_clock("2025-10-14T08:00:00+02:00");
    for _ in 0..2 {
        assert_eq!(slots(&mut browser).await, [false, true, true]);
    }
    assert_eq!(lena.delete("/api/rules").await.status, 200);
    assert_eq!(categories(&mut browser).await, ["arbeit", "privat"]);
    assert_eq!(slots(&mut browser).await, [true, false, false]);
}
