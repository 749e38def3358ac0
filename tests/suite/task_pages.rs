//! Adding, doing, changing and finding tasks in a browser without scripts.

use reqwest::Method;
use serde_json::{Value, json};

use crate::account_pages::{assert_led, signed_in};
use crate::browser::with_browser;
use crate::harness::{Answer, TestServer, TestUser, vault};
use crate::look::look;
use crate::visitor::{PASSWORD, Visitor};

const HOSTILE: &str = "\"><script>alert('x')</script>";

/// Somebody with the tasks of the vault, on a Monday morning before the first slot.
pub async fn tom() -> (TestServer, Visitor, TestUser) {
    let server = TestServer::start().await;
    server.set_clock("2025-10-13T08:00:00+02:00");
    let (browser, tom) = signed_in(&server, "tom").await;
    server.import(&tom, &vault("tom")).await;
    (server, browser, tom)
}

/// The sentence that a page tells at its top.
pub fn told(page: &Answer) -> String {
    let told = page.text.split("class=\"notice told\"").nth(1).unwrap_or_else(|| panic!("nothing told: {}", page.text));
    let words = told.split("<p>").nth(1).unwrap().split("</p>").next().unwrap();
    let mut text = String::new();
    let mut is_tag = false;
    for c in words.chars() {
        match c {
            '<' => is_tag = true,
            '>' => is_tag = false,
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    text
}

/// Follows a redirect of ours.
pub async fn follow(browser: &mut Visitor, answer: Answer) -> Answer {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let location = answer.header("location").to_owned();
    browser.open(&location).await
}

/// A hidden field of the form with this action.
pub fn hidden(page: &Answer, action: &str, name: &str) -> String {
    let form = page.text.split("<form").find(|form| form.contains(&format!("action=\"{action}\""))).unwrap();
    let field = form.split("<input").find(|input| input.contains(&format!("name=\"{name}\""))).unwrap();
    let value = field.split(" value=\"").nth(1).unwrap().split('"').next().unwrap();
    value.replace("&quot;", "\"")
}

#[tokio::test]
async fn buttons_of_the_week_do_one_thing_and_come_back() {
    let (_server, mut browser, tom) = tom().await;
    let week = browser.open("/").await;
    assert!(week.text.contains("action=\"/tasks/0002-Finish-the-board-report/complete\""), "{}", week.text);
    let done = browser.form("/tasks/0002-Finish-the-board-report/complete", &[("back", "/")]).await;
    let page = follow(&mut browser, done).await;
    assert_eq!(told(&page), "0002 Finish the board report is done.");
    assert_eq!(tom.task("2").await["status"], "abgeschlossen");

    // What is overdue goes back in line, and what holds a slot makes room.
    let unpinned = browser.form("/tasks/0013/unpin", &[("back", "/")]).await;
    let page = follow(&mut browser, unpinned).await;
    assert!(told(&page).starts_with("0013 Call the landlord about the boiler stands in line again"), "{}", told(&page));
    let pinned = browser.form("/tasks/0004/pin", &[("slot", "17.10.2025/abends"), ("back", "/")]).await;
    let page = follow(&mut browser, pinned).await;
    assert_eq!(told(&page), "0004 Review: payment retries is fixed to its slot: 17.10.2025 abends.");
    // What changes nothing offers no way back: it would be that of an earlier change.
    let before = tom.get("/api/history").await.text;
    for (act, fields) in [("pin", vec![("slot", "17.10.2025/abends")]), ("reopen", vec![])] {
        let again = browser.form(&format!("/tasks/0004/{act}"), &[&fields[..], &[("back", "/")]].concat()).await;
        let page = follow(&mut browser, again).await;
        assert!(
            told(&page).starts_with("0004 Review: payment retries was so already; nothing was changed"),
            "{}",
            told(&page)
        );
        assert!(!page.text.contains("name=\"generation\""), "{}", page.text);
    }
    assert_eq!(tom.get("/api/history").await.text, before);
    let taken = browser.form("/tasks/0012/pin", &[("datum", "17.10.2025"), ("zeit", "abends")]).await;
    assert_eq!(taken.status, 422);
    assert!(taken.text.contains("0004 Review: payment retries") && taken.text.contains("<h1>0012"), "{}", taken.text);

    for act in ["cancel", "reopen"] {
        assert_eq!(browser.form(&format!("/tasks/0004/{act}"), &[("back", "/tasks/0004")]).await.status, 303);
    }
    assert_eq!(tom.task("4").await["status"], "offen");
    let removed = browser.form("/tasks/0004/remove", &[]).await;
    let page = follow(&mut browser, removed).await;
    assert_eq!(told(&page), "The task is removed.");
    let undo = hidden(&page, "/undo", "generation");
    browser.form("/undo", &[("generation", undo.as_str())]).await;
    assert_eq!(tom.task("4").await["title"], "Review: payment retries");
    // Nobody is led elsewhere, and no text of a link's stands on the page.
    let elsewhere = browser.form("/tasks/0004/unpin", &[("back", "https://example.org/")]).await;
    assert!(elsewhere.header("location").starts_with("/?done="), "{}", elsewhere.header("location"));
    let page = browser.open("/?done=completed&task=%3Cscript%3E&undo=1").await;
    assert!(page.status == 200 && !page.text.contains("class=\"notice told\""), "{}", page.text);
}

#[tokio::test]
async fn what_is_done_to_a_task_that_is_gone_leads_back_and_says_so() {
    let (_server, mut browser, tom) = tom().await;
    tom.delete("/api/tasks/4").await;
    let generation = tom.generation().await;
    for (act, slot, back, page) in [
        ("complete", "", "/", "/"),
        ("pin", "17.10.2025/abends", "/", "/"),
        ("pin", "garbage", "/", "/"),
        ("unpin", "", "/tasks?status=alle", "/tasks?status=alle"),
        ("cancel", "", "/tasks/0004-Review-payment-retries", "/"),
        ("reopen", "", "/tasks/0004?why=true#why", "/"),
        ("remove", "", "/tasks/0004", "/tasks"),
    ] {
        let mut fields = vec![("back", back)];
        fields.extend((!slot.is_empty()).then_some(("slot", slot)));
        let done = browser.form(&format!("/tasks/0004/{act}"), &fields).await;
        let mark = if page.contains('?') { '&' } else { '?' };
        assert_led(&done, &format!("{page}{mark}done=gone"));
        let page = follow(&mut browser, done).await;
        assert!(told(&page).starts_with("That task is there no more; nothing was done."), "{act}: {}", told(&page));
    }
    assert_eq!(tom.generation().await, generation);
    tom.patch("/api/settings", &json!({"language": "de"})).await;
    let done = browser.form("/tasks/0004/complete", &[("back", "/")]).await;
    let page = follow(&mut browser, done).await;
    assert!(told(&page).starts_with("Diese Aufgabe gibt es nicht mehr; geschehen ist nichts."), "{}", told(&page));
}

#[tokio::test]
async fn a_task_is_changed_field_by_field_and_conflicts_are_shown_side_by_side() {
    let (_server, mut browser, tom) = tom().await;
    let document = tom.document("12").await;
    let page = browser.open("/tasks/12").await;
    assert_eq!(page.status, 200, "{}", page.text);
    let etag = hidden(&page, "/tasks/0012-Write-the-upgrade-guide", "etag");
    let task = tom.task("12").await;
    let (title, body) = (task["title"].as_str().unwrap().to_owned(), task["body"].as_str().unwrap().to_owned());
    let tags: Vec<_> = task["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
    let tags = tags.join(", ");
    let network = body.replace('\n', "\r\n");
    let as_shown = |etag: &str| {
        [
            ("title", title.clone()),
            ("kategorie", "arbeit".into()),
            ("tags", tags.clone()),
            ("body", network.clone()),
            ("etag", etag.into()),
        ]
    };
    let send = |fields: &[(&'static str, String)]| {
        fields.iter().map(|(name, value)| (*name, value.clone())).collect::<Vec<_>>()
    };
    let generation = tom.generation().await;
    let fields = send(&as_shown(&etag));
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(browser.form("/tasks/12", &fields).await.status, 303);
    assert_eq!(
        (tom.document("12").await, tom.generation().await),
        (document.clone(), generation),
        "nothing was touched"
    );

    let mut changed = fields.clone();
    changed.extend([("deadline", "24.12.2025"), ("datum", "16.10.2025"), ("zeit", "nachmittags")]);
    let saved = browser.form("/tasks/12", &changed).await;
    let page = follow(&mut browser, saved).await;
    assert_eq!(told(&page), format!("0012 {title} is saved: 16.10.2025 nachmittags."));
    let after = tom.task("12").await;
    assert_eq!((&after["deadline"], &after["body"]), (&json!("24.12.2025"), &Value::String(body.clone())));
    assert!(
        page.text.contains("<ins") && page.text.contains("deadline: 24.12.2025"),
        "the difference is shown: {}",
        page.text
    );

    // Whoever wrote on the page of before sees both.
    let mut late = fields.clone();
    late[0].1 = "Another title";
    let page = browser.form("/tasks/12", &late).await;
    assert_eq!(page.status, 422, "{}", page.text);
    for part in ["Somebody else saved this task", "What stands now", "deadline: 24.12.2025", "value=\"Another title\""]
    {
        assert!(page.text.contains(part), "no {part:?} in {}", page.text);
    }
    let etag = hidden(&page, "/tasks/0012-Write-the-upgrade-guide", "etag");
    late[4].1 = &etag;
    late.extend([("deadline", "24.12.2025"), ("datum", "16.10.2025"), ("zeit", "nachmittags")]);
    assert_eq!(browser.form("/tasks/12", &late).await.status, 303);
    assert_eq!(tom.task("12").await["title"], "Another title");

    // The whole file, with what a browser makes of its line ends.
    let etag = tom.get("/api/tasks/12").await.header("etag").to_owned();
    let whole = tom.document("12").await.replace("Another title", "Yet another").replace('\n', "\r\n");
    assert_eq!(browser.form("/tasks/12", &[("document", &whole), ("etag", &etag)]).await.status, 303);
    assert_eq!(tom.document("12").await, whole.replace("\r\n", "\n"));
    let etag = tom.get("/api/tasks/12").await.header("etag").to_owned();
    let page = browser.form("/tasks/12", &[("document", "no task"), ("etag", &etag)]).await;
    assert!(page.status == 422 && page.text.contains("no task</textarea>"), "{}", page.text);
}

#[tokio::test]
async fn a_page_says_why_a_task_stands_where_it_does() {
    let (_server, mut browser, _) = tom().await;
    let page = browser.open("/tasks/12").await;
    assert!(page.text.contains("href=\"/tasks/0012-Write-the-upgrade-guide?why=true#why\""), "{}", page.text);
    let page = browser.open("/tasks/0012-Write-the-upgrade-guide?why=true").await;
    let why = page.text.split("id=\"why\"").nth(1).unwrap_or_else(|| panic!("{}", page.text));
    let why = why.split("</pre>").next().unwrap();
    for part in ["Mon 13.10.", "0002", "Wed 15.10."] {
        assert!(why.contains(part), "no {part:?} in {why}");
    }
    assert_eq!(browser.open("/tasks/12?why=maybe").await.status, 400);
}

#[tokio::test]
async fn an_item_of_a_checklist_is_ticked_in_the_document() {
    let (_server, mut browser, tom) = tom().await;
    let document = tom.document("2").await;
    let page = browser.open("/tasks/2").await;
    let action = "/tasks/0002-Finish-the-board-report";
    let etag = hidden(&page, action, "etag");
    let button = page.text.split("<button class=\"tick\"").nth(3).unwrap().split("</button>").next().unwrap();
    for part in ["value=\"2\"", "aria-pressed=\"false\"", "aria-label=\"Reliability"] {
        assert!(button.contains(part), "no {part:?} in {button}");
    }
    let ticked = browser.form(action, &[("item", "2"), ("etag", &etag)]).await;
    assert_eq!(ticked.status, 303, "{}", ticked.text);
    let after = tom.document("2").await;
    assert_eq!(after, document.replacen("- [ ] Reliability", "- [x] Reliability", 1));
    // Whoever clicks on the page of before ticks nothing else.
    for (item, etag) in [("2", etag.as_str()), ("999", etag.as_str()), ("x", etag.as_str())] {
        let page = browser.form(action, &[("item", item), ("etag", etag)]).await;
        assert_eq!(page.status, 422, "{}", page.text);
    }
    assert_eq!(tom.document("2").await, after);
}

#[tokio::test]
async fn tasks_are_found_and_several_done_at_once() {
    let (_server, mut browser, tom) = tom().await;
    let found = |page: &Answer| page.text.matches("type=\"checkbox\" name=\"task\"").count();
    let all = tom.tasks().await;
    let open = all.iter().filter(|task| task["status"] == "offen").count();
    assert_eq!(found(&browser.open("/tasks").await), open);
    assert_eq!(found(&browser.open("/tasks?status=alle").await), all.len());
    let page = browser.open("/tasks?q=landlord&kategorie=privat").await;
    assert_eq!(found(&page), 1, "{}", page.text);
    assert!(browser.open("/tasks?q=nowhere-to-be-found").await.text.contains("Nothing fits"));
    let page = browser.open(&format!("/tasks?q={}", "%22%3E%3Cscript%3E")).await;
    assert!(
        page.text.contains("value=\"&quot;&gt;&lt;script&gt;\"") && !page.text.contains("<script>"),
        "{}",
        page.text
    );

    let back = "/tasks?status=offen&q=the";
    let done = browser.form("/tasks", &[("task", "0012"), ("task", "0015"), ("act", "complete"), ("back", back)]).await;
    let generation = tom.generation().await;
    assert_led(&done, &format!("{back}&done=several&undo={generation}"));
    for id in ["12", "15"] {
        assert_eq!(tom.task(id).await["status"], "abgeschlossen");
    }
    assert_led(&browser.form("/tasks", &[("act", "complete"), ("back", back)]).await, &format!("{back}&done=none"));
    let some = [("task", "9999"), ("task", "0016"), ("act", "complete"), ("back", "/tasks#end")];
    let done = browser.form("/tasks", &some).await;
    assert_led(&done, &format!("/tasks?done=several-but&undo={}", generation + 1));
    assert_eq!(tom.task("16").await["status"], "abgeschlossen");
    let gone = browser.form("/tasks", &[("task", "9999"), ("act", "complete")]).await;
    assert_eq!(gone.status, 404, "{}", gone.text);
}

#[tokio::test]
async fn each_act_on_several_is_one_change_that_is_taken_back_as_one() {
    let (_server, mut browser, tom) = tom().await;
    let back = "/tasks?status=alle";
    let now = async |ids: [&str; 2]| {
        [tom.get(&format!("/api/tasks/{}", ids[0])).await, tom.get(&format!("/api/tasks/{}", ids[1])).await]
    };
    for (act, ids, field, value) in [
        ("complete", ["0012", "0015"], "status", json!("abgeschlossen")),
        ("cancel", ["0012", "0015"], "status", json!("abgebrochen")),
        ("reopen", ["0001", "0003"], "status", json!("offen")),
        ("unpin", ["0007", "0008"], "fixedSlot", Value::Null),
        ("tag", ["0012", "0015"], "tags", json!("eilig")),
    ] {
        let (before, generation) = (now(ids).await, tom.generation().await);
        let fields =
            [("task", ids[0]), ("task", ids[1]), ("task", ids[0]), ("act", act), ("tag", " eilig "), ("back", back)];
        let done = browser.form("/tasks", &fields).await;
        assert_led(&done, &format!("{back}&done=several&undo={}", generation + 1));
        for (task, before) in now(ids).await.iter().zip(&before) {
            let (task, before) = (task.json(), before.json());
            assert_ne!(task[field], before[field], "{act}");
            match task[field].as_array() {
                Some(tags) => {
                    assert!(tags.contains(&value) && tags.len() == before[field].as_array().unwrap().len() + 1);
                }
                None => assert_eq!(task[field], value, "{act}"),
            }
        }
        // What is so already stays so, and there is nothing to take back.
        assert_led(&browser.form("/tasks", &fields).await, &format!("{back}&done=several"));
        assert_eq!(tom.generation().await, generation + 1, "{act}");
        let page = follow(&mut browser, done).await;
        let undo = hidden(&page, "/undo", "generation");
        assert_led(
            &browser.form("/undo", &[("generation", &undo), ("back", back)]).await,
            &format!("{back}&done=undone"),
        );
        for (task, before) in now(ids).await.iter().zip(&before) {
            assert_eq!(task.json(), before.json(), "{act}");
        }
    }
    let removed =
        browser.form("/tasks", &[("task", "0012"), ("task", "0015"), ("act", "remove"), ("back", back)]).await;
    assert_eq!(now(["12", "15"]).await.map(|answer| answer.status), [404, 404]);
    let page = follow(&mut browser, removed).await;
    browser.form("/undo", &[("generation", &hidden(&page, "/undo", "generation"))]).await;
    assert_eq!(now(["12", "15"]).await.map(|answer| answer.status), [200, 200]);

    let tag = |act, tag, id| [("act", act), ("tag", tag), ("task", id), ("back", back)];
    browser.form("/tasks", &tag("tag", "Größe", "0012")).await;
    browser.form("/tasks", &tag("untag", "gröSSe", "0012")).await;
    assert!(tom.task("12").await["tags"].as_array().unwrap().contains(&json!("Größe")), "that is another word");
    browser.form("/tasks", &tag("untag", "GRÖßE", "0012")).await;
    assert!(!tom.task("12").await["tags"].as_array().unwrap().contains(&json!("Größe")));
}

#[tokio::test]
async fn what_cannot_be_done_to_several_changes_nothing_and_is_told_on_a_page() {
    let (server, mut browser, tom) = tom().await;
    server.import_document(&tom, "0050.md", "---\ntyp: task\nkategorie: [\n---\n").await;
    let before = tom.get("/api/export?format=json").await.text;
    let long = "x".repeat(65);
    for (tag, sentence) in
        [("", "A tag is empty"), ("a\u{7}b", "A tag contains a line break"), (&long, "A tag is longer than 64")]
    {
        let fields = [("task", "0012"), ("act", "tag"), ("tag", tag), ("back", "/tasks?status=alle&q=the")];
        let page = browser.form("/tasks", &fields).await;
        assert_eq!(page.status, 422, "{}", page.text);
        let alert = page.text.split("role=\"alert\">").nth(1).unwrap();
        assert!(alert.starts_with(sentence), "{alert}");
        assert!(page.text.contains("name=\"q\" value=\"the\""), "what was looked for stays: {}", page.text);
    }
    for fields in [[("task", "0012"), ("act", "explode")], [("task", "0012"), ("tag", "x")]] {
        assert_eq!(browser.form("/tasks", &fields).await.status, 422);
    }
    for slot in ["garbage", "15.10.2025", "99.99.2025/morgens", "15.10.2025/never"] {
        let page = browser.form("/tasks/0012/pin", &[("slot", slot)]).await;
        assert_eq!(page.status, 422, "{slot}: {}", page.text);
        assert!(
            page.text.contains("role=\"alert\"") && page.text.contains("<nav class=\"site\""),
            "{slot}: {}",
            page.text
        );
    }
    let held = [("datum", "13.10.2025"), ("zeit", "nachmittags")];
    let page = browser.form("/tasks/0050/pin", &held).await;
    assert_eq!(page.status, 422, "{}", page.text);
    let alert = page.text.split("role=\"alert\">").nth(1).unwrap().split("</p>").next().unwrap();
    assert!(alert.contains("cannot be read") && !alert.contains("0007"), "{alert}");
    assert_eq!(tom.get("/api/export?format=json").await.text, before);
}

#[tokio::test]
async fn what_somebody_wrote_is_text_on_every_page() {
    let (_server, mut browser, tom) = tom().await;
    let body = format!("{HOSTILE}\n\n[x](javascript:alert(1))\n\n<img src=x onerror=alert(1)>");
    tom.create(json!({"kategorie": "privat", "title": HOSTILE, "tags": [HOSTILE], "body": body})).await;
    let id = tom.tasks().await.last().unwrap()["id"].as_str().unwrap().to_owned();
    for path in ["/".to_owned(), "/tasks".to_owned(), format!("/tasks/{id}"), format!("/?done=added&task={id}")] {
        let page = browser.open(&path).await;
        assert_eq!(page.status, 200, "{path}");
        for active in ["<script>alert", "onerror=alert(1)>", "href=\"javascript:"] {
            assert!(
                !page.text.replace("&lt;img src=x onerror=alert(1)&gt;", "").contains(active),
                "{active} on {path}: {}",
                page.text
            );
        }
    }
    let missing = browser.send(browser.request(Method::GET, "/tasks/9999").header("Accept", "text/html")).await;
    assert_eq!(missing.status, 404, "{}", missing.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_of_tasks_are_readable_on_every_screen_and_one_works_with_them() {
    let (server, _, tom) = tom().await;
    let url = |path: &str| server.url(path);
    let (login, tasks, task, odd) = (url("/login"), url("/tasks?status=alle"), url("/tasks/2"), url("/tasks/0018"));
    with_browser(|browser| async move {
        browser.go(&login).await;
        browser.fill("input[name=name]", "tom").await;
        browser.fill("input[name=password]", PASSWORD).await;
        browser.click("button[type=submit]").await;
        browser.fill("#quick-line", "Kuchen backen !sa nachmittags #backen @privat bis 20.10.").await;
        browser.until("document.getElementById('quick-told').innerText").await;
        crate::look::look_here(&browser, "quick").await;
        assert!(browser.text().await.contains("It would stand at 18.10.2025 nachmittags."), "{}", browser.text().await);
        browser.press(".quick button.main").await;
        browser.until_told("Kuchen backen is added").await;
        crate::look::look_here(&browser, "added").await;
        browser.press("#told button").await;
        browser.until_told("Taken back.").await;
        look(&browser, &tasks, "tasks").await;
        look(&browser, &task, "task").await;
        look(&browser, &odd, "task-odd").await;
        look(&browser, &format!("{task}?why=true"), "task-why").await;
    })
    .await;
    assert_eq!(tom.get("/api/tasks/40").await.status, 404);
}
