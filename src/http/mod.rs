//! HTTP: the accept loop, the gate that every request passes, and the routes behind it.

mod account;
mod admin;
pub mod body;
mod cache;
mod codex;
mod conditional;
mod errors;
mod events;
mod extract;
mod gate;
mod head;
mod history;
pub mod listen;
mod negotiate;
mod probes;
mod query;
mod respond;
mod router;
mod site;
mod stream;
mod tasks;
mod tokens;
mod transfer;
mod web;
mod wire;

pub use gate::Gate;
pub use site::{Site, SiteOptions};
