//! Days that are kept free of tasks, on the page of the week: nobody takes them for days with room.

use serde_json::{Value, json};

use crate::browser::with_browser;
use crate::harness::{Answer, TestUser};
use crate::look::look_here;
use crate::rules::set;
use crate::task_pages::tom;
use crate::visitor::PASSWORD;

/// The part of the page that shows a day.
fn day<'p>(page: &'p Answer, name: &str) -> &'p str {
    let board = page.text.split("class=\"board\"").nth(1).unwrap().split("class=\"attention\"").next().unwrap();
    let days = board.split("<section class=\"day");
    let found = days.into_iter().find(|day| day.contains(&format!("<h2>{name}</h2>")));
    found.unwrap_or_else(|| panic!("no {name}: {board}"))
}

/// Without marks.
fn words(markup: &str) -> String {
    markup.split('<').map(|part| part.rsplit('>').next().unwrap()).collect::<Vec<_>>().join("")
}

async fn with_vacation(tom: &TestUser, privat: bool, rest: &[Value]) {
    let vacation =
        json!({"use": "vacation", "options": {"from": "16.10.2025", "until": "18.10.2025", "privat": privat}});
    let rules = [&[json!({"use": "spartan"}), vacation], rest].concat();
    set(tom, &json!({"rules": rules})).await;
}

#[tokio::test]
async fn a_closed_day_says_so_and_why() {
    let (_server, mut browser, tom) = tom().await;
    with_vacation(&tom, false, &[]).await;
    let page = browser.open("/").await;
    for name in ["Thu 16.10.", "Fri 17.10.", "Sat 18.10."] {
        let day = day(&page, name);
        assert!(words(day).contains("⊘ kept free: vacation until 18.10.2025"), "{day}");
        assert!(!day.contains(">free<"), "{day}");
    }
    // What is fixed to a slot of it stays there.
    assert!(day(&page, "Fri 17.10.").contains("0024"), "{}", day(&page, "Fri 17.10."));
    for name in ["Mon 13.10.", "Wed 15.10.", "Sun 19.10."] {
        assert!(!day(&page, name).contains("closed"), "{}", day(&page, name));
    }
    assert!(day(&page, "Wed 15.10.").contains(">free<"), "{}", day(&page, "Wed 15.10."));
    tom.patch("/api/settings", &json!({"language": "de"})).await;
    let page = browser.open("/").await;
    assert!(words(day(&page, "Do 16.10.")).contains("⊘ freigehalten: Urlaub bis 18.10.2025"), "{}", page.text);
}

#[tokio::test]
async fn a_day_is_closed_only_where_nothing_in_line_may_come() {
    let (_server, mut browser, tom) = tom().await;
    // No work on Thursday to Saturday, but on the Saturday private matters go on.
    with_vacation(&tom, true, &[]).await;
    let page = browser.open("/").await;
    assert!(words(day(&page, "Fri 17.10.")).contains("⊘ kept free: vacation until 18.10.2025"));
    assert!(!day(&page, "Sat 18.10.").contains("closed"), "{}", day(&page, "Sat 18.10."));
    // Of several rules that give reasons nobody knows which is for the day, and a rule for some tasks keeps none free.
    with_vacation(&tom, true, &[json!({"use": "german-holidays"})]).await;
    let friday = words(day(&browser.open("/").await, "Fri 17.10."));
    assert!(friday.contains("⊘ kept free") && !friday.contains("holiday") && !friday.contains("vacation"), "{friday}");
    let some = "fn place(task, today) { \
                    if task.number == 12 { return anywhere().not_on(\"15.10.2025\").because(\"one\"); } anywhere() }";
    set(&tom, &json!({"rules": [{"use": "spartan"}, {"name": "some", "script": some}]})).await;
    let page = browser.open("/").await;
    assert!(!words(day(&page, "Wed 15.10.")).contains("kept free"), "{}", day(&page, "Wed 15.10."));
    // A day without any slots stands between the others, without a reason because none is told.
    let own = "fn slots(day, slots) { if day.date == date(\"15.10.2025\") { [] } else { slots } }";
    with_vacation(&tom, true, &[json!({"name": "mine", "script": own})]).await;
    let page = browser.open("/").await;
    let closed = day(&page, "Wed 15.10.");
    assert!(words(closed).trim_end().ends_with("⊘ closed") && !closed.contains("data-slot"), "{closed}");
    let places: Vec<_> =
        ["Tue 14.10.", "Wed 15.10.", "Thu 16.10."].map(|name| page.text.find(&format!("<h2>{name}"))).into();
    assert!(places.is_sorted() && places[0].is_some(), "{places:?}");
    // Nothing in line says nothing of any day: the week is free.
    let open = tom.tasks().await.into_iter().filter(|task| task["status"] == "offen" && task["fixedSlot"].is_null());
    for task in open {
        tom.delete(&format!("/api/tasks/{}", task["id"].as_str().unwrap())).await;
    }
    let page = browser.open("/").await;
    assert!(day(&page, "Fri 17.10.").contains(">free<"), "{}", day(&page, "Fri 17.10."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_day_is_seen_on_every_screen() {
    let (server, _, tom) = tom().await;
    with_vacation(&tom, false, &[]).await;
    let login = server.url("/login");
    with_browser(|browser| async move {
        browser.go(&login).await;
        browser.fill("input[name=name]", "tom").await;
        browser.fill("input[name=password]", PASSWORD).await;
        browser.click("button[type=submit]").await;
        for page in look_here(&browser, "closed-days").await {
            let headings = crate::look::texts(&page, "headings");
            assert!(headings.contains(&"Thu 16.10."), "{headings:?}");
        }
        let border = "return getComputedStyle(document.querySelector('.day.closed')).borderTopStyle";
        assert_eq!(browser.evaluate(border).await, "dashed");
    })
    .await;
}
