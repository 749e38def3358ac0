//! The faults of the old system in its sync, 12, 30 and 32 to 38: each impossible here, with a real repository.

use codexmiroir::app::SyncSettings;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::git_host::{Behaviour, git};
use crate::harness::{Answer, Start, TestServer, TestUser, at_once};
use crate::shared::{
    Shared, WEBHOOK_SECRET, conflicts, document, edit, escaped, same_files, settled, status_when, sync,
};
use crate::webhook::signature;

const TASKS: &str = "codex-miroir/lena/tasks";

/// A repository with these files of Lena's, a clone of it, and a server that has taken them in.
async fn with_files(files: &[&str]) -> (Shared, crate::shared::Clone, TestServer, TestUser) {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    for file in files {
        clone.write(&format!("{TASKS}/{file}"), Some(&document(file, "", "Text.\n")));
    }
    clone.push("tasks");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    settled(&lena).await;
    (shared, clone, server, lena)
}

async fn numbers(user: &TestUser) -> Vec<String> {
    user.tasks().await.iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect()
}

/// A push that a forge tells of.
async fn told(server: &TestServer, body: &str, secret: &str) -> Answer {
    let request = server.client.request(Method::POST, server.url("/github/webhook")).header("X-GitHub-Event", "push");
    let request = request.header("X-Hub-Signature-256", signature(secret, body.as_bytes()));
    Answer::of(request.header(CONTENT_TYPE, "application/json").body(body.to_owned())).await
}

const PUSHED: &str = r#"{"ref": "refs/heads/main"}"#;

#[tokio::test]
async fn fault_12_a_sync_leaves_the_timelines_of_others_hot() {
    let (_shared, clone, server, lena) = with_files(&["0001-a.md"]).await;
    let tom = server.user("tom").await;
    clone.write("codex-miroir/tom/tasks/0001-t.md", Some(&document("T", "", "")));
    clone.push("a task of Tom's");
    settled(&tom).await;
    let hot = async |user: &TestUser| {
        user.get("/codex").await;
        let answer = user.get("/codex").await;
        (answer.header("x-cache").to_owned(), answer.header("etag").to_owned())
    };
    let (before, toms) = (hot(&lena).await, hot(&tom).await);
    assert_eq!((before.0.as_str(), toms.0.as_str()), ("hot", "hot"));
    for (round, query) in ["", "?mode=diff", "?mode=full&clean=true"].into_iter().enumerate() {
        clone.write("codex-miroir/tom/tasks/0001-t.md", Some(&document(&format!("T{round}"), "", "")));
        clone.push("another title");
        match round {
            0 => assert_eq!(told(&server, PUSHED, WEBHOOK_SECRET).await.status, 200),
            _ => drop(sync(if round == 1 { &tom } else { &lena }, query).await),
        }
        assert_eq!(tom.task("0001").await["title"], format!("T{round}"));
        let first = lena.get("/codex").await;
        assert_eq!((first.header("x-cache"), first.header("etag")), ("hot", before.1.as_str()), "{query}");
    }
    assert_ne!(hot(&tom).await.1, toms.1);
}

#[tokio::test]
async fn fault_30_the_first_create_begins_after_what_is_there() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    for (user, file) in [("lena", "0041-dort.md"), ("lena", "0007-alt.md"), ("tom", "12345-viel.md")] {
        clone.write(&format!("codex-miroir/{user}/tasks/{file}"), Some(&document("Dort", "", "")));
    }
    clone.push("tasks");
    let server = shared.server().await;
    let (lena, tom, eva) = (server.user("lena").await, server.user("tom").await, server.user("eva").await);
    for (user, expected) in [(&lena, "0042"), (&tom, "12346"), (&eva, "0000"), (&lena, "0043")] {
        assert_eq!(user.create(json!({"kategorie": "arbeit", "title": "Hier"})).await, expected, "{}", user.name);
    }
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await.len(), 4);
}

#[tokio::test]
async fn fault_30_a_create_while_the_repository_is_away_doubles_a_number_and_loses_nothing() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    for file in ["0000-dort.md", "0001-auch.md"] {
        clone.write(&format!("{TASKS}/{file}"), Some(&document("Dort", "", "")));
    }
    clone.push("tasks");
    shared.host.behave(Behaviour::Status(503));
    let server = shared.server().await;
    let lena = server.user("lena").await;
    assert_eq!(lena.create(json!({"kategorie": "arbeit", "title": "Hier"})).await, "0000");
    shared.host.behave(Behaviour::Git);
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await, ["0000-Hier.md", "0000-dort.md", "0001-auch.md"]);
    assert_eq!(lena.create(json!({"kategorie": "arbeit", "title": "Dann"})).await, "0002");
}

#[tokio::test]
async fn fault_32_a_branch_that_is_not_there_changes_nothing_and_no_sync_lowers_the_next_number() {
    let (shared, clone, _server, lena) = with_files(&["0001-a.md", "0099-z.md"]).await;
    let (generation, head) = (lena.generation().await, shared.head());
    for method in [Method::GET, Method::POST] {
        for query in ["ref=typo", "mode=full&ref=typo", "mode=full&clean=true&ref=typo", "mode=diff&ref=Main"] {
            let answer = Answer::of(lena.request(method.clone(), &format!("/sync?{query}"))).await;
            assert_eq!((answer.status, answer.code().as_str()), (404, "no_such_branch"), "{query}");
        }
    }
    assert_eq!((lena.generation().await, shared.head(), numbers(&lena).await.len()), (generation, head, 2));
    clone.write(&format!("{TASKS}/0099-z.md"), None);
    clone.push("the last one is gone");
    for query in ["?mode=diff", "?mode=full", "?mode=full&clean=true"] {
        let report = sync(&lena, query).await;
        assert_eq!(report["nextId"], 100, "{query}");
    }
    assert_eq!(numbers(&lena).await, ["0001"]);
    assert_eq!(lena.create(json!({"kategorie": "arbeit", "title": "Neu"})).await, "0100");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_33_a_create_during_a_full_sync_survives_it() {
    const ROUNDS: usize = 12;
    let (shared, clone, _server, lena) = with_files(&["0001-a.md", "0002-b.md", "0003-c.md"]).await;
    for round in 0..ROUNDS {
        clone.pull();
        clone.write(&format!("{TASKS}/0001-a.md"), Some(&document(&format!("Runde {round}"), "", "")));
        clone.push("another title");
        let (syncing, creating) = (lena.clone(), lena.clone());
        let full = async move { drop(sync(&syncing, "?mode=full&clean=true").await) };
        let create = async move {
            for part in 0..3 {
                creating.create(json!({"kategorie": "arbeit", "title": format!("{round} {part}")})).await;
            }
        };
        let both: [std::pin::Pin<Box<dyn Future<Output = ()> + Send>>; 2] = [Box::pin(full), Box::pin(create)];
        at_once(both).await;
    }
    settled(&lena).await;
    let expected: Vec<String> = (1..4 + 3 * ROUNDS).map(|number| format!("{number:04}")).collect();
    assert_eq!(numbers(&lena).await, expected);
    assert_eq!(same_files(&shared, &lena, TASKS).await.len(), expected.len());
    assert_eq!(lena.task("0001").await["title"], format!("Runde {}", ROUNDS - 1));
}

/// All files of the user's and their titles.
async fn titles(user: &TestUser) -> Vec<(String, String)> {
    let (mut titles, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = user.get(&format!("/api/tasks?limit=500{cursor}")).await.json();
        for task in page["tasks"].as_array().unwrap() {
            titles.push((task["file"].as_str().unwrap().to_owned(), task["title"].as_str().unwrap().to_owned()));
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", escaped(next)),
            None => return titles,
        }
    }
}

#[tokio::test]
async fn fault_34_twelve_hundred_files_and_four_hundred_changes_in_one_push() {
    const FILES: usize = 1_200;
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    let name = |number: usize| format!("{number:04}-t.md");
    let write = |number: usize, title: &str| {
        clone.write(&format!("{TASKS}/{}", name(number)), Some(&document(title, "", "")));
    };
    (0..FILES).for_each(|number| write(number, "Alt"));
    clone.push("all of them");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    settled(&lena).await;
    let all: Vec<(String, String)> = (0..FILES).map(|number| (name(number), "Alt".to_owned())).collect();
    assert_eq!(titles(&lena).await, all);

    (0..200).for_each(|number| write(number, "Neu"));
    (200..300).for_each(|number| clone.write(&format!("{TASKS}/{}", name(number)), None));
    (FILES..FILES + 100).for_each(|number| write(number, "Neu"));
    clone.push("four hundred");
    let head = shared.head();
    settled(&lena).await;
    let expected: Vec<(String, String)> = (0..FILES + 100)
        .filter(|number| !(200..300).contains(number))
        .map(|number| (name(number), if (200..FILES).contains(&number) { "Alt" } else { "Neu" }.to_owned()))
        .collect();
    assert_eq!(titles(&lena).await, expected);
    let report = sync(&lena, "?mode=full&clean=true").await;
    assert_eq!((&report["changed"], &report["removed"], &report["nextId"]), (&json!(0), &json!(0), &json!(1_300)));
    assert_eq!(shared.head(), head, "there was nothing to push");
}

#[tokio::test]
async fn fault_35_names_with_any_character_travel_both_ways() {
    let names = [
        "0001-a#b.md",
        "0002-50%25 Rabatt.md",
        "0003-mit  Leerzeichen .md",
        "0004-Größe-ändern-日本.md",
        "0005-100%.md",
        "0006-a+b&c=d?e.md",
        "0007-'\"$(x)`;.md",
    ];
    let (shared, clone, _server, lena) = with_files(&names).await;
    let mut sorted = names.map(str::to_owned).to_vec();
    sorted.sort();
    assert_eq!(same_files(&shared, &lena, TASKS).await, sorted);
    for name in names {
        lena.update(&escaped(name), json!({"tags": ["hier"]})).await;
    }
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await, sorted);
    assert!(shared.file(&format!("{TASKS}/0001-a#b.md")).unwrap().contains("tags: [hier]"));
    clone.pull();
    for name in &names[..4] {
        clone.write(&format!("{TASKS}/{name}"), None);
    }
    clone.push("half of them");
    for name in &names[4..] {
        assert_eq!(lena.delete(&format!("/api/tasks/{}", escaped(name))).await.status, 200);
    }
    settled(&lena).await;
    assert_eq!((numbers(&lena).await.len(), shared.file("codex-miroir/lena/tasks/0005-100%.md")), (0, None));
    assert!(shared.files(TASKS).is_empty());
}

#[tokio::test]
async fn fault_36_a_rename_is_followed_also_when_the_task_was_changed_here() {
    let (shared, clone, _server, lena) = with_files(&["0001-alt.md", "0002-alt.md", "0003-alt.md"]).await;
    shared.host.behave(Behaviour::Status(503));
    lena.update("0002", json!({"deadline": "24.12.2025"})).await;
    assert_eq!(lena.delete("/api/tasks/0003").await.status, 200);
    status_when(&lena, |status| status["problem"]["code"] == "remote_failing").await;
    for number in 1..4 {
        let (old, new) = (format!("{TASKS}/000{number}-alt.md"), format!("{TASKS}/000{number}-neu.md"));
        git(&clone.at, &["mv", &old, &new]);
    }
    let changed = document("0002-alt.md", "tags: [dort]\n", "Text.\n");
    clone.write(&format!("{TASKS}/0002-neu.md"), Some(&changed));
    clone.push("other names");
    shared.host.behave(Behaviour::Git);
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await, ["0001-neu.md", "0002-neu.md"]);
    let merged = lena.document("0002").await;
    assert!(merged.contains("tags: [dort]") && merged.contains("24.12.2025"), "{merged}");
    assert_eq!(conflicts(&lena).await, []);
}

#[tokio::test]
async fn fault_37_what_came_and_went_in_one_push_does_no_harm_and_other_branches_none() {
    let (shared, clone, server, lena) = with_files(&["0001-a.md"]).await;
    clone.write(&format!("{TASKS}/0002-kurz.md"), Some(&document("Kurz", "", "")));
    clone.commit("it comes");
    clone.write(&format!("{TASKS}/0002-kurz.md"), None);
    clone.write(&format!("{TASKS}/0003.md"), Some(&document("Nur eine Nummer", "", "")));
    clone.push("it goes");
    let done = told(&server, PUSHED, WEBHOOK_SECRET).await;
    assert_eq!((done.status, &done.json()["results"][0]["changed"]), (200, &json!(1)), "{}", done.text);
    assert_eq!(numbers(&lena).await, ["0001", "0003"]);
    assert_eq!(lena.task("0003").await["title"], "Nur eine Nummer");

    clone.write(&format!("{TASKS}/0004-anders.md"), Some(&document("Anders", "", "")));
    clone.write(&format!("{TASKS}/0001-a.md"), None);
    clone.commit("of another branch");
    git(&clone.at, &["push", "--quiet", "origin", "HEAD:refs/heads/other"]);
    let ignored = told(&server, r#"{"ref": "refs/heads/other"}"#, WEBHOOK_SECRET).await;
    assert_eq!((ignored.status, ignored.json()["ignored"].as_str()), (202, Some("branch")));
    for query in ["?mode=diff", "?mode=full&clean=true"] {
        sync(&lena, query).await;
        assert_eq!(same_files(&shared, &lena, TASKS).await, ["0001-a.md", "0003.md"]);
    }
}

#[tokio::test]
async fn fault_37_a_nested_folder_and_the_root_are_as_good() {
    for base_path in ["planung/team 1/codex", ""] {
        let shared = Shared::new();
        let settings = SyncSettings { base_path: base_path.to_owned(), ..shared.settings() };
        let tasks = format!("{base_path}/lena/tasks").trim_start_matches('/').to_owned();
        let clone = shared.clone_of("clone");
        clone.write(&format!("{tasks}/0001.md"), Some(&document("Dort", "", "")));
        clone.write(&format!("{TASKS}/0002-falsch.md"), Some(&document("Woanders", "", "")));
        clone.push("tasks");
        let server = TestServer::start_with(Start { sync: settings, ..Start::default() }).await;
        let lena = server.user("lena").await;
        settled(&lena).await;
        edit(&lena, "0001", "# Dort", "# Hier").await;
        assert_eq!(lena.create(json!({"kategorie": "arbeit", "title": "Neu"})).await, "0002");
        settled(&lena).await;
        assert_eq!(same_files(&shared, &lena, &tasks).await, ["0001.md", "0002-Neu.md"]);
        assert_eq!(shared.files(TASKS), ["0002-falsch.md"]);
    }
}

#[tokio::test]
async fn fault_38_without_a_secret_nobody_can_tell_of_a_push() {
    let shared = Shared::new();
    for webhook_secret in [None, Some(String::new().into())] {
        let settings = SyncSettings { webhook_secret, ..shared.settings() };
        let server = TestServer::start_with(Start { sync: settings, ..Start::default() }).await;
        let lena = server.user("lena").await;
        settled(&lena).await;
        let asked = shared.host.requests().len();
        for secret in ["", "undefined", "null", WEBHOOK_SECRET] {
            let answer = told(&server, PUSHED, secret).await;
            assert_eq!((answer.status, answer.code().as_str()), (404, "no_such_route"), "{secret:?}");
        }
        let unsigned = server.client.request(Method::POST, server.url("/github/webhook")).json(&Value::Null);
        assert_eq!(Answer::of(unsigned).await.status, 404);
        assert_eq!(shared.host.requests().len(), asked, "nobody was asked for anything");
    }
}
