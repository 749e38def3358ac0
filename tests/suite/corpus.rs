//! The laws of the fuzz targets, held to every input that the fuzzers found worth keeping, and to all sample files.

#![expect(clippy::expect_used, reason = "a law fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::repository;

#[path = "../../fuzz/laws/backup_read.rs"]
mod backup_read;
#[path = "../../fuzz/laws/dates.rs"]
mod dates;
#[path = "../../fuzz/laws/document_edit.rs"]
mod document_edit;
#[path = "../../fuzz/laws/document_merge.rs"]
mod document_merge;
#[path = "../../fuzz/laws/document_read.rs"]
mod document_read;
#[path = "../../fuzz/laws/house.rs"]
mod house;
#[path = "../../fuzz/laws/http_body.rs"]
mod http_body;
#[path = "../../fuzz/laws/http_head.rs"]
mod http_head;
#[path = "../../fuzz/laws/ids.rs"]
mod ids;
#[path = "../../fuzz/laws/import_json.rs"]
mod import_json;
#[path = "../../fuzz/laws/rules.rs"]
mod rules;
#[path = "../../fuzz/laws/webhook.rs"]
mod webhook;

/// Changes that every sample document is edited with.
const CHANGES: [&str; 8] = [
    "status=abgeschlossen\nabgeschlossen_am=13.10.2025 abends",
    "fixedSlot=14.10.2025 morgens",
    "fixedSlot=",
    "tags=a,#b,c: d",
    "deadline=31.10.2025\nkategorie=privat",
    "title=Neu: *wichtig*",
    "body=Text^---^status: x",
    "title=T\nbody=^# Anders",
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Holds the law to the target's corpus; an input that breaks it is named.
fn replay(target: &str, law: fn(&[u8])) {
    let inputs = files(&repository("fuzz/corpus").join(target));
    assert!(inputs.len() >= 10, "{target} has a corpus of {} only", inputs.len());
    for input in inputs {
        hold(&input, &fs::read(&input).unwrap(), law);
    }
}

fn hold(name: &Path, bytes: &[u8], law: fn(&[u8])) {
    if std::panic::catch_unwind(|| law(bytes)).is_err() {
        panic!("{} breaks the law", name.display());
    }
}

fn samples() -> Vec<PathBuf> {
    let folders =
        ["fixtures/odd/tasks", "fixtures/vault/codex-miroir/lena/tasks", "fixtures/vault/codex-miroir/tom/tasks"];
    folders.iter().flat_map(|folder| files(&repository(folder))).collect()
}

#[test]
fn documents_are_read() {
    replay("document_read", document_read::holds);
    for sample in samples() {
        hold(&sample, &fs::read(&sample).unwrap(), document_read::holds);
    }
}

#[test]
fn documents_are_edited() {
    replay("document_edit", document_edit::holds);
    for sample in samples() {
        for change in CHANGES {
            let input = [change.as_bytes(), b"\0", &fs::read(&sample).unwrap()].concat();
            hold(&sample, &input, document_edit::holds);
        }
    }
}

#[test]
fn documents_are_merged() {
    replay("document_merge", document_merge::holds);
    let samples = samples();
    let texts: Vec<_> = samples.iter().map(|sample| fs::read(sample).unwrap()).collect();
    for (index, (ours, name)) in texts.iter().zip(&samples).enumerate() {
        // Each with some of the others, and some other's as the base or none.
        for (place, theirs) in texts.iter().enumerate().skip(index % 20).step_by(20) {
            let base = texts.get((index + place) % (2 * texts.len())).map_or(b"".as_slice(), Vec::as_slice);
            hold(name, &[base, ours, theirs].join(&0), document_merge::holds);
        }
    }
}

#[test]
fn backups_are_read() {
    replay("backup_read", backup_read::holds);
}

#[test]
fn bodies_are_read() {
    replay("http_body", http_body::holds);
}

#[test]
fn requests_are_answered() {
    replay("http_head", http_head::holds);
}

#[test]
fn events_of_a_forge_are_answered() {
    replay("webhook", webhook::holds);
}

#[test]
fn exports_are_read() {
    replay("import_json", import_json::holds);
}

#[test]
fn ids_are_read() {
    replay("ids", ids::holds);
}

#[test]
fn dates_are_read() {
    replay("dates", dates::holds);
}

#[test]
fn rules_are_asked_and_tested() {
    replay("rules", rules::holds);
    for script in files(&repository("scripts")) {
        hold(&script, &fs::read(&script).unwrap(), rules::holds);
    }
}
