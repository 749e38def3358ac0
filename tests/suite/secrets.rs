//! Watches all that tests see for secrets that have no business there.
//!
//! The harness says which secrets there are, and shows every text that must hold none. Each is searched at once for those
//! that are known by then, and kept for `tests/traces.rs`, which searches the texts of the whole run for all of them.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use reqwest::Request;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, SET_COOKIE};
use serde_json::Value;
use tracing_subscriber::EnvFilter;

#[path = "../traces/needles.rs"]
mod needles;
#[path = "../traces/record.rs"]
mod record;

pub use needles::Kind;
use needles::{Needles, forms, is_telling};

/// What a text is that must hold no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An answer with a status of 400 or more, or the head of any.
    Error,
    Metrics,
    Export,
    /// What a server in this process logs.
    Log,
    Stderr,
    /// What `codexmiroir config` prints.
    Config,
    /// Anything else that is answered or printed. Only what is a secret by its form is looked for in it, and it is not kept.
    Other,
}

impl Place {
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// What is known, and what is kept for the search of the whole run.
#[derive(Default)]
struct Watch {
    needles: Needles,
    /// Hashes of what was kept already.
    kept: HashSet<u64>,
    /// What was found where nobody could fail: in a thread of the server.
    found: Vec<String>,
    files: Option<[File; 2]>,
}

static WATCH: LazyLock<Mutex<Watch>> = LazyLock::new(|| {
    record::remove_ended(&record::runs());
    let files = [record::SECRETS, record::TEXTS].map(|kind| record::open(&record::run(), kind).unwrap());
    Mutex::new(Watch { files: Some(files), ..Watch::default() })
});

fn watch() -> MutexGuard<'static, Watch> {
    WATCH.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    fn is_new(&mut self, label: &str, text: &str) -> bool {
        self.kept.insert(BuildHasherDefault::<DefaultHasher>::default().hash_one((label, text)))
    }

    fn learn(&mut self, kind: Kind, secret: &str) {
        let label = kind.to_string();
        if !is_telling(secret) || !self.is_new(&label, secret) {
            return;
        }
        self.needles.add(kind, secret);
        if let Some([secrets, _]) = &mut self.files {
            record::add(secrets, &label, secret).unwrap();
        }
    }

    /// What is wrong with a text, which is kept. The exempted are left out of it.
    fn search(&mut self, place: Place, text: &str, exempted: &[&str]) -> Option<String> {
        if place == Place::Other {
            return Needles::default().find(text, exempted).map(|found| found.told("other", text));
        }
        let label = place.name();
        // Who sends the same again is told the same.
        if !self.is_new(&label, text) {
            return None;
        }
        let found = self.needles.find(text, exempted).map(|found| found.told(&label, text));
        if let Some([_, texts]) = &mut self.files {
            let without = exempted.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "(exempted)"));
            record::add(texts, &label, &without).unwrap();
        }
        found
    }
}

/// From now on this is found wherever it comes to light.
pub fn learn(kind: Kind, secret: &str) {
    watch().learn(kind, secret);
}

/// Learns every token and session of a text that is there to hand them out.
pub fn learn_from(text: &str) {
    for (kind, _, secret) in forms(text) {
        learn(kind, secret);
    }
}

/// Panics if a secret is in this text.
pub fn must_hold_none(place: Place, text: &str) {
    must_hold_none_but(place, text, &[]);
}

fn must_hold_none_but(place: Place, text: &str, exempted: &[&str]) {
    let found = watch().search(place, text, exempted);
    assert_eq!(found, None);
}

/// What a key of 32 bytes takes at least, however it is written.
const KEY_CHARS_MIN: usize = 40;

/// Learns the key of a data directory, if it has one.
pub fn learn_key(data_dir: &Path) {
    let file = std::fs::read_to_string(data_dir.join("codexmiroir.key")).unwrap_or_default();
    // Before it stands what kind of file that is.
    for key in file.split_whitespace().filter(|word| word.len() >= KEY_CHARS_MIN) {
        learn(Kind::Key, key);
    }
}

/// Panics if a server of this process has logged a secret by now.
pub fn logs_must_hold_none() {
    let found = std::mem::take(&mut watch().found);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Searches what the servers of this process log, at every level.
pub fn watch_log() {
    static WATCHED: LazyLock<()> = LazyLock::new(|| {
        let filter = EnvFilter::new("info,codexmiroir=trace");
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).without_time();
        log.with_writer(|| Log).init();
    });
    LazyLock::force(&WATCHED);
}

struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut watch = watch();
        let found = watch.search(Place::Log, &String::from_utf8_lossy(line), &[]);
        watch.found.extend(found);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A request with the secrets in it.
pub struct Sent {
    path: String,
    /// What only whoever sent it knows, with what it is.
    carried: Vec<(Kind, String)>,
}

/// Where a secret stands in JSON or in a form.
const FIELDS: [(&str, Kind); 4] = [
    ("password", Kind::Password),
    ("current", Kind::Password),
    ("code", Kind::OneTimeCode),
    // Of a repository.
    ("token", Kind::Git),
];

impl Sent {
    pub fn of(request: &Request) -> Sent {
        let path = request.url().path().to_owned();
        let mut carried = Vec::new();
        let values = [AUTHORIZATION, COOKIE].into_iter().flat_map(|name| request.headers().get_all(name));
        for value in values.filter_map(|value| value.to_str().ok()) {
            carried.extend(forms(value).map(|(kind, _, secret)| (kind, secret.to_owned())));
            let token = value.strip_prefix("Bearer ").filter(|_| path == "/metrics");
            carried.extend(token.map(|token| (Kind::MetricsToken, token.to_owned())));
        }
        // The address of a feed.
        carried.extend(forms(&path).map(|(kind, _, secret)| (kind, secret.to_owned())));
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let object: Value = serde_json::from_slice(body).unwrap_or_default();
        let pairs = form_urlencoded::parse(body).chain(request.url().query_pairs());
        let pairs: Vec<_> = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        for (field, kind) in FIELDS {
            let in_form = pairs.iter().filter(|(name, _)| name == field).map(|(_, value)| value.as_str());
            let values = in_form.chain(object[field].as_str());
            carried.extend(values.map(|value| (kind, value.to_owned())));
        }
        // A name that is tried as a password as well is no secret, and what is no code at all opens nothing.
        carried.retain(|(kind, secret)| match kind {
            Kind::Password => object["name"] != secret.as_str(),
            Kind::OneTimeCode => secret.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            _ => true,
        });
        Sent { path, carried }
    }

    /// Learns what was carried and what is handed out; panics if any other secret is in the answer.
    pub fn answered(&self, status: u16, headers: &HeaderMap, text: &str) {
        let mut exempted = Vec::new();
        for (kind, secret) in &self.carried {
            learn(*kind, secret);
            // A page that is shown again with what is wrong has the link's code in its form.
            exempted.extend((*kind == Kind::OneTimeCode).then_some(secret.as_str()));
        }
        let values = headers.iter().filter_map(|(name, value)| Some((name, value.to_str().ok()?)));
        let (cookies, others): (Vec<_>, Vec<_>) = values.partition(|(name, _)| *name == SET_COOKIE);
        for (_, cookie) in cookies {
            learn_from(cookie);
        }
        let heads: Vec<_> = others.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        must_hold_none(Place::Error, &heads.concat());
        let is_handed_out = status == 200 && ["/api/tokens", "/settings/tokens"].contains(&self.path.as_str());
        if is_handed_out {
            for (kind, _, secret) in forms(text) {
                learn(kind, secret);
                exempted.push(secret);
            }
        }
        let place = match self.path.as_str() {
            _ if status >= 400 => Place::Error,
            "/metrics" => Place::Metrics,
            path if path.ends_with("/export") => Place::Export,
            _ => Place::Other,
        };
        must_hold_none_but(place, text, &exempted);
    }
}

/// Learns what a command is given, and panics if a secret is in what it printed where none belongs.
pub fn ran(command: &Command, stdout: &str, stderr: &str) {
    learn_given(command);
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    // Whoever is given a token for a feed is told its address too.
    let given = forms(stdout).filter(|_| has("token")).map(|(_, _, secret)| secret).collect::<Vec<_>>();
    must_hold_none_but(Place::Stderr, stderr, &given);
    let is_ours = command.get_program() == env!("CARGO_BIN_EXE_codexmiroir");
    let place = match () {
        () if has("config") => Place::Config,
        () if has("export") => Place::Export,
        () => Place::Other,
    };
    if !is_ours || has("token") {
        learn_from(stdout);
    } else {
        must_hold_none(place, stdout);
    }
}

/// Settings that are secrets, by their flags.
const SECRET_SETTINGS: [(&str, Kind); 3] =
    [("--metrics-token", Kind::MetricsToken), ("--git-token", Kind::Git), ("--git-webhook-secret", Kind::Git)];

/// Learns the secrets among the arguments and the environment of a command.
pub fn learn_given(command: &Command) {
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    for (flag, kind) in SECRET_SETTINGS {
        let variable = format!("CODEXMIROIR{}", flag[1..].replace('-', "_").to_uppercase());
        for pair in arguments.windows(2).filter(|pair| pair[0] == flag) {
            learn(kind, &pair[1]);
        }
        for (_, value) in command.get_envs().filter(|(name, _)| **name == *variable) {
            value.iter().for_each(|value| learn(kind, &value.to_string_lossy()));
        }
    }
}

/// Learns what is typed for, or piped into, a command that asks for a secret.
pub fn learn_input(arguments: &[&str], input: &[u8]) {
    let kind = match () {
        () if arguments.contains(&"--password-stdin") || arguments.contains(&"passwd") => Kind::Password,
        () if arguments.contains(&"--token-stdin") => Kind::Token,
        () => return,
    };
    for line in String::from_utf8_lossy(input).lines() {
        learn(kind, line);
    }
}

/// Learns the code of a link that a server printed.
pub fn learn_link(line: &str) {
    let code = line.split_once("code=").map(|(_, code)| code.split(|c: char| c == '&' || c.is_whitespace()));
    for code in code.into_iter().filter_map(|mut parts| parts.next()) {
        learn(Kind::OneTimeCode, code);
    }
    learn_from(line);
}

#[test]
fn a_text_with_a_secret_is_refused_at_once() {
    let mut watch = Watch::default();
    let token = "cmr_0123456789abcdefghijABCDEFGHIJ0123456789abcdefghi";
    let password = "correct horse battery staple";
    let texts = [format!("no {token}"), format!("no {password}")];
    assert_eq!(watch.search(Place::Error, &texts[1], &[]), None, "it is not known yet");
    watch.learn(Kind::Password, password);
    for (place, name) in [(Place::Log, "(log)"), (Place::Stderr, "(stderr)"), (Place::Metrics, "(metrics)")] {
        for text in &texts {
            let found = watch.search(place, text, &[]).unwrap();
            assert!(found.contains(name) && !found.contains(token) && !found.contains(password), "{found}");
        }
        assert_eq!(watch.search(place, "no token", &[]), None);
    }
    assert_eq!(watch.search(Place::Export, &texts[0], &[token]), None, "this one is handed out here");
    assert!(watch.search(Place::Config, &format!("{token} {password}"), &[token]).is_some(), "and no other");
    assert!(watch.search(Place::Other, &texts[0], &[]).is_some());
}
