//! What any page must be like, in a real browser, on screens from a desk's to a watch's, light and dark.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::browser::{Browser, must_be_complete};
use crate::harness::repository;

const SCREENS: [(u32, u32); 3] = [(1280, 800), (390, 844), (240, 282)];
/// Those that a page is looked at on where nobody asked for all, so that everyday runs are short: both ends, in either light.
const EVERYDAY: [(u32, bool); 2] = [(SCREENS[0].0, false), (SCREENS[2].0, true)];
/// WCAG 2.2, AA, for text of any size.
const CONTRAST_MIN: f64 = 4.5;

/// axe-core, which finds what keeps people out who do not see, or do not point.
static AXE: LazyLock<Option<String>> = LazyLock::new(|| {
    let script = std::fs::read_to_string(repository("tests/accessibility/node_modules/axe-core/axe.min.js")).ok();
    let lacking = "looking at pages needs axe-core (npm ci --prefix tests/accessibility)";
    assert!(script.is_some() || !must_be_complete(), "{lacking}");
    if script.is_none() {
        eprintln!("NOT TESTED: {lacking}");
    }
    script
});

/// What axe-core finds that is at least serious, with what it is found at.
const FOUND: &str = r#"
return axe.run(document, { resultTypes: ["violations"] }).then(found => found.violations
    .filter(fault => ["serious", "critical"].includes(fault.impact))
    .map(fault => [fault.id, fault.help, ...fault.nodes.slice(0, 3).map(node => node.html)]));
"#;

/// What sticks out to the right, the text with the least contrast to what is behind it, and fields that say not what they are.
const MEASURE: &str = r#"
const root = document.documentElement;
const channels = color => color.match(/[\d.]+/g).map(Number);
const luminance = color => {
    const [r, g, b] = channels(color).slice(0, 3).map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const opaque = color => { const [, , , alpha] = channels(color); return alpha === undefined || alpha === 1; };
const grounds = new Map();
const behind = element => {
    if (!element) return "rgb(255, 255, 255)";
    if (!grounds.has(element)) {
        const color = getComputedStyle(element).backgroundColor;
        grounds.set(element, opaque(color) ? color : behind(element.parentElement));
    }
    return grounds.get(element);
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let least = { ratio: 21, text: "" };
const compare = (element, text) => {
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least.ratio) least = { ratio, text };
};
while (texts.nextNode()) {
    const text = texts.currentNode.textContent.trim();
    if (text) compare(texts.currentNode.parentElement, text);
}
const controls = [...document.querySelectorAll("input:not([type=hidden], [hidden]), select, button")];
for (const control of controls) compare(control, control.name || control.textContent);
const known = id => id.split(" ").every(id => document.getElementById(id));
const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
const outside = [...document.querySelectorAll("body *")]
    .filter(e => e.getBoundingClientRect().right > root.clientWidth + 0.5).map(e => e.className + ": " + e.textContent);
return {
    address: location.href, innerWidth, scrollWidth: root.scrollWidth, clientWidth: root.clientWidth, outside, least,
    isDark: luminance(getComputedStyle(document.body).backgroundColor) < 0.2,
    title: document.title, nowEnds: document.querySelector(".now")?.getBoundingClientRect().bottom,
    headings: [...document.querySelectorAll("h1, h2")].map(e => e.textContent),
    unlabelled: controls.filter(c => !c.labels.length && !(c.localName === "button" && (c.ariaLabel ?? c.textContent).trim()))
        .map(c => c.name),
    undescribed: [...document.querySelectorAll("[aria-describedby]")].map(e => e.getAttribute("aria-describedby")).filter(id => !known(id)),
    repeated: ids.filter((id, index) => ids.indexOf(id) !== index),
    tasks: [...document.querySelectorAll(".board .task")].map(e => e.textContent),
    smallest: Math.min(...[...document.querySelectorAll("body *")].map(e => parseFloat(getComputedStyle(e).fontSize))),
};
"#;

/// Looks at the page of an address on every screen, light and dark, and photographs it; what each showed. Where tests need not
/// be complete, on a few.
pub async fn look(browser: &Browser, url: &str, name: &str) -> Vec<Value> {
    on_every_screen(browser, name, Some(url)).await
}

/// The same with the page that the browser shows already.
pub async fn look_here(browser: &Browser, name: &str) -> Vec<Value> {
    on_every_screen(browser, name, None).await
}

async fn on_every_screen(browser: &Browser, name: &str, url: Option<&str>) -> Vec<Value> {
    let mut seen = Vec::new();
    for (width, height) in SCREENS {
        for (scheme, dark) in [("light", false), ("dark", true)] {
            if !must_be_complete() && !EVERYDAY.contains(&(width, dark)) {
                continue;
            }
            let case = format!("{name}-{width}x{height}-{scheme}");
            browser.set_screen(width, height).await;
            browser.set_dark(dark).await;
            if let Some(url) = url {
                browser.go(url).await;
            }
            let page = browser.evaluate(MEASURE).await;
            browser.photograph(&case).await;
            assert_good(browser, &page, &case).await;
            // What it looks for depends neither on the height nor, but for colours, on the scheme.
            if width == SCREENS[0].0 || (width == SCREENS[2].0 && dark) {
                assert_accessible(browser, &case).await;
            }
            assert_eq!((&page["innerWidth"], &page["isDark"]), (&json!(width), &json!(dark)), "{case}");
            seen.push(page);
        }
    }
    seen
}

async fn assert_good(browser: &Browser, page: &Value, case: &str) {
    // That a page is one of an error is no fault of the page; what it needs must be there.
    let own = format!("{} - Failed to load resource", page["address"].as_str().unwrap());
    let said = browser.console().await.into_iter().filter(|line| !line.contains(&own));
    assert_eq!(said.collect::<Vec<_>>(), Vec::<String>::new(), "{case}");
    assert!(page["scrollWidth"].as_u64() <= page["clientWidth"].as_u64(), "{case} scrolls sideways: {page:#}");
    for list in ["outside", "unlabelled", "undescribed", "repeated"] {
        assert_eq!(page[list], json!([]), "{case}: {list}");
    }
    assert!(page["least"]["ratio"].as_f64().unwrap() >= CONTRAST_MIN, "{case}: {}", page["least"]);
    assert!(page["smallest"].as_f64().unwrap() >= 12.0, "{case}: text of {} px", page["smallest"]);
}

async fn assert_accessible(browser: &Browser, case: &str) {
    let Some(axe) = AXE.as_deref() else { return };
    // It is a script, and there are pages that are to do without.
    if browser.evaluate("return matchMedia('(scripting: enabled)').matches").await == false {
        return;
    }
    browser.evaluate(&format!("if (!window.axe) {{ {axe} }}")).await;
    assert_eq!(browser.evaluate(FOUND).await, json!([]), "{case}");
}

pub fn texts<'v>(page: &'v Value, list: &str) -> Vec<&'v str> {
    page[list].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}
