//! A server that was away for long: what waits arrives in parts, also where others push all the time.

use reqwest::Method;
use serde_json::json;

use crate::git_host::{Behaviour, git};
use crate::harness::Answer;
use crate::shared::{Shared, document, same_files, settled, status, status_when, sync};

const TASKS: &str = "codex-miroir/lena/tasks";
const FILES: usize = 20;
const CHANGES: usize = 2_000;

/// What Lena's commits added to files, the first first, each after the number of lines that its commit added.
fn added(shared: &Shared) -> Vec<String> {
    let log = [
        "log",
        "--reverse",
        "--committer=CodexMiroir",
        "--author=lena",
        "--format=tformat:commit",
        "--unified=0",
        "--patch",
        "main",
    ];
    let log = git(&shared.bare, &log);
    let lines = |commit: &str| -> Vec<String> {
        let added = commit.lines().filter(|line| line.starts_with('+') && !line.starts_with("+++"));
        added.map(str::to_owned).collect()
    };
    log.split("commit\n").skip(1).map(|commit| lines(commit).join("\n")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_changes_arrive_while_somebody_else_pushes_again_and_again() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    for number in 0..FILES {
        clone.write(&format!("{TASKS}/{number:04}-t.md"), Some(&document("T", "tags: [alt]\n", "")));
    }
    clone.push("tasks");
    let server = shared.server().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    settled(&lena).await;
    shared.host.behave(Behaviour::Status(503));
    for change in 0..CHANGES {
        lena.update(&format!("{:04}", change % FILES), json!({"tags": [format!("t{change}")]})).await;
    }
    tom.create(json!({"kategorie": "arbeit", "title": "Toms"})).await;
    status_when(&lena, |status| status["outbox"] == CHANGES && status["state"] == "waiting").await;

    let before = shared.host.pushes();
    shared.host.behave(Behaviour::Overtakes(2));
    sync(&tom, "?mode=diff").await;
    assert_eq!(status(&tom).await["outbox"], 0, "nobody waits for what another has waiting");
    for left in (0..CHANGES).step_by(CHANGES / 8).rev() {
        status_when(&lena, |status| status["outbox"].as_u64().unwrap() <= left as u64).await;
    }
    status_when(&lena, |status| status["state"] == "idle").await;
    let expected: Vec<String> = (0..CHANGES).map(|change| format!("+tags: [t{change}]")).collect();
    assert_eq!(added(&shared), expected, "each action is a commit of what it changed");
    assert_eq!(same_files(&shared, &lena, TASKS).await.len(), FILES);
    let overtaken = shared.messages().iter().filter(|message| *message == "faster").count();
    assert!(overtaken > 8, "somebody was faster {overtaken} times in {} pushes", shared.host.pushes() - before);

    let request = lena.request(Method::PUT, "/api/tasks/0007").header("Prefer", "wait=60");
    let answer = Answer::of(request.json(&json!({"tags": ["zuletzt"]}))).await.json();
    assert_eq!(answer["gitPushed"], true, "{answer}");
    let shown = git(&shared.bare, &["show", "--format=", answer["commitSha"].as_str().unwrap()]);
    assert!(shown.contains("\n+tags: [zuletzt]"), "{shown}");
}
