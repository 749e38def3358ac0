//! A compiled rule set and the questions that are put to it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use chrono::NaiveDate;
use rhai::{Array, Dynamic, Engine, FuncArgs};

use super::api::calendar::Day;
use super::api::place::{Allowed, Refused};
use super::api::slot::Slot;
use super::api::task::{self, Asked};
use super::api::{self, Surroundings, options};
use super::check;
use super::compiled::Compiled;
use super::engine::{self, Fuse};
use super::error::RuleError;
use super::names::{self, Hook};
use super::spelling::{self, Known};
use super::vocabulary::{Arities, Vocabulary};
use crate::domain::policy::{Constraint, Policy, SlotSpec, Verdict, validate_slots};
use crate::domain::script::{About, Script};
use crate::domain::task::Task;

/// The most scripts of one list.
pub const SCRIPTS_MAX: usize = 32;
/// The most slots of one day.
const SLOTS_MAX: usize = 48;
/// The most categories that one script declares, and the longest, in characters.
const CATEGORIES_MAX: usize = 64;
const CATEGORY_CHARS_MAX: usize = 64;
/// The categories when no script of a list declares any.
const CATEGORIES_DEFAULT: [&str; 2] = ["arbeit", "privat"];

/// What a planning run asks.
#[derive(Clone, Copy, Debug)]
pub struct Questions<'a> {
    pub today: NaiveDate,
    /// All days whose slots are asked: the horizon and the days that tasks are fixed to.
    pub days: &'a BTreeSet<NaiveDate>,
    /// The open tasks that are not fixed.
    pub tasks: &'a [Question],
}

/// One task that the rules are asked about.
#[derive(Clone, Debug)]
pub struct Question {
    pub task: Arc<Task>,
    /// Needed only if [`RuleSet::reads_bodies`]; read as empty when absent.
    pub body: Option<Arc<str>>,
}

/// A list of scripts, compiled. It stays on the thread that compiled it: Rhai is built without `sync`,
/// because an engine for each thread is faster than one that they share.
pub struct RuleSet {
    engine: Engine,
    fuse: Rc<Fuse>,
    pub(super) surroundings: Rc<Surroundings>,
    /// How many arguments the rules' own words take.
    arities: Arities,
    scripts: Vec<Compiled>,
    reads_bodies: bool,
    watcher: RefCell<Option<Watcher>>,
}

/// Is told before each call of a hook: the script, the function, and the line and column where that begins.
pub type Watcher = Box<dyn FnMut(&str, &'static str, Option<(u32, u32)>)>;

impl RuleSet {
    /// Compiles the list. Of its hooks only `options` are run, because what is set is held against what they declare.
    ///
    /// # Errors
    /// A script that is too large, that Rhai's grammar does not allow, that names an unknown variable
    /// or whose function looks like a misspelt hook; an option that is set and that its script does not declare, or
    /// not so; a list that is empty, too long, or that defines no slots.
    pub fn compile(scripts: &[Script]) -> Result<RuleSet, RuleError> {
        RuleSet::compile_watched(scripts, None)
    }

    /// As [`RuleSet::compile`], with a watcher from the beginning.
    ///
    /// # Errors
    /// The same.
    pub fn compile_watched(scripts: &[Script], watcher: Option<Watcher>) -> Result<RuleSet, RuleError> {
        let Some(last) = scripts.last() else {
            return Err(RuleError::of_script("", "the list of rules is empty"));
        };
        if scripts.len() > SCRIPTS_MAX {
            let message = format!("a list of rules has at most {SCRIPTS_MAX} scripts, not {}", scripts.len());
            return Err(RuleError::of_script(&last.name, message));
        }
        let mut set = RuleSet::without_scripts();
        set.watch(watcher);
        for script in scripts {
            let compiled = set.compile_one(script)?;
            set.scripts.push(compiled);
        }
        if !set.scripts.iter().any(|script| script.defines(&names::SLOTS)) {
            let slots = names::SLOTS.usage;
            let message = format!("no script of the list defines {slots}; put spartan first, whose slots it can keep");
            return Err(RuleError::of_script(&last.name, message));
        }
        set.reads_bodies = scripts.iter().any(|script| task::may_read_body(&script.source));
        Ok(set)
    }

    pub(super) fn without_scripts() -> RuleSet {
        let fuse = Rc::new(Fuse::default());
        let surroundings = Rc::new(Surroundings::default());
        let mut engine = engine::hardened(&fuse);
        let mut words = Vocabulary::of(&mut engine);
        api::register(&mut words, &surroundings);
        let arities = words.arities();
        RuleSet {
            engine,
            fuse,
            surroundings,
            arities,
            scripts: Vec::new(),
            reads_bodies: false,
            watcher: RefCell::default(),
        }
    }

    pub(super) fn compile_one(&self, script: &Script) -> Result<Compiled, RuleError> {
        let mut compiled = Compiled::parse(&self.engine, script)?;
        compiled.find_hooks()?;
        let declared = if compiled.defines(&names::OPTIONS) {
            self.fuse.begin_run();
            let answer = self.call(&compiled, &names::OPTIONS, ())?;
            options::read_declared(answer, |found| self.named(found))
        } else {
            Ok(Vec::new())
        };
        let options = declared.and_then(|declared| options::set_values(declared, &script.options));
        compiled.options = options.map_err(|message| compiled.error(&names::OPTIONS, message))?.into();
        Ok(compiled)
    }

    /// Runs every hook on sample days and tasks, so that a script which fails does so before it is accepted.
    ///
    /// # Errors
    /// The first that a hook gives; a slot's name that no day has and that looks misspelt.
    pub fn check(&self) -> Result<(), RuleError> {
        check::run(self)
    }

    /// All that [`RuleSet::check`] would find in turn, each mended.
    pub fn check_all(&self) -> Vec<RuleError> {
        check::all(self)
    }

    /// The name of the last script: the list is known by it.
    pub fn name(&self) -> &str {
        self.scripts.last().map_or("", |script| &script.name)
    }

    /// What each script says of itself, in the order of the list.
    ///
    /// # Errors
    /// A `describe` that fails or returns something else than a text.
    pub fn about(&self) -> Result<Vec<About>, RuleError> {
        self.fuse.begin_run();
        self.scripts.iter().map(|script| self.about_one(script)).collect()
    }

    pub(super) fn about_one(&self, script: &Compiled) -> Result<About, RuleError> {
        Ok(About { script: script.name.clone(), description: self.describe(script)?, options: script.options.to_vec() })
    }

    /// A script's own words; those of a long one are cut.
    fn describe(&self, script: &Compiled) -> Result<Option<String>, RuleError> {
        if !script.defines(&names::DESCRIBE) {
            return Ok(None);
        }
        let answer = self.call(script, &names::DESCRIBE, ())?;
        let text = answer.into_immutable_string().map_err(|found| {
            let message = format!("describe must return a text, but returned {}", self.named(found));
            script.error(&names::DESCRIBE, message)
        })?;
        Ok(Some(engine::shortened(text.trim())))
    }

    /// Whether some script may read the body of a task; otherwise bodies need not be loaded.
    pub fn reads_bodies(&self) -> bool {
        self.reads_bodies
    }

    /// Tells the watcher of every call from now on, so that somebody else knows where a run was that never ended.
    pub fn watch(&self, watcher: Option<Watcher>) {
        self.watcher.replace(watcher);
    }

    /// The categories that the rules know, each once, in the order in which the scripts declare them;
    /// `arbeit` and `privat` unless some script declares any.
    ///
    /// # Errors
    /// A hook that fails or returns something else than a list of words.
    pub fn categories(&self) -> Result<Vec<String>, RuleError> {
        self.fuse.begin_run();
        let mut declared = false;
        let mut all = Vec::new();
        for script in self.defining(&names::CATEGORIES) {
            declared = true;
            let answer = self.call(script, &names::CATEGORIES, ())?;
            for category in self.read_categories(script, answer)? {
                if !all.contains(&category) {
                    all.push(category);
                }
            }
        }
        Ok(if declared { all } else { CATEGORIES_DEFAULT.map(str::to_owned).to_vec() })
    }

    /// The slots of a day, in the order of their begin.
    ///
    /// # Errors
    /// A hook that fails or returns something else than a list of slots; slots that overlap or are no
    /// slots otherwise.
    pub fn slots(&self, day: NaiveDate, today: NaiveDate) -> Result<Arc<[SlotSpec]>, RuleError> {
        self.fuse.begin_run();
        self.ask_slots(day, today)
    }

    /// Asks everything at once.
    ///
    /// # Errors
    /// The first that a hook gives; nothing of the run is left then.
    pub fn evaluate(&self, questions: &Questions) -> Result<Policy, RuleError> {
        self.fuse.begin_run();
        let mut slots: HashSet<Arc<[SlotSpec]>> = HashSet::new();
        let mut days = BTreeMap::new();
        for day in questions.days {
            days.insert(*day, shared(&mut slots, self.ask_slots(*day, questions.today)?));
        }
        let mut distinct: HashSet<Arc<Verdict>> = HashSet::new();
        let mut verdicts = BTreeMap::new();
        for question in questions.tasks {
            let verdict = self.ask_place(question, questions.today)?;
            let verdict = match distinct.get(&verdict) {
                Some(same) => Arc::clone(same),
                None => shared(&mut distinct, Arc::new(verdict)),
            };
            verdicts.insert(question.task.key.clone(), verdict);
        }
        Ok(Policy { days, verdicts })
    }

    fn ask_slots(&self, day: NaiveDate, today: NaiveDate) -> Result<Arc<[SlotSpec]>, RuleError> {
        let mut slots = Vec::new();
        let mut said_by = None;
        for script in self.defining(&names::SLOTS) {
            let before: Array = slots.into_iter().map(|slot| Dynamic::from(Slot(slot))).collect();
            let answer = self.call(script, &names::SLOTS, (Day { date: day, today }, before))?;
            slots = self.read_slots(script, answer)?;
            said_by = Some(script);
        }
        validate_slots(slots).map(Arc::from).map_err(|error| match said_by {
            Some(script) => script.error(&names::SLOTS, format!("on {}: {error}", crate::domain::date::to_text(day))),
            None => RuleError::of_script(self.name(), error.to_string()),
        })
    }

    /// Asks where each task may go, as if each of the days were today.
    pub(super) fn ask_all(&self, tasks: &[Question], days: &[NaiveDate]) -> Result<(), RuleError> {
        self.fuse.begin_run();
        for today in days {
            for question in tasks {
                self.ask_place(question, *today)?;
            }
        }
        Ok(())
    }

    fn ask_place(&self, question: &Question, today: NaiveDate) -> Result<Verdict, RuleError> {
        let of_task = |error| RuleError { task: Some(Box::new(question.task.key.clone())), ..error };
        self.ask_scripts(question, today).map_err(of_task)
    }

    fn ask_scripts(&self, question: &Question, today: NaiveDate) -> Result<Verdict, RuleError> {
        let mut verdict = Verdict::Allowed(Constraint::ANYWHERE);
        for script in self.defining(&names::PLACE) {
            let asked = Asked { task: Arc::clone(&question.task), body: question.body.clone() };
            let answer = self.call(script, &names::PLACE, (asked, Day { date: today, today }))?;
            verdict = verdict.and(self.read_verdict(script, answer)?);
        }
        Ok(verdict)
    }

    /// What is written wrongly in the scripts, whether or not a sample comes there.
    pub(super) fn misspelt(&self, known: &Known) -> Vec<RuleError> {
        self.scripts.iter().flat_map(|script| spelling::check(script, known, &self.arities)).collect()
    }

    /// What to say where no day has a slot, of the last script that could have said one.
    pub(super) fn without_slots(&self) -> RuleError {
        let message = "no day has a slot: these rules only change the slots of rules before them; \
                       put spartan first, or return a list such as [slot(\"morgens\", \"09:00\", \"12:30\")]";
        match self.defining(&names::SLOTS).last() {
            Some(script) => script.error(&names::SLOTS, message.to_owned()),
            None => RuleError::of_script(self.name(), message),
        }
    }

    fn defining(&self, hook: &'static Hook) -> impl Iterator<Item = &Compiled> {
        self.scripts.iter().filter(|script| script.defines(hook))
    }

    /// Calls a hook of a script with fresh limits.
    fn call(&self, script: &Compiled, hook: &Hook, arguments: impl FuncArgs) -> Result<Dynamic, RuleError> {
        if let Some(watcher) = &mut *self.watcher.borrow_mut() {
            let place = script.outline.function(hook.name).map(|function| (function.line, function.column));
            watcher(&script.name, hook.name, place);
        }
        let is_declaring = hook.name == names::OPTIONS.name;
        self.surroundings.options.replace((!is_declaring).then(|| Rc::clone(&script.options)));
        script.call(&self.engine, &self.fuse, hook.name, arguments)
    }

    fn read_slots(&self, script: &Compiled, answer: Dynamic) -> Result<Vec<SlotSpec>, RuleError> {
        let wrong = |found: String| {
            let message = format!("slots must return a list of slot(...), but {found}");
            script.error(&names::SLOTS, message)
        };
        let list: Array = answer.into_array().map_err(|found| wrong(format!("returned {}", self.named(found))))?;
        if list.len() > SLOTS_MAX {
            return Err(wrong(format!("returned {} of them; a day has at most {SLOTS_MAX}", list.len())));
        }
        let read = |(index, item): (usize, Dynamic)| {
            let found = item.type_name();
            let refused = || wrong(format!("item {} is {}", index + 1, self.named(found)));
            item.try_cast::<Slot>().map(|slot| slot.0).ok_or_else(refused)
        };
        list.into_iter().enumerate().map(read).collect()
    }

    fn read_verdict(&self, script: &Compiled, answer: Dynamic) -> Result<Verdict, RuleError> {
        let found = answer.type_name();
        match answer.try_cast_result::<Allowed>() {
            Ok(allowed) => Ok(Verdict::Allowed(allowed.0)),
            Err(other) => match other.try_cast::<Refused>() {
                Some(refused) => Ok(Verdict::Never { because: refused.0 }),
                None => {
                    let found = self.named(found);
                    let message = format!("place must return on(...), anywhere() or never(...), but returned {found}");
                    Err(script.error(&names::PLACE, message))
                }
            },
        }
    }

    fn read_categories(&self, script: &Compiled, answer: Dynamic) -> Result<Vec<String>, RuleError> {
        let wrong = |found: String| {
            let message = format!("categories must return a list of words, such as [\"arbeit\"], but returned {found}");
            script.error(&names::CATEGORIES, message)
        };
        let list: Array = answer.into_array().map_err(|found| wrong(self.named(found)))?;
        let read = |item: Dynamic| {
            let item = item.into_immutable_string();
            let word = item.map_err(|found| wrong(format!("a list with {} in it", self.named(found))))?;
            let word = word.trim().to_lowercase();
            match word.chars().count() {
                0 => Err(wrong("a list with an empty word in it".to_owned())),
                1..=CATEGORY_CHARS_MAX => Ok(word),
                _ => Err(wrong(format!("a word of more than {CATEGORY_CHARS_MAX} characters"))),
            }
        };
        if list.len() > CATEGORIES_MAX {
            return Err(wrong(format!("{} of them; a script has at most {CATEGORIES_MAX}", list.len())));
        }
        list.into_iter().map(read).collect()
    }

    /// A type in the words of scripts.
    fn named(&self, type_name: &str) -> String {
        names::with_article(self.engine.map_type_name(type_name))
    }
}

/// The value in the set that equals this one, which is put there if there was none.
fn shared<T: ?Sized + Eq + std::hash::Hash>(distinct: &mut HashSet<Arc<T>>, value: Arc<T>) -> Arc<T> {
    match distinct.get(&value) {
        Some(same) => Arc::clone(same),
        None => {
            distinct.insert(Arc::clone(&value));
            value
        }
    }
}
