//! Every test that uses the program from outside: a real server on a free port, a real client, the real
//! binary. One test binary, because linking is what takes long.

mod bad_input;
mod concurrency;
mod faults;
mod faults_documents;
mod faults_numbers;
mod harness;
mod plan_equals_server;
mod reading;
mod strangers;
mod writing;
