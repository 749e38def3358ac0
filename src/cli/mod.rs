//! The command line: one file per command.
//!
//! `serve`, `restore`, `plan` of a folder, `config`, `completions`, `man` and what `rules` does with files and folders do their work in this process. Every
//! other command asks for it over HTTP, wherever the data is (`client`).

mod account;
mod backup;
mod client;
mod compact;
mod config;
mod doctor;
mod export;
mod healthcheck;
mod history;
mod import;
mod inspect;
mod login;
mod options;
mod output;
mod passphrase;
mod plan;
mod progress;
mod prompt;
mod restore;
mod rules;
mod serve;
mod settings;
mod shell;
mod sync;
mod task;
mod timeline;
mod token;
mod undo;
mod user;
mod verify;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use self::client::Client;
use self::client::target::{DataPlace, SERVER_VARIABLE, Target, Wanted};
use self::output::complain;
use self::settings::SettingFlags;
use crate::app::{RestoreError, StartError};
use crate::config::{self as configuration, Config, ConfigError, Effective};
use crate::service::error::ServiceError;
use crate::service::rulebook::RuleFileError;

/// Which server or directory, and which user.
const WHERE: &str = "Where";

/// What is in my next free slot? A self-hosted task server: numbered Markdown files become a timeline.
#[derive(Parser)]
#[command(name = "codexmiroir", version, arg_required_else_help = true)]
struct Arguments {
    /// Where the database lives [default: the platform's data folder for codexmiroir]
    #[arg(long, global = true, env = "CODEXMIROIR_DATA_DIR", value_name = "DIR", help_heading = WHERE)]
    data_dir: Option<PathBuf>,
    /// The configuration file [default: codexmiroir.toml in the data directory, if it is there]
    #[arg(long, global = true, env = "CODEXMIROIR_CONFIG", value_name = "FILE", help_heading = WHERE)]
    config: Option<PathBuf>,
    /// A server elsewhere, with the token in CODEXMIROIR_TOKEN or that of the login [default: the login, if there is
    /// one and no --data-dir]
    #[arg(long, global = true, env = SERVER_VARIABLE, value_name = "URL", help_heading = WHERE)]
    server: Option<String>,
    /// Whose tasks, in a data directory of several users
    #[arg(long, global = true, env = "CODEXMIROIR_USER", value_name = "NAME", help_heading = WHERE)]
    user: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Asking(Asking),
    /// Write, check, test, show and change placement rules
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Use a server elsewhere from now on
    Login(login::LoginAt),
    /// Forget the server that was logged in to
    Logout,
    /// Make a data directory from a backup
    Restore(restore::Restore),
    /// Run the server
    Serve(serve::Serve),
    /// Tell by the exit code whether the server is ready: 0 is yes
    Healthcheck(healthcheck::Healthcheck),
    /// Plan a folder of task files, without a server and without a database; or show a past timeline
    Plan(plan::Plan),
    /// Print the configuration that applies, and where each value came from
    Config(config::ConfigOf),
    /// Print the completions for a shell
    Completions(shell::Completions),
    /// Print the manual page, or write those of all commands
    Man(shell::Man),
}

/// The commands that ask for data, wherever it is.
#[derive(Subcommand)]
enum Asking {
    /// Show the week
    Timeline(timeline::TimelineOf),
    /// Add, list, change and finish tasks
    #[command(subcommand)]
    Task(task::TaskCommand),
    /// Take back the last change, or an earlier one
    Undo(undo::Undo),
    /// List what was changed
    History(history::History),
    /// Show or change time zone, language, horizon and theme
    Settings(account::SettingsOf),
    /// Bring in a folder of task files, an export, or what the old system had
    Import(import::Import),
    /// Write out the task files, or everything in one file
    Export(export::Export),
    /// Write everything of everybody into one file, while the server works
    Backup(backup::Backup),
    /// Sync with the Git repository now
    Sync(sync::Sync),
    /// Manage accounts
    #[command(subcommand)]
    User(user::UserCommand),
    /// Manage access tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Show what is kept of a user's timeline, and why it was made anew
    Inspect(inspect::Inspect),
    /// Look whether everything that is kept is in order: exit code 0 is yes, 1 no, 2 it could not be told
    Doctor(doctor::Doctor),
    /// Live histories once more and compare with what was served: exit code 0 is all as it was, 1 not, 2 it could not be told
    Verify(verify::Verify),
    /// Give unused space of the database's file back to the system
    Compact(compact::Compact),
}

impl Asking {
    async fn run(self, client: &mut Client) -> Result<(), CliError> {
        match self {
            Asking::Timeline(timeline) => timeline.run(client).await,
            Asking::Task(task) => task.run(client).await,
            Asking::Undo(undo) => undo.run(client).await,
            Asking::History(history) => history.run(client).await,
            Asking::Settings(settings) => settings.run(client).await,
            Asking::Import(import) => import.run(client).await,
            Asking::Export(export) => export.run(client).await,
            Asking::Backup(backup) => backup.run(client).await,
            Asking::Sync(sync) => sync.run(client).await,
            Asking::User(user) => user.run(client).await,
            Asking::Token(token) => token.run(client).await,
            Asking::Inspect(inspect) => inspect.run(client).await,
            Asking::Doctor(doctor) => doctor.run(client, None).await,
            Asking::Verify(verify) => verify.run(client).await,
            Asking::Compact(compact) => compact.run(client).await,
        }
    }
}

/// Why a command failed: one sentence, what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Restore(#[from] RestoreError),
    #[error(transparent)]
    Rules(#[from] RuleFileError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The API's own sentence.
    #[error("{sentence}")]
    Refused { sentence: String },
    /// Used wrongly in a way that only shows when everything is read.
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Said(String),
    /// There is a difference, which was shown: an answer, and its exit code.
    #[error("something is different")]
    Differs,
    /// What was to be found out could not be.
    #[error("{0}")]
    NotTold(Box<CliError>),
    #[error("cannot read or write here: {0}")]
    Output(#[from] std::io::Error),
}

/// Runs the program: exit code 0 done, 1 failed or different, 2 wrong usage, or not to be told.
pub fn run() -> ExitCode {
    let parsed = arguments();
    let (arguments, wanted) = match parsed {
        Ok(parsed) => parsed,
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
    match runtime.block_on(dispatch(arguments, wanted)) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has seen enough.
        Err(CliError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(CliError::Differs) => ExitCode::FAILURE,
        Err(error) => fail(&error),
    }
}

fn fail(error: &CliError) -> ExitCode {
    complain(&error.to_string());
    if matches!(error, CliError::Usage(_) | CliError::NotTold(_)) { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// The arguments, and what they say of the target.
fn arguments() -> Result<(Arguments, Wanted), clap::Error> {
    let environment = |name| std::env::var_os(name).filter(|value: &std::ffi::OsString| !value.is_empty());
    let usual = Wanted {
        server: environment(SERVER_VARIABLE).map(|server| server.to_string_lossy().into_owned()),
        data_dir: environment("CODEXMIROIR_DATA_DIR").map(PathBuf::from),
    };
    let command = Arguments::command().after_help(format!("Commands that need data ask {}.", usual.describe()));
    let matches = command.try_get_matches()?;
    let arguments = Arguments::from_arg_matches(&matches)?;
    let wanted = wanted(&matches, &arguments)?;
    Ok((arguments, wanted))
}

/// Of server and data directory the one on the command line goes before the one in the environment.
fn wanted(matches: &ArgMatches, arguments: &Arguments) -> Result<Wanted, clap::Error> {
    let is_flag = |name| matches.value_source(name) == Some(ValueSource::CommandLine);
    let server = arguments.server.clone().filter(|server| !server.is_empty());
    match (is_flag("server"), is_flag("data_dir")) {
        (true, true) => {
            let both = "--server and --data-dir are two places to ask; leave one of them out";
            Err(Arguments::command().error(ErrorKind::ArgumentConflict, both))
        }
        (false, true) => Ok(Wanted { server: None, data_dir: arguments.data_dir.clone() }),
        _ if server.is_some() => Ok(Wanted { server, data_dir: None }),
        _ => Ok(Wanted { server: None, data_dir: arguments.data_dir.clone() }),
    }
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
        let effective = configuration::load(self.named.as_deref(), self.data_dir.as_deref(), &flags.0)?;
        settings::check_sync(&effective)?;
        Ok(effective)
    }
}

async fn dispatch(arguments: Arguments, wanted: Wanted) -> Result<(), CliError> {
    let Arguments { data_dir, config: named, user, command, .. } = arguments;
    // A demo's data directory is made anew: there is no file in it.
    let is_demo = matches!(&command, Command::Serve(serve) if serve.demo);
    let usual = if is_demo { None } else { data_dir.clone().or_else(platform_data_dir) };
    let place = Place { named, data_dir: usual };
    match command {
        Command::Serve(serve) => {
            let config = place.load(&serve.settings)?.config;
            log_to_stderr(&config.log);
            serve.run(data_dir, config).await
        }
        Command::Plan(plan) if plan.asks() => {
            asking(&wanted, &place, user, async |client| plan.ask(client).await).await
        }
        Command::Plan(plan) => plan.run(&config_for_folder(&place)?),
        Command::Rules(rules::RulesCommand::Files(command)) => command.run(),
        Command::Rules(rules::RulesCommand::Preview(command)) => {
            let previewed = match command.is_of_folder() {
                true => config_for_folder(&place).and_then(|config| command.run_on_folder(&config)),
                false => asking(&wanted, &place, user, async |client| command.run(client).await).await,
            };
            previewed.map_err(|error| match error {
                CliError::Differs => CliError::Differs,
                error => CliError::NotTold(Box::new(error)),
            })
        }
        Command::Rules(rules::RulesCommand::Explain(command)) if command.is_of_folder() => {
            command.run_on_folder(&config_for_folder(&place)?)
        }
        Command::Rules(rules::RulesCommand::Explain(command)) => {
            asking(&wanted, &place, user, async |client| command.run(client).await).await
        }
        Command::Config(printed) => printed.run(&place),
        Command::Completions(completions) => completions.run(),
        Command::Man(man) => man.run(),
        Command::Login(login) => login.run().await,
        Command::Logout => login::logout(),
        Command::Healthcheck(check) => check.run(&wanted).await,
        Command::Restore(restore) => {
            if wanted.server.is_some() {
                let sentence = "a backup is restored into a data directory of this machine; name it with --data-dir";
                return Err(CliError::Usage(sentence.to_owned()));
            }
            let config = place.load(&SettingFlags::default())?.config;
            log_to_stderr(LOG_OF_COMMANDS);
            restore.run(&require_data_dir(wanted.data_dir)?, config).await
        }
        // It is asked for when something is wrong, so a configuration that is wrong does not stop it.
        Command::Asking(Asking::Doctor(doctor)) if wanted.server()?.is_none() => {
            let path = require_data_dir(wanted.data_dir)?;
            let (config, wrong) = doctor::usable(place.load(&SettingFlags::default()));
            log_to_stderr(log_of_commands(&config));
            let mut client = Client::new(Target::Data(Box::new(DataPlace { path, config })), None)?;
            let done = doctor.run(&mut client, Some(wrong)).await;
            client.release().await;
            done
        }
        Command::Asking(command) => asking(&wanted, &place, user, async |client| command.run(client).await).await,
        Command::Rules(rules::RulesCommand::Asking(command)) => {
            asking(&wanted, &place, user, async |client| command.run(client).await).await
        }
    }
}

/// Asks where the data is.
async fn asking(
    wanted: &Wanted,
    place: &Place,
    user: Option<String>,
    ask: impl AsyncFnOnce(&mut Client) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut client = client(wanted, place, user)?;
    let done = ask(&mut client).await;
    client.release().await;
    done
}

/// What applies to a command that has nobody's data but a folder.
fn config_for_folder(place: &Place) -> Result<Config, CliError> {
    let config = place.load(&SettingFlags::default())?.config;
    log_to_stderr(&config.log);
    Ok(config)
}

/// The way to the data for a command that needs some.
fn client(wanted: &Wanted, place: &Place, user: Option<String>) -> Result<Client, CliError> {
    Client::new(target(wanted, place)?, user.filter(|name| !name.is_empty()))
}

/// Where the commands go that need data.
fn target(wanted: &Wanted, place: &Place) -> Result<Target, CliError> {
    if let Some(server) = wanted.server()? {
        login::warn_in_the_clear(&server.address);
        log_to_stderr(LOG_OF_COMMANDS);
        return Ok(Target::Server(server));
    }
    let config = place.load(&SettingFlags::default())?.config;
    log_to_stderr(log_of_commands(&config));
    Ok(Target::Data(Box::new(DataPlace { path: require_data_dir(wanted.data_dir.clone())?, config })))
}

/// What commands log unless told otherwise.
const LOG_OF_COMMANDS: &str = "error";

/// What a server tells its log in passing is no part of a command's answer.
fn log_of_commands(config: &Config) -> &str {
    if config.log == Config::default().log { LOG_OF_COMMANDS } else { &config.log }
}

fn log_to_stderr(filter: &str) {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
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
