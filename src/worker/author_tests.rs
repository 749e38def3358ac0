//! Runs the tests that scripts bring with them, with the planner that everything else is planned with: in a worker those
//! of users, and where their author or the server's administrator is, those of files.

use std::rc::Rc;
use std::sync::Arc;

use crate::domain::policy::Policy;
use crate::domain::script::Script;
use crate::domain::task::Task;
use crate::domain::timeline::Timeline;
use crate::domain::zone::Zone;
use crate::planning::{Horizon, days_asked, needs_verdict, plan};
use crate::rules::{self, Outcome, Planner, Question, Questions, RuleError, RuleSet, Wanted, library, misspelt_slot};

/// What came of the tests of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub tested: Vec<Tested>,
}

/// The tests of one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    pub script: String,
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// Why tests failed, in order.
    pub fn failures(&self) -> impl Iterator<Item = &RuleError> {
        self.tested.iter().flat_map(|tested| &tested.outcomes).filter_map(|outcome| outcome.failure.as_ref())
    }
}

/// The name that errors give the tests of a script.
pub(super) fn name_of_tests(script: &str) -> String {
    format!("{script}.test")
}

/// Runs tests, each named as the script of the list that it belongs to. Errors say `name.test` of them.
///
/// A test plans with that script alone unless it names others of the list or of the library. All options have their
/// defaults but those that it sets, so that its outcome does not depend on what anybody's options are.
///
/// # Errors
/// Tests of no script of the list, or that do not compile.
pub fn run_tests(scripts: &[Script], tests: &[Script]) -> Result<Report, RuleError> {
    let tested = tests.iter().map(|tests| {
        let outcomes = outcomes(scripts, tests)?;
        Ok(Tested { script: tests.name.clone(), outcomes })
    });
    Ok(Report { tested: tested.collect::<Result<_, RuleError>>()? })
}

/// As [`run_tests`], the tests of one script.
///
/// # Errors
/// Those of [`run_tests`].
pub(super) fn outcomes(scripts: &[Script], tests: &Script) -> Result<Vec<Outcome>, RuleError> {
    let Some(subject) = scripts.iter().find(|script| script.name == tests.name) else {
        return Err(RuleError::of_script(&tests.name, "the tests belong to no script of the list"));
    };
    let (list, subject) = (scripts.to_vec(), subject.name.clone());
    let planner: Rc<Planner> = Rc::new(move |wanted: &Wanted| plan_wanted(&list, &subject, wanted));
    rules::run_tests(&Script::new(name_of_tests(&tests.name), &*tests.source), &planner)
}

fn plan_wanted(list: &[Script], subject: &str, wanted: &Wanted) -> Result<Timeline, RuleError> {
    let names = if wanted.rules.is_empty() { vec![subject.to_owned()] } else { wanted.rules.clone() };
    let named = |name: &String| {
        let found = list.iter().find(|script| script.name == *name);
        let script = found.map(|script| Script::new(&*script.name, &*script.source)).or_else(|| library(name));
        let script = script.ok_or_else(|| RuleError::of_script(name, "there is no such script beside the tests"))?;
        let options = if *name == subject { wanted.options.clone() } else { script.options };
        Ok(Script { options, ..script })
    };
    let scripts = names.iter().map(named).collect::<Result<Vec<Script>, RuleError>>()?;
    let rules = RuleSet::compile(&scripts)?;
    let horizon = Horizon::new(Zone::UTC, wanted.now.and_utc(), wanted.days);
    let tasks: Vec<Arc<Task>> = wanted.tasks.iter().map(|question| Arc::clone(&question.task)).collect();
    let asked: Vec<Question> = wanted.tasks.iter().filter(|question| needs_verdict(&question.task)).cloned().collect();
    let days = days_asked(&tasks, &horizon);
    let policy = rules.evaluate(&Questions { today: horizon.today(), days: &days, tasks: &asked })?;
    check_fixed(subject, &tasks, &policy)?;
    Ok(plan(&tasks, Vec::new(), &policy, &horizon))
}

/// A task that is fixed to a slot which no day of the plan has may be what a test is about, but not where its name is
/// near to one.
fn check_fixed(subject: &str, tasks: &[Arc<Task>], policy: &Policy) -> Result<(), RuleError> {
    let slots: Vec<String> =
        policy.days.values().flat_map(|slots| slots.iter().map(|slot| slot.zeit.clone())).collect();
    let zeiten = tasks.iter().filter_map(|task| task.fixed_slot.as_ref()?.zeit.as_deref());
    match zeiten.filter_map(|zeit| misspelt_slot(zeit, &slots)).next() {
        Some(sentence) => Err(RuleError::of_script(subject, format!("fixed: {sentence}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
#[path = "../../tests/suite/failing_tests.rs"]
mod failing_tests;

#[cfg(test)]
mod tests {
    use super::failing_tests::{FAILING, MINE, failing};
    use super::*;

    fn outcome(test: &str) -> Result<Outcome, RuleError> {
        let report = run_tests(&[Script::new("mine", MINE)], &[Script::new("mine", test)])?;
        Ok(report.tested[0].outcomes[0].clone())
    }

    /// What is wrong with the test, with where.
    fn failure(test: &str) -> String {
        outcome(test).map_or_else(|error| error.to_string(), |outcome| outcome.failure.unwrap().to_string())
    }

    #[test]
    fn a_test_sees_what_the_planner_makes_of_the_rules() {
        let test = r#"fn test_all() {
            let plan = plan(#{ now: "2025-10-13 08:00", tasks: [
                #{ number: 1, fixed: "15.10.2025 tag" }, #{ kategorie: "nie", deadline: "31.10.2025" },
                #{ number: "0003", title: "x", body: "y", tags: [] }, #{ number: 4, tags: ["eilig"] },
                #{ number: 5, fest: "09.10.2025 tag" }, #{ number: 6, fixed: "13.11.2025 tag" },
                #{ number: 7, fixed: "15.10.2025 tag" }, #{ number: 8, status: "abgeschlossen" } ] });
            assert_eq(plan.slot_of("0001"), "15.10.2025 tag");
            assert_eq(plan.slot_of(4), "13.10.2025 tag");
            assert_eq(plan.slot_von("0003"), "14.10.2025 tag");
            assert_eq(plan.slot_of("0002"), ());
            assert_eq(plan.reason_of("0002"), "so nicht in BY");
            assert_eq(plan.reason_of(5), "slot_ended");
            assert_eq(plan.reason_of(1), ());
            assert_eq([1, 2, 5, 6, 7].map(|n| n), [1, 2, 5, 6, 7]);
            assert_eq(plan.state_of(1) + plan.state_of(2) + plan.state_of(5), "placedunplacedoverdue");
            assert_eq(plan.state_of(6) + plan.stand_von(7), "laterconflict");
            assert_eq(plan.at("14.10.2025", "Tag"), "0003");
            assert_eq(plan.am(date("16.10.2025"), "tag"), ());
            assert(plan.slots_on("17.10.2025").is_empty() && plan.slots_am("16.10.2025") == ["tag"]);
            assert_eq(plan.waiting, []);
        }
        fn test_short() {
            let plan = plane(#{ jetzt: "13.10.2025 12:00", tage: 2, aufgaben: [#{}, #{}] });
            gleich(plan.wartend, ["0002"]);
            pruefe(plan.slots_am("13.10.2025") == []);
            gleich(plan.state_of("0002"), "waiting");
            gleich(plan.reason_of("0002"), ());
        }"#;
        let report = run_tests(&[Script::new("mine", MINE)], &[Script::new("mine", test)]).unwrap();
        assert_eq!(report.failures().collect::<Vec<_>>(), Vec::<&RuleError>::new());
        let names: Vec<_> = report.tested[0].outcomes.iter().map(|outcome| outcome.test.as_str()).collect();
        assert_eq!(names, ["test_all", "test_short"]);
    }

    #[test]
    fn a_test_chooses_scripts_and_options_whatever_the_list_has_set() {
        let options = [("land".to_owned(), crate::domain::script::OptionValue::Text("HH".to_owned()))].into();
        let scripts =
            [Script { options, ..Script::new("mine", MINE) }, Script::new("other", "fn slots(day, slots) { [] }")];
        let test = r#"fn test_options() {
            let tasks = [#{ kategorie: "nie" }];
            assert_eq(plan(#{ now: "2025-10-13 08:00", tasks: tasks }).reason_of(1), "so nicht in BY");
            assert_eq(plan(#{ now: "2025-10-13 08:00", tasks: tasks, options: #{ land: "BE" } }).reason_of(1), "so nicht in BE");
            let listed = plan(#{ now: "2025-10-13 08:00", tasks: tasks, rules: ["mine", "spartan", "other"], options: #{ land: "BE" } });
            assert_eq(listed.reason_of(1), "so nicht in BE");
            assert_eq(listed.slots_on("14.10.2025"), []);
        }"#;
        let report = run_tests(&scripts, &[Script::new("mine", test)]).unwrap();
        assert_eq!(report.failures().next(), None);
    }

    #[test]
    fn a_failure_says_where_and_what() {
        for (body, said) in FAILING {
            let failure = failure(&failing(body));
            assert!(failure.starts_with("rule script 'mine.test', test_it(), line 2, column "), "{failure}");
            assert!(failure.contains(said), "{body}\n{failure}");
        }
        // Of what is cut only the function is known.
        assert!(failure("fn test_it() { loop {} }").contains("more than 10000 operations"));
    }

    #[test]
    fn a_file_that_is_none_of_tests_is_refused() {
        for (file, said) in [
            ("fn test_it( {", "rule script 'mine.test', line 1, column 13"),
            ("fn tset_it() {}", "the file has no tests; write fn test_…()"),
            ("fn test_it(x) {}", "rule script 'mine.test', test_it(), line 1, column 4: a test has no parameters"),
        ] {
            let failure = failure(file);
            assert!(failure.contains(said), "{failure}");
        }
        let error = run_tests(&[], &[Script::new("mine", "fn test_it() {}")]).unwrap_err();
        assert_eq!(error.message, "the tests belong to no script of the list");
    }
}
