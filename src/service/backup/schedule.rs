//! Backups that the server makes by itself: every so often into a folder, of which it keeps the newest.

mod folder;

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::num::NonZeroUsize;
use std::path::{self, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::FileError;
use crate::domain::lang::Sentence;
use crate::metrics::Counter;
use crate::service::error::ServiceError;
use crate::service::{Service, Streamed};

pub use folder::Kept;

/// How backups are made by the server.
#[derive(Clone, Debug)]
pub struct BackupOptions {
    /// The time from the beginning of one to that of the next.
    pub every: Duration,
    /// How many of the newest stay in the folder.
    pub keep: NonZeroUsize,
    /// The folder, for this server alone. It is not made: where a disk is not mounted, none is written beside it.
    pub dir: PathBuf,
}

impl BackupOptions {
    /// Whether the folder is apart from the data directory, which a restore replaces.
    pub fn is_apart_from(&self, data_dir: &Path) -> bool {
        !real_path(&self.dir).starts_with(real_path(data_dir))
    }
}

/// The path without links, as far as there is something.
pub fn real_path(path: &Path) -> PathBuf {
    let whole = path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let resolved = whole.ancestors().find_map(|ancestor| {
        let found = fs::canonicalize(ancestor).ok()?;
        Some(found.join(whole.strip_prefix(ancestor).ok()?))
    });
    resolved.unwrap_or(whole)
}

/// The plan for backups, and what became of it. One per server that makes some.
#[derive(Debug)]
pub struct Schedule {
    options: BackupOptions,
    standing: Mutex<Standing>,
    /// Backups that were not made.
    pub failures: Counter,
}

/// What became of the plan so far.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The last backup that was made, by this server or one before.
    pub made: Option<Made>,
    /// There if it is the last attempt that failed.
    pub failed: Option<Failed>,
    /// When the next is due.
    pub next_at: Option<DateTime<Utc>>,
}

/// A backup that is in the folder.
#[derive(Clone, Debug)]
pub struct Made {
    /// When it was begun.
    pub at: DateTime<Utc>,
    pub bytes: u64,
    /// How long it took; not known of one that a server before made.
    pub took: Option<Duration>,
}

/// A backup that was not made.
#[derive(Clone, Debug)]
pub struct Failed {
    /// When it was begun.
    pub at: DateTime<Utc>,
    /// Why, and what to do. It names no path and nobody: a probe tells it to everybody.
    pub sentence: Sentence,
}

/// Why a backup was not made, in the words of what failed, for the log.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The folder was not there, or a file in it could not be written.
    #[error(transparent)]
    Folder(#[from] io::Error),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Refused(FileError),
    /// The server ends.
    #[error("the server was stopped")]
    Stopped,
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Failure {
        match error {
            FileError::Write(error) => Failure::Folder(error),
            refused @ FileError::Refused(_) => Failure::Refused(refused),
        }
    }
}

impl Failure {
    fn sentence(&self) -> Sentence {
        match self {
            Failure::Folder(error) if error.kind() == ErrorKind::NotFound => Sentence {
                en: "The folder that backup.dir names is not there; make or mount it, or name another.".to_owned(),
                de: "Den Ordner, den backup.dir nennt, gibt es nicht; bitte anlegen, einhängen oder einen anderen nennen."
                    .to_owned(),
            },
            Failure::Folder(error) => {
                let cause = error.kind();
                Sentence {
                    en: format!(
                        "Cannot write to the folder that backup.dir names: {cause}; see to its room and rights, or name \
                         another."
                    ),
                    de: format!(
                        "In den Ordner, den backup.dir nennt, kann nicht geschrieben werden ({cause}); bitte Platz und \
                         Rechte prüfen oder einen anderen nennen."
                    ),
                }
            }
            Failure::Service(_) => Sentence {
                en: "What is to be in the backup could not be read; the log says why.".to_owned(),
                de: "Was in die Sicherung soll, konnte nicht gelesen werden; das Protokoll sagt, warum.".to_owned(),
            },
            Failure::Refused(_) => Sentence {
                en: "The backup that was written does not read back and is not kept; check the disk of backup.dir. The log \
                     says more."
                    .to_owned(),
                de: "Die geschriebene Sicherung liest sich nicht zurück und wird nicht behalten; bitte den Datenträger von \
                     backup.dir prüfen. Das Protokoll sagt mehr."
                    .to_owned(),
            },
            Failure::Stopped => {
                Sentence { en: "The server was stopped.".to_owned(), de: "Der Server wurde angehalten.".to_owned() }
            }
        }
    }
}

/// Backups as they are made; ends when it is stopped.
pub struct Scheduled {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Scheduled {
    /// Ends what is under way, and returns when nothing of it is: no part of a file stays.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the backups ended badly");
        }
    }
}

impl Service {
    /// Begins to make backups by a plan.
    pub fn make_backups(self: &Arc<Self>, schedule: &Arc<Schedule>) -> Scheduled {
        let (stop, stopped) = watch::channel(false);
        let (service, schedule) = (self.clone(), schedule.clone());
        let task = tokio::spawn(async move { keep_on(&service, &schedule, stopped).await });
        Scheduled { stop, task }
    }
}

impl Schedule {
    pub fn new(options: BackupOptions) -> Arc<Schedule> {
        Arc::new(Schedule { options, standing: Mutex::default(), failures: Counter::default() })
    }

    pub fn options(&self) -> &BackupOptions {
        &self.options
    }

    pub fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The backups that are in the folder, the oldest first; `None` if it cannot be read.
    pub async fn files(&self) -> Option<Vec<Kept>> {
        let dir = self.options.dir.clone();
        blocking(move || Ok(folder::kept(&dir)?)).await.ok()
    }

    fn show(&self, change: impl FnOnce(&mut Standing)) {
        change(&mut self.standing.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// When the first is due: now, unless the last is younger. One from the future tells of a clock that was wrong.
    async fn first(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let files = self.files().await.unwrap_or_default();
        let Some(last) = files.last() else { return now };
        self.show(|standing| standing.made = Some(Made { at: last.at, bytes: last.bytes, took: None }));
        (last.at + self.options.every).clamp(now, now + self.options.every)
    }

    /// Notes what became of one, and logs it: of failures that are alike, the first.
    fn note(&self, at: DateTime<Utc>, outcome: Result<Made, Failure>) {
        let dir = self.options.dir.display();
        let before = self.standing().failed;
        match outcome {
            Ok(made) => {
                tracing::info!(%dir, bytes = made.bytes, "a scheduled backup was made");
                self.show(|standing| (standing.made, standing.failed) = (Some(made), None));
            }
            Err(failure) => {
                let sentence = failure.sentence();
                self.failures.add(1);
                if before.is_none_or(|before| before.sentence != sentence) {
                    tracing::error!(%dir, cause = %failure, "no backup was made: {}", sentence.en);
                }
                self.show(|standing| standing.failed = Some(Failed { at, sentence }));
            }
        }
    }
}

async fn keep_on(service: &Arc<Service>, schedule: &Schedule, mut stopped: watch::Receiver<bool>) {
    let mut next_at = schedule.first(service.clock.now()).await;
    loop {
        schedule.show(|standing| standing.next_at = Some(next_at));
        tokio::select! {
            // Whoever is gone stops it too.
            _ = stopped.wait_for(|is_stopped| *is_stopped) => return,
            () = service.clock.wait_until(next_at) => {}
        }
        let at = service.clock.now();
        let outcome = make(service, &schedule.options, at, &stopped).await;
        if outcome.is_err() && is_over(&stopped) {
            return;
        }
        next_at = at + schedule.options.every;
        // Whoever sees what became of it sees when the next is due.
        schedule.show(|standing| standing.next_at = Some(next_at));
        schedule.note(at, outcome);
    }
}

fn is_over(stopped: &watch::Receiver<bool>) -> bool {
    *stopped.borrow() || stopped.has_changed().is_err()
}

/// Makes one and removes the oldest. Where it fails nothing of it stays.
async fn make(
    service: &Arc<Service>,
    options: &BackupOptions,
    at: DateTime<Utc>,
    stopped: &watch::Receiver<bool>,
) -> Result<Made, Failure> {
    let begun = Instant::now();
    let path = options.dir.join(folder::file_name(at));
    let mut file = blocking(move || Ok(folder::begin(&path)?)).await?;
    let mut backup = service.backup(None)?;
    while let Some(bytes) = backup.next().await? {
        if is_over(stopped) {
            return Err(Failure::Stopped);
        }
        let write = move || {
            file.as_file_mut().write_all(&bytes)?;
            Ok(file)
        };
        file = blocking(write).await?;
    }
    let (stopped, dir, keep) = (stopped.clone(), options.dir.clone(), options.keep.get());
    let finish = move || {
        let bytes = file.bytes()?;
        file.finish(None, |source| UntilStopped { source, stopped })?;
        if let Err(error) = folder::thin(&dir, keep, at) {
            tracing::warn!(dir = %dir.display(), %error, "an old backup cannot be removed; remove it by hand");
        }
        Ok(bytes)
    };
    Ok(Made { at, bytes: blocking(finish).await?, took: Some(begun.elapsed()) })
}

/// Works on a thread that may wait for the disk.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.unwrap_or_else(|error| Err(Failure::Folder(io::Error::other(error))))
}

/// Reads until the server ends.
struct UntilStopped<R> {
    source: R,
    stopped: watch::Receiver<bool>,
}

impl<R: Read> Read for UntilStopped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if is_over(&self.stopped) {
            return Err(io::Error::other("the server was stopped"));
        }
        self.source.read(buffer)
    }
}
