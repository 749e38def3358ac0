//! Texts that attack the pages: the documents of fixtures/hostile/markdown, and what else somebody can write, on every page
//! that shows it, in a real browser. Nothing of it is active, and all of it is shown as it was written.

use codexmiroir::domain::ids::FileName;
use reqwest::Method;
use serde_json::{Value, json};

use crate::account_life::sign_in;
use crate::account_pages::{administrator, signed_in};
use crate::browser::{Browser, all_or_one_of, with_browser};
use crate::git_host::Behaviour;
use crate::harmless::{assert_harmless, faults, watch};
use crate::harness::{Answer, TestServer, TestUser, repository};
use crate::shared::{Shared, document, escaped, sync};
use crate::sync_trouble::hook;
use crate::visitor::{PASSWORD, Visitor};

/// Each breaks out of something else.
const TEXTS: [&str; 5] = [
    "\"><script>window.hit=1</script><img src=x onerror=window.hit=1>",
    "' autofocus onfocus='window.hit=1' \" onmouseover=\"window.hit=1",
    "</textarea></title></select></pre><svg onload=window.hit=1>",
    "javascript:window.hit=1//",
    "\u{202e}//evil.example/&quot;&#60;b&#62;",
];

/// Names of files that are hostile themselves.
const FILES: [&str; 24] = [
    "0900-\"><img src=x onerror=window.hit=1>.md",
    "0901-' onmouseover='window.hit=1.md",
    "0902-\" autofocus onfocus=\"window.hit=1.md",
    "0903-<svg onload=window.hit=1>.md",
    "0904-<script>window.hit=1<script>.md",
    "0905-javascript:window.hit=1.md",
    "0906-%3Cscript%3Ewindow.hit=1%22%00.md",
    "0907-..%2f..%2fadmin.md",
    "0908-?done=removed&undo=1#quick.md",
    "0909-&lt;b&gt;&quot;&#34;.md",
    "0910-\u{202e}dm.detrever.md",
    "0911-שלום.md",
    "0912-two  spaces and a tab-less end .md",
    "0913-{{x}}`${window.hit=1}`<%= x %>.md",
    "0914-a+b&c=d;e,f@g!h$i*j(k)[l].md",
    "0915-e\u{301}\u{200b}\u{feff}.md",
    "0916-\u{2028}line.md",
    "0917.complete.md",
    "javascript:window.hit=1.md",
    "document.md",
    "forms.md",
    "quick.md",
    "\"><script>window.hit=1.md",
    "-rf.md",
];

/// Every document, by the name of its file.
fn documents() -> Vec<(String, Vec<u8>)> {
    let folder = std::fs::read_dir(repository("fixtures/hostile/markdown")).unwrap();
    let mut paths: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| !path.ends_with("README.md"));
    paths.sort();
    assert!(paths.len() >= 100, "{} documents only", paths.len());
    let numbered = paths.iter().enumerate().map(|(number, path)| {
        let name = path.file_name().unwrap().to_str().unwrap();
        (format!("{number:04}-{name}"), std::fs::read(path).unwrap())
    });
    let long = format!("0950-{}.md", "W".repeat(247));
    let names = FILES.map(str::to_owned).into_iter().chain([long]);
    let named = names.map(|name| {
        assert!(FileName::parse(&name).is_some(), "{name} cannot come in");
        (name, document("", "", "Text\n").into_bytes())
    });
    numbered.chain(named).collect()
}

/// The page of the task of a file.
fn page_of(file: &str) -> String {
    format!("/tasks/{}", escaped(file.strip_suffix(".md").unwrap()))
}

/// A browser in which `name` has signed in, on a small screen, where what is too wide sticks out soonest.
async fn enter(browser: &Browser, base: &str, name: &str) {
    browser.set_screen(390, 844).await;
    watch(browser).await;
    browser.go(&format!("{base}/login")).await;
    sign_in(browser, name, PASSWORD).await;
}

/// Opens a page, which must be harmless.
async fn visit(browser: &Browser, base: &str, path: &str) {
    browser.go(&format!("{base}{path}")).await;
    assert_harmless(browser, path, path).await;
}

/// Sends a form, whose answer must be harmless wherever it leads.
async fn send(browser: &Browser, path: &str, fields: &[(&str, &str)]) {
    browser.send_form(path, fields).await;
    assert_eq!(faults(browser).await, Vec::<String>::new(), "{path} {fields:?}");
}

/// What the page of a task has of it: the heading, the fields, and the file.
const SHOWN: &str = "const value = id => document.getElementById(id)?.value; return { \
    heading: document.querySelector('h1').textContent, title: value('task-title'), kategorie: value('task-kategorie'), \
    tags: value('task-tags'), zeit: value('task-zeit'), document: value('document-document'), \
    ticks: document.querySelectorAll('button.tick').length }";

/// The page of a task shows what is in its document, sign for sign.
async fn assert_shown(browser: &Browser, task: &Value, file: &str) {
    let shown = browser.evaluate(SHOWN).await;
    // What browsers make of any text: lines end in one way, and there is no NUL.
    let text = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{fffd}");
    assert_eq!(shown["document"], text(task["document"].as_str().unwrap()), "{file}");
    let Some(title) = task["title"].as_str() else {
        assert_eq!(shown["heading"], file);
        return;
    };
    assert_eq!(shown["heading"], format!("{} {title}", task["id"].as_str().unwrap()), "{file}");
    let tags: Vec<_> = task["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
    // In one line there are no lines.
    let line = |text: &str| text.replace(['\n', '\r'], "").replace('\0', "\u{fffd}");
    for (field, expected) in
        [("title", title), ("kategorie", task["kategorie"].as_str().unwrap()), ("tags", &tags.join(", "))]
    {
        assert_eq!(shown[field], line(expected), "{field} of {file}");
    }
    let zeit = task["fixedSlot"]["zeit"].as_str().unwrap_or_default();
    assert_eq!(shown["zeit"], zeit, "{file}");
    let ticks = if file.contains("items-of-a-checklist") { 4 } else { 0 };
    assert_eq!(shown["ticks"], ticks, "{file}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_text_on_every_page() {
    let server = TestServer::start().await;
    let (_, tom) = signed_in(&server, "tom").await;
    let documents = documents();
    server.import_files(&tom, documents.clone()).await;
    assert_eq!(tom.tasks().await.len(), documents.len());
    let base = server.url("");
    with_browser(|browser| async move {
        enter(&browser, &base, "tom").await;
        let mut rendered = Vec::new();
        for (file, _) in &documents {
            visit(&browser, &base, &format!("{}?why=true", page_of(file))).await;
            let task = tom.task(&escaped(file)).await;
            assert_shown(&browser, &task, file).await;
            rendered.extend(task["html"].as_str().map(str::to_owned));
        }
        assert!(rendered.len() >= 100);
        visit(&browser, &base, "/tasks?status=abgeschlossen").await;
        let put = "for (const html of arguments[0]) { const div = document.createElement('div'); div.className = 'rendered-api text'; \
                   document.querySelector('main').append(div); div.innerHTML = html; }";
        browser.evaluate_with(put, &json!([rendered])).await;
        assert_harmless(&browser, "/tasks", "what the interface answers").await;
        assert_listed(&browser, &base, &tom).await;
        visit(&browser, &base, "/").await;
        visit(&browser, &base, "/looking-back").await;
        visit(&browser, &base, &format!("{}?moves=true", page_of(&documents[0].0))).await;
        // All that can have a slot has one.
        visit(&browser, &base, "/codex?format=html&days=100").await;
    })
    .await;
}

/// The list of tasks has all of them with their titles, and the policy has nothing to stop.
async fn assert_listed(browser: &Browser, base: &str, user: &TestUser) {
    browser.obey_policies(true).await;
    let mut expected = user.tasks().await.into_iter().map(|task| {
        let title = task["title"].as_str().unwrap_or_else(|| task["file"].as_str().unwrap());
        format!("{} {title}", task["id"].as_str().unwrap())
    });
    browser.console().await;
    visit(browser, base, "/tasks?status=alle").await;
    loop {
        let links = "return [...document.querySelectorAll('.found li a')].map(a => a.textContent)";
        let links = browser.evaluate(links).await;
        for link in links.as_array().unwrap() {
            assert_eq!(link.as_str(), expected.next().as_deref());
        }
        let next = browser.evaluate("return document.querySelector('a[rel=next]')?.getAttribute('href')").await;
        let Some(next) = next.as_str() else { break };
        visit(browser, base, next).await;
    }
    assert_eq!(expected.next(), None);
    assert_eq!(browser.console().await, Vec::<String>::new());
    browser.obey_policies(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_side_by_side_are_text() {
    let server = TestServer::start().await;
    let (_, tom) = signed_in(&server, "tom").await;
    let id = tom.create(json!({"kategorie": "arbeit", "title": TEXTS[0], "body": TEXTS.join("\n\n")})).await;
    let file = tom.task(&id).await["file"].as_str().unwrap().to_owned();
    let base = server.url("");
    with_browser(|browser| async move {
        enter(&browser, &base, "tom").await;
        let page = page_of(&file);
        for text in TEXTS {
            let etag = tom.get(&format!("/api/tasks/{id}")).await.header("etag").to_owned();
            tom.update(&id, json!({"title": format!("{text} again"), "tags": [text], "body": text})).await;
            for field in ["title", "body", "tags", "deadline", "datum", "zeit", "kategorie", "document", "item", "etag"]
            {
                send(&browser, &page, &[("etag", &etag), (field, text)]).await;
                let told = browser.text().await;
                assert!(field == "etag" || told.contains("side by side") || field == "item", "{field}: {told}");
            }
            visit(&browser, &base, &format!("{page}?done=saved&task={}&undo=1&why=true", escaped(&file))).await;
            let changed =
                browser.evaluate("return [...document.querySelectorAll('ins')].map(e => e.textContent)").await;
            let line = |line: &Value| line.as_str().unwrap().trim_end() == format!("+ {text}");
            assert!(changed.as_array().unwrap().iter().any(line), "{changed:#}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_while_a_page_is_open_is_text() {
    let server = TestServer::start().await;
    let (_, tom) = signed_in(&server, "tom").await;
    let base = server.url("");
    with_browser(|browser| async move {
        enter(&browser, &base, "tom").await;
        visit(&browser, &base, "/").await;
        for text in TEXTS {
            // It has come when the page shows it.
            tom.create(json!({"kategorie": "arbeit", "title": text, "tags": [text], "body": text})).await;
            browser.see(text).await;
            assert_harmless(&browser, "/", text).await;
        }
        for text in TEXTS {
            visit(&browser, &base, "/").await;
            browser.fill("#quick-line", &format!("!14.10. {text}")).await;
            browser.see("It would").await;
            assert_harmless(&browser, "/", text).await;
        }
        let id = tom.create(json!({"kategorie": "arbeit", "title": "A"})).await;
        let page = format!("/tasks/{id}");
        visit(&browser, &base, &page).await;
        for text in TEXTS {
            tom.update(&id, json!({"title": text, "body": text})).await;
            let has_come =
                format!("document.getElementById('history').textContent.includes({})", json!(format!("+ {text}\n")));
            browser.until(&has_come).await;
            assert_harmless(&browser, &page, text).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_rules_say_is_text() {
    let server = TestServer::start().await;
    let (_, tom) = signed_in(&server, "tom").await;
    let base = server.url("");
    with_browser(|browser| async move {
        enter(&browser, &base, "tom").await;
        for text in all_or_one_of(TEXTS.len(), TEXTS) {
            let word = Value::from(text);
            let script = format!(
                "fn describe() {{ {word} }}\n\
                 fn categories() {{ [\"arbeit\", {word}] }}\n\
                 fn options() {{ [text(\"text\", {word}).label({word}), choice(\"choice\", [{word}, \"b\"], {word}).label({word})] }}\n\
                 fn slots(day, slots) {{ [slot(\"morgens\", \"09:00\", \"12:30\"), slot(\"abends\", \"18:00\", \"19:00\")] }}\n\
                 fn place(task, today) {{ if task.title == \"never\" {{ return never({word}); }} \
                 if task.title == \"fails\" {{ throw {word}; }} on(weekdays).because({word}) }}"
            );
            let set = tom.put("/api/rules", &json!({"rules": [{"name": "mine", "script": script}]})).await;
            assert_eq!(set.status, 200, "{}", set.text);
            let ids = ["placed", "never", "fails"].map(|title| json!({"kategorie": text, "title": title}));
            let placed = tom.create(ids[0].clone()).await;
            let never = tom.create(ids[1].clone()).await;
            for path in ["/", "/rules", &format!("/tasks/{placed}?why=true"), &format!("/tasks/{never}?why=true"), "/tasks"] {
                visit(&browser, &base, path).await;
                assert!(browser.evaluate("return document.body.textContent").await.as_str().unwrap().contains(text), "{path}");
            }
            let options = [("act", "options"), ("script", "mine"), ("option", "text"), ("value", text), ("look", "true")];
            send(&browser, "/rules", &options).await;
            send(&browser, "/quick", &[("line", "placed !abends"), ("kategorie", text), ("look", "true")]).await;
            let fails = tom.create(ids[2].clone()).await;
            let explained = format!("/tasks/{fails}?why=true&moves=true");
            for path in ["/", "/rules", "/rules/edit/mine", "/rules/edit?new=other&from=mine", "/looking-back", &explained] {
                visit(&browser, &base, path).await;
            }
            assert_eq!(tom.delete("/api/rules").await.status, 200);
            for id in [placed, never, fails] {
                assert_eq!(tom.delete(&format!("/api/tasks/{id}")).await.status, 200);
            }
        }
    })
    .await;
}

/// Addresses that say what somebody else chose.
const ADDRESSES: [&str; 24] = [
    "/?done=WORD&task=WORD&undo=WORD",
    "/?done=added&task=WORD&undo=1",
    "/tasks?q=WORD&tag=WORD&kategorie=WORD&status=WORD&after=WORD&done=WORD",
    "/tasks/0000?done=WORD&task=WORD&undo=WORD",
    "/tasks/0000?why=WORD",
    "/tasks/0000?done=saved&task=0000&undo=1",
    "/tasks/0000?moves=WORD",
    "/tasks/WORD",
    "/rules/edit/WORD",
    "/rules/edit?new=WORD&from=WORD",
    "/rules/edit?version=WORD",
    "/looking-back?done=WORD",
    "/admin/state?done=WORD",
    "/admin/doctor?done=WORD",
    "/admin/users/WORD/timeline",
    "/WORD",
    "/rules?done=WORD",
    "/settings?done=WORD",
    "/sync-status?done=WORD",
    "/admin?done=WORD&after=WORD",
    "/admin/users/WORD",
    "/admin/users/WORD/remove",
    "/codex?format=WORD",
    "/codex?format=html&now=WORD&days=WORD",
];

/// Forms, and what in them is typed.
const FORMS: [(&str, &[&str]); 20] = [
    ("/quick", &["line"]),
    ("/quick", &["line", "look"]),
    ("/quick", &["line", "kategorie", "key"]),
    ("/undo", &["generation", "back"]),
    ("/tasks", &["task", "act", "back"]),
    ("/tasks/0000/pin", &["datum", "zeit"]),
    ("/tasks/0000/pin", &["slot", "back"]),
    ("/rules", &["act"]),
    ("/rules/edit", &["act", "name", "script", "tests", "etag"]),
    ("/rules/edit", &["of", "script"]),
    ("/rules", &["script", "version", "option", "value", "etag"]),
    ("/settings", &["timeZone", "language", "horizon"]),
    ("/settings/password", &["current", "password"]),
    ("/settings/tokens", &["name", "scope", "expires"]),
    ("/settings/tokens/revoke", &["id"]),
    ("/settings/sessions", &["id"]),
    ("/settings/git", &["remote", "branch", "base_path", "username", "token", "mode"]),
    ("/admin/users", &["name", "password", "timeZone", "language"]),
    ("/admin/users/anna/remove", &["confirm"]),
    ("/nowhere", &["x"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_and_what_an_address_says_is_text() {
    let server = TestServer::start().await;
    let anna = administrator(&server, "anna").await;
    let token = server.token("anna", codexmiroir::store::Scopes::READ.with(codexmiroir::store::Scopes::WRITE)).await;
    let tasks = server.holder("anna", token);
    tasks.create(json!({"kategorie": "arbeit", "title": "A"})).await;
    let base = server.url("");
    named(&server, anna).await;
    with_browser(|browser| async move {
        enter(&browser, &base, "anna").await;
        visit(&browser, &base, "/settings").await;
        for text in all_or_one_of(TEXTS.len(), TEXTS) {
            let word = escaped(text);
            for path in ADDRESSES {
                visit(&browser, &base, &path.replace("WORD", &word)).await;
            }
            for (path, fields) in FORMS {
                let fields: Vec<_> = fields.iter().map(|field| (*field, text)).collect();
                send(&browser, path, &fields).await;
            }
        }
        browser.go(&base).await;
        browser.send_form("/auth/logout", &[]).await;
        for text in all_or_one_of(TEXTS.len(), TEXTS) {
            for path in ["/login?next=/WORD", "/login?next=WORD", "/setup?code=WORD", "/welcome?code=WORD"] {
                visit(&browser, &base, &path.replace("WORD", &escaped(text))).await;
            }
            send(&browser, "/auth/login", &[("name", text), ("password", text), ("next", text)]).await;
            server.clock.set(server.clock.now() + chrono::TimeDelta::minutes(1));
        }
    })
    .await;
}

/// Browsers and tokens that are called what an attacker likes.
async fn named(server: &TestServer, mut anna: Visitor) {
    for text in TEXTS {
        let token = anna.post("/api/tokens", &json!({"name": text, "scopes": ["read"]})).await;
        assert_eq!(token.status, 200, "{}", token.text);
        let mut browser = Visitor::of(server);
        browser.extra.insert("User-Agent", text.replace('\u{202e}', "").parse().unwrap());
        assert_eq!(browser.sign_in("anna", PASSWORD).await.status, 200);
        server.clock.set(server.clock.now() + chrono::TimeDelta::minutes(1));
    }
    let page = anna.open("/settings").await;
    assert!(page.text.matches("&lt;script&gt;window.hit=1").count() >= 2, "{}", page.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_repository_says_is_text() {
    let shared = Shared::new();
    let server = shared.server().await;
    let (_, lena) = signed_in(&server, "lena").await;
    let name = |file: &str| format!("codex-miroir/lena/tasks/{file}");
    let clone = shared.clone_of("clone");
    let files: Vec<_> =
        (0..).zip(TEXTS).map(|(at, text)| (format!("000{at}-{}.md", text.replace('/', "")), text)).collect();
    for (file, text) in &files {
        clone.write(&name(file), Some(&document(text, "deadline: 01.12.2025\n", "Text.\n")));
        clone.write(&name(&format!("1{file}")), Some(&"x".repeat(70_000)));
    }
    clone.push(TEXTS[0]);
    sync(&lena, "").await;
    shared.host.behave(Behaviour::Status(503));
    for (file, text) in &files {
        lena.update(&escaped(file), json!({"deadline": "24.12.2025", "tags": [text]})).await;
        clone.write(&name(file), Some(&document(&format!("{text}!"), "deadline: 31.12.2025\n", text)));
    }
    clone.push(TEXTS[2]);
    shared.host.behave(Behaviour::Git);
    sync(&lena, "").await;
    hook(&shared.bare, Some(&TEXTS[0].replace('\'', "")));
    lena.create(json!({"kategorie": "arbeit", "title": "A"})).await;
    assert_eq!(lena.post("/sync", &Value::Null).await.code(), "remote_rejected");
    let base = server.url("");
    with_browser(|browser| async move {
        enter(&browser, &base, "lena").await;
        visit(&browser, &base, "/sync-status").await;
        let shown = browser.text().await;
        let parts = ["Merged lately", "Files that cannot be taken", "<script>window.hit=1</script>", "0002-<textarea>"];
        assert!(parts.iter().all(|part| shown.contains(part)), "{shown}");
        send(&browser, "/sync-status", &[]).await;
        for (file, _) in &files {
            visit(&browser, &base, &format!("{}?why=true", page_of(file))).await;
        }
        for text in all_or_one_of(TEXTS.len(), TEXTS) {
            let remote = format!("https://evil.example/{text}");
            let wanted =
                json!({"remote": remote, "branch": text.replace([':', ' '], ""), "username": text, "mode": "off"});
            let set = Answer::of(lena.request(Method::PUT, "/api/sync/remote").json(&wanted)).await;
            assert!(set.status == 200 || set.status == 422, "{}", set.text);
            visit(&browser, &base, "/sync-status").await;
            visit(&browser, &base, "/settings").await;
        }
    })
    .await;
}
