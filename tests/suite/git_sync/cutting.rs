//! A way to a host that is cut, or tells, once so many bytes more have gone along it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// What happens at a byte.
enum Then {
    /// The connection that it goes along ends before it.
    Cut,
    /// Somebody learns of it; the byte goes on.
    Tell(oneshot::Sender<()>),
}

type Armed = Arc<Mutex<Option<(usize, Then)>>>;

/// The way, until it is dropped.
pub struct Way {
    /// Where it begins, such as `127.0.0.1:4711`.
    pub host: String,
    armed: Armed,
    runtime: Option<Runtime>,
}

impl Way {
    /// To a host, such as `127.0.0.1:4712`.
    pub fn to(host: &str) -> Way {
        let to: SocketAddr = host.parse().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let armed = Armed::default();
        runtime.spawn(carry_all(listener, to, armed.clone()));
        Way { host, armed, runtime: Some(runtime) }
    }

    /// Cuts the connection that the byte after so many more goes along.
    pub fn cut_after(&self, bytes: usize) {
        *self.armed.lock().unwrap() = Some((bytes, Then::Cut));
    }

    /// Is ready once so many bytes more have gone along, in either direction.
    pub fn after(&self, bytes: usize) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        *self.armed.lock().unwrap() = Some((bytes, Then::Tell(sender)));
        receiver
    }

    /// From now on nothing happens.
    pub fn disarm(&self) {
        *self.armed.lock().unwrap() = None;
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_background();
    }
}

async fn carry_all(listener: std::net::TcpListener, to: SocketAddr, armed: Armed) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((from, _)) = listener.accept().await {
        let armed = armed.clone();
        tokio::spawn(async move {
            let Ok(to) = TcpStream::connect(to).await else { return };
            let ((from_read, from_write), (to_read, to_write)) = (from.into_split(), to.into_split());
            // The first that is cut ends both.
            let _ = tokio::try_join!(carry(from_read, to_write, &armed), carry(to_read, from_write, &armed));
        });
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, armed: &Armed) -> io::Result<()> {
    let mut bytes = vec![0; 1 << 14];
    loop {
        let read = from.read(&mut bytes).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        let allowed = pass(armed, read);
        to.write_all(&bytes[..allowed]).await?;
        if allowed < read {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
    }
}

/// How many of these bytes may go on.
fn pass(armed: &Armed, bytes: usize) -> usize {
    let mut armed = armed.lock().unwrap();
    match armed.take() {
        None => bytes,
        Some((left, then)) if left >= bytes => {
            *armed = Some((left - bytes, then));
            bytes
        }
        Some((left, Then::Cut)) => left,
        Some((_, Then::Tell(sender))) => {
            // Who asked may have gone.
            let _ = sender.send(());
            bytes
        }
    }
}

#[tokio::test]
async fn a_way_is_cut_at_its_byte_and_only_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let way = Way::to(&listener.local_addr().unwrap().to_string());
    for (bytes, expected) in [(4, "abcd"), (0, ""), (100, "abcdefgh")] {
        match bytes {
            100 => way.disarm(),
            _ => way.cut_after(bytes),
        }
        let mut here = TcpStream::connect(&way.host).await.unwrap();
        let (mut there, _) = listener.accept().await.unwrap();
        here.write_all(b"abcdefgh").await.unwrap();
        here.shutdown().await.unwrap();
        let mut arrived = String::new();
        there.read_to_string(&mut arrived).await.unwrap();
        assert_eq!(arrived, expected);
    }
    let told = way.after(3);
    let mut here = TcpStream::connect(&way.host).await.unwrap();
    let (mut there, _) = listener.accept().await.unwrap();
    here.write_all(b"abcd").await.unwrap();
    told.await.unwrap();
    let mut arrived = [0; 4];
    there.read_exact(&mut arrived).await.unwrap();
    assert_eq!(&arrived, b"abcd");
}
