//! How a command gets to a data directory's API: through the server that has it, else by having it itself. Either
//! way it speaks the same HTTP, as the administrator.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use super::data_dir::{DataDir, LOOK_AGAIN};
use super::{Serving, StartError, SyncSettings, control, sync_options, system_settings};
use crate::clock::Clock;
use crate::http::listen::{Limits, Listener};
use crate::http::{Gate, Site, SiteOptions};
use crate::service::Service;
use crate::service::rulebook::RuleBook;
use crate::store::Memory;
use crate::worker::Options as WorkerOptions;

/// What a data directory is opened with by a command.
pub struct AccessOptions {
    pub data_dir: PathBuf,
    /// That of the server: what a command seals, the server opens.
    pub key_file: Option<PathBuf>,
    /// Make the directory and the database if they are not there.
    pub create: bool,
    /// Those of the server, so that what a command plans is what the server serves.
    pub rules: RuleBook,
    pub workers: WorkerOptions,
    pub hot_bytes_max: u64,
    pub limits: Limits,
    pub clock: Clock,
    /// That of the server, for a sync by hand.
    pub sync: SyncSettings,
    /// How long another command, or a server that starts or stops, is waited for.
    pub patience: Duration,
}

/// A way to a data directory's API.
pub enum Access {
    /// A server has it.
    Server(DataDir),
    /// This process has it.
    Local(Local),
}

/// A byte stream that speaks HTTP, as the administrator.
pub enum Connection {
    Socket(UnixStream),
    Inside(DuplexStream),
}

/// Bytes that are on their way between the two ends within this process.
const INSIDE_BYTES: usize = 64 * 1024;

/// Connections within this process that may wait to be taken.
const WAITING_MAX: usize = 16;

/// A server without a socket: the gate and the routes on the database, for this process alone.
pub struct Local {
    connections: mpsc::Sender<DuplexStream>,
    serving: Serving,
}

/// Gets to a data directory's API. Whoever has it for a moment, be it another command or a server that starts or
/// stops, is waited for.
///
/// # Errors
/// There is no database and none is to be made; the directory or the database cannot be used; whoever has it does
/// not let go and does not answer.
pub async fn reach(options: AccessOptions) -> Result<Access, StartError> {
    let data_dir = DataDir::at(options.data_dir.clone());
    let memory = Memory::of_command(options.hot_bytes_max);
    let ends = Instant::now() + options.patience;
    loop {
        if answers(&data_dir, ends).await {
            return Ok(Access::Server(data_dir));
        }
        if !options.create && !data_dir.has_database() {
            data_dir.require_place()?;
            return Err(StartError::NoDatabase { path: data_dir.path().display().to_string() });
        }
        match data_dir.try_open(options.create, memory).await {
            Ok(store) => {
                let (store, keyring) = data_dir.with_keyring(store, options.key_file, memory).await?;
                let sync = sync_options(options.sync, data_dir.path())?;
                let service = Service::new(store, options.clock, options.rules, options.workers, keyring, sync);
                return Ok(Access::Local(Local::of(service, options.limits)));
            }
            Err(error) if error.is_in_use() && Instant::now() >= ends => {
                return Err(data_dir.who_has_it().await);
            }
            Err(error) if error.is_in_use() => sleep(LOOK_AGAIN).await,
            Err(error) => return Err(error),
        }
    }
}

/// Whether a server answers on the socket. One that stops may still take a connection, but says no more.
async fn answers(data_dir: &DataDir, ends: Instant) -> bool {
    const ASKED: &[u8] = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let ask = async {
        let mut stream = control::connect(data_dir.path()).await?;
        stream.write_all(ASKED).await?;
        let mut first = [0; 8];
        stream.read_exact(&mut first).await.map(|_| &first == b"HTTP/1.1")
    };
    matches!(timeout_at(ends, ask).await, Ok(Ok(true)))
}

impl Local {
    /// Takes connections when this returns.
    pub(super) fn of(service: std::sync::Arc<Service>, limits: Limits) -> Local {
        let (connections, queue) = mpsc::channel(WAITING_MAX);
        let site = Site::new(SiteOptions {
            service: service.clone(),
            public_url: None,
            limits: limits.clone(),
            metrics_token: None,
            new_user: system_settings(),
            backups: None,
        });
        let gate = Gate::new(site.clone());
        let serving = Serving::start(service, site, gate, limits, vec![Listener::Inside(queue)]);
        Local { connections, serving }
    }

    /// A new connection.
    pub async fn connect(&self) -> io::Result<DuplexStream> {
        let (own, other) = tokio::io::duplex(INSIDE_BYTES);
        self.connections.send(other).await.map_err(io::Error::other)?;
        Ok(own)
    }

    /// Finishes what was begun and closes the database.
    pub async fn stop(self) {
        self.serving.stop(async || {}).await;
    }
}

impl Access {
    /// A new connection.
    ///
    /// # Errors
    /// The server is gone.
    pub async fn connect(&self) -> io::Result<Connection> {
        match self {
            Access::Server(data_dir) => control::connect(data_dir.path()).await.map(Connection::Socket),
            Access::Local(local) => local.connect().await.map(Connection::Inside),
        }
    }

    /// Lets go of it: of a database of its own when everything is written.
    pub async fn stop(self) {
        match self {
            Access::Server(_) => {}
            Access::Local(local) => local.stop().await,
        }
    }
}

impl Connection {
    /// The stream, whichever it is.
    pub fn into_stream(self) -> Box<dyn Duplex> {
        match self {
            Connection::Socket(stream) => Box::new(stream),
            Connection::Inside(stream) => Box::new(stream),
        }
    }
}

/// A stream that can be read and written.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}
