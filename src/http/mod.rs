//! The outer layer: connections, requests and answers.

pub mod body;
pub mod head;
pub mod listen;
