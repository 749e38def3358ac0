//! What README says is what the program does.

use std::path::Path;

use crate::binary::{Home, Ran, Serving};
use crate::harness::{client, repository, vault};
use crate::visitor::PASSWORD;

/// The text between the fences of the README's first block of this kind after `heading`.
fn block<'r>(readme: &'r str, heading: &str, fence: &str) -> &'r str {
    let section = &readme[readme.find(heading).unwrap()..];
    let begin = section.find(fence).unwrap() + fence.len() + 1;
    &section[begin..begin + section[begin..].find("```").unwrap()]
}

#[test]
fn the_week_is_what_its_command_prints() {
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    let command = readme.lines().find(|line| line.contains("cargo run --release -- plan")).unwrap();
    let arguments: Vec<&str> = command.split(" -- ").nth(1).unwrap().split(' ').collect();
    let folder = repository(arguments[1]);
    let arguments = [&["plan", folder.to_str().unwrap()], &arguments[2..]].concat();
    let printed = Home::new().did(&arguments);
    let shown = block(&readme, "## A week", "```text");
    assert_eq!(printed, shown);
}

#[test]
fn the_example_task_can_be_read_and_every_flag_is_there() {
    let home = Home::new();
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    let folder = home.path("tasks");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("0042-tax-return.md"), block(&readme, "## A task", "```markdown")).unwrap();
    let week = home.did(&["plan", folder.to_str().unwrap(), "--now", "2025-10-13T06:00:00Z", "--time-zone", "UTC"]);
    assert!(week.contains("Wed 15.10.  ▪ 0042 Tax return"), "{week}");

    let help = home.did(&["serve", "--help"]);
    let rows = readme.lines().filter(|line| line.starts_with('|'));
    let flags = rows.filter_map(|row| row.split(" `--").nth(1)?.split([' ', '`']).next());
    let flags: Vec<&str> = flags.filter(|flag| !flag.ends_with('…')).collect();
    assert!(flags.len() >= 6, "{flags:?}");
    for flag in flags {
        assert!(help.contains(&format!("--{flag}")), "{flag}");
    }
}

/// Runs a line as a shell would, in this home.
pub fn shell(home: &Home, line: &str) -> Ran {
    let program = Path::new(env!("CARGO_BIN_EXE_codexmiroir")).parent().unwrap();
    let typed = home.command(&[]);
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(line).env_clear().envs(typed.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("PATH", format!("{}:/usr/bin:/bin", program.display())).current_dir(home.path("."));
    Ran::of(shell.stdin(std::process::Stdio::null()))
}

/// The commands that stand in a section.
fn commands<'r>(readme: &'r str, heading: &str) -> impl Iterator<Item = &'r str> {
    let begin = readme.find(heading).unwrap();
    let section = &readme[begin..begin + readme[begin + 3..].find("\n## ").unwrap()];
    section.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| line.starts_with("codexmiroir "))
}

#[test]
fn rules_are_begun_checked_tested_and_planned_with() {
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    let (home, mut printed) = (Home::new(), Vec::new());
    for line in commands(&readme, "## Rules of your own") {
        let done = shell(&home, &line.replace("path/to/tasks", vault("tom").to_str().unwrap()));
        // A preview says by it that something would change.
        let code = i32::from(line.contains(" preview "));
        assert_eq!((done.code, done.stderr.as_str()), (Some(code), ""), "{line}: {}", done.stdout);
        printed.push(done.stdout);
    }
    assert_eq!(printed.len(), 5);
    assert!(printed[3].contains("rules: mine"), "{}", printed[3]);
    assert!(printed[4].contains("rules: spartan → mine"), "{}", printed[4]);
}

/// Opens the link that the first start prints, as the text says, and makes the account.
fn set_up(server: &mut Serving) {
    let line = server.line();
    let code = line.trim_end().rsplit_once("/setup?code=").unwrap().1;
    let form = [("code", code), ("name", "anna"), ("password", PASSWORD), ("timeZone", "Europe/Berlin")];
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let client = client().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = client.post(server.url("/setup")).header("Sec-Fetch-Site", "same-origin").body(body);
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    assert_eq!(runtime.block_on(request.send()).unwrap().status(), 303);
}

#[test]
fn the_commands_do_what_it_says_beside_the_server() {
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    let lines = commands(&readme, "## Run it");
    let (home, elsewhere) = (Home::new(), Home::new());
    let (mut server, mut ran) = (None, 0);
    for line in lines {
        if line == "codexmiroir serve" {
            let mut started = home.serve(&[]);
            set_up(&mut started);
            server = Some(started);
            continue;
        }
        let line = line.replace("path/to/tasks", vault("tom").to_str().unwrap());
        let url = server.as_ref().map(|server| server.url("")).unwrap_or_default();
        // From the login on it is another machine, to which the token was brought.
        let is_login = line.starts_with("codexmiroir login");
        if is_login {
            std::fs::copy(home.path("token"), elsewhere.path("token")).unwrap();
        }
        let here = if elsewhere.path("token").exists() { &elsewhere } else { &home };
        let done = shell(here, &line.replace("https://tasks.example.org", &url));
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{line}: {}", done.stdout);
        ran += 1;
    }
    assert!(ran >= 12 && server.is_some() && elsewhere.path("token").exists(), "{ran} commands were run");
    assert!(elsewhere.did(&["task", "show", "40"]).starts_with("0040  Tax return"));
    assert!(home.path("copy-of-tasks").join("0040-Tax-return.md").exists());
}
