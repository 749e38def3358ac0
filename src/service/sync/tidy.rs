//! Keeping a link's copy of the repository small, when nobody waits for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::failure::Failure;
use super::link::{Link, Turn};
use super::round::blocking;
use crate::git::{GitError, Repository, Tidied};
use crate::service::Service;

/// How many rounds in a row may put it off. What they add is whole until it is packed.
const PUT_OFF_MAX: u32 = 8;

impl Service {
    /// Tidies up the copy after a round that was answered. Whoever wants a round of the link does not wait for this,
    /// unless it was put off too often.
    pub(super) async fn tidy_up(self: &Arc<Self>, link: &Arc<Link>, turn: &mut Turn) {
        let Some(repository) = turn.repository.clone() else { return };
        let is_overdue = turn.put_off >= PUT_OFF_MAX;
        link.is_wanted.store(false, Ordering::SeqCst);
        // Who came before that is counted, who comes after it says so.
        let is_wanted = link.waiting.load(Ordering::SeqCst) > 0 && !is_overdue;
        if is_wanted || link.is_closed() {
            turn.put_off += u32::from(is_wanted);
            return;
        }
        let (service, kept) = (self.clone(), link.clone());
        let tidied = blocking(move || service.tidied(&kept, &repository, is_overdue)).await;
        turn.put_off = match &tidied {
            Err(Failure::Git(GitError::Interrupted)) => turn.put_off + 1,
            Ok(_) | Err(_) => 0,
        };
        match tidied {
            Ok(Tidied::MostlyUseless) => {
                tell_of_rest(link);
                begin_anew(link, turn).await;
            }
            Ok(Tidied::NotDue | Tidied::Busy | Tidied::Packed { .. }) | Err(Failure::Git(GitError::Interrupted)) => {}
            Err(Failure::Git(GitError::Damaged { reason })) => {
                warn_of_damage(&reason);
                begin_anew(link, turn).await;
            }
            Err(failure) => {
                // Opened anew the next time, which puts right what was left behind.
                turn.repository = None;
                let problem = failure.problem(self.clock.now());
                tracing::warn!(code = problem.code, "a copy of a repository is not tidied up: {}", problem.text.en);
            }
        }
    }

    fn tidied(&self, link: &Link, repository: &Repository, is_overdue: bool) -> Result<Tidied, Failure> {
        let mut keep = Vec::new();
        for user in self.users_of(link)? {
            if let Some(state) = self.state_of(link, user.id)? {
                keep.extend(state.base);
                keep.extend(state.pushing.iter().map(|pushing| pushing.tip));
            }
        }
        let stop = if is_overdue { &link.stop } else { &link.is_wanted };
        Ok(repository.tidy_up(&keep, stop)?)
    }
}

/// An empty copy has the next round fetch.
async fn begin_anew(link: &Link, turn: &mut Turn) {
    let folder = link.folder.clone();
    turn.repository = blocking(move || Repository::begin_anew(&folder)).await.ok();
}

/// A copy is damaged: it is of no use, and everything comes back from the remote and the store.
pub(super) fn warn_of_damage(reason: &str) {
    tracing::warn!("a copy of a repository is damaged and fetched anew: {reason}");
}

/// A copy holds history that the remote does not have any more.
pub(super) fn tell_of_rest(link: &Link) {
    let address = &link.remote.remote.address;
    tracing::info!("the copy of {address} is fetched anew: what is not needed any more takes too much of the disk");
}

/// Whether there is anything in a copy.
pub(super) async fn is_used(repository: Option<Repository>) -> bool {
    let Some(repository) = repository else { return false };
    blocking(move || repository.bytes()).await.is_ok_and(|bytes| bytes > 0)
}
