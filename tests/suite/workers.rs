//! Rules in workers, asked as planning asks them: what they answer, what they may use, and what becomes of them.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use codexmiroir::domain::document::{self, Outcome};
use codexmiroir::domain::ids::{DocKey, FileName, Generation, UserName};
use codexmiroir::domain::lang::Lang;
use codexmiroir::domain::script::{OptionValue, Script};
use codexmiroir::domain::task::Task;
use codexmiroir::domain::zone::Zone;
use codexmiroir::planning::{Horizon, days_asked, needs_verdict, plan};
use codexmiroir::rules::{self, Question, Questions, RuleError, RuleSet};
use codexmiroir::service::folder::read_folder;
use codexmiroir::view::{Answer, RulesSource, RulesState, json};
use codexmiroir::worker::{List, MEMORY_BYTES_MAX, Options, Pool, Program};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rustix::process::{Pid, Signal, getpid, kill_process};

use crate::binary::Home;
use crate::harness::{MONDAY, client, instant, vault, workers};
use crate::hostile_scripts;

/// Says all that a script can see of a task and a day.
const EVERYTHING: &str = r#"
fn options() { [text("word", "Wort")] }
fn slots(day, slots) { if day.weekday == 3 { slots.filter(|slot| slot.name != "abends") } else { slots } }
fn place(task, today) {
    let said = `${option("word")} ${task.number} ${task.id} ${task.file} ${task.title} ${task.tags} ${task.deadline} ${task.body} ${today}`;
    if task.title.contains("nie") { return never(said); }
    let allowed = on(weekdays).because(said);
    if task.deadline != () { allowed = allowed.up_to(task.deadline + 3); }
    if "eilig" in task.tags { allowed = allowed.ahead_of_line(3).at(["morgens", "abends"]); }
    if task.body.contains("ab morgen") { allowed = allowed.from(today.date + 1); }
    if "umzug" in task.tags { allowed = allowed.not_between(today, today + 1).not_on(["do", today + 4, today + 6]); }
    if "familie" in task.tags { allowed = allowed.also_on(["mo", today + 2]).not_at(["morgens", "abends"]); }
    allowed
}
"#;

/// A folder of tasks at an instant.
struct Scene {
    tasks: Vec<Arc<Task>>,
    bodies: Vec<(DocKey, Arc<str>)>,
    zone: Zone,
    now: DateTime<Utc>,
    days: u16,
}

impl Scene {
    fn of(files: &[(String, Vec<u8>)], zone: &str, now: DateTime<Utc>, days: u16) -> Scene {
        let (mut tasks, mut bodies) = (Vec::new(), Vec::new());
        for (name, raw) in files {
            let Some(file) = FileName::parse(name) else { continue };
            if let Outcome::Task(task) = document::read(&file, raw) {
                bodies.extend(document::body(raw).map(|body| (task.key.clone(), Arc::from(body))));
                tasks.push(Arc::from(task));
            }
        }
        Scene { tasks, bodies, zone: Zone::parse(zone).unwrap(), now, days }
    }

    /// The timeline as bytes, with whoever answers for the rules.
    fn timeline(
        &self,
        asked: impl FnOnce(&Questions<'_>) -> Result<codexmiroir::domain::policy::Policy, RuleError>,
    ) -> Vec<u8> {
        let horizon = Horizon::new(self.zone, self.now, self.days);
        let days = days_asked(&self.tasks, &horizon);
        let body = |task: &Task| self.bodies.iter().find(|(key, _)| *key == task.key).map(|(_, body)| body.clone());
        let open = self.tasks.iter().filter(|task| needs_verdict(task));
        let tasks: Vec<Question> = open.map(|task| Question { task: task.clone(), body: body(task) }).collect();
        let policy = asked(&Questions { today: horizon.today(), days: &days, tasks: &tasks }).unwrap();
        json::timeline(&Answer {
            user: UserName::parse("lena").unwrap(),
            lang: Lang::De,
            zone: self.zone,
            generation: Generation(1),
            committed_at: self.now,
            next_number: None,
            rules: RulesState {
                name: String::new(),
                source: RulesSource::User,
                version: None,
                due: RulesSource::User,
                error: None,
            },
            timeline: plan(&self.tasks, Vec::new(), &policy, &horizon),
        })
    }
}

fn spartan_and_everything() -> Vec<Script> {
    let options = [("word".to_owned(), OptionValue::Text("gesetzt".to_owned()))];
    let everything = Script { options: options.into(), ..Script::new("everything", EVERYTHING) };
    rules::builtin().into_iter().chain([everything]).collect()
}

fn list(scripts: &[Script]) -> List<'_> {
    List { scripts, fingerprint: rules::fingerprint(scripts) }
}

fn one(source: &str) -> Vec<Script> {
    vec![Script::new("mine", source)]
}

/// Asks about a week and this many tasks.
fn ask(pool: &Pool, scripts: &[Script], tasks: usize) -> Result<usize, RuleError> {
    let monday = NaiveDate::from_ymd_opt(2025, 10, 13).unwrap();
    let days: BTreeSet<NaiveDate> = (0..7).map(|day| monday + TimeDelta::days(day)).collect();
    let task = |number: usize| {
        let raw = format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n# Nr {number}\n");
        let file = FileName::parse(&format!("{number:04}.md")).unwrap();
        let Outcome::Task(task) = document::read(&file, raw.as_bytes()) else { panic!("{raw}") };
        Question { task: Arc::from(task), body: None }
    };
    let tasks: Vec<Question> = (0..tasks).map(task).collect();
    let policy = pool.evaluate(list(scripts), &Questions { today: monday, days: &days, tasks: &tasks })?;
    assert_eq!((policy.days.len(), policy.verdicts.len()), (7, tasks.len()));
    Ok(policy.verdicts.len())
}

/// Workers whose server is this process, or another.
pub fn children(parent: Pid) -> Vec<Pid> {
    let pids =
        std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let is_child = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // After the name, which may hold anything: the state and the parent.
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let (state, of) = (fields.next(), fields.next().and_then(|of| of.parse().ok()));
        let is_worker = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default().ends_with(b"-for-rules\0");
        is_worker && state != Some("Z") && of == Some(parent.as_raw_nonzero().get())
    };
    pids.filter(is_child).filter_map(Pid::from_raw).collect()
}

fn proc_of(pid: Pid, file: &str) -> PathBuf {
    Path::new("/proc").join(pid.as_raw_nonzero().to_string()).join(file)
}

/// The most memory that a process has had, in bytes; nothing of one that is gone.
fn peak(pid: Pid) -> Option<u64> {
    let status = std::fs::read_to_string(proc_of(pid, "status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

#[test]
fn a_vault_is_planned_apart_as_it_is_here() {
    let pool = Pool::new(workers(), 1);
    for scripts in [rules::builtin(), spartan_and_everything()] {
        let here = RuleSet::compile(&scripts).unwrap();
        for user in ["lena", "tom"] {
            for hours in [0, 30, 100] {
                let files = read_folder(&vault(user)).unwrap().files;
                let scene = Scene::of(&files, "Europe/Berlin", instant(MONDAY) + TimeDelta::hours(hours), 7);
                assert!(scene.tasks.len() > 10);
                let apart = scene.timeline(|questions| pool.evaluate(list(&scripts), questions));
                assert_eq!(apart, scene.timeline(|questions| here.evaluate(questions)), "{user} after {hours} hours");
            }
        }
    }
}

/// A document: its category, status, tags, deadline, slot and words.
fn any_document() -> impl Strategy<Value = String> {
    let kategorie = prop_oneof!["arbeit", "privat", "sport", "\"\""];
    let status = prop_oneof![6 => Just("offen"), 1 => Just("abgeschlossen"), 1 => Just("abgebrochen")];
    let tags = vec(prop_oneof!["eilig", "a b", "ä"], 0..3);
    let day =
        || (0..40_i64).prop_map(|day| (instant(MONDAY) + TimeDelta::days(day - 9)).format("%d.%m.%Y").to_string());
    let slot = (day(), prop_oneof!["morgens", "nachmittags", "abends", "nachts"]);
    let words = prop_oneof!["Steuer", "nie mehr", "\\PC{0,12}"];
    let body = prop_oneof!["Belege suchen", "ab morgen", "\\PC{0,40}"];
    (kategorie, status, tags, option::of(day()), option::weighted(0.2, slot), words, body).prop_map(
        |(kategorie, status, tags, deadline, slot, title, body)| {
            let deadline = deadline.unwrap_or("null".to_owned());
            let slot = slot.map_or("null".to_owned(), |(datum, zeit)| format!("{{datum: {datum}, zeit: {zeit}}}"));
            let head = format!("typ: task\nkategorie: {kategorie}\nstatus: {status}\ntags: [{}]\n", tags.join(", "));
            format!("---\n{head}deadline: {deadline}\nfixedSlot: {slot}\n---\n\n# {title}\n\n{body}\n")
        },
    )
}

#[test]
fn a_thousand_vaults_are_planned_apart_as_they_are_here() {
    let pool = Pool::new(workers(), 1);
    let sets = [rules::builtin(), spartan_and_everything()];
    let here = [0, 1].map(|set: usize| RuleSet::compile(&sets[set]).unwrap());
    let zone = prop_oneof!["Europe/Berlin", "America/New_York", "Pacific/Auckland"];
    let vaults = (vec(any_document(), 0..40), zone, 0..20_000_i64, 1..15_u16);
    let mut runner = TestRunner::new(Config { cases: 1_000, failure_persistence: None, ..Config::default() });
    let placed = std::cell::Cell::new(0);
    let tried = runner.run(&vaults, |(documents, zone, minutes, days)| {
        let named = |(number, text): (usize, String)| (format!("{number:04}-Titel.md"), text.into_bytes());
        let files: Vec<_> = documents.into_iter().enumerate().map(named).collect();
        let scene = Scene::of(&files, &zone, instant(MONDAY) + TimeDelta::minutes(minutes), days);
        for (scripts, here) in sets.iter().zip(&here) {
            let apart = scene.timeline(|questions| pool.evaluate(list(scripts), questions));
            prop_assert_eq!(&apart, &scene.timeline(|questions| here.evaluate(questions)));
            placed.set(placed.get() + usize::from(String::from_utf8_lossy(&apart).contains("-Titel.md")));
        }
        Ok(())
    });
    tried.unwrap();
    assert!(placed.get() > 1_500, "{} of them had tasks", placed.get());
}

#[test]
fn errors_are_those_of_an_engine_here() {
    let pool = Pool::new(workers(), 1);
    let slots = "fn slots(day, slots) { [slot(\"a\", \"9:00\", \"10:00\")] }\n";
    for place in ["task.titel.foo()", "on(\"werktag\")", "loop {}", "throw \"so nicht\"", "42"] {
        let scripts = one(&format!(
            "{slots}fn place(task, today) {{\n  if task.number == 400 {{ {place} }} else {{ anywhere() }}\n}}"
        ));
        let error = ask(&pool, &scripts, 500).unwrap_err();
        assert_eq!((error.script.as_str(), error.function.as_deref()), ("mine", Some("place")), "{place}: {error}");
        assert!(error.line.is_some() && error.column.is_some() && !error.timed_out, "{place}: {error}");
        assert_eq!(error.task.map(|key| key.file.to_string()).as_deref(), Some("0400.md"), "{place}");
    }
    let scripts = one("fn slots(day, slots) { [");
    let here = RuleSet::compile(&scripts).err().unwrap();
    assert_eq!(pool.reads_bodies(list(&scripts)).unwrap_err(), here);
    assert_eq!(
        pool.reads_bodies(list(&one(&format!("{slots}fn place(task, today) {{ never(task.body) }}")))),
        Ok(true)
    );
    assert_eq!(pool.categories(list(&rules::builtin())).unwrap(), ["arbeit", "privat"]);
    assert_eq!(pool.check(list(&rules::builtin())), Ok(()));
    assert_eq!(pool.metrics().started.get(), 1, "nothing of it ends a worker");
}

/// Holds on to as much as the language lets a script hold: texts in all variables, at each depth.
fn greedy() -> String {
    let names: Vec<String> = (0..60).map(|number| format!("t{number}")).collect();
    let texts: String = names.iter().map(|name| format!("let {name} = \"\"; {name}.pad(32000, \"x\"); ")).collect();
    format!(
        "fn deep(depth) {{ {texts} if depth < 13 {{ deep(depth + 1) }} t0.len() }}\n\
         fn slots(day, slots) {{ [] }}\nfn place(task, today) {{ never(`${{deep(0)}}`) }}"
    )
}

/// Workers that whoever starts them gives less memory than they would take.
fn poor_workers(folder: &Path) -> Options {
    let program = folder.join("poor");
    let start = format!("#!/bin/sh\nulimit -d 16384 && exec {} \"$@\"\n", env!("CARGO_BIN_EXE_codexmiroir"));
    std::fs::write(&program, start).unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o700)).unwrap();
    Options::of(Program::at(program))
}

/// Looks at the workers of this process until it is dropped.
struct Watching {
    stop: Arc<AtomicBool>,
    most: Option<JoinHandle<u64>>,
}

impl Watching {
    fn start() -> Watching {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let most = std::thread::spawn(move || {
            let mut most = 0;
            while !stopped.load(Ordering::Relaxed) {
                most = children(getpid()).into_iter().filter_map(peak).fold(most, u64::max);
            }
            most
        });
        Watching { stop, most: Some(most) }
    }

    /// The most memory that any of them had.
    fn most(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.most.take().unwrap().join().unwrap()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_worker_stays_under_its_memory() {
    let pool = Pool::new(workers(), 1);
    let watching = Watching::start();
    for script in hostile_scripts::scripts() {
        let scripts = one(&script.source);
        // Whatever it says: it says something, and so does the next one.
        let _ = (pool.check(list(&scripts)), ask(&pool, &scripts, 2));
    }
    let _ = ask(&pool, &one(&greedy()), 2);
    let most = watching.most();
    assert!((10 << 20..MEMORY_BYTES_MAX).contains(&most), "a worker had {most} bytes");
}

#[test]
fn a_worker_that_somebody_ends_while_nobody_asks_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("known-by-its-name");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_codexmiroir"), &program).unwrap();
    let pool = Pool::new(Options::of(Program::at(&program)), 1);
    let scripts = one("fn slots(day, slots) { [] }");
    assert_eq!(ask(&pool, &scripts, 0), Ok(0));
    let is_ours = |pid: &Pid| {
        let line = std::fs::read(proc_of(*pid, "cmdline")).unwrap_or_default();
        line.starts_with(program.as_os_str().as_encoded_bytes())
    };
    let ours: Vec<Pid> = children(getpid()).into_iter().filter(is_ours).collect();
    let [worker] = ours[..] else { panic!("{ours:?}") };
    assert_eq!((pool.metrics().started.get(), pool.metrics().died.get()), (1, 0));
    kill_process(worker, Signal::KILL).unwrap();
    // It is gone once it is no running child any more; the pool has not waited for it yet.
    while children(getpid()).contains(&worker) {
        std::thread::yield_now();
    }
    assert_eq!(ask(&pool, &scripts, 1), Ok(1));
    assert_eq!((pool.metrics().started.get(), pool.metrics().died.get()), (2, 1));
}

#[test]
fn who_needs_more_memory_than_there_is_is_told_where() {
    let folder = tempfile::tempdir().unwrap();
    let pool = Pool::new(poor_workers(folder.path()), 1);
    let scripts = one(&greedy());
    let error = ask(&pool, &scripts, 3).unwrap_err();
    assert!(error.message.contains("need more memory") && !error.timed_out, "{error}");
    assert_eq!((error.function.as_deref(), error.line), (Some("place"), Some(3)), "{error}");
    let deaths = pool.metrics().died.get();
    // Asked again it is known, and another question is not held to it.
    assert_eq!(ask(&pool, &scripts, 3).unwrap_err(), error);
    assert_eq!((deaths, pool.metrics().died.get()), (2, 2));
    assert_eq!(ask(&pool, &scripts, 0), Ok(0));
}

#[test]
fn a_run_that_is_cut_is_repeated_then_left_alone_for_a_moment() {
    let options = Options { backstop: Duration::from_nanos(1), ..workers() };
    let pool = Pool::new(options, 1);
    let error = ask(&pool, &rules::builtin(), 3).unwrap_err();
    assert!(error.timed_out && error.message.contains("took longer than"), "{error}");
    assert_eq!((pool.metrics().started.get(), pool.metrics().killed.get()), (2, 2));
    assert_eq!(ask(&pool, &rules::builtin(), 4).unwrap_err(), error);
    assert_eq!(pool.metrics().started.get(), 2);
}

#[test]
fn where_no_worker_can_be_started_nothing_is_run() {
    for program in ["/does/not/exist", "/proc/self/status", "/bin/cat", "/bin/true"] {
        let pool = Pool::new(Options::of(Program::at(program)), 1);
        let error = ask(&pool, &rules::builtin(), 3).unwrap_err();
        assert!(error.timed_out && error.message.contains("cannot start a process"), "{program}: {error}");
        assert_eq!(pool.metrics().started.get(), 0);
    }
}

#[test]
fn many_threads_share_few_workers() {
    let (pool, all_done) = (Pool::new(workers(), 2), Barrier::new(8));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (pool, all_done) = (&pool, &all_done);
            scope.spawn(move || {
                let scripts =
                    one(&format!("fn slots(day, slots) {{ [] }} fn place(task, today) {{ never(\"{thread}\") }}"));
                for _ in 0..20 {
                    assert_eq!(ask(pool, &scripts, 20), Ok(20));
                }
                // A worker ends with the thread that started it.
                all_done.wait();
            });
        }
    });
    assert!(pool.metrics().started.get() <= 4, "{} workers", pool.metrics().started.get());
    assert_eq!(pool.metrics().killed.get() + pool.metrics().died.get(), 0);
    // More lists than a worker keeps.
    for round in 0..2 {
        for number in 0..40 {
            let scripts =
                one(&format!("fn slots(day, slots) {{ [] }} fn place(task, today) {{ never(\"Nr {number}\") }}"));
            assert_eq!(ask(&pool, &scripts, 2), Ok(2), "{round} {number}");
        }
    }
}

#[test]
fn questions_of_any_size_are_answered() {
    let pool = Pool::new(workers(), 1);
    let monday = NaiveDate::from_ymd_opt(2025, 10, 13).unwrap();
    let body: Arc<str> = "Wort ".repeat(12_000).into();
    let task = |number: usize| {
        let raw = format!("---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n# Nr {number}\n");
        let file = FileName::parse(&format!("{number:04}.md")).unwrap();
        let Outcome::Task(task) = document::read(&file, raw.as_bytes()) else { panic!("{raw}") };
        Question { task: Arc::from(task), body: Some(body.clone()) }
    };
    let tasks: Vec<Question> = (0..700).map(task).collect();
    let scripts =
        one("fn slots(day, slots) { [] } fn place(task, today) { never(`${task.number}: ${task.body.len()}`) }");
    let questions = Questions { today: monday, days: &BTreeSet::from([monday]), tasks: &tasks };
    let here = RuleSet::compile(&scripts).unwrap().evaluate(&questions).unwrap();
    assert_eq!(pool.evaluate(list(&scripts), &questions).unwrap(), here);
    assert_eq!((here.verdicts.len(), pool.metrics().run_times.get().count), (700, 3));
}

#[test]
fn a_worker_has_nothing_and_ends_with_its_server() {
    let home = Home::new();
    let token = home.user_with_token("lena");
    let server = home.serve(&[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let set = || async {
        let script = "fn slots(day, slots) { [slot(\"a\", \"9:00\", \"10:00\")] }";
        let request = client().build().unwrap().put(server.url("/api/rules")).bearer_auth(&token);
        let answer = request.json(&serde_json::json!({"script": script})).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    };
    assert_eq!(children(server.pid()), [], "none before it is needed");
    runtime.block_on(set());
    let [worker] = children(server.pid())[..] else { panic!("{:?}", children(server.pid())) };
    let read = |file: &str| std::fs::read_to_string(proc_of(worker, file)).unwrap();
    assert_eq!(read("environ"), "MIMALLOC_ARENA_EAGER_COMMIT=0\0");
    let open = |pid: Pid| -> BTreeSet<(String, PathBuf)> {
        let files = std::fs::read_dir(proc_of(pid, "fd")).unwrap().map(|entry| entry.unwrap());
        files.map(|file| (file.file_name().into_string().unwrap(), file.path().read_link().unwrap())).collect()
    };
    // What whoever runs the tests leaves open for all that are started is not the server's.
    let files: Vec<_> = open(worker).difference(&open(getpid())).map(|(number, _)| number.clone()).collect();
    assert_eq!(files, ["0", "1", "2"]);
    assert_eq!(std::fs::read_dir(proc_of(worker, "task")).unwrap().count(), 1, "one thread");
    let limits = read("limits");
    for (name, most) in [
        ("Max data size", 208 << 20),
        ("Max stack size", 8 << 20),
        ("Max core file size", 0),
        ("Max file size", 0),
        ("Max open files", 3),
        ("Max processes", 0),
    ] {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let both: Vec<&str> = line.split_whitespace().take(2).collect();
        let most = most.to_string();
        assert_eq!(both, [most.as_str(); 2], "{name}");
    }
    assert!(
        limits.lines().any(|line| line.starts_with("Max cpu time") && !line.contains("unlimited   unlimited")),
        "{limits}"
    );
    kill_process(server.pid(), Signal::KILL).unwrap();
    let begun = Instant::now();
    while proc_of(worker, "status").exists() && children(Pid::INIT).contains(&worker) {
        assert!(begun.elapsed() < Duration::from_secs(10), "the worker lives on");
    }
}
