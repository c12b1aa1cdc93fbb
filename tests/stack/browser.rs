//! The page in a browser: headless Chromium, driven by chromedriver (the W3C's WebDriver protocol).

use crate::demo::{Demo, LIMIT, proxies};
use base64::Engine as _;
use lb_harness::{Launch, Proxy, ask, debian, eventually};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;
use tempfile::TempDir;

/// The key of an element's reference, as the protocol fixes it.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

struct Browser {
    driver: SocketAddr,
    session: String,
    _program: Proxy,
    _profile: TempDir,
}

impl Browser {
    /// Nothing when it is not installed.
    fn start() -> Option<Self> {
        let [chromium, chromedriver] = debian::find_all([debian::CHROMIUM, debian::CHROMEDRIVER])
            .inspect_err(|missing| {
                assert!(!debian::demanded(), "{missing}");
                eprintln!("skipped: {missing}");
            })
            .ok()?;
        let driver = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let profile = tempfile::tempdir().unwrap();
        let program =
            Launch::server(chromedriver).arg(format!("--port={}", driver.port())).listening_on(driver);
        let program = program.env("HOME", profile.path()).start().unwrap();
        let ready = || ask(driver, "GET /status", &[], "").is_ok_and(|answer| answer.status == 200);
        assert!(eventually(Duration::from_secs(20), ready), "chromedriver does not answer");
        let mut browser = Self { driver, session: String::new(), _program: program, _profile: profile };
        let folder = browser._profile.path().join("profile");
        let flags = json!([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--window-size=900,720",
            format!("--user-data-dir={}", folder.display()),
        ]);
        let options = json!({"binary": chromium, "args": flags});
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        browser.session = browser.tell("POST /session", &wanted)["sessionId"].as_str().unwrap().to_owned();
        Some(browser)
    }

    fn tell(&self, request: &str, body: &Value) -> Value {
        let body = if request.starts_with("POST") { body.to_string() } else { String::new() };
        let answer = ask(self.driver, request, &["Content-Type: application/json"], &body).unwrap();
        assert_eq!(answer.status, 200, "{request} {body}: {}", answer.text());
        let mut answer: Value = serde_json::from_slice(&answer.body).unwrap();
        answer["value"].take()
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Value {
        self.tell(&format!("{method} /session/{}{path}", self.session), body)
    }

    fn find(&self, selector: &str) -> Vec<String> {
        let found = self.command("POST", "/elements", &json!({"using": "css selector", "value": selector}));
        let reference = |element: &Value| element[ELEMENT].as_str().unwrap().to_owned();
        found.as_array().unwrap().iter().map(reference).collect()
    }

    fn click(&self, selector: &str) {
        self.command("POST", &format!("/element/{}/click", self.find(selector)[0]), &json!({}));
    }

    fn type_into(&self, selector: &str, text: &str) {
        self.command("POST", &format!("/element/{}/value", self.find(selector)[0]), &json!({"text": text}));
    }

    /// The texts of all elements there, by one script: none can vanish in between.
    fn texts(&self, selector: &str) -> Vec<String> {
        let script =
            "return [...document.querySelectorAll(arguments[0])].map((element) => element.textContent)";
        let texts = self.command("POST", "/execute/sync", &json!({"script": script, "args": [selector]}));
        texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Browser {
    /// Ends Chromium; the driver ends with its process.
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = ask(self.driver, &format!("DELETE /session/{}", self.session), &[], "");
        }
    }
}

/// `LB_SCREENSHOT=docs/notebook.png` keeps a picture of the page.
#[test]
fn notes_are_made_listed_and_deleted_by_clicks() {
    let Some(browser) = Browser::start() else { return };
    let Some(demo) = Demo::start(&proxies()[0]) else { return };
    let site = demo.address("SITE");
    browser.command("POST", "/url", &json!({"url": format!("http://{site}/")}));
    let titles = || browser.texts("#notes h2");
    let notes = [
        ("Shopping", "bread, cheese, two lemons"),
        ("<b>Not markup</b>", "what a visitor types is text"),
        ("Release day", "1. tag\n2. changelog\n3. cake"),
    ];
    for (title, body) in notes {
        let before = titles().len();
        browser.type_into("#draft [name=title]", title);
        browser.type_into("#draft [name=body]", body);
        browser.click("#draft button");
        assert!(eventually(LIMIT, || titles().len() > before), "{:?}", browser.texts("#status"));
    }
    assert_eq!(titles(), ["Release day", "<b>Not markup</b>", "Shopping"]);
    let path = browser.texts("#path li");
    assert!(
        path[1].starts_with("lb") && path[2].starts_with("web") && path[3].starts_with("app"),
        "{path:?}"
    );
    if let Some(file) = std::env::var_os("LB_SCREENSHOT") {
        let picture = browser.command("GET", "/screenshot", &Value::Null);
        let picture = base64::engine::general_purpose::STANDARD.decode(picture.as_str().unwrap()).unwrap();
        std::fs::write(file, picture).unwrap();
    }

    // What others write appears by itself.
    let body = json!({"title": "From elsewhere"}).to_string();
    assert_eq!(ask(site, "POST /api/notes", &["Content-Type: application/json"], &body).unwrap().status, 201);
    assert!(eventually(LIMIT, || titles().first().is_some_and(|title| title == "From elsewhere")));

    browser.type_into("#search", "cheese");
    assert!(eventually(LIMIT, || titles() == ["Shopping"]));
    browser.click("#notes .delete");
    assert!(eventually(LIMIT, || titles().is_empty()));
    assert!(!ask(site, "GET /api/notes", &[], "").unwrap().text().contains("Shopping"));
    assert_eq!(browser.texts("#status"), [""]);
}
