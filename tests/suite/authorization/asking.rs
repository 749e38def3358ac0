//! What is asked for each row, and how it is sent.

use reqwest::header::{ACCEPT, COOKIE, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::cast::{Asker, Cast, Holdings, Stage};
use super::rows::Row;
use crate::documented::document;
use crate::harness::{Administrator, Answer};
use crate::http2;
use crate::shortcut::{exchange, is_at_once, used};
use crate::visitor::PASSWORD;

/// Whose ids a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    Own,
    Others,
    None,
}

/// How somebody says who it is.
#[derive(Clone)]
pub enum Way {
    Nothing { is_page: bool },
    Cookie(String),
    Bearer(String),
    Socket(Administrator),
}

impl Way {
    pub fn session(secret: &str) -> Way {
        Way::Cookie(format!("codexmiroir={secret}"))
    }
}

/// Where a request says that it comes from, if a cookie may say whose it is.
const OWN_PAGE: [(&str, &str); 1] = [("Sec-Fetch-Site", "same-origin")];

/// What a request sends.
enum Body {
    Nothing,
    Json(Value),
    Form(Vec<(&'static str, String)>),
    Bytes(&'static str, Vec<u8>),
}

/// The kinds of things that a request can name.
enum Named {
    Task,
    Token,
    Session,
    Generation,
    Account,
    Feed,
}

impl Row {
    fn named(&self) -> Option<Named> {
        match self.path {
            path if path.contains("/tasks/{id}") => Some(Named::Task),
            path if path.starts_with("/api/tokens/") || path == "/settings/tokens/revoke" => Some(Named::Token),
            path if path.starts_with("/api/sessions/") || path == "/settings/sessions" => Some(Named::Session),
            "/api/undo" => Some(Named::Generation),
            path if path.starts_with("/api/rules/versions/") => Some(Named::Generation),
            path if path.contains("{name}") => Some(Named::Account),
            "/feeds/{file}" => Some(Named::Feed),
            _ => None,
        }
    }

    /// Whether it names an account, to which only the administration comes.
    pub fn is_of_account(&self) -> bool {
        matches!(self.named(), Some(Named::Account))
    }

    /// Whether the asker's own password is in it.
    pub fn needs_password(&self) -> bool {
        ["/auth/login", "/api/me/password", "/settings/password"].contains(&self.path)
    }

    /// Whether its requests are signed, and do not have to say where they come from.
    pub fn is_signed(&self) -> bool {
        self.path == "/github/webhook"
    }

    /// In how many ways it can name what it is about.
    pub fn spellings(&self) -> usize {
        if matches!(self.named(), Some(Named::Task)) { 3 } else { 1 }
    }

    /// What it names of these holdings. Tasks can be named in more than one way.
    fn spelled(&self, holdings: &Holdings, spelling: usize) -> String {
        match self.named() {
            Some(Named::Task) => {
                let number = holdings.task;
                [format!("{number}"), format!("{number}-Zwiebelkuchen"), format!("{number}-Zwiebelkuchen.md")][spelling]
                    .clone()
            }
            Some(Named::Token) => holdings.token.clone(),
            Some(Named::Session) => holdings.session.clone(),
            Some(Named::Generation) => holdings.generation.to_string(),
            Some(Named::Account) => holdings.account.clone(),
            Some(Named::Feed) => holdings.feed.clone(),
            None => String::new(),
        }
    }

    /// What is sent, whichever way it ends. What the document shows, where it is not about the asker.
    async fn body(&self, holdings: &Holdings) -> Body {
        let name = &holdings.account;
        if let Some(fields) = self.form(holdings) {
            return Body::Form(fields);
        }
        let json = match (self.method.as_str(), self.path) {
            ("POST", "/auth/login") => json!({"name": name, "password": PASSWORD}),
            ("PUT", "/api/me/password") => json!({"current": PASSWORD, "password": "another good password"}),
            ("POST", "/setup") => json!({"code": "none", "name": "eve", "password": PASSWORD}),
            ("POST", "/api/undo") => json!({"generation": holdings.generation}),
            ("POST", "/api/admin/users") => json!({"name": format!("{name}.more")}),
            ("POST", "/api/import") => return Body::Bytes("application/x-tar", archive()),
            ("POST", "/api/tokens") => json!({"name": "laptop"}),
            ("POST", "/github/webhook") => json!({"ref": "refs/heads/main"}),
            _ => return self.example().await,
        };
        Body::Json(json)
    }

    /// The fields of a page's form.
    fn form(&self, holdings: &Holdings) -> Option<Vec<(&'static str, String)>> {
        let has_form = ["/settings", "/admin", "/sync-status", "/rules", "/quick", "/undo", "/tasks"]
            .iter()
            .any(|page| self.path.starts_with(page));
        if self.method != Method::POST || !has_form {
            return None;
        }
        let name = &holdings.account;
        Some(match self.path {
            "/settings" => vec![("horizon", "9".to_owned())],
            "/settings/password" => {
                vec![("current", PASSWORD.to_owned()), ("password", "another good password".to_owned())]
            }
            "/settings/sessions" => vec![("id", holdings.session.clone())],
            "/settings/tokens" => vec![("name", "laptop".to_owned()), ("scope", "write".to_owned())],
            "/settings/tokens/revoke" => vec![("id", holdings.token.clone())],
            "/settings/git" => {
                vec![("remote", "https://git.example.org/tasks.git".to_owned()), ("mode", "off".to_owned())]
            }
            "/settings/git/remove" => Vec::new(),
            "/rules" => vec![("act", "add".to_owned()), ("script", "four-day-week".to_owned())],
            "/rules/edit" => {
                let script = "fn place(task, today) { anywhere() }".to_owned();
                vec![("act", "save".to_owned()), ("name", "mine".to_owned()), ("script", script)]
            }
            "/quick" => vec![("line", "Kuchen backen !heute abends".to_owned())],
            "/undo" => vec![("generation", holdings.generation.to_string())],
            "/tasks" => vec![("act", "complete".to_owned())],
            "/tasks/{id}" => vec![("tags", "backen".to_owned())],
            "/tasks/{id}/pin" => vec![("slot", "13.10.2025/abends".to_owned())],
            "/tasks/{id}/remove" => Vec::new(),
            "/admin/users" => vec![("name", format!("{name}.more")), ("password", "another good password".to_owned())],
            path if path.ends_with("/admin") => vec![("admin", "true".to_owned())],
            path if path.ends_with("/password") => vec![("password", "another good password".to_owned())],
            path if path.ends_with("/remove") => vec![("confirm", name.clone())],
            _ => Vec::new(),
        })
    }

    async fn example(&self) -> Body {
        let operations = document().await.operations();
        let method = self.method.as_str().to_lowercase();
        let operation = operations.into_iter().find(|(path, described, _)| *path == self.path && *described == method);
        let Some(body) = operation.and_then(|(_, _, operation)| operation.get("requestBody")) else {
            return Body::Nothing;
        };
        let example = &body["content"]["application/json"]["example"];
        assert!(!example.is_null(), "nothing says what {self} sends");
        Body::Json(example.clone())
    }
}

/// A tar archive with one task.
fn archive() -> Vec<u8> {
    let document = b"---\nkategorie: arbeit\n---\n";
    let mut header = tar::Header::new_gnu();
    header.set_size(document.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, "tasks/0500-Neu.md", &document[..]).unwrap();
    archive.into_inner().unwrap()
}

impl Asker {
    /// The lines of a head that say who it is; `None` at the control socket, which is another connection.
    pub fn fields(&self) -> Option<String> {
        match &self.way {
            Way::Nothing { is_page: false } => Some(String::new()),
            Way::Nothing { is_page: true } => Some("Accept: text/html\r\n".to_owned()),
            Way::Cookie(cookie) => Some(format!("Cookie: {cookie}\r\n")),
            Way::Bearer(token) => Some(format!("Authorization: Bearer {token}\r\n")),
            Way::Socket(_) => None,
        }
    }
}

impl Cast {
    /// What a row names of these ids.
    pub fn id(&self, row: &Row, ids: Ids) -> String {
        self.id_spelled(row, ids, 0)
    }

    pub fn id_spelled(&self, row: &Row, ids: Ids, spelling: usize) -> String {
        row.spelled(self.holdings(ids), spelling)
    }

    pub async fn ask(&self, row: &Row, asker: &Asker, ids: Ids) -> Answer {
        self.ask_spelled(row, asker, ids, 0).await
    }

    pub async fn ask_spelled(&self, row: &Row, asker: &Asker, ids: Ids, spelling: usize) -> Answer {
        let holdings = self.holdings(ids);
        let id = row.spelled(holdings, spelling);
        answer(self.request(row, &row.method, asker, (holdings, &id), &OWN_PAGE).await).await
    }

    /// HEAD instead of the row's GET.
    pub async fn ask_head(&self, row: &Row, asker: &Asker) -> Answer {
        let holdings = self.holdings(Ids::Own);
        let id = row.spelled(holdings, 0);
        answer(self.request(row, &Method::HEAD, asker, (holdings, &id), &OWN_PAGE).await).await
    }

    /// From a page that is another site's, or does not say whose.
    pub async fn ask_from(&self, row: &Row, asker: &Asker, from: &[(&str, &str)]) -> Answer {
        let holdings = self.holdings(Ids::Own);
        let id = row.spelled(holdings, 0);
        answer(self.request(row, &row.method, asker, (holdings, &id), from).await).await
    }

    async fn request(
        &self,
        row: &Row,
        method: &Method,
        asker: &Asker,
        (holdings, id): (&Holdings, &str),
        from: &[(&str, &str)],
    ) -> RequestBuilder {
        let path = row.path.replace("{file}", &format!("{id}.ics")).replace("{script}", "spartan");
        let path = ["{id}", "{n}", "{name}"].iter().fold(path, |path, place| path.replace(place, id));
        let query = if row.path.ends_with("/export") { "?format=json" } else { "" };
        let method = method.clone();
        let network = |method| self.client.request(method, self.server.url(&format!("{path}{query}")));
        let mut request = match &asker.way {
            Way::Nothing { is_page } => {
                network(method).header(ACCEPT, if *is_page { "text/html,*/*;q=0.8" } else { "*/*" })
            }
            Way::Cookie(cookie) => network(method).header(COOKIE, cookie),
            Way::Bearer(token) => network(method).bearer_auth(token),
            Way::Socket(administrator) => administrator.request(method, &format!("{path}{query}")),
        };
        if matches!(&asker.way, Way::Nothing { .. } | Way::Cookie(_)) {
            for (name, value) in from {
                request = request.header(*name, *value);
            }
        }
        match row.body(holdings).await {
            Body::Nothing => request,
            Body::Json(json) => request.json(&json),
            Body::Form(fields) => {
                let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                request.header("Content-Type", "application/x-www-form-urlencoded").body(body)
            }
            Body::Bytes(content_type, bytes) => request.header("Content-Type", content_type).body(bytes),
        }
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The row of the hot answer on a connection where the shortcut may give it: the status, and whether it did.
    pub async fn ask_at_once(&self, fields: &str) -> (u16, bool) {
        let mut stream = used(self.server.address()).await;
        let answer = exchange(&mut stream, &format!("GET /codex HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")).await;
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), is_at_once(&answer))
    }

    /// The row of the hot answer over HTTP/2: the status, and whether it was the hot one.
    pub async fn ask_http2(&self, fields: &str) -> (u16, bool) {
        let fields: Vec<_> = fields.lines().filter_map(|line| line.split_once(": ")).collect();
        let answer = http2::get(self.server.address(), "/codex", &fields).await;
        let is_hot = answer.headers().get("x-cache").is_some_and(|layer| layer == "hot");
        (answer.status().as_u16(), is_hot)
    }
}

impl Stage<'_> {
    pub async fn ask(&self, row: &Row) -> Answer {
        let id = row.spelled(&self.holdings, 0);
        answer(self.cast.request(row, &row.method, &self.asker, (&self.holdings, &id), &OWN_PAGE).await).await
    }
}

/// The answer; of one that does not end, the head.
async fn answer(request: RequestBuilder) -> Answer {
    let is_stream = request
        .try_clone()
        .and_then(|request| request.build().ok())
        .is_some_and(|request| request.url().path() == "/api/events" && request.method() == Method::GET);
    if !is_stream {
        return Answer::of(request).await;
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = if status == 200 { String::new() } else { response.text().await.unwrap() };
    Answer { status, headers, text }
}

/// Whether it is one that does not end.
pub fn is_stream(answer: &Answer) -> bool {
    answer.header("content-type") == "text/event-stream"
}

/// All that an answer says, but for the id that was asked for and the moment.
pub fn normalized(answer: &Answer, id: &str) -> (u16, String, Vec<(String, String)>) {
    let of_moment = |name: &str| ["date", "server-timing", "content-length"].contains(&name);
    let heads = answer.headers.iter().filter(|(name, _)| !of_moment(name.as_str()));
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut heads: Vec<_> = heads.map(|(name, value)| (name.to_string(), text(value))).collect();
    // It leads back to what was asked for.
    for (_, value) in heads.iter_mut().filter(|(name, _)| name == "location") {
        *value = without(value, id);
    }
    heads.sort();
    (answer.status, without(&answer.text, id), heads)
}

/// A text with a place for the id wherever it stands alone.
fn without(text: &str, id: &str) -> String {
    let is_apart = |c: char| !c.is_alphanumeric();
    let stands_alone = |at: &usize| {
        let (before, behind) = (&text[..*at], &text[at + id.len()..]);
        // Or behind a slash that is percent-encoded.
        let is_begin = before.ends_with("%2F") || before.chars().next_back().is_none_or(is_apart);
        is_begin && behind.chars().next().is_none_or(is_apart)
    };
    let places = text.match_indices(id).map(|(at, _)| at).filter(stands_alone);
    let (mut normal, mut end) = (String::new(), 0);
    for at in places.filter(|_| !id.is_empty()) {
        normal.push_str(&text[end..at]);
        normal.push_str("{id}");
        end = at + id.len();
    }
    normal + &text[end..]
}
