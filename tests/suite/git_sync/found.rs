//! What the random histories found, each as short as it can be told.

use serde_json::{Value, json};

use crate::git_host::Behaviour;
use crate::harness::{TestServer, TestUser};
use crate::shared::{Clone, Shared, document, sync};

const TASKS: &str = "codex-miroir/lena/tasks";

/// A server and a clone that both have one task, the host being away until [`together`].
async fn apart(shared: &Shared) -> (TestServer, TestUser, Clone) {
    let clone = shared.clone_of("clone");
    clone.write(&format!("{TASKS}/0001-a.md"), Some(&document("A", "", "eins\n")));
    clone.push("a task");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    sync(&lena, "").await;
    shared.host.behave(Behaviour::Status(503));
    (server, lena, clone)
}

/// Brings both sides together; the names of the tasks, which are the same on both.
async fn together(shared: &Shared, lena: &TestUser) -> Vec<String> {
    shared.host.behave(Behaviour::Git);
    for mode in ["?mode=diff", "?mode=full"] {
        sync(lena, mode).await;
        let name = |task: &Value| task["file"].as_str().unwrap().to_owned();
        let here: Vec<String> = lena.tasks().await.iter().map(name).collect();
        assert_eq!(here, shared.files(TASKS), "{mode}");
    }
    shared.files(TASKS)
}

fn rename(clone: &Clone, text: &str) {
    clone.write(&format!("{TASKS}/0001-a.md"), None);
    clone.write(&format!("{TASKS}/0001-b.md"), Some(text));
    clone.push("another name");
}

#[tokio::test]
async fn a_task_that_was_removed_here_and_renamed_there_is_gone() {
    let shared = Shared::new();
    let (_server, lena, clone) = apart(&shared).await;
    assert_eq!(lena.delete("/api/tasks/0001").await.status, 200);
    rename(&clone, &document("A", "", "eins\n"));
    assert_eq!(together(&shared, &lena).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_task_that_was_changed_and_removed_here_and_renamed_there_is_gone() {
    let shared = Shared::new();
    let (_server, lena, clone) = apart(&shared).await;
    lena.update("0001", json!({"tags": ["x"]})).await;
    assert_eq!(lena.delete("/api/tasks/0001").await.status, 200);
    rename(&clone, &document("A", "", "eins\n"));
    assert_eq!(together(&shared, &lena).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_task_that_was_removed_here_and_renamed_and_changed_there_is_back() {
    let shared = Shared::new();
    let (_server, lena, clone) = apart(&shared).await;
    assert_eq!(lena.delete("/api/tasks/0001").await.status, 200);
    rename(&clone, &document("A", "", "eins\nzwei\n"));
    assert_eq!(together(&shared, &lena).await, ["0001-b.md"]);
}

#[tokio::test]
async fn rules_that_a_rewritten_history_lost_are_put_back() {
    let shared = Shared::new();
    let (_server, lena, clone) = apart(&shared).await;
    shared.host.behave(Behaviour::Git);
    let rules = json!({"rules": [{"name": "mine", "script": crate::rules::one_slot("frueh")}]});
    assert_eq!(lena.put("/api/rules", &rules).await.status, 200);
    sync(&lena, "?mode=diff").await;
    let script = "codex-miroir/lena/rules/mine.rhai";
    assert_eq!(shared.file(script).as_deref(), Some(crate::rules::one_slot("frueh").as_str()));
    clone.write("README.md", Some("Von Hand.\n"));
    clone.commit("without the rules");
    clone.force_push();
    assert_eq!(shared.file(script), None);
    sync(&lena, "?mode=diff").await;
    assert_eq!(shared.file(script).as_deref(), Some(crate::rules::one_slot("frueh").as_str()));
}
