//! The listener that is there for `/metrics` alone.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::StartError;
use crate::http::Gate;
use crate::http::listen::{self, Limits, Peer, Threads};

/// A bound address that nobody is answered at yet.
pub(super) struct Bound(TcpListener, SocketAddr);

/// The listener at work.
pub(super) struct MetricsServer {
    pub(super) address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Threads>,
}

pub(super) async fn bind(address: SocketAddr) -> Result<Bound, StartError> {
    let failed = |error: std::io::Error| StartError::ListenForMetrics { address, detail: error.to_string() };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Bound(listener, address))
}

impl MetricsServer {
    /// The same limits hold, but its connections are counted apart: nobody is turned away for a scrape.
    pub(super) fn start(Bound(listener, address): Bound, gate: Arc<Gate>, limits: &Limits) -> MetricsServer {
        let limits = Limits { counts: Arc::default(), ..limits.clone() };
        let (stop, stopped) = oneshot::channel();
        let handler = move |request: Request<Incoming>, peer: Peer| {
            let answer = gate.answer_metrics(&request, peer);
            std::future::ready(answer)
        };
        let serving = tokio::spawn(listen::serve(vec![listener.into()], limits, Arc::new(handler), async {
            // A sender that is gone stops the server too.
            let _ = stopped.await;
        }));
        MetricsServer { address, stop, serving }
    }

    pub(super) async fn stop(self) {
        let _ = self.stop.send(());
        if let Err(error) = self.serving.await {
            tracing::error!(%error, "the accept loop for metrics ended badly");
        }
    }
}
