//! `codexmiroir serve`

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{CliError, options, print, require_data_dir};
use crate::app::{self, ServeOptions};
use crate::clock::Clock;
use crate::http::listen::Limits;
use crate::service::rulebook::RuleBook;

#[derive(Args)]
pub struct Serve {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, env = "CODEXMIROIR_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8484", value_parser = options::address)]
    listen: SocketAddr,
    /// Placement rules instead of the built-in ones; several apply in the order given
    #[arg(long, env = "CODEXMIROIR_RULES", value_name = "FILE", value_delimiter = ',')]
    rules: Vec<PathBuf>,
    /// The address that people use, behind a reverse proxy; its host name is then answered for
    #[arg(long, env = "CODEXMIROIR_PUBLIC_URL", value_name = "URL", value_parser = host_of_url)]
    public_url: Option<String>,
    /// Memory for finished answers
    #[arg(long, env = "CODEXMIROIR_HOT_MAP", value_name = "SIZE", default_value = "128MiB", value_parser = options::bytes)]
    hot_map: u64,
    /// Try it: a throw-away data directory with sample tasks, open on this machine only
    #[arg(long)]
    demo: bool,
}

impl Serve {
    pub async fn run(self, data_dir: Option<PathBuf>) -> Result<(), CliError> {
        let rules = RuleBook::from_files(&self.rules)?;
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
        let running = app::start(ServeOptions {
            data_dir,
            listen: self.listen,
            rules,
            hot_bytes_max: self.hot_map,
            hosts: self.public_url.into_iter().collect(),
            demo: self.demo.then(app::system_settings),
            limits: Limits::default(),
            clock: Clock::System,
        });
        // Signals are caught from here on: a start that is interrupted leaves nothing behind either.
        let stop = shutdown_signal()?;
        let running = running.await?;
        print(&format!("listening on http://{}\n", running.address))?;
        if self.demo {
            print(&format!("sample tasks, gone when you stop it: http://{}/\n", running.address))?;
        } else if !running.service.store().has_users().map_err(crate::service::error::ServiceError::from)? {
            print("there is no user yet; stop the server and add one: codexmiroir user add NAME\n")?;
        }
        stop.await;
        running.stop().await;
        Ok(())
    }
}

/// Ready when Ctrl-C or SIGTERM has come.
fn shutdown_signal() -> Result<impl Future<Output = ()>, CliError> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// The host name of a URL.
fn host_of_url(url: &str) -> Result<String, String> {
    let uri: hyper::Uri =
        url.parse().map_err(|_| "this is no URL; write it like https://tasks.example.org".to_owned())?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    match uri.host().filter(|_| is_web) {
        Some(host) => Ok(host.to_owned()),
        None => Err("this URL has no host; write it like https://tasks.example.org".to_owned()),
    }
}
