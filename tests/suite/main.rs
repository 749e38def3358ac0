//! Every test that uses the program from outside: a real server on a free port, a real client, the real
//! binary. One test binary, because linking is what takes long.

mod binary;
mod browser;
mod cli;
mod crash;
mod harness;
mod page;
mod reading;
mod zones;
