//! `codexmiroir serve`

use std::fs::{self, Permissions};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::output::print;
use super::settings::{SettingFlags, backup_options, sync_settings};
use super::{CliError, require_data_dir};
use crate::app::{self, ServeOptions, WayIn};
use crate::clock::Clock;
use crate::config::{Config, GitConfig};
use crate::service::Service;
use crate::service::rulebook::RuleBook;

#[derive(Args)]
pub struct Serve {
    #[command(flatten)]
    pub settings: SettingFlags,
    /// Try it: a throw-away data directory with sample tasks. SIGHUP ends it, as its terminal does when that is closed
    #[arg(long)]
    pub demo: bool,
}

impl Serve {
    pub async fn run(self, data_dir: Option<PathBuf>, mut config: Config) -> Result<(), CliError> {
        let open_to_others = open_secrets(&config.git);
        config.git.read_files()?;
        for sentence in open_to_others {
            tracing::warn!("{sentence}");
        }
        let rules = RuleBook::from_files(&config.rules)?;
        let throw_away = match self.demo {
            true => {
                let mut folder = tempfile::Builder::new();
                Some(folder.prefix("codexmiroir-demo-").permissions(Permissions::from_mode(0o700)).tempdir()?)
            }
            false => None,
        };
        let data_dir = match &throw_away {
            Some(folder) => folder.path().to_owned(),
            None => require_data_dir(data_dir)?,
        };
        warn_of_unnamed_proxy(&config);
        let (limits, files) = (config.http_limits(), config.rules);
        let public_url = config.public_url.as_ref().map(|public| public.url.clone());
        let running = app::start(ServeOptions {
            data_dir,
            // What is thrown away needs no key that is kept.
            key_file: config.key_file.filter(|_| !self.demo),
            listen: config.listen,
            metrics: app::MetricsOptions { listen: config.metrics_listen, token: config.metrics_token },
            rules,
            workers: app::WorkerOptions::of_this_program(),
            hot_bytes_max: config.hot_map,
            public_url: config.public_url,
            demo: self.demo.then(app::system_settings),
            limits,
            clock: Clock::System,
            // What is thrown away needs no backup.
            backups: backup_options(config.backup).filter(|_| !self.demo),
            // Sample tasks are nobody's business in a repository.
            sync: if self.demo { app::SyncSettings::default() } else { sync_settings(config.git) },
        });
        // Signals are caught from here on: a start that is interrupted leaves nothing behind either.
        let hangups = signal(SignalKind::hangup())?;
        // A demo ends with its terminal, and leaves nothing behind then either.
        let (ending, hangups) = if self.demo { (Some(hangups), None) } else { (None, Some(hangups)) };
        let stop = shutdown_signal(ending)?;
        let running = running.await?;
        print(&format!("listening on http://{}\n", running.address))?;
        if let Some(address) = running.metrics_address() {
            print(&format!("metrics at http://{address}/metrics\n"))?;
        }
        if let Some(way_in) = &running.way_in {
            let is_for_all = public_url.is_none() && running.address.ip().is_unspecified();
            print(&told(way_in, &base_url(public_url, running.address), is_for_all))?;
        }
        tokio::select! {
            () = stop => {}
            () = read_rules_again(&running.service, hangups, &files) => {}
        }
        running.stop().await;
        Ok(())
    }
}

/// The bits of a mode that let others of the machine do something.
const OTHERS: u32 = 0o007;

/// A sentence for each file whose secret others can read: its owner may have meant that, so it is no refusal.
fn open_secrets(git: &GitConfig) -> Vec<String> {
    let files = [("git.token_file", &git.token_file), ("git.webhook_secret_file", &git.webhook_secret_file)];
    let sentence = |(key, file): (&str, &Option<PathBuf>)| {
        let path = file.as_ref()?;
        let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
        let path = path.display();
        (mode & OTHERS != 0).then(|| {
            format!(
                "{path}, which {key} names, is open to other users of this machine (mode {mode:o}); close it with: \
                 chmod 600 '{path}'"
            )
        })
    };
    files.into_iter().filter_map(sentence).collect()
}

/// Somebody in front speaks https, whose word counts for nothing as long as it is not named.
fn warn_of_unnamed_proxy(config: &Config) {
    if config.public_url.as_ref().is_some_and(|public| public.is_https) && config.proxies.is_empty() {
        tracing::warn!(
            "public_url is https, so a proxy in front speaks it: name its address in limits.proxies, else all who come by it \
             count as one, and a request that it passes on under another name is taken for plain http"
        );
    }
}

/// The address that people begin with: the public one, else the one that this machine reaches the server at.
fn base_url(public_url: Option<String>, listens: SocketAddr) -> String {
    if let Some(url) = public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let ip = match listens.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, listens.port()))
}

/// What whoever started the server is told of the way in.
fn told(way_in: &WayIn, base: &str, is_for_all: bool) -> String {
    let elsewhere = if is_for_all { "from another machine, write this one's address into it\n" } else { "" };
    match way_in {
        WayIn::SetUp { code } => format!(
            "nobody has an account yet; this link makes the first one, and works once: {base}/setup?code={code}\n{elsewhere}"
        ),
        WayIn::Demo { code, token } => format!(
            "sample tasks, gone when you stop it; this link signs you in, once: {base}/welcome?code={code}\n\
             for programs: Authorization: Bearer {token}\n"
        ),
    }
}

/// At every SIGHUP reads the rule files again. What is refused changes nothing: the rules before go on to apply.
async fn read_rules_again(service: &Arc<Service>, hangups: Option<Signal>, files: &[PathBuf]) {
    let Some(mut hangups) = hangups else { return std::future::pending().await };
    while hangups.recv().await.is_some() {
        let files = files.to_vec();
        // Reading and trying them takes its time.
        match tokio::task::spawn_blocking(move || RuleBook::from_files(&files)).await {
            Ok(Ok(rules)) => {
                let change = match service.replace_rules(rules) {
                    true => "others than before apply now",
                    false => "they are the same as before",
                };
                tracing::info!("SIGHUP: the rules were read again, {change}; other settings apply after a restart");
            }
            Ok(Err(error)) => tracing::error!(%error, "SIGHUP: the rules before go on to apply"),
            Err(error) => tracing::error!(%error, "SIGHUP: reading the rules ended badly; those before go on to apply"),
        }
    }
    // No signal will come any more, which is no reason to stop.
    std::future::pending::<()>().await;
}

/// Ready when Ctrl-C or SIGTERM has come, or SIGHUP where that is to end it.
fn shutdown_signal(hangups: Option<Signal>) -> Result<impl Future<Output = ()>, CliError> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let hangup = async {
        match hangups {
            Some(mut hangups) => drop(hangups.recv().await),
            None => std::future::pending().await,
        }
    };
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = hangup => {}
        }
    })
}
