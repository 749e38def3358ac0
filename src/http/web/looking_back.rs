//! `/looking-back`: what was done in each week, how much of what stood in it, and how old is what is still open: drawn, and
//! as numbers below each drawing.

use axum::response::Response;
use hyper::StatusCode;
use maud::{Markup, PreEscaped, html};

use super::layout::{Place, Viewer, account_page};
use crate::domain::date;
use crate::domain::lang::{Lang, Phrase};
use crate::domain::looking_back::{Age, Ages, Completed, CompletedWeek, Kept, PlannedWeek, Week};
use crate::http::auth::page as shown;
use crate::http::errors::HttpError;
use crate::http::extract::Asked;
use crate::view::plots::{self, Column, Tone};

const OTHERS: Phrase = Phrase { en: "all others", de: "alle anderen" };
const DONE: Phrase = Phrase { en: "done", de: "erledigt" };
const NOT_DONE: Phrase = Phrase { en: "not done in that week", de: "in der Woche nicht erledigt" };

/// Each plot for these widths of a page: text does not shrink with a plot as long as the one that fits is shown.
const SIZES: [(&str, (u32, u32)); 3] = [("wide", (720, 240)), ("middle", (300, 190)), ("small", (196, 150))];

/// `GET /looking-back`
pub async fn show(asked: Asked) -> Result<Response, HttpError> {
    let (service, user) = (&asked.site.service, asked.actor.user);
    let settings = service.settings(user)?.0;
    let lang = settings.lang;
    let back = service.looking_back(user).await?;
    asked.site.counts.what_if.add(1);
    let content = html! {
        (completed(&back.completed, lang))
        (planned(&back.planned, back.week, lang))
        (ages(&back.ages, lang))
    };
    let page = account_page(
        Viewer::of(&asked.actor, settings),
        Place::LookingBack,
        Place::LookingBack.name().text(lang),
        &content,
    );
    Ok(shown(StatusCode::OK, page))
}

/// A plot with its name, what its colours mean, and its numbers.
struct Figure<'a> {
    id: &'static str,
    title: &'a str,
    /// The same in a sentence, for whoever does not see it.
    said: &'a str,
    legend: &'a [(Tone, Markup)],
    columns: &'a [Column],
    /// Of the columns of the table.
    names: &'a [Markup],
    rows: Vec<Vec<String>>,
}

impl Figure<'_> {
    fn whole(&self, lang: Lang) -> Markup {
        html! {
            ul.legend { @for (tone, name) in self.legend { li { span class={ "swatch " (tone.class()) } {} (name) } } }
            @for (screen, size) in SIZES { (self.drawn(screen, size)) }
            details {
                summary { (lang.pick("As numbers", "In Zahlen")) }
                div.table {
                    table {
                        thead { tr { @for name in self.names { th scope="col" { (name) } } } }
                        tbody {
                            @for row in &self.rows {
                                tr {
                                    @for (place, cell) in row.iter().enumerate() {
                                        @if place == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn drawn(&self, screen: &str, (width, height): (u32, u32)) -> Markup {
        let (title, said) = (format!("{}-{screen}-title", self.id), format!("{}-{screen}-said", self.id));
        html! {
            svg class={ "plot " (screen) } viewBox={ "0 0 " (width) " " (height) } role="img" aria-labelledby=(title) aria-describedby=(said) {
                title id=(title) { (self.title) }
                desc id=(said) { (self.said) }
                (PreEscaped(plots::columns(self.columns, (width, height))))
            }
        }
    }
}

fn panel(title: &str, content: &Markup) -> Markup {
    html! { section.panel { h2 { (title) } (content) } }
}

fn completed(completed: &Completed, lang: Lang) -> Markup {
    let title = lang.pick("Done per week", "Erledigt je Woche");
    let (total, weeks) = (completed.total(), completed.weeks.len());
    let said = lang.pick(
        format!("{total} done in the last {weeks} weeks, this one included."),
        format!("{total} in den letzten {weeks} Wochen erledigt, diese mitgezählt."),
    );
    let beside = beside(completed, lang);
    if total == 0 {
        let nothing = lang.pick(
            "Nothing was done in these weeks yet. Each task that you mark as done is counted here.",
            "In diesen Wochen ist noch nichts erledigt. Jede Aufgabe, die du erledigst, zählt hier mit.",
        );
        return panel(title, &html! { p { (nothing) } @if let Some(beside) = &beside { p.quiet { (beside) } } });
    }
    let legend = legend(&completed.categories, completed.weeks.iter().any(|week| week.others > 0), lang);
    let column = |week: &CompletedWeek| {
        let counts = week.by_category.iter().copied().chain([week.others]);
        Column {
            label: week.week.number().to_string(),
            parts: Some(tones(&completed.categories).zip(counts).collect()),
        }
    };
    let columns: Vec<Column> = completed.weeks.iter().map(column).collect();
    let names: Vec<Markup> = [plain(lang.pick("Week", "Woche")), plain(lang.pick("All", "Alle"))]
        .into_iter()
        .chain(completed.categories.iter().map(|category| named(category)))
        .chain([plain(OTHERS.text(lang))])
        .collect();
    let row = |week: &CompletedWeek| {
        let counts = [week.total()].into_iter().chain(week.by_category.iter().copied()).chain([week.others]);
        [week_name(week.week, lang)].into_iter().chain(counts.map(|count| count.to_string())).collect()
    };
    let rows = completed.weeks.iter().rev().map(row).collect();
    let figure =
        Figure { id: "completed", title, said: &said, legend: &legend, columns: &columns, names: &names, rows };
    panel(title, &html! { p { (said) } (figure.whole(lang)) @if let Some(beside) = &beside { p.quiet { (beside) } } })
}

/// What is done but in none of the weeks.
fn beside(completed: &Completed, lang: Lang) -> Option<String> {
    let parts = [
        (completed.earlier, lang.pick("before these weeks", "vor diesen Wochen")),
        (completed.later, lang.pick("on a later day, as their files say", "laut Datei an einem späteren Tag")),
        (completed.without_day, lang.pick("without a day in their files", "ohne Tag in der Datei")),
    ];
    let said: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, when)| format!("{count} {when}")).collect();
    let also = lang.pick("Also done, and not drawn: ", "Auch erledigt, aber nicht gezeichnet: ");
    (!said.is_empty()).then(|| format!("{also}{}.", said.join(", ")))
}

/// What each category is drawn in, then what all others are: the two that everybody has look as they do in the week.
fn tones(categories: &[String]) -> impl Iterator<Item = Tone> {
    let own = |category: &String| match category.as_str() {
        "arbeit" => Some(Tone::Work),
        "privat" => Some(Tone::Private),
        _ => None,
    };
    let taken: Vec<Tone> = categories.iter().filter_map(own).collect();
    let mut free = [Tone::Other, Tone::Private, Tone::Work].into_iter().filter(move |tone| !taken.contains(tone));
    let of_each: Vec<Tone> =
        categories.iter().map(|category| own(category).or_else(|| free.next()).unwrap_or(Tone::Quiet)).collect();
    of_each.into_iter().chain([Tone::Quiet])
}

/// A category by the name that somebody gave it.
fn named(category: &str) -> Markup {
    html! { span.category { (category) } }
}

fn plain(word: &str) -> Markup {
    html! { (word) }
}

fn legend(categories: &[String], has_others: bool, lang: Lang) -> Vec<(Tone, Markup)> {
    let others = has_others.then(|| plain(OTHERS.text(lang)));
    let names = categories.iter().map(|category| named(category)).chain(others);
    tones(categories).zip(names).collect()
}

fn planned(weeks: &[PlannedWeek], present: Week, lang: Lang) -> Markup {
    let title = lang.pick("Planned and done", "Geplant und erledigt");
    let known = || weeks.iter().filter_map(|week| week.kept);
    let (planned, done) = known().fold((0, 0), |(planned, done), kept| (planned + kept.planned, done + kept.done));
    let of_weeks = known().count();
    if planned == 0 {
        let nothing = lang.pick(
            "When a week that began with tasks in its slots goes by, you see here how many of them were done in it.",
            "Sobald eine Woche mit Aufgaben in ihren Slots begonnen hat, siehst du hier, wie viele davon du in ihr erledigt hast.",
        );
        return panel(title, &html! { p { (nothing) } });
    }
    let said = lang.pick(
        format!("{done} of {planned} tasks that stood in a week's slots as it began were done in that week. Known of {of_weeks} weeks."),
        format!("{done} von {planned} Aufgaben, die am Anfang einer Woche in ihren Slots standen, waren in der Woche auch erledigt. Bekannt von {of_weeks} Wochen."),
    );
    let legend = [(Tone::Private, plain(DONE.text(lang))), (Tone::Quiet, plain(NOT_DONE.text(lang)))];
    let parts = |kept: Kept| vec![(Tone::Private, kept.done), (Tone::Quiet, kept.planned - kept.done)];
    let column = |week: &PlannedWeek| Column { label: week.week.number().to_string(), parts: week.kept.map(parts) };
    let columns: Vec<Column> = weeks.iter().map(column).collect();
    let unknown = || lang.pick("unknown", "unbekannt").to_owned();
    let row = |week: &PlannedWeek| {
        let name = week_name(week.week, lang);
        let so_far = if week.week == present { lang.pick(", so far", ", bis jetzt") } else { "" };
        match week.kept {
            Some(kept) => vec![name, kept.planned.to_string(), format!("{}{so_far}", kept.done)],
            None => vec![name, unknown(), unknown()],
        }
    };
    let rows = weeks.iter().rev().map(row).collect();
    let names =
        [lang.pick("Week", "Woche"), lang.pick("Planned", "Geplant"), lang.pick("Done of these", "Davon erledigt")]
            .map(plain);
    let figure = Figure { id: "planned", title, said: &said, legend: &legend, columns: &columns, names: &names, rows };
    panel(title, &html! { p { (said) } (figure.whole(lang)) (caveats(weeks, lang)) })
}

/// What is not as certain as it looks.
fn caveats(weeks: &[PlannedWeek], lang: Lang) -> Markup {
    html! {
        @if weeks.iter().any(|week| week.kept.is_none()) {
            p.quiet { (lang.pick("?: the history does not say what stood in that week.", "?: was in der Woche stand, sagt der Verlauf nicht.")) }
        }
        @if weeks.iter().filter_map(|week| week.kept).any(|kept| kept.is_of_other_basis) {
            p.quiet {
                (lang.pick(
                    "Some of these weeks were planned by another version of the program or by other rules of the server: what stood in them is worked out with those of now.",
                    "Einige dieser Wochen hat eine andere Version des Programms geplant, oder andere Regeln des Servers: was in ihnen stand, ist mit denen von jetzt berechnet.",
                ))
            }
        }
    }
}

fn ages(ages: &Ages, lang: Lang) -> Markup {
    let title = lang.pick("Age of open tasks", "Alter der offenen Aufgaben");
    let total = ages.total();
    if total == 0 {
        return panel(title, &html! { p { (lang.pick("No task is open.", "Keine Aufgabe ist offen.")) } });
    }
    let named: Vec<([Phrase; 2], usize)> = ages
        .counts()
        .map(|(age, count)| (age_names(age), count))
        .chain((ages.unknown > 0).then_some((UNKNOWN_AGE, ages.unknown)))
        .collect();
    let old: usize =
        ages.counts().filter(|(age, _)| matches!(age, Age::Year | Age::More)).map(|(_, count)| count).sum();
    let said = lang.pick(
        format!("{total} open, {old} of them for more than 3 months."),
        format!("{total} offen, davon {old} seit mehr als 3 Monaten."),
    );
    let columns: Vec<Column> = named
        .iter()
        .map(|([short, _], count)| Column {
            label: short.text(lang).to_owned(),
            parts: Some(vec![(Tone::Work, *count)]),
        })
        .collect();
    let rows = named.iter().map(|([_, long], count)| vec![long.text(lang).to_owned(), count.to_string()]).collect();
    let names = [lang.pick("There for", "Da seit"), lang.pick("Tasks", "Aufgaben")].map(plain);
    let figure = Figure { id: "ages", title, said: &said, legend: &[], columns: &columns, names: &names, rows };
    panel(title, &html! { p { (said) } (figure.whole(lang)) })
}

/// Below a column, and in the table.
fn age_names(age: Age) -> [Phrase; 2] {
    match age {
        Age::Week => [Phrase { en: "1 w", de: "1 W" }, Phrase { en: "a week at most", de: "höchstens einer Woche" }],
        Age::FourWeeks => [Phrase { en: "4 w", de: "4 W" }, Phrase { en: "4 weeks at most", de: "höchstens 4 Wochen" }],
        Age::ThreeMonths => {
            [Phrase { en: "3 m", de: "3 M" }, Phrase { en: "3 months at most", de: "höchstens 3 Monaten" }]
        }
        Age::Year => [Phrase { en: "1 y", de: "1 J" }, Phrase { en: "a year at most", de: "höchstens einem Jahr" }],
        Age::More => [Phrase { en: "> 1", de: "> 1" }, Phrase { en: "more than a year", de: "mehr als einem Jahr" }],
    }
}

const UNKNOWN_AGE: [Phrase; 2] = [
    Phrase { en: "?", de: "?" },
    Phrase { en: "not known: longer than the history", de: "unbekannt: länger als der Verlauf" },
];

/// `42, from 13.10.2025`
fn week_name(week: Week, lang: Lang) -> String {
    format!("{} {} {}", week.number(), lang.pick("from", "ab"), date::to_text(week.monday()))
}
