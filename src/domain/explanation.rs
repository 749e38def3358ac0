//! Why a task stands where it stands: every slot that was considered for it, and what was found there.

use std::sync::Arc;

use chrono::NaiveDate;

use super::difference::{Difference, Standing};
use super::policy::Verdict;
use super::script::RuleError;
use super::task::Task;

/// Why a task stands where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub task: Arc<Task>,
    /// As in the timeline; `None` for a task that is not open, which is not planned.
    pub standing: Option<Standing>,
    /// What was found where it was looked for a place, in the order of time. The slot that it got is the last. Of a fixed
    /// task its own slot alone.
    pub considered: Vec<Considered>,
    /// Who refused it altogether, if somebody did.
    pub excluded_by: Vec<Prohibition>,
    /// Of a task that none of these days has a slot for: when it has its turn; or why that cannot be told.
    pub line: Option<Result<Line, RuleError>>,
    /// Of a slot that was asked about.
    pub counterfactual: Option<Counterfactual>,
}

/// A slot, or a day that has none, and what was found there when it was the task's turn to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    pub date: NaiveDate,
    /// `None` for a day without slots.
    pub zeit: Option<String>,
    pub finding: Finding,
}

/// What was found at a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The task stands here.
    Chosen,
    /// Nothing keeps the task from it, but it stands elsewhere: in an earlier slot, or where it is fixed to.
    Free,
    /// No longer offered; `is_over` when it has ended as well.
    Passed { is_over: bool },
    /// The rules allow it to other tasks alone.
    Forbidden { by: Vec<Prohibition> },
    /// Not filled by itself: only a task that is fixed to it stands in it.
    Manual,
    /// Held by a task that came first.
    Taken { by: Arc<Task>, claim: Claim },
    /// The day has no slots.
    Closed { by: Option<String> },
    /// The day has no slot of this name, but these; and the script that took it away, if one before it gave it.
    NoSuchSlot { known: Vec<String>, removed_by: Option<String> },
    /// After the last day that is planned.
    AfterHorizon,
}

/// A script that does not let the task into a slot, or into none at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prohibition {
    /// `None` where it could not be told which of several it is: the verdict is then that of all of them together.
    pub script: Option<String>,
    pub verdict: Arc<Verdict>,
}

/// Why a task came before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is fixed to the slot.
    Fixed,
    /// The rules send it so much farther ahead in line.
    Ahead(u32),
    /// By rank: the lower number or, of one number, the earlier file name. Of two that are fixed to the slot, too.
    Rank,
}

/// What is between a task and its turn, if nothing changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Those without a slot until now who get one that the task may have, before its turn, in that order.
    pub ahead: Vec<Arc<Task>>,
    /// The slot that it gets; `None` if it gets none within `days`.
    pub turn: Option<(NaiveDate, String)>,
    /// The days that were looked at, today included.
    pub days: u16,
}

/// What would be if the task were pinned to a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counterfactual {
    /// The slot, and what was found there as things are.
    pub slot: Considered,
    /// Tasks that are fixed to it and would have to be unpinned first.
    pub unpin: Vec<Arc<Task>>,
    /// What would become of everybody. `None` where the task could not stand there.
    pub difference: Option<Difference>,
    /// The days that were compared, today included.
    pub days: u16,
}
