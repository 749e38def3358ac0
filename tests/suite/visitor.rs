//! A browser without a window: it keeps the session's cookie, says what browsers say, and follows no redirect.

use std::time::Duration;

use reqwest::header::{ACCEPT, COOKIE, HeaderMap, SET_COOKIE};
use reqwest::{Method, RequestBuilder, redirect};
use serde_json::Value;

use crate::harness::{Answer, TestServer, client};

/// The password of everybody who has one in a test.
pub const PASSWORD: &str = "correct horse battery";

pub struct Visitor {
    client: reqwest::Client,
    base: String,
    /// Name and value, as a browser would send them.
    pub cookie: Option<String>,
    /// What every request says beside that.
    pub extra: HeaderMap,
}

impl Visitor {
    pub fn of(server: &TestServer) -> Visitor {
        let client = client().redirect(redirect::Policy::none()).timeout(Duration::from_secs(60)).build().unwrap();
        Visitor { client, base: server.url(""), cookie: None, extra: HeaderMap::new() }
    }

    /// Somebody who has signed in.
    pub async fn signed_in(server: &TestServer, name: &str) -> Visitor {
        let mut visitor = Visitor::of(server);
        let answer = visitor.sign_in(name, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        visitor
    }

    /// A request as a script or a form of the server's own page makes it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let is_unsafe = !method.is_safe();
        let mut request = self.client.request(method, format!("{}{path}", self.base)).headers(self.extra.clone());
        if is_unsafe {
            request = request.header("Sec-Fetch-Site", "same-origin");
        }
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    /// Sends it, and keeps what the answer says to keep.
    pub async fn send(&mut self, request: RequestBuilder) -> Answer {
        let answer = Answer::of(request).await;
        if let Some(set) = answer.headers.get(SET_COOKIE) {
            let (pair, attributes) = set.to_str().unwrap().split_once(';').unwrap();
            self.cookie = (!attributes.contains("Max-Age=0")).then(|| pair.to_owned());
        }
        answer
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = self.request(Method::GET, path);
        self.send(request).await
    }

    /// Opens a page, as typing its address does.
    pub async fn open(&mut self, path: &str) -> Answer {
        let request = self.request(Method::GET, path).header(ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");
        self.send(request).await
    }

    pub async fn json(&mut self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).json(body);
        self.send(request).await
    }

    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.json(Method::POST, path, body).await
    }

    pub async fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path).header(ACCEPT, "text/html,*/*;q=0.8");
        self.send(request.header("Content-Type", "application/x-www-form-urlencoded").body(body)).await
    }

    pub async fn sign_in(&mut self, name: &str, password: &str) -> Answer {
        self.post("/auth/login", &serde_json::json!({"name": name, "password": password})).await
    }

    /// The session alone.
    pub fn secret(&self) -> &str {
        self.cookie.as_deref().unwrap().split_once('=').unwrap().1
    }
}
