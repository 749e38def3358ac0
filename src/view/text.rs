//! The week drawn in text, for terminals.

mod board;
mod explanation;
mod preview;

use std::fmt::Write as _;

use chrono::{Datelike, NaiveDate, Weekday};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use self::board::Board;
use super::Answer;
use super::ready_rules::reasons;
use crate::domain::date;
use crate::domain::difference::{Move, Standing};
use crate::domain::lang::Lang;
use crate::domain::task::Task;
use crate::domain::timeline::{PlacedTask, Placement, Reason, Timeline, Unplaced};

pub use self::explanation::explanation;
pub use self::preview::preview;

/// Draws the week, at most `width` columns wide, and below it everything that is not in it.
pub fn week(answer: &Answer, width: usize) -> String {
    let timeline = &answer.timeline;
    let mut text = String::new();
    heading(&mut text, answer);
    if timeline.days.is_empty() {
        line(&mut text, no_slot(answer.lang));
    } else {
        board(timeline, answer.lang).draw(&mut text, width);
    }
    remainder(&mut text, answer, width);
    text
}

/// What is said in the place of days where there are none.
pub fn no_slot(lang: Lang) -> &'static str {
    lang.pick("No slot is offered in these days.", "In diesen Tagen gibt es keinen freien Slot.")
}

fn heading(text: &mut String, answer: &Answer) {
    let today = answer.timeline.today;
    let (day, date) = (weekday(today, answer.lang), date::to_text(today));
    let rules = answer.lang.pick("rules", "Regeln");
    let _ = writeln!(text, "{} · {day} {date} · {} · {rules}: {}", answer.user, answer.zone.name(), answer.rules.name);
    for sentence in answer.rules.failure(answer.lang).into_iter().flatten() {
        let _ = writeln!(text, "{}", printable(&sentence));
    }
    if let Some(current) = &answer.timeline.current {
        let title = current.task.as_ref().map_or("–".to_owned(), |placed| label(&placed.task));
        let now = answer.lang.pick("now", "jetzt");
        let _ = writeln!(text, "{now}: {} {} · {title}", current.zeit, times(current));
    }
    text.push('\n');
}

fn board(timeline: &Timeline, lang: Lang) -> Board<'_> {
    let slots: Vec<&Placement> = timeline.days.iter().flat_map(|day| &day.slots).collect();
    let mut board = Board::of(&slots);
    for day in &timeline.days {
        let cells = day.slots.iter().map(|slot| (slot.zeit.as_str(), vec![content(slot)]));
        board.add_day(day.date, lang, cells.collect());
    }
    board
}

/// Everything that is not in the week, each with its reason; who is simply in line is one line.
fn remainder(text: &mut String, answer: &Answer, width: usize) {
    let (timeline, lang) = (&answer.timeline, answer.lang);
    section(text, lang.pick("Overdue", "Überfällig"), &timeline.overdue, lang, width);
    section(text, lang.pick("Slot taken", "Slot belegt"), &timeline.conflicts, lang, width);
    section(text, lang.pick("Not placed", "Ohne Platz"), &timeline.unplaced, lang, width);
    section(text, lang.pick("Later", "Später"), &timeline.later, lang, width);
    if !timeline.missed.is_empty() {
        line(text, lang.pick("Deadline without a slot", "Termin ohne Slot"));
        for task in &timeline.missed {
            let deadline = task.deadline.map(date::to_text).unwrap_or_default();
            line(text, &shorten(&format!("  {} ({deadline})", label(task)), width));
        }
    }
    if !timeline.invalid.is_empty() {
        line(text, lang.pick("Unreadable", "Unlesbar"));
        for document in &timeline.invalid {
            let (at, reason) = (document.problem.line, document.problem.text(lang));
            line(text, &format!("  {}:{at}: {reason}", printable(&document.file)));
        }
    }
    match timeline.waiting.len() {
        0 => {}
        1 => line(text, lang.pick("1 more in line", "1 weitere in der Reihe")),
        count => line(text, &lang.pick(format!("{count} more in line"), format!("{count} weitere in der Reihe"))),
    }
}

fn section(text: &mut String, title: &str, entries: &[Unplaced], lang: Lang, width: usize) {
    if entries.is_empty() {
        return;
    }
    line(text, title);
    for entry in entries {
        explained(text, &label(&entry.task), "–", &reason(entry, lang), width);
    }
}

/// A task and, behind `mark`, what is said of it. That is what the line is there for: where there is no room it is
/// wrapped, and only the title is cut.
fn explained(text: &mut String, label: &str, mark: &str, said: &str, width: usize) {
    let whole = format!("  {label} {mark} {said}");
    if whole.width() <= width {
        line(text, &whole);
    } else {
        line(text, &shorten(&format!("  {label}"), width));
        wrap(text, said, &format!("    {mark} "), width);
    }
}

/// A text in lines of at most `width` columns, broken between words where there are any; the first begins with `mark`.
fn wrap(text: &mut String, content: &str, mark: &str, width: usize) {
    let room = width.saturating_sub(mark.width()).max(1);
    let mut begin = mark.to_owned();
    let mut rest = content.trim();
    while !rest.is_empty() {
        let mut taken = 0;
        let fits = rest.char_indices().find(|(at, c)| {
            taken += c.width().unwrap_or(0);
            taken > room && *at > 0
        });
        let end = match fits {
            None => rest.len(),
            // A blank that just does not fit ends a line as well.
            Some((at, c)) => match rest[..at + c.len_utf8()].rfind(' ') {
                Some(blank) if blank > 0 => blank,
                _ => at,
            },
        };
        let (now, after) = rest.split_at(end);
        line(text, &format!("{begin}{now}"));
        begin = " ".repeat(mark.width());
        rest = after.trim_start();
    }
}

/// Why a task has no slot, in words.
pub fn reason(entry: &Unplaced, lang: Lang) -> String {
    reason_of(&entry.task, &entry.reason, lang)
}

/// The same of a task and its reason.
pub fn reason_of(task: &Task, reason: &Reason, lang: Lang) -> String {
    let slot = task.fixed_slot.as_ref();
    let slot = slot.map(|slot| {
        let day = slot.datum.map(|day| format!("{} {}", weekday(day, lang), date::to_text(day)));
        [day, slot.zeit.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    let slot = slot.unwrap_or_default();
    match reason {
        Reason::SlotTaken { by } => {
            lang.pick(format!("{slot} is held by {}", label(by)), format!("{slot} hat schon {}", label(by)))
        }
        Reason::SlotEnded => lang.pick(format!("was fixed to {slot}"), format!("war fest am {slot}")),
        Reason::AfterHorizon => slot,
        Reason::IncompleteFixedSlot => {
            lang.pick(format!("fixed to {slot} without a zeit"), format!("fest am {slot} ohne zeit"))
        }
        Reason::NoSuchSlot => lang.pick(format!("there is no slot {slot}"), format!("den Slot {slot} gibt es nicht")),
        Reason::NoAllowedSlot { because } => {
            let because = because.as_ref().map(|because| format!(" ({})", reasons(because, lang))).unwrap_or_default();
            lang.pick(
                format!("the rules allow no slot of these days{because}"),
                format!("die Regeln erlauben keinen Slot dieser Tage{because}"),
            )
        }
        Reason::ExcludedByRule { because } => printable(&reasons(because, lang)),
    }
}

/// What stands in a slot.
fn content(slot: &Placement) -> String {
    slot.task.as_ref().map_or_else(|| "·".to_owned(), placed)
}

/// Which task stands where instead of where.
pub fn movement(step: &Move, lang: Lang) -> String {
    let place = |standing: &Option<Standing>| match standing {
        Some(Standing::Slot { date, zeit }) => format!("{} {} {}", weekday(*date, lang), date::to_text(*date), zeit),
        Some(Standing::Waiting) => lang.pick("in line", "in der Reihe").to_owned(),
        Some(Standing::Without(_)) => lang.pick("without a slot", "ohne Slot").to_owned(),
        None => lang.pick("not there", "nicht da").to_owned(),
    };
    format!("{}: {} → {}", label(&step.task), place(&step.from), place(&step.to))
}

fn placed(placed: &PlacedTask) -> String {
    let fixed = if placed.is_fixed { "▪ " } else { "" };
    let late = if placed.deadline_missed { "! " } else { "" };
    format!("{fixed}{late}{}", label(&placed.task))
}

pub(super) fn label(task: &Task) -> String {
    format!("{} {}", task.id(), printable(&task.title))
}

/// Without what steers a terminal: what somebody wrote must not move the cursor of somebody else's, nor make a line of
/// it read as another.
pub fn printable(text: &str) -> String {
    text.chars().filter(|c| !steers(*c)).collect()
}

/// Whether a character is not shown but changes how others are: control characters, the line ends of Unicode, and the
/// marks of writing direction, with which the end of a text can be shown as its middle. Writing itself brings its
/// direction along.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{206f}' | '\u{feff}')
}

/// The weekday in short.
pub fn weekday(day: NaiveDate, lang: Lang) -> &'static str {
    weekday_name(day.weekday(), lang)
}

pub(super) fn weekday_name(day: Weekday, lang: Lang) -> &'static str {
    let en = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let de = ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"];
    lang.pick(en, de)[day.num_days_from_monday() as usize]
}

/// `09:00–12:30`
pub fn times(slot: &Placement) -> String {
    format!("{}–{}", slot.from.format("%H:%M"), slot.to.format("%H:%M"))
}

fn line(text: &mut String, content: &str) {
    text.push_str(content.trim_end());
    text.push('\n');
}

/// Filled up with spaces to `width` columns.
pub fn pad(content: &str, width: usize) -> String {
    let missing = width.saturating_sub(content.width());
    format!("{content}{}", " ".repeat(missing))
}

/// Columns of a terminal that a text takes.
pub fn columns_of(content: &str) -> usize {
    content.width()
}

/// At most `width` columns of a terminal; what is cut is marked.
pub fn shorten(content: &str, width: usize) -> String {
    if content.width() <= width {
        return content.to_owned();
    }
    let mut taken = 0;
    let kept = content.chars().take_while(|c| {
        taken += c.width().unwrap_or(0);
        taken < width
    });
    let mut short: String = kept.collect();
    short.push('…');
    short
}
