//! The side of the server: somebody who changes tasks and rules over HTTP.

use std::collections::BTreeSet;
use std::sync::Arc;

use codexmiroir::domain::document;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::words::{Dice, Words};
use crate::rules::one_slot;

/// A user of the server, asking over HTTP.
#[derive(Clone)]
pub struct Asker {
    pub client: Client,
    pub base: String,
    pub token: String,
    /// A permit for each thing that was done on either side.
    pub events: Arc<Semaphore>,
}

/// What the server acknowledged.
#[derive(Default)]
pub struct Said {
    pub words: BTreeSet<String>,
    /// The ids of new tasks.
    pub created: Vec<String>,
    pub generation: u64,
}

impl Asker {
    /// The answer's status and JSON; `None` when the server is gone before it was whole.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let text = response.text().await.ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))))
    }

    /// Changes this and that, as often as is said or until the server is gone.
    pub async fn change(self, mut ids: Vec<String>, times: usize, mut dice: Dice, words: Arc<Words>) -> Said {
        let mut said = Said::default();
        for _ in 0..times {
            let word = words.new_word();
            let Some((method, path, body)) = self.next_change(&ids, &mut dice, &word).await else { return said };
            let Some((status, answer)) = self.ask(method, &path, body.as_ref()).await else { return said };
            match status {
                200 => {}
                // What was meant is gone, has two of its number, or was changed meanwhile.
                404 | 409 => continue,
                _ => panic!("{path} {body:?}: {status} {answer}"),
            }
            let generation = answer["generation"].as_u64().unwrap();
            assert!(generation >= said.generation, "{path}: generation {generation} after {}", said.generation);
            said.generation = generation;
            if body.as_ref().is_some_and(|body| body.to_string().contains(&word)) {
                said.words.insert(word);
            }
            if path == "/api/tasks" {
                let id = answer["id"].as_str().unwrap().to_owned();
                ids.push(id.clone());
                said.created.push(id);
            }
            self.events.add_permits(1);
        }
        said
    }

    /// `None` when the server is gone.
    async fn next_change(
        &self,
        ids: &[String],
        dice: &mut Dice,
        word: &str,
    ) -> Option<(Method, String, Option<Value>)> {
        let kind = dice.roll(16);
        let Some(id) = dice.pick(ids).filter(|_| kind > 2) else {
            let body = format!("eins\nzwei {word}\ndrei\nvier\nfünf\n");
            let create = json!({"kategorie": "arbeit", "title": format!("Aufgabe {word}"), "body": body});
            return Some((Method::POST, "/api/tasks".to_owned(), Some(create)));
        };
        let path = format!("/api/tasks/{id}");
        Some(match kind {
            3..=5 => (Method::PUT, path, Some(json!({"title": format!("Titel {word}")}))),
            6..=7 => (Method::PUT, path, Some(json!({"tags": [word, "eilig"]}))),
            8 => (Method::PUT, path, Some(json!({"deadline": format!("{}.11.2026", 1 + dice.roll(28))}))),
            9..=11 => {
                let (status, task) = self.ask(Method::GET, &path, None).await?;
                let raw = task["document"].as_str().filter(|_| status == 200).unwrap_or_default();
                let body = document::body(raw.as_bytes()).unwrap_or_default();
                (Method::PUT, path, Some(json!({"body": with_line(body, dice, word)})))
            }
            12 => (Method::POST, format!("{path}/complete"), Some(json!({}))),
            13 => (Method::DELETE, path, None),
            14 => (Method::POST, format!("{path}/reopen"), Some(json!({}))),
            _ => {
                let script = format!("// {word}\n// eins\n// zwei\n{}", one_slot("frueh"));
                let rules = json!({"rules": [{"name": "mine", "script": script}]});
                (Method::PUT, "/api/rules".to_owned(), Some(rules))
            }
        })
    }
}

/// A text with one of its lines, or one more, being another.
pub fn with_line(text: &str, dice: &mut Dice, word: &str) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let line = format!("zeile {word}\n");
    let at = dice.roll(lines.len() + 1);
    match lines.get_mut(at).filter(|_| dice.one_in(2)) {
        Some(old) => *old = &line,
        None => lines.insert(at, &line),
    }
    // The last line of the text may have had no end.
    let closed = lines.iter().map(|line| line.strip_suffix('\n').unwrap_or(line));
    closed.fold(String::new(), |text, line| text + line + "\n")
}
