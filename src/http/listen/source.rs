//! Where connections come from: the network, or this machine by ways that only the data directory's owner has.

use std::fmt;
use std::io::{self, Write};
use std::net::{self, IpAddr, Shutdown, SocketAddr};
use std::os::unix;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc;

/// What a full house says without having heard the question.
const FULL_HOUSE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nRetry-After: 5\r\n\
    Connection: close\r\nContent-Length: 22\r\n\r\nToo many connections.\n";

/// Something that connections come out of.
#[derive(Debug)]
pub enum Listener {
    Network(TcpListener),
    /// Whoever can open its file is the administrator.
    Control(UnixListener),
    /// Connections from within this process.
    Inside(mpsc::Receiver<DuplexStream>),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Listener {
        Listener::Network(listener)
    }
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// As the socket has it, IPv4 always as IPv4.
    Network(SocketAddr),
    /// Whoever may open the data directory.
    Control,
}

impl Peer {
    pub fn ip(self) -> Option<IpAddr> {
        match self {
            Peer::Network(address) => Some(address.ip()),
            Peer::Control => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Network(address) => address.fmt(f),
            Peer::Control => f.write_str("control"),
        }
    }
}

/// The bytes of a connection that did not come by the network. One type for all of them: only the network's have to
/// be fast.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection that was taken, out of the runtime of whoever took it: it is to live in that of its thread.
pub(super) enum Accepted {
    Network(net::TcpStream, SocketAddr),
    Control(unix::net::UnixStream),
    Inside(DuplexStream),
}

impl Listener {
    /// The next connection. Waits for good once nobody can open one from within any more.
    pub(super) async fn accept(&mut self) -> io::Result<Accepted> {
        match self {
            Listener::Network(listener) => {
                let (stream, peer) = listener.accept().await?;
                let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                Ok(Accepted::Network(stream.into_std()?, peer))
            }
            Listener::Control(listener) => Ok(Accepted::Control(listener.accept().await?.0.into_std()?)),
            Listener::Inside(queue) => match queue.recv().await {
                Some(stream) => Ok(Accepted::Inside(stream)),
                None => std::future::pending().await,
            },
        }
    }
}

impl Accepted {
    pub(super) fn peer(&self) -> Peer {
        match self {
            Accepted::Network(_, peer) => Peer::Network(*peer),
            Accepted::Control(_) | Accepted::Inside(_) => Peer::Control,
        }
    }

    /// Says 503 if the socket takes it, and closes. Neither reads nor waits.
    pub(super) fn turn_away(self) {
        match self {
            Accepted::Network(mut stream, _) => {
                let _ = stream.write(FULL_HOUSE);
                let _ = stream.shutdown(Shutdown::Write);
            }
            Accepted::Control(mut stream) => {
                let _ = stream.write(FULL_HOUSE);
                let _ = stream.shutdown(Shutdown::Write);
            }
            // This process alone is at the other end, and it does not open as many.
            Accepted::Inside(_) => {}
        }
    }
}
