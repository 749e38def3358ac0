//! The real thing beside the model: a service on a database in memory-backed files, and what is compared.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use codexmiroir::clock::Clock;
use codexmiroir::domain::date;
use codexmiroir::domain::document::{self, Outcome as Read};
use codexmiroir::domain::ids::{Generation, TaskNumber};
use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::task::{Status, Task};
use codexmiroir::domain::theme::Theme;
use codexmiroir::domain::zone::Zone;
use codexmiroir::secrets::{KEY_FILE, KeyFile};
use codexmiroir::service::Service;
use codexmiroir::service::doctor::Finding;
use codexmiroir::service::error::ServiceError;
use codexmiroir::service::folder::Folder;
use codexmiroir::service::idempotency::IdempotencyKey;
use codexmiroir::service::import::Fate;
use codexmiroir::service::keyring::Keyring;
use codexmiroir::service::rulebook::RuleBook;
use codexmiroir::service::rules::RulesRequest;
use codexmiroir::service::sync::SyncSettings;
use codexmiroir::service::tasks::Filter;
use codexmiroir::store::{Basis, Change, Commit, Finished, Head, Memory, Origin, Outcome, Scopes, Settings, Store};
use codexmiroir::view::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::account::{Account, Answer, Said, id_of, refused, settings_after};
use super::past::{self, Told};
use super::plan::Planner;
use super::request::{Request, key_of, spell_out};
use super::steps::{Op, Step};
use crate::harness::{MONDAY, instant, workers};

/// Where files are kept in memory, so that waiting for the disk takes no time.
const IN_MEMORY: &str = "/dev/shm";

const HOT_BYTES_MAX: u64 = 1 << 20;

fn settings() -> Settings {
    Settings { zone: Zone::parse("Europe/Berlin").unwrap(), lang: Lang::En, days: 3, theme: Theme::Auto }
}

pub struct World {
    runtime: Runtime,
    folder: TempDir,
    clock: Clock,
    planner: Planner,
    basis: Basis,
    service: Option<Arc<Service>>,
    accounts_made: u32,
    /// Tokens of the present history, with the name they stand for and the end of their time.
    tokens: Vec<(String, String, DateTime<Utc>)>,
    /// Whether each history is looked back on at its end, and all are lived again by the server in the end: both take
    /// longer than living them.
    looks_back: bool,
}

/// Fails the history when it does not hold.
fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

impl World {
    pub fn new(looks_back: bool) -> World {
        let folder = TempDir::new_in(IN_MEMORY).or_else(|_| TempDir::new()).unwrap();
        let clock = Clock::manual(instant(MONDAY));
        let mut world = World {
            runtime: tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap(),
            basis: RuleBook::builtin().basis(),
            planner: Planner::new(),
            service: None,
            accounts_made: 0,
            tokens: Vec::new(),
            looks_back,
            folder,
            clock,
        };
        world.open();
        world
    }

    fn open(&mut self) {
        let store = Store::open(&self.folder.path().join("model.redb"), Memory::of_server(HOT_BYTES_MAX)).unwrap();
        let keyring = Keyring::open(KeyFile::at(self.folder.path().join(KEY_FILE)), &store).unwrap();
        let sync = SyncSettings::default().options(self.folder.path().join("git")).unwrap();
        self.service = Some(Service::new(store, self.clock.clone(), RuleBook::builtin(), workers(), keyring, sync));
    }

    fn close(&mut self) {
        let mut service = self.service.take().unwrap();
        // Threads that have answered may need a moment more to let go.
        while let Err(shared) = Arc::try_unwrap(service) {
            service = shared;
            std::thread::yield_now();
        }
    }

    fn service(&self) -> Arc<Service> {
        self.service.clone().unwrap()
    }

    /// Runs a history of two new users.
    pub fn live(&mut self, history: &[Step]) -> Result<(), String> {
        self.clock.set(instant(MONDAY));
        self.tokens.clear();
        let mut accounts = [self.add_account(), self.add_account()];
        let mut told: [Told; 2] = Default::default();
        for (number, step) in history.iter().enumerate() {
            self.step(step, &mut accounts).map_err(|what| format!("step {number}, {step:?}: {what}"))?;
            // Whoever asked nothing is looked at after the next step that is everybody's.
            let touched = if let Step::Ask(asked) = step { asked.len() } else { accounts.len() };
            for (account, told) in accounts[..touched].iter().zip(&mut told) {
                self.check_timeline(account).map_err(|what| format!("after step {number}, {step:?}: {what}"))?;
                told.push((Generation(account.generation), self.clock.now(), self.body(account)));
            }
        }
        for (account, told) in accounts.iter().zip(&told) {
            self.check_ground(account).map_err(|what| format!("at the end: {what}"))?;
            if self.looks_back {
                let service = self.service();
                let past = past::check(&service, account.user, told);
                self.runtime.block_on(past).map_err(|what| format!("at the end: {what}"))?;
            }
        }
        Ok(())
    }

    /// What the doctor finds in all that the histories left. Each begins with the clock set back, in a folder
    /// that any other would do for, and where users stand with a repository is made up.
    pub fn flaws(&self) -> Vec<Finding> {
        let mut found = self.runtime.block_on(crate::doctor::found(&self.service()));
        let is_meant = |finding: &Finding| match finding.code {
            "clock_set_back" | "open_to_others" => true,
            "beyond" => finding.part == "sync",
            _ => false,
        };
        found.retain(|finding| !is_meant(finding));
        if self.looks_back {
            found.extend(self.runtime.block_on(crate::past::verified(&self.service())).findings);
        }
        found
    }

    fn add_account(&mut self) -> Account {
        self.accounts_made += 1;
        let name = format!("u{}", self.accounts_made);
        let user = self.runtime.block_on(self.service().add_user(&name, false, settings(), None)).unwrap();
        Account::new(user.id, user.name, settings(), self.clock.now(), self.basis)
    }

    fn step(&mut self, step: &Step, accounts: &mut [Account; 2]) -> Result<(), String> {
        match step {
            Step::Wait(minutes) => {
                self.clock.set(self.clock.now() + TimeDelta::minutes(i64::from(*minutes)));
                Ok(())
            }
            Step::Reopen => {
                self.close();
                self.open();
                Ok(())
            }
            Step::Rebuild => {
                let service = self.service();
                let made = self.runtime.block_on(service.timeline(accounts[0].user, true));
                let made = made.map_err(|error| error.to_string())?.entry.finished.body.clone();
                ensure(made == self.body(&accounts[0]), || "made anew it is another".to_owned())
            }
            Step::Ask(asked) => self.ask_all(asked, accounts),
        }
    }

    /// Asks for all users at the same time, and compares each answer with its model's.
    fn ask_all(&mut self, asked: &[(Op, Option<u8>)], accounts: &mut [Account; 2]) -> Result<(), String> {
        let now = self.clock.now();
        let mut requests = Vec::new();
        for ((op, key), account) in asked.iter().zip(accounts.iter()) {
            let request = spell_out(op, account);
            let key = key.and_then(|key| key_of(key, &request));
            requests.push((request, key));
        }
        let under_way = requests.iter().zip(accounts.iter()).map(|((request, key), account)| {
            let head = Head {
                generation: Generation(account.generation),
                committed_at: now,
                next_number: account.next_number,
            };
            let asker = Asker { service: self.service(), user: account.user, name: account.name.to_string(), head };
            (asker, request.clone(), key.clone())
        });
        let under_way: Vec<_> = under_way.collect();
        let answers = self.runtime.block_on(async {
            let tasks: Vec<_> =
                under_way.into_iter().map(|(asker, request, key)| tokio::spawn(asker.ask(request, key))).collect();
            let mut answers = Vec::new();
            for task in tasks {
                answers.push(task.await.map_err(|error| error.to_string()));
            }
            answers
        });
        let mut remembered = false;
        for (((request, key), answer), account) in requests.iter().zip(answers).zip(accounts.iter_mut()) {
            let before = account.generation;
            let expected = self.expected(account, request, key.as_ref(), now);
            remembered |= key.is_some() && account.generation > before;
            let answer = answer?;
            if let (Request::Token(hours), Ok(token)) = (request, &answer) {
                let until = now + TimeDelta::hours(*hours);
                self.tokens.push((token.clone(), account.name.to_string(), until));
                continue;
            }
            ensure(answer == expected, || format!("{request:?} {key:?}\n said {answer:?}\n not  {expected:?}"))?;
        }
        if remembered {
            accounts.iter_mut().for_each(|account| account.forget(now));
        }
        self.check_tokens()
    }

    /// What the model says, and what it becomes.
    fn expected(
        &self,
        account: &mut Account,
        request: &Request,
        key: Option<&IdempotencyKey>,
        now: DateTime<Utc>,
    ) -> Answer {
        match request {
            Request::Import(files, dry_run) => Ok(account.import(files, *dry_run, now)),
            Request::Settings(fields) => {
                let settings = settings_after(fields, account.settings)?;
                if settings != account.settings {
                    account.set(settings, now, "settings");
                }
                Ok(format!("{settings:?} {}", account.generation))
            }
            Request::Stale(_) => Ok(format!("{:?}", Outcome::Stale { generation: Generation(account.generation) })),
            Request::Beside(key, raw) => {
                account.beside(key, raw, now);
                Ok(format!("{:?}", Outcome::Committed { generation: Generation(account.generation) }))
            }
            Request::Synced(synced) => Ok(account.take_over(synced, now)),
            Request::Token(_) => Ok(String::new()),
            Request::NameAgain => Err(format!("UserExists {{ name: {:?} }}", account.name.as_str())),
            Request::List { open, from, limit } => Ok(self.list(account, *open, *from, *limit, now)),
            Request::Show(id) => {
                let key = account.find(id).map_err(|refusal| refused(&refusal))?;
                Ok(format!("{} {}", id_of(&key), String::from_utf8_lossy(&account.documents[&key])))
            }
            Request::History(count) => {
                let latest: Vec<_> = account.history.iter().rev().take(*count).collect();
                Ok(format!("{latest:?} {}", account.history.len() > *count))
            }
            changing => account.ask(changing, key, now, &self.planner),
        }
    }

    fn list(&self, account: &Account, open: bool, from: u32, limit: usize, now: DateTime<Utc>) -> String {
        let timeline = self.planner.answer(account, now).timeline;
        let is_open: Vec<_> = account.tasks().filter(Task::is_open).map(|task| task.key).collect();
        let wanted = account
            .documents
            .keys()
            .filter(|key| key.number.is_none_or(|number| number.get() >= from) && (!open || is_open.contains(key)));
        let rows = wanted.map(|key| {
            let placed = timeline.placed(key.file.as_str());
            (key.file.to_string(), placed.map(|(day, zeit)| (date::to_text(day), zeit.to_owned())))
        });
        let rows: Vec<_> = rows.collect();
        let page = &rows[..limit.min(rows.len())];
        let next = page.last().filter(|_| rows.len() > limit).map(|(file, _)| file);
        format!("{page:?} {next:?}")
    }

    /// Each token stands for whom it was made, and for no longer than it was made for.
    fn check_tokens(&self) -> Result<(), String> {
        for (token, name, until) in &self.tokens {
            let actor = self.service().authenticate(token).map_err(|error| error.to_string())?;
            let found = actor.map(|actor| actor.name.to_string());
            let expected = (self.clock.now() < *until).then(|| name.clone());
            ensure(found == expected, || format!("a token stands for {found:?} and not for {expected:?}"))?;
        }
        Ok(())
    }

    /// The bytes that the user is to be served.
    fn body(&self, account: &Account) -> Vec<u8> {
        json::timeline(&self.planner.answer(account, self.clock.now()))
    }

    /// What is served, and what the database keeps, are what planning from nothing gives, byte for byte.
    fn check_timeline(&self, account: &Account) -> Result<(), String> {
        let (service, expected) = (self.service(), self.body(account));
        let (head, stored) = service.store().get_timeline(account.user).unwrap().ok_or("no such user")?;
        let generation = Generation(account.generation);
        let (committed_at, next_number) = (account.committed_at, account.next_number);
        ensure(head == Head { generation, committed_at, next_number }, || format!("{head:?}"))?;
        if let Some(stored) = stored.filter(|stored| stored.is_current(generation, self.basis, self.clock.now())) {
            ensure(stored.body == expected, || {
                let (stored, expected) = (String::from_utf8_lossy(&stored.body), String::from_utf8_lossy(&expected));
                format!("the database keeps {stored}\n not {expected}")
            })?;
        }
        let served = self.runtime.block_on(service.timeline(account.user, false)).map_err(|error| error.to_string())?;
        let served = &served.entry.finished.body;
        ensure(*served == expected, || {
            format!("served {}\n not {}", String::from_utf8_lossy(served), String::from_utf8_lossy(&expected))
        })
    }

    /// Everything that is kept of the user is what the model says.
    fn check_ground(&self, account: &Account) -> Result<(), String> {
        let service = self.service();
        let store = service.store();
        let snapshot = store.snapshot(account.user).unwrap().ok_or("no such user")?;
        let keys: Vec<_> = snapshot.tasks.keys().collect();
        ensure(keys == account.documents.keys().collect::<Vec<_>>(), || format!("the documents are {keys:?}"))?;
        ensure(snapshot.settings == account.settings, || format!("{:?}", snapshot.settings))?;
        let sync = store.sync_state(account.user).unwrap().zip(store.sync_files(account.user).ok());
        ensure(sync == account.sync, || format!("the sync stands at {sync:?}\n not {:?}", account.sync))?;
        let rules = snapshot.rules.as_ref().map(|rules| (rules.version.0, rules.entries.clone()));
        let expected = account.rules_version.zip(account.rules.clone());
        ensure(rules == expected, || format!("the rules are {rules:?}\n not {expected:?}"))?;
        for (key, raw) in &account.documents {
            let kept = store.get_document(account.user, key).unwrap();
            ensure(kept.as_ref() == Some(raw), || format!("{} is {kept:?}", key.file))?;
        }
        let mut history = store.list_history(account.user, None, usize::MAX).unwrap();
        history.reverse();
        history.iter_mut().for_each(|past| past.left = None);
        ensure(history == account.history, || format!("the history is {history:#?}\n not {:#?}", account.history))
    }
}

/// One user, asking the real thing.
struct Asker {
    service: Arc<Service>,
    user: codexmiroir::domain::ids::UserId,
    name: String,
    /// Where the model stands.
    head: Head,
}

impl Asker {
    async fn ask(self, request: Request, key: Option<IdempotencyKey>) -> Answer {
        self.answer(request, key).await.map_err(|error| match error {
            ServiceError::Refused(refusal) => refused(&refusal),
            other => panic!("{other}"),
        })
    }

    async fn answer(&self, request: Request, key: Option<IdempotencyKey>) -> Result<String, ServiceError> {
        let (service, user) = (&self.service, self.user);
        let origin = Origin { actor: self.name.clone(), through: "model".into() };
        let said = match request {
            Request::Create(fields) => Said::Saved(service.create_task(user, origin, fields, key).await?),
            Request::Update(id, edit, expected) => {
                Said::Saved(service.update_task(user, origin, id, edit, expected, key).await?)
            }
            Request::Complete(id, slot, expected) => {
                Said::Completed(service.complete_task(user, origin, id, Some(slot), expected, key).await?)
            }
            Request::Verb(id, verb) => Said::Saved(service.apply_verb(user, origin, id, verb, None, key).await?),
            Request::Remove(id, expected) => Said::Saved(service.remove_task(user, origin, id, expected, key).await?),
            Request::Undo(generation) => Said::Undone(service.undo(user, origin, generation, key).await?),
            Request::Rules(list) => {
                let request = RulesRequest { user, origin, expected: None, key };
                Said::Ruled(match list {
                    Some(list) => service.set_rules(request, list).await?,
                    None => service.remove_rules(request).await?,
                })
            }
            other => return self.ask_otherwise(other, origin).await,
        };
        Ok(said.text())
    }

    async fn ask_otherwise(&self, request: Request, origin: Origin) -> Result<String, ServiceError> {
        let (service, user) = (&self.service, self.user);
        Ok(match request {
            Request::Import(files, dry_run) => {
                let folder = Folder { files, ..Folder::default() };
                let report = service.import(user, origin, folder, dry_run).await?;
                let fates: Vec<_> = report.lines.iter().map(|line| word(&line.fate)).collect();
                format!("{fates:?} {} {:?}", report.generation, report.next_number)
            }
            Request::Settings(fields) => {
                let (settings, generation) = service.change_settings(user, origin, fields).await?;
                format!("{settings:?} {generation}")
            }
            Request::Synced(synced) => synced.commit(service, user, self.name.clone()).await?,
            Request::Stale(expected) => self.commit(Generation(expected), origin, Vec::new()).await?,
            Request::Beside(key, raw) => {
                let reading = match document::read(&key.file, &raw) {
                    Read::Task(task) => Ok(Arc::from(task)),
                    Read::Invalid(problem) => Err(problem),
                    Read::NotATask => panic!("{} is no task", key.file),
                };
                let put = Change::PutDocument { key, raw: raw.into(), reading, verb: "beside".into() };
                self.commit(self.head.generation, origin, vec![put]).await?
            }
            Request::Token(hours) => {
                let until = service.clock().now() + TimeDelta::hours(hours);
                service.create_token(&self.name, Scopes::READ, "t", Some(until)).await?
            }
            Request::NameAgain => {
                let user = service.add_user(&self.name, true, settings(), None).await?;
                format!("{user:?}")
            }
            Request::List { open, from, limit } => {
                let filter = Filter {
                    status: open.then_some(Status::Offen),
                    kategorie: None,
                    tag: None,
                    text: None,
                    from: TaskNumber::new(from),
                    after: None,
                    limit,
                };
                let page = service.list_tasks(user, filter, Lang::En).await?;
                let rows: Vec<_> = page.tasks.into_iter().map(|task| (task.file, task.placed)).collect();
                format!("{rows:?} {:?}", page.next.as_ref())
            }
            Request::Show(id) => {
                let shown = service.show_task(user, id).await?;
                format!("{} {}", shown.summary.id, String::from_utf8_lossy(&shown.raw))
            }
            Request::History(count) => {
                let mut page = service.history(user, None, None, count).await?;
                page.changes.iter_mut().for_each(|past| past.left = None);
                format!("{:?} {}", page.changes, page.next.is_some())
            }
            other => panic!("not asked this way: {other:?}"),
        })
    }

    /// A commit handed to the store by hand, and with it a timeline that must never be served: of a generation
    /// that is over.
    async fn commit(&self, expected: Generation, origin: Origin, changes: Vec<Change>) -> Result<String, ServiceError> {
        let store = self.service.store();
        let (now, basis) = (self.service.clock().now(), RuleBook::builtin().basis());
        let wrong = Finished {
            generation: expected,
            basis,
            valid_from: now,
            valid_until: now + TimeDelta::days(1),
            body: Bytes::from_static(b"wrong"),
        };
        if expected != self.head.generation {
            store.put_timeline(self.user, wrong);
        }
        let numbers = changes.iter().filter_map(|change| match change {
            Change::PutDocument { key, .. } => key.number.and_then(TaskNumber::next),
            Change::RemoveDocument { .. }
            | Change::PutSettings { .. }
            | Change::PutRules { .. }
            | Change::Merged { .. } => None,
        });
        let next_number = self.head.next_number.map(|known| numbers.max().map_or(known, |next| next.max(known)));
        let head = Head { generation: expected.next(), next_number, ..self.head };
        let commit = Commit {
            user: self.user,
            expected,
            head,
            changes,
            origin,
            basis,
            timeline: None,
            mark: None,
            remember: None,
            sync: None,
            brought: None,
        };
        let service = self.service.clone();
        let submitted = tokio::task::spawn_blocking(move || service.store().submit(commit)).await.unwrap();
        Ok(format!("{:?}", submitted?.outcome().await?))
    }
}

fn word(fate: &Fate) -> &'static str {
    match fate {
        Fate::Added => "added",
        Fate::Replaced => "replaced",
        Fate::Unchanged => "unchanged",
        Fate::KeptUnreadable { .. } => "unreadable",
        Fate::Taken => "taken",
        Fate::Skipped { .. } => "skipped",
    }
}
