//! `/tasks` and `/tasks/{id}`: finding tasks, and one task whole.

mod list;
mod page;
mod past;

pub use list::{act_on_several, list};
pub use page::{save, show};

#[cfg(test)]
pub(in crate::http) use {list::SEVERAL_FIELDS, page::SAVE_FIELDS};
