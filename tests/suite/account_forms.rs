//! Who forms of pages are for, and what pages offer to whom.

use codexmiroir::store::Scopes;
use serde_json::{Value, json};

use crate::account_pages::{administrator, assert_led, signed_in};
use crate::harness::{Answer, TestServer, TestUser};
use crate::signing_in::account;
use crate::visitor::{PASSWORD, Visitor};

const OTHER_PASSWORD: &str = "another horse, another battery";
/// Nobody asks there, because the mode is always `off`.
const REPOSITORY: &str = "https://git.example.org/anna/tasks.git";

/// A form on a page: where it is sent to, and the fields that a browser sends without anything being typed.
struct PageForm {
    action: String,
    hidden: Vec<(String, String)>,
}

fn attribute<'p>(tag: &'p str, name: &str) -> Option<&'p str> {
    tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()
}

/// The forms of a page that are sent somewhere, but the one that signs out.
fn forms_on(page: &Answer) -> Vec<PageForm> {
    assert_eq!(page.status, 200, "{}", page.text);
    let forms = page.text.split("<form").skip(1).map(|form| form.split("</form>").next().unwrap());
    let forms = forms.map(|form| {
        let inputs = form.split("<input").skip(1).map(|input| input.split('>').next().unwrap());
        let hidden = inputs.filter(|input| attribute(input, "type") == Some("hidden"));
        let pair =
            |input| (attribute(input, "name").unwrap().to_owned(), attribute(input, "value").unwrap().to_owned());
        Some(PageForm { action: attribute(form, "action")?.to_owned(), hidden: hidden.map(pair).collect() })
    });
    forms.flatten().filter(|form| form.action != "/auth/logout").collect()
}

/// What is typed into the form of this address.
fn typed(action: &str) -> Vec<(&'static str, &'static str)> {
    match action {
        "/settings" => vec![("timeZone", "Europe/Vienna"), ("language", "de"), ("horizon", "9")],
        "/settings/password" => vec![("current", PASSWORD), ("password", OTHER_PASSWORD)],
        "/settings/tokens" => vec![("name", "x"), ("scope", "read"), ("expires", "7d")],
        "/settings/git" => vec![("remote", REPOSITORY), ("mode", "off")],
        "/admin/users" => vec![("name", "eve"), ("password", PASSWORD), ("admin", "true")],
        "/admin/users/tom/password" => vec![("password", OTHER_PASSWORD)],
        "/admin/users/tom/remove" => vec![("confirm", "tom")],
        _ => Vec::new(),
    }
}

async fn send(browser: &mut Visitor, form: &PageForm, signed_in_as: Option<&str>) -> Answer {
    let hidden = form.hidden.iter().map(|(name, value)| match (name.as_str(), signed_in_as) {
        ("signedInAs", Some(other)) => ("signedInAs", other),
        (name, _) => (name, value.as_str()),
    });
    let fields: Vec<_> = hidden.chain(typed(&form.action)).collect();
    browser.form(&form.action, &fields).await
}

/// All that the forms could change.
async fn state(anna: &TestUser) -> Vec<Value> {
    let mut state = Vec::new();
    for path in ["/api/me", "/api/tokens", "/api/sessions", "/api/admin/users", "/api/sync/remote"] {
        state.push(anna.get(path).await.json());
    }
    state
}

#[tokio::test]
async fn a_form_that_was_left_open_does_nothing_to_the_next_account() {
    let server = TestServer::start().await;
    let mut browser = administrator(&server, "anna").await;
    account(&server, "tom").await;
    Visitor::signed_in(&server, "anna").await;
    let anna = server.holder("anna", server.token("anna", Scopes::READ.with(Scopes::ADMIN)).await);
    browser.form("/settings/git", &typed("/settings/git")).await;
    let mut forms = Vec::new();
    for path in ["/settings", "/admin", "/admin/users/tom", "/admin/users/tom/remove"] {
        forms.extend(forms_on(&browser.open(path).await));
    }
    let disabled = json!({"disabled": true});
    assert_eq!(server.administrator().patch("/api/admin/users/tom", &disabled).await.status, 200);
    let enable = forms_on(&browser.open("/admin/users/tom").await);
    forms.extend(enable.into_iter().filter(|form| form.action.ends_with("/enable")));
    let mut actions: Vec<_> = forms.iter().map(|form| form.action.as_str()).collect();
    actions.sort_unstable();
    actions.dedup();
    let of_tom = ["admin", "disable", "enable", "password", "remove", "sign-out"];
    let of_tom = of_tom.map(|deed| format!("/admin/users/tom/{deed}"));
    let own = ["", "/git", "/git/remove", "/password", "/sessions", "/tokens", "/tokens/revoke"];
    let own: Vec<_> = own.map(|form| format!("/settings{form}")).to_vec();
    let own = own.iter().map(String::as_str);
    let all: Vec<_> = ["/admin/users"].into_iter().chain(of_tom.iter().map(String::as_str)).chain(own).collect();
    assert_eq!(actions, all);
    let before = state(&anna).await;
    for form in &forms {
        let meant = form.hidden.iter().filter(|(name, value)| name == "signedInAs" && value == "anna");
        assert_eq!(meant.count(), 1, "{}", form.action);
        for other in ["lena", "Anna", ""] {
            let refused = send(&mut browser, form, Some(other)).await;
            assert_eq!(refused.status, 409, "{} by {other}: {}", form.action, refused.text);
            assert!(refused.text.contains("Somebody else is signed in here by now; open the page again."));
        }
        let refused = browser.post(&form.action, &json!({"signedInAs": "lena"})).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "somebody_else"), "{}", form.action);
    }
    assert_eq!(state(&anna).await, before);
    // And each of them works for whom it is.
    for form in forms.iter().filter(|form| !form.action.starts_with("/settings/") && !form.action.ends_with("/remove"))
    {
        let done = send(&mut browser, form, None).await;
        assert_eq!(done.status, 303, "{}: {}", form.action, done.text);
    }
}

#[tokio::test]
async fn on_the_own_page_nobody_shuts_the_door_from_inside() {
    let server = TestServer::start().await;
    let mut anna = administrator(&server, "anna").await;
    administrator(&server, "lena").await;
    let page = anna.open("/admin/users/anna").await;
    assert!(
        page.text.contains("Another administrator can disable it") && page.text.contains("href=\"/settings\">settings")
    );
    let actions: Vec<_> = forms_on(&page).into_iter().map(|form| form.action).collect();
    assert_eq!(actions, ["/admin/users/anna/sign-out"]);
    for (deed, fields) in
        [("disable", &[][..]), ("admin", &[("admin", "false")]), ("password", &[("password", OTHER_PASSWORD)])]
    {
        let refused = anna.form(&format!("/admin/users/anna/{deed}"), fields).await;
        assert_eq!(refused.status, 409, "{deed}: {}", refused.text);
        assert!(refused.text.contains("another administrator can do that") && refused.text.contains("\"/settings\""));
    }
    assert_eq!(anna.open("/admin/users/anna").await.status, 200, "nothing was changed");
    let mut lena = Visitor::signed_in(&server, "lena").await;
    assert_led(&lena.form("/admin/users/anna/admin", &[("admin", "false")]).await, "/admin/users/anna?done=no-admin");
    let page = lena.open("/admin/users/anna?done=no-admin").await;
    assert!(page.text.contains("role=\"status\">anna is no administrator any more."), "{}", page.text);
    // The interface does what it is told.
    let own = lena.json(reqwest::Method::PATCH, "/api/admin/users/anna", &json!({"admin": true})).await;
    assert_eq!(own.status, 200, "{}", own.text);
    let own = lena.json(reqwest::Method::PATCH, "/api/admin/users/lena", &json!({"admin": false})).await;
    assert_eq!(own.status, 200, "{}", own.text);
}

#[tokio::test]
async fn who_has_no_password_is_told_so() {
    let server = TestServer::start().await;
    let guest = server.user("guest").await;
    let settings = guest.get("/settings").await;
    assert!(settings.text.contains("This account has no password.") && !settings.text.contains("name=\"current\""));
    let user = server.service().require_user("guest").unwrap();
    let code = server.service().make_sign_in_code(user.id);
    let mut browser = Visitor::of(&server);
    assert_led(&browser.open(&format!("/welcome?code={code}")).await, "/");
    let fields = [("current", "what I think it is"), ("password", OTHER_PASSWORD)];
    let page = browser.form("/settings/password", &fields).await;
    assert_eq!(page.status, 422, "{}", page.text);
    assert!(
        page.text.contains("role=\"alert\">That is not your present password") && !page.text.contains("To the field")
    );
    let password = json!({"password": PASSWORD});
    assert_eq!(server.administrator().patch("/api/admin/users/guest", &password).await.status, 200);
    let settings = guest.get("/settings").await;
    assert!(!settings.text.contains("has no password") && settings.text.contains("name=\"current\""));
}

#[tokio::test]
async fn a_server_without_accounts_says_where_its_link_is() {
    let server = TestServer::start().await;
    let mut browser = Visitor::of(&server);
    let vacant = "The terminal in which the server was started shows the link";
    let fields = [("name", "anna"), ("password", PASSWORD)];
    for page in [browser.open("/login").await, browser.form("/auth/login", &fields).await] {
        assert!(page.text.contains(vacant) && !page.text.contains("password is lost"), "{}", page.text);
    }
    account(&server, "lena").await;
    let page = browser.open("/login").await;
    assert!(!page.text.contains(vacant) && page.text.contains("password is lost"), "{}", page.text);
    // A dead link leads whoever is signed in to the week.
    assert!(browser.open("/setup?code=x").await.text.contains("href=\"/login\""));
    browser.sign_in("lena", PASSWORD).await;
    let page = browser.open("/setup?code=x").await;
    assert_eq!(page.status, 404);
    assert!(page.text.contains("href=\"/\"") && !page.text.contains("/login") && !page.text.contains("user add"));
}

#[tokio::test]
async fn pages_say_what_is_so_here() {
    let server = TestServer::start().await;
    let mut anna = administrator(&server, "anna").await;
    let settings = [("timeZone", "America/Lima"), ("language", "de"), ("horizon", "7")];
    assert_led(&anna.form("/settings", &settings).await, "/settings?done=saved");
    let page = anna.open("/admin").await;
    assert!(
        page.text.contains("value=\"America/Lima\"") && page.text.contains("value=\"de\" selected"),
        "{}",
        page.text
    );
    let made = anna.form("/settings/tokens", &[("name", "x"), ("scope", "read"), ("scope", "admin")]).await;
    assert!(made.text.contains(&format!("codexmiroir login {}<", server.url(""))), "{}", made.text);
    let page = anna.open("/settings").await;
    assert!(page.text.contains("read (lesen), admin (verwalten)"), "{}", page.text);
    let page = anna.form("/settings/tokens", &[("name", "x")]).await;
    assert!(page.text.contains("role=\"alert\">Bitte mindestens eines ankreuzen."), "{}", page.text);
    let page = anna.open("/admin/users/nobody").await;
    assert_eq!(page.status, 404);
    assert!(page.text.contains("Es gibt kein Konto nobody.") && page.text.contains("href=\"/admin\""), "{}", page.text);
    assert!(!page.text.contains("user list"), "{}", page.text);
    // Two letters again and again.
    let page = anna.form("/admin/users", &[("name", "eve"), ("password", "abababababab")]).await;
    assert!(page.text.contains("schwerer zu erraten"), "{}", page.text);
}

#[tokio::test]
async fn who_may_not_is_told_in_the_words_of_their_way_in() {
    let server = TestServer::start().await;
    let (mut browser, lena) = signed_in(&server, "lena").await;
    let said = |answer: Answer| answer.json()["error"].as_str().unwrap().to_owned();
    assert!(said(browser.get("/api/admin/users").await).starts_with("You are not allowed to do that"));
    assert!(said(lena.get("/api/admin/users").await).starts_with("This token does not allow that"));
    assert!(said(Visitor::of(&server).get("/api/me").await).starts_with("Sign in at /login, or send the header"));
}

#[tokio::test]
async fn who_has_no_task_yet_is_told_how_one_gets_in() {
    let server = TestServer::start().await;
    let lena = server.user("lena").await;
    let hint = "There is no task yet.";
    let week = lena.get("/").await.text;
    assert!(week.contains(hint) && week.contains("id=\"quick-line\"") && week.contains("codexmiroir import"), "{week}");
    let task = lena.create(json!({"kategorie": "arbeit", "title": "Ziel"})).await;
    assert!(!lena.get("/").await.text.contains(hint));
    let done = lena.post(&format!("/api/tasks/{task}/cancel"), &json!({})).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert!(!lena.get("/").await.text.contains(hint), "one that is done is one");
}
