//! `codexmiroir inspect`

use clap::Args;
use serde_json::Value;

use super::CliError;
use super::client::{Ask, Client, segment};
use super::output::{print, print_json};

#[derive(Args)]
pub struct Inspect {
    /// Whose cache
    name: String,
    /// Print the timeline itself, too
    #[arg(long)]
    timeline: bool,
    /// Print what is known as JSON
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let path = format!("/api/admin/cache/{}", segment(&self.name)?);
        let answer = client.send(Ask::get(&path).as_administrator()).await?;
        if self.json {
            return print_json(&answer.text());
        }
        let known: Value = answer.read()?;
        let mut text = String::new();
        lines(&mut text, "", &known);
        print(&text)
    }
}

/// A line for each fact, its name as the API has it.
fn lines(text: &mut String, name: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let full = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                lines(text, &full, value);
            }
        }
        Value::String(word) => text.push_str(&format!("{name}  {word}\n")),
        other => text.push_str(&format!("{name}  {other}\n")),
    }
}
