//! Rights that end while a request is under way: its head was let in, and the rest is still to come.

use std::path::Path;

use chrono::TimeDelta;
use codexmiroir::store::Scopes;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UnixStream};

use crate::harness::{Administrator, Answer, TestServer};
use crate::secrets::{self, Kind, Place};
use crate::signing_in::account;
use crate::visitor::{PASSWORD, Visitor};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A request whose head was let in and whose body has begun.
struct Held<S> {
    what: String,
    stream: S,
    rest: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Held<S> {
    /// The server asks for the body only once it has let the head in.
    async fn begin(mut stream: S, line: &str, who: &str, media_type: &str, body: &[u8]) -> Held<S> {
        let length = body.len();
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{who}\r\nExpect: 100-continue\r\n\
             Content-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut asked = [0; CONTINUE.len()];
        stream.read_exact(&mut asked).await.unwrap();
        assert_eq!(asked, CONTINUE, "{line} {who}");
        let (first, rest) = body.split_at(length / 2);
        stream.write_all(first).await.unwrap();
        Held { what: format!("{line} {media_type}"), stream, rest: rest.to_vec() }
    }

    /// The status and the stable word of the answer, if it is an error.
    async fn finish(mut self) -> (String, u16, String) {
        self.stream.write_all(&self.rest).await.unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap_or_else(|| panic!("{}: {answer:?}", self.what)).parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        if status >= 400 {
            secrets::must_hold_none(Place::Error, &answer);
        }
        let json: Value = serde_json::from_str(body).unwrap_or_default();
        (self.what, status, json["code"].as_str().unwrap_or_default().to_owned())
    }
}

async fn hold(server: &TestServer, line: &str, who: &str, media_type: &str, body: &[u8]) -> Held<TcpStream> {
    Held::begin(TcpStream::connect(server.address()).await.unwrap(), line, who, media_type, body).await
}

pub fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}

/// What a page of ours sends along.
pub async fn cookie(server: &TestServer, name: &str) -> String {
    let visitor = Visitor::signed_in(server, name).await;
    format!("Cookie: {}\r\nSec-Fetch-Site: same-origin", visitor.cookie.unwrap())
}

fn archive() -> Vec<u8> {
    let document = b"---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n";
    let mut header = tar::Header::new_gnu();
    header.set_size(document.len() as u64);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, "0900-late.md", &document[..]).unwrap();
    archive.into_inner().unwrap()
}

/// A request of every kind of body, each of which would change something.
async fn hold_changes(server: &TestServer, who: &str) -> Vec<Held<TcpStream>> {
    let archive = archive();
    let requests: [(&str, &str, &[u8]); 9] = [
        ("POST /api/tasks", JSON, br#"{"kategorie": "arbeit", "title": "late"}"#),
        ("POST /api/tasks/0000/complete", JSON, br#"{"datum": "13.10.2025", "zeit": "morgens"}"#),
        ("POST /api/tokens", JSON, br#"{"name": "late"}"#),
        ("PUT /api/rules", JSON, br#"{"script": "fn slots(day) { [] }"}"#),
        ("PUT /api/rules", "text/plain", b"fn slots(day) { [] }"),
        ("POST /settings", FORM, b"timeZone=UTC&language=de&horizon=3"),
        ("POST /settings/tokens", FORM, b"name=late&scope=read&scope=write&expires=&key=late"),
        ("POST /settings/sessions", FORM, b"all=true"),
        ("POST /api/import", "application/x-tar", &archive),
    ];
    let mut held = Vec::new();
    for (line, media_type, body) in requests {
        held.push(hold(server, line, who, media_type, body).await);
    }
    held
}

async fn are_refused(held: Vec<Held<TcpStream>>, status: u16, code: &str) {
    for held in held {
        let (what, told, word) = held.finish().await;
        assert_eq!((told, word.as_str()), (status, code), "{what}");
    }
}

/// What of an account the changes would change.
async fn state(administrator: &Administrator, name: &str) -> [Value; 3] {
    let own = administrator.acting_for(name);
    let codex = own.get("/codex?nocache=true").await.json();
    let tokens = own.get("/api/tokens").await.json()["tokens"].as_array().unwrap().len();
    [codex["generation"].clone(), tokens.into(), own.get("/api/settings").await.json()]
}

pub async fn done(answer: impl Future<Output = Answer>) {
    let answer = answer.await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn what_ends_a_session_ends_what_it_has_under_way() {
    let server = TestServer::start().await;
    let administrator = server.administrator();
    for deed in ["disable", "sign-out", "password"] {
        let lena = account(&server, deed).await;
        lena.create(json!({"kategorie": "arbeit"})).await;
        let held = hold_changes(&server, &cookie(&server, deed).await).await;
        let path = format!("/api/admin/users/{deed}");
        match deed {
            "disable" => done(administrator.patch(&path, &json!({"disabled": true}))).await,
            "password" => done(administrator.patch(&path, &json!({"password": "another horse battery"}))).await,
            _ => done(administrator.delete(&format!("{path}/sessions"))).await,
        }
        let before = state(&administrator, deed).await;
        are_refused(held, 401, "sign_in_needed").await;
        assert_eq!(state(&administrator, deed).await, before, "{deed}");
    }
}

#[tokio::test]
async fn what_ends_a_token_ends_what_it_has_under_way() {
    let server = TestServer::start().await;
    let administrator = server.administrator();
    let last = server.clock.now() + TimeDelta::minutes(1);
    for deed in ["disable", "revoke", "expire"] {
        let lena = server.user(deed).await;
        lena.create(json!({"kategorie": "arbeit"})).await;
        let scopes = Scopes::READ.with(Scopes::WRITE);
        let token = server.service().create_token(deed, scopes, "held", Some(last)).await.unwrap();
        secrets::learn(Kind::Token, &token);
        let held = hold_changes(&server, &bearer(&token)).await;
        match deed {
            "disable" => {
                done(administrator.patch(&format!("/api/admin/users/{deed}"), &json!({"disabled": true}))).await;
            }
            "revoke" => {
                let tokens = lena.get("/api/tokens").await.json()["tokens"].as_array().unwrap().clone();
                let id =
                    tokens.iter().find(|token| token["name"] == "held").unwrap()["id"].as_str().unwrap().to_owned();
                done(lena.delete(&format!("/api/tokens/{id}"))).await;
            }
            _ => server.clock.set(last),
        }
        let before = state(&administrator, deed).await;
        are_refused(held, 401, "invalid_token").await;
        assert_eq!(state(&administrator, deed).await, before, "{deed}");
    }
}

#[tokio::test]
async fn of_somebody_removed_nothing_arrives_with_the_next_of_the_name() {
    let server = TestServer::start().await;
    let administrator = server.administrator();
    let lena = account(&server, "lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    let by_session = hold_changes(&server, &cookie(&server, "lena").await).await;
    let by_token = hold_changes(&server, &bearer(&lena.token)).await;
    let socket = UnixStream::connect(Path::new(server.data_dir()).join("control.sock")).await.unwrap();
    let task = br#"{"kategorie": "arbeit"}"#;
    let by_command = Held::begin(socket, "POST /api/tasks", "Codexmiroir-User: lena", JSON, task).await;
    done(administrator.delete("/api/admin/users/lena")).await;
    server.user("lena").await;
    let before = state(&administrator, "lena").await;
    are_refused(by_session, 401, "sign_in_needed").await;
    are_refused(by_token, 401, "invalid_token").await;
    let (_, status, code) = by_command.finish().await;
    assert_eq!((status, code.as_str()), (404, "no_such_user"));
    assert_eq!(state(&administrator, "lena").await, before);
}

#[tokio::test]
async fn whoever_is_no_administrator_any_more_administers_nothing() {
    let server = TestServer::start().await;
    let administrator = server.administrator();
    for name in ["anna", "bert"] {
        account(&server, name).await;
        done(administrator.patch(&format!("/api/admin/users/{name}"), &json!({"admin": true}))).await;
    }
    let token = server.token("bert", Scopes::READ.with(Scopes::WRITE).with(Scopes::ADMIN)).await;
    let (mut held, mut own) = (Vec::new(), Vec::new());
    for who in [cookie(&server, "bert").await, bearer(&token)] {
        let requests: [(&str, &str, &[u8]); 5] = [
            ("POST /api/admin/users", JSON, br#"{"name": "evil", "admin": true, "password": "correct horse battery"}"#),
            ("PATCH /api/admin/users/bert", JSON, br#"{"admin": true}"#),
            ("POST /admin/users", FORM, b"name=evil&admin=true&password=correct+horse+battery"),
            ("POST /admin/users/anna/password", FORM, b"password=another+horse+battery"),
            ("POST /admin/users/anna/remove", FORM, b"confirm=anna"),
        ];
        for (line, media_type, body) in requests {
            held.push(hold(&server, line, &who, media_type, body).await);
        }
        own.push(hold(&server, "POST /api/tasks", &who, JSON, br#"{"kategorie": "arbeit"}"#).await);
    }
    done(administrator.patch("/api/admin/users/bert", &json!({"admin": false}))).await;
    are_refused(held, 403, "scope_missing").await;
    // What he needs no such right for, he may still do.
    are_refused(own, 200, "").await;
    assert_eq!(administrator.get("/api/admin/users/evil").await.status, 404);
    assert_eq!(administrator.get("/api/admin/users/bert").await.json()["admin"], false);
    assert_eq!(Visitor::of(&server).sign_in("anna", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn going_out_needs_no_right() {
    let server = TestServer::start().await;
    account(&server, "lena").await;
    let out = hold(&server, "POST /auth/logout", &cookie(&server, "lena").await, JSON, b"{  }").await;
    done(server.administrator().delete("/api/admin/users/lena/sessions")).await;
    assert_eq!(out.finish().await.1, 200);
}

/// An export whose reader takes a little of it and waits.
pub async fn begin_export(server: &TestServer, path: &str, who: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    // Small, so that most of it is still to be sent.
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(server.address()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{who}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 15];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    stream
}

/// Whether an answer comes to its end, with the last chunk.
pub async fn is_whole(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    // A cut one may end in a reset.
    let _ = stream.read_to_end(&mut rest).await;
    rest.ends_with(b"\r\n0\r\n\r\n")
}

#[tokio::test]
async fn an_export_ends_with_the_right_to_it_and_does_not_look_whole() {
    let server = TestServer::start().await;
    let administrator = server.administrator();
    for name in ["anna", "bert"] {
        account(&server, name).await;
        done(administrator.patch(&format!("/api/admin/users/{name}"), &json!({"admin": true}))).await;
    }
    let lena = account(&server, "lena").await;
    let document = [&b"---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n"[..], &[b'x'; 60_000]].concat();
    server.import_files(&lena, (0..200).map(|number| (format!("{number:04}.md"), document.clone())).collect()).await;
    let all = Scopes::READ.with(Scopes::WRITE).with(Scopes::ADMIN);
    for format in ["json", "markdown"] {
        let own = format!("/api/export?format={format}");
        let of_lena = format!("/api/admin/users/lena/export?format={format}");
        let token = server.token("lena", Scopes::READ).await;
        let by_token = begin_export(&server, &own, &bearer(&token)).await;
        let by_session = begin_export(&server, &own, &cookie(&server, "lena").await).await;
        let demoted = begin_export(&server, &of_lena, &cookie(&server, "bert").await).await;
        let by_token_demoted = begin_export(&server, &of_lena, &bearer(&server.token("bert", all).await)).await;
        let kept = begin_export(&server, &of_lena, &cookie(&server, "anna").await).await;
        let other_token = begin_export(&server, &own, &bearer(&server.token("lena", Scopes::READ).await)).await;
        done(administrator.delete("/api/admin/users/lena/sessions")).await;
        done(administrator.patch("/api/admin/users/bert", &json!({"admin": false}))).await;
        assert!(!is_whole(by_session).await, "{format}: signed out");
        assert!(!is_whole(demoted).await && !is_whole(by_token_demoted).await, "{format}: no administrator any more");
        // Whoever may have it has all of it.
        assert!(is_whole(kept).await && is_whole(other_token).await, "{format}");
        done(administrator.patch("/api/admin/users/lena", &json!({"disabled": true}))).await;
        assert!(!is_whole(by_token).await, "{format}: disabled");
        done(administrator.patch("/api/admin/users/lena", &json!({"disabled": false}))).await;
        done(administrator.patch("/api/admin/users/bert", &json!({"admin": true}))).await;
    }
}
