//! HTTP/2 frame by frame, as no honest client writes it: streams that are taken back at once, streams without end, heads
//! without end, windows that stay shut. The connection that does so is refused or cut, and others are answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use codexmiroir::http::listen::Limits;
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::harness::{Start, TestServer, TestUser};

/// Who is still connected then hangs.
const GUARD: Duration = Duration::from_secs(90);

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Kinds of frames (RFC 9113, 6) and their flags.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// How header blocks with `:status: 200` begin (RFC 7541, appendix A).
const STATUS_200: u8 = 0x88;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A text as a header block has it.
fn text(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| [&[0x10][..], &text(name), &text(value)].concat()).collect()
}

/// The header block of a request; `method` is an index of the static table.
fn block(method: u8, path: &str, others: &[(&str, &str)]) -> Vec<u8> {
    [&[0x80 | method, 0x86, 0x41][..], &text("localhost"), &[0x04], &text(path), &fields(others)].concat()
}

const GET: u8 = 2;
const POST: u8 = 3;

/// A frame as it came.
struct Frame {
    kind: u8,
    stream: u32,
    payload: Vec<u8>,
}

struct Wire {
    reading: OwnedReadHalf,
    writing: OwnedWriteHalf,
    token: String,
}

impl Wire {
    async fn open(server: SocketAddr, lena: &TestUser, settings: &[u8]) -> Wire {
        let (reading, mut writing) = TcpStream::connect(server).await.unwrap().into_split();
        writing.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, settings)].concat()).await.unwrap();
        Wire { reading, writing, token: format!("Bearer {}", lena.token) }
    }

    fn get(&self, stream: u32, path: &str) -> Vec<u8> {
        let block = block(GET, path, &[("authorization", &self.token)]);
        frame(HEADERS, END_STREAM | END_HEADERS, stream, &block)
    }

    /// Whether the server still listened.
    async fn write(&mut self, bytes: &[u8]) -> bool {
        timeout(GUARD, self.writing.write_all(bytes)).await.expect("it reads or closes").is_ok()
    }

    /// The next frame; `None` when the connection has ended, however.
    async fn read(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        let mut read = async |buffer: &mut [u8]| {
            let read = timeout(GUARD, self.reading.read_exact(buffer)).await;
            read.expect("a frame or the end").ok()
        };
        read(&mut head).await?;
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
        let mut payload = vec![0; usize::try_from(number(&head[..3])).unwrap()];
        read(&mut payload).await?;
        Some(Frame { kind: head[3], stream: number(&head[5..]), payload })
    }

    /// Reads until the end of the connection, and gives what was read.
    async fn rest(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.read().await {
            frames.push(frame);
        }
        frames
    }
}

/// The head of what an honest client is answered over HTTP/2.
pub async fn get(server: SocketAddr, path: &str, fields: &[(&str, &str)]) -> hyper::Response<()> {
    let stream = TokioIo::new(TcpStream::connect(server).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = hyper::Request::get(format!("http://localhost{path}"));
    let request = fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    connection.abort();
    answer.map(drop)
}

async fn set(limits: Limits) -> (TestServer, TestUser) {
    let server = TestServer::start_with(Start { limits, ..Start::default() }).await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    (server, lena)
}

/// Others read and write as before.
async fn is_served(lena: &TestUser) {
    assert_eq!(lena.get("/codex").await.status, 200);
    lena.update("0000", json!({"tags": ["a"]})).await;
    lena.update("0000", json!({"tags": []})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_taken_back_at_once() {
    let (server, lena) = set(Limits::default()).await;
    let mut wire = Wire::open(server.address(), &lena, &[]).await;
    let mut listened = true;
    for batch in 0..200 {
        let mut frames = Vec::new();
        for number in 0..100 {
            let stream = 1 + 2 * (batch * 100 + number);
            frames.extend(wire.get(stream, "/codex?nocache=true"));
            frames.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
        }
        listened = listened && wire.write(&frames).await;
        if batch % 50 == 0 {
            is_served(&lena).await;
        }
    }
    // It was told to stop, or it is served as anybody.
    if listened && wire.write(&wire.get(40_001, "/codex")).await {
        loop {
            match wire.read().await {
                Some(Frame { kind: HEADERS, stream: 40_001, payload }) => {
                    assert_eq!(payload.first(), Some(&STATUS_200));
                    break;
                }
                Some(_) => {}
                None => break,
            }
        }
    }
    is_served(&lena).await;
}

#[tokio::test]
async fn a_hundred_streams_and_no_more() {
    let (server, lena) = set(Limits::default()).await;
    let mut wire = Wire::open(server.address(), &lena, &[]).await;
    let streams = (0..300).map(|number| 1 + 2 * number);
    let frames: Vec<u8> = streams.flat_map(|stream| wire.get(stream, "/api/events")).collect();
    wire.write(&frames).await;
    let (mut answered, mut refused) = (0, 0);
    while answered + refused < 300 {
        match wire.read().await {
            Some(Frame { kind: HEADERS, payload, .. }) => {
                assert_eq!(payload.first(), Some(&STATUS_200));
                answered += 1;
            }
            Some(Frame { kind: RST_STREAM, .. }) => refused += 1,
            Some(Frame { kind: GOAWAY, .. }) | None => break,
            Some(_) => {}
        }
        assert!(answered <= 100, "{answered} streams at once");
    }
    is_served(&lena).await;
}

#[tokio::test]
async fn heads_without_end_are_not_kept() {
    let (server, lena) = set(Limits::default()).await;
    let mut wire = Wire::open(server.address(), &lena, &[]).await;
    let mut listened = wire.write(&frame(HEADERS, END_STREAM, 1, &block(GET, "/codex", &[]))).await;
    let value = "y".repeat(100);
    let more = fields(&[("x", value.as_str()); 120]);
    let mut sent = 0;
    while listened {
        listened = wire.write(&frame(CONTINUATION, 0, 1, &more)).await;
        sent += more.len();
        assert!(sent < 64 * 1024 * 1024, "it reads on for ever");
    }
    is_served(&lena).await;
}

#[tokio::test]
async fn heads_that_stop_are_cut() {
    let limits = Limits { idle: Duration::from_secs(2), ..Limits::default() };
    let (server, lena) = set(limits.clone()).await;
    for before in [false, true] {
        let began = Instant::now();
        let mut wire = Wire::open(server.address(), &lena, &[]).await;
        if before {
            wire.write(&wire.get(1, "/codex")).await;
        }
        let head = block(GET, "/codex", &[]);
        wire.write(&frame(HEADERS, END_STREAM, 3, &head)).await;
        wire.rest().await;
        let least = if before { limits.idle } else { limits.headers };
        assert!(began.elapsed() >= least, "{:?}", began.elapsed());
    }
    is_served(&lena).await;
}

#[tokio::test]
async fn windows_that_stay_shut_are_cut() {
    let limits = Limits { idle: Duration::from_secs(2), ..Limits::default() };
    let (server, lena) = set(limits.clone()).await;
    let began = Instant::now();
    // SETTINGS_INITIAL_WINDOW_SIZE: nobody may send a byte of a body.
    let mut wire = Wire::open(server.address(), &lena, &[0, 4, 0, 0, 0, 0]).await;
    let streams = (0..100).map(|number| 1 + 2 * number);
    let frames: Vec<u8> = streams.flat_map(|stream| wire.get(stream, "/codex?days=14")).collect();
    wire.write(&frames).await;
    let frames = wire.rest().await;
    assert!(began.elapsed() >= limits.idle);
    assert!(frames.iter().all(|frame| frame.kind != DATA || frame.payload.is_empty()));
    is_served(&lena).await;
}

#[tokio::test]
async fn bodies_that_stop_are_refused() {
    let limits = Limits { body_idle: Duration::from_secs(2), ..Limits::default() };
    let (server, lena) = set(limits.clone()).await;
    let began = Instant::now();
    let mut wire = Wire::open(server.address(), &lena, &[]).await;
    let others = [("authorization", wire.token.as_str()), ("content-type", "application/json")];
    let head = frame(HEADERS, END_HEADERS, 1, &block(POST, "/api/tasks", &others));
    wire.write(&[head, frame(DATA, 0, 1, b"{")].concat()).await;
    loop {
        let frame = wire.read().await.expect("it is answered");
        if frame.kind == DATA && frame.stream == 1 {
            assert!(String::from_utf8_lossy(&frame.payload).contains("\"code\":\"too_slow\""));
            break;
        }
    }
    assert!(began.elapsed() >= limits.body_idle);
    // The connection goes on for other streams.
    wire.write(&wire.get(3, "/livez")).await;
    while !wire.read().await.is_some_and(|frame| frame.stream == 3 && frame.payload == b"{\"ok\":true}") {}
    is_served(&lena).await;
}
