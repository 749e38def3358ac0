//! The week as a page: what runs now, the board of days and slots, and what needs attention.

use chrono::{Datelike, NaiveDate};
use maud::{Markup, html};

use super::form::signed_in_as;
use super::layout::{Place, Shown, Viewer, document_of, site_bar};
use super::quick::{QuickForm, quick};
use super::told::{Told, task_address};
use crate::domain::date;
use crate::domain::lang::Lang;
use crate::domain::task::Task;
use crate::domain::timeline::{ClosedDay, PlacedTask, Placement, Reason, Timeline, Unplaced};
use crate::view::ready_rules::said;
use crate::view::{Answer, text};

/// What one can do on the page, where it is the present week.
pub struct Acts {
    pub told: Option<Told>,
    /// Why what was just tried was not done.
    pub refused: Option<String>,
    pub quick: QuickForm,
    /// Whether there is no task at all, so that it is said how one gets in.
    pub has_no_task: bool,
}

/// The page of a timeline.
pub fn page(answer: &Answer, viewer: Viewer<'_>, acts: Option<&Acts>) -> Markup {
    let (lang, timeline) = (answer.lang, &answer.timeline);
    let week = Week { viewer, timeline, can_act: acts.is_some() };
    let title = lang.pick("This week", "Diese Woche");
    let content = html! {
        (site_bar(viewer, Place::Week))
        header {
            h1 { (title) }
            p id="today" data-live {
                (long_date(timeline.today, lang))
                span.whose { " · " (answer.user) " · " (answer.zone.name()) }
            }
        }
        main {
            div id="rules-state" data-live {
                @if let Some(sentences) = answer.rules.failure(lang) {
                    p.alert role="alert" { @for sentence in sentences { (sentence) ". " } }
                }
            }
            @if let Some(acts) = acts {
                @if let Some(refused) = &acts.refused { p.alert role="alert" { (refused) } }
                @if let Some(told) = &acts.told { (told.show(viewer, HERE)) }
            }
            (week.now())
            @if let Some(acts) = acts {
                (quick(viewer, &acts.quick))
            }
            div id="plan" data-live data-module=[acts.map(|_| "week")] {
                @if acts.is_some_and(|acts| acts.has_no_task) { (first_task(lang)) }
                (week.board())
                (week.attention())
            }
            @if acts.is_some() { (week.moving()) }
        }
        footer {
            (lang.pick("rules", "Regeln")) ": " (answer.rules.name)
            " · " a href="/codex" { "JSON" }
        }
    };
    let shown = Shown { generation: answer.generation, valid_until: timeline.valid_until };
    document_of((lang, viewer.theme), title, "week", Some(shown), &content)
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
            (lang.pick(
                "There is no task yet. Type the first one above; many at once come in by ",
                "Noch gibt es keine Aufgabe. Die erste kommt oben hinein, viele zugleich mit ",
            ))
            code { "codexmiroir import" } "."
        }
    }
}

/// The week's own address.
pub const HERE: &str = "/";

/// What is shown, and to whom.
#[derive(Clone, Copy)]
struct Week<'a> {
    viewer: Viewer<'a>,
    timeline: &'a Timeline,
    can_act: bool,
}

impl Week<'_> {
    /// What is on now, else what comes next: the one thing that small screens show first.
    fn now(self) -> Markup {
        let (timeline, lang) = (self.timeline, self.viewer.lang);
        let slots = || timeline.days.iter().flat_map(|day| &day.slots);
        let next = slots().filter(|slot| !self.is_running(slot)).find(|slot| slot.task.is_some());
        html! {
            section.now id="now" data-live aria-label=(lang.pick("Now and next", "Jetzt und danach")) {
                div {
                    h2 { (lang.pick("Now", "Jetzt")) }
                    @match &timeline.current {
                        Some(slot) => {
                            p.when { (slot.zeit) " " span.times { (text::times(slot)) } }
                            @match &slot.task {
                                Some(placed) => {
                                    div data-task=(task_address(placed.task.file().as_str())) {
                                        p.task { (title(&placed.task)) }
                                        (self.act(&placed.task, "complete", lang.pick("Done", "Erledigt"), "main"))
                                    }
                                }
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

    fn board(self) -> Markup {
        let (timeline, lang) = (self.timeline, self.viewer.lang);
        let mut days: Vec<(NaiveDate, &[Placement], Option<&ClosedDay>)> =
            timeline.days.iter().map(|day| (day.date, day.slots.as_slice(), None)).collect();
        for closed in &timeline.closed {
            match days.iter_mut().find(|(date, ..)| *date == closed.date) {
                Some((_, _, is_closed)) => *is_closed = Some(closed),
                None => days.push((closed.date, &[], Some(closed))),
            }
        }
        days.sort_by_key(|(date, ..)| *date);
        html! {
            section.board aria-label=(lang.pick("The coming days", "Die kommenden Tage")) {
                @if timeline.days.is_empty() { p.free { (text::no_slot(lang)) } }
                @for (date, slots, closed) in days { (self.day(date, slots, closed)) }
            }
        }
    }

    fn day(self, date: NaiveDate, slots: &[Placement], closed: Option<&ClosedDay>) -> Markup {
        let (timeline, lang) = (self.timeline, self.viewer.lang);
        // Somebody may still fix a task to a slot of a day that the rules only keep free.
        let closed_word = match slots.is_empty() {
            true => lang.pick("closed", "geschlossen"),
            false => lang.pick("kept free", "freigehalten"),
        };
        html! {
            section.day.today[date == timeline.today].closed[closed.is_some()] {
                h2 { (short_date(date, lang)) }
                @if let Some(ClosedDay { because, .. }) = closed {
                    p.reason {
                        span aria-hidden="true" { "⊘" } " " (closed_word)
                        @if let Some(because) = because { ": " span { (said(because, lang)) } }
                    }
                }
                @if !slots.is_empty() { ol {
                    @for slot in slots {
                        li.running[self.is_running(slot)] data-slot={ (date::to_text(slot.date)) "/" (slot.zeit) } {
                            span.when { (slot.zeit) " " span.times { (text::times(slot)) } }
                            @match &slot.task {
                                Some(placed) => (self.card(placed)),
                                None if closed.is_some() => span.free { (closed_word) },
                                None => span.free { (lang.pick("free", "frei")) },
                            }
                        }
                    }
                } }
            }
        }
    }

    fn is_running(self, slot: &Placement) -> bool {
        self.timeline.current.as_ref().is_some_and(|current| current.date == slot.date && current.zeit == slot.zeit)
    }

    fn card(self, placed: &PlacedTask) -> Markup {
        let (task, lang) = (&placed.task, self.viewer.lang);
        html! {
            div class={ "card " (category_class(task)) } data-task=(task_address(task.file().as_str()))
                data-key=(task.file().as_str()) data-fixed[placed.is_fixed]
            {
                div.acts {
                    (self.act_shown(task, "complete", lang.pick("Done", "Erledigt"), ("✓", "sign")))
                    (self.grip(task))
                }
                span.task { (title(task)) }
                span.marks {
                    span.category { (task.kategorie) }
                    @if placed.is_fixed { (self.fixed(task)) }
                    @if let Some(deadline) = task.deadline {
                        span.late[placed.deadline_missed] {
                            @if placed.deadline_missed { "⚠ " a href=(why(task)) { (lang.pick("late", "zu spät")) } (lang.pick(", due ", ", fällig ")) } @else { (lang.pick("due ", "fällig ")) }
                            (date::to_text(deadline))
                        }
                    }
                }
            }
        }
    }

    /// That a task is fixed to its slot, which is taken back by a click where one can act.
    fn fixed(self, task: &Task) -> Markup {
        let lang = self.viewer.lang;
        let called = lang.pick("fixed; back in line", "fest; in die Reihe");
        html! {
            @if self.can_act {
                (self.act_shown(task, "unpin", called, (lang.pick("fixed ✕", "fest ✕"), "fixed")))
            } @else {
                span.fixed { (lang.pick("fixed", "fest")) }
            }
        }
    }

    /// What takes the task to another slot, where scripts run; else that is done on its own page.
    fn grip(self, task: &Task) -> Markup {
        let called = self.viewer.lang.pick("Move", "Verschieben");
        html! {
            @if self.can_act {
                button.grip.scripted type="button" data-act="move" aria-label={ (called) ": " (task.id()) " " (task.title) } { "⠿" }
            }
        }
    }

    /// What is sent when a task was moved, and what is said meanwhile.
    fn moving(self) -> Markup {
        let lang = self.viewer.lang;
        let rest = html! {
            (signed_in_as(self.viewer.name))
            input type="hidden" name="back" value=(HERE);
        };
        html! {
            form id="pin" method="post" hidden data-inline { (rest) input type="hidden" name="slot"; }
            form id="unpin" method="post" hidden data-inline { (rest) }
            div.moving id="moving" hidden data-said=(lang.pick(
                "Choose a slot: arrows and Enter. Delete puts it back in line, Escape leaves it.",
                "Slot wählen: Pfeile und Enter. Entf stellt sie in die Reihe, Escape lässt sie.",
            )) {
                p {
                    (lang.pick("Choose a slot", "Slot wählen"))
                    span.how { (lang.pick(": tap on it, or arrows and Enter; Delete: back in line.", ": antippen, oder Pfeile und Enter; Entf: in die Reihe.")) }
                }
                button type="button" data-to-line { (lang.pick("Back in line", "In die Reihe")) }
                button type="button" { (lang.pick("Leave it", "Lassen")) }
            }
        }
    }

    /// A button that does one thing to a task and comes back.
    fn act(self, task: &Task, act: &str, called: &str, class: &str) -> Markup {
        self.act_shown(task, act, called, (called, class))
    }

    /// As [`Week::act`], with a button that shows less than it is called.
    fn act_shown(self, task: &Task, act: &str, called: &str, (shown, class): (&str, &str)) -> Markup {
        let spoken = format!("{called}: {} {}", task.id(), task.title);
        html! {
            @if self.can_act {
                form.act method="post" data-inline action={ (task_address(task.file().as_str())) "/" (act) } {
                    (signed_in_as(self.viewer.name))
                    input type="hidden" name="back" value=(HERE);
                    button class=(class) type="submit" data-act=(act) aria-label=(spoken) title=[(shown != called).then_some(called)] { (shown) }
                }
            }
        }
    }

    /// Only real problems are listed, each with its reason and a way out; who is simply in line is one line.
    fn attention(self) -> Markup {
        let (timeline, lang) = (self.timeline, self.viewer.lang);
        html! {
            section.attention aria-label=(lang.pick("What needs attention", "Was Aufmerksamkeit braucht")) {
                (self.problems(lang.pick("Overdue", "Überfällig"), &timeline.overdue))
                (self.problems(lang.pick("Slot taken", "Slot belegt"), &timeline.conflicts))
                (self.problems(lang.pick("Not placed", "Ohne Platz"), &timeline.unplaced))
                @if !timeline.missed.is_empty() {
                    h2 { (lang.pick("Deadline without a slot", "Termin ohne Slot")) }
                    ul { @for task in &timeline.missed {
                        li data-task=(task_address(task.file().as_str())) data-key=(task.file().as_str()) {
                            (self.grip(task))
                            span { (title(task)) " – " (task.deadline.map(date::to_text).unwrap_or_default()) }
                            (self.act(task, "complete", lang.pick("Done", "Erledigt"), "small"))
                            a href=(why(task)) { (lang.pick("Why?", "Warum?")) }
                        }
                    } }
                }
                @if !timeline.invalid.is_empty() {
                    h2 { (lang.pick("Unreadable", "Unlesbar")) }
                    ul { @for document in &timeline.invalid {
                        li {
                            span {
                                a href=(task_address(&document.file)) { (document.file) } ", "
                                (lang.pick("line", "Zeile")) " " (document.problem.line) ": " (document.problem.text(lang))
                            }
                        }
                    } }
                }
                (self.problems(lang.pick("Later", "Später"), &timeline.later))
                @if !timeline.waiting.is_empty() {
                    p.line { a href="/tasks?status=offen" { (in_line(timeline.waiting.len(), lang)) } }
                }
            }
        }
    }

    fn problems(self, heading: &str, entries: &[Unplaced]) -> Markup {
        let lang = self.viewer.lang;
        html! {
            @if !entries.is_empty() {
                h2 { (heading) }
                ul { @for entry in entries {
                    li data-task=(task_address(entry.task.file().as_str())) data-key=(entry.task.file().as_str())
                        data-fixed[entry.task.fixed_slot.is_some()]
                    {
                        (self.grip(&entry.task))
                        span { (title(&entry.task)) " – " span.reason { (text::reason(entry, lang)) } }
                        @match entry.reason {
                            Reason::SlotEnded => {
                                (self.act(&entry.task, "complete", lang.pick("Done", "Erledigt"), "small"))
                                (self.act(&entry.task, "unpin", lang.pick("Back in line", "In die Reihe"), "small"))
                            }
                            Reason::SlotTaken { .. } | Reason::NoSuchSlot | Reason::IncompleteFixedSlot => {
                                (self.act(&entry.task, "unpin", lang.pick("Back in line", "In die Reihe"), "small"))
                            }
                            Reason::AfterHorizon | Reason::NoAllowedSlot { .. } | Reason::ExcludedByRule { .. } => {}
                        }
                    }
                } }
            }
        }
    }
}

fn in_line(count: usize, lang: Lang) -> String {
    match count {
        1 => lang.pick("1 more in line", "1 weitere in der Reihe").to_owned(),
        count => format!("{count} {}", lang.pick("more in line", "weitere in der Reihe")),
    }
}

fn category_class(task: &Task) -> &'static str {
    match task.kategorie.as_str() {
        "arbeit" => "work",
        "privat" => "private",
        _ => "other",
    }
}

/// Where it is said why a task stands where it does.
fn why(task: &Task) -> String {
    format!("{}?why=true#why", task_address(task.file().as_str()))
}

fn title(task: &Task) -> Markup {
    html! { a.title href=(task_address(task.file().as_str())) { span.id { (task.id()) } " " (task.title) } }
}

fn short_date(day: NaiveDate, lang: Lang) -> String {
    format!("{} {:02}.{:02}.", text::weekday(day, lang), day.day(), day.month())
}

fn long_date(day: NaiveDate, lang: Lang) -> String {
    format!("{} {}", text::weekday(day, lang), date::to_text(day))
}
