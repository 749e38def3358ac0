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
const SAME: [&str; 13] = [
    "Git", "JSON", "Status", "Text", "Slot", "Slots", "Name", "Branch", "Export", "Tokens", "Rhai", "Backup", "Journal",
];

/// Words that are of people, of the rules and of tasks: names of slots and categories, tags, days.
fn is_of_tasks(word: &str) -> bool {
    let plain = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '#');
    plain.is_empty()
        || plain.starts_with('#')
        || !plain.contains(char::is_alphabetic)
        || ["morgens", "nachmittags", "abends", "arbeit", "privat", "spartan", "mine", "tom", "CodexMiroir"]
            .contains(&plain)
}

/// Everything that a page says, in letters: its texts, and what it says to whoever does not see it. What somebody wrote is
/// not ours to translate, and code is code.
const SAID: &str = r#"
const says = [];
const isOurs = element => !element.closest("pre, code, kbd, option, textarea, .text:not(.words, .tutorial), .whose, .who, a.title, .told a, .found a, strong, h1, time, [lang]:not(html), .category, .difference");
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) if (isOurs(walker.currentNode.parentElement)) says.push(walker.currentNode.textContent);
for (const element of document.querySelectorAll("body, body *")) {
    // The buttons of a checklist are called as its items are.
    if (element.closest(".text")) continue;
    for (const name of ["aria-label", "placeholder", "title", "data-said", "data-failed", "data-unsent", "data-undone", "data-nothing"]) {
        if (element.hasAttribute(name)) says.push(element.getAttribute(name));
    }
}
return [...new Set(says.map(text => text.trim()).filter(text => /\p{L}{3}/u.test(text)))];
"#;

async fn said(browser: &Browser, url: &str) -> BTreeSet<String> {
    browser.go(url).await;
    said_here(browser).await
}

/// As [`said`], of the page that is open.
async fn said_here(browser: &Browser) -> BTreeSet<String> {
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
    assert_told_apart(&PAGES, &heard);
}

/// That what pages say, first in English and then in German, is nowhere the same.
fn assert_told_apart(pages: &[&str], heard: &[Vec<BTreeSet<String>>]) {
    let mut faults = Vec::new();
    for ((page, english), german) in pages.iter().zip(&heard[0]).zip(&heard[1]) {
        assert!(english.len() >= 5 && german.len() >= 5, "{page} says hardly anything: {english:?}");
        let both: Vec<&String> = english
            .intersection(german)
            .filter(|text| !SAME.contains(&text.as_str()) && !text.split_whitespace().all(is_of_tasks))
            .collect();
        faults.extend(both.into_iter().map(|text| format!("{page}: {text}")));
    }
    assert!(faults.is_empty(), "in both languages:\n  {}", faults.join("\n  "));
}

/// Passes every trial, and fails at one task in words of the program's.
const FRAGILE: &str =
    "fn place(task, today) { if task.title == \"Falle\" { return [anywhere()][task.title.len()]; } anywhere() }";
/// Has mistakes of several kinds.
const MISTAKEN: &str = "fn place(task, today) {\n    if task.number == 7 { nver(); }\n    on(weekdays, 1)\n}";
const UNREADABLE: &str = "fn place(task, today) {\n    on(weekdays }\n}";
const FAILING_TESTS: &str = "fn test_a() { assert(false) }\nfn test_b() { plan(#{ now: \"8:00\" }) }";

/// Where errors of rules are told, and then what is told in the editor.
const WRONG: [&str; 8] = [
    "/",
    "/rules",
    "/admin/state",
    "mistakes as they are typed",
    "mistakes that are checked",
    "a script that cannot be read",
    "tests that fail",
    "tests that keep it from being saved",
];

/// Writes rules with mistakes on the page of the editor, and hears what is said of each.
async fn wrong_in_editor(browser: &Browser, base: &str) -> Vec<BTreeSet<String>> {
    let mut pages = Vec::new();
    browser.go(&format!("{base}/rules/edit?new=other")).await;
    browser.until("document.documentElement.dataset.ready === 'true'").await;
    let type_in = |field: &'static str, text: &'static str| async move {
        let script = format!(
            "const field = document.querySelector('#editor-{field}'); field.value = {}; \
             field.dispatchEvent(new Event('input', {{ bubbles: true }}));",
            json!(text)
        );
        browser.evaluate(&script).await;
    };
    type_in("script", MISTAKEN).await;
    browser.until("document.querySelectorAll('#editor-script-faults li').length === 1").await;
    pages.push(said_here(browser).await);
    browser.click("button[value=check]").await;
    browser.until("document.querySelector('#editor-script-faults .listing') !== null").await;
    pages.push(said_here(browser).await);
    type_in("script", UNREADABLE).await;
    browser.until("document.querySelectorAll('#editor-script-faults li').length === 1").await;
    pages.push(said_here(browser).await);
    type_in("script", "fn place(task, today) { anywhere() }").await;
    type_in("tests", FAILING_TESTS).await;
    browser.click("button[value=test]").await;
    browser.until("document.querySelectorAll('#tested .late').length === 2").await;
    pages.push(said_here(browser).await);
    browser.click("button[value=save]").await;
    browser.until("document.querySelector('#editor-tests-faults .listing') !== null").await;
    pages.push(said_here(browser).await);
    pages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_rules_is_told_in_the_readers_language() {
    let server = TestServer::start().await;
    let mut visitor = administrator(&server, "tom").await;
    let token = server.token("tom", codexmiroir::store::Scopes::READ.with(codexmiroir::store::Scopes::WRITE)).await;
    let tom = server.holder("tom", token);
    server.import(&tom, &vault("tom")).await;
    let list = json!({"rules": [{"use": "spartan"}, {"name": "mine", "script": FRAGILE}]});
    assert_eq!(tom.put("/api/rules", &list).await.status, 200);
    let trap = tom.create(json!({"kategorie": "arbeit", "title": "Falle"})).await;
    let base = server.url("");
    let mut heard = Vec::new();
    for language in ["en", "de"] {
        let changed = visitor.json(reqwest::Method::PATCH, "/api/settings", &json!({"language": language})).await;
        assert_eq!(changed.status, 200, "{}", changed.text);
        tom.update(&trap, json!({"title": "Falle"})).await;
        // Why a task stands where it does is drawn as text, which is not looked at below.
        let why = visitor.open("/tasks/0002?why=true").await;
        let failed = if language == "en" { "array index 5 out of bounds" } else { "Eintrag 5 gibt es nicht" };
        let told = why.text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(failed), "{}", why.text);
        let (sender, pages) = tokio::sync::oneshot::channel();
        let (base, tom, trap) = (base.clone(), tom.clone(), trap.clone());
        with_browser(|browser| async move {
            browser.go(&format!("{base}/login")).await;
            browser.fill("input[name=name]", "tom").await;
            browser.fill("input[name=password]", PASSWORD).await;
            browser.click("button[type=submit]").await;
            let mut pages = Vec::new();
            for page in WRONG.iter().filter(|page| page.starts_with('/')) {
                pages.push(said(&browser, &format!("{base}{page}")).await);
            }
            // In the editor only what is written there is wrong.
            tom.update(&trap, json!({"title": "Anders"})).await;
            pages.extend(wrong_in_editor(&browser, &base).await);
            sender.send(pages).unwrap();
        })
        .await;
        // Where there is no browser nothing was looked at.
        let Ok(pages) = pages.await else { return };
        heard.push(pages);
    }
    for (at, (said, in_german)) in [
        ("array index", "Eintrag 5 gibt es nicht"),
        ("array index", "Eintrag 5 gibt es nicht"),
        ("array index", "Eintrag 5 gibt es nicht"),
        ("on does not take", "on lässt sich nicht mit"),
        ("on does not take", "on lässt sich nicht mit"),
        ("expecting", "hier fehlt"),
        ("what is asserted does not hold", "was der Test behauptet, stimmt nicht"),
        ("what is asserted does not hold", "was der Test behauptet, stimmt nicht"),
    ]
    .into_iter()
    .enumerate()
    {
        let tells = |language: usize, said: &str| heard[language][at].iter().any(|text| text.contains(said));
        assert!(tells(0, said) && tells(1, in_german), "{}: {:?}", WRONG[at], heard[1][at]);
    }
    assert_told_apart(&WRONG, &heard);
}
