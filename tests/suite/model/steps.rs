//! What happens in a history, and how one is drawn.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// How a request names a task. The numbers count the documents that are there when it is asked.
#[derive(Clone, Debug)]
pub enum Id {
    Number(u8),
    File(u8),
    Stem(u8),
    Nobody,
}

/// What the client says it read.
#[derive(Clone, Copy, Debug)]
pub enum Expect {
    Anything,
    Right,
    Wrong,
}

/// A day and a slot of the rules' three.
pub type SlotChoice = (u8, u8);

#[derive(Clone, Debug)]
pub enum Op {
    Create {
        title: u8,
        kategorie: u8,
        slot: Option<SlotChoice>,
    },
    Update(Id, u8, Expect),
    Document(Id, u8, Expect),
    Complete(Id, SlotChoice, Expect),
    Cancel(Id),
    Reopen(Id),
    Pin(Id, SlotChoice),
    Unpin(Id),
    Remove(Id, Expect),
    /// The last change, or the one so many before it.
    Undo(Option<u8>),
    Import {
        files: Vec<(u8, u8)>,
        dry_run: bool,
    },
    Settings(u8),
    /// One of the lists of rules, or none.
    Rules(u8),
    /// What a sync brings: which, the file and its text.
    Synced(u8, u8, u8),
    /// A commit that was decided so many generations before or after the present one.
    Stale(i8),
    /// A commit of somebody who does not stand in line.
    Beside(u8, u8),
    /// A token for so many hours, tried now and later.
    Token(u8),
    NameAgain,
    List(u8),
    Show(Id),
    History(u8),
}

#[derive(Clone, Debug)]
pub enum Step {
    /// Of each user at most one request, all at the same time, with an `Idempotency-Key` or without.
    Ask(Vec<(Op, Option<u8>)>),
    /// Minutes that the clock goes on; back if negative.
    Wait(i16),
    Reopen,
    Rebuild,
}

fn id() -> impl Strategy<Value = Id> {
    prop_oneof![
        6 => any::<u8>().prop_map(Id::Number),
        3 => any::<u8>().prop_map(Id::File),
        2 => any::<u8>().prop_map(Id::Stem),
        1 => Just(Id::Nobody),
    ]
}

fn expect() -> impl Strategy<Value = Expect> {
    prop_oneof![3 => Just(Expect::Anything), 3 => Just(Expect::Right), 1 => Just(Expect::Wrong)]
}

fn op() -> impl Strategy<Value = Op> {
    let slot = || (0..10_u8, 0..3_u8);
    let files = vec((0..12_u8, any::<u8>()), 0..4);
    prop_oneof![
        8 => (any::<u8>(), any::<u8>(), option::of(slot())).prop_map(|(title, kategorie, slot)| {
            Op::Create { title, kategorie, slot }
        }),
        4 => (id(), any::<u8>(), expect()).prop_map(|(id, fields, expect)| Op::Update(id, fields, expect)),
        2 => (id(), any::<u8>(), expect()).prop_map(|(id, text, expect)| Op::Document(id, text, expect)),
        3 => (id(), slot(), expect()).prop_map(|(id, slot, expect)| Op::Complete(id, slot, expect)),
        2 => id().prop_map(Op::Cancel),
        2 => id().prop_map(Op::Reopen),
        3 => (id(), slot()).prop_map(|(id, slot)| Op::Pin(id, slot)),
        2 => id().prop_map(Op::Unpin),
        2 => (id(), expect()).prop_map(|(id, expect)| Op::Remove(id, expect)),
        4 => option::of(0..6_u8).prop_map(Op::Undo),
        3 => (files, prop::bool::weighted(0.2)).prop_map(|(files, dry_run)| Op::Import { files, dry_run }),
        2 => any::<u8>().prop_map(Op::Settings),
        3 => (0..4_u8).prop_map(Op::Rules),
        3 => any::<(u8, u8, u8)>().prop_map(|(choice, name, text)| Op::Synced(choice, name, text)),
        1 => (-2..=2_i8).prop_map(Op::Stale),
        1 => (0..12_u8, any::<u8>()).prop_map(|(name, text)| Op::Beside(name, text)),
        1 => (0..30_u8).prop_map(Op::Token),
        1 => Just(Op::NameAgain),
        2 => any::<u8>().prop_map(Op::List),
        2 => id().prop_map(Op::Show),
        1 => (1..9_u8).prop_map(Op::History),
    ]
}

/// A history of two users.
pub fn history() -> impl Strategy<Value = Vec<Step>> {
    let asked = || (op(), option::weighted(0.3, 0..3_u8));
    let step = prop_oneof![
        12 => vec(asked(), 1..=2).prop_map(Step::Ask),
        2 => (1..600_i16).prop_map(Step::Wait),
        1 => (1_400..1_500_i16).prop_map(Step::Wait),
        1 => (-60..0_i16).prop_map(Step::Wait),
        1 => Just(Step::Reopen),
        1 => Just(Step::Rebuild),
    ];
    vec(step, 20..28)
}
