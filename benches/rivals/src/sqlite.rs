//! A bare hyper server over SQLite: what the same creates cost there. It keeps the same rows, with a write-ahead log and
//! `synchronous=FULL`; one thread takes all creates that wait, and one transaction serves them.

use std::convert::Infallible;
use std::path::Path;
use std::sync::mpsc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rusqlite::{Connection, params};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::roles::until_told;

/// Creates that share a transaction at most, as in our writer.
const GROUP_MAX: usize = 256;

struct Create {
    user: i64,
    document: Bytes,
    done: oneshot::Sender<i64>,
}

/// The request that makes a task of a user.
pub fn request(user: usize) -> Vec<u8> {
    // What our server makes of its request: the document.
    let body = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\ntags: [bench]\ndeadline:\nfixedSlot: null\n---\n\n# A task of the bench\n";
    let head = format!("POST /{user} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    head.into_bytes()
}

pub fn serve(folder: &Path) {
    let (creates, waiting) = mpsc::channel();
    let database = open(folder);
    std::thread::spawn(move || write(database, &waiting));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let address = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(accept(listener, creates));
        address
    });
    println!("{address}");
    until_told();
}

async fn accept(listener: TcpListener, creates: mpsc::Sender<Create>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let creates = creates.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |request: Request<Incoming>| {
                let creates = creates.clone();
                async move {
                    let user = request.uri().path()[1..].parse().unwrap();
                    let document = request.into_body().collect().await.unwrap().to_bytes();
                    let (done, outcome) = oneshot::channel();
                    creates.send(Create { user, document, done }).unwrap();
                    let number = outcome.await.unwrap();
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(number.to_string()))))
                }
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

fn open(folder: &Path) -> Connection {
    let database = Connection::open(folder.join("rival.sqlite")).unwrap();
    database.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;").unwrap();
    database
        .execute_batch(
            "CREATE TABLE heads (user INTEGER PRIMARY KEY, generation INTEGER) WITHOUT ROWID;
             CREATE TABLE documents (user INTEGER, number INTEGER, name TEXT, raw BLOB, PRIMARY KEY (user, number, name)) WITHOUT ROWID;
             CREATE TABLE tasks (user INTEGER, number INTEGER, name TEXT, reading BLOB, PRIMARY KEY (user, number, name)) WITHOUT ROWID;
             CREATE TABLE history (user INTEGER, generation INTEGER, entry BLOB, PRIMARY KEY (user, generation)) WITHOUT ROWID;
             CREATE TABLE history_by_file (user INTEGER, name TEXT, generation INTEGER, PRIMARY KEY (user, name, generation)) WITHOUT ROWID;",
        )
        .unwrap();
    database
}

fn write(mut database: Connection, waiting: &mpsc::Receiver<Create>) {
    while let Ok(first) = waiting.recv() {
        let mut group = vec![first];
        group.extend(waiting.try_iter().take(GROUP_MAX - 1));
        let transaction = database.transaction().unwrap();
        let mut answers = Vec::new();
        for Create { user, document, done } in group {
            let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
                transaction.prepare_cached(sql).unwrap().execute(values).unwrap();
            };
            run(
                "INSERT INTO heads VALUES (?1, 1) ON CONFLICT DO UPDATE SET generation = generation + 1",
                params![user],
            );
            let number: i64 = transaction
                .prepare_cached("SELECT generation FROM heads WHERE user = ?1")
                .unwrap()
                .query_row([user], |row| row.get(0))
                .unwrap();
            let name = format!("{number:04}-A-task-of-the-bench.md");
            run("INSERT INTO documents VALUES (?1, ?2, ?3, ?4)", params![user, number, name, &document[..]]);
            run("INSERT INTO tasks VALUES (?1, ?2, ?3, ?4)", params![user, number, name, &document[..40]]);
            run("INSERT INTO history VALUES (?1, ?2, ?3)", params![user, number, &document[..]]);
            run("INSERT INTO history_by_file VALUES (?1, ?2, ?3)", params![user, name, number]);
            answers.push((done, number));
        }
        transaction.commit().unwrap();
        for (done, number) in answers {
            let _ = done.send(number);
        }
    }
}
