//! A compiled rule set and the questions that are put to it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use chrono::NaiveDate;
use rhai::{AST, Array, CallFnOptions, Dynamic, Engine, EvalAltResult, FuncArgs, Scope};

use super::api::calendar::Day;
use super::api::place::{Allowed, Refused};
use super::api::slot::Slot;
use super::api::task::{self, Asked};
use super::api::{self, Surroundings, options};
use super::check;
use super::engine::{self, Fuse, SOURCE_BYTES_MAX};
use super::error::RuleError;
use super::names::{self, Hook};
use super::source::Outline;
use super::vocabulary::Vocabulary;
use crate::domain::policy::{Constraint, Policy, SlotSpec, Verdict, validate_slots};
use crate::domain::script::{About, DeclaredOption, Script};
use crate::domain::task::Task;

/// The most scripts of one list.
pub const SCRIPTS_MAX: usize = 16;
/// The most slots of one day.
const SLOTS_MAX: usize = 48;
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
    scripts: Vec<Compiled>,
    reads_bodies: bool,
    watcher: RefCell<Option<Watcher>>,
}

/// Is told before each call of a hook: the script, the function, and the line and column where that begins.
pub type Watcher = Box<dyn FnMut(&str, &'static str, Option<(u32, u32)>)>;

struct Compiled {
    name: String,
    ast: AST,
    outline: Outline,
    /// The names of the hooks that it defines.
    hooks: Vec<&'static str>,
    /// What it declares, with the values that apply.
    options: Rc<[DeclaredOption]>,
}

impl Compiled {
    fn defines(&self, hook: &Hook) -> bool {
        self.hooks.contains(&hook.name)
    }
}

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
            let message = format!("no script of the list defines {}", names::SLOTS.usage);
            return Err(RuleError::of_script(&last.name, message));
        }
        set.reads_bodies = scripts.iter().any(|script| task::may_read_body(&script.source));
        Ok(set)
    }

    fn without_scripts() -> RuleSet {
        let fuse = Rc::new(Fuse::default());
        let surroundings = Rc::new(Surroundings::default());
        let mut engine = engine::hardened(&fuse);
        api::register(&mut Vocabulary::of(&mut engine), &surroundings);
        RuleSet { engine, fuse, surroundings, scripts: Vec::new(), reads_bodies: false, watcher: RefCell::default() }
    }

    fn compile_one(&self, script: &Script) -> Result<Compiled, RuleError> {
        let mut compiled = parse(&self.engine, script)?;
        let declared = if compiled.defines(&names::OPTIONS) {
            self.fuse.begin_run();
            let answer = self.call(&compiled, &names::OPTIONS, ())?;
            options::read_declared(answer, |found| self.named(found))
        } else {
            Ok(Vec::new())
        };
        let options = declared.and_then(|declared| options::set_values(declared, &script.options));
        compiled.options = options.map_err(|message| hook_error(&compiled, &names::OPTIONS, message))?.into();
        Ok(compiled)
    }

    /// Runs every hook on sample days and tasks, so that a script which fails does so before it is accepted.
    ///
    /// # Errors
    /// The first that a hook gives; a slot's name that no day has and that looks misspelt.
    pub fn check(&self) -> Result<(), RuleError> {
        check::run(self)
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
        let about = |script: &Compiled| {
            Ok(About {
                script: script.name.clone(),
                description: self.describe(script)?,
                options: script.options.to_vec(),
            })
        };
        self.scripts.iter().map(about).collect()
    }

    /// A script's own words; those of a long one are cut.
    fn describe(&self, script: &Compiled) -> Result<Option<String>, RuleError> {
        if !script.defines(&names::DESCRIBE) {
            return Ok(None);
        }
        let answer = self.call(script, &names::DESCRIBE, ())?;
        let text = answer.into_immutable_string().map_err(|found| {
            let message = format!("describe must return a text, but returned {}", self.named(found));
            hook_error(script, &names::DESCRIBE, message)
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
            Some(script) => {
                hook_error(script, &names::SLOTS, format!("on {}: {error}", crate::domain::date::to_text(day)))
            }
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
        let of_task = |error| RuleError { task: Some(question.task.key.clone()), ..error };
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

    fn defining(&self, hook: &'static Hook) -> impl Iterator<Item = &Compiled> {
        self.scripts.iter().filter(|script| script.defines(hook))
    }

    /// Calls a hook of a script with fresh limits.
    fn call(&self, script: &Compiled, hook: &Hook, arguments: impl FuncArgs) -> Result<Dynamic, RuleError> {
        self.fuse.begin_call();
        if let Some(watcher) = &mut *self.watcher.borrow_mut() {
            let place = script.outline.function(hook.name).map(|function| (function.line, function.column));
            watcher(&script.name, hook.name, place);
        }
        let is_declaring = hook.name == names::OPTIONS.name;
        self.surroundings.options.replace((!is_declaring).then(|| Rc::clone(&script.options)));
        let options = CallFnOptions::new().eval_ast(false).rewind_scope(true);
        let called =
            caught(|| self.engine.call_fn_with_options(options, &mut Scope::new(), &script.ast, hook.name, arguments));
        // A native function may have swallowed the error of a callback that was cut.
        let trip = self.fuse.trip();
        match called {
            Some(Ok(answer)) if trip.is_none() => Ok(answer),
            Some(Err(error)) => Err(RuleError::from_running(&script.name, &script.outline, hook.name, &error, trip)),
            Some(Ok(_)) => {
                let cut = EvalAltResult::ErrorTerminated(Dynamic::UNIT, rhai::Position::NONE);
                Err(RuleError::from_running(&script.name, &script.outline, hook.name, &cut, trip))
            }
            None => Err(hook_error(script, hook, "the script made its interpreter fail".to_owned())),
        }
    }

    fn read_slots(&self, script: &Compiled, answer: Dynamic) -> Result<Vec<SlotSpec>, RuleError> {
        let wrong = |found: String| {
            let message = format!("slots must return a list of slot(...), but {found}");
            hook_error(script, &names::SLOTS, message)
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
                    Err(hook_error(script, &names::PLACE, message))
                }
            },
        }
    }

    fn read_categories(&self, script: &Compiled, answer: Dynamic) -> Result<Vec<String>, RuleError> {
        let wrong = |found: String| {
            let message = format!("categories must return a list of words, such as [\"arbeit\"], but returned {found}");
            hook_error(script, &names::CATEGORIES, message)
        };
        let list: Array = answer.into_array().map_err(|found| wrong(self.named(found)))?;
        let read = |item: Dynamic| {
            let item = item.into_immutable_string();
            let word = item.map_err(|found| wrong(format!("a list with {} in it", self.named(found))))?;
            let word = word.trim().to_lowercase();
            if word.is_empty() { Err(wrong("a list with an empty word in it".to_owned())) } else { Ok(word) }
        };
        list.into_iter().map(read).collect()
    }

    /// A type in the words of scripts.
    fn named(&self, type_name: &str) -> String {
        names::with_article(self.engine.map_type_name(type_name))
    }
}

fn parse(engine: &Engine, script: &Script) -> Result<Compiled, RuleError> {
    if script.source.len() > SOURCE_BYTES_MAX {
        let message = format!("the script is larger than {} KiB", SOURCE_BYTES_MAX / 1024);
        return Err(RuleError::of_script(&script.name, message));
    }
    let outline = Outline::of(&script.source);
    let ast = caught(|| engine.compile_with_scope(&api::constants_scope(), &script.source))
        .ok_or_else(|| RuleError::of_script(&script.name, "the script made the parser fail"))?
        .map_err(|error| RuleError::from_parsing(&script.name, &outline, &error))?;
    // What stands outside functions is never run.
    let ast = ast.clone_functions_only();
    let hooks = hooks_of(&script.name, &ast, &outline)?;
    Ok(Compiled { name: script.name.clone(), ast, outline, hooks, options: Rc::default() })
}

/// The hooks that a script defines; refuses a function that was meant as one but would never be called.
fn hooks_of(script: &str, ast: &AST, outline: &Outline) -> Result<Vec<&'static str>, RuleError> {
    let mut hooks = Vec::new();
    // A function of a type, `fn string.slots(…)`, is a method and no hook.
    for function in ast.iter_functions().filter(|function| function.this_type.is_none()) {
        let wrong = |message| Err(RuleError::of_function(script, outline, function.name, message));
        let (name, count) = (function.name, function.params.len());
        if let Some(hook) = names::HOOKS.iter().find(|hook| hook.name == name) {
            if hook.parameters != count {
                let plural = if count == 1 { "" } else { "s" };
                return wrong(format!("{name} has {count} parameter{plural}; write fn {}", hook.usage));
            }
            hooks.push(hook.name);
        } else if !outline.calls(name)
            && let Some(near) = names::nearest(name, names::HOOKS.iter().map(|hook| hook.name))
            && let Some(hook) = names::HOOKS.iter().find(|hook| hook.name == near)
        {
            return wrong(format!("nothing calls {name}; did you mean fn {}?", hook.usage));
        }
    }
    Ok(hooks)
}

fn hook_error(script: &Compiled, hook: &Hook, message: String) -> RuleError {
    RuleError::of_function(&script.name, &script.outline, hook.name, message)
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

/// Runs Rhai, which has panicked on odd input before; `None` if it does. Nothing of ours is left half
/// changed: an engine and a tree are only read.
fn caught<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}
