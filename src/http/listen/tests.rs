//! A real server on a port of its own for each test, and clients that write bytes.

mod shortcut;
mod watched;

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::body::{Body as HttpBody, Frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::http::body::{self, BodyError};
use crate::http::fields::Fields;
use crate::http::head::read_head;

const MEGABYTE: usize = 1024 * 1024;
const HELLO: &[u8] = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST_HELLO: &[u8] = b"GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const WAIT: &[u8] = b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n";
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Longer than any test: what must not happen.
const NEVER: Duration = Duration::from_secs(60);
const BRIEF: Duration = Duration::from_millis(60);

/// What a test and its handlers tell each other.
#[derive(Default)]
struct Gate {
    entered: Notify,
    open: Notify,
    dropped: Notify,
}

/// Tells of its end, however that comes.
struct Held(Arc<Gate>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.dropped.notify_one();
    }
}

/// Kilobytes without end.
struct Endless {
    _held: Held,
}

impl HttpBody for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[0; 1024])))))
    }
}

struct House {
    address: SocketAddr,
    gate: Arc<Gate>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Threads>,
}

fn patient() -> Limits {
    Limits {
        first_byte: NEVER,
        headers: NEVER,
        idle: NEVER,
        body_idle: NEVER,
        body_total: NEVER,
        drain: NEVER,
        ..Limits::default()
    }
}

async fn open(limits: Limits) -> House {
    let gate = Arc::new(Gate::default());
    let (times, behind) = ((limits.body_idle, limits.body_total), Arc::clone(&gate));
    let handler = move |request: Request<Incoming>, _peer: Peer| Box::pin(respond(request, times, Arc::clone(&behind)));
    open_with(limits, gate, handler).await
}

async fn open_with<H: Handler>(limits: Limits, gate: Arc<Gate>, handler: H) -> House {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(serve(vec![listener.into()], limits, Arc::new(handler), async { drop(stopped.await) }));
    House { address, gate, stop, served }
}

async fn respond(request: Request<Incoming>, times: (Duration, Duration), gate: Arc<Gate>) -> Response<Body> {
    let status = |status| Response::builder().status(status).body(Body::empty()).unwrap();
    if let Err(wrong) = read_head(&request, &Fields::of(request.headers())) {
        return status(wrong.status());
    }
    match request.uri().path() {
        "/hello" => Response::new(Body::full("hello")),
        "/wait" => {
            let _held = Held(Arc::clone(&gate));
            gate.entered.notify_one();
            gate.open.notified().await;
            Response::new(Body::full("waited"))
        }
        "/watched" => watched::answer(gate),
        "/endless" => Response::new(Body::frames(Endless { _held: Held(gate) })),
        "/body" => match body::read(request.into_body(), MEGABYTE, times.0, times.1).await {
            Ok(bytes) => Response::new(Body::full(bytes)),
            Err(BodyError::TooLarge { .. }) => status(StatusCode::PAYLOAD_TOO_LARGE),
            Err(BodyError::IdleTimeout | BodyError::TotalTimeout) => status(StatusCode::REQUEST_TIMEOUT),
            Err(BodyError::Cut) => status(StatusCode::BAD_REQUEST),
        },
        "/panic" => panic!("as asked"),
        _ => status(StatusCode::NOT_FOUND),
    }
}

impl House {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn ask(&self, request: &[u8]) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(request).await.unwrap();
        stream
    }

    /// Stops, and waits until all is over.
    async fn close(self) {
        self.stop.send(()).unwrap();
        in_time(self.served).await.unwrap();
    }
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), future).await.expect("in time")
}

/// All that comes until the end; a reset is one, too.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = in_time(stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One answer with a Content-Length, and no byte more.
async fn one(stream: &mut TcpStream) -> String {
    let head = head(stream).await.to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    in_time(stream.read_exact(&mut body)).await.unwrap();
    head + String::from_utf8(body).unwrap().as_str()
}

fn h2_request(path: &str, fields: usize) -> Vec<u8> {
    let mut block = vec![0x82, 0x86, 0x41, 9];
    block.extend_from_slice(b"localhost");
    block.extend_from_slice(&[0x04, u8::try_from(path.len()).unwrap()]);
    block.extend_from_slice(path.as_bytes());
    let letter = |index: usize| b'a' + u8::try_from(index).unwrap();
    for field in 0..fields {
        block.extend_from_slice(&[0, 3, b'x', letter(field / 26), letter(field % 26), 1, b'1']);
    }
    let mut bytes = [PREFACE, &[0, 0, 0, 4, 0, 0, 0, 0, 0], &[0]].concat();
    bytes.extend_from_slice(&u16::try_from(block.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(&[1, 5, 0, 0, 0, 1]);
    [bytes, block].concat()
}

/// The first byte of stream 1's header block: 0x88 is 200, 0x8e is 500. `None`: the connection ended.
async fn h2_status(stream: &mut TcpStream) -> Option<u8> {
    loop {
        let mut head = [0; 9];
        in_time(stream.read_exact(&mut head)).await.ok()?;
        let mut payload = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
        in_time(stream.read_exact(&mut payload)).await.ok()?;
        if head[3] == 1 {
            return payload.first().copied();
        }
    }
}

/// What an answer that lasts begins with.
async fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(in_time(stream.read_u8()).await.unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_silent_connection_is_cut() {
    let house = open(Limits { first_byte: BRIEF, ..patient() }).await;
    let began = Instant::now();
    assert_eq!(rest(&mut house.connect().await).await, "");
    assert!(began.elapsed() >= BRIEF);
    house.close().await;
}

#[tokio::test]
async fn a_dribbled_head_is_cut() {
    let house = open(Limits { headers: BRIEF, ..patient() }).await;
    let slow_head = b"GET /hello HTTP/1.1\r\nHost: localhost\r\nX: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    for (before, slow) in [(&b""[..], &slow_head[..]), (HELLO, slow_head), (b"", PREFACE)] {
        let mut stream = house.ask(before).await;
        if !before.is_empty() {
            one(&mut stream).await;
        }
        let (mut reader, mut writer) = stream.into_split();
        let mut ended = tokio::spawn(async move { in_time(reader.read(&mut [0])).await.unwrap_or(0) });
        let mut bytes = slow.iter().cycle();
        let read = in_time(async {
            loop {
                tokio::select! {
                    read = &mut ended => break read.unwrap(),
                    () = sleep(BRIEF / 4) => drop(writer.write_u8(*bytes.next().unwrap()).await),
                }
            }
        });
        assert_eq!(read.await, 0, "nothing is answered");
    }
    house.close().await;
}

#[tokio::test]
async fn between_requests_there_is_more_time_but_not_for_ever() {
    let house = open(Limits { headers: BRIEF, idle: BRIEF * 5, ..patient() }).await;
    let began = Instant::now();
    let mut stream = house.ask(HELLO).await;
    one(&mut stream).await;
    assert_eq!(rest(&mut stream).await, "");
    assert!(began.elapsed() >= BRIEF * 5);
    let mut stream = house.ask(&h2_request("/hello", 0)).await;
    assert_eq!(h2_status(&mut stream).await, Some(0x88));
    rest(&mut stream).await;
    house.close().await;
}

#[tokio::test]
async fn a_handler_may_take_longer_than_any_client() {
    let house = open(Limits { headers: BRIEF, idle: BRIEF, ..patient() }).await;
    let mut stream = house.ask(WAIT).await;
    house.gate.entered.notified().await;
    sleep(BRIEF * 4).await;
    house.gate.open.notify_one();
    assert!(one(&mut stream).await.ends_with("waited"));
    house.close().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    let house = open(Limits { headers: BRIEF, idle: BRIEF * 2, ..patient() }).await;
    let _unread = house.ask(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    in_time(house.gate.dropped.notified()).await;
    let _unread = house.ask(&h2_request("/endless", 0)).await;
    in_time(house.gate.dropped.notified()).await;
    house.close().await;
}

#[tokio::test]
async fn a_slow_body_is_cut() {
    let house = open(Limits { body_idle: BRIEF, ..patient() }).await;
    let mut stream = house.ask(b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345").await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 408 "));
    house.close().await;
    let house = open(Limits { body_total: BRIEF, ..patient() }).await;
    let mut stream =
        house.ask(b"POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n").await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 408 "));
    house.close().await;
}

#[tokio::test]
async fn large_heads_are_refused_readably() {
    let house = open(patient()).await;
    let large = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(200 * 1024));
    let many = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: x\r\n".repeat(64));
    for head in [large, many] {
        let mut stream = house.ask(head.as_bytes()).await;
        assert!(rest(&mut stream).await.starts_with("HTTP/1.1 431 "));
    }
    let mut stream = house.ask(&h2_request("/hello", 65)).await;
    assert!(h2_status(&mut stream).await.is_some_and(|status| status != 0x88));
    drop(stream);
    house.close().await;
}

#[tokio::test]
async fn an_address_has_only_so_many_connections() {
    let house = open(Limits { connections_per_address_max: 2, connections_max: 3, ..patient() }).await;
    let mut first = house.ask(HELLO).await;
    let mut second = house.ask(HELLO).await;
    one(&mut first).await;
    one(&mut second).await;
    assert!(rest(&mut house.connect().await).await.ends_with("Too many connections.\n"));
    let from = |address: &str| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(address.parse().unwrap()).unwrap();
        socket.connect(house.address)
    };
    let mut third = from("127.0.0.2:0").await.unwrap();
    third.write_all(HELLO).await.unwrap();
    assert!(one(&mut third).await.ends_with("hello"));
    assert!(rest(&mut from("127.0.0.3:0").await.unwrap()).await.starts_with("HTTP/1.1 503 "));
    drop(first);
    in_time(async { while !rest(&mut house.ask(LAST_HELLO).await).await.ends_with("hello") {} }).await;
    house.close().await;
}

#[tokio::test]
async fn a_proxy_may_have_more() {
    let limits = Limits { connections_per_address_max: 1, is_proxy: Arc::new(|ip| ip.is_loopback()), ..patient() };
    let house = open(limits).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = house.ask(HELLO).await;
        assert!(one(&mut stream).await.ends_with("hello"));
        streams.push(stream);
    }
    house.close().await;
}

#[tokio::test]
async fn connections_are_kept_and_requests_pipelined() {
    let house = open(patient()).await;
    let mut stream = house.ask(HELLO).await;
    assert!(one(&mut stream).await.ends_with("hello"));
    stream.write_all(HELLO).await.unwrap();
    assert!(one(&mut stream).await.ends_with("hello"));
    let body = b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nfour";
    stream.write_all(&[HELLO, body, LAST_HELLO].concat()).await.unwrap();
    let answers = rest(&mut stream).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3);
    assert!(answers.contains("\r\n\r\nfourHTTP/1.1"));
    house.close().await;
}

#[tokio::test]
async fn http2_is_spoken_by_prior_knowledge() {
    let house = open(patient()).await;
    let mut stream = house.ask(&h2_request("/hello", 0)).await;
    assert_eq!(h2_status(&mut stream).await, Some(0x88));
    drop(stream);
    let mut stream = house.ask(&h2_request("/panic", 0)).await;
    assert_eq!(h2_status(&mut stream).await, Some(0x8e));
    drop(stream);
    house.close().await;
}

#[tokio::test]
async fn a_shutdown_lets_requests_finish_and_nobody_in() {
    let house = open(patient()).await;
    let mut idle = house.ask(HELLO).await;
    one(&mut idle).await;
    let mut stream = house.ask(WAIT).await;
    house.gate.entered.notified().await;
    house.stop.send(()).unwrap();
    assert_eq!(rest(&mut idle).await, "", "idle connections end at once");
    assert!(TcpStream::connect(house.address).await.is_err());
    assert!(!house.served.is_finished());
    house.gate.open.notify_one();
    let answer = rest(&mut stream).await.to_lowercase();
    assert!(answer.contains("connection: close") && answer.ends_with("waited"), "{answer}");
    in_time(house.served).await.unwrap();
}

#[tokio::test]
async fn an_idle_client_that_does_not_say_goodbye_holds_nothing_up() {
    let house = open(Limits { headers: BRIEF * 5, ..patient() }).await;
    let mut stream = house.ask(&h2_request("/hello", 0)).await;
    assert_eq!(h2_status(&mut stream).await, Some(0x88));
    house.close().await;
    assert_eq!(h2_status(&mut stream).await, None);
}

#[tokio::test]
async fn a_drain_has_an_end() {
    for request in [WAIT, &h2_request("/wait", 0)] {
        let house = open(Limits { drain: BRIEF, ..patient() }).await;
        let mut stream = house.ask(request).await;
        house.gate.entered.notified().await;
        house.stop.send(()).unwrap();
        in_time(house.served).await.unwrap();
        assert!(!rest(&mut stream).await.contains("waited"));
        in_time(house.gate.dropped.notified()).await;
    }
}

#[tokio::test]
async fn a_panic_is_one_requests_own() {
    let house = open(patient()).await;
    let mut stream = house.ask(b"GET /panic HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(one(&mut stream).await.starts_with("http/1.1 500 "));
    stream.write_all(HELLO).await.unwrap();
    assert!(one(&mut stream).await.ends_with("hello"));
    house.close().await;
}

#[tokio::test]
async fn two_lengths_hide_no_second_request() {
    let house = open(patient()).await;
    let smuggled = String::from_utf8_lossy(HELLO);
    for lengths in
        ["Content-Length: 99\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 99"]
    {
        let request = format!("POST /body HTTP/1.1\r\nHost: localhost\r\n{lengths}\r\n\r\n0\r\n\r\n{smuggled}");
        let answers = rest(&mut house.ask(request.as_bytes()).await).await;
        assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
        assert!(!answers.contains("hello"));
    }
    let differing = b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12";
    assert!(rest(&mut house.ask(differing).await).await.starts_with("HTTP/1.1 400 "));
    let compressed = b"POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n";
    assert!(one(&mut house.ask(compressed).await).await.starts_with("http/1.1 400 "));
    house.close().await;
}

#[tokio::test]
async fn garbage_is_a_bad_request() {
    let house = open(patient()).await;
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET /hello HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nHost localhost\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n",
        b"GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nHost: a\r\nHost: a\r\nConnection: close\r\n\r\n",
    ] {
        let answer = rest(&mut house.ask(garbage).await).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{}: {answer}", String::from_utf8_lossy(garbage));
    }
    house.close().await;
}

#[tokio::test]
async fn a_body_too_large_is_answered_readably() {
    let house = open(patient()).await;
    let post = |length: usize| format!("POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
    let mut stream = house.ask(post(2 * MEGABYTE).as_bytes()).await;
    stream.write_all(&vec![b'x'; 2 * MEGABYTE]).await.unwrap();
    assert!(one(&mut stream).await.starts_with("http/1.1 413 "));
    stream.write_all(HELLO).await.unwrap();
    assert!(one(&mut stream).await.ends_with("hello"), "the connection goes on");
    let mut stream = house.ask(post(100 * MEGABYTE).as_bytes()).await;
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 413 "), "without a byte of it");
    let mut stream = house.ask(post(10 * MEGABYTE).as_bytes()).await;
    stream.write_all(&vec![b'x'; 3 * MEGABYTE]).await.unwrap();
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 413 "), "heard out after the end");
    drop(stream);
    house.close().await;
}
