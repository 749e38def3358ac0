//! What a task's page says of where it stood before, and of a slot that it was fixed to and did not get.

use serde_json::json;

use crate::browser::with_browser;
use crate::harness::{Start, TestServer, vault};
use crate::look::look;
use crate::task_pages::tom;
use crate::visitor::PASSWORD;

fn section<'t>(text: &'t str, id: &str) -> &'t str {
    let section =
        text.split(&format!("<section class=\"panel\" id=\"{id}\"")).nth(1).unwrap_or_else(|| panic!("{text}"));
    section.split("</section>").next().unwrap()
}

#[tokio::test]
async fn a_page_says_what_moved_a_task() {
    let (server, mut browser, tom) = tom().await;
    server.set_clock("2025-10-13T08:30:00+02:00");
    let slot = json!({"datum": "18.10.2025", "zeit": "nachmittags"});
    tom.apply("12", "pin", slot).await;
    server.set_clock("2025-10-14T08:30:00+02:00");
    tom.complete("12", json!({"datum": "14.10.2025", "zeit": "morgens"})).await;
    let here = "/tasks/0012-Write-the-upgrade-guide";
    let page = browser.open("/tasks/12").await;
    assert!(page.text.contains(&format!("href=\"{here}?moves=true#moves\"")), "{}", page.text);
    assert!(!page.text.contains("id=\"moves\""), "only where it was asked");
    let page = browser.open(&format!("{here}?moves=true")).await;
    let moves = section(&page.text, "moves");
    // The same as the interface says, in the same words.
    let told = tom.get("/api/tasks/12/moves").await.json();
    let told = told["moves"].as_array().unwrap();
    assert!(told.len() >= 3, "{told:?}");
    assert_eq!(moves.matches("<li>").count(), told.len());
    for one in told {
        let place = |standing: &serde_json::Value| standing["text"].as_str().unwrap_or("not open").to_owned();
        let step = format!("{} → <strong>{}</strong>", place(&one["from"]), place(&one["to"]));
        assert!(moves.contains(&step), "no {step:?} in {moves}");
        assert!(moves.contains(one["cause"]["summary"].as_str().unwrap()), "{one} in {moves}");
    }
    assert!(
        moves.contains("Sat 18.10.2025 nachmittags → <strong>not open</strong>")
            && moves.contains("Looked back to the beginning.")
    );
    assert_eq!(tom.patch("/api/settings", &json!({"language": "de"})).await.status, 200);
    let page = browser.open(&format!("{here}?moves=true")).await;
    let moves = section(&page.text, "moves");
    assert!(moves.contains("Was hat sie verschoben?") && moves.contains("<strong>nicht offen</strong>"), "{moves}");
    for (query, status) in
        [("moves=maybe", 400), ("moves=true&before=x", 400), ("moves=true&before=999.1760335200000", 404)]
    {
        assert_eq!(browser.open(&format!("{here}?{query}")).await.status, status, "{query}");
    }
}

#[tokio::test]
async fn more_moves_than_a_page_has_are_on_the_next() {
    let (server, mut browser, tom) = tom().await;
    for minute in 14..20 {
        let slot = json!({"datum": "18.10.2025", "zeit": "nachmittags"});
        server.set_clock(&format!("2025-10-13T08:{minute}:00+02:00"));
        tom.apply("12", "pin", slot).await;
        server.set_clock(&format!("2025-10-13T08:{}:00+02:00", minute + 20));
        tom.apply("12", "unpin", json!({})).await;
    }
    let (mut path, mut moves, mut pages) = ("/tasks/12?moves=true".to_owned(), 0, 0);
    loop {
        let page = browser.open(&path).await;
        let found = section(&page.text, "moves");
        (moves, pages) = (moves + found.matches("<li>").count(), pages + 1);
        let Some(next) = found.split("class=\"button\" href=\"").nth(1) else { break };
        path = next.split('#').next().unwrap().replace("&amp;", "&");
    }
    let told = tom.get("/api/tasks/12/moves?limit=100").await.json();
    assert_eq!((moves, pages > 1), (told["moves"].as_array().unwrap().len(), true), "{told}");
}

#[tokio::test]
async fn a_switch_of_the_servers_rules_moves_nobody_who_has_rules_of_ones_own() {
    let server = TestServer::start().await;
    let [lena, tom] = [server.user("lena").await, server.user("tom").await];
    for user in [&lena, &tom] {
        server.import(user, &vault("tom")).await;
    }
    let own = json!({"rules": [{"use": "spartan"}]});
    assert_eq!(lena.put("/api/rules", &own).await.status, 200);
    let evenings = server.data_dir().join("evenings.rhai");
    std::fs::write(&evenings, "fn slots(day, slots) { [slot(\"abends\", \"18:00\", \"21:30\")] }\n").unwrap();
    server.set_clock("2025-10-13T08:30:00+02:00");
    let server = server.restart_with(Start { rules: vec![evenings], ..Start::default() }).await;
    let [lena, tom] = [server.again(&lena), server.again(&tom)];
    server.set_clock("2025-10-14T07:00:00+02:00");
    let path = "/api/tasks/12/moves?limit=100";
    let (of_lena, of_tom) = (lena.get(path).await.json(), tom.get(path).await.json());
    assert_eq!(of_tom["bases"][0]["differing"], json!(["other rules of the server"]), "{of_tom}");
    assert_eq!(of_lena["bases"], json!([]), "{of_lena}");
    // What happened while the server's rules planned for her was planned by others then.
    for one in of_lena["moves"].as_array().unwrap() {
        let was_own = one["generation"].as_u64() >= Some(2);
        assert_eq!(one.get("otherBasis").is_some(), !was_own, "{one}");
    }
}

#[tokio::test]
async fn a_slot_that_was_not_got_is_said_with_the_reason() {
    let (server, mut browser, tom) = tom().await;
    let fixed = |datum: &str, zeit: &str| json!({"kategorie": "arbeit", "title": "Fest", "fixedSlot": {"datum": datum, "zeit": zeit}});
    tom.create(fixed("17.10.2025", "abends")).await;
    // A file that somebody else wrote names the same slot, one that is no slot, and one that is over.
    let document =
        |slot: &str| format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\nfixedSlot:\n{slot}---\n# Auch fest\n");
    for (number, datum, zeit) in [
        (70, "17.10.2025", "abends"),
        (71, "17.10.2025", "nachts"),
        (72, "10.10.2025", "morgens"),
        (73, "24.12.2025", "abends"),
    ] {
        let slot = format!("  datum: '{datum}'\n  zeit: {zeit}\n");
        server.import_document(&tom, &format!("00{number}-Auch.md"), &document(&slot)).await;
    }
    let list = browser.open("/tasks").await;
    for (id, said) in [
        ("0070", "fixed to Fri 17.10.2025 abends, which it did not get: 0040 stands there"),
        ("0071", "fixed to Fri 17.10.2025 nachts, which it did not get: there is no such slot"),
        ("0072", "fixed to Fri 10.10.2025 morgens, which it did not get: it has ended"),
        ("0073", "fixed to Wed 24.12.2025 abends: these days do not reach there"),
    ] {
        let row = list.text.split("<li>").find(|row| row.contains(&format!("choose-{id}-Auch\""))).unwrap();
        assert!(row.contains(said), "no {said:?} in {row}");
        let page = browser.open(&format!("/tasks/{id}")).await;
        assert!(page.text.contains(said), "no {said:?} in {}", page.text);
    }
    assert_eq!(tom.patch("/api/settings", &json!({"language": "de"})).await.status, 200);
    let page = browser.open("/tasks/70").await;
    assert!(
        page.text.contains("fest am Fr 17.10.2025 abends, hat den Slot aber nicht: dort steht 0040"),
        "{}",
        page.text
    );
    // Who has the slot, and who is simply in line, is told nothing of the kind.
    for id in ["40", "39"] {
        assert!(!browser.open(&format!("/tasks/{id}")).await.text.contains("hat den Slot aber nicht"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_moved_a_task_is_readable_on_every_screen() {
    let (server, _, tom) = tom().await;
    server.set_clock("2025-10-13T08:30:00+02:00");
    tom.apply("12", "pin", json!({"datum": "18.10.2025", "zeit": "nachmittags"})).await;
    let document = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\nfixedSlot:\n  datum: 16.10.2025\n  zeit: nachmittags\n---\n# Auch\n";
    server.import_document(&tom, "0070-Auch.md", document).await;
    let (login, moves, unmet) = (server.url("/login"), server.url("/tasks/12?moves=true"), server.url("/tasks/70"));
    with_browser(|browser| async move {
        browser.go(&login).await;
        browser.fill("input[name=name]", "tom").await;
        browser.fill("input[name=password]", PASSWORD).await;
        browser.click("button[type=submit]").await;
        look(&browser, &moves, "task-moves").await;
        look(&browser, &unmet, "task-unmet").await;
    })
    .await;
}
