//! Commits of the server change the lines that somebody changed, and no other.

use serde_json::{Value, json};

use crate::git_host::{git, git_command};
use crate::harness::{TestUser, repository};
use crate::shared::{Shared, sync};

const TASKS: &str = "codex-miroir/lena/tasks";

/// Each with another way of writing.
const ODD: [&str; 8] = [
    "0100-crlf",
    "0101-bom",
    "0102-list-fixedslot",
    "0108-quoted",
    "0128-unknown-keys",
    "0139-trailing-spaces",
    "0145-no-final-newline",
    "0146-only-frontmatter",
];

/// The lines that the latest commit took away and added, the ends of lines and blanks shown.
fn lines_of_head(shared: &Shared) -> String {
    let shown = git_command(&shared.bare, &["show", "--format=", "--unified=0", "--text", "main"]).output().unwrap();
    let patch = String::from_utf8(shown.stdout).unwrap();
    let is_line =
        |line: &&str| line.starts_with(['+', '-', '\\']) && !line.starts_with("+++") && !line.starts_with("--- ");
    let lines =
        patch.split('\n').filter(is_line).map(|line| line.replace('\r', "\\r").replace('\u{feff}', "\\u{feff}"));
    lines.map(|line| format!("{line}|\n")).collect()
}

/// Changes a task, and shows what that was to the repository.
async fn change(shared: &Shared, lena: &TestUser, id: &str, fields: &Value) -> String {
    let before = shared.head();
    lena.update(id, fields.clone()).await;
    sync(lena, "?mode=diff").await;
    assert_eq!(git(&shared.bare, &["rev-parse", "main~1"]), before, "one action is one commit");
    let numbers = git(&shared.bare, &["show", "--format=", "--numstat", "main"]);
    assert_eq!(numbers.lines().count(), 1, "{numbers}");
    lines_of_head(shared)
}

#[tokio::test]
async fn a_field_that_changes_is_all_that_a_commit_changes() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    for name in ODD {
        let raw = std::fs::read_to_string(repository(&format!("fixtures/odd/tasks/{name}.md"))).unwrap();
        clone.write(&format!("{TASKS}/{name}.md"), Some(&raw));
    }
    clone.push("odd tasks");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    let before = shared.head();
    sync(&lena, "").await;
    assert_eq!((lena.tasks().await.len(), shared.head()), (ODD.len(), before), "nothing is made tidy");
    let mut shown = String::new();
    for name in ODD {
        for fields in [json!({"tags": ["neu"]}), json!({"deadline": "24.12.2025"}), json!({"status": "abgeschlossen"})]
        {
            shown += &format!("{name} {fields}\n{}", change(&shared, &lena, name, &fields).await);
        }
    }
    insta::assert_snapshot!(shown);
}

#[tokio::test]
async fn what_was_merged_is_pushed_as_the_lines_of_this_side_alone() {
    let shared = Shared::new();
    let clone = shared.clone_of("clone");
    let name = format!("{TASKS}/0128-unknown-keys.md");
    let raw = std::fs::read_to_string(repository("fixtures/odd/tasks/0128-unknown-keys.md")).unwrap();
    clone.write(&name, Some(&raw));
    clone.push("a task");
    let server = shared.server().await;
    let lena = server.user("lena").await;
    sync(&lena, "").await;
    // The host is away while both sides change the task.
    shared.host.behave(crate::git_host::Behaviour::Status(503));
    lena.update("0128", json!({"deadline": "24.12.2025"})).await;
    let there =
        raw.replace("[ finanzen ,  wichtig ]", "[ finanzen ]").replace("Whatever", "What").replace('\n', "\r\n");
    clone.write(&name, Some(&there));
    clone.push("other fields, another text, other line ends");
    shared.host.behave(crate::git_host::Behaviour::Git);
    sync(&lena, "?mode=diff").await;
    let history = lena.history("/api/history").await;
    let merges: Vec<_> = history.iter().filter(|entry| entry["verb"] == "merge").collect();
    assert!(!merges.is_empty() && merges.iter().all(|merge| merge["conflict"].is_null()), "{merges:?}");
    assert_eq!(lines_of_head(&shared), "-deadline:    31.10.2025\\r|\n+deadline:    24.12.2025\\r|\n");
}
