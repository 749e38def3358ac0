//! Every test that uses the program from outside: a real server on a free port, a real client, the real
//! binary. One test binary, because linking is what takes long.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what is lacking"
)]

mod bad_input;
mod binary;
mod browser;
mod cli;
mod concurrency;
mod config;
mod crash;
mod events;
mod faults;
mod faults_documents;
mod faults_numbers;
mod harness;
mod history;
mod listing;
mod mended;
mod page;
mod plan_equals_server;
mod reading;
mod readme;
mod remembered;
mod settings;
mod strangers;
mod undo;
mod verbs;
mod what_if;
mod writing;
mod zones;
