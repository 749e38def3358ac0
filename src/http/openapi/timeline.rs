//! Descriptions of the timeline and its events.

use serde_json::json;

use super::operation::{Operation, one_of, whole_number};
use crate::domain::lang::both;
use crate::view::json::TimelineJson;

const TAG: &str = "Timeline";

/// It can be asked about a generation.
fn of_the_past(operation: Operation) -> Operation {
    operation
        .checked_query(
            "at",
            both(
                "The timeline of this generation: with the tasks, rules and settings that it had, and without `now` \
                 at the instant of its commit. It is what was served then, byte for byte.",
                "Der Zeitplan dieser Generation: mit ihren Aufgaben, Regeln und Einstellungen und ohne `now` zum \
                 Zeitpunkt ihres Commits. Er ist Byte für Byte, was damals ausgeliefert wurde.",
            ),
            json!({"type": "integer", "minimum": 0}),
        )
        .checked_query(
            "anyway",
            both(
                "With `at`: also where that generation was planned with another version of the program, other rules \
                 of the server or other time zones than now, which is refused otherwise. `X-Basis` tells.",
                "Mit `at`: auch dann, wenn diese Generation mit einer anderen Version des Programms, anderen Regeln \
                 des Servers oder anderen Zeitzonen geplant wurde als jetzt, was sonst abgelehnt wird. `X-Basis` \
                 sagt es.",
            ),
            one_of(&["true", "false", "1", "0"]),
        )
        .refuses(&[
            (404, "no_such_generation"),
            (404, "brought_generation"),
            (404, "generation_not_kept"),
            (409, "other_basis"),
        ])
}

pub fn timeline() -> Operation {
    let planned = Operation::new(
        TAG,
        "getTimeline",
        both("The timeline: what stands in which slot", "Der Zeitplan: was in welchem Slot steht"),
    )
    .about(both(
        "Served from memory. The form follows `format`, else `Accept`; only JSON and calendars of the usual \
         days at the present instant carry an `ETag`, everything else is made for this answer and is not to \
         be kept.",
        "Kommt aus dem Speicher. Die Form richtet sich nach `format`, sonst nach `Accept`; nur JSON und \
         Kalender der üblichen Tage zum jetzigen Zeitpunkt haben ein `ETag`, alles andere ist für diese \
         eine Antwort gemacht und nicht zum Aufbewahren.",
    ))
    .checked_query(
        "nocache",
        both("`true` makes it anew.", "`true` macht ihn neu."),
        one_of(&["true", "false", "1", "0"]),
    )
    .checked_query(
        "width",
        both(
            "With `format=text`: how many columns to draw in; 120 if left out.",
            "Mit `format=text`: in wie vielen Spalten gezeichnet wird; weggelassen 120.",
        ),
        whole_number(20, 300),
    )
    .planned_from();
    of_the_past(planned)
        .checked_query(
            "format",
            both("The form of the answer.", "In welcher Form die Antwort kommt."),
            one_of(&["json", "html", "text", "ics"]),
        )
        .gives::<TimelineJson<'static>>(both("The timeline.", "Der Zeitplan."))
        .or_text("text/html")
        .or_text("text/plain")
        .or_text("text/calendar")
        .carries(
            "X-Cache",
            both(
                "Where it came from: `hot`, `materialized` or `rebuilt`.",
                "Woher er kam: `hot`, `materialized` oder `rebuilt`.",
            ),
        )
        .carries(
            "Server-Timing",
            both(
                "The same, and how long it took in milliseconds.",
                "Dasselbe, und wie lange es gedauert hat, in Millisekunden.",
            ),
        )
        .carries(
            "X-Basis",
            both(
                "With `at`: `same`, or `other` where that generation was planned with something else.",
                "Mit `at`: `same`, oder `other`, wenn diese Generation mit anderer Grundlage geplant wurde.",
            ),
        )
        .conditional()
}

pub fn feed() -> Operation {
    Operation::new(
        TAG,
        "getFeed",
        both(
            "The timeline as a calendar, for programs that subscribe to it",
            "Der Zeitplan als Kalender, für Programme, die ihn abonnieren",
        ),
    )
    .about(both(
        "An iCalendar object (RFC 5545): an event for each task in its slot, in UTC, and one of the whole \
         day for each deadline of an open task. The address is the proof: whatever else comes with the \
         request says nothing. It opens with a token whose one scope is `feed`, and with no other.",
        "Ein iCalendar-Objekt (RFC 5545): ein Ereignis für jede Aufgabe in ihrem Slot, in UTC, und ein \
         ganztägiges für jeden Termin einer offenen Aufgabe. Die Adresse ist der Nachweis: Was sonst mit \
         der Anfrage kommt, sagt nichts. Sie öffnet sich mit einem Token, das allein `feed` erlaubt, und \
         mit keinem anderen.",
    ))
    .path("file", both("Such a token, and `.ics`.", "Ein solches Token und `.ics`."))
    .of_address()
    .gives_text("text/calendar", both("The calendar.", "Der Kalender."))
    .carries("X-Cache", both("Where it came from: `hot` or `rebuilt`.", "Woher er kam: `hot` oder `rebuilt`."))
    .carries(
        "Server-Timing",
        both(
            "The same, and how long it took in milliseconds.",
            "Dasselbe, und wie lange es gedauert hat, in Millisekunden.",
        ),
    )
    .conditional()
}

pub fn events() -> Operation {
    Operation::new(
        TAG,
        "followTimeline",
        both("An event whenever the timeline is another", "Ein Ereignis, sobald der Zeitplan ein anderer ist"),
    )
    .about(both(
        "Server-sent events. `timeline` comes after each change and at each slot boundary; its data is \
         `{\"generation\": 17, \"validUntil\": \"2025-10-13T07:00:00Z\"}`. `sync` comes first where there \
         is a Git repository, and whenever its sync stands otherwise; its data is `{\"state\": \"idle\", \
         \"head\": null, \"outbox\": 0, \"problem\": null}` in the words of `GET /api/sync`, and it has no \
         id. A comment every 15 seconds shows that the stream lives. It ends when the server is stopped, \
         and over HTTP/1 when the client ends what it sends.",
        "Server-Sent Events. `timeline` kommt nach jeder Änderung und an jeder Slotgrenze; die Daten sind \
         `{\"generation\": 17, \"validUntil\": \"2025-10-13T07:00:00Z\"}`. `sync` kommt zuerst, wo es ein \
         Git-Repository gibt, und immer, wenn der Abgleich anders steht; die Daten sind `{\"state\": \
         \"idle\", \"head\": null, \"outbox\": 0, \"problem\": null}` mit den Wörtern von `GET /api/sync`, \
         und es hat keine id. Alle 15 Sekunden zeigt ein Kommentar, dass der Strom lebt. Er endet, wenn der \
         Server angehalten wird, und mit HTTP/1, wenn der Client zu Ende gesendet hat.",
    ))
    .header(
        "Last-Event-ID",
        both(
            "The id of the last event that you have: one is sent at once if the timeline is another.",
            "Die id des letzten Ereignisses, das du hast: Ist der Zeitplan ein anderer, kommt sofort eines.",
        ),
    )
    .gives_text("text/event-stream", both("The stream.", "Der Strom."))
}
