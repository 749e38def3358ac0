//! Whatever bytes come over a connection: a real server with sample tasks answers each request in HTTP, never with its
//! own failure, and goes on serving others. `$TOKEN` in the input stands for a token that may read.
//!
//! A request for the timeline is answered in the same way on a connection that was used before, where the server may
//! take a shortcut, as on a new one, where it does not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use codexmiroir::app::{MetricsOptions, Running, ServeOptions, WorkerOptions, start};
use codexmiroir::clock::Clock;
use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::zone::Zone;
use codexmiroir::http::listen::Limits;
use codexmiroir::service::demo;
use codexmiroir::service::rulebook::RuleBook;
use codexmiroir::store::{Origin, Scopes, Settings};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

/// A connection that lasts longer hangs.
const ENOUGH: Duration = Duration::from_secs(20);

const HONEST: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// What a connection is used for before.
const BEFORE: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

pub fn holds(bytes: &[u8]) {
    thread_local! {
        static HOUSE: House = House::open();
    }
    HOUSE.with(|house| house.is_civil_to(bytes));
}

struct House {
    runtime: Runtime,
    address: SocketAddr,
    token: String,
    _running: Running,
    _data_dir: TempDir,
}

impl House {
    fn open() -> House {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let data_dir = TempDir::new().expect("a folder");
        let now = chrono::DateTime::from_timestamp_millis(1_760_335_200_000).expect("an instant");
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
            clock: Clock::manual(now),
            sync: codexmiroir::app::SyncSettings::default(),
        };
        let (running, token) = runtime.block_on(async {
            // A program with a `main` of Rust's ignores it; a fuzzer's ends when a client goes away.
            drop(signal(SignalKind::pipe()).expect("a handler"));
            let running = start(options).await.expect("a server");
            let service = &running.service;
            let settings = Settings { zone: Zone::UTC, lang: Lang::En, days: 7 };
            let user = service.add_user(demo::USER, false, settings, None).await.expect("a user");
            let origin = Origin { actor: demo::USER.to_owned(), through: "demo".into() };
            service.import(user.id, origin, demo::samples(now.date_naive()), false).await.expect("an import");
            let token = service.create_token(demo::USER, Scopes::READ, "fuzz", None).await.expect("a token");
            service.timeline(user.id, false).await.expect("a timeline that is at hand from now on");
            (running, token)
        });
        House { runtime, address: running.address, token, _running: running, _data_dir: data_dir }
    }

    fn is_civil_to(&self, bytes: &[u8]) {
        let bytes = &self.signed(bytes);
        self.runtime.block_on(async {
            let answers = self.said_to(bytes).await;
            if !bytes.starts_with(b"PRI") {
                are_answers(&answers, bytes);
            }
            if is_for_the_timeline(bytes) {
                let again = self.said_behind(BEFORE, bytes).await;
                assert_eq!(timeless(&answers), timeless(&again), "both ways give the same");
            }
            let honest = self.said_to(HONEST).await;
            assert!(honest.starts_with(b"HTTP/1.1 200 OK\r\n"), "an honest client is answered");
        });
    }

    /// The input with the token in it.
    fn signed(&self, input: &[u8]) -> Vec<u8> {
        let mut signed = Vec::with_capacity(input.len());
        let mut rest = input;
        while let Some((first, behind)) = rest.split_first() {
            match rest.strip_prefix(b"$TOKEN") {
                Some(behind) => {
                    signed.extend_from_slice(self.token.as_bytes());
                    rest = behind;
                }
                None => {
                    signed.push(*first);
                    rest = behind;
                }
            }
        }
        signed
    }

    /// All that the server says until it closes; of an event stream the beginning.
    async fn said_to(&self, bytes: &[u8]) -> Vec<u8> {
        self.said_behind(b"", bytes).await
    }

    /// The same on a connection on which another request was answered before.
    async fn said_behind(&self, before: &[u8], bytes: &[u8]) -> Vec<u8> {
        let mut said = Vec::new();
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await.expect("a connection");
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

/// Whether this is one request, and for the timeline.
fn is_for_the_timeline(bytes: &[u8]) -> bool {
    let begins = [&b"GET /codex"[..], b"HEAD /codex"].iter().any(|begin| bytes.starts_with(begin));
    begins && bytes.windows(5).filter(|window| window == b"HTTP/").count() == 1
}

/// What was said, without what differs from one moment to the next.
fn timeless(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let kept = text.split_inclusive("\r\n").filter(|line| !line.starts_with("date: "));
    kept.map(|line| if line.starts_with("server-timing: ") { "server-timing\r\n" } else { line }).collect()
}

/// Whether the head of an answer without an end is there.
fn is_stream(said: &[u8]) -> bool {
    let kind = b"content-type: text/event-stream";
    let at = said.windows(kind.len()).position(|window| window == kind);
    at.is_some_and(|at| contains(&said[at..], b"\r\n\r\n"))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Answers of HTTP/1, and not more than were asked for: a request has two line breaks at least.
fn are_answers(mut said: &[u8], asked: &[u8]) {
    let line_breaks = asked.iter().filter(|byte| **byte == b'\n').count();
    let mut answers = 0;
    while !said.is_empty() {
        let end = said.windows(4).position(|window| window == b"\r\n\r\n").expect("a head ends");
        let head = std::str::from_utf8(&said[..end]).expect("a head is text").to_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).expect("a status");
        assert!(head.starts_with("http/1.") && (100..500).contains(&status), "{head}");
        said = &said[end + 4..];
        if status < 200 {
            continue;
        }
        answers += 1;
        if head.contains("text/event-stream") || contains(asked, b"HEAD") {
            break;
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().expect("a length"));
        said = said.get(length..).expect("a body of the length that was told");
    }
    assert!(answers <= line_breaks + 1, "{answers} answers");
}
