//! The one way from a command to its data: HTTP, to a server elsewhere, to the server that runs on the data directory,
//! or to a gate of this process on the database when none runs.

mod ask;
mod failure;
mod local;
pub mod login_file;
pub mod target;

use std::io::Write;
use std::time::Duration;

use hyper::HeaderMap;
use hyper::http::response::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use self::ask::{Ask, idempotency_key, query, segment};
use self::failure::{Failure, refusal};
use self::local::Local;
use self::target::Server;
pub use self::target::Target;
use super::CliError;
use crate::outgoing::{Bounds, Outgoing};

/// What an answer in JSON may take.
const ANSWER: Bounds = Bounds { deadline: Duration::from_secs(60), body_bytes_max: 64 * 1024 * 1024 };
/// What a whole account may take, on its way in or out.
pub const ACCOUNT: Bounds = Bounds { deadline: Duration::from_secs(600), body_bytes_max: 2 * 1024 * 1024 * 1024 };

/// What everything of everybody may take: as long as it comes, however large it is.
pub const EVERYTHING: Bounds = Bounds { deadline: Duration::from_secs(7 * 24 * 60 * 60), body_bytes_max: u64::MAX };

/// Speaks to one target for one command.
pub struct Client {
    /// The target in words.
    place: String,
    /// The user that was named.
    named: Option<String>,
    /// The user that the command acts for, once that is known; at a server the token says it.
    user: Option<String>,
    via: Via,
}

enum Via {
    Server(Box<Server>, Outgoing),
    Data(Box<Local>),
}

/// An answer that says that it was done.
pub struct Answer {
    pub headers: HeaderMap,
    body: Vec<u8>,
    /// Whose answer it is.
    place: String,
}

impl Answer {
    /// The fields that a command reads; others are left aside, so that a newer server can add some.
    ///
    /// # Errors
    /// The answer is not what the API says.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, CliError> {
        serde_json::from_slice(&self.body).map_err(|error| unreadable(&self.place, &error))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// As [`Answer::read`], of a part of an answer.
pub fn read<T: DeserializeOwned>(part: Value) -> Result<T, CliError> {
    serde_json::from_value(part).map_err(|error| unreadable("the server", &error))
}

fn unreadable(place: &str, error: &serde_json::Error) -> CliError {
    CliError::Said(format!(
        "the answer of {place} cannot be read: {error}; is it a CodexMiroir server of this version?"
    ))
}

#[derive(Deserialize)]
struct Me {
    name: String,
}

impl Client {
    /// # Errors
    /// Outgoing requests cannot be made on this system.
    pub fn new(target: Target, named: Option<String>) -> Result<Client, CliError> {
        let place = target.describe();
        let via = match target {
            Target::Server(server) => {
                let outgoing = Outgoing::to(&server.address);
                let failed = |error| CliError::Said(format!("cannot speak to {place}: {error}"));
                Via::Server(Box::new(server), outgoing.map_err(failed)?)
            }
            Target::Data(data) => Via::Data(Box::new(Local::at(*data))),
        };
        Ok(Client { place, named, user: None, via })
    }

    /// The data directory and its database are made if they are not there.
    pub fn create_database(&mut self) {
        if let Via::Data(local) = &mut self.via {
            local.create = true;
        }
    }

    /// Only a server will do: with none, asking fails instead of opening the database.
    pub fn require_server(&mut self) {
        if let Via::Data(local) = &mut self.via {
            local.server_only = true;
        }
    }

    /// Whether this process has the database, so that nobody else waits for it.
    ///
    /// # Errors
    /// There is no way to the data.
    pub async fn has_database_alone(&mut self) -> Result<bool, CliError> {
        match &mut self.via {
            Via::Server(..) => Ok(false),
            Via::Data(local) => local.is_alone().await.map_err(|failure| failure.into_error(&self.place, true)),
        }
    }

    /// Lets go of the database, or of the server: to be called before what takes its time, and at the end, when a
    /// database of this process is closed.
    pub async fn release(&mut self) {
        if let Via::Data(local) = &mut self.via {
            local.close().await;
        }
    }

    pub async fn get(&mut self, path: &str) -> Result<Answer, CliError> {
        self.send(Ask::get(path)).await
    }

    /// Asks, once more after a cut connection if the request may be repeated.
    ///
    /// # Errors
    /// The sentence of the API, or why there was no answer.
    pub async fn send(&mut self, ask: Ask) -> Result<Answer, CliError> {
        self.send_within(ask, ANSWER).await
    }

    /// As [`Client::send`], within other bounds.
    pub async fn send_within(&mut self, ask: Ask, bounds: Bounds) -> Result<Answer, CliError> {
        let mut body = Vec::new();
        let parts = self.fetch(ask, bounds, &mut body).await?;
        match parts.status.is_success() {
            true => Ok(Answer { headers: parts.headers, body, place: self.place.clone() }),
            false => Err(refusal(&self.place, &parts, &body)),
        }
    }

    /// As [`Client::send`], for an answer that may be large. It goes into a file without a name first, because a
    /// refusal is no part of it.
    pub async fn download(&mut self, ask: Ask, bounds: Bounds) -> Result<std::fs::File, CliError> {
        let mut file = tempfile::tempfile()?;
        let parts = self.fetch(ask, bounds, &mut file).await?;
        std::io::Seek::rewind(&mut file)?;
        if parts.status.is_success() {
            return Ok(file);
        }
        let mut body = Vec::new();
        std::io::Read::read_to_end(&mut std::io::Read::take(file, ANSWER.body_bytes_max), &mut body)?;
        Err(refusal(&self.place, &parts, &body))
    }

    /// As [`Client::download`], into `sink` as it comes. What does not begin with this byte is a refusal, and none of it
    /// gets there.
    ///
    /// # Errors
    /// The sentence of the API, or why there is not all of it; `sink` may have got a part.
    pub async fn download_into(
        &mut self,
        ask: Ask,
        bounds: Bounds,
        first_byte: u8,
        sink: &mut (dyn Write + Send),
    ) -> Result<(), CliError> {
        let mut sorted = Sorted { sink, first_byte, is_wanted: None, refusal: Vec::new() };
        let parts = self.fetch(ask, bounds, &mut sorted).await?;
        match (parts.status.is_success(), sorted.is_wanted) {
            (true, Some(true)) => Ok(()),
            (true, _) => Err(CliError::Said(format!(
                "{} gave an answer that cannot be taken; is it a CodexMiroir server of this version?",
                self.place
            ))),
            (false, _) => Err(refusal(&self.place, &parts, &sorted.refusal)),
        }
    }

    async fn fetch(&mut self, ask: Ask, bounds: Bounds, sink: &mut (dyn Write + Send)) -> Result<Parts, CliError> {
        if ask.for_user {
            self.settle_user().await?;
        }
        self.fetch_as(self.user.clone().filter(|_| ask.for_user), ask, bounds, sink).await
    }

    async fn fetch_as(
        &mut self,
        user: Option<String>,
        ask: Ask,
        bounds: Bounds,
        sink: &mut (dyn Write + Send),
    ) -> Result<Parts, CliError> {
        let mut tries_left = if ask.is_repeatable { 2 } else { 1 };
        loop {
            tries_left -= 1;
            // What a cut answer left in the sink must not stand before the whole one.
            let mut counted = Counted { sink: &mut *sink, bytes: 0 };
            let asked = match &mut self.via {
                Via::Server(server, outgoing) => {
                    let request = ask.request(&server.address.to_string(), Some(&server.token), None)?;
                    outgoing.ask(request, bounds, &mut counted).await.map_err(Failure::from)
                }
                Via::Data(local) => {
                    let request = ask.request("", None, user.as_deref())?;
                    local.ask(request, bounds, &mut counted).await
                }
            };
            match asked {
                Err(failure) if failure.is_cut() && tries_left > 0 && counted.bytes == 0 => {}
                done => return done.map_err(|failure| failure.into_error(&self.place, ask.changes_nothing())),
            }
        }
    }

    /// Finds out whom the command acts for: the user named; else, on a data directory, its only one. At a server the
    /// token decides, and a user that was named must be the one.
    async fn settle_user(&mut self) -> Result<(), CliError> {
        if self.user.is_some() {
            return Ok(());
        }
        self.user = match (&self.via, self.named.clone()) {
            (Via::Data(_), Some(named)) => Some(named),
            (Via::Data(_), None) => Some(self.only_user().await?),
            (Via::Server(..), named) => {
                let me: Me = self.whoever("/api/me").await?.read()?;
                if let Some(other) = named.filter(|named| *named != me.name) {
                    let target = &self.place;
                    return Err(CliError::Said(format!(
                        "the token for {target} is {}'s, not {other}'s; leave out --user, or log in as {other}",
                        me.name
                    )));
                }
                Some(me.name)
            }
        };
        Ok(())
    }

    /// The user that was named, on the command line or in the environment.
    pub fn named(&self) -> Option<&str> {
        self.named.as_deref()
    }

    /// The name of the user that the command acts for.
    ///
    /// # Errors
    /// Nobody was named, and it is not clear.
    pub async fn acting_user(&mut self) -> Result<String, CliError> {
        self.settle_user().await?;
        Ok(self.user.clone().unwrap_or_default())
    }

    /// Acts for this user from here on; at a server the token must be that user's.
    pub fn act_for(&mut self, name: Option<String>) {
        if name.is_some() {
            (self.named, self.user) = (name, None);
        }
    }

    async fn whoever(&mut self, path: &str) -> Result<Answer, CliError> {
        let mut body = Vec::new();
        let parts = self.fetch_as(None, Ask::get(path), ANSWER, &mut body).await?;
        match parts.status.is_success() {
            true => Ok(Answer { headers: parts.headers, body, place: self.place.clone() }),
            false => Err(refusal(&self.place, &parts, &body)),
        }
    }

    async fn only_user(&mut self) -> Result<String, CliError> {
        let path = query("/api/admin/users", &[("limit", Some((NAMES_MAX + 1).to_string()))]);
        let users: Value = self.whoever(&path).await?.read()?;
        let users = users["users"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut names: Vec<&str> = users.iter().filter_map(|user| user["name"].as_str()).collect();
        match names[..] {
            [only] => Ok(only.to_owned()),
            [] => {
                let target = &self.place;
                Err(CliError::Said(format!("there is no user in {target}; add one with codexmiroir user add NAME")))
            }
            _ => {
                let count = names.len();
                names.truncate(NAMES_MAX);
                let more = if count > NAMES_MAX { ", …" } else { "" };
                Err(CliError::Said(format!("name one of the users with --user: {}{more}", names.join(", "))))
            }
        }
    }
}

/// Names of users that an error lists.
const NAMES_MAX: usize = 20;

/// Tells by its first byte what is wanted from what is a refusal.
struct Sorted<'s> {
    sink: &'s mut (dyn Write + Send),
    first_byte: u8,
    is_wanted: Option<bool>,
    /// As much of it as an answer may have.
    refusal: Vec<u8>,
}

impl Write for Sorted<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let Some(first) = bytes.first() else { return Ok(0) };
        if *self.is_wanted.get_or_insert(*first == self.first_byte) {
            return self.sink.write(bytes);
        }
        let left = usize::try_from(ANSWER.body_bytes_max).unwrap_or(usize::MAX).saturating_sub(self.refusal.len());
        self.refusal.extend_from_slice(&bytes[..bytes.len().min(left)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.sink.flush()
    }
}

struct Counted<'s> {
    sink: &'s mut (dyn Write + Send),
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.sink.flush()
    }
}
