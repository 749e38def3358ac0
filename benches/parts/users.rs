//! A server with many users whose timelines are of about the same size.

use std::path::Path;

use codexmiroir::app::{self, MetricsOptions, Running, ServeOptions, WorkerOptions, WorkerProgram};
use codexmiroir::clock::Clock;
use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::zone::Zone;
use codexmiroir::http::listen::Limits;
use codexmiroir::service::folder::Folder;
use codexmiroir::service::rulebook::RuleBook;
use codexmiroir::store::{Origin, Scopes, Settings};

pub async fn start(folder: &Path, hot_bytes_max: u64) -> Running {
    let options = ServeOptions {
        data_dir: folder.to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        metrics: MetricsOptions::default(),
        rules: RuleBook::builtin(),
        workers: WorkerOptions::of(WorkerProgram::at(env!("CARGO_BIN_EXE_codexmiroir"))),
        hot_bytes_max,
        hosts: Vec::new(),
        demo: None,
        limits: Limits::default(),
        clock: Clock::System,
    };
    app::start(options).await.unwrap()
}

/// A user with this many days to plan and open tasks; the token.
pub async fn add(running: &Running, name: &str, days: u16, tasks: usize) -> String {
    let settings = Settings { zone: Zone::parse("Europe/Berlin").unwrap(), lang: Lang::En, days };
    let user = running.service.add_user(name, false, settings, None).await.unwrap();
    let files = (0..tasks).map(|number| {
        let kategorie = if number % 3 == 0 { "privat" } else { "arbeit" };
        let text = format!(
            "---\ntyp: task\nkategorie: {kategorie}\nstatus: offen\n---\n\n# Task number {number} of the bench\n"
        );
        // Who waits stands in the timeline by name: long names make large timelines of few tasks.
        (format!("{number:04}-{}.md", "Task-of-the-bench-".repeat(9)), text.into_bytes())
    });
    let origin = Origin { actor: name.to_owned(), through: "import".into() };
    let folder = Folder { files: files.collect(), ..Folder::default() };
    running.service.import(user.id, origin, folder, false).await.unwrap();
    running.service.create_token(name, Scopes::READ.with(Scopes::WRITE), "bench", None).await.unwrap()
}

/// The request for a user's timeline.
pub fn request(token: &str, header: &str) -> Vec<u8> {
    format!("GET /codex HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n{header}\r\n").into_bytes()
}
