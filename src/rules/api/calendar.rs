//! Dates and days as scripts see them.

use chrono::{Datelike, Days, NaiveDate};
use rhai::{CustomType, Engine, TypeBuilder};

use crate::domain::date;
use crate::rules::engine::{Native, fail};

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

impl CustomType for Date {
    fn build(mut builder: TypeBuilder<Self>) {
        builder.with_name("date");
        build_calendar(&mut builder);
    }
}

impl CustomType for Day {
    fn build(mut builder: TypeBuilder<Self>) {
        builder.with_name("day");
        build_calendar(&mut builder);
        builder
            .with_get("date", |day: &mut Day| Date(day.date))
            .with_get("datum", |day: &mut Day| Date(day.date))
            .with_get("index", |day: &mut Day| day.date.signed_duration_since(day.today).num_days());
    }
}

/// The properties that dates and days share, in both languages.
fn build_calendar<T: OnCalendar>(builder: &mut TypeBuilder<T>) {
    let weekday = |on: &mut T| i64::from(on.date().weekday().number_from_monday());
    let weekend = |on: &mut T| on.date().weekday().number_from_monday() > 5;
    let week = |on: &mut T| i64::from(on.date().iso_week().week());
    let year = |on: &mut T| i64::from(on.date().year());
    let month = |on: &mut T| i64::from(on.date().month());
    let day = |on: &mut T| i64::from(on.date().day());
    builder
        .with_get("weekday", weekday)
        .with_get("wochentag", weekday)
        .with_get("weekend", weekend)
        .with_get("wochenende", weekend)
        .with_get("week", week)
        .with_get("woche", week)
        .with_get("year", year)
        .with_get("jahr", year)
        .with_get("month", month)
        .with_get("monat", month)
        .with_get("day", day)
        .with_get("tag", day)
        .with_fn("to_string", |on: &mut T| date::to_text(on.date()))
        .with_fn("to_debug", |on: &mut T| date::to_text(on.date()));
}

pub(super) fn register(engine: &mut Engine) {
    engine.build_type::<Date>().build_type::<Day>();
    register_comparisons::<Date, Date>(engine);
    register_comparisons::<Date, Day>(engine);
    register_comparisons::<Day, Date>(engine);
    register_comparisons::<Day, Day>(engine);
    register_steps::<Date>(engine);
    register_steps::<Day>(engine);
    engine
        .register_fn("date", |text: &str| read_date(text))
        .register_fn("date", |year: i64, month: i64, day: i64| -> Native<Date> {
            match (i32::try_from(year), u32::try_from(month), u32::try_from(day)) {
                (Ok(year @ 1..=9999), Ok(month), Ok(day)) => NaiveDate::from_ymd_opt(year, month, day),
                _ => None,
            }
            .map_or_else(|| fail(format!("date({year}, {month}, {day}) is not in the calendar")), |date| Ok(Date(date)))
        })
        .register_fn("easter", easter);
}

fn register_comparisons<A: OnCalendar, B: OnCalendar>(engine: &mut Engine) {
    engine
        .register_fn("==", |a: A, b: B| a.date() == b.date())
        .register_fn("!=", |a: A, b: B| a.date() != b.date())
        .register_fn("<", |a: A, b: B| a.date() < b.date())
        .register_fn("<=", |a: A, b: B| a.date() <= b.date())
        .register_fn(">", |a: A, b: B| a.date() > b.date())
        .register_fn(">=", |a: A, b: B| a.date() >= b.date())
        .register_fn("-", |a: A, b: B| a.date().signed_duration_since(b.date()).num_days());
}

fn register_steps<A: OnCalendar>(engine: &mut Engine) {
    engine
        .register_fn("+", |a: A, days: i64| step(a.date(), Some(days)))
        .register_fn("-", |a: A, days: i64| step(a.date(), days.checked_neg()));
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
pub(super) fn read_date(text: &str) -> Native<Date> {
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
