//! `codexmiroir token`

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::json;

use super::client::{Ask, Client, segment};
use super::history::local;
use super::output::{Table, complain, print, print_json};
use super::{CliError, options};

#[derive(Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it; it is not shown again
    Create(Create),
    /// List a user's tokens, without the secrets
    List {
        /// Whose [default: the only user, or the one logged in]
        user: Option<String>,
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
    },
    /// Take tokens back: they stop working at once
    Revoke {
        /// Their ids, as `token list` shows them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

#[derive(Args)]
pub struct Create {
    /// Whom it stands for [default: the only user, or the one logged in]
    user: Option<String>,
    /// What it allows; may be given several times [default: read and write]
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<Scope>,
    /// What it is for, for your own memory
    #[arg(long, value_name = "TEXT", default_value = "")]
    name: String,
    /// When it ends, such as 90d [default: never]
    #[arg(long, value_name = "SPAN", value_parser = options::span)]
    expires: Option<String>,
    /// Write it into a new file that only you can read, instead of printing it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Scope {
    Read,
    Write,
    Feed,
    Admin,
}

impl Scope {
    fn word(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Write => "write",
            Scope::Feed => "feed",
            Scope::Admin => "admin",
        }
    }
}

#[derive(Deserialize)]
struct Created {
    token: String,
    /// The address of the calendar that it opens, or its path alone.
    feed: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    tokens: Vec<Token>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    id: String,
    name: String,
    scopes: Vec<String>,
    created_at: String,
    expires_at: Option<String>,
    last_used_at: Option<String>,
}

const TOKENS: &str = "/api/tokens";

impl TokenCommand {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        match self {
            TokenCommand::Create(create) => create.run(client).await,
            TokenCommand::List { user, json } => {
                client.act_for(user);
                list(client, json).await
            }
            TokenCommand::Revoke { ids } => {
                for id in ids {
                    client.send(Ask::delete(&format!("{TOKENS}/{}", segment(&id)?))).await?;
                    print(&format!("revoked {id}\n"))?;
                }
                Ok(())
            }
        }
    }
}

impl Create {
    async fn run(self, client: &mut Client) -> Result<(), CliError> {
        client.act_for(self.user);
        let mut scopes: Vec<&str> = self.scope.into_iter().map(Scope::word).collect();
        if scopes.is_empty() {
            scopes = vec!["read", "write"];
        }
        let body = json!({"name": self.name, "scopes": scopes, "expires": self.expires});
        let Some(path) = self.output else {
            let answer = client.send(Ask::post(TOKENS).json(&body)).await?;
            if self.json {
                return print_json(&answer.text());
            }
            let Created { token, feed } = answer.read()?;
            print(&format!("{token}\n"))?;
            if let Some(address) = feed {
                complain(&subscribe(&address));
            }
            return Ok(());
        };
        // First the file: a token that there is no place for would be lost.
        let mut file = new_secret_file(&path)?;
        let made = client.send(Ask::post(TOKENS).json(&body)).await.and_then(|answer| {
            let Created { token, .. } = answer.read()?;
            let line = if self.json { format!("{}\n", answer.text().trim_end()) } else { format!("{token}\n") };
            file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(unwritten(&path))
        });
        if made.is_err() {
            // It is empty, or holds a part of a token; why there is none is what counts.
            let _ = fs::remove_file(&path);
        }
        made?;
        print(&format!("wrote the token to {}\n", path.display()))
    }
}

/// Where a calendar finds what a token opens.
fn subscribe(address: &str) -> String {
    if address.starts_with('/') {
        return format!("a calendar subscribes to {address} below the address of your server, https://HOST, say");
    }
    format!("a calendar subscribes to {address}")
}

/// A file that was not there, from the first moment its owner's alone.
fn new_secret_file(path: &Path) -> Result<File, CliError> {
    let made = File::options().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            CliError::Said(format!("{} is there already; name another --output", path.display()))
        }
        _ => unwritten(path)(error),
    })
}

fn unwritten(path: &Path) -> impl Fn(io::Error) -> CliError + '_ {
    |error| CliError::Said(format!("cannot write {}: {error}; name another --output", path.display()))
}

async fn list(client: &mut Client, json: bool) -> Result<(), CliError> {
    let answer = client.get(TOKENS).await?;
    if json {
        return print_json(&answer.text());
    }
    let Tokens { tokens } = answer.read()?;
    if tokens.is_empty() {
        return print("no tokens\n");
    }
    let mut table = Table::new(&["ID", "Name", "Scopes", "Since", "Until", "Last used"], 1);
    for token in tokens {
        let instant = |at: Option<String>, none: &str| at.map_or(none.to_owned(), |at| local(&at));
        table.row(vec![
            token.id,
            token.name,
            token.scopes.join(", "),
            local(&token.created_at),
            instant(token.expires_at, "for good"),
            instant(token.last_used_at, "never"),
        ]);
    }
    print(&table.draw())
}
