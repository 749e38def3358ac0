//! The client that every server is measured with: as many connections as asked for, each sending its next request when
//! it has the answer to the last. It runs in another process than the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Threads that the connections are shared among.
const THREADS: usize = 2;

/// What is asked of a server.
#[derive(Clone)]
pub struct Target {
    address: SocketAddr,
    /// Each with the length of its answer to the last byte, where that is always the same.
    requests: Arc<[(Vec<u8>, Option<usize>)]>,
    /// How a right answer begins.
    begins: &'static [u8],
}

/// What came of it.
#[derive(Clone, Copy)]
pub struct Measured {
    pub per_second: f64,
    pub p99: Duration,
}

impl Target {
    /// Asks each request once, so that the server is warm and the lengths are known.
    pub fn learn(address: SocketAddr, requests: Vec<Vec<u8>>, begins: &'static [u8]) -> Target {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let learned = runtime.block_on(async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let mut learned = Vec::new();
            for request in requests {
                stream.write_all(&request).await.unwrap();
                let length = whole(&mut stream, begins).await;
                learned.push((request, Some(length)));
            }
            learned
        });
        Target { address, requests: learned.into(), begins }
    }

    /// Requests whose answers differ; each connection sends one of them, again and again.
    pub fn writes(address: SocketAddr, requests: Vec<Vec<u8>>) -> Target {
        let requests = requests.into_iter().map(|request| (request, None)).collect();
        Target { address, requests, begins: b"HTTP/1.1 200" }
    }

    /// One round: `each` requests on each connection.
    pub fn load(&self, connections: usize, each: usize) -> Measured {
        let begun = Instant::now();
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let target = self.clone();
                std::thread::spawn(move || {
                    let mine = (thread..connections).step_by(THREADS);
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(async {
                        let clients: Vec<_> = mine.map(|one| tokio::spawn(client(target.clone(), one, each))).collect();
                        let mut times = Vec::new();
                        for client in clients {
                            times.extend(client.await.unwrap());
                        }
                        times
                    })
                })
            })
            .collect();
        let mut times: Vec<Duration> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        let took = begun.elapsed();
        times.sort();
        Measured { per_second: times.len() as f64 / took.as_secs_f64(), p99: times[times.len() * 99 / 100] }
    }
}

/// One connection. Where answers are always the same it asks for all of them in turn, from a place of its own on.
async fn client(target: Target, number: usize, each: usize) -> Vec<Duration> {
    let mut stream = TcpStream::connect(target.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 128 * 1024];
    let mut times = Vec::with_capacity(each);
    for turn in 0..each {
        let all = &target.requests;
        let (request, length) = &all[number % all.len()];
        let begun = Instant::now();
        let Some(_) = length else {
            stream.write_all(request).await.unwrap();
            whole(&mut stream, target.begins).await;
            times.push(begun.elapsed());
            continue;
        };
        let (request, length) = &all[(number * 31 + turn) % all.len()];
        stream.write_all(request).await.unwrap();
        let mut read = 0;
        while Some(read) < *length {
            let count = stream.read(&mut buffer[read..]).await.unwrap();
            assert!(count > 0, "the server closed the connection");
            read += count;
        }
        assert!(
            Some(read) == *length && buffer.starts_with(target.begins),
            "{}",
            String::from_utf8_lossy(&buffer[..read])
        );
        times.push(begun.elapsed());
    }
    times
}

/// Reads one answer of HTTP/1.1 or of Redis by its own words; its length in bytes.
async fn whole(stream: &mut TcpStream, begins: &[u8]) -> usize {
    let mut buffer = Vec::new();
    let (head, end) = if begins.starts_with(b"HTTP") { (&b"\r\n\r\n"[..], 0) } else { (&b"\r\n"[..], 2) };
    let at = loop {
        assert!(stream.read_buf(&mut buffer).await.unwrap() > 0, "the server closed the connection");
        if let Some(at) = buffer.windows(head.len()).position(|window| window == head) {
            break at + head.len();
        }
    };
    let text = String::from_utf8_lossy(&buffer[..at]).to_ascii_lowercase();
    assert!(buffer.starts_with(begins), "{text}");
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ").or(line.strip_prefix('$')));
    let length = at + end + length.map_or(0, |length| length.trim().parse().unwrap());
    let length = if begins.ends_with(b"304") { at } else { length };
    while buffer.len() < length {
        assert!(stream.read_buf(&mut buffer).await.unwrap() > 0, "the server closed the connection");
    }
    length
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
