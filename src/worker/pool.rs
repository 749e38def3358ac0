//! What planning asks: questions to the rules of users, and what becomes of one that was cut.

use std::collections::{BTreeSet, HashMap};
use std::mem::discriminant;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::author_tests::name_of_tests;
use super::limits::MEMORY_BYTES_MAX;
use super::metrics::WorkerMetrics;
use super::process::{Cut, Program};
use super::protocol::{
    self, Asked, EvaluateAsked, PlaceSaid, QUESTION_BYTES_MAX, QuestionAsked, Said, ScriptAsked, TestAsked,
};
use super::rests::{Resting, Rests};
use super::seats::{Seat, Seats};
use crate::domain::policy::Policy;
use crate::domain::script::{About, Script};
use crate::rules::{self, Outcome, Question, Questions, RuleError};

/// How long one run may take by the clock before it is cut.
const BACKSTOP: Duration = Duration::from_secs(2);
/// Workers beside one for each thread that asks.
const RESERVE: usize = 2;
/// Runs of one question before it counts as not answered, and how many of them the same cause may cut. Workers that
/// somebody kills say nothing of the question.
const RUNS_MAX: usize = 5;
const RUNS_OF_A_CAUSE_MAX: usize = 2;
/// Lists of which it is remembered what compiling them told; when there are more, all are forgotten.
const COMPILED_MAX: usize = 1_024;
/// Lists that a worker is thought to have; when there are more, it is told all of them again.
const KNOWN_MAX: usize = 64;
/// What a task takes of a question beside its texts, at most.
const TASK_BYTES: usize = 64;

/// Of what workers are made, and when they are cut.
#[derive(Clone, Debug)]
pub struct Options {
    pub program: Program,
    pub backstop: Duration,
}

impl Options {
    /// Workers that are this program itself.
    pub fn of_this_program() -> Options {
        Options::of(Program::this())
    }

    /// Workers of a program, with the usual patience.
    pub fn of(program: Program) -> Options {
        Options { program, backstop: BACKSTOP }
    }
}

/// A list of scripts, and what it is known by.
#[derive(Clone, Copy)]
pub struct List<'a> {
    pub scripts: &'a [Script],
    pub fingerprint: [u8; 32],
}

/// All workers. They start when they are first needed, and end with it.
pub struct Pool {
    options: Options,
    seats: Seats,
    /// Whether each list reads the bodies of tasks, or why it does not compile.
    compiled: Mutex<HashMap<[u8; 32], Result<bool, RuleError>>>,
    rests: Rests,
    metrics: WorkerMetrics,
    /// Whether it was said that none can be started.
    is_helpless: AtomicBool,
}

impl Pool {
    /// For as many threads that ask.
    pub fn new(options: Options, threads: usize) -> Pool {
        Pool {
            options,
            seats: Seats::new(threads + RESERVE),
            compiled: Mutex::default(),
            rests: Rests::default(),
            metrics: WorkerMetrics::default(),
            is_helpless: AtomicBool::new(false),
        }
    }

    pub fn metrics(&self) -> &WorkerMetrics {
        &self.metrics
    }

    /// Whether the list reads the bodies of tasks.
    ///
    /// # Errors
    /// It does not compile. Of this and the other questions: or it could not be asked, which another time may be
    /// otherwise ([`RuleError::timed_out`]).
    pub fn reads_bodies(&self, list: List<'_>) -> Result<bool, RuleError> {
        if let Some(known) = self.compiled().get(&list.fingerprint) {
            return known.clone();
        }
        let answer = self.ask(list, QuestionAsked::Compile, None, |said| match said {
            Said::Compiled { reads_bodies } => Some(reads_bodies),
            _ => None,
        });
        if !answer.as_ref().is_err_and(|error| error.timed_out) {
            let mut compiled = self.compiled();
            if compiled.len() >= COMPILED_MAX {
                compiled.clear();
            }
            compiled.insert(list.fingerprint, answer.clone());
        }
        answer
    }

    /// Runs every hook on samples.
    ///
    /// # Errors
    /// The first that a hook gives.
    pub fn check(&self, list: List<'_>) -> Result<(), RuleError> {
        self.ask(list, QuestionAsked::Check, None, |said| matches!(said, Said::Passed).then_some(()))
    }

    /// The categories that the rules know.
    ///
    /// # Errors
    /// The first that a hook gives.
    pub fn categories(&self, list: List<'_>) -> Result<Vec<String>, RuleError> {
        self.ask(list, QuestionAsked::Categories, None, |said| match said {
            Said::Categories(words) => protocol::categories(words),
            _ => None,
        })
    }

    /// What each script says of itself, in the order of the list.
    ///
    /// # Errors
    /// The first that a hook gives.
    pub fn about(&self, list: List<'_>) -> Result<Vec<About>, RuleError> {
        self.ask(list, QuestionAsked::About, None, |said| match said {
            Said::About(said) => protocol::about(said, list.scripts),
            _ => None,
        })
    }

    /// Runs the tests of a list's scripts, named as these: what came of each script's, in their order.
    ///
    /// # Errors
    /// They could not be run to their end.
    pub fn test(
        &self,
        scripts: &[Script],
        tests: &[Script],
    ) -> Result<Vec<Result<Vec<Outcome>, RuleError>>, RuleError> {
        let named = tests.iter().map(|tests| Script::new(name_of_tests(&tests.name), ""));
        let named: Vec<Script> = named.chain(scripts.iter().cloned()).collect();
        // Known by all of it: tests that take too long are no reason to leave the list alone, which may be in use.
        let all: Vec<Script> = scripts.iter().chain(tests).cloned().collect();
        let list = List { scripts, fingerprint: rules::fingerprint(&all) };
        self.ask(list, QuestionAsked::Test(TestAsked::of(scripts, tests)), None, |said| match said {
            Said::Tested(tested) if tested.len() == tests.len() => {
                tested.into_iter().map(|said| protocol::tested(said, &named)).collect()
            }
            _ => None,
        })
    }

    /// Asks about all days and tasks: at once, unless the bodies of the tasks are too much for one question.
    ///
    /// # Errors
    /// The first that a hook gives.
    pub fn evaluate(&self, list: List<'_>, questions: &Questions<'_>) -> Result<Policy, RuleError> {
        let mut all = Policy::default();
        let none = BTreeSet::new();
        let mut days = questions.days;
        for tasks in portions(questions.tasks) {
            let portion = Questions { days, tasks, ..*questions };
            let asked = QuestionAsked::Evaluate(EvaluateAsked::of(&portion));
            let policy = self.ask(list, asked, Some(&portion), |said| match said {
                Said::Policy(policy) => protocol::policy(policy, &portion),
                _ => None,
            })?;
            all.days.extend(policy.days);
            all.verdicts.extend(policy.verdicts);
            days = &none;
        }
        Ok(all)
    }

    fn compiled(&self) -> MutexGuard<'_, HashMap<[u8; 32], Result<bool, RuleError>>> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks until there is an answer or enough was tried. A question that was cut is asked again of a new worker, which
    /// tells where it is, so that the author can be told.
    fn ask<'a, T>(
        &self,
        list: List<'a>,
        question: QuestionAsked<'a>,
        questions: Option<&Questions<'_>>,
        read: impl Fn(Said) -> Option<T>,
    ) -> Result<T, RuleError> {
        let mut asked = Asked { fingerprint: list.fingerprint, scripts: None, watched: false, question };
        if let Some(error) = self.rests.error(list.fingerprint, || protocol::frame(&asked), Instant::now()) {
            return Err(error);
        }
        let read = |said| match said {
            Said::Failed(said) => protocol::error(said, list.scripts, questions).map(Err),
            said => read(said).map(Ok),
        };
        let (mut cuts, mut at) = (Vec::new(), None);
        loop {
            asked.watched = !cuts.is_empty();
            let cut = match self.run(list, &mut asked, &mut at, read) {
                Ok(answer) => {
                    self.rests.end(list.fingerprint);
                    return answer;
                }
                Err(cut) => cut,
            };
            let alike = cuts.iter().filter(|earlier| **earlier == discriminant(&cut)).count() + 1;
            cuts.push(discriminant(&cut));
            let is_enough = match cut {
                Cut::NotStarted(_) => true,
                Cut::Killed(_) => false,
                Cut::Clock | Cut::Memory | Cut::Ended(_) | Cut::Garbled => alike >= RUNS_OF_A_CAUSE_MAX,
            };
            if is_enough || cuts.len() >= RUNS_MAX {
                asked.watched = false;
                asked.scripts = None;
                return Err(self.give_up(list, &asked, &cut, at));
            }
        }
    }

    /// One run on one worker, which is ended unless it answers.
    fn run<'a, T>(
        &self,
        list: List<'a>,
        asked: &mut Asked<'a>,
        at: &mut Option<PlaceSaid>,
        read: impl Fn(Said) -> Option<T>,
    ) -> Result<T, Cut> {
        let deadline = Instant::now() + self.options.backstop;
        let mut seat = self.seats.take(&list.fingerprint, asked.watched, deadline, &self.metrics.died)?;
        let answer = self.ask_at(&mut seat, list, asked, at).and_then(|said| read(said).ok_or(Cut::Garbled));
        match &answer {
            Ok(_) => {}
            Err(cut) => {
                match cut {
                    Cut::NotStarted(_) => {}
                    Cut::Clock | Cut::Garbled => self.metrics.killed.add(1),
                    Cut::Memory | Cut::Killed(_) | Cut::Ended(_) => self.metrics.died.add(1),
                }
                tracing::warn!(%cut, "a worker that ran a user's rules is replaced");
                seat.end();
            }
        }
        answer
    }

    /// What the worker of the seat says to it; one is started if there is none.
    fn ask_at<'a>(
        &self,
        seat: &mut Seat<'_>,
        list: List<'a>,
        asked: &mut Asked<'a>,
        at: &mut Option<PlaceSaid>,
    ) -> Result<Said, Cut> {
        let worker = match seat.worker() {
            Some(worker) => worker,
            None => {
                let worker = seat.start(&self.options.program)?;
                self.metrics.started.add(1);
                self.is_helpless.store(false, Ordering::Relaxed);
                worker
            }
        };
        let begun = Instant::now();
        loop {
            let is_known = worker.known.contains(&list.fingerprint);
            asked.scripts = (!is_known).then(|| list.scripts.iter().map(ScriptAsked::of).collect());
            let question = protocol::frame(asked);
            match worker.ask(&question, begun + self.options.backstop, |place| {
                *at = protocol::place(place, list.scripts);
            })? {
                Said::NotKept if is_known => worker.known.clear(),
                said => {
                    if worker.known.len() >= KNOWN_MAX {
                        worker.known.clear();
                    }
                    worker.known.insert(list.fingerprint);
                    self.metrics.run_times.observe_time(begun.elapsed());
                    return Ok(said);
                }
            }
        }
    }

    /// Says why there is no answer, and leaves the list alone for a while where asking again would only cost time.
    fn give_up(&self, list: List<'_>, asked: &Asked<'_>, cut: &Cut, at: Option<PlaceSaid>) -> RuleError {
        let message = match cut {
            Cut::Clock => format!("the rules took longer than {:?}", self.options.backstop),
            Cut::Memory => format!("the rules need more memory than a run may have ({} MiB)", MEMORY_BYTES_MAX >> 20),
            Cut::Killed(_) | Cut::Ended(_) => {
                "the process that ran the rules was ended before it could answer".to_owned()
            }
            Cut::Garbled => "the process that ran the rules gave no answer that rules can give".to_owned(),
            Cut::NotStarted(why) => {
                if !self.is_helpless.swap(true, Ordering::Relaxed) {
                    tracing::error!(why, "users' own rules cannot be run: no process can be started for them");
                }
                "the server cannot start a process to run the rules in; its administrator finds why in its log"
                    .to_owned()
            }
        };
        let at = at.map(|at| (at.script, Some(at.function), at.place));
        let last = || list.scripts.last().map(|script| script.name.clone()).unwrap_or_default();
        let (script, function, place) = at.unwrap_or_else(|| (last(), None, None));
        let (line, column) = place.unzip();
        // A new worker has as much memory as any other, on every machine: what takes more is wrong with the rules.
        let timed_out = !matches!(cut, Cut::Memory);
        let error = RuleError { script, function, line, column, message, timed_out, task: None };
        let resting = match cut {
            Cut::Clock => Some(Resting::List(list.fingerprint)),
            Cut::Memory | Cut::Garbled => Some(Resting::question(list.fingerprint, &protocol::frame(asked))),
            Cut::Killed(_) | Cut::Ended(_) | Cut::NotStarted(_) => None,
        };
        if let Some(resting) = resting {
            self.rests.begin(resting, error.clone(), Instant::now());
        }
        error
    }
}

/// The tasks in portions that each fit into a question; one at least.
fn portions(tasks: &[Question]) -> Vec<&[Question]> {
    let mut portions = Vec::new();
    let (mut begin, mut bytes) = (0, 0);
    for (at, question) in tasks.iter().enumerate() {
        let task = &question.task;
        let texts = [task.file().as_str(), &task.title, &task.kategorie, question.body.as_deref().unwrap_or_default()];
        let texts = texts.into_iter().chain(task.tags.iter().map(String::as_str));
        let more: usize = TASK_BYTES + texts.map(|text| text.len() + 5).sum::<usize>();
        if at > begin && bytes + more > QUESTION_BYTES_MAX / 2 {
            portions.push(&tasks[begin..at]);
            (begin, bytes) = (at, 0);
        }
        bytes += more;
    }
    portions.push(&tasks[begin..]);
    portions
}
