//! Who asks: everybody of the table's columns, with something of one's own, and somebody else who has as much.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use codexmiroir::app::MetricsOptions;
use codexmiroir::service::administration::AccountFields;
use codexmiroir::service::rules::{RuleFields, RulesRequest};
use codexmiroir::service::sessions::Visit;
use codexmiroir::store::{Origin, Scopes};
use serde_json::{Value, json};

use super::asking::{Ids, Way};
use super::rows::Row;
use crate::harness::{Answer, MONDAY, Start, TestServer, TestUser, instant};
use crate::secrets::{self, Kind};
use crate::visitor::{PASSWORD, Visitor};

/// Everybody who is there from the beginning to the end; the first is the one who asks.
const USERS: [&str; 4] = ["lena", "tom", "root", "dora"];
/// Who has been removed.
const REMOVED: &str = "rita";

/// What a token of somebody who is no administrator can allow.
const ALL: Scopes = Scopes(7);

/// What somebody has, as paths name it.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    pub account: String,
    pub task: u16,
    pub token: String,
    pub session: String,
    /// What the address of the feed has: nobody is asked who comes with it.
    pub feed: String,
    /// Of the rules, and the last change.
    pub generation: u64,
}

/// One way of asking.
pub struct Asker {
    pub name: &'static str,
    pub way: Way,
}

/// A server with all of them.
pub struct Cast {
    pub server: TestServer,
    pub client: reqwest::Client,
    askers: Vec<Asker>,
    /// What the asker has, what somebody else has, and what nobody has.
    own: Holdings,
    others: Holdings,
    none: Holdings,
    before: BTreeMap<String, String>,
}

/// Somebody who is there for one request, which may change everything of it.
pub struct Stage<'c> {
    pub cast: &'c Cast,
    pub asker: Asker,
    pub holdings: Holdings,
}

/// Sessions cost a password's hash less this way.
pub async fn session(server: &TestServer, name: &str) -> String {
    let service = server.service();
    let code = service.make_sign_in_code(service.require_user(name).unwrap().id);
    let secret = service.sign_in_with_link(&code, &Visit::default()).await.unwrap().secret;
    secrets::learn(Kind::Session, &secret);
    secret
}

async fn change(server: &TestServer, name: &str, fields: AccountFields) {
    server.service().change_account(name, fields).await.unwrap();
}

fn admin() -> AccountFields {
    AccountFields { admin: Some(true), ..AccountFields::default() }
}

fn password() -> AccountFields {
    AccountFields { password: Some(PASSWORD.to_owned()), ..AccountFields::default() }
}

/// Makes a token or a session; its id, and the secret.
async fn with_id(server: &TestServer, name: &str, make: impl Future<Output = String>) -> (String, String) {
    let (service, user) = (server.service(), server.service().require_user(name).unwrap().id);
    let ids = async || {
        let (tokens, sessions) = (service.list_tokens(user).await.unwrap(), service.list_sessions(user).await.unwrap());
        tokens.iter().chain(&sessions).map(|grant| grant.id.to_string()).collect::<BTreeSet<_>>()
    };
    let before = ids().await;
    let secret = make.await;
    (ids().await.difference(&before).next().unwrap().clone(), secret)
}

/// Gives an account something of every kind.
async fn furnish(server: &TestServer, user: &TestUser, task: u16) -> Holdings {
    let document = "---\ntyp: task\nkategorie: arbeit\nstatus: offen\n---\n\n# Zwiebelkuchen\n";
    server.import_document(user, &format!("{task}-Zwiebelkuchen.md"), document).await;
    let (service, id) = (server.service(), server.service().require_user(&user.name).unwrap().id);
    let spartan = RuleFields { library: Some("spartan".to_owned()), ..RuleFields::default() };
    let origin = Origin { actor: user.name.clone(), through: "test".into() };
    let request = RulesRequest { user: id, origin, expected: None, key: None };
    let ruled = service.set_rules(request, vec![spartan]).await.unwrap();
    let (token, _) = with_id(server, &user.name, server.token(&user.name, Scopes::READ)).await;
    let (session, _) = with_id(server, &user.name, session(server, &user.name)).await;
    let feed = server.token(&user.name, Scopes::FEED).await;
    Holdings { account: user.name.clone(), task, token, session, feed, generation: ruled.generation }
}

impl Cast {
    pub async fn gathered() -> Cast {
        let metrics = MetricsOptions { listen: None, token: Some("authorization-0123456789".to_owned()) };
        let server = TestServer::start_with(Start { metrics, ..Start::default() }).await;
        let mut users = BTreeMap::new();
        for name in USERS.into_iter().chain([REMOVED]) {
            users.insert(name, server.user(name).await);
        }
        change(&server, "root", admin()).await;
        change(&server, "lena", password()).await;
        // Long enough that nothing of Lena's has the same number.
        for _ in 0..12 {
            users["tom"].create(json!({"kategorie": "privat", "title": "Zwiebelkuchen"})).await;
        }
        let own = furnish(&server, &users["lena"], 1000).await;
        let others = furnish(&server, &users["tom"], 2000).await;
        for name in ["root", "dora"] {
            furnish(&server, &users[name], 1000).await;
        }
        let digits = |id: &str| id.chars().map(|digit| if digit == '0' { '1' } else { '0' }).collect();
        let none = Holdings {
            account: "nobody".to_owned(),
            task: 3000,
            token: digits(&others.token),
            session: digits(&others.session),
            // One that was given to somebody, for more than a feed.
            feed: users["tom"].token.clone(),
            generation: 77,
        };
        assert!((10..77).contains(&others.generation) && own.generation < 10);
        let client = crate::harness::client().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let askers = gather(&server, &users).await;
        let mut cast = Cast { server, client, askers, own, others, none, before: BTreeMap::new() };
        cast.before = cast.everything().await;
        cast
    }

    pub fn askers<'c>(&'c self, names: &'c [&str]) -> impl Iterator<Item = &'c Asker> {
        let named = |name: &&str| self.askers.iter().find(|asker| asker.name == *name);
        names.iter().map(move |name| named(name).unwrap_or_else(|| panic!("nobody is {name}")))
    }

    pub fn holdings(&self, ids: Ids) -> &Holdings {
        match ids {
            Ids::Own => &self.own,
            Ids::Others => &self.others,
            Ids::None => &self.none,
        }
    }

    /// Somebody new who asks in this way, for a request that is to be carried out.
    pub async fn fresh(&self, row: &Row, asker: &'static str) -> Stage<'_> {
        let server = &self.server;
        let count = server.service().list_accounts(None, usize::MAX).await.unwrap().accounts.len();
        let user = server.user(&format!("new{count}")).await;
        if ["admin", "boss"].contains(&asker) {
            change(server, &user.name, admin()).await;
        }
        if row.needs_password() {
            change(server, &user.name, password()).await;
        }
        let mut holdings = furnish(server, &user, 1000).await;
        let way = match asker {
            "user" | "boss" => Way::session(&session(server, &user.name).await),
            "acting" => Way::Socket(server.administrator().acting_for(&user.name)),
            _ => match scope(asker) {
                Some(scope) => Way::Bearer(server.token(&user.name, scope).await),
                None => self.askers(&[asker]).next().unwrap().way.clone(),
            },
        };
        if row.is_of_account() {
            holdings = furnish(server, &server.user(&format!("target{count}")).await, 1000).await;
        }
        Stage { cast: self, asker: Asker { name: asker, way }, holdings }
    }

    /// What [`Cast::everything`] was at the beginning.
    pub fn before(&self) -> &BTreeMap<String, String> {
        &self.before
    }

    /// All that the cast has and is, apart from when it was last used.
    pub async fn everything(&self) -> BTreeMap<String, String> {
        let administrator = self.server.administrator();
        let mut everything = BTreeMap::new();
        for name in USERS {
            let acting = administrator.acting_for(name);
            for path in
                ["/api/export?format=json&history=true", "/api/tokens", "/api/sessions", "/api/me", "/api/rules"]
            {
                everything.insert(format!("{name} {path}"), timeless(&acting.get(path).await));
            }
            let path = format!("/api/admin/users/{name}");
            everything.insert(path.clone(), timeless(&administrator.get(&path).await));
        }
        everything
    }

    /// Nobody's password was changed, removed or locked.
    pub async fn passwords_still_work(&self) {
        let answer = Visitor::of(&self.server).sign_in("lena", PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

/// The scope of an asker that has a token of it alone.
fn scope(asker: &str) -> Option<Scopes> {
    [("read", Scopes::READ), ("write", Scopes::WRITE), ("feed", Scopes::FEED), ("admin", Scopes::ADMIN)]
        .into_iter()
        .find_map(|(name, scope)| (name == asker).then_some(scope))
}

/// Everybody of the columns.
async fn gather(server: &TestServer, users: &BTreeMap<&str, TestUser>) -> Vec<Asker> {
    server.clock.set(instant(MONDAY) - TimeDelta::days(200));
    let expired_session = session(server, "lena").await;
    server.clock.set(instant(MONDAY));
    let expired = Some(instant(MONDAY) - TimeDelta::days(1));
    let expired_token = server.service().create_token("lena", ALL, "expired", expired).await.unwrap();
    let service = server.service();
    let lena = service.require_user("lena").unwrap().id;
    let (id, revoked) = with_id(server, "lena", server.token("lena", ALL)).await;
    service.revoke_token(lena, &id).await.unwrap();
    let (id, ended) = with_id(server, "lena", session(server, "lena")).await;
    service.end_session(lena, &id).await.unwrap();
    let [of_dora, of_rita] = [session(server, "dora").await, session(server, REMOVED).await];
    change(server, "dora", AccountFields { disabled: Some(true), ..AccountFields::default() }).await;
    service.remove_account(REMOVED).await.unwrap();
    let socket = server.administrator();
    let mut askers = vec![
        ("nobody", Way::Nothing { is_page: false }),
        ("page", Way::Nothing { is_page: true }),
        ("token as cookie", Way::session(&users["lena"].token)),
        ("expired session", Way::session(&expired_session)),
        ("ended session", Way::session(&ended)),
        ("disabled session", Way::session(&of_dora)),
        ("removed session", Way::session(&of_rita)),
        ("session as token", Way::Bearer(session(server, "lena").await)),
        ("expired token", Way::Bearer(expired_token)),
        ("revoked token", Way::Bearer(revoked)),
        ("disabled token", Way::Bearer(users["dora"].token.clone())),
        ("removed token", Way::Bearer(users[REMOVED].token.clone())),
        ("user", Way::session(&session(server, "lena").await)),
        ("boss", Way::session(&session(server, "root").await)),
        ("acting", Way::Socket(socket.acting_for("lena"))),
        ("socket", Way::Socket(socket)),
    ];
    for name in ["read", "write", "feed", "admin"] {
        let user = if name == "admin" { "root" } else { "lena" };
        askers.push((name, Way::Bearer(server.token(user, scope(name).unwrap()).await)));
    }
    askers.into_iter().map(|(name, way)| Asker { name, way }).collect()
}

/// An answer without what every request may change: when something was last used.
fn timeless(answer: &Answer) -> String {
    fn forget(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("lastUsedAt");
                fields.values_mut().for_each(forget);
            }
            Value::Array(values) => values.iter_mut().for_each(forget),
            _ => {}
        }
    }
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut json = answer.json();
    forget(&mut json);
    json.to_string()
}
