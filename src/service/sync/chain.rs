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

/// One change of the outbox; `None` where there was or is nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) generation: Generation,
    pub(super) unit: Unit,
    /// Whether a merge made it, and not the user.
    pub(super) is_merge: bool,
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

/// Plans the commits. `lines` are in their order, `tree` has what the head has of every unit that lines or `differing`
/// name, `present` what the store has of those in `differing`.
pub(super) fn plan(
    lines: &[Line],
    tree: &BTreeMap<Unit, ObjectName>,
    differing: &BTreeSet<Unit>,
    present: &BTreeMap<Unit, ObjectName>,
) -> Vec<PlannedCommit> {
    let mut by_unit: BTreeMap<&Unit, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        by_unit.entry(&line.unit).or_default().push(line);
    }
    let mut commits: BTreeMap<Generation, Vec<PlannedEdit>> = BTreeMap::new();
    for (unit, lines) in &by_unit {
        for (generation, edit) in edits_of(unit, lines, tree.get(*unit).copied()) {
            commits.entry(generation).or_default().push(edit);
        }
    }
    let merges: BTreeSet<Generation> = lines.iter().filter(|line| line.is_merge).map(|line| line.generation).collect();
    let of_action = |(generation, edits): (Generation, Vec<PlannedEdit>)| PlannedCommit {
        generation: Some(generation),
        is_merge: merges.contains(&generation),
        edits,
    };
    let mut planned: Vec<PlannedCommit> = commits.into_iter().map(of_action).collect();
    let rest = differing.iter().filter(|unit| !by_unit.contains_key(unit)).filter_map(|unit| {
        let content = present.get(unit).copied();
        (content != tree.get(unit).copied()).then(|| PlannedEdit {
            unit: unit.clone(),
            content,
            source: Source::Present,
        })
    });
    let rest: Vec<PlannedEdit> = rest.collect();
    if !rest.is_empty() {
        planned.push(PlannedCommit { generation: None, is_merge: true, edits: rest });
    }
    planned
}

/// The edits of one unit, each with the generation whose commit it belongs to.
fn edits_of(unit: &Unit, lines: &[&Line], in_tree: Option<ObjectName>) -> Vec<(Generation, PlannedEdit)> {
    let merged = lines.iter().rposition(|line| line.is_merge);
    let fits = lines.first().is_none_or(|first| first.before == in_tree);
    // Up to and with this line nothing is brought as it was.
    let folded = match merged {
        Some(at) => Some(at),
        None if fits => None,
        None => lines.len().checked_sub(1),
    };
    let mut current = in_tree;
    let mut edits = Vec::new();
    let mut bring = |current: &mut Option<ObjectName>, generation: Generation, line: &Line| {
        if *current != line.after {
            *current = line.after;
            let source = Source::Change(line.generation);
            edits.push((generation, PlannedEdit { unit: unit.clone(), content: line.after, source }));
        }
    };
    if let Some(at) = folded {
        let action = lines[..=at].iter().rev().find(|line| !line.is_merge).unwrap_or(&lines[at]);
        bring(&mut current, action.generation, lines[at]);
    }
    for line in &lines[folded.map_or(0, |at| at + 1)..] {
        bring(&mut current, line.generation, line);
    }
    edits
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

    fn line(generation: u64, is_merge: bool, before: Option<u8>, after: Option<u8>) -> Line {
        let (before, after) = (before.map(name), after.map(name));
        Line { generation: Generation(generation), unit: unit("0001-a.md"), is_merge, before, after }
    }

    /// Generation, content, and where that comes from, of each edit.
    fn planned(lines: &[Line], in_tree: Option<u8>) -> Vec<(u64, Option<u8>)> {
        let tree = in_tree.map(|byte| (unit("0001-a.md"), name(byte))).into_iter().collect();
        let commits = plan(lines, &tree, &BTreeSet::new(), &BTreeMap::new());
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
        let commits = plan(&[], &tree, &differing, &present);
        let [PlannedCommit { generation: None, is_merge: true, edits }] = &commits[..] else { panic!("{commits:?}") };
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
                let (before, generation) = (here[which].map(name), Generation(index as u64 + 1));
                here[which] = after;
                let (unit, after) = (units[which].clone(), after.map(name));
                lines.push(Line { generation, unit, is_merge, before, after });
            }
            let there = [there_a, there_b];
            let tree = units.into_iter().zip(there).filter_map(|(unit, byte)| Some((unit, name(byte?)))).collect();
            (lines, tree)
        })
    }

    proptest! {
        #[test]
        fn the_commits_end_at_what_is_here((lines, tree) in histories()) {
            let mut state = tree.clone();
            let mut last = Generation(0);
            for commit in plan(&lines, &tree, &BTreeSet::new(), &BTreeMap::new()) {
                let generation = commit.generation.unwrap();
                prop_assert!(generation > last && !commit.edits.is_empty());
                last = generation;
                for edit in commit.edits {
                    prop_assert_ne!(state.get(&edit.unit).copied(), edit.content, "an edit changes something");
                    match edit.content {
                        Some(content) => state.insert(edit.unit, content),
                        None => state.remove(&edit.unit),
                    };
                }
            }
            for line in &lines {
                let last = lines.iter().rfind(|other| other.unit == line.unit).unwrap();
                prop_assert_eq!(state.get(&line.unit).copied(), last.after);
            }
        }
    }
}
