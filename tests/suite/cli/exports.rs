//! The tasks as a table, and the timeline as a calendar, in files and behind a pipe.

use super::ways::{Installation, WAYS};

#[test]
fn tables_and_calendars_are_written() {
    for way in WAYS {
        let at = Installation::of(way);
        at.did(&["task", "add", "=1+1, Übung", "-k", "arbeit", "-d", "31.12.2099"]);
        for (format, file, begins, has) in [
            ("csv", "tasks.csv", "id,file,title,", "0000,0000-1-1-Übung.md,\"'=1+1, Übung\",arbeit,offen,,31.12.2099,"),
            ("ics", "week.ics", "BEGIN:VCALENDAR\r\n", "SUMMARY:=1+1\\, Übung\r\n"),
        ] {
            let export = ["export", "--format", format, "--output"];
            assert_eq!(at.did(&[&export[..], &[file]].concat()), format!("wrote {file}\n"));
            let written = std::fs::read_to_string(at.here().path(file)).unwrap();
            assert!(written.starts_with(begins) && written.contains(has), "{way:?}: {written}");
            let piped = at.did(&[&export[..], &["-"]].concat());
            assert_eq!(piped, written, "{way:?}");
            let again = at.here().run(&[&export[..], &[file]].concat());
            assert!(again.refusal(1).contains(&format!("{file} is there already")), "{again:?}");
            let ran = at.here().run(&[&export[..], &["-", "--history"]].concat());
            assert!(ran.refusal(2).contains("only json has the history in it"), "{ran:?}");
        }
    }
}
