//! The words of the rules: one table, from which registration, error messages and the authors' reference come.

use std::sync::LazyLock;

/// What a word is; a type's name says whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Constant,
    Function,
    /// A function that only tests have.
    Test,
    Method(&'static str),
    Property(&'static str),
    Operator(&'static str),
}

/// One word with its names and what it means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub kind: Kind,
    pub name: &'static str,
    /// The name in the other language, German for most; empty where one is good in both.
    also: &'static str,
    /// How it is written, by its English name.
    usage: &'static str,
    /// What comes of it, as scripts call the type.
    pub result: &'static str,
    /// One sentence.
    pub meaning: &'static str,
}

impl Word {
    pub(super) fn also(&self) -> Option<&'static str> {
        Some(self.also).filter(|also| !also.is_empty())
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.name == name || self.also() == Some(name)
    }

    /// How it is written by this one of its names.
    pub(super) fn usage(&self, name: &str) -> String {
        match self.kind {
            Kind::Function | Kind::Test | Kind::Method(_) => {
                self.usage.replace(&format!("{}(", self.name), &format!("{name}("))
            }
            Kind::Constant | Kind::Property(_) | Kind::Operator(_) => self.usage.to_owned(),
        }
    }
}

/// A row of the table as it is written below.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const CONSTANTS: &[Row] = &[
    ("weekdays", "werktage", "weekdays", "weekdays", "Monday to Friday."),
    ("weekends", "wochenenden", "weekends", "weekdays", "Saturday and Sunday."),
];

const FUNCTIONS: &[Row] = &[
    (
        "slot",
        "",
        r#"slot("name", "HH:MM", "HH:MM")"#,
        "slot",
        "A slot from one time to the other; open tasks are put there, until it begins.",
    ),
    (
        "on",
        "an",
        r#"on(weekdays), on(weekends) or on(["mo", "di"])"#,
        "constraint",
        "The task may go on these days; a day is a word in German or English, or a number from 1 for Monday.",
    ),
    ("anywhere", "ueberall", "anywhere()", "constraint", "The task may go to every slot."),
    ("never", "niemals", r#"never("reason")"#, "refusal", "The task gets no slot, and the timeline says why."),
    (
        "date",
        "datum",
        r#"date("24.12.2025") or date(2025, 12, 24)"#,
        "date",
        "The date that the text says, or the one of this year, month and day.",
    ),
    ("easter", "ostern", "easter(2025)", "date", "Easter Sunday of the year."),
    (
        "option",
        "",
        r#"option("name")"#,
        "what was set",
        "The value of an option that `options()` declares: what its user set, else the default.",
    ),
    (
        "flag",
        "schalter",
        r#"flag("name", true)"#,
        "option",
        "Declares an option that is true or false, and its default.",
    ),
    ("number", "zahl", r#"number("name", 3)"#, "option", "Declares an option that is a whole number, and its default."),
    ("text", "", r#"text("name", "default")"#, "option", "Declares an option that is a text, and its default."),
    (
        "choice",
        "auswahl",
        r#"choice("name", ["one", "two"], "one")"#,
        "option",
        "Declares an option that is one of these texts, and its default.",
    ),
    ("day", "tag", r#"day("name", "24.12.2025")"#, "option", "Declares an option that is a date, and its default."),
];

const OF_SLOT: &[Row] = &[
    (
        "cutoff",
        "schluss",
        r#".cutoff("HH:MM")"#,
        "slot",
        "The slot is offered on its own day until this time, which lies within it.",
    ),
    ("manual", "von_hand", ".manual()", "slot", "Only tasks that are fixed to the slot go there."),
    ("auto", "automatisch", ".auto()", "slot", "Open tasks are put there; every slot is so unless it is manual."),
];

const OF_CONSTRAINT: &[Row] = &[
    ("at", "im_slot", r#".at("morgens") or .at(["morgens", "abends"])"#, "constraint", "Only in slots of these names."),
    ("from", "ab", r#".from(date("24.12.2025"))"#, "constraint", "Not before this day."),
    ("up_to", "bis", r#".up_to(date("24.12.2025"))"#, "constraint", "Not after this day."),
    (
        "not_at",
        "nicht_im_slot",
        r#".not_at("abends") or .not_at(["morgens", "abends"])"#,
        "constraint",
        "Not in slots of these names.",
    ),
    (
        "not_on",
        "nicht_an",
        r#".not_on("fr") or .not_on(["24.12.2025", "31.12.2025"])"#,
        "constraint",
        "Not on these days of the week or dates, whatever else is said.",
    ),
    (
        "not_between",
        "nicht_zwischen",
        r#".not_between("1.8.2026", "24.8.2026")"#,
        "constraint",
        "Not from the first day to the last, both included, whatever else is said.",
    ),
    (
        "also_on",
        "auch_an",
        r#".also_on("fr") or .also_on(["24.12.2025", "31.12.2025"])"#,
        "constraint",
        "On these days, too, though `on` of this or another script of the list leaves them out; all else that is said still holds.",
    ),
    ("because", "weil", r#".because("text")"#, "constraint", "Why, for whoever asks where the task is."),
    (
        "ahead_of_line",
        "vorrang",
        ".ahead_of_line(1)",
        "constraint",
        "The task chooses before those of a lower number, which is 0 where nobody says one; equal ones go by rank. \
         Where several scripts say one, the highest counts.",
    ),
];

const OF_OPTION: &[Row] = &[
    ("label", "beschriftung", r#".label("text")"#, "option", "What a form writes beside the option."),
    ("between", "zwischen", ".between(1, 10)", "option", "The smallest and the largest value of a number."),
];

const PROPERTIES_OF_TASK: &[Row] = &[
    ("number", "nummer", "task.number", "integer", "Its number, which is its rank; `()` where its file has none."),
    ("id", "", "task.id", "string", "The number as people say it, with at least four digits."),
    ("file", "datei", "task.file", "string", "The name of its file."),
    ("title", "titel", "task.title", "string", "Its title."),
    ("kategorie", "category", "task.kategorie", "string", "Its category, such as `arbeit`."),
    ("tags", "", "task.tags", "list", "Its tags: a list of texts."),
    ("deadline", "frist", "task.deadline", "date", "The date that it is due; `()` where it has none."),
    ("body", "inhalt", "task.body", "string", "The text below its head; of a long one its first 32 KiB."),
];

const PROPERTIES_OF_DAY: &[Row] = &[
    ("date", "datum", "day.date", "date", "Its date."),
    ("index", "", "day.index", "integer", "How many days it is from today: 0 today, 1 tomorrow."),
];

/// What dates and days have in common.
const PROPERTIES_OF_BOTH: &[Row] = &[
    ("weekday", "wochentag", ".weekday", "integer", "1 on Mondays to 7 on Sundays."),
    ("weekend", "wochenende", ".weekend", "bool", "Whether it is a Saturday or a Sunday."),
    ("week", "woche", ".week", "integer", "The week of the calendar, as ISO 8601 counts them."),
    ("year", "jahr", ".year", "integer", "The year."),
    ("month", "monat", ".month", "integer", "The month, from 1."),
    ("day", "tag", ".day", "integer", "The day of the month, from 1."),
];

const PROPERTIES_OF_SLOT: &[Row] = &[
    ("name", "zeit", "slot.name", "string", "Its name, in lower case."),
    ("from", "von", "slot.from", "string", "When it begins, such as `09:00`."),
    ("to", "bis", "slot.to", "string", "When it ends."),
    ("cutoff", "schluss", "slot.cutoff", "string", "Until when it is offered on its own day."),
    ("auto", "automatisch", "slot.auto", "bool", "Whether open tasks are put there."),
];

const OPERATORS_OF_DATES: &[Row] = &[
    ("==", "", "day == date", "bool", "Whether they are the same day."),
    ("!=", "", "day != date", "bool", "Whether they are different days."),
    ("<", "", "day < date", "bool", "Whether the first comes before the second."),
    ("<=", "", "day <= date", "bool", "Whether it comes before, or is the same."),
    (">", "", "day > date", "bool", "Whether the first comes after the second."),
    (">=", "", "day >= date", "bool", "Whether it comes after, or is the same."),
    (
        "-",
        "",
        "day - date, day - 7",
        "integer, date",
        "The days from the second to the first; or the date so many days before.",
    ),
    ("+", "", "day + 7", "date", "The date so many days after."),
];

const OPERATORS_OF_SLOT: &[Row] = &[
    ("==", "", "slot == slot", "bool", "Whether they are alike in everything."),
    ("!=", "", "slot != slot", "bool", "Whether they differ in anything."),
];

const TEXT_OF: Row = ("to_string", "", ".to_string()", "string", "It as text, as between the quotes of `${…}`.");

/// Functions that only tests have.
const OF_TESTS: &[Row] = &[
    (
        "plan",
        "plane",
        r#"plan(#{now: "2025-10-13 08:00", tasks: [#{number: 1, kategorie: "arbeit"}]})"#,
        "plan",
        "Plans the tasks from that moment on.",
    ),
    ("assert", "pruefe", "assert(true)", "nothing", "Fails the test unless it is true."),
    ("assert_eq", "gleich", "assert_eq(1, 1)", "nothing", "Fails the test, and says both, unless they are equal."),
];

const OF_PLAN: &[Row] = &[
    ("slot_of", "slot_von", r#".slot_of("0001")"#, "string", "Its slot, such as `13.10.2025 morgens`; `()` for none."),
    (
        "state_of",
        "stand_von",
        r#".state_of("0001")"#,
        "string",
        "`placed`, `waiting`, `unplaced`, `conflict`, `overdue` or `later`.",
    ),
    (
        "reason_of",
        "grund_von",
        r#".reason_of("0001")"#,
        "string",
        "Why it has no slot, in the rule's words or a word of the timeline's; `()` where it has one or waits.",
    ),
    ("at", "am", r#".at("13.10.2025", "morgens")"#, "string", "The id of the task in the slot; `()` while it is free."),
    ("slots_on", "slots_am", r#".slots_on("13.10.2025")"#, "list", "The names of the slots that the day offers."),
];

const PROPERTIES_OF_PLAN: &[Row] =
    &[("waiting", "wartend", "plan.waiting", "list", "The ids of those who found no free slot, first in line first.")];

/// All words, in the order in which the reference has them.
pub(super) static WORDS: LazyLock<Vec<Word>> = LazyLock::new(|| {
    let mut words = Vec::new();
    let mut add = |kind: Kind, rows: &[Row]| {
        words.extend(rows.iter().map(|(name, also, usage, result, meaning)| Word {
            kind,
            name,
            also,
            usage,
            result,
            meaning,
        }));
    };
    add(Kind::Constant, CONSTANTS);
    add(Kind::Function, FUNCTIONS);
    add(Kind::Test, OF_TESTS);
    for (of, methods) in [("slot", OF_SLOT), ("constraint", OF_CONSTRAINT), ("option", OF_OPTION), ("plan", OF_PLAN)] {
        add(Kind::Method(of), methods);
    }
    add(Kind::Property("task"), PROPERTIES_OF_TASK);
    add(Kind::Property("day"), PROPERTIES_OF_DAY);
    for of in ["day", "date"] {
        add(Kind::Property(of), PROPERTIES_OF_BOTH);
    }
    add(Kind::Property("slot"), PROPERTIES_OF_SLOT);
    add(Kind::Property("plan"), PROPERTIES_OF_PLAN);
    for of in ["day", "date"] {
        add(Kind::Operator(of), OPERATORS_OF_DATES);
    }
    add(Kind::Operator("slot"), OPERATORS_OF_SLOT);
    for of in ["slot", "day", "date"] {
        add(Kind::Method(of), &[TEXT_OF]);
    }
    words
});

pub(super) fn functions() -> impl Iterator<Item = &'static Word> + Clone {
    WORDS.iter().filter(|word| word.kind == Kind::Function)
}

/// Functions that only tests have.
pub(super) fn of_tests() -> impl Iterator<Item = &'static Word> + Clone {
    WORDS.iter().filter(|word| word.kind == Kind::Test)
}

pub(super) fn methods() -> impl Iterator<Item = (&'static str, &'static Word)> + Clone {
    WORDS.iter().filter_map(|word| match word.kind {
        Kind::Method(of) => Some((of, word)),
        Kind::Constant | Kind::Function | Kind::Test | Kind::Property(_) | Kind::Operator(_) => None,
    })
}

pub(super) fn properties(of: &str) -> impl Iterator<Item = &'static Word> + Clone {
    WORDS.iter().filter(move |word| matches!(word.kind, Kind::Property(owner) if owner == of))
}

/// The first names of words, then their other ones, which are proposed last.
pub(super) fn names(words: impl Iterator<Item = &'static Word> + Clone) -> impl Iterator<Item = &'static str> + Clone {
    words.clone().map(|word| word.name).chain(words.filter_map(Word::also))
}
