//! What README says is what the program does.

use crate::binary::Home;
use crate::harness::repository;

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
