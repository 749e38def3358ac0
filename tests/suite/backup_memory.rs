//! What a backup and a restore hold in memory does not grow with what they go through.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::json;

use crate::binary::Home;
use crate::python;

/// Bytes of a document. Of each there are two: the history has the other.
const DOCUMENT_BYTES: usize = 60_000;
/// Already so many are more than what a command keeps of the database's pages.
const FEW: usize = 400;
const MANY: usize = 6 * FEW;

/// The most memory that a command took, in bytes; `None` where nobody can tell.
fn peak(command: &Command) -> Option<u64> {
    let text = |text: &std::ffi::OsStr| text.to_str().unwrap().to_owned();
    let words: Vec<String> = [command.get_program()].into_iter().chain(command.get_args()).map(text).collect();
    let environment: BTreeMap<String, String> =
        command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?)))).collect();
    let given = json!({ "command": words, "environment": environment }).to_string();
    let said = python::said("peak.py", "resource, subprocess", "python3", given.as_bytes())?;
    assert_eq!(said["code"], 0, "{said}");
    Some(said["peak"].as_u64().unwrap())
}

/// What a backup and a restore of so many tasks of one user take.
fn peaks(tasks: usize) -> Option<[u64; 2]> {
    let home = Home::new();
    home.did(&["user", "add", "lena", "--time-zone", "UTC"]);
    // An import takes no more than a part of them.
    for first in (1..=tasks).step_by(FEW) {
        let folder = home.path(&format!("tasks{first}"));
        std::fs::create_dir(&folder).unwrap();
        for number in first..first + FEW {
            let mut text = "---\ntyp: task\nkategorie: arbeit\nstatus: abgeschlossen\n---\n\n# Song\n\n".to_owned();
            text.push_str(&format!("{number} bottles of beer on the wall. ").repeat(DOCUMENT_BYTES / 30));
            text.truncate(DOCUMENT_BYTES);
            std::fs::write(folder.join(format!("{number:04}.md")), text).unwrap();
        }
        home.did(&["import", folder.to_str().unwrap()]);
    }
    let (file, target) = (home.path("backup.tar.zst"), home.path("restored"));
    let (file, target) = (file.to_str().unwrap(), target.to_str().unwrap());
    let backup = peak(&home.command(&["backup", "--output", file]))?;
    Some([backup, peak(&home.command(&["restore", file, "--data-dir", target]))?])
}

#[test]
fn a_backup_and_a_restore_hold_a_part_of_the_documents_at_a_time() {
    let (Some(few), Some(many)) = (peaks(FEW), peaks(MANY)) else { return };
    // How far its threads get ahead of each other differs from run to run, by some 35 MB on a busy machine.
    let more = (2 * (MANY - FEW) * DOCUMENT_BYTES) as u64;
    for (what, (few, many)) in ["backup", "restore"].into_iter().zip(few.into_iter().zip(many)) {
        assert!(many < few + more / 4, "{what}: {few} bytes at most of {FEW} tasks, {many} of {MANY}");
    }
}
