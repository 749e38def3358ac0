//! A data directory whose users have many tasks.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use codexmiroir::app::Running;
use codexmiroir::clock::Clock;
use codexmiroir::config::HOT_MAP_BYTES_DEFAULT;
use codexmiroir::domain::zone::Zone;
use codexmiroir::service::folder::Folder;
use codexmiroir::store::Origin;
use tokio::task::JoinSet;

use super::{roles, server};

/// Tasks of each user.
const TASKS_EACH: usize = 5_000;
/// Users that are made at the same time.
const AT_ONCE: usize = 2;
const TAGS: [&str; 8] = ["haus", "geld", "garten", "docs", "release", "familie", "sport", "reise"];
/// Where tokens are, and how many bytes the documents have, beside the data directory.
const TOKENS: &str = "tokens";

/// What there is to be backed up.
pub struct Filled {
    pub tasks: usize,
    pub document_bytes: u64,
    /// One of each user's.
    pub tokens: Vec<String>,
}

impl Filled {
    /// Fills `data` in this folder, in a process of its own.
    pub fn with(folder: &Path, tasks: usize) -> Filled {
        let filled = roles::this(&["fill", folder.to_str().unwrap(), &tasks.to_string()]).status().unwrap();
        assert!(filled.success(), "{filled}");
        let told = fs::read_to_string(folder.join(TOKENS)).unwrap();
        let (tokens, bytes): (Vec<String>, Vec<u64>) = told.lines().map(user_of).unzip();
        Filled { tasks, document_bytes: bytes.iter().sum(), tokens }
    }

    /// What a restore says that made every timeline again as it was.
    pub fn same_timelines(&self) -> String {
        match self.tokens.len() {
            1 => "1 timeline is what it was".to_owned(),
            users => format!("{users} timelines are what they were"),
        }
    }
}

/// The token and the bytes in a line of that file.
fn user_of(line: &str) -> (String, u64) {
    let (token, bytes) = line.split_once(' ').unwrap();
    (token.to_owned(), bytes.parse().unwrap())
}

/// The request that makes a task.
pub fn create(token: &str) -> Vec<u8> {
    let body = r#"{"kategorie":"arbeit","title":"A task of the bench","tags":["bench"]}"#;
    let head = format!("POST /api/tasks HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n");
    let content = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    format!("{head}{content}").into_bytes()
}

pub fn bytes_of(file: &Path) -> u64 {
    fs::metadata(file).unwrap().len()
}

pub fn bytes_below(folder: &Path) -> u64 {
    let below = |entry: fs::DirEntry| match entry.file_type().unwrap().is_dir() {
        true => bytes_below(&entry.path()),
        false => entry.metadata().unwrap().len(),
    };
    fs::read_dir(folder).unwrap().map(|entry| below(entry.unwrap())).sum()
}

/// The process that fills them.
pub fn fill(folder: &Path, tasks: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let running = Arc::new(server::start(&folder.join("data"), HOT_MAP_BYTES_DEFAULT).await);
        let words: Arc<[String]> = words().into();
        let (mut tokens, mut adding) = (Vec::new(), JoinSet::new());
        for (number, first) in (0..tasks).step_by(TASKS_EACH).enumerate() {
            if adding.len() == AT_ONCE {
                tokens.extend(adding.join_next().await.transpose().unwrap());
            }
            let (running, name) = (running.clone(), format!("u{number:04}"));
            let author = Author { words: words.clone(), state: 0x9e37_79b9_7f4a_7c15 ^ (number as u64 + 1) };
            let count = TASKS_EACH.min(tasks - first);
            adding.spawn(async move { add(&running, &name, author, count).await });
        }
        while let Some(token) = adding.join_next().await {
            tokens.push(token.unwrap());
        }
        fs::write(folder.join(TOKENS), tokens.join("\n")).unwrap();
        Arc::into_inner(running).unwrap().stop().await;
    });
}

/// One user: tasks as they were written, and most of them completed later, so that there is a history. The token, and
/// how many bytes the documents have then.
async fn add(running: &Running, name: &str, mut author: Author, tasks: usize) -> String {
    let written: Vec<Task> = (1..=tasks).map(|number| author.task(number)).collect();
    let files = written.iter().map(|task| (task.file.clone(), task.document("offen"))).collect();
    let token = server::add(running, name, 7, files).await;
    let is_completed = |task: &&Task| !task.number.is_multiple_of(10);
    let files = written.iter().filter(is_completed).map(|task| (task.file.clone(), task.document("abgeschlossen")));
    let files: Vec<_> = files.collect();
    let user = running.service.require_user(name).unwrap().id;
    let origin = Origin { actor: name.to_owned(), through: "import".into() };
    running.service.import(user, origin, Folder { files, ..Folder::default() }, false).await.unwrap();
    let status = |task: &Task| if is_completed(&task) { "abgeschlossen" } else { "offen" };
    let bytes: usize = written.iter().map(|task| task.document(status(task)).len()).sum();
    format!("{token} {bytes}")
}

/// A task that somebody wrote.
struct Task {
    number: usize,
    file: String,
    head: [String; 2],
    text: String,
}

impl Task {
    fn document(&self, status: &str) -> Vec<u8> {
        let [before, after] = &self.head;
        format!("---\ntyp: task\n{before}status: {status}\n{after}---\n\n{}", self.text).into_bytes()
    }
}

/// Every word of the fixtures' task files, as often as it is there.
fn words() -> Vec<String> {
    let mut words = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vault")];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(path).unwrap_or_default();
                let body = text.rsplit("---\n").next().unwrap_or_default();
                words.extend(body.split_whitespace().map(str::to_owned));
            }
        }
    }
    words
}

/// Writes tasks of these words: the same ones each time.
struct Author {
    words: Arc<[String]>,
    state: u64,
}

impl Author {
    /// A number below this one (xorshift64).
    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 16).unwrap() % bound
    }

    fn sentence(&mut self, words: usize) -> String {
        let at: Vec<usize> = (0..words).map(|_| self.below(self.words.len())).collect();
        at.into_iter().map(|at| self.words[at].as_str()).collect::<Vec<_>>().join(" ")
    }

    fn task(&mut self, number: usize) -> Task {
        let length = 3 + self.below(5);
        let title = self.sentence(length).replace(['*', '`', '#', '[', ']'], "");
        let name: String = title.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        let kategorie = if self.below(3) == 0 { "privat" } else { "arbeit" };
        let tags = [TAGS[self.below(TAGS.len())], TAGS[self.below(TAGS.len())]].join(", ");
        let day = Zone::parse(server::ZONE).unwrap().date_of(Clock::System.now());
        let day = (day + chrono::Days::new(self.below(60) as u64)).format("%d.%m.%Y");
        let deadline = if self.below(4) == 0 { day.to_string() } else { "null".to_owned() };
        let fixed = if self.below(25) == 0 { format!("\n  datum: {day}\n  zeit: abends") } else { " null".to_owned() };
        let mut text = format!("# {title}\n\n");
        // Most are short, and one in fifty is long.
        let paragraphs = if self.below(50) == 0 { 20 } else { 1 + self.below(3) };
        for _ in 0..paragraphs {
            let length = 20 + self.below(60);
            text.push_str(&format!("{}\n\n", self.sentence(length)));
        }
        for _ in 0..self.below(5) {
            text.push_str(&format!("- [ ] {}\n", self.sentence(6)));
        }
        Task {
            number,
            file: format!("{number:04}-{name}.md"),
            head: [
                format!("kategorie: {kategorie}\n"),
                format!("tags: [{tags}]\ndeadline: {deadline}\nfixedSlot:{fixed}\n"),
            ],
            text,
        }
    }
}
