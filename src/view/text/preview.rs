//! A preview drawn in text: the week with what goes and what comes, and below it what becomes of each task.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use chrono::NaiveDate;

use super::board::{Board, short_day};
use super::{content, explained, label, line, printable, reason_of, shorten, weekday, wrap};
use crate::domain::date;
use crate::domain::difference::Standing;
use crate::domain::lang::Lang;
use crate::domain::slot_changes::{Opening, SlotChange};
use crate::domain::task::Task;
use crate::domain::timeline::{Placement, Reason, Timeline};
use crate::view::preview::{Fate, Place, Preview};

/// Lines of one list; how many more there are is said.
const LINES_MAX: usize = 40;

/// Draws what would change, at most `width` columns wide.
pub fn preview(preview: &Preview, width: usize) -> String {
    let lang = preview.present.lang;
    let mut text = String::new();
    heading(&mut text, preview, lang, width);
    if preview.is_empty() {
        line(&mut text, lang.pick("Nothing changes.", "Nichts ändert sich."));
        return text;
    }
    if changes_week(preview) {
        board((&preview.present.timeline, &preview.candidate.timeline), lang).draw(&mut text, width);
    }
    let lists = Lists::of(preview, lang);
    for (title, entries) in lists.titled(lang) {
        section(&mut text, title, entries, lang, width);
    }
    text.push('\n');
    wrap(&mut text, &lists.counted(lang), "", width);
    text
}

fn heading(text: &mut String, preview: &Preview, lang: Lang, width: usize) {
    let (present, candidate) = (&preview.present, &preview.candidate);
    let today = present.timeline.today;
    let (day, date, zone) = (weekday(today, lang), date::to_text(today), present.zone.name());
    let rules = lang.pick("rules", "Regeln");
    let (from, to) = (&present.rules.name, &candidate.rules.name);
    wrap(text, &format!("{} · {day} {date} · {zone} · {rules}: {from} → {to}", present.user), "", width);
    for sentence in present.rules.failure(lang).into_iter().flatten() {
        let sentence = printable(&sentence);
        let at_present = lang.pick(format!("at present {sentence}"), format!("zurzeit: {sentence}"));
        wrap(text, &at_present, "", width);
    }
    text.push('\n');
}

/// Whether anything would be different on the board.
fn changes_week(preview: &Preview) -> bool {
    let is_in_slot = |fate| match fate {
        Fate::Moved { .. } | Fate::Placed { .. } | Fate::Dropped { from: Some(_), .. } => true,
        Fate::Dropped { from: None, .. } | Fate::Explained { .. } => false,
    };
    !preview.slots.is_empty() || preview.fates().any(|(_, fate)| is_in_slot(fate))
}

/// The days of both, each slot with what goes from it and what comes.
fn board<'t>((present, candidate): (&'t Timeline, &'t Timeline), lang: Lang) -> Board<'t> {
    let (was, now) = (by_day(present), by_day(candidate));
    let slots: Vec<&Placement> = now.values().chain(was.values()).flatten().copied().collect();
    let mut board = Board::of(&slots);
    let days: BTreeSet<&NaiveDate> = was.keys().chain(now.keys()).collect();
    for day in days {
        let (was, now) = (was.get(day).map_or(&[][..], Vec::as_slice), now.get(day).map_or(&[][..], Vec::as_slice));
        let mut slots: Vec<&Placement> = now.to_vec();
        slots.extend(was.iter().filter(|slot| !now.iter().any(|other| other.zeit == slot.zeit)));
        slots.sort_by_key(|slot| slot.from);
        let cell = |slot: &'t Placement| {
            let of =
                |slots: &[&Placement]| slots.iter().find(|other| other.zeit == slot.zeit).map(|slot| content(slot));
            (slot.zeit.as_str(), cell(of(was), of(now)))
        };
        board.add_day(*day, lang, slots.into_iter().map(cell).collect());
    }
    board
}

/// The offered slots by day, and the running one where it is not offered any more.
fn by_day(timeline: &Timeline) -> BTreeMap<NaiveDate, Vec<&Placement>> {
    let mut days: BTreeMap<NaiveDate, Vec<&Placement>> = BTreeMap::new();
    for slot in timeline.current.iter().chain(timeline.days.iter().flat_map(|day| &day.slots)) {
        let slots = days.entry(slot.date).or_default();
        if !slots.iter().any(|other| other.zeit == slot.zeit) {
            slots.push(slot);
        }
    }
    days
}

/// What is written into a slot; of one that is not there, nothing.
fn cell(was: Option<String>, now: Option<String>) -> Vec<String> {
    match (was, now) {
        (Some(was), Some(now)) if was == now => vec![format!("  {now}")],
        (was, now) => {
            let goes = was.map(|was| format!("- {was}"));
            goes.into_iter().chain(now.map(|now| format!("+ {now}"))).collect()
        }
    }
}

/// A line of a list: what it is about, a mark, and what is said of it.
struct Entry {
    label: String,
    mark: &'static str,
    said: String,
}

/// What is listed below the board.
#[derive(Default)]
struct Lists {
    moved: Vec<Entry>,
    placed: Vec<Entry>,
    dropped: Vec<Entry>,
    reasons: Vec<Entry>,
    missed: Vec<Entry>,
    met: Vec<Entry>,
    slots: Vec<Entry>,
    /// Slots that change, of which a line may have several.
    slot_count: usize,
}

impl Lists {
    fn of(preview: &Preview, lang: Lang) -> Lists {
        let mut lists = Lists::default();
        for (task, fate) in preview.fates() {
            let entry = |mark, said| Entry { label: label(task), mark, said };
            let at = |place| slot_name(place, lang);
            match fate {
                Fate::Moved { from, to } => lists.moved.push(entry("–", format!("{} → {}", at(from), at(to)))),
                Fate::Placed { to, .. } => lists.placed.push(entry("→", at(to))),
                Fate::Dropped { from: Some(from), now } => {
                    lists.dropped.push(entry("–", format!("{} → {}", at(from), without(task, now, lang))));
                }
                Fate::Dropped { from: None, now } => lists.dropped.push(entry("–", without(task, now, lang))),
                Fate::Explained { now, .. } => lists.reasons.push(entry("–", without(task, now, lang))),
            }
        }
        lists.missed = deadlines(&preview.difference.newly_missed, lang);
        lists.met = deadlines(&preview.met, lang);
        lists.slots = slots(&preview.slots, lang);
        lists.slot_count = preview.slots.len();
        lists
    }

    fn titled(&self, lang: Lang) -> [(&'static str, &[Entry]); 7] {
        [
            (lang.pick("Slots", "Slots"), &self.slots),
            (lang.pick("Moved", "Verschoben"), &self.moved),
            (lang.pick("Newly placed", "Neu im Plan"), &self.placed),
            (lang.pick("Dropped", "Herausgefallen"), &self.dropped),
            (lang.pick("Still without a slot", "Weiter ohne Slot"), &self.reasons),
            (lang.pick("Past the deadline", "Nach dem Termin"), &self.missed),
            (lang.pick("Deadline met", "Termin gehalten"), &self.met),
        ]
    }

    /// `3 moved, 1 dropped`
    fn counted(&self, lang: Lang) -> String {
        let counts = [
            (self.moved.len(), lang.pick("moved", "verschoben")),
            (self.placed.len(), lang.pick("newly placed", "neu im Plan")),
            (self.dropped.len(), lang.pick("dropped", "herausgefallen")),
            (self.reasons.len(), lang.pick("still without a slot, for another reason", "aus anderem Grund ohne Slot")),
            (self.missed.len(), lang.pick("now past the deadline", "neu nach dem Termin")),
            (self.met.len(), lang.pick("within the deadline again", "wieder im Termin")),
            match self.slot_count {
                1 => (1, lang.pick("changed slot", "geänderter Slot")),
                count => (count, lang.pick("changed slots", "geänderte Slots")),
            },
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        counts.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
    }
}

fn section(text: &mut String, title: &str, entries: &[Entry], lang: Lang, width: usize) {
    if entries.is_empty() {
        return;
    }
    line(text, &shorten(title, width));
    for Entry { label, mark, said } in entries.iter().take(LINES_MAX) {
        explained(text, label, mark, said, width);
    }
    if let more @ 1.. = entries.len().saturating_sub(LINES_MAX) {
        line(text, &lang.pick(format!("  … and {more} more"), format!("  … und {more} weitere")));
    }
}

fn slot_name((day, zeit): Place<'_>, lang: Lang) -> String {
    format!("{} {}", short_day(day, lang), printable(zeit))
}

fn without(task: &Task, standing: &Standing, lang: Lang) -> String {
    match standing {
        Standing::Without(reason @ Reason::AfterHorizon) => {
            format!("{}: {}", lang.pick("later", "später"), reason_of(task, reason, lang))
        }
        Standing::Without(reason) => reason_of(task, reason, lang),
        Standing::Waiting | Standing::Slot { .. } => lang.pick("in line", "in der Reihe").to_owned(),
    }
}

fn deadlines(tasks: &[Arc<Task>], lang: Lang) -> Vec<Entry> {
    let until = lang.pick("deadline", "Termin");
    let deadline = |task: &Task| task.deadline.map(date::to_text).unwrap_or_default();
    tasks
        .iter()
        .map(|task| Entry { label: label(task), mark: "–", said: format!("{until} {}", deadline(task)) })
        .collect()
}

/// One line for all slots of a day that open, one for those that close, and one for each that is another.
fn slots(changes: &[SlotChange], lang: Lang) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for SlotChange { date, zeit, before, after } in changes {
        let (label, zeit) = (short_day(*date, lang), printable(zeit));
        let (what, said) = match (before, after) {
            (Some(before), Some(after)) => {
                let said = format!("{zeit}: {} → {}", opening(before, lang), opening(after, lang));
                entries.push(Entry { label, mark: "–", said });
                continue;
            }
            (_, Some(after)) => (lang.pick("opens: ", "öffnet: "), format!("{zeit} {}", opening(after, lang))),
            (_, None) => (lang.pick("closes: ", "schließt: "), zeit),
        };
        let mut of_day = entries.iter_mut().rev().take_while(|entry| entry.label == label);
        match of_day.find(|entry| entry.said.starts_with(what)) {
            Some(entry) => {
                let _ = write!(entry.said, ", {said}");
            }
            None => entries.push(Entry { label, mark: "–", said: format!("{what}{said}") }),
        }
    }
    entries
}

/// `09:00–12:30`, and what is unusual about it.
fn opening(opening: &Opening, lang: Lang) -> String {
    let mut said = format!("{}–{}", opening.from.format("%H:%M"), opening.to.format("%H:%M"));
    if !opening.auto {
        said.push_str(lang.pick(" (fixed tasks only)", " (nur feste Aufgaben)"));
    }
    if !opening.is_offered {
        said.push_str(lang.pick(" (no longer offered)", " (nicht mehr angeboten)"));
    }
    said
}
