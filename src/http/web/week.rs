//! The week as a page: what runs now, the board of days and slots, and what needs attention.

use chrono::{Datelike, NaiveDate};
use maud::{Markup, html};

use super::layout::{Place, Viewer, document, site_bar};
use crate::domain::date;
use crate::domain::lang::Lang;
use crate::domain::task::Task;
use crate::domain::timeline::{PlacedTask, Placement, Timeline, Unplaced};
use crate::view::{Answer, text};

/// The page of a timeline; whoever has no task at all is told how one gets in.
pub fn page(answer: &Answer, viewer: Viewer<'_>, has_no_task: bool) -> Markup {
    let (lang, timeline) = (answer.lang, &answer.timeline);
    let title = lang.pick("This week", "Diese Woche");
    let content = html! {
        (site_bar(viewer, Place::Week))
        header {
            h1 { (title) }
            p {
                (long_date(timeline.today, lang))
                span.whose { " · " (answer.user) " · " (answer.zone.name()) }
            }
        }
        main {
            @if let Some(sentences) = answer.rules.failure(lang) {
                p.alert role="alert" { @for sentence in sentences { (sentence) ". " } }
            }
            (now(timeline, lang))
            @if has_no_task { (first_task(lang)) }
            (board(timeline, lang))
            (attention(timeline, lang))
        }
        footer {
            (lang.pick("rules", "Regeln")) ": " (answer.rules.name)
            " · " a href="/codex" { "JSON" }
        }
    };
    document(lang, title, "week", &content)
}

/// Whether no task is in it anywhere.
pub fn is_empty(timeline: &Timeline) -> bool {
    let Timeline { days, conflicts, overdue, later, unplaced, waiting, missed, invalid, .. } = timeline;
    let has_placed = days.iter().flat_map(|day| &day.slots).any(|slot| slot.task.is_some());
    let has_unplaced = [conflicts, overdue, later, unplaced].into_iter().any(|entries| !entries.is_empty());
    !has_placed && !has_unplaced && waiting.is_empty() && missed.is_empty() && invalid.is_empty()
}

fn first_task(lang: Lang) -> Markup {
    html! {
        p.first {
            (lang.pick("There is no task yet. One gets in by ", "Noch gibt es keine Aufgabe. Eine kommt herein mit "))
            code { "codexmiroir task add" } ", "
            (lang.pick("by the ", "über die ")) a href="/api" { (lang.pick("interface", "Schnittstelle")) }
            (lang.pick(", or many at once by ", " oder viele zugleich mit ")) code { "codexmiroir import" } "."
        }
    }
}

/// What is on now, else what comes next: the one thing that small screens show first.
fn now(timeline: &Timeline, lang: Lang) -> Markup {
    let slots = || timeline.days.iter().flat_map(|day| &day.slots);
    let is_current = |slot: &&Placement| {
        timeline.current.as_ref().is_some_and(|current| (current.date, &current.zeit) == (slot.date, &slot.zeit))
    };
    let next = slots().filter(|slot| !is_current(slot)).find(|slot| slot.task.is_some());
    html! {
        section.now aria-label=(lang.pick("Now and next", "Jetzt und danach")) {
            div {
                h2 { (lang.pick("Now", "Jetzt")) }
                @match &timeline.current {
                    Some(slot) => {
                        p.when { (slot.zeit) " " span.times { (text::times(slot)) } }
                        @match &slot.task {
                            Some(placed) => p.task { (title(&placed.task)) },
                            None => p.free { (lang.pick("Nothing planned", "Nichts geplant")) },
                        }
                    }
                    None if timeline.days.is_empty() => p.free { (lang.pick("No slot", "Kein Slot")) },
                    None => p.free { (lang.pick("Between slots", "Zwischen den Slots")) },
                }
            }
            @if let Some((slot, placed)) = next.and_then(|slot| Some((slot, slot.task.as_ref()?))) {
                div {
                    h2 { (lang.pick("Next", "Danach")) }
                    p.when { (short_date(slot.date, lang)) " " (slot.zeit) " " span.times { (text::times(slot)) } }
                    p.task { (title(&placed.task)) }
                }
            }
        }
    }
}

fn board(timeline: &Timeline, lang: Lang) -> Markup {
    html! {
        section.board aria-label=(lang.pick("The next seven days", "Die nächsten sieben Tage")) {
            @if timeline.days.is_empty() { p.free { (text::no_slot(lang)) } }
            @for day in &timeline.days {
                section.day.today[day.date == timeline.today] {
                    h2 { (short_date(day.date, lang)) }
                    ol {
                        @for slot in &day.slots {
                            li.running[is_running(timeline, slot)] {
                                span.when { (slot.zeit) " " span.times { (text::times(slot)) } }
                                @match &slot.task {
                                    Some(placed) => (card(placed, lang)),
                                    None => span.free { (lang.pick("free", "frei")) },
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn is_running(timeline: &Timeline, slot: &Placement) -> bool {
    timeline.current.as_ref().is_some_and(|current| current.date == slot.date && current.zeit == slot.zeit)
}

fn card(placed: &PlacedTask, lang: Lang) -> Markup {
    let task = &placed.task;
    html! {
        div class={ "card " (category_class(task)) } {
            span.task { (title(task)) }
            span.marks {
                span.category { (task.kategorie) }
                @if placed.is_fixed { span.fixed { (lang.pick("fixed", "fest")) } }
                @if let Some(deadline) = task.deadline {
                    span.late[placed.deadline_missed] {
                        @if placed.deadline_missed { "⚠ " (lang.pick("late, due ", "zu spät, fällig ")) } @else { (lang.pick("due ", "fällig ")) }
                        (date::to_text(deadline))
                    }
                }
            }
        }
    }
}

fn category_class(task: &Task) -> &'static str {
    match task.kategorie.as_str() {
        "arbeit" => "work",
        "privat" => "private",
        _ => "other",
    }
}

/// Only real problems are listed, each with its reason; who is simply in line is one line.
fn attention(timeline: &Timeline, lang: Lang) -> Markup {
    html! {
        section.attention {
            (problems(lang.pick("Overdue", "Überfällig"), &timeline.overdue, lang))
            (problems(lang.pick("Slot taken", "Slot belegt"), &timeline.conflicts, lang))
            (problems(lang.pick("Not placed", "Ohne Platz"), &timeline.unplaced, lang))
            @if !timeline.missed.is_empty() {
                h2 { (lang.pick("Deadline without a slot", "Termin ohne Slot")) }
                ul { @for task in &timeline.missed {
                    li { (title(task)) " – " (task.deadline.map(date::to_text).unwrap_or_default()) }
                } }
            }
            @if !timeline.invalid.is_empty() {
                h2 { (lang.pick("Unreadable", "Unlesbar")) }
                ul { @for document in &timeline.invalid {
                    li { (document.file) ", " (lang.pick("line", "Zeile")) " " (document.problem.line) ": " (document.problem.text(lang)) }
                } }
            }
            (problems(lang.pick("Later", "Später"), &timeline.later, lang))
            @match timeline.waiting.len() {
                0 => {}
                1 => p.line { (lang.pick("1 more in line", "1 weitere in der Reihe")) }
                count => p.line { (count) " " (lang.pick("more in line", "weitere in der Reihe")) }
            }
        }
    }
}

fn problems(heading: &str, entries: &[Unplaced], lang: Lang) -> Markup {
    html! {
        @if !entries.is_empty() {
            h2 { (heading) }
            ul { @for entry in entries {
                li { (title(&entry.task)) " – " span.reason { (text::reason(entry, lang)) } }
            } }
        }
    }
}

fn title(task: &Task) -> Markup {
    html! { span.id { (task.id()) } " " (task.title) }
}

fn short_date(day: NaiveDate, lang: Lang) -> String {
    format!("{} {:02}.{:02}.", text::weekday(day, lang), day.day(), day.month())
}

fn long_date(day: NaiveDate, lang: Lang) -> String {
    format!("{} {}", text::weekday(day, lang), date::to_text(day))
}
