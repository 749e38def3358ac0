#![forbid(unsafe_code)]
//! CodexMiroir: a self-hosted task server that answers *what is in my next free slot?* at once.
//!
//! See `ARCHITECTURE.md` for the map of the house.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod git;
pub mod http;
pub mod metrics;
pub mod outgoing;
pub mod planning;
pub mod rules;
pub mod secrets;
pub mod service;
pub mod store;
pub mod view;
pub mod worker;
