//! One push of a round: so much of what waits as it may bring.

use tokio::runtime::Handle;

use super::{Round, Tried, blocking};
use crate::domain::ids::{Generation, ObjectName, UserId};
use crate::git;
use crate::service::sync::commits::{Outbox, Slice, Written};
use crate::service::sync::failure::Failure;
use crate::service::sync::standing::{after_push, with_push};
use crate::store::{Pushing, SyncFiles, SyncState, User};

/// A user's part of a push.
struct Part {
    user: UserId,
    state: SyncState,
    /// What is known of files once it is pushed, where that is something else then.
    files: Option<SyncFiles>,
    until: Generation,
    written: Written,
}

impl Round {
    /// Pushes so many of the actions that the remote lacks.
    pub(super) async fn try_push(&mut self, actions_max: usize) -> Result<Tried, Failure> {
        // On a head that somebody's files were not taken in from, nothing of theirs is written.
        let is_taken_in =
            |user: &&User| self.looked_at.contains(&user.id) && !self.report.failed.contains_key(&user.id);
        let taken_in: Vec<User> = self.users.iter().filter(is_taken_in).cloned().collect();
        match self.write(taken_in, actions_max).await? {
            None => Ok(Tried::NothingLeft),
            Some((tip, parts)) => self.push(tip, parts).await,
        }
    }

    /// Writes so much of what the outboxes hold as commits, one user's after the other's, and each the same share.
    async fn write(&self, users: Vec<User>, actions_max: usize) -> Result<Option<(ObjectName, Vec<Part>)>, Failure> {
        let (service, link, repository) = (self.service.clone(), self.link.clone(), self.repository.clone());
        let mut tip = self.head;
        let work = move || -> Result<_, Failure> {
            let (mut parts, mut emptied) = (Vec::new(), Vec::new());
            let mut waiting = Vec::new();
            for user in users {
                let Some(state) = service.state_of(&link, user.id)? else { continue };
                let files = service.files_of(user.id, Some(&state))?;
                let is_empty = service.store.list_outbox(user.id, state.outbox_from, 1)?.is_empty();
                if !is_empty || !files.differing.is_empty() {
                    waiting.push((user, state, files));
                }
            }
            let share = (actions_max / waiting.len().max(1)).max(1);
            for (user, state, files) in waiting {
                let outbox = Outbox {
                    store: &service.store,
                    repository: &repository,
                    link: &link,
                    user: user.id,
                    name: user.name.as_str(),
                    state: &state,
                    files: &files,
                    now: service.clock.now(),
                };
                match outbox.write(tip, share) {
                    Ok(Slice { until, written: Some(written), files }) => {
                        tip = Some(written.tip);
                        parts.push(Part { user: user.id, state, files, until, written });
                    }
                    // The remote has it all.
                    Ok(Slice { until, written: None, files }) => emptied.push((user.id, state, until, files)),
                    Err(failure) if link.owner.is_some() || failure.is_of_all() => return Err(failure),
                    Err(failure) => service.tell_of_user(&link, &user, &failure),
                }
            }
            Ok((tip, parts, emptied))
        };
        let (tip, parts, emptied) = blocking(work).await?;
        for (user, state, until, files) in emptied {
            let after = after_push(state.clone(), until);
            if after != state || files.is_some() {
                self.service.put_state(&self.link, user, after, files).await?;
            }
        }
        Ok(tip.filter(|_| !parts.is_empty()).map(|tip| (tip, parts)))
    }

    /// Pushes the commits, and notes what the remote has with them.
    async fn push(&mut self, tip: ObjectName, parts: Vec<Part>) -> Result<Tried, Failure> {
        for part in &parts {
            // Whoever finds this commit in the remote later knows what is in it.
            let state = with_push(&part.state, Pushing { tip, until: part.until });
            self.service.put_state(&self.link, part.user, state, None).await?;
        }
        let (repository, link, expected) = (self.repository.clone(), self.link.clone(), self.head);
        let runtime = Handle::current();
        let push =
            move || Ok::<_, Failure>(git::push(&repository, &link.remote.remote, &runtime, expected, tip, &link.stop));
        if let Err(error) = blocking(push).await? {
            return Failure::of_push(error).map_or(Ok(Tried::Overtaken), Err);
        }
        self.head = Some(tip);
        self.report.head = Some(tip);
        for Part { user, state, files, until, written } in parts {
            let from = state.outbox_from;
            let state = SyncState { base: Some(tip), ..after_push(state, until) };
            self.service.put_state(&self.link, user, state, files).await?;
            let report = self.report.of_user.entry(user).or_default();
            (report.pushed, report.head) = (report.pushed + written.count, Some(tip));
            self.service.metrics.sync_commits.add(written.count as u64);
            self.link.show(|live| {
                live.head = Some(tip);
                live.note_pushed(user, from, written.commits);
            });
        }
        Ok(Tried::Pushed)
    }
}
