//! What follows a dot without being called, and what stands between two values.

use super::Row;
use super::results::{BOOL, DATE, INTEGER, INTEGER_OR_DATE, LIST, STRING};

pub(super) const OF_TASK: &[Row] = &[
    (
        "number",
        "nummer",
        [&["task.number"], &["aufgabe.nummer"]],
        INTEGER,
        [
            "Its number, which is its rank; `()` where its file has none.",
            "Ihre Nummer, die ihr Rang ist; `()`, wenn ihre Datei keine hat.",
        ],
    ),
    (
        "id",
        "",
        [&["task.id"], &["aufgabe.id"]],
        STRING,
        [
            "The number as people say it, with at least four digits.",
            "Die Nummer, wie man sie sagt, mit mindestens vier Ziffern.",
        ],
    ),
    ("file", "datei", [&["task.file"], &["aufgabe.datei"]], STRING, ["The name of its file.", "Der Name ihrer Datei."]),
    ("title", "titel", [&["task.title"], &["aufgabe.titel"]], STRING, ["Its title.", "Ihr Titel."]),
    (
        "kategorie",
        "category",
        [&["task.kategorie"], &["aufgabe.kategorie"]],
        STRING,
        ["Its category, such as `arbeit`.", "Ihre Kategorie, etwa `arbeit`."],
    ),
    (
        "tags",
        "",
        [&["task.tags"], &["aufgabe.tags"]],
        LIST,
        ["Its tags: a list of texts.", "Ihre Schlagwörter: eine Liste von Texten."],
    ),
    (
        "deadline",
        "frist",
        [&["task.deadline"], &["aufgabe.frist"]],
        DATE,
        [
            "The date that it is due; `()` where it has none.",
            "Das Datum, an dem sie fällig ist; `()`, wenn sie keines hat.",
        ],
    ),
    (
        "body",
        "inhalt",
        [&["task.body"], &["aufgabe.inhalt"]],
        STRING,
        [
            "The text below its head; of a long one its first 32 KiB.",
            "Der Text unter ihrem Kopf; von einem langen die ersten 32 KiB.",
        ],
    ),
];

pub(super) const OF_DAY: &[Row] = &[
    ("date", "datum", [&["day.date"], &["tag.datum"]], DATE, ["Its date.", "Sein Datum."]),
    (
        "index",
        "",
        [&["day.index"], &["tag.index"]],
        INTEGER,
        [
            "How many days it is from today: 0 today, 1 tomorrow.",
            "Wie viele Tage es von heute an sind: 0 ist heute, 1 morgen.",
        ],
    ),
];

/// What dates and days have in common.
pub(super) const OF_BOTH: &[Row] = &[
    (
        "weekday",
        "wochentag",
        [&[".weekday"], &[".wochentag"]],
        INTEGER,
        ["1 on Mondays to 7 on Sundays.", "1 am Montag bis 7 am Sonntag."],
    ),
    (
        "weekend",
        "wochenende",
        [&[".weekend"], &[".wochenende"]],
        BOOL,
        ["Whether it is a Saturday or a Sunday.", "Ob es ein Samstag oder ein Sonntag ist."],
    ),
    (
        "week",
        "woche",
        [&[".week"], &[".woche"]],
        INTEGER,
        ["The week of the calendar, as ISO 8601 counts them.", "Die Kalenderwoche, wie ISO 8601 zählt."],
    ),
    ("year", "jahr", [&[".year"], &[".jahr"]], INTEGER, ["The year.", "Das Jahr."]),
    ("month", "monat", [&[".month"], &[".monat"]], INTEGER, ["The month, from 1.", "Der Monat, von 1 an."]),
    ("day", "tag", [&[".day"], &[".tag"]], INTEGER, ["The day of the month, from 1.", "Der Tag des Monats, von 1 an."]),
];

pub(super) const OF_SLOT: &[Row] = &[
    (
        "name",
        "zeit",
        [&["slot.name"], &["slot.zeit"]],
        STRING,
        ["Its name, in lower case.", "Sein Name, in Kleinbuchstaben."],
    ),
    (
        "from",
        "von",
        [&["slot.from"], &["slot.von"]],
        STRING,
        ["When it begins, such as `09:00`.", "Wann er beginnt, etwa `09:00`."],
    ),
    ("to", "bis", [&["slot.to"], &["slot.bis"]], STRING, ["When it ends.", "Wann er endet."]),
    (
        "cutoff",
        "schluss",
        [&["slot.cutoff"], &["slot.schluss"]],
        STRING,
        ["Until when it is offered on its own day.", "Bis wann er an seinem eigenen Tag angeboten wird."],
    ),
    (
        "auto",
        "automatisch",
        [&["slot.auto"], &["slot.automatisch"]],
        BOOL,
        ["Whether open tasks are put there.", "Ob offene Aufgaben hineinkommen."],
    ),
];

pub(super) const OF_PLAN: &[Row] = &[(
    "waiting",
    "wartend",
    [&["plan.waiting"], &["plan.wartend"]],
    LIST,
    [
        "The ids of those who found no free slot, first in line first.",
        "Die ids der Aufgaben, die keinen freien Slot fanden, in der Ordnung ihrer Reihe.",
    ],
)];

pub(super) const OPERATORS_OF_DATES: &[Row] = &[
    (
        "==",
        "",
        [&["day == date"], &["tag == datum"]],
        BOOL,
        ["Whether they are the same day.", "Ob sie derselbe Tag sind."],
    ),
    (
        "!=",
        "",
        [&["day != date"], &["tag != datum"]],
        BOOL,
        ["Whether they are different days.", "Ob sie verschiedene Tage sind."],
    ),
    (
        "<",
        "",
        [&["day < date"], &["tag < datum"]],
        BOOL,
        ["Whether the first comes before the second.", "Ob der erste vor dem zweiten kommt."],
    ),
    (
        "<=",
        "",
        [&["day <= date"], &["tag <= datum"]],
        BOOL,
        ["Whether it comes before, or is the same.", "Ob er davor kommt oder derselbe ist."],
    ),
    (
        ">",
        "",
        [&["day > date"], &["tag > datum"]],
        BOOL,
        ["Whether the first comes after the second.", "Ob der erste nach dem zweiten kommt."],
    ),
    (
        ">=",
        "",
        [&["day >= date"], &["tag >= datum"]],
        BOOL,
        ["Whether it comes after, or is the same.", "Ob er danach kommt oder derselbe ist."],
    ),
    (
        "-",
        "",
        [&["day - date", "day - 7"], &["tag - datum", "tag - 7"]],
        INTEGER_OR_DATE,
        [
            "The days from the second to the first; or the date so many days before.",
            "Die Tage vom zweiten bis zum ersten; oder das Datum so viele Tage davor.",
        ],
    ),
    ("+", "", [&["day + 7"], &["tag + 7"]], DATE, ["The date so many days after.", "Das Datum so viele Tage danach."]),
];

pub(super) const OPERATORS_OF_SLOT: &[Row] = &[
    (
        "==",
        "",
        [&["slot == slot"], &["slot == slot"]],
        BOOL,
        ["Whether they are alike in everything.", "Ob sie in allem gleich sind."],
    ),
    (
        "!=",
        "",
        [&["slot != slot"], &["slot != slot"]],
        BOOL,
        ["Whether they differ in anything.", "Ob sie sich in etwas unterscheiden."],
    ),
];
