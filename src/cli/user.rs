//! `codexmiroir user`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::Language;
use super::client::{Ask, Client, query, read, segment};
use super::export::{everything_of, require_new};
use super::history::local;
use super::output::{Table, print, print_json};
use super::{CliError, options, prompt};
use crate::app::system_settings;
use crate::domain::zone::Zone;
use crate::service::accounts::check_new_user;
use crate::service::error::ServiceError;

#[derive(Subcommand)]
pub enum UserCommand {
    /// Add an account
    Add(Add),
    /// List the accounts
    List {
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
    },
    /// Give an account a new password
    Passwd {
        /// Whose
        name: String,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Let somebody manage accounts
    Admin {
        /// Who
        name: String,
        /// Not any more
        #[arg(long)]
        remove: bool,
    },
    /// Let nobody in as this account; its tasks stay, its sessions and tokens end
    Disable {
        /// Whose
        name: String,
    },
    /// Let a disabled account in again
    Enable {
        /// Whose
        name: String,
    },
    /// End every session of an account in browsers; its tokens stay
    SignOut {
        /// Whose
        name: String,
    },
    /// Remove an account with everything that it has
    Rm {
        /// Whose
        name: String,
        /// First write everything that it has into this file, as JSON with the history
        #[arg(long, value_name = "FILE")]
        export: Option<PathBuf>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
pub struct Add {
    /// a-z, 0-9, '.', '_', '-'; at most 39 characters
    name: String,
    /// May manage other accounts
    #[arg(long)]
    admin: bool,
    /// The time zone of the user's days [default: the system's]
    #[arg(long, value_name = "TZ", value_parser = options::zone)]
    time_zone: Option<Zone>,
    /// The language of the user's timeline [default: the system's]
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<Language>,
    /// Read a password of 12 to 128 characters from standard input, instead of asking for one at the terminal
    #[arg(long)]
    password_stdin: bool,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    name: String,
    admin: bool,
    disabled: bool,
    created_at: String,
    time_zone: String,
    tasks: u64,
    generation: u64,
}

#[derive(Deserialize)]
struct Page {
    users: Vec<Value>,
    next: Option<String>,
}

const USERS: &str = "/api/admin/users";

impl UserCommand {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        match self {
            UserCommand::Add(add) => add.run(client).await,
            UserCommand::List { json } => list(client, json).await,
            UserCommand::Passwd { name, password_stdin } => {
                // An unknown name is told before anybody has thought of a password.
                client.send(Ask::get(&path_of(&name)?).by_administrator()).await?;
                client.release().await;
                let password = match password_stdin {
                    true => Some(prompt::line_of_stdin("password")?),
                    false => prompt::new_password(false)?,
                };
                change(client, &name, json!({"password": password}), "has a new password").await
            }
            UserCommand::Admin { name, remove: false } => {
                change(client, &name, json!({"admin": true}), "is an administrator").await
            }
            UserCommand::Admin { name, remove: true } => {
                change(client, &name, json!({"admin": false}), "is no administrator").await
            }
            UserCommand::Disable { name } => change(client, &name, json!({"disabled": true}), "is disabled").await,
            UserCommand::Enable { name } => change(client, &name, json!({"disabled": false}), "is enabled").await,
            UserCommand::SignOut { name } => {
                let sessions = format!("{}/sessions", path_of(&name)?);
                client.send(Ask::delete(&sessions).by_administrator().repeatable()).await?;
                print(&format!("{name} is signed out everywhere\n"))
            }
            UserCommand::Rm { name, export, yes } => remove(client, &name, export.as_deref(), yes).await,
        }
    }
}

fn path_of(name: &str) -> Result<String, CliError> {
    Ok(format!("{USERS}/{}", segment(name)?))
}

impl Add {
    async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let Add { name, admin, time_zone, language, password_stdin, json } = self;
        let check = |password: Option<&str>| check_new_user(&name, password).map_err(ServiceError::from);
        // Before the database, so that a refused first user leaves no database behind; and before the question.
        check(None)?;
        let password = match (password_stdin, prompt::is_possible()) {
            (true, _) => Some(prompt::line_of_stdin("password")?),
            (false, true) => prompt::new_password(true)?,
            (false, false) => None,
        };
        check(password.as_deref())?;
        let zone = time_zone.unwrap_or(system_settings().zone).name();
        let language = language.map_or_else(|| system_settings().lang.pick("en", "de"), Language::word);
        let mut user = json!({"name": name, "admin": admin, "timeZone": zone, "language": language});
        if let (Some(password), Some(user)) = (password, user.as_object_mut()) {
            user.insert("password".to_owned(), password.into());
        }
        client.create_database();
        let present: Page = client
            .send(Ask::get(&query(USERS, &[("limit", Some("1".to_owned()))])).by_administrator())
            .await?
            .read()?;
        let is_first = present.users.is_empty();
        if let (true, Some(user)) = (is_first, user.as_object_mut()) {
            // Somebody has to be able to add the others.
            user.insert("admin".to_owned(), true.into());
        }
        let has_password = user.get("password").is_some();
        let answer = client.send(Ask::post(USERS).json(&user).by_administrator()).await?;
        if json {
            return print_json(&answer.text());
        }
        let role = if is_first { ", the administrator" } else { "" };
        print(&format!("added {name} ({zone}){role}\n"))?;
        if has_password {
            return Ok(());
        }
        print(&format!("{name} has no password to sign in with yet: codexmiroir user passwd {name}\n"))
    }
}

async fn list(client: &mut Client, json: bool) -> Result<(), CliError> {
    let (mut users, mut after) = (Vec::new(), None);
    loop {
        let page = client.send(Ask::get(&query(USERS, &[("after", after)])).by_administrator()).await?;
        let mut page: Page = page.read()?;
        users.append(&mut page.users);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if json {
        return print_json(&json!({"users": users}).to_string());
    }
    if users.is_empty() {
        return print("no users yet; codexmiroir user add NAME adds one\n");
    }
    let users: Vec<User> = read(Value::from(users))?;
    let mut table = Table::new(&["Name", "", "Tasks", "Generation", "Time zone", "Since"], 0);
    for user in users {
        let role = match (user.admin, user.disabled) {
            (true, true) => "admin, disabled",
            (true, false) => "admin",
            (false, true) => "disabled",
            (false, false) => "",
        };
        let (tasks, generation) = (user.tasks.to_string(), user.generation.to_string());
        table.row(vec![user.name, role.to_owned(), tasks, generation, user.time_zone, local(&user.created_at)]);
    }
    print(&table.draw())
}

async fn change(client: &mut Client, name: &str, fields: Value, done: &str) -> Result<(), CliError> {
    client.send(Ask::patch(&path_of(name)?).json(&fields).by_administrator().repeatable()).await?;
    print(&format!("{name} {done}\n"))
}

async fn remove(client: &mut Client, name: &str, export: Option<&Path>, yes: bool) -> Result<(), CliError> {
    let path = path_of(name)?;
    let answer = client.send(Ask::get(&path).by_administrator()).await?;
    let User { tasks, .. } = answer.read()?;
    if let Some(file) = export {
        require_new(file, "name another --export")?;
    }
    let tasks = if tasks == 1 { "1 task".to_owned() } else { format!("{tasks} tasks") };
    let what = format!("{name} with {tasks}, the history, tokens and settings");
    if !yes {
        let kept = format!(
            "codexmiroir export --user {name} --format json --history --output FILE keeps everything, and --export FILE \
             does it first"
        );
        if !prompt::is_possible() {
            let kept = if export.is_none() { format!("; {kept}") } else { String::new() };
            return Err(CliError::Said(format!("this removes {what} for good; add --yes if that is meant{kept}")));
        }
        if export.is_none() {
            prompt::tell(&kept)?;
        }
        // Nobody is to wait for the database while somebody thinks it over.
        client.release().await;
        if !prompt::confirm(&format!("Remove {what} for good?"))? {
            return print("nothing was removed\n");
        }
    }
    // What cannot be kept is not removed.
    if let Some(file) = export {
        everything_of(client, &path, file).await?;
    }
    client.send(Ask::delete(&path).by_administrator()).await?;
    print(&format!("removed {what}\n"))
}
