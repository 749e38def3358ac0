//! What types say of tasks, their slots and the timeline.

use super::Pair;

pub const PAIRS: &[Pair] = &[
    ("0 is Sunday.", "0 ist Sonntag."),
    (
        "1 to 64 bytes; the same line with the same key adds no second task, also while the first is under way.",
        "1 bis 64 Bytes; dieselbe Zeile mit demselben Schlüssel legt keine zweite Aufgabe an, auch nicht, während \
         die erste noch unterwegs ist.",
    ),
    ("A button that does something to a task.", "Ein Knopf, der etwas mit einer Aufgabe tut."),
    ("A category that the rules know.", "Eine Kategorie, die die Regeln kennen."),
    (
        "A category that the rules know; the built-in ones know `arbeit` and `privat`.",
        "Eine Kategorie, die die Regeln kennen; die eingebauten kennen `arbeit` und `privat`.",
    ),
    ("A day and its slots.", "Ein Tag und seine Slots."),
    ("A day, or nothing.", "Ein Tag oder nichts."),
    (
        "A document that cannot be read as a task, and why.",
        "Ein Dokument, das sich nicht als Aufgabe lesen lässt, und warum.",
    ),
    ("A page of tasks in the order of rank.", "Eine Seite mit Aufgaben nach ihrem Rang."),
    ("A slot of a day, or a part of it.", "Ein Slot eines Tages oder ein Teil davon."),
    ("A slot of a day.", "Ein Slot eines Tages."),
    (
        "A slot of a day: `datum` as `DD.MM.YYYY`, and the slot's name. What a document leaves out is null.",
        "Ein Slot eines Tages: `datum` als `DD.MM.YYYY`, und der Name des Slots. Was ein Dokument weglässt, ist \
         null.",
    ),
    ("A slot with its day.", "Ein Slot mit seinem Tag."),
    (
        "A slot, or a day that has none, and what was found there at the task's turn.",
        "Ein Slot oder ein Tag, der keinen hat, und was dort zu finden war, als die Aufgabe an der Reihe war.",
    ),
    (
        "A slot, or the list of its two parts as old files have it.",
        "Ein Slot, oder die Liste seiner zwei Teile wie in alten Dateien.",
    ),
    ("A stretch of a day that holds at most one task.", "Ein Stück eines Tages, in dem höchstens eine Aufgabe steht."),
    (
        "A task as somebody wrote it, in fields or as a whole file.",
        "Eine Aufgabe, wie sie geschrieben wurde, in Feldern oder als ganze Datei.",
    ),
    ("A task by its names.", "Eine Aufgabe mit ihren Namen."),
    ("A task in a slot.", "Eine Aufgabe in einem Slot."),
    ("A task in one line.", "Eine Aufgabe in einer Zeile."),
    (
        "A task in short, as lists carry it. A document that cannot be read has `invalid` instead of the fields.",
        "Eine Aufgabe in Kürze, wie Listen sie haben. Ein Dokument, das sich nicht lesen lässt, hat statt der \
         Felder `invalid`.",
    ),
    ("A task that was completed.", "Eine Aufgabe, die erledigt wurde."),
    ("A task that was created, changed or removed.", "Eine Aufgabe, die angelegt, geändert oder entfernt wurde."),
    ("A task to add.", "Eine neue Aufgabe."),
    ("A task whole.", "Eine Aufgabe ganz."),
    ("A task without a slot, and why.", "Eine Aufgabe ohne Slot, und warum."),
    ("A task's id; it may be there several times.", "Die id einer Aufgabe; sie darf mehrmals vorkommen."),
    (
        "All of it drawn for a terminal, where a width was asked for.",
        "Alles davon für ein Terminal gezeichnet, wo eine Breite verlangt war.",
    ),
    ("All tags; null removes them.", "Alle Schlagwörter; null entfernt sie."),
    ("Always false.", "Immer false."),
    ("An object without fields.", "Ein Objekt ohne Felder."),
    ("At most 32, each one line of at most 64 characters.", "Höchstens 32, jedes eine Zeile von höchstens 64 Zeichen."),
    ("Both, as `15.10.2025/morgens`.", "Beides, als `15.10.2025/morgens`."),
    (
        "`chosen`; `passed` (no longer offered); `forbidden` by a rule; `manual` (filled by pinning alone); \
         `taken`; `closed` (a day without slots). Of a slot that was asked about also `free`, `no_such_slot` and \
         `after_horizon`.",
        "`chosen` (gewählt); `passed` (nicht mehr angeboten); `forbidden` (von einer Regel verboten); `manual` (nur \
         durch Festlegen gefüllt); `taken` (belegt); `closed` (ein Tag ohne Slots). Bei einem Slot, nach dem \
         gefragt wurde, auch `free`, `no_such_slot` und `after_horizon`.",
    ),
    (
        "`complete`, `cancel`, `reopen`, `unpin`, `remove`, `tag` or `untag`.",
        "`complete`, `cancel`, `reopen`, `unpin`, `remove`, `tag` oder `untag`.",
    ),
    ("Counts the user's changes; it never goes back.", "Zählt die Änderungen des Benutzers; sie geht nie zurück."),
    ("`DD.MM.YYYY` or `YYYY-MM-DD`", "`DD.MM.YYYY` oder `YYYY-MM-DD`"),
    (
        "`DD.MM.YYYY` or `YYYY-MM-DD`; an empty text is no deadline.",
        "`DD.MM.YYYY` oder `YYYY-MM-DD`; ein leerer Text ist kein Termin.",
    ),
    (
        "`DD.MM.YYYY` or `YYYY-MM-DD`; null or an empty text removes it.",
        "`DD.MM.YYYY` oder `YYYY-MM-DD`; null oder ein leerer Text entfernt ihn.",
    ),
    ("Documents that cannot be read as tasks.", "Dokumente, die sich nicht als Aufgaben lesen lassen."),
    ("How many days were looked at, today included.", "Wie viele Tage angesehen wurden, heute mitgezählt."),
    (
        "How many tasks without a slot come before it in line for slots that it may have; null where that cannot be \
         told.",
        "Wie viele Aufgaben ohne Slot vor ihr in der Reihe stehen, für Slots, die sie haben darf; null, wo sich das \
         nicht sagen lässt.",
    ),
    (
        "How many there are before the 1,500 that are listed at most.",
        "Wie viele es noch vor den höchstens 1.500 gibt, die hier stehen.",
    ),
    ("Markdown below the heading.", "Markdown unter der Überschrift."),
    ("Null for a day without slots.", "Null bei einem Tag ohne Slots."),
    (
        "Of an open task that no slot of these days is for: when it has its turn.",
        "Bei einer offenen Aufgabe, für die kein Slot dieser Tage ist: wann sie an die Reihe kommt.",
    ),
    (
        "`offen` (the default), `abgeschlossen` or `abgebrochen`.",
        "`offen` (die Vorgabe), `abgeschlossen` oder `abgebrochen`.",
    ),
    ("`offen`, `abgeschlossen` or `abgebrochen`", "`offen`, `abgeschlossen` oder `abgebrochen`"),
    ("`offen`, `abgeschlossen` or `abgebrochen`.", "`offen`, `abgeschlossen` oder `abgebrochen`."),
    (
        "`offen`, `abgeschlossen` or `abgebrochen`; only open tasks are planned.",
        "`offen`, `abgeschlossen` oder `abgebrochen`; geplant werden nur offene Aufgaben.",
    ),
    ("One line of at most 200 characters.", "Eine Zeile von höchstens 200 Zeichen."),
    (
        "One line of at most 200 characters; it becomes the document's heading.",
        "Eine Zeile von höchstens 200 Zeichen; sie wird zur Überschrift des Dokuments.",
    ),
    (
        "One sentence for a person, in German or English by `Accept-Language`.",
        "Ein Satz für Menschen, auf Deutsch oder Englisch je nach `Accept-Language`.",
    ),
    ("One sentence in the asker's language.", "Ein Satz in der Sprache der Anfrage."),
    ("One sentence in the user's language.", "Ein Satz in der Sprache des Benutzers."),
    (
        "`placed`, `waiting` (simply in line), `closed` (not open), or a reason as the timeline has it.",
        "`placed`, `waiting` (nur in der Reihe), `closed` (nicht offen) oder ein Grund wie im Zeitplan.",
    ),
    (
        "`slot`; `waiting` for a task that is simply in line; else why it has no slot, as in the timeline: \
         `slot_taken`, `no_allowed_slot` …",
        "`slot`; `waiting` bei einer Aufgabe, die nur in der Reihe steht; sonst, warum sie keinen Slot hat, wie im \
         Zeitplan: `slot_taken`, `no_allowed_slot` …",
    ),
    (
        "`slot_taken`, `slot_ended`, `after_horizon`, `incomplete_fixed_slot`, `no_such_slot`, `no_allowed_slot` or \
         `excluded_by_rule`.",
        "`slot_taken`, `slot_ended`, `after_horizon`, `incomplete_fixed_slot`, `no_such_slot`, `no_allowed_slot` \
         oder `excluded_by_rule`.",
    ),
    ("Tasks that are fixed to a day beyond these.", "Aufgaben, die auf einen Tag nach diesen festgelegt sind."),
    (
        "Tasks that are pinned to the slot and would have to be unpinned first.",
        "Aufgaben, die auf den Slot festgelegt sind und erst gelöst werden müssten.",
    ),
    (
        "Tasks that no slot is allowed to, or whose slot does not exist.",
        "Aufgaben, denen kein Slot erlaubt ist oder deren Slot es nicht gibt.",
    ),
    (
        "Tasks that would miss their deadline and do not at present.",
        "Aufgaben, die ihren Termin verfehlen würden und jetzt halten.",
    ),
    ("Tasks whose slot an earlier fixed task holds.", "Aufgaben, deren Slot eine frühere feste Aufgabe hat."),
    ("Tasks whose slot has ended.", "Aufgaben, deren Slot vorbei ist."),
    (
        "Tasks without a slot whose deadline falls into these days.",
        "Aufgaben ohne Slot, deren Termin in diese Tage fällt.",
    ),
    ("The body rendered, free of anything active.", "Der Inhalt als HTML, ohne alles, was etwas tun könnte."),
    ("The category where the line names none.", "Die Kategorie, wenn die Zeile keine nennt."),
    ("The day that it is fixed to, or nothing.", "Der Tag, auf den sie festgelegt ist, oder nichts."),
    ("The day.", "Der Tag."),
    (
        "The days that were compared, today included: as many as it takes to see the slot.",
        "Wie viele Tage verglichen wurden, heute mitgezählt: so viele, bis der Slot zu sehen ist.",
    ),
    ("The days with at least one slot, ascending.", "Die Tage mit mindestens einem Slot, aufsteigend."),
    ("The entity tag of the document as it was shown.", "Das ETag des Dokuments, wie es gezeigt wurde."),
    ("The field, parameter or header that is wrong.", "Das Feld, der Parameter oder der Header, an dem es liegt."),
    ("The files of the tasks that are simply in line.", "Die Dateien der Aufgaben, die nur in der Reihe stehen."),
    ("The first day, `DD.MM.YYYY`: today.", "Der erste Tag, `DD.MM.YYYY`: heute."),
    ("The first of them.", "Die erste davon."),
    (
        "The first script that forbids it, that closed the day, or that took the slot away, where that can be told.",
        "Das erste Skript, das es verbietet, das den Tag geschlossen oder den Slot weggenommen hat, soweit sich das \
         sagen lässt.",
    ),
    ("The generation of the tasks that were planned.", "Die Generation der Aufgaben, die geplant wurden."),
    (
        "The instant (RFC 3339) at which the clock alone makes another timeline.",
        "Der Zeitpunkt (RFC 3339), zu dem allein die Uhr einen anderen Zeitplan macht.",
    ),
    (
        "The instant (RFC 3339) from which this timeline is valid: the last change or the last boundary.",
        "Der Zeitpunkt (RFC 3339), ab dem dieser Zeitplan gilt: die letzte Änderung oder die letzte Grenze.",
    ),
    ("The line in front of a task.", "Die Reihe vor einer Aufgabe."),
    ("The line that it fails at, from 1 on.", "Die Zeile, an der es scheitert, von 1 an."),
    ("The name of a slot that the rules give that day.", "Der Name eines Slots, den die Regeln dem Tag geben."),
    ("The name of the user whose timeline it is.", "Der Name des Benutzers, dessen Zeitplan es ist."),
    (
        "The number, four digits at least; the file name where it has none.",
        "Die Nummer, mindestens vier Ziffern; der Dateiname, wo sie keine hat.",
    ),
    (
        "The path of the page that it was sent from; the week where it is missing.",
        "Der Pfad der Seite, von der es kam; fehlt er, die Woche.",
    ),
    (
        "The place of the item of its checklists, the first is 0, that is ticked instead, or no longer.",
        "Der Platz des Punktes ihrer Checklisten, der erste ist 0, der stattdessen abgehakt wird oder nicht mehr.",
    ),
    (
        "The raw file; bytes that are no UTF-8 are replaced, so such a file cannot be sent back.",
        "Die rohe Datei; Bytes, die kein UTF-8 sind, werden ersetzt, also lässt sich eine solche Datei nicht \
         zurückschicken.",
    ),
    (
        "The rules that the plan is made with: where yours fail, those that stand in for them.",
        "Die Regeln, nach denen geplant wird: scheitern deine, die, die sie vertreten.",
    ),
    ("The same as `generatedAt`.", "Dasselbe wie `generatedAt`."),
    ("The same for a program; it does not change.", "Dasselbe für ein Programm; es ändert sich nicht."),
    ("The same in words.", "Dasselbe in Worten."),
    ("The scripts that refused it altogether.", "Die Skripte, die sie überhaupt abgelehnt haben."),
    ("The slot of that day.", "Der Slot dieses Tages."),
    ("The slot of the timeline that it stands in.", "Der Slot des Zeitplans, in dem sie steht."),
    ("The slot that a task is fixed to.", "Der Slot, auf den eine Aufgabe festgelegt wird."),
    (
        "The slot that is running, whether or not it is still offered.",
        "Der Slot, der gerade läuft, ob noch angeboten oder nicht.",
    ),
    (
        "The slot that it gets if nothing changes; null if none within `days`.",
        "Der Slot, den sie bekommt, wenn sich nichts ändert; null, wenn keiner innerhalb von `days`.",
    ),
    ("The slot that it is fixed to.", "Der Slot, auf den sie festgelegt ist."),
    (
        "The slot that it is fixed to instead of the one that the line names, as `15.10.2025/morgens`.",
        "Der Slot, auf den sie festgelegt wird statt auf den, den die Zeile nennt, etwa `15.10.2025/morgens`.",
    ),
    ("The slot that it is marked as done in.", "Der Slot, in dem sie als erledigt gilt."),
    (
        "The slot that it stands in; null where it stands in none.",
        "Der Slot, in dem sie steht; null, wo sie in keinem steht.",
    ),
    ("The slot that it was done in.", "Der Slot, in dem sie erledigt wurde."),
    ("The slot that the document fixes it to.", "Der Slot, auf den das Dokument sie festlegt."),
    ("The slot that the task is fixed to.", "Der Slot, auf den die Aufgabe festgelegt ist."),
    (
        "The slot that the task is fixed to; null removes it.",
        "Der Slot, auf den die Aufgabe festgelegt ist; null entfernt ihn.",
    ),
    ("The slot that the task stands in now.", "Der Slot, in dem die Aufgabe jetzt steht."),
    ("The slot's name.", "Der Name des Slots."),
    (
        "The slot's name; the built-in rules know `morgens`, `nachmittags` and `abends`.",
        "Der Name des Slots; die eingebauten Regeln kennen `morgens`, `nachmittags` und `abends`.",
    ),
    ("The tag that each gets or loses.", "Das Schlagwort, das jede bekommt oder verliert."),
    ("The task in it; null when it is free.", "Die Aufgabe darin; null, wenn er frei ist."),
    ("The text after the frontmatter.", "Der Text nach dem Frontmatter."),
    (
        "The title, with “#tag”, “@category”, “!day slot” and “by day” anywhere in it.",
        "Der Titel, mit „#Schlagwort“, „@Kategorie“, „!Tag Slot“ und „bis Tag“ an beliebiger Stelle.",
    ),
    (
        "The user's generation that the change made, or that it found when nothing had to change.",
        "Die Generation des Benutzers, zu der die Änderung geführt hat, oder die da war, wenn sich nichts ändern \
         musste.",
    ),
    ("The user's time zone by its IANA name.", "Die Zeitzone des Benutzers mit ihrem IANA-Namen."),
    (
        "The value for `cursor` that gives the next page; null on the last.",
        "Der Wert für `cursor`, der die nächste Seite ergibt; auf der letzten null.",
    ),
    (
        "The week as it is planned: what stands in which slot, and every open task that stands in none, with the \
         reason.",
        "Die Woche, wie sie geplant ist: was in welchem Slot steht, und jede offene Aufgabe, die in keinem steht, \
         mit dem Grund.",
    ),
    ("The whole file instead of the fields.", "Die ganze Datei anstelle der Felder."),
    (
        "The whole file, frontmatter included; needs `If-Match`.",
        "Die ganze Datei, auch das Frontmatter; braucht `If-Match`.",
    ),
    ("The words of that script.", "Die Worte dieses Skripts."),
    (
        "There, and false, when the rules that should apply fail on your tasks, so that others stand in for them; \
         `rules` of the timeline says why.",
        "Da und false, wenn die Regeln, die gelten sollten, an deinen Aufgaben scheitern und andere sie vertreten; \
         `rules` im Zeitplan sagt, warum.",
    ),
    ("`true`: nothing is added, only shown.", "`true`: Es wird nichts angelegt, nur gezeigt."),
    ("What is done to several tasks.", "Was mit mehreren Aufgaben getan wird."),
    (
        "What to change of a task: any of the fields, or `document` alone. What is left out stays, byte for byte.",
        "Was an einer Aufgabe zu ändern ist: beliebige der Felder oder `document` allein. Was weggelassen ist, \
         bleibt, Byte für Byte.",
    ),
    (
        "What was found where it was looked for a slot, in the order of time; the slot that it got is the last. Of \
         a task that is fixed its own slot alone.",
        "Was sich fand, wo für sie ein Slot gesucht wurde, in zeitlicher Folge; der Slot, den sie bekommen hat, ist \
         der letzte. Bei einer festen Aufgabe nur ihr eigener Slot.",
    ),
    (
        "What would be if it were pinned to the slot that was asked about.",
        "Was wäre, wenn sie auf den Slot festgelegt würde, nach dem gefragt wurde.",
    ),
    ("What would be if the task were pinned to a slot.", "Was wäre, wenn die Aufgabe auf einen Slot festgelegt würde."),
    ("What would be, in a sentence or two.", "Was wäre, in ein oder zwei Sätzen."),
    (
        "What would stand elsewhere, the task itself included, by rank.",
        "Was woanders stünde, die Aufgabe selbst mitgezählt, nach Rang.",
    ),
    ("When it begins, `HH:MM` in the user's time zone.", "Wann er beginnt, `HH:MM` in der Zeitzone des Benutzers."),
    ("When it ends.", "Wann er endet."),
    ("Where a task stands in a timeline.", "Wo eine Aufgabe in einem Zeitplan steht."),
    ("Where it stands and why, in a sentence.", "Wo sie steht und warum, in einem Satz."),
    ("Where the file stands in the repository.", "Wo die Datei im Repository steht."),
    ("Whether it could stand there.", "Ob sie dort stehen könnte."),
    ("Whether its document fixes it to a slot.", "Ob ihr Dokument sie auf einen Slot festlegt."),
    ("Whether its document fixes it to this slot.", "Ob ihr Dokument sie auf diesen Slot festlegt."),
    (
        "Whether tasks that are fixed to no slot are put here.",
        "Ob hier auch Aufgaben hinkommen, die auf keinen Slot festgelegt sind.",
    ),
    ("Whether the slot comes after the deadline.", "Ob der Slot nach dem Termin liegt."),
    (
        "Whom the form's page was for: for another one than the asker it is refused.",
        "Für wen die Seite des Formulars war: Für jemand anderen als den, der fragt, wird es abgelehnt.",
    ),
    ("Why a document cannot be read as a task.", "Warum sich ein Dokument nicht als Aufgabe lesen lässt."),
    ("Why a request was not carried out.", "Warum eine Anfrage nicht ausgeführt wurde."),
    (
        "Why a task stands where it stands. Texts are in the user's language.",
        "Warum eine Aufgabe steht, wo sie steht. Die Texte sind in der Sprache des Benutzers.",
    ),
    (
        "Why it cannot be told: the rules fail on a later day.",
        "Warum es sich nicht sagen lässt: Die Regeln scheitern an einem späteren Tag.",
    ),
    (
        "Why that one came first: it is `fixed` to the slot, the rules send it `ahead_of_line`, or it has the \
         `lower_number`.",
        "Warum jene zuerst kam: Sie steht fest im Slot (`fixed`), die Regeln ziehen sie vor (`ahead_of_line`), oder \
         sie hat die kleinere Nummer (`lower_number`).",
    ),
    ("With `ahead_of_line`: by how much more.", "Mit `ahead_of_line`: um wie viel mehr."),
    (
        "With `ambiguous_id`: the files that may have been meant.",
        "Mit `ambiguous_id`: die Dateien, die gemeint sein können.",
    ),
    ("With commas between.", "Mit Kommas dazwischen."),
    (
        "With `forbidden`: the scripts that do, in their order; of more than four the first.",
        "Mit `forbidden`: die Skripte, die es verbieten, in ihrer Reihenfolge; von mehr als vier die ersten.",
    ),
    ("With `no_such_slot`: the slots of that day.", "Mit `no_such_slot`: die Slots dieses Tages."),
    ("With `passed`: whether it has ended, too.", "Mit `passed`: ob er auch vorbei ist."),
    (
        "With `rules_refused`: what is wrong with the list; with `trial_cut`: where it was cut.",
        "Mit `rules_refused`: was an der Liste falsch ist; mit `trial_cut`: wo abgebrochen wurde.",
    ),
    ("With `slot`: the day, `DD.MM.YYYY`.", "Mit `slot`: der Tag, `DD.MM.YYYY`."),
    ("With `slot`: the slot's name.", "Mit `slot`: der Name des Slots."),
    ("With `taken`: the task that holds it.", "Mit `taken`: die Aufgabe, die ihn hat."),
];
