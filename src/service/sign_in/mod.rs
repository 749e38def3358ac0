//! Signing in. Each way of it is a file that finds out who somebody is, and ends in
//! `Service::begin_session`.

mod link;
mod password;
mod set_up;

pub use password::PasswordChange;
pub use set_up::FirstUser;
