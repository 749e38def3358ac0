//! The words of the product as types: pure values, no I/O, no clock.
//!
//! Nothing here knows of HTTP, of the database or of Rhai; every other layer may use this one.

pub mod boundary;
pub mod date;
pub mod days;
pub mod difference;
pub mod document;
pub mod explanation;
pub mod hex;
pub mod ids;
pub mod lang;
pub mod looking_back;
pub mod policy;
pub mod problem;
pub mod quick;
pub mod script;
pub mod slot_changes;
pub mod span;
pub mod task;
pub mod theme;
pub mod timeline;
pub mod zone;
