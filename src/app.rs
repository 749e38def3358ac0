//! The composition root: the one place that wires store, rules, use cases and HTTP together.

mod access;
mod control;
mod data_dir;
mod metrics;
mod restore;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::metrics::MetricsServer;
use crate::clock::Clock;
use crate::domain::lang::Lang;
use crate::domain::theme::Theme;
use crate::domain::zone::Zone;
use crate::http::listen::{self, Limits, Listener, Threads};
use crate::http::{Gate, PublicUrl, Site, SiteOptions};
use crate::planning::DAYS_DEFAULT;
use crate::service::backup::{Schedule, Scheduled};
use crate::service::error::ServiceError;
use crate::service::keyring::KeyringError;
use crate::service::rulebook::{RuleBook, RuleFileError};
use crate::service::sync::{Following, SyncOptions};
use crate::service::{Service, demo};
use crate::store::{Memory, OpenError, Origin, Scopes, Settings, StoreError};

pub use crate::service::backup::BackupOptions;
pub use crate::service::sync::{Mode as SyncMode, SyncSettings};
pub use crate::worker::{Options as WorkerOptions, Program as WorkerProgram};
pub use access::{Access, AccessOptions, Connection, Duplex, Local, reach};
pub use control::connect;
pub use data_dir::{DataDir, LOCK_WAIT};
pub use restore::{NotCompared, Report as RestoreReport, RestoreError, RestoreOptions, Target, restore};

use control::ControlFile;

/// Why the program could not start. Each is one sentence for the person who started it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot use the data directory {path}: {detail}; choose another --data-dir")]
    DataDir { path: String, detail: String },
    #[error(
        "the data directory {path} is in use by the server at http://{address}; stop that one first, or choose another --data-dir"
    )]
    ServerRuns { path: String, address: String },
    #[error("the data directory {path} is in use by another command; try again when that one has ended")]
    Busy { path: String },
    #[error(
        "the server at http://{address} has the data directory {path}, but its control socket was removed; restart that server, which makes a new one"
    )]
    NoSocket { path: String, address: String },
    #[error(
        "the data directory {path} belongs to the user with the id {owner} and this runs as {own}; run it as that user: sudo -u '#{owner}' codexmiroir …, or choose another --data-dir"
    )]
    NotOwn { path: String, owner: u32, own: u32 },
    #[error(
        "there is no database in {path}; add a user first with codexmiroir user add NAME, or name another --data-dir"
    )]
    NoDatabase { path: String },
    #[error(
        "there is nothing in {path}: a restore into it was cut off when it had put away what was there, which is {before}; give \
         that its name back with: {first}mv '{before}' '{path}', or restore the backup again"
    )]
    RestoreCut { path: String, before: String, first: String },
    #[error("cannot make the control socket in the data directory {path}: {detail}; choose another --data-dir")]
    Control { path: String, detail: String },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error(transparent)]
    Rules(#[from] RuleFileError),
    #[error("the setting {setting} cannot be used: {detail}")]
    Setting { setting: &'static str, detail: String },
    #[error("cannot listen on {address}: {detail}; choose another --listen")]
    Listen { address: SocketAddr, detail: String },
    #[error("cannot listen on {address} for metrics: {detail}; choose another --metrics-listen")]
    ListenForMetrics { address: SocketAddr, detail: String },
    #[error("the demo is for this machine alone, so it listens on loopback only; leave out --listen, or use 127.0.0.1")]
    DemoNotLocal,
    #[error("cannot read or write accounts: {0}")]
    Accounts(#[from] ServiceError),
}

impl StartError {
    /// Whether somebody else has the database.
    fn is_in_use(&self) -> bool {
        matches!(self, StartError::ServerRuns { .. } | StartError::Open(OpenError::InUse { .. }))
    }
}

/// Where `/metrics` is to be had; nowhere by default.
#[derive(Clone, Debug, Default)]
pub struct MetricsOptions {
    /// A listener of its own.
    pub listen: Option<SocketAddr>,
    /// What to show there; with it `/metrics` is among the other routes as well.
    pub token: Option<String>,
}

/// What a server is started with.
pub struct ServeOptions {
    pub data_dir: PathBuf,
    /// Where the key is kept that secrets are sealed with; in the data directory unless told otherwise.
    pub key_file: Option<PathBuf>,
    pub listen: SocketAddr,
    pub metrics: MetricsOptions,
    pub rules: RuleBook,
    /// What the rules of users are run by.
    pub workers: WorkerOptions,
    pub hot_bytes_max: u64,
    /// The address that people use.
    pub public_url: Option<PublicUrl>,
    /// Fill the directory with sample tasks and let everybody on this machine in.
    pub demo: Option<Settings>,
    pub limits: Limits,
    pub clock: Clock,
    /// The backups that the server makes by itself; none unless there are some.
    pub backups: Option<BackupOptions>,
    /// The repository that the users' files are in.
    pub sync: SyncSettings,
}

/// How whoever started the server comes in the first time. Each code is good for one use.
pub enum WayIn {
    /// Nobody has an account yet: what `/setup` asks for.
    SetUp { code: String },
    /// What the demo's `/welcome` asks for, and a token for programs.
    Demo { code: String, token: String },
}

/// A server that accepts connections.
pub struct Running {
    pub address: SocketAddr,
    pub service: Arc<Service>,
    pub way_in: Option<WayIn>,
    // Removed before the database is let go: the socket of the next server must stay.
    control: ControlFile,
    following: Following,
    scheduled: Option<Scheduled>,
    serving: Serving,
    metrics: Option<MetricsServer>,
    data_dir: DataDir,
}

/// Starts a server; it accepts when this returns.
pub async fn start(options: ServeOptions) -> Result<Running, StartError> {
    if options.demo.is_some() && !options.listen.ip().is_loopback() {
        return Err(StartError::DemoNotLocal);
    }
    let sync = sync_options(options.sync, &options.data_dir)?;
    let backups = schedule(options.backups, &options.data_dir)?;
    // A database that is there is opened first: whoever has it is named, rather than the port that it has too.
    // One that is not there is made last: a start that is refused leaves nothing behind.
    let data_dir = DataDir::at(options.data_dir.clone());
    data_dir.settle(options.clock.now());
    let memory = Memory::of_server(options.hot_bytes_max);
    let present = match data_dir.has_database() {
        true => Some(data_dir.open_in_turn(false, memory).await?),
        false => None,
    };
    let failed = |error: io::Error| StartError::Listen { address: options.listen, detail: error.to_string() };
    let listener = listen_on(options.listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let metrics_bound = match options.metrics.listen {
        Some(address) => Some(metrics::bind(address).await?),
        None => None,
    };
    let store = match present {
        Some(store) => store,
        None => data_dir.open_in_turn(true, memory).await?,
    };
    let (store, keyring) = data_dir.with_keyring(store, options.key_file, memory).await?;
    let service = Service::new(store, options.clock, options.rules, options.workers, keyring, sync);
    let way_in = match options.demo {
        Some(settings) => Some(fill_demo(&service, settings).await?),
        None => service.make_set_up_code()?.map(|code| WayIn::SetUp { code }),
    };
    data_dir.warn_if_open_to_others();
    // Before the socket: whoever finds that one is told the address.
    data_dir.write_address(address).map_err(|error| data_dir.unusable(error.to_string()))?;
    let (socket, control) = control::listen(data_dir.path()).map_err(|error| {
        data_dir.remove_address();
        StartError::Control { path: data_dir.path().display().to_string(), detail: error.to_string() }
    })?;
    let site = Site::new(SiteOptions {
        service: service.clone(),
        public_url: options.public_url,
        limits: options.limits.clone(),
        metrics_token: options.metrics.token,
        new_user: system_settings(),
        backups: backups.clone(),
    });
    let gate = Gate::new(site.clone());
    let metrics = metrics_bound.map(|bound| MetricsServer::start(bound, gate.clone(), &options.limits));
    let listeners = vec![Listener::Network(listener), Listener::Control(socket)];
    let serving = Serving::start(service.clone(), site, gate, options.limits, listeners);
    let following = service.follow_links();
    let scheduled = backups.map(|schedule| service.make_backups(&schedule));
    Ok(Running { address, service, way_in, control, following, scheduled, serving, metrics, data_dir })
}

/// The folder of the copies of repositories in a data directory.
const REPOSITORIES: &str = "git";

/// What is synced with, from how it is written.
fn sync_options(settings: SyncSettings, data_dir: &Path) -> Result<SyncOptions, StartError> {
    let options = settings.options(data_dir.join(REPOSITORIES));
    options.map_err(|(setting, detail)| StartError::Setting { setting, detail })
}

/// The plan for backups, from how it is written.
fn schedule(options: Option<BackupOptions>, data_dir: &Path) -> Result<Option<Arc<Schedule>>, StartError> {
    if let Some(options) = options.as_ref().filter(|options| !options.is_apart_from(data_dir)) {
        let detail = format!(
            "{} is in the data directory, which is lost with what it has; name a folder outside, on another disk at best",
            options.dir.display()
        );
        return Err(StartError::Setting { setting: "backup.dir", detail });
    }
    Ok(options.map(Schedule::new))
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
    /// The address of the listener for `/metrics` alone, if there is one.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|metrics| metrics.address)
    }

    /// Takes no more connections, finishes what was begun, and leaves the database closed cleanly.
    pub async fn stop(self) {
        let Running { service, control, following, scheduled, serving, metrics, data_dir, .. } = self;
        drop(service);
        if let Some(scheduled) = scheduled {
            scheduled.stop().await;
        }
        following.stop().await;
        let leave = async || {
            if let Some(metrics) = metrics {
                metrics.stop().await;
            }
            drop(control);
            data_dir.remove_address();
        };
        serving.stop(leave).await;
    }
}

/// The accept loop at work.
struct Serving {
    service: Arc<Service>,
    site: Arc<Site>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Threads>,
}

impl Serving {
    fn start(
        service: Arc<Service>,
        site: Arc<Site>,
        gate: Arc<Gate>,
        limits: Limits,
        listeners: Vec<Listener>,
    ) -> Serving {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(listen::serve(listeners, limits, gate, async {
            // A sender that is gone stops the server too.
            let _ = stopped.await;
        }));
        Serving { service, site, stop, task }
    }

    /// Takes no more connections and finishes what was begun; then `leave`s and closes the database.
    async fn stop(self, leave: impl AsyncFnOnce()) {
        self.site.drain();
        let _ = self.stop.send(());
        // Held until the end of what was begun on them.
        let _threads = self.task.await.map_err(|error| tracing::error!(%error, "the accept loop ended badly"));
        leave().await;
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

async fn fill_demo(service: &Arc<Service>, settings: Settings) -> Result<WayIn, StartError> {
    let user = service.add_user(demo::USER, false, settings, None).await?;
    let samples = demo::samples(settings.zone.date_of(service.clock().now()));
    let origin = Origin { actor: demo::USER.to_owned(), through: "demo".into() };
    service.import(user.id, origin, samples, false).await?;
    let scopes = Scopes::READ.with(Scopes::WRITE);
    let token = service.create_token(demo::USER, scopes, "demo", None).await?;
    Ok(WayIn::Demo { code: service.make_sign_in_code(user.id), token })
}

/// The settings of somebody who chose none: the system's time zone and language.
pub fn system_settings() -> Settings {
    let zone = iana_time_zone::get_timezone().ok().and_then(|name| Zone::parse(&name)).unwrap_or(Zone::UTC);
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let lang = if locale.is_some_and(|locale| locale.starts_with("de")) { Lang::De } else { Lang::En };
    Settings { zone, lang, days: DAYS_DEFAULT, theme: Theme::Auto }
}
