//! A repository of one's own: in the place of the server's, for its user alone, and leaving nothing behind.

use codexmiroir::app::SyncSettings;
use codexmiroir::store::Scopes;
use serde_json::{Value, json};

use crate::git_host::Behaviour;
use crate::harness::{Start, TestServer, TestUser};
use crate::shared::{Shared, copies, document, edit, same_files, settled, status, status_when, sync};

const TASKS: &str = "codex-miroir/lena/tasks";
const REMOTE: &str = "/api/sync/remote";
const TOKEN: &str = "token-of-lenas-forge-0123456789";

/// The server's repository, two that users may have, and the server.
struct Three {
    shared: Shared,
    own: Shared,
    other: Shared,
    server: TestServer,
}

impl Three {
    async fn new() -> Three {
        let (shared, own, other) = (Shared::new(), Shared::new(), Shared::new());
        let allow_hosts = [&shared, &own, &other].map(|one| one.host.host.clone()).to_vec();
        let sync = SyncSettings { allow_hosts, ..shared.settings() };
        let server = TestServer::start_with(Start { sync, ..Start::default() }).await;
        Three { shared, own, other, server }
    }
}

async fn set(user: &TestUser, repository: &Shared, more: Value) -> Value {
    let mut wanted = json!({"remote": repository.host.repository("tasks.git")});
    wanted.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = user.put(REMOTE, &wanted).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(!answer.text.contains(TOKEN), "a token is never shown");
    answer.json()
}

#[tokio::test]
async fn ones_own_stands_in_for_the_servers_and_back_and_nothing_is_doubled() {
    let Three { shared, own, other, server } = Three::new().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    for user in [&lena, &tom] {
        user.create(json!({"kategorie": "arbeit", "title": "Zuerst"})).await;
    }
    settled(&lena).await;
    let clone = own.clone_of("clone");
    clone.write(&format!("{TASKS}/0007-eigen.md"), Some(&document("Eigen", "", "")));
    clone.push("a task of one's own");
    own.host.let_in_only("lena", TOKEN);

    let shown = set(&lena, &own, json!({"username": "lena", "token": TOKEN})).await;
    assert_eq!((&shown["hasToken"], &shown["isOwn"]), (&json!(true), &json!(true)));
    settled(&lena).await;
    assert_eq!(same_files(&own, &lena, TASKS).await, ["0000-Zuerst.md", "0007-eigen.md"]);
    for path in [REMOTE, "/api/sync", "/api/settings", "/api/export?format=json&history=true", "/api/history"] {
        assert!(!lena.get(path).await.text.contains(TOKEN), "{path}");
    }
    // What she does from now on is in hers alone; Tom goes on where he was.
    let before = shared.files(TASKS);
    edit(&lena, "0007", "# Eigen", "# Meins").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Privat"})).await;
    tom.create(json!({"kategorie": "arbeit", "title": "Weiter"})).await;
    settled(&lena).await;
    settled(&tom).await;
    assert_eq!((shared.files(TASKS), shared.files("codex-miroir/tom/tasks").len()), (before, 2));
    assert!(!crate::git_host::git_succeeds(&own.bare, &["cat-file", "-e", "main:codex-miroir/tom"]));

    // The token is not sent to another address than it was given for.
    let shown = set(&lena, &other, json!({"username": "lena"})).await;
    assert_eq!(shown["hasToken"], json!(false));
    settled(&lena).await;
    let files = ["0000-Zuerst.md", "0007-eigen.md", "0008-Privat.md"];
    assert_eq!(same_files(&other, &lena, TASKS).await, files);
    assert_eq!(own.files(TASKS), files);

    assert_eq!(lena.delete(REMOTE).await.status, 200);
    settled(&lena).await;
    assert_eq!(same_files(&shared, &lena, TASKS).await, files);
    assert_eq!(status(&lena).await["isOwn"], json!(false));
    assert_eq!(copies(server.data_dir()).len(), 1, "what is not synced with is not kept");
    // And once more to hers, which has all of it already.
    let (head, pushes) = (own.head(), own.host.pushes());
    set(&lena, &own, json!({"username": "lena", "token": TOKEN})).await;
    settled(&lena).await;
    assert_eq!((same_files(&own, &lena, TASKS).await.len(), own.head(), own.host.pushes()), (3, head, pushes));
}

#[tokio::test]
async fn trouble_with_ones_own_is_ones_own() {
    let Three { shared, own, server, .. } = Three::new().await;
    let (lena, tom) = (server.user("lena").await, server.user("tom").await);
    own.host.behave(Behaviour::Hangs);
    set(&lena, &own, json!({})).await;
    status_when(&lena, |status| status["state"] == "running").await;
    tom.create(json!({"kategorie": "arbeit", "title": "Geht"})).await;
    settled(&tom).await;
    assert_eq!(same_files(&shared, &tom, "codex-miroir/tom/tasks").await.len(), 1);
    // A round that his own change asked for may still be on its way.
    status_when(&tom, |status| status["state"] == "idle").await;
    assert_eq!(status(&lena).await["state"], json!("running"));
    // Another one is set although the first has not answered.
    assert_eq!(lena.delete(REMOTE).await.status, 200);
    sync(&lena, "").await;
    assert_eq!(status(&lena).await["problem"], Value::Null);
}

#[tokio::test]
async fn a_removed_account_leaves_no_copy_of_its_repository() {
    let Three { own, server, .. } = Three::new().await;
    let lena = server.user("lena").await;
    set(&lena, &own, json!({})).await;
    lena.create(json!({"kategorie": "arbeit", "title": "Eins"})).await;
    settled(&lena).await;
    let before = copies(server.data_dir());
    // The server's is there as long as somebody may sync with it.
    assert!((1..=2).contains(&before.len()), "{before:?}");
    let administrator = server.administrator();
    assert_eq!(administrator.delete("/api/admin/users/lena").await.status, 200);
    let after = copies(server.data_dir());
    assert_eq!(after.len() + 1, before.len(), "{after:?}");
    assert!(after.iter().all(|copy| copy.to_str().unwrap().contains("shared-")), "{after:?}");
    // Whoever has the name next begins with nothing of it.
    let lena = server.user("lena").await;
    let reader = lena.with_token(server.token("lena", Scopes::READ).await);
    assert_eq!((reader.get(REMOTE).await.json()["remote"].clone(), reader.tasks().await.len()), (Value::Null, 0));
    assert_eq!(own.files(TASKS), ["0000-Eins.md"], "what is there stays there");
}
