//! What a page must be like that shows what an attacker wrote: nothing of it is active, and the page's own parts are what
//! they were.

use serde_json::{Value, json};

use crate::browser::Browser;

/// Runs before anything of a page: a dialog counts as a hit, and what the policy stopped is remembered.
const WATCH: &str = r#"
for (const name of ["alert", "confirm", "prompt", "print", "open"]) window[name] = () => { window.hit = name; };
window.stopped = [];
addEventListener("securitypolicyviolation", e => window.stopped.push(`${e.violatedDirective} ${e.blockedURI}`));
"#;

/// What a text of Markdown may become, with the attributes that it may have.
const RENDERED: &str = r#"{
    "A": ["href", "title", "rel"], "OL": ["start"], "UL": [], "LI": [], "P": [], "BLOCKQUOTE": [], "PRE": [], "CODE": [],
    "EM": [], "STRONG": [], "DEL": [], "HR": [], "BR": [], "SUP": [], "DIV": [], "H1": [], "H2": [], "H3": [], "H4": [],
    "H5": [], "H6": [], "TABLE": [], "THEAD": [], "TBODY": [], "TR": [], "TH": [], "TD": []
}"#;

/// All that is wrong with a page, in words.
const CHECK: &str = r#"
const faults = [];
const outer = element => element.cloneNode(false).outerHTML.slice(0, 300);
const own = url => new URL(url, location.href).origin === location.origin;
const schemes = ["http:", "https:", "mailto:"];

// The window and the document are what they are in any page.
if (window.hit !== undefined) faults.push(`something ran: ${window.hit}`);
if (document.baseURI !== location.href) faults.push(`addresses begin at ${document.baseURI}`);
const found = key => {
    for (let type = Document.prototype; type; type = Object.getPrototypeOf(type)) {
        const described = Object.getOwnPropertyDescriptor(type, key);
        if (described) return described.get ? described.get.call(document) : described.value;
    }
};
for (const key of ["forms", "links", "images", "title", "body", "head", "cookie", "documentElement", "getElementById", "querySelector",
    "querySelectorAll", "createElement", "addEventListener", "implementation", "currentScript", "activeElement"]) {
    if (document[key] !== found(key)) faults.push(`document.${key} is taken`);
}
if (!document.title.endsWith(" · CodexMiroir")) faults.push(`the title is ${document.title}`);
if (document.querySelectorAll("title:not(svg.plot > title), h1:not(.text *, .rendered-api *)").length !== 2) faults.push("another title or heading");

// Nothing is active anywhere.
const never = "style, iframe, frame, frameset, object, embed, applet, portal, fencedframe, base, audio, video, source, track, marquee, " +
    "blink, math, template, noscript, plaintext, xmp, isindex, keygen, map, area, param, slot, font, center, foreignObject, animate, set, use";
for (const element of document.querySelectorAll(never)) faults.push(`there is ${outer(element)}`);
const links = /^(href|src|srcset|action|formaction|data|poster|background|cite|longdesc|ping|xlink:href|srcdoc|lowsrc|dynsrc|usemap|code)$/;
for (const element of document.querySelectorAll("*")) {
    const isIcon = element.matches("head > link[rel=icon]");
    for (const { name, value } of element.attributes) {
        if (name.startsWith("on")) faults.push(`${name} at ${outer(element)}`);
        // What scrolls along with a script is put in its place by our own.
        if (name === "style" && element.matches(".code .numbers, .code .moved")) continue;
        if (name === "style" || name === "srcdoc" || name === "popover") faults.push(`${name} at ${outer(element)}`);
        if (!/^[a-z][a-z0-9-]*$/i.test(name)) faults.push(`an attribute ${name} at ${outer(element)}`);
        if (!links.test(name) || isIcon) continue;
        let url;
        try { url = new URL(value, location.href); } catch { continue; }
        if (!schemes.includes(url.protocol)) faults.push(`${name} leads to ${value}`);
        if (element.localName !== "a" && url.origin !== location.origin) faults.push(`${outer(element)} is from elsewhere`);
    }
}
for (const element of document.querySelectorAll("script, link[rel=stylesheet], link[rel=modulepreload]")) {
    const url = element.src || element.href || "";
    if (!url || !own(url) || !new URL(url).pathname.startsWith("/assets/")) faults.push(`not our own: ${outer(element)}`);
    if (element.textContent.trim()) faults.push(`inline: ${outer(element)}`);
}
for (const meta of document.querySelectorAll("meta")) {
    if (meta.httpEquiv || meta.parentElement !== document.head) faults.push(`there is ${outer(meta)}`);
}
for (const form of document.querySelectorAll("form")) {
    if (!own(form.getAttribute("action"))) faults.push(`a form leads to ${form.getAttribute("action")}`);
}

// A text that was rendered is within its list, but for what marks the items of a checklist.
const allowed = arguments[0];
for (const text of document.querySelectorAll("section.text, .rendered-api")) {
    const around = text.querySelector(":scope > form");
    for (const element of text.querySelectorAll("*")) {
        const isOurs = element === around || element.matches("form > input[type=hidden]") && element.parentElement === around
            || element.matches("section.text button.tick[type=submit][name=item]") && element.attributes.length === 6
            || element.matches(".rendered-api li input[type=checkbox][disabled]");
        if (isOurs) continue;
        const known = allowed[element.tagName];
        if (!known) faults.push(`in the text: ${outer(element)}`);
        else for (const { name } of element.attributes) if (!known.includes(name)) faults.push(`${name} in the text: ${outer(element)}`);
    }
    for (const a of text.querySelectorAll("a[href]")) {
        if (!own(a.href) && a.rel !== "noopener noreferrer nofollow") faults.push(`tells where one comes from: ${outer(a)}`);
    }
}
const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`the id ${id} twice`);

// Nothing was asked of another host.
for (const { name } of performance.getEntriesByType("resource")) {
    if (!name.startsWith("data:") && !own(name)) faults.push(`asked for ${name}`);
}
for (const stopped of window.stopped) faults.push(`the policy had to stop ${stopped}`);

// What somebody wrote from right to left turns nothing of the page around, and nothing sticks out.
const turning = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const range = document.createRange();
const at = (node, from) => { range.setStart(node, from); range.setEnd(node, from + 1); return range.getClientRects()[0]; };
while (texts.nextNode()) {
    const node = texts.currentNode;
    const from = node.data.search(/[A-Za-z0-9]{2}/);
    if (from < 0 || turning.test(node.data) || node.parentElement.closest("section.text, .rendered-api")) continue;
    const [first, second] = [at(node, from), at(node, from + 1)];
    if (first && second && first.top === second.top && second.left < first.left) faults.push(`runs backwards: ${node.data.slice(0, 80)}`);
}
const root = document.documentElement;
if (root.scrollWidth > root.clientWidth) faults.push(`scrolls sideways: ${root.scrollWidth} of ${root.clientWidth}`);
return faults;
"#;

/// Makes the browser watch every page from now on, and not obey the policy of pages: that is the second wall, and the
/// first one has to hold alone.
pub async fn watch(browser: &Browser) {
    browser.run_first(WATCH).await;
    browser.obey_policies(false).await;
}

/// What is wrong with the page that the browser shows, once its own scripts have done what they do.
pub async fn faults(browser: &Browser) -> Vec<String> {
    let ready = "return new Promise(done => { const look = () => \
                 document.documentElement.dataset.ready ? done(true) : requestAnimationFrame(look); look(); })";
    assert_eq!(browser.evaluate(ready).await, true);
    let allowed: Value = serde_json::from_str(RENDERED).unwrap();
    let found = browser.evaluate_with(CHECK, &json!([allowed])).await;
    found.as_array().unwrap().iter().map(|fault| fault.as_str().unwrap().to_owned()).collect()
}

/// Nothing is wrong with the page that the browser shows, which is the one of this path.
pub async fn assert_harmless(browser: &Browser, path: &str, case: &str) {
    assert_eq!(faults(browser).await, Vec::<String>::new(), "{case}");
    let here = browser.evaluate("return location.pathname").await;
    assert_eq!(here, path.split(['?', '#']).next().unwrap(), "{case} led away");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_active_is_found() {
    let server = crate::harness::TestServer::start().await;
    let url = server.url("/login");
    crate::browser::with_browser(|browser| async move {
        watch(&browser).await;
        for (markup, fault) in [
            ("<img src=x onerror='window.hit = 1'>", "onerror at"),
            ("<a href='java&#9;script:window.hit=1'>x</a>", "href leads to"),
            ("<a href='data:text/html,x'>x</a>", "href leads to"),
            ("<svg><use href='#x'></use></svg>", "there is <use"),
            ("<p style='color: red'>x</p>", "style at"),
            ("<form action='//evil.example'></form>", "a form leads to"),
            ("<button formaction='https://evil.example'>x</button>", "is from elsewhere"),
            ("<iframe srcdoc='x'></iframe>", "there is <iframe"),
            ("<meta http-equiv=refresh content=99999>", "there is <meta"),
            ("<base href=//evil.example/>", "addresses begin at"),
            ("<form name=forms></form>", "document.forms is taken"),
            ("<a id=hit>x</a>", "something ran"),
            ("<title>x</title>", "another title"),
            ("<script src=https://evil.example/x.js></script>", "not our own"),
            ("<section class=text><p class=alert>x</p></section>", "class in the text"),
            ("<section class=text><a href=https://example.org>x</a></section>", "tells where one comes from"),
            (
                "<section class=text><form><button class=tick type=submit name=item formaction=/x></form></section>",
                "in the text",
            ),
            ("<i id=twice></i><i id=twice></i>", "the id twice twice"),
            ("<p><i>\u{202e}x</i> is added</p>", "runs backwards"),
            ("<canvas width=2000></canvas>", "scrolls sideways"),
        ] {
            browser.go(&url).await;
            assert_eq!(faults(&browser).await, Vec::<String>::new());
            browser
                .evaluate_with("document.body.insertAdjacentHTML('beforeend', arguments[0])", &json!([markup]))
                .await;
            let found = faults(&browser).await;
            assert!(found.iter().any(|found| found.contains(fault)), "{markup}: {found:?}");
        }
        // Without a policy what is active runs, and is noticed.
        browser.go(&url).await;
        let run = "return new Promise(done => { Object.defineProperty(window, 'hit', { set: done }); \
                   document.body.insertAdjacentHTML('beforeend', '<img src=/x onerror=alert(1)>'); })";
        assert_eq!(browser.evaluate(run).await, "alert");
        // With it, it is stopped and noticed.
        browser.obey_policies(true).await;
        browser.go(&url).await;
        let stop = "return new Promise(done => { addEventListener('securitypolicyviolation', () => done(true)); \
                    document.body.insertAdjacentHTML('beforeend', '<img src=https://evil.example/x.png>'); })";
        assert_eq!(browser.evaluate(stop).await, true);
        let found = faults(&browser).await;
        assert!(found.iter().any(|fault| fault.contains("the policy had to stop img-src")), "{found:?}");
    })
    .await;
}
