//! What a sync leaves with a user: in the history, in exports, and for whoever takes a change back.

use std::collections::BTreeSet;
use std::sync::Arc;

use codexmiroir::domain::document::{self, Outcome as Read};
use codexmiroir::domain::ids::{DocKey, FileName, ObjectName, UserId};
use codexmiroir::service::change::{Decision, Plan, Situation};
use codexmiroir::store::{
    Administered, Administration, Change, MergedFile, Origin, OwnRemote, SyncFiles, SyncState, SyncUpdate, THROUGH_GIT,
};
use serde_json::{Value, json};

use crate::binary::Home;
use crate::harness::{TestServer, TestUser};

/// Gives the user a remote.
pub async fn own_remote(server: &TestServer, user: UserId, address: &str) {
    let remote = OwnRemote {
        address: address.to_owned(),
        branch: "main".to_owned(),
        base_path: String::new(),
        username: None,
        sealed_token: None,
        mode: "push".to_owned(),
    };
    let put = Administration::PutRemote { user, remote: Some(remote) };
    assert_eq!(server.service().store().administer(put).await.unwrap(), Administered::RemoteChanged);
}

/// Where every sync of these tests leaves a user.
fn update(user: &TestUser) -> SyncUpdate {
    let state = SyncState {
        remote: [1; 16],
        base: Some(ObjectName([2; 20])),
        outbox_from: codexmiroir::domain::ids::Generation(0),
        pushing: Vec::new(),
    };
    let differing = BTreeSet::from([format!("Quarzlampe-{}.md", user.name)]);
    SyncUpdate { state, files: Some(SyncFiles { differing, ..SyncFiles::default() }) }
}

/// Where the user stands, with what is known of files.
fn stands(server: &TestServer, id: UserId) -> Option<SyncUpdate> {
    let store = server.service().store();
    let (state, files) = (store.sync_state(id).unwrap()?, store.sync_files(id).unwrap());
    Some(SyncUpdate { state, files: Some(files) })
}

/// Commits these changes as a sync does; the generation afterwards.
pub async fn commit(server: &TestServer, user: &TestUser, changes: Vec<Change>) -> u64 {
    let service = server.service();
    let id = service.require_user(&user.name).unwrap().id;
    let origin = Origin { actor: user.name.clone(), through: THROUGH_GIT.into() };
    let update = update(user);
    let decide = move |_: &mut Situation<'_>| {
        Ok(Decision::Change(Plan {
            changes: changes.clone(),
            next_number: None,
            with_timeline: true,
            sync: Some(Box::new(update.clone())),
            brought: None,
            answer: Box::new(|generation, _| generation.0),
        }))
    };
    service.change(id, origin, decide).await.unwrap()
}

fn key(file: &str) -> DocKey {
    DocKey::of(FileName::parse(file).unwrap())
}

pub fn put(file: &str, raw: &str) -> Change {
    let Read::Task(task) = document::read(&key(file).file, raw.as_bytes()) else { panic!("{raw}") };
    Change::PutDocument { key: key(file), raw: raw.as_bytes().into(), reading: Ok(task.into()), verb: "update".into() }
}

fn merged(file: MergedFile, lost: &str, kept: Option<&str>, is_conflict: bool) -> Change {
    let bytes = |text: &str| -> Arc<[u8]> { text.as_bytes().into() };
    Change::Merged { file, lost: Some(bytes(lost)), kept: kept.map(bytes), is_conflict, verb: "merge".into() }
}

/// The entries of a generation, as the first page of the history has them.
async fn entries_of(user: &TestUser, path: &str, generation: u64) -> Vec<Value> {
    let entries = user.history(path).await;
    entries.into_iter().filter(|entry| entry["generation"] == generation).collect()
}

#[tokio::test]
async fn where_it_stands_is_kept_without_a_trace_in_anything_else() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let id = server.service().require_user("lena").unwrap().id;
    let mut listener = server.service().store().published().subscribe(id);
    lena.create(json!({"kategorie": "arbeit", "title": "Ziel"})).await;
    let (codex, history) =
        listener.read(async { (lena.get("/codex").await, lena.get("/api/history").await.text) }).await;
    assert_eq!(commit(&server, &lena, Vec::new()).await, 1);
    assert_eq!(stands(&server, id), Some(update(&lena)));
    tokio::select! {
        biased;
        () = listener.changed() => panic!("nobody is told of a commit"),
        () = async {} => {}
    }
    let again = lena.get("/codex").await;
    assert_eq!((again.header("etag"), again.header("x-cache")), (codex.header("etag"), "hot"));
    assert_eq!(lena.get("/api/history").await.text, history);
    // The next change goes on from there.
    let changed = lena.update("0", json!({"tags": ["a"]})).await;
    assert_eq!(changed["generation"], 2);
    let server = server.restart().await;
    assert_eq!(stands(&server, id), Some(update(&lena)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lost_in_a_merge_is_in_the_history_and_changes_nothing() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit", "title": "Ziel"})).await;
    let (file, document) = ("0000-Ziel.md", lena.document("0").await);
    let timeline = lena.codex().await["timeline"].clone();
    let lost = document.replace("# Ziel", "# Weg");
    let changes = vec![
        merged(MergedFile::Document(key(file)), &lost, Some(&document), true),
        merged(MergedFile::Document(key(file)), &lost, None, false),
        merged(MergedFile::Rule("mine.rhai".to_owned()), "// mine", Some("// theirs"), true),
    ];
    assert_eq!(commit(&server, &lena, changes).await, 2);
    assert_eq!((lena.document("0").await, &lena.codex().await["timeline"]), (document.clone(), &timeline));

    let of_user = entries_of(&lena, "/api/history", 2).await;
    let short: Vec<_> =
        of_user.iter().map(|entry| (&entry["file"], &entry["before"], &entry["after"], &entry["conflict"])).collect();
    let (rule, file_json, null) = (json!("rules/mine.rhai"), json!(file), Value::Null);
    let (lost_json, kept_json) = (json!(lost), json!(document));
    assert_eq!(
        short,
        [
            (&rule, &json!("// mine"), &json!("// theirs"), &json!(true)),
            (&file_json, &lost_json, &null, &null),
            (&file_json, &lost_json, &kept_json, &json!(true)),
        ]
    );
    assert_eq!((&of_user[2]["verb"], &of_user[2]["summary"]), (&json!("merge"), &json!("merged 0000-Ziel.md")));
    assert_eq!(entries_of(&lena, "/api/tasks/0/history", 2).await, of_user[1..]);
    let exported: Value = lena.get("/api/export?format=json&history=true").await.json();
    let exported = &exported["history"].as_array().unwrap()[2];
    assert_eq!((&exported["before"]["text"], &exported["conflict"]), (&lost_json, &json!(true)), "{exported}");

    let folder = server.data_dir().to_str().unwrap().to_owned();
    let ran = move || Home::new().did(&["history", "--user", "lena", "--data-dir", &folder]);
    let printed = tokio::task::spawn_blocking(ran).await.unwrap();
    assert!(printed.contains("CONFLICT: merged 0000-Ziel.md"), "{printed}");
    assert_eq!((printed.matches("CONFLICT").count(), printed.matches("merged").count()), (2, 3), "{printed}");

    let refused = lena.undo(2).await;
    assert_eq!((refused.status, refused.code().as_str()), (404, "no_such_change"));
    let server = server.restart().await;
    let lena = server.again(&lena);
    assert_eq!(entries_of(&lena, "/api/history", 2).await, of_user);
}

#[tokio::test]
async fn undo_without_a_generation_is_of_ones_own_last_change() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let undo = async |lena: &TestUser| lena.post("/api/undo", &json!({})).await;
    commit(&server, &lena, vec![put("0007-von-dort.md", "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n")])
        .await;
    let refused = undo(&lena).await;
    assert_eq!((refused.status, refused.code().as_str()), (404, "no_such_change"), "nothing of one's own");
    lena.update("7", json!({"tags": ["a"]})).await;
    let before = lena.document("7").await;
    let title = before.replace("arbeit", "privat");
    let lost = merged(MergedFile::Document(key("0007-von-dort.md")), "lost", None, true);
    commit(&server, &lena, vec![put("0007-von-dort.md", &title), lost]).await;
    // The same file is another by now, which is said, and not taken for something to take back.
    assert_eq!(undo(&lena).await.code(), "touched_since");
    let taken_back = lena.undo(3).await;
    assert_eq!((taken_back.status, &taken_back.json()["files"]), (200, &json!(["0007-von-dort.md"])));
    assert_eq!(lena.document("7").await, before, "a merge is taken back like any change");

    for number in 0..5 {
        let file = format!("010{number}.md");
        commit(&server, &lena, vec![put(&file, "---\ntyp: task\nkategorie: sport\nstatus: offen\n---\n")]).await;
    }
    let server = server.restart().await;
    let lena = server.again(&lena);
    let undone = undo(&lena).await;
    assert_eq!((undone.status, &undone.json()["undone"]), (200, &json!(4)), "{}", undone.text);
    assert_eq!(lena.document("7").await, title);
}
