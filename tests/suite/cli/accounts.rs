//! An account that is removed, and what is kept of it; and one that is signed out.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::ways::{Installation, WAYS, Way};
use crate::harness::client;

#[test]
fn everything_is_kept_before_an_account_is_removed() {
    for way in WAYS {
        let at = Installation::of(way);
        let users = || at.json(&["user", "list"])["users"].as_array().unwrap().len();
        at.did(&["user", "add", "tom", "--time-zone", "UTC"]);
        // Without anybody to ask, the refusal says how to keep it.
        let refused = at.here().run(&["user", "rm", "tom"]);
        let sentence = refused.refusal(1);
        for words in ["--yes", "codexmiroir export --user tom --format json --history --output FILE", "--export FILE"] {
            assert!(sentence.contains(words), "{sentence}");
        }
        // Where it cannot be kept, it is not removed.
        std::fs::write(at.here().path("there"), "mine").unwrap();
        for (file, words) in [("there", "there is there already"), ("none/tom.json", "cannot write none/tom.json")] {
            let ran = at.here().run(&["user", "rm", "tom", "--yes", "--export", file]);
            assert!(ran.refusal(1).contains(words), "{ran:?}");
            assert_eq!(users(), 2);
        }
        let removed = at.did(&["user", "rm", "tom", "--yes", "--export", "tom.json"]);
        let said = "wrote tom.json\nremoved tom with 0 tasks, the history, tokens and settings\n";
        assert_eq!((removed.as_str(), users()), (said, 1));
        let file = at.here().path("tom.json");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let kept: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!((&kept["user"], kept["history"].as_array().map(Vec::len)), (&Value::from("tom"), Some(0)), "{kept}");
        assert_eq!(std::fs::read_to_string(at.here().path("there")).unwrap(), "mine");
    }
}

#[test]
fn what_is_kept_has_tasks_and_history() {
    let at = Installation::of(Way::Beside);
    at.did(&["user", "add", "tom", "--time-zone", "UTC"]);
    at.did(&["task", "add", "Bleibt", "--user", "tom"]);
    at.did(&["task", "cancel", "0", "--user", "tom"]);
    at.did(&["user", "rm", "tom", "--yes", "--export", "tom.json"]);
    let kept: Value = serde_json::from_slice(&std::fs::read(at.home.path("tom.json")).unwrap()).unwrap();
    assert_eq!((kept["documents"].as_array().unwrap().len(), kept["history"].as_array().unwrap().len()), (1, 2));
}

#[tokio::test]
async fn signing_out_ends_the_sessions_and_no_token() {
    let at = Installation::of(Way::Beside);
    let password = "correct horse battery";
    let given = at.home.run_with_input(&["user", "passwd", "lena", "--password-stdin"], password.as_bytes());
    assert_eq!(given.code, Some(0), "{given:?}");
    let (browser, url) = (client().build().unwrap(), at.server.as_ref().unwrap().url(""));
    let me = async |header: &'static str, value: String| {
        browser.get(format!("{url}/api/me")).header(header, value).send().await.unwrap().status().as_u16()
    };
    let mut cookies = Vec::new();
    for _ in 0..2 {
        let signing = browser.post(format!("{url}/auth/login")).header("Sec-Fetch-Site", "same-origin");
        let answer = signing.json(&serde_json::json!({"name": "lena", "password": password})).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        assert_eq!(me("Cookie", cookie.clone()).await, 200);
        cookies.push(cookie);
    }
    assert_eq!(at.did(&["user", "sign-out", "lena"]), "lena is signed out everywhere\n");
    for cookie in cookies {
        assert_eq!(me("Cookie", cookie).await, 401);
    }
    assert_eq!(me("Authorization", format!("Bearer {}", at.token)).await, 200);
    at.refused(&["user", "sign-out", "nobody"], &["no user nobody"]);
}
