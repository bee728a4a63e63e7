//! From a first start to a program with a key, as a user does it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a suite fails by panicking and says why"
)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use black_box::{client, mapacha, told};
use reqwest::blocking::Response;
use serde_json::{Value, json};

/// Of a type that is classified: editors may keep it.
const ROAD: &str = "{\"id\":\"urn:ngsi-ld:RoadSegment:2\",\"type\":\"RoadSegment\",\"name\":{\"type\":\"Property\",\"value\":\"Moi Avenue\"}}\n";

const PASSWORD: &str = "kikuyu matatu jua wimbo";

/// A server that asks who one is, and what it says on stderr.
struct Guarded {
    child: Child,
    url: String,
    said: Receiver<String>,
}

impl Guarded {
    fn over(folder: &Path) -> Self {
        let mut child = mapacha(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder)
            .env("MAPACHA__ACCESS__MODE", "required")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut first = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut first).unwrap();
        let url = first
            .trim()
            .strip_prefix("listening ")
            .expect("where it listens")
            .to_owned();
        let (tell, said) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        Self { child, url, said }
    }

    /// The code that was printed, if one was.
    fn code(&self) -> Option<String> {
        let line = self.said.recv_timeout(Duration::from_secs(2)).ok()?;
        assert!(line.contains("/setup"), "{line}");
        line.rsplit(' ').next().map(str::to_owned)
    }

    fn stop(mut self) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let status = self.child.wait().expect("it stops");
        assert_eq!(status.code(), Some(0));
    }

    fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = no_redirects().get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().expect("an answer")
    }

    /// A form, as a browser sends it.
    fn form(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Response {
        let body: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", value.replace('+', "%2B").replace(' ', "+")))
            .collect();
        no_redirects()
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "text/html")
            .header("origin", &self.url)
            .header("cookie", cookie)
            .body(body.join("&"))
            .send()
            .expect("an answer")
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn no_redirects() -> reqwest::blocking::Client {
    reqwest::blocking::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

/// The cookies that an answer sets, as a browser sends them back.
fn cookies(answer: &Response) -> String {
    let set = answer.headers().get_all("set-cookie").iter();
    let pairs = set.filter_map(|value| value.to_str().ok()?.split(';').next().map(str::to_owned));
    pairs
        .filter(|pair| !pair.ends_with('='))
        .collect::<Vec<_>>()
        .join("; ")
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text
        .split(start)
        .nth(1)
        .unwrap_or_else(|| panic!("no `{start}` in {text}"));
    rest.split(end).next().unwrap()
}

#[test]
fn from_the_first_start_to_a_program_with_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Guarded::over(&data);
    let code = server.code().expect("a setup code");
    assert_eq!(server.get("/healthz", &[]).status(), 200);
    assert_eq!(server.get("/ngsi-ld/v1/types", &[]).status(), 401);
    let setup = [("code", code.as_str()), ("name", "ada"), ("password", PASSWORD)];
    let made = server.form("/setup", "", &setup);
    assert_eq!(made.status(), 303);
    let cookie = cookies(&made);
    assert!(cookie.contains("__Host-mapacha="), "{cookie}");
    let again = server.form(
        "/setup",
        "",
        &[("code", &code), ("name", "eve"), ("password", PASSWORD)],
    );
    assert_eq!(again.status(), 422, "a second use");

    // A restart keeps the session, and prints no code.
    server.stop();
    let server = Guarded::over(&data);
    assert_eq!(server.code(), None);
    let account = server.get("/account", &[("cookie", &cookie), ("accept", "text/html")]);
    assert_eq!(account.status(), 200);
    let page = account.text().unwrap();
    let token = between(&page, "name=\"form_token\" value=\"", "\"").to_owned();
    let make = [
        ("form_token", token.as_str()),
        ("then", "make"),
        ("key-name", "sensors"),
        ("role", "administrator"),
    ];
    let made = server.form("/account/keys", &cookie, &make).text().unwrap();
    let key = between(&made, "<code>mapacha_", "<").to_owned();
    let key = format!("mapacha_{key}");

    let entity = json!({"id": "urn:ngsi-ld:A:1", "type": "A", "n": {"type": "Property", "value": 1}});
    let post = |bearer: &str| {
        client()
            .post(format!("{}/ngsi-ld/v1/entities", server.url))
            .header("authorization", format!("Bearer {bearer}"))
            .header("content-type", "application/json")
            .body(entity.to_string())
            .send()
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(post("mapacha_00_00"), 401);
    assert_eq!(post(&key), 201);

    // The commands, by the running server.
    let run = |words: &[&str]| {
        let mut command = mapacha(words);
        command.env("MAPACHA_KEY", &key);
        told(&command.output().unwrap())
    };
    let url = server.url.as_str();
    let (exit, _, stderr) = run(&["user", "list", "--data-dir", data.to_str().unwrap()]);
    assert!(exit == 1 && stderr.contains("--url"), "{stderr}");
    let (exit, added, stderr) = run(&["user", "add", "ben", "--role", "viewer", "--url", url, "--json"]);
    assert_eq!(exit, 0, "{stderr}");
    let added: Value = serde_json::from_str(&added).unwrap();
    assert!(
        added["invitation"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{url}/invitation?code="))
    );
    let (exit, made, _) = run(&["key", "create", "feed", "--role", "editor", "--url", url]);
    assert_eq!(exit, 0);
    let (exit, _, stderr) = run(&[
        "key",
        "create",
        "x",
        "--role",
        "editor",
        "--purpose",
        "marketing",
        "--url",
        url,
    ]);
    assert!(
        exit == 1 && stderr.contains("there is no purpose `marketing`"),
        "{stderr}"
    );
    // Who sees what, and what a policy would change.
    let feed = made.trim().split('_').nth(1).unwrap().to_owned();
    let policy = folder.path().join("a.cedar");
    let text = "@id(\"a\") permit (principal in Role::\"editor\", action in Action::\"See\", resource) when { resource.types.contains(\"A\") };\n";
    std::fs::write(&policy, text).unwrap();
    let policy = policy.to_str().unwrap();
    let (exit, yes, stderr) = run(&["policy", "why", "ada", "urn:ngsi-ld:A:1", "--url", url]);
    assert!(exit == 0 && yes.contains("role.administrator"), "{yes}{stderr}");
    let (exit, no, stderr) = run(&[
        "policy",
        "why",
        &feed,
        "urn:ngsi-ld:A:1",
        "--attribute",
        "n",
        "--url",
        url,
    ]);
    assert!(exit == 3 && no.contains("no policy permits it"), "{no}{stderr}");
    let (exit, compared, stderr) = run(&["policy", "compare", policy, "--url", url]);
    assert!(
        exit == 0 && compared.contains("feed of 1 gain Read: n (special) of 1 A; because of a"),
        "{compared}{stderr}"
    );
    let lines = folder.path().join("roads.jsonl");
    std::fs::write(&lines, ROAD).unwrap();
    let import = ["import", "entities", lines.to_str().unwrap(), "--url", url];
    let (exit, _, stderr) = told(&mapacha(import).env_remove("MAPACHA_KEY").output().unwrap());
    assert!(exit == 1 && stderr.contains("MAPACHA_KEY"), "{stderr}");
    let (exit, _, stderr) = told(
        &mapacha(import)
            .env_remove("MAPACHA_KEY")
            .args(["--key", made.trim()])
            .output()
            .unwrap(),
    );
    assert_eq!(exit, 0, "{stderr}");
    let (exit, _, _) = run(&["user", "setup-code", "--url", url]);
    assert_eq!(exit, 2, "a server tells it to nobody who asks");
    server.stop();

    // And in the folder, where no server runs.
    let here = |words: &[&str]| {
        let mut all = words.to_vec();
        all.extend(["--data-dir", data.to_str().unwrap()]);
        told(&mapacha(all).output().unwrap())
    };
    let (exit, users, _) = here(&["user", "list"]);
    assert!(
        exit == 0 && users.contains("ada") && users.contains("ben"),
        "{users}"
    );
    let (exit, here_too, stderr) = here(&["policy", "why", &feed, "urn:ngsi-ld:A:1", "--attribute", "n"]);
    assert_eq!((exit, &here_too), (3, &no), "{stderr}");
    let (exit, compared, stderr) = here(&["policy", "compare", "--without", "roles"]);
    assert!(
        exit == 0 && compared.contains("nobody gains or loses anything"),
        "{compared}{stderr}"
    );
    let (exit, reaching, stderr) = here(&[
        "user",
        "reach",
        "ben",
        "--tenant",
        "north",
        "--scope",
        "/city/east",
    ]);
    assert!(
        exit == 0 && reaching.contains("of north only"),
        "{reaching}{stderr}"
    );
    let (exit, _, stderr) = here(&["user", "disable", "ada"]);
    assert!(exit == 1 && stderr.contains("last administrator"), "{stderr}");
    let (exit, _, stderr) = here(&["user", "setup-code"]);
    assert!(exit == 1 && stderr.contains("reset-password"), "{stderr}");
    let (exit, none, stderr) = here(&["user", "passkey", "list", "ada"]);
    assert!(
        exit == 0 && none.contains("there is no passkey"),
        "{none}{stderr}"
    );
    let (exit, _, stderr) = here(&["user", "passkey", "remove", "ada", "5f0c1a9be2d34476"]);
    assert!(
        exit == 1 && stderr.contains("there is no passkey `5f0c"),
        "{stderr}"
    );
    let (exit, keys, _) = here(&["key", "list", "--json"]);
    assert_eq!(exit, 0);
    let keys: Value = serde_json::from_str(&keys).unwrap();
    assert_eq!(keys.as_array().unwrap().len(), 2);
    assert!(keys[0]["used_at"].is_string(), "{keys}");
    let (exit, link, _) = here(&["user", "reset-password", "ada"]);
    assert!(exit == 0 && link.contains("/invitation?code="), "{link}");
    let server = Guarded::over(&data);
    let out = server.get("/account", &[("cookie", &cookie), ("accept", "text/html")]);
    assert_eq!(out.status(), 303, "the session is over");
    // Nothing secret is on the disk as it is.
    server.stop();
    for entry in std::fs::read_dir(&data).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        for secret in [
            PASSWORD,
            &key[25..],
            between(&cookie, "__Host-mapacha=", ";"),
            &code,
        ] {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds `{secret}`", entry.path().display());
        }
    }
}
