//! What a script sees: the rules' own types, functions and constants.
//!
//! Values that cross between Rust and a script are custom types with getters (several times faster
//! than object maps); none of Rhai's types leaves [`crate::rules`].

pub(super) mod calendar;
pub(super) mod options;
pub(super) mod place;
pub(super) mod slot;
pub(super) mod task;

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{Module, Scope};

use self::place::DaySet;
use super::vocabulary::Vocabulary;
use super::words::{Kind, WORDS, Word};
use crate::domain::policy::Weekdays;
use crate::domain::script::DeclaredOption;

/// What functions know besides their arguments.
#[derive(Default)]
pub(super) struct Surroundings {
    /// The names of all slots that a rule set says, while it is being checked: only then is a name that no day has
    /// an error, because a script may close days and a plan must not fail for it.
    pub known_slots: RefCell<Option<Vec<String>>>,
    /// The options of the script that runs; `None` while it declares them.
    pub options: RefCell<Option<Rc<[DeclaredOption]>>>,
}

/// The constants that every function sees.
pub(super) const CONSTANTS: [(&str, Weekdays); 2] = [("weekdays", Weekdays::WORKING), ("weekends", Weekdays::WEEKEND)];

/// Adds the rules' words.
pub(super) fn register(words: &mut Vocabulary<'_>, surroundings: &Rc<Surroundings>) {
    calendar::register(words);
    slot::register(words);
    place::register(words, surroundings);
    task::register(words);
    options::register(words, surroundings);
    // Functions of Rhai see no constants of the script or of a scope, but those of global modules.
    let mut module = Module::new();
    for (name, days) in constants() {
        module.set_var(name, DaySet(days));
    }
    words.engine.register_global_module(module.into());
}

/// The constants again for the parser, which knows nothing of modules' and would call them undefined.
pub(super) fn constants_scope() -> Scope<'static> {
    let mut scope = Scope::new();
    for (name, days) in constants() {
        scope.push_constant(name, DaySet(days));
    }
    scope
}

/// The constants under all their names.
pub(super) fn constants() -> impl Iterator<Item = (&'static str, Weekdays)> {
    CONSTANTS.into_iter().flat_map(|(name, days)| {
        let also = WORDS.iter().find(|word| word.kind == Kind::Constant && word.name == name).and_then(Word::also);
        [Some(name), also].into_iter().flatten().map(move |name| (name, days))
    })
}
