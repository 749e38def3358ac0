"""Reads calendars with another's parser and another's zones, and compares them with what the server says in JSON.

From stdin a list of cases: `ics`, `timeline` (the answer of /codex), `tasks` (those of /api/tasks), `german`. To stdout
a list of what is wrong.
"""

import datetime
import json
import sys
import zoneinfo

from icalendar import Calendar

UTC = datetime.timezone.utc


def instant(datum, time, zone):
    """The instant of a local time: of two the earlier, and the end of the gap for one that is skipped."""
    local = datetime.datetime.strptime(f"{datum} {time}", "%d.%m.%Y %H:%M")
    found = local.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == local:
        return found
    # Clocks change at full seconds; what was skipped is within a day of both bounds.
    before, after = found - datetime.timedelta(days=2), found + datetime.timedelta(days=2)
    while after - before > datetime.timedelta(seconds=1):
        middle = before + datetime.timedelta(seconds=(after - before) // datetime.timedelta(seconds=2))
        if middle.astimezone(zone).replace(tzinfo=None) < local:
            before = middle
        else:
            after = middle
    return after


def text(value):
    """A text as a calendar shows it: line breaks are all the same, other control characters are none."""
    for other in ("\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"):
        value = value.replace(other, "\n")
    return "".join(c for c in value if c in "\n\t" or not (ord(c) < 32 or 127 <= ord(c) < 160))


def expected(case):
    timeline = case["timeline"]
    zone = zoneinfo.ZoneInfo(timeline["timeZone"])
    tasks = {task["file"]: task for task in case["tasks"]}
    slots = {}
    days = [(day["datum"], slot) for day in timeline["timeline"] for slot in day["slots"]]
    current = timeline["current"]
    for datum, slot in days + ([(current["datum"], current)] if current else []):
        if slot["task"]:
            slots[slot["task"]["file"]] = (datum, slot)
    events = []
    for file, (datum, slot) in slots.items():
        begin, end = instant(datum, slot["von"], zone), instant(datum, slot["bis"], zone)
        events.append((text(tasks[file]["title"]), begin.isoformat(), max(begin, end).isoformat(), categories(tasks[file])))
    for task in tasks.values():
        if task["status"] == "offen" and task["deadline"]:
            day = datetime.datetime.strptime(task["deadline"], "%d.%m.%Y").date()
            due = "Fällig: " if case["german"] else "Due: "
            events.append((due + text(task["title"]), day.isoformat(), (day + datetime.timedelta(days=1)).isoformat(), categories(task)))
    return sorted(events)


def categories(task):
    # Joined, because older versions of the parser take a comma within a word for one between two.
    return ",".join(text(word) for word in [task["kategorie"], *task["tags"]])


def found(case, faults):
    calendar = Calendar.from_ical(case["ics"])
    kinds = [component.name for component in calendar.walk()]
    if kinds != ["VCALENDAR"] + ["VEVENT"] * (len(kinds) - 1):
        faults.append(f"components: {kinds}")
    if str(calendar["X-WR-TIMEZONE"]) != case["timeline"]["timeZone"] or calendar["VERSION"] != "2.0":
        faults.append("the calendar's own properties")
    generated = case["timeline"]["generatedAt"].split(".")[0].rstrip("Z")
    events, uids = [], set()
    for event in calendar.walk("VEVENT"):
        faults.extend(f"{error}" for error in event.errors)
        begin = event.decoded("DTSTART")
        end = event.decoded("DTEND", begin)
        words = event["CATEGORIES"].cats
        events.append((str(event["SUMMARY"]), begin.isoformat(), end.isoformat(), ",".join(str(word) for word in words)))
        stamp = event.decoded("DTSTAMP")
        if stamp.replace(tzinfo=None).isoformat() != generated or event.decoded("LAST-MODIFIED") != stamp:
            faults.append(f"DTSTAMP {stamp} of a timeline of {generated}")
        uids.add(str(event["UID"]))
        properties = list(event.keys())
        if len(properties) != len(set(properties)):
            faults.append(f"a property is there twice: {properties}")
    if len(uids) != len(events):
        faults.append("two events have one UID")
    return sorted(events)


def compare(case):
    faults = []
    wanted, have = expected(case), found(case, faults)
    faults.extend(f"lacks {event}" for event in wanted if event not in have)
    faults.extend(f"has {event}" for event in have if event not in wanted)
    if len(wanted) != len(have):
        faults.append(f"{len(have)} events instead of {len(wanted)}")
    return faults


json.dump([compare(case) for case in json.load(sys.stdin)], sys.stdout)
