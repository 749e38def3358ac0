//! Where a task may go, as scripts say it: `on(weekdays).at("morgens")`, `anywhere()`, `never("reason")`.

use std::rc::Rc;

use chrono::Weekday;
use rhai::{Array, Dynamic};

use super::calendar::{Date, Day, read_date};
use super::slot::read_name;
use super::{Surroundings, constants};
use crate::domain::date;
use crate::domain::days::NamedDays;
use crate::domain::policy::{Constraint, Weekdays};
use crate::rules::engine::{Native, fail, shortened};
use crate::rules::names;
use crate::rules::vocabulary::Vocabulary;

const SLOTS_NAMED_MAX: usize = 48;
/// The most stretches of dates that one answer names: two years of holidays are about thirty.
pub const STRETCHES_MAX: usize = 128;
/// The farthest that a rule puts a task ahead of others.
const AHEAD_MAX: u32 = 1_000_000;

/// A set of weekdays: the constants `weekdays` and `weekends`.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct DaySet(pub Weekdays);

/// An answer of `place` that allows something.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Allowed(pub Constraint);

/// An answer of `place` that refuses the task.
#[derive(Clone, Debug)]
pub(in crate::rules) struct Refused(pub String);

/// A method that says one thing more.
type With<T> = fn(Allowed, T) -> Native<Allowed>;

impl Allowed {
    fn from(self, Date(day): Date) -> Allowed {
        Allowed(self.0.intersect(Constraint { from: Some(day), ..Constraint::ANYWHERE }))
    }

    fn up_to(self, Date(day): Date) -> Allowed {
        Allowed(self.0.intersect(Constraint { up_to: Some(day), ..Constraint::ANYWHERE }))
    }

    fn because(self, reason: &str) -> Allowed {
        let because = Some(shortened(reason));
        let mut both = self.0.intersect(Constraint { because, ..Constraint::ANYWHERE });
        both.because = both.because.as_deref().map(shortened);
        Allowed(both)
    }

    fn ahead_of_line(self, ahead: i64) -> Native<Allowed> {
        match u32::try_from(ahead) {
            Ok(ahead) if ahead <= AHEAD_MAX => {
                Ok(Allowed(self.0.intersect(Constraint { ahead, ..Constraint::ANYWHERE })))
            }
            _ => fail(format!("ahead_of_line({ahead}) must be from 0 to {AHEAD_MAX}")),
        }
    }

    fn at(self, zeiten: Vec<String>) -> Native<Allowed> {
        Ok(Allowed(self.0.intersect(Constraint { zeiten: Some(zeiten), ..Constraint::ANYWHERE })))
    }

    fn not_at(self, not_zeiten: Vec<String>) -> Native<Allowed> {
        let both = self.0.intersect(Constraint { not_zeiten, ..Constraint::ANYWHERE });
        match both.not_zeiten.len() {
            0..=SLOTS_NAMED_MAX => Ok(Allowed(both)),
            _ => fail(format!("not_at(...) takes at most {SLOTS_NAMED_MAX} names of slots, all together")),
        }
    }

    fn not_on(self, except: NamedDays) -> Native<Allowed> {
        self.bounded(Constraint { except, ..Constraint::ANYWHERE })
    }

    fn also_on(self, also: NamedDays) -> Native<Allowed> {
        self.bounded(Constraint { also, ..Constraint::ANYWHERE })
    }

    /// Both, if they do not name too many days.
    fn bounded(self, other: Constraint) -> Native<Allowed> {
        let both = self.0.intersect(other);
        let most = both.also.stretches().len().max(both.except.stretches().len());
        match most {
            0..=STRETCHES_MAX => Ok(Allowed(both)),
            _ => fail(format!("a constraint names at most {STRETCHES_MAX} dates or stretches of dates")),
        }
    }
}

pub(super) fn register(words: &mut Vocabulary<'_>, surroundings: &Rc<Surroundings>) {
    words
        .engine
        .register_type_with_name::<DaySet>("weekdays")
        .register_type_with_name::<Allowed>("constraint")
        .register_type_with_name::<Refused>("refusal");
    words
        .function("anywhere", || Allowed(Constraint::ANYWHERE))
        .function("never", |reason: &str| Refused(shortened(reason)))
        .function("on", |days: DaySet| on(days.0))
        .function("on", |day: &str| -> Native<Allowed> { Ok(on(Weekdays::NONE.with(read_weekday(day)?))) })
        .function("on", |day: i64| -> Native<Allowed> { Ok(on(Weekdays::NONE.with(count_weekday(day)?))) })
        .function("on", |days: Array| -> Native<Allowed> { Ok(on(read_weekdays(days)?)) })
        .method("constraint", "from", |allowed: Allowed, day: Date| allowed.from(day))
        .method("constraint", "from", |allowed: Allowed, day: Day| allowed.from(Date(day.date)))
        .method("constraint", "from", |allowed: Allowed, day: &str| -> Native<Allowed> {
            Ok(allowed.from(read_date(day)?))
        })
        .method("constraint", "up_to", |allowed: Allowed, day: Date| allowed.up_to(day))
        .method("constraint", "up_to", |allowed: Allowed, day: Day| allowed.up_to(Date(day.date)))
        .method("constraint", "up_to", |allowed: Allowed, day: &str| -> Native<Allowed> {
            Ok(allowed.up_to(read_date(day)?))
        })
        .method("constraint", "because", |allowed: Allowed, reason: &str| allowed.because(reason))
        .method("constraint", "ahead_of_line", Allowed::ahead_of_line);
    register_slot_names(words, surroundings);
    register_days(words);
}

/// `.at(…)` and `.not_at(…)`: one name, or a list.
fn register_slot_names(words: &mut Vocabulary<'_>, surroundings: &Rc<Surroundings>) {
    let both: [(&'static str, With<Vec<String>>); 2] = [("at", Allowed::at), ("not_at", Allowed::not_at)];
    for (word, of_names) in both {
        let known = Rc::clone(surroundings);
        words.method("constraint", word, move |allowed: Allowed, zeit: &str| -> Native<Allowed> {
            of_names(allowed, vec![read_slot_name(zeit, &known)?])
        });
        let known = Rc::clone(surroundings);
        words.method("constraint", word, move |allowed: Allowed, zeiten: Array| -> Native<Allowed> {
            of_names(allowed, read_slot_names(word, zeiten, &known)?)
        });
    }
}

fn read_slot_names(word: &str, zeiten: Array, surroundings: &Surroundings) -> Native<Vec<String>> {
    if zeiten.len() > SLOTS_NAMED_MAX {
        return fail(format!("{word}(...) takes at most {SLOTS_NAMED_MAX} names of slots"));
    }
    let read = |zeit: Dynamic| match zeit.as_immutable_string_ref() {
        Ok(zeit) => read_slot_name(&zeit, surroundings),
        Err(found) => {
            let found = names::with_article(found);
            fail(format!("{word}([...]) takes names of slots, such as \"morgens\", not {found}"))
        }
    };
    zeiten.into_iter().map(read).collect()
}

/// `.not_on(…)`, `.also_on(…)` and `.not_between(…)`.
fn register_days(words: &mut Vocabulary<'_>) {
    let both: [(&'static str, With<NamedDays>); 2] = [("not_on", Allowed::not_on), ("also_on", Allowed::also_on)];
    for (word, of_days) in both {
        words.method("constraint", word, move |allowed: Allowed, days: Array| -> Native<Allowed> {
            of_days(allowed, read_list(word, days)?)
        });
        words.method("constraint", word, move |allowed: Allowed, day: Dynamic| -> Native<Allowed> {
            of_days(allowed, read_days(word, day)?)
        });
    }
    words.method("constraint", "not_between", |allowed: Allowed, first: Dynamic, last: Dynamic| -> Native<Allowed> {
        let (Date(first), Date(last)) = (read_end(first)?, read_end(last)?);
        if first > last {
            let (first, last) = (date::to_text(first), date::to_text(last));
            return fail(format!(
                "not_between(…) begins on {first}, after it ends on {last}; write the earlier day first"
            ));
        }
        allowed.not_on(NamedDays::of_stretch(first, last))
    });
}

/// A date as `not_between` takes it.
fn read_end(day: Dynamic) -> Native<Date> {
    let found = day.type_name();
    match as_date(&day) {
        Some(date) => Ok(date),
        None => match day.into_immutable_string() {
            Ok(text) => read_date(&text),
            Err(_) => fail(format!("not_between(…) takes two dates, not {}", names::with_article(found))),
        },
    }
}

fn as_date(day: &Dynamic) -> Option<Date> {
    let date = day.read_lock::<Date>().map(|date| *date);
    date.or_else(|| day.read_lock::<Day>().map(|day| Date(day.date)))
}

fn read_list(word: &str, days: Array) -> Native<NamedDays> {
    let read: Vec<NamedDays> = days.into_iter().map(|day| read_days(word, day)).collect::<Native<_>>()?;
    let weekdays = read.iter().fold(Weekdays::NONE, |all, days| all.union(days.weekdays()));
    Ok(NamedDays::new(weekdays, read.iter().flat_map(NamedDays::stretches).copied().collect()))
}

/// Days of the week as `on` takes them, or a date.
fn read_days(word: &str, day: Dynamic) -> Native<NamedDays> {
    if let Some(Date(date)) = as_date(&day) {
        return Ok(NamedDays::of_stretch(date, date));
    }
    if let Ok(text) = day.as_immutable_string_ref() {
        return read_named(&text);
    }
    if let Ok(number) = day.as_int() {
        return Ok(NamedDays::of_weekdays(Weekdays::NONE.with(count_weekday(number)?)));
    }
    let found = day.type_name();
    match day.try_cast::<DaySet>() {
        Some(DaySet(days)) => Ok(NamedDays::of_weekdays(days)),
        None => {
            let found = names::with_article(found);
            fail(format!("{word}(…) takes days such as \"fr\", \"24.12.2025\" or easter(2026), not {found}"))
        }
    }
}

/// A text that names days: `fr`, or `24.12.2025`.
pub(in crate::rules) fn read_named(text: &str) -> Native<NamedDays> {
    if text.contains(|c: char| c.is_ascii_digit()) {
        let Date(date) = read_date(text)?;
        return Ok(NamedDays::of_stretch(date, date));
    }
    Ok(NamedDays::of_weekdays(Weekdays::NONE.with(read_weekday(text)?)))
}

fn on(weekdays: Weekdays) -> Allowed {
    Allowed(Constraint { weekdays, ..Constraint::ANYWHERE })
}

/// A slot's name; while the rule set is checked, one that some day has.
fn read_slot_name(zeit: &str, surroundings: &Surroundings) -> Native<String> {
    let zeit = read_name(zeit)?;
    match surroundings.known_slots.borrow().as_deref().and_then(|names| misspelt_slot(&zeit, names)) {
        Some(sentence) => fail(sentence),
        None => Ok(zeit),
    }
}

/// What to say of a slot that no day has and that is near to one; others may be of days outside the sample.
pub(in crate::rules) fn misspelt_slot(zeit: &str, known: &[String]) -> Option<String> {
    if known.iter().any(|name| name == zeit) {
        return None;
    }
    let nearest = names::nearest(zeit, known.iter().map(String::as_str))?;
    Some(format!("no day has a slot '{zeit}'; did you mean '{nearest}'?"))
}

fn read_weekdays(days: Array) -> Native<Weekdays> {
    let mut all = Weekdays::NONE;
    for day in days {
        all = if let Ok(name) = day.as_immutable_string_ref() {
            all.with(read_weekday(&name)?)
        } else if let Ok(number) = day.as_int() {
            all.with(count_weekday(number)?)
        } else if let Some(DaySet(set)) = day.try_cast::<DaySet>() {
            WEEK.into_iter().filter(|day| set.contains(*day)).fold(all, Weekdays::with)
        } else {
            return fail("on([...]) takes days such as \"mo\", \"monday\" or 1 for Monday");
        };
    }
    Ok(all)
}

const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

const WEEKDAY_NAMES: &[(&str, Weekday)] = &[
    ("mo", Weekday::Mon),
    ("mon", Weekday::Mon),
    ("monday", Weekday::Mon),
    ("montag", Weekday::Mon),
    ("di", Weekday::Tue),
    ("tue", Weekday::Tue),
    ("tuesday", Weekday::Tue),
    ("dienstag", Weekday::Tue),
    ("mi", Weekday::Wed),
    ("wed", Weekday::Wed),
    ("wednesday", Weekday::Wed),
    ("mittwoch", Weekday::Wed),
    ("do", Weekday::Thu),
    ("thu", Weekday::Thu),
    ("thursday", Weekday::Thu),
    ("donnerstag", Weekday::Thu),
    ("fr", Weekday::Fri),
    ("fri", Weekday::Fri),
    ("friday", Weekday::Fri),
    ("freitag", Weekday::Fri),
    ("sa", Weekday::Sat),
    ("sat", Weekday::Sat),
    ("saturday", Weekday::Sat),
    ("samstag", Weekday::Sat),
    ("sonnabend", Weekday::Sat),
    ("so", Weekday::Sun),
    ("sun", Weekday::Sun),
    ("sunday", Weekday::Sun),
    ("sonntag", Weekday::Sun),
];

pub(in crate::rules) fn read_weekday(name: &str) -> Native<Weekday> {
    let lower = name.trim().to_lowercase();
    if constants().any(|(constant, _)| constant == lower) {
        return fail(format!("write on({lower}), without quotes"));
    }
    match WEEKDAY_NAMES.iter().find(|(known, _)| *known == lower) {
        Some((_, day)) => Ok(*day),
        None => {
            let known = WEEKDAY_NAMES.iter().map(|(known, _)| *known);
            fail(names::suggest(format!("'{}' is not a day of the week", shortened(name)), &lower, known))
        }
    }
}

/// 1 is Monday, 7 is Sunday.
pub(in crate::rules) fn count_weekday(number: i64) -> Native<Weekday> {
    match number.checked_sub(1).and_then(|index| WEEK.get(usize::try_from(index).ok()?)) {
        Some(day) => Ok(*day),
        None => fail(format!("{number} is not a day of the week; 1 is Monday and 7 is Sunday")),
    }
}
