//! One round of a link: fetch, take in, write commits, push, and once more if somebody else was faster.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::failure::Failure;
use super::incoming::{Incoming, Look};
use super::link::{Link, Turn, locked};
use super::standing::confirmed;
use super::status::{Activity, log_failure};
use super::take_in::TakingIn;
use super::tidy::{is_used, tell_of_rest, warn_of_damage};
use super::{Mode, SyncReport, SyncRequest};
use crate::domain::ids::{ObjectName, UserId};
use crate::git::{self, GitError, Large, Repository};
use crate::service::Service;
use crate::service::change::{Decision, Plan, Situation};
use crate::service::error::{Refusal, ServiceError, SyncRefusal};
use crate::store::{Head, Origin, SyncFiles, SyncState, SyncUpdate, THROUGH_GIT, User};

mod earlier;
mod slice;

/// Actions of all users together that one push brings at most, but at least one of each user's.
const ACTIONS_MAX: usize = 256;

/// How often in a row a round tries to push when others are faster; each try brings half as much as the one before, the
/// last a single action.
const PUSHES_MAX: u32 = 10;

/// After so many the share of one push is a single action.
const HALVED_MAX: u32 = ACTIONS_MAX.ilog2();

/// And after a push that succeeded it is so many times twice as much again.
const REGAINED: u32 = 2;

/// Pushes of a round: what is left after them is for another round, so that whoever waits for one gets it.
const SLICES_MAX: u32 = 4;

/// The longest pause before it tries again.
const PAUSE_MAX: Duration = Duration::from_millis(400);

/// What a round is for.
#[derive(Clone, Debug, Default)]
pub(super) struct Ask {
    /// Whether the remote is asked first. Else what was changed here is pushed, and the remote asked if it moved.
    pub(super) fetch: bool,
    /// Who asks for more than what changed.
    pub(super) request: Option<(UserId, SyncRequest)>,
}

/// What a round did.
#[derive(Debug, Default)]
pub(super) struct RoundReport {
    pub(super) head: Option<ObjectName>,
    pub(super) of_user: HashMap<UserId, SyncReport>,
    /// What went wrong for one user alone.
    pub(super) failed: HashMap<UserId, SyncRefusal>,
}

/// What those who ask for a round are told.
pub(super) type RoundResult = Result<Arc<RoundReport>, SyncRefusal>;

/// A round under way.
struct Round {
    service: Arc<Service>,
    link: Arc<Link>,
    repository: Repository,
    ask: Ask,
    report: RoundReport,
    head: Option<ObjectName>,
    users: Vec<User>,
    /// Those whose files are looked at.
    concerned: HashSet<UserId>,
    /// Those of them for whom the head that is known was looked at.
    looked_at: HashSet<UserId>,
}

/// What became of a try to push.
enum Tried {
    /// The remote lacks nothing.
    NothingLeft,
    Pushed,
    /// The remote has moved.
    Overtaken,
}

/// What the remote has for a user.
enum Seen {
    Incoming(Box<Incoming>),
    /// Nothing that was not merged before; and where the user stands here.
    Nothing(Head),
}

impl Service {
    /// A round, or the answer of one that began after this was asked for. It goes on to its end even when the asker goes
    /// away.
    pub(super) async fn make_round(self: &Arc<Self>, link: &Arc<Link>, ask: Ask) -> RoundResult {
        let (service, kept) = (self.clone(), link.clone());
        let (answer, answered) = oneshot::channel();
        tokio::spawn(async move { service.take_turn(&kept, ask, answer).await });
        answered.await.unwrap_or_else(|_| Err(Failure::Ended.refusal()))
    }

    async fn take_turn(self: &Arc<Self>, link: &Arc<Link>, ask: Ask, answer: oneshot::Sender<RoundResult>) {
        let asked = link.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut turn = link.wait_for_turn().await;
        let is_answered = ask.fetch && ask.request.is_none() && turn.served >= asked;
        if let Some(last) = turn.last.clone().filter(|_| is_answered) {
            // Here and below: whoever asked may have gone away.
            let _ = answer.send(last);
            return;
        }
        // What somebody alone asked for is of no use once that one has gone.
        let is_given_up = |answer: &oneshot::Sender<RoundResult>| ask.request.is_some() && answer.is_closed();
        if is_given_up(&answer) {
            return;
        }
        let _place = match link.owner {
            Some(owner) => Some(self.links.own_places.take(owner).await),
            None => None,
        };
        if is_given_up(&answer) {
            return;
        }
        let is_common = ask.fetch && ask.request.is_none();
        let served = link.asked.load(Ordering::SeqCst);
        link.show(|live| live.activity = Activity::Running);
        let result = self.try_round(link, &mut turn, ask).await;
        let result = self.end_round(link, result);
        link.ended.notify_one();
        if is_common {
            (turn.served, turn.last) = (served, Some(result.clone()));
        }
        let is_done = result.is_ok();
        let _ = answer.send(result);
        if is_done {
            self.tidy_up(link, &mut turn).await;
        }
    }

    /// Shows what became of a round.
    fn end_round(&self, link: &Link, result: Result<RoundReport, Failure>) -> RoundResult {
        let now = self.clock.now();
        match result {
            Ok(report) => {
                self.metrics.sync_rounds.add(1);
                self.tell_of_success(link);
                link.show(|live| {
                    (live.activity, live.failures, live.problem) = (Activity::Idle, 0, None);
                    live.last_success = Some(now);
                });
                Ok(Arc::new(report))
            }
            Err(failure) => {
                let problem = failure.problem(now);
                self.metrics.sync_failures.add(1);
                self.tell_of_failure(link, &problem);
                link.show(|live| {
                    live.activity = Activity::Waiting;
                    live.failures = live.failures.saturating_add(1);
                    live.problem = Some(problem);
                });
                Err(failure.refusal())
            }
        }
    }

    async fn try_round(self: &Arc<Self>, link: &Arc<Link>, turn: &mut Turn, ask: Ask) -> Result<RoundReport, Failure> {
        if link.is_token_sealed {
            return Err(Failure::TokenSealed);
        }
        let mut is_anew = false;
        loop {
            if link.is_closed() {
                return Err(Failure::Ended);
            }
            // What was begun anew has to be fetched.
            let ask = Ask { fetch: ask.fetch || is_anew, ..ask.clone() };
            match self.round_with(link, turn, ask, is_anew).await {
                Err(Failure::Git(GitError::Damaged { reason })) if !is_anew => {
                    warn_of_damage(&reason);
                    (turn.repository, is_anew) = (None, true);
                }
                // What is here may be of no use for what the remote has now. Once: an empty copy has nothing to give up.
                Err(Failure::Git(GitError::TooLarge { what: Large::Copy, .. }))
                    if !is_anew && is_used(turn.repository.clone()).await =>
                {
                    tell_of_rest(link);
                    (turn.repository, is_anew) = (None, true);
                }
                Err(failure) => {
                    // Opened anew the next time, which puts right what was left behind.
                    turn.repository = None;
                    return Err(failure);
                }
                Ok(report) => return Ok(report),
            }
        }
    }

    /// A round with the link's copy of the repository: the one at hand, else it is opened, or begun anew.
    async fn round_with(
        self: &Arc<Self>,
        link: &Arc<Link>,
        turn: &mut Turn,
        ask: Ask,
        is_anew: bool,
    ) -> Result<RoundReport, Failure> {
        let repository = match turn.repository.clone() {
            Some(repository) => repository,
            None => {
                let folder = link.folder.clone();
                let open = move || if is_anew { Repository::begin_anew(&folder) } else { Repository::open(&folder) };
                blocking(open).await?
            }
        };
        turn.repository = Some(repository.clone());
        let (service, link) = (self.clone(), link.clone());
        let mut round = Round::new(service, link, repository, ask);
        round.run().await?;
        Ok(round.report)
    }

    /// Shows what went wrong for one user alone.
    fn tell_of_user(&self, link: &Link, user: &User, failure: &Failure) {
        let problem = failure.problem(self.clock.now());
        let known = link.live().of_user.get(&user.id).map(|known| known.code);
        log_failure(Some(user.name.as_str()), &link.remote.remote.address, &problem, known);
        link.show(|live| drop(live.of_user.insert(user.id, problem)));
    }

    /// The users who sync with a link.
    pub(super) fn users_of(&self, link: &Link) -> Result<Vec<User>, ServiceError> {
        match link.owner {
            Some(owner) => Ok(self.store.get_user(owner)?.into_iter().collect()),
            None => {
                let users = self.store.list_users()?;
                Ok(users.into_iter().filter(|user| !self.links.has_own(user.id)).collect())
            }
        }
    }

    /// Where a user stands with a link.
    pub(super) fn state_of(&self, link: &Link, user: UserId) -> Result<Option<SyncState>, ServiceError> {
        Ok(self.store.sync_state(user)?.filter(|state| state.remote == link.key))
    }

    fn require_head_of(&self, user: UserId) -> Result<Head, ServiceError> {
        let settings = self.store.get_settings(user)?;
        let (_, head) = settings.ok_or_else(|| Refusal::NoSuchUser { name: user.0.to_string() })?;
        Ok(head)
    }

    /// What is known of files beside where a user stands.
    pub(super) fn files_of(&self, user: UserId, state: Option<&SyncState>) -> Result<SyncFiles, ServiceError> {
        match state {
            Some(_) => Ok(self.store.sync_files(user)?),
            None => Ok(SyncFiles::default()),
        }
    }

    async fn put_state(
        self: &Arc<Self>,
        link: &Arc<Link>,
        user: UserId,
        state: SyncState,
        files: Option<SyncFiles>,
    ) -> Result<(), Failure> {
        let kept = link.clone();
        let update = SyncUpdate { state, files };
        let decide = move |_: &mut Situation<'_>| {
            if kept.is_closed() {
                return Ok(Decision::Keep(()));
            }
            Ok(Decision::Change(Plan {
                changes: Vec::new(),
                next_number: None,
                with_timeline: false,
                sync: Some(Box::new(update.clone())),
                brought: None,
                answer: Box::new(|_, _| ()),
            }))
        };
        Ok(self.change(user, origin(), decide).await?)
    }
}

/// Who changes what a sync changes.
fn origin() -> Origin {
    Origin { actor: "git".to_owned(), through: THROUGH_GIT.into() }
}

pub(super) async fn blocking<T: Send + 'static, E: Into<Failure> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err(Failure::Ended),
    }
}

impl Round {
    fn new(service: Arc<Service>, link: Arc<Link>, repository: Repository, ask: Ask) -> Round {
        Round {
            service,
            link,
            repository,
            ask,
            report: RoundReport::default(),
            head: None,
            users: Vec::new(),
            concerned: HashSet::new(),
            looked_at: HashSet::new(),
        }
    }

    async fn run(&mut self) -> Result<(), Failure> {
        let (service, link) = (self.service.clone(), self.link.clone());
        self.users = blocking(move || service.users_of(&link)).await?;
        let known = self.repository.clone();
        self.head = blocking(move || known.fetched_head()).await?;
        // One that failed had taken over what there was to do, for whomever that was.
        let has_failed = self.link.live().failures > 0;
        let mut fetch = self.ask.fetch || self.head.is_none() || has_failed;
        let (mut slices, mut overtaken, mut halved) = (0, 0, 0_u32);
        // What the asker alone was refused stays refused when the round has to begin again.
        let mut refused = None;
        loop {
            if fetch {
                self.fetch().await?;
                self.looked_at.clear();
                self.concerned.extend(self.users.iter().map(|user| user.id));
            }
            self.concern_changed();
            self.report.head = self.head;
            self.look().await?;
            // What was asked for once is not to be done again after a push that was overtaken.
            if let Some((asker, _)) = self.ask.request.take() {
                refused = self.report.failed.get(&asker).cloned().map(|refusal| (asker, refusal));
            }
            if self.link.remote.mode != Mode::Push {
                break;
            }
            fetch = match self.try_push((ACTIONS_MAX >> halved).max(1)).await? {
                Tried::NothingLeft => break,
                Tried::Pushed => {
                    (slices, overtaken, halved) = (slices + 1, 0, halved.saturating_sub(REGAINED));
                    if slices == SLICES_MAX {
                        self.leave_the_rest();
                        break;
                    }
                    false
                }
                Tried::Overtaken => {
                    tokio::time::sleep(pause(overtaken)).await;
                    (overtaken, halved) = (overtaken + 1, HALVED_MAX.min(halved + 1));
                    if overtaken == PUSHES_MAX {
                        return Err(Failure::Overtaken);
                    }
                    true
                }
            };
        }
        self.report.failed.extend(refused);
        Ok(())
    }

    /// Adds those who changed something here. Who came after the round began is left to the next.
    fn concern_changed(&mut self) {
        let mut changed_here = locked(&self.link.changed_here);
        self.concerned.extend(self.users.iter().map(|user| user.id).filter(|user| changed_here.remove(user)));
    }

    /// Takes in what the head has for those for whom it was not looked at.
    async fn look(&mut self) -> Result<(), Failure> {
        let is_new = |user: &&User| self.concerned.contains(&user.id) && !self.looked_at.contains(&user.id);
        let new: Vec<User> = self.users.iter().filter(is_new).cloned().collect();
        for user in new {
            self.report.failed.remove(&user.id);
            self.take_in_of(&user).await?;
            self.looked_at.insert(user.id);
        }
        Ok(())
    }

    /// Has another round bring what is left.
    fn leave_the_rest(&self) {
        locked(&self.link.changed_here).extend(&self.looked_at);
        self.link.is_urgent.store(true, Ordering::Relaxed);
        self.link.wake.notify_one();
    }

    async fn fetch(&mut self) -> Result<(), Failure> {
        let (repository, link, runtime) = (self.repository.clone(), self.link.clone(), Handle::current());
        let fetch = move || git::fetch(&repository, &link.remote.remote, &runtime, &link.stop);
        self.head = blocking(fetch).await?;
        self.link.show(|live| live.head = self.head);
        Ok(())
    }

    /// Takes in what the remote has for one user. What goes wrong for one alone holds up no other.
    async fn take_in_of(&mut self, user: &User) -> Result<(), Failure> {
        match self.take_in(user).await {
            Ok(report) => {
                let now = self.service.clock.now();
                self.link.show(|live| {
                    if live.of_user.remove(&user.id).is_some() {
                        tracing::info!(user = user.name.as_str(), "the sync works again");
                    }
                    live.note_conflicts(user.id, now, &report);
                });
                let head = self.head;
                let branch = self.link.remote.remote.branch.to_string();
                let report = SyncReport { branch, head, is_own: self.link.owner.is_some(), ..report };
                self.report.of_user.entry(user.id).or_default().extend(report);
                Ok(())
            }
            Err(failure) if self.link.owner.is_some() || failure.is_of_all() => Err(failure),
            Err(failure) => {
                self.service.tell_of_user(&self.link, user, &failure);
                self.report.failed.insert(user.id, failure.refusal());
                Ok(())
            }
        }
    }

    /// What this round is asked of a user. A branch that is gone is made anew by all together.
    fn request_of(&self, user: &User) -> SyncRequest {
        match &self.ask.request {
            Some((asker, request)) if *asker == user.id => request.clone(),
            Some((_, request)) if self.head.is_none() => SyncRequest { mode: request.mode, ..SyncRequest::default() },
            Some(_) | None => SyncRequest::default(),
        }
    }

    async fn take_in(&mut self, user: &User) -> Result<SyncReport, Failure> {
        let (service, link, repository, head) =
            (self.service.clone(), self.link.clone(), self.repository.clone(), self.head);
        let request = self.request_of(user);
        let (id, name) = (user.id, user.name.as_str().to_owned());
        let read = move || -> Result<(Option<SyncState>, SyncFiles, bool, Seen), Failure> {
            let stored = service.state_of(&link, id)?;
            let state = confirmed(&repository, stored.clone(), head)?;
            let files = service.files_of(id, state.as_ref())?;
            let look = Look {
                repository: &repository,
                link: &link,
                user: &name,
                state: state.as_ref(),
                files: &files,
                head,
                request: &request,
            };
            let seen = match look.read()? {
                Some(incoming) => Seen::Incoming(Box::new(incoming)),
                None => Seen::Nothing(service.require_head_of(id)?),
            };
            let is_confirmed = state != stored;
            Ok((state, files, is_confirmed, seen))
        };
        let (state, files, is_confirmed, seen) = blocking(read).await?;
        let incoming = match seen {
            Seen::Incoming(incoming) => *incoming,
            Seen::Nothing(head) => {
                if let Some(state) = state.filter(|_| is_confirmed) {
                    self.service.put_state(&self.link, user.id, state, None).await?;
                }
                return Ok(SyncReport {
                    next_number: head.next_number,
                    generation: head.generation.0,
                    ..SyncReport::default()
                });
            }
        };
        if incoming.is_rewritten {
            let now = self.service.clock.now();
            self.link.show(|live| {
                live.rewritten_at.insert(user.id, now);
            });
        }
        let changed_there = self.changed_there(user, &incoming);
        let was_there = self.was_there(user, state.as_ref());
        let (link, was_there_since) = (self.link.clone(), self.was_there_since(user, &incoming));
        let taking_in = TakingIn { link, incoming, state, files, changed_there, was_there, was_there_since };
        let decide = move |situation: &mut Situation<'_>| taking_in.decide(situation);
        Ok(self.service.change(user.id, origin(), decide).await?)
    }
}

/// A pause before the next try, longer each time and never the same for two.
fn pause(tried: u32) -> Duration {
    let longest = PAUSE_MAX.min(Duration::from_millis(20) * 2_u32.saturating_pow(tried));
    longest.mul_f64(super::follow::share())
}
