//! The faults of the old system in numbers and idempotency, 23 to 31: each impossible here, over HTTP.

use std::future::poll_fn;
use std::task::Poll;

use codexmiroir::service::tasks::{Fields, IdempotencyKey};
use codexmiroir::store::Origin;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::harness::{Answer, TestServer, TestUser, at_once, vault};

/// A create with an `Idempotency-Key`.
async fn create(user: &TestUser, key: &str, body: &Value) -> Answer {
    Answer::of(user.request(Method::POST, "/api/tasks").header("Idempotency-Key", key).json(body)).await
}

fn ids(tasks: &[Value]) -> Vec<&str> {
    tasks.iter().map(|task| task["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn fault_23_the_answered_id_works_everywhere() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let created = lena.post("/api/tasks", &json!({"kategorie": "arbeit", "title": "Größe prüfen"})).await.json();
    assert_eq!((&created["id"], &created["filename"]), (&json!("0000"), &json!("0000-Größe-prüfen.md")));
    let names =
        ["0000", "0", "00000", "0000-Größe-prüfen.md", "0000-Größe-prüfen", "0000-Gr%C3%B6%C3%9Fe-pr%C3%BCfen.md"];
    for (round, name) in names.iter().enumerate() {
        assert_eq!(lena.task(name).await["id"], "0000", "{name}");
        let updated = lena.update(name, json!({"tags": [format!("{round}")]})).await;
        assert_eq!((&updated["id"], &updated["filename"]), (&created["id"], &created["filename"]), "{name}");
        let completed = lena.complete(name, json!({})).await;
        assert_eq!((&completed["ok"], &completed["id"]), (&json!(true), &json!("0000")), "{name}");
        lena.update(name, json!({"status": "offen"})).await;
    }
    let listed = lena.codex().await["timeline"][0]["slots"][0]["task"]["file"].as_str().unwrap().to_owned();
    assert_eq!(lena.delete(&format!("/api/tasks/{listed}")).await.json()["id"], "0000");
    assert_eq!(lena.get("/api/tasks/0000").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_24_ten_parallel_creates_all_succeed() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let answers = at_once((0..10).map(|number| {
        let lena = lena.clone();
        async move { lena.post("/api/tasks", &json!({"kategorie": "arbeit", "title": format!("T{number}")})).await }
    }))
    .await;
    let mut files = Vec::new();
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text);
        files.push(answer.json()["filename"].as_str().unwrap().to_owned());
    }
    files.sort();
    for (number, file) in files.iter().enumerate() {
        assert!(file.starts_with(&format!("000{number}-T")), "{files:?}");
    }
    let tasks = lena.tasks().await;
    let listed: Vec<_> = tasks.iter().map(|task| task["file"].as_str().unwrap()).collect();
    assert_eq!(listed, files);
}

#[tokio::test]
async fn fault_25_a_key_is_one_users_own() {
    let server = TestServer::start().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    lena.create(json!({"kategorie": "arbeit", "title": "Vorher"})).await;
    let body = json!({"kategorie": "arbeit", "title": "Gleich"});
    let (first, second) = (create(&lena, "k1", &body).await.json(), create(&tom, "k1", &body).await.json());
    assert_eq!((&first["id"], &second["id"]), (&json!("0001"), &json!("0000")));
    assert_eq!((&first["reused"], &second["reused"]), (&Value::Null, &Value::Null));
    assert_eq!(create(&tom, "k1", &body).await.json()["id"], "0000");
    assert_eq!(create(&lena, "k1", &body).await.json()["id"], "0001");
    // Not even that the key was used is told.
    let other = create(&tom, "k1", &json!({"kategorie": "privat"})).await;
    let unused = create(&server.user("eva").await, "k1", &json!({"kategorie": "privat"})).await;
    assert_eq!((other.status, unused.status), (422, 200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_26_twins_with_one_key_make_one_task() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for round in 0..10 {
        let (key, body) = (format!("key {round}"), json!({"kategorie": "arbeit", "title": format!("Runde {round}")}));
        let answers = at_once((0..8).map(|_| {
            let (lena, key, body) = (lena.clone(), key.clone(), body.clone());
            async move { create(&lena, &key, &body).await }
        }))
        .await;
        let mut made = 0;
        for answer in &answers {
            match answer.status {
                200 => {
                    assert_eq!(answer.json()["id"], format!("{round:04}"));
                    made += usize::from(answer.json()["reused"].is_null());
                }
                _ => assert_eq!((answer.status, answer.code().as_str()), (409, "idempotency_key_in_flight")),
            }
        }
        assert_eq!(made, 1, "exactly one of them made it");
        let again = create(&lena, &key, &body).await.json();
        assert_eq!((&again["reused"], &again["id"]), (&json!(true), &json!(format!("{round:04}"))));
    }
    assert_eq!(lena.tasks().await.len(), 10);
    assert_eq!(lena.codex().await["generation"], 10);
}

/// The first request is abandoned while its change is under way: on one thread the change itself cannot have
/// begun when the twin asks.
#[tokio::test]
async fn fault_26_a_client_that_goes_away_and_comes_back_makes_one_task() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let user = server.service().require_user("lena").unwrap().id;
    let create = || {
        let origin = Origin { actor: "lena".to_owned(), through: "token".into() };
        let fields = Fields { kategorie: Some("arbeit".to_owned()), ..Fields::default() };
        let key = IdempotencyKey { route: "POST /api/tasks", key: "k".to_owned(), fingerprint: [7; 32] };
        server.service().create_task(user, origin, fields, Some(key))
    };
    let mut first = Box::pin(create());
    poll_fn(|context| {
        assert!(first.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    drop(first);
    let mut answers = Vec::new();
    while answers.last().is_none_or(Result::is_err) {
        answers.push(create().await);
        tokio::task::yield_now().await;
    }
    assert!(answers.pop().unwrap().unwrap().reused, "the abandoned request was carried out");
    assert_eq!(ids(&lena.tasks().await), ["0000"]);
}

/// As above over HTTP: connections that are cut right behind the request, and the retry that follows.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_26_a_cut_connection_and_its_retry_make_one_task() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for round in 0..20 {
        let (key, body) = (format!("k{round}"), json!({"kategorie": "arbeit"}));
        let text = body.to_string();
        let request = format!(
            "POST /api/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
            lena.token,
            text.len()
        );
        let mut cut = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        cut.write_all(request.as_bytes()).await.unwrap();
        drop(cut);
        loop {
            let answer = create(&lena, &key, &body).await;
            if answer.status == 200 {
                break;
            }
            assert_eq!((answer.status, answer.code().as_str()), (409, "idempotency_key_in_flight"));
        }
    }
    assert_eq!(lena.tasks().await.len(), 20);
}

#[tokio::test]
async fn fault_27_a_key_is_only_a_key() {
    let server = TestServer::start().await;
    let (lena, bob) = (server.user("lena").await, server.user("bob").await);
    let body = json!({"kategorie": "arbeit", "title": "Meine"});
    create(&bob, "x", &body).await;
    let before = bob.get("/codex").await.text;
    for (number, key) in ["../bob/x", "bob/x", "x", "/", "..%2Fbob%2Fx", "POST /api/tasks x", "*"].iter().enumerate() {
        let answer = create(&lena, key, &body).await.json();
        assert_eq!((&answer["id"], &answer["reused"]), (&json!(format!("{number:04}")), &Value::Null), "{key}");
        assert_eq!(create(&lena, key, &body).await.json()["reused"], true, "{key}");
    }
    assert_eq!(bob.get("/codex").await.text, before);
}

#[tokio::test]
async fn fault_28_titles_without_letters_or_of_any_script_make_good_files() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let titles = [
        ("???", "0000.md"),
        ("日本語", "0001-日本語.md"),
        ("Café für Zoë", "0002-Café-für-Zoë.md"),
        ("../../etc/passwd", "0003-etc-passwd.md"),
        ("a#b%c", "0004-a-b-c.md"),
        ("🎉", "0005.md"),
        ("---", "0006.md"),
    ];
    for (title, file) in titles {
        let created = lena.post("/api/tasks", &json!({"kategorie": "arbeit", "title": title})).await.json();
        assert_eq!(created["filename"], file);
        assert_eq!(created["path"], format!("codex-miroir/lena/tasks/{file}"));
    }
    let codex = lena.codex().await;
    assert_eq!((&codex["nextAvailableId"], &codex["invalid"]), (&json!("0007"), &json!([])));
    for (title, file) in titles {
        assert_eq!(lena.task(&file[..4]).await["title"], title, "the title is kept whole");
    }
}

#[tokio::test]
async fn fault_29_what_is_refused_takes_no_number() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for body in [
        json!({}),
        json!({"kategorie": "sport"}),
        json!({"kategorie": "arbeit", "deadline": "gestern"}),
        json!({"kategorie": "arbeit", "body": "ä".repeat(40_000)}),
        json!({"kategorie": "arbeit", "unbekannt": 1}),
    ] {
        let answer = create(&lena, "same key", &body).await;
        assert!([400, 422].contains(&answer.status), "{}", answer.text);
    }
    // A refused request leaves its key unused as well.
    let created = create(&lena, "same key", &json!({"kategorie": "arbeit", "title": "Erster"})).await.json();
    assert_eq!((&created["id"], &created["reused"]), (&json!("0000"), &Value::Null));
    let reused = create(&lena, "same key", &json!({"kategorie": "arbeit", "title": "Anderer"})).await;
    assert_eq!((reused.status, reused.code().as_str()), (422, "idempotency_key_reused"));
    assert_eq!(lena.codex().await["nextAvailableId"], "0001");
    // Another title is the same file's.
    lena.update("0000", json!({"title": "Umbenannt"})).await;
    let tasks = lena.tasks().await;
    assert_eq!((ids(&tasks), &tasks[0]["title"]), (vec!["0000"], &json!("Umbenannt")));
}

#[tokio::test]
async fn fault_30_creates_go_on_after_what_was_imported() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    server.import(&lena, &vault("lena")).await;
    assert_eq!(lena.codex().await["nextAvailableId"], "0046");
    assert_eq!(lena.create(json!({"kategorie": "arbeit"})).await, "0046");
    // A lower number that comes later does not take it back.
    assert_eq!(lena.delete("/api/tasks/0046").await.status, 200);
    server.import_document(&lena, "0013.md", "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n").await;
    assert_eq!(lena.create(json!({"kategorie": "arbeit"})).await, "0047");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_31_concurrent_edits_that_were_answered_200_are_all_there() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for _ in 0..5 {
        let id = lena.create(json!({"kategorie": "arbeit", "title": "Alt"})).await;
        let fields = [
            ("kategorie", json!("privat")),
            ("status", json!("abgebrochen")),
            ("deadline", json!("24.12.2025")),
            ("fixedSlot", json!({"datum": "18.10.2025", "zeit": "abends"})),
            ("tags", json!(["neu"])),
            ("title", json!("Neu")),
        ];
        let edits = fields.clone().map(|(name, value)| {
            let (lena, path) = (lena.clone(), format!("/api/tasks/{id}"));
            async move { lena.put(&path, &json!({name: value})).await }
        });
        for answer in at_once(edits).await {
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        let task = lena.task(&id).await;
        for (name, value) in fields {
            assert_eq!(task[name], value, "{name} was lost");
        }
    }
}
