//! The composition root: the one place that wires store, rules, use cases and HTTP together.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::domain::lang::Lang;
use crate::domain::zone::Zone;
use crate::http::listen::{self, Limits};
use crate::http::{Gate, Site, SiteOptions};
use crate::planning::DAYS_DEFAULT;
use crate::service::error::ServiceError;
use crate::service::rulebook::{RuleBook, RuleFileError};
use crate::service::{Service, demo};
use crate::store::{OpenError, Origin, Settings, Store};

/// The database's file in the data directory.
const DATABASE_FILE: &str = "codexmiroir.redb";
/// Holds the address of the server that has the data directory, for whoever finds it in use.
const ADDRESS_FILE: &str = "server.address";

/// Why the program could not start. Each is one sentence for the person who started it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot use the data directory {path}: {detail}; choose another --data-dir")]
    DataDir { path: String, detail: String },
    #[error(
        "the data directory {path} is in use by the server at http://{address}; stop that one first, or choose another --data-dir"
    )]
    ServerRuns { path: String, address: String },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Rules(#[from] RuleFileError),
    #[error("cannot listen on {address}: {detail}; choose another --listen")]
    Listen { address: SocketAddr, detail: String },
    #[error(
        "the demo is open to everybody who reaches it, so it listens on loopback only; leave out --listen, or use 127.0.0.1"
    )]
    DemoNotLocal,
    #[error("cannot set up the demo: {0}")]
    Demo(#[from] ServiceError),
}

/// A data directory with its database.
pub struct DataDir {
    path: PathBuf,
}

impl DataDir {
    pub fn at(path: PathBuf) -> DataDir {
        DataDir { path }
    }

    /// Whether there is a database, or something in its place, that [`DataDir::open`] would open.
    pub fn has_database(&self) -> bool {
        self.path.join(DATABASE_FILE).exists()
    }

    /// Makes the directory, for its owner alone, and the database in it, if they are not there.
    pub fn open_or_create(&self, hot_bytes_max: u64) -> Result<Store, StartError> {
        let failed = |detail: String| StartError::DataDir { path: self.path.display().to_string(), detail };
        if self.path.exists() && !self.path.is_dir() {
            return Err(failed("it is a file".to_owned()));
        }
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path);
        made.map_err(|error| failed(error.to_string()))?;
        self.open(hot_bytes_max)
    }

    /// Opens the database of a directory that is there. Nobody else can have it open at the same time.
    pub fn open(&self, hot_bytes_max: u64) -> Result<Store, StartError> {
        Store::open(&self.path.join(DATABASE_FILE), hot_bytes_max).map_err(|error| match error {
            OpenError::InUse { .. } => match fs::read_to_string(self.path.join(ADDRESS_FILE)) {
                Ok(address) => {
                    StartError::ServerRuns { path: self.path.display().to_string(), address: address.trim().to_owned() }
                }
                Err(_) => error.into(),
            },
            other => other.into(),
        })
    }

    fn write_address(&self, address: SocketAddr) -> io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.path.join(ADDRESS_FILE))?;
        writeln!(file, "{address}")
    }

    fn remove_address(&self) {
        // It is only looked at while the database is locked; one that stays behind does no harm.
        let _ = fs::remove_file(self.path.join(ADDRESS_FILE));
    }
}

/// What a server is started with.
pub struct ServeOptions {
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    pub rules: RuleBook,
    pub hot_bytes_max: u64,
    /// Host names beside address literals and localhost.
    pub hosts: Vec<String>,
    /// Fill the directory with sample tasks and let everybody on this machine in.
    pub demo: Option<Settings>,
    pub limits: Limits,
    pub clock: Clock,
}

/// A server that accepts connections.
pub struct Running {
    pub address: SocketAddr,
    pub service: Arc<Service>,
    site: Arc<Site>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    data_dir: DataDir,
}

/// Starts a server; it accepts when this returns.
pub async fn start(options: ServeOptions) -> Result<Running, StartError> {
    if options.demo.is_some() && !options.listen.ip().is_loopback() {
        return Err(StartError::DemoNotLocal);
    }
    // A database that is there is opened first: whoever has it is named, rather than the port that it has too.
    // One that is not there is made last: a start that is refused leaves nothing behind.
    let data_dir = DataDir::at(options.data_dir.clone());
    let present = data_dir.has_database().then(|| data_dir.open(options.hot_bytes_max)).transpose()?;
    let failed = |error: io::Error| StartError::Listen { address: options.listen, detail: error.to_string() };
    let listener = listen_on(options.listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let store = present.map_or_else(|| data_dir.open_or_create(options.hot_bytes_max), Ok)?;
    let service = Service::new(store, options.clock, options.rules);
    let open_to = match options.demo {
        Some(settings) => Some(fill_demo(&service, settings).await?),
        None => None,
    };
    let note = data_dir.write_address(address);
    note.map_err(|error| StartError::DataDir {
        path: options.data_dir.display().to_string(),
        detail: error.to_string(),
    })?;

    let limits = options.limits;
    let site =
        Site::new(SiteOptions { service: service.clone(), open_to, hosts: options.hosts, limits: limits.clone() });
    let (stop, stopped) = oneshot::channel();
    let gate = Gate::new(site.clone());
    let handler = move |request, peer| gate.clone().answer(request, peer);
    let serving = tokio::spawn(listen::serve(vec![listener], limits, handler, async {
        // A sender that is gone stops the server too.
        let _ = stopped.await;
    }));
    Ok(Running { address, service, site, stop, serving, data_dir })
}

/// Connections that wait to be accepted. Where there are more, the system forgets some that their clients take for
/// open, so there is room for a crowd that comes at once.
const BACKLOG: u32 = 4096;

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restarted server takes the port of the one before, whose last connections the system still remembers.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Running {
    /// Takes no more connections, finishes what was begun, and leaves the database closed cleanly.
    pub async fn stop(self) {
        self.site.drain();
        let _ = self.stop.send(());
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the accept loop ended badly");
        }
        self.data_dir.remove_address();
        drop(self.site);
        // Changes that were begun are carried to their end by tasks of their own; wait for them to let go.
        let mut service = self.service;
        loop {
            match Arc::try_unwrap(service) {
                Ok(last) => {
                    // Closing waits for the writer, which is no work for an async thread.
                    let _ = tokio::task::spawn_blocking(move || drop(last)).await;
                    return;
                }
                Err(shared) => {
                    service = shared;
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}

async fn fill_demo(
    service: &Arc<Service>,
    settings: Settings,
) -> Result<Arc<crate::service::accounts::Actor>, StartError> {
    let user = service.add_user(demo::USER, false, settings, None).await?;
    let samples = demo::samples(settings.zone.date_of(service.clock().now()));
    let origin = Origin { actor: demo::USER.to_owned(), through: "demo" };
    service.import(user.id, origin, samples, false).await?;
    Ok(service.trusted_actor(&user, "demo"))
}

/// The settings of somebody who chose none: the system's time zone and language.
pub fn system_settings() -> Settings {
    let zone = iana_time_zone::get_timezone().ok().and_then(|name| Zone::parse(&name)).unwrap_or(Zone::UTC);
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let lang = if locale.is_some_and(|locale| locale.starts_with("de")) { Lang::De } else { Lang::En };
    Settings { zone, lang, days: DAYS_DEFAULT }
}
