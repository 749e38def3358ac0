//! The real binary: run as a person would run it, with nothing in its environment but a home.

use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use redb::{ReadableDatabase, ReadableTable};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::harness::choose_tls;
use crate::secrets::{self, Place};

/// A home directory, and with it the platform's data directory of the program.
pub struct Home {
    dir: TempDir,
}

/// What a run left: exit code and the two streams.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Home {
    pub fn new() -> Home {
        choose_tls();
        Home { dir: TempDir::new().unwrap() }
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    /// The data directory that is used when none is named.
    pub fn data_dir(&self) -> PathBuf {
        match cfg!(target_os = "macos") {
            true => self.path("Library/Application Support/codexmiroir"),
            false => self.path(".local/share/codexmiroir"),
        }
    }

    /// The program with these arguments, in this home.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codexmiroir"));
        command.args(arguments).env_clear().env("HOME", self.dir.path()).env("LC_ALL", "C");
        // What is thrown away there goes with the home, even when the program is killed.
        command.env("TMPDIR", self.dir.path());
        command.current_dir(self.dir.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Ran {
        secrets::learn_input(arguments, input);
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // It may have refused before it reads: then there is nobody to write to, and the code tells.
        let _ = child.stdin.take().unwrap().write_all(input);
        Ran::of_output(&command, child.wait_with_output().unwrap())
    }

    /// As [`Home::run`], with this in its environment.
    pub fn run_with(&self, variable: &str, value: &str, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).env(variable, value))
    }

    /// Runs what must succeed, and gives what it printed.
    pub fn did(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{arguments:?}: {}", ran.stdout);
        ran.stdout
    }

    /// Adds a user in Berlin; a token of hers.
    pub fn user_with_token(&self, name: &str) -> String {
        self.did(&["user", "add", name, "--time-zone", "Europe/Berlin"]);
        self.did(&["token", "create", name]).trim_end().to_owned()
    }

    /// Starts a server on a free port of loopback, and waits until it accepts.
    pub fn serve(&self, arguments: &[&str]) -> Serving {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0"];
        all.extend(arguments);
        Serving::of(&mut self.command(&all))
    }

    /// Everything below the home: path, permissions, bytes. Two that are equal are the same on disk.
    pub fn content(&self) -> Content {
        let mut found = Vec::new();
        collect(self.dir.path(), &mut found);
        found.sort();
        found
    }

    /// As [`Home::content`], with what the default data directory's database says instead of its bytes: of
    /// these some change whenever it is opened.
    pub fn content_read(&self) -> Content {
        let database = self.data_dir().join("codexmiroir.redb");
        let mut content = self.content();
        for (_, _, bytes) in content.iter_mut().filter(|(path, _, _)| *path == database) {
            *bytes = ground(&database).unwrap();
        }
        content
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Nothing that was printed is searched for it any more, but by the search after the run.
        secrets::learn_key(&self.data_dir());
    }
}

/// Path, permissions and bytes of each file.
pub type Content = Vec<(PathBuf, u32, Vec<u8>)>;

/// What no command may change that is refused: every user, token and generation.
fn ground(database: &Path) -> Result<Vec<u8>, redb::Error> {
    let database = redb::ReadOnlyDatabase::open(database)?;
    let transaction = database.begin_read()?;
    let mut ground = Vec::new();
    for table in ["users", "heads", "settings"] {
        let table = transaction.open_table(redb::TableDefinition::<u64, &[u8]>::new(table))?;
        for row in table.iter()? {
            let (user, value) = row?;
            ground.extend(user.value().to_be_bytes());
            ground.extend(value.value());
        }
    }
    for row in transaction.open_table(redb::TableDefinition::<&[u8; 32], &[u8]>::new("tokens"))?.iter()? {
        let (hash, grant) = row?;
        ground.extend(hash.value());
        ground.extend(grant.value());
    }
    Ok(ground)
}

fn collect(folder: &Path, found: &mut Content) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        let bytes = if metadata.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        found.push((path.clone(), metadata.permissions().mode(), bytes));
        if metadata.is_dir() {
            collect(&path, found);
        }
    }
}

impl Ran {
    pub fn of(command: &mut Command) -> Ran {
        let output = command.output().unwrap();
        Ran::of_output(command, output)
    }

    /// What a command printed, which must hold no secret but those that it is there to print.
    fn of_output(command: &Command, output: std::process::Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran = Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
        secrets::ran(command, &ran.stdout, &ran.stderr);
        ran
    }

    /// The one sentence of a refusal with this exit code: one line on stderr, nothing on stdout.
    pub fn refusal(&self, code: i32) -> &str {
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""), "{self:?}");
        let sentence = self.stderr.strip_prefix("codexmiroir: ").and_then(|rest| rest.strip_suffix('\n'));
        let sentence = sentence.unwrap_or_else(|| panic!("{self:?}"));
        assert!(!sentence.contains('\n') && sentence.len() > 20, "{self:?}");
        sentence
    }
}

/// A server that accepts. It is killed when nobody wants it any more.
pub struct Serving {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    log: Log,
    pub address: SocketAddr,
}

/// What a server says to its log.
enum Log {
    /// A test reads it line by line.
    Read(BufReader<std::process::ChildStderr>),
    /// Looked at when the server has ended: a full pipe would stop it.
    Kept(std::fs::File),
}

impl Serving {
    pub fn of(command: &mut Command) -> Serving {
        Serving::logging(command, "warn")
    }

    /// As [`Serving::of`], with this much in its log.
    pub fn logging(command: &mut Command, level: &str) -> Serving {
        let kept = tempfile::tempfile().unwrap();
        command.stderr(kept.try_clone().unwrap()).env("CODEXMIROIR_LOG", level);
        Serving::spawned(command, Some(kept))
    }

    /// As [`Serving::of`], for a test that reads its log.
    pub fn with_log(command: &mut Command) -> Serving {
        Serving::spawned(command.stderr(Stdio::piped()).env("CODEXMIROIR_LOG", "info"), None)
    }

    fn spawned(command: &mut Command, kept: Option<std::fs::File>) -> Serving {
        secrets::learn_given(command);
        let mut child = command.spawn().unwrap();
        let read = child.stderr.take().map(|stderr| Log::Read(BufReader::new(stderr)));
        let log = read.or(kept.map(Log::Kept)).unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").map(|address| address.parse().unwrap());
        let address = address.unwrap_or_else(|| panic!("it did not start: {line:?}, {:?}", child.wait()));
        Serving { child, out, log, address }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The next line that it prints.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        secrets::learn_link(&line);
        line
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// What it has said to its log, but for what was read of it before.
    pub fn log(&mut self) -> String {
        let mut said = Vec::new();
        match &mut self.log {
            Log::Read(log) => drop(log.read_to_end(&mut said)),
            Log::Kept(file) => drop(file.rewind().and_then(|()| file.read_to_end(&mut said))),
        }
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Waits until it says this to its log, which must be a pipe.
    pub fn wait_for_log(&mut self, words: &str) -> String {
        let Log::Read(log) = &mut self.log else { panic!("its log is not read") };
        loop {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "it never said: {words}");
            secrets::must_hold_none(Place::Stderr, &line);
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Asks it to stop, waits until it has, and gives what else it printed.
    pub fn stop(mut self, signal: Signal) -> (ExitStatus, String) {
        self.signal(signal);
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }

    /// SIGKILL: it gets to do nothing more.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // One that has ended already is no matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let said = self.log();
        eprint!("{said}");
        if !std::thread::panicking() {
            secrets::must_hold_none(Place::Stderr, &said);
        }
    }
}
