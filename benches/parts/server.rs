//! A server to measure, its users, and what is asked of it.

use std::path::Path;

use codexmiroir::app::{self, MetricsOptions, Running, ServeOptions, SyncSettings, WorkerOptions, WorkerProgram};
use codexmiroir::clock::Clock;
use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::theme::Theme;
use codexmiroir::domain::zone::Zone;
use codexmiroir::http::listen::Limits;
use codexmiroir::service::folder::Folder;
use codexmiroir::service::rulebook::RuleBook;
use codexmiroir::store::{Origin, Scopes, Settings};

/// Where the users are.
pub const ZONE: &str = "Europe/Berlin";

pub async fn start(folder: &Path, hot_bytes_max: u64) -> Running {
    start_at(folder, hot_bytes_max, Clock::System).await
}

/// As [`start`], with another clock than the system's.
pub async fn start_at(folder: &Path, hot_bytes_max: u64, clock: Clock) -> Running {
    start_synced(folder, hot_bytes_max, clock, SyncSettings::default()).await
}

/// As [`start_at`], with a repository of the users' files.
pub async fn start_synced(folder: &Path, hot_bytes_max: u64, clock: Clock, sync: SyncSettings) -> Running {
    let options = ServeOptions {
        data_dir: folder.to_owned(),
        key_file: None,
        listen: "127.0.0.1:0".parse().unwrap(),
        metrics: MetricsOptions::default(),
        rules: RuleBook::builtin(),
        workers: WorkerOptions::of(WorkerProgram::at(env!("CARGO_BIN_EXE_codexmiroir"))),
        hot_bytes_max,
        public_url: None,
        demo: None,
        limits: Limits::default(),
        clock,
        backups: None,
        sync,
    };
    app::start(options).await.unwrap()
}

/// A user with this many days to plan and these files; the token.
pub async fn add(running: &Running, name: &str, days: u16, files: Vec<(String, Vec<u8>)>) -> String {
    let settings = Settings { zone: Zone::parse(ZONE).unwrap(), lang: Lang::En, days, theme: Theme::Auto };
    let user = running.service.add_user(name, false, settings, None).await.unwrap();
    let origin = Origin { actor: name.to_owned(), through: "import".into() };
    running.service.import(user.id, origin, Folder { files, ..Folder::default() }, false).await.unwrap();
    running.service.create_token(name, Scopes::READ.with(Scopes::WRITE), "bench", None).await.unwrap()
}

/// The request for a user's timeline.
pub fn request(token: &str, header: &str) -> Vec<u8> {
    request_of("/codex", token, header)
}

/// The request for a user's answer at a path.
pub fn request_of(path: &str, token: &str, header: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n{header}\r\n").into_bytes()
}
