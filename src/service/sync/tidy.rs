//! Keeping a link's copy of the repository small, when nobody waits for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::failure::Failure;
use super::link::{Link, Turn};
use super::round::{blocking, warn_of_damage};
use crate::git::{GitError, Repository};
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
            Ok(()) | Err(_) => 0,
        };
        match tidied {
            Ok(()) | Err(Failure::Git(GitError::Interrupted)) => {}
            Err(Failure::Git(GitError::Damaged { reason })) => {
                warn_of_damage(&reason);
                let folder = link.folder.clone();
                // An empty one has the next round fetch.
                turn.repository = blocking(move || Repository::begin_anew(&folder)).await.ok();
            }
            Err(failure) => {
                // Opened anew the next time, which puts right what was left behind.
                turn.repository = None;
                let problem = failure.problem(self.clock.now());
                tracing::warn!(code = problem.code, "a copy of a repository is not tidied up: {}", problem.text.en);
            }
        }
    }

    fn tidied(&self, link: &Link, repository: &Repository, is_overdue: bool) -> Result<(), Failure> {
        let mut keep = Vec::new();
        for user in self.users_of(link)? {
            if let Some(state) = self.state_of(link, user.id)? {
                keep.extend(state.base);
                keep.extend(state.pushing.iter().map(|pushing| pushing.tip));
            }
        }
        let stop = if is_overdue { &link.stop } else { &link.is_wanted };
        repository.tidy_up(&keep, stop)?;
        Ok(())
    }
}
