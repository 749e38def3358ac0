//! placeholder
use super::{ids::FileName, problem::*, task::Task};
pub const READER_VERSION: u16 = 1;
pub enum Outcome {
    Task(Box<Task>),
    NotATask,
    Invalid(Problem),
}
pub fn read(_file: &FileName, _raw: &[u8]) -> Outcome {
    Outcome::Invalid(Problem::new(1, ProblemKind::Empty))
}
