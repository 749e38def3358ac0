//! Dates and days as scripts see them.

use chrono::{Datelike, Days, NaiveDate};
use rhai::Engine;

use super::place::{DaySet, read_weekday};
use crate::domain::date;
use crate::rules::engine::{Native, fail, shortened};
use crate::rules::vocabulary::Vocabulary;

/// A date: it compares and subtracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rules) struct Date(pub NaiveDate);

/// A day of the plan, seen from today.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct Day {
    pub date: NaiveDate,
    pub today: NaiveDate,
}

/// What dates and days have in common.
trait OnCalendar: Clone + 'static {
    fn date(&self) -> NaiveDate;
}

impl OnCalendar for Date {
    fn date(&self) -> NaiveDate {
        self.0
    }
}

impl OnCalendar for Day {
    fn date(&self) -> NaiveDate {
        self.date
    }
}

pub(super) fn register(words: &mut Vocabulary<'_>) {
    words.engine.register_type_with_name::<Date>("date").register_type_with_name::<Day>("day");
    words
        .property("day", "date", |day: &mut Day| Date(day.date))
        .property("day", "index", |day: &mut Day| day.date.signed_duration_since(day.today).num_days());
    refuse_comparisons(words.engine);
    register_calendar::<Date>(words, "date");
    register_calendar::<Day>(words, "day");
    words
        .function("date", read_date)
        .function("date", |year: i64, month: i64, day: i64| -> Native<Date> {
            match (i32::try_from(year), u32::try_from(month), u32::try_from(day)) {
                (Ok(year @ 1..=9999), Ok(month), Ok(day)) => NaiveDate::from_ymd_opt(year, month, day),
                _ => None,
            }
            .map_or_else(|| fail(format!("date({year}, {month}, {day}) is not in the calendar")), |date| Ok(Date(date)))
        })
        .function("easter", easter);
}

/// What dates and days share.
fn register_calendar<T: OnCalendar>(words: &mut Vocabulary<'_>, of: &'static str) {
    words
        .property(of, "weekday", |on: &mut T| i64::from(on.date().weekday().number_from_monday()))
        .property(of, "weekend", |on: &mut T| on.date().weekday().number_from_monday() > 5)
        .property(of, "week", |on: &mut T| i64::from(on.date().iso_week().week()))
        .property(of, "year", |on: &mut T| i64::from(on.date().year()))
        .property(of, "month", |on: &mut T| i64::from(on.date().month()))
        .property(of, "day", |on: &mut T| i64::from(on.date().day()))
        .method(of, "to_string", |on: &mut T| date::to_text(on.date()))
        .operator(of, "+", |on: T, days: i64| step(on.date(), Some(days)))
        .operator(of, "-", |on: T, days: i64| step(on.date(), days.checked_neg()));
    words.engine.register_fn("to_debug", |on: &mut T| date::to_text(on.date()));
    register_comparisons::<T, Date>(words, of);
    register_comparisons::<T, Day>(words, of);
}

fn register_comparisons<A: OnCalendar, B: OnCalendar>(words: &mut Vocabulary<'_>, of: &'static str) {
    words
        .operator(of, "==", |a: A, b: B| a.date() == b.date())
        .operator(of, "!=", |a: A, b: B| a.date() != b.date())
        .operator(of, "<", |a: A, b: B| a.date() < b.date())
        .operator(of, "<=", |a: A, b: B| a.date() <= b.date())
        .operator(of, ">", |a: A, b: B| a.date() > b.date())
        .operator(of, ">=", |a: A, b: B| a.date() >= b.date())
        .operator(of, "-", |a: A, b: B| a.date().signed_duration_since(b.date()).num_days());
}

/// Comparisons with what is no date: Rhai itself would answer that they are false, and nobody would notice.
fn refuse_comparisons(engine: &mut Engine) {
    for operator in COMPARISONS {
        refuse_comparisons_of::<Date>(engine, operator);
        refuse_comparisons_of::<Day>(engine, operator);
        engine
            .register_fn(operator, |_: i64, _: DaySet| -> Native<bool> { fail(IN_DAYS) })
            .register_fn(operator, |_: DaySet, _: i64| -> Native<bool> { fail(IN_DAYS) });
    }
}

fn refuse_comparisons_of<T: OnCalendar>(engine: &mut Engine, operator: &str) {
    engine
        .register_fn(operator, |_: T, text: &str| -> Native<bool> { fail(against_text(text)) })
        .register_fn(operator, |text: &str, _: T| -> Native<bool> { fail(against_text(text)) })
        .register_fn(operator, |_: T, _: i64| -> Native<bool> { fail(AGAINST_NUMBER) })
        .register_fn(operator, |_: i64, _: T| -> Native<bool> { fail(AGAINST_NUMBER) })
        .register_fn(operator, |_: T, _: DaySet| -> Native<bool> { fail(IN_DAYS) })
        .register_fn(operator, |_: DaySet, _: T| -> Native<bool> { fail(IN_DAYS) });
}

pub(in crate::rules) const COMPARISONS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];

/// What to say where something is compared with `weekdays` or `weekends`.
pub(in crate::rules) const IN_DAYS: &str =
    "weekdays and weekends are for on(…) and equal nothing; ask .weekend, which is true or false, or .weekday == 1";

const AGAINST_NUMBER: &str =
    "a date is compared with a date, not with a number; ask its .weekday, .day, .month or .year";

/// What to say where a date is compared with a text.
pub(in crate::rules) fn against_text(text: &str) -> String {
    let text = shortened(text);
    match read_weekday(&text) {
        Ok(day) => format!("a date is no day of the week; write .weekday == {}", day.number_from_monday()),
        Err(_) => format!("a date is compared with a date, not with a text; write date(\"{text}\")"),
    }
}

fn step(from: NaiveDate, days: Option<i64>) -> Native<Date> {
    let reached = days.and_then(|days| match u64::try_from(days) {
        Ok(forward) => from.checked_add_days(Days::new(forward)),
        Err(_) => from.checked_sub_days(Days::new(days.unsigned_abs())),
    });
    match reached.filter(|date| (1..=9999).contains(&date.year())) {
        Some(date) => Ok(Date(date)),
        None => fail("the date lies beyond the calendar (years 1 to 9999)"),
    }
}

/// A date as people write it, in the forms that task files know.
pub(in crate::rules) fn read_date(text: &str) -> Native<Date> {
    match date::parse_lenient(text) {
        Some(date) => Ok(Date(date)),
        None => fail(format!("'{text}' is not a date of the calendar; write it as 24.12.2025")),
    }
}

/// Easter Sunday of the Gregorian calendar (Meeus, Jones, Butcher).
fn easter(year: i64) -> Native<Date> {
    if !(1583..=9999).contains(&year) {
        return fail(format!("easter({year}) is not known; the year must be from 1583 to 9999"));
    }
    let golden = year % 19;
    let (century, of_century) = (year / 100, year % 100);
    let skipped_leaps = (century + 8) / 25;
    let moon = (century - skipped_leaps + 1) / 3;
    let epact = (19 * golden + century - century / 4 - moon + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4) % 7;
    let correction = (golden + 11 * epact + 22 * weekday) / 451;
    let days_from_march = epact + weekday - 7 * correction + 114;
    let easter = match (i32::try_from(year), u32::try_from(days_from_march)) {
        (Ok(year), Ok(days)) => NaiveDate::from_ymd_opt(year, days / 31, days % 31 + 1),
        _ => None,
    };
    easter.map_or_else(|| fail(format!("easter({year}) is not known")), |date| Ok(Date(date)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_is_where_the_calendar_has_it() {
        for (year, expected) in [
            (1818, "22.03.1818"),
            (2000, "23.04.2000"),
            (2024, "31.03.2024"),
            (2025, "20.04.2025"),
            (2026, "05.04.2026"),
            (2038, "25.04.2038"),
        ] {
            assert_eq!(easter(year).map(|date| date::to_text(date.0)).ok().as_deref(), Some(expected));
        }
        assert!(easter(1582).is_err() && easter(i64::MAX).is_err());
    }
}
