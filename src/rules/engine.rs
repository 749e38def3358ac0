//! The hardened engine: a small language without clock, chance, files or code made at run time, in
//! which everything has a limit.
//!
//! The limits are written here and nowhere else, and they are the same in debug and release builds
//! (Rhai's own differ). The number of operations decides whether a script takes too long; the clock is
//! only a backstop for native functions that take long within one operation, so that a busy machine
//! cannot change a plan.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicIteratorPackage, BasicMapPackage, BasicMathPackage, BasicStringPackage,
    LanguageCorePackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, OptimizationLevel, Position};

/// The largest script: Rhai's parser needs time quadratic in it.
pub const SOURCE_BYTES_MAX: usize = 16 * 1024;
/// The longest text. A new one takes at least two operations, so that all texts of an answer are less than 160 MiB;
/// of a longer body, title or tag scripts see the beginning.
pub(super) const STRING_BYTES_MAX: usize = 32 * 1024;
/// The most entries of a list or a map, those of lists and maps within it included.
pub(super) const ENTRIES_MAX: usize = 512;
/// The most operations of one call of a hook.
pub(super) const OPERATIONS_MAX: u64 = 10_000;
pub(super) const CALL_LEVELS_MAX: usize = 16;
pub(super) const VARIABLES_MAX: usize = 128;
pub(super) const FUNCTIONS_MAX: usize = 128;
/// How deep expressions and blocks nest; every link of a chain such as `a || b || c` counts.
const EXPRESSION_DEPTH_MAX: usize = 64;
/// The longest reason that a rule gives, in characters; what is longer is cut.
pub(super) const REASON_CHARS_MAX: usize = 500;
/// How long one run over all days and tasks may take by the clock.
const RUN_TIME_MAX: Duration = Duration::from_secs(2);
const OPERATIONS_BETWEEN_CLOCK_READS: u64 = 64;

/// Words of Rhai that make code or functions at run time.
pub(super) const DISABLED: &[&str] = &["eval", "Fn", "call", "curry"];

/// A function of the engine's that scripts call: its result, or what is said to the author.
pub(super) type Native<T> = Result<T, Box<EvalAltResult>>;

rhai::def_package! {
    /// What of Rhai's standard functions rules may use: no time, no bits, no byte arrays, no function pointers.
    AllowedPackages(_module) :
        LanguageCorePackage, ArithmeticPackage, LogicPackage, BasicMathPackage, BasicStringPackage,
        MoreStringPackage, BasicIteratorPackage, BasicArrayPackage, BasicMapPackage {}
}

/// Why the fuse blew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trip {
    Operations,
    /// Longer than this.
    Clock(Duration),
}

impl fmt::Display for Trip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trip::Operations => write!(f, "the script needs more than {OPERATIONS_MAX} operations for one answer"),
            Trip::Clock(max) => write!(f, "the rules took longer than {} seconds", max.as_secs()),
        }
    }
}

/// Counts the operations of one call and watches the clock of one run. Once blown it stays so until
/// the next call: Rhai's own count starts anew within callbacks of native functions, and some of those
/// swallow the error that a callback returns.
#[derive(Debug)]
pub(super) struct Fuse {
    run_time_max: Duration,
    operations: Cell<u64>,
    trip: Cell<Option<Trip>>,
    run_began: Cell<Option<Instant>>,
}

impl Default for Fuse {
    /// The limits of rules that are asked for a plan.
    fn default() -> Fuse {
        Fuse::lasting(RUN_TIME_MAX)
    }
}

impl Fuse {
    /// So long for one run; the operations of a call are always as many.
    pub(super) fn lasting(run_time_max: Duration) -> Fuse {
        Fuse { run_time_max, operations: Cell::default(), trip: Cell::default(), run_began: Cell::default() }
    }

    /// Begins a run: the clock starts.
    pub(super) fn begin_run(&self) {
        self.run_began.set(Some(Instant::now()));
    }

    /// Begins a call of a hook: the count starts.
    pub(super) fn begin_call(&self) {
        self.operations.set(0);
        self.trip.set(None);
    }

    pub(super) fn trip(&self) -> Option<Trip> {
        self.trip.get()
    }

    /// Blows when the run has taken too long. For native functions that take long: their operations are few.
    pub(super) fn read_clock(&self) {
        if self.run_began.get().is_some_and(|began| began.elapsed() > self.run_time_max) {
            self.trip.set(Some(Trip::Clock(self.run_time_max)));
        }
    }

    /// Counts one operation; `Some` ends the script.
    fn count(&self) -> Option<Dynamic> {
        let operations = self.operations.get() + 1;
        self.operations.set(operations);
        if self.trip.get().is_none() {
            if operations > OPERATIONS_MAX {
                self.trip.set(Some(Trip::Operations));
            } else if operations.is_multiple_of(OPERATIONS_BETWEEN_CLOCK_READS) {
                self.read_clock();
            }
        }
        self.trip.get().map(|_| Dynamic::UNIT)
    }
}

/// An engine with the language alone; [`super::api::register`] adds the rules' own words.
pub(super) fn hardened(fuse: &Rc<Fuse>) -> Engine {
    let mut engine = Engine::new_raw();
    AllowedPackages::new().register_into_engine(&mut engine);
    set_limits(&mut engine);
    for word in DISABLED {
        engine.disable_symbol(*word);
    }
    let fuse = Rc::clone(fuse);
    engine
        .on_progress(move |_| fuse.count())
        .on_print(|_| {})
        .on_debug(|_, _, _| {})
        .set_optimization_level(OptimizationLevel::Simple)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true);
    refuse_functions(&mut engine);
    bound_functions(&mut engine);
    engine
}

fn set_limits(engine: &mut Engine) {
    engine
        .set_max_operations(OPERATIONS_MAX + 1)
        .set_max_call_levels(CALL_LEVELS_MAX)
        .set_max_expr_depths(EXPRESSION_DEPTH_MAX, EXPRESSION_DEPTH_MAX)
        .set_max_variables(VARIABLES_MAX)
        .set_max_functions(FUNCTIONS_MAX)
        .set_max_string_size(STRING_BYTES_MAX)
        .set_max_array_size(ENTRIES_MAX)
        .set_max_map_size(ENTRIES_MAX);
}

/// Functions of the packages that have no place in a rule. `disable_symbol` does not reach them.
fn refuse_functions(engine: &mut Engine) {
    engine
        .register_fn("sleep", |_: i64| -> Native<()> { refused("sleep") })
        .register_fn("sleep", |_: f64| -> Native<()> { refused("sleep") })
        .register_fn("exit", || -> Native<()> { refused("exit") })
        .register_fn("exit", |_: Dynamic| -> Native<()> { refused("exit") })
        .register_fn("parse_json", |_: &str| -> Native<()> { refused("parse_json") });
    // Rhai gives every value a number of this name, so that `task.tag` would be 0.
    engine
        .register_get("tag", |_: &mut Dynamic| -> Native<()> { fail("there is no property tag; did you mean tags?") })
        .register_set("tag", |_: &mut Dynamic, _: i64| -> Native<()> { refused("tag") });
}

/// Functions of the packages that allocate or loop without limit in their own versions: `pad` of an
/// array multiplies sizes unchecked, of a string with an empty text it never ends, and `replace`
/// allocates before it is checked.
fn bound_functions(engine: &mut Engine) {
    engine
        .register_fn("pad", |array: &mut Array, length: i64, item: Dynamic| -> Native<()> {
            if item.is_array() || item.is_map() || item.is_blob() {
                return fail("pad fills a list with single values, not with lists or maps");
            }
            let length = bounded(length, ENTRIES_MAX, "list")?;
            if length > array.len() {
                array.resize(length, item);
            }
            Ok(())
        })
        .register_fn("pad", |text: &mut ImmutableString, length: i64, filler: char| -> Native<()> {
            pad_text(text, length, filler.encode_utf8(&mut [0; 4]))
        })
        .register_fn("pad", |text: &mut ImmutableString, length: i64, filler: &str| -> Native<()> {
            pad_text(text, length, filler)
        })
        .register_fn("replace", |text: &mut ImmutableString, from: &str, to: &str| replace_in(text, from, to))
        .register_fn("replace", |text: &mut ImmutableString, from: &str, to: char| {
            replace_in(text, from, to.encode_utf8(&mut [0; 4]))
        })
        .register_fn("replace", |text: &mut ImmutableString, from: char, to: &str| {
            replace_in(text, from.encode_utf8(&mut [0; 4]), to)
        })
        .register_fn("replace", |text: &mut ImmutableString, from: char, to: char| {
            replace_in(text, from.encode_utf8(&mut [0; 4]), to.encode_utf8(&mut [0; 4]))
        });
}

fn pad_text(text: &mut ImmutableString, length: i64, filler: &str) -> Native<()> {
    let length = bounded(length, STRING_BYTES_MAX, "string")?;
    let missing = length.saturating_sub(text.chars().count());
    if missing == 0 {
        return Ok(());
    }
    if filler.is_empty() {
        return fail("pad needs something to fill with");
    }
    let padded: String = text.chars().chain(filler.chars().cycle().take(missing)).collect();
    *text = padded.into();
    Ok(())
}

fn replace_in(text: &mut ImmutableString, from: &str, to: &str) -> Native<()> {
    let count = text.matches(from).count();
    let kept = text.len() - count * from.len();
    let length = count.checked_mul(to.len()).and_then(|added| added.checked_add(kept));
    if length.is_none_or(|length| length > STRING_BYTES_MAX) {
        return too_large("string");
    }
    *text = text.replace(from, to).into();
    Ok(())
}

fn bounded(length: i64, max: usize, what: &str) -> Native<usize> {
    match usize::try_from(length.max(0)) {
        Ok(length) if length <= max => Ok(length),
        _ => too_large(what),
    }
}

fn too_large<T>(what: &str) -> Native<T> {
    Err(EvalAltResult::ErrorDataTooLarge(what.to_owned(), Position::NONE).into())
}

fn refused<T>(word: &str) -> Native<T> {
    fail(format!("{word} is not available in rules"))
}

/// Ends the script with a sentence for its author; Rhai adds the position of the call.
pub(super) fn fail<T>(sentence: impl Into<String>) -> Native<T> {
    let sentence: String = sentence.into();
    Err(EvalAltResult::ErrorRuntime(sentence.into(), Position::NONE).into())
}

/// A script's text, cut where it is longer than a person reads.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(REASON_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blown_fuse_stays_blown_until_the_next_call() {
        let fuse = Fuse::default();
        fuse.begin_run();
        fuse.begin_call();
        assert!((0..OPERATIONS_MAX).all(|_| fuse.count().is_none()));
        assert!((0..100).all(|_| fuse.count().is_some()));
        assert_eq!(fuse.trip(), Some(Trip::Operations));
        fuse.begin_call();
        assert!(fuse.count().is_none() && fuse.trip().is_none());
    }

    #[test]
    fn the_clock_of_the_run_is_read_now_and_then() {
        let fuse = Fuse::default();
        fuse.run_began.set(Instant::now().checked_sub(RUN_TIME_MAX * 2));
        for _ in 0..2 {
            fuse.begin_call();
            assert!((1..OPERATIONS_BETWEEN_CLOCK_READS).all(|_| fuse.count().is_none()));
            assert!(fuse.count().is_some() && fuse.count().is_some());
            assert_eq!(fuse.trip(), Some(Trip::Clock(RUN_TIME_MAX)));
        }
    }

    #[test]
    fn bounded_functions_do_what_the_language_says() {
        let engine = hardened(&Rc::new(Fuse::default()));
        for (script, expected) in [
            ("let s = \"aba\"; s.replace(\"a\", \"xy\"); s", "xybxy"),
            ("let s = \"aba\"; s.replace('a', 'x'); s", "xbx"),
            ("let s = \"aba\"; s.replace('b', \"\"); s", "aa"),
            ("let s = \"aba\"; s.replace(\"\", '-'); s", "-a-b-a-"),
            ("let s = \"ä\"; s.pad(4, 'x'); s", "äxxx"),
            ("let s = \"ä\"; s.pad(4, \"xyz\"); s.pad(-1, \"x\"); s", "äxyz"),
            ("let a = [1]; a.pad(3, \"x\"); a.pad(2, 9); a.to_string()", "[1, \"x\", \"x\"]"),
        ] {
            assert_eq!(engine.eval::<String>(script).as_deref().ok(), Some(expected), "{script}");
        }
    }
}
