//! A token that goes into a file.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::ways::{Installation, WAYS, Way};

#[test]
fn a_token_goes_into_a_new_file_that_is_its_owners_alone() {
    for way in WAYS {
        let at = Installation::of(way);
        let path = at.here().path("token");
        assert_eq!(at.did(&["token", "create", "--output", "token"]), "wrote the token to token\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let token = std::fs::read_to_string(&path).unwrap();
        assert!(token.len() == 54 && token.starts_with("cmr_") && token.ends_with('\n'), "{token:?}");
        at.did(&["token", "create", "--json", "-o", "all.json"]);
        let whole: serde_json::Value =
            serde_json::from_slice(&std::fs::read(at.here().path("all.json")).unwrap()).unwrap();
        assert!(whole["token"].as_str().unwrap().starts_with("cmr_"), "{whole}");

        // What is there stays, be it a file, a folder or a link to nowhere; and then no token is made.
        let count = || at.json(&["token", "list"])["tokens"].as_array().unwrap().len();
        let before = count();
        symlink("nowhere", at.here().path("link")).unwrap();
        std::fs::create_dir(at.here().path("folder")).unwrap();
        for there in ["token", "link", "folder"] {
            let ran = at.here().run(&["token", "create", "--output", there]);
            assert!(ran.refusal(1).contains(&format!("{there} is there already; name another --output")), "{ran:?}");
        }
        let ran = at.here().run(&["token", "create", "--output", "none/token"]);
        assert!(ran.refusal(1).contains("cannot write none/token"), "{ran:?}");
        assert!(!at.here().path("nowhere").exists());
        assert_eq!((count(), std::fs::read_to_string(&path).unwrap()), (before, token));
    }
}

#[test]
fn where_no_token_is_made_no_file_is_left() {
    let at = Installation::of(Way::Beside);
    let ran = at.home.run(&["token", "create", "nobody", "--output", "token"]);
    assert!(ran.refusal(1).contains("no user nobody"), "{ran:?}");
    assert!(!at.home.path("token").exists());
}

#[test]
fn a_token_for_a_feed_comes_with_the_address_to_subscribe_to() {
    for way in WAYS {
        let at = Installation::of(way);
        let ran = at.here().run(&["token", "create", "--scope", "feed", "--name", "Kalender"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        // The token alone is for whatever comes behind a pipe.
        let token = ran.stdout.trim_end();
        assert!(ran.stdout == format!("{token}\n") && token.starts_with("cmr_") && token.len() == 53, "{ran:?}");
        let path = format!("/feeds/{token}.ics");
        match (way, &at.server) {
            (Way::Elsewhere, Some(server)) => {
                assert_eq!(
                    ran.stderr,
                    format!("codexmiroir: a calendar subscribes to {}\n", server.url(&path)),
                    "{ran:?}"
                );
            }
            _ => assert!(ran.stderr.contains(&format!("subscribes to {path} below the address")), "{ran:?}"),
        }
        let ran = at.here().run(&["token", "create", "--scope", "feed", "--json"]);
        let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert!(told["feed"].as_str().unwrap().ends_with(".ics") && ran.stderr.is_empty(), "{ran:?}");
        // What goes into a file is told nowhere else.
        let ran = at.here().run(&["token", "create", "--scope", "feed", "--output", "feed"]);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("wrote the token to feed\n", ""));
        assert_eq!(at.did(&["token", "create", "--output", "token"]), "wrote the token to token\n");
    }
}
