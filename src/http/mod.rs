//! HTTP: the accept loop, the gate that every request passes, and the routes behind it.

mod account;
mod admin;
pub mod body;
mod cache;
mod codex;
mod conditional;
mod date;
mod errors;
mod events;
mod extract;
mod fields;
mod gate;
mod head;
mod history;
mod hot;
pub mod listen;
mod metrics;
mod negotiate;
mod openapi;
mod plain;
mod probes;
mod query;
mod respond;
mod router;
mod rules;
mod site;
mod stream;
mod tasks;
mod tokens;
mod transfer;
mod web;
pub mod wire;

pub use gate::Gate;
pub use site::{Site, SiteOptions};
