//! A right to a backup that ends while the backup is under way: nobody takes what came of it for the whole.

use std::sync::Arc;

use codexmiroir::store::Scopes;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::binary::{Home, Ran};
use crate::harness::TestServer;
use crate::secrets::{self, Kind};
use crate::signing_in::account;
use crate::under_way::{bearer, begin_export, cookie, done, is_whole};

const BACKUP: &str = "/api/admin/backup";
/// Bytes of an answer that come before it is held up: fewer than any backup here has.
const HELD_AFTER_BYTES: u64 = 64 * 1024;

/// Stands between a client and the server, and holds an answer up on its way.
struct Between {
    url: String,
    is_holding: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl Between {
    async fn of(server: &TestServer) -> Between {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (is_holding, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (address, holding, on) = (server.address(), is_holding.clone(), go_on.clone());
        tokio::spawn(async move {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(address).await.unwrap();
            let ((mut asked, mut answers), (mut answered, mut asks)) = (client.into_split(), server.into_split());
            tokio::spawn(async move { copy(&mut asked, &mut asks).await });
            // Either side may be gone by the end.
            let _ = copy(&mut (&mut answered).take(HELD_AFTER_BYTES), &mut answers).await;
            holding.notify_one();
            on.notified().await;
            let _ = copy(&mut answered, &mut answers).await;
            let _ = answers.shutdown().await;
        });
        Between { url, is_holding, go_on }
    }
}

/// Revokes a token, and nothing else of its owner's.
async fn revoke(server: &TestServer, name: &str, token: &str) {
    let own = server.administrator().acting_for(name);
    let tokens = own.get("/api/tokens").await.json()["tokens"].as_array().unwrap().clone();
    let found = tokens.iter().find(|listed| listed["name"] == token).unwrap();
    done(own.delete(&format!("/api/tokens/{}", found["id"].as_str().unwrap()))).await;
}

/// A token of an administrator's, by whose name it is revoked.
async fn named_token(server: &TestServer, owner: &str, name: &str) -> String {
    let scopes = Scopes::READ.with(Scopes::ADMIN);
    let token = server.service().create_token(owner, scopes, name, None).await.unwrap();
    secrets::learn(Kind::Token, &token);
    token
}

/// A server with so much in it that hardly gets smaller that a backup of it is under way for as long as its reader likes.
async fn full_server() -> TestServer {
    let server = TestServer::start().await;
    let administrator = server.administrator();
    for name in ["anna", "bert"] {
        account(&server, name).await;
        done(administrator.patch(&format!("/api/admin/users/{name}"), &json!({"admin": true}))).await;
    }
    let lena = account(&server, "lena").await;
    let noise = |number: u64| (0..1_900_u64).flat_map(move |line| Sha256::digest((number << 32 | line).to_be_bytes()));
    let document =
        |number| b"---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n".iter().copied().chain(noise(number));
    let files = (0..200).map(|number| (format!("{number:04}.md"), document(number).collect()));
    server.import_files(&lena, files.collect()).await;
    server
}

#[tokio::test]
async fn a_backup_ends_with_the_right_to_it_and_does_not_look_whole() {
    let server = full_server().await;
    let administrator = server.administrator();
    let all = Scopes::READ.with(Scopes::WRITE).with(Scopes::ADMIN);
    let revoked = named_token(&server, "anna", "revoked").await;
    let by_revoked = begin_export(&server, BACKUP, &bearer(&revoked)).await;
    let by_session = begin_export(&server, BACKUP, &cookie(&server, "bert").await).await;
    let by_token = begin_export(&server, BACKUP, &bearer(&server.token("bert", all).await)).await;
    let kept = begin_export(&server, BACKUP, &bearer(&server.token("anna", all).await)).await;
    revoke(&server, "anna", "revoked").await;
    done(administrator.patch("/api/admin/users/bert", &json!({"admin": false}))).await;
    assert!(!is_whole(by_revoked).await, "its token was revoked");
    assert!(!is_whole(by_session).await && !is_whole(by_token).await, "no administrator any more");
    assert!(is_whole(kept).await);
}

/// The command that asks over the network finds out, too, and leaves nothing.
#[tokio::test]
async fn a_backup_command_whose_right_ends_leaves_no_file() {
    let server = full_server().await;
    for deed in ["revoke", "demote", "nothing"] {
        let token = named_token(&server, "bert", deed).await;
        let between = Between::of(&server).await;
        let home = Home::new();
        let mut command = home.command(&["--server", &between.url, "backup", "--output", "far"]);
        command.env("CODEXMIROIR_TOKEN", token);
        let (ran, ()) =
            tokio::join!(async { tokio::task::spawn_blocking(move || Ran::of(&mut command)).await.unwrap() }, async {
                between.is_holding.notified().await;
                match deed {
                    "revoke" => revoke(&server, "bert", deed).await,
                    "demote" => {
                        done(server.administrator().patch("/api/admin/users/bert", &json!({"admin": false}))).await;
                        done(server.administrator().patch("/api/admin/users/bert", &json!({"admin": true}))).await;
                    }
                    _ => {}
                }
                between.go_on.notify_one();
            });
        let entries = std::fs::read_dir(home.path(".")).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = entries.filter(|name| name.to_str().unwrap().contains("far")).collect();
        match deed {
            "nothing" => assert_eq!((ran.code, left), (Some(0), vec!["far".into()]), "{}", ran.stderr),
            _ => {
                let sentence = ran.refusal(1);
                assert!(sentence.contains("no whole answer"), "{deed}: {sentence}");
                assert!(left.is_empty(), "{left:?}");
            }
        }
    }
}
