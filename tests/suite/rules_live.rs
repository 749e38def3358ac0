//! The editor of rules in a real browser: what is wrong is marked while one writes, and only the last answer counts.

use std::sync::Arc;

use serde_json::json;

use crate::account_pages::signed_in;
use crate::browser::key::{CONTROL, ESCAPE, SHIFT, TAB};
use crate::browser::{Browser, with_browser};
use crate::harness::{TestServer, TestUser, vault};
use crate::look::{look, look_here};
use crate::visitor::PASSWORD;

const ERRANDS: &str =
    "fn place(task, today) {\n    if \"errand\" in task.tags { return on([\"sat\"]); }\n    anywhere()\n}\n";
const SCRIPT: &str = "#editor-script";
/// The numbers of the lines that are marked.
const MARKED: &str = "[...document.querySelectorAll('.numbers .wrong')].map(number => number.textContent).join()";
const IS_DRAWN: &str = "!document.querySelector('.live .drawn').hidden";
const STATE: &str = "document.querySelector('.live .state').textContent";

/// Somebody with the tasks of the vault and a rule of their own, on a Monday morning before the first slot.
async fn tom() -> (TestServer, TestUser) {
    let server = TestServer::start().await;
    server.set_clock("2025-10-13T08:00:00+02:00");
    let (_, tom) = signed_in(&server, "tom").await;
    server.import(&tom, &vault("tom")).await;
    let list = json!({"rules": [{"use": "spartan"}, {"name": "errands", "script": ERRANDS}]});
    assert_eq!(tom.put("/api/rules", &list).await.status, 200);
    (server, tom)
}

/// Opens the page of that address as tom, and waits until its script runs.
async fn open(browser: &Browser, base: &str, path: &str) {
    browser.go(&format!("{base}/login")).await;
    browser.fill("input[name=name]", "tom").await;
    browser.fill("input[name=password]", PASSWORD).await;
    browser.click("button[type=submit]").await;
    go(browser, base, path).await;
}

async fn go(browser: &Browser, base: &str, path: &str) {
    browser.go(&format!("{base}{path}")).await;
    browser.until("document.documentElement.dataset.ready === 'true'").await;
}

/// Puts a text into the script's field, as if it was pasted there.
async fn paste(browser: &Browser, text: &str) {
    let script = format!(
        "const field = document.querySelector('{SCRIPT}'); field.value = {}; \
         field.dispatchEvent(new Event('input', {{ bubbles: true }}));",
        json!(text)
    );
    browser.evaluate(&script).await;
}

async fn value(browser: &Browser, expression: &str) -> String {
    browser.evaluate(&format!("return {expression}")).await.as_str().unwrap().to_owned()
}

async fn in_editor<F>(write: impl FnOnce(Arc<Browser>, String) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (server, _tom) = tom().await;
    let base = server.url("");
    with_browser(|browser| {
        let written = write(browser.clone(), base.clone());
        async move {
            open(&browser, &base, "/rules/edit/errands").await;
            written.await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistake_is_marked_as_one_writes_and_the_mark_goes_when_it_is_mended() {
    in_editor(|browser, _| async move {
        browser.until(IS_DRAWN).await;
        let drawn = value(&browser, "document.querySelector('.live .drawn').textContent").await;
        assert!(drawn.contains("Nothing changes."), "{drawn}");
        let numbers = value(&browser, "document.querySelector('.numbers').innerText").await;
        assert_eq!(numbers.split_whitespace().collect::<Vec<_>>(), ["1", "2", "3", "4", "5"]);

        browser.type_into(SCRIPT, "fn helps() { onn([\"sat\"]) }").await;
        browser.until(&format!("{MARKED} === '5'")).await;
        browser.until(&format!("!({IS_DRAWN})")).await;
        let faults = value(&browser, "document.querySelector('#editor-script-faults').innerText").await;
        assert!(faults.starts_with("line 5, column ") && faults.contains("nothing calls helps"), "{faults}");
        let spoken = "document.querySelector('#spoken').textContent";
        browser.until(&format!("{spoken}.startsWith('There is an error: line 5')")).await;
        assert_eq!(value(&browser, "document.querySelector('#editor-script').ariaInvalid").await, "true");
        // The number stands beside its line, and the way to the error leads there.
        let beside = "const number = document.querySelector('.numbers .wrong').getBoundingClientRect(); \
                      const band = document.querySelector('.band').getBoundingClientRect(); \
                      return Math.abs(number.top - band.top) < 1 && Math.abs(number.height - band.height) < 1;";
        assert_eq!(browser.evaluate(beside).await, true);
        browser.evaluate("document.querySelector('#editor-script-faults a').click()").await;
        let caret = "const field = document.querySelector('#editor-script'); \
                     return [document.activeElement === field, field.value.slice(field.selectionStart)];";
        assert_eq!(browser.evaluate(caret).await, json!([true, "helps() { onn([\"sat\"]) }"]));

        paste(&browser, &ERRANDS.replace("sat", "fri")).await;
        browser.until(&format!("{MARKED} === '' && {STATE} === 'Nothing is wrong with it.' && {IS_DRAWN}")).await;
        browser.until(&format!("{spoken} === 'No errors any more.'")).await;
        let faults = value(&browser, "document.querySelector('#editor-script-faults').textContent").await;
        assert_eq!(faults, "");
        // What would move is drawn.
        paste(&browser, "fn slots(day, slots) { slots.filter(|slot| slot.name != \"morgens\") }").await;
        browser.until("document.querySelector('.live .drawn').textContent.includes('-')").await;
        let drawn = value(&browser, "document.querySelector('.live .drawn').textContent").await;
        assert!(drawn.contains("Mon 13.10."), "{drawn}");
    })
    .await;
}

/// The first check is answered only when somebody says so, whatever becomes of the question.
const HOLD_FIRST: &str = r"
    const real = window.fetch;
    window.fetch = (address, options) => {
        if (!String(address).includes('/api/rules/check') || window.answerFirst) return real(address, options);
        const answer = real(address, { ...options, signal: undefined });
        return new Promise(done => {
            window.answerFirst = async () => {
                const json = await (await answer).json();
                window.isWrong = !json.ok;
                done({ ok: true, json: async () => { window.isRead = true; return json; } });
            };
        });
    };
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_comes_late_does_not_take_the_place_of_a_newer_one() {
    in_editor(|browser, _| async move {
        browser.until(IS_DRAWN).await;
        browser.evaluate(HOLD_FIRST).await;
        paste(&browser, &ERRANDS.replace("on(", "onn(")).await;
        browser.until("typeof window.answerFirst === 'function'").await;
        paste(&browser, ERRANDS).await;
        browser.until(&format!("{STATE} === 'Nothing is wrong with it.'")).await;
        browser.evaluate("return window.answerFirst()").await;
        // It was read, was of the mistake, and all that follows from it is over by the next turn of the page.
        browser.until("window.isRead === true").await;
        let marked = format!("return new Promise(done => setTimeout(() => done({MARKED}), 0))");
        assert_eq!(browser.evaluate("return window.isWrong").await, true);
        assert_eq!(browser.evaluate(&marked).await, "");
        assert_eq!(value(&browser, STATE).await, "Nothing is wrong with it.");
        // The same mistake is told when it is what was asked last.
        paste(&browser, &ERRANDS.replace("on(", "onn(")).await;
        browser.until(&format!("{MARKED} === '2'")).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_indent_leave_the_field_and_save() {
    in_editor(|browser, _| async move {
        let at_end = "document.querySelector('#editor-script').value.slice(-9)";
        browser.type_into(SCRIPT, &format!("// x{TAB}y")).await;
        assert_eq!(value(&browser, at_end).await, "// x    y");
        browser.type_into(SCRIPT, &format!("\n{TAB}// z{SHIFT}{TAB}{SHIFT}")).await;
        assert_eq!(value(&browser, "document.querySelector('#editor-script').value.slice(-10)").await, "    y\n// z");
        let focused = "document.activeElement.id";
        assert_eq!(value(&browser, focused).await, "editor-script");
        let block = "const field = document.querySelector('#editor-script'); field.setSelectionRange(0, 30);";
        browser.evaluate(block).await;
        // A browser puts the caret to the end where keys are sent to it, so these come from the page itself.
        let tab = |is_back: bool| {
            format!("document.querySelector('#editor-script').dispatchEvent(new KeyboardEvent('keydown', {{ key: 'Tab', shiftKey: {is_back}, bubbles: true, cancelable: true }}))")
        };
        browser.evaluate(&tab(false)).await;
        let begin = "document.querySelector('#editor-script').value.split('\\n').slice(0, 2).join('|')";
        let indented = value(&browser, begin).await;
        assert!(indented.starts_with("    fn place") && indented.contains("|        if \"errand\""), "{indented}");
        browser.evaluate(&tab(true)).await;
        assert!(value(&browser, begin).await.starts_with("fn place(task, today) {|    if"));

        let leave = "const leave = new Event('beforeunload', { cancelable: true }); window.dispatchEvent(leave); return leave.defaultPrevented;";
        assert_eq!(browser.evaluate(leave).await, true, "what nobody saved is warned of");
        browser.type_into(SCRIPT, &format!("{ESCAPE}{TAB}")).await;
        assert_ne!(value(&browser, focused).await, "editor-script", "nobody is caught in the field");
        browser.type_into("#editor-tests", &format!("{ESCAPE}{SHIFT}{TAB}{SHIFT}")).await;
        assert_ne!(value(&browser, focused).await, "editor-tests");
        browser.leave_by(SCRIPT, &format!("{CONTROL}s{CONTROL}")).await;
        browser.until("document.documentElement.dataset.ready === 'true'").await;
        assert_eq!(browser.path().await, "/rules/edit/errands");
        assert!(browser.text().await.contains("Saved."), "{}", browser.text().await);
        assert!(value(&browser, at_end).await.ends_with("// z"));
        assert_eq!(browser.evaluate(leave).await, false);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_script_says_in_its_errors_is_text() {
    in_editor(|browser, _| async move {
        browser.until(IS_DRAWN).await;
        paste(&browser, "fn place(task, today) { throw \"<img src=x onerror='window.hit = 1'>\" }").await;
        browser.until("document.querySelector('#editor-script-faults').textContent.includes('<img src=x')").await;
        browser.until("document.querySelector('#spoken').textContent.includes('<img src=x')").await;
        paste(&browser, "fn describe() { \"<img src=x onerror='window.hit = 1'>\" }\nfn place(task, today) { never(\"<img src=x onerror='window.hit = 1'>\") }").await;
        browser.until("document.querySelector('.live .drawn').textContent.includes('<img')").await;
        let active = "return [window.hit === undefined, document.querySelectorAll('main img').length];";
        assert_eq!(browser.evaluate(active).await, json!([true, 0]));
        browser.click("button[value=check]").await;
        assert_eq!(browser.evaluate(active).await, json!([true, 0]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_editor_is_readable_on_every_screen_in_both_languages() {
    let (server, tom) = tom().await;
    let base = server.url("");
    let tasks = tom.clone();
    with_browser(|browser| async move {
        open(&browser, &base, "/rules/edit/errands").await;
        for language in ["en", "de"] {
            assert_eq!(tasks.patch("/api/settings", &json!({"language": language})).await.status, 200);
            go(&browser, &base, "/rules/edit/errands").await;
            browser.until(IS_DRAWN).await;
            look_here(&browser, &format!("rules-editor-{language}")).await;
            paste(&browser, &ERRANDS.replace("on(", "onn(")).await;
            browser.until(&format!("{MARKED} === '2'")).await;
            browser.evaluate("document.querySelector('.reference details').open = true").await;
            look_here(&browser, &format!("rules-editor-wrong-{language}")).await;
            browser.click("button[value=save]").await;
            browser.until(&format!("{MARKED} === '2'")).await;
            look_here(&browser, &format!("rules-editor-refused-{language}")).await;
            paste(&browser, ERRANDS).await;
            browser.click("button[value=look]").await;
            look_here(&browser, &format!("rules-editor-looked-{language}")).await;
            // Somebody else saves.
            let other = ERRANDS.replace("sat", if language == "en" { "fri" } else { "thu" });
            let list = json!({"rules": [{"use": "spartan"}, {"name": "errands", "script": other}]});
            assert_eq!(tasks.put("/api/rules", &list).await.status, 200);
            browser.click("button[value=save]").await;
            look_here(&browser, &format!("rules-editor-conflict-{language}")).await;
        }
        browser.set_scripts(false).await;
        browser.go(&format!("{base}/rules/edit?new=errands-2")).await;
        browser.fill(SCRIPT, "fn place(task, today) { onn(1) }").await;
        browser.click("button[value=test]").await;
        browser.click("button[value=check]").await;
        // The page's own did not run, and what looks at it can.
        browser.set_scripts(true).await;
        look_here(&browser, "rules-editor-plain").await;
        let versions = tasks.get("/api/rules/versions").await.json();
        let version = &versions["versions"][1]["version"];
        look(&browser, &format!("{base}/rules?version={version}"), "rules-versions").await;
        for language in ["en", "de"] {
            assert_eq!(tasks.patch("/api/settings", &json!({"language": language})).await.status, 200);
            look(&browser, &format!("{base}/rules/tutorial"), &format!("rules-tutorial-{language}")).await;
        }
    })
    .await;
}
