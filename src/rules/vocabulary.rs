//! How words reach the engine: each under all its names, as the table in `words` has them.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{Engine, RhaiNativeFunc, Variant};

use super::words::{Kind, WORDS, Word};

/// How many arguments each function and method of the table takes, by its first name; a method's first is its value.
pub(super) type Arities = BTreeMap<&'static str, BTreeSet<usize>>;

/// Registers words with an engine and keeps which, and with how many arguments.
pub(super) struct Vocabulary<'e> {
    pub(super) engine: &'e mut Engine,
    registered: Vec<(Kind, &'static str, usize)>,
}

impl<'e> Vocabulary<'e> {
    pub(super) fn of(engine: &'e mut Engine) -> Vocabulary<'e> {
        Vocabulary { engine, registered: Vec::new() }
    }

    /// How many arguments what was registered takes.
    pub(super) fn arities(&self) -> Arities {
        let mut arities = Arities::new();
        for (kind, name, count) in &self.registered {
            if matches!(kind, Kind::Function | Kind::Test | Kind::Method(_)) {
                arities.entry(name).or_default().insert(*count);
            }
        }
        arities
    }

    /// A function of the rules' own, in each form that takes other arguments.
    pub(super) fn function<A: 'static, const N: usize, const X: bool, R: Variant + Clone, const F: bool>(
        &mut self,
        name: &'static str,
        run: impl RhaiNativeFunc<A, N, X, R, F> + Clone + 'static,
    ) -> &mut Self {
        self.call(Kind::Function, name, run)
    }

    /// A function that only tests have.
    pub(super) fn test<A: 'static, const N: usize, const X: bool, R: Variant + Clone, const F: bool>(
        &mut self,
        name: &'static str,
        run: impl RhaiNativeFunc<A, N, X, R, F> + Clone + 'static,
    ) -> &mut Self {
        self.call(Kind::Test, name, run)
    }

    /// A method of a type, which is its first parameter.
    pub(super) fn method<A: 'static, const N: usize, const X: bool, R: Variant + Clone, const F: bool>(
        &mut self,
        of: &'static str,
        name: &'static str,
        run: impl RhaiNativeFunc<A, N, X, R, F> + Clone + 'static,
    ) -> &mut Self {
        self.call(Kind::Method(of), name, run)
    }

    /// What stands between two values, the first of which has the type.
    pub(super) fn operator<A: 'static, const N: usize, const X: bool, R: Variant + Clone, const F: bool>(
        &mut self,
        of: &'static str,
        name: &'static str,
        run: impl RhaiNativeFunc<A, N, X, R, F> + Clone + 'static,
    ) -> &mut Self {
        self.call(Kind::Operator(of), name, run)
    }

    pub(super) fn property<T: Variant + Clone, R: Variant + Clone>(
        &mut self,
        of: &'static str,
        name: &'static str,
        get: impl Fn(&mut T) -> R + Clone + 'static,
    ) -> &mut Self {
        if let Some(also) = self.also(Kind::Property(of), name, 1) {
            self.engine.register_get(also, get.clone());
        }
        self.engine.register_get(name, get);
        self
    }

    fn call<A: 'static, const N: usize, const X: bool, R: Variant + Clone, const F: bool>(
        &mut self,
        kind: Kind,
        name: &'static str,
        run: impl RhaiNativeFunc<A, N, X, R, F> + Clone + 'static,
    ) -> &mut Self {
        if let Some(also) = self.also(kind, name, N) {
            self.engine.register_fn(also, run.clone());
        }
        self.engine.register_fn(name, run);
        self
    }

    /// The word's other name, if it has one.
    fn also(&mut self, kind: Kind, name: &'static str, count: usize) -> Option<&'static str> {
        self.registered.push((kind, name, count));
        WORDS.iter().find(|word| word.kind == kind && word.name == name).and_then(Word::also)
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::rules::api::{self, Surroundings};
    use crate::rules::error::RuleError;
    use crate::rules::trial;

    #[test]
    fn the_table_has_what_is_registered_and_nothing_else() {
        let mut engine = Engine::new_raw();
        let mut words = Vocabulary::of(&mut engine);
        api::register(&mut words, &Rc::new(Surroundings::default()));
        let planner: Rc<trial::Planner> = Rc::new(|_| Err(RuleError::of_script("", "")));
        trial::register(&mut words, &planner, &Rc::default(), &Rc::default());
        let registered: BTreeSet<_> = words.registered.iter().map(|(kind, name, _)| (*kind, *name)).collect();
        let listed: Vec<_> = WORDS.iter().map(|word| (word.kind, word.name)).collect();
        assert_eq!(listed.len(), listed.iter().collect::<BTreeSet<_>>().len(), "a word stands in the table twice");
        let constants = api::CONSTANTS.iter().map(|(name, _)| (Kind::Constant, *name));
        let registered: BTreeSet<_> = registered.into_iter().chain(constants).collect();
        let listed: BTreeSet<_> = listed.into_iter().collect();
        assert_eq!(registered, listed);
    }
}
