//! One worker, seen from the server.

use std::collections::HashSet;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::child::ARGUMENT;
use super::limits::ALLOCATOR;
use super::protocol::{self, ANSWER_BYTES_MAX, PlaceSaid, Said};

/// How long a worker may take until it is ready. A busy machine needs a while for a new process.
const START_TIME_MAX: Duration = Duration::from_secs(5);
/// What is read of a dead worker's last words.
const LAST_WORDS_BYTES_MAX: u64 = 512;

/// The program that workers are made of.
#[derive(Clone, Debug)]
pub struct Program(PathBuf);

impl Program {
    /// This program itself, also when its file has been replaced since.
    pub fn this() -> Program {
        Program(PathBuf::from("/proc/self/exe"))
    }

    /// The program at a path, for a process that is another: a test or a bench.
    pub fn at(path: impl Into<PathBuf>) -> Program {
        Program(path.into())
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cut {
    /// There is no worker to ask.
    #[error("it could not be started: {0}")]
    NotStarted(String),
    #[error("it took too long")]
    Clock,
    /// It ended: the script needs more memory than there is, or nests deeper than the stack.
    #[error("it needed more memory than it may have")]
    Memory,
    #[error("somebody ended it: {0}")]
    Killed(String),
    #[error("it gave up: {0}")]
    Ended(String),
    #[error("it answered what is no answer")]
    Garbled,
}

/// A process that answers, one question at a time. It ends with this value.
pub(super) struct Worker {
    child: Child,
    stream: UnixStream,
    /// The lists of rules that it was given.
    pub(super) known: HashSet<[u8; 32]>,
}

impl Worker {
    /// Starts one and waits until it has limited itself.
    ///
    /// It has an environment of its own, and of this process's files none: all are opened to be closed by whoever is
    /// started. Its end is that of the thread that starts it at the latest, as the kernel has it.
    pub(super) fn start(program: &Program) -> Result<Worker, Cut> {
        let failed = |error: io::Error| Cut::NotStarted(error.to_string());
        let (stream, theirs) = UnixStream::pair().map_err(failed)?;
        let output = OwnedFd::from(theirs.try_clone().map_err(failed)?);
        let mut command = Command::new(&program.0);
        command.arg(ARGUMENT).env_clear().env(ALLOCATOR.0, ALLOCATOR.1).current_dir("/");
        command.stdin(OwnedFd::from(theirs)).stdout(output).stderr(Stdio::piped());
        // What a terminal sends to its foreground, such as Ctrl-C, is for the server alone.
        command.process_group(0);
        let child = command.spawn().map_err(failed)?;
        // The command holds the other end, which would keep the stream from ending.
        drop(command);
        let mut worker = Worker { child, stream, known: HashSet::new() };
        match worker.hear(Instant::now() + START_TIME_MAX) {
            Ok(Said::Ready) => Ok(worker),
            Ok(_) | Err(Cut::Garbled) => Err(Cut::NotStarted("it did not begin as a worker does".to_owned())),
            Err(Cut::Ended(how)) => Err(Cut::NotStarted(how)),
            Err(Cut::Memory) => Err(Cut::NotStarted("there is too little memory for it".to_owned())),
            Err(Cut::Clock) => Err(Cut::NotStarted("it took too long to start".to_owned())),
            Err(cut @ (Cut::NotStarted(_) | Cut::Killed(_))) => Err(cut),
        }
    }

    /// Whether it has ended since it was last asked.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks, and waits for the answer; `at` is told the places that it reports before that.
    pub(super) fn ask(
        &mut self,
        question: &[u8],
        deadline: Instant,
        mut at: impl FnMut(PlaceSaid),
    ) -> Result<Said, Cut> {
        self.send(question, deadline)?;
        loop {
            match self.hear(deadline)? {
                Said::At(place) => at(place),
                answer => return Ok(answer),
            }
        }
    }

    fn send(&mut self, mut bytes: &[u8], deadline: Instant) -> Result<(), Cut> {
        while !bytes.is_empty() {
            let left = left(deadline)?;
            match self.stream.set_write_timeout(Some(left)).and_then(|()| self.stream.write(bytes)) {
                Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Err(error) => self.go_on(&error)?,
            }
        }
        Ok(())
    }

    fn hear(&mut self, deadline: Instant) -> Result<Said, Cut> {
        let mut length = [0; 4];
        self.fill(&mut length, deadline)?;
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        if length > ANSWER_BYTES_MAX {
            return Err(Cut::Garbled);
        }
        let mut bytes = vec![0; length];
        self.fill(&mut bytes, deadline)?;
        protocol::decode(&bytes).ok_or(Cut::Garbled)
    }

    fn fill(&mut self, buffer: &mut [u8], deadline: Instant) -> Result<(), Cut> {
        let mut filled = 0;
        while filled < buffer.len() {
            let left = left(deadline)?;
            let rest = buffer.get_mut(filled..).unwrap_or_default();
            match self.stream.set_read_timeout(Some(left)).and_then(|()| self.stream.read(rest)) {
                Ok(0) => return Err(self.death()),
                Ok(read) => filled += read,
                Err(error) => self.go_on(&error)?,
            }
        }
        Ok(())
    }

    /// Whether it goes on after this: the loop sees whether the time is over.
    fn go_on(&mut self, error: &io::Error) -> Result<(), Cut> {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Ok(()),
            _ => Err(self.death()),
        }
    }

    /// What it died of.
    fn death(&mut self) -> Cut {
        // One that has begun to end keeps its reason; one that only stopped talking has none.
        let _ = self.child.kill();
        let Ok(status) = self.child.wait() else { return Cut::Killed("it went away".to_owned()) };
        match status.signal().and_then(Signal::from_named_raw) {
            // Rust aborts where its allocator is refused memory, and where the stack ends.
            Some(Signal::ABORT) => Cut::Memory,
            Some(Signal::XCPU) => Cut::Clock,
            Some(_) => Cut::Killed(self.last_words(status)),
            None => Cut::Ended(self.last_words(status)),
        }
    }

    fn last_words(&mut self, status: ExitStatus) -> String {
        let mut words = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            let _ = stderr.take(LAST_WORDS_BYTES_MAX).read_to_end(&mut words);
        }
        let words = String::from_utf8_lossy(&words);
        match words.lines().next() {
            Some(said) => format!("{status}, {said}"),
            None => status.to_string(),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn left(deadline: Instant) -> Result<Duration, Cut> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(Cut::Clock) } else { Ok(left) }
}
