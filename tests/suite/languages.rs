//! Every page is in German for whoever reads German, and in English for whoever reads English.

use std::collections::BTreeSet;

use serde_json::json;

use crate::account_pages::administrator;
use crate::browser::{Browser, with_browser};
use crate::harness::{TestServer, vault};
use crate::visitor::PASSWORD;

/// The pages, with what is shown on demand.
const PAGES: [&str; 16] = [
    "/",
    "/?done=completed&task=0002&undo=1",
    "/tasks?status=alle",
    "/tasks?q=nothing+fits+this",
    "/tasks/0002?why=true",
    "/tasks/0002?moves=true",
    "/tasks/0007",
    "/looking-back",
    "/rules",
    "/rules/edit?new=mine",
    "/rules/tutorial",
    "/sync-status",
    "/settings",
    "/admin",
    "/api",
    "/nothing-here",
];

/// What is the same word in both, or not of a language: names, what one types, and what code says.
const SAME: [&str; 11] =
    ["Git", "JSON", "Status", "Text", "Slot", "Slots", "Name", "Branch", "Export", "Tokens", "Rhai"];

/// Words that are of the rules and of tasks: names of slots and categories, tags, days.
fn is_of_tasks(word: &str) -> bool {
    let plain = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '#');
    plain.is_empty()
        || plain.starts_with('#')
        || !plain.contains(char::is_alphabetic)
        || ["morgens", "nachmittags", "abends", "arbeit", "privat", "spartan", "CodexMiroir"].contains(&plain)
}

/// Everything that a page says, in letters: its texts, and what it says to whoever does not see it. What somebody wrote is
/// not ours to translate, and code is code.
const SAID: &str = r#"
const says = [];
const isOurs = element => !element.closest("pre, code, kbd, option, textarea, .text:not(.words, .tutorial), .whose, .who, a.title, .told a, .found a, strong, h1, time, [lang]:not(html), .category, .difference");
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) if (isOurs(walker.currentNode.parentElement)) says.push(walker.currentNode.textContent);
for (const element of document.querySelectorAll("body, body *")) {
    for (const name of ["aria-label", "placeholder", "title", "data-said", "data-failed", "data-unsent", "data-undone", "data-nothing"]) {
        if (element.hasAttribute(name)) says.push(element.getAttribute(name));
    }
}
return [...new Set(says.map(text => text.trim()).filter(text => /\p{L}{3}/u.test(text)))];
"#;

async fn said(browser: &Browser, url: &str) -> BTreeSet<String> {
    browser.go(url).await;
    let texts = browser.evaluate(SAID).await;
    texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_says_the_same_in_both_languages() {
    let server = TestServer::start().await;
    let mut visitor = administrator(&server, "tom").await;
    let id = server.service().require_user("tom").unwrap().id;
    let token = server.token("tom", codexmiroir::store::Scopes::READ.with(codexmiroir::store::Scopes::WRITE)).await;
    let tom = server.holder("tom", token);
    server.import(&tom, &vault("tom")).await;
    assert!(server.service().settings(id).is_ok());
    let login = server.url("/login");
    let mut heard = Vec::new();
    for language in ["en", "de"] {
        let changed = visitor.json(reqwest::Method::PATCH, "/api/settings", &json!({"language": language})).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        let (sender, pages) = tokio::sync::oneshot::channel();
        let login = login.clone();
        with_browser(|browser| async move {
            browser.go(&login).await;
            browser.fill("input[name=name]", "tom").await;
            browser.fill("input[name=password]", PASSWORD).await;
            browser.click("button[type=submit]").await;
            let mut pages = Vec::new();
            for page in PAGES {
                pages.push(said(&browser, &login.replace("/login", page)).await);
            }
            sender.send(pages).unwrap();
        })
        .await;
        // Where there is no browser nothing was looked at.
        let Ok(pages) = pages.await else { return };
        heard.push(pages);
    }
    let mut faults = Vec::new();
    for ((page, english), german) in PAGES.iter().zip(&heard[0]).zip(&heard[1]) {
        assert!(english.len() >= 5 && german.len() >= 5, "{page} says hardly anything: {english:?}");
        let both: Vec<&String> = english
            .intersection(german)
            .filter(|text| !SAME.contains(&text.as_str()) && !text.split_whitespace().all(is_of_tasks))
            .collect();
        faults.extend(both.into_iter().map(|text| format!("{page}: {text}")));
    }
    assert!(faults.is_empty(), "in both languages:\n  {}", faults.join("\n  "));
}
