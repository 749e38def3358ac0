//! A database, a clock and the people around the published state, small enough for many schedules.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use codexmiroir::store::Finished;
use shuttle::future::block_on;
use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicU64, Ordering};

use super::cells::watch;
use super::hot::{Entry, Form};
use super::ids::{Generation, UserId};
use super::keyed::KeyedLocks;
use super::published::{Layer, Published, Served};
use super::{Basis, PerUser, one_in};

pub const USERS: [UserId; 2] = [UserId(1), UserId(2)];
/// The user that everybody looks at; the other one shares her groups.
pub const LENA: UserId = USERS[0];

const BASIS: Basis = Basis([1; 16]);
/// Of a server that was there before the last start.
const OLD_BASIS: Basis = Basis([2; 16]);

/// The body of a timeline that is shown once and not kept.
const UNCERTAIN: Bytes = Bytes::from_static(b"uncertain");

/// Between two boundaries, in milliseconds.
const WINDOW: i64 = 10;
/// The instants that the clock shows one after the other: it crosses two boundaries.
const INSTANTS: [i64; 5] = [3, 8, 12, 17, 21];
const LAST_INSTANT: i64 = INSTANTS[INSTANTS.len() - 1];
const GROUPS: usize = 3;

fn at(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap()
}

/// The timeline of a generation, planned at this instant.
fn plan(generation: Generation, basis: Basis, now: i64) -> Finished {
    let begun = now - now % WINDOW;
    Finished { generation, basis, valid_from: at(begun), valid_until: at(begun + WINDOW), body: Bytes::new() }
}

fn entry(finished: Finished) -> Arc<Entry> {
    Arc::new(Entry::new(Form::Timeline, finished, "tag"))
}

/// A user in the database: what is durable.
struct Row {
    generation: Generation,
    timeline: Option<Finished>,
}

pub struct World {
    published: Published,
    turns: KeyedLocks<UserId, ()>,
    /// Read and changed in one step each, as in a transaction.
    database: Mutex<PerUser<Row>>,
    clock: AtomicU64,
    ticks: watch::Sender<i64>,
    /// What somebody was told or shown: nobody who asks after that may see less.
    seen: PerUser<AtomicU64>,
    /// Which of the users each group commits for, in order.
    groups: Vec<Vec<UserId>>,
}

impl World {
    /// Just started on a database that has a timeline, one of another basis, or none.
    pub fn new() -> World {
        let timeline = match (one_in(2), one_in(2)) {
            (true, true) => None,
            (true, false) => Some(plan(Generation(5), OLD_BASIS, INSTANTS[0])),
            (false, _) => Some(plan(Generation(5), BASIS, INSTANTS[0])),
        };
        let row = |user| (user, Row { generation: Generation(5), timeline: timeline.clone() });
        let group = |_| match (one_in(2), one_in(2)) {
            (true, true) => vec![LENA, LENA],
            (true, false) => vec![USERS[1], LENA],
            (false, true) => vec![LENA, USERS[1]],
            (false, false) => vec![LENA],
        };
        World {
            published: Published::new(0),
            turns: KeyedLocks::default(),
            database: Mutex::new(USERS.map(row).into()),
            clock: AtomicU64::new(INSTANTS[0].cast_unsigned()),
            ticks: watch::Sender::new(INSTANTS[0]),
            seen: USERS.map(|user| (user, AtomicU64::new(5))).into(),
            groups: (0..GROUPS).map(group).collect(),
        }
    }

    fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst).cast_signed()
    }

    fn last_generation(&self, user: UserId) -> Generation {
        let commits = self.groups.iter().flatten().filter(|member| **member == user);
        Generation(5 + commits.count() as u64)
    }

    /// The clock goes on to its last instant.
    pub fn pass_time(&self) {
        for instant in INSTANTS {
            self.clock.store(instant.cast_unsigned(), Ordering::SeqCst);
            self.ticks.send_if_modified(|now| std::mem::replace(now, instant) != instant);
        }
    }

    async fn wait_until(&self, instant: i64) {
        let mut ticks = self.ticks.subscribe();
        while self.now() < instant {
            ticks.changed().await.unwrap();
        }
    }

    /// Commits group after group: plans, makes it durable, publishes, and tells everybody.
    pub fn write(&self) {
        let mut heads: PerUser<Generation> = USERS.map(|user| (user, Generation(5))).into();
        for group in &self.groups {
            let mut commits = Vec::new();
            for user in group {
                let head = heads.get_mut(user).unwrap();
                *head = head.next();
                // An import commits without a timeline.
                let timeline = (!one_in(3)).then(|| entry(plan(*head, BASIS, self.now())));
                commits.push((*user, *head, timeline));
            }
            {
                let mut database = self.database.lock().unwrap();
                for (user, generation, timeline) in &commits {
                    let timeline = timeline.as_ref().map(|entry| entry.finished.clone());
                    database.insert(*user, Row { generation: *generation, timeline });
                }
            }
            for (user, generation, timeline) in &commits {
                self.published.publish(*user, *generation, timeline.as_ref());
            }
            for (user, generation, _) in &commits {
                self.seen[user].fetch_max(generation.0, Ordering::SeqCst);
            }
        }
    }

    /// What the database has, if it is current, else a new plan, as the server loads it.
    fn load(&self, user: UserId, rebuild: bool) -> Served {
        if !rebuild {
            let stored = {
                let database = self.database.lock().unwrap();
                let row = &database[&user];
                row.timeline.clone().map(|timeline| (row.generation, timeline))
            };
            if let Some((generation, timeline)) = stored
                && timeline.is_current(generation, BASIS, at(self.now()))
            {
                return Served {
                    entry: entry(timeline),
                    layer: Layer::Materialized,
                    is_certain: true,
                    is_durable: true,
                };
            }
        }
        let generation = self.database.lock().unwrap()[&user].generation;
        let (mut planned, is_certain) = (plan(generation, BASIS, self.now()), !one_in(8));
        if !is_certain {
            planned.body = UNCERTAIN;
        }
        Served { entry: entry(planned), layer: Layer::Rebuilt, is_certain, is_durable: true }
    }

    /// One read, and everything that must hold of it.
    async fn read(&self, user: UserId, rebuild: bool) -> Served {
        let (floor, begun) = (self.seen[&user].load(Ordering::SeqCst), self.now());
        let hot = || self.published.get(user, Form::Timeline, BASIS, at(self.now())).filter(|_| !rebuild);
        let load = async { Ok::<_, std::convert::Infallible>(self.load(user, rebuild)) };
        let Ok(served) = self.published.serve(user, &self.turns, hot, load).await;
        self.check(user, &served.entry.finished, floor, begun);
        assert!(served.layer == Layer::Rebuilt || served.entry.finished.body != UNCERTAIN, "it was kept");
        served
    }

    /// A read that takes what is hot, or nothing.
    pub fn look(&self, user: UserId) {
        let (floor, begun) = (self.seen[&user].load(Ordering::SeqCst), self.now());
        if let Some(entry) = self.published.get(user, Form::Timeline, BASIS, at(self.now())) {
            self.check(user, &entry.finished, floor, begun);
        }
    }

    fn check(&self, user: UserId, finished: &Finished, floor: u64, begun: i64) {
        let Finished { generation, basis, valid_from, valid_until, .. } = *finished;
        assert!(generation.0 >= floor, "{generation} was served after {floor} was acknowledged or shown");
        assert_eq!(basis, BASIS, "of another basis");
        assert!(at(begun) < valid_until && valid_from <= at(self.now()), "it was right at no instant of the read");
        self.seen[&user].fetch_max(generation.0, Ordering::SeqCst);
    }

    pub fn read_some(&self, rebuild: bool) {
        for _ in 0..2 {
            block_on(self.read(LENA, rebuild));
        }
    }

    /// Goes away while it waits, and comes back.
    pub fn read_impatiently(&self) {
        poll_once(self.read(LENA, false));
        block_on(self.read(LENA, false));
    }

    /// Reads as often as there is something new, until it has seen the end of everything: one call that is missed
    /// and it waits for ever, which the scheduler tells.
    pub fn listen(&self, user: UserId) {
        let mut listener = self.published.subscribe(user);
        block_on(async {
            loop {
                let served = listener.read(self.read(user, false)).await;
                let (generation, until) =
                    (served.entry.finished.generation, served.entry.finished.valid_until.timestamp_millis());
                if generation == self.last_generation(user) && until > LAST_INSTANT {
                    break;
                }
                let (mut changed, mut boundary) = (pin!(listener.changed()), pin!(self.wait_until(until)));
                poll_fn(|context| match changed.as_mut().poll(context) {
                    Poll::Ready(()) => Poll::Ready(()),
                    Poll::Pending => boundary.as_mut().poll(context),
                })
                .await;
            }
        });
    }

    /// What must hold when everybody has finished.
    pub fn check_the_end(&self) {
        for user in USERS {
            let last = self.last_generation(user);
            let served = block_on(self.read(user, false));
            assert_eq!((served.entry.finished.generation, self.published.generation(user)), (last, Some(last)));
            if let Some(kept) = self.published.peek(user).filter(|_| served.is_certain) {
                assert_eq!(kept.finished.generation, last, "something older stayed");
            }
        }
    }
}

/// Begins with a future and goes away if it is not ready; whether it was.
pub fn poll_once<T>(future: impl Future<Output = T>) -> bool {
    let mut future = pin!(future);
    block_on(poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())))
}
