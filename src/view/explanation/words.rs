//! The sentences of an explanation.

use std::fmt::Write as _;

use chrono::NaiveDate;

use super::Explained;
use crate::domain::date;
use crate::domain::difference::Standing;
use crate::domain::explanation::{Claim, Considered, Counterfactual, Finding, Line, Prohibition};
use crate::domain::lang::Lang;
use crate::domain::policy::{Condition, Verdict, Weekdays};
use crate::domain::script::RuleError;
use crate::domain::task::{Status, Task};
use crate::domain::timeline::Reason;
use crate::view::ready_rules::reasons;
use crate::view::rule_errors;
use crate::view::text::{label, printable, reason_of, weekday, weekday_name};

/// Scripts that are named for one slot: each may bring 500 characters of its own words.
pub const SCRIPTS_NAMED_MAX: usize = 4;
/// Slots that are listed, the last ones: with words of scripts for each, more would be no answer for a person.
const LISTED_MAX: usize = 1_500;

/// Tasks ahead in line that are named; of the others only how many there are is said.
pub const NAMED_MAX: usize = 5;

/// Where the task stands and why, in one sentence.
pub fn summary(explained: &Explained) -> String {
    let (task, lang) = (&explained.explanation.task, explained.lang);
    match &explained.explanation.standing {
        None => not_open(task, lang),
        Some(Standing::Slot { date, zeit }) => {
            let slot = slot(*date, zeit, lang);
            match task.binding_slot() {
                Some(_) => lang.pick(
                    format!("Its slot is {slot}, because it is pinned to it."),
                    format!("Ihr Slot ist {slot}, weil sie darauf festgelegt ist."),
                ),
                None => lang.pick(
                    format!("Its slot is {slot}: the first that it may have and that was free at its turn."),
                    format!(
                        "Ihr Slot ist {slot}: der erste, den sie haben darf und der frei war, als sie an der Reihe war."
                    ),
                ),
            }
        }
        Some(Standing::Waiting) => {
            let until = day(explained.last_day, lang);
            lang.pick(
                format!("It is in line: up to {until} no slot that it may have is free for it."),
                format!("Sie ist in der Reihe: Bis {until} ist kein Slot für sie frei, den sie haben darf."),
            )
        }
        Some(Standing::Without(reason)) => without(explained, reason),
    }
}

fn not_open(task: &Task, lang: Lang) -> String {
    let done = task.abgeschlossen_am.as_ref().filter(|_| task.status == Status::Abgeschlossen);
    let day = done.and_then(|done| done.datum).map(|datum| day(datum, lang));
    let zeit = done.and_then(|done| done.zeit.as_deref()).map(printable);
    let when = [day, zeit].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let when = if when.is_empty() { when } else { format!(" ({when})") };
    let status = match task.status {
        Status::Abgebrochen => lang.pick("cancelled", "abgebrochen"),
        Status::Abgeschlossen | Status::Offen => lang.pick("done", "erledigt"),
    };
    lang.pick(
        format!("It is {status}{when}, so it is not planned any more."),
        format!("Sie ist {status}{when} und wird nicht mehr geplant."),
    )
}

fn without(explained: &Explained, reason: &Reason) -> String {
    let (task, lang) = (&explained.explanation.task, explained.lang);
    let said = match reason {
        Reason::ExcludedByRule { .. } => {
            let refused = explained.explanation.excluded_by.iter().map(|by| prohibition(by, None, lang));
            refused.collect::<Vec<_>>().join("; ")
        }
        _ => reason_of(task, reason, lang),
    };
    match reason {
        Reason::SlotEnded => lang.pick(
            format!("It is overdue: it {said}, and that slot is over."),
            format!("Sie ist überfällig: Sie {said}, und dieser Slot ist vorbei."),
        ),
        Reason::AfterHorizon => lang.pick(
            format!("It comes later: it is pinned to {said}, after the days that are planned."),
            format!("Sie kommt später: Sie ist auf {said} festgelegt, nach den Tagen, die geplant werden."),
        ),
        _ => lang.pick(format!("It has no slot: {said}."), format!("Sie hat keinen Slot: {said}.")),
    }
}

/// What is listed of what was considered, and how many there are before that.
pub fn listed(considered: &[Considered]) -> (usize, &[Considered]) {
    let earlier = considered.len().saturating_sub(LISTED_MAX);
    (earlier, considered.get(earlier..).unwrap_or_default())
}

/// What was found at a slot.
pub fn finding(considered: &Considered, lang: Lang) -> String {
    let Considered { date, zeit, finding } = considered;
    let place = zeit.as_deref().map(|zeit| (*date, zeit));
    match finding {
        Finding::Chosen => lang.pick("here", "hier").to_owned(),
        Finding::Free => lang.pick("free", "frei").to_owned(),
        Finding::Passed { is_over: true } => lang.pick("over", "vorbei").to_owned(),
        Finding::Passed { is_over: false } => lang.pick("no longer offered", "nicht mehr angeboten").to_owned(),
        Finding::Manual => lang
            .pick(
                "not filled by itself, only by a task that is pinned to it",
                "nicht von selbst gefüllt, nur von einer Aufgabe, die darauf festgelegt ist",
            )
            .to_owned(),
        Finding::Forbidden { by } => {
            by.iter().take(SCRIPTS_NAMED_MAX).map(|by| prohibition(by, place, lang)).collect::<Vec<_>>().join("; ")
        }
        Finding::Taken { by, claim } => taken(by, *claim, lang),
        Finding::Closed { by: Some(script) } => {
            let script = printable(script);
            lang.pick(
                format!("no slots: {script} gives this day none"),
                format!("keine Slots: {script} gibt diesem Tag keine"),
            )
        }
        Finding::Closed { by: None } => lang.pick("no slots", "keine Slots").to_owned(),
        Finding::NoSuchSlot { known, removed_by } => no_such_slot(known, removed_by.as_deref(), lang),
        Finding::AfterHorizon => {
            lang.pick("after the days that are planned", "nach den Tagen, die geplant werden").to_owned()
        }
    }
}

fn taken(by: &Task, claim: Claim, lang: Lang) -> String {
    let by = label(by);
    match claim {
        Claim::Fixed => {
            lang.pick(format!("held by {by}, which is pinned to it"), format!("belegt von {by}, darauf festgelegt"))
        }
        Claim::Ahead(_) => lang.pick(
            format!("held by {by}, which the rules send ahead in line"),
            format!("belegt von {by}, von den Regeln vorgezogen"),
        ),
        Claim::Rank => lang.pick(
            format!("held by {by}, which has the lower number"),
            format!("belegt von {by} mit der kleineren Nummer"),
        ),
    }
}

fn no_such_slot(known: &[String], removed_by: Option<&str>, lang: Lang) -> String {
    let known: Vec<String> = known.iter().map(|zeit| printable(zeit)).collect();
    let known = known.join(", ");
    let mut said = lang
        .pick(format!("no such slot, that day has {known}"), format!("diesen Slot gibt es nicht, der Tag hat {known}"));
    if let Some(script) = removed_by {
        let script = printable(script);
        said.push_str(&lang.pick(format!("; {script} took it away"), format!("; {script} hat ihn weggenommen")));
    }
    said
}

/// Who forbids a slot, by which condition, in whose words; without a slot, all of them.
fn prohibition(prohibition: &Prohibition, place: Option<(NaiveDate, &str)>, lang: Lang) -> String {
    let script = prohibition.script.as_deref().map(printable);
    let script = script.unwrap_or_else(|| lang.pick("the rules", "die Regeln").to_owned());
    let is_one = prohibition.script.is_some();
    let (mut said, because) = match &*prohibition.verdict {
        Verdict::Never { because } => {
            let verb = lang.pick(if is_one { "refuses" } else { "refuse" }, if is_one { "lehnt" } else { "lehnen" });
            (lang.pick(format!("{script} {verb} it"), format!("{script} {verb} sie ab")), Some(because))
        }
        Verdict::Allowed(constraint) => {
            let condition = place.and_then(|(date, zeit)| constraint.unmet(date, zeit));
            (conditioned(&script, is_one, condition, lang), constraint.because.as_ref())
        }
    };
    if let Some(because) = because {
        let _ = write!(said, ": {}", printable(&reasons(because, lang)));
    }
    said
}

fn conditioned(script: &str, is_one: bool, condition: Option<Condition<'_>>, lang: Lang) -> String {
    let allows = lang.pick(if is_one { "allows" } else { "allow" }, if is_one { "erlaubt" } else { "erlauben" });
    let leaves = lang.pick(if is_one { "leaves" } else { "leave" }, if is_one { "lässt" } else { "lassen" });
    let names = |zeiten: &[String]| zeiten.iter().map(|zeit| printable(zeit)).collect::<Vec<_>>().join(", ");
    match condition {
        Some(Condition::Weekdays(days)) => {
            let days = weekdays(days, lang);
            lang.pick(format!("{script} {allows} only {days}"), format!("{script} {allows} nur {days}"))
        }
        Some(Condition::Except) => {
            lang.pick(format!("{script} {leaves} this day out"), format!("{script} {leaves} diesen Tag aus"))
        }
        Some(Condition::Zeiten(zeiten)) => {
            let zeiten = names(zeiten);
            lang.pick(format!("{script} {allows} only {zeiten}"), format!("{script} {allows} nur {zeiten}"))
        }
        Some(Condition::NotZeiten(zeiten)) => {
            let zeiten = names(zeiten);
            lang.pick(format!("{script} {leaves} {zeiten} out"), format!("{script} {leaves} {zeiten} aus"))
        }
        Some(Condition::From(from)) => {
            let from = day(from, lang);
            lang.pick(format!("{script} {allows} it from {from} on"), format!("{script} {allows} sie erst ab {from}"))
        }
        Some(Condition::UpTo(up_to)) => {
            let up_to = day(up_to, lang);
            lang.pick(format!("{script} {allows} it up to {up_to}"), format!("{script} {allows} sie nur bis {up_to}"))
        }
        None => lang.pick(format!("{script} {allows} no slot"), format!("{script} {allows} keinen Slot")),
    }
}

/// Days of the week, those that follow each other as from–to.
fn weekdays(days: Weekdays, lang: Lang) -> String {
    let mut runs: Vec<(chrono::Weekday, chrono::Weekday)> = Vec::new();
    for day in days.days() {
        match runs.last_mut() {
            Some((_, last)) if last.succ() == day => *last = day,
            _ => runs.push((day, day)),
        }
    }
    let name = |day: chrono::Weekday| weekday_name(day, lang);
    let run = |(first, last): &(chrono::Weekday, chrono::Weekday)| match () {
        () if first == last => name(*first).to_owned(),
        () => format!("{}–{}", name(*first), name(*last)),
    };
    match runs.is_empty() {
        true => lang.pick("no day of the week", "an keinem Wochentag").to_owned(),
        false => runs.iter().map(run).collect::<Vec<_>>().join(", "),
    }
}

/// Who is ahead in line, and when it is the task's turn.
pub fn line(line: &Result<Line, RuleError>, lang: Lang) -> String {
    let Line { ahead, turn, days } = match line {
        Ok(line) => line,
        Err(error) => {
            let error = printable(&rule_errors::sentence(error, lang));
            return lang.pick(
                format!("When it has its turn cannot be told, because the rules fail on a later day: {error}."),
                format!("Wann sie an der Reihe ist, lässt sich nicht sagen, weil die Regeln an einem späteren Tag fehlschlagen: {error}."),
            );
        }
    };
    let mut named: Vec<String> = ahead.iter().take(NAMED_MAX).map(|task| label(task)).collect();
    if let more @ 1.. = ahead.len().saturating_sub(NAMED_MAX) {
        named.push(lang.pick(format!("and {more} more"), format!("und {more} weitere")));
    }
    let named = named.join(", ");
    let before = match ahead.len() {
        0 => lang.pick(
            "Nobody is ahead of it in line for the slots that it may have.".to_owned(),
            "Für die Slots, die sie haben darf, steht keine vor ihr in der Reihe.".to_owned(),
        ),
        1 => lang.pick(
            format!("One task is ahead of it in line for the slots that it may have: {named}."),
            format!("Für die Slots, die sie haben darf, steht eine vor ihr in der Reihe: {named}."),
        ),
        count => lang.pick(
            format!("{count} tasks are ahead of it in line for the slots that it may have: {named}."),
            format!("Für die Slots, die sie haben darf, stehen {count} vor ihr in der Reihe: {named}."),
        ),
    };
    let then = match turn {
        Some((date, zeit)) => {
            let slot = slot(*date, zeit, lang);
            lang.pick(
                format!("If nothing changes, its turn comes on {slot}."),
                format!("Wenn sich nichts ändert, kommt sie am {slot} an die Reihe."),
            )
        }
        None => lang.pick(
            format!("If nothing changes, its turn does not come within {days} days."),
            format!("Wenn sich nichts ändert, kommt sie in {days} Tagen nicht an die Reihe."),
        ),
    };
    format!("{before} {then}")
}

/// What a pin to the slot would come to, before it is said who moves.
pub fn counterfactual(counterfactual: &Counterfactual, lang: Lang) -> String {
    let Counterfactual { slot: considered, unpin, difference, .. } = counterfactual;
    let slot = slot(considered.date, considered.zeit.as_deref().unwrap_or_default(), lang);
    let found = finding(considered, lang);
    let mut said = lang.pick(
        format!("What if it were pinned to {slot}? As things are: {found}."),
        format!("Und wenn sie auf {slot} festgelegt wäre? So steht es um den Slot: {found}."),
    );
    let holders: Vec<String> = unpin.iter().map(|task| label(task)).collect();
    let holders = holders.join(", ");
    let then = match (difference, unpin.len()) {
        (None, _) if considered.finding == Finding::AfterHorizon => lang.pick(
            "A pin as far ahead is kept, and until then the task stands under later.".to_owned(),
            "So weit voraus wird sie festgelegt und steht bis dahin unter Später.".to_owned(),
        ),
        (None, _) => {
            lang.pick("It cannot be pinned there.".to_owned(), "Dort kann sie nicht festgelegt werden.".to_owned())
        }
        (Some(difference), 0) if difference.is_empty() => {
            lang.pick("Nothing would change.".to_owned(), "Nichts würde sich ändern.".to_owned())
        }
        (Some(_), 0) => lang.pick("What would change:".to_owned(), "Was sich ändern würde:".to_owned()),
        (Some(_), _) => lang.pick(
            format!("{holders} would have to be unpinned first. What would change then:"),
            format!("Vorher müsste gelöst werden: {holders}. Was sich dann ändern würde:"),
        ),
    };
    let _ = write!(said, " {then}");
    said
}

/// Where a task stands, in a word or two.
pub fn standing(standing: Option<&Standing>, lang: Lang) -> String {
    let reason = match standing {
        Some(Standing::Slot { date, zeit }) => return slot(*date, zeit, lang),
        Some(Standing::Waiting) => return lang.pick("in line", "in der Reihe").to_owned(),
        Some(Standing::Without(reason)) => Some(reason),
        None => None,
    };
    let said = match reason {
        Some(Reason::SlotTaken { .. }) => lang.pick("its slot is taken", "Slot belegt"),
        Some(Reason::SlotEnded) => lang.pick("overdue", "überfällig"),
        Some(Reason::AfterHorizon) => lang.pick("later", "später"),
        _ => lang.pick("no slot", "kein Slot"),
    };
    said.to_owned()
}

/// `Wed 15.10.2025 morgens`
fn slot(date: NaiveDate, zeit: &str, lang: Lang) -> String {
    format!("{} {}", day(date, lang), printable(zeit))
}

fn day(date: NaiveDate, lang: Lang) -> String {
    format!("{} {}", weekday(date, lang), date::to_text(date))
}
