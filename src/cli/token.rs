//! `codexmiroir token`

use std::sync::Arc;

use chrono::TimeDelta;
use clap::{Subcommand, ValueEnum};

use super::{CliError, options, print};
use crate::service::Service;
use crate::store::Scopes;

#[derive(Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it; it is not shown again
    Create {
        /// Whom it stands for
        user: String,
        /// What it allows; may be given several times [default: read and write]
        #[arg(long, value_name = "SCOPE")]
        scope: Vec<Scope>,
        /// What it is for, for your own memory
        #[arg(long, value_name = "TEXT", default_value = "")]
        name: String,
        /// When it ends, such as 90d [default: never]
        #[arg(long, value_name = "SPAN", value_parser = options::span)]
        expires: Option<TimeDelta>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Scope {
    Read,
    Write,
    Feed,
    Admin,
}

impl Scope {
    fn bits(self) -> Scopes {
        match self {
            Scope::Read => Scopes::READ,
            Scope::Write => Scopes::WRITE,
            Scope::Feed => Scopes::FEED,
            Scope::Admin => Scopes::ADMIN,
        }
    }
}

impl TokenCommand {
    pub async fn run(self, service: Arc<Service>) -> Result<(), CliError> {
        let TokenCommand::Create { user, scope, name, expires } = self;
        let given = scope.into_iter().map(Scope::bits).reduce(Scopes::with);
        let scopes = given.unwrap_or(Scopes::READ.with(Scopes::WRITE));
        let expires_at = expires.map(|span| service.clock().now() + span);
        let token = service.create_token(&user, scopes, &name, expires_at).await?;
        print(&format!("{token}\n"))
    }
}
