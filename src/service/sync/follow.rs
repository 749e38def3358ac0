//! Following the links: who wakes a round, and when.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};

use super::Mode;
use super::link::Link;
use super::round::Ask;
use crate::service::Service;
use crate::store::random;

/// A burst of changes shares a push.
const BURST: Duration = Duration::from_millis(200);

/// The first pause after a failure; each further one is twice as long, up to [`BACKOFF_MAX`].
const BACKOFF: Duration = Duration::from_secs(1);
const BACKOFF_MAX: Duration = Duration::from_secs(15 * 60);

/// The sync at work; ends when it is stopped.
pub struct Following {
    service: Arc<Service>,
    task: JoinHandle<()>,
}

impl Service {
    /// Begins to keep all links in sync.
    pub fn follow_links(self: &Arc<Self>) -> Following {
        let service = self.clone();
        let task = tokio::spawn(async move { follow_all(&service).await });
        Following { service: self.clone(), task }
    }
}

impl Following {
    /// Ends what is under way, and returns when nothing of it is.
    pub async fn stop(self) {
        let Following { service, task } = self;
        service.links.close();
        if let Err(error) = task.await {
            tracing::error!(%error, "the sync ended badly");
        }
    }
}

/// A random share of a whole.
pub(super) fn share() -> f64 {
    f64::from(u32::from_be_bytes(random())) / f64::from(u32::MAX)
}

async fn follow_all(service: &Arc<Service>) {
    let mut following = JoinSet::new();
    let mut followed: Vec<Arc<Link>> = Vec::new();
    loop {
        let is_new = |link: &Arc<Link>| followed.iter().all(|other| !Arc::ptr_eq(link, other));
        let links = service.links.all();
        for link in links.iter().filter(|link| link.remote.mode != Mode::Off && is_new(link)) {
            let (service, link) = (service.clone(), link.clone());
            following.spawn(async move { follow(&service, &link).await });
        }
        followed = links;
        if service.links.is_closed() {
            break;
        }
        service.links.added.notified().await;
        while following.try_join_next().is_some() {}
    }
    while following.join_next().await.is_some() {}
}

/// Makes the rounds of one link until it is closed.
async fn follow(service: &Arc<Service>, link: &Arc<Link>) {
    let mut closed = link.closed.subscribe();
    let mut wait = Duration::ZERO;
    loop {
        let is_woken = tokio::select! {
            _ = closed.wait_for(|closed| *closed) => return,
            () = link.wake.notified() => true,
            () = tokio::time::sleep(wait) => false,
            // Somebody else's round: what it came to says when the next is due.
            () = link.ended.notified() => {
                wait = next_wait(service, link);
                continue;
            }
        };
        if is_woken && !link.is_urgent.swap(false, Ordering::Relaxed) {
            tokio::select! {
                _ = closed.wait_for(|closed| *closed) => return,
                () = urgency(link) => {}
                () = tokio::time::sleep(BURST) => {}
            }
        }
        // What went wrong is shown, and tried again after the wait.
        let _ = service.make_round(link, Ask { fetch: !is_woken, request: None }).await;
        wait = next_wait(service, link);
    }
}

/// Ready when somebody waits for the push.
async fn urgency(link: &Link) {
    loop {
        link.wake.notified().await;
        if link.is_urgent.swap(false, Ordering::Relaxed) {
            return;
        }
    }
}

/// How long after a round the next is due, which is shown.
fn next_wait(service: &Service, link: &Link) -> Duration {
    let failures = link.live().failures;
    let wait = match failures.checked_sub(1) {
        None => service.links.options.poll,
        Some(further) => {
            let doubled = BACKOFF * 2_u32.saturating_pow(further.min(16));
            doubled.min(BACKOFF_MAX).mul_f64(0.5 + share() / 2.0)
        }
    };
    let next_at = service.clock.now() + wait;
    link.show(|live| live.next_at = Some(next_at));
    wait
}
