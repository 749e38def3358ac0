//! What a person does with a page: keys, a pointer or a finger, several windows.

use std::time::Duration;

use serde_json::{Value, json};

use super::Browser;

/// What points, as a browser calls it.
#[derive(Clone, Copy)]
pub enum Pointer {
    Mouse,
    Touch,
}

/// Keys without a character of their own, as WebDriver writes them.
pub mod key {
    pub const ENTER: &str = "\u{e007}";
    pub const ESCAPE: &str = "\u{e00c}";
    pub const TAB: &str = "\u{e004}";
    pub const DOWN: &str = "\u{e015}";
    pub const RIGHT: &str = "\u{e014}";
    pub const SHIFT: &str = "\u{e008}";
    pub const CONTROL: &str = "\u{e009}";
    pub const DELETE: &str = "\u{e017}";
}

impl Browser {
    /// Clicks on what changes the page that it is on.
    pub async fn press(&self, selector: &str) {
        let element = self.element(selector).await;
        self.command(&format!("element/{element}/click"), &json!({})).await;
    }

    /// Clicks twice, as fast as nobody can.
    pub async fn double_click(&self, selector: &str) {
        let twice = "const element = document.querySelector(arguments[0]); element.click(); element.click()";
        self.evaluate_with(twice, &json!([selector])).await;
    }

    /// Presses these keys, one after the other, wherever the focus is.
    pub async fn keys(&self, keys: &str) {
        let each = |key: char| {
            let key = key.to_string();
            [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})]
        };
        let actions: Vec<Value> = keys.chars().flat_map(each).collect();
        self.command("actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})).await;
    }

    /// Types into a field, behind what it has.
    pub async fn type_into(&self, selector: &str, keys: &str) {
        let element = self.element(selector).await;
        self.command(&format!("element/{element}/value"), &json!({"text": keys})).await;
    }

    /// Types what leads to another page, and waits until that one is there.
    pub async fn leave_by(&self, selector: &str, keys: &str) {
        self.evaluate("window.isLeft = true").await;
        self.type_into(selector, keys).await;
        self.arrive().await;
    }

    /// Takes the first element that the one selector finds to the middle of that of the other.
    pub async fn drag(&self, from: &str, to: &str, pointer: Pointer) {
        let script = format!(
            "const middle = selector => {{ const at = document.querySelector(selector).getBoundingClientRect(); \
             return [Math.round(at.left + at.width / 2), Math.round(at.top + at.height / 2)]; }}; \
             document.querySelector({from}).scrollIntoView({{ block: 'center' }}); return [middle({from}), middle({to})];",
            from = json!(from),
            to = json!(to),
        );
        let points = self.evaluate(&script).await;
        let step =
            |at: &Value, duration: u32| json!({"type": "pointerMove", "x": at[0], "y": at[1], "duration": duration});
        let begun = json!([points[0][0].as_i64().unwrap() - 10, points[0][1].as_i64().unwrap() + 10]);
        let actions = [
            step(&points[0], 0),
            json!({"type": "pointerDown", "button": 0}),
            step(&begun, 50),
            step(&points[1], 100),
            json!({"type": "pause", "duration": 50}),
            json!({"type": "pointerUp", "button": 0}),
        ];
        let kind = match pointer {
            Pointer::Mouse => "mouse",
            Pointer::Touch => "touch",
        };
        let pointer = json!({"type": "pointer", "id": kind, "parameters": {"pointerType": kind}, "actions": actions});
        self.command("actions", &json!({"actions": [pointer]})).await;
    }

    /// Goes back by the browser's own button, to the page of that path.
    pub async fn back(&self, path: &str) {
        self.command("back", &json!({})).await;
        self.until(&format!("document.readyState === 'complete' && location.pathname === {}", json!(path))).await;
    }

    /// Waits until an expression of the page is true, and returns what it is then.
    pub async fn until(&self, expression: &str) -> Value {
        let waiting = async {
            loop {
                let value = self.evaluate(&format!("return {expression};")).await;
                if !matches!(value, Value::Null | Value::Bool(false)) && value != json!("") && value != json!(0) {
                    return value;
                }
            }
        };
        match tokio::time::timeout(Duration::from_secs(60), waiting).await {
            Ok(value) => value,
            Err(_) => panic!("never: {expression}\n{}", self.text().await),
        }
    }

    /// Waits until this is to be read on the page.
    pub async fn see(&self, text: &str) {
        self.until(&format!("document.body.innerText.includes({})", json!(text))).await;
    }

    /// Waits until the page tells this.
    pub async fn until_told(&self, text: &str) {
        self.until(&format!("document.getElementById('told').innerText.includes({})", json!(text))).await;
    }

    /// Whether pages may run scripts, from the next page on.
    pub async fn set_scripts(&self, may_run: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": !may_run})).await;
    }

    /// As if this browser had never loaded anything.
    pub async fn forget_what_was_loaded(&self) {
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.clearBrowserCache", json!({})).await;
    }

    /// The window that is looked at.
    pub async fn window(&self) -> String {
        self.client.get(format!("{}/window", self.session)).send().await.unwrap().json::<Value>().await.unwrap()["value"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Opens another window and looks at that one.
    pub async fn open_window(&self) {
        let opened = self.command("window/new", &json!({"type": "window"})).await;
        self.look_at(opened["handle"].as_str().unwrap()).await;
    }

    pub async fn look_at(&self, window: &str) {
        self.command("window", &json!({"handle": window})).await;
    }
}
