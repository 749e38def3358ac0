//! A timeline as a calendar (RFC 5545): an event for each task in its slot, and one for the whole day of each deadline.
//!
//! Instants are written in UTC. An event here is one stretch of time that the plan has an instant for at both ends, so
//! nothing is left for a client to work out: it needs no rules of a zone, and shows each instant in its own zone either
//! way. Google writes events that do not repeat in the same form.
//!
//! A deadline is an event and no to-do: the calendars of Google, Apple and Outlook leave out the to-dos of a calendar
//! that one subscribes to. It takes no time (`TRANSP`), so nobody is shown as busy for it.
//!
//! The same timeline gives the same bytes: nothing in it is of the moment at which it was written.

mod content;

use std::collections::HashSet;

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use sha2::{Digest, Sha256};

use self::content::Content;
use super::Answer;
use crate::domain::date;
use crate::domain::hex::hex;
use crate::domain::ids::UserId;
use crate::domain::lang::Lang;
use crate::domain::task::Task;
use crate::domain::timeline::{PlacedTask, Placement, Timeline, Unplaced};

/// The media type of a calendar.
pub const MEDIA_TYPE: &str = "text/calendar; charset=utf-8";

/// How often a client that subscribes is asked to look (RFC 7986, 5.7).
const REFRESH: &str = "PT15M";

/// 2020-01-01T00:00:00Z, in seconds after 1970.
const SEQUENCE_BEGIN: i64 = 1_577_836_800;

/// Whose a calendar is: what makes its events' `UID`s others than those of every other account, here and elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pub id: UserId,
    /// When the account was made. Ids are counted from the same number in each database, moments are not.
    pub since: DateTime<Utc>,
}

impl Owner {
    /// Stands for a task of the owner's as long as its file has this name.
    fn uid(self, task: &Task) -> String {
        let mut hash = Sha256::new();
        hash.update(self.id.0.to_be_bytes());
        hash.update(self.since.timestamp_millis().to_be_bytes());
        hash.update(task.file().as_str());
        hex(&hash.finalize()[..16])
    }
}

/// The calendar of a timeline.
pub fn of(answer: &Answer, owner: Owner) -> Vec<u8> {
    let timeline = &answer.timeline;
    let mut calendar = Calendar { content: Content::default(), owner, at: answer.generated_at(), lang: answer.lang };
    let content = &mut calendar.content;
    content.line("BEGIN:VCALENDAR");
    content.line("VERSION:2.0");
    content.line("PRODID:-//CodexMiroir//Timeline//EN");
    content.line("CALSCALE:GREGORIAN");
    // The name as the standard has it (RFC 7986, 5.1), and as clients know it that are older.
    let name = format!("CodexMiroir: {}", answer.user);
    content.text("NAME", &name);
    content.text("X-WR-CALNAME", &name);
    content.text("X-WR-TIMEZONE", answer.zone.name());
    content.line(&format!("REFRESH-INTERVAL;VALUE=DURATION:{REFRESH}"));
    content.line(&format!("X-PUBLISHED-TTL:{REFRESH}"));
    for slot in occupied(timeline) {
        if let Some(placed) = &slot.task {
            let [begin, end] = [slot.from, slot.to].map(|time| answer.zone.instant(slot.date, time));
            calendar.slot(placed, begin, end);
        }
    }
    for task in open(timeline) {
        if let Some(deadline) = task.deadline {
            calendar.deadline(task, deadline);
        }
    }
    calendar.content.line("END:VCALENDAR");
    calendar.content.into_bytes()
}

/// The slots that a task stands in. The one that is running comes first if it is not offered any more.
fn occupied(timeline: &Timeline) -> impl Iterator<Item = &Placement> {
    let offered = timeline.days.iter().flat_map(|day| &day.slots);
    let is_same = |slot: &Placement, other: &Placement| (slot.date, &slot.zeit) == (other.date, &other.zeit);
    let running = timeline.current.as_ref().filter(|slot| !offered.clone().any(|other| is_same(slot, other)));
    running.into_iter().chain(offered).filter(|slot| slot.task.is_some())
}

/// Every open task, once.
fn open(timeline: &Timeline) -> impl Iterator<Item = &Task> {
    let placed = occupied(timeline).filter_map(|slot| slot.task.as_ref()).map(|placed| &placed.task);
    let lists = [&timeline.conflicts, &timeline.overdue, &timeline.later, &timeline.unplaced];
    let unplaced = lists.into_iter().flatten().map(|Unplaced { task, .. }| task);
    let mut seen = HashSet::new();
    let all = placed.chain(unplaced).chain(&timeline.waiting).map(AsRef::as_ref);
    all.filter(move |task: &&Task| seen.insert(task.file().as_str()))
}

/// A calendar as it is written.
struct Calendar {
    content: Content,
    owner: Owner,
    /// The instant from which the timeline is valid.
    at: DateTime<Utc>,
    lang: Lang,
}

impl Calendar {
    fn slot(&mut self, placed: &PlacedTask, begin: DateTime<Utc>, end: DateTime<Utc>) {
        let (task, lang) = (&placed.task, self.lang);
        self.begin(&format!("{}@codexmiroir", self.owner.uid(task)));
        self.content.line(&format!("DTSTART:{}", instant(begin)));
        // A slot that a change of the clocks skips has no length, and an end has to come after its begin.
        if end > begin {
            self.content.line(&format!("DTEND:{}", instant(end)));
        }
        let number = format!("{} {}", lang.pick("Task", "Aufgabe"), task.key.id());
        let fixed = lang.pick(", fixed to this slot", ", fest in diesem Slot");
        let mut about = vec![if placed.is_fixed { number + fixed } else { number }];
        if let Some(deadline) = task.deadline.map(date::to_text) {
            about.push(match placed.deadline_missed {
                true => lang.pick(format!("late, due {deadline}"), format!("zu spät, fällig {deadline}")),
                false => lang.pick(format!("due {deadline}"), format!("fällig {deadline}")),
            });
        }
        self.end(task, &task.title, &about.join("\n"));
    }

    fn deadline(&mut self, task: &Task, deadline: NaiveDate) {
        self.begin(&format!("{}-deadline@codexmiroir", self.owner.uid(task)));
        self.content.line(&format!("DTSTART;VALUE=DATE:{}", deadline.format("%Y%m%d")));
        // Without an end it is that one day as well; after the last day that four digits can say there is none.
        if let Some(next) = deadline.checked_add_days(Days::new(1)).filter(|next| next.year() <= 9999) {
            self.content.line(&format!("DTEND;VALUE=DATE:{}", next.format("%Y%m%d")));
        }
        self.content.line("TRANSP:TRANSPARENT");
        let about = format!("{} {}", self.lang.pick("Task", "Aufgabe"), task.key.id());
        let summary = format!("{}: {}", self.lang.pick("Due", "Fällig"), task.title);
        self.end(task, &summary, &about);
    }

    fn begin(&mut self, uid: &str) {
        self.content.line("BEGIN:VEVENT");
        self.content.line(&format!("UID:{uid}"));
        let at = instant(self.at);
        // As nothing is sent to anybody, the first says the same as the second (3.8.7.2).
        self.content.line(&format!("DTSTAMP:{at}"));
        self.content.line(&format!("LAST-MODIFIED:{at}"));
        // It goes up with whatever moves an event: a change, the clock, and a backup that was restored, after which
        // generations count from where they were then.
        let sequence = (self.at.timestamp() - SEQUENCE_BEGIN).clamp(0, i64::from(i32::MAX));
        self.content.line(&format!("SEQUENCE:{sequence}"));
    }

    fn end(&mut self, task: &Task, summary: &str, about: &str) {
        self.content.text("SUMMARY", summary);
        self.content.text("DESCRIPTION", about);
        let categories = [&task.kategorie].into_iter().chain(&task.tags).map(String::as_str);
        self.content.texts("CATEGORIES", categories);
        self.content.line("END:VEVENT");
    }
}

/// An instant in UTC (RFC 5545, 3.3.5).
fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}
