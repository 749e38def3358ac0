//! When something with a remote has to end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::super::GitError;

/// How often it is asked whether it has to end.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// The time that is left, and the wish that it ends at once.
pub(super) struct Watch<'a> {
    stop: &'a AtomicBool,
    limit: Duration,
    ends: Instant,
    /// Set once it has to end, for code that only looks at such a flag.
    over: AtomicBool,
}

impl<'a> Watch<'a> {
    /// Does `work`, which may take as long as `limit`. It has to ask.
    pub(super) fn over<T>(stop: &'a AtomicBool, limit: Duration, work: impl FnOnce(&Watch<'a>) -> T) -> T {
        let watch = Watch { stop, limit, ends: Instant::now() + limit, over: AtomicBool::new(false) };
        thread::scope(|scope| {
            // Dropped when the work ends, be it by a panic.
            let (_working, ended) = mpsc::channel::<()>();
            let watch = &watch;
            scope.spawn(move || {
                while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                    if watch.reason().is_some() {
                        watch.over.store(true, Ordering::Relaxed);
                    }
                }
            });
            work(watch)
        })
    }

    /// Why it has to end; `None`: it need not.
    pub(super) fn reason(&self) -> Option<GitError> {
        if self.stop.load(Ordering::Relaxed) {
            return Some(GitError::Interrupted);
        }
        (Instant::now() >= self.ends).then_some(GitError::TooSlow { seconds: self.limit.as_secs() })
    }

    pub(super) fn flag(&self) -> &AtomicBool {
        &self.over
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    pub(super) fn left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }
}
