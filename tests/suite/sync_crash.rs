//! kill -9 of the real binary while it pushes: no commit comes twice, and none is lost.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::binary::{Home, Serving};
use crate::git_host::{Behaviour, git, git_succeeds};
use crate::harness::client;
use crate::shared::{PATIENCE, Shared};

struct Asker {
    client: Client,
    base: String,
    token: String,
}

impl Asker {
    fn new(server: &Serving, token: &str) -> Asker {
        Asker { client: client().build().unwrap(), base: server.url(""), token: token.to_owned() }
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        let request = if body.is_null() { request } else { request.json(body) };
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    async fn status_when(&self, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = std::time::Instant::now();
        loop {
            let status = self.ask(Method::GET, "/api/sync", &Value::Null).await;
            if holds(&status) {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not come: {status:#}");
        }
    }
}

fn serve(home: &Home, shared: &Shared) -> Serving {
    let remote = shared.host.repository("tasks.git");
    home.serve(&["--git-remote", &remote, "--git-allow-hosts", &shared.host.host])
}

/// Waits until the repository has so many commits.
async fn commits(shared: &Shared, count: usize) {
    let begun = std::time::Instant::now();
    while !git_succeeds(&shared.bare, &["rev-parse", "--verify", "--quiet", "main"]) || shared.messages().len() < count
    {
        assert!(begun.elapsed() < PATIENCE, "it is not pushed");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_that_nobody_recorded_is_not_made_twice() {
    let home = Home::new();
    let token = home.user_with_token("lena");
    let shared = Shared::new();
    let mut server = serve(&home, &shared);
    let settled = |status: &Value| status["outbox"] == 0 && status["state"] == "idle" && status["problem"].is_null();
    Asker::new(&server, &token).status_when(settled).await;
    let mut expected = 0;
    for round in 0..4 {
        let lena = Asker::new(&server, &token);
        shared.host.behave(if round % 2 == 0 { Behaviour::CutsPushes } else { Behaviour::Git });
        for part in 0..3 {
            let task = json!({"kategorie": "arbeit", "title": format!("{round} {part}")});
            lena.ask(Method::POST, "/api/tasks", &task).await;
        }
        expected += 3;
        // It may be told of the push or not, and may have recorded it or not.
        commits(&shared, expected - 2).await;
        server.kill();
        shared.host.behave(Behaviour::Git);
        server = serve(&home, &shared);
        let lena = Asker::new(&server, &token);
        lena.status_when(settled).await;
        let tasks = lena.ask(Method::GET, "/api/tasks", &Value::Null).await;
        assert_eq!(tasks["tasks"].as_array().unwrap().len(), expected);
        assert_eq!((shared.files("codex-miroir/lena/tasks").len(), shared.messages().len()), (expected, expected));
        assert_eq!(git(&shared.bare, &["rev-list", "--merges", "main"]), "");
    }
}
