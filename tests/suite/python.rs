//! Readers that have nothing in common with the program: Python's.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::browser::{must_be_complete, programs};
use crate::harness::repository;

/// What a script of `tests/suite/python` prints when it is given this; `None` where no Python has what it needs, which
/// fails where tests must be complete.
pub fn said(script: &str, needs: &str, package: &str, given: &[u8]) -> Option<serde_json::Value> {
    let has = |python: &std::path::PathBuf| {
        let asked = Command::new(python).args(["-c", &format!("import {needs}")]).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    let Some(python) = programs("python3").find(has) else {
        let lacking = format!("this test needs Python with {needs} (Debian: apt-get install {package})");
        assert!(!must_be_complete(), "{lacking}");
        eprintln!("NOT TESTED: {lacking}");
        return None;
    };
    let script = repository("tests/suite/python").join(script);
    let mut reader = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = reader.stdin.take().unwrap();
    // It reads all of it before it says anything.
    input.write_all(given).unwrap();
    drop(input);
    let read = reader.wait_with_output().unwrap();
    assert!(read.status.success(), "Python could not read it");
    Some(serde_json::from_slice(&read.stdout).unwrap())
}
