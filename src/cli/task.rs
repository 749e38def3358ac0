//! `codexmiroir task`: the daily work.

mod add;
mod edit;
mod editor;
mod list;
mod moves;
mod show;
mod verbs;
mod words;

use clap::Subcommand;

use super::CliError;
use super::client::Client;

#[derive(Subcommand)]
pub enum TaskCommand {
    /// Add a task, and say which slot it gets
    Add(add::Add),
    /// List tasks: the open ones, unless asked otherwise
    List(list::List),
    /// Show a task
    Show(show::Show),
    /// Say since when a task is where it is, and what moved it each time
    Moves(moves::Moves),
    /// Change a task: its fields by flags, or its whole document in an editor
    Edit(edit::EditTask),
    /// Mark tasks as done
    Done(verbs::Done),
    /// Cancel tasks
    Cancel(verbs::Ids),
    /// Open tasks again that are done or cancelled
    Reopen(verbs::Ids),
    /// Fix a task to a slot
    Pin(verbs::Pin),
    /// Let tasks stand in line again
    Unpin(verbs::Ids),
    /// Remove tasks; `undo` brings them back
    Rm(verbs::Ids),
}

impl TaskCommand {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        match self {
            TaskCommand::Add(add) => add.run(client).await,
            TaskCommand::List(list) => list.run(client).await,
            TaskCommand::Show(show) => show.run(client).await,
            TaskCommand::Moves(moves) => moves.run(client).await,
            TaskCommand::Edit(edit) => edit.run(client).await,
            TaskCommand::Done(done) => done.run(client).await,
            TaskCommand::Cancel(ids) => ids.run(client, verbs::CANCEL).await,
            TaskCommand::Reopen(ids) => ids.run(client, verbs::REOPEN).await,
            TaskCommand::Pin(pin) => pin.run(client).await,
            TaskCommand::Unpin(ids) => ids.run(client, verbs::UNPIN).await,
            TaskCommand::Rm(ids) => ids.run(client, verbs::REMOVE).await,
        }
    }
}
