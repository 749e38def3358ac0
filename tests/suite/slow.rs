//! Clients that take their time: hundreds of each kind, from several addresses, are cut when their time is over and not
//! before, and meanwhile somebody at another address is answered every time.
//!
//! Times are the real ones where they are short. That a connection is cut is only compared with the time that it had;
//! how much longer it takes is the machine's affair.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use codexmiroir::http::listen::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};

use crate::harness::{Answer, Start, TestServer, TestUser, at_once};

/// Clients of a kind, and the addresses that they come from.
const CLIENTS: usize = 500;
const ADDRESSES: usize = 5;

/// Who is still connected then hangs.
const GUARD: Duration = Duration::from_secs(90);

const LIVEZ: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Both ends of every connection are in this process.
fn allow_many_sockets() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}

/// `127.0.1.n`: no other test comes from there.
fn local(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 1, u8::try_from(number).unwrap())
}

async fn connect_from(local: Ipv4Addr, server: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(IpAddr::V4(local), 0)).unwrap();
    socket.connect(server).await.unwrap()
}

/// Somebody who asks all the time, each second time on a new connection, and is answered.
struct Honest {
    stop: watch::Sender<bool>,
    asking: JoinHandle<usize>,
}

impl Honest {
    fn start(server: &TestServer, lena: &TestUser) -> Honest {
        let (stop, stopped) = watch::channel(false);
        let (url, token) = (server.url(""), lena.token.clone());
        let client = reqwest::Client::builder().local_address(IpAddr::V4(local(200))).timeout(GUARD);
        let kept = client.build().unwrap();
        let asking = tokio::spawn(async move {
            let mut answered = 0;
            while !*stopped.borrow() {
                let fresh = reqwest::Client::builder().local_address(IpAddr::V4(local(201))).timeout(GUARD).build();
                for client in [&kept, &fresh.unwrap()] {
                    let codex = Answer::of(client.get(format!("{url}/codex")).bearer_auth(&token)).await;
                    assert_eq!(codex.status, 200);
                    let tags = json!({"tags": [format!("t{answered}")]});
                    let change = client.patch(format!("{url}/api/tasks/0000")).bearer_auth(&token).json(&tags);
                    assert_eq!(Answer::of(change).await.status, 200);
                    answered += 1;
                }
            }
            answered
        });
        Honest { stop, asking }
    }

    async fn was_answered(self) {
        self.stop.send_replace(true);
        assert!(self.asking.await.unwrap() >= 2);
    }
}

async fn set(limits: Limits) -> (TestServer, TestUser) {
    allow_many_sockets();
    let server = TestServer::start_with(Start { limits, ..Start::default() }).await;
    let lena = server.user("lena").await;
    lena.create(json!({"kategorie": "arbeit"})).await;
    (server, lena)
}

/// How a client writes: these bytes at once, and then those one by one, each second one, as long as there are any.
struct Pace {
    at_once: Vec<u8>,
    slowly: Vec<u8>,
}

/// Has every client write at this pace and wait for the end; none comes before `least`. What each was told.
async fn are_cut(limits: Limits, pace: impl Fn(&TestUser) -> Pace, least: Duration) -> Vec<String> {
    let (server, lena) = set(limits).await;
    let honest = Honest::start(&server, &lena);
    let Pace { at_once: first, slowly } = pace(&lena);
    let (first, slowly) = (Arc::new(first), Arc::new(slowly));
    let address = server.address();
    let clients = (0..CLIENTS).map(|number| {
        let (first, slowly) = (Arc::clone(&first), Arc::clone(&slowly));
        async move {
            let began = Instant::now();
            let stream = connect_from(local(1 + number % ADDRESSES), address).await;
            let (mut reading, mut writing) = stream.into_split();
            writing.write_all(&first).await.unwrap();
            let dribble = async {
                let mut pace = interval(Duration::from_secs(1));
                for byte in slowly.iter() {
                    pace.tick().await;
                    if writing.write_all(&[*byte]).await.is_err() {
                        break;
                    }
                }
                std::future::pending::<()>().await;
            };
            let mut said = Vec::new();
            let read = async { drop(reading.read_to_end(&mut said).await) };
            let end = async {
                tokio::select! { () = dribble => {}, () = read => {} }
            };
            timeout(GUARD, end).await.expect("the connection is cut");
            let lasted = began.elapsed();
            assert!(lasted >= least, "cut after {lasted:?}, but it had {least:?}");
            String::from_utf8_lossy(&said).into_owned()
        }
    });
    let said = at_once(clients).await;
    honest.was_answered().await;
    said
}

fn post(lena: &TestUser, length: usize) -> Vec<u8> {
    let token = &lena.token;
    format!(
        "POST /api/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nAccept-Language: de\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{{\"ka"
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_clients_are_cut() {
    let pace = |_: &TestUser| Pace { at_once: Vec::new(), slowly: Vec::new() };
    let limits = Limits::default();
    let least = limits.first_byte;
    assert_eq!(least, Duration::from_secs(5));
    let said = are_cut(limits, pace, least).await;
    assert!(said.iter().all(String::is_empty));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_of_a_byte_a_second_are_cut() {
    let slowly = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    let pace = |_: &TestUser| Pace { at_once: Vec::new(), slowly: slowly.to_vec() };
    let limits = Limits::default();
    let least = limits.headers;
    assert_eq!(least, Duration::from_secs(5));
    let said = are_cut(limits, pace, least).await;
    assert!(said.iter().all(String::is_empty));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_stop_are_cut() {
    let pace = |lena: &TestUser| Pace { at_once: post(lena, 1000), slowly: Vec::new() };
    let limits = Limits::default();
    let least = limits.body_idle;
    assert_eq!(least, Duration::from_secs(10));
    for said in are_cut(limits, pace, least).await {
        assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("\"code\":\"too_slow\""), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_of_a_byte_a_second_are_cut() {
    assert_eq!(Limits::default().body_total, Duration::from_secs(60));
    let pace = |lena: &TestUser| Pace { at_once: post(lena, 1000), slowly: vec![b'x'; 900] };
    let limits = Limits { body_total: Duration::from_secs(4), ..Limits::default() };
    let least = limits.body_total;
    for said in are_cut(limits, pace, least).await {
        assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("\"code\":\"too_slow\""), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_without_another_request_are_closed() {
    let pace = |_: &TestUser| Pace { at_once: LIVEZ.to_vec(), slowly: Vec::new() };
    let limits = Limits { idle: Duration::from_secs(2), ..Limits::default() };
    let least = limits.idle;
    for said in are_cut(limits, pace, least).await {
        assert!(said.starts_with("HTTP/1.1 200 ") && said.ends_with("{\"ok\":true}"), "{said}");
    }
}

/// Connects, asks, and is answered; the connection stays open. `None` when the house is full.
async fn seat(local: Ipv4Addr, server: SocketAddr) -> Option<TcpStream> {
    let mut stream = connect_from(local, server).await;
    // Who is turned away may be so before anything is written.
    let _ = stream.write_all(LIVEZ).await;
    let mut said = Vec::new();
    while !said.ends_with(b"{\"ok\":true}") {
        match timeout(GUARD, stream.read_buf(&mut said)).await.expect("an answer or the end") {
            Ok(1..) => {}
            Ok(0) | Err(_) => {
                assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 503 "), "{}", String::from_utf8_lossy(&said));
                return None;
            }
        }
    }
    Some(stream)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_nothing_gives_the_seats_back() {
    let limits = Limits { idle: Duration::from_secs(5), connections_per_address_max: 32, ..Limits::default() };
    let (server, lena) = set(limits).await;
    let files = (0..500).map(|number| {
        let text = format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n# Aufgabe {number}\n");
        (format!("{number:04}.md"), text.into_bytes())
    });
    server.import_files(&lena, files.collect()).await;
    let honest = Honest::start(&server, &lena);
    // More than both ends keep for a client that reads nothing.
    let ask = format!("GET /codex HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", lena.token);
    let asked = Arc::new(ask.repeat(400));
    let address = server.address();
    let seated = at_once((0..32).map(|_| seat(local(30), address))).await;
    let unread = seated.into_iter().map(|stream| {
        let (mut stream, asked) = (stream.expect("a seat"), Arc::clone(&asked));
        tokio::spawn(async move {
            // The server stops taking requests once it cannot answer.
            let _ = timeout(GUARD, stream.write_all(asked.as_bytes())).await;
            stream
        })
    });
    let unread: Vec<_> = unread.collect();
    assert!(seat(local(30), server.address()).await.is_none(), "every seat is taken");
    let free = async { while seat(local(30), server.address()).await.is_none() {} };
    timeout(GUARD, free).await.expect("the seats are given back");
    honest.was_answered().await;
    for stream in unread {
        stream.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_house_has_1024_seats_and_an_address_128() {
    let limits = Limits { is_proxy: Arc::new(|ip| ip == IpAddr::V4(local(50))), ..Limits::default() };
    assert_eq!((limits.connections_max, limits.connections_per_address_max), (1024, 128));
    let (server, lena) = set(limits).await;
    // The one that made the users and the task has let go of its own.
    drop(lena);
    let address = server.address();
    let mut taken = Vec::new();
    for number in 0..5 {
        for _ in 0..128 {
            taken.push(seat(local(40 + number), address).await.expect("a seat"));
        }
        assert!(seat(local(40 + number), address).await.is_none(), "an address has 128");
    }
    // A proxy speaks for many.
    let mut proxied = Vec::new();
    while let Some(stream) = seat(local(50), address).await {
        proxied.push(stream);
    }
    let kept_by_the_harness = 1;
    assert!((384 - kept_by_the_harness..=384).contains(&proxied.len()), "the house has {}", 640 + proxied.len());
    assert!(seat(local(60), address).await.is_none(), "the house is full for everybody");
    drop(taken);
    let again = async { while seat(local(60), address).await.is_none() {} };
    timeout(GUARD, again).await.expect("seats are given back");
}
