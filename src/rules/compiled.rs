//! One script, compiled: its functions and where they are written.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use rhai::{AST, CallFnOptions, Dynamic, Engine, EvalAltResult, FuncArgs, Position, Scope};

use super::api;
use super::engine::{Fuse, SOURCE_BYTES_MAX};
use super::error::RuleError;
use super::names::{self, Hook};
use super::source::Outline;
use crate::domain::script::{DeclaredOption, Script};

pub(super) struct Compiled {
    pub name: String,
    pub ast: AST,
    pub outline: Outline,
    /// Whether it may have maps, whose properties can have any name.
    pub has_maps: bool,
    /// The texts of one word that it is written with: they may name functions.
    pub texts: HashSet<String>,
    /// The names of the hooks that it defines.
    hooks: Vec<&'static str>,
    /// What it declares, with the values that apply.
    pub options: Rc<[DeclaredOption]>,
}

impl Compiled {
    /// What stands outside functions is never run.
    ///
    /// # Errors
    /// A script that is too large or that is not the language.
    pub(super) fn parse(engine: &Engine, script: &Script) -> Result<Compiled, RuleError> {
        if script.source.len() > SOURCE_BYTES_MAX {
            return Err(RuleError::of_large_script(&script.name, &script.source));
        }
        let outline = Outline::of(&script.source);
        let ast = caught(|| engine.compile_with_scope(&api::constants_scope(), &script.source))
            .ok_or_else(|| RuleError::of_script(&script.name, "the script made the parser fail"))?
            .map_err(|error| RuleError::from_parsing(&script.name, &script.source, &outline, &error))?;
        let ast = ast.clone_functions_only();
        let has_maps = script.source.contains("#{");
        let texts = script.source.split('"').skip(1).map(str::to_owned).collect();
        Ok(Compiled {
            name: script.name.clone(),
            ast,
            outline,
            has_maps,
            texts,
            hooks: Vec::new(),
            options: Rc::default(),
        })
    }

    /// Finds the hooks that it defines.
    ///
    /// # Errors
    /// A function that was meant as one but would never be called.
    pub(super) fn find_hooks(&mut self) -> Result<(), RuleError> {
        let mut hooks = Vec::new();
        // A function of a type, `fn string.slots(…)`, is a method and no hook.
        for function in self.ast.iter_functions().filter(|function| function.this_type.is_none()) {
            let wrong = |message| Err(RuleError::of_function(&self.name, &self.outline, function.name, message));
            let (name, count) = (function.name, function.params.len());
            if let Some(hook) = names::HOOKS.iter().find(|hook| hook.name == name) {
                if hook.parameters != count {
                    let plural = if count == 1 { "" } else { "s" };
                    return wrong(format!("{name} has {count} parameter{plural}; write fn {}", hook.usage));
                }
                hooks.push(hook.name);
            } else if !self.outline.calls(name)
                && let Some(near) = names::nearest(name, names::HOOKS.iter().map(|hook| hook.name))
                && let Some(hook) = names::HOOKS.iter().find(|hook| hook.name == near)
            {
                return wrong(format!("nothing calls {name}; did you mean fn {}?", hook.usage));
            }
        }
        self.hooks = hooks;
        Ok(())
    }

    /// The names of a function's parameters.
    pub(super) fn parameters(&self, function: &str) -> Option<Vec<&str>> {
        let found = self.ast.iter_functions().find(|found| found.name == function && found.this_type.is_none());
        found.map(|found| found.params)
    }

    pub(super) fn defines(&self, hook: &Hook) -> bool {
        self.hooks.contains(&hook.name)
    }

    /// An error of a hook as a whole.
    pub(super) fn error(&self, hook: &Hook, message: String) -> RuleError {
        RuleError::of_function(&self.name, &self.outline, hook.name, message)
    }

    /// Calls one of its functions with a fresh count of operations.
    ///
    /// # Errors
    /// What the function throws, misspells or takes too much of.
    pub(super) fn call(
        &self,
        engine: &Engine,
        fuse: &Fuse,
        function: &str,
        arguments: impl FuncArgs,
    ) -> Result<Dynamic, RuleError> {
        fuse.begin_call();
        let options = CallFnOptions::new().eval_ast(false).rewind_scope(true);
        let called = caught(|| engine.call_fn_with_options(options, &mut Scope::new(), &self.ast, function, arguments));
        // A native function may have swallowed the error of a callback that was cut.
        let trip = fuse.trip();
        let named = |found: &str| names::with_article(engine.map_type_name(found));
        match called {
            Some(Ok(answer)) if trip.is_none() => Ok(answer),
            Some(Err(error)) => {
                Err(RuleError::from_running(&self.name, &self.outline, function, (&error, &named), trip))
            }
            Some(Ok(_)) => {
                let cut = EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE);
                Err(RuleError::from_running(&self.name, &self.outline, function, (&cut, &named), trip))
            }
            None => {
                let message = "the script made its interpreter fail";
                Err(RuleError::of_function(&self.name, &self.outline, function, message))
            }
        }
    }
}

/// Runs Rhai, which has panicked on odd input before; `None` if it does. Nothing of ours is left half
/// changed: an engine and a tree are only read.
fn caught<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}
