//! Lists of tasks: every condition, alone and together, page by page.

use serde_json::{Value, json};

use crate::harness::{TestServer, TestUser, vault};

async fn files(user: &TestUser, query: &str) -> Vec<String> {
    let answer = user.get(&format!("/api/tasks{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    let tasks = answer.json()["tasks"].as_array().unwrap().clone();
    tasks.iter().map(|task| task["file"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_condition_narrows_the_list() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let tags = |tags: &[&str]| json!({"kategorie": "arbeit", "title": "Ein Wort", "tags": tags});
    lena.create(tags(&["Haus", "x"])).await;
    lena.create(json!({"kategorie": "privat", "title": "Zwei", "body": "mit ÜMLAUT darin"})).await;
    lena.create(tags(&["haushalt"])).await;
    lena.post("/api/tasks/2/complete", &json!({})).await;
    for (query, expected) in [
        ("", &["0000-Ein-Wort.md", "0001-Zwei.md", "0002-Ein-Wort.md"][..]),
        ("?status=offen", &["0000-Ein-Wort.md", "0001-Zwei.md"]),
        ("?status=abgeschlossen", &["0002-Ein-Wort.md"]),
        ("?status=abgebrochen", &[]),
        ("?kategorie=Privat", &["0001-Zwei.md"]),
        ("?tag=haus", &["0000-Ein-Wort.md"]),
        ("?q=%C3%BCmlaut", &["0001-Zwei.md"]),
        ("?q=wort&status=offen", &["0000-Ein-Wort.md"]),
        ("?q=nirgends", &[]),
        ("?from=1", &["0001-Zwei.md", "0002-Ein-Wort.md"]),
        ("?from=0001&kategorie=arbeit", &["0002-Ein-Wort.md"]),
        ("?limit=1&cursor=0000-Ein-Wort.md", &["0001-Zwei.md"]),
        ("?cursor=0002-Ein-Wort.md", &[]),
    ] {
        assert_eq!(files(&lena, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn pages_have_every_task_once() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    let all = files(&lena, "").await;
    for limit in [1, 7, 43, 44, 500] {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = lena.get(&format!("/api/tasks?limit={limit}{cursor}")).await.json();
            let tasks = page["tasks"].as_array().unwrap();
            assert!(tasks.len() <= limit);
            found.extend(tasks.iter().map(|task| task["file"].as_str().unwrap().to_owned()));
            let Value::String(next) = &page["nextCursor"] else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, all, "pages of {limit}");
    }
}

#[tokio::test]
async fn conditions_that_cannot_be_are_refused() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for (query, field) in [
        ("status=fertig", "status"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=x", "limit"),
        ("from=-1", "from"),
        ("from=9999999999", "from"),
        ("cursor=..", "cursor"),
    ] {
        let answer = lena.get(&format!("/api/tasks?{query}")).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "malformed_query"), "{query}");
        assert_eq!(answer.json()["field"], field);
    }
}

#[tokio::test]
async fn the_tag_of_a_list_is_of_what_was_asked() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    let all = lena.get("/api/tasks").await.header("etag").to_owned();
    let open = lena.get("/api/tasks?status=offen").await.header("etag").to_owned();
    assert_ne!(all, open);
    let again = lena.request(reqwest::Method::GET, "/api/tasks?status=offen").header("if-none-match", &open);
    assert_eq!(again.send().await.unwrap().status(), 304);
    let other = lena.request(reqwest::Method::GET, "/api/tasks").header("if-none-match", &open);
    assert_eq!(other.send().await.unwrap().status(), 200);
}
