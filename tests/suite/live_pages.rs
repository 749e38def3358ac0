//! What the pages do beside what forms and links do: tasks are moved, what changes is shown, and the last week stays.

use std::sync::Arc;

use codexmiroir::domain::lang::Lang;
use serde_json::{Value, json};

use crate::account_life;
use crate::account_pages::signed_in;
use crate::browser::{Browser, Pointer, key, with_browser};
use crate::harness::{TestServer, TestUser, places};
use crate::page::{MONDAY_AT_TEN, demo_at, welcome};
use crate::visitor::PASSWORD;

/// Tom, on the Monday morning before the first slot, with what leads a browser in as him.
struct Tom {
    server: TestServer,
    tom: TestUser,
    login: String,
}

async fn tom() -> Tom {
    let (server, _, tom) = crate::task_pages::tom().await;
    Tom { login: server.url("/login"), server, tom }
}

async fn sign_in(browser: &Browser, login: &str) {
    browser.go(login).await;
    account_life::sign_in(browser, "tom", PASSWORD).await;
    browser.until("document.documentElement.dataset.ready").await;
}

fn card(file: &str, slot: &str) -> String {
    format!("!!document.querySelector('[data-slot=\"{slot}\"] [data-key=\"{file}\"]')")
}

async fn no_complaint(browser: &Browser) {
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_are_moved_by_a_pointer_a_finger_a_tap_and_keys_and_back_again() {
    let Tom { tom, login, server } = tom().await;
    let codex = tom.codex().await;
    let file = "0002-Fahrrad-zur-Inspektion-bringen.md";
    let file = if places(&codex, file).is_empty() { first_unfixed(&codex) } else { file.to_owned() };
    let free = free_slots(&codex);
    let (address, moved) = (format!("/tasks/{}", file.trim_end_matches(".md")), file.clone());
    with_browser(|browser| async move {
        sign_in(&browser, &login).await;
        let grip = format!(".board [data-key=\"{moved}\"] .grip");
        // So that all of the board is to be seen at once.
        browser.set_screen(1280, 2_400).await;
        let slot = |at: usize| format!("[data-slot=\"{}\"]", free[at]);
        browser.drag(&grip, &slot(0), Pointer::Mouse).await;
        browser.until(&card(&moved, &free[0])).await;
        browser.until_told("is fixed to its slot").await;
        // Where it lies already nothing happens, and what was only tried leaves no trace.
        browser.drag(&grip, &slot(0), Pointer::Mouse).await;
        assert_eq!(browser.evaluate("return document.querySelectorAll('.held, .moves, .aimed').length").await, 0);
        browser.set_screen(390, 4_000).await;
        browser.drag(&grip, &slot(1), Pointer::Touch).await;
        browser.until(&card(&moved, &free[1])).await;
        // Tapped, and tapped where it is to go.
        browser.press(&grip).await;
        browser.press(&slot(0)).await;
        browser.until(&card(&moved, &free[0])).await;
        browser.set_screen(1280, 2_400).await;
        // Escape leaves it; arrows choose; the one that was moved keeps the focus, so that keys go on with it.
        browser.evaluate(&format!("document.querySelector('{grip}').focus()")).await;
        browser.keys(&format!("{}{}{}", key::ENTER, key::DOWN, key::ESCAPE)).await;
        browser.until("!document.body.classList.contains('moves')").await;
        assert_eq!(browser.evaluate(&format!("return {}", card(&moved, &free[0]))).await, true);
        browser.keys(key::ENTER).await;
        browser.until("document.getElementById('spoken').textContent.includes('Choose a slot')").await;
        browser.keys(key::RIGHT).await;
        let aimed = browser.until("document.querySelector('.aimed')?.dataset.slot").await;
        assert_ne!(aimed, json!(free[0]));
        browser.keys(key::DELETE).await;
        browser.keys(key::ENTER).await;
        browser.until_told("stands in line again").await;
        // Dragged again, and out of the board.
        browser.drag(&grip, &slot(0), Pointer::Mouse).await;
        browser.until(&card(&moved, &free[0])).await;
        browser.drag(&grip, "h1", Pointer::Mouse).await;
        browser.until_told("stands in line again").await;
        no_complaint(&browser).await;
    })
    .await;
    let history = tom.history(&format!("/api{address}/history")).await;
    let verbs: Vec<&str> = history.iter().filter_map(|entry| entry["summary"].as_str()).collect();
    assert_eq!(verbs.len(), 7, "five times to a slot, twice back, beside the import: {verbs:?}");
    drop(server);
}

/// The file of the first task that the rules have placed.
fn first_unfixed(codex: &Value) -> String {
    let slots = codex["timeline"].as_array().unwrap().iter().flat_map(|day| day["slots"].as_array().unwrap());
    let placed = slots.filter(|slot| slot["task"].is_object() && slot["task"]["fixedSlot"].is_null());
    placed.map(|slot| slot["task"]["file"].as_str().unwrap().to_owned()).next().unwrap()
}

/// Slots in which nothing stands, as the page names them.
fn free_slots(codex: &Value) -> Vec<String> {
    let days = codex["timeline"].as_array().unwrap().iter();
    let name =
        |day: &Value, slot: &Value| format!("{}/{}", day["datum"].as_str().unwrap(), slot["zeit"].as_str().unwrap());
    days.flat_map(|day| {
        let free = day["slots"].as_array().unwrap().iter().filter(|slot| slot["task"].is_null());
        free.map(|slot| name(day, slot)).collect::<Vec<_>>()
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_change_and_what_the_clock_does_shows_in_every_window() {
    let Tom { tom, login, server } = tom().await;
    let server = Arc::new(server);
    let clock = server.clone();
    with_browser(|browser| async move {
        sign_in(&browser, &login).await;
        let first = browser.window().await;
        browser.open_window().await;
        browser.go(&login.replace("/login", "/")).await;
        let second = browser.window().await;
        tom.create(json!({"kategorie": "arbeit", "title": "Sichtbar überall", "fixedSlot": {"datum": "18.10.2025", "zeit": "abends"}}))
            .await;
        for window in [&first, &second] {
            browser.look_at(window).await;
            browser.until("document.getElementById('plan').innerText.includes('Sichtbar überall')").await;
        }
        // What somebody is typing stays meanwhile.
        browser.fill("#quick-line", "Halb getippt").await;
        tom.create(json!({"kategorie": "arbeit", "title": "Noch eine", "fixedSlot": {"datum": "17.10.2025", "zeit": "abends"}})).await;
        browser.until("document.getElementById('plan').innerText.includes('Noch eine')").await;
        assert_eq!(browser.evaluate("return document.getElementById('quick-line').value").await, "Halb getippt");
        clock.set_clock("2025-10-13T09:30:00+02:00");
        for window in [&first, &second] {
            browser.look_at(window).await;
            browser.until("document.querySelector('#now .when')?.innerText.includes('morgens 09:00')").await;
        }
        no_complaint(&browser).await;
    })
    .await;
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_is_understood_as_it_is_typed_and_added_where_one_is() {
    let Tom { tom, login, server } = tom().await;
    with_browser(|browser| async move {
        sign_in(&browser, &login).await;
        browser.keys("n").await;
        browser.keys("Kuchen backen !sa nachmittags #backen @privat bis 20.10.").await;
        let understood = "document.getElementById('quick-told').innerText";
        browser.until(&format!("{understood}.includes('18.10.2025 nachmittags')")).await;
        let text = browser.evaluate(&format!("return {understood}")).await;
        for part in ["Kuchen backen", "@privat", "#backen", "due 20.10.2025"] {
            assert!(text.as_str().unwrap().contains(part), "{text}");
        }
        browser.keys(key::ENTER).await;
        browser.until_told("Kuchen backen is added: 18.10.2025 nachmittags").await;
        let state = "return [document.activeElement.id, document.getElementById('quick-line').value, location.pathname + location.search]";
        assert_eq!(browser.evaluate(state).await, json!(["quick-line", "", "/"]));
        // The next one is another one.
        browser.keys("Noch ein Kuchen").await;
        browser.until(&format!("{understood}.includes('Noch ein Kuchen')")).await;
        browser.keys(key::ENTER).await;
        browser.until_told("Noch ein Kuchen is added").await;
        browser.press("#told button").await;
        browser.until_told("Taken back.").await;
        no_complaint(&browser).await;
    })
    .await;
    let titles: Vec<String> = tom.tasks().await.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect();
    assert!(
        titles.iter().any(|title| title == "Kuchen backen") && !titles.iter().any(|title| title == "Noch ein Kuchen")
    );
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_connection_the_last_week_is_there_and_said_to_be_old() {
    let (running, _folder) = demo_at(MONDAY_AT_TEN, Lang::De).await;
    let (welcome, week) = (welcome(&running), format!("http://{}/", running.address));
    with_browser(|browser| async move {
        browser.go(&welcome).await;
        browser.until("navigator.serviceWorker.controller && document.documentElement.dataset.ready").await;
        browser.go(&week).await;
        let cards = browser.until("document.querySelectorAll('.card').length").await;
        browser.until("caches.match('/').then(Boolean)").await;
        running.stop().await;
        // The window that is open says it, and so does one that is opened.
        browser.until("document.querySelector('.kept').checkVisibility()").await;
        for path in ["", "tasks"] {
            browser.go(&format!("{week}{path}")).await;
            let said = browser
                .until("document.querySelector('.kept').checkVisibility() && document.querySelector('.kept').innerText")
                .await;
            assert!(said.as_str().unwrap().starts_with("Keine Verbindung. So war es am "), "{said}");
            assert_eq!(browser.evaluate("return document.querySelectorAll('.card').length").await, cards);
        }
        browser.press(".card [data-act=complete]").await;
        browser.until_told("Es gibt keine Verbindung: Nichts wurde gespeichert.").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_that_there_is_no_room_to_keep_is_shown_all_the_same() {
    let (running, _folder) = demo_at(MONDAY_AT_TEN, Lang::De).await;
    let (welcome, week) = (welcome(&running), format!("http://{}/", running.address));
    with_browser(|browser| async move {
        browser.go(&welcome).await;
        browser.until("navigator.serviceWorker.controller && document.documentElement.dataset.ready").await;
        browser.set_quota(&week, 1).await;
        browser.go(&week).await;
        assert_eq!(browser.evaluate("return document.title").await, "Diese Woche · CodexMiroir");
        let full = "caches.open('other').then(cache => cache.put('/x', new Response('x'))).then(() => '', error => error.name)";
        assert_eq!(browser.evaluate(&format!("return {full}")).await, "QuotaExceededError", "there is room");
    })
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_signs_out_leaves_no_week_behind() {
    let Tom { login, server, .. } = tom().await;
    with_browser(|browser| async move {
        sign_in(&browser, &login).await;
        browser.until("navigator.serviceWorker.controller").await;
        browser.go(&login.replace("/login", "/")).await;
        browser.until("caches.keys().then(names => names.includes('week'))").await;
        browser.click(".site form button").await;
        assert_eq!(browser.evaluate("return caches.keys().then(names => names.includes('week'))").await, false);
    })
    .await;
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_works_by_keys_alone() {
    let Tom { tom, login, server } = tom().await;
    with_browser(|browser| async move {
        browser.go(&login).await;
        browser.until("document.activeElement.name === 'name'").await;
        browser.keys(&format!("tom{}{PASSWORD}{}", key::TAB, key::ENTER)).await;
        browser.until("location.pathname === '/' && document.documentElement.dataset.ready").await;
        // The list of keys opens, holds the focus, and closes.
        browser.keys("?").await;
        browser.until("document.getElementById('keys').open").await;
        crate::look::look_here(&browser, "keys").await;
        browser.keys(key::ESCAPE).await;
        browser.until("!document.getElementById('keys').open").await;
        browser.set_screen(1280, 800).await;
        browser.keys("j").await;
        let first = browser
            .until("document.activeElement.matches('.card a.title') && document.activeElement.textContent")
            .await;
        assert_ne!(browser.evaluate("return getComputedStyle(document.activeElement).outlineStyle").await, "none");
        browser.keys("jk").await;
        assert_eq!(browser.evaluate("return document.activeElement.textContent").await, first);
        browser.keys("d").await;
        browser.until_told("is done").await;
        browser.keys("u").await;
        browser.until_told("Taken back.").await;
        // One after the other, the last first; then there is nothing left.
        let open = browser.evaluate("return document.querySelectorAll('.board .card').length").await;
        for _ in 0..2 {
            browser.evaluate("document.getElementById('told').replaceChildren()").await;
            browser.keys("jd").await;
            browser.until_told("is done").await;
        }
        for _ in 0..2 {
            browser.evaluate("document.getElementById('told').replaceChildren()").await;
            browser.keys("u").await;
            browser.until_told("Taken back.").await;
        }
        browser.until(&format!("document.querySelectorAll('.board .card').length === {open}")).await;
        browser.keys("u").await;
        browser.until_told("Nothing was done in this window").await;
        browser.keys("gt").await;
        browser.until("location.pathname === '/tasks' && document.documentElement.dataset.ready").await;
        browser.keys("gw").await;
        browser.until("location.pathname === '/' && document.documentElement.dataset.ready").await;
        // Switched off they do nothing, but for the one that lists them.
        browser.keys("?").await;
        browser.until("document.getElementById('keys').open").await;
        browser.press("#keys input").await;
        browser.keys(key::ESCAPE).await;
        browser.keys("n").await;
        assert_eq!(browser.evaluate("return document.activeElement.id === 'quick-line'").await, false);
        no_complaint(&browser).await;
    })
    .await;
    assert!(
        tom.tasks()
            .await
            .iter()
            .all(|task| task["status"] == "offen" || task["status"] == "abgebrochen" || task["id"] != "0002")
    );
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_one_reads_adds_and_does() {
    let Tom { tom, login, server } = tom().await;
    with_browser(|browser| async move {
        browser.set_scripts(false).await;
        browser.go(&login).await;
        browser.fill("input[name=name]", "tom").await;
        browser.fill("input[name=password]", PASSWORD).await;
        browser.click("button[type=submit]").await;
        assert_eq!(browser.evaluate("return document.documentElement.dataset.ready ?? null").await, Value::Null);
        // What does nothing without them is not shown.
        let scripted = "return [...document.querySelectorAll('.scripted')].some(control => control.checkVisibility())";
        assert_eq!(browser.evaluate(scripted).await, false);
        crate::look::look_here(&browser, "without-scripts").await;
        browser.fill("#quick-line", "Ohne Skript !sa nachmittags @privat").await;
        browser.click("#quick button.main").await;
        assert!(
            browser.text().await.contains("Ohne Skript is added: 18.10.2025 nachmittags"),
            "{}",
            browser.text().await
        );
        browser.click(".told button").await;
        assert!(browser.text().await.contains("Taken back."), "{}", browser.text().await);
        browser.click(".card [data-act=complete]").await;
        assert!(browser.text().await.contains("is done"), "{}", browser.text().await);
        browser.go(&login.replace("/login", "/tasks/0007")).await;
        browser.fill("#task-title", "Interview, verschoben").await;
        browser.click("#edit button.main").await;
        assert!(browser.text().await.contains("Interview, verschoben is saved"), "{}", browser.text().await);
        no_complaint(&browser).await;
    })
    .await;
    assert_eq!(tom.task("0007").await["title"], "Interview, verschoben");
    assert_eq!(tom.get("/api/tasks/40").await.status, 404, "it was taken back");
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checklist_is_ticked_where_one_reads_it() {
    let Tom { tom, login, server } = tom().await;
    let id = tom.create(json!({"kategorie": "privat", "title": "Packen", "body": "- [ ] Zelt\n- [ ] Kocher\n"})).await;
    let open = format!("/tasks/{}-Packen", id);
    with_browser(|browser| async move {
        sign_in(&browser, &login).await;
        browser.go(&login.replace("/login", &open)).await;
        for item in ["Zelt", "Kocher"] {
            browser.press(&format!("#text [aria-label={item}][aria-pressed=false]")).await;
            browser.until("document.getElementById('told').innerText.includes('is saved')").await;
            browser.evaluate("document.getElementById('told').replaceChildren()").await;
        }
        browser.until("document.querySelectorAll('#text [aria-pressed=true]').length === 2").await;
        // The forms beside it know of it: what is saved next is no conflict with oneself.
        browser.fill("#task-title", "Packen fürs Wochenende").await;
        browser.click("#edit button.main").await;
        assert!(browser.text().await.contains("Packen fürs Wochenende is saved"), "{}", browser.text().await);
        no_complaint(&browser).await;
    })
    .await;
    let document = tom.document(&id).await;
    assert!(document.contains("- [x] Zelt\n- [x] Kocher"), "{document}");
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_while_a_task_is_moved_is_one_line_on_a_watch() {
    let Tom { tom, login, server } = tom().await;
    with_browser(|browser| async move {
        sign_in(&browser, &login).await;
        browser.set_screen(240, 282).await;
        for language in ["en", "de"] {
            tom.patch("/api/settings", &json!({"language": language})).await;
            browser.go(&login.replace("/login", "/")).await;
            browser.until("document.documentElement.dataset.ready").await;
            // One that is fixed can go back in line, so there is one button more.
            browser.evaluate("document.querySelector('.card[data-fixed] a.title').focus()").await;
            browser.keys("m").await;
            browser.until("!document.getElementById('moving').hidden").await;
            let measure = "const bar = document.getElementById('moving'); \
                const boxes = [bar, ...bar.children].filter(part => part.checkVisibility()).map(part => part.getBoundingClientRect()); \
                return { parts: boxes.length, height: boxes[0].height, widest: Math.max(...boxes.map(box => box.right)), \
                    said: bar.querySelector('p').innerText, cut: bar.querySelector('p').scrollWidth - bar.querySelector('p').clientWidth }";
            let bar = browser.evaluate(measure).await;
            assert_eq!(bar["parts"], 4, "the sentence and two buttons: {bar}");
            assert!(bar["height"].as_f64().unwrap() <= 282.0 / 7.0, "{bar}");
            assert!(bar["widest"].as_f64().unwrap() <= 240.0 && bar["cut"] == 0, "{bar}");
            crate::look::look_here(&browser, &format!("moving-{language}")).await;
            browser.set_screen(240, 282).await;
            browser.keys(key::ESCAPE).await;
        }
        no_complaint(&browser).await;
    })
    .await;
    drop(server);
}

/// Kilobytes of everything that the week needs in a browser that was never here.
const WEEK_BYTES_MAX: u64 = 60_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_of_500_tasks_is_small_keeps_still_and_is_made_of_what_never_changes() {
    let server = TestServer::start().await;
    let (_, tom) = signed_in(&server, "tom").await;
    let document = |at: u32| {
        let text = format!(
            "---\ntyp: task\nkategorie: {}\nstatus: offen\n---\n# Aufgabe {at} mit einem Titel\n",
            ["arbeit", "privat"][at as usize % 2]
        );
        (format!("{at:04}-Aufgabe-{at}.md"), text.into_bytes())
    };
    server.import_files(&tom, (1..=500).map(document).collect()).await;
    let login = server.url("/login");
    with_browser(|browser| async move {
        sign_in(&browser, &login).await;
        browser.evaluate("return caches.keys().then(names => Promise.all(names.map(name => caches.delete(name))))").await;
        browser.evaluate("return navigator.serviceWorker.getRegistrations().then(all => Promise.all(all.map(one => one.unregister())))").await;
        browser.forget_what_was_loaded().await;
        browser.go(&login.replace("/login", "/")).await;
        browser.until("document.documentElement.dataset.ready").await;
        let sizes = "return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]\
            .filter(entry => entry.initiatorType !== 'fetch').map(entry => [entry.name, entry.transferSize])";
        let sizes = browser.evaluate(sizes).await;
        let sum: u64 = sizes.as_array().unwrap().iter().map(|entry| entry[1].as_u64().unwrap()).sum();
        assert!((10_000..=WEEK_BYTES_MAX).contains(&sum), "{sum}: {sizes:#}");
        let watch = "window.shifts = []; window.watch = new PerformanceObserver(list => shifts.push(...list.getEntries())); \
            watch.observe({ type: 'layout-shift', buffered: true })";
        browser.evaluate(watch).await;
        let shifts = "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => \
            done(shifts.reduce((sum, entry) => sum + entry.value, 0)))))";
        assert_eq!(browser.evaluate(shifts).await.as_f64(), Some(0.0), "something moved while it was loaded");
        // The second time all of them are there already.
        browser.go(&login.replace("/login", "/")).await;
        let again = "return performance.getEntriesByType('resource').filter(entry => entry.name.includes('/assets/') && entry.name.includes('?v='))\
            .reduce((sum, entry) => sum + entry.transferSize, 0)";
        assert_eq!(browser.evaluate(again).await, 0);
        no_complaint(&browser).await;
    })
    .await;
    drop(server);
}
