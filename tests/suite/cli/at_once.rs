//! Commands at the same time, and servers that come and go meanwhile.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::Signal;
use serde_json::Value;

use super::ways::{Installation, WAYS, Way};
use crate::binary::{Home, Ran};

/// Adds tasks by `writers` commands at a time; the ids that they were told.
fn add(home: &Home, writers: usize, rounds: usize) -> Vec<String> {
    thread::scope(|scope| {
        let write = |writer: usize| {
            let one = move |round: usize| {
                let ran = home.run(&["task", "add", &format!("By {writer} in {round}"), "--json"]);
                assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", ran.stdout);
                serde_json::from_str::<Value>(&ran.stdout).unwrap()["id"].as_str().unwrap().to_owned()
            };
            scope.spawn(move || (0..rounds).map(one).collect::<Vec<_>>())
        };
        let running: Vec<_> = (0..writers).map(write).collect();
        running.into_iter().flat_map(|one| one.join().unwrap()).collect()
    })
}

fn assert_all_there(at: &Installation, ids: &[String]) {
    let told: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(told.len(), ids.len(), "a number was given twice: {ids:?}");
    let tasks = at.json(&["task", "list"])["tasks"].as_array().unwrap().clone();
    let there: BTreeSet<&str> = tasks.iter().map(|task| task["id"].as_str().unwrap()).collect();
    assert_eq!(there, told);
}

#[test]
fn commands_at_once_wait_for_each_other() {
    for way in WAYS {
        let at = Installation::of(way);
        let ids = add(at.here(), 4, 3);
        assert_all_there(&at, &ids);
    }
}

#[test]
fn servers_come_and_go_while_commands_run() {
    let at = Installation::of(Way::Alone);
    let is_over = AtomicBool::new(false);
    let ids = thread::scope(|scope| {
        let serving = scope.spawn(|| {
            let mut starts = 0;
            while !is_over.load(Ordering::Relaxed) {
                let mut server = at.home.serve(&[]);
                // Every other one is not asked to stop.
                match starts % 2 {
                    0 => assert_eq!(server.stop(Signal::TERM).0.code(), Some(0)),
                    _ => server.kill(),
                }
                starts += 1;
            }
            starts
        });
        let written = thread::scope(|inner| {
            let write = |writer: usize| {
                let home = &at.home;
                inner.spawn(move || (0..6).filter_map(|round| told(home, writer, round)).collect::<Vec<_>>())
            };
            let running: Vec<_> = (0..2).map(write).collect();
            running.into_iter().flat_map(|one| one.join().unwrap()).collect::<Vec<_>>()
        });
        is_over.store(true, Ordering::Relaxed);
        assert!(serving.join().unwrap() > 0);
        written
    });
    // Whoever was told a number has it; a command that lost its server in the middle said that it does not know.
    let told: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(told.len(), ids.len(), "{ids:?}");
    let tasks = at.json(&["task", "list"])["tasks"].as_array().unwrap().clone();
    let there: BTreeSet<&str> = tasks.iter().map(|task| task["id"].as_str().unwrap()).collect();
    assert!(there.is_superset(&told), "{there:?} {told:?}");
    assert!(told.len() >= 8, "{told:?}");
}

/// The id of a task that a command added, unless the server was killed under it.
fn told(home: &Home, writer: usize, round: usize) -> Option<String> {
    let ran: Ran = home.run(&["task", "add", &format!("By {writer} in {round}"), "--json"]);
    match ran.code {
        Some(0) => Some(serde_json::from_str::<Value>(&ran.stdout).unwrap()["id"].as_str().unwrap().to_owned()),
        _ => {
            let sentence = ran.refusal(1);
            assert!(sentence.contains("not known") || sentence.contains("cannot reach"), "{ran:?}");
            None
        }
    }
}
