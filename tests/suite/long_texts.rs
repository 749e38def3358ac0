//! Texts that are longer than the server takes at once: nobody loses what they wrote.

use crate::browser::{Browser, with_browser};
use crate::look::look_here;
use crate::task_pages::tom;
use crate::visitor::PASSWORD;

const PATH: &str = "/tasks/0002-Finish-the-board-report";
/// Two bytes each, which are six in a form.
const SIGNS: usize = 100_000;

/// Opens the task and writes more into it than can be sent.
async fn write_too_much(browser: &Browser, url: &str) {
    browser.go(&format!("{url}{PATH}")).await;
    let write = format!("document.getElementById('task-body').value = 'ä'.repeat({SIGNS})");
    browser.evaluate(&write).await;
}

async fn written(browser: &Browser) -> u64 {
    browser.evaluate("return document.getElementById('task-body').value.length").await.as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_long_to_be_sent_is_not_lost_with_scripts_and_without() {
    let (server, _, tom) = tom().await;
    let document = tom.document("2").await;
    let (url, before) = (server.url(""), tom.generation().await);
    let there = tom.clone();
    with_browser(|browser| async move {
        let url = url.trim_end_matches('/');
        browser.set_scripts(false).await;
        browser.go(&format!("{url}/login")).await;
        browser.fill("input[name=name]", "tom").await;
        browser.fill("input[name=password]", PASSWORD).await;
        browser.click("button[type=submit]").await;
        write_too_much(&browser, url).await;
        browser.click("#edit button.main").await;
        assert!(browser.text().await.contains("more than the 512 KiB"), "{}", browser.text().await);
        look_here(&browser, "too-long").await;
        browser.back(PATH).await;
        assert_eq!(written(&browser).await, SIGNS as u64, "one page back");

        browser.set_screen(1280, 2_400).await;
        browser.set_scripts(true).await;
        write_too_much(&browser, url).await;
        browser.until("document.documentElement.dataset.ready").await;
        browser.press("#edit button.main").await;
        browser.until_told("more than the 512 KiB").await;
        assert_eq!((written(&browser).await, browser.path().await), (SIGNS as u64, PATH.to_owned()));
        assert_eq!(there.generation().await, before);
        // Shorter it is saved from the same page.
        browser.fill("#task-body", "Short").await;
        browser.click("#edit button.main").await;
        assert!(browser.text().await.contains("is saved"), "{}", browser.text().await);
    })
    .await;
    assert!(tom.document("2").await != document, "that was shorter");
    assert_eq!(tom.task("2").await["body"].as_str().map(str::trim), Some("Short"));
    drop(server);
}
