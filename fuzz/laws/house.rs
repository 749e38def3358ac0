//! A real server in this process, and what it says to whatever bytes come over a connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use codexmiroir::app::{MetricsOptions, Running, ServeOptions, SyncSettings, WorkerOptions, start};
use codexmiroir::clock::Clock;
use codexmiroir::http::listen::Limits;
use codexmiroir::service::rulebook::RuleBook;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

/// A connection that lasts longer hangs.
const ENOUGH: Duration = Duration::from_secs(20);

/// The instant at which the server stays.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_760_335_200_000).expect("an instant")
}

pub struct House {
    pub runtime: Runtime,
    pub running: Running,
    _data_dir: TempDir,
}

impl House {
    /// A server without users.
    pub fn open(sync: SyncSettings) -> House {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let data_dir = TempDir::new().expect("a folder");
        let options = ServeOptions {
            data_dir: data_dir.path().to_owned(),
            key_file: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            metrics: MetricsOptions::default(),
            rules: RuleBook::builtin(),
            // Nobody in here has rules of one's own.
            workers: WorkerOptions::of_this_program(),
            hot_bytes_max: 1024 * 1024,
            public_url: None,
            demo: None,
            // Whoever asks passes requests on: what is told of clients is read.
            limits: Limits { is_proxy: Arc::new(|address| address.is_loopback()), ..Limits::default() },
            clock: Clock::manual(now()),
            backups: None,
            sync,
        };
        let running = runtime.block_on(async {
            // A program with a `main` of Rust's ignores it; a fuzzer's ends when a client goes away.
            drop(signal(SignalKind::pipe()).expect("a handler"));
            start(options).await.expect("a server")
        });
        House { runtime, running, _data_dir: data_dir }
    }

    /// All that the server says until it closes; of an event stream the beginning.
    pub async fn said_to(&self, bytes: &[u8]) -> Vec<u8> {
        self.said_behind(b"", bytes).await
    }

    /// The same on a connection on which another request was answered before.
    pub async fn said_behind(&self, before: &[u8], bytes: &[u8]) -> Vec<u8> {
        let mut said = Vec::new();
        let exchange = async {
            let mut stream = TcpStream::connect(self.running.address).await.expect("a connection");
            if !before.is_empty() {
                stream.write_all(before).await.expect("an open connection");
                let mut answer = Vec::new();
                while !answer.ends_with(b"}") {
                    answer.push(stream.read_u8().await.expect("an answer in JSON"));
                }
            }
            let (mut reading, mut writing) = stream.into_split();
            let written = async {
                // The server may have heard enough before the end.
                let _ = writing.write_all(bytes).await;
                let _ = writing.shutdown().await;
            };
            let read = async {
                while let Ok(1..) = reading.read_buf(&mut said).await {
                    if is_stream(&said) {
                        break;
                    }
                }
            };
            tokio::join!(written, read);
        };
        timeout(ENOUGH, exchange).await.expect("the server answers or closes");
        said
    }
}

/// Whether the head of an answer without an end is there.
fn is_stream(said: &[u8]) -> bool {
    let kind = b"content-type: text/event-stream";
    let at = said.windows(kind.len()).position(|window| window == kind);
    at.is_some_and(|at| contains(&said[at..], b"\r\n\r\n"))
}

pub fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
