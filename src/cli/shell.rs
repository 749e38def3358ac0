//! `codexmiroir completions` and `man`

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::output::{print, write};
use super::{Arguments, CliError};

#[derive(Args)]
pub struct Completions {
    /// The shell they are for
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<(), CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "codexmiroir", &mut script);
        write(&script)
    }
}

#[derive(Args)]
pub struct Man {
    /// Write the pages of all commands into a folder [default: print the program's page]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl Man {
    pub fn run(self) -> Result<(), CliError> {
        let Some(folder) = self.output else {
            let mut page = Vec::new();
            clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
            return write(&page);
        };
        let failed = |error| CliError::Said(format!("cannot write the pages into {}: {error}", folder.display()));
        std::fs::create_dir_all(&folder).map_err(failed)?;
        clap_mangen::generate_to(Arguments::command(), &folder).map_err(failed)?;
        print(&format!("wrote the pages to {}\n", folder.display()))
    }
}
