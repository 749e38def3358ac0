//! Descriptions of the timeline and its events.

use serde_json::json;

use super::operation::{Operation, one_of, whole_number};
use crate::planning::DAYS_MAX;
use crate::view::json::TimelineJson;

const TAG: &str = "Timeline";

pub fn timeline() -> Operation {
    Operation::new(TAG, "getTimeline", "The timeline: what stands in which slot")
        .about(
            "Served from memory. The form follows `format`, else `Accept`; only JSON and calendars of the usual days at \
             the present instant carry an `ETag`, everything else is made for this answer and is not to be kept.",
        )
        .checked_query("nocache", "`true` makes it anew.", one_of(&["true", "false", "1", "0"]))
        .checked_query(
            "width",
            "With `format=text`: how many columns to draw in; 120 if left out.",
            whole_number(20, 300),
        )
        .checked_query("days", "How many days to plan, today included.", whole_number(1, u64::from(DAYS_MAX)))
        .checked_query(
            "now",
            "What it would be at this instant (RFC 3339).",
            json!({"type": "string", "format": "date-time"}),
        )
        .checked_query(
            "at",
            "The timeline of this generation: with the tasks, rules and settings that it had, and without `now` at the \
             instant of its commit. It is what was served then, byte for byte.",
            json!({"type": "integer", "minimum": 0}),
        )
        .checked_query(
            "anyway",
            "With `at`: also where that generation was planned with another version of the program, other rules of the \
             server or other time zones than now, which is refused otherwise. `X-Basis` tells.",
            one_of(&["true", "false", "1", "0"]),
        )
        .refuses(&[
            (404, "no_such_generation"),
            (404, "brought_generation"),
            (404, "generation_not_kept"),
            (409, "other_basis"),
        ])
        .checked_query("format", "The form of the answer.", one_of(&["json", "html", "text", "ics"]))
        .gives::<TimelineJson<'static>>("The timeline.")
        .or_text("text/html")
        .or_text("text/plain")
        .or_text("text/calendar")
        .carries("X-Cache", "Where it came from: `hot`, `materialized` or `rebuilt`.")
        .carries("Server-Timing", "The same, and how long it took in milliseconds.")
        .carries("X-Basis", "With `at`: `same`, or `other` where that generation was planned with something else.")
        .conditional()
}

pub fn feed() -> Operation {
    Operation::new(TAG, "getFeed", "The timeline as a calendar, for programs that subscribe to it")
        .about(
            "An iCalendar object (RFC 5545): an event for each task in its slot, in UTC, and one of the whole day for \
             each deadline of an open task. The address is the proof: whatever else comes with the request says \
             nothing. It opens with a token whose one scope is `feed`, and with no other.",
        )
        .path("file", "Such a token, and `.ics`.")
        .of_address()
        .gives_text("text/calendar", "The calendar.")
        .carries("X-Cache", "Where it came from: `hot` or `rebuilt`.")
        .carries("Server-Timing", "The same, and how long it took in milliseconds.")
        .conditional()
}

pub fn events() -> Operation {
    Operation::new(TAG, "followTimeline", "An event whenever the timeline is another")
        .about(
            "Server-sent events. `timeline` comes after each change and at each slot boundary; its data is \
             `{\"generation\": 17, \"validUntil\": \"2025-10-13T07:00:00Z\"}`. `sync` comes first where there is a Git \
             repository, and whenever its sync stands otherwise; its data is `{\"state\": \"idle\", \"head\": null, \
             \"outbox\": 0, \"problem\": null}` in the words of `GET /api/sync`, and it has no id. A comment every 15 seconds shows that the stream \
             lives. It ends when the server is stopped, and over HTTP/1 when the client ends what it sends.",
        )
        .header("Last-Event-ID", "The id of the last event that you have: one is sent at once if the timeline is another.")
        .gives_text("text/event-stream", "The stream.")
}
