//! What types say of the history, moves and what weeks came to.

use super::Pair;

pub const PAIRS: &[Pair] = &[
    (
        "A change of `tasks`, `rules` or `settings`, what a `sync` brought, the `clock`, or `clock_set_back`.",
        "Eine Änderung an Aufgaben (`tasks`), Regeln (`rules`) oder Einstellungen (`settings`), was ein Abgleich \
         gebracht hat (`sync`), die Uhr (`clock`) oder eine zurückgestellte Uhr (`clock_set_back`).",
    ),
    ("A change that was taken back.", "Eine Änderung, die zurückgenommen wurde."),
    ("A page of the history, the latest change first.", "Eine Seite des Verlaufs, die neueste Änderung zuerst."),
    ("A place in the past.", "Ein Platz in der Vergangenheit."),
    ("A task that would stand elsewhere.", "Eine Aufgabe, die woanders stünde."),
    ("A week, and what became of what stood in it.", "Eine Woche, und was aus dem wurde, was in ihr stand."),
    (
        "And the first ten of them, that of the task itself in front.",
        "Und die ersten zehn davon, die an der Aufgabe selbst vorn.",
    ),
    (
        "At most a `week`, `four_weeks`, `three_months`, a `year`, or `more`.",
        "Höchstens eine Woche (`week`), vier Wochen (`four_weeks`), drei Monate (`three_months`), ein Jahr (`year`) \
         oder `more` für mehr.",
    ),
    ("Done before these weeks.", "Vor diesen Wochen erledigt."),
    ("Done on a day after them, as the files say.", "An einem Tag danach erledigt, laut Datei."),
    ("Done on a day that the files do not say.", "An einem Tag erledigt, den die Datei nicht nennt."),
    ("From when on something else was planned with.", "Seit wann mit anderer Grundlage geplant wurde."),
    ("How many open tasks are so old.", "Wie viele offene Aufgaben so alt sind."),
    ("In the asker's language.", "In der Sprache der Anfrage."),
    ("In words, in the asker's language.", "In Worten, in der Sprache der Anfrage."),
    ("Null where it was not open or not there.", "Null, wo sie nicht offen oder nicht da war."),
    ("Of a change: how many there were in it.", "Bei einer Änderung: wie viele es in ihr waren."),
    (
        "Of a change: who did it, and by which way it came.",
        "Bei einer Änderung: wer es war und auf welchem Weg sie kam.",
    ),
    ("Of all open tasks: since when they are there.", "Von allen offenen Aufgaben: seit wann sie da sind."),
    ("Of all other categories together.", "Von allen anderen Kategorien zusammen."),
    (
        "Of each of the last weeks, the present one included: what stood in its slots as it began.",
        "Von jeder der letzten Wochen, auch der jetzigen: was in ihren Slots stand, als sie begann.",
    ),
    (
        "Of the clock: `midnight`, `slot_began`, `cutoff` or `slot_ended`, and of which slot.",
        "Bei der Uhr: `midnight`, `slot_began`, `cutoff` oder `slot_ended`, und welcher Slot.",
    ),
    ("One change of those that moved it.", "Eine der Änderungen, die sie verschoben haben."),
    ("One change.", "Eine einzelne Änderung."),
    ("One time that the task came to stand elsewhere.", "Ein Mal, dass die Aufgabe an eine andere Stelle kam."),
    (
        "Open tasks of which the history does not know since when they are there.",
        "Offene Aufgaben, von denen der Verlauf nicht weiß, seit wann sie da sind.",
    ),
    ("RFC 3339.", "Nach RFC 3339."),
    (
        "Since when, RFC 3339; null where no move was found yet.",
        "Seit wann, nach RFC 3339; null, wo noch keine Verschiebung gefunden wurde.",
    ),
    ("Some moves of a task, the latest first.", "Einige Verschiebungen einer Aufgabe, die neueste zuerst."),
    ("Such as `2025-W42`.", "Etwa `2025-W42`."),
    ("Tasks of a category.", "Aufgaben einer Kategorie."),
    (
        "Tasks that are done, by the week of the day that they were done on.",
        "Erledigte Aufgaben, nach der Woche des Tages, an dem sie erledigt wurden.",
    ),
    (
        "Tasks that stood in its slots as it began; null where that is not known, because the history does not \
         reach there.",
        "Aufgaben, die zu ihrem Beginn in ihren Slots standen; null, wo das unbekannt ist, weil der Verlauf nicht \
         so weit reicht.",
    ),
    ("The change that is taken back.", "Die Änderung, die zurückgenommen wird."),
    (
        "The commonest categories of all these weeks, in the same order in each.",
        "Die häufigsten Kategorien all dieser Wochen, in jeder in derselben Reihenfolge.",
    ),
    (
        "The documents that are now as they were before; none for a change of the settings or the rules.",
        "Die Dokumente, die jetzt wieder wie vorher sind; keine bei einer Änderung der Einstellungen oder der \
         Regeln.",
    ),
    ("The file; null for the settings and the rules.", "Die Datei; null bei den Einstellungen und den Regeln."),
    (
        "The generation that the change made; the last one if it is left out.",
        "Die Generation, zu der die Änderung geführt hat; weggelassen die letzte.",
    ),
    ("The generation that the user stood at afterwards.", "Die Generation, bei der der Benutzer danach stand."),
    ("The generation that this made.", "Die Generation, die daraus wurde."),
    ("The generation that was taken back.", "Die Generation, die zurückgenommen wurde."),
    ("The last weeks, the present one at the end.", "Die letzten Wochen, die jetzige am Ende."),
    ("The Monday that it begins with, `DD.MM.YYYY`.", "Der Montag, mit dem sie beginnt, `DD.MM.YYYY`."),
    (
        "The present week by ISO 8601, such as `2025-W42`, in the user's time zone.",
        "Die jetzige Woche nach ISO 8601, etwa `2025-W42`, in der Zeitzone des Benutzers.",
    ),
    ("The same in words, in the asker's language.", "Dasselbe in Worten, in der Sprache der Anfrage."),
    ("The slot that it would stand in.", "Der Slot, in dem sie stünde."),
    (
        "The value for `before` that gives the next page; null on the last.",
        "Der Wert für `before`, der die nächste Seite ergibt; auf der letzten null.",
    ),
    (
        "The value for `before` that goes on, perhaps to a page without a move; null at the account's beginning.",
        "Der Wert für `before`, mit dem es weitergeht, vielleicht zu einer Seite ohne Verschiebung; am Anfang des \
         Kontos null.",
    ),
    (
        "The way that it came: the name of a token, `import`, …",
        "Auf welchem Weg sie kam: der Name eines Tokens, `import`, …",
    ),
    (
        "The whole document, the settings or the list of rules as JSON; null where there was none. Of a merge that \
         a sync made: the version that was not taken.",
        "Das ganze Dokument, die Einstellungen oder die Regelliste als JSON; null, wo nichts war. Bei einer \
         Zusammenführung durch einen Abgleich: die Fassung, die nicht übernommen wurde.",
    ),
    ("Those of them that were done in it.", "Die davon, die in ihr erledigt wurden."),
    ("What moved it.", "Was sie verschoben hat."),
    ("What was done in a week.", "Was in einer Woche erledigt wurde."),
    (
        "What was done in each week, how much of what stood in it, and how old is what is still open.",
        "Was in jeder Woche erledigt wurde, wie viel davon in ihr stand, und wie alt ist, was noch offen ist.",
    ),
    ("What was done: `create`, `complete`, …", "Was getan wurde: `create`, `complete`, …"),
    ("What was done: `create`, `update`, `complete`, …", "Was getan wurde: `create`, `update`, `complete`, …"),
    ("What was, or is, in the place of the change.", "Was an der Stelle der Änderung war oder ist."),
    (
        "When another version of the program, other rules of the server or other time zones came to be planned \
         with: what that moved is not among the moves.",
        "Seit wann mit einer anderen Version des Programms, anderen Regeln des Servers oder anderen Zeitzonen \
         geplant wird: Was das verschoben hat, ist nicht unter den Verschiebungen.",
    ),
    (
        "Where it stands, on the first page now; null where it is not open or not there.",
        "Wo sie steht, auf der ersten Seite jetzt; null, wo sie nicht offen oder nicht da ist.",
    ),
    (
        "Whether both sides had changed the same when a sync merged them: somebody should look at it.",
        "Ob beide Seiten dasselbe geändert hatten, als ein Abgleich sie zusammenführte: Das sollte sich jemand \
         ansehen.",
    ),
    (
        "Whether it happened in another account, and came with an import; it cannot be taken back here.",
        "Ob sie in einem anderen Konto geschah und mit einem Import kam; hier lässt sie sich nicht zurücknehmen.",
    ),
    (
        "Whether it was planned with something else then: what stood there is what would stand there now.",
        "Ob damals mit anderer Grundlage geplant wurde: Was da steht, ist das, was jetzt dort stünde.",
    ),
    (
        "Whether that generation was planned with something else than now: what was shown then may have been \
         another.",
        "Ob diese Generation mit anderer Grundlage geplant wurde als jetzt: Gezeigt wurde damals vielleicht etwas \
         anderes.",
    ),
    (
        "Whether this is the answer to an earlier request with the same `Idempotency-Key`.",
        "Ob das die Antwort auf eine frühere Anfrage mit demselben `Idempotency-Key` ist.",
    ),
    ("Which change to take back.", "Welche Änderung zurückzunehmen ist."),
    ("Who did it.", "Wer es getan hat."),
    ("Why it stands in none.", "Warum sie in keinem steht."),
    ("Why it would stand in none.", "Warum sie in keinem stünde."),
];
