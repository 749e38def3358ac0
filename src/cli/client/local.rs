//! A data directory of this machine: the server that runs on it, else a gate of this process.

use std::io::Write;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::http::response::Parts;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::super::CliError;
use super::super::settings::sync_settings;
use super::failure::Failure;
use super::target::DataPlace;
use crate::app::{self, Access, AccessOptions, DataDir, LOCK_WAIT};
use crate::clock::Clock;
use crate::outgoing::Bounds;
use crate::service::rulebook::RuleBook;

/// A data directory, and the way to its API once there is one.
pub struct Local {
    place: DataPlace,
    /// Make the directory and the database if they are not there.
    pub create: bool,
    /// Do not open the database where no server runs.
    pub server_only: bool,
    access: Option<Access>,
    open: Option<Sender>,
}

type Sender = SendRequest<Full<Bytes>>;

impl Local {
    pub fn at(place: DataPlace) -> Local {
        Local { place, create: false, server_only: false, access: None, open: None }
    }

    pub async fn ask(
        &mut self,
        request: Request<Bytes>,
        bounds: Bounds,
        sink: &mut (dyn Write + Send),
    ) -> Result<Parts, Failure> {
        let begun = Instant::now();
        let mut sender = match self.open.take().filter(SendRequest::is_ready) {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        let left = bounds.deadline.saturating_sub(begun.elapsed());
        let asked = timeout(left, exchange(&mut sender, request.map(Full::new), bounds.body_bytes_max, sink));
        let parts = asked.await.unwrap_or_else(|_| Err(Failure::Cut("it took too long".to_owned())))?;
        self.open = Some(sender);
        Ok(parts)
    }

    /// Whether this process has the database, and no server.
    pub async fn is_alone(&mut self) -> Result<bool, Failure> {
        if self.open.is_none() {
            self.open = Some(self.connect().await?);
        }
        Ok(matches!(self.access, Some(Access::Local(_))))
    }

    /// Lets go of the connection, and of the database if this process has it.
    pub async fn close(&mut self) {
        self.open = None;
        if let Some(access) = self.access.take() {
            access.stop().await;
        }
    }

    async fn connect(&mut self) -> Result<Sender, Failure> {
        if self.server_only {
            let error = match app::connect(&self.place.path).await {
                Ok(stream) => return over(stream).await,
                Err(error) => error,
            };
            let without_socket = DataDir::at(self.place.path.clone()).server_without_socket().await;
            return Err(match without_socket {
                Some(refusal) => CliError::from(refusal).into(),
                None => Failure::Unreachable(format!("no server runs on it ({error})")),
            });
        }
        // A server that has stopped since is reached no more; then the database may be free.
        if let Some(access) = &self.access
            && let Ok(connection) = access.connect().await
        {
            return over(connection.into_stream()).await;
        }
        self.close().await;
        let access = app::reach(self.options().await?).await.map_err(|error| Failure::from(CliError::from(error)))?;
        let connection = access.connect().await.map_err(|error| Failure::Unreachable(error.to_string()))?;
        self.access = Some(access);
        over(connection.into_stream()).await
    }

    async fn options(&self) -> Result<AccessOptions, CliError> {
        let config = &self.place.config;
        let rules = match RuleBook::from_files(&config.rules) {
            Ok(rules) => rules,
            // A server that runs has its rules; a file that was broken since is not this command's matter.
            Err(_) if app::connect(&self.place.path).await.is_ok() => RuleBook::builtin(),
            Err(error) => return Err(error.into()),
        };
        let mut git = config.git.clone();
        git.read_files()?;
        Ok(AccessOptions {
            data_dir: self.place.path.clone(),
            key_file: config.key_file.clone(),
            create: self.create,
            rules,
            workers: app::WorkerOptions::of_this_program(),
            hot_bytes_max: config.hot_map,
            limits: config.http_limits(),
            clock: Clock::System,
            sync: sync_settings(git),
            patience: LOCK_WAIT,
        })
    }
}

async fn over(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Result<Sender, Failure> {
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| cut(&error))?;
    // What goes wrong on it is told to whoever waits for the answer.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

fn cut(error: &hyper::Error) -> Failure {
    Failure::Cut(error.to_string())
}

async fn exchange(
    sender: &mut Sender,
    request: Request<Full<Bytes>>,
    body_bytes_max: u64,
    sink: &mut (dyn Write + Send),
) -> Result<Parts, Failure> {
    let response = sender.send_request(request).await.map_err(|error| cut(&error))?;
    let (parts, mut body): (Parts, Incoming) = response.into_parts();
    let mut taken = 0_u64;
    while let Some(frame) = body.frame().await {
        let Ok(bytes) = frame.map_err(|error| cut(&error))?.into_data() else { continue };
        taken += bytes.len() as u64;
        if taken > body_bytes_max {
            return Err(Failure::Answer(format!("it is larger than {body_bytes_max} bytes")));
        }
        sink.write_all(&bytes).map_err(|error| Failure::from(CliError::from(error)))?;
    }
    Ok(parts)
}
