//! `codexmiroir rules test`

use std::path::{Path, PathBuf};

use clap::Args;

use super::files::{read, unreadable};
use super::shown;
use crate::cli::CliError;
use crate::cli::output::print;
use crate::domain::script::Script;
use crate::service::rule_files::{self, RuleFile};
use crate::service::rule_tests::{self, RuleError, Tested};

#[derive(Args)]
pub struct Test {
    /// Files of tests, scripts that have some beside them, or folders of such [default: this folder]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// A file of tests with the scripts that it can name: those of its folder.
struct Bench {
    tests: RuleFile,
    scripts: Vec<RuleFile>,
}

impl Test {
    pub fn run(self) -> Result<(), CliError> {
        let paths = if self.paths.is_empty() { vec![PathBuf::from(".")] } else { self.paths };
        let mut files = Vec::new();
        for path in &paths {
            files.extend(tests_at(path)?);
        }
        let (mut passed, mut failures) = (0, Vec::new());
        for file in &files {
            let bench = Bench::of(file)?;
            let scripts: Vec<Script> = bench.scripts.iter().map(|file| file.script.clone()).collect();
            match rule_tests::run(&scripts, std::slice::from_ref(&bench.tests.script)) {
                Ok(report) => {
                    for tested in &report.tested {
                        print(&listed(tested, &bench.tests.path))?;
                        passed += tested.outcomes.iter().filter(|outcome| outcome.failure.is_none()).count();
                    }
                    failures.extend(report.failures().map(|failure| bench.show(failure)));
                }
                Err(error) => failures.push(bench.show(&error)),
            }
        }
        if !failures.is_empty() {
            print(&format!("\nfailures:\n\n{}", failures.join("\n")))?;
        }
        let word = if failures.is_empty() { "ok" } else { "FAILED" };
        print(&format!("\ntest result: {word}. {passed} passed; {} failed\n", failures.len()))?;
        match failures.is_empty() {
            true => Ok(()),
            false => Err(CliError::Said("tests of rules failed".to_owned())),
        }
    }
}

impl Bench {
    fn of(path: &Path) -> Result<Bench, CliError> {
        let script = rule_files::tested_by(path).unwrap_or_default();
        let mut subject = read(&script)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut scripts = rule_files::read_folder(folder).map_err(|error| unreadable(folder, &error))?;
        scripts.retain(|file| file.script.name != subject.script.name);
        let tests = rule_files::read(path).map_err(|error| unreadable(path, &error))?;
        let tests = RuleFile { script: Script { name: subject.script.name.clone(), ..tests.script }, ..tests };
        subject.path = script;
        scripts.push(subject);
        Ok(Bench { tests, scripts })
    }

    /// An error of the tests, or of a script where the tests do not come to run.
    fn show(&self, error: &RuleError) -> String {
        let of_scripts = self.scripts.iter().find(|file| file.script.name == error.script);
        shown::error(error, Some(of_scripts.unwrap_or(&self.tests)))
    }
}

/// The files of tests that a path means.
fn tests_at(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    if path.is_dir() {
        let found = rule_files::list_tests(path).map_err(|error| unreadable(path, &error))?;
        return match found.is_empty() {
            true => Err(CliError::Said(format!("{} has no files *.test.rhai", path.display()))),
            false => Ok(found),
        };
    }
    if rule_files::tested_by(path).is_some() {
        return Ok(vec![path.to_owned()]);
    }
    match rule_files::read_tests_of(path).map_err(|error| unreadable(path, &error))? {
        Some(tests) => Ok(vec![tests.path]),
        None => Err(CliError::Said(format!("{} has no tests beside it, in a file *.test.rhai", path.display()))),
    }
}

fn listed(tested: &Tested, path: &Path) -> String {
    let count = tested.outcomes.len();
    let mut text = format!("\nrunning {count} test{} of {}\n", if count == 1 { "" } else { "s" }, path.display());
    for outcome in &tested.outcomes {
        let word = if outcome.failure.is_none() { "ok" } else { "FAILED" };
        text.push_str(&format!("test {} ... {word}\n", outcome.test));
    }
    text
}
