//! What `codexmiroir doctor` tells at a terminal, of a server and of a database that nobody has open.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::damages::mix_up_tasks;
use crate::binary::Home;
use crate::harness::vault;

fn furnished() -> Home {
    let home = Home::new();
    home.did(&["user", "add", "lena", "--time-zone", "Europe/Berlin"]);
    home.did(&["import", vault("lena").to_str().unwrap()]);
    home
}

#[test]
fn its_exit_code_says_whether_all_is_well() {
    let home = furnished();
    assert!(home.did(&["doctor"]).ends_with("all well\n"));
    let server = home.serve(&[]);
    assert!(home.did(&["doctor", "--repair"]).ends_with("all well\n"));
    std::fs::set_permissions(home.data_dir(), PermissionsExt::from_mode(0o755)).unwrap();
    let ran = home.run(&["doctor"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), "codexmiroir: one thing is not in order\n"));
    assert!(ran.stdout.contains("(mode 755)") && ran.stdout.contains("chmod 700"), "{}", ran.stdout);
    let told = home.run(&["doctor", "--json"]);
    let json: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((told.code, &json["findings"][0]["code"]), (Some(1), &"open_to_others".into()));
    assert_eq!((&json["wrong"], &json["mended"]), (&1.into(), &0.into()));
    drop(server);
    let nothing = home.run(&["doctor", "--data-dir", home.path("nothing").to_str().unwrap()]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(2), ""));
    assert!(nothing.stderr.contains("there is no database"), "{}", nothing.stderr);
}

/// Whoever asks because a server does not start is told that, and the rest all the same.
#[test]
fn a_configuration_that_cannot_be_used_is_a_finding() {
    let home = furnished();
    let (config, rules) = (home.data_dir().join("codexmiroir.toml"), home.path("none.rhai"));
    let (rules, token) = (rules.to_str().unwrap(), home.path("none").display().to_string());
    let cases = [
        ("hot_map = \"plenty\"\n".to_owned(), "hot_map cannot be"),
        ("[nonsense]\n".to_owned(), "codexmiroir.toml:1:"),
        (format!("rules = [\"{rules}\"]\n"), "cannot read the rules"),
        (format!("[git]\nremote = \"https://git.example.org/a.git\"\ntoken_file = \"{token}\"\n"), "git.token_file"),
    ];
    for with_server in [false, true] {
        let _server = with_server.then(|| home.serve(&[]));
        for (text, words) in &cases {
            std::fs::write(&config, text).unwrap();
            let ran = home.run(&["doctor", "--repair"]);
            assert_eq!(
                (ran.code, ran.stderr.as_str()),
                (Some(1), "codexmiroir: one thing is not in order\n"),
                "{text}"
            );
            let (first, rest) = ran.stdout.split_once('\n').unwrap();
            assert!(first.starts_with("configuration: ") && first.contains(words), "{first}");
            assert!(first.contains("Mend that") && rest.contains("1 wrong, 0 to be mended"), "{}", ran.stdout);
            let json = home.run(&["doctor", "--json"]);
            let json: Value = serde_json::from_str(&json.stdout).unwrap();
            assert_eq!(json["findings"][0]["code"], "configuration_unusable", "{json}");
        }
        std::fs::remove_file(&config).unwrap();
        assert!(home.did(&["doctor"]).ends_with("all well\n"));
    }
}

/// Wherever a repair is killed, the next one finds what is left to do, and does it.
#[test]
fn kill_9_of_a_repair_leaves_it_to_the_next() {
    let home = furnished();
    let export = ["export", "--output", "-", "--format", "json", "--history"];
    let right = home.did(&export);
    for round in 0_u64.. {
        mix_up_tasks(&home.data_dir());
        let mut child = home.command(&["doctor", "--repair"]).spawn().unwrap();
        for _ in 0..round * 60_000 {
            std::thread::yield_now();
        }
        let has_ended = child.try_wait().unwrap().is_some();
        let _ = child.kill();
        child.wait().unwrap();
        let said = home.did(&["doctor", "--repair"]);
        assert!(said.ends_with(": all well\n") || said.ends_with(" mended, all well now\n"), "round {round}: {said}");
        assert!(home.did(&["doctor"]).ends_with(": all well\n"));
        assert_eq!(home.did(&export), right, "round {round}");
        if has_ended {
            return;
        }
    }
}

/// Numbers that look random and are the same each time (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// Whether a page that was touched is noticed, wherever it is: what the doctor calls well must be what was there.
#[test]
fn a_flipped_bit_is_told_or_touches_nothing() {
    let home = furnished();
    let database = home.data_dir().join("codexmiroir.redb");
    let whole = std::fs::read(&database).unwrap();
    let export = ["export", "--output", "-", "--format", "json", "--user", "lena"];
    let right = home.did(&export);
    let (mut numbers, mut told) = (Numbers(7), 0);
    for _ in 0..24 {
        let mut flipped = whole.clone();
        let at = numbers.below(flipped.len());
        flipped[at] ^= 1 << numbers.below(8);
        std::fs::write(&database, &flipped).unwrap();
        let ran = home.run(&["doctor", "--json"]);
        match ran.code {
            Some(0) => assert_eq!(home.did(&export), right, "byte {at}"),
            Some(1 | 2) => told += 1,
            code => panic!("byte {at}: {code:?} {}", ran.stderr),
        }
    }
    assert!(told > 0, "no byte of {} mattered", whole.len());
}
