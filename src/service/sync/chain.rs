//! Which commits the outbox becomes on top of the remote's head. Pure: names of contents in, a plan out.
//!
//! Each action of the user's becomes one commit with exactly what it changed, as long as the remote has what the action
//! began from. Where the remote had changed the same file meanwhile, the versions of before the merge are not in any
//! commit, because they would take the remote's lines back for a moment: the last action before the merge brings the
//! merged version. What nobody's action says is brought by a commit of the server's.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::{FileName, Generation, ObjectName};

/// What is compared and written as one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Document(FileName),
    /// The list of rules: all files of its folder.
    Rules,
}

/// One change of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) generation: Generation,
    pub(super) unit: Unit,
    /// Whether a merge made it, and not the user.
    pub(super) is_merge: bool,
}

/// The contents that a change found and left; `None` where there was or is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) before: Option<ObjectName>,
    pub(super) after: Option<ObjectName>,
}

/// Where the content of an edit is to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// What a change of this generation left.
    Change(Generation),
    /// What the store has now.
    Present,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlannedEdit {
    pub(super) unit: Unit,
    /// `None` removes it.
    pub(super) content: Option<ObjectName>,
    pub(super) source: Source,
}

/// A commit to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlannedCommit {
    /// The action that it is; `None` for what is brought at the end without one.
    pub(super) generation: Option<Generation>,
    /// Whether the server makes it in its own name.
    pub(super) is_merge: bool,
    pub(super) edits: Vec<PlannedEdit>,
}

/// Plans the commits of the steps up to a generation, which leave those after it as they would be if all were planned
/// at once. `steps` are all of the outbox in their order, each unit at most once in a generation; `tree` has what the head
/// has of every unit among those up to there. `names` is asked only for what the plan depends on.
pub(super) fn plan<E>(
    steps: &[Step],
    until: Generation,
    tree: &BTreeMap<Unit, ObjectName>,
    mut names: impl FnMut(Generation, &Unit) -> Result<Names, E>,
) -> Result<Vec<PlannedCommit>, E> {
    let mut by_unit: BTreeMap<&Unit, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        by_unit.entry(&step.unit).or_default().push(step);
    }
    by_unit.retain(|_, steps| steps.first().is_some_and(|first| first.generation <= until));
    let mut commits: BTreeMap<Generation, Vec<PlannedEdit>> = BTreeMap::new();
    for (unit, steps) in &by_unit {
        for (generation, edit) in edits_of(unit, steps, until, tree.get(*unit).copied(), &mut names)? {
            commits.entry(generation).or_default().push(edit);
        }
    }
    let merges: BTreeSet<Generation> = steps.iter().filter(|step| step.is_merge).map(|step| step.generation).collect();
    let of_action = |(generation, edits): (Generation, Vec<PlannedEdit>)| PlannedCommit {
        generation: Some(generation),
        is_merge: merges.contains(&generation),
        edits,
    };
    Ok(commits.into_iter().map(of_action).collect())
}

/// The commit of what differs without an action; `None` when nothing does. `present` is what the store has of it.
pub(super) fn rest<'a>(
    differing: impl Iterator<Item = &'a Unit>,
    tree: &BTreeMap<Unit, ObjectName>,
    present: &BTreeMap<Unit, ObjectName>,
) -> Option<PlannedCommit> {
    let edits = differing.filter_map(|unit| {
        let content = present.get(unit).copied();
        (content != tree.get(unit).copied()).then(|| PlannedEdit {
            unit: unit.clone(),
            content,
            source: Source::Present,
        })
    });
    let edits: Vec<PlannedEdit> = edits.collect();
    (!edits.is_empty()).then_some(PlannedCommit { generation: None, is_merge: true, edits })
}

/// The edits of one unit, each with the generation whose commit it belongs to.
fn edits_of<E>(
    unit: &Unit,
    steps: &[&Step],
    until: Generation,
    in_tree: Option<ObjectName>,
    names: &mut impl FnMut(Generation, &Unit) -> Result<Names, E>,
) -> Result<Vec<(Generation, PlannedEdit)>, E> {
    let merged = steps.iter().rposition(|step| step.is_merge);
    // Up to and with this step nothing is brought as it was.
    let folded = match (merged, steps.first()) {
        (Some(at), _) => Some(at),
        (None, Some(first)) if names(first.generation, unit)?.before == in_tree => None,
        (None, _) => steps.len().checked_sub(1),
    };
    let first = folded.map(|at| {
        let action = steps[..=at].iter().rev().find(|step| !step.is_merge).unwrap_or(&steps[at]);
        (action.generation, steps[at].generation)
    });
    let others = steps[folded.map_or(0, |at| at + 1)..].iter().map(|step| (step.generation, step.generation));
    let mut current = in_tree;
    let mut edits = Vec::new();
    for (generation, left_by) in first.into_iter().chain(others).take_while(|(generation, _)| *generation <= until) {
        let content = names(left_by, unit)?.after;
        if current != content {
            current = content;
            let source = Source::Change(left_by);
            edits.push((generation, PlannedEdit { unit: unit.clone(), content, source }));
        }
    }
    Ok(edits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(byte: u8) -> ObjectName {
        ObjectName([byte; 20])
    }

    fn unit(file: &str) -> Unit {
        Unit::Document(FileName::parse(file).unwrap())
    }

    /// A change as a test writes it.
    #[derive(Clone, Debug)]
    struct Line {
        step: Step,
        names: Names,
    }

    fn line(generation: u64, is_merge: bool, before: Option<u8>, after: Option<u8>) -> Line {
        line_of(unit("0001-a.md"), generation, is_merge, before, after)
    }

    fn line_of(unit: Unit, generation: u64, is_merge: bool, before: Option<u8>, after: Option<u8>) -> Line {
        let names = Names { before: before.map(name), after: after.map(name) };
        Line { step: Step { generation: Generation(generation), unit, is_merge }, names }
    }

    fn plan_of(lines: &[Line], until: Generation, tree: &BTreeMap<Unit, ObjectName>) -> Vec<PlannedCommit> {
        let steps: Vec<Step> = lines.iter().map(|line| line.step.clone()).collect();
        let names = |generation, unit: &Unit| {
            let asked = |line: &&Line| line.step.generation == generation && line.step.unit == *unit;
            lines.iter().find(asked).map(|line| line.names).ok_or(())
        };
        plan(&steps, until, tree, names).unwrap()
    }

    /// Generation, content, and where that comes from, of each edit.
    fn planned(lines: &[Line], in_tree: Option<u8>) -> Vec<(u64, Option<u8>)> {
        let tree = in_tree.map(|byte| (unit("0001-a.md"), name(byte))).into_iter().collect();
        let commits = plan_of(lines, Generation(u64::MAX), &tree);
        let edit = |commit: &PlannedCommit| {
            assert_eq!(commit.edits.len(), 1);
            (commit.generation.unwrap().0, commit.edits[0].content.map(|name| name.0[0]))
        };
        commits.iter().map(edit).collect()
    }

    #[test]
    fn actions_stay_apart_where_the_remote_has_what_they_began_from() {
        let lines = [line(1, false, None, Some(1)), line(2, false, Some(1), Some(2)), line(3, false, Some(2), None)];
        assert_eq!(planned(&lines, None), [(1, Some(1)), (2, Some(2)), (3, None)]);
    }

    #[test]
    fn the_last_action_before_a_merge_brings_the_merged_version() {
        let lines = [
            line(1, false, Some(1), Some(2)),
            line(2, false, Some(2), Some(3)),
            line(3, true, Some(3), Some(9)),
            line(4, false, Some(9), Some(4)),
        ];
        assert_eq!(planned(&lines, Some(8)), [(2, Some(9)), (4, Some(4))]);
        // Of several merges the last has all of the remote.
        let twice =
            [line(1, false, Some(1), Some(2)), line(2, true, Some(2), Some(3)), line(3, true, Some(3), Some(9))];
        assert_eq!(planned(&twice, Some(8)), [(1, Some(9))]);
    }

    #[test]
    fn a_merge_that_left_what_was_here_brings_it_once() {
        let lines = [line(1, false, Some(1), Some(2)), line(2, false, Some(2), Some(3))];
        assert_eq!(planned(&lines, Some(8)), [(2, Some(3))]);
        assert_eq!(planned(&lines, Some(3)), [], "the remote has it already");
    }

    #[test]
    fn what_a_merge_took_over_is_no_commit() {
        assert_eq!(planned(&[line(1, true, Some(1), Some(8))], Some(8)), []);
        let with_action = [line(1, false, Some(1), Some(2)), line(2, true, Some(2), Some(8))];
        assert_eq!(planned(&with_action, Some(8)), []);
    }

    #[test]
    fn what_differs_without_an_action_comes_last() {
        let differing = BTreeSet::from([unit("0001-a.md"), unit("0002-b.md"), unit("0003-c.md")]);
        let tree = BTreeMap::from([(unit("0002-b.md"), name(5)), (unit("0003-c.md"), name(6))]);
        let present = BTreeMap::from([(unit("0001-a.md"), name(1)), (unit("0003-c.md"), name(6))]);
        let commit = rest(differing.iter(), &tree, &present);
        let Some(PlannedCommit { generation: None, is_merge: true, edits }) = &commit else { panic!("{commit:?}") };
        let edits: Vec<_> = edits.iter().map(|edit| (edit.unit.clone(), edit.content)).collect();
        assert_eq!(edits, [(unit("0001-a.md"), Some(name(1))), (unit("0002-b.md"), None)]);
    }

    /// A history of two files that begins from some state, with what the remote has.
    fn histories() -> impl Strategy<Value = (Vec<Line>, BTreeMap<Unit, ObjectName>)> {
        let content = || prop::option::of(0_u8..5);
        let step = (0_usize..2, prop::bool::weighted(0.3), content());
        let start = (content(), content(), content(), content());
        (start, prop::collection::vec(step, 0..12)).prop_map(|((here_a, here_b, there_a, there_b), steps)| {
            let units = [unit("0001-a.md"), unit("0002-b.md")];
            let mut here = [here_a, here_b];
            let mut lines = Vec::new();
            for (index, (which, is_merge, after)) in steps.into_iter().enumerate() {
                let before = std::mem::replace(&mut here[which], after);
                lines.push(line_of(units[which].clone(), index as u64 + 1, is_merge, before, after));
            }
            let there = [there_a, there_b];
            let tree = units.into_iter().zip(there).filter_map(|(unit, byte)| Some((unit, name(byte?)))).collect();
            (lines, tree)
        })
    }

    /// Carries commits out on a tree.
    fn carry_out(state: &mut BTreeMap<Unit, ObjectName>, commits: &[PlannedCommit]) {
        for edit in commits.iter().flat_map(|commit| &commit.edits) {
            assert_ne!(state.get(&edit.unit).copied(), edit.content, "an edit changes something");
            match edit.content {
                Some(content) => state.insert(edit.unit.clone(), content),
                None => state.remove(&edit.unit),
            };
        }
    }

    /// Plans and carries out so many steps at a time.
    fn in_slices(lines: &[Line], len: usize, state: &mut BTreeMap<Unit, ObjectName>) -> Vec<PlannedCommit> {
        let (mut sliced, mut waiting) = (Vec::new(), lines);
        while !waiting.is_empty() {
            let (slice, later) = waiting.split_at(len.min(waiting.len()));
            let commits = plan_of(waiting, slice.last().unwrap().step.generation, state);
            carry_out(state, &commits);
            sliced.extend(commits);
            waiting = later;
        }
        sliced
    }

    proptest! {
        #[test]
        fn the_commits_end_at_what_is_here((lines, tree) in histories()) {
            let mut state = tree.clone();
            let commits = plan_of(&lines, Generation(u64::MAX), &tree);
            prop_assert!(commits.is_sorted_by(|one, next| one.generation < next.generation));
            prop_assert!(commits.iter().all(|commit| !commit.edits.is_empty()));
            carry_out(&mut state, &commits);
            for line in &lines {
                let last = lines.iter().rfind(|other| other.step.unit == line.step.unit).unwrap();
                prop_assert_eq!(state.get(&line.step.unit).copied(), last.names.after);
            }
        }

        #[test]
        fn in_slices_they_end_there_too((lines, tree) in histories(), len in 1_usize..5) {
            let (mut whole, mut state) = (tree.clone(), tree.clone());
            carry_out(&mut whole, &plan_of(&lines, Generation(u64::MAX), &tree));
            in_slices(&lines, len, &mut state);
            prop_assert_eq!(whole, state);
        }

        #[test]
        fn in_slices_they_are_the_same((lines, mut tree) in histories(), len in 1_usize..5) {
            // What was changed on one side alone: the actions begin from what the remote has.
            for line in &lines {
                let mut of_unit = lines.iter().filter(|other| other.step.unit == line.step.unit);
                let first = of_unit.clone().next().unwrap();
                if of_unit.all(|other| !other.step.is_merge) {
                    tree.remove(&line.step.unit);
                    tree.extend(first.names.before.map(|name| (line.step.unit.clone(), name)));
                }
            }
            let whole = plan_of(&lines, Generation(u64::MAX), &tree);
            prop_assert_eq!(in_slices(&lines, len, &mut tree), whole);
        }
    }
}
