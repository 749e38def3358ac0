//! Many at once, over HTTP: nothing lost, nothing twice, nothing seen late.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer, TestUser, at_once};

/// The timeline, which must be the one that a rebuild gives, byte for byte.
async fn settled(user: &TestUser) -> Value {
    let (served, rebuilt) = (user.get("/codex").await, user.get("/codex?nocache=true").await);
    assert_eq!((served.header("x-cache"), rebuilt.header("x-cache")), ("hot", "rebuilt"));
    assert_eq!(served.text, rebuilt.text);
    assert_eq!(served.header("etag"), rebuilt.header("etag"));
    served.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_writers_of_one_user_all_succeed() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let before = server.service().store().syncs();
    let answers = at_once((0..32).map(|writer| {
        let lena = lena.clone();
        async move {
            let kategorie = if writer % 3 == 0 { "privat" } else { "arbeit" };
            lena.post("/api/tasks", &json!({"kategorie": kategorie, "title": format!("Von {writer}")})).await
        }
    }))
    .await;
    let (mut ids, mut generations) = (BTreeSet::new(), BTreeSet::new());
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text);
        ids.insert(answer.json()["id"].as_str().unwrap().to_owned());
        generations.insert(answer.json()["generation"].as_u64().unwrap());
    }
    assert_eq!(ids, (0..32).map(|number| format!("{number:04}")).collect());
    assert_eq!(generations, (1..=32).collect());
    let syncs = server.service().store().syncs() - before;
    assert!((1..=32).contains(&syncs), "no commit needs more than one sync: {syncs}");

    let codex = settled(&lena).await;
    assert_eq!((&codex["generation"], &codex["nextAvailableId"]), (&json!(32), &json!("0032")));
    let titles: BTreeSet<_> =
        lena.tasks().await.iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect();
    assert_eq!(titles, (0..32).map(|writer| format!("Von {writer}")).collect(), "each wrote its own");

    // What is on disk is the same.
    let server = server.restart().await;
    let after = server.again(&lena).get("/codex").await;
    assert_eq!((after.header("x-cache"), after.json()), ("materialized", codex));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_write_each_of_thirty_two_users() {
    let server = TestServer::start().await;
    let mut users = Vec::new();
    for number in 0..32 {
        users.push(server.user(&format!("user{number}")).await);
    }
    let answers =
        at_once(users.clone().into_iter().map(|user| async move {
            user.post("/api/tasks", &json!({"kategorie": "arbeit", "title": user.name})).await
        }))
        .await;
    for (user, answer) in users.iter().zip(&answers) {
        assert_eq!((answer.status, &answer.json()["id"]), (200, &json!("0000")), "{}", user.name);
        let codex = settled(user).await;
        assert_eq!((&codex["generation"], &codex["userId"]), (&json!(1), &json!(user.name)));
        assert_eq!(codex["timeline"][0]["slots"][0]["task"]["title"], user.name);
    }
}

/// What one writer does in a round: it creates, changes, completes and removes.
async fn write(user: &TestUser, round: usize, own: &str) -> Answer {
    let path = format!("/api/tasks/{own}");
    match round % 4 {
        0 => user.put(&path, &json!({"tags": [format!("r{round}")]})).await,
        1 => user.post("/api/tasks", &json!({"kategorie": "arbeit"})).await,
        2 => user.post(&format!("{path}/complete"), &json!({"datum": "13.10.2025", "zeit": "abends"})).await,
        _ => user.put(&path, &json!({"status": "offen", "deadline": format!("{}.10.2025", 10 + round)})).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_read_after_an_acknowledged_write_sees_it() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let acknowledged = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let mut own = Vec::new();
    for writer in 0..4 {
        own.push(lena.create(json!({"kategorie": "privat", "title": format!("Von {writer}")})).await);
    }
    let readers = ["/codex", "/codex", "/codex?nocache=true", "/codex?a=b"].map(|path| {
        let (lena, acknowledged, done) = (lena.clone(), acknowledged.clone(), done.clone());
        tokio::spawn(async move {
            let mut reads = 0;
            while reads < 20 || !done.load(Ordering::SeqCst) {
                let floor = acknowledged.load(Ordering::SeqCst);
                let answer = lena.get(path).await;
                let generation = answer.json()["generation"].as_u64().unwrap();
                assert!(generation >= floor, "{path}: {generation} was served after {floor} was acknowledged");
                reads += 1;
            }
        })
    });
    let written = at_once(own.into_iter().map(|own| {
        let (lena, acknowledged) = (lena.clone(), acknowledged.clone());
        async move {
            for round in 0..16 {
                let answer = write(&lena, round, &own).await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                let generation = answer.json()["generation"].as_u64().unwrap();
                acknowledged.fetch_max(generation, Ordering::SeqCst);
                // Its own writer sees the document as well.
                if round % 4 == 0 {
                    let task = lena.task(&own).await;
                    assert_eq!(task["tags"], json!([format!("r{round}")]));
                }
            }
        }
    }));
    written.await;
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
    let codex = settled(&lena).await;
    assert_eq!(codex["generation"], 4 + 4 * 16, "every write was one generation");
    assert_eq!(acknowledged.load(Ordering::SeqCst), 4 + 4 * 16);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_writers_who_read_the_same_document_one_wins() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let id = lena.create(json!({"kategorie": "arbeit", "title": "Rennen"})).await;
    for round in 0..5 {
        let path = format!("/api/tasks/{id}");
        let etag = lena.get(&path).await.header("etag").to_owned();
        let answers = at_once((0..8).map(|writer| {
            let request = lena.request(Method::PATCH, &path).header("If-Match", &etag);
            let request = request.json(&json!({"tags": [format!("r{round}"), format!("w{writer}")]}));
            Answer::of(request)
        }))
        .await;
        let winners: Vec<usize> = (0..8).filter(|writer| answers[*writer].status == 200).collect();
        assert_eq!(winners.len(), 1, "{winners:?}");
        for loser in answers.iter().filter(|answer| answer.status != 200) {
            assert_eq!((loser.status, loser.code().as_str()), (412, "changed"));
        }
        assert_eq!(lena.task(&id).await["tags"], json!([format!("r{round}"), format!("w{}", winners[0])]));
        assert_eq!(settled(&lena).await["generation"], 2 + round);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_who_remove_one_task_one_does_it() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    for round in 1..=5 {
        let id = lena.create(json!({"kategorie": "arbeit"})).await;
        let removals = (0..8).map(|_| Answer::of(lena.request(Method::DELETE, &format!("/api/tasks/{id}"))));
        let mut statuses: Vec<u16> = at_once(removals).await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 404, 404, 404, 404, 404, 404, 404]);
        assert_eq!(settled(&lena).await["generation"], 2 * round);
    }
}
