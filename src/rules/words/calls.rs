//! Constants, functions and methods.

use super::Row;
use super::results::{CONSTRAINT, DATE, LIST, NOTHING, OPTION, PLAN, REFUSAL, SET, SLOT, STRING, WEEKDAYS};

pub(super) const CONSTANTS: &[Row] = &[
    ("weekdays", "werktage", [&["weekdays"], &["werktage"]], WEEKDAYS, ["Monday to Friday.", "Montag bis Freitag."]),
    (
        "weekends",
        "wochenenden",
        [&["weekends"], &["wochenenden"]],
        WEEKDAYS,
        ["Saturday and Sunday.", "Samstag und Sonntag."],
    ),
];

pub(super) const FUNCTIONS: &[Row] = &[
    (
        "slot",
        "",
        [&[r#"slot("name", "HH:MM", "HH:MM")"#], &[r#"slot("Name", "HH:MM", "HH:MM")"#]],
        SLOT,
        [
            "A slot from one time to the other; open tasks are put there, until it begins.",
            "Ein Slot von der einen Uhrzeit bis zur anderen; offene Aufgaben kommen hinein, bis er beginnt.",
        ],
    ),
    (
        "on",
        "an",
        [
            &["on(weekdays)", "on(weekends)", r#"on(["mo", "di"])"#],
            &["an(werktage)", "an(wochenenden)", r#"an(["mo", "di"])"#],
        ],
        CONSTRAINT,
        [
            "The task may go on these days; a day is a word in German or English, or a number from 1 for Monday.",
            "Die Aufgabe darf an diese Tage; ein Tag ist ein deutsches oder englisches Wort oder eine Zahl, mit 1 für Montag.",
        ],
    ),
    (
        "anywhere",
        "ueberall",
        [&["anywhere()"], &["ueberall()"]],
        CONSTRAINT,
        ["The task may go to every slot.", "Die Aufgabe darf in jeden Slot."],
    ),
    (
        "never",
        "niemals",
        [&[r#"never("reason")"#], &[r#"niemals("Grund")"#]],
        REFUSAL,
        [
            "The task gets no slot, and the timeline says why.",
            "Die Aufgabe bekommt keinen Slot, und der Zeitplan sagt, warum.",
        ],
    ),
    (
        "date",
        "datum",
        [&[r#"date("24.12.2025")"#, "date(2025, 12, 24)"], &[r#"datum("24.12.2025")"#, "datum(2025, 12, 24)"]],
        DATE,
        [
            "The date that the text says, or the one of this year, month and day.",
            "Das Datum, das der Text nennt, oder das aus Jahr, Monat und Tag.",
        ],
    ),
    (
        "easter",
        "ostern",
        [&["easter(2025)"], &["ostern(2025)"]],
        DATE,
        ["Easter Sunday of the year.", "Der Ostersonntag des Jahres."],
    ),
    (
        "option",
        "",
        [&[r#"option("name")"#], &[r#"option("Name")"#]],
        SET,
        [
            "The value of an option that `options()` declares: what its user set, else the default.",
            "Der Wert einer Option, die in `options()` steht: was jemand eingestellt hat, sonst die Vorgabe.",
        ],
    ),
    (
        "flag",
        "schalter",
        [&[r#"flag("name", true)"#], &[r#"schalter("Name", true)"#]],
        OPTION,
        [
            "Declares an option that is true or false, and its default.",
            "Eine Option, die `true` oder `false` ist, mit ihrer Vorgabe.",
        ],
    ),
    (
        "number",
        "zahl",
        [&[r#"number("name", 3)"#], &[r#"zahl("Name", 3)"#]],
        OPTION,
        [
            "Declares an option that is a whole number, and its default.",
            "Eine Option, die eine ganze Zahl ist, mit ihrer Vorgabe.",
        ],
    ),
    (
        "text",
        "",
        [&[r#"text("name", "default")"#], &[r#"text("Name", "Vorgabe")"#]],
        OPTION,
        ["Declares an option that is a text, and its default.", "Eine Option, die ein Text ist, mit ihrer Vorgabe."],
    ),
    (
        "choice",
        "auswahl",
        [&[r#"choice("name", ["one", "two"], "one")"#], &[r#"auswahl("Name", ["eins", "zwei"], "eins")"#]],
        OPTION,
        [
            "Declares an option that is one of these texts, and its default.",
            "Eine Option, die einer dieser Texte ist, mit ihrer Vorgabe.",
        ],
    ),
    (
        "day",
        "tag",
        [&[r#"day("name", "24.12.2025")"#], &[r#"tag("Name", "24.12.2025")"#]],
        OPTION,
        ["Declares an option that is a date, and its default.", "Eine Option, die ein Datum ist, mit ihrer Vorgabe."],
    ),
];

pub(super) const OF_SLOT: &[Row] = &[
    (
        "cutoff",
        "schluss",
        [&[r#".cutoff("HH:MM")"#], &[r#".schluss("HH:MM")"#]],
        SLOT,
        [
            "The slot is offered on its own day until this time, which lies within it.",
            "Der Slot wird an seinem eigenen Tag bis zu dieser Uhrzeit angeboten; sie liegt in ihm.",
        ],
    ),
    (
        "manual",
        "von_hand",
        [&[".manual()"], &[".von_hand()"]],
        SLOT,
        ["Only tasks that are fixed to the slot go there.", "In den Slot kommen nur Aufgaben, die darin fest sind."],
    ),
    (
        "auto",
        "automatisch",
        [&[".auto()"], &[".automatisch()"]],
        SLOT,
        [
            "Open tasks are put there; every slot is so unless it is manual.",
            "Offene Aufgaben kommen hinein; so ist jeder Slot, der nicht von Hand belegt wird.",
        ],
    ),
];

pub(super) const OF_CONSTRAINT: &[Row] = &[
    (
        "at",
        "im_slot",
        [
            &[r#".at("morgens")"#, r#".at(["morgens", "abends"])"#],
            &[r#".im_slot("morgens")"#, r#".im_slot(["morgens", "abends"])"#],
        ],
        CONSTRAINT,
        ["Only in slots of these names.", "Nur in Slots, die so heißen."],
    ),
    (
        "from",
        "ab",
        [&[r#".from(date("24.12.2025"))"#], &[r#".ab(datum("24.12.2025"))"#]],
        CONSTRAINT,
        ["Not before this day.", "Nicht vor diesem Tag."],
    ),
    (
        "up_to",
        "bis",
        [&[r#".up_to(date("24.12.2025"))"#], &[r#".bis(datum("24.12.2025"))"#]],
        CONSTRAINT,
        ["Not after this day.", "Nicht nach diesem Tag."],
    ),
    (
        "not_at",
        "nicht_im_slot",
        [
            &[r#".not_at("abends")"#, r#".not_at(["morgens", "abends"])"#],
            &[r#".nicht_im_slot("abends")"#, r#".nicht_im_slot(["morgens", "abends"])"#],
        ],
        CONSTRAINT,
        ["Not in slots of these names.", "Nicht in Slots, die so heißen."],
    ),
    (
        "not_on",
        "nicht_an",
        [
            &[r#".not_on("fr")"#, r#".not_on(["24.12.2025", "31.12.2025"])"#],
            &[r#".nicht_an("fr")"#, r#".nicht_an(["24.12.2025", "31.12.2025"])"#],
        ],
        CONSTRAINT,
        [
            "Not on these days of the week or dates, whatever else is said.",
            "Nicht an diesen Wochentagen oder Daten, was auch sonst gesagt ist.",
        ],
    ),
    (
        "not_between",
        "nicht_zwischen",
        [&[r#".not_between("1.8.2026", "24.8.2026")"#], &[r#".nicht_zwischen("1.8.2026", "24.8.2026")"#]],
        CONSTRAINT,
        [
            "Not from the first day to the last, both included, whatever else is said.",
            "Nicht vom ersten bis zum letzten Tag, beide eingeschlossen, was auch sonst gesagt ist.",
        ],
    ),
    (
        "also_on",
        "auch_an",
        [
            &[r#".also_on("fr")"#, r#".also_on(["24.12.2025", "31.12.2025"])"#],
            &[r#".auch_an("fr")"#, r#".auch_an(["24.12.2025", "31.12.2025"])"#],
        ],
        CONSTRAINT,
        [
            "On these days, too, though `on` of this or another script of the list leaves them out; all else that is said still holds.",
            "Auch an diesen Tagen, selbst wenn `an` in diesem oder einem anderen Skript der Liste sie auslässt; alles andere gilt weiter.",
        ],
    ),
    (
        "because",
        "weil",
        [&[r#".because("text")"#], &[r#".weil("Text")"#]],
        CONSTRAINT,
        ["Why, for whoever asks where the task is.", "Warum, für alle, die wissen wollen, wo die Aufgabe ist."],
    ),
    (
        "ahead_of_line",
        "vorrang",
        [&[".ahead_of_line(1)"], &[".vorrang(1)"]],
        CONSTRAINT,
        [
            "The task chooses before those of a lower number, which is 0 where nobody says one; equal ones go by rank. \
             Where several scripts say one, the highest counts.",
            "Die Aufgabe wählt vor denen mit einer kleineren Zahl; ohne Angabe ist sie 0, und bei gleicher zählt der Rang. \
             Nennen mehrere Skripte eine, gilt die größte.",
        ],
    ),
];

pub(super) const OF_OPTION: &[Row] = &[
    (
        "label",
        "beschriftung",
        [&[r#".label("text")"#], &[r#".beschriftung("Text")"#]],
        OPTION,
        ["What a form writes beside the option.", "Was im Formular neben der Option steht."],
    ),
    (
        "between",
        "zwischen",
        [&[".between(1, 10)"], &[".zwischen(1, 10)"]],
        OPTION,
        ["The smallest and the largest value of a number.", "Der kleinste und der größte Wert einer Zahl."],
    ),
];

pub(super) const OF_ANY: &[Row] = &[(
    "to_string",
    "",
    [&[".to_string()"], &[".to_string()"]],
    STRING,
    ["It as text, as between the quotes of `${…}`.", "Als Text, so wie `${…}` ihn einsetzt."],
)];

/// Functions that only tests have.
pub(super) const OF_TESTS: &[Row] = &[
    (
        "plan",
        "plane",
        [
            &[r#"plan(#{now: "2025-10-13 08:00", tasks: [#{number: 1, kategorie: "arbeit"}]})"#],
            &[r#"plane(#{jetzt: "13.10.2025 08:00", aufgaben: [#{nummer: 1, kategorie: "arbeit"}]})"#],
        ],
        PLAN,
        ["Plans the tasks from that moment on.", "Plant die Aufgaben von diesem Zeitpunkt an."],
    ),
    (
        "assert",
        "pruefe",
        [&["assert(true)"], &["pruefe(true)"]],
        NOTHING,
        ["Fails the test unless it is true.", "Der Test scheitert, wenn es nicht wahr ist."],
    ),
    (
        "assert_eq",
        "gleich",
        [&["assert_eq(1, 1)"], &["gleich(1, 1)"]],
        NOTHING,
        [
            "Fails the test, and says both, unless they are equal.",
            "Der Test scheitert und nennt beide, wenn sie nicht gleich sind.",
        ],
    ),
];

pub(super) const OF_PLAN: &[Row] = &[
    (
        "slot_of",
        "slot_von",
        [&[r#".slot_of("0001")"#], &[r#".slot_von("0001")"#]],
        STRING,
        [
            "Its slot, such as `13.10.2025 morgens`; `()` for none.",
            "Der Slot der Aufgabe, etwa `13.10.2025 morgens`; `()`, wenn sie keinen hat.",
        ],
    ),
    (
        "state_of",
        "stand_von",
        [&[r#".state_of("0001")"#], &[r#".stand_von("0001")"#]],
        STRING,
        [
            "`placed`, `waiting`, `unplaced`, `conflict`, `overdue` or `later`.",
            "`placed` (im Slot), `waiting` (in der Reihe), `unplaced` (ohne Slot), `conflict` (Slot belegt), `overdue` (überfällig) oder `later` (später).",
        ],
    ),
    (
        "reason_of",
        "grund_von",
        [&[r#".reason_of("0001")"#], &[r#".grund_von("0001")"#]],
        STRING,
        [
            "Why it has no slot, in the rule's words or a word of the timeline's; `()` where it has one or waits.",
            "Warum sie keinen Slot hat, in den Worten der Regel oder mit einem Wort des Zeitplans; `()`, wenn sie einen hat oder wartet.",
        ],
    ),
    (
        "at",
        "am",
        [&[r#".at("13.10.2025", "morgens")"#], &[r#".am("13.10.2025", "morgens")"#]],
        STRING,
        [
            "The id of the task in the slot; `()` while it is free.",
            "Die id der Aufgabe in dem Slot; `()`, wenn er frei ist.",
        ],
    ),
    (
        "slots_on",
        "slots_am",
        [&[r#".slots_on("13.10.2025")"#], &[r#".slots_am("13.10.2025")"#]],
        LIST,
        ["The names of the slots that the day offers.", "Die Namen der Slots, die der Tag anbietet."],
    ),
];
