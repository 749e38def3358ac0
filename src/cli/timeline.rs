//! `codexmiroir timeline`

use std::sync::Arc;

use clap::Args;

use super::{CliError, print, width};
use crate::service::Service;
use crate::view::text;

#[derive(Args)]
pub struct TimelineOf {
    /// Whose week
    #[arg(long, value_name = "NAME")]
    user: String,
    /// Print what the server would serve
    #[arg(long)]
    json: bool,
}

impl TimelineOf {
    pub async fn run(self, service: Arc<Service>) -> Result<(), CliError> {
        let user = service.require_user(&self.user)?;
        if self.json {
            let served = service.timeline(user.id, false).await?;
            let mut json = String::from_utf8_lossy(&served.entry.finished.body).into_owned();
            json.push('\n');
            return print(&json);
        }
        print(&text::week(&service.answer(user.id).await?, width()))
    }
}
