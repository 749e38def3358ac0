//! Each call of the storage fails once, and each from then on.

use super::run::{Deed, Run, Step, Wish, laid_out};
use crate::store::redb::disk::Failing;

/// Every so many calls are tried; 1 tries all of them.
const STRIDE_VARIABLE: &str = "CODEXMIROIR_FAULT_STRIDE";
const STRIDE_DEFAULT: u64 = 23;

fn put(user: u64, file: u32, body: &str) -> Wish {
    Wish { user, deeds: vec![Deed::Put(format!("{file:04}-x.md"), body.to_owned())], key: None }
}

fn remove(user: u64, file: u32) -> Wish {
    Wish { user, deeds: vec![Deed::Remove(format!("{file:04}-x.md"))], key: None }
}

fn alone(wish: Wish) -> Step {
    Step::Together(vec![wish])
}

/// What a sync commits: where it stands, alone or with documents.
fn synced(user: u64, choice: u8) -> Wish {
    Wish { user, deeds: vec![Deed::Synced(choice)], key: None }
}

/// Creating, changing, completing and removing, one after the other, with a sync between.
pub(super) fn edits() -> Vec<Step> {
    let mut steps = Vec::new();
    for file in 0..4 {
        steps.push(alone(put(1, file, "neu")));
        steps.push(alone(put(1, file, &"geändert ".repeat(400))));
        steps.push(Step::PutTimeline(1));
    }
    steps.push(alone(synced(1, 1)));
    let mut both = put(1, 2, "von dort");
    both.deeds.push(Deed::Synced(2));
    steps.push(alone(both));
    steps.push(alone(put(1, 0, "erledigt")));
    steps.push(alone(remove(1, 1)));
    steps
}

/// Many documents in one commit, twice.
fn imports() -> Vec<Step> {
    let many = |body: &str| {
        let put = |file| Deed::Put(format!("{file:04}-x.md"), body.repeat(60));
        alone(Wish { user: 1, deeds: (0..150).map(put).collect(), key: None })
    };
    vec![many("eins "), many("zwei "), Step::PutTimeline(1), alone(remove(1, 7))]
}

/// Several users at once, each several times, so that groups come about.
pub(super) fn groups() -> Vec<Step> {
    let round = |round: u32| {
        let mut wishes: Vec<_> =
            (0..20).map(|index| put(1 + u64::from(index % 2), round * 20 + index, "zugleich")).collect();
        wishes.insert(7, synced(1, 1));
        wishes.push(synced(2, 2));
        Step::Together(wishes)
    };
    vec![round(0), round(1), Step::PutTimeline(2), round(2)]
}

/// Accounts, tokens, settings, rules, and taking changes back.
fn administration() -> Vec<Step> {
    let days = |days| alone(Wish { user: 2, deeds: vec![Deed::Days(days)], key: None });
    let rules = |source| alone(Wish { user: 2, deeds: vec![Deed::Rules(source)], key: None });
    vec![
        Step::AddUser("carla"),
        Step::AddToken(1),
        days(14),
        rules(Some("eins")),
        Step::AddUser("dora"),
        rules(Some("zwei")),
        Step::Reopen,
        rules(None),
        days(7),
        Step::AddToken(2),
        alone(put(2, 1, "da")),
        alone(remove(2, 1)),
    ]
}

/// Closing, opening, remembered answers.
fn openings() -> Vec<Step> {
    let keyed = |key, file| alone(Wish { key: Some(key), ..put(1, file, "mit Schlüssel") });
    vec![
        keyed("a", 1),
        Step::Reopen,
        alone(put(2, 1, "nach dem Öffnen")),
        keyed("b", 2),
        Step::PutTimeline(1),
        Step::Reopen,
        Step::Reopen,
        keyed("c", 3),
    ]
}

/// Carries out a workload for each failing call, and each way of failing.
fn every_call(steps: &[Step]) {
    let base = laid_out();
    let clean = base.copy(0);
    let mut run = Run::new(clean.clone());
    assert!(steps.iter().all(|step| run.step(step)), "without a failure all of it works");
    run.close();
    let calls = clean.calls();
    run.check();
    let stride = std::env::var(STRIDE_VARIABLE).map_or(STRIDE_DEFAULT, |stride| stride.parse().unwrap());
    let mut failures = 0;
    for (shift, failing) in [Failing::Once, Failing::ForGood, Failing::WritesForGood].into_iter().enumerate() {
        let first = 1 + shift as u64 * stride / 3;
        for call in (first..=calls).step_by(usize::try_from(stride).unwrap()) {
            let disk = base.copy(call);
            disk.fail(failing(call));
            let mut run = Run::new(disk.clone());
            run.heals = matches!(failing(call), Failing::Once(_));
            run.reads = !matches!(failing(call), Failing::ForGood(_));
            for step in steps {
                if !run.step(step) {
                    break;
                }
            }
            run.close();
            failures += run.failures;
            // What was not synced is gone in half of the cases.
            if call % 2 == 0 {
                disk.cut_power();
            }
            run.check();
        }
    }
    assert!(failures > 0, "no step ever met a failure");
}

#[test]
fn edits_survive_every_failing_call() {
    every_call(&edits());
}

#[test]
fn imports_survive_every_failing_call() {
    every_call(&imports());
}

#[test]
fn groups_survive_every_failing_call() {
    every_call(&groups());
}

#[test]
fn administration_survives_every_failing_call() {
    every_call(&administration());
}

#[test]
fn opening_and_closing_survive_every_failing_call() {
    every_call(&openings());
}
