//! A task in one line, as somebody types it who is in a hurry: `Steuer abgeben !fr morgens #finanzen @privat bis 31.10.`
//!
//! `#word` is a tag, `@word` the category, `!day` fixes it to a day and `!day slot` to a slot of it, `bis day` or `by day` is
//! the deadline. Everything else is the title. A backslash before a word keeps it in the title. German and English words
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
    pub slot: Option<QuickSlot>,
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
    en: "a day such as fr, tomorrow, 15.10. or 2025-10-15, with a slot after it or not",
    de: "ein Tag wie fr, morgen, 15.10. oder 15.10.2025, mit einem Slot dahinter oder ohne",
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
/// Words shorter than this are no weekday in the middle of a sentence: *bis so viel* is none.
const WEEKDAY_IN_TEXT_CHARS_MIN: usize = 3;

/// Reads a line. `slots` are the names of slots that the user's days have.
///
/// # Errors
/// A word after `!` that is no day and no slot.
pub fn read(line: &str, today: NaiveDate, slots: &[String]) -> Result<Quick, NoDay> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut quick = Quick::default();
    let mut title: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let next = words.get(at + 1).copied();
        at += 1;
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
            let (slot, takes_next) = slot(day, next, today, slots)?;
            quick.slot = Some(slot);
            at += usize::from(takes_next);
        } else if let Some(deadline) = next.and_then(|day| deadline(word, day, words.get(at + 1).copied(), today)) {
            quick.deadline = Some(deadline);
            at += 1;
        } else {
            title.push(word);
        }
    }
    quick.title = title.join(" ");
    Ok(quick)
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

/// Where `!first next` wants the task, and whether `next` belongs to it.
fn slot(first: &str, next: Option<&str>, today: NaiveDate, slots: &[String]) -> Result<(QuickSlot, bool), NoDay> {
    let slot_named = |word: &str| {
        let lower = word.to_lowercase();
        let known = slots.iter().find(|slot| **slot == lower).cloned();
        known.or_else(|| named(&SLOT_WORDS, word).map(str::to_owned))
    };
    if let Some(datum) = day(first, today) {
        let zeit = next.and_then(slot_named);
        let takes_next = zeit.is_some();
        return Ok((QuickSlot { datum: Some(datum), zeit }, takes_next));
    }
    match slot_named(first) {
        Some(zeit) => Ok((QuickSlot { datum: None, zeit: Some(zeit) }, false)),
        None => Err(NoDay),
    }
}

/// The deadline that `word day` says, `after` being the word behind.
fn deadline(word: &str, day_word: &str, after: Option<&str>, today: NaiveDate) -> Option<NaiveDate> {
    let lower = word.to_lowercase();
    if !DEADLINE_WORDS.contains(&lower.trim_end_matches(':')) {
        return None;
    }
    let is_in_text = after.is_some_and(|after| !is_marked(after));
    let is_short = day_word.chars().all(char::is_alphabetic) && day_word.chars().count() < WEEKDAY_IN_TEXT_CHARS_MIN;
    day(day_word, today).filter(|_| !(is_in_text && is_short))
}

/// A day as people say it, from `today` on where it leaves the year or the week open.
pub fn day(word: &str, today: NaiveDate) -> Option<NaiveDate> {
    let lower = word.trim_end_matches([',', ';']).to_lowercase();
    let after = |days| today.checked_add_days(Days::new(days));
    match lower.as_str() {
        "heute" | "today" => return Some(today),
        "morgen" | "tomorrow" => return after(1),
        "übermorgen" => return after(2),
        _ => {}
    }
    if let Some((weekday, _)) = WEEKDAYS.iter().find(|(_, names)| names.contains(&lower.as_str())) {
        let days = (7 + weekday.num_days_from_monday() - today.weekday().num_days_from_monday()) % 7;
        return after(u64::from(days));
    }
    date::parse_request(&lower).or_else(|| day_of_year(&lower, today))
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
        read(line, today(), &slots).unwrap()
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
            slot: Some(slot),
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
        ] {
            assert_eq!(day(word, today()), Some(wanted), "{word}");
        }
        for no_day in ["", "gestern", "31.2.", "1.13.", "so what", "15", "..", "1.1.1"] {
            assert_eq!(day(no_day, today()), None, "{no_day:?}");
        }
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
        ] {
            assert_eq!(understood(title), Quick { title: title.into(), ..Quick::default() });
        }
        assert_eq!(understood(r"Learn \#rust \bis Freitag").title, "Learn #rust bis Freitag");
        assert_eq!(understood("Rasen mähen bis so #garten").deadline, Some(date(19, 10, 2025)));
        assert_eq!(understood("Rasen mähen bis do").deadline, Some(date(16, 10, 2025)));
    }

    #[test]
    fn a_slot_alone_leaves_the_day_open_and_a_day_alone_the_slot() {
        assert_eq!(understood("Yoga !abends").slot, Some(QuickSlot { datum: None, zeit: Some("abends".into()) }));
        let friday = Some(QuickSlot { datum: Some(date(17, 10, 2025)), zeit: None });
        assert_eq!((understood("Yoga !fr").slot, understood("!fr Yoga").slot), (friday.clone(), friday));
        assert_eq!(read("Yoga !whenever", today(), &[]), Err(NoDay));
    }
}
