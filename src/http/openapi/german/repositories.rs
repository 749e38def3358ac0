//! What types say of the sync with Git, export and import.

use super::Pair;

pub const PAIRS: &[Pair] = &[
    ("A change of the history, with what it changed.", "Eine Änderung aus dem Verlauf, mit dem, was sie geändert hat."),
    (
        "A document's bytes: `text`, or `base64` where they are none.",
        "Die Bytes eines Dokuments: `text`, oder `base64`, wo sie keiner sind.",
    ),
    ("A file that cannot be taken.", "Eine Datei, die sich nicht übernehmen lässt."),
    ("A Git repository of one's own.", "Ein eigenes Git-Repository."),
    (
        "A Git repository of one's own; what is left out gets its default.",
        "Ein eigenes Git-Repository; was weggelassen ist, bekommt seine Vorgabe.",
    ),
    ("A repository of one's own that was set.", "Ein eigenes Repository, das gesetzt wurde."),
    ("A repository; all is null where there is none.", "Ein Repository; alles ist null, wo es keines gibt."),
    ("A task file.", "Eine Aufgabendatei."),
    ("Always 0.", "Immer 0."),
    (
        "Always 0: nothing is kept that a sync would have to clear.",
        "Immer 0: Es liegt nichts bereit, was ein Abgleich leeren müsste.",
    ),
    ("Always `codexmiroir`.", "Immer `codexmiroir`."),
    ("Always true.", "Immer true."),
    (
        "An event after which nothing was fetched, or not yet.",
        "Ein Ereignis, nach dem nichts oder noch nichts geholt wurde.",
    ),
    ("As an error of `/sync` has it.", "Wie bei einem Fehler von `/sync`."),
    ("Bytes as they are.", "Bytes, wie sie sind."),
    ("`changed` and `deleted` together.", "`changed` und `deleted` zusammen."),
    ("Empty for the one that is kept.", "Leer für das aufbewahrte."),
    (
        "Everything that a user has. It is streamed, so no value has all of it.",
        "Alles, was ein Benutzer hat. Es wird stückweise gesendet, also hat kein Wert alles davon.",
    ),
    (
        "Files of the repository that cannot be taken as they are, and are not written over; at most about 1,000 of \
         them.",
        "Dateien des Repositorys, die sich nicht übernehmen lassen, wie sie sind, und nicht überschrieben werden; \
         höchstens etwa 1.000 davon.",
    ),
    ("Files that both sides had changed.", "Dateien, die beide Seiten geändert hatten."),
    ("`full` or `diff`.", "`full` oder `diff`."),
    ("How many are gone.", "Wie viele weg sind."),
    (
        "How many changes stay here, because nothing is pushed in this mode.",
        "Wie viele Änderungen hier bleiben, weil in diesem Modus nichts gepusht wird.",
    ),
    ("How many changes wait to be pushed.", "Wie viele Änderungen noch zu pushen sind."),
    ("How many commits were pushed.", "Wie viele Commits gepusht wurden."),
    ("How many files of yours are others now.", "Wie viele deiner Dateien jetzt andere sind."),
    (
        "How many files were changed here that wait until the repository's, among those, are mended.",
        "Wie viele hier geänderte Dateien warten, bis die des Repositorys unter jenen in Ordnung gebracht sind.",
    ),
    ("How many more there are.", "Wie viele es noch gibt."),
    ("How many of the repository cannot be taken.", "Wie viele des Repositorys sich nicht übernehmen lassen."),
    ("How many users it is about.", "Um wie viele Benutzer es geht."),
    ("How the sync with Git stands.", "Wie der Abgleich mit Git steht."),
    ("Its URL, or its path on the server.", "Seine URL oder sein Pfad auf dem Server."),
    ("Its URL.", "Seine URL."),
    (
        "Its URL: `https://…`, and `http://…` or a path where the administrator allows it.",
        "Seine URL: `https://…`, und `http://…` oder ein Pfad, wo der Verwalter das erlaubt.",
    ),
    ("`main` if left out.", "Weggelassen `main`."),
    ("Nothing is kept that a sync would have to clear.", "Es liegt nichts bereit, was ein Abgleich leeren müsste."),
    (
        "Null where there was none. Of a merge that a sync made: the version that was not taken.",
        "Null, wo nichts war. Bei einer Zusammenführung durch einen Abgleich: die Fassung, die nicht übernommen \
         wurde.",
    ),
    ("Of a merge: the version that was taken.", "Bei einer Zusammenführung: die Fassung, die übernommen wurde."),
    (
        "Of the change that merged it; `POST /api/undo` takes that back.",
        "Die der Änderung, die es zusammengeführt hat; `POST /api/undo` nimmt sie zurück.",
    ),
    (
        "Of this form; a newer server may write a higher one.",
        "Von dieser Form; ein neuerer Server kann eine höhere schreiben.",
    ),
    (
        "`off`, `idle`, `running`, or `waiting` for another try.",
        "`off`, `idle`, `running`, oder `waiting` vor dem nächsten Versuch.",
    ),
    (
        "`own` for a repository of one's own, `shared` for the server's.",
        "`own` bei einem eigenen Repository, `shared` bei dem des Servers.",
    ),
    ("`push` (the default), `pull-only` or `off`.", "`push` (die Vorgabe), `pull-only` oder `off`."),
    ("`push` for both ways, `pull-only`, or `off`.", "`push` für beide Richtungen, `pull-only` oder `off`."),
    ("`push`, `pull-only` or `off`.", "`push`, `pull-only` oder `off`."),
    ("Rules that were changed.", "Geänderte Regeln."),
    (
        "Since when the first of them waits; RFC 3339, as the other instants.",
        "Seit wann die erste davon wartet; nach RFC 3339, wie die anderen Zeitpunkte.",
    ),
    ("The branch's commit as last seen.", "Der Commit des Branches, wie er zuletzt gesehen wurde."),
    (
        "The branch's commit now; null as long as there is none.",
        "Der Commit des Branches jetzt; null, solange es keinen gibt.",
    ),
    ("The branch's commit that was fetched.", "Der Commit des Branches, der geholt wurde."),
    ("The branch.", "Der Branch."),
    (
        "The commit that it is in, once it is pushed and where that is known.",
        "Der Commit, in dem es steht, sobald gepusht ist und wo er bekannt ist.",
    ),
    ("The commit whose files were last merged.", "Der Commit, dessen Dateien zuletzt zusammengeführt wurden."),
    (
        "The file that was changed; null for the settings and the rules.",
        "Die geänderte Datei; null bei den Einstellungen und den Regeln.",
    ),
    (
        "The files that `changed`, `removed` and `skipped` count; of those skipped at most 1,000.",
        "Die Dateien, die `changed`, `removed` und `skipped` zählen; von den übergangenen höchstens 1.000.",
    ),
    ("The folder of all users' files in it.", "Der Ordner für die Dateien aller Benutzer darin."),
    (
        "The folder of all users' files in it; `codex-miroir` if left out, and it may be empty.",
        "Der Ordner für die Dateien aller Benutzer darin; weggelassen `codex-miroir`, und er darf leer sein.",
    ),
    (
        "The folder of all users' files in it; may be empty.",
        "Der Ordner für die Dateien aller Benutzer darin; darf leer sein.",
    ),
    ("The generation that all of it is of.", "Die Generation, aus der alles davon ist."),
    ("The generation that it made.", "Die Generation, zu der sie geführt hat."),
    (
        "The number of the next new task; null when none is left.",
        "Die Nummer der nächsten neuen Aufgabe; null, wenn keine mehr da ist.",
    ),
    (
        "The number of the user's next task; null when none is left.",
        "Die Nummer der nächsten Aufgabe dieses Benutzers; null, wenn keine mehr da ist.",
    ),
    (
        "The number that the next new task gets; null when all are used up.",
        "Die Nummer, die die nächste neue Aufgabe bekommt; null, wenn alle vergeben sind.",
    ),
    (
        "The password or access token; null removes the one that is kept.",
        "Das Passwort oder Zugangstoken; null entfernt das aufbewahrte.",
    ),
    ("The user's name.", "Der Name des Benutzers."),
    ("The user's own rules; null where there are none.", "Die eigenen Regeln des Benutzers; null, wo es keine gibt."),
    (
        "The version of your own rules now; null when you have none.",
        "Die Version deiner eigenen Regeln jetzt; null, wenn du keine hast.",
    ),
    ("The way that it came.", "Auf welchem Weg sie kam."),
    (
        "There, and true, when the sync goes on behind this answer.",
        "Da und true, wenn der Abgleich nach dieser Antwort weiterläuft.",
    ),
    (
        "There, and true, when this repeats the answer to an earlier request with the same `Idempotency-Key`.",
        "Da und true, wenn das die Antwort auf eine frühere Anfrage mit demselben `Idempotency-Key` wiederholt.",
    ),
    (
        "Those of the added that had another name, which is among the removed.",
        "Die hinzugekommenen, die anders hießen; der alte Name steht bei den entfernten.",
    ),
    ("Those of the changed that are new.", "Die geänderten, die neu sind."),
    ("Those of them alone.", "Nur die davon."),
    ("`true`: the one that is kept is forgotten.", "`true`: Das aufbewahrte wird vergessen."),
    ("What a sync did.", "Was ein Abgleich getan hat."),
    ("What an event led to.", "Wozu ein Ereignis geführt hat."),
    ("What became of a change in the Git repository.", "Was im Git-Repository aus einer Änderung wurde."),
    ("What became of a user's files.", "Was aus den Dateien eines Benutzers wurde."),
    ("What became, or would become, of a file.", "Was aus einer Datei wurde oder würde."),
    (
        "What both sides had changed lately, and what became of it, the latest first: of the last 50 since the \
         server started. The history keeps them all.",
        "Was zuletzt beide Seiten geändert hatten und was daraus wurde, das Neueste zuerst: die letzten 50 seit dem \
         Start des Servers. Der Verlauf behält alle.",
    ),
    ("What goes with the token, where the forge asks for it.", "Was zum Token gehört, wo die Forge danach fragt."),
    ("What happened that is worth knowing.", "Was geschah und gut zu wissen ist."),
    (
        "What is wrong and what to do, in the asker's language.",
        "Was falsch ist und was zu tun ist, in der Sprache der Anfrage.",
    ),
    (
        "What of the event is none of this server's: `event` for one that is no push, `branch` for one of another \
         branch.",
        "Was an dem Ereignis diesen Server nichts angeht: `event` bei einem, das kein Push ist, `branch` bei einem \
         auf einem anderen Branch.",
    ),
    (
        "What was in conflict and what became of it, in the asker's language.",
        "Was sich widersprach und was daraus wurde, in der Sprache der Anfrage.",
    ),
    ("When that was committed, RFC 3339.", "Wann das gespeichert wurde, nach RFC 3339."),
    ("When the next one is to begin.", "Wann der nächste beginnen soll."),
    ("When, RFC 3339.", "Wann, nach RFC 3339."),
    (
        "Where both had changed the same, and what became of it; the history keeps what gave way.",
        "Wo beide dasselbe geändert hatten und was daraus wurde; der Verlauf behält, was weichen musste.",
    ),
    (
        "Where it was asked for: all changes, the latest first.",
        "Wo es verlangt war: alle Änderungen, die neueste zuerst.",
    ),
    (
        "Whether a sync merged two versions here, and this is what became of them; nothing else was changed by it.",
        "Ob ein Abgleich hier zwei Fassungen zusammengeführt hat und das daraus wurde; sonst hat sich dabei nichts \
         geändert.",
    ),
    (
        "Whether a token is kept for it, which is never shown again.",
        "Ob dafür ein Token aufbewahrt wird, das nie wieder gezeigt wird.",
    ),
    (
        "Whether both sides had changed the same when a sync merged them.",
        "Ob beide Seiten dasselbe geändert hatten, als ein Abgleich sie zusammenführte.",
    ),
    (
        "Whether it happened in another account, and came with an import.",
        "Ob sie in einem anderen Konto geschah und mit einem Import kam.",
    ),
    (
        "Whether it is still to get there. Both are false where nothing is pushed.",
        "Ob sie noch dorthin kommt. Beide sind false, wo nichts gepusht wird.",
    ),
    ("Whether it is your own, and not the server's.", "Ob es dein eigenes ist und nicht das des Servers."),
    ("Whether the change is in the repository.", "Ob die Änderung im Repository ist."),
    ("Whether there was one.", "Ob es eines gab."),
    ("Who the server is there.", "Als wer der Server dort auftritt."),
    ("Why a sync failed.", "Warum ein Abgleich gescheitert ist."),
    ("Why the last sync failed; null when it did not.", "Warum der letzte Abgleich gescheitert ist; null, wenn nicht."),
    ("Why, in the asker's language.", "Warum, in der Sprache der Anfrage."),
    ("Your generation now.", "Deine Generation jetzt."),
    ("Your name.", "Dein Name."),
];
