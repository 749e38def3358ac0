//! `codexmiroir task add`

use clap::Args;
use serde_json::{Map, Value, json};

use super::words::{Saved, whereabouts};
use crate::cli::CliError;
use crate::cli::client::{Ask, Client, idempotency_key};
use crate::cli::options::{SlotText, slot};
use crate::cli::output::{print, print_json};
use crate::cli::prompt::text_or_stdin;

#[derive(Args)]
pub struct Add {
    /// What is to be done
    title: String,
    /// arbeit or privat, or what else the rules know
    #[arg(long, short, value_name = "KATEGORIE", default_value = "arbeit")]
    kategorie: String,
    /// The last day, such as 31.10.2025
    #[arg(long, short, value_name = "DATE")]
    deadline: Option<String>,
    /// Fix it to a slot, such as "15.10.2025 morgens"
    #[arg(long, short, value_name = "SLOT", value_parser = slot)]
    fixed: Option<SlotText>,
    /// A tag; may be given several times
    #[arg(long, short, value_name = "TAG")]
    tag: Vec<String>,
    /// The text below the title; - reads it from standard input
    #[arg(long, short, value_name = "TEXT")]
    body: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

impl Add {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let mut fields = Map::new();
        fields.insert("title".to_owned(), self.title.clone().into());
        fields.insert("kategorie".to_owned(), self.kategorie.into());
        let given = |field: Option<Value>, name: &str, fields: &mut Map<String, Value>| {
            field.map(|field| fields.insert(name.to_owned(), field))
        };
        given(self.deadline.map(Value::from), "deadline", &mut fields);
        given(self.fixed.as_ref().map(SlotText::json), "fixedSlot", &mut fields);
        given((!self.tag.is_empty()).then(|| json!(self.tag)), "tags", &mut fields);
        given(self.body.map(text_or_stdin).transpose()?.map(Value::from), "body", &mut fields);
        // With a key the second of two requests is answered and not carried out.
        let ask = Ask::post("/api/tasks").json(&Value::Object(fields));
        let ask = ask.header("idempotency-key", &idempotency_key()?).repeatable();
        let answer = client.send(ask).await?;
        if self.json {
            return print_json(&answer.text());
        }
        let saved = Saved::of(&answer)?;
        let whereabouts = whereabouts(client, &saved).await?;
        print(&format!("{}  {}{whereabouts}\n", saved.id, self.title.trim()))?;
        saved.warn();
        Ok(())
    }
}
