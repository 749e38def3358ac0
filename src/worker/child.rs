//! The worker's own side: one thread that reads a question, asks the rules and writes the answer, until its input ends.
//!
//! Nothing of one user's gets to another's script here. Each list of rules has an engine and a tree of its own, and
//! between two calls of a script nothing is left that it could have written to: functions alone are kept of a script
//! (what stands outside them is never run), every call begins with an empty scope, arguments are made anew for it, and
//! the engine is only read. What the engines share (the program's code and constants) no script can write.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use super::author_tests::outcomes;
use super::limits;
use super::protocol::{self, Asked, QUESTION_BYTES_MAX, QuestionAsked, Said};
use crate::rules::{RuleError, RuleSet, Watcher};

/// The only argument of a worker.
pub(super) const ARGUMENT: &str = "--answer-for-rules";

/// Lists of rules that a worker keeps compiled.
const KEPT_MAX: usize = 16;

/// Whether this process was started as a worker.
pub fn is_asked() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().is_some_and(|argument| argument == ARGUMENT) && arguments.next().is_none()
}

/// Answers until the input ends.
pub fn run() -> ExitCode {
    let ended = limits::apply().and_then(|()| serve().map_err(|error| error.to_string()));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            let _ = writeln!(io::stderr(), "{sentence}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    // An interpreter that panics is caught, and whoever asked is told; there is nobody to read more about it.
    std::panic::set_hook(Box::new(|_| {}));
    say(&Said::Ready)?;
    let mut input = io::stdin().lock();
    let mut kept = HashMap::new();
    while !input.fill_buf()?.is_empty() {
        let frame = protocol::read_frame(&mut input, QUESTION_BYTES_MAX)?;
        limits::renew_processor_time()?;
        let asked: Option<Asked<'_>> = protocol::decode(&frame);
        let said = asked.and_then(|asked| answer(&mut kept, &asked));
        say(&said.ok_or_else(|| io::Error::other("that is no question"))?)?;
    }
    Ok(())
}

fn say(said: &Said) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(&protocol::frame(said))?;
    output.flush()
}

/// `None` for what is no question.
fn answer(kept: &mut HashMap<[u8; 32], RuleSet>, asked: &Asked<'_>) -> Option<Said> {
    let watcher = || asked.watched.then(watcher);
    if let Some(scripts) = &asked.scripts {
        let scripts: Vec<_> = scripts.iter().map(protocol::ScriptAsked::to_script).collect();
        match RuleSet::compile_watched(&scripts, watcher()) {
            Ok(set) => {
                if kept.len() >= KEPT_MAX {
                    kept.clear();
                }
                kept.insert(asked.fingerprint, set);
            }
            Err(error) => return Some(Said::Failed(protocol::failure(&error, &[]))),
        }
    }
    let Some(set) = kept.get(&asked.fingerprint) else { return Some(Said::NotKept) };
    set.watch(watcher());
    ask(set, &asked.question)
}

/// Says where the rules are as soon as that is another function.
fn watcher() -> Watcher {
    let mut last = (String::new(), "");
    Box::new(move |script, function, place| {
        if (last.0.as_str(), last.1) != (script, function) {
            last = (script.to_owned(), function);
            // A server that does not read it any more does not wait for the answer either.
            let _ = say(&Said::at(script, function, place));
        }
    })
}

fn ask(set: &RuleSet, question: &QuestionAsked<'_>) -> Option<Said> {
    let failed = |error: &RuleError| Said::Failed(protocol::failure(error, &[]));
    Some(match question {
        QuestionAsked::Compile => Said::Compiled { reads_bodies: set.reads_bodies() },
        QuestionAsked::Check => set.check().map_or_else(|error| failed(&error), |()| Said::Passed),
        QuestionAsked::Categories => set.categories().map_or_else(|error| failed(&error), Said::Categories),
        QuestionAsked::About => {
            set.about().map_or_else(|error| failed(&error), |about| Said::About(protocol::about_said(about)))
        }
        QuestionAsked::Test(test) => {
            let (scripts, tests) = test.read();
            let tested = tests.iter().map(|tests| protocol::tested_said(outcomes(&scripts, tests)));
            Said::Tested(tested.collect())
        }
        QuestionAsked::Evaluate(evaluate) => {
            let asked = evaluate.read()?;
            match set.evaluate(&asked.questions()) {
                Ok(policy) => Said::Policy(protocol::policy_said(&policy, &asked)),
                Err(error) => Said::Failed(protocol::failure(&error, &asked.tasks)),
            }
        }
    })
}
