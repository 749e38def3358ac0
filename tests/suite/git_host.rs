//! A host of Git repositories over HTTP, as a forge is one, and the real git to look into them with.
//!
//! `git http-backend` answers; what stands before it knows a user, counts, and can be told to misbehave.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, LOCATION, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::{Interval, interval};

/// Runs git in a folder, with nobody's configuration, and gives what it prints.
pub fn git(at: &Path, arguments: &[&str]) -> String {
    let ran = git_command(at, arguments).output().unwrap();
    assert!(ran.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).trim_end().to_owned()
}

/// Runs git in a folder, and tells only whether it was content.
pub fn git_succeeds(at: &Path, arguments: &[&str]) -> bool {
    git_command(at, arguments).output().unwrap().status.success()
}

/// git in a folder, with nobody's configuration.
pub fn git_command(at: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.current_dir(at).args(arguments).env("HOME", "/nonexistent").env("GIT_CONFIG_NOSYSTEM", "1");
    for (variable, value) in [
        ("GIT_AUTHOR_NAME", "Lena"),
        ("GIT_AUTHOR_EMAIL", "lena@example.org"),
        ("GIT_COMMITTER_NAME", "Lena"),
        ("GIT_COMMITTER_EMAIL", "lena@example.org"),
        ("GIT_TERMINAL_PROMPT", "0"),
    ] {
        command.env(variable, value);
    }
    command
}

/// An empty bare repository whose branch is `main`.
pub fn bare(root: &Path, name: &str) -> PathBuf {
    git(root, &["init", "--quiet", "--bare", "--initial-branch=main", name]);
    root.join(name)
}

/// Commits these files on `main` of a bare repository, in place of what is there under the same paths, and gives the
/// commit. Everything else stays.
pub fn commit_there(repository: &Path, files: &[(&str, &str)], message: &str) -> String {
    let tree = tempfile::tempdir().unwrap();
    let at = tree.path();
    git(at, &["clone", "--quiet", repository.to_str().unwrap(), "."]);
    for (path, text) in files {
        std::fs::create_dir_all(at.join(path).parent().unwrap()).unwrap();
        std::fs::write(at.join(path), text).unwrap();
    }
    git(at, &["add", "--all"]);
    git(at, &["commit", "--quiet", "--allow-empty", "--message", message]);
    git(at, &["push", "--quiet", "origin", "HEAD:main"]);
    git(at, &["rev-parse", "HEAD"])
}

/// How a host answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// As `git http-backend` does.
    Git,
    /// With this status and no more.
    Status(u16),
    /// With a redirect to this address.
    Redirect(String),
    /// Never.
    Hangs,
    /// With the right head, and a line that comes byte by byte and never ends.
    Drips,
    /// Carries out pushes, and cuts the connection instead of answering.
    CutsPushes,
    /// As git does, with somebody who is faster than all pushes but each so manieth: a commit of another client comes
    /// before them.
    Overtakes(usize),
    /// As Git until the first push was answered, and with this status afterwards.
    StatusAfterPush(u16),
}

/// Who is let in.
type Known = Option<(String, String)>;

struct State {
    root: PathBuf,
    behaviour: Mutex<Behaviour>,
    known: Mutex<Known>,
    requests: Mutex<Vec<String>>,
}

/// A host on a free port, until it is dropped.
pub struct GitHost {
    /// Such as `http://127.0.0.1:4711`; repositories follow by their folders' names.
    pub url: String,
    /// What a configuration allows it by.
    pub host: String,
    state: Arc<State>,
    runtime: Option<Runtime>,
}

impl GitHost {
    /// Serves all repositories below a folder to everybody, for reading and writing.
    pub fn start(root: &Path) -> GitHost {
        GitHost::start_at(root, "127.0.0.1:0")
    }

    /// As [`GitHost::start`], where somebody looks for it already.
    pub fn start_at(root: &Path, address: &str) -> GitHost {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State {
            root: root.to_owned(),
            behaviour: Mutex::new(Behaviour::Git),
            known: Mutex::new(None),
            requests: Mutex::new(Vec::new()),
        });
        runtime.spawn(serve(listener, Arc::clone(&state)));
        GitHost { url: format!("http://{host}"), host, state, runtime: Some(runtime) }
    }

    /// The address of a repository.
    pub fn repository(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }

    /// From now on it answers so.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.state.behaviour.lock().unwrap() = behaviour;
    }

    /// From now on only this user is let in.
    pub fn let_in_only(&self, username: &str, token: &str) {
        *self.state.known.lock().unwrap() = Some((username.to_owned(), token.to_owned()));
    }

    /// What was asked so far, such as `GET /tasks.git/info/refs?service=git-upload-pack`.
    pub fn requests(&self) -> Vec<String> {
        self.state.requests.lock().unwrap().clone()
    }

    /// How many pushes came so far, whatever became of them.
    pub fn pushes(&self) -> usize {
        pushes(&self.state)
    }
}

fn pushes(state: &State) -> usize {
    let is_push = |request: &&String| request.starts_with("POST") && request.ends_with("receive-pack");
    state.requests.lock().unwrap().iter().filter(is_push).count()
}

impl Drop for GitHost {
    fn drop(&mut self) {
        // Answers that never end are left alone; a test may drop this on a runtime of its own.
        self.runtime.take().unwrap().shutdown_background();
    }
}

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

async fn serve(listener: std::net::TcpListener, state: Arc<State>) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let service = service_fn(move |request| answer(request, Arc::clone(&state)));
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(request: Request<Incoming>, state: Arc<State>) -> io::Result<Answer> {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    state.requests.lock().unwrap().push(format!("{method} {uri}"));
    if !is_known(request.headers(), &state.known.lock().unwrap()) {
        let mut refused = plain(StatusCode::UNAUTHORIZED);
        refused.headers_mut().insert(WWW_AUTHENTICATE, "Basic realm=\"git\"".parse().unwrap());
        return Ok(refused);
    }
    let behaviour = state.behaviour.lock().unwrap().clone();
    let is_push = method == Method::POST && uri.path().ends_with("receive-pack");
    match behaviour {
        Behaviour::Git => run(request, &state.root).await,
        Behaviour::Status(status) => Ok(plain(StatusCode::from_u16(status).unwrap())),
        Behaviour::Redirect(to) => {
            let mut elsewhere = plain(StatusCode::FOUND);
            elsewhere.headers_mut().insert(LOCATION, to.parse().unwrap());
            Ok(elsewhere)
        }
        Behaviour::Hangs => std::future::pending().await,
        Behaviour::Drips => Ok(dripping(uri.query().unwrap_or_default())),
        Behaviour::CutsPushes => {
            let answer = run(request, &state.root).await?;
            if is_push { Err(io::Error::other("cut")) } else { Ok(answer) }
        }
        Behaviour::Overtakes(each) => {
            if is_push && !pushes(&state).is_multiple_of(each) {
                let name = uri.path().trim_start_matches('/').split('/').next().unwrap_or_default();
                let text = format!("the one before push {}\n", pushes(&state));
                commit_there(&state.root.join(name), &[("faster.txt", &text)], "faster");
            }
            run(request, &state.root).await
        }
        Behaviour::StatusAfterPush(status) => {
            let answer = run(request, &state.root).await?;
            if is_push {
                *state.behaviour.lock().unwrap() = Behaviour::Status(status);
            }
            Ok(answer)
        }
    }
}

fn is_known(headers: &HeaderMap, known: &Known) -> bool {
    let Some((username, token)) = known else { return true };
    let wanted = format!("Basic {}", STANDARD.encode(format!("{username}:{token}")));
    headers.get(AUTHORIZATION).is_some_and(|given| given.as_bytes() == wanted.as_bytes())
}

fn plain(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::new()).boxed_unsync());
    *answer.status_mut() = status;
    answer
}

/// Its first bytes, and how often another one comes.
struct Drip(&'static [u8], Interval);

impl Body for Drip {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.1
            .poll_tick(context)
            .map(|_| Some(Ok(Frame::data(Bytes::from_static(std::mem::replace(&mut self.0, b"x"))))))
    }
}

fn dripping(query: &str) -> Answer {
    let service = query.strip_prefix("service=").unwrap_or_default();
    let mut answer = Response::new(Drip(b"fff0", interval(Duration::from_millis(100))).boxed_unsync());
    let kind = format!("application/x-{service}-advertisement").parse().unwrap();
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

/// One request by CGI.
async fn run(request: Request<Incoming>, root: &Path) -> io::Result<Answer> {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default().to_owned());
    let mut command = tokio::process::Command::from(git_command(root, &["http-backend"]));
    command.env("GIT_PROJECT_ROOT", root).env("GIT_HTTP_EXPORT_ALL", "1").env("REMOTE_USER", "anna");
    command.env("REQUEST_METHOD", request.method().as_str()).env("PATH_INFO", request.uri().path());
    command.env("QUERY_STRING", request.uri().query().unwrap_or_default());
    for (variable, name) in [
        ("CONTENT_TYPE", "content-type"),
        ("HTTP_CONTENT_ENCODING", "content-encoding"),
        ("GIT_PROTOCOL", "git-protocol"),
    ] {
        if let Some(value) = header(name) {
            command.env(variable, value);
        }
    }
    let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    command.env("CONTENT_LENGTH", body.len().to_string());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
    let mut input = child.stdin.take().unwrap();
    let sent = async move {
        // It need not read what it refuses.
        let _ = input.write_all(&body).await;
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), sent);
    from_cgi(&Bytes::from(output?.stdout))
}

fn from_cgi(output: &Bytes) -> io::Result<Answer> {
    let cut = || io::Error::other("no head");
    let end = output.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(cut)?;
    let mut answer = Response::new(Full::new(output.slice(end + 4..)).boxed_unsync());
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let (name, value) = line.split_once(':').ok_or_else(cut)?;
        if name.eq_ignore_ascii_case("status") {
            let code = value.trim().split(' ').next().unwrap_or_default();
            *answer.status_mut() = code.parse().map_err(io::Error::other)?;
        } else {
            let name: HeaderName = name.parse().map_err(io::Error::other)?;
            answer.headers_mut().insert(name, value.trim().parse().map_err(io::Error::other)?);
        }
    }
    Ok(answer)
}
