//! An explanation drawn in text: where the task stands, and line by line why nowhere before.

use std::fmt::Write as _;

use chrono::NaiveDate;
use unicode_width::UnicodeWidthStr;

use super::board::short_day;
use super::{explained as said_of, label, line, pad, printable, wrap};
use crate::domain::date;
use crate::domain::explanation::{Considered, Counterfactual, Finding};
use crate::domain::lang::Lang;
use crate::view::explanation::{Explained, words};

/// With less room than this beside the slots' names, what is said of them stands below.
const SAID_WIDTH_MIN: usize = 40;

/// Slots of one day, or whole days, that the same is said of.
struct Group {
    first: NaiveDate,
    last: NaiveDate,
    /// Nothing for whole days.
    zeiten: Vec<String>,
    said: String,
    /// Whether others that the same is said of may be told with it.
    may_grow: bool,
}

/// Draws why a task stands where it stands, at most `width` columns wide.
pub fn explanation(explained: &Explained, width: usize) -> String {
    let (explanation, lang) = (&explained.explanation, explained.lang);
    let mut text = String::new();
    wrap(&mut text, &label(&explanation.task), "", width);
    for sentence in explained.rules.failure(lang).into_iter().flatten() {
        wrap(&mut text, &printable(&sentence), "", width);
    }
    wrap(&mut text, &words::summary(explained), "", width);
    if !explanation.considered.is_empty() {
        text.push('\n');
        slots(&mut text, &explanation.considered, lang, width);
    }
    if let Some(line) = &explanation.line {
        text.push('\n');
        wrap(&mut text, &words::line(line, lang), "", width);
    }
    if let Some(counterfactual) = &explanation.counterfactual {
        text.push('\n');
        what_would_be(&mut text, counterfactual, lang, width);
    }
    text
}

fn slots(text: &mut String, considered: &[Considered], lang: Lang, width: usize) {
    let (earlier, listed) = words::listed(considered);
    if earlier > 0 {
        line(text, &lang.pick(format!("  … {earlier} before that"), format!("  … {earlier} davor")));
    }
    let groups = groups(listed, lang);
    let named: Vec<String> = groups.iter().map(|group| name(group, lang)).collect();
    let widest = named.iter().map(|name| name.width()).max().unwrap_or(0);
    for (name, group) in named.iter().zip(&groups) {
        let name = pad(name, widest);
        match width.saturating_sub(widest) {
            SAID_WIDTH_MIN.. => wrap(text, &group.said, &format!("  {name} – "), width),
            _ => said_of(text, &name, "–", &group.said, width),
        }
    }
}

/// What is said of several slots of a day at once is said once, and so of several days.
fn groups(considered: &[Considered], lang: Lang) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for day in considered.chunk_by(|one, other| one.date == other.date) {
        let begin = groups.len();
        for one in day {
            let said = words::finding(one, lang);
            let may_grow = !matches!(one.finding, Finding::Taken { .. } | Finding::Chosen);
            let zeit = one.zeit.as_deref().map(printable);
            match groups.get_mut(begin..).and_then(<[Group]>::last_mut) {
                Some(last) if may_grow && last.may_grow && last.said == said => last.zeiten.extend(zeit),
                _ => {
                    let zeiten = zeit.into_iter().collect();
                    groups.push(Group { first: one.date, last: one.date, zeiten, said, may_grow });
                }
            }
        }
        if day.len() > 1
            && groups.len() == begin + 1
            && let Some(whole) = groups.last_mut()
        {
            whole.zeiten.clear();
        }
        join_days(&mut groups, begin);
    }
    groups
}

/// Joins a whole day to the whole days before it that the same is said of.
fn join_days(groups: &mut Vec<Group>, begin: usize) {
    let [.., before, day] = &mut groups[..] else { return };
    let is_next = before.last.succ_opt() == Some(day.first) && before.zeiten.is_empty() && day.zeiten.is_empty();
    if is_next && day.may_grow && before.said == day.said {
        before.last = day.last;
        groups.truncate(begin);
    }
}

fn name(group: &Group, lang: Lang) -> String {
    let mut name = short_day(group.first, lang);
    if group.last != group.first {
        let _ = write!(name, " – {}", short_day(group.last, lang));
    }
    if !group.zeiten.is_empty() {
        let _ = write!(name, " {}", group.zeiten.join(", "));
    }
    name
}

fn what_would_be(text: &mut String, counterfactual: &Counterfactual, lang: Lang, width: usize) {
    wrap(text, &words::counterfactual(counterfactual, lang), "", width);
    let Some(difference) = &counterfactual.difference else { return };
    for moved in &difference.moves {
        let at = |standing: &Option<_>| words::standing(standing.as_ref(), lang);
        said_of(text, &label(&moved.task), "–", &format!("{} → {}", at(&moved.from), at(&moved.to)), width);
    }
    for task in &difference.newly_missed {
        let deadline = task.deadline.map(date::to_text).unwrap_or_default();
        let said =
            lang.pick(format!("would miss its deadline {deadline}"), format!("würde den Termin {deadline} verpassen"));
        said_of(text, &label(task), "–", &said, width);
    }
}
