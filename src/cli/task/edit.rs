//! `codexmiroir task edit`

use clap::Args;
use hyper::header::ETAG;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::editor;
use super::words::{Saved, whereabouts};
use crate::cli::CliError;
use crate::cli::client::{Answer, Ask, Client, segment};
use crate::cli::output::{print, print_json};
use crate::cli::prompt::text_or_stdin;

#[derive(Args)]
pub struct EditTask {
    /// The task's number, or its file's name
    id: String,
    /// The new title
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// The new category
    #[arg(long, short, value_name = "KATEGORIE")]
    kategorie: Option<String>,
    /// The new deadline, such as 31.10.2025
    #[arg(long, short, value_name = "DATE", conflicts_with = "no_deadline")]
    deadline: Option<String>,
    /// Without a deadline
    #[arg(long)]
    no_deadline: bool,
    /// The tags in place of those it has; may be given several times
    #[arg(long, short, value_name = "TAG", conflicts_with = "no_tags")]
    tag: Vec<String>,
    /// Without tags
    #[arg(long)]
    no_tags: bool,
    /// The text below the title; - reads it from standard input
    #[arg(long, short, value_name = "TEXT")]
    body: Option<String>,
    /// Print the answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Whole {
    file: String,
    document: String,
}

impl EditTask {
    pub async fn run(self, client: &mut Client) -> Result<(), CliError> {
        let (path, json) = (format!("/api/tasks/{}", segment(&self.id)?), self.json);
        let fields = self.fields()?;
        let answer = match fields.is_empty() {
            true => in_editor(client, &path).await?,
            // Fields that are so already stay as they are.
            false => Some(client.send(Ask::patch(&path).json(&Value::Object(fields)).repeatable()).await?),
        };
        let Some(answer) = answer else { return print("nothing was changed\n") };
        if json {
            return print_json(&answer.text());
        }
        let saved = Saved::of(&answer)?;
        let place = whereabouts(client, &saved).await?;
        print(&format!("{}  changed{place}\n", saved.stem()))?;
        saved.warn();
        Ok(())
    }

    /// The fields that the flags change.
    fn fields(self) -> Result<Map<String, Value>, CliError> {
        let deadline = if self.no_deadline { Some(Value::Null) } else { self.deadline.map(Value::from) };
        let has_tags = self.no_tags || !self.tag.is_empty();
        let all = [
            ("title", self.title.map(Value::from)),
            ("kategorie", self.kategorie.map(Value::from)),
            ("deadline", deadline),
            ("tags", has_tags.then(|| json!(self.tag))),
            ("body", self.body.map(text_or_stdin).transpose()?.map(Value::from)),
        ];
        Ok(all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
    }
}

/// Lets the user edit the document; `None` when it came back as it was. Once it was changed it is not lost: what
/// cannot be saved stays in a file, which the error names.
async fn in_editor(client: &mut Client, path: &str) -> Result<Option<Answer>, CliError> {
    let read = client.get(path).await?;
    let etag = read.headers.get(ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or("*").to_owned();
    let whole: Whole = read.read()?;
    if whole.document.contains(char::REPLACEMENT_CHARACTER) {
        return Err(CliError::Said(format!(
            "{} is not UTF-8 text; change its fields by flags, or import it anew",
            whole.file
        )));
    }
    // An editor stays open for as long as its user likes; nobody is to wait for the database meanwhile.
    client.release().await;
    let draft = editor::Draft::new(&whole.file, &whole.document)?;
    let edited = match draft.edit().await {
        Ok(edited) => edited,
        Err(error) => return Err(draft.keep_if_changed(&whole.document, error)),
    };
    if edited == whole.document {
        return Ok(None);
    }
    let ask = Ask::put(path).json(&json!({"document": edited})).header("if-match", &etag);
    match client.send(ask).await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => Err(draft.keep(&error)),
    }
}
