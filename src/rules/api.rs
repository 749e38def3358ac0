//! What a script sees: the rules' own types, functions and constants.
//!
//! Values that cross between Rust and a script are custom types with getters (several times faster
//! than object maps); none of Rhai's types leaves [`crate::rules`].

pub(super) mod calendar;
pub(super) mod place;
pub(super) mod slot;
pub(super) mod task;

use std::cell::RefCell;
use std::rc::Rc;

use rhai::{Engine, Module, Scope};

use self::place::DaySet;
use crate::domain::policy::Weekdays;

/// The names of all slots that a rule set says, while it is being checked: only then is a name that no
/// day has an error, because a script may close days and a plan must not fail for it.
pub(super) type KnownSlots = Rc<RefCell<Option<Vec<String>>>>;

/// The constants that every function sees.
const CONSTANTS: &[(&str, Weekdays)] = &[
    ("weekdays", Weekdays::WORKING),
    ("weekends", Weekdays::WEEKEND),
    ("werktage", Weekdays::WORKING),
    ("wochenenden", Weekdays::WEEKEND),
];

/// Adds the rules' words to the engine.
pub(super) fn register(engine: &mut Engine, known_slots: &KnownSlots) {
    calendar::register(engine);
    slot::register(engine);
    place::register(engine, known_slots);
    task::register(engine);
    // Functions of Rhai see no constants of the script or of a scope, but those of global modules.
    let mut constants = Module::new();
    for (name, days) in CONSTANTS {
        constants.set_var(*name, DaySet(*days));
    }
    engine.register_global_module(constants.into());
}

/// The constants again for the parser, which knows nothing of modules' and would call them undefined.
pub(super) fn constants_scope() -> Scope<'static> {
    let mut scope = Scope::new();
    for (name, days) in CONSTANTS {
        scope.push_constant(*name, DaySet(*days));
    }
    scope
}
