//! What every handler may use: the use cases, and how the site was set up.

use std::sync::Arc;

use tokio::sync::watch;

use super::listen::Limits;
use super::metrics::{Counts, Secret};
use crate::service::Service;
use crate::service::accounts::Actor;
use crate::store::{Settings, Trouble};

/// Who asks.
#[derive(Clone, Debug)]
pub enum Asker {
    User(Arc<Actor>),
    /// Whoever may open the data directory, acting for nobody.
    Administrator,
}

/// What a site is made with.
pub struct SiteOptions {
    pub service: Arc<Service>,
    /// Who everybody is that comes over loopback without a token: the user of a demo.
    pub open_to: Option<Arc<Actor>>,
    /// Host names that the server answers for, beside address literals and localhost.
    pub hosts: Vec<String>,
    pub limits: Limits,
    /// The token that `/metrics` asks for; without one it is not there among the other routes.
    pub metrics_token: Option<String>,
    /// The settings of new users who choose none.
    pub new_user: Settings,
}

/// What handlers are given.
pub struct Site {
    pub(super) service: Arc<Service>,
    pub(super) open_to: Option<Arc<Actor>>,
    hosts: Vec<String>,
    pub(super) limits: Limits,
    pub(super) new_user: Settings,
    draining: watch::Sender<bool>,
    pub(super) metrics_token: Option<Secret>,
    pub(super) counts: Counts,
}

impl Site {
    pub fn new(options: SiteOptions) -> Arc<Site> {
        Arc::new(Site {
            counts: Counts::begun(options.service.clock().now()),
            metrics_token: options.metrics_token.as_deref().map(Secret::new),
            service: options.service,
            open_to: options.open_to,
            hosts: options.hosts,
            limits: options.limits,
            new_user: options.new_user,
            draining: watch::Sender::new(false),
        })
    }

    /// From now on the server is not ready: it finishes what it has.
    pub fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Why the server is not ready, in one word; `None` when it is.
    pub(super) fn unready_reason(&self) -> Option<&'static str> {
        if *self.draining.borrow() {
            return Some("stopping");
        }
        self.service.store().trouble().map(|trouble| match trouble {
            Trouble::NotWritable => "database_not_writable",
            Trouble::FileGone => "database_file_gone",
        })
    }

    /// Tells when the server drains, for answers that would not end by themselves.
    pub(super) fn draining(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }

    /// Whether the server was told that it has this name.
    pub(super) fn has_name(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}
