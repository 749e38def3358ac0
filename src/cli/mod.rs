//! The command line: one file per command.

mod config;
mod import;
mod options;
mod plan;
mod serve;
mod settings;
mod timeline;
mod token;
mod user;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use self::settings::SettingFlags;
use crate::app::{DataDir, StartError};
use crate::clock::Clock;
use crate::config::{self as configuration, Config, ConfigError, Effective};
use crate::service::Service;
use crate::service::error::ServiceError;
use crate::service::rulebook::{RuleBook, RuleFileError};
use crate::view::text::printable;

/// What is in my next free slot? A self-hosted task server: numbered Markdown files become a timeline.
#[derive(Parser)]
#[command(name = "codexmiroir", version, arg_required_else_help = true)]
struct Arguments {
    /// Where the database lives [default: the platform's data folder for codexmiroir]
    #[arg(long, global = true, env = "CODEXMIROIR_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The configuration file [default: codexmiroir.toml in the data directory, if it is there]
    #[arg(long, global = true, env = "CODEXMIROIR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::Serve),
    /// Plan a folder of task files, without a server and without a database
    Plan(plan::Plan),
    /// Show a user's week
    Timeline(timeline::TimelineOf),
    /// Bring a folder of task files into the database
    Import(import::Import),
    /// Print the configuration that applies, and where each value came from
    Config(config::ConfigOf),
    /// Manage accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// Manage access tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
}

/// Why a command failed: one sentence, what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Rules(#[from] RuleFileError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error("{0}")]
    Said(String),
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
}

/// Runs the program: exit code 0 done, 1 failed, 2 wrong usage.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help is printed as it is laid out; whoever asked for it finds it on stdout.
            if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
                let _ = error.print();
            } else {
                complain(&usage_sentence(&error));
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&CliError::Said(format!("cannot start threads: {error}"))),
    };
    match runtime.block_on(dispatch(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has seen enough.
        Err(CliError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &CliError) -> ExitCode {
    complain(&error.to_string());
    ExitCode::FAILURE
}

fn complain(sentence: &str) {
    let _ = writeln!(std::io::stderr(), "codexmiroir: {}", printable(sentence));
}

/// What clap says in several paragraphs about a wrong argument, as one sentence.
fn usage_sentence(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let paragraphs = text.trim_start_matches("error: ").split("\n\n");
    let said = paragraphs.map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    let said = said.take_while(|said| !said.starts_with("Usage:") && !said.starts_with("For more information"));
    let said = said.map(|said| said.trim_start_matches("tip: ").to_owned()).collect::<Vec<_>>().join("; ");
    format!("{said}; see --help")
}

/// Where the configuration is looked for.
struct Place {
    named: Option<PathBuf>,
    data_dir: Option<PathBuf>,
}

impl Place {
    fn load(&self, flags: &SettingFlags) -> Result<Effective, CliError> {
        Ok(configuration::load(self.named.as_deref(), self.data_dir.as_deref(), &flags.0)?)
    }
}

async fn dispatch(arguments: Arguments) -> Result<(), CliError> {
    let Arguments { data_dir, config: named, command } = arguments;
    // A demo's data directory is made anew: there is no file in it.
    let is_demo = matches!(&command, Command::Serve(serve) if serve.demo);
    let usual = if is_demo { None } else { data_dir.clone().or_else(platform_data_dir) };
    let place = Place { named, data_dir: usual };
    let config = match &command {
        Command::Serve(serve) => place.load(&serve.settings)?.config,
        Command::Config(_) => Config::default(),
        _ => place.load(&SettingFlags::default())?.config,
    };
    log_to_stderr(&config.log);
    match command {
        Command::Serve(serve) => serve.run(data_dir, config).await,
        Command::Plan(plan) => plan.run(&config),
        Command::Timeline(timeline) => timeline.run(open(data_dir, &config)?).await,
        Command::Import(import) => import.run(data_dir, &config).await,
        Command::Config(printed) => printed.run(&place),
        Command::User(command) => command.run(data_dir, &config).await,
        Command::Token(command) => command.run(open(data_dir, &config)?).await,
    }
}

fn log_to_stderr(filter: &str) {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

/// Opens the database for a command of its own. A server that runs has it, and is named in the refusal.
fn open(data_dir: Option<PathBuf>, config: &Config) -> Result<Arc<Service>, CliError> {
    let path = require_data_dir(data_dir)?;
    let named = path.display().to_string();
    let data_dir = DataDir::at(path);
    if !data_dir.has_database() {
        return Err(CliError::Said(format!(
            "there is no database in {named}; add a user first with codexmiroir user add NAME, or name another --data-dir"
        )));
    }
    // The rules of the server, so that what is planned here is what it serves.
    let rules = RuleBook::from_files(&config.rules)?;
    Ok(Service::new(data_dir.open(config.hot_map)?, Clock::System, rules))
}

/// As [`open`], and makes the data directory and the database if they are not there.
fn open_or_create(data_dir: Option<PathBuf>, config: &Config) -> Result<Arc<Service>, CliError> {
    let data_dir = DataDir::at(require_data_dir(data_dir)?);
    let rules = RuleBook::from_files(&config.rules)?;
    Ok(Service::new(data_dir.open_or_create(config.hot_map)?, Clock::System, rules))
}

fn platform_data_dir() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "codexmiroir").map(|dirs| dirs.data_dir().to_owned())
}

/// The data directory that was named, else the platform's.
fn require_data_dir(named: Option<PathBuf>) -> Result<PathBuf, CliError> {
    named.or_else(platform_data_dir).ok_or_else(|| {
        CliError::Said("there is no home directory to keep data in; name a folder with --data-dir".to_owned())
    })
}

/// Prints to stdout, so that a closed pipe is an error and not a panic. Control characters other than the end
/// of a line are left out: documents, rules and file names are other people's.
fn print(text: &str) -> Result<(), CliError> {
    let clean: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    let mut out = std::io::stdout().lock();
    out.write_all(clean.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Columns of the terminal, or of a page where there is none.
fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns
        .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
        .unwrap_or(120)
        .clamp(20, 300)
}
