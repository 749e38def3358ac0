//! A task in one line, as somebody types it who is in a hurry: `Steuer abgeben !fr morgens #finanzen @privat bis 31.10.`
//!
//! `#word` is a tag, `@word` the category, `!day` fixes it to a day and `!day slot` to a slot of it, `bis day` or `by day` is
//! the deadline. A day may take several words, such as `Oct 31` or `next friday`. Everything else is the title. A backslash
//! before a word keeps it in the title. German and English words
//! stand beside each other, whatever the language of the one who types.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::date;
use super::lang::Phrase;

/// What a line was understood to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quick {
    pub title: String,
    /// As it was written; whether there is such a category is for the rules to say.
    pub kategorie: Option<String>,
    pub tags: Vec<String>,
    pub deadline: Option<NaiveDate>,
    /// An error where a word after `!` is no day and no slot.
    pub slot: Option<Result<QuickSlot, NoDay>>,
}

/// Where a line wants its task: on a day, in a slot, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuickSlot {
    pub datum: Option<NaiveDate>,
    /// In lower case, as the rules may name it.
    pub zeit: Option<String>,
}

/// A word stands where a day or a slot has to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoDay;

/// What can stand after `!`.
pub const DAY: Phrase = Phrase {
    en: "a day such as fri, tomorrow, Oct 15, 15.10. or 2025-10-15, with a slot after it or not",
    de: "ein Tag wie fr, morgen, 15.10., 15. Okt oder 15.10.2025, mit einem Slot dahinter oder ohne",
};

/// What people call the slots of a day beside the names that the rules give.
const SLOT_WORDS: [(&str, &str); 6] = [
    ("morning", "morgens"),
    ("vormittags", "morgens"),
    ("afternoon", "nachmittags"),
    ("evening", "abends"),
    ("früh", "morgens"),
    ("abend", "abends"),
];
const CATEGORY_WORDS: [(&str, &str); 4] =
    [("work", "arbeit"), ("private", "privat"), ("home", "privat"), ("geschäftlich", "arbeit")];
const DEADLINE_WORDS: [&str; 5] = ["bis", "by", "until", "due", "fällig"];
const WEEKDAYS: [(Weekday, [&str; 5]); 7] = [
    (Weekday::Mon, ["mo", "montag", "mon", "monday", "mo."]),
    (Weekday::Tue, ["di", "dienstag", "tue", "tuesday", "di."]),
    (Weekday::Wed, ["mi", "mittwoch", "wed", "wednesday", "mi."]),
    (Weekday::Thu, ["do", "donnerstag", "thu", "thursday", "do."]),
    (Weekday::Fri, ["fr", "freitag", "fri", "friday", "fr."]),
    (Weekday::Sat, ["sa", "samstag", "sat", "saturday", "sonnabend"]),
    (Weekday::Sun, ["so", "sonntag", "sun", "sunday", "so."]),
];
/// The names of the months, January first; their first letters are enough, but no fewer than these.
const MONTHS: [&[&str]; 12] = [
    &["january", "januar", "jänner"],
    &["february", "februar"],
    &["march", "märz", "maerz"],
    &["april"],
    &["may", "mai"],
    &["june", "juni"],
    &["july", "juli"],
    &["august"],
    &["september"],
    &["october", "oktober"],
    &["november"],
    &["december", "dezember"],
];
const MONTH_CHARS_MIN: usize = 3;
/// Before a weekday: the one that comes, and the one of the week after this.
const COMING_WORDS: [&str; 6] = ["this", "coming", "diesen", "dieser", "kommenden", "kommender"];
const NEXT_WORDS: [&str; 4] = ["next", "nächsten", "nächster", "naechsten"];
/// The most words that say a day: `Oct 31 2026`.
const DAY_WORDS_MAX: usize = 3;
/// Words shorter than this are no weekday in the middle of a sentence: *bis so viel* is none.
const WEEKDAY_IN_TEXT_CHARS_MIN: usize = 3;

/// Reads a line. `slots` are the names of slots that the user's days have.
pub fn read(line: &str, today: NaiveDate, slots: &[String]) -> Quick {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut quick = Quick::default();
    let mut title: Vec<&str> = Vec::new();
    let mut rest = &words[..];
    while let [word, after @ ..] = rest {
        rest = after;
        if let Some(plain) = word.strip_prefix('\\') {
            title.push(plain);
        } else if let Some(tag) = marked(word, '#').filter(|tag| !is_number(tag)) {
            // Where tags are typed in one line, a comma stands between two.
            for tag in tag.split(',').filter(|tag| !tag.is_empty()) {
                if !quick.tags.iter().any(|known| known == tag) {
                    quick.tags.push(tag.to_owned());
                }
            }
        } else if let Some(category) = marked(word, '@') {
            quick.kategorie = Some(named(&CATEGORY_WORDS, category).unwrap_or(category).to_owned());
        } else if let Some(day) = marked(word, '!') {
            let said: Vec<&str> = [day].into_iter().chain(after.iter().copied().take(DAY_WORDS_MAX)).collect();
            let slot = slot(&said, today, slots);
            rest = &after[slot.as_ref().map_or(0, |(_, count)| count - 1)..];
            quick.slot = Some(slot.map(|(slot, _)| slot).ok_or(NoDay));
        } else if let Some((deadline, count)) = deadline(word, after, today) {
            quick.deadline = Some(deadline);
            rest = &after[count..];
        } else {
            title.push(word);
        }
    }
    quick.title = title.join(" ");
    quick
}

/// What follows a mark; a mark alone, or several of them, is text.
fn marked(word: &str, mark: char) -> Option<&str> {
    word.strip_prefix(mark).filter(|rest| !rest.is_empty() && !rest.starts_with(mark))
}

/// `#42` is more often the number of something than a tag.
fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_marked(word: &str) -> bool {
    ['#', '@', '!'].into_iter().any(|mark| marked(word, mark).is_some())
}

fn named<'w>(words: &[(&str, &'w str)], word: &str) -> Option<&'w str> {
    let lower = word.to_lowercase();
    words.iter().find(|(known, _)| *known == lower).map(|(_, name)| *name)
}

/// Where these words behind a `!` want the task, and how many of them say so.
fn slot(words: &[&str], today: NaiveDate, slots: &[String]) -> Option<(QuickSlot, usize)> {
    let slot_named = |word: &str| {
        let lower = word.to_lowercase();
        let known = slots.iter().find(|slot| **slot == lower).cloned();
        known.or_else(|| named(&SLOT_WORDS, word).map(str::to_owned))
    };
    if let Some((datum, count)) = first_day(words, today) {
        let zeit = words.get(count).and_then(|word| slot_named(word));
        let count = count + usize::from(zeit.is_some());
        return Some((QuickSlot { datum: Some(datum), zeit }, count));
    }
    let zeit = words.first().and_then(|word| slot_named(word))?;
    Some((QuickSlot { datum: None, zeit: Some(zeit) }, 1))
}

/// The deadline that `word` and the words after it say, and how many of those do.
fn deadline(word: &str, after: &[&str], today: NaiveDate) -> Option<(NaiveDate, usize)> {
    let lower = word.to_lowercase();
    if !DEADLINE_WORDS.contains(&lower.trim_end_matches(':')) {
        return None;
    }
    let (day, count) = first_day(after, today)?;
    let is_in_text = after.get(count).is_some_and(|next| !is_marked(next));
    let is_short =
        |word: &str| word.chars().all(char::is_alphabetic) && word.chars().count() < WEEKDAY_IN_TEXT_CHARS_MIN;
    let is_text = is_in_text && count == 1 && after.first().is_some_and(|word| is_short(word));
    (!is_text).then_some((day, count))
}

/// The day that the first of these words say, as many as can, and how many those are.
fn first_day(words: &[&str], today: NaiveDate) -> Option<(NaiveDate, usize)> {
    let counts = (1..=words.len().min(DAY_WORDS_MAX)).rev();
    let mut days = counts.filter_map(|count| day(&words[..count], today).map(|day| (day, count)));
    days.next()
}

/// A day as people say it, from `today` on where it leaves the year or the week open.
fn day(words: &[&str], today: NaiveDate) -> Option<NaiveDate> {
    let lower: Vec<String> = words.iter().map(|word| word.trim_end_matches([',', ';']).to_lowercase()).collect();
    match &lower[..] {
        [word] => day_in_a_word(word, today),
        [one, other] => weekday_near(one, other, today)
            .or_else(|| date::parse_request(&format!("{}{}", one, year(other)?)))
            .or_else(|| day_of_year(&day_and_month(one, other)?, today))
            .or_else(|| weekday_of(one, &[other], today)),
        [one, other, last] => year(last)
            .and_then(|year| date::parse_request(&format!("{}.{year}", day_and_month(one, other)?)))
            .or_else(|| weekday_of(one, &[other, last], today)),
        _ => None,
    }
}

fn day_in_a_word(word: &str, today: NaiveDate) -> Option<NaiveDate> {
    let after = |days| today.checked_add_days(Days::new(days));
    match word {
        "heute" | "today" => return Some(today),
        "morgen" | "tomorrow" => return after(1),
        "übermorgen" => return after(2),
        _ => {}
    }
    let coming = weekday(word).and_then(|weekday| weekday_from(today, weekday));
    coming.or_else(|| date::parse_request(word)).or_else(|| day_of_year(word, today))
}

fn weekday(word: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(_, names)| names.contains(&word)).map(|(weekday, _)| *weekday)
}

/// A year that stands apart, whatever ends the sentence behind it.
fn year(word: &str) -> Option<&str> {
    let year = word.trim_matches(['.', ',', ';', ':', '!', '?', '(', ')']);
    (year.len() == 4 && is_number(year)).then_some(year)
}

/// `fr 11.12.` or `Fri, Dec 11`: a day that is of this weekday.
fn weekday_of(name: &str, rest: &[&str], today: NaiveDate) -> Option<NaiveDate> {
    let weekday = weekday(name)?;
    day(rest, today).filter(|day| day.weekday() == weekday)
}

/// The first such day that is not before `day`.
fn weekday_from(day: NaiveDate, weekday: Weekday) -> Option<NaiveDate> {
    let days = (7 + weekday.num_days_from_monday() - day.weekday().num_days_from_monday()) % 7;
    day.checked_add_days(Days::new(u64::from(days)))
}

/// `this friday` or `next friday`, which is the one of the week after this.
fn weekday_near(word: &str, name: &str, today: NaiveDate) -> Option<NaiveDate> {
    let weekday = weekday(name)?;
    if COMING_WORDS.contains(&word) {
        return weekday_from(today, weekday);
    }
    let monday = weekday_from(today.succ_opt()?, Weekday::Mon)?;
    NEXT_WORDS.contains(&word).then(|| weekday_from(monday, weekday))?
}

/// `31 Oct`, `Oct 31st` or `31. Oktober` in numbers.
fn day_and_month(one: &str, other: &str) -> Option<String> {
    let month = |word: &str| {
        let word = word.trim_end_matches('.');
        let is_said = |names: &&[&str]| names.iter().any(|name| name.starts_with(word));
        (word.chars().count() >= MONTH_CHARS_MIN).then(|| MONTHS.iter().position(is_said))?
    };
    let number = |word: &str| {
        let endings = [".", "st", "nd", "rd", "th"];
        let word = endings.iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word);
        (!word.is_empty() && is_number(word)).then(|| word.to_owned())
    };
    let (day, month) = match (number(one), month(other)) {
        (Some(day), Some(month)) => (day, month),
        _ => (number(other)?, month(one)?),
    };
    Some(format!("{day}.{}", month + 1))
}

/// `15.10.` or `15.10`: the next such day.
fn day_of_year(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let this_year = date::parse_request(&format!("{text}.{:04}", today.year()));
    match this_year.filter(|day| *day >= today) {
        Some(day) => Some(day),
        // A 29th of February may be years away.
        None => (1..=8).find_map(|years| date::parse_request(&format!("{text}.{:04}", today.year() + years))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Wednesday.
    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2025, 10, 15).unwrap()
    }

    fn understood(line: &str) -> Quick {
        let slots = ["morgens", "nachmittags", "abends"].map(str::to_owned);
        read(line, today(), &slots)
    }

    fn date(day: u32, month: u32, year: i32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn a_line_says_everything() {
        let quick = understood("Steuer abgeben !fr morgens #finanzen @privat bis 31.10.");
        let slot = QuickSlot { datum: Some(date(17, 10, 2025)), zeit: Some("morgens".into()) };
        let wanted = Quick {
            title: "Steuer abgeben".into(),
            kategorie: Some("privat".into()),
            tags: vec!["finanzen".into()],
            deadline: Some(date(31, 10, 2025)),
            slot: Some(Ok(slot)),
        };
        assert_eq!(quick, wanted);
        assert_eq!(understood("bis 31.10. @private #finanzen Steuer !friday morning abgeben"), wanted);
    }

    #[test]
    fn days_are_said_in_many_ways() {
        for (word, wanted) in [
            ("heute", date(15, 10, 2025)),
            ("Tomorrow", date(16, 10, 2025)),
            ("übermorgen", date(17, 10, 2025)),
            ("mi", date(15, 10, 2025)),
            ("Dienstag", date(21, 10, 2025)),
            ("sun", date(19, 10, 2025)),
            ("14.10.", date(14, 10, 2026)),
            ("15.10.", date(15, 10, 2025)),
            ("1.1", date(1, 1, 2026)),
            ("29.2.", date(29, 2, 2028)),
            ("3.4.2026", date(3, 4, 2026)),
            ("2026-04-03", date(3, 4, 2026)),
            ("Oct 31", date(31, 10, 2025)),
            ("31 oct", date(31, 10, 2025)),
            ("31. Oktober", date(31, 10, 2025)),
            ("14th October", date(14, 10, 2026)),
            ("Jan. 1st", date(1, 1, 2026)),
            ("3. März", date(3, 3, 2026)),
            ("1. Mai", date(1, 5, 2026)),
            ("Sept 3", date(3, 9, 2026)),
            ("feb 29", date(29, 2, 2028)),
            ("Oct 31, 2027", date(31, 10, 2027)),
            ("2 December 2025", date(2, 12, 2025)),
            ("this friday", date(17, 10, 2025)),
            ("diesen Mittwoch", date(15, 10, 2025)),
            ("next friday", date(24, 10, 2025)),
            ("next mon", date(20, 10, 2025)),
            ("nächsten Sonntag", date(26, 10, 2025)),
        ] {
            let words: Vec<&str> = word.split(' ').collect();
            assert_eq!(day(&words, today()), Some(wanted), "{word}");
        }
        for no_day in [
            "",
            "gestern",
            "31.2.",
            "1.13.",
            "so what",
            "15",
            "..",
            "1.1.1",
            "oct",
            "oct oct",
            "31 31",
            "feb 30",
            "31 o",
            "next",
            "next 31",
            "friday next",
            "oct 31 26",
            "ma 3",
            "st oct",
        ] {
            let words: Vec<&str> = no_day.split(' ').collect();
            assert_eq!(day(&words, today()), None, "{no_day:?}");
        }
        // On a Sunday and on a Monday the week after this begins on the next Monday.
        for (today, monday) in [(date(19, 10, 2025), 20), (date(20, 10, 2025), 27)] {
            assert_eq!(day(&["next", "monday"], today), Some(date(monday, 10, 2025)));
        }
    }

    #[test]
    fn a_day_of_several_words_stands_wherever_a_day_can() {
        for (line, title, deadline) in [
            ("Taxes by Oct 31", "Taxes", date(31, 10, 2025)),
            ("Taxes by 31 Oct for Tom", "Taxes for Tom", date(31, 10, 2025)),
            ("due: next friday Taxes", "Taxes", date(24, 10, 2025)),
            ("Steuer bis nächsten Freitag #geld", "Steuer", date(24, 10, 2025)),
            ("Steuer bis 31. Oktober 2026 abgeben", "Steuer abgeben", date(31, 10, 2026)),
            ("Taxes by friday", "Taxes", date(17, 10, 2025)),
            ("Taxes by Dec 5 2027.", "Taxes", date(5, 12, 2027)),
            ("Taxes by Dec 5 (2027)", "Taxes", date(5, 12, 2027)),
            ("Steuer bis 5.12. 2027 abgeben", "Steuer abgeben", date(5, 12, 2027)),
            ("Steuer bis Fr 24.10. abgeben", "Steuer abgeben", date(24, 10, 2025)),
            ("Taxes by Fri, Dec 5", "Taxes", date(5, 12, 2025)),
        ] {
            let quick = understood(line);
            assert_eq!((quick.title.as_str(), quick.deadline), (title, Some(deadline)), "{line}");
        }
        let slot =
            |datum, zeit: Option<&str>| Some(Ok(QuickSlot { datum: Some(datum), zeit: zeit.map(str::to_owned) }));
        let quick = understood("Taxes !Oct 31 evening at home");
        assert_eq!((quick.title.as_str(), quick.slot), ("Taxes at home", slot(date(31, 10, 2025), Some("abends"))));
        let quick = understood("Taxes !next fri 2 hours");
        assert_eq!((quick.title.as_str(), quick.slot), ("Taxes 2 hours", slot(date(24, 10, 2025), None)));
    }

    #[test]
    fn what_is_no_sign_is_text() {
        for title in [
            "Fix issue #42",
            "Write to anna@example.org",
            "Wait! # @ ! stop",
            "Warten bis so viel Zeit ist",
            "Sort the books by author",
            "!! urgent",
            "Due process",
            "Play by ear in May",
            "Sell Oct 31 tickets",
            "Ask who stands by next",
        ] {
            assert_eq!(understood(title), Quick { title: title.into(), ..Quick::default() });
        }
        assert_eq!(understood(r"Learn \#rust \bis Freitag").title, "Learn #rust bis Freitag");
        assert_eq!(understood("Rasen mähen bis so #garten").deadline, Some(date(19, 10, 2025)));
        assert_eq!(understood("Rasen mähen bis do").deadline, Some(date(16, 10, 2025)));
    }

    #[test]
    fn a_slot_alone_leaves_the_day_open_and_a_day_alone_the_slot() {
        assert_eq!(understood("Yoga !abends").slot, Some(Ok(QuickSlot { datum: None, zeit: Some("abends".into()) })));
        let friday = Some(Ok(QuickSlot { datum: Some(date(17, 10, 2025)), zeit: None }));
        assert_eq!((understood("Yoga !fr").slot, understood("!fr Yoga").slot), (friday.clone(), friday));
        let unknown = understood("Yoga !whenever bis do #sport");
        assert_eq!((unknown.slot, unknown.deadline), (Some(Err(NoDay)), Some(date(16, 10, 2025))), "the rest is read");
    }
}
