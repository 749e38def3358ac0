//! The tests that authors write for their scripts: functions `test_…` that have tasks planned and say what they
//! expect. Planning itself is handed in, because the planner is none of the rules'.

mod plan;
mod wanted;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use chrono::NaiveDateTime;
use rhai::{Dynamic, ImmutableString, NativeCallContext};

use self::plan::Plan;
pub(super) use self::wanted::FIELDS;
use super::api::{self, Surroundings};
use super::compiled::Compiled;
use super::engine::{self, Fuse, Native, fail, shortened};
use super::error::RuleError;
use super::evaluate::Question;
use super::source::TEST_PREFIX;
use super::vocabulary::Vocabulary;
use crate::domain::script::{OptionValue, Script};
use crate::domain::timeline::Timeline;

/// The most plans that one test asks for.
pub(super) const PLANS_MAX: u32 = 24;
/// How long the tests of one file may take together, by the clock.
const RUN_TIME_MAX: Duration = Duration::from_secs(10);

/// What a test wants planned.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// In local time, which is all that rules see of it.
    pub now: NaiveDateTime,
    pub days: u16,
    pub tasks: Vec<Question>,
    /// The names of the list's scripts in order; none means the script alone that the tests belong to.
    pub rules: Vec<String>,
    /// Set for the script that the tests belong to.
    pub options: BTreeMap<String, OptionValue>,
}

/// Plans what a test wants.
pub type Planner = dyn Fn(&Wanted) -> Result<Timeline, RuleError>;

/// One test and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub test: String,
    /// Where and why it failed, if it did.
    pub failure: Option<RuleError>,
}

/// Runs the tests of a file, in the order in which they are written.
///
/// # Errors
/// A file that is no script, that has no tests, a test that has parameters, or a function that is none and that
/// nothing calls.
pub fn run_tests(tests: &Script, planner: &Rc<Planner>) -> Result<Vec<Outcome>, RuleError> {
    let fuse = Rc::new(Fuse::lasting(RUN_TIME_MAX));
    let budget = Rc::new(Budget::default());
    let mut engine = engine::hardened(&fuse);
    let surroundings = Rc::new(Surroundings::default());
    api::register(&mut Vocabulary::of(&mut engine), &surroundings);
    register(&mut Vocabulary::of(&mut engine), planner, &budget, &fuse);
    let compiled = Compiled::parse(&engine, tests)?;
    let names = test_names(&compiled)?;
    fuse.begin_run();
    let run = |test: String| {
        budget.begin();
        let failure = compiled.call(&engine, &fuse, &test, ()).err();
        // What the clock cut within a plan is as uncertain as what it cuts here.
        let failure = failure.map(|error| RuleError { timed_out: error.timed_out || budget.timed_out.get(), ..error });
        Outcome { test, failure }
    };
    Ok(names.into_iter().map(run).collect())
}

/// What a test has used of what it may, besides operations.
#[derive(Default)]
pub(super) struct Budget {
    plans: Cell<u32>,
    timed_out: Cell<bool>,
}

impl Budget {
    fn begin(&self) {
        self.plans.set(0);
        self.timed_out.set(false);
    }
}

/// The names of the tests, as they are written.
fn test_names(compiled: &Compiled) -> Result<Vec<String>, RuleError> {
    let of_function = |name: &str, message| RuleError::of_function(&compiled.name, &compiled.outline, name, message);
    for function in compiled.ast.iter_functions().filter(|function| function.name.starts_with(TEST_PREFIX)) {
        if function.this_type.is_some() || !function.params.is_empty() {
            return Err(of_function(function.name, "a test has no parameters".to_owned()));
        }
    }
    let outline = &compiled.outline;
    let written = compiled.outline.functions().map(|function| function.name.clone());
    let names: Vec<String> = written.filter(|name| name.starts_with(TEST_PREFIX)).collect();
    if names.is_empty() {
        return Err(RuleError::of_script(
            &compiled.name,
            format!("the file has no tests; write fn {TEST_PREFIX}…() {{ … }}"),
        ));
    }
    let is_lone =
        |name: &str| !name.starts_with(TEST_PREFIX) && !outline.mentions(name) && !compiled.texts.contains(name);
    if let Some(lone) = outline.functions().find(|function| is_lone(&function.name)) {
        let message =
            format!("nothing calls {}, and it is no test: the name of one begins with {TEST_PREFIX}", lone.name);
        return Err(of_function(&lone.name, message));
    }
    Ok(names)
}

/// Adds the words that only tests have.
pub(super) fn register(words: &mut Vocabulary<'_>, planner: &Rc<Planner>, budget: &Rc<Budget>, fuse: &Rc<Fuse>) {
    plan::register(words);
    let (planner, budget, fuse) = (Rc::clone(planner), Rc::clone(budget), Rc::clone(fuse));
    words
        .test("plan", move |asked: rhai::Map| -> Native<Plan> {
            budget.plans.set(budget.plans.get() + 1);
            if budget.plans.get() > PLANS_MAX {
                return fail(format!("one test asks for at most {PLANS_MAX} plans"));
            }
            fuse.read_clock();
            if let Some(trip) = fuse.trip() {
                return fail(trip.to_string());
            }
            match planner(&wanted::read(asked)?) {
                Ok(timeline) => Ok(Plan(Rc::new(timeline))),
                Err(error) => {
                    budget.timed_out.set(budget.timed_out.get() || error.timed_out);
                    fail(error.to_string())
                }
            }
        })
        .test("assert", |holds: bool| if holds { Ok(()) } else { fail("what is asserted does not hold") })
        .test("assert_eq", assert_equal);
}

#[expect(clippy::needless_pass_by_value, reason = "so the engine gives it")]
fn assert_equal(context: NativeCallContext<'_>, found: Dynamic, expected: Dynamic) -> Native<()> {
    // Values of different types are different, and so are those that nobody can compare.
    let equal = context.call_native_fn::<bool>("==", (found.clone(), expected.clone())).unwrap_or_default();
    if equal {
        return Ok(());
    }
    let [found, expected] = [found, expected].map(|value| in_words(&context, value));
    fail(format!("the first is {found}, the second {expected}"))
}

/// A value as its author would write it.
fn in_words(context: &NativeCallContext<'_>, value: Dynamic) -> String {
    let plain = value.to_string();
    let text = context.call_native_fn::<ImmutableString>("to_debug", (value,));
    shortened(text.as_deref().unwrap_or(&plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_that_take_long_end_the_tests() {
        let planner: Rc<Planner> = Rc::new(|_| Err(RuleError::of_script("mine", "never")));
        let fuse = Rc::new(Fuse::lasting(Duration::ZERO));
        let mut engine = engine::hardened(&fuse);
        register(&mut Vocabulary::of(&mut engine), &planner, &Rc::default(), &fuse);
        let tests = Script::new("mine.test", "fn test_it() { try { plan(#{ now: \"1.1.2025\" }) } catch {} }");
        let compiled = Compiled::parse(&engine, &tests).unwrap();
        fuse.begin_run();
        let error = compiled.call(&engine, &fuse, "test_it", ()).unwrap_err();
        assert!(error.timed_out && error.message.contains("took longer"), "{error}");
    }

    #[test]
    fn what_the_clock_cuts_within_a_plan_is_uncertain() {
        let cut = |timed_out| -> Rc<Planner> {
            Rc::new(move |_| Err(RuleError { timed_out, ..RuleError::of_script("mine", "cut") }))
        };
        let tests =
            Script::new("mine.test", "fn test_a() { plan(#{ now: \"1.1.2025\" }) } fn test_b() { assert(false) }");
        let timed_out = |planner| -> Vec<bool> {
            let outcomes = run_tests(&tests, &planner).unwrap();
            outcomes.into_iter().map(|outcome| outcome.failure.unwrap().timed_out).collect()
        };
        assert_eq!(timed_out(cut(true)), [true, false]);
        assert_eq!(timed_out(cut(false)), [false, false]);
    }
}
