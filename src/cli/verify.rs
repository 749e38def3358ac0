//! `codexmiroir verify`

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::CliError;
use super::client::{ACCOUNT, Ask, Client, query};
use super::doctor::Finding;
use super::output::{print, print_json};
use super::progress::Progress;

#[derive(Args)]
pub struct Verify {
    /// Of everybody, although --user or CODEXMIROIR_USER names somebody
    #[arg(long)]
    all: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verified {
    user: Option<String>,
    generations: u64,
    compared: u64,
    not_noted: u64,
    other_basis: u64,
    differing: Vec<String>,
    not_told: u64,
    findings: Vec<Value>,
    total: Option<u64>,
    next: Option<String>,
}

/// Findings that are printed, and that are listed in the JSON.
const SHOWN_MAX: usize = 50;
const LISTED_MAX: usize = 10_000;

/// What was found from the first piece to the last.
#[derive(Default)]
struct Found {
    users: Vec<String>,
    generations: u64,
    compared: u64,
    not_noted: u64,
    other_basis: u64,
    differing: Vec<String>,
    not_told: u64,
    wrong: usize,
    listed: Vec<Value>,
}

impl Verify {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let found = self.ask(client).await.map_err(|error| match error {
            CliError::Output(error) => CliError::Output(error),
            error => CliError::NotTold(Box::new(error)),
        })?;
        match self.json {
            true => print_json(&found.json().to_string())?,
            false => print(&found.conclusion())?,
        }
        match (found.wrong, found.not_told) {
            (0, 0) if found.is_without_comparison() => Err(CliError::NotTold(Box::new(CliError::Said(
                "no timeline could be compared; verify with the program and the server's rules that they were planned with"
                    .to_owned(),
            )))),
            (0, 0) => Ok(()),
            (0, left) => Err(CliError::NotTold(Box::new(CliError::Said(format!(
                "the rules of {left} generations could not be run to their end; try again when the server has less to do"
            ))))),
            (1, _) => Err(CliError::Said("one thing is not as it was".to_owned())),
            (wrong, _) => Err(CliError::Said(format!("{wrong} things are not as they were"))),
        }
    }

    /// Asks for piece after piece, and shows what each finds.
    async fn ask(&self, client: &mut Client) -> Result<Found, CliError> {
        let user = client.named().filter(|_| !self.all).map(str::to_owned);
        let mut found = Found::default();
        let mut progress: Option<Progress> = None;
        let mut next = Some(String::new());
        while let Some(place) = next {
            let path = query("/api/admin/verify", &[("place", Some(place)), ("user", user.clone())]);
            let verified: Verified = client.send_within(Ask::get(&path).by_administrator(), ACCOUNT).await?.read()?;
            next = verified.next.clone();
            let progress = progress.get_or_insert_with(|| Progress::of_steps("generations", verified.total));
            progress.advance(verified.generations);
            let said = found.add(verified)?;
            if !self.json && !said.is_empty() {
                progress.suspend(|| print(&said))?;
            }
        }
        Ok(found)
    }
}

impl Found {
    /// Takes what a piece found; what is to be said of it.
    fn add(&mut self, verified: Verified) -> Result<String, CliError> {
        let Verified { user, generations, compared, not_noted, other_basis, differing, not_told, findings, .. } =
            verified;
        self.users.extend(user.filter(|user| self.users.last() != Some(user)));
        self.generations += generations;
        self.compared += compared;
        self.not_noted += not_noted;
        self.other_basis += other_basis;
        self.not_told += not_told;
        for part in differing {
            if !self.differing.contains(&part) {
                self.differing.push(part);
            }
        }
        let mut said = String::new();
        for value in findings {
            self.wrong += 1;
            if self.listed.len() < LISTED_MAX {
                self.listed.push(value.clone());
            }
            if self.wrong <= SHOWN_MAX {
                let finding: Finding = super::client::read(value)?;
                said.push_str(&finding.text());
            }
        }
        Ok(said)
    }

    /// Whether there were timelines to compare with, and none was made with what there is now.
    fn is_without_comparison(&self) -> bool {
        self.compared == 0 && self.other_basis > 0
    }

    fn conclusion(&self) -> String {
        let Found { users, generations, compared, not_noted, other_basis, wrong, .. } = self;
        let mut text = String::new();
        if *wrong > SHOWN_MAX {
            text.push_str(&format!("{} more; --json lists them\n", wrong - SHOWN_MAX));
        }
        let users = match users.len() {
            1 => "1 user".to_owned(),
            count => format!("{count} users"),
        };
        let result = match wrong {
            0 if self.is_without_comparison() => "the history itself is whole".to_owned(),
            0 => "all as it was".to_owned(),
            wrong => format!("{wrong} not as it was"),
        };
        text.push_str(&format!("{generations} generations of {users}: {compared} timelines compared, {result}\n"));
        if *not_noted > 0 {
            text.push_str(&format!(
                "{not_noted} had none to compare with: imports, and what earlier versions committed\n"
            ));
        }
        if *other_basis > 0 {
            let differing = self.differing.join(", ");
            text.push_str(&format!("{other_basis} were planned otherwise than now, so not comparable: {differing}\n"));
        }
        text
    }

    fn json(&self) -> Value {
        json!({
            "users": self.users,
            "generations": self.generations,
            "compared": self.compared,
            "notNoted": self.not_noted,
            "otherBasis": self.other_basis,
            "differing": self.differing,
            "notTold": self.not_told,
            "wrong": self.wrong,
            "findings": self.listed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_compared_is_not_all_as_it_was() {
        let users = vec!["lena".to_owned()];
        let imports = Found { users: users.clone(), generations: 1, not_noted: 1, ..Found::default() };
        assert!(imports.conclusion().contains("1 generations of 1 user: 0 timelines compared, all as it was"));
        let differing = vec!["other rules of the server".to_owned()];
        let other = Found { users, generations: 3, other_basis: 3, differing, ..Found::default() };
        assert!(other.is_without_comparison() && !imports.is_without_comparison());
        assert!(
            other.conclusion().contains("0 timelines compared, the history itself is whole"),
            "{}",
            other.conclusion()
        );
        assert!(other.conclusion().contains("not comparable: other rules of the server"));
    }
}
