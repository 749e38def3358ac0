//! Users whose timelines are of about the same size.

use codexmiroir::app::Running;

use super::server;

/// A user with this many days to plan and open tasks; the token.
pub async fn add(running: &Running, name: &str, days: u16, tasks: usize) -> String {
    let files = (0..tasks).map(|number| {
        let kategorie = if number % 3 == 0 { "privat" } else { "arbeit" };
        let text = format!(
            "---\ntyp: task\nkategorie: {kategorie}\nstatus: offen\n---\n\n# Task number {number} of the bench\n"
        );
        // Who waits stands in the timeline by name: long names make large timelines of few tasks.
        (format!("{number:04}-{}.md", "Task-of-the-bench-".repeat(9)), text.into_bytes())
    });
    server::add(running, name, days, files.collect()).await
}
