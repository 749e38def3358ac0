//! What every handler may use: the use cases, and how the site was set up.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use super::forwarded::{self, Client};
use super::head::Head;
use super::host::{Host, PublicUrl};
use super::listen::{Limits, Peer};
use super::metrics::{Counts, Secret};
use super::webhook;
use crate::domain::ids::UserId;
use crate::service::Service;
use crate::service::accounts::Actor;
use crate::service::backup::Schedule;
use crate::store::{Settings, Trouble};

/// Who asks.
#[derive(Clone, Debug)]
pub enum Asker {
    User(Arc<Actor>),
    /// Whoever may open the data directory, acting for nobody.
    Administrator,
    /// Nobody that is known. Only routes that are open are for them.
    Anonymous,
}

impl Asker {
    pub fn user(&self) -> Option<UserId> {
        match self {
            Asker::User(actor) => Some(actor.user),
            Asker::Administrator | Asker::Anonymous => None,
        }
    }
}

/// By which way a request came.
#[derive(Clone, Debug, Default)]
pub struct Arrival {
    /// None on the control socket.
    pub client: Option<Client>,
    /// Whether somebody on the way could read it: by plain http, from another machine.
    pub can_be_overheard: bool,
    /// The host that was asked, as a URL has it. None on the control socket.
    pub host: Option<String>,
}

/// What a site is made with.
pub struct SiteOptions {
    pub service: Arc<Service>,
    /// The address that people use: its host is answered for beside address literals and localhost.
    pub public_url: Option<PublicUrl>,
    pub limits: Limits,
    /// The token that `/metrics` asks for; without one it is not there among the other routes.
    pub metrics_token: Option<String>,
    /// The settings of new users who choose none.
    pub new_user: Settings,
    /// The backups that this server makes by itself, if it does.
    pub backups: Option<Arc<Schedule>>,
}

/// What handlers are given.
pub struct Site {
    pub(super) service: Arc<Service>,
    public_url: Option<PublicUrl>,
    pub(super) limits: Limits,
    pub(super) new_user: Settings,
    pub(super) backups: Option<Arc<Schedule>>,
    draining: watch::Sender<bool>,
    pub(super) metrics_token: Option<Secret>,
    pub(super) counts: Counts,
    /// Places for events of forges, which anybody can send.
    pub(super) events: Semaphore,
}

impl Site {
    pub fn new(options: SiteOptions) -> Arc<Site> {
        Arc::new(Site {
            counts: Counts::begun(options.service.clock().now()),
            metrics_token: options.metrics_token.as_deref().map(Secret::new),
            service: options.service,
            public_url: options.public_url,
            limits: options.limits,
            new_user: options.new_user,
            backups: options.backups,
            draining: watch::Sender::new(false),
            events: Semaphore::new(webhook::EVENTS_MAX),
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
    pub(super) fn has_name(&self, host: Host<'_>) -> bool {
        self.public_url.as_ref().is_some_and(|public| public.has_name(host))
    }

    /// The address that people use, as a program takes it: the public one, else the one that this request came to.
    pub(super) fn address(&self, arrival: &Arrival) -> Option<String> {
        if let Some(public) = &self.public_url {
            return Some(public.url.trim_end_matches('/').to_owned());
        }
        let (client, host) = (arrival.client?, arrival.host.as_ref()?);
        Some(format!("{}://{host}", if client.is_https { "https" } else { "http" }))
    }

    /// The host that a proxy in front was asked for, if there is one that tells.
    pub(super) fn host_in_front<'r>(&self, head: &Head<'r>, peer: Peer) -> Option<Host<'r>> {
        forwarded::host(peer.ip()?, head.fields, &*self.limits.is_proxy)
    }

    /// Who a request that the gate has checked comes from; nobody, where it did not come by the network.
    pub(super) fn client(&self, head: &Head<'_>, peer: Peer) -> Option<Client> {
        let (is_proxy, public) = (&*self.limits.is_proxy, self.public_url.as_ref());
        peer.ip().map(|peer| forwarded::client(peer, head, is_proxy, public))
    }
}
