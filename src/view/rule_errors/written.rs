//! What is wrong with a script as it is written.

use crate::view::patterns::Pair;

pub(super) const PAIRS: &[Pair] = &[
    // A script and its functions.
    ("the script is larger than {} KiB", "das Skript ist größer als {number} KiB"),
    ("this { is not closed by a }", "zu dieser { fehlt die schließende }"),
    ("the expression is nested too deeply", "der Ausdruck ist zu tief verschachtelt"),
    ("the script defines more than {} functions", "das Skript definiert mehr als {number} Funktionen"),
    ("the script is not understood", "das Skript ist nicht zu verstehen"),
    ("the script made the parser fail", "an diesem Skript ist das Lesen gescheitert"),
    ("a text stands between double quotes: \"{}\"", "ein Text steht in doppelten Anführungszeichen: \"{}\""),
    (
        "{} is a word of the language; choose another name for the function",
        "{word} ist ein Wort der Sprache; gib der Funktion einen anderen Namen",
    ),
    (
        "{} is a word of the language and cannot follow a dot",
        "{word} ist ein Wort der Sprache und kann nicht hinter einem Punkt stehen",
    ),
    ("{} is a word of the language", "{word} ist ein Wort der Sprache"),
    ("{} is not available in rules", "{word} gibt es in Regeln nicht"),
    ("a name must follow the dot", "hinter dem Punkt muss ein Name stehen"),
    ("{} has 1 parameter; write fn {}", "{word} hat einen Parameter; schreib fn {}"),
    ("{} has {} parameters; write fn {}", "{word} hat {number} Parameter; schreib fn {}"),
    (
        "nothing calls {}; did you mean fn {}? The hooks are {}",
        "{word} wird nirgends aufgerufen; ist fn {} gemeint? Das Programm selbst ruft nur diese auf: {}",
    ),
    ("nothing calls {}; did you mean fn {}?", "{word} wird nirgends aufgerufen; ist fn {} gemeint?"),
    (
        "nothing calls {}, and it is no hook; these are {}",
        "{word} wird nirgends aufgerufen, auch nicht vom Programm selbst; das ruft nur diese auf: {}",
    ),
    (
        "nothing calls {}, and it is no test: the name of one begins with test_",
        "{word} wird nirgends aufgerufen und ist auch kein Test: dessen Name beginnt mit test_",
    ),
    // Words.
    ("{} does not take ({}); write {}", "{word} lässt sich nicht mit ({types}) aufrufen; schreib {usage}"),
    ("{} does not take ({})", "{word} lässt sich nicht mit ({types}) aufrufen"),
    ("{} is given 1 argument; write {}", "{word} bekommt ein Argument; schreib {usage}"),
    ("{} is given {} arguments; write {}", "{word} bekommt {number} Argumente; schreib {usage}"),
    ("{} has no method {}; it has {}", "{type} hat keine Methode {word}, nur {}"),
    ("{} has no method {}", "{type} hat keine Methode {word}"),
    (
        "{} is a method of {}; it does not take ({})",
        "{word} ist eine Methode von {type:d} und lässt sich nicht mit ({types}) aufrufen",
    ),
    ("there is no function {}", "eine Funktion {word} gibt es nicht"),
    ("{} is a function; write {}", "{word} ist eine Funktion; schreib {usage}"),
    ("there is no variable {}", "eine Variable {word} gibt es nicht"),
    (
        "{} is not known here: functions see only their parameters and their own variables; hand it over as a parameter, and instead of |x| … use a for loop",
        "{word} ist hier nicht bekannt: Funktionen sehen nur ihre Parameter und ihre eigenen Variablen; gib es als Parameter mit, und nimm statt |x| … eine for-Schleife",
    ),
    ("there is no property {}", "eine Eigenschaft {word} gibt es nicht"),
    ("nothing has a property {}", "eine Eigenschaft {word} gibt es nirgends"),
    ("the property {} of {} cannot be changed", "die Eigenschaft {word} von {type:d} lässt sich nicht ändern"),
    ("{} has no property {}; it has {}", "{type} hat keine Eigenschaft {word}, nur {}"),
    ("{} has no property {}", "{type} hat keine Eigenschaft {word}"),
    (
        "{} is not possible between {}; a task without a deadline has (), so ask task.deadline != () first",
        "{word} geht nicht zwischen {types}; eine Aufgabe ohne Frist hat (), frag also zuerst task.deadline != ()",
    ),
    ("{} is not possible between {}", "{word} geht nicht zwischen {types}"),
    (
        "here must stand {}, not {}; constraints are combined by methods, as in on(weekdays).at(\"morgens\"), and days by a list, as in on([\"mo\", \"di\"])",
        "hier muss {type} stehen, nicht {type}; Bedingungen werden durch Methoden verbunden, wie in on(weekdays).at(\"morgens\"), und Tage durch eine Liste, wie in on([\"mo\", \"di\"])",
    ),
    ("here must stand {}, not {}", "hier muss {type} stehen, nicht {type}"),
    // Comparisons.
    (
        "weekdays and weekends are for on(…) and equal nothing; ask .weekend, which is true or false, or .weekday == 1",
        "weekdays und weekends sind für on(…) da und sind nichts anderem gleich; frag .weekend, das true oder false ist, oder .weekday == 1",
    ),
    (
        "weekdays and weekends are for on(…); ask today.weekend, or !today.weekend for Monday to Friday",
        "weekdays und weekends sind für on(…) da; frag today.weekend, oder !today.weekend für Montag bis Freitag",
    ),
    (
        "a date is compared with a date, not with a number; ask its .weekday, .day, .month or .year",
        "ein Datum wird mit einem Datum verglichen, nicht mit einer Zahl; frag sein .weekday, .day, .month oder .year",
    ),
    (
        "a date is no day of the week; write .weekday == {}",
        "ein Datum ist kein Wochentag; schreib .weekday == {number}",
    ),
    (
        "a date is compared with a date, not with a text; write date(\"{}\")",
        "ein Datum wird mit einem Datum verglichen, nicht mit einem Text; schreib date(\"{}\")",
    ),
    (
        "{} is a number, 1 for Monday to 7 for Sunday; write {} == {}",
        "{word} ist eine Zahl, von 1 für Montag bis 7 für Sonntag; schreib {word} == {number}",
    ),
    (
        "{} is a number; write it without quotes, as in {} == 1",
        "{word} ist eine Zahl; schreib sie ohne Anführungszeichen, wie in {word} == 1",
    ),
    ("no task has the category '{}'; did you mean '{}'?", "keine Aufgabe hat die Kategorie „{}“; ist „{}“ gemeint?"),
    // Days, times and slots.
    ("date({}, {}, {}) is not in the calendar", "date({number}, {number}, {number}) gibt es im Kalender nicht"),
    (
        "'{}' is not a date of the calendar; write it as 24.12.2025",
        "„{}“ ist kein Datum des Kalenders; schreib es wie 24.12.2025",
    ),
    (
        "the date lies beyond the calendar (years 1 to 9999)",
        "das Datum liegt außerhalb des Kalenders (Jahre 1 bis 9999)",
    ),
    (
        "easter({}) is not known; the year must be from 1583 to 9999",
        "easter({number}) ist nicht bekannt; das Jahr muss von 1583 bis 9999 sein",
    ),
    ("easter({}) is not known", "easter({number}) ist nicht bekannt"),
    ("write on({}), without quotes", "schreib on({word}), ohne Anführungszeichen"),
    ("'{}' is not a day of the week", "„{}“ ist kein Wochentag"),
    (
        "{} is not a day of the week; 1 is Monday and 7 is Sunday",
        "{number} ist kein Wochentag; 1 ist Montag und 7 ist Sonntag",
    ),
    (
        "on([...]) takes days such as \"mo\", \"monday\" or 1 for Monday",
        "on([...]) nimmt Tage wie \"mo\", \"montag\" oder 1 für Montag",
    ),
    (
        "{}(…) takes days such as \"fr\", \"24.12.2025\" or easter(2026), not {}",
        "{word}(…) nimmt Tage wie \"fr\", \"24.12.2025\" oder easter(2026), nicht {type:a}",
    ),
    ("not_between(…) takes two dates, not {}", "not_between(…) nimmt zwei Daten, nicht {type:a}"),
    (
        "not_between(…) begins on {}, after it ends on {}; write the earlier day first",
        "not_between(…) beginnt am {}, nach seinem Ende am {}; schreib den früheren Tag zuerst",
    ),
    ("'{}' is not a time of the day; write it as 09:30", "„{}“ ist keine Uhrzeit; schreib sie wie 09:30"),
    ("no day has a slot '{}'; did you mean '{}'?", "kein Tag hat einen Slot „{}“; ist „{}“ gemeint?"),
    (
        "a slot's name is a word of at most {} letters and digits",
        "der Name eines Slots ist ein Wort von höchstens {number} Buchstaben und Ziffern",
    ),
    (
        "slot '{}' must begin before it ends; none goes across midnight",
        "der Slot „{}“ muss vor seinem Ende beginnen; keiner geht über Mitternacht",
    ),
    ("slot '{}' must begin before it ends", "der Slot „{}“ muss vor seinem Ende beginnen"),
    (
        "the cutoff of slot '{}' must lie between its begin and its end",
        "der Schluss (cutoff) des Slots „{}“ muss zwischen seinem Beginn und seinem Ende liegen",
    ),
    ("slots '{}' and '{}' overlap", "die Slots „{}“ und „{}“ überschneiden sich"),
    ("two slots of one day are named '{}'", "zwei Slots eines Tages heißen „{}“"),
    ("on {}: {}", "am {word}: {sentence}"),
    // Constraints.
    ("ahead_of_line({}) must be from 0 to {}", "ahead_of_line({number}) muss von 0 bis {number} sein"),
    (
        "not_at(...) takes at most {} names of slots, all together",
        "not_at(...) nimmt höchstens {number} Namen von Slots, alle zusammen",
    ),
    ("{}(...) takes at most {} names of slots", "{word}(...) nimmt höchstens {number} Namen von Slots"),
    (
        "{}([...]) takes names of slots, such as \"morgens\", not {}",
        "{word}([...]) nimmt Namen von Slots wie \"morgens\", nicht {type:a}",
    ),
    (
        "a constraint names at most {} dates or stretches of dates",
        "eine Bedingung nennt höchstens {number} Tage oder Zeiträume",
    ),
];
