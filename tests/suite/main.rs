//! Every test that uses the program from outside: a real server on a free port, a real client, the real
//! binary. One test binary, because linking is what takes long.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what is lacking"
)]

mod account_forms;
mod account_life;
mod account_pages;
mod administration;
mod authorization;
mod bad_input;
mod binary;
mod browser;
mod cli;
mod concurrency;
mod config;
mod control;
mod corpus;
mod crash;
mod data_directory;
mod disk_faults;
mod documented;
mod events;
mod faults;
mod faults_access;
mod faults_documents;
mod faults_files;
mod faults_numbers;
mod git_host;
mod git_sync;
mod git_transport;
mod harness;
mod history;
mod hostile_scripts;
mod http2;
mod idempotency;
mod inspect;
mod interface;
mod isolation;
mod listing;
mod logged;
mod look;
mod malformed;
mod mended;
mod metrics;
mod model;
mod page;
mod passwords;
mod plan_equals_server;
mod proxied;
mod reading;
mod readme;
mod remembered;
mod rule_files;
mod rules;
mod rules_apart;
mod rules_failing;
mod rules_kept;
mod rules_served;
mod rules_told;
mod schedules;
mod secrets;
mod set_up;
mod settings;
mod shared;
mod shortcut;
mod signing_in;
mod slow;
mod strangers;
mod sync_answers;
mod sync_bounds;
mod sync_command;
mod sync_conflicts;
mod sync_contact;
mod sync_crash;
mod sync_documents;
mod sync_faults;
mod sync_held;
mod sync_mended;
mod sync_modes;
mod sync_outbox;
mod sync_own;
mod sync_pages;
mod sync_quota;
mod sync_rewritten;
mod sync_routes;
mod sync_rules;
mod sync_tls;
mod sync_trouble;
mod synced;
mod tls;
mod tokens;
mod transfer;
mod under_way;
mod undo;
mod verbs;
mod visitor;
mod webhook;
mod what_if;
mod workers;
mod writing;
mod zones;
