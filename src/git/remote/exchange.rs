//! Requests to a remote over HTTP, under limits of time and bytes.
//!
//! What takes the protocol apart asks for one thing after the other and knows only that reading failed. Why it did is
//! noted on the [`Wire`].

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io::{self, BufRead, Read, Seek, Write};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, Bytes};
use gix_transport::Protocol;
use gix_transport::client::blocking_io::http::{self, GetResponse, Http, PostBodyDataKind, PostResponse};
use hyper::header::{AUTHORIZATION, HeaderValue, LOCATION, USER_AGENT};
use hyper::http::request::Builder;
use hyper::{Request, StatusCode};
use tempfile::SpooledTempFile;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use super::super::error::{Large, of_remote, told};
use super::super::{Credentials, GitError, Limits, PushError, Remote};
use super::watch::{TICK, Watch};
use crate::outgoing::{Address, Answer, Bounds, Outgoing, OutgoingError, Reach};

/// Some hosts answer only those who say that they are Git.
const WHO_ASKS: &str = concat!("git/codexmiroir-", env!("CARGO_PKG_VERSION"));

/// How much of what is sent is kept in memory before it goes to the disk.
const SPOOL_BYTES: usize = 1 << 20;

/// How much is sent at once.
const PIECE_BYTES: usize = 64 << 10;

/// What gix knows a remote by: it needs no address, and gets none, so that it can tell nobody.
const NAMELESS: &str = "https://remote.invalid";

/// The program's name in the protocol.
pub(super) fn agent() -> (&'static str, Option<String>) {
    ("agent", Some(WHO_ASKS.to_owned()))
}

/// The transport that gix speaks through.
pub(super) type Transport<'w> = http::Transport<Requests<'w>>;

/// A transport to the remote of this wire.
pub(super) fn transport<'w>(wire: &Rc<Wire<'w>>) -> gix::Result<Transport<'w>> {
    let url = gix::url::parse(NAMELESS)?;
    Ok(Transport::new_http(Requests(Rc::clone(wire)), url, Protocol::V2, false))
}

/// The way to one remote.
pub(super) struct Wire<'w> {
    client: Outgoing,
    address: &'w Address,
    authorization: Option<HeaderValue>,
    runtime: &'w Handle,
    limits: &'w Limits,
    pub(super) watch: &'w Watch<'w>,
    /// The first thing that went wrong.
    fault: RefCell<Option<GitError>>,
    /// Of what is no list of branches.
    taken_bytes: Cell<u64>,
    /// Whether the remote may have got a push whose outcome is not known.
    is_pushed: Cell<bool>,
}

impl<'w> Wire<'w> {
    pub(super) fn new(
        remote: &'w Remote,
        address: &'w Address,
        is_host_allowed: bool,
        runtime: &'w Handle,
        watch: &'w Watch<'w>,
    ) -> Result<Rc<Wire<'w>>, GitError> {
        let reach = if is_host_allowed { Reach::Anywhere } else { Reach::Public };
        let limits = &remote.limits;
        // Its timers and lookups are the runtime's.
        let _within = runtime.enter();
        let client = Outgoing::within(address, reach, limits.connect).map_err(|error| fault(error, limits, true))?;
        let authorization = remote.credentials.as_ref().map(basic).transpose()?;
        Ok(Rc::new(Wire {
            client,
            address,
            authorization,
            runtime,
            limits,
            watch,
            fault: RefCell::new(None),
            taken_bytes: Cell::new(0),
            is_pushed: Cell::new(false),
        }))
    }

    /// What an error of the protocol comes from.
    pub(super) fn explain(&self, error: &gix::Error) -> GitError {
        let noted = self.fault.borrow().clone().or_else(|| self.watch.reason());
        noted.unwrap_or_else(|| of_remote(error, self.limits))
    }

    /// What an error comes to for who pushes.
    pub(super) fn outcome_of(&self, error: GitError) -> PushError {
        if self.is_pushed.get() { PushError::Unknown(error) } else { PushError::NotSent(error) }
    }

    /// The first thing that went wrong on the way.
    pub(super) fn noted(&self) -> Option<GitError> {
        self.fault.borrow().clone()
    }

    fn note(&self, fault: GitError) -> io::Error {
        self.fault.borrow_mut().get_or_insert(fault);
        io::Error::other("see the wire")
    }

    /// Waits for something of the runtime's, for as long as there is time.
    fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, GitError> {
        self.runtime.block_on(async {
            let mut what = pin!(what);
            loop {
                if let Ok(come) = tokio::time::timeout(TICK, &mut what).await {
                    return Ok(come);
                }
                if let Some(reason) = self.watch.reason() {
                    return Err(reason);
                }
            }
        })
    }
}

fn basic(credentials: &Credentials) -> Result<HeaderValue, GitError> {
    let plain = Zeroizing::new(format!("{}:{}", credentials.username, credentials.token.as_str()));
    let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(plain.as_bytes())));
    let mut value = HeaderValue::from_str(&text).map_err(|_| GitError::Unauthorized)?;
    value.set_sensitive(true);
    Ok(value)
}

fn fault(error: OutgoingError, limits: &Limits, is_list: bool) -> GitError {
    match error {
        OutgoingError::Malformed(reason) | OutgoingError::Unreachable(reason) | OutgoingError::Cut(reason) => {
            GitError::Unreachable { reason: told(&reason) }
        }
        OutgoingError::Untrusted(reason) => GitError::Untrusted { reason: told(&reason) },
        OutgoingError::TooSlow(seconds) => GitError::TooSlow { seconds },
        OutgoingError::TooLarge(bytes_max) if is_list => GitError::TooLarge { what: Large::Advertisement, bytes_max },
        OutgoingError::TooLarge(_) => too_large_pack(limits),
        OutgoingError::AddressRefused { host, address } => {
            GitError::AddressRefused { host, address: address.to_string() }
        }
        OutgoingError::Sink(error) => GitError::of_disk(error),
    }
}

fn too_large_pack(limits: &Limits) -> GitError {
    GitError::TooLarge { what: Large::Pack, bytes_max: limits.pack_bytes_max }
}

/// What gix makes its requests by.
pub(super) struct Requests<'w>(pub(super) Rc<Wire<'w>>);

impl<'w> Http for Requests<'w> {
    type Headers = Head<'w>;
    type ResponseBody = Body<'w>;
    type PostBody = Sent<'w>;

    fn get(
        &mut self,
        url: &str,
        base: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Head<'w>, Body<'w>>> {
        let exchange = Exchange::new(&self.0, Request::get(self.0.url(url, base)), headers, None);
        Ok(GetResponse { headers: Head::of(&exchange), body: Body::of(&exchange) })
    }

    fn post(
        &mut self,
        url: &str,
        base: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _kind: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Head<'w>, Body<'w>, Sent<'w>>> {
        let spool = Spool { file: SpooledTempFile::new(SPOOL_BYTES), length: 0, begin: Vec::new() };
        let exchange = Exchange::new(&self.0, Request::post(self.0.url(url, base)), headers, Some(spool));
        let post_body = Sent(Rc::clone(&exchange));
        Ok(PostResponse { post_body, headers: Head::of(&exchange), body: Body::of(&exchange) })
    }

    fn configure(&mut self, _: &dyn std::any::Any) -> gix::Result {
        Ok(())
    }
}

impl Wire<'_> {
    /// The same path at the true address.
    fn url(&self, url: &str, base: &str) -> String {
        let path = url.strip_prefix(base).unwrap_or(url).trim_start_matches('/');
        self.address.join(&format!("/{path}"))
    }
}

/// One request and its answer. It is sent when somebody begins to read the answer.
struct Exchange<'w> {
    wire: Rc<Wire<'w>>,
    state: State,
    /// Whether it asks for the list of branches, which has limits of its own.
    is_list: bool,
}

enum State {
    Unsent(Builder, Option<Spool>),
    Answered(Answer),
    Failed,
}

/// A body that is complete before it is sent, so that its length is known.
struct Spool {
    file: SpooledTempFile,
    length: u64,
    /// Tells what is asked for.
    begin: Vec<u8>,
}

const BEGIN_BYTES: usize = 64;

impl<'w> Exchange<'w> {
    fn new(
        wire: &Rc<Wire<'w>>,
        mut request: Builder,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        spool: Option<Spool>,
    ) -> Rc<RefCell<Exchange<'w>>> {
        for header in headers {
            match header.as_ref().split_once(':') {
                Some((name, value)) if !name.eq_ignore_ascii_case(USER_AGENT.as_str()) => {
                    request = request.header(name, value.trim());
                }
                Some(_) | None => {}
            }
        }
        request = request.header(USER_AGENT, WHO_ASKS);
        if let Some(authorization) = &wire.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let is_list = spool.is_none();
        Rc::new(RefCell::new(Exchange { wire: Rc::clone(wire), state: State::Unsent(request, spool), is_list }))
    }

    /// Sends the request if it was not sent yet.
    fn answer(&mut self) -> io::Result<&mut Answer> {
        if let State::Unsent(request, spool) = &mut self.state {
            let (request, spool) = (std::mem::take(request), spool.take());
            self.state = State::Failed;
            let answer = self.send(request, spool).map_err(|fault| self.wire.note(fault))?;
            self.state = State::Answered(answer);
        }
        match &mut self.state {
            State::Answered(answer) => Ok(answer),
            State::Unsent(..) | State::Failed => Err(io::Error::other("see the wire")),
        }
    }

    fn send(&mut self, request: Builder, spool: Option<Spool>) -> Result<Answer, GitError> {
        let wire = Rc::clone(&self.wire);
        let malformed = |_| GitError::Unreachable { reason: "the address cannot be asked".to_owned() };
        let answer = match spool {
            None => {
                let bounds = wire.bounds(true);
                let request = request.body(Bytes::new()).map_err(malformed)?;
                wire.wait(wire.client.begin(request, bounds))?
            }
            Some(spool) => {
                self.is_list = spool.begin.windows(b"command=ls-refs".len()).any(|part| part == b"command=ls-refs");
                let is_push = request.uri_ref().is_some_and(|uri| uri.path().ends_with("/git-receive-pack"));
                let request = request.body(()).map_err(malformed)?;
                wire.is_pushed.set(is_push);
                wire.wait(wire.feed(request, spool, wire.bounds(self.is_list)))?
            }
        };
        let answer = answer.inspect_err(|error| wire.is_pushed.set(wire.is_pushed.get() && may_have_come(error)));
        let answer = answer.map_err(|error| fault(error, wire.limits, self.is_list))?;
        match refusal(&answer) {
            None => Ok(answer),
            Some(refusal) => {
                // A fault of the server's own says nothing of what it did before.
                wire.is_pushed.set(wire.is_pushed.get() && answer.parts.status.is_server_error());
                Err(refusal)
            }
        }
    }

    fn next_chunk(&mut self) -> io::Result<Bytes> {
        let wire = Rc::clone(&self.wire);
        let chunk = wire.wait(self.answer()?.next_chunk()).map_err(|fault| wire.note(fault))?;
        let chunk = chunk.map_err(|error| wire.note(fault(error, wire.limits, self.is_list)))?;
        let chunk = chunk.unwrap_or_default();
        if !self.is_list {
            wire.taken_bytes.set(wire.taken_bytes.get() + chunk.len() as u64);
        }
        Ok(chunk)
    }
}

impl Wire<'_> {
    fn bounds(&self, is_list: bool) -> Bounds {
        // The watch ends it first, and says after how long.
        let left = self.watch.left() + Duration::from_secs(1);
        if is_list {
            let deadline = self.limits.advertisement.min(left);
            return Bounds { deadline, body_bytes_max: self.limits.advertisement_bytes_max };
        }
        // All that comes in several answers counts. What frames a pack is small beside it.
        let pack_bytes_max = self.limits.pack_bytes_max;
        let body_bytes_max = (pack_bytes_max + pack_bytes_max / 64 + (64 << 10)).saturating_sub(self.taken_bytes.get());
        Bounds { deadline: left, body_bytes_max }
    }

    /// Sends a request with what was spooled.
    async fn feed(&self, request: Request<()>, mut spool: Spool, bounds: Bounds) -> Result<Answer, OutgoingError> {
        spool.file.rewind()?;
        let (feed, asked) = self.client.begin_fed(request, spool.length, bounds);
        let feeding = async move {
            let mut piece = vec![0; PIECE_BYTES];
            loop {
                match spool.file.read(&mut piece)? {
                    0 => return Ok(()),
                    length if feed.send(Bytes::copy_from_slice(&piece[..length])).await => {}
                    // Nobody takes more of it; the answer says why.
                    _ => return Ok(()),
                }
            }
        };
        let (mut asked, mut feeding) = (pin!(asked), pin!(feeding));
        tokio::select! {
            answer = &mut asked => {
                let answer = answer?;
                // It answers before it has all: a refusal is one, anything else needs the rest.
                if answer.parts.status.is_success() {
                    feeding.await.map_err(OutgoingError::Sink)?;
                }
                Ok(answer)
            }
            fed = &mut feeding => {
                fed.map_err(OutgoingError::Sink)?;
                asked.await
            }
        }
    }
}

/// Whether the remote may have got the whole request all the same.
fn may_have_come(error: &OutgoingError) -> bool {
    match error {
        OutgoingError::Malformed(_)
        | OutgoingError::Unreachable(_)
        | OutgoingError::Untrusted(_)
        | OutgoingError::AddressRefused { .. } => false,
        OutgoingError::Cut(_) | OutgoingError::TooSlow(_) | OutgoingError::TooLarge(_) | OutgoingError::Sink(_) => true,
    }
}

fn refusal(answer: &Answer) -> Option<GitError> {
    let status = answer.parts.status;
    match status {
        StatusCode::OK => None,
        StatusCode::UNAUTHORIZED => Some(GitError::Unauthorized),
        StatusCode::FORBIDDEN => Some(GitError::Forbidden),
        StatusCode::NOT_FOUND | StatusCode::GONE => Some(GitError::NoSuchRepository),
        _ if status.is_redirection() => {
            let to = answer.parts.headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
            // What follows may be for the one asked alone.
            let to = to.split(['?', '#']).next().unwrap_or_default();
            Some(GitError::Redirected { to: told(to) })
        }
        _ => Some(GitError::AnotherStatus { status: status.as_u16() }),
    }
}

/// The lines of an answer's head.
pub(super) struct Head<'w> {
    exchange: Rc<RefCell<Exchange<'w>>>,
    lines: Option<io::Cursor<Vec<u8>>>,
}

impl<'w> Head<'w> {
    fn of(exchange: &Rc<RefCell<Exchange<'w>>>) -> Head<'w> {
        Head { exchange: Rc::clone(exchange), lines: None }
    }

    fn lines(&mut self) -> io::Result<&mut io::Cursor<Vec<u8>>> {
        if self.lines.is_none() {
            let mut exchange = self.exchange.borrow_mut();
            let mut lines = Vec::new();
            for (name, value) in &exchange.answer()?.parts.headers {
                lines.extend_from_slice(format!("{name}: ").as_bytes());
                // Lines are read as text.
                lines.extend_from_slice(value.to_str().unwrap_or_default().as_bytes());
                lines.push(b'\n');
            }
            self.lines = Some(io::Cursor::new(lines));
        }
        Ok(self.lines.get_or_insert_default())
    }
}

impl Read for Head<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.lines()?.read(to)
    }
}

impl BufRead for Head<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.lines()?.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        if let Some(lines) = &mut self.lines {
            lines.consume(count);
        }
    }
}

/// An answer's body.
pub(super) struct Body<'w> {
    exchange: Rc<RefCell<Exchange<'w>>>,
    chunk: Bytes,
}

impl<'w> Body<'w> {
    fn of(exchange: &Rc<RefCell<Exchange<'w>>>) -> Body<'w> {
        Body { exchange: Rc::clone(exchange), chunk: Bytes::new() }
    }
}

impl Read for Body<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(to)?;
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Body<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.chunk.is_empty() {
            self.chunk = self.exchange.borrow_mut().next_chunk()?;
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, count: usize) {
        self.chunk.advance(count);
    }
}

/// A request's body.
pub(super) struct Sent<'w>(Rc<RefCell<Exchange<'w>>>);

impl Write for Sent<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut exchange = self.0.borrow_mut();
        let wire = Rc::clone(&exchange.wire);
        let State::Unsent(_, Some(spool)) = &mut exchange.state else {
            return Err(io::Error::other("the request was sent"));
        };
        if spool.length + bytes.len() as u64 > wire.limits.pack_bytes_max {
            return Err(wire.note(too_large_pack(wire.limits)));
        }
        let length = spool.file.write(bytes).map_err(|error| wire.note(GitError::of_disk(error)))?;
        spool.length += length as u64;
        let wanted = BEGIN_BYTES.saturating_sub(spool.begin.len());
        spool.begin.extend_from_slice(&bytes[..length.min(wanted)]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
