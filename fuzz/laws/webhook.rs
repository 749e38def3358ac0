//! Whatever a forge sends to the webhook: with the right signature it is answered for what it says, and without one as
//! every other body is. Behind it is a real repository, which is asked when the branch is the one that is synced.

use codexmiroir::app::SyncSettings;
use codexmiroir::git::Repository;
use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::Value;
use tempfile::TempDir;

use super::house::House;

const SECRET: &str = "a secret that only the forge knows";

pub fn holds(bytes: &[u8]) {
    thread_local! {
        static FORGE: Forge = Forge::open();
    }
    FORGE.with(|forge| forge.is_heard(bytes));
}

/// A server, and the repository that it syncs with.
struct Forge {
    house: House,
    /// What a body without a signature is answered.
    unsigned: Answer,
    _remote: TempDir,
}

/// A status, and what was said with it.
type Answer = (u16, Value);

impl Forge {
    fn open() -> Forge {
        let remote = TempDir::new().expect("a folder");
        let bare = remote.path().join("tasks.git");
        Repository::open(&bare).expect("an empty repository");
        let house = House::open(SyncSettings {
            remote: Some(bare.to_str().expect("a path in UTF-8").to_owned()),
            allow_local: true,
            webhook_secret: Some(SECRET.to_owned().into()),
            ..SyncSettings::default()
        });
        let mut forge = Forge { house, unsigned: (0, Value::Null), _remote: remote };
        forge.unsigned = forge.told(b"", "push", None);
        assert_eq!((forge.unsigned.0, &forge.unsigned.1["code"]), (401, &Value::from("invalid_signature")));
        forge
    }

    fn is_heard(&self, body: &[u8]) {
        let right = digits(SECRET, body);
        let (status, said) = self.told(body, "push", Some(&right));
        let (expected, name, word) = meaning(body);
        assert_eq!((status, &said[name]), (expected, &word), "{said}");
        assert!(status < 400 || said["error"].as_str().is_some_and(|sentence| sentence.ends_with('.')), "{said}");
        let other = self.told(body, "ping", Some(&right));
        assert_eq!((other.0, &other.1["ignored"]), (202, &Value::from("event")));

        for wrong in [None, Some(digits("another secret", body)), Some(digits(SECRET, &[body, b"\n"].concat()))] {
            assert_eq!(self.told(body, "push", wrong.as_deref()), self.unsigned);
        }
    }

    /// What is answered to an event of this kind with these digits of a signature.
    fn told(&self, body: &[u8], kind: &str, digits: Option<&str>) -> Answer {
        let signature = digits.map(|digits| format!("X-Hub-Signature-256: sha256={digits}\r\n")).unwrap_or_default();
        let head = format!(
            "POST /github/webhook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-GitHub-Event: {kind}\r\n\
             Content-Type: application/json\r\n{signature}Content-Length: {}\r\n\r\n",
            body.len()
        );
        let said = self.house.runtime.block_on(self.house.said_to(&[head.as_bytes(), body].concat()));
        let said = String::from_utf8(said).expect("an answer is text");
        let (head, json) = said.split_once("\r\n\r\n").expect("a head ends");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, serde_json::from_str(json).expect("an answer is JSON"))
    }
}

/// What such a push has to be answered: the status, and a field of the answer with its value.
fn meaning(body: &[u8]) -> (u16, &'static str, Value) {
    let Ok(Value::Object(push)) = serde_json::from_slice(body) else {
        return (400, "code", Value::from("malformed_json"));
    };
    match push.get("ref").and_then(Value::as_str) {
        Some("refs/heads/main") => (200, "ok", Value::Bool(true)),
        Some(_) => (202, "ignored", Value::from("branch")),
        None => (422, "code", Value::from("missing")),
    }
}

/// The signature of a body with this secret, in hexadecimal digits.
fn digits(secret: &str, body: &[u8]) -> String {
    let signature = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), body);
    signature.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
