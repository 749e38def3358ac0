//! `codexmiroir serve`

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::output::print;
use super::settings::SettingFlags;
use super::{CliError, require_data_dir};
use crate::app::{self, ServeOptions};
use crate::clock::Clock;
use crate::config::Config;
use crate::service::rulebook::RuleBook;

#[derive(Args)]
pub struct Serve {
    #[command(flatten)]
    pub settings: SettingFlags,
    /// Try it: a throw-away data directory with sample tasks, open on this machine only
    #[arg(long)]
    pub demo: bool,
}

impl Serve {
    pub async fn run(self, data_dir: Option<PathBuf>, config: Config) -> Result<(), CliError> {
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
        let limits = config.http_limits();
        let running = app::start(ServeOptions {
            data_dir,
            listen: config.listen,
            metrics: app::MetricsOptions { listen: config.metrics_listen, token: config.metrics_token },
            rules,
            workers: app::WorkerOptions::of_this_program(),
            hot_bytes_max: config.hot_map,
            hosts: config.public_url.into_iter().map(|public| public.host).collect(),
            demo: self.demo.then(app::system_settings),
            limits,
            clock: Clock::System,
        });
        // Signals are caught from here on: a start that is interrupted leaves nothing behind either.
        let stop = shutdown_signal()?;
        let running = running.await?;
        print(&format!("listening on http://{}\n", running.address))?;
        if let Some(address) = running.metrics_address() {
            print(&format!("metrics at http://{address}/metrics\n"))?;
        }
        if self.demo {
            print(&format!("sample tasks, gone when you stop it: http://{}/\n", running.address))?;
        } else if !running.service.store().has_users().map_err(crate::service::error::ServiceError::from)? {
            print("there is no user yet; add one: codexmiroir user add NAME\n")?;
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
