//! A browser to look at pages with: Chromium, driven through chromedriver's WebDriver interface.

mod hands;

pub use hands::{Pointer, key};

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::client;

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// The name that WebDriver gives to references to elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
const DRIVER: &str = "chromedriver";

const STARTS_MAX: usize = 3;

/// How long a script may take, and a page: where much else runs, looking at a large page takes a minute.
const WAIT_MS: u64 = 240_000;

/// Pixels; browsers refuse to draw more at once.
const PICTURE_HEIGHT_MAX: f64 = 16_000.0;

/// A window of a browser that nobody used before.
pub struct Browser {
    client: reqwest::Client,
    /// The URL of the session.
    session: String,
    driver: Child,
    /// Kept open, so that the driver can go on talking.
    _output: BufReader<ChildStdout>,
    _profile: TempDir,
}

/// Runs `look` with a browser, and ends the browser whatever comes of it. Without one to be had the test fails
/// where tests must be complete, else it says what is lacking.
pub async fn with_browser<F>(look: impl FnOnce(std::sync::Arc<Browser>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (Some(driver), Some(program)) = (found(&[DRIVER]), found(&BROWSERS)) else {
        let lacking = "this test needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver)";
        assert!(!must_be_complete(), "{lacking}");
        eprintln!("NOT TESTED: {lacking}");
        return;
    };
    let browser = std::sync::Arc::new(Browser::open(&driver, &program).await);
    let looked = tokio::spawn(look(browser.clone())).await;
    std::sync::Arc::into_inner(browser).unwrap().close().await;
    if let Err(failed) = looked {
        std::panic::resume_unwind(failed.into_panic());
    }
}

/// Whether a component that is not there fails the tests: in CI, and by `tests/run`.
pub fn must_be_complete() -> bool {
    is_set("CI") || is_set("CODEXMIROIR_TESTS_COMPLETE")
}

/// All of them where tests must be complete; else the first of every so many, so that everyday runs are short.
pub fn all_or_one_of<T>(so_many: usize, all: impl IntoIterator<Item = T>) -> Vec<T> {
    all.into_iter().step_by(if must_be_complete() { 1 } else { so_many }).collect()
}

fn is_set(variable: &str) -> bool {
    std::env::var(variable).is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// The first of these programs that is installed.
pub fn found(names: &[&str]) -> Option<PathBuf> {
    names.iter().find_map(|name| programs(name).next())
}

/// Every program of this name that is installed.
pub fn programs(name: &str) -> impl Iterator<Item = PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    folders.into_iter().map(move |folder| folder.join(name)).filter(|program| program.is_file())
}

impl Browser {
    /// Opens one. A browser that does not start, as happens where many start at once, says nothing of what is tested:
    /// then another is started.
    async fn open(driver: &Path, program: &Path) -> Browser {
        for _ in 1..STARTS_MAX {
            match Browser::start(driver, program).await {
                Ok(browser) => return browser,
                Err(why) => eprintln!("no browser: {why}"),
            }
        }
        Browser::start(driver, program).await.unwrap()
    }

    async fn start(driver: &Path, program: &Path) -> Result<Browser, String> {
        let profile = TempDir::new().unwrap();
        let mut driver = Command::new(driver);
        driver
            .arg("--port=0")
            .env("HOME", profile.path())
            .env("TMPDIR", profile.path())
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        let mut driver = driver.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(driver.stdout.take().unwrap());
        let client = client().timeout(2 * Duration::from_millis(WAIT_MS)).build().unwrap();
        let opened = match port_said(&mut output) {
            Ok(port) => opened(&client, &format!("http://127.0.0.1:{port}"), program, profile.path()).await,
            Err(why) => Err(why),
        };
        match opened {
            Ok(session) => Ok(Browser { client, session, driver, _output: output, _profile: profile }),
            Err(why) => {
                driver.kill().unwrap();
                driver.wait().unwrap();
                Err(why)
            }
        }
    }

    async fn close(mut self) {
        let closed = self.client.delete(&self.session).send().await;
        let (base, _) = self.session.rsplit_once("/session/").unwrap();
        if self.client.post(format!("{base}/shutdown")).send().await.is_err() {
            self.driver.kill().unwrap();
        }
        self.driver.wait().unwrap();
        closed.unwrap();
    }

    async fn command(&self, command: &str, body: &Value) -> Value {
        value_of(self.client.post(format!("{}/{command}", self.session)).json(body).send().await.unwrap()).await
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", &json!({"cmd": command, "params": parameters})).await
    }

    /// Opens the page and waits until it is loaded.
    pub async fn go(&self, url: &str) {
        self.command("url", &json!({"url": url})).await;
        self.arrive().await;
    }

    /// The element that a selector finds first; it must be there.
    async fn element(&self, selector: &str) -> String {
        let found = self.command("element", &json!({"using": "css selector", "value": selector})).await;
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Types into a field, over what it has.
    pub async fn fill(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.command(&format!("element/{element}/clear"), &json!({})).await;
        self.command(&format!("element/{element}/value"), &json!({"text": text})).await;
    }

    /// Clicks on what leads to another page, and waits until that one is there.
    pub async fn click(&self, selector: &str) {
        let element = self.element(selector).await;
        self.evaluate("window.isLeft = true").await;
        self.command(&format!("element/{element}/click"), &json!({})).await;
        self.arrive().await;
    }

    /// Waits until a page is there that was not left, whole, its styles included.
    async fn arrive(&self) {
        let script = "return !window.isLeft && document.readyState === 'complete'";
        let asked = json!({"script": script, "args": []});
        let arrived = async {
            loop {
                let answer = self.client.post(format!("{}/execute/sync", self.session)).json(&asked).send().await;
                // A page that goes away while it is asked does not answer.
                let answer: Value = answer.unwrap().json().await.unwrap();
                if answer["value"] == true {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), arrived).await.unwrap();
    }

    /// The zone that the browser says it is in.
    pub async fn set_time_zone(&self, name: &str) {
        self.devtools("Emulation.setTimezoneOverride", json!({"timezoneId": name})).await;
    }

    /// The path of the page, with its query.
    pub async fn path(&self) -> String {
        let path = self.evaluate("return location.pathname + location.search").await;
        path.as_str().unwrap().to_owned()
    }

    /// What is to be read on the page.
    pub async fn text(&self) -> String {
        self.evaluate("return document.body.innerText").await.as_str().unwrap().to_owned()
    }

    /// The size of the screen in CSS pixels; small ones are telephones and watches.
    pub async fn set_screen(&self, width: u32, height: u32) {
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
        // As wide as it is on a picture of the whole page, where no bar has a place.
        self.devtools("Emulation.setScrollbarsHidden", json!({"hidden": true})).await;
    }

    pub async fn set_dark(&self, dark: bool) {
        let scheme = json!({"name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" }});
        self.devtools("Emulation.setEmulatedMedia", json!({"features": [scheme]})).await;
    }

    /// How many bytes the pages of an address may keep in the browser.
    pub async fn set_quota(&self, url: &str, bytes: u64) {
        self.devtools("Storage.overrideQuotaForOrigin", json!({"origin": url, "quotaSize": bytes})).await;
    }

    /// What a script of the page's own returns.
    pub async fn evaluate(&self, script: &str) -> Value {
        self.evaluate_with(script, &json!([])).await
    }

    /// The same, of a script that takes arguments.
    pub async fn evaluate_with(&self, script: &str, arguments: &Value) -> Value {
        self.command("execute/sync", &json!({"script": script, "args": arguments})).await
    }

    /// Runs the script in every page from now on, before anything of the page's.
    pub async fn run_first(&self, script: &str) {
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": script})).await;
    }

    /// Whether pages are held to their content security policy.
    pub async fn obey_policies(&self, obey: bool) {
        self.devtools("Page.setBypassCSP", json!({"enabled": !obey})).await;
    }

    /// Sends a form from the page that is shown, whatever forms it has, and waits for the page that answers.
    pub async fn send_form(&self, path: &str, fields: &[(&str, &str)]) {
        let script = "const form = document.createElement('form'); \
                      [form.method, form.action, form.hidden] = ['post', arguments[0], true]; \
                      for (const [name, value] of arguments[1]) { \
                          const field = document.createElement('textarea'); \
                          [field.name, field.value] = [name, value]; \
                          form.append(field); \
                      } \
                      document.body.append(form); window.isLeft = true; form.submit()";
        self.evaluate_with(script, &json!([path, fields])).await;
        self.arrive().await;
    }

    /// What the console said since it was last asked.
    pub async fn console(&self) -> Vec<String> {
        let entries = self.command("se/log", &json!({"type": "browser"})).await;
        // Of its own pages, such as that of a new window, nothing is ours.
        let is_ours = |entry: &&Value| !entry["message"].as_str().is_some_and(|said| said.starts_with("chrome://"));
        entries.as_array().unwrap().iter().filter(is_ours).map(Value::to_string).collect()
    }

    /// The whole page as a picture, kept in `target/screenshots`, where somebody wants to look at it:
    /// `CODEXMIROIR_PICTURES=1`. To draw it takes longer than all that is measured on the page.
    pub async fn photograph(&self, name: &str) {
        if !is_set("CODEXMIROIR_PICTURES") {
            return;
        }
        // What is longer than a picture can be ends there.
        let size =
            self.evaluate("const root = document.documentElement; return [root.scrollWidth, root.scrollHeight];").await;
        let height = size[1].as_f64().unwrap().min(PICTURE_HEIGHT_MAX);
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": height, "scale": 1});
        let taken = self.devtools("Page.captureScreenshot", json!({"captureBeyondViewport": true, "clip": clip})).await;
        let png = base64::prelude::BASE64_STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
    }

    /// What is to be seen of the page, as a picture, made where somebody wants pictures.
    pub async fn photograph_window(&self, file: &Path) {
        if !is_set("CODEXMIROIR_PICTURES") {
            return;
        }
        let taken = self.devtools("Page.captureScreenshot", json!({})).await;
        let png = base64::prelude::BASE64_STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, png).unwrap();
    }
}

/// Has a driver open a browser; the URL of the session.
async fn opened(client: &reqwest::Client, base: &str, program: &Path, profile: &Path) -> Result<String, String> {
    let data = format!("--user-data-dir={}", profile.join("profile").display());
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        &data,
    ];
    let wanted = json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": {"binary": program, "args": arguments},
        "goog:loggingPrefs": {"browser": "ALL"},
        "timeouts": {"script": WAIT_MS, "pageLoad": WAIT_MS},
    }}});
    let answer =
        client.post(format!("{base}/session")).json(&wanted).send().await.map_err(|error| error.to_string())?;
    let opened = answered(answer).await?;
    Ok(format!("{base}/session/{}", opened["sessionId"].as_str().unwrap()))
}

/// The port that the driver took: it prints it once it accepts.
fn port_said(output: &mut BufReader<ChildStdout>) -> Result<u16, String> {
    let mut said = String::new();
    loop {
        let begun = said.len();
        if output.read_line(&mut said).unwrap() == 0 {
            return Err(format!("chromedriver ended: {said}"));
        }
        let line = said[begun..].trim_end();
        if let Some((_, port)) = line.rsplit_once("started successfully on port ") {
            return Ok(port.trim_end_matches('.').parse().unwrap());
        }
    }
}

async fn value_of(answer: reqwest::Response) -> Value {
    answered(answer).await.unwrap()
}

async fn answered(answer: reqwest::Response) -> Result<Value, String> {
    let status = answer.status();
    let mut json: Value = answer.json().await.map_err(|error| error.to_string())?;
    let value = json["value"].take();
    if status.is_success() { Ok(value) } else { Err(format!("the browser refused: {value}")) }
}
