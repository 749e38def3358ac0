//! Rules at the real binary: the server's are read again at SIGHUP, and a user's survive kill -9.

use reqwest::{Client, Method, Response};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::binary::{Home, Serving};
use crate::harness::client;

/// One slot a day, of a name of its own.
fn one_slot(name: &str) -> String {
    format!("fn slots(day, slots) {{ [slot(\"{name}\", \"00:00\", \"23:59\")] }}\n")
}

struct Asker {
    client: Client,
    base: String,
    token: String,
}

impl Asker {
    fn new(server: &Serving, token: &str) -> Asker {
        Asker { client: client().build().unwrap(), base: server.url(""), token: token.to_owned() }
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::Result<Response> {
        let request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        match body {
            Some(body) => request.json(body),
            None => request,
        }
        .send()
        .await
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, None).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// The slot of the last day, and whether the answer was hot.
    async fn slot(&self) -> (String, bool) {
        let answer = self.send(Method::GET, "/codex", None).await.unwrap();
        let is_hot = answer.headers()["x-cache"] == "hot";
        let codex: Value = answer.json().await.unwrap();
        let slots = codex["timeline"].as_array().unwrap().last().unwrap()["slots"].clone();
        (slots[0]["zeit"].as_str().unwrap().to_owned(), is_hot)
    }
}

/// The next event of a stream.
async fn told(stream: &mut Response) -> String {
    let mut read = String::new();
    loop {
        read.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
        if read.contains("event: timeline") && read.ends_with("\n\n") {
            return read;
        }
    }
}

#[tokio::test]
async fn the_servers_rules_are_read_again_at_sighup() {
    let home = Home::new();
    let (lena, tom) = (home.user_with_token("lena"), home.user_with_token("tom"));
    let file = home.path("own.rhai");
    std::fs::write(&file, one_slot("a")).unwrap();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--rules", file.to_str().unwrap()];
    let mut server = Serving::with_log(&mut home.command(&arguments));
    let (lena, tom) = (Asker::new(&server, &lena), Asker::new(&server, &tom));
    let own = json!({"script": one_slot("toms")});
    assert_eq!(tom.send(Method::PUT, "/api/rules", Some(&own)).await.unwrap().status(), 200);
    assert_eq!((lena.slot().await.0, lena.slot().await), ("a".to_owned(), ("a".to_owned(), true)));
    let mut stream = lena.send(Method::GET, "/api/events", None).await.unwrap();
    let first = told(&mut stream).await;

    std::fs::write(&file, one_slot("b")).unwrap();
    server.signal(Signal::HUP);
    let second = told(&mut stream).await;
    let data = |event: &str| event.lines().find(|line| line.starts_with("data: ")).unwrap().to_owned();
    assert_eq!(data(&first), data(&second), "neither a change nor the clock made it another");
    assert_ne!(first, second);
    assert_eq!((lena.slot().await.0, lena.slot().await), ("b".to_owned(), ("b".to_owned(), true)));
    assert_eq!(lena.get("/api/rules").await["rules"], json!([{"name": "own", "script": one_slot("b")}]));
    assert_eq!(tom.slot().await.0, "toms");
    server.wait_for_log("the rules were read again");

    // What is refused, or is not there, changes nothing and is said.
    std::fs::write(&file, "fn slots(day, slots) { [ }").unwrap();
    server.signal(Signal::HUP);
    let said = server.wait_for_log("the rules before go on to apply");
    assert!(said.contains("own.rhai") && said.contains("line 1"), "{said}");
    assert_eq!(lena.slot().await, ("b".to_owned(), true));
    std::fs::remove_file(&file).unwrap();
    server.signal(Signal::HUP);
    assert!(server.wait_for_log("the rules before go on to apply").contains("cannot read the rules"));
    assert_eq!(lena.slot().await, ("b".to_owned(), true));

    // So are rules whose tests fail.
    std::fs::write(&file, one_slot("c")).unwrap();
    let tests = home.path("own.test.rhai");
    std::fs::write(&tests, "fn test_slots() { assert_eq(plan(#{now: \"1.1.2025\"}).slots_on(\"2.1.2025\"), [\"d\"]) }")
        .unwrap();
    server.signal(Signal::HUP);
    let said = server.wait_for_log("the rules before go on to apply");
    assert!(said.contains("own.test") && said.contains("test_slots"), "{said}");
    assert_eq!(lena.slot().await, ("b".to_owned(), true));

    // Tom's stand as long as he has some.
    std::fs::write(&tests, "fn test_slots() { assert_eq(plan(#{now: \"1.1.2025\"}).slots_on(\"2.1.2025\"), [\"c\"]) }")
        .unwrap();
    server.signal(Signal::HUP);
    told(&mut stream).await;
    assert_eq!(tom.slot().await.0, "toms");
    assert_eq!(tom.send(Method::DELETE, "/api/rules", None).await.unwrap().status(), 200);
    assert_eq!(tom.slot().await.0, "c");
    drop(stream);
    let (status, _) = server.stop(Signal::TERM);
    assert!(status.success());
}

#[tokio::test]
async fn rules_that_were_acknowledged_survive_kill_9() {
    let home = Home::new();
    let token = home.user_with_token("lena");
    let mut acknowledged = 0_u64;
    for round in 0..6 {
        let mut server = home.serve(&[]);
        let lena = Asker::new(&server, &token);
        // One list after the other until the server is gone; each says which it is.
        let writing = async {
            let mut last = acknowledged;
            loop {
                let next = last + 1;
                let list =
                    json!({"rules": [{"use": "spartan"}, {"name": format!("s{next}"), "script": one_slot("a")}]});
                let Ok(answer) = lena.send(Method::PUT, "/api/rules", Some(&list)).await else { return last };
                assert_eq!(answer.status(), 200);
                if answer.bytes().await.is_err() {
                    return last;
                }
                last = next;
            }
        };
        let killing = async {
            while lena.get("/api/me").await["generation"].as_u64().unwrap() < acknowledged + 2 + round {}
            server.kill();
        };
        (acknowledged, ()) = tokio::join!(writing, killing);
        let server = home.serve(&[]);
        let lena = Asker::new(&server, &token);
        let rules = lena.get("/api/rules").await;
        let kept: u64 = rules["rules"][1]["name"].as_str().unwrap().trim_start_matches('s').parse().unwrap();
        // The one whose answer never came may be there as well, but whole.
        assert!((acknowledged..=acknowledged + 1).contains(&kept), "{acknowledged} acknowledged, {kept} there");
        acknowledged = kept;
        let versions = lena.get("/api/rules/versions").await;
        assert_eq!(versions["versions"][0]["version"], rules["version"]);
        let history = lena.get("/api/history?limit=1").await;
        let after: Value = serde_json::from_str(history["entries"][0]["after"].as_str().unwrap()).unwrap();
        assert_eq!((&after, &history["entries"][0]["generation"]), (&rules["rules"], &rules["version"]));
        let codex = lena.get("/codex").await;
        assert_eq!((&codex["generation"], &codex["rules"]["source"]), (&rules["version"], &json!("user")));
        assert_eq!(lena.get("/codex?nocache=true").await, codex);
        drop(server);
    }
}
