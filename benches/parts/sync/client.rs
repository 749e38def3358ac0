//! The client: one request after the other on a connection that is kept, and an open event stream.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use ring::hmac;
use serde_json::{Value, json};

use super::shared::{Synced, WEBHOOK_SECRET};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection that is kept.
pub struct Client {
    stream: BufReader<TcpStream>,
    token: String,
}

impl Client {
    pub fn of(server: &Synced) -> Client {
        let stream = TcpStream::connect(server.address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client { stream: BufReader::new(stream), token: server.token.clone() }
    }

    pub fn send(&mut self, request: &str, headers: &str, body: &str) {
        let head = format!("{request} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {}\r\n", self.token);
        let content = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        self.stream.get_mut().write_all(format!("{head}{headers}{content}").as_bytes()).unwrap();
    }

    /// The body of the next answer, which must be a good one.
    pub fn answer(&mut self) -> Vec<u8> {
        let (status, length) = self.head();
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        assert!(status.starts_with("HTTP/1.1 200"), "{status}{}", String::from_utf8_lossy(&body));
        body
    }

    fn head(&mut self) -> (String, usize) {
        let (mut status, mut length) = (String::new(), 0);
        self.stream.read_line(&mut status).unwrap();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            if line.trim_end().is_empty() {
                return (status, length);
            }
            if let Some((_, value)) = line.split_once(": ").filter(|(name, _)| *name == "content-length") {
                length = value.trim_end().parse().unwrap();
            }
        }
    }

    /// Asks for a sync of what changed; what it did.
    pub fn sync(&mut self) -> Value {
        self.send("POST /sync?mode=diff", "", "");
        serde_json::from_slice(&self.answer()).unwrap()
    }

    /// Changes a task, and waits until that is pushed.
    pub fn edit(&mut self, number: usize, tag: &str) {
        let body = json!({ "tags": ["bench", tag] }).to_string();
        self.send(&format!("PUT /api/tasks/{number:04}"), "prefer: wait=60\r\n", &body);
        let answer: Value = serde_json::from_slice(&self.answer()).unwrap();
        assert_eq!(answer["gitPushed"], true, "{answer}");
    }

    /// Tells the server that somebody pushed, as a forge does. The answer comes when all is done.
    pub fn send_webhook(&mut self) {
        let body = json!({ "ref": "refs/heads/main" }).to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, WEBHOOK_SECRET.as_bytes());
        let digest = hmac::sign(&key, body.as_bytes());
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let headers = format!("x-github-event: push\r\nx-hub-signature-256: sha256={hex}\r\n");
        self.send("POST /github/webhook", &headers, &body);
    }

    /// Opens the event stream; the generations that it tells of timelines, each with the instant when it came.
    pub fn events(mut self) -> Receiver<(u64, Instant)> {
        self.send("GET /api/events", "", "");
        let (status, _) = self.head();
        assert!(status.starts_with("HTTP/1.1 200"), "{status}");
        let (told, events) = channel();
        std::thread::spawn(move || {
            let mut is_timeline = false;
            for line in self.stream.lines() {
                let Ok(line) = line else { return };
                if let Some(data) = line.strip_prefix("data: ").filter(|_| is_timeline) {
                    let data: Value = serde_json::from_str(data).unwrap();
                    if told.send((data["generation"].as_u64().unwrap(), Instant::now())).is_err() {
                        return;
                    }
                }
                is_timeline = line == "event: timeline";
            }
        });
        events
    }
}
