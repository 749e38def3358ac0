//! How far long work has come: a bar on a terminal, and a line now and then where a log is kept. The door to indicatif.

use std::io::{self, IsTerminal, Read, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::output::complain;

/// How often a bar is drawn while nothing comes.
const TICK: Duration = Duration::from_millis(200);
/// Bytes after which a line is written where there is no terminal: less is done before anybody asks.
const LINE_BYTES: u64 = 256 * 1024 * 1024;

/// The progress of one piece of work, on stderr.
pub struct Progress {
    shown: Shown,
}

#[derive(Clone)]
struct Shown {
    bar: ProgressBar,
    what: &'static str,
    is_terminal: bool,
}

impl Progress {
    /// Of work through so many bytes, if that is known.
    pub fn of_bytes(what: &'static str, bytes: Option<u64>) -> Progress {
        let template = match bytes {
            Some(_) => "{msg} {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta}",
            None => "{spinner} {msg} {bytes}, {bytes_per_sec}",
        };
        Progress::of(what, bytes, template)
    }

    /// Of work through so many things of a kind, if that is known.
    pub fn of_steps(what: &'static str, steps: Option<u64>) -> Progress {
        let template = match steps {
            Some(_) => "{wide_bar} {pos} of {len} {msg}, {per_sec}, {eta}",
            None => "{spinner} {pos} {msg}, {per_sec}",
        };
        Progress::of(what, steps, template)
    }

    fn of(what: &'static str, length: Option<u64>, template: &str) -> Progress {
        let is_terminal = io::stderr().is_terminal();
        let bar = match is_terminal {
            true => length.map_or_else(ProgressBar::new_spinner, ProgressBar::new),
            false => ProgressBar::hidden(),
        };
        // It is one that it knows.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        if is_terminal {
            bar.enable_steady_tick(TICK);
        }
        Progress { shown: Shown { bar, what, is_terminal } }
    }

    /// Counts what is read.
    pub fn reading<R: Read>(&self, source: R) -> Counted<R> {
        Counted { shown: self.shown.clone(), inner: source, bytes: 0 }
    }

    /// Counts what is written.
    pub fn writing<W: Write>(&self, sink: W) -> Counted<W> {
        Counted { shown: self.shown.clone(), inner: sink, bytes: 0 }
    }

    /// So many things more are done.
    pub fn advance(&self, steps: u64) {
        self.shown.bar.inc(steps);
    }

    /// Prints while the bar is out of the way.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.shown.bar.suspend(print)
    }

    /// Takes the bar away.
    pub fn done(&self) {
        self.shown.bar.finish_and_clear();
    }
}

impl Shown {
    fn count(&self, before: u64, bytes: u64) {
        self.bar.inc(bytes);
        let lines = |bytes: u64| bytes / LINE_BYTES;
        if !self.is_terminal && lines(before) < lines(before + bytes) {
            complain(&format!("{}: {} MiB", self.what, (before + bytes) >> 20));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        // What went wrong is said below it.
        self.done();
    }
}

/// Bytes on their way, counted.
pub struct Counted<T> {
    shown: Shown,
    inner: T,
    bytes: u64,
}

impl<T> Counted<T> {
    fn count(&mut self, bytes: usize) {
        self.shown.count(self.bytes, bytes as u64);
        self.bytes += bytes as u64;
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count(read);
        Ok(read)
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.count(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
