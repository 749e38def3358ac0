//! Requests that are answered at once, beside others on the same connection. What is answered at once says so here, so
//! that each test sees which way it went.

use std::pin::Pin;

use super::*;

/// What is answered at once when it comes alone.
const SHORT: &[u8] = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// The same with an answer that no socket takes in one piece.
const LARGE: &[u8] = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
const PANIC: &[u8] = b"GET /hello HTTP/1.1\r\nHost: localhost\r\nPanic: at once\r\n\r\n";
const LARGE_BYTES: usize = 16 * MEGABYTE;

struct Quick {
    times: (Duration, Duration),
    gate: Arc<Gate>,
}

impl Handler for Quick {
    type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

    fn answer(self: &Arc<Self>, request: Request<Incoming>, _peer: Peer) -> Self::Answering {
        if request.uri().path() == "/large" {
            return Box::pin(std::future::ready(Response::new(Body::full(vec![b'l'; LARGE_BYTES]))));
        }
        Box::pin(respond(request, self.times, Arc::clone(&self.gate)))
    }

    fn answer_at_once(&self, request: &[u8], _peer: Peer, head: &mut Vec<u8>) -> Option<Bytes> {
        head.extend_from_slice(b"HTTP/1.1 200 OK\r\ncontent-length: ");
        let body = match request {
            SHORT => Bytes::from_static(b"short"),
            LARGE => vec![b's'; LARGE_BYTES].into(),
            PANIC => panic!("as asked"),
            _ => return None,
        };
        head.extend_from_slice(format!("{}\r\n\r\n", body.len()).as_bytes());
        Some(body)
    }
}

async fn quick(limits: Limits) -> House {
    let gate = Arc::new(Gate::default());
    let handler = Quick { times: (limits.body_idle, limits.body_total), gate: Arc::clone(&gate) };
    open_with(limits, gate, handler).await
}

impl House {
    /// A connection whose first request was answered. That one is never alone: its first bytes are looked at to tell
    /// which HTTP it is.
    async fn used(&self) -> TcpStream {
        let mut stream = self.ask(HELLO).await;
        stream.set_nodelay(true).unwrap();
        assert!(one(&mut stream).await.ends_with("hello"));
        stream
    }
}

async fn said(stream: &mut TcpStream, bytes: &[u8]) -> String {
    stream.write_all(bytes).await.unwrap();
    body_of(&one(stream).await)
}

fn body_of(answer: &str) -> String {
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[tokio::test]
async fn a_request_alone_is_answered_at_once_and_others_are_not() {
    let house = quick(patient()).await;
    let mut stream = house.used().await;
    for _ in 0..3 {
        assert_eq!(said(&mut stream, SHORT).await, "short");
    }
    let other = b"GET /hello HTTP/1.1\r\nHost: localhost\r\nA: b\r\n\r\n";
    assert_eq!(said(&mut stream, other).await, "hello");
    assert_eq!(said(&mut stream, SHORT).await, "short", "hyper has done with it");
    // One that closes is answered by hyper, which closes.
    stream.write_all(&[SHORT, LAST_HELLO].concat()).await.unwrap();
    assert_eq!(rest(&mut stream).await.matches("\r\n\r\nhello").count(), 2);
    // Who has said all may still listen.
    let mut stream = house.used().await;
    stream.write_all(SHORT).await.unwrap();
    stream.shutdown().await.unwrap();
    assert!(rest(&mut stream).await.ends_with("\r\n\r\nshort"));
    house.close().await;
}

#[tokio::test]
async fn a_request_in_two_pieces_is_answered_wherever_it_is_cut() {
    let house = quick(patient()).await;
    let mut stream = house.used().await;
    for at in 1..SHORT.len() {
        stream.write_all(&SHORT[..at]).await.unwrap();
        // Time for the piece to arrive alone.
        sleep(Duration::from_millis(2)).await;
        let answer = said(&mut stream, &SHORT[at..]).await;
        assert!(["hello", "short"].contains(&answer.as_str()), "{at}: {answer}");
        assert_eq!(said(&mut stream, SHORT).await, "short", "{at}");
    }
    house.close().await;
}

#[tokio::test]
async fn requests_in_a_row_are_answered_in_their_order() {
    let house = quick(patient()).await;
    let mut stream = house.used().await;
    let post = b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nfour";
    for (row, answers) in [
        (&[SHORT, SHORT][..], &["hello", "hello"][..]),
        (&[SHORT, post, SHORT], &["hello", "four", "hello"]),
        (&[post, SHORT], &["four", "hello"]),
        (&[b"\r\n", SHORT], &["hello"]),
    ] {
        stream.write_all(&row.concat()).await.unwrap();
        for answer in answers {
            let got = body_of(&one(&mut stream).await);
            // How the network cuts a row is its own affair.
            assert!(got == *answer || (*answer == "hello" && got == "short"), "{answer}: {got}");
        }
        assert_eq!(said(&mut stream, SHORT).await, "short");
        assert_eq!(said(&mut stream, post).await, "four");
        assert_eq!(said(&mut stream, SHORT).await, "short");
    }
    house.close().await;
}

#[tokio::test]
async fn what_looks_like_a_request_within_another_is_none() {
    let house = quick(patient()).await;
    let text = String::from_utf8_lossy(SHORT);
    let known = format!("POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", SHORT.len() * 2);
    let chunked = "POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    let size = format!("{:x}\r\n", SHORT.len() * 2);
    for (pieces, ends) in [
        (&[known.as_bytes(), SHORT, SHORT][..], false),
        (&[chunked.as_bytes(), size.as_bytes(), SHORT, SHORT, b"\r\n0\r\n\r\n"], true),
    ] {
        let mut stream = house.used().await;
        for piece in pieces {
            stream.write_all(piece).await.unwrap();
            sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(body_of(&one(&mut stream).await), format!("{text}{text}"));
        if ends {
            assert_eq!(rest(&mut stream).await, "");
        } else {
            assert_eq!(said(&mut stream, SHORT).await, "short");
        }
    }
    // In a head it is a value and a host.
    let mut stream = house.used().await;
    stream.write_all(b"GET /hello HTTP/1.1\r\nX: ").await.unwrap();
    sleep(Duration::from_millis(5)).await;
    assert_eq!(said(&mut stream, SHORT).await, "hello");
    assert_eq!(said(&mut stream, SHORT).await, "short");
    // Nor is the body one that nobody reads, before and behind the answer.
    let unread = format!("POST /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", SHORT.len() * 2);
    let mut stream = house.used().await;
    for piece in [unread.as_bytes(), SHORT, SHORT] {
        let _ = stream.write_all(piece).await;
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(body_of(&one(&mut stream).await), "hello");
    assert_eq!(rest_until_quiet(&mut stream).await, "", "one request has one answer");
    drop(stream);
    house.close().await;
}

/// All that comes until the end, or until nothing has come for long.
async fn rest_until_quiet(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while let Ok(Ok(1..)) = timeout(Duration::from_millis(300), stream.read_buf(&mut bytes)).await {}
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn nothing_overtakes_an_answer_that_is_made_or_on_its_way() {
    let house = quick(patient()).await;
    let mut stream = house.used().await;
    stream.write_all(WAIT).await.unwrap();
    house.gate.entered.notified().await;
    stream.write_all(SHORT).await.unwrap();
    sleep(BRIEF).await;
    house.gate.open.notify_one();
    assert_eq!(body_of(&one(&mut stream).await), "waited");
    assert_eq!(body_of(&one(&mut stream).await), "short", "it was not read before");
    // Not more of it than the socket holds is taken before the client reads; by hyper, which looks for the next request
    // meanwhile if this one's body went unread, and at once.
    let by_hyper = b"GET /large HTTP/1.1\r\nHost: localhost\r\nA: b\r\n\r\n";
    let unread = b"POST /large HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nfour";
    for (request, letter) in [(&by_hyper[..], "l"), (unread, "l"), (LARGE, "s")] {
        stream.write_all(request).await.unwrap();
        sleep(BRIEF).await;
        stream.write_all(SHORT).await.unwrap();
        sleep(BRIEF).await;
        assert_eq!(body_of(&one(&mut stream).await), letter.repeat(LARGE_BYTES));
        let behind = body_of(&one(&mut stream).await);
        assert!(["hello", "short"].contains(&behind.as_str()), "{behind}");
    }
    assert_eq!(said(&mut stream, SHORT).await, "short");
    house.close().await;
}

#[tokio::test]
async fn who_does_not_take_an_answer_is_cut() {
    let limits = Limits { headers: BRIEF, idle: BRIEF * 2, ..patient() };
    let house = quick(limits.clone()).await;
    let mut stream = house.used().await;
    stream.write_all(LARGE).await.unwrap();
    in_time(async {
        while limits.counts.open.get() > 0 {
            sleep(BRIEF).await;
        }
    })
    .await;
    assert!(rest(&mut stream).await.len() < LARGE_BYTES);
    house.close().await;
}

#[tokio::test]
async fn between_answers_there_is_the_time_between_requests() {
    let house = quick(Limits { first_byte: BRIEF, headers: BRIEF, idle: BRIEF * 25, ..patient() }).await;
    let mut stream = house.used().await;
    for _ in 0..3 {
        assert_eq!(said(&mut stream, SHORT).await, "short");
        sleep(BRIEF * 3).await;
    }
    let began = Instant::now();
    assert_eq!(said(&mut stream, SHORT).await, "short");
    assert_eq!(rest(&mut stream).await, "");
    assert!(began.elapsed() >= BRIEF * 25);
    house.close().await;
}

#[tokio::test]
async fn a_shutdown_sees_an_answer_out() {
    let house = quick(patient()).await;
    let (mut idle, mut stream) = (house.used().await, house.used().await);
    assert_eq!(said(&mut idle, SHORT).await, "short");
    stream.write_all(LARGE).await.unwrap();
    sleep(BRIEF).await;
    house.stop.send(()).unwrap();
    assert_eq!(rest(&mut idle).await, "");
    assert!(!house.served.is_finished());
    assert!(rest(&mut stream).await.ends_with(&"s".repeat(LARGE_BYTES)));
    in_time(house.served).await.unwrap();
}

#[tokio::test]
async fn a_panic_is_answered_the_long_way() {
    let house = quick(patient()).await;
    let mut stream = house.used().await;
    assert_eq!(said(&mut stream, PANIC).await, "hello");
    assert_eq!(said(&mut stream, SHORT).await, "short");
    house.close().await;
}

#[tokio::test]
async fn http2_has_no_shortcut() {
    let house = quick(patient()).await;
    let mut stream = house.ask(&h2_request("/hello", 0)).await;
    assert_eq!(h2_status(&mut stream).await, Some(0x88));
    stream.write_all(SHORT).await.unwrap();
    assert!(!rest(&mut stream).await.contains("short"));
    house.close().await;
}
